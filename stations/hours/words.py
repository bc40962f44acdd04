"""The words of a list turned into `Hours`: what they surely say is open or closed, all else unknown.

Words that are not understood give an expression of None. Words that are understood to promise nothing (随社区开放)
give ``unknown`` with a comment that says whose hours hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from stations.errors import Invalid
from stations.hours.clause import Clause, Misread, Season
from stations.hours.dates import MonthDay, nearest, upcoming_holidays
from stations.hours.emit import Week, write_week
from stations.hours.lexicon import cut, normalise
from stations.hours.model import WORDS_LIMIT, Calendar, DatedException, Hours
from stations.hours.reader import Reader
from stations.hours.weeks import (
    FOLLOWS_HOST,
    UNKNOWN,
    agreed,
    clause_programme,
    days_last,
    has_silent_days,
    week_of,
)

__all__ = ["Parsed", "parse_words"]

_SEASON_LEAST = timedelta(days=28)
_LEAP_YEAR = 2000
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Parsed:
    """Hours, whether every word was understood, and notes (Chinese) on what was assumed."""

    hours: Hours
    understood: bool
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def parse_words(words: str, *, today: date) -> Parsed:
    """Read the words of a list; ``today`` is the day on which they were written, for dates without a year.

    Raises `Invalid` (field ``hours``) on more than `WORDS_LIMIT` characters.
    """
    if len(words) > WORDS_LIMIT:
        raise Invalid(
            f"The words have {len(words)} characters; keep at most {WORDS_LIMIT}.",
            field="hours",
            value=words[:40],
        )
    text = normalise(words)
    kept = words.replace("\x00", "")
    try:
        reader = Reader()
        reader.read(list(cut(text)))
        return _Assembly(reader, kept, today).parsed()
    except Misread as misread:
        quoted = str(misread)[:40]
        return Parsed(
            Hours(None, words=kept),
            False,
            (f"未能理解“{quoted}”，时间按未知处理",) if quoted else ("没有时间",),
        )


class _Assembly:
    """Puts the clauses of one text together."""

    def __init__(self, reader: Reader, words: str, today: date) -> None:
        self._reader = reader
        self._words = words
        self._today = today
        self._notes: list[str] = []

    def parsed(self) -> Parsed:
        reader = self._reader
        exceptions: list[DatedException] = []
        clauses: list[Clause] = []
        for clause in reader.clauses:
            if not clause.dated:
                clauses.append(clause)
            elif self._is_season(clause):
                clause.season = clause.dates[0]
                clauses.append(clause)
            else:
                exceptions += self._exceptions(clause)
        if reader.host_rules:
            expression: str | None = f'unknown "{FOLLOWS_HOST}"'
            self._notes.append("所列时间只作参考，按未知处理")
        else:
            expression = self._expression(days_last(clauses))
        if expression is None and not exceptions and not any(c.dated for c in reader.clauses):
            raise Misread("")
        calendar = Calendar.OFFICIAL if reader.official else Calendar.PLAIN
        if reader.official:
            self._notes.append("工作日按国务院公布的放假调休安排")
        if expression is not None and FOLLOWS_HOST in expression:
            self._notes.append("随场地开放，时间未知")
        if expression is not None and "PH" in expression:
            self._notes.append("节假日指国务院公布的放假日期，含其中的周末")
        hours = Hours(expression, calendar, tuple(exceptions), self._words)
        hours.validate()
        return Parsed(hours, not reader.uncertain, tuple(dict.fromkeys(self._notes)))

    def _is_season(self, clause: Clause) -> bool:
        if len(clause.dates) != 1 or clause.repair or clause.closed or not (clause.ranges or clause.all_day):
            return False
        start, end = clause.dates[0]
        if start[0] is not None or end[0] is not None:
            return False
        return len(_days_of_year((start, end))) >= _SEASON_LEAST.days

    def _exceptions(self, clause: Clause) -> list[DatedException]:
        if clause.kept:
            return []
        expression = self._exception_hours(clause)
        reason = clause.repair
        found: list[DatedException] = []
        for name in clause.holidays:
            for start, end, published in upcoming_holidays(name, self._today):
                if published:
                    found.append(DatedException(start, end, expression, name))
                else:
                    found.append(DatedException(start, end, "unknown", f"{name}（放假日期未公布）"))
                    self._notes.append(f"{start.year}年{name}的放假日期尚未公布，可能的日期按未知处理")
        for first, last in clause.dates:
            found.append(self._between(first, last, expression, reason))
        if clause.until is not None:
            end = nearest(clause.until, self._today)
            self._notes.append(f"按{end.isoformat()}为止理解")
            if end >= self._today:
                found.append(DatedException(self._today, end, expression, reason))
            else:
                self._notes.append("该日期已过")
        if not (clause.holidays or clause.dates or clause.until):
            raise Misread(clause.repair)
        return found

    def _between(
        self, first: MonthDay, last: MonthDay, expression: str | None, reason: str
    ) -> DatedException:
        try:
            start = nearest(first, self._today)
            end = nearest(last if last[0] is not None else (start.year, *last[1:]), self._today)
            if end < start and last[0] is None:
                end = nearest((start.year + 1, *last[1:]), self._today)
        except ValueError:
            raise Misread(f"{last[1]}月{last[2]}日") from None
        if end < start:
            raise Misread(f"{last[1]}月{last[2]}日")
        if first[0] is None:
            self._notes.append(f"日期没有年份，按{start.isoformat()}至{end.isoformat()}理解")
        return DatedException(start, end, expression, reason)

    def _exception_hours(self, clause: Clause) -> str | None:
        if clause.closed:
            return None
        if not clause.said:
            raise Misread("、".join(clause.holidays))
        return write_week(Week((clause_programme(clause),) * 7))

    def _expression(self, clauses: list[Clause]) -> str | None:
        reader = self._reader
        if not clauses:
            if reader.no_rest or reader.office:
                self._notes.append("没有写明时间，按未知处理")
                return "unknown" if reader.no_rest else f'unknown "{FOLLOWS_HOST}"'
            return None
        for clause in clauses:
            if clause.public and clause.days is None and clause.closed:
                # 节假日休息 after the hours of winter is said of the year.
                clause.season = None
        if has_silent_days(clauses):
            self._notes.append("有的日子没有写明时间，按未知处理")
        seasons: list[Season] = list(dict.fromkeys(c.season for c in clauses if c.season is not None))
        if not seasons:
            return write_week(week_of(clauses, official=reader.official))
        general = [clause for clause in clauses if clause.season is None]
        usual = [clause for clause in general if not clause.named and (clause.ranges or clause.all_day)]
        weeks = {season: self._season_week(season, clauses, usual) for season in seasons}
        rest = week_of(general, official=reader.official) if usual else None
        dated = [
            (season, reader.seasons.get(season) if isinstance(season, str) else season) for season in seasons
        ]
        spans = [(season, span) for season, span in dated if span is not None]
        if len(spans) == len(dated):
            return self._by_dates([(weeks[season], span) for season, span in spans], rest)
        self._notes.append("季节没有写明日期，各季都开放的时间按开放，其余按未知处理")
        known = [*weeks.values(), *([rest] if rest else [])]
        if len(known) == 1:
            known.append(Week((UNKNOWN,) * 7))
        return write_week(agreed(known))

    def _season_week(self, season: Season, clauses: list[Clause], usual: list[Clause]) -> Week:
        own = [clause for clause in clauses if clause.season == season]
        if any(clause.ranges and not clause.named for clause in own):
            # 8:00-20:00（7月-8月 7:00-21:00）: the hours of the season stand in place of the usual ones.
            clauses = [clause for clause in clauses if clause not in usual]
        return week_of([c for c in clauses if c.season in (None, season)], official=self._reader.official)

    def _by_dates(self, weeks: Sequence[tuple[Week, tuple[MonthDay, MonthDay]]], usual: Week | None) -> str:
        named: set[int] = set()
        rules: list[str] = []
        for week, span in weeks:
            days = _days_of_year(span)
            if named & days:
                raise Misread(_selector(span))
            named |= days
            rules.append(write_week(week, _selector(span)))
        rest = sorted(set(range(1, 367)) - named)
        if rest and usual is None:
            self._notes.append("没有写明的月份按未知处理")
        gaps = [day for day in rest if day - 1 not in rest]
        for first in gaps:
            last = next(day for day in range(first, 367) if day + 1 not in rest)
            rules.append(
                write_week(usual or Week((UNKNOWN,) * 7), _selector((_month_day(first), _month_day(last))))
            )
        return "; ".join(rules)


def _day_of_year(day: MonthDay) -> int:
    return date(_LEAP_YEAR, day[1], day[2]).timetuple().tm_yday


def _month_day(day_of_year: int) -> MonthDay:
    day = date(_LEAP_YEAR, 1, 1) + timedelta(days=day_of_year - 1)
    return None, day.month, day.day


def _days_of_year(span: tuple[MonthDay, MonthDay]) -> set[int]:
    first, last = _day_of_year(span[0]), _day_of_year(span[1])
    if first <= last:
        return set(range(first, last + 1))
    return set(range(first, 367)) | set(range(1, last + 1))


def _selector(span: tuple[MonthDay, MonthDay]) -> str:
    (_, first, start), (_, last, end) = span
    if start == 1 and _month_day(_day_of_year((None, last, end)) % 366 + 1)[2] == 1:
        return _MONTHS[first - 1] if first == last else f"{_MONTHS[first - 1]}-{_MONTHS[last - 1]}"
    return f"{_MONTHS[first - 1]} {start:02}-{_MONTHS[last - 1]} {end:02}"
