"""Notices of work and events of the demonstration: invented, marked 演示, and dated around the day that it was filled.

One number is not invented: the spring campaign of legal education with 17 sessions, 28 firms, more than 1,600 people and
2,100 leaflets stands for what a union's yearly table holds. It is set in the demonstration's own year.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.keeping.community import events, notices
from stations.keeping.community.checks import day_end
from stations.keeping.community.counts import Count
from stations.keeping.community.events import EventDraft
from stations.keeping.community.notices import NoticeDraft
from stations.models import Region, Station

__all__ = ["add_community"]

_SEED: Final = 20240630
_MARK: Final = "（演示）"
#: No subscriber has a number that begins with a nought.
_PHONE: Final = "0971-0000000"
#: trade, what the work is, yuan for a day from and to, employer.
_WORK: Final = (
    ("mason", "小区外墙砌砖抹灰", 280, 320, "演示建筑公司"),
    ("helper", "工地卸料、清场", 180, 220, "演示建筑公司"),
    ("loader", "仓库装卸瓜果", 200, 240, "演示物流公司"),
    ("sorter", "快递分拣夜班", 190, 190, "演示快递网点"),
    ("cleaner", "写字楼保洁", 150, 170, "演示物业公司"),
    ("kitchen", "餐厅帮厨、洗碗", 160, 180, "演示餐厅"),
    ("farm", "大棚蔬菜采收", 160, 200, "演示合作社"),
    ("gardener", "道路绿化补植", 180, 200, "演示园林公司"),
    ("electrician_plumber", "老旧小区水电改造", 300, 350, "演示安装公司"),
    ("painter", "楼道粉刷", 260, 280, "演示装饰公司"),
    ("steel_fixer", "桥梁钢筋绑扎", 320, 380, "演示路桥公司"),
    ("courier", "社区团购配送", 180, 260, "演示商超"),
)
_NOTES: Final = (None, "管一顿午饭", "自带工具", "需要健康证", "当天结账", None)
#: kind, what it is called, from which hour, for how many hours, who holds it.
_COMING: Final = (
    ("health_check", "户外劳动者免费体检", 9, 3, "演示区总工会、演示医院"),
    ("legal_education", "劳动合同与工资支付法律讲座", 15, 2, "演示区总工会"),
    ("training", "电工实操免费培训", 9, 6, "演示职工学校"),
    ("job_fair", "零工专场招聘会", 9, 5, "演示区总工会、演示就业局"),
    ("condolence", "给环卫和外卖小哥送热饮", 10, 2, "演示街道工会"),
    ("health_check", "义诊：量血压、测血糖", 14, 2, "演示社区卫生服务中心"),
    ("training", "急救与心肺复苏培训", 15, 2, "演示红十字会"),
)


def add_community(session: Session, *, today: date) -> None:
    """Add notices that hold, will hold and are over, events to come and held, and counts of cases. Called inside ``acting``."""
    chance = np.random.default_rng(_SEED)
    codes = session.scalars(
        select(Station.code).where(Station.lifecycle == "open").order_by(Station.id)
    ).all()
    counties = session.scalars(
        select(Region.code).where(Region.level == "county").order_by(Region.code)
    ).all()
    if not codes or not counties:
        return
    _add_notices(session, codes, chance, today)
    _add_coming(session, codes, chance, today)
    _add_held(session, codes, counties, chance, today)


def _add_notices(session: Session, codes: Sequence[str], chance: np.random.Generator, today: date) -> None:
    # (days from today until the work begins, days of work); the first are over, the last ones keep the page filled.
    spans = [
        (-9, 3),
        (-6, 2),
        (-3, 2),
        *[(0, 1)] * 6,
        *[(1, 1)] * 4,
        *[(0, 7)] * 6,
        *[(2, 10)] * 5,
        *[(-1, 28)] * 8,
    ]
    for number, (ahead, days) in enumerate(spans):
        trade, title, low, high, employer = _WORK[number % len(_WORK)]
        starts = today + timedelta(days=ahead)
        ends = starts + timedelta(days=days - 1)
        notices.add(
            session,
            NoticeDraft(
                station=_pick(codes, chance),
                trade=trade,
                title=f"{title}{_MARK}",
                starts=starts,
                ends=ends,
                assemble_at=time(int(chance.integers(6, 9)), int(chance.integers(0, 4)) * 15),
                pay_from=low,
                pay_to=high,
                headcount=int(chance.integers(2, 30)),
                employer=employer,
                phone=_PHONE if chance.random() < 0.6 else None,
                note=_NOTES[int(chance.integers(len(_NOTES)))],
                until=day_end(ends) - timedelta(hours=4),
            ),
            now=_morning(min(starts, today)),
        )


def _add_coming(session: Session, codes: Sequence[str], chance: np.random.Generator, today: date) -> None:
    for number in range(24):
        kind, title, hour, hours, organiser = _COMING[number % len(_COMING)]
        starts = _morning(today) + timedelta(days=1 + number * 2, hours=hour)
        made = events.add(
            session,
            EventDraft(
                kind=kind,
                status="planned",
                starts=starts,
                ends=starts + timedelta(hours=hours),
                station=_pick(codes, chance),
                title=f"{title}{_MARK}",
                organiser=organiser,
            ),
            now=_morning(today),
        )
        if number == 5:
            events.call_off(session, made.id)


def _add_held(
    session: Session, codes: Sequence[str], counties: Sequence[str], chance: np.random.Generator, today: date
) -> None:
    now = _morning(today)
    for number in range(36):
        kind, title, hour, hours, organiser = _COMING[number % len(_COMING)]
        starts = now - timedelta(days=5 + number * 17) + timedelta(hours=hour)
        events.add(
            session,
            EventDraft(
                kind=kind,
                status="held",
                starts=starts,
                ends=starts + timedelta(hours=hours),
                station=_pick(codes, chance),
                title=f"{title}{_MARK}",
                organiser=organiser,
                counts={
                    "firms": Count(int(chance.integers(20, 90))) if kind == "job_fair" else None,
                    "people": Count(int(chance.integers(2, 30)) * 10, at_least=bool(chance.random() < 0.3)),
                    "leaflets": Count(int(chance.integers(5, 40)) * 10)
                    if kind == "legal_education"
                    else None,
                },
            ),
            now=now,
        )
    spring = datetime(today.year if today.month > 5 else today.year - 1, 3, 1, tzinfo=SHANGHAI)
    events.add(
        session,
        EventDraft(
            kind="legal_education",
            status="held",
            starts=spring,
            ends=spring + timedelta(days=61),
            region=counties[0],
            title=f"春季法律宣传{_MARK}",
            counts={
                "sessions": Count(17),
                "firms": Count(28),
                "people": Count(1_600, at_least=True),
                "leaflets": Count(2_100),
            },
        ),
        now=now,
    )
    for county in counties[:8]:
        for kind, most in (("mediation", 12), ("interview", 6)):
            starts = now - timedelta(days=120)
            sessions = int(chance.integers(1, most))
            events.add(
                session,
                EventDraft(
                    kind=kind,
                    status="held",
                    starts=starts,
                    ends=starts + timedelta(days=90),
                    region=county,
                    counts={
                        "sessions": Count(sessions),
                        "firms": Count(int(chance.integers(1, sessions + 1))),
                        "people": Count(sessions * int(chance.integers(1, 4))),
                    },
                ),
                now=now,
            )


def _pick(codes: Sequence[str], chance: np.random.Generator) -> str:
    return codes[int(chance.integers(len(codes)))]


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(0), SHANGHAI)
