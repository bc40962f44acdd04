"""The parts of a question of siting: what is sought, where candidates come from, and what is to be told beyond the plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stations.errors import Invalid

__all__ = ["Further", "Offer", "Problem", "Source"]

_MOST_OFFERED: Final = 20_000
_MOST_ALTERNATIVES: Final = 20
_MOST_RUNS: Final = 200
_WIDEST: Final = 2.0


class Problem(StrEnum):
    """What is asked for."""

    #: So many sites, or so much money, that reach most people (maximal cover).
    MAXIMAL = "maximal"
    #: The fewest or cheapest sites that reach everybody who can be reached (least cover).
    LEAST = "least"
    #: So many sites that bring people nearest: least minutes on average (p-median).
    MEDIAN = "median"
    #: So many sites that leave nobody far: the longest way is shortest (p-centre).
    CENTRE = "centre"
    #: So many sites that give most people a second station within reach, for when one is full or shut (backup cover).
    BACKUP = "backup"
    #: So many sites that serve most people, none more than it holds (capacitated cover).
    CAPACITATED = "capacitated"

    @property
    def by_distance(self) -> bool:
        """Whether minutes themselves count, and not only who is within the limit."""
        return self in (Problem.MEDIAN, Problem.CENTRE)

    @property
    def rising(self) -> bool:
        """Whether a larger objective is better."""
        return self in (Problem.MAXIMAL, Problem.BACKUP, Problem.CAPACITATED)


class Source(StrEnum):
    """Where candidates come from."""

    #: The named places of the gazetteer.
    PLACES = "places"
    #: Stations that the registry holds as planned and that have a position.
    PLANNED = "planned"
    #: The filled squares of a layer of demand that was made from points: halls, hosts, stops.
    LAYER = "layer"
    #: The middles of the cells with most people.
    CELLS = "cells"
    #: A list of candidates with their names, hosts and costs (``stations.planning.siting.candidate_lists``).
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Offer:
    """The candidates: where from, of which layer or list, and how many at most (those in the cells with most people)."""

    source: Source = Source.PLACES
    #: the name of the layer, or of the list
    layer: str | None = None
    most: int = 2_000

    def __post_init__(self) -> None:
        if (self.source in (Source.LAYER, Source.LIST)) != bool(self.layer):
            raise Invalid(
                "candidates of a layer or of a list need its name, and others have none",
                field="layer", value=self.layer,
            )  # fmt: skip
        if not 1 <= self.most <= _MOST_OFFERED:
            raise Invalid(
                f"{self.most} candidates at most? give 1 to {_MOST_OFFERED:,}", field="most", value=self.most
            )


@dataclass(frozen=True, slots=True)
class Further:
    """What is told beyond the plan, each with its own part of the time.

    curve_to: the gain of every number of sites up to this one; None for twice the count, 0 for none (maximal cover and
    median by count alone). alternatives: so many other plans that are nearly as good, each with at least ``differing``
    sites that those before it have not. runs: the plan sought again so often with demand that strays by ``spread``
    (standard deviation of its logarithm), to tell which sites stay.
    """

    curve_to: int | None = None
    alternatives: int = 0
    differing: int = 1
    runs: int = 0
    spread: float = 0.2

    def __post_init__(self) -> None:
        for name, most in (("curve_to", 100_000), ("alternatives", _MOST_ALTERNATIVES), ("runs", _MOST_RUNS)):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= most:
                raise Invalid(f"{name}: {value} is not between 0 and {most:,}", field=name, value=value)
        if self.differing < 1:
            raise Invalid(
                f"plans that differ in {self.differing} sites are the same: give 1 or more",
                field="differing", value=self.differing,
            )  # fmt: skip
        if not 0 < self.spread <= _WIDEST:
            raise Invalid(
                f"a spread of {self.spread!r} is none: give more than 0, up to {_WIDEST:g}",
                field="spread", value=self.spread,
            )  # fmt: skip
