"""Two plans beside each other: what they asked differently, what each brings, which sites they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.spheroid import metres_between
from stations.errors import Conflict
from stations.models import SitingPlan
from stations.planning.siting import plans

__all__ = ["compare"]

#: Sites nearer to each other than this stand at the same place, whatever list they came from.
_SAME_M: Final = 100.0


def compare(first: SitingPlan, second: SitingPlan) -> dict[str, Any]:
    """Return two plans beside each other.

    ``summary`` and ``regions`` (level → code → figure) hold [first, second, change], None where one does not know;
    ``asked`` what they were asked differently; ``shared`` the keys that stand at the same place (within 100 m), as pairs;
    ``only_first``, ``only_second`` the keys of the others. ``people``: who is newly reached by the ``first`` alone, the
    ``second`` alone and ``both``; None where the two count people on other cells. Raises Conflict where one has no answer.
    """
    for plan in (first, second):
        if plan.finished_at is None:
            raise Conflict(f"plan {plan.id} has no answer yet, and nothing to compare")
    pairs = _shared(first.sites or [], second.sites or [])
    left, right = {one for one, _ in pairs}, {other for _, other in pairs}
    levels = {**(first.regions or {}), **(second.regions or {})}
    return {
        "summary": _beside(first.summary or {}, second.summary or {}),
        "regions": {
            level: _areas((first.regions or {}).get(level, {}), (second.regions or {}).get(level, {}))
            for level in levels
        },
        "asked": _asked(first.question, second.question),
        "shared": pairs,
        "only_first": [row["key"] for row in first.sites or [] if row["key"] not in left],
        "only_second": [row["key"] for row in second.sites or [] if row["key"] not in right],
        "people": _people(first, second),
    }


def _shared(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pair sites that stand at the same place, each once, the nearest first."""
    if not left or not right:
        return []
    lon, lat = (np.array([row[axis] for row in left])[:, None] for axis in ("lon", "lat"))
    other_lon, other_lat = (np.array([row[axis] for row in right])[None, :] for axis in ("lon", "lat"))
    metres = metres_between(lon, lat, other_lon, other_lat)
    found: list[tuple[str, str]] = []
    for at in np.argsort(metres, axis=None, kind="stable").tolist():
        one, other = divmod(at, len(right))
        if metres[one, other] > _SAME_M:
            break
        if all(left[one]["key"] != a and right[other]["key"] != b for a, b in found):
            found.append((left[one]["key"], right[other]["key"]))
    return found


def _people(first: SitingPlan, second: SitingPlan) -> dict[str, float] | None:
    """Count people by cell, where both plans laid the same people on the same cells."""
    one, other = plans.arrays_of(first), plans.arrays_of(second)
    same = (first.basis or {}).get("crs") == (second.basis or {}).get("crs") and _same_cells(one, other)
    if not same:
        return None
    mine, theirs, weight = one["served"] > 0, other["served"] > 0, one["weight"]
    return {
        "first": float(weight[mine & ~theirs].sum()),
        "second": float(weight[theirs & ~mine].sum()),
        "both": float(weight[mine & theirs].sum()),
    }


def _same_cells(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> bool:
    return all(
        name in one and name in other and np.array_equal(one[name], other[name])
        for name in ("column", "row", "weight", "times")
    )


def _asked(first: Mapping[str, Any], second: Mapping[str, Any], under: str = "") -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name in {**first, **second}:
        left, right = first.get(name), second.get(name)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            found |= _asked(left, right, f"{under}{name}.")
        elif left != right:
            found[f"{under}{name}"] = [left, right]
    return found


def _areas(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    return {code: _beside(left.get(code, {}), right.get(code, {})) for code in sorted({*left, *right})}


def _beside(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, list[float | None]]:
    found = {}
    for name in {**left, **right}:
        one, other = left.get(name), right.get(name)
        found[name] = [one, other, None if one is None or other is None else other - one]
    return found
