"""Riders, embeds, programs, keepers and an import at once, against a whole site on loopback; it ends by itself.

    python benchmarks/load.py [--seconds 60] [--riders 6] [--rows 4000]

The site is that of ``script/server``: two server processes, a worker, a private cluster with fsync on. First a list gives it
stations. Then all of them ask at once, each over a connection of its own, as fast as they are answered but with the pause
that somebody needs to read: riders open the finder and search, embeds load their page and their stations, programs read
pages, tiles and files, keepers save a station, and another list is imported. Told for each kind: requests,
errors, and the time to the last byte at p50 and p99; the memory of the processes at its highest; whether /metrics counted what was
asked. What it prints is kept in ``benchmarks/results/load.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.drill.site import Site, site  # noqa: E402
from benchmarks.kill_drill import lasting  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "load.md"
#: Seconds that each kind waits between two questions.
_PAUSES: Final = {"rider": 0.5, "embed": 0.5, "program": 0.2, "keeper": 1.0}
_TEXT = """# Load drill

`script/bench load`, which is `python benchmarks/load.py --seconds {seconds} --riders {riders} --rows {rows}`: {riders} riders,
{embeds} embeds, {programs} programs, {keepers} keepers and an import of {rows:,} rows at once for {seconds} seconds against the processes of
`script/server` on loopback (2 server processes, one worker, a private cluster with fsync on), {stations:,} stations at first.
Milliseconds to the last byte, uncompressed; an error is a status of 4xx or 5xx, or no answer. Riders wait half a second
between two questions, programs a fifth.

| who | what | requests | errors | p50 | p99 |
|---|---|---:|---:|---:|---:|
{lines}

{per_second:.0f} requests a second together. The import took {import_s:.1f} s meanwhile; one of {first:,} rows, cold and with nobody else there,
{alone_s:.1f} s. Memory of all processes but the database's, highest sum of resident sets: {memory:.0f} MB. /metrics counted {counted:,}
requests, of which these clients made {asked:,}. Machine: {cores} cores, load {before:.1f} before and {after:.1f} after, shared with
other work.
"""


@dataclass
class Told:
    """What clients met, by who asked and what for: milliseconds, and how many failed."""

    took: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, who: str, what: str, began: float, status: int) -> None:
        """Keep one answer; status 0 where there was none."""
        with self.lock:
            self.took[who, what].append(1000 * (time.perf_counter() - began))
            self.failed[who, what] += status == 0 or status >= 400


class Form(HTMLParser):
    """The fields of the form ``edit`` of a page, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._inside = False
        self._select: str | None = None
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = said.get("id") == "edit"
        if not self._inside or "disabled" in said:
            return
        name = said.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in said:
            self.fields.append((self._select, said.get("value", "")))
        elif tag == "textarea":
            self._text = name
            self.fields.append((name, ""))
        elif tag == "input" and name and said.get("type") not in {"submit", "file", "button"}:
            chosen = said.get("type") not in {"checkbox", "radio"} or "checked" in said
            if chosen:
                self.fields.append((name, said.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[-1] = (self._text, self.fields[-1][1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = None
        elif tag == "select":
            self._select = None
        elif tag == "form":
            self._inside = False


def riders(chance: random.Random, codes: list[str]) -> Iterator[tuple[str, str]]:
    """Open the finder, search, look at a station, open the map."""
    while True:
        lon, lat = 101 + chance.random(), 36 + chance.random() * 0.5
        yield "finder", f"/?near={lon:.4f},{lat:.4f}"
        yield "nearby", f"/find.json?near={lon:.4f},{lat:.4f}&by=ebike&amenities=toilet&unknown=include"
        yield "search", f"/find/places.json?q={quote(chance.choice(['演练', '修改站', '城东', 'yanlian']))}"
        yield "station", f"/s/{chance.choice(codes)}"
        yield "map", "/map?open=now"


def embeds(chance: random.Random, _: list[str]) -> Iterator[tuple[str, str]]:
    """Load an embed and what it draws, in frames of many pages."""
    while True:
        yield "page", f"/embed?v=1&region=630102&list={chance.choice(['beside', 'below', 'none'])}"
        yield "stations", "/map/stations.json?region=630102"
        yield "picture", f"/static-map.svg?region=630102&width={chance.choice([400, 600])}&height=300"


def programs(chance: random.Random, codes: list[str]) -> Iterator[tuple[str, str]]:
    """Read pages of the API, one station, tiles, and now and then a file."""
    while True:
        yield "page of 100", f"/api/v1/stations?limit=100&bbox=101,36,{101.2 + chance.random():.3f},37"
        yield "one", f"/api/v1/stations/{chance.choice(codes)}"
        yield "OGC items", "/ogc/collections/stations/items?limit=50"
        yield (
            "tile",
            f"/ogc/collections/stations/tiles/WebMercatorQuad/{(z := chance.choice([8, 10, 12]))}/{_tile(z)}",
        )
        if chance.random() < 0.05:
            yield "file (CSV)", "/download/stations.csv?region=630102"


def _tile(zoom: int) -> str:
    """Name the tile, row before column, over the middle of the county."""
    n = 1 << zoom
    return f"{int(n * 0.3915)}/{int(n * (101.5 + 180) / 360)}"


def ask_on(
    site_: Site, who: str, questions: Iterator[tuple[str, str]], told: Told, ending: threading.Event
) -> None:
    """Ask one question after another over one connection, until the drill ends."""
    connection = HTTPConnection("127.0.0.1", site_.port, timeout=60)
    while not ending.is_set():
        what, path = next(questions)
        began = time.perf_counter()
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, HTTPException):
            connection.close()
            status = 0
        told.note(who, what, began, status)
        ending.wait(_PAUSES[who])
    connection.close()


def keep_on(keeper: Site, codes: list[str], told: Told, ending: threading.Event) -> None:
    """Open a station's form at the desk, change a number, save, and again."""
    number = 0
    while not ending.is_set():
        number += 1
        code = codes[number % len(codes)]
        began = time.perf_counter()
        status, page, _ = keeper.ask(f"/desk/stations/{code}")
        told.note("keeper", "form", began, status)
        form = Form()
        form.feed(page)
        fields = [(name, value) for name, value in form.fields if name not in {"capacity", "csrf_token"}]
        began = time.perf_counter()
        status, _, _ = keeper.ask(f"/desk/stations/{code}", [*fields, ("capacity", str(1 + number % 90))])
        told.note("keeper", "save", began, status if status == 303 else 500)
        ending.wait(_PAUSES["keeper"])


def resident_mb(root: int) -> float:
    """Sum the resident sets of a process and all below it, in megabytes."""
    parents: dict[int, int] = {}
    sizes: dict[int, float] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            pages = int((process / "statm").read_text().split()[1])
            sizes[int(process.name)] = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    total = 0.0
    for process, size in sizes.items():
        above = process
        while above not in {0, 1, root}:
            above = parents.get(above, 0)
        total += size if above == root else 0.0
    return total


def counted(site_: Site) -> int:
    """Read at /metrics how many requests the processes counted together."""
    lines = site_.ask("/metrics")[1].splitlines()
    return int(
        sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("yizhan_requests_total{"))
    )


def run(running: Site, options: argparse.Namespace) -> str:
    """Load the site for so many seconds and tell what was met."""
    first = options.rows // 2
    alone = lasting(running, 1, first)
    codes = [
        feature["properties"]["code"]
        for feature in json.loads(running.ask("/api/v1/stations?limit=200")[1])["features"]
    ]
    edited = codes[:20]
    told, ending = Told(), threading.Event()
    chance = random.Random(8)  # noqa: S311 - what is asked
    threads: list[threading.Thread] = []
    kinds: dict[str, tuple[int, Callable[[random.Random, list[str]], Iterator[tuple[str, str]]]]] = {
        "rider": (options.riders, riders),
        "embed": (3, embeds),
        "program": (2, programs),
    }
    for who, (number, questions) in kinds.items():
        threads += [
            threading.Thread(
                target=ask_on,
                args=(running, who, questions(random.Random(chance.random()), codes), told, ending),  # noqa: S311
                daemon=True,
            )
            for _ in range(number)
        ]
    threads += [
        threading.Thread(target=keep_on, args=(running.another(), edited, told, ending), daemon=True)
        for _ in range(2)
    ]
    before, counted_before, memory = os.getloadavg()[0], counted(running), 0.0
    imported: list[float] = []
    importing = threading.Thread(
        target=lambda: imported.append(lasting(running.another(), 2, options.rows)), daemon=True
    )
    began = time.monotonic()
    for thread in (*threads, importing):
        thread.start()
    while time.monotonic() - began < options.seconds:
        memory = max(memory, resident_mb(running.process.pid if running.process else 0))
        time.sleep(1)
    ending.set()
    for thread in threads:
        thread.join(120)
    took = time.monotonic() - began
    importing.join(300)
    asked = sum(map(len, told.took.values()))
    lines = []
    for (who, what), times in told.took.items():
        ordered = sorted(times)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        lines.append(
            f"| {who} | {what} | {len(times):,} | {told.failed[who, what]} | {ordered[len(times) // 2]:.0f} | {p99:.0f} |"
        )
    return _TEXT.format(
        seconds=options.seconds, riders=options.riders, rows=options.rows, embeds=3, programs=2, keepers=2,
        stations=first + 5, lines="\n".join(lines), per_second=asked / took, first=first,
        import_s=imported[0] if imported else float("nan"), alone_s=alone, memory=memory,
        counted=counted(running) - counted_before, asked=asked, cores=os.cpu_count(), before=before,
        after=os.getloadavg()[0],
    )  # fmt: skip


def main() -> int:
    """Run the drill, print and keep its table; 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--riders", type=int, default=6)
    parser.add_argument("--rows", type=int, default=4000)
    options = parser.parse_args()
    settings = {"YIZHAN_WORKERS": "2", "YIZHAN_API_PER_MINUTE": "0"}
    with tempfile.TemporaryDirectory(prefix="yz-load-") as folder, site(Path(folder), settings) as running:
        told = run(running, options)
    print(told)
    if options.seconds >= 60:
        RESULTS.write_text(told, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
