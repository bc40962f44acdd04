"""Snapping by squares finds what looking at every segment finds, wherever places and segments lie."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.snapping import squares_of

METRES = st.floats(-3_000, 3_000, allow_nan=False).map(lambda value: round(value, 2))
POINT = st.tuples(METRES, METRES)


def every_segment(
    xy: np.ndarray, tail: np.ndarray, head: np.ndarray, point: np.ndarray, within_m: float
) -> tuple[int, float]:
    lines = shapely.linestrings(np.stack([xy[tail], xy[head]], axis=1))
    metres = shapely.distance(lines, shapely.points(point))
    best = int(np.argmin(metres))
    return (best, float(metres[best])) if metres[best] <= within_m else (-1, float("inf"))


@settings(max_examples=150)
@given(
    segments=st.lists(st.tuples(POINT, POINT), min_size=1, max_size=25),
    places=st.lists(POINT, min_size=1, max_size=12),
    within_m=st.sampled_from([1.0, 99.0, 100.0, 250.0, 1_000.0, 5_000.0]),
)
def test_the_nearest_segment_is_the_one_that_looking_at_all_of_them_finds(
    segments: list[tuple[tuple[float, float], tuple[float, float]]],
    places: list[tuple[float, float]],
    within_m: float,
) -> None:
    xy = np.array([end for segment in segments for end in segment], dtype=np.float64)
    tail, head = np.arange(0, len(xy), 2), np.arange(1, len(xy), 2)
    points = np.array(places, dtype=np.float64)
    found = squares_of(xy, tail, head).nearest(points, (xy, tail, head), within_m=within_m)
    for i, point in enumerate(points):
        best, metres = every_segment(xy, tail, head, point, within_m)
        if abs(metres - within_m) < 1e-6:
            continue
        assert (found.segment[i] == -1) == (best == -1)
        if best == -1:
            assert np.isinf(found.metres[i])
            continue
        assert found.metres[i] == pytest.approx(metres, abs=1e-6)
        at = xy[tail[found.segment[i]]] * (1 - found.along[i]) + xy[head[found.segment[i]]] * found.along[i]
        assert np.hypot(*(at - point)) == pytest.approx(metres, abs=1e-6)


def test_of_segments_equally_near_the_first_is_taken() -> None:
    xy = np.array([[0.0, 10.0], [50.0, 10.0], [0.0, -10.0], [50.0, -10.0]])
    tail, head = np.array([2, 0, 2]), np.array([3, 1, 3])
    found = squares_of(xy, tail, head).nearest(np.array([[20.0, 0.0]]), (xy, tail, head), within_m=100.0)
    assert found.segment.tolist() == [0]


def test_a_segment_of_many_kilometres_is_found_from_beside_its_middle() -> None:
    xy = np.array([[0.0, 0.0], [40_000.0, 30_000.0]])
    tail, head = np.array([0]), np.array([1])
    squares = squares_of(xy, tail, head)
    assert len(squares.square) < 4 * 500
    found = squares.nearest(np.array([[20_030.0, 14_960.0]]), (xy, tail, head), within_m=1_000.0)
    assert found.metres == pytest.approx([50.0])
    assert found.along == pytest.approx([0.5], abs=1e-9)


def test_without_segments_nothing_is_near() -> None:
    none = np.zeros(0, dtype=np.int64)
    xy = np.zeros((0, 2))
    found = squares_of(xy, none, none).nearest(np.array([[0.0, 0.0]]), (xy, none, none), within_m=1_000.0)
    assert found.segment.tolist() == [-1]
