"""The form for a new plan of sites: what was written in it, as a question or as what is wrong with each field.

Who is to be reached, how and when is read by the form of coverage; here stands what siting asks beside it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.planning import CENSUS
from stations.planning.siting import Further, Offer, Problem, SitingQuestion, Source
from stations.registry.areas import Areas
from web.i18n import say
from web.planner import form as coverage_form
from web.planner import siting_values
from web.planner.siting_why import at_fields

__all__ = ["Choices", "Filled", "fresh", "insisting", "like", "read"]

_OWN: Final = (
    "title", "note", "minutes", "problem", "count", "budget", "cost", "costs", "offer", "most", "spacing_m", "priority", "floors",
    "each", "must", "must_not", "seconds", "gap", "seed", "beyond_min", "once", "everybody", "holds", "stations_hold",
    "alternatives", "runs",
)  # fmt: skip
_REACH: Final = (
    "region",
    "mode",
    "size_m",
    "ways",
    "detour",
    "timed",
    "date",
    "hour",
    "clock",
    "unknown",
    "programme",
)
#: What is asked where a form leaves it out.
_USUAL: Final = {"size_m": "1000", "detour": "1.3", "unknown": "include", "mode": "walk"}
_LONGEST_TITLE: Final = 200
_LONGEST_MIN: Final = 240
#: Candidates of a layer or of a list are named by where they come from and their number.
_NAMED: Final = {"layer": Source.LAYER, "list": Source.LIST}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a form may name. layers: of demand by what the form calls them; points, lists: layers that were made of points
    and lists of candidates, the places to stand at; programmes: the kinds that each counts, and its priority areas."""

    regions: Mapping[str, str]
    layers: Mapping[str, str]
    points: Mapping[str, str]
    lists: Mapping[str, str]
    programmes: Mapping[str, Sequence[str]]
    priorities: Mapping[str, Sequence[tuple[str, float]]]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in. question: None where something is wrong; wrong: field → what, in words."""

    values: Mapping[str, Any]
    question: SitingQuestion | None = None
    title: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)


def fresh(now: datetime) -> Filled:
    """Return the form as it is offered first: a planner who changes nothing asks a sensible question."""
    reach = dict(coverage_form.Filled.fresh(now).values)
    own = dict.fromkeys(_OWN, "") | {
        "minutes": "15", "problem": "maximal:count", "count": "20", "offer": str(Source.PLACES), "most": "2000",
        "spacing_m": "0", "seconds": "60", "gap": "0", "seed": "1", "alternatives": "3", "runs": "0",
    }  # fmt: skip
    return Filled(reach | own)


def like(
    question: SitingQuestion, title: str, choices: Choices, names: Mapping[str, str], now: datetime
) -> Filled:
    """Return the form filled with what another plan asked. names: of regions by code."""
    reach, offer = question.reach, question.offer
    keys = {name: key for key, name in choices.layers.items()} | {CENSUS: CENSUS}
    at = None if reach.at is None else reach.at.astimezone(SHANGHAI)
    problem = str(question.problem)
    if question.problem is not Problem.LEAST:
        problem += ":budget" if question.budget is not None else ":count"

    def lines(pairs: Sequence[tuple[str, float]]) -> str:
        return "\n".join(f"{names.get(code, code)} {value:g}" for code, value in pairs)

    values = dict(fresh(now).values) | {
        "title": title[:_LONGEST_TITLE],
        "region": reach.region or "",
        "mode": str(reach.mode),
        "minutes": str(reach.main_min),
        "size_m": f"{reach.size_m:g}",
        "detour": f"{reach.detour:g}",
        "ways": str(reach.ways),
        "layers": {keys[name]: f"{factor:g}" for name, factor in reach.layers if name in keys} or {CENSUS: "1"},
        "timed": "" if at is None else "1",
        "clock": "1" if reach.around_the_clock else "",
        "kinds": list(reach.serving.kinds),
        "amenities": list(reach.serving.amenities),
        "unknown": str(reach.serving.unknown),
        "problem": problem,
        "count": "" if question.count is None else str(question.count),
        "budget": _plain(question.budget),
        "cost": _plain(question.cost),
        "costs": "\n".join(f"{key} {cost:g}" for key, cost in question.costs),
        "offer": _offered(offer, choices),
        "most": str(offer.most),
        "spacing_m": f"{question.spacing_m:g}",
        "priority": lines(question.priority),
        "floors": lines(question.floors),
        "each": question.each or "",
        "must": "\n".join(question.must),
        "must_not": "\n".join(question.must_not),
        "seconds": f"{question.seconds:g}",
        "gap": f"{100 * question.gap:g}",
        "seed": str(question.seed),
        "beyond_min": _plain(question.beyond_min),
        "once": f"{100 * question.once:g}",
        "everybody": "1" if question.everybody else "",
        "holds": _plain(question.holds),
        "stations_hold": _plain(question.stations_hold),
        "alternatives": str(question.further.alternatives),
        "runs": str(question.further.runs),
    }  # fmt: skip
    if at is not None:
        values |= {"date": f"{at:%Y-%m-%d}", "hour": f"{at:%H}"}
    return Filled(values)


def insisting(filled: Filled, how: str, keys: Sequence[str]) -> Filled:
    """Return a form with candidates added to those that must, or must not, be chosen."""
    if how not in {"must", "must_not"} or not keys:
        return filled
    other = "must" if how == "must_not" else "must_not"
    lines = dict.fromkeys([*str(filled.values[how]).splitlines(), *keys])
    rest = [key for key in str(filled.values[other]).splitlines() if key not in lines]
    return replace(filled, values={**filled.values, how: "\n".join(lines), other: "\n".join(rest)})


def read(form: MultiDict[str, str], choices: Choices, areas: Areas) -> Filled:
    """Read what was sent; a form that leaves something out asks for what is usual."""
    given = MultiDict(form)
    for name in ("size_m", "detour", "unknown", "mode"):
        given.setdefault(name, _USUAL[name])
    minutes = given.get("minutes", "15").strip()
    given["limits"] = given["main"] = minutes
    # The form of coverage insists on a title; a plan without one is named by what it asks.
    given["title"] = "-"
    reach = coverage_form.read(
        given, regions=choices.regions, layers=choices.layers, programmes=choices.programmes
    )
    values = dict(reach.values) | {name: form.get(name, "").strip() for name in _OWN} | {"minutes": minutes}
    wrong = dict(reach.wrong)
    if "limits" in wrong or "main" in wrong:
        wrong.pop("limits", None)
        wrong.pop("main", None)
        wrong["minutes"] = say("写1到{n}之间的整分钟。", n=_LONGEST_MIN)

    def taken(name: str, reader: Callable[[str], Any], empty: Any = None) -> Any:
        text = unicodedata.normalize("NFKC", values[name]) if name != "title" else values[name]
        if not text:
            return empty
        try:
            return reader(text)
        except ValueError as error:
            wrong[name] = str(error)
            return empty

    kind, _, limit = (values["problem"] or "maximal:count").partition(":")
    if kind not in set(Problem):
        wrong["problem"] = say("请选一个问题。")
    money = say("写0或更大的金额，单位是元。")
    asked: dict[str, Any] = {
        "count": taken("count", lambda text: siting_values.whole(text, 1, siting_values.MOST_SITES, say("写1到{n}之间的整数。", n=siting_values.MOST_SITES))),
        "budget": taken("budget", lambda text: siting_values.number(text, 0, siting_values.MOST_MONEY, money)),
        "cost": taken("cost", lambda text: siting_values.number(text, 0, siting_values.MOST_MONEY, money)),
        "costs": taken("costs", siting_values.costs, ()),
        "spacing_m": taken("spacing_m", lambda text: siting_values.number(text, 0, 100_000, say("写0到100000之间的米数。")), 0.0),
        "priority": taken("priority", lambda text: siting_values.regions(text, areas, float), ()),
        "floors": taken("floors", lambda text: siting_values.regions(text, areas, siting_values.floor), ()),
        "each": values["each"] or None,
        "must": taken("must", siting_values.keys, ()),
        "must_not": taken("must_not", siting_values.keys, ()),
        "seconds": taken("seconds", lambda text: siting_values.number(text, 1, 3_600, say("写1到3600之间的秒数。")), 60.0),
        "gap": taken("gap", lambda text: siting_values.number(text, 0, 99, say("写0到99之间的百分数。")) / 100, 0.0),
        "seed": taken("seed", lambda text: siting_values.whole(text, 0, 2**31 - 1, say("写0或更大的整数。")), 1),
    } | _own(kind, taken)  # fmt: skip
    if kind == Problem.LEAST:
        asked["budget"] = None
    elif limit != "budget":
        asked["budget"] = None
        if asked["count"] is None and "count" not in wrong:
            wrong["count"] = say("写明最多新增几个站点。")
    else:
        asked["count"] = None
        for name, said in (
            ("budget", say("写明一共有多少钱。")),
            ("cost", say("写明建一个站点大约多少钱。")),
        ):
            if asked[name] is None and name not in wrong:
                wrong[name] = said
    title = values["title"]
    if len(title) > _LONGEST_TITLE:
        wrong["title"] = say("最多{n}个字。", n=_LONGEST_TITLE)
    offer = taken("offer", lambda text: _offer(text, values["most"], choices), Offer())
    further = Further(
        alternatives=taken(
            "alternatives", lambda text: siting_values.whole(text, 0, 20, say("写0到20之间的整数。")), 0
        ),
        runs=taken("runs", lambda text: siting_values.whole(text, 0, 200, say("写0到200之间的整数。")), 0),
    )
    if wrong or reach.question is None:
        return Filled(values, None, title, wrong)
    if values["programme"] and not asked["priority"]:
        asked["priority"] = tuple(choices.priorities.get(values["programme"], ()))
    try:
        question = SitingQuestion(
            reach=reach.question, problem=Problem(kind), offer=offer, further=further, **asked
        )
    except Invalid as error:
        return Filled(values, None, title, at_fields(error))
    return Filled(values, question, title or named(question, areas))


def _own(kind: str, taken: Callable[..., Any]) -> dict[str, Any]:
    """Read what one problem asks and the others do not."""
    money = say("写大于0的人数。")
    if kind in {Problem.MEDIAN, Problem.CENTRE}:
        said = say("写不少于时限、不超过1440的分钟数。")
        return {"beyond_min": taken("beyond_min", lambda text: siting_values.number(text, 1, 1_440, said))}
    if kind == Problem.BACKUP:
        said = say("写0到100之间的百分数。")
        return {
            "once": taken("once", lambda text: siting_values.number(text, 0, 100, said) / 100, 0.0),
            "everybody": taken("everybody", bool, False),
        }
    if kind == Problem.CAPACITATED:
        return {
            name: taken(name, lambda text: siting_values.number(text, 1, siting_values.MOST_MONEY, money))
            for name in ("holds", "stations_hold")
        }
    return {}


def named(question: SitingQuestion, areas: Areas) -> str:
    """Name a plan by what it asks."""
    where = areas.name(question.reach.region) if question.reach.region else say("全部范围")
    minutes = question.reach.main_min
    if question.count is not None and question.budget is None:
        return say("{where}：新增{n}个，{minutes}分钟", where=where, n=question.count, minutes=minutes)
    if question.budget is not None:
        return say(
            "{where}：{n}万元，{minutes}分钟", where=where, n=f"{question.budget / 1e4:g}", minutes=minutes
        )
    return say("{where}：覆盖所有人，{minutes}分钟", where=where, minutes=minutes)


def _offer(text: str, most: str, choices: Choices) -> Offer:
    number = siting_values.whole(most or "2000", 1, 20_000, say("候选点最多写1到20000之间的整数。"))
    kind, _, named_by = text.partition(":")
    if kind in _NAMED:
        known = choices.points if kind == "layer" else choices.lists
        name = known.get(named_by)
        if name is None:
            raise ValueError(say("请选一种候选点。"))
        return Offer(_NAMED[kind], name, number)
    if text not in set(Source):
        raise ValueError(say("请选一种候选点。"))
    return Offer(Source(text), None, number)


def _offered(offer: Offer, choices: Choices) -> str:
    """Return what the form calls the candidates of a question; the usual ones where theirs are not offered any more."""
    for kind, source in _NAMED.items():
        if offer.source is source:
            known = choices.points if kind == "layer" else choices.lists
            return next((f"{kind}:{key}" for key, name in known.items() if name == offer.layer), "places")
    return str(offer.source)


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
