"""Where this site is, as its readers reach it: for door plates, share cards and canonical addresses.

The operator's setting counts. Without it the host of the request does, if it reads as a host and nothing else: what a
stranger writes into that header must not end on a plate.
"""

from __future__ import annotations

import re

from flask import current_app, request
from werkzeug.exceptions import BadRequest

from web.settings import Settings

__all__ = ["absolute", "origin"]

_HOST = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)


def origin() -> str:
    """Return scheme and host, without a slash at the end. Raises BadRequest where the request names no host."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    if settings.public_url is not None:
        return settings.public_url
    host = request.environ.get("HTTP_HOST") or request.host
    if not _HOST.fullmatch(host):
        raise BadRequest(f"the Host header {host[:80]!r} is no host name")
    return f"{request.scheme}://{host.lower()}"


def absolute(path: str) -> str:
    """Return the whole address of a path of this site."""
    return origin() + path
