"""Programmes in a real browser: from the plan to its bars, the map's marks, a bulk of stations, and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from windows import DESK, PHONE, Reader, Window, serving, violations

from geo.datum import Datum
from stations.planning import programmes
from stations.planning.programme_townships import replace_list
from stations.planning.programmes import Plan
from stations.planning.township_lists import TownshipRow
from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from tests.web.desk_fixtures import SomeStaff, log_in, staff_member
from tests.web.planner_fixtures import NOON
from web import create_app
from web.settings import Settings

pytest_plugins = ["window_fixtures"]
HOME = "/desk/planner/programmes"


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="stations and a programme"):
            for at, (name, state) in enumerate(
                (("开一", "open"), ("建一", "building"), ("划一", "planned"), ("划二", "planned"))
            ):
                made = add(
                    session, names={"zh": name}, kind="union_station", region_code="630222", lifecycle=state,
                    expected_on=date(2026, 6, 1) if name == "划一" else None,
                )  # fmt: skip
                made.location = f"SRID=4326;POINT({102.05 + at / 50} 36.6)"  # type: ignore[assignment]
            programmes.add(
                session,
                Plan("WIDE", "海东十个驿站", ("630200",), 2026, 10, targets={"630222": 6, "630202": 4}),
                actor=operator,
            )
            rows = [
                TownshipRow(1, "630222100", "川口镇", "", 102.05, 36.6),
                TownshipRow(2, "630222201", "北山乡", "", 102.15, 36.75),
            ]
            replace_list(session, "WIDE", rows, datum=Datum.WGS84, actor=operator)
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def site(engine: Engine) -> Iterator[str]:
    url = engine.url.render_as_string(hide_password=False)
    with serving(
        create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)
    ) as address:
        yield address


@pytest.fixture
def member(engine: Engine) -> SomeStaff:
    return staff_member(engine, "planner", "planner", None)


@pytest.fixture
def enter(window: Window, site: str, member: SomeStaff) -> Callable[..., Reader]:
    def make(viewport: dict[str, int] = DESK) -> Reader:
        reader = window(viewport)
        log_in(reader.page, site, member)
        return reader

    return make


def test_a_planner_writes_a_programme_and_puts_planned_stations_in(
    enter: Callable[..., Reader], site: str
) -> None:
    reader = enter()
    page = reader.page
    page.goto(f"{site}/desk/planner")
    page.get_by_role("link", name="建设方案").first.click()
    page.get_by_role("link", name="新方案").click()
    page.get_by_label("名称", exact=True).fill("民和高标准驿站")
    page.locator("#f-code").fill("MH-5")
    page.locator("#f-target").fill("0")
    page.locator("#f-target_is").select_option("tagged")
    page.locator("#f-regions").fill("民和县")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#wrong-target")).to_have_text("目标数至少是1。")
    expect(page.locator("#f-regions")).to_have_value("民和县")
    # A browser tells of every answer that refuses, this one too.
    assert len(reader.complaints) == 1
    reader.complaints.clear()
    page.locator("#f-target").fill("5")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("h1")).to_have_text("民和高标准驿站")

    page.locator(".page-head").get_by_role("link", name="站点").click()
    page.get_by_role("group", name="状态").get_by_label("规划").check()
    page.get_by_role("button", name="先看结果").nth(1).click()
    expect(page.locator(".verdicts")).to_contain_text("将纳入 2")
    page.get_by_role("button", name="纳入 2 个站点").click()
    expect(page.locator("[role=status]").first).to_contain_text("已纳入 2 个站点。")
    page.goto(f"{site}{HOME}")
    expect(page.locator(".programmes > li", has_text="民和高标准驿站")).to_contain_text("已规划 2")


def test_the_map_tells_each_station_s_state_and_each_township_without_one(
    enter: Callable[..., Reader], site: str
) -> None:
    page = enter().page
    page.goto(f"{site}{HOME}/WIDE")
    page.wait_for_selector(".yz-map[data-drawn]")
    expect(page.locator("[data-map-words]")).to_contain_text("画了 4 个站点")
    # The view is the programme's own region, 101.8 to 102.2 by 36.4 to 36.8: the first station and its township are near
    # its middle, and a click there names one of them.
    box = page.locator(".yz-map").bounding_box()
    assert box is not None
    for step in range(-14, 40, 2):
        page.mouse.click(
            box["x"] + box["width"] / 2 + step * box["width"] / 100, box["y"] + box["height"] / 2
        )
        if page.locator("[data-picked]").is_visible():
            break
    expect(page.locator("[data-picked] [data-name]")).to_have_text(re.compile("开一|建一|划一|划二|川口镇"))
    expect(page.locator(".table.areas tfoot")).to_contain_text("10")
    page.get_by_role("link", name="未落实").first.click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("未落实")
    expect(page.locator(".table.areas tbody tr").first).to_contain_text("乐都区")
    expect(page.get_by_role("row", name="划一")).to_contain_text("30")


def test_a_phone_shows_the_list_and_the_page_without_scrolling_sideways(
    enter: Callable[..., Reader], site: str
) -> None:
    page = enter(PHONE).page
    for path in (
        HOME,
        f"{HOME}/WIDE",
        f"{HOME}/WIDE/stations",
        f"{HOME}/WIDE/townships",
        f"{HOME}/WIDE/edit",
    ):
        page.goto(f"{site}{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize(
    "path", ["", "/WIDE", "/WIDE/stations", "/WIDE/townships", "/WIDE/edit", "/WIDE/end", "/new"]
)
def test_the_pages_meet_the_rules_of_accessibility(
    enter: Callable[..., Reader], site: str, path: str
) -> None:
    page = enter().page
    page.goto(f"{site}{HOME}{path}")
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
