"""Small extracts of streets, drawn for tests: a town on both banks of a river."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

#: Degrees of 100 metres at 36.6° north.
EAST, NORTH = 100 / 89_500, 100 / 110_980
#: The middle of the town; the river runs from south to north 250 m east of it.
HERE = (101.6, 36.6)

Node = tuple[float, float, Mapping[str, str]]
Line = tuple[list[int], Mapping[str, str]]


def at(east: float, north: float) -> tuple[float, float]:
    """Return the degrees of so many hundred metres east and north of the middle."""
    return HERE[0] + east * EAST, HERE[1] + north * NORTH


def write_osm(path: Path, nodes: Mapping[int, Node], ways: Iterable[Line]) -> Path:
    """Write an extract as XML."""

    def tags(given: Mapping[str, str]) -> str:
        return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in given.items())

    text = '<?xml version="1.0"?><osm version="0.6">'
    text += "".join(
        f'<node id="{i}" lon="{lon:.7f}" lat="{lat:.7f}" version="1">{tags(t)}</node>'
        for i, (lon, lat, t) in sorted(nodes.items())
    )
    for i, (refs, given) in enumerate(ways, start=1):
        text += f'<way id="{i}" version="1">' + "".join(f'<nd ref="{r}"/>' for r in refs)
        text += tags(given) + "</way>"
    path.write_text(text + "</osm>", encoding="utf-8")
    return path


def town(path: Path, *, bridge_north: int | None = None, courtyard: bool = True) -> Path:
    """Write the town: streets every 100 m from 10 west to 2 east and from 3 to 13 east, 6 to both sides north.

    bridge_north: hundred metres north at which a bridge crosses the river; without it there is none. Streets are
    residential; the one along row 0 of the west bank is one-way, eastwards; a flight of steps joins (-10, 6) and
    (-12, 8). courtyard: with a path of its own at (-4.5, 2.5).
    """
    number = {}
    nodes: dict[int, Node] = {}

    def node(east: float, north: float) -> int:
        key = (east, north)
        if key not in number:
            number[key] = len(number) + 1
            nodes[number[key]] = (*at(east, north), {})
        return number[key]

    ways: list[Line] = []
    for west, east in ((-10, 2), (3, 13)):
        for row in range(-6, 7):
            tags = {"highway": "residential"} | ({"oneway": "yes"} if row == 0 and west < 0 else {})
            ways.append(([node(x, row) for x in range(west, east + 1)], tags))
        ways += [
            ([node(x, row) for row in range(-6, 7)], {"highway": "residential"})
            for x in range(west, east + 1)
        ]
    ways.append(([node(-10, 6), node(-12, 8)], {"highway": "steps"}))
    if bridge_north is not None:
        ways.append(
            ([node(2, bridge_north), node(3, bridge_north)], {"highway": "tertiary", "bridge": "yes"})
        )
    if courtyard:
        ways.append(([node(-4.7, 2.5), node(-4.3, 2.5)], {"highway": "footway"}))
    return write_osm(path, nodes, ways)
