"""The finder without a network: the server is killed, a new page is opened, and the list is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from finder_street import HERE, NOON, fill, names, row
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session
from windows import PHONE, READY, Server

from stations.models import Report
from web import create_app
from web.settings import Settings

pytest_plugins = ["window_fixtures"]


@pytest.fixture(scope="module")
def database(new_database: Callable[[], str]) -> str:
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        fill(session)
    engine.dispose()
    return url


@pytest.fixture
def server(database: str) -> Iterator[Server]:
    """A server that a test may stop and start again on the same port, its clock stopped at noon."""
    engine = create_engine(database)
    settings = Settings(secret_key="x" * 40, database_url=database, clock=NOON)
    made = Server(create_app(settings, engine=engine))
    made.start()
    yield made
    made.stop()
    engine.dispose()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        locale="zh-CN",
        timezone_id="Europe/London",
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


def visit(phone: BrowserContext, server: Server, address: str) -> Page:
    page = phone.new_page()
    page.goto(server.address + address)
    page.wait_for_selector(READY, state="attached")
    return page


def stocked(phone: BrowserContext, server: Server) -> Page:
    """Open the finder once with a network, until the phone has all that it keeps."""
    page = visit(phone, server, HERE)
    page.wait_for_selector("body[data-pocket=full]")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    return page


def told(page: Page) -> list[list[str]]:
    return [
        [
            part.text_content() or ""
            for part in found.locator(".find-main > *:not(.pin), .has, .has-rest").all()
        ]
        for found in page.locator("li.find").all()
    ]


def emptied(page: Page) -> None:
    """Wait until nothing waits on the phone to be sent."""
    for _ in range(100):
        if page.evaluate("() => yizhan.kept.all('outbox').then(found => found.length)") == 0:
            return
        page.wait_for_timeout(100)
    raise AssertionError("letters still wait on the phone")


def turn_clock(page: Page, moment: datetime) -> None:
    """Let the phone believe that its last answer came at ``moment``."""
    page.evaluate(
        "ms => localStorage.setItem('yizhan.clock', JSON.stringify({ server: ms, local: Date.now(), still: false }))",
        moment.timestamp() * 1000,
    )


def test_after_the_server_is_killed_a_new_page_shows_the_same_list_and_its_age(
    phone: BrowserContext, server: Server
) -> None:
    page = stocked(phone, server)
    before = told(page)
    page.close()
    server.stop()
    cold = visit(phone, server, HERE)
    assert told(cold) == before
    assert len(before) == 8
    expect(cold.locator("#notice")).to_contain_text("没有网络。这是刚才存下的名单")
    expect(cold.locator("#list")).to_have_attribute("data-source", "pocket")


def test_a_cold_start_without_a_place_shows_the_last_one(phone: BrowserContext, server: Server) -> None:
    page = stocked(phone, server)
    before = told(page)
    page.close()
    server.stop()
    cold = visit(phone, server, "/")
    assert told(cold) == before


def test_what_is_open_is_worked_out_for_the_present_time(phone: BrowserContext, server: Server) -> None:
    page = stocked(phone, server)
    server.stop()
    turn_clock(page, NOON.replace(hour=23, minute=30) + timedelta(days=1))
    cold = visit(phone, server, HERE)
    expect(row(cold, "夜班驿站").locator(".find-state")).to_have_text("营业中 · 明天 02:00 关门")
    expect(row(cold, "白天驿站").locator(".find-state")).to_have_text("明天 06:00 开门")
    assert names(cold)[0] == "夜班驿站"
    expect(cold.locator("#notice")).to_contain_text("小时前存下的名单")


def test_beyond_the_weeks_that_it_knows_the_phone_says_that_hours_may_have_changed(
    phone: BrowserContext, server: Server
) -> None:
    page = stocked(phone, server)
    server.stop()
    turn_clock(page, NOON + timedelta(days=43))
    cold = visit(phone, server, HERE)
    assert set(cold.locator(".find-state").all_inner_texts()) == {"时间可能已变"}
    expect(cold.locator("#notice")).to_contain_text("43天前存下的名单")


def test_filters_and_details_work_from_the_pocket(phone: BrowserContext, server: Server) -> None:
    stocked(phone, server).close()
    server.stop()
    cold = visit(phone, server, HERE)
    cold.locator(".chip", has_text="不用扫码").locator("input").check()
    expect(row(cold, "分段驿站")).to_have_count(0)
    row(cold, "电话驿站").locator(".find-more").click()
    expect(row(cold, "电话驿站").locator("a[href='tel:12351']")).to_be_visible()
    row(cold, "白天驿站").locator(".find-more").click()
    expect(row(cold, "白天驿站").locator(".find-extra")).to_contain_text("左侧玻璃门")


def test_the_map_is_drawn_without_a_network(phone: BrowserContext, server: Server) -> None:
    page = stocked(phone, server)
    page.get_by_role("button", name="地图", exact=True).click()
    page.wait_for_selector(".find-map .leaflet-marker-icon")
    page.close()
    server.stop()
    cold = visit(phone, server, HERE)
    cold.get_by_role("button", name="地图", exact=True).click()
    expect(cold.locator(".find-map .leaflet-marker-icon").first).to_be_visible()
    expect(cold.locator(".review-mark")).to_contain_text("演示底图，未送审")


def test_favourites_and_saved_places_are_there_without_a_network(
    phone: BrowserContext, server: Server
) -> None:
    page = stocked(phone, server)
    row(page, "夜班驿站").locator(".find-more").click()
    row(page, "夜班驿站").get_by_role("button", name="收藏").click()
    page.get_by_role("button", name="存下这个地方").click()
    page.get_by_role("button", name="常去", exact=True).click()
    page.close()
    server.stop()
    cold = visit(phone, server, "/")
    expect(cold.get_by_role("button", name="常去", exact=True)).to_be_visible()
    cold.locator("#show-stars").click()
    expect(cold.locator("#heading")).to_have_text("收藏的 1 个站点")
    assert names(cold) == ["夜班驿站"]


def test_where_no_service_worker_is_allowed_an_open_page_goes_on_from_the_pocket(
    browser: Browser, server: Server
) -> None:
    messenger = browser.new_context(viewport=PHONE, locale="zh-CN", service_workers="block")  # type: ignore[arg-type]
    page = visit(messenger, server, HERE)
    page.wait_for_selector("body[data-pocket=full]")
    server.stop()
    page.locator(".chip", has_text="不用扫码").locator("input").check()
    expect(row(page, "分段驿站")).to_have_count(0)
    expect(page.locator("#notice")).to_contain_text("没有网络")
    messenger.close()


def test_without_anything_kept_the_page_says_so(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", service_workers="block")  # type: ignore[arg-type]
    page = visit(context, server, "/")
    server.stop()
    page.locator(".starts a").first.click()
    expect(page.locator("#status")).to_contain_text("这部手机也还没有存下名单")
    context.close()


def test_what_is_said_without_a_network_is_sent_later_and_once(
    phone: BrowserContext, server: Server, database: str
) -> None:
    stocked(phone, server).close()
    server.stop()
    cold = visit(phone, server, HERE)
    night = row(cold, "夜班驿站")
    night.locator(".find-more").click()
    night.get_by_role("button", name="信息无误，还开着").click()
    expect(night.locator(".said-line")).to_have_text("没有网络，已存在手机上，有网络时自动提交一次。")
    night.get_by_role("button", name="有问题").click()
    night.get_by_label("设施坏了").check()
    night.locator("select[name=amenity]").select_option("microwave")
    night.get_by_role("button", name="提交").click()
    expect(night.locator(".said-line")).to_contain_text("没有网络")
    cold.close()
    server.start()
    for _ in range(2):
        page = visit(phone, server, HERE)
        emptied(page)
        page.close()
    engine = create_engine(database)
    with Session(engine) as session:
        said = session.execute(select(Report.choice, Report.amenity).order_by(Report.id)).all()
    engine.dispose()
    assert sorted(map(tuple, said), key=str) == [("amenity_broken", "microwave"), ("correct", None)]


def confirmations(database: str) -> int:
    engine = create_engine(database)
    with Session(engine) as session:
        count = session.scalar(select(func.count()).where(Report.choice == "correct")) or 0
    engine.dispose()
    return count


HOTSPOT = {"status": 200, "content_type": "text/html", "body": "<title>Log in to the hotspot</title>"}
AWAY = {"status": 502, "content_type": "text/html", "body": "<title>502 Bad Gateway</title>"}
BROKEN = {
    "status": 503,
    "content_type": "application/problem+json",
    "body": '{"status": 503, "detail": "away"}',
}


@pytest.mark.parametrize("answer", [HOTSPOT, AWAY, BROKEN], ids=["hotspot", "proxy", "database"])
def test_who_answers_without_being_the_registry_is_no_answer(
    phone: BrowserContext, server: Server, database: str, answer: dict[str, Any]
) -> None:
    before = confirmations(database)
    page = stocked(phone, server)
    for asked in ("**/find.json*", "**/api/v1/**"):
        page.route(asked, lambda route: route.fulfill(**answer))
    page.locator(".chip", has_text="不用扫码").locator("input").check()
    expect(page.locator("#notice")).to_contain_text("这是刚才存下的名单")
    expect(row(page, "分段驿站")).to_have_count(0)
    night = row(page, "夜班驿站")
    night.locator(".find-more").click()
    night.get_by_role("button", name="信息无误，还开着").click()
    expect(night.locator(".said-line")).to_contain_text("已存在手机上")
    page.unroute("**/api/v1/**")
    page.route("**/confirmations", lambda route: route.fulfill(**answer))
    page.evaluate("() => yizhan.sendAll()")
    assert page.evaluate("() => yizhan.kept.all('outbox').then(found => found.length)") == 1
    page.unroute("**/confirmations")
    page.evaluate("() => yizhan.sendAll()")
    emptied(page)
    assert confirmations(database) == before + 1


def test_a_server_that_takes_its_time_is_not_waited_for_where_a_list_is_kept(
    phone: BrowserContext, server: Server
) -> None:
    page = stocked(phone, server)
    held: list[Any] = []
    page.route("**/find.json*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    page.locator(".chip", has_text="不用扫码").locator("input").check()
    expect(page.locator("#list")).to_have_attribute("data-source", "pocket", timeout=9000)
    expect(row(page, "分段驿站")).to_have_count(0)
    held[0].continue_()
    expect(page.locator("#list")).to_have_attribute("data-source", "server")
    expect(page.locator("#notice")).to_be_hidden()


QUESTIONS = [
    "", "open=now", "open=24h", "unknown=exclude", "amenities=drinking_water", "amenities=microwave,toilet",
    "amenities=seating&unknown=exclude", "access=no_scan", "by=ebike", "stay=60", "stay=240&by=ebike",
    "kind=union_station", "kind=rider_station&open=now", "fee=free", "amenities=heating&access=scan",
]  # fmt: skip
MOMENTS = [
    "",
    "2026-01-15T23:59",
    "2026-01-16T00:01",
    "2026-01-16T03:00",
    "2026-01-17T10:00",
    "2026-02-17T10:00",
]


@pytest.mark.parametrize("near", ["101.5000,36.6000", "101.5100,36.6000", "101.9000,36.6000"])
def test_the_pocket_answers_every_question_as_the_server_does(
    phone: BrowserContext, server: Server, near: str
) -> None:
    page = stocked(phone, server)
    questions = [
        f"near={near}&{question}&at={at}" if at else f"near={near}&{question}"
        for at in MOMENTS
        for question in QUESTIONS
    ]
    differing: list[Any] = page.evaluate(
        """async questions => {
            const setup = JSON.parse(document.getElementById("setup").textContent);
            const kept = await yizhan.kept.get("packs", "region"), differing = [];
            const short = s => [s.nameOf || yizhan.nameOf(s), s.verdict, s.minutes, s.metres, s.state, s.until, s.then, s.left];
            for (const question of questions) {
                const query = new URLSearchParams(question);
                const body = await (await fetch("/find.json?" + question)).json();
                const online = body.rows.map(row => short(yizhan.station(body.columns, row)));
                const near = query.get("near").split(",").map(Number);
                const found = yizhan.rank(new yizhan.Pack(JSON.parse(kept.text)), query, near, Date.parse(body.timeStamp), setup.rank, null);
                const offline = found.stations.map(short);
                const one = JSON.stringify([online, body.nothing_open, body.nothing_near, body.set_aside]);
                const other = JSON.stringify([offline, found.nothing_open, found.nothing_near, found.set_aside]);
                if (one !== other) differing.push([question, one, other]);
            }
            return differing;
        }""",
        questions,
    )
    assert differing == [], json.dumps(differing[:2], ensure_ascii=False, indent=1)
    assert len(questions) == 90
