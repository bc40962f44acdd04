"""Reports and confirmations: stored once, counted by hashes that pass, changing nothing by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from stations import vocabulary
from stations.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from stations.keeping import limits, reports
from stations.keeping.marks import Occasion, Speaker, counting_day, keys, network_prefix
from stations.keeping.reports import Saying
from stations.keeping.voices import Agreeing, Agreement, Voice, public_voice, sweep
from stations.models import (
    Grant,
    PublicStation,
    Report,
    ReportKey,
    ReportMark,
    ReportRequest,
    SpentChallenge,
    Staff,
    Station,
)
from stations.registry import registry
from stations.registry.writing import PUBLIC, acting, actor_id

#: A Sunday in Beijing, 20:30 there.
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEPPER = b"the secret of the site"
WINDOW = Agreement().window
HOME, AWAY, FAR = "203.0.113.0/24", "198.51.100.0/24", "2001:db8:1::/48"


@pytest.fixture
def station(qinghai: Session, operator: int) -> Station:
    return add(qinghai, operator, "川口工会驿站")


def add(session: Session, operator: int, name: str, region: str = "630222") -> Station:
    with acting(session, operator, reason="test"):
        made = registry.add(session, names={"zh": name}, kind="union_station", region_code=region)
    release_actor(session)
    return made


def release_actor(session: Session) -> None:
    """Let the next writer be another, as a new transaction would."""
    session.execute(text("SELECT set_config('yz.commit', '', true)"))


Say = Callable[..., Report]


@pytest.fixture
def say(qinghai: Session, station: Station) -> Say:
    """Say something of the station as the public."""

    def said(
        device: UUID | None = None,
        network: str = HOME,
        *,
        now: datetime = NOW,
        of: Station | None = None,
        **words: object,
    ) -> Report:
        saying = Saying.of(**{"client_id": uuid4(), "choice": "closed_now", **words})  # type: ignore[arg-type]
        release_actor(qinghai)
        with acting(qinghai, actor_id(qinghai, PUBLIC), reason="said by the public"):
            occasion = Occasion(Speaker(device or uuid4(), network), now, PEPPER, WINDOW)
            report = reports.say(qinghai, (of or station).code, saying, occasion)
        release_actor(qinghai)
        return report

    return said


def voice(session: Session, station: Station, now: datetime = NOW) -> Voice:
    return public_voice(session, [station.id], now)[station.id]


def swept(session: Session, now: datetime) -> None:
    release_actor(session)
    sweep(session, now)
    release_actor(session)


CLOSED_3 = (Agreeing("closed_now", None, 3),)


def test_three_devices_on_two_networks_are_heard(qinghai: Session, station: Station, say: Say) -> None:
    say(network=HOME)
    say(network=HOME)
    assert voice(qinghai, station).agreeing == ()
    say(network=AWAY)
    assert voice(qinghai, station).agreeing == CLOSED_3


def test_three_devices_on_one_network_are_not_heard(qinghai: Session, station: Station, say: Say) -> None:
    for _ in range(3):
        say(network=HOME)
    assert voice(qinghai, station).agreeing == ()


def test_the_same_device_thrice_is_one_on_whatever_networks(
    qinghai: Session, station: Station, say: Say
) -> None:
    device = uuid4()
    for network in (HOME, AWAY, FAR):
        say(device, network)
    assert voice(qinghai, station).agreeing == ()
    say(network=HOME)
    assert voice(qinghai, station).agreeing == ()


def test_a_device_counts_on_the_network_where_it_spoke_first(
    qinghai: Session, station: Station, say: Say
) -> None:
    wanderer = uuid4()
    for device in (wanderer, uuid4(), uuid4()):
        say(device, HOME)
    say(wanderer, AWAY, now=NOW + HOUR)
    assert voice(qinghai, station, NOW + HOUR).agreeing == ()


def test_different_things_do_not_add_up(qinghai: Session, station: Station, say: Say) -> None:
    say(choice="amenity_broken", amenity="microwave", network=HOME)
    say(choice="amenity_broken", amenity="toilet", network=AWAY)
    say(choice="amenity_missing", amenity="toilet", network=FAR)
    say(choice="moved", network=FAR)
    assert voice(qinghai, station).agreeing == ()
    for network in (HOME, AWAY):
        say(choice="amenity_broken", amenity="toilet", network=network)
    assert voice(qinghai, station).agreeing == (Agreeing("amenity_broken", "toilet", 3),)


def test_the_number_that_must_agree_is_the_operator_s(qinghai: Session, station: Station, say: Say) -> None:
    say()
    heard = public_voice(qinghai, [station.id], NOW, agreement=Agreement(devices=1, networks=1))
    assert heard[station.id].agreeing == (Agreeing("closed_now", None, 1),)


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_one_device_on_every_day_of_the_window_counts_once_although_keys_change(
    qinghai: Session, station: Station, say: Say, hour: int
) -> None:
    device, other = uuid4(), uuid4()
    start = NOW.replace(hour=hour)
    for days in range(4):
        say(device, HOME, now=start + days * DAY - timedelta(minutes=days))
        swept(qinghai, start + days * DAY)
    end = start + 3 * DAY - timedelta(minutes=3)
    say(other, AWAY, now=end)
    assert voice(qinghai, station, end).agreeing == ()
    say(uuid4(), AWAY, now=end)
    assert voice(qinghai, station, end).agreeing == CLOSED_3


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    spoken=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 9 * 24), st.integers(0, 60)),
        max_size=12,
    ),
    asked=st.integers(0, 10 * 24),
)
def test_the_count_is_that_of_devices_in_the_window_whenever_they_spoke_and_were_swept(
    qinghai: Session, station: Station, say: Say, spoken: list[tuple[int, int, int, int]], asked: int
) -> None:
    start, devices = NOW, [uuid4() for _ in range(4)]
    point = qinghai.begin_nested()
    end = start + asked * HOUR
    expected: dict[int, tuple[datetime, int]] = {}
    for device, network, hour, age in sorted(spoken, key=lambda row: row[2]):
        now = start + hour * HOUR
        if now > end:
            break
        swept(qinghai, now)
        say(devices[device], (HOME, AWAY, FAR)[network], now=now, age_s=age * 3600)
        made = now - age * HOUR
        if made > end - WINDOW and (device not in expected or made < expected[device][0]):
            expected[device] = (made, network)
    swept(qinghai, end)
    networks = {network for _, network in expected.values()}
    heard = public_voice(qinghai, [station.id], end, agreement=Agreement(devices=1, networks=1))[station.id]
    assert [said.devices for said in heard.agreeing] == ([len(expected)] if expected else [])
    for wanted, times in ((len(networks), min(1, len(expected))), (len(networks) + 1, 0)):
        strict = public_voice(qinghai, [station.id], end, agreement=Agreement(devices=1, networks=wanted))
        assert len(strict[station.id].agreeing) == times
    point.rollback()


def test_after_the_window_nobody_is_heard_and_no_hash_or_key_is_left(
    qinghai: Session, station: Station, say: Say
) -> None:
    for network in (HOME, HOME, AWAY):
        say(network=network)
    just_before = NOW + WINDOW - timedelta(seconds=1)
    swept(qinghai, just_before)
    assert voice(qinghai, station, just_before).agreeing == CLOSED_3
    swept(qinghai, NOW + WINDOW)
    assert voice(qinghai, station, NOW + WINDOW).agreeing == ()
    assert qinghai.scalar(select(func.count()).select_from(ReportMark)) == 0
    swept(qinghai, datetime(2026, 11, 26, tzinfo=UTC))
    for table in (ReportKey, ReportMark, ReportRequest, SpentChallenge):
        assert qinghai.scalar(select(func.count()).select_from(table)) == 0, table
    assert qinghai.scalar(select(func.count()).select_from(Report)) == 3


def test_what_left_the_window_is_not_heard_even_where_nobody_swept(
    qinghai: Session, station: Station, say: Say
) -> None:
    for network in (HOME, HOME, AWAY):
        say(network=network)
    assert voice(qinghai, station, NOW + WINDOW).agreeing == ()


def test_sweeping_again_does_nothing_and_begins_no_commit(qinghai: Session, say: Say) -> None:
    say()
    release_actor(qinghai)
    assert sum(sweep(qinghai, NOW + 9 * DAY)) > 0
    release_actor(qinghai)
    before = qinghai.scalar(text("SELECT count(*) FROM commits"))
    assert sum(sweep(qinghai, NOW + 9 * DAY)) == 0
    assert qinghai.scalar(text("SELECT count(*) FROM commits")) == before


def test_the_number_that_a_phone_made_up_is_forgotten_when_no_phone_sends_it_any_more(
    qinghai: Session, say: Say
) -> None:
    report = say()
    swept(qinghai, NOW + reports.MAX_AGE)
    qinghai.refresh(report)
    assert report.client_id is not None
    swept(qinghai, NOW + reports.MAX_AGE + DAY)
    qinghai.refresh(report)
    assert report.client_id is None


def test_a_report_said_offline_counts_from_when_it_was_said(
    qinghai: Session, station: Station, say: Say
) -> None:
    for network in (HOME, HOME, AWAY):
        say(network=network, age_s=71 * 3600)
    assert voice(qinghai, station).agreeing == CLOSED_3
    assert voice(qinghai, station, NOW + HOUR).agreeing == ()
    report = say(age_s=73 * 3600)
    assert report.made_at == NOW - 73 * HOUR
    assert qinghai.scalar(select(func.count()).where(ReportMark.report_id == report.id)) == 0


def test_marks_at_two_stations_or_of_two_days_cannot_be_joined(
    qinghai: Session, station: Station, operator: int, say: Say
) -> None:
    other, device = add(qinghai, operator, "另一驿站"), uuid4()
    for place in (station, other):
        for days in range(3):
            say(device, HOME, of=place, now=NOW + days * DAY)
    marks = qinghai.execute(
        select(Report.station_id, ReportMark.key_day, ReportMark.device, ReportMark.network).join(
            Report, Report.id == ReportMark.report_id
        )
    ).all()
    assert len({mark.device for mark in marks}) == len({(mark.station_id, mark.key_day) for mark in marks})
    assert len({mark.network for mark in marks}) == len({mark.device for mark in marks})


def test_a_hash_needs_the_secret_of_the_site(qinghai: Session) -> None:
    with acting(qinghai, actor_id(qinghai, PUBLIC), reason="x"):
        one = keys(qinghai, NOW, pepper=b"one", window=WINDOW)
        same = keys(qinghai, NOW, pepper=b"one", window=WINDOW)
        other = keys(qinghai, NOW, pepper=b"other", window=WINDOW)
    assert one == same
    assert set(one.values()).isdisjoint(other.values())
    stored = set(qinghai.scalars(select(ReportKey.key)))
    assert stored.isdisjoint(one.values())
    assert [min(one), max(one)] == [counting_day(NOW, WINDOW), NOW.date()]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        (None, "unknown"),
        ("", "unknown"),
        ("unix:", "unknown"),
        ("203.0.113.999", "unknown"),
    ],
)
def test_a_network_is_the_first_24_or_48_bits(address: str | None, network: str) -> None:
    assert network_prefix(address) == network


def test_a_speaker_shows_nothing_of_itself() -> None:
    assert repr(Speaker(uuid4(), HOME)) == "Speaker()"


def test_nothing_that_identifies_is_in_any_table(qinghai: Session, say: Say) -> None:
    device = UUID("6f8ba1a8-1d5e-4d47-9d1c-5a0f4b2f7e11")
    say(device, HOME, choice="other", words="门锁着")
    with acting(qinghai, actor_id(qinghai, PUBLIC), reason="x"):
        limits.admit(qinghai, "report", Occasion(Speaker(device, HOME), NOW, PEPPER, WINDOW))
    needles = (str(device), device.hex, "203.0.113", "门锁着")
    nowhere: dict[str, set[str]] = {needle: set() for needle in needles}
    found: dict[str, set[str]] = {needle: set() for needle in needles}
    for (table,) in qinghai.execute(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
    ).all():  # fmt: skip
        for (row,) in qinghai.execute(text(f'SELECT t::text FROM "{table}" t')).all():
            for needle in needles:
                if needle in row:
                    found[needle].add(table)
    assert found == nowhere | {"门锁着": {"reports"}}


def test_confirmations_are_counted_beside_and_change_nothing(
    qinghai: Session, station: Station, say: Say
) -> None:
    before = qinghai.get_one(PublicStation, station.id).feature
    device = uuid4()
    for _ in range(3):
        say(device, choice="correct")
    say(choice="correct", age_s=3600 * 24 * 5)
    heard = voice(qinghai, station)
    assert (heard.confirmations, heard.last_confirmed) == (1, date(2026, 11, 22))
    later = voice(qinghai, station, NOW + 30 * DAY)
    assert (later.confirmations, later.last_confirmed) == (0, date(2026, 11, 22))
    for network in (HOME, AWAY, FAR):
        say(choice="moved", network=network)
    qinghai.refresh(station)
    row = qinghai.get_one(PublicStation, station.id, populate_existing=True)
    assert (row.feature, row.lifecycle, station.verified_at) == (before, "open", None)


def test_the_day_of_a_confirmation_is_china_s(qinghai: Session, station: Station, say: Say) -> None:
    say(choice="correct", now=datetime(2026, 11, 22, 16, 30, tzinfo=UTC))
    assert voice(qinghai, station, NOW + DAY).last_confirmed == date(2026, 11, 23)


def test_many_stations_are_asked_in_two_statements(qinghai: Session, operator: int, say: Say) -> None:
    stations = [add(qinghai, operator, f"{n}号驿站") for n in range(5)]
    say(of=stations[3], choice="correct")
    statements: list[str] = []
    from sqlalchemy import event

    connection = qinghai.connection()
    event.listen(connection, "before_cursor_execute", lambda *a: statements.append(a[2]))
    ids = [made.id for made in stations]
    heard = public_voice(qinghai, ids, NOW)
    assert len(statements) == 2
    assert not any("words" in statement or "photo" in statement for statement in statements)
    assert [heard[made].confirmations for made in ids] == [0, 0, 0, 1, 0]
    assert public_voice(qinghai, [], NOW) == {}


def test_the_same_sent_again_is_stored_once(qinghai: Session, station: Station, say: Say) -> None:
    client_id = uuid4()
    first = say(client_id=client_id, words="门锁着")
    again = say(client_id=client_id, words="门锁着", now=NOW + HOUR)
    assert again.id == first.id
    assert again.received_at == NOW
    assert qinghai.scalar(select(func.count()).select_from(Report)) == 1


def test_an_id_that_was_used_for_something_else_is_refused(
    qinghai: Session, station: Station, operator: int, say: Say
) -> None:
    client_id = uuid4()
    say(client_id=client_id)
    with pytest.raises(Conflict, match="already sent under this id"):
        say(client_id=client_id, choice="moved")
    with pytest.raises(Conflict, match="already sent under this id"):
        say(client_id=client_id, of=add(qinghai, operator, "别处"))


def test_a_station_that_is_not_public_hears_nothing(
    qinghai: Session, station: Station, operator: int, say: Say
) -> None:
    with acting(qinghai, operator, reason="twice"):
        registry.withdraw(qinghai, station, reason="重复录入")
    with pytest.raises(NotFound, match="was withdrawn"):
        say()
    station.code = "99999999"
    with qinghai.no_autoflush, pytest.raises(NotFound, match="'99999999'"):
        reports.known(qinghai, "99999999", Saying(uuid4(), "moved"))
    qinghai.expire(station)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"choice": "demolished"}, "choice"),
        ({"choice": ""}, "choice"),
        ({"choice": "amenity_broken"}, "amenity"),
        ({"choice": "amenity_broken", "amenity": "swimming_pool"}, "amenity"),
        ({"choice": "moved", "amenity": "toilet"}, "amenity"),
        ({"choice": "other"}, "words"),
        ({"choice": "other", "words": " \u3000\n"}, "words"),
        ({"choice": "correct", "words": "很好"}, "words"),
        ({"choice": "moved", "words": "好" * 501}, "words"),
        ({"choice": "moved", "words": "打13812345678"}, "words"),
        ({"choice": "moved", "age_s": -1}, "age_s"),
        ({"choice": "moved", "age_s": 7 * 86_400 + 1}, "age_s"),
    ],
)
def test_a_forged_report_is_refused_by_name(said: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid, match=f"^{field}: ") as refused:
        Saying.of(client_id=uuid4(), **said)  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.parametrize("choice", vocabulary.REPORT_CHOICES)
def test_every_choice_of_the_vocabulary_can_be_said(station: Station, say: Say, choice: str) -> None:
    more: dict[str, object] = {"amenity": "toilet"} if choice.startswith("amenity") else {}
    more |= {"words": "灯坏了"} if choice == "other" else {}
    assert say(choice=choice, **more).choice == choice
    term = vocabulary.REPORT_CHOICES[choice]
    assert term.zh
    assert term.en


def admit(session: Session, speaker: Speaker, now: datetime = NOW, asked: str = "report") -> None:
    release_actor(session)
    with acting(session, actor_id(session, PUBLIC), reason="x"):
        limits.admit(session, asked, Occasion(speaker, now, PEPPER, WINDOW))


def test_a_device_that_asks_too_often_waits_for_the_next_hour(qinghai: Session) -> None:
    speaker = Speaker(uuid4(), HOME)
    for _ in range(20):
        admit(qinghai, speaker)
    with pytest.raises(TooMany, match="more than 20 reports") as refused:
        admit(qinghai, speaker)
    assert refused.value.retry_after_s == 30 * 60
    admit(qinghai, Speaker(uuid4(), HOME))
    admit(qinghai, speaker, asked="photo")
    admit(qinghai, speaker, NOW + 30 * timedelta(minutes=1))


def test_a_network_of_many_devices_is_limited_too(qinghai: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_HOUR", {"report": (20, 30)})
    for _ in range(30):
        admit(qinghai, Speaker(uuid4(), HOME))
    with pytest.raises(TooMany, match="more than 30 reports"):
        admit(qinghai, Speaker(uuid4(), HOME))
    admit(qinghai, Speaker(uuid4(), AWAY))


def test_counting_requests_never_shortens_the_life_of_a_key(
    qinghai: Session, station: Station, say: Say
) -> None:
    admit(qinghai, Speaker(uuid4(), HOME))
    device = uuid4()
    say(device, HOME)
    for days in (1, 2):
        swept(qinghai, NOW + days * DAY)
    say(device, AWAY, now=NOW + 2 * DAY)
    heard = public_voice(qinghai, [station.id], NOW + 2 * DAY, agreement=Agreement(devices=1, networks=1))
    assert heard[station.id].agreeing == (Agreeing("closed_now", None, 1),)


def test_a_challenge_is_used_once(qinghai: Session) -> None:
    with acting(qinghai, actor_id(qinghai, PUBLIC), reason="x"):
        limits.spend(qinghai, b"one", until=NOW + HOUR)
        limits.spend(qinghai, b"two", until=NOW + HOUR)
        with pytest.raises(Invalid, match="used already") as refused:
            limits.spend(qinghai, b"one", until=NOW + HOUR)
    assert refused.value.field == "proof"


def deciding(session: Session, actor: int, act: Callable[..., None], report: Report, **more: object) -> None:
    release_actor(session)
    with acting(session, actor, reason="looked at"):
        act(session, report.id, by=actor, now=NOW, **more)
    release_actor(session)


def test_staff_accept_reject_and_release(qinghai: Session, operator: int, say: Say) -> None:
    report = say(words="搬到对面了", choice="moved")
    assert (report.status, report.released_at) == ("waiting", None)
    deciding(qinghai, operator, reports.release, report)
    deciding(qinghai, operator, reports.accept, report, note="打电话问过")
    assert (report.status, report.decided_by, report.released_by) == ("accepted", operator, operator)
    with pytest.raises(Conflict, match="accepted already"):
        deciding(qinghai, operator, reports.reject, report, note="x")
    bare = say()
    with pytest.raises(Conflict, match="neither words nor a photo"):
        deciding(qinghai, operator, reports.release, bare)
    with pytest.raises(Invalid, match="needs a reason"):
        deciding(qinghai, operator, reports.reject, bare, note=" ")
    with pytest.raises(Conflict, match="nothing to decide"):
        deciding(qinghai, operator, reports.accept, say(choice="correct"))
    with pytest.raises(NotFound):
        reports.accept(qinghai, 0, by=operator, now=NOW)


def test_what_was_rejected_is_hidden_again_and_counts_no_more(
    qinghai: Session, operator: int, station: Station, say: Say
) -> None:
    said = [say(network=network, words="有人吵架") for network in (HOME, HOME, AWAY)]
    deciding(qinghai, operator, reports.release, said[0])
    assert voice(qinghai, station).agreeing == CLOSED_3
    deciding(qinghai, operator, reports.reject, said[0], note="与站点无关")
    assert said[0].released_at is None
    assert voice(qinghai, station).agreeing == ()
    with pytest.raises(Conflict, match="stays hidden"):
        deciding(qinghai, operator, reports.release, said[0])


def test_staff_of_another_county_decide_nothing_here(qinghai: Session, operator: int, say: Say) -> None:
    report = say(words="搬走了")
    release_actor(qinghai)
    with acting(qinghai, operator, reason="staff"):
        neighbour = Staff(login="neighbour", display_name="x")
        qinghai.add(neighbour)
        qinghai.flush()
        qinghai.add(Grant(staff_id=neighbour.id, role="inspector", region_code="630102"))
    with pytest.raises(NotAllowed, match="outside your regions"):
        deciding(qinghai, neighbour.id, reports.release, report)
    with pytest.raises(NotAllowed, match="outside your regions"):
        deciding(qinghai, actor_id(qinghai, PUBLIC), reports.accept, report)
