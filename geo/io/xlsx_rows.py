"""The rows of a sheet of an .xlsx workbook: each cell as the text that a person sees, or what is wrong with it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import Final

from geo.errors import TableError
from geo.io.grids import MOST_COLUMNS, MOST_SHEET_ROWS, Merge, Record, cell_name
from geo.io.markup import MOST_LETTERS
from geo.io.values import serial_text, text_cell
from geo.io.xlsx_parts import unescaped

__all__ = ["Rows", "merged_range"]

_MOST_CELLS: Final = 50_000_000
_REFERENCE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([1-9]\d{0,6})", re.ASCII)


class Rows:
    """The rows of a sheet; those that are whole wait in ``ready``. strings, formats: by the numbers that cells name."""

    def __init__(self, name: str, strings: Sequence[str], formats: Sequence[str], *, from_1904: bool) -> None:
        self.ready: deque[Record] = deque()
        self._name = name
        self._strings = strings
        self._formats = formats
        self._from_1904 = from_1904
        self._row = 0
        self._column = -1
        self._type = ""
        self._style = ""
        self._cells: list[str] = []
        self._spoilt: dict[int, str] = {}
        self._value: list[str] = []
        self._formula: list[str] = []
        self._computed = False
        self._takes: list[str] | None = None
        self._letters = 0
        self._seen = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name == "c":
            self._column = self._place(attributes.get("r"))
            self._type = attributes.get("t", "n")
            self._style = attributes.get("s", "")
            self._value = []
            self._formula = []
            self._computed = False
            self._letters = 0
        elif name in {"v", "t"}:
            self._takes = self._value
        elif name == "f":
            self._computed = True
            self._takes = self._formula
        elif name == "row":
            self._row = self._number(attributes.get("r"))
            self._column = -1
            self._cells = []
            self._spoilt = {}

    def end(self, name: str) -> None:
        """End an element."""
        if name == "c":
            self._cell()
        elif name in {"v", "t", "f"}:
            self._takes = None
        elif name == "row" and (self._cells or self._spoilt):
            self._seen += len(self._cells)
            if self._seen > _MOST_CELLS:
                raise TableError(
                    f"{self._name} has more than {_MOST_CELLS:,} cells; save the ledger alone as CSV"
                )
            self.ready.append(Record(self._row, self._cells, None, self._spoilt))

    def text(self, text: str) -> None:
        """Take text."""
        if self._takes is not None:
            self._letters += len(text)
            if self._letters > MOST_LETTERS:
                where = cell_name(self._row, self._column)
                raise TableError(
                    f"{self._name}: cell {where} has more than {MOST_LETTERS:,} characters; shorten it"
                )
            self._takes.append(text)

    def _number(self, text: str | None) -> int:
        row = self._row + 1 if text is None else _row_number(text, self._name)
        if not self._row < row <= MOST_SHEET_ROWS:
            raise TableError(
                f"{self._name} has row {row} after row {self._row}: rows must go on from 1 to at most {MOST_SHEET_ROWS:,}"
            )
        return row

    def _place(self, reference: str | None) -> int:
        if reference is None:
            column = self._column + 1
        else:
            found = _REFERENCE.fullmatch(reference)
            column = _column(found[1]) if found else MOST_COLUMNS
        if column >= MOST_COLUMNS:
            raise TableError(
                f"{self._name} has the cell {reference or self._column!r:.40}: columns end with XFD; save it anew"
            )
        return column

    def _cell(self) -> None:
        text = "".join(self._value)
        try:
            text = self._shown(text)
        except (ValueError, IndexError, OverflowError) as error:
            self._spoil(f"cannot be read: {error}")
        if not text and self._computed and self._type != "str":
            formula = "".join(self._formula)[:40]
            said = f" ={formula}" if formula else ""
            self._spoil(f"holds a formula{said} without a saved value; open the file in Excel and save it")
        if text:
            cells = self._cells
            missing = self._column - len(cells)
            if missing:
                cells += [""] * missing if missing > 0 else []
                if missing < 0:
                    cells[self._column] = text
                    return
            cells.append(text)

    def _shown(self, text: str) -> str:
        """Write a stored value as its cell shows it."""
        kind = self._type
        if kind == "s":
            return self._strings[_index(text)] if text else ""
        if not text:
            return ""
        if kind in {"str", "inlineStr"}:
            return text_cell(unescaped(text))
        if kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"
        if kind == "e":
            self._spoil(f"holds the spreadsheet error {text}")
            return text_cell(text)
        if kind == "d":
            return text.strip().replace("T", " ").removesuffix(" 00:00:00").removesuffix("Z")
        style = _index(self._style) if self._style else 0
        code = self._formats[style] if style < len(self._formats) else ""
        if not code and text.isdecimal() and len(text) <= 15:
            return text.lstrip("0") or "0"
        return serial_text(float(text), code, from_1904=self._from_1904)

    def _spoil(self, said: str) -> None:
        self._spoilt[self._column] = f"cell {cell_name(self._row, self._column)} {said}"


def merged_range(reference: str) -> Merge | None:
    """Read ``A5:B16``; None for what is no range of cells."""
    first, _, last = reference.partition(":")
    start, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
    if start is None or end is None:
        return None
    return Merge(int(start[2]), _column(start[1]), int(end[2]), _column(end[1]))


def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _row_number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise TableError(f"{name} is damaged: {text[:20]!r} is no row number; save it anew")
    return int(text)


def _index(text: str) -> int:
    number = int(text)
    if number < 0:
        raise IndexError(f"{number} is no position in a list")
    return number
