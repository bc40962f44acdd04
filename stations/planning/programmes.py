"""Programmes as planners write them: checked whole, kept with a version, closed with a reason and never deleted.

The functions take a session and never commit; those that write are called inside ``acting``. Whoever changes a
programme plans in all of its regions, and says which version was read: a change by somebody else in between is a
Conflict and never lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.accounts import may
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.models import Organisation, Programme, ProgrammeArea, ProgrammeTarget
from stations.planning.asking import CoverageQuestion
from stations.planning.programme_plan import MONEY, TARGETS, Plan, PriorityArea, checked

__all__ = [
    "TARGETS",
    "Plan",
    "PriorityArea",
    "add",
    "as_plan",
    "change",
    "close",
    "counted_kinds",
    "get",
    "held",
    "listed",
    "may_change",
    "priority_areas",
    "reopen",
    "span",
    "targets_of",
    "with_kinds",
]

_LONGEST_REASON: Final = 500
_KEPT: Final = (
    "title", "year", "starts", "due", "tag", "standard", "standard_source", "target", "target_is", "base", "note",
    *MONEY,
)  # fmt: skip


def get(session: Session, code: str) -> Programme:
    """Return a programme by its code, in whatever case. Raises NotFound."""
    found = session.scalar(select(Programme).where(func.lower(Programme.code) == code.strip().lower()))
    if found is None:
        raise NotFound(f"there is no programme {code[:60]!r}; yizhan programme list shows those there are")
    return found


def listed(session: Session) -> Sequence[Programme]:
    """Return all programmes: those that go on first, the one that is due next at the head."""
    return session.scalars(
        select(Programme).order_by(
            Programme.closed_on.is_not(None), Programme.due, Programme.year, Programme.id
        )
    ).all()


def counted_kinds(programme: Programme) -> tuple[str, ...]:
    """Return the kinds that a programme counts."""
    return tuple(programme.kinds) or tuple(map(str, words.REST_KINDS))


def with_kinds(question: CoverageQuestion, programme: Programme) -> CoverageQuestion:
    """Return a question of coverage that asks for the kinds that a programme counts, in place of those it named."""
    return replace(question, serving=replace(question.serving, kinds=counted_kinds(programme)))


def span(programme: Programme) -> tuple[date, date]:
    """Return the first and the last day of a programme: those of its year where nobody said otherwise."""
    due = programme.due or date(programme.year, 12, 31)
    starts = programme.starts or date(min(programme.year, due.year), 1, 1)
    return min(starts, due), due


def targets_of(session: Session, programme: Programme) -> dict[str, int]:
    """Return what of the target falls to which region; one region alone has all of it."""
    wanted = (
        select(ProgrammeTarget.region_code, ProgrammeTarget.target)
        .where(ProgrammeTarget.programme_id == programme.id)
        .order_by(ProgrammeTarget.region_code)
    )
    found = dict(session.execute(wanted).all())
    if not found and len(programme.regions) == 1:
        return {programme.regions[0]: programme.target}
    return found


def priority_areas(session: Session, programme: Programme) -> tuple[PriorityArea, ...]:
    """Return the regions that come first in siting, the heaviest at the head."""
    rows = session.execute(
        select(ProgrammeArea.region_code, ProgrammeArea.weight, ProgrammeArea.reason)
        .where(ProgrammeArea.programme_id == programme.id)
        .order_by(ProgrammeArea.weight.desc(), ProgrammeArea.region_code)
    )
    return tuple(PriorityArea(*row) for row in rows)


def as_plan(session: Session, programme: Programme) -> Plan:
    """Return a programme as it would be written."""
    owner = None
    if programme.owner_id is not None:
        owner = session.scalar(select(Organisation.name).where(Organisation.id == programme.owner_id))
    stated = targets_of(session, programme)
    return Plan(
        code=programme.code,
        regions=tuple(programme.regions),
        kinds=tuple(programme.kinds),
        targets={}
        if len(programme.regions) == 1 and stated == {programme.regions[0]: programme.target}
        else stated,
        owner=owner,
        areas=priority_areas(session, programme),
        **{name: getattr(programme, name) for name in _KEPT},
    )


def may_change(session: Session, actor: int, regions: Sequence[str]) -> bool:
    """Tell whether somebody plans in every one of these regions."""
    return bool(regions) and all(may(session, actor, "planner", region) for region in regions)


def add(session: Session, plan: Plan, *, actor: int, demonstration: bool = False) -> Programme:
    """Add a programme. Raises BadFields, Conflict for a code that is taken, NotAllowed outside the actor's regions."""
    plan = checked(session, plan)
    _require(session, actor, plan.regions)
    taken = session.scalar(select(Programme.title).where(func.lower(Programme.code) == plan.code.lower()))
    if taken is not None:
        raise Conflict(f"the code {plan.code!r} is that of the programme {taken!r}; choose another")
    made = Programme(code=plan.code, version=1, demonstration=demonstration, regions=list(plan.regions))
    _write(session, made, plan)
    return made


def change(session: Session, code: str, plan: Plan, *, version: int, actor: int) -> Programme:
    """Write a programme anew. The code stays what it was.

    version: the one that was read. Raises BadFields, NotFound, NotAllowed, and Conflict where the programme is closed or
    somebody changed it since.
    """
    programme = held(session, code, actor=actor, version=version)
    plan = checked(session, replace(plan, code=programme.code))
    _require(session, actor, plan.regions)
    if plan == as_plan(session, programme):
        return programme
    programme.version += 1
    _write(session, programme, plan)
    return programme


def close(
    session: Session,
    code: str,
    *,
    on: date,
    reason: str,
    version: int,
    actor: int,
    open_items: int,
    insist: bool = False,
) -> Programme:
    """End a programme: its figures go on being counted, and nothing is bound to it any more.

    open_items: stations still planned or in building, and those not placed yet (``progress``). insist: end it all the
    same. Raises Conflict where there are any and nobody insists, Invalid without a reason.
    """
    programme = held(session, code, actor=actor, version=version)
    if not 1 <= len(reason.strip()) <= _LONGEST_REASON:
        raise Invalid(
            "closing a programme needs a reason of 1 to 500 characters", field="reason", reason="needed"
        )
    if open_items and not insist:
        raise Conflict(
            f"programme {programme.code} has {open_items} open items: stations planned, in building or not placed; "
            "settle them, or say that it ends all the same"
        )
    programme.closed_on, programme.closed_reason = on, reason.strip()
    programme.version += 1
    session.flush()
    return programme


def reopen(session: Session, code: str, *, version: int, actor: int) -> Programme:
    """Let a closed programme go on. Raises Conflict where it is not closed or was changed since."""
    programme = held(session, code, actor=actor, version=version, closed=True)
    programme.closed_on = programme.closed_reason = None
    programme.version += 1
    session.flush()
    return programme


def held(
    session: Session, code: str, *, actor: int, version: int | None = None, closed: bool = False
) -> Programme:
    """Return a programme that nobody else can change until this transaction ends; asked inside ``acting``.

    Raises NotFound, NotAllowed outside the actor's regions, Conflict where the version is another or the programme is
    closed (with ``closed``: is not).
    """
    found = get(session, code)
    _require(session, actor, found.regions)
    session.execute(
        select(Programme)
        .where(Programme.id == found.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
    if version is not None and found.version != version:
        raise Conflict(
            f"programme {found.code} was changed meanwhile (version {found.version}, not {version}): read it again"
        )
    if (found.closed_on is not None) != closed:
        state = "is not closed" if closed else f"was closed on {found.closed_on}; open it again first"
        raise Conflict(f"programme {found.code} {state}")
    return found


def _require(session: Session, actor: int, regions: Sequence[str]) -> None:
    if not may_change(session, actor, regions):
        raise NotAllowed(
            f"a programme of {', '.join(regions)} is kept by who plans in all of these regions; "
            "ask an administrator for the role planner there"
        )


def _write(session: Session, programme: Programme, plan: Plan) -> None:
    for name in _KEPT:
        setattr(programme, name, getattr(plan, name))
    programme.regions, programme.kinds = list(plan.regions), list(plan.kinds)
    programme.owner_id = _owner(session, plan)
    session.add(programme)
    session.flush()
    parts: tuple[tuple[type[Any], Mapping[str, Mapping[str, Any]]], ...] = (
        (ProgrammeTarget, {code: {"target": count} for code, count in plan.targets.items()}),
        (ProgrammeArea, {area.region: {"weight": area.weight, "reason": area.reason} for area in plan.areas}),
    )
    for model, wanted in parts:
        session.execute(
            delete(model).where(model.programme_id == programme.id, model.region_code.not_in(wanted))
        )
        for code, values in wanted.items():
            row = session.get(model, (programme.id, code))
            if row is None:
                session.add(model(programme_id=programme.id, region_code=code, **values))
            else:
                for name, value in values.items():
                    setattr(row, name, value)
    session.flush()


def _owner(session: Session, plan: Plan) -> int | None:
    if plan.owner is None:
        return None
    known = session.scalar(select(Organisation.id).where(Organisation.name == plan.owner))
    if known is not None:
        return known
    made = Organisation(name=plan.owner, region_code=plan.regions[0] if len(plan.regions) == 1 else None)
    session.add(made)
    session.flush()
    return made.id
