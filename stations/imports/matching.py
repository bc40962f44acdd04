"""Which station each staged row means: first among the rows of the file itself, then among what the source knows.

A source knows a station by its declared id, and by a key of name, district, host and place (``names.identity_key``).
The key is compared part by part, from all parts down to the name: a part that one side does not give says nothing
against a match. A match needs one row and one station; several on either side are ambiguous, whatever their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from psycopg import sql

from geo.io.rows import row_label
from stations.imports.problems import Kind
from stations.imports.staging import Stage

__all__ = ["match"]

_REPEATED_IDS: Final = """
    WITH twice AS (
        SELECT external_id, min(number) AS first, count(DISTINCT digest) AS versions,
            (array_agg(number ORDER BY number))[1:5] AS rows
        FROM import_stage WHERE NOT rejected AND external_id IS NOT NULL
        GROUP BY external_id HAVING count(*) > 1)
    SELECT s.number, t.versions > 1 AS differs, t.first, t.rows, s.external_id
    FROM import_stage s JOIN twice t USING (external_id)
    WHERE NOT s.rejected AND (t.versions > 1 OR s.number <> t.first)
"""
_REPEATED_KEYS: Final = """
    WITH twice AS (
        SELECT key, count(DISTINCT digest) AS versions, count(DISTINCT external_id) AS ids,
            (array_agg(number ORDER BY number))[1:5] AS rows,
            coalesce(min(number) FILTER (WHERE external_id IS NOT NULL), min(number)) AS first
        FROM import_stage WHERE NOT rejected
        GROUP BY key HAVING count(*) > 1 AND count(*) > count(external_id))
    SELECT s.number, t.versions > 1 OR t.ids > 1 AS differs, t.first, t.rows, s.names->>'zh' AS name
    FROM import_stage s JOIN twice t USING (key)
    WHERE NOT s.rejected AND s.external_id IS NULL AND (t.versions > 1 OR t.ids > 1 OR s.number <> t.first)
"""
# Two joins and not one OR: the planner has no other way to look up a long list than to join it.
_KNOWN: Final = """
    CREATE TEMP TABLE import_known ON COMMIT DROP AS
    SELECT c.station_id, c.external_id, split_part(c.identity_key, E'\\x1f', 1) AS name,
        split_part(c.identity_key, E'\\x1f', 2) AS district, split_part(c.identity_key, E'\\x1f', 3) AS host,
        split_part(c.identity_key, E'\\x1f', 4) AS place, false AS taken
    FROM (
        SELECT k.station_id FROM station_sources k
        JOIN (SELECT DISTINCT split_part(key, E'\\x1f', 1) AS name FROM import_stage WHERE NOT rejected) t
            ON t.name = split_part(k.identity_key, E'\\x1f', 1)
        WHERE k.source_id = %(source)s
        UNION
        SELECT k.station_id FROM station_sources k
        JOIN (SELECT DISTINCT external_id FROM import_stage WHERE NOT rejected) t USING (external_id)
        WHERE k.source_id = %(source)s) asked
    JOIN station_sources c ON c.station_id = asked.station_id AND c.source_id = %(source)s
"""
# What contradicting rows speak of is nobody else's station.
_DISPUTED: Final = """
    UPDATE import_known k SET taken = true
    FROM import_stage s JOIN import_flags f USING (number)
    WHERE f.kind = ANY (%(kinds)s) AND (k.external_id = s.external_id OR (
        k.name = split_part(s.key, E'\\x1f', 1) AND k.district = split_part(s.key, E'\\x1f', 2)
        AND k.host = split_part(s.key, E'\\x1f', 3) AND k.place = split_part(s.key, E'\\x1f', 4)))
"""
_OPEN: Final = """
    CREATE TEMP TABLE import_open ON COMMIT DROP AS
    SELECT number, external_id, split_part(key, E'\\x1f', 1) AS name, split_part(key, E'\\x1f', 2) AS district,
        split_part(key, E'\\x1f', 3) AS host, split_part(key, E'\\x1f', 4) AS place, false AS taken
    FROM import_stage s
    WHERE NOT rejected AND NOT EXISTS (SELECT FROM import_flags f WHERE f.number = s.number)
"""
_BY_ID: Final = """
    INSERT INTO import_matches
    SELECT o.number, k.station_id FROM import_open o JOIN import_known k USING (external_id)
"""
# Both sides are counted before they are joined, so that ten thousand rows of one name cost no more than ten thousand.
_BY_KEY: Final = """
    INSERT INTO import_matches
    SELECT o.number, k.station_id
    FROM (SELECT {parts}, min(number) AS number FROM import_open WHERE NOT taken OR {whole}
          GROUP BY {parts} HAVING count(*) = 1) oo
    JOIN import_open o USING (number)
    JOIN (SELECT {parts}, min(station_id) AS station_id FROM import_known WHERE NOT taken OR {whole}
          GROUP BY {parts} HAVING count(*) = 1) kk ON {equal}
    JOIN import_known k ON k.station_id = kk.station_id
    WHERE NOT o.taken AND NOT k.taken AND (o.external_id IS NULL OR k.external_id IS NULL) AND {agree}
"""
_TAKE: Final = (
    "UPDATE import_open o SET taken = true FROM import_matches m WHERE m.number = o.number AND NOT o.taken",
    "UPDATE import_known k SET taken = true FROM import_matches m WHERE m.station_id = k.station_id AND NOT k.taken",
)
_AMBIGUOUS: Final = """
    SELECT o.number, (SELECT names->>'zh' FROM import_stage s WHERE s.number = o.number) AS name, count(*) AS stations
    FROM import_open o
    JOIN (SELECT DISTINCT name, district, host, place, external_id IS NULL AS free, station_id
          FROM import_known WHERE NOT taken) k
        ON k.name = o.name AND (o.external_id IS NULL OR k.free)
        AND (k.district = o.district OR k.district = '' OR o.district = '')
        AND (k.host = o.host OR k.host = '' OR o.host = '')
    WHERE NOT o.taken
    GROUP BY o.number
"""


class _Level(NamedTuple):
    """Parts of the key that must be equal, and others that may be missing on one side.

    whole: the parts name a station only where no other row or station shares them, matched ones included.
    """

    parts: tuple[str, ...]
    lenient: tuple[str, ...] = ()
    whole: bool = False


_LEVELS: Final = (
    _Level(("name", "district", "host", "place")),
    _Level(("name", "district", "place"), ("host",)),
    _Level(("name", "host", "place"), ("district",)),
    _Level(("name", "place"), ("district", "host")),
    _Level(("name", "district", "host"), whole=True),
    _Level(("name", "district"), ("host",), whole=True),
    # Without a district the name says too little, unless nothing contradicts it.
    _Level(("name", "host"), ("district", "place"), whole=True),
    _Level(("name",), ("district", "host", "place"), whole=True),
)


def match(stage: Stage, source_id: int) -> None:
    """Fill ``import_matches`` (number, station_id) and flag rows that repeat, contradict or cannot be told apart."""
    stage.run("CREATE TEMP TABLE import_matches (number bigint, station_id bigint) ON COMMIT DROP")
    stage.flag(
        (
            row.number,
            Kind.REPEATED_ID,
            "id",
            row.external_id,
            f"rows {_labels(row.rows)} have this id and differ",
        )
        if row.differs
        else (
            row.number,
            Kind.REPEATED_ROW,
            "id",
            row.external_id,
            f"says the same as row {row_label(row.first)}",
        )
        for row in stage.run(_REPEATED_IDS)
    )
    stage.flag(
        (
            row.number,
            Kind.CONTRADICTED,
            "name",
            row.name,
            f"rows {_labels(row.rows)} name one station and differ; none of them is stored until they agree",
        )
        if row.differs
        else (row.number, Kind.REPEATED_ROW, "name", row.name, f"says the same as row {row_label(row.first)}")
        for row in stage.run(_REPEATED_KEYS)
    )
    stage.run(_KNOWN, source=source_id)
    stage.run(_DISPUTED, kinds=[str(Kind.REPEATED_ID), str(Kind.CONTRADICTED)])
    stage.run(_OPEN)
    stage.run("ANALYZE import_known")
    stage.run("ANALYZE import_open")
    if stage.run(_BY_ID).rowcount:
        _take(stage)
    for level in _LEVELS:
        if not stage.count("SELECT EXISTS (SELECT FROM import_known WHERE NOT taken)::int"):
            break
        if stage.run(_statement(level)).rowcount:
            _take(stage)
    else:
        stage.flag(
            (
                row.number,
                Kind.AMBIGUOUS,
                "name",
                row.name,
                f"may be one of {row.stations} stations of this source, and nothing tells which; declare an id",
            )
            for row in stage.run(_AMBIGUOUS)
        )
    stage.run("ANALYZE import_matches")


def _labels(numbers: Sequence[int]) -> str:
    return ", ".join(map(row_label, numbers))


def _take(stage: Stage) -> None:
    for statement in _TAKE:
        stage.run(statement)


def _statement(level: _Level) -> sql.Composable:
    def joined(by: str, template: str, names: tuple[str, ...]) -> sql.Composable:
        made = [sql.SQL(template).format(sql.Identifier(name)) for name in names]
        return sql.SQL(by).join(made) if made else sql.SQL("true")

    return sql.SQL(_BY_KEY).format(
        parts=joined(", ", "{}", level.parts),
        equal=joined(" AND ", "kk.{0} = oo.{0}", level.parts),
        agree=joined(" AND ", "(o.{0} = k.{0} OR o.{0} = '' OR k.{0} = '')", level.lenient),
        whole=sql.SQL("true" if level.whole else "false"),
    )
