"""Sending a list: the file, whose list it is, and in which datum its coordinates are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from flask import current_app, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from geo.datum import Datum
from geo.errors import GeoError
from stations import imports
from stations.errors import StationsError
from stations.imports import SourceSpec, reviewing, sampling, sources
from stations.imports.ledger import read_ledger, source_code
from stations.keeping import inbox
from stations.keeping.uploads import Kept, Sent, keep, lent
from web import db
from web.desk import bodies, imports_work
from web.desk import import_words as said
from web.desk.blueprint import blueprint
from web.desk.imports_work import JUDGE, Chosen
from web.desk.staff import current, desk_page
from web.i18n import say
from web.settings import Settings

__all__ = ["new_import", "send_file"]

Page = AnyResponse | tuple[str, int] | str
#: What a person may say of a new list, beside its name.
_SAID_OF_A_LIST: Final = ("publisher", "licence")


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
    if datum not in said.DATUMS:
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


def _form(errors: Mapping[str, str] | None = None, *, detail: str | None = None) -> str:
    session = db.session()
    demonstration = imports_work.is_demonstration(session)
    form = request.form if not bodies.refused() else {}
    return render_template(
        "desk/import_new.html",
        sources=reviewing.sources(session, demonstration=demonstration),
        datums=[(code or "", said.datum_label(code)) for code in said.DATUMS],
        form=form,
        errors=errors or {},
        detail=detail,
        most_mb=_settings().upload_max_mb,
        demonstration=demonstration,
    )
