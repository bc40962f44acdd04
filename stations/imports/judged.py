"""One row, judged: what it says of a station, and what is to be said against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stations.hours import Hours
from stations.imports.cells import BLANKS
from stations.imports.columns import Columns
from stations.imports.problems import Kind, Problem, Severity

__all__ = ["AmenitySet", "Judged", "cells_of", "short"]

#: (amenity, yes or no, out of order, basis), each amenity once, by its code.
AmenitySet = tuple[tuple[str, str, bool, str], ...]


@dataclass(slots=True)
class Judged:
    """One row, judged. ``facts`` are columns of a station that the row gives; what it does not give is not there.

    problems that reject make the rest meaningless. held and doubted say what the problems say.
    """

    number: int
    received: dict[str, str]
    problems: list[Problem] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    key: str = ""
    digest: str = ""
    kind_guess: str | None = None
    hours: Hours | None = None
    lon: float | None = None
    lat: float | None = None
    datum: str | None = None
    x: float | None = None
    y: float | None = None
    region_at: str | None = None
    region_named: str | None = None
    amenities: AmenitySet = ()
    partners: dict[str, str] = field(default_factory=dict)

    def has(self, severity: Severity) -> bool:
        """Tell whether something of this weight is said against the row."""
        return any(problem.severity is severity for problem in self.problems)

    def against(self, kind: Kind, field: str, value: str, reason: str) -> None:
        """Say something against the row; a long value is quoted in part."""
        self.problems.append(Problem(kind, field, short(value), reason))


def short(text: str) -> str:
    """Return a value as a problem quotes it."""
    return text if len(text) <= 80 else f"{text[:79]}…"


def cells_of(columns: Columns, field: str, judged: Sequence[Judged]) -> tuple[str, list[str]] | None:
    """Return the header of a field and its cells, blanks empty; constants stand in for what is missing.

    None where neither a column nor a constant says anything of the field.
    """
    header = columns.one(field)
    constant = columns.constants.get(field, "")
    if header is None:
        return (field, [constant] * len(judged)) if constant else None
    found = [one.received[header] for one in judged]
    return header, [constant if text in BLANKS else text for text in found]
