"""The description of the API: complete over the addresses that there are, true of what they answer, and searched for what it does not say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.query import NAMES
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.api.description_files import PREFIXES
from web.downloads.asked import FORMS
from web.limiting import _COUNTED
from web.settings import Settings

#: The searcher cannot undo brotli.
PLAIN = {"Accept-Encoding": "identity"}
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine_of_one(new_database: Callable[[], str]) -> Iterator[Engine]:
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="one station"):
            registry.add(session, names={"zh": "东关驿站"}, kind="union_station", region_code="630102")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def app(engine_of_one: Engine, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app(
        Settings(
            secret_key="x" * 40, database_url=str(engine_of_one.url), clock=NOW, api_per_minute=0,
            public_url="https://map.example.org", downloads=tmp_path_factory.mktemp("downloads"),
        ),
        engine=engine_of_one,
    )  # fmt: skip


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/openapi.json").get_json()
    return found


def test_every_address_for_programs_stands_in_the_description(app: Flask, document: dict[str, Any]) -> None:
    rules = [
        re.sub(r"<(?:[a-z]+(?:\([^)]*\))?:)?([a-z_]+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.rule.startswith((*PREFIXES, "/static-map"))
    ]
    addresses = {
        address.replace("static-map.{form}", f"static-map.{form}")
        for address in rules
        for form in ("png", "svg")
    }
    assert addresses - {"/api/v1/openapi.json"} == set(document["paths"])


def test_what_is_counted_against_the_limit_stands_in_the_description_or_describes_itself() -> None:
    described = (*PREFIXES, "/ogc", "/api/")
    assert [path for path, _ in _COUNTED if not path.startswith(described)] == []


def test_every_form_of_a_download_has_its_media_type(document: dict[str, Any]) -> None:
    operation = document["paths"]["/download/stations.{form}"]["get"]
    assert operation["parameters"][0]["schema"]["enum"] == list(FORMS)
    assert set(operation["responses"]["200"]["content"]) == set(FORMS.values())


def test_every_name_of_the_query_string_stands_in_the_description(document: dict[str, Any]) -> None:
    described = [each["name"] for each in document["paths"]["/api/v1/stations"]["get"]["parameters"]]
    assert described == list(NAMES)


def test_it_names_the_site_that_readers_reach(document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "https://map.example.org"}]


def test_it_is_answered_again_only_when_it_changed(client: FlaskClient) -> None:
    first = client.get("/api/v1/openapi.json")
    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert first.headers["Access-Control-Allow-Origin"] == "*"


def read_whole(app: Flask) -> Callable[[Any, Any], Iterable[bytes]]:
    """Return an application whose answers are read and closed, as a server does: files are not left open."""

    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        found = app(environ, start_response)
        try:
            return [b"".join(found)]
        finally:
            if hasattr(found, "close"):
                found.close()

    return answer


#: How many requests a search makes; a file or a picture costs a hundred times what a page of features does.
SEARCHED = {
    "/api/v1/stations": 60,
    "/api/v1/stations/{code}": 60,
    "/api/v1/changes": 60,
    "/api/v1/challenge": 60,
    "/api/v1/notices": 30,
    "/api/v1/events": 30,
    "/download/stations.{form}": 25,
    "/download/changes.{form}": 25,
    "/download/daily.json": 5,
    "/download/daily/{date}/{name}": 25,
    "/oembed": 40,
    "/static-map.png": 10,
    "/static-map.svg": 15,
    "/api/v1/quality": 40,
    "/photos/{digest}.jpg": 25,
}


def test_every_address_is_searched(document: dict[str, Any]) -> None:
    assert set(SEARCHED) == set(document["paths"])


@pytest.mark.parametrize("path", SEARCHED)
def test_a_search_finds_no_answer_that_the_description_does_not_allow(
    app: Flask, document: dict[str, Any], path: str
) -> None:
    schema = schemathesis.openapi.from_dict(document)
    schema.app = read_whole(app)
    operation = schema[path]["GET"]

    @settings(
        max_examples=SEARCHED[path], deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    def search(case: schemathesis.Case) -> None:
        # A schema cannot say that south lies below north, or that a moment is a day of the calendar.
        case.call_and_validate(headers=PLAIN, excluded_checks=[positive_data_acceptance])

    given(case=operation.as_strategy())(search)()


def test_the_search_would_find_an_answer_that_is_not_allowed(app: Flask, document: dict[str, Any]) -> None:
    wrong = {**document, "components": {**document["components"]}}
    wrong["components"] = {**document["components"], "schemas": {**document["components"]["schemas"]}}
    wrong["components"]["schemas"]["Changes"] = {"type": "object", "required": ["never"]}
    schema = schemathesis.openapi.from_dict(wrong)
    schema.app = app
    case = schema["/api/v1/changes"]["GET"].Case(query={})
    with pytest.raises(FailureGroup):
        case.call_and_validate(headers=PLAIN)
