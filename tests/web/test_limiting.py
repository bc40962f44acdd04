"""Limits for programs: told in the standard's headers, raised by a key, and never in the way of a reader's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from stations.accounts import api_keys
from stations.registry.writing import acting
from web import create_app
from web.settings import Settings

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
ADDRESS = "/api/v1/stations?limit=1"


@pytest.fixture
def client_of(
    qinghai: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., FlaskClient]:
    def make(**settings: object) -> FlaskClient:
        given = {"secret_key": "x" * 40, "database_url": str(engine.url), "clock": NOW, "api_per_minute": 5}
        app = create_app(Settings(**(given | settings)), engine=engine)  # type: ignore[arg-type]
        for module in ("web.api.stations", "web.pages.views", "web.db"):
            monkeypatch.setattr(f"{module}.session", lambda: qinghai)
        return app.test_client()

    return make


def test_the_sixth_request_of_five_is_told_when_to_come_back(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of()
    left = [client.get(ADDRESS).headers["RateLimit"] for _ in range(5)]
    assert [each.split(";")[1] for each in left] == ["r=4", "r=3", "r=2", "r=1", "r=0"]
    refused = client.get(ADDRESS)
    assert refused.status_code == 429
    assert refused.content_type == "application/problem+json; charset=utf-8"
    assert "more than 5 requests a minute" in refused.json["detail"]  # type: ignore[index]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Policy"] == '"address";q=5;w=60'


def test_pages_and_the_challenge_of_a_report_are_not_counted(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of()
    for path in ("/", "/about", "/api/v1/challenge", "/healthz"):
        for _ in range(7):
            found = client.get(path)
            assert found.status_code != 429
            assert "RateLimit" not in found.headers


def test_addresses_are_counted_apart_and_a_household_of_ipv6_together(
    client_of: Callable[..., FlaskClient],
) -> None:
    client = client_of(api_per_minute=1, trusted_proxies=1)

    def status(address: str) -> int:
        return client.get(ADDRESS, headers={"X-Forwarded-For": address}).status_code

    assert [status("203.0.113.7"), status("203.0.113.7"), status("203.0.113.8")] == [200, 429, 200]
    assert [status("2001:db8:1:2::1"), status("2001:db8:1:2:ffff::9"), status("2001:db8:1:3::1")] == [
        200,
        429,
        200,
    ]


def test_a_key_has_an_account_of_its_own(
    client_of: Callable[..., FlaskClient], qinghai: Session, operator: int
) -> None:
    with acting(qinghai, operator, reason="a newspaper asks"):
        _, shown = api_keys.issue(qinghai, "晚报", per_minute=3, actor=operator)
    client = client_of(api_per_minute=1)
    client.get(ADDRESS)
    assert client.get(ADDRESS).status_code == 429
    found = [client.get(ADDRESS, headers={"X-API-Key": shown}) for _ in range(4)]
    assert [each.status_code for each in found] == [200, 200, 200, 429]
    assert found[0].headers["RateLimit-Policy"] == '"key";q=3;w=60'


def test_an_unknown_key_is_refused_in_words_and_not_shown(client_of: Callable[..., FlaskClient]) -> None:
    found = client_of().get(ADDRESS, headers={"X-API-Key": "yzk_guessed"})
    assert found.status_code == 401
    assert "unknown, taken back or past its day" in found.json["detail"]  # type: ignore[index]
    assert "guessed" not in found.text


def test_a_setting_of_nothing_counts_nothing(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of(api_per_minute=0)
    assert {client.get(ADDRESS).status_code for _ in range(30)} == {200}


def test_the_tiles_of_a_map_have_an_account_of_their_own(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of(api_per_minute=2)
    tile = "/ogc/collections/stations/tiles/WebMercatorQuad/6/25/50"
    found = [client.get(tile) for _ in range(21)]
    assert [each.status_code == 429 for each in found] == [False] * 20 + [True]
    assert found[0].headers["RateLimit-Policy"] == '"address-tiles";q=20;w=60'
    assert client.get(ADDRESS).status_code == 200
