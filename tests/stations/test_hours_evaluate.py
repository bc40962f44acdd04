"""Open, closed or unknown at a moment, until when, and how it is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours

from stations.errors import Invalid
from stations.hours import (
    SHANGHAI,
    Calendar,
    DatedException,
    Hours,
    State,
    always_open,
    describe,
    describe_day,
    parse_words,
    phrase,
    spans,
    standing,
    week,
)
from stations.hours.describe import PHRASES
from stations.hours.holidays import official_day

ALWAYS = Hours("24/7")
OFFICE = Hours("Mo-Fr 08:30-17:00")
WORKING = Hours("Mo-Fr 08:30-17:00", Calendar.OFFICIAL)
NIGHT = Hours("22:00-02:00")
YEAR_UNPUBLISHED = 2090


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def test_a_night_is_open_as_seen_from_the_next_day() -> None:
    now = standing(NIGHT, at(2026, 3, 4, 1, 30))
    assert (now.state, now.until, now.then) == (State.OPEN, at(2026, 3, 4, 2), State.CLOSED)
    assert standing(NIGHT, at(2026, 3, 4, 2)).state is State.CLOSED


def test_a_span_belongs_to_the_day_on_which_it_begins() -> None:
    no_saturday = Hours("Mo-Su 22:00-02:00; Sa off")
    assert standing(no_saturday, at(2026, 3, 7, 1)).state is State.OPEN
    assert standing(no_saturday, at(2026, 3, 7, 23)).state is State.CLOSED
    assert standing(no_saturday, at(2026, 3, 8, 1)).state is State.CLOSED
    closed = Hours("22:00-02:00", exceptions=(DatedException(date(2026, 3, 7), date(2026, 3, 7), None),))
    assert standing(closed, at(2026, 3, 7, 1)).state is State.OPEN
    assert standing(closed, at(2026, 3, 8, 1)).state is State.CLOSED


def test_equal_times_are_a_whole_day_and_night() -> None:
    assert standing(Hours("10:00-10:00"), at(2026, 3, 4, 3)).until is None
    monday = standing(Hours("Mo 10:00-10:00"), at(2026, 3, 3, 9))
    assert (monday.state, monday.until) == (State.OPEN, at(2026, 3, 3, 10))


def test_an_open_end_is_unknown_after_it() -> None:
    found = spans(Hours("08:00-12:00+"), at(2026, 3, 4), at(2026, 3, 5))
    assert found.open == ((at(2026, 3, 4, 8), at(2026, 3, 4, 12)),)
    assert found.unknown == ((at(2026, 3, 4, 12), at(2026, 3, 5)),)
    assert standing(Hours("17:00+"), at(2026, 3, 4, 18)).state is State.UNKNOWN


def test_a_fallback_rule_holds_wherever_nothing_else_is_said() -> None:
    assert standing(Hours("08:00-18:00 || unknown"), at(2026, 3, 4, 20)).state is State.UNKNOWN


def test_off_with_times_cuts_them_out() -> None:
    found = spans(Hours("Mo-Fr 08:00-20:00; 12:00-14:00 off"), at(2026, 3, 4), at(2026, 3, 5)).open
    assert [(start.hour, end.hour) for start, end in found] == [(8, 12), (14, 20)]


def test_make_up_days_are_worked_and_holidays_are_off_under_the_official_calendar_only() -> None:
    makeup, holiday = at(2026, 10, 10, 10), at(2026, 10, 5, 10)
    assert (standing(WORKING, makeup).state, standing(OFFICE, makeup).state) == (State.OPEN, State.CLOSED)
    assert (standing(WORKING, holiday).state, standing(OFFICE, holiday).state) == (State.CLOSED, State.OPEN)


def test_opening_on_working_days_is_unknown_on_them_and_closed_on_others() -> None:
    hours = parse_words("工作日开放", today=date(2026, 4, 20)).hours
    states = {day: standing(hours, at(2026, 10, day, 10)).state for day in (9, 10, 11)}
    assert states == {9: State.UNKNOWN, 10: State.UNKNOWN, 11: State.CLOSED}
    assert standing(hours, at(2026, 10, 5, 10)).state is State.CLOSED


def test_public_holidays_are_the_official_ones_and_not_those_of_the_library() -> None:
    hours = Hours("08:00-20:00; PH off")
    for day in range(1, 8):
        assert standing(hours, at(2026, 10, day, 10)).state is State.CLOSED
    assert standing(hours, at(2026, 10, 8, 10)).state is State.OPEN
    assert standing(hours, at(2026, 10, 10, 10)).state is State.OPEN
    short = Hours("08:00-20:00; PH 09:00-12:00")
    assert standing(short, at(2026, 10, 3, 10)).until == at(2026, 10, 3, 12)


def test_working_days_that_differ_leave_a_make_up_day_unknown_where_they_do() -> None:
    hours = Hours("Mo-Th 08:00-17:00; Fr 08:00-12:00", Calendar.OFFICIAL)
    found = spans(hours, at(2026, 10, 10), at(2026, 10, 11))
    assert found.open == ((at(2026, 10, 10, 8), at(2026, 10, 10, 12)),)
    assert found.unknown == ((at(2026, 10, 10, 12), at(2026, 10, 10, 17)),)


def test_a_year_without_an_official_calendar_uses_plain_weekdays_and_says_so() -> None:
    holiday = at(YEAR_UNPUBLISHED, 10, 2, 10)
    assert official_day(holiday.date()) is None
    for hours in (WORKING, Hours("Mo-Fr 08:30-17:00; PH off")):
        found = standing(hours, holiday)
        assert (found.state, found.fallback) == (State.OPEN, True)
        assert spans(hours, holiday, holiday + timedelta(days=1)).fallback
        assert week(hours, holiday.date())[0].fallback
    for hours in (OFFICE, ALWAYS, Hours("24/7", Calendar.OFFICIAL)):
        assert not standing(hours, holiday).fallback
    assert standing(WORKING, at(2003, 6, 2, 10)).fallback
    assert not standing(WORKING, at(2026, 3, 4, 10)).fallback


def test_a_change_that_lies_in_a_year_without_a_calendar_is_marked() -> None:
    last = 2026
    while official_day(date(last + 1, 1, 1)) is not None:
        last += 1
    evening = standing(WORKING, at(last, 12, 31, 23))
    assert evening.fallback
    assert evening.until is not None
    assert evening.until.year == last + 1


def test_exceptions_override_and_the_later_one_wins() -> None:
    hours = Hours(
        "24/7",
        exceptions=(
            DatedException(date(2026, 3, 2), date(2026, 3, 10), None, "装修"),
            DatedException(date(2026, 3, 5), date(2026, 3, 5), "09:00-12:00", "半天"),
            DatedException(date(2026, 3, 6), date(2026, 3, 6), "unknown"),
        ),
    )
    closed = standing(hours, at(2026, 3, 4, 12))
    assert (closed.state, closed.until, closed.comment) == (State.CLOSED, at(2026, 3, 5, 9), "装修")
    assert standing(hours, at(2026, 3, 5, 10)).comment == "半天"
    assert standing(hours, at(2026, 3, 6, 10)).state is State.UNKNOWN
    assert standing(hours, at(2026, 3, 11)).state is State.OPEN
    assert standing(hours, at(2026, 3, 1)).until == at(2026, 3, 2)


def test_nothing_known_is_unknown_until_an_exception_says_more() -> None:
    unknown = Hours(None, exceptions=(DatedException(date(2026, 3, 5), date(2026, 3, 5), None),))
    now = standing(unknown, at(2026, 3, 4, 12))
    assert (now.state, now.until, now.then) == (State.UNKNOWN, at(2026, 3, 5), State.CLOSED)
    assert standing(Hours(None), at(2026, 3, 4)).until is None
    whole = spans(Hours(None), at(2026, 3, 4), at(2026, 3, 6))
    assert (whole.open, whole.unknown) == ((), ((at(2026, 3, 4), at(2026, 3, 6)),))


def test_spans_run_over_midnight_and_over_the_year_in_one_piece() -> None:
    assert spans(ALWAYS, at(2025, 12, 1), at(2026, 2, 1)).open == ((at(2025, 12, 1), at(2026, 2, 1)),)
    new_year = spans(NIGHT, at(2025, 12, 31, 12), at(2026, 1, 1, 12)).open
    assert new_year == ((at(2025, 12, 31, 22), at(2026, 1, 1, 2)),)


def test_spans_are_cut_to_the_window_and_carry_the_zone() -> None:
    found = spans(NIGHT, datetime(2026, 3, 4, 15, 30, 15, tzinfo=UTC), at(2026, 3, 5, 1))
    assert found.open == ((datetime(2026, 3, 4, 23, 30, 15, tzinfo=SHANGHAI), at(2026, 3, 5, 1)),)
    assert found.open[0][0].tzinfo is SHANGHAI
    assert spans(NIGHT, at(2026, 3, 4), at(2026, 3, 4)).open == ()


def test_naive_and_impossible_moments_are_refused() -> None:
    naive = datetime(2026, 3, 4, 12)
    for ask in (
        lambda: standing(ALWAYS, naive),
        lambda: spans(ALWAYS, naive, at(2026, 3, 5)),
        lambda: spans(ALWAYS, at(2026, 3, 5), at(2026, 3, 4)),
        lambda: spans(ALWAYS, at(2000, 1, 1), at(2026, 1, 1)),
        lambda: standing(ALWAYS, datetime.max.replace(tzinfo=UTC)),
        lambda: week(ALWAYS, date.max),
    ):
        with pytest.raises(Invalid) as caught:
            ask()
        assert caught.value.field == "at"


def test_the_first_and_the_last_years_can_be_asked() -> None:
    assert standing(NIGHT, at(1, 1, 1, 1)).state is State.CLOSED
    assert standing(NIGHT, at(9997, 6, 1, 1)).state is State.OPEN
    assert standing(Hours("Feb 29"), at(2026, 3, 1)).state is State.CLOSED
    forever = Hours("24/7", exceptions=(DatedException(date(2026, 1, 1), date.max, None),))
    assert standing(forever, at(2030, 1, 1)).until is None


def test_a_week_shows_holidays_make_up_days_exceptions_and_nights() -> None:
    hours = Hours(
        "Mo-Fr 22:00-02:00",
        Calendar.OFFICIAL,
        (DatedException(date(2026, 10, 9), date(2026, 10, 9), "unknown", "盘点"),),
    )
    days = week(hours, date(2026, 10, 5))
    assert [day.date.day for day in days] == list(range(5, 12))
    assert [day.is_holiday for day in days] == [True, True, True, False, False, False, False]
    assert [day.is_makeup for day in days] == [False] * 5 + [True, False]
    assert [day.state for day in days] == [
        *[State.CLOSED] * 3,
        State.OPEN,
        State.UNKNOWN,
        State.OPEN,
        State.CLOSED,
    ]
    assert (days[0].holiday, days[4].reason, days[4].is_exception) == ("国庆节", "盘点", True)
    assert [describe_day(day) for day in days[2:6]] == ["休息", "22:00–02:00", "时间未知", "22:00–02:00"]
    assert days[5].spans[0].ends == at(2026, 10, 11, 2)


@pytest.mark.parametrize(
    ("expression", "moment", "zh", "en"),
    [
        ("08:00-20:00", at(2026, 3, 4, 19, 40), "营业中 · 20分钟后关门", "Open · closes in 20 min"),
        ("08:00-20:00", at(2026, 3, 4, 10), "营业中 · 20:00 关门", "Open · closes 20:00"),
        ("08:00-20:00", at(2026, 3, 4, 7, 15), "45分钟后开门", "Opens in 45 min"),
        ("22:00-02:00", at(2026, 3, 4, 12), "22:00 开门", "Opens 22:00"),
        ("22:00-02:00", at(2026, 3, 4, 23), "营业中 · 明天 02:00 关门", "Open · closes tomorrow 02:00"),
        ("08:00-20:00", at(2026, 3, 4, 21), "明天 08:00 开门", "Opens tomorrow 08:00"),
        ("Mo-Fr 08:30-17:00", at(2026, 3, 6, 18), "周一 08:30 开门", "Opens Mon 08:30"),
        ("May 08:30-17:00", at(2026, 3, 6, 18), "5月1日 08:30 开门", "Opens 5/1 08:30"),
        ("08:00-24:00", at(2026, 3, 4, 12), "营业中 · 24:00 关门", "Open · closes 24:00"),
        ("24/7", at(2026, 3, 4, 12), "24小时开放", "Open 24 hours"),
        ("off", at(2026, 3, 4, 12), "未开放", "Closed"),
        (None, at(2026, 3, 4, 12), "时间未知", "Hours unknown"),
        (
            "08:00-18:00 || unknown",
            at(2026, 3, 4, 12),
            "营业中 · 18:00 后时间未知",
            "Open · hours unknown from 18:00",
        ),
        (
            "Mo-Fr unknown",
            at(2026, 3, 7, 12),
            "未开放 · 周一 00:00 后时间未知",
            "Closed · hours unknown from Mon 00:00",
        ),
    ],
)
def test_a_standing_is_told_in_few_words(expression: str | None, moment: datetime, zh: str, en: str) -> None:
    found = standing(Hours(expression), moment)
    assert (describe(found, "zh-Hans"), describe(found, "en-GB")) == (zh, en)
    assert describe(found, "bo") == zh


def test_minutes_are_rounded_so_that_nobody_comes_to_a_closed_door() -> None:
    hours = Hours("08:00-20:00")
    seconds = timedelta(seconds=30)
    assert phrase(standing(hours, at(2026, 3, 4, 19, 40) + seconds)).params == {"minutes": 19}
    assert phrase(standing(hours, at(2026, 3, 4, 7, 40) - seconds)).params == {"minutes": 21}
    assert phrase(standing(hours, at(2026, 3, 4, 19, 59) + seconds)).params == {"minutes": 1}


def test_every_phrase_has_both_languages() -> None:
    assert PHRASES["zh"].keys() == PHRASES["en"].keys()


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "   ",
        "nonsense",
        "Mo-Fr 8:30-17:00 工作日",
        "SH 08:00-12:00",
        "PH +1 day off",
        "sunrise-sunset",
        "sunset+",
        "10:00-16:00/02:00",
        "Mo\n08:00-10:00",
        "08:00-20:00\x00",
        "(" * 1500,
        "08:00-20:00; " * 400 + "off",
    ],
)
def test_a_bad_expression_is_refused_and_quoted(expression: str) -> None:
    for hours in (
        Hours(expression),
        Hours("24/7", exceptions=(DatedException(date(2026, 1, 1), date(2026, 1, 1), expression),)),
    ):
        with pytest.raises(Invalid) as caught:
            hours.validate()
        assert caught.value.field == "hours"
        assert repr(expression[:100])[1:-1][:40] in str(caught.value)
        assert len(str(caught.value)) < 400


def test_bad_exceptions_and_texts_are_refused() -> None:
    day = date(2026, 1, 1)
    for hours in (
        Hours("24/7", exceptions=(DatedException(day, day - timedelta(days=1), None),)),
        Hours("24/7", exceptions=(DatedException(at(2026, 1, 1), day, None),)),
        Hours("24/7", exceptions=(DatedException(day, day, None, "长" * 500),)),
        Hours("24/7", exceptions=(DatedException(day, day, None),) * 500),
        Hours("24/7", words="字" * 2000),
        Hours("24/7", words="字\x00"),
    ):
        with pytest.raises(Invalid) as caught:
            hours.validate()
        assert caught.value.field == "hours"


def test_a_key_is_that_of_what_opens_alike() -> None:
    exception = DatedException(date(2026, 1, 1), date(2026, 1, 2), None)
    assert Hours("24/7", words="24小时").key == Hours("24/7", words="全天").key
    different = {
        Hours("24/7").key,
        Hours(None).key,
        Hours("None").key,
        Hours("24/7", Calendar.OFFICIAL).key,
        Hours("24/7", exceptions=(exception,)).key,
        Hours("24/7", exceptions=(exception, exception)).key,
    }
    assert len(different) == 6


def test_a_key_stays_the_same_from_release_to_release_because_databases_hold_it() -> None:
    assert Hours("24/7").key == "fa0249dd232b9c351917ffced2b97145"


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
WEEK = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["", *MONTHS, "Oct-Mar", "May 10-Jun 20", "Dec 20-Jan 10", "week 02-20", "2026 Mar"]
            ),
            st.sampled_from(["", *WEEK, "Mo-Fr", "Sa-Mo", "Mo[1]", "Su[-1]"]),
            st.integers(0, 22).flatmap(lambda start: st.tuples(st.just(start), st.integers(start + 1, 24))),
            st.sampled_from(["", " unknown"]),
        ),
        min_size=1,
        max_size=3,
    ),
    st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    st.integers(0, 23),
)
def test_daytime_rules_without_holidays_mean_what_the_library_makes_of_them(
    rules: list[tuple[str, str, tuple[int, int], str]], day: date, hour: int
) -> None:
    expression = "; ".join(
        " ".join(f"{month} {weekday} {start:02}:00-{end:02}:00{state}".split())
        for month, weekday, (start, end), state in rules
    )
    moment = at(day.year, day.month, day.day, hour, 30)
    theirs = OpeningHours(expression).state(moment.replace(tzinfo=None))[0]
    assert standing(Hours(expression), moment).state.value == str(theirs)


#: No public holiday lies within six weeks of it, and the calendar of the next year is not published.
QUIET = date(2026, 11, 8)


@pytest.mark.parametrize(
    ("expression", "always"),
    [
        ("24/7", True),
        ("00:00-24:00", True),
        ("Mo-Fr 00:00-24:00; Sa-Su 00:00-24:00", True),
        ("08:00-08:00", True),
        ("24/7; PH 00:00-24:00", True),
        ("24/7; PH off", False),
        ("24/7; PH 08:00-20:00", False),
        ("Mo-Sa 00:00-24:00", False),
        ("00:00-23:59", False),
        ("24/7; Feb 17 off", False),
        ("24/7; 2027 Mar 03 off", False),
        ("24/7; 2026 Mar 03 off", True),
        ("24/7 unknown", False),
        (None, False),
    ],
)
def test_always_open_counts_holidays_that_are_not_near(expression: str | None, always: bool) -> None:
    for calendar in Calendar:
        assert always_open(Hours(expression, calendar), QUIET) == always


def test_a_dated_exception_ends_always_until_it_is_over() -> None:
    closed = DatedException(QUIET, QUIET + timedelta(days=3), None)
    assert not always_open(Hours("24/7", exceptions=(closed,)), QUIET - timedelta(days=90))
    assert not always_open(Hours("24/7", exceptions=(closed,)), closed.ends)
    assert always_open(Hours("24/7", exceptions=(closed,)), closed.ends + timedelta(days=1))
    assert always_open(Hours("24/7"), date.max)


@given(
    st.lists(
        st.sampled_from(
            ["24/7", "PH off", "Mo-Fr 00:00-24:00", "Sa,Su 00:00-24:00", "22:00-06:00", "06:00-22:00",
             "PH 00:00-24:00", "Jan-Jun 00:00-24:00", "Jul-Dec 00:00-24:00", "Su off"]
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["; ", ", "]),
    st.sampled_from(list(Calendar)),
)  # fmt: skip
def test_what_is_always_open_is_open_throughout_every_published_year(
    rules: list[str], join: str, calendar: Calendar
) -> None:
    hours = Hours(join.join(rules), calendar)
    start, end = at(2025, 1, 1), at(2027, 1, 1)
    if always_open(hours, start.date()):
        assert spans(hours, start, end).open == ((start, end),)
