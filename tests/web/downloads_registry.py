"""A small registry whose stations differ in what files must tell of them."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.mainland import Mainland
from stations import vocabulary as words
from stations.hours import Hours
from stations.models import RegistryInfo, Source
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id

__all__ = ["fill"]

YES, NO = registry.AmenityFact(), registry.AmenityFact(words.Value.NO)
GUESSED = registry.AmenityFact(basis=words.Basis.INFERRED)
BROKEN = registry.AmenityFact(out_of_order=True)


def fill(session: Session) -> None:
    """Put some stations that differ in what files must tell."""
    mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))
    with acting(session, actor_id(session, OPERATOR), reason="test stations"):
        source = Source(
            code="list",
            name="民和县台账",
            licence="CC BY 4.0",
            retrieved_on=date(2026, 1, 2),
            url="https://a.cn",
        )
        session.add(source)
        session.flush()
        for at in range(12):
            station = registry.add(
                session,
                names={"zh": f"站点{at}号", "en": f"Station {at}"} if at else {"zh": "=1+1", "bo": "ས་ཚིགས།"},
                kind="rider_station" if at % 3 == 0 else "union_station",
                region_code="630102" if at < 8 else "630222",
                amenities={"microwave": YES, "toilet": NO, "seating": GUESSED, "wifi": BROKEN}
                if at % 2
                else None,
                hours=Hours("24/7" if at < 4 else "08:00-20:00" if at < 8 else None),
                address='一条,"长"\n街',
                source_id=source.id,
                capacity=at or None,
            )
            if at != 5:
                registry.locate(session, station, 101.45 + at / 50, 36.6, datum=Datum.WGS84, mainland=mask)
            if at == 11:
                registry.set_lifecycle(
                    session, station, words.Lifecycle.CLOSED, on=date(2026, 1, 3), reason="拆了"
                )
    session.commit()
