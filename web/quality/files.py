"""Quality to take along: a table as CSV, and the pictures of the months that were kept."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from geo.io.cells import plain
from stations.keeping import quality_months as months
from stations.keeping.quality import LEVELS, MEASURES, Area, Quality
from web.db import session
from web.quality.asked import Asked
from web.quality.blueprint import blueprint
from web.quality.current import current

__all__ = ["asked_for", "month_picture", "quality_csv"]

_YEAR_S = 365 * 24 * 3600


def asked_for(asked: Asked) -> tuple[Quality, tuple[Area, ...]]:
    """Return the quality and the regions that are asked for: without a level those of every level.

    Raises NotFound for a month that was not kept, Invalid for a region that there is not.
    """
    found = current() if asked.month is None else months.kept(session(), asked.month)
    if asked.level is not None:
        return found, asked.areas(found)
    of_all = (area for level in LEVELS for area in replace(asked, level=level).areas(found))
    return found, tuple(of_all)


@blueprint.get("/quality.csv")
def quality_csv() -> AnyResponse:
    """Send the figures as a table, a row a region, the whole first."""
    asked = Asked.parse(request.args.items(multi=True))
    found, areas = asked_for(asked)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_heads())
    if asked.region is None and asked.level is None:
        writer.writerow(_line(found, found.whole))
    writer.writerows(_line(found, area) for area in areas)
    name = f"yizhan-quality-{asked.month or found.at:%Y-%m}.csv"
    answer = Response(out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    return answer.make_conditional(request)


def _heads() -> list[str]:
    shares = [f"{one.name}{part}" for one in MEASURES for part in ("", "_of", "_share")]
    return [
        "at",
        "level",
        "code",
        "name",
        "stations",
        *shares,
        "never_verified",
        "place_unknown",
        "visits",
        "days_counted",
        "visits_a_day",
        "visits_at_least_of",
        "reports_answered",
        "reports_waiting",
        "answer_hours_median",
        "honours",
    ]


def _line(found: Quality, area: Area) -> list[object]:
    shares: list[object] = []
    for one in MEASURES:
        share = area.share(one.name)
        shares += [area.count(one.part), area.count(one.whole), "" if share is None else f"{share:.4f}"]
    sums = area.sums
    return [
        found.at.isoformat(timespec="seconds"),
        area.level,
        area.code,
        plain(area.names.get("zh", "")),
        sums.stations,
        *shares,
        sums.never,
        sums.place_unknown,
        sums.visits,
        sums.days,
        "" if area.daily is None else f"{area.daily:.2f}",
        sums.at_least,
        area.answered,
        sums.waiting,
        "" if area.answer_hours is None else f"{area.answer_hours:.1f}",
        sums.honours,
    ]


@blueprint.get("/quality/months/<month>.svg")
def month_picture(month: str) -> AnyResponse:
    """Send the picture of a month, as it was drawn then."""
    asked = Asked.parse([("month", month)])
    drawn = months.picture(session(), asked.month) if asked.month else b""
    answer = Response(drawn, content_type="image/svg+xml; charset=utf-8")
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.cache_control.public = True
    answer.cache_control.max_age = _YEAR_S
    answer.add_etag()
    return answer.make_conditional(request)
