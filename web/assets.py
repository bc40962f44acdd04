"""Our static files: addresses with the file's own digest, so that a browser may keep each for ever, sent compressed.

Vendored files lie compressed beside their originals. Our own are compressed once in memory when first asked for, so
that an edited file is never served from a stale copy.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Flask, Response, abort, request
from werkzeug.security import safe_join
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

__all__ = ["STATIC", "init_app", "static_url"]

STATIC = Path(__file__).resolve().parent / "static"
_YEAR_S = 365 * 24 * 3600
_TEXT = {"text/css", "text/javascript", "image/svg+xml"}


@cache
def static_url(path: str) -> str:
    """Return the address of a file below the static folder.

    Raises FileNotFoundError where the file is not there; for ``vendor/`` that means that the front-end files were
    never built.
    """
    return f"/static/{path}?v={_digest((STATIC / path).read_bytes())}"


@dataclass(frozen=True, slots=True)
class _File:
    mimetype: str
    digest: str
    bodies: dict[str, bytes]


def init_app(app: Flask) -> None:
    """Serve the static folder, vendored files by WhiteNoise and ours from memory."""

    @app.get("/static/<path:path>", endpoint="static")
    def static(path: str) -> Response:
        """Answer with one of our own files."""
        found = safe_join(str(STATIC), path)
        if found is None or not Path(found).is_file():
            abort(404)
        return _answer(_load(found, Path(found).stat().st_mtime_ns))

    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(STATIC / "vendor"),
        prefix="static/vendor/",
        allow_all_origins=False,
        max_age=_YEAR_S,
    )


@cache
def _load(path: str, changed_ns: int) -> _File:
    # ``changed_ns`` makes an edited file another key.
    body = Path(path).read_bytes()
    mimetype = mimetypes.guess_type(path)[0] or "application/octet-stream"
    bodies = {"identity": body}
    if mimetype in _TEXT:
        bodies |= {"br": Compressor.compress_brotli(body), "gzip": Compressor.compress_gzip(body)}
    return _File(mimetype, _digest(body), bodies)


def _answer(file: _File) -> Response:
    # The order breaks a tie: Brotli is smaller.
    chosen = (
        request.accept_encodings.best_match([c for c in ("br", "gzip") if c in file.bodies]) or "identity"
    )
    response = Response(file.bodies[chosen], mimetype=file.mimetype)
    if chosen != "identity":
        response.content_encoding = chosen
    if len(file.bodies) > 1:
        response.vary.add("Accept-Encoding")
    response.cache_control.public = True
    if request.args.get("v") == file.digest:
        response.cache_control.max_age = _YEAR_S
        response.cache_control.immutable = True
    else:
        response.cache_control.max_age = 0
    response.set_etag(f"{file.digest}-{chosen}")
    response.make_conditional(request)
    return response


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:10]
