"""A station as a row of the finder shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from stations.finding.rank import Place, Timeline, Verdict
from stations.finding.travel import Minutes
from stations.hours import SHANGHAI, Standing, State

__all__ = ["Amenities", "Row", "make_row"]

#: Features that are kept as they were read: many people ask in the same streets, and a feature changes seldom.
_KEPT: Final = 2_000
_AS_TOLD: Final = (
    "code", "names", "kind", "lifecycle", "lifecycle_reason", "access", "fee", "phone", "address", "directions",
    "region",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amenities:
    """Codes of what is known, in the order of the vocabulary; what stands in none of them is unknown."""

    has: tuple[str, ...]
    inferred: tuple[str, ...]
    #: Not there, or there and out of order; the latter stand in ``out_of_order`` too.
    lacks: tuple[str, ...]
    out_of_order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One station, what one will find on arrival, and what a row must say of it.

    ``distance_m`` and ``minutes`` are None where the asker's position is not known; ``on_arrival`` is then the state
    now. ``minutes_until_close`` counts from arrival, ``opens_at`` is the first opening after it; each is None where it
    does not apply or nobody knows. ``unsure`` are the amenities asked for that are inferred or unknown here.
    """

    station_id: int
    code: str
    names: Mapping[str, str]
    kind: str
    station_class: str
    lifecycle: str
    lifecycle_since: date | None
    lifecycle_reason: str | None
    expected_on: date | None
    lon: float | None
    lat: float | None
    distance_m: float | None
    minutes: Minutes | None
    verdict: Verdict
    now: Standing
    on_arrival: Standing
    minutes_until_close: int | None
    opens_at: datetime | None
    amenities: Amenities
    unsure: tuple[str, ...]
    access: str
    fee: str
    phone: str | None
    address: str | None
    #: How one gets from the address to the door.
    directions: str | None
    #: The hours as they were received.
    hours_words: str | None
    region: str | None
    #: From the province down, in Chinese.
    region_names: tuple[str, ...]
    verified_at: datetime | None
    #: Whether the public ever said anything of it, a confirmation included; what, ``stations.keeping`` tells.
    spoken_of: bool


def make_row(
    found: Any,
    facts: Any,
    *,
    place: Place,
    timeline: Timeline | None,
    moment: datetime,
    minutes: Minutes | None,
    wanted: Sequence[str],
) -> Row:
    """Make a row of what the database holds of a station.

    found: ``station_id``, ``lon``, ``lat``, ``metres``. facts: ``feature``, ``has``, ``inferred``, ``lacks``,
    ``spoken_of``. timeline: None for a
    station that is not in service: closed, whatever its hours.
    """
    told = _told(facts.feature)
    travel = 0 if minutes is None else minutes.value
    if timeline is None:
        now = Standing(State.CLOSED, moment, None, None)
        there = Standing(State.CLOSED, moment + timedelta(minutes=travel), None, None)
    else:
        now, there = timeline.at(0), timeline.at(travel)
    closes = there.until if there.state is State.OPEN else None
    return Row(
        **told.columns,
        station_id=found.station_id,
        lon=found.lon,
        lat=found.lat,
        distance_m=found.metres,
        minutes=minutes,
        verdict=place.verdict,
        now=now,
        on_arrival=there,
        minutes_until_close=None if closes is None else int((closes - there.at) / timedelta(minutes=1)),
        opens_at=None if place.opens_in is None else moment + timedelta(minutes=place.opens_in),
        amenities=Amenities(tuple(facts.has), tuple(facts.inferred), tuple(facts.lacks), told.out_of_order),
        unsure=tuple(code for code in wanted if code not in facts.has),
        spoken_of=facts.spoken_of,
    )


class _Told(NamedTuple):
    """What a prebuilt feature says that does not depend on who asks and when."""

    columns: Mapping[str, Any]
    out_of_order: tuple[str, ...]


@lru_cache(maxsize=_KEPT)
def _told(feature: str) -> _Told:
    told = orjson.loads(feature)["properties"]
    columns = {name: told[name] for name in _AS_TOLD} | {
        "station_class": told["class"],
        "lifecycle_since": _date(told["lifecycle_since"]),
        "expected_on": _date(told["expected_on"]),
        "hours_words": (told["hours"] or {}).get("words") or None,
        "region_names": tuple(told["region_names"]),
        "verified_at": _moment(told["verified_at"]),
    }
    return _Told(columns, tuple(each["amenity"] for each in told["amenities"] if each["out_of_order"]))


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(SHANGHAI)
