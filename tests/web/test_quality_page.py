"""Quality in public: the page, the CSV and the API say what the registry holds, and a month that was kept stays."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import DeskClient, signed_in, staff_member
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.hours import Hours
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.settings import Settings

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    add(made, "川口驿站", good=True)
    add(made, "古鄯驿站", verified_at=NOON - timedelta(days=4000))
    add(made, "乐都驿站", region="630202", good=True)
    add(made, "规划中的驿站", lifecycle="planned")
    yield made
    made.dispose()


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
            hours=Hours("24/7") if good else None,
            amenities={"toilet": registry.AmenityFact()} if good else {},
            **({"verified_at": NOON - timedelta(days=1)} if good else {}) | facts,
        )
        if good:
            station.location, station.position_quality = "SRID=4326;POINT(102.1 36.5)", "door"
        return station.code


@pytest.fixture(scope="module")
def app(engine: Engine) -> Flask:
    url = engine.url.render_as_string(hide_password=False)
    return create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def editor(app: Flask, engine: Engine) -> DeskClient:
    return signed_in(app, staff_member(engine, "minhe", "editor", "630222"))


def cells(html: str, code: str) -> dict[str, str]:
    row = re.search(rf'<tr data-code="{code}">(.*?)</tr>', html, re.S)
    assert row is not None, f"no row of {code}"
    found = re.findall(r'<td data-column="(\w+)">(.*?)</td>', row[1], re.S)
    return {name: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).strip() for name, text in found}


def test_the_page_the_table_and_the_api_tell_the_same(client: FlaskClient) -> None:
    page = client.get("/quality?level=county&lang=zh")
    assert page.status_code == 200
    minhe = cells(page.text, "630222")
    assert minhe["stations"] == "2"
    assert minhe["on_map"] == minhe["promised"] == minhe["hours"] == minhe["door"] == "50% 1/2"
    assert minhe["facts"] == "5% 1/20"
    assert cells(page.text, "630102")["on_map"] == "– 0/0"
    rows = list(csv.DictReader(io.StringIO(client.get("/quality.csv").data.decode("utf-8-sig"))))
    assert (rows[0]["level"], rows[0]["stations"], rows[0]["on_map"], rows[0]["on_map_share"]) == (
        "whole",
        "3",
        "2",
        "0.6667",
    )
    told = client.get("/api/v1/quality?region=6302&level=county").get_json()
    assert [(one["code"], one["stations"]) for one in told["areas"]] == [("630202", 1), ("630222", 2)]
    assert told["whole"]["measures"]["promised"] == {"part": 2, "whole": 3, "unknown": 0, "share": 2 / 3}


def test_what_is_typed_at_the_desk_stands_on_the_page(
    client: FlaskClient, editor: DeskClient, engine: Engine
) -> None:
    code = add(engine, "马营驿站", good=True)
    sent = editor.post(
        "/desk/usage",
        data={"station": "马营驿站", "period": "2026年8月", "visits": "1600余", "occupation": ""},
    )
    assert sent.status_code == 303
    assert sent.location == f"/desk/usage/{code}"
    shown = editor.get(sent.location).text
    assert "2026年8月" in shown
    assert "至少 1,600" in shown
    assert cells(client.get("/quality?level=county&lang=zh").text, "630222")["daily"] == "≥51.6 1站"
    whole = client.get("/api/v1/quality").get_json()["whole"]
    assert whole["use"] == {"stations": 1, "visits": 1600, "days": 31, "daily": 1600 / 31, "at_least": True}
