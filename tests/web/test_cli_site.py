"""``yizhan site``: sites proposed, kept, listed and shown at the prompt, each with how sure it is."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from stations.registry.writing import OPERATOR, actor_id
from tests.conftest import fill_squares
from tests.stations.programme_helpers import fresh, put
from tests.stations.siting_registry import fill
from web.cli import main
from web.cli.site_words import standing

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def address(new_database: Callable[[], str]) -> str:
    """Five places with people, one station, and a programme that has 乐都区 first."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        fill(session, operator)
        fresh(session)
        from stations.planning.programmes import PriorityArea

        put(session, "P1", areas=(PriorityArea("630202", 5.0, "震后"),))
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
        status = main(("site", *words))
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def test_sites_are_proposed_best_first_with_the_nearest_station_and_how_sure_that_is(run: Run) -> None:
    status, out, err = run("propose", "--count", "2", "--size-m", "500")
    assert status == 0
    assert re.search(
        r"1 +戊 +place-\d+ +630222 民和回族土族自治县 +102\.1000, 36\.6000 +4,000 +4,000 +东站 +\d+", out
    )
    assert re.search(r"2 +丙 .* 3,000 +7,000 +东站", out)
    assert "Optimal: by the solver's claim no plan reaches more (bound 7,000)." in out
    assert (
        "7,000 people newly within 15 minutes of a station: 12,000 of 15,000 then (80.0%), 5,000 before."
        in out
    )
    assert "估算（直线×系数）" in out
    assert "census 2020, estimated, coarse (估算)" in out
    assert err.splitlines()[0] == "Laying the demand on cells …"


def test_everybody_is_reached_by_the_fewest_sites(run: Run) -> None:
    status, out, _ = run("propose", "--everybody", "--size-m", "500")
    assert status == 0
    assert "Optimal: by the solver's claim no plan costs less (bound 4)." in out
    assert "15,000 of 15,000 then (100.0%)" in out


def test_a_programme_brings_its_priority_areas_and_what_is_said_here_goes_before_them(run: Run) -> None:
    asked = ("propose", "--count", "1", "--size-m", "500", "--programme", "P1", "--json")
    status, out, _ = run(*asked)
    assert status == 0
    assert [site["name"] for site in json.loads(out)["sites"]] == ["丁"]
    _, out, _ = run(*asked, "--priority", "630202=1")
    assert [site["name"] for site in json.loads(out)["sites"]] == ["戊"]


def test_a_budget_buys_sites_and_a_person_has_a_price(run: Run) -> None:
    status, out, _ = run("propose", "--budget", "10", "--cost", "5", "--size-m", "500")
    assert status == 0
    assert "The sites cost 10, 0.001429 for each person newly reached." in out


def test_the_factors_of_layers_are_told_with_what_a_plan_stands_on(run: Run) -> None:
    status, out, _ = run("propose", "--count", "1", "--size-m", "500", "--layer", "census=0.5")
    assert status == 0
    assert "2,000 people newly within 15 minutes" in out
    assert "(census × 0.5)." in out


def test_the_hours_of_a_day_are_told_when_asked_for(run: Run) -> None:
    status, out, _ = run(
        "propose", "--count", "1", "--size-m", "500", "--round-the-clock", "--region", "630222"
    )
    assert status == 0
    assert "At 03:00 0 stations are open and reach 0 people; the plan, open at that hour, 4,000 more." in out
    assert "At 12:00 1 stations are open and reach 0 people" in out


def test_a_plan_that_is_kept_is_listed_and_shown_as_it_was_told(run: Run) -> None:
    status, told, err = run("propose", "--count", "1", "--size-m", "500", "--keep", "一个")
    assert status == 0
    found = re.search(r"Kept as plan (\d+)\.", err)
    assert found is not None
    number = found[1]
    _, out, _ = run("list")
    assert re.search(rf"{number} +一个 .* optimal +1 +4,000", out)
    status, out, _ = run("show", number)
    assert status == 0
    assert out == f"Plan {number}: 一个\n{told}"
    _, out, _ = run("show", number, "--json")
    shown = json.loads(out)
    assert (shown["status"], shown["title"], shown["sites"][0]["name"]) == ("optimal", "一个", "戊")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "how many sites, or for how much money? give a count or a budget"),
        (("--count", "9"), "9 sites are asked for and there are 5 candidates"),
        (("--count", "1", "--candidates", "planned"), "no planned station with a position lies there"),
        (("--count", "1", "--candidate-layer", "没有"), "there is no layer of demand called '没有'"),
        (("--count", "1", "--must", "x"), "must: there is no candidate 'x'"),
        (("--count", "1", "--region", "999999"), "999999"),
        (("--count", "1", "--floor", "630202=7"), "630202 乐都区 shall get 7 and has 1 candidates"),
        (("--budget", "1", "--cost", "5"), "the budget 1 is below the cheapest candidate: give 5 or more"),
        (("--count", "1", "--region", "630102", "--layer", "census=0"), "nobody lives where"),
    ],
)
def test_what_cannot_be_asked_ends_with_one_sentence(run: Run, words: tuple[str, ...], sentence: str) -> None:
    status, out, err = run("propose", "--size-m", "500", *words)
    assert (status, out) == (1, "")
    assert sentence in err.splitlines()[-1]


def test_a_plan_that_is_not_there_is_named(run: Run) -> None:
    assert run("show", "4711")[::2] == (1, "there is no plan of sites 4711\n")


@pytest.mark.parametrize("words", [("--priority", "630202"), ("--floor", "630202=1.5"), ("--cost-of", "x=y")])
def test_an_option_of_a_name_and_a_number_says_how_it_is_written(run: Run, words: tuple[str, ...]) -> None:
    status, _, err = run("propose", "--count", "1", *words)
    assert status == 2
    assert "write a name and a number, such as 630222=2" in err


SUMMARY = {
    "people": 10.0, "before": 1.0, "newly": 4.0, "after": 5.0, "beyond": 0.0, "sites": 1.0, "cost": None,
    "cost_per_person": None, "objective": 4.0, "bound": 5.0, "gap": 0.2,
}  # fmt: skip
BASIS = {
    "stations": 1, "candidates": 5, "candidates_found": 9, "cells": 7, "estimated_ways": False, "ways": "OSM",
    "streets_date": None, "demand": "people", "estimated_demand": False,
}  # fmt: skip
PLAN = {
    "status": "stopped", "reason": None, "relaxation": None, "sites": [{"order": 1}], "hours": [], "summary": SUMMARY,
    "basis": BASIS, "question": {"problem": "maximal", "reach": {"main_min": 15}},
}  # fmt: skip


def test_a_search_that_was_stopped_is_never_called_best() -> None:
    told = standing(PLAN)
    assert told.startswith(
        "Stopped before a proof: by the solver's claim none reaches more than 5; this plan is at 4, 20 % away at most."
    )
    assert "Optimal" not in told
    assert "5 candidates, of 9 those where most people are" in told


def test_a_gap_that_was_allowed_and_a_search_without_a_bound_are_told_apart() -> None:
    assert standing(PLAN | {"status": "gap"}).startswith("Within the gap that was allowed:")
    nothing = standing(PLAN | {"summary": SUMMARY | {"bound": None, "gap": None}})
    assert nothing.startswith(
        "Stopped before a proof: no bound; this plan is at 4, how far it may be from the best is not known."
    )


def test_where_there_is_no_plan_the_reason_and_what_would_help_are_told() -> None:
    told = standing(
        PLAN | {"status": "infeasible", "sites": [], "reason": "too close", "relaxation": "wider"}
    )
    assert told.startswith("There is no such plan: too close. What would help: wider.")
    told = standing(PLAN | {"sites": [], "reason": "no plan was found in the time given"})
    assert told.startswith("Stopped: no plan was found in the time given.")


HOSTS = (
    "编号,名称,经度,纬度,依托单位,是否同意,造价(万元)\n"
    "A1,川口大厅,102.1,36.6,邮政局,同意,5\nA2,碾伯支行,101.9,36.6,,也许,3\nA3,没有位置,,,,,\n"
)


def kept(run: Run, *words: str) -> str:
    """Keep a plan and return its number."""
    status, _, err = run("propose", "--size-m", "500", *words)
    assert status == 0, err
    found = re.search(r"Kept as plan (\d+)\.", err)
    assert found is not None
    return found[1]


def test_a_file_of_candidates_is_kept_once_and_its_sites_go_all_the_way_to_planned_stations(
    run: Run, tmp_path: Path
) -> None:
    hosts = tmp_path / "社区.csv"
    hosts.write_text(HOSTS, encoding="utf-8")
    number = kept(
        run,
        "--count",
        "1",
        "--candidates",
        str(hosts),
        "--datum",
        "wgs84",
        "--round-the-clock",
        "--keep",
        "名单",
    )
    again = kept(run, "--count", "2", "--candidate-list", "社区", "--cost", "1", "--keep", "两个")
    _, out, _ = run("candidates", "list")
    assert re.search(r"社区 +2 +– +社区\.csv", out)
    _, out, _ = run("dossier", number)
    assert "依托单位 邮政局 · 意向 同意 · 造价 50,000" in out
    assert re.search(r"nearest station 东站 \(\w+\), [\d,]+ minutes, use not counted", out)
    assert "by hour: 4,000 4,000" in out
    assert "runner-up 碾伯支行 (A2): -2,000 people in its place" in out
    assert "That no plan is better than the bound is the solver's claim" in out
    _, out, _ = run("compare", number, again)
    assert f"Sites at the same place: 1; only in plan {number}: 0; only in plan {again}: 1." in out
    assert "4,000 people are newly reached by both, 0 by plan" in out
    assert "Asked differently: count: 1 / 2" in out
    status, out, err = run("adopt", number, "P1", "--all")
    assert (status, re.search(r"A1 +\S+ +川口大厅 +P1", out) is not None) == (0, True), err
    status, _, err = run("adopt", number, "P1", "A1")
    assert status == 1
    assert re.search(r"site A1 of plan \d+ is the station \S+ \(川口大厅\) of programme P1 already", err)
    for form in ("xlsx", "geojson"):
        status, _, err = run("export", number, str(tmp_path / f"sites.{form}"))
        assert (status, f"Sites written to {tmp_path}/sites.{form}: 1." in err) == (0, True)
    assert "川口大厅" in (tmp_path / "sites.geojson").read_text(encoding="utf-8")
    assert run("candidates", "remove", "社区")[0] == 0
    status, _, err = run("propose", "--count", "1", "--candidate-list", "社区")
    assert (status, "there is no list of candidates '社区'" in err) == (1, True)


def test_a_kept_plan_tells_its_curve_and_what_moving_a_site_loses_and_is_renamed_and_removed(
    run: Run,
) -> None:
    number = kept(run, "--count", "2", "--alternatives", "1", "--runs", "2", "--keep", "曲线")
    _, out, _ = run("curve", number)
    assert re.search(r"^ *1 +4,000 +4,000 +4,000 +0\.00% +optimal$", out, re.MULTILINE)
    assert re.search(r"^ *2 +7,000 +7,000 +7,000 +0\.00% +optimal$", out, re.MULTILINE)
    _, out, _ = run("show", number)
    assert "Alternative 1 (optimal): 6,000 people newly reached; sites shared: 1, others: 丁." in out
    assert "With demand that strays by 20% (2 runs, 2 proven) this plan stays" in out
    key = re.search(r"戊 +(place-\d+)", out)
    assert key is not None
    _, out, _ = run("loss", number, key[1], "--to", "101.9,36.6")
    assert "10,000 people within the limit, -2,000; 4,000 lose their station, 2,000 gain one." in out
    _, out, _ = run("loss", number, key[1])
    assert "left out: 8,000 people within the limit, -4,000" in out
    assert run("rename", number, "--title", "新名", "--note", "给主席看")[0] == 0
    assert f"Plan {number}: 新名 (给主席看)" in run("show", number)[1]
    assert run("remove", number)[0] == 0
    assert run("show", number)[2] == f"there is no plan of sites {number}\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("--problem", "median", "--beyond-min", "60"),
            "Optimal: by the solver's claim no plan takes all people",
        ),
        (
            ("--problem", "centre", "--beyond-min", "600"),
            "Optimal: by the solver's claim no plan has a shorter longest",
        ),
        (("--problem", "backup", "--once", "0.5"), "Optimal: by the solver's claim no plan counts more"),
        (("--problem", "capacitated", "--holds", "2500"), "people have room"),
    ],
)
def test_every_problem_is_told_in_its_own_words(run: Run, words: tuple[str, ...], sentence: str) -> None:
    status, out, err = run("propose", "--count", "2", "--size-m", "500", *words)
    assert (status, sentence in out) == (0, True), out + err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("propose", "--count", "1", "--problem", "median", "--everybody"),
            "--everybody belongs to least and backup",
        ),
        (("propose", "--count", "1", "--candidates", "nowhere.csv"), "there is no such file"),
        (
            ("propose", "--count", "1", "--candidates", "cells", "--candidate-list", "x"),
            "Say one of --candidates",
        ),
        (("export", "1", "sites.pdf"), "end the name with .gpkg"),
        (("adopt", "1", "P1"), "Name sites, or say --all."),
        (("rename", "1"), "Give --title or --note."),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    run: Run, words: tuple[str, ...], sentence: str
) -> None:
    status, _, err = run(*words)
    assert (status, sentence in err) == (2, True)
