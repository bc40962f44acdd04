"""The nearest stations that meet a question: few at first, more where these do not settle it.

What is not among them lies beyond a known distance, so whoever ranks them can tell whether anything else could matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import DateTime, Float, Integer, and_, bindparam, func, not_, select
from sqlalchemy.orm import Session

from stations.finding.asking import Prepared, prepare
from stations.finding.rank import ACCESS_MINUTES, INFERRED_MINUTES, UNKNOWN_MINUTES
from stations.models import PublicStation as P
from stations.models import Schedule
from stations.query import By, Open, StationQuery, Unknown
from stations.registry import queries
from stations.vocabulary import Lifecycle

__all__ = ["FIRST", "Nearest", "nearest"]

#: How many are looked at first, and how many times more then; beyond ``_MANY`` all of them.
FIRST: Final = 100
_MORE: Final = 8
_MANY: Final = 2_000
#: A sphere, by which the index orders, and the spheroid, by which metres are told, differ by less.
_SPHERE: Final = 0.98
_EVERYTHING: Final = 2**31 - 1
_SHAPES: Final = 512

#: For ``open=now`` alone, which no shape has.
_NO_MOMENT: Final = datetime.fromtimestamp(0, UTC)
#: The moment at which work is wanted or an event is on, as it stands in a statement that is made once.
_MOMENT = cast("datetime", bindparam("moment", _NO_MOMENT, type_=DateTime(timezone=True)))
#: Longitude and latitude as they stand in a statement that is made once.
_NEAR = cast("tuple[float, float]", (bindparam("lon", 0.0, type_=Float), bindparam("lat", 0.0, type_=Float)))


class Nearest(NamedTuple):
    """Rows, roughly nearest first: ``station_id``, ``schedule_key``, ``lifecycle``, ``lon``, ``lat``, ``metres``, ``doubt``."""

    rows: Sequence[Any]
    #: Nothing else that meets the question is nearer than this; infinite where there is nothing else.
    rest_beyond_m: float


def nearest(
    session: Session,
    query: StationQuery,
    near: tuple[float, float],
    *,
    moment: datetime,
    within_m: float | None = None,
    without: str | None = None,
    first: int = FIRST,
) -> Iterator[Nearest]:
    """Yield the nearest stations to a point that meet the query, ever more of them, until there are no others.

    ``open=now`` and hours that are unknown only on arrival are not looked at. within_m: nothing farther is wanted, but
    may come. moment: when work is wanted, or an event is on. without: the code of a station that is left out. first: how many come first.
    """
    statement = _statement(_shape(query), within_m is not None, without is not None)
    given: dict[str, Any] = {"lon": near[0], "lat": near[1]}
    if within_m is not None:
        given["reach"] = within_m
    if without is not None:
        given["without"] = without
    if query.jobs or query.events:
        given["moment"] = moment
    size = first
    while True:
        rows = statement.rows(session, size=size, **given)
        if len(rows) < size:
            yield Nearest(rows, float("inf"))
            return
        yield Nearest(rows, rows[-1].metres * _SPHERE)
        size = size * _MORE if size < _MANY else _EVERYTHING


def _shape(query: StationQuery) -> StationQuery:
    """Return the query without what does not choose stations, or is told when a statement is sent."""
    return replace(
        query,
        near=(0.0, 0.0),
        at=None,
        by=By.WALK,
        stay=None,
        open=None if query.open is Open.NOW else query.open,
        lang="zh",
        limit=None,
        cursor=None,
    )


@lru_cache(maxsize=_SHAPES)
def _statement(shape: StationQuery, has_reach: bool, has_without: bool) -> Prepared:
    asked = replace(shape, near=_NEAR)
    conditions = queries.conditions(asked, _MOMENT, {})
    if shape.unknown is Unknown.EXCLUDE:
        conditions.append(not_(_never_known()))
    if has_reach:
        conditions.append(queries.perhaps_within(_NEAR, bindparam("reach", 0.0, type_=Float)))
    if has_without:
        conditions.append(P.code != bindparam("without", ""))
    return prepare(
        select(
            P.station_id,
            P.schedule_key,
            P.lifecycle,
            queries.x(P.location).label("lon"),
            queries.y(P.location).label("lat"),
            queries.metres_to(_NEAR).label("metres"),
            queries.doubt(
                shape.amenities, inferred=INFERRED_MINUTES, unknown=UNKNOWN_MINUTES, access=ACCESS_MINUTES
            ).label("doubt"),
        )
        .where(*conditions)
        .order_by(queries.nearest_first(_NEAR))
        .limit(bindparam("size", FIRST, type_=Integer))
    )


def _never_known() -> Any:
    """Return whether nobody knows the hours of a station that is in service, whatever the day."""
    silent = select(Schedule.key).where(
        Schedule.expression.is_(None), func.jsonb_array_length(Schedule.exceptions) == 0
    )
    return and_(P.lifecycle == Lifecycle.OPEN, P.schedule_key.in_(silent))
