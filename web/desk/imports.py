"""Batches at the desk: which there are, one of them row by row, and what a person decides over its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import imports, jobs
from stations.accounts import where
from stations.errors import Conflict, Invalid
from stations.imports import reviewing
from stations.imports.problems import SEVERITIES, Kind, Severity
from stations.imports.reviewing import BatchLine, ReviewRow
from stations.keeping import inbox
from web import db
from web.desk import import_words as said
from web.desk.blueprint import blueprint
from web.desk.imports_work import key_of
from web.desk.staff import current, desk_page
from web.ground import name_in
from web.i18n import say

__all__ = ["batch_of", "decide_rows", "import_page", "imports_page", "is_mine", "region_names"]

#: The verdict that is shown first: what needs a person before what does not.
_FIRST: Final = ("rejected", "suspect", "conflict", "absent", "changed", "new", "unchanged")
_WEIGHTS: Final = list(Severity)
_PAGE: Final = 40
_LISTED: Final = 30


@blueprint.get("/imports")
@desk_page("viewer", "editor")
def imports_page() -> str:
    """Show the batches, the newest first, and files that wait for their next step."""
    session, member = db.session(), current()
    before = request.args.get("before", type=int)
    found = reviewing.batches(session, before=before, limit=_LISTED + 1)
    files = inbox.unjudged(session, member.id) if before is None and member.holds("editor") else []
    return render_template(
        "desk/imports.html",
        batches=found[:_LISTED],
        older=found[_LISTED - 1].id if len(found) > _LISTED else None,
        files=files,
        said=said,
        verdicts=_FIRST,
    )


@blueprint.get("/imports/<int:batch_id>")
@desk_page("viewer", "editor")
def import_page(batch_id: int) -> str:
    """Show a batch: what came of its rows, with those first that need a person."""
    session = db.session()
    batch = reviewing.batch(session, batch_id)
    tally = reviewing.tally(session, batch_id)
    kind = request.args.get("kind", "")
    verdict = request.args.get("verdict", "")
    if kind and kind not in set(Kind):
        abort(404)
    if verdict and verdict not in _FIRST:
        abort(404)
    if not verdict and not kind:
        verdict = next((one for one in _FIRST if tally.verdicts.get(one)), "")
    rows, after = reviewing.rows(
        session,
        batch,
        verdict=verdict or None,
        kind=kind or None,
        after=request.args.get("after", type=int),
        limit=_PAGE,
    )
    return render_template(
        "desk/import.html",
        batch=batch,
        tally=tally,
        rows=[_shown(row, region_names(rows)) for row in rows],
        after=after,
        verdict=verdict,
        kind=kind,
        verdicts=[one for one in _FIRST if tally.verdicts.get(one)],
        kinds=[
            (one, n) for one, n in tally.kinds.items() if SEVERITIES[one] is not Severity.NOTE or one == kind
        ],
        notes=[(one, n) for one, n in tally.kinds.items() if SEVERITIES[one] is Severity.NOTE],
        work=jobs.latest(session, key_of(batch_id)),
        file=inbox.of_batch(session, batch_id),
        mine=is_mine(batch),
        severities=SEVERITIES,
        said=said,
    )


@blueprint.post("/imports/<int:batch_id>/decide")
@desk_page("editor")
def decide_rows(batch_id: int) -> AnyResponse:
    """Keep what somebody says of a row, of all rows of a verdict, or of all with one kind of problem."""
    form = request.form
    by = {name: form[name] for name in ("row", "verdict", "kind") if form.get(name)}
    if len(by) != 1:
        raise Invalid("say which rows: row, verdict or kind", field="row")
    choice: Any = form.get("choice", "")
    with db.writing() as writing:
        rows = None if "row" not in by else [_number(by["row"])]
        done = imports.decide(
            writing,
            batch_id,
            choice,
            actor=current().id,
            rows=rows,
            verdict=by.get("verdict"),
            kind=by.get("kind"),
        )
    if request.accept_mimetypes.best == "application/json":
        tally = reviewing.tally(db.session(), batch_id)
        return jsonify({"done": done, "open": sum(tally.open.values()), "left_out": tally.left_out})
    if rows is None:
        flash(say("{n} 行已照办。", n=done))
    return redirect(_back(batch_id, by.get("row")), 303)


@blueprint.post("/imports/<int:batch_id>/discard")
@desk_page("editor")
def discard_import(batch_id: int) -> AnyResponse:
    """Throw a batch away that was not applied."""
    with db.writing() as writing:
        known = jobs.latest(writing, key_of(batch_id))
        if known is not None and not known.ended:
            raise Conflict(f"batch {batch_id} is being worked on; cancel that first")
        imports.discard(writing, batch_id, actor=current().id)
    flash(say("这一批已放弃，登记没有改动。"))
    return redirect(url_for("desk.imports_page"), 303)


def batch_of(batch_id: int) -> BatchLine:
    """Return a batch. Raises NotFound."""
    return reviewing.batch(db.session(), batch_id)


def is_mine(batch: BatchLine) -> bool:
    """Tell whether who is logged in may decide over a batch: its owner, or an administrator of the whole registry."""
    member = current()
    return (batch.actor_id == member.id and member.holds("editor")) or (
        "administrator",
        None,
    ) in member.grants


def region_names(rows: list[ReviewRow]) -> Mapping[str, str]:
    """Return the names of the regions that rows speak of, by code."""
    codes = {
        str(side["region_code"])
        for row in rows
        for side in (row.before, row.after)
        if side.get("region_code")
    }
    return {code: name_in(names) for code, names in where.names(db.session(), codes).items()} if codes else {}


def _shown(row: ReviewRow, region: Mapping[str, str]) -> dict[str, Any]:
    """Return a row in words."""
    is_new = row.verdict == "new" or (row.verdict == "suspect" and not row.before)
    changes = list(said.changes({} if is_new else row.before, row.after, region=region))
    return {
        "row": row,
        "problems": [
            {
                "kind": problem.kind,
                "severity": problem.severity,
                "weight": said.severity_label(problem.severity),
                "label": said.kind_label(problem.kind),
                "field": said.field_label(problem.field) if problem.field else "",
                "value": problem.value,
                "reason": problem.reason,
            }
            for problem in sorted(row.problems, key=lambda one: _WEIGHTS.index(one.severity))
        ],
        "changes": changes,
        "is_new": is_new,
        "conflicts": [said.conflict_words(conflict, region=region) for conflict in row.conflicts],
        "received": [(header, cell) for header, cell in row.received.items() if cell],
    }


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Invalid(f"{text!r} is no row", field="row", value=text) from None


def _back(batch_id: int, row: str | None) -> str:
    """Return the page of rows that a decision was made on."""
    kept: dict[str, Any] = {
        name: value for name in ("verdict", "kind", "after") if (value := request.args.get(name, "")) != ""
    }
    return url_for("desk.import_page", batch_id=batch_id, **kept, _anchor=f"row-{row}" if row else "rows")
