"""Where the next stations help most: exact answers with a bound, or a plan with its gap; never more said than is known."""

from geo.siting import certify
from geo.siting.alternatives import Insisted, alternatives, with_site, without_site
from geo.siting.answer import PROVEN, Answer, Sizes, Status
from geo.siting.backup import BackupCover, solve_backup
from geo.siting.capacitated import Allotted, CapacitatedCover, solve_capacitated
from geo.siting.centre import Centre, solve_centre
from geo.siting.cover import Cover
from geo.siting.curve import Point, cost_per_person, gain_curve
from geo.siting.frames import Asked, of_frames
from geo.siting.least import LeastCover, solve_least
from geo.siting.maximal import MaximalCover, solve_maximal
from geo.siting.median import Median
from geo.siting.median_search import solve_median
from geo.siting.rules import Floor, Rules, closer_than
from geo.siting.solver import Limits
from geo.siting.stability import Stability, stability

__all__ = [
    "PROVEN",
    "Allotted",
    "Answer",
    "Asked",
    "BackupCover",
    "CapacitatedCover",
    "Centre",
    "Cover",
    "Floor",
    "Insisted",
    "LeastCover",
    "Limits",
    "MaximalCover",
    "Median",
    "Point",
    "Rules",
    "Sizes",
    "Stability",
    "Status",
    "alternatives",
    "certify",
    "closer_than",
    "cost_per_person",
    "gain_curve",
    "of_frames",
    "solve_backup",
    "solve_capacitated",
    "solve_centre",
    "solve_least",
    "solve_maximal",
    "solve_median",
    "stability",
    "with_site",
    "without_site",
]
