"""Who has a station within reach, who has not, and how fairly: counted on weighted cells, never on pictures.

``geo.reach`` says how long the ways are (``geo.coverage.estimate`` where no street is known); these modules count.
"""

from geo.coverage.access import enhanced_two_step, two_step
from geo.coverage.counts import cover_counts, depending, tally, totals
from geo.coverage.equity import Worst, gini, worst_served
from geo.coverage.joining import patches
from geo.coverage.offers import offered, packed
from geo.coverage.straight import Gaps, LonLat, distance_to_nearest, gaps

__all__ = [
    "Gaps",
    "LonLat",
    "Worst",
    "cover_counts",
    "depending",
    "distance_to_nearest",
    "enhanced_two_step",
    "gaps",
    "gini",
    "offered",
    "packed",
    "patches",
    "tally",
    "totals",
    "two_step",
    "worst_served",
]
