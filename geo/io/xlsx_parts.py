"""The small parts of an .xlsx workbook, each as a target of the markup reader: sheets, links, strings, formats."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from geo.errors import TableError
from geo.io.markup import MOST_LETTERS
from geo.io.values import BUILT_IN, text_cell

__all__ = ["Links", "Strings", "Styles", "Workbook", "unescaped"]

_MOST_STRINGS: Final = 3_000_000
_MOST_FORMATS: Final = 100_000
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


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
            self.texts.append(text_cell(unescaped("".join(self._parts))))
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
        return [self._written.get(code) or BUILT_IN.get(code, "") for code in self._cells]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name == "numFmt":
            if len(self._written) < _MOST_FORMATS:
                self._written[_format_id(attributes.get("numFmtId"))] = attributes.get("formatCode", "")[:255]
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells and len(self._cells) < _MOST_FORMATS:
            self._cells.append(_format_id(attributes.get("numFmtId")))

    def end(self, name: str) -> None:
        """End an element."""
        if name == "cellXfs":
            self._in_cells = False

    def text(self, text: str) -> None:
        """Take text: there is none of interest."""


def _format_id(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 6 else 0


def unescaped(text: str) -> str:
    """Undo ``_x000D_``, with which a workbook writes characters that XML cannot hold."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
