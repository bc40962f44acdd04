"""Who may pass a way, which way and how fast: the tags of OpenStreetMap read for somebody on foot and on an e-bike.

Tags are read as the wiki of OpenStreetMap defines them (Key:access, Key:oneway, Key:highway, Key:barrier).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

__all__ = ["KMH", "Mode", "Speeds", "blocks", "slope_factor", "speeds"]

Tags = Mapping[str, str]


class Mode(StrEnum):
    """How somebody travels."""

    WALK = "walk"
    EBIKE = "ebike"


class Speeds(NamedTuple):
    """Metres a second along a way as it is drawn and against it; 0 where that is not allowed."""

    forward: float
    backward: float


#: Kilometres an hour. On foot: 1.3 m/s, the comfortable gait of adults (Bohannon 1997); stairs take 1.7 times as long
#: for each metre of their length on the map. E-bike: what is kept up between lights where GB 17761-2018 caps the
#: vehicle at 25; pushed, it goes at 4.
KMH: Final[Mapping[str, Mapping[str, float]]] = {
    "walk": {"steps": 2.75, "elevator": 1.0, "": 4.68},
    "ebike": {
        "trunk": 20, "trunk_link": 18, "primary": 18, "primary_link": 16, "secondary": 18, "secondary_link": 16,
        "tertiary": 18, "tertiary_link": 16, "unclassified": 17, "residential": 15, "living_street": 10, "service": 12,
        "cycleway": 18, "road": 15, "busway": 15, "track": 10, "path": 8, "bridleway": 6, "pushed": 4,
    },
}  # fmt: skip
_MOTORS_ONLY: Final = {"motorway", "motorway_link"}
_NO_WAY: Final = {
    "construction", "proposed", "planned", "abandoned", "razed", "raceway", "bus_guideway", "escape", "rest_area", "services",
}  # fmt: skip
#: There an e-bike is pushed unless a tag allows riding.
_PUSHED: Final = {"footway", "pedestrian", "crossing", "trail"}
_NO_WHEELS: Final = {"steps", "elevator", "corridor", "platform"}
_NO: Final = {"no", "private", "military", "forestry", "agricultural", "delivery", "customers"}
_YES: Final = {"yes", "designated", "permissive", "official", "destination", "public"}
_ROUGH: Final = {
    "unpaved", "gravel", "ground", "dirt", "earth", "grass", "sand", "mud", "pebblestone", "rock", "compacted", "fine_gravel",
}  # fmt: skip
_ROUGH_SHARE: Final = 0.7
#: Barriers that let nobody through unless a tag says so, and those that stop an e-bike only.
_WALLS: Final = {
    "wall",
    "fence",
    "hedge",
    "ditch",
    "retaining_wall",
    "guard_rail",
    "jersey_barrier",
    "city_wall",
}
_NARROW: Final = {"stile", "turnstile", "kissing_gate", "full-height_turnstile", "hampshire_gate"}


def speeds(tags: Tags, mode: Mode) -> Speeds:
    """Return how fast a way is passed in both directions.

    Without a word on access, trunk roads are open to both: on the plateau they are the only road there is.
    A ferry is none of ours: its timetable is not known, and it is closed.
    """
    kind = tags.get("highway", "")
    if not kind or kind in _NO_WAY:
        return Speeds(0.0, 0.0)
    return _walk(kind, tags) if mode is Mode.WALK else _ebike(kind, tags)


def blocks(tags: Tags, mode: Mode) -> bool:
    """Tell whether a barrier on a node stops somebody who comes along the way."""
    barrier = tags.get("barrier", "")
    own = tags.get("foot" if mode is Mode.WALK else "bicycle", "")
    if own in _YES or (mode is Mode.EBIKE and own == "dismount"):
        return False
    if own in _NO or tags.get("access", "") in {"no", "private", "military"} or tags.get("locked") == "yes":
        return True
    return barrier in _WALLS or (mode is Mode.EBIKE and barrier in _NARROW)


def slope_factor(slope: float, mode: Mode) -> float:
    """Return by how much a slope (rise over run, downhill negative) multiplies the speed on the level.

    On foot Tobler (1993), exp(-3.5 |s + 0.05|), taken relative to the level. An e-bike keeps its pace up to 3 %, then
    loses a tenth a percent down to walking it; downhill it is not faster, for it brakes.
    """
    if mode is Mode.WALK:
        from math import exp

        return exp(-3.5 * (abs(slope + 0.05) - 0.05))
    return max(0.25, 1.0 - 10.0 * max(0.0, slope - 0.03)) if slope > 0 else 1.0


def _walk(kind: str, tags: Tags) -> Speeds:
    foot = tags.get("foot", "")
    if foot in _NO or foot == "use_sidepath":
        return Speeds(0.0, 0.0)
    closed = kind in _MOTORS_ONLY or tags.get("motorroad") == "yes" or tags.get("access", "") in _NO
    if closed and foot not in _YES:
        return Speeds(0.0, 0.0)
    speed = KMH["walk"].get(kind, KMH["walk"][""]) / 3.6
    if tags.get("oneway:foot") == "yes" or tags.get("conveying") == "forward":
        return Speeds(speed, 0.0)
    if tags.get("oneway:foot") == "-1" or tags.get("conveying") == "backward":
        return Speeds(0.0, speed)
    return Speeds(speed, speed)


def _ebike(kind: str, tags: Tags) -> Speeds:
    bicycle = tags.get("bicycle", "")
    allowed = bicycle in _YES
    if kind in _NO_WHEELS and not (allowed and kind == "platform"):
        return Speeds(0.0, 0.0)
    if (kind in _MOTORS_ONLY or tags.get("motorroad") == "yes") and not allowed:
        return Speeds(0.0, 0.0)
    access = tags.get("vehicle", tags.get("access", ""))
    pushed = KMH["ebike"]["pushed"] / 3.6
    if not allowed and (kind in _PUSHED or bicycle in {"dismount", "no", "use_sidepath"} or access in _NO):
        # Off the saddle the rider walks, both ways, wherever one may walk.
        walk = _walk(kind, tags)
        return Speeds(pushed if walk.forward else 0.0, pushed if walk.backward else 0.0)
    speed = KMH["ebike"].get(kind, KMH["ebike"]["path"]) / 3.6
    if kind in _PUSHED:
        speed = KMH["ebike"]["living_street"] / 3.6
    if tags.get("surface", "") in _ROUGH or tags.get("tracktype", "grade1") not in {"grade1", "grade2"}:
        speed *= _ROUGH_SHARE
    return _directed(speed, tags)


def _directed(speed: float, tags: Tags) -> Speeds:
    """Apply the one-way rules of vehicles, from which cycle lanes against the traffic are exempt."""
    oneway = tags.get("oneway:bicycle", tags.get("oneway", ""))
    if not oneway and tags.get("junction") in {"roundabout", "circular"}:
        oneway = "yes"
    lanes = (tags.get(key, "") for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both"))
    if "oneway:bicycle" not in tags and any(lane.startswith("opposite") for lane in lanes):
        oneway = "no"
    if oneway in {"yes", "1", "true"}:
        return Speeds(speed, 0.0)
    if oneway in {"-1", "reverse"}:
        return Speeds(0.0, speed)
    return Speeds(speed, speed)
