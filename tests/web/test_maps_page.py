"""The map page and its data on a real registry: what it loads, says, escapes and keeps without JavaScript."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from geo.datum import Datum
from geo.mainland import Mainland
from stations.hours import Hours
from stations.models import Place, RegistryInfo
from stations.registry import registry
from stations.registry.writing import acting
from web import create_app
from web.settings import Settings

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
HOSTILE = "<script>alert(1)</script>${7*191}{{7*191}}"
YES = registry.AmenityFact()


@pytest.fixture
def filled(qinghai: Session, operator: int) -> Session:
    mask = Mainland.from_wkb(bytes(qinghai.get_one(RegistryInfo, 1).mainland or b""))

    def put(name: str, lon: float | None, hours: str | None, **facts: Any) -> None:
        made = registry.add(
            qinghai,
            names={"zh": name},
            region_code="630102",
            hours=Hours(hours),
            **{"kind": "union_station"} | facts,
        )
        if lon is not None:
            registry.locate(qinghai, made, lon, 36.6, datum=Datum.WGS84, mainland=mask)

    with acting(qinghai, operator, reason="test"):
        put(HOSTILE, 101.50, "08:00-12:20", amenities={"microwave": YES}, access="open_door")
        put("时间未知驿站", 101.51, None, amenities={"microwave": registry.AmenityFact(basis="inferred")})  # type: ignore[arg-type]
        put("下午驿站", 101.52, "14:00-18:00", access="scan")
        put("未定位驿站", None, "24/7")
        put("维权中心", 101.53, "24/7", kind="rights_centre")
        put(
            "装修驿站",
            101.54,
            "24/7",
            lifecycle="suspended",
            lifecycle_since=date(2026, 1, 1),
            lifecycle_reason="装修",
        )
        qinghai.add(
            Place(source="t", source_id="1", names={"zh": "川口", "en": "Chuankou"}, population=None,
                  location="SRID=4326;POINT(102.1 36.6)", region_code="630222", credit="GeoNames, CC BY 4.0")
        )  # fmt: skip
    return qinghai


@pytest.fixture
def settings(engine: Engine) -> dict[str, Any]:
    return {"secret_key": "x" * 40, "database_url": str(engine.url), "clock": NOON}


@pytest.fixture
def client(
    filled: Session, engine: Engine, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> FlaskClient:
    for module in ("web.api.stations", "web.finder.station", "web.ground", "web.pages.views", "web.db"):
        monkeypatch.setattr(f"{module}.session", lambda: filled)
    return create_app(Settings(**settings), engine=engine).test_client()


def page(client: FlaskClient, address: str = "/map", **headers: str) -> str:
    answer = client.get(address, headers={"Accept-Language": "zh-CN", **headers})
    assert answer.status_code == 200, answer.text
    return answer.text


def policy(answer: TestResponse) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";")]
    return {part[0]: part[1:] for part in parts}


def listed(html: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'<span class="row-name">(.*?)</span>', html)]


def state_of(html: str, name: str) -> str:
    found = re.search(rf'<span class="row-name">{name}</span><span class="[^"]*">([^<]*)<', html)
    assert found is not None, name
    return unescape(found[1])


@pytest.mark.parametrize(
    "address", ["/map", "/map?gap=1&lang=en", "/about", "/nothing-here", "/map/stations.json"]
)
def test_every_response_forbids_what_is_not_ours(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    rules = policy(answer)
    assert rules["default-src"] == ["'none'"]
    assert rules["connect-src"] == ["'self'"]
    assert rules["img-src"] == ["'self'", "data:"]
    assert rules["frame-ancestors"] == rules["base-uri"] == ["'none'"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert answer.headers["Permissions-Policy"].startswith("geolocation=(self)")


def test_every_inline_script_carries_the_nonce_of_its_own_response(client: FlaskClient) -> None:
    nonces = set()
    for _ in range(2):
        answer = client.get("/map")
        inline = re.findall(r"<script(?![^>]* src=)([^>]*)>", answer.text)
        used = {re.fullmatch(r' nonce="([\w-]+)"', attributes) for attributes in inline}
        assert None not in used
        (nonce,) = {match[1] for match in used if match}
        assert policy(answer)["script-src"] == ["'self'", f"'nonce-{nonce}'"]
        nonces.add(nonce)
    assert len(nonces) == 2


def test_the_page_has_no_inline_style_no_handler_attribute_and_no_foreign_address(
    client: FlaskClient,
) -> None:
    html = page(client, "/map?gap=1")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)
    whole = re.findall(r'(?:src|href)="((?:https?:)?//[^"]*)"', html)
    # Where the code of an embed is to be had is told to programs by our own whole address.
    assert [url for url in whole if not url.startswith("http://localhost/oembed?")] == []


def test_two_pages_differ_in_nothing_but_the_nonce(client: FlaskClient) -> None:
    first, second = (re.sub(r'nonce="[\w-]+"', "", page(client)) for _ in range(2))
    assert first == second


def test_a_station_named_as_a_script_or_a_template_shows_as_text(client: FlaskClient) -> None:
    html = page(client)
    assert HOSTILE in listed(html)
    assert "<script>alert" not in html
    assert "1337" not in html


def test_without_javascript_the_list_names_every_station_with_a_position_and_says_how_many_have_none(
    client: FlaskClient,
) -> None:
    html = page(client)
    assert listed(html) == [HOSTILE, "时间未知驿站", "下午驿站", "维权中心", "装修驿站"]
    assert "共 6 个站点" in html
    assert "另有 1 个符合条件的站点未定位" in html


def test_the_list_says_in_words_what_the_hours_say_now(client: FlaskClient) -> None:
    html = page(client)
    assert (
        state_of(html, re.escape("&lt;script&gt;alert(1)&lt;/script&gt;${7*191}{{7*191}}"))
        == "营业中 · 20分钟后关门"
    )
    assert state_of(html, "时间未知驿站") == "时间未知"
    assert state_of(html, "下午驿站") == "14:00 开门"
    assert state_of(html, "维权中心") == "营业中"
    assert state_of(html, "装修驿站") == "暂停服务"


def test_what_a_filter_asks_and_nobody_knows_stays_behind_and_says_so(client: FlaskClient) -> None:
    html = page(client, "/map?amenities=microwave")
    assert listed(html)[0] == HOSTILE
    assert "时间未知驿站" in listed(html)[1:]
    assert "热饭为推断" in html
    assert "热饭未知" in html
    assert listed(page(client, "/map?amenities=microwave&unknown=exclude")) == [HOSTILE]


def test_the_form_keeps_what_the_address_asks(client: FlaskClient) -> None:
    html = page(
        client,
        "/map?kind=rights_centre&open=now&amenities=toilet&unknown=exclude&region=6301&at=2026-01-15T09:30&q=x",
    )
    for name, value in [
        ("kind", "rights_centre"),
        ("open", "now"),
        ("amenities", "toilet"),
        ("unknown", "exclude"),
    ]:
        assert re.search(rf'name="{name}" value="{value}"[^>]* checked', html), name
    assert html.count(" checked") == 4
    assert re.search(r'<option value="630100" selected', html)
    assert 'name="at" value="2026-01-15T09:30"' in html
    assert 'name="q" value="x"' in html


def test_a_messenger_s_own_parameters_are_ignored(client: FlaskClient) -> None:
    assert listed(page(client, "/map?from_=timeline&isappinstalled=0&kind=rights_centre")) == ["维权中心"]


def test_a_filter_that_cannot_be_read_is_left_out_and_named(client: FlaskClient) -> None:
    html = page(client, "/map?kind=%3Cb%3Ebar&open=now")
    assert "“&lt;b&gt;bar”看不懂" in html
    assert HOSTILE in listed(html)
    body = client.get("/map/stations.json?kind=bar", headers={"Accept-Language": "zh"}).json
    assert body is not None
    assert body["problems"] == ["“bar”看不懂，没有用它筛选。"]


@pytest.mark.parametrize("value", ["", "-1", "x", "٣", "999999999999", "4"])
def test_a_page_of_the_list_begins_where_it_can(client: FlaskClient, value: str) -> None:
    html = page(client, f"/map?from={value}")
    assert len(listed(html)) == (1 if value == "4" else 5)


def test_english_is_english_but_for_names(client: FlaskClient) -> None:
    html = page(client, "/map?lang=en&gap=1")
    assert '<html lang="en">' in html
    assert state_of(html, "下午驿站") == "Opens 14:00"
    text = re.sub(r"<script.*?</script>|<option.*?</option>|<[^>]+>", " ", html, flags=re.DOTALL)
    chinese = set(re.findall(r"[\u4e00-\u9fff]+", text))
    named = {
        "时间未知驿站",
        "下午驿站",
        "维权中心",
        "装修驿站",
        "青海省",
        "城东区",
        "城中区",
        "乐都区",
        "民和回族土族自治县",
        "中文",
    }
    assert chinese <= named


def test_the_language_is_the_address_s_then_the_browser_s(client: FlaskClient) -> None:
    assert '<html lang="en">' in page(client, "/map", **{"Accept-Language": "en-GB,en;q=0.9"})
    assert '<html lang="zh-Hans">' in page(client, "/map?lang=zh", **{"Accept-Language": "en"})
    assert '<html lang="zh-Hans">' in page(client, "/map", **{"Accept-Language": "fr"})
    assert "Accept-Language" in client.get("/map").headers["Vary"]
    assert "Accept-Language" not in client.get("/map?lang=en").headers.get("Vary", "")


def test_the_link_to_the_other_language_keeps_the_question(client: FlaskClient) -> None:
    html = page(client, "/map?kind=rights_centre&gap=1&distance_m=2000")
    assert 'href="/map?kind=rights_centre&amp;gap=1&amp;distance_m=2000&amp;lang=en"' in html


def test_the_base_map_says_that_it_was_not_reviewed_until_a_number_is_configured(
    client: FlaskClient, engine: Engine, settings: dict[str, Any]
) -> None:
    assert '"text":"演示底图，未送审"' in page(client)
    assert "演示底图，未送审" in page(client, "/about")
    reviewed = create_app(
        Settings(**settings, review_number="青S(2026)001号", map_credit="© 测绘院"), engine=engine
    ).test_client()
    html = page(reviewed)
    assert '"text":"审图号：青S(2026)001号"' in html
    assert '"credits":["© 测绘院",' in html
    assert "未送审" not in html


def test_a_demonstration_registry_says_so_on_the_page_and_in_the_data(
    client: FlaskClient, filled: Session
) -> None:
    assert "演示数据" not in re.sub(r"<script.*?</script>", "", page(client), flags=re.DOTALL)
    filled.get_one(RegistryInfo, 1).demonstration = True
    assert '<span class="demo"' in page(client)
    assert "不能用来找站点" in page(client, "/about")
    assert client.get("/map/stations.json").json["demonstration"] is True  # type: ignore[index]


def test_the_drawing_data_are_rows_of_the_named_columns(client: FlaskClient) -> None:
    body = client.get("/map/stations.json?open=now&unknown=exclude").json
    assert body is not None
    first = dict(zip(body["columns"], body["rows"][0], strict=True))
    assert (first["name"], first["lon"], first["lat"], first["state"]) == (HOSTILE, 101.5, 36.6, "open")
    assert first["until"] == "2026-01-15T12:20+08:00"
    assert first["then"] == "closed"
    assert first["region"] == "630102"
    assert body["amenities"][first["has"].bit_length() - 1] == "microwave"
    assert body["timeStamp"] == "2026-01-15T12:00:00+08:00"
    assert body["counts"] == {"matched": 3, "unlocated": 1}


def test_the_base_map_is_drawing_data_that_a_browser_may_keep_and_ask_again(client: FlaskClient) -> None:
    first = client.get("/map/regions.json?lang=zh")
    assert [area["name"] for area in json.loads(first.data)["areas"]][:3] == ["青海省", "西宁市", "城东区"]
    assert {area["level"] for area in json.loads(first.data)["areas"]} == {"province", "prefecture", "county"}
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    again = client.get("/map/regions.json?lang=zh", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_places_are_named_in_the_reader_s_language_and_an_unknown_population_is_null(
    client: FlaskClient,
) -> None:
    places = client.get("/map/places.json?lang=en").json
    assert places == {"places": [{"name": "Chuankou", "lon": 102.1, "lat": 36.6, "population": None}]}


def test_a_place_without_a_chinese_name_has_the_name_that_it_has(
    client: FlaskClient, filled: Session, operator: int
) -> None:
    with acting(filled, operator, reason="test"):
        filled.add(
            Place(source="t", source_id="2", names={"en": "Yima"}, location="SRID=4326;POINT(102.1 36.61)")
        )
    assert [each["name"] for each in client.get("/map/places.json").json["places"]] == ["川口", "Yima"]  # type: ignore[index]
    assert "<strong>Yima</strong>" in page(client, "/map?gap=1&distance_m=2000")


def test_the_gap_table_is_there_without_javascript(client: FlaskClient) -> None:
    html = page(client, "/map?gap=1&distance_m=2000")
    assert "1 个地点中，1 个在 2 公里 内没有休息站点" in html
    row = re.search(r'<th scope="row">民和回族土族自治县</th>(.*?)</tr>', html)
    assert row is not None
    assert re.findall(r"<td>(.*?)</td>", row[1]) == ["1 / 1", "100%", "未知", "1", "52 公里"]
    empty = re.search(r'<th scope="row">城中区</th>(.*?)</tr>', html)
    assert empty is not None
    assert re.findall(r"<td>(.*?)</td>", empty[1]) == ["0 / 0", "–", "未知", "0", "未知"]
    assert "<strong>川口</strong>" in html


@pytest.mark.parametrize("given", ["", "5001", "-5000", "1e3", "999999999", "５000"])
def test_a_distance_that_is_not_offered_is_the_default(client: FlaskClient, given: str) -> None:
    body = client.get(f"/map/gaps.json?distance_m={given}").json
    assert body is not None
    assert body["radius_m"] == 5000


def test_the_gap_data_tell_what_they_stand_on(client: FlaskClient) -> None:
    body = client.get("/map/gaps.json?distance_m=20000").json
    assert body is not None
    assert body["radius_m"] == 20_000
    assert (body["basis"]["stations"], body["basis"]["places_source"]) == (3, "GeoNames, CC BY 4.0")
    assert [place["name"] for place in body["places"]] == ["川口"]


def test_a_link_to_no_station_is_a_page_that_says_so(client: FlaskClient) -> None:
    answer = client.get("/s/NOPE", headers={"Accept-Language": "zh"})
    assert answer.status_code == 404
    assert "这里没有您要找的内容" in answer.text
    assert "回到地图" in answer.text
