"""The two programmes of the demonstration: a province-wide target, and township stations in counties that a quake hit.

Their sizes are those of Qinghai's plan of 2024: 200 more to reach 1,000, and 116 high-standard township stations in the
quake-hit area of Minhe and other counties. Everything else about them is set for the demonstration, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations import vocabulary as words
from stations.models import Place, Region, Station
from stations.planning import programme_members, programmes
from stations.planning.programme_townships import add_points, replace_list
from stations.planning.programmes import Plan, PriorityArea
from stations.planning.township_lists import TownshipRow
from stations.registry import queries

__all__ = ["PROVINCE_WIDE", "TOWNSHIPS", "add_programmes"]

PROVINCE_WIDE: Final = "QH-1000"
TOWNSHIPS: Final = "QH-TOWN-116"
_MINHE: Final = "630222"
#: 海东's counties. That Minhe is one of the plan's is known, the others are set for the demonstration.
_COUNTIES: Final = ("630202", "630203", "630222", "630223", "630224", "630225")
_OPEN_MEMBERS: Final = 34
_OWNER: Final = "青海省总工会（演示）"
#: Minhe's townships: the last three digits of the statistical code (National Bureau of Statistics, 2023) and the name.
_MINHE_TOWNSHIPS: Final = (
    "100川口镇 101古鄯镇 102马营镇 103官亭镇 104巴州镇 105满坪镇 106李二堡镇 107峡门镇 200马场垣乡 201北山乡 202松树乡 203西沟乡 "
    "204总堡乡 205隆治乡 206大庄乡 207转导乡 208前河乡 209甘沟乡 210中川乡 211杏儿乡 212核桃庄乡 213新民乡"
)


def add_programmes(session: Session, *, actor: int, today: date) -> None:
    """Add both programmes to a demonstration that has its stations, as an actor who plans everywhere.

    They run through the year of ``today``, so that there is something to be early or late for. Called inside ``acting``.
    """
    province = session.scalar(select(Region.code).where(Region.level == "province").order_by(Region.code))
    if province is None:
        return
    programmes.add(session, _province_wide(session, province, today.year), actor=actor, demonstration=True)
    counties = session.scalars(
        select(Region.code)
        .where(Region.code.in_(_COUNTIES), Region.merged_into.is_(None))
        .order_by(Region.code)
    ).all()
    if _MINHE not in counties:
        return
    made = programmes.add(session, _township_stations(counties, today.year), actor=actor, demonstration=True)
    programme_members.bind(session, made, _members(session, counties), actor=actor)
    rows = [
        TownshipRow(number, f"{_MINHE}{one[:3]}", one[3:], "", None, None)
        for number, one in enumerate(_MINHE_TOWNSHIPS.split(), 1)
    ]
    replace_list(session, TOWNSHIPS, rows, datum=None, actor=actor)
    if points := _places(session):
        add_points(session, TOWNSHIPS, points, datum=Datum.WGS84, actor=actor)


def _province_wide(session: Session, province: str, year: int) -> Plan:
    return Plan(
        code=PROVINCE_WIDE,
        title="全省新增200个，达到1000个（演示）",
        regions=(province,),
        year=year,
        target=1000,
        targets=_shares(session, 1000),
        starts=date(year, 1, 1),
        due=date(year, 12, 31),
        standard="青海“六有”",
        standard_source="统一标识名称、选址合理、设施完备、功能齐全、制度规范、上网上图",
        owner=_OWNER,
        note="目标取自青海省2024年计划：新增200个以上，达到1000个。年份和各市州的分配是演示设定：按2020年人口普查推算。",
    )


def _township_stations(counties: Sequence[str], year: int) -> Plan:
    return Plan(
        code=TOWNSHIPS,
        title="116个高标准乡镇驿站（演示）",
        regions=tuple(counties),
        year=year,
        target=116,
        target_is="tagged",
        starts=date(year, 1, 1),
        due=date(year, 12, 31),
        tag="高标准乡镇驿站",
        standard="青海“六有”",
        standard_source="统一标识名称、选址合理、设施完备、功能齐全、制度规范、上网上图",
        budget_yuan=Decimal(116 * 60_000),
        committed_yuan=Decimal(50 * 60_000),
        spent_yuan=Decimal(32 * 60_000),
        owner=_OWNER,
        areas=(PriorityArea(_MINHE, 2.0, "2023年12月地震受灾县"),),
        note="116个、民和等受灾县取自青海省的计划；除民和以外是哪些县、经费和纳入的站点都是演示设定。",
    )


def _shares(session: Session, target: int) -> dict[str, int]:
    """Share a target out by people, the largest remainders rounded up."""
    rows = session.execute(
        select(Region.code, Region.population).where(
            Region.level == "prefecture", Region.population.is_not(None), Region.merged_into.is_(None)
        )
    )
    people = {row.code: row.population or 0 for row in rows}
    whole = sum(people.values())
    exact = {code: target * count / whole for code, count in people.items()}
    found = {code: int(share) for code, share in exact.items()}
    rest = sorted(exact, key=lambda code: (found[code] - exact[code], code))
    for code in rest[: target - sum(found.values())]:
        found[code] += 1
    return {code: count for code, count in found.items() if count}


def _members(session: Session, counties: Sequence[str]) -> list[str]:
    """Choose the stations that carry the programme: all on their way, and some of those that are open."""
    rows = session.execute(
        select(Station.code, Station.lifecycle, Station.region_code)
        .where(
            Station.region_code.in_(counties),
            Station.kind.in_(words.REST_KINDS),
            Station.lifecycle.in_(("planned", "building", "open")),
            Station.withdrawn_reason.is_(None),
        )
        .order_by(Station.id)
    ).all()
    pending = [row.code for row in rows if row.lifecycle != "open"]
    turns: dict[str | None, int] = {}
    opened = []
    for row in rows:
        if row.lifecycle == "open":
            turns[row.region_code] = turns.get(row.region_code, 0) + 1
            opened.append((turns[row.region_code], row.code))
    # One of each county, then the next of each.
    return pending + [code for _, code in sorted(opened)[:_OPEN_MEMBERS]]


def _places(session: Session) -> list[TownshipRow]:
    """Return the gazetteer's places of Minhe as a list of points: some townships are in it, and some are not."""
    rows: Sequence[Any] = session.execute(
        select(Place.names["zh"].astext, queries.x(Place.location), queries.y(Place.location))
        .where(Place.region_code == _MINHE, Place.names["zh"].astext.is_not(None))
        .order_by(Place.id)
    ).all()
    return [TownshipRow(number, "", name, "", lon, lat) for number, (name, lon, lat) in enumerate(rows, 1)]
