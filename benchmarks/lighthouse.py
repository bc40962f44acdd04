"""What Lighthouse says of the riders' pages on a throttled phone: performance, accessibility, good practice, search.

    python benchmarks/lighthouse.py [--runs 3] [--base http://127.0.0.1:8000]

Lighthouse 12.8.2 (``benchmarks/lighthouse/package.json``) drives Debian's Chromium with its own settings for a phone:
a Moto G Power's screen, a processor four times slower, 1.6 Mbit/s with 150 ms of delay. Without ``--base`` a
demonstration server of this checkout is started for the time of the run. Each page is measured ``--runs`` times and the
median of each score is told. The table it prints is kept in ``benchmarks/results/lighthouse.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "benchmarks" / "lighthouse"
RESULT = ROOT / "benchmarks" / "results" / "lighthouse.md"
CHROMIUM = "/usr/bin/chromium"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
NEAR = "101.7782,36.6171"
PAGES = {
    "finder, no place yet": "/",
    "finder, a list": f"/?near={NEAR}",
    "finder, a list with filters, English": f"/?near={NEAR}&amenities=microwave&open=now&lang=en",
    "a station": "/s/{code}",
    "the planners' map": "/map",
}
#: The demonstration asks search engines to stay away, as it must: that is no fault of its pages.
LEFT_OUT = "is-crawlable"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="how often each page is measured (3)")
    parser.add_argument("--base", help="a server that runs already")
    asked = parser.parse_args()
    subprocess.run([ROOT / "script" / "npm", "ci"], cwd=TOOLS, check=True) if not installed() else None
    with serving(asked.base) as base:
        rows = [(name, base + path.format(code=some_code(base))) for name, path in PAGES.items()]
        lines = table([(name, measured(url, asked.runs)) for name, url in rows], asked.runs)
    print("\n".join(lines))
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def installed() -> bool:
    """Tell whether the pinned Lighthouse lies there already."""
    found = TOOLS / "node_modules" / "lighthouse" / "package.json"
    wanted = json.loads((TOOLS / "package.json").read_text(encoding="utf-8"))["dependencies"]["lighthouse"]
    return found.is_file() and json.loads(found.read_text(encoding="utf-8"))["version"] == wanted


@contextmanager
def serving(base: str | None) -> Iterator[str]:
    """Give the address of a server: the one asked for, else a demonstration on a free port."""
    if base:
        yield base.rstrip("/")
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "YIZHAN_PORT": str(port)}
    with subprocess.Popen([ROOT / "script" / "server"], env=environment, stdout=subprocess.DEVNULL) as server:
        base = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                if server.poll() is not None:
                    raise SystemExit(f"script/server ended with {server.returncode}")
                try:
                    ask(f"{base}/healthz")
                    break
                except OSError:
                    time.sleep(0.5)
            yield base
        finally:
            server.terminate()
            server.wait()


def some_code(base: str) -> str:
    """Return the code of the station nearest to where the list is asked for."""
    code: str = json.loads(ask(f"{base}/api/v1/stations?near={NEAR}&limit=1"))["features"][0]["id"]
    return code


def ask(url: str) -> bytes:
    """Return the body of an answer."""
    if not url.startswith("http"):
        raise SystemExit(f"{url!r} is no web address; write --base http://127.0.0.1:8000")
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the scheme stands above
        body: bytes = answer.read()
        return body


def measured(url: str, runs: int) -> dict[str, float]:
    """Return the median scores of a page, and of what was timed in milliseconds and sent in kilobytes."""
    reports = [report(url) for _ in range(runs)]

    def median(read: Any) -> float:
        return statistics.median(read(each) for each in reports)

    def audit(name: str) -> float:
        return median(lambda each: each["audits"][name]["numericValue"])

    scores = {
        name: round(100 * median(lambda each, n=name: each["categories"][n]["score"])) for name in CATEGORIES
    }
    return scores | {
        "first paint": audit("first-contentful-paint"),
        "largest paint": audit("largest-contentful-paint"),
        "blocked": audit("total-blocking-time"),
        "shift": audit("cumulative-layout-shift"),
        "kB": audit("total-byte-weight") / 1000,
    }


def report(url: str) -> dict[str, Any]:
    """Run Lighthouse until it gives a report; on a busy machine it sometimes loses the trace."""
    for _ in range(3):
        done = run(url)
        if done.returncode == 0:
            break
    else:
        raise SystemExit(f"lighthouse failed on {url}:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    for category in CATEGORIES:
        for reference in found["categories"][category]["auditRefs"]:
            audit = found["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                print(
                    f"  {url}: {audit['id']} {audit['score']} {audit.get('displayValue', '')}",
                    file=sys.stderr,
                )
    return found


def run(url: str) -> subprocess.CompletedProcess[str]:
    """Run Lighthouse once."""
    return subprocess.run(
        [
            "node", TOOLS / "node_modules" / "lighthouse" / "cli" / "index.js", url, "--quiet", "--output=json",
            f"--only-categories={','.join(CATEGORIES)}", f"--skip-audits={LEFT_OUT}", "--form-factor=mobile", "--throttling-method=simulate",
            "--no-enable-error-reporting", "--chrome-flags=--headless=new --no-sandbox --disable-gpu --lang=zh-CN",
        ],
        env={**os.environ, "CHROME_PATH": CHROMIUM},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


def table(rows: list[tuple[str, dict[str, float]]], runs: int) -> list[str]:
    """Write the scores as the kept page does."""
    version = subprocess.run(
        [CHROMIUM, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    head = [*CATEGORIES, "first paint s", "largest paint s", "blocked ms", "shift", "kB"]
    lines = [
        "# Lighthouse on a throttled phone",
        "",
        f"Lighthouse 12.8.2, {version}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores; median of {runs}.",
        "Simulated: 4× slower processor, 1.6 Mbit/s, 150 ms. Command: `script/bench lighthouse`.",
        f"Without the audit `{LEFT_OUT}`: the demonstration asks search engines to stay away.",
        "",
        f"| page | {' | '.join(head)} |",
        f"|---|{'---:|' * len(head)}",
    ]
    for name, found in rows:
        cells = [f"{found[category]:.0f}" for category in CATEGORIES]
        cells += [f"{found['first paint'] / 1000:.2f}", f"{found['largest paint'] / 1000:.2f}"]
        cells += [f"{found['blocked']:.0f}", f"{found['shift']:.3f}", f"{found['kB']:.0f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
