"""Many stations at once: the list that staff filter, the preview of a change, and the one commit that makes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from editing_helpers import FULL, NOW, edit, keeper, made, next_commit
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stations.editing import bulk
from stations.editing.browse import Asked, codes, listed
from stations.editing.bulk import Task, apply, preview
from stations.editing.draft import load
from stations.editing.save import save
from stations.errors import Invalid, NotAllowed
from stations.models import Commit, Photo, PublicStation, Station
from stations.query import StationQuery
from stations.registry.writing import acting

ALL = StationQuery(lifecycle=("planned", "building", "open", "suspended", "closed"))


@pytest.fixture
def three(qinghai: Session, operator: int) -> list[str]:
    """Two stations of Chengdong, one of Minhe."""
    names = {"甲驿站": "630102", "乙驿站": "630102", "丙驿站": "630222"}
    found = [
        made(qinghai, operator, {"name.zh": name, "region_code": region, "fee": "free"}).code
        for name, region in names.items()
    ]
    next_commit(qinghai)
    return found


def fields(session: Session, code: str) -> dict[str, Any]:
    session.expire_all()
    return dict(load(session, code).fields)


def test_a_preview_tells_before_and_after_and_writes_nothing(
    qinghai: Session, operator: int, three: list[str]
) -> None:
    task = Task({"fee": "fee", "amenity.wifi": "yes", "access": "unknown"})
    seen = preview(qinghai, three, task, actor=operator)
    assert [change.fields for change in seen.changes] == [
        (("fee", "free", "fee"), ("amenity.wifi", None, "yes"))
    ] * 3
    assert seen.count() == {"changed": 3, "unchanged": 0, "refused": 0}
    assert fields(qinghai, three[0])["fee"] == "free"


def test_a_change_of_many_is_one_commit(qinghai: Session, operator: int, three: list[str]) -> None:
    before = qinghai.scalar(select(func.count()).select_from(Commit)) or 0
    task = Task(
        {"hours": ["24小时", "24/7", "plain"], "partner.host": ["县总工会"], "amenity.aed": "broken"},
        verified="电话核实",
    )
    seen = preview(qinghai, three, task, actor=operator)
    done = apply(qinghai, seen.marks, task, actor=operator, reason="统一", now=NOW)
    assert done == bulk.Applied(tuple(sorted(three)), ())
    for code in three:
        now = fields(qinghai, code)
        assert (now["hours"], now["partner.host"], now["amenity.aed"]) == (
            ["24小时", "24/7", "plain"],
            ["县总工会"],
            "broken",
        )
    assert set(qinghai.scalars(select(Station.verified_how))) == {"电话核实"}
    assert (qinghai.scalar(select(func.count()).select_from(Commit)) or 0) == before + 1
    assert qinghai.scalars(select(PublicStation.lacks)).all() == [["aed"]] * 3


def test_stations_of_another_county_are_refused_in_the_preview_and_in_the_database(
    qinghai: Session, operator: int, three: list[str]
) -> None:
    wang = keeper(qinghai, operator, "wang", "630102")
    task = Task({"fee": "fee"})
    seen = preview(qinghai, three, task, actor=wang)
    assert [change.refused for change in seen.changes] == [None, None, "outside_region"]
    assert seen.count() == {"changed": 2, "unchanged": 0, "refused": 1}
    assert set(seen.marks) == set(three[:2])
    forged = {change.code: change.mark for change in seen.changes}
    with pytest.raises(NotAllowed), qinghai.begin_nested():
        apply(qinghai, forged, task, actor=wang, reason="越界", now=NOW)
    assert apply(qinghai, seen.marks, task, actor=wang, reason="本县", now=NOW).written == tuple(three[:2])
    assert fields(qinghai, three[2])["fee"] == "free"


def test_a_station_that_changed_since_the_preview_stops_all_of_it(
    qinghai: Session, operator: int, three: list[str]
) -> None:
    task = Task({"fee": "fee"})
    seen = preview(qinghai, three, task, actor=operator)
    save(qinghai, load(qinghai, three[1]), edit(operator, {"fee": "unknown"}))
    assert apply(qinghai, seen.marks, task, actor=operator, reason="统一", now=NOW) == bulk.Applied(
        (), (three[1],)
    )
    assert fields(qinghai, three[0])["fee"] == "free"
    again = preview(qinghai, three, task, actor=operator)
    assert len(apply(qinghai, again.marks, task, actor=operator, reason="统一", now=NOW).written) == 3


def test_another_field_that_changed_since_the_preview_stands_in_nobody_s_way(
    qinghai: Session, operator: int, three: list[str]
) -> None:
    task = Task({"fee": "fee"})
    seen = preview(qinghai, three, task, actor=operator)
    save(qinghai, load(qinghai, three[1]), edit(operator, {"phone": "0971-1234567"}))
    assert len(apply(qinghai, seen.marks, task, actor=operator, reason="统一", now=NOW).written) == 3
    assert fields(qinghai, three[1])["phone"] == "0971-1234567"


def test_a_step_that_one_station_cannot_take_is_refused_for_it_alone(
    qinghai: Session, operator: int, three: list[str]
) -> None:
    closed = {"lifecycle": ["closed", "2026-01-01", "拆迁"]}
    save(qinghai, load(qinghai, three[0]), edit(operator, closed))
    seen = preview(qinghai, three, Task({"lifecycle": ["suspended", "2026-03-02", "停水"]}), actor=operator)
    assert [change.refused for change in seen.changes] == ["no_step", None, None]


def test_what_is_so_already_is_counted_as_unchanged(
    qinghai: Session, operator: int, three: list[str]
) -> None:
    task = Task({"fee": "free"})
    seen = preview(qinghai, three, task, actor=operator)
    assert (seen.count()["unchanged"], seen.marks) == (3, {})
    verified = preview(qinghai, three, Task({"fee": "free"}, verified="现场核实"), actor=operator)
    assert verified.count()["changed"] == 3


@pytest.mark.parametrize(
    ("task", "field"),
    [
        (Task({}), "bulk"),
        (Task({"name.zh": "同名"}), "name.zh"),
        (Task({"position": [101.5, 36.6, "wgs84", False]}), "position"),
        (Task({"withdrawn": ["误", None]}), "withdrawn"),
        (Task({"fee": "costly"}), "fee"),
        (Task({"lifecycle": ["closed", None, "拆"]}), "lifecycle"),
    ],
)
def test_a_task_that_cannot_be_done_is_told_at_its_field(
    qinghai: Session, operator: int, three: list[str], task: Task, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        preview(qinghai, three, task, actor=operator)
    assert refused.value.field == field


def test_more_stations_than_anybody_means_are_refused(qinghai: Session, operator: int) -> None:
    for asked in ([], ["6300000"] * (bulk.MOST + 1)):
        with pytest.raises(Invalid):
            preview(qinghai, asked, Task({"fee": "fee"}), actor=operator)


# The list.


def test_a_page_of_the_list_goes_on_after_its_last_row(qinghai: Session, three: list[str]) -> None:
    first = listed(qinghai, ALL, Asked(), now=NOW, limit=2)
    assert ([row.code for row in first.rows], first.matched) == (three[:2], 3)
    assert first.next_after == first.rows[-1].id
    rest = listed(qinghai, ALL, Asked(), now=NOW, limit=2, after=first.next_after or 0)
    assert ([row.code for row in rest.rows], rest.next_after) == (three[2:], None)


def test_the_readers_question_and_the_staff_s_are_asked_together(
    qinghai: Session, operator: int, three: list[str]
) -> None:
    full = made(qinghai, operator, FULL).code
    with acting(qinghai, operator, reason="a photo"):
        qinghai.add(
            Photo(
                station_id=qinghai.scalars(select(Station.id).where(Station.code == full)).one(),
                sha256="0" * 64,
                shows="door",
            )
        )

    def found(query: StationQuery = ALL, **asked: Any) -> list[str]:
        return codes(qinghai, query, Asked(**asked), now=NOW)

    chengdong = StationQuery(regions=("630102",), lifecycle=ALL.lifecycle)
    assert found() == [*three, full]
    assert found(chengdong) == [*three[:2], full]
    assert found(place="unlocated") == three
    assert found(place="located") == [full]
    assert found(place="held") == []
    assert found(chengdong, without=("photo", "hours")) == three[:2]
    for part in ("photo", "hours", "amenities", "phone"):
        assert found(without=(part,)) == three
    assert found(without=("verification",)) == [*three, full]
    assert found(stale=True) == three
    assert found(StationQuery(q="甲", lifecycle=ALL.lifecycle)) == three[:1]
    assert [row.photos for row in listed(qinghai, ALL, Asked(), now=NOW).rows] == [0, 0, 0, 1]


def test_a_station_is_stale_once_the_promise_of_its_kind_has_passed(
    qinghai: Session, operator: int, three: list[str]
) -> None:
    save(qinghai, load(qinghai, three[0]), edit(operator, {}, verified="现场核实"))
    for days, stale in ((89, False), (91, True)):
        found = codes(qinghai, ALL, Asked(stale=True), now=NOW + timedelta(days=days))
        assert (three[0] in found) is stale


def test_withdrawn_stations_are_listed_when_they_are_asked_for(
    qinghai: Session, operator: int, three: list[str]
) -> None:
    save(qinghai, load(qinghai, three[0]), edit(operator, {"withdrawn": ["重复登记", three[1]]}))
    assert codes(qinghai, ALL, Asked(), now=NOW) == three[1:]
    assert codes(qinghai, ALL, Asked(withdrawn=True), now=NOW) == three[:1]
    minhe = StationQuery(regions=("630222",))
    assert codes(qinghai, minhe, Asked(withdrawn=True), now=NOW) == []


@pytest.mark.parametrize(
    "asked",
    [
        Asked(),
        Asked(place="held", stale=True),
        Asked(without=("photo", "hours"), doubted=True, withdrawn=True),
    ],
)
def test_what_staff_ask_is_written_and_read_back_the_same(asked: Asked) -> None:
    assert Asked.read(asked.items()) == asked


def test_strange_values_of_the_staff_s_names_count_as_not_asked() -> None:
    items = [("place", "moon"), ("stale", "yes"), ("without", "soul,photo"), ("withdrawn", "")]
    assert Asked.read(items) == Asked(without=("photo",))
