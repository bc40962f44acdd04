"""Pictures of maps: the same bytes twice, everything at its place, and nothing from outside that is more than text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from shapely import box
from shapely.geometry import Polygon

from geo.bbox import BBox
from geo.mercator import metres_per_pixel
from stations.errors import Unavailable
from web.assets import STATIC
from web.maps import fonts
from web.maps.outlines import Area
from web.maps.palette import DARK, LIGHT, Palette
from web.maps.picture import Ground, Name, Panel, PictureSpec, Pin, render

XINING = (101.78, 36.62)
REVIEW = "演示底图，未送审"
ISLAND = Polygon([(100, 35), (103, 35), (103, 38), (100, 38)], [[(101, 36), (102, 36), (102, 37), (101, 37)]])
GROUND = Ground(
    areas=[
        Area("630100", "西宁市", "prefecture", box(101, 36, 103, 37), (101.2, 36.2), "西宁"),
        Area("630102", "城东区", "county", box(101, 36, 103, 37), (101.9, 36.7)),
    ],
    lakes=[box(101.4, 36.5, 101.6, 36.7)],
    names=[Name("川口", 101.95, 36.5, 3000), Name("多巴", 101.6, 36.6)],
)
SPEC = PictureSpec(
    REVIEW, ("区划 © 天地图",), center=XINING, pins=(Pin(*XINING),), unit_words=("{n} 米", "{n} 公里")
)
SVG = "{http://www.w3.org/2000/svg}"


def colour(value: str) -> tuple[int, ...]:
    return tuple(int(value[at : at + 2], 16) for at in (1, 3, 5))


def image(spec: PictureSpec, ground: Ground = GROUND) -> Image.Image:
    return Image.open(io.BytesIO(render(spec, ground))).convert("RGB")


def near(picture: Image.Image, at: tuple[int, int], wanted: str) -> bool:
    """Compare a pixel with a colour, as near as a palette of 200 colours allows."""
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(a - b) <= 12 for a, b in zip(found, colour(wanted), strict=True))


def words(spec: PictureSpec, ground: Ground = GROUND) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(render(replace(spec, form="svg"), ground))  # noqa: S314 - our own output
    return {element.text or "": element for element in root.iter(f"{SVG}text")}


@pytest.mark.parametrize("form", ["png", "svg"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_same_wish_gives_the_same_bytes(form: str, theme: str) -> None:
    spec = replace(SPEC, form=form, theme=theme, panel=Panel("工会驿站", "东大街驿站", ("东大街12号",)))  # type: ignore[arg-type]
    assert render(spec, GROUND) == render(spec, GROUND)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_a_picture_has_the_size_that_was_asked(scale: int) -> None:
    spec = replace(SPEC, width=300, height=200, scale=scale)
    assert image(spec).size == (300 * scale, 200 * scale)
    root = ElementTree.fromstring(render(replace(spec, form="svg"), GROUND))  # noqa: S314
    assert (root.get("width"), root.get("viewBox")) == (str(300 * scale), "0 0 300 200")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 63}, "width 63"),
        ({"height": 2049}, "height 2049"),
        ({"scale": 4}, "scale 4"),
        ({"width": 2048, "height": 2048, "scale": 3}, "too large"),
        ({"center": None}, "give one of them"),
        ({"bbox": BBox(101, 36, 102, 37)}, "give one of them"),
        ({"center": None, "bbox": BBox(179, 36, -179, 37)}, "antimeridian"),
    ],
)
def test_a_wish_that_cannot_be_drawn_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(SPEC, **change)  # type: ignore[arg-type]


def test_land_water_and_what_lies_outside_have_their_colours() -> None:
    spec = replace(SPEC, center=(101.5, 36.6), zoom=10, pins=(), scale=1)
    picture = image(spec, replace(GROUND, names=[]))
    assert near(picture, (300, 157), LIGHT.water)
    assert near(picture, (450, 157), LIGHT.land)
    assert near(image(replace(spec, center=(90.0, 30.0))), (300, 100), LIGHT.ground)
    assert near(image(replace(spec, theme="dark"), replace(GROUND, names=[])), (450, 157), DARK.land)


def test_a_hole_in_an_area_is_not_filled() -> None:
    ground = Ground([Area("1", "甲", "county", ISLAND)], [], [])
    picture = image(replace(SPEC, center=(101.5, 36.5), zoom=7, pins=(), scale=1), ground)
    assert near(picture, (300, 157), LIGHT.ground)
    assert near(picture, (300 - 70, 157), LIGHT.land)


def test_a_pin_stands_with_its_tip_on_the_place_and_a_wide_view_keeps_all_of_a_box() -> None:
    picture = image(replace(SPEC, scale=1), Ground([], [], []))
    # The rim is two pixels wide, so the body ends a little above the tip.
    assert near(picture, (300, 157 - 8), LIGHT.accent)
    assert not near(picture, (300, 157 + 4), LIGHT.accent)
    corners = replace(
        SPEC, center=None, bbox=BBox(101, 36, 103, 37), scale=1, pins=(Pin(101, 36), Pin(103, 37))
    )
    drawn = image(corners, Ground([], [], []))
    body = [
        (x, y) for x in range(drawn.width) for y in range(drawn.height) if near(drawn, (x, y), LIGHT.accent)
    ]
    assert min(x for x, _ in body) < 100
    assert max(x for x, _ in body) > 500
    assert min(y for _, y in body) > 0


def test_the_looks_of_pins_differ_without_colour() -> None:
    seen: list[bytes] = []
    for look in (None, "closed", "unknown", "suspended", "coming", "ended"):
        for shape in ("round", "square"):
            spec = replace(SPEC, scale=1, pins=(Pin(*XINING, shape=shape, look=look),))  # type: ignore[arg-type]
            head = image(spec, Ground([], [], [])).crop((280, 115, 320, 160)).convert("L")
            seen.append(head.point(lambda level: 255 if level > 140 else 0).tobytes())
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("lat", [5.0, 36.6, 60.0])
@pytest.mark.parametrize("zoom", [6.0, 9.3, 13.0, 16.0])
def test_the_scale_bar_is_as_long_as_it_says(lat: float, zoom: float) -> None:
    spec = replace(SPEC, center=(101.78, lat), zoom=zoom, pins=(), form="svg")
    text = render(spec, Ground([], [], [])).decode()
    number, unit = re.search(r">(\d+) (米|公里)<", text).groups()  # type: ignore[union-attr]
    metres = int(number) * (1000 if unit == "公里" else 1)
    bars = re.findall(r'd="M([\d.]+),[\d.]+ [\d.]+,[\d.]+ ([\d.]+),', text)
    long = float(bars[0][1]) - float(bars[0][0])
    assert 30 <= long <= 91
    assert long * metres_per_pixel(lat, zoom) == pytest.approx(metres, rel=0.01)


def test_the_review_mark_and_the_credits_stand_at_the_lower_left() -> None:
    found = words(replace(SPEC, panel=Panel("工会驿站", "东大街驿站")))
    for text in (REVIEW, "区划 © 天地图"):
        assert float(found[text].get("x", "nan")) < 150
        assert float(found[text].get("y", "nan")) > 315 - 40
    assert "审图号：青S(2026)001" in words(replace(SPEC, review="审图号：青S(2026)001"))


def test_credits_too_long_for_one_line_go_below_the_mark() -> None:
    found = words(replace(SPEC, width=240, credits=("区划 © 天地图", "地名 GeoNames", "湖泊 Natural Earth")))
    sources = next(text for text in found if text.startswith("区划"))
    assert float(found[sources].get("y", "0")) > float(found[REVIEW].get("y", "0")) + 10


@settings(deadline=None)
@given(
    spots=st.lists(
        st.tuples(st.floats(101.4, 102.1), st.floats(36.4, 36.8), st.integers(0, 10**6)), max_size=40
    )
)
def test_no_name_lies_over_another_or_leaves_the_picture(spots: list[tuple[float, float, int]]) -> None:
    ground = Ground(
        [],
        [],
        [Name(f"地{number}", lon, lat, people or None) for number, (lon, lat, people) in enumerate(spots)],
    )
    boxes = []
    for text, element in words(replace(SPEC, unit_words=("{n}", "{n}")), ground).items():
        if text.startswith("地"):
            x, y = float(element.get("x", "0")), float(element.get("y", "0"))
            wide = sum(0.6 if char.isascii() else 1 for char in text) * 12
            boxes.append((x, y - 8, x + wide, y + 8))
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert top >= 0
        assert right <= 600
        assert bottom <= 315
        for other in boxes[number + 1 :]:
            assert left >= other[2] or right <= other[0] or top >= other[3] or bottom <= other[1]


HOSTILE = "</text><script>alert(1)</script>&\"'\x00\ud7ff\u202e🛵"


def test_text_from_outside_stays_text_in_an_svg() -> None:
    panel = Panel(HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, HOSTILE)
    spec = replace(SPEC, panel=panel, title=HOSTILE, form="svg")
    root = ElementTree.fromstring(render(spec, replace(GROUND, names=[Name(HOSTILE, 101.95, 36.6, 9)])))  # noqa: S314
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "rect", "path", "circle", "text",
    }  # fmt: skip
    assert "alert(1)" in "".join(root.itertext())


@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_any_words_can_be_drawn(text: str) -> None:
    panel = Panel(text, text, (text, text), text, text)
    spec = replace(SPEC, width=320, height=200, scale=1, panel=panel, title=text)
    assert image(spec, Ground([], [], [Name(text, *XINING, 5)])).size == (320, 200)
    ElementTree.fromstring(render(replace(spec, form="svg"), Ground([], [], [])))  # noqa: S314


def test_a_letter_that_the_font_lacks_is_left_out_and_not_a_box() -> None:
    face = fonts.faces().regular
    assert fonts.drawable("东大街\U0001f6f5驿\u202e站\x07", face) == "东大街驿站"
    assert fonts.drawable(REVIEW, face) == REVIEW


def test_a_long_name_is_cut_and_says_so_and_no_line_begins_with_a_full_stop() -> None:
    found = words(
        replace(
            SPEC,
            panel=Panel("种类", "很长的名字" * 20, ("周一至周五 08:30–17:00；周六、周日休息、节日、假日",)),
        )
    )
    lines = [text for text in found if text.startswith(("很长", "长的", "的名", "名字", "字很"))]
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert not [text for text in found if text.startswith(tuple("、，。；："))]


def test_latin_words_of_a_name_stay_whole() -> None:
    found = words(replace(SPEC, panel=Panel("Kind", "Chengdong outdoor workers station")))
    spoken = " ".join(found).split()
    assert {"Chengdong", "outdoor", "workers", "station"} <= set(spoken)


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(fonts, "_FOLDERS", (tmp_path,))
    fonts._found.cache_clear()
    yield
    fonts._found.cache_clear()


@pytest.mark.usefixtures("no_fonts")
def test_without_chinese_letters_there_is_no_png_because_it_would_lack_its_mark() -> None:
    assert not fonts.is_installed()
    with pytest.raises(Unavailable, match="fonts-wqy-microhei"):
        render(SPEC, GROUND)
    assert REVIEW in words(SPEC)


@pytest.mark.parametrize(("palette", "dark"), [(LIGHT, False), (DARK, True)])
def test_pictures_have_the_colours_of_the_style_sheet(palette: Palette, dark: bool) -> None:
    sheet = (STATIC / "css" / "base.css").read_text(encoding="utf-8")
    light_part, dark_part = sheet.split("@media (prefers-color-scheme: dark)", 1)
    declared = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark_part if dark else light_part))
    for name in Palette.__dataclass_fields__:
        if name != "name_halo":
            assert getattr(palette, name) == declared[name.replace("_", "-")], name
    halo = re.search(r"--name-halo: rgba\((\d+), (\d+), (\d+)", dark_part if dark else light_part)
    assert halo is not None
    assert colour(palette.name_halo) == tuple(int(part) for part in halo.groups())
