"""Logging in at the desk: who gets in, who does not, and that nobody outside learns anything from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pyotp
import pytest
from desk_fixtures import PASSWORD, SomeStaff, hash_quickly, signed_in, staff_member
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from conftest import fill_squares
from stations import accounts
from stations.accounts import failures, second, sessions
from stations.accounts.door import as_door
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.settings import Settings

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
NEW = "竹篮-orbit-third-bridge"


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
def settings(engine: Engine) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    return Settings(secret_key="x" * 40, database_url=url, clock=NOON)


@pytest.fixture(scope="module")
def app(engine: Engine, settings: Settings) -> Flask:
    return create_app(settings, engine=engine)


@pytest.fixture
def minhe(engine: Engine) -> Iterator[SomeStaff]:
    """An editor as nobody has touched one: in service, the password of the fixtures, no second factor, no failures."""
    member = staff_member(engine, "minhe", "editor", "630222")
    yield member
    with Session(engine) as session, session.begin():
        with acting(session, actor_id(session, OPERATOR), reason="after a test"):
            session.execute(text("UPDATE staff SET active = true"))
        with as_door(session):
            for table in ("log_in_failures", "staff_sessions", "recovery_codes", "staff_links"):
                session.execute(text(f"DELETE FROM {table}"))
            session.execute(
                text(
                    "UPDATE credentials SET totp_sealed = NULL, totp_since = NULL, totp_step = NULL, lang = NULL,"
                    " password_hash = (SELECT password_hash FROM credentials WHERE staff_id = :spare)"
                ),
                {"spare": staff_member(session, "spare", "viewer", "630222").id},
            )


@pytest.fixture
def client(app: Flask, minhe: SomeStaff) -> FlaskClient:
    return app.test_client()


def at(app: Flask, moment: datetime) -> Flask:
    """Return the same site at another moment."""
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    return create_app(replace(settings, clock=moment), engine=app.extensions["yizhan.engine"])


def token(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return found[1]


def knock(client: FlaskClient, login: str, password: str, **more: str) -> TestResponse:
    form = {"csrf_token": token(client.get("/desk/log-in")), "login": login, "password": password, **more}
    return client.post("/desk/log-in", data=form)


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("yizhan_desk", path="/desk")
    assert found is not None
    return found.value


# In and out -----------------------------------------------------------------------------------------------------------


def test_who_is_not_logged_in_is_led_to_the_log_in_and_back(client: FlaskClient) -> None:
    answer = client.get("/desk/me?x=1")
    assert answer.status_code == 302
    assert answer.location == "/desk/log-in?next=/desk/me?x%3D1"
    assert knock(client, "minhe", PASSWORD, next="/desk/me?x=1").location == "/desk/me?x=1"
    assert "minhe工会" in client.get("/desk/me").text


def test_a_login_is_read_as_it_is_typed_on_a_phone(client: FlaskClient) -> None:
    assert knock(client, " Minhe ", PASSWORD).status_code == 303


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/desk", "//evil.example/desk", "/\\evil.example", "/map", "desk", "javascript:alert(1)",
     "/desk\\..\\x", "/desk/\r\nSet-Cookie: x=1", "/deskx"],
)  # fmt: skip
def test_after_the_log_in_nobody_is_sent_elsewhere(client: FlaskClient, elsewhere: str) -> None:
    assert knock(client, "minhe", PASSWORD, next=elsewhere).location == "/desk"


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(client: FlaskClient) -> None:
    wrong, unknown = knock(client, "minhe", "wrong password"), knock(client, "nobody", "wrong password")
    system = knock(client, "door", "")
    assert wrong.status_code == unknown.status_code == system.status_code == 401

    def bare(answer: TestResponse) -> str:
        return re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.text)

    assert bare(wrong) == bare(unknown) == bare(system)


def test_too_many_wrong_passwords_must_wait_even_with_the_right_one(app: Flask, client: FlaskClient) -> None:
    for _ in range(failures.FREE[0]):
        assert knock(client, "minhe", "wrong password").status_code == 401
    refused = knock(client, "minhe", PASSWORD)
    assert refused.status_code == 429
    assert "请等 30 秒" in refused.text
    assert knock(at(app, NOON + timedelta(seconds=31)).test_client(), "minhe", PASSWORD).status_code == 303


def test_logging_in_gives_another_cookie_and_the_one_of_before_opens_nothing(
    app: Flask, client: FlaskClient
) -> None:
    client.get("/desk/log-in")
    planted = cookie(client)
    assert knock(client, "minhe", PASSWORD).status_code == 303
    assert cookie(client) != planted
    thief = app.test_client()
    thief.set_cookie("yizhan_desk", planted, path="/desk")
    assert thief.get("/desk/me").status_code == 302


def test_a_form_of_before_the_log_in_is_no_form_of_after_it(client: FlaskClient) -> None:
    before = token(client.get("/desk/log-in"))
    knock(client, "minhe", PASSWORD)
    assert client.post("/desk/log-out", data={"csrf_token": before}).status_code == 400


def test_logging_out_ends_the_session_itself_and_not_only_the_cookie(app: Flask, client: FlaskClient) -> None:
    knock(client, "minhe", PASSWORD)
    stolen = cookie(client)
    assert client.post("/desk/log-out", data={"csrf_token": token(client.get("/desk/me"))}).status_code == 303
    thief = app.test_client()
    thief.set_cookie("yizhan_desk", stolen, path="/desk")
    assert thief.get("/desk/me").status_code == 302


def test_a_cookie_that_was_tampered_with_opens_nothing(app: Flask, client: FlaskClient) -> None:
    knock(client, "minhe", PASSWORD)
    body, _, signature = cookie(client).partition(".")
    for forged in (f"{body}x.{signature}", f"{body}.", "x", ""):
        other = app.test_client()
        other.set_cookie("yizhan_desk", forged, path="/desk")
        assert other.get("/desk/me").status_code == 302


def test_a_session_ends_when_it_was_idle(app: Flask, minhe: SomeStaff) -> None:
    desk = signed_in(app, minhe)
    kept = cookie(desk.raw)
    for moment, status in (
        (NOON + sessions.IDLE - timedelta(minutes=1), 200),
        (NOON + 2 * sessions.IDLE, 302),
    ):
        later = at(app, moment).test_client()
        later.set_cookie("yizhan_desk", kept, path="/desk")
        assert later.get("/desk/me").status_code == status


def test_who_is_disabled_is_out_with_the_next_request(app: Flask, engine: Engine, minhe: SomeStaff) -> None:
    desk = signed_in(app, minhe)
    assert desk.get("/desk").status_code == 200
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="left"),
    ):
        accounts.disable(session, minhe.id)
    assert desk.get("/desk").status_code == 302
    assert knock(app.test_client(), "minhe", PASSWORD).status_code == 401


def test_a_role_that_is_taken_back_closes_its_pages_with_the_next_request(
    app: Flask, engine: Engine, minhe: SomeStaff
) -> None:
    chief = staff_member(engine, "short-chief", "administrator", "630200")
    desk = signed_in(app, chief)
    assert desk.get("/desk/people").status_code == 200
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="moved"),
    ):
        accounts.revoke(session, chief.id, "administrator", "630200")
    assert desk.get("/desk/people").status_code == 403
    assert "还没有授权" in desk.get("/desk/me").text


def test_what_is_sent_after_the_session_ended_is_told_so_and_not_led_away(
    app: Flask, minhe: SomeStaff
) -> None:
    desk = signed_in(app, minhe)
    held = desk.token()
    desk.post("/desk/log-out")
    lost = desk.raw.post("/desk/me/language", data={"lang": "en", "csrf_token": held})
    assert lost.status_code == 401
    by_script = desk.raw.post("/desk/me/language", headers={"Accept": "application/json"})
    assert (by_script.status_code, by_script.mimetype) == (401, "application/problem+json")


# The cookie -----------------------------------------------------------------------------------------------------------


def test_the_cookie_is_sent_to_the_desk_alone_and_kept_from_scripts(client: FlaskClient) -> None:
    said = knock(client, "minhe", PASSWORD).headers["Set-Cookie"]
    assert "; HttpOnly" in said
    assert "; Path=/desk" in said
    assert "; SameSite=Lax" in said
    assert "Secure" not in said


def test_where_readers_come_by_https_the_cookie_is_for_https(
    engine: Engine, settings: Settings, minhe: SomeStaff
) -> None:
    app = create_app(replace(settings, public_url="https://map.example.org"), engine=engine)
    assert "; Secure" in app.test_client().get("/desk/log-in").headers["Set-Cookie"]


@pytest.mark.parametrize(
    "address", ["/", "/map", "/about", "/api/v1/stations", "/healthz", "/static/favicon.svg", "/nowhere"]
)
def test_a_page_for_the_public_sets_no_cookie_and_is_the_same_for_staff(
    app: Flask, minhe: SomeStaff, address: str
) -> None:
    desk = signed_in(app, minhe)
    desk.raw.set_cookie("yizhan_desk", cookie(desk.raw), path="/")
    answer = desk.get(address)
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "minhe" not in answer.text


def test_what_the_desk_answers_is_kept_by_no_cache(app: Flask, minhe: SomeStaff) -> None:
    for address in ("/desk", "/desk/me", "/desk/nowhere"):
        assert signed_in(app, minhe).get(address).headers["Cache-Control"] == "no-store"


def test_the_desk_keeps_the_language_that_was_chosen(app: Flask, minhe: SomeStaff) -> None:
    desk = signed_in(app, minhe)
    assert "My account" in desk.get("/desk/me?lang=en").text
    assert "My account" in desk.get("/desk/me").text
    assert "我的账号" in desk.get("/desk/me?lang=zh").text
    assert desk.post("/desk/me/language", data={"lang": "en"}).status_code == 303
    fresh = app.test_client()
    knock(fresh, "minhe", PASSWORD)
    assert "My account" in fresh.get("/desk/me", headers={"Accept-Language": "zh"}).text
    assert desk.post("/desk/me/language", data={"lang": "xx"}).status_code == 400


# The second factor ----------------------------------------------------------------------------------------------------


@pytest.fixture
def phone(app: Flask, engine: Engine, minhe: SomeStaff) -> tuple[pyotp.TOTP, list[str]]:
    """Turn the second factor on an hour before noon; returns the authenticator and the recovery codes."""
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    key, then = settings.key_for("second factor"), NOON - timedelta(hours=1)
    with Session(engine) as session, session.begin():
        secret = second.begin(session, minhe.id, key=key)
        totp = pyotp.TOTP(secret)
        return totp, second.confirm(session, minhe.id, totp.at(then), key=key, now=then)


def give(client: FlaskClient, code: str) -> TestResponse:
    form = {"csrf_token": token(client.get("/desk/log-in/code")), "code": code, "next": "/desk/me"}
    return client.post("/desk/log-in/code", data=form)


def test_with_the_second_factor_a_password_alone_opens_nothing(
    client: FlaskClient, phone: tuple[pyotp.TOTP, list[str]]
) -> None:
    assert knock(client, "minhe", PASSWORD).location == "/desk/log-in/code"
    assert client.get("/desk/me").status_code == 302
    assert give(client, "000000" if phone[0].at(NOON) != "000000" else "111111").status_code == 401
    assert client.get("/desk/me").status_code == 302
    assert give(client, phone[0].at(NOON)).location == "/desk/me"
    assert "还有 10 个恢复码" in client.get("/desk/me").text


def test_a_recovery_code_opens_once(
    app: Flask, client: FlaskClient, phone: tuple[pyotp.TOTP, list[str]]
) -> None:
    knock(client, "minhe", PASSWORD)
    assert give(client, phone[1][0]).status_code == 303
    again = app.test_client()
    knock(again, "minhe", PASSWORD)
    assert give(again, phone[1][0]).status_code == 401


def test_codes_are_guessed_no_faster_than_passwords(
    app: Flask, client: FlaskClient, phone: tuple[pyotp.TOTP, list[str]]
) -> None:
    statuses = []
    for _ in range(failures.FREE[0]):
        statuses.append(knock(client, "minhe", PASSWORD).status_code)
        if statuses[-1] == 303:
            statuses.append(give(client, "123456").status_code)
    # A right password does not make the count begin anew: that needs the code too.
    assert 429 in statuses


def test_the_second_step_is_waited_for_five_minutes(
    app: Flask, client: FlaskClient, phone: tuple[pyotp.TOTP, list[str]]
) -> None:
    knock(client, "minhe", PASSWORD)
    late = at(app, NOON + timedelta(minutes=6)).test_client()
    late.set_cookie("yizhan_desk", cookie(client), path="/desk")
    assert late.get("/desk/log-in/code").location == "/desk/log-in"
    assert app.test_client().get("/desk/log-in/code").location == "/desk/log-in"


def test_the_second_factor_is_turned_on_with_a_first_code_and_off_again(app: Flask, minhe: SomeStaff) -> None:
    desk = signed_in(app, minhe)
    page = desk.get("/desk/me/second-factor").text
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r'class="code secret">([A-Z2-7 ]+)<', page)
    assert secret is not None
    assert desk.post("/desk/me/second-factor", data={"code": "abc"}).status_code == 400
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(NOON)
    shown = desk.post("/desk/me/second-factor", data={"code": code}).text
    assert len(re.findall(r"<li>[2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4}</li>", shown)) == second.CODES
    assert '两步验证</h2>\n  \n  <p><span class="tag is-good">' in desk.get("/desk/me").text
    assert desk.post("/desk/me/second-factor/off").status_code == 303
    assert "开启两步验证" in desk.get("/desk/me").text


def test_a_role_that_needs_a_second_factor_opens_nothing_without_one(
    engine: Engine, settings: Settings, minhe: SomeStaff
) -> None:
    app = create_app(replace(settings, require_two_factor="editor"), engine=engine)
    desk = signed_in(app, minhe)
    assert desk.get("/desk").location == "/desk/me/second-factor"
    assert desk.get("/desk/me/second-factor").status_code == 200
    assert desk.post("/desk/me/sessions/end").status_code == 403
    viewer = signed_in(app, staff_member(engine, "looker", "viewer", "630222"))
    assert viewer.get("/desk").status_code == 200


# One's own account ----------------------------------------------------------------------------------------------------


def change(desk: object, present: str, new: str, again: str | None = None) -> TestResponse:
    form = {"present": present, "password": new, "again": new if again is None else again}
    return desk.post("/desk/me/password", data=form)  # type: ignore[attr-defined,no-any-return]


def test_a_new_password_needs_the_present_one_and_ends_the_other_sessions(
    app: Flask, minhe: SomeStaff
) -> None:
    here, there = signed_in(app, minhe), signed_in(app, minhe)
    assert change(here, "wrong", NEW).status_code == 400
    assert "两次输入的密码不一样" in change(here, PASSWORD, NEW, NEW + "x").text
    assert "太容易猜" in change(here, PASSWORD, "minhe123456789").text
    assert there.get("/desk/me").status_code == 200
    assert change(here, PASSWORD, NEW).status_code == 303
    assert here.get("/desk/me").status_code == 200
    assert there.get("/desk/me").status_code == 302
    assert knock(app.test_client(), "minhe", PASSWORD).status_code == 401
    assert knock(app.test_client(), "minhe", NEW).status_code == 303


def test_a_stolen_session_cannot_try_passwords_for_long(app: Flask, minhe: SomeStaff) -> None:
    desk = signed_in(app, minhe)
    statuses = [change(desk, "guess", NEW).status_code for _ in range(failures.FREE[0] + 1)]
    assert statuses == [400] * failures.FREE[0] + [429]


def test_one_s_sessions_are_listed_and_ended(app: Flask, minhe: SomeStaff) -> None:
    here, there, third = (signed_in(app, minhe) for _ in range(3))
    numbers = re.findall(r'name="session" value="(\d+)"', here.get("/desk/me").text)
    assert len(numbers) == 2
    here.post("/desk/me/sessions/end", data={"session": numbers[0]})
    assert sorted(desk.get("/desk/me").status_code for desk in (here, there, third)) == [200, 200, 302]
    here.post("/desk/me/sessions/end")
    assert [desk.get("/desk/me").status_code for desk in (here, there, third)] == [200, 302, 302]


def test_nobody_ends_the_session_of_another(app: Flask, engine: Engine, minhe: SomeStaff) -> None:
    theirs = signed_in(app, minhe)
    with Session(engine) as session, as_door(session):
        number = session.execute(
            text("SELECT id FROM staff_sessions WHERE staff_id = :id"), {"id": minhe.id}
        ).scalar_one()
    other = signed_in(app, staff_member(engine, "other", "administrator", None))
    other.post("/desk/me/sessions/end", data={"session": str(number)})
    other.post("/desk/me/sessions/end", data={"session": "9" * 30})
    assert theirs.get("/desk/me").status_code == 200


def test_sensitive_things_ask_for_the_password_again_after_a_while(
    app: Flask, engine: Engine, minhe: SomeStaff
) -> None:
    desk = signed_in(app, minhe)
    late_app = at(app, NOON + sessions.CONFIRMED_FOR + timedelta(minutes=1))
    late = late_app.test_client()
    late.set_cookie("yizhan_desk", cookie(desk.raw), path="/desk")
    asked = late.get("/desk/me/second-factor")
    assert asked.location == "/desk/confirm?next=/desk/me/second-factor"
    form = {"csrf_token": token(late.get(asked.location)), "next": "/desk/me/second-factor"}
    assert late.post("/desk/confirm", data={**form, "password": "wrong"}).status_code == 401
    assert late.get("/desk/me/second-factor").status_code == 303
    assert (
        late.post("/desk/confirm", data={**form, "password": PASSWORD}).location == "/desk/me/second-factor"
    )
    assert late.get("/desk/me/second-factor").status_code == 200
