"""Importing at the desk in a real browser: the whole way, two people at once, a connection lost, and the worker's progress."""

from __future__ import annotations

import csv
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from windows import DESK, PHONE, Reader, Window, serving, violations

from conftest import SHARED, fill_squares
from stations import jobs
from stations.imports import sampling
from stations.jobs.running import run
from stations.registry.writing import OPERATOR, actor_id
from tests.web.desk_fixtures import SomeStaff, log_in, staff_member
from web import create_app
from web.desk import imports_apply, imports_work
from web.desk.imports_work import key_of
from web.settings import Settings

pytest_plugins = ["window_fixtures"]

PLACES = itertools.count()
DONG, MINHE = "城东区", "民和回族土族自治县"


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def settings(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        secret_key="x" * 40,
        database_url=engine.url.render_as_string(hide_password=False),
        uploads=tmp_path_factory.mktemp("uploads"),
    )


@pytest.fixture(scope="module")
def site(settings: Settings, engine: Engine) -> Iterator[str]:
    with serving(create_app(settings, engine=engine)) as address:
        yield address


@pytest.fixture
def keeper(engine: Engine) -> SomeStaff:
    return staff_member(engine, "province", "editor", None)


@pytest.fixture
def enter(window: Window, site: str, keeper: SomeStaff) -> Callable[..., Reader]:
    """Open a window in which somebody is logged in."""

    def make(member: SomeStaff | None = None, **options: object) -> Reader:
        reader = window(**options)
        # Judging and applying take their time on a machine that does much else.
        reader.context.set_default_timeout(20_000)
        log_in(reader.page, site, member or keeper)
        return reader

    return make


@pytest.fixture
def small(site: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The site where four rows are many."""
    monkeypatch.setattr(sampling, "AT_ONCE", 3)
    monkeypatch.setattr(imports_apply, "AT_ONCE", 3)
    return site


def listed(folder: Path, name: str, *rows: list[str], heads: tuple[str, ...] = ()) -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heads or ("站点名称", "所属区县", "经度", "纬度", "热线"), *rows])
    return path


def row(name: str, county: str = DONG, phone: str = "") -> list[str]:
    number = next(PLACES)
    return [name, county, f"{101.405 + number % 19 / 100:.3f}", f"{36.405 + number // 19 / 100:.3f}", phone]


def upload(page: Page, site: str, path: Path, *, name: str | None = None, datum: str = "wgs84") -> None:
    """Send a file through the form, as the list of a new name or of one that is known."""
    page.goto(f"{site}/desk/imports/new")
    page.set_input_files("input[type=file]", path)
    if name is not None:
        page.select_option("select[name=source]", "new")
        page.fill("input[name=name]", name)
    page.check(f"input[name=datum][value='{datum}']")
    page.get_by_role("button", name="上传并看各列").click()
    page.wait_for_url("**/imports/files/*")


def judge(page: Page) -> int:
    page.get_by_role("button", name="判定每一行").click()
    page.wait_for_url(re.compile(r"/desk/imports/\d+$"))
    return int(page.url.rpartition("/")[2])


def stations(engine: Engine, like: str) -> int:
    with Session(engine) as session:
        return int(
            session.scalar(
                text(
                    "SELECT count(*) FROM stations WHERE names->>'zh' LIKE :like AND withdrawn_reason IS NULL"
                ),
                {"like": like},
            )
            or 0
        )


def status(engine: Engine, batch: int) -> str:
    with Session(engine) as session:
        return str(session.scalar(text("SELECT status FROM import_batches WHERE id = :id"), {"id": batch}))


def test_a_list_is_sent_corrected_looked_through_applied_seen_on_the_map_and_taken_back(
    enter: Callable[..., Reader], engine: Engine, site: str, tmp_path: Path
) -> None:
    reader = enter()
    page = reader.page
    path = listed(
        tmp_path,
        "民和台账.csv",
        row("川口驿站", phone="0972-8522345"),
        row("享堂驿站", MINHE),
        row("多余驿站", MINHE),
    )
    page.get_by_role("link", name="导入", exact=True).first.click()
    page.get_by_role("link", name="上传名单").click()
    upload(page, site, path, name="民和的名单")

    expect(page.get_by_label("站点名称")).to_have_value("name")
    expect(page.get_by_label("热线")).to_have_value("")
    page.get_by_label("热线").select_option("phone")
    assert violations(page) == []
    batch = judge(page)

    expect(page.locator(".verdicts")).to_contain_text("2 存疑")
    expect(page.locator(".import-row")).to_have_count(2)
    expect(page.locator(".import-row").first).to_contain_text("位置不在所写的县区")
    last = page.locator(".import-row", has_text="多余驿站")
    last.get_by_role("button", name="略去").click()
    expect(last.locator("[data-state]")).to_have_text("已略去")
    believed = page.locator(".import-row", has_text="享堂驿站")
    believed.get_by_role("button", name="采信").click()
    expect(believed.locator("[data-state]")).to_have_text("已采信")
    assert violations(page) == []

    page.get_by_role("link", name="地图", exact=True).click()
    page.wait_for_selector(".import-map canvas")
    expect(page.locator(".map-key")).to_contain_text("新增 1")
    assert violations(page) == []
    page.get_by_role("link", name="看各行").click()

    page.get_by_role("link", name="导入……").click()
    expect(page.locator(".will")).to_contain_text("个站点新建")
    assert violations(page) == []
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.locator("h1")).to_contain_text("已导入")
    assert (stations(engine, "川口驿站"), stations(engine, "享堂驿站"), stations(engine, "多余驿站")) == (
        1,
        1,
        0,
    )

    page.locator(".verdicts").get_by_role("link", name="新增").click()
    page.locator(".import-row a.code").first.click()
    expect(page.locator("h1")).to_contain_text("川口驿站")
    expect(page.locator("body")).to_contain_text("0972-8522345")

    page.goto(f"{site}/desk/imports/{batch}/undo")
    expect(page.locator(".will")).to_contain_text("2 个站点撤下")
    assert violations(page) == []
    page.get_by_role("button", name="撤销整批").click()
    expect(page.locator("h1")).to_contain_text("已撤销")
    assert stations(engine, "川口驿站") == 0


def test_the_same_way_goes_without_a_script(
    enter: Callable[..., Reader], engine: Engine, site: str, tmp_path: Path
) -> None:
    page = enter(java_script_enabled=False).page
    upload(
        page, site, listed(tmp_path, "无脚本.csv", row("素页驿站"), row("素疑驿站", MINHE)), name="素页名单"
    )
    batch = judge(page)
    page.locator(".import-row", has_text="素疑驿站").get_by_role("button", name="略去").click()
    expect(page.locator(".import-row", has_text="素疑驿站")).to_contain_text("已略去")
    page.get_by_role("link", name="导入……").click()
    page.get_by_role("button", name="导入", exact=True).click()
    assert status(engine, batch) == "applied"
    assert (stations(engine, "素页驿站"), stations(engine, "素疑驿站")) == (1, 0)


LOOKS = {"phone by night": (PHONE, "dark", "zh"), "desk by day": (DESK, "light", "en")}


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_usable_on_a_phone_by_night_and_at_a_desk_by_day(
    enter: Callable[..., Reader], site: str, tmp_path: Path, look: str
) -> None:
    viewport, scheme, lang = LOOKS[look]
    page = enter(viewport=viewport, color_scheme=scheme).page
    path = listed(tmp_path, "样子.csv", row("样子驿站", phone="1.38E+10"), row("疑似驿站", MINHE))
    upload(page, site, path, name=f"样子 {look}")
    page.get_by_label("热线").select_option("phone")
    columns = page.url
    batch = judge(page)
    for address in (
        f"{site}/desk/imports", f"{site}/desk/imports/new", f"{site}/desk/imports/ledger", columns,
        f"{site}/desk/imports/{batch}", f"{site}/desk/imports/{batch}?verdict=suspect",
        f"{site}/desk/imports/{batch}/map", f"{site}/desk/imports/{batch}/apply",
    ):  # fmt: skip
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={lang}")
        assert violations(page) == [], address
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, address


def test_a_file_that_is_wrong_is_told_at_its_field_and_the_rest_of_the_form_stays(
    enter: Callable[..., Reader], site: str, tmp_path: Path
) -> None:
    reader = enter()
    page = reader.page
    path = tmp_path / "改名.xlsx"
    path.write_bytes(b"%PDF-1.7")
    page.goto(f"{site}/desk/imports/new")
    page.set_input_files("input[type=file]", path)
    page.select_option("select[name=source]", "new")
    page.fill("input[name=name]", "写错的名单")
    page.get_by_role("button", name="上传并看各列").click()
    expect(page.locator("#files-wrong")).to_contain_text("这个表格读不了")
    expect(page.locator("input[name=name]")).to_have_value("写错的名单")
    assert violations(page) == []
    reader.complaints[:] = [one for one in reader.complaints if "status of 400" not in one]


def test_a_connection_that_is_lost_while_a_file_is_sent_is_told_and_the_file_can_be_sent_again(
    enter: Callable[..., Reader], engine: Engine, site: str, tmp_path: Path
) -> None:
    reader = enter()
    page = reader.page
    path = listed(tmp_path, "断线.csv", row("断线驿站"))
    page.goto(f"{site}/desk/imports/new")
    page.set_input_files("input[type=file]", path)
    page.select_option("select[name=source]", "new")
    page.fill("input[name=name]", "断线名单")
    reader.context.set_offline(True)
    page.get_by_role("button", name="上传并看各列").click()
    expect(page.locator("[data-problem]")).to_contain_text("什么也没有保存")
    reader.context.set_offline(False)
    page.check("input[name=datum][value='wgs84']")
    page.get_by_role("button", name="上传并看各列").click()
    page.wait_for_url("**/imports/files/*")
    with Session(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM uploads WHERE file_name = '断线.csv'")) == 1
    reader.complaints[:] = [one for one in reader.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def test_an_answer_that_is_lost_while_a_batch_is_applied_leaves_it_applied_once(
    enter: Callable[..., Reader], engine: Engine, site: str, tmp_path: Path
) -> None:
    reader = enter()
    page = reader.page
    upload(page, site, listed(tmp_path, "丢答.csv", row("丢答驿站")), name="丢答名单")
    batch = judge(page)
    page.goto(f"{site}/desk/imports/{batch}/apply")

    def lose(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route("**/apply", lose)
    page.get_by_role("button", name="导入", exact=True).click()
    page.wait_for_url("chrome-error://**")
    page.unroute("**/apply")
    assert status(engine, batch) == "applied"
    # Whoever saw no answer presses the button again.
    page.goto(f"{site}/desk/imports/{batch}/apply")
    expect(page.locator("h1")).to_contain_text("已导入")
    assert stations(engine, "丢答驿站") == 1
    reader.complaints.clear()  # the browser's own, of the answer that was lost


def test_two_people_import_the_same_list_at_once_and_no_station_is_made_twice(
    enter: Callable[..., Reader], engine: Engine, site: str, tmp_path: Path
) -> None:
    rows = [row(f"同城驿站{n}") for n in range(4)]
    readers = [enter(), enter(staff_member(engine, "other", "editor", None))]
    batches = []
    for reader in readers:
        upload(reader.page, site, listed(tmp_path, "同城.csv", *rows), name=None if batches else "同城名单")
        batches.append(judge(reader.page))
    for reader, batch in zip(readers, batches, strict=True):
        reader.page.goto(f"{site}/desk/imports/{batch}/apply")
    for reader in readers:
        reader.page.get_by_role("button", name="导入", exact=True).click()
    for reader in readers:
        expect(reader.page.locator("h1")).to_contain_text("已导入")
    assert stations(engine, "同城驿站%") == 4


def test_a_large_list_goes_to_the_worker_and_the_page_follows_it_to_its_end(
    enter: Callable[..., Reader], engine: Engine, settings: Settings, tmp_path: Path, small: str
) -> None:
    site = small
    page = enter().page
    upload(
        page, site, listed(tmp_path, "大单.csv", *(row(f"大单驿站{n}") for n in range(9))), name="大单名单"
    )
    batch = judge(page)
    expect(page.locator("[data-words]")).to_contain_text("等待处理")
    assert violations(page) == []
    stop = threading.Event()

    def worker() -> None:
        while not stop.wait(0.2):
            with Session(engine) as session:
                waiting = jobs.latest(session, key_of(batch))
            if waiting is not None and waiting.state == "waiting":
                run(engine, waiting.id, imports_work.kinds(settings), threading.Event())

    thread = threading.Thread(target=worker)
    thread.start()
    try:
        expect(page.locator(".verdicts")).to_contain_text("9 新增", timeout=20_000)
        page.get_by_role("link", name="导入……").click()
        page.get_by_role("button", name="导入", exact=True).click()
        expect(page.locator("h1")).to_contain_text("已导入", timeout=20_000)
    finally:
        stop.set()
        thread.join()
    assert stations(engine, "大单驿站%") == 9


def test_work_that_broke_off_says_so_and_can_be_cancelled(
    enter: Callable[..., Reader], engine: Engine, tmp_path: Path, small: str
) -> None:
    site = small
    page = enter().page
    upload(
        page, site, listed(tmp_path, "中断.csv", *(row(f"中断驿站{n}") for n in range(5))), name="中断名单"
    )
    batch = judge(page)
    with Session(engine) as session, session.begin():
        session.execute(text("SELECT set_config('yz.actor', '1', true)"))
        session.execute(
            text(
                "UPDATE work SET state = 'running', started_at = now(), heartbeat_at = now() - interval '1 minute'"
                " WHERE key = :key"
            ),
            {"key": key_of(batch)},
        )
    expect(page.locator(".work")).to_contain_text("已中断，正等后台恢复", timeout=15_000)
    assert violations(page) == []
    page.get_by_role("button", name="取消处理").click()
    expect(page.locator(".work")).to_contain_text("已中断")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with Session(engine) as session:
            found = jobs.latest(session, key_of(batch))
        assert found is not None
        if found.cancelling:
            return
        time.sleep(0.1)
    raise AssertionError(found)


REAL = SHARED / "stations" / "zhengzhou_gcj02.csv"


@pytest.mark.parametrize("path", [REAL] if REAL.exists() else [], ids=lambda path: path.name)
def test_a_real_list_from_elsewhere_is_held_back_row_by_row(
    enter: Callable[..., Reader], site: str, path: Path
) -> None:
    page = enter().page
    upload(page, site, path, name="郑州的名单", datum="gcj02")
    judge(page)
    expect(page.locator(".verdicts")).to_contain_text("82 存疑")
    expect(page.locator(".kinds")).to_contain_text("位置不在本省 82")
