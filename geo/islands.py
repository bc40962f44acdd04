"""How a network hangs together: its pieces, and the courtyards that were mapped without a way out.

Who stands beside a path that leads nowhere walks to the next street. A piece with less street than a block has is
therefore left out before anybody is snapped to it; a town beyond a river without a bridge stays, and is cut off.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.streets import Network

__all__ = ["ISLAND_M", "Pieces", "pieces", "without_islands"]

#: Metres of street in all below which a piece is an island.
ISLAND_M: Final = 500.0


class Pieces(NamedTuple):
    """number: of pieces. largest: share of all street metres that lies in the largest one, 0 to 1."""

    number: int
    largest: float


def pieces(network: Network) -> Pieces:
    """Tell how a network hangs together, one-way streets taken both ways."""
    if len(network) == 0:
        return Pieces(0, 0.0)
    metres = _metres(network)
    return Pieces(int((metres > 0).sum()), float(metres.max() / metres.sum()) if metres.sum() > 0 else 1.0)


def without_islands(network: Network, *, shorter_than_m: float = ISLAND_M) -> tuple[Network, int]:
    """Return the network without its islands, and how many these were; the largest piece always stays."""
    if len(network) == 0:
        return network, 0
    metres = _metres(network)
    small = metres < shorter_than_m
    small[int(np.argmax(metres))] = False
    kept = ~small[network.component[network.tail]]
    if kept.all():
        return network, 0
    return network.part(np.flatnonzero(kept)), int((small & (metres > 0)).sum())


def _metres(network: Network) -> NDArray[np.float64]:
    """Return the street metres of each piece, by its number in ``network.component``."""
    return np.bincount(network.component[network.tail], network.length_m).astype(np.float64)
