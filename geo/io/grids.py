"""What every reader of cells gives, whatever the file: records of text, merged cells, and sheets of both.

Bounds stand here, so that no format can be the weak one: rows, columns, cells, merges and letters are counted while
they are read, never after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from geo.errors import TableError
from geo.io.rows import column_letters

__all__ = [
    "MOST_COLUMNS",
    "MOST_HELD_CELLS",
    "MOST_MERGES",
    "MOST_SHEET_ROWS",
    "Book",
    "Grid",
    "Grids",
    "Merge",
    "Record",
    "cell_name",
    "counted",
]

#: What a spreadsheet can have.
MOST_SHEET_ROWS: Final = 1_048_576
MOST_COLUMNS: Final = 16_384
#: Merged ranges of one sheet.
MOST_MERGES: Final = 200_000
#: Cells of a workbook whose format has to be held in memory.
MOST_HELD_CELLS: Final = 3_000_000
_NOTHING_SPOILT: Final[Mapping[int, str]] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """One line of cells before anyone knows which column is which.

    problem: what is wrong with the whole line. spoilt: what is wrong with single cells, by column from 0.
    """

    number: int
    cells: Sequence[str]
    problem: str | None = None
    spoilt: Mapping[int, str] = field(default_factory=lambda: _NOTHING_SPOILT)


class Merge(NamedTuple):
    """Cells shown as one; rows from 1, columns from 0, both ends within."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Grid:
    """A sheet held in memory: its filled rows in order."""

    name: str
    visible: bool = True
    records: list[Record] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)


class Book(Protocol):
    """A file of sheets. No file stays open between calls, and each method may be called again."""

    path: Path

    @property
    def sheets(self) -> Sequence[tuple[str, bool]]:
        """Name and visibility of every sheet, in order."""

    def records(self, sheet: int) -> Iterator[Record]:
        """Yield the rows of a sheet that hold anything, by growing number."""

    def merges(self, sheet: int) -> Sequence[Merge]:
        """Return the merged ranges of a sheet."""

    def extent(self, sheet: int) -> int | None:
        """Return about how many rows a sheet has, for telling progress; None where nobody knows."""


class Grids:
    """A book that is held in memory."""

    def __init__(self, path: Path, grids: Sequence[Grid]) -> None:
        self.path = path
        self._grids = grids

    @property
    def sheets(self) -> Sequence[tuple[str, bool]]:
        """Name and visibility of every sheet, in order."""
        return [(grid.name, grid.visible) for grid in self._grids]

    def records(self, sheet: int) -> Iterator[Record]:
        """Yield the rows of a sheet that hold anything."""
        return iter(self._grids[sheet].records)

    def merges(self, sheet: int) -> Sequence[Merge]:
        """Return the merged ranges of a sheet."""
        return self._grids[sheet].merges

    def extent(self, sheet: int) -> int | None:
        """Return the number of a sheet's last row."""
        records = self._grids[sheet].records
        return records[-1].number if records else None


def cell_name(row: int, column: int) -> str:
    """Name a cell as a spreadsheet does: row 3, column 1 → B3."""
    return f"{column_letters(column)}{row}"


def counted(text: str | None, *, default: int, most: int, what: str, name: str) -> int:
    """Read a count that a file claims, such as how often a cell repeats; raise TableError above ``most``."""
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 12 or int(text) > most:
        raise TableError(
            f"{name} claims {what} {text[:20]!r}: a spreadsheet has at most {most:,}; save it anew"
        )
    return int(text)
