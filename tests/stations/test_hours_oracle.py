"""The fast evaluator says at every minute what the slow one says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hours_oracle import DAY_MINUTES, HOLIDAYS, MAKEUP_DAYS, OracleRule, OracleSchedule, write
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stations.hours import SHANGHAI, Calendar, DatedException, Hours, spans, standing

SCAN_DAYS = 9
NOTABLE = sorted(
    day
    for day in {d + timedelta(days=step) for d in HOLIDAYS | MAKEUP_DAYS for step in (-1, 0, 1)}
    | {date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 1)}
    if date(2025, 1, 2) <= day <= date(2026, 10, 20)
)

clock = st.sampled_from([0, 1, 30, 510, 720, 1020, 1320, 1320, 1439]) | st.integers(0, DAY_MINUTES - 1)
lengths = st.sampled_from([1, 60, 240, 510, 1440]) | st.integers(1, DAY_MINUTES)
days = st.sampled_from(NOTABLE) | st.dates(date(2025, 1, 2), date(2026, 10, 20))


@st.composite
def times(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    found = draw(st.lists(st.tuples(clock, lengths), max_size=3))
    return tuple((start, min(start + length, 2 * DAY_MINUTES)) for start, length in found)


@st.composite
def rule(draw: st.DrawFn, *, first: bool = False) -> OracleRule:
    return OracleRule(
        join=";" if first else draw(st.sampled_from([";", ";", ",", "||"])),
        state=draw(st.sampled_from(["open", "open", "open", "unknown", "closed"])),
        months=draw(st.just(()) | st.just(()) | st.tuples(st.integers(1, 12))),
        weekdays=draw(
            st.sampled_from([(), (0, 1, 2, 3, 4), (5, 6), (5,), (0, 2)])
            | st.lists(st.integers(0, 6), unique=True, max_size=4).map(lambda found: tuple(sorted(found)))
        ),
        public=draw(st.sampled_from([False, False, True])),
        times=draw(times()),
    )


@st.composite
def rules(draw: st.DrawFn) -> list[OracleRule]:
    return [draw(rule(first=True)), *draw(st.lists(rule(), max_size=3))]


@st.composite
def exception(draw: st.DrawFn, near: date) -> tuple[date, date, list[OracleRule] | None]:
    start = near + timedelta(days=draw(st.integers(-2, 3)))
    return start, start + timedelta(days=draw(st.integers(0, 4))), draw(st.none() | rules())


@st.composite
def schedules(draw: st.DrawFn) -> tuple[OracleSchedule, date]:
    near = draw(days)
    exceptions = draw(st.lists(exception(near), max_size=3))
    return OracleSchedule(draw(rules()), draw(st.booleans()), exceptions), near


def hours_of(schedule: OracleSchedule) -> Hours:
    return Hours(
        write(schedule.rules),
        Calendar.OFFICIAL if schedule.official else Calendar.PLAIN,
        tuple(
            DatedException(first, last, None if found is None else write(found))
            for first, last, found in schedule.exceptions
        ),
    )


def moment(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(minutes=minute)


OVERNIGHT = (1320, 1560)
OPEN_OR_UNKNOWN = OracleSchedule(
    [OracleRule(times=(OVERNIGHT,)), OracleRule(weekdays=(6,), state="unknown", times=((0, 60),))]
)
OVERLAPPING = OracleSchedule(
    [OracleRule()],
    exceptions=[
        (date(2025, 3, 1), date(2025, 3, 9), None),
        (date(2025, 3, 5), date(2025, 3, 8), [OracleRule(times=((540, 720),))]),
    ],
)
NIGHT = OracleSchedule([OracleRule(times=(OVERNIGHT,)), OracleRule(state="closed", weekdays=(5,))])


@settings(max_examples=250, deadline=None)
@given(schedules(), st.integers(0, DAY_MINUTES - 1) | st.sampled_from([0, 1, 119, 120, 1439]))
@example((NIGHT, date(2025, 3, 8)), 60)
@example((NIGHT, date(2025, 3, 9)), 60)
@example(
    (OracleSchedule([OracleRule(weekdays=(0, 1, 2, 3, 4), times=((510, 1020),))], True), date(2025, 10, 11)),
    600,
)
@example((OracleSchedule([OracleRule(), OracleRule(public=True, state="closed")]), date(2025, 10, 3)), 600)
def test_state_and_next_change_are_those_found_minute_by_minute(
    found: tuple[OracleSchedule, date], minute: int
) -> None:
    schedule, day = found
    now = standing(hours_of(schedule), moment(day, minute))
    state = schedule.state(day, minute)
    assert now.state == state
    for step in range(minute + 1, SCAN_DAYS * DAY_MINUTES):
        other = schedule.state(day + timedelta(days=step // DAY_MINUTES), step % DAY_MINUTES)
        if other != state:
            assert (now.until, now.then) == (moment(day, step), other)
            return
    assert now.until is None or now.until >= moment(day, SCAN_DAYS * DAY_MINUTES)


@settings(max_examples=120, deadline=None)
@given(schedules(), st.integers(0, DAY_MINUTES), st.integers(0, 4 * DAY_MINUTES))
def test_spans_hold_exactly_the_minutes_that_are_open_or_unknown(
    found: tuple[OracleSchedule, date], first: int, length: int
) -> None:
    schedule, day = found
    start, end = moment(day, first), moment(day, first + length)
    answer = spans(hours_of(schedule), start, end)
    for state, got in (("open", answer.open), ("unknown", answer.unknown)):
        expected: list[tuple[int, int]] = []
        for minute in range(first, first + length):
            if schedule.state(day + timedelta(days=minute // DAY_MINUTES), minute % DAY_MINUTES) == state:
                if expected and expected[-1][1] == minute:
                    expected[-1] = expected[-1][0], minute + 1
                else:
                    expected.append((minute, minute + 1))
        assert got == tuple((moment(day, a), moment(day, b)) for a, b in expected)


@settings(max_examples=60, deadline=None)
@given(schedules(), st.integers(0, DAY_MINUTES - 1), st.integers(-14, 14))
def test_a_moment_means_the_same_in_every_zone(
    found: tuple[OracleSchedule, date], minute: int, zone_hours: int
) -> None:
    schedule, day = found
    at = moment(day, minute)
    hours = hours_of(schedule)
    assert standing(hours, at.astimezone(timezone(timedelta(hours=zone_hours)))) == standing(hours, at)
    assert standing(hours, at.astimezone(UTC)).at.tzinfo is SHANGHAI
