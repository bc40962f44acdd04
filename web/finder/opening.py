"""The hours of a station for its page: the coming week with what is special about it, and what lies further ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from stations.hours import Calendar, DatedException, Day, Hours, State, describe_day, week
from web.i18n import lang, say
from web.pages.words import weekdays

__all__ = ["DayRow", "Opening", "Special", "date_words", "holiday_name", "opening", "usual_week"]

_AHEAD_WEEKS = 6
_LISTED = 8
#: Mondays of two weeks without a holiday, in winter and in summer, far from any calendar that is known.
_PLAIN_WEEKS = (date(2001, 1, 15), date(2001, 7, 16))


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day: what it is called, its hours in words, and what makes it special."""

    date: date
    name: str
    day: str
    hours: str
    state: State
    today: bool
    note: str
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Special:
    """Days ahead that differ: which, their hours, and why."""

    days: str
    hours: str
    note: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What a page says of the hours. ``plain_years``: years whose official calendar is not published yet."""

    known: bool
    rows: tuple[DayRow, ...]
    ahead: tuple[Special, ...]
    words: str
    official: bool
    plain_years: tuple[int, ...]


def opening(hours: Hours, moment: datetime) -> Opening:
    """Lay the hours out for the seven days from the day of ``moment`` (Asia/Shanghai) on."""
    today = moment.date()
    days = week(hours, today)
    later = [
        day for number in range(1, _AHEAD_WEEKS) for day in week(hours, today + timedelta(days=7 * number))
    ]
    known = hours.expression is not None or bool(hours.exceptions)
    return Opening(
        known=known,
        rows=tuple(_row(day, hours, today) for day in days),
        ahead=_ahead(later, hours) if known else (),
        words=hours.words,
        official=hours.calendar is Calendar.OFFICIAL,
        plain_years=tuple(sorted({day.date.year for day in days if day.fallback})),
    )


def usual_week(hours: Hours) -> str:
    """Say the hours of an ordinary week in one line, days alike together; empty where seasons differ or nobody knows.

    Exceptions and holidays are left out: a plate at the door outlives them.
    """
    if hours.expression is None:
        return ""
    usual = Hours(hours.expression)
    weeks = [week(usual, monday) for monday in _PLAIN_WEEKS]
    said = [[describe_day(day, lang()) for day in days] for days in weeks]
    if said[0] != said[1] or all(day.state is State.UNKNOWN for day in weeks[0]):
        return ""
    if len(set(said[0])) == 1:
        return (
            said[0][0]
            if weeks[0][0].spans and _is_whole(weeks[0][0])
            else say("每天 {hours}", hours=said[0][0])
        )
    names = weekdays()[1:] + weekdays()[:1]
    groups: list[list[int]] = []
    for number, words in enumerate(said[0]):
        if groups and said[0][groups[-1][-1]] == words:
            groups[-1].append(number)
        else:
            groups.append([number])
    return say("；").join(f"{_span([names[day] for day in group])} {said[0][group[0]]}" for group in groups)


def holiday_name(zh: str) -> str:
    """Return a public holiday's name in the reader's language."""
    names = {
        "元旦": say("元旦"),
        "春节": say("春节"),
        "清明节": say("清明节"),
        "劳动节": say("劳动节"),
        "端午节": say("端午节"),
        "中秋节": say("中秋节"),
        "国庆节": say("国庆节"),
        "抗战胜利纪念日": say("抗战胜利纪念日"),
    }
    return names.get(zh, zh)


def date_words(day: date) -> str:
    """Write a day of this year or another as people say it."""
    return say("{month}月{day}日", month=day.month, day=day.day)


def _is_whole(day: Day) -> bool:
    return len(day.spans) == 1 and day.spans[0].ends - day.spans[0].starts == timedelta(days=1)


def _span(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    if len(names) == 2:
        return say("、").join(names)
    return say("{first}至{last}", first=names[0], last=names[-1])


def _row(day: Day, hours: Hours, today: date) -> DayRow:
    names = weekdays()
    return DayRow(
        date=day.date,
        name=say("今天") if day.date == today else names[day.date.isoweekday() % 7],
        day=date_words(day.date),
        hours=describe_day(day, lang()),
        state=day.state,
        today=day.date == today,
        note=_note(day, hours),
        doubtful=_is_doubtful(day, hours),
    )


def _note(day: Day, hours: Hours) -> str:
    if day.is_exception:
        return day.reason or say("临时调整")
    if day.is_makeup:
        name = holiday_name(day.holiday)
        if hours.calendar is Calendar.OFFICIAL:
            return say("{holiday}调休，按工作日开放", holiday=name)
        return say("{holiday}调休上班日，按平常的{weekday}", holiday=name, weekday=_weekday(day))
    if day.is_holiday:
        name = holiday_name(day.holiday)
        return say("{holiday}假期，没有另外说明", holiday=name) if _is_doubtful(day, hours) else name
    return ""


def _is_doubtful(day: Day, hours: Hours) -> bool:
    """Tell of a holiday on which the posted hours simply go on: nobody said that they do not hold."""
    return (
        day.is_holiday
        and not day.is_exception
        and day.state is State.OPEN
        and hours.calendar is Calendar.PLAIN
        and "PH" not in (hours.expression or "")
        and not _is_whole(day)
    )


def _weekday(day: Day) -> str:
    return weekdays()[day.date.isoweekday() % 7]


def _ahead(days: Sequence[Day], hours: Hours) -> tuple[Special, ...]:
    groups: list[list[Day]] = []
    for day in days:
        if not (day.is_exception or day.is_holiday or day.is_makeup):
            continue
        alike = (
            groups
            and day.date - groups[-1][-1].date == timedelta(days=1)
            and _said(day, hours) == _said(groups[-1][-1], hours)
        )
        if alike:
            groups[-1].append(day)
        else:
            groups.append([day])
    found = [Special(_dates(group[0].date, group[-1].date), *_said(group[0], hours)) for group in groups]
    last = days[-1].date
    found += [_far(exception, hours) for exception in hours.exceptions if exception.starts > last]
    return tuple(found[:_LISTED])


def _said(day: Day, hours: Hours) -> tuple[str, str]:
    return describe_day(day, lang()), _note(day, hours)


def _far(exception: DatedException, hours: Hours) -> Special:
    days = _dates(exception.starts, exception.ends, year=True)
    return Special(
        days, describe_day(week(hours, exception.starts)[0], lang()), exception.reason or say("临时调整")
    )


def _dates(first: date, last: date, *, year: bool = False) -> str:
    words = [date_words(first)] if first == last else [date_words(first), date_words(last)]
    text = " – ".join(words)
    return say("{year}年{days}", year=first.year, days=text) if year else text
