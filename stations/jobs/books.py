"""The books of long work: who asked for what, how far it is, how it ended; and what becomes of work that broke off.

A row of ``work`` is written by whoever asks and by the worker that does it. Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import orjson
from sqlalchemy import BigInteger, CursorResult, Text, bindparam, delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from stations.errors import Conflict, NotAllowed, NotFound
from stations.jobs import queue
from stations.jobs.queue_schema import SCHEMA
from stations.models import Work
from stations.registry.writing import OPERATOR, actor_id

__all__ = [
    "MOST_ATTEMPTS",
    "Progress",
    "again",
    "cancel",
    "enqueue",
    "latest",
    "lock_of",
    "progress",
    "recent",
    "recover",
    "sweep",
]

#: Times that a piece of work is begun before it is left as stopped: one that kills its worker must not do so for ever.
MOST_ATTEMPTS: Final = 3
_LOCK_SPACE: Final = 7_265_223
#: After how long without a sign of life a page says that the work was broken off.
_SILENT_S: Final = 8.0
_KEPT: Final = timedelta(days=30)
_NOT_ALLOWED: Final = "42501"

_INSERT: Final = text("""
    INSERT INTO work (kind, subject, key, arguments, actor_id)
    VALUES (:kind, :subject, :key, CAST(:arguments AS jsonb), :actor)
    ON CONFLICT (key) WHERE state IN ('waiting', 'running') DO NOTHING RETURNING id
""")
_CANCEL: Final = text("""
    UPDATE work SET cancel_requested_at = clock_timestamp(),
        state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END,
        finished_at = CASE state WHEN 'waiting' THEN clock_timestamp() END
    WHERE id = :id AND state IN ('waiting', 'running') RETURNING state, job_id
""")
_REOPEN: Final = text("""
    UPDATE work SET state = 'waiting', attempts = :attempts, step = NULL, progress = NULL, error = NULL, result = NULL,
        finished_at = NULL, cancel_requested_at = NULL, started_at = NULL, heartbeat_at = NULL
    WHERE id = :id
""")
_STOP: Final = text("""
    UPDATE work SET state = CASE WHEN cancel_requested_at IS NULL THEN 'stopped' ELSE 'cancelled' END,
        finished_at = clock_timestamp() WHERE id = :id
""")
# What waits has a job that waits too, or one in the hands of a worker that lives.
_ABANDONED: Final = text(f"""
    SELECT w.id, w.kind, w.state, w.attempts, w.job_id, w.cancel_requested_at FROM work w
    WHERE w.state = 'running' OR (w.state = 'waiting' AND NOT EXISTS (
        SELECT FROM {SCHEMA}.procrastinate_jobs j
        LEFT JOIN {SCHEMA}.procrastinate_workers k
            ON k.id = j.worker_id AND k.last_heartbeat > now() - make_interval(secs => :stalled)
        WHERE j.id = w.job_id AND (j.status = 'todo' OR (j.status = 'doing' AND k.id IS NOT NULL))))
    ORDER BY w.id FOR UPDATE OF w SKIP LOCKED
""")  # noqa: S608 - the schema is a constant
_NOBODY_HOLDS: Final = text("SELECT pg_try_advisory_xact_lock(:space, :id)")
_STANDS: Final = text(f"""
    SELECT w.*, w.heartbeat_at < clock_timestamp() - make_interval(secs => :silent) AS silent,
        (SELECT count(*) FROM work b WHERE b.state = 'waiting' AND b.id < w.id) AS ahead,
        EXISTS (SELECT FROM {SCHEMA}.procrastinate_workers
                WHERE last_heartbeat > now() - make_interval(secs => :stalled)) AS served
    FROM work w WHERE (w.id = :id OR :id IS NULL) AND (w.actor_id = :actor OR :actor IS NULL)
        AND (w.key = :key OR :key IS NULL)
    ORDER BY w.id DESC LIMIT :limit
""").bindparams(  # noqa: S608
    bindparam("id", type_=BigInteger),
    bindparam("actor", type_=BigInteger),
    bindparam("key", type_=Text),
    silent=_SILENT_S,
    stalled=queue.STALLED_S,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How a piece of work stands.

    state: as kept, or ``interrupted`` where it should run and nobody gives a sign of life. progress: 0 to 1, None
    before anything is known. ahead: pieces of work before it in the queue. served: whether any worker lives.
    """

    id: int
    kind: str
    subject: str
    arguments: Mapping[str, Any]
    actor_id: int
    state: str
    attempts: int
    step: str | None
    progress: float | None
    result: Mapping[str, Any] | None
    error: str | None
    made_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancelling: bool
    ahead: int
    served: bool

    @property
    def ended(self) -> bool:
        """Whether nothing more comes by itself."""
        return self.finished_at is not None


def enqueue(
    session: Session,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    actor: int,
    subject: str = "",
    key: str | None = None,
) -> int:
    """Ask for a piece of work in this transaction; it begins once that is committed. Returns its id.

    kind: what a worker knows it by. arguments: as JSON holds them. subject: what it is about, in words. key: while
    work with the same key waits or runs, its id is returned and nothing is added: a button pressed twice asks once.
    Raises NotAllowed for an actor without any role.
    """
    _as(session, actor)
    values = {
        "kind": kind,
        "subject": subject,
        "key": key,
        "arguments": _json(arguments),
        "actor": actor,
    }
    try:
        made = session.scalar(_INSERT, values)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _NOT_ALLOWED:
            raise NotAllowed(f"the member of staff {actor} has no role and cannot ask for work") from error
        raise
    if made is None:
        found = session.scalar(select(Work.id).where(Work.key == key, Work.state.in_(("waiting", "running"))))
        # It ended between the two statements, so the key is free.
        return (
            enqueue(session, kind, arguments, actor=actor, subject=subject, key=key)
            if found is None
            else found
        )
    _put(session, made)
    return int(made)


def progress(session: Session, work_id: int) -> Progress:
    """Return how a piece of work stands. Raises NotFound."""
    found = _stand(session, work_id=work_id)
    if not found:
        raise NotFound(f"there is no work {work_id}; what ended is forgotten after {_KEPT.days} days")
    return found[0]


def latest(session: Session, key: str) -> Progress | None:
    """Return how the newest piece of work with a key stands; None where none is known any more."""
    return next(iter(_stand(session, key=key)), None)


def recent(session: Session, *, actor: int | None = None, limit: int = 50) -> list[Progress]:
    """Return the newest pieces of work first. actor: only of this member of staff."""
    return _stand(session, actor=actor, limit=limit)


def cancel(session: Session, work_id: int, *, actor: int) -> str:
    """Ask that a piece of work ends; returns its state now. What has ended stays as it is.

    Waiting work is cancelled at once. Running work hears of it within a second and writes nothing. Raises NotFound,
    and NotAllowed for the work of somebody else.
    """
    _allowed(session, work_id, actor)
    changed = session.execute(_CANCEL, {"id": work_id}).one_or_none()
    if changed is None:
        return progress(session, work_id).state
    if changed.state == "cancelled" and changed.job_id is not None:
        queue.forget(session, changed.job_id)
    return str(changed.state)


def again(session: Session, work_id: int, *, actor: int) -> None:
    """Put work that was stopped, cancelled or failed back into the queue, from the beginning.

    Raises NotFound, NotAllowed for the work of somebody else, and Conflict where it is not ended or was done.
    """
    _allowed(session, work_id, actor)
    state = session.scalar(select(Work.state).where(Work.id == work_id).with_for_update())
    if state not in {"stopped", "cancelled", "failed"}:
        raise Conflict(
            f"work {work_id} is {state}; only what was stopped, cancelled or failed can be begun again"
        )
    session.execute(_REOPEN, {"id": work_id, "attempts": 0})
    _put(session, work_id)


def recover(session: Session, restartable: frozenset[str]) -> tuple[list[int], list[int]]:
    """Take up work whose worker died: back into the queue, or stopped where that does no good.

    restartable: kinds that may be begun again by themselves. Returns the ids put back and those stopped.
    """
    _as(session, actor_id(session, OPERATOR))
    back, stopped = [], []
    for found in session.execute(_ABANDONED, {"stalled": queue.STALLED_S}).all():
        # Whoever does it holds this until its process or its connection is gone.
        if not session.scalar(_NOBODY_HOLDS, lock_of(found.id)):
            continue
        if found.job_id is not None:
            queue.forget(session, found.job_id)
        begun = found.state == "running"
        if found.cancel_requested_at is not None or (
            begun and (found.kind not in restartable or found.attempts >= MOST_ATTEMPTS)
        ):
            session.execute(_STOP, {"id": found.id})
            stopped.append(found.id)
        else:
            session.execute(_REOPEN, {"id": found.id, "attempts": found.attempts})
            _put(session, found.id)
            back.append(found.id)
    return back, stopped


def sweep(session: Session, now: datetime) -> int:
    """Forget work that ended thirty days ago; returns how many pieces."""
    _as(session, actor_id(session, OPERATOR))
    gone = session.execute(
        delete(Work).where(Work.finished_at < now - _KEPT), execution_options={"synchronize_session": False}
    )
    return cast("CursorResult[Any]", gone).rowcount


def _put(session: Session, work_id: int) -> None:
    job = queue.defer(session, work_id)
    session.execute(text("UPDATE work SET job_id = :job WHERE id = :id"), {"job": job, "id": work_id})


def _stand(
    session: Session,
    *,
    work_id: int | None = None,
    actor: int | None = None,
    key: str | None = None,
    limit: int = 1,
) -> list[Progress]:
    found = session.execute(_STANDS, {"id": work_id, "actor": actor, "key": key, "limit": limit})
    return [
        Progress(
            id=work.id,
            kind=work.kind,
            subject=work.subject,
            arguments=work.arguments,
            actor_id=work.actor_id,
            state="interrupted" if work.state == "running" and work.silent else work.state,
            attempts=work.attempts,
            step=work.step,
            progress=work.progress,
            result=work.result,
            error=work.error,
            made_at=work.made_at,
            started_at=work.started_at,
            finished_at=work.finished_at,
            cancelling=work.cancel_requested_at is not None and work.finished_at is None,
            ahead=work.ahead if work.state == "waiting" else 0,
            served=work.served,
        )
        for work in found
    ]


def _allowed(session: Session, work_id: int, actor: int) -> None:
    _as(session, actor)
    owner = session.scalar(select(Work.actor_id).where(Work.id == work_id))
    if owner is None:
        raise NotFound(f"there is no work {work_id}")
    if owner != actor and not session.scalar(text("SELECT yz_everywhere('administrator')")):
        raise NotAllowed(f"work {work_id} was asked for by somebody else")


def lock_of(work_id: int) -> dict[str, int]:
    """Return the two numbers of the advisory lock that whoever does a piece of work holds."""
    return {"space": _LOCK_SPACE, "id": work_id % 2_147_483_647}


def _as(session: Session, actor: int) -> None:
    session.execute(text("SELECT set_config('yz.actor', :actor, true)"), {"actor": str(actor)})


def _json(content: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(content), default=str).decode()
