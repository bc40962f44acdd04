"""Clock times as lists write them: 8:00—20:00, 早9点到晚8点半, 下午2:30-6:00, 22点至次日2点.

A pair of times that can be read in two ways (9:00-5:00: to five in the afternoon, or to the next morning?)
gives both readings; the programme is what they agree on, and the rest is unknown.
"""

from __future__ import annotations

import re

from stations.hours.programme import DAY, Programme, Segment, State, agree

__all__ = ["DASH", "EARLY_LATE", "NUMBER", "RANGE", "number", "read_range"]

NUMBER = r"(?:\d{1,2}|[零〇一二三四五六七八九十两]{1,3})"
DASH = r"(?:-|至|到)"
_NOON = 12 * 60
_NIGHT_OF = ("凌晨", "半夜", "深夜", "午夜", "次晨")
_MORNING = ("清晨", "早晨", "早上", "清早", "上午", "早间", "早", "朝", "am")
_MIDDAY = ("中午", "正午", "午间")
_AFTERNOON = ("下午", "午后", "傍晚", "pm")
_EVENING = ("晚上", "晚间", "夜间", "夜里", "夜晚", "晚", "夜")
_PARTS = "|".join(
    sorted((*_NIGHT_OF, *_MORNING[:-1], *_MIDDAY, *_AFTERNOON[:-1], *_EVENING), key=len, reverse=True)
)
_NEXT_DAY = r"次日|第二天|翌日|隔日|隔天"
_MINUTES = rf":[0-5]\d(?::[0-5]\d)?|[点时](?:钟|整|半|[一1]刻|[三3]刻|{NUMBER}分?)?|\.[0-5]\d"


def _time(n: int, unless: str) -> str:
    return (
        rf"(?:(?:当日|当天)\s?)?(?P<next{n}>{_NEXT_DAY})?\s?(?P<part{n}>{_PARTS})?\s?"
        rf"(?P<hour{n}>{NUMBER})(?:(?P<minutes{n}>{_MINUTES})|{unless})\s?(?P<half{n}>[ap]m\b)?"
    )


# The hour of the first time may stand bare (8-20点); both may after 早 and 晚 (早九晚五).
_BEFORE_AM_PM = r"(?=\s?[ap]m\b)"
RANGE = re.compile(rf"{_time(1, '')}\s?{DASH}+\s?{_time(2, _BEFORE_AM_PM)}(?![\d:])", re.IGNORECASE)
EARLY_LATE = re.compile(
    rf"(?P<part1>早上|早|朝)\s?(?P<hour1>{NUMBER})(?P<minutes1>{_MINUTES})?\s?(?:{DASH}+|、)?\s?"
    rf"(?P<part2>晚上|晚)\s?(?P<hour2>{NUMBER})(?P<minutes2>{_MINUTES})?(?![\d:])"
)

_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "两": 2,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}


def number(text: str) -> int | None:
    """Read a number below 100 in digits or Chinese numerals; None where it is not one."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        digits = [str(_DIGITS[character]) for character in ones]
        return int("".join(digits)) if len(digits) <= 2 else None
    if len(tens) > 1 or len(ones) > 1:
        return None
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


def read_range(match: re.Match[str], after: int | None = None) -> Programme | None:
    """Return the programme of a matched range, or None where its times cannot be.

    ``after`` is the minute at which the range before it in the same list ended: in 8:30-12:00, 2:30-6:00 the
    second can only be the afternoon.
    """
    groups = match.groupdict()
    start_part, end_part = (groups[f"part{n}"] or groups.get(f"half{n}") for n in (1, 2))
    first, last = _minute(match, 1), _minute(match, 2)
    if first is None or last is None or groups.get("next1"):
        return None
    starts = _starts(first, start_part, groups["hour1"], end_part, after)
    if not starts or min(starts) >= DAY:
        return None
    readings: list[Programme] = []
    for start in starts:
        # A start that was moved to the afternoon takes its end along.
        part = start_part if start_part or start == first else "下午"
        ends = _ends(last, end_part, start, part, bool(groups.get("next2")))
        readings += [(Segment(start, end, State.OPEN),) for end in ends if start < end <= start + DAY]
    return agree(*readings) if readings else None


def _minute(match: re.Match[str], n: int) -> int | None:
    hour = number(match[f"hour{n}"])
    tail = match[f"minutes{n}"] or ""
    if hour is None:
        return None
    minute: int | None = 0
    if tail.startswith((":", ".")):
        minute = int(tail[1:3])
    elif tail.endswith("刻"):
        minute = 15 if tail[1] in "一1" else 45
    elif tail.endswith("半"):
        minute = 30
    elif tail[1:] not in ("", "钟", "整"):
        minute = number(tail[1:].removesuffix("分"))
    if minute is None or minute > 59 or hour > 24 or (hour == 24 and minute):
        return None
    # A minute to midnight is how forms that know no 24:00 write it.
    return DAY if (hour, minute) == (23, 59) else hour * 60 + minute


def _by_part(minute: int, part: str | None) -> int | None:
    """Move a time into its part of the day; None where the two contradict each other (上午 14:00)."""
    hour = minute // 60
    if part is None:
        return minute
    if part in _NIGHT_OF:
        if hour == 12:
            return minute - _NOON
        return (
            minute if hour <= 6 or hour >= 22 else minute + _NOON if hour >= 10 and part != "凌晨" else None
        )
    if part in _MORNING:
        return minute if hour <= 12 else None
    if part in _MIDDAY:
        return minute if 10 <= hour <= 14 else minute + _NOON if 1 <= hour <= 2 else None
    if part in _AFTERNOON:
        return minute + _NOON if 1 <= hour <= 11 else minute if hour >= 12 else None
    if 5 <= hour <= 12:
        return minute + _NOON
    return minute if hour >= 17 else minute + DAY if hour <= 4 else None


def _starts(
    minute: int, part: str | None, written: str, end_part: str | None, after: int | None
) -> list[int]:
    moved = _by_part(minute, part)
    if moved is None:
        return []
    bare = part is None and moved < 7 * 60 and not (written.isdecimal() and written.startswith("0"))
    if not bare or moved == 0:
        return [moved]
    if after is not None and after > moved:
        return [moved + _NOON]
    return [moved] if end_part in (*_NIGHT_OF, *_MORNING) or moved >= 5 * 60 else [moved, moved + _NOON]


def _ends(minute: int, part: str | None, start: int, start_part: str | None, next_day: bool) -> list[int]:
    moved = _by_part(minute, part)
    if moved is None:
        return []
    if next_day:
        return [moved + DAY if moved < DAY else moved]
    if part is not None:
        return [moved if moved > start else moved + DAY]
    if start >= _NOON and start_part is not None:
        later = _by_part(minute, start_part if start_part not in _MIDDAY else "下午")
        if later is not None and later > start:
            return [later]
    if moved > start:
        return [moved]
    may_be_afternoon = 60 <= moved <= _NOON and start < 13 * 60 and start < moved + _NOON
    return [moved + _NOON, moved + DAY] if may_be_afternoon else [moved + DAY]
