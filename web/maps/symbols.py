"""How a station looks on the map: one definition, from which the markers and the legend are both drawn.

Shape says the class (a round pin is a place to rest, a square one a service point), the glyph says the kind,
and the fill says the state. No meaning hangs on colour alone: a closed station is also crossed by a bar, an
unknown one has a dashed rim and a question mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from stations.vocabulary import KINDS, StationClass

__all__ = ["LOOKS", "SHAPES", "STATES", "Look", "look_of", "symbols"]


@dataclass(frozen=True, slots=True)
class Look:
    """The look of one state: ``fill`` solid or hollow, ``rim`` plain or dashed, ``badge`` a sprite symbol."""

    state: str
    fill: str
    rim: str
    badge: str | None


LOOKS: Mapping[str, Look] = {
    "open": Look("open", "solid", "plain", None),
    "closed": Look("closed", "grey", "plain", "moon"),
    "unknown": Look("unknown", "hollow", "dashed", "query"),
    "suspended": Look("suspended", "grey", "plain", "pause"),
    "coming": Look("coming", "hollow", "dotted", "works"),
    "ended": Look("ended", "faint", "plain", "cross"),
}
STATES: tuple[str, ...] = tuple(LOOKS)
SHAPES: Mapping[StationClass, str] = {StationClass.REST: "round", StationClass.SERVICE: "square"}
_OF_LIFECYCLE = {"planned": "coming", "building": "coming", "suspended": "suspended", "closed": "ended"}


def look_of(lifecycle: str, state: str) -> str:
    """Name the look of a station: its lifecycle where it is not in service, else its state by the hours."""
    look = _OF_LIFECYCLE.get(lifecycle, state)
    if look not in LOOKS:
        raise ValueError(f"no look for lifecycle {lifecycle!r} with state {state!r}: add one to LOOKS")
    return look


def symbols(labels: Mapping[str, str], kinds: Mapping[str, str], *, sprite: str) -> dict[str, object]:
    """Return what the browser draws markers and legend from.

    labels: a word for each look. kinds: a word for each kind. sprite: address of the icons' SVG file.
    Raises KeyError where a word is missing.
    """
    return {
        "sprite": sprite,
        "looks": [asdict(look) | {"label": labels[look.state]} for look in LOOKS.values()],
        "lifecycles": _OF_LIFECYCLE,
        "kinds": [
            {
                "code": kind.code,
                "label": kinds[kind.code],
                "shape": SHAPES[kind.station_class],
                "icon": f"kind-{kind.code}",
            }
            for kind in KINDS.values()
        ],
    }


def present(codes: Sequence[str]) -> tuple[str, ...]:
    """Keep the kinds that occur, in the vocabulary's order: a legend shows no more."""
    return tuple(code for code in KINDS if code in set(codes))
