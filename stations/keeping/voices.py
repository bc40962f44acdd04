"""What the public hears of what the public says: choices and counts, once enough agree; and what is then forgotten.

Words and photos are never read here. Nothing here alters what staff verified: it is shown beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, Delete, Update, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.keeping.marks import counting_day
from stations.keeping.reports import CONFIRMATION, MAX_AGE
from stations.models import Report, ReportKey, ReportMark, ReportRequest, SpentChallenge
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import REPORT_CHOICES

__all__ = ["Agreeing", "Agreement", "Swept", "Voice", "public_voice", "sweep"]

#: A phone may send a report for ``MAX_AGE``; a day later the number that it made up for it is of no more use.
_FORGET_AFTER = MAX_AGE + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Agreement:
    """When "有人反映" appears: so many devices, on so many networks, within so many hours, said the same."""

    devices: int = 3
    networks: int = 2
    hours: int = 72

    @property
    def window(self) -> timedelta:
        """The hours, as a duration."""
        return timedelta(hours=self.hours)


class Agreeing(NamedTuple):
    """Something that enough devices said: the choice, the amenity where it is about one, and how many said it."""

    choice: str
    amenity: str | None
    devices: int


@dataclass(frozen=True, slots=True)
class Voice:
    """What the public says of one station. ``confirmations``: devices in the window; ``last_confirmed``: ever."""

    confirmations: int = 0
    last_confirmed: date | None = None
    agreeing: tuple[Agreeing, ...] = ()


class Swept(NamedTuple):
    """How much was forgotten: hashes of who spoke, keys, requests, used challenges, numbers made up by phones."""

    marks: int
    keys: int
    requests: int
    challenges: int
    client_ids: int


def public_voice(
    session: Session, station_ids: Collection[int], now: datetime, *, agreement: Agreement | None = None
) -> Mapping[int, Voice]:
    """Return what the public says of these stations; every id asked is in the answer.

    Two questions to the database however many stations there are. A device counts once for each thing that it says of a
    station, on the network where it said it first. What fewer devices or networks say than ``agreement`` asks is left
    out, and so is what staff decided: a fault that was put right, or never was, is reported no more. Days are those of China.
    """
    asked = agreement or Agreement()
    ids = list(station_ids)
    first = (
        select(Report.station_id, Report.choice, Report.amenity, ReportMark.network)
        .ext(distinct_on(Report.station_id, Report.choice, Report.amenity, ReportMark.device))
        .join(ReportMark, ReportMark.report_id == Report.id)
        .where(
            Report.station_id.in_(ids),
            Report.made_at > now - asked.window,
            Report.made_at <= now,
            Report.status == "waiting",
            ReportMark.key_day == counting_day(now, asked.window),
        )
        .order_by(
            Report.station_id, Report.choice, Report.amenity, ReportMark.device, Report.made_at, Report.id
        )
        .subquery()
    )
    counts = session.execute(
        select(
            first.c.station_id,
            first.c.choice,
            first.c.amenity,
            func.count().label("devices"),
            func.count(first.c.network.distinct()).label("networks"),
        ).group_by(first.c.station_id, first.c.choice, first.c.amenity)
    ).all()
    last = dict(
        session.execute(
            select(Report.station_id, func.max(Report.made_at))
            .where(Report.station_id.in_(ids), Report.choice == CONFIRMATION, Report.made_at <= now)
            .group_by(Report.station_id)
        ).all()
    )
    confirmations: dict[int, int] = {}
    agreeing: defaultdict[int, list[Agreeing]] = defaultdict(list)
    for row in counts:
        if row.choice == CONFIRMATION:
            confirmations[row.station_id] = row.devices
        elif row.devices >= asked.devices and row.networks >= asked.networks:
            agreeing[row.station_id].append(Agreeing(row.choice, row.amenity, row.devices))
    return {
        station: Voice(
            confirmations.get(station, 0),
            last[station].astimezone(SHANGHAI).date() if station in last else None,
            tuple(sorted(agreeing[station], key=_most_first)),
        )
        for station in ids
    }


def sweep(session: Session, now: datetime) -> Swept:
    """Delete what is needed no more: hashes that left the window, their keys, counted requests, used challenges.

    Also forgets the numbers by which phones may send a report again, a week after it came. Repeated, it does nothing.
    """
    with acting(session, actor_id(session, OPERATOR), reason="passing data was forgotten"):
        marks, keys, requests, challenges = (
            _count(session, delete(table).where(table.until <= now))
            for table in (ReportMark, ReportKey, ReportRequest, SpentChallenge)
        )
        old = (Report.client_id.is_not(None), Report.received_at <= now - _FORGET_AFTER)
        # Asked first: a statement that finds nothing would still begin a commit.
        found = session.scalar(select(exists().where(*old)))
        forgotten = _count(session, update(Report).where(*old).values(client_id=None)) if found else 0
    return Swept(marks, keys, requests, challenges, forgotten)


def _most_first(said: Agreeing) -> tuple[int, int, str]:
    return -said.devices, list(REPORT_CHOICES).index(said.choice), said.amenity or ""


def _count(session: Session, statement: Delete | Update) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount
