"""The ledger: who wrote, why, in what order, and what stood there before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.errors import NotAllowed
from stations.models import Amenity, Change, Commit, Grant, PublicStation, Staff, Station
from stations.registry import registry
from stations.registry.public import changes
from stations.registry.writing import OPERATOR, acting, actor_id


def added(session: Session, actor: int, name: str = "川口工会驿站", region: str = "630222") -> Station:
    with acting(session, actor, reason="test"):
        return registry.add(session, names={"zh": name}, kind="union_station", region_code=region)


def test_nothing_is_written_without_an_actor(qinghai: Session) -> None:
    qinghai.execute(text("SELECT set_config('yz.actor', '', true)"))
    qinghai.execute(text("SELECT set_config('yz.commit', '', true)"))
    with pytest.raises(DBAPIError, match="no actor, no write"):
        qinghai.execute(text("UPDATE regions SET population = 5 WHERE code = '630222'"))


def test_nothing_is_written_without_a_reason(qinghai: Session, operator: int) -> None:
    qinghai.execute(text("SELECT set_config('yz.commit', '', true)"))
    with pytest.raises(NotAllowed, match="no reason, no write"), acting(qinghai, operator, reason="  "):
        qinghai.execute(text("UPDATE regions SET population = 5 WHERE code = '630222'"))


def test_an_actor_that_is_not_active_writes_nothing(qinghai: Session, operator: int) -> None:
    with pytest.raises(NotAllowed, match="no actor"), acting(qinghai, 999_999, reason="x"):
        qinghai.execute(text("SELECT set_config('yz.commit', '', true)"))
        qinghai.execute(text("UPDATE regions SET population = 5 WHERE code = '630222'"))


def test_a_commit_of_another_transaction_cannot_be_written_under(qinghai: Session) -> None:
    qinghai.execute(text("SELECT set_config('yz.commit', '1', true), set_config('yz.actor', '999', true)"))
    with pytest.raises(DBAPIError, match="no actor, no write"):
        qinghai.execute(text("UPDATE regions SET population = 5 WHERE code = '630222'"))


def test_the_actor_does_not_change_within_a_transaction(qinghai: Session, operator: int) -> None:
    added(qinghai, operator)
    other = actor_id(qinghai, "demonstration")
    with pytest.raises(NotAllowed, match="the actor changed"):
        added(qinghai, other, "另一驿站")


def test_a_change_keeps_what_stood_there_before_bit_for_bit(qinghai: Session, operator: int) -> None:
    station = added(qinghai, operator)
    with acting(qinghai, operator, reason="pin"):
        station.location = "SRID=4326;POINT(102.123456789012 36.3210987654321)"
        qinghai.flush()
    with acting(qinghai, operator, reason="move"):
        station.location = "SRID=4326;POINT(102.2 36.3)"
        station.phone = "0972-8522222"
        qinghai.flush()
    change = qinghai.scalars(
        select(Change).where(Change.station_id == station.id).order_by(Change.id.desc())
    ).first()
    assert change is not None
    assert set(change.held) == {"location", "phone"}
    assert change.held["phone"] == [None, "0972-8522222"]
    assert change.held["location"][0]["coordinates"] == [102.123456789012, 36.3210987654321]


def test_an_unchanged_save_writes_nothing(qinghai: Session, operator: int) -> None:
    station = added(qinghai, operator)
    before = qinghai.scalar(text("SELECT count(*) FROM history"))
    with acting(qinghai, operator, reason="again"):
        qinghai.execute(
            text("UPDATE stations SET kind = kind, names = names WHERE id = :id"), {"id": station.id}
        )
    assert qinghai.scalar(text("SELECT count(*) FROM history")) == before


def test_a_removed_row_stays_in_the_history_whole(qinghai: Session, operator: int) -> None:
    station = added(qinghai, operator)
    with acting(qinghai, operator, reason="amenity"):
        registry.set_amenities(qinghai, station, {"toilet": registry.AmenityFact()})
    with acting(qinghai, operator, reason="gone"):
        qinghai.execute(text("DELETE FROM amenities WHERE station_id = :id"), {"id": station.id})
    change = qinghai.scalars(select(Change).where(Change.op == "delete")).one()
    assert change.held["amenity"] == "toilet"
    assert change.row_key == {"station_id": station.id, "amenity": "toilet"}


def test_a_key_never_changes(qinghai: Session, operator: int) -> None:
    station = added(qinghai, operator)
    with acting(qinghai, operator, reason="amenity"):
        registry.set_amenities(qinghai, station, {"toilet": registry.AmenityFact()})
    with pytest.raises(DBAPIError, match="never changes"):
        qinghai.execute(text("UPDATE amenities SET amenity = 'shower' WHERE amenity = 'toilet'"))


def test_a_public_code_never_changes(qinghai: Session, operator: int) -> None:
    added(qinghai, operator)
    with pytest.raises(DBAPIError, match="on a plate at a door"):
        qinghai.execute(text("UPDATE stations SET code = '1'"))


def test_a_station_cannot_be_deleted_by_the_application(qinghai: Session, operator: int) -> None:
    added(qinghai, operator)
    with pytest.raises(DBAPIError, match="permission denied"):
        qinghai.execute(text("DELETE FROM stations"))


def test_closing_needs_a_date_and_a_reason(qinghai: Session, operator: int) -> None:
    added(qinghai, operator)
    with pytest.raises(DBAPIError, match="ends_with_date_and_reason"):
        qinghai.execute(text("UPDATE stations SET lifecycle = 'closed'"))


def test_codes_end_in_a_check_digit_that_finds_every_wrong_digit(qinghai: Session, operator: int) -> None:
    code = added(qinghai, operator).code
    digit = qinghai.scalar(text("SELECT yz_check_digit(:digits)"), {"digits": code[:-1]})
    assert code[:2] == "63"
    assert code[-1] == digit
    for place in range(len(code) - 1):
        wrong = code[:place] + str((int(code[place]) + 1) % 10) + code[place + 1 : -1]
        assert qinghai.scalar(text("SELECT yz_check_digit(:digits)"), {"digits": wrong}) != digit


@pytest.mark.parametrize(
    "table", ["commits", "history", "commit_counter", "public_stations", "stale_stations"]
)
def test_the_application_cannot_write_the_ledger_or_the_public_view_by_hand(
    session: Session, table: str
) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text(f"DELETE FROM {table}"))


def test_the_application_owns_no_table(session: Session) -> None:
    owned = session.scalars(text("SELECT tablename FROM pg_tables WHERE tableowner = current_user")).all()
    assert owned == []
    assert (
        session.scalar(text("SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user"))
        is False
    )


def test_every_table_that_holds_facts_has_row_policies(session: Session) -> None:
    writable = session.scalars(
        text("""SELECT c.relname FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND has_table_privilege(c.oid, 'INSERT') AND NOT relrowsecurity""")
    ).all()
    assert sorted(writable) == ["gazetteer", "schedules"]


def county_editor(
    session: Session, operator: int, region: str | None = "630222", role: str = "editor"
) -> int:
    with acting(session, operator, reason="staff"):
        person = Staff(login=f"{role}-{region}", display_name="县工会")
        session.add(person)
        session.flush()
        session.add(Grant(staff_id=person.id, role=role, region_code=region))
    # As after a commit: the next writer begins a commit of its own.
    session.execute(text("SELECT set_config('yz.commit', '', true)"))
    return person.id


def test_a_county_editor_writes_in_that_county(qinghai: Session, operator: int) -> None:
    editor = county_editor(qinghai, operator)
    station = added(qinghai, editor)
    with acting(qinghai, editor, reason="amenity"):
        registry.set_amenities(qinghai, station, {"toilet": registry.AmenityFact()})
    assert qinghai.scalars(select(Amenity.amenity)).all() == ["toilet"]


def test_a_county_editor_adds_nothing_elsewhere_even_in_raw_sql(qinghai: Session, operator: int) -> None:
    editor = county_editor(qinghai, operator)
    with pytest.raises(NotAllowed, match="row-level security"), acting(qinghai, editor, reason="test"):
        qinghai.execute(
            text(
                """INSERT INTO stations (names, kind, region_code) VALUES ('{"zh": "x"}', 'care_station', '630202')"""
            )
        )


def test_a_county_editor_changes_nothing_elsewhere_even_in_raw_sql(qinghai: Session, operator: int) -> None:
    there = added(qinghai, operator, region="630202")
    with acting(qinghai, operator, reason="amenity"):
        registry.set_amenities(qinghai, there, {"toilet": registry.AmenityFact()})
    editor = county_editor(qinghai, operator)
    with acting(qinghai, editor, reason="test"):
        assert qinghai.execute(text("UPDATE stations SET phone = '1'")).rowcount == 0  # type: ignore[attr-defined]
        assert qinghai.execute(text("UPDATE amenities SET value = 'no'")).rowcount == 0  # type: ignore[attr-defined]
        assert qinghai.execute(text("DELETE FROM amenities")).rowcount == 0  # type: ignore[attr-defined]


def test_a_county_editor_moves_no_station_out_of_the_county(qinghai: Session, operator: int) -> None:
    editor = county_editor(qinghai, operator)
    added(qinghai, editor)
    with pytest.raises(NotAllowed, match="row-level security"), acting(qinghai, editor, reason="test"):
        qinghai.execute(text("UPDATE stations SET region_code = '630202'"))


def test_a_viewer_writes_nothing(qinghai: Session, operator: int) -> None:
    viewer = county_editor(qinghai, operator, role="viewer")
    with pytest.raises(NotAllowed, match="row-level security"):
        added(qinghai, viewer)


def test_an_editor_grants_nobody_a_role(qinghai: Session, operator: int) -> None:
    editor = county_editor(qinghai, operator, region=None)
    with pytest.raises(NotAllowed, match="row-level security"), acting(qinghai, editor, reason="up"):
        qinghai.add(Grant(staff_id=editor, role="administrator", region_code=None))


def test_an_inspector_writes_what_is_found_at_the_door_and_no_more(qinghai: Session, operator: int) -> None:
    station = added(qinghai, operator)
    inspector = county_editor(qinghai, operator, role="inspector")
    with acting(qinghai, inspector, reason="visit"):
        registry.set_amenities(qinghai, station, {"toilet": registry.AmenityFact()})
        assert qinghai.execute(text("UPDATE stations SET phone = '1'")).rowcount == 0  # type: ignore[attr-defined]


def test_seq_is_ordered_by_commit_and_a_late_commit_is_never_missed(new_database: Callable[[], str]) -> None:
    engine = create_engine(new_database())
    with Session(engine) as setup:
        operator = actor_id(setup, OPERATOR)
        fill_squares(setup, operator)
        setup.commit()
        seen, _ = changes(setup, 0)
    with Session(engine) as early, Session(engine) as late, Session(engine) as copy:
        # The first to write is the last to commit: its number must still come after.
        first = added(early, operator, "先写后交").code
        second = added(late, operator, "后写先交").code
        late.commit()
        seen_then, told = changes(copy, seen)
        assert [code for _, code, _ in told] == [second]
        copy.rollback()
        early.commit()
        seen_last, told = changes(copy, seen_then)
        assert [code for _, code, _ in told] == [first]
        assert seen < seen_then < seen_last
        numbers = copy.scalars(select(Commit.seq).order_by(Commit.seq)).all()
        assert numbers == list(range(1, len(numbers) + 1))
    engine.dispose()


def test_what_leaves_the_public_view_leaves_a_tombstone(new_database: Callable[[], str]) -> None:
    engine = create_engine(new_database())
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        session.commit()
        station = added(session, operator)
        session.commit()
        seen, told = changes(session, 0)
        assert told[0][2] is not None
        with acting(session, operator, reason="entered twice"):
            registry.withdraw(session, station, reason="重复录入")
        session.commit()
        _, told = changes(session, seen)
        assert [(code, feature) for _, code, feature in told] == [(station.code, None)]
    engine.dispose()


def test_a_savepoint_that_is_rolled_back_leaves_no_commit_behind(qinghai: Session, operator: int) -> None:
    qinghai.execute(text("SELECT set_config('yz.commit', '', true)"))
    before = qinghai.scalar(text("SELECT count(*) FROM commits"))
    point = qinghai.begin_nested()
    added(qinghai, operator)
    point.rollback()
    added(qinghai, operator)
    assert qinghai.scalar(text("SELECT count(*) FROM commits")) == before + 1  # type: ignore[operator]


def test_a_region_that_moves_takes_the_lineage_of_all_below_along(qinghai: Session, operator: int) -> None:
    station = added(qinghai, operator)
    with acting(qinghai, operator, reason="re-parented"):
        qinghai.execute(text("UPDATE regions SET parent_code = '630100' WHERE code = '630222'"))
    row = qinghai.get_one(PublicStation, station.id, populate_existing=True)
    assert row.lineage == ["630000", "630100", "630222"]
    assert '"西宁市"' in (row.feature or "")


def test_exceptions_and_lifecycle_reach_the_public_row(qinghai: Session, operator: int) -> None:
    station = added(qinghai, operator)
    with acting(qinghai, operator, reason="closed"):
        registry.set_lifecycle(qinghai, station, "suspended", on=date(2026, 1, 5), reason="装修")
    row = qinghai.get_one(PublicStation, station.id, populate_existing=True)
    assert row.lifecycle == "suspended"
    assert "装修" in (row.feature or "")
