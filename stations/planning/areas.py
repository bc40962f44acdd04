"""The area that the stations of a run serve along the streets, and the part that two or more serve: for drawing alone.

People are counted on cells, never by these polygons.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.io.networks import read_network
from geo.isochrones import along, doubly_reached_lines, reached_lines
from stations.models import CoverageRun
from stations.planning.asking import Along, CoverageQuestion
from stations.streets.keeping import current, folder_of

__all__ = ["ServiceAreas", "areas_on_streets"]

#: Stretches of street beyond which a picture would take longer than a page may; some 5 s on one core.
_MOST_LINES: Final = 60_000


class ServiceAreas(NamedTuple):
    """once: where a station is reached within the main limit. twice: where two or more are. WGS 84."""

    once: BaseGeometry
    twice: BaseGeometry


def areas_on_streets(
    run: CoverageRun, folder: Path, *, doors: Sequence[dict[str, Any]] | None = None
) -> ServiceAreas | None:
    """Return the service areas of a run along the streets that it was measured on.

    folder: where the streets of the registry are kept. doors: the stations that count, with ``lon`` and ``lat``; those of
    the run where None. Returns None for a run along the straight line, where other streets are loaded by now, or where
    there are more streets than a picture has room for.
    """
    question, basis = CoverageQuestion.of_dict(run.question), run.basis or {}
    kept = current(folder) if question.ways is Along.STREETS else None
    if kept is None or kept.digest != basis.get("streets_digest"):
        return None
    network = read_network(folder_of(folder, kept, question.mode))
    counted = list((run.doors or ()) if doors is None else doors)
    at = network.snap([door["lon"] for door in counted], [door["lat"] for door in counted])
    limit_s = 60.0 * question.main_min
    lines = reached_lines(network, at, limit_s=limit_s)
    if len(lines) > _MOST_LINES:
        return None
    drawn = (along(lines), along(doubly_reached_lines(network, at, limit_s=limit_s)))
    return ServiceAreas(
        *(shapely.transform(area, lambda xy: np.column_stack(network.lonlat(xy))) for area in drawn)
    )
