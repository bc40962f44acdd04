"""Kill the server, the worker and the database at random moments of an import, again and again, and count what was lost.

    python benchmarks/kill_drill.py [--rounds 50] [--seed 1]

A whole site runs over a private cluster of its own, with fsync on: the web server, its worker, the database. In each
round somebody sends a list through the desk and applies it while somebody else edits stations, and one of the three is
killed (SIGKILL) at a random moment. Then it is brought back as an operator would: the site and the database are started
again, the worker is started by the site. Asked all the while: is the list there whole or not at all, does it come to its
end, is every edit that was acknowledged still there? What it prints is kept in ``benchmarks/results/kill_drill.md``.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import re
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.drill.site import EDITED, PATIENCE_S, Site, site  # noqa: E402
from stations.imports.sampling import AT_ONCE  # noqa: E402
from stations.registry.writing import OPERATOR, acting, actor_id  # noqa: E402

__all__ = ["TARGETS", "Outcome", "drill", "lasting"]

RESULTS = ROOT / "benchmarks" / "results" / "kill_drill.md"
TARGETS: Final = ("server", "worker", "database")
HEADS: Final = ("站点名称", "所属区县", "经度", "纬度")
_TEXT = """# Kill drill

`python benchmarks/kill_drill.py --rounds {rounds} --seed {seed}`: a list goes through the desk while somebody edits stations;
the server, the worker or the database is killed (SIGKILL) at a random moment; then all is started again.

| killed | rounds | list there whole after the kill | not at all, then whole | lost or half | seconds until whole, median | worst |
|---|---:|---:|---:|---:|---:|---:|
{lines}

Edits acknowledged while it went on: {edits:,}; lost: {lost}. Lists of {small:,} rows are applied by the server, of {large:,}
by the worker; the database has fsync on.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One round. after: rows of the list that stood in the registry once the killed one was back, before anything else."""

    killed: str
    rows: int
    after: int
    final: int
    edits: int
    lost: int
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether the list was there whole or not at all, came to its end once, and no acknowledged edit was lost."""
        return self.after in {0, self.rows} and self.final == self.rows and not self.lost


class _Editor(threading.Thread):
    """Edits stations one after another, and remembers each edit whose commit was acknowledged."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(daemon=True)
        self._engine = engine
        self.ending = threading.Event()
        self.acknowledged: dict[int, int] = {}
        self.number = self.edits = 0

    def run(self) -> None:
        while not self.ending.is_set():
            station = self.number % EDITED
            try:
                with (
                    Session(self._engine) as session,
                    session.begin(),
                    acting(session, actor_id(session, OPERATOR), reason=f"edit {self.number}"),
                ):
                    session.execute(
                        text("UPDATE stations SET capacity = :n WHERE names->>'zh' = :name"),
                        {"n": self.number + 1, "name": f"修改站{station}"},
                    )
                self.acknowledged[station] = self.number + 1
                self.edits += 1
            except (DBAPIError, OSError):
                self.ending.wait(0.2)
            self.number += 1
            self.ending.wait(0.02)

    def lost(self) -> int:
        """Count the stations that hold something older than the last edit that was acknowledged."""
        with Session(self._engine) as session:
            held = session.execute(
                text("SELECT names->>'zh' AS name, capacity FROM stations WHERE names->>'zh' LIKE '修改站%'")
            )
            now = {int(row.name.removeprefix("修改站")): row.capacity or 0 for row in held}
        return sum(now[station] < number for station, number in self.acknowledged.items())


def lasting(running: Site, number: int, rows: int) -> float:
    """Import a list that nobody disturbs; return how many seconds applying takes, which says where kills may fall."""
    batch = _judged(running, number, rows)
    began = time.monotonic()
    running.ask(f"/desk/imports/{batch}/apply", {})
    _finish(running, batch, number, rows)
    return time.monotonic() - began


def drill(
    running: Site, number: int, target: str, *, chance: random.Random, rows: int, lasts_s: float
) -> Outcome:
    """Send a list of ``rows``, apply it, kill ``target`` at a random moment meanwhile, bring it back and look.

    lasts_s: how long applying takes. The kill falls anywhere from its beginning to a little after its end.
    """
    batch = _judged(running, number, rows)
    editor = _Editor(running.engine)
    editor.start()
    began = time.monotonic()
    pressing = threading.Thread(
        target=running.ask, args=(f"/desk/imports/{batch}/apply", {"go_on": "1"}), daemon=True
    )
    pressing.start()
    time.sleep(chance.uniform(0.02, 1.25 * lasts_s))
    running.kill(target)
    running.bring_back(target)
    pressing.join(120)
    after = _there(running, number)
    _finish(running, batch, number, rows)
    seconds = time.monotonic() - began
    editor.ending.set()
    editor.join()
    return Outcome(
        target, rows, after, _there(running, number), editor.edits,
        editor.lost(), seconds,
    )  # fmt: skip


def _judged(running: Site, number: int, rows: int) -> int:
    """Send a list through the desk and have it judged; return its batch."""
    out = io.StringIO()
    listed = csv.writer(out)
    listed.writerow(HEADS)
    listed.writerows(
        [
            f"演练{number}号站{n}",
            "城东区",
            f"{101.01 + n % 97 / 100:.4f}",
            f"{36.01 + n // 97 / 1000 + number % 300 / 2000:.5f}",
        ]
        for n in range(rows)
    )
    form = {"source": "new", "name": f"演练名单{number}", "datum": "wgs84"}
    data = out.getvalue().encode()
    status, page, where = running.ask("/desk/imports/new", form, file=(f"演练{number}.csv", data))
    if status != 303:
        raise RuntimeError(f"the list was not taken: {status} {page[-500:]}")
    columns = {"field-0": "name", "field-1": "district", "field-2": "lon", "field-3": "lat", "datum": "wgs84"}
    _, _, where = running.ask(where, [*(("header", head) for head in HEADS), *columns.items()])
    found = re.search(r"/imports/(\d+)$", where)
    if found is None:
        raise RuntimeError(f"the list was not judged: it led to {where!r}")
    batch = int(found[1])
    deadline = time.monotonic() + PATIENCE_S
    while _status(running, batch) != "judged":
        if time.monotonic() > deadline:
            raise TimeoutError(f"batch {batch} is not judged")
        time.sleep(0.2)
    return batch


def _finish(running: Site, batch: int, number: int, rows: int) -> None:
    """Bring the list to its end as its keeper would: where nobody is about it, the button is pressed again."""
    deadline = time.monotonic() + PATIENCE_S
    while _status(running, batch) != "applied":
        there = _there(running, number)
        if there not in {0, rows}:
            raise AssertionError(f"{there} of {rows} rows of batch {batch} are there")
        if time.monotonic() > deadline:
            raise TimeoutError(f"batch {batch} is not applied")
        with suppress(DBAPIError):
            with Session(running.engine) as session:
                about = session.scalar(
                    text("SELECT count(*) FROM work WHERE key = :key AND state IN ('waiting', 'running')"),
                    {"key": f"import:{batch}"},
                )
            if not about:
                running.ask(f"/desk/imports/{batch}/apply", {"go_on": "1"})
        time.sleep(0.3)


def _status(running: Site, batch: int) -> str:
    return str(_number(running, "SELECT status FROM import_batches WHERE id = :n", batch))


def _there(running: Site, number: int) -> int:
    return int(
        str(
            _number(
                running,
                "SELECT count(*) FROM stations WHERE names->>'zh' LIKE '演练' || :n || '号站%'",
                str(number),
            )
        )
    )


def _number(running: Site, question: str, n: object) -> object:
    """Ask the database, through the moments in which it starts again."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with Session(running.engine) as session:
                return session.scalar(text(question), {"n": n})
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _line(target: str, outcomes: list[Outcome]) -> str:
    of = [outcome for outcome in outcomes if outcome.killed == target]
    seconds = sorted(outcome.seconds for outcome in of)
    return (
        f"| {target} | {len(of)} | {sum(o.after == o.rows for o in of)} | {sum(o.after == 0 for o in of)} | "
        f"{sum(not o.whole for o in of)} | {seconds[len(seconds) // 2]:.1f} | {seconds[-1]:.1f} |"
    )


def main() -> int:
    """Run the drill, print and keep its table; 1 where anything was lost or half done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - the moments of the kills
    small, large = 600, AT_ONCE + 200
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="yz-drill-") as folder, site(Path(folder)) as running:
        lasts = {rows: lasting(running, 900 + rows, rows) for rows in (small, large)}
        for number in range(options.rounds):
            target = TARGETS[number % len(TARGETS)]
            # The server applies short lists and the worker long ones; the database goes down under both.
            rows = large if target == "worker" or (target == "database" and number % 2) else small
            outcomes.append(drill(running, number, target, chance=chance, rows=rows, lasts_s=lasts[rows]))
            print(f"{number + 1:>3} {outcomes[-1]}", flush=True)
    told = _TEXT.format(
        rounds=options.rounds,
        seed=options.seed,
        lines="\n".join(
            _line(target, outcomes) for target in TARGETS if any(o.killed == target for o in outcomes)
        ),
        edits=sum(outcome.edits for outcome in outcomes),
        lost=sum(outcome.lost for outcome in outcomes),
        small=small,
        large=large,
    )
    print(told)
    if options.rounds >= 50:
        RESULTS.write_text(told, encoding="utf-8")
    return 0 if all(outcome.whole for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
