"""``yizhan coverage``: measured, kept, compared and published at the prompt, each with what it stands on."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from stations.hours import Hours
from stations.models import Place, Region
from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from web.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def address(new_database: Callable[[], str]) -> str:
    """Two counties with a thousand people each; one has a station that is open by day."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="people and a station"):
            for code, lon in (("630102", 101.5), ("630222", 102.1)):
                region = session.get(Region, code)
                assert region is not None
                region.population = 1_000
                session.add(
                    Place(
                        source="test", source_id=code, names={"zh": code}, region_code=code, credit="test",
                        location=f"SRID=4326;POINT({lon} 36.6)",
                    )
                )  # fmt: skip
            door = add(session, names={"zh": "驿站"}, kind="union_station", hours=Hours("Mo-Su 08:00-20:00"))
            door.location = "SRID=4326;POINT(102.1 36.6)"  # type: ignore[assignment]
        session.commit()
    engine.dispose()
    return url


@pytest.fixture
def run(address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        for name in [name for name in os.environ if name.startswith("YIZHAN_") and "TEST" not in name]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("YIZHAN_DATABASE_URL", address)
        monkeypatch.setenv("YIZHAN_CLOCK", "2026-07-01T12:00+08:00")
        status = main(("coverage", *words))
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def test_a_run_tells_counties_gaps_and_what_it_stands_on(run: Run) -> None:
    status, out, err = run("run")
    assert status == 0
    assert re.search(r"630222 民和回族土族自治县 +1,000 +.*100%", out)
    assert re.search(r"630102 城东区 +1,000 +101\.\d+, 36\.\d+", out)
    assert "50.0% of 2,000 people within 15 minutes of 1 stations" in out
    assert "估算（直线×系数）" in out
    assert "census 2020, estimated, coarse (估算)" in out
    assert "Laying the demand on cells" in err


def test_the_clock_shows_when_the_doors_are_shut(run: Run) -> None:
    status, out, _ = run("run", "--round-the-clock", "--json")
    assert status == 0
    found = json.loads(out)
    assert [hour["stations"] for hour in found["hours"]] == [0] * 8 + [1] * 12 + [0] * 4
    assert found["question"]["at"] == "2026-07-01T12:00+08:00"
    night = json.loads(run("run", "--at", "2026-07-01T23:00", "--json")[1])
    assert night["summary"]["share_main"] == 0
    assert night["summary"]["worst_tenth_from_s"] is None


def test_runs_are_kept_compared_and_published(run: Run) -> None:
    assert "Kept as run 1." in run("run", "--keep", "白天")[2]
    assert "Kept as run 2." in run("run", "--at", "2026-07-01T23:00", "--keep", "夜里")[2]
    status, out, _ = run("compare", "1", "2")
    assert status == 0
    assert re.search(r"630222 民和回族土族自治县 +1,000 +0 +-1,000", out)
    assert "Asked differently: at" in out
    assert run("publish", "1")[1] == "Run 1 is public.\n"
    assert re.search(r"1 +白天 .*50\.0% in 15 min +public", run("list")[1])


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("run", "--limits", "15,5", "--main", "5"), 1, "ascending"),
        (("run", "--limits", "soon"), 2, "5,10,15,30"),
        (("run", "--region", "999999"), 1, "999999"),
        (("run", "colour=red"), 1, "colour"),
        (("publish", "77"), 1, "no run of coverage 77"),
        (("compare", "1", "99"), 1, "no run of coverage"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    run: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    found, out, err = run(*words)
    assert found == status
    assert out == ""
    assert told in err
