"""The plate at the door: its code leads to the station's page with a mark, ``?door``, which is counted and taken off.

The page that a scan ends on has the plain address: reloading it, sharing it or keeping it counts nothing. Scans wait in
memory and are written together, half a minute after the first of them; a process that dies loses that half minute.
"""

from __future__ import annotations

import atexit
import logging
import weakref
from collections.abc import Callable
from threading import Lock, Timer
from typing import Final
from urllib.parse import urlencode

from flask import Flask, current_app, redirect, request, url_for
from flask.sansio.blueprints import BlueprintSetupState
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from stations.errors import StationsError
from stations.keeping.usage_scans import Scanned, is_person, write
from web.db import now
from web.finder.blueprint import blueprint
from web.reports.asker import client_address

__all__ = ["DOOR", "Batches", "batches", "plate_address"]

DOOR: Final = "door"
_KEY: Final = "yizhan.scans"
_WAIT_S: Final = 30.0
_log = logging.getLogger(__name__)


class Batches:
    """The scans of this process, and the timer that writes them."""

    def __init__(self, engine: Engine) -> None:
        self.scanned = Scanned()
        self._engine = engine
        self._timer: Timer | None = None
        self._lock = Lock()
        self._at_exit = weakref.WeakMethod(self.flush)
        atexit.register(_last_flush, self._at_exit)

    def begin(self) -> None:
        """Write what waits, after a while, unless that is arranged already."""
        with self._lock:
            if self._timer is None:
                self._timer = Timer(_WAIT_S, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> int:
        """Write what waits now; what cannot be written waits on. Returns how many scans were written."""
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        taken = self.scanned.take()
        if not taken:
            return 0
        try:
            with Session(self._engine) as session, session.begin():
                return write(session, taken)
        except (SQLAlchemyError, StationsError) as error:
            self.scanned.give_back(taken)
            _log.warning("scans of plates wait on, they could not be written: %s", error)
            return 0


def _last_flush(batches: weakref.WeakMethod[Callable[[], int]]) -> None:
    flush = batches()
    if flush is not None:
        flush()


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions[_KEY] = Batches(state.app.extensions["yizhan.engine"])


def batches(app: Flask) -> Batches:
    """Return the scans of an application."""
    found: Batches = app.extensions[_KEY]
    return found


def plate_address(code: str) -> str:
    """Return the path that the plate of a station leads to."""
    return f"{url_for('finder.station_page', code=code)}?{DOOR}"


@blueprint.before_request
def _count_scan() -> AnyResponse | None:
    """Count a scan, and lead on to the plain address of the page."""
    if DOOR not in request.args or request.endpoint != "finder.station_page":
        return None
    code = (request.view_args or {})["code"]
    if request.method == "GET" and is_person(dict(request.headers)):
        settings = current_app.config["YIZHAN_SETTINGS"]
        found = batches(current_app)
        address = client_address(request, trusted_proxies=settings.trusted_proxies)
        agent = request.headers.get("User-Agent", "")
        if found.scanned.note(code, address=address, agent=agent, now=now()):
            found.begin()
    rest = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != DOOR])
    answer = redirect(url_for("finder.station_page", code=code) + (f"?{rest}" if rest else ""), 302)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
