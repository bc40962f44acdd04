"""Sample requests of the pages about imports and long work, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk_samples import Sample, World
from sqlalchemy import text

from stations import jobs
from stations.keeping import inbox
from stations.keeping.uploads import Kept
from stations.registry.writing import acting

#: Roles that may import.
WRITERS = {"editor", "administrator"}


def hand_over(world: World, table: str, row: int) -> None:
    """Make who asks the owner of something that the operator made, where they may import; nothing counts as their doing."""
    if world.member.role in WRITERS:
        with acting(world.session, world.operator, reason="sample"):
            world.session.execute(
                text(f"UPDATE {table} SET actor_id = :member WHERE id = :id"),
                {"member": world.member.id, "id": row},
            )


def batch(world: World, *, status: str = "judged") -> Mapping[str, Any]:
    """Write a batch of one row as judging leaves it."""
    number = world.number()
    with acting(world.session, world.operator, reason="sample"):
        made = world.session.scalar(
            text("""
                WITH source AS (INSERT INTO sources (code, name) VALUES (:code, :code) RETURNING id)
                INSERT INTO import_batches (source_id, actor_id, file_name, sha256, options, counts, status)
                SELECT id, :actor, '样表.csv', repeat('0', 64), '{}', '{"new": 1}', :status FROM source RETURNING id
            """),
            {"code": f"sample-{number}", "actor": world.operator, "status": status},
        )
        world.session.execute(
            text("""
                INSERT INTO import_rows (batch_id, row_number, verdict, received, after)
                VALUES (:batch, 2, 'new', '{"名称": "样站"}', '{"names": {"zh": "样站"}}')
            """),
            {"batch": made},
        )
    assert made is not None
    hand_over(world, "import_batches", made)
    return {"batch_id": made}


def upload(world: World) -> Mapping[str, Any]:
    """Note a file that was sent and is not kept any more."""
    kept = Kept("0" * 64, "样表.csv", 10)
    choices = {"source": {"code": f"sample-{world.number()}"}}
    made = inbox.add(world.session, kept, actor=world.operator, choices=choices)
    hand_over(world, "uploads", made)
    return {"upload_id": made}


def work(world: World, *, ended: bool = False) -> Mapping[str, Any]:
    """Ask for a piece of work that no worker knows, for who asks."""
    made = jobs.enqueue(world.session, "sample", {}, actor=world.operator)
    if ended:
        jobs.cancel(world.session, made, actor=world.operator)
    world.session.execute(
        text("UPDATE work SET actor_id = :member WHERE id = :id"), {"member": world.member.id, "id": made}
    )
    return {"work_id": made}


SAMPLES: dict[tuple[str, str], Sample] = {
    ("POST", "/desk/imports/new"): Sample(form={"source": "new"}, ok=(400,)),
    ("GET", "/desk/imports/ledger.xlsx"): Sample(query={"region": "630222"}),
    ("GET", "/desk/imports/files/<int:upload_id>"): Sample(values=upload),
    ("POST", "/desk/imports/files/<int:upload_id>"): Sample(values=upload),
    ("POST", "/desk/imports/files/<int:upload_id>/discard"): Sample(values=upload),
    ("GET", "/desk/imports/<int:batch_id>"): Sample(values=batch),
    ("GET", "/desk/imports/<int:batch_id>/map"): Sample(values=batch),
    ("POST", "/desk/imports/<int:batch_id>/decide"): Sample(
        values=batch, form={"verdict": "new", "choice": "reject"}
    ),
    ("POST", "/desk/imports/<int:batch_id>/discard"): Sample(values=batch),
    ("GET", "/desk/imports/<int:batch_id>/apply"): Sample(values=batch),
    ("POST", "/desk/imports/<int:batch_id>/apply"): Sample(values=batch),
    ("POST", "/desk/imports/<int:batch_id>/judge"): Sample(values=batch, ok=(404,)),
    ("GET", "/desk/imports/<int:batch_id>/undo"): Sample(values=lambda world: batch(world, status="applied")),
    ("POST", "/desk/imports/<int:batch_id>/undo"): Sample(
        values=lambda world: batch(world, status="applied")
    ),
    ("GET", "/desk/imports/<int:batch_id>/file"): Sample(values=batch, ok=(404,)),
    ("GET", "/desk/imports/<int:batch_id>/rejects.<any(csv, xlsx):form>"): Sample(
        values=lambda world: {**batch(world), "form": "xlsx"}
    ),
    ("GET", "/desk/work/<int:work_id>"): Sample(values=work),
    ("GET", "/desk/work/<int:work_id>.json"): Sample(values=work),
    ("POST", "/desk/work/<int:work_id>/cancel"): Sample(values=work),
    ("POST", "/desk/work/<int:work_id>/again"): Sample(values=lambda world: work(world, ended=True)),
}
