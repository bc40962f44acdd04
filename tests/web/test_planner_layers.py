"""The planner's pages of demand layers without a script: sent, described, read by the worker, shown, used, removed."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desk_fixtures import DeskClient, hash_quickly, signed_in, staff_member
from flask import Flask
from planner_fixtures import NOON, fill
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from stations import jobs
from stations.jobs.running import run as do_work
from stations.models import DemandLayer, Upload
from stations.planning import runs
from tests.stations.layer_files import raster, workbook
from web import create_app
from web.cli import main
from web.jobs import kinds
from web.settings import Settings

CSV = "经度,纬度,商圈,订单量\n102.1,36.6,甲,30\n101.5,36.6,乙,10\n103.8,36.05,丙,2\n"
FACTS = {
    "name": "午间订单",
    "counts": "orders_noon",
    "unit": "单",
    "source": "某平台合计",
    "licence": "",
    "year": "2026",
}
CHOSEN = {"weight": "订单量", "lon": "经度", "lat": "纬度", "datum": "wgs84"}
RUN = {
    "title": "按订单", "region": "", "mode": "walk", "limits": "5,10,15,30", "main": "15", "timed": "",
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
def settings(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    return Settings(
        secret_key="x" * 40,
        database_url=url,
        clock=NOON,
        uploads=tmp_path_factory.mktemp("uploads"),
        upload_max_mb=1,
    )


@pytest.fixture(scope="module")
def app(engine: Engine, settings: Settings) -> Flask:
    return create_app(settings, engine=engine)


@pytest.fixture
def planner(app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> DeskClient:
    hash_quickly(monkeypatch)
    return signed_in(app, staff_member(engine, "planner", "planner", None))


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def send(planner: DeskClient, content: bytes, name: str) -> Any:
    return planner.post(
        "/desk/planner/layers/files",
        data={"files": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )


@pytest.fixture
def work(engine: Engine, settings: Settings) -> Callable[[], jobs.Progress]:
    """Do the newest piece of work."""

    def do() -> jobs.Progress:
        with Session(engine) as session:
            found = jobs.recent(session, limit=1)[0]
        do_work(engine, found.id, kinds(settings), threading.Event())
        with Session(engine) as session:
            return jobs.progress(session, found.id)

    return do


@pytest.fixture
def brought(planner: DeskClient, work: Callable[[], jobs.Progress]) -> Callable[..., int]:
    """Bring a layer through the pages; returns its number."""

    def bring(name: str) -> int:
        page = send(planner, CSV.encode(), "orders.csv").location
        assert planner.post(page, data={**FACTS, **CHOSEN, "name": name}).status_code == 303
        done = work()
        assert done.state == "done", done.error
        assert done.result is not None
        return int(done.result["layer"])

    return bring


def test_a_file_is_sent_described_read_and_shown(
    planner: DeskClient, engine: Engine, work: Callable[[], jobs.Progress]
) -> None:
    answer = send(planner, CSV.encode(), "orders.csv")
    assert answer.status_code == 303
    page = planner.get(answer.location).text
    for name, header in (("weight", "订单量"), ("lon", "经度"), ("lat", "纬度")):
        assert re.search(rf'name="{name}".*?<option value="{header}" selected>', page), name
    assert "甲 · 乙 · 丙" in page
    assert "orders.csv" in planner.get("/desk/planner/layers").text
    wrong = planner.post(answer.location, data={**FACTS, **CHOSEN, "datum": "", "source": ""})
    assert wrong.status_code == 400
    assert "请选坐标系" in wrong.text
    assert "写明数据来自哪里" in wrong.text
    asked = planner.post(answer.location, data={**FACTS, **CHOSEN})
    assert asked.status_code == 303
    assert "午间订单" in planner.get("/desk/planner/layers").text
    done = work()
    assert (done.state, done.progress) == ("done", 1.0), done.error
    layer = planner.get(asked.location).location
    said = plain(planner.get(layer).text)
    assert "40 单 · 午间订单" in said
    assert re.search(r"登记范围外 2 单 甘肃省 · 2 · 103\.80, 36\.05", said)
    assert "某平台合计 · 2026" in said
    assert "民和回族土族自治县 30" in said
    assert re.search(r"加入 · planner工会 · .* · layer: 午间订单", said)
    with Session(engine) as session:
        assert session.query(Upload).count() == 0


def test_the_picture_of_a_layer_has_its_squares_in_shades(
    planner: DeskClient, brought: Callable[..., int]
) -> None:
    number = brought("画出来的")
    drawn = planner.get(f"/desk/planner/layers/{number}/picture.svg")
    assert drawn.mimetype == "image/svg+xml"
    dark = planner.get(f"/desk/planner/layers/{number}/picture.svg?theme=dark")
    assert {
        colour for colour in ("#bd4f2c", "#fbe8cd", "#f7cf9f", "#efab70", "#df7f4b") if colour in drawn.text
    }
    assert "#cf6a3e" in dark.text
    assert drawn.text != dark.text


def test_a_run_is_asked_for_layers_with_factors_and_says_what_it_stands_on(
    planner: DeskClient, engine: Engine, work: Callable[[], jobs.Progress], brought: Callable[..., int]
) -> None:
    number = brought("订单和人")
    form = planner.get("/desk/planner").text
    assert f'name="factor-{number}"' in form
    asked = planner.post(
        "/desk/planner/runs",
        data={**RUN, "layers": ["census", str(number)], "factor-census": "0.1", f"factor-{number}": "2.5"},
    )
    assert asked.status_code == 303, plain(asked.text)
    assert work().state == "done"
    said = plain(planner.get(asked.location).text)
    assert "人口为估算" in said
    assert (
        "需求：订单和人 × 2.5（某平台合计，2026，2026-07-01 加入），合计 42 单，其中 2 在登记范围外。" in said
    )
    with Session(engine) as session:
        run = runs.get(session, int(asked.location.rsplit("/", 1)[1]))
        # 300 people of the census by a tenth, and 40 orders by 2.5.
        assert run.summary["people"] == pytest.approx(300 + 100)
        assert run.basis["people_outside"] == pytest.approx(5)
    page = plain(planner.get(f"/desk/planner/layers/{number}").text)
    assert "用过它的计算 按订单" in page


def test_only_the_census_is_called_an_estimate(
    planner: DeskClient, work: Callable[[], jobs.Progress], brought: Callable[..., int]
) -> None:
    number = brought("只有订单")
    asked = planner.post("/desk/planner/runs", data={**RUN, "layers": [str(number)], f"factor-{number}": "1"})
    assert work().state == "done"
    said = plain(planner.get(asked.location).text)
    assert "人口为估算" not in said
    assert "只有订单" in said


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"layers": ["999"]}, "有不认识的图层"),
        ({"layers": ["census"], "factor-census": "-1"}, "系数写0到1000000之间的数"),
        ({"layers": ["census"], "factor-census": "0"}, "至少有一个大于0"),
        ({"layers": ["census"], "factor-census": "x"}, "系数写0到1000000之间的数"),
    ],
)
def test_layers_that_cannot_be_asked_for_are_told_at_the_field(
    planner: DeskClient, sent: dict[str, Any], said: str
) -> None:
    answer = planner.post("/desk/planner/runs", data={**RUN, **sent})
    assert answer.status_code == 400
    assert said in answer.text


def test_a_run_that_would_outgrow_the_memory_is_refused_at_the_form(
    planner: DeskClient, brought: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from stations.planning import inputs

    number = brought("太细")
    monkeypatch.setattr(inputs, "_free_bytes", lambda: 1_000.0)
    answer = planner.post("/desk/planner/runs", data={**RUN, "size_m": "50", "layers": [str(number)]})
    assert answer.status_code == 400
    assert "内存放不下" in answer.text
    assert "m or larger, a smaller region" in answer.text


def test_a_layer_is_taken_out_with_a_reason(
    planner: DeskClient, engine: Engine, work: Callable[[], jobs.Progress], brought: Callable[..., int]
) -> None:
    number = brought("用错的")
    address = f"/desk/planner/layers/{number}/remove"
    assert "没有计算用过它" in planner.get(address).text
    assert planner.post(address, data={"reason": " "}).status_code == 400
    assert planner.post(address, data={"reason": "重复"}).status_code == 303
    assert planner.get(f"/desk/planner/layers/{number}").status_code == 404
    history = planner.get("/desk/history").text
    (commit,) = re.findall(r'href="(/desk/history/\d+)[^>]*>[^<]*remove layer 用错的: 重复', history)[:1]
    assert "用错的" in plain(planner.get(commit).text)
    number = brought("用过的")
    planner.post("/desk/planner/runs", data={**RUN, "layers": [str(number)]})
    address = f"/desk/planner/layers/{number}/remove"
    assert planner.post(address, data={"reason": "旧了"}).status_code == 409
    assert work().state == "done"
    assert "有 1 次计算用过它" in planner.get(address).text
    assert planner.post(address, data={"reason": "旧了"}).status_code == 303
    said = plain(planner.get(f"/desk/planner/layers/{number}").text)
    assert "不再提供" in said
    assert "旧了" in said
    assert "不再提供的图层（1）" in plain(planner.get("/desk/planner/layers").text)
    with Session(engine) as session:
        assert session.get_one(DemandLayer, number).removed_at == NOON


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pop.tif", b"II*\x00 broken", "cannot be read as a raster"),
        ("nothing.csv", b"", "这个文件是空的"),
        ("notes.txt", b"\x00\x01\x02\x03", "这个表格读不了"),
        ("routes.geojson", b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"n": 1}, "geometry": '
         b'{"type": "LineString", "coordinates": [[102, 36.5], [102.1, 36.6]]}}]}', "文件里是线"),
        ("large.csv", b"x" * (2 << 20), "文件太大"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_a_layer_is_refused_at_once(
    planner: DeskClient, name: str, content: bytes, said: str
) -> None:
    answer = send(planner, content, name)
    assert answer.status_code in {400, 413}
    assert said in plain(answer.text)


def test_what_the_worker_could_not_read_is_told_and_can_be_mended(
    planner: DeskClient, work: Callable[[], jobs.Progress]
) -> None:
    page = send(planner, "经度,纬度,订单量\n36.6,102.1,3\n".encode(), "swapped.csv").location
    asked = planner.post(page, data={**FACTS, **CHOSEN, "name": "写反了"})
    failed = work()
    assert (failed.state, failed.result) == (
        "failed",
        {"error": "Invalid", "field": "lon", "reason": "swapped"},
    )
    told = planner.get(asked.location).text
    assert "经度和纬度写反了" in told
    assert page in told
    assert "上次没有读成" in planner.get(page).text
    again = planner.post(page, data={**FACTS, **CHOSEN, "name": "写反了", "lon": "纬度", "lat": "经度"})
    assert again.status_code == 303
    assert work().state == "done"


def test_a_name_that_is_taken_is_told_at_the_form(planner: DeskClient, brought: Callable[..., int]) -> None:
    brought("重名")
    page = send(planner, CSV.encode(), "again.csv").location
    answer = planner.post(page, data={**FACTS, **CHOSEN, "name": "重名"})
    assert answer.status_code == 400
    assert "已有叫这个名字的图层" in answer.text
    assert planner.post(f"{page}/discard").status_code == 303
    assert "again.csv" not in planner.get("/desk/planner/layers").text


def test_a_file_of_somebody_else_or_a_list_of_stations_is_not_shown(
    app: Flask, planner: DeskClient, engine: Engine
) -> None:
    page = send(planner, CSV.encode(), "mine.csv").location
    other = signed_in(app, staff_member(engine, "other-planner", "planner", None))
    assert other.get(page).status_code == 403
    editor = signed_in(app, staff_member(engine, "chief", "administrator", None))
    assert editor.get(page.replace("planner/layers", "imports")).status_code == 404
    assert "mine.csv" not in editor.get("/desk/imports").text


def test_a_raster_needs_no_columns(
    planner: DeskClient, work: Callable[[], jobs.Progress], tmp_path: Path
) -> None:
    path = raster(tmp_path / "pop.tif", np.ones((8, 16)))
    page = send(planner, path.read_bytes(), "worldpop.tif").location
    said = planner.get(page).text
    assert 'name="band"' in said
    assert 'name="datum"' not in said
    assert planner.post(page, data={**FACTS, "name": "栅格", "band": "2"}).status_code == 400
    assert planner.post(page, data={**FACTS, "name": "栅格", "band": "1"}).status_code == 303
    assert work().state == "done"


def test_the_command_brings_lists_describes_uses_and_removes(
    settings: Settings,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("YIZHAN_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("YIZHAN_REGISTRY", "henan")
    path = workbook(
        tmp_path / "orders.xlsx", ("经度", "纬度", "订单量"), [[102.1, 36.6, 30], [101.5, 36.6, 10]]
    )

    def command(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        written = capsys.readouterr()
        return status, written.out, written.err

    status, _, said = command("demand", "add", str(path), "--name", "命令行", "--source", "平台")
    assert (status, "in which datum" in said) == (1, True)
    status, out, said = command(
        "demand", "add", str(path), "--name", "命令行", "--source", "平台", "--datum", "wgs84", "--counts", "orders_noon",
        "--unit", "单", "--year", "2026",
    )  # fmt: skip
    assert (status, "命令行: 40.00 单 (orders_noon) inside the registry" in out) == (0, True), said
    assert "Reading the file" in said
    assert "命令行" in command("demand", "list")[1]
    status, out, said = command("coverage", "run", "--layer", "命令行=0.5", "--layer", "census=2")
    assert status == 0, said
    assert "命令行 × 0.5: 40 单 in all, 0 outside the registry" in out
    assert "6,020 people" in out
    status, out, said = command("coverage", "run", "--layer", "没有的")
    assert (status, "no layer of demand called '没有的'" in said) == (1, True)
    assert command("coverage", "run", "--layer", "命令行=viel")[0] == 2
    assert "added 2" in command("demand", "describe", "命令行")[1]
    assert "is gone" in command("demand", "remove", "命令行", "--reason", "试完了")[1]
    assert command("demand", "describe", "命令行")[0] == 1
