"""Take the pictures of the documentation anew from a running demonstration.

    .venv/bin/python docs/pictures/take.py [--base http://127.0.0.1:8000]

Desk pages are taken in the sandbox, as the editor of one county.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
NEAR = "101.7782,36.6171"
PHONE = {"width": 390, "height": 780}
DESKTOP = {"width": 1280, "height": 800}
#: file: (address, screen, colours, whose desk)
PICTURES = {
    "map.png": ("/map", DESKTOP, "light", None),
    "finder-phone.png": (f"/?near={NEAR}", PHONE, "light", None),
    "finder-dark.png": (f"/?near={NEAR}&amenities=microwave&lang=en", PHONE, "dark", None),
    "finder.png": (f"/?near={NEAR}", DESKTOP, "light", None),
    "station-phone.png": ("/s/{code}", PHONE, "light", None),
    "embed-phone.png": (
        "/embed?v=1&region=630100&list=below&controls=zoom,legend,filters,open",
        PHONE,
        "dark",
        None,
    ),
    "builder.png": ("/embed/builder?region=630100&list=beside", DESKTOP, "light", None),
    "download.png": ("/download?region=6301", DESKTOP, "light", None),
    "quality.png": ("/quality", DESKTOP, "light", None),
    "work-phone.png": ("/jobs", PHONE, "light", None),
    "door-phone.png": ("/sandbox/desk/door", PHONE, "light", "try-inspector"),
    "desk.png": ("/sandbox/desk", DESKTOP, "light", "try-minhe"),
    "edit.png": ("/sandbox/desk/stations/{county_code}", DESKTOP, "light", "try-minhe"),
    "coverage.png": ("/sandbox/desk/planner/runs/1", DESKTOP, "light", "try-planner"),
    "siting.png": ("/sandbox/desk/planner/sites/1", DESKTOP, "light", "try-planner"),
    "programme.png": ("/sandbox/desk/planner/programmes/QH-1000", DESKTOP, "light", "try-planner"),
    "desk-phone.png": ("/sandbox/desk/stations", PHONE, "dark", "try-minhe"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="http://127.0.0.1:8000", help="where the demonstration runs")
    base = parser.parse_args().base.rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        reader = browser.new_page()
        names = {
            "code": some_code(reader, f"{base}/api/v1/stations?near={NEAR}&limit=1"),
            "county_code": some_code(reader, f"{base}/api/v1/stations?region=630222&limit=1"),
        }
        for name, (address, screen, colours, member) in PICTURES.items():
            context = browser.new_context(
                viewport=screen, color_scheme=colours, device_scale_factor=1.5, locale="zh-CN"
            )
            page = context.new_page()
            if member:
                page.goto(f"{base}/sandbox/desk/log-in")
                page.locator(f"form[action$='{member}'] button").click()
                page.wait_for_load_state()
            page.goto(base + address.format(**names))
            page.wait_for_timeout(2_500)
            page.screenshot(path=HERE / name)
            context.close()
        browser.close()


def some_code(page: Page, address: str) -> str:
    """Return the code of the first station of an answer."""
    code: str = page.request.get(address).json()["features"][0]["id"]
    return code


if __name__ == "__main__":
    main()
