"""Answers that a reader may keep: their tag, the time of the last change, and 304 for who has them already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from web import db
from web.ogc.links import Link, link_header

__all__ = ["answer", "as_json"]

#: A reader that asks by time alone may hold what is this much younger than it thinks: commits become visible a moment
#: after the time that they carry, and HTTP counts in seconds.
_SETTLED: Final = timedelta(seconds=60)
_KEPT_S: Final = 30


def answer(
    body: str | bytes,
    content_type: str,
    *,
    links: Sequence[Link] = (),
    changed_at: datetime | None = None,
    headers: Mapping[str, str] | None = None,
) -> AnyResponse:
    """Answer with a body, tagged by its content, or with 304 where the reader has it.

    changed_at: when the registry last changed. The tag is a weak one: the same content may come compressed.
    """
    content = body.encode() if isinstance(body, str) else body
    kind = f"{content_type}; charset=utf-8" if content_type == "text/html" else content_type
    found = Response(content, content_type=kind)
    found.headers["Cache-Control"] = f"public, max-age={_KEPT_S}"
    found.set_etag(hashlib.blake2b(content, digest_size=12).hexdigest(), weak=True)
    found.vary.add("Accept")
    if links:
        link_header(found, links)
    for name, value in (headers or {}).items():
        found.headers[name] = value
    if changed_at is not None and changed_at <= db.now() - _SETTLED:
        found.last_modified = changed_at
    return found.make_conditional(request)


def as_json(body: Mapping[str, Any]) -> str:
    """Write JSON, Chinese as it is."""
    return json.dumps(body, ensure_ascii=False)
