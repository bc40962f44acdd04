"""A built network as a folder of arrays that are mapped into memory: read in no time, and shared by all processes.

What is costly to make of a network stands beside it: its graph both ways, its pieces, the squares that places are
snapped with.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjCrsError
from scipy.sparse import csr_array

from geo.errors import StreetsError
from geo.passing import Mode
from geo.snapping import SegmentSquares
from geo.streets import Network

__all__ = ["FORMAT", "read_network", "write_network"]

#: Raised whenever a file would be read wrongly by an older program, or an older file by this one.
FORMAT: Final = 1
_ABOUT: Final = "network.json"
_OWN: Final = ("xy", "tail", "head", "length_m", "forward_s", "backward_s")
_SPARSE: Final = ("data", "indices", "indptr")


def write_network(folder: Path, network: Network) -> None:
    """Write a network into a new folder, down to the disk. Raises OSError where the disk is full or the folder is there."""
    folder.mkdir()
    for name, array in _arrays(network).items():
        with (folder / f"{name}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
    about = {
        "format": FORMAT,
        "mode": str(network.mode),
        "crs": network.crs.to_wkt(),
        "source": network.source,
        "fastest_ms": network.fastest_ms,
        "low": network.squares.low.tolist(),
        "tall": network.squares.tall,
    }
    with (folder / _ABOUT).open("w", encoding="utf-8") as text:
        json.dump(about, text, ensure_ascii=False, indent=1)
        text.flush()
        os.fsync(text.fileno())


def read_network(folder: Path) -> Network:
    """Map a folder that ``write_network`` wrote into memory.

    Raises StreetsError where it is missing, of another format, or does not fit together.
    """
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise StreetsError(
                f"{folder} holds a network of format {about['format']}, and this program reads {FORMAT}: load the streets again"
            )
        own = {name: _mapped(folder, name) for name in _OWN}
        network = Network(Mode(about["mode"]), CRS.from_wkt(about["crs"]), source=about["source"], **own)
        nodes, segments = len(network.xy), len(network)
        made: dict[str, Any] = {
            name: csr_array(
                tuple(_mapped(folder, f"{name}_{part}") for part in _SPARSE), shape=(nodes, nodes), copy=False
            )
            for name in ("graph", "reversed")
        }
        made["component"] = _mapped(folder, "component")
        made["fastest_ms"] = float(about["fastest_ms"])
        made["squares"] = SegmentSquares(
            np.array(about["low"], dtype=np.float64), int(about["tall"]), _mapped(folder, "square"),
            _mapped(folder, "square_segment"),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, ProjCrsError) as error:
        raise StreetsError(f"{folder} holds no whole network: {error}; load the streets again") from error
    lengths = {len(own[name]) for name in _OWN[1:]}
    if lengths != {segments} or len(made["component"]) != nodes:
        raise StreetsError(f"{folder} holds arrays that do not fit together; load the streets again")
    # A cached property is looked for here first: nothing of this is made a second time.
    vars(network).update(made)
    return network


def _arrays(network: Network) -> dict[str, NDArray[Any]]:
    sparse = {
        f"{name}_{part}": getattr(getattr(network, name), part)
        for name in ("graph", "reversed")
        for part in _SPARSE
    }
    return {name: getattr(network, name) for name in _OWN} | sparse | {
        "component": network.component,
        "square": network.squares.square,
        "square_segment": network.squares.segment,
    }  # fmt: skip


def _mapped(folder: Path, name: str) -> NDArray[Any]:
    # As a plain array: slices of a memmap drag its bookkeeping along, and thousands are cut in a search.
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)).view(np.ndarray)
