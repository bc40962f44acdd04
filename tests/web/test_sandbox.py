"""The sandbox: anybody tries the desk in a copy, nobody gets in anywhere else, and tomorrow all is as before."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import DeskClient, hash_quickly, signed_in, staff_member
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations import accounts
from stations.accounts.tryers import TRYERS, Tryer
from stations.cluster import APP, Cluster, copies
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app, sandbox
from web.settings import DEMO, Settings, SettingsError

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)


def filled(url: str, *, demonstration: bool) -> Engine:
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="kind"):
            session.execute(text("UPDATE registry_info SET demonstration = :is"), {"is": demonstration})
    return engine


@pytest.fixture(scope="module")
def site(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, Settings]]:
    """A demonstration with its sandbox mounted."""
    urls = [new_database(), new_database()]
    engines = [filled(url, demonstration=True) for url in urls]
    settings = Settings(
        secret_key="x" * 40, database_url=urls[0], sandbox_database_url=urls[1], clock=NOON, registry=DEMO,
        photos=tmp_path_factory.mktemp("photos"), require_two_factor="administrator",
        oidc_issuer="https://login.example.org", oidc_client_id="x",
    )  # fmt: skip
    sandbox.let_in(sandbox.of(settings))
    app = create_app(settings)
    sandbox.mount(app, settings)
    yield app, settings
    for engine in (
        *engines,
        app.extensions["yizhan.engine"],
        app.extensions["yizhan.sandbox"].extensions["yizhan.engine"],
    ):
        engine.dispose()


@contextmanager
def opened(url: str | None) -> Iterator[Session]:
    """Open one transaction over a database, and leave no connection behind."""
    engine = create_engine(url or "")
    with Session(engine) as session, session.begin():
        yield session
    engine.dispose()


def logins(url: str | None) -> list[str]:
    with opened(url) as session:
        return [person.login for person in accounts.people(session)]


def token(client: FlaskClient, page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found is not None
    return found[1]


def tapped(app: Flask, login: str) -> FlaskClient:
    client = app.test_client()
    form = {"csrf_token": token(client, "/sandbox/desk/log-in")}
    answer = client.post(f"/sandbox/desk/try/{login}", data=form)
    assert (answer.status_code, answer.location) == (303, "/sandbox/desk"), answer.text
    return client


@pytest.mark.parametrize("tryer", TRYERS, ids=lambda tryer: tryer.login)
def test_one_tap_logs_in_as_each_kind_of_staff(site: tuple[Flask, Settings], tryer: Tryer) -> None:
    client = tapped(site[0], tryer.login)
    assert tryer.name in client.get("/sandbox/desk/me").text
    assert client.get("/sandbox/desk/people").status_code == (200 if tryer.role == "administrator" else 403)


def test_every_page_of_it_says_that_it_is_made_anew_each_day(site: tuple[Flask, Settings]) -> None:
    assert "试用副本，每天重置" in site[0].test_client().get("/sandbox/desk/log-in").text
    assert "试用副本，每天重置" in tapped(site[0], "try-viewer").get("/sandbox/desk/me").text
    assert "试用副本，每天重置" not in site[0].test_client().get("/desk/log-in").text


def test_the_demonstration_s_own_log_in_leads_there_and_lets_nobody_in(site: tuple[Flask, Settings]) -> None:
    client = site[0].test_client()
    page = client.get("/desk/log-in").text
    assert 'href="/sandbox/desk"' in page
    assert "/try/" not in page
    form = {"csrf_token": token(client, "/desk/log-in")}
    assert client.post("/desk/try/try-administrator", data=form).status_code == 404
    assert client.get("/desk/me").status_code == 302


def test_an_application_that_is_no_sandbox_has_no_such_route() -> None:
    settings = Settings(secret_key="x" * 40, database_url="postgresql+psycopg://nobody@/none")
    ordinary = {rule.rule for rule in create_app(settings).url_map.iter_rules()}
    beside = {rule.rule for rule in create_app(settings, sandbox=True).url_map.iter_rules()}
    assert beside - ordinary == {"/desk/try/<login>"}


def test_no_variable_makes_an_application_a_sandbox(site: tuple[Flask, Settings]) -> None:
    assert site[0].config["YIZHAN_SANDBOX"] is False
    with pytest.raises(SettingsError, match="YIZHAN_SANDBOX"):
        Settings.read({"YIZHAN_SANDBOX": "yes"})


def test_over_a_registry_that_is_no_demonstration_nobody_is_let_in(new_database: Callable[[], str]) -> None:
    url = new_database()
    engine = filled(url, demonstration=False)
    settings = Settings(secret_key="x" * 40, database_url=url, clock=NOON)
    sandbox.let_in(settings)
    app = create_app(settings, engine=engine, sandbox=True)
    client = app.test_client()
    form = {"csrf_token": token(client, "/desk/log-in")}
    assert client.post("/desk/try/try-administrator", data=form).status_code == 403
    assert client.get("/desk/me").status_code == 302
    engine.dispose()


def test_nobody_but_those_who_were_made_for_it_is_let_in_by_a_tap(site: tuple[Flask, Settings]) -> None:
    app = site[0]
    inner: Flask = app.extensions["yizhan.sandbox"]
    staff_member(inner.extensions["yizhan.engine"], "real-one", "administrator", None)
    client = app.test_client()
    form = {"csrf_token": token(client, "/sandbox/desk/log-in")}
    for login in ("real-one", "operator", "door", "nobody"):
        assert client.post(f"/sandbox/desk/try/{login}", data=form).status_code == 404


def test_those_of_the_sandbox_have_no_password(site: tuple[Flask, Settings]) -> None:
    client = site[0].test_client()
    with opened(site[1].sandbox_database_url) as session:
        assert [
            person.login
            for person in accounts.people(session)
            if person.has_password and person.login.startswith("try-")
        ] == []
    for password in ("", "try-administrator"):
        form = {
            "csrf_token": token(client, "/sandbox/desk/log-in"),
            "login": "try-administrator",
            "password": password,
        }
        assert client.post("/sandbox/desk/log-in", data=form).status_code in {401, 429}


def test_a_session_of_the_sandbox_is_worth_nothing_at_the_desk_itself(site: tuple[Flask, Settings]) -> None:
    app = site[0]
    client = tapped(app, "try-administrator")
    kept = client.get_cookie("yizhan_desk", path="/sandbox/desk")
    assert kept is not None
    assert client.get("/desk/me").status_code == 302
    client.set_cookie("yizhan_desk", kept.value, path="/desk")
    assert client.get("/desk/me").status_code == 302


def test_what_is_done_there_stays_there(site: tuple[Flask, Settings]) -> None:
    app, settings = site
    client = DeskClient(tapped(app, "try-administrator"))
    found = re.search(r'<meta name="csrf-token" content="([^"]+)">', client.raw.get("/sandbox/desk/me").text)
    assert found is not None
    form = {
        "csrf_token": found[1],
        "login": "stranger",
        "name": "陌生人",
        "role": "viewer",
        "region": "630222",
    }
    made = client.raw.post("/sandbox/desk/people", data=form)
    assert "http://localhost/sandbox/desk/link/" in made.text
    assert logins(settings.database_url) == []


def test_the_sandbox_has_a_database_a_key_and_photos_of_its_own_and_sends_nothing(
    site: tuple[Flask, Settings],
) -> None:
    settings = site[1]
    inner = sandbox.of(replace(settings, smtp_url="smtp://127.0.0.1:25"))
    assert inner.database_url == settings.sandbox_database_url
    assert inner.secret_key != settings.secret_key
    assert inner.photos != settings.photos
    assert (inner.smtp_url, inner.oidc_issuer, inner.require_two_factor, inner.owner_database_url) == (
        None,
    ) * 4


@pytest.mark.parametrize("url", [None, "postgresql+psycopg://a@/b"])
def test_a_registry_is_never_its_own_sandbox(url: str | None) -> None:
    settings = Settings(
        secret_key="x" * 40, database_url="postgresql+psycopg://a@/b", sandbox_database_url=url
    )
    with pytest.raises(SettingsError, match="another database"):
        sandbox.of(settings)


# Copies ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def names(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str, str]]:
    """Names of source, seed and sandbox of this run in the test cluster."""
    found = tuple(f"yizhan_test_{os.getpid()}_{part}" for part in ("source", "seed", "sandbox"))
    for name, value in zip(("_SOURCE", "_SEED", "_DATABASE"), found, strict=True):
        monkeypatch.setattr(sandbox, name, value)
    monkeypatch.setattr(sandbox.Cluster, "locate", lambda root: cluster)
    yield found
    for name in found:
        cluster.drop_database(name)


@pytest.fixture
def demo(cluster: Cluster, template: str, names: tuple[str, str, str], tmp_path: Path) -> Settings:
    cluster.create_database(names[0], template=template)
    filled(cluster.url(names[0]), demonstration=True).dispose()
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"x")
    return Settings(
        secret_key="x" * 40, database_url=cluster.url(names[0]), registry=DEMO, clock=NOON, photos=photos
    )


def test_a_copy_takes_the_place_of_the_old_one_and_ends_its_sessions(
    cluster: Cluster, demo: Settings, names: tuple[str, str, str]
) -> None:
    source, _, name = names
    assert copies.copy(cluster, source, name, note="first")
    engine = create_engine(cluster.url(name, APP))
    with engine.connect() as held:
        assert copies.is_used(cluster, name)
        assert copies.copy(cluster, source, name, note="second")
        with pytest.raises(DBAPIError, match=r"terminating|closed"):
            held.execute(text("SELECT 1"))
    engine.dispose()
    assert copies.note_of(cluster, name) == "second"
    assert not copies.is_used(cluster, name)


def test_a_database_that_is_used_is_not_copied_and_the_old_copy_stays(
    cluster: Cluster, demo: Settings, names: tuple[str, str, str]
) -> None:
    source, _, name = names
    assert copies.copy(cluster, source, name, note="first")
    engine = create_engine(cluster.url(source, APP))
    with engine.connect():
        assert not copies.copy(cluster, source, name, note="second")
    engine.dispose()
    assert copies.note_of(cluster, name) == "first"


def test_the_sandbox_is_made_at_the_start_and_anew_the_next_day(cluster: Cluster, demo: Settings) -> None:
    ready = sandbox.prepare(demo)
    url = ready.sandbox_database_url
    assert url is not None
    assert sorted(logins(url)) == sorted(tryer.login for tryer in TRYERS)
    assert (sandbox.of(ready).photos / "a.jpg").read_bytes() == b"x"
    with opened(url) as session, acting(session, actor_id(session, OPERATOR), reason="mess"):
        accounts.add(session, "mess", name="x")
    assert not sandbox.keep_up(ready)
    assert "mess" in logins(url)
    # While the demonstration itself is served.
    engine = create_engine(demo.database_url or "")
    with engine.connect():
        assert sandbox.keep_up(replace(ready, clock=NOON + timedelta(days=1)))
    engine.dispose()
    assert "mess" not in logins(url)


def test_a_second_server_does_not_take_the_sandbox_from_under_those_who_try(
    cluster: Cluster, demo: Settings
) -> None:
    ready = sandbox.prepare(demo)
    engine = create_engine(ready.sandbox_database_url or "")
    with engine.connect() as held:
        assert sandbox.prepare(demo).sandbox_database_url == ready.sandbox_database_url
        assert held.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_a_registry_of_one_s_own_has_no_sandbox(demo: Settings) -> None:
    assert sandbox.prepare(replace(demo, registry="henan")).sandbox_database_url is None
    assert not sandbox.keep_up(replace(demo, registry="henan"))


def test_where_the_demonstration_is_in_use_and_was_never_copied_there_is_no_sandbox(demo: Settings) -> None:
    engine = create_engine(demo.database_url or "")
    with engine.connect():
        assert sandbox.prepare(demo).sandbox_database_url is None
    engine.dispose()


def test_two_staff_of_one_login_at_both_places_are_two(site: tuple[Flask, Settings]) -> None:
    app = site[0]
    member = staff_member(app.extensions["yizhan.engine"], "real-one", "viewer", "630222")
    assert signed_in(app, member).get("/desk/people").status_code == 403
