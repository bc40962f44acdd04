"""Siting: where the next stations help most, asked of the registry, answered with a bound, checked and kept."""

from stations.planning.siting import plans
from stations.planning.siting.asking import Offer, Problem, SitingQuestion, Source
from stations.planning.siting.proposing import Proposal, propose

__all__ = ["Offer", "Problem", "Proposal", "SitingQuestion", "Source", "plans", "propose"]
