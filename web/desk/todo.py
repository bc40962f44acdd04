"""The work list as the desk's first page shows it, and each of its heaps at more length."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, url_for

from stations import vocabulary as words
from stations.hours import SHANGHAI
from stations.keeping.progress import Progress, progress, progress_then, total
from stations.keeping.special_days import SpecialDays
from stations.keeping.worklist import COUNTED, Heap, ImportItem, Item, Job
from stations.registry.past import last_seq
from web import db
from web.desk.history_values import label
from web.desk.report_view import count_words
from web.finder.opening import holiday_name
from web.finder.words import said_words
from web.ground import name_in
from web.i18n import say
from web.pages.when import ago_words

__all__ = ["Line", "Pile", "Share", "counted", "job_name", "pile", "shares", "special_words"]

#: What the progress is compared with.
_BACK = timedelta(days=30)
_NOW, _THEN = "yizhan.progress", "yizhan.progress_then"
_MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to do: where it leads, what it is about, and how long it has waited or when it matters."""

    url: str
    name: str
    region: str
    when: str
    detail: str


@dataclass(frozen=True, slots=True)
class Pile:
    """One heap in words. ``more``: where all of it stands."""

    job: Job
    icon: str
    title: str
    hint: str
    count: str
    lines: tuple[Line, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Share:
    """One measure of one area: how many, of how many, in per cent, and the points gained in thirty days."""

    label: str
    part: int
    whole: int
    percent: int | None
    points: int | None


def counted(n: int) -> str:
    """Say a number that was counted no further than a thousand."""
    return f"{COUNTED}+" if n > COUNTED else str(n)


def job_name(job: Job) -> str:
    """Return what a heap is called."""
    return _jobs()[job][1]


def pile(heap: Heap, now: datetime, regions: dict[str, str]) -> Pile:
    """Put a heap into words. regions: names by code."""
    icon, title, hint = _jobs()[heap.job]
    if heap.job is Job.HOLIDAYS:
        hint = say("；").join(special_words(one) for one in heap.days)
    lines: list[Line] = [_line(heap.job, item, now, regions) for item in heap.items]
    lines += [_import_line(one, now) for one in heap.imports]
    for group in heap.groups:
        lines.append(
            Line(
                url_for("desk.reports_page", station=group.code),
                group.name,
                name_in(group.region) if group.region else "",
                ago_words(group.oldest, now),
                f"{said_words(group.choice, group.amenity)} · {count_words(group)}",
            )
        )
    return Pile(heap.job, icon, title, hint, counted(heap.count), tuple(lines), _more(heap.job))


def special_words(days: SpecialDays) -> str:
    """Name a holiday with its days, or the day that is worked for it."""
    name = holiday_name(days.holiday)
    if days.worked:
        return say("{day} 因{holiday}调休上班", day=f"{days.first:%m-%d}", holiday=name)
    return say(
        "{holiday} {first} – {last}", holiday=name, first=f"{days.first:%m-%d}", last=f"{days.last:%m-%d}"
    )


def shares(regions: tuple[str, ...] | None, now: datetime) -> tuple[dict[str, list[Share]], list[Share]]:
    """Return the progress of each county by code, and that of all together, against thirty days ago."""
    today = _today(regions, now)
    then = _then(regions, now)
    each = {
        code: _shares(found, then.get(code, Progress()))
        for code, found in sorted(today.items(), key=lambda one: (one[0] == "", one[0]))
    }
    return each, _shares(total(today), total(then))


def _today(regions: tuple[str, ...] | None, now: datetime) -> dict[str, Progress]:
    """Return what is, counted anew once something was written, or the hour is over."""
    kept: dict[Any, dict[str, Progress]] = current_app.extensions.setdefault(_NOW, {})
    key = (last_seq(db.session()), now.replace(minute=0, second=0, microsecond=0), regions)
    if key not in kept:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[key] = dict(progress(db.session(), regions=regions, now=now))
    return kept[key]


def _then(regions: tuple[str, ...] | None, now: datetime) -> dict[str, Progress]:
    """Return what was thirty days ago, at midnight, so that it is worked out once a day: the past does not change."""
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0) - _BACK
    kept: dict[Any, dict[str, Progress]] = current_app.extensions.setdefault(_THEN, {})
    key = (midnight, regions)
    if key not in kept:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[key] = dict(progress_then(db.session(), regions=regions, then=midnight))
    return kept[key]


def _shares(now: Progress, then: Progress) -> list[Share]:
    labels = {
        "located": say("已定位"),
        "hours": say("有开放时间"),
        "amenities": say("知道设施"),
        "verified": say("按期核实"),
        "photo": say("有照片"),
    }
    found = []
    for name, text in labels.items():
        part, before = getattr(now, name), getattr(then, name)
        percent = round(100 * part / now.stations) if now.stations else None
        was = round(100 * before / then.stations) if then.stations else None
        points = None if percent is None or was is None else percent - was
        found.append(Share(text, part, now.stations, percent, points))
    return found


def _jobs() -> dict[Job, tuple[str, str, str]]:
    return {
        Job.REPORTS: ("speech", say("群众反映等待处理"), ""),
        Job.FINDINGS: ("shield", say("检查发现的问题到期"), say("到期没有整改，或已整改等待复查。")),
        Job.IMPORTS: ("upload", say("导入等待核对"), ""),
        Job.HELD: ("warn", say("坐标存疑"), say("收到的坐标对不上，核对以后才画在地图上。")),
        Job.UNLOCATED: ("pin", say("未定位，等待上图"), say("没有坐标的站点，地图上看不到。")),
        Job.DUE: ("pause", say("说好的日子到了"), say("预计开放或恢复的日子已到或将到：开了吗？")),
        Job.EXCEPTIONS: ("clock", say("特殊日期将开始或结束"), say("确认是不是真的这样，结束后恢复了没有。")),
        Job.HOLIDAYS: ("clock", say("假期将到，时间没有说明"), ""),
        Job.STALE: ("shield", say("该核实了"), say("从未核实，或已超过承诺的天数。")),
        Job.NO_AMENITIES: ("query", say("不知道有什么设施"), ""),
        Job.NO_PHOTO: ("info", say("没有照片"), ""),
    }


def _more(job: Job) -> str:
    if job is Job.REPORTS:
        return url_for("desk.reports_page")
    if job is Job.FINDINGS:
        return url_for("desk.findings_page")
    if job is Job.IMPORTS:
        return url_for("desk.imports_page")
    return url_for("desk.todo_heap", job=job)


def _line(job: Job, item: Item, now: datetime, regions: dict[str, str]) -> Line:
    when, detail = "", holiday_name(item.why)
    if item.since is not None:
        ago = ago_words(item.since, now)
        when = say("{ago}核实", ago=ago) if job is Job.STALE else say("{ago}登记", ago=ago)
    elif job is Job.STALE:
        when = say("从未核实")
    if job is Job.FINDINGS:
        mended = say("已整改，待复查") if item.what == "mended" else say("期限 {day}", day=item.on)
        return Line(
            url_for("desk.findings_page"),
            item.name,
            regions.get(item.region_code or "", ""),
            mended,
            item.why,
        )
    if item.on is not None and job in {Job.EXCEPTIONS, Job.DUE}:
        when = say("{day} 开始", day=item.on) if item.what == "starts" else say("{day} 结束", day=item.on)
        if job is Job.DUE:
            back = say("预计 {date} 恢复") if item.what == "suspended" else say("预计 {date} 开放")
            when = back.format(date=item.on)
            detail = " · ".join(filter(None, [label(words.LIFECYCLE, item.what), item.why]))
    return Line(
        url_for("desk.station_edit", code=item.code),
        item.name,
        regions.get(item.region_code or "", ""),
        when,
        detail,
    )


def _import_line(one: ImportItem, now: datetime) -> Line:
    verdicts = {"suspect": say("存疑"), "conflict": say("冲突"), "absent": say("名单里没有了")}
    rows = [say("{verdict} {n} 行", verdict=verdicts[verdict], n=n) for verdict, n in one.rows]
    return Line(
        url_for("desk.import_page", batch_id=one.batch_id),
        one.file_name,
        one.source,
        ago_words(one.since, now),
        say("，").join(rows) or say("已判读，等待应用"),
    )
