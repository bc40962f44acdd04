"""What a plan stands on, as sentences: whose people, which ways, which candidates, how old all of it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.models import Place, RegistryInfo, Station
from web.i18n import say
from web.planner.ways_words import source_words

__all__ = ["ages", "sources"]


def sources(session: Session, basis: Mapping[str, Any]) -> list[str]:
    """Return the sources of a plan with their ages."""
    taken, found = basis.get("candidates") or 0, basis.get("candidates_found") or 0
    told = [
        say("人口：{source}，{n} 个有人的格子。", source=basis.get("demand", ""), n=f"{basis.get('cells', 0):,}"),
        say("路程：{source}。", source=source_words(basis)),
        say("现有站点 {n} 个算入。", n=f"{basis.get('stations', 0):,}"),
        say("候选点 {n} 个。", n=f"{taken:,}")
        if taken == found
        else say("候选点 {n} 个，是 {all} 个中所在格子人最多的。", n=f"{taken:,}", all=f"{found:,}"),
    ]  # fmt: skip
    if (barred := basis.get("refused") or 0) > 0:
        told.append(say("场地方不同意的 {n} 个候选点没有考虑。", n=f"{barred:,}"))
    told += [
        say("地名：{source}", source=credit)
        for credit in session.scalars(select(Place.credit).distinct().order_by(Place.credit).limit(5))
    ]
    return told + ages(session)


def ages(session: Session) -> list[str]:
    """Return how old the regions and the stations of the registry are, and whether it is a demonstration."""
    told: list[str] = []
    info = session.get(RegistryInfo, 1)
    if info is not None and info.regions_loaded_at is not None:
        told.append(say("区划载入于 {date}", date=f"{info.regions_loaded_at.astimezone(SHANGHAI):%Y-%m-%d}"))
    oldest, newest = session.execute(
        select(func.min(Station.verified_at), func.max(Station.verified_at))
    ).one()
    told.append(
        say("站点核实日期从 {oldest} 到 {newest}", oldest=f"{oldest:%Y-%m-%d}", newest=f"{newest:%Y-%m-%d}")
        if oldest
        else say("站点都还没有核实过")
    )
    if info is not None and info.demonstration:
        told.append(say("这是演示登记：站点是编造的，结果不能用来做决定。"))
    return told
