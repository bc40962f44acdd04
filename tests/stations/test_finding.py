"""The finder says what going through every station minute by minute says: the same rows in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import finding_oracle as oracle
from finding_oracle import BROKEN, GUESSED, NO, NO_GUESSED, SURE, Door
from hours_oracle import OracleRule, OracleSchedule, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from geo.bbox import BBox
from stations.finding import Found, Row, Verdict, alternatives, find, named
from stations.finding.nearest import FIRST
from stations.hours import SHANGHAI, Calendar
from stations.models import Amenity, HoursException, Report, Station
from stations.query import By, Open, StationQuery, Unknown
from stations.registry.writing import PUBLIC, acting, actor_id

HERE = (101.6, 36.6)
FAR = (101.9, 36.45)
DAYS = (
    date(2026, 1, 15),  # a Thursday
    date(2026, 1, 17),
    date(2026, 2, 14),  # a Saturday that is worked
    date(2026, 2, 16),  # Spring Festival
    date(2026, 9, 30),
    date(2026, 10, 10),
)
SQUARES = ("630102", "630103", "630202", None)
WISHES = ("drinking_water", "microwave", "toilet", "phone_charging")


def times(*spans: tuple[float, float]) -> tuple[tuple[int, int], ...]:
    return tuple((int(start * 60), int(end * 60)) for start, end in spans)


#: Hours that a registry is made of, with the slow evaluator's reading of them.
POOL: dict[str, OracleSchedule] = {
    "24 hours": OracleSchedule([OracleRule()]),
    "day": OracleSchedule([OracleRule(times=times((8, 20)))]),
    "night": OracleSchedule([OracleRule(times=times((22, 26)))]),
    "split": OracleSchedule([OracleRule(times=times((8, 12), (14, 18)))]),
    "short": OracleSchedule([OracleRule(times=times((11.5, 11.75), (12, 12.25), (12.5, 13.25), (23, 24)))]),
    "office": OracleSchedule(
        [OracleRule(weekdays=(0, 1, 2, 3, 4), times=times((8.5, 12), (13.5, 17.5)))], official=True
    ),
    "weekend": OracleSchedule([OracleRule(weekdays=(5, 6), times=times((9, 17)))], official=True),
    "no holidays": OracleSchedule(
        [OracleRule(times=times((7, 22))), OracleRule(public=True, state="closed")], official=False
    ),
    "unknown": OracleSchedule([OracleRule(state="unknown")]),
    "half known": OracleSchedule(
        [OracleRule(times=times((6, 12))), OracleRule(join=",", state="unknown", times=times((12, 15)))]
    ),
    "shut": OracleSchedule([OracleRule(state="closed")]),
    "repairs": OracleSchedule(
        [OracleRule(times=times((8, 20)))],
        exceptions=[
            (date(2026, 1, 15), date(2026, 1, 20), None),
            (date(2026, 9, 30), date(2026, 9, 30), None),
        ],
    ),
    "festival": OracleSchedule(
        [OracleRule()],
        exceptions=[(date(2026, 2, 15), date(2026, 2, 18), [OracleRule(times=times((10, 12.5)))])],
    ),
}
SILENT = "unknown"
#: What knows no closed minute from the day on which it is stored; the festival is over by then.
ALWAYS = ("24 hours", "festival")


@dataclass(frozen=True)
class Recipe:
    """How a registry is drawn: few numbers, so that a failure shrinks to a small one."""

    seed: int
    size: int
    schedules: tuple[str, ...]
    #: Degrees that positions scatter over, and how many stations share one.
    spread: float
    share: int
    lives: tuple[str, ...]

    def doors(self) -> list[Door]:
        chance = Random(self.seed)  # noqa: S311
        places = [
            (round(chance.gauss(HERE[0], self.spread), 5), round(chance.gauss(HERE[1], self.spread), 5))
            for _ in range(-(-self.size // self.share))
        ]
        return [self._door(chance, places) for _ in range(self.size)]

    def _door(self, chance: Random, places: list[tuple[float, float]]) -> Door:
        lon, lat = chance.choice(places) if chance.random() < 0.95 else (None, None)
        hours = chance.choice(self.schedules)
        region = chance.choice(SQUARES)
        return Door(
            POOL[hours], lon, lat,
            kind=chance.choice(("union_station", "union_station", "rider_station", "rights_centre")),
            lifecycle=chance.choice(self.lives),
            access=chance.choice(tuple(oracle.BARRIERS)),
            fee=chance.choice(("free", "fee", "unknown")),
            amenities={
                code: chance.choice((SURE, SURE, GUESSED, BROKEN, NO, NO_GUESSED))
                for code in WISHES if chance.random() < 0.8
            },
            phone=chance.choice((None, "", "  ", "0971-1234567")),
            region=region,
            lineage=frozenset() if region is None else frozenset(("630000", f"{region[:4]}00", region)),
            always=hours in ALWAYS,
            silent=hours == SILENT,
        )  # fmt: skip


recipes = st.builds(
    Recipe,
    seed=st.integers(0, 2**32),
    size=st.integers(1, 120) | st.integers(60, 120),
    schedules=st.lists(st.sampled_from(sorted(POOL)), min_size=1, max_size=5, unique=True).map(tuple),
    spread=st.sampled_from([0.002, 0.01, 0.03, 0.2]),
    share=st.sampled_from([1, 1, 4, 40]),
    lives=st.sampled_from(
        [
            ("open",),
            ("open", "open", "open", "suspended"),
            ("open", "suspended", "closed", "planned"),
            ("closed",),
        ]
    ),
)
some = st.sampled_from
questions = st.builds(
    StationQuery,
    near=some([HERE, HERE, HERE, FAR, (101.60001, 36.6), (104.0, 30.6), None]),
    at=st.builds(
        lambda day, minute: datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(minutes=minute),
        some(DAYS),
        some([0, 119, 180, 479, 690, 715, 735, 750, 1190, 1199, 1439]) | st.integers(0, 1439),
    ),
    by=some(By),
    stay=some([None, None, 1, 30, 240]),
    open=some([None, None, Open.NOW, Open.ALWAYS]),
    unknown=some(Unknown),
    amenities=some([(), (), ("microwave",), ("drinking_water", "toilet"), WISHES]),
    access=some([(), (), (), ("open_door", "card", "ask_staff"), ("app",)]),
    fee=some([(), (), (), ("free",)]),
    kinds=some([(), (), (), ("rider_station",), ("rights_centre", "union_station")]),
    classes=some([(), (), (), ("service",), ("rest", "service")]),
    lifecycle=some([("open", "suspended"), ("open", "suspended"), ("open",), oracle.LIVES]),
    regions=some([(), (), (), ("630102",), ("630100",), ("630200", "630103")]),
    bbox=some([None, None, None, BBox(101.5955, 36.5955, 101.6155, 36.6255)]),
    within_m=some([None, None, None, 300.0, 2500.0]),
    limit=some([None, 1, 3, 20, 20]),
)  # fmt: skip


def store(session: Session, operator: int, doors: list[Door]) -> dict[int, tuple[str, Door]]:
    """Store the stations in a few statements, and have them derived as everywhere."""
    rows = []
    for number, door in enumerate(doors):
        rows.append(
            {
                "names": {"zh": f"驿站{number % 7}"},
                "kind": door.kind,
                "lifecycle": door.lifecycle,
                "lifecycle_since": date(2026, 1, 1),
                "lifecycle_reason": "装修",
                "location": None if door.lon is None else f"SRID=4326;POINT({door.lon} {door.lat})",
                "region_code": door.region,
                "access": door.access,
                "fee": door.fee,
                "phone": door.phone,
                "hours_expression": None if door.silent else write(door.schedule.rules),
                "hours_calendar": str(Calendar.OFFICIAL if door.schedule.official else Calendar.PLAIN),
            }
        )
    with acting(session, operator, reason="test"):
        table = Station.__table__
        ids = list(session.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows))
        amenities = [
            fact for id_, door in zip(ids, doors, strict=True) for fact in facts(id_, door.amenities)
        ]
        if amenities:
            session.execute(insert(Amenity.__table__), amenities)
        exceptions = [
            {"station_id": id_, "starts": first, "ends": last, "expression": None if rules is None else write(rules),
             "reason": ""}
            for id_, door in zip(ids, doors, strict=True)
            for first, last, rules in door.schedule.exceptions
        ]  # fmt: skip
        if exceptions:
            session.execute(insert(HoursException.__table__), exceptions)
    return {
        id_: (f"驿站{number % 7}", door) for number, (id_, door) in enumerate(zip(ids, doors, strict=True))
    }


def facts(id_: int, amenities: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "station_id": id_,
            "amenity": code,
            "value": "no" if standing in {NO, NO_GUESSED} else "yes",
            "basis": "inferred" if standing in {GUESSED, NO_GUESSED} else "listed",
            "out_of_order": standing == BROKEN,
        }
        for code, standing in amenities.items()
    ]


def measured(session: Session, near: tuple[float, float] | None) -> dict[int, float]:
    """Measure the way to every station that has a position."""
    if near is None:
        return {}
    rows = session.execute(
        text(
            "SELECT station_id, ST_Distance(location::geography, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography) AS metres "
            "FROM public_stations WHERE location IS NOT NULL"
        ),
        {"lon": near[0], "lat": near[1]},
    )
    return {row.station_id: row.metres for row in rows}


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """Take back at the end of the block what it wrote."""
    point = session.begin_nested()
    try:
        yield
    finally:
        point.rollback()
        session.expire_all()


def said(found: Found) -> dict[str, Any]:
    return {
        "rows": [
            (row.station_id, str(row.verdict), row.minutes and row.minutes.value, row.distance_m)
            for row in found.rows
        ],
        "nothing_open": found.nothing_open,
        "nothing_near": found.nothing_near,
        "set_aside": found.set_aside,
    }


def expected(answer: oracle.Answer, *, located: bool) -> dict[str, Any]:
    return {
        "rows": [
            (each.id, each.verdict, each.minutes if located else None, each.metres if located else None)
            for each in answer.rows
        ],
        "nothing_open": answer.nothing_open,
        "nothing_near": answer.nothing_near,
        "set_aside": answer.set_aside,
    }


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    recipe=recipes,
    asked=st.lists(st.tuples(questions, st.sampled_from([1, 2, 5, 20, 100])), min_size=1, max_size=8),
)
def test_the_finder_says_what_going_through_all_stations_says_however_few_it_looks_at_first(
    qinghai: Session, operator: int, recipe: Recipe, asked: list[tuple[StationQuery, int]]
) -> None:
    with undone(qinghai):
        doors = store(qinghai, operator, recipe.doors())
        for query, first in asked:
            check(qinghai, doors, query, first=first)


def check(
    session: Session, doors: dict[int, tuple[str, Door]], query: StationQuery, *, first: int = FIRST
) -> Found:
    """Hold the finder to the oracle; returns what it found."""
    assert query.at is not None
    found = find(session, query, now=query.at, first=first)
    wanted = oracle.answer(doors, measured(session, query.near), query, query.at, query.limit or 50)
    assert said(found) == expected(wanted, located=query.near is not None), query
    asked_for = () if "amenities" in found.set_aside else query.amenities
    for row, door in zip(found.rows, wanted.rows, strict=True):
        check_row(row, door, query.at, asked_for)
    return found


def check_row(row: Row, judged: oracle.Judged, moment: datetime, wanted: tuple[str, ...]) -> None:
    """Hold what a row says of its hours and amenities to the oracle."""
    door, arrival = judged.door, moment + timedelta(minutes=judged.minutes)
    serves = door.lifecycle == "open"
    assert str(row.now.state) == (oracle.state(door, moment) if serves else "closed")
    assert str(row.on_arrival.state) == (oracle.state(door, arrival) if serves else "closed")
    waits = None if judged.opens_in is None else moment + timedelta(minutes=judged.opens_in)
    assert row.opens_at == waits
    if judged.is_open and row.minutes_until_close is not None:
        closes = arrival + timedelta(minutes=row.minutes_until_close)
        assert oracle.state(door, closes - timedelta(minutes=1)) == "open"
        assert oracle.state(door, closes) != "open"
    else:
        assert row.minutes_until_close is None
    held = {code: door.amenities.get(code) for code in WISHES}
    assert {code for code in WISHES if code in row.amenities.has} == {c for c in WISHES if held[c] == SURE}
    assert {c for c in WISHES if c in row.amenities.inferred} == {c for c in WISHES if held[c] == GUESSED}
    assert {c for c in WISHES if c in row.amenities.lacks} == {c for c in WISHES if held[c] in {BROKEN, NO}}
    assert {c for c in WISHES if c in row.amenities.out_of_order} == {c for c in WISHES if held[c] == BROKEN}
    assert row.unsure == tuple(code for code in wanted if held[code] != SURE)
    assert (row.lon, row.lat) == (door.lon, door.lat)


# Cases that a cut of the nearest would get wrong -------------------------------------------------------------------


def ring(count: int, hours: str, *, metres: float, **facts: Any) -> list[Door]:
    """Doors at nearly the same distance from HERE, to the north of it, each a little farther than the one before."""
    return [
        Door(POOL[hours], HERE[0], round(HERE[1] + (metres + number) / 111_000, 7), silent=hours == SILENT,
             always=hours in ALWAYS, **facts)
        for number in range(count)
    ]  # fmt: skip


NOON = StationQuery(near=HERE, at=datetime(2026, 1, 15, 12, 30, tzinfo=SHANGHAI), limit=20)


def test_an_open_door_behind_hundreds_of_closed_ones_comes_first(qinghai: Session, operator: int) -> None:
    doors = store(qinghai, operator, ring(260, "night", metres=200) + ring(1, "day", metres=3000))
    found = check(qinghai, doors, NOON)
    assert [row.verdict for row in found.rows][:2] == [Verdict.OPEN, Verdict.CLOSED]
    assert not found.nothing_open


def test_a_door_left_out_for_unknown_hours_does_not_end_the_search(qinghai: Session, operator: int) -> None:
    nearer = ring(150, "night", metres=200) + ring(1, "half known", metres=201)
    doors = store(qinghai, operator, nearer + ring(1, "day", metres=3000))
    found = check(qinghai, doors, replace(NOON, unknown=Unknown.EXCLUDE))
    assert found.rows[0].verdict is Verdict.OPEN


def test_beyond_the_hour_doors_of_unknown_hours_hide_none_that_is_known(
    qinghai: Session, operator: int
) -> None:
    doors = store(qinghai, operator, ring(130, "half known", metres=5000) + ring(2, "day", metres=15_000))
    found = check(qinghai, doors, replace(NOON, unknown=Unknown.EXCLUDE))
    assert found.nothing_near
    assert not found.set_aside
    assert [row.verdict for row in found.rows] == [Verdict.OPEN] * 2


def test_sure_doors_farther_off_come_before_hundreds_of_doubtful_ones(
    qinghai: Session, operator: int
) -> None:
    sure = ring(3, "day", metres=700, amenities={"microwave": SURE})
    doors = store(qinghai, operator, ring(140, "day", metres=100) + sure)
    found = check(qinghai, doors, replace(NOON, amenities=("microwave",)))
    assert [row.unsure for row in found.rows][:4] == [(), (), (), ("microwave",)]


def test_doors_at_one_spot_come_in_the_order_they_were_added(qinghai: Session, operator: int) -> None:
    here = [Door(POOL["day"], *HERE) for _ in range(130)]
    doors = store(qinghai, operator, here)
    answers = [check(qinghai, doors, NOON, first=first) for first in (1, 7, 20, 100)]
    assert [row.station_id for row in answers[0].rows] == sorted(doors)[:20]
    far = [check(qinghai, doors, replace(NOON, near=(102.4, 36.6)), first=first) for first in (1, 7, 100)]
    assert all([row.station_id for row in each.rows] == sorted(doors)[:10] for each in far)


def test_far_away_the_nearest_are_in_the_order_of_the_metres_that_they_tell(
    qinghai: Session, operator: int
) -> None:
    """On a sphere, by which the index orders, the door to the north would be the nearer one."""
    near = (101.6, 36.6)
    doors = store(
        qinghai,
        operator,
        [
            Door(POOL["day"], 101.6, 37.5),
            Door(POOL["day"], 102.7192, 36.6),
            Door(POOL["day"], 101.6, 37.4999),
        ],
    )
    found = check(qinghai, doors, replace(NOON, near=near), first=1)
    metres = [row.distance_m for row in found.rows]
    assert metres == sorted(metres, key=lambda each: each or 0.0)


def test_a_door_that_closes_while_one_is_on_the_way_drops_behind_a_farther_one(
    qinghai: Session, operator: int
) -> None:
    doors = store(qinghai, operator, ring(1, "split", metres=900) + ring(1, "day", metres=1500))
    before, after = (
        check(qinghai, doors, replace(NOON, at=datetime(2026, 1, 15, hour, minute, tzinfo=SHANGHAI)))
        for hour, minute in ((11, 30), (11, 50))
    )
    assert [row.verdict for row in before.rows] == [Verdict.OPEN, Verdict.OPEN]
    assert [row.verdict for row in after.rows] == [Verdict.OPEN, Verdict.CLOSES_BEFORE_ARRIVAL]
    assert before.rows[0].station_id == after.rows[1].station_id


def test_where_nothing_is_open_a_telephone_puts_unknown_hours_first(qinghai: Session, operator: int) -> None:
    doors = store(
        qinghai,
        operator,
        [
            *ring(1, "unknown", metres=100),
            *ring(1, "unknown", metres=500, phone="0971-1"),
            *ring(1, "night", metres=900),
            *ring(1, "shut", metres=50),
        ],
    )
    found = check(qinghai, doors, NOON)
    assert found.nothing_open
    assert [round(row.distance_m or 0, -2) for row in found.rows] == [900, 500, 100, 0]


def test_instead_of_a_suspended_door_the_others_are_told_however_far(qinghai: Session, operator: int) -> None:
    doors = store(
        qinghai, operator, [Door(POOL["day"], *HERE, lifecycle="suspended"), Door(POOL["day"], 101.8, 36.6)]
    )
    code = qinghai.scalar(select(Station.code).where(Station.id == min(doors)))
    assert code is not None
    assert NOON.at is not None
    found = alternatives(qinghai, code, now=NOON.at)
    assert [row.station_id for row in found.rows] == [max(doors)]


def test_a_row_says_whether_anybody_ever_spoke_of_its_door(qinghai: Session, operator: int) -> None:
    doors = store(qinghai, operator, ring(2, "day", metres=300))
    quiet, spoken_of = sorted(doors)
    assert NOON.at is not None
    qinghai.execute(text("SELECT set_config('yz.commit', '', true)"))  # what follows is a commit of its own
    with acting(qinghai, actor_id(qinghai, PUBLIC), reason="said on the page"):
        qinghai.add(
            Report(
                station_id=spoken_of,
                choice="correct",
                made_at=NOON.at,
                received_at=NOON.at,
                client_id=uuid4(),
            )
        )
    found = find(qinghai, NOON, now=NOON.at)
    assert {row.station_id: row.spoken_of for row in found.rows} == {quiet: False, spoken_of: True}
    codes = [row.code for row in found.rows]
    assert [row.spoken_of for row in named(qinghai, codes, NOON, now=NOON.at)] == [False, True]
