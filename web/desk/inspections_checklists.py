"""Checklists at the desk: listed, shown item by item, taken in from a file, published, written out again."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import ROLES
from stations.errors import NotAllowed, NotFound, StationsError
from stations.keeping.inspecting import documents, library
from stations.keeping.inspecting.problems import BadChecklist
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.inspections_words import kind_words, problem_words, refusal, title_in
from web.desk.staff import current, desk_page, may
from web.i18n import say

__all__ = ["checklist", "checklist_file", "checklist_publish", "checklists_page"]


@blueprint.get("/checklists")
@desk_page(*ROLES)
def checklists_page() -> str:
    """Show the checklists that are published, and the shipped ones that are not."""
    return _page()


@blueprint.post("/checklists/new")
@desk_page("editor")
def checklist_publish() -> AnyResponse | tuple[str, int]:
    """Publish a version: from a file, or one that comes with the system."""
    _require_everywhere()
    shipped, sent = request.form.get("shipped", ""), request.files.get("file")
    try:
        if shipped:
            found = documents.shipped().get(shipped)
            if found is None:
                raise NotFound(f"no checklist {shipped[:60]!r} comes with the system")
        else:
            found = documents.parse(b"" if sent is None else sent.stream.read(documents.MAX_BYTES + 1))
        with db.writing() as session, acting(session, current().id, reason=say("发布检查表")):
            library.publish(session, found)
    except NotAllowed:
        raise
    except BadChecklist as error:
        return _page([problem_words(problem) for problem in error.problems]), 400
    except StationsError as error:
        return _page([refusal(error)]), 409
    flash(say("已发布《{title}》第 {n} 版。", title=title_in(found.title), n=found.version))
    return redirect(url_for("desk.checklist", code=found.code, version=found.version), 303)


@blueprint.get("/checklists/<code>/<int:version>")
@desk_page(*ROLES)
def checklist(code: str, version: int) -> str:
    """Show one version, item by item."""
    found = library.get(db.session(), code, version)
    held = found.checklist
    return render_template(
        "desk/inspection_checklist.html",
        held=held,
        published=found,
        versions=library.listed(db.session(), code=code),
        names={item.code: title_in(item.title) for item in held.items},
        kinds=kind_words(),
        title_in=title_in,
        forms=documents.FORMS,
    )


@blueprint.get("/checklists/<code>/<int:version>.<form>")
@desk_page(*ROLES)
def checklist_file(code: str, version: int, form: str) -> Response:
    """Answer with one version as a file."""
    found = library.get(db.session(), code, version).checklist
    text = documents.written(found, form)
    answer = Response(text, content_type=f"application/{form}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.code}-{found.version}.{form}"'
    return answer


def _page(wrong: list[str] | None = None) -> str:
    published = library.listed(db.session())
    codes = {one.checklist.code for one in published}
    return render_template(
        "desk/inspection_checklists.html",
        published=published,
        shipped=[one for one in documents.shipped().values() if one.code not in codes],
        wrong=wrong or [],
        may_publish=may(db.session(), current().id, ("editor",), None),
        title_in=title_in,
    )


def _require_everywhere() -> None:
    if not may(db.session(), current().id, ("editor",), None):
        raise NotAllowed("checklists are for the whole registry; an editor of all regions publishes them")
