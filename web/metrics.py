"""What a monitor reads at /metrics, in Prometheus' text: requests, time, connections, work, reports, stations, backups, disks.

Requests are told apart by the template of their address and never by the address: what somebody looked at is not in it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from flask import Flask, Response, current_app, request
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response as AnyResponse

from stations.backup import last_made
from stations.registry import vitals
from web import db
from web.counting import Counts, folder_of
from web.logs import waited
from web.monitors import require_monitor
from web.settings import Settings
from web.version import VERSION

__all__ = ["CONTENT_TYPE", "init_app", "share"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
_METHODS: Final = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"}
_COUNTS: Final = "yizhan.counts"
#: name: (kind, what it is)
_ABOUT: Final = {
    "yizhan_requests_total": (
        "counter",
        "Requests answered, by method, template of the address, and status.",
    ),
    "yizhan_request_seconds": ("histogram", "Seconds from a request's arrival to its answer, by template."),
    "yizhan_database_connections": ("gauge", "Connections in use, by pool."),
    "yizhan_database_up": ("gauge", "Whether the database answered this question."),
    "yizhan_stations": ("gauge", "Stations by state."),
    "yizhan_work": ("gauge", "Pieces of long work by state."),
    "yizhan_reports": ("gauge", "Reports of the public by state."),
    "yizhan_report_oldest_seconds": (
        "gauge",
        "How long the oldest report waits for an answer; 0 where none waits.",
    ),
    "yizhan_worker_heartbeat_seconds": ("gauge", "Since a worker last said that it lives."),
    "yizhan_commits_total": ("counter", "Number of the registry's last commit."),
    "yizhan_backup_age_seconds": ("gauge", "Age of the newest whole backup in YIZHAN_BACKUPS."),
    "yizhan_disk_free_bytes": ("gauge", "Room left on the disk of a folder."),
    "yizhan_info": ("gauge", "The version that runs."),
}


def init_app(app: Flask, settings: Settings, *, engines: Mapping[str, Engine]) -> None:
    """Count requests and connections, and answer at /metrics. Call it after ``logs.init_app``, which takes the time."""
    counts = Counts()
    app.extensions[_COUNTS] = counts
    for pool, engine in engines.items():
        _watch(app, pool, engine)

    @app.after_request
    def count(response: AnyResponse) -> AnyResponse:
        method = request.method if request.method in _METHODS else "other"
        route = _escaped(str(request.url_rule)) if request.url_rule is not None else "none"
        seconds = waited()
        held = _counts(app)
        held.add(
            f'yizhan_requests_total{{method="{method}",route="{route}",status="{response.status_code}"}}'
        )
        held.add(f'yizhan_request_seconds_sum{{route="{route}"}}', seconds)
        held.add(f'yizhan_request_seconds_count{{route="{route}"}}')
        for bound in _BOUNDS:
            if seconds <= bound:
                held.add(f'yizhan_request_seconds_bucket{{route="{route}",le="{bound}"}}')
        held.add(f'yizhan_request_seconds_bucket{{route="{route}",le="+Inf"}}')
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        """Answer a monitor of the networks that the operator named; nobody else learns that there is anything."""
        require_monitor(request, settings)
        samples = _counts(current_app).read() | dict(_now(settings))
        return Response(_spelled(samples), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def share(app: Flask, parent: Path) -> None:
    """Count together with the other processes of this server. Call it once, in a process that begins to serve."""
    try:
        app.extensions[_COUNTS] = Counts(folder_of(parent, os.getppid()))
    except OSError as error:
        app.logger.warning(
            "every process counts its own requests: %s cannot be written (%s)", parent, error.strerror
        )


def _counts(app: Flask) -> Counts:
    counts: Counts = app.extensions[_COUNTS]
    return counts


def _watch(app: Flask, pool: str, engine: Engine) -> None:
    used = f'yizhan_database_connections{{pool="{pool}",state="in_use"}}'
    event.listen(engine, "checkout", lambda *_: _counts(app).add(used))
    event.listen(engine, "checkin", lambda *_: _counts(app).add(used, -1.0))


def _now(settings: Settings) -> Iterator[tuple[str, float]]:
    """Give what is asked for at this moment. A database that does not answer is told as such, and the rest all the same."""
    yield f'yizhan_info{{version="{VERSION}"}}', 1.0
    now = time.time()
    if (made := last_made(settings.backups, settings.registry_name)) is not None:
        yield "yizhan_backup_age_seconds", now - made.timestamp()
    for name in ("photos", "uploads", "downloads", "backups"):
        if (free := free_bytes(getattr(settings, name))) is not None:
            yield f'yizhan_disk_free_bytes{{folder="{name}"}}', float(free)
    try:
        found = vitals.look(db.session())
    except DBAPIError:
        yield "yizhan_database_up", 0.0
        return
    yield "yizhan_database_up", 1.0
    for name, states in (("stations", found.stations), ("work", found.work), ("reports", found.reports)):
        for state, number in states.items():
            yield f'yizhan_{name}{{state="{state}"}}', float(number)
    oldest = 0.0 if found.oldest_report is None else db.now().timestamp() - found.oldest_report.timestamp()
    yield "yizhan_report_oldest_seconds", oldest
    yield "yizhan_commits_total", float(found.commits)
    if found.heartbeat is not None:
        yield "yizhan_worker_heartbeat_seconds", max(0.0, now - found.heartbeat.timestamp())


def free_bytes(folder: Path) -> int | None:
    """Tell the room on the disk that a folder lies on, or will lie on; None where that cannot be told."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _spelled(samples: Mapping[str, float]) -> str:
    lines = []
    for name, (kind, about) in _ABOUT.items():
        members = {name} | (
            {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else set()
        )
        found = [sample for sample in samples if sample.partition("{")[0] in members]
        if found:
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
            lines += [f"{sample} {samples[sample]:.17g}" for sample in sorted(found, key=_in_order)]
    return "\n".join(lines) + "\n"


def _in_order(sample: str) -> tuple[str, str, float]:
    """Put the buckets of a histogram in the order of their bounds."""
    head, _, bound = sample.partition('le="')
    return sample.partition("{")[0], head, float(bound.rstrip('"}').replace("+Inf", "inf")) if bound else 0.0


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
