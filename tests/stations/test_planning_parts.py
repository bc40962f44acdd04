"""A question too large for one pass is divided among processes, and every number is the one of the single pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pyproj import CRS, Transformer

from geo.passing import Mode
from geo.streets import Network, Snapped
from stations.planning.ways import LonLat, OnStreets

UTM = CRS.from_epsg(32647)


def region() -> Network:
    """Make streets over four squares of a degree, some of them one-way, some missing."""
    random = np.random.default_rng(5)
    size = 60
    lon, lat = np.meshgrid(np.linspace(101.9, 102.1, size), np.linspace(35.9, 36.1, size))
    xy = np.column_stack(
        Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform(lon.ravel(), lat.ravel())
    )
    node = np.arange(size * size).reshape(size, size)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    kept = random.random(len(tail)) > 0.1
    tail, head = tail[kept], head[kept]
    length = np.hypot(*(xy[head] - xy[tail]).T)
    forward, backward = (length / 1.3 * random.uniform(1, 2, len(length)) for _ in range(2))
    backward[random.random(len(length)) < 0.2] = np.inf
    return Network(Mode.WALK, UTM, xy, tail, head, length, forward, backward, "four squares")


def points(count: int, seed: int) -> LonLat:
    random = np.random.default_rng(seed)
    return random.uniform(101.9, 102.1, count), random.uniform(35.9, 36.1, count)


@pytest.mark.parametrize("processes", [1, 2])
def test_parts_in_a_pool_of_processes_answer_as_the_whole_to_the_last_digit(processes: int) -> None:
    streets, places, doors = region(), points(3_000, 1), points(40, 2)
    whole = OnStreets(streets).nearest(places, doors, limit_s=900.0)
    divided = OnStreets(streets, at_once=100, processes=processes).nearest(places, doors, limit_s=900.0)
    assert len({(int(x), int(y)) for x, y in zip(*places, strict=True)}) == 4
    assert 0 < np.isfinite(whole.seconds).sum() < len(whole.seconds)
    for found, expected in zip(divided, whole, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_places_that_are_asked_about_again_are_snapped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    streets, places = region(), points(50, 1)
    snapped: list[int] = []
    snap = Network.snap

    def noted(self: Network, lon: Any, lat: Any, **options: Any) -> Snapped:
        snapped.append(len(lon))
        return snap(self, lon, lat, **options)

    monkeypatch.setattr(Network, "snap", noted)
    ways = OnStreets(streets)
    for hour in range(12):
        ways.nearest(places, points(5, hour), limit_s=900.0)
        ways.nearest(points(3, 100 + hour), points(4, 200 + hour), limit_s=900.0)
    assert snapped.count(50) == 1
