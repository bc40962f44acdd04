"""What was held in a year, by region and kind, for the union's yearly report: as a page, as CSV and as a workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import render_template, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary
from stations.errors import Invalid
from stations.imports.rejected import plain
from stations.keeping.community.checks import today
from stations.keeping.community.counts import Count
from stations.keeping.community.totals import LEVELS, Total, grand, totals, years
from web import db
from web.desk.blueprint import blueprint
from web.desk.community_words import count_labels, count_words
from web.desk.staff import current, desk_page
from web.ground import name_in
from web.i18n import lang, say

__all__ = ["event_totals", "event_totals_file"]

_MIMES: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class View:
    """What the table shows: a year, and by which regions."""

    year: int
    level: str

    @classmethod
    def read(cls) -> View:
        """Read the address; what is wrong in it is refused in words."""
        text = request.args.get("year", "").strip() or str(today(db.now()).year)
        if not (text.isascii() and text.isdigit() and 2000 <= int(text[:5]) <= 2200):
            raise Invalid(f"year: {text[:20]!r} is no year from 2000 to 2200", field="year", value=text[:20])
        level = request.args.get("level", "") or "county"
        if level not in LEVELS:
            raise Invalid(
                f"level: {level[:20]!r} is none of {', '.join(LEVELS)}", field="level", value=level[:20]
            )
        return cls(int(text), level)


@blueprint.get("/events/totals")
@desk_page("viewer", "editor", "planner")
def event_totals() -> str:
    """Show the totals of a year."""
    view = View.read()
    found = _rows(view)
    this = today(db.now()).year
    return render_template(
        "desk/event_totals.html",
        view=view,
        rows=found,
        sums=grand(found),
        name=_name,
        kind=lambda code: vocabulary.EVENT_KINDS[code].label(lang()),
        columns=count_labels(),
        spell=_spell,
        years=sorted({*years(db.session()), this, view.year}, reverse=True),
        levels=[("province", say("全省")), ("prefecture", say("市州")), ("county", say("区县"))],
    )


@blueprint.get("/events/totals.<any('csv', 'xlsx'):form>")
@desk_page("viewer", "editor", "planner")
def event_totals_file(form: str) -> AnyResponse:
    """Send the same table as a file."""
    view = View.read()
    heads, rows = _table(view)
    data = _csv(heads, rows) if form == "csv" else _xlsx(heads, rows)
    return send_file(
        io.BytesIO(data),
        mimetype=_MIMES[form],
        as_attachment=True,
        download_name=f"events-{view.year}-{view.level}.{form}",
    )


def _rows(view: View) -> list[Total]:
    within = current().regions("viewer", "editor", "planner")
    return totals(db.session(), year=view.year, level=view.level, within=within)


def _table(view: View) -> tuple[list[str], list[list[str | int | None]]]:
    """Return heads and rows: each number in a column of its own, and beside it whether it is a lower bound."""
    heads = ["年份", "区域代码", "区域", "种类", "记录数"]
    for term in vocabulary.EVENT_COUNTS.values():
        heads += [term.zh, f"{term.zh}（至少）"]
    rows: list[list[str | int | None]] = []
    for row in _rows(view):
        cells: list[str | int | None] = [
            row.year, row.region, row.names.get("zh", ""), vocabulary.EVENT_KINDS[row.kind].zh, row.events,
        ]  # fmt: skip
        for count in row.counts.values():
            cells += [None, None] if count is None else [count.value, "是" if count.at_least else ""]
        rows.append(cells)
    return heads, rows


def _csv(heads: Sequence[str], rows: Sequence[Sequence[str | int | None]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([plain(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    # Excel and WPS take a file for UTF-8 by this mark alone.
    return out.getvalue().encode("utf-8-sig")


def _xlsx(heads: Sequence[str], rows: Sequence[Sequence[str | int | None]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(heads))
    for row in rows:
        sheet.append([plain(cell) if isinstance(cell, str) else cell for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _name(row: Total) -> str:
    return name_in(row.names) if row.names else say("没有区县")


def _spell(count: Count | None) -> str:
    """Write a sum as a report does; what nobody counted is a dash."""
    return "–" if count is None else count_words(count.value, at_least=count.at_least)
