"""The planner's pages without a script: asked, worked on, shown, sorted, by hour, compared, published, taken along."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
from desk_fixtures import DeskClient, hash_quickly, signed_in, staff_member
from flask import Flask
from PIL import Image
from planner_fixtures import NOON, fill, made, round_the_clock
from shapely import MultiPolygon, box
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from geo.datum import Datum, from_wgs84
from geo.mainland import Mainland
from geo.mercator import pixels
from stations import jobs
from stations.jobs.queue import Again
from stations.jobs.running import run as do_work
from stations.models import CoverageRun
from stations.planning import runs
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.jobs import kinds
from web.maps.cell_tiles import SHADES
from web.planner.tables import PARTS
from web.settings import Settings

CHINA = Mainland(MultiPolygon([box(73, 18, 135, 54)]))
FORM = {
    "title": "十五分钟步行", "region": "", "mode": "walk", "limits": "5,10,15,30", "main": "15", "timed": "",
    "date": "2026-07-01", "hour": "12", "unknown": "include", "size_m": "1000", "detour": "1.3",
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    found = create_engine(new_database())
    with Session(found) as session, session.begin():
        fill(session)
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def settings(engine: Engine) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    return Settings(secret_key="x" * 40, database_url=url, clock=NOON)


@pytest.fixture(scope="module")
def app(engine: Engine, settings: Settings) -> Flask:
    return create_app(settings, engine=engine)


@pytest.fixture
def planner(app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> DeskClient:
    hash_quickly(monkeypatch)
    return signed_in(app, staff_member(engine, "planner", "planner", None))


@pytest.fixture
def kept(engine: Engine) -> Callable[..., int]:
    """Keep a run that is done; returns its number."""

    def make(title: str = "十五分钟", **asked: Any) -> int:
        with Session(engine) as session, session.begin():
            return made(session, title, **asked).id

    return make


def plain(page: str) -> str:
    """Return the words of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def work_of(engine: Engine, run_id: int) -> jobs.Progress:
    with Session(engine) as session:
        found = jobs.latest(session, f"coverage:{run_id}")
    assert found is not None
    return found


def asked(planner: DeskClient, **changes: Any) -> int:
    answer = planner.post("/desk/planner/runs", data={**FORM, **changes})
    assert answer.status_code == 303, plain(answer.text)
    return int(answer.location.rsplit("/", 1)[1])


def test_a_run_is_asked_done_by_the_worker_and_shown(
    planner: DeskClient, engine: Engine, settings: Settings
) -> None:
    run_id = asked(planner)
    page = planner.get(f"/desk/planner/runs/{run_id}")
    assert "等待处理" in page.text
    assert "<progress" in planner.get("/desk/planner").text
    do_work(engine, work_of(engine, run_id).id, kinds(settings), threading.Event())
    work = work_of(engine, run_id)
    assert (work.state, work.result) == ("done", {"run": run_id})
    said = plain(planner.get(f"/desk/planner/runs/{run_id}").text)
    assert "33.3% 的人在15分钟内有站点" in said
    assert "分钟为估算（直线×系数）" in said
    assert "城东区 2,000 0 0.0% 0 2,000" in said
    assert planner.get(f"/desk/work/{work.id}").location == f"/desk/planner/runs/{run_id}"


def test_the_list_says_how_each_run_stands(planner: DeskClient, kept: Callable[..., int]) -> None:
    kept("一号")
    said = plain(planner.get("/desk/planner").text)
    assert re.search(r"一号 第 \d+ 次 33.3% 的人在15分钟内 已完成 估算", said)


def test_the_map_s_layers_come_as_short_numbers(planner: DeskClient, kept: Callable[..., int]) -> None:
    body = json.loads(planner.get(f"/desk/planner/runs/{kept()}/map.json").data)
    assert [round(gap["people"]) for gap in body["gaps"]] == [2_000]
    (people,) = body["stations"].values()
    assert people == [1_000.0, 1_000.0, True]
    assert len(body["reach"]) == 1
    assert body["overlap"] == []


def colours(answer: Any) -> set[str]:
    """Return the colours of a tile that are seen."""
    assert answer.status_code == 200, answer.text
    image = np.asarray(Image.open(io.BytesIO(answer.data)).convert("RGBA"))
    assert image.shape == (256, 256, 4)
    return {"#" + bytes(pixel).hex() for pixel in np.unique(image[image[..., 3] > 0][:, :3], axis=0)}


def tile_at(lon: float, lat: float, zoom: int) -> str:
    x, y = pixels(lon, lat, zoom)
    return f"{zoom}/{int(x // 256)}/{int(y // 256)}.png"


@pytest.mark.parametrize("zoom", [5, 9, 14])
def test_cells_are_drawn_as_tiles_at_every_zoom_for_the_moment_and_the_hour(
    planner: DeskClient, kept: Callable[..., int], zoom: int
) -> None:
    address = f"/desk/planner/runs/{kept('格子', **round_the_clock())}/cells/"
    # 民和: within the second limit at noon, and beyond them all at three, when its door is shut.
    tile = tile_at(102.1, 36.6, zoom)
    light, dark = SHADES["light"], SHADES["dark"]
    assert light[2] in colours(planner.get(address + tile))
    assert dark[2] in colours(planner.get(f"{address}{tile}?theme=dark"))
    assert colours(planner.get(f"{address}{tile}?hour=3")) == {light[5]}
    assert colours(planner.get(address + tile_at(102.1, 20.0, zoom))) == set()


def test_cells_lie_where_the_base_map_lies(planner: DeskClient, kept: Callable[..., int]) -> None:
    address = f"/desk/planner/runs/{kept('格子')}/cells/"
    ours, theirs = (102.1, 36.6), from_wgs84(102.1, 36.6, Datum.GCJ02, mainland=CHINA)

    def middle(lon: float, lat: float) -> tuple[float, float]:
        """Return where the cell is drawn on a tile of zoom 13, in pixels of the world."""
        tile = tile_at(float(lon), float(lat), 13)
        _, x, y = (int(part) for part in tile.removesuffix(".png").split("/"))
        query = "" if (lon, lat) == ours else "?datum=gcj02"
        image = np.asarray(Image.open(io.BytesIO(planner.get(address + tile + query).data)).convert("RGBA"))
        rows, columns = np.nonzero(image[..., 3])
        return x * 256 + columns.mean(), y * 256 + rows.mean()

    moved = np.subtract(middle(*map(float, theirs)), middle(*ours))
    expected = np.subtract(pixels(*theirs, 13), pixels(*ours, 13))
    assert np.abs(expected).max() > 5
    assert moved == pytest.approx(expected, abs=2.5)


def test_a_cell_tells_of_its_people_where_it_lies_and_nothing_beside_it(
    planner: DeskClient, kept: Callable[..., int]
) -> None:
    address = f"/desk/planner/runs/{kept('格子', **round_the_clock())}/cell.json?lon=102.1&lat="
    cell = json.loads(planner.get(f"{address}36.6").data)["cell"]
    assert (cell["people"], cell["stations"]) == (1_000.0, 1)
    assert cell["minutes"] <= 10
    assert json.loads(planner.get(f"{address}36.6&hour=3").data)["cell"]["within"] is None
    assert json.loads(planner.get(f"{address}36.6&hour=9").data)["cell"]["within"] == 10
    assert json.loads(planner.get(f"{address}36.7").data) == {"cell": None}
    assert planner.get(f"{address}north").status_code == 400


@pytest.mark.parametrize("address", ["3/8/0.png", "21/0/0.png", "3/0/0.png?hour=24", "3/0/0.png?hour=x"])
def test_a_tile_that_is_not_there_is_not_found(
    planner: DeskClient, kept: Callable[..., int], address: str
) -> None:
    assert planner.get(f"/desk/planner/runs/{kept()}/cells/{address}").status_code == 404


def download(planner: DeskClient, run_id: int, form: str, what: str) -> tuple[str, bytes]:
    answer = planner.get(f"/desk/planner/runs/{run_id}.{form}?what={what}")
    assert answer.status_code == 200, plain(answer.text)
    return answer.headers["Content-Disposition"], answer.data


@pytest.mark.parametrize("what", [what for what in PARTS if what != "hours"])
@pytest.mark.parametrize("form", ["gpkg", "geojson", "shp.zip"])
def test_a_file_of_shapes_opens_with_its_chinese_fields(
    planner: DeskClient, kept: Callable[..., int], tmp_path: Path, form: str, what: str
) -> None:
    _, content = download(planner, kept(), form, what)
    path = tmp_path / f"run.{form}"
    path.write_bytes(content)
    source = f"/vsizip/{path}/coverage.shp" if form == "shp.zip" else str(path)
    found = pyogrio.read_dataframe(source)
    assert found.crs == "EPSG:4326"
    assert "人口" in found.columns or "名称" in found.columns
    if form == "shp.zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.read("coverage.cpg").strip() == b"UTF-8"
            assert {name.rsplit(".", 1)[1] for name in archive.namelist()} == {
                "shp",
                "shx",
                "dbf",
                "prj",
                "cpg",
            }
        assert all(len(name.encode()) <= 10 for name in found.columns if name != "geometry")


def test_outlines_that_may_not_go_along_never_do(planner: DeskClient, kept: Callable[..., int]) -> None:
    heads, content = download(planner, kept(), "geojson", "areas")
    assert "coverage" in heads
    assert "points" in heads
    kinds_of_shape = {feature["geometry"]["type"] for feature in json.loads(content)["features"]}
    assert kinds_of_shape == {"Point"}


def test_outlines_that_may_go_along_do(planner: DeskClient, kept: Callable[..., int], engine: Engine) -> None:
    run_id = kept()
    allow(engine, yes=True)
    try:
        heads, content = download(planner, run_id, "geojson", "areas")
    finally:
        allow(engine, yes=False)
    assert "points" not in heads
    assert {feature["geometry"]["type"] for feature in json.loads(content)["features"]} == {"MultiPolygon"}


def allow(engine: Engine, *, yes: bool) -> None:
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="outlines"),
    ):
        session.execute(text("UPDATE regions SET publishable = :yes"), {"yes": yes})


def test_no_cell_of_a_table_is_a_formula(planner: DeskClient, kept: Callable[..., int]) -> None:
    run_id = kept()
    _, content = download(planner, run_id, "csv", "stations")
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    assert row["名称"] == "'=驿站"
    assert float(row["只靠本站人口"]) == 1_000
    _, content = download(planner, run_id, "xlsx", "stations")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    heads, values = list(sheet.values)
    # A cell that is a text is no formula, whatever it begins with.
    assert dict(zip(heads, values, strict=True))["名称"] == "=驿站"
    assert dict(zip(heads, values, strict=True))["时限内人口"] == 1_000
    assert {cell.data_type for row_ in sheet for cell in row_} <= {"s", "inlineStr", "n"}


def test_the_hours_of_a_day_come_as_a_table_and_in_no_other_form(
    planner: DeskClient, kept: Callable[..., int]
) -> None:
    run_id = kept("一整天", **round_the_clock())
    _, content = download(planner, run_id, "csv", "hours")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["时刻"] for row in rows] == [f"{hour:02d}:00" for hour in range(24)]
    assert [float(row["时限内人口"]) for row in rows] == [0] * 8 + [1_000] * 12 + [0] * 4
    assert planner.get(f"/desk/planner/runs/{run_id}.gpkg?what=hours").status_code == 404
    assert planner.get(f"/desk/planner/runs/{kept()}.csv?what=hours").status_code == 404


def test_a_file_taken_at_an_hour_holds_that_hour(planner: DeskClient, kept: Callable[..., int]) -> None:
    run_id = kept("一整天", **round_the_clock())
    page = planner.get(f"/desk/planner/runs/{run_id}?hour=3").text
    assert f"/desk/planner/runs/{run_id}.csv?what=areas&amp;level=county&amp;hour=3" in page
    assert f"/desk/planner/runs/{run_id}.csv?what=cells" in page
    reached = {}
    for hour in ("", "12", "3"):
        heads, content = download(planner, run_id, "csv", f"areas&hour={hour}")
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        reached[hour] = sum(float(row["时限内人口"]) for row in rows)
    assert reached == {"": 1_000, "12": 1_000, "3": 0}
    assert f"coverage-{run_id}-areas-03h.csv" in heads
    _, night = download(planner, run_id, "csv", "gaps&hour=3")
    _, noon = download(planner, run_id, "csv", "gaps&hour=12")
    assert night.count(b"\n") == noon.count(b"\n") + 1
    for form in ("csv", "xlsx", "geojson", "gpkg", "shp.zip"):
        download(planner, run_id, form, "stations&hour=3")
    _, content = download(planner, run_id, "csv", "stations&hour=3")
    assert list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")))) == []


def test_a_file_holds_what_people_find_and_who_is_covered_twice(
    planner: DeskClient, kept: Callable[..., int]
) -> None:
    _, content = download(planner, kept(), "csv", "areas")
    rows = {row["名称"]: row for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))}
    found = rows["民和回族土族自治县"]
    assert (float(found["两站以上人口"]), float(found["有热饭人口"])) == (0, 0)
    assert float(found["人均座位"]) == pytest.approx(1 / 1_000)
    assert 0 < float(found["近者多算均座位"]) <= float(found["人均座位"])


def old(engine: Engine, run_id: int) -> None:
    """Make a run what the first release kept of one: no grid, no hours but of counties, no figure of today."""
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="an old run"),
    ):
        run = runs.get(session, run_id)
        arrays = {name: runs.cells_of(run)[name] for name in runs.ARRAYS}
        packed = io.BytesIO()
        np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
        first = ("people", "cells", "people_", "cells_", "median_s")
        run.cells = packed.getvalue()
        run.areas = {
            level: {
                code: {k: v for k, v in row.items() if k.startswith(first) and k != "people_twice"}
                for code, row in areas.items()
            }
            for level, areas in (run.areas or {}).items()
        }
        known = {"share_main", "gini_score", "stations", "people_twice"}
        run.summary = {
            k: v for k, v in (run.summary or {}).items() if k in known or k.startswith(("people", "worst"))
        }
        run.doors = [
            {
                k: v
                for k, v in door.items()
                if k
                not in {"hours", "counted", "visits", "days", "since", "until", "at_least", "usual", "seats"}
            }
            for door in run.doors or ()
        ]
        run.hours = [
            {
                **{k: v for k, v in row.items() if k not in {"like", "areas", "gaps", "people_twice"}},
                "counties": {"630102": 0.0, "630222": row["people_900"]},
            }
            for row in run.hours or ()
        ]


def test_a_run_of_the_first_release_opens_with_what_it_knows(
    planner: DeskClient, kept: Callable[..., int], engine: Engine
) -> None:
    run_id = kept("老的", **round_the_clock())
    old(engine, run_id)
    address = f"/desk/planner/runs/{run_id}"
    page = planner.get(address)
    assert "城东区 2,000 0 0.0% – 2,000" in plain(page.text)
    assert 'value="enhanced"' not in page.text
    at_nine = plain(planner.get(f"{address}?hour=9&by=median&doors=use&level=prefecture").text)
    assert "海东市 1,000 1,000 100.0%" in at_nine
    assert "这次计算没有按小时留下空白" in at_nine
    body = json.loads(planner.get(f"{address}/map.json?hour=9").data)
    assert (body["known"], body["gaps"], body["reach"], body["overlap"]) == (False, [], None, None)
    assert SHADES["light"][2] in colours(planner.get(f"{address}/cells/{tile_at(102.1, 36.6, 14)}"))
    assert planner.get(f"{address}/cells/3/6/3.png?hour=9").status_code == 404
    for what in PARTS:
        assert planner.get(f"{address}.csv?what={what}").status_code == 200, what
    assert planner.get(f"{address}/report?hour=9").status_code == 200
    assert planner.get(f"/desk/planner/compare?first={run_id}&second={kept()}").status_code == 200


def test_a_part_that_is_not_there_is_no_file(planner: DeskClient, kept: Callable[..., int]) -> None:
    run_id = kept()
    assert planner.get(f"/desk/planner/runs/{run_id}.csv?what=secrets").status_code == 404
    assert planner.get(f"/desk/planner/runs/{run_id}.csv?level=village").status_code == 404
    assert planner.get("/desk/planner/runs/999999.csv").status_code == 404


def test_two_runs_stand_beside_each_other_with_what_was_asked_differently(
    planner: DeskClient, kept: Callable[..., int]
) -> None:
    first, second = kept("近", main_min=5), kept("远", main_min=30)
    said = plain(planner.get(f"/desk/planner/compare?first={first}&second={second}").text)
    assert "民和回族土族自治县 0 0.0% 1,000 100.0% +1,000" in said
    assert "主要时限 5分钟 30分钟" in said
    two = f"/desk/planner/compare?first={first}&second={second}"
    rising = planner.get(f"{two}&order=second&rising=1&by=uncovered").text
    rows = rising[rising.index("<tbody>") :]
    assert rows.index("城东区") < rows.index("民和回族土族自治县")
    assert 'aria-sort="ascending"' in rising
    assert "order=second" in rising
    assert "rising=1" not in re.search(r'aria-sort="ascending"><a href="([^"]+)"', rising)[1]  # type: ignore[index]
    same = plain(planner.get(f"/desk/planner/compare?first={first}&second={first}").text)
    assert "问的完全相同" in same
    assert planner.get("/desk/planner/compare?first=x&second=1").status_code == 400


def test_two_runs_of_a_day_are_compared_at_an_hour(planner: DeskClient, kept: Callable[..., int]) -> None:
    first, second = kept("昼夜", **round_the_clock()), kept("昼夜五分钟", **round_the_clock(), main_min=30)
    address = f"/desk/planner/compare?first={first}&second={second}"
    assert "民和回族土族自治县 1,000 100.0% 1,000 100.0% 0" in plain(planner.get(address).text)
    night = planner.get(f"{address}&hour=3").text
    assert "民和回族土族自治县 0 0.0% 0 0.0% 0" in plain(night)
    assert 'data-hour="3"' in night


def say_why(planner: DeskClient, run_id: int, act: str, reason: str = "经主管同意") -> int:
    return planner.post(f"/desk/planner/runs/{run_id}/{act}", data={"reason": reason}).status_code


def test_the_public_sees_the_run_that_a_planner_publishes_until_it_is_withdrawn(
    planner: DeskClient, app: Flask, kept: Callable[..., int]
) -> None:
    public = app.test_client()
    assert "radius_m" in json.loads(public.get("/map/gaps.json").data)
    run_id = kept("给公众的", at=NOON)
    assert say_why(planner, run_id, "publish", "") == 400
    assert say_why(planner, run_id, "publish") == 303
    body = json.loads(public.get("/map/gaps.json").data)
    assert body["run"] == {
        "date": "2026-07-01", "minutes": 15, "mode": "walk", "at": "2026-07-01 12:00", "stations": 1,
        "estimated_ways": True, "ways": None, "estimated_people": True,
    }  # fmt: skip
    assert {area["name"]: (area["people"], area["people_beyond"]) for area in body["areas"]} == {
        "城东区": (2_000, 2_000), "民和回族土族自治县": (1_000, 0),
    }  # fmt: skip
    assert [(gap["name"], gap["people"]) for gap in body["places"]] == [("城东区", 2_000)]
    page = plain(public.get("/map?gap=1").text)
    assert "3,000 人中，2,000 人走路15分钟内没有休息站点" in page
    assert (
        "2026-07-01 由规划人员计算并公开。 只算 2026-07-01 12:00 开着的站点。 分钟为估算（直线×系数）" in page
    )
    assert say_why(planner, run_id, "remove") == 409
    second = kept("下一次", main_min=5)
    assert say_why(planner, second, "publish") == 303
    assert json.loads(public.get("/map/gaps.json").data)["run"]["minutes"] == 5
    assert say_why(planner, run_id, "withdraw") == 409
    assert say_why(planner, second, "withdraw") == 303
    assert "run" not in json.loads(public.get("/map/gaps.json").data)


def test_a_run_that_is_removed_is_listed_no_more_and_why_stands_in_the_history(
    planner: DeskClient, kept: Callable[..., int], engine: Engine
) -> None:
    run_id = kept("走错了")
    assert say_why(planner, run_id, "remove", "区域选错") == 303
    assert "走错了" not in planner.get("/desk/planner").text
    assert planner.get(f"/desk/planner/runs/{run_id}").status_code == 404
    with engine.connect() as connection:
        reasons = connection.execute(text("SELECT reason FROM commits")).scalars().all()
    assert f"remove run {run_id}: 区域选错" in reasons


def test_a_run_without_an_answer_is_neither_published_nor_removed_while_it_is_worked_on(
    planner: DeskClient, engine: Engine
) -> None:
    run_id = asked(planner, title="还没算")
    assert say_why(planner, run_id, "publish") == 409
    assert say_why(planner, run_id, "remove") == 409
    assert planner.get(f"/desk/planner/runs/{run_id}/map.json").status_code == 409
    work = work_of(engine, run_id)
    assert planner.post(f"/desk/work/{work.id}/cancel", data={"next": "/desk/planner"}).status_code == 303
    assert "已取消" in planner.get(f"/desk/planner/runs/{run_id}").text
    assert say_why(planner, run_id, "remove") == 303


def test_a_worker_that_stops_leaves_nothing_half_written_and_the_next_begins_anew(
    planner: DeskClient, engine: Engine, settings: Settings
) -> None:
    run_id = asked(planner, title="断电")
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(Again):
        do_work(engine, work_of(engine, run_id).id, kinds(settings), stopping)
    assert work_of(engine, run_id).state == "waiting"
    with Session(engine) as session:
        assert runs.get(session, run_id).finished_at is None
    do_work(engine, work_of(engine, run_id).id, kinds(settings), threading.Event())
    with Session(engine) as session:
        assert runs.get(session, run_id).finished_at is not None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": " "}, "给这次计算起个名字"),
        ({"title": "长" * 201}, "给这次计算起个名字"),
        ({"region": "999999"}, "登记里没有这个区域"),
        ({"mode": "horse"}, "请选一种出行方式"),
        ({"mode": ""}, "请选一种出行方式"),
        ({"limits": "15,5"}, "从小到大的整分钟"),
        ({"limits": "٣"}, "从小到大的整分钟"),
        ({"limits": "5,999"}, "最长240分钟"),
        ({"main": "20"}, "主要时限要是上面时限中的一个"),
        ({"size_m": "nan"}, "写50到50000之间的米数"),
        ({"size_m": "1e9"}, "写50到50000之间的米数"),
        ({"detour": "0.5"}, "写1到5之间的数"),
        ({"clock": "1"}, "请选一个日期"),
        ({"timed": "1", "date": "2026-02-30"}, "写一个日期"),
        ({"timed": "1", "hour": "24"}, "小时是0到23"),
        ({"timed": "1", "date": "0001-01-01"}, "2000年到2100年"),
        ({"kinds": "palace"}, "有不认识的选项"),
        ({"unknown": "maybe"}, "请选一项"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_asked(
    planner: DeskClient, engine: Engine, changes: dict[str, str], said: str
) -> None:
    def count() -> int:
        with Session(engine) as session:
            return session.query(CoverageRun).count()

    before = count()
    answer = planner.post("/desk/planner/runs", data={**FORM, **changes})
    assert answer.status_code == 400
    found = re.findall(r'<span class="wrong" id="wrong-\w+">([^<]+)</span>', answer.text)
    assert len(found) == 1
    assert said in found[0]
    assert 'aria-describedby="wrong-' in answer.text
    assert count() == before


def test_an_hour_of_the_day_has_figures_of_its_own_and_its_link_shows_them_again(
    planner: DeskClient, kept: Callable[..., int]
) -> None:
    run_id = kept("一整天", **round_the_clock())
    address = f"/desk/planner/runs/{run_id}"
    assert "33.3% 的人在15分钟内有站点" in plain(planner.get(address).text)
    night = plain(planner.get(f"{address}?hour=3").text)
    assert "0.0% 的人在15分钟内有站点" in night
    assert "0 / 3,000 人 · 0 个站点 · 03:00" in night
    at = plain(planner.get(f"{address}?hour=9&level=prefecture").text)
    assert "海东市 1,000 1,000 100.0%" in at
    assert "33.3%" in plain(planner.get(f"{address}?hour=99&level=nowhere&by=x&sort=y&at=z").text)


def test_a_table_is_sorted_by_the_links_of_its_heads(planner: DeskClient, kept: Callable[..., int]) -> None:
    address = f"/desk/planner/runs/{kept()}"
    by_name = planner.get(f"{address}?sort=name&rising=1").text
    assert by_name.index("城东区</button>") < by_name.index("民和回族土族自治县</button>")
    falling = planner.get(f"{address}?sort=share").text
    assert falling.index("民和回族土族自治县</button>") < falling.index("城东区</button>")
    assert 'aria-sort="descending"' in falling


def test_the_short_address_leads_to_the_desk_and_keeps_its_query(planner: DeskClient) -> None:
    assert planner.raw.get("/planner?lang=en").location == "/desk/planner?lang=en"


def test_who_only_looks_is_offered_nothing_to_change(
    app: Flask, engine: Engine, kept: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_quickly(monkeypatch)
    viewer = signed_in(app, staff_member(engine, "looker", "viewer", None))
    run_id = kept()
    assert "开始计算" not in viewer.get("/desk/planner").text
    assert "/publish" not in viewer.get(f"/desk/planner/runs/{run_id}").text
    assert viewer.post("/desk/planner/runs", data=FORM).status_code == 403


def test_a_report_tells_figures_method_assumptions_sources_and_versions(
    planner: DeskClient, kept: Callable[..., int]
) -> None:
    run_id = kept("给领导的", main_min=10)
    page = planner.get(f"/desk/planner/runs/{run_id}/report")
    said = plain(page.text)
    for expected in (
        "主要时限 10分钟", "10分钟内的人口比例 33.3%", "城东区 2,000 0 0.0% 0 2,000", "两步移动搜寻法（2SFCA）",
        "分钟为估算（直线×系数）", "人口：census 2020, estimated", "地名：test", "站点都还没有核实过", "numpy",
    ):  # fmt: skip
        assert expected in said
    picture = planner.get(f"/desk/planner/runs/{run_id}/picture.svg")
    assert picture.mimetype == "image/svg+xml"
    assert "演示底图，未送审" in picture.text
    assert "#bd4f2c" in picture.text  # 城东, where nobody is reached
    assert "#dcebe0" in picture.text  # 民和, where all are
    assert "最远的十分之一人中到不了的 300" in said
