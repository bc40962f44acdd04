"""County ledgers as they come: CSV and workbooks, told apart by content, read as a stream of rows of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from geo.errors import TableError
from geo.io.delimited import Delimited, write_rows
from geo.io.footers import Footers
from geo.io.grids import Merge, Record
from geo.io.headers import find_layout
from geo.io.merges import FillDown
from geo.io.rows import CHUNK, MOST_ROWS, Row, Skipped, Source
from geo.io.workbooks import is_workbook, open_book

__all__ = ["Table", "TableReader", "open_table", "write_rows"]

_SAMPLE: Final = 200
_MOST_SKIPPED: Final = 1_000
_LONGEST_SKIPPED: Final = 200
_HEAD: Final = 4096
_NO_TABLE: Final = (
    (b"%PDF", "a PDF; ask for the table itself"),
    (b"{\\rtf", "a text document (RTF); save its table as CSV"),
    (b"SQLite format 3\0", "a database (GeoPackage?), not a table file"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"\x1f\x8b", "a gzip archive; unpack it"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    *((bytes([0x09, version]), "a workbook of before 1997; save it as .xlsx") for version in (0, 2, 4)),
)


class TableReader(Protocol):
    """What a table is made from."""

    path: Path

    @property
    def encoding(self) -> str | None:
        """As in ``Source``."""

    @property
    def delimiter(self) -> str | None:
        """As in ``Source``."""

    @property
    def gaps_are_blank(self) -> bool:
        """Whether blank lines are only gaps in the numbers of the records."""

    def records(self) -> Iterator[Record]:
        """Yield the lines of cells in order."""

    def merges(self) -> Sequence[Merge]:
        """Return the merged cells."""

    def progress(self) -> float:
        """As in ``Source``."""


class Table:
    """A ledger with its header found: see ``geo.io.rows.Source`` for what it gives.

    Cells merged over several rows say the same of each. Totals, signatures, notes and repeated headers are left out
    and told in ``skipped``. No file stays open between calls, and ``chunks`` may be called again.
    """

    def __init__(self, reader: TableReader) -> None:
        self._reader = reader
        #: What the rows' numbers begin after, where sheets are read one after another.
        self.first = 0
        #: Sheets of the same file that are no part of this table.
        self.beside: Sequence[Skipped] = ()
        sample = list(islice(reader.records(), _SAMPLE))
        self._layout = find_layout(sample, reader.path.name)
        self._merges: Sequence[Merge] | None = None
        self._passed: list[Skipped] = []

    @property
    def columns(self) -> tuple[str, ...]:
        """The distinct names of the columns, in the file's order."""
        return self._layout.columns

    @property
    def encoding(self) -> str | None:
        """The encoding of a CSV file; None for a workbook."""
        return self._reader.encoding

    @property
    def delimiter(self) -> str | None:
        """The delimiter of a CSV file; None for a workbook."""
        return self._reader.delimiter

    @property
    def skipped(self) -> list[Skipped]:
        """Other sheets, titles above the header, then what else was left out so far, its first thousand lines."""
        titles = (line._replace(line=self.first + line.line) for line in self._layout.titles)
        return [*self.beside, *titles, *self._passed]

    @property
    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def chunks(self, size: int = CHUNK) -> Iterator[list[Row]]:
        """Yield the rows below the header in order, at most ``size`` at a time."""
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        rows = self.rows()
        while chunk := list(islice(rows, size)):
            yield chunk

    def progress(self) -> float:
        """Return how much of the file the present pass has consumed, from 0 to 1."""
        return self._reader.progress()

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header in order."""
        self._passed = []
        layout, name = self._layout, self._reader.path.name
        if self._merges is None:
            self._merges = self._reader.merges()
        merged = FillDown(self._merges, below=layout.last)
        footers = Footers(layout.header)
        # Blank lines count once data follows them: what trails the data is formatting, often to row 1,048,576.
        blank: list[int] = []
        last = layout.last
        empty = True
        for record in self._reader.records():
            number = record.number
            if number <= layout.last:
                continue
            if not (any(record.cells) or record.problem or record.spoilt):
                if len(blank) < _MOST_SKIPPED:
                    blank.append(number)
                continue
            if number >= MOST_ROWS:
                raise TableError(f"{name} has {MOST_ROWS:,} lines and more: split the list")
            self._blank(range(last + 1, number) if self._reader.gaps_are_blank else blank)
            blank, last = [], number
            filled = merged.filled(record)
            why = None if record.problem else footers.why(record.cells, merged.width(number))
            if why is None:
                empty = False
                yield layout.row(filled, self.first)
            elif len(self._passed) < _MOST_SKIPPED:
                text = " ".join(filter(None, record.cells))[:_LONGEST_SKIPPED]
                self._passed.append(Skipped(self.first + number, text, why))
        # Of several sheets one may hold a total alone; a file that holds no more is no list.
        if empty and self.first == 0 and not self.beside:
            raise TableError(f"{name} has a header and no rows below it: is it the right file?")

    def _blank(self, numbers: Sequence[int]) -> None:
        room = _MOST_SKIPPED - len(self._passed)
        self._passed += [Skipped(self.first + number, "") for number in numbers[: max(0, room)]]


def open_table(path: Path | str, *, encoding: str | None = None, sheet: str | None = None) -> Source:
    """Open a table, whatever its name says, and find its header.

    CSV, XLSX, XLS, ODS, XML Spreadsheet 2003, and the tables of a web page, which many systems call ``.xls``.
    encoding: of a CSV file where the operator knows it; it is checked. Left out, UTF-8, UTF-16 with a mark, GBK and
    GB18030 are told apart by decoding the whole file.
    sheet: of a workbook; left out, the visible sheets that have one header are read as one list
    (see ``geo.io.sheets``) and the others are told in ``skipped``.
    Every cell is text as a person sees it: phones keep their zeros, 12.0 is ``12``, a date is ``2024-05-01``, a time
    ``08:30``; a formula is its saved value; spaces of every width are stripped. A row that does not fit its header
    carries a ``problem``.
    Raises TableError, in words, for a file that is missing, empty, damaged, locked, wrongly declared, no table, or
    more than any ledger has.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise TableError(f"{path.name} cannot be read: {error.strerror}") from error
    if is_workbook(head):
        if encoding is not None:
            raise TableError(
                f"{path.name} is a workbook, which has no encoding to declare (got {encoding!r})"
            )
        from geo.io.sheets import open_sheets

        return open_sheets(open_book(path, head), sheet)
    for magic, kind in _NO_TABLE:
        if head.startswith(magic):
            raise TableError(f"{path.name} is {kind}")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<?xml", b"<!--")):
        raise TableError(
            f"{path.name} is a web page or XML under another name; open it in Excel and save it as .xlsx"
        )
    if sheet is not None:
        raise TableError(f"{path.name} is text, which has no sheet {sheet!r}")
    return Table(Delimited(path, encoding=encoding))
