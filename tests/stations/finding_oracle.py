"""What the finder must answer, worked out the slow way: every station, every minute, no index and no shortcut.

It shares nothing with the finder but the distances, which the database measures one by one. Hours are those of the slow
evaluator (``hours_oracle``); the filters, the rank and what is set aside are written down here as the documents say them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil, inf

from hours_oracle import OracleSchedule

from stations.query import StationQuery

SURE, GUESSED, BROKEN, NO, NO_GUESSED, NOBODY = "sure", "guessed", "broken", "no", "no_guessed", "nobody"
METRES_A_MINUTE = {"walk": 78.0, "ebike": 250.0}
BARRIERS = {"open_door": 0, "ask_staff": 1, "unknown": 1, "scan": 2, "app": 3, "card": 4}
REST = {"union_station", "rider_station", "workers_harbour", "care_station", "outdoor_workers_station"}
LIVES = ("planned", "building", "open", "suspended", "closed")
HOUR = 60
#: Days within which every schedule of the tests opens, if it ever does.
DAYS = 45


@dataclass(frozen=True)
class Door:
    """A station as the test made it. amenities: code → one of the standings above; what is missing is unknown."""

    schedule: OracleSchedule
    lon: float | None
    lat: float | None
    kind: str = "union_station"
    lifecycle: str = "open"
    access: str = "open_door"
    fee: str = "free"
    amenities: Mapping[str, str] = field(default_factory=dict)
    phone: str | None = None
    #: The county, and all that lie above it.
    region: str | None = None
    lineage: frozenset[str] = frozenset()
    always: bool = False
    #: No hours at all were given.
    silent: bool = False


@dataclass(frozen=True)
class Judged:
    """A door at the end of somebody's way."""

    id: int
    door: Door
    name: str
    metres: float
    minutes: int
    verdict: str
    opens_in: int | None
    effort: int

    @property
    def is_open(self) -> bool:
        return self.verdict in {"open", "opens_by_arrival", "closing_soon"}

    @property
    def rank(self) -> tuple[float, ...]:
        group = {
            "open": 0, "opens_by_arrival": 0, "closing_soon": 1, "unknown": 2, "closed": 3,
            "closes_before_arrival": 3, "not_in_service": 4,
        }[self.verdict]  # fmt: skip
        wait: float = 0
        if group == 3:
            wait = inf if self.opens_in is None else self.opens_in
        return (group, wait, self.effort, self.metres, self.id)

    @property
    def patience(self) -> tuple[float, ...]:
        """The order where nothing is open: soonest to open, unknown with a phone, unknown without, the rest."""
        if self.opens_in is not None:
            return (0, *self.rank)
        if self.verdict == "unknown":
            return (1 if (self.door.phone or "").strip() else 2, *self.rank)
        return (3, *self.rank)


@dataclass(frozen=True)
class Answer:
    rows: tuple[Judged, ...]
    nothing_open: bool = False
    nothing_near: bool = False
    set_aside: tuple[str, ...] = ()


def state(door: Door, moment: datetime) -> str:
    return door.schedule.state(moment.date(), moment.hour * 60 + moment.minute)


def opens_in(door: Door, moment: datetime, after: int) -> int | None:
    """Return the minutes from the moment to the first open minute after ``after``."""
    arrival = moment + timedelta(minutes=after)
    midnight = arrival.replace(hour=0, minute=0)
    for day in range(DAYS):
        date = (midnight + timedelta(days=day)).date()
        for minute in range(24 * 60):
            here = midnight + timedelta(days=day, minutes=minute)
            if here > arrival and door.schedule.state(date, minute) == "open":
                return int((here - moment) / timedelta(minutes=1))
    return None


def judged(
    named: tuple[int, str, Door], query: StationQuery, moment: datetime, metres: float | None
) -> Judged:
    id_, name, door = named
    minutes = 0 if metres is None else max(1, ceil(metres * 1.3 / METRES_A_MINUTE[query.by]))
    stay = query.stay or 10
    opens: int | None = None
    if door.lifecycle != "open":
        verdict = "not_in_service"
    else:
        now, there = state(door, moment), state(door, moment + timedelta(minutes=minutes))
        if there == "unknown":
            verdict = "unknown"
        elif there == "closed":
            verdict = "closes_before_arrival" if now == "open" else "closed"
            opens = opens_in(door, moment, minutes)
        elif any(state(door, moment + timedelta(minutes=minutes + m)) != "open" for m in range(stay)):
            verdict = "closing_soon"
        else:
            verdict = "open" if now == "open" else "opens_by_arrival"
    doubt = BARRIERS[door.access]
    for code in query.amenities if metres is not None else ():
        doubt += {SURE: 0, GUESSED: 5}.get(door.amenities.get(code, NOBODY), 15)
    return Judged(id_, door, name, metres or 0.0, minutes, verdict, opens, minutes + doubt)


def meets(door: Door, query: StationQuery, metres: float | None, moment: datetime) -> bool:
    """Tell whether a station meets every filter but ``open=now`` with a position, which is judged for the arrival."""
    include = query.unknown == "include"
    if door.lifecycle not in query.lifecycle:
        return False
    if query.kinds and door.kind not in query.kinds:
        return False
    if query.classes and ("rest" if door.kind in REST else "service") not in query.classes:
        return False
    for code in query.amenities:
        held = door.amenities.get(code, NOBODY)
        if held in {BROKEN, NO} or (not include and held != SURE):
            return False
    for wanted, value in ((query.access, door.access), (query.fee, door.fee)):
        if wanted and value not in wanted and not (include and value == "unknown"):
            return False
    if query.regions and not door.lineage.intersection(query.regions):
        return False
    if query.bbox is not None:
        box = query.bbox
        if door.lon is None or door.lat is None:
            return False
        if not (box.west <= door.lon <= box.east and box.south <= door.lat <= box.north):
            return False
    if query.near is not None and (
        metres is None or (query.within_m is not None and metres > query.within_m)
    ):
        return False
    if query.open == "24h":
        return door.lifecycle == "open" and (door.always or (include and door.silent))
    if query.open == "now" and query.near is None:
        good = {"open", "unknown"} if include else {"open"}
        return door.lifecycle == "open" and state(door, moment) in good
    return True


def answer(
    doors: Mapping[int, tuple[str, Door]],
    metres: Mapping[int, float],
    query: StationQuery,
    moment: datetime,
    limit: int,
) -> Answer:
    """Return what the finder must say. metres: from where one stands to each station that has a position."""
    if not query.kinds and not query.classes:
        query = replace(query, classes=("rest",))
    found, aside = _answered(doors, metres, query, moment, limit), ()
    for names in (
        ("within_m", "bbox"), ("open",), ("unknown",), ("access", "fee"), ("q",), ("amenities",), ("regions",),
        ("lifecycle",), ("kinds", "classes"),
    ):  # fmt: skip
        if found.rows:
            break
        wide = StationQuery(lifecycle=LIVES)
        changed = tuple(name for name in names if getattr(query, name) != getattr(wide, name))
        if changed:
            query = replace(query, **{name: getattr(wide, name) for name in changed})
            aside = (*aside, *changed)
            found = _answered(doors, metres, query, moment, limit)
    return replace(found, set_aside=aside)


def _answered(
    doors: Mapping[int, tuple[str, Door]],
    metres: Mapping[int, float],
    query: StationQuery,
    moment: datetime,
    limit: int,
) -> Answer:
    near = query.near is not None
    every = [
        judged((id_, name, door), query, moment, metres.get(id_) if near else None)
        for id_, (name, door) in doors.items()
        if meets(door, query, metres.get(id_), moment)
    ]
    if query.unknown == "exclude":
        every = [each for each in every if each.verdict != "unknown"]
    if not near:
        every.sort(key=lambda each: (each.door.region is None, each.door.region or "", each.name, each.id))
        # A list that was cut says nothing of what it left out.
        shut = 0 < len(every) < limit and not any(each.is_open for each in every)
        return Answer(tuple(every[:limit]), nothing_open=shut)
    reached = [each for each in every if each.minutes <= HOUR]
    if not reached:
        every.sort(key=lambda each: (each.metres, each.id))
        nearest = tuple(every[: min(limit, 10)])
        return Answer(nearest, not any(each.is_open for each in nearest), nothing_near=True)
    if not any(each.is_open for each in reached):
        return Answer(tuple(sorted(reached, key=lambda each: each.patience)[:limit]), nothing_open=True)
    reached.sort(key=lambda each: each.rank)
    if query.open == "now":
        reached = [each for each in reached if each.is_open or each.verdict == "unknown"]
    return Answer(tuple(reached[:limit]))
