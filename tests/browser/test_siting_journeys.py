"""Siting in a real browser: asked, watched, a site dragged for looking at, adopted; on a phone, by keyboard, by axe."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from windows import DESK, PHONE, Reader, Window, serving, violations

from stations import jobs
from stations.jobs.running import run as do_work
from stations.models import Station
from tests.web.desk_fixtures import SomeStaff, log_in, staff_member
from tests.web.desk_siting_fixtures import planned, programme
from tests.web.planner_fixtures import NOON, fill
from web import create_app
from web.jobs import kinds
from web.settings import Settings

pytest_plugins = ["window_fixtures"]
HOME = "/desk/planner/sites"


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        fill(session)
        programme(session)
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
def pair(engine: Engine) -> tuple[int, int]:
    """Two plans that are kept: of one site, hour by hour, and of two."""
    with Session(engine) as session, session.begin():
        first = planned(session, "一整天", reach={"at": NOON, "around_the_clock": True}, cost=60_000.0)
        return first.id, planned(session, "两个", count=2).id


@pytest.fixture
def member(engine: Engine) -> SomeStaff:
    return staff_member(engine, "planner", "planner", None)


@pytest.fixture
def enter(window: Window, site: str, member: SomeStaff) -> Callable[..., Reader]:
    def make(viewport: dict[str, int] = DESK, **options: object) -> Reader:
        reader = window(viewport, **options)
        log_in(reader.page, site, member)
        return reader

    return make


def test_a_planner_asks_watches_drags_a_site_and_adopts_it(
    enter: Callable[..., Reader], site: str, engine: Engine, settings: Settings
) -> None:
    page = enter().page
    page.goto(f"{site}/planner")
    page.get_by_role("navigation", name="规划的几部分").get_by_role("link", name="选址").click()
    expect(page.get_by_label("一共多少钱（元）")).to_be_hidden()
    page.get_by_label("最多几个").fill("1")
    page.get_by_role("button", name="开始选址").click()
    expect(page.get_by_role("progressbar", name="进度")).to_be_visible()
    with Session(engine) as session:
        work = jobs.recent(session, limit=1)[0]
    doing = threading.Thread(target=do_work, args=(engine, work.id, kinds(settings), threading.Event()))
    doing.start()
    expect(page.locator(".yz-map[data-drawn]")).to_be_attached(timeout=20_000)
    doing.join()
    expect(page.locator(".standing")).to_contain_text("已证明最优")

    mark = page.locator(".site-mark")
    expect(mark).to_have_text("1")
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 14, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 60, steps=5)
    page.mouse.up()
    expect(page.locator("#loss")).to_contain_text("失去")
    expect(page.locator("#loss [data-change]")).to_have_text("−2,000")
    expect(mark).to_have_class(re.compile("is-moved"))
    page.keyboard.press("Escape")
    expect(page.locator("#loss")).to_contain_text("不建第1个")
    expect(mark).not_to_have_class(re.compile("is-moved"))

    page.get_by_role("button", name="列入建设方案").click()
    page.get_by_label("第1个的站点名称").fill("拖不走的驿站")
    page.get_by_role("button", name="列入", exact=True).click()
    expect(page.locator("#adopted")).to_contain_text("拖不走的驿站")
    page.locator("#adopted").get_by_role("link", name="方案 SITES").click()
    expect(page.locator("h1")).to_have_text("选址样本方案")
    with Session(engine) as session:
        made = session.scalars(select(Station).where(Station.names["zh"].astext == "拖不走的驿站")).one()
        assert made.lifecycle == "planned"


def test_by_keyboard_alone_a_site_is_picked_and_moved_to_a_candidate(
    enter: Callable[..., Reader], site: str, pair: tuple[int, int]
) -> None:
    page = enter().page
    page.goto(f"{site}{HOME}/{pair[0]}")
    page.wait_for_selector(".yz-map[data-drawn]")
    page.locator(".site-mark").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#loss [data-change]")).to_have_text("−2,000")
    expect(page.locator("tr.is-picked")).to_have_count(1)
    page.get_by_label("换到").select_option(index=1)
    expect(page.locator("#loss")).to_contain_text("换到 630222：")
    expect(page.get_by_label("换到")).to_be_focused()
    head = page.get_by_role("link", name="新覆盖", exact=True)
    head.focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("新覆盖")
    expect(page.get_by_role("link", name="新覆盖")).to_be_focused()


def test_a_phone_shows_every_page_without_scrolling_sideways_and_axe_finds_nothing(
    enter: Callable[..., Reader], site: str, pair: tuple[int, int]
) -> None:
    page = enter(PHONE, color_scheme="dark").page
    first, second = pair
    for path in (
        "",
        f"/{first}",
        f"/{first}/adopt",
        f"/{first}/dossier",
        f"/compare?first={first}&second={second}",
    ):
        page.goto(f"{site}{HOME}{path}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert violations(page) == [], path
