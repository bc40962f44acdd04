"""The builder in a real Chromium: what is chosen is seen at once, and the code that is copied is that of the preview."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from embed_pages import LIVE, foreign
from playwright.sync_api import Browser, Page, expect
from windows import DESK, PHONE, Reader, violations

pytest_plugins = ["window_fixtures", "framed_fixtures"]

MADE = "html.is-live form#builder:not([aria-busy])"
Windows = Callable[..., Reader]


def opened(reader: Reader, address: str = "/embed/builder") -> Page:
    reader.page.goto(reader.site + address)
    reader.page.wait_for_selector("html.is-live")
    reader.page.frame_locator("#preview").locator(LIVE).wait_for(state="attached")
    return reader.page


def made(page: Page) -> str:
    """Return the iframe's code once the form is at rest."""
    page.wait_for_timeout(450)  # the form waits for the last key
    page.wait_for_selector(MADE)
    return page.locator("#code-iframe").input_value()


def asked(code: str) -> dict[str, list[str]]:
    source = re.search(r'src="([^"]*)"', code)
    assert source is not None
    return parse_qs(urlsplit(unescape(source[1])).query)


def test_what_is_chosen_is_in_the_code_and_in_the_preview(window: Windows) -> None:
    page = opened(window())
    page.locator("label.chip", has_text="骑手驿站").click()
    page.locator("label.chip", has_text="营业中").click()
    page.locator("[name=region]").select_option("630100")
    page.get_by_label("列表").select_option("beside")
    page.get_by_label("颜色").select_option("dark")
    page.get_by_label("标题").fill("我们的驿站 <b>")
    page.locator("label.chip", has_text="图例").click()
    code = made(page)
    assert asked(code) == {
        "v": ["1"], "kind": ["rider_station"], "open": ["now"], "region": ["630100"], "list": ["beside"],
        "theme": ["dark"], "title": ["我们的驿站 <b>"], "controls": ["zoom,open"],
    }  # fmt: skip
    assert 'title="我们的驿站 &lt;b&gt;"' in code
    preview = page.frame_locator("#preview")
    expect(preview.locator("h1")).to_have_text("我们的驿站 <b>")
    preview.locator(LIVE).wait_for(state="attached")
    assert "rider_station" in page.url


def test_the_code_works_when_it_is_pasted_into_a_page_of_another_origin(
    window: Windows, browser: Browser
) -> None:
    page = opened(window(), "/embed/builder?kind=rights_centre&width=500&height=300")
    with foreign(made(page)) as address:
        context = browser.new_context(locale="zh-CN")
        elsewhere = context.new_page()
        elsewhere.goto(address)
        frame = elsewhere.frame_locator("iframe")
        frame.locator(LIVE).wait_for(state="attached")
        assert frame.locator(".pin[aria-label^='维权中心']").count() == 1
        box = elsewhere.locator("iframe").bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (500, 300)
        context.close()


def test_the_preview_s_view_is_taken_and_dropped(window: Windows) -> None:
    page = opened(window())
    page.frame_locator("#preview").get_by_role("button", name="放大", exact=True).click()
    page.wait_for_timeout(400)
    page.get_by_role("button", name="用预览里现在的视野").click()
    found = asked(made(page))
    assert float(found["zoom"][0]) > 4
    assert abs(float(found["center"][0].split(",")[0]) - 101.6) < 0.3
    page.get_by_role("button", name="不固定").click()
    assert "zoom" not in asked(made(page))


def test_leave_to_ask_for_the_position_is_in_the_code_only_where_it_was_wished(window: Windows) -> None:
    page = opened(window())
    assert "allow=" not in made(page)
    page.get_by_label("读者可以显示自己的位置").check()
    assert 'allow="geolocation"' in made(page)


def test_names_that_nobody_knows_are_told(window: Windows) -> None:
    page = opened(window(), "/embed/builder?wrong=1&theme=puce&title=x")
    told = page.locator("#told p").all_inner_texts()
    assert len(told) == 2
    assert "wrong" in told[0]
    assert "theme" in told[1]
    assert "puce" in told[1]
    assert asked(page.locator("#code-iframe").input_value()) == {"v": ["1"], "title": ["x"]}


@pytest.mark.parametrize("key", ["iframe", "address", "oembed", "markdown", "image"])
def test_every_code_is_copied_by_its_button_with_the_keyboard(window: Windows, key: str) -> None:
    page = opened(window(permissions=["clipboard-read", "clipboard-write"]))
    button = page.locator(f"[data-copies=code-{key}]")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_contain_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(f"#code-{key}").input_value()


def test_a_language_of_the_map_is_another_wish_than_that_of_the_form(window: Windows) -> None:
    page = opened(window(), "/embed/builder?lang=en&map_lang=zh")
    assert page.locator("h1").inner_text() == "Put the map on your own page"
    assert asked(page.locator("#code-iframe").input_value()) == {"v": ["1"], "lang": ["zh"]}
    assert page.frame_locator("#preview").locator("html").get_attribute("lang") == "zh-Hans"
    page.locator("#to-zh").click()
    assert asked(page.locator("#code-iframe").input_value()) == {"v": ["1"], "lang": ["zh"]}


def test_without_javascript_the_form_makes_the_code_too(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{site}/embed/builder")
    page.get_by_label("列表").select_option("below")
    page.locator("label.chip", has_text="缩放按钮").click()
    page.locator("label.chip", has_text="图例").click()
    page.locator("label.chip", has_text="“打开完整地图”").click()
    page.get_by_role("button", name="生成代码").click()
    found = asked(page.locator("#code-iframe").input_value())
    assert found["controls"] == ["none"]
    assert found["list"] == ["below"]
    context.close()


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    window: Windows, size: dict[str, int], scheme: str
) -> None:
    page = opened(window(size, color_scheme=scheme), "/embed/builder?wrong=1")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_pictures_and_the_code_of_the_full_map_are_there(window: Windows) -> None:
    page = opened(window(), "/embed/builder?kind=rider_station")
    assert page.locator("#qr").evaluate("e => e.decode().then(() => e.naturalWidth)") > 100
    for link in ("picture-link", "qr-link"):
        assert page.request.get(page.locator(f"#{link}").evaluate("e => e.href")).ok
    image = re.search(r'<img src="([^"]*)"', page.locator("#code-image").input_value())
    assert image is not None
    assert page.request.get(unescape(image[1])).headers["content-type"] == "image/png"
    told = page.request.get(page.locator("#code-oembed").input_value()).json()
    assert asked(told["html"])["kind"] == ["rider_station"]
