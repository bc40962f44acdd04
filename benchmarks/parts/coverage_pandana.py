"""The same questions put to pandana, in a virtual environment of its own that knows nothing of this project.

    python benchmarks/parts/coverage_pandana.py FILE

Prints what it took as JSON; what it answers is compared with what we do. Reading the file is not measured.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandana
import pandas as pd

FAR_S = 100_000.0


def main() -> None:
    """Build the network, set the stations, ask for the nearest of every node."""
    path = Path(sys.argv[1])
    with np.load(path) as held:
        land = {key: held[key] for key in held.files}
    seconds: dict[str, float] = {}
    began, cpu = time.perf_counter(), time.process_time()
    network = pandana.Network(
        pd.Series(land["xy"][:, 0]),
        pd.Series(land["xy"][:, 1]),
        pd.Series(land["tail"]),
        pd.Series(land["head"]),
        pd.DataFrame({"seconds": land["seconds"]}),
        twoway=True,
    )
    seconds["build"] = time.perf_counter() - began
    began = time.perf_counter()
    network.set_pois("stations", FAR_S, 1, pd.Series(land["doors"][:, 0]), pd.Series(land["doors"][:, 1]))
    seconds["set stations"] = time.perf_counter() - began
    began = time.perf_counter()
    found = network.nearest_pois(FAR_S, "stations", num_pois=1)[1].to_numpy()
    seconds["search"] = time.perf_counter() - began
    began = time.perf_counter()
    network.get_node_ids(pd.Series(land["people"][:, 0]), pd.Series(land["people"][:, 1]))
    seconds["snap"] = time.perf_counter() - began
    cpu = time.process_time() - cpu
    apart = np.abs(found - np.load(path.with_suffix(".ours.npy")))
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": cpu,
                "peak_mib": int(status.partition("VmHWM:")[2].split()[0]) / 1024,
                "facts": {
                    "nodes": len(found),
                    "apart_s": float(apart.max()),
                    "versions": f"pandana {version('pandana')}, numpy {version('numpy')}",
                },
            }
        )
    )


if __name__ == "__main__":
    main()
