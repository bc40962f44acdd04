"""The gazetteer of the search: regions and named places, each under every name that people give it.

Derived from ``regions`` and ``places`` and made again as a whole when one of them changes: a province has some hundred
of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, exists, insert, select, text
from sqlalchemy.orm import Session

from stations.models import GazetteerEntry, Place, Region
from stations.registry import queries
from stations.registry.areas import OLD_NAME
from stations.registry.place_names import cleaned, written
from stations.registry.reading import search_pairs, search_text

__all__ = ["PLACE", "REGION", "aliases", "derive", "derive_stale"]

REGION: Final = "region"
PLACE: Final = "place"

#: What 自治县 and its like are called in everyday words.
_SHORT_TYPES: Final = {
    "自治县": "县",
    "自治州": "州",
    "自治旗": "旗",
    "自治区": "",
    "地区": "",
    "特别行政区": "",
}
_PLACE_TYPES: Final = (
    "街道办事处",
    "街道",
    "回族乡",
    "藏族乡",
    "蒙古族乡",
    "土族乡",
    "撒拉族乡",
    "乡",
    "镇",
    "市",
    "村",
    "社区",
)


def derive_stale(session: Session) -> bool:
    """Make the gazetteer again where this transaction changed a region or a place, or where it was never made."""
    stale, missing = session.execute(
        select(
            text("coalesce(current_setting('yz.gazetteer', true), '') = 'stale'"),
            ~exists().select_from(GazetteerEntry) & exists().where(Region.code.is_not(None)),
        )
    ).one()
    if stale or missing:
        derive(session)
    return bool(stale or missing)


def derive(session: Session) -> int:
    """Make the gazetteer again from the regions and places. Returns how many entries it has."""
    # Two writers would each add the same rows: the second waits here, then sees what the first left.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('yz.gazetteer'))"))
    entries = [*_regions(session), *_places(session)]
    session.execute(delete(GazetteerEntry))
    if entries:
        session.execute(insert(GazetteerEntry), entries)
    session.execute(text("SELECT set_config('yz.gazetteer', '', true)"))
    return len(entries)


def aliases(name: str, *, of_region: bool) -> list[str]:
    """Return what a Chinese name is called for short: 民和, 民和县 for 民和回族土族自治县; 川口 for 川口镇."""
    full = cleaned(name)
    if not of_region:
        suffix = next(
            (each for each in _PLACE_TYPES if full.endswith(each) and len(full) > len(each) + 1), ""
        )
        return [full.removesuffix(suffix)] if suffix else []
    stem = written(full).stem
    if len(stem) < 2 or stem == full:
        return []
    kind = next((short for long, short in _SHORT_TYPES.items() if full.endswith(long)), "")
    return [alias for alias in dict.fromkeys((stem, stem + kind)) if alias != full]


def _regions(session: Session) -> Iterable[dict[str, Any]]:
    seat = _biggest_place(session)
    rows = session.execute(
        select(
            Region.code, Region.names, Region.level, Region.population, Region.lineage,
            queries.inner_point(Region.geom).label("inside"),
        )
        .where(Region.merged_into.is_(None))
        .order_by(Region.code)
    )  # fmt: skip
    for row in rows:
        chinese = [row.names["zh"], *filter(None, row.names.get(OLD_NAME, "").split("、"))]
        yield _entry(
            row.names,
            [*chinese, *(alias for name in chinese for alias in aliases(name, of_region=True))],
            kind=REGION,
            code=row.code,
            level=row.level,
            population=row.population,
            lineage=row.lineage,
            location=seat.get(row.code, row.inside),
        )


def _places(session: Session) -> Iterable[dict[str, Any]]:
    rows = session.execute(
        select(Place.id, Place.names, Place.population, Place.location, Region.lineage)
        .outerjoin(Region, Region.code == Place.region_code)
        .order_by(Place.id)
    )
    for row in rows:
        chinese = [name for name in (row.names.get("zh"),) if name]
        yield _entry(
            row.names,
            [*chinese, *(alias for name in chinese for alias in aliases(name, of_region=False))],
            kind=PLACE,
            code=str(row.id),
            level=None,
            population=row.population,
            lineage=row.lineage or [],
            location=row.location,
        )


def _entry(names: Mapping[str, str], chinese: Sequence[str], **facts: Any) -> dict[str, Any]:
    shown = {tag: name for tag, name in names.items() if tag != OLD_NAME and name}
    called = [*chinese, *(name for tag, name in shown.items() if tag != "zh")]
    return facts | {
        "name": shown.get("zh") or next(iter(shown.values()), ""),
        "names": shown,
        "search_text": search_text(*called),
        "search_bigrams": search_pairs(*called).split(),
    }


def _biggest_place(session: Session) -> dict[str, Any]:
    """Return the location of the most populous place of each region: where one means to be who names the region."""
    rows = session.execute(
        select(Place.location, Region.lineage)
        .join(Region, Region.code == Place.region_code)
        .where(Place.population.is_not(None))
        .order_by(Place.population, Place.id)
    )
    return {code: row.location for row in rows for code in row.lineage}
