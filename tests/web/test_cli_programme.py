"""``yizhan programme``: added, filled, counted and ended at the prompt, with a status that a script can read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from stations.models import CoverageRun, Programme
from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from tests.web.planner_fixtures import add_people
from web.cli import main

Run = Callable[..., tuple[int, str, str]]
ADD = ("add", "P-1", "十个驿站", "--target", "10", "--tagged", "--year", "2026", "--region", "630200")


@pytest.fixture(scope="module")
def address(new_database: Callable[[], str]) -> str:
    """A registry with two stations in 民和 and one in 西宁."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        add_people(session)
        with acting(session, operator, reason="stations"):
            for name, region, state in (
                ("川口驿站", "630222", "open"), ("北山驿站", "630222", "planned"), ("城东驿站", "630102", "open"),
            ):  # fmt: skip
                made = add(
                    session, names={"zh": name}, kind="rider_station", region_code=region, lifecycle=state
                )
                made.location = "SRID=4326;POINT(102.1 36.61)" if region == "630222" else None  # type: ignore[assignment]
        session.commit()
    engine.dispose()
    return url


@pytest.fixture
def run(address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for name in [name for name in os.environ if name.startswith("YIZHAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("YIZHAN_DATABASE_URL", address)
    monkeypatch.setenv("YIZHAN_CLOCK", "2026-07-01T12:00:00+08:00")

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_a_programme_from_its_first_word_to_its_end(run: Run, tmp_path: Path) -> None:
    status, out, _ = run(
        "programme", *ADD, "--part", "630222=6", "--first", "630222=2=地震受灾县", "--budget", "500,000",
        "--kind", "rider_station", "--due", "2026-12-31",
    )  # fmt: skip
    assert (status, out) == (0, "Programme P-1 was added.\n")

    status, out, _ = run("programme", "bind", "P-1", "region=630000&lifecycle=open,planned", "--dry-run")
    assert (status, out) == (0, "2 new\n1 outside region\n1 other kind\n")
    assert run("programme", "bind", "P-1", "region=630222&kind=rider_station&lifecycle=open,planned")[:2] == (
        0,
        "2 new\n",
    )
    assert run("programme", "bind", "P-1", "--station", "NOPE")[:2] == (1, "1 unknown\n")

    body = json.loads(run("programme", "show", "P-1", "--json")[1])
    assert body["total"]["count"] == {
        "planned": 1,
        "building": 0,
        "open": 1,
        "suspended": 0,
        "late": 0,
        "undated": 1,
    }
    assert (body["reckoned"], body["unallotted"], body["first"][0]["weight"]) == ("linear", 4, 2.0)
    shown = run("programme", "show", "P-1", "--level", "county")[1]
    assert "民和回族土族自治县" in shown
    assert "First: 民和回族土族自治县 × 2, 地震受灾县." in shown
    assert "behind" in run("programme", "list")[1]

    towns = tmp_path / "乡镇.csv"
    towns.write_text("乡镇名称,区县\n川口镇,民和县\n北山乡,民和县\n川口镇,城东区\n", "utf-8")
    status, out, _ = run("programme", "townships", "P-1", "--list", str(towns))
    assert (status, "3 rows read, 2 taken." in out, "outside_programme" in out) == (0, True, True)
    points = tmp_path / "点.csv"
    points.write_text("name,lon,lat\n川口,102.1,36.6\n", "utf-8")
    assert run("programme", "townships", "P-1", "--points", str(points))[0] == 2
    out = run("programme", "townships", "P-1", "--points", str(points), "--datum", "wgs84")[1]
    assert "2 townships: 1 open, 0 suspended, 0 building, 0 planned, 0 none, 1 unknown." in out

    status, _, err = run("programme", "close", "P-1", "--reason", "经费用完")
    assert (status, "9 open items" in err) == (1, True)
    assert run("programme", "close", "P-1", "--reason", "经费用完", "--insist")[0] == 0
    assert run("programme", "close", "P-1", "--reason", "又有了", "--reopen")[0] == 0


@pytest.mark.parametrize(
    ("more", "status", "told"),
    [
        (("--target", "0"), 1, "a target is 1"),
        (("--year", "1990"), 1, "a year from 2000"),
        (("--region", "990000"), 1, "'990000' is not in this registry"),
        (("--part", "630222"), 2, "write a region and a number"),
        (("--part", "630222=1", "--part", "630222=2"), 2, "each region once"),
        (("--first", "630222=2"), 2, "a weight and why"),
        (("--budget", "viel"), 2, "no amount of yuan"),
        (("--starts", "2027-01-01"), 1, "before it starts"),
    ],
)
def test_a_wrong_word_is_told_and_nothing_is_written(
    run: Run, address: str, more: tuple[str, ...], status: int, told: str
) -> None:
    given = list(ADD)
    given[1] = "WRONG"
    found, _, err = run("programme", *given, *more)
    assert (found, told in err) == (status, True), err
    engine = create_engine(address)
    with Session(engine) as session:
        assert session.query(Programme).filter_by(code="WRONG").all() == []
    engine.dispose()


def test_a_run_counts_the_kinds_of_a_programme(run: Run, address: str) -> None:
    run(
        "programme",
        "add",
        "KINDS",
        "x",
        "--target",
        "5",
        "--year",
        "2026",
        "--region",
        "630000",
        "--kind",
        "rider_station",
    )
    status, _, _ = run("coverage", "run", "--programme", "kinds", "--keep", "按方案")
    assert status == 0
    engine = create_engine(address)
    with Session(engine) as session:
        [kept] = session.query(CoverageRun).all()
        assert "kind=rider_station" in kept.question["serving"]
    engine.dispose()
    assert run("coverage", "run", "kind=union_station", "--programme", "KINDS")[0] == 2
    assert run("coverage", "run", "--programme", "NOPE")[0] == 1
