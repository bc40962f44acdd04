"""Lands that nobody lives in, for benchmarks of coverage: the same streets, people and stations every time.

Two kinds. A *city* is a grid of crossings with streets that carry faster traffic every 4, 16 and 64 blocks, as real ones
do: a network without such a hierarchy would be the worst case of contraction hierarchies, which peers build. A *country*
is towns of very unequal size inside a border, each a grid of blocks, joined to their neighbours by roads drawn in pieces
of 400 m; most of its people live in the towns, most of its inhabited cells lie along the roads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial import Delaunay

from geo.passing import Mode
from geo.streets import Network

__all__ = ["Country", "city", "country", "network"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

BLOCK_M: Final = 100.0
PIECE_M: Final = 400.0
#: Metres a second on a side street, and by how much every 4th, 16th and 64th street is faster.
STREET_MS: Final = 1.3
FASTER: Final = ((64, 6.0), (16, 3.5), (4, 2.0))
ROAD_MS: Final = 5.0
#: Kilometres that neighbouring towns are at most apart to have a road of their own.
LONGEST_ROAD_M: Final = 120_000.0
#: Metres off the road that herders and farmers live at (standard deviation).
OFF_ROAD_M: Final = 1_500.0


@dataclass(frozen=True, slots=True)
class Country:
    """xy (n, 2), tail, head, seconds (m,): the streets. people (p, 2) with weight (p,), doors (f, 2): where they are."""

    xy: _Floats
    tail: _Ints
    head: _Ints
    seconds: _Floats
    people: _Floats
    weight: _Floats
    doors: _Floats


def network(land: Any, crs: CRS, source: str) -> Network:
    """Make the network of anything with xy, tail, head and seconds; every street open both ways."""
    length = np.hypot(*(land.xy[land.head] - land.xy[land.tail]).T)
    return Network(Mode.EBIKE, crs, land.xy, land.tail, land.head, length, land.seconds, land.seconds, source)


def city(nodes: int, stations: int) -> Country:
    """Make a square city of about so many crossings, four arcs from each; its stations stand at crossings."""
    side = round(nodes**0.5)
    chance = np.random.default_rng(nodes)
    xy = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) * BLOCK_M
    xy = xy + chance.uniform(-0.3, 0.3, xy.shape) * BLOCK_M
    tail, head, line = _blocks(side)
    pace = np.full(len(tail), STREET_MS)
    for every, faster in FASTER[::-1]:
        pace[line % every == 0] = STREET_MS * faster
    seconds = np.hypot(*(xy[head] - xy[tail]).T) / pace
    doors = xy[chance.choice(len(xy), stations, replace=False)]
    people = chance.uniform(0, side * BLOCK_M, (len(xy), 2))
    return Country(xy, tail, head, seconds, people, np.ones(len(people)), doors)


def country(border: Any, *, towns: int, nodes: int, people: int, stations: int) -> Country:
    """Make a country inside a border (a shapely geometry in metres) of about so many nodes, points of people, stations."""
    chance = np.random.default_rng(nodes)
    middles = _inside(border, towns, chance)
    size = 1.0 / np.arange(1, towns + 1) ** 0.8
    one, other = _roads(middles)
    pieces = np.maximum(1, np.hypot(*(middles[other] - middles[one]).T) // PIECE_M).astype(np.int64)
    blocks = np.sqrt(size / size.sum() * max(nodes - pieces.sum(), 9 * towns))
    sides = np.maximum(2, np.round(blocks)).astype(np.int64)
    xy, tail, head, first = _towns(middles, sides, chance)
    seconds = np.hypot(*(xy[head] - xy[tail]).T) / (1.5 * STREET_MS)
    middle = first + (sides // 2) * sides + sides // 2
    road = _drawn(xy, middle[one], middle[other], pieces)
    xy = np.vstack([xy, road[0]])
    lasting = np.hypot(*(xy[road[2]] - xy[road[1]]).T) / ROAD_MS
    at = chance.choice(towns, people // 3, p=size / size.sum())
    spread = chance.uniform(-0.5, 0.5, (len(at), 2)) * (sides[at] * BLOCK_M)[:, None]
    along = chance.integers(0, len(road[1]), people - len(at))
    off = xy[road[1][along]] + chance.normal(0, OFF_ROAD_M, (len(along), 2))
    door = chance.choice(towns, stations, p=size / size.sum())
    return Country(
        xy,
        np.concatenate([tail, road[1]]),
        np.concatenate([head, road[2]]),
        np.concatenate([seconds, lasting]),
        np.vstack([middles[at] + spread, off]),
        np.concatenate([np.full(len(at), 12.0), chance.integers(1, 5, len(along))]),
        middles[door] + chance.uniform(-0.5, 0.5, (stations, 2)) * (sides[door] * BLOCK_M)[:, None],
    )


def _blocks(side: int) -> tuple[_Ints, _Ints, _Ints]:
    """Return the streets of a grid, tail and head, and the number of the line that each belongs to."""
    node = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    line = np.concatenate([np.repeat(np.arange(side), side - 1), np.tile(np.arange(side), side - 1)])
    return tail, head, line


def _inside(border: Any, count: int, chance: np.random.Generator) -> _Floats:
    shapely.prepare(border)
    west, south, east, north = border.bounds
    found = np.zeros((0, 2))
    while len(found) < count:
        some = chance.uniform((west, south), (east, north), (4 * count, 2))
        found = np.vstack([found, some[shapely.contains_xy(border, some)]])
    return found[:count]


def _roads(middles: _Floats) -> tuple[_Ints, _Ints]:
    triangles = Delaunay(middles).simplices.astype(np.int64)
    sides = np.sort(np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1)
    one, other = np.unique(sides, axis=0).T
    short = np.hypot(*(middles[other] - middles[one]).T) < LONGEST_ROAD_M
    return one[short], other[short]


def _towns(
    middles: _Floats, sides: _Ints, chance: np.random.Generator
) -> tuple[_Floats, _Ints, _Ints, _Ints]:
    """Lay a grid of blocks about each middle; give nodes, tails, heads and the first node of each town."""
    first = np.cumsum(sides**2) - sides**2
    places, tails, heads = [], [], []
    for middle, side, start in zip(middles, sides.tolist(), first.tolist(), strict=True):
        grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) - (side - 1) / 2
        places.append(middle + grid * BLOCK_M)
        tail, head, _ = _blocks(side)
        tails.append(tail + start)
        heads.append(head + start)
    xy = np.vstack(places)
    xy += chance.uniform(-0.2, 0.2, xy.shape) * BLOCK_M
    return xy, np.concatenate(tails), np.concatenate(heads), first


def _drawn(xy: _Floats, one: _Ints, other: _Ints, pieces: _Ints) -> tuple[_Floats, _Ints, _Ints]:
    """Draw straight roads from node to node in so many pieces; give the nodes between, tails and heads."""
    of = np.repeat(np.arange(len(one)), pieces)
    number = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (number / pieces[of])[:, None]
    between = number > 0
    node = np.where(between, len(xy) + np.cumsum(between) - 1, one[of])
    last = number == pieces[of] - 1
    following = np.where(last, other[of], np.roll(node, -1))
    return (xy[one[of]] * (1 - share) + xy[other[of]] * share)[between], node, following
