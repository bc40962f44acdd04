"""From nothing to a served map and down again: whole runs of ``script/server``'s last step, as a process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from stations.cluster import OWNER, Cluster

ROOT = Path(__file__).resolve().parents[2]
#: The contents of a registry are other tests' concern; here it matters when they are asked for, and with what.
PROGRAM = """
import os
import sys
from pathlib import Path
from sqlalchemy import create_engine, text
from stations.errors import Unavailable
from web import up

def say(*words):
    print(*words, flush=True)

def upkeep(settings):
    say("kept up")
    raise Unavailable("no index today")

def fill(settings):
    say("filled", settings.registry, settings.database_url)
    if "YIZHAN_TEST_BREAK" in os.environ:
        with create_engine(settings.database_url).connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

up.Work.of_commands = classmethod(
    lambda cls: cls(
        fill,
        lambda settings, province: say("regions", settings.registry, province),
        upkeep,
    )
)
sys.exit(up.main(sys.argv[2:], root=Path(sys.argv[1])))
"""
READY = "Press Ctrl-C to stop"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@dataclass
class Run:
    """One run: its process, its port and where its words go."""

    process: subprocess.Popen[bytes]
    port: int
    words: Path

    def said(self) -> str:
        return self.words.read_text(encoding="utf-8")

    def until(self, part: str, patience_s: float = 60) -> Run:
        deadline = time.monotonic() + patience_s
        while part not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        return self

    def health(self) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status
        finally:
            connection.close()

    def servers(self, module: str = "web.serving") -> list[int]:
        """The processes of a module that this run has started."""
        wanted = f"{module}\0{self.process.pid}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if wanted in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
        return found

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="yz-up-"))
    root.chmod(0o755)
    yield root
    Cluster.locate(root).stop(force=True)
    shutil.rmtree(root, ignore_errors=True)


Starting = Callable[..., Run]


@pytest.fixture
def start(checkout: Path, tmp_path: Path) -> Iterator[Starting]:
    """Start runs on free ports; whatever a test leaves running is ended."""
    runs: list[Run] = []

    def begin(*options: str, root: Path = checkout, **environment: str) -> Run:
        environment.setdefault("YIZHAN_WORKERS", "1")
        port = int(environment.setdefault("YIZHAN_PORT", str(free_port())))
        words = tmp_path / f"{len(runs)}.log"
        with words.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(root), *options],
                cwd=ROOT,
                env=os.environ | environment,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        runs.append(Run(process, port, words))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


@contextmanager
def gone(run: Run, within_s: float) -> Iterator[None]:
    """Require that the serving processes end within some seconds of the block."""
    yield
    deadline = time.monotonic() + within_s
    while run.servers():
        assert time.monotonic() < deadline, run.servers()
        time.sleep(0.05)


def test_ctrl_c_stops_everything_that_was_started(start: Starting, checkout: Path) -> None:
    run = start().until(READY)
    assert f"http://127.0.0.1:{run.port}/map" in run.said()
    assert f"http://127.0.0.1:{run.port}/api/v1/stations" in run.said()
    assert "filled demo postgresql+psycopg://yizhan_app@/yizhan_demo" in run.said()
    assert run.health() == 200
    assert run.servers()
    assert run.end(signal.SIGINT) == 130
    assert run.servers() == []
    assert not Cluster.locate(checkout).is_running()
    with socket.create_server(("127.0.0.1", run.port)):
        pass


def test_the_upkeep_is_done_at_once_and_its_failure_stops_nothing(start: Starting) -> None:
    run = start().until(READY).until("no index today")
    assert "kept up" in run.said()
    assert run.health() == 200
    assert run.end() == 130


def test_a_database_that_breaks_off_is_told_in_a_sentence(start: Starting, checkout: Path) -> None:
    run = start(YIZHAN_TEST_BREAK="1")
    assert run.process.wait(60) == 1
    assert "The database broke off" in run.said()
    assert "Traceback" not in run.said()
    assert not Cluster.locate(checkout).is_running()


def test_two_runs_share_the_cluster_and_the_first_to_end_leaves_it_to_the_other(
    start: Starting, checkout: Path
) -> None:
    first, second = start().until(READY), start().until(READY)
    assert first.end(signal.SIGTERM) == 0
    assert second.health() == 200
    assert second.end(signal.SIGINT) == 130
    assert not Cluster.locate(checkout).is_running()


def test_a_killed_run_takes_its_servers_with_it_and_the_next_one_starts(start: Starting) -> None:
    run = start().until(READY)
    with gone(run, within_s=10):
        run.process.kill()
    again = start(YIZHAN_PORT=str(run.port)).until(READY)
    assert again.health() == 200
    assert again.end() == 130


def worker_of(run: Run, *others: int) -> int:
    deadline = time.monotonic() + 30
    while not (found := [one for one in run.servers("web.jobs") if one not in others]):
        assert time.monotonic() < deadline, run.said()
        time.sleep(0.05)
    return found[0]


def test_a_worker_that_is_killed_is_started_again_and_ends_with_the_run(start: Starting) -> None:
    run = start().until(READY)
    first = worker_of(run)
    os.kill(first, signal.SIGKILL)
    run.until("is started again")
    second = worker_of(run, first)
    assert run.end(signal.SIGINT) == 130
    assert not Path(f"/proc/{second}").exists()
    assert run.servers("web.jobs") == []


def test_a_server_that_ends_by_itself_is_told_and_the_cluster_stopped(
    start: Starting, checkout: Path
) -> None:
    run = start().until(READY)
    with gone(run, within_s=10):
        os.kill(min(run.servers()), signal.SIGKILL)
        assert run.process.wait(30) == 1
    assert "The server ended by itself" in run.said()
    assert not Cluster.locate(checkout).is_running()


def test_a_taken_port_is_told_before_anything_is_made(start: Starting, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = start(root=tmp_path / "fresh", YIZHAN_PORT=str(port))
        assert run.process.wait(30) == 2
    assert f"Port {port} of 127.0.0.1 is taken" in run.said()
    assert "Traceback" not in run.said()
    assert not (tmp_path / "fresh").exists()


def test_a_registry_of_ones_own_needs_its_province_once_and_has_its_own_database(
    start: Starting, checkout: Path
) -> None:
    refused = start("--registry", "henan")
    assert refused.process.wait(60) == 2
    assert "script/server --registry henan --province 41" in refused.said()
    with Cluster.locate(checkout).running() as cluster:
        assert not cluster.has_database("yizhan_henan")
    run = start("--registry", "henan", "--province", "41").until(READY)
    assert "regions henan 41" in run.said()
    assert "filled" not in run.said()
    assert run.end() == 130
    known = start("--registry", "henan").until(READY)
    assert "regions" not in known.said()
    assert known.end() == 130
    with Cluster.locate(checkout).running() as cluster:
        assert cluster.has_database("yizhan_henan")


def test_an_address_in_the_environment_replaces_the_private_cluster(
    start: Starting, cluster: Cluster, new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    run = start(
        root=tmp_path,
        YIZHAN_DATABASE_URL=url,
        YIZHAN_OWNER_DATABASE_URL=url.replace("yizhan_app@", f"{OWNER}@"),
    ).until(READY)
    assert "filled" not in run.said()
    assert run.health() == 200
    assert run.end() == 130
    assert not (tmp_path / "var" / "cluster").exists()
    assert cluster.is_running()


def test_an_address_without_the_schema_says_what_to_run(
    start: Starting, cluster: Cluster, tmp_path: Path
) -> None:
    name = f"yizhan_bare_{os.getpid()}"
    cluster.drop_database(name)
    cluster.create_database(name)
    try:
        run = start(root=tmp_path, YIZHAN_DATABASE_URL=cluster.url(name))
        assert run.process.wait(60) == 1
        assert "YIZHAN_OWNER_DATABASE_URL" in run.said()
        assert "Traceback" not in run.said()
    finally:
        cluster.drop_database(name)


def test_an_address_that_nobody_answers_is_told_without_its_password(start: Starting, tmp_path: Path) -> None:
    run = start(
        root=tmp_path, YIZHAN_DATABASE_URL=f"postgresql://app:hunter2@127.0.0.1:{free_port()}/nothing"
    )
    assert run.process.wait(60) == 1
    assert "cannot be reached" in run.said()
    assert "hunter2" not in run.said()
    assert "Traceback" not in run.said()
