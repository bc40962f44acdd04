"""Siting: where the next stations help most, asked of the registry, answered with a bound, checked and kept."""

from stations.planning.siting import plans
from stations.planning.siting.asking import SitingQuestion
from stations.planning.siting.proposing import Proposal, propose
from stations.planning.siting.wants import Further, Offer, Problem, Source

__all__ = ["Further", "Offer", "Problem", "Proposal", "SitingQuestion", "Source", "plans", "propose"]
