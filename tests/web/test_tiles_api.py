"""Tiles over HTTP: the assertions of OGC API Tiles' abstract tests, bytes that are kept, words for what is not there."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from geo.mercator import pixels
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.web.mvt import decoded
from tests.web.ogc_fixtures import COLLECTIONS, SITE, add_station, conf, get, links, open_registry, site_of
from web.ogc.tile_cache import TileCache

CONF = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
MVT = "application/vnd.mapbox-vector-tile"
#: The tile of zoom 5 that holds the whole registry: zoom, row, column.
AROUND = (5, 12, 25)


@pytest.fixture(scope="module")
def client(new_database: Callable[[], str]) -> Iterator[FlaskClient]:
    with open_registry(new_database) as engine, site_of(engine) as app:
        yield app.test_client()


def at(lon: float, lat: float, zoom: int) -> str:
    x, y = (int(float(each) // 256) for each in pixels(lon, lat, zoom))
    return f"/WebMercatorQuad/{zoom}/{y}/{x}"


def body(client: FlaskClient, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
    answer = get(client, path, query)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json"
    found: dict[str, Any] = json.loads(answer.data)
    return found


def layers(client: FlaskClient, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
    answer = get(client, path, query)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == MVT
    return decoded(answer.data)


@conf("/conf/core/tc-op")
@pytest.mark.parametrize("zoom", [0, 8, 16])
def test_a_tile_is_answered_for_each_place_of_the_tile_matrix(
    client: FlaskClient, conf: str, zoom: int
) -> None:
    last = 2**zoom - 1
    for row, column in ((0, 0), (last, last), (0, last)):
        for base in ("/tiles", *(f"/collections/{name}/tiles" for name in COLLECTIONS)):
            answer = get(client, f"{base}/WebMercatorQuad/{zoom}/{row}/{column}")
            assert (answer.status_code, answer.content_type) == (200, MVT)


@conf("/conf/core/tc-error")
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("WebMercatorQuad/17/0/0", "deepest zoom is 16"),
        ("WebMercatorQuad/4/16/0", "from 0 to 15"),
        ("WebMercatorQuad/4/0/16", "from 0 to 15"),
        ("WebMercatorQuad/999999999/0/0", "deepest zoom"),
        ("WebMercatorQuad/99999999999999999999/0/0", "is no zoom"),
        ("WebMercatorQuad/4/-1/0", "is no row"),
        ("WebMercatorQuad/4/0/x", "is no column"),
        ("WebMercatorQuad/4/٣/0", "is no row"),
        ("WorldCRS84Quad/4/0/0", "WebMercatorQuad"),
    ],
)
def test_a_tile_that_there_is_not_is_404_in_words(
    client: FlaskClient, conf: str, place: str, words: str
) -> None:
    for base in ("/tiles", "/collections/stations/tiles"):
        answer = get(client, f"{base}/{place}")
        assert answer.status_code == 404
        assert words in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("f=png", "f"),
        ("bbox=nan,nan,nan,nan", "bbox"),
        ("kind=palace", "kind"),
        ("limit=1000000000", "limit"),
        ("lang=zh", "lang"),
        ("region=", "region"),
        ("within_m=5", "within_m"),
        ("at=yesterday", "at"),
    ],
)
def test_a_wrong_question_is_400_and_named(client: FlaskClient, query: str, parameter: str) -> None:
    answer = client.get(f"/ogc/collections/stations/tiles/WebMercatorQuad/0/0/0?{query}")
    assert answer.status_code == 400
    assert parameter in [problem["parameter"] for problem in answer.json["errors"]]
    # The other collections know no stations to ask for.
    assert (
        client.get("/ogc/collections/gaps/tiles/WebMercatorQuad/0/0/0?kind=rider_station").status_code == 400
    )


@conf("/conf/mvt/content")
def test_a_tile_is_a_vector_tile_with_a_layer_for_each_collection(client: FlaskClient, conf: str) -> None:
    found = layers(client, "/tiles/WebMercatorQuad/0/0/0")
    assert set(found) == {"stations", "gaps"}  # counties begin at zoom 7
    assert sum(feature.properties["count"] for feature in found["stations"]) == 10
    deep = layers(client, "/tiles" + at(101.5, 36.5, 12))
    assert {feature.properties["code"] for feature in deep["regions"]} == {"630102"}
    assert {feature.kind for feature in deep["regions"]} == {3}
    assert set(layers(client, "/collections/gaps/tiles" + at(101.45, 36.55, 16))) == {"gaps"}


@conf("/conf/collections-selection/query-collections", "/conf/collections-selection/collections-response")
def test_collections_chooses_the_layers(client: FlaskClient, conf: str) -> None:
    path = "/tiles" + at(101.5, 36.5, 8)
    assert set(layers(client, path, {"collections": "regions,stations"})) == {"stations", "regions"}
    assert set(layers(client, path, {"collections": "gaps"})) == {"gaps"}
    alone = {name: get(client, path, {"collections": name}).data for name in ("stations", "gaps")}
    for order in (("stations", "gaps"), ("gaps", "stations")):
        both = {"collections": ",".join(order)}
        assert get(client, path, both).data == b"".join(alone[name] for name in order)
        told = body(client, "/tiles/WebMercatorQuad", both)
        assert [layer["id"] for layer in told["layers"]] == list(order)
    assert get(client, path, {"collections": "cities"}).status_code == 400


@conf("/conf/dataset-tilesets/landingpage", "/conf/dataset-tilesets/operation")
def test_the_landing_page_leads_to_the_tilesets_of_everything(client: FlaskClient, conf: str) -> None:
    landing = body(client, "", {"f": "json"})
    assert links(landing, f"{REL}tilesets-vector")[0]["href"] == f"{SITE}/ogc/tiles"
    assert links(landing, f"{REL}tiling-schemes")[0]["href"] == f"{SITE}/ogc/tileMatrixSets"
    assert body(client, "/tiles")["tilesets"]


@conf("/conf/geodata-tilesets/desc-links", "/conf/geodata-tilesets/operation")
@pytest.mark.parametrize("name", COLLECTIONS)
def test_each_collection_leads_to_its_tilesets(client: FlaskClient, name: str, conf: str) -> None:
    of_collection = body(client, f"/collections/{name}", {"f": "json"})
    (link,) = links(of_collection, f"{REL}tilesets-vector")
    assert link["href"] == f"{SITE}/ogc/collections/{name}/tiles"
    assert body(client, f"/collections/{name}/tiles")["tilesets"]


@conf("/conf/tilesets-list/tileset-links", "/conf/tilesets-list/conformance-success")
@pytest.mark.parametrize("base", ["/tiles", *(f"/collections/{name}/tiles" for name in COLLECTIONS)])
def test_the_tilesets_are_listed_and_linked(client: FlaskClient, base: str, conf: str) -> None:
    for tileset in body(client, base)["tilesets"]:
        assert tileset["dataType"] == "vector"
        assert tileset["crs"] == "http://www.opengis.net/def/crs/EPSG/0/3857"
        assert tileset["tileMatrixSetURI"].endswith("/WebMercatorQuad")
        (own,) = links(tileset, "self")
        assert own["href"].partition("?")[0] == f"{SITE}/ogc{base}/WebMercatorQuad"
        assert client.get(own["href"].removeprefix(SITE)).json["dataType"] == "vector"
        (scheme,) = links(tileset, f"{REL}tiling-scheme")
        assert body(client, scheme["href"].removeprefix(f"{SITE}/ogc"))["uri"] == tileset["tileMatrixSetURI"]


@conf(
    "/conf/tileset/description",
    "/conf/core/tc-success",
    "/conf/tilesetmetadata/model",
    "/conf/tilesetmetadata/identifier",
    "/conf/json-tilesetmetadata/model",
    "/conf/json-tilesetmetadata/media-type",
)
def test_a_tileset_says_what_its_tiles_hold_and_where_they_are(client: FlaskClient, conf: str) -> None:
    for base in ("/tiles", "/collections/stations/tiles"):
        found = body(client, f"{base}/WebMercatorQuad")
        (item,) = links(found, "item")
        assert (item["templated"], item["type"]) == (True, MVT)
        z, row, column = AROUND
        href = item["href"]
        for name, value in (("tileMatrix", z), ("tileRow", row), ("tileCol", column)):
            href = href.replace("{" + name + "}", str(value))
        assert decoded(client.get(href.removeprefix(SITE)).data)["stations"]
        scheme = links(found, f"{REL}tiling-scheme")[0]["href"]
        assert body(client, scheme.removeprefix(f"{SITE}/ogc"))["id"] == "WebMercatorQuad"
        for limits in found["tileMatrixSetLimits"]:
            assert limits["maxTileRow"] == limits["maxTileCol"] == 2 ** int(limits["tileMatrix"]) - 1
        seen = layers(
            client, f"{base}/WebMercatorQuad/16" + at(101.5, 36.5, 16).removeprefix("/WebMercatorQuad/16")
        )
        for layer in found["layers"]:
            known = set(layer["propertiesSchema"]["properties"])
            for feature in seen.get(layer["id"], []):
                assert set(feature.properties) <= known


@conf("/conf/tilematrixset/model", "/conf/json-tilematrixset/model", "/conf/json-tilematrixset/media-type")
def test_the_tile_matrix_set_is_that_of_web_mercator(client: FlaskClient, conf: str) -> None:
    (listed,) = body(client, "/tileMatrixSets")["tileMatrixSets"]
    found = body(client, f"/tileMatrixSets/{listed['id']}")
    assert found["uri"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
    matrices = found["tileMatrices"]
    # Annex D of the standard for tile matrix sets, 2.0.
    assert [matrix["id"] for matrix in matrices] == [str(zoom) for zoom in range(25)]
    assert matrices[0]["scaleDenominator"] == pytest.approx(559082264.028717, abs=1e-3)
    assert matrices[0]["cellSize"] == pytest.approx(156543.033928041, abs=1e-9)
    assert matrices[18]["scaleDenominator"] == pytest.approx(2132.72958384978, abs=1e-8)
    assert {(*matrix["pointOfOrigin"], matrix["tileWidth"]) for matrix in matrices} == {
        (-20037508.342789244, 20037508.342789244, 256)
    }
    assert [matrix["matrixWidth"] for matrix in matrices] == [2**zoom for zoom in range(25)]
    assert get(client, "/tileMatrixSets/WorldCRS84Quad").status_code == 404


@conf(
    "/conf/core/conformance-success",
    "/conf/tileset/conformance-success",
    "/conf/dataset-tilesets/conformance-success",
    "/conf/geodata-tilesets/conformance-success",
)
def test_every_declared_class_of_tiles_is_tested_by_its_identifiers(client: FlaskClient, conf: str) -> None:
    declared = body(client, "/conformance", {"f": "json"})["conformsTo"]
    ours = [uri for uri in declared if "ogcapi-tiles" in uri or "/tms/" in uri]
    for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt", "oas30"):
        assert f"{CONF}{name}" in ours
    told = set(re.findall(r"/conf/([\w-]+)/", Path(__file__).read_text(encoding="utf-8")))
    assert sorted({uri.rsplit("/", 1)[-1] for uri in ours} - told) == []


@conf("/conf/oas30/operation-id")
def test_operations_are_found_by_the_names_of_the_standard(client: FlaskClient, conf: str) -> None:
    document = json.loads(get(client, "/api", {"f": "json"}).data)
    named = {
        path: each["get"]["operationId"] for path, each in document["paths"].items() if "tile" in path.lower()
    }
    for base, kind in (
        ("/tiles", "dataset"),
        *((f"/collections/{name}/tiles", "collection") for name in COLLECTIONS),
    ):
        place = f"{base}/{{tileMatrixSetId}}"
        assert named[base].endswith(f".{kind}.vector.getTileSetsList")
        assert named[place].endswith(f".{kind}.vector.getTileSet")
        assert named[f"{place}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"].endswith(f".{kind}.vector.getTile")
    assert named["/tileMatrixSets"].endswith(".getTileMatrixSetsList")
    assert named["/tileMatrixSets/{tileMatrixSetId}"].endswith(".getTileMatrixSet")
    assert len(set(named.values())) == len(named)


@conf(
    "/conf/oas30/completeness",
    "/conf/core/tc-tilematrix-definition",
    "/conf/core/tc-tilerow-definition",
    "/conf/core/tc-tilecol-definition",
)
def test_the_description_names_every_address_of_tiles(client: FlaskClient, conf: str) -> None:
    document = json.loads(get(client, "/api", {"f": "json"}).data)
    told = {path for path in document["paths"] if "tile" in path}
    rules = {
        rule.rule for rule in client.application.url_map.iter_rules() if rule.endpoint.startswith("ogc.")
    }
    for rule in rules:
        path = rule.removeprefix("/ogc")
        for given, named in (
            ("<matrix_set>", "{tileMatrixSetId}"), ("<z>", "{tileMatrix}"), ("<row>", "{tileRow}"),
            ("<column>", "{tileCol}"),
        ):  # fmt: skip
            path = path.replace(given, named)
        if "tile" in path:
            for name in COLLECTIONS:
                assert path.replace("<collection>", name) in told, path
    for name, path in (
        (name, path)
        for path in told
        if path.endswith("{tileCol}")
        for name in ("tileMatrix", "tileRow", "tileCol")
    ):
        refs = [each["$ref"] for each in document["paths"][path]["get"]["parameters"]]
        assert f"#/components/parameters/{name}" in refs
        assert document["components"]["parameters"][name]["required"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_tells_of_the_tiles_is_a_page_too(client: FlaskClient, language: str) -> None:
    for base in ("/tiles", *(f"/collections/{name}/tiles" for name in COLLECTIONS)):
        for path in (base, f"{base}/WebMercatorQuad"):
            page = get(client, path, {"lang": language}, headers={"Accept": "text/html"})
            assert (page.status_code, page.mimetype) == (200, "text/html")
            assert 'rel="alternate" type="application/json"' in page.text
            assert links(body(client, path, {"f": "json"}), "alternate")[0]["type"] == "text/html"
    assert (
        f"{SITE}/ogc/tiles/WebMercatorQuad/{{tileMatrix}}"
        in get(client, "/tiles/WebMercatorQuad", {"f": "html"}).text
    )
    assert "1:559,082,264" in get(client, "/tileMatrixSets/WebMercatorQuad", {"f": "html"}).text
    assert "/ogc/tileMatrixSets/WebMercatorQuad?f=html" in get(client, "/tileMatrixSets", {"f": "html"}).text
    for path in ("/tiles", "/tileMatrixSets", "/tiles/WebMercatorQuad", "/tileMatrixSets/WebMercatorQuad"):
        assert get(client, path, {"f": "png"}).status_code == 400
        assert get(client, path, headers={"Accept": "image/png"}).status_code == 406


def test_tilejson_leads_a_map_to_the_tiles_with_the_question_kept(client: FlaskClient) -> None:
    query = {"kind": "rider_station", "f": "tilejson"}
    found = body(client, "/collections/stations/tiles/WebMercatorQuad", query)
    assert (found["tilejson"], found["scheme"], found["maxzoom"]) == ("3.0.0", "xyz", 16)
    assert [layer["id"] for layer in found["vector_layers"]] == ["stations"]
    (template,) = found["tiles"]
    assert template.startswith(f"{SITE}/ogc/collections/stations/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}?")
    tile = client.get(template.removeprefix(SITE).format(z=0, x=0, y=0))
    (feature,) = decoded(tile.data)["stations"]
    assert (feature.properties["count"], feature.properties["kind"]) == (1, "rider_station")
    assert found["center"] == [101.8, 36.6, 5]
    assert "bounds" not in found


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_style_draws_what_the_tiles_hold_and_asks_nobody_else(client: FlaskClient, name: str) -> None:
    found = body(client, f"/styles/{name}", {"kind": "rider_station"})
    (source,) = found["sources"].values()
    tilejson = client.get(source["url"].removeprefix(SITE)).json
    assert "kind=rider_station" in tilejson["tiles"][0]
    known = {layer["id"]: set(layer["fields"]) for layer in tilejson["vector_layers"]}
    for layer in found["layers"][1:]:
        read = set(re.findall(r'\["get", "(\w+)"\]', json.dumps(layer)))
        assert read <= known[layer["source-layer"]], layer["id"]
    # A font or a sprite would be another server's.
    assert "glyphs" not in found
    assert "sprite" not in found
    assert set(re.findall(r"https?://[^/\"]+", json.dumps(found))) == {SITE}
    assert get(client, "/styles/sepia").status_code == 404
    assert get(client, f"/styles/{name}", {"colour": "red"}).status_code == 400


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 10),
        ({"lifecycle": "all"}, 11),
        ({"kind": "care_station"}, 1),
        ({"region": "6302"}, 1),
        ({"bbox": "101.60,36.55,101.70,36.65"}, 1),
        ({"amenities": "toilet"}, 9),
        ({"q": "十里"}, 6),
        ({"open": "now"}, 10),
    ],
)
def test_a_tile_holds_the_stations_that_the_query_asks_for(
    client: FlaskClient, query: dict[str, str], count: int
) -> None:
    for zoom in (0, 5):
        found = layers(client, "/collections/stations/tiles" + at(101.7, 36.6, zoom), query)
        assert sum(feature.properties["count"] for feature in found["stations"]) == count


def test_a_tile_is_tagged_compressed_and_not_sent_again(client: FlaskClient) -> None:
    path = "/ogc/tiles/WebMercatorQuad/0/0/0"
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    for answer, sent in ((plain, {}), (packed, {"Accept-Encoding": "gzip"})):
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"], **sent})
        assert (again.status_code, again.data) == (304, b"")
    head = client.head(path)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", plain.headers["ETag"])
    assert plain.headers["Access-Control-Allow-Origin"] == "*"


def test_two_processes_answer_with_the_same_bytes_and_tag(new_database: Callable[[], str]) -> None:
    with open_registry(new_database) as engine, site_of(engine) as one, site_of(engine) as other:
        for path in ("/ogc/tiles" + at(101.5, 36.5, 9), "/ogc/tiles/WebMercatorQuad/0/0/0"):
            answers = [
                app.test_client().get(path, headers={"Accept-Encoding": "gzip"}) for app in (one, other)
            ]
            assert answers[0].data == answers[1].data
            assert answers[0].headers["ETag"] == answers[1].headers["ETag"]


def test_a_kept_tile_is_forgotten_when_the_registry_changes(new_database: Callable[[], str]) -> None:
    with open_registry(new_database) as engine, site_of(engine) as app:
        cache = TileCache(fresh_s=0.0)
        app.extensions["yizhan.ogc.tiles"] = cache
        client = app.test_client()
        before = get(client, "/collections/stations/tiles/WebMercatorQuad/0/0/0")
        assert get(client, "/collections/stations/tiles/WebMercatorQuad/0/0/0").data == before.data
        with Session(engine) as session:
            with acting(session, actor_id(session, OPERATOR), reason="one more"):
                add_station(session, "新驿站", 101.99, 36.55, region_code="630202")
            session.commit()
        after = get(client, "/collections/stations/tiles/WebMercatorQuad/0/0/0")
        counts = [
            sum(feature.properties["count"] for feature in decoded(answer.data)["stations"])
            for answer in (before, after)
        ]
        assert counts == [10, 11]
        assert before.headers["ETag"] != after.headers["ETag"]


def test_the_memory_of_tiles_is_bounded_and_drops_the_least_asked_for() -> None:
    cache = TileCache(most_bytes=5 * 1_600, fresh_s=0.0)
    made: list[int] = []

    def ask(number: int) -> bytes:
        def make() -> bytes:
            made.append(number)
            return bytes(np.random.default_rng(number).integers(0, 256, 500, dtype=np.uint8))

        return cache.get(number, lambda: 1, make).plain

    for number in (1, 2, 3, 4, 1, 5, 6):
        ask(number)
    made.clear()
    assert len(ask(1)) == len(ask(6)) == 500
    assert made == []
    ask(2)
    assert made == [2]


def test_a_tile_that_many_ask_for_at_once_is_made_once() -> None:
    cache, made, begun = TileCache(), [], threading.Barrier(8)

    def make() -> bytes:
        made.append(1)
        return b"tile"

    def ask() -> None:
        begun.wait()
        assert cache.get("key", lambda: 1, make).plain == b"tile"

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_a_tile_made_while_somebody_wrote_is_not_kept() -> None:
    cache, seen = TileCache(fresh_s=0.0), [1]

    def make() -> bytes:
        seen[0] += 1
        cache.get("other", lambda: seen[0], lambda: b"x")
        return b"perhaps of before"

    assert cache.get("key", lambda: seen[0], make).plain == b"perhaps of before"
    assert cache.get("key", lambda: seen[0], lambda: b"of now").plain == b"of now"


def test_gdal_reads_the_tiles(client: FlaskClient, tmp_path: Path) -> None:
    found = body(client, "/tiles/WebMercatorQuad", {"f": "tilejson"})
    assert found["vector_layers"]
    path = tmp_path / "0"
    for zoom, row, column in ((0, 0, 0), AROUND):
        path = tmp_path / str(zoom) / str(column)
        path.mkdir(parents=True)
        (path / f"{row}.pbf").write_bytes(get(client, f"/tiles/WebMercatorQuad/{zoom}/{row}/{column}").data)
    frame = pyogrio.read_dataframe(
        f"MVT:{tmp_path}/5/25/12.pbf", layer="stations", CLIP="NO", METADATA_FILE=""
    )
    assert frame["count"].sum() == 10
    assert set(frame["lifecycle"].dropna()) == {"open"}
    moved = frame.to_crs("EPSG:4326")
    assert moved.geometry.x.between(101.4, 102.2).all()
    assert moved.geometry.y.between(36.4, 36.8).all()
    run = subprocess.run(
        ["ogrinfo", "-ro", "-so", "-al", f"MVT:{tmp_path}/5"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Layer name: stations" in run.stdout, run.stdout + run.stderr
    assert "Layer name: gaps" in run.stdout
