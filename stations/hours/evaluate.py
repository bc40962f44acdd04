"""Is it open, until when, and in which spans: the questions asked of `Hours`, answered in Asia/Shanghai.

A moment may come in any zone; answers carry the zone Asia/Shanghai. A naive moment is refused, because nobody
can tell which clock it was read from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from stations.errors import Invalid
from stations.hours.holidays import official_day
from stations.hours.model import SHANGHAI, Hours, State
from stations.hours.programme import DAY, Segment
from stations.hours.schedule import HORIZON, Schedule, schedule_of

__all__ = ["Day", "DaySpan", "Span", "Spans", "Standing", "always_open", "spans", "standing", "week"]

Span = tuple[datetime, datetime]
_LONGEST_DAYS = 3700
_LAST_ORDINAL = date.max.toordinal() - HORIZON


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds at a moment, ``at``, and the next change.

    ``until`` and ``then`` are None where nothing changes within `HORIZON` days. ``comment`` is the words that
    the expression or the exception gives for the present state. ``fallback`` tells that a year without an
    official calendar was met, so that plain weekdays were used.
    """

    state: State
    at: datetime
    until: datetime | None
    then: State | None
    comment: str = ""
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Spans:
    """Open and unknown time within a window: half-open, sorted, merged. The rest of the window is closed."""

    open: tuple[Span, ...]
    unknown: tuple[Span, ...]
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class DaySpan:
    """A span that begins on a day; ``ends`` may lie on the next."""

    starts: datetime
    ends: datetime
    state: State


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a displayed week: its spans, and what makes it special.

    ``state`` is the best the day offers: open if it opens at all, else unknown, else closed. ``holiday`` is the
    Chinese name of the public holiday that the day belongs to or, on a make-up day, makes up for.
    """

    date: date
    spans: tuple[DaySpan, ...]
    state: State
    is_holiday: bool = False
    is_makeup: bool = False
    holiday: str = ""
    reason: str = ""
    is_exception: bool = False
    fallback: bool = False


def standing(hours: Hours, moment: datetime) -> Standing:
    """Return the state at ``moment`` and the first minute at which another state holds.

    Raises `Invalid` (field ``at``) on a naive moment or one outside the years 1 to 9997.
    """
    at = _local(moment)
    schedule = schedule_of(hours)
    ordinal, minute = at.toordinal(), at.hour * 60 + at.minute
    now = schedule.segment_at(ordinal, minute)
    end = schedule.end_of(ordinal, minute, now.state)
    if end is None:
        return Standing(now.state, at, None, None, now.comment, schedule.falls_back(ordinal, ordinal))
    return Standing(
        now.state,
        at,
        _wall_clock(*end),
        schedule.segment_at(*end).state,
        now.comment,
        schedule.falls_back(ordinal, end[0]),
    )


def always_open(hours: Hours, day: date) -> bool:
    """Tell whether hours know no closed minute from a day on: at night, at weekends, on every holiday.

    Where in doubt it is no: what is said here of a door is relied upon at three in the morning.
    """
    return schedule_of(hours).always_open(min(day.toordinal(), _LAST_ORDINAL))


def spans(hours: Hours, start: datetime, end: datetime) -> Spans:
    """Return the open and the unknown spans within ``[start, end)``.

    Raises `Invalid` (field ``at``) on naive moments, an end before the start, or a window of over ten years.
    """
    first, last = _local(start), _local(end)
    if last < first:
        raise Invalid(
            f"The window ends at {end}, before it starts at {start}; swap them.", field="at", value=end
        )
    if last - first > timedelta(days=_LONGEST_DAYS):
        raise Invalid(
            f"The window of {(last - first).days} days is too long; ask for at most {_LONGEST_DAYS} days.",
            field="at",
            value=end,
        )
    if first == last:
        return Spans((), ())
    schedule = schedule_of(hours)
    found: dict[State, list[tuple[int, int]]] = {State.OPEN: [], State.UNKNOWN: []}
    for ordinal, segment in schedule.parts(first.toordinal(), last.toordinal()):
        if segment.state is State.CLOSED:
            continue
        merged = found[segment.state]
        begins, ends = ordinal * DAY + segment.start, ordinal * DAY + segment.end
        if merged and merged[-1][1] == begins:
            merged[-1] = merged[-1][0], ends
        else:
            merged.append((begins, ends))
    return Spans(
        _clipped(found[State.OPEN], first, last),
        _clipped(found[State.UNKNOWN], first, last),
        schedule.falls_back(first.toordinal(), last.toordinal()),
    )


def week(hours: Hours, first_day: date) -> tuple[Day, ...]:
    """Return seven days from ``first_day`` with the spans that begin on each, holidays and exceptions named.

    Raises `Invalid` (field ``at``) within the last days of the calendar (year 9999).
    """
    first = first_day.toordinal()
    if first > _LAST_ORDINAL:
        raise Invalid(
            f"The week of {first_day} is beyond the calendar; ask for an earlier one.",
            field="at",
            value=first_day,
        )
    schedule = schedule_of(hours)
    return tuple(_day(schedule, ordinal) for ordinal in range(first, first + 7))


def _day(schedule: Schedule, ordinal: int) -> Day:
    day = date.fromordinal(ordinal)
    found = tuple(
        DaySpan(_wall_clock(ordinal, segment.start), _wall_clock(ordinal, segment.end), segment.state)
        for segment in _merged(schedule, ordinal)
    )
    states = {span.state for span in found}
    official = official_day(day)
    exception = schedule.exception_on(day)
    return Day(
        day,
        found,
        next((state for state in (State.OPEN, State.UNKNOWN) if state in states), State.CLOSED),
        is_holiday=official is not None and official.is_holiday,
        is_makeup=official is not None and official.working and day.weekday() >= 5,
        holiday=official.holiday if official is not None else "",
        reason=exception.reason if exception is not None else "",
        is_exception=exception is not None,
        fallback=schedule.falls_back(ordinal, ordinal),
    )


def _merged(schedule: Schedule, ordinal: int) -> list[Segment]:
    merged: list[Segment] = []
    for segment in schedule.programme(ordinal):
        if segment.state is State.CLOSED:
            continue
        last = merged[-1] if merged else None
        if last is not None and last.end == segment.start and last.state is segment.state:
            merged[-1] = last._replace(end=segment.end)
        else:
            merged.append(segment)
    return merged


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise Invalid(
            f"The moment {moment} has no time zone; add one, such as +08:00.", field="at", value=moment
        )
    try:
        local = moment.astimezone(SHANGHAI)
    except OverflowError:
        local = None
    if local is None or local.toordinal() > _LAST_ORDINAL:
        raise Invalid(
            f"The moment {moment} is beyond the calendar; ask for years 1 to 9997.", field="at", value=moment
        )
    return local


def _wall_clock(ordinal: int, minute: int) -> datetime:
    days, minute = divmod(minute, DAY)
    day = date.fromordinal(ordinal + days)
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=SHANGHAI)


def _clipped(found: list[tuple[int, int]], first: datetime, last: datetime) -> tuple[Span, ...]:
    moments = (
        (max(_wall_clock(*divmod(start, DAY)), first), min(_wall_clock(*divmod(end, DAY)), last))
        for start, end in found
    )
    return tuple((start, end) for start, end in moments if start < end)
