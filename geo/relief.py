"""Heights laid on ways: what lies on the ground has the ground's height, a bridge and a tunnel only at their ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from geo.io.streets import Ways

__all__ = ["laid_on"]


def laid_on(ways: Ways, height: NDArray[np.float64]) -> Ways:
    """Return the ways with heights of a model where nobody mapped one.

    height: (n,) metres of the ground at the nodes, NaN where it is not known. Within a bridge or a tunnel the ground
    says nothing of the street: nodes that lie in no other way stay without a height, and such a street counts as level.
    """
    inner = np.zeros(len(ways.refs), dtype=bool)
    for number, tags in enumerate(ways.tags):
        if tags.get("bridge", "no") != "no" or tags.get("tunnel", "no") != "no":
            inner[ways.starts[number] + 1 : ways.starts[number + 1] - 1] = True
    on_ground = np.zeros(len(ways.lon), dtype=bool)
    on_ground[ways.refs[~inner]] = True
    return replace(ways, ele=np.where(np.isnan(ways.ele) & on_ground, height, ways.ele))
