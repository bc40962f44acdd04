"""Layers of demand in a real browser: dropped, described, read while one watches, chosen for a run; on a phone and in English."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from windows import PHONE, Reader, Window, serving, violations

from stations import jobs
from stations.jobs.running import run as do_work
from tests.web.desk_fixtures import SomeStaff, log_in, staff_member
from tests.web.planner_fixtures import NOON, fill
from web import create_app
from web.jobs import kinds
from web.settings import Settings

pytest_plugins = ["window_fixtures"]

CSV = "经度,纬度,商圈,订单量\n102.1,36.6,甲,30\n101.5,36.6,乙,10\n103.8,36.05,丙,2\n"


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        fill(session)
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def settings(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    return Settings(
        secret_key="x" * 40, database_url=url, clock=NOON, uploads=tmp_path_factory.mktemp("uploads")
    )


@pytest.fixture(scope="module")
def site(settings: Settings, engine: Engine) -> Iterator[str]:
    with serving(create_app(settings, engine=engine)) as address:
        yield address


@pytest.fixture
def member(engine: Engine) -> SomeStaff:
    return staff_member(engine, "planner", "planner", None)


@pytest.fixture
def enter(window: Window, site: str, member: SomeStaff) -> Callable[..., Reader]:
    def make(**options: object) -> Reader:
        reader = window(**options)
        log_in(reader.page, site, member)
        return reader

    return make


def bring(reader: Reader, engine: Engine, settings: Settings, name: str) -> None:
    """Go the whole way from the file to the page of the layer."""
    page = reader.page
    page.goto(reader.site + "/desk/planner/layers")
    page.set_input_files(
        "input[name=files]", {"name": "orders.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    )
    expect(page.locator("[data-picked]")).to_have_text("orders.csv")
    page.get_by_role("button", name="上传并说明").click()
    expect(page.get_by_label("数量的列")).to_have_value("订单量")
    page.get_by_label("名称").fill(name)
    page.get_by_label("数的是").select_option("orders_noon")
    page.get_by_label("单位").fill("单")
    page.get_by_label("来源（谁做的，哪一版）").fill("某平台合计")
    page.get_by_label("WGS 84（GPS、手持定位仪）").check()
    page.get_by_role("button", name="读入").click()
    expect(page.get_by_role("progressbar", name="进度")).to_be_visible()
    with Session(engine) as session:
        work = jobs.recent(session, limit=1)[0]
    doing = threading.Thread(target=do_work, args=(engine, work.id, kinds(settings), threading.Event()))
    doing.start()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=15_000)
    expect(page.locator(".totals")).to_contain_text("40 单", timeout=15_000)
    doing.join()


def test_a_layer_is_brought_watched_and_chosen_for_a_run(
    enter: Callable[..., Reader], engine: Engine, settings: Settings
) -> None:
    reader = enter()
    page = reader.page
    bring(reader, engine, settings, "浏览器带来的")
    picture = page.locator(".layer-picture")
    expect(picture).to_be_visible()
    picture.evaluate("image => image.decode()")  # fails for what is no picture
    assert picture.evaluate("image => image.naturalWidth > 0")
    assert violations(page) == []
    page.goto(reader.site + "/desk/planner")
    page.get_by_role("textbox", name="名称").fill("用图层")
    page.get_by_role("checkbox", name="浏览器带来的").check()
    page.get_by_role("checkbox", name="2020年人口普查").uncheck()
    page.get_by_role("button", name="开始计算").click()
    expect(page.get_by_role("progressbar", name="进度")).to_be_visible()
    with Session(engine) as session:
        work = jobs.recent(session, limit=1)[0]
    do_work(engine, work.id, kinds(settings), threading.Event())
    expect(page.locator(".basis")).to_contain_text("浏览器带来的 × 1", timeout=15_000)


def test_the_pages_of_layers_fit_a_phone_and_have_no_faults_of_access(
    enter: Callable[..., Reader], engine: Engine, settings: Settings
) -> None:
    bring(enter(), engine, settings, "手机上看")
    reader = enter(viewport=PHONE)
    page = reader.page
    page.goto(reader.site + "/desk/planner/layers")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("link", name="手机上看").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("手机上看")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_file_can_be_dropped_onto_the_page(enter: Callable[..., Reader]) -> None:
    reader = enter()
    page = reader.page
    page.goto(reader.site + "/desk/planner/layers")
    transfer = page.evaluate_handle(
        """content => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([content], "dropped.csv", { type: "text/csv" }));
            return transfer;
        }""",
        CSV,
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": transfer})
    expect(page.locator("[data-picked]")).to_have_text("dropped.csv")
    page.get_by_role("button", name="上传并说明").click()
    expect(page.locator(".lead")).to_contain_text("dropped.csv")
