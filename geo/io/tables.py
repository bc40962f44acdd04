"""County ledgers as they come: CSV and XLSX, told apart by content, read as a stream of rows of text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from geo.errors import TableError
from geo.io.delimited import Delimited, write_rows
from geo.io.headers import Record, find_layout
from geo.io.rows import CHUNK, Row, Skipped
from geo.io.workbooks import Workbook

__all__ = ["Table", "open_table", "write_rows"]

_SAMPLE: Final = 200
_MOST_SKIPPED: Final = 1_000
_NO_TABLE: Final = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old .xls workbook or one with a password; save it as .xlsx without one",
    ),
    (b"%PDF", "a PDF; ask for the table itself"),
    (b"{\\rtf", "a text document (RTF); save its table as CSV"),
    (b"SQLite format 3\0", "a database (GeoPackage?), not a table file"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"\x1f\x8b", "a gzip archive; unpack it"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


class _Reader(Protocol):
    path: Path

    @property
    def encoding(self) -> str | None: ...

    @property
    def delimiter(self) -> str | None: ...

    def records(self) -> Iterator[Record]: ...

    def progress(self) -> float: ...


class Table:
    """A ledger with its header found: see ``geo.io.rows.Source`` for what it gives.

    No file stays open between calls, and ``chunks`` may be called again.
    """

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        sample = list(islice(reader.records(), _SAMPLE))
        self._layout = find_layout(sample, reader.path.name)
        self._blank: list[Skipped] = []

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
        """Titles above the header, then the blank lines passed so far, the first thousand of them."""
        return [*self._layout.titles, *self._blank]

    def chunks(self, size: int = CHUNK) -> Iterator[list[Row]]:
        """Yield the rows below the header in order, at most ``size`` at a time."""
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        rows = self._rows()
        while chunk := list(islice(rows, size)):
            yield chunk

    def progress(self) -> float:
        """Return how much of the file the present pass has consumed, from 0 to 1."""
        return self._reader.progress()

    def _rows(self) -> Iterator[Row]:
        self._blank = []
        # Blank lines count once data follows them: what trails the data is formatting, often to row 1,048,576.
        pending: list[Skipped] = []
        last = self._layout.last
        for record in self._reader.records():
            if record.number <= last:
                continue
            if any(record.cells) or record.problem:
                if pending:
                    self._blank += pending[: _MOST_SKIPPED - len(self._blank)]
                    pending.clear()
                yield self._layout.row(record)
            elif len(pending) < _MOST_SKIPPED:
                pending.append(Skipped(record.number, ""))


def open_table(path: Path | str, *, encoding: str | None = None, sheet: str | None = None) -> Table:
    """Open a CSV or XLSX file, whatever its name says, and find its header.

    encoding: of a CSV file where the operator knows it; it is checked. Left out, UTF-8, UTF-16 with a mark, GBK and
    GB18030 are told apart by decoding the whole file.
    sheet: of a workbook; left out, the first visible one with text.
    Every cell is text as a person sees it: phones keep their zeros, 12.0 is ``12``, a date is ``2024-05-01``, a time
    ``08:30``; spaces of every width are stripped. A row that does not fit its header carries a ``problem``.
    Raises TableError, in words, for a file that is missing, empty, damaged, wrongly declared, or no table.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise TableError(f"{path.name} cannot be read: {error.strerror}") from error
    if head.startswith(b"PK\x03\x04"):
        if encoding is not None:
            raise TableError(
                f"{path.name} is a workbook, which has no encoding to declare (got {encoding!r})"
            )
        return Table(Workbook(path, sheet=sheet))
    for magic, kind in _NO_TABLE:
        if head.startswith(magic):
            raise TableError(f"{path.name} is {kind}")
    if _is_markup(head):
        raise TableError(
            f"{path.name} is a web page or XML under another name; open it in Excel and save it as .xlsx"
        )
    if sheet is not None:
        raise TableError(f"{path.name} is text, which has no sheet {sheet!r}")
    return Table(Delimited(path, encoding=encoding))


def _is_markup(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n").lower()
    return start.startswith(
        (b"<html", b"<!doctype", b"<?xml", b"<table", b"<meta", b"<head", b"<style", b"<!--")
    )
