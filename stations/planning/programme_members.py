"""The stations that carry a programme: judged before they are put into it, one by one or many, or planned for it.

A station is put into a programme by who plans where the station stands. Functions take a session and never commit;
those that write are called inside ``acting``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stations.accounts import may
from stations.editing.checks import BadFields
from stations.errors import Conflict, Invalid, NotAllowed
from stations.models import Programme, ProgrammeStation, Region, Station
from stations.planning.programmes import counted_kinds

__all__ = [
    "MOST",
    "VERDICTS",
    "Judged",
    "bind",
    "count",
    "judge",
    "members",
    "require_open",
    "unbind",
]

#: Stations bound at once.
MOST: Final = 5000
#: What putting a station into a programme would do: it is new there or a member already; or why it cannot be.
VERDICTS: Final = (
    "new", "member", "outside_region", "other_kind", "closed", "withdrawn", "not_yours", "unknown",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """One station, and what putting it into the programme would do (``VERDICTS``)."""

    code: str
    verdict: str
    id: int | None = None
    name: str = ""
    kind: str = ""
    lifecycle: str = ""
    region: str | None = None


def judge(session: Session, programme: Programme, codes: Sequence[str], *, actor: int) -> list[Judged]:
    """Say of each station what putting it into a programme would do, in the order asked; a code named twice counts once.

    Raises Invalid for more than ``MOST``.
    """
    asked = list(dict.fromkeys(code.strip() for code in codes if code.strip()))
    if len(asked) > MOST:
        raise Invalid(f"{len(asked):,} stations; at most {MOST:,} at once", field="codes", reason="too_many")
    rows = session.execute(
        select(
            Station.id,
            Station.code,
            Station.names["zh"].astext.label("name"),
            Station.kind,
            Station.lifecycle,
            Station.withdrawn_reason.is_not(None).label("withdrawn"),
            Station.region_code,
            Region.lineage,
            ProgrammeStation.station_id.is_not(None).label("member"),
        )
        .outerjoin(Region, Region.code == Station.region_code)
        .outerjoin(
            ProgrammeStation,
            (ProgrammeStation.station_id == Station.id) & (ProgrammeStation.programme_id == programme.id),
        )
        .where(Station.code.in_(asked))
    )
    known = {row.code: row for row in rows}
    kinds, regions = set(counted_kinds(programme)), set(programme.regions)
    mine: dict[str | None, bool] = {}

    def verdict(code: str) -> str:
        row = known.get(code)
        if row is None:
            return "unknown"
        if row.member:
            return "member"
        if row.withdrawn:
            return "withdrawn"
        if row.lifecycle == "closed":
            return "closed"
        if not regions & set(row.lineage or ()):
            return "outside_region"
        if row.kind not in kinds:
            return "other_kind"
        if row.region_code not in mine:
            mine[row.region_code] = may(session, actor, "planner", row.region_code)
        return "new" if mine[row.region_code] else "not_yours"

    return [
        Judged(code, verdict(code))
        if code not in known
        else Judged(
            code,
            verdict(code),
            known[code].id,
            known[code].name,
            known[code].kind,
            known[code].lifecycle,
            known[code].region_code,
        )
        for code in asked
    ]


def count(judged: Iterable[Judged]) -> dict[str, int]:
    """Return how many stations there are of each verdict, in the order of ``VERDICTS``."""
    found = Counter(one.verdict for one in judged)
    return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}


def bind(session: Session, programme: Programme, codes: Sequence[str], *, actor: int) -> list[str]:
    """Put stations into a programme, all or none; return the codes of those that were not in it.

    Raises BadFields naming each station that cannot be, NotAllowed for one outside the actor's regions, Conflict for a
    closed programme.
    """
    require_open(programme)
    judged = judge(session, programme, codes, actor=actor)
    if refused := [one for one in judged if one.verdict not in {"new", "member", "not_yours"}]:
        raise BadFields(tuple(_refusal(programme, one) for one in refused))
    if foreign := [one.code for one in judged if one.verdict == "not_yours"]:
        raise NotAllowed(f"{', '.join(foreign[:20])}: not in a region that you plan for")
    new = [one for one in judged if one.verdict == "new"]
    if new:
        # Two who put the same station in at once both find it there.
        session.execute(
            insert(ProgrammeStation)
            .values([{"programme_id": programme.id, "station_id": one.id} for one in new])
            .on_conflict_do_nothing()
        )
        session.flush()
    return [one.code for one in new]


def unbind(session: Session, programme: Programme, codes: Sequence[str], *, actor: int) -> list[str]:
    """Take stations out of a programme; return the codes of those that were in it.

    Raises NotAllowed for one outside the actor's regions, Conflict for a closed programme.
    """
    require_open(programme)
    rows = session.execute(
        select(Station.id, Station.code, Station.region_code)
        .join(ProgrammeStation, ProgrammeStation.station_id == Station.id)
        .where(ProgrammeStation.programme_id == programme.id, Station.code.in_(codes))
        .order_by(Station.id)
    ).all()
    for region in {row.region_code for row in rows}:
        if not may(session, actor, "planner", region):
            raise NotAllowed(f"stations of region {region}: not a region that you plan for")
    session.execute(
        delete(ProgrammeStation).where(
            ProgrammeStation.programme_id == programme.id,
            ProgrammeStation.station_id.in_([row.id for row in rows]),
        )
    )
    return [row.code for row in rows]


def members(session: Session, programme: Programme, *, limit: int | None = None) -> list[Judged]:
    """Return the stations that carry a programme, by code; ``verdict`` says why one is not counted, else ``member``.

    Not counted: withdrawn, closed, moved out of the programme's regions, turned into another kind.
    """
    kinds, regions = set(counted_kinds(programme)), set(programme.regions)
    found = []
    for row in session.execute(
        select(
            Station.code,
            Station.id,
            Station.names["zh"].astext,
            Station.kind,
            Station.lifecycle,
            Station.region_code,
            Station.withdrawn_reason.is_not(None),
            Region.lineage,
        )
        .join(ProgrammeStation, ProgrammeStation.station_id == Station.id)
        .outerjoin(Region, Region.code == Station.region_code)
        .where(ProgrammeStation.programme_id == programme.id)
        .order_by(Station.code)
        .limit(limit)
    ):
        code, id_, name, kind, lifecycle, region, withdrawn, lineage = row
        verdict = (
            "withdrawn"
            if withdrawn
            else "outside_region"
            if not regions & set(lineage or ())
            else "other_kind"
            if kind not in kinds
            else "closed"
            if lifecycle == "closed"
            else "member"
        )
        found.append(Judged(code, verdict, id_, name, kind, lifecycle, region))
    return found


def require_open(programme: Programme) -> None:
    """Raise Conflict where a programme is closed."""
    if programme.closed_on is not None:
        raise Conflict(f"programme {programme.code} was closed on {programme.closed_on}; open it again first")


def _refusal(programme: Programme, one: Judged) -> Invalid:
    told = {
        "unknown": "no station has this code",
        "withdrawn": "it was withdrawn from the registry",
        "closed": "it is closed",
        "outside_region": f"region {one.region or 'unknown'} lies outside {', '.join(programme.regions)}",
        "other_kind": f"{one.kind} is none of the kinds counted: {', '.join(counted_kinds(programme))}",
    }[one.verdict]
    return Invalid(f"{one.code[:60]}: {told}", field="codes", value=one.code, reason=one.verdict)
