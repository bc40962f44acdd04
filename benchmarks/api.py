"""How many answers a second the open API gives, beside tipg and pygeoapi over the same table.

    python benchmarks/api.py [--stations 200000] [--rounds 3] [--seconds 4] [--only NAME …]

One registry in a private cluster without fsync (``registry_of``), ``jit=off`` for all, two processes each, 16 connections of
wrk, nothing compressed, nothing counted against a limit. First the servers answer the same questions and what they answer is
compared, feature by feature. Then they take turns, case by case, round by round, with a hello-world route of our own
server before each turn. Told are the median of the rounds, CPU milliseconds of an answer (server and database together: they
do not depend on who else uses the machine) and ratios. The table is kept in ``benchmarks/results/api.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "parts"), str(ROOT / "tests" / "web")]

import psycopg  # noqa: E402
from api_cases import FORGET, Case, cases, check  # noqa: E402
from api_peers import HELLO, OURS, PYGEOAPI, TIPG, VIEWS, WORKERS, Server, running  # noqa: E402
from registry_of import registry_of  # noqa: E402

from stations.cluster import Cluster  # noqa: E402

if TYPE_CHECKING:
    from flask import Flask

RESULTS = ROOT / "benchmarks" / "results" / "api.md"
CONNECTIONS: Final = 16
WARM_S: Final = 4
#: A server whose one answer takes so long is not asked by sixteen at once: its rate is told from that answer.
SLOW_S: Final = 2.0
PATIENCE_S: Final = 20.0
TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
TEXT = """# The open API beside tipg and pygeoapi

`python benchmarks/api.py`: {stations:,} stations, one table with one set of indexes, `jit=off`, two processes each ({versions};
ours on granian {granian}, as `script/server` starts it), wrk with {connections} connections for {seconds:g} s after {warm} s to
warm up, {rounds} interleaved rounds. Nothing is compressed. *CPU* is server and database together, milliseconds an answer: what others do on the machine
does not count in it. Ratios are ours over theirs, of the medians of the rounds. Where the machine is shared, rates also tell who
is given the processors: of sixteen questions ours asks the database eight at a time and tipg up to twenty, so the ratio of CPU
is nearer to that of a machine of one's own.

| | ours, a second | tipg | pygeoapi | ours / tipg | aim | ours / pygeoapi | CPU ours | tipg | pygeoapi | CPU tipg / ours | hello |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{lines}

Compared before: {checked}. Kilobytes an answer: {sizes}.

What is asked: features carry everything that the public may know of a station (about 3 kB); the peers are asked for the
column that holds the same (`properties=feature`), and their features were compared with ours word by word. Ours keeps the
texts of features in memory, each with the version of its row, and asks the database which rows in which version a page
holds; in the case that keeps nothing every text is read again. For attributes tipg and pygeoapi are timed without an order,
which is less than what we do, and compared with one. Tiles have code, kind, class and lifecycle, from z13 on the name; below
z14 ours gather stations that stand close together and count them, tipg tells each, ten thousand at most, pygeoapi all.
pygeoapi reads the table through views of the columns that are told, since it fails on rows with two geometries and on those
without. tipg and pygeoapi keep no tiles; ours are kept from being kept, in all cases but the last, by another `at` in each
address. A server whose single answer took more than {slow:g} s was not asked by sixteen: its rate is two processes over that
time (~), at most {patience:g} s.

The machine: {cores} cores, load {before:.1f} before and {after:.1f} after; where it is above {cores}, others were at work. Python {python},
PostgreSQL {server}.
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one server did in one turn: answers a second, CPU milliseconds and kilobytes of an answer."""

    rate: float
    cpu_ms: float
    kilobytes: float
    guessed: bool = False


def application() -> Flask:
    """Build what our server serves: the application, a route that does nothing, and addresses that keep no features."""
    from flask import request

    from stations.registry.feature_memory import FeatureMemory
    from web import serving
    from web.ogc.items import MEMORY

    app = serving.application()

    @app.before_request
    def hello() -> str | None:
        return "hello, world" if request.path == "/hello" else None

    # Before all else that the application does with a request.
    hooks = app.before_request_funcs[None]
    hooks.insert(0, hooks.pop())
    answer, kept, nothing = app.wsgi_app, FeatureMemory(), FeatureMemory(most_bytes=0)

    def choose(environ: dict[str, Any], start: Any) -> Any:
        forgets = environ["PATH_INFO"].startswith(f"{FORGET}/")
        app.extensions[MEMORY] = nothing if forgets else kept
        if forgets:
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(FORGET)
        return answer(environ, start)

    app.wsgi_app = choose  # type: ignore[method-assign, assignment]
    return app


def main() -> None:
    """Compare, measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", nargs="*", help="cases whose names begin so; nothing is kept then")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        from web.serving import serve
        from web.settings import Settings

        serve(Settings.read(), target="api:application")
        return
    before = os.getloadavg()[0]
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster.locate(ROOT, name="bench-cluster", fsync=False).running())
        database = registry_of(cluster, asked.stations)
        url = cluster.url(database)
        with cluster.connect(database) as owner:
            owner.execute(VIEWS)
        bare = stack.enter_context(psycopg.connect(url.replace("+psycopg", ""), autocommit=True))
        bare.execute("SET jit = off")
        chosen = [
            case for case in cases(bare) if not asked.only or any(map(case.name.startswith, asked.only))
        ]
        servers = {name: stack.enter_context(running(name, url)) for name in (OURS, TIPG, PYGEOAPI)}
        checked = {case.name: check(case, servers, bare) for case in chosen}
        print(checked, flush=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        turns = _measure(chosen, servers, bare, folder, rounds=asked.rounds, seconds=asked.seconds)
        server = bare.execute(
            "SELECT current_setting('server_version') || ', PostGIS ' || postgis_lib_version()"
        ).fetchone()
    lines = [_line(case, turns) for case in chosen]
    text = TEXT.format(
        stations=asked.stations, versions=", ".join(each.versions for each in servers.values() if each.versions),
        granian=version("granian"), connections=CONNECTIONS, warm=WARM_S, seconds=asked.seconds, rounds=asked.rounds,
        lines="\n".join(lines), checked="; ".join(f"{name}: {told}" for name, told in checked.items()),
        sizes="; ".join(_sizes(case, turns) for case in chosen), slow=SLOW_S, patience=PATIENCE_S, cores=os.cpu_count(), before=before,
        after=os.getloadavg()[0], python=platform.python_version(), server=server and server[0],
    )  # fmt: skip
    print(text)
    if not asked.only:
        RESULTS.write_text(text, encoding="utf-8")


def _measure(
    chosen: list[Case],
    servers: dict[str, Server],
    bare: psycopg.Connection,
    folder: Path,
    *,
    rounds: int,
    seconds: float,
) -> dict[tuple[str, str], list[Turn]]:
    """Let the servers take turns; what each did, by case and server."""
    files = {}
    for number, case in enumerate(chosen):
        for name, paths in {**case.paths, HELLO: ("/hello",)}.items():
            files[case.name, name] = folder / f"{number}-{name}"
            files[case.name, name].write_text("\n".join(paths) + "\n", encoding="ascii")
    turns: dict[tuple[str, str], list[Turn]] = {key: [] for key in files}
    for turn in range(rounds):
        for case in chosen:
            order = [OURS, TIPG, PYGEOAPI]
            order = order[turn % 3 :] + order[: turn % 3]
            for name in (HELLO, *order):
                server = servers[OURS if name == HELLO else name]
                slow = _slow(server, case) if name == PYGEOAPI and turn == 0 else None
                if earlier := [each for each in turns[case.name, name] if each.guessed]:
                    slow = earlier[0]
                if slow is not None:
                    done = slow
                else:
                    length = min(2.0, seconds) if name == HELLO else seconds
                    done = _walk(server, files[case.name, name], turn * 13_001, length, bare)
                turns[case.name, name].append(done)
                print(
                    f"{turn} {case.name} {name}: {done.rate:.1f} a second, {done.cpu_ms:.2f} ms", flush=True
                )
    return turns


def _slow(server: Server, case: Case) -> Turn | None:
    """Return what a server does that takes long over one answer, or none within the patience; None for one that is quick."""
    began, told = time.monotonic(), b""
    with suppress(TimeoutError):
        told = server.get(case.paths[server.name][0], patience_s=PATIENCE_S)
    took = time.monotonic() - began
    return Turn(WORKERS / took, 0.0, len(told) / 1e3, guessed=True) if took > SLOW_S else None


def _walk(server: Server, paths: Path, start: int, seconds: float, bare: psycopg.Connection) -> Turn:
    """Let wrk ask one server for some seconds. Raises SystemExit for an answer that is none."""
    words = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        "--timeout",
        "30s",
        "-s",
        str(Path(__file__).parent / "parts" / "walk.lua"),
    ]

    def walk(length: int) -> str:
        return subprocess.run(
            [*words, f"-d{length}s", server.address, "--", str(paths), str(start)],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout.splitlines()[-1]  # fmt: skip

    # Every server is warm before it counts: ours has then read what it keeps, if it may keep anything.
    walk(WARM_S)
    spent = _spent(server, bare)
    told: dict[str, Any] = json.loads(walk(round(seconds)))
    spent = _spent(server, bare) - spent
    if told["wrong"] or told["late"] > CONNECTIONS:
        raise SystemExit(f"{server.name} over {paths.name}: {told}")
    answers = max(1, told["answers"])
    return Turn(told["answers"] / told["us"] * 1e6, spent * 1e3 / answers, told["bytes"] / answers / 1e3)


def _spent(server: Server, bare: psycopg.Connection) -> float:
    """Return the CPU seconds of a server's processes and of the database's, those that ended included."""
    postmaster = _numbers(bare.info.backend_pid)[1]
    ticks = sum(_numbers(postmaster)[11:15])
    for each in Path("/proc").glob("[0-9]*"):
        try:
            numbers = _numbers(int(each.name))
        except OSError:
            continue
        # The session, as it was opened for the server; or a child of the postmaster.
        if numbers[3] == server.process or numbers[1] == postmaster:
            ticks += sum(numbers[11:13])
    return ticks * TICK_S


def _numbers(process: int) -> list[int]:
    """Return what stands in /proc/PID/stat after the name, the state as 0."""
    fields = (
        Path(f"/proc/{process}/stat")
        .read_text(encoding="utf-8", errors="replace")
        .rpartition(") ")[2]
        .split()
    )
    return [0, *map(int, fields[1:])]


def _median(turns: list[Turn], what: str) -> float:
    return float(statistics.median(getattr(turn, what) for turn in turns))


def _line(case: Case, turns: dict[tuple[str, str], list[Turn]]) -> str:
    rate, cpu, shown = {}, {}, {}
    for name in (OURS, TIPG, PYGEOAPI, HELLO):
        found = turns[case.name, name]
        rate[name], cpu[name] = _median(found, "rate"), _median(found, "cpu_ms")
        shown[name] = f"{'~' if found[0].guessed else ''}{rate[name]:,.{0 if rate[name] >= 100 else 1}f}"
    ratio = rate[OURS] / max(rate[TIPG], 1e-9)
    told = {name: f"{value:.2f}" if value else "" for name, value in cpu.items()}
    return (
        f"| {case.name} | {shown[OURS]} | {shown[TIPG]} | {shown[PYGEOAPI]} | **{ratio:.1f}** | "
        f"{case.aim:g}{'' if ratio >= case.aim else ' missed'} | {_times(rate[OURS], rate[PYGEOAPI])} | {told[OURS]} | {told[TIPG]} | "
        f"{told[PYGEOAPI]} | {cpu[TIPG] / max(cpu[OURS], 1e-9):.1f} | {shown[HELLO]} |"
    )


def _times(ours: float, theirs: float) -> str:
    """Write how many times theirs ours is; a dash where they answered nothing in the time."""
    return f"{ours / theirs:,.1f}" if theirs else "–"


def _sizes(case: Case, turns: dict[tuple[str, str], list[Turn]]) -> str:
    told = " / ".join(
        f"{_median(turns[case.name, name], 'kilobytes'):,.1f}" for name in (OURS, TIPG, PYGEOAPI)
    )
    return f"{case.name} {told}"


if __name__ == "__main__":
    main()
