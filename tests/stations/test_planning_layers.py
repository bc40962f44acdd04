"""Layers of demand on the small registry: read once, kept, laid on runs, removed; and what is wrong with bad ones."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layer_files import areas, raster, table, workbook
from shapely.geometry import LineString, Point, box
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.datum import Datum, from_wgs84
from geo.errors import CrsError, DemandError, FileError, RasterError
from geo.mainland import Mainland
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import SHANGHAI
from stations.models import Change, DemandGrid, DemandLayer
from stations.planning import CENSUS, CoverageQuestion, inputs, layers, measure, runs
from stations.planning.layer_files import Reading, look
from stations.planning.layers import Facts
from stations.registry.areas import Areas
from stations.registry.writing import acting
from stations.schema import differences

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
#: The squares of the registry: 101.4 to 102.2, 36.4 to 36.8.
MINHE, LANZHOU = (102.1, 36.6), (103.8, 36.05)
NUMBER = count(1).__next__
ORDERS = ("经度", "纬度", "订单量")


@pytest.fixture
def bring(qinghai: Session, operator: int) -> Callable[..., DemandLayer]:
    """Bring a file as a layer."""

    def make(path: Path, name: str = "人口", *, year: int | None = 2020, **reading: Any) -> DemandLayer:
        facts = Facts(name, "residents", "人", "WorldPop", "CC BY 4.0", year)
        with acting(qinghai, operator, reason=f"layer {name}"):
            return layers.add(qinghai, path, facts, Reading(**reading), actor=operator, now=NOW)

    return make


def laid(session: Session, *names: tuple[str, float], **asked: Any) -> Any:
    question = CoverageQuestion(layers=names, **({"size_m": 1_000.0} | asked))
    return inputs.demand(session, Areas.load(session), question)


def test_the_tables_are_those_of_the_models(qinghai: Session) -> None:
    assert [each for each in differences(qinghai.connection()) if "demand_" in str(each)] == []


# Kept and laid


def test_a_raster_is_kept_by_its_own_pixels_and_what_lies_outside_is_told_with_its_place(
    bring: Callable[..., DemandLayer], qinghai: Session, tmp_path: Path
) -> None:
    values = np.arange(400.0).reshape(20, 20) + 1
    layer = bring(raster(tmp_path / "pop.tif", values, west=101.3, north=36.9))
    inside = values[2:10, 2:18].sum()
    assert (layer.form, layer.squares, layer.total) == ("raster", 8 * 16, pytest.approx(values.sum()))
    assert layer.outside == pytest.approx(values.sum() - inside)
    assert layer.elsewhere[0]["where"] in {"青海省", "甘肃省"}
    assert sum(each["amount"] for each in layer.elsewhere) == pytest.approx(layer.outside)
    assert layer.side_m == pytest.approx(4_470, rel=0.01)
    assert layer.reading["crs"] == "EPSG:4326"
    cells = laid(qinghai, ("人口", 1.0))
    assert cells.weight.sum() == pytest.approx(inside)
    assert cells.outside == pytest.approx(layer.outside)
    assert layer.largest[0]["region"] == "630222"


def test_layers_add_up_with_their_factors_beside_the_census_or_without_it(
    bring: Callable[..., DemandLayer], qinghai: Session, operator: int, tmp_path: Path
) -> None:
    bring(table(tmp_path / "a.csv", ORDERS, [[*MINHE, 10]]), "午间", datum=Datum.WGS84)
    bring(table(tmp_path / "b.csv", ORDERS, [[101.5, 36.5, 4]]), "夜间", datum=Datum.WGS84)
    cells = laid(qinghai, ("午间", 0.5), ("夜间", 3.0))
    assert sorted(cells.weight.tolist()) == pytest.approx([5.0, 12.0])
    found = measure(qinghai, CoverageQuestion(layers=(("午间", 0.5), ("夜间", 3.0))), now=NOW)
    assert found.areas["county"]["people"].to_dict() == pytest.approx({"630102": 12.0, "630222": 5.0})
    assert found.basis["estimated_demand"] is False
    (noon, night) = found.basis["layers"]
    assert (noon["name"], noon["factor"], noon["source"], noon["year"]) == ("午间", 0.5, "WorldPop", 2020)
    assert (night["total"], night["outside"], len(night["sha256"])) == (4.0, 0.0, 64)


def test_the_basis_of_a_run_is_kept_with_it_and_names_the_layer(
    bring: Callable[..., DemandLayer], qinghai: Session, operator: int, tmp_path: Path
) -> None:
    layer = bring(table(tmp_path / "a.csv", ORDERS, [[*MINHE, 10]]), datum=Datum.WGS84)
    question = CoverageQuestion(layers=(("人口", 2.0),))
    with acting(qinghai, operator, reason="a run"):
        run = runs.ask(qinghai, question, title="一", actor=operator)
        runs.finish(qinghai, run.id, measure(qinghai, question, now=NOW), now=NOW, seconds=1.0)
    qinghai.expire_all()
    assert runs.get(qinghai, run.id).basis["layers"][0]["id"] == layer.id
    assert [each.id for each in layers.uses(qinghai, layer)] == [run.id]


@pytest.mark.parametrize("datum", [Datum.WGS84, Datum.GCJ02, Datum.BD09])
def test_points_lie_where_their_datum_says(
    bring: Callable[..., DemandLayer], qinghai: Session, tmp_path: Path, datum: Datum
) -> None:
    mainland = Mainland.from_geometry(box(73, 18, 135, 54))
    lon, lat = from_wgs84([MINHE[0]], [MINHE[1]], datum, mainland=mainland)
    layer = bring(table(tmp_path / "a.csv", ORDERS, [[f"{lon[0]:.7f}", f"{lat[0]:.7f}", 8]]), datum=datum)
    x, y = layers.lattice(qinghai, layer).lonlat()
    assert (x[0], y[0]) == (pytest.approx(MINHE[0], abs=1e-4), pytest.approx(MINHE[1], abs=1e-4))


def test_a_workbook_s_columns_are_guessed_from_its_header(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    path = workbook(
        tmp_path / "orders.xlsx", ("序号", "商圈", "经度", "纬度", "订单量"),
        [[1, "甲", *MINHE, 1_200], [2, "乙", 101.5, 36.5, 300], [3, "丙", 101.6, 36.5, None]],
    )  # fmt: skip
    guess = look(path).guess
    assert (guess.lon, guess.lat, guess.weight, guess.datum) == ("经度", "纬度", "订单量", None)
    layer = bring(path, datum=Datum.WGS84)
    assert (layer.total, layer.form) == (1_500.0, "points")
    assert layer.reading["left_out"] == {"no amount": 1}
    assert layer.reading["weight"] == "订单量"


def test_every_row_counts_as_one_where_that_is_said(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    path = table(tmp_path / "a.csv", ("经度", "纬度"), [[*MINHE], [*MINHE], ["", 36.5], [101.5, 36.5]])
    layer = bring(path, weight="", datum=Datum.WGS84)
    assert layer.total == 3.0
    assert layer.reading["left_out"] == {"no position": 1}


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".zip"])
def test_areas_are_divided_by_area_whatever_the_format(
    bring: Callable[..., DemandLayer], qinghai: Session, tmp_path: Path, suffix: str
) -> None:
    # Half of the second lies beyond the eastern border.
    shapes = [box(101.4, 36.4, 101.8, 36.8), box(102.0, 36.4, 102.4, 36.8)]
    layer = bring(areas(tmp_path / f"areas{suffix}", shapes, 人口=[1_000, 600]))
    assert layer.form == "areas"
    assert layer.total == pytest.approx(1_600)
    assert layer.outside == pytest.approx(300, abs=3)
    found = measure(qinghai, CoverageQuestion(layers=(("人口", 1.0),)), now=NOW)
    people = found.areas["county"]["people"].to_dict()
    assert people["630102"] == pytest.approx(500, rel=0.03)
    assert people["630222"] == pytest.approx(300, rel=0.03)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".zip"])
def test_points_of_a_vector_file_come_with_their_weights(
    bring: Callable[..., DemandLayer], tmp_path: Path, suffix: str
) -> None:
    path = areas(
        tmp_path / f"points{suffix}", [Point(*MINHE), Point(101.5, 36.5), Point(*LANZHOU)], orders=[3, 4, 5]
    )
    layer = bring(path)
    assert (layer.form, layer.total, layer.outside) == ("points", 12.0, 5.0)
    assert layer.elsewhere[0]["where"] == "甘肃省"


def test_a_geotiff_in_an_archive_is_read(bring: Callable[..., DemandLayer], tmp_path: Path) -> None:
    path = raster(tmp_path / "pop.tif", np.ones((4, 4)))
    packed = tmp_path / "GHS_POP.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "../GHS_POP.tif")
        archive.writestr("readme.txt", "about it")
    assert bring(packed).total == 16.0
    assert not (tmp_path.parent / "GHS_POP.tif").exists()


def test_a_raster_in_a_world_projection_lies_where_one_in_degrees_does(
    bring: Callable[..., DemandLayer], qinghai: Session, tmp_path: Path
) -> None:
    # GHS-POP comes in Mollweide, whose squares are sheared by tens of degrees here.
    mollweide = "ESRI:54009"
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", mollweide, always_xy=True).transform(101.8, 36.6)
    path = raster(
        tmp_path / "ghs.tif",
        np.ones((10, 10)),
        west=x - 5_000,
        north=y + 5_000,
        pixel=1_000.0,
        crs=mollweide,
        nodata=-200,
    )
    bring(path)
    cells = laid(qinghai, ("人口", 1.0))
    lon, lat = cells.lonlat()
    assert cells.weight.sum() == pytest.approx(100)
    assert np.average(lon, weights=cells.weight) == pytest.approx(101.8, abs=0.005)
    assert np.average(lat, weights=cells.weight) == pytest.approx(36.6, abs=0.005)


def test_a_run_about_one_county_takes_what_is_near_and_tells_the_rest_as_outside(
    bring: Callable[..., DemandLayer], qinghai: Session, tmp_path: Path
) -> None:
    bring(raster(tmp_path / "pop.tif", np.ones((8, 16))))
    found = measure(qinghai, CoverageQuestion(region="630222", layers=(("人口", 1.0),)), now=NOW)
    assert set(found.region) == {"630222"}
    assert found.summary["people"] == pytest.approx(32, rel=0.02)
    assert found.summary["people"] + found.cells.outside == pytest.approx(128)


# Properties: from the file to the figures of a run nothing is lost or doubled

#: One at least lies inside with a weight, further from the border than half the widest cell: a run about nobody is refused.
some_points = st.builds(
    lambda sure, more, at: [*more[:at], sure, *more[at:]],
    st.tuples(st.floats(101.55, 102.05), st.floats(36.5, 36.7), st.integers(1, 10_000)),
    st.lists(st.tuples(st.floats(101.0, 102.6), st.floats(36.2, 37.0), st.integers(0, 10_000)), max_size=29),
    st.integers(0, 29),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=some_points, size=st.sampled_from([50.0, 330.0, 1_000.0, 12_345.0]), factor=st.floats(0.1, 9.0))
def test_points_keep_their_weight_from_the_file_to_the_run(
    bring: Callable[..., DemandLayer],
    qinghai: Session,
    operator: int,
    tmp_path: Path,
    *,
    found: list[tuple[float, float, int]],
    size: float,
    factor: float,
) -> None:
    layer = bring(table(tmp_path / "p.csv", ORDERS, found), name=f"第{NUMBER()}层", datum=Datum.WGS84)
    whole = float(sum(weight for *_, weight in found))
    assert layer.total == pytest.approx(whole)
    _everybody_counts(qinghai, layer, whole, factor, size)
    with acting(qinghai, operator, reason="again"):
        assert layers.remove(qinghai, layer.id, now=NOW)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    pixel=st.sampled_from([0.004, 0.013, 0.05]),
    west=st.floats(101.35, 101.8),
    size=st.sampled_from([300.0, 1_000.0]),
)
def test_pixels_keep_their_weight_from_the_file_to_the_run(
    bring: Callable[..., DemandLayer],
    qinghai: Session,
    operator: int,
    tmp_path: Path,
    *,
    seed: int,
    pixel: float,
    west: float,
    size: float,
) -> None:
    values = np.random.default_rng(seed).gamma(0.5, 100.0, (24, 24)).astype("float32")
    layer = bring(
        raster(tmp_path / "r.tif", values, west=west, north=36.79, pixel=pixel), name=f"第{NUMBER()}层"
    )
    assert layer.total == pytest.approx(float(values.sum(dtype="float64")))
    _everybody_counts(qinghai, layer, float(values.sum(dtype="float64")), 2.5, size)
    with acting(qinghai, operator, reason="again"):
        assert layers.remove(qinghai, layer.id, now=NOW)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.floats(101.42, 102.0), st.floats(36.42, 36.7), st.floats(0.02, 0.3), st.integers(1, 10_000)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_areas_keep_their_counts_from_the_file_to_the_run(
    bring: Callable[..., DemandLayer],
    qinghai: Session,
    operator: int,
    tmp_path: Path,
    found: list[tuple[float, float, float, int]],
) -> None:
    shapes = [Point(x + side, y + side).buffer(side) for x, y, side, _ in found]
    layer = bring(
        areas(tmp_path / f"{NUMBER():d}.geojson", shapes, 人口=[amount for *_, amount in found]),
        name=f"第{NUMBER()}层",
    )
    whole = float(sum(amount for *_, amount in found))
    assert layer.total == pytest.approx(whole)
    _everybody_counts(qinghai, layer, whole, 1.0, 2_000.0)
    with acting(qinghai, operator, reason="again"):
        assert layers.remove(qinghai, layer.id, now=NOW)


def _everybody_counts(session: Session, layer: DemandLayer, whole: float, factor: float, size: float) -> None:
    """The people of all counties and those outside are the people of the file, times the factor."""
    question = CoverageQuestion(layers=((layer.name, factor),), size_m=size)
    found = measure(session, question, now=NOW)
    for level in ("county", "prefecture", "province"):
        people = float(found.areas[level]["people"].sum())
        assert people + found.cells.outside == pytest.approx(whole * factor, rel=1e-9)
        assert people == pytest.approx(found.summary["people"])


# Bad input, each in words


def refused(bring: Callable[..., DemandLayer], path: Path, **reading: Any) -> Exception:
    with pytest.raises((FileError, DemandError, CrsError, Invalid)) as caught:
        bring(path, **reading)
    return caught.value


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"values": np.ones((4, 4)), "crs": None}, "no coordinate reference system"),
        ({"values": np.full((4, 4), -1.0)}, "all of it is nodata"),
        ({"values": np.full((4, 4), np.nan), "nodata": None}, "all of it is nodata"),
        ({"values": [[1.0, -7.0], [1.0, 1.0]]}, "says -7 at row 0, column 1"),
        ({"values": [[1.0, np.inf], [1.0, 1.0]]}, "says inf at row 0, column 1"),
        ({"values": np.ones((4, 4)), "crs": "EPSG:32647"}, "measures in metres, and its numbers are degrees"),
        ({"values": np.ones((4, 4)), "west": LANZHOU[0], "north": LANZHOU[1]}, "甘肃省 (around 103.90"),
        ({"values": np.ones((4, 4)), "west": 36.5, "north": 80.0}, "outside this registry altogether: it is of no province"),
    ],
)  # fmt: skip
def test_a_raster_that_cannot_be_a_layer_says_why(
    bring: Callable[..., DemandLayer], tmp_path: Path, written: dict[str, Any], said: str
) -> None:
    assert said in str(refused(bring, raster(tmp_path / "bad.tif", **written)))


def test_pixels_without_data_are_no_people(bring: Callable[..., DemandLayer], tmp_path: Path) -> None:
    values = np.array([[1.0, np.nan], [-1.0, 5.0]])
    assert bring(raster(tmp_path / "holes.tif", values)).total == 6.0


def test_a_raster_of_huge_dimensions_is_refused_before_it_fills_the_memory(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    # Empty tiles take no room in the file: a bomb of some kilobytes.
    import rasterio

    wide = tmp_path / "wide.tif"
    with rasterio.open(
        wide, "w", driver="GTiff", width=2_500_000, height=4, count=1, dtype="uint8", crs="EPSG:4326",
        transform=rasterio.Affine(1e-6, 0, 101.4, 0, -0.1, 36.8), tiled=True, blockxsize=256, blockysize=256,
        SPARSE_OK="TRUE",
    ):  # fmt: skip
        pass
    assert "more than 2,000,000 in a row" in str(refused(bring, wide))
    many = tmp_path / "many.tif"
    with rasterio.open(
        many, "w", driver="GTiff", width=60_000, height=40_000, count=1, dtype="uint8", crs="EPSG:4326",
        transform=rasterio.Affine(1.3e-5, 0, 101.41, 0, -9e-6, 36.79), tiled=True, blockxsize=256, blockysize=256,
        SPARSE_OK="TRUE",
    ):  # fmt: skip
        pass
    assert many.stat().st_size < 4_000_000
    assert "pixels to read, more than 1,000,000,000" in str(refused(bring, many))
    block = tmp_path / "block.tif"
    with rasterio.open(
        block, "w", driver="GTiff", width=20_000, height=20_000, count=1, dtype="uint8", crs="EPSG:4326",
        transform=rasterio.Affine(1e-5, 0, 101.5, 0, -1e-5, 36.7), tiled=True, blockxsize=20_000, blockysize=20_000,
        SPARSE_OK="TRUE",
    ):  # fmt: skip
        pass
    assert "stored in blocks of 20,000 × 20,000 pixels" in str(refused(bring, block))


def test_a_file_that_names_others_is_not_opened_as_a_raster(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    hidden = raster(tmp_path / "hidden.tif", np.ones((4, 4)))
    vrt = tmp_path / "pop.tif"
    vrt.unlink(missing_ok=True)
    vrt.write_text(
        f'<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f"<SourceFilename>{hidden}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>",
        encoding="utf-8",
    )
    assert isinstance(refused(bring, vrt, datum=Datum.WGS84), FileError)


def test_a_broken_raster_is_told(bring: Callable[..., DemandLayer], tmp_path: Path) -> None:
    path = raster(
        tmp_path / "pop.tif", np.random.default_rng(1).random((400, 400)), pixel=0.001, compress="deflate"
    )
    path.write_bytes(path.read_bytes()[:20_000])
    assert isinstance(refused(bring, path), RasterError)
    path.write_bytes(b"II*\x00 and nothing of a raster")
    assert "cannot be read as a raster" in str(refused(bring, path))


def test_an_archive_that_unpacks_to_too_much_is_refused(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("pop.tif", "w") as part:
        for _ in range(100):
            part.write(bytes(1 << 20))
    assert "too much" in str(refused(bring, bomb))


@pytest.mark.parametrize(
    ("header", "row", "reason", "said"),
    [
        (("经度", "纬度", "商圈"), [*MINHE, "甲"], "no_weight", "no column that is clearly an amount"),
        (("经度", "纬度", "订单量"), [*MINHE, "很多"], "no_weight", "no column that is clearly an amount"),
        (("经度", "纬度", "订单量"), [*MINHE, -3], "bad_amount", "row 3: 订单量 says '-3'"),
        (("经度", "纬度", "订单量"), [*MINHE, "1e400"], "bad_amount", "row 3: 订单量 says '1e400'"),
        (("经度", "纬度", "订单量"), [*MINHE, "inf"], "bad_amount", "row 3: 订单量 says 'inf'"),
        (("区", "订单量"), ["民和", 3], "no_position", "no column of positions"),
    ],
)
def test_a_table_that_cannot_be_a_layer_says_why(
    bring: Callable[..., DemandLayer],
    tmp_path: Path,
    *,
    header: tuple[str, ...],
    row: list[object],
    reason: str,
    said: str,
) -> None:
    good = [
        cell if isinstance(cell, float) else 5 if name == "订单量" else "乙"
        for name, cell in zip(header, row, strict=True)
    ]
    rows = [row, row] if "很多" in row else [good, row]
    error = refused(bring, workbook(tmp_path / "bad.xlsx", header, rows), datum=Datum.WGS84)
    assert isinstance(error, Invalid)
    assert (error.reason, said in str(error)) == (reason, True), str(error)


def test_amounts_that_are_no_number_yet_are_unknown_and_counted_as_left_out(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    rows = [[*MINHE, 4], [*MINHE, "nan"], [*MINHE, "-"], [*MINHE, ""], [*MINHE, "1,200"]]
    layer = bring(table(tmp_path / "gaps.csv", ORDERS, rows), weight="订单量", datum=Datum.WGS84)
    assert (layer.total, layer.reading["left_out"]) == (1_204.0, {"no amount": 3})


def test_a_column_of_text_that_was_chosen_as_the_amount_is_told_with_its_row(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    path = table(tmp_path / "bad.csv", ("经度", "纬度", "商圈"), [[*MINHE, "大十字"]])
    error = refused(bring, path, weight="商圈", datum=Datum.WGS84)
    assert "row 2: 商圈 says '大十字'" in str(error)
    assert "has no column '人口'" in str(refused(bring, path, weight="人口", datum=Datum.WGS84))


def test_a_table_must_say_its_datum(bring: Callable[..., DemandLayer], tmp_path: Path) -> None:
    error = refused(bring, table(tmp_path / "a.csv", ORDERS, [[*MINHE, 1]]))
    assert isinstance(error, Invalid)
    assert error.reason == "datum"


@pytest.mark.parametrize(
    ("rows", "reason", "said"),
    [
        ([[36.6, 102.1, 5], [36.5, 101.5, 2]], "swapped", "longitude and latitude are exchanged"),
        ([[*LANZHOU, 5]], "elsewhere", "甘肃省 (around 103.80, 36.05)"),
        ([[2.35, 48.85, 5]], "elsewhere", "no province of China (around 2.35, 48.85)"),
        ([[*MINHE, 0]], "nothing", "no amount above 0"),
    ],
)
def test_points_that_lie_elsewhere_are_told_where(
    bring: Callable[..., DemandLayer], tmp_path: Path, rows: list[list[float]], reason: str, said: str
) -> None:
    error = refused(bring, table(tmp_path / "far.csv", ORDERS, rows), datum=Datum.WGS84)
    assert isinstance(error, Invalid)
    assert (error.reason, said in str(error)) == (reason, True), str(error)


def test_metres_where_degrees_are_asked_are_told(bring: Callable[..., DemandLayer], tmp_path: Path) -> None:
    path = table(tmp_path / "metres.csv", ORDERS, [[777_000.5, 4_055_000.1, 5]])
    assert "no degrees but metres" in str(refused(bring, path, datum=Datum.WGS84))
    path = tmp_path / "metres.geojson"
    shape = shapely.to_geojson(box(777_000, 4_055_000, 778_000, 4_056_000))
    feature = f'{{"type": "Feature", "properties": {{"人口": 5}}, "geometry": {shape}}}'
    path.write_text(f'{{"type": "FeatureCollection", "features": [{feature}]}}', encoding="utf-8")
    assert "its numbers are metres" in str(refused(bring, path))


def test_areas_without_a_count_and_lines_are_refused(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    square = box(101.5, 36.5, 101.6, 36.6)
    path = areas(tmp_path / "names.geojson", [square], 名称=["甲"])
    assert "has no column of amounts; name one of 名称" in str(refused(bring, path))
    path = areas(tmp_path / "negative.geojson", [square], 人口=[-5])
    assert "row 1: 人口 says '-5'" in str(refused(bring, path))
    path = areas(tmp_path / "routes.geojson", [LineString([MINHE, (101.5, 36.5)])], 车次=[5])
    assert "holds lines" in str(refused(bring, path))


def test_a_polygon_of_a_million_vertices_is_divided_and_more_than_five_million_are_refused(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    turn = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    radius = 0.15 + 0.01 * np.sin(200 * turn)
    ring = np.column_stack([101.8 + radius * np.cos(turn), 36.6 + radius * np.sin(turn)])
    shape = shapely.Polygon(ring)
    layer = bring(areas(tmp_path / "million.gpkg", [shape], 人口=[90_000]))
    assert (layer.total, layer.outside) == (pytest.approx(90_000), 0.0)
    assert layer.squares * layer.side_m**2 == pytest.approx(shape.area * 89_400 * 111_000, rel=0.05)
    many = areas(tmp_path / "many.gpkg", [shape] * 6, 人口=[1] * 6)
    assert "6,000,006 vertices, more than 5,000,000" in str(refused(bring, many, name="更多"))


def test_a_name_that_is_taken_is_told_before_the_file_is_read(
    bring: Callable[..., DemandLayer], tmp_path: Path
) -> None:
    path = table(tmp_path / "a.csv", ORDERS, [[*MINHE, 1]])
    bring(path, datum=Datum.WGS84)
    with pytest.raises(Conflict, match="called '人口' already"):
        bring(tmp_path / "nothing.csv", datum=Datum.WGS84)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        (("census", "residents", "人", "x"), "name"),
        (("a=b", "residents", "人", "x"), "name"),
        (("", "residents", "人", "x"), "name"),
        (("a\nb", "residents", "人", "x"), "name"),
        (("甲", "people", "人", "x"), "counts"),
        (("甲", "residents", "", "x"), "unit"),
        (("甲", "residents", "人", " "), "source"),
        (("甲", "residents", "人", "x", None, 20), "year"),
    ],
)
def test_what_is_said_of_a_layer_is_held_to_its_bounds(facts: tuple[Any, ...], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        Facts(*facts)
    assert caught.value.field == field


def test_a_run_of_a_layer_that_is_not_there_names_those_that_are(
    bring: Callable[..., DemandLayer], qinghai: Session, tmp_path: Path
) -> None:
    bring(table(tmp_path / "a.csv", ORDERS, [[*MINHE, 1]]), datum=Datum.WGS84)
    with pytest.raises(NotFound, match="called '订单'; there is 'census', '人口'"):
        laid(qinghai, ("订单", 1.0))


# The guard


def test_a_run_that_would_outgrow_the_memory_is_refused_with_numbers_and_with_what_to_ask(
    bring: Callable[..., DemandLayer], qinghai: Session, tmp_path: Path
) -> None:
    bring(raster(tmp_path / "pop.tif", np.ones((8, 16))))
    found = Areas.load(qinghai)
    question = CoverageQuestion(layers=(("人口", 1.0),), size_m=50.0)
    with pytest.raises(
        Invalid, match=r"about 1,059,968 with 0 pairs .* 0.5 GB .* ask cells of 85 m or larger"
    ) as caught:
        inputs.guard(qinghai, found, question, free_bytes=2e8)
    assert (caught.value.field, caught.value.reason) == ("size_m", "memory")
    inputs.guard(qinghai, found, question, free_bytes=1e9)
    larger = CoverageQuestion(layers=(("人口", 1.0),), size_m=85.0)
    inputs.guard(qinghai, found, larger, free_bytes=2e8)
    smaller = CoverageQuestion(layers=(("人口", 1.0),), size_m=50.0, region="630222")
    with pytest.raises(Invalid, match="memory"):
        inputs.guard(qinghai, found, smaller, free_bytes=1e8)
    inputs.guard(qinghai, found, smaller, free_bytes=4e8)


def test_a_few_points_are_few_cells_however_fine(
    bring: Callable[..., DemandLayer], qinghai: Session, tmp_path: Path
) -> None:
    bring(table(tmp_path / "a.csv", ORDERS, [[*MINHE, 1]]), datum=Datum.WGS84)
    question = CoverageQuestion(layers=(("人口", 1.0), (CENSUS, 1.0)), size_m=50.0)
    inputs.guard(qinghai, Areas.load(qinghai), question, free_bytes=1e5)


# Taken out, and who may


def test_a_layer_that_no_run_names_is_gone_for_good_and_the_history_tells_what_it_was(
    bring: Callable[..., DemandLayer], qinghai: Session, operator: int, tmp_path: Path
) -> None:
    layer = bring(table(tmp_path / "a.csv", ORDERS, [[*MINHE, 1]]), datum=Datum.WGS84)
    number = layer.id
    with acting(qinghai, operator, reason="写错了"):
        assert layers.remove(qinghai, number, now=NOW) is True
    assert qinghai.get(DemandGrid, number) is None
    with pytest.raises(NotFound):
        layers.get(qinghai, number)
    (kept,) = qinghai.query(Change).filter(Change.table_name == "demand_layers").all()
    assert (kept.row_key, kept.op, kept.held["name"], kept.held["total"]) == (
        {"id": number},
        "delete",
        "人口",
        1.0,
    )
    assert qinghai.query(Change).filter(Change.table_name == "demand_grids").count() == 0


def test_a_layer_that_a_run_names_is_kept_and_its_name_is_free_again(
    bring: Callable[..., DemandLayer], qinghai: Session, operator: int, tmp_path: Path
) -> None:
    path = table(tmp_path / "a.csv", ORDERS, [[*MINHE, 1]])
    layer = bring(path, datum=Datum.WGS84)
    question = CoverageQuestion(layers=(("人口", 1.0),))
    with acting(qinghai, operator, reason="a run"):
        run = runs.ask(qinghai, question, title="一", actor=operator)
        run.asked_at = NOW + timedelta(hours=1)
        qinghai.flush()
        with pytest.raises(Conflict, match="has no answer yet"):
            layers.remove(qinghai, layer.id, now=NOW)
        runs.finish(qinghai, run.id, measure(qinghai, question, now=NOW), now=NOW, seconds=1.0)
        assert layers.remove(qinghai, layer.id, now=NOW + timedelta(days=1)) is False
    assert layers.listed(qinghai) == []
    assert [each.id for each in layers.listed(qinghai, removed=True)] == [layer.id]
    assert layers.lattice(qinghai, layer).total == 1.0
    assert [each.id for each in layers.uses(qinghai, layer)] == [run.id]
    with pytest.raises(NotFound):
        layers.find(qinghai, "人口")
    with pytest.raises(Conflict, match="not offered any more"):
        layers.remove(qinghai, layer.id, now=NOW)
    again = bring(path, datum=Datum.WGS84)
    assert again.id != layer.id


def test_the_history_of_a_layer_says_who_brought_it_and_why(
    bring: Callable[..., DemandLayer], qinghai: Session, tmp_path: Path
) -> None:
    layer = bring(table(tmp_path / "a.csv", ORDERS, [[*MINHE, 1]]), datum=Datum.WGS84)
    (event,) = layers.history(qinghai, layer)
    assert (event.what, event.who) == ("added", "命令行 Command line")


def as_role(session: Session, operator: int, role: str | None) -> int:
    """Make a member of staff with a role in one county."""
    with acting(session, operator, reason="staff"):
        number = session.scalar(
            text("INSERT INTO staff (login, display_name) VALUES (:login, 'x') RETURNING id"),
            {"login": f"some-{role}"},
        )
        if role is not None:
            session.execute(
                text("INSERT INTO staff_grants (staff_id, role, region_code) VALUES (:id, :role, '630222')"),
                {"id": number, "role": role},
            )
    session.execute(text("SELECT set_config('yz.commit', '', true), set_config('yz.actor', '', true)"))
    assert number is not None
    return int(number)


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("planner", True),
        ("administrator", True),
        ("editor", False),
        ("inspector", False),
        ("viewer", False),
        (None, False),
    ],
)
def test_planners_and_administrators_bring_layers_and_nobody_else(
    qinghai: Session, operator: int, tmp_path: Path, role: str | None, may: bool
) -> None:
    qinghai.execute(text("SELECT set_config('yz.commit', '', true), set_config('yz.actor', '', true)"))
    member = as_role(qinghai, operator, role)
    path = table(tmp_path / "a.csv", ORDERS, [[*MINHE, 1]])
    facts = Facts("人口", "residents", "人", "x")

    def add() -> DemandLayer:
        with qinghai.begin_nested(), acting(qinghai, member, reason="layer"):
            return layers.add(qinghai, path, facts, Reading(datum=Datum.WGS84), actor=member, now=NOW)

    if may:
        assert add().added_by == member
    else:
        with pytest.raises(NotAllowed, match="row-level security"):
            add()


def test_a_layer_never_changes_whoever_asks(
    bring: Callable[..., DemandLayer], qinghai: Session, operator: int, tmp_path: Path
) -> None:
    layer = bring(table(tmp_path / "a.csv", ORDERS, [[*MINHE, 1]]), datum=Datum.WGS84)
    for statement in (
        "UPDATE demand_layers SET total = 2 WHERE id = :id",
        "UPDATE demand_grids SET content = '' WHERE layer_id = :id",
    ):
        with (
            pytest.raises(NotAllowed, match="permission denied"),
            qinghai.begin_nested(),
            acting(qinghai, operator, reason="x"),
        ):
            qinghai.execute(text(statement), {"id": layer.id})
