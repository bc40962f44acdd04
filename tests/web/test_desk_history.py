"""The history pages: who changed what and why, the past of a station, a commit whole, and taking it back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import DeskClient, signed_in, staff_member
from flask import Flask
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations import vocabulary
from stations.hours import Calendar, DatedException, Hours
from stations.models import Amenity, Commit, Partner, Photo, Station
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.settings import Settings

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def app(engine: Engine) -> Flask:
    url = engine.url.render_as_string(hide_password=False)
    return create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)


@pytest.fixture(scope="module")
def clients(app: Flask, engine: Engine) -> Callable[..., DeskClient]:
    made: dict[tuple[str, str | None], DeskClient] = {}

    def client(role: str = "editor", region: str | None = "630222") -> DeskClient:
        if (role, region) not in made:
            member = staff_member(engine, f"{role}-{region}", role, region)
            made[role, region] = signed_in(app, member)
        return made[role, region]

    return client


@pytest.fixture
def editor(clients: Callable[..., DeskClient]) -> DeskClient:
    return clients()


def write(engine: Engine, work: Callable[[Session], Any], reason: str = "test") -> Any:
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason=reason),
    ):
        return work(session)


def add(engine: Engine, name: str = "川口工会驿站", **facts: Any) -> str:
    return write(
        engine,
        lambda s: (
            registry.add(
                s, names={"zh": name}, kind="union_station", **({"region_code": "630222"} | facts)
            ).code
        ),
        "新增",
    )


def change(engine: Engine, code: str, reason: str = "修改", **facts: Any) -> int:
    def work(session: Session) -> None:
        station = registry.get(session, code)
        for name, value in facts.items():
            setattr(station, name, value)

    write(engine, work, reason)
    with Session(engine) as session:
        return session.scalars(select(func.max(Commit.seq))).one() or 0


def plain(html: str) -> str:
    """Return the text of a page's main part, as one line."""
    main = html[html.index("<main") : html.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def test_the_feed_says_who_when_why_and_which_stations(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "上川口驿站")
    change(engine, code, "电话打通了", phone="0972-8522222")
    told = plain(editor.get("/desk/history").text)
    assert "电话打通了" in told
    assert "命令行 Command line" in told
    assert "站点 修改 1" in told
    assert f"/desk/stations/{code}/history" in editor.get("/desk/history").text


def test_the_feed_is_narrowed_and_a_bad_filter_is_named(engine: Engine, editor: DeskClient) -> None:
    here, there = add(engine, "民和站"), add(engine, "乐都站", region_code="630202")
    change(engine, here, "民和的修改", phone="1")
    change(engine, there, "乐都的修改", phone="1")
    own = plain(editor.get("/desk/history?region=own&table=stations").text)
    assert "民和的修改" in own
    assert "乐都的修改" not in own
    assert "乐都的修改" in plain(editor.get("/desk/history?region=630200").text)
    assert "没有符合条件的修改" in plain(editor.get("/desk/history?since=2099-01-01").text)
    for query in ("table=nonsense", "who=x", "since=yesterday", "batch=1.5", "before=-1"):
        answer = editor.get(f"/desk/history?{query}")
        assert answer.status_code == 400, query
    assert editor.get("/desk/history?table=staff").status_code == 400


def test_accounts_are_in_the_feed_of_administrators_alone(
    engine: Engine, clients: Callable[..., DeskClient]
) -> None:
    staff_member(engine, "somebody-new", "viewer", "630222")
    assert "test staff somebody-new" not in clients().get("/desk/history").text
    told = clients("administrator", None).get("/desk/history?table=staff")
    assert "test staff somebody-new" in told.text


def test_every_field_reads_as_a_person_says_it(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "万言驿站")

    def work(session: Session) -> None:
        station = registry.get(session, code)
        station.names = {"zh": "万言工会驿站", "en": "Wanyan Station"}
        station.access, station.fee, station.premises = "scan", "free", "bank"
        station.capacity, station.accepted_cards = 20, ["工会会员卡", "身份证"]
        station.verified_at, station.verified_by = NOON, actor_id(session, OPERATOR)
        exception = DatedException(date(2026, 2, 16), date(2026, 2, 22), None, "春节")
        registry.set_hours(
            session,
            station,
            Hours("Mo-Fr 08:30-17:30", Calendar.OFFICIAL, (exception,), "工作日8:30-17:30"),
        )
        registry.set_amenities(
            session,
            station,
            {
                "microwave": registry.AmenityFact(out_of_order=True),
                "toilet": registry.AmenityFact(vocabulary.Value.NO),
                "wifi": registry.AmenityFact(basis=vocabulary.Basis.INFERRED),
            },
        )
        registry.set_partners(session, station, [("host", "农商银行")])
        session.add(Photo(station_id=station.id, sha256="ab" * 32, shows="door"))

    write(engine, work, "补全")
    page = editor.get(f"/desk/stations/{code}/history").text
    told = plain(page)
    for words in (
        "名称（中文） 原来 万言驿站 → 现在 万言工会驿站",
        "名称（英文） 原来 （空） → 现在 Wanyan Station",
        "进入方式 原来 进入方式未知 → 现在 需扫码",
        "场所 原来 （空） → 现在 银行网点",
        "可用卡 原来 （空） → 现在 工会会员卡、身份证",
        "周一至周五 08:30–17:30",
        "按国家放假和调休安排",
        "原话：工作日8:30-17:30",
        "核实时间 原来 （空） → 现在 2026-01-15 12:00",
        "新增 设施 热饭 状态 现在 故障",
        "新增 设施 卫生间 状态 现在 没有",
        "新增 设施 Wi-Fi 状态 现在 推断有",
        "新增 特殊日期 2026-02-16 – 2026-02-22 当天时间 现在 停业",
        "新增 合作单位 场地提供 · 农商银行",
    ):
        assert words in told, words
    assert f"/desk/kept-photos/{'ab' * 32}.jpg" in page


def test_a_moved_pin_has_a_map_and_its_metres(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "搬家驿站")
    assert "yizhan.moves" not in editor.get(f"/desk/stations/{code}/history").text
    change(engine, code, "上图", location="SRID=4326;POINT(102.0 36.5)", position_quality="door")
    seq = change(engine, code, "挪动", location="SRID=4326;POINT(102.01 36.5)")
    page = editor.get(f"/desk/stations/{code}/history").text
    assert "移动了 896 米" in page
    assert '"old":[102,36.5],"new":[102.01,36.5]' in page
    assert "演示底图，未送审" in page
    assert "yizhan.moves" in editor.get(f"/desk/history/{seq}").text


def test_text_from_outside_is_text_in_a_difference(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "<script>alert(1)</script>驿站")
    seq = change(engine, code, "<b>why</b>", phone="<img src=x onerror=alert(1)>")
    for address in ("/desk/history", f"/desk/stations/{code}/history", f"/desk/history/{seq}"):
        page = editor.get(address).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>why" not in page


def test_a_closed_and_a_withdrawn_station_keep_their_page(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "关门驿站")
    write(
        engine,
        lambda s: registry.set_lifecycle(
            s, registry.get(s, code), "closed", on=date(2026, 1, 5), reason="拆迁"
        ),
    )
    told = plain(editor.get(f"/desk/stations/{code}/history").text)
    assert "已关闭" in told
    assert "运营状态 原来 运营中 → 现在 已关闭" in told
    change(engine, code, "撤下", withdrawn_reason="重复录入")
    assert "已从公众登记中撤下" in plain(editor.get(f"/desk/stations/{code}/history").text)
    assert editor.get("/desk/stations/123/history").status_code == 404
    assert editor.get("/desk/history/99999999").status_code == 404


def test_taking_back_shows_what_it_would_do_asks_why_and_does_it(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "撤回驿站", phone="1")
    seq = change(engine, code, "错误的电话", phone="2", address="旧路1号")
    preview = plain(editor.get(f"/desk/history/{seq}/revert").text)
    assert "恢复 2 处" in preview
    assert "电话 原来 2 → 现在 1" in preview
    assert editor.post(f"/desk/history/{seq}/revert", data={"reason": " "}).status_code == 400
    answer = editor.post(f"/desk/history/{seq}/revert", data={"reason": "录错了"}, follow_redirects=True)
    assert "已撤回。" in plain(answer.text)
    with Session(engine) as session:
        station = registry.get(session, code)
        assert (station.phone, station.address) == ("1", None)
        reason = session.scalars(select(Commit.reason).order_by(Commit.seq.desc()).limit(1)).one()
    assert reason == f"撤回第 {seq} 号修改：录错了"


def test_later_edits_survive_and_are_told_before_and_after(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "后改驿站", phone="1")
    seq = change(engine, code, "两处", phone="2", address="旧路1号")
    change(engine, code, "再改", phone="3")
    preview = plain(editor.get(f"/desk/history/{seq}/revert").text)
    assert "保持不动的 1 处" in preview
    assert "后来又改过" in preview
    answer = editor.post(f"/desk/history/{seq}/revert", data={"reason": "录错了"}, follow_redirects=True)
    assert "有 1 处后来改过，保持不动" in plain(answer.text)
    with Session(engine) as session:
        station = registry.get(session, code)
        assert (station.phone, station.address) == ("3", None)
    assert "没有可以撤回的内容" in plain(editor.get(f"/desk/history/{seq}/revert").text)


def test_one_row_of_a_commit_can_be_taken_back_alone(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "单项驿站", phone="1")
    write(
        engine,
        lambda s: registry.set_amenities(s, registry.get(s, code), {"toilet": registry.AmenityFact()}),
    )

    def both(session: Session) -> None:
        station = registry.get(session, code)
        station.phone = "2"
        registry.set_amenities(session, station, {"toilet": registry.AmenityFact(out_of_order=True)})

    write(engine, both, "两样")
    page = editor.get(f"/desk/stations/{code}/history").text
    links = re.findall(r'href="(/desk/history/\d+/revert\?change=\d+)"', page)
    assert len(links) == 2
    told = {link: plain(editor.get(link).text) for link in links}
    (broken,) = [link for link, words in told.items() if "设施 卫生间" in words]
    form = {"reason": "修好了", "change": broken.rpartition("=")[2]}
    assert editor.post(broken.partition("?")[0], data=form).status_code == 303
    with Session(engine) as session:
        station = registry.get(session, code)
        assert station.phone == "2"
        assert not session.get_one(Amenity, (station.id, "toilet")).out_of_order


def test_a_whole_batch_is_taken_back(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "批次驿站", phone="1")
    with (
        Session(engine) as session,
        session.begin(),
        acting(session, actor_id(session, OPERATOR), reason="导入", batch=4711),
    ):
        registry.get(session, code).phone = "9"
    assert "撤回这一批" in editor.get("/desk/history?batch=4711").text
    assert "恢复 1 处" in plain(editor.get("/desk/history/batches/4711/revert").text)
    done = editor.post(
        "/desk/history/batches/4711/revert", data={"reason": "名单作废"}, follow_redirects=True
    )
    assert "已撤回。" in plain(done.text)
    with Session(engine) as session:
        assert registry.get(session, code).phone == "1"
    assert editor.get("/desk/history/batches/4712/revert").status_code == 404


def test_an_editor_of_another_county_takes_nothing_back_here(
    engine: Engine, clients: Callable[..., DeskClient]
) -> None:
    code = add(engine, "邻县驿站", phone="1")
    seq = change(engine, code, "改", phone="2")
    neighbour = clients("editor", "630202")
    assert neighbour.get(f"/desk/history/{seq}").status_code == 200
    answer = neighbour.post(f"/desk/history/{seq}/revert", data={"reason": "x"})
    assert answer.status_code == 403
    assert "其中有不在您区域里的站点" in plain(answer.text)
    viewer = clients("viewer")
    assert "撤回这次修改" not in viewer.get(f"/desk/stations/{code}/history").text
    assert viewer.post(f"/desk/history/{seq}/revert", data={"reason": "x"}).status_code == 403
    with Session(engine) as session:
        assert registry.get(session, code).phone == "2"


def test_pages_speak_english(engine: Engine, editor: DeskClient) -> None:
    code = add(engine, "英文驿站")
    seq = change(engine, code, "改", phone="2", access="scan")
    page = editor.get(f"/desk/history/{seq}?lang=en").text
    assert "Scan a code" in page
    assert "History" in page
    editor.get("/desk/history?lang=zh")


def test_partners_name_their_organisation_and_renames_stand_outside_the_stations(
    engine: Engine, editor: DeskClient
) -> None:
    code = add(engine, "伙伴驿站")
    write(engine, lambda s: registry.set_partners(s, registry.get(s, code), [("operator", "顺丰速运")]))

    def rename(session: Session) -> None:
        station = registry.get(session, code)
        partner = session.scalars(select(Partner).where(Partner.station_id == station.id)).one()
        from stations.models import Organisation

        session.get_one(Organisation, partner.organisation_id).name = "顺丰"

    write(engine, rename, "改名")
    with Session(engine) as session:
        seq = session.scalars(select(func.max(Commit.seq))).one()
        assert session.scalars(select(Station.id).where(Station.code == code)).one()
    told = plain(editor.get(f"/desk/history/{seq}").text)
    assert "站点以外" in told
    assert "单位 顺丰" in told
    assert "名称 原来 顺丰速运 → 现在 顺丰" in told
