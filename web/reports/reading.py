"""The body of a report, read once into a value: strictly, because forms and phones send what we wrote for them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import parse_form_data

from stations.errors import Invalid, TooLarge, Unsupported
from stations.keeping.photos import MAX_BYTES
from stations.keeping.reports import CONFIRMATION, Saying

__all__ = ["Sent", "read_confirmation", "read_report"]

_JSON_BYTES = 16 * 1024
#: Room for the other parts and the boundaries of a form.
_FORM_BYTES = 64 * 1024
#: What the form's reader may hold besides the photo: some of its steps of 64 kB.
_READER_BYTES = 256 * 1024
#: What is still taken in, to be dropped, where a photo is too large.
_DRAINED_BYTES = 64 * 1024 * 1024
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OF_BOTH: Mapping[str, type] = {"id": str, "device": str, "age_s": int}
_OF_REPORTS: Mapping[str, type] = {**_OF_BOTH, "choice": str, "amenity": str, "words": str}
_NEEDED = ("id", "device")
_TYPES = {str: "a text", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class Sent:
    """What a phone sent: what it says, the number that it made up for itself, a photo with its declared media type."""

    saying: Saying
    device: UUID = field(repr=False)
    photo: bytes | None = field(default=None, repr=False)
    photo_type: str | None = None


def read_confirmation(request: Request) -> Sent:
    """Read a confirmation: JSON. Raises Invalid, TooLarge and Unsupported."""
    members = _members(_json_body(request), _OF_BOTH)
    return _sent({**members, "choice": CONFIRMATION})


def read_report(request: Request) -> Sent:
    """Read a report: JSON, or a form of its JSON (``report``) and a picture (``photo``).

    Raises Invalid, TooLarge and Unsupported.
    """
    if request.mimetype == "multipart/form-data":
        return _form(request)
    return _sent(_members(_json_body(request), _OF_REPORTS))


def _form(request: Request) -> Sent:
    form, files = _parts(request)
    if strangers := sorted((set(form) | set(files)) - {"report", "photo"}):
        name = strangers[0][:60]
        raise Invalid(f"{name!r} is no part of a report; known are report, photo", field=name)
    if len(form.getlist("report")) != 1 or len(files.getlist("photo")) > 1 or {"photo"} & set(form):
        raise Invalid("send one part report (JSON), and at most one file photo", field="report")
    if len(form["report"]) > _JSON_BYTES:
        raise _too_large(_JSON_BYTES)
    sent = _sent(_members(form["report"], _OF_REPORTS))
    file = files.get("photo")
    if file is None:
        return sent
    if sent.saying.choice == CONFIRMATION:
        raise Invalid("photo: a confirmation has none; choose what is wrong to add one", field="photo")
    return Sent(sent.saying, sent.device, file.stream.read(), file.mimetype)


def _parts(request: Request) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    try:
        # In memory: what a camera wrote into its picture must not lie about in a folder for passing files.
        _, form, files = parse_form_data(
            request.environ,
            stream_factory=lambda *_, **__: BytesIO(),
            max_form_memory_size=_READER_BYTES,
            max_content_length=MAX_BYTES + _FORM_BYTES,
            max_form_parts=4,
            silent=False,
        )
    except RequestEntityTooLarge as error:
        _read_to_the_end(request)
        raise _too_large(MAX_BYTES + _FORM_BYTES) from error
    except ValueError as error:
        raise Invalid("the form breaks off or has no boundary; send it again", field="report") from error
    return form, files


def _read_to_the_end(request: Request) -> None:
    """Take in and drop the rest of a photo: a browser that is cut off while it sends shows no answer at all."""
    left = request.content_length or 0
    if left <= _DRAINED_BYTES:
        while left > 0 and (dropped := request.environ["wsgi.input"].read(min(left, 64 * 1024))):
            left -= len(dropped)


def _json_body(request: Request) -> bytes:
    if request.mimetype != "application/json":
        raise Unsupported(f"Content-Type {request.mimetype[:60]!r} is not read here; send application/json")
    request.max_content_length = _JSON_BYTES
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _too_large(_JSON_BYTES) from error


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"this request is too large; {most:,} bytes are taken at most")


def _members(text: str | bytes, known: Mapping[str, type]) -> dict[str, Any]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("the report is no JSON that can be read", field="report") from error
    if not isinstance(members, dict):
        raise Invalid("the report must be a JSON object", field="report")
    for name, value in members.items():
        if name not in known:
            raise Invalid(f"{name[:60]!r} is not known here; known are {', '.join(known)}", field=name[:60])
        if value is not None and type(value) is not known[name]:
            raise Invalid(f"{name}: must be {_TYPES[known[name]]}", field=name)
    for name in _NEEDED:
        if not _UUID.fullmatch(members.get(name) or ""):
            raise Invalid(f"{name}: must be a UUID such as 2f1c4e8a-0b3d-4c57-9e68-a1b2c3d4e5f6", field=name)
    return members


def _sent(members: Mapping[str, Any]) -> Sent:
    saying = Saying.of(
        client_id=UUID(members["id"]),
        choice=members.get("choice") or "",
        amenity=members.get("amenity"),
        words=members.get("words"),
        age_s=members.get("age_s") or 0,
    )
    return Sent(saying, UUID(members["device"]))
