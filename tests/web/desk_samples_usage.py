"""Sample requests of the pages of use, for the matrix of roles."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from typing import Any

from desk_samples import Sample, World
from sqlalchemy import select, text

from stations.keeping import usage
from stations.keeping.usage import Entry
from stations.keeping.usage_words import Counted, Period
from stations.models import Station, Visits
from stations.registry.writing import acting

MARCH = Period(date(2025, 3, 1), date(2025, 4, 1))


def code(world: World) -> dict[str, Any]:
    """Add a station with a figure."""
    station = world.station()
    world.session.execute(text("SELECT set_config('yz.commit', '', true)"))
    with acting(world.session, world.operator, reason="sample"):
        usage.put(world.session, [Entry(station.id, MARCH, Counted(100))], how="typed")
    return {"code": station.code}


def figure(world: World, values: Mapping[str, Any]) -> dict[str, Any]:
    """Name the figure of that station."""
    of = select(Station.id).where(Station.code == values["code"]).scalar_subquery()
    return {"figure": str(world.session.scalar(select(Visits.id).where(Visits.station_id == of)))}


def typed(world: World, _: Mapping[str, Any]) -> dict[str, Any]:
    """Fill the form for a new station."""
    return {"station": world.station().code, "period": "2025-03", "visits": "420", "occupation": ""}


def sent(world: World, _: Mapping[str, Any]) -> dict[str, Any]:
    """Send a list of one row."""
    made = world.station().code
    return {"files": (io.BytesIO(f"站点编号,月份,人次\n{made},2025-04,9\n".encode()), "人次.csv")}


SAMPLES: dict[tuple[str, str], Sample] = {
    # Another county's station is not found, and that is said at the field: tests/web/test_usage_desk.py.
    ("POST", "/desk/usage/typed"): Sample(form=typed, ok=(303,)),
    ("POST", "/desk/usage/list"): Sample(form=sent, ok=(200,)),
    ("GET", "/desk/usage/<code>"): Sample(values=code),
    ("POST", "/desk/usage/<code>/remove"): Sample(values=code, form=figure, bound=True, ok=(303,)),
}
