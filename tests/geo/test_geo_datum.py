"""Datums against an independent implementation, their inverses, and the mask that bounds them."""

from __future__ import annotations

import functools
import math

import geocoordinates_ffi as oracle
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.datum import Datum, from_wgs84, to_wgs84
from geo.errors import CoordinateError, DatumError, VectorError
from geo.io.outlines import read_outlines
from geo.mainland import Mainland

MICROMETRE_DEG = 1e-11
EVERYWHERE = Mainland.from_geometry(shapely.box(73.0, 17.0, 136.0, 54.0))
# A border in the middle of inhabited land, slanted so that offsets cross it both ways.
SLANTED = Mainland.from_geometry(
    shapely.Polygon([(100.0, 30.0), (110.0, 31.0), (109.0, 40.0), (101.0, 39.0)])
)

longitudes = st.floats(73.6, 135.0)
latitudes = st.floats(18.0, 53.5)
offset_datums = st.sampled_from([Datum.GCJ02, Datum.BD09])


@functools.cache
def mainland() -> Mainland:
    return Mainland.from_provinces(read_outlines("province"))


@pytest.mark.parametrize(
    ("text", "datum"),
    [
        ("GCJ-02", Datum.GCJ02),
        ("gcj02", Datum.GCJ02),
        ("ＧＣＪ－０２", Datum.GCJ02),
        (" gcj_02 坐标系 ", Datum.GCJ02),
        ("火星坐标", Datum.GCJ02),
        ("火星坐标系（GCJ-02）", Datum.GCJ02),
        ("高德", Datum.GCJ02),
        ("高德地图", Datum.GCJ02),
        ("腾讯", Datum.GCJ02),
        ("国测局坐标", Datum.GCJ02),
        ("BD-09", Datum.BD09),
        ("bd09ll", Datum.BD09),
        ("百度", Datum.BD09),
        ("百度坐标系", Datum.BD09),
        ("百度地图坐标", Datum.BD09),
        ("WGS84", Datum.WGS84),
        ("WGS 84", Datum.WGS84),
        ("wgs-84坐标", Datum.WGS84),
        ("EPSG:4326", Datum.WGS84),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", Datum.WGS84),
        ("GPS", Datum.WGS84),
        ("CGCS2000", Datum.CGCS2000),
        ("国家2000", Datum.CGCS2000),
        ("国家大地2000坐标系", Datum.CGCS2000),
        ("2000国家大地坐标系", Datum.CGCS2000),
        ("EPSG:4490", Datum.CGCS2000),
        ("天地图", Datum.CGCS2000),
    ],
)
def test_a_datum_is_read_as_lists_spell_it(text: str, datum: Datum) -> None:
    assert Datum.parse(text) is datum


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "坐标系",
        "北京54",
        "西安80",
        "gcj03",
        "EPSG:3857",
        "bd09mc",
        "是",
        "GCJ-02/WGS84",
        "北京54(WGS84)",
        "()",
    ],
)
def test_an_unknown_datum_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(DatumError) as caught:
        Datum.parse(text)
    assert repr(text) in str(caught.value)


@given(longitudes, latitudes)
def test_gcj02_agrees_with_an_independent_implementation(lon: float, lat: float) -> None:
    theirs = oracle.wgs84_to_gcj02(oracle.Wgs84(lat=lat, lon=lon))
    x, y = from_wgs84(lon, lat, Datum.GCJ02, mainland=EVERYWHERE)
    assert math.dist((x, y), (theirs.lon, theirs.lat)) < MICROMETRE_DEG


@given(longitudes, latitudes)
def test_bd09_agrees_with_an_independent_implementation(lon: float, lat: float) -> None:
    theirs = oracle.wgs84_to_bd09(oracle.Wgs84(lat=lat, lon=lon))
    x, y = from_wgs84(lon, lat, Datum.BD09, mainland=EVERYWHERE)
    assert math.dist((x, y), (theirs.lon, theirs.lat)) < MICROMETRE_DEG


@given(longitudes, latitudes, offset_datums)
def test_the_offset_is_a_real_one_so_no_conversion_passes_as_identity(
    lon: float, lat: float, datum: Datum
) -> None:
    x, y = from_wgs84(lon, lat, datum, mainland=EVERYWHERE)
    metres = math.hypot((x - lon) * math.cos(math.radians(lat)), y - lat) * 111_195
    assert 20 < metres < 2_000


@given(longitudes, latitudes, offset_datums)
def test_every_position_in_the_mainland_comes_back_within_a_micrometre(
    lon: float, lat: float, datum: Datum
) -> None:
    there = from_wgs84(lon, lat, datum, mainland=EVERYWHERE)
    back = to_wgs84(*there, datum, mainland=EVERYWHERE)
    assert math.dist(back, (lon, lat)) < MICROMETRE_DEG


@given(st.floats(0, 4, exclude_max=True), st.floats(1e-9, 0.02), offset_datums)
def test_the_round_trip_holds_right_up_to_the_border_from_inside(
    along: float, depth: float, datum: Datum
) -> None:
    ring = shapely.get_coordinates(SLANTED.geometry)
    corner, nxt = ring[int(along)], ring[int(along) + 1]
    edge = corner + (nxt - corner) * (along % 1)
    centre = ring[:4].mean(axis=0)
    lon, lat = edge + (centre - edge) * depth
    assert SLANTED.contains(lon, lat)
    there = from_wgs84(lon, lat, datum, mainland=SLANTED)
    assert math.dist(there, (lon, lat)) > 1e-4
    assert math.dist(to_wgs84(*there, datum, mainland=SLANTED), (lon, lat)) < MICROMETRE_DEG


@given(st.floats(95, 115), st.floats(25, 45), offset_datums)
def test_outside_the_mask_nothing_moves_and_beyond_one_offset_nothing_moves_back(
    lon: float, lat: float, datum: Datum
) -> None:
    if SLANTED.contains(lon, lat):
        return
    assert from_wgs84(lon, lat, datum, mainland=SLANTED) == (lon, lat)
    if SLANTED.geometry.distance(shapely.Point(lon, lat)) > 0.03:
        assert to_wgs84(lon, lat, datum, mainland=SLANTED) == (lon, lat)


@given(longitudes, latitudes, st.sampled_from([Datum.WGS84, Datum.CGCS2000]))
def test_wgs84_and_cgcs2000_are_the_identity(lon: float, lat: float, datum: Datum) -> None:
    assert from_wgs84(lon, lat, datum, mainland=EVERYWHERE) == (lon, lat)
    assert to_wgs84(lon, lat, datum, mainland=EVERYWHERE) == (lon, lat)


@settings(max_examples=25)
@given(st.lists(st.tuples(longitudes, latitudes), max_size=20), offset_datums)
def test_an_array_converts_as_its_points_do_and_the_input_stays(
    points: list[tuple[float, float]], datum: Datum
) -> None:
    lon = np.array([x for x, _ in points])
    lat = np.array([y for _, y in points])
    kept = lon.copy(), lat.copy()
    got = to_wgs84(lon, lat, datum, mainland=SLANTED)
    one_by_one = [to_wgs84(x, y, datum, mainland=SLANTED) for x, y in points]
    np.testing.assert_allclose(np.column_stack(got), np.array(one_by_one).reshape(-1, 2), atol=1e-12)
    np.testing.assert_array_equal(np.array([lon, lat]), np.array(kept))


@pytest.mark.parametrize("datum", list(Datum))
@pytest.mark.parametrize("convert", [from_wgs84, to_wgs84])
def test_nan_infinity_and_nonsense_pass_through_untouched(convert: object, datum: Datum) -> None:
    assert callable(convert)
    lon = np.array([np.nan, 104.0, np.inf, 1e300, -1e300, 35.0])
    lat = np.array([35.0, np.nan, 35.0, 35.0, -1e300, 104.0])
    x, y = convert(lon, lat, datum, mainland=EVERYWHERE)
    np.testing.assert_array_equal(x, lon)
    np.testing.assert_array_equal(y, lat)


def test_scalars_columns_and_grids_broadcast_and_give_float64() -> None:
    x, y = from_wgs84([[100], [101]], [35, 36, 37], Datum.GCJ02, mainland=EVERYWHERE)
    assert x.shape == y.shape == (2, 3)
    assert x.dtype == y.dtype == np.float64
    assert float(from_wgs84(100, 35, Datum.GCJ02, mainland=EVERYWHERE)[0]) == x[0, 0]


def test_arrays_that_do_not_match_are_refused() -> None:
    with pytest.raises(CoordinateError, match="match"):
        to_wgs84([1.0, 2.0], [1.0, 2.0, 3.0], Datum.WGS84, mainland=EVERYWHERE)


@pytest.mark.parametrize(
    ("place", "lon", "lat"),
    [
        ("Thimphu", 89.639, 27.472),
        ("Pyongyang", 125.754, 39.032),
        ("Ulaanbaatar", 106.917, 47.918),
        ("Hanoi", 105.834, 21.028),
        ("Delhi", 77.209, 28.614),
        ("Seoul", 126.978, 37.566),
        ("Vladivostok", 131.9, 43.12),
        ("Hong Kong, Central", 114.158, 22.281),
        ("Hong Kong, Sheung Shui", 114.128, 22.501),
        ("Macao, the border gate", 113.549, 22.213),
        ("Taipei", 121.565, 25.033),
    ],
)
def test_places_outside_the_mainland_are_not_moved_though_a_rectangle_holds_them(
    place: str, lon: float, lat: float
) -> None:
    assert not mainland().contains(lon, lat), place
    for datum in Datum:
        assert from_wgs84(lon, lat, datum, mainland=mainland()) == (lon, lat)


@pytest.mark.parametrize(
    ("place", "lon", "lat"),
    [
        ("Minhe", 102.83, 36.32),
        ("Tanggula, the exclave of Haixi", 92.44, 34.22),
        ("Kashgar", 75.99, 39.47),
        ("Heihe, on the border river", 127.53, 50.24),
        ("Shenzhen, Luohu port", 114.113, 22.5335),
        ("Zhuhai, Gongbei", 113.5495, 22.2195),
        ("Qingdao, the pier", 120.3128, 36.0577),
        ("Gulangyu, an island the outlines leave out", 118.0626, 24.4455),
        ("Sanya", 109.505, 18.245),
    ],
)
def test_places_in_the_mainland_are_moved_quays_and_near_islands_too(
    place: str, lon: float, lat: float
) -> None:
    assert mainland().contains(lon, lat), place
    there = from_wgs84(lon, lat, Datum.GCJ02, mainland=mainland())
    assert math.dist(there, (lon, lat)) > 5e-4
    assert math.dist(to_wgs84(*there, Datum.GCJ02, mainland=mainland()), (lon, lat)) < MICROMETRE_DEG


def test_the_outlines_as_they_are_leave_gulangyu_out() -> None:
    bare = Mainland.from_provinces(read_outlines("province"), shore_m=0)
    assert not bare.contains(118.0626, 24.4455)
    assert bare.contains(118.15, 24.47)


def test_a_mask_survives_its_cache() -> None:
    again = Mainland.from_wkb(SLANTED.to_wkb())
    assert again == SLANTED
    assert again.bounds == SLANTED.bounds


@pytest.mark.parametrize(
    "data", [b"", b"not wkb", shapely.to_wkb(shapely.Point(1, 2)), SLANTED.to_wkb()[:-9]]
)
def test_a_damaged_cache_is_refused(data: bytes) -> None:
    with pytest.raises(VectorError):
        Mainland.from_wkb(data)


def test_outlines_of_no_mainland_province_make_no_mask() -> None:
    provinces = read_outlines("province")
    with pytest.raises(VectorError, match="810000"):
        Mainland.from_provinces(provinces[provinces["code"].str.startswith(("71", "81", "82"))])
    with pytest.raises(VectorError, match="'code' or 'gb'"):
        Mainland.from_provinces(provinces.drop(columns="code"))


@pytest.mark.parametrize(("level", "count"), [("province", 34), ("prefecture", 375), ("county", 2891)])
def test_outlines_have_one_valid_shape_a_code_and_no_boundary_lines(level: str, count: int) -> None:
    frame = read_outlines(level)  # type: ignore[arg-type]
    assert list(frame.columns) == ["code", "name", "level", "geometry"]
    assert len(frame) == count
    assert frame["code"].is_unique
    assert frame["code"].str.fullmatch(r"\d{6}").all()
    assert frame.geometry.is_valid.all()
    assert frame.crs.to_epsg() == 4326
    assert "境界线" not in set(frame["name"])


def test_the_counties_of_one_province_are_read_by_its_code() -> None:
    qinghai = read_outlines("county", "63")
    assert len(qinghai) == 45
    assert qinghai.set_index("code").loc["630222", "name"] == "民和回族土族自治县"
    assert len(read_outlines("county", "630000")) == 45


@pytest.mark.parametrize("province", ["", "6", "99", "青海", "630222", "６３", "84"])
def test_a_province_that_is_none_is_refused(province: str) -> None:
    with pytest.raises(VectorError, match="province"):
        read_outlines("county", province)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(VectorError, match="'township'"):
        read_outlines("township")  # type: ignore[arg-type]
