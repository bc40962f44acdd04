"""Two runs beside each other: two maps that move together, the difference by area, and what was asked differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import render_template, request, url_for

from stations.accounts import ROLES
from stations.errors import Invalid
from stations.models import CoverageRun
from stations.planning import CoverageQuestion, runs
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.planner import words
from web.planner.figures import Row, Table, shades, steps_of, table
from web.planner.page import Regions, coloured, maps_of, measure_key
from web.planner.view import LEVELS, View

__all__ = ["compare_runs"]


_SORTS: Final = ("name", "first", "second", "change")
#: Measures of which two runs know the same thing, and that are told in people.
_MEASURES: Final = ("share", "twice", "uncovered", "people")


@blueprint.get("/planner/compare")
@desk_page(*ROLES)
def compare_runs() -> str:
    """Show two runs beside each other, at their moments or at one hour. Both are told for the main limit of their own."""
    pair = [runs.get(db.session(), _number(name)) for name in ("first", "second")]
    found = runs.compare(*pair)
    regions = Regions.load()
    levels = [level for level in LEVELS if all(level in (run.areas or {}) for run in pair)]
    views = _views(pair, levels)
    questions = [CoverageQuestion.of_dict(run.question) for run in pair]
    tables = [table(run, view, regions.names, regions.parents) for run, view in zip(pair, views, strict=True)]
    shown = [
        coloured(shades(_drawn(run, view, one, regions), view, steps), regions)
        for run, view, one, steps in zip(pair, views, tables, _steps(tables, views, questions), strict=True)
    ]
    order = _Order.read(request.args)
    told = [dict(words.question_words(question, regions.names)) for question in questions]
    return render_template(
        "desk/planner_compare.html",
        runs=pair,
        questions=questions,
        tables=tables,
        shades=shown,
        rows=order.sorted(_rows(tables, regions)),
        heads=[order.head(column, pair, views[0]) for column in _SORTS],
        view=views[0],
        levels=[(each, words.level_label(each)) for each in levels],
        measures=[(each, words.measure_label(each, questions[0].main_min)) for each in _MEASURES],
        hours=sorted(
            {int(row["hour"]) for row in pair[0].hours or ()}
            & {int(row["hour"]) for row in pair[1].hours or ()}
        ),
        key=measure_key(views[0], _steps(tables, views, questions)[0]),
        change=_change(*(one.total for one in tables)),
        asked=[
            (label, told[0][label], told[1][label])
            for label in told[0]
            if told[0][label] != told[1].get(label)
        ],
        changed=bool(found["asked"]),
        words=words,
        map=maps_of(list(zip(pair, views, strict=True)), regions),
        basis=[words.basis_words(run.basis or {}) for run in pair],
    )


@dataclass(frozen=True, slots=True)
class _Order:
    """How the table of two runs is sorted."""

    column: str = "change"
    rising: bool = False

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> _Order:
        column = arguments.get("order", "")
        return cls(column if column in _SORTS else "change", arguments.get("rising") == "1")

    def sorted(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        def key(row: Mapping[str, Any]) -> Any:
            if self.column == "name":
                return row["name"]
            if self.column == "change":
                return abs(row["change"] or 0.0)
            side = row["sides"][_SORTS.index(self.column) - 1]
            return -1.0 if side is None or side.reached is None else side.reached

        return sorted(rows, key=key, reverse=not self.rising)

    def head(self, column: str, pair: Sequence[CoverageRun], view: View) -> dict[str, Any]:
        rising = not self.rising if column == self.column else column == "name"
        address: dict[str, Any] = {**view.items(), "first": pair[0].id, "second": pair[1].id, "order": column}
        if rising:
            address["rising"] = "1"
        return {
            "url": url_for("desk.compare_runs", **address),
            "sorted": None if column != self.column else "ascending" if self.rising else "descending",
        }


def _views(pair: Sequence[CoverageRun], levels: Sequence[str]) -> list[View]:
    """Return the view of each run: one level, one measure and one hour for both."""
    views = [View.read(request.args, run) for run in pair]
    level = views[0].level if views[0].level in levels else levels[-1]
    measure = views[0].measure if views[0].measure in _MEASURES else "share"
    hour = views[0].hour if views[0].hour == views[1].hour else None
    fresh = View()
    return [
        replace(view, level=level, measure=measure, hour=hour, sort=fresh.sort, rising=False)
        for view in views
    ]


def _steps(
    tables: Sequence[Table], views: Sequence[View], questions: Sequence[CoverageQuestion]
) -> list[list[float]]:
    """Return where the shades begin: at the same values for both, so that the maps can be told apart by eye."""
    both = steps_of([*tables[0].rows, *tables[1].rows], views[0], questions[0])
    return [both, both]


def _drawn(run: CoverageRun, view: View, one: Table, regions: Regions) -> Sequence[Row]:
    """Return the rows that the map shades: counties stand for townships, of which it has no outlines."""
    if view.level != "township":
        return one.rows
    return table(run, replace(view, level="county"), regions.names, regions.parents).rows


def _rows(tables: Sequence[Table], regions: Regions) -> list[dict[str, Any]]:
    by_code = [{row.code: row for row in one.rows} for one in tables]
    return [
        {
            "name": words.title_of(regions.names, code),
            "sides": [one.get(code) for one in by_code],
            "change": _change(*(one.get(code) for one in by_code)),
        }
        for code in dict.fromkeys([*by_code[0], *by_code[1]])
    ]


def _number(name: str) -> int:
    text = request.args.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(f"{name}={text[:40]!r} is no number of a run", field=name, value=text)
    return int(text)


def _change(first: Any, second: Any) -> float | None:
    """Return by how many people within its main limit the second has more; None where one does not know."""
    if first is None or second is None or first.reached is None or second.reached is None:
        return None
    return float(second.reached - first.reached)
