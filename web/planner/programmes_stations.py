"""Stations into a programme: by their codes, by a filter with its counts shown first, or planned anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary
from stations.editing.browse import Asked
from stations.editing.browse import codes as codes_of
from stations.editing.checks import BadFields
from stations.editing.draft import Position
from stations.errors import Conflict, Invalid, NotAllowed
from stations.models import Programme
from stations.planning import programme_members as members
from stations.planning import programmes
from stations.planning.programme_members import Judged
from stations.planning.programme_planned import NewStation, plan_station
from stations.query import StationQuery
from stations.registry.areas import Areas
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.i18n import lang, say
from web.planner import programmes_words as words
from web.planner.page import Regions

__all__ = ["programme_bind", "programme_plan", "programme_preview", "programme_stations"]

Answer = AnyResponse | tuple[str, int] | str
_LIVES: Final = ("planned", "building", "open", "suspended")
_MOST_SHOWN: Final = 500


@blueprint.get("/planner/programmes/<code>/stations")
@desk_page("planner", "administrator")
def programme_stations(code: str) -> str:
    """Show the stations that carry a programme, and the ways to add some."""
    return _page(programmes.get(db.session(), code))


@blueprint.post("/planner/programmes/<code>/stations/preview")
@desk_page("planner", "administrator")
def programme_preview(code: str) -> Answer:
    """Say what putting the stations of a filter, or those named, into the programme would do."""
    session = db.session()
    programme = programmes.get(session, code)
    try:
        asked = _asked(programme)
        judged = members.judge(session, programme, asked, actor=current().id)
    except Invalid as error:
        sentence = (
            say("一次最多 {n} 个站点，请缩小范围。", n=f"{members.MOST:,}")
            if error.reason == "too_many"
            else say("这个筛选看不懂：{why}", why=str(error))
        )
        return _page(programme, told=sentence), 400
    if not judged:
        return _page(programme, told=say("没有找到站点。")), 400
    return _page(programme, judged=judged)


@blueprint.post("/planner/programmes/<code>/stations/<any('add', 'remove'):act>")
@desk_page("planner", "administrator")
def programme_bind(code: str, act: str) -> Answer:
    """Put the stations of a preview into the programme, or take those that were ticked out of it.

    What the preview said is asked again: where one of them does not fit any more, nothing is written.
    """
    programme = programmes.get(db.session(), code)
    chosen = list(dict.fromkeys(" ".join(request.form.getlist("code")).split()))
    do = members.bind if act == "add" else members.unbind
    try:
        with (
            db.writing() as writing,
            acting(writing, current().id, reason=f"programme {programme.code}: {act} {len(chosen)} stations"),
        ):
            done = do(writing, programmes.get(writing, code), chosen, actor=current().id)
    except BadFields:
        judged = members.judge(db.session(), programme, chosen, actor=current().id)
        return _page(
            programme, judged=judged, told=say("有站点在预览之后变了，什么都没有写入。请再看一遍。")
        ), 409
    except NotAllowed:
        return _page(programme, told=say("有站点不在您规划的区域内，什么都没有写入。")), 403
    except Conflict:
        return _page(programme, told=say("方案已经结束，不能再改它的站点。")), 409
    flash(
        say("已纳入 {n} 个站点。", n=len(done)) if act == "add" else say("已移出 {n} 个站点。", n=len(done))
    )
    return redirect(url_for("desk.programme_stations", code=programme.code), 303)


@blueprint.post("/planner/programmes/<code>/stations/plan")
@desk_page("planner", "administrator")
def programme_plan(code: str) -> Answer:
    """Add a planned station that carries the programme."""
    programme = programmes.get(db.session(), code)
    try:
        new = _new()
        with (
            db.writing() as writing,
            acting(writing, current().id, reason=f"programme {programme.code}: plan {new.name[:60]}"),
        ):
            made = plan_station(
                writing,
                programmes.get(writing, code),
                new,
                actor=current().id,
                insist=request.form.get("insist") == "1",
            )
    except Invalid as error:
        return _page(programme, wrong=words.wrong(error)), 400
    except NotAllowed:
        return _page(programme, wrong={"region_code": say("这里不在您规划的区域内。")}), 403
    except Conflict:
        sentence = (
            say("方案已经结束，不能再改它的站点。")
            if programme.closed_on
            else say("这个区域已有同名的站点。确实是另一个，就勾选“同名也新增”。")
        )
        return _page(programme, wrong={"name.zh": sentence}, insist=True), 409
    flash(say("已新增计划站点 {code}。", code=made))
    return redirect(url_for("desk.programme_stations", code=programme.code), 303)


def _asked(programme: Programme) -> Sequence[str]:
    """Return the codes that a form asks for: those written, else those of its filter."""
    written = request.form.get("codes", "")
    if written.strip():
        for mark in "，、；;,":
            written = written.replace(mark, " ")
        return written.split()
    form = request.form
    items = [
        ("region", ",".join(form.getlist("region") or programme.regions)),
        ("kind", ",".join(form.getlist("kind") or programmes.counted_kinds(programme))),
        ("lifecycle", ",".join(form.getlist("lifecycle") or _LIVES)),
        ("q", form.get("q", "").strip()),
    ]
    query = StationQuery.parse([item for item in items if item[1]])
    return codes_of(db.session(), query, Asked(), now=db.now())


def _new() -> NewStation:
    form = {name: value.strip() for name, value in request.form.items()}
    problems = []
    region, position, expected = None, None, None
    if form.get("region"):
        region = Areas.load(db.session()).named(form["region"])
        if region is None:
            problems.append(
                Invalid("no region", field="region_code", value=form["region"], reason="no_region")
            )
    if bool(form.get("lon")) != bool(form.get("lat")):
        problems.append(Invalid("half a position", field="position", reason="half"))
    elif form.get("lon"):
        try:
            position = Position(float(form["lon"]), float(form["lat"]), form.get("datum", "wgs84"))
        except ValueError:
            problems.append(Invalid("no number", field="position", value=form["lon"], reason="number"))
    if form.get("expected_on"):
        try:
            expected = date.fromisoformat(form["expected_on"])
        except ValueError:
            problems.append(Invalid("no day", field="expected_on", value=form["expected_on"], reason="day"))
    if problems:
        raise BadFields(tuple(problems))
    return NewStation(
        form.get("name", ""), form.get("kind", ""), region, position, form.get("address") or None, expected
    )


def _page(
    programme: Programme,
    *,
    judged: Sequence[Judged] | None = None,
    told: str | None = None,
    wrong: dict[str, str] | None = None,
    insist: bool = False,
) -> str:
    session, regions = db.session(), Regions.load()
    new = [one.code for one in judged or () if one.verdict == "new"]
    inside = [code for code, line in regions.parents.items() if set(programme.regions) & set(line)]
    carried = members.members(session, programme)
    counted = programmes.counted_kinds(programme)
    context: dict[str, Any] = {
        "programme": programme,
        "carried": carried[:_MOST_SHOWN],
        "many": len(carried),
        "judged": judged,
        "shown": (judged or ())[:_MOST_SHOWN],
        "counts": [] if judged is None else list(members.count(judged).items()),
        "new": len(new),
        "chosen": " ".join(new),
        "told": told,
        "wrong": wrong or {},
        "insist": insist,
        "form": request.form,
        "names": regions.names,
        "regions": [(code, regions.names[code]) for code in sorted(inside)],
        "kinds": [(code, vocabulary.KINDS[code].label(lang())) for code in counted],
        "lives": [(state, words.state_label(state)) for state in _LIVES],
        "datums": list(words.datum_names().items()),
        "words": words,
    }
    return render_template("desk/programme_stations.html", **context)
