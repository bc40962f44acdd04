"""Answers that a reader may keep: their tag, the time of the last change, and 304 for who has them already."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from web import db
from web.ogc.links import Link, link_header

__all__ = ["answer", "as_json", "conditional"]

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
    told: bytes | None = None,
) -> AnyResponse:
    """Answer with a body, tagged by its content, or with 304 where the reader has it.

    changed_at: when the registry last changed. told: what the content follows from, where that is shorter. The tag is a
    weak one: the same content may come compressed.
    """
    content = body.encode() if isinstance(body, str) else body
    tag = hashlib.blake2b(content if told is None else told, digest_size=12).hexdigest()
    found = Response(
        content,
        content_type=f"{content_type}; charset=utf-8" if content_type == "text/html" else content_type,
        headers={
            "Cache-Control": f"public, max-age={_KEPT_S}",
            "ETag": f'W/"{tag}"',
            "Vary": "Accept",
            **({"Link": link_header(links)} if links else {}),
            **(headers or {}),
        },
    )
    if changed_at is not None and changed_at <= db.now() - _SETTLED:
        found.last_modified = changed_at
    return conditional(found)


def conditional(answer: Response) -> AnyResponse:
    """Return an answer, or 304 for who has it; looked into only where the reader says what it has."""
    if "HTTP_IF_NONE_MATCH" in request.environ or "HTTP_IF_MODIFIED_SINCE" in request.environ:
        return answer.make_conditional(request)
    return answer


def as_json(body: Mapping[str, Any]) -> bytes:
    """Write JSON in UTF-8, Chinese as it is."""
    return orjson.dumps(body)
