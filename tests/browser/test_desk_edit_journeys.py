"""Editing stations in a real browser: the pin, what is pasted, hours in words, two at once, a lost connection, many."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from windows import PHONE, Reader, Window, serving, violations

from conftest import fill_squares
from stations.editing.draft import load
from stations.editing.save import Edit, Saved, add
from stations.registry.writing import OPERATOR, actor_id
from tests.web.desk_fixtures import SomeStaff, log_in, staff_member
from web import create_app
from web.settings import Settings

pytest_plugins = ["window_fixtures"]

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
LIVE = "html.is-live #edit"


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def site(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(
        secret_key="x" * 40, database_url=url, clock=NOON, photos=tmp_path_factory.mktemp("photos")
    )
    with serving(create_app(settings, engine=engine)) as address:
        yield address


@dataclass(frozen=True)
class Desk:
    """The desk of a test: a keeper of Minhe, a keeper of the province, and the registry behind."""

    window: Window
    site: str
    engine: Engine
    keeper: SomeStaff
    other: SomeStaff

    def enter(self, member: SomeStaff | None = None, **options: Any) -> Reader:
        """Open a browser of its own and log in."""
        reader: Reader = self.window(options.pop("viewport", None), **options)
        log_in(reader.page, self.site, member or self.keeper)
        return reader

    def form(self, page: Page | Reader, code: str) -> Page:
        """Open the form of a station."""
        page = page.page if isinstance(page, Reader) else page
        page.goto(f"{self.site}/desk/stations/{code}")
        page.wait_for_selector(LIVE)
        return page

    def fields(self, code: str) -> dict[str, Any]:
        """Return what stands in the registry."""
        with Session(self.engine) as session:
            return dict(load(session, code).fields)

    def station(self, **fields: Any) -> str:
        """Add a station and return its code."""
        held = {
            "name.zh": "民和川口驿站",
            "phone": "0972-8522222",
            "position": [102.1, 36.6, "wgs84", False],
            "hours": ["周一至周五 8:30-17:00", "Mo-Fr 08:30-17:00", "plain"],
        }
        with Session(self.engine) as session, session.begin():
            actor = actor_id(session, OPERATOR)
            done = add(session, Edit(held | fields, actor, "为了测试", NOON), insist=True)
            assert isinstance(done, Saved)
        return done.code


@pytest.fixture
def desk(window: Window, site: str, engine: Engine) -> Desk:
    keeper = staff_member(engine, "minhe", "editor", "630222")
    return Desk(window, site, engine, keeper, staff_member(engine, "province", "editor", None))


@pytest.fixture
def code(desk: Desk) -> str:
    return desk.station()


def answered(reader: Reader, status: int) -> None:
    """Expect that a form came back with this status, of which Chromium complains."""
    expected = f"the server responded with a status of {status}"
    assert any(expected in one for one in reader.complaints)
    reader.complaints[:] = [one for one in reader.complaints if expected not in one]


def save(page: Page) -> None:
    page.get_by_role("button", name="保存", exact=True).click()


def saved(page: Page) -> None:
    expect(page.locator(".told").first).to_contain_text("已保存")


def test_a_pin_that_is_dragged_moves_the_station_on_its_public_page(desk: Desk, code: str) -> None:
    page = desk.form(desk.enter(), code)
    box = page.locator(".leaflet-marker-draggable").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    with page.expect_response("**/desk/aids/place*"):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y - 40, steps=5)
        page.mouse.up()
    assert float(page.input_value('[name="position.lon"]')) > 102.1005
    assert float(page.input_value('[name="position.lat"]')) > 36.6005
    save(page)
    saved(page)
    lon, lat, datum, _ = desk.fields(code)["position"]
    assert (lon > 102.1005, lat > 36.6005, datum) == (True, True, "wgs84")
    page.goto(f"{desk.site}/s/{code}")
    expect(page.locator(".numbers")).to_contain_text(f"{lon:.4f}"[:7])


def test_a_pasted_amap_link_puts_the_pin_and_chooses_its_datum(desk: Desk, code: str) -> None:
    page = desk.form(desk.enter(), code)
    with page.expect_response("**/desk/aids/place*"):
        page.fill(
            "[name=paste]", "【高德地图】川口驿站 https://uri.amap.com/marker?position=102.15,36.65&name=x"
        )
    expect(page.locator("#paste-said")).to_contain_text("高德地图")
    assert page.input_value('[name="position.datum"]') == "gcj02"
    page.fill("[name=paste]", "https://surl.amap.com/abc")
    expect(page.locator("#paste-said")).to_contain_text("短链接")
    page.fill("[name=paste]", "")
    save(page)
    saved(page)
    assert desk.fields(code)["position"] == [102.15, 36.65, "gcj02", False]


def test_numbers_in_the_wrong_datum_are_told_and_the_right_one_is_taken_by_a_tap(desk: Desk) -> None:
    code = desk.station(position=[102.006, 36.6, "wgs84", False])
    page = desk.form(desk.enter(), code)
    page.select_option('[name="position.datum"]', "bd09")
    expect(page.locator("#place-wrong")).to_contain_text("不在您管理的区域内")
    offer = page.locator("#offers li", has_text="GCJ-02")
    expect(offer).to_contain_text("民和")
    offer.get_by_role("button").click()
    expect(page.locator("#place-wrong")).to_be_empty()
    save(page)
    saved(page)
    assert desk.fields(code)["position"] == [102.006, 36.6, "gcj02", False]


def test_stations_near_the_pin_are_listed_so_that_none_is_registered_twice(desk: Desk) -> None:
    code = desk.station(position=[102.18, 36.42, "wgs84", False], **{"name.zh": "官亭驿站"})
    reader = desk.enter()
    page = reader.page
    page.goto(f"{desk.site}/desk/stations/new")
    page.wait_for_selector(LIVE)
    page.fill('[name="name.zh"]', "官亭工会驿站")
    page.fill('[name="position.lon"]', "102.1802")
    page.fill('[name="position.lat"]', "36.42")
    near = page.locator("#near .is-twin")
    expect(near).to_contain_text("可能是同一个站点")
    expect(page.locator(".is-other")).to_have_count(1)
    save(page)
    expect(page.locator("#twins")).to_contain_text("官亭驿站")
    answered(reader, 409)
    page.get_by_label("这是另一个站点，仍然新增").check()
    save(page)
    expect(page.locator(".told").first).to_contain_text("已新增站点")
    assert page.url.rpartition("/")[2] != code


def test_hours_in_words_show_their_week_while_one_types(desk: Desk, code: str) -> None:
    reader = desk.enter()
    page = desk.form(reader, code)
    page.fill('[name="hours.words"]', "每天9点到晚上8点半，春节停业")
    expect(page.locator("#hours-said .week tr").first).to_contain_text("09:00–20:30")
    page.fill('[name="hours.words"]', "看心情")
    expect(page.locator("#hours-said")).to_contain_text("看不出开放时间")
    save(page)
    expect(page.locator("#faults")).to_contain_text("开放时间")
    answered(reader, 422)
    page.get_by_label("只保留原话").check()
    save(page)
    saved(page)
    assert desk.fields(code)["hours"] == ["看心情", None, "plain"]


def test_two_browsers_merge_two_fields_and_ask_about_the_same_one(desk: Desk, code: str) -> None:
    reader = desk.enter()
    mine, theirs = desk.form(reader, code), desk.form(desk.enter(desk.other), code)
    theirs.fill("[name=phone]", "0972-8500000")
    save(theirs)
    saved(theirs)
    mine.fill("[name=address]", "川垣大街1号")
    save(mine)
    saved(mine)
    expect(mine.locator(".desk-main")).to_contain_text("province工会改了电话")

    mine.fill("[name=phone]", "0972-8511111")
    theirs = desk.form(theirs, code)
    theirs.fill("[name=phone]", "0972-8599999")
    save(theirs)
    saved(theirs)
    mine.fill("[name=directions]", "三楼")
    save(mine)
    expect(mine.locator("#merge")).to_contain_text("province工会")
    expect(mine.locator("#merge")).to_contain_text("0972-8599999")
    answered(reader, 409)
    assert mine.input_value("[name=directions]") == "三楼"
    mine.get_by_label("用我的").check()
    save(mine)
    saved(mine)
    held = desk.fields(code)
    assert (held["phone"], held["directions"], held["address"]) == ("0972-8511111", "三楼", "川垣大街1号")


def test_a_lost_connection_keeps_the_form_and_offers_it_back(desk: Desk, code: str) -> None:
    reader = desk.enter()
    page = desk.form(reader, code)
    page.fill("[name=address]", "川垣大街8号")
    page.locator('[name="amenity.aed"][value=no]').check(force=True)
    page.get_by_role("button", name="再加一段").first.click()
    page.locator('[name="exception.first"]').nth(1).fill("2026-10-01")
    page.locator('[name="exception.reason"]').nth(1).fill("国庆")
    reader.context.set_offline(True)
    save(page)
    expect(page.locator("#send-said")).to_contain_text("连不上服务器")
    assert page.input_value("[name=address]") == "川垣大街8号"
    reader.complaints[:] = [one for one in reader.complaints if "ERR_INTERNET_DISCONNECTED" not in one]

    reader.context.set_offline(False)
    page.on("dialog", lambda dialog: dialog.accept())
    page.close(run_before_unload=False)
    again = reader.context.new_page()
    again.goto(f"{desk.site}/desk/stations/{code}")
    again.wait_for_selector(LIVE)
    expect(again.locator("#kept")).to_contain_text("还留在本机")
    again.get_by_role("button", name="接着改").click()
    assert again.input_value("[name=address]") == "川垣大街8号"
    assert again.locator('[name="exception.first"]').nth(1).input_value() == "2026-10-01"
    save(again)
    saved(again)
    held = desk.fields(code)
    assert held["address"] == "川垣大街8号"
    assert held["amenity.aed"] == "no"
    assert held["exception.2026-10-01/2026-10-01"] == [[None, "国庆"]]
    again.reload()
    again.wait_for_selector(LIVE)
    expect(again.locator("#kept")).to_be_hidden()


def test_a_draft_that_is_restored_is_merged_with_what_was_saved_since(desk: Desk, code: str) -> None:
    reader = desk.enter()
    page = desk.form(reader, code)
    page.fill("[name=phone]", "0972-8511111")
    page.wait_for_function("() => Object.keys(localStorage).length > 0")
    page.close(run_before_unload=False)
    theirs = desk.form(desk.enter(desk.other), code)
    theirs.fill("[name=phone]", "0972-8500000")
    save(theirs)
    saved(theirs)
    again = reader.context.new_page()
    again.goto(f"{desk.site}/desk/stations/{code}")
    again.wait_for_selector(LIVE)
    again.get_by_role("button", name="接着改").click()
    save(again)
    expect(again.locator("#merge")).to_contain_text("0972-8500000")
    # Left unanswered, the question is asked again.
    again.close(run_before_unload=False)
    third = reader.context.new_page()
    desk.form(third, code)
    third.get_by_role("button", name="接着改").click()
    save(third)
    expect(third.locator("#merge")).to_contain_text("0972-8500000")
    assert desk.fields(code)["phone"] == "0972-8500000"


def test_leaving_with_edits_that_are_not_saved_asks(desk: Desk, code: str) -> None:
    page = desk.form(desk.enter(), code)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{desk.site}/desk/stations")
    assert asked == []
    desk.form(page, code)
    page.locator("[name=address]").press_sequentially("川")
    page.goto(f"{desk.site}/desk/stations")
    assert asked == ["beforeunload"]


def test_many_stations_are_changed_after_a_preview(desk: Desk) -> None:
    codes = [desk.station(**{"name.zh": f"批量{n}驿站"}) for n in range(3)]
    page = desk.enter().page
    page.goto(f"{desk.site}/desk/stations?q=批量")
    page.locator("th.select-cell input").check()
    page.get_by_role("button", name=re.compile("改选中的")).click()
    page.select_option("[name=fee]", "free")
    page.get_by_role("button", name="预览").click()
    expect(page.locator(".becomes").first).to_have_text("免费")
    page.get_by_role("button", name="修改这 3 个站点").click()
    expect(page.locator(".told").first).to_contain_text("已修改 3 个站点")
    assert [desk.fields(one)["fee"] for one in codes] == ["free"] * 3


def test_the_form_is_done_by_keyboard_alone(desk: Desk, code: str) -> None:
    page = desk.form(desk.enter(), code)
    page.locator(".leaflet-marker-draggable").focus()
    with page.expect_response("**/desk/aids/place*"):
        page.keyboard.press("Shift+ArrowRight")
    assert float(page.input_value('[name="position.lon"]')) > 102.1
    page.locator('[name="amenity.toilet"][value=unknown]').focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator('[name="amenity.toilet"][value=broken]').is_checked()
    page.locator("[name=address]").focus()
    page.keyboard.type("川垣大街5号")
    page.keyboard.press("Enter")
    saved(page)
    held = desk.fields(code)
    assert (held["address"], held["amenity.toilet"]) == ("川垣大街5号", "broken")
    assert held["position"][0] > 102.1


def test_an_unlocated_station_is_pinned_from_its_county(desk: Desk) -> None:
    code = desk.station(position=None, region_code="630222")
    page = desk.form(desk.enter(), code)
    with page.expect_response("**/desk/aids/place*"):
        page.get_by_role("button", name="把图钉放在地图中间").click()
    expect(page.locator("#place-region")).to_contain_text("民和")
    save(page)
    saved(page)
    lon, lat, datum, _ = desk.fields(code)["position"]
    assert (102.0 < lon < 102.2, 36.4 < lat < 36.8, datum) == (True, True, "wgs84")


@pytest.mark.parametrize(("viewport", "scheme"), [(None, "dark"), (PHONE, "light")], ids=["desk", "phone"])
def test_every_page_is_accessible_and_fits(desk: Desk, code: str, viewport: Any, scheme: str) -> None:
    reader = desk.enter(viewport=viewport, color_scheme=scheme)
    page = desk.form(reader, code)
    for path in (None, "/desk/stations/new", "/desk/stations", f"/desk/stations/{code}/photos"):
        if path is not None:
            page.goto(desk.site + path)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_bulk_page_is_accessible_and_fits_a_phone(desk: Desk, code: str) -> None:
    page = desk.enter(viewport=PHONE).page
    page.goto(f"{desk.site}/desk/stations")
    page.locator("[name=code]").first.check()
    page.get_by_role("button", name=re.compile("改选中的")).click()
    page.select_option("[name=fee]", "fee")
    page.get_by_role("button", name="预览").click()
    page.wait_for_selector("#preview")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
