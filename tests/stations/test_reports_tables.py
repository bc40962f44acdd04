"""What the database itself lets the public do: add reports, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from stations.models import Station
from stations.registry import registry
from stations.registry.writing import acting, actor_id
from stations.schema import differences

PUBLIC = "public"
ADD = (
    "INSERT INTO reports (station_id, choice, made_at, received_at{more}) "
    "SELECT id, 'moved', now(), now(){values} FROM stations"
)


@pytest.fixture
def station(qinghai: Session, operator: int) -> Station:
    with acting(qinghai, operator, reason="test"):
        return registry.add(
            qinghai,
            names={"zh": "川口工会驿站"},
            kind="union_station",
            region_code="630222",
            amenities={"toilet": registry.AmenityFact()},
        )


@pytest.fixture
def public(qinghai: Session, station: Station) -> Iterator[Session]:
    """A session that writes as the public, in a commit of its own."""
    qinghai.execute(
        text(
            "SELECT set_config('yz.commit', '', true), set_config('yz.actor', :actor, true), "
            "set_config('yz.reason', 'a report', true)"
        ),
        {"actor": str(actor_id(qinghai, PUBLIC))},
    )
    return qinghai


def test_the_models_say_what_the_migrations_made(session: Session) -> None:
    assert differences(session.connection()) == []


def test_the_public_holds_no_grant_and_cannot_log_in(session: Session) -> None:
    row = session.execute(
        text(
            "SELECT is_system, (SELECT count(*) FROM credentials c WHERE c.staff_id = s.id), "
            "(SELECT count(*) FROM staff_grants g WHERE g.staff_id = s.id) FROM staff s WHERE login = 'public'"
        )
    ).one()
    assert tuple(row) == (True, 0, 0)


def test_nobody_changes_an_actor_of_the_system(said: Session, operator: int) -> None:
    for actor in (None, operator):
        if actor is not None:
            become(said, actor)
        assert said.execute(text("UPDATE staff SET active = false")).rowcount == 0  # type: ignore[attr-defined]


def test_the_public_adds_a_report(public: Session) -> None:
    public.execute(text(ADD.format(more="", values="")))
    assert public.execute(text("SELECT choice, status FROM reports")).all() == [("moved", "waiting")]


CHANGES = [
    "UPDATE stations SET lifecycle = 'closed', lifecycle_since = now(), lifecycle_reason = 'x'",
    "UPDATE stations SET location = NULL, phone = '1'",
    "UPDATE amenities SET out_of_order = true",
    "UPDATE reports SET status = 'accepted', outcome = 'noted', decided_at = now(), decided_by = yz_actor()",
    "UPDATE regions SET population = 1",
    "DELETE FROM amenities",
    "DELETE FROM report_keys",
    "DELETE FROM report_marks",
    "DELETE FROM spent_challenges",
    "DELETE FROM report_requests",
]


@pytest.fixture
def said(public: Session) -> Session:
    """A row in each table that the public may add to."""
    public.execute(text(ADD.format(more="", values="")))
    public.execute(
        text("INSERT INTO report_marks SELECT id, current_date, '\\x00', '\\x00', now() FROM reports")
    )
    public.execute(text("INSERT INTO report_keys VALUES (current_date, '\\x00', now())"))
    public.execute(text("INSERT INTO spent_challenges VALUES ('\\x00', now())"))
    public.execute(text("INSERT INTO report_requests (caller, until) VALUES ('\\x00', now())"))
    return public


def become(session: Session, actor: int) -> None:
    session.execute(
        text("SELECT set_config('yz.commit', '', true), set_config('yz.actor', :actor, true)"),
        {"actor": str(actor)},
    )


@pytest.mark.parametrize("statement", CHANGES)
def test_the_public_changes_and_removes_no_row(said: Session, operator: int, statement: str) -> None:
    assert said.execute(text(statement)).rowcount == 0  # type: ignore[attr-defined]
    become(said, operator)
    assert said.execute(text(statement)).rowcount > 0  # type: ignore[attr-defined]


ADDITIONS = [
    """INSERT INTO stations (names, kind, region_code) VALUES ('{"zh": "假驿站"}', 'union_station', '630222')""",
    "INSERT INTO amenities (station_id, amenity, value, basis) SELECT id, 'shower', 'no', 'listed' FROM stations",
    "INSERT INTO hours_exceptions (station_id, starts, ends) SELECT id, current_date, current_date FROM stations",
    "INSERT INTO photos (station_id, sha256, shows) SELECT id, repeat('0', 64), 'door' FROM stations",
    "INSERT INTO staff (login, display_name) VALUES ('me', 'me')",
    "INSERT INTO staff_grants (staff_id, role) VALUES (yz_actor(), 'administrator')",
    "INSERT INTO sources (code, name) VALUES ('x', 'x')",
    "INSERT INTO organisations (name) VALUES ('x')",
    "INSERT INTO places (source, source_id, names, location) SELECT 'x', 'x', names, NULL FROM stations",
    """INSERT INTO regions (code, level, names) VALUES ('630299', 'county', '{"zh": "x"}')""",
    ADD.format(more=", status, decided_at, decided_by", values=", 'accepted', now(), yz_actor()"),
    ADD.format(more=", released_at, released_by", values=", now(), yz_actor()"),
    ADD.format(more=", words, words_shown", values=", 'x', true"),
    ADD.format(more=", outcome", values=", 'noted'"),
]


@pytest.mark.parametrize("statement", ADDITIONS)
def test_the_public_adds_nothing_but_an_undecided_report(public: Session, statement: str) -> None:
    with pytest.raises(DBAPIError, match="row-level security") as refused, public.begin_nested():
        public.execute(text(statement.replace(":", r"\:")))
    assert getattr(refused.value.orig, "sqlstate", None) == "42501"


@pytest.mark.parametrize("statement", ["DELETE FROM reports", "UPDATE reports SET choice = 'safety'",
                                       "UPDATE reports SET made_at = now()", "TRUNCATE reports",
                                       "UPDATE report_marks SET device = ''", "DELETE FROM stations"])  # fmt: skip
def test_nobody_rewrites_what_was_said(qinghai: Session, operator: int, statement: str) -> None:
    with (
        acting(qinghai, operator, reason="x"),
        pytest.raises(DBAPIError, match="permission denied"),
        qinghai.begin_nested(),
    ):
        qinghai.execute(text(statement))


def test_only_the_public_adds_reports(qinghai: Session, operator: int, station: Station) -> None:
    qinghai.execute(text("SELECT set_config('yz.actor', :actor, true)"), {"actor": str(operator)})
    with pytest.raises(DBAPIError, match="row-level security"), qinghai.begin_nested():
        qinghai.execute(text(ADD.format(more="", values="")))


def test_words_can_be_taken_out_and_never_put_in(public: Session, operator: int) -> None:
    public.execute(text(ADD.format(more=", words", values=", '搬到对面了'")))
    become(public, operator)
    with pytest.raises(DBAPIError, match="stays what it was"), public.begin_nested():
        public.execute(text("UPDATE reports SET words = '没有问题'"))
    public.execute(text("UPDATE reports SET words = NULL"))
    assert public.scalar(text("SELECT words FROM reports")) is None
