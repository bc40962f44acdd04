"""Quality for programs: the same figures as the page at /quality, as JSON."""

from __future__ import annotations

import orjson
from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from stations.keeping import quality_months as months
from stations.keeping.quality import MEASURES, Area
from web.api.blueprint import blueprint
from web.db import session
from web.quality.asked import Asked
from web.quality.current import current
from web.quality.files import asked_for

__all__ = ["quality"]


@blueprint.get("/quality")
def quality() -> AnyResponse:
    """Answer how well the stations serve, now or in a month that was kept, as a whole and by region."""
    asked = Asked.parse(request.args.items(multi=True))
    found, areas = asked_for(asked)
    present = current()
    body = {
        "timeStamp": found.at.isoformat(timespec="seconds"),
        "registry": found.name,
        "demonstration": present.demonstration or found.demonstration,
        **(
            {"notice": "演示数据，并非真实站点 Demonstration data: these stations do not exist"}
            if present.demonstration
            else {}
        ),
        "month": None if asked.month is None else f"{asked.month:%Y-%m}",
        "whole": _told(found.whole),
        "areas": [_told(area) for area in areas],
        "visits_by_way": dict(found.ways),
        "visits_by_occupation": {code: n for code, n in found.occupations.items() if n >= _FEWEST},
        "honours": dict(found.honours),
        "programmes": [
            {
                "code": one.code,
                "title": one.title,
                "open": one.open,
                "target": one.target,
                "expected": one.expected,
                "due": one.due,
            }
            for one in found.programmes
        ],
        "months": [f"{one.month:%Y-%m}" for one in months.listed(session())],
    }
    answer = Response(orjson.dumps(body), content_type="application/json; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=60"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.add_etag()
    return answer.make_conditional(request)


#: Fewer visits of one occupation could be a person or two, and are not told.
_FEWEST = 10


def _told(area: Area) -> dict[str, object]:
    sums = area.sums
    return {
        "code": area.code,
        "level": area.level,
        "names": dict(area.names),
        "parent": area.parent,
        "stations": sums.stations,
        "measures": {
            one.name: {
                "part": area.count(one.part),
                "whole": area.count(one.whole),
                "unknown": None if one.unknown is None else area.count(one.unknown),
                "share": area.share(one.name),
            }
            for one in MEASURES
        },
        "use": {
            "stations": sums.counted,
            "visits": sums.visits,
            "days": sums.days,
            "daily": area.daily,
            "at_least": sums.at_least > 0,
        },
        "answers": {"answered": area.answered, "waiting": sums.waiting, "median_hours": area.answer_hours},
        "honours": sums.honours,
    }
