"""Importing at the desk, without a browser's script: send, correct, judge, decide, apply, undo; and what may go wrong."""

from __future__ import annotations

import csv
import io
import itertools
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from desk_fixtures import DeskClient, signed_in, staff_member
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from conftest import SHARED, fill_squares
from stations import jobs
from stations.imports import sampling
from stations.imports.problems import Kind, Severity
from stations.imports.rejected import plain
from stations.jobs.running import run
from stations.keeping import inbox
from stations.models import BatchRow, Station
from stations.models.imports import STATUSES, VERDICTS
from stations.models.work import STATES
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.desk import import_words, imports_work
from web.desk.imports_work import APPLY, JUDGE, key_of
from web.settings import Settings

HEADS = ["站点名称", "所属区县", "经度", "纬度", "联系电话", "备用"]
MINHE, DONG = "民和回族土族自治县", "城东区"


PLACES = itertools.count()


def row(
    name: str, county: str = DONG, *, lon: object = None, lat: object = None, phone: str = "", more: str = ""
) -> list[str]:
    """Write a row; one without a place gets a place of its own in the county of Dong."""
    number = next(PLACES)
    x, y = 101.405 + number % 19 / 100, 36.405 + number // 19 / 100
    return [name, county, str(x if lon is None else lon), str(y if lat is None else lat), phone, more]


def table(*rows: list[str], heads: list[str] = HEADS) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([heads, *rows])
    return out.getvalue().encode()


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def settings(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        secret_key="x" * 40,
        database_url=engine.url.render_as_string(hide_password=False),
        uploads=tmp_path_factory.mktemp("uploads"),
        upload_max_mb=1,
    )


@pytest.fixture(scope="module")
def app(engine: Engine, settings: Settings) -> Flask:
    return create_app(settings, engine=engine)


@pytest.fixture(scope="module")
def li(app: Flask, engine: Engine) -> DeskClient:
    """An editor of the whole registry."""
    return signed_in(app, staff_member(engine, "li", "editor", None))


@pytest.fixture(scope="module")
def chen(app: Flask, engine: Engine) -> DeskClient:
    """An editor of Minhe alone."""
    return signed_in(app, staff_member(engine, "chen", "editor", "630222"))


def send(client: DeskClient, file: str, data: bytes, /, **form: Any) -> TestResponse:
    fields = {"source": "new", "name": f"名单 {file}", "datum": "wgs84"} | form
    boundary, body = encode_multipart(fields | {"files": FileStorage(io.BytesIO(data), file)})
    return client.post(
        "/desk/imports/new", data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )


def chosen(page: str) -> dict[str, str]:
    """Read a form of columns as a browser would send it back."""
    form: dict[str, Any] = {"header": re.findall(r'name="header" value="([^"]*)"', page)}
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        found = re.search(r'<option value="([^"]*)" selected>', options)
        form[name] = found[1] if found else ""
    return form


def judged(
    client: DeskClient, file: str, data: bytes, /, change: Mapping[str, str] | None = None, **form: Any
) -> int:
    """Send a file, correct its columns and have it judged; return the number of its batch."""
    sent = send(client, file, data, **form)
    assert sent.status_code == 303, sent.text
    page = client.get(sent.location).text
    answer = client.post(sent.location, data=chosen(page) | dict(change or {}))
    assert answer.status_code == 303, answer.text
    return int(re.search(r"/imports/(\d+)", answer.location)[1])  # type: ignore[index]


def verdicts(engine: Engine, batch: int) -> dict[str, str]:
    with Session(engine) as session:
        rows = session.query(BatchRow).filter_by(batch_id=batch).order_by(BatchRow.row_number)
        return {
            found.received.get("站点名称", found.received.get("name", "")): found.verdict for found in rows
        }


def status(engine: Engine, batch: int) -> str:
    with Session(engine) as session:
        return str(session.scalar(text("SELECT status FROM import_batches WHERE id = :id"), {"id": batch}))


def station(engine: Engine, name: str) -> Station | None:
    with Session(engine) as session:
        return session.query(Station).filter(Station.names["zh"].astext == name).one_or_none()


def test_a_list_goes_all_the_way_from_the_file_to_the_map_and_back(li: DeskClient, engine: Engine) -> None:
    data = table(row("东关驿站", phone="0971-1234567"), row("西关驿站"), row("河湟驿站", MINHE))
    batch = judged(li, "全程.csv", data)
    assert verdicts(engine, batch) == {"东关驿站": "new", "西关驿站": "new", "河湟驿站": "suspect"}
    page = li.get(f"/desk/imports/{batch}?verdict=suspect").text
    assert "位置不在所写的县区" in page
    assert "河湟驿站" in page
    assert station(engine, "东关驿站") is None
    decided = li.post(f"/desk/imports/{batch}/decide", data={"row": "3", "choice": "reject"})
    assert decided.status_code == 303
    assert decided.location.endswith("#row-3")
    assert "个站点新建" in li.get(f"/desk/imports/{batch}/apply").text
    applied = li.post(f"/desk/imports/{batch}/apply")
    assert (applied.status_code, status(engine, batch)) == (303, "applied")
    assert station(engine, "东关驿站") is not None
    assert station(engine, "西关驿站") is None
    shown = li.get("/api/v1/stations?q=东关").get_json()
    assert [one["properties"]["names"]["zh"] for one in shown["features"]] == ["东关驿站"]
    preview = li.get(f"/desk/imports/{batch}/undo").text
    assert re.search(r"<b>2</b> 个站点撤下", preview)
    undone = li.post(f"/desk/imports/{batch}/undo")
    assert (undone.status_code, status(engine, batch)) == (303, "undone")
    assert li.get("/api/v1/stations?q=东关").get_json()["features"] == []


def test_columns_are_guessed_corrected_and_remembered_for_the_next_file_of_the_list(
    li: DeskClient, engine: Engine
) -> None:
    heads = ["站点", "所属区县", "经度", "纬度", "热线", "备用"]
    data = table(row("记忆驿站", phone="0971-7654321"), heads=heads)
    sent = send(li, "记忆.csv", data)
    page = li.get(sent.location).text
    assert "热线" in page
    assert "没有识别，原样留存" in page
    form = chosen(page)
    assert form["field-0"] == "name"
    answer = li.post(sent.location, data=form | {"field-4": "phone"})
    batch = int(re.search(r"/imports/(\d+)", answer.location)[1])  # type: ignore[index]
    li.post(f"/desk/imports/{batch}/apply")
    found = station(engine, "记忆驿站")
    assert found is not None
    assert found.phone == "0971-7654321"
    with Session(engine) as session:
        code = session.scalar(text("SELECT code FROM sources WHERE name = '名单 记忆.csv'"))
    again = send(li, "记忆二.csv", data, source=code, name="")
    page = li.get(again.location).text
    assert "已按这份名单上次的对应填好" in page
    assert chosen(page)["field-4"] == "phone"


def test_columns_that_cannot_be_judged_are_told_at_the_column_and_nothing_is_kept(
    li: DeskClient, engine: Engine
) -> None:
    sent = send(li, "缺名.csv", table(["甲", "101.5"], heads=["哪里", "经度"]))
    page = li.get(sent.location).text
    assert "没有一列是站点名称" in page
    assert 'aria-invalid="true"' in page
    refused = li.post(sent.location, data=chosen(page) | {"field-0": "name", "field-1": "lon"})
    assert refused.status_code == 400
    assert "请改正：" in refused.text
    twice = li.post(sent.location, data=chosen(page) | {"field-0": "name", "field-1": "name"})
    assert twice.status_code == 400
    with Session(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM import_batches WHERE file_name = '缺名.csv'")) == 0
    assert li.post(sent.location, data=chosen(page) | {"field-0": "name", "field-1": ""}).status_code == 303


def test_coordinates_without_a_datum_are_asked_for_at_the_field(li: DeskClient) -> None:
    sent = send(li, "无系.csv", table(row("无系驿站")), datum="")
    page = li.get(sent.location).text
    assert "必须选一种" in page
    refused = li.post(sent.location, data=chosen(page) | {"datum": ""})
    assert refused.status_code == 400
    assert "没有写明是哪种坐标系" in refused.text
    assert li.post(sent.location, data=chosen(page) | {"datum": "gcj02"}).status_code == 303


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("空.csv", b"", "这个文件是空的"),
        ("改名.xlsx", b"%PDF-1.7 not a workbook at all", "这个表格读不了"),
        ("坏.xlsx", b"PK\x03\x04" + b"\0" * 200, "这个表格读不了"),
        ("大.csv", b"a" * (1024 * 1024 + 1), "文件太大"),
        ("片段.shp", b"\x00\x00\x27\x0a" + b"\0" * 96, "地理数据文件读不了"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_at_its_field_and_nothing_is_kept(
    name: str, data: bytes, words: str, li: DeskClient, engine: Engine
) -> None:
    answer = send(li, name, data)
    assert answer.status_code == 400
    assert words in answer.text
    assert 'id="files-wrong"' in answer.text
    with Session(engine) as session:
        assert (
            session.scalar(text("SELECT count(*) FROM uploads WHERE file_name = :name"), {"name": name}) == 0
        )


def test_a_body_larger_than_is_taken_is_told_in_the_form_before_it_is_read(li: DeskClient) -> None:
    answer = send(li, "巨大.csv", b"a" * (3 * 1024 * 1024))
    assert answer.status_code == 413
    assert "文件太大" in answer.text


def test_a_form_without_the_token_is_refused_even_where_its_body_is(li: DeskClient, engine: Engine) -> None:
    with Session(engine) as session:
        before = session.scalar(text("SELECT count(*) FROM uploads"))
    for data in (table(row("伪造")), b"a" * (3 * 1024 * 1024)):
        boundary, body = encode_multipart({"source": "new", "files": FileStorage(io.BytesIO(data), "a.csv")})
        kind = f"multipart/form-data; boundary={boundary}"
        answer = li.raw.post("/desk/imports/new", data=body, content_type=kind)
        assert answer.status_code in {400, 413}
    with Session(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM uploads")) == before


def test_a_new_list_needs_a_name_of_its_own(li: DeskClient) -> None:
    data = table(row("重名驿站"))
    assert "2 到 120 个字" in send(li, "无名.csv", data, name=" ").text
    assert send(li, "重名.csv", data, name="同一个名字").status_code == 303
    assert "已有叫这个名字的名单" not in send(li, "先.csv", data, name="另一个名字").text
    batch = judged(li, "重名二.csv", data, name="真有的名字")
    assert batch
    assert "已有叫这个名字的名单" in send(li, "重名三.csv", data, name="真有的名字").text
    assert "没有这份名单" in send(li, "没有.csv", data, source="no-such-list").text


def test_rejected_rows_stop_the_batch_until_they_are_left_out_and_come_back_as_a_file_to_correct(
    li: DeskClient, engine: Engine
) -> None:
    data = table(
        row("好驿站"), row("", phone="=cmd|' /C calc'!A0"), row("坏坐标", lon="一百零一", more="@SUM(1)")
    )
    batch = judged(li, "待改.csv", data)
    assert list(verdicts(engine, batch).values()) == ["new", "rejected", "rejected"]
    page = li.get(f"/desk/imports/{batch}").text
    assert "没有站点名称" in page
    assert "不是坐标" in page
    refused = li.post(f"/desk/imports/{batch}/apply")
    assert refused.location.endswith("/apply")
    assert status(engine, batch) == "judged"
    sheet = li.get(f"/desk/imports/{batch}/rejects.csv")
    rows = list(csv.reader(io.StringIO(sheet.data.decode("utf-8-sig"))))
    assert rows[0] == [*HEADS, "行号", "原因"]
    assert rows[1][4].startswith("'=")
    assert rows[1][6] == "3"
    assert "没有站点名称" in rows[1][7]
    assert rows[2][5] == "'@SUM(1)"
    book = openpyxl.load_workbook(io.BytesIO(li.get(f"/desk/imports/{batch}/rejects.xlsx").data))
    cells = list(book.worksheets[0].iter_rows(values_only=True))
    assert cells[1][4] == "=cmd|' /C calc'!A0"
    assert {cell.data_type for line in book.worksheets[0].iter_rows() for cell in line if cell.value} == {"s"}
    applied = li.post(f"/desk/imports/{batch}/apply", data={"keep_going": "1"})
    assert applied.status_code == 303
    assert status(engine, batch) == "applied"
    assert station(engine, "好驿站") is not None


@pytest.mark.parametrize("cell", ["=1+1", "@x", "+cmd", "-cmd()", "\t=1", " =1", "-1+2*x"])
def test_a_cell_that_a_spreadsheet_would_compute_is_written_as_text(cell: str) -> None:
    assert plain(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["0971-1234567", "+86 971 123", "-101.5", "东关驿站", "a=b", ""])
def test_an_ordinary_cell_stays_as_it_is(cell: str) -> None:
    assert plain(cell) == cell


def test_rows_are_decided_by_verdict_and_by_kind_and_back_again(li: DeskClient, engine: Engine) -> None:
    rows = [row(f"错位驿站{n}", MINHE) for n in range(3)]
    batch = judged(li, "成类.csv", table(*rows))

    def decisions() -> set[str | None]:
        with Session(engine) as session:
            return set(session.scalars(text(f"SELECT decision FROM import_rows WHERE batch_id = {batch}")))

    for by, choice, kept in (
        ({"verdict": "suspect"}, "reject", "reject"),
        ({"kind": "outside_county"}, "accept", "accept"),
        ({"verdict": "suspect"}, "undecided", None),
    ):
        answer = li.post(f"/desk/imports/{batch}/decide", data=by | {"choice": choice})
        assert answer.status_code == 303
        assert decisions() == {kept}
    assert li.post(f"/desk/imports/{batch}/decide", data={"choice": "accept"}).status_code == 400
    assert li.post(f"/desk/imports/{batch}/decide", data={"row": "x", "choice": "accept"}).status_code == 400
    assert li.post(f"/desk/imports/{batch}/decide", data={"row": "99", "choice": "accept"}).status_code == 409
    told = li.post(
        f"/desk/imports/{batch}/decide",
        data={"row": "2", "choice": "accept"},
        headers={"Accept": "application/json"},
    ).get_json()
    assert told == {"done": 1, "open": 2, "left_out": 0}


def test_accepted_positions_reach_the_map_and_the_others_wait(li: DeskClient, engine: Engine) -> None:
    batch = judged(li, "采信.csv", table(row("采信驿站", MINHE), row("待定驿站", MINHE)))
    li.post(f"/desk/imports/{batch}/decide", data={"row": "2", "choice": "accept"})
    li.post(f"/desk/imports/{batch}/apply")
    believed, held = station(engine, "采信驿站"), station(engine, "待定驿站")
    assert believed is not None
    assert held is not None
    assert believed.location is not None
    assert held.location is None
    page = li.get(f"/desk/imports/{batch}?verdict=suspect").text
    assert "采信" in page
    li.post(f"/desk/imports/{batch}/decide", data={"row": "3", "choice": "accept"})
    held = station(engine, "待定驿站")
    assert held is not None
    assert held.location is not None


def test_the_rows_of_a_batch_come_page_by_page(li: DeskClient) -> None:
    rows = [row(f"分页驿站{n:03d}") for n in range(90)]
    batch = judged(li, "分页.csv", table(*rows))
    seen: list[str] = []
    address = f"/desk/imports/{batch}?verdict=new"
    while address:
        page = li.get(address).text
        seen += re.findall(r"分页驿站\d{3}(?=</h2>)", page)
        following = re.search(r'href="(/desk/imports/\d+\?[^"]*after=\d+[^"]*)#rows"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"分页驿站{n:03d}" for n in range(90)]


def test_the_map_of_a_batch_has_new_moved_and_held_pins(li: DeskClient) -> None:
    first = judged(li, "图一.csv", table(row("图上驿站"), row("图边驿站")))
    li.post(f"/desk/imports/{first}/apply")
    batch = judged(
        li, "图二.csv", table(row("新图驿站"),
        row("疑图驿站", MINHE)), name="另一份图"
    )  # fmt: skip
    page = li.get(f"/desk/imports/{batch}/map").text
    assert "疑图驿站" in page
    assert '"kind":"held"' in page
    assert '"kind":"new"' in page
    assert "演示底图，未送审" in page


def test_a_moved_pin_is_told_in_metres_and_drawn_from_where_it_was(li: DeskClient, engine: Engine) -> None:
    judge = {"source": "new", "name": "搬家名单"}
    first = judged(li, "搬家.csv", table(row("搬家驿站", lon=101.47, lat=36.77)), **judge)
    li.post(f"/desk/imports/{first}/apply")
    with Session(engine) as session:
        code = session.scalar(text("SELECT code FROM sources WHERE name = '搬家名单'"))
    second = judged(li, "搬家二.csv", table(row("搬家驿站", lon=101.48, lat=36.77)), source=code)
    assert verdicts(engine, second) == {"搬家驿站": "changed"}
    assert re.search(r"约 89\d 米", li.get(f"/desk/imports/{second}").text)
    assert '"kind":"moved"' in li.get(f"/desk/imports/{second}/map").text


def test_applying_twice_imports_once(li: DeskClient, engine: Engine) -> None:
    batch = judged(li, "两次.csv", table(row("两次驿站")))
    assert [li.post(f"/desk/imports/{batch}/apply").status_code for _ in range(2)] == [303, 303]
    assert station(engine, "两次驿站") is not None
    assert [li.post(f"/desk/imports/{batch}/undo").status_code for _ in range(2)] == [303, 303]
    assert status(engine, batch) == "undone"


def test_two_people_who_import_one_list_at_once_make_no_station_twice(
    app: Flask, engine: Engine, li: DeskClient
) -> None:
    first = judged(li, "同时.csv", table(row("同时零号")), name="同时的名单")
    li.post(f"/desk/imports/{first}/apply")
    with Session(engine) as session:
        code = session.scalar(text("SELECT code FROM sources WHERE name = '同时的名单'"))
    people = [signed_in(app, staff_member(engine, f"both{n}", "editor", None)) for n in range(2)]
    data = table(*(row(f"同时驿站{n}") for n in range(5)))
    batches = [judged(person, f"同时{n}.csv", data, source=code) for n, person in enumerate(people)]
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda p=person, b=batch: answers.append(p.post(f"/desk/imports/{b}/apply").status_code)
        )
        for person, batch in zip(people, batches, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Session(engine) as session:
        made = session.scalar(
            text(
                "SELECT count(*) FROM stations WHERE names->>'zh' LIKE '同时驿站%' AND withdrawn_reason IS NULL"
            )
        )
    assert made == 5
    # Who came second finds the stations there and has nothing left to write.
    assert answers == [303, 303]
    assert [status(engine, batch) for batch in batches] == ["applied", "applied"]
    found = [[v for v in verdicts(engine, batch).values() if v != "absent"] for batch in batches]
    assert sorted(found) == [["new"] * 5, ["unchanged"] * 5]


def test_what_reads_differently_by_now_is_shown_and_judged_again_or_applied_as_it_is(
    li: DeskClient, engine: Engine
) -> None:
    first = judged(li, "变动.csv", table(row("变动驿站", phone="0971-1111111")), name="变动名单")
    li.post(f"/desk/imports/{first}/apply")
    with Session(engine) as session:
        code = session.scalar(text("SELECT code FROM sources WHERE name = '变动名单'"))
    second = judged(li, "变动二.csv", table(row("变动驿站", phone="0971-2222222")), source=code)
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="t"),
    ):
        session.execute(text("UPDATE stations SET phone = '0971-3333333' WHERE names->>'zh' = '变动驿站'"))
    answer = li.post(f"/desk/imports/{second}/apply")
    assert answer.status_code == 409
    assert "判定之后登记又有变动" in answer.text
    assert "有改动 → 有冲突" in answer.text
    again = li.post(f"/desk/imports/{second}/judge")
    assert again.status_code == 303
    assert verdicts(engine, second) == {"变动驿站": "conflict"}
    assert "名单写" in li.get(f"/desk/imports/{second}").text
    li.post(f"/desk/imports/{second}/apply")
    found = station(engine, "变动驿站")
    assert found is not None
    assert found.phone == "0971-3333333"


def test_a_later_edit_survives_the_undo_and_is_listed_before(li: DeskClient, engine: Engine) -> None:
    batch = judged(li, "后改.csv", table(row("后改驿站"), row("未改驿站")))
    li.post(f"/desk/imports/{batch}/apply")
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="t"),
    ):
        session.execute(text("UPDATE stations SET phone = '12351' WHERE names->>'zh' = '后改驿站'"))
    preview = li.get(f"/desk/imports/{batch}/undo").text
    assert "后改驿站" in preview
    li.post(f"/desk/imports/{batch}/undo")
    kept, gone = station(engine, "后改驿站"), station(engine, "未改驿站")
    assert kept is not None
    assert gone is not None
    assert (kept.withdrawn_reason is None, gone.withdrawn_reason is None) == (True, False)


def test_the_ledger_of_another_county_is_told_in_words(chen: DeskClient, engine: Engine) -> None:
    batch = judged(chen, "别县.csv", table(row("别县驿站"), row("本县驿站", MINHE, lon=102.1, lat=36.5)))
    assert verdicts(engine, batch) == {"别县驿站": "rejected", "本县驿站": "new"}
    assert "站点在别的县区" in chen.get(f"/desk/imports/{batch}").text
    chen.post(f"/desk/imports/{batch}/apply", data={"keep_going": "1"})
    assert station(engine, "别县驿站") is None
    assert station(engine, "本县驿站") is not None


def test_nobody_touches_the_batch_or_the_file_of_another(
    chen: DeskClient, li: DeskClient, engine: Engine
) -> None:
    sent = send(li, "私.csv", table(row("私有驿站")))
    assert chen.get(sent.location).status_code == 403
    batch = judged(li, "私二.csv", table(row("私有驿站二")))
    assert chen.get(f"/desk/imports/{batch}").status_code == 200
    for act in ("apply", "discard", "undo", "judge"):
        chen.post(f"/desk/imports/{batch}/{act}")
    assert (
        chen.post(f"/desk/imports/{batch}/decide", data={"row": "2", "choice": "reject"}).status_code == 403
    )
    assert status(engine, batch) == "judged"


def test_a_batch_and_a_file_can_be_thrown_away(li: DeskClient, engine: Engine) -> None:
    sent = send(li, "弃.csv", table(row("弃用驿站")))
    upload = sent.location.rpartition("/")[2]
    assert "弃.csv" in li.get("/desk/imports").text
    assert li.post(f"/desk/imports/files/{upload}/discard").status_code == 303
    assert li.get(sent.location).status_code == 404
    batch = judged(li, "弃二.csv", table(row("弃用驿站")))
    assert li.post(f"/desk/imports/{batch}/discard").status_code == 303
    assert status(engine, batch) == "discarded"
    assert "已放弃" in li.get(f"/desk/imports/{batch}").text


def test_a_county_takes_its_ledger_along_and_only_the_cells_that_it_edits_change(
    chen: DeskClient, li: DeskClient, engine: Engine
) -> None:
    first = judged(
        li,
        "台账.csv",
        table(row("台账一号", MINHE, lon=102.11, lat=36.51), row("台账二号", MINHE, lon=102.13, lat=36.53)),
    )
    li.post(f"/desk/imports/{first}/apply")
    assert "民和" in chen.get("/desk/imports/ledger").text
    file = chen.get("/desk/imports/ledger.xlsx?region=630222")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert chen.get("/desk/imports/ledger.xlsx?region=630102").status_code == 403
    book = openpyxl.load_workbook(io.BytesIO(file.data))
    sheet = book.worksheets[0]
    heads = {str(cell.value): cell.column for cell in sheet[1]}
    line = next(cells for cells in sheet.iter_rows(min_row=2) if "台账一号" in [cell.value for cell in cells])
    phone = next(column for head, column in heads.items() if "电话" in head)
    line[phone - 1].value = "0972-8522222"
    out = io.BytesIO()
    book.save(out)
    sent = send(chen, "台账改.xlsx", out.getvalue(), source="", name="")
    assert sent.status_code == 303, sent.text
    batch = int(sent.location.rpartition("/")[2])
    with Session(engine) as session:
        counts = session.scalar(text("SELECT counts FROM import_batches WHERE id = :id"), {"id": batch})
    assert counts["changed"] == 1
    assert set(counts) == {"changed", "unchanged"}
    page = chen.get(f"/desk/imports/{batch}").text
    assert re.search(r"<dt>联系电话</dt><dd><del>空</del> → <ins>0972-8522222</ins>", page)
    assert chen.post(f"/desk/imports/{batch}/apply").status_code == 303
    changed, same = station(engine, "台账一号"), station(engine, "台账二号")
    assert changed is not None
    assert same is not None
    assert (changed.phone, same.phone) == ("0972-8522222", None)


def work(engine: Engine, settings: Settings, batch: int) -> jobs.Progress:
    """Do what a worker would do for a batch."""
    with Session(engine) as session:
        waiting = jobs.latest(session, key_of(batch))
    assert waiting is not None
    run(engine, waiting.id, imports_work.kinds(settings), threading.Event())
    with Session(engine) as session:
        return jobs.progress(session, waiting.id)


def test_a_large_list_is_judged_and_applied_by_the_worker_and_the_page_follows_it(
    li: DeskClient, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "AT_ONCE", 5)
    monkeypatch.setattr("web.desk.imports_apply.AT_ONCE", 5)
    data = table(*(row(f"大批驿站{n}") for n in range(8)))
    batch = judged(li, "大批.csv", data)
    assert status(engine, batch) == "waiting"
    page = li.get(f"/desk/imports/{batch}").text
    assert "后台进程没有运行" in page
    address = re.search(r'data-work="([^"]+)"', page)[1]  # type: ignore[index]
    told = li.get(address).get_json()
    assert (told["state"], told["ended"], told["percent"]) == ("waiting", False, None)
    assert ">大批.csv</span> <span" not in li.get("/desk/imports").text
    assert work(engine, settings, batch).state == "done"
    assert status(engine, batch) == "judged"
    assert li.post(f"/desk/imports/{batch}/apply").status_code == 303
    assert station(engine, "大批驿站0") is None
    # Pressed again while it waits, it is asked for once and told.
    assert li.post(f"/desk/imports/{batch}/apply").location.endswith("/apply")
    done = work(engine, settings, batch)
    assert (done.kind, done.state) == (APPLY, "done")
    assert status(engine, batch) == "applied"
    assert station(engine, "大批驿站7") is not None
    assert li.get(f"/desk/work/{done.id}").location.endswith(f"/desk/imports/{batch}")


def test_large_work_that_failed_says_why_and_can_be_cancelled_and_begun_again(
    li: DeskClient, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "AT_ONCE", 5)
    data = table(*(row(f"失败驿站{n}") for n in range(8)))
    batch = judged(li, "失败.csv", data)
    with Session(engine) as session:
        upload = inbox.of_batch(session, batch)
        waiting = jobs.latest(session, key_of(batch))
    assert upload is not None
    assert waiting is not None
    assert waiting.kind == JUDGE
    back = f"/desk/imports/{batch}"
    assert li.post(f"/desk/work/{waiting.id}/cancel", data={"next": back}).location.endswith(back)
    assert "已取消" in li.get(back).text
    kept = settings.uploads / upload.sha256[:2] / upload.sha256
    away = kept.rename(kept.with_suffix(".away"))
    assert li.post(f"/desk/work/{waiting.id}/again", data={"next": "//evil.example"}).location.startswith(
        "/desk/work/"
    )
    assert work(engine, settings, batch).state == "failed"
    assert "原来的文件已经不在了" in li.get(back).text
    away.rename(kept)
    li.post(f"/desk/work/{waiting.id}/again", data={"next": back})
    assert work(engine, settings, batch).state == "done"
    assert status(engine, batch) == "judged"


def test_every_verdict_status_state_and_kind_of_problem_has_its_words(app: Flask) -> None:
    with app.test_request_context("/desk/imports?lang=en"):
        said = [import_words.verdict_label(one) for one in VERDICTS]
        said += [import_words.verdict_meaning(one) for one in VERDICTS]
        said += [import_words.status_label(one) for one in STATUSES]
        said += [import_words.state_label(one) for one in (*STATES, "interrupted")]
        said += [import_words.kind_label(one) for one in Kind]
        said += [import_words.severity_label(one) for one in Severity]
    assert all(said)


REAL = SHARED / "stations" / "zhengzhou_ledger.xlsx"


@pytest.mark.parametrize("path", [REAL] if REAL.exists() else [], ids=lambda path: path.name)
def test_a_real_ledger_is_sent_and_judged_with_nothing_to_correct(
    path: Path, li: DeskClient, engine: Engine
) -> None:
    batch = judged(li, path.name, path.read_bytes(), datum="")
    with Session(engine) as session:
        assert (
            session.scalar(text("SELECT count(*) FROM import_rows WHERE batch_id = :id"), {"id": batch}) == 82
        )
    # All of it lies in Henan, and this registry is of Qinghai.
    assert "位置不在本省" in li.get(f"/desk/imports/{batch}").text
