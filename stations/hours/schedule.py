"""Hours made ready to be asked: what holds on a day, and on which days the official calendar was missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import TypeVar

from stations.hours.expression import Rule, compile_expression, day_programme
from stations.hours.holidays import official_day
from stations.hours.model import Calendar, DatedException, Hours
from stations.hours.programme import Programme, Segment, State, agree, calendar_day, whole_day

__all__ = ["HORIZON", "Schedule", "schedule_of"]

HORIZON = 400
"""Days within which a next change is looked for: a year of holidays, and the leap day."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_DAYS_KEPT = 2048
_NOT_KEPT = (-1, -1)
_WEEK = 8
_WORKDAYS, _WEEKEND = (0, 1, 2, 3, 4), (5, 6)
_UNKNOWN = "unknown"
_CLOSED = "off"


def schedule_of(hours: Hours) -> Schedule:
    """Return the ready schedule of ``hours``; schedules that open alike are shared, whatever their words."""
    return _schedule(hours.expression, hours.calendar, hours.exceptions)


@lru_cache(maxsize=2048)
def _schedule(expression: str | None, calendar: Calendar, exceptions: tuple[DatedException, ...]) -> Schedule:
    return Schedule(Hours(expression, calendar, exceptions))


class Schedule:
    """The rules of one `Hours` with what was already worked out, day by day. Days are proleptic ordinals."""

    def __init__(self, hours: Hours) -> None:
        self._rules = compile_expression(_UNKNOWN if hours.expression is None else hours.expression)
        self._official = hours.calendar is Calendar.OFFICIAL
        self._exceptions = tuple(
            (exception, compile_expression(_CLOSED if exception.expression is None else exception.expression))
            for exception in reversed(hours.exceptions)
        )
        every_rule = [*self._rules, *(rule for _, rules in self._exceptions for rule in rules)]
        self._asks_calendar = any(
            rule.holidays or (self._official and rule.weekdays is not None) for rule in every_rule
        )
        weekly = not (self._exceptions or self._asks_calendar or any(rule.dated for rule in self._rules))
        self._horizon = _WEEK if weekly else HORIZON
        self._alike: dict[tuple[object, ...], Programme] = {}
        self._programmes: dict[int, Programme] = {}
        self._days: dict[int, Programme] = {}
        self._ends: dict[tuple[int, State], tuple[int, int] | None] = {}

    def programme(self, ordinal: int) -> Programme:
        """Return the spans that begin on a day; an overnight one ends above 1440."""
        known = self._programmes.get(ordinal)
        if known is None:
            known = _keep(self._programmes, ordinal, self._work_out(date.fromordinal(ordinal)))
        return known

    def day(self, ordinal: int) -> Programme:
        """Return what holds from 0:00 to 24:00 of a day, without gaps."""
        known = self._days.get(ordinal)
        if known is None:
            before = self.programme(ordinal - 1) if ordinal > 1 else ()
            known = _keep(self._days, ordinal, calendar_day(before, self.programme(ordinal)))
        return known

    def segment_at(self, ordinal: int, minute: int) -> Segment:
        """Return the part of the day that holds at a minute."""
        return next(segment for segment in self.day(ordinal) if minute < segment.end)

    def end_of(self, ordinal: int, minute: int, state: State) -> tuple[int, int] | None:
        """Return day and minute at which ``state``, holding now, ends; None where it does not within `HORIZON`."""
        for segment in self.day(ordinal):
            if segment.start > minute and segment.state is not state:
                return ordinal, segment.start
        # One look-up: another thread may empty the memory between two.
        known = self._ends.get((ordinal, state), _NOT_KEPT)
        if known is _NOT_KEPT:
            known = _keep(self._ends, (ordinal, state), self._first_other(ordinal + 1, state))
        return known

    def always_open(self, first: int) -> bool:
        """Tell whether every day from ``first`` on is open throughout, whatever weekday or holiday it turns out to be.

        Holidays of years that are not published count, and those that no day of these weeks is. Months and dates are looked
        at for `HORIZON` days, and an exception that is not over counts as another day.
        """
        if any(exception.ends.toordinal() >= first for exception, _ in self._exceptions):
            return False
        days = range(first, first + (HORIZON if any(rule.dated for rule in self._rules) else 1))
        heard = {tuple(rule.speaks_of(date.fromordinal(day)) for rule in self._rules) for day in days}
        holidays = (False, True) if any(rule.holidays for rule in self._rules) else (False,)
        said = {
            day_programme(self._rules, speaking, weekday, holiday)
            for speaking in heard
            for weekday in (*_WORKDAYS, *_WEEKEND)
            for holiday in holidays
        }
        return all(
            segment.state is State.OPEN
            for before in said
            for programme in said
            for segment in calendar_day(before, programme)
        )

    def exception_on(self, day: date) -> DatedException | None:
        """Return the dated exception that holds on a day, if one does."""
        return next((e for e, _ in self._exceptions if e.starts <= day <= e.ends), None)

    def falls_back(self, first: int, last: int) -> bool:
        """Tell whether a day from first to last, both included, had to do without the official calendar."""
        if not self._asks_calendar:
            return False
        years = range(date.fromordinal(first).year, date.fromordinal(last).year + 1)
        return any(official_day(date(year, 1, 1)) is None for year in years)

    def parts(self, first: int, last: int) -> Iterator[tuple[int, Segment]]:
        """Yield (day, part) of every part of every day from first to last, both included."""
        for ordinal in range(first, last + 1):
            for segment in self.day(ordinal):
                yield ordinal, segment

    def _first_other(self, ordinal: int, state: State) -> tuple[int, int] | None:
        stop = min(ordinal + self._horizon, date.max.toordinal())
        for day, segment in self.parts(ordinal, stop):
            if segment.state is not state:
                return day, segment.start
        return None

    def _work_out(self, day: date) -> Programme:
        for exception, rules in self._exceptions:
            if exception.starts <= day <= exception.ends:
                return _with_reason(self._by_rules(rules, day), exception.reason)
        return self._by_rules(self._rules, day)

    def _by_rules(self, rules: tuple[Rule, ...], day: date) -> Programme:
        weekdays: tuple[int, ...] = (day.weekday(),)
        holiday = False
        known = official_day(day) if self._asks_calendar else None
        if known is not None:
            holiday = known.is_holiday
            if self._official and known.working != (day.weekday() < 5):
                weekdays = _WORKDAYS if known.working else _WEEKEND
        heard = tuple(rule.speaks_of(day) for rule in rules)
        key = (id(rules), heard, weekdays, holiday)
        programme = self._alike.get(key)
        if programme is None:
            said = [day_programme(rules, heard, weekday, holiday) for weekday in weekdays]
            programme = _keep(self._alike, key, agree(*said))
        return programme


def _with_reason(programme: Programme, reason: str) -> Programme:
    if not reason:
        return programme
    said = programme or whole_day(State.CLOSED)
    return tuple(segment._replace(comment=segment.comment or reason) for segment in said)


def _keep(known: dict[_Key, _Value], key: _Key, value: _Value) -> _Value:
    if len(known) >= _DAYS_KEPT:
        known.clear()
    known[key] = value
    return value
