"""The questions to the database behind the figures of quality, each one pass over a table.

What overlaps is not added up here: a station whose figures of use overlap is read row by row and decided by
``usage.standing``, and those are few; all others are summed by the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.hours import SHANGHAI
from stations.keeping.usage import scanned_days, standing
from stations.keeping.usage_words import Period

__all__ = ["FACTS", "Answers", "Honours", "Used", "answers", "honours", "seq", "sums", "used"]

#: How many amenities of each station are asked after: those of the filter row.
FACTS: Final = len(words.FILTER_AMENITIES)
_YEAR: Final = timedelta(days=365)

_SUMS: Final = text("""
    WITH known AS (
        SELECT station_id, bool_or(value <> 'unknown') AS some,
            count(*) FILTER (WHERE value <> 'unknown' AND basis <> 'inferred' AND amenity = ANY (:asked)) AS facts
        FROM amenities GROUP BY station_id
    ), heard AS (
        SELECT station_id, count(*) AS waiting FROM reports
        WHERE status = 'waiting' AND choice <> 'correct' GROUP BY station_id
    )
    SELECT coalesce(s.region_code, '') AS region,
        count(*) AS stations,
        count(*) FILTER (WHERE s.verified_at >= :now - p.days * interval '1 day' AND s.verified_at <= :now) AS promised,
        count(*) FILTER (WHERE s.verified_at IS NULL OR s.verified_at > :now) AS never,
        count(s.hours_expression) AS hours,
        count(*) FILTER (WHERE k.some) AS amenities,
        coalesce(sum(k.facts), 0)::bigint AS facts,
        count(s.location) AS on_map,
        count(s.location) FILTER (WHERE s.position_quality = 'door') AS door,
        count(*) FILTER (WHERE s.location IS NULL OR s.position_quality IS NULL) AS place_unknown,
        coalesce(sum(h.waiting), 0)::bigint AS waiting
    FROM stations s JOIN freshness_promises p ON p.kind = s.kind
    LEFT JOIN known k ON k.station_id = s.id LEFT JOIN heard h ON h.station_id = s.id
    WHERE s.lifecycle IN ('open', 'suspended') AND s.withdrawn_reason IS NULL
        AND (CAST(:opened_by AS date) IS NULL OR s.opened_on IS NULL OR s.opened_on <= :opened_by)
    GROUP BY 1
""")

# A station is apart where a figure begins before an earlier one has ended, or tells of a period twice; or was scanned on
# days of which a figure tells as well.
_USED: Final = text("""
    WITH served AS MATERIALIZED (
        SELECT id, coalesce(region_code, '') AS region FROM stations
        WHERE lifecycle IN ('open', 'suspended') AND withdrawn_reason IS NULL
    ), told AS MATERIALIZED (
        SELECT v.station_id, s.region, lower(v.period) AS b, upper(v.period) AS e, v.visits, v.at_least, v.occupation,
            coalesce(v.how, 'noted') AS how,
            lower(v.period) < max(upper(v.period)) OVER (
                PARTITION BY v.station_id ORDER BY lower(v.period), upper(v.period), v.id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS crossing
        FROM visits v JOIN served s ON s.id = v.station_id
        WHERE NOT lower_inf(v.period) AND NOT upper_inf(v.period) AND v.period <> 'empty'
            AND upper(v.period) > :first AND upper(v.period) <= :after
    ), scanned AS MATERIALIZED (
        SELECT c.station_id, s.region, c.day, c.scans FROM scans c JOIN served s ON s.id = c.station_id
        WHERE c.day >= :first AND c.day < :after
    ), mixed AS MATERIALIZED (
        SELECT station_id FROM told WHERE crossing
        UNION SELECT station_id FROM told WHERE station_id IN (SELECT station_id FROM scanned)
    )
    SELECT 'region' AS told, region, NULL::bigint AS station_id, NULL::date AS b, NULL::date AS e, NULL AS how,
        NULL AS occupation, count(*) AS counted, sum(visits)::bigint AS visits, sum(days)::bigint AS days,
        count(*) FILTER (WHERE at_least) AS at_least
    FROM (
        SELECT station_id, region, sum(visits) AS visits, sum(e - b) AS days, bool_or(at_least) AS at_least
        FROM told WHERE station_id NOT IN (SELECT station_id FROM mixed) GROUP BY station_id, region
        UNION ALL
        SELECT station_id, region, sum(scans), CAST(:after AS date) - min(day), true
        FROM scanned WHERE station_id NOT IN (SELECT station_id FROM mixed) GROUP BY station_id, region
    ) one GROUP BY region
    UNION ALL
    SELECT 'way', '', NULL, NULL, NULL, how, occupation, 0, sum(visits)::bigint, 0, 0
    FROM (
        SELECT how, occupation, visits FROM told WHERE station_id NOT IN (SELECT station_id FROM mixed)
        UNION ALL
        SELECT 'scanned', NULL, scans FROM scanned WHERE station_id NOT IN (SELECT station_id FROM mixed)
    ) one GROUP BY how, occupation
    UNION ALL
    SELECT 'single', region, station_id, b, e, how, occupation, 1, visits, e - b, at_least::int
    FROM told WHERE station_id IN (SELECT station_id FROM mixed)
    UNION ALL
    SELECT 'single', region, station_id, day, day + 1, 'scanned', NULL, 1, scans, 1, 1
    FROM scanned WHERE station_id IN (SELECT station_id FROM mixed)
    ORDER BY station_id, b, e
""")

_ANSWERS: Final = text("""
    WITH decided AS MATERIALIZED (
        SELECT coalesce(r.lineage, '{}') AS lineage, extract(epoch FROM v.decided_at - v.received_at) / 3600 AS hours
        FROM reports v JOIN stations s ON s.id = v.station_id LEFT JOIN regions r ON r.code = s.region_code
        WHERE v.choice <> 'correct' AND v.decided_at >= :since AND v.decided_at <= :now
    )
    SELECT region, count(*) AS answered, percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) AS hours
    FROM decided CROSS JOIN LATERAL unnest(ARRAY[''] || lineage) AS region GROUP BY region
""")

_HONOURS: Final = text("""
    SELECT coalesce(s.region_code, o.region_code, '') AS region, h.level, count(*) AS honours
    FROM honours h LEFT JOIN stations s ON s.id = h.station_id LEFT JOIN organisations o ON o.id = h.organisation_id
    WHERE h.revoked_on IS NULL AND (s.id IS NULL OR s.withdrawn_reason IS NULL)
    GROUP BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class Answers:
    """How many reports were answered within a year, and the median hours that it took."""

    answered: int
    hours: float


@dataclass(frozen=True, slots=True)
class Honours:
    """Honours that hold, by region and by level."""

    regions: Mapping[str, Mapping[str, int]]
    levels: Mapping[str, int]


@dataclass(slots=True)
class Used:
    """Use by region, and visits by who came and by how they were counted."""

    regions: dict[str, dict[str, int]] = field(default_factory=dict)
    occupations: dict[str, int] = field(default_factory=dict)
    ways: dict[str, int] = field(default_factory=dict)

    def add(self, region: str, **sums: int) -> None:
        """Add what adds up in a region."""
        into = self.regions.setdefault(region, dict.fromkeys(("counted", "visits", "days", "at_least"), 0))
        for name, value in sums.items():
            into[name] += value

    def tell(self, visits: int, *, how: str | None = None, occupation: str | None = None) -> None:
        """Add visits to those that were counted in a way, and to those of an occupation where it is given."""
        if how is not None:
            self.ways[how] = self.ways.get(how, 0) + visits
        if occupation is not None:
            known = (
                occupation if occupation in words.OCCUPATIONS else words.OCCUPATION_ALIASES.get(occupation)
            )
            who = known or "other"
            self.occupations[who] = self.occupations.get(who, 0) + visits


def seq(session: Session) -> int:
    """Return the number of the last commit that readers see."""
    return session.scalar(text("SELECT last FROM commit_counter")) or 0


def sums(session: Session, *, now: datetime, opened_by_then: bool = False) -> dict[str, dict[str, int]]:
    """Return what is counted of stations, by the code of the region that they lie in; ``""`` for none.

    opened_by_then: leave out stations that opened after ``now``.
    """
    opened_by = now.astimezone(SHANGHAI).date() if opened_by_then else None
    asked = {"now": now, "asked": list(words.FILTER_AMENITIES), "opened_by": opened_by}
    return {
        row["region"]: {name: value for name, value in row.items() if name != "region"}
        for row in session.execute(_SUMS, asked).mappings()
    }


def used(session: Session, *, now: datetime) -> Used:
    """Return the visits in periods that ended in the year before the day of ``now``, no visit counted twice."""
    today = now.astimezone(SHANGHAI).date()
    rows = session.execute(_USED, {"first": today - _YEAR, "after": today}).all()
    found = Used()
    for row in rows:
        if row.told == "region":
            found.add(
                row.region, counted=row.counted, visits=row.visits, days=row.days, at_least=row.at_least
            )
        elif row.told == "way":
            found.tell(row.visits, how=row.how, occupation=row.occupation)
    single = [row for row in rows if row.told == "single"]
    for _, of_one in groupby(single, key=lambda row: row.station_id):
        _decide(found, list(of_one), today)
    return found


def _decide(found: Used, rows: list[Any], today: date) -> None:
    """Add the figures of one station that stand, and the scans on days of which no figure tells."""
    given = [row for row in rows if row.how != "scanned"]
    kept = standing(Period(row.b, row.e) for row in given)
    visits, rough = 0, False
    for period in kept:
        of_period = [row for row in given if (row.b, row.e) == (period.begin, period.end)]
        wholes = [row for row in of_period if row.occupation is None][-1:]
        for row in wholes or of_period:
            visits += row.visits
            rough |= bool(row.at_least)
            found.tell(row.visits, how=row.how)
        for row in of_period:
            found.tell(row.visits, occupation=row.occupation)
    free = [
        row
        for row in rows
        if row.how == "scanned" and not any(each.begin <= row.b < each.end for each in kept)
    ]
    for row in free:
        visits += row.visits
        found.tell(row.visits, how="scanned")
    days = sum(each.days for each in kept) + scanned_days((row.b for row in free), kept, today=today)
    found.add(rows[0].region, counted=1, visits=visits, days=days, at_least=int(rough or bool(free)))


def answers(session: Session, *, now: datetime) -> dict[str, Answers]:
    """Return how fast reports were answered in the year before ``now``, by region and all above; ``""``: everywhere."""
    rows = session.execute(_ANSWERS, {"since": now - _YEAR, "now": now})
    return {row.region: Answers(row.answered, float(row.hours)) for row in rows}


def honours(session: Session) -> Honours:
    """Return how many honours hold, by region and by level."""
    regions: dict[str, dict[str, int]] = {}
    levels: dict[str, int] = {}
    for row in session.execute(_HONOURS):
        into = regions.setdefault(row.region, {"honours": 0})
        into["honours"] += row.honours
        levels[row.level] = levels.get(row.level, 0) + row.honours
    return Honours(regions, levels)
