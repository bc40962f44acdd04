"""A run as the values of its page: figures for the view that the address names, the map, and what it all stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final

from flask import url_for

from stations import vocabulary
from stations.models import CoverageRun
from stations.planning import CoverageQuestion, runs
from stations.registry import base_map
from stations.registry.areas import Areas
from web import db
from web.assets import static_url
from web.ground import EVERYWHERE, base, credits_of_the_map, name_in, review_words
from web.i18n import lang, say
from web.maps.lean import when_ready
from web.maps.planner_map import PlannerRun, planner_maps
from web.maps.symbols import symbols
from web.pages.words import look_labels
from web.planner import words
from web.planner.doors import Door, Doors, doors_of
from web.planner.fairness import Offered, fairness, offered
from web.planner.figures import COLUMNS, SCORES, Table, shades, steps_of, table
from web.planner.view import LAYERS, LEVELS, View, measures_of

__all__ = ["Page", "Regions", "coloured", "maps_of", "measure_key", "shown"]

#: Gaps that a page lists; a file has them all.
_MOST_GAPS: Final = 50


@dataclass(frozen=True, slots=True)
class Regions:
    """The names of regions in the reader's language, and the codes above each with its own."""

    names: Mapping[str, str]
    parents: Mapping[str, Sequence[str]]
    bounds: Mapping[str, tuple[float, float, float, float]]

    @classmethod
    def load(cls) -> Regions:
        """Read them from the registry."""
        known = Areas.load(db.session())
        return cls(
            {area.code: name_in(area.names) for area in known.areas.values()},
            {area.code: area.lineage for area in known.areas.values()},
            {code: shape.bounds for code, shape in known.shapes.items()},
        )


@dataclass(frozen=True, slots=True)
class Page:
    """What the template of a run is given."""

    run: CoverageRun
    question: CoverageQuestion
    view: View
    table: Table
    heads: Sequence[Mapping[str, Any]]
    key: Sequence[tuple[int, str]]
    cell_key: Sequence[tuple[int, str]]
    shades: Mapping[str, int]
    told: Sequence[tuple[str, str]]
    basis: Sequence[str]
    map: Mapping[str, Any]
    levels: Sequence[tuple[str, str]]
    measures: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    layers: Sequence[tuple[str, str]]
    names: Mapping[str, str]
    doors: Doors
    gaps: Sequence[Mapping[str, Any]]
    fair: Sequence[str]
    offered: Sequence[Offered]
    warnings: Sequence[str]
    parents: Mapping[str, Sequence[str]]
    words: Any = words

    @property
    def own(self) -> bool:
        """Whether the measure has a column of its own, beside those that every table has."""
        return self.view.measure in SCORES or self.view.measure.startswith("with_")

    def sorted_doors(self, column: str, *, rising: bool) -> Sequence[Door]:
        """Return the stations in another order than that of the view."""
        return doors_of(self.run, replace(self.view, doors=column, doors_rising=rising), self.parents).rows

    def ordered(self, doors: str) -> str:
        """Return the address of this view with the stations in another order; a leading ``-`` is rising."""
        view = replace(self.view, doors=doors.removeprefix("-"), doors_rising=doors.startswith("-"))
        return url_for("desk.run_page", run_id=self.run.id, **view.items())

    def own_value(self, row: Any) -> str:
        """Write the measure of an area."""
        return words.measured(self.view.measure, row.value(self.view.measure))

    @property
    def estimated(self) -> bool:
        """Whether minutes or people are an estimate."""
        basis = self.run.basis or {}
        return bool(basis.get("estimated_ways") or basis.get("estimated_demand"))


def shown(run: CoverageRun, arguments: Mapping[str, str]) -> Page:
    """Return the page of a run for an address."""
    regions, view = Regions.load(), View.read(arguments, run)
    question = CoverageQuestion.of_dict(run.question)
    figures = table(run, view, regions.names, regions.parents)
    # The shades begin where they begin without an hour, so that hours can be told apart.
    drawn = view if view.level != "township" else replace(view, level="county")
    steps = steps_of(
        table(run, replace(drawn, hour=None), regions.names, regions.parents).rows, view, question
    )
    rows = figures.rows if drawn is view else table(run, drawn, regions.names, regions.parents).rows
    return Page(
        run=run,
        question=question,
        view=view,
        table=figures,
        heads=[_head(run, view, column, question.main_min) for column in _columns(view)],
        key=measure_key(view, steps),
        cell_key=_cell_key(question),
        shades=coloured(shades(rows, view, steps), regions),
        told=words.question_words(question, regions.names),
        basis=words.basis_words(run.basis or {}),
        map=maps_of([(run, view)], regions),
        levels=[(level, words.level_label(level)) for level in LEVELS if level in (run.areas or {})],
        measures=_measures(run, question),
        layers=[(layer, words.layer_label(layer)) for layer in LAYERS],
        names=regions.names,
        doors=doors_of(run, view, regions.parents),
        gaps=_gaps(run, view),
        fair=fairness(run),
        offered=offered(run),
        warnings=words.warnings(run, view.hour, figures.stations),
        parents=regions.parents,
    )


def _columns(view: View) -> list[str]:
    own = view.measure in SCORES or view.measure.startswith("with_")
    return [*COLUMNS, "own"] if own else [*COLUMNS]


def _measures(run: CoverageRun, question: CoverageQuestion) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the measures that a run knows, in groups with their names."""
    known = [(each, words.measure_label(each, question.main_min)) for each in measures_of(run)]
    amenities = [each for each in known if each[0].startswith("with_")]
    seats = [each for each in known if each[0] in SCORES]
    reach = [each for each in known if each not in amenities and each not in seats]
    groups = [(say("覆盖"), reach), (say("座位"), seats), (say("设施"), amenities)]
    return [(label, each) for label, each in groups if each]


def _gaps(run: CoverageRun, view: View) -> Sequence[Mapping[str, Any]]:
    hour = runs.hour_of(run, view.hour)
    return ((run.gaps if hour is None else hour.get("gaps")) or [])[:_MOST_GAPS]


def coloured(found: Mapping[str, int], regions: Regions) -> dict[str, int]:
    """Return the shade of every region that lies in one of a shade, or is one: the map fills counties alone."""
    shaded: dict[str, int] = {}
    for code, lineage in regions.parents.items():
        above = [each for each in lineage if each in found]
        if above:
            shaded[code] = found[above[-1]]
    return shaded


def maps_of(shown: Sequence[tuple[CoverageRun, View]], regions: Regions) -> dict[str, Any]:
    """Return the pieces of one map for each run, as a template puts them into its page."""
    paired = len(shown) > 1
    parts = planner_maps(
        base_map.extent(db.session()) or EVERYWHERE,
        [
            PlannerRun(
                number=run.id,
                url=url_for("desk.run_json", run_id=run.id),
                stations=url_for("pages.stations_json"),
                station=url_for("finder.station_page", code="CODE"),
                cells=_template("desk.run_tile", run),
                cell=url_for("desk.run_cell", run_id=run.id),
                moment=CoverageQuestion.of_dict(run.question).as_dict()["at"],
                figures=f"#figures-{run.id}",
                title=run.title if paired else None,
                main=run.question["main_min"],
                layers=list(view.layers),
                at=None if view.at is None else list(view.at),
                focus=_focus(run, regions),
            )
            for run, view in shown
        ],
        symbols=symbols(
            look_labels(),
            {term.code: term.label(lang()) for term in vocabulary.KINDS.values()},
            sprite=static_url("icons.svg"),
        ),
        words=script_words(),
        labels=[say("{title}的地图", title=run.title) for run, _ in shown],
        links={"regions": url_for("pages.regions_json"), "places": url_for("pages.places_json")},
        review=review_words(),
        credits=credits_of_the_map(),
        static=static_url,
        base=base(),
    )
    return {
        "html": parts.html,
        "start": when_ready(parts.script),
        "styles": parts.styles,
        "scripts": parts.scripts,
    }


def _template(endpoint: str, run: CoverageRun) -> str:
    """Return the address of a tile with the braces that Leaflet fills."""
    plain = url_for(endpoint, run_id=run.id, zoom=0, x=0, y=0)
    return plain.removesuffix("0/0/0.png") + "{z}/{x}/{y}.png"


def script_words() -> dict[str, object]:
    """Return every sentence that the scripts of the planner's maps say."""
    return {
        "failed": say("服务器没有给出可用的回答，请稍后再试。"),
        "offline": say("连不上服务器，请检查网络。"),
        "unknown": say("未知"),
        "gap": say("这里有 {people} 人在 {main} 分钟以外，最近的站点 {minutes}。"),
        "cell": say("这一格有 {people} 人，最近的站点 {minutes}。"),
        "minutes": say("{n}分钟"),
        "too_far": say("超过所有时限"),
        "station": say("{main} 分钟内有 {within} 人，其中 {only} 人没有别的站点。"),
        "not_counted": say("这次计算没有算它。"),
        "to_station": say("看站点"),
        "beyond": say("{n}分钟以外"),
        "cell_hour": say("这一格有 {people} 人，这一刻：{minutes}。"),
        "within": say("{n}分钟内"),
        "too_much": say("站点太多，服务范围不在这里画；请看人口格网。"),
        "counted": say("这一刻算入。"),
        "colon": say("："),
    }


def _focus(run: CoverageRun, regions: Regions) -> list[float] | None:
    bounds = regions.bounds.get(run.question.get("region") or "")
    return None if bounds is None else list(bounds)


def _head(run: CoverageRun, view: View, column: str, main_min: int) -> dict[str, Any]:
    label = {
        "name": say("区域"),
        "people": say("人口"),
        "reached": say("{n}分钟内", n=main_min),
        "share": say("比例"),
        "uncovered": say("{n}分钟外", n=main_min),
        "cut_off": say("不通路"),
        "twice": say("两个以上"),
        "median": say("中位分钟"),
        "own": words.measure_label(view.measure, main_min),
    }[column]
    values = view.sorted_by(column).items()
    return {
        "column": column,
        "label": label,
        "url": url_for("desk.run_page", run_id=run.id, **values),
        "sorted": None if view.sort != column else "ascending" if view.rising else "descending",
    }


def measure_key(view: View, steps: Sequence[float]) -> list[tuple[int, str]]:
    """Return the shades and what they mean, the least first."""
    if view.measure in SCORES:
        bounds = [words.measured(view.measure, step) for step in steps]
        told = [(0, say("{low} 以上", low=bounds[0]))]
        told += [(index + 1, say("不到 {n}", n=bound)) for index, bound in enumerate(bounds)]
        return [each for at, each in enumerate(told) if at == 0 or each[1] != told[at - 1][1]]
    if view.measure == "share" or view.measure.startswith("with_"):
        return list(enumerate(["100%", "90–100%", "75–90%", "50–75%", "25–50%", "0–25%"]))
    if view.measure == "median":
        limits = [step / 60 for step in steps]
        told = [(index, say("不超过{n}分钟", n=f"{limit:g}")) for index, limit in enumerate(limits)]
        told.append((5, say("超过{n}分钟", n=f"{limits[-1]:g}")))
        # Fewer limits than shades: the same limit is said once.
        return [each for at, each in enumerate(told) if at == 0 or each[1] != told[at - 1][1]]
    bounds = [f"{step:,.0f}" for step in steps]
    return [
        (0, "0"),
        *((index + 1, say("{low} 以上", low="1" if index == 0 else low)) for index, low in enumerate(bounds)),
    ]


def _cell_key(question: CoverageQuestion) -> list[tuple[int, str]]:
    """Return the shades of cells and what they mean."""
    limits = question.limits_min
    shade = [ceil(index * 5 / len(limits)) for index in range(len(limits) + 1)]
    return [
        *((shade[index], say("{n}分钟内", n=limit)) for index, limit in enumerate(limits)),
        (5, say("超过{n}分钟", n=limits[-1])),
    ]
