"""Programs that others wrote read the open API in full: GDAL, pyogrio and OWSLib, over a real socket on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from ogc_fixtures import COLLECTIONS, ids, open_registry, site_of
from owslib.ogcapi.features import Features
from werkzeug.serving import make_server

each_collection = pytest.mark.parametrize("collection", COLLECTIONS)


@pytest.fixture(scope="module")
def site(new_database: Callable[[], str]) -> Iterator[tuple[Flask, str]]:
    """An open registry on a port of its own; its links name that port because nothing else is configured."""
    with open_registry(new_database) as engine, site_of(engine, public_url=None) as app:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield app, f"http://127.0.0.1:{server.port}/ogc"
        server.shutdown()
        thread.join()
        server.server_close()


def ran(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    assert "Warning" not in done.stderr
    return done.stdout


def test_gdal_lists_every_collection(site: tuple[Flask, str]) -> None:
    listed = ran("ogrinfo", "-ro", f"OAPIF:{site[1]}")
    assert [name for name in COLLECTIONS if name in listed] == list(COLLECTIONS)


@each_collection
@pytest.mark.parametrize("page", ["1", "3", "1000"])
def test_gdal_reads_every_feature_whatever_the_page(
    site: tuple[Flask, str], collection: str, page: str
) -> None:
    app, address = site
    drawn = ran(
        "ogr2ogr", "-f", "GeoJSON", "/vsistdout/", f"OAPIF:{address}", collection, "-oo", f"PAGE_SIZE={page}",
    )  # fmt: skip
    found = [feature["properties"]["id"] for feature in json.loads(drawn)["features"]]
    assert sorted(found) == sorted(ids(app.test_client(), collection))


#: In a process of its own: the library holds the interpreter while it waits for the answers of this one.
READ = """
import json, sys
import pyogrio
frame = pyogrio.read_dataframe(sys.argv[1], layer=sys.argv[2])
located = frame[~frame.geometry.isna()]
print(json.dumps([len(frame), list(frame.crs.to_authority()), located.total_bounds.tolist()]))
"""


@each_collection
def test_pyogrio_reads_every_feature_in_wgs_84(site: tuple[Flask, str], collection: str) -> None:
    app, address = site
    count, authority, bounds = json.loads(ran(sys.executable, "-c", READ, f"OAPIF:{address}", collection))
    assert count == len(ids(app.test_client(), collection))
    assert authority in (["OGC", "CRS84"], ["EPSG", "4326"])
    west, south, east, north = bounds
    assert 101 < west < east < 103
    assert 36 < south <= north < 37


@each_collection
def test_gdal_takes_a_box_to_the_server(site: tuple[Flask, str], collection: str) -> None:
    app, address = site
    drawn = ran(
        "ogr2ogr",
        "-f",
        "GeoJSON",
        "/vsistdout/",
        f"OAPIF:{address}",
        collection,
        "-spat",
        "101.4",
        "36.4",
        "101.56",
        "36.58",
    )
    found = {feature["properties"]["id"] for feature in json.loads(drawn)["features"]}
    assert found == ids(app.test_client(), collection, {"bbox": "101.4,36.4,101.56,36.58"})


def test_owslib_finds_its_way_from_the_landing_page(site: tuple[Flask, str]) -> None:
    api = Features(site[1])
    assert api.links
    assert api.feature_collections() == list(COLLECTIONS)
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in api.conformance()["conformsTo"]
    assert api.api()["openapi"].startswith("3.0")


@each_collection
def test_owslib_reads_a_collection_its_queryables_and_its_features(
    site: tuple[Flask, str], collection: str
) -> None:
    app, address = site
    api = Features(address)
    assert api.collection(collection)["id"] == collection
    assert api.collection_queryables(collection)["properties"]
    found = {feature["id"] for feature in api.collection_items(collection, limit=1000)["features"]}
    assert found == ids(app.test_client(), collection)
    some = found.pop()
    assert api.collection_item(collection, some)["id"] == some


def test_owslib_filters_by_cql2(site: tuple[Flask, str]) -> None:
    app, address = site
    found = Features(address).collection_items("stations", filter="kind = 'care_station' OR capacity > 10")
    expected = ids(app.test_client(), "stations", {"filter": "kind = 'care_station' OR capacity > 10"})
    assert {feature["id"] for feature in found["features"]} == expected
    assert len(expected) == 2
