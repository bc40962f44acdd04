"""Links into navigation apps: each in its app's own datum, each name whole, whatever is written in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

import geocoordinates_ffi as oracle
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.datum import Datum
from geo.mainland import Mainland
from stations.query import By
from web.finder.links import APPS, Spot, go_there, in_datum

MAINLAND = Mainland.from_geometry(shapely.box(80.0, 20.0, 130.0, 50.0))
TENTH_OF_A_METRE = 1.1e-6

longitudes, latitudes = st.floats(80.1, 129.9), st.floats(20.1, 49.9)
names = st.text(min_size=1, max_size=80)


def query(url: str) -> dict[str, str]:
    fields = parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values()), url
    return {name: values[0] for name, values in fields.items()}


def pair(text: str) -> tuple[float, float]:
    first, second = text.split(",")[:2]
    return float(first), float(second)


def amap(url: str) -> tuple[tuple[float, float], str]:
    fields = query(url)
    assert fields["coordinate"] == "gaode"
    return pair(fields["to"]), fields["to"].split(",")[2]


def baidu(url: str) -> tuple[tuple[float, float], str]:
    fields = query(url)
    assert fields["coord_type"] == "bd09ll"
    return pair(fields["location"])[::-1], fields["title"]


def tencent(url: str) -> tuple[tuple[float, float], str]:
    fields = query(url)
    return pair(fields["tocoord"])[::-1], fields["to"]


def apple(url: str) -> tuple[tuple[float, float], str]:
    fields = query(url)
    return pair(fields["daddr"])[::-1], fields["q"]


def geo(url: str) -> tuple[tuple[float, float], str]:
    found = re.fullmatch(r"geo:([^?]+)\?q=([^()]+)\(([^()]*)\)", url)
    assert found is not None, url
    assert found[1] == found[2]
    return pair(found[1])[::-1], unquote(found[3])


READ: dict[str, Callable[[str], tuple[tuple[float, float], str]]] = {
    "amap": amap, "baidu": baidu, "tencent": tencent, "apple": apple, "geo": geo,
}  # fmt: skip
HOSTS = {
    "amap": "uri.amap.com",
    "baidu": "api.map.baidu.com",
    "tencent": "apis.map.qq.com",
    "apple": "maps.apple.com",
}


def expected(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """Convert with an independent implementation."""
    if datum is Datum.WGS84:
        return lon, lat
    convert = oracle.wgs84_to_gcj02 if datum is Datum.GCJ02 else oracle.wgs84_to_bd09
    moved = convert(oracle.Wgs84(lat=lat, lon=lon))
    return moved.lon, moved.lat


@given(lon=longitudes, lat=latitudes)
def test_each_link_carries_the_position_in_the_datum_of_its_app(lon: float, lat: float) -> None:
    for link in go_there(Spot(lon, lat, "驿站"), MAINLAND):
        (x, y), _ = READ[link.app](link.url)
        assert (x, y) == pytest.approx(expected(lon, lat, link.datum), abs=TENTH_OF_A_METRE), link.app


def test_the_datums_are_those_of_the_apps_and_none_is_another_s() -> None:
    assert {app: datum for app, (datum, _) in APPS.items()} == {
        "amap": Datum.GCJ02, "baidu": Datum.BD09, "tencent": Datum.GCJ02, "apple": Datum.GCJ02, "geo": Datum.WGS84,
    }  # fmt: skip
    spots = {link.app: READ[link.app](link.url)[0] for link in go_there(Spot(101.5, 36.6, "甲"), MAINLAND)}
    assert spots["geo"] == (101.5, 36.6)
    # East of Xining the offset is about 200 m, and Baidu's about a kilometre.
    assert 0.0005 < abs(spots["amap"][0] - 101.5) < 0.005
    assert 0.005 < abs(spots["baidu"][0] - 101.5) < 0.02


@pytest.mark.parametrize(("lon", "lat"), [(121.5, 19.0), (139.7, 35.6), (-0.1, 51.5), (179.99, -89.5)])
def test_outside_the_mainland_every_app_gets_the_same_numbers(lon: float, lat: float) -> None:
    found = {READ[link.app](link.url)[0] for link in go_there(Spot(lon, lat, "驿站"), MAINLAND)}
    assert found == {(round(lon, 6), round(lat, 6))}


@given(name=names, address=names)
def test_no_name_breaks_out_of_a_link(name: str, address: str) -> None:
    for link in go_there(Spot(101.5, 36.6, name, address), MAINLAND):
        assert link.url.isascii()
        assert not re.search(r"[\s<>\"'\\^`{|}]", link.url), link.url
        (x, _), shown = READ[link.app](link.url)
        assert 101.4 < x < 101.6
        assert len(shown) <= 60
        if link.app != "geo":
            assert urlsplit(link.url).netloc == HOSTS[link.app]
            assert urlsplit(link.url).fragment == ""


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("东大街 A&B=C#1 驿站", "东大街 A&B=C#1 驿站"),
        ("<script>alert(1)</script>", None),
        ("骑手驿站🛵", "骑手驿站🛵"),
        ("两行\n的\t名字", "两行 的 名字"),
        ("100%+1?", "100%+1?"),
    ],
)
def test_a_name_arrives_as_it_is_written(name: str, plain: str | None) -> None:
    for link in go_there(Spot(101.5, 36.6, name), MAINLAND):
        shown = READ[link.app](link.url)[1]
        if plain is None:
            assert "script" in shown
            assert "<" not in link.url
        else:
            assert shown == plain, link.app


def test_what_has_a_meaning_in_a_format_is_taken_out_of_a_name() -> None:
    links = {link.app: link.url for link in go_there(Spot(101.5, 36.6, "甲,乙(北门)"), MAINLAND)}
    assert amap(links["amap"])[1] == "甲 乙(北门)"
    assert query(links["amap"])["to"].count(",") == 2
    assert geo(links["geo"])[1] == "甲,乙 北门"


@pytest.mark.parametrize(("by", "words"), [(By.WALK, ("walk", "walk")), (By.EBIKE, ("ride", "bike"))])
def test_a_link_asks_for_the_way_one_travels(by: By, words: tuple[str, str]) -> None:
    links = {link.app: query(link.url) for link in go_there(Spot(101.5, 36.6, "甲", by=by), MAINLAND)
             if link.app != "geo"}  # fmt: skip
    assert (links["amap"]["mode"], links["tencent"]["type"]) == words


@pytest.mark.parametrize(("lon", "lat"), [(float("nan"), 36.0), (101.0, float("inf")), (36.0, 101.5)])
def test_what_is_no_position_has_no_links(lon: float, lat: float) -> None:
    with pytest.raises(ValueError, match="no position"):
        go_there(Spot(lon, lat, "驿站"), MAINLAND)


def test_coordinates_are_written_longitude_first_to_a_decimetre() -> None:
    assert in_datum(101.5, 36.6, Datum.WGS84, MAINLAND) == ("101.500000", "36.600000")
