"""A programme as the values of its page: the rows as sorted, bars and the line of months as numbers to draw, its map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from flask import url_for

from stations import vocabulary
from stations.planning.programme_progress import LEVELS, Count, Progress, Row
from stations.planning.programme_timeline import Moment
from stations.registry import base_map
from web import db
from web.assets import static_url
from web.ground import EVERYWHERE, base, credits_of_the_map, review_words
from web.i18n import lang, say
from web.maps.lean import when_ready
from web.maps.programme_map import programme_map
from web.maps.symbols import symbols
from web.pages.words import look_labels
from web.planner import programmes_words as words

__all__ = ["Bar", "Chart", "View", "bar", "chart", "map_of", "sorted_rows"]

_WIDE: Final = 720
_HIGH: Final = 200
_STATES: Final = ("open", "suspended", "building", "planned")


@dataclass(frozen=True, slots=True)
class View:
    """What of a programme's table is shown; it stands in the address."""

    level: str = "own"
    sort: str = ""
    rising: bool = False

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> View:
        """Read an address; what it does not understand counts as not said."""
        level, sort = arguments.get("level", "own"), arguments.get("sort", "")
        known = {name for name, _ in words.columns()}
        return cls(
            level if level in LEVELS else "own", sort if sort in known else "", arguments.get("rising") == "1"
        )

    def items(self) -> dict[str, Any]:
        """Return the names and values that spell this view in an address; what is usual is not said."""
        told: dict[str, Any] = {"level": self.level} if self.level != "own" else {}
        return told | ({"sort": self.sort} if self.sort else {}) | ({"rising": "1"} if self.rising else {})

    def sorted_by(self, column: str) -> View:
        """Return the view after a click on the head of a column: by it, or turned round."""
        if column == self.sort:
            return replace(self, rising=not self.rising)
        return replace(self, sort=column, rising=column == "name")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a hundred: (state, where it begins, how long it is), where the target and what is expected stand."""

    parts: tuple[tuple[str, float, float], ...]
    target: float | None
    expected: float | None
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The line of months in a box of ``wide`` by ``high``: points of each line, marks of the axes, where today stands."""

    opened: str
    coming: str
    linear: str
    ticks: tuple[tuple[float, str], ...]
    steps: tuple[tuple[float, str], ...]
    today: float
    target: float
    wide: int = _WIDE
    high: int = _HIGH


def sorted_rows(rows: Sequence[Row], view: View, names: Mapping[str, str]) -> list[tuple[str, Row]]:
    """Return the rows with the names of their regions, in the order of the view; what lies in none comes last."""
    named = [(names.get(row.code, row.code) or say("其余"), row) for row in rows]

    def key(one: tuple[str, Row]) -> Any:
        row = one[1]
        if view.sort == "name":
            return row.code
        value = getattr(row, view.sort) if hasattr(row, view.sort) else getattr(row.count, view.sort)
        return -1.0 if value is None else value

    if view.sort:
        named.sort(key=key, reverse=not view.rising)
    return sorted(named, key=lambda one: not one[1].code)


def bar(count: Count, target: int | None, *, expected: int | None = None) -> Bar:
    """Return the bar of a row: as long as the target, or as what is there where that is more."""
    whole = max(target or 0, count.placed, expected or 0, 1)
    parts = []
    begins = 0.0
    for state in _STATES:
        if long := 100 * getattr(count, state) / whole:
            parts.append((state, round(begins, 2), round(long, 2)))
            begins += long
    told = [f"{words.state_label(state)} {getattr(count, state)}" for state in _STATES]
    if target is not None:
        told.append(say("目标 {n}", n=f"{target:,}"))
    return Bar(
        tuple(parts),
        None if target is None else round(100 * target / whole, 2),
        None if expected is None else round(100 * expected / whole, 2),
        say("，").join(told),
    )


def chart(moments: Sequence[Moment], found: Progress) -> Chart | None:
    """Return the line of months; None where there is only one moment to draw."""
    if len(moments) < 2 or moments[0].day == moments[-1].day:
        return None
    first, last = min(found.starts, moments[0].day), moments[-1].day
    top = max(
        found.total.target or 1, *(max(one.opened or 0, one.coming or 0, one.linear) for one in moments)
    )
    step = _step(top)
    ceiling = step * -(-top // step)

    def x(day: date) -> float:
        return round(_WIDE * (day - first).days / (last - first).days, 1)

    def y(value: float) -> float:
        return round(_HIGH * (1 - value / ceiling), 1)

    def line(name: str) -> str:
        return " ".join(
            f"{x(one.day)},{y(value)}" for one in moments if (value := getattr(one, name)) is not None
        )

    years = range(first.year, last.year + 1)
    marks = [date(year, month, 1) for year in years for month in ((1, 4, 7, 10) if len(years) < 3 else (1,))]
    return Chart(
        line("opened"),
        line("coming"),
        line("linear"),
        tuple((x(day), f"{day:%Y-%m}") for day in marks if first <= day <= last),
        tuple((y(value), f"{value:,.0f}") for value in _steps(ceiling, step)),
        x(found.day) if first <= found.day <= last else 0.0,
        y(found.total.target or 0),
    )


def _step(top: float) -> float:
    size = 10.0 ** (len(str(int(top))) - 1)
    return next(
        (size * part for part in (0.25, 0.5, 1, 2) if top / (size * part) <= 5 and size * part >= 1), size
    )


def _steps(ceiling: float, step: float) -> list[float]:
    return [step * number for number in range(int(ceiling / step) + 1)]


def map_of(code: str, title: str, bounds: Sequence[float] | None) -> dict[str, Any]:
    """Return the pieces of the map of a programme, as a template puts them into its page."""
    parts = programme_map(
        bounds or base_map.extent(db.session()) or EVERYWHERE,
        url=url_for("desk.programme_json", code=code),
        station=url_for("finder.station_page", code="CODE"),
        symbols=symbols(
            look_labels(),
            {term.code: term.label(lang()) for term in vocabulary.KINDS.values()},
            sprite=static_url("icons.svg"),
        ),
        words={
            "failed": say("服务器没有给出可用的回答，请稍后再试。"),
            "offline": say("连不上服务器，请检查网络。"),
            "drawn": say("画了 {n} 个站点；另有 {more} 个没有位置，没有画。"),
            "colon": say("："),
            **{f"state_{state}": words.state_label(state) for state in _STATES},
            **{
                f"town_{one}": words.standing_label(one)
                for one in ("open", "suspended", "building", "planned", "none")
            },
        },
        label=say("{title}的地图", title=title),
        links={"regions": url_for("pages.regions_json"), "places": url_for("pages.places_json")},
        review=review_words(),
        credits=credits_of_the_map(),
        static=static_url,
        base=base(),
    ).parts()
    return {
        "html": parts.html,
        "start": when_ready(parts.script),
        "styles": parts.styles,
        "scripts": parts.scripts,
    }
