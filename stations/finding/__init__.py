"""Finding for riders: which door is open when I get there, has what I need, and is near."""

from __future__ import annotations

from stations.finding.beside import Neighbour, RightsCentres, alternatives, nearest_of_kind, rights_centres
from stations.finding.find import HOUR, Found, find
from stations.finding.named import named
from stations.finding.rank import STAY, Verdict
from stations.finding.rows import Row
from stations.finding.streets import OnStreets
from stations.finding.travel import Minutes, StraightLine, TravelTimes

__all__ = [
    "HOUR",
    "STAY",
    "Found",
    "Minutes",
    "Neighbour",
    "OnStreets",
    "RightsCentres",
    "Row",
    "StraightLine",
    "TravelTimes",
    "Verdict",
    "alternatives",
    "find",
    "named",
    "nearest_of_kind",
    "rights_centres",
]
