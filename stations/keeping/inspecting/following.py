"""What is to be mended: put down by an inspection, mended by the station, checked by who looks again.

A later inspection that finds the item in order checks it, and one that finds it wanting again opens it again: nobody has
to tell the list twice what was seen at the door.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import SHANGHAI
from stations.keeping.inspecting.checklist import Checklist
from stations.keeping.inspecting.rating import Answer
from stations.keeping.words import clean_words
from stations.models import Checklist as ChecklistRow
from stations.models import Finding, Inspection

if TYPE_CHECKING:
    from stations.keeping.inspecting.record import ItemFound

__all__ = ["ACTS", "act_on", "drop_all", "follow_up"]

#: What somebody can do with a finding: from which states, and to which.
ACTS: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "mend": (frozenset({"open"}), "mended"),
    "check": (frozenset({"open", "mended"}), "checked"),
    "reopen": (frozenset({"mended", "checked", "dropped"}), "open"),
    "drop": (frozenset({"open", "mended"}), "dropped"),
    "postpone": (frozenset({"open"}), "open"),
}
_ENDED: Final = frozenset({"checked", "dropped"})


def follow_up(
    session: Session,
    inspection: Inspection,
    checklist: Checklist,
    found: Mapping[str, ItemFound],
    standings: Mapping[str, Answer],
) -> None:
    """Put down what an inspection wants mended, and settle what earlier ones under the checklist had put down."""
    earlier = _unsettled(session, inspection, checklist.code)
    day = inspection.made_at.astimezone(SHANGHAI).date()
    for code, standing in standings.items():
        known = earlier.get(code)
        one = found.get(code)
        if known is not None and standing is Answer.YES:
            known.status, known.checked_on, known.checked_by = "checked", day, inspection.inspector_id
            known.checked_note = None
        elif one is not None and one.due is not None:
            if known is None:
                title = checklist.by_code[code].title["zh"]
                session.add(
                    Finding(
                        inspection_id=inspection.id,
                        station_id=inspection.station_id,
                        item=code,
                        what=one.remark or title,
                        due=one.due,
                    )
                )
            elif known.status == "mended":
                known.status, known.due = "open", one.due
                known.mended_on = known.mended_by = known.mended_note = None


def act_on(
    session: Session,
    finding_id: int,
    act: str,
    *,
    by: int,
    today: date,
    note: str = "",
    due: date | None = None,
) -> Finding:
    """Say what became of a finding; the caller writes as somebody. act: one of ``ACTS``.

    note: needed to drop one. due: the new day of one that is postponed. Raises NotFound, Invalid, Conflict where its state
    does not allow it, NotAllowed elsewhere than in one's regions.
    """
    finding = session.get(Finding, finding_id)
    if finding is None:
        raise NotFound(f"there is no finding {finding_id}")
    if act not in ACTS:
        raise Invalid(f"act: {act[:40]!r} is none of {', '.join(ACTS)}", field="act", value=act)
    # Row policies hide from a writer what is not theirs, without an error; a lock asks the policy.
    locked = (
        select(Finding)
        .where(Finding.id == finding_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if session.scalar(locked) is None:
        raise NotAllowed(f"finding {finding_id} is of a station outside the regions that you keep")
    before, after = ACTS[act]
    if finding.status not in before:
        raise Conflict(f"finding {finding_id} is {finding.status}; that cannot be done with it any more")
    said = clean_words(note, field="note")
    if act == "drop" and said is None:
        raise Invalid("note: say why it is no finding", field="note", reason="needed")
    if act == "postpone":
        if due is None or due <= finding.due:
            raise Invalid(
                f"due: {due} is not after {finding.due}, the day that was set", field="due", reason="due"
            )
        finding.due = due
    elif act == "mend":
        finding.mended_on, finding.mended_by, finding.mended_note = today, by, said
    elif act == "reopen":
        finding.mended_on = finding.mended_by = finding.mended_note = None
    if after in _ENDED:
        finding.checked_on, finding.checked_by, finding.checked_note = today, by, said
    else:
        finding.checked_on = finding.checked_by = finding.checked_note = None
    finding.status = after
    session.flush()
    return finding


def drop_all(session: Session, inspection_id: int, *, by: int, today: date, note: str) -> None:
    """Drop what an inspection that does not count had put down."""
    for finding in session.scalars(
        select(Finding).where(Finding.inspection_id == inspection_id, Finding.status.not_in(_ENDED))
    ):
        finding.status, finding.checked_on, finding.checked_by = "dropped", today, by
        finding.checked_note = note


def _unsettled(session: Session, inspection: Inspection, code: str) -> dict[str, Finding]:
    """Return what earlier inspections under any version of the checklist left to be mended, by item."""
    rows = session.scalars(
        select(Finding)
        .join(Inspection, Inspection.id == Finding.inspection_id)
        .join(ChecklistRow, ChecklistRow.id == Inspection.checklist_id)
        .where(
            Finding.station_id == inspection.station_id,
            Finding.status.in_(("open", "mended")),
            ChecklistRow.code == code,
            # One that was made before and came late knows nothing of what was found since.
            Inspection.made_at <= inspection.made_at,
        )
        .order_by(Finding.id)
    )
    return {finding.item: finding for finding in rows}
