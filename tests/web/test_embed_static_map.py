"""The map as a picture: what it shows, its size, its tag, and what it refuses."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
from embed_registry import Make
from flask.testing import FlaskClient
from PIL import Image

pytest_plugins = ["embed_fixtures"]


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own answer, which must be well formed


def svg(client: FlaskClient, query: str = "") -> str:
    answer = client.get(f"/static-map.svg?{query}", headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 200, answer.text[:300]
    assert answer.content_type.startswith("image/svg+xml")
    return answer.text


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("", (1200, 630)),
        ("width=300&height=200&scale=1", (300, 200)),
        ("width=64&height=2048&scale=3", (192, 6144)),
    ],
)
def test_a_png_has_the_size_that_was_asked_for(
    client: FlaskClient, query: str, size: tuple[int, int]
) -> None:
    answer = client.get(f"/static-map.png?{query}")
    assert answer.content_type == "image/png"
    assert Image.open(io.BytesIO(answer.data)).size == size


@pytest.mark.parametrize(
    ("query", "named"),
    [("width=63", "width"), ("width=2049", "width"), ("height=0", "height"), ("scale=4", "scale"), ("width=1e3", "width"),
     ("width=-300", "width"), ("width=2048&height=2048&scale=3", "2048×2048"), ("bbox=1,2,3,4&width=x", "width"),
     ("height=99999999999999999999", "height")],
)  # fmt: skip
def test_a_size_out_of_bounds_is_refused_by_its_name(client: FlaskClient, query: str, named: str) -> None:
    answer = client.get(f"/static-map.png?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert named in answer.json["detail"]  # type: ignore[index]


def test_the_same_address_is_the_same_bytes_from_another_process_too(make_client: Make) -> None:
    query = "kind=union_station&width=320&height=200&theme=dark"
    first, second = (make_client().get(f"/static-map.png?{query}") for _ in range(2))
    assert first.data == second.data
    assert first.headers["ETag"] == second.headers["ETag"]
    assert "public" in first.headers["Cache-Control"]


def test_who_has_the_picture_already_is_told_so_and_another_wish_is_another_picture(
    client: FlaskClient,
) -> None:
    first = client.get("/static-map.png?width=200&height=120")
    again = client.get(
        "/static-map.png?width=200&height=120", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    for other in ("theme=dark", "kind=rider_station", "center=101.5,36.6&zoom=9", "lang=en", "fit=all"):
        assert (
            client.get(f"/static-map.png?width=200&height=120&{other}").headers["ETag"]
            != first.headers["ETag"]
        ), other


def test_every_picture_has_its_review_mark_and_its_sources(make_client: Make) -> None:
    plain = svg(make_client())
    assert "演示底图，未送审" in plain
    assert "天地图" in plain
    own = svg(make_client(review_number="青S（2026）001号", base_map="osm"))
    assert "青S（2026）001号" in own
    assert "OpenStreetMap" not in own  # which is no part of it


def pins(text: str) -> int:
    return len(re.findall(r'<circle [^>]*r="5(?:\.0)?"', text))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 5),
        ("kind=rider_station", 1),
        ("region=630103", 1),
        ("q=%E7%BB%B4%E6%9D%83", 1),
        ("kind=care_clinic", 0),
    ],
)
def test_it_shows_the_stations_that_the_filters_leave(client: FlaskClient, query: str, count: int) -> None:
    assert pins(svg(client, query)) == count


def test_one_station_is_shown_alone_and_one_without_a_place_has_no_picture(
    client: FlaskClient, codes: dict[str, str]
) -> None:
    assert pins(svg(client, f"station={codes['维权中心']}")) == 1
    assert client.get(f"/static-map.svg?station={codes['未定位驿站']}").status_code == 404
    assert client.get("/static-map.svg?station=99999999").status_code == 404


def test_hostile_words_stay_words_and_the_picture_is_well_formed(client: FlaskClient) -> None:
    text = svg(client, "title=%3Cscript%3Ealert(1)%3C/script%3E%22&q=%3Cscript%3E&center=101.5,36.6&zoom=9")
    root = parsed(text)
    assert [node.tag for node in root.iter() if node.tag.endswith("script")] == []


def test_a_box_over_the_antimeridian_asks_for_nothing_that_cannot_be_drawn(client: FlaskClient) -> None:
    assert client.get("/static-map.svg?bbox=170,-10,-170,10").status_code == 200


def test_many_stations_are_dots_and_a_few_are_pins() -> None:
    from web.maps.picture import Dot, Ground, PictureSpec, render

    spec = PictureSpec(review="r", credits=("c",), width=200, height=200, scale=1, center=(101.5, 36.6), zoom=9, form="svg",
                       dots=tuple(Dot(101.5 + i * 1e-4, 36.6, "square") for i in range(500)))  # fmt: skip
    drawn = render(spec, Ground((), (), ())).decode()
    assert len(re.findall(r'<circle [^>]*r="4(?:\.0)?"', drawn)) in {
        5,
        6,
    }  # 500 stations within eighteen pixels


def test_no_station_lies_over_the_review_mark() -> None:
    from web.maps.picture import Dot, Ground, PictureSpec, Pin, render

    spec = PictureSpec(review="the mark", credits=("c",), width=200, height=200, scale=1, center=(101.5, 36.6), zoom=9, form="svg",
                       pins=(Pin(101.3, 36.4),), dots=(Dot(101.3, 36.4),))  # fmt: skip
    drawn = render(spec, Ground((), (), ())).decode()
    assert drawn.rindex("<circle") < drawn.index("the mark")
