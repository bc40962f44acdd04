"""Deciding reports: one tap applies what the choice means, in a commit whose reason names the reports.

Each function writes as the member of staff who decides. Where only a person can know what is right, the change is an
edit, and the reports are accepted by saving it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations import vocabulary
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import SHANGHAI
from stations.keeping import reports
from stations.models import Amenity, HoursException, Report, Station
from stations.registry import registry
from stations.registry.reverting import revert
from stations.registry.writing import acting

__all__ = [
    "REMEDIES",
    "Remedy",
    "Settled",
    "accept",
    "accept_by_edit",
    "reason_of",
    "reject",
    "release",
    "same",
    "take_back",
]

_CLOSED_TODAY = "群众反映当天未开放"


class Remedy(StrEnum):
    """What may come of an accepted report; the codes are those of its ``outcome``."""

    CLOSED_TODAY = "closed_today"
    SUSPENDED = "suspended"
    OUT_OF_ORDER = "out_of_order"
    AMENITY_ABSENT = "amenity_absent"
    EDITED = "edited"
    NOTED = "noted"


#: What is done by a tap, and so undone by one.
_TAPPED = frozenset({Remedy.CLOSED_TODAY, Remedy.SUSPENDED, Remedy.OUT_OF_ORDER, Remedy.AMENITY_ABSENT})
#: What a keeper may do about each choice, the likeliest first. ``edited`` opens the form of the station.
REMEDIES: Mapping[str, tuple[Remedy, ...]] = MappingProxyType(
    {
        "closed_now": (Remedy.CLOSED_TODAY, Remedy.SUSPENDED, Remedy.EDITED, Remedy.NOTED),
        "moved": (Remedy.EDITED, Remedy.SUSPENDED, Remedy.NOTED),
        "hours_wrong": (Remedy.EDITED, Remedy.NOTED),
        "amenity_missing": (Remedy.AMENITY_ABSENT, Remedy.EDITED, Remedy.NOTED),
        "amenity_broken": (Remedy.OUT_OF_ORDER, Remedy.EDITED, Remedy.NOTED),
        "access_differs": (Remedy.EDITED, Remedy.NOTED),
        "service_attitude": (Remedy.NOTED,),
        "safety": (Remedy.NOTED, Remedy.SUSPENDED, Remedy.EDITED),
        "other": (Remedy.NOTED, Remedy.EDITED),
    }
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of reports: how many were decided, and whether the station is other than before."""

    code: str
    reports: int
    changed: bool


def accept(
    session: Session,
    report_ids: Collection[int],
    *,
    actor: int,
    now: datetime,
    remedy: Remedy,
    note: str | None = None,
    back_on: date | None = None,
) -> Settled:
    """Accept reports that say the same, and do what the remedy means.

    note: why, in words; a suspension needs them, and shows them to the public. back_on: when a suspended station
    should open again. A remedy that finds the station so already changes nothing, and the reports are accepted all the
    same. Raises Conflict for a remedy that the choice does not know, ``edited`` among them: that is accepted by saving.
    """
    found = _held(session, report_ids, actor)
    choice = found[0].choice
    if remedy not in REMEDIES.get(choice, ()) or remedy is Remedy.EDITED:
        raise Conflict(f"{remedy} is nothing that can be done at once about {choice}")
    said = (note or "").strip()
    with acting(session, actor, reason=reason_of(found, "采纳")):
        station = session.get_one(Station, found[0].station_id)
        today = now.astimezone(SHANGHAI).date()
        match remedy:
            case Remedy.CLOSED_TODAY:
                changed = _close_on(session, station, today)
            case Remedy.SUSPENDED:
                changed = _suspend(session, station, today, said, back_on)
            case Remedy.OUT_OF_ORDER | Remedy.AMENITY_ABSENT:
                changed = _set_amenity(session, station, found[0].amenity or "", remedy, today)
            case _:
                changed = False
        for report in found:
            reports.accept(session, report.id, by=actor, now=now, outcome=remedy, note=said or None)
    return Settled(station.code, len(found), changed)


def accept_by_edit(
    session: Session, report_ids: Collection[int], *, actor: int, now: datetime, reason: str
) -> Settled:
    """Accept reports because their station has just been edited, in the same transaction and so in the same commit.

    reason: of the edit; the ledger keeps the one that was given first. Raises Conflict as ``accept`` does.
    """
    with acting(session, actor, reason=reason):
        found = same(session, report_ids)
        for report in found:
            reports.accept(session, report.id, by=actor, now=now, outcome=Remedy.EDITED)
    return _settled(session, found, changed=True)


def take_back(session: Session, report_ids: Collection[int], *, actor: int) -> int:
    """Take a decision back: the reports wait again, and what one tap changed about the station is undone with it.

    What was edited by hand stays; it is taken back from the history. Returns how much of the station stays because
    somebody changed it since. Raises Conflict where nothing was decided.
    """
    found = _held(session, report_ids, actor)
    tapped = {report.decided_in for report in found if report.outcome in _TAPPED}
    reason = reason_of(found, "撤销对下列反映的处理：")
    with acting(session, actor, reason=reason):
        for report in found:
            reports.reopen(session, report.id)
    commits = [commit for commit in tapped if commit is not None]
    if not commits:
        return 0
    undone = revert(session, commit_ids=commits, actor=actor, reason=reason)
    # That the reports were decided stands in the same commit, and has just been taken back above.
    return sum(kept.table != Report.__tablename__ for kept in undone.kept)


def reject(session: Session, report_ids: Collection[int], *, actor: int, now: datetime, note: str) -> Settled:
    """Set reports aside, with the reason: nothing changes, and what was released of them is hidden again."""
    found = _held(session, report_ids, actor)
    with acting(session, actor, reason=reason_of(found, "不采纳")):
        for report in found:
            reports.reject(session, report.id, by=actor, now=now, note=note)
    return _settled(session, found)


def release(
    session: Session, report_id: int, *, actor: int, now: datetime, words: bool, photo: bool
) -> Settled:
    """Show the words of a report, its photo, both or neither."""
    found = _held(session, [report_id], actor)
    with acting(session, actor, reason=reason_of(found, "公开" if words or photo else "隐藏")):
        if words or photo:
            reports.release(session, report_id, by=actor, now=now, words=words, photo=photo)
        else:
            reports.hide(session, report_id)
    return _settled(session, found)


def same(session: Session, report_ids: Collection[int]) -> tuple[Report, ...]:
    """Return these reports, held for a decision; the caller acts as somebody.

    Raises NotFound, NotAllowed for another region's, and Conflict where they do not say the same of one station.
    """
    found = session.scalars(
        select(Report).where(Report.id.in_(report_ids)).order_by(Report.id).with_for_update()
    ).all()
    missing = set(report_ids).difference(report.id for report in found)
    if not found or missing:
        # What the row policy keeps from being held is there all the same.
        there = set(session.scalars(select(Report.id).where(Report.id.in_(report_ids))))
        if not report_ids or set(report_ids) - there:
            raise NotFound(f"there is no report {sorted(set(report_ids) - there)}")
        raise NotAllowed(f"reports {sorted(missing)} are about a station outside your regions")
    if len({(report.station_id, report.choice, report.amenity) for report in found}) > 1:
        raise Conflict(f"reports {sorted(report_ids)} say different things; decide them apart")
    return tuple(found)


def reason_of(found: Iterable[Report], decision: str) -> str:
    """Return the ledger's reason for a decision: which reports, and what they say."""
    held = list(found)
    said = vocabulary.REPORT_CHOICES[held[0].choice].zh
    if held[0].amenity is not None:
        said += f"（{vocabulary.AMENITIES[held[0].amenity].zh}）"
    numbers = "、".join(f"#{report.id}" for report in held[:5]) + ("…" if len(held) > 5 else "")
    return f"{decision}群众反映 {numbers}：{said}"


def _held(session: Session, report_ids: Collection[int], actor: int) -> tuple[Report, ...]:
    """Hold reports as the actor; the reason is known once they are read."""
    with acting(session, actor, reason="a decision about reports"):
        return same(session, report_ids)


def _settled(session: Session, found: tuple[Report, ...], *, changed: bool = False) -> Settled:
    return Settled(session.get_one(Station, found[0].station_id).code, len(found), changed)


def _close_on(session: Session, station: Station, day: date) -> bool:
    """Close a station for one day. Tells whether it was not closed by an exception already."""
    known = session.scalars(
        select(HoursException).where(
            HoursException.station_id == station.id,
            HoursException.starts <= day,
            HoursException.ends >= day,
            HoursException.expression.is_(None),
        )
    ).first()
    if known is not None:
        return False
    session.add(HoursException(station_id=station.id, starts=day, ends=day, reason=_CLOSED_TODAY))
    session.flush()
    return True


def _suspend(session: Session, station: Station, day: date, why: str, back_on: date | None) -> bool:
    if station.lifecycle == vocabulary.Lifecycle.SUSPENDED:
        return False
    if back_on is not None and back_on < day:
        raise Invalid(f"back_on: {back_on} is past; name a day to come", field="back_on", value=back_on)
    registry.set_lifecycle(session, station, vocabulary.Lifecycle.SUSPENDED, on=day, reason=why)
    station.expected_on = back_on
    session.flush()
    return True


def _set_amenity(session: Session, station: Station, code: str, remedy: Remedy, day: date) -> bool:
    """Write that an amenity is out of order, or is not there: seen at the place by whoever reported it."""
    row = session.get(Amenity, (station.id, code))
    broken = remedy is Remedy.OUT_OF_ORDER
    value = vocabulary.Value.YES if broken else vocabulary.Value.NO
    if row is not None and (row.value, row.out_of_order) == (value, broken):
        return False
    fact = registry.AmenityFact(
        value=value,
        basis=vocabulary.Basis.OBSERVED,
        out_of_order=broken,
        verified_at=day,
        note=row.note if row is not None and broken else None,
    )
    registry.set_amenities(session, station, {code: fact})
    return True
