"""The pages of siting without a script: asked, worked on, shown, moved for looking at, adopted, compared, printed, taken along."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import numpy as np
import pytest
from desk_fixtures import DeskClient, hash_quickly, signed_in, staff_member
from desk_samples_siting import FORM
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from geo.errors import SitingError
from geo.passing import Mode
from geo.siting import Floor, Rules
from stations import jobs
from stations.jobs.running import run as do_work
from stations.models import Place, ProgrammeStation, SitingPlan, Station
from stations.planning import CoverageQuestion
from stations.planning.siting import Further, Offer, Problem, SitingQuestion, Source
from stations.query import StationQuery
from stations.registry.areas import Areas
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.web.desk_siting_fixtures import planned, programme
from tests.web.planner_fixtures import NOON, fill
from web import create_app
from web.desk.import_words import step_label
from web.jobs import kinds
from web.planner import siting_form
from web.planner.siting_chart import HIGH, NOTHING, WIDE, Point, chart
from web.planner.siting_form import Choices
from web.planner.siting_why import refused
from web.settings import Settings

HOME = "/desk/planner/sites"


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        fill(session)
        # Another place in the county that nobody reaches: half of its people live there, and its site could stand there too.
        with acting(session, actor_id(session, OPERATOR), reason="a place beside the people"):
            session.add(
                Place(
                    source="test", source_id="beside", names={"zh": "旁村"}, region_code="630102", credit="test",
                    location="SRID=4326;POINT(101.52 36.62)",
                )
            )  # fmt: skip
            programme(session)
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def known(engine: Engine) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    return Settings(secret_key="x" * 40, database_url=url, clock=NOON)


@pytest.fixture(scope="module")
def app(engine: Engine, known: Settings) -> Flask:
    return create_app(known, engine=engine)


@pytest.fixture
def planner(app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> DeskClient:
    hash_quickly(monkeypatch)
    return signed_in(app, staff_member(engine, "planner", "planner", None))


@pytest.fixture(scope="module")
def whole_day(engine: Engine) -> int:
    """A plan of one site, counted hour by hour."""
    with Session(engine) as session, session.begin():
        return planned(session, "一整天", reach={"at": NOON, "around_the_clock": True}, cost=60_000.0).id


def plain(page: str) -> str:
    """Return the words of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def work_of(engine: Engine, plan_id: int) -> jobs.Progress:
    with Session(engine) as session:
        found = jobs.latest(session, f"siting:{plan_id}")
    assert found is not None
    return found


def asked(planner: DeskClient, **changes: Any) -> int:
    answer = planner.post(f"{HOME}/new", data={**FORM, **changes})
    assert answer.status_code == 303, plain(answer.text)
    return int(answer.location.rsplit("/", 1)[1])


def plan_of(engine: Engine, plan_id: int) -> SitingPlan:
    with Session(engine) as session:
        found = session.get(SitingPlan, plan_id)
        assert found is not None
        session.refresh(found)
        session.expunge(found)
    return found


def site_of(engine: Engine, plan_id: int) -> dict[str, Any]:
    (only,) = plan_of(engine, plan_id).sites or []
    return dict(only)


def test_a_plan_is_asked_done_by_the_worker_and_shown_with_how_sure_it_is(
    planner: DeskClient, engine: Engine, known: Settings
) -> None:
    plan_id = asked(planner)
    page = planner.get(f"{HOME}/{plan_id}").text
    assert "正在选址" in page
    assert "<progress" in planner.get(HOME).text
    do_work(engine, work_of(engine, plan_id).id, kinds(known), threading.Event())
    work = work_of(engine, plan_id)
    assert (work.state, work.result) == ("done", {"plan": plan_id})
    said = plain(planner.get(f"{HOME}/{plan_id}").text)
    assert "全部范围：新增1个，15分钟" in said
    assert "1,000 人新进入15分钟圈" in said
    assert (
        "已证明最优 求解器声明：没有更好的方案。 这个方案 1,000 人 求解器声明的界 1,000 人 差距不超过 0%"
        in said
    )
    assert "已复算" in said
    assert "分钟为估算（直线×系数）" in said
    assert "城东区 2,000 1 0.0% 1,000 50.0%" in said
    assert planner.get(f"/desk/work/{work.id}").location == f"{HOME}/{plan_id}"
    assert "1,000" in plain(planner.get(HOME).text)


def test_a_form_that_only_says_go_asks_a_sensible_question(planner: DeskClient, engine: Engine) -> None:
    answer = planner.post(f"{HOME}/new", data={"count": "20"})
    plan = plan_of(engine, int(answer.location.rsplit("/", 1)[1]))
    question = SitingQuestion.of_dict(plan.question)
    assert (question.problem, question.count, question.seconds) == (Problem.MAXIMAL, 20, 60.0)
    assert (question.reach.main_min, question.reach.mode, question.offer.source) == (
        15,
        "walk",
        Source.PLACES,
    )


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"count": "0"}, "count", "写1到20000之间的整数。"),
        ({"count": ""}, "count", "写明最多新增几个站点。"),
        ({"problem": "maximal:budget"}, "budget", "写明一共有多少钱。"),
        ({"problem": "maximal:budget", "budget": "1e999"}, "budget", "写0或更大的金额，单位是元。"),
        ({"problem": "nonsense"}, "problem", "请选一个问题。"),
        ({"problem": "capacitated:count"}, "holds", "写明一个新站点能服务多少人。"),
        ({"minutes": "十五"}, "minutes", "写1到240之间的整分钟。"),
        ({"priority": "民和县"}, "priority", "“民和县”看不懂"),
        ({"priority": "火星 2"}, "priority", "登记里没有“火星”这个区域。"),
        ({"priority": "民和县 2\n630222 3"}, "priority", "“630222”写了两次。"),
        ({"floors": "民和县 0"}, "floors", "每个区域写一次，至少1个。"),
        ({"must": "a", "must_not": "a"}, "must", "从其中一处划掉"),
        ({"seconds": "nan"}, "seconds", "写1到3600之间的秒数。"),
        ({"gap": "100"}, "gap", "写0到99之间的百分数。"),
        ({"offer": "layer:7"}, "offer", "请选一种候选点。"),
        ({"layers": "nobody"}, "layers", "有不认识的图层。"),
        ({"title": "长" * 201}, "title", "最多200个字。"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    planner: DeskClient, engine: Engine, changes: dict[str, str], field: str, sentence: str
) -> None:
    with Session(engine) as session:
        before = session.query(SitingPlan).count()
    answer = planner.post(f"{HOME}/new", data={**FORM, **changes})
    assert answer.status_code == 400
    told = re.search(rf'<span class="wrong" id="wrong-{field}">(.*?)</span>', answer.text)
    assert told is not None
    assert sentence in unescape(told[1])
    typed = unescape(answer.text)
    assert all(value in typed for value in changes.values() if field not in {"problem", "offer", "layers"})
    with Session(engine) as session:
        assert session.query(SitingPlan).count() == before


QUESTIONS = st.builds(
    lambda reach, **rest: SitingQuestion(reach=reach, **rest),
    reach=st.builds(
        CoverageQuestion,
        region=st.sampled_from([None, "630222"]),
        limits_min=st.just((20,)),
        main_min=st.just(20),
        size_m=st.sampled_from([250.0, 1_000.0]),
        mode=st.sampled_from(Mode),
        at=st.sampled_from([None, NOON]),
        serving=st.just(StationQuery.parse([("kind", "rider_station"), ("unknown", "exclude")])),
    ),
    problem=st.sampled_from([Problem.MAXIMAL, Problem.BACKUP, Problem.MEDIAN]),
    count=st.integers(1, 500),
    cost=st.sampled_from([None, 60_000.0]),
    costs=st.just(()),
    offer=st.sampled_from([Offer(Source.CELLS, None, 300), Offer(Source.LAYER, "社区大厅", 50)]),
    spacing_m=st.sampled_from([0.0, 500.0]),
    priority=st.sampled_from([(), (("630222", 2.5),)]),
    floors=st.sampled_from([(), (("630222", 2), ("630102", 1))]),
    each=st.sampled_from([None, "county"]),
    must=st.sampled_from([(), ("place-1", "101.50000,36.60000")]),
    gap=st.sampled_from([0.0, 0.01]),
    seed=st.integers(0, 9),
    further=st.sampled_from([Further(alternatives=3), Further(runs=5)]),
)


@given(question=QUESTIONS)
@settings(max_examples=40, deadline=None)
def test_the_form_of_a_plan_asks_what_the_plan_asked(
    app: Flask, areas: Areas, question: SitingQuestion
) -> None:
    choices = Choices(
        regions={"630222": "民和", "630102": "城东"}, layers={"4": "社区大厅"}, points={"4": "社区大厅"},
        lists={}, programmes={}, priorities={},
    )  # fmt: skip
    with app.test_request_context("/"):
        names = {code: area.names["zh"] for code, area in areas.areas.items()}
        filled = siting_form.like(question, "题", choices, names, NOON)
        form: MultiDict[str, str] = MultiDict()
        for name, value in filled.values.items():
            if name == "layers":
                for key, factor in value.items():
                    form.add("layers", key)
                    form.add(f"factor-{key}", factor)
            elif isinstance(value, list):
                form.setlist(name, value)
            elif name != "streets":
                form.add(name, value)
        read = siting_form.read(form, choices, areas)
    assert read.wrong == {}
    assert read.question == question


@pytest.fixture(scope="module")
def areas(engine: Engine) -> Areas:
    with Session(engine) as session:
        return Areas.load(session)


def test_a_plan_can_be_asked_again_with_ticked_sites_as_must_or_must_not(
    planner: DeskClient, whole_day: int, engine: Engine
) -> None:
    key = site_of(engine, whole_day)["key"]
    page = planner.get(f"{HOME}?like={whole_day}&as=must_not&site={key}").text
    assert re.search(rf'name="must_not"[^>]*>{key}</textarea>', page)
    assert re.search(r'name="timed" value="1" checked', page)
    assert 'name="cost" id="f-cost" value="60000"' in page


def test_a_question_that_contradicts_itself_says_why_and_the_smallest_change(
    planner: DeskClient, engine: Engine, known: Settings
) -> None:
    plan_id = asked(planner, floors="城东区 3", count="3")
    do_work(engine, work_of(engine, plan_id).id, kinds(known), threading.Event())
    said = plain(planner.get(f"{HOME}/{plan_id}").text)
    assert "城东区 要 3 个，只有 2 个候选点：下限改为 2，或者在那里加候选点。" in said
    assert "改条件再问" in said


def _broken() -> Iterator[Rules]:
    """Rules of three candidates, each impossible in its own way."""
    cost = [10.0, 20.0, 30.0]
    yield Rules.of(count=5)
    yield Rules.of(budget=5.0, cost=cost)
    yield Rules.of(budget=25.0, cost=cost, must=[1, 2])
    yield Rules.of(count=1, must=[0, 1])
    yield Rules.of(must=[0, 1], apart=[(0, 1)])
    yield Rules.of(count=3, floors=[Floor("630222 民和", np.array([0, 1]), 3)])
    yield Rules.of(count=1, floors=[Floor("a", np.array([0]), 1), Floor("b", np.array([1]), 1)])


def test_every_contradiction_that_rules_refuse_has_words_of_its_own(app: Flask) -> None:
    told = []
    for rules in _broken():
        with pytest.raises(SitingError) as refusal:
            rules.check(3)
        with app.test_request_context("/?lang=zh"):
            (line,) = refused(str(refusal.value))
        assert line.lang is None, refusal.value
        told.append(line.text)
    assert len(set(told)) == len(told)
    with app.test_request_context("/?lang=zh"):
        assert [line.lang for line in refused("something new happened")] == [None, "en"]


def test_moving_a_site_tells_the_loss_and_leaves_the_plan(
    planner: DeskClient, engine: Engine, whole_day: int
) -> None:
    site = site_of(engine, whole_day)
    before = plan_of(engine, whole_day).sites
    address = f"{HOME}/{whole_day}/loss?site={site['key']}"
    out = plain(planner.get(address).text)
    assert "不建第1个“630102”： 失去 −1,000" in out
    assert "旁村 · 2.9 公里" in out
    beside = re.search(r'<option value="(place-\d+)"[^>]*>旁村', planner.get(address).text)
    assert beside is not None
    moved = plain(planner.get(f"{address}&to={beside[1]}").text)
    assert "换到 旁村： 失去 −1,000 换来 +1,000" in moved
    near = plain(planner.get(f"{address}&lon=101.5001&lat=36.6001").text)
    assert "失去 0 换来 0" in near
    assert re.search(r"与方案相比 0 ", near)
    assert planner.get(f"{address}&lon=1000&lat=36").status_code == 400
    assert planner.get(f"{address}&lon=x").status_code == 400
    assert planner.get(f"{HOME}/{whole_day}/loss?site=nobody").status_code == 404
    assert plan_of(engine, whole_day).sites == before


def test_a_site_becomes_a_planned_station_of_a_programme_once(planner: DeskClient, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        plan_id = planned(session, "要列入的").id
    key = site_of(engine, plan_id)["key"]
    assert planner.post(f"{HOME}/{plan_id}/adopt", data={"programme": "SITES"}).status_code == 400
    form = {"site": key, "programme": "SITES", f"name-{key}": "城东一号驿站", "expected_on": "2026-09-01"}
    wrong = planner.post(f"{HOME}/{plan_id}/adopt", data={**form, "expected_on": "soon", "programme": "NONE"})
    assert wrong.status_code == 400
    assert planner.post(f"{HOME}/{plan_id}/adopt", data=form).status_code == 303
    with Session(engine) as session:
        (station,) = session.scalars(
            select(Station).where(Station.names["zh"].astext == "城东一号驿站")
        ).all()
        assert (station.lifecycle, str(station.expected_on), station.region_code) == (
            "planned",
            "2026-09-01",
            "630102",
        )
        member = session.scalars(
            select(ProgrammeStation).where(ProgrammeStation.station_id == station.id)
        ).one()
        code = station.code
    assert member.programme_id
    page = plain(planner.get(f"{HOME}/{plan_id}").text)
    assert f"已列入计划 {code}" in page
    assert "已列入建设方案的站点 1" in page
    again = planner.post(f"{HOME}/{plan_id}/adopt", data=form)
    assert again.status_code == 409
    assert "没有再写一次" in plain(again.text)
    with Session(engine) as session:
        assert session.query(Station).filter(Station.names["zh"].astext == "城东一号驿站").count() == 1


def test_a_plan_is_taken_along_in_five_forms(planner: DeskClient, whole_day: int) -> None:
    text = planner.get(f"{HOME}/{whole_day}.csv").data.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["次序"], float(row["新增服务人口"]), row["区域"]) == ("1", 1_000.0, "城东区")
    with zipfile.ZipFile(io.BytesIO(planner.get(f"{HOME}/{whole_day}.shp.zip").data)) as packed:
        names = {name.rsplit(".", 1)[1]: name for name in packed.namelist()}
        assert packed.read(names["cpg"]).strip() == b"UTF-8"
        assert "累计".encode() in packed.read(names["dbf"])
    body = json.loads(planner.get(f"{HOME}/{whole_day}.geojson").data)
    assert body["features"][0]["geometry"]["coordinates"] == [101.5, 36.6]
    assert planner.get(f"{HOME}/{whole_day}.xlsx").data[:2] == b"PK"
    assert planner.get(f"{HOME}/{whole_day}.gpkg").data[:15] == b"SQLite format 3"


def test_the_dossier_tells_each_site_what_is_open_and_what_is_assumed(
    planner: DeskClient, whole_day: int
) -> None:
    said = plain(planner.get(f"{HOME}/{whole_day}/dossier").text)
    for words in (
        "各时刻新覆盖的人",
        "03:00 1,000",
        "场地方 未定",
        "场地方意见 未定",
        "费用（元） 60,000 · 每多覆盖一人 60 元",
        "最近的现有站点",
        "没有登记过用量",
        "求解器声明的界",
        "有站点还没有得到场地方的同意。",
        "1 个站点的场地、同意或费用还没有定。",
    ):
        assert words in said, words
    assert "次选是“旁村”" in said or "没有别的候选点能代替它" in said
    sheet = plain(planner.get(f"{HOME}/{whole_day}/dossier/1").text)
    assert "第1个站点：630102" in sheet
    assert planner.get(f"{HOME}/{whole_day}/dossier/2").status_code == 404
    picture = planner.get(f"{HOME}/{whole_day}/picture.svg?order=1")
    assert picture.mimetype == "image/svg+xml"
    assert ">1</text>" in picture.text
    assert "未送审" in picture.text


def test_a_plan_is_renamed_noted_and_taken_out_of_the_list(planner: DeskClient, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        plan_id = planned(session, "旧名").id
    assert planner.post(f"{HOME}/{plan_id}/rename", data={"title": " ", "note": ""}).status_code == 400
    assert (
        planner.post(f"{HOME}/{plan_id}/rename", data={"title": "新名", "note": "看过现场"}).status_code
        == 303
    )
    page = planner.get(f"{HOME}/{plan_id}").text
    assert "<h1>新名</h1>" in page
    assert "看过现场" in page
    assert planner.post(f"{HOME}/{plan_id}/remove", data={"reason": ""}).status_code == 400
    assert planner.post(f"{HOME}/{plan_id}/remove", data={"reason": "重复"}).status_code == 303
    assert "新名" not in planner.get(HOME).text
    assert planner.get(f"{HOME}/{plan_id}").status_code == 404


def test_two_plans_beside_each_other_name_what_they_share_and_what_differs(
    planner: DeskClient, engine: Engine, whole_day: int
) -> None:
    with Session(engine) as session, session.begin():
        beside = session.scalars(select(Place).where(Place.source_id == "beside")).one()
        other = planned(session, "另一处", must=(f"place-{beside.id}",), count=2).id
    said = plain(planner.get(f"{HOME}/compare?first={whole_day}&second={other}").text)
    assert "共同的站点 1" in said
    assert "只在“另一处”的站点 1" in said
    assert "旁村" in said
    assert "必须选的 – place-" in said
    assert planner.get(f"{HOME}/compare?first=x&second={other}").status_code == 400


@given(
    gains=st.lists(st.floats(0, 1e9, allow_nan=False), min_size=1, max_size=80),
    slack=st.floats(0, 1e6),
)
@settings(max_examples=60, deadline=None)
def test_the_curve_stays_in_its_box_and_rises_where_the_plans_do(gains: list[float], slack: float) -> None:
    total, points = 0.0, []
    for number, gain in enumerate(gains, start=1):
        total += gain
        points.append(Point(number, total, total + slack))
    found = chart(points, at=len(points))
    if total + slack < NOTHING:
        assert found is None
        return
    assert found is not None
    for line in (found.newly, found.bound):
        places = [tuple(map(float, place.split(","))) for place in line.split()]
        assert all(0 <= x <= WIDE and -0.1 <= y <= HIGH + 0.1 for x, y in places)
        assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)
    assert found.here is not None
    assert float(found.here[0]) == WIDE


def test_a_list_of_candidates_is_brought_shown_as_read_and_offered_with_its_hosts(
    planner: DeskClient, engine: Engine, known: Settings
) -> None:
    table = "编号,名称,经度,纬度,场地单位,是否同意,费用（万元）\nH1,城东大厅,101.5,36.6,城东社区,已同意,6\nH2,无位置,,,,,\n"

    def send(text: str, **fields: str) -> Any:
        return planner.post(
            "/desk/planner/candidates/new",
            data={
                "files": (io.BytesIO(text.encode()), "大厅.csv"),
                "name": "社区大厅",
                "datum": "wgs84",
                **fields,
            },
            content_type="multipart/form-data",
        )

    assert "没有经度和纬度的列" in send("编号,名称\nA,b\n").text
    assert "请选坐标系" in send(table, datum="").text
    assert "费用不是0或更大的数" in send(table.replace(",6\n", ",便宜\n")).text
    answer = send(table)
    assert answer.status_code == 303, plain(answer.text)
    said = plain(planner.get(answer.location).text)
    assert "城东大厅 H1 城东社区 同意 60,000" in said
    assert "没有读入 1 行：没有可用的位置" in said
    assert "已有叫这个名字的名单" in send(table).text
    number = answer.location.rsplit("/", 1)[1]
    assert f'value="list:{number}"' in planner.get(HOME).text
    plan_id = asked(planner, offer=f"list:{number}")
    do_work(engine, work_of(engine, plan_id).id, kinds(known), threading.Event())
    dossier = plain(planner.get(f"{HOME}/{plan_id}/dossier/1").text)
    assert "场地方 城东社区" in dossier
    assert "场地方意见 同意" in dossier
    assert planner.post(f"/desk/planner/candidates/{number}/remove").status_code == 303
    assert "还没有名单。" in planner.get("/desk/planner/candidates").text
    assert planner.get(f"{HOME}/{plan_id}").status_code == 200


def test_the_rough_size_is_told_before_anything_is_searched(planner: DeskClient) -> None:
    told = planner.get(f"{HOME}/rough.json", query_string=FORM).get_json()
    assert told["wrong"] is False
    assert "3 个候选点，3 个有人的格子，3,000 人" in told["words"]
    more = planner.get(f"{HOME}/rough.json", query_string={**FORM, "count": "9"}).get_json()
    assert more["wrong"] is True
    assert "最多写 3 个" in more["words"]
    none = planner.get(
        f"{HOME}/rough.json", query_string={**FORM, "offer": "planned", "region": "630222"}
    ).get_json()
    assert none == {"words": "这里没有这样的候选点：换一种候选点，或者换一个区域。", "wrong": True}


def test_a_search_tells_its_best_plan_and_the_bound_as_they_move(app: Flask) -> None:
    with app.test_request_context("/?lang=zh"):
        assert step_label("search 499478 512000.5") == "搜索：目前最好 499,478，求解器声明的界 512,000"
        assert step_label("search - 0.5") == "搜索：目前最好 –，求解器声明的界 0.5"
        assert step_label("search") == "搜索"


@pytest.mark.parametrize(
    ("problem", "asked_too", "words"),
    [
        (Problem.LEAST, {"count": None}, "这个方案 2 个站点"),
        (Problem.MEDIAN, {"further": Further(alternatives=1, runs=2)}, "平均路程（分钟）"),
        (Problem.CENTRE, {}, "最远（分钟）"),
        (Problem.BACKUP, {}, "有两个站点的人"),
        (Problem.CAPACITATED, {"holds": 600.0}, "这个方案 "),
    ],
)
def test_each_problem_is_told_in_its_own_measure_on_page_and_paper(
    planner: DeskClient, engine: Engine, problem: Problem, asked_too: dict[str, Any], words: str
) -> None:
    with Session(engine) as session, session.begin():
        plan_id = planned(session, f"问题 {problem}", problem=problem, **asked_too).id
    page = planner.get(f"{HOME}/{plan_id}")
    assert page.status_code == 200
    assert words in plain(page.text)
    assert planner.get(f"{HOME}/{plan_id}/dossier").status_code == 200
    assert planner.get(f"{HOME}?like={plan_id}").status_code == 200
    key = (plan_of(engine, plan_id).sites or [{}])[0]["key"]
    loss = plain(planner.get(f"{HOME}/{plan_id}/loss?site={key}").text)
    assert ("平均路程（分钟）" in loss) == problem.by_distance
    drawn = planner.get(f"{HOME}/{plan_id}/map.json").get_json()
    assert len(drawn["sites"]) + len(drawn["offered"]) == 3
    assert all(name for _, _, _, name in drawn["offered"])
    if asked_too.get("further"):
        assert "人口不准，站点还一样吗" in page.text
        assert "重新搜索 2 遍" in page.text
