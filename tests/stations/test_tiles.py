"""Vector tiles: every station once at every zoom, few features where there are many stations, always the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, func, make_url, select, text
from sqlalchemy.orm import Session

from geo.mercator import LIMIT_LAT, pixels
from stations.cluster import Cluster
from stations.models import PublicStation
from stations.query import StationQuery
from stations.registry import queries, tiles
from stations.registry.tiles import Tile, encode
from stations.registry.written import Written
from tests.stations.many_stations import fill_many
from tests.web.mvt import Feature, decoded

EVERY = StationQuery(lifecycle=("open",))
COUNT = 20_000
#: No query here asks what is open.
NEVER = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def many(cluster: Cluster, new_database: Callable[[], str]) -> Iterator[Engine]:
    """A registry of twenty thousand public stations around Xining."""
    address = make_url(new_database())
    with cluster.connect(address.database or "") as connection:
        fill_many(connection, COUNT)
        connection.execute("VACUUM ANALYZE public_stations")
    engine = create_engine(address, connect_args={"options": "-c jit=off"})
    yield engine
    engine.dispose()


@pytest.fixture
def reading(many: Engine) -> Iterator[Session]:
    with Session(many) as session:
        yield session


def tiles_at(session: Session, zoom: int) -> list[Tile]:
    """Return the tiles that hold a station, told from its place and not from its key."""
    rows = session.execute(select(queries.x(PublicStation.location), queries.y(PublicStation.location))).all()
    lon, lat = np.array(rows, dtype=np.float64).T
    x, y = pixels(lon, lat, zoom)
    return sorted(
        {Tile(zoom, int(a), int(b)) for a, b in zip(x // 256, y // 256, strict=True)},
        key=lambda tile: (tile.x, tile.y),
    )


def stations(session: Session, tile: Tile, query: StationQuery = EVERY) -> list[Feature]:
    return decoded(encode(session, ["stations"], tile, query)).get("stations", [])


@pytest.mark.parametrize("zoom", [0, 3, 6, 9, 11])
def test_every_station_is_told_once_at_every_zoom(reading: Session, zoom: int) -> None:
    found = [feature for tile in tiles_at(reading, zoom) for feature in stations(reading, tile)]
    assert sum(feature.properties["count"] for feature in found) == COUNT
    single = [feature for feature in found if feature.properties["count"] == 1]
    assert len({feature.properties["code"] for feature in single}) == len(single)
    assert all(feature.id is not None and feature.properties["kind"] for feature in single)
    gathered = [feature for feature in found if feature.properties["count"] > 1]
    assert all(feature.id is None and "code" not in feature.properties for feature in gathered)
    assert sum(feature.properties["rest"] for feature in gathered) + len(single) == COUNT


@pytest.mark.parametrize("zoom", [0, 4, 8])
def test_a_tile_of_many_stations_is_small(reading: Session, zoom: int) -> None:
    for tile in tiles_at(reading, zoom):
        body = encode(reading, ["stations"], tile, EVERY)
        assert len(decoded(body)["stations"]) <= 1024
        assert len(body) < 60_000


def test_a_deep_tile_shows_each_station_where_it_is_with_its_name(reading: Session) -> None:
    rows = reading.execute(
        select(
            PublicStation.code,
            PublicStation.name,
            queries.x(PublicStation.location),
            queries.y(PublicStation.location),
        )
        .order_by(PublicStation.station_id)
        .limit(40)
    ).all()
    for code, name, lon, lat in rows:
        # Its two positions are given to six digits each: within two units of 15 cm.
        x, y = (float(each) for each in pixels(lon, lat, 16))
        tile = Tile(16, int(x // 256), int(y // 256))
        feature = next(each for each in stations(reading, tile) if each.properties.get("code") == code)
        assert feature.properties["name"] == name
        (place,) = feature.points
        assert place[0] == pytest.approx((x / 256 - tile.x) * 4096, abs=2)
        assert place[1] == pytest.approx((y / 256 - tile.y) * 4096, abs=2)


def test_a_gathered_feature_stands_where_its_stations_are_on_average(reading: Session) -> None:
    rows = reading.execute(select(queries.x(PublicStation.location), queries.y(PublicStation.location))).all()
    x, y = pixels(*np.array(rows, dtype=np.float64).T, 0)
    found = stations(reading, Tile(0, 0, 0))
    weights = [feature.properties["count"] for feature in found]
    mean = np.average([feature.points[0] for feature in found], axis=0, weights=weights)
    assert mean == pytest.approx([x.mean() * 16, y.mean() * 16], abs=1.0)


def test_stations_at_one_place_are_counted_together_at_the_deepest_zoom(
    cluster: Cluster, new_database: Callable[[], str]
) -> None:
    address = make_url(new_database())
    with cluster.connect(address.database or "") as connection:
        fill_many(connection, 30)
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE public_stations SET location = 'SRID=4326;POINT(101.5 36.5)',"
            " location_3857 = ST_Transform('SRID=4326;POINT(101.5 36.5)'::geometry, 3857)"
        )
    engine = create_engine(address)
    with Session(engine) as session:
        (tile,) = tiles_at(session, tiles.MAX_ZOOM)
        (feature,) = stations(session, tile)
    engine.dispose()
    assert feature.properties == {"count": 30, "rest": 30}


def test_a_tile_has_the_same_bytes_whichever_plan_makes_it(reading: Session) -> None:
    tile = tiles_at(reading, 7)[0]
    wanted = encode(reading, ["stations"], tile, EVERY)
    for setting in ("enable_indexonlyscan", "enable_indexscan", "enable_bitmapscan", "enable_hashagg"):
        reading.execute(text(f"SET LOCAL {setting} = off"))
        reading.execute(text("SET LOCAL parallel_setup_cost = 0"))
        reading.execute(text("SET LOCAL min_parallel_table_scan_size = 0"))
        assert encode(reading, ["stations"], tile, EVERY) == wanted, setting


def test_a_tile_tells_the_stations_that_a_query_asks_for(reading: Session) -> None:
    for query in (
        StationQuery.parse([("q", "人民路")]),
        StationQuery.parse([("bbox", "101.5,36.4,101.9,36.8")]),
        StationQuery.parse([("near", "101.7,36.6"), ("within_m", "20000")]),
        StationQuery.parse([("kind", "rider_station")]),
    ):
        wanted = reading.scalar(
            select(func.count()).select_from(PublicStation).where(*queries.conditions(query, NEVER, {}))
        )
        found = sum(feature.properties["count"] for feature in stations(reading, Tile(0, 0, 0), query))
        assert found == wanted


def test_a_national_tile_is_counted_from_the_index_alone(
    reading: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Real rows are ten times as wide as these, so that nothing else comes into question.
    reading.execute(text("SET LOCAL enable_seqscan = off"))
    reading.execute(text("SET LOCAL enable_bitmapscan = off"))
    asked: list[tuple[str, Any]] = []

    def explain(written: Written, reader: Session, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        asked.append((written.text, {**written.values, **given}))
        return [(None,)]

    monkeypatch.setattr(Written, "rows", explain)
    encode(reading, ["stations"], Tile(0, 0, 0), EVERY)
    [(statement, values)] = asked
    plan = "\n".join(reading.connection().exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
    assert "Index Only Scan using ix_public_stations_tile_key" in plan


def test_a_tile_without_stations_has_no_bytes(reading: Session) -> None:
    assert encode(reading, ["stations", "regions", "gaps"], Tile(6, 0, 0), EVERY) == b""


@given(
    lon=st.floats(-180, 180, exclude_max=True),
    lat=st.floats(-LIMIT_LAT, LIMIT_LAT),
    zoom=st.integers(0, 16),
)
def test_the_keys_of_a_tile_are_those_of_its_children(lon: float, lat: float, zoom: int) -> None:
    x, y = (int(float(each) // 256) for each in pixels(lon, lat, zoom))
    side = 2**zoom - 1
    tile = Tile(zoom, min(x, side), max(0, min(y, side)))
    first, last = tile.keys
    children = sorted(
        Tile(zoom + 1, 2 * tile.x + across, 2 * tile.y + down).keys for down in (0, 1) for across in (0, 1)
    )
    assert (children[0][0], children[-1][1]) == (first, last)
    assert all(before[1] + 1 == after[0] for before, after in pairwise(children))


def test_the_database_s_key_is_the_one_that_tiles_ask_for(reading: Session) -> None:
    chance = Random(7)  # noqa: S311
    edges = [(-180.0, 0.0), (179.9999999, -85.05), (0.0, 85.05), (0.0, 0.0)]
    for lon, lat in [*edges, *((chance.uniform(-180, 180), chance.uniform(-85, 85)) for _ in range(200))]:
        key = reading.scalar(
            text(
                "SELECT yz_tile_key(yz_tile_step(ST_X(p)), yz_tile_step(-ST_Y(p)))"
                " FROM ST_Transform(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), 3857) AS p"
            ),
            {"lon": lon, "lat": lat},
        )
        for zoom in (0, 1, 5, 12, 16):
            x, y = (float(each) / 256 for each in pixels(lon, lat, zoom))
            # On an edge of a tile the last digit decides between neighbours.
            near = {(int(x + dx), int(y + dy)) for dx in (-1e-7, 1e-7) for dy in (-1e-7, 1e-7)}
            assert any(
                Tile(zoom, a, b).keys[0] <= key <= Tile(zoom, a, b).keys[1]
                for a, b in near
                if 0 <= a < 2**zoom and 0 <= b < 2**zoom
            ), (lon, lat, zoom)


def test_what_lies_beyond_web_mercator_lies_in_no_tile(reading: Session) -> None:
    assert reading.scalar(text("SELECT yz_tile_step(20037508.35)")) is None
    assert reading.scalar(text("SELECT yz_tile_step(20037508.342789244)")) == 2**31 - 1
    assert reading.scalar(text("SELECT yz_tile_step(-20037508.342789244)")) == 0
    assert reading.scalar(text("SELECT yz_tile_key(NULL, 5)")) is None
