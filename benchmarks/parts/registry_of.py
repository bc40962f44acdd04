"""Registries of any size for benchmarks: thirty-one demonstration provinces laid side by side over China.

The first stations are those of the demonstration, stored and derived as everywhere: real regions, hours of every shape,
amenities known, guessed and out of order. The others are copies of their public rows, moved to thirty other parts of the
country and strewn around the same towns: a bigger registry is denser where people live, as a real one is. Copies have a
public row of their own and no other; what reads stations in public meets no difference.
"""

from __future__ import annotations

from datetime import datetime
from random import Random

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from stations.cluster import OWNER, Cluster
from stations.demo import fill, prepare
from stations.hours import SHANGHAI
from stations.schema import migrate

__all__ = ["registry_of"]

#: Stations of the demonstration that the others are copies of.
ORIGINALS = 2_000
PROVINCES = 31
#: Degrees that a copy may be away from where its original would be: about two kilometres.
STREWN = 0.02
#: Where a province's middle may be moved to, in degrees: its edges stay in or near China.
WEST, SOUTH, EAST, NORTH = 80.0, 23.0, 122.0, 46.0
MIDDLE = (96.0, 35.5)
_COPY = """
    INSERT INTO public_stations (station_id, code, listed, commit_id, name, kind, station_class, lifecycle, region_code,
        lineage, access, fee, has, inferred, lacks, schedule_key, location, location_3857, search_text, search_bigrams,
        feature)
    SELECT p.station_id + s.number * 1000000, s.number || '-' || p.code, listed, commit_id, name, kind, station_class,
        lifecycle, region_code, lineage, access, fee, has, inferred, lacks, schedule_key, m.moved,
        ST_Transform(m.moved, 3857), search_text, search_bigrams,
        replace(replace(p.feature, p.code, s.number || '-' || p.code), ST_AsGeoJSON(p.location, 7),
            ST_AsGeoJSON(m.moved, 7))
    FROM unnest(%(numbers)s::int[], %(east)s::float8[], %(north)s::float8[]) AS s (number, east, north)
    CROSS JOIN public_stations p
    CROSS JOIN LATERAL (SELECT ST_Translate(p.location, s.east + (random() + random() - 1) * %(strewn)s,
        s.north + (random() + random() - 1) * %(strewn)s)) AS m (moved)
    WHERE p.listed AND p.location IS NOT NULL
    LIMIT %(rows)s
"""
_INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
    WHERE i.indrelid = 'public_stations'::regclass AND NOT i.indisprimary AND NOT i.indisunique
"""


def registry_of(cluster: Cluster, count: int, *, anew: bool = False) -> str:
    """Return the name of a database with ``count`` public stations, made where it is not there yet.

    count: 1,000 or more. anew: make it again, for hours that reach ahead from today.
    """
    name = f"benchmark_registry_{count}"
    if anew:
        cluster.drop_database(name)
    elif cluster.has_database(name):
        return name
    making = f"{name}_making"
    cluster.drop_database(making)
    cluster.create_database(making)
    migrate(cluster.url(making, OWNER))
    _demonstration(cluster.url(making), min(count, ORIGINALS))
    _multiply(cluster, making, count)
    with cluster.connect() as connection:
        connection.execute(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
    return name


def _demonstration(url: str, count: int) -> None:
    engine = create_engine(url)
    for work in (
        lambda session: prepare(session, say=_silent),
        lambda session: fill(session, today=datetime.now(SHANGHAI).date(), say=_silent, count=count),
    ):
        with Session(engine) as session, session.begin():
            work(session)
    engine.dispose()


def _multiply(cluster: Cluster, database: str, count: int) -> None:
    """Copy the province until there are so many rows; over the triggers, the indexes afterwards."""
    with cluster.connect(database) as connection:
        have = _one(connection.execute("SELECT count(*) FROM public_stations").fetchone())
        missing = count - have
        if missing > 0:
            located = _one(
                connection.execute(
                    "SELECT count(*) FROM public_stations WHERE listed AND location IS NOT NULL"
                ).fetchone()
            )
            chance = Random(count)  # noqa: S311 - the same registry every time
            moves = [
                (chance.uniform(WEST, EAST) - MIDDLE[0], chance.uniform(SOUTH, NORTH) - MIDDLE[1])
                for _ in range(PROVINCES - 1)
            ]
            moves.insert(0, (0.0, 0.0))
            numbers = range(1, -(-missing // located) + 1)
            indexes = connection.execute(_INDEXES).fetchall()
            for index, _ in indexes:
                connection.execute(f"DROP INDEX {index}")
            connection.execute("SET session_replication_role = replica")
            connection.execute("SELECT setseed(0.5)")
            connection.execute(
                _COPY,
                {
                    "numbers": list(numbers),
                    "east": [moves[number % PROVINCES][0] for number in numbers],
                    "north": [moves[number % PROVINCES][1] for number in numbers],
                    "strewn": STREWN,
                    "rows": missing,
                },
            )
            connection.execute("SET maintenance_work_mem = '512MB'")
            for _, definition in indexes:
                connection.execute(definition)
        connection.execute("VACUUM ANALYZE public_stations")
        connection.execute("ANALYZE")


def _one(row: tuple[int] | None) -> int:
    assert row is not None
    return int(row[0])


def _silent(_: str) -> None:
    pass
