"""How this server is, in three answers: the process lives, the database answers, all of it is as it should be.

``/livez`` is for whoever restarts a process, ``/healthz`` for whoever spreads requests over several, ``/readyz`` for whoever
wakes somebody up. Strangers read one word; a monitor reads what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from flask import Flask, Response, json, request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from stations import schema
from stations.registry import vitals
from web import db
from web.metrics import free_bytes
from web.monitors import is_monitor
from web.settings import Settings

__all__ = ["init_app"]

#: Below this a photo or a list may fail to be stored.
_ROOM: Final = 200 << 20


def init_app(app: Flask, settings: Settings) -> None:
    """Answer at /livez, /healthz and /readyz."""
    # The newest migration is a matter of files that do not change while this process lives.
    wanted = schema.head()

    @app.get("/livez")
    def livez() -> Response:
        """Answer that the process takes requests, whatever is with the database."""
        return _plain("ok", 200)

    @app.get("/healthz")
    def healthz() -> Response:
        """Answer whether the application and its database work."""
        db.session().execute(text("SELECT 1"))
        return _plain("ok", 200)

    @app.get("/readyz")
    def readyz() -> Response:
        """Answer whether everything is there: database, schema, worker, room on the disks."""
        found = {name: _checked(check) for name, check in _checks(settings, wanted).items()}
        status = 200 if set(found.values()) == {"ok"} else 503
        if not is_monitor(request, settings):
            return _plain("ready" if status == 200 else "not ready", status)
        body = json.dumps({"ready": status == 200, "checks": found}, ensure_ascii=False)
        return Response(
            f"{body}\n", status, content_type="application/json", headers={"Cache-Control": "no-store"}
        )


def _checks(settings: Settings, wanted: str) -> dict[str, Callable[[], str]]:
    """Name what is looked at; each says ``ok`` or what is wrong."""

    def database() -> str:
        db.session().execute(text("SELECT 1"))
        return "ok"

    def schema_is_current() -> str:
        found = schema.current(db.session().connection())
        return "ok" if found == wanted else f"the database has schema {found}, this program needs {wanted}"

    def worker() -> str:
        lives = vitals.worker_lives(db.session(), datetime.now(UTC))
        return "ok" if lives else "no worker said lately that it lives: long work waits"

    def disks() -> str:
        folders = {name: getattr(settings, name) for name in ("photos", "uploads", "downloads")}
        short = [name for name, folder in folders.items() if (free_bytes(folder) or 0) < _ROOM]
        return f"less than {_ROOM >> 20} MB are free for {', '.join(short)}" if short else "ok"

    return {"database": database, "schema": schema_is_current, "worker": worker, "disk": disks}


def _checked(check: Callable[[], str]) -> str:
    try:
        return check()
    except DBAPIError:
        # Whatever was begun cannot go on in this session.
        db.session().rollback()
        return "the database does not answer"


def _plain(words: str, status: int) -> Response:
    return Response(
        f"{words}\n", status, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
    )
