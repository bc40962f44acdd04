"""The documents give addresses to copy: each of them is answered as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from ogc_fixtures import client

__all__ = ["client"]

ROOT = Path(__file__).resolve().parents[2]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SITES = r"(?:http://127\.0\.0\.1:8000|https://map\.example\.org)"
ADDRESS = re.compile(rf"{SITES}(/(?:ogc|api|download|embed|oembed|static-map|map)\b[^\s'\"`)|…]*)")


def addresses() -> list[str]:
    """Return the addresses of the open doors in the documents; not those with a place holder in capitals."""
    found = {path for file in DOCS for path in ADDRESS.findall(file.read_text(encoding="utf-8"))}
    return sorted(path for path in found if not re.search(r"[A-Z]{3,}|\{", path))


def test_the_documents_give_addresses_of_every_door() -> None:
    doors = {path.split("/")[1].split("?")[0].split(".")[0] for path in addresses()}
    assert {"api", "download", "embed", "ogc"} <= doors


@pytest.mark.parametrize("path", addresses())
def test_an_address_that_the_documents_give_is_answered(client: FlaskClient, path: str) -> None:
    answer = client.get(path, buffered=True)
    assert answer.status_code == 200, answer.text
