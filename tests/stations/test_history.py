"""The history: what a station was at any moment, who changed it and why, and how that reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.errors import NotFound
from stations.models import Commit, Station
from stations.registry import registry
from stations.registry.kept import OF_STATION, as_held
from stations.registry.past import station_at, walk_back
from stations.registry.writing import OPERATOR, acting, actor_id


@pytest.fixture(scope="module")
def ledger(new_database: Callable[[], str]) -> Iterator[Engine]:
    """A registry where tests commit: history is of commits."""
    engine = create_engine(new_database())
    with Session(engine) as session:
        fill_squares(session, actor_id(session, OPERATOR))
        session.commit()
    yield engine
    engine.dispose()


def write(
    engine: Engine, work: Callable[[Session], Any], *, who: str = OPERATOR, reason: str = "test"
) -> Any:
    """Do some work in a commit of its own."""
    with Session(engine) as session, session.begin(), acting(session, actor_id(session, who), reason=reason):
        return work(session)


def add(engine: Engine, name: str = "川口工会驿站", **facts: Any) -> str:
    return write(
        engine,
        lambda session: (
            registry.add(
                session, names={"zh": name}, kind="union_station", **({"region_code": "630222"} | facts)
            ).code
        ),
    )


def last_seq(session: Session) -> int:
    return session.scalar(select(func.max(Commit.seq))) or 0


def snapshot(session: Session, code: str) -> dict[str, list[dict[str, Any]]]:
    """Read the rows of a station as they are now, without the history."""
    station_id = session.scalars(select(Station.id).where(Station.code == code)).one()
    rows = {
        kept.name: sorted(
            session.scalars(select(as_held(kept)).where(kept.station_id == station_id)), key=str
        )
        for kept in OF_STATION
    }
    return {table: found for table, found in rows.items() if found}


def told(session: Session, code: str, seq: int) -> dict[str, list[dict[str, Any]]] | None:
    then = station_at(session, code, seq=seq)
    if then is None:
        return None
    rows = {table: sorted(found, key=str) for table, found in then.rows.items()}
    return {"stations": [then.station]} | {table: found for table, found in rows.items() if found}


#: What may be done to a station, as raw SQL: changes, removals, additions, and the same once more.
EDITS = {
    "phone": "UPDATE stations SET phone = :text WHERE code = :code",
    "phone of nobody": "UPDATE stations SET phone = NULL WHERE code = :code",
    "names": "UPDATE stations SET names = jsonb_build_object('zh', '驿站' || :text) WHERE code = :code",
    "pin": "UPDATE stations SET location = ST_SetSRID(ST_MakePoint(102 + :n / 700.0, 36.5), 4326) WHERE code = :code",
    "no pin": "UPDATE stations SET location = NULL WHERE code = :code",
    "same": "UPDATE stations SET phone = phone WHERE code = :code",
    "toilet": """INSERT INTO amenities (station_id, amenity, value, basis) SELECT id, 'toilet', 'yes', 'listed'
                 FROM stations WHERE code = :code ON CONFLICT DO NOTHING""",
    "toilet broken": """UPDATE amenities SET out_of_order = NOT out_of_order
                        WHERE station_id = (SELECT id FROM stations WHERE code = :code)""",
    "no amenities": "DELETE FROM amenities WHERE station_id = (SELECT id FROM stations WHERE code = :code)",
    "exception": """INSERT INTO hours_exceptions (station_id, starts, ends, reason)
                    SELECT id, date '2026-01-01' + :n, date '2026-02-01' + :n, :text FROM stations WHERE code = :code""",
    "exceptions move": """UPDATE hours_exceptions SET ends = ends + 1
                          WHERE station_id = (SELECT id FROM stations WHERE code = :code)""",
    "no exceptions": "DELETE FROM hours_exceptions WHERE station_id = (SELECT id FROM stations WHERE code = :code)",
    "suspended": """UPDATE stations SET lifecycle = 'suspended', lifecycle_since = '2026-01-01', lifecycle_reason = :text
                    WHERE code = :code""",
    "closed": """UPDATE stations SET lifecycle = 'closed', lifecycle_since = '2026-01-01', lifecycle_reason = :text
                 WHERE code = :code""",
    "withdrawn": "UPDATE stations SET withdrawn_reason = :text WHERE code = :code",
    "another county": "UPDATE stations SET region_code = '630202' WHERE code = :code",
}
edit = st.tuples(st.sampled_from(sorted(EDITS)), st.integers(0, 5), st.sampled_from("甲乙丙'\"\\%"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(commits=st.lists(st.lists(edit, min_size=1, max_size=4), max_size=8))
def test_after_any_edits_a_station_at_each_moment_is_what_was_there(
    ledger: Engine, commits: list[list[tuple[str, int, str]]]
) -> None:
    before = write_none(ledger)
    code = add(ledger)
    with Session(ledger) as session:
        seen = {last_seq(session): snapshot(session, code)}
    for edits in commits:

        def work(session: Session, edits: list[tuple[str, int, str]] = edits) -> None:
            for name, n, words in edits:
                session.execute(
                    text(EDITS[name]).bindparams(
                        **{
                            key: value
                            for key, value in {"code": code, "n": n, "text": words}.items()
                            if f":{key}" in EDITS[name]
                        }
                    )
                )

        write(ledger, work)
        with Session(ledger) as session:
            seen[last_seq(session)] = snapshot(session, code)
    with Session(ledger) as session:
        assert told(session, code, before) is None
        for seq, rows in seen.items():
            assert told(session, code, seq) == rows


def write_none(engine: Engine) -> int:
    with Session(engine) as session:
        return last_seq(session)


def test_a_station_at_a_moment_is_what_the_last_commit_before_it_left(ledger: Engine) -> None:
    code = add(ledger)
    with Session(ledger) as session:
        at = session.scalars(select(Commit.at).order_by(Commit.seq.desc()).limit(1)).one()
    write(ledger, lambda s: s.execute(text(EDITS["phone"]), {"code": code, "text": "1"}))
    with Session(ledger) as session:
        then, now = station_at(session, code, at=at), station_at(session, code)
        assert then is not None
        assert now is not None
        assert (then.station["phone"], now.station["phone"]) == (None, "1")
        assert station_at(session, code, at=at - timedelta(days=1)) is None
        with pytest.raises(NotFound, match="'x'"):
            station_at(session, "x")


def test_walking_back_tells_each_commit_once_with_what_it_changed(ledger: Engine) -> None:
    code = add(ledger)
    write(ledger, lambda s: s.execute(text(EDITS["toilet"]), {"code": code}))
    write(ledger, lambda s: s.execute(text(EDITS["no amenities"]), {"code": code}))
    write(ledger, lambda s: s.execute(text(EDITS["toilet"]), {"code": code}))

    def twice(session: Session) -> None:
        session.execute(text(EDITS["phone"]), {"code": code, "text": "1"})
        session.execute(text(EDITS["phone"]), {"code": code, "text": "2"})
        session.execute(text(EDITS["exception"]), {"code": code, "text": "x", "n": 1})
        session.execute(text(EDITS["no exceptions"]), {"code": code})

    write(ledger, twice)
    with Session(ledger) as session:
        station_id = session.scalars(select(Station.id).where(Station.code == code)).one()
        steps = list(walk_back(session, [station_id]))
    told = [[(c.key.table, c.before is None, c.after is None) for c in step.changed] for step in steps]
    assert told == [
        [("stations", False, False)],
        [("amenities", True, False)],
        [("amenities", False, True)],
        [("amenities", True, False)],
        [("stations", True, False)],
    ]
    (phone,) = steps[0].changed
    assert phone.before is not None
    assert phone.after is not None
    assert (phone.before["phone"], phone.after["phone"]) == (None, "2")
    assert [step.seq for step in steps] == sorted((step.seq for step in steps if step.seq), reverse=True)
