"""The finder: the stations within an hour, ranked by what one will find on arrival; never an empty answer.

The top of the list is what ranking every station within the hour would give, but is usually settled by the nearest
few: nothing farther away can take less effort than the travel there, so once enough stations are open and better than
that, the rest need not be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, bindparam, exists, func, literal, not_, null, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.finding.asking import prepare
from stations.finding.nearest import FIRST, nearest
from stations.finding.rank import STAY, Place, Timeline, Verdict, judge
from stations.finding.rows import Row, make_row
from stations.finding.travel import Minutes, StraightLine, TravelTimes
from stations.hours import State
from stations.models import PublicStation as P
from stations.models import Report, Station
from stations.query import By, Open, StationQuery, Unknown
from stations.registry import public, queries, schedules

__all__ = ["HOUR", "Found", "find"]

#: Minutes beyond which nothing is called near (附近没有).
HOUR: Final = 60
_LIMIT: Final = 50
_NEAREST_ANYWAY: Final = 10
_OPEN: Final = frozenset((Verdict.OPEN, Verdict.OPENS_BY_ARRIVAL, Verdict.CLOSING_SOON))

#: What is set aside, one after the other, where a question has no answer at all.
_SET_ASIDE: Final[tuple[Mapping[str, Any], ...]] = (
    {"within_m": None, "bbox": None},
    {"open": None},
    {"unknown": Unknown.INCLUDE},
    {"access": (), "fee": ()},
    {"q": ""},
    {"amenities": ()},
    {"jobs": (), "events": ()},
    {"regions": ()},
    {"lifecycle": tuple(words.LIFECYCLE)},
    {"kinds": (), "classes": ()},
)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a rider.

    ``located``: whether the question had a position; without one the rows go by region and name, and tell no minutes.
    ``nothing_open``: within the hour nothing is open on arrival; the rows are then what opens soonest, then those whose
    hours nobody knows, the ones with a phone first. Without a position it is told of a whole list alone.
    ``nothing_near``: nothing answers within the hour; the rows are then the nearest, however far. ``set_aside``: names
    of filters that no station met and that were left out for that; they are attributes of ``StationQuery``.
    No rows only where the registry has no station at all.
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


_FACTS: Final = prepare(
    select(
        P.station_id,
        P.feature,
        P.has,
        P.inferred,
        P.lacks,
        exists().where(Report.station_id == P.station_id).label("spoken_of"),
    ).where(P.station_id == func.any(bindparam("ids", [], type_=ARRAY(BigInteger))))
)


def find(
    session: Session,
    query: StationQuery,
    *,
    now: datetime,
    limit: int = _LIMIT,
    travel: TravelTimes | None = None,
    without: str | None = None,
    first: int = FIRST,
) -> Found:
    """Return the stations that serve somebody at ``query.near`` who sets out at the moment asked about.

    Without kinds and classes in the query only places to rest are found. ``open=now`` means open on arrival.
    ``unknown=exclude`` drops stations whose hours nobody knows as well. limit: of rows, where the query has none of its
    own. travel: how long the way takes; the straight line where it is not given. without: the code of a station that is
    not wanted. first: how many of the nearest are looked at before more are; the answer does not depend on it.
    """
    moment = public.moment_of(query, now)
    if not query.kinds and not query.classes:
        query = replace(query, classes=(str(words.StationClass.REST),))
    asking = _Asking(session, moment, query.limit or limit, travel or StraightLine(), without, first)
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


@dataclass(slots=True)
class _Asking:
    """One request: its moment, how it travels, what it has read of hours so far."""

    session: Session
    moment: datetime
    limit: int
    travel: TravelTimes
    without: str | None
    first: int
    timelines: dict[str, Timeline] = field(default_factory=dict)

    def answer(self, query: StationQuery) -> Found:
        """Answer one query as it stands; without rows where nothing meets it."""
        empty = Found(self.moment, query.by, query.stay or STAY, query.near is not None, False, False, (), ())
        if query.near is None:
            listed = self._by_name(query)
            whole = len(listed) < self.limit
            nothing_open = bool(listed) and whole and not any(each.place.verdict in _OPEN for each in listed)
            return replace(empty, nothing_open=nothing_open, rows=self._rows(query, listed))
        ranked = self._within_the_hour(query, query.near)
        if not ranked:
            closest = self._nearest_anyway(query, query.near)
            nothing_open = not any(each.place.verdict in _OPEN for each in closest)
            return replace(
                empty, nothing_near=True, nothing_open=nothing_open, rows=self._rows(query, closest)
            )
        if ranked[0].place.verdict not in _OPEN:
            soonest = sorted(ranked, key=self._waiting_key(ranked))
            return replace(empty, nothing_open=True, rows=self._rows(query, soonest[: self.limit]))
        if query.open is Open.NOW:
            ranked = [each for each in ranked if each.place.verdict in _OPEN | {Verdict.UNKNOWN}]
        return replace(empty, rows=self._rows(query, ranked[: self.limit]))

    def _within_the_hour(self, query: StationQuery, near: tuple[float, float]) -> list[_Candidate]:
        """Return the candidates within the hour in their order: all of them, or more than enough for the top."""
        ranked: list[_Candidate] = []
        reach = self.travel.farthest_m(query.by, HOUR)
        for found, rest_beyond_m in nearest(
            self.session,
            query,
            near,
            moment=self.moment,
            within_m=reach,
            without=self.without,
            first=self.first,
        ):
            rest_takes = self.travel.fewest(query.by, rest_beyond_m) if rest_beyond_m < inf else inf
            for horizon in self.travel.horizons:
                ranked = [
                    each
                    for each in self._judged(query, found, near, within=horizon)
                    if each.minutes is not None and each.minutes.value <= horizon
                ]
                ranked.sort(key=_by_place)
                beyond = rest_takes if horizon >= HOUR else min(rest_takes, horizon + 1)
                if (
                    beyond < inf
                    and len(ranked) >= self.limit
                    and ranked[self.limit - 1].place.is_ahead_of(beyond)
                ):
                    return ranked
        return ranked

    def _nearest_anyway(self, query: StationQuery, near: tuple[float, float]) -> list[_Candidate]:
        """Return the few nearest, however far."""
        few = min(self.limit, _NEAREST_ANYWAY)
        closest: list[_Candidate] = []
        for found, rest_beyond_m in nearest(
            self.session, query, near, moment=self.moment, without=self.without, first=self.first
        ):
            closest = self._judged(query, found, near)
            closest.sort(key=_by_distance)
            if len(closest) >= few and closest[few - 1].found.metres < rest_beyond_m:
                break
        return closest[:few]

    def _by_name(self, query: StationQuery) -> list[_Candidate]:
        conditions = queries.conditions(query, self.moment, public.computed(self.session, query, self.moment))
        if query.unknown is Unknown.EXCLUDE:
            computed = schedules.open_keys(self.session, self.moment, State.UNKNOWN)
            unknown = queries.in_state(self.moment, State.UNKNOWN, computed)
            conditions.append(or_(P.lifecycle != words.Lifecycle.OPEN, not_(unknown)))
        if self.without is not None:
            conditions.append(P.code != self.without)
        found = self.session.execute(
            select(
                P.station_id,
                P.schedule_key,
                P.lifecycle,
                queries.x(P.location).label("lon"),
                queries.y(P.location).label("lat"),
                null().label("metres"),
                literal(0).label("doubt"),
            )
            .where(*conditions)
            .order_by(P.region_code, P.name, P.station_id)
            .limit(self.limit)
        ).all()
        return self._judged(query, found, None)

    def _judged(
        self,
        query: StationQuery,
        found: Sequence[Any],
        near: tuple[float, float] | None,
        *,
        within: int = HOUR,
    ) -> list[_Candidate]:
        """Judge stations for the arrival; without those whose hours are unknown then, where these are not wanted."""
        self._read_hours(row.schedule_key for row in found)
        ways: Sequence[Minutes | None] = [None] * len(found)
        if near is not None:
            points, metres = [(row.lon, row.lat) for row in found], [row.metres for row in found]
            ways = self.travel.minutes(near, query.by, points, metres, within=within)
        stay = query.stay or STAY
        judged = [
            _Candidate(
                row,
                way,
                judge(
                    self._timeline(row),
                    minutes=0 if way is None else way.value,
                    stay=stay,
                    doubt=row.doubt,
                    metres=row.metres or 0.0,
                    station_id=row.station_id,
                ),
            )
            for row, way in zip(found, ways, strict=True)
        ]
        if query.unknown is Unknown.EXCLUDE:
            return [each for each in judged if each.place.verdict is not Verdict.UNKNOWN]
        return judged

    def _read_hours(self, keys: Iterable[str]) -> None:
        missing = {key for key in keys if key not in self.timelines}
        if missing:
            for key, hours in schedules.hours_of(self.session, missing).items():
                self.timelines[key] = Timeline(hours, self.moment)

    def _timeline(self, row: Any) -> Timeline | None:
        return self.timelines[row.schedule_key] if row.lifecycle == words.Lifecycle.OPEN else None

    def _waiting_key(self, ranked: Sequence[_Candidate]) -> Callable[[_Candidate], tuple[Any, ...]]:
        """Return the order where nothing is open: soonest to open, then hours unknown with a phone, then without."""
        unknown = [each.found.station_id for each in ranked if each.place.verdict is Verdict.UNKNOWN]
        phones = set(
            self.session.scalars(
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
        if not shown:
            return ()
        ids = [each.found.station_id for each in shown]
        facts = {row.station_id: row for row in _FACTS.rows(self.session, ids=ids)}
        return tuple(
            make_row(
                each.found,
                facts[each.found.station_id],
                place=each.place,
                timeline=self._timeline(each.found),
                moment=self.moment,
                minutes=each.minutes,
                wanted=query.amenities,
            )
            for each in shown
        )


def _by_place(each: _Candidate) -> tuple[int, int, int, float, int]:
    return each.place.key


def _by_distance(each: _Candidate) -> tuple[float, int]:
    return each.found.metres, each.found.station_id
