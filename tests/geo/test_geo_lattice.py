"""Amounts on a sparse grid: nothing is lost or doubled on the way in, in the pack, and on cells of any size and CRS."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely.geometry import MultiPolygon, Polygon, box

from geo.bbox import BBox
from geo.errors import DemandError
from geo.gathering import gather_areas, gather_points
from geo.lattice import Lattice
from geo.splitting import shares

UTM = CRS.from_epsg(32647)
WGS84 = CRS.from_epsg(4326)
BORDER = box(101.4, 36.4, 102.2, 36.8)

cells = st.lists(
    st.tuples(st.integers(-40, 40), st.integers(-40, 40), st.floats(1e-3, 1e6)),
    min_size=1,
    max_size=60,
    unique_by=lambda cell: cell[:2],
)


def lattice(found: list[tuple[int, int, float]], crs: CRS, origin: Any, step: Any) -> Lattice:
    ordered = sorted(found, key=lambda cell: (cell[1], cell[0]))
    column, row, weight = (np.array(each) for each in zip(*ordered, strict=True))
    return Lattice(
        crs, origin, step, column.astype(np.int64), row.astype(np.int64), weight.astype(np.float64)
    )


@given(cells, st.sampled_from([50.0, 75.0, 130.0, 1_000.0, 7_777.0]), st.sampled_from([30.0, 100.0, 463.0]))
def test_what_is_divided_over_cells_of_the_same_plane_stays_what_it_was(
    found: list[tuple[int, int, float]], size: float, step: float
) -> None:
    grid = lattice(found, UTM, (700_000.0, 4_050_000.0), (step, step))
    laid = grid.on_cells(UTM, size)
    assert laid.weight.sum() == pytest.approx(grid.total, rel=1e-12)
    x, y = grid.middles()
    assert np.average(laid.xy[:, 0], weights=laid.weight) == pytest.approx(
        np.average(x, weights=grid.weight), abs=size / 2
    )
    assert np.average(laid.xy[:, 1], weights=laid.weight) == pytest.approx(
        np.average(y, weights=grid.weight), abs=size / 2
    )


@given(cells, st.sampled_from([60.0, 250.0, 1_000.0, 20_000.0]))
def test_what_is_laid_from_degrees_stays_what_it_was(
    found: list[tuple[int, int, float]], size: float
) -> None:
    grid = lattice(found, WGS84, (101.5, 36.5), (0.005, 0.005))
    laid = grid.on_cells(UTM, size)
    assert laid.weight.sum() == pytest.approx(grid.total, rel=1e-12)
    assert np.all(laid.weight > 0)


def test_squares_that_fit_into_cells_come_whole_and_leave_no_slivers() -> None:
    grid = lattice([(i, j, 1.0) for i in range(10) for j in range(10)], UTM, (0.0, 0.0), (100.0, 100.0))
    assert grid.on_cells(UTM, 500.0).weight.tolist() == pytest.approx([25.0] * 4)
    assert grid.on_cells(UTM, 50.0).weight.tolist() == pytest.approx([0.25] * 400)


def test_an_even_grid_makes_no_stripes_on_cells_that_do_not_fit_it() -> None:
    # Squares of 100 m on cells of 250 m: by their middles, cells would hold two or three in turn.
    grid = lattice([(i, j, 1.0) for i in range(50) for j in range(50)], UTM, (0.0, 0.0), (100.0, 100.0))
    assert grid.on_cells(UTM, 250.0).weight.tolist() == pytest.approx([6.25] * 400)


def test_pixels_in_degrees_lie_as_evenly_on_the_ground_as_they_are() -> None:
    grid = lattice([(i, j, 1.0) for i in range(60) for j in range(60)], WGS84, (101.5, 36.5), (0.001, 0.001))
    laid = grid.on_cells(UTM, 500.0)
    lon, lat = laid.lonlat()
    inner = (lon > 101.51) & (lon < 101.55) & (lat > 36.51) & (lat < 36.55)
    assert inner.sum() > 30
    assert laid.weight[inner].std() / laid.weight[inner].mean() < 0.02


@given(cells, st.booleans())
def test_a_packed_grid_is_read_as_it_was(found: list[tuple[int, int, float]], short: bool) -> None:
    if short:
        found = [(column, row, float(np.float32(weight))) for column, row, weight in found]
    grid = lattice(found, WGS84, (101.5, 36.5), (0.01, 0.02))
    again = Lattice.unpacked(grid.packed())
    assert again.crs == grid.crs
    assert (again.origin, again.step) == (grid.origin, grid.step)
    for name in ("column", "row", "weight"):
        np.testing.assert_array_equal(getattr(again, name), getattr(grid, name))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x00" * 64])
def test_bytes_that_are_no_grid_are_told(content: bytes) -> None:
    with pytest.raises(DemandError, match="damaged"):
        Lattice.unpacked(content)


def test_a_grid_of_a_later_form_is_not_guessed_at() -> None:
    packed = lattice([(0, 0, 1.0)], UTM, (0.0, 0.0), (1.0, 1.0)).packed()
    with np.load(io.BytesIO(packed)) as held:
        parts = dict(held)
    parts["about"] = np.frombuffer(
        parts["about"].tobytes().replace(b'"form": 1', b'"form": 2'), dtype=np.uint8
    )
    out = io.BytesIO()
    np.savez_compressed(out, **parts)
    with pytest.raises(DemandError, match="kept in form 2"):
        Lattice.unpacked(out.getvalue())


def test_a_cell_that_is_no_size_is_refused() -> None:
    grid = lattice([(0, 0, 1.0)], UTM, (0.0, 0.0), (100.0, 100.0))
    for size in (0.0, -5.0, float("nan"), float("inf")):
        with pytest.raises(DemandError, match="a number of metres above 0"):
            grid.on_cells(UTM, size)


def test_only_the_squares_of_a_box_are_kept_when_asked() -> None:
    grid = lattice([(0, 0, 1.0), (100, 0, 2.0)], WGS84, (101.5, 36.5), (0.001, 0.001))
    near = grid.kept(grid.in_box(BBox(101.49, 36.49, 101.51, 36.51)))
    assert near.weight.tolist() == [1.0]
    assert near.side_m() == pytest.approx(89.6, abs=0.5)


points = st.lists(
    st.tuples(st.floats(100.9, 102.9), st.floats(36.1, 37.1), st.floats(0, 1e5)), min_size=1, max_size=80
)


@given(points, st.integers(1, 5))
def test_points_are_inside_or_told_outside_and_none_is_lost(
    found: list[tuple[float, float, float]], parts: int
) -> None:
    given_points = np.array(found, dtype=np.float64)
    gathered = gather_points(
        ((part[:, 0], part[:, 1], part[:, 2]) for part in np.array_split(given_points, parts)),
        BORDER,
        crs=UTM,
    )
    inside = shapely.intersects_xy(BORDER, given_points[:, 0], given_points[:, 1])
    assert gathered.lattice.total == pytest.approx(given_points[inside, 2].sum(), rel=1e-12, abs=1e-9)
    assert gathered.outside == pytest.approx(given_points[~inside, 2].sum(), rel=1e-12, abs=1e-9)
    assert sum(each.amount for each in gathered.beyond) == pytest.approx(gathered.outside, rel=1e-9, abs=1e-9)
    for each in gathered.beyond:
        assert 100.5 <= each.lon <= 103.0
        assert 36.0 <= each.lat <= 37.5


def test_more_squares_than_are_kept_become_fewer_and_larger_and_hold_the_same() -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(101.45, 102.15, 20_000), rng.uniform(36.45, 36.75, 20_000)
    weight = rng.uniform(0, 3, 20_000)
    gathered = gather_points(
        ((lon[at : at + 500], lat[at : at + 500], weight[at : at + 500]) for at in range(0, 20_000, 500)),
        BORDER,
        crs=UTM,
        most=1_000,
    )
    assert len(gathered.lattice) <= 1_000
    assert gathered.lattice.step[0] > 10.0
    assert np.log2(gathered.lattice.step[0] / 10.0) == pytest.approx(
        round(float(np.log2(gathered.lattice.step[0] / 10.0)))
    )
    assert gathered.lattice.total == pytest.approx(weight.sum(), rel=1e-12)
    mx, my = gathered.lattice.lonlat()
    assert np.average(mx, weights=gathered.lattice.weight) == pytest.approx(
        np.average(lon, weights=weight), abs=0.01
    )
    assert np.average(my, weights=gathered.lattice.weight) == pytest.approx(
        np.average(lat, weights=weight), abs=0.01
    )


boxes = st.tuples(
    st.floats(101.2, 102.3),
    st.floats(36.2, 36.9),
    st.floats(0.001, 0.3),
    st.floats(0.001, 0.2),
    st.floats(0, 1e5),
)


@settings(max_examples=15)
@given(st.lists(boxes, min_size=1, max_size=5))
def test_areas_are_inside_or_told_outside_and_none_is_lost(
    found: list[tuple[float, float, float, float, float]],
) -> None:
    shapes = np.array([box(x, y, x + dx, y + dy) for x, y, dx, dy, _ in found], dtype=object)
    amounts = np.array([amount for *_, amount in found])
    gathered = gather_areas(shapes, amounts, BORDER, crs=UTM)
    assert gathered.total == pytest.approx(amounts.sum(), rel=1e-9, abs=1e-9)
    share = np.array([shape.intersection(BORDER).area / shape.area for shape in shapes])
    # By the middles of squares of 50 m or 100 m, along at most four edges of up to 30 km.
    narrow = np.array([min(dx * 89_000, dy * 111_000) for _, _, dx, dy, _ in found])
    allowed = float((amounts * np.minimum(1.0, 400.0 / narrow)).sum())
    assert gathered.lattice.total == pytest.approx(float((amounts * share).sum()), abs=allowed + 1e-6)


def test_an_area_with_an_amount_and_no_extent_is_named() -> None:
    shapes = np.array(
        [box(101.5, 36.5, 101.6, 36.6), MultiPolygon([box(101.5, 36.5, 101.5, 36.6)])], dtype=object
    )
    with pytest.raises(DemandError, match="row 2 has the amount 5"):
        gather_areas(shapes, np.array([1.0, 5.0]), BORDER, crs=UTM)


@given(
    st.lists(st.tuples(st.floats(-900, 900), st.floats(-900, 900)), min_size=3, max_size=30),
    st.sampled_from([7.0, 100.0, 450.0]),
)
def test_the_shares_of_a_shape_add_up_to_it_and_each_is_what_lies_in_its_cell(
    corners: list[tuple[float, float]], size: float
) -> None:
    shape = shapely.convex_hull(shapely.MultiPoint(corners))
    if not isinstance(shape, Polygon) or shape.area < 1.0:
        return
    column, row, area = shares(shape, size)
    assert area.sum() == pytest.approx(shape.area, rel=1e-9)
    at = int(np.argmax(area))
    here = (column == column[at]) & (row == row[at])
    cell = box(column[at] * size, row[at] * size, (column[at] + 1) * size, (row[at] + 1) * size)
    assert area[here].sum() == pytest.approx(shape.intersection(cell).area, rel=1e-9)


def test_an_outline_with_holes_and_a_hundred_thousand_vertices_is_divided_exactly() -> None:
    rng = np.random.default_rng(3)
    turn = np.sort(rng.uniform(0, 2 * np.pi, 100_000))
    radius = 20_000 * (1 + 0.2 * np.sin(9 * turn)) + rng.normal(0, 20, len(turn))
    outline = np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])
    shape = shapely.make_valid(Polygon(outline, [box(-3_000, -3_000, 2_500, 2_900).exterior.coords]))
    column, row, area = shares(shape, 500.0)
    assert area.sum() == pytest.approx(shape.area, rel=1e-9)
    assert area.max() <= 250_000 * (1 + 1e-9)
    hole = (column >= -5) & (column < 4) & (row >= -5) & (row < 4)
    assert not hole.any()


def test_a_shape_over_cells_beyond_number_is_refused() -> None:
    with pytest.raises(DemandError, match="ask larger cells"):
        shares(box(0, 0, 1e6, 1e6), 10.0)
