"""What every source of rows gives: numbered rows of text, in chunks, from tables and vector files alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

__all__ = [
    "CHUNK",
    "MOST_ROWS",
    "Row",
    "Skipped",
    "Source",
    "clean",
    "column_letters",
    "distinct_names",
    "number_text",
    "row_label",
    "row_number",
]

CHUNK: Final = 10_000
#: Rows of one table; more than any list of stations has, and where the numbers of the next sheet begin.
MOST_ROWS: Final = 10_000_000
# Ordinary and full-width spaces go with str.strip(); these are spaces only to the eye.
_EDGES: Final = " \t\r\n\v\f\u3000\xa0\u2007\u202f\u200b\u200c\u200d\u2060\ufeff"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as a person sees it.

    number: the line (CSV), the row (workbook) or the feature (vector file), counted from 1. Where several sheets
    are read as one list, the sheet is in it; ``row_label`` writes both (``2:15``).
    values: every column's text, empty where the cell is.
    problem: why the row cannot be taken as it stands, in words; what could be read is in ``values``.
    """

    number: int
    values: dict[str, str]
    problem: str | None = None


class Skipped(NamedTuple):
    """What was left out: a title above the header, a blank line (without text), a total, a signature, a sheet.

    line: numbered as rows are; 0 for a whole sheet. why: what it was taken for; empty for titles and blank lines.
    """

    line: int
    text: str
    why: str = ""

    @property
    def told(self) -> str:
        """The line as a report tells it: a title by its text alone, all else with its row and what it is."""
        if not self.why:
            return self.text
        return (
            f"row {row_label(self.line)}, {self.why}: {self.text}"
            if self.line
            else f"{self.why}: {self.text}"
        )


class Source(Protocol):
    """A file of rows, read as a stream: ``chunks`` may be called again and starts from the first row."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The distinct names of the columns, in the file's order."""

    @property
    def encoding(self) -> str | None:
        """The encoding of the text as Python names it; None where the format fixes it."""

    @property
    def delimiter(self) -> str | None:
        """The delimiter of a CSV file; None for other formats."""

    @property
    def skipped(self) -> list[Skipped]:
        """What was left out so far: titles and sheets once opened; blank lines, totals and signatures, the first
        thousand of them, as they are passed."""

    @property
    def notes(self) -> list[str]:
        """What a person should know of how the file is read, such as which sheets are one list."""

    def chunks(self, size: int = CHUNK) -> Iterator[list[Row]]:
        """Yield the rows in order, at most ``size`` at a time, holding no more than that in memory."""

    def progress(self) -> float:
        """Return how much of the file the present pass has consumed, from 0 to 1."""


def clean(text: str) -> str:
    """Strip spaces of every width, zero-width characters and stray byte-order marks from both ends."""
    return text.strip(_EDGES)


def number_text(number: int | float | Decimal) -> str:
    """Write a number without exponent, noise or trailing zeros: 12.0 → 12, 1.39E10 → 13900000000; NaN → nothing.

    Fifteen digits of a float are kept, as spreadsheets do; the rest is the noise of binary fractions.
    """
    exact = Decimal(f"{number:.15g}") if isinstance(number, float) else Decimal(number)
    if not exact.is_finite():
        return "" if exact.is_nan() else str(number)
    text = f"{exact:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def row_label(number: int) -> str:
    """Write a row's number as a person finds it: ``15``, or ``2:15`` for row 15 of the second sheet."""
    sheet, row = divmod(number, MOST_ROWS) if number > 0 else (0, number)
    return f"{sheet}:{row}" if sheet else str(row)


def row_number(label: str) -> int:
    """Read what ``row_label`` writes; raise ValueError, quoting it, for anything else."""
    sheet, mark, row = label.strip().replace("：", ":").rpartition(":")
    if not (row.isascii() and row.isdecimal() and len(row) <= 7) or (
        mark and not (sheet.isascii() and sheet.isdecimal() and len(sheet) <= 3)
    ):
        raise ValueError(f"{label!r} is no row: write its number, or sheet:row such as 2:15")
    return int(sheet or 0) * MOST_ROWS + int(row)


def column_letters(index: int) -> str:
    """Name a column as a spreadsheet does: 0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    """Make names distinct by numbering the later ones: 电话, 电话 → 电话, 电话 (2)."""
    taken = set(names)
    seen: set[str] = set()
    result: list[str] = []
    for name in names:
        unique, number = name, 1
        while unique in seen or (number > 1 and unique in taken):
            number += 1
            unique = f"{name} ({number})"
        seen.add(unique)
        result.append(unique)
    return tuple(result)
