"""Events: planned, held with the union's numbers or called off; cases as numbers alone; the totals of a year, and their files."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stations.models import Event
from tests.web.community_town import MORNING, Town, event_form
from web.cli import main

pytest_plugins = ["tests.web.community_fixtures"]


def newest(town: Town) -> Event:
    with Session(town.engine) as session:
        return session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()


def count(town: Town) -> int:
    with Session(town.engine) as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def test_an_event_is_planned_shown_over_by_itself_and_counted_when_held(town: Town) -> None:
    desk = town.desk()
    assert desk.post("/desk/events/new", data=event_form(town)).status_code == 303
    page = town.page(f"/s/{town.minhe}")
    for words in (
        "近期活动",
        "免费体检义诊",
        "户外劳动者免费体检",
        "11月26日 周四 09:00–12:00",
        "民和县总工会",
    ):
        assert words in page, words
    town.moment = MORNING + timedelta(days=4)
    assert "户外劳动者免费体检" not in town.page(f"/s/{town.minhe}")
    desk, one = town.desk(), newest(town)
    assert "已到时间，等着填结果" in desk.get("/desk/events").text
    held = event_form(town, status="held", people="1600余人", leaflets="2,100份", firms="") | {"version": "1"}
    assert desk.post(f"/desk/events/{one.id}", data=held).status_code == 303
    kept = newest(town)
    assert (kept.sessions, kept.firms, kept.people, kept.leaflets, kept.at_least) == (
        1,
        None,
        1600,
        2100,
        ["people"],
    )
    assert "1600余" in desk.get("/desk/events").text


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"status": "held", "starts": "2026-11-20T09:00", "ends": "2026-11-20T12:00", "people": "-5"}, "people", "“-5”小于 0"),
        ({"status": "held", "starts": "2026-11-20T09:00", "ends": "2026-11-20T12:00", "people": "很多"}, "people", "不是整数"),
        ({"status": "held", "starts": "2026-11-20T09:00", "ends": "2026-11-20T12:00", "people": "1e9"}, "people", "不是整数"),
        ({"status": "held", "starts": "2026-11-20T09:00", "ends": "2026-11-20T12:00", "people": "99999999999"}, "people", "太大了"),
        ({"people": "30"}, "people", "办完以后才能填数"),
        ({"status": "held"}, "starts", "不能算已经办过"),
        ({"starts": "2026-11-20T09:00", "ends": "2026-11-20T12:00"}, "ends", "已经过去了"),
        ({"ends": "2026-11-26T08:00"}, "ends", "结束早于开始"),
        ({"starts": ""}, "starts", "这一项要填"),
        ({"title": ""}, "title", "这一项要填"),
        ({"title": "<script>alert(1)</script>"}, "title", "不要写网页代码"),
        ({"note": "带上身份证 11010119900307109X"}, "note", "像是身份证号"),
        ({"station": "CLOSED"}, "station", "当天不在运营"),
        ({"station": "", "region": ""}, "station", "只选一样"),
        ({"region": "630222"}, "station", "只选一样"),
        ({"station": "", "region": "999999"}, "region", "请从列表里选"),
        ({"kind": "mediation", "title": "王某诉某公司欠薪", "people": "3"}, "title", "只登记数字"),
        ({"kind": "interview", "title": "", "organiser": "", "starts": "2026-11-01T00:00", "ends": "2026-11-20T00:00"}, "people", "至少填一个数"),
        ({"station": "", "region": "630202"}, "station", "不在您负责的区域"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_event_is_told_in_words_and_nothing_is_stored(
    town: Town, changed: dict[str, str], field: str, words: str
) -> None:
    before = count(town)
    given = {name: town.closed if value == "CLOSED" else value for name, value in changed.items()}
    answer = town.desk().post("/desk/events/new", data=event_form(town, **given))
    assert answer.status_code in {400, 403}
    told = answer.text.partition(f'id="wrong-{field}">')[2].partition("</span>")[0]
    assert words in told, told
    assert count(town) == before


def test_an_event_at_a_station_that_closed_since_can_still_be_written_up(town: Town) -> None:
    before_it_closed = event_form(
        town,
        station=town.closed,
        status="held",
        starts="2026-10-01T09:00",
        ends="2026-10-01T11:00",
        people="20",
    )
    assert town.desk().post("/desk/events/new", data=before_it_closed).status_code == 303


def test_cases_are_numbers_and_stand_on_no_public_page(town: Town) -> None:
    cases = event_form(
        town, kind="mediation", title="", organiser="", status="planned", starts="2026-10-01T00:00",
        ends="2026-11-01T00:00", sessions="17", people="23",
    )  # fmt: skip
    assert town.desk().post("/desk/events/new", data=cases).status_code == 303
    kept = newest(town)
    assert (kept.status, kept.title, kept.note, kept.sessions, kept.people) == ("held", None, None, 17, 23)
    assert "调解" not in town.page("/events")
    assert "调解" not in town.page(f"/s/{town.minhe}")


def test_an_event_that_is_called_off_goes_from_the_pages_and_stays_in_the_books(town: Town) -> None:
    desk = town.desk()
    desk.post("/desk/events/new", data=event_form(town, title="取消的义诊"))
    one = newest(town)
    assert desk.post(f"/desk/events/{one.id}/end").status_code == 303
    assert "取消的义诊" not in town.page(f"/s/{town.minhe}")
    assert "取消的义诊" in desk.get("/desk/events").text
    assert 'value="2026-12-03T09:00"' in desk.get(f"/desk/events/new?again={one.id}").text


def test_totals_add_up_by_region_and_kind_and_say_what_is_a_lower_bound(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = town.desk("administrator", None)
    for region, people, leaflets in (("630202", "100", ""), ("630202", "60余", "40"), ("630222", "8", "1")):
        form = event_form(
            town, station="", region=region, kind="legal_education", status="held", title="普法",
            starts="2025-03-01T09:00", ends="2025-03-01T12:00", people=people, leaflets=leaflets,
        )  # fmt: skip
        assert admin.post("/desk/events/new", data=form).status_code == 303, form
    # The year is Beijing's: this one began in 2025 there, though in 2024 in UTC.
    new_year = event_form(
        town, station="", region="630222", kind="legal_education", status="held", title="元旦普法",
        starts="2025-01-01T07:00", ends="2025-01-01T09:00", people="5",
    )  # fmt: skip
    assert admin.post("/desk/events/new", data=new_year).status_code == 303
    page = admin.get("/desk/events/totals?year=2025").text
    assert "160余" in page
    answer = admin.get("/desk/events/totals.csv?year=2025")
    heads, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    by_region = {row[1]: dict(zip(heads, row, strict=True)) for row in rows}
    ledu, minhe = by_region["630202"], by_region["630222"]
    assert (ledu["种类"], ledu["场次"], ledu["人次"], ledu["人次（至少）"]) == ("法律宣传", "2", "160", "是")
    # One of the two gave no number of leaflets: what is known is a lower bound; nobody counted firms, which is no 0.
    assert (ledu["宣传资料份数"], ledu["宣传资料份数（至少）"], ledu["企业数"]) == ("40", "是", "")
    assert (minhe["人次"], minhe["人次（至少）"]) == ("13", "")
    book = load_workbook(io.BytesIO(admin.get("/desk/events/totals.xlsx?year=2025&level=prefecture").data))
    sheet = list(book.worksheets[0].values)
    row = dict(zip(sheet[0], sheet[1], strict=True))
    assert (len(sheet), row["区域代码"], row["人次"], row["场次"]) == (2, "630200", 173, 4)
    # An editor of one county adds up that county alone.
    assert "630202" not in town.desk().get("/desk/events/totals.csv?year=2025").text
    monkeypatch.setenv("YIZHAN_DATABASE_URL", town.engine.url.render_as_string(hide_password=False))
    assert main(["community", "totals", "--year", "2025", "--level", "prefecture", "--csv"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "year,region,name,kind,sessions,firms,people,leaflets",
        "2025,630200,海东市,legal_education,4,,173+,41+",
    ]
    assert main(["community", "totals", "--year", "1999"]) == 2
    assert admin.get("/desk/events/totals?year=x").status_code == 400
    assert admin.get("/desk/events/totals?level=moon").status_code == 400
