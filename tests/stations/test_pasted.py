"""What people paste to say where a place is: numbers, and links of the apps that are used here."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.baidu_mercator import degrees
from geo.datum import Datum
from geo.errors import CoordinateError
from stations.editing.pasted import APPS, LONGEST, Pasted, read_pasted
from stations.errors import Invalid

GCJ, BD, WGS = Datum.GCJ02, Datum.BD09, Datum.WGS84


@pytest.mark.parametrize(
    "text",
    [
        "101.778,36.617",
        "36.617,101.778",
        "36.617，101.778",
        "101.778 36.617",
        "101.778\t36.617",
        "１０１．７７８，３６．６１７",
        "(36.617, 101.778)",
        "[101.778,36.617]",
        '{"lng": 101.778, "lat": 36.617}',
        "lat=36.617&lng=101.778".replace("&", ", "),
        "经度：101.778 纬度：36.617",
        "纬度36.617，经度101.778",
        "东经101.778°，北纬36.617°",
        "北纬36.617 东经101.778",
        "36.617N 101.778E",
        "101.778°E, 36.617°N",
        "N36.617 E101.778",
        "36.617N101.778E",
        "北纬 36.617 东经 101.778",
        "101.778、36.617",
        "36°37′01.2″N 101°46′40.8″E",
        "东经101°46′40.8″，北纬36°37′01.2″",
        "东经101度46分40.8秒 北纬36度37分1.2秒",
        "101°46'40.8\" 36°37'1.2\"",
        "N36°37'1.2\" E101°46'40.8\"",
        "101.778/36.617",
    ],
)
def test_numbers_are_read_in_either_order_and_leave_the_datum_open(text: str) -> None:
    assert read_pasted(text) == Pasted(101.778, 36.617, None)


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("80.5, 40.2", 80.5, 40.2),
        ("40.2, 80.5", 80.5, 40.2),
        ("西经101.5 南纬36.6", -101.5, -36.6),
        ("10.5, 20.5", 10.5, 20.5),
        ("-33.9N, 18.4E", 18.4, -33.9),
    ],
)
def test_what_could_be_either_is_told_by_its_words_then_by_where_china_is(
    text: str, lon: float, lat: float
) -> None:
    found = read_pasted(text)
    assert (found.lon, found.lat) == (lon, lat)


@given(st.floats(73.5, 135), st.floats(18, 53.5), st.booleans())
def test_any_point_of_china_is_read_whatever_its_order(lon: float, lat: float, turned: bool) -> None:
    pair = (lat, lon) if turned else (lon, lat)
    found = read_pasted(f"{pair[0]:.6f},{pair[1]:.6f}")
    assert (found.lon, found.lat) == (pytest.approx(lon, abs=1e-6), pytest.approx(lat, abs=1e-6))


@pytest.mark.parametrize(
    ("link", "app", "datum"),
    [
        ("https://uri.amap.com/marker?position=101.778,36.617&name=park&src=mypage&coordinate=gaode", "amap", GCJ),
        ("https://uri.amap.com/marker?position=101.778,36.617&coordinate=wgs84", "amap", WGS),
        ("https://uri.amap.com/navigation?to=101.778,36.617,endpoint&mode=car", "amap", GCJ),
        ("https://ditu.amap.com/regeo?lng=101.778&lat=36.617&name=x", "amap", GCJ),
        ("https://www.amap.com/?q=36.617,101.778,%E9%A9%BF%E7%AB%99", "amap", GCJ),
        ("https://wb.amap.com/?p=B03A,36.617,101.778,%E9%A9%BF%E7%AB%99,addr", "amap", GCJ),
        ("https://ditu.gaode.com/regeo?lng=101.778&lat=36.617", "amap", GCJ),
        ("https://m.amap.com/navi/?dest=101.778,36.617&destName=x", "amap", GCJ),
        ("androidamap://viewMap?sourceApplication=a&poiname=b&lat=36.617&lon=101.778&dev=0", "amap", GCJ),
        ("iosamap://viewMap?sourceApplication=a&poiname=b&lat=36.617&lon=101.778&dev=1", "amap", WGS),
        ("http://api.map.baidu.com/marker?location=36.617,101.778&title=t&output=html", "baidu", BD),
        ("http://api.map.baidu.com/marker?location=36.617,101.778&coord_type=gcj02&output=html", "baidu", GCJ),
        ("http://api.map.baidu.com/marker?location=36.617,101.778&coord_type=wgs84&output=html", "baidu", WGS),
        ("https://api.map.baidu.com/geocoder?location=36.617,101.778&coord_type=bd09ll", "baidu", BD),
        ("baidumap://map/marker?location=36.617,101.778&title=x&src=y", "baidu", BD),
        ("bdapp://map/direction?destination=latlng:36.617,101.778|name:x&mode=riding", "baidu", BD),
        ("https://apis.map.qq.com/uri/v1/marker?marker=coord:36.617,101.778;title:x;addr:y&referer=z", "tencent", GCJ),
        ("https://apis.map.qq.com/uri/v1/marker?marker=coord%3A36.617%2C101.778%3Btitle%3Ax", "tencent", GCJ),
        ("https://apis.map.qq.com/uri/v1/geocoder?coord=36.617,101.778&coord_type=1", "tencent", WGS),
        ("https://apis.map.qq.com/uri/v1/routeplan?type=bike&to=x&tocoord=36.617,101.778", "tencent", GCJ),
        ("qqmap://map/marker?marker=coord:36.617,101.778;title:x", "tencent", GCJ),
        ("https://maps.apple.com/?ll=36.617,101.778&q=x", "apple", GCJ),
        ("https://maps.apple.com/place?coordinate=36.617,101.778&name=x", "apple", GCJ),
        ("https://www.openstreetmap.org/?mlat=36.617&mlon=101.778#map=18/36.6/101.7", "osm", WGS),
        ("geo:36.617,101.778", "geo", WGS),
        ("geo:36.617,101.778,2260;crs=wgs84;u=10", "geo", WGS),
        ("geo:0,0?q=36.617,101.778(%E9%A9%BF%E7%AB%99)", "geo", WGS),
    ],
)  # fmt: skip
def test_a_link_tells_the_position_and_its_datum(link: str, app: str, datum: Datum) -> None:
    assert read_pasted(link) == Pasted(101.778, 36.617, datum, app)


@pytest.mark.parametrize(
    "link",
    [
        "https://www.google.com/maps/search/?api=1&query=36.617,101.778",
        "https://maps.google.com/?q=36.617,101.778",
        "https://www.google.com/maps/place/X/@36.6,101.7,17z/data=!3m1!4b1!4m6!8m2!3d36.617!4d101.778",
        "https://www.google.com/maps/place/36.617,101.778",
        "comgooglemaps://?q=36.617,101.778&zoom=14",
    ],
)
def test_google_s_links_leave_a_doubt_about_the_datum(link: str) -> None:
    """Its street map of China is drawn in GCJ-02, its pictures in WGS 84, and a link does not tell which was clicked."""
    assert read_pasted(link) == Pasted(101.778, 36.617, WGS, "google", sure=False)


@pytest.mark.parametrize(
    ("link", "app"),
    [
        ("https://www.google.com/maps/@36.617,101.778,15z", "google"),
        ("https://www.openstreetmap.org/#map=16/36.617/101.778", "osm"),
    ],
)
def test_a_link_to_a_view_says_that_it_is_only_the_middle_of_one(link: str, app: str) -> None:
    found = read_pasted(link)
    assert (found.lon, found.lat, found.app, found.centre) == (101.778, 36.617, app, True)


def test_baidu_s_web_address_is_read_from_its_own_metres() -> None:
    found = read_pasted("https://map.baidu.com/search/x/@12958160.97,4825923.77,19z?querytype=s")
    assert (found.lon, found.lat) == (pytest.approx(116.404, abs=2e-4), pytest.approx(39.915, abs=2e-4))
    assert (found.datum, found.app, found.centre) == (BD, "baidu", True)


def test_a_link_in_the_middle_of_a_chat_message_is_found() -> None:
    said = "【高德地图】城东工会驿站，青海省西宁市城东区。https://uri.amap.com/marker?position=101.778,36.617，点开看"
    assert read_pasted(said) == Pasted(101.778, 36.617, GCJ, "amap")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("x" * (LONGEST + 1), "too_long"),
        ("https://surl.amap.com/abc123", "short_link"),
        ("【百度地图】 https://j.map.baidu.com/aa/bbb", "short_link"),
        ("https://maps.app.goo.gl/xyz", "short_link"),
        ("https://maps.example.org/?q=36.617,101.778", "unknown_app"),
        ("https://evil-amap.com/marker?position=101.778,36.617", "unknown_app"),
        ("https://amap.com.evil.example/marker?position=101.778,36.617", "unknown_app"),
        ("https://[broken/marker?position=1,2", "no_position"),
        ("https://www.amap.com/place/B03A0", "no_position"),
        ("https://map.baidu.com/poi/x/@99999999999,1,19z", "no_position"),
        ("昆仑东路1号", "no_position"),
        ("101.778", "no_position"),
        ("101.778,36.617,2260", "no_position"),
        ("abc,def", "no_position"),
        ("geo:360.5,400.1", "not_on_earth"),
        ("200.5, 36.6", "not_on_earth"),
    ],
)  # fmt: skip
def test_what_holds_no_position_is_told_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_pasted(text)
    assert (refused.value.field, refused.value.reason) == ("paste", reason)


def test_of_an_unknown_app_it_is_told_which_are_known() -> None:
    with pytest.raises(Invalid, match=", ".join(APPS)):
        read_pasted("https://maps.example.org/?q=36.617,101.778")


@given(st.text(max_size=200) | st.from_regex(r"https?://[a-z.]{0,20}(amap|baidu|qq)\.com/.{0,60}"))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        found = read_pasted(text)
    except Invalid as error:
        assert error.reason  # noqa: PT017 hypothesis gives texts of both kinds
    else:
        assert math.isfinite(found.lon)
        assert abs(found.lat) <= 90


# Baidu's metres.


@pytest.mark.parametrize("edge", [1_678_043.12, 3_481_989.83, 5_591_021.0, 8_362_377.87])
def test_baidu_s_bands_meet_to_a_decimetre(edge: float) -> None:
    below, above = degrees(1.1e7, edge - 1e-6), degrees(1.1e7, edge + 1e-6)
    assert np.abs(np.subtract(below, above)).max() < 1e-6


def test_baidu_s_metres_keep_their_sign_and_their_shape() -> None:
    lon, lat = degrees([[1.1e7, -1.1e7]], [[4.3e6], [-4.3e6]])
    assert lon.shape == lat.shape == (2, 2)
    assert (np.sign(lon) == [[1, -1], [1, -1]]).all()
    assert (np.sign(lat) == [[1, 1], [-1, -1]]).all()


@pytest.mark.parametrize(("x", "y"), [(3e7, 4e6), (1e7, 2e7), (math.nan, 0.0)])
def test_metres_beyond_baidu_s_map_are_refused(x: float, y: float) -> None:
    with pytest.raises(CoordinateError, match="Baidu"):
        degrees(x, y)
