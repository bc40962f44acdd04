"""Judged rows in temporary tables of the transaction, where they are compared with the registry as whole sets.

COPY fills them, since it is several times faster than inserting and refused on tables with row policies. They vanish
with the transaction; nothing of a file stays in memory but the chunk at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import Connection, CursorResult
from sqlalchemy.orm import Session

from stations.hours import Hours
from stations.imports.judged import AmenitySet, Judged
from stations.imports.problems import Severity

__all__ = ["FACTS", "PARTNERS", "Stage", "storable", "to_json"]

#: Columns of a station that a row may give as they are, with their SQL types.
FACTS: Final[Mapping[str, str]] = {
    "kind": "text",
    "lifecycle": "text",
    "lifecycle_since": "date",
    "lifecycle_reason": "text",
    "opened_on": "date",
    "expected_on": "date",
    "directions": "text",
    "position_quality": "text",
    "position_origin": "text",
    "address": "text",
    "district_received": "text",
    "premises": "text",
    "access": "text",
    "fee": "text",
    "accepted_cards": "text[]",
    "phone": "text",
    "capacity": "bigint",
    "area_m2": "numeric",
}
PARTNERS: Final = ("host", "co_builder", "funder", "operator")

_COLUMNS: Final[Mapping[str, str]] = {
    "number": "bigint",
    "rejected": "boolean",
    "held": "boolean",
    "doubted": "boolean",
    "external_id": "text",
    "key": "text",
    "digest": "text",
    "names": "jsonb",
    "kind_guess": "text",
    **FACTS,
    "hours_id": "integer",
    "lon": "float8",
    "lat": "float8",
    "datum": "text",
    "x": "float8",
    "y": "float8",
    "region_at": "text",
    "region_named": "text",
    "amenity_set": "integer",
    **dict.fromkeys(PARTNERS, "text"),
    "problems": "jsonb",
    "facts": "jsonb",
    "received": "jsonb",
}
_TABLES: Final = (
    "import_stage",
    "import_hours",
    "import_amenities",
    "import_flags",
    "import_known",
    "import_open",
    "import_matches",
    "import_judged",
    "import_changes",
    "import_verdicts",
    "import_amenity_changes",
    "import_partner_changes",
    "import_imported",
    "import_void",
    "import_edits",
    "import_given",
    "import_conflicts",
    "import_unstripped",
    "import_left_out",
    "import_ids",
    "import_proposed",
    "import_diffs",
    "import_rows_now",
    "import_absent",
    "import_ending",
)
_MOST_REMEMBERED: Final = 50_000


class Stage:
    """The temporary tables of one run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._hours: dict[Hours, int] = {}
        self._amenities: dict[AmenitySet, int] = {}
        self._sets = 0
        self.drop()
        self.run(
            sql.SQL("CREATE TEMP TABLE import_stage ({}) ON COMMIT DROP").format(
                sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(cast("Any", type_)))
                    for name, type_ in _COLUMNS.items()
                )
            )
        )
        self.run(
            "CREATE TEMP TABLE import_hours (hours_id integer, words text, expression text, calendar text,"
            " exceptions jsonb) ON COMMIT DROP"
        )
        self.run(
            "CREATE TEMP TABLE import_amenities (amenity_set integer, amenity text, value text,"
            " out_of_order boolean, basis text) ON COMMIT DROP"
        )
        self.run("CREATE TEMP TABLE import_flags (number bigint, kind text, problem jsonb) ON COMMIT DROP")

    def drop(self, *tables: str) -> None:
        """Drop these tables, or all that this or an earlier run of the transaction has left."""
        named = map(self._temporary, tables or _TABLES)
        self.run(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.SQL(", ").join(named)))

    @staticmethod
    def _temporary(name: str) -> sql.Composable:
        return sql.Identifier("pg_temp", name)

    def run(self, statement: sql.Composable | str, **values: Any) -> CursorResult[Any]:
        """Run a statement with ``%(name)s`` parameters; errors come as SQLAlchemy's."""
        text = statement if isinstance(statement, str) else statement.as_string(None)
        return self._connection.exec_driver_sql(text, values or None)

    def count(self, statement: sql.Composable | str, **values: Any) -> int:
        """Run a statement that answers one number."""
        return int(self.run(statement, **values).scalar() or 0)

    def rows(self, statement: str, *, page: int = 2_000, **values: Any) -> Iterator[Any]:
        """Read a long answer page by page, without holding it."""
        result = self._connection.exec_driver_sql(
            statement, values or None, execution_options={"yield_per": page}
        )
        yield from result

    @property
    def _connection(self) -> Connection:
        return self._session.connection()

    def add(self, judged: Sequence[Judged]) -> None:
        """Stage a chunk."""
        hours: list[tuple[Any, ...]] = []
        amenities: list[tuple[Any, ...]] = []
        rows = [self._row(one, hours, amenities) for one in judged]
        self._copy("import_hours", hours)
        self._copy("import_amenities", amenities)
        self._copy("import_stage", rows)

    def finish(self) -> None:
        """Tell the planner what was staged."""
        # The wide columns of text are never compared, and to look through them takes most of an ANALYZE.
        self.run(
            "ANALYZE import_stage (number, rejected, external_id, key, lon, lat, datum, hours_id, amenity_set)"
        )
        self.run("ANALYZE import_amenities")
        self.run("ANALYZE import_hours")

    def flag(self, problems: Iterable[tuple[int, str, str, str, str]]) -> None:
        """Add what whole-file comparison has found: (number, kind, field, value, reason)."""
        self._copy(
            "import_flags",
            [
                (number, kind, to_json({"kind": kind, "field": field, "value": value, "reason": reason}))
                for number, kind, field, value, reason in problems
            ],
        )

    def _copy(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            return
        driver = self._connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError(f"an import needs psycopg 3 below SQLAlchemy, not {type(driver).__name__}")
        with (
            driver.cursor() as cursor,
            cursor.copy(sql.SQL("COPY {} FROM STDIN").format(self._temporary(table))) as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def _row(
        self, one: Judged, hours: list[tuple[Any, ...]], amenities: list[tuple[Any, ...]]
    ) -> tuple[Any, ...]:
        rejected = one.has(Severity.REJECT)
        problems = [problem._asdict() for problem in one.problems]
        if rejected:
            # Nothing of a rejected row is used but what it said, why it cannot be taken, and whom it seems to name.
            head = (one.number, True, False, False, one.external_id, one.key)
            blank = (None,) * (len(_COLUMNS) - len(head) - 3)
            return (*head, *blank, to_json(problems), None, to_json(one.received))
        facts = one.facts
        return (
            one.number,
            False,
            one.has(Severity.HOLD),
            one.has(Severity.DOUBT),
            one.external_id,
            one.key,
            one.digest,
            to_json(facts["names"]),
            one.kind_guess,
            *(facts.get(name) for name in FACTS),
            None if one.hours is None else self._hours_id(one.hours, hours),
            one.lon,
            one.lat,
            one.datum,
            one.x,
            one.y,
            one.region_at,
            one.region_named,
            self._amenity_set(one.amenities, amenities) if one.amenities else None,
            *(one.partners.get(role) for role in PARTNERS),
            to_json(problems) if problems else "[]",
            to_json(_after(one)),
            to_json(one.received),
        )

    def _hours_id(self, hours: Hours, new: list[tuple[Any, ...]]) -> int:
        if (known := self._hours.get(hours)) is not None:
            return known
        if len(self._hours) >= _MOST_REMEMBERED:
            self._hours.clear()
        self._sets += 1
        self._hours[hours] = self._sets
        exceptions = [
            {
                "starts": e.starts.isoformat(),
                "ends": e.ends.isoformat(),
                "expression": e.expression,
                "reason": e.reason,
            }
            for e in hours.exceptions
        ]
        new.append((self._sets, hours.words, hours.expression, str(hours.calendar), to_json(exceptions)))
        return self._sets

    def _amenity_set(self, facts: AmenitySet, new: list[tuple[Any, ...]]) -> int:
        if (known := self._amenities.get(facts)) is not None:
            return known
        if len(self._amenities) >= _MOST_REMEMBERED:
            self._amenities.clear()
        self._sets += 1
        self._amenities[facts] = self._sets
        new.extend((self._sets, *fact) for fact in facts)
        return self._sets


def _after(one: Judged) -> dict[str, Any]:
    """Return what a new station has after the row, as ``import_rows`` keeps it."""
    after = {"kind": one.kind_guess} | one.facts
    if one.lon is not None:
        after |= {"original_lon": one.lon, "original_lat": one.lat, "original_datum": one.datum}
    if one.hours is not None:
        after |= {"hours_words": one.hours.words, "hours_expression": one.hours.expression}
    if one.amenities:
        after["amenities"] = {code: value for code, value, _, _ in one.amenities}
    if one.partners:
        after["partners"] = one.partners
    return after


def to_json(content: Any) -> str:
    """Return content as text for a jsonb column, which holds neither NUL nor half a surrogate pair."""
    try:
        text = orjson.dumps(content, default=str).decode()
    except (TypeError, orjson.JSONEncodeError):
        return to_json(storable(content))
    return to_json(storable(content)) if "\\u0000" in text and text != "" and _has_nul(content) else text


def _has_nul(content: Any) -> bool:
    if isinstance(content, str):
        return "\0" in content
    if isinstance(content, dict):
        return any(_has_nul(part) for item in content.items() for part in item)
    return isinstance(content, list | tuple) and any(map(_has_nul, content))


def storable(content: Any) -> Any:
    """Return content without what a jsonb column cannot hold."""
    if isinstance(content, str):
        return content.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if isinstance(content, dict):
        return {storable(key): storable(value) for key, value in content.items()}
    return [storable(part) for part in content] if isinstance(content, list | tuple) else content
