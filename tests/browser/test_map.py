"""The map in a real Chromium, offline: what a reader with a phone, a keyboard or no JavaScript gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from windows import DESK, PHONE, Reader, serving, violations

from conftest import fill_squares
from geo.datum import Datum
from geo.mainland import Mainland
from stations.hours import DatedException, Hours
from stations.models import Place, RegistryInfo
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import Basis, Value
from web import create_app
from web.settings import Settings

pytest_plugins = ["window_fixtures"]

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
HOSTILE = "<script>document.title='taken'</script>${7*191}{{7*191}}"
FULL = "城东东大街工会驿站"
CROWD = 600
#: A view in which every station near 101.5, 36.6 stands alone.
CLOSE = "#15/101.501/36.6"

Fact = registry.AmenityFact


def fill(session: Session) -> None:
    """Make stations that differ in all that a card shows, and a crowd."""
    actor = actor_id(session, OPERATOR)
    fill_squares(session, actor)
    mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))

    def put(name: str, lon: float, lat: float, hours: Hours | None = None, **facts: Any) -> None:
        facts = {"kind": "union_station", "region_code": "630102", "names": {"zh": name}} | facts
        made = registry.add(session, hours=hours or Hours("24/7"), **facts)
        registry.locate(session, made, lon, lat, datum=Datum.WGS84, mainland=mask)

    with acting(session, actor, reason="browser test"):
        put(
            FULL, 101.500, 36.600,
            Hours("08:00-12:20", words="上午8点至12点20",
                  exceptions=(DatedException(date(2026, 2, 16), date(2026, 2, 22), None, "春节停业"),)),
            names={"zh": FULL, "bo": "ཟི་ལིང་།"}, access="scan", fee="free", phone="0971-6123456转801、12351",
            address="东大街12号", directions="从左侧玻璃门进",
            amenities={
                "drinking_water": Fact(basis=Basis.OBSERVED), "microwave": Fact(out_of_order=True),
                "toilet": Fact(Value.NO), "seating": Fact(basis=Basis.INFERRED),
            },
        )  # fmt: skip
        put(HOSTILE, 101.503, 36.602, address=HOSTILE, directions=HOSTILE)
        put("时间未知驿站", 101.506, 36.600, Hours(None), kind="rider_station")
        put("职工维权服务中心甲", 101.500, 36.603, Hours("14:00-18:00"), kind="rights_centre")
        put("同址甲", 101.511, 36.605)
        put("同址乙", 101.511, 36.605, Hours(None))
        for i in range(CROWD):
            put(f"驿站{i:03}", 101.85 + (i % 30) * 0.01, 36.45 + (i // 30) * 0.015, region_code="630202")
        for name, lon, people in (("近处", 101.5, 3000), ("远处", 101.72, None)):
            session.add(
                Place(source="t", source_id=name, names={"zh": name}, location=f"SRID=4326;POINT({lon} 36.5)",
                      population=people, region_code="630102" if people else "630103", credit="GeoNames, CC BY 4.0")
            )  # fmt: skip


@pytest.fixture(scope="module")
def site(new_database: Callable[[], str]) -> Iterator[str]:
    """The application on a filled registry, its clock stopped at noon on a Thursday in January."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        fill(session)
    app = create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)
    with serving(app) as address:
        yield address
    engine.dispose()


def pins(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        ".leaflet-marker-icon.pin", "found => found.map(e => e.getAttribute('aria-label'))"
    )


def open_card(page: Page, name: str) -> None:
    page.locator("a.row", has_text=name).first.click()
    page.wait_for_selector(".card")


def test_stations_are_drawn_from_data_and_gathered_where_they_would_overlap(
    window: Callable[..., Reader],
) -> None:
    page = window().open("/map")
    shown = page.locator(".leaflet-marker-icon").count()
    assert 5 < shown < 200
    counts = page.eval_on_selector_all(".ring span", "found => found.map(e => Number(e.textContent))")
    assert sum(counts) + len(pins(page)) == CROWD + 6
    assert page.locator("[data-count]").inner_text() == "视野内 606 个 · 共 606 个"


def test_a_marker_s_name_tells_station_kind_and_state(window: Callable[..., Reader]) -> None:
    page = window().open(f"/map{CLOSE}")
    assert f"{FULL}，工会驿站，营业中 · 20分钟后关门" in pins(page)
    assert "时间未知驿站，骑手驿站，时间未知" in pins(page)
    assert "职工维权服务中心甲，职工维权服务中心，14:00 开门" in pins(page)


def test_shape_and_fill_tell_class_and_state(window: Callable[..., Reader]) -> None:
    page = window().open(f"/map{CLOSE}")

    def classes(name: str) -> set[str]:
        return set((page.locator(f".pin[aria-label^='{name}，']").get_attribute("class") or "").split())

    assert {"is-round", "look-open", "fill-solid"} <= classes(FULL)
    assert {"is-round", "look-unknown", "rim-dashed"} <= classes("时间未知驿站")
    assert {"is-square", "look-closed", "fill-grey"} <= classes("职工维权服务中心甲")


def test_the_card_shows_every_fact_and_tells_the_five_standings_of_an_amenity_apart(
    window: Callable[..., Reader],
) -> None:
    page = window().open(f"/map{CLOSE}")
    open_card(page, FULL)
    card = page.locator(".leaflet-popup .card")
    told = card.inner_text()
    for words in (
        "工会驿站", "营业中 · 20分钟后关门", "公示：上午8点至12点20", "春节停业", "需扫码", "免费", "东大街12号",
        "从左侧玻璃门进", "未核实",
    ):  # fmt: skip
        assert words in told, words
    assert card.locator("[lang=bo]").inner_text() == "ཟི་ལིང་།"
    assert {link.inner_text(): link.get_attribute("href") for link in card.locator("a[href^=tel]").all()} == {
        "0971-6123456转801": "tel:09716123456",
        "12351": "tel:12351",
    }
    standings = dict(
        card.locator(".amenity").evaluate_all(
            "all => all.map(e => [e.querySelector('.amenity-name').textContent, e.className])"
        )
    )
    assert standings["饮水"] == "amenity is-yes"
    assert standings["座椅"] == "amenity is-yes is-inferred"
    assert standings["热饭"] == "amenity is-broken"
    assert standings["卫生间"] == "amenity is-no"
    assert standings["暖气"] == "amenity is-unknown"
    assert card.locator(".amenity-note").all_inner_texts() == ["故障", "推断"]
    groups = {
        group.locator("p").inner_text(): group.locator(".amenity-name").all_inner_texts()
        for group in card.locator(".amenity-group").all()
    }
    assert groups["没有"] == ["卫生间"]
    assert "暖气" in groups["未知"]


def test_a_station_named_as_a_script_shows_as_text_everywhere(window: Callable[..., Reader]) -> None:
    page = window().open(f"/map{CLOSE}")
    open_card(page, "document.title")
    assert page.locator(".card h2").inner_text() == HOSTILE
    assert page.locator(".card .facts").inner_text().count(HOSTILE) == 2
    assert any(label.startswith(HOSTILE) for label in pins(page))
    assert page.title() == "青海省 · 驿站地图"
    assert page.locator("main script, .card script").count() == 0


def test_the_keyboard_alone_opens_a_station_and_escape_gives_the_focus_back(
    window: Callable[..., Reader],
) -> None:
    page = window().open(f"/map{CLOSE}")
    row = page.locator("a.row", has_text=FULL)
    row.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".card")
    assert page.evaluate("document.activeElement.textContent") == FULL
    assert page.locator(".leaflet-popup").get_attribute("role") == "dialog"
    page.keyboard.press("Escape")
    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator("a.row:focus .row-name")).to_have_text(FULL)


def test_a_row_keeps_the_focus_when_the_list_is_written_anew(window: Callable[..., Reader]) -> None:
    page = window().open(f"/map{CLOSE}")
    page.locator("a.row", has_text=FULL).focus()
    page.evaluate("document.getElementById('order').value = 'name'")
    page.evaluate("document.getElementById('order').dispatchEvent(new Event('change'))")
    expect(page.locator("a.row:focus .row-name")).to_have_text(FULL)


def test_a_marker_opens_by_keyboard_too(window: Callable[..., Reader]) -> None:
    page = window().open(f"/map{CLOSE}")
    marker = page.locator(f".pin[aria-label^='{FULL}']")
    assert marker.get_attribute("tabindex") == "0"
    marker.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".card h2")).to_have_text(FULL)


def test_stations_on_one_spot_are_offered_by_name(window: Callable[..., Reader]) -> None:
    page = window().open("/map#18/101.511/36.605")
    page.locator(".ring").click()
    assert page.locator(".several span:not(.state)").all_inner_texts() == ["同址甲", "同址乙"]
    page.locator(".several button", has_text="同址乙").click()
    expect(page.locator(".card h2")).to_have_text("同址乙")


def test_a_ring_comes_apart_when_it_is_opened(window: Callable[..., Reader]) -> None:
    page = window().open("/map")
    before = page.evaluate("Number(location.hash.slice(1).split('/')[0])")
    page.locator(".ring").first.click()
    page.wait_for_function("before => Number(location.hash.slice(1).split('/')[0]) > before", arg=before)
    assert page.locator(".leaflet-marker-icon").count() > 0


def test_filters_stand_in_the_address_and_survive_reload_and_back(window: Callable[..., Reader]) -> None:
    reader = window()
    page = reader.open("/map")
    page.locator(".chip", has_text="营业中").locator("input").check()
    page.wait_for_selector("#panel:not([aria-busy])")
    page.locator(".chip", has_text="饮水").locator("input").check()
    expect(page.locator("[data-count]")).to_contain_text("共 605 个")
    assert reader.query() == {"open": ["now"], "amenities": ["drinking_water"]}
    page.reload()
    expect(page.locator("[data-count]")).to_contain_text("共 605 个")
    assert page.locator(".chip", has_text="饮水").locator("input").is_checked()
    page.go_back()
    expect(page.locator(".chip", has_text="饮水").locator("input")).not_to_be_checked()
    assert reader.query() == {"open": ["now"]}
    page.go_back()
    expect(page.locator("[data-count]")).to_contain_text("共 606 个")
    assert reader.query() == {}


def test_what_unknown_means_is_a_switch_in_sight(window: Callable[..., Reader]) -> None:
    page = window().open("/map?amenities=drinking_water")
    first, second = page.locator("a.row").nth(0), page.locator("a.row").nth(1)
    expect(first).to_contain_text(FULL)
    expect(second.locator(".row-doubts")).to_have_text("饮水未知")
    page.get_by_role("switch", name="只看信息确定的").check()
    expect(page.locator("[data-count]")).to_contain_text("共 1 个")


def test_open_now_and_around_the_clock_exclude_each_other(window: Callable[..., Reader]) -> None:
    reader = window()
    page = reader.open("/map?open=now")
    page.locator(".chip", has_text="24小时").locator("input").check()
    expect(page.locator(".chip", has_text="营业中").locator("input")).not_to_be_checked()
    assert reader.query() == {"open": ["24h"]}


def test_a_search_moves_the_map_to_what_it_found(window: Callable[..., Reader]) -> None:
    reader = window()
    page = reader.open("/map")
    page.get_by_role("searchbox").fill("维权服务中心甲")
    page.keyboard.press("Enter")
    expect(page.locator("a.row")).to_have_count(1)
    assert reader.query() == {"q": ["维权服务中心甲"]}
    page.wait_for_function("() => Number(location.hash.slice(1).split('/')[0]) >= 13")


def test_a_link_to_a_station_opens_it(window: Callable[..., Reader]) -> None:
    reader = window()
    page = reader.open(f"/map{CLOSE}")
    open_card(page, FULL)
    code = page.locator(".card").get_attribute("data-code")
    assert page.url.endswith(f"/{code}")
    other = window(PHONE).open(f"/map#///{code}")
    expect(other.locator("#panel .card h2")).to_have_text(FULL)


def test_back_closes_a_station_and_keeps_the_map(window: Callable[..., Reader]) -> None:
    page = window(PHONE).open(f"/map{CLOSE}")
    page.locator(".panel-grip").click()
    open_card(page, FULL)
    page.go_back()
    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator("[data-view=list]")).to_be_visible()
    assert page.locator(".leaflet-marker-icon").count() > 0


def test_the_card_tells_the_moment_asked_about(window: Callable[..., Reader]) -> None:
    page = window().open(f"/map?at=2026-01-15T15:00{CLOSE}")
    row = page.locator("a.row", has_text="职工维权服务中心甲")
    expect(row.locator(".row-state")).to_have_text("营业中 · 18:00 关门")
    open_card(page, "职工维权服务中心甲")
    expect(page.locator(".card .state")).to_have_text("营业中 · 18:00 关门")


def test_a_rising_sheet_takes_the_map_along_by_half(window: Callable[..., Reader]) -> None:
    page = window(PHONE).open("/map#15/101.503/36.602")

    def tops() -> tuple[float, float]:
        sheet = page.locator("#panel").bounding_box()
        pin = page.locator(".pin[aria-label^='<script>']").bounding_box()
        assert sheet is not None
        assert pin is not None
        return sheet["y"], pin["y"]

    sheet, pin = tops()
    page.locator(".panel-grip").click()
    risen, carried = tops()
    assert sheet - risen > 200
    assert carried == pytest.approx(pin - (sheet - risen) / 2, abs=3)


def test_the_list_tells_what_is_in_view(window: Callable[..., Reader]) -> None:
    page = window().open("/map#16/101.506/36.600")
    assert page.locator(".row-name").first.inner_text() == "时间未知驿站"
    assert not page.locator("a.row", has_text="驿站000").count()
    page.locator("#order").select_option("name")
    names = page.locator(".row-name").all_inner_texts()
    assert len(names) > 2
    assert names != ["时间未知驿站", *names[1:]]


def test_the_browser_and_the_server_write_the_same_rows(window: Callable[..., Reader]) -> None:
    address = "/map?kind=rider_station,rights_centre"
    live = window().open(address)
    plain = window(java_script_enabled=False)
    plain.page.goto(plain.site + address)
    rows = [
        {
            row.locator(".row-name").inner_text(): row.locator(".row-state").inner_text()
            for row in page.locator("a.row").all()
        }
        for page in (live, plain.page)
    ]
    assert rows[0] == rows[1] == {"时间未知驿站": "时间未知", "职工维权服务中心甲": "14:00 开门"}


def test_without_javascript_filters_and_list_work(window: Callable[..., Reader]) -> None:
    reader = window(PHONE, java_script_enabled=False)
    page = reader.page
    page.goto(f"{reader.site}/map")
    assert page.locator("a.row").count() == 30
    page.locator(".chip", has_text="营业中").locator("input").check()
    page.get_by_role("button", name="搜索").click()
    assert reader.query()["open"] == ["now"]
    assert page.locator(".chip", has_text="营业中").locator("input").is_checked()
    page.get_by_role("link", name="显示更多").click()
    assert reader.query()["from"] == ["30"]
    assert page.locator("a.row").count() == 30


def test_the_gaps_stand_on_the_map_and_in_a_table_that_sorts(window: Callable[..., Reader]) -> None:
    reader = window()
    page = reader.open("/map")
    page.locator(".chip", has_text="覆盖空白").locator("input").check()
    table = page.locator(".gap-table")
    expect(table.locator("tbody tr")).to_have_count(4)
    assert reader.query() == {"gap": ["1"]}
    expect(page.locator(".leaflet-gaps-pane path")).to_have_count(2)
    assert table.locator("tbody tr", has_text="城中区").locator("td").all_inner_texts() == [
        "1 / 1", "100%", "未知", "1", "12 公里",
    ]  # fmt: skip
    assert table.locator("[aria-sort=descending]").inner_text() == "未覆盖 / 地点"
    table.get_by_role("button", name="区县").click()
    assert table.locator("[aria-sort=ascending]").inner_text() == "区县"
    names = table.locator("tbody th").all_inner_texts()
    assert sorted(names) == sorted(["城东区", "城中区", "乐都区", "民和回族土族自治县"])
    assert names[0] == "城东区" or names.index("城东区") == names.index("城中区") + 1
    page.locator("select[name=distance_m]").select_option("20000")
    expect(page.locator(".leaflet-gaps-pane path")).to_have_count(0)
    assert reader.query() == {"gap": ["1"], "distance_m": ["20000"]}


def test_the_key_is_drawn_like_the_markers(window: Callable[..., Reader]) -> None:
    page = window().open(f"/map{CLOSE}")
    page.locator(".legend summary").click()
    assert page.locator(".legend li").count() == 15
    square = page.locator(".legend li", has_text="职工维权服务中心").locator(".pin")
    assert "is-square" in (square.get_attribute("class") or "")


def test_the_review_mark_stands_at_the_lower_left_also_over_the_sheet(window: Callable[..., Reader]) -> None:
    page = window(PHONE).open("/map")
    for _ in range(2):
        mark, sheet = page.locator(".review-mark").bounding_box(), page.locator("#panel").bounding_box()
        assert mark is not None
        assert sheet is not None
        assert mark["x"] < 40
        assert mark["y"] + mark["height"] <= sheet["y"] + 1
        assert "演示底图，未送审" in page.locator(".review-mark").inner_text()
        page.locator(".panel-grip").click()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"permissions": ["geolocation"], "geolocation": {"latitude": 36.6, "longitude": 101.5}}, ""),
        (
            {"permissions": ["geolocation"], "geolocation": {"latitude": 31.2, "longitude": 121.5}},
            "不在这张地图的范围内",
        ),
        ({"permissions": []}, "没有允许定位"),
    ],
    ids=["here", "elsewhere", "refused"],
)
def test_the_reader_s_position_is_used_or_it_is_said_why_not(
    window: Callable[..., Reader], given: dict[str, Any], told: str
) -> None:
    page = window(**given).open("/map")
    page.get_by_role("button", name="我的位置").click()
    if told:
        expect(page.locator("#status")).to_contain_text(told)
        expect(page.locator(".here")).to_have_count(0)
    else:
        expect(page.locator(".here")).to_have_count(1)
        expect(page.locator(".row-name").first).to_have_text(FULL)
        expect(page.locator(".row-facts").first).to_contain_text("0 米")


def test_a_server_that_does_not_answer_is_told_with_a_way_to_try_again(window: Callable[..., Reader]) -> None:
    reader = window()
    page = reader.open("/map")
    page.route("**/map/stations.json*", lambda route: route.abort())
    page.locator(".chip", has_text="营业中").locator("input").check()
    expect(page.locator("#status")).to_contain_text("连不上服务器")
    page.unroute("**/map/stations.json*")
    page.get_by_role("button", name="重试").click()
    expect(page.locator("#status")).to_be_empty()
    expect(page.locator("[data-count]")).to_contain_text("605")
    reader.complaints = [text for text in reader.complaints if "ERR_FAILED" not in text]


def test_large_text_and_a_narrow_screen_lose_nothing_sideways(window: Callable[..., Reader]) -> None:
    page = window({"width": 320, "height": 640}).open(f"/map{CLOSE}")
    page.evaluate("document.documentElement.style.fontSize = '160%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.locator(".panel-grip").click()
    open_card(page, FULL)
    assert page.evaluate(
        "document.querySelector('.card').scrollWidth <= document.querySelector('#panel').clientWidth"
    )


@pytest.mark.parametrize(
    ("viewport", "address", "scheme"),
    [
        (PHONE, "/map", "light"),
        (PHONE, f"/map{CLOSE}", "dark"),
        (PHONE, "/map?gap=1&lang=en", "light"),
        (DESK, "/map", "dark"),
        (DESK, f"/map{CLOSE}", "light"),
        (DESK, "/map?gap=1&lang=en", "dark"),
        (PHONE, "/about", "dark"),
    ],
)
def test_axe_finds_nothing_to_complain_about(
    window: Callable[..., Reader], viewport: dict[str, int], address: str, scheme: str
) -> None:
    reader = window(viewport, color_scheme=scheme)
    if address == "/about":
        reader.page.goto(reader.site + address)
    else:
        reader.open(address)
        if address.endswith(CLOSE):
            if viewport is PHONE:
                reader.page.locator(".panel-grip").click()
            open_card(reader.page, FULL)
    assert violations(reader.page) == []


def test_the_first_view_is_light(window: Callable[..., Reader]) -> None:
    reader = window(PHONE)
    sizes: dict[str, int] = {}
    reader.page.on(
        "response", lambda r: sizes.update({re.sub(r"\?.*", "", urlsplit(r.url).path): len(r.body())})
    )
    reader.open("/map")
    own = sum(
        size
        for path, size in sizes.items()
        if path.endswith((".js", ".css", ".svg")) and "vendor" not in path
    )
    assert own < 120_000
    assert len(sizes) < 25
