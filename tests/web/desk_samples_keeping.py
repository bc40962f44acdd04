"""Sample requests of the pages about reports, history and the work list, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from desk_samples import Sample, World
from sqlalchemy import select, text

from stations.keeping import deciding, reports
from stations.keeping.deciding import Remedy
from stations.keeping.marks import Occasion, Speaker
from stations.keeping.reports import Saying
from stations.models import Commit
from stations.registry.writing import PUBLIC, acting, actor_id


def next_commit(world: World) -> None:
    """Let the next writer begin a commit of its own."""
    world.session.execute(text("SELECT set_config('yz.commit', '', true)"))


def report(world: World, **said: Any) -> int:
    """Report something of a new station of the county, as the public."""
    code = world.station().code
    next_commit(world)
    now = datetime.now(UTC)
    saying = Saying.of(client_id=uuid4(), choice="amenity_broken", amenity="microwave", **said)
    with acting(world.session, actor_id(world.session, PUBLIC), reason="said by the public"):
        occasion = Occasion(Speaker(uuid4(), "203.0.113.0/24"), now, b"x", timedelta(hours=72))
        made = reports.say(world.session, code, saying, occasion).id
    next_commit(world)
    return made


def decided(world: World) -> int:
    """Report something and accept it."""
    made = report(world)
    now = datetime.now(UTC)
    deciding.accept(world.session, [made], actor=world.operator, now=now, remedy=Remedy.OUT_OF_ORDER)
    next_commit(world)
    return made


def changed(world: World, *, batch: int | None = None) -> int:
    """Change a new station of the county; returns the number of the commit."""
    station = world.station()
    next_commit(world)
    with acting(world.session, world.operator, reason="sample", batch=batch):
        station.phone = "12351"
    # Numbered now and not at the end, so that the address can name it.
    world.session.execute(text("SET CONSTRAINTS number_commit IMMEDIATE"))
    seq = world.session.scalars(select(Commit.seq).order_by(Commit.id.desc()).limit(1)).one()
    assert seq is not None
    return seq


def batch(world: World) -> Mapping[str, Any]:
    """Change a new station of the county under the number of a batch."""
    number = 1_000_000 + world.number()
    changed(world, batch=number)
    return {"batch": number}


SAMPLES: dict[tuple[str, str], Sample] = {
    ("GET", "/desk/todo/<job>"): Sample(values=lambda _: {"job": "unlocated"}),
    ("POST", "/desk/promises"): Sample(form={"kind": "care_clinic", "days": "200"}, ok=(303, 403)),
    ("POST", "/desk/reports/decide"): Sample(
        form=lambda world, _: {"reports": str(report(world)), "act": "out_of_order"}, bound=True
    ),
    ("POST", "/desk/reports/<int:report_id>/release"): Sample(
        values=lambda world: {"report_id": report(world, words="门口有水")},
        form={"show": "words"},
        bound=True,
    ),
    ("POST", "/desk/reports/reopen"): Sample(
        form=lambda world, _: {"reports": str(decided(world))}, bound=True
    ),
    ("GET", "/desk/kept-photos/<digest>.jpg"): Sample(values=lambda _: {"digest": "0" * 64}, ok=(404,)),
    ("GET", "/desk/stations/<code>/history"): Sample(values=lambda world: {"code": world.station().code}),
    ("GET", "/desk/history/<int:seq>"): Sample(values=lambda world: {"seq": changed(world)}),
    ("GET", "/desk/history/<int:seq>/revert"): Sample(values=lambda world: {"seq": changed(world)}),
    ("POST", "/desk/history/<int:seq>/revert"): Sample(
        values=lambda world: {"seq": changed(world)}, form={"reason": "录错了"}, bound=True
    ),
    ("GET", "/desk/history/batches/<int:batch>/revert"): Sample(values=batch),
    ("POST", "/desk/history/batches/<int:batch>/revert"): Sample(
        values=batch, form={"reason": "录错了"}, bound=True
    ),
}
