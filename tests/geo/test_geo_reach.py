"""Minutes on streets, held against networkx: on streets drawn at random and on real extracts, both ways, any limit."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.errors import ReachError
from geo.io.streets import read_ways
from geo.passing import Mode
from geo.reach import Nearest, Standing, nearest, pairs
from geo.streets import NOWHERE, Network, Snapped, build

STREETS = Path(__file__).resolve().parents[3] / "shared" / "data" / "streets"
EXTRACTS = sorted(STREETS.glob("*.osm.pbf"))
CLOSED = float("inf")


def network(
    xy: list[tuple[float, float]], segments: list[tuple[int, int, float, float]], mode: Mode = Mode.WALK
) -> Network:
    """Make a network of nodes and (tail, head, seconds there, seconds back)."""
    tail, head = (np.array([each[i] for each in segments], dtype=np.int64) for i in (0, 1))
    forward, backward = (np.array([each[i] for each in segments], dtype=np.float64) for i in (2, 3))
    places = np.array(xy, dtype=np.float64)
    length = np.hypot(*(places[head] - places[tail]).T)
    return Network(mode, CRS.from_epsg(32647), places, tail, head, length, forward, backward, "drawn")


def by_networkx(streets: Network, places: Snapped, stations: Snapped, towards: bool) -> np.ndarray:
    """Measure every pair by cutting each segment where somebody stands on it: (stations, places) seconds."""
    graph = nx.DiGraph()

    def arc(start: object, end: object, seconds: float) -> None:
        if np.isfinite(seconds) and not (graph.has_edge(start, end) and graph[start][end]["s"] <= seconds):
            graph.add_edge(start, end, s=seconds)

    standing: dict[int, list[tuple[float, object]]] = {}
    for kind, points in (("place", places), ("station", stations)):
        for i in np.flatnonzero(points.segment != NOWHERE):
            standing.setdefault(int(points.segment[i]), []).append(
                (float(points.along[i]), ("on", kind, int(i)))
            )
            arc((kind, int(i)), ("on", kind, int(i)), float(points.leg_s[i]))
            arc(("on", kind, int(i)), (kind, int(i)), float(points.leg_s[i]))
    for i in range(len(streets)):
        cuts = [
            (0.0, int(streets.tail[i])),
            *sorted(standing.get(i, []), key=lambda cut: cut[0]),
            (1.0, int(streets.head[i])),
        ]
        for (start, one), (end, other) in pairwise(cuts):
            share = end - start
            arc(one, other, share * streets.forward_s[i] if share else 0.0)
            arc(other, one, share * streets.backward_s[i] if share else 0.0)
    table = np.full((len(stations), len(places)), np.inf)
    for station in range(len(stations)):
        if ("station", station) in graph:
            seen = graph.reverse(copy=False) if towards else graph
            reached = nx.single_source_dijkstra_path_length(seen, ("station", station), weight="s")
            for place in range(len(places)):
                table[station, place] = reached.get(("place", place), np.inf)
    return table


def agrees(found: Nearest, table: np.ndarray) -> None:
    best = table.min(axis=0) if len(table) else np.full(len(found.seconds), np.inf)
    np.testing.assert_allclose(found.seconds, best, rtol=1e-12, atol=1e-9)
    for place in np.flatnonzero(np.isfinite(best)):
        assert table[found.station[place], place] == pytest.approx(best[place], rel=1e-12, abs=1e-9)
    assert (found.station[~np.isfinite(best)] == -1).all()


def as_table(found: object, shape: tuple[int, int]) -> np.ndarray:
    table = np.full(shape, np.inf)
    starts, place, seconds = found  # type: ignore[misc]
    for row in range(shape[0]):
        mine = slice(starts[row], starts[row + 1])
        assert (np.diff(place[mine]) > 0).all()
        table[row, place[mine]] = seconds[mine]
    return table


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Network, Snapped, Snapped]:
    count = draw(st.integers(2, 9))
    coordinate = st.integers(0, 5).map(lambda value: value * 100.0)
    xy = draw(st.lists(st.tuples(coordinate, coordinate), min_size=count, max_size=count))
    node = st.integers(0, count - 1)
    pace = st.sampled_from([0.5, 1.0, 2.0, CLOSED])
    segments = []
    for tail, head, there, back in draw(st.lists(st.tuples(node, node, pace, pace), min_size=1, max_size=20)):
        length = float(np.hypot(xy[tail][0] - xy[head][0], xy[tail][1] - xy[head][1]))
        if length and min(there, back) < CLOSED:
            segments.append((tail, head, length * there, length * back))
    if not segments:
        xy, segments = [(0.0, 0.0), (100.0, 0.0)], [(0, 1, 50.0, CLOSED)]
    streets = network(xy, segments)

    def points() -> Snapped:
        near = st.tuples(st.floats(-150, 650), st.floats(-150, 650))
        given_ = np.array(draw(st.lists(near, min_size=1, max_size=6)), dtype=np.float64)
        return streets.snap_metric(given_, within_m=120.0)

    return streets, points(), points()


@given(drawn(), st.booleans())
def test_the_nearest_station_is_the_one_that_networkx_finds(
    asked: tuple[Network, Snapped, Snapped], towards: bool
) -> None:
    streets, places, stations = asked
    agrees(
        nearest(streets, places, stations, towards=towards), by_networkx(streets, places, stations, towards)
    )


@given(drawn(), st.booleans(), st.floats(0, 900))
def test_pairs_within_a_limit_are_all_of_those_and_no_others(
    asked: tuple[Network, Snapped, Snapped], towards: bool, limit_s: float
) -> None:
    streets, places, stations = asked
    table = by_networkx(streets, places, stations, towards)
    # A pair at the very limit may fall to either side by the rounding of the oracle's own sums.
    if (np.abs(table - limit_s) < 1e-6).any():
        limit_s += 1e-3
    found = as_table(pairs(streets, places, stations, limit_s=limit_s, towards=towards), table.shape)
    np.testing.assert_allclose(found, np.where(table <= limit_s, table, np.inf), rtol=1e-12, atol=1e-9)


@given(drawn(), st.floats(0, 900), st.floats(0, 900))
def test_a_limit_changes_no_number_below_it_and_a_longer_one_never_reaches_less(
    asked: tuple[Network, Snapped, Snapped], one: float, other: float
) -> None:
    streets, places, stations = asked
    free = nearest(streets, places, stations)
    short, long = (nearest(streets, places, stations, limit_s=limit) for limit in sorted((one, other)))
    for limit, found in zip(sorted((one, other)), (short, long), strict=True):
        np.testing.assert_array_equal(found.seconds, np.where(free.seconds <= limit, free.seconds, np.inf))
    assert (np.isfinite(long.seconds) | ~np.isfinite(short.seconds)).all()


@given(drawn(), st.integers(0, 5))
def test_one_station_more_never_lengthens_a_way(
    asked: tuple[Network, Snapped, Snapped], left_out: int
) -> None:
    streets, places, stations = asked
    fewer = stations.take(np.arange(len(stations)) != left_out)
    assert (nearest(streets, places, stations).seconds <= nearest(streets, places, fewer).seconds).all()


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("extract", EXTRACTS, ids=lambda path: path.name)
def test_real_streets_are_measured_as_networkx_measures_them(extract: Path, mode: Mode) -> None:
    streets = build(read_ways(extract), mode)
    random = np.random.default_rng(7)
    low, high = streets.xy.min(axis=0) - 100, streets.xy.max(axis=0) + 100
    places = streets.snap_metric(random.uniform(low, high, (150, 2)), within_m=250.0)
    stations = streets.snap_metric(random.uniform(low, high, (8, 2)), within_m=250.0)
    for towards in (True, False):
        table = by_networkx(streets, places, stations, towards)
        agrees(nearest(streets, places, stations, towards=towards), table)
        for limit in (60.0, 300.0):
            found = as_table(pairs(streets, places, stations, limit_s=limit, towards=towards), table.shape)
            np.testing.assert_allclose(found, np.where(table <= limit, table, np.inf), rtol=1e-12, atol=1e-9)


def test_a_place_and_a_station_on_one_street_meet_along_it_and_not_round_its_ends() -> None:
    streets = network([(0, 0), (1000, 0)], [(0, 1, 1000.0, 1000.0)])
    places = streets.snap_metric(np.array([[200.0, 13.0]]))
    stations = streets.snap_metric(np.array([[300.0, -26.0]]))
    (seconds,) = nearest(streets, places, stations).seconds
    assert seconds == pytest.approx(13 / 1.3 + 100 + 26 / 1.3)


def test_a_one_way_street_is_long_against_its_direction() -> None:
    # A square of 100 m: the station lies 50 m behind the place on a one-way street, so the way there goes round.
    corners = [(0, 0), (100, 0), (100, 100), (0, 100)]
    streets = network(corners, [(i, (i + 1) % 4, 100.0, CLOSED) for i in range(4)])
    place, station = (
        streets.snap_metric(np.array([[75.0, 0.0]])),
        streets.snap_metric(np.array([[25.0, 0.0]])),
    )
    assert nearest(streets, place, station).seconds.tolist() == [350.0]
    assert nearest(streets, place, station, towards=False).seconds.tolist() == [50.0]


def test_what_is_not_reached_says_why() -> None:
    streets = network([(0, 0), (100, 0), (5000, 0), (5100, 0)], [(0, 1, 80.0, 80.0), (2, 3, 80.0, 80.0)])
    places = streets.snap_metric(np.array([[90.0, 0.0], [5000.0, 0.0], [2500.0, 0.0]]), within_m=200.0)
    stations = streets.snap_metric(np.array([[0.0, 0.0]]))
    found = nearest(streets, places, stations, limit_s=30.0)
    assert found.standing.tolist() == [Standing.BEYOND, Standing.CUT_OFF, Standing.NO_STREET]
    assert found.station.tolist() == [-1, -1, -1]
    assert nearest(streets, places, stations).standing.tolist()[0] == Standing.REACHED


def test_without_any_station_nothing_is_reached() -> None:
    streets = network([(0, 0), (100, 0)], [(0, 1, 80.0, 80.0)])
    places = streets.snap_metric(np.array([[10.0, 0.0]]))
    nobody = streets.snap_metric(np.zeros((0, 2)))
    assert nearest(streets, places, nobody).standing.tolist() == [Standing.CUT_OFF]
    assert pairs(streets, places, nobody, limit_s=60.0).starts.tolist() == [0]


def test_of_stations_equally_near_the_first_is_named() -> None:
    streets = network([(0, 0), (100, 0), (200, 0)], [(0, 1, 100.0, 100.0), (1, 2, 100.0, 100.0)])
    places = streets.snap_metric(np.array([[100.0, 0.0]]))
    stations = streets.snap_metric(np.array([[0.0, 0.0], [200.0, 0.0]]))
    assert nearest(streets, places, stations).station.tolist() == [0]


@pytest.mark.parametrize("limit", [-1.0, float("nan")])
def test_a_limit_that_is_none_is_refused(limit: float) -> None:
    streets = network([(0, 0), (100, 0)], [(0, 1, 80.0, 80.0)])
    here = streets.snap_metric(np.array([[10.0, 0.0]]))
    with pytest.raises(ReachError, match="0 or more"):
        nearest(streets, here, here, limit_s=limit)


def test_pairs_that_would_outgrow_memory_are_refused_with_the_way_out() -> None:
    streets = network([(0, 0), (100, 0)], [(0, 1, 80.0, 80.0)])
    here = streets.snap_metric(np.tile([[10.0, 0.0]], (50, 1)))
    with pytest.raises(ReachError, match="ask a shorter limit, larger cells or fewer stations"):
        pairs(streets, here, here, limit_s=60.0, most=100)
    with pytest.raises(ReachError, match="finite limit"):
        pairs(streets, here, here, limit_s=np.inf)
