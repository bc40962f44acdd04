"""The finder on streets in a real Chromium: whose streets, which minutes are estimates, and the estimate without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from finder_street import row
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from windows import PHONE, READY, Window, serving, violations

from conftest import fill_squares
from geo.datum import Datum
from geo.mainland import Mainland
from stations.hours import SHANGHAI, Hours
from stations.models import RegistryInfo
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.streets import load
from street_files import at, town
from web import create_app
from web.settings import Settings

pytest_plugins = ["window_fixtures"]

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
OSM = "© OpenStreetMap contributors, ODbL"
HERE = "/?near={:.6f},{:.6f}".format(*at(0, 0.5))
DOORS = {"对岸驿站": (3, 0.5), "近处驿站": (-8, 0.5), "村里驿站": (-2, -19)}


@pytest.fixture(scope="module")
def site(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A town that a river divides, with a bridge 600 m north, and a village without streets."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        actor = actor_id(session, OPERATOR)
        fill_squares(session, actor)
        mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))
        with acting(session, actor, reason="browser test"):
            for name, (east, north) in DOORS.items():
                made = registry.add(
                    session,
                    names={"zh": name},
                    kind="rider_station",
                    hours=Hours("24/7"),
                    region_code="630102",
                )
                registry.locate(session, made, *at(east, north), datum=Datum.WGS84, mainland=mask)
    folder: Path = tmp_path_factory.mktemp("town")
    load(folder / "streets", town(folder / "town.osm", bridge_north=6), now=NOON)
    settings = Settings(secret_key="x" * 40, database_url=url, clock=NOON, streets=folder / "streets")
    app = create_app(settings, engine=engine)
    with serving(app) as address:
        yield address
    engine.dispose()


def settle(page: Page) -> None:
    page.wait_for_selector(READY, state="attached")


def minutes(page: Page) -> dict[str, str]:
    return {
        name: row(page, name).locator(".far b").inner_text()
        for name in page.locator(".find-name").all_inner_texts()
    }


def test_minutes_follow_the_streets_and_an_estimate_among_them_is_marked(window: Window) -> None:
    page = window(PHONE).open(HERE)
    settle(page)
    assert list(minutes(page).items()) == [
        ("近处驿站", "12 分钟"), ("对岸驿站", "18 分钟"), ("村里驿站", "约 33 分钟"),
    ]  # fmt: skip
    expect(page.locator("#basis")).to_contain_text(f"步行沿街道的时间（{OSM}）")
    expect(page.locator("#basis")).to_contain_text("标“约”的是直线估算")


def test_the_script_writes_what_the_server_wrote(window: Window) -> None:
    page = window(PHONE).open(HERE)
    settle(page)
    before, basis = minutes(page), page.locator("#basis").inner_text()
    page.evaluate("document.querySelector('#rows').firstElementChild.id = 'by-the-server'")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#by-the-server")).to_have_count(0)
    assert list(minutes(page).items()) == list(before.items())
    assert page.locator("#basis").inner_text() == basis


def test_by_e_bike_the_minutes_and_what_they_stand_on_change(window: Window) -> None:
    page = window().open(HERE + "&by=ebike")
    settle(page)
    assert minutes(page)["近处驿站"] == "4 分钟"
    expect(page.locator("#basis")).to_contain_text("骑电动车沿街道的时间")


def test_without_a_network_the_pocket_estimates_and_says_so(window: Window) -> None:
    reader = window(PHONE)
    page = reader.open(HERE)
    settle(page)
    page.wait_for_selector("body[data-pocket=full]")
    reader.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#notice")).to_contain_text("没有网络")
    expect(page.locator("#basis")).to_have_text(
        "分钟数是步行的直线估算，没有算街道。先列到达时开着、待得住的。"
    )
    assert minutes(page)["对岸驿站"] == "5 分钟"
    reader.complaints[:] = [said for said in reader.complaints if "ERR_INTERNET_DISCONNECTED" not in said]


def test_axe_finds_nothing_to_complain_about(window: Window) -> None:
    page = window(PHONE).open(HERE)
    settle(page)
    assert violations(page) == []
