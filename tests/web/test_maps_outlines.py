"""The drawing format of the base map keeps every border within half a unit, and nothing that cannot be drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from web.maps.lakes import lakes
from web.maps.outlines import SCALE, Area, drawing, rings


def vertices(steps: list[int], scale: int = SCALE) -> np.ndarray:
    return np.cumsum(np.array(steps).reshape(-1, 2), axis=0) / scale


corners = st.lists(st.tuples(st.floats(73, 135), st.floats(18, 54)), min_size=3, max_size=30, unique=True)


@given(corners, st.sampled_from([10, 1000, 100_000]))
def test_a_ring_reads_back_within_half_a_unit(points: list[tuple[float, float]], scale: int) -> None:
    written = rings(Polygon(points), scale)
    if not written:
        return
    back = vertices(written[0][0], scale)
    rounded = np.rint(np.array(points) * scale) / scale
    for point in back:
        assert np.abs(rounded - point).max(axis=1).min() < 0.01 / scale
    for point in rounded:
        assert np.abs(back - point).max(axis=1).min() < 0.01 / scale


def test_a_square_is_four_vertices_without_the_closing_one() -> None:
    assert rings(box(101, 36, 101.5, 36.5)) == [[[101500, 36000, 0, 500, -500, 0, 0, -500]]]


def test_holes_and_parts_are_kept() -> None:
    holed = Polygon(box(0, 0, 3, 3).exterior, [box(1, 1, 2, 2).exterior])
    assert [len(polygon) for polygon in rings(MultiPolygon([holed, box(5, 5, 6, 6)]))] == [2, 1]


def test_what_is_smaller_than_a_unit_goes() -> None:
    speck = box(101.00001, 36.00001, 101.00002, 36.00002)
    assert rings(MultiPolygon([speck, box(102, 36, 103, 37)])) == rings(box(102, 36, 103, 37))
    assert rings(Polygon(box(0, 0, 3, 3).exterior, [speck.exterior])) == rings(box(0, 0, 3, 3))


def test_a_point_is_no_area() -> None:
    with pytest.raises(TypeError, match="Point"):
        rings(Point(101, 36))


def test_the_body_names_each_area_and_where_its_name_goes() -> None:
    body = drawing(
        [Area("630102", "城东区", "county", box(0, 0, 1, 1), (0.51234, 0.5), "城东")], [box(0, 0, 1, 1)]
    )
    assert body["scale"] == SCALE
    assert body["areas"] == [
        {
            "code": "630102", "name": "城东区", "short": "城东", "level": "county", "label": [0.512, 0.5],
            "shape": rings(box(0, 0, 1, 1)),
        }
    ]  # fmt: skip
    assert body["lakes"] == [rings(box(0, 0, 1, 1))]


def test_the_lakes_of_a_window_are_those_that_touch_it() -> None:
    qinghai_lake = lakes((99.5, 36.5, 100.8, 37.3))
    assert qinghai_lake
    assert all(lake.intersects(box(99.5, 36.5, 100.8, 37.3)) for lake in qinghai_lake)
    assert lakes((0, 0, 1, 1)) == []
    assert len(lakes((80, 25, 110, 45))) > len(qinghai_lake)
