"""Notices of day labour: entered at the desk, shown at the station, over by the clock; what is wrong is told in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from stations.keeping.community import notices
from stations.models import Change, Notice, NoticeContact
from tests.web.community_town import MORNING, Town, notice_form

pytest_plugins = ["tests.web.community_fixtures"]


def count(town: Town) -> int:
    with Session(town.engine) as session:
        return session.scalar(select(func.count()).select_from(Notice)) or 0


def newest(town: Town) -> int:
    with Session(town.engine) as session:
        return session.scalars(select(Notice.id).order_by(Notice.id.desc()).limit(1)).one()


def test_a_notice_goes_from_the_desk_to_the_station_and_is_over_by_the_clock(town: Town) -> None:
    desk = town.desk()
    answer = desk.post("/desk/notices/new", data=notice_form(town))
    assert answer.status_code == 303, answer.text
    page = town.page(f"/s/{town.minhe}")
    for words in ("这里正在招工", "瓦工砌筑", "小区外墙砌砖", "260–300 元/天", "今天至11月24日，2 天", "07:30 在驿站东侧停车场集合",
                  "要 12 人", "民和鑫达建筑公司", 'href="tel:09728522222"', "自带瓦刀，管午饭", "今天 20:00 撤下"):  # fmt: skip
        assert words in page, words
    town.moment = MORNING + timedelta(hours=14)
    over = town.page(f"/s/{town.minhe}")
    assert "小区外墙砌砖" not in over
    assert "8522222" not in over
    assert "小区外墙砌砖" in town.desk().get("/desk/notices").text


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"until": ""}, "until", "这一项要填"),
        ({"until": "2026-11-23T05:00"}, "until", "已经过去了"),
        ({"until": "2026-11-25T00:01"}, "until", "不能晚于最后一个工作日"),
        ({"until": "昨天"}, "until", "“昨天”不是时间"),
        ({"ends": "2026-11-22"}, "ends", "结束早于开始"),
        ({"starts": "2026-11-20", "ends": "2026-11-22"}, "ends", "已经过去了"),
        ({"ends": "2026-12-30"}, "ends", "最多31天"),
        ({"starts": "2027-03-01", "ends": "2027-03-02"}, "ends", "最多提前60天"),
        ({"starts": "2026-02-30"}, "starts", "不是日期"),
        ({"assemble_at": "25:00"}, "assemble_at", "不是时间"),
        ({"pay_from": "面议"}, "pay_from", "不收“面议”"),
        ({"pay_from": "0"}, "pay_from", "50 到 5000 元"),
        ({"pay_from": "-5"}, "pay_from", "50 到 5000 元"),
        ({"pay_to": "99999"}, "pay_to", "50 到 5000 元"),
        ({"pay_to": "200"}, "pay_to", "上限低于下限"),
        ({"pay_from": "260.5.1"}, "pay_from", "不是整数"),
        ({"headcount": "0"}, "headcount", "人数写 1 到 500"),
        ({"headcount": "9" * 40}, "headcount", "不是整数"),
        ({"trade": "wizard"}, "trade", "请从列表里选"),
        ({"title": "<b>急招</b>"}, "title", "不要写网页代码"),
        ({"title": "招" * 61}, "title", "最多60个字"),
        ({"employer": " \u3000"}, "employer", "这一项要填"),
        ({"note": "找老王，身份证110101199003074477"}, "note", "像是身份证号"),
        ({"note": "押金打到6222 0212 3456 7894"}, "note", "像是银行卡号"),
        ({"phone": "找老王"}, "phone", "不是电话号码"),
        ({"phone": "6222021234567894"}, "phone", "像是银行卡号"),
        ({"station": "99999999"}, "station", "没有编号或名称是“99999999”的站点"),
        ({"station": "'; DROP TABLE"}, "station", "没有编号或名称是"),
        ({"station": "CLOSED"}, "station", "当天不在运营"),
        ({"station": "LEDU"}, "station", "不在您负责的区域"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_notice_is_told_in_words_and_nothing_is_stored(
    town: Town, changed: dict[str, str], field: str, words: str
) -> None:
    places = {"CLOSED": town.closed, "LEDU": town.ledu}
    before = count(town)
    answer = town.desk().post(
        "/desk/notices/new",
        data=notice_form(town, **{name: places.get(value, value) for name, value in changed.items()}),
    )
    assert answer.status_code in {400, 403}
    told = answer.text.partition(f'id="wrong-{field}">')[2].partition("</span>")[0]
    assert words in told, told
    assert count(town) == before
    # What was typed is still in the form; a card's number is not repeated in what is said of it.
    assert "小区外墙砌砖" in answer.text or "title" in changed
    assert "4477" not in told
    assert "7894" not in told


def test_everything_that_is_wrong_is_told_at_once(town: Town) -> None:
    answer = town.desk().post("/desk/notices/new", data={"note": "卡6222021234567894"})
    for field in (
        "station",
        "trade",
        "title",
        "starts",
        "assemble_at",
        "pay_from",
        "headcount",
        "employer",
        "until",
        "note",
    ):
        assert f'id="wrong-{field}"' in answer.text, field


def test_a_notice_is_ended_at_once_copied_to_next_week_and_its_number_passes(town: Town) -> None:
    desk = town.desk()
    # A whole name serves as well as a code, and one day and one wage are written once.
    form = notice_form(
        town, title="装卸水泥", station="川口工会驿站", ends="", pay_to="", until="2026-11-23T18:00"
    )
    assert desk.post("/desk/notices/new", data=form).status_code == 303
    first = newest(town)
    assert "260 元/天" in town.page(f"/s/{town.minhe}")
    assert desk.post(f"/desk/notices/{first}/end").status_code == 303
    assert "装卸水泥" not in town.page(f"/s/{town.minhe}")
    copy = desk.get(f"/desk/notices/new?again={first}").text
    for value in ("装卸水泥", "2026-11-30", "0972-8522222", "07:30"):
        assert f'value="{value}"' in copy, value
    with Session(town.engine) as session, session.begin():
        assert notices.sweep(session, MORNING + timedelta(days=29)) == 0
        assert notices.sweep(session, MORNING + timedelta(days=31)) >= 1
        assert session.get(NoticeContact, first) is None
        # Nowhere in the history either.
        kept = session.scalars(
            select(Change.held).where(Change.table_name.in_(["notices", "notice_contacts"]))
        ).all()
        assert kept
        assert "8522222" not in str(kept)
    assert "装卸水泥" in desk.get("/desk/notices").text


def test_a_notice_that_somebody_else_changed_meanwhile_is_not_overwritten_unseen(town: Town) -> None:
    desk = town.desk()
    desk.post("/desk/notices/new", data=notice_form(town, title="挖沟"))
    one = newest(town)
    assert (
        desk.post(
            f"/desk/notices/{one}", data=notice_form(town, title="挖沟埋管") | {"version": "1"}
        ).status_code
        == 303
    )
    late = desk.post(f"/desk/notices/{one}", data=notice_form(town, title="回填") | {"version": "1"})
    assert late.status_code == 409
    assert "别人刚改过这条" in late.text
    assert 'value="回填"' in late.text
    assert 'name="version" value="2"' in late.text
    assert "挖沟埋管" in town.page(f"/s/{town.minhe}")


def test_the_database_itself_refuses_a_notice_outside_one_s_regions(town: Town) -> None:
    desk = town.desk(region="630202")
    town.desk().post("/desk/notices/new", data=notice_form(town, title="搬运钢管"))
    one = newest(town)
    refused = desk.post(f"/desk/notices/{one}", data=notice_form(town, station=town.ledu) | {"version": "1"})
    assert refused.status_code == 403
    assert desk.post(f"/desk/notices/{one}/end").status_code == 403
    assert "搬运钢管" in town.page(f"/s/{town.minhe}")


def test_the_ledger_tells_who_changed_a_notice_and_why(town: Town) -> None:
    desk = town.desk()
    desk.post("/desk/notices/new", data=notice_form(town, title="刷墙", trade="painter"))
    desk.post(
        f"/desk/notices/{newest(town)}",
        data=notice_form(town, title="刷墙", trade="painter", headcount="20") | {"version": "1"},
    )
    told = desk.get(f"/desk/stations/{town.minhe}/history").text
    for words in ("修改招工信息：刷墙", "要几个人", "editor-630222工会", "工种"):
        assert words in told, words
    with Session(town.engine) as session:
        seq = session.execute(text("SELECT max(seq) FROM commits")).scalar_one()
    assert "刷墙" in desk.get(f"/desk/history/{seq}").text
