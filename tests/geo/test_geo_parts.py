"""A question in parts is the whole question; a picture of reach shows what is reached and nothing else."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.errors import ReachError
from geo.halo import nearest_in_parts, parts
from geo.isochrones import reached_lines, service_area
from geo.passing import Mode
from geo.reach import nearest
from geo.streets import Network, Snapped


def town(size: int, seed: int, *, even: bool = False) -> Network:
    """Make a grid of streets with uneven paces, some of them one-way, some missing; even: all equally long and slow."""
    random = np.random.default_rng(seed)
    xy = np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1).reshape(-1, 2).astype(np.float64) * 100.0
    if not even:
        xy += random.uniform(-20, 20, xy.shape)
    node = np.arange(size * size).reshape(size, size)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    kept = random.random(len(tail)) > 0.1
    tail, head = tail[kept], head[kept]
    length = np.hypot(*(xy[head] - xy[tail]).T)
    forward, backward = (
        length / 1.25 * (1.0 if even else random.uniform(1, 2, len(length))) for _ in range(2)
    )
    backward[random.random(len(length)) < 0.2] = np.inf
    return Network(Mode.WALK, CRS.from_epsg(32647), xy, tail, head, length, forward, backward, "town")


def points(streets: Network, count: int, seed: int) -> Snapped:
    random = np.random.default_rng(seed)
    span = streets.xy.max()
    return streets.snap_metric(random.uniform(-200, span + 200, (count, 2)), within_m=150.0)


def corners(streets: Network, count: int, seed: int) -> Snapped:
    """Choose places at crossings, where many ways are equally long."""
    chosen = np.random.default_rng(seed).integers(0, len(streets.xy), count)
    return streets.snap_metric(streets.xy[chosen])


@given(
    st.integers(0, 1000),
    st.integers(1, 9),
    st.sampled_from([120.0, 600.0, 1800.0]),
    st.booleans(),
    st.booleans(),
)
def test_parts_with_a_halo_give_the_numbers_of_the_single_run_to_the_last_digit(
    seed: int, count: int, limit: float, towards: bool, even: bool
) -> None:
    streets, somewhere = town(12, seed, even=even), corners if even else points
    places, stations = somewhere(streets, 150, seed + 1), somewhere(streets, 9, seed + 2)
    label = np.random.default_rng(seed).integers(0, count, len(places))
    whole = nearest(streets, places, stations, limit_s=limit, towards=towards)
    divided = nearest_in_parts(streets, places, stations, label, limit_s=limit, towards=towards)
    for one, other in zip(whole, divided, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_pool_of_processes_gives_the_same_and_tells_how_far_it_is() -> None:
    streets = town(20, 5)
    places, stations = points(streets, 400, 1), points(streets, 12, 2)
    label = np.arange(len(places)) % 3
    heard: list[float] = []
    divided = nearest_in_parts(
        streets, places, stations, label, limit_s=900.0, processes=2, told=heard.append
    )
    for one, other in zip(nearest(streets, places, stations, limit_s=900.0), divided, strict=True):
        np.testing.assert_array_equal(one, other)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


class Counting(ThreadPoolExecutor):
    """A pool of somebody else's, which counts the parts that it holds at a time."""

    def __init__(self) -> None:
        super().__init__(1)
        self.held, self.most = 0, 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.held += 1
        self.most = max(self.most, self.held)
        return super().submit(fn, *args, **kwargs)


def test_a_pool_of_ones_own_is_handed_few_parts_at_a_time_and_left_open() -> None:
    streets = town(20, 5)
    places, stations = points(streets, 400, 1), points(streets, 12, 2)
    with Counting() as pool:

        def answered(_: float) -> None:
            pool.held -= 1

        divided = nearest_in_parts(
            streets,
            places,
            stations,
            np.arange(len(places)) % 30,
            limit_s=900.0,
            processes=2,
            pool=pool,
            told=answered,
        )
        assert pool.submit(int, "7").result() == 7
    for one, other in zip(nearest(streets, places, stations, limit_s=900.0), divided, strict=True):
        np.testing.assert_array_equal(one, other)
    assert pool.most == 4


@given(st.integers(0, 1000))
def test_of_stations_equally_near_the_first_is_named_wherever_ways_meet(seed: int) -> None:
    streets = town(9, seed, even=True)
    places, stations = corners(streets, 60, seed + 1), corners(streets, 8, seed + 2)
    apart = np.array([nearest(streets, places, stations.take([i])).seconds for i in range(len(stations))])
    found = nearest(streets, places, stations)
    np.testing.assert_array_equal(found.seconds, apart.min(axis=0))
    wanted = np.where(np.isfinite(found.seconds), apart.argmin(axis=0), -1)
    np.testing.assert_array_equal(found.station, wanted)


def test_a_run_that_is_cancelled_ends() -> None:
    streets = town(8, 1)
    places = points(streets, 40, 1)

    def cancelled(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        nearest_in_parts(streets, places, places, np.arange(40), limit_s=300.0, told=cancelled)


def test_a_part_is_smaller_than_the_whole_and_needs_a_limit() -> None:
    streets = town(40, 3)
    corner = streets.snap_metric(np.array([[50.0, 50.0]]))
    (part,) = parts(streets, corner, points(streets, 200, 4), np.zeros(1, dtype=np.int64), limit_s=300.0)
    assert len(part.network) < len(streets) / 10
    assert 0 < len(part.station_numbers) < 30
    with pytest.raises(ReachError, match="finite limit"):
        list(parts(streets, corner, corner, np.zeros(1, dtype=np.int64), limit_s=np.inf))


@given(st.integers(0, 1000), st.sampled_from([90.0, 300.0, 700.0]), st.booleans())
def test_a_point_on_a_street_lies_on_the_picture_if_and_only_if_it_is_reached(
    seed: int, limit: float, towards: bool
) -> None:
    streets = town(8, seed)
    stations = points(streets, 3, seed + 1)
    drawn = shapely.union_all(reached_lines(streets, stations, limit_s=limit, towards=towards))
    random = np.random.default_rng(seed + 2)
    on = random.integers(0, len(streets), 60)
    where = streets.xy[streets.tail[on]] + (
        streets.xy[streets.head[on]] - streets.xy[streets.tail[on]]
    ) * random.random((60, 1))
    places = streets.snap_metric(where)
    seconds = nearest(streets, places, stations, towards=towards).seconds
    apart = shapely.distance(shapely.points(where), drawn) if not drawn.is_empty else np.full(60, np.inf)
    clear = np.abs(seconds - limit) > 0.01
    np.testing.assert_array_equal((np.asarray(apart) < 1e-6)[clear], (seconds <= limit)[clear])


def test_the_area_grows_with_the_limit_and_covers_the_streets_reached() -> None:
    streets = town(15, 2)
    stations = points(streets, 2, 9)
    small, large = (service_area(streets, stations, limit_s=limit) for limit in (200.0, 500.0))
    assert small.is_valid
    assert large.is_valid
    assert 0 < small.area < large.area
    lines = reached_lines(streets, stations, limit_s=500.0)
    assert shapely.covers(shapely.buffer(large, 1.0), lines).all()


def test_without_a_station_the_picture_is_empty() -> None:
    streets = town(5, 1)
    nobody = streets.snap_metric(np.zeros((0, 2)))
    assert service_area(streets, nobody, limit_s=300.0).is_empty
    with pytest.raises(ReachError, match="finite limit"):
        reached_lines(streets, nobody, limit_s=np.inf)
