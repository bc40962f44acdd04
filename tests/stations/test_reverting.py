"""Changes are taken back field by field: one change, a commit, or many, and what others wrote since stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.errors import Invalid, NotAllowed, NotFound
from stations.models import Partner, Station
from stations.registry import registry as stations
from stations.registry.registry import AmenityFact, get, set_amenities, set_partners
from stations.registry.reverting import revert
from stations.registry.taking_back import Event, take_back
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import Value
from tests.stations.committed import as_somebody, member, squares
from tests.stations.import_helpers import amenities, count, registry, station

COLUMNS = ("phone", "address", "location", "region_code", "lifecycle", "lifecycle_reason")
TOGETHER = ({"location", "region_code"}, {"lifecycle", "lifecycle_reason"}, {"phone"}, {"address"})
#: Who wrote, and what into which columns.
Edits = list[tuple[bool, dict[str, int]]]


def events_of(edits: Edits) -> tuple[dict[str, Any], dict[str, Any], list[Event]]:
    """Return the first and the last content of a row, and the events between."""
    first = dict.fromkeys(COLUMNS, 0)
    row, events = dict(first), []
    for ours, wrote in edits:
        held = {column: [row[column], value] for column, value in wrote.items() if row[column] != value}
        row |= wrote
        if held:
            events.append(Event("update", held, ours))
    return first, row, events


edits = st.lists(
    st.tuples(st.booleans(), st.dictionaries(st.sampled_from(COLUMNS), st.integers(0, 3), min_size=1)),
    max_size=8,
)


@given(edits)
def test_what_only_we_have_changed_goes_back_to_what_stood_before(said: Edits) -> None:
    first, row, events = events_of([(True, wrote) for _, wrote in said])
    steps, stays = take_back("stations", row, events, added=False)
    for step in steps:
        row |= step.back
    assert (row, stays) == (first, [])


@given(edits)
def test_what_somebody_wrote_last_is_never_touched_and_always_told(said: Edits) -> None:
    _, row, events = events_of(said)
    before = dict(row)
    steps, stays = take_back("stations", row, events, added=False)
    written = {column for step in steps for column in step.back}
    for part in TOGETHER:
        touching = [event for event in events if part & set(event.held)]
        if touching and not touching[-1].ours:
            assert not part & written
            told = any(part & set(stay.wrote) for stay in stays)
            assert told == any(event.ours for event in touching)
        elif not any(event.ours for event in touching):
            assert not part & written
    for step in steps:
        row |= step.back
    # What others wrote stands again wherever theirs was the last change before ours.
    for part in TOGETHER:
        touching = [event for event in events if part & set(event.held)]
        if touching and touching[-1].ours and (others := [event for event in touching if not event.ours]):
            for column, (_, wrote) in others[-1].held.items():
                if column in part:
                    assert row[column] == wrote
    assert all(before[column] == row[column] for column in COLUMNS if column not in written)


@pytest.fixture
def ground(new_database: Callable[[], str]) -> Iterator[Session]:
    with squares(new_database) as engine, Session(engine) as session:
        with acting(session, actor_id(session, OPERATOR), reason="test"):
            stations.add(
                session,
                names={"zh": "甲站", "en": "First"},
                kind="union_station",
                region_code="630102",
                phone="1",
                amenities={"heating": AmenityFact(Value.NO)},
                partners=[("co_builder", "建设银行")],
            )
        session.commit()
        yield session


def commits(session: Session) -> Sequence[int]:
    return session.scalars(text("SELECT id FROM commits ORDER BY id")).all()


def test_a_commit_is_taken_back_and_the_taking_back_too(ground: Session) -> None:
    operator = actor_id(ground, OPERATOR)
    before = registry(ground)
    with as_somebody(ground, operator):
        one = get(ground, station(ground, "甲站").code)
        one.phone, one.names = "2", {"zh": "甲站", "bo": "བོད"}
        set_amenities(ground, one, {"heating": AmenityFact(Value.YES), "toilet": AmenityFact(Value.YES)})
        ground.delete(ground.query(Partner).one())
        set_partners(ground, one, [("host", "邮政")])
    after, edit = registry(ground), commits(ground)[-1]
    would = revert(ground, commit_ids=[edit], actor=operator, reason="mistake", dry_run=True)
    ground.rollback()
    assert registry(ground) == after
    done = revert(ground, commit_ids=[edit], actor=operator, reason="mistake")
    ground.commit()
    assert done == would
    assert (registry(ground), done.kept) == (before, ())
    assert {(one.op, one.field) for one in done.done} == {
        ("restore", "phone"), ("restore", "name.en"), ("restore", "name.bo"), ("restore", "amenity.heating"),
        ("remove", "amenity.toilet"), ("put_back", "partner.co_builder"), ("remove", "partner.host"),
    }  # fmt: skip
    revert(ground, commit_ids=[commits(ground)[-1]], actor=operator, reason="no mistake after all")
    ground.commit()
    assert registry(ground) == after


def test_one_change_is_taken_back_and_the_rest_of_its_commit_stays(ground: Session) -> None:
    operator = actor_id(ground, OPERATOR)
    with as_somebody(ground, operator):
        one = get(ground, station(ground, "甲站").code)
        one.phone = "2"
        set_amenities(ground, one, {"heating": AmenityFact(Value.YES), "toilet": AmenityFact(Value.YES)})
    change = ground.scalar(text("SELECT id FROM history WHERE table_name = 'amenities'"))
    revert(ground, history_id=change, actor=operator, reason="mistake")
    ground.commit()
    assert {code: fact[0] for code, fact in amenities(ground, "甲站").items()} == {
        "heating": "no",
        "toilet": "yes",
    }
    assert station(ground, "甲站").phone == "2"


def test_a_station_that_a_commit_added_is_withdrawn_and_not_deleted(ground: Session) -> None:
    operator = actor_id(ground, OPERATOR)
    done = revert(ground, commit_ids=[station(ground, "甲站").added_in], actor=operator, reason="录错了")
    ground.commit()
    assert ([one.op for one in done.done], count(ground)) == (["withdraw"], 1)
    assert station(ground, "甲站").withdrawn_reason == "录错了"


def test_what_is_no_part_of_a_station_is_told_and_stays(ground: Session) -> None:
    operator = actor_id(ground, OPERATOR)
    with as_somebody(ground, operator):
        ground.execute(text("UPDATE organisations SET name = '中国建设银行'"))
    done = revert(ground, commit_ids=[commits(ground)[-1]], actor=operator, reason="mistake")
    assert [(kept.table, kept.why) for kept in done.kept] == [("organisations", "not_here")]


def test_who_may_not_change_a_station_takes_nothing_back_there(ground: Session) -> None:
    operator = actor_id(ground, OPERATOR)
    with as_somebody(ground, operator):
        get(ground, station(ground, "甲站").code).phone = "2"
    west = member(ground, "zhong", "630103")
    edit = ground.scalar(text("SELECT max(commit_id) FROM history WHERE table_name = 'stations'"))
    with pytest.raises(NotAllowed, match="nothing was taken back"):
        revert(ground, commit_ids=[edit], actor=west, reason="mine")
    ground.rollback()
    assert ground.get_one(Station, station(ground, "甲站").id).phone == "2"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, Invalid),
        ({"commit_ids": [1], "batch_id": 1}, Invalid),
        ({"commit_ids": [4711]}, NotFound),
        ({"history_id": 4711}, NotFound),
    ],
)
def test_what_to_take_back_is_said_once_and_exists(
    ground: Session, asked: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        revert(ground, **asked, actor=actor_id(ground, OPERATOR), reason="mistake")
