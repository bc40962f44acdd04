"""Where a ledger's header is: below titles and remarks, sometimes two lines high, above the data.

Works on records of cleaned text, whatever file they came from.
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from geo.errors import TableError
from geo.io.grids import Record
from geo.io.rows import Row, Skipped, column_letters, distinct_names

__all__ = ["Layout", "NoTable", "find_layout"]

_SEARCHED: Final = 10
_LONGEST_NAME: Final = 60
_REMARK: Final = re.compile(r"[^：:（(]{1,16}[：:]\s*\S.*", re.DOTALL)
_RUNNING: Final = frozenset({"序号", "编号", "行号", "号", "No", "No.", "NO", "NO."})
#: A ledger has some thirty columns; a thousand and more are the marks of a file that is none, or of a bomb.
_MOST_COLUMNS: Final = 1_000
_YEAR: Final = re.compile(r"(19|20)\d\d年?")
#: Columns of a year of figures: 3月, 2026年3月, 2026-03, and what a workbook makes of the last, its first day.
_MONTH: Final = re.compile(
    r"(?:(?:19|20)\d\d\s*年\s*)?\d{1,2}\s*月份?|(?:19|20)\d\d[-./](?:0?[1-9]|1[0-2])(?:-01)?"
)
# Numbers, dates, times, phones: nothing but digits and what joins them.
_FIGURE: Final = re.compile(r"[+\-−]?[\d０-９][\d０-９\s.,:：/\-+%°年月日时点~～—至E]*")


class NoTable(TableError):
    """Cells that are no table, while the file is sound: another of its sheets may be one. why: in a few words."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table and what stands above them.

    columns: distinct names. positions: the cell of each. last: the number of the header's last line. header: the
    cells of its lines as they stand.
    """

    columns: tuple[str, ...]
    positions: tuple[int, ...]
    last: int
    titles: tuple[Skipped, ...]
    header: tuple[tuple[str, ...], ...] = ()

    def row(self, record: Record, first: int = 0) -> Row:
        """Give a record its column names; text without a column becomes the row's problem, never lost.

        first: what the row's number begins after.
        """
        cells, width = record.cells, len(record.cells)
        values = {
            name: cells[at] if at < width else ""
            for name, at in zip(self.columns, self.positions, strict=True)
        }
        problem = record.problem
        if record.spoilt:
            problem = self._spoilt(record)
        if width > len(self.positions) or self.positions[-1] >= len(self.positions):
            known = set(self.positions)
            stray = [at for at in range(width) if cells[at] and at not in known]
            if stray:
                quoted = ", ".join(f"{column_letters(at)} {cells[at][:40]!r}" for at in stray[:3])
                words = f"{len(stray)} cells stand in columns without a header: {quoted}"
                problem = f"{problem}; {words}" if problem else words
        return Row(first + record.number, values, problem)

    def _spoilt(self, record: Record) -> str | None:
        """Join what is wrong with single cells; a running number, which nobody reads, spoils no row."""
        names = dict(zip(self.positions, self.columns, strict=True))
        words = [said for at, said in sorted(record.spoilt.items()) if names.get(at) not in _RUNNING]
        return "; ".join(filter(None, (record.problem, *words[:3]))) or None


def find_layout(records: Sequence[Record], name: str) -> Layout:
    """Find the header among the first records of a table.

    records: the beginning of the file, blank records included. name: of the file, for messages.
    The header is the first of the first ten records with two distinct cells or more that look like names (no
    number or date but the months of a wide table, and three in four no remark such as ``填报人：张三``) and fill half of the table's usual
    width. A second header line, under a cell that spans several columns, is joined to it. A column without a
    name is called after its letter (``列 E``) if the sample has data in it. A table of one column takes its
    first line as header.
    Raises NoTable where there is no header or nothing below it, TableError for more columns than any ledger has.
    """
    filled = [record for record in records if any(record.cells)]
    if not filled:
        raise NoTable(f"{name} is empty: it has no row with text", "empty")
    usual = statistics.median(sum(map(bool, record.cells)) for record in filled)
    for at, record in enumerate(filled[:_SEARCHED]):
        if _is_header(record.cells, usual):
            below = filled[at + 1 :]
            header, second = _joined(record.cells, below[0].cells if below else ())
            last = below.pop(0).number if second else record.number
            if not below:
                raise NoTable(f"{name} has a header on line {last} and no data below it", "without data")
            titles = tuple(_title(above) for above in filled[:at])
            raw = (tuple(record.cells), *((tuple(filled[at + 1].cells),) if second else ()))
            layout = _layout(header, below, last, titles, raw)
            if len(layout.columns) > _MOST_COLUMNS:
                raise TableError(
                    f"{name} has {len(layout.columns):,} columns on line {last}; a ledger has {_MOST_COLUMNS:,} at "
                    "most: delete those that are not needed"
                )
            return layout
    first = filled[0]
    raise NoTable(
        f"{name} has no header in its first {min(_SEARCHED, len(filled))} rows: one row must name the columns "
        f"(line {first.number} reads {' | '.join(filter(None, first.cells))[:80]!r})",
        "without a header",
    )


def _layout(
    header: Sequence[str],
    below: Sequence[Record],
    last: int,
    titles: tuple[Skipped, ...],
    raw: tuple[tuple[str, ...], ...],
) -> Layout:
    used = {at for record in below for at, cell in enumerate(record.cells) if cell}
    # A ragged first row must not invent columns to the right of the header: cells there are strays.
    positions = [at for at, cell in enumerate(header) if cell or at in used]
    names = [_harmless(header[at]) or f"列 {column_letters(at)}" for at in positions]
    return Layout(distinct_names(names), tuple(positions), last, titles, raw)


def _harmless(name: str) -> str:
    """Return a name without control characters and marks of direction, which make one column look like another."""
    if name.isprintable():
        return name
    kept = (" " if letter in "\n\t" else letter for letter in name)
    return "".join(
        letter for letter in kept if unicodedata.category(letter) not in {"Cc", "Cf", "Cs"}
    ).strip()


def _title(record: Record) -> Skipped:
    return Skipped(record.number, " ".join(dict.fromkeys(filter(None, record.cells))))


def _is_header(cells: Sequence[str], usual: float) -> bool:
    names = [cell for cell in cells if cell]
    figures = [cell for cell in names if _is_figure(cell)]
    if (figures and not _are_months(figures, names)) or sum(map(_is_remark, names)) * 4 > len(names):
        return False
    if usual <= 1:
        return True
    return len(set(names)) >= 2 and len(names) * 2 >= usual


def _are_months(figures: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether figures are the months of a wide table: several, each once, beside names; a title has one at most."""
    distinct = 2 <= len(figures) == len(set(figures)) < len(names)
    return distinct and all(_MONTH.fullmatch(cell) for cell in figures)


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
