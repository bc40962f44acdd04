"""How long the figures of quality take at any size: five questions and what adds them up, and the cached page.

    python benchmarks/quality.py [--stations 200000] [--turns 5]

A scratch database of a private cluster without fsync: Qinghai's regions, so many stations spread over its counties with ten
amenities each, a year of visits by the month at four in ten of them (one in a hundred told by the year as well, so that
figures overlap), scans at one in twenty, and twenty thousand answered reports. Prints the table that is kept in
``benchmarks/results/quality.md``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from sqlalchemy import create_engine  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from stations.cluster import OWNER, Cluster  # noqa: E402
from stations.demo import prepare  # noqa: E402
from stations.hours import SHANGHAI  # noqa: E402
from stations.keeping import quality_counts  # noqa: E402
from stations.keeping.quality import quality  # noqa: E402
from stations.schema import migrate  # noqa: E402
from stations.vocabulary import FILTER_AMENITIES  # noqa: E402

_NAME = "benchmark_quality"
_STATIONS = """
    INSERT INTO stations (code, names, kind, region_code, location, position_quality, hours_expression, verified_at, added_in)
    SELECT 'B' || n, jsonb_build_object('zh', '驿站' || n), 'union_station',
        (ARRAY(SELECT code FROM regions WHERE level = 'county' ORDER BY code))[1 + n %% 44],
        CASE WHEN n %% 20 > 0 THEN ST_SetSRID(ST_MakePoint(90 + random() * 12, 32 + random() * 7), 4326) END,
        CASE WHEN n %% 3 = 0 THEN 'door' ELSE 'building' END, CASE WHEN n %% 10 > 0 THEN '24/7' END,
        now() - random() * interval '700 days', 1
    FROM generate_series(1, %(count)s) n
"""
_AMENITIES = """
    INSERT INTO amenities (station_id, amenity, value, basis, added_in)
    SELECT s.id, a, CASE WHEN random() < 0.8 THEN 'yes' ELSE 'unknown' END, 'listed', 1
    FROM stations s CROSS JOIN unnest(%(asked)s::text[]) a
"""
_VISITS = """
    INSERT INTO visits (station_id, period, visits, how, added_in)
    SELECT s.id, daterange(m::date, (m + interval '1 month')::date), (random() * 600)::int, 'typed', 1
    FROM stations s
    CROSS JOIN generate_series(date_trunc('month', now()) - interval '12 months', now() - interval '1 month', '1 month') m
    WHERE s.id %% 5 < 2
    UNION ALL
    SELECT s.id, daterange((date_trunc('month', now()) - interval '6 months')::date, date_trunc('month', now())::date),
        2000, 'typed', 1
    FROM stations s WHERE s.id %% 250 = 0
"""
_SCANS = """
    INSERT INTO scans (station_id, day, scans)
    SELECT s.id, d::date, 3 FROM stations s
    CROSS JOIN generate_series(now() - interval '40 days', now() - interval '1 day', '1 day') d WHERE s.id %% 20 = 3
"""
_REPORTS = """
    INSERT INTO reports (station_id, choice, made_at, received_at, status, outcome, decided_at, decided_by, added_in)
    SELECT s.id, 'closed_now', at, at, 'accepted', 'noted', at + random() * interval '9 days', 1, 1
    FROM stations s CROSS JOIN LATERAL (SELECT now() - random() * interval '300 days' - interval '10 days' AS at) r
    WHERE s.id %% 10 = 0
"""


def fill(cluster: Cluster, count: int) -> None:
    """Make the scratch database; rows are written over the triggers, which would take hours."""
    cluster.drop_database(_NAME)
    cluster.create_database(_NAME)
    migrate(cluster.url(_NAME, OWNER))
    engine = create_engine(cluster.url(_NAME))
    with Session(engine) as session, session.begin():
        prepare(session, say=lambda _: None)
    engine.dispose()
    with cluster.connect(_NAME) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_STATIONS, {"count": count})
        connection.execute(_AMENITIES, {"asked": list(FILTER_AMENITIES)})
        for statement in (_VISITS, _SCANS, _REPORTS):
            connection.execute(statement, {})
        connection.execute("ANALYZE")


def timed(work: Callable[[], object], turns: int) -> str:
    """Return the median and the longest of some turns, in milliseconds."""
    took = []
    for _ in range(turns):
        began = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - began))
    return f"{statistics.median(took):,.0f} | {max(took):,.0f}"


def main() -> None:
    """Fill, ask, print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--stations", type=int, default=200_000)
    options.add_argument("--turns", type=int, default=5)
    asked = options.parse_args()
    now = datetime.now(SHANGHAI)
    with Cluster.locate(ROOT, name="benchmark-cluster", fsync=False).running() as cluster:
        fill(cluster, asked.stations)
        engine = create_engine(
            cluster.url(_NAME),
            connect_args={"options": "-c jit=off -c max_parallel_workers_per_gather=0"},
            isolation_level="AUTOCOMMIT",
        )
        with Session(engine) as session:
            rows = {
                "stations, amenities, promises": lambda: quality_counts.sums(session, now=now),
                "use": lambda: quality_counts.used(session, now=now),
                "answers": lambda: quality_counts.answers(session, now=now),
                "honours": lambda: quality_counts.honours(session),
                "all of it, added up": lambda: quality(session, now=now),
                "is anything new (asked by every page)": lambda: quality_counts.seq(session),
            }
            print(
                f"{asked.stations:,} stations, milliseconds\n\n| what | median | longest |\n|---|---:|---:|"
            )
            for name, work in rows.items():
                print(f"| {name} | {timed(work, asked.turns)} |", flush=True)
        engine.dispose()
        cluster.drop_database(_NAME)


if __name__ == "__main__":
    main()
