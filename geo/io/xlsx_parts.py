"""The parts of an .xlsx workbook, each as a target of the markup reader: sheets, links, strings, formats, rows."""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from geo.errors import TableError
from geo.io.grids import MOST_COLUMNS, MOST_SHEET_ROWS, Merge, Record, cell_name
from geo.io.markup import MOST_LETTERS
from geo.io.values import serial_text, text_cell

__all__ = ["Links", "Rows", "Strings", "Styles", "Workbook", "merged_range"]

_MOST_STRINGS: Final = 3_000_000
_MOST_CELLS: Final = 50_000_000
_MOST_FORMATS: Final = 100_000
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([1-9]\d{0,6})", re.ASCII)
#: Formats that are not written out in a file; 27 to 36 and 50 to 58 are dates and times in Chinese.
_BUILT_IN: Final[Mapping[int, str]] = {
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((18, 20, 32, 34, 55), "h:mm"),
    **dict.fromkeys((19, 21, 33, 35, 56), "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss",
}


class Workbook:
    """The list of sheets: (name, whether it is visible, the id of its link), and the epoch of dates."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, bool, str]] = []
        self.from_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name == "sheet":
            link = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            visible = attributes.get("state", "visible") == "visible"
            self.sheets.append((attributes.get("name", ""), visible, link))
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904", "0") in {"1", "true"}

    def end(self, name: str) -> None:
        """End an element."""

    def text(self, text: str) -> None:
        """Take text: there is none of interest."""


class Links:
    """Which part of the archive a link leads to."""

    def __init__(self) -> None:
        self._links: dict[str, tuple[str, str]] = {}

    def parts(self, kind: str) -> dict[str, str]:
        """Return the parts of one kind (``worksheet``, ``styles``) by the id of their link."""
        return {link: part for link, (found, part) in self._links.items() if found == kind}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            part = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", ""))).lstrip("/")
            kind = attributes.get("Type", "").rpartition("/")[2]
            self._links[attributes.get("Id", "")] = kind, part

    def end(self, name: str) -> None:
        """End an element."""

    def text(self, text: str) -> None:
        """Take text: there is none of interest."""


class Strings:
    """The shared strings, without the readings (furigana, pinyin) that stand beside them."""

    def __init__(self, name: str) -> None:
        self.texts: list[str] = []
        self._name = name
        self._parts: list[str] = []
        self._letters = 0
        self._reading = 0
        self._taking = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name == "si":
            self._parts.clear()
            self._letters = 0
        elif name == "rPh":
            self._reading += 1
        elif name == "t":
            self._taking = not self._reading

    def end(self, name: str) -> None:
        """End an element."""
        if name == "t":
            self._taking = False
        elif name == "rPh":
            self._reading -= 1
        elif name == "si":
            self.texts.append(text_cell(_unescaped("".join(self._parts))))
            if len(self.texts) > _MOST_STRINGS:
                raise TableError(
                    f"{self._name} has more than {_MOST_STRINGS:,} texts: too much for a ledger; save it as CSV"
                )

    def text(self, text: str) -> None:
        """Take text."""
        if self._taking:
            self._letters += len(text)
            if self._letters > MOST_LETTERS:
                raise TableError(
                    f"{self._name} has a cell of more than {MOST_LETTERS:,} characters, which begins "
                    f"{''.join(self._parts)[:20]!r}; no ledger has"
                )
            self._parts.append(text)


class Styles:
    """The number formats of cells."""

    def __init__(self) -> None:
        self._written: dict[int, str] = {}
        self._cells: list[int] = []
        self._in_cells = False

    def codes(self) -> list[str]:
        """Return the format of each style that a cell can name."""
        return [self._written.get(code) or _BUILT_IN.get(code, "") for code in self._cells]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name == "numFmt":
            if len(self._written) < _MOST_FORMATS:
                self._written[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")[:255]
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells and len(self._cells) < _MOST_FORMATS:
            self._cells.append(_whole(attributes.get("numFmtId")))

    def end(self, name: str) -> None:
        """End an element."""
        if name == "cellXfs":
            self._in_cells = False

    def text(self, text: str) -> None:
        """Take text: there is none of interest."""


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
        row = self._row + 1 if text is None else _whole(text, self._name)
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
            return text_cell(_unescaped(text))
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


def _whole(text: str | None, name: str = "") -> int:
    if text is None or not (text.isascii() and text.isdecimal() and len(text) < 12):
        if name:
            raise TableError(f"{name} is damaged: {str(text)[:20]!r} is no row number; save it anew")
        return 0
    return int(text)


def _index(text: str) -> int:
    number = int(text)
    if number < 0:
        raise IndexError(f"{number} is no position in a list")
    return number


def _unescaped(text: str) -> str:
    """Undo ``_x000D_``, with which a workbook writes characters that XML cannot hold."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
