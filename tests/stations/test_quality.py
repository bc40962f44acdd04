"""Quality: each figure counts what it says, months are kept once and for ever, scans are counted without knowing who."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.errors import Conflict, NotAllowed, NotFound
from stations.hours import SHANGHAI, Hours
from stations.keeping import quality_months as months
from stations.keeping.progress import progress, total
from stations.keeping.quality import Area, Quality, Sums, figures_of, quality, quality_from
from stations.keeping.usage_scans import WINDOW, Scanned, is_person, write
from stations.models import Honour, QualityMonth, Report, Scans, Station
from stations.registry import registry
from stations.registry.writing import OPERATOR, PUBLIC, acting, actor_id
from web.quality.picture import COLOURS, colour_of, draw

NOW = datetime(2026, 9, 21, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture
def registered(engine: Engine) -> Iterator[Session]:
    """The small registry in a transaction that is rolled back."""
    with Session(engine) as session, session.begin() as outer:
        yield session
        outer.rollback()


def next_commit(session: Session) -> None:
    session.execute(text("SELECT set_config('yz.commit', '', true)"))


def station(
    session: Session, *, region: str | None = "630222", pin: str | None = None, **facts: Any
) -> Station:
    next_commit(session)
    with acting(session, actor_id(session, OPERATOR), reason="test"):
        made = registry.add(
            session,
            names={"zh": f"驿站{uuid4().hex[:6]}"},
            kind=facts.pop("kind", "union_station"),
            region_code=region,
            **facts,
        )
        if pin is not None:
            made.location, made.position_quality = "SRID=4326;POINT(102.1 36.5)", pin
    next_commit(session)
    return made


def answered(session: Session, of: Station, hours: float | None) -> None:
    """Let somebody report of a station, and staff answer after so many hours, or not yet."""
    next_commit(session)
    received = NOW - timedelta(days=30)
    with acting(session, actor_id(session, PUBLIC), reason="test"):
        session.add(Report(station_id=of.id, choice="closed_now", made_at=received, received_at=received))
    next_commit(session)
    if hours is not None:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason="test"):
            session.execute(
                update(Report)
                .where(Report.station_id == of.id, Report.status == "waiting")
                .values(
                    status="accepted",
                    outcome="noted",
                    decided_by=operator,
                    decided_at=received + timedelta(hours=hours),
                )
            )
        next_commit(session)


def area(found: Quality, code: str) -> Area:
    one = found.area(code)
    assert one is not None
    return one


def test_each_figure_counts_what_it_says_and_areas_add_up(registered: Session) -> None:
    fact = registry.AmenityFact
    good = station(
        registered,
        pin="door",
        hours=Hours("24/7"),
        verified_at=NOW - DAY,
        amenities={"toilet": fact(), "microwave": fact(out_of_order=True), "wifi": fact()},
    )
    station(registered, pin="place", verified_at=NOW - 4000 * DAY)
    station(
        registered,
        region="630102",
        lifecycle="suspended",
        lifecycle_since=date(2026, 9, 1),
        lifecycle_reason="装修",
    )
    station(registered, region=None)
    station(registered, lifecycle="planned")
    with acting(registered, actor_id(registered, OPERATOR), reason="test"):
        for revoked in (None, date(2026, 1, 1)):
            registered.add(
                Honour(
                    station_id=good.id, title="最美站点", level="provincial", year=2025, revoked_on=revoked,
                    revoked_reason=revoked and "复查不合格",
                )
            )  # fmt: skip
    next_commit(registered)
    found = quality(registered, now=NOW)
    minhe = area(found, "630222").sums
    assert (minhe.stations, minhe.promised, minhe.never, minhe.hours) == (2, 1, 0, 1)
    assert (minhe.on_map, minhe.door, minhe.place_unknown) == (2, 1, 0)
    # The toilet and the broken microwave are two of the ten main amenities, wifi is none of them.
    assert (minhe.amenities, minhe.facts, minhe.honours) == (1, 2, 1)
    assert area(found, "630222").share("facts") == 2 / 20
    assert found.honours == {"provincial": 1}
    assert area(found, "630000").sums == sum((one.sums for one in found.of_level("county")), Sums())
    assert found.whole.sums.stations == area(found, "630000").sums.stations + 1 == 4
    assert area(found, "630103").share("on_map") is None
    desk = total(progress(registered, regions=None, now=NOW))
    whole = found.whole.sums
    assert (whole.stations, whole.on_map, whole.hours, whole.amenities, whole.promised) == (
        desk.stations, desk.located, desk.hours, desk.amenities, desk.verified,
    )  # fmt: skip
    assert quality_from(figures_of(found), demonstration=False) == found


def test_a_median_of_fewer_than_three_answers_is_not_told(registered: Session) -> None:
    one, other = station(registered), station(registered, region="630202")
    for hours in (2.0, 30.0, 5.0):
        answered(registered, one, hours)
    answered(registered, other, 400.0)
    answered(registered, other, None)
    found = quality(registered, now=NOW)
    assert (area(found, "630222").answered, area(found, "630222").answer_hours) == (3, 5.0)
    assert (area(found, "630202").answered, area(found, "630202").answer_hours) == (1, None)
    assert area(found, "630202").sums.waiting == 1
    assert found.whole.answer_hours == 17.5


def _drawn(session: Session, found: Quality, month: date) -> bytes:
    return draw(session, found, month, review="演示底图，未送审")


def test_a_month_is_kept_once_when_it_is_over_and_never_changes(registered: Session) -> None:
    station(registered, pin="door")
    operator = actor_id(registered, OPERATOR)
    turn = datetime(2026, 10, 1, 0, 5, tzinfo=SHANGHAI)
    assert months.due(registered, now=turn) == date(2026, 9, 1)
    with acting(registered, operator, reason="test"):
        kept = months.keep(registered, date(2026, 9, 1), now=turn, draw=_drawn)
    next_commit(registered)
    assert months.due(registered, now=turn) is None
    # Nobody looked within the first week: what is counted later is of another day.
    assert months.due(registered, now=datetime(2026, 12, 8, 9, tzinfo=SHANGHAI)) is None
    assert months.due(registered, now=datetime(2026, 12, 7, 9, tzinfo=SHANGHAI)) == date(2026, 11, 1)
    station(registered)
    assert months.kept(registered, date(2026, 9, 1)) == kept
    assert [(p.month, p.area.sums.stations) for p in months.trend(registered, "630222")] == [
        (date(2026, 9, 1), 1)
    ]
    with (
        pytest.raises(Conflict, match="2026-09 is kept already"),
        acting(registered, operator, reason="again"),
    ):
        months.keep(registered, date(2026, 9, 1), now=turn, draw=_drawn)
    with pytest.raises(NotFound, match="2026-08 was not kept"):
        months.kept(registered, date(2026, 8, 1))
    # Not even by a statement that goes round all this.
    for statement in (update(QualityMonth).values(figures={}), delete(QualityMonth)):
        with pytest.raises(DBAPIError, match="permission denied"), registered.begin_nested():
            registered.execute(statement)


def test_only_an_administrator_of_all_keeps_a_month(registered: Session) -> None:
    with (
        pytest.raises(NotAllowed),
        registered.begin_nested(),
        acting(registered, actor_id(registered, "demonstration"), reason="test"),
    ):
        months.keep(registered, date(2026, 9, 1), now=NOW + 30 * DAY, draw=lambda *_: b"")


def test_the_owner_of_the_tables_cannot_rewrite_a_month_either(template: str, cluster: Any) -> None:
    name = f"{template}_month"
    cluster.drop_database(name)
    cluster.create_database(name, template=template)
    owner = create_engine(cluster.url(name, "yizhan_owner"))
    try:
        with Session(owner) as session, session.begin():
            fill_squares(session, actor_id(session, OPERATOR))
            next_commit(session)
            with acting(session, actor_id(session, OPERATOR), reason="test"):
                months.keep(session, date(2026, 8, 1), now=NOW, draw=lambda *_: b"x")
            with (
                pytest.raises(DBAPIError, match="2026-08 was published and stays as it was"),
                session.begin_nested(),
            ):
                session.execute(delete(QualityMonth))
    finally:
        owner.dispose()
        cluster.drop_database(name)


def test_the_picture_of_a_month_is_the_same_bytes_and_shows_each_county_in_the_colour_of_its_share(
    registered: Session,
) -> None:
    station(registered, pin="door")
    station(registered, region="630102")
    found = quality(registered, now=NOW)
    first, again = _drawn(registered, found, date(2026, 8, 1)), _drawn(registered, found, date(2026, 8, 1))
    assert first == again
    drawn = first.decode()
    assert drawn.endswith("</svg>\n")
    for words in ("服务质量 2026年8月", ">50.0%<", "演示底图，未送审", "95%以上"):
        assert words in drawn, words
    # All of 民和's are found, none of 城东's, the others have no stations.
    painted = [drawn.count(f'fill-rule="evenodd" fill="{colour}"') for _, colour in COLOURS]
    assert painted == [1, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("share", "at"), [(0.0, 0), (0.4999, 0), (0.5, 1), (0.7, 2), (0.85, 3), (0.9499, 3), (0.95, 4), (1.0, 4)]
)
def test_a_share_has_the_colour_of_its_class(share: float, at: int) -> None:
    assert colour_of(share) == COLOURS[at][1]
    assert colour_of(None) is None


# Scans

PHONE = "Mozilla/5.0 (Linux; Android 14; 23127PN0CC) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 MicroMessenger/8.0"


def test_a_plate_that_is_scanned_again_within_half_an_hour_counts_once() -> None:
    scanned = Scanned()
    at = NOW
    note = scanned.note
    assert note("A", address="203.0.113.7", agent=PHONE, now=at)
    assert not note("A", address="203.0.113.7", agent=PHONE, now=at + WINDOW - DAY / 86_400)
    # Another door, another network, another make of phone.
    assert note("B", address="203.0.113.7", agent=PHONE, now=at)
    assert note("A", address="198.51.100.1", agent=PHONE, now=at)
    assert note("A", address="203.0.113.7", agent=f"{PHONE} x", now=at)
    # One of the same network with the same make of phone cannot be told apart, and is not counted: "at least".
    assert not note("A", address="203.0.113.9", agent=PHONE, now=at + WINDOW / 2)
    assert note("A", address="203.0.113.7", agent=PHONE, now=at + 3 * WINDOW)
    assert scanned.take() == {("A", date(2026, 9, 21)): 4, ("B", date(2026, 9, 21)): 1}
    assert scanned.take() == {}


def test_what_is_remembered_of_a_scan_names_nobody_and_is_of_no_use_the_next_day() -> None:
    scanned = Scanned()
    scanned.note("A", address="203.0.113.7", agent=PHONE, now=NOW)
    (first,) = scanned._seen
    assert len(first) == 8
    scanned.note("A", address="203.0.113.7", agent=PHONE, now=NOW + DAY)
    assert first not in scanned._seen
    assert "203.0.113" not in repr(vars(scanned))
    assert "Mozilla" not in repr(vars(scanned))


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 3), st.integers(0, 200)), max_size=30))
def test_scans_are_never_more_than_were_made_nor_fewer_than_half_hours_apart(
    seen: list[tuple[str, int, int]],
) -> None:
    scanned, begin = Scanned(), datetime(2026, 9, 21, 1, 0, tzinfo=UTC)
    last: dict[tuple[str, int], int] = {}
    wanted = 0
    for code, network, minute in sorted(seen, key=lambda one: one[2]):
        if minute - last.get((code, network), -1000) >= 30:
            wanted += 1
        last[code, network] = minute
        scanned.note(code, address=f"10.{network}.0.1", agent=PHONE, now=begin + timedelta(minutes=minute))
    assert sum(scanned.take().values()) == wanted


@pytest.mark.parametrize(
    ("headers", "person"),
    [
        ({"User-Agent": PHONE}, True),
        (
            {
                "User-Agent": PHONE,
                "Sec-Fetch-Site": "none",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "document",
            },
            True,
        ),
        ({}, False),
        ({"User-Agent": "curl/8.5"}, False),
        ({"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"}, False),
        ({"User-Agent": "Mozilla/5.0 (X11) HeadlessChrome/120.0"}, False),
        ({"User-Agent": PHONE, "Sec-Purpose": "prefetch;prerender"}, False),
        ({"User-Agent": PHONE, "Purpose": "prefetch"}, False),
        ({"User-Agent": PHONE, "Sec-Fetch-Site": "same-origin"}, False),
        ({"User-Agent": PHONE, "Sec-Fetch-Dest": "image"}, False),
    ],
)
def test_robots_preloads_and_links_on_pages_are_no_scans(headers: dict[str, str], person: bool) -> None:
    assert is_person(headers) is person


def test_scans_are_written_in_batches_that_add_up_and_unknown_plates_are_left_out(
    registered: Session,
) -> None:
    made = station(registered)
    day = date(2026, 9, 20)
    before = registered.scalar(text("SELECT last FROM commit_counter"))
    assert write(registered, {(made.code, day): 3, ("QH-NONE", day): 5}) == 3
    assert write(registered, {(made.code, day): 2}) == 2
    assert registered.execute(select(Scans.station_id, Scans.day, Scans.scans)).all() == [(made.id, day, 5)]
    assert registered.scalar(text("SELECT last FROM commit_counter")) == before
    assert write(registered, {}) == 0
    # Nobody but the public counts, and staff cannot.
    with (
        pytest.raises(NotAllowed),
        registered.begin_nested(),
        acting(registered, actor_id(registered, OPERATOR), reason="test"),
    ):
        registered.add(Scans(station_id=made.id, day=day + DAY, scans=1))
        registered.flush()
    assert registered.scalar(select(func.count()).select_from(Scans)) == 1
