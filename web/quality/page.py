"""The page of quality: figures of the whole, a table by region that one may order, the months, what each figure counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from flask import render_template, request, url_for

from stations import vocabulary as words
from stations.errors import Invalid, NotFound
from stations.hours import SHANGHAI
from stations.keeping import quality_months as months
from stations.keeping.quality import MEASURES, Area, Quality
from web.db import session
from web.ground import name_in
from web.i18n import LANGUAGES, lang, say
from web.quality import words as said
from web.quality.asked import COLUMNS, Asked
from web.quality.blueprint import blueprint
from web.quality.current import current

__all__ = ["quality_page"]

_SHARES: Final = tuple(one.name for one in MEASURES if one.name != "counted")
#: Fewer visits of one occupation than this are not told: they could be a person or two.
_FEWEST_VISITS: Final = 10
_MOST_ROWS: Final = 400


@blueprint.get("/quality")
def quality_page() -> str:
    """Show the quality now, or of a month that was kept."""
    asked, problems = Asked.read(request.args.items(multi=True))
    found, areas, more = _asked_for(asked)
    whole = found.whole if asked.region is None else found.area(asked.region) or found.whole
    shown = asked.level or (areas[0].level if areas else "county")
    kept = months.listed(session())
    return render_template(
        "quality.html",
        quality=found,
        demonstration=current().demonstration,
        asked=asked,
        at=found.at.astimezone(SHANGHAI),
        problems=[say("“{value}”看不懂，没有用它。", value=(p.value or p.field)) for p in (*problems, *more)],
        whole=whole,
        title=say("全部区域") if not whole.code else name_in(whole.names),
        cards=_cards(whole),
        rows=[_row(area, asked) for area in _ordered(areas, asked)[:_MOST_ROWS]],
        heads=[_head(column, label, asked) for column, label in said.column_labels().items()],
        levels=[
            (level, label, _url(replace(asked, level=level)), level == shown)
            for level, label in said.level_labels().items()
            if found.of_level(level)
        ],
        level_label=said.level_labels()[shown],
        trend=_trend(whole.code),
        use=_use(found, whole),
        occupations=_occupations(found),
        ways=[
            (said.way_labels()[way], f"{n:,}")
            for way, n in sorted(found.ways.items(), key=lambda one: -one[1])
            if n
        ],
        honours=[
            (label, found.honours[level])
            for level, label in said.honour_levels().items()
            if found.honours.get(level)
        ],
        programmes=[_programme(one) for one in found.programmes],
        months=[_month(one, asked) for one in kept],
        picture=None
        if not kept
        else url_for("quality.month_picture", month=f"{(asked.month or kept[0].month):%Y-%m}"),
        picture_month=None if not kept else f"{(asked.month or kept[0].month):%Y-%m}",
        definitions=said.definitions(),
        csv_url=_url(replace(asked, sort=None, lang=None), "quality.quality_csv"),
        json_url=_url(replace(asked, sort=None, lang=None), "api.quality"),
        now_url=_url(replace(asked, month=None)),
        whole_url=_url(replace(asked, region=None, level=None)),
        other_language=_other(asked),
    )


def _asked_for(asked: Asked) -> tuple[Quality, Sequence[Area], list[Invalid]]:
    """Return what is asked for; where it is not there, what is now, and the complaint."""
    try:
        found = current() if asked.month is None else months.kept(session(), asked.month)
    except NotFound as error:
        return (
            current(),
            asked.areas(current()),
            [Invalid(str(error), field="month", value=f"{asked.month:%Y-%m}")],
        )
    try:
        return found, asked.areas(found), []
    except Invalid as error:
        return found, replace(asked, region=None).areas(found), [error]


def _value(area: Area, column: str) -> float | str | None:
    if column == "name":
        return area.code
    if column in _SHARES:
        return area.share(column)
    if column == "daily":
        return area.daily
    if column == "answer_hours":
        return area.answer_hours
    return area.count(column)


def _ordered(areas: Sequence[Area], asked: Asked) -> list[Area]:
    """Return regions in the order that is asked for; those of which nobody knows stand last, whichever way."""
    column = asked.sort or "name"
    known = [area for area in areas if _value(area, column) is not None]
    unknown = [area for area in areas if _value(area, column) is None]
    known.sort(key=lambda area: area.code)
    falling = not asked.rising and column != "name"
    known.sort(key=lambda area: _value(area, column) or 0, reverse=falling)
    return [*known, *unknown]


def _row(area: Area, asked: Asked) -> dict[str, Any]:
    return {
        "code": area.code,
        "name": name_in(area.names),
        "url": None
        if area.level == "county"
        else _url(Asked(month=asked.month, region=area.code, lang=asked.lang)),
        "cells": [_cell(area, column) for column in COLUMNS if column != "name"],
    }


def _cell(area: Area, column: str) -> dict[str, Any]:
    """Return what stands in a cell: words, how many of how many, and the width of its bar in per cent."""
    value = _value(area, column)
    if column in _SHARES:
        one = next(each for each in MEASURES if each.name == column)
        share = area.share(column)
        return {
            "column": column,
            "words": said.percent(share),
            "detail": f"{area.count(one.part):,}/{area.count(one.whole):,}",
            "bar": None if share is None else round(100 * share, 1),
        }
    if column == "daily":
        return {
            "column": column,
            "words": _daily(area),
            "detail": say("{n}站", n=area.sums.counted) if area.daily else "",
        }
    if column == "answer_hours":
        return {"column": column, "words": said.answer_words(area.answer_hours), "detail": ""}
    return {"column": column, "words": f"{value:,}", "detail": ""}


def _daily(area: Area) -> str:
    return ("≥" if area.daily is not None and area.sums.at_least else "") + said.number(area.daily)


def _head(column: str, label: str, asked: Asked) -> dict[str, Any]:
    on = (asked.sort or "name") == column
    rising = asked.rising or column == "name"
    turned = on and not rising
    return {
        "column": column,
        "label": label,
        "url": _url(replace(asked, sort=column, rising=turned or (column == "name"))),
        "sorted": None if not on else "ascending" if rising else "descending",
    }


def _cards(area: Area) -> list[dict[str, Any]]:
    labels = said.column_labels()
    unknown = {
        "promised": say("从未核实 {n}", n=f"{area.sums.never:,}"),
        "door": say("位置不明 {n}", n=f"{area.sums.place_unknown:,}"),
        "on_map": say("未定位 {n}", n=f"{area.sums.stations - area.sums.on_map:,}"),
        "hours": say("时间未知 {n}", n=f"{area.sums.stations - area.sums.hours:,}"),
        "amenities": say("设施未知 {n}", n=f"{area.sums.stations - area.sums.amenities:,}"),
    }
    return [
        _cell(area, column) | {"label": labels[column], "unknown": unknown.get(column, "")}
        for column in _SHARES
    ]


def _use(found: Quality, area: Area) -> dict[str, Any]:
    sums = area.sums
    return {
        "daily": _daily(area),
        "visits": ("≥" if sums.at_least else "") + f"{sums.visits:,}",
        "counted": f"{sums.counted:,}",
        "share": said.percent(area.share("counted")),
        "uncounted": f"{sums.stations - min(sums.counted, sums.stations):,}",
        "days": f"{sums.days:,}",
        "answer": said.answer_words(area.answer_hours),
        "answered": area.answered,
        "waiting": sums.waiting,
        "honours": sums.honours,
    }


def _occupations(found: Quality) -> list[dict[str, Any]]:
    whole = sum(found.occupations.values())
    told = sorted(found.occupations.items(), key=lambda one: -one[1])
    return [
        {
            "label": words.OCCUPATIONS[code].label(lang()),
            "words": f"{n:,}" if n >= _FEWEST_VISITS else say("不足{n}", n=_FEWEST_VISITS),
            "bar": round(100 * n / whole, 1) if n >= _FEWEST_VISITS else 0,
        }
        for code, n in told
        if n
    ]


def _programme(one: Any) -> dict[str, Any]:
    return {
        "title": one.title,
        "words": say("已开放 {open}，目标 {target}", open=f"{one.open:,}", target=f"{one.target:,}"),
        "expected": say("按计划现在应开放 {n}，截止 {due}", n=f"{one.expected:,}", due=one.due),
        "bar": round(min(100.0, 100 * one.open / one.target), 1),
        "share": said.percent(min(1.0, one.open / one.target)),
    }


def _trend(code: str) -> list[dict[str, Any]]:
    return [
        {
            "month": f"{point.month:%Y-%m}",
            "demonstration": point.demonstration,
            "stations": f"{point.area.sums.stations:,}",
            "cells": [_cell(point.area, column) for column in ("on_map", "promised", "hours", "door")],
            "daily": _daily(point.area),
        }
        for point in months.trend(session(), code)
    ]


def _month(one: months.Kept, asked: Asked) -> dict[str, Any]:
    month = f"{one.month:%Y-%m}"
    return {
        "month": month,
        "url": _url(Asked(month=one.month, region=asked.region, level=asked.level, lang=asked.lang)),
        "picture": url_for("quality.month_picture", month=month),
        "csv": url_for("quality.quality_csv", month=month),
        "demonstration": one.demonstration,
        "taken": f"{one.taken_at.astimezone(SHANGHAI):%Y-%m-%d}",
        "on": asked.month == one.month,
    }


def _url(asked: Asked, endpoint: str = "quality.quality_page") -> str:
    query = urlencode(asked.items())
    return url_for(endpoint) + (f"?{query}" if query else "")


def _other(asked: Asked) -> dict[str, str]:
    other, label = ("en", "English") if lang() == "zh" else ("zh", "中文")
    return {"lang": other, "tag": LANGUAGES[other], "label": label, "url": _url(replace(asked, lang=other))}
