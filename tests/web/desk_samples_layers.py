"""Sample requests of the pages of demand layers, for the matrix of roles."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desk_samples import Sample, World
from sqlalchemy import text

from stations.keeping import inbox
from stations.keeping.uploads import Kept
from stations.planning import layers
from stations.planning.layer_files import Reading
from stations.planning.layers import Facts
from stations.registry.writing import acting

CSV = "经度,纬度,订单量\n102.1,36.6,5\n101.5,36.6,7\n".encode()
FORM = {
    "name": "样本", "counts": "orders_noon", "unit": "单", "source": "平台", "licence": "", "year": "2026",
    "weight": "订单量", "lon": "经度", "lat": "纬度", "datum": "gcj02",
}  # fmt: skip


def layer(world: World) -> Mapping[str, Any]:
    """Keep a layer of two points, added by the operator."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        path.write_bytes(CSV)
        with acting(world.session, world.operator, reason="sample"):
            made = layers.add(
                world.session, path, Facts(f"样本{world.number()}", "orders_noon", "单", "平台"),
                Reading.of_dict({"datum": "wgs84"}), actor=world.operator, now=datetime(2026, 7, 1, tzinfo=UTC),
            )  # fmt: skip
    return {"layer_id": made.id}


def upload(world: World) -> Mapping[str, Any]:
    """Note a file of a layer that was sent by who asks and is not kept any more."""
    made = inbox.add(
        world.session,
        Kept("0" * 64, "订单.csv", 10),
        actor=world.operator,
        choices={"layer": True, "part": None},
    )
    if world.member.role in {"planner", "administrator"}:
        with acting(world.session, world.operator, reason="sample"):
            world.session.execute(
                text("UPDATE uploads SET actor_id = :member WHERE id = :id"),
                {"member": world.member.id, "id": made},
            )
    return {"upload_id": made}


SAMPLES: dict[tuple[str, str], Sample] = {
    ("POST", "/desk/planner/layers/files"): Sample(form={}, ok=(400,)),
    ("GET", "/desk/planner/layers/<int:layer_id>"): Sample(values=layer, ok=(200,)),
    ("GET", "/desk/planner/layers/<int:layer_id>/picture.svg"): Sample(values=layer, ok=(200,)),
    ("GET", "/desk/planner/layers/files/<int:upload_id>"): Sample(values=upload, ok=(303,)),
    ("POST", "/desk/planner/layers/files/<int:upload_id>"): Sample(values=upload, form=FORM, ok=(303,)),
    ("POST", "/desk/planner/layers/files/<int:upload_id>/discard"): Sample(values=upload, ok=(303,)),
    **{
        (method, "/desk/planner/layers/<int:layer_id>/remove"): Sample(values=layer, form={"reason": "样本"})
        for method in ("GET", "POST")
    },
}
