"""How far the registry of some regions has come, county by county, and how far it was at an earlier moment.

What was is worked out from the history: the present facts with later changes taken back, as counts, in one question.
Counted are stations that serve or pause; what is planned, closed or withdrawn is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Interval,
    Select,
    Text,
    TextClause,
    cast,
    column,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session

from stations.models import FreshnessPromise, Region
from stations.registry.past import seq_at

__all__ = ["Progress", "progress", "progress_then", "total"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Of ``stations``: how many are located, have hours, known amenities, a verification within its promise, a photo."""

    stations: int = 0
    located: int = 0
    hours: int = 0
    amenities: int = 0
    verified: int = 0
    photo: int = 0

    def __add__(self, other: Progress) -> Progress:
        return Progress(
            self.stations + other.stations,
            self.located + other.located,
            self.hours + other.hours,
            self.amenities + other.amenities,
            self.verified + other.verified,
            self.photo + other.photo,
        )


_NOW = text("""
    SELECT s.region_code, s.kind, s.lifecycle, s.verified_at,
        s.withdrawn_reason IS NOT NULL AS withdrawn,
        s.location IS NOT NULL AS located,
        s.hours_expression IS NOT NULL AS hours,
        EXISTS (SELECT FROM amenities a WHERE a.station_id = s.id AND a.value <> 'unknown') AS amenities,
        EXISTS (SELECT FROM photos f WHERE f.station_id = s.id) AS photo
    FROM stations s
""")
# Of each column that changed since, the first change since then holds what it was. An amenity may have been removed and
# added again: the first removal since then, else the present row, tells whether it was there already.
_THEN = text("""
    WITH later AS MATERIALIZED (
        SELECT id FROM commits WHERE seq > :seq OR seq IS NULL
    ), changed AS MATERIALIZED (
        SELECT h.* FROM history h
        WHERE h.table_name IN ('stations', 'amenities', 'photos') AND h.commit_id IN (SELECT id FROM later)
    ), firsts AS (
        SELECT DISTINCT ON (h.station_id, e.key) h.station_id, e.key, e.value->0 AS old
        FROM changed h CROSS JOIN LATERAL jsonb_each(h.held) e
        WHERE h.table_name = 'stations' AND h.op = 'update' AND e.key IN (
            'region_code', 'kind', 'lifecycle', 'verified_at', 'withdrawn_reason', 'location', 'hours_expression')
        ORDER BY h.station_id, e.key, h.id
    ), was AS (
        SELECT station_id, jsonb_object_agg(key, old) AS held FROM firsts GROUP BY station_id
    ), valued AS (
        SELECT DISTINCT ON (h.row_key) h.station_id, h.row_key->>'amenity' AS amenity,
            CASE h.op WHEN 'delete' THEN h.held->>'value' ELSE h.held->'value'->>0 END AS value
        FROM changed h
        WHERE h.table_name = 'amenities' AND (h.op = 'delete' OR h.held ? 'value')
        ORDER BY h.row_key, h.id
    ), removed AS (
        SELECT DISTINCT ON (h.row_key) h.station_id, h.row_key->>'amenity' AS amenity,
            (h.held->>'added_in')::bigint AS added_in
        FROM changed h WHERE h.table_name = 'amenities' AND h.op = 'delete'
        ORDER BY h.row_key, h.id
    ), with_amenities AS (
        SELECT station_id
        FROM amenities a FULL JOIN removed r USING (station_id, amenity) LEFT JOIN valued v USING (station_id, amenity)
        WHERE coalesce(r.added_in, a.added_in) NOT IN (SELECT id FROM later)
            AND coalesce(v.value, a.value) <> 'unknown'
    ), with_photo AS (
        SELECT f.station_id FROM photos f WHERE f.added_in NOT IN (SELECT id FROM later)
        UNION
        SELECT h.station_id FROM changed h
        WHERE h.table_name = 'photos' AND h.op = 'delete'
            AND (h.held->>'added_in')::bigint NOT IN (SELECT id FROM later)
    )
    SELECT
        CASE WHEN w.held ? 'region_code' THEN w.held->>'region_code' ELSE s.region_code END AS region_code,
        CASE WHEN w.held ? 'kind' THEN w.held->>'kind' ELSE s.kind END AS kind,
        CASE WHEN w.held ? 'lifecycle' THEN w.held->>'lifecycle' ELSE s.lifecycle END AS lifecycle,
        CASE WHEN w.held ? 'verified_at' THEN (w.held->>'verified_at')::timestamptz ELSE s.verified_at END
            AS verified_at,
        CASE WHEN w.held ? 'withdrawn_reason' THEN w.held->>'withdrawn_reason' IS NOT NULL
            ELSE s.withdrawn_reason IS NOT NULL END AS withdrawn,
        CASE WHEN w.held ? 'location' THEN w.held->>'location' IS NOT NULL ELSE s.location IS NOT NULL END
            AS located,
        CASE WHEN w.held ? 'hours_expression' THEN w.held->>'hours_expression' IS NOT NULL
            ELSE s.hours_expression IS NOT NULL END AS hours,
        s.id IN (SELECT station_id FROM with_amenities) AS amenities,
        s.id IN (SELECT station_id FROM with_photo) AS photo
    FROM stations s LEFT JOIN was w ON w.station_id = s.id
    WHERE s.added_in NOT IN (SELECT id FROM later)
""")
_FLAGS = ("located", "hours", "amenities", "photo")


def _counts(facts: TextClause, regions: tuple[str, ...] | None, moment: datetime) -> Select[Any]:
    """Return the question for the sums over these facts, so that what is compared is counted alike."""
    f = facts.columns(
        *(column(name, Text) for name in ("region_code", "kind", "lifecycle")),
        column("verified_at", DateTime(timezone=True)),
        *(column(name, Boolean) for name in ("withdrawn", *_FLAGS)),
    ).cte("facts")
    fresh = f.c.verified_at >= literal(moment) - FreshnessPromise.days * cast("1 day", Interval)
    inside = select(Region.code).where(Region.lineage.overlap(list(regions or ())))
    sums: list[ColumnElement[Any]] = [
        func.coalesce(f.c.region_code, "").label("region"),
        func.count().label("stations"),
        *(func.count().filter(f.c[name]).label(name) for name in ("located", "hours", "amenities")),
        func.count().filter(fresh).label("verified"),
        func.count().filter(f.c.photo).label("photo"),
    ]
    return (
        select(*sums)
        .select_from(f)
        .join(FreshnessPromise, FreshnessPromise.kind == f.c.kind)
        .where(
            f.c.lifecycle.in_(["open", "suspended"]),
            ~f.c.withdrawn,
            *([] if regions is None else [f.c.region_code.in_(inside)]),
        )
        .group_by("region")
    )


def progress(session: Session, *, regions: tuple[str, ...] | None, now: datetime) -> Mapping[str, Progress]:
    """Return the progress by code of the region that stations lie in; ``""`` for those of none.

    regions: these and all below them; None for the whole registry.
    """
    return {row[0]: Progress(*row[1:]) for row in session.execute(_counts(_NOW, regions, now))}


def progress_then(
    session: Session, *, regions: tuple[str, ...] | None, then: datetime
) -> Mapping[str, Progress]:
    """Return the progress as it was at an earlier moment, counted by the promises of today."""
    rows = session.execute(_counts(_THEN, regions, then), {"seq": seq_at(session, then)})
    return {row[0]: Progress(*row[1:]) for row in rows}


def total(found: Mapping[str, Progress]) -> Progress:
    """Return the sum over all regions."""
    return sum(found.values(), Progress())
