"""The small registry behind the tests of what is made for other people's sites."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from conftest import fill_squares
from geo.datum import Datum
from geo.mainland import Mainland
from stations.hours import Hours
from stations.models import Place, RegistryInfo
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
HOSTILE = "<script>document.title='taken'</script>${7*191}{{7*191}}"
SITE = "https://map.example.org"


def fill_for_embeds(session: Session) -> dict[str, str]:
    """Make six stations; return their codes by name."""
    actor = actor_id(session, OPERATOR)
    fill_squares(session, actor)
    mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))
    codes = {}

    def put(name: str, lon: float | None, hours: str | None, **facts: Any) -> None:
        given = {"kind": "union_station", "region_code": "630102", "names": {"zh": name}} | facts
        made = registry.add(session, hours=Hours(hours), **given)
        if lon is not None:
            registry.locate(session, made, lon, 36.6, datum=Datum.WGS84, mainland=mask)
        codes[name] = made.code

    yes = registry.AmenityFact()
    with acting(session, actor, reason="embed test"):
        put("东大街驿站", 101.50, "08:00-20:00", names={"zh": "东大街驿站", "en": "East Street"}, amenities={"microwave": yes},
            access="open_door", address="东大街12号")  # fmt: skip
        put(HOSTILE, 101.51, "24/7", kind="rider_station")
        put("下午驿站", 101.55, "14:00-18:00")
        put("未定位驿站", None, "24/7")
        put("维权中心", 101.70, "24/7", kind="rights_centre", region_code="630103")
        put(
            "装修驿站",
            101.54,
            "24/7",
            lifecycle="suspended",
            lifecycle_since=date(2026, 1, 1),
            lifecycle_reason="装修",
        )
        for name, lon, county in (("川口", 102.1, "630222"), ("城东", 101.5, "630102")):
            session.add(
                Place(source="t", source_id=name, names={"zh": name}, population=3000, region_code=county,
                      location=f"SRID=4326;POINT({lon} 36.6)", credit="GeoNames, CC BY 4.0")
            )  # fmt: skip
    return codes


Make = Callable[..., FlaskClient]
"""Makes a client of an application with other settings."""
