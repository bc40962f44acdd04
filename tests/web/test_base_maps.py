"""Base maps by setting: what each makes of the map, whom the page may ask, what it says, and what is missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from embed_registry import Make
from flask.testing import FlaskClient
from shapely.geometry import MultiPolygon, box
from werkzeug.datastructures import Headers

from geo.mainland import Mainland
from web.base_maps import configured, elsewhere
from web.maps.base import TileLayer
from web.settings import Settings, SettingsError
from web.up import main

pytest_plugins = ["embed_fixtures"]

AMAP = {
    "base_map": "amap",
    "base_map_url": "https://{switch:a,b}.tiles.example.cn/{z}/{x}/{y}?key={key}",
    "base_map_key": "k-1",
}
XYZ = {
    "base_map": "xyz",
    "base_map_url": "https://tiles.example.org/{z}/{x}/{y}.png",
    "map_credit": "© 某测绘院",
    "base_map_zoom": 14,
}
#: Pages with a map for everybody, of each builder.
PAGES = ("/map", "/", "/embed", "/s/CODE")


def images(client: FlaskClient, address: str) -> list[str]:
    header = client.get(address).headers["Content-Security-Policy"]
    return next(part.split()[1:] for part in header.split("; ") if part.startswith("img-src"))


def page(client: FlaskClient, address: str, codes: dict[str, str]) -> str:
    answer = client.get(address.replace("CODE", codes["下午驿站"]), headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("address", PAGES)
def test_the_base_map_drawn_by_us_is_the_default_and_asks_nobody(
    client: FlaskClient, codes: dict[str, str], address: str
) -> None:
    text = page(client, address, codes)
    assert "yizhan.tiles(" not in text
    assert '"look":"filled"' in text
    assert "yizhan.places(" in text
    assert images(client, address) == ["'self'", "data:"]


@pytest.mark.parametrize("address", PAGES)
def test_tianditu_is_a_layer_and_its_labels_from_eight_servers(
    make_client: Make, codes: dict[str, str], address: str
) -> None:
    client = make_client(base_map="tianditu", base_map_key="0123456789abcdef")
    text = page(client, address, codes)
    urls = re.findall(
        r'yizhan\.tiles\(\w+, \{ ?"url":"([^"]+)","names":(\[[^\]]*\]),"maxNativeZoom":(\d+)', text
    )
    assert [re.search(r"LAYER=(\w+)", url)[1] for url, _, _ in urls] == ["vec", "cva"]  # type: ignore[index]
    for url, names, deepest in urls:
        assert url.startswith("https://\\u007bs\\u007d.tianditu.gov.cn/")
        assert "tk=0123456789abcdef" in url
        assert "TILEMATRIXSET=w\\u0026" in url
        assert names == '["t0","t1","t2","t3","t4","t5","t6","t7"]'
        assert deepest == "18"
    assert images(client, address)[2:] == [f"https://t{n}.tianditu.gov.cn" for n in range(8)]
    assert "© 天地图" in text
    assert "GeoNames" not in text  # whose names are not drawn over it
    assert '"datum":{' not in text


@pytest.mark.parametrize(
    ("name", "layers"), [("tianditu-imagery", ["img", "cia"]), ("tianditu-terrain", ["ter", "cta"])]
)
def test_imagery_and_terrain_have_labels_of_their_own(name: str, layers: list[str]) -> None:
    found = configured(Settings(base_map=name, base_map_key="k")).layers
    assert [re.search(r"LAYER=(\w+)", layer.url)[1] for layer in found] == layers  # type: ignore[index]


@pytest.mark.parametrize("address", PAGES)
def test_over_amap_every_map_is_projected_through_its_datum(
    make_client: Make, codes: dict[str, str], address: str
) -> None:
    client = make_client(**AMAP)
    text = page(client, address, codes)
    assert '"datum":{ "elsewhere":[]}' in text.replace("} ", "}")
    assert "js/base/gcj02.js" in text
    assert "© 高德地图" in text
    assert images(client, address)[2:] == ["https://a.tiles.example.cn", "https://b.tiles.example.cn"]
    assert "key=k-1" in text


def test_a_phone_keeps_what_the_base_map_needs_for_the_time_without_a_network(
    make_client: Make, client: FlaskClient
) -> None:
    assert "js/base/gcj02.js" in make_client(**AMAP).get("/sw.js").text
    assert "js/base/" not in client.get("/sw.js").text


def test_any_tiles_may_be_named_with_their_depth_and_their_datum(
    make_client: Make, codes: dict[str, str]
) -> None:
    text = page(make_client(**XYZ), "/map", codes)
    assert '"maxNativeZoom":14' in text
    assert "© 某测绘院" in text
    assert '"datum":{' not in text
    assert '"datum":{' in page(make_client(**XYZ, base_map_datum="gcj02"), "/map", codes)


def test_openstreetmap_is_credited_with_its_link_and_has_no_review_number(
    make_client: Make, codes: dict[str, str]
) -> None:
    text = page(make_client(base_map="osm"), "/embed", codes)
    assert '"url":"https://www.openstreetmap.org/copyright"' in text
    assert (
        '<a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noopener">© OpenStreetMap</a>'
        in text
    )
    assert "演示底图，未送审" in text


def test_with_no_base_map_areas_are_known_and_not_drawn(make_client: Make, codes: dict[str, str]) -> None:
    text = page(make_client(base_map="none"), "/map", codes)
    assert '"look":"unseen"' in text
    assert "yizhan.places(" not in text
    assert "yizhan.tiles(" not in text


@pytest.mark.parametrize("settings", [{}, AMAP, XYZ, {"base_map": "osm"}, {"base_map": "none"}])
@pytest.mark.parametrize("number", [None, "GS（2026）0001号"])
def test_every_base_map_bears_the_review_number_or_that_there_is_none(
    make_client: Make, codes: dict[str, str], settings: dict[str, Any], number: str | None
) -> None:
    text = page(make_client(**settings, review_number=number), "/embed", codes)
    assert text.count(f"审图号：{number}" if number else "演示底图，未送审") == 2


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"base_map": "tianditu"}, "YIZHAN_BASE_MAP_KEY"),
        ({"base_map": "amap", "base_map_key": "k"}, "YIZHAN_BASE_MAP_URL"),
        ({"base_map": "amap", "base_map_url": "https://a.example/{z}/{x}/{y}"}, "YIZHAN_BASE_MAP_KEY"),
        ({"base_map": "amap", "base_map_url": "https://a.example/{z}/{x}/{y}", "base_map_key": "k"}, "YIZHAN_BASE_MAP_URL"),
        ({"base_map": "xyz", "map_credit": "c"}, "YIZHAN_BASE_MAP_URL"),
        ({"base_map": "xyz", "base_map_url": "https://a.example/{z}/{x}/{y}"}, "YIZHAN_MAP_CREDIT"),
        ({"base_map": "pmtiles", "map_credit": "c"}, "YIZHAN_BASE_MAP_FILE"),
        ({"base_map": "pmtiles", "map_credit": "c", "base_map_file": Path("/nowhere/x.pmtiles")}, "YIZHAN_BASE_MAP_FILE"),
    ],
)  # fmt: skip
def test_a_base_map_that_misses_something_stops_the_start_and_names_it(
    settings: dict[str, Any], missing: str
) -> None:
    with pytest.raises(SettingsError, match=missing):
        configured(Settings(**settings))


def test_the_server_says_what_is_missing_in_one_sentence_and_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("YIZHAN_BASE_MAP", "tianditu")
    assert main([], root=tmp_path) == 2
    said = capsys.readouterr().err
    assert "YIZHAN_BASE_MAP=tianditu needs YIZHAN_BASE_MAP_KEY" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://tiles.example/{z}/{x}", "ftp://tiles.example/{z}/{x}/{y}", "//tiles.example/{z}/{x}/{y}",
        "https://tiles.example/{z}/{x}/{y}; script-src *", "https://tiles.example/{z}/{x}/{y}/{evil}", "{z}{x}{y}",
        "https://*/{z}/{x}/{y}", "https://tiles.example/{z}/{x}/{y}\"><script>", "https://{switch:a;b}.example/{z}/{x}/{y}",
    ],
)  # fmt: skip
def test_an_address_that_would_open_the_content_policy_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="YIZHAN_BASE_MAP_URL"):
        Settings.read({"YIZHAN_BASE_MAP_URL": url})


@pytest.mark.parametrize(
    "text",
    ["*", "https://a.example; script-src *", "'self'", "a.example", "https://a.example/path", "none x"],
)
def test_an_ancestor_that_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="YIZHAN_EMBED_ANCESTORS"):
        Settings.read({"YIZHAN_EMBED_ANCESTORS": text})


def test_a_key_is_not_shown_with_the_settings() -> None:
    assert "k-1" not in repr(Settings(**AMAP))  # type: ignore[arg-type]


def test_a_choice_of_servers_is_every_one_of_them() -> None:
    layer = TileLayer("https://{switch:a, b,c}.example/{z}/{x}/{y}")
    assert layer.origins == ("https://a.example", "https://b.example", "https://c.example")
    assert layer.template == "https://{s}.example/{z}/{x}/{y}"
    assert TileLayer("http://a.example:8080/{z}/{x}/{y}").origins == ("http://a.example:8080",)


def test_where_the_datum_does_not_hold_is_what_the_mainland_leaves_of_the_box() -> None:
    mainland = Mainland(MultiPolygon([box(100, 30, 105, 40)]))
    assert elsewhere(mainland, (101, 31, 104, 39)) == ()
    rings = elsewhere(mainland, (99, 29, 106, 41))
    assert len(rings) == 2  # the box, and the mainland as its hole
    area = shapely.Polygon(rings[0], [rings[1]]).area
    assert np.isclose(area, 7 * 12 - 5 * 10)


# A PMTiles file ---------------------------------------------------------------------------------------------


@pytest.fixture
def vector(make_client: Make, tmp_path: Path) -> FlaskClient:
    file = tmp_path / "base.pmtiles"
    file.write_bytes(bytes(range(256)) * 40)
    return make_client(base_map="pmtiles", base_map_file=file, map_credit="© 某测绘院")


def test_a_pmtiles_file_is_drawn_from_our_own_address(vector: FlaskClient, codes: dict[str, str]) -> None:
    text = page(vector, "/embed", codes)
    assert "yizhan.vectorTiles(" in text
    assert '"url":"/base-map.pmtiles"' in text
    assert "protomaps-leaflet" in text
    assert images(vector, "/embed") == ["'self'", "data:"]


def test_the_library_for_it_is_loaded_where_it_is_needed_and_nowhere_else(
    client: FlaskClient, codes: dict[str, str]
) -> None:
    assert "protomaps" not in page(client, "/embed", codes)


def test_the_file_is_served_by_ranges(vector: FlaskClient) -> None:
    def get(**headers: str) -> tuple[int, bytes, Headers]:
        with vector.get("/base-map.pmtiles", headers=headers) as answer:
            return answer.status_code, answer.data, answer.headers

    status, part, headers = get(Range="bytes=256-300")
    assert (status, part) == (206, bytes(range(45)))
    assert headers["Content-Range"] == "bytes 256-300/10240"
    assert headers["Access-Control-Allow-Origin"] == "*"
    status, whole, headers = get()
    assert (status, len(whole)) == (200, 10240)
    assert get(Range="bytes=99999-")[0] == 416
    assert get(**{"If-None-Match": headers["ETag"]})[0] == 304


def test_where_no_file_is_configured_none_is_served(client: FlaskClient) -> None:
    assert client.get("/base-map.pmtiles").status_code == 404
