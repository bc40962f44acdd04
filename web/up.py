"""From nothing to a served map: the cluster, the database, its contents, the server; and all of it down again.

``script/server`` runs this once the packages are installed.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError

from stations.errors import StationsError, Unavailable
from web.door import require_port, settings_from
from web.registries import ROOT, opened
from web.settings import DEMO, Settings, SettingsError

__all__ = ["Work", "main", "run"]

_READY_S = 90.0
_STOP_S = 15.0
_UPKEEP_S = 3600.0
#: How long a worker that died stays down: at first, and at most where it dies again and again.
_SOON_S = 1.0
_LATER_S = 30.0
_DISK_FULL = "53100"
_FIRST_USER = (
    "还没有工作人员账号 · Nobody can log in yet: "
    ".venv/bin/yizhan user add LOGIN --name NAME --role administrator --registry {registry}"
)


@dataclass(frozen=True, slots=True)
class Work:
    """What is done to a registry beside serving it. Each may be repeated, and is quick where nothing is to be done."""

    fill_demo: Callable[[Settings], object]
    load_regions: Callable[[Settings, str], object]
    upkeep: Callable[[Settings], object]
    #: Makes the copy of the demonstration in which one tries the desk, and returns the settings with its address.
    make_sandbox: Callable[[Settings, Path], Settings] = lambda settings, _: settings
    keep_sandbox: Callable[[Settings, Path], object] = lambda *_: None

    @classmethod
    def of_commands(cls) -> Work:
        """Take the functions behind the ``yizhan`` commands."""
        from web import sandbox
        from web.cli import fill_demo, load_regions, upkeep

        return cls(fill_demo, load_regions, upkeep, sandbox.prepare, sandbox.keep_up)


class _Told(BaseException):
    """A signal asked this process to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Run ``script/server`` and return its exit status: 130 after Ctrl-C, 0 after SIGTERM, 2 for a wrong option.

    root: where ``var/`` lies.
    """
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace", line_buffering=True)
    try:
        settings = settings_from(arguments)
        _require_base_map(settings)
        require_port(settings.host, settings.port)
        with _told_by_signals():
            run(settings, root=root)
    except _Told as told:
        return 130 if told.number == signal.SIGINT else 0
    except SettingsError as error:
        _complain(str(error))
        return 2
    except StationsError as error:
        _complain(str(error))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _DISK_FULL:
            _complain(
                "The disk of the database is full. Free some space and start again; what was stored is safe."
            )
        else:
            _complain(
                f"The database broke off: {str(error.orig).strip()}\nA full disk is the usual reason; var/cluster/log/ "
                "tells more. Start again: what was stored is safe."
            )
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _complain(
            f"The disk is full ({error.filename or 'var/'}). Free some space and start again; nothing is lost."
        )
    return 1


def _require_base_map(settings: Settings) -> None:
    """Raise SettingsError where the base map misses something, before a database is started for nothing."""
    if settings.base_map != "own":
        from web.base_maps import (
            configured,
        )  # brings the map library, which this process does without otherwise

        configured(settings)


def run(settings: Settings, *, root: Path = ROOT, work: Work | None = None) -> None:
    """Bring up the registry and serve it until a signal comes. Raises Unavailable where the server ends by itself."""
    work = work or Work.of_commands()
    with opened(settings, root=root, say=_say) as opening:
        ready = opening
        if ready.registry == DEMO and (settings.registry or settings.database_url is None):
            work.fill_demo(ready)
            if settings.database_url is None:
                ready = _with_sandbox(ready, work, root)
        elif ready.province is not None:
            work.load_regions(ready, ready.province)
        require_port(ready.host, ready.port)
        with _server(ready) as server, _workers(ready), _kept_up(ready, work, root):
            _await_answer(ready, server)
            _announce(ready)
            status = server.wait()
        raise Unavailable(f"The server ended by itself (status {status}); its last words are above.")


@contextmanager
def _told_by_signals() -> Iterator[None]:
    """Turn the first signal to stop into ``_Told``; later ones do not disturb the stopping."""
    told = False

    def tell(number: int, _: FrameType | None) -> None:
        nonlocal told
        if told:
            _say("Already stopping …")
            return
        told = True
        _say("\n正在停止 · Stopping …")
        raise _Told(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, tell) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _server(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run granian in a session of its own, so that Ctrl-C reaches only this process, which ends it in order."""
    server = _begin("web.serving", settings)
    try:
        yield server
    finally:
        _end(server)


def _with_sandbox(settings: Settings, work: Work, root: Path) -> Settings:
    """Make the sandbox; a demonstration is served without one where that fails."""
    try:
        return work.make_sandbox(settings, root)
    except (StationsError, DBAPIError, psycopg.Error) as error:
        _complain(f"The sandbox for trying the desk could not be made: {error}")
        return settings


@contextmanager
def _workers(settings: Settings) -> Iterator[None]:
    """Run a worker for the registry, and one for its sandbox."""
    with ExitStack() as running:
        running.enter_context(_worker(settings))
        if settings.sandbox_database_url is not None:
            from web import sandbox

            running.enter_context(_worker(sandbox.of(settings)))
        yield


@contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """Run the worker that does long work, and begin it again whenever it dies, however it dies."""
    ending = threading.Event()

    def keep() -> None:
        # The kernel ends the worker with the thread that began it, so this one stays until the worker has ended.
        pause = _SOON_S
        while not ending.is_set():
            began = time.monotonic()
            worker = _begin("web.jobs", settings)
            while worker.poll() is None and not ending.wait(0.2):
                pass
            if ending.is_set():
                _end(worker)
                return
            pause = _SOON_S if time.monotonic() - began > _LATER_S else min(2 * pause, _LATER_S)
            _complain(f"The worker for long work ended (status {worker.returncode}) and is started again.")
            ending.wait(pause)

    keeper = threading.Thread(target=keep, name="worker", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join(2 * _STOP_S)


def _begin(module: str, settings: Settings) -> subprocess.Popen[bytes]:
    """Start a module of ours as a process, in a session of its own and with these settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIZHAN_")}
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, str(os.getpid())],
        cwd=ROOT,
        env=environment | settings.environment(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process in order, or by force where it takes too long."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _kept_up(settings: Settings, work: Work, root: Path) -> Iterator[None]:
    """Do the upkeep now and every hour, beside serving; what goes wrong is said and tried again an hour later."""
    ending = threading.Event()

    def keep() -> None:
        while not ending.is_set():
            try:
                work.keep_sandbox(settings, root)
                work.upkeep(settings)
            except (StationsError, DBAPIError, psycopg.Error) as error:
                if not ending.is_set():
                    _complain(f"The hourly upkeep failed and is tried again in an hour: {error}")
            ending.wait(_UPKEEP_S)

    keeper = threading.Thread(target=keep, name="upkeep", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ending.set()


def _await_answer(settings: Settings, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_S
    trouble = "it does not answer"
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Unavailable(
                f"The server did not start (status {server.returncode}); its last words are above."
            )
        try:
            status, trouble = _health(settings)
        except (OSError, HTTPException):
            status = 0
        if status == 200:
            return
        time.sleep(0.1)
    raise Unavailable(f"The server runs and is not well after {_READY_S:.0f} s: {trouble[:300]}")


def _health(settings: Settings) -> tuple[int, str]:
    connection = HTTPConnection(_reachable(settings.host), settings.port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status, answer.read(1000).decode(errors="replace")
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """Name a host to click on where the server listens on every address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _announce(settings: Settings) -> None:
    host = _reachable(settings.host)
    base = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    tryable = f"\n  试用 · Try it  {base}/sandbox/desk" if settings.sandbox_database_url else ""
    nobody = "" if _has_staff(settings) else f"\n\n{_FIRST_USER.format(registry=settings.registry)}"
    _say(
        f"""
驿站地图已就绪 · Yizhan Map is ready ({settings.registry})

  地图 · Map   {base}/map
  接口 · API   {base}/api/v1/stations
  工作台 · Desk  {base}/desk{tryable}{nobody}

按 Ctrl-C 停止 · Press Ctrl-C to stop"""
    )


def _has_staff(settings: Settings) -> bool:
    """Tell whether anybody can log in at the desk."""
    from stations import accounts
    from web.cli.common import transaction

    with transaction(settings) as session:
        return bool(accounts.people(session))


def _say(words: str) -> None:
    print(words, flush=True)


def _complain(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
