"""Work and events in a real Chromium: entered at the desk, found on a phone, over by the clock, kept for the road."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from windows import DESK, PHONE, Reader, Server, serving, violations

from tests.web.community_town import MORNING, Town, event_form, notice_form
from tests.web.desk_fixtures import log_in, staff_member

pytest_plugins = ["window_fixtures", "tests.web.community_fixtures"]
Windows = Callable[..., Reader]


@pytest.fixture(scope="module")
def site(town_once: Town) -> Iterator[str]:
    """The site, whose clock a test may move between two requests."""

    def answer(environ: Any, start_response: Any) -> Any:
        return town_once.app(environ, start_response)

    with serving(answer) as address:  # type: ignore[arg-type]
        yield address


@pytest.fixture
def editor(window: Windows, town: Town) -> Reader:
    """The desk of an editor of Minhe, who logged in through the form."""
    reader = window(DESK)
    enter(reader, town)
    return reader


def enter(reader: Reader, town: Town) -> None:
    """Log in through the form."""
    log_in(reader.page, reader.site, staff_member(town.engine, "minhe", "editor", "630222"))


def refused(reader: Reader) -> None:
    """Forget that the browser noted one answer of status 400, which was wanted."""
    assert [told for told in reader.complaints if "400" not in told] == []
    reader.complaints.clear()


def fill(page: Page, form: dict[str, str]) -> None:
    """Fill the form of the desk as somebody who types."""
    for name, value in form.items():
        field = page.locator(f"main form [name={name}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("main form button.primary").click()


def test_a_notice_lives_from_the_desk_to_the_end_of_its_day(
    editor: Reader, window: Windows, town: Town, site: str
) -> None:
    desk = editor.page
    desk.get_by_role("link", name="招工和活动").click()
    desk.get_by_role("link", name="登记招工").click()
    wrong = notice_form(town, note="押金打到6222021234567894", pay_from="面议", pay_to="")
    fill(desk, wrong)
    expect(desk.locator("#wrong-note")).to_contain_text("像是银行卡号")
    expect(desk.locator("#wrong-pay_from")).to_contain_text("不收“面议”")
    expect(desk.locator("[name=title]")).to_have_value("小区外墙砌砖")
    refused(editor)
    fill(desk, notice_form(town))
    expect(desk.get_by_role("status")).to_contain_text("到期自动撤下")
    # A worker without an account, on a phone.
    phone = window(PHONE, color_scheme="dark").page
    phone.goto(f"{site}/s/{town.minhe}")
    expect(phone.get_by_role("heading", name="小区外墙砌砖")).to_be_visible()
    phone.goto(f"{site}/jobs")
    phone.get_by_role("link", name="今天").click()
    phone.get_by_text("工种、地区、离哪里近").click()
    phone.get_by_label("工种").select_option("loader")
    phone.get_by_role("button", name="查看结果").click()
    expect(phone.get_by_text("现在没有符合条件的招工")).to_be_visible()
    phone.get_by_label("工种").select_option("mason")
    phone.get_by_role("button", name="查看结果").click()
    expect(phone).to_have_url(f"{site}/jobs?near=&day=today&jobs=mason&region=&place=")
    expect(phone.get_by_role("link", name="0972-8522222")).to_have_attribute("href", "tel:09728522222")
    # The page lies open until the evening: the notice goes from it by itself, and from every new page.
    phone.clock.install()
    phone.reload()
    expect(phone.get_by_role("heading", name="小区外墙砌砖")).to_be_visible()
    phone.clock.fast_forward("14:01:00")
    expect(phone.get_by_role("heading", name="小区外墙砌砖")).to_have_count(0)
    expect(phone.get_by_text("现在没有符合条件的招工")).to_be_visible()
    town.moment = MORNING + timedelta(hours=14)
    phone.goto(f"{site}/s/{town.minhe}")
    expect(phone.locator("h1")).to_have_text("川口工会驿站")
    expect(phone.get_by_text("小区外墙砌砖")).to_have_count(0)
    enter(editor, town)  # a day without a word ends a session
    desk.goto(f"{site}/desk/notices")
    desk.get_by_role("link", name="抄到下周").first.click()
    expect(desk.locator("[name=starts]")).to_have_value("2026-11-30")


def test_an_event_lives_from_its_plan_to_the_totals_of_its_year(
    editor: Reader, window: Windows, town: Town, site: str
) -> None:
    desk = editor.page
    desk.goto(f"{site}/desk/events/new")
    fill(desk, {name: value for name, value in event_form(town).items() if value})
    expect(desk.get_by_role("link", name="户外劳动者免费体检")).to_be_visible()
    phone = window(PHONE).page
    phone.goto(f"{site}/events")
    expect(phone.get_by_role("heading", name="户外劳动者免费体检")).to_be_visible()
    expect(phone.get_by_role("link", name="订阅到手机日历")).to_have_attribute(
        "href", f"{site}/calendar.ics".replace("http", "webcal")
    )
    town.moment = MORNING + timedelta(days=4)
    phone.reload()
    expect(phone.get_by_role("heading", name="户外劳动者免费体检")).to_have_count(0)
    # Four days without a word end a session.
    enter(editor, town)
    desk.goto(f"{site}/desk/events")
    expect(desk.get_by_role("heading", name="已到时间，等着填结果")).to_be_visible()
    desk.get_by_role("link", name="填结果").click()
    fill(desk, {"people": "-5"})
    expect(desk.locator("#wrong-people")).to_contain_text("小于 0")
    refused(editor)
    fill(desk, {"people": "120余人", "leaflets": "80"})
    desk.get_by_role("link", name="全年合计").click()
    expect(desk.get_by_role("cell", name="120余").first).to_be_visible()


def test_a_phone_keeps_the_last_list_and_says_from_when_it_is(browser: Browser, town: Town) -> None:
    town.desk().post("/desk/notices/new", data=notice_form(town, title="装车卸车"))
    server = Server(town.app)
    server.start()
    context = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    page = context.new_page()
    try:
        page.goto(f"{server.address}/jobs")
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        page.reload()
        page.wait_for_function("() => caches.match('/jobs').then(kept => Boolean(kept))")
        expect(page.locator("#told")).to_be_empty()
        server.stop()
        page.goto(f"{server.address}/jobs?jobs=mason")
        expect(page.get_by_role("heading", name="装车卸车")).to_be_visible()
        expect(page.locator("#told")).to_contain_text("没有网络：这是 11-23 06:00 的情况")
    finally:
        context.close()
        server.stop()


@pytest.mark.parametrize("look", [(PHONE, "dark", "zh"), (DESK, "light", "en")], ids=["phone", "desk"])
def test_axe_finds_nothing_on_pages_of_work_and_events(
    window: Windows, town: Town, site: str, look: tuple[dict[str, int], str, str]
) -> None:
    size, scheme, language = look
    desk = town.desk()
    desk.post("/desk/notices/new", data=notice_form(town))
    desk.post("/desk/events/new", data=event_form(town, kind="job_fair", title="专场招聘会"))
    reader = window(size, color_scheme=scheme)
    page = reader.page
    log_in(page, site, staff_member(town.engine, "minhe", "editor", "630222"))
    for address in (
        "/jobs?day=today", "/events", f"/s/{town.minhe}", "/embed?v=1&offers=jobs,events&list=below", "/desk/notices",
        "/desk/notices/new", "/desk/events", "/desk/events/new", "/desk/events/totals",
    ):  # fmt: skip
        page.goto(f"{site}{address}{'&' if '?' in address else '?'}lang={language}")
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], address
