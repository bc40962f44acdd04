"""The queue of reports at the desk: one tap, a reason for no, words and photos let out, and what the public then reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import DeskClient, signed_in, staff_member
from flask import Flask
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session
from test_reports_api import door

from conftest import fill_squares
from stations.keeping import photos, reports
from stations.keeping.marks import Occasion, Speaker
from stations.keeping.reports import Saying
from stations.keeping.voices import Agreement
from stations.models import Amenity, Commit, HoursException, Report, Station
from stations.registry import registry
from stations.registry.writing import OPERATOR, PUBLIC, acting, actor_id
from web import create_app
from web.settings import Settings

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture
def app(engine: Engine, tmp_path: Path) -> Flask:
    url = engine.url.render_as_string(hide_password=False)
    return create_app(
        Settings(secret_key="x" * 40, database_url=url, clock=NOON, photos=tmp_path), engine=engine
    )


@pytest.fixture
def clients(app: Flask, engine: Engine) -> Callable[..., DeskClient]:
    def client(role: str = "editor", region: str | None = "630222") -> DeskClient:
        return signed_in(app, staff_member(engine, f"{role}-{region}", role, region))

    return client


@pytest.fixture
def editor(clients: Callable[..., DeskClient]) -> DeskClient:
    return clients()


def add(engine: Engine, name: str = "川口工会驿站", region: str = "630222") -> str:
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="新增"),
    ):
        return registry.add(
            session,
            names={"zh": name},
            kind="union_station",
            region_code=region,
            phone="0972-8522222",
            amenities={"microwave": registry.AmenityFact()},
        ).code


def say(engine: Engine, code: str, choice: str = "amenity_broken", **more: Any) -> int:
    """Say something of a station as the public."""
    photo = more.pop("photo", None)
    if choice.startswith("amenity"):
        more.setdefault("amenity", "microwave")
    network = more.pop("network", "203.0.113.0/24")
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, PUBLIC), reason="said by the public"),
    ):
        occasion = Occasion(Speaker(uuid4(), network), NOON, b"x", Agreement().window)
        saying = Saying.of(client_id=uuid4(), choice=choice, **more)
        return reports.say(session, code, saying, occasion, photo=photo).id


def plain(html: str) -> str:
    main = html[html.index("<main") : html.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def decide(client: DeskClient, *ids: int, act: str, **form: str) -> Any:
    data = {"reports": ",".join(map(str, ids)), "act": act, **form}
    return client.post("/desk/reports/decide", data=data, follow_redirects=True)


def test_the_queue_shows_the_station_the_choice_the_words_and_how_many_agree(
    engine: Engine, editor: DeskClient
) -> None:
    code = add(engine)
    for network in ("203.0.113.0/24", "203.0.113.0/24", "198.51.100.0/24"):
        say(engine, code, words="不加热", network=network)
    page = editor.get("/desk/reports").text
    told = plain(page)
    assert "设施坏了（热饭）" in told
    assert "川口工会驿站" in told
    assert "3 条反映 · 近日 3 人" in told
    assert "已提示公众" in told
    assert "登记现状：有" in told
    assert told.count("不加热") == 3
    assert 'href="tel:09728522222"' in page


def test_one_tap_marks_the_amenity_and_the_public_reads_what_was_done(
    engine: Engine, app: Flask, editor: DeskClient
) -> None:
    code = add(engine)
    ids = [say(engine, code, network=f"198.51.{n}.0/24") for n in range(3)]
    public = app.test_client()
    assert "有人反映：" in plain(public.get(f"/s/{code}").text)
    answer = decide(editor, *ids, act="out_of_order")
    assert "已采纳：登记设施故障。" in plain(answer.text)
    page = plain(public.get(f"/s/{code}").text)
    assert "反映的问题已处理：设施坏了（热饭），已标为故障（11月22日）" in page
    assert "有人反映：" not in page
    with Session(engine) as session:
        assert session.scalars(select(Amenity.out_of_order)).one() is True
        reason = session.scalars(select(Commit.reason).order_by(Commit.seq.desc()).limit(1)).one()
    assert reason == f"采纳群众反映 {'、'.join(f'#{one}' for one in ids)}：设施坏了（热饭）"


def test_a_decision_is_undone_from_the_queue(engine: Engine, app: Flask, editor: DeskClient) -> None:
    code = add(engine)
    report = say(engine, code, "closed_now")
    decide(editor, report, act="closed_today")
    answer = editor.post("/desk/reports/reopen", data={"reports": str(report)}, follow_redirects=True)
    assert "处理时的登记也已撤回" in plain(answer.text)
    with Session(engine) as session:
        assert session.scalars(select(HoursException)).all() == []
        assert session.get_one(Report, report).status == "waiting"
    again = editor.post("/desk/reports/reopen", data={"reports": str(report)})
    assert again.status_code == 409


def test_a_suspension_asks_for_a_reason_and_a_day_that_is_to_come(engine: Engine, editor: DeskClient) -> None:
    code = add(engine)
    report = say(engine, code, "closed_now")
    without = decide(editor, report, act="suspended", note="")
    assert without.status_code == 400
    assert "请写明原因" in plain(without.text)
    past = decide(editor, report, act="suspended", note="装修", back_on="2026-11-21")
    assert past.status_code == 400
    assert "不能早于今天" in plain(past.text)
    decide(editor, report, act="suspended", note="装修", back_on="2026-12-01")
    with Session(engine) as session:
        station = registry.get(session, code)
        assert (station.lifecycle, station.lifecycle_reason) == ("suspended", "装修")


def test_no_needs_a_reason_and_is_kept_from_the_public(
    engine: Engine, app: Flask, editor: DeskClient
) -> None:
    code = add(engine)
    report = say(engine, code, "safety", words="台阶结冰")
    assert decide(editor, report, act="reject", note=" ").status_code == 400
    told = plain(decide(editor, report, act="reject", note="已经铲过").text)
    assert "没有采纳，原因已记下" in told
    assert "已经铲过" in told
    assert "已经铲过" not in app.test_client().get(f"/s/{code}").text


def test_words_and_photo_reach_the_public_only_when_they_are_let_out(
    engine: Engine, app: Flask, editor: DeskClient, tmp_path: Path
) -> None:
    code = add(engine)
    with photos.kept(tmp_path, photos.redrawn(door())) as digest:
        report = say(engine, code, words="<b>炉门</b>关不上", photo=digest)
    public = app.test_client()
    address = f"/photos/{digest}.jpg"
    assert "炉门" not in public.get(f"/s/{code}").text
    assert public.get(address).status_code == 404
    seen = editor.get(f"/desk/kept-photos/{digest}.jpg")
    assert (seen.status_code, seen.mimetype, seen.headers["Cache-Control"]) == (200, "image/jpeg", "no-store")
    assert public.get(f"/desk/kept-photos/{digest}.jpg").status_code == 302

    editor.post(f"/desk/reports/{report}/release", data={"show": "words"})
    page = public.get(f"/s/{code}").text
    assert "&lt;b&gt;炉门&lt;/b&gt;关不上" in page
    assert public.get(address).status_code == 404
    editor.post(f"/desk/reports/{report}/release", data={"show": ["words", "photo"]})
    assert public.get(address).status_code == 200
    assert address in public.get(f"/s/{code}").text
    editor.post(f"/desk/reports/{report}/release", data={})
    assert "炉门" not in public.get(f"/s/{code}").text


def test_a_keeper_sees_the_own_region_s_reports_and_a_viewer_decides_none(
    engine: Engine, clients: Callable[..., DeskClient]
) -> None:
    here, there = add(engine), add(engine, "乐都驿站", "630202")
    own, other = say(engine, here), say(engine, there, "moved")
    told = plain(clients().get("/desk/reports").text)
    assert "川口工会驿站" in told
    assert "乐都驿站" not in told
    assert "乐都驿站" not in plain(clients().get("/desk/reports?region=630202").text)
    assert decide(clients(), other, act="noted").status_code == 403
    viewer = clients("viewer")
    page = viewer.get("/desk/reports").text
    assert "川口工会驿站" in page
    assert "处理要由本区域的编辑来做" in page
    assert 'action="/desk/reports/decide"' not in page
    assert decide(viewer, own, act="noted").status_code == 403
    both = clients("administrator", None).get("/desk/reports?choice=moved").text
    assert "乐都驿站" in both
    assert "川口工会驿站" not in plain(both)


def test_two_keepers_and_a_forged_form_are_answered_in_words(engine: Engine, editor: DeskClient) -> None:
    code = add(engine)
    report = say(engine, code)
    decide(editor, report, act="noted")
    late = decide(editor, report, act="out_of_order")
    assert late.status_code == 409
    assert "别人刚刚处理过" in plain(late.text)
    for form in (
        {"reports": "x", "act": "noted"},
        {"reports": str(report), "act": "explode"},
        {"reports": "", "act": "noted"},
    ):
        assert editor.post("/desk/reports/decide", data=form).status_code == 400
    assert editor.post("/desk/reports/decide", data={"reports": "99999", "act": "noted"}).status_code == 404
    for query in ("choice=x", "days=2", "after=x", "after=2026-01-01~1"):
        assert editor.get(f"/desk/reports?{query}").status_code == 400, query
    answer = editor.post(
        "/desk/reports/reopen", data={"reports": str(report), "back": "//evil.example/desk/reports?"}
    )
    assert answer.location == "/desk/reports"


def test_what_needs_a_person_opens_the_form_and_is_accepted_by_saving(
    engine: Engine, editor: DeskClient
) -> None:
    code = add(engine)
    report = say(engine, code, "hours_wrong", words="晚上九点才关")
    page = editor.get("/desk/reports").text
    (address,) = re.findall(rf'href="(/desk/stations/{code}\?reports={report})"', page)
    form = editor.get(address).text
    assert "晚上九点才关" in form
    assert "开放时间不对" in form
    fields = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    assert fields["reports"] == str(report)
    answer = editor.post(
        f"/desk/stations/{code}",
        data=everything(form) | {"hours.words": "每天8:00-21:00"},
    )
    assert answer.status_code == 303
    with Session(engine) as session:
        held = session.get_one(Report, report)
        assert (held.status, held.outcome) == ("accepted", "edited")
        commit = session.get_one(Commit, held.decided_in or 0)
        assert commit.reason == f"编辑站点（采纳群众反映 #{report}：开放时间不对）"
        assert session.scalars(select(Station.hours_words)).one() == "每天8:00-21:00"
        changed = session.scalars(
            text("SELECT table_name FROM history WHERE commit_id = :id ORDER BY 1"), {"id": commit.id}
        ).all()
    assert changed == ["reports", "stations"]


def everything(html: str) -> dict[str, str]:
    """Return the fields of the form of a station as a browser would send them."""
    form = html[html.index('id="edit"') if 'id="edit"' in html else 0 :]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        names, values = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        kind = re.search(r'type="(\w+)"', tag)
        checkable = kind is not None and kind[1] in {"radio", "checkbox"}
        if names and (not checkable or " checked" in tag):
            found.setdefault(names[1], values[1] if values else "")
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', body)
        found.setdefault(name, chosen[1] if chosen else "")
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found.setdefault(name, body.strip())
    return found
