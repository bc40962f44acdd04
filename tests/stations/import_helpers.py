"""What the tests of imports share: lists written as rows, and what the registry then holds."""

from __future__ import annotations

import csv
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.imports import Mapping, Options, Report, SourceSpec, judge_and_apply
from stations.registry.writing import OPERATOR, actor_id

TODAY = date(2026, 3, 2)
#: In WGS 84, inside the squares of ``tests/conftest.py``.
CHENGDONG = (101.5, 36.6)
CHENGZHONG = (101.7, 36.6)
LEDU = (101.9, 36.6)
MINHE = (102.1, 36.6)


def write(path: Path, rows: Sequence[AnyMapping[str, Any]]) -> Path:
    """Write rows as CSV; the columns are those of all rows in the order of their appearance."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(
    session: Session,
    path: Path,
    *,
    source: str = "list",
    datum: Datum | None = Datum.WGS84,
    mapping: Mapping | None = None,
    actor: int | None = None,
    **options: Any,
) -> Report:
    """Import a file as the operator, on a fixed day."""
    return judge_and_apply(
        session,
        path,
        actor=actor if actor is not None else actor_id(session, OPERATOR),
        source=SourceSpec(source),
        datum=datum,
        mapping=mapping,
        options=Options(**{"today": TODAY} | options),
    )


def station(session: Session, name: str) -> Any:
    """Return the one station of this name, with its position as lon and lat."""
    return session.execute(
        text(
            "SELECT *, ST_X(location) AS lon, ST_Y(location) AS lat FROM stations WHERE names->>'zh' = :name"
        ),
        {"name": name},
    ).one()


def count(session: Session, table: str = "stations") -> int:
    """Count the rows of a table."""
    return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def amenities(session: Session, name: str) -> dict[str, tuple[str, str]]:
    """Return the value and basis of each amenity of a station."""
    rows = session.execute(
        text(
            "SELECT amenity, value, basis FROM amenities a JOIN stations s ON s.id = a.station_id "
            "WHERE s.names->>'zh' = :name"
        ),
        {"name": name},
    )
    return {row.amenity: (row.value, row.basis) for row in rows}


def registry(session: Session) -> list[Any]:
    """Return all facts of all stations but their numbers, for comparing two registries."""
    rows = session.execute(
        text("""
            SELECT to_jsonb(s) - 'id' - 'code' - 'added_in' - 'source_id' - 'position_hold' - 'doubts' AS facts,
                s.position_hold IS NULL AS believed,
                (SELECT jsonb_agg(p->>'kind' ORDER BY p->>'kind') FROM jsonb_array_elements(s.doubts) p) AS doubts,
                (SELECT jsonb_agg(jsonb_build_array(amenity, value, out_of_order, basis) ORDER BY amenity)
                 FROM amenities a WHERE a.station_id = s.id) AS amenities,
                (SELECT jsonb_agg(jsonb_build_array(p.role, o.name) ORDER BY p.role, o.name) FROM partners p
                 JOIN organisations o ON o.id = p.organisation_id WHERE p.station_id = s.id) AS partners
            FROM stations s
        """)
    )
    return sorted((tuple(row) for row in rows), key=repr)


def kinds(report: Report, row: int) -> set[str]:
    """Return what is said against a row, but for a guessed kind."""
    return {str(p.kind) for one in report.rows if one.number == row for p in one.problems} - {"guessed_kind"}


def verdict(report: Report, row: int) -> str:
    """Return the verdict of a row that the report tells of."""
    return next(one.verdict for one in report.rows if one.number == row)
