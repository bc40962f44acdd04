"""How long hours take: a wording, a state at a moment, eight weeks of spans; beside the bare library for a state.

    python benchmarks/hours.py

Prints a table and keeps it in ``benchmarks/results/hours.md``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from opening_hours import OpeningHours  # noqa: E402

from stations.hours import Calendar, DatedException, Hours, parse_words, spans, standing  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "hours.md"
EXPRESSION = "Mo-Fr 08:30-12:00,14:00-17:30; Sa 09:00-12:00"
HOURS = Hours(
    f"{EXPRESSION}; PH off",
    Calendar.OFFICIAL,
    (DatedException(date(2026, 2, 10), date(2026, 2, 20), None, "春节"),),
)
WORDS = (
    "周一至周五 8:30-17:30",
    "每天9点到晚上8点半",
    "24小时",
    "工作日开放",
    "夏季8:00-20:00 冬季8:30-18:30",
)
START = datetime(2026, 1, 20, tzinfo=ZoneInfo("Asia/Shanghai"))


def microseconds(times: int, work: Callable[[int], object]) -> float:
    """Return the mean of ``times`` runs after a first one that fills the caches."""
    work(0)
    began = time.perf_counter()
    for turn in range(times):
        work(turn)
    return (time.perf_counter() - began) / times * 1e6


def main() -> None:
    """Measure and write the table."""
    library = OpeningHours(EXPRESSION)
    day, minute = timedelta(days=1), timedelta(minutes=1)

    def word(turn: int) -> object:
        return parse_words(WORDS[turn % len(WORDS)], today=START.date())

    def ours(turn: int) -> object:
        return standing(HOURS, START + turn * minute)

    def theirs(turn: int) -> object:
        return library.state(START.replace(tzinfo=None) + turn * minute)

    def weeks(turn: int) -> object:
        return spans(HOURS, START + turn * day, START + (turn + 56) * day)

    rows = [
        ("a wording met before", microseconds(200_000, word)),
        ("a state, ours (holidays, make-up days, exceptions)", microseconds(5_000, ours)),
        ("a state, the library alone (knows no make-up day)", microseconds(5_000, theirs)),
        ("eight weeks of spans", microseconds(50, weeks)),
    ]
    lines = ["# Hours", "", "| what | µs |", "|---|---:|"]
    lines += [f"| {what} | {taken:,.1f} |" for what, taken in rows]
    lines += ["", f"opening-hours-py {version('opening-hours-py')}; load {os.getloadavg()[0]:.1f}."]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
