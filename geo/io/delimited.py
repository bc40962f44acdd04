"""CSV as a stream of records: delimiter guessed, quotes and embedded newlines honoured, damage located.

Cells that a spreadsheet would take for a formula carry an apostrophe in the files that ``write_rows`` makes,
and lose it here; so does the ``="0971…"`` with which exports protect leading zeros.
"""

from __future__ import annotations

import csv
import io
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from geo.errors import TableError
from geo.io.encodings import text_encoding
from geo.io.grids import MOST_COLUMNS, Merge, Record
from geo.io.rows import clean

__all__ = ["Delimited", "unguarded", "write_rows"]

_DELIMITERS: Final = (",", ";", "\t")
_SAMPLE: Final = 64 << 10
_LONGEST_LINE: Final = 1 << 20
_DECLARATION: Final = re.compile(r"sep=(.)\r?\n?")
_PROTECTED: Final = re.compile(r'="([^"]*)"')
_GUARDED: Final = re.compile(r"'+[=+\-@0-9]")
_FORMULA: Final = re.compile(r"'*[=+\-@]")
# A spreadsheet drops leading zeros, and every digit after the fifteenth; it shows long numbers as 1.39E+11.
_FRAGILE: Final = re.compile(r"'*(0\d+|\d{12,})[\d\-]*")
_PLAIN_NEGATIVE: Final = re.compile(r"-\d{1,9}(\.\d+)?")


class Delimited:
    """A CSV file: its encoding and delimiter once opened, its records as often as wanted."""

    def __init__(self, path: Path, *, encoding: str | None = None) -> None:
        """Decode the whole file once, strictly; raises TableError where it is no text."""
        self.path = path
        self.size = path.stat().st_size
        if self.size == 0:
            raise TableError(f"{path.name} is empty: it has no bytes")
        self.encoding = text_encoding(path, encoding)
        with path.open(encoding=self.encoding, newline="") as text:
            sample = text.read(_SAMPLE)
        declared = _DECLARATION.match(sample)
        self._declared = declared is not None
        self.delimiter = declared[1] if declared else _guess(sample, whole=len(sample) < _SAMPLE)
        self._consumed = 0

    #: Blank lines pass as such: between two records there may be the lines of one cell.
    gaps_are_blank = False

    def merges(self) -> Sequence[Merge]:
        """Return nothing: text has no merged cells."""
        return ()

    def progress(self) -> float:
        """Return the fraction of bytes that the present pass has read."""
        return min(1.0, self._consumed / self.size)

    def records(self) -> Iterator[Record]:
        """Yield every record with the number of its first line.

        Raises TableError where a quote never closes, and where the file is no longer the one that was opened: a list
        that is still being written would otherwise be taken in part, or never end.
        """
        self._consumed = 0
        with self.path.open("rb") as file, io.TextIOWrapper(file, self.encoding, newline="") as text:
            lines = _Lines(text, self.path.name)
            rows = csv.reader(lines, delimiter=self.delimiter, strict=True)
            while True:
                number = rows.line_num + 1
                problem = None
                try:
                    cells = next(rows)
                except StopIteration:
                    break
                except csv.Error as error:
                    if rows.line_num > number or lines.ended:
                        raise TableError(
                            f"{self.path.name}: a quote opens on line {number} and is not closed as it should be "
                            f"by line {rows.line_num}; correct the quotes there"
                        ) from error
                    cells = next(csv.reader([lines.last], delimiter=self.delimiter), [])
                    problem = f"the quotes of the line are wrong ({error})"
                except UnicodeDecodeError as error:
                    raise TableError(f"{self.path.name} changed while it was read: {error}") from error
                if number == 1 and self._declared:
                    continue
                self._consumed = file.tell()
                if self._consumed > self.size:
                    break
                if len(cells) > MOST_COLUMNS:
                    raise TableError(
                        f"{self.path.name}, line {number} has {len(cells):,} cells; a table has {MOST_COLUMNS:,} at most"
                    )
                yield Record(number, [_cell(cell) for cell in cells], problem)
            if file.tell() != self.size:
                raise TableError(
                    f"{self.path.name} changed while it was read; wait until it is whole and try again"
                )
        self._consumed = self.size


class _Lines:
    """The lines of a file, each bounded, so that a file without line ends cannot fill the memory."""

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self._text = text
        self._name = name
        self._number = 0
        self.last = ""
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LONGEST_LINE)
        if not line:
            self.ended = True
            raise StopIteration
        self._number += 1
        if len(line) == _LONGEST_LINE and line[-1] not in "\r\n":
            raise TableError(
                f"{self._name}: line {self._number} is longer than {_LONGEST_LINE} characters: no table"
            )
        self.last = line
        return line


def _guess(sample: str, *, whole: bool) -> str:
    """Choose the delimiter that splits most records alike; of equals, the one with more columns."""
    # Not splitlines, which also breaks at separators that a cell may hold and the csv module does not break at.
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", sample)
    if not whole and len(lines) > 1:
        lines.pop()
    return max(_DELIMITERS, key=lambda delimiter: _fitness(lines, delimiter))


def _fitness(lines: Sequence[str], delimiter: str) -> tuple[float, float]:
    try:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if any(cells)]
    except csv.Error:
        return 0.0, 0.0
    split = [width for width in widths if width > 1]
    if not split:
        return 0.0, 0.0
    alike = Counter(split).most_common(1)[0][1]
    return round(alike / len(widths), 1), statistics.median(split)


def _cell(text: str) -> str:
    cell = clean(text)
    if cell and cell[0] in "'=":
        protected = _PROTECTED.fullmatch(cell)
        return clean(protected[1]) if protected else unguarded(cell)
    return cell.replace("\r\n", "\n") if "\r" in cell else cell


def unguarded(cell: str) -> str:
    """Take one apostrophe from the front of a cell that ``write_rows`` guarded."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _guard(cell: str) -> str:
    if _PLAIN_NEGATIVE.fullmatch(cell):
        return cell
    hurt = _FORMULA.match(cell) or _FRAGILE.fullmatch(cell) or _GUARDED.match(cell)
    return f"'{cell}" if hurt else cell


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write a CSV file that Excel opens and ``open_table`` reads back cell for cell; return the rows written.

    UTF-8 with a byte-order mark, comma, CRLF. A cell that a spreadsheet would run as a formula (=, +, -, @) or
    shorten as a number (0971…, an identity number) is written with an apostrophe in front; readers of this
    package take it off again, so that a hostile name does no harm in Excel and a phone keeps its zeros.
    A plain negative number stays as it is. Not kept, since no reader here keeps
    them: spaces at the ends of a cell, and the CR of a CRLF within it.
    Raises TableError for a row of another length than ``columns``, or a NUL character.
    """
    written = 0
    with path.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([_guard(clean(name)) for name in columns])
        for row in rows:
            if len(row) != len(columns):
                raise TableError(
                    f"Row {written + 1} has {len(row)} cells for {len(columns)} columns: {list(row)!r}"
                )
            if any("\0" in cell for cell in row):
                raise TableError(
                    f"Row {written + 1} has a NUL character, which no table can hold: {list(row)!r}"
                )
            writer.writerow([_guard(clean(cell)) for cell in row])
            written += 1
    return written
