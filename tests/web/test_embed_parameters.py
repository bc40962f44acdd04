"""The parameters of version 1: what each address means, for as long as the site runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.query import StationQuery
from stations.vocabulary import AMENITIES, KINDS
from web.embed import parameters
from web.embed.parameters import CONTROLS, FITS, LISTS, NAMES, OFFERS, THEMES, TOUCHES, WHEELS, Embed, Reading

DOCS = Path(parameters.__file__).resolve().parents[2] / "docs" / "embedding.md"


def read(query: str) -> Reading:
    return Embed.read(parse_qsl(query, keep_blank_values=True))


#: Addresses that were given out. A line here is never changed and never taken away: that is the promise.
GIVEN_OUT: list[tuple[str, dict[str, Any]]] = [
    ("", {"fit": "stations", "theme": "auto", "controls": ("zoom", "legend", "open"), "list_at": "none",
          "wheel": "ctrl", "touch": "two", "locate": False, "gap": False, "distance_m": 5000, "title": "",
          "lang": None, "station": None, "center": None, "zoom": None, "place": "",
          "offers": ()}),
    ("v=1&lang=en", {"lang": "en"}),
    ("v=1&lang=zh", {"lang": "zh"}),
    ("v=1&station=63000127", {"station": "63000127"}),
    ("v=1&center=101.78,36.62&zoom=12.5", {"center": (101.78, 36.62), "zoom": 12.5}),
    ("v=1&fit=region&region=6301", {"fit": "region", "query": StationQuery(regions=("630100",))}),
    ("v=1&fit=all", {"fit": "all"}),
    ("v=1&theme=dark", {"theme": "dark"}),
    ("v=1&theme=light", {"theme": "light"}),
    ("v=1&controls=none", {"controls": ()}),
    ("v=1&controls=open,filters", {"controls": ("filters", "open")}),
    ("v=1&controls=none&controls=zoom&controls=open", {"controls": ("zoom", "open")}),
    ("v=1&list=beside", {"list_at": "beside"}),
    ("v=1&list=below", {"list_at": "below"}),
    ("v=1&wheel=zoom", {"wheel": "zoom"}),
    ("v=1&wheel=off", {"wheel": "off"}),
    ("v=1&touch=one", {"touch": "one"}),
    ("v=1&locate=1&gap=1&distance_m=2000", {"locate": True, "gap": True, "distance_m": 2000}),
    ("v=1&title=%E9%A9%BF%E7%AB%99", {"title": "驿站"}),
    ("v=1&near=101.78,36.62&place=%E8%A5%BF%E5%AE%81&within_m=2000",
     {"place": "西宁", "query": StationQuery(near=(101.78, 36.62), within_m=2000.0)}),
    ("v=1&offers=events,jobs", {"offers": ("jobs", "events")}),
    ("v=1&offers=jobs&offers=events", {"offers": ("jobs", "events")}),
    ("v=1&jobs=mason,helper&events=any", {"query": StationQuery(jobs=("helper", "mason"), events=("any",))}),
    ("v=1&kind=rider_station,union_station&amenities=microwave&open=now&access=no_scan&unknown=exclude",
     {"query": StationQuery.parse([("kind", "union_station,rider_station"), ("amenities", "microwave"), ("open", "now"),
                                   ("access", "no_scan"), ("unknown", "exclude")])}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "meaning"), GIVEN_OUT, ids=[query or "nothing" for query, _ in GIVEN_OUT])
def test_an_address_that_was_given_out_keeps_its_meaning(query: str, meaning: dict[str, Any]) -> None:
    reading = read(query)
    assert reading.problems == ()
    assert reading.unknown == ()
    assert {name: getattr(reading.embed, name) for name in meaning} == meaning


def test_an_address_without_a_version_means_what_it_means_in_version_1() -> None:
    for query, _ in GIVEN_OUT[1:]:
        assert read(query.replace("v=1&", "")) == read(query)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("v=2", "v"), ("station=../desk", "station"), ("center=36.6,101.7&zoom=9", "center"), ("center=1,1", "center"),
        ("zoom=9", "zoom"), ("center=1,1&zoom=99", "zoom"), ("center=1,1&zoom=1e1", "zoom"), ("fit=x", "fit"),
        ("theme=puce", "theme"), ("controls=zoom,x", "controls"), ("list=above", "list"), ("wheel=no", "wheel"),
        ("touch=three", "touch"), ("locate=yes", "locate"), ("gap=2", "gap"), ("distance_m=3", "distance_m"),
        ("title=" + "x" * 81, "title"), ("kind=x", "kind"), ("bbox=1,2,3", "bbox"), ("theme=dark&theme=light", "theme"),
        ("near=nan,nan", "near"), ("bbox=nan,nan,nan,nan", "bbox"),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_by_its_name_and_counts_as_if_it_were_not_there(query: str, name: str) -> None:
    reading = read(query)
    assert [problem.name for problem in reading.problems] == [name]
    assert reading.embed == Embed()


def test_names_that_nobody_knows_are_told_and_change_nothing() -> None:
    reading = read("theme=dark&utm_source=x&src=https://evil.example/x.js&limit=3&cursor=4")
    assert reading.unknown == ("utm_source", "src", "limit", "cursor")
    assert reading.embed == Embed(theme="dark")


def test_a_title_is_one_line_without_marks_that_turn_it_round() -> None:
    assert read("title=a%0ab%E2%80%AEc%00%20%20d").embed.title == "a b c d"


degrees = st.integers(-90_000_000, 90_000_000).map(lambda micro: micro / 1e6)
wishes = st.builds(
    Embed,
    query=st.builds(
        StationQuery,
        kinds=st.lists(st.sampled_from(list(KINDS)), unique=True).map(
            lambda c: tuple(k for k in KINDS if k in c)
        ),
        amenities=st.lists(st.sampled_from(list(AMENITIES)), unique=True).map(
            lambda c: tuple(k for k in AMENITIES if k in c)
        ),
        near=st.none() | st.tuples(degrees, degrees),
    ),
    lang=st.sampled_from([None, "zh", "en"]),
    station=st.none() | st.from_regex(r"[0-9A-Za-z-]{1,40}", fullmatch=True),
    fit=st.sampled_from(FITS),
    theme=st.sampled_from(THEMES),
    controls=st.lists(st.sampled_from(CONTROLS), unique=True).map(
        lambda c: tuple(k for k in CONTROLS if k in c)
    ),
    list_at=st.sampled_from(LISTS),
    wheel=st.sampled_from(WHEELS),
    touch=st.sampled_from(TOUCHES),
    locate=st.booleans(),
    gap=st.booleans(),
    distance_m=st.sampled_from([1000, 5000, 20_000]),
    title=st.text(st.characters(exclude_categories=("C", "Z")), max_size=80),
    center=st.tuples(degrees, degrees),
    zoom=st.integers(8, 36).map(lambda half: half / 2),
)


@given(wishes)
def test_a_wish_is_written_and_read_back_as_the_same(wish: Embed) -> None:
    reading = read(wish.encode())
    assert reading.embed == wish
    assert reading.problems == ()
    assert reading.unknown == ()
    assert reading.embed.encode() == wish.encode()


@given(st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=12), st.text(max_size=60)), max_size=12))
def test_no_address_breaks_the_reading_and_what_was_read_is_read_again_without_a_word(
    items: list[tuple[str, str]],
) -> None:
    found = Embed.read(items).embed
    again = Embed.read(found.items())
    assert again.embed == found
    assert again.problems == ()
    assert again.unknown == ()


def test_every_name_and_every_value_is_in_the_promise() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", text, flags=re.MULTILINE))
    for name, values in (
        ("fit", FITS),
        ("theme", THEMES),
        ("list", LISTS),
        ("wheel", WHEELS),
        ("touch", TOUCHES),
    ):
        assert re.findall(r"`(\w+)`", rows[name]) == list(values)
    assert f"`{','.join(CONTROLS)}`" in rows["controls"]
    assert f"`{','.join(OFFERS)}`" in rows["offers"]
