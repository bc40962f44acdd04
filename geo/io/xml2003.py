"""XML Spreadsheet 2003: what Excel calls ``.xml`` and many Chinese systems export under the name ``.xls``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

from geo.errors import TableError
from geo.io.grids import (
    MOST_COLUMNS,
    MOST_HELD_CELLS,
    MOST_MERGES,
    MOST_SHEET_ROWS,
    Grid,
    Grids,
    Merge,
    Record,
    cell_name,
    counted,
)
from geo.io.markup import MOST_LETTERS, fed
from geo.io.rows import number_text
from geo.io.values import moment_text, text_cell

__all__ = ["is_xml2003", "read_xml2003"]

_MOST_BYTES: Final = 256 << 20
_MARK: Final = b"urn:schemas-microsoft-com:office:spreadsheet"


def is_xml2003(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is XML Spreadsheet 2003."""
    bare = head.replace(b"\0", b"")
    return _MARK in bare or b'progid="Excel.Sheet"' in bare


def read_xml2003(path: Path) -> Grids:
    """Read all sheets; raises TableError where the file is damaged or more than bounds allow."""
    if (size := path.stat().st_size) > _MOST_BYTES:
        raise TableError(f"{path.name} has {size >> 20} MiB: too much for a ledger; save the sheet as CSV")
    book = _Book(path.name)
    with path.open("rb") as file:
        for _ in fed(file, book, path.name):
            pass
    if not book.grids:
        raise TableError(f"{path.name} is XML without a worksheet; save its table as .xlsx or CSV")
    return Grids(path, book.grids)


class _Book:
    def __init__(self, name: str) -> None:
        self.grids: list[Grid] = []
        self._name = name
        self._row = 0
        self._column = -1
        self._cells: list[str] = []
        self._spoilt: dict[int, str] = {}
        self._kind = ""
        self._text: list[str] | None = None
        self._visible: list[str] | None = None
        self._formula = ""
        self._filled = False
        self._letters = 0
        self._seen = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name == "Cell":
            self._column = self._at(attributes, self._column + 2, MOST_COLUMNS, "column") - 1
            self._formula, self._filled = attributes.get("ss:Formula", ""), False
            self._merge(attributes)
        elif name == "Data":
            self._kind, self._text, self._letters = attributes.get("ss:Type", "String"), [], 0
        elif name == "Row":
            self._row = self._at(attributes, self._row + 1, MOST_SHEET_ROWS, "row")
            self._column, self._cells, self._spoilt = -1, [], {}
        elif name == "Worksheet":
            self.grids.append(Grid(attributes.get("ss:Name", "")))
            self._row = 0
        elif name == "Visible":
            self._visible = []

    def end(self, name: str) -> None:
        """End an element."""
        if name == "Data":
            self._put("".join(self._text or ()))
            self._text = None
        elif name == "Cell":
            if self._formula and not self._filled:
                self._spoil(
                    f"holds a formula {self._formula[:40]} without a saved value; save the file in Excel"
                )
        elif name == "Row":
            self._end_row()
        elif name == "Visible" and self._visible is not None:
            if self.grids and "".join(self._visible).strip() != "SheetVisible":
                self.grids[-1].visible = False
            self._visible = None

    def text(self, text: str) -> None:
        """Take text of a cell."""
        if self._text is not None:
            self._letters += len(text)
            if self._letters > MOST_LETTERS:
                where = cell_name(self._row, self._column)
                raise TableError(
                    f"{self._name}: cell {where} has more than {MOST_LETTERS:,} characters; shorten it"
                )
            self._text.append(text)
        elif self._visible is not None and len(self._visible) < 8:
            self._visible.append(text)

    def _at(self, attributes: dict[str, str], following: int, most: int, what: str) -> int:
        found = counted(attributes.get("ss:Index"), default=following, most=most, what=what, name=self._name)
        if found < following or found > most:
            raise TableError(f"{self._name} has {what} {found} where {following} follows; save it anew")
        return found

    def _merge(self, attributes: dict[str, str]) -> None:
        down, across = (
            counted(
                attributes.get(f"ss:Merge{way}"), default=0, most=most, what="merged cells", name=self._name
            )
            for way, most in (("Down", MOST_SHEET_ROWS), ("Across", MOST_COLUMNS))
        )
        if self.grids and (down or across):
            merges = self.grids[-1].merges
            merges.append(Merge(self._row, self._column, self._row + down, self._column + across))
            if len(merges) > MOST_MERGES:
                raise TableError(f"{self._name} has more than {MOST_MERGES:,} merged cells; unmerge them")

    def _put(self, text: str) -> None:
        try:
            text = self._shown(text)
        except (ValueError, OverflowError) as error:
            self._spoil(f"cannot be read: {error}")
        if text:
            self._filled = True
            self._cells += [""] * (self._column - len(self._cells))
            self._cells[self._column :] = [text]

    def _shown(self, text: str) -> str:
        if not text.strip():
            return ""
        if self._kind == "Number":
            return number_text(float(text))
        if self._kind == "Boolean":
            return "TRUE" if text.strip() == "1" else "FALSE"
        if self._kind == "DateTime":
            moment = dt.datetime.fromisoformat(text.strip()).replace(tzinfo=None)
            shown = moment_text(moment.replace(microsecond=0))
            # A time of day alone is a moment of the day before the calendar begins.
            return shown.partition(" ")[2] if moment.year < 1900 else shown
        if self._kind == "Error":
            self._spoil(f"holds the spreadsheet error {text}")
        return text_cell(text)

    def _end_row(self) -> None:
        if not self._cells and not self._spoilt:
            return
        self._seen += len(self._cells)
        if self._seen > MOST_HELD_CELLS:
            raise TableError(
                f"{self._name} has more than {MOST_HELD_CELLS:,} cells; save the ledger alone as CSV"
            )
        if self.grids:
            self.grids[-1].records.append(Record(self._row, self._cells, None, self._spoilt))

    def _spoil(self, said: str) -> None:
        self._spoilt[self._column] = f"cell {cell_name(self._row, self._column)} {said}"
