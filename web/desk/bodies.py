"""How much a page of the desk takes, and what is said where more comes or the disk is full.

The body is read here, once it is known who sends it and before anything looks at the form. A page that takes files says
how much, and answers itself where a body is refused; every other page takes what a form needs.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from stations.errors import Full, Invalid, StationsError, TooLarge, Unavailable
from web.settings import Settings

__all__ = ["admit", "refused", "takes"]

_View = TypeVar("_View", bound=Callable[..., Any])
#: A photo of a station and what stands beside it.
_MOST: Final = 16 << 20
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT}


def takes(most: Callable[[Settings], int]) -> Callable[[_View], _View]:
    """Let a view take bodies of so many bytes, and answer by itself (see ``refused``) where a body cannot be taken."""

    def mark(view: _View) -> _View:
        view.desk_body = most  # type: ignore[attr-defined]
        return view

    return mark


def admit() -> bool:
    """Read the body of this request. False where it is refused and the view says so itself; raises elsewhere."""
    view = current_app.view_functions.get(request.endpoint or "")
    most: Callable[[Settings], int] | None = getattr(view, "desk_body", None)
    limit = _MOST if most is None else most(current_app.config["YIZHAN_SETTINGS"])
    request.max_content_length = limit
    trouble: StationsError
    try:
        # Large parts go to the disk while they come.
        request.form  # noqa: B018 - asked for what reading it does
    except RequestEntityTooLarge:
        trouble = TooLarge(
            f"files: {request.content_length or 0:,} bytes are too many; {limit >> 20} MB are taken at once",
            field="files",
            value=limit,
            reason="too_large",
        )
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise Unavailable(f"what was sent could not be read: {error.strerror or error}") from error
        trouble = Full("there is no room left for files; nothing was stored, try again later")
    else:
        return True
    if most is None:
        raise trouble
    g.refused_body = trouble
    return False


def refused() -> Invalid | Full | None:
    """Return why the body of this request was refused; None where it came. Nothing of such a request may be done."""
    found: Invalid | Full | None = g.get("refused_body")
    return found
