"""The collections that are open: what each is called and which rows of the registry it shows."""

from __future__ import annotations

from dataclasses import dataclass

from stations.errors import NotFound
from stations.registry.collections import GAPS, REGIONS, STATIONS
from stations.registry.features import Source
from web.i18n import mark

__all__ = ["COLLECTIONS", "Collection", "get"]


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection: its rows, and its title and description as sentences of the catalogue (``say`` them)."""

    source: Source
    title: str
    description: str
    #: Whether the names of the finder's query string are understood too.
    one_query: bool = False

    @property
    def id(self) -> str:
        """The collection's name in addresses."""
        return self.source.name


COLLECTIONS = {
    collection.id: collection
    for collection in (
        Collection(
            STATIONS,
            mark("站点"),
            mark("户外劳动者服务站点：位置、开放时间、设施、进入方式，未知的写未知。包括已关闭的站点。"),
            one_query=True,
        ),
        Collection(
            REGIONS,
            mark("区划"),
            mark("许可允许公开发布的行政区划边界。天地图的边界不在其中。"),
        ),
        Collection(
            GAPS,
            mark("覆盖空白"),
            mark("规划员已公开的覆盖计算中，超过所定时间的居住地，人多的在前。"),
        ),
    )
}


def get(name: str) -> Collection:
    """Return a collection. Raises NotFound that names those that there are."""
    found = COLLECTIONS.get(name)
    if found is None:
        raise NotFound(f"there is no collection {name[:80]!r}; there are {', '.join(COLLECTIONS)}")
    return found
