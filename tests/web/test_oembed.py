"""oEmbed as its specification has it (oembed.com), asked by a consumer that is written here."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from embed_registry import HOSTILE, SITE, Make
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

pytest_plugins = ["embed_fixtures"]


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own answer, which must be well formed


class Head(HTMLParser):
    """Finds the oEmbed links and the frames of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.frames: list[dict[str, str]] = []
        self.others: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "link" and given.get("rel") == "alternate" and given.get("type", "").endswith("+oembed"):
            self.links[given["type"]] = given["href"]
        elif tag == "iframe":
            self.frames.append(given)
        else:
            self.others.append(tag)


def ask(client: FlaskClient, url: str, status: int = 200, **arguments: Any) -> Any:
    answer = client.get(
        f"/oembed?{urlencode({'url': url} | arguments)}", headers={"Accept-Language": "zh-CN"}
    )
    assert answer.status_code == status, answer.text[:300]
    return answer.json


def framed(body: Any) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the frame of an answer and the query string of what it shows."""
    page = Head(body["html"])
    assert page.others == []
    (frame,) = page.frames
    parts = urlsplit(frame["src"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{SITE}/embed"
    return frame, parse_qs(parts.query)


class Consumer:
    """What a publisher's editor does with an address that somebody pasted."""

    def __init__(self, client: FlaskClient, form: str) -> None:
        self.client, self.form = client, form

    def local(self, address: str) -> str:
        assert address.startswith(SITE)
        return address.removeprefix(SITE)

    def embed(self, address: str, **limits: int) -> dict[str, Any]:
        """Discover, ask, read, and load what the frame shows."""
        link = Head(self.client.get(self.local(address)).text).links[f"{self.form}+oembed"]
        asked = self.client.get(f"{self.local(link)}&{urlencode(limits)}")
        assert asked.status_code == 200
        if self.form == "text/xml":
            assert asked.content_type == "text/xml; charset=utf-8"
            body: dict[str, Any] = {node.tag: node.text for node in parsed(asked.text)}
        else:
            assert asked.content_type == "application/json; charset=utf-8"
            body = asked.get_json()
        shown = self.client.get(self.local(framed(body)[0]["src"]))
        assert shown.status_code == 200
        assert "frame-ancestors *" in shown.headers["Content-Security-Policy"]
        return body


@pytest.mark.parametrize("form", ["application/json", "text/xml"])
@pytest.mark.parametrize(
    "page", ["/map?kind=rider_station", "/s/CODE", "/embed?region=630103&title=%E6%A0%87%E9%A2%98&theme=dark"]
)
def test_a_consumer_finds_asks_reads_and_shows(
    client: FlaskClient, codes: dict[str, str], form: str, page: str
) -> None:
    body = Consumer(client, form).embed(
        SITE + page.replace("CODE", codes["下午驿站"]), maxwidth=500, maxheight=300
    )
    assert str(body["version"]) == "1.0"
    assert body["type"] == "rich"
    assert (int(body["width"]), int(body["height"])) == (500, 300)
    assert body["provider_url"] == f"{SITE}/"
    assert int(body["cache_age"]) > 0
    assert body["title"]
    assert body["provider_name"] in {"驿站地图", "Yizhan Map"}


def test_both_forms_say_the_same(client: FlaskClient) -> None:
    query = urlencode({"url": f"{SITE}/map?q={HOSTILE}"})
    told = client.get(f"/oembed?{query}").get_json()
    xml = parsed(client.get(f"/oembed?{query}&format=xml").text)
    assert {node.tag: node.text for node in xml} == {name: str(value) for name, value in told.items()}


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/map?kind=rider_station&amenities=toilet&open=now&gap=1&lang=en",
         {"kind": "rider_station", "amenities": "toilet", "open": "now", "gap": "1", "lang": "en"}),
        ("/map?region=6301#11.5/101.6/36.6", {"region": "630100", "center": "101.6,36.6", "zoom": "11.5"}),
        ("/map#12.37/101.6/36.6/63000032", {"center": "101.6,36.6", "zoom": "12.5", "station": "63000032"}),
        ("/?near=101.5,36.6&place=%E5%B7%9D%E5%8F%A3&open=now",
         {"near": "101.5,36.6", "place": "川口", "open": "now", "list": "below"}),
        ("/?q=%E5%B7%9D%E5%8F%A3", {"near": "102.1,36.6", "place": "川口", "list": "below"}),
        ("/s/63000032?lang=en&by=ebike", {"station": "63000032", "lang": "en"}),
        ("/s/63000032/plate", {"station": "63000032"}),
        ("/embed?v=1&theme=dark&wheel=off&touch=one&controls=none&title=x&list=beside&locate=1",
         {"theme": "dark", "wheel": "off", "touch": "one", "controls": "none", "title": "x", "list": "beside", "locate": "1"}),
    ],
)  # fmt: skip
def test_what_the_address_says_is_kept(client: FlaskClient, address: str, kept: dict[str, str]) -> None:
    frame, query = framed(ask(client, SITE + address))
    assert query == {"v": ["1"]} | {name: [value] for name, value in kept.items()}
    assert frame["loading"] == "lazy"
    assert frame["title"]
    assert ("allow" in frame) is ("locate" in kept)


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ({}, (640, 480)), ({"maxwidth": 320}, (320, 480)), ({"maxheight": 200}, (640, 200)), ({"maxwidth": 5000}, (640, 480)),
        ({"maxwidth": 1, "maxheight": 1}, (1, 1)), ({"maxwidth": ""}, (640, 480)),
    ],
)  # fmt: skip
def test_the_largest_size_is_kept_to_by_frame_and_picture(
    client: FlaskClient, limits: dict[str, Any], size: tuple[int, int]
) -> None:
    body = ask(client, f"{SITE}/map", **limits)
    frame, _ = framed(body)
    assert (body["width"], body["height"]) == size == (int(frame["width"]), int(frame["height"]))
    assert body.get("thumbnail_width", 0) <= (limits.get("maxwidth") or 9999)
    assert body.get("thumbnail_height", 0) <= (limits.get("maxheight") or 9999)
    assert ("thumbnail_url" in body) is ("thumbnail_width" in body) is (min(size) >= 64)


@pytest.mark.parametrize("name", ["maxwidth", "maxheight"])
@pytest.mark.parametrize("value", ["0", "-1", "1e3", "wide", "٣", "99999999999"])
def test_a_size_that_is_no_number_of_pixels_is_named(client: FlaskClient, name: str, value: str) -> None:
    assert name in ask(client, f"{SITE}/map", 400, **{name: value})["detail"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("https://evil.example/map", 404), (f"{SITE}.evil.example/map", 404), ("https://user@map.example.org/map", 404),
        ("https://map.example.org:8443/map", 404), ("javascript:alert(1)", 404), ("//map.example.org/map", 404),
        ("data:text/html,x", 404), (f"{SITE}/about", 404), (f"{SITE}/static/js/core.js", 404), (f"{SITE}/oembed", 404),
        (f"{SITE}/embed/builder", 404), (f"{SITE}/s/99999999", 404), (f"{SITE}/s/../desk", 404), ("http://[", 404),
        ("https://map.example.org:99999/map", 404), (f"{SITE}/map?{'x' * 5000}", 404), ("\x00", 404),
        (f"{SITE}/desk", 401), (f"{SITE}/desk/people", 401), (f"{SITE}/%64esk/", 401), (f"{SITE}/sandbox/desk", 401),
        ("", 400), (f"{SITE}/map", 200), ("http://map.example.org/map", 200), (f"{SITE}:443/map/", 200),
    ],
)  # fmt: skip
def test_only_pages_of_ours_that_are_public_are_answered_for(
    client: FlaskClient, address: str, status: int
) -> None:
    ask(client, address, status)


@pytest.mark.parametrize("form", ["html", "JSON", "jsonp", "<script>"])
def test_another_format_is_not_implemented(client: FlaskClient, form: str) -> None:
    assert ask(client, f"{SITE}/map", 501, format=form)["status"] == 501


def test_a_closed_or_hostile_station_is_told_by_its_own_name_and_stays_text(
    client: FlaskClient, codes: dict[str, str]
) -> None:
    body = ask(client, f"{SITE}/s/{codes[HOSTILE]}")
    assert body["title"] == HOSTILE
    assert framed(body)[0]["title"] == HOSTILE
    assert "<script" not in body["html"]


def test_the_title_is_in_the_language_that_was_asked_for(client: FlaskClient, codes: dict[str, str]) -> None:
    station = f"{SITE}/s/{codes['东大街驿站']}"
    assert ask(client, station)["title"] == "东大街驿站"
    assert ask(client, f"{station}?lang=en")["title"] == "East Street"
    assert ask(client, station, lang="en")["title"] == "East Street"


def test_the_one_region_that_is_asked_for_gives_its_name_to_code_and_page(client: FlaskClient) -> None:
    of_all = ask(client, f"{SITE}/map")["title"]
    told = ask(client, f"{SITE}/map?region=630103")
    assert told["title"] != of_all
    name = told["title"].removesuffix("站点地图")
    assert f"<h1>{name}户外劳动者服务站点地图</h1>" in client.get("/embed?region=630103&lang=zh").text
    assert ask(client, f"{SITE}/map?region=630102,630103")["title"] == of_all


def test_without_a_setting_the_host_of_the_request_is_ours_and_no_other(make_client: Make) -> None:
    client = make_client(public_url=None)
    here = {"Host": "a.local:8080"}
    assert client.get("/oembed?url=http%3A%2F%2Fa.local%3A8080%2Fmap", headers=here).status_code == 200
    assert client.get("/oembed?url=http%3A%2F%2Fb.local%2Fmap", headers=here).status_code == 404


@given(
    st.text(max_size=200),
    st.sampled_from(["", SITE, f"{SITE}/map?", f"{SITE}/s/", f"{SITE}/embed?title=", f"{SITE}/map#"]),
)
def test_no_address_is_an_error_of_ours_and_none_puts_anything_but_our_frame_into_the_code(
    client: FlaskClient, text: str, before: str
) -> None:
    answer = client.get(f"/oembed?{urlencode({'url': before + text, 'format': 'xml'})}")
    assert answer.status_code in {200, 400, 401, 404}
    if answer.status_code == 200:
        body = {node.tag: node.text or "" for node in parsed(answer.text)}
        framed(body)
        assert not re.search(r"on\w+\s*=", re.sub(r'"[^"]*"', "", body["html"]))
