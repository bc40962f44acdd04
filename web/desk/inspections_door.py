"""At the door: the page on which an inspector fills in a checklist, with a network or without, and what takes it in.

The page itself says nothing of who is logged in, so that a service worker may keep it. Whose drafts it shows is decided by
a name that the desk gives the phone while somebody is logged in, and takes away when they log out: a phone that goes from
hand to hand keeps what was not sent, and shows it to nobody else.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import nullcontext
from typing import Any, Final
from uuid import UUID

import orjson
from flask import Response, current_app, g, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from stations.errors import Full, Invalid, NotAllowed, NotFound, StationsError, TooMany, Unavailable
from stations.keeping import files, photos
from stations.keeping.inspecting import documents, library, pictures, record
from stations.keeping.inspecting.rounds import on_round
from stations.query import StationQuery
from stations.registry.writing import acting
from web import db, problems
from web.assets import STATIC, static_url
from web.desk.blueprint import PREFIX, blueprint
from web.desk.inspections_reading import read_draft, uuid_of
from web.desk.inspections_setup import SCRIPTS, STYLES, setup
from web.desk.inspections_words import refusal
from web.desk.staff import current, desk_page, holder, open_page
from web.i18n import LANGUAGES, keep, lang, say
from web.settings import Settings

__all__ = [
    "DOOR_COOKIE",
    "at_the_door",
    "door_shell",
    "door_stations",
    "door_take",
    "door_take_photo",
    "door_worker",
]

DOOR_COOKIE: Final = "yizhan_door"
_TEMPLATES: Final = STATIC.parent / "templates"
_ROLES: Final = ("inspector", "editor")
#: A round without a network may last for days; it ends with the log-out in any case.
_KEPT_S: Final = 30 * 24 * 3600


@blueprint.get("/door")
@desk_page(*_ROLES)
def at_the_door() -> str:
    """Show the page; a service worker shows the same without a network."""
    g.at_the_door = True
    return _page()


@blueprint.get("/door/shell/<language>")
@open_page
def door_shell(language: str) -> str:
    """Show the page as the service worker keeps it.

    The language is part of the path: one in the query string would become that of whoever's phone fetches it.
    """
    if language not in LANGUAGES:
        raise NotFound(f"there is no page in {language[:20]!r}")
    keep(language)
    return _page()


@blueprint.get("/door.js")
@open_page
def door_worker() -> Response:
    """Answer with the service worker; its text changes whenever a file of the page does."""
    text = (STATIC / "js/desk/door_worker.js").read_text(encoding="utf-8")
    files_ = [static_url(path) for path in (*STYLES, *SCRIPTS, "icons.svg", "favicon.svg")]
    # The reader's own comes first: it is shown where the address names none.
    languages = sorted(LANGUAGES, key=lambda code: code != lang())
    shells = [url_for("desk.door_shell", language=code) for code in languages]
    template = (_TEMPLATES / "desk/inspection_door.html").read_text(encoding="utf-8")
    page = hashlib.sha256(repr((files_, shells, text, template, setup())).encode()).hexdigest()[:12]
    given = {"version": page, "files": files_, "shells": shells, "page": url_for("desk.at_the_door")}
    response = Response(f"self.yizhan = {orjson.dumps(given).decode()};\n{text}", mimetype="text/javascript")
    response.cache_control.no_cache = True
    return response


@blueprint.get("/door/who.json")
@desk_page(*_ROLES)
def door_who() -> Response:
    """Say whose drafts may be sent now, and the token to send them with."""
    g.at_the_door = True
    return _json({"who": _owner(current().id), "csrf": generate_csrf(), "now": db.now().isoformat()})


@blueprint.get("/door/stations.json")
@desk_page(*_ROLES)
def door_stations() -> Response:
    """Answer with what one takes along: the stations of one's regions and the checklists."""
    g.at_the_door = True
    near = StationQuery.parse(
        [(name, value) for name, value in request.args.items(multi=True) if name == "near"]
    ).near
    session = db.session()
    rows, more = on_round(session, regions=current().regions(*_ROLES), near=near)
    checklists = [
        documents.as_document(one.checklist) | {"name": one.checklist.name}
        for one in library.current(session)
    ]
    return _json(
        {
            "who": _owner(current().id),
            "name": current().display_name,
            "now": db.now().isoformat(),
            "more": more,
            "stations": [
                [
                    row.code,
                    row.name,
                    row.lon,
                    row.lat,
                    row.address,
                    row.hours,
                    row.lifecycle,
                    row.inspected_at and row.inspected_at.isoformat(),
                ]
                for row in rows
            ],
            "checklists": checklists,
        }
    )


@blueprint.post("/door/inspections")
@desk_page(*_ROLES)
def door_take() -> AnyResponse:
    """Take an inspection in, once however often it is sent."""
    try:
        code, draft = read_draft(request)
        with db.writing() as session, acting(session, current().id, reason=say("现场检查")):
            done = record.record(session, code, draft, inspector=current().id, now=db.now())
    except StationsError as error:
        return _refused(error)
    return _json(
        {
            "id": str(draft.client_id),
            "number": done.id,
            "url": url_for("desk.inspection", inspection_id=done.id),
        },
        201 if done.is_new else 200,
    )


@blueprint.post("/door/inspections/<inspection>/photos/<photo>")
@desk_page(*_ROLES)
def door_take_photo(inspection: str, photo: str) -> AnyResponse:
    """Take one announced photo in, or the word that it will not come."""
    try:
        ids = uuid_of(inspection, "inspection"), uuid_of(photo, "photo")
        sent = request.files.get("photo")
        if sent is None and request.form.get("left_out") != "1":
            raise Invalid("photo: send a file, or left_out=1", field="photo")
        if pictures.waiting(db.session(), *ids).sha256 is None:
            _keep(*ids, sent)
    except StationsError as error:
        return _refused(error)
    return _json({"id": str(ids[1])})


@blueprint.after_request
def keep_who(response: Response) -> Response:
    """Let the phone know whose drafts it may show: given at the door, taken away by the log-out and by somebody else."""
    held, member = request.cookies.get(DOOR_COOKIE), holder()
    path = f"{request.script_root}{PREFIX}"
    if g.get("at_the_door") and member is not None:
        response.set_cookie(
            DOOR_COOKIE,
            _owner(member.id),
            max_age=_KEPT_S,
            path=path,
            samesite="Lax",
            secure=request.is_secure,
        )
    elif held and (request.endpoint == "desk.log_out" or (member is not None and held != _owner(member.id))):
        response.delete_cookie(DOOR_COOKIE, path=path, samesite="Lax")
    return response


def _keep(inspection: UUID, photo: UUID, sent: FileStorage | None) -> None:
    with db.writing() as session:
        if sent is not None:
            files.claim(session, _settings().photos)
    kept = nullcontext("") if sent is None else photos.kept(_settings().photos, _redrawn(sent))
    with kept as digest, db.writing() as session, acting(session, current().id, reason=say("现场检查的照片")):
        if sent is None:
            pictures.leave_out(session, inspection, photo)
        else:
            pictures.fill(session, inspection, photo, digest)


def _redrawn(sent: FileStorage) -> bytes:
    return photos.redrawn(sent.stream.read(photos.MAX_BYTES + 1), declared=sent.mimetype)


def _refused(error: StationsError) -> Response:
    """Say no in the reader's words; the phone keeps what it sent in any case."""
    status = next(code for kind, code in problems.STATUSES.items() if isinstance(error, kind))
    later = isinstance(error, Full | Unavailable | TooMany)
    members: dict[str, Any] = (
        {"parameter": error.field, "reason": error.reason} if isinstance(error, Invalid) else {}
    )
    known = {name: value for name, value in members.items() if value is not None}
    if isinstance(error, NotAllowed):
        known["reason"] = "not_allowed"
    return problems.problem(status, refusal(error), again=later, **known)


def _page() -> str:
    return render_template("desk/inspection_door.html", setup=setup(), scripts=SCRIPTS, styles=STYLES)


def _owner(staff_id: int) -> str:
    """Return a name for somebody on this phone, of no use anywhere else."""
    key = _settings().require_secret_key().encode()
    return hmac.digest(key, f"yizhan.door.{staff_id}".encode(), "sha256").hex()[:24]


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")


def _settings() -> Settings:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings
