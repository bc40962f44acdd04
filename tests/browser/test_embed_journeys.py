"""The embed in a real Chromium, in frames of another origin: sandboxed, scrolled over, with keyboard and without scripts."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from embed_pages import LIVE, Shown, Visit, foreign
from playwright.sync_api import Browser, Playwright, expect
from windows import violations

from tests.web.embed_registry import HOSTILE

pytest_plugins = ["window_fixtures", "framed_fixtures"]


def drawn(visit: Visit) -> int:
    """Count the stations that markers and rings stand for."""
    frame = visit.frame
    rings = frame.locator(".ring span").all_inner_texts()
    return sum(map(int, rings)) + frame.locator(".leaflet-marker-icon.pin").count()


@pytest.mark.parametrize(
    "attributes",
    [
        "", 'sandbox="allow-scripts"', 'sandbox="allow-scripts allow-same-origin"', 'sandbox="allow-scripts" allow="" referrerpolicy="no-referrer"',
    ],
)  # fmt: skip
def test_the_map_runs_under_its_own_policy_in_a_frame_of_another_origin(
    shown: Shown, site: str, attributes: str
) -> None:
    visit = shown("list=beside&controls=zoom,legend,filters,open&gap=1", attributes=attributes)
    assert drawn(visit) == 5
    assert visit.frame.locator(".row-name").all_inner_texts()
    # Icons are drawn from the page itself: a sandbox has no leave to draw from a file of ours.
    box = visit.frame.locator(".leaflet-marker-icon svg use").first.bounding_box()
    assert box is not None
    assert box["width"] > 8
    assert visit.complaints() == []
    around = {urlsplit(visit.page.url).netloc, urlsplit(site).netloc}
    assert {urlsplit(url).netloc for url in visit.asked} <= around


def test_a_page_with_a_strict_policy_of_its_own_can_show_it(shown: Shown, site: str) -> None:
    visit = shown(csp=f"default-src 'none'; frame-src {site}")
    assert drawn(visit) == 5


@pytest.mark.parametrize("path", ["/map", "/", "/embed/builder", "/about", "/desk/login"])
def test_no_other_page_of_ours_is_shown_in_a_frame(browser: Browser, site: str, path: str) -> None:
    with foreign(f'<iframe src="{site}{path}" title="x"></iframe>') as address:
        context = browser.new_context()
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text))
        page.goto(address)
        page.wait_for_timeout(300)
        assert any("frame-ancestors 'none'" in text for text in refused)
        context.close()


def test_no_cookie_and_no_storage_is_left_behind(shown: Shown, site: str) -> None:
    visit = shown("list=below&gap=1")
    visit.frame.locator(".leaflet-marker-icon.pin").first.click()
    visit.frame.locator(".card").wait_for()
    assert visit.page.context.cookies() == []
    # In a frame a browser may refuse to tell; a page of its own is told.
    page = visit.page.context.new_page()
    page.goto(f"{site}/embed?list=below&gap=1")
    page.wait_for_selector(LIVE, state="attached")
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)") == 0
    assert visit.page.context.cookies() == []


def test_a_card_opens_over_the_map_and_its_links_leave_the_frame(shown: Shown, site: str) -> None:
    visit = shown("center=101.5,36.6&zoom=16")
    visit.frame.locator(".pin[aria-label^='东大街驿站']").click()
    card = visit.frame.locator(".leaflet-popup .card")
    expect(card.locator("h2")).to_be_focused()
    assert "东大街12号" in card.inner_text()
    link = card.locator(".card-foot a")
    assert link.get_attribute("rel") == "noopener"
    with visit.page.expect_popup() as opened:
        link.click()
    assert opened.value.url.startswith(f"{site}/s/")
    assert opened.value.evaluate("window.opener") is None


def test_the_full_map_opens_with_filters_view_and_station(
    shown: Shown, site: str, served: tuple[str, dict[str, str]]
) -> None:
    visit = shown("kind=union_station&gap=1&center=101.5,36.6&zoom=15&lang=en")
    visit.frame.locator(".pin[aria-label^='东大街驿站']").click()
    visit.frame.locator(".card").wait_for()
    with visit.page.expect_popup() as opened:
        visit.frame.locator("#open-full").click()
    full = opened.value
    full.wait_for_selector("html.is-live", state="attached")
    parts = urlsplit(full.url)
    assert parse_qs(parts.query) == {"kind": ["union_station"], "gap": ["1"], "lang": ["en"]}
    zoom, lon, lat, code = parts.fragment.split("/")
    assert (float(zoom), code) == (15, served[1]["东大街驿站"])
    assert abs(float(lon) - 101.5) < 0.01
    assert abs(float(lat) - 36.6) < 0.01
    full.locator(".card h2").wait_for()
    assert full.evaluate("window.opener") is None


# Position ---------------------------------------------------------------------------------------------------


def test_a_position_is_shown_where_wish_embedder_and_reader_allow_it(shown: Shown, site: str) -> None:
    visit = shown(
        "locate=1&list=beside", attributes='allow="geolocation"', geolocation={"longitude": 101.54, "latitude": 36.6},
        permissions=["geolocation"],
    )  # fmt: skip
    visit.frame.get_by_role("button", name="我的位置").click()
    visit.frame.locator("path.here").wait_for(state="attached")
    expect(visit.frame.locator(".row-facts").first).to_contain_text("米")
    assert not [url for url in visit.asked if "101.54" in url]


def test_without_the_embedder_s_leave_the_button_says_that_there_is_no_position(shown: Shown) -> None:
    visit = shown(
        "locate=1", geolocation={"longitude": 101.54, "latitude": 36.6}, permissions=["geolocation"]
    )
    visit.frame.get_by_role("button", name="我的位置").click()
    expect(visit.frame.locator("#status")).to_contain_text("浏览器没有允许定位")


def test_without_the_wish_there_is_no_button(shown: Shown) -> None:
    visit = shown(attributes='allow="geolocation"')
    assert visit.frame.get_by_role("button", name="我的位置").count() == 0
    assert visit.frame.get_by_role("button", name="放大", exact=True).count() == 1


# What is shown ----------------------------------------------------------------------------------------------


def test_readers_filter_in_the_frame(shown: Shown) -> None:
    visit = shown("controls=filters,open&list=below&kind=union_station,rights_centre&fit=all")
    assert drawn(visit) == 4
    visit.frame.locator("label.chip", has_text="营业中").click()
    expect(visit.frame.locator(".leaflet-marker-icon")).not_to_have_count(0)
    expect(visit.frame.locator("#count")).to_contain_text("共 3 个")
    assert "open=now" in (visit.frame.locator("#open-full").get_attribute("href") or "")


def test_one_station_is_shown_with_its_card_and_the_focus_stays_on_the_page(
    shown: Shown, served: tuple[str, dict[str, str]]
) -> None:
    visit = shown(f"station={served[1]['维权中心']}")
    expect(visit.frame.locator(".leaflet-popup .card h2")).to_have_text("维权中心")
    assert drawn(visit) == 1
    assert visit.page.evaluate("document.activeElement.tagName") == "BODY"


def test_a_hostile_name_is_words_on_the_map_in_the_list_and_on_the_card(
    shown: Shown, served: tuple[str, dict[str, str]]
) -> None:
    visit = shown(f"station={served[1][HOSTILE]}&list=below&title=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert visit.frame.locator(".row-name").inner_text() == HOSTILE
    visit.frame.locator(".row").click()
    expect(visit.frame.locator(".card h2")).to_have_text(HOSTILE)
    assert visit.frame.locator("h1").inner_text() == "<img src=x onerror=alert(1)>"
    assert visit.complaints() == []


def test_what_was_not_read_is_said_in_the_console_and_breaks_nothing(shown: Shown) -> None:
    visit = shown("theme=puce&wrong=1&script=https%3A%2F%2Fevil.example%2Fx.js")
    assert drawn(visit) == 5
    (said,) = visit.complaints()
    for word in ("wrong", "script", "theme", "puce", "/embed/builder"):
        assert word in said
    assert not [url for url in visit.asked if urlsplit(url).netloc == "evil.example"]


def test_without_javascript_it_is_a_list_whose_links_leave_the_frame(browser: Browser, site: str) -> None:
    context = browser.new_context(
        java_script_enabled=False, locale="zh-CN", viewport={"width": 600, "height": 500}
    )
    page = context.new_page()
    page.goto(f"{site}/embed?v=1&near=101.55,36.6&list=none")
    assert page.locator(".row-name").all_inner_texts()[:2] == ["下午驿站", "装修驿站"]
    assert "演示底图，未送审" in page.locator("footer").inner_text()
    assert page.locator(".yz-map").is_hidden()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_holds_whatever_the_reader_s_system_is(shown: Shown, theme: str) -> None:
    visit = shown(f"theme={theme}&list=below", color_scheme="light" if theme == "dark" else "dark")
    paper = visit.frame.locator("footer").evaluate("e => getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 32, 29)"}[theme]


def test_review_mark_and_sources_are_seen_whole_in_a_small_frame(shown: Shown) -> None:
    visit = shown("fit=all", viewport={"width": 340, "height": 700})
    mark = visit.frame.locator(".review-mark")
    expect(mark).to_contain_text("演示底图，未送审")
    box, key = mark.bounding_box(), visit.frame.locator(".legend").bounding_box()
    assert box is not None
    assert key is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 340
    assert key["y"] + key["height"] <= box["y"] or key["x"] >= box["x"] + box["width"]


# Keyboard and axe -------------------------------------------------------------------------------------------


def test_the_keyboard_reaches_map_list_card_and_the_way_out(shown: Shown) -> None:
    visit = shown("center=101.52,36.6&zoom=14&list=beside&controls=zoom,filters,open")
    reached: list[str] = []
    for _ in range(40):
        visit.page.keyboard.press("Tab")
        name = visit.page.frames[1].evaluate(
            "(() => { const e = document.activeElement; return e === document.body ? '' : e.getAttribute('aria-label') || e.textContent.trim() || e.value; })()"
        )
        reached.append(name)
        if "打开完整地图" in name:
            break
    text = " ".join(reached)
    for part in ("青海省的站点地图", "东大街驿站", "放大", "打开完整地图", "now"):
        assert part in text, (part, reached)


def test_a_card_opened_by_key_is_closed_by_escape_and_the_focus_goes_back(shown: Shown) -> None:
    visit = shown("center=101.5,36.6&zoom=16&list=beside")
    row = visit.frame.locator(".row").first
    row.focus()
    visit.page.keyboard.press("Enter")
    expect(visit.frame.locator(".card h2")).to_be_focused()
    visit.page.keyboard.press("Escape")
    expect(visit.frame.locator(".card")).to_have_count(0)
    expect(visit.frame.locator(":focus")).to_contain_text("驿站")


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("list=beside&controls=zoom,legend,filters,open&title=x", (900, 500)), ("list=below&gap=1&theme=dark&locate=1", (360, 600)),
        ("lang=en&near=101.5,36.6", (500, 400)),
    ],
)  # fmt: skip
def test_axe_finds_nothing(browser: Browser, site: str, query: str, size: tuple[int, int]) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="zh-CN", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{site}/embed?v=1&{query}")
    page.wait_for_selector(LIVE, state="attached")
    assert violations(page) == []
    page.locator(".leaflet-marker-icon.pin").first.click()
    page.wait_for_selector(".card")
    assert violations(page) == []
    context.close()


# Printed by the examples ------------------------------------------------------------------------------------


def test_the_example_page_works_as_it_stands(playwright: Playwright, browser: Browser, site: str) -> None:
    from pathlib import Path

    text = (Path(__file__).resolve().parents[2] / "docs/examples/embed.html").read_text(encoding="utf-8")
    body = re.sub(r"^.*<body>|</body>.*$", "", text, flags=re.DOTALL).replace("https://map.example.org", site)
    with foreign(body.replace('loading="lazy"', "")) as address:
        context = browser.new_context(locale="zh-CN", viewport={"width": 1000, "height": 900})
        page = context.new_page()
        page.goto(address)
        for number in range(3):
            page.frame_locator("iframe").nth(number).locator(LIVE).wait_for(state="attached")
        assert page.locator("img").evaluate("e => e.decode().then(() => e.naturalWidth)") == 1280
        context.close()
