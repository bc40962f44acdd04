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
from stations.registry import commit_search, history, registry
from stations.registry.differences import Difference, Sort, differences, move_of
from stations.registry.history import Asked
from stations.registry.kept import OF_STATION, as_held
from stations.registry.past import station_at, walk_back
from stations.registry.writing import DEMONSTRATION, OPERATOR, acting, actor_id


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


def test_a_feed_tells_each_commit_once_newest_first_and_pages_while_others_write(ledger: Engine) -> None:
    codes = [add(ledger, f"分页驿站{n}") for n in range(5)]
    with Session(ledger) as session:
        first, before = history.commits(session, Asked(), limit=3)
    assert before == first[-1].seq
    late = add(ledger, "后来的驿站")
    with Session(ledger) as session:
        second, _ = history.commits(session, Asked(before=before), limit=2)
    told = [code for entry in (*first, *second) for code, _ in entry.stations]
    assert told == codes[::-1]
    assert late not in told
    assert first[0].doings == (history.Doing("stations", "add", 1),)
    assert first[0].stations == ((codes[-1], "分页驿站4"),)
    assert (first[0].actor, first[0].reason) == ("命令行 Command line", "test")


@pytest.mark.parametrize("few", [0, 2000], ids=["commit by commit", "station by station"])
def test_a_feed_is_narrowed_by_actor_table_region_batch_and_time(
    ledger: Engine, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(commit_search, "_FEW", few)
    here, there = add(ledger, "川口驿站"), add(ledger, "乐都驿站", region_code="630202")
    start = write_none(ledger)
    with Session(ledger) as session:
        since = session.scalars(select(Commit.at).where(Commit.seq == start)).one()
    write(ledger, lambda s: s.execute(text(EDITS["toilet"]), {"code": here}), reason="加")
    write(
        ledger,
        lambda s: s.execute(text(EDITS["toilet broken"]), {"code": here}),
        who=DEMONSTRATION,
        reason="坏",
    )
    write(ledger, lambda s: s.execute(text(EDITS["no amenities"]), {"code": here}), reason="撤")
    write(ledger, lambda s: s.execute(text(EDITS["phone"]), {"code": there, "text": "1"}), reason="电话")

    def reasons(**asked: Any) -> list[str]:
        with Session(ledger) as session:
            return [e.reason for e in history.commits(session, Asked(**asked))[0] if e.seq > start]

    assert reasons() == ["电话", "撤", "坏", "加"]
    assert reasons(table="amenities") == ["撤", "坏", "加"]
    assert reasons(table="stations") == ["电话"]
    assert reasons(table="honours") == []
    assert reasons(regions=("630222",)) == ["撤", "坏", "加"]
    assert reasons(regions=("630200",)) == ["电话", "撤", "坏", "加"]
    assert reasons(regions=("630100",)) == []
    assert reasons(regions=("630200",), table="amenities", since=since) == ["撤", "坏", "加"]
    assert reasons(until=since) == []
    assert reasons(batch=1) == []
    with Session(ledger) as session:
        assert reasons(actor=actor_id(session, DEMONSTRATION)) == ["坏"]


def test_accounts_are_told_to_administrators_alone_and_the_public_where_it_is_asked_for(
    ledger: Engine,
) -> None:
    start = write_none(ledger)
    write(
        ledger,
        lambda s: s.execute(text("INSERT INTO staff (login, display_name) VALUES ('somebody', '某人')")),
        reason="账号",
    )

    def reasons(**asked: Any) -> list[str]:
        with Session(ledger) as session:
            return [e.reason for e in history.commits(session, Asked(**asked))[0] if e.seq > start]

    assert reasons() == []
    assert reasons(people=True) == ["账号"]
    with Session(ledger) as session:
        (entry,) = [e for e in history.commits(session, Asked(people=True))[0] if e.seq > start]
        assert history.done_elsewhere(session, entry) == ()
        (row,) = history.done_elsewhere(session, entry, people=True)
        assert row.after is not None
        assert (row.table, row.before, row.after["login"]) == ("staff", None, "somebody")
        assert "email" not in row.after


def test_a_commit_tells_every_station_that_it_touched_a_page_at_a_time(ledger: Engine) -> None:
    codes = [add(ledger, f"批量驿站{n}") for n in range(7)]

    def work(session: Session) -> None:
        for code in codes[:6]:
            session.execute(text(EDITS["phone"]), {"code": code, "text": code})
        session.execute(text(EDITS["toilet"]), {"code": codes[6]})

    write(ledger, work)
    seq = write_none(ledger)
    # What the commit added is told even where it has been removed since.
    write(ledger, lambda s: s.execute(text(EDITS["no amenities"]), {"code": codes[6]}))
    write(ledger, lambda s: s.execute(text(EDITS["phone"]), {"code": codes[0], "text": "later"}))
    with Session(ledger) as session:
        entry = history.commit(session, seq)
        assert entry.doings[0] == history.Doing("stations", "update", 6)
        first, more = history.touched(session, entry, limit=4)
        rest, no_more = history.touched(session, entry, after=first[-1], limit=4)
        assert (len(first), more, len(rest), no_more) == (4, True, 3, False)
        done = history.done_to(session, entry, [*first, *rest])
        named = {s.id: s.code for s in session.scalars(select(Station).where(Station.id.in_(done)))}
        assert {named[i]: [c.key.table for c in changed] for i, changed in done.items()} == {
            code: ["stations"] if code != codes[6] else ["amenities"] for code in codes
        }
        (phone,) = done[first[0]]
        assert differences("stations", phone.before, phone.after) == (
            Difference("phone", None, codes[0], Sort.TEXT),
        )
        with pytest.raises(NotFound, match="987654321"):
            history.commit(session, 987654321)


def test_a_closed_and_a_withdrawn_station_keep_their_history(ledger: Engine) -> None:
    code = add(ledger)
    write(ledger, lambda s: s.execute(text(EDITS["closed"]), {"code": code, "text": "拆迁"}), reason="关闭")
    write(
        ledger, lambda s: s.execute(text(EDITS["withdrawn"]), {"code": code, "text": "重复"}), reason="撤下"
    )
    with Session(ledger) as session:
        told = history.of_station(session, code)
        assert [entry.reason for entry, _ in told.entries] == ["撤下", "关闭", "test"]
        assert (told.commits, told.before) == (3, None)
        page = history.of_station(session, code, limit=2)
        rest = history.of_station(session, code, before=page.before, limit=2)
        assert [entry.reason for entry, _ in (*page.entries, *rest.entries)] == ["撤下", "关闭", "test"]
        with pytest.raises(NotFound):
            history.of_station(session, "0")


def test_an_unchanged_save_is_no_part_of_any_history(ledger: Engine) -> None:
    code = add(ledger)
    write(ledger, lambda s: s.execute(text(EDITS["same"]), {"code": code}), reason="nothing")
    with Session(ledger) as session:
        assert [e.reason for e, _ in history.of_station(session, code).entries] == ["test"]
        assert "nothing" not in [e.reason for e in history.commits(session, Asked())[0]]


def test_a_moved_pin_is_one_difference_with_its_metres(ledger: Engine) -> None:
    code = add(ledger)
    write(ledger, lambda s: s.execute(text(EDITS["pin"]), {"code": code, "n": 0}))
    write(ledger, lambda s: s.execute(text(EDITS["pin"]), {"code": code, "n": 7}))
    with Session(ledger) as session:
        (_, changed), (_, first), _ = history.of_station(session, code).entries
    (moved,) = differences("stations", changed[0].before, changed[0].after)
    assert (moved.field, moved.sort) == ("location", Sort.POSITION)
    move = move_of(moved)
    assert move.old == (102.0, 36.5)
    assert move.new == (102.01, 36.5)
    assert move.metres == pytest.approx(895.7, abs=1)  # 0.01 degrees of longitude at 36.5 N
    (pinned,) = differences("stations", first[0].before, first[0].after)
    assert (move_of(pinned).old, move_of(pinned).metres) == (None, None)
    with pytest.raises(ValueError, match="'phone'"):
        move_of(Difference("phone", None, "1", Sort.TEXT))


def test_hours_are_one_difference_whichever_of_their_columns_changed() -> None:
    row = {"hours_expression": "Mo-Fr 08:00-18:00", "hours_calendar": "plain", "hours_words": "周一至周五"}
    (one,) = differences("stations", row, row | {"hours_calendar": "official", "hours_words": "工作日"})
    assert (one.field, one.sort) == ("hours_expression", Sort.HOURS)
    assert one.old["hours_calendar"] == "plain"
    assert one.new == {
        "hours_expression": "Mo-Fr 08:00-18:00",
        "hours_calendar": "official",
        "hours_words": "工作日",
    }


def test_a_row_that_was_added_tells_what_it_holds_and_not_what_it_lacks() -> None:
    row = {"amenity": "toilet", "value": "yes", "out_of_order": False, "note": None, "id": 5, "added_in": 7}
    assert [(one.field, one.new) for one in differences("amenities", None, row)] == [
        ("amenity", "toilet"),
        ("value", "yes"),
    ]
    assert differences("stations", None, {"capacity": 0})[0].new == 0
