"""Quality in a real browser: typed at the desk and read in public, a table that orders, on a phone, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from windows import DESK, PHONE, Window, serving, violations

from stations.hours import SHANGHAI
from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from tests.web.desk_fixtures import SomeStaff, log_in, staff_member
from tests.web.planner_fixtures import NOON
from web import create_app
from web.quality.keeping import keep_month
from web.settings import Settings

pytest_plugins = ["window_fixtures"]


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="stations"):
            for at, (name, region, pinned) in enumerate(
                (("川口驿站", "630222", True), ("古鄯驿站", "630222", False), ("乐都驿站", "630202", True))
            ):
                made = add(
                    session, names={"zh": name}, kind="union_station", region_code=region, verified_at=NOON
                )
                if pinned:
                    made.location = f"SRID=4326;POINT({102.05 + at / 50} 36.6)"  # type: ignore[assignment]
    turn = Settings(secret_key="x" * 40, clock=datetime(NOON.year, NOON.month, 1, 2, tzinfo=SHANGHAI))
    with Session(found) as session, session.begin():
        assert keep_month(session, turn, actor=actor_id(session, OPERATOR)) is not None
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
def editor(engine: Engine) -> SomeStaff:
    return staff_member(engine, "minhe", "editor", "630222")


def test_visits_typed_at_the_desk_are_read_in_public(window: Window, site: str, editor: SomeStaff) -> None:
    reader = window(DESK)
    page = reader.page
    log_in(page, site, editor)
    page.get_by_role("link", name="使用人次").click()
    page.get_by_label("站点", exact=True).fill("川口驿站")
    page.get_by_label("时段", exact=True).fill("2026年5月")
    page.get_by_label("人次", exact=True).fill("-5")
    page.get_by_role("button", name="保存人次").click()
    expect(page.locator("#visits-wrong")).to_have_text("人次不能是负数。")
    expect(page.get_by_label("时段", exact=True)).to_have_value("2026年5月")
    assert violations(page) == []
    # The browser notes that the form came back with 400.
    reader.complaints[:] = [one for one in reader.complaints if "status of 400" not in one]
    page.get_by_label("人次", exact=True).fill("1600余")
    page.get_by_role("button", name="保存人次").click()
    expect(page.locator(".told")).to_contain_text("已保存：2026年5月 至少 1,600 人次。")
    expect(page.locator("tbody tr").first).to_contain_text("工作人员填报")
    expect(page.locator("tbody tr").first).to_contain_text("算")
    assert violations(page) == []
    page.goto(f"{site}/quality?level=county&lang=zh")
    expect(page.locator("[data-measure=daily]")).to_contain_text("≥51.6")
    expect(page.locator("tr[data-code='630222'] [data-column=daily]")).to_contain_text("≥51.6")
    expect(page.locator("[data-measure=on_map]")).to_contain_text("66.7%")


def test_the_page_stands_on_a_phone_without_javascript_and_orders_by_a_column(
    window: Window, site: str
) -> None:
    reader = window(PHONE, java_script_enabled=False)
    page = reader.page
    page.goto(f"{site}/quality?lang=zh&level=county")
    rows = page.locator(".areas tbody tr")
    expect(rows).to_have_count(4)
    page.get_by_role("link", name="线上地图可查").first.click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("线上地图可查")
    expect(rows.first).to_contain_text("乐都区")
    expect(rows.first.locator("[data-column=on_map]")).to_contain_text("100%")
    page.locator("th[aria-sort=descending] a").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("线上地图可查")
    expect(rows.first).to_contain_text("民和")
    # The page itself never scrolls sideways; the table does, and the keyboard reaches it.
    assert page.locator("html").evaluate("element => element.scrollWidth") <= PHONE["width"]
    page.locator(".scroll").first.focus()
    expect(page.locator(".scroll").first).to_be_focused()


def test_the_page_has_no_fault_that_axe_finds_and_shows_the_picture_of_the_month(
    window: Window, site: str
) -> None:
    reader = window(DESK)
    page = reader.page
    page.goto(f"{site}/quality?lang=en")
    assert violations(page) == []
    picture = page.locator(".month-picture img")
    picture.scroll_into_view_if_needed()
    picture.evaluate("element => element.decode()")
    assert picture.evaluate("element => element.naturalWidth") == 960
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []
    page.get_by_role(
        "link", name="Haidong" if page.get_by_role("link", name="Haidong").count() else "海东市"
    ).click()
    expect(page.locator(".areas tbody tr")).to_have_count(2)
