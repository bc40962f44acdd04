"""Each role at each route of the desk, in its own county and in another: made from the address map, so none is forgotten.

A new route fails here until it says whom it is for (``@desk_page``) and, where it writes or its address holds values,
until ``desk_samples*.py`` has a request for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_fixtures import SomeStaff, hash_quickly, signed_in, staff_member
from desk_samples import Sample, World
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from conftest import fill_squares
from stations.accounts import ROLES
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.desk.cookie import is_desk
from web.desk.staff import Policy
from web.settings import Settings

OWN, OTHER = "630222", "630202"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SAMPLES: dict[tuple[str, str], Sample] = {
    key: sample
    for path in sorted(Path(__file__).parent.glob("desk_samples*.py"))
    for key, sample in importlib.import_module(path.stem).SAMPLES.items()
}


def settings(url: str = "postgresql+psycopg://nobody@/none") -> Settings:
    return Settings(secret_key="x" * 40, database_url=url)


MAP = create_app(settings())
ROUTES = [
    (method, rule.rule)
    for rule in sorted(MAP.url_map.iter_rules(), key=lambda rule: rule.rule)
    for method in METHODS
    if is_desk(rule.rule) and method in (rule.methods or ())
]
RULES: dict[str, Rule] = {rule.rule: rule for rule in MAP.url_map.iter_rules()}
#: Who asks: a role in 630222, one of all regions, and somebody to whom nothing was granted.
ASKERS = [*((role, OWN) for role in ROLES), ("administrator", None), (None, None)]


def policy(rule: str) -> Policy | None:
    return getattr(MAP.view_functions[RULES[rule].endpoint], "desk_policy", None)


def sample(method: str, rule: str) -> Sample:
    if method == "GET" and "<" not in rule:
        return SAMPLES.get((method, rule), Sample())
    assert (method, rule) in SAMPLES, f"{method} {rule} has no sample: add one to tests/web/desk_samples_*.py"
    return SAMPLES[method, rule]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def app(engine: Engine) -> Flask:
    return create_app(settings(engine.url.render_as_string(hide_password=False)), engine=engine)


@pytest.fixture(scope="module")
def asker(engine: Engine) -> Callable[[str | None, str | None], SomeStaff]:
    def make(role: str | None, region: str | None) -> SomeStaff:
        login = f"{role or 'nobody'}-{region or 'all'}"
        found = staff_member(engine, login, role or "viewer", region)
        if role is None:
            with (
                Session(engine) as session,
                session.begin(),
                acting(session, actor_id(session, OPERATOR), reason="nothing granted"),
            ):
                session.execute(text("DELETE FROM staff_grants WHERE staff_id = :id"), {"id": found.id})
        return found

    return make


class Asking:
    """Asks at a route as somebody, with its sample made in a county."""

    def __init__(self, app: Flask, engine: Engine, member: SomeStaff) -> None:
        self.app, self.engine, self.member = app, engine, member

    def __call__(
        self, method: str, rule: str, county: str, *, token: bool = True, known: bool = True
    ) -> TestResponse:
        wanted = sample(method, rule)
        with Session(self.engine) as session, session.begin():
            world = World(session, county, self.member)
            values = dict(wanted.values(world))
            form = wanted.form(world, values) if callable(wanted.form) else wanted.form
        with self.app.test_request_context():
            address = self.app.url_map.bind("localhost").build(RULES[rule].endpoint, values)
        body: dict[str, Any] = (
            {}
            if method == "GET"
            else {"json": wanted.json}
            if wanted.json is not None
            else {"data": dict(form)}
        )
        client = signed_in(self.app, self.member) if known else None
        asked = client.raw if client else self.app.test_client()
        if method == "GET" or not token or client is None:
            return asked.open(address, method=method, query_string=dict(wanted.query), **body)
        return client.open(method, address, query_string=dict(wanted.query), **body)

    def commits(self) -> int:
        with self.engine.connect() as connection:
            return connection.execute(
                text("SELECT count(*) FROM commits WHERE actor_id = :id"), {"id": self.member.id}
            ).scalar_one()


@pytest.fixture(scope="module")
def asking(
    app: Flask, engine: Engine, asker: Callable[[str | None, str | None], SomeStaff]
) -> Callable[..., Asking]:
    return lambda role, region: Asking(app, engine, asker(role, region))


def test_the_desk_has_routes_and_every_one_says_whom_it_is_for() -> None:
    assert len(ROUTES) > 20
    assert [rule for _, rule in ROUTES if policy(rule) is None] == []


def test_every_view_of_the_desk_s_blueprint_is_below_desk() -> None:
    strays = [
        rule.rule
        for rule in MAP.url_map.iter_rules()
        if rule.endpoint.startswith("desk.") and not is_desk(rule.rule)
    ]
    assert strays == []


def test_no_sample_is_of_a_route_that_is_gone() -> None:
    assert set(SAMPLES) - set(ROUTES) == set()


@pytest.mark.parametrize(("method", "rule"), ROUTES)
def test_who_is_not_logged_in_gets_the_log_in_and_nothing_else(
    asking: Callable[..., Asking], method: str, rule: str
) -> None:
    answer = asking("viewer", OWN)(method, rule, OWN, known=False)
    found = policy(rule)
    assert found is not None
    if found.who == "anybody":
        # Without a token, what writes is refused as a forged form.
        assert answer.status_code in ({*sample(method, rule).ok} if method == "GET" else {400})
    elif method == "GET":
        assert answer.status_code == 302
        assert answer.location.startswith("/desk/log-in")
    else:
        assert answer.status_code == 401


@pytest.mark.parametrize(("method", "rule"), [(m, r) for m, r in ROUTES if m != "GET"])
def test_a_form_without_the_token_is_refused(asking: Callable[..., Asking], method: str, rule: str) -> None:
    ask = asking("administrator", None)
    before = ask.commits()
    assert ask(method, rule, OWN, token=False).status_code in {400, 403}
    assert ask.commits() == before


@pytest.mark.parametrize(("role", "region"), ASKERS)
@pytest.mark.parametrize(("method", "rule"), ROUTES)
def test_each_role_reaches_what_is_its_own_and_nothing_else(
    asking: Callable[..., Asking], method: str, rule: str, role: str | None, region: str | None
) -> None:
    found, wanted, ask = policy(rule), sample(method, rule), asking(role, region)
    assert found is not None
    holds = found.who != "role" or role == "administrator" or role in found.roles
    before = ask.commits()
    answer = ask(method, rule, OWN)
    if not holds:
        assert answer.status_code == 403, answer.text
        assert ask.commits() == before
        return
    assert answer.status_code in wanted.ok, answer.text
    if wanted.bound and region is not None:
        before = ask.commits()
        refused = ask(method, rule, OTHER)
        assert refused.status_code in {403, 404}, refused.text
        assert ask.commits() == before
