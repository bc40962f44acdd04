"""Use: what people write of it is read or refused in words, overlapping figures never add up, nothing is made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations import vocabulary as words
from stations.errors import Invalid, NotFound
from stations.keeping import quality_counts, usage
from stations.keeping.usage import Entry, standing
from stations.keeping.usage_words import Counted, Period, counted, occupation, period
from stations.models import Change, Scans, Station, Visits
from stations.registry import registry
from stations.registry.writing import OPERATOR, PUBLIC, acting, actor_id
from stations.schema import differences

TODAY = date(2026, 9, 21)
NOW = datetime(2026, 9, 21, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


def next_commit(session: Session) -> None:
    session.execute(text("SELECT set_config('yz.commit', '', true)"))


def station(session: Session, name: str = "川口驿站", region: str = "630222", **facts: Any) -> Station:
    next_commit(session)
    with acting(session, actor_id(session, OPERATOR), reason="test"):
        made = registry.add(session, names={"zh": name}, kind="union_station", region_code=region, **facts)
    next_commit(session)
    return made


def note(session: Session, *entries: Entry, how: str = "typed") -> usage.Put:
    next_commit(session)
    with acting(session, actor_id(session, OPERATOR), reason="用了多少"):
        done = usage.put(session, entries, how=how)
    next_commit(session)
    return done


def scan(session: Session, of: Station, day: date, scans: int) -> None:
    with acting(session, actor_id(session, PUBLIC), reason="scans"):
        session.add(Scans(station_id=of.id, day=day, scans=scans))
    next_commit(session)


def of(text_: str) -> Period:
    return period(text_, today=TODAY)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-03", "2026-03"),
        ("2026年3月", "2026-03"),
        ("2026年03月份", "2026-03"),
        ("２０２６．３", "2026-03"),
        ("202603", "2026-03"),
        ("2026-03-05", "2026-03-05"),
        ("2026年3月5日", "2026-03-05"),
        (datetime(2026, 3, 5), "2026-03-05"),
        ("2026Q1", "2026Q1"),
        ("2026年第一季度", "2026Q1"),
        ("2026年2季度", "2026Q2"),
        ("2025", "2025"),
        (2025, "2025"),
        ("2025年度", "2025"),
        ("2026年上半年", "2026-01-01/2026-06-30"),
        ("2026-03-05至2026-03-20", "2026-03-05/2026-03-20"),
        ("2026-01/2026-03", "2026Q1"),
    ],
)
def test_a_period_is_read_as_people_write_it(written: object, read: str) -> None:
    assert str(period(written, today=TODAY)) == read
    assert str(period(read, today=TODAY)) == read


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "no_period"),
        ("3月", "no_period"),
        ("2026-13", "no_period"),
        ("2026-02-30", "no_period"),
        ("2026-09", "not_over"),
        ("2027", "not_over"),
        ("2026-03-20/2026-03-05", "days_swapped"),
        ("2021-01-01/2025-12-31", "too_long"),
    ],
)
def test_a_period_that_is_none_is_refused_with_a_reason(written: str, reason: str) -> None:
    with pytest.raises(Invalid, match="period") as told:
        period(written, today=TODAY)
    assert told.value.reason == reason


@pytest.mark.parametrize(
    ("written", "visits", "at_least"),
    [
        ("1600", 1600, False),
        ("1,600", 1600, False),
        ("１６００", 1600, False),
        (1600.0, 1600, False),
        ("18416人次", 18416, False),
        ("1.6万", 16000, False),
        ("1600余", 1600, True),
        ("1600余人", 1600, True),
        ("1600多人次", 1600, True),
        ("1600人次以上", 1600, True),
        ("1600+", 1600, True),
        ("1.6万余人次", 16000, True),
        ("1万多", 10000, True),
        ("至少1600", 1600, True),
        ("≥1600", 1600, True),
        ("0", 0, False),
    ],
)
def test_a_count_is_read_and_may_be_at_least(written: object, visits: int, at_least: bool) -> None:
    assert counted(written) == Counted(visits, at_least)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("-5", "negative"),
        ("−5", "negative"),
        ("约1600", "about"),
        ("3.5", "no_number"),
        ("很多", "no_number"),
        ("", "no_number"),
        ("1e5", "no_number"),
        ("9999999999", "too_many"),
        ("1.6万余万", "no_number"),
    ],
)
def test_a_count_that_is_none_is_refused_with_a_reason(written: str, reason: str) -> None:
    with pytest.raises(Invalid, match="visits") as told:
        counted(written)
    assert told.value.reason == reason


@given(st.text(max_size=24) | st.floats() | st.integers() | st.none())
def test_whatever_is_written_is_read_or_refused_and_nothing_else(written: object) -> None:
    for read in (counted, occupation, lambda one: period(one, today=TODAY)):
        with suppress(Invalid):
            assert read(written) != ""


def test_who_came_is_one_of_six_or_nobody_in_particular() -> None:
    assert [occupation(each) for each in ("外卖小哥", "快递员", "sanitation", "合计", "")] == [
        "food_delivery",
        "courier",
        "sanitation",
        None,
        None,
    ]
    assert set(words.OCCUPATIONS) == {
        "courier",
        "food_delivery",
        "sanitation",
        "ride_hailing",
        "day_labour",
        "other",
    }
    with pytest.raises(Invalid, match="'路人' is not one of 快递员"):
        occupation("路人")


_DAYS = st.integers(0, 60).map(lambda n: date(2026, 5, 1) + timedelta(days=n))
_PERIODS = st.tuples(_DAYS, st.integers(1, 40)).map(
    lambda one: Period(one[0], one[0] + timedelta(days=one[1]))
)


@given(st.lists(_PERIODS, max_size=12))
def test_of_overlapping_periods_the_longest_stands_and_what_it_leaves_free_counts_too(
    periods: list[Period],
) -> None:
    kept = standing(periods)
    assert not any(a.overlaps(b) for a in kept for b in kept if a is not b)
    for one in set(periods) - set(kept):
        assert any(one.overlaps(other) and other.days >= one.days for other in kept)


def test_the_models_and_the_migration_agree_on_use(session: Session) -> None:
    told = [str(each) for each in differences(session.connection())]
    assert [each for each in told if "scans" in each or "quality_months" in each or "visits" in each] == []


def test_the_same_figures_twice_make_nothing_twice_and_another_count_replaces(
    engine: Engine,
) -> None:
    with Session(engine) as session, session.begin() as outer:
        made = station(session)
        entries = [
            Entry(made.id, of("2026-03"), Counted(420)),
            Entry(made.id, of("2026-03"), Counted(300), "courier"),
        ]
        assert note(session, *entries, how="imported") == usage.Put(2, 0, 0)
        assert note(session, *entries, how="imported") == usage.Put(0, 0, 2)
        assert note(session, Entry(made.id, of("2026-03"), Counted(1600, at_least=True))) == usage.Put(
            0, 1, 0
        )
        told = [
            (str(f.period), str(f.counted), f.how, f.stands)
            for f in usage.figures(session, made.code, today=TODAY)
        ]
        assert sorted(told) == [("2026-03", "1600余", "typed", True), ("2026-03", "300", "imported", False)]
        kept = session.scalars(select(Change.held["visits"]).where(Change.table_name == "visits")).all()
        assert kept == [420]
        with pytest.raises(Invalid, match="told twice, 5 and 6"):
            note(
                session, Entry(made.id, of("2026-02"), Counted(5)), Entry(made.id, of("2026-02"), Counted(6))
            )
        outer.rollback()


def test_a_typed_month_beats_its_scans_and_says_so(engine: Engine) -> None:
    with Session(engine) as session, session.begin() as outer:
        made = station(session)
        for day in (date(2026, 8, 3), date(2026, 8, 20), date(2026, 9, 2)):
            scan(session, made, day, 7)
        note(session, Entry(made.id, of("2026-08"), Counted(310)))
        august, september = None, None
        for one in usage.figures(session, made.code, today=TODAY):
            if one.how == "scanned":
                august, september = (one, september) if one.period.begin.month == 8 else (august, one)
        assert august is not None
        assert (august.stands, str(august.beaten_by)) == (False, "2026-08")
        assert september is not None
        assert (september.stands, str(september.counted)) == (True, "7余")
        told = quality_counts.used(session, now=NOW)
        # August as typed; the plate counted on from 2 September until 20 September.
        assert told.regions["630222"] == {"counted": 1, "visits": 317, "days": 31 + 19, "at_least": 1}
        assert told.ways == {"typed": 310, "scanned": 7}
        outer.rollback()


_FIGURES = st.lists(
    st.tuples(
        _PERIODS, st.integers(0, 50), st.booleans(), st.sampled_from([None, None, "courier", "骑手", "诗人"])
    ),
    max_size=5,
)
_SCANS = st.dictionaries(_DAYS, st.integers(1, 9), max_size=4)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["630222", "630202"]), _FIGURES, _SCANS), min_size=1, max_size=3))
def test_the_database_adds_up_what_adding_station_by_station_finds(engine: Engine, made: Any) -> None:
    wanted: dict[str, list[int]] = {}
    with Session(engine) as session, session.begin() as outer:
        for region, figures_, scans in made:
            one = station(session, region=region)
            with acting(session, actor_id(session, OPERATOR), reason="test"):
                for each, visits, rough, who in figures_:
                    session.add(
                        Visits(
                            station_id=one.id,
                            period=Range(each.begin, each.end),
                            visits=visits,
                            at_least=rough,
                            occupation=who,
                            how="typed",
                        )
                    )
            next_commit(session)
            for day, count in scans.items():
                scan(session, one, day, count)
            visits, days = _slowly(figures_, scans)
            if figures_ or scans:
                sums = wanted.setdefault(region, [0, 0, 0])
                for at, more in enumerate((1, visits, days)):
                    sums[at] += more
        told = quality_counts.used(session, now=NOW)
        assert {
            code: [row["counted"], row["visits"], row["days"]]
            for code, row in told.regions.items()
            if any(row.values())
        } == wanted
        assert sum(told.ways.values()) == sum(row[1] for row in wanted.values())
        outer.rollback()


def _slowly(figures_: Any, scans: dict[date, int]) -> tuple[int, int]:
    """Count day by day: each day belongs to one figure at most."""
    kept = standing(each for each, *_ in figures_)
    visits = 0
    for each in kept:
        rows = [(count, who) for other, count, _, who in figures_ if other == each]
        wholes = [count for count, who in rows if who is None]
        visits += wholes[-1] if wholes else sum(count for count, _ in rows)
    days = {each.begin + timedelta(days=n) for each in kept for n in range(each.days)}
    told = days.copy()
    free = {day: count for day, count in scans.items() if day not in told}
    day = min(free, default=TODAY)
    while day < TODAY:
        days.add(day)
        day += timedelta(days=1)
    return visits + sum(free.values()), len(days)


def test_nothing_is_kept_of_a_count_below_nothing_whoever_writes_it(engine: Engine) -> None:
    with Session(engine) as session, session.begin() as outer:
        made = station(session)
        with pytest.raises(IntegrityError, match="ck_visits_visits"), session.begin_nested():
            note(session, Entry(made.id, of("2026-03"), Counted(-5)))
        assert session.scalar(select(func.count()).select_from(Visits)) == 0
        with pytest.raises(NotFound, match="no station has the code 'QH-NONE'"):
            usage.figures(session, "QH-NONE", today=TODAY)
        outer.rollback()
