"""The state of a station's hours in words, for pages that a server writes. The browser says the same (core.js)."""

from __future__ import annotations

import math
from datetime import datetime

from flask_babel import gettext, ngettext

from stations.hours import SHANGHAI
from web.maps.symbols import look_of
from web.pages.words import look_labels, weekdays

__all__ = ["moment_words", "state_words"]


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
        return gettext("时间未知")
    if until is None or until <= now:
        return labels[state]
    time = moment_words(until, now)
    if state == "closed":
        words = gettext("休息中 · {time} 后时间未知") if then == "unknown" else gettext("{time} 开门")
        return words.format(time=time)
    if then == "unknown":
        return gettext("营业中 · {time} 后时间未知").format(time=time)
    minutes = math.ceil((until - now).total_seconds() / 60)
    if minutes <= 60:
        return ngettext("营业中 · {n}分钟后关门", "营业中 · {n}分钟后关门", minutes).format(n=minutes)
    if _days_between(now, until) > 1:
        return labels["open"]
    return gettext("营业中 · {time} 关门").format(time=time)


def moment_words(moment: datetime, now: datetime) -> str:
    """Name a moment still to come, as short as is unambiguous: 22:00, 明天 08:30, 周一 08:30, 3月14日 08:30."""
    local = moment.astimezone(SHANGHAI)
    time = f"{local:%H:%M}"
    days = _days_between(now, moment)
    if days == 0:
        return time
    if days == 1:
        return gettext("明天 {time}").format(time=time)
    if 1 < days < 7:
        return gettext("{day} {time}").format(day=weekdays()[local.isoweekday() % 7], time=time)
    return gettext("{month}月{day}日 {time}").format(month=local.month, day=local.day, time=time)


def _days_between(earlier: datetime, later: datetime) -> int:
    return (later.astimezone(SHANGHAI).date() - earlier.astimezone(SHANGHAI).date()).days
