"""What the servers are asked: the same boxes, stations, values and tiles, each in its server's words, and whether they answer alike."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, cast

import psycopg
from api_peers import OURS, PYGEOAPI, TIPG, Server
from mvt import decoded

__all__ = ["ANSWERS", "FORGET", "Case", "cases", "check"]

#: How many different questions of a case there are.
ANSWERS: Final = 2_000
#: Stations in a box.
FEWEST, MOST = 85, 100
#: Before an address of ours: answer without what is kept of features.
FORGET: Final = "/forget"
_TIPG: Final = "/collections/public.public_stations"
_PYGEOAPI: Final = "/collections/stations"
_OURS: Final = "/ogc/collections/stations"
_THIN: Final = "code,kind,station_class,lifecycle"
_FULL: Final = "feature"
_EXTENT: Final = 4096


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of question: what each server is asked, and how many times tipg's rate we aim at."""

    name: str
    aim: float
    paths: Mapping[str, tuple[str, ...]]
    #: What the questions are checked with where they ask for an order that the timed ones do not need.
    ordered: Mapping[str, tuple[str, ...]] | None = None


def cases(connection: psycopg.Connection) -> list[Case]:
    """Choose the questions, the same ones every time for the same registry."""
    chance = Random(20)  # noqa: S311 - the same questions every time
    boxes = _boxes(connection, chance)
    codes = [
        code for (code,) in connection.execute(
            "SELECT code FROM public_stations WHERE listed AND location IS NOT NULL ORDER BY md5(code) LIMIT %s",
            [ANSWERS],
        )
    ]  # fmt: skip
    kinds = [kind for (kind,) in connection.execute(
        "SELECT kind FROM public_stations WHERE listed GROUP BY 1 HAVING count(*) > 2000 ORDER BY 1"
    )]  # fmt: skip
    asked = [f"kind={kind}" for kind in kinds]
    in_boxes = _features([f"bbox={box}&limit=100" for box in boxes])
    found = [
        Case("bbox of 100", 4.0, in_boxes),
        Case(
            "bbox of 100, nothing kept",
            4.0,
            {**in_boxes, OURS: tuple(FORGET + path for path in in_boxes[OURS])},
        ),
        Case(
            "by id",
            2.0,
            {
                OURS: tuple(f"{_OURS}/items/{code}" for code in codes),
                TIPG: tuple(f"{_TIPG}/items/{code}?properties={_FULL}" for code in codes),
                PYGEOAPI: tuple(f"{_PYGEOAPI}/items/{code}?properties={_FULL}" for code in codes),
            },
        ),
        Case(
            "attribute, 100",
            3.0,
            _features([f"{each}&limit=100" for each in asked]),
            _features([f"{each}&limit=100" for each in asked], order="&sortby=station_id"),
        ),
    ]
    for name, zoom, aim in (("tile z14", 14, 2.5), ("tile z10", 10, 1.0), ("tile z6, uncached", 6, 1.5)):
        found.append(Case(name, aim, _tiles(_places(connection, zoom))))
    one = _places(connection, 14)[:1]
    found.append(Case("cached tile, z14", 5.0, {**_tiles(one), OURS: (_tile(one[0], "?lifecycle=all"),)}))
    return found


def _features(asked: Iterable[str], *, order: str = "") -> dict[str, tuple[str, ...]]:
    asked = list(asked)
    return {
        # Ours come by their key always.
        OURS: tuple(f"{_OURS}/items?{each}&f=json" for each in asked),
        TIPG: tuple(f"{_TIPG}/items?{each}&properties={_FULL}{order}" for each in asked),
        PYGEOAPI: tuple(f"{_PYGEOAPI}/items?{each}&properties={_FULL}{order}&f=json" for each in asked),
    }


def _boxes(connection: psycopg.Connection, chance: Random) -> list[str]:
    """Return boxes that hold about a hundred stations each: of those nearest to a station, where so many fit."""
    points = connection.execute(
        "SELECT ST_X(location), ST_Y(location) FROM public_stations WHERE listed AND location IS NOT NULL ORDER BY code"
    ).fetchall()
    found: list[str] = []
    while len(found) < 200:
        lon, lat = chance.choice(points)
        for nearest in (70, 80, 60):
            row = connection.execute(
                """
                WITH box AS (SELECT ST_Expand(ST_SetSRID(ST_Extent(location)::geometry, 4326), 1e-6) AS edge FROM (
                    SELECT location FROM public_stations WHERE listed
                    ORDER BY location <-> ST_SetSRID(ST_MakePoint(%s, %s), 4326) LIMIT %s) near)
                SELECT ST_XMin(edge), ST_YMin(edge), ST_XMax(edge), ST_YMax(edge), (
                    SELECT count(*) FROM public_stations WHERE listed AND location && edge) FROM box
                """,
                [lon, lat, nearest],
            ).fetchone()
            if row is not None and FEWEST <= row[4] <= MOST:
                found.append(",".join(f"{edge:.6f}" for edge in row[:4]))
                break
    return found


def _places(connection: psycopg.Connection, zoom: int) -> list[tuple[int, int, int]]:
    """Return tiles with stations: zoom, column, row; as many of each place as there are stations."""
    shift = 31 - zoom
    rows = connection.execute(
        "SELECT tile_x >> %s, tile_y >> %s FROM public_stations WHERE listed AND tile_key IS NOT NULL "
        "ORDER BY md5(code) LIMIT %s",
        [shift, shift, ANSWERS],
    ).fetchall()
    return [(zoom, column, row) for column, row in rows]


def _tile(place: tuple[int, int, int], more: str = "") -> str:
    zoom, column, row = place
    return f"{_OURS}/tiles/WebMercatorQuad/{zoom}/{row}/{column}{more}"


def _tiles(places: list[tuple[int, int, int]]) -> dict[str, tuple[str, ...]]:
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - written without an offset
    # The moment asked about is a part of what a tile is kept by, and changes nothing where nobody asks who is open.
    moments = [
        f"?lifecycle=all&at={start + timedelta(minutes=count):%Y-%m-%dT%H:%M}" for count in range(40_000)
    ]
    told = f"{_THIN},name" if places[0][0] >= 13 else _THIN
    return {
        OURS: tuple(_tile(places[count % len(places)], moment) for count, moment in enumerate(moments)),
        TIPG: tuple(f"{_TIPG}/tiles/WebMercatorQuad/{z}/{x}/{y}?properties={told}" for z, x, y in places),
        PYGEOAPI: tuple(f"{_PYGEOAPI}/tiles/WebMercatorQuad/{z}/{y}/{x}?f=mvt" for z, x, y in places),
    }


def check(case: Case, servers: Mapping[str, Server], connection: psycopg.Connection) -> str:
    """Compare what the servers answer; tell what was compared. Raises SystemExit where the same question has two answers."""
    asked = case.ordered or case.paths
    if "tile" in case.name:
        return _check_tiles(case, servers, connection)
    told = 0
    for number in range(min(12, len(asked[OURS]))):
        answers = {name: json.loads(server.get(asked[name][number])) for name, server in servers.items()}
        ours = {each["id"]: each for each in answers[OURS].get("features", [answers[OURS]])}
        for name, answer in answers.items():
            theirs = {each["id"]: each for each in answer.get("features", [answer])}
            # pygeoapi is not shown what has no place: it would answer 500.
            shown = {code for code, each in ours.items() if name != PYGEOAPI or each["geometry"] is not None}
            _require(shown <= set(theirs) and len(theirs) <= len(ours), case, name, asked[OURS][number])
            for code, each in theirs.items():
                if name == OURS or code not in shown:
                    continue
                whole = each["properties"][_FULL]
                whole = json.loads(whole) if isinstance(whole, str) else whole
                _require(whole["properties"] == ours[code]["properties"], case, name, code)
                _require(_same_place(each, ours[code]), case, name, code)
        told += len(ours)
    return f"{told:,} features"


def _same_place(one: Any, other: Any) -> bool:
    if one["geometry"] is None or other["geometry"] is None:
        return one["geometry"] is other["geometry"]
    pairs = zip(one["geometry"]["coordinates"], other["geometry"]["coordinates"], strict=True)
    # Servers write unlike many digits; a ten-millionth of a degree is a centimetre.
    return all(math.isclose(ours, theirs, abs_tol=1.01e-7) for ours, theirs in pairs)


def _check_tiles(case: Case, servers: Mapping[str, Server], connection: psycopg.Connection) -> str:
    told = 0
    for path, theirs in list(zip(case.paths[OURS], case.paths[TIPG], strict=False))[:8]:
        zoom, row, column = map(int, path.partition("?")[0].split("/")[-3:])
        first = connection.execute(
            "SELECT count(*) FROM public_stations WHERE listed AND tile_x >> %s = %s AND tile_y >> %s = %s",
            [31 - zoom, column, 31 - zoom, row],
        ).fetchone()
        stands = cast("tuple[int]", first)[0]
        ours = sum(each.properties["count"] for each in decoded(servers[OURS].get(path))["stations"])
        _require(ours == stands, case, OURS, path)
        inside = [
            each
            for each in decoded(servers[TIPG].get(theirs))["default"]
            if all(0 <= number < _EXTENT for number in each.points[0])
        ]
        # tipg tells ten thousand at most, and rounds a place at the edge into the tile or out of it.
        close = math.isclose(len(inside), stands, rel_tol=0.01, abs_tol=3)
        _require(
            close or (stands > 9_000 and len(inside) > 5_000),
            case,
            TIPG,
            f"{theirs}: {len(inside)} of {stands}",
        )
        told += stands
    return f"{told:,} stations counted"


def _require(alike: bool, case: Case, name: str, where: str) -> None:
    if not alike:
        raise SystemExit(f"{case.name}: {name} answers otherwise: {where}")
