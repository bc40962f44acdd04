"""Inspections on a real registry: stored once, rated by their checklist, followed up, kept and shown as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import Hours
from stations.keeping.inspecting import (
    documents,
    following,
    honouring,
    library,
    listing,
    pictures,
    record,
    rounds,
    telling,
)
from stations.keeping.inspecting.rating import Answer
from stations.keeping.inspecting.record import Announced, Draft, ItemFound
from stations.models import Finding, Honour, Inspection, Organisation, Station
from stations.planning import programme_members, programmes
from stations.planning.programme_standard import standard_of
from stations.planning.programmes import Plan
from stations.registry import history, registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.schema import differences
from tests.web.desk_fixtures import staff_member

#: A Wednesday, 12:00 in Beijing.
NOON = datetime(2026, 9, 23, 4, tzinfo=UTC)
TODAY = date(2026, 9, 23)
SIX = "qinghai-six-haves"


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], str]) -> Iterator[Engine]:
    """A registry of its own with all shipped checklists."""
    made = create_engine(new_database())
    with Session(made) as opened, opened.begin():
        operator = actor_id(opened, OPERATOR)
        fill_squares(opened, operator)
        with acting(opened, operator, reason="checklists"):
            for checklist in documents.shipped().values():
                library.publish(opened, checklist)
    yield made
    made.dispose()


@pytest.fixture
def desk(filled: Engine) -> Iterator[Desk]:
    """The registry for one test, undone at its end."""
    with filled.connect() as connection:
        outer = connection.begin()
        with Session(bind=connection, join_transaction_mode="create_savepoint") as opened:
            yield Desk(opened)
        outer.rollback()


class Desk:
    """Who writes what in these tests."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.operator = actor_id(session, OPERATOR)
        self.inspector = staff_member(session, "inspector", "inspector", "630222").id

    def acting_as(self, actor: int, reason: str = "test") -> Any:
        # As after a commit: the next writer begins a commit of its own.
        self.session.execute(text("SELECT set_config('yz.commit', '', true)"))
        return acting(self.session, actor, reason=reason)

    def station(self, region: str = "630222", **facts: Any) -> Station:
        with self.acting_as(self.operator):
            return registry.add(
                self.session,
                kind="union_station",
                region_code=region,
                names={"zh": f"驿站{uuid4()}"},
                hours=Hours("Mo-Fr 08:30-17:00", words="周一至周五 8:30-17:00"),
                **facts,
            )

    def close(self, station: Station) -> None:
        with self.acting_as(self.operator):
            station.lifecycle, station.lifecycle_since, station.lifecycle_reason = "closed", TODAY, "搬迁"

    def somebody(self, role: str, region: str) -> int:
        self.session.execute(text("SELECT set_config('yz.commit', '', true)"))
        return staff_member(self.session, f"{role}-{region}", role, region).id

    def look(self, station: Station, draft: Draft, *, by: int | None = None, now: datetime = NOON) -> int:
        who = by or self.inspector
        with self.acting_as(who):
            return record.record(self.session, station.code, draft, inspector=who, now=now).id


def draft(answers: dict[str, str] | None = None, *, others: str = "yes", **more: Any) -> Draft:
    """An inspection under the six haves in which all others of its checks are answered alike."""
    six = documents.shipped()[SIX]
    given = {item.code: others for item in six.items if item.kind == "check"} | (answers or {})
    found = {code: ItemFound(Answer(value)) for code, value in given.items()}
    return Draft(client_id=uuid4(), checklist=SIX, version=1, found=found, observed="open", **more)


def finding(desk: Desk, station: Station) -> Finding:
    return desk.session.scalars(
        select(Finding).where(Finding.station_id == station.id).order_by(Finding.id.desc()).limit(1)
    ).one()


def act(desk: Desk, one: Finding, what: str, *, by: int | None = None, **more: Any) -> Finding:
    who = by or desk.inspector
    with desk.acting_as(who):
        return following.act_on(desk.session, one.id, what, by=who, today=TODAY, **more)


def test_models_and_migration_agree(desk: Desk) -> None:
    named = [str(each) for each in differences(desk.session.connection())]
    ours = ("inspection", "finding", "checklist", "honours")
    assert [each for each in named if any(word in each for word in ours)] == []


def test_an_inspection_is_rated_by_its_checklist_and_verifies_its_station(desk: Desk) -> None:
    station = desk.station()
    before = draft({"meal": "no"}, confirms=True, position=(102.1, 36.6, 12.0), age=timedelta(hours=3))
    made = desk.session.get_one(Inspection, desk.look(station, before))
    assert (made.earned, made.possible, made.rating, made.passes) == (94, 100, "high", True)
    # Three hours ago it was nine in the morning, within the posted hours.
    assert (made.observed, made.posted, made.posted_hours) == ("open", "open", "周一至周五 8:30-17:00")
    desk.session.refresh(station)
    assert (station.verified_at, station.verified_by) == (NOON - timedelta(hours=3), desk.inspector)


def test_the_door_is_kept_beside_what_the_hours_said_of_that_moment(desk: Desk) -> None:
    station = desk.station()
    at_night = replace(draft(age=timedelta(hours=15)), observed="shut")
    made = desk.session.get_one(Inspection, desk.look(station, at_night))
    assert (made.observed, made.posted) == ("shut", "closed")
    desk.session.refresh(station)
    assert station.verified_at is None


def test_the_same_inspection_sent_again_is_stored_once(desk: Desk) -> None:
    station, sent = desk.station(), draft()
    first = desk.look(station, sent)
    assert desk.look(station, sent, now=NOON + timedelta(days=1)) == first
    assert (
        desk.session.scalar(
            select(func.count()).select_from(Inspection).where(Inspection.station_id == station.id)
        )
        == 1
    )
    with pytest.raises(Conflict, match="another inspection was already sent"):
        desk.look(desk.station(), sent)


def test_a_closed_station_is_not_inspected_but_one_that_closed_since_was(desk: Desk) -> None:
    station = desk.station()
    desk.close(station)
    with pytest.raises(Invalid, match="closed since 2026-09-23: 搬迁") as told:
        desk.look(station, draft())
    assert told.value.reason == "closed"
    assert desk.look(station, draft(age=timedelta(days=1)))
    with pytest.raises(Invalid, match="not built"):
        desk.look(desk.station(lifecycle="planned"), draft())
    with pytest.raises(NotFound):
        desk.look(Station(code="nowhere"), draft())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (lambda d: replace(d, found={}), "empty"),
        (lambda d: replace(d, found={"water": ItemFound(Answer.UNSEEN)}), "empty"),
        (lambda d: replace(d, found={"oxygen": ItemFound(Answer.YES)}), "unknown_item"),
        (lambda d: replace(d, found={"water": ItemFound(Answer.NA)}), "na"),
        (lambda d: replace(d, found={"sign": ItemFound(Answer.YES)}), None),
        (lambda d: replace(d, found={"water": ItemFound(Answer.YES, due=TODAY)}), "due"),
        (lambda d: replace(d, found={"water": ItemFound(Answer.NO, due=TODAY - timedelta(days=1))}), "due"),
        (
            lambda d: replace(d, found={"water": ItemFound(Answer.NO, "张三 630102199003074514")}),
            "identity_card",
        ),
        (lambda d: replace(d, remark="卡号 6222021234567894"), "bank_card"),
        (lambda d: replace(d, remark="水" * 501), None),
        (lambda d: replace(d, observed="ajar"), None),
        (lambda d: replace(d, age=timedelta(days=31)), "too_old"),
        (lambda d: replace(d, age=timedelta(seconds=-1)), "too_old"),
        (lambda d: replace(d, photos=[Announced(uuid4(), None)] * 2), None),
        (lambda d: replace(d, photos=[Announced(uuid4(), None) for _ in range(41)]), "too_many"),
        (lambda d: replace(d, photos=[Announced(uuid4(), "oxygen")]), "unknown_item"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(
    desk: Desk, bad: Callable[[Draft], Draft], reason: str | None
) -> None:
    station = desk.station()
    with pytest.raises(Invalid) as told:
        desk.look(station, bad(draft()))
    assert told.value.reason == reason
    assert listing.inspections(desk.session, station_code=station.code) == []


def test_an_inspector_inspects_in_the_own_regions_alone_and_never_for_somebody_else(desk: Desk) -> None:
    elsewhere = desk.station("630102")
    with pytest.raises(NotAllowed), desk.session.begin_nested():
        desk.look(elsewhere, draft())
    here = desk.station()
    with pytest.raises(NotAllowed), desk.session.begin_nested(), desk.acting_as(desk.inspector):
        record.record(desk.session, here.code, draft(), inspector=desk.operator, now=NOON)


def test_what_is_wanting_is_put_down_mended_and_checked(desk: Desk) -> None:
    station = desk.station()
    due = TODAY + timedelta(days=7)
    found = dict(draft().found) | {"water": ItemFound(Answer.NO, "饮水机空着", due)}
    desk.look(station, replace(draft(), found=found))
    one = finding(desk, station)
    assert (one.item, one.what, one.due, one.status) == ("water", "饮水机空着", due, "open")
    with pytest.raises(Conflict, match="is open"):
        act(desk, one, "reopen")
    act(desk, one, "mend", note="换了新的")
    assert (one.status, one.mended_on, one.mended_by, one.mended_note) == (
        "mended", TODAY, desk.inspector, "换了新的",
    )  # fmt: skip
    act(desk, one, "check")
    assert (one.status, one.checked_on) == ("checked", TODAY)
    act(desk, one, "reopen")
    assert (one.status, one.mended_on, one.checked_on) == ("open", None, None)
    with pytest.raises(Invalid, match="no finding"):
        act(desk, one, "drop")
    with pytest.raises(Invalid, match="not after"):
        act(desk, one, "postpone", due=due)
    act(desk, one, "postpone", due=due + timedelta(days=7))
    assert one.due == due + timedelta(days=7)
    outsider = desk.somebody("inspector", "630102")
    with pytest.raises(NotAllowed):
        act(desk, one, "mend", by=outsider)


def test_a_later_look_checks_what_is_in_order_and_opens_again_what_is_not(desk: Desk) -> None:
    station = desk.station()
    wanting = {
        code: ItemFound(Answer.NO, due=TODAY + timedelta(days=3)) for code in ("water", "charging", "meal")
    }
    desk.look(station, replace(draft(age=timedelta(days=2)), found=dict(draft().found) | wanting))
    rows = {
        one.item: one for one in desk.session.scalars(select(Finding).where(Finding.station_id == station.id))
    }
    assert set(rows) == {"water", "charging", "meal"}
    act(desk, rows["charging"], "mend")
    again = dict(draft().found) | {
        "charging": ItemFound(Answer.NO, due=TODAY + timedelta(days=9)),
        "meal": ItemFound(Answer.UNSEEN),
    }
    # One that was made before all of them and came late settles nothing.
    desk.look(station, draft(age=timedelta(days=5)))
    assert {one.status for one in rows.values()} == {"open", "mended"}
    desk.look(station, replace(draft(), found=again))
    for one in rows.values():
        desk.session.refresh(one)
    assert {code: one.status for code, one in rows.items()} == {
        "water": "checked", "charging": "open", "meal": "open",
    }  # fmt: skip
    assert rows["charging"].due == TODAY + timedelta(days=9)
    assert desk.session.scalar(select(func.count()).where(Finding.station_id == station.id)) == 3


def test_the_work_list_goes_by_day_and_region_and_marks_what_is_late(desk: Desk) -> None:
    here, there = desk.station(), desk.station("630102")
    for station, days, by in (
        (here, -1, desk.inspector),
        (here, 5, desk.inspector),
        (there, 2, desk.operator),
    ):
        item = "water" if days < 0 else "meal"
        due = TODAY + timedelta(days=days)
        found = {item: ItemFound(Answer.NO, due=due)}
        desk.look(station, replace(draft(age=timedelta(days=3)), found=found), by=by)
    late, coming = listing.due(desk.session, today=TODAY, regions=("630200",))
    assert (late.days_late, late.item, coming.days_late) == (1, "water", 0)
    assert [one.station_code for one in listing.due(desk.session, today=TODAY)] == [
        here.code, there.code, here.code,
    ]  # fmt: skip
    assert listing.due_count(desk.session, today=TODAY, regions=("630222",)) == (2, 1, 0)
    assert len(listing.due(desk.session, today=TODAY, late=True)) == 1


def test_an_inspection_stays_as_it_was_and_is_only_ever_withdrawn(desk: Desk) -> None:
    station = desk.station()
    found = dict(draft().found) | {"water": ItemFound(Answer.NO, due=TODAY)}
    number = desk.look(station, replace(draft(), found=found))
    with (
        pytest.raises(NotAllowed, match="permission denied"),
        desk.session.begin_nested(),
        desk.acting_as(desk.operator, "tampering"),
    ):
        desk.session.execute(text("UPDATE inspections SET passes = true"))
    with desk.acting_as(desk.inspector):
        record.withdraw(desk.session, number, reason="填错了驿站", by=desk.inspector, today=TODAY)
    assert listing.station_seen(desk.session, station.code) == []
    assert finding(desk, station).status == "dropped"
    with pytest.raises(Conflict, match="填错了驿站"), desk.acting_as(desk.inspector):
        record.withdraw(desk.session, number, reason="again", by=desk.inspector, today=TODAY)
    desk.session.execute(text("SET CONSTRAINTS number_commit IMMEDIATE"))
    told = history.of_station(desk.session, station.code)
    assert {row.key.table for _, rows in told.entries for row in rows} >= {"inspections", "findings"}


def test_a_published_version_never_changes_and_a_new_one_succeeds_it(desk: Desk) -> None:
    six = documents.shipped()[SIX]
    with desk.acting_as(desk.operator):
        held = library.publish(desk.session, six)
        assert library.publish(desk.session, documents.parse(documents.written(six, "toml").encode())) == held
        with pytest.raises(Conflict, match="give the changed one version 2"):
            library.publish(desk.session, replace(six, review_months=6))
        library.publish(desk.session, replace(six, version=3, review_months=6))
        with pytest.raises(Conflict, match="cannot come after"):
            library.publish(desk.session, replace(six, version=2))
    assert library.get(desk.session, SIX).checklist.version == 3
    # A phone that began under the old version sends it under the old version.
    made = desk.look(desk.station(), draft())
    assert listing.one(desk.session, made)[0].version == 1
    with pytest.raises(NotAllowed), desk.acting_as(desk.inspector):
        library.publish(desk.session, replace(six, version=4))
    with (
        pytest.raises(NotAllowed, match="permission denied"),
        desk.session.begin_nested(),
        desk.acting_as(desk.operator, "tampering"),
    ):
        desk.session.execute(text("UPDATE checklists SET version = 9"))


def test_a_rating_is_given_reviewed_and_follows_the_one_before(desk: Desk) -> None:
    station = desk.station()
    first = desk.look(station, draft(age=timedelta(days=1)))
    with desk.acting_as(desk.operator):
        old = honouring.give_rating(desk.session, first, level="county", today=TODAY)
        with pytest.raises(Conflict, match="written down already"):
            honouring.give_rating(desk.session, first, level="county", today=TODAY)
    held = honouring.of_station(desk.session, station.id)[0]
    assert (held.title, held.year, held.standard, held.review_on) == (
        "高标准", 2026, "青海“六有” 1", date(2027, 9, 22),
    )  # fmt: skip
    assert (held.due(date(2027, 9, 21)), held.due(date(2027, 9, 22))) == (False, True)
    second = desk.look(station, draft({"rules-hours": "no"}))
    with desk.acting_as(desk.operator):
        new = honouring.give_rating(desk.session, second, level="county", today=TODAY)
    assert desk.session.get_one(Honour, old).revoked_reason == "2026年重新评定为达标"
    failing = desk.look(station, draft(others="no"))
    with pytest.raises(Conflict, match="no rating"), desk.acting_as(desk.operator):
        honouring.give_rating(desk.session, failing, level="county", today=TODAY)
    told = telling.as_json(telling.told(desk.session, station.code))
    assert [one["passes"] for one in told["inspections"]] == [False]
    assert [one["title"] for one in told["honours_revoked"]] == ["高标准"]
    with desk.acting_as(desk.operator):
        honouring.revoke(desk.session, new, reason="多次关门", on=TODAY)
    assert [one.revoked_reason for one in honouring.of_station(desk.session, station.id)] == [
        "多次关门", "2026年重新评定为达标",
    ]  # fmt: skip


def test_honours_are_of_stations_and_organisations_and_are_taken_back_with_a_reason(desk: Desk) -> None:
    station = desk.station()
    with desk.acting_as(desk.operator):
        desk.session.add(Organisation(name="民和县总工会", region_code="630222"))
        desk.session.flush()
        given = {"title": "最美驿站", "level": "provincial", "year": 2025, "today": TODAY}
        number = honouring.give(desk.session, **given, station_code=station.code)
        honouring.give(desk.session, **given, organisation="民和县总工会")
        with pytest.raises(Conflict, match="written down already"):
            honouring.give(desk.session, **given, station_code=station.code)
        for wrong in (
            {"station_code": None, "organisation": None},
            {"station_code": station.code, "organisation": "民和县总工会"},
            {"station_code": station.code, "level": "world"},
            {"station_code": station.code, "year": 2028},
            {"station_code": station.code, "year": 1948},
            {"station_code": station.code, "title": "  "},
        ):
            with pytest.raises(Invalid):
                honouring.give(desk.session, **(given | wrong))
        with pytest.raises(NotFound, match="no organisation"):
            honouring.give(desk.session, **given, organisation="没有的工会")
        with pytest.raises(Invalid, match="say why"):
            honouring.revoke(desk.session, number, reason=" ", on=TODAY)
        with pytest.raises(Invalid, match="before 2025"):
            honouring.revoke(desk.session, number, reason="不实", on=date(2024, 12, 31))
    assert {one.holder for one in honouring.listed(desk.session, regions=("630222",))} == {
        station.names["zh"], "民和县总工会",
    }  # fmt: skip
    assert honouring.listed(desk.session, regions=("630102",)) == []
    editor = desk.somebody("editor", "630102")
    with pytest.raises(NotAllowed), desk.acting_as(editor):
        honouring.revoke(desk.session, number, reason="不实", on=TODAY)


def test_a_programme_counts_who_meets_the_checklist_that_it_cites(desk: Desk) -> None:
    stations = [desk.station() for _ in range(4)]
    desk.look(stations[0], draft(age=timedelta(days=2)))
    desk.look(stations[1], draft(age=timedelta(days=2)))
    desk.look(stations[1], draft(others="no"))
    desk.look(stations[2], draft(others="unseen", answers={"water": "yes"}))
    plan = Plan(code="HIGH", title="高标准", regions=("630222",), year=2026, target=4, target_is="tagged")
    with desk.acting_as(desk.operator):
        made = programmes.add(desk.session, replace(plan, standard="青海六有 1"), actor=desk.operator)
        programme_members.bind(desk.session, made, [one.code for one in stations], actor=desk.operator)
    found = standard_of(desk.session, made)
    assert found is not None
    assert (found.cited.code, found.cited.version) == (SIX, 1)
    assert (found.met, found.failed, found.never) == (1, 2, 1)


@pytest.mark.parametrize(
    ("standard", "expected"),
    [
        ("青海“六有”", (SIX, None)),
        ("qinghai-six-haves@1", (SIX, 1)),
        ("Qinghai's six haves", (SIX, None)),
        ("青海六有 第1版", (SIX, 1)),
        ("青海六有 7", None),
        ("市里的办法 2024", None),
        ("", None),
        (None, None),
    ],
)
def test_a_standard_is_known_by_code_or_title_with_its_version_or_without(
    desk: Desk, standard: str | None, expected: tuple[str, int | None] | None
) -> None:
    found = library.cited(desk.session, standard)
    assert (found and (found.code, found.version)) == expected


def test_a_photo_fills_its_place_once_or_is_left_out(desk: Desk) -> None:
    station = desk.station()
    one, two = Announced(uuid4(), "water"), Announced(uuid4(), None)
    sent = draft(photos=[one, two])
    number = desk.look(station, sent)
    with desk.acting_as(desk.inspector):
        assert pictures.fill(desk.session, sent.client_id, one.client_id, "a" * 64)
        assert not pictures.fill(desk.session, sent.client_id, one.client_id, "b" * 64)
        pictures.leave_out(desk.session, sent.client_id, two.client_id)
        with pytest.raises(NotFound):
            pictures.fill(desk.session, sent.client_id, uuid4(), "c" * 64)
    assert [photo.sha256 for photo in pictures.of_inspection(desk.session, number)] == ["a" * 64, None]
    assert listing.one(desk.session, number)[0].photos == (1, 0)
    assert pictures.is_kept(desk.session, "a" * 64)


def test_a_round_takes_along_the_stations_of_one_s_regions_the_nearest_first(desk: Desk) -> None:
    near, far, unlocated = desk.station(), desk.station(), desk.station()
    with desk.acting_as(desk.operator):
        near.location = "SRID=4326;POINT(102.11 36.6)"
        far.location = "SRID=4326;POINT(102.19 36.7)"
    desk.close(desk.station())
    desk.look(far, draft())
    rows, more = rounds.on_round(desk.session, regions=("630222",), near=(102.1, 36.6))
    assert [row.code for row in rows] == [near.code, far.code, unlocated.code]
    assert [row.inspected_at for row in rows] == [None, NOON, None]
    assert not more
    assert rounds.on_round(desk.session, regions=("630102",))[0] == []
