"""The first page of the desk: what needs me now, the oldest first, and how far my area has come."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary as words
from stations.accounts import ROLES, where
from stations.errors import Invalid, NotFound
from stations.hours import SHANGHAI
from stations.keeping import freshness, worklist
from stations.keeping.special_days import unpublished_year
from stations.keeping.worklist import AHEAD_DAYS, Heap, Job
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.history_values import label
from web.desk.staff import current, desk_page, member_page
from web.desk.todo import counted, pile, shares
from web.desk.words import role_name
from web.ground import name_in
from web.i18n import plural, say

__all__ = ["change_promise", "home", "todo_heap", "where_held"]

_LONG = 100


@blueprint.get("")
@member_page()
def home() -> str:
    """Show what needs who is logged in, and the progress of the regions in which a role is held."""
    member, now = current(), db.now()
    regions = member.regions(*ROLES)
    heaps = worklist.work(db.session(), regions=regions, actor=member.id, now=now) if member.grants else ()
    counties, all_of_it = shares(regions, now)
    names = _names([*counties, *_codes(heaps)])
    return render_template(
        "desk/home.html",
        held=where_held(member.grants),
        piles=[pile(heap, now, names) for heap in sorted(heaps, key=_urgency)],
        counties=[(code, names.get(code, say("没有区县")), found) for code, found in counties.items()],
        total=all_of_it,
        counted=plural(
            "{n} 个在用的站点；箭头是和三十天前比的百分点。",
            "{n} 个在用的站点；箭头是和三十天前比的百分点。",
            all_of_it[0].whole,
        ).format(n=all_of_it[0].whole),
        promises=[
            (code, label(words.KINDS, code), days)
            for code, days in sorted(
                freshness.promises(db.session()).items(), key=lambda one: list(words.KINDS).index(one[0])
            )
        ],
        shortest=freshness.SHORTEST_DAYS,
        longest=freshness.MOST_DAYS,
        may_promise=("administrator", None) in member.grants,
        unpublished=unpublished_year(now.astimezone(SHANGHAI).date(), days=AHEAD_DAYS),
    )


@blueprint.get("/todo/<job>")
@desk_page(*ROLES)
def todo_heap(job: str) -> str:
    """Show one heap of the work list at more length."""
    if job not in set(Job):
        raise NotFound(f"there is no such work as {job[:40]!r}")
    member, now = current(), db.now()
    heap = worklist.heap(
        db.session(), Job(job), regions=member.regions(*ROLES), actor=member.id, now=now, shown=_LONG
    )
    return render_template(
        "desk/todo.html",
        pile=pile(heap, now, _names(_codes([heap]))),
        count=counted(heap.count),
        shown=_LONG,
        cut=heap.count > _LONG,
    )


@blueprint.post("/promises")
@desk_page("administrator")
def change_promise() -> AnyResponse:
    """Promise another number of days for one kind of station."""
    kind, days = request.form.get("kind", ""), request.form.get("days", "")
    if kind not in words.KINDS:
        raise Invalid(f"kind: {kind[:40]!r} is no kind", field="kind", value=kind)
    try:
        with (
            db.writing() as session,
            acting(session, current().id, reason=f"核实承诺：{words.KINDS[kind].zh}"),
        ):
            freshness.promise(session, kind, int(days) if days.isascii() and days.isdigit() else 0)
    except Invalid:
        flash(
            say("天数要在 {few} 到 {many} 之间。", few=freshness.SHORTEST_DAYS, many=freshness.MOST_DAYS),
            "error",
        )
    else:
        flash(say("已保存：{kind}每 {n} 天核实一次。", kind=label(words.KINDS, kind), n=days))
    return redirect(url_for("desk.home", _anchor="promises"), 303)


def where_held(grants: tuple[tuple[str, str | None], ...]) -> list[tuple[str, str]]:
    """Return (role, region) in words for each grant."""
    names = where.names(db.session(), {region for _, region in grants if region is not None})
    return [
        (
            role_name(role),
            say("全部区域") if region is None else name_in(names[region]) if region in names else region,
        )
        for role, region in grants
    ]


def _urgency(heap: Heap) -> tuple[bool, datetime]:
    """Order the heaps: what somebody waits for by its age, then the others in their own order."""
    waits = heap.job in {Job.REPORTS, Job.IMPORTS}
    return not waits, heap.oldest if waits else datetime.max.replace(tzinfo=UTC)


def _codes(heaps: tuple[Heap, ...] | list[Heap]) -> list[str]:
    return [item.region_code for heap in heaps for item in heap.items if item.region_code]


def _names(codes: list[str]) -> dict[str, str]:
    return {code: name_in(found) for code, found in where.names(db.session(), codes).items()}
