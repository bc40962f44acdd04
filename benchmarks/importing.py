"""How long 200,000 rows take to import with all the judging done, beside ``geopandas.to_postgis`` of the same rows.

    python benchmarks/importing.py [--rows 20000 200000] [--province 41]

Both write into fresh databases of one private cluster without fsync, each in a process of its own, whose peak memory is
measured. The rows are made: real counties, points inside them, the columns of a county's ledger. Nothing is tuned for
the comparison: ours fills stations, amenities, their ledger, the rows of the batch and the public view with its
indexes; to_postgis writes one table with one spatial index. The table it prints is kept in
``benchmarks/results/importing.md``.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import shapely  # noqa: E402
from sqlalchemy import create_engine, text  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from geo.datum import Datum, from_wgs84  # noqa: E402
from geo.io.outlines import read_outlines  # noqa: E402
from geo.mainland import Mainland  # noqa: E402
from stations.cluster import OWNER, Cluster  # noqa: E402
from stations.imports import Options, SourceSpec, judge_and_apply  # noqa: E402
from stations.registry import regions  # noqa: E402
from stations.registry.writing import OPERATOR, actor_id  # noqa: E402
from stations.schema import migrate  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "importing.md"
FILES = ROOT / "var" / "benchmarks"
TEXT = """# Importing

`python benchmarks/importing.py`: a county ledger's rows into an empty registry, all judged, in one transaction; the same
file again, where nothing changes; and `geopandas.to_postgis` of the same rows into one table with one spatial index.
Private cluster, fsync off. Each side is a process of its own; memory is the peak of that process.

| rows | ours, s | peak MiB | rows/s | on the map | ours again, s | peak MiB | to_postgis, s | peak MiB | ratio |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{lines}

Python {python}, {versions}; PostgreSQL {server}; {cores} cores, load {before:.1f} before and {after:.1f} after.

What the ratio pays for: a row of to_postgis is one row in one table. A row here is a station with its ledger entry, its
source's key, four amenities, the row of the batch with what was received and what came of it, and a public row with a
prebuilt feature, three spatial indexes and two for the search (pinyin trigrams, bigrams of names and addresses), all
visible at once at the commit.
"""
HEADER = (
    "序号", "站点名称", "所属区县", "详细地址", "经度", "纬度", "坐标系", "开放时间", "服务设施", "容纳人数",
    "联系电话",
)  # fmt: skip
HOURS = (
    "08:00-20:00", "周一至周五 09:00-17:00", "24小时", "08:30-12:00,14:00-17:30", "工作日开放", "07:30-22:30",
    "随社区开放", "周一至周五 08:30-12:00,13:00-17:30", "每天9点到晚上8点半", "夏季8:00-20:00 冬季8:30-18:30",
)  # fmt: skip
AMENITIES = ("饮水", "微波炉", "空调", "座椅", "充电", "Wi-Fi", "急救包", "卫生间", "书报", "雨具")
HOSTS = (
    "社区党群服务中心",
    "建设银行",
    "中国石化加油站",
    "大药房",
    "邮政快递网点",
    "街道办事处",
    "便民服务中心",
)


def make_rows(path: Path, count: int, province: str) -> None:
    """Write the same rows every time: points inside real counties, in GCJ-02, with a ledger's words."""
    chance, points = random.Random(count), np.random.default_rng(count)  # noqa: S311
    counties = read_outlines("county", province)
    mainland = Mainland.from_provinces(read_outlines("province"))
    areas = counties.to_crs("EPSG:3857").area.to_numpy() ** 0.5
    shares = np.floor(areas / areas.sum() * count).astype(int)
    shares[0] += count - shares.sum()
    names: list[str] = []
    lon: list[float] = []
    lat: list[float] = []
    for name, shape, share in zip(counties["name"], counties.geometry, shares, strict=True):
        west, south, east, north = shape.bounds
        shapely.prepare(shape)
        found = 0
        while found < share:
            x = points.uniform(west, east, 4 * share + 64)
            y = points.uniform(south, north, 4 * share + 64)
            inside = np.flatnonzero(shapely.contains_xy(shape, x, y))[: share - found]
            lon += x[inside].tolist()
            lat += y[inside].tolist()
            names += [name] * len(inside)
            found += len(inside)
    x, y = from_wgs84(lon, lat, Datum.GCJ02, mainland=mainland)
    order = points.permutation(count)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number, at in enumerate(order, 1):
            host, district = chance.choice(HOSTS), names[at]
            chosen = sorted(chance.sample(range(len(AMENITIES)), chance.randint(2, 6)))
            writer.writerow(
                (
                    number,
                    f"{district}{chance.choice('东西南北')}{number}号{host}工会驿站",
                    district,
                    f"{district}人民路{number}号{host}一楼",
                    f"{x[at]:.6f}",
                    f"{y[at]:.6f}",
                    "GCJ-02",
                    chance.choice(HOURS),
                    "、".join(AMENITIES[amenity] for amenity in chosen),
                    chance.choice((6, 8, 10, 12, 20)),
                    f"0{chance.randint(370, 399)}-{chance.randint(2_000_000, 8_999_999)}",
                )
            )


def ours(path: Path, url: str) -> None:
    """Import the rows as the command does, and commit."""
    with Session(create_engine(url)) as session, session.begin():
        report = judge_and_apply(
            session,
            path,
            actor=actor_id(session, OPERATOR),
            source=SourceSpec("benchmark", "benchmark"),
            datum=Datum.GCJ02,
            options=Options(),
        )
        assert report.status == "applied", report.counts


def theirs(path: Path, url: str) -> None:
    """Read the rows with pandas, make points of them, and write them with ``to_postgis``."""
    import geopandas as gpd
    import pandas as pd

    frame = pd.read_csv(path, dtype={"联系电话": str})
    points = gpd.points_from_xy(frame["经度"], frame["纬度"], crs="EPSG:4326")
    with create_engine(url).begin() as connection:
        gpd.GeoDataFrame(frame, geometry=points).to_postgis("stations_written", connection)


def measured(what: str, path: Path, url: str) -> dict[str, float]:
    """Run one side in a process of its own; returns its seconds and its peak memory."""
    done = subprocess.run(
        [sys.executable, __file__, "--side", what, "--file", str(path)],
        env={**os.environ, "BENCHMARK_URL": url},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def side(what: str, path: Path) -> None:
    """Be the process of one side."""
    started = time.perf_counter()
    {"ours": ours, "again": ours, "theirs": theirs}[what](path, os.environ["BENCHMARK_URL"])
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak}))


def registry(cluster: Cluster, name: str, province: str) -> str:
    """Make an empty registry of the province; returns the application's address."""
    cluster.drop_database(name)
    cluster.create_database(name)
    migrate(cluster.url(name, OWNER))
    engine = create_engine(cluster.url(name))
    with Session(engine) as session, session.begin():
        regions.load(session, province=province, actor=actor_id(session, OPERATOR))
    engine.dispose()
    return cluster.url(name)


def main() -> None:
    """Measure every size and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--province", default="41")
    parser.add_argument("--side")
    parser.add_argument("--file", type=Path)
    asked = parser.parse_args()
    if asked.side:
        side(asked.side, asked.file)
        return
    lines = []
    load = os.getloadavg()[0]
    with Cluster.locate(ROOT, name="bench-cluster", fsync=False).running() as cluster:
        for count in asked.rows:
            path = FILES / f"ledger-{asked.province}-{count}.csv"
            if not path.exists():
                make_rows(path, count, asked.province)
            url = registry(cluster, "benchmark_ours", asked.province)
            found = {what: measured(what, path, url) for what in ("ours", "again")}
            with create_engine(url).connect() as connection:
                stored = connection.scalar(
                    text("SELECT count(*) FROM public_stations WHERE location IS NOT NULL")
                )
                server = connection.scalar(
                    text("SELECT current_setting('server_version') || ', PostGIS ' || postgis_lib_version()")
                )
            cluster.drop_database("benchmark_theirs")
            cluster.create_database("benchmark_theirs")
            with cluster.connect("benchmark_theirs") as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            found["theirs"] = measured("theirs", path, cluster.url("benchmark_theirs", OWNER))
            ratio = found["ours"]["seconds"] / found["theirs"]["seconds"]
            lines.append(
                f"| {count:,} | {found['ours']['seconds']:.1f} | {found['ours']['peak_mib']:.0f} | "
                f"{count / found['ours']['seconds']:,.0f} | {stored:,} | {found['again']['seconds']:.1f} | "
                f"{found['again']['peak_mib']:.0f} | "
                f"{found['theirs']['seconds']:.1f} | {found['theirs']['peak_mib']:.0f} | {ratio:.1f} |"
            )
            print(lines[-1], flush=True)
            for name in ("benchmark_ours", "benchmark_theirs"):
                cluster.drop_database(name)
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("geopandas", "psycopg", "SQLAlchemy", "numpy")
    )
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(
        TEXT.format(
            lines="\n".join(lines),
            python=platform.python_version(),
            versions=versions,
            server=server,
            cores=os.cpu_count(),
            before=load,
            after=os.getloadavg()[0],
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
