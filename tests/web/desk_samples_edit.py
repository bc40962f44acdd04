"""Sample requests of the pages that edit stations, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk_samples import Sample, World
from itsdangerous import URLSafeSerializer
from sqlalchemy import text

from stations.editing import bulk
from stations.editing.bulk import Task
from stations.editing.draft import empty, load
from stations.keeping import station_photos
from stations.registry.writing import acting
from web.settings import Settings

SETTINGS = Settings(secret_key="x" * 40)


def signed(purpose: str, salt: str, value: Any) -> str:
    """Sign a value as the page does that a form comes from."""
    serializer = URLSafeSerializer(
        SETTINGS.key_for(purpose), salt=salt, serializer_kwargs={"ensure_ascii": False}
    )
    return str(serializer.dumps(value))


def base(world: World, code: str) -> str:
    """Return the state that a form of a station begins from."""
    draft = load(world.session, code) if code else empty()
    return signed("edit", "draft-1", [draft.code, draft.seq, dict(draft.fields)])


def code(world: World) -> dict[str, Any]:
    """Add a station whose code the address names."""
    made = {"code": world.station().code}
    next_commit(world)
    return made


def photo(world: World) -> dict[str, Any]:
    """Put a photo to a new station."""
    made = code(world)
    with acting(world.session, world.operator, reason="sample"):
        number = station_photos.put(world.session, made["code"], f"{world.number():064x}", shows="door")
    next_commit(world)
    return made | {"photo_id": number}


def edited(world: World, values: Mapping[str, Any]) -> dict[str, Any]:
    """Fill the form of a station with a change."""
    return {"base": base(world, values["code"]), "phone": "0972-8522222"}


def added(world: World, _: Mapping[str, Any]) -> dict[str, Any]:
    """Fill the form of a station that is new."""
    return {
        "base": base(world, ""),
        "name.zh": f"新样站{world.number()}",
        "region_code": world.county,
        "insist": "1",
    }


def previewed(world: World, _: Mapping[str, Any]) -> dict[str, Any]:
    """Preview a change as somebody who may make it."""
    chosen = [code(world)["code"]]
    task = Task({"fee": "free"})
    marks = bulk.preview(world.session, chosen, task, actor=world.operator).marks
    return {"preview": signed("bulk", "bulk-1", [chosen, marks, {"fee": "free"}, None, "sample"])}


def next_commit(world: World) -> None:
    """Let the next writer begin a commit of its own."""
    world.session.execute(text("SELECT set_config('yz.commit', '', true)"))


AIDS = {"words": "24小时", "text": "102.1,36.6", "lon": "102.1", "lat": "36.6"}
SAMPLES: dict[tuple[str, str], Sample] = {
    ("POST", "/desk/aids/hours"): Sample(form=AIDS),
    ("POST", "/desk/aids/paste"): Sample(form=AIDS),
    ("POST", "/desk/aids/place"): Sample(form=AIDS),
    # Another county is refused in words at the field, with 422: tests/web/test_desk_edit.py.
    ("POST", "/desk/stations/new"): Sample(form=added, ok=(303,)),
    ("GET", "/desk/stations/<code>"): Sample(values=code, bound=True),
    ("POST", "/desk/stations/<code>"): Sample(values=code, form=edited, bound=True, ok=(303,)),
    ("POST", "/desk/stations/<code>/withdraw"): Sample(
        values=code,
        form=lambda world, values: {"base": base(world, values["code"]), "why": "重复登记"},
        bound=True,
    ),
    ("GET", "/desk/stations/<code>/photos"): Sample(values=code, bound=True),
    ("POST", "/desk/stations/<code>/photos"): Sample(values=code, form={"shows": "door"}, bound=True),
    ("POST", "/desk/stations/<code>/photos/<int:photo_id>"): Sample(
        values=photo, form={"action": "change", "shows": "inside"}, bound=True
    ),
    ("GET", "/desk/stations/<code>/photos/<digest>.jpg"): Sample(
        values=lambda world: code(world) | {"digest": "0" * 64}, ok=(404,)
    ),
    ("POST", "/desk/stations/bulk"): Sample(form=lambda world, _: code(world)),
    ("POST", "/desk/stations/bulk/preview"): Sample(
        form=lambda world, _: {"chosen": signed("bulk", "bulk-1", [code(world)["code"]]), "fee": "free"}
    ),
    ("POST", "/desk/stations/bulk/apply"): Sample(form=previewed, bound=True, ok=(303,)),
}
