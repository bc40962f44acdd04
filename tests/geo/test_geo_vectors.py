"""Vector files as operators send them: encodings, parts, CRSs, layers, geometries, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.errors import CrsError, FileError, GeoError, TableError, VectorError
from geo.io import Row, open_source, write_rows
from geo.io.vectors import open_vectors, read_areas

SHARED = Path(__file__).parents[3] / "shared" / "data"
POINTS = [SHARED / "points" / "taiwan_drinking_water.geojson"] if SHARED.is_dir() else []
BASEMAP = [SHARED / "basemap"] if SHARED.is_dir() else []

CGCS2000_ZONE_34 = 4522


def stations(crs: int | None = 4490, **columns: list[Any]) -> gpd.GeoDataFrame:
    named: dict[str, list[Any]] = columns or {
        "名称": ["川口镇工会驿站", "古鄯驿站"],
        "电话": ["0972-1", "0972-2"],
    }
    return gpd.GeoDataFrame(
        named, geometry=[shapely.Point(102.83, 36.32), shapely.Point(102.81, 36.05)], crs=crs
    )


def shapefile(folder: Path, frame: gpd.GeoDataFrame, *, encoding: str = "UTF-8", drop: str = "") -> Path:
    path = folder / "驿站.shp"
    frame.to_file(path, encoding=encoding)
    for suffix in drop.split():
        path.with_suffix(suffix).unlink()
    return path


def geojson(folder: Path, *features: dict[str, Any], **members: Any) -> Path:
    path = folder / "a.geojson"
    full = [{"type": "Feature", "properties": {}, "geometry": None, **feature} for feature in features]
    path.write_text(
        json.dumps({"type": "FeatureCollection", **members, "features": full}, ensure_ascii=False), "utf-8"
    )
    return path


def rows(path: Path, **options: str) -> list[Row]:
    return [row for chunk in open_source(path, **options).chunks() for row in chunk]


@pytest.mark.parametrize("path", POINTS, ids=lambda path: path.name)
def test_708_real_points_read_whole(path: Path) -> None:
    source = open_source(path)
    got = [row for chunk in source.chunks(100) for row in chunk]
    assert len(got) == 708
    assert [row.number for row in got] == list(range(1, 709))
    assert all(row.problem is None and 118 < float(row.values["lon"]) < 123 for row in got)
    assert got[2].values["name"] == "蘇澳冷泉"
    assert source.progress() == 1.0


@pytest.mark.parametrize("folder", BASEMAP, ids=lambda path: path.name)
def test_real_lakes_are_areas_and_real_boundary_lines_are_none(folder: Path) -> None:
    lakes = read_areas(folder / "lakes.geojson")
    assert set(lakes.geom_type) == {"MultiPolygon"}
    assert lakes.is_valid.all()
    with pytest.raises(VectorError, match="no polygon"):
        read_areas(folder / "admin_1_states_provinces_lines.geojson")


@pytest.mark.parametrize(
    ("encoding", "drop", "found"),
    [
        ("UTF-8", "", "utf-8"),
        ("GBK", "", "gbk"),
        ("GB18030", "", "gb18030"),
        ("UTF-8", ".cpg", "utf-8"),
        ("GBK", ".cpg", "gbk"),
    ],
)
def test_the_text_of_a_shapefile_is_decoded_with_and_without_its_cpg(
    tmp_path: Path, encoding: str, drop: str, found: str
) -> None:
    source = open_vectors(shapefile(tmp_path, stations(), encoding=encoding, drop=drop))
    assert source.encoding == found
    assert source.columns == ("lon", "lat", "名称", "电话")
    assert next(source.chunks())[1] == Row(
        2, {"lon": "102.81", "lat": "36.05", "名称": "古鄯驿站", "电话": "0972-2"}
    )


@pytest.mark.parametrize(
    "written", ["936", "ANSI 936", "OEM 936", "cp936", "GB2312", "gbk\r\n", "GB18030", "54936"]
)
def test_the_names_that_programs_give_gbk_in_a_cpg_are_known(tmp_path: Path, written: str) -> None:
    path = shapefile(tmp_path, stations(), encoding="GBK")
    path.with_suffix(".cpg").write_text(written)
    assert rows(path)[0].values["名称"] == "川口镇工会驿站"


def test_the_mark_in_the_dbf_is_honoured_where_there_is_no_cpg(tmp_path: Path) -> None:
    path = shapefile(tmp_path, stations(name=["ab", "cd"]), drop=".cpg")
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[29] = 0x4D
    path.with_suffix(".dbf").write_bytes(dbf)
    assert open_vectors(path).encoding == "gbk"


def test_a_wrong_cpg_spoils_the_rows_and_a_declared_encoding_overrules_it(tmp_path: Path) -> None:
    path = shapefile(tmp_path, stations(name=["川口镇工会驿站", "plain"]), encoding="GBK")
    path.with_suffix(".cpg").write_text("UTF-8")
    wrong, right = rows(path)
    assert wrong.problem is not None
    assert "name is not utf-8" in wrong.problem
    assert right.problem is None
    assert rows(path, encoding="gbk")[0] == Row(
        1, {"lon": "102.83", "lat": "36.32", "name": "川口镇工会驿站"}
    )
    path.with_suffix(".cpg").write_text("KLINGON")
    with pytest.raises(VectorError, match="'KLINGON'"):
        open_vectors(path)
    with pytest.raises(VectorError, match="'utf9'"):
        open_vectors(path, encoding="utf9")


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
def test_a_name_cut_in_the_middle_of_a_character_loses_that_character_only(
    tmp_path: Path, encoding: str
) -> None:
    path = shapefile(tmp_path, stations(name=["驿站驿站驿站", "站"]), encoding=encoding, drop=".cpg")
    dbf = path.with_suffix(".dbf").read_bytes()
    whole = "驿站驿站驿站".encode(encoding)
    assert dbf.count(whole) == 1
    path.with_suffix(".dbf").write_bytes(dbf.replace(whole, whole[:-1] + b" "))
    assert [row.values["name"] for row in rows(path)] == ["驿站驿站驿", "站"]


@pytest.mark.parametrize(
    ("drop", "says"),
    [(".shx", r"lacks 驿站\.shx"), (".dbf", r"lacks 驿站\.dbf"), (".shx .dbf", r"驿站\.shx and 驿站\.dbf")],
)
def test_a_shapefile_without_its_parts_is_refused_and_the_parts_are_named(
    tmp_path: Path, drop: str, says: str
) -> None:
    with pytest.raises(VectorError, match=says):
        open_source(shapefile(tmp_path, stations(), drop=drop))


@pytest.mark.parametrize("part", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("kept", [0.1, 0.9])
def test_a_part_that_is_cut_short_is_refused_and_never_read_as_fewer_stations(
    tmp_path: Path, part: str, kept: float
) -> None:
    path = shapefile(tmp_path, stations())
    data = path.with_suffix(part).read_bytes()
    path.with_suffix(part).write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(VectorError, match=rf"{part} is cut short|驿站\.shp"):
        rows(path)


def test_parts_of_two_exports_are_refused(tmp_path: Path) -> None:
    path = shapefile(tmp_path, stations())
    other = tmp_path / "other"
    other.mkdir()
    longer = shapefile(
        other, gpd.GeoDataFrame({"名称": list("abc")}, geometry=[shapely.Point(102, 36)] * 3, crs=4490)
    )
    shutil.copy(longer.with_suffix(".dbf"), path.with_suffix(".dbf"))
    with pytest.raises(VectorError, match="2 shapes and 3 rows"):
        open_source(path)


def test_parts_with_names_in_capitals_are_found(tmp_path: Path) -> None:
    path = shapefile(tmp_path, stations(), encoding="GBK")
    for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
        path.with_suffix(suffix).rename(path.with_suffix(suffix.upper()))
    assert rows(path.with_suffix(".SHP"))[0].values["名称"] == "川口镇工会驿站"


def test_a_shapefile_without_prj_asks_for_its_crs_and_takes_a_declared_one(tmp_path: Path) -> None:
    frame = stations().to_crs(CGCS2000_ZONE_34)
    path = shapefile(tmp_path, frame, drop=".prj")
    with pytest.raises(CrsError, match=r"驿站\.shp: the file has no \.prj; declare its CRS"):
        open_source(path)
    got = rows(path, crs="EPSG:4522")
    assert [row.values["lon"] for row in got] == ["102.83", "102.81"]
    assert [row.values["lat"] for row in got] == ["36.32", "36.05"]


def test_a_projected_file_comes_back_in_degrees_longitude_first(tmp_path: Path) -> None:
    got = rows(shapefile(tmp_path, stations().to_crs(CGCS2000_ZONE_34)))
    assert [(row.values["lon"], row.values["lat"]) for row in got] == [
        ("102.83", "36.32"),
        ("102.81", "36.05"),
    ]


def test_a_crs_that_contradicts_the_file_is_refused_and_one_that_agrees_is_taken(tmp_path: Path) -> None:
    path = shapefile(tmp_path, stations())
    assert rows(path, crs="EPSG:4326") == rows(path)
    with pytest.raises(CrsError, match="differ"):
        open_source(path, crs="EPSG:4522")
    with pytest.raises(CrsError, match="'EPSG:99'"):
        open_source(path, crs="EPSG:99")


def test_a_datum_without_an_exact_transformation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="Xian 1980"):
        open_source(shapefile(tmp_path, stations(4610)))


def test_geojson_in_metres_without_a_crs_is_seen_and_takes_a_declared_one(tmp_path: Path) -> None:
    x, y = shapely.get_coordinates(stations().to_crs(CGCS2000_ZONE_34).geometry.iloc[0])[0]
    path = geojson(tmp_path, {"geometry": {"type": "Point", "coordinates": [x, y]}})
    (row,) = rows(path)
    assert row.problem is not None
    assert "declare its CRS" in row.problem
    assert rows(path, crs="EPSG:4522") == [Row(1, {"lon": "102.83", "lat": "36.32"})]


def test_a_crs_member_of_geojson_is_honoured_and_not_overruled(tmp_path: Path) -> None:
    x, y = shapely.get_coordinates(stations().to_crs(CGCS2000_ZONE_34).geometry.iloc[0])[0]
    member = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4522"}}
    path = geojson(tmp_path, {"geometry": {"type": "Point", "coordinates": [x, y]}}, crs=member)
    assert rows(path) == [Row(1, {"lon": "102.83", "lat": "36.32"})]
    with pytest.raises(CrsError, match="differ"):
        open_source(path, crs="EPSG:4523")


def test_geometries_become_one_place_or_a_problem_and_heights_go(tmp_path: Path) -> None:
    ring = [[102, 36], [103, 36], [103, 37], [102, 36]]
    got = rows(
        geojson(
            tmp_path,
            {"geometry": {"type": "Point", "coordinates": [102.5, 36.25, 2200]}},
            {"geometry": None},
            {"geometry": {"type": "MultiPoint", "coordinates": [[102.5, 36.25]]}},
            {"geometry": {"type": "MultiPoint", "coordinates": [[102.5, 36.25], [103, 36]]}},
            {"geometry": {"type": "Polygon", "coordinates": [ring]}},
            {"geometry": {"type": "LineString", "coordinates": ring[:2]}},
            {"geometry": {"type": "Point", "coordinates": [36.25, 102.5]}},
        )
    )
    here, nowhere = {"lon": "102.5", "lat": "36.25"}, {"lon": "", "lat": ""}
    assert [row.values for row in got] == [here, nowhere, here, nowhere, nowhere, nowhere, nowhere]
    problems = [row.problem or "" for row in got]
    assert problems[:3] == ["", "", ""]
    assert all(
        word in problem
        for word, problem in zip(
            ["MultiPoint", "Polygon", "LineString", "36.25, 102.5"], problems[3:], strict=True
        )
    )


def test_attributes_are_text_as_a_person_sees_them(tmp_path: Path) -> None:
    path = geojson(
        tmp_path,
        {
            "id": "node/1",
            "properties": {
                "name": "　甲站 ",
                "phone": 9718521234,
                "whole": 12.0,
                "share": 0.1,
                "open": True,
                "since": "2024-05-01",
                "seen": "2024-05-01T08:30:00Z",
                "tags": ["饮水", "充电"],
                "lon": "113.3",
                "list": {"a": 1},
            },
        },
        {"properties": {"name": None}},
    )
    first, second = rows(path)
    assert first.values == {
        "lon": "",
        "lat": "",
        "id": "node/1",
        "name": "甲站",
        "phone": "9718521234",
        "whole": "12",
        "share": "0.1",
        "open": "TRUE",
        "since": "2024-05-01",
        "seen": "2024-05-01 08:30Z",
        "tags": "饮水、充电",
        "lon (2)": "113.3",
        "list": '{ "a": 1 }',
    }
    assert set(second.values.values()) == {""}


def test_a_geopackage_of_one_layer_is_read_and_of_several_the_layer_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    frame = stations(name=["a", "b"], when=[dt.datetime(2024, 5, 1, 8, 30), None])
    frame.to_file(path, layer="驿站")
    assert rows(path)[0].values == {"lon": "102.83", "lat": "36.32", "name": "a", "when": "2024-05-01 08:30"}
    frame.to_file(path, layer="旧")
    with pytest.raises(VectorError, match="2 layers; name one of 驿站, 旧"):
        open_source(path)
    assert len(rows(path, layer="旧")) == 2
    with pytest.raises(VectorError, match="no layer '新'"):
        open_source(path, layer="新")


def test_the_format_is_told_by_content_whatever_the_name(tmp_path: Path) -> None:
    collection = geojson(tmp_path, {"properties": {"name": "甲"}})
    assert rows(collection.rename(tmp_path / "points.json"))[0].values["name"] == "甲"
    stations().to_file(tmp_path / "x.gpkg")
    assert len(rows((tmp_path / "x.gpkg").rename(tmp_path / "download"))) == 2
    write_rows(tmp_path / "a.txt", ["name", "phone"], [["甲", "0971"]])
    assert rows(tmp_path / "a.txt") == [Row(2, {"name": "甲", "phone": "0971"})]


VIRTUAL = b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>http://127.0.0.1:9/</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.geojson", b""),
        ("a.geojson", b"{}"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[]}'),
        ("a.geojson", b'{"type":"FeatureCollection","features":[{"type":"Feature","pro'),
        ("a.geojson", b"{" * 100_000),
        (
            "a.geojson",
            '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"n":"驿站"},"geometry":null}]}'.encode(
                "gbk"
            ),
        ),
        ("a.geojson", VIRTUAL),
        ("a.shp", VIRTUAL),
        ("a.gpkg", VIRTUAL),
        ("a.gpkg", b"SQLite format 3\0" + b"\0" * 200),
        ("a.shp", b"\x00\x00\x27\x0a" + b"\0" * 96),
        ("a.fgb", b"fgb\x03fgb\x00" + b"\0" * 50),
        ("a.dbf", b"\x03" + b"\0" * 50),
        ("a.prj", b"GEOGCS[]"),
    ],
)
def test_what_is_no_vector_file_is_refused_in_words(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(VectorError) as caught:
        rows(path)
    assert name in str(caught.value)


def test_options_that_a_format_does_not_have_are_refused(tmp_path: Path) -> None:
    collection = geojson(tmp_path, {"properties": {"name": "甲"}})
    write_rows(tmp_path / "a.csv", ["name", "phone"], [["甲", "0971"]])
    for path, option, error in (
        (collection, "sheet", FileError),
        (collection, "encoding", VectorError),
        (tmp_path / "a.csv", "layer", TableError),
        (tmp_path / "a.csv", "crs", TableError),
    ):
        with pytest.raises(error, match=r"a\.(csv|geojson)"):
            open_source(path, **{option: "gbk"})
    with pytest.raises(FileError, match="cannot be read"):
        open_source(tmp_path / "none.csv")


def test_every_error_of_this_package_is_a_geo_error() -> None:
    assert all(issubclass(error, GeoError) for error in (CrsError, FileError, TableError, VectorError))


def test_chunks_are_as_long_as_asked_and_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.gpkg"
        frame = gpd.GeoDataFrame(
            {"name": [f"工会驿站{n}" for n in range(count)]},
            geometry=shapely.points(np.linspace(100, 103, count), np.linspace(33, 36, count)),
            crs=4326,
        )
        frame.to_file(path)
        source = open_source(path)
        tracemalloc.start()
        seen = 0
        for chunk in source.chunks(1_000):
            assert len(chunk) == 1_000
            seen += len(chunk)
            assert source.progress() == pytest.approx(seen / count)
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seen == count
        return high

    assert peak(50_000) < 1.5 * peak(12_000)


def test_areas_are_valid_multipolygons_in_wgs84_with_their_attributes_as_text(tmp_path: Path) -> None:
    square = shapely.box(102, 36, 103, 37)
    bow = shapely.Polygon([(104, 36), (105, 37), (105, 36), (104, 37)])
    line = shapely.LineString([(102, 36), (103, 37)])
    frame = gpd.GeoDataFrame(
        {"gb": ["156630222", "156630223", ""], "geometry_": [1, 2, 3]}, geometry=[square, bow, line], crs=4490
    )
    path = tmp_path / "regions.gpkg"
    frame.to_file(path)
    areas = read_areas(path)
    assert areas.crs.to_epsg() == 4326
    assert areas["gb"].tolist() == ["156630222", "156630223"]
    assert set(areas.geom_type) == {"MultiPolygon"}
    assert areas.is_valid.all()
    assert shapely.area(areas.geometry.to_numpy()).tolist() == pytest.approx([1.0, 0.5])


def test_areas_of_a_gbk_shapefile_in_a_gauss_kruger_zone_are_read(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"名称": ["民和县"]}, geometry=[shapely.box(102, 36, 103, 37)], crs=4490)
    path = shapefile(tmp_path, frame.to_crs(CGCS2000_ZONE_34), encoding="GBK", drop=".cpg")
    areas = read_areas(path)
    assert areas["名称"].tolist() == ["民和县"]
    assert areas.geometry.iloc[0].bounds == pytest.approx((102, 36, 103, 37), abs=1e-8)


def test_areas_whose_text_does_not_decode_are_refused(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": ["民和县"]}, geometry=[shapely.box(102, 36, 103, 37)], crs=4490)
    path = shapefile(tmp_path, frame, encoding="GBK")
    with pytest.raises(VectorError, match="feature 1: the text of name is not utf-8"):
        read_areas(path, encoding="utf-8")
