"""A registry for tests of siting: five places with people on one line, 4 km and more apart, and one station.

Fifteen minutes on foot reach a kilometre or so, so a candidate reaches the people of its own place, and 丁 those of 戊 too.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from stations.models import Place, Region
from stations.registry.registry import add
from stations.registry.writing import acting

#: name: (lon, people, county), all at latitude 36.6
PLACES = {
    "甲": (101.500, 5_000, "630102"),
    "乙": (101.550, 1_000, "630102"),
    "丙": (101.700, 3_000, "630103"),
    "丁": (101.900, 2_000, "630202"),
    "戊": (102.100, 4_000, "630222"),
}


def fill(session: Session, operator: int) -> None:
    """Give the squares their people, and 甲 a station that is open by day."""
    from stations.hours import Hours

    with acting(session, operator, reason="people and a station"):
        for county in {county for *_, county in PLACES.values()}:
            region = session.get(Region, county)
            assert region is not None
            region.population = sum(people for _, people, at in PLACES.values() if at == county)
        for name, (lon, people, county) in PLACES.items():
            session.add(
                Place(
                    source="test", source_id=name, names={"zh": name}, location=f"SRID=4326;POINT({lon} 36.6)",
                    population=people, region_code=county, credit="test",
                )
            )  # fmt: skip
        door = add(
            session, names={"zh": "东站"}, kind="union_station", region_code="630102",
            hours=Hours("Mo-Su 08:00-20:00"),
        )  # fmt: skip
        door.location = "SRID=4326;POINT(101.5 36.6)"  # type: ignore[assignment]
