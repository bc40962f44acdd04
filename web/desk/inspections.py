"""Inspections at the desk: the list of one's regions, one with all that was found, and taking back a mistake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import ROLES, where
from stations.errors import NotAllowed, StationsError
from stations.hours import SHANGHAI
from stations.keeping import photos
from stations.keeping.inspecting import library, listing, pictures, record
from stations.keeping.inspecting.checklist import Checklist, ItemKind
from stations.keeping.inspecting.honouring import of_station
from stations.keeping.inspecting.rating import Answer, rate
from stations.models import Inspection
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.inspections_words import (
    answer_words,
    level_words,
    observed_words,
    posted_words,
    refusal,
    status_words,
    title_in,
)
from web.desk.staff import current, desk_page, may
from web.ground import name_in
from web.i18n import say
from web.pages.map_view import metres_words
from web.settings import Settings

__all__ = [
    "inspection",
    "inspection_photo",
    "inspection_withdraw",
    "inspections_page",
    "regions_of",
    "shown_regions",
]

_PAGE = 30
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Line:
    """One item with what was found of it, as the page shows it."""

    code: str
    title: str
    answer: str
    answer_words: str
    score: str
    remark: str
    is_sum: bool
    photos: tuple[str, ...]


@blueprint.get("/inspections")
@desk_page(*ROLES)
def inspections_page() -> str:
    """Show the inspections of one's regions, the newest first."""
    form = request.args
    before = form.get("before", "")
    passes = {"yes": True, "no": False}.get(form.get("passes", ""))
    session = db.session()
    rows = listing.inspections(
        session,
        regions=shown_regions(),
        station_code=form.get("station") or None,
        checklist=form.get("checklist") or None,
        passes=passes,
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None,
        limit=_PAGE + 1,
    )
    more = rows[_PAGE - 1].id if len(rows) > _PAGE else None
    kept: dict[str, Any] = {
        name: value for name, value in form.items() if name in {"region", "station", "checklist", "passes"}
    }
    return render_template(
        "desk/inspections.html",
        rows=rows[:_PAGE],
        next_url=None if more is None else url_for("desk.inspections_page", **kept, before=more),
        regions=regions_of(),
        checklists=[(one.checklist.code, title_in(one.checklist.title)) for one in library.current(session)],
        form=form,
        may_inspect=current().holds("inspector", "editor"),
        **_names(),
    )


@blueprint.get("/inspections/<int:inspection_id>")
@desk_page(*ROLES)
def inspection(inspection_id: int) -> str:
    """Show one inspection with every answer, its photos, and what became of what it found."""
    session = db.session()
    seen, row = listing.one(session, inspection_id)
    checklist = library.by_id(session, row.checklist_id)
    shown = pictures.of_inspection(session, row.id)
    outcome = rate(checklist, {code: Answer(one["answer"]) for code, one in row.answers.items()})
    region = seen.region_code
    metres = listing.metres_from_door(session, row)
    given = [one for one in of_station(session, row.station_id) if one.inspection_id == row.id]
    return render_template(
        "desk/inspection.html",
        seen=seen,
        row=row,
        lines=_lines(checklist, row, outcome.standings, shown),
        loose=[photo.sha256 for photo in shown if photo.sha256 and photo.item is None],
        rating=title_in(seen.rating_title) if seen.rating_title else "",
        total=checklist.total,
        lacking=[title_in(checklist.by_code[code].title) for code in outcome.lacking],
        distance=None if metres is None else metres_words(metres),
        findings=listing.findings_of(session, row.id, today=db.now().astimezone(SHANGHAI).date()),
        given=given,
        may_give=row.rating is not None
        and row.withdrawn_reason is None
        and not given
        and may(session, current().id, ("editor",), region),
        may_withdraw=row.withdrawn_reason is None
        and may(session, current().id, ("editor", "inspector"), region),
        levels=level_words(),
        **_names(),
    )


@blueprint.post("/inspections/<int:inspection_id>/withdraw")
@desk_page("inspector", "editor")
def inspection_withdraw(inspection_id: int) -> AnyResponse:
    """Take an inspection back that was a mistake, with the reason."""
    try:
        with db.writing() as session, acting(session, current().id, reason=say("撤回现场检查")):
            record.withdraw(
                session,
                inspection_id,
                reason=request.form.get("reason", ""),
                by=current().id,
                today=db.now().astimezone(SHANGHAI).date(),
            )
    except NotAllowed:
        raise
    except StationsError as error:
        flash(refusal(error), "error")
    else:
        flash(say("已撤回，这次检查不再算数。"))
    return redirect(url_for("desk.inspection", inspection_id=inspection_id), 303)


@blueprint.get("/inspections/photos/<digest>.jpg")
@desk_page(*ROLES)
def inspection_photo(digest: str) -> Response:
    """Answer a photo of an inspection; it is for staff alone."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    if not _DIGEST.fullmatch(digest) or not pictures.is_kept(db.session(), digest):
        abort(404)
    path = photos.path_of(settings.photos, digest)
    if not path.is_file():
        abort(404)
    answer = Response(path.read_bytes(), content_type="image/jpeg")
    answer.headers["Content-Security-Policy"] = "default-src 'none'"
    return answer


def shown_regions() -> tuple[str, ...] | None:
    """Return the regions that a list is about: the one that is asked for, else all of one's own."""
    asked = request.args.get("region", "")
    if asked:
        return (asked[:12],)
    return current().regions(*ROLES)


def regions_of() -> list[tuple[str, str]]:
    """Return the regions that one may choose from, by code."""
    return [
        (choice.code, "　" * (len(choice.lineage) - 1) + name_in(dict(choice.names)))
        for choice in where.choices(db.session(), current().regions(*ROLES))
    ]


def _names() -> dict[str, Any]:
    return {
        "observed_words": observed_words(),
        "posted_words": posted_words(),
        "status_words": status_words(),
        "title_in": title_in,
    }


def _lines(checklist: Checklist, row: Inspection, standings: Mapping[str, Answer], shown: Any) -> list[Line]:
    words = answer_words()
    found = []
    for item in checklist.items:
        held = row.answers.get(item.code, {})
        standing = standings.get(item.code)
        if item.kind is ItemKind.NOTE and not held.get("remark"):
            continue
        found.append(
            Line(
                code=item.code,
                title=title_in(item.title),
                answer=str(standing or ""),
                answer_words=words[standing] if standing else "",
                score=f"{item.score if standing == Answer.YES else 0}/{item.score}"
                if item.score and standing is not Answer.NA
                else "",
                remark=held.get("remark", ""),
                is_sum=item.kind is ItemKind.SUM,
                photos=tuple(
                    photo.sha256
                    for photo in shown
                    if photo.sha256 and photo.item == item.code and photo.finding_id is None
                ),
            )
        )
    return found
