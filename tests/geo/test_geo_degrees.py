"""Degrees as people write them: every way there and back, and what is ambiguous said to be so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.bbox import BBox
from geo.degrees import CHINA, Angle, LonLat, read_angle, read_position
from geo.errors import CoordinateError

#: A hundredth of a second of arc: 30 cm.
NEAR = 0.01 / 3600


@pytest.mark.parametrize(
    ("text", "angle"),
    [
        ("101.7782", Angle(101.7782)),
        ("１０１．７７８２", Angle(101.7782)),
        (" 101.5° ", Angle(101.5)),
        ("101.5度", Angle(101.5)),
        ("-33.9", Angle(-33.9)),
        ("−33.9", Angle(-33.9)),
        (".5", Angle(0.5)),
        ("101°30′", Angle(101.5)),
        ("101°30.6′", Angle(101.51)),
        ("101度30分36秒", Angle(101.51)),
        ("101°30'36\"", Angle(101.51)),
        ("101°30’36”", Angle(101.51)),
        ("101°30'36''", Angle(101.51)),
        ("101º30´36″", Angle(101.51)),
        ("101:30:36", Angle(101.51)),
        ("101 30 36", Angle(101.51)),
        ("101-30-36", Angle(101.51)),
        ("东经101.5", Angle(101.5, "lon")),
        ("西经101.5", Angle(-101.5, "lon")),
        ("南纬33°54′", Angle(-33.9, "lat")),
        ("36.6N", Angle(36.6, "lat")),
        ("N 36.6", Angle(36.6, "lat")),
        ("w101.5", Angle(-101.5, "lon")),
        ("经度：101.5", Angle(101.5, "lon")),
        ("lat = 36.6", Angle(36.6, "lat")),
        ("经度：101.5°E", Angle(101.5, "lon")),
    ],
)
def test_one_coordinate_is_read_in_each_spelling(text: str, angle: Angle) -> None:
    found = read_angle(text)
    assert found.degrees == pytest.approx(angle.degrees, abs=1e-9)
    assert found.axis == angle.axis


@pytest.mark.parametrize(
    "text",
    [
        "", "东", "经度", "101°60′", "101°30′60″", "101.5°30′", "101°30.5′30″", "东经36.6N", "纬度：101.5E", "S-33.9", "1e2", "nan", "101,5",
        "101.5.6", "约101.5", "101°-30′", "x" * 500, "101 30", "²",
    ],
)  # fmt: skip
def test_what_is_no_coordinate_is_quoted(text: str) -> None:
    with pytest.raises(CoordinateError) as caught:
        read_angle(text)
    assert text[:20] in str(caught.value)


XINING = LonLat(101.7782, 36.6171)
DMS = LonLat(101 + 46 / 60 + 41 / 3600, 36 + 37 / 60 + 2 / 3600)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("101.7782,36.6171", XINING),
        ("101.7782，36.6171", XINING),
        ("36.6171, 101.7782", XINING),
        ("36.6171 N, 101.7782 E", XINING),
        ("E101.7782 N36.6171", XINING),
        ("N36.6171E101.7782", XINING),
        ("(101.7782 36.6171)", XINING),
        ("【１０１．７７８２、３６．６１７１】", XINING),
        ("101.7782/36.6171", XINING),
        ("101.7782\n36.6171", XINING),
        ("[101.7782;36.6171]", XINING),
        ("经度：101.7782，纬度：36.6171", XINING),
        ("经度101.7782纬度36.6171", XINING),
        ("lat:36.6171,lng:101.7782", XINING),
        ("坐标：101.7782, 36.6171", XINING),
        ("东经101°46′41″ 北纬36°37′2″", DMS),
        ("东经101°46′41″，北纬36°37′2″。", DMS),
        ("东经101°46′41″北纬36°37′2″", DMS),
        ("北纬36度37分2秒，东经101度46分41秒", DMS),
        ("101°46'41\"E36°37'2\"N", DMS),
        ("36°37'2''N 101°46'41''E", DMS),
        ("101°46′41″36°37′2″", DMS),
        ("101 46 41, 36 37 02", DMS),
        ("36 37 02 101 46 41", DMS),
        ("101°46.6833′, 36°37.0333′", LonLat(101 + 46.6833 / 60, 36 + 37.0333 / 60)),
        ("-33.9,151.2", LonLat(151.2, -33.9)),
        ("45,45", LonLat(45.0, 45.0)),
    ],
)
def test_two_coordinates_in_one_text_are_read_in_each_order(text: str, place: LonLat) -> None:
    assert read_position(text, likely=CHINA) == pytest.approx(place, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("101.7782", "one coordinate"),
        ("101°46′41″", "one coordinate"),
        ("36°37.5", "one coordinate"),
        ("东经101.7782 东经36.6171", "lon twice"),
        ("91, 92", "not on Earth"),
        ("200, 36", "not on Earth"),
        ("60, 61", "ambiguous"),
        ("101 46 41 36", "in several ways"),
        ("101.7782,36.6171,2261", "no two coordinates"),
        ("民和县川口镇", "no two coordinates"),
        ("", "no two coordinates"),
        (",", "no two coordinates"),
        ("101.7782,36.6171" * 20, "no coordinate"),
    ],
)
def test_what_is_no_position_or_could_be_two_is_told(text: str, says: str) -> None:
    with pytest.raises(CoordinateError, match=says):
        read_position(text, likely=CHINA)


def test_what_could_be_either_is_told_by_the_header_or_the_country_and_else_not_at_all() -> None:
    with pytest.raises(CoordinateError, match="ambiguous"):
        read_position("80.1, 36.2")
    assert read_position("80.1, 36.2", likely=CHINA) == (80.1, 36.2)
    assert read_position("36.2, 80.1", likely=CHINA) == (80.1, 36.2)
    assert read_position("10, 20", lon_first=False) == (20, 10)
    assert read_position("10, 20", lon_first=True) == (10, 20)
    # A header does not make a longitude of what can be none.
    assert read_position("36.6, 101.7", lon_first=True) == (101.7, 36.6)
    assert read_position("10, 20", lon_first=False, likely=BBox(9, 19, 11, 21)) == (10, 20)


def sexagesimal(value: float, marks: tuple[str, str, str]) -> str:
    hundredths = round(abs(value) * 360_000)
    seconds, part = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    degrees, minutes = divmod(minutes, 60)
    return f"{degrees}{marks[0]}{minutes}{marks[1]}{seconds:02d}.{part:02d}{marks[2]}"


def decimal_minutes(value: float, mark: str) -> str:
    # In hundred-thousandths of a minute, so that 59.999999 does not round to 60.
    degrees, minutes = divmod(round(abs(value) * 6_000_000), 6_000_000)
    return f"{degrees}{mark}{minutes / 100_000:.5f}'"


MARKS = st.sampled_from(
    [
        ("°", "′", "″"),
        ("度", "分", "秒"),
        ("°", "'", '"'),
        ("°", "’", "”"),
        (":", ":", ""),
        (" ", " ", ""),
        ("°", "'", "''"),
    ]
)
SIDES = st.sampled_from(
    [("东经{}", "西经{}", "北纬{}", "南纬{}"), ("{}E", "{}W", "{}N", "{}S"), ("E{}", "W{}", "N {}", "S {}"), ("{} 东", "{} 西", "{} 北", "{} 南")]
)  # fmt: skip
WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")


PLACES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
BETWEEN = st.sampled_from([",", "，", " ", ", ", "、", ";", "\n", " / "])
AROUND = st.sampled_from(["{}", "({})", "【{}】", " {} "])


@given(
    PLACES,
    MARKS,
    SIDES,
    st.tuples(st.sampled_from(["dms", "dm", "d"]), st.booleans(), st.booleans(), BETWEEN, AROUND),
)
def test_a_position_with_its_sides_comes_back_from_every_way_to_write_it(
    place: tuple[float, float],
    marks: tuple[str, str, str],
    sides: tuple[str, str, str, str],
    style: tuple[str, bool, bool, str, str],
) -> None:
    lon, lat = place
    form, wide, turned, between, around = style

    def written(value: float, plus: str, minus: str) -> str:
        text = {
            "dms": sexagesimal(value, marks),
            "dm": decimal_minutes(value, marks[0] if marks[0] != " " else "°"),
            "d": f"{abs(value):.7f}",
        }[form]
        return (minus if value < 0 else plus).format(text.translate(WIDE) if wide else text)

    parts = [written(lon, sides[0], sides[1]), written(lat, sides[2], sides[3])]
    text = around.format(between.join(parts[::-1] if turned else parts))
    assert read_position(text) == pytest.approx((lon, lat), abs=NEAR)


@given(st.floats(73.5, 135), st.floats(4, 53.5), MARKS, st.booleans(), st.booleans())
def test_a_position_in_china_without_its_sides_comes_back_in_either_order(
    lon: float, lat: float, marks: tuple[str, str, str], plain: bool, turned: bool
) -> None:
    parts = [f"{value:.6f}" if plain else sexagesimal(value, marks) for value in (lon, lat)]
    found = read_position(", ".join(parts[::-1] if turned else parts), likely=CHINA)
    assert found == pytest.approx((lon, lat), abs=NEAR)


@given(st.floats(-180, 180), MARKS)
def test_one_coordinate_comes_back(value: float, marks: tuple[str, str, str]) -> None:
    text = ("-" if value < 0 else "") + sexagesimal(value, marks)
    assert read_angle(text).degrees == pytest.approx(value, abs=NEAR)


@given(st.text("0123456789.°′″'\"NESW东西南北经纬度分秒:,， -+/", max_size=40))
def test_any_text_of_coordinates_is_a_position_on_earth_or_told(text: str) -> None:
    try:
        lon, lat = read_position(text, likely=CHINA)
    except CoordinateError:
        return
    assert abs(lon) <= 180
    assert abs(lat) <= 90


@given(st.text(max_size=60))
def test_any_text_at_all_is_read_or_told(text: str) -> None:
    for read in (read_angle, read_position):
        try:
            read(text)
        except CoordinateError as error:
            assert str(error)  # noqa: PT017
