"""The builder as an answer: its codes say what the form says, and hostile words stay words in each of them."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from embed_registry import HOSTILE, SITE, Make
from flask.testing import FlaskClient

pytest_plugins = ["embed_fixtures"]


def made(client: FlaskClient, query: str) -> Any:
    answer = client.get(f"/embed/builder.json?{query}", headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 200
    return answer.json


class Tags(HTMLParser):
    """The elements of a code and their attributes."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(code)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def asked(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


WISH = "kind=rider_station&region=6301&theme=dark&list=beside&controls=none&controls=zoom&map_lang=en&width=500&height=300"


def test_every_code_says_what_the_form_says(client: FlaskClient) -> None:
    body = made(client, WISH)
    codes = body["codes"]
    wish = {"v": ["1"], "kind": ["rider_station"], "region": ["630100"], "theme": ["dark"], "list": ["beside"],
            "controls": ["zoom"], "lang": ["en"]}  # fmt: skip
    ((tag, frame),) = Tags(codes["iframe"]).found
    assert tag == "iframe"
    assert asked(frame["src"]) == wish == asked(codes["address"]) == asked(asked(codes["oembed"])["url"][0])
    assert (frame["width"], frame["height"], frame["loading"]) == ("500", "300", "lazy")
    assert "allow" not in frame
    (_, link), (_, image) = Tags(codes["image"]).found
    assert asked(link["href"]) == {"kind": ["rider_station"], "region": ["630100"], "lang": ["en"]}
    assert asked(image["src"]) == wish | {"width": ["500"], "height": ["300"]}
    pieces = re.fullmatch(r"\[!\[.*\]\((\S+)\)\]\((\S+)\)", codes["markdown"])
    assert pieces is not None
    assert pieces.groups() == (image["src"], link["href"])
    for address in (frame["src"], codes["address"], codes["oembed"], link["href"], image["src"]):
        assert address.startswith(f"{SITE}/")
    assert body["told"] == []


def test_the_page_and_its_script_s_answer_say_the_same(client: FlaskClient) -> None:
    page = client.get(f"/embed/builder?{WISH}", headers={"Accept-Language": "zh-CN"}).text
    shown = dict(re.findall(r'<textarea id="code-(\w+)"[^>]*>([^<]*)</textarea>', page))
    assert {key: unescape(text) for key, text in shown.items()} == made(client, WISH)["codes"]


@pytest.mark.parametrize("title", [HOSTILE, "a](javascript:alert(1)) [x", '" onload="alert(1)', "`*_![<>"])
def test_a_hostile_title_is_words_in_every_code(client: FlaskClient, title: str) -> None:
    codes = made(client, f"title={quote(title)}")["codes"]
    ((_, frame),) = Tags(codes["iframe"]).found
    assert frame["title"] == title
    assert set(frame) == {"src", "title", "width", "height", "loading", "referrerpolicy", "style"}
    assert [tag for tag, _ in Tags(codes["image"]).found] == ["a", "img"]
    text = re.match(r"\[!\[((?:\\.|[^\\\]])*)\]\(", codes["markdown"])
    assert text is not None
    assert re.sub(r"\\(.)", r"\1", text[1]) == title
    assert "<script" not in codes["iframe"] + codes["image"] + codes["markdown"].replace("\\<", "")


@pytest.mark.parametrize(
    ("query", "size"),
    [("", ("100%", "480")), ("width=99999&height=1", ("100%", "480")), ("width=x&height=-3", ("100%", "480")), ("width=320&height=240", ("320", "240"))],
)  # fmt: skip
def test_a_size_out_of_bounds_is_the_usual_one(
    client: FlaskClient, query: str, size: tuple[str, str]
) -> None:
    ((_, frame),) = Tags(made(client, query)["codes"]["iframe"]).found
    assert (frame["width"], frame["height"]) == size


def test_what_is_not_known_is_told_in_the_reader_s_words_and_is_in_no_code(client: FlaskClient) -> None:
    body = made(client, "wrong=1&theme=puce&list=below")
    assert body["told"] == ["不认识参数 wrong，没有用它。", "参数 theme 的值“puce”看不懂，没有用它。"]
    assert "wrong" not in "".join(body["codes"].values())
    assert "puce" not in "".join(body["codes"].values())


def test_the_form_shows_what_the_address_says(client: FlaskClient) -> None:
    page = client.get(f"/embed/builder?{WISH}&q=x&within_m=2000&near=101.5,36.6").text
    fields = Tags(page).found
    checked = {(a["name"], a["value"]) for t, a in fields if t == "input" and "checked" in a}
    assert checked == {("kind", "rider_station"), ("controls", "zoom")}
    chosen = {a["value"] for t, a in fields if t == "option" and "selected" in a}
    assert {"630100", "dark", "beside", "en"} <= chosen
    values = {
        a["name"]: a["value"]
        for t, a in fields
        if t == "input" and a.get("type") in {None, "hidden"} and "name" in a
    }
    assert (values["q"], values["near"], values["within_m"], values["width"]) == (
        "x",
        "101.5,36.6",
        "2000",
        "500",
    )


def test_the_page_shows_one_frame_of_ours_and_may_not_be_framed_itself(client: FlaskClient) -> None:
    policy = client.get("/embed/builder").headers["Content-Security-Policy"]
    assert "frame-src 'self'" in policy
    assert policy.endswith("frame-ancestors 'none'")
    assert "frame-src" not in client.get("/map").headers["Content-Security-Policy"]


def test_an_operator_who_names_sites_keeps_the_preview_and_one_who_names_none_is_told(
    make_client: Make,
) -> None:
    named = make_client(embed_ancestors="https://news.example.cn")
    assert (
        "frame-ancestors 'self' https://news.example.cn"
        in named.get("/embed").headers["Content-Security-Policy"]
    )
    assert "没有开放嵌入" not in named.get("/embed/builder?lang=zh").text
    assert "没有开放嵌入" in make_client(embed_ancestors="none").get("/embed/builder?lang=zh").text


def test_the_qr_code_is_a_picture_for_print(client: FlaskClient) -> None:
    answer = client.get("/embed/code.svg?kind=rider_station&title=%3Cscript%3E")
    assert answer.content_type.startswith("image/svg+xml")
    assert "<script" not in answer.text
    assert answer.data != client.get("/embed/code.svg").data
