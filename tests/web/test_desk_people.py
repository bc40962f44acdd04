"""People at the desk: added with a one-time link, given roles, taken out; and passwords that come by mail."""

from __future__ import annotations

import queue
import re
import smtplib
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_string
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import PASSWORD, DeskClient, SomeStaff, hash_quickly, signed_in, staff_member
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from conftest import fill_squares
from stations import accounts
from stations.accounts import links, managing
from stations.models import Commit, Staff
from stations.registry.writing import OPERATOR, actor_id
from web import create_app
from web.desk import mail
from web.settings import Settings

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
NEW = "竹篮-orbit-third-bridge"
FORM = {"login": "lajia", "name": "马海梅", "role": "inspector", "region": "630222"}


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
    url = engine.url.render_as_string(hide_password=False)
    return create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)


@pytest.fixture(scope="module")
def boss(engine: Engine) -> SomeStaff:
    return staff_member(engine, "boss", "administrator", None)


@pytest.fixture
def chief(app: Flask, boss: SomeStaff) -> DeskClient:
    return signed_in(app, boss)


@pytest.fixture
def haidong(app: Flask, engine: Engine) -> DeskClient:
    return signed_in(app, staff_member(engine, "haidong", "administrator", "630200"))


def someone(engine: Engine, login: str, role: str = "viewer", region: str | None = "630222") -> int:
    return staff_member(engine, login, role, region).id


def grants(engine: Engine, staff_id: int) -> tuple[tuple[str, str | None], ...]:
    with Session(engine) as session:
        return accounts.person(session, staff_id).grants


def link_in(answer: TestResponse) -> str:
    found = re.search(r"one-time\">http://localhost(/desk/link/[\w-]+)<", answer.text)
    assert found is not None, answer.text
    return found[1]


def token(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found is not None
    return found[1]


def choose(client: FlaskClient, link: str, password: str, again: str | None = None) -> TestResponse:
    form = {"csrf_token": token(client.get("/desk/log-in")), "password": password, "again": again or password}
    return client.post(link, data=form)


def log_in(client: FlaskClient, login: str, password: str) -> int:
    form = {"csrf_token": token(client.get("/desk/log-in")), "login": login, "password": password}
    return client.post("/desk/log-in", data=form).status_code


# From nothing to logged in --------------------------------------------------------------------------------------------


def test_somebody_is_added_sets_a_password_with_the_link_and_is_in(
    app: Flask, engine: Engine, chief: DeskClient
) -> None:
    shown = chief.post("/desk/people", data=FORM)
    assert shown.status_code == 200
    link, theirs = link_in(shown), app.test_client()
    assert "lajia" in theirs.get(link).text
    assert "至少 10 个字符" in choose(theirs, link, "short").text
    assert "太容易猜" in choose(theirs, link, "lajia123456").text
    assert "两次输入的密码不一样" in choose(theirs, link, NEW, NEW + "x").text
    # Three wrong attempts have not used the link up.
    assert choose(theirs, link, NEW).status_code == 303
    assert choose(theirs, link, NEW).status_code == 404
    assert theirs.get(link).status_code == 404
    assert log_in(theirs, "lajia", NEW) == 303
    assert "民和回族土族自治县" in theirs.get("/desk").text
    assert theirs.get("/desk/people").status_code == 403
    with Session(engine) as session:
        added = session.get_one(
            Commit, session.get_one(Staff, accounts.by_login(session, "lajia").id).added_in
        )
        assert added.actor_id == accounts.by_login(session, "boss").id


def test_opening_a_link_uses_nothing_up(app: Flask, engine: Engine, chief: DeskClient) -> None:
    link = link_in(chief.post(f"/desk/people/{someone(engine, 'previewed')}/link"))
    assert [app.test_client().get(link).status_code for _ in range(3)] == [200, 200, 200]


def test_a_link_is_good_for_two_days(engine: Engine, app: Flask, chief: DeskClient) -> None:
    link = link_in(chief.post(f"/desk/people/{someone(engine, 'slow')}/link"))
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    for after, status in ((links.GOOD_FOR - timedelta(minutes=1), 200), (links.GOOD_FOR, 404)):
        late = create_app(replace(settings, clock=NOON + after), engine=engine).test_client()
        assert late.get(link).status_code == status


@pytest.mark.parametrize(
    ("field", "value", "words", "status"),
    [
        ("login", "王秀英", "登录名用 2 到 40 个", 400),
        ("login", "boss", "已经有人用了", 409),
        ("name", " ", "姓名写 1 到 60 个字", 400),
        ("role", "god", "没有这种角色", 400),
        ("region", "999999", "登记里没有这个区域", 400),
        ("region", "", "登记里没有这个区域", 400),
        ("email", "no address", "邮箱地址写一个", 400),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nobody_is_half_added(
    engine: Engine, chief: DeskClient, *, field: str, value: str, words: str, status: int
) -> None:
    answer = chief.post("/desk/people", data={**FORM, "login": "halfway", field: value})
    assert answer.status_code == status
    assert words in answer.text
    assert 'value="马海梅"' in answer.text or field == "name"
    with Session(engine) as session:
        assert "halfway" not in {person.login for person in accounts.people(session)}


def test_a_name_with_markup_is_shown_as_letters(chief: DeskClient, engine: Engine) -> None:
    chief.post("/desk/people", data={**FORM, "login": "marked", "name": "<img src=x>"})
    assert "<img" not in chief.get("/desk/people").text
    assert "&lt;img src=x&gt;" in chief.get("/desk/people").text


# Changing -------------------------------------------------------------------------------------------------------------


def test_a_role_is_granted_and_taken_back(engine: Engine, chief: DeskClient) -> None:
    editor = someone(engine, "granted")
    chief.post(f"/desk/people/{editor}/grant", data={"role": "editor", "region": "630200"})
    assert grants(engine, editor) == (("viewer", "630222"), ("editor", "630200"))
    chief.post(f"/desk/people/{editor}/grant", data={"role": "planner", "region": "all"})
    chief.post(f"/desk/people/{editor}/revoke", data={"role": "viewer", "region": "630222"})
    assert grants(engine, editor) == (("editor", "630200"), ("planner", None))
    assert "海东市" in chief.get(f"/desk/people/{editor}").text


def test_who_is_disabled_and_enabled_keeps_the_roles(app: Flask, engine: Engine, chief: DeskClient) -> None:
    member = staff_member(engine, "resting", "editor", "630222")
    theirs = signed_in(app, member)
    chief.post(f"/desk/people/{member.id}/disable")
    assert theirs.get("/desk").status_code == 302
    assert "已停用" in chief.get("/desk/people").text
    chief.post(f"/desk/people/{member.id}/enable")
    assert log_in(app.test_client(), "resting", PASSWORD) == 303


def test_an_account_that_is_locked_is_let_try_again(app: Flask, engine: Engine, chief: DeskClient) -> None:
    member, client = someone(engine, "clumsy"), app.test_client()
    while log_in(client, "clumsy", "wrong") != 429:
        pass
    assert log_in(client, "clumsy", PASSWORD) == 429
    chief.post(f"/desk/people/{member}/unlock")
    assert log_in(client, "clumsy", PASSWORD) == 303


def test_the_last_administrator_of_all_is_told_so(engine: Engine, chief: DeskClient, boss: SomeStaff) -> None:
    answer = chief.post(f"/desk/people/{boss.id}/disable", follow_redirects=True)
    assert "最后一位" in answer.text
    assert grants(engine, boss.id) == (("administrator", None),)


@pytest.mark.parametrize(
    "act", ["grant", "revoke", "rename", "disable", "enable", "link", "second-factor", "sessions", "unlock"]
)
def test_an_administrator_of_a_prefecture_does_nothing_to_people_elsewhere(
    engine: Engine, haidong: DeskClient, act: str
) -> None:
    xining, mighty = someone(engine, "xining", "editor", "630102"), someone(engine, "both", "editor", None)
    form = {"role": "viewer", "region": "630222", "name": "x"}
    for staff_id in (xining, mighty):
        assert haidong.post(f"/desk/people/{staff_id}/{act}", data=form).status_code == 403
        assert haidong.get(f"/desk/people/{staff_id}").status_code == 403
    page = haidong.get("/desk/people").text
    assert ">xining<" not in page
    assert 'value="630102"' not in page
    assert 'value="630222"' in page
    assert 'value="all"' not in page


def test_who_is_not_there_is_not_found(chief: DeskClient, engine: Engine) -> None:
    with Session(engine) as session:
        door = actor_id(session, "door")
    for address in ("/desk/people/999999", f"/desk/people/{door}"):
        assert chief.get(address).status_code == 404
        assert chief.post(f"{address}/link").status_code == 404
    assert chief.post(f"/desk/people/{someone(engine, 'there')}/explode").status_code == 404


# By mail --------------------------------------------------------------------------------------------------------------


class _Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs; letters end in the server's list."""

    def handle(self) -> None:
        self.say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                self.say("354 go on")
                letter = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    letter += part
                self.server.letters.put(letter.decode())  # type: ignore[attr-defined]
            if word == "QUIT":
                self.say("221 bye")
                return
            self.say("250 ok")

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@contextmanager
def mailbox() -> Iterator[tuple[str, object]]:

    with socketserver.TCPServer(("127.0.0.1", 0), _Mailbox) as server:
        server.letters = queue.Queue()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}", server.letters  # type: ignore[attr-defined]
        server.shutdown()


def ask(client: FlaskClient, login: str) -> TestResponse:
    return client.post(
        "/desk/forgotten", data={"csrf_token": token(client.get("/desk/forgotten")), "login": login}
    )


def test_a_link_comes_by_mail_to_the_address_of_the_account_alone(app: Flask, engine: Engine) -> None:
    member = someone(engine, "mailed")
    with Session(engine) as session, session.begin():
        managing.set_email(session, member, "mailed@example.org", actor=actor_id(session, OPERATOR))
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    with mailbox() as (server, letters):
        site = create_app(
            replace(settings, smtp_url=server, public_url="http://map.example.org"), engine=engine
        )
        client = site.test_client()
        known, unknown = ask(client, "mailed"), ask(client, "nobody")
        assert (
            (known.status_code, known.location)
            == (unknown.status_code, unknown.location)
            == (303, "/desk/log-in")
        )
        letter = message_from_string(letters.get(timeout=20), policy=default)  # type: ignore[attr-defined]
        assert letter["To"] == "mailed@example.org"
        assert letter["From"] == "yizhan@map.example.org"
        found = re.search(r"http://map\.example\.org(/desk/link/[\w-]+)", letter.get_content())
        assert found is not None
        assert choose(client, found[1], NEW).status_code == 303
        assert log_in(client, "mailed", NEW) == 303
        assert letters.empty()  # type: ignore[attr-defined]


def test_the_link_in_a_mail_leads_to_the_site_and_not_to_the_host_of_who_asked(
    app: Flask, engine: Engine
) -> None:
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    assert not mail.can_send(replace(settings, smtp_url="smtp://127.0.0.1:25"))
    page = app.test_client().get("/desk/forgotten", headers={"Host": "evil.example"}).text
    assert "请向管理员要一个一次性链接" in page
    assert '<form method="post" class="stack">' not in page


def test_a_password_is_not_sent_to_a_mail_server_in_clear(app: Flask) -> None:
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    with mailbox() as (server, letters):
        port = server.rpartition(":")[2]
        far = replace(settings, smtp_url=f"smtp://u:p@127.0.0.1:{port}", public_url="http://map.example.org")
        with pytest.raises(smtplib.SMTPException, match="STARTTLS"):
            mail.send(far, "x@example.org", "x", "x")
        assert letters.empty()  # type: ignore[attr-defined]


def test_the_history_of_a_change_names_the_administrator_and_the_reason(
    engine: Engine, chief: DeskClient, boss: SomeStaff
) -> None:
    staff_id = someone(engine, "storied")
    chief.post(f"/desk/people/{staff_id}/rename", data={"name": "新名字", "email": ""})
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT c.actor_id, c.reason, h.held FROM history h JOIN commits c ON c.id = h.commit_id"
                " WHERE h.table_name = 'staff' AND (h.row_key ->> 'id')::bigint = :id"
            ),
            {"id": staff_id},
        ).one()
    assert row[0] == boss.id
    assert row[1] == "rename account"
    assert row[2] == {"display_name": ["storied工会", "新名字"]}
