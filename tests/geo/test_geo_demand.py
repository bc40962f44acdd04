"""Demand on cells: nothing is lost or doubled, layers share a grid, and amounts that are none are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from geo.bbox import BBox
from geo.demand import Cells, combine, from_points, from_polygons, from_raster, spread
from geo.errors import CrsError, DemandError, RasterError
from geo.io.rasters import open_raster

CRS = "EPSG:32647"
QINGHAI = box(300_000, 3_900_000, 900_000, 4_300_000)


def grid(
    tmp_path: Path,
    values: Any,
    *,
    pixel: float = 0.01,
    crs: str | None = "EPSG:4326",
    nodata: float | None = -1,
    **more: Any,
) -> Path:
    """Write a GeoTIFF whose upper left corner is 101° E, 37° N."""
    path = tmp_path / "people.tif"
    array = np.asarray(values, dtype=more.pop("dtype", "float32"))
    profile = {
        "driver": "GTiff",
        "height": array.shape[0],
        "width": array.shape[1],
        "count": 1,
        "dtype": array.dtype,
    }
    transform = more.pop("transform", rasterio.Affine(pixel, 0, 101, 0, -pixel, 37))
    with rasterio.open(path, "w", **profile, crs=crs, nodata=nodata, transform=transform) as file:
        file.write(array, 1)
    return path


point = st.tuples(st.floats(95, 103), st.floats(32, 39), st.floats(0, 1e6))


@given(st.lists(point, max_size=40), st.sampled_from([100.0, 250.0, 1000.0, 33_333.0]))
def test_points_keep_their_weight_and_lie_in_their_cell(
    points: list[tuple[float, float, float]], size: float
) -> None:
    lon, lat, weight = np.array(points, dtype=np.float64).reshape(-1, 3).T
    cells = from_points(lon, lat, weight, crs=CRS, size_m=size)
    assert cells.weight.sum() == pytest.approx(weight.sum(), rel=1e-12)
    assert len(np.unique(np.column_stack([cells.column, cells.row]), axis=0)) == len(cells)
    assert (cells.weight > 0).all()


@given(st.lists(point, min_size=1, max_size=40))
def test_what_lies_outside_the_border_is_told_and_not_lost(points: list[tuple[float, float, float]]) -> None:
    lon, lat, weight = np.array(points, dtype=np.float64).reshape(-1, 3).T
    cells = from_points(lon, lat, weight, crs=CRS, size_m=1000)
    kept = cells.within(QINGHAI)
    assert kept.weight.sum() + kept.outside == pytest.approx(weight.sum(), rel=1e-12)
    assert all(QINGHAI.contains(square.centroid) for square in kept.squares())


@given(
    st.lists(
        st.tuples(st.floats(0, 1e5), st.floats(0, 20_000), st.floats(0, 20_000), st.floats(10, 5_000)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([250.0, 900.0, 50_000.0]),
)
def test_areas_keep_their_counts_however_the_grid_cuts_them(
    areas: list[tuple[float, float, float, float]], size: float
) -> None:
    frame = gpd.GeoDataFrame(
        {"people": [people for people, *_ in areas]},
        geometry=[
            Polygon([(x, y), (x + side, y + side / 3), (x + side / 4, y + side)]) for _, x, y, side in areas
        ],
        crs=CRS,
    )
    cells = from_polygons(frame, "people", crs=CRS, size_m=size)
    assert cells.weight.sum() == pytest.approx(frame["people"].sum(), rel=1e-9)


def test_an_area_is_divided_by_how_much_of_each_cell_it_covers() -> None:
    frame = gpd.GeoDataFrame(
        {"people": [90.0, np.nan]}, geometry=[box(0, 0, 150, 100), box(0, 0, 1, 1)], crs=CRS
    )
    cells = from_polygons(frame, "people", crs=CRS, size_m=100)
    assert dict(zip(cells.column.tolist(), cells.weight.tolist(), strict=True)) == pytest.approx(
        {0: 60.0, 1: 30.0}
    )


@pytest.mark.parametrize("size", [100.0, 400.0, 5000.0])
@pytest.mark.parametrize("pixel", [0.0008, 0.01])
def test_a_raster_keeps_its_sum_in_fine_cells_and_in_coarse_ones(
    tmp_path: Path, size: float, pixel: float
) -> None:
    values = np.random.default_rng(3).uniform(0, 50, (20, 30)).astype("float32")
    values[3, 4] = -1
    cells = from_raster(open_raster(grid(tmp_path, values, pixel=pixel)), crs=CRS, size_m=size)
    assert cells.weight.sum() == pytest.approx(values[values > 0].astype("float64").sum(), rel=1e-9)


def test_coarse_pixels_leave_no_holes_between_fine_cells(tmp_path: Path) -> None:
    cells = from_raster(open_raster(grid(tmp_path, np.ones((4, 4)), pixel=0.01)), crs=CRS, size_m=200)
    wide, tall = np.ptp(cells.column) + 1, np.ptp(cells.row) + 1
    assert len(cells) > 0.9 * wide * tall


def test_only_the_asked_box_of_a_raster_is_read(tmp_path: Path) -> None:
    raster = open_raster(grid(tmp_path, np.ones((100, 100)), pixel=0.01))
    part = from_raster(raster, crs=CRS, size_m=5000, box=BBox(101.2, 36.5, 101.3, 36.6))
    assert 100 <= part.weight.sum() <= 13 * 13
    with pytest.raises(DemandError, match="is it of another place"):
        from_raster(raster, crs=CRS, size_m=5000, box=BBox(10.0, 50.0, 11.0, 51.0))


@given(st.lists(st.tuples(point, st.floats(0, 5)), min_size=1, max_size=8))
def test_layers_add_up_with_their_factors(layers: list[tuple[tuple[float, float, float], float]]) -> None:
    made = [
        (from_points([p[0]], [p[1]], [p[2]], crs=CRS, size_m=500, source=f"layer {i}"), factor)
        for i, (p, factor) in enumerate(layers)
    ]
    whole = combine(made)
    assert whole.weight.sum() == pytest.approx(
        sum(cells.weight.sum() * factor for cells, factor in made), rel=1e-12
    )


def test_layers_of_other_grids_or_factors_are_refused() -> None:
    one, other = (from_points([101.0], [36.0], crs=CRS, size_m=size) for size in (500, 250))
    with pytest.raises(DemandError, match="250 m and of 500 m"):
        combine([(one, 1.0), (other, 1.0)])
    with pytest.raises(CrsError, match="differ"):
        combine([(one, 1.0), (from_points([101.0], [36.0], crs="EPSG:32648", size_m=500), 1.0)])
    with pytest.raises(DemandError, match="-1"):
        combine([(one, -1.0)])
    with pytest.raises(DemandError, match="no layer"):
        combine([])


@pytest.mark.parametrize(
    ("lon", "lat", "weight", "words"),
    [
        ([101.0, 36.0], [36.0, 101.0], None, "row 1 lies at"),
        ([101.0], [float("nan")], None, "row 0 lies at"),
        ([101.0, 102.0], [36.0, 36.0], [1.0, -2.0], "row 1 has the amount -2"),
        ([101.0], [36.0], [float("inf")], "row 0 has the amount inf"),
    ],
)
def test_a_point_that_is_none_is_named(lon: list[float], lat: list[float], weight: Any, words: str) -> None:
    with pytest.raises(DemandError, match=words):
        from_points(lon, lat, weight, crs=CRS, size_m=100)


def test_degrees_are_no_metres() -> None:
    with pytest.raises(CrsError, match="not projected"):
        from_points([101.0], [36.0], crs="EPSG:4326", size_m=100)
    with pytest.raises(DemandError, match="above 0"):
        from_points([101.0], [36.0], crs=CRS, size_m=0)


def test_areas_without_a_column_a_shape_or_sensible_cells_are_refused() -> None:
    frame = gpd.GeoDataFrame({"people": [5.0]}, geometry=[Polygon()], crs=CRS)
    with pytest.raises(DemandError, match="no column 'count'"):
        from_polygons(frame, "count", crs=CRS, size_m=100)
    with pytest.raises(DemandError, match="no area to lay it on"):
        from_polygons(frame, "people", crs=CRS, size_m=100)
    with pytest.raises(DemandError, match="no coordinate reference system"):
        from_polygons(frame.set_crs(None, allow_override=True), "people", crs=CRS, size_m=100)
    huge = gpd.GeoDataFrame({"people": [5.0]}, geometry=[box(0, 0, 1e6, 1e6)], crs=CRS)
    with pytest.raises(DemandError, match="ask larger cells"):
        from_polygons(huge, "people", crs=CRS, size_m=10)


def test_rasters_that_cannot_be_amounts_are_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(RasterError, match="is no file"):
        open_raster(tmp_path / "none.tif")
    (tmp_path / "text.tif").write_text("not a raster", encoding="ascii")
    with pytest.raises(RasterError, match="cannot be read as a raster"):
        open_raster(tmp_path / "text.tif")
    with pytest.raises(RasterError, match="no coordinate reference system"):
        open_raster(grid(tmp_path, np.ones((2, 2)), crs=None))
    with pytest.raises(RasterError, match="no amount above 0"):
        open_raster(grid(tmp_path, np.full((5, 5), -1.0)))
    with pytest.raises(RasterError, match="says -5 at row 1, column 0"):
        open_raster(grid(tmp_path, [[1, 1], [-5, 1]]))
    with pytest.raises(RasterError, match="no band 2"):
        open_raster(grid(tmp_path, np.ones((2, 2))), band=2)
    with pytest.raises(RasterError, match="rotated"):
        open_raster(
            grid(
                tmp_path,
                np.ones((2, 2)),
                transform=rasterio.Affine(0.01, 0.002, 101, 0.002, -0.01, 37),
            )
        )


def test_a_forgotten_nodata_value_is_still_nobody(tmp_path: Path) -> None:
    raster = open_raster(grid(tmp_path, [[-9999, 4], [-9999, 6]], nodata=None))
    assert from_raster(raster, crs=CRS, size_m=1000).weight.sum() == pytest.approx(10)


def test_people_of_an_area_are_spread_over_its_places_and_known_numbers_stay() -> None:
    people = spread(
        [101.0] * 5, [36.0] * 5, [3000.0, np.nan, np.nan, 500.0, np.nan], ["630100", "630100", "630100", "630200", None],
        {"630100": 10_000.0, "630200": 400.0},
    )  # fmt: skip
    assert people.tolist() == [3000.0, 3500.0, 3500.0, 400.0, 0.0]
    with pytest.raises(DemandError, match="630300 has 7 people and no place"):
        spread([101.0], [36.0], [np.nan], ["630100"], {"630300": 7.0})


def test_cells_know_where_they_are() -> None:
    cells = Cells(
        from_points([101.0], [36.0], crs=CRS, size_m=100).crs,
        100.0,
        np.array([5]),
        np.array([7]),
        np.array([1.0]),
    )
    assert cells.xy.tolist() == [[550.0, 750.0]]
    assert cells.squares()[0].equals(box(500, 700, 600, 800))
