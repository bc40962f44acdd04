"""``yizhan checklist`` and ``yizhan honours``: out as a file, changed, in again; given and taken back at the prompt."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from web.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def code_and_url(new_database: Callable[[], str]) -> tuple[str, str]:
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="a station"):
            code = add(session, names={"zh": "川口驿站"}, kind="union_station", region_code="630222").code
    engine.dispose()
    return code, url


@pytest.fixture
def run(
    code_and_url: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    for name in [name for name in os.environ if name.startswith("YIZHAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("YIZHAN_DATABASE_URL", code_and_url[1])
    monkeypatch.setenv("YIZHAN_CLOCK", "2026-07-01T12:00:00+08:00")

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_a_checklist_goes_out_as_a_file_and_comes_in_as_the_next_version(run: Run, tmp_path: Path) -> None:
    assert "qinghai-six-haves" in run("checklist", "list")[1]
    assert run("checklist", "import", "qinghai-six-haves")[0] == 0
    assert run("checklist", "import", "qinghai-six-haves")[0] == 0
    text = run("checklist", "export", "qinghai-six-haves")[1]
    file = tmp_path / "next.toml"
    file.write_text(text.replace("review_months = 12", "review_months = 6"), encoding="utf-8")
    status, _, told = run("checklist", "import", str(file))
    assert (status, "give the changed one version 2" in told) == (1, True)
    file.write_text(text.replace("version = 1\n", "version = 2\n"), encoding="utf-8")
    assert "version 2 of qinghai-six-haves is published" in run("checklist", "import", str(file))[1]
    assert "有统一标识名称" in run("checklist", "show", "qinghai-six-haves", "--version", "1")[1]
    broken = text.replace("score = 10\n", "", 1).replace('code = "sign-name"', 'code = "sign-outside"')
    file.write_text(broken, encoding="utf-8")
    status, _, told = run("checklist", "import", str(file))
    assert status == 1
    assert "a check needs a score" in told
    assert "stands 2 times" in told
    assert run("checklist", "import", "nowhere.toml")[0] == 1
    assert run("checklist", "export", "star-scheme", "--form", "json")[1].startswith("{")


def test_an_honour_is_given_and_taken_back_at_the_prompt(run: Run, code_and_url: tuple[str, str]) -> None:
    status, out, _ = run(
        "honours", "give", "最美驿站", "--level", "county", "--year", "2025", "--station", code_and_url[0]
    )
    assert status == 0
    number = re.findall(r"\d+", out)[0]
    assert "川口驿站" in run("honours", "list", "--region", "630222")[1]
    assert run("honours", "revoke", number, "--reason", "多次关门")[0] == 0
    assert run("honours", "revoke", number, "--reason", "多次关门")[0] == 1
    assert "revoked 2026-07-01: 多次关门" in run("honours", "list")[1]
    assert "最美驿站" not in run("honours", "list", "--standing")[1]
    assert run("honours", "give", "最美", "--level", "county", "--year", "2025")[0] == 1
