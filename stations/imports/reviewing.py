"""Looking at batches: which there are, what came of each row, and where the rows lie; nothing is changed here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.datum import Datum, to_wgs84
from geo.io.rows import row_label
from geo.spheroid import metres_between
from stations.errors import NotFound
from stations.imports.problems import Kind, Problem, Severity
from stations.registry.regions import mainland_of

__all__ = [
    "DECIDABLE", "BatchLine", "Place", "ReviewRow", "Tally", "batch", "batches", "names", "places", "rows", "sources", "tally",
]  # fmt: skip

#: Verdicts of rows that write nothing until a person believes them, and may be believed.
DECIDABLE: Final = ("suspect", "conflict", "absent")

_BATCHES: Final = """
    SELECT b.id, b.file_name, b.status, b.counts, b.options, b.report, b.demonstration, b.ledger, b.error, b.sha256,
        b.started_at, b.finished_at, b.undone_at, b.actor_id, who.display_name AS actor, s.code AS source_code,
        s.name AS source_name
    FROM import_batches b JOIN sources s ON s.id = b.source_id JOIN staff who ON who.id = b.actor_id
"""
_NEWEST: Final = text(
    f"{_BATCHES} WHERE (CAST(:before AS bigint) IS NULL OR b.id < :before) ORDER BY b.id DESC LIMIT :limit"
)
_ONE: Final = text(f"{_BATCHES} WHERE b.id = :id")
_WANTED: Final = """
    r.batch_id = :batch AND (CAST(:verdict AS text) IS NULL OR r.verdict = :verdict)
    AND (CAST(:kind AS text) IS NULL OR r.problems @> jsonb_build_array(jsonb_build_object('kind', :kind)))
"""
_ROWS: Final = text(f"""
    SELECT r.row_number, r.verdict, r.problems, r.received, r.before, r.after, r.conflicts, r.decision,
        r.accepted_at IS NOT NULL AS accepted, s.code, coalesce(s.names->>'zh', r.after->'names'->>'zh',
            r.received->>:header, r.received->>'name', '') AS name
    FROM import_rows r LEFT JOIN stations s ON s.id = r.station_id
    WHERE {_WANTED} AND (CAST(:after AS bigint) IS NULL OR r.row_number > :after)
    ORDER BY r.row_number LIMIT :limit
""")  # noqa: S608 - a constant of this module
_VERDICTS: Final = text("""
    SELECT verdict, decision, accepted_at IS NOT NULL AS accepted, count(*) AS n
    FROM import_rows WHERE batch_id = :batch GROUP BY 1, 2, 3
""")
_KINDS: Final = text("""
    SELECT p->>'kind' AS kind, count(*) AS n
    FROM import_rows r CROSS JOIN LATERAL jsonb_array_elements(r.problems) p
    WHERE r.batch_id = :batch AND r.problems <> '[]' GROUP BY 1
""")
# What waits for an eye comes first where there are more than a map can show.
_PLACES: Final = text("""
    SELECT r.row_number, r.verdict, r.before->'location' AS was, r.after->'location' AS now,
        r.after->'proposed' AS proposed, r.after->>'original_lon' AS lon, r.after->>'original_lat' AS lat,
        r.after->>'original_datum' AS datum, r.decision, CASE WHEN s.location IS NULL THEN NULL
            ELSE jsonb_build_array(ST_X(s.location), ST_Y(s.location)) END AS stands,
        coalesce(s.names->>'zh', r.after->'names'->>'zh', '') AS name
    FROM import_rows r LEFT JOIN stations s ON s.id = r.station_id
    WHERE r.batch_id = :batch AND r.verdict IN ('new', 'changed', 'suspect', 'conflict')
        AND (r.after ? 'proposed' OR r.after ? 'location' OR (r.before IS NULL AND r.after ? 'original_lon'))
    ORDER BY r.after ? 'proposed' DESC, r.after ? 'location' DESC, r.row_number LIMIT :limit
""")
_SOURCES: Final = text("""
    SELECT s.id, s.code, s.name, s.publisher, s.licence, s.datum, s.mapping IS NOT NULL AS mapped,
        (SELECT max(b.id) FROM import_batches b WHERE b.source_id = s.id) AS last
    FROM sources s WHERE s.demonstration = :demonstration ORDER BY last DESC NULLS LAST, s.name
""")


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One batch. header: of the column that is the name. own: of whoever it belongs to, by id."""

    id: int
    file_name: str
    status: str
    counts: Mapping[str, int]
    options: Mapping[str, Any]
    report: Mapping[str, Any]
    demonstration: bool
    ledger: bool
    error: str | None
    sha256: str
    started_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None
    actor_id: int
    actor: str
    source_code: str
    source_name: str

    @property
    def total(self) -> int:
        """How many rows the file has."""
        return sum(n for verdict, n in self.counts.items() if verdict != "absent")

    @property
    def name_header(self) -> str:
        """The header of the column that was taken for the name."""
        columns = self.report.get("columns", ())
        return next((column["header"] for column in columns if column["field"] == "name"), "")


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One row as a person looks at it. moved_m: metres between the old place and the new one."""

    number: int
    label: str
    verdict: str
    name: str
    code: str | None
    problems: tuple[Problem, ...]
    received: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    conflicts: tuple[Mapping[str, Any], ...]
    decision: str | None
    accepted: bool
    moved_m: float | None

    @property
    def weighty(self) -> tuple[Problem, ...]:
        """What is more than a note."""
        return tuple(problem for problem in self.problems if problem.severity is not Severity.NOTE)

    @property
    def believable(self) -> bool:
        """Whether there is something to believe: a row that could mean several stations has nothing."""
        severities = {problem.severity for problem in self.problems}
        return self.verdict in DECIDABLE and Severity.AMBIGUOUS not in severities


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows: of each verdict, still to be decided, left out, believed, and with each kind of problem."""

    verdicts: Mapping[str, int]
    open: Mapping[str, int]
    left_out: int
    believed: int
    kinds: Mapping[Kind, int]

    @property
    def rejects_open(self) -> int:
        """Rejected rows that nobody has left out yet: the batch cannot be applied while there are any."""
        return self.open.get("rejected", 0)

    @property
    def writing(self) -> int:
        """How many rows will write something, as decided so far."""
        return self.verdicts.get("new", 0) + self.verdicts.get("changed", 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row puts a station, in WGS 84. kind: new, moved, held. was: where the station stands now."""

    number: int
    kind: str
    verdict: str
    name: str
    at: tuple[float, float]
    was: tuple[float, float] | None
    left_out: bool


def batches(session: Session, *, before: int | None = None, limit: int = 30) -> list[BatchLine]:
    """Return batches, the newest first. before: only older ones than this."""
    return [_line(row) for row in session.execute(_NEWEST, {"before": before, "limit": limit})]


def batch(session: Session, batch_id: int) -> BatchLine:
    """Return one batch. Raises NotFound."""
    found = session.execute(_ONE, {"id": batch_id}).one_or_none()
    if found is None:
        raise NotFound(f"there is no import batch {batch_id}")
    return _line(found)


def rows(
    session: Session,
    of: BatchLine,
    *,
    verdict: str | None = None,
    kind: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[ReviewRow], int | None]:
    """Return rows of a batch in their order, and the number to ask on from; None at the end.

    verdict, kind: only rows of this verdict, or with this kind of problem. after: the last number of the page before.
    """
    asked = {
        "batch": of.id,
        "verdict": verdict,
        "kind": kind,
        "after": after,
        "limit": limit + 1,
        "header": of.name_header,
    }
    found = [_row(row) for row in session.execute(_ROWS, asked)]
    return found[:limit], found[limit - 1].number if len(found) > limit else None


def tally(session: Session, batch_id: int) -> Tally:
    """Count the rows of a batch."""
    verdicts: dict[str, int] = {}
    left: dict[str, int] = {}
    left_out = believed = 0
    for row in session.execute(_VERDICTS, {"batch": batch_id}):
        verdicts[row.verdict] = verdicts.get(row.verdict, 0) + row.n
        if row.decision == "reject":
            left_out += row.n
        elif row.decision == "accept" or row.accepted:
            believed += row.n
        elif row.verdict in (*DECIDABLE, "rejected"):
            left[row.verdict] = left.get(row.verdict, 0) + row.n
    known = {row.kind: row.n for row in session.execute(_KINDS, {"batch": batch_id})}
    return Tally(verdicts, left, left_out, believed, {kind: known[kind] for kind in Kind if kind in known})


def places(session: Session, batch_id: int, *, limit: int = 3000) -> list[Place]:
    """Return where the rows of a batch put their stations: new pins, moved ones, and those held back."""
    found = session.execute(_PLACES, {"batch": batch_id, "limit": limit}).all()
    unread = [row for row in found if row.proposed is None and row.now is None]
    converted = _converted(session, unread)
    result = []
    for row in found:
        was = _point(row.was) or ((row.stands[0], row.stands[1]) if row.stands else None)
        at: tuple[float, float] | None
        if row.proposed is not None:
            kind, at = "held", (row.proposed[0], row.proposed[1])
        elif row.now is not None:
            kind, at = ("moved" if _point(row.was) else "new"), _point(row.now)
        else:
            kind, at = "new", converted.get(row.row_number)
            was = None
        if at is not None:
            result.append(
                Place(row.row_number, kind, row.verdict, row.name, at, was, row.decision == "reject")
            )
    return result


def sources(session: Session, *, demonstration: bool) -> list[Any]:
    """Return the lists that are known, the one used last first: id, code, name, publisher, licence, datum, mapped."""
    return list(session.execute(_SOURCES, {"demonstration": demonstration}))


def names(session: Session, station_ids: Collection[int]) -> dict[int, str]:
    """Return what stations are called, by id."""
    found = text("SELECT id, names->>'zh' AS name, code FROM stations WHERE id = ANY (:ids)")
    return {
        row.id: f"{row.name or ''} {row.code}".strip()
        for row in session.execute(found, {"ids": list(station_ids)})
    }


def _converted(session: Session, rows: list[Any]) -> dict[int, tuple[float, float]]:
    """Convert what new rows say of their places; each datum at once."""
    if not rows:
        return {}
    mainland = mainland_of(session)
    result: dict[int, tuple[float, float]] = {}
    for datum in {row.datum for row in rows if row.datum}:
        chosen = [row for row in rows if row.datum == datum]
        lon, lat = to_wgs84(
            [float(row.lon) for row in chosen],
            [float(row.lat) for row in chosen],
            Datum(datum),
            mainland=mainland,
        )
        result |= {row.row_number: (float(x), float(y)) for row, x, y in zip(chosen, lon, lat, strict=True)}
    return result


def _line(row: Any) -> BatchLine:
    values = dict(row._mapping)
    return BatchLine(**(values | {"report": values["report"] or {}}))


def _row(row: Any) -> ReviewRow:
    before, after = row.before or {}, row.after or {}
    was, now = _point(before.get("location")), _point(after.get("location"))
    return ReviewRow(
        number=row.row_number,
        label=row_label(row.row_number) if row.row_number > 0 else "",
        verdict=row.verdict,
        name=row.name,
        code=row.code,
        problems=tuple(Problem.of(problem) for problem in row.problems),
        received=row.received,
        before=before,
        after=after,
        conflicts=tuple(row.conflicts or ()),
        decision=row.decision,
        accepted=row.accepted,
        moved_m=float(metres_between(*was, *now)) if was and now else None,
    )


def _point(location: Mapping[str, Any] | None) -> tuple[float, float] | None:
    if not location:
        return None
    lon, lat = location["coordinates"][:2]
    return lon, lat
