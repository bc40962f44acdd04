"""Sending a list: the file, whose list it is, in which datum; then its columns, as they were guessed, to correct."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from flask import current_app, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from geo.datum import Datum
from geo.errors import GeoError
from stations import imports
from stations import vocabulary as words
from stations.errors import Conflict, Invalid, NotAllowed, StationsError
from stations.imports import SourceSpec, reviewing, sampling, sources
from stations.imports.fields import FIELDS, IGNORED
from stations.imports.ledger import read_ledger, source_code
from stations.imports.mapping import Mapping as Columns
from stations.keeping import inbox
from stations.keeping.uploads import Kept, Sent, keep, lent
from stations.models import Upload
from web import db
from web.desk import bodies, imports_work
from web.desk import import_words as said
from web.desk.blueprint import blueprint
from web.desk.imports_work import JUDGE, Chosen
from web.desk.staff import current, desk_page
from web.i18n import lang, say
from web.settings import Settings

__all__ = ["columns_page", "new_import", "send_file"]

Page = AnyResponse | tuple[str, int] | str
#: What a person may say of a new list, beside its name.
_SAID_OF_A_LIST = ("publisher", "licence")

_DATUMS: Final = (None, "gcj02", "bd09", "wgs84", "cgcs2000")
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


def _most(settings: Settings) -> int:
    # A form has fields beside its files.
    return (settings.upload_max_mb << 20) + (1 << 20)


@blueprint.get("/imports/new")
@desk_page("editor")
def new_import() -> str:
    """Show the form to send a list."""
    return _form()


@blueprint.post("/imports/new")
@desk_page("editor")
@bodies.takes(_most)
def send_file() -> Page:
    """Keep a list that was sent, look whether it can be read, and go on to its columns."""
    refused = bodies.refused()
    if refused is not None:
        kind, reason = type(refused).__name__, getattr(refused, "reason", None)
        return _form({"files": said.trouble(kind, reason)}, detail=str(refused)), 413
    settings, form = _settings(), request.form
    errors: dict[str, str] = {}
    detail = None
    kept = None
    try:
        kept = keep(
            settings.uploads,
            [Sent(file.filename or "", file.stream) for file in request.files.getlist("files")],
            most=settings.upload_max_mb << 20,
        )
        with lent(settings.uploads, kept.sha256, kept.name) as path:
            if sampling.is_ledger(path):
                return redirect(_judge_ledger(kept, path), 303)
            sampling.look(path)
    except (GeoError, StationsError) as error:
        errors["files"] = said.trouble(type(error).__name__, getattr(error, "reason", None))
        detail = str(error)
    source, wrong = _source(db.session(), form)
    errors |= wrong
    datum = form.get("datum") or None
    if datum not in _DATUMS:
        errors["datum"] = say("请选一种坐标系。")
    if errors or kept is None or source is None:
        return _form(errors, detail=detail), 400
    chosen = Chosen(source, Datum(datum) if datum else None, partial="partial" in form)
    with db.writing() as writing:
        upload_id = inbox.add(writing, kept, actor=current().id, choices=chosen.to_json())
    return redirect(url_for("desk.columns_page", upload_id=upload_id), 303)


def _judge_ledger(kept: Kept, path: Path) -> str:
    """Judge an edited ledger, which says itself whose it is and what its columns mean; return the page of its batch."""
    ledger, actor = read_ledger(path), current().id
    large = len(ledger.lines) > sampling.AT_ONCE
    with db.writing() as writing:
        upload_id = inbox.add(writing, kept, actor=actor, choices=imports_work.LEDGER)
        batch_id = None
        if large:
            batch_id = imports.receive(
                writing,
                path,
                actor=actor,
                source=SourceSpec(source_code(ledger.region)),
                file_name=kept.name,
                demonstration=imports_work.is_demonstration(writing),
                ledger=True,
            )
            inbox.settle(writing, upload_id, batch_id, actor=actor)
        done = imports_work.begin(
            writing,
            _settings(),
            JUDGE,
            {"upload": upload_id, "batch": batch_id},
            actor=actor,
            batch_id=batch_id,
            subject=kept.name,
            large=large,
        )
    return url_for("desk.import_page", batch_id=done["batch"] if done else batch_id)


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
            Datum(form["datum"]) if form.get("datum") in _DATUMS and form.get("datum") else None,
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
    return upload


def _source(session: Session, form: Mapping[str, str]) -> tuple[SourceSpec | None, dict[str, str]]:
    """Read whose list it is: one that is known, or a new one with a name."""
    code = form.get("source", "")
    if code and code != "new":
        known = sources.find(session, code)
        return (
            (None, {"source": say("没有这份名单，请重新选择。")}) if known is None else (SourceSpec(code), {})
        )
    name = " ".join(form.get("name", "").split())
    if not 2 <= len(name) <= 120:
        return None, {"name": say("给这份名单起个名字，2 到 120 个字，例如「民和县总工会站点台账」。")}
    if sources.is_named(session, name):
        return None, {"name": say("已有叫这个名字的名单，请在上面选它。")}
    publisher, licence = (" ".join(form.get(field, "").split())[:200] or None for field in _SAID_OF_A_LIST)
    return SourceSpec(sources.code_for(session, name), name, publisher, licence), {}


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


def _form(errors: Mapping[str, str] | None = None, *, detail: str | None = None) -> str:
    session = db.session()
    demonstration = imports_work.is_demonstration(session)
    form = request.form if not bodies.refused() else {}
    return render_template(
        "desk/import_new.html",
        sources=reviewing.sources(session, demonstration=demonstration),
        datums=[(code or "", said.datum_label(code)) for code in _DATUMS],
        form=form,
        errors=errors or {},
        detail=detail,
        most_mb=_settings().upload_max_mb,
        demonstration=demonstration,
    )


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
        datums=[(code or "", said.datum_label(code)) for code in _DATUMS],
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
