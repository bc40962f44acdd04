"""Coverage counted on cells: by hand, against PySAL's ``access``, and by what must hold whatever the numbers are."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.coverage import (
    cover_counts,
    depending,
    enhanced_two_step,
    gini,
    patches,
    tally,
    totals,
    two_step,
    worst_served,
)
from geo.coverage.estimate import StraightLine
from geo.demand import Cells
from geo.errors import CoordinateError, ReachError
from geo.reach import Nearest, Pairs, Standing
from geo.spheroid import metres_between

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the reference says of its own past is none of our business
    from access import fca

INF = float("inf")
WALK = StraightLine(detour=1.3, speed_ms=1.3)
place = st.tuples(st.floats(101.0, 101.2), st.floats(36.5, 36.7))
places = st.lists(place, min_size=1, max_size=25)


def columns(points: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return lon, lat


def table_of(pairs: Pairs, cells: int) -> np.ndarray:
    full = np.full((len(pairs.starts) - 1, cells), INF)
    for row in range(len(full)):
        mine = slice(pairs.starts[row], pairs.starts[row + 1])
        full[row, pairs.place[mine]] = pairs.seconds[mine]
    return full


@given(places, st.lists(place, max_size=8), st.floats(0, 4000))
def test_an_estimate_along_the_straight_line_is_the_shortest_of_all_pairs(
    homes: list[tuple[float, float]], stations: list[tuple[float, float]], limit: float
) -> None:
    (lon, lat), (at_lon, at_lat) = columns(homes), columns(stations)
    full = WALK.seconds(metres_between(lon[None, :], lat[None, :], at_lon[:, None], at_lat[:, None]))
    found = WALK.nearest((lon, lat), (at_lon, at_lat), limit_s=limit)
    best = full.min(axis=0) if len(full) else np.full(len(lon), INF)
    np.testing.assert_allclose(found.seconds, np.where(best <= limit, best, INF), rtol=1e-12)
    pairs = WALK.pairs((lon, lat), (at_lon, at_lat), limit_s=limit)
    np.testing.assert_allclose(table_of(pairs, len(lon)), np.where(full <= limit, full, INF), rtol=1e-12)


@pytest.mark.parametrize(("detour", "speed"), [(0.9, 1.3), (1.3, 0.0), (INF, 1.0)])
def test_an_estimate_without_sense_is_refused(detour: float, speed: float) -> None:
    with pytest.raises(ReachError, match="no estimate"):
        StraightLine(detour, speed)


def reached(*seconds: float, standing: list[Standing] | None = None) -> Nearest:
    way = np.array(seconds)
    told = (
        np.where(np.isfinite(way), Standing.REACHED, Standing.BEYOND)
        if standing is None
        else np.array(standing)
    )
    return Nearest(way, np.where(np.isfinite(way), 0, -1), told.astype(np.int8))


def test_people_and_cells_are_counted_by_limit_and_area() -> None:
    nearest = reached(
        100, 400, INF, 900, INF,
        standing=[Standing.REACHED, Standing.REACHED, Standing.BEYOND, Standing.REACHED, Standing.NO_STREET],
    )  # fmt: skip
    found = tally(nearest, [10, 20, 30, 40, 50], ["b", "b", "b", "a", None], limits_s=[300, 900])
    assert [code if isinstance(code, str) else None for code in found.index] == ["a", "b", None]
    assert found.loc["b"].to_dict() == {
        "people": 60, "cells": 3, "people_300": 10, "cells_300": 1, "people_900": 30, "cells_900": 2,
        "people_cut_off": 0, "cells_cut_off": 0, "median_s": 400,
    }  # fmt: skip
    assert found.iloc[2]["people_cut_off"] == 50
    whole = totals(found)
    assert (whole["people"], whole["people_900"], whole["cells"]) == (150, 70, 5)
    assert "median_s" not in whole


@given(
    st.lists(
        st.tuples(st.floats(0, 5000), st.floats(0, 1e5), st.sampled_from(["a", "b", None])),
        min_size=1,
        max_size=30,
    )
)
def test_people_are_conserved_and_a_longer_limit_never_covers_fewer(
    rows: list[tuple[float, float, Any]],
) -> None:
    seconds = [value if value < 4000 else INF for value, _, _ in rows]
    found = tally(
        reached(*seconds), [w for _, w, _ in rows], [a for *_, a in rows], limits_s=[300, 900, 1800]
    )
    assert found["people"].sum() == pytest.approx(sum(w for _, w, _ in rows))
    assert found["cells"].sum() == len(rows)
    assert (found["people_300"] <= found["people_900"]).all()
    assert (found["people_900"] <= found["people_1800"]).all()
    assert (found["people_1800"] <= found["people"] + 1e-9).all()


@pytest.mark.parametrize("limits", [[], [900, 300], [300, 300], [-1], [float("nan")]])
def test_limits_that_are_none_are_refused(limits: list[float]) -> None:
    with pytest.raises(CoordinateError, match="ascending"):
        tally(reached(1.0), [1.0], ["a"], limits_s=limits)


@pytest.mark.parametrize("weight", [[-1.0], [float("nan")], [1.0, 2.0]])
def test_weights_that_are_none_are_refused(weight: list[float]) -> None:
    with pytest.raises(CoordinateError, match="weight"):
        tally(reached(1.0), weight, ["a"], limits_s=[1])


@given(places, st.lists(place, max_size=6), st.floats(0, 6000))
def test_what_hangs_on_one_station_is_what_is_lost_without_it(
    homes: list[tuple[float, float]], stations: list[tuple[float, float]], limit: float
) -> None:
    home, people = columns(homes), np.arange(1.0, len(homes) + 1)
    lost = depending(WALK.pairs(home, columns(stations), limit_s=limit), people)
    covered = people[cover_counts(WALK.pairs(home, columns(stations), limit_s=limit), len(homes)) > 0].sum()
    for left_out in range(len(stations)):
        fewer = columns(stations[:left_out] + stations[left_out + 1 :])
        still = people[cover_counts(WALK.pairs(home, fewer, limit_s=limit), len(homes)) > 0].sum()
        assert covered - still == lost[left_out]


def reference(pairs: Pairs, people: np.ndarray, seats: np.ndarray, weight_fn: Any) -> np.ndarray:
    station = np.repeat(np.arange(len(seats)), np.diff(pairs.starts))
    costs = pd.DataFrame({"origin": pairs.place, "dest": station, "cost": pairs.seconds})
    homes = pd.DataFrame({"geoid": range(len(people)), "people": people})
    doors = pd.DataFrame({"seats": seats}, index=pd.RangeIndex(len(seats)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = fca.two_stage_fca(
            homes, doors, costs, 1e9, demand_name="people", supply_name="seats", weight_fn=weight_fn
        )
    return scores.reindex(range(len(people))).fillna(0.0).to_numpy()


@pytest.mark.parametrize("seed", range(6))
def test_accessibility_is_what_pysal_computes(seed: int) -> None:
    random = np.random.default_rng(seed)
    home = random.uniform(101.0, 101.1, 60), random.uniform(36.5, 36.6, 60)
    door = random.uniform(101.0, 101.1, 12), random.uniform(36.5, 36.6, 12)
    people, seats = random.integers(1, 500, 60).astype(float), random.integers(2, 40, 12).astype(float)
    pairs = WALK.pairs(home, door, limit_s=1800)
    np.testing.assert_allclose(
        two_step(pairs, people, seats), reference(pairs, people, seats, None), rtol=1e-9
    )
    zones = [(600.0, 1.0), (1200.0, 0.68), (1800.0, 0.22)]

    def falls(cost: float) -> float:
        return next((factor for limit, factor in zones if cost <= limit), 0.0)

    np.testing.assert_allclose(
        enhanced_two_step(pairs, people, seats, zones=zones),
        reference(pairs, people, seats, falls),
        rtol=1e-9,
    )


def test_accessibility_hands_out_every_seat_that_somebody_can_reach() -> None:
    pairs = Pairs(np.array([0, 2, 3, 3]), np.array([0, 1, 1]), np.array([10.0, 20.0, 30.0]))
    people, seats = np.array([10.0, 30.0, 5.0]), np.array([8.0, 6.0, 100.0])
    scores = two_step(pairs, people, seats)
    assert scores.tolist() == pytest.approx([0.2, 0.4, 0.0])
    assert (scores * people).sum() == pytest.approx(14.0)


@pytest.mark.parametrize("zones", [[], [(600.0, 1.0), (300.0, 0.5)], [(600.0, 1.5)]])
def test_zones_that_are_none_are_refused(zones: list[tuple[float, float]]) -> None:
    pairs = Pairs(np.array([0, 1]), np.array([0]), np.array([10.0]))
    with pytest.raises(CoordinateError, match="zones"):
        enhanced_two_step(pairs, [1.0], [1.0], zones=zones)


@pytest.mark.parametrize(
    ("value", "weight", "wanted"),
    [
        ([1, 1, 1], [5, 1, 9], 0.0),
        ([0, 1], [1, 1], 0.5),
        ([0, 0, 0, 1], [1, 1, 1, 1], 0.75),
        ([1, 3], [1, 1], 0.25),
    ],
)
def test_gini_by_hand(value: list[float], weight: list[float], wanted: float) -> None:
    assert gini(value, weight) == pytest.approx(wanted, abs=1e-12)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.integers(1, 20)), min_size=1, max_size=20))
def test_gini_of_cells_is_that_of_their_people_one_by_one(rows: list[tuple[float, int]]) -> None:
    grouped = gini([v for v, _ in rows], [w for _, w in rows])
    people = np.array([v for v, w in rows for _ in range(w)])
    if people.sum() == 0:
        assert np.isnan(grouped)
        return
    apart = np.abs(people[:, None] - people[None, :]).mean() / (2 * people.mean())
    assert grouped == pytest.approx(apart, abs=1e-9)


def test_the_worst_served_tenth_divides_the_cell_that_it_ends_in() -> None:
    worst = worst_served([60, 600, 1200, INF], [70, 20, 6, 4])
    assert worst == (1200.0, 10.0, 1200.0, 4.0)
    assert worst_served([60, 600], [50, 50], share=1).mean_s == 330.0
    with pytest.raises(CoordinateError, match="share"):
        worst_served([1], [1], share=0)


@st.composite
def grids(draw: st.DrawFn) -> tuple[Cells, np.ndarray]:
    where = draw(st.sets(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1, max_size=40))
    column, row = np.array(sorted(where, key=lambda each: (each[1], each[0]))).T
    weight = np.array(
        draw(st.lists(st.integers(1, 9), min_size=len(column), max_size=len(column))), dtype=float
    )
    open_ = np.array(draw(st.lists(st.booleans(), min_size=len(column), max_size=len(column))))
    return Cells(CRS.from_epsg(32647), 250.0, column, row, weight), open_


@given(grids())
def test_gaps_are_the_uncovered_cells_that_touch(asked: tuple[Cells, np.ndarray]) -> None:
    cells, open_ = asked
    table, rank = patches(cells, open_)
    left = {
        (int(c), int(r)): i for i, (c, r) in enumerate(zip(cells.column, cells.row, strict=True)) if open_[i]
    }
    wanted = []
    while left:
        reach, group = [next(iter(left))], set()
        while reach:
            c, r = reach.pop()
            if (c, r) in left:
                group.add(left.pop((c, r)))
                reach += [(c + dc, r + dr) for dc in (-1, 0, 1) for dr in (-1, 0, 1)]
        wanted.append(frozenset(group))
    found = [frozenset(np.flatnonzero(rank == i).tolist()) for i in range(len(table))]
    assert set(found) == set(wanted)
    assert [sum(cells.weight[list(group)]) for group in found] == table["people"].tolist()
    assert table["people"].is_monotonic_decreasing
    assert all(int(at) in group for at, group in zip(table["at"], found, strict=True))
    assert (rank[~open_] == -1).all()
