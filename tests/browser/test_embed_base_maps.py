"""Base maps in a real Chromium: over a shifted one everything fits and every click is WGS 84; a vector file is drawn by ranges."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import geopandas as gpd
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route
from shapely.geometry import MultiPolygon, box
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from windows import BLOCKED, serving

from geo.datum import Datum, from_wgs84, to_wgs84
from geo.mainland import Mainland
from geo.mercator import degrees, pixels
from tests.web.embed_registry import NOON, fill_for_embeds
from web import create_app
from web.base_maps import elsewhere
from web.settings import Settings

pytest_plugins = ["window_fixtures"]

TILES = "https://tiles.example.cn"
AMAP: dict[str, Any] = {
    "base_map": "amap",
    "base_map_url": TILES + "/{z}/{x}/{y}?key={key}",
    "base_map_key": "k",
}
LIVE = "html.is-live body:not([aria-busy])"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def address(new_database: Callable[[], str]) -> str:
    """A filled registry, by its database's address."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        fill_for_embeds(session)
    engine.dispose()
    return url


@pytest.fixture
def opened(address: str, browser: Browser) -> Iterator[Open]:
    """Open a page of a site with other settings; tiles are answered here and noted on the page as ``tiles``."""
    with ExitStack() as closing:

        def open_page(path: str, *, wait: str = LIVE, **settings: Any) -> Page:
            engine = create_engine(address)
            closing.callback(engine.dispose)
            given: dict[str, Any] = {"secret_key": "x" * 40, "database_url": address, "clock": NOON}
            site = closing.enter_context(serving(create_app(Settings(**(given | settings)), engine=engine)))
            context = browser.new_context(
                viewport={"width": 1200, "height": 700},
                locale="zh-CN",
                reduced_motion="reduce",
                service_workers="block",
            )
            closing.callback(context.close)
            page = context.new_page()
            asked: list[str] = []

            def tile(route: Route) -> None:
                asked.append(route.request.url)
                picture = io.BytesIO()
                Image.new("RGB", (256, 256), "#aabbcc").save(picture, "PNG")
                route.fulfill(body=picture.getvalue(), content_type="image/png")

            complaints: list[str] = []
            page.on(
                "console",
                lambda m: (
                    complaints.append(m.text)
                    if m.type in {"error", "warning"} and m.text != BLOCKED
                    else None
                ),
            )
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.route(lambda url: not url.startswith((site, "data:", "blob:")), tile)
            page.goto(site + path)
            page.wait_for_selector(wait, state="attached")
            page.asked, page.complaints = asked, complaints  # type: ignore[attr-defined]
            return page

        yield open_page


def evaluate(page: Page, script: str, argument: object = None) -> Any:
    return page.evaluate(script, argument)


GRID = [(float(lon), float(lat)) for lon in np.linspace(74, 134.5, 45) for lat in np.linspace(18.5, 53.5, 45)]


def test_the_browser_shifts_exactly_as_geo_datum_does_both_ways(opened: Open) -> None:
    page = opened("/embed", **AMAP)
    mainland = Mainland(MultiPolygon([box(80, 22, 121, 48), box(122, 40, 130, 50)]))
    rings = elsewhere(mainland, (70, 15, 140, 56))
    there, back = evaluate(
        page,
        """([rings, points]) => {
          const datum = yizhan.gcj02(rings);
          const there = points.map(p => datum.from(p[0], p[1]));
          return [there, there.map(p => datum.to(p[0], p[1]))];
        }""",
        [rings, GRID],
    )
    lon, lat = np.array(GRID).T
    wanted = np.array(from_wgs84(lon, lat, Datum.GCJ02, mainland=mainland)).T
    assert np.abs(np.array(there) - wanted).max() < 1e-11  # a micrometre
    home = np.array(to_wgs84(wanted[:, 0], wanted[:, 1], Datum.GCJ02, mainland=mainland)).T
    assert np.abs(np.array(back) - home).max() < 1e-10
    inside = mainland.contains(lon, lat)
    assert 500 < inside.sum() < len(GRID) - 500
    assert np.abs(np.array(back)[inside] - np.array(GRID)[inside]).max() < 1e-10


def test_a_pin_lies_on_the_tile_where_amap_has_its_place_and_a_click_gives_wgs_84(opened: Open) -> None:
    page = opened("/embed?center=101.5,36.6&zoom=16&kind=union_station", **AMAP)
    page.wait_for_selector("img.leaflet-tile-loaded")
    found = evaluate(
        page,
        """() => {
          const pin = document.querySelector(".pin[aria-label^='东大街驿站']").getBoundingClientRect();
          const tile = document.querySelector("img.leaflet-tile-loaded"), box = tile.getBoundingClientRect();
          return { tip: [pin.left + 16, pin.top + 39], tile: tile.src, at: [box.left, box.top], size: box.width };
        }""",
    )
    zoom, x, y = (int(part) for part in found["tile"].split("?")[0].split("/")[-3:])
    mainland = Mainland(MultiPolygon([box(73, 18, 135, 54)]))
    lon, lat = from_wgs84(101.5, 36.6, Datum.GCJ02, mainland=mainland)
    px, py = pixels(lon, lat, zoom)
    plain = pixels(101.5, 36.6, zoom)
    assert np.hypot(px - plain[0], py - plain[1]) > 50  # what an unshifted map would be off by, in pixels
    expected = (found["at"][0] + px - 256 * x, found["at"][1] + py - 256 * y)
    assert np.hypot(found["tip"][0] - expected[0], found["tip"][1] - expected[1]) <= 1.5


def test_a_click_beside_a_pin_is_the_wgs_84_of_what_the_base_map_shows_there(opened: Open) -> None:
    page = opened(
        "/?near=101.5,36.6&kind=union_station", wait="html.is-live .pin[aria-label^='东大街驿站']", **AMAP
    )
    page.wait_for_selector("img.leaflet-tile-loaded")
    pin = page.locator(".leaflet-marker-icon.pin[aria-label^='东大街驿站']").bounding_box()
    assert pin is not None
    zoom = int(
        (page.locator("img.leaflet-tile-loaded").first.get_attribute("src") or "")
        .split("?")[0]
        .split("/")[-3]
    )
    aside = (-90, -60)
    page.mouse.click(pin["x"] + 16 + aside[0], pin["y"] + 39 + aside[1])
    page.get_by_role("button", name="从这里找").click()
    page.wait_for_function("() => !location.search.includes('near=101.5,36.6')")
    lon, lat = (float(part) for part in parse_qs(urlsplit(page.url).query)["near"][0].split(","))
    mainland = Mainland(MultiPolygon([box(73, 18, 135, 54)]))
    px, py = pixels(*from_wgs84(101.5, 36.6, Datum.GCJ02, mainland=mainland), zoom)
    wanted = to_wgs84(*degrees(px + aside[0], py + aside[1], zoom), Datum.GCJ02, mainland=mainland)
    pixel_deg = 360 / (256 * 2**zoom)
    assert abs(lon - float(wanted[0])) < 2 * pixel_deg + 1e-4
    assert abs(lat - float(wanted[1])) < 2 * pixel_deg + 1e-4


def test_the_view_and_the_link_to_the_full_map_stay_wgs_84(opened: Open) -> None:
    page = opened("/embed?center=101.5,36.6&zoom=14", **AMAP)
    page.wait_for_timeout(300)
    zoom, lon, lat = (page.get_attribute("body", "data-view") or "").split("/")
    assert zoom == "14"
    assert abs(float(lon) - 101.5) < 2e-4
    assert abs(float(lat) - 36.6) < 2e-4


@pytest.mark.parametrize(
    ("path", "wait"),
    [("/map", "html.is-live #panel:not([aria-busy])"), ("/?near=101.5,36.6", "html.is-live .leaflet-marker-icon"), ("/embed?gap=1", LIVE)],
)  # fmt: skip
def test_every_map_runs_over_tiles_under_the_strict_policy(opened: Open, path: str, wait: str) -> None:
    page = opened(path, wait=wait, base_map="tianditu", base_map_key="k")
    page.wait_for_selector("img.leaflet-tile-loaded")
    asked: list[str] = page.asked  # type: ignore[attr-defined]
    assert {url.split("/")[3] for url in asked} == {"vec_w", "cva_w"}
    assert all(url.split("/")[2].removeprefix("t")[1:] == ".tianditu.gov.cn" for url in asked)
    assert page.locator(".review-mark").inner_text().startswith("演示底图，未送审")
    assert page.complaints == []  # type: ignore[attr-defined]


def test_with_none_nothing_is_asked_and_areas_can_be_shaded(opened: Open) -> None:
    page = opened("/embed?gap=1&fit=all", base_map="none")
    assert page.locator(".leaflet-marker-icon").count() >= 1
    assert page.asked == []  # type: ignore[attr-defined]
    assert page.complaints == []  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def vector_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PMTiles file with one layer of the Protomaps layout: water over half of the view."""
    file = tmp_path_factory.mktemp("base") / "base.pmtiles"
    water = gpd.GeoDataFrame({"kind": ["lake"]}, geometry=[box(101.45, 36.5, 101.5, 36.7)], crs="EPSG:4326")
    conf = json.dumps({"water": {"target_name": "water", "minzoom": 0, "maxzoom": 12}})
    water.to_file(
        file, driver="PMTiles", engine="pyogrio", layer="water", MINZOOM="0", MAXZOOM="12", CONF=conf
    )
    return file


def test_a_vector_file_is_fetched_by_ranges_and_drawn_here(opened: Open, vector_file: Path) -> None:
    page = opened(
        "/embed?center=101.5,36.6&zoom=12&theme=light",
        base_map="pmtiles",
        base_map_file=vector_file,
        map_credit="© 某测绘院",
    )
    page.wait_for_selector("canvas.leaflet-tile-loaded")
    page.wait_for_timeout(400)
    painted = evaluate(
        page,
        """() => {
          const colours = new Set();
          document.querySelectorAll("canvas.leaflet-tile").forEach(canvas => {
            const data = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data;
            colours.add(data.join(","));
          });
          return [...colours];
        }""",
    )
    assert len(painted) >= 2  # water, and what is none
    assert "© 某测绘院" in page.locator(".review-mark").inner_text()
    assert page.asked == []  # type: ignore[attr-defined]
    assert page.complaints == []  # type: ignore[attr-defined]
