"""Sample requests of the pages about inspections, findings, honours and checklists, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from desk_samples import Sample, World
from desk_samples_keeping import next_commit
from sqlalchemy import select

from stations.keeping.inspecting import documents, honouring, library, record
from stations.keeping.inspecting.rating import Answer
from stations.keeping.inspecting.record import Announced, Draft, ItemFound
from stations.models import Finding, Inspection, InspectionPhoto
from stations.registry.writing import acting

_STARS = "star-scheme"


def published(world: World) -> Mapping[str, Any]:
    """Publish the example of stars."""
    with acting(world.session, world.operator, reason="sample"):
        library.publish(world.session, documents.shipped()[_STARS])
    next_commit(world)
    return {"code": _STARS, "version": 1}


def inspected(world: World) -> Inspection:
    """Inspect a new station of the county: all is well but the water."""
    published(world)
    station = world.station()
    next_commit(world)
    found = {
        item.code: ItemFound(Answer.YES) for item in documents.shipped()[_STARS].items if item.kind == "check"
    }
    found["water"] = ItemFound(Answer.NO, "没有水", date.today() + timedelta(days=7))  # noqa: DTZ011
    draft = Draft(uuid4(), _STARS, 1, found, "open", photos=(Announced(uuid4(), "water"),))
    with acting(world.session, world.operator, reason="sample"):
        made = record.record(
            world.session, station.code, draft, inspector=world.operator, now=datetime.now(UTC)
        ).id
    next_commit(world)
    return world.session.get_one(Inspection, made)


def number(world: World) -> Mapping[str, Any]:
    return {"inspection_id": inspected(world).id}


def finding(world: World) -> Mapping[str, Any]:
    made = inspected(world).id
    return {
        "finding_id": world.session.scalars(select(Finding.id).where(Finding.inspection_id == made)).one()
    }


def photo(world: World) -> Mapping[str, Any]:
    made = inspected(world)
    announced = world.session.scalars(
        select(InspectionPhoto.client_id).where(InspectionPhoto.inspection_id == made.id)
    ).one()
    return {"inspection": str(made.client_id), "photo": str(announced)}


def honour(world: World) -> Mapping[str, Any]:
    code = world.station().code
    next_commit(world)
    with acting(world.session, world.operator, reason="sample"):
        made = honouring.give(
            world.session,
            title="最美驿站",
            level="county",
            year=2024,
            today=date(2026, 1, 1),
            station_code=code,
        )
    next_commit(world)
    return {"honour_id": made}


SAMPLES: dict[tuple[str, str], Sample] = {
    # A phone says what it sends in JSON; what it says of the station is looked at only once it is read.
    ("POST", "/desk/door/inspections"): Sample(json={"id": "x"}, ok=(400,)),
    ("POST", "/desk/door/inspections/<inspection>/photos/<photo>"): Sample(
        values=photo, form={"left_out": "1"}, bound=True
    ),
    ("GET", "/desk/door/shell/<language>"): Sample(values=lambda _: {"language": "zh"}),
    ("GET", "/desk/inspections/<int:inspection_id>"): Sample(values=number),
    ("POST", "/desk/inspections/<int:inspection_id>/withdraw"): Sample(
        values=number, form={"reason": "填错了"}, bound=True
    ),
    ("POST", "/desk/inspections/<int:inspection_id>/rate"): Sample(
        values=number, form={"level": "county"}, bound=True
    ),
    ("GET", "/desk/inspections/photos/<digest>.jpg"): Sample(
        values=lambda _: {"digest": "0" * 64}, ok=(404,)
    ),
    ("GET", "/desk/findings/<int:finding_id>"): Sample(values=finding),
    ("POST", "/desk/findings/<int:finding_id>/act"): Sample(
        values=finding, form={"act": "check"}, bound=True
    ),
    ("POST", "/desk/checklists/new"): Sample(form={"shipped": "zhejiang-classes"}, ok=(303, 403)),
    ("GET", "/desk/checklists/<code>/<int:version>"): Sample(values=published),
    ("GET", "/desk/checklists/<code>/<int:version>.<form>"): Sample(
        values=lambda world: {**published(world), "form": "toml"}
    ),
    ("POST", "/desk/honours/new"): Sample(
        form=lambda world, _: {
            "title": "最美驿站",
            "level": "county",
            "year": "2024",
            "station": world.station().code,
        },
        bound=True,
    ),
    ("POST", "/desk/honours/<int:honour_id>/revoke"): Sample(
        values=honour, form={"reason": "不再达标"}, bound=True
    ),
}
