"""Inspections over HTTP: taken once and whole or refused in words, shown to the public, and each phone to its own."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import DeskClient, hash_quickly, signed_in, staff_member
from flask import Flask
from PIL import Image
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.hours import Hours
from stations.keeping.inspecting import documents, library
from stations.models import Checklist, Finding, Honour, Inspection, InspectionPhoto
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.desk.inspections_door import DOOR_COOKIE
from web.settings import Settings

NOON = datetime(2026, 9, 23, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
STARS = documents.shipped()["star-scheme"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="checklists"):
            library.publish(session, STARS)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def app(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    url = engine.url.render_as_string(hide_password=False)
    folder = tmp_path_factory.mktemp("photos")
    return create_app(
        Settings(secret_key="x" * 40, database_url=url, clock=NOON, photos=folder), engine=engine
    )


@pytest.fixture
def inspector(app: Flask, engine: Engine) -> DeskClient:
    return signed_in(app, staff_member(engine, "xuncha", "inspector", "630222"))


@pytest.fixture
def editor(app: Flask, engine: Engine) -> DeskClient:
    return signed_in(app, staff_member(engine, "bianji", "editor", None))


@pytest.fixture
def station(engine: Engine) -> str:
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="a station"),
    ):
        return registry.add(
            session,
            names={"zh": f"驿站{uuid4()}"},
            kind="union_station",
            region_code="630222",
            hours=Hours("24/7", words="24小时"),
        ).code


def sent(station: str, answers: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {item.code: {"answer": "yes"} for item in STARS.items if item.kind == "check"} | (
        answers or {}
    )
    return {
        "id": str(uuid4()),
        "station": station,
        "checklist": STARS.code,
        "version": 1,
        "age_s": 60,
        "observed": "open",
        "answers": given,
    } | more


def count(engine: Engine, model: Any) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def picture() -> io.BytesIO:
    written = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(written, "JPEG")
    return io.BytesIO(written.getvalue())


def test_an_inspection_is_taken_once_with_its_photos_and_shown_to_the_public(
    inspector: DeskClient, editor: DeskClient, engine: Engine, station: str, app: Flask
) -> None:
    photo = str(uuid4())
    body = sent(
        station,
        {"night": {"answer": "no", "remark": "十点就锁门", "due": "2026-09-30"}},
        observed="shut",
        photos=[{"id": photo, "item": "night"}],
        position=[102.1, 36.6, 8],
    )
    first = inspector.post("/desk/door/inspections", json=body)
    assert (first.status_code, first.json and first.json["id"]) == (201, body["id"])
    assert inspector.post("/desk/door/inspections", json=body).status_code == 200
    address = f"/desk/door/inspections/{body['id']}/photos/{photo}"
    for _ in range(2):
        answer = inspector.post(address, data={"photo": (picture(), "a.jpg", "image/jpeg")})
        assert answer.json == {"id": photo}
    number = first.json["number"]  # type: ignore[index]
    shown = inspector.get(f"/desk/inspections/{number}").text
    assert all(words in shown for words in ("十点就锁门", "四星", "关着门", "应当开门", "95/100"))
    with Session(engine) as session:
        digest = session.scalars(select(InspectionPhoto.sha256)).one()
    assert inspector.get(f"/desk/inspections/photos/{digest}.jpg").content_type == "image/jpeg"

    public = app.test_client()
    page = public.get(f"/s/{station}").text
    assert "到达时关着门，按公示时间应当开门。" in page
    assert "十点就锁门" not in page
    assert public.get(f"/photos/{digest}.jpg").status_code == 404
    editor.post(f"/desk/inspections/{number}/rate", data={"level": "county"})
    with Session(engine) as session:
        honour = session.scalars(select(Honour.id).where(Honour.inspection_id == number)).one()
    assert "四星" in public.get(f"/s/{station}").text
    editor.post(f"/desk/honours/{honour}/revoke", data={"reason": "夜里总关门", "on": "2026-09-23"})
    assert "2026-09-23 撤销：夜里总关门" in public.get(f"/s/{station}").text
    told = public.get(f"/api/v1/stations/{station}").get_json()["properties"]
    assert (told["inspections"][0]["rating"], told["inspections"][0]["observed"]) == ("star-4", "shut")
    assert told["honours_revoked"][0]["revoked_reason"] == "夜里总关门"
    assert told["honours"] == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"id": "x"}, (400, "UUID")),
        ({"station": "63999999"}, (404, "登记里没有")),
        ({"checklist": "none"}, (404, "登记里没有")),
        ({"version": 2}, (404, "登记里没有")),
        ({"version": True}, (400, "version")),
        ({"age_s": -1}, (400, "age_s")),
        ({"age_s": 10**30}, (400, "太久以前")),
        ({"observed": "ajar"}, (400, "observed")),
        ({"position": [102.1, 96.6, 8]}, (400, "no place")),
        ({"position": [102.1, 36.6, float("inf")]}, (400, "no place")),
        ({"position": "here"}, (400, "position")),
        ({"answers": []}, (400, "answers")),
        ({"answers": {}}, (400, "一项都还没有")),
        ({"answers": {"water": "yes"}}, (400, "answers.water")),
        ({"answers": {"water": {"answer": "perhaps"}}}, (400, "perhaps")),
        ({"answers": {"water": {"answer": "no", "due": "soon"}}}, (400, "整改期限")),
        ({"answers": {"water": {"answer": "no", "remark": "王 13812345678"}}}, (400, "手机号")),
        ({"answers": {"water": {"answer": "na"}}}, (400, "不适用")),
        ({"remark": "卡6222 0212 3456 7894"}, (400, "银行卡号")),
        ({"photos": [{"id": "x"}]}, (400, "UUID")),
        ({"secret": 1}, (400, "secret")),
    ],
)
def test_what_a_phone_sends_wrongly_is_refused_in_words_and_not_stored(
    inspector: DeskClient, engine: Engine, station: str, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    (status, said), before = expected, count(engine, Inspection)
    answer = inspector.post("/desk/door/inspections", json=sent(station) | change)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json; charset=utf-8")
    assert said in answer.get_json()["detail"]
    assert count(engine, Inspection) == before


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff", b'{"a":' * 9000])
def test_a_body_that_is_no_inspection_is_refused(inspector: DeskClient, body: bytes) -> None:
    answer = inspector.post("/desk/door/inspections", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert inspector.post("/desk/door/inspections", data={"a": "b"}).status_code == 415


def test_an_inspection_of_half_a_megabyte_is_refused(inspector: DeskClient) -> None:
    huge = b'{"remark": "' + b"a" * 600_000 + b'"}'
    answer = inspector.post("/desk/door/inspections", data=huge, content_type="application/json")
    assert (answer.status_code, answer.get_json()["reason"]) == (400, "too_long")


def test_a_photo_that_is_refused_keeps_its_place_until_it_is_left_out(
    inspector: DeskClient, engine: Engine, station: str
) -> None:
    photo = str(uuid4())
    body = sent(station, photos=[{"id": photo}])
    inspector.post("/desk/door/inspections", json=body)
    address = f"/desk/door/inspections/{body['id']}/photos/{photo}"
    script = inspector.post(address, data={"photo": (io.BytesIO(b"<script>"), "a.jpg", "image/jpeg")})
    assert script.status_code == 415
    assert "不是能读的照片" in script.get_json()["detail"]
    assert inspector.post(address).status_code == 400
    assert inspector.post(address.replace(photo, str(uuid4())), data={"left_out": "1"}).status_code == 404
    assert inspector.post(address, data={"left_out": "1"}).status_code == 200
    with Session(engine) as session:
        kept = session.scalars(select(InspectionPhoto).where(InspectionPhoto.left_out)).one()
        assert kept.sha256 is None


def test_the_phone_knows_whose_drafts_to_show_until_somebody_logs_out_or_another_comes(
    app: Flask, engine: Engine, inspector: DeskClient
) -> None:
    inspector.get("/desk/door")
    mine = inspector.raw.get_cookie(DOOR_COOKIE, path="/desk")
    assert mine is not None
    assert inspector.get("/desk/door/who.json").get_json()["who"] == mine.value
    assert inspector.get("/desk/door/stations.json").get_json()["who"] == mine.value
    inspector.post("/desk/log-out")
    assert inspector.raw.get_cookie(DOOR_COOKIE, path="/desk") is None
    assert inspector.raw.get("/desk/door/who.json", headers={"Accept": "application/json"}).status_code == 401
    other = signed_in(app, staff_member(engine, "lingyige", "inspector", "630222"))
    other.raw.set_cookie(DOOR_COOKIE, mine.value, path="/desk")
    other.get("/desk")
    assert other.raw.get_cookie(DOOR_COOKIE, path="/desk") is None
    other.get("/desk/door")
    theirs = other.raw.get_cookie(DOOR_COOKIE, path="/desk")
    assert theirs is not None
    assert theirs.value != mine.value


def test_what_a_service_worker_keeps_says_nothing_of_who_was_logged_in(
    app: Flask, inspector: DeskClient
) -> None:
    kept, shell = inspector.get("/desk/door").text, app.test_client().get("/desk/door/shell/zh").text
    assert "xuncha" not in kept
    assert "csrf" not in kept

    def bare(page: str) -> str:
        return "".join(line for line in page.splitlines() if "nonce" not in line)

    assert bare(kept) == bare(shell)
    # Fetching what is kept changes nobody's language, and there is no other than ours.
    inspector.get("/desk/door/shell/en")
    assert 'lang="zh-Hans"' in inspector.get("/desk/door").text
    assert inspector.get("/desk/door/shell/fr").status_code == 404
    worker = app.test_client().get("/desk/door.js")
    assert "xuncha" not in worker.text
    assert worker.text == inspector.get("/desk/door.js").text


def test_a_bad_checklist_is_told_in_words_and_a_good_one_is_published(
    editor: DeskClient, engine: Engine
) -> None:
    before = count(engine, Checklist)
    looped = documents.written(STARS, "toml").replace(
        'code = "water"', 'code = "water"\nneeds = ["hot-water"]'
    )
    answer = editor.post("/desk/checklists/new", data={"file": (io.BytesIO(looped.encode()), "a.toml")})
    assert answer.status_code == 400
    assert "water → hot-water → water" in answer.text
    unscored = looped.replace('needs = ["hot-water"]\n', "").replace("score = 15\n", "", 1)
    answer = editor.post("/desk/checklists/new", data={"file": (io.BytesIO(unscored.encode()), "a.toml")})
    assert "检查点没有写分值" in answer.text
    changed = documents.written(STARS, "toml").replace("review_months = 12", "review_months = 6")
    answer = editor.post("/desk/checklists/new", data={"file": (io.BytesIO(changed.encode()), "a.toml")})
    assert answer.status_code == 409
    assert count(engine, Checklist) == before
    editor.post("/desk/checklists/new", data={"shipped": "zhejiang-classes"})
    assert "浙江三类驿站" in editor.get("/desk/checklists/zhejiang-classes/1").text
    text = editor.get("/desk/checklists/zhejiang-classes/1.toml").text
    assert documents.parse(text.encode()) == documents.shipped()["zhejiang-classes"]


def test_a_finding_is_mended_with_a_photo_or_not_at_all(
    inspector: DeskClient, engine: Engine, station: str
) -> None:
    inspector.post(
        "/desk/door/inspections", json=sent(station, {"meal": {"answer": "no", "due": "2026-09-25"}})
    )
    with Session(engine) as session:
        number = session.scalars(select(Finding.id).where(Finding.item == "meal")).one()
    assert "能热饭" in inspector.get("/desk/findings").text
    address = f"/desk/findings/{number}/act"
    inspector.post(address, data={"act": "mend", "photo": (io.BytesIO(b"no"), "a.jpg", "image/jpeg")})
    with Session(engine) as session:
        assert session.get_one(Finding, number).status == "open"
    inspector.post(
        address, data={"act": "mend", "note": "修好了", "photo": (picture(), "a.jpg", "image/jpeg")}
    )
    page = inspector.get(f"/desk/findings/{number}").text
    assert "修好了" in page
    assert "整改后的照片 1" in page
    inspector.post(address, data={"act": "check"})
    assert "已复查" in inspector.get(f"/desk/findings/{number}").text


def test_an_honour_is_given_to_an_organisation_and_a_wrong_form_keeps_what_was_typed(
    editor: DeskClient, engine: Engine, station: str
) -> None:
    form = {"title": "最美户外劳动者服务站点", "level": "national", "year": "20xx", "station": station}
    answer = editor.post("/desk/honours/new", data=form)
    assert answer.status_code == 400
    assert "年份不对" in answer.text
    assert 'value="最美户外劳动者服务站点"' in answer.text
    assert editor.post("/desk/honours/new", data=form | {"year": "2025"}).status_code == 303
    assert editor.post("/desk/honours/new", data=form | {"year": "2025"}).status_code == 409
    assert "最美户外劳动者服务站点" in editor.get("/desk/honours").text
