"""The worker: one process beside the web workers that does long work, ended by the kernel if its parent dies.

``script/server`` starts it and starts it again when it dies. Told to stop, it breaks off what it does, which goes back
into the queue; killed, the next worker finds what it left.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from typing import Final

from procrastinate.exceptions import ConnectorException
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from stations.errors import StationsError
from stations.jobs import queue
from stations.jobs.books import recover
from stations.jobs.running import Kinds, run
from web.serving import die_with_parent
from web.settings import Settings

__all__ = ["kinds", "main", "serve"]

_log = logging.getLogger(__name__)
#: Pieces of work at a time: a small one must not wait for a large one.
_AT_ONCE: Final = 2
_LOOK_S: Final = 3.0
_STOP_S: Final = 10.0


def kinds(settings: Settings) -> Kinds:
    """Return every kind of work that this version knows, by its name."""
    from web.desk import imports_work
    from web.planner import layers_work, siting_work, work

    return {
        **imports_work.kinds(settings),
        **work.kinds(settings),
        **layers_work.kinds(settings),
        **siting_work.kinds(settings),
    }


async def serve(engine: Engine, kinds: Kinds) -> None:
    """Do work until SIGTERM or SIGINT. Raises ConnectorException where the database cannot be reached."""
    stopping = threading.Event()
    url = engine.url.render_as_string(hide_password=False)
    app = queue.make_app(queue.connector(url), lambda work_id: run(engine, work_id, kinds, stopping))
    restartable = frozenset(name for name, kind in kinds.items() if kind.restartable)

    def look() -> None:
        try:
            with Session(engine) as session, session.begin():
                recover(session, restartable)
        except (DBAPIError, StationsError) as error:
            _log.warning("what was broken off could not be looked for: %s", error)

    async def keep_looking() -> None:
        while True:
            await asyncio.to_thread(look)
            await asyncio.sleep(_LOOK_S)

    async with app.open_async():
        working = asyncio.create_task(
            app.run_worker_async(
                concurrency=_AT_ONCE,
                install_signal_handlers=False,
                fetch_job_polling_interval=1.0,
                update_heartbeat_interval=queue.HEARTBEAT_S,
                stalled_worker_timeout=queue.STALLED_S,
                shutdown_graceful_timeout=_STOP_S,
                # The books tell what was done; the queue need not.
                delete_jobs="always",
            )
        )
        looking = asyncio.create_task(keep_looking())

        def stop() -> None:
            stopping.set()
            working.cancel()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        try:
            await working
        except asyncio.CancelledError:
            if not stopping.is_set():
                raise
        finally:
            stopping.set()
            looking.cancel()


def main(parent: int) -> int:
    """Work until told to stop. ``parent`` is the process that started this one."""
    from web.db import make_engine

    die_with_parent()
    if os.getppid() != parent:
        return 1
    logging.basicConfig(level=logging.WARNING, format="worker: %(levelname)s %(message)s")
    settings = Settings.read()
    engine = make_engine(settings)
    try:
        asyncio.run(serve(engine, kinds(settings)))
    except ConnectorException as error:
        _log.warning("the database cannot be reached: %s", error.__cause__ or error)
        return 1
    finally:
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
