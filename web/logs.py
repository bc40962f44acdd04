"""What is written of requests, where the operator wants it: one line of JSON each, without anything about the reader.

A line has the template of the address (``/s/<code>``) and not the address: a tile, a station or a query string would tell
where somebody is. Network addresses are written only where that is set. Each request has a number, which the answer, its
line, its errors and a proxy's log share.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from flask import Flask, g, has_request_context, request
from werkzeug.wrappers import Response as AnyResponse

from web.reports.asker import client_address
from web.settings import Settings

__all__ = ["HEADER", "init_app", "request_id", "sweep", "waited"]

HEADER: Final = "X-Request-ID"
_STDERR: Final = "stderr"
_GIVEN: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_NAME: Final = re.compile(r"requests-(\d{4}-\d{2}-\d{2})\.jsonl")


def request_id() -> str:
    """Return this request's number: a trusted proxy's, else one made now."""
    if "request_id" not in g:
        g.request_id = uuid4().hex
    value: str = g.request_id
    return value


def waited() -> float:
    """Return the seconds since this request came."""
    return time.perf_counter() - float(g.get("arrived", time.perf_counter()))


def init_app(app: Flask, settings: Settings) -> None:
    """Number requests, and write a line of each where the settings say so. Call it before everything else."""
    log = _Log(settings.log)
    if settings.log is not None:
        _speak_json(app.logger)

    @app.before_request
    def begin() -> None:
        g.arrived = time.perf_counter()
        given = request.headers.get(HEADER, "")
        if settings.trusted_proxies and _GIVEN.fullmatch(given):
            g.request_id = given

    @app.after_request
    def write(response: AnyResponse) -> AnyResponse:
        response.headers[HEADER] = request_id()
        if settings.log is not None:
            line = {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "id": request_id(),
                "method": request.method,
                "route": None if request.url_rule is None else str(request.url_rule),
                "status": response.status_code,
                "ms": round(1000 * waited(), 1),
                "bytes": response.content_length,
            }
            if settings.log_addresses == "yes":
                line["address"] = client_address(request, trusted_proxies=settings.trusted_proxies)
            log.write(line)
        return response


def sweep(settings: Settings, now: datetime) -> int:
    """Delete the days of the log that are older than the settings keep; returns how many files went."""
    if settings.log in {None, _STDERR}:
        return 0
    oldest = (now - timedelta(days=settings.log_days)).astimezone(UTC).date().isoformat()
    old = [
        path
        for path in Path(str(settings.log)).glob("requests-*.jsonl")
        if (match := _NAME.fullmatch(path.name)) is not None and match[1] < oldest
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


class _Log:
    """Lines to standard error, or into one file a day that all processes append to."""

    def __init__(self, target: str | None) -> None:
        self._folder = None if target in {None, _STDERR} else Path(str(target))
        self._complained = False

    def write(self, line: dict[str, Any]) -> None:
        words = json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
        if self._folder is None:
            sys.stderr.write(words)
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Opened each time: a line of this length is appended whole, whoever else writes, and a day ends by itself.
            with (self._folder / f"requests-{line['at'][:10]}.jsonl").open("ab", buffering=0) as file:
                file.write(words.encode())
            self._complained = False
        except OSError as error:
            # A reader must not wait for, or suffer from, a log that cannot be written.
            if not self._complained:
                sys.stderr.write(f"the log in {self._folder} cannot be written: {error.strerror}\n")
            self._complained = True


class _AsJson(logging.Formatter):
    """Records of the application as lines of JSON, with the number of the request that they came from."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if has_request_context():
            line["id"] = request_id()
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _speak_json(logger: logging.Logger) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_AsJson())
    logger.handlers[:] = [handler]
    logger.propagate = False
