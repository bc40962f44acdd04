"""What stations offer, put together for each cell: by hand, and as a plain loop over all pairs finds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage import offered, packed
from geo.errors import CoordinateError
from geo.reach import Pairs


def pairs_of(rows: list[list[int]]) -> Pairs:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    place = np.array([cell for row in rows for cell in row], dtype=np.int64)
    return Pairs(starts, place, np.zeros(len(place)))


def test_a_cell_finds_what_any_of_its_stations_has() -> None:
    marks = packed([[True, False, False], [False, True, False], [False, False, True]])
    assert marks.tolist() == [1, 2, 4]
    found = offered(pairs_of([[0, 1], [1], [3]]), marks, 5)
    assert found.tolist() == [1, 3, 0, 4, 0]


def test_without_stations_nobody_finds_anything() -> None:
    assert offered(pairs_of([]), [], 3).tolist() == [0, 0, 0]
    assert offered(pairs_of([[], []]), [1, 2], 2).tolist() == [0, 0]


def test_the_sixty_fourth_mark_is_as_good_as_the_first() -> None:
    row = [False] * 63 + [True]
    assert offered(pairs_of([[0]]), packed([row]), 1).tolist() == [1 << 63]


@given(st.data())
def test_marks_are_put_together_as_a_loop_over_all_pairs_does(data: st.DataObject) -> None:
    cells, width = data.draw(st.integers(1, 8)), data.draw(st.integers(0, 64))
    rows = data.draw(st.lists(st.sets(st.integers(0, cells - 1)), max_size=6))
    has = data.draw(
        st.lists(
            st.lists(st.booleans(), min_size=width, max_size=width), min_size=len(rows), max_size=len(rows)
        )
    )
    marks = packed(np.array(has, dtype=bool).reshape(len(rows), width))
    found = offered(pairs_of([sorted(row) for row in rows]), marks, cells)
    for cell in range(cells):
        for bit in range(width):
            expected = any(cell in row and own[bit] for row, own in zip(rows, has, strict=True))
            assert bool(int(found[cell]) >> bit & 1) == expected


def test_marks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(CoordinateError, match="at most 64"):
        packed([[True] * 65])
    with pytest.raises(CoordinateError, match="2 stations and 1 marks"):
        offered(pairs_of([[0], [0]]), [1], 1)
