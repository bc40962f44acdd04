"""Tables of a web page: what many Chinese systems export under the name ``.xls``, with cells merged by rowspan."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from geo.errors import TableError
from geo.io.encodings import text_encoding
from geo.io.grids import MOST_COLUMNS, MOST_HELD_CELLS, MOST_MERGES, Grid, Grids, Merge, Record
from geo.io.markup import MOST_LETTERS
from geo.io.values import text_cell

__all__ = ["is_web_page", "read_web_tables"]

_MOST_BYTES: Final = 64 << 20
_PIECE: Final = 64 << 10
_MOST_PENDING: Final = 256 << 10
_MOST_TABLES: Final = 200
#: What browsers allow.
_MOST_ACROSS: Final = 1_000
_MOST_DOWN: Final = 65_534
_STARTS: Final = (
    b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"<style", b"<body", b"<div", b"<tr", b"<title",
)  # fmt: skip


def is_web_page(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is HTML, with or without a declaration of XML before it."""
    start = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n").lower()
    while start.startswith((b"<?", b"<!--")):
        start = start.partition(b">")[2].lstrip(b" \t\r\n")
    return start.startswith(_STARTS)


def read_web_tables(path: Path) -> Grids:
    """Read the tables of a page, each as a sheet; a table within a cell is text of that cell.

    Raises TableError for a page without a table, damaged text, or more than bounds allow.
    """
    if (size := path.stat().st_size) > _MOST_BYTES:
        raise TableError(f"{path.name} is a web page of {size >> 20} MiB; save its table as .xlsx or CSV")
    page = _Page(path.name)
    with path.open(encoding=text_encoding(path), newline="") as file:
        while piece := file.read(_PIECE):
            page.feed(piece)
            if len(page.rawdata) > _MOST_PENDING:
                raise TableError(f"{path.name} is a web page with markup that does not end; save it as .xlsx")
    page.close()
    page.end_row()
    grids = [grid for grid in page.grids if grid.records]
    if not grids:
        raise TableError(
            f"{path.name} is a web page or XML under another name and has no table; open it in Excel and save it as .xlsx"
        )
    return Grids(path, grids)


class _Page(HTMLParser):
    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.grids: list[Grid] = []
        self._name = name
        self._depth = 0
        self._row = 0
        self._column = 0
        self._cells: list[str] = []
        self._open: list[str] | None = None
        self._span = (1, 1)
        self._letters = 0
        self._seen = 0
        self._silent = 0
        #: Columns that a cell of a row above reaches into, and the last row that it reaches.
        self._taken: dict[int, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        if tag in {"style", "script"}:
            self._silent += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                if len(self.grids) >= _MOST_TABLES:
                    raise TableError(
                        f"{self._name} has more than {_MOST_TABLES} tables; keep the one that is meant"
                    )
                self.grids.append(Grid(f"表 {len(self.grids) + 1}"))
                self._row, self._taken = 0, {}
        elif self._depth > 1:
            return
        elif tag == "tr":
            self.end_row()
            if not self.grids:
                self.grids.append(Grid("表 1"))
            self._row += 1
        elif tag in {"td", "th"}:
            self._end_cell()
            spans = dict(attrs)
            self._span = (
                _span(spans.get("rowspan"), _MOST_DOWN),
                _span(spans.get("colspan"), _MOST_ACROSS),
            )
            self._open, self._letters = [], 0
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if tag in {"style", "script"}:
            self._silent = max(0, self._silent - 1)
        elif tag == "table":
            if self._depth == 1:
                self.end_row()
            self._depth = max(0, self._depth - 1)
        elif self._depth <= 1 and tag == "tr":
            self.end_row()
        elif self._depth <= 1 and tag in {"td", "th"}:
            self._end_cell()

    def handle_data(self, data: str) -> None:
        """Take text of a cell."""
        if self._open is None or self._silent:
            return
        self._letters += len(data)
        if self._letters > MOST_LETTERS:
            raise TableError(
                f"{self._name}, row {self._row}: a cell has more than {MOST_LETTERS:,} characters; shorten it"
            )
        self._open.append(data)

    def end_row(self) -> None:
        """End the row at hand, if there is one."""
        self._end_cell()
        if any(self._cells) and self.grids:
            self._seen += len(self._cells)
            if self._seen > MOST_HELD_CELLS:
                raise TableError(f"{self._name} has more than {MOST_HELD_CELLS:,} cells; save it as CSV")
            self.grids[-1].records.append(Record(self._row, self._cells))
        self._cells, self._column = [], 0

    def _end_cell(self) -> None:
        if self._open is None:
            return
        lines = (" ".join(line.split()) for line in "".join(self._open).split("\n"))
        text = text_cell("\n".join(filter(None, lines)))
        self._open = None
        while self._taken.get(self._column, 0) >= self._row > 0:
            self._column += 1
        down, across = self._span
        if self._column + across > MOST_COLUMNS:
            raise TableError(
                f"{self._name}, row {self._row} has more than {MOST_COLUMNS:,} columns: no table"
            )
        self._cells += [""] * (self._column - len(self._cells)) + [text]
        if (down > 1 or across > 1) and self.grids:
            merges = self.grids[-1].merges
            merges.append(Merge(self._row, self._column, self._row + down - 1, self._column + across - 1))
            if len(merges) > MOST_MERGES:
                raise TableError(f"{self._name} has more than {MOST_MERGES:,} merged cells; save it as .xlsx")
            for column in range(self._column, self._column + across) if down > 1 else ():
                self._taken[column] = self._row + down - 1
        self._column += across


def _span(text: str | None, most: int) -> int:
    digits = (text or "").strip()
    return (
        max(1, min(int(digits), most)) if digits.isascii() and digits.isdecimal() and len(digits) < 9 else 1
    )
