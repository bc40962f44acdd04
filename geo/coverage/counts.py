"""Counts: people and cells within so many seconds, by area; covered twice; what hangs on one station alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geo.errors import CoordinateError
from geo.reach import Nearest, Pairs, Standing

__all__ = ["cover_counts", "depending", "tally", "totals"]

_Floats = NDArray[np.float64]


def tally(
    nearest: Nearest, weight: ArrayLike, area: Sequence[str | None], *, limits_s: Sequence[float]
) -> pd.DataFrame:
    """Count people and cells within each limit, by area.

    nearest: of the cells. weight: (k,) people. area: (k,) code of the area of each cell, or None. limits_s: ascending.
    Returns one row an area, by code, None last, with columns ``people``, ``cells``, then for each limit
    ``people_<seconds>`` and ``cells_<seconds>``, then ``people_cut_off`` and ``cells_cut_off`` (no street, or streets
    that lead to no station), and ``median_s``: the seconds that half the people of the area have at most (inf where
    half are not reached). Raises CoordinateError where lengths differ or a limit is no ascending number.
    """
    people = _weights(weight, len(nearest.seconds))
    limits = _limits(limits_s)
    if len(area) != len(people):
        raise CoordinateError(f"{len(people)} cells and {len(area)} areas: each cell needs its area, or None")
    cut_off = np.isin(nearest.standing, (Standing.CUT_OFF, Standing.NO_STREET))
    columns: dict[str, NDArray[np.float64]] = {"people": people, "cells": np.ones(len(people))}
    for limit in limits:
        reached = nearest.seconds <= limit
        columns[f"people_{limit:g}"] = np.where(reached, people, 0.0)
        columns[f"cells_{limit:g}"] = reached.astype(np.float64)
    columns |= {"people_cut_off": np.where(cut_off, people, 0.0), "cells_cut_off": cut_off.astype(np.float64)}
    keys = pd.Series(list(area), dtype="object")
    counted = pd.DataFrame(columns).groupby(keys, dropna=False, sort=True).sum()
    medians = {code: _median(nearest.seconds[rows], people[rows]) for code, rows in _groups(keys)}
    counted["median_s"] = [medians[_key(code)] for code in counted.index]
    return counted.astype({name: "int64" for name in counted.columns if name.startswith("cells")})


def totals(table: pd.DataFrame) -> pd.Series[float]:
    """Add the areas of a tally up; the median is left out, for medians do not add."""
    return table.drop(columns="median_s").sum()


def cover_counts(pairs: Pairs, cells: int) -> NDArray[np.int64]:
    """Count, for each of so many cells, the stations within the limit of the pairs: 0 uncovered, 2 and more covered twice."""
    return np.bincount(pairs.place, minlength=cells).astype(np.int64)


def depending(pairs: Pairs, weight: ArrayLike) -> _Floats:
    """Return the people of each station who have no other one within the limit: what closes when it closes, (f,)."""
    people = _weights(weight, None)
    alone = cover_counts(pairs, len(people)) == 1
    station = np.repeat(np.arange(len(pairs.starts) - 1), np.diff(pairs.starts))
    held = np.where(alone[pairs.place], people[pairs.place], 0.0)
    return np.bincount(station, held, minlength=len(pairs.starts) - 1).astype(np.float64)


def _weights(weight: ArrayLike, count: int | None) -> _Floats:
    people = np.asarray(weight, dtype=np.float64)
    if count is not None and len(people) != count:
        raise CoordinateError(f"{count} cells and {len(people)} weights: each cell needs one")
    if not ((people >= 0) & np.isfinite(people)).all():
        at = int(np.argmin((people >= 0) & np.isfinite(people)))
        raise CoordinateError(f"cell {at} has the weight {people[at]}; a weight is a number, 0 or more")
    return people


def _limits(limits_s: Sequence[float]) -> list[float]:
    limits = [float(limit) for limit in limits_s]
    if not limits or not all(limit >= 0 for limit in limits) or limits != sorted(set(limits)):
        raise CoordinateError(f"limits are seconds, 0 or more, ascending, not {list(limits_s)!r}")
    return limits


def _median(seconds: _Floats, people: _Floats) -> float:
    order = np.argsort(seconds)
    share = np.cumsum(people[order])
    if len(share) == 0 or share[-1] == 0:
        return float("nan")
    return float(seconds[order][np.searchsorted(share, share[-1] / 2.0)])


def _key(code: object) -> object:
    return code if isinstance(code, str) else None


def _groups(keys: pd.Series[str]) -> list[tuple[object, NDArray[np.int64]]]:
    codes, names = pd.factorize(keys, use_na_sentinel=False)
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []
    return [(_key(names[codes[rows[0]]]), rows) for rows in parts]
