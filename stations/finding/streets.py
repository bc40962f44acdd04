"""Minutes on the streets, from where a rider stands to the doors about: exact within the hour, an estimate beyond it.

Where the rider or a door has no street near, that way is estimated along the straight line, and says so.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.nearby import Reached
from geo.passing import Mode
from geo.streets import NOWHERE, Snapped
from stations.errors import Unavailable
from stations.finding.travel import Minutes, StraightLine
from stations.query import By
from stations.streets.opening import Open, Streets

__all__ = ["OnStreets"]

_log = logging.getLogger(__name__)
_MODES: Final = {By.WALK: Mode.WALK, By.EBIKE: Mode.EBIKE}
#: Minutes up to which one looks, the nearer first: most lists are settled within a quarter of an hour, whose streets
#: are a sixteenth of an hour's.
_HORIZONS: Final = (15, 30, 60)
#: A bound that is computed by multiplying must not round to the wrong side of a whole minute.
_SLACK: Final = 1.0 - 1e-9


class OnStreets:
    """Travel times of one rider's question: what was searched once is not searched again."""

    horizons: Sequence[int] = _HORIZONS

    def __init__(self, streets: Streets) -> None:
        self._streets = streets
        self._line = StraightLine()
        self._open: dict[By, Open | None] = {}
        self._searched: dict[tuple[tuple[float, float], By], tuple[Snapped, Reached]] = {}

    def minutes(
        self,
        origin: tuple[float, float],
        by: By,
        points: Sequence[tuple[float, float]],
        metres: Sequence[float],
        *,
        within: int,
    ) -> Sequence[Minutes]:
        """Return the minutes to each point, rounded up, one at least; direction of travel is towards the points.

        A way that takes longer than ``within``, or that the streets do not lead, comes as an estimate that is longer.
        """
        guessed = self._line.minutes(origin, by, points, metres, within=within)
        opened = self._opened(by)
        if opened is None or not points:
            return guessed
        here, reached = self._search(opened, origin, by, within)
        if here.segment[0] == NOWHERE:
            return guessed
        doors = opened.doors(list(points))
        seconds: NDArray[np.float64] = opened.about.seconds(reached, doors)
        return [
            guess
            if segment == NOWHERE
            else Minutes(max(1, math.ceil(found / 60.0)), estimated=False)
            if found <= 60.0 * within
            else Minutes(max(within + 1, guess.value))
            for guess, segment, found in zip(guessed, doors.segment.tolist(), seconds.tolist(), strict=True)
        ]

    def fewest(self, by: By, metres: float) -> int:
        """Return the minutes at the top speed of the whole network, or by the estimate where that is less."""
        guess = self._line.fewest(by, metres)
        opened = self._opened(by)
        if opened is None:
            return guess
        return min(guess, max(1, math.ceil(metres / (60.0 * opened.about.straight_ms) * _SLACK)))

    def farthest_m(self, by: By, minutes: int) -> float:
        """Return how far anybody gets, on the streets or by the estimate."""
        guess = self._line.farthest_m(by, minutes)
        opened = self._opened(by)
        return guess if opened is None else max(guess, 60.0 * minutes * opened.about.straight_ms / _SLACK)

    def _opened(self, by: By) -> Open | None:
        # One question is answered on the same streets throughout, whatever is loaded meanwhile.
        if by not in self._open:
            try:
                self._open[by] = self._streets.open(_MODES[by])
            except Unavailable as error:
                # A rider is better served by an estimate that says so than by no answer.
                _log.warning("minutes are estimated: %s", error)
                self._open[by] = None
        return self._open[by]

    def _search(
        self, opened: Open, origin: tuple[float, float], by: By, within: int
    ) -> tuple[Snapped, Reached]:
        found = self._searched.get((origin, by))
        if found is None or found[1].limit_s < 60.0 * within:
            here = found[0] if found else opened.network.snap([origin[0]], [origin[1]])
            found = self._searched[origin, by] = here, opened.about.search(here, limit_s=60.0 * within)
        return found
