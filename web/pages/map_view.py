"""The map page as values: from a query and its answer to what the template shows and the map is built from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import url_for

from stations import vocabulary
from stations.hours import SHANGHAI, State
from stations.query import StationQuery
from stations.registry.public import MAP_COLUMNS, MapRows
from web.assets import static_url
from web.i18n import say
from web.maps import BaseMap, MapOptions
from web.maps.symbols import LOOKS, SHAPES, look_of
from web.pages.when import state_words
from web.pages.words import look_labels, map_words, vocabulary_labels

__all__ = ["DISTANCES_M", "PAGE_ROWS", "GapSwitch", "listed_rows", "map_options", "metres_words"]

#: Distances that the coverage layer offers, in metres; the third is the default.
DISTANCES_M = (1000, 2000, 5000, 10_000, 20_000)
PAGE_ROWS = 30


@dataclass(frozen=True, slots=True)
class GapSwitch:
    """Whether the coverage layer is on, and how far is too far."""

    on: bool = False
    distance_m: int = 5000

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> GapSwitch:
        """Read ``gap`` and ``distance_m``; a distance that is not offered counts as the default."""
        text = arguments.get("distance_m", "")
        asked = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
        return cls(arguments.get("gap") == "1", asked if asked in DISTANCES_M else 5000)

    def items(self) -> list[tuple[str, str]]:
        """Return the names and values that spell this switch in an address."""
        if not self.on:
            return []
        return [("gap", "1"), *([("distance_m", str(self.distance_m))] if self.distance_m != 5000 else [])]


def metres_words(metres: float) -> str:
    """Say a distance as people do: 80 米, 1.2 公里, 34 公里."""
    if (tens := round(metres / 10) * 10) < 1000:
        return say("{n} 米", n=tens)
    km = metres / 1000
    return say("{n} 公里", n=f"{km:.1f}".removesuffix(".0") if km < 10 else f"{km:,.0f}")


def listed_rows(
    answer: MapRows, query: StationQuery, *, start: int, lang: str, region_names: Mapping[str, str]
) -> list[dict[str, object]]:
    """Return a page of the list for a reader without JavaScript, from row ``start`` on.

    A station of which something asked is not known comes behind the others and says what.
    """
    labels = vocabulary.AMENITIES
    rows: list[dict[str, Any]] = [dict(zip(MAP_COLUMNS, values, strict=True)) for values in answer.rows]
    for row in rows:
        row["doubts"] = _doubts(row, query, answer.amenities, lang)
    rows.sort(key=lambda row: bool(row["doubts"]))
    page = []
    for row in rows[start : start + PAGE_ROWS]:
        kind = vocabulary.KINDS[row["kind"]]
        look = LOOKS[look_of(row["lifecycle"], row["state"])]
        amenities = [code for bit, code in enumerate(answer.amenities) if row["has"] >> bit & 1]
        until = datetime.fromisoformat(row["until"]) if row["until"] else None
        page.append(
            {
                "code": row["code"],
                "name": row["name"],
                "url": url_for("finder.station_page", code=row["code"], lang=_explicit(lang)),
                "mark": {
                    "shape": SHAPES[kind.station_class],
                    "icon": f"kind-{kind.code}",
                    "look": look.state,
                    "fill": look.fill,
                    "rim": look.rim,
                    "badge": look.badge,
                },
                "state": state_words(
                    row["lifecycle"], row["state"], until=until, then=row["then"], now=answer.moment
                ),
                "facts": [word for word in (region_names.get(row["region"] or ""), kind.label(lang)) if word],
                "doubts": row["doubts"],
                "amenities": amenities,
                "amenity_words": say("、").join(labels[code].label(lang) for code in amenities),
            }
        )
    return page


def _doubts(row: Mapping[str, Any], query: StationQuery, order: Sequence[str], lang: str) -> list[str]:
    found = []
    for code in query.amenities:
        bit = order.index(code)
        if not row["has"] >> bit & 1:
            what = vocabulary.AMENITIES[code].label(lang)
            inferred = row["inferred"] >> bit & 1
            found.append(say("{what}为推断", what=what) if inferred else say("{what}未知", what=what))
    if query.access and row["access"] == vocabulary.Access.UNKNOWN:
        found.append(vocabulary.ACCESS["unknown"].label(lang))
    if query.open and row["state"] == State.UNKNOWN:
        found.append(say("时间未知"))
    return found


def map_options(
    *,
    bounds: tuple[float, float, float, float],
    lang: str,
    tag: str,
    region_name: str,
    review_number: str | None,
    credits: Sequence[str | Mapping[str, str]],
    base: BaseMap,
    query_lang: str | None,
) -> MapOptions:
    """Gather what the Folium map is built from, in the reader's language."""
    return MapOptions(
        bounds=bounds,
        label=say("{region}的站点地图", region=region_name),
        title=region_name,
        lang=tag,
        links={
            "regions": url_for("pages.regions_json"),
            "places": url_for("pages.places_json"),
            "stations": url_for("pages.stations_json"),
            "gaps": url_for("pages.gaps_json"),
            "station": url_for("finder.station_page", code="CODE", lang=query_lang),
            "feature": url_for("api.station", code="CODE"),
        },
        words=map_words(),
        looks=look_labels(),
        kinds={kind.code: kind.label(lang) for kind in vocabulary.KINDS.values()},
        vocabulary=vocabulary_labels(lang),
        legend={
            "legend": say("图例"),
            "states": say("状态"),
            "kinds": say("种类"),
            "shapes": say("圆形是休息站点，方形是服务点。圆环里的数字是站点个数。"),
        },
        review=say("审图号：{number}", number=review_number) if review_number else say("演示底图，未送审"),
        credits=credits,
        static=static_url,
        base=base,
        languages=[{"id": f"to-{other}", "lang": other} for other in ("zh", "en") if other != lang],
    )


def language_link(query: StationQuery, gap: GapSwitch, lang: str) -> dict[str, str]:
    """Return the link to the same page in the other language."""
    other, tag, label = ("en", "en", "English") if lang == "zh" else ("zh", "zh-Hans", "中文")
    items = [item for item in query.items() if item[0] != "lang"] + gap.items() + [("lang", other)]
    return {
        "lang": other,
        "tag": tag,
        "label": label,
        "url": f"{url_for('pages.map_page')}?{urlencode(items, safe=',:')}",
    }


def local_value(moment: datetime | None) -> str:
    """Write a moment as a date-and-time field takes it, in Beijing time."""
    return "" if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


def _explicit(lang: str) -> str | None:
    return "en" if lang == "en" else None
