"""The planner's desk in a real browser: from the question through the worker to map, table and hour, and to the public."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Position, expect
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from windows import DESK, PHONE, Reader, Window, serving, violations

from stations import jobs
from stations.jobs.running import run as do_work
from tests.web.desk_fixtures import SomeStaff, log_in, staff_member
from tests.web.planner_fixtures import NOON, fill, made, round_the_clock
from web import create_app
from web.jobs import kinds
from web.settings import Settings

pytest_plugins = ["window_fixtures"]


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        fill(session)
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def settings(engine: Engine) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    return Settings(secret_key="x" * 40, database_url=url, clock=NOON)


@pytest.fixture(scope="module")
def site(settings: Settings, engine: Engine) -> Iterator[str]:
    with serving(create_app(settings, engine=engine)) as address:
        yield address


@pytest.fixture(scope="module")
def run_id(engine: Engine) -> int:
    """A run of a whole day that is kept."""
    with Session(engine) as session, session.begin():
        return made(session, "一整天", **round_the_clock()).id


@pytest.fixture
def member(engine: Engine) -> SomeStaff:
    return staff_member(engine, "planner", "planner", None)


@pytest.fixture
def enter(window: Window, site: str, member: SomeStaff) -> Callable[..., Reader]:
    """Open a window in which the planner is logged in."""

    def make(**options: object) -> Reader:
        reader = window(**options)
        log_in(reader.page, site, member)
        return reader

    return make


def drawn(reader: Reader, address: str) -> None:
    """Open a page with a map and wait until its figures are there and its layers are drawn."""
    reader.page.goto(reader.site + address)
    for container in reader.page.locator(".yz-map").all():
        expect(container).to_have_attribute("data-drawn", "", timeout=15_000)
        expect(container).to_have_attribute("data-hour", re.compile(r"\d*"))


def shade(reader: Reader, code: str) -> str:
    return str(reader.page.evaluate("code => yizhan.plannerRuns[0].map.regions._shades[code]", code))


def figures(page: Page) -> list[str]:
    """Return the words of all tables that follow the view."""
    return page.locator(".figures").all_inner_texts()


def test_a_planner_asks_and_watches_the_worker(
    enter: Callable[..., Reader], engine: Engine, settings: Settings
) -> None:
    reader = enter()
    page = reader.page
    page.goto(reader.site + "/planner")
    expect(page).to_have_title("规划 · 驿站地图工作台")
    page.get_by_label("名称", exact=True).fill("从浏览器来")
    page.get_by_role("button", name="开始计算").click()
    expect(page.get_by_role("progressbar", name="进度")).to_be_visible()
    with Session(engine) as session:
        work = jobs.recent(session, limit=1)[0]
    doing = threading.Thread(target=do_work, args=(engine, work.id, kinds(settings), threading.Event()))
    doing.start()
    expect(page.locator(".planner-map .leaflet-pane").first).to_be_attached(timeout=15_000)
    doing.join()
    expect(page.locator(".totals")).to_contain_text("33.3%")


def test_the_hours_move_the_table_and_the_map(enter: Callable[..., Reader], run_id: int) -> None:
    reader = enter()
    page = reader.page
    drawn(reader, f"/desk/planner/runs/{run_id}")
    expect(page.locator(".totals .figure")).to_have_text("33.3%")
    by_day = shade(reader, "630222")
    slider = page.get_by_role("slider")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")  # 03:00, when the door is shut
    expect(page.locator(".totals .figure")).to_have_text("0.0%")
    assert slider.get_attribute("aria-valuetext") == "03:00"
    expect(page.locator(".yz-map")).to_have_attribute("data-hour", "3")
    assert shade(reader, "630222") != by_day
    assert reader.query()["hour"] == ["3"]
    expect(page.locator(".gaps")).to_contain_text("民和回族土族自治县")
    expect(page.locator(".leaflet-gaps-pane path")).to_have_count(2)
    expect(page.locator(".told")).to_contain_text("03:00 没有一个算入的站点开着")


def test_cells_change_with_the_hour_and_answer_to_a_click(enter: Callable[..., Reader], run_id: int) -> None:
    reader = enter()
    page = reader.page
    drawn(reader, f"/desk/planner/runs/{run_id}?show=cells&at=102.1,36.6,14")
    expect(page.locator(".leaflet-cells-pane img.leaflet-tile-loaded").first).to_be_attached()
    page.locator(".yz-map").click(position=middle_of(page))
    expect(page.locator(".place-note")).to_contain_text("这一格有 1,000 人，最近的站点")
    page.locator("[data-slider]").fill("4")
    expect(page.locator(".leaflet-cells-pane img[src*='hour=3']").first).to_be_attached()
    page.locator(".yz-map").click(position=middle_of(page))
    expect(page.locator(".place-note").last).to_contain_text("这一格有 1,000 人，这一刻：超过所有时限")


def middle_of(page: Page) -> Position:
    """Return where the cell of 民和 lies on its map."""
    x, y = page.evaluate(
        "() => { var p = yizhan.plannerRuns[0].map.latLngToContainerPoint([36.6, 102.1]); return [p.x, p.y]; }"
    )
    return {"x": x, "y": y}


@pytest.mark.parametrize("layer", ["辐射区域", "重叠的辐射区域"])
def test_the_areas_that_stations_serve_are_drawn_when_they_are_asked_for(
    enter: Callable[..., Reader], run_id: int, layer: str
) -> None:
    reader = enter()
    page = reader.page
    drawn(reader, f"/desk/planner/runs/{run_id}?show=")
    expect(page.locator(".leaflet-reach-pane canvas")).to_have_count(0)
    page.get_by_label(layer, exact=True).check()
    expect(page.locator(".leaflet-reach-pane canvas")).to_have_count(1)
    expect(page.locator(".key")).to_contain_text(layer)


def test_a_link_shows_the_same_again(enter: Callable[..., Reader], run_id: int) -> None:
    reader = enter()
    page = reader.page
    drawn(reader, f"/desk/planner/runs/{run_id}")
    page.locator("select[name=by]").select_option("people")
    expect(page.locator(".key")).to_contain_text("人口")
    page.get_by_label("人口格网").check()
    page.get_by_label("覆盖空白").uncheck()
    page.locator(".planner-left [data-sort]", has_text="区域").click()
    expect(page.locator(".planner-left [aria-sort]")).to_contain_text("区域")
    page.locator(".doors [data-sort]", has_text="分钟内的人").click()
    expect(page.locator(".doors [aria-sort]")).to_contain_text("分钟内的人")
    page.get_by_role("button", name="民和回族土族自治县").click()
    expect(page).to_have_url(re.compile(r"at=102\."))
    told, shaded = figures(page), shade(reader, "630102")
    place = page.evaluate("() => yizhan.plannerRuns[0].map.getCenter().lng")
    other = enter()
    drawn(other, page.url.removeprefix(other.site))
    assert figures(other.page) == told
    assert shade(other, "630102") == shaded
    assert abs(other.page.evaluate("() => yizhan.plannerRuns[0].map.getCenter().lng") - place) < 0.01
    assert other.page.get_by_label("人口格网").is_checked()
    assert not other.page.get_by_label("覆盖空白").is_checked()


def test_gaps_and_stations_answer_to_a_click(enter: Callable[..., Reader], run_id: int) -> None:
    reader = enter()
    page = reader.page
    drawn(reader, f"/desk/planner/runs/{run_id}")
    page.locator(".leaflet-gaps-pane path").first.click(force=True)
    expect(page.locator(".place-note")).to_contain_text("这里有 2,000 人在 15 分钟以外，最近的站点 897分钟")


def test_the_run_that_is_published_is_the_public_map_s_gap_layer(
    enter: Callable[..., Reader], run_id: int
) -> None:
    reader = enter()
    page = reader.page
    page.goto(f"{reader.site}/desk/planner/runs/{run_id}")
    page.get_by_role("link", name="公开").click()
    page.get_by_label("原因").fill("会议通过")
    page.get_by_role("button", name="公开").click()
    expect(page.locator(".told")).to_contain_text("已公开")
    reader.open("/map?gap=1")
    expect(page.locator(".gap-table caption")).to_have_text("各区县15分钟以外的人")
    expect(page.locator(".gap-table tbody tr").first).to_contain_text("城东区")
    expect(page.locator("[data-gaps] .note")).to_contain_text("分钟为估算（直线×系数）")
    expect(page.locator(".leaflet-gaps-pane path")).to_have_count(1)
    expect(page.locator("select[name=distance_m]")).to_be_hidden()
    page.locator(".gap-table th button", has_text="人口").click()
    expect(page.locator(".gap-table [aria-sort=descending]")).to_have_text("人口")
    page.goto(f"{reader.site}/desk/planner/runs/{run_id}/withdraw")
    page.get_by_label("原因").fill("数据更新")
    page.get_by_role("button", name="撤下").click()
    reader.open("/map?gap=1")
    expect(page.locator(".gap-table caption")).to_contain_text("5 公里")


def test_two_maps_move_together(enter: Callable[..., Reader], engine: Engine, run_id: int) -> None:
    with Session(engine) as session, session.begin():
        second = made(session, "五分钟", main_min=5).id
    reader = enter()
    page = reader.page
    drawn(reader, f"/desk/planner/compare?first={run_id}&second={second}")
    expect(page.locator(".yz-map")).to_have_count(2)
    page.evaluate("() => { yizhan.plannerRuns[0].map.setView([36.5, 102.0], 11, { animate: false }); }")
    found = page.evaluate(
        "() => { var m = yizhan.plannerRuns[1].map; return [m.getCenter().lat, m.getCenter().lng, m.getZoom()]; }"
    )
    assert found == pytest.approx([36.5, 102.0, 11], abs=0.01)
    assert shade(reader, "630222") != page.evaluate(
        "() => yizhan.plannerRuns[1].map.regions._shades['630222']"
    )
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_fit_and_have_no_faults_that_axe_finds(
    enter: Callable[..., Reader], run_id: int, size: dict[str, int], scheme: str
) -> None:
    reader = enter(viewport=size, color_scheme=scheme)
    page = reader.page
    for address in ("/desk/planner", f"/desk/planner/runs/{run_id}/report", f"/desk/planner/runs/{run_id}"):
        if address.endswith(str(run_id)):
            drawn(reader, address)
        else:
            page.goto(reader.site + address)
        assert violations(page) == [], address
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= size["width"], address
