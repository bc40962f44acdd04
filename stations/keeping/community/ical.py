"""Notices and events as iCalendar (RFC 5545), for calendars that subscribe.

Moments are in UTC, so no zone has to be described (China keeps no summer time); lines are folded at 75 octets and never
inside a character; an identifier stays with its event for ever. What was called off is told as cancelled, so that
calendars take it out. Telephone numbers are not written: a calendar keeps what a page no longer shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["Entry", "calendar"]

_OCTETS: Final = 75
_PRODUCT: Final = "-//Yizhan Map//notices and events//ZH"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a calendar. ``days``: it repeats daily so many times; ``revision`` grows with every change.

    point: (longitude, latitude) in WGS 84.
    """

    uid: str
    starts: datetime
    ends: datetime
    summary: str
    description: str = ""
    location: str = ""
    category: str = ""
    url: str = ""
    point: tuple[float, float] | None = None
    days: int = 1
    revision: int = 0
    cancelled: bool = False


def calendar(
    name: str, entries: Iterable[Entry], *, now: datetime, every: timedelta = timedelta(hours=1)
) -> bytes:
    """Write a calendar. name: what subscribers see; every: how often they should ask again."""
    hours = f"PT{max(1, round(every / timedelta(hours=1)))}H"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{_PRODUCT}",
        "CALSCALE:GREGORIAN",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        "X-WR-TIMEZONE:Asia/Shanghai",
        f"REFRESH-INTERVAL;VALUE=DURATION:{hours}",
        f"X-PUBLISHED-TTL:{hours}",
    ]
    # One stamp a day: who asks twice for what has not changed is told so.
    stamp = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for entry in entries:
        lines += _entry(entry, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line)).encode()


def _entry(entry: Entry, stamp: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(entry.uid)}"
    yield f"DTSTAMP:{_moment(stamp)}"
    yield f"SEQUENCE:{entry.revision}"
    yield f"DTSTART:{_moment(entry.starts)}"
    yield f"DTEND:{_moment(entry.ends)}"
    if entry.days > 1:
        yield f"RRULE:FREQ=DAILY;COUNT={entry.days}"
    yield f"SUMMARY:{_text(entry.summary)}"
    for name, words in (
        ("DESCRIPTION", entry.description), ("LOCATION", entry.location), ("CATEGORIES", entry.category),
    ):  # fmt: skip
        if words:
            yield f"{name}:{_text(words)}"
    if entry.point is not None:
        # Latitude first, as the standard has it.
        yield f"GEO:{entry.point[1]:.6f};{entry.point[0]:.6f}"
    if entry.url:
        yield f"URL:{entry.url}"
    yield f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Yield the pieces of a line, the second and later ones with a space before them."""
    piece, octets = "", 0
    for character in line:
        size = len(character.encode())
        if octets + size > _OCTETS:
            yield piece
            piece, octets = " ", 1
        piece, octets = piece + character, octets + size
    yield piece
