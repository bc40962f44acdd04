"""The planner's desk in a real browser: from the question through the worker to map, table and hour, and to the public."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from windows import Reader, Window, serving

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
