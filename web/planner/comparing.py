"""Two runs beside each other: two maps that move together, the difference by area, and what was asked differently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import render_template, request

from stations.accounts import ROLES
from stations.errors import Invalid
from stations.planning import CoverageQuestion, runs
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.planner import words
from web.planner.figures import shades, steps_of, table
from web.planner.page import Regions, coloured, maps_of
from web.planner.view import LEVELS, View

__all__ = ["compare_runs"]


@blueprint.get("/planner/compare")
@desk_page(*ROLES)
def compare_runs() -> str:
    """Show two runs beside each other. Both are told for the main limit of their own."""
    pair = [runs.get(db.session(), _number(name)) for name in ("first", "second")]
    found = runs.compare(*pair)
    regions = Regions.load()
    levels = [level for level in LEVELS if all(level in (run.areas or {}) for run in pair)]
    views = [replace(View.read(request.args, run), hour=None, measure="share") for run in pair]
    level = views[0].level if views[0].level in levels else levels[-1]
    views = [replace(view, level=level) for view in views]
    questions = [CoverageQuestion.of_dict(run.question) for run in pair]
    tables = [table(run, view, regions.names, regions.parents) for run, view in zip(pair, views, strict=True)]
    shown = [
        coloured(shades(one.rows, view, steps_of(one.rows, view, question)), regions)
        for one, view, question in zip(tables, views, questions, strict=True)
    ]
    by_code = [{row.code: row for row in one.rows} for one in tables]
    rows: list[dict[str, Any]] = [
        {
            "name": words.title_of(regions.names, code),
            "sides": [one.get(code) for one in by_code],
            "change": _change(*(one.get(code) for one in by_code)),
        }
        for code in dict.fromkeys([*by_code[0], *by_code[1]])
    ]
    rows.sort(key=lambda row: abs(row["change"] or 0.0), reverse=True)
    told = [dict(words.question_words(question, regions.names)) for question in questions]
    return render_template(
        "desk/planner_compare.html",
        runs=pair,
        questions=questions,
        tables=tables,
        shades=shown,
        rows=rows,
        level=level,
        levels=[(each, words.level_label(each)) for each in levels],
        change=_change(*(one.total for one in tables)),
        asked=[
            (label, told[0][label], told[1][label]) for label in told[0] if told[0][label] != told[1][label]
        ],
        changed=bool(found["asked"]),
        words=words,
        map=maps_of(list(zip(pair, views, strict=True)), regions),
        basis=[words.basis_words(run.basis or {}) for run in pair],
    )


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
