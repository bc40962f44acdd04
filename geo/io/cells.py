"""Text from outside in a cell of a table: never a formula, never a character that XML does not have."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_formula", "plain", "printable"]

#: What begins a formula or a command in Excel and LibreOffice, after spaces too; numbers with a sign are none.
_FORMULA: Final = re.compile(r"\s*[=@\t\r]|\s*[+\-](?!\s*[\d.,\s()/-]*$)")
#: XML has no such characters, so neither has a workbook.
_NO_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet would take a text for a formula or a command."""
    return _FORMULA.match(cell) is not None


def plain(cell: str) -> str:
    """Return a cell that no spreadsheet computes: where it would be a formula, an apostrophe goes before it."""
    return f"'{cell}" if is_formula(cell) else cell


def printable(text: str) -> str:
    """Return a text with what XML cannot hold replaced."""
    return _NO_XML.sub("\ufffd", text)
