"""Pictures of the map as answers: the same wish is the same bytes and the same tag, and is drawn once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from flask import Response, current_app, request

from web.ground import ground
from web.maps.picture import Ground, PictureSpec, render

__all__ = ["answer"]

_KEPT = 256
_KEY = "yizhan.pictures"
#: Part of every tag: raise it when the same wish is drawn otherwise.
_DRAWING = 2
_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


def answer(spec: PictureSpec, *, max_age_s: int = 3600) -> Response:
    """Answer with a picture, or that the reader has it already.

    Raises Unavailable for a PNG where the machine has no font with Chinese letters.
    """
    base = ground()
    wish = repr((_DRAWING, base.version, spec))
    tag = hashlib.sha256(wish.encode()).hexdigest()[:20]
    response = Response(mimetype=_TYPES[spec.form])
    response.set_etag(tag)
    response.cache_control.public = True
    response.cache_control.max_age = max_age_s
    response.make_conditional(request)
    if response.status_code != 304:
        response.set_data(_drawn(tag, spec, base))
    return response


def _drawn(tag: str, spec: PictureSpec, base: Ground) -> bytes:
    """Draw a picture once and keep the last few."""
    kept: _Kept = current_app.extensions.setdefault(_KEY, _Kept())
    found = kept.get(tag)
    if found is None:
        found = render(spec, base)
        kept.put(tag, found)
    return found


class _Kept:
    """The pictures that were asked for last, by tag."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, tag: str) -> bytes | None:
        with self._lock:
            found = self._pictures.get(tag)
            if found is not None:
                self._pictures.move_to_end(tag)
            return found

    def put(self, tag: str, picture: bytes) -> None:
        with self._lock:
            self._pictures[tag] = picture
            while len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)
