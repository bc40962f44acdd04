"""The embed as an answer: who may frame it, what it may load, what it says without JavaScript, and what it never reflects."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from embed_registry import HOSTILE, Make
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from web.assets import STATIC
from web.embed.words import embed_words
from web.i18n import init_app
from web.maps.embed_map import SCRIPTS
from web.security import FRAMED

pytest_plugins = ["embed_fixtures"]

ZH = {"Accept-Language": "zh-CN"}


def get(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address, headers=ZH)
    assert answer.status_code == status, answer.text[:300]
    return answer.text


def policy(answer: TestResponse) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";")]
    return {part[0]: part[1:] for part in parts}


def rows(html: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'<span class="row-name">(.*?)</span>', html)]


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


# Framing and policy ----------------------------------------------------------------------------------------


def test_every_site_may_frame_the_embed_and_none_any_other_page(client: FlaskClient) -> None:
    assert policy(client.get("/embed"))["frame-ancestors"] == ["*"]
    rules = [rule.rule for rule in client.application.url_map.iter_rules() if "GET" in (rule.methods or ())]
    addresses = {re.sub(r"<[^>]+>", "1", rule) for rule in rules} - {FRAMED}
    assert len(addresses) > 40
    for address in sorted(addresses | {"/embed/", "/embed/x", "/nothing", "//embed", "/EMBED"}):
        answer = client.get(address)
        if answer.status_code not in {301, 302, 308} or "Content-Security-Policy" in answer.headers:
            assert policy(answer)["frame-ancestors"] == ["'none'"], address


@pytest.mark.parametrize(
    ("set_to", "said"),
    [
        ("https://news.example.cn https://*.gov.cn", ["https://news.example.cn", "https://*.gov.cn"]),
        ("none", ["'none'"]),
    ],
)
def test_the_operator_says_who_may_frame_it(make_client: Make, set_to: str, said: list[str]) -> None:
    found = policy(make_client(embed_ancestors=set_to).get("/embed"))["frame-ancestors"]
    assert [source for source in found if source != "'self'"] == said


@pytest.mark.parametrize(
    "address", ["/embed", "/embed?theme=dark&gap=1&locate=1&controls=filters&list=below&lang=en"]
)
def test_nothing_is_loaded_but_from_us_and_every_inline_script_carries_the_nonce(
    client: FlaskClient, address: str
) -> None:
    answer = client.get(address)
    rules = policy(answer)
    header = answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in header
    assert "unsafe-eval" not in header
    assert rules["default-src"] == ["'none'"]
    assert rules["connect-src"] == ["'self'"]
    nonce = rules["script-src"][1].removeprefix("'nonce-").removesuffix("'")
    elements = Elements(answer.text).found
    inline = [attrs for tag, attrs in elements if tag == "script" and "src" not in attrs]
    assert len(inline) == 2
    assert all(attrs.get("nonce") == nonce for attrs in inline)
    assert not [
        attrs
        for tag, attrs in elements
        if tag == "style" or "style" in attrs or any(n.startswith("on") for n in attrs)
    ]
    loaded = [
        a.get("src") or a.get("href", "")
        for t, a in elements
        if (t == "script" and "src" in a) or a.get("rel") == "stylesheet"
    ]
    assert len(loaded) > 10
    assert all(url.startswith("/static/") for url in loaded)


@pytest.mark.parametrize(
    "address", ["/embed", "/embed/builder", "/oembed?url=x", "/static-map.svg", "/map/stations.json"]
)
def test_no_cookie_is_set_or_looked_at(client: FlaskClient, address: str) -> None:
    client.set_cookie("yizhan_desk", "x")
    answer = client.get(address)
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_position_may_be_asked_for_only_where_it_was_wished(client: FlaskClient) -> None:
    assert client.get("/embed").headers["Permissions-Policy"].startswith("geolocation=(),")
    assert client.get("/embed?locate=1").headers["Permissions-Policy"].startswith("geolocation=(self),")


@pytest.mark.parametrize(
    "address",
    ["/map/stations.json", "/map/regions.json", "/map/places.json", "/map/gaps.json", "/oembed?url=x"],
)
def test_a_page_without_an_origin_may_read_the_data(client: FlaskClient, address: str) -> None:
    answer = client.get(address, headers={"Origin": "null"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("address", ["/embed/builder", "/", "/map", "/desk/login"])
def test_no_page_for_people_may_be_read_from_elsewhere(client: FlaskClient, address: str) -> None:
    assert (
        "Access-Control-Allow-Origin"
        not in client.get(address, headers={"Origin": "https://a.example"}).headers
    )


# What it shows ---------------------------------------------------------------------------------------------


def test_without_javascript_it_is_a_list_with_review_mark_and_credits(make_client: Make) -> None:
    page = get(make_client(review_number="青S（2026）001号", map_credit="某测绘院"), "/embed?region=6301")
    assert set(rows(page)) == {"东大街驿站", HOSTILE, "下午驿站", "未定位驿站", "维权中心", "装修驿站"}
    assert "共 6 个站点" in page
    foot = page[page.index("<footer") :]
    assert "审图号：青S（2026）001号" in foot
    assert "某测绘院" in foot
    assert "天地图" in foot


@pytest.mark.parametrize("address", ["/embed", "/embed?controls=none", "/embed?lang=en&theme=dark&title=x"])
def test_no_parameter_takes_the_review_mark_or_the_sources_away(client: FlaskClient, address: str) -> None:
    page = get(client, address)
    review = "Demonstration base map, not reviewed" if "lang=en" in address else "演示底图，未送审"
    assert page.count(review) == 2  # on the map, and without scripts at the foot
    assert "yizhan.review(" in page
    assert "GeoNames" in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=rider_station", [HOSTILE]),
        ("amenities=microwave&unknown=exclude", ["东大街驿站"]),
        ("region=630103", ["维权中心"]),
        ("near=101.55,36.6&within_m=2000", ["下午驿站", "装修驿站"]),
        ("q=维权", ["维权中心"]),
    ],
)
def test_filters_mean_what_they_mean_in_the_finder(client: FlaskClient, query: str, names: list[str]) -> None:
    assert rows(get(client, f"/embed?{query}")) == names


def test_one_station_is_shown_alone_and_one_that_is_not_there_is_said_to_be_gone(
    client: FlaskClient, codes: dict[str, str]
) -> None:
    page = get(client, f"/embed?station={codes['维权中心']}")
    assert rows(page) == ["维权中心"]
    gone = get(client, "/embed?station=99999999", 404)
    assert "这个站点不在公开的登记里" in gone
    assert "yizhan.review(" in gone


def test_the_link_to_the_full_map_carries_everything_along(client: FlaskClient) -> None:
    page = get(
        client,
        "/embed?kind=rider_station&amenities=toilet&open=now&region=6301&gap=1&distance_m=2000&lang=en"
        "&center=101.6,36.6&zoom=11&theme=dark&title=x",
    )
    link = next(attrs for tag, attrs in Elements(page).found if attrs.get("id") == "open-full")
    parts = urlsplit(link["href"])
    assert parts.path == "/map"
    assert parse_qs(parts.query) == {
        "kind": ["rider_station"], "amenities": ["toilet"], "open": ["now"], "region": ["630100"], "gap": ["1"],
        "distance_m": ["2000"], "lang": ["en"],
    }  # fmt: skip
    assert parts.fragment == "11/101.6/36.6"
    assert (link["target"], link["rel"]) == ("_blank", "noopener")


def test_every_link_leaves_the_frame(client: FlaskClient) -> None:
    links = [attrs for tag, attrs in Elements(get(client, "/embed?list=below")).found if tag == "a"]
    assert len(links) >= 6
    assert all(attrs["target"] == "_blank" and attrs["rel"] == "noopener" for attrs in links)


def test_a_theme_that_is_chosen_is_that_of_the_page(client: FlaskClient) -> None:
    auto, light, dark = (get(client, f"/embed?theme={theme}") for theme in ("auto", "light", "dark"))
    assert "data-theme" not in auto.split(">")[1]
    assert 'content="light dark"' in auto
    assert '<html lang="zh-Hans" data-theme="light">' in light
    assert 'content="light"' in light
    assert '<html lang="zh-Hans" data-theme="dark">' in dark
    assert "embed-dark.css" in dark
    assert "embed-dark.css" not in light


def test_the_dark_colours_are_those_of_the_dark_page() -> None:
    def colours(text: str) -> list[str]:
        return [line.strip() for line in text.splitlines() if re.match(r"\s+--[\w-]+:", line)]

    base = (STATIC / "css/base.css").read_text(encoding="utf-8")
    dark = base[base.index("@media (prefers-color-scheme: dark)") : base.index("/* Letters first")]
    assert colours(dark) == colours((STATIC / "css/embed-dark.css").read_text(encoding="utf-8")) != []


def test_only_what_the_wish_needs_is_loaded(client: FlaskClient) -> None:
    plain, full = get(client, "/embed"), get(client, "/embed?gap=1&locate=1")
    for script in ("js/gaps.js", "js/locate.js"):
        assert script not in plain
        assert script in full
    assert "yizhan.legend(" in plain
    assert "yizhan.legend(" not in get(client, "/embed?controls=zoom")


def test_the_chosen_language_is_the_page_s_and_else_the_browser_decides(client: FlaskClient) -> None:
    assert '<html lang="en">' in get(client, "/embed?lang=en")
    english = client.get("/embed", headers={"Accept-Language": "en"})
    assert '<html lang="en">' in english.text
    assert "Accept-Language" in english.headers["Vary"]
    assert '<html lang="zh-Hans">' in client.get("/embed?lang=zh", headers={"Accept-Language": "en"}).text


def test_what_was_not_read_is_told_to_the_embedder_s_console_as_data(client: FlaskClient) -> None:
    page = get(client, "/embed?theme=puce&src=x")
    told = json.loads(re.search(r'"told":(\[.*?\])', page)[1])  # type: ignore[index]
    assert told[0] == "src"
    assert "puce" in told[1]
    assert "puce" not in page.replace(json.dumps(told, ensure_ascii=False), "").split("yizhan.embed(")[0]


HOSTILE_QUERIES = [
    f"title={quote(HOSTILE)}",
    f"{quote(HOSTILE)}={quote(HOSTILE)}",
    f"theme={quote(HOSTILE)}",
    f"place={quote('</script><script>alert(1)</script>')}&near=101.5,36.6",
    f"lang={quote(HOSTILE)}",
    f"station={quote(HOSTILE)}",
    "src=https%3A%2F%2Fevil.example%2Fx.js&script=https%3A%2F%2Fevil.example%2Fx.js&css=//evil.example/x.css",
    f"q={quote(HOSTILE)}",
    "title=%7B%7B7*191%7D%7D%7B%25%20raw%20%25%7D%7B%23",
    "title=%ff%fe&kind=%00",
    "&".join(f"x{i}=1" for i in range(300)),
]


@pytest.mark.parametrize("query", HOSTILE_QUERIES, ids=range(len(HOSTILE_QUERIES)))
def test_what_the_address_says_is_neither_markup_nor_script_nor_template(
    client: FlaskClient, query: str
) -> None:
    page = get(client, f"/embed?{query}&controls=filters,open")
    elements = Elements(page).found
    plain = Elements(get(client, "/embed?controls=filters,open")).found
    assert [attrs.get("src") for tag, attrs in elements if tag == "script"] == [
        attrs.get("src") for tag, attrs in plain if tag == "script"
    ]
    assert "1337" not in page
    assert "alert(1)</" not in page
    outside = [
        value for _, attrs in elements for name, value in attrs.items() if name in {"src", "href", "action"}
        and urlsplit(value).netloc not in {"", "map.example.org"}
    ]  # fmt: skip
    assert outside == []


def test_a_forged_host_is_refused_or_stays_outside(make_client: Make) -> None:
    client = make_client(public_url=None)
    assert client.get("/embed", headers={"Host": 'evil.example"><script>'}).status_code == 400
    assert client.get("/embed", headers={"Host": "evil.example"}).status_code == 400
    named = make_client().get("/embed", headers={"Host": "evil.example"}).text
    assert "evil.example" not in named


def test_every_word_that_the_embed_s_scripts_ask_for_is_given() -> None:
    from flask import Flask

    app = Flask("words")
    init_app(app, default="zh")
    with app.test_request_context("/"):
        words = embed_words()
    own = [path for path in (*SCRIPTS, "js/gaps.js", "js/locate.js") if "vendor" not in path]
    text = "\n".join((STATIC / path).read_text(encoding="utf-8") for path in own)
    asked = set(re.findall(r'(?:say|tell)\(\s*"(\w+)"\s*[,)]', text))
    asked |= {key for pair in re.findall(r'(?:say|tell)\([^()]*\? "(\w+)" : "(\w+)"', text) for key in pair}
    assert len(asked) > 40
    assert asked - set(words) == set()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/map?kind=rider_station", "/map?kind=rider_station"),
        ("/s/{}", "/s/{}"),
        ("/embed?title=x", "/embed?v=1&title=x"),
    ],
)
def test_pages_that_can_be_embedded_say_where_their_code_is_to_be_had(
    client: FlaskClient, codes: dict[str, str], address: str, shown: str
) -> None:
    code = codes["下午驿站"]
    links = [
        attrs for tag, attrs in Elements(get(client, address.format(code))).found
        if tag == "link" and attrs.get("type", "").endswith("+oembed")
    ]  # fmt: skip
    assert [attrs["type"] for attrs in links] == ["application/json+oembed", "text/xml+oembed"]
    for attrs in links:
        parts = urlsplit(attrs["href"])
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://map.example.org/oembed"
        assert parse_qs(parts.query)["url"] == [f"https://map.example.org{shown.format(code)}"]
