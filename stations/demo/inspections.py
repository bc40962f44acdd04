"""Inspections of the demonstration: some dozens over the last half year, what they found, and the ratings given for them.

Everything is set for the demonstration, and says so (演示). The checklists are those that come with the system.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid5

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.hours import SHANGHAI
from stations.keeping.inspecting import documents, following, honouring, library, record
from stations.keeping.inspecting.checklist import Checklist, Item, ItemKind
from stations.keeping.inspecting.rating import Answer
from stations.keeping.inspecting.record import Draft, ItemFound
from stations.models import Finding, Honour, Inspection, Station

__all__ = ["add_inspections"]

_SEED: Final = 20_240_601
_NAMES: Final = UUID("5f0c6f0e-9c9b-4a5e-8a76-3a2b7f1f6c10")
_INSPECTED: Final = 48
_RATED: Final = 12
_REVOKED: Final = 2
_LONGEST_AGO: Final = 180
#: How often an item is met, seen at all, and put down to be mended where it is not met.
_MET, _SEEN, _MENDED = 0.9, 0.97, 0.85


def add_inspections(session: Session, *, actor: int, today: date) -> None:
    """Publish the shipped checklists and inspect some stations under them, as an editor of all regions.

    Called inside ``acting``, once the stations have their public rows. The same day gives the same inspections.
    """
    shipped = documents.shipped()
    for checklist in shipped.values():
        library.publish(session, checklist)
    rng = np.random.default_rng(_SEED)
    stations = session.execute(
        select(Station.code)
        .where(
            Station.lifecycle == words.Lifecycle.OPEN,
            Station.kind.in_(words.REST_KINDS),
            Station.withdrawn_reason.is_(None),
        )
        .order_by(Station.id)
    ).scalars()
    codes = list(stations)
    chosen = codes[:: max(1, len(codes) // _INSPECTED)][:_INSPECTED]
    made: list[int] = []
    for at, code in enumerate(chosen):
        checklist = shipped["star-scheme" if at % 4 == 3 else "qinghai-six-haves"]
        moment = _moment(today, int(rng.integers(1, _LONGEST_AGO)), rng)
        draft = _draft(checklist, code, moment, rng)
        made.append(record.record(session, code, draft, inspector=actor, now=moment).id)
    _follow(session, actor=actor, today=today)
    _rate(session, made, today=today)


def _moment(today: date, days_ago: int, rng: np.random.Generator) -> datetime:
    """Return a moment of a working day some days ago, in UTC."""
    clock = time(int(rng.integers(9, 19)), int(rng.integers(0, 60)))
    return datetime.combine(today - timedelta(days=days_ago), clock, SHANGHAI).astimezone(UTC)


def _draft(checklist: Checklist, code: str, moment: datetime, rng: np.random.Generator) -> Draft:
    care = float(rng.uniform(0.85, 1.1))
    found = {
        item.code: _found(item, moment, care, rng) for item in checklist.items if item.kind is ItemKind.CHECK
    }
    return Draft(
        client_id=uuid5(_NAMES, f"{code} {moment.isoformat()}"),
        checklist=checklist.code,
        version=checklist.version,
        found=found,
        observed="open" if rng.random() < _MET else "shut",
        remark="演示：编造的检查",
        confirms=bool(rng.random() < _MET),
    )


def _found(item: Item, moment: datetime, care: float, rng: np.random.Generator) -> ItemFound:
    met, seen, mended = rng.random(3)
    if seen > _SEEN:
        return ItemFound(Answer.UNSEEN)
    if met < _MET * care:
        return ItemFound(Answer.YES)
    due = None
    if item.mend_days is not None and mended < _MENDED:
        due = moment.astimezone(SHANGHAI).date() + timedelta(days=item.mend_days)
    return ItemFound(Answer.NO, f"演示：{item.title['zh']}——没有做到", due)


def _follow(session: Session, *, actor: int, today: date) -> None:
    """Let most of what is past its day be mended, and some of that be checked; a few stay late."""
    for at, (number, due) in enumerate(
        session.execute(select(Finding.id, Finding.due).order_by(Finding.id)).all()
    ):
        if due >= today or at % 7 == 0:
            continue
        following.act_on(session, number, "mend", by=actor, today=due, note="演示：已经改好")
        if at % 3:
            following.act_on(session, number, "check", by=actor, today=min(today, due + timedelta(days=5)))


def _rate(session: Session, made: list[int], *, today: date) -> None:
    """Give the first ratings that were reached, and revoke two of them with a reason."""
    passing = session.scalars(
        select(Inspection.id)
        .where(Inspection.id.in_(made), Inspection.passes)
        .order_by(Inspection.id)
        .limit(_RATED)
    ).all()
    given = [
        session.get_one(Honour, honouring.give_rating(session, number, level="county", today=today))
        for number in passing
    ]
    for honour in given:
        honour.title += "（演示）"
    for honour in given[:_REVOKED]:
        honouring.revoke(session, honour.id, reason="演示：复查时多次关门，不再达标", on=today)
