"""What a typed name can mean: places, regions and stations, each a point to look from."""

from __future__ import annotations

from dataclasses import dataclass

from stations.registry.search import search
from web.db import session

__all__ = ["Hit", "places"]

_LIMIT = 8
_ICONS = {"station": "kind-union_station", "place": "pin", "region": "layers"}


@dataclass(frozen=True, slots=True)
class Hit:
    """One meaning: its name, where that is in words, the point (longitude, latitude), and the icon of its sort."""

    name: str
    where: str
    point: tuple[float, float]
    icon: str

    @property
    def near(self) -> str:
        """The point as the address writes it."""
        return f"{self.point[0]:.4f},{self.point[1]:.4f}"

    def as_dict(self) -> dict[str, str]:
        """Return what the suggestions need."""
        return {"name": self.name, "where": self.where, "near": self.near, "icon": self.icon}


def places(text: str, *, near: tuple[float, float] | None, lang: str) -> list[Hit]:
    """Return what a typed name can mean, best first; what is not located is no place to look from."""
    found = search(session(), text, near=near, limit=_LIMIT, lang=lang)
    return [
        Hit(hit.name, hit.detail, (hit.lon, hit.lat), _ICONS[hit.kind])
        for hit in found
        if hit.lon is not None and hit.lat is not None
    ]
