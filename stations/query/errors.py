"""What is wrong with a query string: every problem at once, each with its name and value."""

from __future__ import annotations

from dataclasses import dataclass

from stations.errors import Invalid

__all__ = ["BadQuery", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a query string."""

    name: str
    value: str
    reason: str


class BadQuery(Invalid):
    """A query string that cannot be read; ``problems`` holds all that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__("; ".join(p.reason for p in problems), field=first.name, value=first.value)
        self.problems = problems
