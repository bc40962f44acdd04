"""What a search for sites says: the plan, how good it is, and how sure that is; a value that nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["PROVEN", "Answer", "Sizes", "Status"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: A plan counts as best where no other can be better by more than this share: what doubles and the solver's
#: tolerances leave.
PROVEN: Final = 1e-6


class Status(StrEnum):
    """What is known of a plan."""

    #: No plan is better, by the solver's proof.
    OPTIMAL = "optimal"
    #: No plan is better by more than the gap that was asked for.
    GAP = "gap"
    #: Time, memory or somebody ended the search; the gap says how far it had come.
    STOPPED = "stopped"
    #: No plan keeps to the rules.
    INFEASIBLE = "infeasible"


@dataclass(frozen=True)
class Sizes:
    """How large a question was: candidates, demand, pairs; and what was left of it to search through."""

    sites: int
    demand: int
    pairs: int
    sites_left: int
    demand_left: int
    pairs_left: int


@dataclass(frozen=True, eq=False)
class Answer:
    """A plan with its standing.

    problem: which one was asked. sites: (k,) indices, the one that adds most first. adds: (k,) what each adds to those
    before it. serves: for each site the demand that it serves and none before it did; of a median the demand that it is
    nearest to, of backup what it reaches first or second, of capacities whatever goes there. objective: of the plan; bound: no
    plan has a better one, which is the solver's claim. gap: of the two, relative, 0 to 1; inf where there is no plan.
    reason, relaxation: why there is no plan, and the smallest change that would allow one. root_gap: the gap before
    anything was branched on.
    """

    problem: str
    status: Status
    sites: _Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    adds: _Floats = field(default_factory=lambda: np.empty(0))
    serves: tuple[_Ints, ...] = ()
    objective: float = float("nan")
    bound: float = float("nan")
    gap: float = float("inf")
    root_gap: float = float("nan")
    seconds: float = 0.0
    reason: str = ""
    relaxation: str = ""
    sizes: Sizes | None = None
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    versions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def gap_of(objective: float, bound: float) -> float:
        """Return how far a plan may be from the best, as a share of the bound or of the plan, whichever is larger."""
        if not (np.isfinite(objective) and np.isfinite(bound)):
            return float("inf")
        return abs(bound - objective) / max(abs(bound), abs(objective), 1e-12)


def status_of(objective: float, bound: float, *, asked: float) -> Status:
    """Say what the numbers allow to say, whatever ended the search."""
    gap = Answer.gap_of(objective, bound)
    if gap <= PROVEN:
        return Status.OPTIMAL
    return Status.GAP if gap <= asked else Status.STOPPED
