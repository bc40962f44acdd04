"""What the form of a station asks while one types: what hours in words mean, what a pasted link says, what is at a pin.

Each is worked out by one function, which the page uses as well for readers without JavaScript.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Response, jsonify, request, url_for

from stations.editing import choices
from stations.editing.draft import Draft, Opening, Position
from stations.editing.opening import hours_of, understood
from stations.editing.pasted import Pasted, read_pasted
from stations.editing.place import NEAR_M, neighbours, placed
from stations.editing.save import Reach, reach
from stations.errors import Invalid
from stations.hours import SHANGHAI
from web import db
from web.desk.blueprint import blueprint
from web.desk.editing_form import inputs, typed_position
from web.desk.editing_words import datum_names, wrong_words
from web.desk.staff import current, desk_page
from web.finder.opening import opening, usual_week
from web.ground import mainland, name_in
from web.i18n import say
from web.pages.map_view import metres_words

__all__ = ["hours_said", "pasted_said", "place_said", "region_names", "shown_place", "today", "week_said"]


def today() -> date:
    """Return the day in China."""
    return db.now().astimezone(SHANGHAI).date()


@blueprint.post("/aids/hours")
@desk_page("editor", "inspector")
def hours_aid() -> Response:
    """Answer what hours in words mean: the week, what was assumed, what is in doubt."""
    return jsonify(hours_said(request.form.get("words", "")))


@blueprint.post("/aids/paste")
@desk_page("editor", "inspector")
def paste_aid() -> Response:
    """Answer the position in what was pasted."""
    try:
        return jsonify(pasted_said(read_pasted(request.form.get("text", ""))))
    except Invalid as error:
        return jsonify(wrong=wrong_words(error))


@blueprint.post("/aids/place")
@desk_page("editor", "inspector")
def place_aid() -> Response:
    """Answer where a pin is, what is wrong with that, and which stations are near."""
    form = request.form
    try:
        at = typed_position(form.get("lon", ""), form.get("lat", ""), form.get("datum", "wgs84"))
    except Invalid as error:
        return jsonify(wrong=wrong_words(error))
    return jsonify(
        place_said(at, code=form.get("code", ""), name=form.get("name", ""), region=form.get("region", ""))
    )


def hours_said(words: str) -> dict[str, Any]:
    """Return what hours in words mean, in words."""
    text = words.strip()
    if not text:
        return {"empty": True, "meant": True, "notes": [], "week": [], "exceptions": [], "expression": ""}
    try:
        found = understood(text, today=today())
    except Invalid as error:
        return {"wrong": wrong_words(error), "meant": False, "notes": [], "week": [], "exceptions": []}
    shown = week_said(found.opening, found.exceptions)
    return {
        "meant": found.meant,
        "sure": found.sure,
        "notes": list(found.notes),
        "expression": found.opening.expression or "",
        "usual": usual_week(hours_of(found.opening, {})),
        **shown,
    }


def week_said(held: Opening, exceptions: Mapping[str, Any]) -> dict[str, Any]:
    """Lay hours out for the coming week, and the special days after it, in words."""
    moment = db.now().astimezone(SHANGHAI)
    laid_out = opening(hours_of(held, exceptions), moment)
    return {
        "week": [
            {"name": row.name, "day": row.day, "hours": row.hours, "state": str(row.state), "note": row.note}
            for row in laid_out.rows
        ]
        if laid_out.known
        else [],
        "ahead": [{"days": one.days, "hours": one.hours, "note": one.note} for one in laid_out.ahead],
    }


def pasted_said(found: Pasted) -> dict[str, Any]:
    """Return a pasted position as the form takes it, with what is to be said of it."""
    apps = {
        "amap": say("高德地图"),
        "baidu": say("百度地图"),
        "tencent": say("腾讯地图"),
        "apple": say("苹果地图"),
        "google": say("谷歌地图"),
        "osm": "OpenStreetMap",
        "geo": say("geo: 链接"),
    }
    notes = []
    if found.app is not None:
        notes.append(say("来自{app}。", app=apps[found.app]))
    if found.datum is None:
        notes.append(say("只有数字，看不出坐标系，请在下面选择。"))
    elif not found.sure:
        notes.append(say("这个应用在中国的街道图用 GCJ-02，卫星图用 WGS 84，请核对坐标系。"))
    if found.centre:
        notes.append(say("链接里只有地图中心，不一定是站点，请拖动图钉核对。"))
    return {
        "lon": f"{found.lon:.10g}",
        "lat": f"{found.lat:.10g}",
        "datum": None if found.datum is None else str(found.datum),
        "notes": notes,
    }


def place_said(at: Position, *, code: str = "", name: str = "", region: str = "") -> dict[str, Any]:
    """Return where a pin is, in words.

    ``wrong``: why it cannot be saved. ``offers``: other readings of the numbers that would be right. ``near``: stations
    around it, ``twin`` where one may be the same. region: the code where the station was until now.
    """
    session = db.session()
    allowed = reach(session, current().id)
    pin = placed(session, at, mainland=mainland())
    names = region_names()
    wrong = None
    if pin.problem is not None:
        wrong = wrong_words(Invalid("", field="position", reason=pin.problem))
    elif not allowed.includes(pin.region):
        wrong = say(
            "这里是{region}，不在您管理的区域内，保存不了。",
            region=names.get(pin.region or "", pin.region or ""),
        )
    better = _offers(at, region, allowed) if wrong or (region and pin.region != region) else []
    return {
        "lon": round(pin.lon, 7),
        "lat": round(pin.lat, 7),
        "region": pin.region,
        "region_name": names.get(pin.region or "", ""),
        "region_words": say("图钉在{region}", region=names[pin.region]) if pin.region in names else "",
        "wrong": wrong,
        "offers": better,
        "near": [
            {
                "code": one.code,
                "name": one.name,
                "kind": one.kind,
                "lifecycle": one.lifecycle,
                "lon": round(one.lon, 6),
                "lat": round(one.lat, 6),
                "distance": metres_words(one.metres),
                "twin": one.twin,
                "url": url_for("desk.station_edit", code=one.code),
            }
            for one in neighbours(session, pin.lon, pin.lat, name=name, besides=code)
        ],
        "near_m": NEAR_M,
    }


def _offers(at: Position, region: str, allowed: Reach) -> list[dict[str, Any]]:
    """Return the readings under which a pin is where it should be: in its own region, else in those of the keeper."""
    expected = [region] if region else sorted(allowed.regions or ())
    found = placed(db.session(), at, mainland=mainland(), expected=expected)
    names = region_names()
    return [
        {
            "lon": f"{offer.position.lon:.10g}",
            "lat": f"{offer.position.lat:.10g}",
            "datum": offer.position.datum,
            "words": say("经度和纬度对调后，图钉在{region}", region=names.get(offer.region, offer.region))
            if offer.swapped
            else say(
                "按 {datum} 理解，图钉在{region}",
                datum=datum_names()[offer.position.datum],
                region=names.get(offer.region, offer.region),
            ),
        }
        for offer in found.offers
    ]


def region_names() -> dict[str, str]:
    """Return the names of all regions but townships in the reader's language, by code."""
    return {region.code: name_in(region.names) for region in choices.regions(db.session())}


def shown_place(draft: Draft, texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Return where the pin of a form is; None where the form has no numbers that can be read."""
    shown = inputs(draft.fields) | dict(texts)
    try:
        at = typed_position(shown["position.lon"], shown["position.lat"], shown["position.datum"])
    except Invalid:
        return None
    return place_said(
        at, code=draft.code, name=shown["name.zh"], region=draft.fields.get("region_code") or ""
    )
