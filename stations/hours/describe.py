"""A `Standing` in few words: first as a key with parameters for a catalogue, then as Chinese or English.

A key and its parameters are all that a translator needs; `render` is the catalogue of ``zh`` and ``en``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from types import MappingProxyType

from stations.hours.evaluate import Day, Standing
from stations.hours.model import SHANGHAI, State

__all__ = ["PHRASES", "Phrase", "describe", "describe_day", "phrase", "render"]

SOON = timedelta(minutes=60)
_WEEKDAYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
        "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    }
)

PHRASES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "always_open": "24小时开放",
            "open": "营业中",
            "closes_in": "营业中 · {minutes}分钟后关门",
            "closes_at": "营业中 · {when} 关门",
            "open_then_unknown": "营业中 · {when} 后时间未知",
            "closed": "未开放",
            "opens_in": "{minutes}分钟后开门",
            "opens_at": "{when} 开门",
            "closed_then_unknown": "未开放 · {when} 后时间未知",
            "unknown": "时间未知",
            "unknown_then_open": "时间未知 · {when} 起开放",
            "day_open": "{spans}",
            "day_closed": "休息",
            "day_unknown": "时间未知",
            "day_whole": "24小时开放",
            "maybe": "{span}（待确认）",
            "today": "{time}",
            "tomorrow": "明天 {time}",
            "weekday": "{weekday} {time}",
            "date": "{month}月{day}日 {time}",
        },
        "en": {
            "always_open": "Open 24 hours",
            "open": "Open",
            "closes_in": "Open · closes in {minutes} min",
            "closes_at": "Open · closes {when}",
            "open_then_unknown": "Open · hours unknown from {when}",
            "closed": "Closed",
            "opens_in": "Opens in {minutes} min",
            "opens_at": "Opens {when}",
            "closed_then_unknown": "Closed · hours unknown from {when}",
            "unknown": "Hours unknown",
            "unknown_then_open": "Hours unknown · open from {when}",
            "day_open": "{spans}",
            "day_closed": "Closed",
            "day_unknown": "Hours unknown",
            "day_whole": "Open 24 hours",
            "maybe": "{span} (unconfirmed)",
            "today": "{time}",
            "tomorrow": "tomorrow {time}",
            "weekday": "{weekday} {time}",
            "date": "{month}/{day} {time}",
        },
    }
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A key of `PHRASES` and what fills it: ``minutes``, or a time with ``day`` (a key too) and its parts."""

    key: str
    params: Mapping[str, int | str]


def describe(standing: Standing, lang: str = "zh") -> str:
    """Return the standing in short words; Chinese for every language but English."""
    return render(phrase(standing), lang)


def phrase(standing: Standing) -> Phrase:
    """Return the key and parameters that say what holds and what comes next.

    Minutes left before closing are rounded down and minutes before opening up, so that nobody comes to a
    closed door.
    """
    until, then = standing.until, standing.then
    if until is None or then is None:
        return Phrase("always_open" if standing.state is State.OPEN else standing.state.value, {})
    left = until - standing.at
    when = _when(standing.at, until, closing=then is State.CLOSED)
    match standing.state, then:
        case State.OPEN, State.CLOSED if left <= SOON:
            return Phrase("closes_in", {"minutes": max(left // timedelta(minutes=1), 1)})
        case State.OPEN, State.CLOSED:
            return Phrase("closes_at", when)
        case State.OPEN, _:
            return Phrase("open_then_unknown", when)
        case State.CLOSED, State.OPEN if left <= SOON:
            return Phrase("opens_in", {"minutes": ceil(left / timedelta(minutes=1))})
        case State.CLOSED, State.OPEN:
            return Phrase("opens_at", when)
        case State.CLOSED, _:
            return Phrase("closed_then_unknown", when)
        case _, State.OPEN:
            return Phrase("unknown_then_open", when)
        case _:
            return Phrase("unknown", {})


def render(said: Phrase, lang: str = "zh") -> str:
    """Return a phrase in Chinese or English."""
    tag = _tag(lang)
    words = PHRASES[tag]
    params = dict(said.params)
    if "time" in params:
        weekday = _WEEKDAYS[tag][int(params.get("weekday_number", 0))]
        params["when"] = words[str(params["day_key"])].format(**params, weekday=weekday)
    return words[said.key].format(**params)


def describe_day(day: Day, lang: str = "zh") -> str:
    """Return a day's hours in words; a span past midnight ends in the next day's clock, as on the door."""
    words = PHRASES[_tag(lang)]
    if day.state is State.CLOSED:
        return words["day_closed"]
    if len(day.spans) == 1 and day.spans[0].ends - day.spans[0].starts == timedelta(days=1):
        return words["day_whole" if day.state is State.OPEN else "day_unknown"]
    shown = []
    for span in day.spans:
        end = "24:00" if _is_midnight(span.ends) else f"{span.ends:%H:%M}"
        text = f"{span.starts:%H:%M}–{end}"
        shown.append(text if span.state is State.OPEN else words["maybe"].format(span=text))
    return words["day_open"].format(spans="、".join(shown) if _tag(lang) == "zh" else ", ".join(shown))


def _when(at: datetime, until: datetime, *, closing: bool) -> dict[str, int | str]:
    # Closing at midnight is told as 24:00 of the day that ends: "tomorrow 00:00" is read as a day later.
    day, time = until.date(), f"{until:%H:%M}"
    if closing and _is_midnight(until):
        day, time = day - timedelta(days=1), "24:00"
    ahead = (day - at.date()).days
    key = "today" if ahead == 0 else "tomorrow" if ahead == 1 else "weekday" if ahead < 7 else "date"
    return {"time": time, "day_key": key, "weekday_number": day.weekday(), "month": day.month, "day": day.day}


def _is_midnight(moment: datetime) -> bool:
    local = moment.astimezone(SHANGHAI)
    return local.hour == 0 and local.minute == 0


def _tag(lang: str) -> str:
    return "en" if lang.split("-", maxsplit=1)[0].lower() == "en" else "zh"
