"""How the open API behaves on the wire: kept answers, compression, other origins, forms, forged hosts, errors in words."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from ogc_fixtures import COLLECTIONS, NOW, SITE, client, get, open_registry, site_of
from sqlalchemy import Engine, Text, func, select, text
from sqlalchemy.orm import Session

from stations.models import Station
from stations.registry import features
from stations.registry.collections import STATIONS
from stations.registry.writing import OPERATOR, acting, actor_id
from web import db

__all__ = ["client"]

ITEMS = "/collections/stations/items"
PATHS = ["", "/conformance", "/api", "/collections", *(f"/collections/{name}/items" for name in COLLECTIONS)]


@pytest.fixture
def registry(new_database: Callable[[], str]) -> Iterator[Engine]:
    with open_registry(new_database) as engine:
        yield engine


@pytest.fixture
def site(registry: Engine) -> Iterator[Flask]:
    # A clock that is ahead: the last change has settled.
    with site_of(registry, clock=datetime.now(NOW.tzinfo) + timedelta(hours=1)) as app:
        yield app


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
def test_who_has_an_answer_gets_304_in_every_encoding(client: FlaskClient, path: str, encoding: str) -> None:
    asked = {"Accept-Encoding": encoding}
    first = get(client, path, headers=asked)
    assert first.headers["ETag"].startswith('W/"')
    again = get(client, path, headers=asked | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert get(client, path, headers=asked | {"If-None-Match": '"other"'}).status_code == 200


def test_an_answer_is_kept_until_something_changes(registry: Engine, site: Flask) -> None:
    client = site.test_client()
    first = get(client, ITEMS)
    asked = {"If-None-Match": first.headers["ETag"]}
    assert get(client, ITEMS, headers=asked).status_code == 304
    assert (
        get(client, ITEMS, headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 304
    )
    time.sleep(1.1)
    with Session(registry) as session:
        with acting(session, actor_id(session, OPERATOR), reason="a new door"):
            session.scalars(select(Station).limit(1)).one().address = "新的地址"
        session.commit()
    changed = get(client, ITEMS, headers=asked)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert (
        get(client, ITEMS, headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 200
    )


def test_what_changed_a_moment_ago_is_not_dated_yet(registry: Engine) -> None:
    # A transaction that began earlier may still commit: a date alone would then hide it.
    with site_of(registry) as app:
        assert "Last-Modified" not in get(app.test_client(), ITEMS).headers


@pytest.mark.parametrize(("encoding", "unpack"), [("gzip", gzip.decompress), ("br", brotli.decompress)])
@pytest.mark.parametrize("path", [ITEMS, "/api", "/collections/stations/queryables"])
def test_answers_come_compressed(
    client: FlaskClient, path: str, encoding: str, unpack: Callable[[bytes], bytes]
) -> None:
    plain, packed = get(client, path), get(client, path, headers={"Accept-Encoding": encoding})
    assert packed.headers["Content-Encoding"] == encoding
    assert unpack(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) < len(plain.data)


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/collections/nothing", f"{ITEMS}?limit=0"])
def test_scripts_of_every_origin_may_read_every_answer(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/ogc{path}", headers={"Origin": "https://paper.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Crs" in answer.headers["Access-Control-Expose-Headers"]
    assert "Set-Cookie" not in answer.headers
    preflight = client.options(
        f"/ogc{path}", headers={"Origin": "https://paper.example", "Access-Control-Request-Method": "GET"}
    )
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert preflight.headers["Access-Control-Max-Age"] == "86400"


@pytest.mark.parametrize("path", PATHS)
def test_head_answers_as_get_does_without_the_body(client: FlaskClient, path: str) -> None:
    whole, head = get(client, path), client.head(f"/ogc{path}")
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "ETag", "Content-Length", "Link"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/geo+json"), ("application/geo+json", "application/geo+json"), ("application/json", "application/geo+json"),
        ("text/html", "text/html"), ("text/html;q=0.5, application/json", "application/geo+json"), ("text/*", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"), ("", "application/geo+json"),
    ],
)  # fmt: skip
def test_the_accept_header_decides_the_form(client: FlaskClient, accept: str, kind: str) -> None:
    answer = get(client, ITEMS, headers={"Accept": accept})
    assert answer.mimetype == kind
    assert "Accept" in answer.headers["Vary"].split(", ")


def test_f_outweighs_the_accept_header(client: FlaskClient) -> None:
    assert (
        get(client, ITEMS, {"f": "json"}, headers={"Accept": "text/html"}).mimetype == "application/geo+json"
    )
    assert get(client, ITEMS, {"f": "html"}, headers={"Accept": "application/json"}).mimetype == "text/html"


@pytest.mark.parametrize("accept", ["image/png", "application/xml", "application/gml+xml;version=3.2"])
def test_a_form_that_there_is_not_is_406_in_words(client: FlaskClient, accept: str) -> None:
    answer = get(client, ITEMS, headers={"Accept": accept})
    assert answer.status_code == 406
    assert answer.mimetype == "application/problem+json"
    assert "text/html" in answer.text


def test_the_link_header_says_the_links_of_the_body(client: FlaskClient) -> None:
    answer = get(client, ITEMS, {"limit": "1", "filter": "name LIKE '%驿站%'"})
    for link in json.loads(answer.data)["links"]:
        assert f'rel="{link["rel"]}"; type="{link["type"]}"' in answer.headers["Link"]
    assert answer.headers["Link"].isascii()


@pytest.mark.parametrize("host", ["evil.example", "map.example.org.evil.example", "evil.example/<script>"])
@pytest.mark.parametrize("path", ["", "/api", ITEMS])
def test_a_forged_host_is_in_no_link(client: FlaskClient, host: str, path: str) -> None:
    answer = get(client, path, headers={"Host": host, "X-Forwarded-Host": host, "Forwarded": f"host={host}"})
    assert "evil" not in answer.text
    assert "evil" not in str(answer.headers)
    assert SITE in answer.text or answer.status_code == 400


def test_without_a_configured_address_only_a_host_that_is_surely_ours_stands_in_a_link(
    registry: Engine,
) -> None:
    ours = [
        "localhost:8000", "127.0.0.1", "127.8.9.1:8000", "[::1]:8000", "192.168.1.20:8000", "10.0.0.7", "172.31.0.1", "169.254.3.4",
        "100.64.1.1", "[fd12::1]", "[fe80::1]", "stations", "Stations.Local", "map.home.arpa", "a.localhost", socket.gethostname(),
    ]  # fmt: skip
    others = [
        "evil.example", "evil.com:8000", "8.8.8.8", "172.32.0.1", "[2001:db8::1]", "local.evil.com", "127.0.0.1.evil.com",
        "localhost.evil.com", "256.1.1.1", "2130706433.com", f"{socket.gethostname()}.evil.com",
    ]  # fmt: skip
    with site_of(registry, public_url=None, host="bound.example.org") as app:
        client = app.test_client()
        for host in [*ours, "bound.example.org:8000"]:
            answer = get(client, "", headers={"Host": host})
            assert answer.status_code == 200, host
            assert f"http://{host.lower()}/ogc" in answer.text
        for host in others:
            answer = get(client, "", headers={"Host": host})
            assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), host
            assert "set YIZHAN_PUBLIC_URL" in answer.text
            assert "Link" not in answer.headers
        none = get(client, "", headers={"Host": 'a"b<c>.example'})
        assert none.status_code == 400
        assert "<c>" not in str(none.headers)


def test_every_wrong_parameter_is_named_at_once(client: FlaskClient) -> None:
    query = {"limit": "0", "bbox": "1", "colour": "red", "kind": "spaceport", "filter": "x", "crs": "y"}
    answer = get(client, ITEMS, query)
    body = json.loads(answer.data)
    assert answer.status_code == body["status"] == 400
    assert {error["parameter"] for error in body["errors"]} == set(query)
    assert all(error["detail"] for error in body["errors"])


@pytest.mark.parametrize("name", ["limit", "bbox", "filter", "crs", "f", "kind"])
def test_a_parameter_given_twice_with_different_values_is_refused(client: FlaskClient, name: str) -> None:
    values = {"limit": ("1", "2"), "f": ("json", "html"), "filter": ("true", "false"), "crs": ("a", "b")}.get(
        name, ("1", "2")
    )
    answer = client.get(f"/ogc{ITEMS}?{name}={values[0]}&{name}={values[1]}")
    assert answer.status_code == 400
    assert name in answer.text
    assert client.get(f"/ogc{ITEMS}?limit=1&limit=1").status_code == 200


def test_the_finder_s_query_string_says_the_same_here(client: FlaskClient) -> None:
    for query in (
        {"kind": "care_station,rider_station"}, {"class": "service"}, {"amenities": "microwave", "unknown": "exclude"},
        {"region": "6302"}, {"q": "川口"}, {"access": "scan", "unknown": "exclude"}, {"fee": "free", "unknown": "exclude"},
        {"lifecycle": "closed"}, {"near": "101.5,36.5", "within_m": "9000"}, {"open": "24h"}, {"open": "now", "at": "2026-01-15T23:00"},
    ):  # fmt: skip
        here = {f["id"] for f in json.loads(get(client, ITEMS, query).data)["features"]}
        there = client.get("/api/v1/stations", query_string={"lifecycle": "all"} | query).json
        assert here == {f["id"] for f in there["features"]}
        assert 0 < len(here) < 12


def test_a_question_that_takes_too_long_ends_by_itself_in_words(
    registry: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site_of(registry, statement_timeout_ms=600_000) as app, app.app_context():
        assert db.session().scalar(text("SHOW statement_timeout")) == "5s"
    sleeps = features.Queryable("code", features.Kind.TEXT, func.pg_sleep(60).cast(Text))
    monkeypatch.setitem(STATIONS.queryables, "code", sleeps)  # type: ignore[arg-type]
    with site_of(registry, statement_timeout_ms=200) as app:
        answer = get(app.test_client(), ITEMS, {"filter": "code = 'a'"})
        with Session(registry) as session:
            left = session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(%' AND pid <> pg_backend_pid()"
                )
            )
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert "ask for less" in answer.text
    assert left == 0


def test_statements_are_not_compiled_by_the_database(registry: Engine) -> None:
    with site_of(registry) as app, app.app_context():
        assert db.session().scalar(text("SHOW jit")) == "off"
