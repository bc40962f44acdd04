"""Whose a gesture is: over an embed the wheel and one finger scroll the page around, unless its owner wishes otherwise."""

from __future__ import annotations

import re

import pytest
from embed_pages import Shown, Visit
from playwright.sync_api import expect
from windows import PHONE

pytest_plugins = ["window_fixtures", "framed_fixtures"]


def view(visit: Visit) -> list[float]:
    visit.page.wait_for_timeout(250)
    text = visit.frame.locator("body").get_attribute("data-view") or ""
    return [float(part) for part in text.split("/")]


def over(visit: Visit) -> tuple[float, float]:
    box = visit.page.locator("iframe").bounding_box()
    assert box is not None
    return box["x"] + 200, box["y"] + 240


def scrolled(visit: Visit) -> float:
    return float(visit.page.evaluate("window.scrollY"))


def test_the_wheel_scrolls_the_page_around_and_a_line_says_how_to_zoom(shown: Shown) -> None:
    visit = shown("center=101.5,36.6&zoom=12&controls=none")
    before = view(visit)
    visit.page.mouse.move(*over(visit))
    visit.page.mouse.wheel(0, 300)
    expect(visit.frame.locator("#gesture-hint.is-shown")).to_have_text(re.compile("按住"))
    assert view(visit) == before
    assert scrolled(visit) > 0


def test_with_the_key_held_the_wheel_zooms_the_map_and_not_the_page(shown: Shown) -> None:
    visit = shown("center=101.5,36.6&zoom=12&controls=none")
    before = view(visit)
    visit.page.mouse.move(*over(visit))
    visit.page.keyboard.down("Control")
    visit.page.mouse.wheel(0, -300)
    visit.page.keyboard.up("Control")
    assert view(visit)[0] > before[0]
    assert scrolled(visit) == 0


@pytest.mark.parametrize(("wheel", "zooms"), [("zoom", True), ("off", False)])
def test_the_owner_may_give_the_wheel_to_the_map_or_take_it_away(
    shown: Shown, wheel: str, zooms: bool
) -> None:
    visit = shown(f"center=101.5,36.6&zoom=12&controls=none&wheel={wheel}")
    before = view(visit)
    visit.page.mouse.move(*over(visit))
    visit.page.mouse.wheel(0, -300)
    assert (view(visit)[0] > before[0]) is zooms
    assert visit.frame.locator("#gesture-hint.is-shown").count() == 0


def fingers(visit: Visit, *ways: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Move one finger or several from one point to another, as the browser's own input."""
    hands = visit.page.context.new_cdp_session(visit.page)

    def send(kind: str, share: float) -> None:
        points = [
            {"x": a[0] + (b[0] - a[0]) * share, "y": a[1] + (b[1] - a[1]) * share, "id": number}
            for number, (a, b) in enumerate(ways)
        ]
        hands.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else points}
        )

    send("touchStart", 0)
    for step in range(1, 9):
        send("touchMove", step / 8)
        visit.page.wait_for_timeout(20)
    send("touchEnd", 1)


HAND = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


def test_one_finger_scrolls_the_page_and_a_line_says_that_two_move_the_map(shown: Shown) -> None:
    visit = shown("center=101.5,36.6&zoom=12&controls=none", **HAND)
    before, (x, y) = view(visit), over(visit)
    fingers(visit, ((x, y), (x, y - 150)))
    expect(visit.frame.locator("#gesture-hint")).to_have_text("用两个手指移动地图")
    assert view(visit) == before
    assert scrolled(visit) > 50


def test_two_fingers_move_the_map_and_not_the_page(shown: Shown) -> None:
    visit = shown("center=101.5,36.6&zoom=12&controls=none", **HAND)
    before, (x, y) = view(visit), over(visit)
    fingers(visit, ((x - 40, y), (x - 40, y - 120)), ((x + 40, y), (x + 40, y - 120)))
    after = view(visit)
    assert after[2] < before[2] - 0.005
    assert scrolled(visit) == 0


def test_the_owner_may_give_one_finger_to_the_map(shown: Shown) -> None:
    visit = shown("center=101.5,36.6&zoom=12&controls=none&touch=one", **HAND)
    before, (x, y) = view(visit), over(visit)
    fingers(visit, ((x, y), (x, y - 120)))
    assert view(visit)[2] < before[2] - 0.005
    assert scrolled(visit) == 0


def test_a_mouse_drags_the_map_also_where_fingers_may_not(shown: Shown) -> None:
    visit = shown("center=101.5,36.6&zoom=12&controls=none")
    before, (x, y) = view(visit), over(visit)
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x, y + 100, steps=6)
    visit.page.mouse.up()
    assert view(visit)[2] > before[2]
