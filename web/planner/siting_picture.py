"""A plan, or one of its sites, as a picture for paper: numbered sites, whom they newly reach, the stations that stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from flask import Response, request

from geo.bbox import BBox
from stations.accounts import ROLES
from stations.errors import NotFound
from stations.models import SitingPlan
from stations.planning.siting import plans
from stations.registry import base_map
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.ground import EVERYWHERE, credits_of_pictures, ground, review_words
from web.i18n import say
from web.maps.picture import Dot, Numbered, PictureSpec, Square, render
from web.planner.page import Regions

__all__ = ["site_picture"]

_MOST_CELLS: Final = 4_000
#: Degrees around one site: some eleven kilometres north to south.
_AROUND: Final = 0.1
_FRESH: Final = "#c9c9f0"


@blueprint.get("/planner/sites/<int:plan_id>/picture.svg")
@desk_page(*ROLES)
def site_picture(plan_id: int) -> Response:
    """Draw a plan, or the surroundings of the site of an ``order``."""
    plan = plans.get(db.session(), plan_id)
    kept, sites = plans.arrays_of(plan), plan.sites or []
    site = _wanted(plan, sites)
    box = _box(plan, sites) if site is None else _around(site)
    served = kept["served"]
    mine = np.flatnonzero(served > 0 if site is None else served == site["order"])
    mine = mine[np.argsort(-kept["weight"][mine], kind="stable")[:_MOST_CELLS]]
    spec = PictureSpec(
        review=review_words(),
        credits=credits_of_pictures(),
        width=1000,
        height=560 if site is None else 420,
        scale=1,
        bbox=box,
        dots=tuple(
            Dot(float(lon), float(lat))
            for lon, lat in zip(kept.get("station_lon", ()), kept.get("station_lat", ()), strict=True)
        ),
        numbers=tuple(
            Numbered(one["lon"], one["lat"], str(one["order"]))
            for one in ([site] if site is not None else []) + sites
        ),
        squares=tuple(
            Square(float(lon), float(lat), float(plan.question["reach"]["size_m"]), _FRESH)
            for lon, lat in zip(kept["lon"][mine], kept["lat"][mine], strict=True)
        ),
        title=say("{title}的地图", title=plan.title if site is None else site["name"] or site["key"]),
        unit_words=(say("{n} 米"), say("{n} 公里")),
        form="svg",
    )
    return Response(render(spec, ground()), mimetype="image/svg+xml")


def _wanted(plan: SitingPlan, sites: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    order = request.args.get("order", "")
    if not order:
        return None
    for site in sites:
        if str(site["order"]) == order:
            return site
    raise NotFound(f"plan {plan.id} has no site number {order[:10]!r}")


def _around(site: Mapping[str, Any]) -> BBox:
    return BBox(
        site["lon"] - _AROUND * 1.6,
        site["lat"] - _AROUND / 2,
        site["lon"] + _AROUND * 1.6,
        site["lat"] + _AROUND / 2,
    )


def _box(plan: SitingPlan, sites: Sequence[Mapping[str, Any]]) -> BBox:
    asked = plan.question["reach"].get("region")
    bounds = Regions.load().bounds.get(asked) if asked else None
    if bounds is None and sites:
        lon, lat = [site["lon"] for site in sites], [site["lat"] for site in sites]
        bounds = (min(lon) - _AROUND, min(lat) - _AROUND, max(lon) + _AROUND, max(lat) + _AROUND)
    return BBox(*(bounds or base_map.extent(db.session()) or EVERYWHERE))
