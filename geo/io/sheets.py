"""Several sheets read as one list: the counties of a prefecture, each on a sheet of its own under the same header.

The sheets that say the most under one header are the list; cover sheets, dictionaries, empty and hidden ones are told
as skipped and never mixed in. The name of the sheet becomes a column of each row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from geo.errors import TableError
from geo.io.grids import Book
from geo.io.headers import NoTable
from geo.io.rows import CHUNK, MOST_ROWS, Row, Skipped, Source
from geo.io.tables import Table
from geo.io.workbooks import SheetReader

__all__ = ["SHEET", "SHEET_OF_REGION", "Sheets", "open_sheets"]

#: The column that a sheet's name becomes: plain, or where every name is that of a region.
SHEET: Final = "工作表"
SHEET_OF_REGION: Final = "工作表区县"
_REGION: Final = re.compile(r"[\u3007\u4e00-\u9fff]{1,12}(?:区|县|市|州|旗|盟|镇|乡|街道|行委|管委会)")
_MOST_SHEETS: Final = 200
_EMPTY: Final = "empty"
_UNNAMED: Final = "列 "


class Sheets:
    """Sheets of one header, one after another: see ``geo.io.rows.Source`` for what it gives.

    Rows are numbered by sheet and row (``geo.io.rows.row_label``), so that a person finds them.
    """

    def __init__(self, tables: Sequence[tuple[str, Table]], skipped: Sequence[Skipped]) -> None:
        """tables: with alike headers, by the names of their sheets. skipped: the other sheets."""
        self._tables = tables
        self._skipped = skipped
        spelled: dict[str, str] = {}
        for _, table in tables:
            for column in table.columns:
                spelled.setdefault(_key(column), column)
        self._spelled = spelled
        self._column = SHEET_OF_REGION if all(_REGION.fullmatch(name) for name, _ in tables) else SHEET
        while self._column in spelled.values():
            self._column += "*"
        self._done = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The sheet, then the columns as the first sheet that has them spells them."""
        return (self._column, *self._spelled.values())

    @property
    def encoding(self) -> str | None:
        """None: a workbook fixes it."""
        return None

    @property
    def delimiter(self) -> str | None:
        """None: a workbook has none."""
        return None

    @property
    def skipped(self) -> list[Skipped]:
        """The sheets that are no part of the list, then what each sheet of it has left out so far."""
        return [*self._skipped, *(line for _, table in self._tables for line in table.skipped)]

    @property
    def notes(self) -> list[str]:
        """Which sheets are the list, by the numbers that stand before the rows."""
        sheets = (f"{table.first // MOST_ROWS} {name}" for name, table in self._tables)
        return [f"{len(self._tables)} sheets are read as one list, rows as sheet:row: {', '.join(sheets)}"]

    def chunks(self, size: int = CHUNK) -> Iterator[list[Row]]:
        """Yield the rows of all sheets in order, at most ``size`` at a time."""
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        rows = self._rows()
        while chunk := list(islice(rows, size)):
            yield chunk

    def progress(self) -> float:
        """Return how much of the sheets the present pass has consumed, from 0 to 1."""
        now = self._tables[self._done][1].progress() if self._done < len(self._tables) else 0.0
        return min(1.0, (self._done + now) / len(self._tables))

    def _rows(self) -> Iterator[Row]:
        for at, (name, table) in enumerate(self._tables):
            self._done = at
            own = {_key(column): column for column in table.columns}
            columns = [(spelled, own.get(key, "")) for key, spelled in self._spelled.items()]
            for row in table.rows():
                values = {self._column: name}
                for spelled, column in columns:
                    values[spelled] = row.values.get(column, "")
                yield Row(row.number, values, row.problem)
        self._done = len(self._tables)


def open_sheets(book: Book, wanted: str | None = None) -> Source:
    """Open the list of a book: one sheet, or several of one header.

    wanted: the name of a sheet, which is then read alone, hidden or not. Otherwise of the visible sheets with a header
    those are taken that are alike and have together the most columns; of equals, the first.
    Raises TableError where there is no such sheet, or none with a table.
    """
    names = [name for name, _ in book.sheets]
    file = book.path.name
    if wanted is not None:
        if wanted not in names:
            raise TableError(f"{file} has no sheet {wanted!r}; it has {', '.join(names[:50])}")
        return Table(SheetReader(book, names.index(wanted)))
    if len(names) > _MOST_SHEETS:
        raise TableError(
            f"{file} has {len(names)} sheets; up to {_MOST_SHEETS} are read as one list: name one of them"
        )
    groups: dict[frozenset[str], list[tuple[int, Table]]] = {}
    left_out: dict[int, str] = {}
    errors: list[NoTable] = []
    for at, (_, visible) in enumerate(book.sheets):
        if not visible:
            left_out[at] = "hidden sheet"
            continue
        try:
            table = Table(SheetReader(book, at))
        except NoTable as error:
            errors.append(error)
            left_out[at] = f"sheet {error.why}" if error.why != _EMPTY else "empty sheet"
            continue
        named = frozenset(_key(column) for column in table.columns if not column.startswith(_UNNAMED))
        groups.setdefault(named, []).append((at, table))
    if not groups:
        raise next((error for error in errors if error.why != _EMPTY), None) or TableError(
            f"{file} is empty: none of its visible sheets has text ({', '.join(names[:50])})"
        )
    best = max(groups.values(), key=lambda group: len(group) * len(group[0][1].columns))
    for group in groups.values():
        left_out |= {at: "sheet with another header" for at, _ in group if group is not best}
    skipped = [Skipped(0, names[at], why) for at, why in sorted(left_out.items())]
    if len(best) == 1:
        best[0][1].beside = skipped
        return best[0][1]
    for at, table in best:
        table.first = (at + 1) * MOST_ROWS
    return Sheets([(names[at], table) for at, table in best], skipped)


def _key(column: str) -> str:
    """Return a header without width, case and spaces, in which sheets of one list differ."""
    return "".join(unicodedata.normalize("NFKC", column).casefold().split())
