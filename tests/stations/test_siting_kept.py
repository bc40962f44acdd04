"""What is done with a plan that is kept: a site moved, a plan compared, written, laid out and turned into planned stations."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
from pyproj import CRS, Transformer
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from geo.passing import Mode
from geo.streets import Network
from stations.editing.checks import BadFields
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import SHANGHAI
from stations.models import Organisation, Partner, Programme, SitingAdoption, SitingPlan, Station
from stations.planning import CoverageQuestion, programmes
from stations.planning.programme_progress import progress
from stations.planning.siting import Offer, Problem, SitingQuestion, Source, plans, propose
from stations.planning.siting.adopting import adopted, plan_of_station, to_programme
from stations.planning.siting.comparing import compare
from stations.planning.siting.dossier import of_plan, of_site
from stations.planning.siting.exporting import FORMS, write_sites
from stations.planning.siting.losing import loss
from stations.planning.ways import Estimated, OnStreets, Ways
from stations.registry.registry import withdraw
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from tests.stations.programme_helpers import fresh, planner, put, station
from tests.stations.siting_registry import fill

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
REACH = CoverageQuestion(size_m=500.0, at=NOON, around_the_clock=True)
FAR = CoverageQuestion(size_m=500.0, limits_min=(15, 240, 600), main_min=240)
Keep = Callable[..., SitingPlan]


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Any]:
    engine = create_engine(new_database())
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        fill(session, operator)
        fresh(session)
        put(session, "P1")
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def registry(engine: Any) -> Iterator[Session]:
    """The registry in a transaction that is taken back."""
    with Session(engine) as session:
        yield session
        session.rollback()


@pytest.fixture
def keep(registry: Session) -> Keep:
    def kept(title: str = "两个", ways: Ways | None = None, **wishes: Any) -> SitingPlan:
        question = SitingQuestion(**{"reach": REACH, "count": 2} | wishes)
        found = propose(registry, question, now=NOON, ways=ways)
        fresh(registry)
        operator = actor_id(registry, OPERATOR)
        with acting(registry, operator, reason="a plan"):
            plan = plans.ask(registry, question, title=title, actor=operator)
            plans.finish(registry, plan.id, found, now=NOON, seconds=1.0)
        fresh(registry)
        return plan

    return kept


def sites(plan: SitingPlan) -> list[dict[str, Any]]:
    assert plan.sites is not None
    return plan.sites


def ways(plan: SitingPlan) -> Estimated:
    reach = SitingQuestion.of_dict(plan.question).reach
    return Estimated(reach.mode, reach.detour)


@pytest.mark.parametrize("problem", [Problem.MAXIMAL, Problem.MEDIAN])
def test_a_site_left_out_or_moved_to_any_candidate_loses_what_the_plan_without_it_says(
    keep: Keep, registry: Session, problem: Problem
) -> None:
    plan = keep(problem=problem, reach=FAR)
    names = {str(key): index for index, key in enumerate(plans.arrays_of(plan)["candidate_key"].tolist())}
    first, second = (site["key"] for site in sites(plan))
    for key in [None, *names]:
        told = loss(plan, first, key, ways=ways(plan))
        insisted = tuple(dict.fromkeys([second, *([key] if key else [])]))
        barred = tuple(each for each in names if each not in insisted)
        again = propose(
            registry,
            SitingQuestion(reach=FAR, count=2, problem=problem, must=insisted, must_not=barred),
            now=NOON,
        )
        assert told.people_before == pytest.approx((plan.summary or {})["after"])
        assert told.people_after == pytest.approx(again.summary["after"])
        assert told.change == pytest.approx(told.gained - told.lost)
        if key != second:
            assert told.twice_after == pytest.approx(again.summary["twice_after"])
        if problem is Problem.MEDIAN:
            assert told.mean_s_before == pytest.approx((plan.summary or {})["mean_s_after"])
            assert told.mean_s_after == pytest.approx(again.summary["mean_s_after"])
        else:
            assert told.mean_s_after is None
        assert ("chosen" in told.breaks) == (key == second)


def test_the_runner_up_of_a_site_is_what_moving_it_there_would_lose(keep: Keep) -> None:
    plan = keep(reach=FAR)
    for site in sites(plan):
        other = site["runner_up"]
        told = loss(plan, site["key"], other["key"], ways=ways(plan))
        assert told.change == pytest.approx(other["people"])
        assert loss(plan, site["key"], (other["lon"], other["lat"]), ways=ways(plan)).change == told.change


def test_along_streets_a_moved_site_loses_what_the_plan_with_it_there_says(
    keep: Keep, registry: Session
) -> None:
    # One street past all the places, walked at 1.3 m/s, and a gap in it between 丁 and 戊.
    lon = np.linspace(101.45, 102.15, 141)
    turn = Transformer.from_crs("EPSG:4326", "EPSG:32648", always_xy=True)
    xy = np.column_stack(turn.transform(lon, np.full(len(lon), 36.6)))
    tail = np.setdiff1d(np.arange(len(lon) - 1), [110])
    length = np.hypot(*(xy[tail + 1] - xy[tail]).T)
    street = OnStreets(
        Network(
            Mode.WALK, CRS.from_user_input("EPSG:32648"), xy, tail, tail + 1, length, length / 1.3,
            length / 1.3, "a street",
        )
    )  # fmt: skip
    plan = keep(ways=street, reach=FAR)
    first, second = (site["key"] for site in sites(plan))
    keys = plans.arrays_of(plan)["candidate_key"].tolist()
    assert (plan.basis or {})["estimated_ways"] is False
    for key in keys:
        if key == second:
            continue
        told = loss(plan, first, key, ways=street)
        others = tuple(each for each in keys if each not in (key, second))
        again = propose(
            registry,
            SitingQuestion(reach=FAR, count=2, must=(key, second), must_not=others),
            now=NOON,
            ways=street,
        )
        assert told.people_after == pytest.approx(again.summary["after"])


def test_a_site_dragged_anywhere_is_told_with_its_cells_and_what_it_breaks(keep: Keep) -> None:
    plan = keep(spacing_m=500.0, must=(), must_not=())
    site = sites(plan)[0]["key"]
    away = loss(plan, site, (101.5001, 36.6), ways=ways(plan))
    weight = plans.arrays_of(plan)["weight"]
    # Beside the station that stands: nobody is won, and it stands too close.
    assert (away.gained, away.breaks) == (0, ("spacing",))
    assert float(weight[away.lost_cells].sum()) == pytest.approx(away.lost) == pytest.approx(4_000)
    assert loss(plan, site, (0.0, 0.0), ways=ways(plan)).people_after == pytest.approx(
        loss(plan, site, ways=ways(plan)).people_after
    )
    barred = plans.arrays_of(plan)["candidate_key"][plans.arrays_of(plan)["candidate_barred"]][0]
    assert loss(plan, site, str(barred), ways=ways(plan)).breaks == ("barred", "spacing")
    with pytest.raises(NotFound, match="has no site '甲'"):
        loss(plan, "甲", ways=ways(plan))
    with pytest.raises(NotFound, match="has no candidate '甲'"):
        loss(plan, site, "甲", ways=ways(plan))
    with pytest.raises(Invalid, match="longitude first"):
        loss(plan, site, (36.6, 101.7), ways=ways(plan))


def test_sites_become_planned_stations_of_a_programme_once_and_say_which_plan_they_came_from(
    keep: Keep, registry: Session
) -> None:
    plan, programme = keep(must_not=("place-3",)), programmes.get(registry, "P1")
    first, second = sites(plan)
    assert [first["name"], second["name"]] == ["戊", "丁"]
    operator = actor_id(registry, OPERATOR)
    with acting(registry, operator, reason="adopt"):
        made = to_programme(
            registry, plan, programme, [first["key"]], actor=operator, expected_on=date(2026, 12, 1)
        )
    one = registry.scalars(select(Station).where(Station.code == made[0].code)).one()
    assert (one.names["zh"], one.lifecycle, one.region_code) == ("戊驿站", "planned", "630222")
    assert one.expected_on == date(2026, 12, 1)
    assert registry.scalar(select(func.ST_X(Station.location)).where(Station.id == one.id)) == first["lon"]
    assert progress(registry, programme, today=date(2026, 7, 1)).total.count.planned == 1
    assert plan_of_station(registry, one.code) == (plan.id, first["key"])
    assert adopted(registry, plan.id) == made
    fresh(registry)
    with (
        pytest.raises(Conflict, match=rf"site {first['key']} of plan {plan.id} is the station {one.code}"),
        acting(registry, operator, reason="again"),
    ):
        to_programme(registry, plan, programme, [second["key"], first["key"]], actor=operator)
    fresh(registry)
    assert [each.key for each in adopted(registry, plan.id)] == [first["key"]]
    with acting(registry, operator, reason="a mistake"):
        withdraw(registry, one, reason="误建")
    fresh(registry)
    with acting(registry, operator, reason="after all"):
        again = to_programme(
            registry, plan, programme, [first["key"]], actor=operator, names={first["key"]: "新戊"}
        )
    assert (again[0].name, [each.withdrawn for each in adopted(registry, plan.id)]) == ("新戊", [True, False])


def test_who_does_not_plan_there_adopts_nothing_and_all_or_nothing_is_adopted(
    keep: Keep, registry: Session
) -> None:
    plan, programme = keep(count=3), programmes.get(registry, "P1")
    keys = {site["name"]: site["key"] for site in sites(plan)}
    elsewhere = planner(registry, "elsewhere", "630100")
    with pytest.raises(NotAllowed), acting(registry, elsewhere, reason="x"):
        to_programme(registry, plan, programme, [keys["戊"]], actor=elsewhere)
    registry.rollback()


def test_a_site_outside_the_programme_or_with_a_namesake_is_refused_and_none_is_adopted(
    keep: Keep, registry: Session
) -> None:
    plan, programme = keep(), programmes.get(registry, "P1")
    keys = {site["name"]: site["key"] for site in sites(plan)}
    operator = actor_id(registry, OPERATOR)
    with pytest.raises(BadFields, match="630103"), acting(registry, operator, reason="x"):
        # 丙 lies in 西宁, and the programme is of 海东.
        to_programme(registry, plan, programme, [keys["戊"], keys["丙"]], actor=operator)
    registry.rollback()
    plan, programme = keep(), programmes.get(registry, "P1")
    station(registry, "戊驿站", region="630222")
    fresh(registry)
    with (
        pytest.raises(Conflict, match="has a station of the name '戊驿站' already"),
        acting(registry, operator, reason="x"),
    ):
        to_programme(registry, plan, programme, [keys["戊"]], actor=operator)
    with pytest.raises(NotFound, match="has no site 'x'"):
        to_programme(registry, plan, programme, ["x"], actor=operator)
    with pytest.raises(Invalid, match="choose one at least"):
        to_programme(registry, plan, programme, [], actor=operator)


def test_a_planner_of_the_place_adopts_a_listed_site_with_its_host(
    registry: Session, keep: Keep, tmp_path: Path
) -> None:
    from geo.datum import Datum
    from stations.planning.siting import candidate_lists

    operator = actor_id(registry, OPERATOR)
    path = tmp_path / "hosts.csv"
    path.write_text(
        "编号,名称,经度,纬度,依托单位,是否同意,造价(万元),地址\n"
        "A1,川口大厅,102.1,36.6,民和县邮政局,同意,5,川口镇一号\nA2,碾伯支行,101.9,36.6,农商行,不同意,3,\n"
        "A3,丁镇药房,101.9005,36.6,,洽谈中,,\nA4,没有位置,,,,,,\n",
        encoding="utf-8",
    )
    fresh(registry)
    with acting(registry, operator, reason="a list"):
        kept = candidate_lists.add(
            registry, path, name="社区", source="县工会", datum=Datum.WGS84, actor=operator, now=NOON
        )
    assert kept.reading["left_out"] == {"no position": 1}
    plan = keep(offer=Offer(Source.LIST, "社区"), count=2, cost=40_000.0)
    first, second = sites(plan)
    assert (first["key"], first["host"], first["consent"], first["cost"]) == (
        "A1", "民和县邮政局", "given", 50_000.0,
    )  # fmt: skip
    # The host of A2 refuses, and nobody was asked for money at A3.
    assert (second["key"], second["cost"]) == ("A3", 40_000.0)
    assert (plan.basis or {})["refused"] == 1
    assert first["cost_per_person"] == pytest.approx(50_000 / 4_000)
    with pytest.raises(Invalid, match="of 1 nobody says it, such as A3: say what any other site costs"):
        keep(offer=Offer(Source.LIST, "社区"), count=None, budget=90_000.0)
    mine = planner(registry, "haidong", "630200")
    programme = programmes.get(registry, "P1")
    with acting(registry, mine, reason="adopt"):
        (made,) = to_programme(registry, plan, programme, ["A1"], actor=mine)
    assert made.name == "川口大厅"
    host = registry.scalar(
        select(Organisation.name)
        .join(Partner, Partner.organisation_id == Organisation.id)
        .join(Station, Station.id == Partner.station_id)
        .where(Station.code == made.code, Partner.role == "host")
    )
    assert host == "民和县邮政局"
    dossier, site = of_site(registry, plan, "A1", now=NOON)
    assert (site.station, site.region) == (made, "民和回族土族自治县")
    assert dossier.undecided == ("A3",)
    fresh(registry)
    with acting(registry, operator, reason="enough"):
        candidate_lists.remove(registry, kept.id, now=NOON)
    assert candidate_lists.listed(registry) == []
    with pytest.raises(NotFound, match="there is no list of candidates '社区'; there are: none"):
        keep(offer=Offer(Source.LIST, "社区"))


def test_a_planned_station_that_was_a_candidate_is_put_into_the_programme_and_not_added_again(
    registry: Session, keep: Keep
) -> None:
    made = station(registry, "新站", "planned", location="SRID=4326;POINT(102.1 36.6)")
    fresh(registry)
    plan, programme = keep(count=1, offer=Offer(Source.PLANNED)), programmes.get(registry, "P1")
    before = registry.scalar(select(func.count()).select_from(Station))
    operator = actor_id(registry, OPERATOR)
    with acting(registry, operator, reason="adopt"):
        (one,) = to_programme(registry, plan, programme, [made.code], actor=operator)
    assert (one.code, one.name) == (made.code, "新站")
    assert registry.scalar(select(func.count()).select_from(Station)) == before
    assert progress(registry, programme, today=date(2026, 7, 1)).total.count.planned == 1


def test_a_dossier_tells_people_by_hour_use_near_by_and_what_it_takes_for_granted(
    keep: Keep, registry: Session
) -> None:
    plan = keep(count=1)
    dossier = of_plan(registry, plan, now=NOON)
    (site,) = dossier.sites
    assert site.row["name"] == "戊"
    assert site.by_hour == (4_000,) * 24 == tuple(hour["newly"] for hour in dossier.hours)
    assert site.nearest is not None
    assert (site.nearest.name, site.nearest.visits_a_month) == ("东站", None)
    assert site.row["runner_up"]["name"] == "丙"
    assert (dossier.unit, site.station) == ("people", None)
    assert dossier.assumptions[:3] == ("estimated_ways", "estimated_demand", "open_always")
    assert dossier.undecided == (site.row["key"],)
    with pytest.raises(NotFound, match="has no site 'x'"):
        of_site(registry, plan, "x", now=NOON)


def test_a_site_is_counted_at_night_for_those_whom_only_shut_stations_reach_by_day(keep: Keep) -> None:
    plan = keep(count=2, reach=replace(REACH, at=NOON.replace(hour=3)))
    by_name = {site["name"]: at for at, site in enumerate(sites(plan))}
    night, day = ((plan.hours or [])[hour]["sites"] for hour in (3, 12))
    assert (night[by_name["甲"]], day[by_name["甲"]]) == (5_000, 0)
    assert night[by_name["戊"]] == day[by_name["戊"]] == 4_000


def test_two_plans_are_compared_by_sites_people_and_what_was_asked(keep: Keep) -> None:
    one, two = keep(), keep(title="三个", count=3)
    found = compare(one, two)
    assert len(found["shared"]) == 2
    assert (found["only_first"], len(found["only_second"])) == ([], 1)
    assert found["summary"]["newly"] == [7_000, 9_000, 2_000]
    assert found["people"] == {"first": 0, "second": 2_000, "both": 7_000}
    assert found["asked"] == {"count": [2, 3]}
    assert found["regions"]["county"]["630202"]["sites"] == [0, 1, 1]
    coarse = keep(reach=replace(REACH, size_m=1_000.0))
    assert compare(one, coarse)["people"] is None


@pytest.mark.parametrize("form", FORMS)
def test_the_sites_of_a_plan_are_written_in_every_form(keep: Keep, tmp_path: Path, form: str) -> None:
    plan = keep(title="=1+1")
    path = tmp_path / f"sites.{form}"
    names = {"630222": "民和县", "630103": "城中区"}
    assert write_sites(plan, path, form, names=names, stations={sites(plan)[0]["key"]: "QH-1"}) == 2
    if form in ("gpkg", "shp.zip"):
        table = gpd.read_file(path)
        assert table.crs.to_epsg() == 4326
        assert table.geometry.x.tolist() == pytest.approx([site["lon"] for site in sites(plan)])
        assert table["新增" if form == "shp.zip" else "people"].tolist() == pytest.approx([4_000, 3_000])
        if form == "shp.zip":
            assert any(name.endswith(".cpg") for name in zipfile.ZipFile(path).namelist())
    elif form == "geojson":
        told = json.loads(path.read_text(encoding="utf-8"))
        assert told["about"]["状态"] == "optimal"
        first = told["features"][0]
        assert (first["properties"]["station"], first["properties"]["region_name"]) == ("QH-1", "民和县")
        assert first["geometry"]["coordinates"] == pytest.approx([102.1, 36.6])
    elif form == "csv":
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
        assert [row["名称"] for row in rows] == ["戊", "丙"]
        assert rows[0]["造价"] == ""
    else:
        sheet = openpyxl.load_workbook(path).worksheets[0]
        assert [cell.value for cell in sheet[1]][:3] == ["次序", "候选编号", "名称"]
    with pytest.raises(Invalid, match="not written as 'kml'"):
        write_sites(plan, path, "kml", names=names)


def test_a_plan_is_renamed_and_noted_and_what_is_too_long_is_refused(keep: Keep, registry: Session) -> None:
    plan, operator = keep(), actor_id(registry, OPERATOR)
    with acting(registry, operator, reason="words"):
        plans.rename(registry, plan.id, title=" 新名 ", note="给主席看")
        assert (plan.title, plan.note) == ("新名", "给主席看")
        plans.rename(registry, plan.id, note=" ")
        assert (plan.title, plan.note) == ("新名", None)
        with pytest.raises(Invalid, match="a title of 1 to 200"):
            plans.rename(registry, plan.id, title=" ")
        with pytest.raises(Invalid, match="at most 4,000"):
            plans.rename(registry, plan.id, note="长" * 4_001)


@pytest.mark.parametrize(
    ("wishes", "unit"),
    [
        ({}, "people"),
        ({"priority": (("630222", 2.0),)}, "weighted"),
        ({"problem": Problem.LEAST, "count": None}, "sites"),
        ({"problem": Problem.LEAST, "count": None, "cost": 5.0}, "money"),
        ({"problem": Problem.MEDIAN}, "person_seconds"),
        ({"problem": Problem.CENTRE}, "seconds"),
    ],
)
def test_what_the_bound_is_counted_in_is_told(keep: Keep, wishes: dict[str, Any], unit: str) -> None:
    assert plans.unit_of(keep(**wishes)) == unit


def test_candidates_and_adoptions_are_added_and_never_changed(registry: Session, keep: Keep) -> None:
    plan = keep()
    programme = registry.scalars(select(Programme)).one()
    keeper = planner(registry, "keeps", "630000", role="editor")
    with pytest.raises(NotAllowed, match="siting_adoptions"), acting(registry, keeper, reason="x"):
        registry.add(SitingAdoption(plan_id=plan.id, site_key="x", station_id=1, programme_id=programme.id))
        registry.flush()
    assert np.all(np.diff(plans.arrays_of(plan)["reach_starts"]) >= 0)
