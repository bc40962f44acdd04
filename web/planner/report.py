"""A run as a report to print: figures, a picture of the map, how it was done, on what, and what it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Response, render_template, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo.bbox import BBox
from stations.accounts import ROLES
from stations.errors import Conflict
from stations.hours import SHANGHAI
from stations.models import CoverageRun, Place, RegistryInfo, Station
from stations.planning import runs
from stations.registry import base_map
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.ground import EVERYWHERE, credits_of_pictures, ground, review_words
from web.i18n import say
from web.maps.cell_tiles import SHADES
from web.maps.picture import PictureSpec, Pin, render
from web.planner import words
from web.planner.page import Regions, shown
from web.planner.ways_words import source_words

__all__ = ["run_picture", "run_report"]

#: Stations that a picture has room for; the largest by the people who have no other.
_MOST_PINS: Final = 60
#: Stations in each table of a report.
_MOST_ROWS: Final = 20
#: Paper is white.
_SHADES: Final = SHADES["light"]


@blueprint.get("/planner/runs/<int:run_id>/report")
@desk_page(*ROLES)
def run_report(run_id: int) -> str:
    """Show a run as a report."""
    run = _finished(run_id)
    page = shown(run, request.args)
    return render_template(
        "desk/planner_report.html",
        page=page,
        depended=[row for row in page.sorted_doors("only", rising=False) if row.only][:_MOST_ROWS],
        unused=[row for row in page.sorted_doors("use", rising=True) if row.use is not None][:_MOST_ROWS],
        method=_method(run),
        sources=_sources(db.session(), run),
        versions=sorted(run.versions.items()),
        summary=_summary(run),
    )


@blueprint.get("/planner/runs/<int:run_id>/picture.svg")
@desk_page(*ROLES)
def run_picture(run_id: int) -> Response:
    """Draw the areas in the shades of a view, with the stations that most people depend on."""
    run = _finished(run_id)
    page = shown(run, request.args)
    shaded = sorted(page.shades.items())
    west, south, east, north = _extent(run)
    doors = sorted(
        runs.counted(run, page.view.hour), key=lambda door: -(door.get("people_only_here") or 0.0)
    )[:_MOST_PINS]
    spec = PictureSpec(
        review=review_words(),
        credits=credits_of_pictures(),
        width=1000,
        height=620,
        scale=1,
        bbox=BBox(west, south, east, north),
        pins=tuple(Pin(door["lon"], door["lat"]) for door in doors),
        fills=tuple((code, _SHADES[shade]) for code, shade in shaded),
        title=say("{title}的地图", title=run.title),
        unit_words=(say("{n} 米"), say("{n} 公里")),
        form="svg",
    )
    return Response(render(spec, ground()), mimetype="image/svg+xml")


def _finished(run_id: int) -> CoverageRun:
    run = runs.get(db.session(), run_id)
    if run.finished_at is None:
        raise Conflict(f"run {run_id} has no answer yet")
    return run


def _extent(run: CoverageRun) -> tuple[float, float, float, float]:
    asked = run.question.get("region")
    bounds = Regions.load().bounds.get(asked) if asked else None
    return bounds or base_map.extent(db.session()) or EVERYWHERE


def _summary(run: CoverageRun) -> list[tuple[str, str]]:
    """Return the figures of the whole, as labels and values."""
    found: Mapping[str, Any] = run.summary or {}

    def people(name: str) -> str:
        return "–" if found.get(name) is None else f"{found[name]:,.0f}"

    def share(name: str) -> str:
        return "–" if found.get(name) is None else f"{100 * found[name]:.1f}%"

    def seats(name: str) -> str:
        return words.measured("score", found.get(name))

    def minutes(name: str) -> str:
        return say("超过所有时限") if found.get(name) is None else f"{found[name] / 60:.0f}"

    return [
        (say("人口"), people("people")),
        *(
            (say("{n}分钟内", n=limit), people(f"people_{60 * limit}"))
            for limit in run.question["limits_min"]
        ),
        (say("{n}分钟内的人口比例", n=run.question["main_min"]), share("share_main")),
        (say("有两个以上站点可选的人"), people("people_twice")),
        (say("不通路的人"), people("people_cut_off")),
        (say("最远的十分之一人：从多少分钟起"), minutes("worst_tenth_from_s")),
        (say("最远的十分之一人：平均多少分钟"), minutes("worst_tenth_mean_s")),
        (say("最远的十分之一人中到不了的"), people("worst_tenth_unreached")),
        (say("人均座位的基尼系数（0最均，1最不均）"), "–" if found.get("gini_score") is None else f"{found['gini_score']:.2f}"),
        (say("每千人座位（2SFCA）"), seats("mean_score")),
        (say("每千人座位，近的多算（E2SFCA）"), seats("mean_enhanced")),
        (say("算入的站点"), people("stations")),
    ]  # fmt: skip


def _method(run: CoverageRun) -> Sequence[str]:
    return [
        say("把人口铺到边长 {n} 米的格网上，坐标系 {crs}。", n=f"{run.question['size_m']:,.0f}", crs=(run.basis or {}).get("crs", "")),
        say("从每一格到最近的站点算分钟，区域外的站点也算。"),
        say("数字都来自格网，图上的范围只供查看。"),
        say("“时限外”是主要时限内没有任何算入站点的人；相邻的格子连成一处空白。"),
        say("“只靠本站”是除了这个站点，时限内没有别的站点的人。"),
        say("得分是两步移动搜寻法（2SFCA）的人均座位；座位数未知的按1个算。E2SFCA 把时限分三段，座位按1、0.68、0.22计（Luo 与 Qi，2009）。"),
        say("设施分有、不清楚、没有：有是时限内至少一个站点确知有且能用；不清楚是没有这样的，但有站点没人核实过。"),
        say("用量是登记的人次除以登记的天数，只看最近一年；没有登记的不知道，不当作零。"),
    ]  # fmt: skip


def _sources(session: Session, run: CoverageRun) -> list[str]:
    basis = run.basis or {}
    told = [
        say("人口：{source}", source=basis.get("demand", "")),
        say("路程：{source}", source=source_words(basis)),
    ]  # fmt: skip
    told += [
        say("地名：{source}", source=credit)
        for credit in session.scalars(select(Place.credit).distinct().order_by(Place.credit).limit(5))
    ]
    info = session.get(RegistryInfo, 1)
    if info is not None and info.regions_loaded_at is not None:
        told.append(say("区划载入于 {date}", date=f"{info.regions_loaded_at.astimezone(SHANGHAI):%Y-%m-%d}"))
    oldest, newest = session.execute(
        select(func.min(Station.verified_at), func.max(Station.verified_at))
    ).one()
    told.append(
        say("站点核实日期从 {oldest} 到 {newest}", oldest=f"{oldest:%Y-%m-%d}", newest=f"{newest:%Y-%m-%d}")
        if oldest
        else say("站点都还没有核实过")
    )
    if info is not None and info.demonstration:
        told.append(say("这是演示登记：站点是编造的，结果不能用来做决定。"))
    return told
