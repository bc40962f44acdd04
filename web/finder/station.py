"""The page of one station: everything that is known of it, how old that is, and how to get there."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, current_app, render_template, request, url_for

from stations import vocabulary as words
from stations.errors import NotFound
from stations.keeping import photos
from stations.query import StationQuery
from stations.registry import public, withdrawn
from stations.registry.schedules import to_hours
from web.db import now, session
from web.finder import going, saying, sheet
from web.finder.blueprint import blueprint
from web.finder.card import description, has_pictures
from web.finder.community import at_station
from web.finder.inspected import inspected
from web.finder.nearby import alternatives, rights_centres
from web.finder.opening import opening, usual_week
from web.finder.structured import structured
from web.i18n import LANGUAGES, lang, say
from web.origin import absolute

__all__ = ["station_page"]


@blueprint.get("/s/<code>")
def station_page(code: str) -> Response | str:
    """Show a station; one that was withdrawn says so, and names the station that it is the same as."""
    try:
        feature: dict[str, Any] = orjson.loads(public.station(session(), code, now=now()))
    except NotFound:
        gone = withdrawn.withdrawn(session(), code)
        if gone is None:
            raise
        page = render_template(
            "station_gone.html", code=code, same_as=gone.same_as, other_language=_other_language(code)
        )
        return Response(page, 404, content_type="text/html; charset=utf-8")
    return render_template("station.html", **_values(feature))


def _values(feature: dict[str, Any]) -> dict[str, Any]:
    """Return everything that the template writes."""
    p, query = feature["properties"], StationQuery.read(request.args.items(multi=True))[0]
    code, moment = p["code"], public.moment_of(StationQuery(), now())
    held = p["hours"]
    hours = to_hours(held["expression"], held["calendar"], held["exceptions"], held["words"])
    name, name_tag = sheet.title(p)
    mark = sheet.mark(p)
    position = going.position(feature, query.by)
    jobs, events = at_station(code)
    return {
        "p": p,
        "name": name,
        "name_tag": name_tag,
        "is_foreign": sheet.is_foreign,
        "other_names": sheet.other_names(p),
        "kind": words.KINDS[p["kind"]],
        "premises": words.PREMISES[p["premises"]].label(lang()) if p["premises"] else "",
        "mark": mark,
        "state": mark.look,
        "state_words": sheet.state_line(p, moment),
        "moment": moment,
        "lifecycle": sheet.lifecycle(p, moment.date()),
        "voice": saying.voice(code, now()),
        "outcomes": saying.outcomes(code, now()),
        "letters": saying.letters(code),
        "jobs": jobs,
        "events": events,
        "instead": None if mark.look == "open" else alternatives(session(), feature, by=query.by, now=now()),
        "position": position,
        "address": p["address"] or going.region_words(p),
        "quality_words": going.quality_words(),
        "app_names": going.app_names(),
        "phones": sheet.phones(p["phone"]),
        "photos": _photos(p),
        "amenities": sheet.amenity_rows(p["amenities"]),
        "opening": opening(hours, moment),
        "usual": usual_week(hours),
        "access": words.ACCESS[p["access"] or "unknown"],
        "fee": words.FEE[p["fee"] or "unknown"],
        "partners": sheet.partners(p),
        "honours": sheet.honours(p),
        "inspected": inspected(code),
        "centres": rights_centres(session(), code),
        "map": going.spot(p, position) if position else None,
        "pictures": has_pictures(),
        "standing": sheet.standing(p, moment),
        "code_groups": sheet.code_groups(code),
        "demonstration": p["demonstration"],
        "description": description(p, hours),
        "canonical": absolute(url_for("finder.station_page", code=code)),
        "card_url": absolute(url_for("finder.station_card", code=code, lang=_explicit())),
        # What was made up for a demonstration is not handed to search engines.
        "structured": None if p["demonstration"] else structured(feature, hours, moment, absolute),
        "scripts": saying.SCRIPTS,
        "setup": saying.setup(code),
        "other_language": _other_language(code),
    }


def _explicit() -> str | None:
    """Return the language that an address has to name: a picture is the same for every browser."""
    return "en" if lang() == "en" else None


def _photos(p: dict[str, Any]) -> list[dict[str, str]]:
    """Return the photos whose files are in the store, with what each shows."""
    folder = current_app.config["YIZHAN_SETTINGS"].photos
    shows = {"door": say("门口"), "inside": say("里面"), "outside": say("外面"), "amenity": say("设施")}
    return [
        {
            "url": url_for("reports.photo", digest=row["sha256"]),
            "words": row["caption"] or shows[row["shows"]],
        }
        for row in p["photos"]
        if photos.path_of(folder, row["sha256"]).exists()
    ]


def _other_language(code: str) -> dict[str, str]:
    other = "en" if lang() == "zh" else "zh"
    return {
        "lang": other,
        "tag": LANGUAGES[other],
        "label": "English" if other == "en" else "中文",
        "url": url_for("finder.station_page", code=code, lang=other),
    }
