"""The work list: what waits, is missing or grows old, the oldest first, and how far a region has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations import vocabulary
from stations.errors import Invalid, NotAllowed
from stations.hours import Calendar, DatedException, Hours
from stations.keeping import reports
from stations.keeping.freshness import promise, promises
from stations.keeping.marks import Occasion, Speaker
from stations.keeping.progress import Progress, progress, progress_then, total
from stations.keeping.reports import Saying
from stations.keeping.special_days import SpecialDays, days_ahead, unpublished_year
from stations.keeping.worklist import COUNTED, Heap, Job, heap, work
from stations.models import Batch, BatchRow, Change, Commit, Photo, Source, Station
from stations.registry import registry
from stations.registry.writing import OPERATOR, PUBLIC, acting, actor_id

#: Noon in Beijing, four days before the Mid-autumn Festival of 2026 and ten before National Day.
NOW = datetime(2026, 9, 21, 4, 0, tzinfo=UTC)
TODAY = date(2026, 9, 21)
DAY = timedelta(days=1)


def next_commit(session: Session) -> None:
    session.execute(text("SELECT set_config('yz.commit', '', true)"))


Add = Callable[..., Station]


@pytest.fixture
def add(qinghai: Session, operator: int) -> Add:
    """Add a station that nothing is to be done about, but for what is said."""

    def made(
        name: str,
        *,
        region: str | None = "630222",
        hours: Hours | None = None,
        pinned: bool = True,
        photo: bool = True,
        amenities: Any = None,
        **facts: Any,
    ) -> Station:
        next_commit(qinghai)
        with acting(qinghai, operator, reason="test"):
            station = registry.add(
                qinghai,
                names={"zh": name},
                kind=facts.pop("kind", "union_station"),
                region_code=region,
                hours=hours,
                amenities={"toilet": registry.AmenityFact()} if amenities is None else amenities,
                **({"verified_at": NOW - DAY} | facts),
            )
            if pinned:
                station.location = "SRID=4326;POINT(102.1 36.5)"
            if photo:
                qinghai.add(Photo(station_id=station.id, sha256="0" * 64, shows="door"))
        next_commit(qinghai)
        return station

    return made


def found(session: Session, job: Job, *, regions: tuple[str, ...] | None = None, now: datetime = NOW) -> Heap:
    return heap(session, job, regions=regions, actor=0, now=now)


def names(session: Session, job: Job, **asked: Any) -> list[str]:
    return [item.name for item in found(session, job, **asked).items]


def test_where_nothing_is_to_be_done_the_list_is_empty(qinghai: Session, add: Add) -> None:
    add("好驿站", hours=Hours("24/7"))
    assert work(qinghai, regions=None, actor=0, now=NOW) == ()


def test_each_kind_of_work_finds_its_stations_and_no_others(
    qinghai: Session, operator: int, add: Add
) -> None:
    add("好驿站", hours=Hours("24/7"))
    add("未定位", pinned=False)
    add("存疑", pinned=False, position_hold=[{"kind": "outside"}])
    add("无照片", photo=False)
    add("无设施", amenities={})
    add("设施未知", amenities={"toilet": registry.AmenityFact(vocabulary.Value.UNKNOWN)})
    add("陈旧", verified_at=NOW - 91 * DAY)
    add("从未核实", verified_at=None)
    add("该开了", lifecycle="building", expected_on=TODAY + 10 * DAY)
    add("还早", lifecycle="planned", expected_on=TODAY + 11 * DAY)
    add("节日", hours=Hours("08:00-18:00"))
    heaps = {one.job: one for one in work(qinghai, regions=None, actor=operator, now=NOW)}
    assert {job: sorted(item.name for item in one.items) for job, one in heaps.items()} == {
        Job.HELD: ["存疑"],
        Job.UNLOCATED: ["未定位"],
        Job.NO_PHOTO: ["无照片"],
        Job.NO_AMENITIES: sorted(["无设施", "设施未知"]),
        Job.STALE: sorted(["陈旧", "从未核实"]),
        Job.DUE: ["该开了"],
        Job.HOLIDAYS: ["节日"],
    }


def test_closed_and_withdrawn_stations_ask_for_nothing(qinghai: Session, operator: int, add: Add) -> None:
    bare: dict[str, Any] = {"pinned": False, "photo": False, "amenities": {}, "verified_at": None}
    add("关闭", lifecycle="closed", lifecycle_since=TODAY, lifecycle_reason="拆迁", **bare)
    add("撤下", withdrawn_reason="重复", hours=Hours("08:00-18:00"), **bare)
    assert work(qinghai, regions=None, actor=operator, now=NOW) == ()


def test_a_keeper_sees_the_work_of_the_own_regions_alone(qinghai: Session, operator: int, add: Add) -> None:
    add("民和", pinned=False)
    add("乐都", pinned=False, region="630202")
    add("无区", pinned=False, region=None)
    assert names(qinghai, Job.UNLOCATED) == ["民和", "乐都", "无区"]
    assert names(qinghai, Job.UNLOCATED, regions=("630222",)) == ["民和"]
    assert names(qinghai, Job.UNLOCATED, regions=("630200",)) == ["民和", "乐都"]
    assert names(qinghai, Job.UNLOCATED, regions=()) == []


def test_the_oldest_comes_first_and_who_was_never_verified_before_all(qinghai: Session, add: Add) -> None:
    add("一年", verified_at=NOW - 365 * DAY)
    add("从未", verified_at=None)
    add("两年", verified_at=NOW - 730 * DAY)
    assert names(qinghai, Job.STALE) == ["从未", "两年", "一年"]


def test_each_kind_of_station_has_a_promise_of_its_own(qinghai: Session, operator: int, add: Add) -> None:
    add("休息站", verified_at=NOW - 100 * DAY)
    add("诊所", kind="care_clinic", verified_at=NOW - 100 * DAY)
    assert set(promises(qinghai)) == set(vocabulary.KINDS)
    assert names(qinghai, Job.STALE) == ["休息站"]
    with acting(qinghai, operator, reason="promise"):
        promise(qinghai, "care_clinic", 30)
        promise(qinghai, "union_station", 120)
        before = qinghai.scalar(select(func.count()).select_from(Change))
        promise(qinghai, "union_station", 120)
        assert qinghai.scalar(select(func.count()).select_from(Change)) == before
        for days in (6, 1096):
            with pytest.raises(Invalid, match=f"days: {days}"):
                promise(qinghai, "union_station", days)
        with pytest.raises(Invalid, match="'tavern'"):
            promise(qinghai, "tavern", 30)
    assert names(qinghai, Job.STALE) == ["诊所"]
    next_commit(qinghai)
    with pytest.raises(NotAllowed), acting(qinghai, actor_id(qinghai, "demonstration"), reason="x"):
        promise(qinghai, "union_station", 60)


def test_more_than_is_worth_counting_is_not_counted(qinghai: Session, operator: int) -> None:
    with acting(qinghai, operator, reason="many"):
        qinghai.execute(
            text("""INSERT INTO stations (names, kind, region_code)
                    SELECT jsonb_build_object('zh', '驿站' || n), 'union_station', '630222'
                    FROM generate_series(1, 1100) n""")
        )
    one = found(qinghai, Job.UNLOCATED)
    assert (one.count, len(one.items)) == (COUNTED + 1, 5)


def test_holidays_and_make_up_days_ahead_are_named_with_all_their_days() -> None:
    assert days_ahead(TODAY, days=10) == (
        SpecialDays("中秋节", date(2026, 9, 25), date(2026, 9, 27), False),
        SpecialDays("国庆节", date(2026, 10, 1), date(2026, 10, 7), False),
    )
    assert days_ahead(date(2026, 10, 8), days=5) == (
        SpecialDays("国庆节", date(2026, 10, 10), date(2026, 10, 10), True),
    )
    # Still going on.
    assert days_ahead(date(2026, 10, 5), days=0)[0].first == date(2026, 10, 1)
    assert days_ahead(date(2026, 11, 2), days=10) == ()
    assert unpublished_year(date(2026, 9, 21), days=10) is None
    assert unpublished_year(date(2199, 12, 28), days=10) == 2200


def test_hours_that_say_nothing_of_a_holiday_ahead_are_asked_for(qinghai: Session, add: Add) -> None:
    rest = DatedException(date(2026, 10, 1), date(2026, 10, 7), None, "国庆")
    moon = DatedException(date(2026, 9, 25), date(2026, 9, 27), "09:00-12:00", "中秋")
    add("什么也没说", hours=Hours("08:00-18:00"))
    add("只说了国庆", hours=Hours("08:00-18:00", exceptions=(rest,)))
    add("都说了", hours=Hours("08:00-18:00", exceptions=(rest, moon)))
    add("按官方", hours=Hours("Mo-Fr 08:00-18:00", Calendar.OFFICIAL))
    add("节假日休息", hours=Hours("08:00-18:00; PH off"))
    add("全天", hours=Hours("24/7"))
    add("不知道")
    assert sorted(names(qinghai, Job.HOLIDAYS)) == sorted(["什么也没说", "只说了国庆"])
    assert found(qinghai, Job.HOLIDAYS).days[0].holiday == "中秋节"
    assert found(qinghai, Job.HOLIDAYS, now=datetime(2026, 11, 2, tzinfo=UTC)).count == 0


def test_exceptions_that_begin_or_end_soon_are_told_by_their_day(qinghai: Session, add: Add) -> None:
    def off(first: int, last: int, why: str) -> Hours:
        return Hours(
            "24/7",
            exceptions=(DatedException(TODAY + first * DAY, TODAY + last * DAY, None, why),),
        )

    add("将开始", hours=off(8, 20, "装修"))
    add("将结束", hours=off(-30, 3, "停电"))
    add("今天一天", hours=off(0, 0, "会议"))
    add("昨天", hours=off(-1, -1, "会议"))
    add("很远", hours=off(11, 12, "春节"))
    add("正在", hours=off(-30, 30, "长修"))
    told = [(item.name, item.what, item.on, item.why) for item in found(qinghai, Job.EXCEPTIONS).items]
    assert told == [
        ("今天一天", "starts", TODAY, "会议"),
        ("将结束", "ends", TODAY + 3 * DAY, "停电"),
        ("将开始", "starts", TODAY + 8 * DAY, "装修"),
    ]


def test_reports_and_imports_stand_at_the_head_of_the_list(qinghai: Session, operator: int, add: Add) -> None:
    station = add("好驿站", hours=Hours("24/7"))
    with acting(qinghai, actor_id(qinghai, PUBLIC), reason="said"):
        occasion = Occasion(Speaker(uuid4(), "203.0.113.0/24"), NOW, b"x", timedelta(hours=72))
        reports.say(qinghai, station.code, Saying.of(client_id=uuid4(), choice="moved"), occasion)
    next_commit(qinghai)
    with acting(qinghai, operator, reason="imports"):
        source = Source(code="list", name="县名单")
        qinghai.add(source)
        qinghai.flush()
        for status, verdicts in (
            ("applied", ["suspect", "suspect", "conflict", "new"]),
            ("applied", ["new"]),
            ("judged", ["new"]),
            ("discarded", ["suspect"]),
        ):
            batch = Batch(
                source_id=source.id,
                actor_id=operator,
                file_name=f"{status}{len(verdicts)}.xlsx",
                sha256="0" * 64,
                options={},
                status=status,
            )
            qinghai.add(batch)
            qinghai.flush()
            qinghai.add_all(
                BatchRow(batch_id=batch.id, row_number=n, verdict=verdict, received={})
                for n, verdict in enumerate(verdicts)
            )
    first, second = work(qinghai, regions=None, actor=operator, now=NOW)
    assert (first.job, first.count, first.groups[0].code) == (Job.REPORTS, 1, station.code)
    assert second.job is Job.IMPORTS
    assert [(one.file_name, one.source, one.rows) for one in second.imports] == [
        ("applied4.xlsx", "县名单", (("conflict", 1), ("suspect", 2))),
        ("judged1.xlsx", "县名单", ()),
    ]
    assert first.oldest == NOW
    somebody = heap(qinghai, Job.IMPORTS, regions=("630222",), actor=0, now=NOW)
    assert somebody.count == 0


@pytest.fixture(scope="module")
def ledger(new_database: Callable[[], str]) -> Iterator[Engine]:
    engine = create_engine(new_database())
    with Session(engine) as session:
        fill_squares(session, actor_id(session, OPERATOR))
        session.commit()
    yield engine
    engine.dispose()


def test_progress_is_counted_by_county(qinghai: Session, add: Add) -> None:
    add("全", hours=Hours("24/7"))
    add("缺", pinned=False, photo=False, amenities={}, verified_at=NOW - 91 * DAY)
    add("乐都", region="630202", pinned=False)
    add("规划", lifecycle="planned")
    add("无区", region=None)
    counted = progress(qinghai, regions=None, now=NOW)
    assert counted == {
        "630222": Progress(2, 1, 1, 1, 1, 1),
        "630202": Progress(1, 0, 0, 1, 1, 1),
        "": Progress(1, 1, 0, 1, 1, 1),
    }
    assert total(counted) == Progress(4, 2, 1, 3, 3, 3)
    assert set(progress(qinghai, regions=("630222",), now=NOW)) == {"630222"}
    assert progress(qinghai, regions=(), now=NOW) == {}


STEPS = {
    "add": """INSERT INTO stations (names, kind, region_code, verified_at)
              VALUES ('{"zh": "x"}', 'union_station', '630222', '2026-08-01')""",
    "pin": "UPDATE stations SET location = ST_SetSRID(ST_MakePoint(102.1, 36.5), 4326) WHERE id = :id",
    "unpin": "UPDATE stations SET location = NULL WHERE id = :id",
    "hours": "UPDATE stations SET hours_expression = '24/7' WHERE id = :id",
    "verify": "UPDATE stations SET verified_at = '2026-09-20' WHERE id = :id",
    "forget": "UPDATE stations SET verified_at = NULL WHERE id = :id",
    "move": "UPDATE stations SET region_code = '630202' WHERE id = :id",
    "close": """UPDATE stations SET lifecycle = 'closed', lifecycle_since = '2026-01-01', lifecycle_reason = 'x'
                WHERE id = :id""",
    "open": "UPDATE stations SET lifecycle = 'open' WHERE id = :id",
    "withdraw": "UPDATE stations SET withdrawn_reason = 'x' WHERE id = :id",
    "toilet": """INSERT INTO amenities (station_id, amenity, value, basis) VALUES (:id, 'toilet', 'yes', 'listed')
                 ON CONFLICT DO NOTHING""",
    "nobody knows": "UPDATE amenities SET value = 'unknown' WHERE station_id = :id",
    "no toilet": "UPDATE amenities SET value = 'no' WHERE station_id = :id",
    "no amenity": "DELETE FROM amenities WHERE station_id = :id",
    "photo": "INSERT INTO photos (station_id, sha256, shows) VALUES (:id, 'x', 'door')",
    "no photo": "DELETE FROM photos WHERE station_id = :id",
}
steps = st.lists(
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 2)), min_size=1, max_size=5),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(commits=steps)
def test_progress_at_an_earlier_moment_is_what_was_counted_then(
    ledger: Engine, commits: list[list[tuple[str, int]]]
) -> None:
    seen: list[tuple[datetime, dict[str, Progress]]] = []
    with Session(ledger) as session:
        operator = actor_id(session, OPERATOR)
        for edits in commits:
            with acting(session, operator, reason="step"):
                for name, station in edits:
                    ids = session.scalars(select(Station.id).order_by(Station.id.desc()).limit(3)).all()
                    if name == "add" or not ids:
                        session.execute(text(STEPS["add"]))
                    else:
                        session.execute(text(STEPS[name]), {"id": ids[station % len(ids)]})
            session.commit()
            at = session.scalars(select(Commit.at).order_by(Commit.seq.desc()).limit(1)).one()
            seen.append((at, dict(progress(session, regions=None, now=at))))
            session.commit()
        for at, counted in seen:
            assert progress_then(session, regions=None, then=at) == counted
        assert progress_then(session, regions=None, then=seen[0][0] - 3650 * DAY) == {}
        inside = progress_then(session, regions=("630202",), then=seen[-1][0])
        assert inside == {code: one for code, one in seen[-1][1].items() if code == "630202"}
