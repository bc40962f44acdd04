"""Quality in public: the page, the CSV and the API say what the registry holds, and a month that was kept stays."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import DeskClient, signed_in, staff_member
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.hours import Hours
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.cli import main
from web.finder.door import Batches, batches
from web.quality.keeping import keep_month
from web.settings import Settings

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    add(made, "川口驿站", good=True)
    add(made, "古鄯驿站", verified_at=NOON - timedelta(days=4000))
    add(made, "乐都驿站", region="630202", good=True)
    add(made, "规划中的驿站", lifecycle="planned")
    yield made
    made.dispose()


def add(engine: Engine, name: str, *, region: str = "630222", good: bool = False, **facts: Any) -> str:
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="新增"),
    ):
        station = registry.add(
            session,
            names={"zh": name},
            kind="union_station",
            region_code=region,
            hours=Hours("24/7") if good else None,
            amenities={"toilet": registry.AmenityFact()} if good else {},
            **({"verified_at": NOON - timedelta(days=1)} if good else {}) | facts,
        )
        if good:
            station.location, station.position_quality = "SRID=4326;POINT(102.1 36.5)", "door"
        return station.code


@pytest.fixture(scope="module")
def app(engine: Engine) -> Flask:
    url = engine.url.render_as_string(hide_password=False)
    return create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def editor(app: Flask, engine: Engine) -> DeskClient:
    return signed_in(app, staff_member(engine, "minhe", "editor", "630222"))


def cells(html: str, code: str) -> dict[str, str]:
    row = re.search(rf'<tr data-code="{code}">(.*?)</tr>', html, re.S)
    assert row is not None, f"no row of {code}"
    found = re.findall(r'<td data-column="(\w+)">(.*?)</td>', row[1], re.S)
    return {name: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip() for name, cell in found}


def test_the_page_the_table_and_the_api_tell_the_same(client: FlaskClient) -> None:
    page = client.get("/quality?level=county&lang=zh")
    assert page.status_code == 200
    minhe = cells(page.text, "630222")
    assert minhe["stations"] == "2"
    assert minhe["on_map"] == minhe["promised"] == minhe["hours"] == minhe["door"] == "50% 1/2"
    assert minhe["facts"] == "5% 1/20"
    assert cells(page.text, "630102")["on_map"] == "– 0/0"
    rows = list(csv.DictReader(io.StringIO(client.get("/quality.csv").data.decode("utf-8-sig"))))
    assert (rows[0]["level"], rows[0]["stations"], rows[0]["on_map"], rows[0]["on_map_share"]) == (
        "whole",
        "3",
        "2",
        "0.6667",
    )
    told = client.get("/api/v1/quality?region=6302&level=county").get_json()
    assert [(one["code"], one["stations"]) for one in told["areas"]] == [("630202", 1), ("630222", 2)]
    assert told["whole"]["measures"]["promised"] == {"part": 2, "whole": 3, "unknown": 0, "share": 2 / 3}


def test_what_is_typed_at_the_desk_stands_on_the_page(
    client: FlaskClient, editor: DeskClient, engine: Engine
) -> None:
    code = add(engine, "马营驿站", good=True)
    sent = editor.post(
        "/desk/usage/typed",
        data={"station": "马营驿站", "period": "2026年8月", "visits": "1600余", "occupation": ""},
    )
    assert sent.status_code == 303
    assert sent.location == f"/desk/usage/{code}"
    shown = editor.get(sent.location).text
    assert "2026年8月" in shown
    assert "至少 1,600" in shown
    assert cells(client.get("/quality?level=county&lang=zh").text, "630222")["daily"] == "≥51.6 1站"
    whole = client.get("/api/v1/quality").get_json()["whole"]
    assert whole["use"] == {"stations": 1, "visits": 1600, "days": 31, "daily": 1600 / 31, "at_least": True}


def codes(html: str) -> list[str]:
    return re.findall(r'<tr data-code="(\d+)">', html)


def test_the_table_orders_by_any_column_and_what_nobody_knows_stands_last(client: FlaskClient) -> None:
    falling = client.get("/quality?level=county&sort=on_map&lang=zh").text
    assert codes(falling)[:2] in (["630202", "630222"], ["630222", "630202"])
    assert codes(falling)[0] == "630202"
    rising = client.get("/quality?level=county&sort=on_map&dir=up&lang=zh").text
    assert codes(rising)[:2] == ["630222", "630202"]
    # Without stations there is no share, whichever way one looks.
    assert codes(falling)[2:] == codes(rising)[2:] == ["630102", "630103"]
    assert re.search(r'aria-sort="descending"><a href="[^"]*dir=up[^"]*">线上地图可查', falling)
    assert codes(client.get("/quality?region=6302").text) == ["630202", "630222"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("level=village", "“village”看不懂"),
        ("region=999999", "“999999”看不懂"),
        ("month=2031-13", "“2031-13”看不懂"),
        ("month=2031-12", "“2031-12”看不懂"),
        ("sort=<script>", "“&lt;script&gt;”看不懂"),
        ("colour=red", "“red”看不懂"),
    ],
)
def test_a_question_that_cannot_be_understood_is_told_and_the_page_stands(
    client: FlaskClient, query: str, told: str
) -> None:
    page = client.get(f"/quality?{query}&lang=zh")
    assert (page.status_code, told in page.text, "<script>" in page.text) == (200, True, False)
    if not query.startswith("sort"):
        assert client.get(f"/api/v1/quality?{query}").status_code in {400, 404}
        assert client.get(f"/quality.csv?{query}").status_code in {400, 404}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("visits", "-5", "人次不能是负数"),
        ("visits", "−5", "人次不能是负数"),
        ("visits", "约1600", "“约”不是准数"),
        ("period", "三月", "时段看不懂"),
        ("period", "2026-10", "还没有过完"),
        ("station", "没有的驿站", "没有这个站点"),
        # Of another county, where this editor keeps nothing.
        ("station", "乐都驿站", "没有这个站点"),
        ("occupation", "诗人", "没有这种职业"),
    ],
)
def test_what_is_typed_wrong_is_told_at_its_field_and_nothing_is_kept(
    editor: DeskClient, engine: Engine, field: str, value: str, told: str
) -> None:
    before = visits(engine)
    form = {"station": "川口驿站", "period": "2026-05", "visits": "9", "occupation": ""} | {field: value}
    answer = editor.post("/desk/usage/typed", data=form)
    assert answer.status_code == 400
    wrong = re.search(rf'id="{field}-wrong">([^<]*)<', answer.text)
    assert wrong is not None
    assert told in wrong[1]
    assert visits(engine) == before


def visits(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT period::text, visits, at_least, occupation, how FROM visits ORDER BY 1, 2")
        )
        return [tuple(row) for row in found]


def book(rows: list[list[object]]) -> io.BytesIO:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    out.seek(0)
    return out


def test_a_list_is_kept_whole_or_not_at_all_and_the_same_one_twice_makes_nothing_twice(
    editor: DeskClient, engine: Engine
) -> None:
    code = add(engine, "官亭驿站")
    before = visits(engine)

    def send(file: io.BytesIO, name: str = "人次.xlsx", **more: str) -> Any:
        return editor.post("/desk/usage/list", data={"files": (file, name), **more})

    good = [["站点编号", "站点名称", "2026年1月", "2026年2月"], [code, "", 310, "280余"]]
    bad = [*good, ["", "没有的驿站", 5, 5], ["", "官亭驿站", -5, ""]]
    refused = send(book(bad))
    assert refused.status_code == 400
    assert "3 行里有 2 行有问题，一行也没有写入。" in refused.text
    rows = re.findall(r'<th scope="row">(\d+)</th><td>([^<]*)<', refused.text)
    assert rows == [
        ("3", "您负责的区域里没有这个站点。请写站点编号，或完整的名称。"),
        ("4", "人次不能是负数。"),
    ]
    assert visits(engine) == before
    assert "新增 2，改动 0，原来就有 0。 跳过 2 行。" in re.sub(r"\s+", " ", send(book(bad), skip="on").text)
    again = send(book(good))
    assert (again.status_code, "新增 0，改动 0，原来就有 2。" in again.text) == (200, True)
    added = [row for row in visits(engine) if row not in before]
    assert added == [
        ("[2026-01-01,2026-02-01)", 310, False, None, "imported"),
        ("[2026-02-01,2026-03-01)", 280, True, None, "imported"),
    ]
    # A workbook keeps the month 2025-11 as a date.
    by_date = send(book([["站点", "月份", "人次"], ["官亭驿站", datetime(2025, 11, 1), 60]]))
    assert "新增 1，改动 0，原来就有 0。" in by_date.text
    assert ("[2025-11-01,2025-12-01)", 60, False, None, "imported") in visits(engine)
    # By occupation, in GBK as Excel saves it here; a total of the same month stands for all of them.
    lines = "站点,月份,快递员,外卖,合计\n官亭驿站,2026-03,100,200,350\n"
    told = send(io.BytesIO(lines.encode("gbk")), "按职业.csv")
    assert "新增 3，改动 0，原来就有 0。" in told.text
    shown = editor.get(f"/desk/usage/{code}").text
    assert shown.count("已含在合计里") == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xe5\xa4\xa9\xe6\xb0\x94,\xe6\xb8\xa9\xe5\xba\xa6\n\xe6\x99\xb4,3\n", "没有找到站点一列"),
        ("站点,月份\n川口驿站,2026-03\n".encode(), "没有找到人次一列"),
        ("站点,人次\n川口驿站,3\n".encode(), "没有找到时段一列"),
        (b"%PDF-1.7", "请另存为 XLSX 或 CSV"),
        (b"", "请另存为 XLSX 或 CSV"),
    ],
)
def test_a_file_that_is_no_list_of_visits_is_refused_in_words(
    editor: DeskClient, content: bytes, told: str
) -> None:
    answer = editor.post("/desk/usage/list", data={"files": (io.BytesIO(content), "x.csv")})
    assert (answer.status_code, told in answer.text) == (400, True)


def test_a_figure_is_removed_by_who_keeps_the_station_alone(
    editor: DeskClient, app: Flask, engine: Engine
) -> None:
    code = add(engine, "中川驿站")
    editor.post(
        "/desk/usage/typed",
        data={"station": code, "period": "2026-04", "visits": "77", "occupation": "快递员"},
    )
    number = re.search(r'name="figure" value="(\d+)"', editor.get(f"/desk/usage/{code}").text)
    assert number is not None
    other = signed_in(app, staff_member(engine, "ledu", "editor", "630202"))
    assert other.post(f"/desk/usage/{code}/remove", data={"figure": number[1]}).status_code == 403
    assert editor.post(f"/desk/usage/{code}/remove", data={"figure": "x"}).status_code == 404
    assert editor.post(f"/desk/usage/{code}/remove", data={"figure": number[1]}).status_code == 303
    assert "还没有登记使用人次：未知，不是没人用。" in editor.get(f"/desk/usage/{code}").text


def test_a_kept_month_is_shown_as_it_was_with_its_picture_and_its_table(
    app: Flask, client: FlaskClient, engine: Engine
) -> None:
    settings = replace(app.config["YIZHAN_SETTINGS"], clock=datetime(2026, 9, 1, 1, tzinfo=NOON.tzinfo))
    with Session(engine) as session, session.begin():
        assert keep_month(session, settings, actor=actor_id(session, OPERATOR)) == date(2026, 8, 1)
    with Session(engine) as session, session.begin():
        assert keep_month(session, settings, actor=actor_id(session, OPERATOR)) is None
    was = client.get("/api/v1/quality?month=2026-08").get_json()["whole"]["stations"]
    add(engine, "后来的驿站")
    assert client.get("/api/v1/quality").get_json()["whole"]["stations"] == was + 1
    assert client.get("/api/v1/quality?month=2026-08").get_json()["whole"]["stations"] == was
    assert client.get("/api/v1/quality").get_json()["months"] == ["2026-08"]
    page = client.get("/quality?month=2026-08&lang=zh").text
    assert f"{was} 个在用的站点" in page
    assert "2026-08 的留存，2026-09-01 统计" in page
    picture = client.get("/quality/months/2026-08.svg")
    assert (picture.status_code, picture.mimetype, picture.data[:5]) == (200, "image/svg+xml", b"<svg ")
    assert "immutable" in picture.headers["Cache-Control"] or "max-age" in picture.headers["Cache-Control"]
    assert client.get("/quality/months/2026-07.svg").status_code == 404
    assert "2026-08" in client.get("/quality.csv?month=2026-08").headers["Content-Disposition"]


def test_a_scan_at_the_door_is_counted_once_and_the_page_keeps_a_plain_address(
    app: Flask, engine: Engine
) -> None:
    code, found = add(engine, "扫码驿站"), batches(app)
    phone = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile Safari/537.36"}

    def scan(**headers: str) -> Any:
        return app.test_client().get(f"/s/{code}?door&lang=en", headers=phone | headers)

    answer = scan()
    assert (answer.status_code, answer.location) == (302, f"/s/{code}?lang=en")
    assert answer.headers["Cache-Control"] == "no-store"
    scan()
    scan(**{"User-Agent": "curl/8.5"})
    scan(**{"Sec-Fetch-Site": "cross-site"})
    assert app.test_client().head(f"/s/{code}?door", headers=phone).status_code == 302
    app.test_client().get("/s/QH-NONE?door", headers=phone)
    # Nothing is written while pages are opened, and all of it together afterwards.
    assert scans(engine) == []
    assert found.flush() == 1
    assert scans(engine) == [(code, NOON.date(), 1)]
    assert found.flush() == 0


def scans(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT s.code, c.day, c.scans FROM scans c JOIN stations s ON s.id = c.station_id")
        )
        return [tuple(row) for row in found]


def test_scans_that_cannot_be_written_wait_on(engine: Engine) -> None:
    dead = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", connect_args={"connect_timeout": 1})
    waiting = Batches(dead)
    waiting.scanned.note("A", address=None, agent="x", now=NOON)
    assert waiting.flush() == 0
    assert waiting.scanned.take() == {("A", NOON.date()): 1}
    dead.dispose()


def test_the_prompt_imports_visits_and_shows_the_same_figures(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = add(engine, "马场垣驿站")
    monkeypatch.setenv("YIZHAN_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("YIZHAN_SECRET_KEY", "x" * 40)
    path = tmp_path / "visits.csv"
    path.write_text(f"code,month,visits\n{code},2025-12,124\n{code},2026-13,5\n", encoding="utf-8")
    assert main(["usage", "import", str(path)]) == 1
    said = capsys.readouterr()
    assert "row 3: period: '2026-13' is no period" in said.err
    assert "nothing was written" in said.out
    assert main(["usage", "import", "--skip-bad", str(path)]) == 1
    assert "1 added, 0 changed, 0 there already" in capsys.readouterr().out
    assert main(["usage", "show", code]) == 0
    assert re.search(r"2025-12\s+124\s+all\s+imported\s+counts", capsys.readouterr().out)
    assert main(["quality", "show", "--level", "prefecture"]) == 0
    assert re.search(r"630200\s+海东市", capsys.readouterr().out)
    assert main(["quality", "show", "--month", "2020-01"]) == 1
    assert "2020-01 was not kept" in capsys.readouterr().err
