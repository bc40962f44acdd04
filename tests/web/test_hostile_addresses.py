"""What strangers write into an address is given back in bounds, by every door."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from ogc_fixtures import client

__all__ = ["client"]

LONG = "n" * 50_000
PLACES = (
    "/api/v1/stations",
    "/ogc/collections/stations/items",
    "/ogc/tiles/WebMercatorQuad/0/0/0",
    "/download/stations.csv",
    "/download/changes.ndjson?since=0",
)


def more(address: str, query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{query}"


@pytest.mark.parametrize("address", PLACES)
def test_a_name_of_many_letters_is_quoted_and_not_given_back(client: FlaskClient, address: str) -> None:
    answer = client.get(more(address, f"{LONG}=1"))
    assert answer.status_code == 400
    assert len(answer.data) < 20_000
    assert answer.get_json()["errors"][0]["parameter"].startswith("nnn")


@pytest.mark.parametrize("address", PLACES)
def test_of_thousands_of_wrong_names_the_first_are_told_and_the_rest_counted(
    client: FlaskClient, address: str
) -> None:
    answer = client.get(more(address, "&".join(f"wrong{at}=1" for at in range(3_000))))
    assert answer.status_code == 400
    assert len(answer.data) < 40_000
    told = answer.get_json()
    assert [error["parameter"] for error in told["errors"]] == [f"wrong{at}" for at in range(20)]


@pytest.mark.parametrize(
    "path", ["/ogc/collections/", "/ogc/collections/stations/items/", "/s/", "/download/stations."]
)
def test_an_address_of_many_letters_is_quoted_and_not_given_back(client: FlaskClient, path: str) -> None:
    answer = client.get(path + LONG)
    assert answer.status_code == 404
    assert len(answer.data) < 20_000


def test_a_picture_that_cannot_be_is_refused_as_programs_read_it(client: FlaskClient) -> None:
    answer = client.get("/static-map.png?width=1", headers={"Accept": "image/*"})
    assert answer.status_code == 400
    assert answer.content_type.startswith("application/problem+json")
    assert "width '1'" in answer.get_json()["detail"]
