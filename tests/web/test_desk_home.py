"""The desk's first page: the work of one's own regions, where each thing is settled, and how far the area has come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import DeskClient, signed_in, staff_member
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.hours import Hours
from stations.keeping.worklist import Job
from stations.models import Photo
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.settings import Settings

#: Four days before the Mid-autumn Festival.
NOON = datetime(2026, 9, 21, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture
def clients(engine: Engine) -> Callable[..., DeskClient]:
    url = engine.url.render_as_string(hide_password=False)
    app: Flask = create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)

    def client(role: str = "editor", region: str | None = "630222") -> DeskClient:
        return signed_in(app, staff_member(engine, f"{role}-{region}", role, region))

    return client


def add(engine: Engine, name: str, *, region: str = "630222", good: bool = False, **facts: Any) -> str:
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="新增"),
    ):
        station = registry.add(
            session,
            names={"zh": name},
            kind="union_station",
            region_code=region,
            hours=facts.pop("hours", Hours("24/7") if good else None),
            amenities={"toilet": registry.AmenityFact()} if good else {},
            **({"verified_at": NOON - timedelta(days=1)} if good else {}) | facts,
        )
        if good:
            station.location = "SRID=4326;POINT(102.1 36.5)"
            session.add(Photo(station_id=station.id, sha256="0" * 64, shows="door"))
        return station.code


def plain(html: str) -> str:
    main = html[html.index("<main") : html.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def test_a_registry_that_is_looked_after_asks_for_nothing(
    engine: Engine, clients: Callable[..., DeskClient]
) -> None:
    add(engine, "好驿站", good=True)
    told = plain(clients().get("/desk").text)
    assert "没有要做的事" in told
    assert "已定位 100% 100% 1/1" in told


def test_each_thing_to_do_leads_to_the_page_that_settles_it(
    engine: Engine, clients: Callable[..., DeskClient]
) -> None:
    code = add(engine, "空驿站", hours=Hours("08:00-18:00"))
    add(engine, "乐都驿站", region="630202")
    page = clients().get("/desk").text
    told = plain(page)
    for words in (
        "未定位，等待上图 1",
        "该核实了 1",
        "从未核实",
        "没有照片 1",
        "不知道有什么设施 1",
        "假期将到，时间没有说明 1",
        "中秋节 09-25 – 09-27",
    ):
        assert words in told, words
    assert f'href="/desk/stations/{code}"' in page
    assert "乐都驿站" not in told
    assert "乐都驿站" in plain(clients("administrator", None).get("/desk").text)


@pytest.mark.parametrize("job", list(Job))
def test_every_heap_has_a_page_of_its_own(
    engine: Engine, clients: Callable[..., DeskClient], job: Job
) -> None:
    add(engine, "空驿站", hours=Hours("08:00-18:00"))
    answer = clients().get(f"/desk/todo/{job}")
    assert answer.status_code == 200
    if job in {Job.UNLOCATED, Job.STALE, Job.NO_PHOTO, Job.NO_AMENITIES, Job.HOLIDAYS}:
        assert "空驿站" in answer.text
    assert clients().get("/desk/todo/nonsense").status_code == 404


def test_the_trend_is_against_thirty_days_ago(engine: Engine, clients: Callable[..., DeskClient]) -> None:
    add(engine, "好驿站", good=True)
    code = add(engine, "后定位")
    with Session(engine) as session, session.begin():
        # Both were added long ago; the second was pinned today.
        session.execute(text("SELECT 1"))
    owner = create_engine(engine.url.set(username="yizhan_owner"))
    with owner.begin() as connection:
        connection.execute(text("UPDATE commits SET at = :then"), {"then": NOON - timedelta(days=40)})
    owner.dispose()
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="上图"),
    ):
        registry.get(session, code).location = "SRID=4326;POINT(102.1 36.6)"
    told = plain(clients().get("/desk").text)
    assert "已定位 100% 100% 2/2 ▲ 三十天来增加 50" in told
    assert "有照片 50% 50% 1/2" in told


def test_counties_are_told_one_by_one(engine: Engine, clients: Callable[..., DeskClient]) -> None:
    add(engine, "好驿站", good=True)
    add(engine, "乐都驿站", region="630202")
    told = plain(clients("editor", "630200").get("/desk").text)
    assert "各区县进度" in told
    assert "乐都区 1 0%" in told
    assert "民和回族土族自治县 1 100%" in told


def test_an_administrator_of_all_changes_what_is_promised(
    engine: Engine, clients: Callable[..., DeskClient]
) -> None:
    head = clients("administrator", None)
    add(engine, "旧驿站", good=True, verified_at=NOON - timedelta(days=60))
    assert "该核实了 1" not in plain(head.get("/desk").text)
    answer = head.post("/desk/promises", data={"kind": "union_station", "days": "30"}, follow_redirects=True)
    assert "工会驿站每 30 天核实一次" in plain(answer.text)
    assert "该核实了 1" in plain(head.get("/desk").text)
    wrong = head.post("/desk/promises", data={"kind": "union_station", "days": "3"}, follow_redirects=True)
    assert "天数要在 7 到 1095 之间" in plain(wrong.text)
    assert head.post("/desk/promises", data={"kind": "x", "days": "30"}).status_code == 400
    local = clients("administrator", "630222")
    assert local.post("/desk/promises", data={"kind": "union_station", "days": "40"}).status_code == 403
    assert 'action="/desk/promises"' not in local.get("/desk").text
