"""An application on a small registry, for the tests of what is made for other people's sites."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from embed_registry import NOON, SITE, Make, fill_for_embeds
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from web import create_app
from web.settings import Settings


@pytest.fixture(scope="module")
def embed_database(new_database: Callable[[], str]) -> Iterator[tuple[Engine, dict[str, str]]]:
    """A filled registry and the codes of its stations."""
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        codes = fill_for_embeds(session)
    yield engine, codes
    engine.dispose()


@pytest.fixture(scope="module")
def codes(embed_database: tuple[Engine, dict[str, str]]) -> dict[str, str]:
    return embed_database[1]


@pytest.fixture(scope="module")
def make_client(embed_database: tuple[Engine, dict[str, str]]) -> Make:
    """Make a client of an application with other settings."""
    engine = embed_database[0]

    def make(**settings: Any) -> FlaskClient:
        given: dict[str, Any] = {
            "secret_key": "x" * 40,
            "database_url": engine.url.render_as_string(hide_password=False),
            "clock": NOON,
            "public_url": SITE,
        }
        return create_app(Settings(**(given | settings)), engine=engine).test_client()

    return make


@pytest.fixture(scope="module")
def client(make_client: Make) -> FlaskClient:
    return make_client()
