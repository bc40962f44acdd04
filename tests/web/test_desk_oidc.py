"""Logging in with an account elsewhere: a subject stands for who linked it, and for nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from desk_fixtures import DeskClient, SomeStaff, hash_quickly, signed_in, staff_member
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from oidc_issuer import Issuer, issuing
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from conftest import fill_squares
from stations import accounts
from stations.accounts import elsewhere, sessions
from stations.registry.writing import OPERATOR, actor_id
from web import create_app
from web.settings import Settings, SettingsError

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


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


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture
def app(engine: Engine, issuer: Issuer) -> Flask:
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(
        secret_key="x" * 40, database_url=url, clock=NOON, oidc_issuer=issuer.address, oidc_client_id="yizhan",
        oidc_client_secret="s" * 8,
    )  # fmt: skip
    return create_app(settings, engine=engine)


@pytest.fixture
def minhe(engine: Engine) -> SomeStaff:
    return staff_member(engine, "minhe", "editor", "630222")


def through(client: FlaskClient, address: str) -> TestResponse:
    """Go to the issuer and back, as a browser does."""
    there = client.get(address)
    assert there.status_code == 302, there.text
    back = requests.get(there.location, allow_redirects=False, timeout=10).headers["Location"]
    return client.get(back.replace("http://localhost", ""))


def link(desk: DeskClient) -> TestResponse:
    desk.post("/desk/me/oidc/unlink")
    found = re.search(r'href="(/desk/oidc/link\?csrf_token=[^"]+)"', desk.get("/desk/me").text)
    assert found is not None
    return through(desk.raw, found[1])


def test_a_linked_account_logs_in_and_one_that_nobody_linked_does_not(
    app: Flask, issuer: Issuer, minhe: SomeStaff
) -> None:
    issuer.subject = "wang-1"
    refused = through(app.test_client(), "/desk/oidc/log-in")
    assert refused.status_code == 403
    assert "没有连接工作台账号" in refused.text
    assert link(signed_in(app, minhe)).location == "/desk/me"
    client = app.test_client()
    assert through(client, "/desk/oidc/log-in?next=/desk/me").location == "/desk/me"
    assert "minhe工会" in client.get("/desk/me").text
    issuer.subject = "somebody-else"
    assert through(app.test_client(), "/desk/oidc/log-in").status_code == 403


def test_the_issuer_is_asked_with_state_nonce_and_proof_key(app: Flask, issuer: Issuer) -> None:
    through(app.test_client(), "/desk/oidc/log-in")
    assert {"state", "nonce", "code_challenge"} <= set(issuer.asked)
    assert issuer.asked["code_challenge_method"] == "S256"
    assert issuer.asked["redirect_uri"] == "http://localhost/desk/oidc/back"
    assert set(issuer.asked["scope"].split()) == {"openid", "profile"}


def test_an_answer_that_this_browser_did_not_ask_for_opens_nothing(
    app: Flask, issuer: Issuer, minhe: SomeStaff
) -> None:
    issuer.subject = "planted"
    link(signed_in(app, minhe))
    thief, victim = app.test_client(), app.test_client()
    back = requests.get(thief.get("/desk/oidc/log-in").location, allow_redirects=False, timeout=10).headers[
        "Location"
    ]
    back = back.replace("http://localhost", "")
    assert victim.get(back).location == "/desk/log-in"
    victim.get("/desk/oidc/log-in")
    assert victim.get(back).location == "/desk/log-in"
    assert victim.get("/desk/me").status_code == 302


@pytest.mark.parametrize(
    "wrong", [{"aud": "another client"}, {"nonce": "another"}, {"iss": "https://evil.example"}, {"exp": 1}]
)
def test_a_token_that_says_something_wrong_opens_nothing(
    app: Flask, issuer: Issuer, minhe: SomeStaff, wrong: dict[str, object]
) -> None:
    issuer.subject = "honest"
    link(signed_in(app, minhe))
    issuer.claims = wrong
    client = app.test_client()
    answer = through(client, "/desk/oidc/log-in")
    assert answer.location == "/desk/log-in"
    assert "没有完成" in client.get("/desk/log-in").text
    assert client.get("/desk/me").status_code == 302


def test_a_token_that_somebody_else_signed_opens_nothing(
    app: Flask, issuer: Issuer, minhe: SomeStaff
) -> None:
    issuer.subject = "forged"
    link(signed_in(app, minhe))
    issuer.forger = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
    client = app.test_client()
    assert through(client, "/desk/oidc/log-in").location == "/desk/log-in"
    assert client.get("/desk/me").status_code == 302


def test_an_issuer_that_does_not_answer_is_told_and_the_password_still_works(
    engine: Engine, app: Flask
) -> None:
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    silent = create_app(replace(settings, oidc_issuer="http://127.0.0.1:9"), engine=engine).test_client()
    assert silent.get("/desk/oidc/log-in").location == "/desk/log-in"
    assert "或用密码登录" in silent.get("/desk/log-in").text


def test_nobody_is_added_but_where_the_operator_says_so_and_then_without_a_role(
    app: Flask, engine: Engine, issuer: Issuer
) -> None:
    issuer.subject, issuer.claims = "new-1", {"preferred_username": "Li.Cheng", "name": "李成"}
    assert through(app.test_client(), "/desk/oidc/log-in").status_code == 403
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    welcoming = create_app(replace(settings, oidc_newcomers="yes"), engine=engine)
    client = welcoming.test_client()
    assert through(client, "/desk/oidc/log-in").location == "/desk"
    assert "还没有授权" in client.get("/desk/me").text
    assert client.get("/desk/people").status_code == 403
    with Session(engine) as session:
        added = accounts.person(session, accounts.by_login(session, "li.cheng").id)
    assert (added.display_name, added.grants) == ("李成", ())
    # The same name of another subject takes nobody's account.
    issuer.subject = "new-2"
    other = welcoming.test_client()
    through(other, "/desk/oidc/log-in")
    assert "oidc-" in other.get("/desk/me").text


def test_who_is_disabled_is_not_let_in_by_the_issuer(app: Flask, engine: Engine, issuer: Issuer) -> None:
    issuer.subject = "leaver-1"
    leaver = staff_member(engine, "leaver", "editor", "630222")
    link(signed_in(app, leaver))
    chief = signed_in(app, staff_member(engine, "chief", "administrator", None))
    chief.post(f"/desk/people/{leaver.id}/disable")
    assert through(app.test_client(), "/desk/oidc/log-in").status_code == 403


def test_linking_needs_the_token_of_a_page_of_ours(app: Flask, minhe: SomeStaff) -> None:
    desk = signed_in(app, minhe)
    assert desk.get("/desk/oidc/link").status_code == 400
    assert desk.get("/desk/oidc/link?csrf_token=x").status_code == 400
    assert app.test_client().get("/desk/oidc/link?csrf_token=x").location.startswith("/desk/log-in")


def test_a_subject_stands_for_one_member_of_staff(
    app: Flask, engine: Engine, issuer: Issuer, minhe: SomeStaff
) -> None:
    issuer.subject = "shared"
    link(signed_in(app, minhe))
    other = signed_in(app, staff_member(engine, "other", "viewer", "630222"))
    link(other)
    assert "已经连接了另一个账号" in other.get("/desk/me").text
    with Session(engine) as session:
        held = elsewhere.known_as(session, issuer.address, "shared")
    assert held is not None
    assert held.staff_id == minhe.id


def test_the_issuer_can_vouch_again_before_something_sensitive(
    app: Flask, engine: Engine, issuer: Issuer, minhe: SomeStaff
) -> None:
    issuer.subject = "confirming"
    desk = signed_in(app, minhe)
    link(desk)
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    late_app = create_app(
        replace(settings, clock=NOON + sessions.CONFIRMED_FOR + timedelta(minutes=1)), engine=engine
    )
    late = late_app.test_client()
    kept = desk.raw.get_cookie("yizhan_desk", path="/desk")
    assert kept is not None
    late.set_cookie("yizhan_desk", kept.value, path="/desk")
    assert "/desk/confirm" in late.get("/desk/me/second-factor").location
    there = late.get("/desk/oidc/confirm?next=/desk/me/second-factor").location
    assert parse_qs(urlsplit(there).query)["max_age"] == ["0"]
    assert (
        through(late, "/desk/oidc/confirm?next=/desk/me/second-factor").location == "/desk/me/second-factor"
    )
    assert late.get("/desk/me/second-factor").status_code == 200


def test_who_has_a_password_can_part_the_accounts_again(app: Flask, issuer: Issuer, minhe: SomeStaff) -> None:
    issuer.subject = "parting"
    desk = signed_in(app, minhe)
    link(desk)
    assert desk.post("/desk/me/oidc/unlink").status_code == 303
    assert through(app.test_client(), "/desk/oidc/log-in").status_code == 403


@pytest.mark.parametrize(
    "address", ["http://login.example.org", "login.example.org", "https://u:p@x.example", "ftp://x"]
)
def test_an_issuer_is_asked_over_https_alone(address: str) -> None:
    with pytest.raises(SettingsError, match="YIZHAN_OIDC_ISSUER"):
        Settings.read({"YIZHAN_OIDC_ISSUER": address})
