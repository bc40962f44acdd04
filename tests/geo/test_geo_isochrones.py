"""The second nearest station of every node, by doubling searches, is the second of measuring each station alone."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geo.errors import ReachError
from geo.isochrones import along, doubly_reached_lines, reached_lines, second_seconds
from geo.passing import Mode
from geo.reach import node_seconds
from geo.streets import NOWHERE, Network, Snapped


def line(nodes: int, *, step: float = 100.0) -> Network:
    """A street of segments one after the other, walked at 1 m/s."""
    xy = np.column_stack([500_000 + step * np.arange(nodes), np.full(nodes, 4_000_000.0)])
    seconds = np.full(nodes - 1, step)
    return Network(Mode.WALK, CRS.from_epsg(32647), xy, np.arange(nodes - 1), np.arange(1, nodes), seconds, seconds, seconds, "drawn")  # fmt: skip


def at(*places: tuple[int, float]) -> Snapped:
    segment, share = zip(*places, strict=True)
    return Snapped(
        np.array(segment, dtype=np.int64), np.array(share, dtype=np.float64), np.zeros(len(places))
    )


@settings(max_examples=60)
@given(
    places=st.lists(
        st.tuples(st.integers(-1, 18), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=1, max_size=12
    ),
    limit_s=st.sampled_from([150.0, 700.0, np.inf]),
)
def test_the_second_quickest_is_that_of_measuring_each_station_alone(
    places: list[tuple[int, float]], limit_s: float
) -> None:
    network, stations = line(20), at(*places)
    each = np.array(
        [node_seconds(network, stations.take([i]), limit_s=limit_s)[0] for i in range(len(stations))]
        + [np.full(20, np.inf)]
    )
    assert second_seconds(network, stations, limit_s=limit_s) == pytest.approx(np.sort(each, axis=0)[1])


def test_two_stations_on_a_street_share_the_stretch_between_them() -> None:
    network, stations = line(11), at((2, 0.0), (6, 0.0))
    lines = doubly_reached_lines(network, stations, limit_s=300.0)
    # 300 m from the second at 600 m, and 300 m from the first at 200 m.
    assert shapely.union_all(lines).bounds == pytest.approx((500_300, 4_000_000, 500_500, 4_000_000))
    once = shapely.union_all(reached_lines(network, stations, limit_s=300.0))
    assert once.bounds == pytest.approx((500_000, 4_000_000, 500_900, 4_000_000))


def test_one_station_shares_with_nobody() -> None:
    assert len(doubly_reached_lines(line(5), at((2, 0.5)), limit_s=900.0)) == 0
    assert along(doubly_reached_lines(line(5), at((NOWHERE, 0.0)), limit_s=900.0)).is_empty


def test_a_picture_without_an_end_is_refused() -> None:
    with pytest.raises(ReachError, match="finite limit"):
        doubly_reached_lines(line(5), at((2, 0.5)), limit_s=np.inf)
