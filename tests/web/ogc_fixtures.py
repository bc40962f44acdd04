"""A committed registry behind the open API: stations of every kind of gap in the facts, a region, a published run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from geo.datum import Datum
from geo.mainland import Mainland
from stations import vocabulary as words
from stations.hours import Hours
from stations.models import CoverageRun, Region, RegistryInfo, Station
from stations.planning import runs
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.stations.committed import squares
from web import create_app
from web.settings import Settings

__all__ = [
    "COLLECTIONS",
    "NOW",
    "SITE",
    "add_station",
    "client",
    "conf",
    "features",
    "gaps_run",
    "get",
    "ids",
    "links",
    "open_registry",
    "site_of",
    "walk",
]

SITE = "https://map.example.org"
COLLECTIONS = ("stations", "regions", "gaps")
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def add_station(session: Session, name: str, lon: float | None, lat: float | None, **facts: Any) -> Station:
    """Add a station, placed where it has a position."""
    given = {"kind": "union_station", "region_code": "630102", "hours": Hours("24/7")} | facts
    amenities = given.pop("amenities", None)
    station = registry.add(session, names={"zh": name}, amenities=amenities, **given)
    if lon is not None and lat is not None:
        mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))
        registry.locate(session, station, lon, lat, datum=Datum.WGS84, mainland=mask)
    return station


def _fill(session: Session) -> None:
    yes, no = registry.AmenityFact(), registry.AmenityFact(words.Value.NO)
    add_station(session, "川口驿站", 101.50, 36.50, opened_on=date(2020, 5, 1), capacity=20, fee="free")
    add_station(
        session, "长宁爱心驿站", 101.55, 36.60, kind="care_station", amenities={"microwave": yes, "toilet": no},
        opened_on=date(2022, 4, 14), address="人民路1号",
    )  # fmt: skip
    add_station(
        session, "Rider's House_1", 101.65, 36.60, kind="rider_station", region_code="630103", access="scan"
    )
    add_station(session, "维权中心", 101.90, 36.70, kind="rights_centre", region_code="630202", capacity=8)
    add_station(session, "未定位驿站", None, None, region_code="630222")
    add_station(
        session, "关门驿站", 102.10, 36.45, region_code="630222", lifecycle="closed", opened_on=date(2019, 1, 1),
        lifecycle_since=date(2021, 6, 30), lifecycle_reason="社区搬迁",
    )  # fmt: skip
    for number in range(6):
        add_station(session, f"十里驿站{number}", 101.41 + number / 100, 36.41, amenities={"microwave": yes})


def gaps_run(session: Session, people: Sequence[float], *, title: str = "十五分钟") -> CoverageRun:
    """Publish a run whose gaps hold these people, in a row from west to east."""
    operator = actor_id(session, OPERATOR)
    session.execute(text("SELECT set_config('yz.commit', '', true)"))
    with acting(session, operator, reason="a run"):
        run = CoverageRun(title=title, question={"main_min": 15, "mode": "walk"}, asked_by=operator)
        session.add(run)
        session.flush()
        run.finished_at, run.seconds, run.basis, run.summary, run.areas = NOW, 1.0, {}, {}, {}
        run.hours, run.doors, run.cells = [], [], b"\x00"
        run.gaps = [
            {
                "people": each, "cells": 2, "lon": 101.45 + place / 50, "lat": 36.55, "region": "630102",
                "nearest": None, "nearest_s": None if place == 0 else 1_000.0 + place,
            }
            for place, each in enumerate(people)
        ]  # fmt: skip
        session.flush()
        runs.publish(session, run.id, actor=operator, now=NOW)
    session.commit()
    return run


@contextmanager
def open_registry(new_database: Callable[[], str]) -> Iterator[Engine]:
    """Open a registry with all three collections filled, committed."""
    with squares(new_database) as engine:
        with Session(engine) as session:
            operator = actor_id(session, OPERATOR)
            with acting(session, operator, reason="open data"):
                _fill(session)
                for code in ("630102", "630103", "630222"):
                    region = session.get_one(Region, code)
                    region.publishable, region.credit, region.population = True, "民政局", 1_000
            session.commit()
            gaps_run(session, [500.4, 320.0, 90.0])
        yield engine


@contextmanager
def site_of(engine: Engine, **settings: Any) -> Iterator[Flask]:
    """Build the application over a registry as a server does, with connections of its own."""
    given = {
        "secret_key": "x" * 40,
        "database_url": engine.url.render_as_string(hide_password=False),
        "public_url": SITE,
        "api_per_minute": 0,
    }
    app = create_app(Settings(**(given | settings)))
    try:
        yield app
    finally:
        for name in ("yizhan.engine", "yizhan.engine.reading"):
            app.extensions[name].dispose()


@pytest.fixture(scope="module")
def client(new_database: Callable[[], str]) -> Iterator[FlaskClient]:
    """Somebody who asks an open registry that nobody writes into meanwhile."""
    with open_registry(new_database) as engine, site_of(engine) as app:
        yield app.test_client()


def conf(*identifiers: str) -> pytest.MarkDecorator:
    """Name a test by the identifiers of the abstract tests whose assertions it makes."""
    named = " ".join(identifiers)
    return pytest.mark.parametrize("conf", [named], ids=[named])


def links(body: dict[str, Any], rel: str) -> list[dict[str, Any]]:
    """Return the links of a relation."""
    return [link for link in body["links"] if link["rel"] == rel]


def get(client: FlaskClient, path: str, query: dict[str, str] | None = None, **more: Any) -> TestResponse:
    """Ask the API; ``path`` from /ogc on."""
    return client.get(f"/ogc{path}", query_string=query or {}, **more)


def features(
    client: FlaskClient, collection: str, query: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """Return the features of one page; the answer must be a good one."""
    answer = get(client, f"/collections/{collection}/items", query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = json.loads(answer.data)["features"]
    return found


def ids(client: FlaskClient, collection: str, query: dict[str, str] | None = None) -> set[str]:
    """Return the ids of one page."""
    return {feature["id"] for feature in features(client, collection, query)}


def walk(
    client: FlaskClient, collection: str, query: dict[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield all pages, by their next links."""
    address: str | None = f"/ogc/collections/{collection}/items"
    asked: dict[str, str] = query or {}
    while address is not None:
        page = json.loads(client.get(address, query_string=asked or None).data)
        yield page
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        address = following[0].removeprefix(SITE) if following else None
        asked = {}
