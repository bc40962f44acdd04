"""Stations that are asked for by name of code (favourites), as the finder shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, null, select
from sqlalchemy.orm import Session

from stations.finding.find import HOUR
from stations.finding.rank import STAY, Timeline, judge
from stations.finding.rows import Row, make_row
from stations.finding.travel import Minutes, StraightLine, TravelTimes
from stations.models import PublicStation as P
from stations.models import Report
from stations.query import StationQuery
from stations.registry import public, queries, schedules
from stations.vocabulary import Lifecycle

__all__ = ["named"]


def named(
    session: Session,
    codes: Sequence[str],
    query: StationQuery,
    *,
    now: datetime,
    travel: TravelTimes | None = None,
) -> tuple[Row, ...]:
    """Return the stations with these codes: nearest first where ``query.near`` is given, else in the order of the codes.

    Filters do not apply: who marked a station wants to see it, closed or not. A code that nobody has is left out.
    """
    moment = public.moment_of(query, now)
    metres = null() if query.near is None else queries.metres_to(query.near)
    rows = session.execute(
        select(
            P.station_id, P.code, P.schedule_key, P.lifecycle, P.feature, P.has, P.inferred, P.lacks,
            queries.x(P.location).label("lon"), queries.y(P.location).label("lat"), metres.label("metres"),
            exists().where(Report.station_id == P.station_id).label("spoken_of"),
        ).where(P.listed.is_(True), P.code.in_(codes))
    ).all()  # fmt: skip
    hours = schedules.hours_of(session, [row.schedule_key for row in rows])
    ways: dict[int, Minutes] = {}
    if query.near is not None:
        located = [row for row in rows if row.metres is not None]
        points, distances = [(row.lon, row.lat) for row in located], [row.metres for row in located]
        found = (travel or StraightLine()).minutes(query.near, query.by, points, distances, within=HOUR)
        ways = dict(zip((row.station_id for row in located), found, strict=True))
    made = []
    for row in rows:
        minutes = ways.get(row.station_id)
        timeline = Timeline(hours[row.schedule_key], moment) if row.lifecycle == Lifecycle.OPEN else None
        place = judge(
            timeline,
            minutes=0 if minutes is None else minutes.value,
            stay=query.stay or STAY,
            doubt=0,
            metres=row.metres or 0.0,
            station_id=row.station_id,
        )
        made.append(
            make_row(
                row,
                row,
                place=place,
                timeline=timeline,
                moment=moment,
                minutes=minutes,
                wanted=query.amenities,
            )
        )
    order = {code: number for number, code in enumerate(codes)}
    return tuple(
        sorted(made, key=lambda row: (row.distance_m is None, row.distance_m or 0.0, order[row.code]))
    )
