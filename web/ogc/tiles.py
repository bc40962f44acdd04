"""Vector tiles of the open collections: the addresses of tiles, what may be asked of them, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from stations.errors import NotFound
from stations.query import BadQuery, Open, Problem, StationQuery
from stations.registry import public, tiles
from stations.registry.tiles import LAYERS, MAX_ZOOM, Tile
from web.db import connection, now
from web.ogc.answers import conditional
from web.ogc.blueprint import blueprint
from web.ogc.collections import get
from web.ogc.openapi_tiles import MATRIX_SET, MVT, OF_TILES
from web.ogc.tile_cache import TileCache

__all__ = ["asked_layers", "asked_stations", "dataset_tile", "tile"]

_CACHE: Final = "yizhan.ogc.tiles"
_KEPT_S: Final = 60


@blueprint.get("/collections/<collection>/tiles/<matrix_set>/<z>/<row>/<column>")
def tile(collection: str, matrix_set: str, z: str, row: str, column: str) -> AnyResponse:
    """Answer one tile of a collection."""
    found = get(collection)
    return _answer(
        [found.id], _place(matrix_set, z, row, column), asked_stations("f", one_query=found.one_query)
    )


@blueprint.get("/tiles/<matrix_set>/<z>/<row>/<column>")
def dataset_tile(matrix_set: str, z: str, row: str, column: str) -> AnyResponse:
    """Answer one tile with a layer for each collection, or for those that ``collections`` names."""
    place = _place(matrix_set, z, row, column)
    query = asked_stations("f", "collections", one_query=True)
    return _answer(asked_layers(), place, query)


def asked_layers() -> list[str]:
    """Return the layers that ``collections`` names, in its order; all without it. Raises BadQuery."""
    given = request.args.get("collections")
    if given is None:
        return list(LAYERS)
    wanted = dict.fromkeys(name.strip() for name in given.split(","))
    if strange := sorted(set(wanted).difference(LAYERS)):
        told = f"collections: {', '.join(strange)[:80]!r} not known; known are {', '.join(LAYERS)}"
        raise BadQuery((Problem("collections", given[:200], told),))
    return list(wanted)


def asked_stations(*others: str, one_query: bool, forms: Sequence[str] = ("mvt",)) -> StationQuery:
    """Read which stations are asked for, strictly. others: names that the caller reads. Raises BadQuery."""
    known = (*(OF_TILES if one_query else ()), *others)
    items = list(request.args.items(multi=True))
    query, problems, _ = StationQuery.read(items, others=frozenset(others))
    found = [problem for problem in problems if problem.name in known]
    for name in dict.fromkeys(name for name, _ in items if name not in known):
        told = f"{name[:80]!r} is not a parameter here; known are {', '.join(known)}"
        found.append(Problem(name[:200], "", told))
    found += [
        Problem(name, "", f"{name}: has no value; leave it out or give one")
        for name, value in items
        if name in known and not value.strip()
    ]
    for form in dict.fromkeys(request.args.getlist("f")):
        if form not in forms:
            found.append(Problem("f", form[:200], f"f: {form[:40]!r} is no form; write {' or '.join(forms)}"))
    if found:
        raise BadQuery(tuple(found))
    return query


def _place(matrix_set: str, z: str, row: str, column: str) -> Tile:
    """Read a tile's place. Raises NotFound for one that there is not, in words."""
    if matrix_set != MATRIX_SET:
        raise NotFound(f"there is no tile matrix set {matrix_set[:80]!r}; there is {MATRIX_SET}")
    for name, text in (("zoom", z), ("row", row), ("column", column)):
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise NotFound(f"{text[:40]!r} is no {name} of a tile; write a whole number")
    found = Tile(int(z), int(column), int(row))
    if found.z > MAX_ZOOM:
        raise NotFound(f"there are no tiles of zoom {found.z}; the deepest zoom is {MAX_ZOOM}")
    if max(found.x, found.y) >= 1 << found.z:
        raise NotFound(
            f"zoom {found.z} has rows and columns from 0 to {(1 << found.z) - 1}, and no row {found.y}, column {found.x}"
        )
    return found


def _answer(layers: list[str], place: Tile, query: StationQuery) -> AnyResponse:
    cache: TileCache = current_app.extensions.setdefault(_CACHE, TileCache())
    # Who is open is another question each minute; which stations there are is not.
    moment = public.moment_of(query, now()) if query.open is Open.NOW else None
    found = cache.get(
        (tuple(layers), place, query.encode(), moment),
        lambda: tiles.last_change(connection()),
        lambda: tiles.encode(connection(), layers, place, query, now=now()),
    )
    packed = bool(found.plain) and request.accept_encodings["gzip"] > 0
    headers = {
        "Cache-Control": f"public, max-age={_KEPT_S}",
        "ETag": f'"{found.tag}-gzip"' if packed else f'"{found.tag}"',
        "Vary": "Accept-Encoding",
        **({"Content-Encoding": "gzip"} if packed else {}),
    }
    answer = Response(found.packed if packed else found.plain, content_type=MVT, headers=headers)
    return conditional(answer)
