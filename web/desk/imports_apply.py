"""Applying a batch and taking it back: what would happen, said before it does; and what comes out of it as files."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from geo.errors import GeoError
from stations import imports
from stations.errors import NotAllowed, NotFound, StationsError
from stations.imports import rejected, reviewing
from stations.imports.problems import Severity
from stations.imports.reviewing import BatchLine
from stations.imports.sampling import AT_ONCE
from stations.keeping import inbox
from stations.keeping.uploads import path_of
from web import db
from web.desk import import_words as said
from web.desk import imports_work
from web.desk.blueprint import blueprint
from web.desk.imports import is_mine
from web.desk.imports_work import APPLY, JUDGE, UNDO
from web.desk.staff import current, desk_page
from web.i18n import say

__all__ = ["apply_page", "undo_page"]

Page = AnyResponse | tuple[str, int] | str


@blueprint.get("/imports/<int:batch_id>/apply")
@desk_page("editor")
def apply_page(batch_id: int) -> Page:
    """Say what applying a batch would do."""
    batch = reviewing.batch(db.session(), batch_id)
    if batch.status != "judged":
        return _to(batch_id)
    return _confirm(batch)


@blueprint.post("/imports/<int:batch_id>/apply")
@desk_page("editor")
def apply_import(batch_id: int) -> Page:
    """Apply a batch as it was decided: now where it is small, else by the worker. Asked twice, it is done once."""
    batch = reviewing.batch(db.session(), batch_id)
    if batch.status == "applied":
        flash(say("这一批已经导入，不会重复导入。"))
        return _to(batch_id)
    arguments = {
        "batch": batch_id,
        "go_on": "go_on" in request.form,
        "keep_going": "keep_going" in request.form,
    }
    try:
        done = _begin(batch, APPLY, arguments)
    except imports.Unseen as error:
        return _confirm(batch, unseen=error), 409
    except (StationsError, GeoError) as error:
        flash(said.trouble(type(error).__name__) + f" {error}", "error")
        return redirect(url_for("desk.apply_page", batch_id=batch_id), 303)
    if done is not None:
        flash(say("已导入。公众地图已经更新。"))
    return _to(batch_id)


@blueprint.post("/imports/<int:batch_id>/judge")
@desk_page("editor")
def judge_again(batch_id: int) -> Page:
    """Judge the file of a batch anew, as the registry is now; what was decided is asked again."""
    batch = reviewing.batch(db.session(), batch_id)
    upload = inbox.of_batch(db.session(), batch_id)
    if upload is None:
        raise NotFound(f"the file {batch.file_name!r} is not kept any more; send it again")
    try:
        _begin(batch, JUDGE, {"upload": upload.id, "batch": batch_id})
    except (StationsError, GeoError) as error:
        flash(said.trouble(type(error).__name__) + f" {error}", "error")
    return _to(batch_id)


@blueprint.get("/imports/<int:batch_id>/undo")
@desk_page("editor")
def undo_page(batch_id: int) -> Page:
    """Say what taking a batch back would do, and which later edits stay."""
    batch = reviewing.batch(db.session(), batch_id)
    if batch.status != "applied":
        return _to(batch_id)
    with db.writing() as writing:
        preview = imports.undo(writing, batch_id, actor=current().id, dry_run=True)
    names = reviewing.names(db.session(), {kept.station_id for kept in preview.kept if kept.station_id})
    return render_template("desk/import_undo.html", batch=batch, preview=preview, names=names, said=said)


@blueprint.post("/imports/<int:batch_id>/undo")
@desk_page("editor")
def undo_import(batch_id: int) -> Page:
    """Take a whole batch back; asked twice, it is done once."""
    batch = reviewing.batch(db.session(), batch_id)
    if batch.status == "undone":
        return _to(batch_id)
    try:
        done = _begin(batch, UNDO, {"batch": batch_id})
    except (StationsError, GeoError) as error:
        flash(said.trouble(type(error).__name__) + f" {error}", "error")
        return _to(batch_id)
    if done is not None:
        flash(
            say(
                "整批已撤销：撤下 {withdrawn} 个站点，恢复 {restored} 处内容，保留后来的 {kept} 处修改。",
                **done,
            )
        )
    return _to(batch_id)


@blueprint.get("/imports/<int:batch_id>/rejects.<any(csv, xlsx):form>")
@desk_page("viewer", "editor")
def import_rejects(batch_id: int, form: str) -> AnyResponse:
    """Send the rows that could not be taken, as they came, with what is wrong beside them."""
    session = db.session()
    batch = reviewing.batch(session, batch_id)
    heads, rows = rejected.table(session, batch, _reason)
    name = f"{batch.file_name.rpartition('.')[0] or batch.file_name}-{say('待改正')}.{form}"
    if form == "xlsx":
        return send_file(
            rejected.workbook(heads, rows),
            mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            as_attachment=True,
            download_name=name,
        )

    out = io.StringIO()
    # Excel takes a file for UTF-8 by its mark.
    out.write("\ufeff")
    csv.writer(out).writerows([rejected.plain(cell) for cell in row] for row in (heads, *rows))
    answer = Response(out.getvalue(), mimetype="text/csv; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@blueprint.get("/imports/<int:batch_id>/file")
@desk_page("editor")
def import_file(batch_id: int) -> AnyResponse:
    """Send the file as it came, while it is kept."""
    upload = inbox.of_batch(db.session(), batch_id)
    folder = current_app.config["YIZHAN_SETTINGS"].uploads
    if upload is None or not path_of(folder, upload.sha256).is_file():
        raise NotFound(f"the file of batch {batch_id} is not kept any more")
    return send_file(
        path_of(folder, upload.sha256),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=upload.file_name,
    )


def _begin(batch: BatchLine, kind: str, arguments: dict[str, Any]) -> Any:
    with db.writing() as writing:
        return imports_work.begin(
            writing,
            current_app.config["YIZHAN_SETTINGS"],
            kind,
            arguments,
            actor=current().id,
            batch_id=batch.id,
            subject=batch.file_name,
            large=batch.total > AT_ONCE,
        )


def _confirm(batch: BatchLine, *, unseen: imports.Unseen | None = None) -> str:
    if not is_mine(batch):
        raise NotAllowed(f"batch {batch.id} is somebody else's; its owner or an administrator may apply it")
    return render_template(
        "desk/import_apply.html",
        batch=batch,
        tally=reviewing.tally(db.session(), batch.id),
        unseen=unseen,
        said=said,
    )


def _reason(problems: Any) -> str:
    return "；".join(
        " ".join(
            part
            for part in (
                said.field_label(problem.field) if problem.field else "",
                said.kind_label(problem.kind),
                f"（{problem.value}）" if problem.value else "",
            )
            if part
        )
        for problem in problems
        if problem.severity is Severity.REJECT
    )


def _to(batch_id: int) -> AnyResponse:
    return redirect(url_for("desk.import_page", batch_id=batch_id), 303)
