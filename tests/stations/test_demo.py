"""The demonstration registry: the same stations every time, in their counties, of every shape that real lists have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session

from stations import demo
from stations import vocabulary as words
from stations.demo import lexicon
from stations.demo.ground import Anchor, Ground, share_out
from stations.demo.invent import invent
from stations.demo.programmes import PROVINCE_WIDE, TOWNSHIPS
from stations.errors import Conflict
from stations.hours import SHANGHAI, parse_words
from stations.keeping.community import shown
from stations.keeping.community.shown import EventQuestion, NoticeQuestion
from stations.keeping.community.totals import grand, totals
from stations.models import (
    Amenity,
    Commit,
    Finding,
    Honour,
    HoursException,
    Inspection,
    Organisation,
    Partner,
    PublicStation,
    Region,
    RegistryInfo,
    Source,
    Staff,
    Station,
    StationSource,
    Visits,
)
from stations.planning import programmes
from stations.planning.programme_progress import Count, progress
from stations.planning.programme_standard import standard_of
from stations.planning.siting import plans
from stations.planning.township_standing import standing
from stations.registry.registry import add
from stations.registry.writing import acting

TODAY = date(2026, 7, 1)


def quiet(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], str]) -> Iterator[Session]:
    """A demonstration registry, filled as a first start fills it."""
    engine = create_engine(new_database())
    with Session(engine) as session:
        demo.prepare(session, say=quiet)
        session.commit()
        assert demo.fill(session, today=TODAY, say=quiet)
        session.commit()
        yield session
    engine.dispose()


def count(session: Session, *conditions: object) -> int:
    return session.scalar(select(func.count()).select_from(Station).where(*conditions)) or 0  # type: ignore[arg-type]


def test_there_are_about_800_stations_of_every_kind_in_every_county(filled: Session) -> None:
    assert 790 <= count(filled) <= 830
    assert set(filled.scalars(select(Station.kind))) == set(words.KINDS)
    counties = set(filled.scalars(select(Region.code).where(Region.level == "county")))
    held = Counter(filled.scalars(select(Station.region_code)))
    assert set(held) == counties
    assert min(held.values()) >= 5
    assert held["630102"] > 2 * held["632626"]


def test_work_and_events_are_offered_and_counted_and_marked_as_invented(filled: Session) -> None:
    now = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=SHANGHAI)
    work = shown.notices(filled, NoticeQuestion(), now=now)
    coming = shown.events(filled, EventQuestion(), now=now)
    assert (len(work) >= 20, len(coming) >= 20) == (True, True)
    assert all("演示" in one.title for one in (*work, *coming))
    # A month later there is still something to see.
    later = now + timedelta(days=25)
    assert shown.notices(filled, NoticeQuestion(), now=later)
    assert len(shown.events(filled, EventQuestion(), now=later)) >= 5
    sums = grand(totals(filled, year=TODAY.year))
    assert sums["people"] is not None
    assert (sums["people"].value > 1_600, sums["people"].at_least) == (True, True)
    assert {"mediation", "interview"} <= {row.kind for row in totals(filled)}


def test_every_prefecture_has_its_rights_centre(filled: Session) -> None:
    names = set(filled.scalars(select(Station.names["zh"].astext).where(Station.kind == "rights_centre")))
    prefectures = set(filled.scalars(select(Region.names["zh"].astext).where(Region.level == "prefecture")))
    assert names == {f"{prefecture}职工维权服务中心" for prefecture in prefectures}


def test_every_located_station_lies_in_its_county(filled: Session) -> None:
    astray = filled.scalar(
        select(func.count())
        .select_from(Station)
        .join(Region, Region.code == Station.region_code)
        .where(Station.location.is_not(None), ~func.ST_Intersects(Region.geom, Station.location))
    )
    assert astray == 0


def test_positions_came_in_every_datum_and_some_are_missing_or_held(filled: Session) -> None:
    datums = Counter(filled.scalars(select(Station.original_datum)))
    assert {"wgs84", "gcj02", "bd09"} <= set(datums)
    unlocated = count(filled, Station.location.is_(None), Station.position_hold.is_(None))
    assert 0.02 < unlocated / count(filled) < 0.09
    assert count(filled, Station.position_hold.is_not(None)) >= 3
    moved = filled.scalar(
        text(
            "SELECT avg(ST_Distance(ST_SetSRID(ST_MakePoint(original_lon, original_lat), 4326)::geography,"
            " location::geography)) FROM stations WHERE original_datum = 'gcj02' AND location IS NOT NULL"
        )
    )
    assert 60 < moved < 600


def test_every_life_is_there_with_what_belongs_to_it(filled: Session) -> None:
    lives = Counter(filled.scalars(select(Station.lifecycle)))
    assert set(lives) == set(words.LIFECYCLE)
    assert lives["open"] > 0.85 * count(filled)
    assert count(filled, Station.lifecycle == "suspended", Station.expected_on.is_(None)) == 0
    assert count(filled, Station.lifecycle == "planned", Station.opened_on.is_not(None)) == 0
    future = [Station.opened_on > TODAY, Station.lifecycle_since > TODAY, Station.verified_at > TODAY]
    assert [count(filled, condition) for condition in future] == [0, 0, 0]


def test_facts_are_of_every_age_and_some_were_never_verified(filled: Session) -> None:
    never = count(filled, Station.verified_at.is_(None))
    old = count(filled, Station.verified_at < TODAY - timedelta(days=365))
    fresh = count(filled, Station.verified_at > TODAY - timedelta(days=30))
    assert min(never, old, fresh) > 40


def test_amenities_are_there_missing_unknown_and_out_of_order_on_every_basis(filled: Session) -> None:
    assert set(filled.scalars(select(Amenity.value))) == {"yes", "no", "unknown"}
    assert set(filled.scalars(select(Amenity.basis))) == {"observed", "listed", "inferred"}
    assert set(filled.scalars(select(Amenity.amenity))) == set(words.AMENITIES)
    assert filled.scalar(select(func.count()).select_from(Amenity).where(Amenity.out_of_order)) > 50


def test_all_that_later_work_needs_has_examples(filled: Session) -> None:
    for model in (Honour, Visits, HoursException, Partner, Organisation, StationSource):
        assert filled.scalar(select(func.count()).select_from(model)) > 20, model
    assert set(filled.scalars(select(Partner.role))) == set(words.PARTNER_ROLES)
    assert set(filled.scalars(select(Station.access))) == set(words.ACCESS)
    assert set(filled.scalars(select(Station.fee))) == set(words.FEE)
    assert count(filled, Station.hours_expression.is_(None)) > 20
    assert count(filled, Station.hours_calendar == "official") > 20


def test_nothing_invented_can_be_taken_for_real(filled: Session) -> None:
    """Hosts and honours say that they are invented; a local telephone number never begins with 0."""
    assert all("演示" in name for name in filled.scalars(select(Organisation.name)))
    assert all("演示" in title for title in filled.scalars(select(Honour.title)))
    phones = {phone for phone in filled.scalars(select(Station.phone)) if phone}
    assert all(phone == "12351" or re.fullmatch(r"097\d-0\d{6}", phone) for phone in phones)
    source = filled.scalars(select(Source)).one()
    assert (source.demonstration, source.licence) == (True, "CC BY 4.0")
    assert filled.get_one(RegistryInfo, 1).demonstration
    features = filled.scalars(select(PublicStation.feature)).all()
    assert all('"demonstration" : true' in (feature or "") for feature in features)
    tags = {tag for names in filled.scalars(select(Station.names)) for tag in names}
    assert tags == {"zh"}, "a name in another language is made by people, not here"


def test_names_are_unique_and_the_demonstration_is_its_own_actor(filled: Session) -> None:
    names = [names["zh"] for names in filled.scalars(select(Station.names))]
    assert len(set(names)) == len(names)
    writer = filled.scalar(
        select(Staff.login).join(Commit, Commit.actor_id == Staff.id).order_by(Commit.id.desc())
    )
    assert writer == "demonstration"


def test_a_second_fill_does_nothing(filled: Session) -> None:
    before = filled.scalar(select(func.count()).select_from(Commit))
    demo.prepare(filled, say=quiet)
    assert demo.fill(filled, today=TODAY + timedelta(days=9), say=quiet) is False
    assert filled.scalar(select(func.count()).select_from(Commit)) == before


def test_it_has_a_plan_of_twenty_invented_hosts_that_was_searched_to_the_end(filled: Session) -> None:
    number = demo.add_plan(filled, now=datetime(2026, 7, 1, 12, tzinfo=SHANGHAI))
    plan = plans.get(filled, number)
    assert plan.status == "optimal"
    assert len(plan.sites or []) == 20
    assert all("（演示）" in site["host"] and site["consent"] != "refused" for site in plan.sites or [])
    assert {"curve", "alternatives", "stability"} <= set(plan.further or {})
    filled.rollback()


def test_a_registry_of_ones_own_is_not_filled(qinghai: Session) -> None:
    with pytest.raises(Conflict, match="'test' is not a demonstration"):
        demo.prepare(qinghai, say=quiet)
    with pytest.raises(Conflict, match="'test' is not a demonstration"):
        demo.fill(qinghai, today=TODAY, say=quiet)


def test_stations_of_another_source_are_not_filled_over(qinghai: Session, operator: int) -> None:
    with acting(qinghai, operator, reason="a demonstration with somebody's stations"):
        qinghai.get_one(RegistryInfo, 1).demonstration = True
        add(qinghai, names={"zh": "别人的驿站"}, kind="union_station")
    with pytest.raises(Conflict, match="stations of another source"):
        demo.fill(qinghai, today=TODAY, say=quiet)


def test_an_empty_database_is_prepared_first(session: Session) -> None:
    with pytest.raises(Conflict, match="prepare it first"):
        demo.fill(session, today=TODAY, say=quiet)


# What is invented, without a database.

SQUARE = box(101.0, 36.0, 101.5, 36.5)
NAMES = ("甲县", "乙县", "丙区")
GROUNDS = [
    Ground(
        f"63022{n}",
        name,
        "630200",
        "海东市",
        people,
        SQUARE,
        (Anchor("川口", 101.2, 36.2, 50_000), Anchor("古鄯", 101.4, 36.4, 1_500)),
    )
    for n, (name, people) in enumerate(zip(NAMES, (300_000.0, 100_000.0, 1.0), strict=True))
]


def test_the_same_day_gives_the_same_stations() -> None:
    once, again = invent(GROUNDS, count=60, today=TODAY), invent(GROUNDS, count=60, today=TODAY)
    assert once == again
    assert once != invent(GROUNDS, count=60, today=TODAY + timedelta(days=1))


def test_every_spot_lies_in_the_county_even_around_a_place_outside_it() -> None:
    shape = box(101.0, 36.0, 101.01, 36.01)
    ground = Ground("630222", "甲县", "630200", "海东市", 1.0, shape, (Anchor("远方", 105.0, 30.0, 1),))
    spots = [made.position for made in invent([ground], count=20, today=TODAY) if made.position]
    assert spots
    assert all(shapely.intersects_xy(shape, *spot) for spot in spots)


@given(
    people=st.lists(st.floats(1, 1e6), min_size=1, max_size=20),
    count=st.integers(0, 2000),
)
def test_stations_are_shared_out_whole_and_each_county_has_its_few(people: list[float], count: int) -> None:
    counties = [Ground(f"{n}", "", "", "", each, SQUARE, ()) for n, each in enumerate(people)]
    shares = share_out(counties, count)
    assert sum(shares) == count
    assert min(shares) >= min(5, count // len(people))
    most = max(range(len(people)), key=lambda at: people[at])
    assert shares[most] == max(shares)


@pytest.mark.parametrize(
    "text", sorted({words for each in lexicon.HOURS.values() for words, _ in each if words})
)
def test_the_hours_of_the_demonstration_are_understood(text: str) -> None:
    assert parse_words(text.format(month=8, day=10), today=TODAY).understood


def test_both_programmes_are_there_with_stations_late_unplaced_and_townships_to_settle(
    filled: Session,
) -> None:
    wide, towns = (programmes.get(filled, code) for code in (PROVINCE_WIDE, TOWNSHIPS))
    found = progress(filled, wide, today=TODAY)
    assert (wide.target, sum(row.target or 0 for row in found.rows), len(found.rows)) == (1000, 1000, 8)
    assert sum((row.count for row in found.rows), Count()) == found.total.count
    assert found.total.unplaced
    tagged = progress(filled, towns, today=TODAY, level="county")
    assert (towns.target, tagged.total.count.open) == (116, 34)
    assert tagged.total.count.pending
    assert programmes.priority_areas(filled, towns)[0].region == "630222"
    listed = standing(filled, towns)
    assert len(listed) == 22
    # The gazetteer has few of them: most wait for a point, and none is called without a station for that.
    assert any(town.point_by == "name" for town in listed)
    assert {town.best for town in listed if town.lon is None and not town.has} == {"unknown"}


def test_some_dozens_are_inspected_with_findings_late_and_mended_and_ratings_given_and_revoked(
    filled: Session,
) -> None:
    inspections = filled.scalars(select(Inspection)).all()
    assert 40 <= len(inspections) <= 60
    assert {one.passes for one in inspections} == {True, False}
    assert {one.observed for one in inspections} == {"open", "shut"}
    assert {one.posted for one in inspections} >= {"open", "closed"}
    assert all("演示" in (one.remark or "") for one in inspections)
    findings = filled.scalars(select(Finding)).all()
    assert {one.status for one in findings} == {"open", "mended", "checked"}
    assert any(one.status == "open" and one.due < TODAY for one in findings)
    rated = filled.scalars(select(Honour).where(Honour.inspection_id.is_not(None))).all()
    assert {one.revoked_on is None for one in rated} == {True, False}
    townships = programmes.get(filled, TOWNSHIPS)
    standard = standard_of(filled, townships)
    assert standard is not None
    assert standard.cited.code == "qinghai-six-haves"
