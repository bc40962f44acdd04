"""What an import says when it is done: how many rows of each verdict, and every row that a person should look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from geo.io import write_rows
from geo.io.rows import row_label
from stations.imports.problems import SEVERITIES, Kind, Problem, Severity
from stations.imports.staging import Stage

if TYPE_CHECKING:
    from stations.imports.judging import Judgement

__all__ = ["MOST_TOLD", "Report", "RowReport", "reported", "told", "write_rejects"]

#: How many rows a report tells of each verdict; all of them stand in the batch and in the file of rejects.
MOST_TOLD: Final = 200
_TOLD: Final = """
    SELECT r.number, r.verdict, r.problems, t.facts->'names'->>'zh' AS name, r.accepted,
        CASE WHEN r.verdict IN ('changed', 'suspect', 'conflict') THEN concat_ws(', ',
            CASE WHEN c.moves OR c.released OR c.holds THEN 'position' END, CASE WHEN c.facts THEN 'facts' END,
            CASE WHEN c.hours THEN 'hours' END, CASE WHEN c.amenities THEN 'amenities' END,
            CASE WHEN c.partners THEN 'partners' END) END AS changed
    FROM (
        SELECT j.number, v.verdict, j.problems, j.accepted,
            row_number() OVER (PARTITION BY v.verdict ORDER BY j.number) AS place
        FROM import_judged j JOIN import_verdicts v USING (number)
        WHERE v.verdict IN ('rejected', 'suspect', 'conflict', 'changed') OR j.problems <> '[]') r
    JOIN import_stage t USING (number)
    LEFT JOIN import_changes c USING (number)
    WHERE r.place <= %(most)s ORDER BY r.number
"""
_PROBLEMS: Final = """
    SELECT p->>'kind' AS kind, count(*) AS n
    FROM import_judged CROSS JOIN LATERAL jsonb_array_elements(problems) p
    WHERE problems <> '[]' GROUP BY 1 ORDER BY 1
"""
_ABSENT: Final = """
    SELECT station_id, code, name FROM import_absent ORDER BY station_id LIMIT %(most)s
"""
_REJECTS: Final = """
    SELECT t.number, t.received, j.problems FROM import_judged j JOIN import_stage t USING (number)
    WHERE j.rejected ORDER BY t.number
"""


@dataclass(frozen=True, slots=True)
class RowReport:
    """One row: its number in the file, its verdict, and what was said of it.

    A station that the file does not name any more has minus its id for a number.
    """

    number: int
    verdict: str
    name: str
    problems: tuple[Problem, ...]
    accepted: bool = False
    changed: str = ""

    @property
    def weighty(self) -> tuple[Problem, ...]:
        """What is more than a note."""
        return tuple(problem for problem in self.problems if problem.severity is not Severity.NOTE)


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run.

    batch_id: None after a dry run. status: applied, judged (nothing but the batch was written), refused (rejects, and
    nothing was written but the batch itself) or dry-run. rows: rejects, suspects, changed ones and those with notes, by number, at most ``MOST_TOLD`` of a
    verdict. problems: how often each kind occurs in the whole file.
    """

    file_name: str
    batch_id: int | None
    status: str
    counts: Mapping[str, int]
    rows: tuple[RowReport, ...]
    problems: Mapping[Kind, int]
    columns: tuple[str, ...]
    unknown_words: Mapping[tuple[str, str], int]
    notes: tuple[str, ...] = ()
    rejects_path: Path | None = None
    encoding: str | None = None
    skipped: tuple[str, ...] = field(default=())
    #: Each column: header, field, how its meaning was found, amenity, whether it is inferred, the line above.
    meanings: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def total(self) -> int:
        """How many rows the file has."""
        return sum(n for verdict, n in self.counts.items() if verdict != "absent")

    @property
    def rejected(self) -> int:
        """How many rows could not be taken."""
        return self.counts.get("rejected", 0)

    def severity(self, wanted: Severity) -> int:
        """Count the problems of one weight in the whole file."""
        return sum(n for kind, n in self.problems.items() if SEVERITIES[kind] is wanted)

    def to_json(self) -> dict[str, Any]:
        """Return what a batch keeps of it beside its rows."""
        return {
            "columns": [dict(meaning) for meaning in self.meanings],
            "unknown_words": [[header, word, n] for (header, word), n in self.unknown_words.items()],
            "notes": list(self.notes),
            "skipped": list(self.skipped),
            "encoding": self.encoding,
            "problems": {str(kind): n for kind, n in self.problems.items()},
        }


def reported(judged: Judgement, batch_id: int | None, status: str) -> Report:
    """Put together what is said of a file after its rows were compared."""
    rows, problems = told(judged.stage)
    options = judged.options
    return Report(
        file_name=judged.name,
        batch_id=batch_id,
        status=status,
        counts=judged.counts,
        rows=rows,
        problems=problems,
        columns=tuple(judged.columns.describe()),
        unknown_words=dict(judged.judge.unknown_words.most_common()),
        notes=(*judged.notes, *judged.suspicions(problems)),
        rejects_path=options.rejects if judged.rejected else None,
        encoding=judged.rows.encoding,
        skipped=tuple(line.told for line in judged.rows.skipped if line.text),
        meanings=tuple(
            {
                "header": column.header,
                "field": column.field,
                "how": str(column.how),
                "amenity": column.amenity,
                "inferred": column.inferred,
                "taken_by": column.taken_by,
                "line": line,
            }
            for column, line in zip(judged.columns, judged.columns.describe(), strict=True)
        ),
    )


def told(stage: Stage) -> tuple[tuple[RowReport, ...], dict[Kind, int]]:
    """Return the rows that a person should look at, and how often each kind of problem occurs."""
    rows = tuple(
        RowReport(
            row.number,
            row.verdict,
            row.name or "",
            tuple(sorted(map(Problem.of, row.problems), key=_weight)),
            row.accepted,
            row.changed or "",
        )
        for row in stage.run(_TOLD, most=MOST_TOLD)
    )
    reason = "the list has named it before and does not any more"
    absent = tuple(
        RowReport(-row.station_id, "absent", row.name, (Problem(Kind.ABSENT, "", row.code, reason),))
        for row in stage.run(_ABSENT, most=MOST_TOLD)
    )
    problems = {Kind(row.kind): row.n for row in stage.run(_PROBLEMS)}
    if missing := stage.count("SELECT count(*) FROM import_absent"):
        problems[Kind.ABSENT] = missing
    return rows + absent, problems


def _weight(problem: Problem) -> int:
    return list(Severity).index(problem.severity)


def write_rejects(stage: Stage, path: Path, columns: tuple[str, ...]) -> int:
    """Write the rejected rows as they came, with 行号 and 原因 beside them, to be corrected and imported alone."""
    return write_rows(path, (*columns, *_own(columns)), _rejects(stage, columns))


def _own(columns: tuple[str, ...]) -> tuple[str, str]:
    """Name the two columns so that they collide with none of the file's."""
    number, reason = "行号", "原因"
    while number in columns or reason in columns:
        number, reason = f"{number}*", f"{reason}*"
    return number, reason


def _rejects(stage: Stage, columns: tuple[str, ...]) -> Iterator[list[str]]:
    for row in stage.rows(_REJECTS):
        received: dict[str, Any] = row.received
        said = [Problem.of(problem) for problem in row.problems]
        reasons = "；".join(
            f"{problem.field}: {problem.reason}" if problem.field else problem.reason
            for problem in said
            if problem.severity is Severity.REJECT
        )
        yield [*(str(received.get(column, "")) for column in columns), row_label(row.number), reasons]
