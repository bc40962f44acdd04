"""The report of an import at the prompt: columns, verdicts, the rows to look at, the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from geo.io.rows import row_label
from stations.imports.problems import Severity
from web.cli.common import table

if TYPE_CHECKING:
    from stations.imports import Report, RowReport, UndoReport

__all__ = ["lines", "numbers", "undone"]

_VERDICTS = {
    "new": "new stations",
    "changed": "changed",
    "unchanged": "unchanged",
    "suspect": "suspect",
    "conflict": "in conflict with staff",
    "rejected": "rejected",
    "absent": "no longer in the list",
}
_WEIGHTS = {
    Severity.REJECT: "rejected",
    Severity.AMBIGUOUS: "suspect, not stored",
    Severity.HOLD: "suspect, held 未定位",
    Severity.DOUBT: "suspect, shown",
    Severity.CONFLICT: "conflict, staff stay",
    Severity.ABSENT: "absent, left as it is",
    Severity.NOTE: "note",
}
_MOST_WORDS = 40
_MOST_SKIPPED = 20


def lines(report: Report) -> str:
    """Return the report as text."""
    return "\n".join(_plain(line) for part in _told(report) for line in part.split("\n"))


def _plain(line: str) -> str:
    # Headers and words come from the list: a control character must not reach the terminal.
    return "".join(letter if letter.isprintable() else " " for letter in line)


def _told(report: Report) -> Iterator[str]:
    """Yield the report line by line."""
    yield f"{report.file_name}: {report.total} rows" + (f", {report.encoding}" if report.encoding else "")
    yield from (f"  skipped: {line}" for line in report.skipped[:_MOST_SKIPPED])
    if len(report.skipped) > _MOST_SKIPPED:
        yield f"  skipped: … and {len(report.skipped) - _MOST_SKIPPED} more lines"
    yield "Columns"
    yield from (f"  {line}" for line in report.columns)
    yield "Verdicts"
    yield from (
        f"  {report.counts[verdict]:>7,}  {said}"
        for verdict, said in _VERDICTS.items()
        if verdict in report.counts
    )
    yield from _problems(report)
    if report.unknown_words:
        yield "Words that are not known"
        for (header, word), times in list(report.unknown_words.items())[:_MOST_WORDS]:
            yield f"  {times:>7,}  {header}: {word}"
        if len(report.unknown_words) > _MOST_WORDS:
            yield f"  … and {len(report.unknown_words) - _MOST_WORDS} more"
    yield from (f"Note: {note}" for note in report.notes)
    yield _outcome(report)


def _problems(report: Report) -> Iterator[str]:
    rows = [
        (
            row_label(row.number),
            _WEIGHTS[problem.severity] + (", accepted" if row.accepted else ""),
            problem.field,
            problem.value,
            problem.reason,
        )
        for row in report.rows
        for problem in row.problems
    ]
    if rows:
        yield "Rows to look at"
        yield table(("row", "verdict", "field", "value", "reason"), rows)
    changed = [row for row in report.rows if row.changed]
    if changed:
        yield f"Changed: {_changes(changed)}"
    told = {
        verdict: sum(row.verdict == verdict for row in report.rows)
        for verdict in ("rejected", "suspect", "conflict", "absent")
    }
    for verdict, count in told.items():
        if (left := report.counts.get(verdict, 0) - count) > 0:
            yield f"… and {left:,} more {verdict}"


def _changes(rows: Sequence[RowReport]) -> str:
    by_change: dict[str, list[int]] = {}
    for row in rows:
        by_change.setdefault(row.changed, []).append(row.number)
    return "; ".join(f"{change} in rows {numbers(found)}" for change, found in by_change.items())


def numbers(rows: Sequence[int]) -> str:
    """Return the numbers of rows as the file's reader knows them, the first twenty."""
    shown = ", ".join(map(row_label, rows[:20]))
    return f"{shown} … ({len(rows)})" if len(rows) > 20 else shown


def _outcome(report: Report) -> str:
    if report.status == "dry-run":
        said = "Dry run: nothing was written."
    elif report.status in {"refused", "judged"}:
        said = (
            f"Refused (batch {report.batch_id}): {report.rejected} rows were rejected, so nothing was applied. "
            "Correct them, or pass --keep-going to apply the others."
        )
    else:
        said = f"Applied as batch {report.batch_id}."
    if report.rejects_path is not None:
        said += f" The rejected rows are in {report.rejects_path}."
    waiting = sum(row.verdict in {"suspect", "conflict"} and not row.accepted for row in report.rows)
    if waiting and report.status == "applied":
        said += f" Rows wait: yizhan import accept {report.batch_id} --rows …"
    return said


def undone(report: UndoReport, *, dry_run: bool) -> str:
    """Return what an undo did, or would do, as text."""
    said = [
        f"Import {report.batch_id} {'would be' if dry_run else 'is'} undone: {report.withdrawn:,} stations withdrawn, "
        f"{report.restored:,} fields put back, {report.removed:,} rows removed, {report.put_back:,} put back."
    ]
    if report.kept_count:
        said.append(f"{report.kept_count:,} stay, since somebody has changed them:")
        rows = [(kept.station_id, kept.field, kept.by or "–", kept.why) for kept in report.kept]
        said.append(table(("station", "field", "by", "why"), rows))
    return "\n".join(_plain(line) for part in said for line in part.split("\n"))
