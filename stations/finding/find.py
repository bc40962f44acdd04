"""The finder: the stations within an hour, ranked by what one will find on arrival; never an empty answer.

The top of the list is what ranking every station within the hour would give, but is usually settled by the nearest
few: nothing farther away can take less effort than the travel there, so once enough stations are open and better than
that, the rest need not be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, func, literal, null, select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.finding.rank import (
    ACCESS_MINUTES,
    INFERRED_MINUTES,
    STAY,
    UNKNOWN_MINUTES,
    Place,
    Timeline,
    Verdict,
    judge,
)
from stations.finding.rows import Row, make_row
from stations.finding.travel import Minutes, StraightLine, TravelTimes
from stations.models import PublicStation as P
from stations.models import Station
from stations.query import By, Open, StationQuery, Unknown
from stations.registry import public, queries, schedules

__all__ = ["HOUR", "Found", "find"]

#: Minutes beyond which nothing is called near (附近没有).
HOUR: Final = 60
_LIMIT: Final = 50
#: How many of the nearest are looked at first, for each one asked for, and how much farther then.
_FIRST: Final = 4
_AT_LEAST: Final = 100
_FARTHER: Final = 8
_MANY: Final = 2_000
_NEAREST_ANYWAY: Final = 10
#: A sphere, by which the index orders, and the spheroid, by which metres are told, differ by less.
_SPHERE: Final = 0.98
_OPEN: Final = frozenset((Verdict.OPEN, Verdict.OPENS_BY_ARRIVAL, Verdict.CLOSING_SOON))

#: What is set aside, one after the other, where a question has no answer at all.
_SET_ASIDE: Final[tuple[Mapping[str, Any], ...]] = (
    {"within_m": None, "bbox": None},
    {"open": None},
    {"unknown": Unknown.INCLUDE},
    {"access": (), "fee": ()},
    {"q": ""},
    {"amenities": ()},
    {"regions": ()},
    {"lifecycle": tuple(words.LIFECYCLE)},
    {"kinds": (), "classes": ()},
)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a rider.

    ``located``: whether the question had a position; without one the rows go by region and name, and tell no minutes.
    ``nothing_open``: within the hour nothing is open on arrival; the rows are then what opens soonest, then those whose
    hours nobody knows, the ones with a phone first. ``nothing_near``: nothing answers within the hour; the rows are
    then the nearest, however far. ``set_aside``: names of filters that no station met and that were left out for that;
    they are attributes of ``StationQuery``. No rows only where the registry has no station at all.
    """

    moment: datetime
    by: By
    stay: int
    located: bool
    nothing_open: bool
    nothing_near: bool
    set_aside: tuple[str, ...]
    rows: tuple[Row, ...]


class _Candidate(NamedTuple):
    found: Any
    minutes: Minutes | None
    place: Place


def find(
    session: Session,
    query: StationQuery,
    *,
    now: datetime,
    limit: int = _LIMIT,
    travel: TravelTimes | None = None,
) -> Found:
    """Return the stations that serve somebody at ``query.near`` who sets out at the moment asked about.

    Without kinds and classes in the query only places to rest are found. ``open=now`` means open on arrival.
    ``unknown=exclude`` drops stations whose hours nobody knows as well. limit: of rows, where the query has none of its
    own. travel: how long the way takes; the straight line where it is not given.
    """
    moment = public.moment_of(query, now)
    if not query.kinds and not query.classes:
        query = replace(query, classes=(str(words.StationClass.REST),))
    asking = _Asking(session, moment, query.limit or limit, travel or StraightLine())
    found = None
    for tried, aside in _ever_wider(query):
        found = replace(asking.answer(tried), set_aside=aside)
        if found.rows:
            break
    assert found is not None  # noqa: S101 - the first try is the query itself
    return found


def _ever_wider(query: StationQuery) -> Iterator[tuple[StationQuery, tuple[str, ...]]]:
    """Yield the query, then with ever more filters set aside, and which these are."""
    yield query, ()
    aside: tuple[str, ...] = ()
    for step in _SET_ASIDE:
        changed = {name: value for name, value in step.items() if getattr(query, name) != value}
        if changed:
            query, aside = replace(query, **changed), (*aside, *changed)
            yield query, aside


class _Asking:
    """One request: its moment, what it has read of hours so far, how it travels."""

    def __init__(self, session: Session, moment: datetime, limit: int, travel: TravelTimes) -> None:
        self._session = session
        self._moment = moment
        self._limit = limit
        self._travel = travel
        self._timelines: dict[str, Timeline] = {}

    def answer(self, query: StationQuery) -> Found:
        """Answer one query as it stands; without rows where nothing meets it."""
        empty = Found(
            self._moment, query.by, query.stay or STAY, query.near is not None, False, False, (), ()
        )
        if query.near is None:
            listed = self._by_name(query)
            whole = len(listed) < self._limit
            nothing_open = bool(listed) and whole and not any(each.place.verdict in _OPEN for each in listed)
            return replace(empty, nothing_open=nothing_open, rows=self._rows(query, listed))
        ranked = self._within_the_hour(query, query.near)
        if not ranked:
            nearest = self._candidates(query, query.near, size=min(self._limit, _NEAREST_ANYWAY))
            nothing_open = not any(each.place.verdict in _OPEN for each in nearest)
            return replace(
                empty, nothing_near=True, nothing_open=nothing_open, rows=self._rows(query, nearest)
            )
        if ranked[0].place.verdict not in _OPEN:
            soonest = sorted(ranked, key=self._waiting_key(ranked))
            return replace(empty, nothing_open=True, rows=self._rows(query, soonest[: self._limit]))
        if query.open is Open.NOW:
            ranked = [each for each in ranked if each.place.verdict in _OPEN | {Verdict.UNKNOWN}]
        return replace(empty, rows=self._rows(query, ranked[: self._limit]))

    def _within_the_hour(self, query: StationQuery, near: tuple[float, float]) -> list[_Candidate]:
        """Return the candidates within the hour in their order: all of them, or more than enough for the top."""
        size: int | None = max(self._limit * _FIRST, _AT_LEAST)
        while True:
            looked_at = self._candidates(
                query, near, size=size, within=self._travel.farthest_m(query.by, HOUR)
            )
            reached = [each for each in looked_at if each.minutes is not None and each.minutes.value <= HOUR]
            ranked = sorted(reached, key=lambda each: each.place.key)
            if size is None or len(looked_at) < size:
                return ranked
            rest_takes = self._travel.fewest(query.by, looked_at[-1].found.metres * _SPHERE)
            if len(ranked) >= self._limit and ranked[self._limit - 1].place.is_ahead_of(rest_takes):
                return ranked
            size = size * _FARTHER if size < _MANY else None

    def _candidates(
        self, query: StationQuery, near: tuple[float, float], *, size: int | None, within: float | None = None
    ) -> list[_Candidate]:
        """Return the nearest stations that meet the query, nearest first, each with its place in the rank."""
        found = self._session.execute(
            select(
                P.station_id,
                P.schedule_key,
                P.lifecycle,
                queries.x(P.location).label("lon"),
                queries.y(P.location).label("lat"),
                queries.metres_to(near).label("metres"),
                queries.doubt(
                    query.amenities,
                    inferred=INFERRED_MINUTES,
                    unknown=UNKNOWN_MINUTES,
                    access=ACCESS_MINUTES,
                ).label("doubt"),
            )
            .where(*self._conditions(query), *([] if within is None else [queries.within(near, within)]))
            .order_by(queries.nearest_first(near))
            .limit(size)
        ).all()
        minutes = self._travel.minutes(
            near, query.by, [(row.lon, row.lat) for row in found], [row.metres for row in found]
        )
        return self._judged(query, found, minutes)

    def _by_name(self, query: StationQuery) -> list[_Candidate]:
        found = self._session.execute(
            select(
                P.station_id,
                P.schedule_key,
                P.lifecycle,
                queries.x(P.location).label("lon"),
                queries.y(P.location).label("lat"),
                null().label("metres"),
                literal(0).label("doubt"),
            )
            .where(
                *queries.conditions(query, self._moment, public.computed(self._session, query, self._moment))
            )
            .order_by(P.region_code, P.name, P.station_id)
            .limit(self._limit)
        ).all()
        return self._judged(query, found, [None] * len(found))

    def _conditions(self, query: StationQuery) -> list[ColumnElement[bool]]:
        # Open at the moment asked about is not what a rider needs: what counts is judged for the arrival.
        asked = replace(query, open=None) if query.open is Open.NOW else query
        return queries.conditions(asked, self._moment, public.computed(self._session, asked, self._moment))

    def _judged(
        self, query: StationQuery, found: Sequence[Any], minutes: Sequence[Minutes | None]
    ) -> list[_Candidate]:
        self._read_hours(row.schedule_key for row in found)
        judged = [
            _Candidate(
                row,
                travel,
                judge(
                    self._timeline(row),
                    minutes=0 if travel is None else travel.value,
                    stay=query.stay or STAY,
                    doubt=row.doubt,
                    metres=row.metres or 0.0,
                    station_id=row.station_id,
                ),
            )
            for row, travel in zip(found, minutes, strict=True)
        ]
        if query.unknown is Unknown.EXCLUDE:
            return [each for each in judged if each.place.verdict is not Verdict.UNKNOWN]
        return judged

    def _read_hours(self, keys: Iterable[str]) -> None:
        missing = {key for key in keys if key not in self._timelines}
        for key, hours in schedules.hours_of(self._session, missing).items():
            self._timelines[key] = Timeline(hours, self._moment)

    def _timeline(self, row: Any) -> Timeline | None:
        if row.lifecycle != words.Lifecycle.OPEN:
            return None
        return self._timelines[row.schedule_key]

    def _waiting_key(self, ranked: Sequence[_Candidate]) -> Callable[[_Candidate], tuple[Any, ...]]:
        """Return the order where nothing is open: soonest to open, then hours unknown with a phone, then without."""
        unknown = [each.found.station_id for each in ranked if each.place.verdict is Verdict.UNKNOWN]
        phones = set(
            self._session.scalars(
                select(Station.id).where(Station.id.in_(unknown), func.btrim(Station.phone) != "")
            )
        )

        def key(each: _Candidate) -> tuple[Any, ...]:
            if each.place.opens_in is not None:
                return (0, *each.place.key)
            if each.place.verdict is Verdict.UNKNOWN:
                return (1 if each.found.station_id in phones else 2, *each.place.key)
            return (3, *each.place.key)

        return key

    def _rows(self, query: StationQuery, shown: Sequence[_Candidate]) -> tuple[Row, ...]:
        ids = [each.found.station_id for each in shown]
        facts = {
            row.station_id: row
            for row in self._session.execute(
                select(P.station_id, P.feature, P.has, P.inferred, P.lacks).where(P.station_id.in_(ids))
            )
        }
        return tuple(
            make_row(
                each.found,
                facts[each.found.station_id],
                place=each.place,
                timeline=self._timeline(each.found),
                moment=self._moment,
                minutes=each.minutes,
                wanted=query.amenities,
            )
            for each in shown
        )
