"""How many minutes it takes to get somewhere: estimated along the straight line where no streets are loaded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from stations.query import By

__all__ = ["DETOUR", "METRES_A_MINUTE", "Minutes", "StraightLine", "TravelTimes"]

#: Street metres for a metre of straight line. Street networks of cities lie between 1.2 and 1.4 (Boeing 2019, "The
#: morphology and circuity of walkable and drivable street networks").
DETOUR: Final = 1.3
#: On the street. Walking: 1.3 m/s, the comfortable gait of adults (Bohannon 1997); with the detour fifteen minutes are
#: 900 m of straight line, in the middle of the 800 to 1000 m by which GB 50180-2018 sizes a 15-minute circle. E-bike:
#: 15 km/h from door to door, lights and parking included, where GB 17761 caps the vehicle at 25 km/h.
METRES_A_MINUTE: Final = {By.WALK: 78.0, By.EBIKE: 250.0}


@dataclass(frozen=True, slots=True)
class Minutes:
    """Whole minutes of travel; ``estimated`` where no street was looked at, and a page must say so."""

    value: int
    estimated: bool = True


class TravelTimes(Protocol):
    """What the finder needs to know of travelling."""

    #: Minutes up to which it is worth looking before looking farther, ascending; the last is the hour.
    horizons: Sequence[int]

    def minutes(
        self,
        origin: tuple[float, float],
        by: By,
        points: Sequence[tuple[float, float]],
        metres: Sequence[float],
        *,
        within: int,
    ) -> Sequence[Minutes]:
        """Return the minutes from ``origin`` to each point.

        points: (n,) longitude and latitude, WGS 84. metres: (n,) straight-line distances to them, on the spheroid.
        within: minutes beyond which a number need only be greater than this.
        """

    def fewest(self, by: By, metres: float) -> int:
        """Return the minutes that nothing so many straight-line metres away can be reached under."""

    def farthest_m(self, by: By, minutes: int) -> float:
        """Return the straight-line metres that nothing within so many minutes lies beyond."""


class StraightLine:
    """Minutes by the straight line, a detour factor and a speed: an estimate, the same for every street pattern."""

    horizons: Sequence[int] = (60,)

    def minutes(
        self,
        origin: tuple[float, float],
        by: By,
        points: Sequence[tuple[float, float]],
        metres: Sequence[float],
        *,
        within: int = 60,
    ) -> Sequence[Minutes]:
        """Return the minutes to each point, however many, rounded up; one at least, for the door still has to be found."""
        return [Minutes(self.fewest(by, each)) for each in metres]

    def fewest(self, by: By, metres: float) -> int:
        """Return the same estimate: along a straight line nothing is nearer than it is."""
        return max(1, math.ceil(metres * DETOUR / METRES_A_MINUTE[by]))

    def farthest_m(self, by: By, minutes: int) -> float:
        """Return how far one gets in so many minutes."""
        return minutes * METRES_A_MINUTE[by] / DETOUR
