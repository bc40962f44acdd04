"""Inspections in a real browser: filled in at the door without a network, kept through a reload, sent once, shown."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session
from windows import PHONE, Server, violations

from conftest import fill_squares
from stations.hours import Hours
from stations.keeping.inspecting import documents, library
from stations.models import Finding, Inspection, InspectionPhoto
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.web.desk_fixtures import SomeStaff, log_in, staff_member
from web import create_app
from web.settings import Settings

pytest_plugins = ["window_fixtures"]

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
NAME = "民和川口驿站"


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="for inspections"):
            library.publish(session, documents.shipped()["star-scheme"])
            station = registry.add(
                session,
                names={"zh": NAME},
                kind="union_station",
                region_code="630222",
                hours=Hours("Mo-Fr 08:30-17:00", words="周一至周五 8:30-17:00"),
            )
            station.location = "SRID=4326;POINT(102.1 36.6)"
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def inspector(engine: Engine) -> SomeStaff:
    return staff_member(engine, "xuncha", "inspector", "630222")


@pytest.fixture(scope="module")
def server(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(
        secret_key="x" * 40, database_url=url, clock=NOON, photos=tmp_path_factory.mktemp("photos")
    )
    made = Server(create_app(settings, engine=engine))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        locale="zh-CN",
        timezone_id="Europe/London",
        reduced_motion="reduce",
        geolocation={"longitude": 102.1001, "latitude": 36.6001, "accuracy": 15},
        permissions=["geolocation"],
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


def picture() -> bytes:
    written = io.BytesIO()
    Image.effect_noise((320, 240), 80).convert("RGB").save(written, "JPEG")
    return written.getvalue()


def at_the_door(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/desk/door")
    page.wait_for_selector("html.is-live")


def answer(page: Page, item: str, word: str) -> None:
    page.get_by_role("group", name=item).get_by_label(word, exact=True).check()


def count(engine: Engine, what: type) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def test_an_inspection_made_without_a_network_survives_a_reload_and_is_sent_once(
    phone: BrowserContext, server: Server, engine: Engine, inspector: SomeStaff
) -> None:
    page = phone.new_page()
    log_in(page, server.address, inspector)
    at_the_door(page, server)
    expect(page.locator("#pack-said")).to_contain_text("共 1 个驿站")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    assert violations(page) == []

    server.stop()
    page.get_by_role("button", name="离我最近").click()
    expect(page.locator("#found")).to_contain_text(NAME)
    page.get_by_role("button", name=NAME).click()
    expect(page.get_by_role("heading", name=NAME)).to_be_focused()
    answer(page, "到达时", "关着门")
    answer(page, "用电、消防没有隐患", "符合")
    answer(page, "有饮用水", "不符合")
    expect(page.get_by_role("group", name="饮用水是热的")).to_contain_text("这一项不用看")
    expect(page.get_by_role("checkbox", name="需要整改")).to_be_checked()
    page.get_by_role("group", name="有饮用水").get_by_label("说明").fill("饮水机空着")
    page.get_by_role("group", name="有饮用水").locator("input[type=file]").set_input_files(
        {"name": "door.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    expect(page.get_by_alt_text("“有饮用水”的照片 1")).to_be_visible()
    expect(page.get_by_text("位置已取得，误差约 15 米")).to_be_visible()
    expect(page.get_by_text("已存在手机里")).to_be_visible()
    assert violations(page) == []

    page.reload()
    page.wait_for_selector("html.is-live")
    expect(page.get_by_role("group", name="到达时").get_by_label("关着门")).to_be_checked()
    expect(page.get_by_role("group", name="有饮用水").get_by_label("说明")).to_have_value("饮水机空着")
    expect(page.get_by_alt_text("“有饮用水”的照片 1")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="填好，送出").click()
    expect(page.locator("#mine")).to_contain_text("等网络，自动送出")
    assert count(engine, Inspection) == 0

    server.start()
    page.evaluate("() => window.dispatchEvent(new Event('online'))")
    expect(page.locator("#mine")).to_contain_text("已送出")
    page.evaluate("() => window.dispatchEvent(new Event('online'))")
    page.wait_for_selector("body[data-due='0']")
    assert (count(engine, Inspection), count(engine, InspectionPhoto), count(engine, Finding)) == (1, 1, 1)

    page.get_by_role("link", name="在工作台查看").click()
    expect(page.get_by_role("heading", name=NAME, level=1)).to_be_visible()
    expect(page.locator("main")).to_contain_text("关着门 应当开门")
    expect(page.locator("main")).to_contain_text("饮水机空着")
    assert page.locator(".shot img").evaluate_all(
        "all => Promise.all(all.map(one => one.decode())).then(() => all.length)"
    )
    assert violations(page) == []
