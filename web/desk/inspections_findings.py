"""What is to be mended: the work list by deadline and region, and one finding with its photos and what becomes of it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from uuid import uuid4

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import ROLES
from stations.errors import NotAllowed, NotFound, StationsError
from stations.hours import SHANGHAI
from stations.keeping import files, photos
from stations.keeping.inspecting import following, listing, pictures
from stations.models import Finding, Inspection
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.inspections import regions_of, shown_regions
from web.desk.inspections_words import refusal, status_words
from web.desk.staff import current, desk_page, may
from web.i18n import say
from web.settings import Settings

__all__ = ["finding", "finding_act", "findings_page"]

_SHOWN = {
    "due": ("open", "mended"),
    "late": ("open",),
    "mended": ("mended",),
    "done": ("checked", "dropped"),
}


@blueprint.get("/findings")
@desk_page(*ROLES)
def findings_page() -> str:
    """Show what is to be mended in one's regions, the day that comes first first."""
    show = request.args.get("show", "due")
    show = show if show in _SHOWN else "due"
    session, today = db.session(), _today()
    regions = shown_regions()
    open_, late, mended = listing.due_count(session, today=today, regions=regions)
    return render_template(
        "desk/inspection_findings.html",
        rows=listing.due(session, today=today, regions=regions, statuses=_SHOWN[show], late=show == "late"),
        counts={"due": open_ + mended, "late": late, "mended": mended},
        show=show,
        shows={"due": say("全部待办"), "late": say("已逾期"), "mended": say("待复查"), "done": say("已了结")},
        regions=regions_of(),
        form=request.args,
        status_words=status_words(),
        today=today,
    )


@blueprint.get("/findings/<int:finding_id>")
@desk_page(*ROLES)
def finding(finding_id: int) -> str:
    """Show one finding: the item and its photos, how it was mended, and what can be done next."""
    session, today = db.session(), _today()
    row = session.get(Finding, finding_id)
    if row is None:
        raise NotFound(f"there is no finding {finding_id}")
    shown = [
        one for one in listing.findings_of(session, row.inspection_id, today=today) if one.id == finding_id
    ]
    taken = [photo for photo in pictures.of_inspection(session, row.inspection_id) if photo.sha256]
    one = shown[0]
    return render_template(
        "desk/inspection_finding.html",
        one=one,
        before=[photo.sha256 for photo in taken if photo.item == row.item and photo.finding_id is None],
        after=[photo.sha256 for photo in taken if photo.finding_id == row.id],
        remark=session.get_one(Inspection, row.inspection_id).answers.get(row.item, {}).get("remark", ""),
        acts=[act for act, (states, _) in following.ACTS.items() if row.status in states],
        mine=may(session, current().id, ("editor", "inspector"), one.region_code),
        status_words=status_words(),
        today=today,
    )


@blueprint.post("/findings/<int:finding_id>/act")
@desk_page("inspector", "editor")
def finding_act(finding_id: int) -> AnyResponse:
    """Say what became of a finding, with photos of how it was mended."""
    form = request.form
    act = form.get("act", "")
    sent = [file for file in request.files.getlist("photo") if file.filename]
    try:
        due = date.fromisoformat(form["due"]) if form.get("due") else None
    except ValueError:
        due = None
    try:
        # A photo that is refused leaves everything as it was.
        taken = [_redrawn(file) for file in sent] if act == "mend" else []
        if taken:
            with db.writing() as session:
                files.claim(session, _settings().photos)
        with ExitStack() as kept:
            digests = [kept.enter_context(photos.kept(_settings().photos, picture)) for picture in taken]
            with db.writing() as session, acting(session, current().id, reason=say("整改进展")):
                done = following.act_on(
                    session,
                    finding_id,
                    act,
                    by=current().id,
                    today=_today(),
                    note=form.get("note", ""),
                    due=due,
                )
                for digest in digests:
                    pictures.add_mended(session, done, uuid4(), digest)
    except NotAllowed:
        raise
    except StationsError as error:
        flash(refusal(error), "error")
    else:
        flash(say("已记下：{status}。", status=status_words()[following.ACTS[act][1]]))
    return redirect(url_for("desk.finding", finding_id=finding_id), 303)


def _redrawn(file: FileStorage) -> bytes:
    return photos.redrawn(file.stream.read(photos.MAX_BYTES + 1), declared=file.mimetype)


def _settings() -> Settings:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings


def _today() -> date:
    return db.now().astimezone(SHANGHAI).date()
