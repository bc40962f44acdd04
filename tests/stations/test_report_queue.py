"""The queue of reports: grouped, counted as the public is counted, decided in one tap, told to the public."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from stations import vocabulary
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.keeping import deciding, queue, reports
from stations.keeping.deciding import REMEDIES, Remedy
from stations.keeping.marks import Occasion, Speaker
from stations.keeping.outcomes import Outcome, Said, outcomes, released
from stations.keeping.queue import Filter
from stations.keeping.reports import Saying
from stations.keeping.voices import Agreement, public_voice
from stations.models import Amenity, Change, Commit, Grant, HoursException, Report, Staff, Station
from stations.models.voices import OUTCOMES
from stations.registry import registry
from stations.registry.writing import PUBLIC, acting, actor_id

#: Noon in Beijing.
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
NETWORKS = ("203.0.113.0/24", "198.51.100.0/24", "2001:db8:1::/48")
Say = Callable[..., Report]


def next_commit(session: Session) -> None:
    """Let the next writer begin a commit of its own, as a new transaction would."""
    session.execute(text("SELECT set_config('yz.commit', '', true)"))


def add(session: Session, actor: int, name: str, region: str | None = "630222") -> Station:
    next_commit(session)
    with acting(session, actor, reason="test"):
        made = registry.add(
            session,
            names={"zh": name},
            kind="union_station",
            region_code=region,
            amenities={"microwave": registry.AmenityFact(note="二楼")},
        )
    next_commit(session)
    return made


@pytest.fixture
def station(qinghai: Session, operator: int) -> Station:
    return add(qinghai, operator, "川口工会驿站")


@pytest.fixture
def say(qinghai: Session, station: Station) -> Say:
    def said(
        choice: str = "closed_now",
        *,
        now: datetime = NOW,
        of: Station | None = None,
        device: UUID | None = None,
        network: str = NETWORKS[0],
        photo: str | None = None,
        **more: Any,
    ) -> Report:
        next_commit(qinghai)
        if choice == "other":
            more.setdefault("words", "灯不亮")
        saying = Saying.of(client_id=uuid4(), choice=choice, **more)
        with acting(qinghai, actor_id(qinghai, PUBLIC), reason="said by the public"):
            occasion = Occasion(Speaker(device or uuid4(), network), now, b"secret", Agreement().window)
            report = reports.say(qinghai, (of or station).code, saying, occasion, photo=photo)
        next_commit(qinghai)
        return report

    return said


@pytest.fixture
def member(qinghai: Session, operator: int) -> Callable[..., int]:
    """Make a member of staff with one role."""

    def made(role: str = "editor", region: str | None = "630222") -> int:
        next_commit(qinghai)
        with acting(qinghai, operator, reason="staff"):
            person = Staff(login=f"{role}-{region}", display_name="县工会")
            qinghai.add(person)
            qinghai.flush()
            qinghai.add(Grant(staff_id=person.id, role=role, region_code=region))
        next_commit(qinghai)
        return person.id

    return made


def accept(session: Session, actor: int, *said: Report, remedy: Remedy, **more: Any) -> deciding.Settled:
    next_commit(session)
    settled = deciding.accept(
        session, [report.id for report in said], actor=actor, now=NOW, remedy=remedy, **more
    )
    session.expire_all()
    return settled


def last_reason(session: Session) -> str:
    return session.scalars(select(Commit.reason).order_by(Commit.id.desc()).limit(1)).one()


def test_reports_that_say_the_same_wait_as_one_group_the_oldest_first(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    other = add(qinghai, operator, "乐都驿站", "630202")
    young = say("moved", of=other)
    first = say(now=NOW - 2 * DAY)
    say("amenity_broken", amenity="microwave", now=NOW - DAY)
    say("amenity_broken", amenity="toilet", now=NOW - DAY)
    second = say()
    say("correct")
    groups = queue.waiting(qinghai, Filter(), NOW).groups
    assert [(g.code, g.choice, g.amenity, g.count) for g in groups] == [
        (station.code, "closed_now", None, 2),
        (station.code, "amenity_broken", "microwave", 1),
        (station.code, "amenity_broken", "toilet", 1),
        (other.code, "moved", None, 1),
    ]
    assert groups[0].ids == (first.id, second.id)
    assert groups[0].region == {"zh": "民和回族土族自治县"}
    assert groups[3].ids == (young.id,)
    assert queue.waiting_count(qinghai, Filter(), NOW) == 5
    assert queue.waiting_count(qinghai, Filter(), NOW, most=3) == 4


def test_the_queue_is_narrowed_by_region_choice_station_and_age_and_paged(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    other, nowhere = add(qinghai, operator, "乐都驿站", "630202"), add(qinghai, operator, "无区驿站", None)
    say(now=NOW - 3 * DAY)
    say("moved", of=other, now=NOW - 2 * DAY)
    say("moved", of=nowhere, now=NOW - DAY)

    def codes(**wanted: Any) -> list[str]:
        return [group.code for group in queue.waiting(qinghai, Filter(**wanted), NOW).groups]

    assert codes() == [station.code, other.code, nowhere.code]
    assert codes(regions=("630200",)) == [station.code, other.code]
    assert codes(regions=("630222", "630102")) == [station.code]
    assert codes(regions=()) == []
    assert codes(choice="moved") == [other.code, nowhere.code]
    assert codes(older_than=timedelta(days=2)) == [station.code, other.code]
    assert codes(station=nowhere.code) == [nowhere.code]
    assert codes(regions=("630222",), region="630200") == [station.code]
    assert codes(regions=("630222",), region="630202") == []
    page = queue.waiting(qinghai, Filter(), NOW, limit=2)
    assert page.after is not None
    rest = queue.waiting(qinghai, Filter(after=page.after), NOW, limit=2)
    assert [g.code for g in (*page.groups, *rest.groups)] == [station.code, other.code, nowhere.code]
    assert rest.after is None


def test_how_many_agree_is_counted_as_the_public_is_counted(
    qinghai: Session, station: Station, say: Say
) -> None:
    device = uuid4()
    for network in NETWORKS:
        say(device=device, network=network)
    (group,) = queue.waiting(qinghai, Filter(), NOW).groups
    assert (group.count, group.devices, group.told) == (3, 1, False)
    say(network=NETWORKS[0])
    say(network=NETWORKS[1])
    (group,) = queue.waiting(qinghai, Filter(), NOW).groups
    assert (group.count, group.devices, group.told) == (5, 3, True)
    (group,) = queue.waiting(qinghai, Filter(), NOW + 4 * DAY).groups
    assert (group.count, group.devices, group.told) == (5, 0, False)


def test_a_broken_amenity_is_out_of_order_after_one_tap_and_the_ledger_names_the_report(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    said = [say("amenity_broken", amenity="microwave") for _ in range(2)]
    settled = accept(qinghai, operator, *said, remedy=Remedy.OUT_OF_ORDER)
    assert (settled.code, settled.reports, settled.changed) == (station.code, 2, True)
    row = qinghai.get_one(Amenity, (station.id, "microwave"))
    assert (row.value, row.out_of_order, row.basis, row.note) == ("yes", True, "observed", "二楼")
    assert row.verified_at == TODAY
    assert last_reason(qinghai) == f"采纳群众反映 #{said[0].id}、#{said[1].id}：设施坏了（热饭）"
    assert [(r.status, r.outcome, r.decided_by) for r in said] == [("accepted", "out_of_order", operator)] * 2
    assert said[0].decided_in == qinghai.scalars(select(Commit.id).order_by(Commit.id.desc()).limit(1)).one()


def test_an_amenity_that_is_not_there_is_no_and_an_unknown_one_can_be_broken(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    accept(qinghai, operator, say("amenity_missing", amenity="microwave"), remedy=Remedy.AMENITY_ABSENT)
    assert qinghai.get_one(Amenity, (station.id, "microwave")).value == "no"
    accept(qinghai, operator, say("amenity_broken", amenity="toilet"), remedy=Remedy.OUT_OF_ORDER)
    row = qinghai.get_one(Amenity, (station.id, "toilet"))
    assert (row.value, row.out_of_order) == ("yes", True)


def test_what_is_so_already_is_not_written_again(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    accept(qinghai, operator, say("amenity_broken", amenity="microwave"), remedy=Remedy.OUT_OF_ORDER)
    before = qinghai.query(Change).filter(Change.table_name == "amenities").count()
    again = accept(qinghai, operator, say("amenity_broken", amenity="microwave"), remedy=Remedy.OUT_OF_ORDER)
    assert not again.changed
    assert qinghai.query(Change).filter(Change.table_name == "amenities").count() == before


def test_a_closed_door_closes_the_station_for_today_alone(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    # 23:30 in Beijing of the 22nd is still the 22nd.
    late = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
    report = say(now=late)
    deciding.accept(qinghai, [report.id], actor=operator, now=late, remedy=Remedy.CLOSED_TODAY)
    (row,) = qinghai.scalars(select(HoursException).where(HoursException.station_id == station.id))
    assert (row.starts, row.ends, row.expression) == (TODAY, TODAY, None)
    assert qinghai.get_one(Station, station.id).lifecycle == "open"
    assert not accept(qinghai, operator, say(), remedy=Remedy.CLOSED_TODAY).changed


def test_a_station_that_stays_shut_is_suspended_with_a_reason_and_the_day_it_should_be_back(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    report = say()
    with pytest.raises(Invalid, match="needs a reason"):
        accept(qinghai, operator, report, remedy=Remedy.SUSPENDED)
    with pytest.raises(Invalid, match="back_on"):
        accept(qinghai, operator, report, remedy=Remedy.SUSPENDED, note="装修", back_on=TODAY - DAY)
    accept(qinghai, operator, report, remedy=Remedy.SUSPENDED, note=" 装修 ", back_on=TODAY + 9 * DAY)
    held = qinghai.get_one(Station, station.id)
    assert (held.lifecycle, held.lifecycle_since, held.lifecycle_reason) == ("suspended", TODAY, "装修")
    assert held.expected_on == TODAY + 9 * DAY


def test_what_can_only_be_edited_is_accepted_by_saving(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    report = say("hours_wrong", words="晚上九点才关")
    with pytest.raises(Conflict, match="nothing that can be done at once"):
        accept(qinghai, operator, report, remedy=Remedy.EDITED)
    next_commit(qinghai)
    with acting(qinghai, operator, reason="edit"):
        station.phone = "0972-8522222"
    settled = deciding.accept_by_edit(qinghai, [report.id], actor=operator, now=NOW, reason="x")
    assert settled.code == station.code
    assert last_reason(qinghai) == "edit"
    assert (report.status, report.outcome) == ("accepted", "edited")
    assert (
        len(qinghai.scalars(select(Change.commit_id).where(Change.commit_id == report.decided_in)).all()) == 2
    )


def test_every_choice_has_remedies_and_every_remedy_can_be_stored() -> None:
    assert set(REMEDIES) == set(vocabulary.REPORT_CHOICES) - {"correct"}
    assert {remedy for remedies in REMEDIES.values() for remedy in remedies} == set(OUTCOMES)


@pytest.mark.parametrize("choice", [choice for choice, known in REMEDIES.items() if Remedy.NOTED in known])
def test_a_report_may_be_noted_and_changes_nothing(
    qinghai: Session, operator: int, say: Say, choice: str
) -> None:
    report = say(choice, amenity="microwave" if choice.startswith("amenity") else None)
    settled = accept(qinghai, operator, report, remedy=Remedy.NOTED, note="已和值班人员谈过")
    assert not settled.changed
    tables = qinghai.scalars(select(Change.table_name).where(Change.commit_id == report.decided_in)).all()
    assert tables == ["reports"]


def test_two_keepers_decide_once_and_different_reports_are_decided_apart(
    qinghai: Session, operator: int, say: Say
) -> None:
    report, other = say(), say("moved")
    with pytest.raises(Conflict, match="different things"):
        accept(qinghai, operator, report, other, remedy=Remedy.NOTED)
    accept(qinghai, operator, report, remedy=Remedy.NOTED)
    with pytest.raises(Conflict, match="accepted already"):
        accept(qinghai, operator, report, remedy=Remedy.CLOSED_TODAY)
    with pytest.raises(NotFound, match="987654"):
        deciding.accept(qinghai, [987654], actor=operator, now=NOW, remedy=Remedy.NOTED)
    with pytest.raises(NotFound):
        deciding.accept(qinghai, [], actor=operator, now=NOW, remedy=Remedy.NOTED)


@pytest.mark.parametrize("role", ["viewer", "inspector", "planner"])
def test_only_editors_decide(qinghai: Session, member: Callable[..., int], say: Say, role: str) -> None:
    report = say()
    actor = member(role)
    for decide in (
        lambda: accept(qinghai, actor, report, remedy=Remedy.NOTED),
        lambda: deciding.reject(qinghai, [report.id], actor=actor, now=NOW, note="x"),
    ):
        next_commit(qinghai)
        with pytest.raises(NotAllowed, match="outside your regions"):
            decide()


def test_a_county_s_editor_decides_that_county_s_reports_alone_even_in_raw_sql(
    qinghai: Session, operator: int, member: Callable[..., int], say: Say
) -> None:
    there = add(qinghai, operator, "乐都驿站", "630202")
    own, foreign = say("amenity_broken", amenity="microwave"), say("moved", of=there, words="搬了")
    editor = member()
    accept(qinghai, editor, own, remedy=Remedy.OUT_OF_ORDER)
    for decide in (
        lambda: accept(qinghai, editor, foreign, remedy=Remedy.NOTED),
        lambda: deciding.release(qinghai, foreign.id, actor=editor, now=NOW, words=True, photo=False),
    ):
        next_commit(qinghai)
        with pytest.raises(NotAllowed, match="outside your regions"):
            decide()
    next_commit(qinghai)
    with acting(qinghai, editor, reason="raw"):
        done = qinghai.execute(
            text(
                "UPDATE reports SET status = 'accepted', outcome = 'noted', decided_at = now(), "
                "decided_by = yz_actor() WHERE status = 'waiting'"
            )
        )
    assert done.rowcount == 0  # type: ignore[attr-defined]


def test_a_rejection_needs_a_reason_and_is_kept_with_it(qinghai: Session, operator: int, say: Say) -> None:
    report = say(words="门锁着")
    with pytest.raises(Invalid, match="needs a reason"):
        deciding.reject(qinghai, [report.id], actor=operator, now=NOW, note=" ")
    next_commit(qinghai)
    deciding.reject(qinghai, [report.id], actor=operator, now=NOW, note="现场看过，开着")
    assert last_reason(qinghai) == f"不采纳群众反映 #{report.id}：现在关着门"
    (done,) = queue.decided(qinghai, Filter())
    assert (done.status, done.note, done.by, done.ids) == (
        "rejected",
        "现场看过，开着",
        operator,
        (report.id,),
    )
    assert queue.waiting(qinghai, Filter(), NOW).groups == ()


def test_words_and_photo_are_let_out_one_by_one_and_taken_back(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    digest = "ab" * 32
    report = say("safety", words="台阶结冰", photo=digest)

    def let_out(*, words: bool, photo: bool) -> tuple[Said, ...]:
        next_commit(qinghai)
        deciding.release(qinghai, report.id, actor=operator, now=NOW, words=words, photo=photo)
        return released(qinghai, station.code)

    assert released(qinghai, station.code) == ()
    assert let_out(words=True, photo=False) == (Said("safety", None, "台阶结冰", None, TODAY),)
    assert not reports.is_shown(qinghai, digest)
    assert let_out(words=False, photo=True) == (Said("safety", None, None, digest, TODAY),)
    assert reports.is_shown(qinghai, digest)
    assert let_out(words=False, photo=False) == ()
    assert not reports.is_shown(qinghai, digest)


def test_words_that_are_taken_out_are_shown_no_more_and_stand_in_no_history(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    report = say("safety", words="张三在吵")
    deciding.release(qinghai, report.id, actor=operator, now=NOW, words=True, photo=False)
    next_commit(qinghai)
    with acting(qinghai, operator, reason="a name"):
        qinghai.execute(text("UPDATE reports SET words = NULL"))
    qinghai.refresh(report)
    assert (report.words_shown, report.released_at) == (False, None)
    held = qinghai.scalars(text("SELECT held::text FROM history WHERE table_name = 'reports'")).all()
    assert len(held) == 2
    assert [row for row in held if "张三" in row] == []


def test_the_public_hears_what_was_done_for_as_long_as_it_holds(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    for network in (*NETWORKS, NETWORKS[0]):
        say("amenity_broken", amenity="microwave", network=network)
    assert public_voice(qinghai, [station.id], NOW)[station.id].agreeing != ()
    (group,) = queue.waiting(qinghai, Filter(), NOW).groups
    deciding.accept(qinghai, group.ids, actor=operator, now=NOW, remedy=Remedy.OUT_OF_ORDER)
    assert public_voice(qinghai, [station.id], NOW)[station.id].agreeing == ()
    assert outcomes(qinghai, station.code, NOW) == (
        Outcome("amenity_broken", "microwave", "out_of_order", TODAY, 4),
    )
    assert outcomes(qinghai, station.code, NOW + 31 * DAY) == ()
    next_commit(qinghai)
    with acting(qinghai, operator, reason="repaired"):
        registry.set_amenities(qinghai, station, {"microwave": registry.AmenityFact()})
    assert outcomes(qinghai, station.code, NOW) == ()


def test_a_day_s_closing_is_told_on_that_day_and_a_suspension_while_it_lasts(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    accept(qinghai, operator, say(), remedy=Remedy.CLOSED_TODAY)
    accept(qinghai, operator, say("moved"), remedy=Remedy.SUSPENDED, note="搬迁")
    told = [one.outcome for one in outcomes(qinghai, station.code, NOW)]
    assert sorted(told) == ["closed_today", "suspended"]
    assert [one.outcome for one in outcomes(qinghai, station.code, NOW + DAY)] == ["suspended"]
    next_commit(qinghai)
    with acting(qinghai, operator, reason="back"):
        registry.set_lifecycle(qinghai, station, "open", on=TODAY, reason="已恢复")
    assert [one.outcome for one in outcomes(qinghai, station.code, NOW + DAY)] == []


def test_a_decision_can_be_taken_back_and_takes_back_what_the_tap_did(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    broken, shut, gone = say("amenity_broken", amenity="microwave"), say(), say("moved")
    accept(qinghai, operator, broken, remedy=Remedy.OUT_OF_ORDER)
    accept(qinghai, operator, shut, remedy=Remedy.CLOSED_TODAY)
    accept(qinghai, operator, gone, remedy=Remedy.SUSPENDED, note="搬迁", back_on=TODAY + DAY)
    for report in (broken, shut, gone):
        next_commit(qinghai)
        assert deciding.take_back(qinghai, [report.id], actor=operator) == 0
    qinghai.expire_all()
    assert not qinghai.get_one(Amenity, (station.id, "microwave")).out_of_order
    assert qinghai.scalars(select(HoursException)).all() == []
    held = qinghai.get_one(Station, station.id)
    assert (held.lifecycle, held.expected_on) == ("open", None)
    assert {(r.status, r.outcome, r.decided_in) for r in (broken, shut, gone)} == {("waiting", None, None)}
    assert len(queue.waiting(qinghai, Filter(), NOW).groups) == 3
    next_commit(qinghai)
    with pytest.raises(Conflict, match="none to take back"):
        deciding.take_back(qinghai, [broken.id], actor=operator)


def test_what_somebody_changed_since_stays_when_a_decision_is_taken_back(
    qinghai: Session, operator: int, member: Callable[..., int], station: Station, say: Say
) -> None:
    report = say("amenity_broken", amenity="microwave")
    accept(qinghai, member(), report, remedy=Remedy.OUT_OF_ORDER)
    next_commit(qinghai)
    with acting(qinghai, operator, reason="repaired"):
        fact = registry.AmenityFact(basis=vocabulary.Basis.OBSERVED, verified_at=TODAY + DAY, note="已修")
        registry.set_amenities(qinghai, station, {"microwave": fact})
    next_commit(qinghai)
    assert deciding.take_back(qinghai, [report.id], actor=operator) > 0
    qinghai.expire_all()
    assert qinghai.get_one(Amenity, (station.id, "microwave")).note == "已修"
    assert report.status == "waiting"
