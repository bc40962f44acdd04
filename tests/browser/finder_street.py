"""A street of stations that differ in hours, amenities and access, and how a test reads the finder's list."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page
from sqlalchemy.orm import Session

from conftest import fill_squares
from geo.datum import Datum
from geo.mainland import Mainland
from stations.hours import Calendar, Hours
from stations.models import Place, RegistryInfo
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import Basis, Value

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=SHANGHAI)
HERE = "/?near=101.5000,36.6000"
#: A metre of longitude at 36.6 degrees north, in degrees.
METRE = 1 / 89_500
HOSTILE = "<img src=x onerror=alert(1)>${7*191}"
Fact = registry.AmenityFact


def fill(session: Session) -> None:
    """Make a street of stations that differ in hours, amenities and access, east of 101.5, 36.6."""
    actor = actor_id(session, OPERATOR)
    fill_squares(session, actor)
    mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))

    def put(name: str, metres: float, hours: Hours, **facts: Any) -> None:
        facts = {"kind": "rider_station", "region_code": "630102", "names": {"zh": name}} | facts
        made = registry.add(session, hours=hours, **facts)
        registry.locate(session, made, 101.5 + metres * METRE, 36.6, datum=Datum.WGS84, mainland=mask)

    with acting(session, actor, reason="browser test"):
        put("快关门驿站", 300, Hours("08:00-12:03"), access="open_door")
        put(
            "白天驿站", 600, Hours("06:00-23:00"), access="open_door", address="东大街12号", directions="左侧玻璃门",
            names={"zh": "白天驿站", "en": "Day station", "bo": "ཟི་ལིང་།"},
            amenities={
                "drinking_water": Fact(basis=Basis.OBSERVED), "microwave": Fact(out_of_order=True),
                "toilet": Fact(Value.NO), "seating": Fact(basis=Basis.INFERRED),
            },
        )  # fmt: skip
        put("分段驿站", 660, Hours("08:00-12:00,14:00-18:00"), access="scan")
        put("夜班驿站", 700, Hours("22:00-02:00"), access="open_door")
        put("电话驿站", 900, Hours(None), phone="0971-6123456转801、12351")
        put("无电话驿站", 120, Hours(None))
        put("工作日驿站", 1000, Hours("Mo-Fr 08:30-17:00", Calendar.OFFICIAL), access="open_door")
        put(HOSTILE, 1300, Hours("08:00-20:00"), address=HOSTILE, access="open_door")
        for name, lon in (("川口镇", 101.52), ("远方", 108.0)):
            session.add(
                Place(source="t", source_id=name, names={"zh": name}, location=f"SRID=4326;POINT({lon} 36.6)",
                      population=3000, region_code="630102", credit="GeoNames, CC BY 4.0")
            )  # fmt: skip


def names(page: Page) -> list[str]:
    return page.locator(".find-name").all_inner_texts()


def row(page: Page, name: str) -> Any:
    return page.locator(
        "li.find", has=page.locator(".find-name", has_text=re.compile(f"^{re.escape(name)}$"))
    )
