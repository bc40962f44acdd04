"""The state of a station's hours in words, for pages that a server writes. The browser says the same (core.js)."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from stations.hours import SHANGHAI
from web.i18n import plural, say
from web.maps.symbols import look_of
from web.pages.words import look_labels, weekdays

__all__ = ["ago_words", "moment_words", "state_words"]


def state_words(
    lifecycle: str, state: str, *, until: datetime | None, then: str | None, now: datetime
) -> str:
    """Say what the hours say now, and when that changes.

    until: the next change, or None where there is none in sight. then: the state after it. now: the moment asked
    about; all aware.
    """
    look = look_of(lifecycle, state)
    labels = look_labels()
    if look != state:
        return labels[look]
    if state == "unknown":
        return say("时间未知")
    if until is None or until <= now:
        return labels[state]
    time = moment_words(until, now)
    if state == "closed":
        if then == "unknown":
            return say("休息中 · {time} 后时间未知", time=time)
        return say("{time} 开门", time=time)
    if then == "unknown":
        return say("营业中 · {time} 后时间未知", time=time)
    minutes = math.ceil((until - now).total_seconds() / 60)
    if minutes <= 60:
        return plural("营业中 · {n}分钟后关门", "营业中 · {n}分钟后关门", minutes).format(n=minutes)
    if _days_between(now, until) > 1:
        return labels["open"]
    return say("营业中 · {time} 关门", time=time)


def moment_words(moment: datetime, now: datetime) -> str:
    """Name a moment still to come, as short as is unambiguous: 22:00, 明天 08:30, 周一 08:30, 3月14日 08:30."""
    local = moment.astimezone(SHANGHAI)
    time = f"{local:%H:%M}"
    days = _days_between(now, moment)
    if days == 0:
        return time
    if days == 1:
        return say("明天 {time}", time=time)
    if 1 < days < 7:
        return say("{day} {time}", day=weekdays()[local.isoweekday() % 7], time=time)
    return say("{month}月{day}日 {time}", month=local.month, day=local.day, time=time)


def ago_words(moment: datetime, now: datetime) -> str:
    """Say how long ago a day was: today, 9 days ago, 3 months ago. The browser says the same (core.js)."""
    # A fact's age is told by its date, which is midnight in UTC for the browser.
    days = max(
        0,
        math.floor(
            (now - datetime(moment.year, moment.month, moment.day, tzinfo=UTC)) / timedelta(days=1) + 0.5
        ),
    )
    if days < 1:
        return say("今天")
    if days < 31:
        amount, unit = days, "day"
    elif days < 365:
        amount, unit = math.floor(days / 30.4 + 0.5), "month"
    else:
        amount, unit = math.floor(days / 365 + 0.5), "year"
    forms = {
        "day": plural("{n}天前", "{n}天前", amount),
        "month": plural("{n}个月前", "{n}个月前", amount),
        "year": plural("{n}年前", "{n}年前", amount),
    }
    return forms[unit].format(n=amount)


def _days_between(earlier: datetime, later: datetime) -> int:
    return (later.astimezone(SHANGHAI).date() - earlier.astimezone(SHANGHAI).date()).days
