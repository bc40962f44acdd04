"""What a phone takes along: the stations around a point, with weeks of their hours, for use without a network.

Hours travel as spans in minutes, so that the phone needs no calendar, no holidays and no expressions: at a moment a
station is open, unknown or closed as the spans say, and nothing is claimed beyond them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI, Hours, Span, spans
from stations.models import PublicStation as P
from stations.registry import queries, schedules
from stations.vocabulary import Lifecycle

__all__ = ["AHEAD", "FORMAT", "LIMIT", "Pack", "Packed", "pack"]

#: How far ahead the hours of a pack reach.
AHEAD = timedelta(days=42)
LIMIT = 1000
#: Changes when a phone must throw away what it kept.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Packed:
    """One station: its prebuilt feature as GeoJSON text, and which of the pack's schedules it keeps."""

    feature: str
    schedule: int


@dataclass(frozen=True, slots=True)
class Pack:
    """Stations around a point, nearest first, and the schedules that they share.

    Minutes count from ``start``, midnight in Beijing; the spans reach to ``minutes``. A schedule is a pair of flat
    lists, open and unknown: wait, length, wait, length … each from the end of the one before.
    """

    made: datetime
    start: datetime
    minutes: int
    stations: tuple[Packed, ...]
    schedules: tuple[tuple[list[int], list[int]], ...]


def pack(session: Session, near: tuple[float, float], *, now: datetime, limit: int = LIMIT) -> Pack:
    """Pack the ``limit`` stations nearest to a point that are in service or suspended.

    near: longitude, latitude in degrees. now: aware. A station that is not located is left out.
    """
    made = now.astimezone(SHANGHAI).replace(second=0, microsecond=0)
    start = made.replace(hour=0, minute=0)
    end = start + AHEAD
    rows = session.execute(
        select(P.feature, P.schedule_key)
        .where(
            P.listed.is_(True),
            P.location.is_not(None),
            P.lifecycle.in_((Lifecycle.OPEN, Lifecycle.SUSPENDED)),
        )
        .order_by(queries.nearest_first(near))
        .limit(limit)
    ).all()
    hours = schedules.hours_of(session, [row.schedule_key for row in rows])
    keys = list(dict.fromkeys(row.schedule_key for row in rows))
    place = {key: number for number, key in enumerate(keys)}
    laid_out = []
    for key in keys:
        found = spans(hours.get(key, Hours(None)), start, end)
        laid_out.append((_flat(found.open, start), _flat(found.unknown, start)))
    return Pack(
        made,
        start,
        int(AHEAD.total_seconds() // 60),
        tuple(Packed(row.feature, place[row.schedule_key]) for row in rows),
        tuple(laid_out),
    )


def _flat(found: Iterable[Span], start: datetime) -> list[int]:
    flat: list[int] = []
    before = start
    for begins, ends in found:
        flat += [_minutes(begins - before), _minutes(ends - begins)]
        before = ends
    return flat


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)
