"""Addresses of our static files, with the file's own digest, so that a browser may keep each for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["STATIC", "static_url"]

STATIC = Path(__file__).resolve().parent / "static"


@cache
def static_url(path: str) -> str:
    """Return the address of a file below the static folder.

    Raises FileNotFoundError where the file is not there; for ``vendor/`` that means that the front-end files were
    never built.
    """
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]
    return f"/static/{path}?v={digest}"
