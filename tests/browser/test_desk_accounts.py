"""Accounts in a real Chromium: from a link to logged in, two steps, people, the sandbox; for every eye, keyboard and phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from windows import DESK, PHONE, Window, serving, violations

from conftest import fill_squares
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.web.desk_fixtures import PASSWORD, SomeStaff, log_in, staff_member
from web import create_app, sandbox
from web.settings import DEMO, Settings

pytest_plugins = ["window_fixtures"]

NEW = "竹篮-orbit-third-bridge"


@pytest.fixture(scope="module")
def engines(new_database: Callable[[], str]) -> Iterator[tuple[Engine, Engine]]:
    """A demonstration and its sandbox."""
    made = create_engine(new_database()), create_engine(new_database())
    for engine in made:
        with Session(engine) as session, session.begin():
            operator = actor_id(session, OPERATOR)
            fill_squares(session, operator)
            with acting(session, operator, reason="kind"):
                session.execute(text("UPDATE registry_info SET demonstration = true"))
    yield made
    for engine in made:
        engine.dispose()


@pytest.fixture(scope="module")
def site(engines: tuple[Engine, Engine]) -> Iterator[str]:
    urls = [engine.url.render_as_string(hide_password=False) for engine in engines]
    settings = Settings(
        secret_key="x" * 40, database_url=urls[0], sandbox_database_url=urls[1], registry=DEMO
    )
    sandbox.let_in(sandbox.of(settings))
    app = create_app(settings, engine=engines[0])
    sandbox.mount(app, settings)
    with serving(app) as address:
        yield address
    app.extensions["yizhan.sandbox"].extensions["yizhan.engine"].dispose()


@pytest.fixture(scope="module")
def chief(engines: tuple[Engine, Engine]) -> SomeStaff:
    staff_member(engines[0], "minhe", "editor", "630222")
    return staff_member(engines[0], "chief", "administrator", None)


def inside(page: Page) -> list[str]:
    """Return what sticks out of the window to the side."""
    wide: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1"
        " && !one.closest('.desk-nav') && getComputedStyle(one).position !== 'absolute').map(one => one.outerHTML.slice(0, 80))"
    )
    return wide


PAGES = ["/desk", "/desk/me", "/desk/people", "/desk/me/second-factor", "/desk/confirm"]


@pytest.mark.parametrize(
    ("size", "scheme", "locale"),
    [(PHONE, "light", "zh-CN"), (DESK, "dark", "zh-CN"), (PHONE, "dark", "en-GB"), (DESK, "light", "en-GB")],
)
def test_every_page_of_accounts_is_for_everybody(
    window: Window, site: str, chief: SomeStaff, size: dict[str, int], *, scheme: str, locale: str
) -> None:
    options: dict[str, Any] = {"color_scheme": scheme, "locale": locale}
    page = window(size, **options).page
    page.goto(f"{site}/desk/log-in")
    assert violations(page) == []
    log_in(page, site, chief)
    for address in [*PAGES, "/desk/people/" + person_number(page, site)]:
        page.goto(site + address)
        assert (address, violations(page), inside(page)) == (address, [], [])
        assert page.locator("html").get_attribute("lang") == ("zh-Hans" if locale == "zh-CN" else "en")


def person_number(page: Page, site: str) -> str:
    page.goto(f"{site}/desk/people")
    found = page.get_by_role("link", name="minhe工会").get_attribute("href")
    assert found is not None
    return found.rpartition("/")[2]


def test_somebody_is_added_and_comes_in_by_the_link(window: Window, site: str, chief: SomeStaff) -> None:
    page = window().page
    log_in(page, site, chief)
    page.goto(f"{site}/desk/people")
    form = page.locator("#add")
    form.get_by_label("姓名").fill("马海梅")
    form.get_by_label("登录名").fill("mahaimei")
    form.get_by_label("巡查").check()
    form.get_by_label("区域").select_option("630222")
    form.get_by_role("button", name="添加并生成一次性链接").click()
    link = page.locator(".one-time").inner_text()
    assert link.startswith(f"{site}/desk/link/")

    theirs = window(PHONE).page
    theirs.goto(link)
    assert violations(theirs) == []
    theirs.get_by_label("新密码").fill("mahaimei2026")
    theirs.get_by_label("再输入一次").fill("mahaimei2026")
    # A refused password is answered with 400, which Chromium writes into its console as an error.
    theirs.get_by_label("新密码").fill(NEW)
    theirs.get_by_label("再输入一次").fill(NEW)
    theirs.get_by_role("button", name="保存密码").click()
    expect(theirs.locator(".told")).to_contain_text("密码已设置")
    theirs.get_by_label("登录名").fill("mahaimei")
    theirs.get_by_label("密码").fill(NEW)
    theirs.keyboard.press("Enter")
    expect(theirs.locator("h1")).to_have_text("马海梅，您好")
    expect(theirs.locator(".desk-nav")).not_to_contain_text("人员")


def test_two_steps_from_turning_on_to_logging_in(
    window: Window, site: str, engines: tuple[Engine, Engine]
) -> None:
    member = staff_member(engines[0], "twosteps", "editor", "630222")
    page = window(PHONE).page
    log_in(page, site, member)
    page.goto(f"{site}/desk/me")
    page.get_by_role("link", name="开启两步验证").click()
    page.get_by_text("不能扫码").click()
    totp = pyotp.TOTP(page.locator(".secret").inner_text().replace(" ", ""))
    page.get_by_label("六位数字").fill(totp.now())
    page.get_by_role("button", name="开启").click()
    assert violations(page) == []
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="我已抄好").click()
    page.get_by_role("button", name="退出登录").click()

    page.get_by_label("登录名").fill(member.login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.locator("h1")).to_have_text("两步验证")
    assert violations(page) == []
    page.get_by_label("验证器上的六位数字").fill(codes[0])
    page.get_by_role("button", name="继续").click()
    expect(page.locator("h1")).to_contain_text("您好")


def test_ending_another_log_in_ends_it_there(
    window: Window, site: str, engines: tuple[Engine, Engine]
) -> None:
    member = staff_member(engines[0], "twoplaces", "editor", "630222")
    here, there = window().page, window(PHONE).page
    for page in (here, there):
        log_in(page, site, member)
    here.goto(f"{site}/desk/me")
    here.get_by_role("button", name=re.compile("^结束登录")).click()
    expect(here.locator(".sessions li")).to_have_count(1)
    there.goto(f"{site}/desk/me")
    expect(there.locator("h1")).to_have_text("登录工作台")


def test_the_desk_is_entered_by_keyboard_and_without_scripts(
    window: Window, site: str, chief: SomeStaff
) -> None:
    page = window(java_script_enabled=False).page
    page.goto(f"{site}/desk/people")
    page.keyboard.type(chief.login)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("人员")


def test_the_sandbox_is_entered_with_one_tap_from_the_log_in(window: Window, site: str) -> None:
    page = window(PHONE).page
    page.goto(f"{site}/desk/log-in")
    page.get_by_role("link", name=re.compile("试用副本")).click()
    assert violations(page) == []
    page.get_by_role("button", name="编辑 民和回族土族自治县").click()
    expect(page.locator(".banner")).to_have_text("试用副本，每天重置")
    expect(page.locator("h1")).to_have_text("民和县编辑，您好")
    assert violations(page) == []
    page.goto(f"{site}/desk")
    expect(page.locator("h1")).to_have_text("登录工作台")
