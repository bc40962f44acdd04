"""Maps as bytes: nothing from elsewhere, the same twice, and text from outside stays text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import folium
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.vocabulary import AMENITIES, KINDS, LIFECYCLE
from web.assets import STATIC
from web.maps import BaseMap, MapOptions, station_map
from web.maps.base import OWN, TileLayer
from web.maps.lean import LeanMap, ScriptElement, script_json
from web.maps.station_map import SCRIPTS, STYLES
from web.maps.symbols import LOOKS, look_of, symbols

HOSTILE = "</script><script>alert(1)</script>{{ 7 * 191 }}{% raw %}{# ${7*191} `\u2028"
LINKS = ("regions", "places", "stations", "gaps", "station", "feature")


def options(*, text: str = "青海省", base: BaseMap = OWN) -> MapOptions:
    return MapOptions(
        bounds=(89.4, 31.6, 103.1, 39.2),
        links={name: f"/{name}/CODE" for name in LINKS},
        words={"marker": text, "closes_in": [text, text]},
        looks=dict.fromkeys(LOOKS, text),
        kinds=dict.fromkeys(KINDS, text),
        vocabulary={"amenities": {"microwave": text}},
        legend={"legend": text},
        label=text,
        review=text,
        credits=(text,),
        static=lambda path: f"/static/{path}",
        title=text,
        base=base,
    )


class Page(HTMLParser):
    """The elements of a page, and the text of its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script":
            self.scripts[-1] += data


def rendered(made: MapOptions, nonce: str = "n0nce") -> str:
    page: str = station_map(made).get_root().render(nonce=nonce)
    return page


def test_a_station_map_is_a_folium_map() -> None:
    assert isinstance(station_map(options()), folium.Map)


def test_two_maps_of_the_same_options_are_the_same_bytes_but_for_the_nonce() -> None:
    assert rendered(options(), "one").replace("one", "two") == rendered(options(), "two")


def test_rendering_a_map_twice_gives_the_same_bytes() -> None:
    root = station_map(options()).get_root()
    assert root.render(nonce="n") == root.render(nonce="n")


def test_every_address_on_the_page_is_ours() -> None:
    page = Page(rendered(options()))
    addresses = [
        value for _, attrs in page.elements for name in ("src", "href") if (value := attrs.get(name))
    ]
    assert len(addresses) == len(SCRIPTS) + len(STYLES)
    assert all(address.startswith("/static/") for address in addresses)
    assert "//" not in "".join(page.scripts)


def test_no_library_that_folium_would_bring_is_on_the_page() -> None:
    page = rendered(options()).lower()
    assert not [name for name in ("jquery", "bootstrap", "awesome", "glyphicon", "cdn") if name in page]


def test_every_inline_script_carries_the_nonce_and_there_is_no_inline_style() -> None:
    page = Page(rendered(options(), "abc"))
    inline = [attrs for tag, attrs in page.elements if tag == "script" and "src" not in attrs]
    assert inline == [{"nonce": "abc"}]
    assert not [tag for tag, attrs in page.elements if tag == "style" or "style" in attrs]


def test_a_reader_may_enlarge_the_page() -> None:
    viewport = next(
        a["content"] for t, a in Page(rendered(options())).elements if a.get("name") == "viewport"
    )
    assert viewport == "width=device-width, initial-scale=1"


def test_text_from_outside_is_neither_markup_nor_script_nor_template() -> None:
    page = Page(rendered(options(text=HOSTILE)))
    assert "1337" not in rendered(options(text=HOSTILE))
    assert [tag for tag, _ in page.elements if tag == "script"] == ["script"] * (len(SCRIPTS) + 1)
    assert "alert(1)<" not in page.scripts[-1]
    assert "\u2028" not in page.scripts[-1]
    told = re.search(r"yizhan\.review\(map_\d+, (\{.*\})\s*\);", page.scripts[-1])
    assert told is not None
    assert json.loads(told[1])["text"] == HOSTILE


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
))  # fmt: skip
def test_what_is_written_for_a_script_reads_back_and_holds_nothing_that_a_page_or_a_template_takes_up(
    value: object,
) -> None:
    written = script_json(value)
    assert json.loads(written) == value
    assert not re.search(r"[<>&'\u2028\u2029]|\{\{|\{%|\{#|\}\}", written)


def test_a_number_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        script_json([float("nan")])


def test_bounds_are_given_longitude_first_and_reach_leaflet_latitude_first() -> None:
    script = Page(rendered(options())).scripts[-1]
    assert '"bounds":[[31.6,89.4],[39.2,103.1]]' in script


def test_layers_are_made_in_the_order_in_which_they_need_each_other() -> None:
    script = Page(rendered(options())).scripts[-1]
    calls = re.findall(r"yizhan\.(\w+)\(", script)
    assert calls == [
        "map", "regions", "places", "stations", "gaps", "locate", "legend", "review", "page",
    ]  # fmt: skip


def test_the_base_map_is_our_own_until_the_operator_configures_tiles() -> None:
    tiles = BaseMap("raster", (TileLayer("https://tiles.example/{z}/{x}/{y}"),))
    own, configured = (Page(rendered(options(base=given))).scripts[-1] for given in (OWN, tiles))
    assert "yizhan.tiles" not in own
    assert '"url":"https://tiles.example/\\u007bz\\u007d' in configured
    assert '"look":"outlines"' in configured


def test_a_map_in_another_figure_says_what_to_do() -> None:
    made = LeanMap((0, 0, 1, 1), label="x", js=[], css=[])
    folium.Figure().add_child(made)
    with pytest.raises(TypeError, match="LeanFigure"):
        made.parts()


def test_a_script_element_leaves_out_options_that_are_none() -> None:
    assert ScriptElement(url="/x", tint=None).options == {"url": "/x"}


@pytest.mark.parametrize("lifecycle", LIFECYCLE)
@pytest.mark.parametrize("state", ["open", "closed", "unknown"])
def test_every_station_has_a_look(lifecycle: str, state: str) -> None:
    look = look_of(lifecycle, state)
    assert (look == state) is (lifecycle == "open")
    assert look in LOOKS


def test_a_state_without_a_look_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="'ajar'"):
        look_of("open", "ajar")


def test_no_two_looks_differ_by_colour_alone() -> None:
    assert len({look.badge for look in LOOKS.values()}) == len(LOOKS)


def test_rest_stations_and_service_points_differ_in_shape() -> None:
    made = symbols(dict.fromkeys(LOOKS, ""), dict.fromkeys(KINDS, ""), sprite="/icons.svg")
    kinds = made["kinds"]
    assert isinstance(kinds, list)
    assert {kind["code"]: kind["shape"] for kind in kinds} == {
        code: "round" if kind.station_class == "rest" else "square" for code, kind in KINDS.items()
    }


def test_every_kind_amenity_and_mark_has_an_icon_and_every_icon_its_own_name() -> None:
    names = re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8"))
    wanted = {f"kind-{code}" for code in KINDS} | {f"amenity-{code}" for code in AMENITIES}
    wanted |= {look.badge for look in LOOKS.values() if look.badge} | {"pin-round", "pin-square"}
    for source in [*STATIC.glob("js/*.js")]:
        wanted |= set(re.findall(r'\bicon\("([\w-]+)"(?=[,)])', source.read_text(encoding="utf-8")))
    for source in STATIC.parent.glob("templates/*.html"):
        wanted |= set(re.findall(r"\bicon\('([\w-]+)'\)", source.read_text(encoding="utf-8")))
    assert wanted - set(names) == set()
    assert len(names) == len(set(names))


def test_the_map_s_own_scripts_and_styles_are_there() -> None:
    own = [path for path in (*SCRIPTS, *STYLES) if not path.startswith("vendor/")]
    assert [path for path in own if not (STATIC / path).is_file()] == []
    pages = "".join(file.read_text(encoding="utf-8") for file in (STATIC.parent).rglob("*.html"))
    pages += "".join(file.read_text(encoding="utf-8") for file in STATIC.parent.glob("*/*.py"))
    idle = [
        file.name
        for file in STATIC.glob("js/*.js")
        if f"js/{file.name}" not in {*own} and file.name not in pages
    ]
    assert idle == []
