"""Reports, history and the work list in a real browser: from a phone at the door to the public page, and back again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from windows import PHONE, Reader, Window, serving, violations

from conftest import fill_squares
from stations.hours import Hours
from stations.models import Amenity, Report
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.web.desk_fixtures import SomeStaff, log_in, staff_member
from tests.web.test_reports_api import door
from web import create_app
from web.settings import Settings

pytest_plugins = ["window_fixtures"]

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def site(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = engine.url.render_as_string(hide_password=False)
    folder = tmp_path_factory.mktemp("photos")
    settings = Settings(secret_key="x" * 40, database_url=url, clock=NOON, photos=folder)
    with serving(create_app(settings, engine=engine)) as address:
        yield address


@dataclass(frozen=True)
class Desk:
    """A keeper of Minhe, and the registry behind the desk."""

    window: Window
    site: str
    engine: Engine
    keeper: SomeStaff

    def enter(self, viewport: dict[str, int] | None = None, **options: Any) -> Page:
        """Open a browser of its own and log in."""
        reader: Reader = self.window(viewport, **options)
        log_in(reader.page, self.site, self.keeper)
        return reader.page

    def write(self, reason: str, work: Callable[[Session], Any]) -> Any:
        with (
            Session(self.engine) as session,
            session.begin(),
            acting(session, actor_id(session, OPERATOR), reason=reason),
        ):
            return work(session)

    def station(self, name: str = "民和川口驿站") -> str:
        def work(session: Session) -> str:
            made = registry.add(
                session,
                names={"zh": name},
                kind="union_station",
                region_code="630222",
                phone="0972-8522222",
                hours=Hours("Mo-Fr 08:30-17:00", words="周一至周五 8:30-17:00"),
                amenities={"microwave": registry.AmenityFact(), "toilet": registry.AmenityFact()},
                verified_at=NOON - timedelta(days=100),
            )
            made.location = "SRID=4326;POINT(102.1 36.6)"
            return made.code

        return self.write("新增站点", work)  # type: ignore[no-any-return]


@pytest.fixture
def desk(window: Window, site: str, engine: Engine) -> Desk:
    return Desk(window, site, engine, staff_member(engine, "minhe", "editor", "630222"))


def report(desk: Desk, code: str, tmp_path: Path, *, words: str) -> None:
    """Report a broken microwave from a phone, with words and a photo."""
    picture = tmp_path / "door.jpg"
    picture.write_bytes(door())
    page = desk.window(PHONE).page
    page.goto(f"{desk.site}/s/{code}")
    page.get_by_role("button", name="有问题").click()
    form = page.locator("form.problem")
    form.get_by_label("设施坏了").check()
    form.locator("select").select_option("microwave")
    form.locator("textarea").fill(words)
    form.locator("input[type=file]").set_input_files(picture)
    form.locator("button[type=submit]").click()
    expect(page.locator(".said-line")).to_contain_text("谢谢", timeout=30_000)


def test_a_report_from_a_phone_is_accepted_in_one_tap_and_the_public_reads_what_was_done(
    desk: Desk, tmp_path: Path
) -> None:
    code = desk.station()
    report(desk, code, tmp_path, words="按了没反应")
    keeper = desk.enter()
    keeper.get_by_role("link", name="群众反映", exact=True).click()
    card = keeper.get_by_role("article", name="设施坏了（热饭）")
    expect(card).to_contain_text("按了没反应")
    expect(card).to_contain_text("登记现状：有")
    expect(card.get_by_role("link", name="0972-8522222")).to_have_attribute("href", "tel:09728522222")
    photo = card.get_by_role("img")
    photo.scroll_into_view_if_needed()
    keeper.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=photo.element_handle())
    assert violations(keeper) == []
    card.get_by_label("公开文字").check()
    card.get_by_role("button", name="保存").click()
    expect(keeper.get_by_role("status")).to_contain_text("已公开")
    card.get_by_role("button", name="属实，登记故障").click()
    expect(keeper.get_by_role("status")).to_contain_text("已采纳：登记设施故障")
    expect(card).to_have_count(0)

    reader = desk.window(PHONE).page
    reader.goto(f"{desk.site}/s/{code}")
    expect(reader.get_by_text("反映的问题已处理：设施坏了（热饭），已标为故障（9月21日）")).to_be_visible()
    reader.get_by_text("大家说的").click()
    expect(reader.get_by_text("按了没反应")).to_be_visible()
    expect(reader.locator(".letters img")).to_have_count(0)
    assert violations(reader) == []


def test_a_decision_without_scripts_and_its_undoing(desk: Desk, tmp_path: Path) -> None:
    code = desk.station("无脚本驿站")
    report(desk, code, tmp_path, words="坏了")
    keeper = desk.enter(PHONE, java_script_enabled=False)
    keeper.goto(f"{desk.site}/desk/reports?station={code}")
    keeper.get_by_role("button", name="属实，登记故障").click()
    keeper.goto(f"{desk.site}/desk/reports?station={code}")
    with Session(desk.engine) as session:
        station = registry.get(session, code)
        assert session.get_one(Amenity, (station.id, "microwave")).out_of_order
    keeper.get_by_role("button", name="撤销处理").click()
    expect(keeper.get_by_role("status")).to_contain_text("处理时的登记也已撤回")
    with Session(desk.engine) as session:
        station = registry.get(session, code)
        assert not session.get_one(Amenity, (station.id, "microwave")).out_of_order
        assert (
            session.scalars(select(Report.status).where(Report.station_id == station.id)).one() == "waiting"
        )


def test_the_queue_is_worked_by_keyboard_alone(desk: Desk, tmp_path: Path) -> None:
    code = desk.station("键盘驿站")
    report(desk, code, tmp_path, words="坏了")
    keeper = desk.enter()
    keeper.goto(f"{desk.site}/desk/reports?station={code}")
    # The second folding part: no, and why.
    no = keeper.locator("summary", has_text="不采纳…")
    for _ in range(40):
        keeper.keyboard.press("Tab")
        if no.evaluate("summary => summary === document.activeElement"):
            break
    else:
        pytest.fail("Tab never reached the folding part")
    keeper.keyboard.press("Enter")
    keeper.keyboard.press("Tab")
    keeper.keyboard.type("现场看过，好的")
    keeper.keyboard.press("Enter")
    expect(keeper.get_by_role("status")).to_contain_text("没有采纳")
    with Session(desk.engine) as session:
        station = registry.get(session, code)
        held = session.scalars(select(Report).where(Report.station_id == station.id)).one()
        assert (held.status, held.decided_note) == ("rejected", "现场看过，好的")


def test_a_moved_pin_is_seen_on_a_map_and_taken_back_while_a_later_edit_stays(desk: Desk) -> None:
    code = desk.station("搬动驿站")

    def move(session: Session) -> None:
        station = registry.get(session, code)
        station.location = "SRID=4326;POINT(102.13 36.62)"
        station.phone = "1"

    def call(session: Session) -> None:
        registry.get(session, code).phone = "0972-8599999"

    desk.write("挪到新址", move)
    desk.write("打通了新电话", call)
    keeper = desk.enter()
    keeper.goto(f"{desk.site}/desk/stations/{code}/history")
    expect(keeper.locator(".map-frame canvas, .map-frame svg").first).to_be_visible()
    entry = keeper.locator(".entry", has_text="挪到新址")
    expect(entry).to_contain_text("移动了 3,4")
    assert violations(keeper) == []
    entry.get_by_role("link", name="撤回这次修改").click()
    expect(keeper.locator("main")).to_contain_text("恢复 1 处")
    expect(keeper.locator("main")).to_contain_text("保持不动的 1 处")
    assert violations(keeper) == []
    keeper.get_by_label("为什么撤回").fill("搬错了站点")
    keeper.get_by_role("button", name="撤回", exact=True).click()
    expect(keeper.get_by_role("status")).to_contain_text("有 1 处后来改过，保持不动")
    with Session(desk.engine) as session:
        station = registry.get(session, code)
        assert station.phone == "0972-8599999"
    keeper.goto(f"{desk.site}/desk/stations/{code}/history")
    expect(keeper.locator(".entry").first).to_contain_text("搬错了站点")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, None])
def test_the_work_list_and_the_history_are_accessible_and_fit_the_window(
    desk: Desk, viewport: dict[str, int] | None, scheme: str
) -> None:
    code = desk.station("该核实驿站")
    keeper = desk.enter(viewport, color_scheme=scheme)
    for address in (
        "/desk",
        "/desk/history",
        "/desk/todo/stale",
        f"/desk/stations/{code}/history",
        "/desk/reports",
    ):
        keeper.goto(desk.site + address)
        assert violations(keeper) == [], address
        wide = keeper.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, address
    keeper.goto(f"{desk.site}/desk")
    keeper.get_by_role("article", name="该核实了").get_by_role("link", name="该核实驿站").first.click()
    expect(keeper).to_have_url(re.compile(r"/desk/stations/\d+$"))
    expect(keeper.get_by_role("heading", level=1)).to_have_text("该核实驿站")
