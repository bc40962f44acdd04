"""The measured halves of ``benchmarks/coverage.py``: each a process of its own, which prints what it took as JSON.

    python benchmarks/parts/coverage_runs.py NAME FILE [PROCESSES]

FILE holds a land (``coverage_land``) as arrays; reading it is not measured. Answers that others are compared with are
written beside it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "parts")]

import numpy as np  # noqa: E402
from coverage_land import Country, network  # noqa: E402
from pyproj import CRS, Transformer  # noqa: E402

from geo.coverage import gini, tally, two_step, worst_served  # noqa: E402
from geo.coverage.estimate import StraightLine  # noqa: E402
from geo.demand import from_points  # noqa: E402
from geo.halo import nearest_in_parts  # noqa: E402
from geo.io.outlines import read_outlines  # noqa: E402
from geo.reach import Nearest, nearest, node_seconds, pairs  # noqa: E402
from stations.registry.areas import Area, Areas  # noqa: E402

CELL_M: Final = 250.0
LIMITS_S: Final = (300.0, 900.0, 1800.0)
LIMIT_S: Final = LIMITS_S[-1]
#: The country of the national load is cut into so many provinces each way.
PROVINCES: Final = 6
PLANE: Final = "+proj=lcc +lat_1=25 +lat_2=47 +lon_0=105 +lat_0=35 +datum=WGS84 +units=m +type=crs"
PROVINCE_CRS: Final = "EPSG:32647"
LINE: Final = StraightLine(detour=1.3, speed_ms=1.3)


class Clock:
    """Seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what happens within."""
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began


def graph(clock: Clock, land: Country, file: Path, _: int) -> Mapping[str, Any]:
    """Seconds from every crossing to its nearest station: from bare arrays, then asked anew about other stations."""
    streets = network(land, CRS.from_user_input(PROVINCE_CRS), "city")
    with clock.step("graph"):
        arcs = streets.reversed.nnz
    with clock.step("file segments"):
        _ = len(streets.squares.square)
    with clock.step("snap stations"):
        doors = streets.snap_metric(land.doors)
    with clock.step("search"):
        seconds, _ = node_seconds(streets, doors)
    np.save(file.with_suffix(".ours.npy"), seconds)
    others = land.xy[np.random.default_rng(1).choice(len(land.xy), len(land.doors), replace=False)]
    with clock.step("other stations"):
        node_seconds(streets, streets.snap_metric(others))
    return {"nodes": len(streets.xy), "arcs": int(arcs), "stations": len(doors)}


def snapping(clock: Clock, land: Country, file: Path, _: int) -> Mapping[str, Any]:
    """Places onto segments, and their nearest station door to door."""
    streets = network(land, CRS.from_user_input(PROVINCE_CRS), "city")
    with clock.step("file segments"):
        _ = len(streets.squares.square)
    with clock.step("snap"):
        places = streets.snap_metric(land.people)
    doors = streets.snap_metric(land.doors)
    _ = streets.reversed, streets.component
    with clock.step("nearest"):
        nearest(streets, places, doors, limit_s=LIMIT_S)
    return {"places": len(places), "segments": len(streets)}


def province(clock: Clock, land: Country, file: Path, _: int) -> Mapping[str, Any]:
    """Cells of a province: areas, straight line, streets, tables."""
    crs = CRS.from_user_input(PROVINCE_CRS)
    with clock.step("cells"):
        lon, lat = _lonlat(crs, land.people)
        cells = from_points(lon, lat, land.weight, crs=crs, size_m=CELL_M)
    with clock.step("counties"):
        lon, lat = cells.lonlat()
        county = _counties("63").at(lon, lat)
    doors = _lonlat(crs, land.doors)
    with clock.step("straight line"):
        estimated = LINE.nearest((lon, lat), doors, limit_s=LIMIT_S)
    with clock.step("tables of it"):
        table = tally(estimated, cells.weight, county, limits_s=LIMITS_S)
        worst_served(estimated.seconds, cells.weight)
    streets = network(land, crs, "province")
    with clock.step("graph"):
        _ = streets.reversed, streets.component
    with clock.step("snap"):
        places, served = streets.snap(lon, lat), streets.snap(*doors)
    with clock.step("streets"):
        found = nearest(streets, places, served, limit_s=LIMIT_S)
    with clock.step("tables"):
        by_streets = tally(found, cells.weight, county, limits_s=LIMITS_S)
    with clock.step("pairs"):
        near = pairs(streets, places, served, limit_s=LIMITS_S[1])
    with clock.step("shares"):
        gini(two_step(near, cells.weight, np.full(len(land.doors), 20.0)), cells.weight)
    assert np.isclose(table["people"].sum(), by_streets["people"].sum())
    return {
        "cells": len(cells),
        "inside": sum(code is not None for code in county),
        "counties": len(table),
        "nodes": len(streets.xy),
        "stations": len(land.doors),
        "pairs": len(near.place),
        "without_street": int((places.segment < 0).sum()),
    }


def national(clock: Clock, land: Country, file: Path, processes: int) -> Mapping[str, Any]:
    """The national load: as one question, or by provinces with a halo in so many processes (0: one question)."""
    crs = CRS.from_user_input(PLANE)
    streets = network(land, crs, "country")
    lon, lat = _lonlat(crs, land.people)
    with clock.step("cells"):
        cells = from_points(lon, lat, land.weight, crs=crs, size_m=CELL_M)
    with clock.step("snap"):
        places, doors = streets.snap_metric(cells.xy), streets.snap_metric(land.doors)
    worker = 0.0
    if processes:
        with (
            ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool,
            clock.step("nearest"),
        ):
            found = nearest_in_parts(
                streets,
                places,
                doors,
                _province(cells.xy),
                limit_s=LIMIT_S,
                processes=processes,
                pool=pool if processes > 1 else None,
            )
            worker = max(pool.map(_peak_mib, [0.2] * processes)) if processes > 1 else 0.0
        _compared(file, found)
    else:
        with clock.step("nearest"):
            found = nearest(streets, places, doors, limit_s=LIMIT_S)
        np.savez(file.with_suffix(".whole.npz"), *found)
        with clock.step("straight line"):
            LINE.nearest(cells.lonlat(), _lonlat(crs, land.doors), limit_s=LIMIT_S)
    with clock.step("tables"):
        tally(found, cells.weight, _province(cells.xy).astype("U2").astype(object), limits_s=LIMITS_S)
    return {
        "cells": len(cells),
        "nodes": len(streets.xy),
        "segments": len(streets),
        "stations": len(doors),
        "worker_mib": worker,
        "reached": int(np.isfinite(found.seconds).sum()),
        "without_street": int((places.segment < 0).sum()),
    }


def sharing(clock: Clock, land: Country, file: Path, _: int) -> Mapping[str, Any]:
    """Two-step floating catchment areas of the same pairs: ours, and PySAL's in turn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from access import fca
    crs = CRS.from_user_input(PROVINCE_CRS)
    lon, lat = _lonlat(crs, land.people)
    near = LINE.pairs((lon, lat), _lonlat(crs, land.doors), limit_s=LIMIT_S)
    people, seats = land.weight, np.full(len(land.doors), 20.0)
    station = np.repeat(np.arange(len(seats)), np.diff(near.starts))
    # Its tables are made before the clock starts, as our pairs are.
    costs = pd.DataFrame({"origin": near.place, "dest": station, "cost": near.seconds})
    homes = pd.DataFrame({"geoid": np.arange(len(people)), "people": people})
    supply = pd.DataFrame({"seats": seats}, index=pd.RangeIndex(len(seats)))
    best: dict[str, float] = {}
    for _turn in range(3):
        with clock.step("ours"):
            ours = two_step(near, people, seats)
        with clock.step("PySAL access"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = fca.two_stage_fca(
                homes, supply, costs, LIMIT_S + 1.0, demand_name="people", supply_name="seats"
            )
        best = {name: min(value, best.get(name, value)) for name, value in clock.seconds.items()}
    clock.seconds = best
    np.testing.assert_allclose(ours, theirs.reindex(np.arange(len(people))).fillna(0.0).to_numpy(), rtol=1e-9)
    return {"cells": len(people), "stations": len(seats), "pairs": len(near.place)}


def _lonlat(crs: CRS, points: Any) -> tuple[Any, Any]:
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*points.T)


def _counties(code: str) -> Areas:
    """Return the counties of a province, as a registry knows them."""
    frame = read_outlines("county", code)
    return Areas(
        {
            each.code: Area(each.code, "county", {"zh": each.name}, (each.code,), None, None)
            for each in frame.itertuples()
        },
        dict(zip(frame["code"], frame.geometry, strict=True)),
    )


def _peak_mib(pause: float = 0.0) -> float:
    """Return the most memory that this process held; pausing, so that no worker of a pool tells it twice."""
    time.sleep(pause)
    # Not that of getrusage, which counts what the parent held when it forked.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _province(xy: Any) -> Any:
    low, high = xy.min(axis=0), xy.max(axis=0)
    at = np.minimum((xy - low) / (high - low) * PROVINCES, PROVINCES - 1).astype(np.int64)
    return at[:, 0] * PROVINCES + at[:, 1]


def _compared(file: Path, found: Nearest) -> None:
    with np.load(file.with_suffix(".whole.npz")) as whole:
        for one, other in zip(found, whole.values(), strict=True):
            np.testing.assert_array_equal(one, other)


RUNS: Final[Mapping[str, Callable[[Clock, Country, Path, int], Mapping[str, Any]]]] = {
    "graph": graph,
    "snapping": snapping,
    "province": province,
    "national": national,
    "sharing": sharing,
}


def main() -> None:
    """Do one run and print what it took."""
    name, path, *rest = sys.argv[1:]
    with np.load(path) as held:
        land = Country(**{key: held[key] for key in Country.__slots__})
    clock, began = Clock(), time.process_time()
    facts = RUNS[name](clock, land, Path(path), int(rest[0]) if rest else 0)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "seconds": clock.seconds,
                "cpu": time.process_time() - began + others.ru_utime + others.ru_stime,
                "peak_mib": _peak_mib(),
                "facts": facts,
            }
        )
    )


if __name__ == "__main__":
    main()
