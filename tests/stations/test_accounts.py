"""Staff: what roles reach, who may manage whom, and that nothing one logs in with is ever in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations import accounts
from stations.accounts import entering, events, links, managing, passwords, second, sessions, sweeping
from stations.accounts.door import as_door
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.models import Change, Credential, Grant, StaffSession
from stations.registry.writing import OPERATOR, acting, actor_id

NOW = datetime(2026, 1, 15, 4, 0, tzinfo=UTC)
KEY = b"k" * 32
SECRET = "丁香-gravel-0417-lamp"  # noqa: S105 - of tests alone
TABLES = (
    "credentials",
    "recovery_codes",
    "staff_sessions",
    "staff_links",
    "log_in_failures",
    "account_events",
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash quickly: how slow it must be is said in ``test_passwords``."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    monkeypatch.setattr(passwords, "_of_nobody", lambda: hasher.hash(""))


def made(
    session: Session,
    login: str,
    role: str | None = "editor",
    region: str | None = "630222",
    *,
    by: int | None = None,
) -> int:
    with acting(session, by or actor_id(session, OPERATOR), reason="staff"):
        staff = accounts.add(session, login, name="王秀英")
        if role is not None:
            accounts.grant(session, staff.id, role, region)
    after_commit(session)
    return staff.id


def after_commit(session: Session) -> None:
    # The next writer begins a commit of its own, as in another transaction.
    session.execute(text("SELECT set_config('yz.commit', '', true), set_config('yz.actor', '', true)"))


# What roles reach -----------------------------------------------------------------------------------------------------


def test_a_role_in_a_prefecture_reaches_its_counties_and_no_others(qinghai: Session) -> None:
    haidong = made(qinghai, "haidong", "editor", "630200")
    reach = {
        code: accounts.may(qinghai, haidong, "editor", code)
        for code in ("630200", "630202", "630222", "630102", "630000")
    }
    assert reach == {"630200": True, "630202": True, "630222": True, "630102": False, "630000": False}


def test_a_role_reaches_only_what_asks_for_it_and_an_administrator_everything(qinghai: Session) -> None:
    viewer, chief = made(qinghai, "viewer", "viewer"), made(qinghai, "chief", "administrator")
    assert accounts.may(qinghai, viewer, ("viewer", "editor"), "630222")
    assert not accounts.may(qinghai, viewer, ("editor", "inspector"), "630222")
    assert accounts.may(qinghai, chief, "planner", "630222")
    assert not accounts.may(qinghai, chief, "planner", "630202")


def test_what_belongs_to_no_region_is_reached_by_a_role_everywhere_alone(qinghai: Session) -> None:
    county, everywhere = made(qinghai, "county"), made(qinghai, "everywhere", "editor", None)
    assert not accounts.may(qinghai, county, "editor", None)
    assert accounts.may(qinghai, everywhere, "editor", None)
    assert accounts.may(qinghai, everywhere, "editor", "630102")


def test_who_is_out_of_service_may_nothing(qinghai: Session, operator: int) -> None:
    editor = made(qinghai, "editor")
    with acting(qinghai, operator, reason="left"):
        accounts.disable(qinghai, editor)
    assert not accounts.may(qinghai, editor, "editor", "630222")


def test_an_unknown_role_is_an_error_and_not_a_no(qinghai: Session) -> None:
    with pytest.raises(Invalid, match="'boss'"):
        accounts.may(qinghai, 1, "boss", "630222")


# Adding and granting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["", "a", "王秀英", "1abc", "a b", "a" * 41, "a/../b", "ab\x00", "-ab"])
def test_a_login_that_could_be_mistaken_is_refused(qinghai: Session, operator: int, login: str) -> None:
    with pytest.raises(Invalid, match="login"), acting(qinghai, operator, reason="x"):
        accounts.add(qinghai, login, name="王")


def test_a_login_is_one_however_it_is_spelled_and_given_once(qinghai: Session) -> None:
    made(qinghai, "Minhe.Wang")
    assert accounts.by_login(qinghai, " MINHE.wang ").login == "minhe.wang"
    with pytest.raises(Conflict, match=r"minhe\.wang"):
        made(qinghai, "minhe.WANG")


@pytest.mark.parametrize("name", ["", "  ", "王" * 61, "王\x1b[31m"])
def test_a_name_is_one_line_of_letters(qinghai: Session, operator: int, name: str) -> None:
    with pytest.raises(Invalid, match="name"), acting(qinghai, operator, reason="x"):
        accounts.add(qinghai, "wang", name=name)


def test_granting_twice_changes_nothing_and_an_unknown_region_is_refused(
    qinghai: Session, operator: int
) -> None:
    editor = made(qinghai, "editor")
    with acting(qinghai, operator, reason="again"):
        assert not accounts.grant(qinghai, editor, "editor", "630222")
        with pytest.raises(Invalid, match="999999"):
            accounts.grant(qinghai, editor, "editor", "999999")
    assert accounts.person(qinghai, editor).grants == (("editor", "630222"),)


def test_the_actors_of_the_system_are_no_members_of_staff(qinghai: Session, operator: int) -> None:
    assert accounts.people(qinghai) == []
    with pytest.raises(NotFound), acting(qinghai, operator, reason="x"):
        accounts.grant(qinghai, operator, "editor", None)
    with pytest.raises(NotFound):
        accounts.by_login(qinghai, "door")
    with pytest.raises(NotFound):
        entering.set_password(qinghai, operator, SECRET, now=NOW)


def test_the_last_administrator_of_all_stays(qinghai: Session, operator: int) -> None:
    first = made(qinghai, "first", "administrator", None)
    with pytest.raises(Conflict, match="last"), acting(qinghai, operator, reason="x"):
        accounts.disable(qinghai, first)
    with pytest.raises(Conflict, match="last"), acting(qinghai, operator, reason="x"):
        accounts.revoke(qinghai, first, "administrator", None)
    after_commit(qinghai)
    made(qinghai, "second", "administrator", None)
    with acting(qinghai, operator, reason="there is another"):
        accounts.revoke(qinghai, first, "administrator", None)
    assert accounts.person(qinghai, first).grants == ()


def test_two_administrators_who_disable_each_other_at_once_leave_one(new_database: Callable[[], str]) -> None:
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
        pair = [made(session, login, "administrator", None) for login in ("first", "second")]

    def disable(actor: int, other: int) -> bool:
        try:
            with Session(engine) as session, session.begin(), acting(session, actor, reason="coup"):
                accounts.disable(session, other)
        except (Conflict, NotAllowed):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(disable, pair, reversed(pair)))
    assert sorted(done) == [False, True]
    with Session(engine) as session:
        assert sum(person.active for person in accounts.people(session)) == 1
    engine.dispose()


# Administrators of a region -------------------------------------------------------------------------------------------


def test_an_administrator_of_a_prefecture_lets_people_into_it_and_nowhere_else(qinghai: Session) -> None:
    chief = made(qinghai, "haidong", "administrator", "630200")
    editor = made(qinghai, "minhe", "editor", "630222", by=chief)
    assert accounts.may(qinghai, editor, "editor", "630222")
    for region in ("630102", "630000", None):
        with pytest.raises(NotAllowed), acting(qinghai, chief, reason="farther"), qinghai.begin_nested():
            accounts.grant(qinghai, editor, "editor", region)


def test_an_administrator_of_a_prefecture_manages_nobody_who_also_holds_a_role_elsewhere(
    qinghai: Session, operator: int
) -> None:
    chief, mighty = (
        made(qinghai, "haidong", "administrator", "630200"),
        made(qinghai, "mighty", "viewer", "630222"),
    )
    assert mighty in managing.manageable(qinghai, chief)
    with acting(qinghai, operator, reason="more"):
        accounts.grant(qinghai, mighty, "editor", None)
    after_commit(qinghai)
    assert mighty not in managing.manageable(qinghai, chief)
    for act in (
        lambda: managing.make_link(qinghai, mighty, actor=chief, now=NOW),
        lambda: managing.remove_second_factor(qinghai, mighty, actor=chief, now=NOW),
        lambda: managing.end_sessions(qinghai, mighty, actor=chief, now=NOW),
        lambda: managing.set_email(qinghai, mighty, "chief@example.org", actor=chief),
    ):
        with pytest.raises(NotAllowed, match="outside your regions"):
            act()
    for change in (
        accounts.disable,
        lambda s, i: accounts.rename(s, i, "x"),
        lambda s, i: accounts.revoke(s, i, "viewer", "630222"),
    ):
        with pytest.raises(NotAllowed, match="outside your regions"), acting(qinghai, chief, reason="up"):
            change(qinghai, mighty)
    with acting(qinghai, chief, reason="raw"):
        changed = qinghai.execute(text("UPDATE staff SET active = false WHERE id = :id"), {"id": mighty})
        removed = qinghai.execute(text("DELETE FROM staff_grants WHERE staff_id = :id"), {"id": mighty})
    assert (changed.rowcount, removed.rowcount) == (0, 0)  # type: ignore[attr-defined]


def test_an_editor_manages_nobody(qinghai: Session) -> None:
    editor, other = made(qinghai, "editor"), made(qinghai, "other", "viewer")
    assert managing.manageable(qinghai, editor) == frozenset()
    with pytest.raises(NotAllowed), acting(qinghai, editor, reason="up"), qinghai.begin_nested():
        accounts.add(qinghai, "friend", name="友")
    with pytest.raises(NotAllowed):
        managing.make_link(qinghai, other, actor=editor, now=NOW)


# What stays out of the ledger -----------------------------------------------------------------------------------------


def everything(session: Session) -> int:
    """Let one account go through all that leaves a secret."""
    someone = made(session, "wang")
    entering.set_password(session, someone, SECRET, now=NOW)
    entering.set_password(session, someone, SECRET + "2", now=NOW)
    second.begin(session, someone, key=KEY)
    token = links.make(session, someone, now=NOW, by=None)
    sessions.open_session(session, someone, now=NOW, device="Test")
    assert links.holder(session, token, now=NOW) is not None
    managing.set_email(session, someone, "wang@example.org", actor=actor_id(session, OPERATOR))
    return someone


def test_nothing_one_logs_in_with_is_kept_in_the_history(qinghai: Session, operator: int) -> None:
    someone = everything(qinghai)
    with acting(qinghai, operator, reason="renamed"):
        accounts.rename(qinghai, someone, "王秀兰")
        accounts.revoke(qinghai, someone, "editor", "630222")
    kept = [str(change) for change in qinghai.scalars(select(Change.held))]
    assert any("王秀英" in text_ for text_ in kept)
    with as_door(qinghai):
        credential = qinghai.get_one(Credential, someone)
        secrets = [credential.password_hash, credential.email, "password", "totp", "token"]
    assert [secret for secret in secrets if any(str(secret) in held for held in kept)] == []
    assert qinghai.scalars(select(Change.table_name).where(Change.table_name.in_(TABLES))).all() == []


def test_the_tables_of_the_ledger_have_no_column_for_what_one_logs_in_with(session: Session) -> None:
    columns = session.scalars(
        text(
            "SELECT column_name FROM information_schema.columns WHERE table_name IN ('staff', 'staff_grants')"
        )
    ).all()
    assert {"login", "display_name"} <= set(columns)
    assert [
        name for name in columns if any(word in name for word in ("password", "email", "totp", "token"))
    ] == []


def test_no_secret_stands_in_the_tables_as_it_is(qinghai: Session) -> None:
    someone = made(qinghai, "wang")
    entering.set_password(qinghai, someone, SECRET, now=NOW)
    secret = second.begin(qinghai, someone, key=KEY)
    tokens = [
        links.make(qinghai, someone, now=NOW, by=None),
        sessions.open_session(qinghai, someone, now=NOW, device="x"),
    ]
    with as_door(qinghai):
        stored = " ".join(
            str(row)
            for table in TABLES
            for row in qinghai.execute(text(f"SELECT row_to_json(t)::text FROM {table} t")).scalars()
        )
    assert [
        word for word in (SECRET, secret, *tokens) if word in stored or word.encode().hex() in stored
    ] == []


@pytest.mark.parametrize("table", TABLES)
def test_raw_sql_reads_and_writes_nothing_one_logs_in_with_but_as_the_door(
    qinghai: Session, table: str
) -> None:
    someone = everything(qinghai)
    chief = made(qinghai, "chief", "administrator", None)
    with as_door(qinghai):
        before = qinghai.scalar(text(f"SELECT count(*) FROM {table}"))
    for actor in ("", str(someone), str(chief), str(actor_id(qinghai, OPERATOR))):
        qinghai.execute(
            text("SELECT set_config('yz.actor', :a, true), set_config('yz.reason', 'raw', true)"),
            {"a": actor},
        )
        assert qinghai.execute(text(f"SELECT * FROM {table}")).all() == []
        if table not in {"credentials"}:
            assert qinghai.execute(text(f"DELETE FROM {table}")).rowcount == 0  # type: ignore[attr-defined]
    with pytest.raises(DBAPIError, match="row-level security"), qinghai.begin_nested():
        qinghai.execute(
            text(
                "INSERT INTO staff_sessions (staff_id, token_hash, device, opened_at, seen_at, confirmed_at, until)"
                " VALUES (:id, '\\x00', 'x', now(), now(), now(), now())"
            ),
            {"id": chief},
        )
    with as_door(qinghai):
        assert qinghai.scalar(text(f"SELECT count(*) FROM {table}")) == before


def test_the_door_writes_nothing_of_the_registry(qinghai: Session, operator: int) -> None:
    someone = made(qinghai, "wang")
    door = actor_id(qinghai, "door")
    with pytest.raises(NotAllowed), acting(qinghai, door, reason="up"), qinghai.begin_nested():
        qinghai.add(Grant(staff_id=someone, role="administrator", region_code=None))
        qinghai.flush()


def test_after_the_door_one_is_again_who_one_was(qinghai: Session, operator: int) -> None:
    with acting(qinghai, operator, reason="mixed"):
        someone = accounts.add(qinghai, "wang", name="王")
        entering.set_password(qinghai, someone.id, SECRET, now=NOW)
        accounts.grant(qinghai, someone.id, "viewer", "630222")
    with pytest.raises(ValueError, match="inside"), as_door(qinghai):
        raise ValueError("inside")
    assert qinghai.scalar(text("SELECT current_setting('yz.actor')")) == str(operator)


# Sessions -------------------------------------------------------------------------------------------------------------


def test_a_session_holds_until_it_is_idle_or_old(qinghai: Session) -> None:
    someone = made(qinghai, "wang")
    token = sessions.open_session(qinghai, someone, now=NOW, device="x")
    held = sessions.find(qinghai, token, now=NOW + sessions.IDLE - timedelta(seconds=1))
    assert held is not None
    assert held.grants == (("editor", "630222"),)
    assert sessions.find(qinghai, token, now=NOW + sessions.IDLE) is None
    at = NOW
    while at + timedelta(hours=1) < NOW + sessions.ABSOLUTE:
        at += timedelta(hours=1)
        assert sessions.find(qinghai, token, now=at) is not None
        sessions.touch(qinghai, held.id, now=at)
    assert sessions.find(qinghai, token, now=NOW + sessions.ABSOLUTE) is None


def test_a_token_that_was_never_given_opens_nothing(qinghai: Session) -> None:
    sessions.open_session(qinghai, made(qinghai, "wang"), now=NOW, device="x")
    for token in ("", "x", "\x00", "'; DROP TABLE staff_sessions; --"):
        assert sessions.find(qinghai, token, now=NOW) is None


def test_a_new_password_ends_the_other_sessions_and_makes_links_useless(qinghai: Session) -> None:
    someone = made(qinghai, "wang")
    here, there = (sessions.open_session(qinghai, someone, now=NOW, device=name) for name in "ab")
    link = links.make(qinghai, someone, now=NOW, by=None)
    keep = sessions.find(qinghai, here, now=NOW)
    assert keep is not None
    entering.set_password(qinghai, someone, SECRET, now=NOW, keep=keep.id)
    assert sessions.find(qinghai, here, now=NOW) is not None
    assert sessions.find(qinghai, there, now=NOW) is None
    assert links.holder(qinghai, link, now=NOW) is None


def test_disabling_an_account_ends_its_sessions_links_and_log_in_at_once(
    qinghai: Session, operator: int
) -> None:
    someone = made(qinghai, "wang")
    entering.set_password(qinghai, someone, SECRET, now=NOW)
    token = sessions.open_session(qinghai, someone, now=NOW, device="x")
    link = links.make(qinghai, someone, now=NOW, by=operator)
    with acting(qinghai, operator, reason="left"):
        accounts.disable(qinghai, someone)
    after_commit(qinghai)
    assert sessions.find(qinghai, token, now=NOW) is None
    assert links.holder(qinghai, link, now=NOW) is None
    assert entering.verify(qinghai, "wang", SECRET, now=NOW) is None
    with acting(qinghai, operator, reason="back"):
        accounts.enable(qinghai, someone)
    assert sessions.find(qinghai, token, now=NOW) is None
    assert entering.verify(qinghai, "wang", SECRET, now=NOW) is not None


def test_one_ends_one_s_own_sessions_and_nobody_else_s(qinghai: Session) -> None:
    mine, yours = made(qinghai, "mine"), made(qinghai, "yours")
    token = sessions.open_session(qinghai, yours, now=NOW, device="x")
    held = sessions.find(qinghai, token, now=NOW)
    assert held is not None
    assert not sessions.end(qinghai, held.id, staff_id=mine)
    assert sessions.end(qinghai, held.id, staff_id=yours)


# Links ----------------------------------------------------------------------------------------------------------------


def test_a_link_serves_once_and_a_newer_one_makes_it_useless(qinghai: Session) -> None:
    someone = made(qinghai, "wang")
    older = links.make(qinghai, someone, now=NOW, by=None)
    link = links.make(qinghai, someone, now=NOW, by=None)
    assert links.take(qinghai, older, now=NOW) is None
    assert links.take(qinghai, link, now=NOW + links.GOOD_FOR) is None
    found = links.take(qinghai, link, now=NOW)
    assert found is not None
    assert found.login == "wang"
    assert links.take(qinghai, link, now=NOW) is None


def test_a_link_that_two_use_at_once_serves_one(new_database: Callable[[], str]) -> None:
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
        someone = made(session, "wang")
        link = links.make(session, someone, now=NOW, by=None)

    def use(word: str) -> bool:
        with Session(engine) as session, session.begin():
            found = links.take(session, link, now=NOW)
            if found is not None:
                entering.set_password(session, found.id, f"{SECRET}{word}", now=NOW)
            return found is not None

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(use, "ab")) == [False, True]
    engine.dispose()


# Events and forgetting ------------------------------------------------------------------------------------------------


def test_what_happened_to_an_account_tells_who_did_it(qinghai: Session, operator: int) -> None:
    someone = made(qinghai, "wang")
    managing.make_link(qinghai, someone, actor=operator, now=NOW)
    entering.set_password(qinghai, someone, SECRET, now=NOW + timedelta(minutes=1))
    assert [(event.kind, event.by_id) for event in events.of(qinghai, someone)] == [
        ("password_set", None),
        ("link_made", operator),
    ]
    with pytest.raises(ValueError, match="no such event"):
        events.note(qinghai, someone, "sneezed", now=NOW)


def test_what_is_over_is_deleted_in_its_time(qinghai: Session) -> None:
    someone = everything(qinghai)
    assert sweeping.sweep(qinghai, NOW) == 0
    sweeping.sweep(qinghai, NOW + links.GOOD_FOR)
    with as_door(qinghai):
        assert qinghai.scalars(select(StaffSession)).all() == []
    assert events.of(qinghai, someone) != []
    sweeping.sweep(qinghai, NOW + events.KEPT)
    assert events.of(qinghai, someone) == []
