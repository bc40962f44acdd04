"""The plan of sites that the demonstration begins with: twenty of some hundred invented hosts, searched and kept as any other."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.demo.ground import grounds, share_out
from stations.hours import SHANGHAI
from stations.planning import CoverageQuestion
from stations.planning.siting import (
    Further,
    Offer,
    SitingQuestion,
    Source,
    candidate_lists,
    plans,
    propose,
)
from stations.registry.areas import Areas
from stations.registry.writing import DEMONSTRATION, acting, actor_id

__all__ = ["LIST", "PLAN", "add_plan"]

LIST: Final = "社区大厅与合作单位（演示）"
PLAN: Final = "新建20个站点，优先照顾震区（演示）"
_NOTE: Final = "候选点、依托单位、意向和造价都是为演示编的。"
_CANDIDATES, _COUNT = 400, 20
#: Weight of the counties that the second programme of the demonstration is about.
_QUAKE_HIT: Final = (("630222", 2.0),)
_KINDS: Final = (
    ("社区办事服务大厅", "社区居委会", "社区办事服务大厅"),
    ("邮政网点", "邮政分公司", "快递网点"),
    ("农商银行网点", "农商银行", "银行网点"),
    ("加油站", "石油分公司", "加油站"),
    ("药房", "连锁药房", "药房"),
)
_CONSENT: Final = ("同意", "同意", "洽谈中", "", "不同意")
#: Yuan that a station is reported to cost, least and most.
_COST: Final = (38_000, 83_000)
_SECONDS: Final = 8.0


def add_plan(session: Session, *, now: datetime) -> int:
    """Bring the hosts and keep the plan; return its number.

    Written by the demonstration's own actor; the same registry gets the same hosts. Takes some seconds.
    """
    actor = actor_id(session, DEMONSTRATION)
    noon = now.astimezone(SHANGHAI).replace(hour=12, minute=0, second=0, microsecond=0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hosts.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [
                    ("编号", "名称", "经度", "纬度", "依托单位", "场所类型", "是否同意", "造价（元）"),
                    *_hosts(session),
                ]
            )
        with acting(session, actor, reason="the demonstration has hosts that could have a station"):
            candidate_lists.add(
                session, path, name=LIST, source="演示数据，编造", datum=Datum.WGS84, actor=actor, now=now
            )
    areas = Areas.load(session)
    question = SitingQuestion(
        reach=CoverageQuestion(at=noon, around_the_clock=True),
        offer=Offer(Source.LIST, LIST),
        count=_COUNT,
        cost=float(sum(_COST) / 2),
        priority=tuple(each for each in _QUAKE_HIT if each[0] in areas),
        spacing_m=500.0,
        seconds=_SECONDS,
        further=Further(alternatives=2, differing=3, runs=10),
    )
    began = time.monotonic()
    found = propose(session, question, now=now)
    with acting(session, actor, reason="the demonstration has a plan of sites"):
        plan = plans.ask(session, question, title=PLAN, actor=actor, note=_NOTE)
        plans.finish(session, plan.id, found, now=now, seconds=time.monotonic() - began)
    return plan.id


def _hosts(session: Session) -> Iterator[tuple[str, str, float, float, str, str, str, int]]:
    """Invent hosts near the places of every county, more where more people are."""
    random = Random(20_240_601)  # noqa: S311 - the same hosts for everybody
    lands = grounds(session, Areas.load(session))
    number = 0
    for land, share in zip(lands, share_out(lands, _CANDIDATES), strict=True):
        weights = [anchor.people for anchor in land.anchors]
        for _ in range(share):
            anchor = random.choices(land.anchors, weights)[0]
            lon, lat = anchor.near(random)
            what, host, premises = random.choice(_KINDS)
            number += 1
            yield (
                f"H{number:03d}",
                f"{anchor.name}{what}{number}号（演示）",
                round(lon, 6),
                round(lat, 6),
                f"{land.name}{host}（演示）",
                premises,
                random.choice(_CONSENT),
                round(random.uniform(*_COST) / 100) * 100,
            )
