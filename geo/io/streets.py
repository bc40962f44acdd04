"""Streets as they are mapped: OpenStreetMap extracts and files of lines → ways over shared nodes, tags untouched.

Where two ways share a node they meet; where they only cross on the map (a bridge over a road) they do not.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import lonlat_transformer
from geo.errors import StreetsError

__all__ = ["VECTORS", "Ways", "read_ways"]

#: What of the tags says who may pass, how fast, and which way.
_KEPT: Final = frozenset(
    {
        "highway", "access", "foot", "bicycle", "vehicle", "motorroad", "oneway", "oneway:foot", "oneway:bicycle",
        "junction", "cycleway", "cycleway:left", "cycleway:right", "cycleway:both", "conveying", "surface", "tracktype",
        "bridge", "tunnel", "layer", "route", "barrier", "locked",
    }
)  # fmt: skip
#: Endings of files of lines.
VECTORS: Final = {".shp", ".gpkg", ".geojson", ".json", ".fgb", ".zip"}
#: Vertices of a file of lines nearer than this (in degrees, 1 cm) are one node.
_SAME: Final = 1e-7
_MOST_VERTICES: Final = 200_000_000


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways over nodes.

    lon, lat: (n,) degrees, WGS 84. ele: (n,) metres, NaN where nobody gave it. refs: (r,) indices of nodes, way after
    way; starts: (w + 1,) where each way begins in ``refs``. tags: (w,) of the ways. barriers: node → its tags.
    source: what was read, for the record of a run.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    ele: NDArray[np.float64]
    refs: NDArray[np.int64]
    starts: NDArray[np.int64]
    tags: tuple[Mapping[str, str], ...]
    barriers: Mapping[int, Mapping[str, str]]
    source: str

    def __len__(self) -> int:
        return len(self.tags)


def read_ways(path: Path | str) -> Ways:
    """Read the ways of an OpenStreetMap extract (``.osm.pbf``, ``.osm``) or of a file of lines.

    A file of lines needs a CRS and a column ``highway`` or ``fclass`` (Geofabrik's name for it); ``oneway`` may be
    yes/no/-1 or F/T/B. Its lines meet where they share a vertex. Ferries count as ways; ways without a highway do not.
    Raises StreetsError for a file that is missing, damaged, without ways, without a CRS, or without the column.
    """
    path = Path(path)
    if not path.is_file():
        raise StreetsError(f"{path} is no file; give an extract such as qinghai-latest.osm.pbf")
    name = path.name.lower()
    if name.endswith((".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")):
        ways = _openstreetmap(path)
    elif path.suffix.lower() in VECTORS:
        ways = _lines(path)
    else:
        raise StreetsError(
            f"{path.name} is no kind of street file that is known; give .osm.pbf, or lines as "
            f"{', '.join(sorted(VECTORS))}"
        )
    if not len(ways):
        raise StreetsError(f"{path.name} holds no streets: no way has the tag highway, and none is a ferry")
    return ways


def _openstreetmap(path: Path) -> Ways:
    import osmium

    # Arrays and not lists of pairs: a province has ten million of these, and a laptop little memory.
    refs, lon, lat = array("q"), array("d"), array("d")
    starts = [0]
    tags: list[dict[str, str]] = []
    barriers: dict[int, dict[str, str]] = {}
    heights: dict[int, float] = {}
    telling = osmium.filter.KeyFilter("highway", "route", "barrier", "ele")
    try:
        for entity in osmium.FileProcessor(str(path)).with_locations().with_filter(telling):
            if isinstance(entity, osmium.osm.Node):
                if "barrier" in entity.tags:
                    barriers[entity.id] = {tag.k: tag.v for tag in entity.tags if tag.k in _KEPT}
                if "ele" in entity.tags and (height := _number(entity.tags["ele"])) is not None:
                    heights[entity.id] = height
            elif isinstance(entity, osmium.osm.Way) and (
                "highway" in entity.tags or entity.tags.get("route") == "ferry"
            ):
                # An extract cuts ways at its border and keeps the numbers of nodes that it left out.
                known = [node for node in entity.nodes if node.location.valid()]
                if len(known) < 2:
                    continue
                refs.extend(node.ref for node in known)
                lon.extend(node.lon for node in known)
                lat.extend(node.lat for node in known)
                starts.append(len(refs))
                tags.append({tag.k: tag.v for tag in entity.tags if tag.k in _KEPT})
    except RuntimeError as error:
        raise StreetsError(f"{path.name} cannot be read as an OpenStreetMap extract: {error}") from error
    ids, first, places = np.unique(np.array(refs, dtype=np.int64), return_index=True, return_inverse=True)
    ele = np.full(len(ids), np.nan)
    at = {node: int(np.searchsorted(ids, node)) for node in {*heights, *barriers}}
    index = {node: i for node, i in at.items() if i < len(ids) and ids[i] == node}
    for node, height in heights.items():
        if node in index:
            ele[index[node]] = height
    return Ways(
        lon=np.array(lon)[first],
        lat=np.array(lat)[first],
        ele=ele,
        refs=places.reshape(-1).astype(np.int64),
        starts=np.array(starts, dtype=np.int64),
        tags=tuple(tags),
        barriers={index[node]: given for node, given in barriers.items() if node in index},
        source=path.name,
    )


def _lines(path: Path) -> Ways:
    import pyogrio

    try:
        info = pyogrio.read_info(path)
        frame = pyogrio.read_dataframe(path, force_2d=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise StreetsError(f"{path.name} cannot be read as a file of lines: {error}") from error
    if frame.geometry.name not in frame or info.get("crs") is None:
        raise StreetsError(
            f"{path.name} says no coordinate reference system; add the .prj, or write it again with one"
        )
    names = {str(column).lower(): column for column in frame.columns}
    kind = next((names[name] for name in ("highway", "fclass") if name in names), None)
    if kind is None:
        raise StreetsError(
            f"{path.name} has no column highway or fclass to tell a road from a path; it has {', '.join(names)}"
        )
    lines = frame[frame.geometry.notna() & frame[kind].notna()].explode(ignore_index=True)
    lines = lines[lines.geometry.geom_type == "LineString"].reset_index(drop=True)
    geometry = np.asarray(lines.geometry.array, dtype=object)
    coordinates, of = shapely.get_coordinates(geometry, return_index=True)
    if len(coordinates) > _MOST_VERTICES:
        raise StreetsError(f"{path.name} has {len(coordinates):,} vertices; cut it to the province first")
    transformer = lonlat_transformer(info["crs"])
    lon, lat = coordinates.T if transformer is None else transformer.transform(*coordinates.T)
    if not (np.all(np.isfinite(lon)) and np.all(np.isfinite(lat)) and np.all(np.abs(lat) <= 90)):
        raise StreetsError(f"{path.name} has vertices that are nowhere on Earth in {info['crs']}")
    grid = np.round(np.column_stack([lon, lat]) / _SAME).astype(np.int64)
    _, first, refs = np.unique(grid, axis=0, return_index=True, return_inverse=True)
    counts = np.bincount(of, minlength=len(lines))
    kept = {names[key]: key for key in _KEPT & set(names)} | {kind: "highway"}
    records = lines[list(kept)].rename(columns=kept).to_dict("records")
    return Ways(
        lon=np.asarray(lon, dtype=np.float64)[first],
        lat=np.asarray(lat, dtype=np.float64)[first],
        ele=np.full(len(first), np.nan),
        refs=refs.reshape(-1).astype(np.int64),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        tags=tuple(_record(each) for each in records),
        barriers={},
        source=path.name,
    )


def _record(row: Mapping[Any, Any]) -> dict[str, str]:
    """Spell a row of attributes as tags: empty cells are no tags, and Geofabrik's F, T, B are OpenStreetMap's words."""
    tags = {str(key): str(value) for key, value in row.items() if isinstance(value, str) and value.strip()}
    if "oneway" in tags:
        tags["oneway"] = {"F": "yes", "T": "-1", "B": "no"}.get(tags["oneway"], tags["oneway"])
    for key in ("bridge", "tunnel"):
        if key in tags:
            tags[key] = {"T": "yes", "F": "no"}.get(tags[key], tags[key])
    return tags


def _number(text: str) -> float | None:
    try:
        value = float(text.removesuffix("m").strip())
    except ValueError:
        return None
    return value if -500.0 <= value <= 9_000.0 else None
