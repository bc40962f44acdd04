"""The parameter ``datetime``: an instant or an interval of RFC 3339, read as the span that it covers."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.registry.features import Span

__all__ = ["span"]

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_OPEN: Final = ("", "..")


def span(text: str) -> Span:
    """Read an instant (``2026-01-31T23:00:00+08:00``, or a day in China), or two with ``/`` between them.

    One side of an interval may be open: ``..`` or nothing. Raises Invalid that quotes what is wrong.
    """
    parts = text.split("/")
    if len(parts) > 2:
        raise Invalid(f"{text!r} has more than one '/'; an interval is start/end")
    if len(parts) == 1:
        return _bounds(text)
    if all(part in _OPEN for part in parts):
        raise Invalid(f"{text!r} is open on both sides and asks nothing; leave datetime out")
    begin = None if parts[0] in _OPEN else _bounds(parts[0])[0]
    end = None if parts[1] in _OPEN else _bounds(parts[1])[1]
    if begin is not None and end is not None and begin > end:
        raise Invalid(f"{text!r} ends before it begins")
    return begin, end


def _bounds(text: str) -> tuple[datetime, datetime]:
    try:
        if _DATE.fullmatch(text):
            day = _within(datetime.combine(date.fromisoformat(text), time.min, SHANGHAI))
            return day, day + timedelta(days=1, microseconds=-1)
        if _MOMENT.fullmatch(text):
            # Seven digits and more of a second are beyond what any clock here keeps.
            moment = _within(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.upper())))
            return moment, moment
    except ValueError:
        pass
    raise Invalid(
        f"{text!r} is no time; write 2026-01-31T23:00:00+08:00, 2026-01-31, or two with '/' between"
    )


def _within(moment: datetime) -> datetime:
    # A moment of the first or the last year may lie in no year at all in another zone.
    if not 1 < moment.year < 9999:
        raise ValueError(moment)
    return moment
