"""A search of the streets about one place gives the numbers of the whole network, and of networkx on real streets."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geo.errors import ReachError
from geo.io.networks import read_network, write_network
from geo.io.streets import read_ways
from geo.nearby import Neighbourhood, in_squares
from geo.passing import Mode
from geo.reach import nearest
from geo.spheroid import metres_between
from geo.streets import NOWHERE, Network, Snapped, build

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "streets"
EXTRACTS = sorted(SHARED.glob("*.osm.pbf"))


def drawn(seed: int, *, side: int = 9, step: float = 330.0) -> Network:
    """A net of streets with holes, one-way streets and a piece of its own, over several squares."""
    random = np.random.default_rng(seed)
    at = np.arange(side * side).reshape(side, side)
    xy = np.column_stack([at.ravel() // side * step, at.ravel() % side * step]) + random.uniform(
        -90, 90, (side * side, 2)
    )
    xy += np.array([500_000.0, 4_000_000.0])
    tail = np.concatenate([at[:-1].ravel(), at[:, :-1].ravel()])
    head = np.concatenate([at[1:].ravel(), at[:, 1:].ravel()])
    kept = random.random(len(tail)) < 0.75
    tail, head = tail[kept], head[kept]
    length = np.hypot(*(xy[head] - xy[tail]).T)
    speed = random.choice([1.1, 1.3, 4.0], len(tail))
    closed = random.random(len(tail))
    forward = np.where(closed < 0.1, np.inf, length / speed)
    backward = np.where(closed > 0.85, np.inf, length / speed)
    return Network(Mode.EBIKE, CRS.from_epsg(32647), xy, tail, head, length, forward, backward, "drawn")  # fmt: skip


def places_on(network: Network, count: int, random: np.random.Generator) -> Snapped:
    segment = random.integers(0, len(network), count)
    return Snapped(segment, random.choice([0.0, 1.0, 0.3, 0.5], count), random.uniform(0, 60, count))


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), limit_s=st.sampled_from([0.0, 60.0, 400.0, 1_500.0, 9_000.0]))
def test_a_search_about_a_place_gives_the_seconds_of_the_whole_network(seed: int, limit_s: float) -> None:
    network = in_squares(drawn(seed))
    random = np.random.default_rng(seed)
    origin, doors = places_on(network, 1, random), places_on(network, 20, random)
    about = Neighbourhood(network)
    found = about.seconds(about.search(origin, limit_s=limit_s), doors)
    for door, seconds in enumerate(found):
        whole = nearest(network, origin, doors.take([door]), limit_s=limit_s).seconds[0]
        assert seconds == pytest.approx(whole, abs=1e-9) or (np.isinf(seconds) and np.isinf(whole))


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_nobody_is_faster_than_the_bound_that_ranking_relies_on(seed: int) -> None:
    network = in_squares(drawn(seed))
    random = np.random.default_rng(seed)
    about = Neighbourhood(network)
    ends = np.stack([network.xy[network.tail], network.xy[network.head]])
    origin, doors = places_on(network, 1, random), places_on(network, 40, random)
    origin, doors = (Snapped(each.segment, each.along, 0.0 * each.leg_s) for each in (origin, doors))
    seconds = about.seconds(about.search(origin, limit_s=20_000.0), doors)
    at = [
        network.lonlat(ends[0][p.segment] * (1 - p.along[:, None]) + ends[1][p.segment] * p.along[:, None])
        for p in (origin, doors)
    ]
    metres = metres_between(at[0][0], at[0][1], at[1][0], at[1][1])
    assert (metres <= seconds * about.straight_ms + 1e-6).all()


def test_numbering_by_squares_changes_no_street() -> None:
    before = drawn(3)
    after = in_squares(before)

    def streets(network: Network) -> list[tuple[float, ...]]:
        return sorted(
            (*network.xy[tail], *network.xy[head], there, back)
            for tail, head, there, back in zip(
                network.tail, network.head, network.forward_s, network.backward_s, strict=True
            )
        )

    assert streets(after) == streets(before)
    assert (np.diff(Neighbourhood(after).square) >= 0).all()


def test_from_a_place_without_a_street_nothing_is_reached() -> None:
    network = in_squares(drawn(1))
    about = Neighbourhood(network)
    nowhere = Snapped(np.array([NOWHERE]), np.zeros(1), np.array([np.inf]))
    doors = places_on(network, 5, np.random.default_rng(1))
    assert np.isinf(about.seconds(about.search(nowhere, limit_s=3_600.0), doors)).all()


@pytest.mark.parametrize("limit", [np.inf, np.nan, -1.0])
def test_a_search_without_an_end_is_refused(limit: float) -> None:
    network = in_squares(drawn(1))
    with pytest.raises(ReachError, match="finite time"):
        Neighbourhood(network).search(places_on(network, 1, np.random.default_rng(1)), limit_s=limit)


@pytest.mark.parametrize("extract", EXTRACTS, ids=lambda path: path.name)
@pytest.mark.parametrize("mode", list(Mode))
def test_real_streets_read_back_from_their_files_are_searched_as_networkx_searches_them(
    extract: Path, mode: Mode, tmp_path: Path
) -> None:
    write_network(tmp_path / "kept", in_squares(build(read_ways(extract), mode)))
    network = read_network(tmp_path / "kept")
    random = np.random.default_rng(7)
    lon, lat = network.lonlat(network.xy[random.integers(0, len(network.xy), 30)])
    doors = network.snap(lon, lat)
    graph = nx.DiGraph()
    for tail, head, there, back in zip(
        network.tail.tolist(), network.head.tolist(), network.forward_s, network.backward_s, strict=True
    ):
        for one, other, seconds in ((tail, head, there), (head, tail, back)):
            if np.isfinite(seconds) and seconds < graph.get_edge_data(one, other, {"s": np.inf})["s"]:
                graph.add_edge(one, other, s=float(seconds))
    about = Neighbourhood(network)
    for here in range(4):
        origin = network.snap(lon[here : here + 1], lat[here : here + 1])
        segment, along = int(origin.segment[0]), float(origin.along[0])
        start = {}
        for end, seconds, share in (
            (int(network.tail[segment]), network.backward_s[segment], along),
            (int(network.head[segment]), network.forward_s[segment], 1 - along),
        ):
            if share == 0.0 or np.isfinite(seconds):
                start[end] = (0.0 if share == 0.0 else float(seconds) * share) + float(origin.leg_s[0])
        graph.add_edges_from(("origin", end, {"s": seconds}) for end, seconds in start.items())
        true = nx.single_source_dijkstra_path_length(graph, "origin", weight="s")
        graph.remove_node("origin")
        found = about.search(origin, limit_s=1_800.0)
        for node, seconds in true.items():
            if node != "origin" and seconds < 1_799.0:
                assert found.at(np.array([node]))[0] == pytest.approx(seconds, abs=1e-6)
        reached = found.node[found.seconds < 1_799.0]
        assert set(reached.tolist()) <= set(true)
        assert np.isfinite(about.seconds(found, doors)[here])
