"""The planner's pages without a script: asked, worked on, shown, sorted, by hour, compared, published, taken along."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from desk_fixtures import DeskClient, hash_quickly, signed_in, staff_member
from flask import Flask
from planner_fixtures import NOON, fill, made
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from stations import jobs
from stations.jobs.running import run as do_work
from web import create_app
from web.jobs import kinds
from web.settings import Settings

FORM = {
    "title": "十五分钟步行", "region": "", "mode": "walk", "limits": "5,10,15,30", "main": "15", "timed": "",
    "date": "2026-07-01", "hour": "12", "unknown": "include", "size_m": "1000", "detour": "1.3",
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        fill(session)
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def settings(engine: Engine) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    return Settings(secret_key="x" * 40, database_url=url, clock=NOON)


@pytest.fixture(scope="module")
def app(engine: Engine, settings: Settings) -> Flask:
    return create_app(settings, engine=engine)


@pytest.fixture
def planner(app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> DeskClient:
    hash_quickly(monkeypatch)
    return signed_in(app, staff_member(engine, "planner", "planner", None))


@pytest.fixture
def kept(engine: Engine) -> Callable[..., int]:
    """Keep a run that is done; returns its number."""

    def make(title: str = "十五分钟", **asked: Any) -> int:
        with Session(engine) as session, session.begin():
            return made(session, title, **asked).id

    return make


def plain(page: str) -> str:
    """Return the words of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def work_of(engine: Engine, run_id: int) -> jobs.Progress:
    with Session(engine) as session:
        found = jobs.latest(session, f"coverage:{run_id}")
    assert found is not None
    return found


def asked(planner: DeskClient, **changes: Any) -> int:
    answer = planner.post("/desk/planner/runs", data={**FORM, **changes})
    assert answer.status_code == 303, plain(answer.text)
    return int(answer.location.rsplit("/", 1)[1])


def test_a_run_is_asked_done_by_the_worker_and_shown(
    planner: DeskClient, engine: Engine, settings: Settings
) -> None:
    run_id = asked(planner)
    page = planner.get(f"/desk/planner/runs/{run_id}")
    assert "等待处理" in page.text
    assert "<progress" in planner.get("/desk/planner").text
    do_work(engine, work_of(engine, run_id).id, kinds(settings), threading.Event())
    work = work_of(engine, run_id)
    assert (work.state, work.result) == ("done", {"run": run_id})
    said = plain(planner.get(f"/desk/planner/runs/{run_id}").text)
    assert "33.3% 的人在15分钟内有站点" in said
    assert "分钟为估算（直线×系数）" in said
    assert "城东区 2,000 0 0.0% 2,000" in said
    assert planner.get(f"/desk/work/{work.id}").location == f"/desk/planner/runs/{run_id}"


def test_the_list_says_how_each_run_stands(planner: DeskClient, kept: Callable[..., int]) -> None:
    kept("一号")
    said = plain(planner.get("/desk/planner").text)
    assert re.search(r"一号 第 \d+ 次 33.3% 的人在15分钟内 已完成 估算", said)


def test_the_map_s_layers_come_as_short_numbers(planner: DeskClient, kept: Callable[..., int]) -> None:
    body = json.loads(planner.get(f"/desk/planner/runs/{kept()}/map.json").data)
    # West to east: the two thousand of 城东, beyond every limit, and the thousand of 民和, within the first.
    assert list(zip(body["cells"]["people"], body["cells"]["shade"], strict=True)) == [
        (2_000.0, 5),
        (1_000.0, 2),
    ]
    assert sum(body["cells"]["lon"]) / body["scale"] == pytest.approx(102.1, abs=0.02)
    assert [round(gap["people"]) for gap in body["gaps"]] == [2_000]
    (people,) = body["stations"].values()
    assert people == [1_000.0, 1_000.0]
    assert len(body["reach"]) == 1
