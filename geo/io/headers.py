"""Where a ledger's header is: below titles and remarks, sometimes two lines high, above the data.

Works on records of cleaned text, whatever file they came from.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from geo.errors import TableError
from geo.io.rows import Row, Skipped, column_letters, distinct_names

__all__ = ["Layout", "Record", "find_layout"]

_SEARCHED: Final = 10
_LONGEST_NAME: Final = 60
_REMARK: Final = re.compile(r"[^：:（(]{1,16}[：:]\s*\S.*", re.DOTALL)
_YEAR: Final = re.compile(r"(19|20)\d\d年?")
# Numbers, dates, times, phones: nothing but digits and what joins them.
_FIGURE: Final = re.compile(r"[+\-−]?[\d０-９][\d０-９\s.,:：/\-+%°年月日时点~～—至E]*")


@dataclass(frozen=True, slots=True)
class Record:
    """One line of cells before anyone knows which column is which."""

    number: int
    cells: Sequence[str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table and what stands above them.

    columns: distinct names. positions: the cell of each. last: the number of the header's last line.
    """

    columns: tuple[str, ...]
    positions: tuple[int, ...]
    last: int
    titles: tuple[Skipped, ...]

    def row(self, record: Record) -> Row:
        """Give a record its column names; text without a column becomes the row's problem, never lost."""
        cells, width = record.cells, len(record.cells)
        values = {
            name: cells[at] if at < width else ""
            for name, at in zip(self.columns, self.positions, strict=True)
        }
        problem = record.problem
        if width > len(self.positions) or self.positions[-1] >= len(self.positions):
            known = set(self.positions)
            stray = [at for at in range(width) if cells[at] and at not in known]
            if stray:
                quoted = ", ".join(f"{column_letters(at)} {cells[at][:40]!r}" for at in stray[:3])
                words = f"{len(stray)} cells stand in columns without a header: {quoted}"
                problem = f"{problem}; {words}" if problem else words
        return Row(record.number, values, problem)


def find_layout(records: Sequence[Record], name: str) -> Layout:
    """Find the header among the first records of a table.

    records: the beginning of the file, blank records included. name: of the file, for messages.
    The header is the first of the first ten records with two distinct cells or more that look like names (no
    number or date, and three in four no remark such as ``填报人：张三``) and fill half of the table's usual
    width. A second header line, under a cell that spans several columns, is joined to it. A column without a
    name is called after its letter (``列 E``) if the sample has data in it. A table of one column takes its
    first line as header.
    Raises TableError where there is no header, or nothing below it.
    """
    filled = [record for record in records if any(record.cells)]
    if not filled:
        raise TableError(f"{name} is empty: it has no row with text")
    usual = statistics.median(sum(map(bool, record.cells)) for record in filled)
    for at, record in enumerate(filled[:_SEARCHED]):
        if _is_header(record.cells, usual):
            below = filled[at + 1 :]
            header, second = _joined(record.cells, below[0].cells if below else ())
            last = below.pop(0).number if second else record.number
            if not below:
                raise TableError(f"{name} has a header on line {last} and no data below it")
            titles = tuple(_title(above) for above in filled[:at])
            return _layout(header, below, last, titles)
    first = filled[0]
    raise TableError(
        f"{name} has no header in its first {min(_SEARCHED, len(filled))} rows: one row must name the columns "
        f"(line {first.number} reads {' | '.join(filter(None, first.cells))[:80]!r})"
    )


def _layout(header: Sequence[str], below: Sequence[Record], last: int, titles: tuple[Skipped, ...]) -> Layout:
    used = {at for record in below for at, cell in enumerate(record.cells) if cell}
    # A ragged first row must not invent columns to the right of the header: cells there are strays.
    positions = [at for at, cell in enumerate(header) if cell or at in used]
    names = [header[at] or f"列 {column_letters(at)}" for at in positions]
    return Layout(distinct_names(names), tuple(positions), last, titles)


def _title(record: Record) -> Skipped:
    return Skipped(record.number, " ".join(dict.fromkeys(filter(None, record.cells))))


def _is_header(cells: Sequence[str], usual: float) -> bool:
    names = [cell for cell in cells if cell]
    if any(map(_is_figure, names)) or sum(map(_is_remark, names)) * 4 > len(names):
        return False
    if usual <= 1:
        return True
    return len(set(names)) >= 2 and len(names) * 2 >= usual


def _is_figure(cell: str) -> bool:
    return _FIGURE.fullmatch(cell) is not None and _YEAR.fullmatch(cell) is None


def _is_remark(cell: str) -> bool:
    return len(cell) > _LONGEST_NAME or _REMARK.fullmatch(cell) is not None


def _joined(first: Sequence[str], second: Sequence[str]) -> tuple[Sequence[str], bool]:
    """Join a second header line: one that fills only what the cells of the first span."""
    width = max(len(first), len(second))
    upper = [*first, *[""] * (width - len(first))]
    lower = [*second, *[""] * (width - len(second))]
    group = ""
    groups: list[str] = []
    for at, cell in enumerate(upper):
        group = cell or group
        spans = not cell or (at + 1 < width and not upper[at + 1] and bool(lower[at + 1]))
        groups.append(group if spans and lower[at] else "")
    below = [cell for cell in lower if cell]
    if len(below) < 2 or len(below) == width or any(_is_figure(cell) or _is_remark(cell) for cell in below):
        return first, False
    if any(cell and not under for cell, under in zip(lower, groups, strict=True)):
        return first, False
    names = [low or high for high, low in zip(upper, lower, strict=True)]
    repeated = {name for name in below if names.count(name) > 1}
    return [
        f"{under} {name}" if under and name in repeated else name
        for name, under in zip(names, groups, strict=True)
    ], True
