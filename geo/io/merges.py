"""Cells merged over several rows say the same of each of them, where the file says so and only there.

A county merged over twelve rows is written once and read twelve times; a cell that is merely empty stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence

from geo.io.grids import Merge, Record

__all__ = ["FillDown"]


class FillDown:
    """Fills merged cells downwards while a table passes. below: the number of the header's last line."""

    def __init__(self, merges: Sequence[Merge], *, below: int) -> None:
        self._spans: dict[int, list[tuple[int, int]]] = {}
        self._widths: dict[int, int] = {}
        for merge in sorted(merges):
            if merge.top > below and merge.bottom > merge.top:
                self._spans.setdefault(merge.left, []).append((merge.top, merge.bottom))
            if merge.top == merge.bottom:
                width = merge.right - merge.left + 1
                self._widths[merge.top] = max(width, self._widths.get(merge.top, 0))
        self._next = dict.fromkeys(self._spans, 0)
        self._held: dict[int, tuple[int, str]] = {}

    def width(self, number: int) -> int:
        """Return how many columns the widest merged cell of a row spans; 1 where none does."""
        return self._widths.get(number, 1)

    def filled(self, record: Record) -> Record:
        """Return a record with what is merged into it from above; records must come by growing number."""
        cells: list[str] | None = None
        for column, spans in self._spans.items():
            at = self._next[column]
            while at < len(spans) and spans[at][0] <= record.number:
                top, bottom = spans[at]
                # The row on which a merge begins may be one that holds nothing else and did not pass.
                if top == record.number:
                    self._held[column] = bottom, _cell(record.cells, column)
                at += 1
            self._next[column] = at
            bottom, text = self._held.get(column, (0, ""))
            if text and record.number <= bottom and not _cell(record.cells, column):
                if cells is None:
                    cells = list(record.cells)
                cells += [""] * (column + 1 - len(cells))
                cells[column] = text
        return record if cells is None else Record(record.number, cells, record.problem, record.spoilt)


def _cell(cells: Sequence[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""
