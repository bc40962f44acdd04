"""What is wrong with a query string: every problem at once, each with its name and value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stations.errors import Invalid

__all__ = ["MOST_TOLD", "BadQuery", "Problem"]

MOST_TOLD: Final = 20
"""So many problems are told; of a query string with thousands of wrong names, the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a query string."""

    name: str
    value: str
    reason: str


class BadQuery(Invalid):
    """A query string that cannot be read; ``problems`` holds what is wrong with it, ``MOST_TOLD`` at most."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        told = problems[:MOST_TOLD]
        reasons = [problem.reason for problem in told]
        if len(problems) > MOST_TOLD:
            reasons.append(f"and {len(problems) - MOST_TOLD} more")
        super().__init__("; ".join(reasons), field=told[0].name, value=told[0].value)
        self.problems = told
