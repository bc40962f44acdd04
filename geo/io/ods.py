"""ODS, the sheets of LibreOffice: one part of XML (OASIS OpenDocument 1.3, part 3, clause 9), held once read.

Rows and cells carry how often they repeat, and a few bytes may claim a million filled rows of sixteen thousand
columns: what is filled is counted while it is laid out, what is empty costs nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Final

from geo.errors import TableError
from geo.io.archives import opened, part_of
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
from geo.io.values import duration_text, moment_text, text_cell

__all__ = ["read_ods"]

_CONTENT: Final = "content.xml"
_MANIFEST: Final = "META-INF/manifest.xml"
_PIECE: Final = 1 << 20
_MOST_BYTES: Final = 256 << 20
_TIME: Final = re.compile(r"P(?:(\d{1,6})D)?T(\d{1,7})H(\d{1,2})M(\d{1,2})(?:[.,]\d+)?S", re.ASCII)
_ZEROS: Final = re.compile(r"0\d+", re.ASCII)


def read_ods(path: Path) -> Grids:
    """Read all sheets of an ODS file; raises TableError where it is damaged or more than bounds allow."""
    with opened(path, "workbook") as archive:
        size = archive.NameToInfo[_CONTENT].file_size if _CONTENT in archive.NameToInfo else 0
        if size > _MOST_BYTES:
            raise TableError(
                f"{path.name} unpacks to {size >> 20} MiB: too much for a ledger; save the sheet as CSV"
            )
        if _MANIFEST in archive.NameToInfo and archive.NameToInfo[_MANIFEST].file_size < _PIECE:
            with part_of(archive, _MANIFEST, path.name) as file:
                if b"encryption-data" in file.read():
                    raise TableError(f"{path.name} is encrypted; save it without a password")
        content = _Content(path.name)
        with part_of(archive, _CONTENT, path.name) as file:
            for _ in fed(file, content, path.name):
                pass
    if not content.grids:
        raise TableError(
            f"{path.name} is an OpenDocument file without a sheet; save its table as .xlsx or CSV"
        )
    return Grids(path, content.grids)


class _Content:
    def __init__(self, name: str) -> None:
        self.grids: list[Grid] = []
        self._name = name
        self._hidden: set[str] = set()
        self._style = ""
        self._row = 0
        self._row_repeats = 1
        self._column = 0
        self._cell: dict[str, str] | None = None
        self._paragraphs: list[str] = []
        self._in_paragraph = 0
        self._in_note = 0
        self._letters = 0
        self._cells: list[str] = []
        self._spoilt: dict[int, str] = {}
        self._seen = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name in {"table-cell", "covered-table-cell"}:
            self._cell = {key.rpartition(":")[2]: value for key, value in attributes.items()}
            self._paragraphs = []
            self._letters = 0
        elif name == "p":
            self._in_paragraph += 1
            if self._in_paragraph == 1 and not self._in_note:
                self._paragraphs.append("")
        elif name in {"s", "tab", "line-break"}:
            wide = counted(
                attributes.get("text:c"), default=1, most=MOST_LETTERS, what="spaces", name=self._name
            )
            self.text("\n" if name == "line-break" else " " * wide)
        elif name == "annotation":
            self._in_note += 1
        elif name == "table-row":
            repeats = attributes.get("table:number-rows-repeated")
            self._row_repeats = counted(
                repeats, default=1, most=MOST_SHEET_ROWS, what="rows that repeat", name=self._name
            )
            self._row += 1
            self._column, self._cells, self._spoilt = 0, [], {}
        elif name == "table":
            visible = attributes.get("table:style-name", "") not in self._hidden
            self.grids.append(Grid(attributes.get("table:name", ""), visible))
            self._row = 0
        elif name == "style":
            self._style = attributes.get("style:name", "")
        elif name == "table-properties" and attributes.get("table:display") == "false":
            self._hidden.add(self._style)

    def end(self, name: str) -> None:
        """End an element."""
        if name in {"table-cell", "covered-table-cell"}:
            self._end_cell(covered=name == "covered-table-cell")
            self._cell = None
        elif name == "p":
            self._in_paragraph -= 1
        elif name == "annotation":
            self._in_note -= 1
        elif name == "table-row":
            self._end_row()

    def text(self, text: str) -> None:
        """Take text of a cell; comments are none."""
        if self._cell is None or self._in_note or not self._in_paragraph:
            return
        self._letters += len(text)
        if self._letters > MOST_LETTERS:
            where = cell_name(self._row, self._column)
            raise TableError(
                f"{self._name}: cell {where} has more than {MOST_LETTERS:,} characters; shorten it"
            )
        self._paragraphs[-1] += text

    def _end_cell(self, *, covered: bool) -> None:
        cell = self._cell or {}
        repeats = self._count(cell, "number-columns-repeated", MOST_COLUMNS)
        text = "" if covered else self._shown(cell)
        if text:
            # What is filled and repeats beyond the last column, or beyond reason, is no ledger.
            if self._column + repeats > MOST_COLUMNS:
                raise TableError(
                    f"{self._name}, row {self._row}: a cell repeats beyond the last column; save it anew"
                )
            self._cells += [""] * (self._column - len(self._cells)) + [text] * repeats
        down = self._count(cell, "number-rows-spanned", MOST_SHEET_ROWS)
        across = self._count(cell, "number-columns-spanned", MOST_COLUMNS)
        if down > 1 or across > 1:
            grid = self.grids[-1]
            bottom = self._row + down - 1
            grid.merges.append(Merge(self._row, self._column, bottom, self._column + across - 1))
            if len(grid.merges) > MOST_MERGES:
                raise TableError(f"{self._name} has more than {MOST_MERGES:,} merged cells; unmerge them")
        self._column += repeats

    def _end_row(self) -> None:
        if self._cells or self._spoilt:
            self._seen += len(self._cells) * self._row_repeats
            if self._seen > MOST_HELD_CELLS:
                raise TableError(
                    f"{self._name} has more than {MOST_HELD_CELLS:,} cells; save the ledger alone as CSV"
                )
            grid = self.grids[-1]
            for more in range(self._row_repeats):
                grid.records.append(Record(self._row + more, self._cells, None, self._spoilt))
        self._row += self._row_repeats - 1
        if self._row > MOST_SHEET_ROWS:
            raise TableError(f"{self._name} has more than {MOST_SHEET_ROWS:,} rows, which no sheet may have")

    def _count(self, cell: dict[str, str], what: str, most: int) -> int:
        return max(1, counted(cell.get(what), default=1, most=most, what=what, name=self._name))

    def _shown(self, cell: dict[str, str]) -> str:
        shown = text_cell("\n".join(self._paragraphs))
        kind = cell.get("value-type", "string")
        try:
            if kind in {"float", "currency"}:
                return shown if _ZEROS.fullmatch(shown) else number_text(float(cell.get("value", "nan")))
            if kind == "percentage":
                return f"{number_text(float(cell.get('value', 'nan')) * 100)}%"
            if kind == "boolean":
                return cell.get("boolean-value", "").upper()
            if kind == "date":
                return moment_text(dt.datetime.fromisoformat(cell.get("date-value", "")).replace(tzinfo=None))
            if kind == "time" and (length := _TIME.fullmatch(cell.get("time-value", ""))):
                days, hours, minutes, seconds = (int(part or 0) for part in length.groups())
                return duration_text(dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))
        except (ValueError, OverflowError) as error:
            self._spoilt[self._column] = f"cell {cell_name(self._row, self._column)} cannot be read: {error}"
        if "formula" in cell and kind == "string" and shown.startswith(("#", "Err:")):
            self._spoilt[self._column] = (
                f"cell {cell_name(self._row, self._column)} holds the spreadsheet error {shown}"
            )
        return shown
