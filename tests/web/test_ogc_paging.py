"""Pages of the open API: each row once, however others write meanwhile, and no page of rows that are there no more."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from ogc_fixtures import SITE, add_station, gaps_run, get, links, open_registry, site_of, walk
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from stations.models import Station
from stations.planning import runs
from stations.registry.writing import OPERATOR, acting, actor_id


@pytest.fixture
def registry(new_database: Callable[[], str]) -> Iterator[Engine]:
    with open_registry(new_database) as engine:
        yield engine


@pytest.fixture
def site(registry: Engine) -> Iterator[Flask]:
    with site_of(registry) as app:
        yield app


@contextmanager
def writers(engine: Engine, *works: Callable[[Session, int], None]) -> Iterator[list[int]]:
    """Let several write at once, each in transactions of its own, for the time of the block."""
    done, broken = threading.Event(), []
    counts = [0] * len(works)

    def write(place: int, work: Callable[[Session, int], None]) -> None:
        try:
            with Session(engine) as session:
                operator = actor_id(session, OPERATOR)
                while not done.is_set():
                    with acting(session, operator, reason="meanwhile"):
                        work(session, counts[place])
                    session.commit()
                    counts[place] += 1
        except Exception as error:
            broken.append(error)

    threads = [threading.Thread(target=write, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert broken == []


def test_no_page_loses_or_repeats_a_row_while_others_write(registry: Engine, site: Flask) -> None:
    with Session(registry) as session:
        lasting = set(session.scalars(select(Station.code)))
        passing = session.scalars(select(Station.id).where(Station.kind == "care_station")).one()
        lasting.discard(session.get_one(Station, passing).code)

    def add(session: Session, count: int) -> None:
        add_station(session, f"新站{count}", 101.45, 36.45)

    def change(session: Session, count: int) -> None:
        for station in session.scalars(select(Station).where(Station.id != passing).limit(6)):
            station.address = f"第{count}次改"

    def come_and_go(session: Session, count: int) -> None:
        session.get_one(Station, passing).withdrawn_reason = None if count % 2 else "重复登记"

    client = site.test_client()
    with writers(registry, add, change, come_and_go) as counts:
        for _ in range(5):
            told = [f["id"] for page in walk(client, "stations", {"limit": "2"}) for f in page["features"]]
            assert len(told) == len(set(told))
            assert lasting <= set(told)
    assert min(counts) > 0


def test_a_walk_by_pages_tells_what_one_page_tells(site: Flask) -> None:
    client = site.test_client()
    for collection in ("stations", "regions", "gaps"):
        for query in ({}, {"bbox": "101.4,36.4,101.7,36.8"}, {"filter": "geometry IS NOT NULL"}):
            whole = json.loads(get(client, f"/collections/{collection}/items", query).data)
            for limit in ("1", "2", "3"):
                pages = list(walk(client, collection, query | {"limit": limit}))
                assert [f for page in pages for f in page["features"]] == whole["features"]
                assert all(page["features"] for page in pages)


def test_the_next_link_keeps_every_parameter(site: Flask) -> None:
    client = site.test_client()
    query = {
        "limit": "1", "crs": "http://www.opengis.net/def/crs/EPSG/0/4326", "kind": "union_station", "lang": "en",
        "filter": "name LIKE '%驿站%' AND NOT code = 'a&b=c'", "datetime": "2000-01-01T00:00:00Z/..",
    }  # fmt: skip
    body = json.loads(get(client, "/collections/stations/items", query).data)
    second = client.get(links(body, "next")[0]["href"].removeprefix(SITE))
    assert second.status_code == 200
    again = links(json.loads(second.data), "self")[0]["href"]
    for name in query:
        assert f"{name}=" in again
    assert second.headers["Content-Crs"] == f"<{query['crs']}>"


def test_pages_of_a_run_that_another_replaced_are_refused_and_not_mixed(
    registry: Engine, site: Flask
) -> None:
    client = site.test_client()
    first = json.loads(get(client, "/collections/gaps/items", {"limit": "1"}).data)
    with Session(registry) as session:
        gaps_run(session, [9.0, 8.0], title="another")
    stale = client.get(links(first, "next")[0]["href"].removeprefix(SITE))
    assert stale.status_code == 409
    assert "begin again" in stale.text
    assert [f["properties"]["people"] for f in next(walk(client, "gaps"))["features"]] == [9, 8]


def test_a_station_that_is_withdrawn_is_gone_at_once(registry: Engine, site: Flask) -> None:
    client = site.test_client()
    with Session(registry) as session:
        station = session.scalars(select(Station).limit(1)).one()
        code = station.code
        assert get(client, f"/collections/stations/items/{code}").status_code == 200
        with acting(session, actor_id(session, OPERATOR), reason="twice"):
            station.withdrawn_reason = "重复登记"
        session.commit()
    assert get(client, f"/collections/stations/items/{code}").status_code == 404
    assert code not in {f["id"] for page in walk(client, "stations") for f in page["features"]}


def test_only_regions_that_may_be_published_are_open(registry: Engine, site: Flask) -> None:
    client = site.test_client()
    told = {f["id"] for page in walk(client, "regions") for f in page["features"]}
    assert told == {"630102", "630103", "630222"}
    assert get(client, "/collections/regions/items/630000").status_code == 404
    assert get(client, "/collections/regions/items", {"filter": "code = '630202'"}).json["features"] == []  # type: ignore[index]


def test_only_the_published_run_is_open(registry: Engine, site: Flask) -> None:
    client = site.test_client()
    with Session(registry) as session:
        with acting(session, actor_id(session, OPERATOR), reason="not yet"):
            runs.withdraw(session)
        session.commit()
    assert [page["features"] for page in walk(client, "gaps")] == [[]]
    assert get(client, "/collections/gaps/items/1-1").status_code == 404
    assert get(client, "/collections/gaps").status_code == 200
