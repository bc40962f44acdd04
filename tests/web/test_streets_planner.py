"""The planner's desk on streets: what the form offers, the worker's run, and whose streets every page names."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from desk_fixtures import DeskClient, hash_quickly, signed_in, staff_member
from flask import Flask
from planner_fixtures import NOON
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations import jobs
from stations.hours import Hours
from stations.jobs.running import run as do_work
from stations.models import Place, Region
from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.streets import load, remove
from street_files import at, town
from web import create_app
from web.jobs import kinds
from web.settings import Settings

OSM = "© OpenStreetMap contributors, ODbL"
FORM = {
    "title": "沿街道", "region": "", "mode": "walk", "limits": "5,10,15,30", "main": "15", "timed": "",
    "date": "2026-07-01", "hour": "12", "unknown": "include", "size_m": "100", "detour": "1.3",
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    """A town on a river: people on both banks, a station on the west one."""
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="a town"):
            region = session.get(Region, "630102")
            assert region is not None
            region.population = 4_000
            for name, (east, people) in {"西岸": (-5, 3_000), "东岸": (6, 1_000)}.items():
                lon, lat = at(east, 0)
                session.add(
                    Place(
                        source="test", source_id=name, names={"zh": name}, region_code="630102", credit="test",
                        population=people, location=f"SRID=4326;POINT({lon} {lat})",
                    )
                )  # fmt: skip
            door = add(session, names={"zh": "驿站"}, kind="union_station", hours=Hours("24/7"))
            lon, lat = at(0, 0)
            door.location = f"SRID=4326;POINT({lon} {lat})"  # type: ignore[assignment]
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def settings(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    folder = tmp_path_factory.mktemp("kept") / "streets"
    return Settings(secret_key="x" * 40, database_url=url, clock=NOON, streets=folder)


@pytest.fixture(scope="module")
def app(engine: Engine, settings: Settings) -> Flask:
    return create_app(settings, engine=engine)


@pytest.fixture
def planner(app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> DeskClient:
    hash_quickly(monkeypatch)
    return signed_in(app, staff_member(engine, "planner", "planner", None))


@pytest.fixture
def loaded(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    load(settings.streets, town(tmp_path / "town.osm", bridge_north=6), now=NOON)
    yield settings.streets
    remove(settings.streets)


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def done(
    planner: DeskClient, engine: Engine, settings: Settings, **changes: Any
) -> tuple[int, jobs.Progress]:
    answer = planner.post("/desk/planner/runs", data={**FORM, **changes})
    assert answer.status_code == 303, plain(answer.text)
    number = int(answer.location.rsplit("/", 1)[1])

    def work() -> jobs.Progress:
        with Session(engine) as session:
            found = jobs.latest(session, f"coverage:{number}")
        assert found is not None
        return found

    do_work(engine, work().id, kinds(settings), threading.Event())
    return number, work()


def test_without_streets_the_form_offers_none_and_refuses_them(planner: DeskClient) -> None:
    page = planner.get("/desk/planner").text
    assert 'name="ways"' not in page
    assert "没有载入街道数据" in plain(page)
    answer = planner.post("/desk/planner/runs", data=FORM | {"ways": "streets"})
    assert answer.status_code == 400
    assert "没有载入街道数据，请选直线。" in plain(answer.text)


def test_with_streets_they_are_the_first_choice_and_named(planner: DeskClient, loaded: Path) -> None:
    page = planner.get("/desk/planner").text
    assert '<option value="streets" selected>街道</option>' in page
    assert f"街道数据：{OSM}" in plain(page)


def test_a_run_along_streets_names_them_on_its_page_in_its_report_and_to_the_public(
    planner: DeskClient, app: Flask, engine: Engine, settings: Settings, loaded: Path
) -> None:
    number, work = done(planner, engine, settings)
    assert work.state == "done"
    page = plain(planner.get(f"/desk/planner/runs/{number}").text)
    assert f"分钟按街道网络计算：{OSM}，town.osm，576 段。" in page
    assert "没有高程，坡度没有算进去。" in page
    assert "直线×系数" not in page
    assert "分钟沿着 街道" in page
    assert "绕行系数" not in page
    report = plain(planner.get(f"/desk/planner/runs/{number}/report").text)
    assert f"路程：{OSM}，town.osm，576 段" in report
    answer = planner.post(f"/desk/planner/runs/{number}/publish", data={"reason": "给公众看"})
    assert answer.status_code == 303
    public = app.test_client()
    assert json.loads(public.get("/map/gaps.json").data)["run"]["ways"] == OSM
    assert f"分钟按街道计算（{OSM}）。" in plain(public.get("/map?gap=1").get_data(as_text=True))


def test_a_planner_may_ask_for_the_straight_line_all_the_same(
    planner: DeskClient, engine: Engine, settings: Settings, loaded: Path
) -> None:
    number, work = done(planner, engine, settings, ways="straight")
    assert work.state == "done"
    assert "分钟为估算（直线×系数）" in plain(planner.get(f"/desk/planner/runs/{number}").text)


def test_streets_that_were_taken_away_before_the_worker_came_end_the_run_with_a_sentence(
    planner: DeskClient, engine: Engine, settings: Settings, loaded: Path
) -> None:
    answer = planner.post("/desk/planner/runs", data=FORM)
    number = int(answer.location.rsplit("/", 1)[1])
    remove(settings.streets)
    with Session(engine) as session:
        work = jobs.latest(session, f"coverage:{number}")
    assert work is not None
    do_work(engine, work.id, kinds(settings), threading.Event())
    with Session(engine) as session:
        work = jobs.latest(session, f"coverage:{number}")
    assert work is not None
    assert work.state == "failed"
    assert "no streets are loaded" in str(work)


def test_the_settings_of_a_child_process_name_the_same_folder(settings: Settings) -> None:
    assert Settings.read(settings.environment()).streets == settings.streets
    assert replace(settings).streets == settings.streets
