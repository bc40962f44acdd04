"""Reports beside the form of a station: what was said while it is edited, accepted by saving what they led to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import flash, request
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.editing.save import Edit
from stations.keeping import deciding
from stations.keeping.queue import Filter, Group, waiting
from web import db
from web.desk.blueprint import blueprint
from web.desk.report_view import count_words
from web.desk.staff import current
from web.finder.words import said_words
from web.i18n import say

__all__ = ["Beside", "beside", "named", "settle"]

_MOST = 40


@dataclass(frozen=True, slots=True)
class Beside:
    """What waits of the reports that the address names: their numbers, as the form sends them on, and what they say."""

    ids: tuple[int, ...]
    #: What they say, how many there are, and the reports.
    groups: tuple[tuple[str, str, Group], ...]


def beside(code: str | None) -> Beside | None:
    """Return the reports of a station that the request names and that still wait; None where it names none."""
    parts = request.values.get("reports", "").split(",")
    asked = {int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 18}
    if not code or not asked:
        return None
    found = waiting(db.session(), Filter(station=code), db.now(), limit=_MOST).groups
    groups = tuple(
        (said_words(group.choice, group.amenity), count_words(group), group)
        for group in found
        if asked & {*group.ids}
    )
    ids = tuple(id_ for *_, group in groups for id_ in group.ids if id_ in asked)
    return Beside(ids, groups) if ids else None


def named(edit: Edit, code: str) -> Edit:
    """Return the edit with a reason that names the reports that led to it."""
    found = beside(code)
    if found is None:
        return edit
    numbers = "、".join(f"#{id_}" for id_ in found.ids[:5]) + ("…" if len(found.ids) > 5 else "")
    # The ledger is written in one language, whatever the page speaks.
    said = "；".join(dict.fromkeys(words.REPORT_CHOICES[group.choice].zh for *_, group in found.groups))
    return replace(edit, reason=f"{edit.reason}（采纳群众反映 {numbers}：{said}）")


def settle(session: Session, code: str, reason: str, *, changed: bool) -> None:
    """Accept the reports beside a form that has just been saved, in the same transaction.

    changed: whether the save changed anything; where it did not, the reports go on waiting.
    """
    found = beside(code)
    if found is None:
        return
    if not changed:
        flash(say("没有改动，反映仍在等待处理。"), "error")
        return
    for *_, group in found.groups:
        ids = [id_ for id_ in group.ids if id_ in found.ids]
        deciding.accept_by_edit(session, ids, actor=current().id, now=db.now(), reason=reason)
    flash(say("反映已采纳。"))


@blueprint.context_processor
def _for_the_form() -> dict[str, object]:
    return {"reports_beside": beside}
