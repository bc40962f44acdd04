"""The pages of the open doors in a real Chromium: downloads, the open API, the page that leads to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from windows import DESK, PHONE, Reader, violations

pytest_plugins = ["window_fixtures", "framed_fixtures"]

Windows = Callable[..., Reader]
PAGES = (
    "/about",
    "/download?region=6301",
    "/ogc?f=html",
    "/ogc/collections?f=html",
    "/ogc/collections/stations?f=html",
    "/ogc/collections/stations/queryables?f=html",
    "/ogc/collections/stations/items?f=html&limit=20",
    "/ogc/tiles?f=html",
    "/ogc/collections/stations/tiles/WebMercatorQuad?f=html",
    "/ogc/tileMatrixSets/WebMercatorQuad?f=html",
    "/ogc/conformance?f=html",
    "/ogc/api?f=html",
)


@pytest.mark.parametrize(
    ("size", "scheme", "language"), [(PHONE, "dark", "zh"), (DESK, "light", "en"), (PHONE, "light", "en")]
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    window: Windows, size: dict[str, int], scheme: str, language: str
) -> None:
    reader = window(size, color_scheme=scheme)
    for address in PAGES:
        reader.page.goto(f"{reader.site}{address}{'&' if '?' in address else '?'}lang={language}")
        assert violations(reader.page) == [], address
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= size["width"], address


def test_who_reads_about_the_data_finds_every_door(window: Windows) -> None:
    reader = window()
    page = reader.page
    page.goto(f"{reader.site}/?lang=en")
    page.get_by_role("link", name="About").click()
    for link, heading in (
        ("Download stations", "Download stations"),
        ("Embed the map", "Put the map on your own page"),
        ("Open API", "Yizhan Map open API"),
    ):
        page.get_by_role("main").get_by_role("link", name=link).click()
        assert page.locator("h1").inner_text() == heading
        page.go_back()
