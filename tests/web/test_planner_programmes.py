"""The planner's pages of programmes without a script: listed, written, changed by two, filled, ended, taken along."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import openpyxl
import pytest
from desk_fixtures import DeskClient, hash_quickly, signed_in, staff_member
from flask import Flask
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from stations.models import Commit, CoverageRun, Programme, ProgrammeStation, Station
from stations.planning import programmes
from stations.planning.programme_progress import Count, Row
from stations.planning.programmes import Plan, PriorityArea
from stations.query import StationQuery
from stations.registry import registry
from stations.registry.areas import Areas
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from tests.web.planner_fixtures import NOON, add_people
from web import create_app
from web.planner.programmes_form import read, spell
from web.planner.programmes_page import View, bar, sorted_rows
from web.settings import Settings

HOME = "/desk/planner/programmes"
FORM = {
    "code": "P-1", "title": "十个驿站", "target": "10", "target_is": "tagged", "year": "2026", "regions": "海东市",
    "targets": "民和县 6\n乐都区：4", "kinds": ["union_station"], "due": "2026-10-31", "budget_yuan": "500,000",
    "owner": "海东市总工会", "areas": "民和县 2 地震受灾县", "standard": "六有 2024", "tag": "高标准",
}  # fmt: skip


@pytest.fixture
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield found
    found.dispose()


@pytest.fixture
def app(engine: Engine) -> Flask:
    url = engine.url.render_as_string(hide_password=False)
    return create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)


@pytest.fixture(scope="module")
def untouched(new_database: Callable[[], str]) -> Iterator[Flask]:
    """A registry for tests that write nothing."""
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    url = found.url.render_as_string(hide_password=False)
    yield create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=found)
    found.dispose()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)


@pytest.fixture
def client(app: Flask, engine: Engine) -> DeskClient:
    return signed_in(app, staff_member(engine, "planner", "planner", None))


def stations(engine: Engine, *names: str, region: str = "630222", **facts: Any) -> list[str]:
    """Add stations and return their codes."""
    with Session(engine) as session, session.begin():
        with acting(session, actor_id(session, OPERATOR), reason="stations"):
            made = [
                registry.add(
                    session, names={"zh": name}, kind=facts.get("kind", "union_station"), region_code=region,
                    lifecycle=facts.get("lifecycle", "open"), expected_on=facts.get("expected_on"),
                )
                for name in names
            ]  # fmt: skip
            for at, one in enumerate(made):
                one.location = f"SRID=4326;POINT({102.05 + at / 100} 36.6)"  # type: ignore[assignment]
        return [one.code for one in made]


def words_of(page: str) -> str:
    """The words of a page, without its markup."""
    return re.sub(
        r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>", "", page, flags=re.S)))
    )


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


def test_a_programme_is_written_shown_and_listed(client: DeskClient, engine: Engine) -> None:
    stations(engine, "开一", "开二")
    answer = client.post(f"{HOME}/new", data=FORM)
    assert answer.location == f"{HOME}/P-1"
    with Session(engine) as session:
        plan = programmes.as_plan(session, programmes.get(session, "P-1"))
    assert plan.targets == {"630202": 4, "630222": 6}
    assert plan.areas == (PriorityArea("630222", 2.0, "地震受灾县"),)
    page = words_of(client.get(answer.location).text)
    for told in (
        "十个驿站",
        "高标准",
        "海东市总工会",
        "500,000",
        "未落实 10",
        "民和回族土族自治县 × 2 · 地震受灾县",
    ):
        assert told in page
    assert "十个驿站" in words_of(client.get(HOME).text)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"target": "0"}, "目标数至少是1。"),
        ({"target": "很多"}, "“很多”不是可用的数字。"),
        ({"target": ""}, "这一项必须填写。"),
        ({"year": "1990"}, "年份要在2000年到2100年之间。"),
        ({"regions": "火星"}, "登记里没有“火星”这个区域。"),
        ({"regions": ""}, "这一项必须填写。"),
        ({"starts": "2026-11-01"}, "完成期限早于开始日期。"),
        ({"due": "十月"}, "“十月”不是日期"),
        ({"targets": "民和县 6\n乐都区 5"}, "各区域合计 11，超过了目标数。"),
        ({"targets": "城东区 3"}, "“城东区”不在方案的区域内。"),
        ({"targets": "民和县很多"}, "看不懂"),
        ({"targets": "民和县 1\n民和 2"}, "有区域写了两次。"),
        ({"code": "两个字"}, "编号用1到40个字母"),
        ({"budget_yuan": "-5"}, "金额写0或更大的数"),
        ({"areas": "民和县 2"}, "请写明为什么优先"),
        ({"kinds": "bus_stop"}, "不在可选的内容里"),
        ({"standard": "", "standard_source": "文件"}, "也要写标准的名称"),
    ],
)
def test_a_form_that_cannot_be_meant_says_so_and_keeps_what_was_written(
    untouched: Flask, changed: dict[str, str], told: str
) -> None:
    engine: Engine = untouched.extensions["yizhan.engine"]
    client = signed_in(untouched, staff_member(engine, "planner", "planner", None))
    answer = client.post(f"{HOME}/new", data=FORM | changed)
    assert answer.status_code == 400
    assert told in words_of(answer.text)
    assert "十个驿站" in answer.text
    with Session(engine) as session:
        assert session.scalars(select(Programme)).all() == []


def test_a_code_that_is_taken_is_told(client: DeskClient) -> None:
    client.post(f"{HOME}/new", data=FORM)
    answer = client.post(f"{HOME}/new", data=FORM | {"code": "p-1"})
    assert (answer.status_code, "这个编号已经有方案用了。" in answer.text) == (409, True)


def test_a_planner_of_one_county_is_told_who_may(app: Flask, engine: Engine) -> None:
    minhe = signed_in(app, staff_member(engine, "minhe", "planner", "630222"))
    answer = minhe.post(f"{HOME}/new", data=FORM)
    assert answer.status_code == 403
    assert "所有区域都有规划权限" in words_of(answer.text)
    assert minhe.post(f"{HOME}/new", data=FORM | {"regions": "民和县", "targets": ""}).status_code == 303


def test_two_who_change_a_programme_lose_nothing(client: DeskClient, engine: Engine) -> None:
    client.post(f"{HOME}/new", data=FORM)
    mine = client.get(f"{HOME}/P-1/edit").text
    assert (
        client.post(f"{HOME}/P-1/edit", data=FORM | {"version": version(mine), "title": "她的"}).status_code
        == 303
    )
    answer = client.post(f"{HOME}/P-1/edit", data=FORM | {"version": version(mine), "title": "我的"})
    assert answer.status_code == 409
    told = words_of(answer.text)
    assert "别人刚改过这个方案" in told
    assert "名称 她的 我的" in told
    with Session(engine) as session:
        assert programmes.get(session, "P-1").title == "她的"
    again = client.post(f"{HOME}/P-1/edit", data=FORM | {"version": version(answer.text), "title": "我的"})
    assert again.status_code == 303
    with Session(engine) as session:
        assert programmes.get(session, "P-1").title == "我的"


def test_stations_are_put_in_by_code_after_a_preview(client: DeskClient, engine: Engine) -> None:
    client.post(f"{HOME}/new", data=FORM)
    here, other = *stations(engine, "开一"), *stations(engine, "药房", kind="care_pharmacy")
    elsewhere = stations(engine, "西宁站", region="630102")[0]
    page = client.post(f"{HOME}/P-1/stations/preview", data={"codes": f"{here}，{other} {elsewhere} NOPE"})
    told = words_of(page.text)
    for words in ("将纳入 1", "种类不算数 1", "不在方案的区域内 1", "没有这个编号 1"):
        assert words in told
    assert client.post(f"{HOME}/P-1/stations/add", data={"code": here}).status_code == 303
    assert "1" in words_of(client.get(f"{HOME}/P-1").text)
    with Session(engine) as session:
        assert session.scalars(select(ProgrammeStation)).all()
    assert client.post(f"{HOME}/P-1/stations/remove", data={"code": here}).status_code == 303
    with Session(engine) as session:
        assert session.scalars(select(ProgrammeStation)).all() == []


def test_many_are_put_in_by_a_filter_with_their_counts_first(client: DeskClient, engine: Engine) -> None:
    client.post(f"{HOME}/new", data=FORM)
    stations(engine, "划一", "划二", lifecycle="planned")
    stations(engine, "开一")
    page = client.post(f"{HOME}/P-1/stations/preview", data={"region": "630222", "lifecycle": "planned"}).text
    assert "将纳入 2" in words_of(page)
    codes = re.search(r'name="code" value="([^"]+)"><button class="primary">', page)
    assert codes is not None
    client.post(f"{HOME}/P-1/stations/add", data={"code": codes[1]})
    assert "已规划 2" in words_of(client.get(f"{HOME}/P-1").text)


def test_a_station_that_changed_after_the_preview_keeps_all_out(client: DeskClient, engine: Engine) -> None:
    client.post(f"{HOME}/new", data=FORM)
    first, second = stations(engine, "开一", "开二")
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="gone"),
    ):
        found = session.scalar(select(Station).where(Station.code == second))
        assert found is not None
        registry.withdraw(session, found, reason="重复")
    answer = client.post(f"{HOME}/P-1/stations/add", data={"code": f"{first} {second}"})
    assert answer.status_code == 409
    assert "什么都没有写入" in words_of(answer.text)
    with Session(engine) as session:
        assert session.scalars(select(ProgrammeStation)).all() == []


def test_a_planned_station_is_added_with_the_programme(client: DeskClient, engine: Engine) -> None:
    client.post(f"{HOME}/new", data=FORM)
    new = {
        "name": "川口新站", "kind": "union_station", "lon": "102.1", "lat": "36.6", "datum": "wgs84",
        "expected_on": "2026-09-01",
    }  # fmt: skip
    assert client.post(f"{HOME}/P-1/stations/plan", data=new).status_code == 303
    again = client.post(f"{HOME}/P-1/stations/plan", data=new)
    assert (again.status_code, "同名也新增" in again.text) == (409, True)
    with Session(engine) as session:
        made = session.scalars(select(Station)).one()
        assert (made.lifecycle, made.region_code) == ("planned", "630222")
    for wrong, told in (
        ({"lat": ""}, "经度和纬度要一起填。"),
        ({"region": "城东区", "lon": "", "lat": ""}, "不在方案的区域内"),
        ({"expected_on": "九月"}, "不是日期"),
        ({"kind": "care_clinic"}, "方案不算这个种类。"),
    ):
        answer = client.post(f"{HOME}/P-1/stations/plan", data=new | {"name": "二站"} | wrong)
        assert (answer.status_code, told in words_of(answer.text)) == (400, True), told


def test_a_programme_with_open_items_ends_only_where_somebody_insists(client: DeskClient) -> None:
    client.post(f"{HOME}/new", data=FORM)
    end = {"version": "1", "reason": "经费用完"}
    refused = client.post(f"{HOME}/P-1/end", data=end)
    assert (refused.status_code, "还有 10 项没有了结" in words_of(refused.text)) == (409, True)
    assert client.post(f"{HOME}/P-1/end", data=end | {"insist": "1", "reason": " "}).status_code == 400
    assert client.post(f"{HOME}/P-1/end", data=end | {"insist": "1"}).status_code == 303
    assert "经费用完" in words_of(client.get(f"{HOME}/P-1").text)
    assert client.post(f"{HOME}/P-1/stations/add", data={"code": ""}).status_code == 409
    assert client.post(f"{HOME}/P-1/end", data={"version": "2", "reason": "又有了"}).status_code == 303
    assert (
        client.post(f"{HOME}/P-1/end", data={"version": "1", "reason": "x", "insist": "1"}).status_code == 409
    )


TOWNS = "乡镇代码,乡镇名称,县,经度,纬度\n630222100,川口镇,民和县,102.05,36.6\n630222201,北山乡,民和县,102.15,36.75\n,何处镇,,,\n"
POINTS = "名称,经度,纬度\n何处,102.1,36.5\n北山,102.1,36.5\n远方,101.5,36.6\n"


def sent(name: str, body: str, **form: str) -> dict[str, Any]:
    return {"files": (io.BytesIO(body.encode()), name), **form}


def test_townships_are_brought_mended_and_counted(client: DeskClient, engine: Engine) -> None:
    client.post(f"{HOME}/new", data=FORM | {"target_is": "total"})
    stations(engine, "路边站")
    no_datum = client.post(f"{HOME}/P-1/townships/list", data=sent("乡镇.csv", TOWNS))
    assert (no_datum.status_code, "请选坐标系" in no_datum.text) == (400, True)
    assert (
        client.post(f"{HOME}/P-1/townships/list", data=sent("乡镇.csv", TOWNS, datum="wgs84")).status_code
        == 303
    )
    page = words_of(client.get(f"{HOME}/P-1/townships").text)
    for told in (
        "已开放 1",
        "还没有 1",
        "没有位置，不知道 1",
        "共 3 个乡镇",
        "不知道在哪个县",
        "估算：直线 0 米",
    ):
        assert told in page
    assert (
        client.post(f"{HOME}/P-1/townships/points", data=sent("点.csv", POINTS, datum="wgs84")).status_code
        == 303
    )
    found = client.get(f"{HOME}/P-1/townships").text
    assert "对不上的行 2" in words_of(found)
    rows = re.findall(r'<tr id="row-(\d+)"><td', found)
    assert client.post(f"{HOME}/P-1/townships/{rows[0]}", data={"act": "drop"}).status_code == 303
    assert client.post(f"{HOME}/P-1/townships/{rows[1]}", data={"act": "take"}).status_code == 400
    assert client.post(f"{HOME}/P-1/townships/{rows[0]}", data={"act": "drop"}).status_code == 404
    for name, body, told in (
        ("空.csv", "", "这个文件读不了。"),
        ("表.csv", "编号,备注\n1,x\n", "没有找到乡镇名称这一列"),
    ):
        answer = client.post(f"{HOME}/P-1/townships/list", data=sent(name, body))
        assert (answer.status_code, told in words_of(answer.text)) == (400, True)


def test_files_carry_the_figures_and_no_formula(client: DeskClient, engine: Engine) -> None:
    client.post(f"{HOME}/new", data=FORM | {"target_is": "total"})
    stations(engine, "=HYPERLINK(1)", "@驿站")
    table = list(csv.reader(io.StringIO(client.get(f"{HOME}/P-1/areas.csv").data.decode("utf-8-sig"))))
    assert [row[1:4] for row in table] == [
        ["区域", "目标", "已开放"], ["乐都区", "4", "0"], ["民和回族土族自治县", "6", "2"], ["合计", "10", "2"],
    ]  # fmt: skip
    names = [
        row[1]
        for row in csv.reader(io.StringIO(client.get(f"{HOME}/P-1/stations.csv").data.decode("utf-8-sig")))
    ]
    assert names == ["名称", "'=HYPERLINK(1)", "'@驿站"]
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{HOME}/P-1/stations.xlsx").data))
    assert [row[1] for row in book.active.values] == names  # type: ignore[union-attr]
    features = json.loads(client.get(f"{HOME}/P-1/stations.geojson").data)["features"]
    assert features[0]["geometry"]["coordinates"] == [102.05, 36.6]
    assert features[0]["properties"]["名称"] == "=HYPERLINK(1)"
    assert client.get(f"{HOME}/P-1/townships.csv").status_code == 200
    assert client.get(f"{HOME}/P-1/areas.geojson").status_code == 404


def test_the_map_has_stations_by_state_and_tells_how_many_have_no_place(
    client: DeskClient, engine: Engine
) -> None:
    client.post(f"{HOME}/new", data=FORM | {"target_is": "total"})
    code = stations(engine, "<b>站</b>")[0]
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="one"),
    ):
        registry.add(session, names={"zh": "无位置"}, kind="union_station", region_code="630202")
    body = client.get(f"{HOME}/P-1/map.json").json
    assert body == {"stations": [[code, "<b>站</b>", "open", 102.05, 36.6]], "townships": [], "unlocated": 1}
    assert "<b>站</b>" not in client.get(f"{HOME}/P-1").text


def test_the_table_is_sorted_by_the_head_that_was_clicked(client: DeskClient, engine: Engine) -> None:
    client.post(f"{HOME}/new", data=FORM | {"target_is": "total"})
    stations(engine, "开一")
    page = client.get(f"{HOME}/P-1?sort=open").text
    assert page.index("民和回族土族自治县<span") < page.index("乐都区<span")
    assert 'aria-sort="descending"' in page
    rising = client.get(f"{HOME}/P-1?sort=open&rising=1").text
    assert rising.index("乐都区<span") < rising.index("民和回族土族自治县<span")
    assert client.get(f"{HOME}/P-1?sort=nonsense&level=moon").status_code == 200


def test_rows_of_no_region_come_last_whatever_the_order() -> None:
    rows = [Row("", None, Count(open=9)), Row("2", 3, Count(open=1)), Row("1", 5, Count())]
    for column in ("", "name", "target", "open", "share", "late"):
        assert sorted_rows(rows, View(sort=column), {})[-1][1].code == ""


def test_a_bar_is_never_longer_than_its_box(untouched: Flask) -> None:
    for count, target in ((Count(open=5), 3), (Count(1, 2, 3, 4), 8), (Count(), 8), (Count(open=2), None)):
        with untouched.test_request_context():
            made = bar(count, target, expected=4)
        assert sum(long for _, _, long in made.parts) <= 100.1
        assert all(0 <= at <= 100 for _, at, _ in made.parts)


def test_a_plan_is_spelled_and_read_back(untouched: Flask) -> None:
    plan = Plan(
        "P-9", "题", ("630200",), 2026, 10, "tagged", {"630202": 4}, kinds=("union_station",), base=3,
        areas=(PriorityArea("630222", 2.5, "山高 路远"),), note="一\n二",
    )  # fmt: skip
    engine: Engine = untouched.extensions["yizhan.engine"]
    with Session(engine) as session, untouched.test_request_context():
        areas = Areas.load(session)
        form = MultiDict(spell(plan, {code: areas.name(code) for code in areas.areas}))
        assert read(form, areas).plan == plan


def test_a_run_counts_the_kinds_of_a_programme(client: DeskClient, engine: Engine) -> None:
    client.post(f"{HOME}/new", data=FORM)
    with Session(engine) as session, session.begin():
        session.execute(text("SELECT set_config('yz.commit', '', true)"))
        add_people(session)
    form = {
        "title": "按方案", "region": "", "mode": "walk", "limits": "15", "main": "15", "timed": "", "date": "", "hour": "12",
        "unknown": "include", "size_m": "1000", "detour": "1.3", "programme": "P-1",
    }  # fmt: skip
    assert "十个驿站" in client.get("/desk/planner").text
    assert client.post("/desk/planner/runs", data=form).status_code == 303
    with Session(engine) as session:
        run = session.scalars(select(CoverageRun)).one()
        assert StationQuery.parse([tuple(run.question["serving"].split("&")[0].split("="))]).kinds == (
            "union_station",
        )  # type: ignore[list-item]
    assert client.post("/desk/planner/runs", data=form | {"programme": "NOPE"}).status_code == 400
    assert client.post("/desk/planner/runs", data=form | {"kinds": "rider_station"}).status_code == 400


def test_the_history_tells_what_was_done_to_a_programme(
    app: Flask, engine: Engine, client: DeskClient
) -> None:
    client.post(f"{HOME}/new", data=FORM)
    code = stations(engine, "开一")[0]
    client.post(f"{HOME}/P-1/stations/add", data={"code": code})
    client.post(f"{HOME}/P-1/stations/remove", data={"code": code})
    changed = FORM | {"version": "1", "title": "她的", "targets": "民和县 3", "areas": ""}
    client.post(f"{HOME}/P-1/edit", data=changed)
    admin = signed_in(app, staff_member(engine, "admin", "administrator", None))
    with Session(engine) as session:
        numbers = session.scalars(select(Commit.seq).order_by(Commit.seq.desc()).limit(4)).all()
    told = [words_of(admin.get(f"/desk/history/{number}").text) for number in numbers]
    assert "建设方案 修改 1" in "".join(told)
    assert "十个驿站" in "".join(told)
    past = words_of(admin.get(f"/desk/stations/{code}/history").text)
    assert "新增 建设方案的站点 她的" in past
    assert "删除 建设方案的站点 她的" in past
