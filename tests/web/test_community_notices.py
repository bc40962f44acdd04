"""Notices of day labour: entered at the desk, shown at the station, over by the clock; what is wrong is told in words."""

from __future__ import annotations

from datetime import timedelta

from community_town import MORNING, Town, notice_form
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stations.models import Notice

pytest_plugins = ["community_fixtures"]


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
