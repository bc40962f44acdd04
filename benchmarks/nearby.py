"""How long the finder takes for the nearest twenty with filters and rank, beside the bare SQL of the same question.

    python benchmarks/nearby.py [--sizes 1000 200000 1000000] [--points 300] [--anew]

Three registries in one private cluster without fsync (``registry_of``). Each question is asked from the same points by
four askers in turn, point by point, so that whatever else the machine does falls on all of them: SQL written by hand and
sent through psycopg, which filters, measures and ranks every station within the hour; the same SQL over the nearest
hundred alone, which is faster and wrong where these do not settle the top; ``stations.finding.find``; and ``/find.json``
of the real server, less ``/hello`` of the same server at the same moment. Every answer of the first, the third and the
fourth must be the same list. The table it prints is kept in ``benchmarks/results/nearby.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection, RemoteDisconnected
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "parts")]

import psycopg  # noqa: E402
from registry_of import registry_of  # noqa: E402
from sqlalchemy import Engine  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from stations.cluster import Cluster  # noqa: E402
from stations.finding import find  # noqa: E402
from stations.finding.rank import ACCESS_MINUTES, INFERRED_MINUTES, UNKNOWN_MINUTES  # noqa: E402
from stations.finding.travel import DETOUR, METRES_A_MINUTE  # noqa: E402
from stations.hours import SHANGHAI  # noqa: E402
from stations.query import Open, StationQuery  # noqa: E402
from web.db import make_engine  # noqa: E402
from web.settings import Settings  # noqa: E402

if TYPE_CHECKING:
    from flask import Flask

RESULTS = ROOT / "benchmarks" / "results" / "nearby.md"
SECRET = "nearby" * 8
ROWS = 20
STAY = 10
HOUR = 60
CUT = 100
WARM = 20
#: What is asked, as it stands in the address; the moment is added.
QUESTIONS = {
    "on foot, no filter": "",
    "on foot, open now, microwave, no scan": "open=now&amenities=microwave&access=no_scan",
    "by e-bike, water and toilet": "by=ebike&amenities=drinking_water,toilet",
}
TEXT = """# Nearby

`python benchmarks/nearby.py`: the nearest {rows} with filters and rank at noon of a working day, from {points} points near
stations, p50 / p99 in milliseconds. *Bare SQL*: written by hand, sent through psycopg (which prepares it), ranks every
station within the hour and brings their features. *Cut*: the same over the nearest {cut} alone, with how many of its
answers were wrong. *find*: `stations.finding.find` in a session of its own. *Request*: `/find.json` of the server that
`script/server` starts (granian, {workers} workers), less a hello-world route of the same server in the same turn, over one
kept connection, uncompressed. The four take turns point by point, each as often the first. All but the cut must answer
with the same list. Aim: request at most 1.5 times the bare SQL.

| stations | question | within the hour | bare SQL | cut | wrong | find | request | request / bare | request / cut |
|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|
{lines}

Hello-world: {hello}. Python {python}, {versions}; PostgreSQL {server};
{cores} cores, load {before:.1f} before and {after:.1f} after.

What the request pays for beside the SQL: a session of the pool (a ping, the begin and the end of a transaction), two
statements where the bare SQL is one, the hours of every schedule met, worked out for each arrival from the words and not
from the spans, and twenty rows as objects. That is nearly the same at every size: where the SQL is short, it weighs.
"""


def reached_sql(query: StationQuery, *, cut: bool) -> str:
    """Write what the question filters and measures: every station within the hour, or the nearest of them."""
    here = "ST_SetSRID(ST_MakePoint(%(lon)s::float8, %(lat)s::float8), 4326)::geography"
    barriers = " ".join(f"WHEN '{code}' THEN {minutes}" for code, minutes in ACCESS_MINUTES.items())
    doubt, filters = f"CASE access {barriers} ELSE 0 END", ""
    for code in query.amenities:
        doubt += (
            f" + CASE WHEN has @> ARRAY['{code}'] THEN 0 WHEN inferred @> ARRAY['{code}'] THEN {INFERRED_MINUTES}"
            f" ELSE {UNKNOWN_MINUTES} END"
        )
    if query.amenities:
        filters += " AND NOT lacks && %(amenities)s::text[]"
    if query.access:
        filters += " AND access = ANY (%(access)s::text[])"
    nearest = f"ORDER BY location::geography <-> {here} LIMIT {CUT}" if cut else ""
    return f"""
        SELECT station_id, schedule_key, lifecycle, ST_X(location) AS lon, ST_Y(location) AS lat,
            ST_Distance(location::geography, {here}) AS metres, {doubt} AS doubt
        FROM public_stations
        WHERE listed AND lifecycle IN ('open', 'suspended') AND station_class = 'rest'{filters}
            AND ST_DWithin(location::geography, {here}, %(reach)s::float8)
        {nearest}"""  # noqa: S608 - made of constants and the vocabulary


def bare_sql(query: StationQuery, *, cut: bool) -> str:
    """Write the question by hand: what anybody would send who knew the tables, the filters and the rank."""
    return f"""
        WITH reached AS MATERIALIZED ({reached_sql(query, cut=cut)}
        ), timed AS (
            SELECT r.*, m.minutes, %(at)s::timestamptz + m.minutes * interval '1 minute' AS arrival
            FROM reached r, LATERAL (
                SELECT greatest(1, ceil(r.metres * {DETOUR} / {METRES_A_MINUTE[query.by]}))::int) AS m (minutes)
        ), judged AS (
            SELECT t.*, s.open_spans, CASE
                WHEN t.lifecycle <> 'open' THEN 4
                WHEN s.unknown_spans @> t.arrival THEN 2
                WHEN NOT s.open_spans @> t.arrival THEN 3
                WHEN s.open_spans @> tstzrange(t.arrival, t.arrival + interval '{STAY} minutes') THEN 0
                ELSE 1 END AS met
            FROM timed t JOIN schedules s ON s.key = t.schedule_key
        ), top AS (
            SELECT j.*, CASE WHEN j.met = 3 THEN (
                SELECT min(lower(part)) FROM unnest(j.open_spans) AS part WHERE lower(part) > j.arrival) END AS opens
            FROM judged j {"WHERE j.met <= 2" if query.open is Open.NOW else ""}
            ORDER BY met, opens, minutes + doubt, metres, station_id LIMIT {ROWS}
        )
        SELECT t.station_id, t.lon, t.lat, t.metres, t.minutes, t.met, t.opens, p.has, p.inferred, p.lacks, p.feature
        FROM top t JOIN public_stations p USING (station_id)
        ORDER BY t.met, t.opens, t.minutes + t.doubt, t.metres, t.station_id
    """  # noqa: S608 - made of constants


@dataclass
class Times:
    """Milliseconds of the askers, turn by turn; the request's are less those of hello-world in the same turn."""

    bare: list[float] = field(default_factory=list)
    cut: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    request: list[float] = field(default_factory=list)
    hello: list[float] = field(default_factory=list)
    wrong: int = 0
    reached: int = 0


def application() -> Flask:
    """Build what the server serves: the application, and a route that does nothing."""
    from web import serving

    app = serving.application()
    app.add_url_rule("/hello", "hello", lambda: "hello, world")
    return app


@contextmanager
def server(url: str) -> Iterator[HTTPConnection]:
    """Run the server as ``script/server`` does, with ``/hello``; gives one connection to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YIZHAN_")},
        **Settings(secret_key=SECRET, database_url=url, port=port).environment(),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "benchmarks" / "parts"))),
    }
    with subprocess.Popen([sys.executable, __file__, "--serve"], env=environment, cwd=ROOT) as process:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            for _ in range(600):
                try:
                    get(connection, "/healthz")
                    break
                except OSError:
                    connection.close()
                    if process.poll() is not None:
                        raise SystemExit(f"the server ended with {process.returncode}") from None
                    time.sleep(0.1)
            yield connection
        finally:
            connection.close()
            process.send_signal(signal.SIGTERM)


def get(connection: HTTPConnection, path: str) -> bytes:
    """Return the body of an answer; over a new connection where the server has closed the kept one meanwhile."""
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
    except RemoteDisconnected:
        connection.close()
        connection.request("GET", path)
        answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (path, answer.status, body[:500])
    return body


def timed(kept: list[float], work: Callable[[], Any]) -> Any:
    """Do something and keep the milliseconds it took."""
    began = time.perf_counter()
    found = work()
    kept.append((time.perf_counter() - began) * 1e3)
    return found


def points_near(connection: psycopg.Connection, count: int) -> list[tuple[float, float]]:
    """Choose points some hundred metres from stations: where the stations are, people are."""
    found = connection.execute(
        "SELECT ST_X(location), ST_Y(location) FROM public_stations WHERE listed AND location IS NOT NULL ORDER BY code"
    ).fetchall()
    chance = Random(count)  # noqa: S311 - the same points every time
    return [
        (round(lon + chance.gauss(0, 0.004), 5), round(lat + chance.gauss(0, 0.003), 5))
        for lon, lat in chance.choices(found, k=4 * count)
    ]


def ask_all(
    engine: Engine,
    bare: psycopg.Connection,
    http: HTTPConnection,
    query: StationQuery,
    points: list[tuple[float, float]],
    *,
    count: int,
) -> Times:
    """Ask from each point in turn, until so many had an answer within the hour with an open door in it."""
    assert query.at is not None
    whole, part = bare_sql(query, cut=False), bare_sql(query, cut=True)
    within = f"SELECT count(*) FROM ({reached_sql(query, cut=False)}) AS reached"  # noqa: S608 - constants
    given = {
        "at": query.at,
        "amenities": list(query.amenities),
        "access": [*query.access, "unknown"],
        "reach": HOUR * METRES_A_MINUTE[query.by] / DETOUR,
    }
    items = "&".join(f"{name}={value}" for name, value in query.items())
    address = f"/find.json?{items}&near="
    times, done = Times(), 0
    for lon, lat in points:
        if done == count + WARM:
            break
        here = {**given, "lon": lon, "lat": lat}
        if done == WARM:
            times = Times()

        def by_find(near: tuple[float, float] = (lon, lat)) -> Any:
            with Session(engine) as session:
                session.connection(execution_options={"postgresql_readonly": True})
                return find(
                    session, StationQuery(**{**fields(query), "near": near}), now=query.at, limit=ROWS
                )

        path = f"{address}{lon},{lat}"
        askers: dict[str, Callable[[], Any]] = {
            "found": by_find,
            "bare": lambda sent=here: bare.execute(whole, sent).fetchall(),
            "cut": lambda sent=here: bare.execute(part, sent).fetchall(),
            "request": lambda path=path: get(http, path),
            "hello": lambda: get(http, "/hello"),
        }
        # Whoever comes first reads the pages of that place for all.
        order = [*askers][done % len(askers) :] + [*askers][: done % len(askers)]
        began = Times()
        said = {name: timed(getattr(began, name), askers[name]) for name in order}
        answer, rows, some = said["found"], said["bare"], said["cut"]
        if answer.nothing_near or answer.nothing_open or answer.set_aside:
            continue
        ids = [row[0] for row in rows]
        assert ids == [row.station_id for row in answer.rows], (query, lon, lat)
        assert [row[0] for row in json.loads(said["request"])["rows"]] == [row.code for row in answer.rows]
        times.bare += began.bare
        times.cut += began.cut
        times.found += began.found
        times.hello += began.hello
        times.request.append(began.request[0] - began.hello[0])
        times.wrong += [row[0] for row in some] != ids
        times.reached += bare.execute(within, here).fetchone()[0]  # type: ignore[index]
        done += 1
    return times


def fields(query: StationQuery) -> dict[str, Any]:
    """Return a query's attributes by name."""
    return {name: getattr(query, name) for name in query.__slots__}


def noon() -> datetime:
    """Return the next Wednesday's noon and a half: within what the hours are laid out for."""
    today = datetime.now(SHANGHAI).replace(hour=12, minute=30, second=0, microsecond=0)
    return today + timedelta(days=(2 - today.weekday()) % 7 or 7)


def figures(found: list[float]) -> str:
    """Write p50 and p99."""
    return f"{statistics.median(found):.1f} / {percentile(found):.1f}"


def percentile(found: list[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(found, n=100, method="inclusive")[98]


def ratio(one: list[float], other: list[float]) -> str:
    """Write how many times the other the one is, by the medians."""
    return f"{statistics.median(one) / statistics.median(other):.2f}"


def main() -> None:
    """Measure every size and question and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 200_000, 1_000_000])
    parser.add_argument("--points", type=int, default=300, help="how often each question is asked (300)")
    parser.add_argument("--anew", action="store_true", help="make the registries again")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        from web import serving

        serving.serve(Settings.read(), target="nearby:application")
        return
    lines, hello, at = [], [], noon()
    before = os.getloadavg()[0]
    with Cluster.locate(ROOT, name="bench-cluster", fsync=False).running() as cluster:
        for size in asked.sizes:
            url = cluster.url(registry_of(cluster, size, anew=asked.anew))
            engine = make_engine(Settings(secret_key=SECRET, database_url=url))
            plain = url.replace("+psycopg", "")
            with (
                psycopg.connect(plain, autocommit=True, options="-c jit=off") as bare,
                server(url) as http,
            ):
                points = points_near(bare, asked.points + WARM)
                versions = bare.execute(
                    "SELECT current_setting('server_version') || ', PostGIS ' || postgis_lib_version()"
                ).fetchone()
                for name, address in QUESTIONS.items():
                    query = StationQuery.parse([*pairs(address), ("at", at.isoformat())])
                    times = ask_all(engine, bare, http, query, points, count=asked.points)
                    hello += times.hello
                    lines.append(
                        f"| {size:,} | {name} | {times.reached / len(times.bare):,.0f} | {figures(times.bare)} | "
                        f"{figures(times.cut)} | {times.wrong} | {figures(times.found)} | {figures(times.request)} | "
                        f"{ratio(times.request, times.bare)} | {ratio(times.request, times.cut)} |"
                    )
                    print(lines[-1], flush=True)
            engine.dispose()
    assert versions is not None
    RESULTS.write_text(
        TEXT.format(
            lines="\n".join(lines),
            rows=ROWS,
            cut=CUT,
            points=asked.points,
            workers=Settings().workers,
            hello=figures(hello),
            python=platform.python_version(),
            versions=", ".join(
                f"{each} {version(each)}" for each in ("psycopg", "SQLAlchemy", "Flask", "granian")
            ),
            server=versions[0],
            cores=os.cpu_count(),
            before=before,
            after=os.getloadavg()[0],
        ),
        encoding="utf-8",
    )


def pairs(address: str) -> list[tuple[str, str]]:
    """Split a query string."""
    return [(name, value) for name, _, value in (part.partition("=") for part in address.split("&") if part)]


if __name__ == "__main__":
    main()
