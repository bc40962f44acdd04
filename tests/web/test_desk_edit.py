"""The desk's forms of stations over HTTP: what is shown, saved, refused in words, merged; photos; many at once."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import DeskClient, signed_in, staff_member
from flask import Flask
from PIL import Image
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from conftest import fill_squares
from stations.editing.draft import Draft, load
from stations.editing.save import Edit, Saved, add
from stations.models import Commit, Station
from stations.registry.writing import OPERATOR, actor_id
from web import create_app
from web.settings import Settings

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
FIELDS: dict[str, Any] = {
    "name.zh": "民和川口驿站",
    "kind": "union_station",
    "phone": "0972-8522222",
    "position": [102.1, 36.6, "gcj02", False],
    "hours": ["周一至周五 8:30-17:00", "Mo-Fr 08:30-17:00", "plain"],
    "exception.2026-05-01/2026-05-05": [[None, "劳动节"]],
    "amenity.toilet": "yes",
    "amenity.wifi": "inferred_yes",
    "partner.host": ["川口社区"],
    "visits.2025-01-01/2025-12-31": [[18416, True, None, None]],
}


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def app(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    url = engine.url.render_as_string(hide_password=False)
    return create_app(
        Settings(secret_key="x" * 40, database_url=url, clock=NOON, photos=tmp_path_factory.mktemp("photos")),
        engine=engine,
    )


@pytest.fixture(scope="module")
def minhe(app: Flask, engine: Engine) -> DeskClient:
    return signed_in(app, staff_member(engine, "minhe", "editor", "630222"))


@pytest.fixture(scope="module")
def province(app: Flask, engine: Engine) -> DeskClient:
    return signed_in(app, staff_member(engine, "province", "editor", None))


@pytest.fixture
def code(engine: Engine) -> str:
    return station(engine)


def station(engine: Engine, **fields: Any) -> str:
    with Session(engine) as session, session.begin():
        done = add(session, Edit(FIELDS | fields, actor_id(session, OPERATOR), "为了测试", NOON), insist=True)
        assert isinstance(done, Saved)
    return done.code


def draft(engine: Engine, code: str) -> Draft:
    with Session(engine) as session:
        return load(session, code)


def sent(answer: TestResponse) -> dict[str, list[str]]:
    """Return what a browser would send back of the main form of a page."""
    form = answer.text[answer.text.index('<form id="edit"') :]
    form = form[: form.index("</form>")]
    found: dict[str, list[str]] = {}

    def put(name: str, value: str) -> None:
        found.setdefault(name, []).append(unescape(value))

    for tag in re.findall(r"<input[^>]*>|<textarea.*?</textarea>|<select.*?</select>", form, re.DOTALL):
        name = re.search(r'name="([^"]*)"', tag)
        if name is None:
            continue
        kind = re.search(r'type="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if tag.startswith("<textarea"):
            put(name[1], tag[tag.index(">") + 1 : -len("</textarea>")])
        elif tag.startswith("<select"):
            chosen = re.search(r'<option value="([^"]*)" selected', tag) or re.search(
                r'<option value="([^"]*)"', tag
            )
            put(name[1], chosen[1] if chosen else "")
        elif kind is None or kind[1] not in {"checkbox", "radio"} or " checked" in tag:
            put(name[1], value[1] if value else "on")
    found.pop("csrf_token", None)  # the client has its own
    return found


def page(client: DeskClient, code: str) -> dict[str, list[str]]:
    answer = client.get(f"/desk/stations/{code}")
    assert answer.status_code == 200
    return sent(answer)


def save(client: DeskClient, code: str, form: dict[str, list[str]], **changes: Any) -> TestResponse:
    values = {name: value if isinstance(value, list) else [value] for name, value in changes.items()}
    data = {name: value for name, value in (form | values).items() if value != [None]}
    return client.post(f"/desk/stations/{code}", data={"action": "save"} | data)


def commits(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(Commit)) or 0


def test_a_form_that_comes_back_as_it_was_shown_writes_nothing(
    minhe: DeskClient, engine: Engine, code: str
) -> None:
    before = commits(engine)
    answer = save(minhe, code, page(minhe, code))
    assert answer.status_code == 303
    assert commits(engine) == before
    assert "没有改动" in minhe.get(answer.location).text


def test_what_a_form_cannot_show_exactly_survives_being_looked_at(minhe: DeskClient, engine: Engine) -> None:
    strange = {
        "position": [102.123456789012345, 36.6, "bd09", False],
        "hours": ["早八点到晚八点", "Mo-Su 08:00-20:00 || unknown", "official"],
        "partner.host": ["甲、乙有限公司"],
        "area_m2": "1000.5",
        "exception.2026-05-01/2026-05-05": [["10:00-12:00,14:00-16:00", ""], ["unknown", "a"]],
    }
    code = station(engine, **strange)
    held = draft(engine, code)
    save(minhe, code, page(minhe, code), phone="0972-8533333")
    after = draft(engine, code)
    assert after.fields["phone"] == "0972-8533333"
    assert {k: v for k, v in after.fields.items() if k != "phone"} == {
        k: v for k, v in held.fields.items() if k != "phone"
    }


def test_every_kind_of_input_is_saved(minhe: DeskClient, engine: Engine, code: str) -> None:
    answer = save(
        minhe,
        code,
        page(minhe, code),
        **{
            "name.bo": "ཆུ་ཁ་",
            "kind": "care_station",
            "premises": "bank",
            "address": "川垣大街1号",
            "cards": "工会卡、建行卡",
            "capacity": "约12人",
            "area_m2": "25.5㎡",
            "lifecycle.state": "suspended",
            "lifecycle.since": "2026-03-01",
            "lifecycle.reason": "停水",
            "expected_on": "2026-04-01",
            "position.lon": "102.12",
            "position.lat": "36.61",
            "position.datum": "wgs84",
            "hours.words": "每天9点到晚上8点半，春节停业",
            "amenity.toilet": "broken",
            "amenity.wifi": "yes",
            "amenity.aed": "no",
            "partner.host": "川口社区\r\n县总工会",
            "partner.funder": "省总工会",
            "exception.first": ["2026-05-01", "2026-10-01"],
            "exception.last": ["2026-05-05", ""],
            "exception.state": ["closed", "open"],
            "exception.hours": ["", "10点到16点"],
            "exception.reason": ["劳动节", "国庆"],
            "visits.first": ["2025-01-01", "2026-01-01"],
            "visits.last": ["2025-12-31", "2026-01-31"],
            "visits.count": ["18416", "1600"],
            "visits.exactness": ["at_least", "exact"],
            "visits.source": ["", ""],
            "visits.occupation": ["", "骑手"],
            "other_tag": "ug",
            "other_name": "پونكىت",
            "verified": "seen",
            "reason": "  到现场\n看过 ",
        },
    )
    assert answer.status_code == 303, answer.text
    fields = draft(engine, code).fields
    assert {
        key: fields.get(key) for key in fields if key not in {"region_code", "access", "fee", "phone"}
    } == {
        "name.zh": "民和川口驿站",
        "name.bo": "ཆུ་ཁ་",
        "name.ug": "پونكىت",
        "kind": "care_station",
        "premises": "bank",
        "address": "川垣大街1号",
        "cards": ["工会卡", "建行卡"],
        "capacity": 12,
        "area_m2": "25.5",
        "lifecycle": ["suspended", "2026-03-01", "停水"],
        "expected_on": "2026-04-01",
        "position": [102.12, 36.61, "wgs84", False],
        "hours": ["每天9点到晚上8点半，春节停业", "09:00-20:30", "plain"],
        "exception.2026-02-15/2026-02-23": [[None, "春节"]],
        "exception.2027-01-19/2027-03-01": [["unknown", "春节（放假日期未公布）"]],
        "exception.2026-05-01/2026-05-05": [[None, "劳动节"]],
        "exception.2026-10-01/2026-10-01": [["10:00-16:00", "国庆"]],
        "amenity.toilet": "broken",
        "amenity.wifi": "yes",
        "amenity.aed": "no",
        "partner.host": ["县总工会", "川口社区"],
        "partner.funder": ["省总工会"],
        "visits.2025-01-01/2025-12-31": [[18416, True, None, None]],
        "visits.2026-01-01/2026-01-31": [[1600, False, None, "骑手"]],
    }
    with Session(engine) as session:
        found = session.scalars(select(Station).where(Station.code == code)).one()
        assert (found.verified_how, found.verified_at) == ("现场核实", NOON)
        assert (
            session.scalars(select(Commit.reason).order_by(Commit.id.desc()).limit(1)).one() == "到现场 看过"
        )
    assert "已保存：" in minhe.get(answer.location).text


def test_rows_that_are_emptied_are_removed(minhe: DeskClient, engine: Engine, code: str) -> None:
    empty = {"exception.first": ["", ""], "exception.last": ["", ""], "exception.reason": ["", ""]}
    save(minhe, code, page(minhe, code), **empty, **{"visits.first": ["", ""], "visits.last": ["", ""],
                                                     "visits.count": ["", ""]})  # fmt: skip
    assert not [key for key in draft(engine, code).fields if key.startswith(("exception", "visits"))]


def test_a_form_that_was_cut_off_clears_nothing(minhe: DeskClient, engine: Engine, code: str) -> None:
    form = page(minhe, code)
    held = draft(engine, code)
    answer = minhe.post(f"/desk/stations/{code}", data={"base": form["base"], "address": "川垣大街2号"})
    assert answer.status_code == 303
    assert draft(engine, code).fields == dict(held.fields) | {"address": "川垣大街2号"}


@pytest.mark.parametrize(
    "wrong",
    [
        ({"name.zh": ""}, "名称（中文）", "必须填写"),
        ({"phone": "打给我"}, "电话", "不是电话号码"),
        ({"capacity": "许多"}, "可容纳人数", "不是可用的数字"),
        ({"hours.words": "看心情"}, "开放时间", "看不出开放时间"),
        ({"hours.manual": "1", "hours.expression": "Mo-Fr 25:00"}, "开放时间", "看不懂"),
        ({"lifecycle.state": "closed"}, "运营状态", "从哪一天起"),
        ({"lifecycle.state": "planned"}, "运营状态", "不能从现在的状态"),
        ({"position.lon": "150", "position.lat": "20"}, "位置", "不在中国大陆"),
        ({"position.lon": "113.6", "position.lat": "34.7"}, "位置", "本省以外"),
        ({"position.lon": "101.5", "position.datum": "wgs84"}, "位置", "不在您管理的区域内"),
        ({"position.lat": ""}, "位置", "一起填"),
        ({"position.lon": "东边"}, "位置", "数字"),
        ({"paste": "https://surl.amap.com/x"}, "粘贴的位置", "短链接"),
        ({"paste": "https://maps.example.org/?q=36.6,102.1"}, "粘贴的位置", "不认识这个应用"),
        ({"exception.first": ["2026-05-09", ""], "exception.last": ["2026-05-01", ""]}, "特殊日期", "早于"),
        ({"exception.state": ["open", "closed"], "exception.hours": ["上午", ""]}, "特殊日期", "看不懂"),
        ({"visits.count": ["很多", ""]}, "使用人次", "不是可用的数字"),
        ({"other_tag": "de_DE", "other_name": "Station"}, "名称（de_DE）", "语言标签"),
    ],
)
def test_what_is_wrong_is_told_at_the_field_and_nothing_is_half_saved(
    minhe: DeskClient, engine: Engine, code: str, wrong: tuple[dict[str, Any], str, str]
) -> None:
    changes, name, words = wrong
    held = draft(engine, code).fields
    answer = save(minhe, code, page(minhe, code), **changes, directions="二楼")
    assert answer.status_code == 422
    fault = re.search(rf'<li><a href="#[^"]+">{re.escape(name)}[^<]*</a>：([^<]*)</li>', answer.text)
    assert fault is not None, re.findall(r'<li><a href="#f-.*?</li>', answer.text)
    assert words in fault[1]
    assert sent(answer)["directions"] == ["二楼"]
    assert draft(engine, code).fields == held


def test_words_that_mean_nothing_are_kept_when_the_keeper_insists(
    minhe: DeskClient, engine: Engine, code: str
) -> None:
    answer = save(minhe, code, page(minhe, code), **{"hours.words": "看心情", "hours.keep": "1"})
    assert answer.status_code == 303
    assert draft(engine, code).fields["hours"] == ["看心情", None, "plain"]


def test_a_pasted_link_is_shown_before_it_is_saved(minhe: DeskClient, engine: Engine, code: str) -> None:
    answer = save(
        minhe, code, page(minhe, code), paste="https://uri.amap.com/marker?position=102.15,36.65&name=x"
    )
    assert answer.status_code == 200
    form = sent(answer)
    assert (form["position.lon"], form["position.lat"], form["position.datum"]) == (
        ["102.15"],
        ["36.65"],
        ["gcj02"],
    )
    assert save(minhe, code, form).status_code == 303
    assert draft(engine, code).fields["position"] == [102.15, 36.65, "gcj02", False]


def test_the_button_that_checks_saves_nothing_and_shows_the_week(
    minhe: DeskClient, engine: Engine, code: str
) -> None:
    answer = save(minhe, code, page(minhe, code), action="check", **{"hours.words": "周六日 10:00-16:00"})
    assert answer.status_code == 200
    assert "Sa-Su 10:00-16:00" in answer.text
    assert "10:00–16:00" in answer.text
    assert draft(engine, code).fields["hours"] == FIELDS["hours"]


# Two at once.


def test_two_fields_merge_and_the_same_field_asks_with_all_else_kept(
    minhe: DeskClient, province: DeskClient, engine: Engine, code: str
) -> None:
    mine, theirs = page(minhe, code), page(province, code)
    save(province, code, theirs, **{"phone": "0972-8500000", "amenity.toilet": "no", "reason": "群众来电"})
    merged = save(minhe, code, mine, address="川垣大街3号")
    said = minhe.get(merged.location).text
    assert "在您编辑期间，province工会改了" in said
    assert draft(engine, code).fields["phone"] == "0972-8500000"

    asked = save(minhe, code, mine, phone="0972-8511111", directions="三楼")
    assert asked.status_code == 409
    assert "province工会" in asked.text
    assert "群众来电" in asked.text
    assert draft(engine, code).fields.get("directions") is None
    form = sent(asked)
    assert (form["asked"], form["phone"], form["directions"]) == (["phone"], ["0972-8511111"], ["三楼"])

    unanswered = save(minhe, code, form)
    assert unanswered.status_code == 409
    taken = save(minhe, code, sent(unanswered), **{"take.phone": "theirs"})
    assert taken.status_code == 303
    fields = draft(engine, code).fields
    assert (fields["phone"], fields["directions"], fields["address"]) == (
        "0972-8500000",
        "三楼",
        "川垣大街3号",
    )


@pytest.mark.parametrize("typed", ["0972-8511111", "0972-8599999"])
def test_one_s_own_value_or_a_third_is_taken_when_chosen(
    minhe: DeskClient, province: DeskClient, engine: Engine, code: str, typed: str
) -> None:
    mine, theirs = page(minhe, code), page(province, code)
    save(province, code, theirs, phone="0972-8500000")
    form = sent(save(minhe, code, mine, phone="0972-8511111"))
    assert save(minhe, code, form, **{"take.phone": "yours", "phone": typed}).status_code == 303
    assert draft(engine, code).fields["phone"] == typed


def test_a_third_edit_while_the_question_stands_open_asks_again(
    minhe: DeskClient, province: DeskClient, engine: Engine, code: str
) -> None:
    mine, theirs = page(minhe, code), page(province, code)
    save(province, code, theirs, phone="0972-8500000")
    form = sent(save(minhe, code, mine, phone="0972-8511111"))
    save(province, code, page(province, code), phone="0972-8577777")
    again = save(minhe, code, form, **{"take.phone": "yours"})
    assert again.status_code == 409
    assert "0972-8577777" in again.text
    assert draft(engine, code).fields["phone"] == "0972-8577777"


def test_a_form_whose_base_is_not_ours_or_of_another_station_is_refused(
    minhe: DeskClient, engine: Engine, code: str
) -> None:
    other = station(engine)
    form, foreign = page(minhe, code), page(minhe, other)
    for base in (["x"], [""], [form["base"][0][:-3] + "abc"], foreign["base"]):
        assert save(minhe, code, form, base=base, address="新").status_code == 409
    assert "address" not in draft(engine, code).fields


# Who may.


def test_a_station_of_another_county_is_shown_to_nobody_who_may_not_change_it(
    minhe: DeskClient, province: DeskClient, engine: Engine
) -> None:
    code = station(engine, position=[101.5, 36.6, "wgs84", False])
    form = page(province, code)
    for answer in (
        minhe.get(f"/desk/stations/{code}"),
        save(minhe, code, form, address="x"),
        minhe.post(f"/desk/stations/{code}/withdraw", data={"base": form["base"], "why": "x"}),
        minhe.get(f"/desk/stations/{code}/photos"),
        minhe.post(f"/desk/stations/{code}/photos", data={"shows": "door"}),
    ):
        assert answer.status_code == 403
    assert "address" not in draft(engine, code).fields


@pytest.mark.parametrize("role", ["viewer", "planner", "inspector"])
def test_other_roles_see_the_list_and_no_form(app: Flask, engine: Engine, code: str, role: str) -> None:
    client = signed_in(app, staff_member(engine, f"only-{role}", role, "630222"))
    listed = client.get("/desk/stations")
    assert listed.status_code == 200
    assert 'name="code"' not in listed.text
    for path in (f"/desk/stations/{code}", "/desk/stations/new"):
        assert client.get(path).status_code == 403
    assert client.post("/desk/stations/bulk", data={"code": code}).status_code == 403


def test_a_post_without_the_token_is_refused(minhe: DeskClient, engine: Engine, code: str) -> None:
    form = page(minhe, code)
    for path in (f"/desk/stations/{code}", "/desk/stations/new", "/desk/stations/bulk", "/desk/aids/hours"):
        assert minhe.raw.post(path, data=form | {"address": "x"}).status_code in {400, 403}
    assert "address" not in draft(engine, code).fields


def test_a_code_that_nobody_has_is_not_found(minhe: DeskClient) -> None:
    assert minhe.get("/desk/stations/6399999").status_code == 404


# Adding and withdrawing.


def test_a_new_station_is_added_once_its_likeness_is_answered(minhe: DeskClient, engine: Engine) -> None:
    form = sent(minhe.get("/desk/stations/new"))

    def post(**changes: str) -> TestResponse:
        return minhe.post("/desk/stations/new", data=form | {"action": "save"} | changes)

    values = {"name.zh": "古鄯驿站", "position.lon": "102.05", "position.lat": "36.5"}
    done = post(**values)
    assert done.status_code == 303, done.text
    code = done.location.split("/")[-1].partition("?")[0]
    assert draft(engine, code).fields["region_code"] == "630222"
    asked = post(**values)
    assert asked.status_code == 409
    assert f"/desk/stations/{code}" in asked.text
    assert post(**values, insist="1").status_code == 303


def test_a_withdrawn_station_says_so_and_comes_back(minhe: DeskClient, engine: Engine, code: str) -> None:
    base = page(minhe, code)["base"]
    assert minhe.post(f"/desk/stations/{code}/withdraw", data={"base": base, "why": ""}).status_code == 303
    assert "withdrawn" not in draft(engine, code).fields
    minhe.post(f"/desk/stations/{code}/withdraw", data={"base": base, "why": "重复登记"})
    assert draft(engine, code).fields["withdrawn"] == ["重复登记", None]
    shown = minhe.get(f"/desk/stations/{code}")
    assert "已撤下，公众看不到：重复登记" in shown.text
    base = sent(shown)["base"]
    minhe.post(f"/desk/stations/{code}/withdraw", data={"base": base, "back": "1"})
    assert "withdrawn" not in draft(engine, code).fields


# What is asked while one types.


def test_hours_in_words_are_answered_with_their_week(minhe: DeskClient) -> None:
    said = minhe.post("/desk/aids/hours", data={"words": "周一至周五 8:30-17:00"}).get_json()
    assert (said["meant"], said["expression"]) == (True, "Mo-Fr 08:30-17:00")
    assert [row["hours"] for row in said["week"]] == ["08:30–17:00"] * 5 + ["休息"] * 2
    assert minhe.post("/desk/aids/hours", data={"words": "看心情"}).get_json()["meant"] is False
    assert minhe.post("/desk/aids/hours", data={"words": "x" * 2000}).get_json()["wrong"]
    assert minhe.post("/desk/aids/hours", data={"words": " "}).get_json()["empty"] is True


def test_a_pin_is_answered_with_its_county_what_is_wrong_and_who_is_near(
    minhe: DeskClient, engine: Engine
) -> None:
    code = station(engine, position=[102.17, 36.77, "wgs84", False], **{"name.zh": "核桃庄驿站"})
    at = {"lon": "102.1703", "lat": "36.77", "datum": "wgs84", "name": "核桃庄工会驿站"}
    said = minhe.post("/desk/aids/place", data=at).get_json()
    assert (said["region"], said["region_name"], said["wrong"]) == ("630222", "民和回族土族自治县", None)
    assert [(one["code"], one["twin"]) for one in said["near"]] == [(code, True)]
    assert minhe.post("/desk/aids/place", data=at | {"code": code}).get_json()["near"] == []
    # East of the border as GPS or as Amap's, west of it as Baidu's.
    other = minhe.post(
        "/desk/aids/place", data={"lon": "102.005", "lat": "36.6", "datum": "bd09", "region": "630222"}
    ).get_json()
    assert "不在您管理的区域内" in other["wrong"]
    assert [offer["datum"] for offer in other["offers"]] == ["wgs84", "gcj02"]
    minutes = {"lon": "102°10′12″", "lat": "36°46′12″N", "datum": "wgs84", "code": code}
    assert minhe.post("/desk/aids/place", data=minutes).get_json()["lon"] == 102.17
    for bad in ({"lon": "x", "lat": "1"}, {"lon": "1"}, {"lon": "nan", "lat": "3"}, {"lon": "999", "lat": "3"},
                {"lon": "1", "lat": "3", "datum": "mars"}):  # fmt: skip
        assert minhe.post("/desk/aids/place", data=bad).get_json()["wrong"]


def test_a_pasted_text_is_answered_with_numbers_or_with_what_is_wrong(minhe: DeskClient) -> None:
    said = minhe.post("/desk/aids/paste", data={"text": "https://uri.amap.com/marker?position=102.1,36.6"})
    assert {k: said.get_json()[k] for k in ("lon", "lat", "datum")} == {
        "lon": "102.1", "lat": "36.6", "datum": "gcj02"
    }  # fmt: skip
    assert (
        "短链接"
        in minhe.post("/desk/aids/paste", data={"text": "https://surl.amap.com/x"}).get_json()["wrong"]
    )


# Photos.


def picture(**options: Any) -> io.BytesIO:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (36.0, 36.0, 0.0)}
    Image.new("RGB", options.get("size", (900, 600)), options.get("colour", "teal")).save(
        file, "JPEG", exif=exif
    )
    file.seek(0)
    return file


def _bomb() -> bytes:
    """A photo of a hundred megapixels in a few kilobytes."""
    file = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(file, "PNG", compress_level=9)
    return file.getvalue()


def test_photos_are_put_described_shown_to_the_public_and_taken_away(
    minhe: DeskClient, app: Flask, engine: Engine, code: str
) -> None:
    answer = minhe.post(
        f"/desk/stations/{code}/photos",
        data={
            "photo": [(picture(), "门.jpg"), (picture(colour="navy"), "里.jpg")],
            "shows": "door",
            "caption": "北门",
        },
    )
    assert answer.status_code == 303
    shown = minhe.get(f"/desk/stations/{code}").text
    assert shown.count(f'action="/desk/stations/{code}/photos/') == 2
    public = app.test_client().get(f"/s/{code}").text
    addresses = re.findall(r'src="(/photos/[0-9a-f]{64}\.jpg)"', public)
    assert len(addresses) == 2
    body = app.test_client().get(addresses[0])
    assert body.status_code == 200
    with Image.open(io.BytesIO(body.data)) as kept:
        assert not kept.getexif()
    assert minhe.get(f"/desk/stations/{code}/photos/{addresses[0][8:-4]}.jpg").status_code == 200
    photo = re.search(rf"/desk/stations/{code}/photos/(\d+)", shown)
    assert photo is not None
    one = f"/desk/stations/{code}/photos/{photo[1]}"
    minhe.post(one, data={"action": "change", "shows": "inside", "caption": "大厅"})
    assert "大厅" in app.test_client().get(f"/s/{code}").text
    minhe.post(one, data={"action": "remove"})
    assert app.test_client().get(f"/s/{code}").text.count("/photos/") == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: b"not a picture", "不是能读的照片"),
        (lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF", "损坏"),
        (_bomb, "太大了"),
        (lambda: b"GIF89a" + b"\x00" * 40, "不是能读的照片"),
    ],
)
def test_what_is_no_photo_is_told_by_its_name_and_the_others_are_kept(
    minhe: DeskClient, engine: Engine, code: str, make: Callable[[], bytes], words: str
) -> None:
    answer = minhe.post(
        f"/desk/stations/{code}/photos",
        data={
            "photo": [(io.BytesIO(make()), "坏.png" if make is _bomb else "坏.jpg"), (picture(), "好.jpg")],
            "shows": "door",
        },
    )
    said = minhe.get(answer.location.partition("#")[0]).text
    assert re.search(rf"坏\.(?:jpg|png)：[^<]*{words}", said)
    assert "已放上 1 张照片" in said


def test_an_inspector_puts_photos_on_a_page_of_their_own(app: Flask, engine: Engine, code: str) -> None:
    client = signed_in(app, staff_member(engine, "inspector", "inspector", "630222"))
    assert client.get(f"/desk/stations/{code}/photos").status_code == 200
    answer = client.post(
        f"/desk/stations/{code}/photos", data={"photo": (picture(), "门.jpg"), "shows": "door"}
    )
    assert answer.location == f"/desk/stations/{code}/photos"


# Many at once.


def bulk_form(answer: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return unescape(found[1])


def test_many_stations_are_changed_after_a_preview(minhe: DeskClient, engine: Engine) -> None:
    codes = [station(engine, **{"name.zh": f"批量{n}驿站"}) for n in range(3)]
    foreign = station(engine, position=[101.5, 36.6, "wgs84", False], **{"name.zh": "外县批量驿站"})
    before = commits(engine)
    chosen = bulk_form(minhe.post("/desk/stations/bulk", data={"code": [*codes, foreign]}), "chosen")
    seen = minhe.post("/desk/stations/bulk/preview", data={"chosen": chosen, "fee": "free", "amenity": "aed",
                                                           "standing": "no", "reason": "全县统一"})  # fmt: skip
    assert seen.status_code == 200
    assert "将修改 3 个" in seen.text
    assert "不能改 1 个" in seen.text
    assert commits(engine) == before
    done = minhe.post("/desk/stations/bulk/apply", data={"preview": bulk_form(seen, "preview")})
    assert done.status_code == 303
    assert commits(engine) == before + 1
    for code in codes:
        fields = draft(engine, code).fields
        assert (fields["fee"], fields["amenity.aed"]) == ("free", "no")
    assert draft(engine, foreign).fields["fee"] == "unknown"


def test_a_station_changed_since_the_preview_asks_again(
    minhe: DeskClient, province: DeskClient, engine: Engine
) -> None:
    codes = [station(engine, **{"name.zh": f"再看{n}驿站"}) for n in range(2)]
    chosen = bulk_form(minhe.post("/desk/stations/bulk", data={"code": codes}), "chosen")
    seen = minhe.post("/desk/stations/bulk/preview", data={"chosen": chosen, "fee": "free"})
    save(province, codes[0], page(province, codes[0]), fee="fee")
    again = minhe.post("/desk/stations/bulk/apply", data={"preview": bulk_form(seen, "preview")})
    assert again.status_code == 409
    assert "预览之后被改过" in again.text
    assert draft(engine, codes[1]).fields["fee"] == "unknown"
    assert (
        minhe.post("/desk/stations/bulk/apply", data={"preview": bulk_form(again, "preview")}).status_code
        == 303
    )
    assert [draft(engine, code).fields["fee"] for code in codes] == ["free", "free"]


def test_the_whole_of_a_filtered_list_is_taken(minhe: DeskClient, engine: Engine) -> None:
    for n in range(2):
        station(engine, **{"name.zh": f"独一无二{n}号驿站"})
    answer = minhe.post("/desk/stations/bulk", data={"all": "1", "q": "独一无二"})
    assert "批量修改 2 个站点" in answer.text
    empty = minhe.post("/desk/stations/bulk", data={"all": "1", "q": "没有这样的"})
    assert empty.status_code == 303


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "批量修改"),
        ({"lifecycle.state": "closed"}, "从哪一天起"),
        ({"hours.words": "看心情"}, "看不出开放时间"),
        ({"exception.first": "2026-05-01", "exception.state": "open"}, "看不懂"),
    ],
)
def test_a_bulk_change_that_cannot_be_done_is_told(
    minhe: DeskClient, code: str, changes: dict[str, str], words: str
) -> None:
    chosen = bulk_form(minhe.post("/desk/stations/bulk", data={"code": code}), "chosen")
    answer = minhe.post("/desk/stations/bulk/preview", data={"chosen": chosen, **changes})
    assert answer.status_code == 422
    assert words in answer.text
    for forged in ({"chosen": "x"}, {"chosen": ""}):
        assert minhe.post("/desk/stations/bulk/preview", data=forged).status_code == 409
    assert minhe.post("/desk/stations/bulk/apply", data={"preview": chosen + "x"}).status_code == 409


# The list.


def test_the_list_is_about_one_s_own_county_until_another_is_asked_for(
    minhe: DeskClient, engine: Engine, code: str
) -> None:
    foreign = station(engine, position=[101.5, 36.6, "wgs84", False], **{"name.zh": "外县单独驿站"})
    own = minhe.get("/desk/stations?q=驿站").text
    assert foreign not in own
    other = minhe.get("/desk/stations?region=630102&q=外县单独").text
    assert f"/s/{foreign}" in other
    assert f"/desk/stations/{foreign}" not in other
    assert "没有符合条件的站点" in minhe.get("/desk/stations?q=没有这样的").text


def test_the_list_goes_on_page_by_page_and_keeps_its_filters(minhe: DeskClient, engine: Engine) -> None:
    for number in range(52):
        station(engine, **{"name.zh": f"长名单{number:02}驿站"})
    first = minhe.get("/desk/stations?q=长名单&without=photo")
    following = re.search(r'href="(/desk/stations\?[^"]*after=\d+)"', first.text)
    assert following is not None
    rest = minhe.get(unescape(following[1])).text
    assert len(re.findall(r'name="code"', first.text)) == 50
    assert len(re.findall(r'name="code"', rest)) == 2
    assert 'value="长名单"' in rest


@pytest.mark.parametrize(
    "query", ["after=x", "kind=palace", "place=moon", "region=abc", "q=%00", "without=soul"]
)
def test_a_strange_address_of_the_list_is_answered_all_the_same(minhe: DeskClient, query: str) -> None:
    assert minhe.get(f"/desk/stations?{query}").status_code == 200


def test_every_page_is_said_in_english_too(minhe: DeskClient, code: str, tmp_path: Path) -> None:
    for path in (f"/desk/stations/{code}?lang=en", "/desk/stations?lang=en", "/desk/stations/new?lang=en"):
        answer = minhe.get(path)
        assert answer.status_code == 200
        assert 'lang="en"' in answer.text
    minhe.get("/desk/stations?lang=zh")
