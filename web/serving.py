"""The server process: granian over the application, ended by the kernel if whoever started it dies."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from web.settings import Settings

__all__ = ["application", "die_with_parent", "main", "serve"]

_PR_SET_PDEATHSIG = 1
_STOP_S = 8


def die_with_parent(signal_number: int = signal.SIGTERM) -> None:
    """Ask the kernel (Linux) to send this process a signal when its parent dies, however it dies."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")


def application() -> Flask:
    """Build the application of the environment's settings; granian calls this once in each worker."""
    from web import create_app, metrics, sandbox
    from web.registries import ROOT
    from web.sending import Sending
    from web.settings import Settings

    die_with_parent()
    settings = Settings.read()
    app = create_app(settings)
    metrics.share(app, ROOT / "var" / "metrics")
    sandbox.mount(app, settings)
    app.wsgi_app = Sending(app.wsgi_app)  # type: ignore[method-assign]
    return app


def main(parent: int) -> int:
    """Serve until told to stop. ``parent`` is the process that started this one."""
    from web.settings import Settings

    die_with_parent()
    if os.getppid() != parent:
        return 1
    serve(Settings.read())
    return 0


def serve(settings: Settings, *, target: str = "web.serving:application") -> None:
    """Serve an application until a signal comes. target: where granian finds the function that builds it."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from web.sending import THREADS

    Granian(
        target,
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_S,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
