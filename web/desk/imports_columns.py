"""The columns of a file that was sent: what each was taken for, with some of its content, to be corrected and judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from geo.datum import Datum
from geo.errors import GeoError
from stations import imports
from stations import vocabulary as words
from stations.errors import Conflict, Invalid, NotAllowed, NotFound, StationsError
from stations.imports import sampling, sources
from stations.imports.fields import FIELDS, IGNORED
from stations.imports.mapping import Mapping as Columns
from stations.keeping import inbox
from stations.keeping.uploads import lent
from stations.models import Upload
from web import db
from web.desk import import_words as said
from web.desk import imports_work
from web.desk.blueprint import blueprint
from web.desk.imports_work import JUDGE, Chosen
from web.desk.staff import current, desk_page
from web.i18n import lang, say
from web.settings import Settings

__all__ = ["columns_page", "discard_file", "judge_file"]

Page = AnyResponse | tuple[str, int] | str
#: Fields in the order of a list, by what they are about.
_GROUPS: Final = (
    ("name", "id", "kind", "name_en", "name_bo", "name_mn"),
    ("address", "district", "prefecture", "province", "lon", "lat", "lonlat", "datum", "position_origin",
     "position_quality", "directions"),
    ("hours", "amenities", "phone", "capacity", "area_m2", "premises", "access", "fee", "accepted_cards"),
    ("host", "co_builder", "funder", "operator"),
    ("opened_on", "lifecycle", "lifecycle_since", "lifecycle_reason", "expected_on", "number", "remarks"),
)  # fmt: skip


def _settings() -> Settings:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings


@blueprint.get("/imports/files/<int:upload_id>")
@desk_page("editor")
def columns_page(upload_id: int) -> Page:
    """Show what the columns of a file are taken for, each to be corrected."""
    upload = _mine(upload_id)
    if upload.choices == imports_work.LEDGER:
        # A ledger says itself what its columns mean.
        return redirect(url_for("desk.imports_page"))
    sheet = request.args.get("sheet") or None
    chosen = Chosen.of(upload.choices)
    return _columns(upload, chosen, sheet=sheet if sheet is not None else chosen.sheet)


@blueprint.post("/imports/files/<int:upload_id>")
@desk_page("editor")
def judge_file(upload_id: int) -> Page:
    """Keep what the columns mean and judge the file: now where it is small, else by the worker."""
    upload, form, actor = _mine(upload_id), request.form, current().id
    if upload.choices == imports_work.LEDGER:
        raise Conflict("a ledger says itself what its columns mean")
    before = Chosen.of(upload.choices)
    headers = form.getlist("header")
    try:
        mapping = _mapping(form, headers)
        chosen = Chosen(
            before.source,
            Datum(form["datum"]) if form.get("datum") in said.DATUMS and form.get("datum") else None,
            mapping,
            form.get("sheet") or None,
            "partial" in form,
        )
        with lent(_settings().uploads, upload.sha256, upload.file_name) as path:
            look = sampling.look(path, mapping, sheet=chosen.sheet)
            if look.problems:
                raise look.problems[0]
            if look.needs_datum and chosen.datum is None:
                raise Invalid("the file has coordinates and nothing says their datum", field="datum")
            with db.writing() as writing:
                inbox.choose(writing, upload_id, chosen.to_json(), actor=actor)
                batch_id = upload.batch_id
                arguments = {"upload": upload_id, "batch": batch_id}
                if look.more and batch_id is None:
                    batch_id = imports.receive(
                        writing,
                        path,
                        actor=actor,
                        source=chosen.source,
                        file_name=upload.file_name,
                        demonstration=imports_work.is_demonstration(writing),
                    )
                    inbox.settle(writing, upload_id, batch_id, actor=actor)
                    arguments["batch"] = batch_id
                done = imports_work.begin(
                    writing,
                    _settings(),
                    JUDGE,
                    arguments,
                    actor=actor,
                    batch_id=batch_id,
                    subject=upload.file_name,
                    large=look.more,
                )
    except Invalid as error:
        return _columns(upload, before, form=form, error=error)
    except (GeoError, StationsError) as error:
        flash(said.trouble(type(error).__name__) + f" {error}", "error")
        return redirect(url_for("desk.columns_page", upload_id=upload_id), 303)
    return redirect(url_for("desk.import_page", batch_id=done["batch"] if done else batch_id), 303)


@blueprint.post("/imports/files/<int:upload_id>/discard")
@desk_page("editor")
def discard_file(upload_id: int) -> AnyResponse:
    """Forget a file that waits for its next step."""
    with db.writing() as writing:
        inbox.discard(writing, _mine(upload_id).id, actor=current().id)
    flash(say("文件已删除。"))
    return redirect(url_for("desk.imports_page"), 303)


def _mine(upload_id: int) -> Upload:
    upload = inbox.find(db.session(), upload_id)
    member = current()
    if upload.actor_id != member.id and ("administrator", None) not in member.grants:
        raise NotAllowed(f"the file {upload_id} was sent by somebody else")
    if "source" not in upload.choices and upload.choices != imports_work.LEDGER:
        raise NotFound(f"the file {upload_id} is no list of stations")
    return upload


def _mapping(form: Any, headers: list[str]) -> Columns:
    """Read what was chosen for each column. Raises Invalid for a field or a constant that there is not."""
    rules = {}
    for at, header in enumerate(headers):
        code = form.get(f"field-{at}", "")
        rules[header] = {"field": code or IGNORED, "inferred": f"inferred-{at}" in form}
    constants = {
        name: form[f"constant-{name}"]
        for name in ("kind", "district", "access", "fee")
        if form.get(f"constant-{name}", "").strip()
    }
    return Columns.parse({"columns": rules, "constants": constants})


def _columns(
    upload: Upload,
    chosen: Chosen,
    *,
    sheet: str | None = None,
    form: Any = None,
    error: Invalid | None = None,
) -> Page:
    """Show the columns: as they were chosen in ``form``, else as they are remembered, else as they are guessed."""
    session = db.session()
    source = sources.find(session, chosen.source.code)
    remembered = None if source is None else imports.remembered(source)
    mapping = chosen.mapping or remembered
    try:
        with lent(_settings().uploads, upload.sha256, upload.file_name) as path:
            look = sampling.look(path, mapping, sheet=sheet or chosen.sheet, loose=True)
    except (GeoError, StationsError) as wrong:
        flash(said.trouble(type(wrong).__name__, getattr(wrong, "reason", None)) + f" {wrong}", "error")
        return redirect(url_for("desk.imports_page"), 303)
    problems = [error] if error is not None else list(look.problems)
    headers = look.headers
    at = {problem.field: problem for problem in problems if problem.field in headers}
    picked = {}
    if form is not None:
        picked = {header: form.get(f"field-{n}", "") for n, header in enumerate(form.getlist("header"))}
    given_datum = (
        form.get("datum") if form is not None else (chosen.datum or (source.datum if source else None))
    )
    page = render_template(
        "desk/import_columns.html",
        upload=upload,
        source_name=chosen.source.name or (source.name if source else chosen.source.code),
        look=look,
        groups=_options(),
        amenities=[(f"amenity:{code}", term.label(lang())) for code, term in words.AMENITIES.items()],
        picked=picked,
        wrong=at,
        general=[_general(problem) for problem in problems if problem.field not in headers],
        datum=str(given_datum or ""),
        datums=[(code or "", said.datum_label(code)) for code in said.DATUMS],
        remembered=remembered is not None and chosen.mapping is None,
        constants=_constants(look, form),
        sheet=sheet or chosen.sheet or "",
        partial=chosen.partial if form is None else "partial" in form,
        said=said,
    )
    return page if error is None else (page, 400)


def _options() -> list[list[tuple[str, str]]]:
    known = {code for group in _GROUPS for code in group}
    rest = [code for code in FIELDS if code not in known]
    return [
        [(code, said.field_label(code)) for code in group if code in FIELDS]
        for group in (*_GROUPS, rest)
        if group
    ]


def _constants(look: sampling.Look, form: Any) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """Return what can be said of every row: field, label, choices (none for free text), and what is chosen."""
    terms: dict[str, Mapping[str, Any]] = {"kind": words.KINDS, "access": words.ACCESS, "fee": words.FEE}

    def value(name: str) -> str:
        return form.get(f"constant-{name}", "") if form is not None else look.constants.get(name, "")

    chosen = [
        (
            name,
            said.field_label(name),
            [(code, term.label(lang())) for code, term in found.items()],
            value(name),
        )
        for name, found in terms.items()
    ]
    return [*chosen, ("district", said.field_label("district"), [], value("district"))]


def _general(problem: Invalid) -> str:
    if problem.field == "name":
        return say("没有一列是站点名称：请在下面指出是哪一列。")
    if problem.field == "datum":
        return say("文件里有坐标，但没有写明是哪种坐标系：请在下面选一种。选错了，站点会偏几百米。")
    return said.trouble("Invalid") + f" {problem}"
