"""What stations do for people: what they offer, how they share seats, how much they are used, and what an hour changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from geoalchemy2.shape import from_shape
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, box
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from geo.reach import Pairs
from stations.errors import Invalid
from stations.hours import SHANGHAI, Hours
from stations.models import Place, Region, Station, Visits
from stations.planning import CoverageQuestion, Measured, measure
from stations.planning.serving import AMENITIES, offers, scores, told
from stations.planning.use import judged, use
from stations.query import StationQuery
from stations.registry.registry import AmenityFact, add
from stations.registry.writing import acting
from stations.vocabulary import Basis, Value

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
#: 1,000 people in each of three places far apart, all at latitude 36.6.
PLACES = {"630102": 101.5, "630103": 101.7, "630222": 102.1}
YES, NO = (AmenityFact(value, Basis.LISTED) for value in (Value.YES, Value.NO))


@pytest.fixture
def registry(qinghai: Session, operator: int) -> Session:
    with acting(qinghai, operator, reason="places"):
        for code, lon in PLACES.items():
            region = qinghai.get(Region, code)
            assert region is not None
            region.population = 1_000
            qinghai.add(
                Place(
                    source="test", source_id=code, names={"zh": code}, region_code=code, credit="test",
                    location=f"SRID=4326;POINT({lon} 36.6)",
                )
            )  # fmt: skip
    return qinghai


Stand = Callable[..., Station]


@pytest.fixture
def stand(registry: Session, operator: int) -> Stand:
    """Put a station at a longitude."""

    def put(lon: float, **facts: Any) -> Station:
        with acting(registry, operator, reason="a station"):
            made = add(registry, names={"zh": f"驿站{lon}"}, **({"kind": "union_station"} | facts))
            made.location = f"SRID=4326;POINT({lon} 36.6)"  # type: ignore[assignment]
        return made

    return put


Visit = Callable[..., None]


@pytest.fixture
def visited(registry: Session, operator: int) -> Visit:
    """Note visits to a station."""

    def note(station: Station, begin: date, end: date, visits: int, **facts: Any) -> None:
        with acting(registry, operator, reason="visits"):
            registry.add(Visits(station_id=station.id, period=Range(begin, end), visits=visits, **facts))

    return note


def ask(session: Session, **question: Any) -> Measured:
    return measure(session, CoverageQuestion(**({"size_m": 100.0} | question)), now=NOON)


def test_hot_food_is_told_as_yes_unknown_and_no_in_one_run(registry: Session, stand: Stand) -> None:
    stand(101.5, amenities={"microwave": YES})
    stand(101.501, amenities={"microwave": NO})
    stand(101.7)
    stand(102.1, amenities={"microwave": NO, "toilet": YES})
    found = ask(registry)
    people = {name: found.summary[f"{name}_microwave"] for name in ("with", "perhaps", "without")}
    assert people == pytest.approx({"with": 1_000, "perhaps": 1_000, "without": 1_000})
    assert found.summary["with_toilet"] == pytest.approx(1_000)
    county = found.areas["county"]["with_microwave"]
    assert county.to_dict() == pytest.approx({"630102": 1_000, "630103": 0, "630222": 0})
    assert found.areas["province"]["with_microwave"].tolist() == pytest.approx([1_000])


def test_yes_unknown_and_no_add_up_to_who_reaches_a_station(registry: Session, stand: Stand) -> None:
    stand(101.5, amenities={"microwave": YES, "toilet": NO})
    stand(101.7, amenities={"toilet": YES})
    summary = ask(registry).summary
    for amenity in AMENITIES:
        three = (summary[f"{name}_{amenity}"] for name in ("with", "perhaps", "without"))
        assert sum(three) == pytest.approx(2_000), amenity


def test_what_is_asked_of_stations_narrows_who_offers_anything(registry: Session, stand: Stand) -> None:
    stand(101.5, amenities={"microwave": YES, "toilet": YES})
    stand(101.7, amenities={"toilet": YES})
    asked = StationQuery.parse([("amenities", "microwave"), ("unknown", "exclude")])
    assert ask(registry).summary["with_toilet"] == pytest.approx(2_000)
    assert ask(registry, serving=asked).summary["with_toilet"] == pytest.approx(1_000)


@given(st.integers(0, 2**32 - 1))
def test_one_station_more_never_takes_an_amenity_from_anybody(seed: int) -> None:
    random = np.random.default_rng(seed)
    weight = random.uniform(0, 9, 30)

    def people(stations: int) -> dict[str, float]:
        rows = [np.flatnonzero(reach[row]) for row in range(stations)]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        pairs = Pairs(starts, np.concatenate(rows), np.zeros(starts[-1]))
        offer = offers(pairs, table.head(stations), len(weight))
        return told(offer, weight, np.asarray(reach[:stations].any(axis=0)))

    reach = random.random((6, 30)) < 0.2
    known = [random.choice(AMENITIES, size=(2, 4), replace=False) for _ in range(6)]
    table = pd.DataFrame({"has": [row[0] for row in known], "lacks": [row[1] for row in known]})
    for stations in range(1, 6):
        before, after = people(stations), people(stations + 1)
        assert all(after[name] >= before[name] - 1e-9 for name in before if name.startswith("with_"))


def test_nearer_seats_count_more_in_the_enhanced_score_and_the_same_in_the_plain_one() -> None:
    # One station of 10 seats; a cell of 10 people in each third of the limit.
    pairs = Pairs(np.array([0, 3]), np.arange(3), np.array([100.0, 500.0, 900.0]))
    found = scores(pairs, np.full(3, 10.0), [10.0], limit_s=900.0)
    assert found["score"].tolist() == pytest.approx([1 / 3] * 3)
    shared = 10 / (10 * 1.0 + 10 * 0.68 + 10 * 0.22)
    assert found["enhanced"].tolist() == pytest.approx([shared, 0.68 * shared, 0.22 * shared])
    # Every seat is handed out once either way.
    assert (found["score"] * 10).sum() == pytest.approx(10)
    assert (found["enhanced"] * 10).sum() == pytest.approx(10)


def test_seats_of_an_area_are_those_of_its_people_on_the_average(registry: Session, stand: Stand) -> None:
    stand(101.5, capacity=20)
    found = ask(registry)
    assert found.areas["county"]["score"].to_dict() == pytest.approx(
        {"630102": 0.02, "630103": 0, "630222": 0}
    )
    assert found.areas["province"]["score"].tolist() == pytest.approx([0.02 / 3])
    assert found.summary["mean_score"] == pytest.approx(0.02 / 3)
    assert found.summary["gini_score"] == pytest.approx(2 / 3)


def test_who_has_two_stations_is_told_by_area(registry: Session, stand: Stand) -> None:
    stand(101.5), stand(101.501), stand(101.7)
    found = ask(registry)
    assert found.areas["county"]["people_twice"].to_dict() == pytest.approx(
        {"630102": 1_000, "630103": 0, "630222": 0}
    )
    assert found.summary["people_twice"] == pytest.approx(1_000)


def test_a_longer_limit_never_lowers_any_number_of_people(registry: Session, stand: Stand) -> None:
    stand(101.505, amenities={"microwave": YES}), stand(101.51), stand(101.72)
    before: Measured | None = None
    for main in (5, 10, 15, 30):
        after = ask(registry, main_min=main)
        if before is not None:
            for name in ("people_twice", "with_microwave", "share_main"):
                assert after.summary[name] >= before.summary[name]
        before = after


def test_use_is_what_was_counted_within_a_year_and_nothing_counts_twice(
    registry: Session, stand: Stand, visited: Visit
) -> None:
    busy, quiet, split = stand(101.5), stand(101.7), stand(102.1)
    visited(busy, date(2026, 1, 1), date(2026, 2, 1), 310)
    visited(busy, date(2026, 2, 1), date(2026, 3, 1), 280, at_least=True)
    # A week of the same month, and a month of two years ago.
    visited(busy, date(2026, 1, 5), date(2026, 1, 12), 70)
    visited(busy, date(2024, 1, 1), date(2024, 2, 1), 9_999)
    # A month as a whole and by occupation; another by occupation alone.
    visited(split, date(2026, 4, 1), date(2026, 5, 1), 50)
    visited(split, date(2026, 4, 1), date(2026, 5, 1), 30, occupation="骑手")
    visited(split, date(2026, 5, 1), date(2026, 6, 1), 20, occupation="骑手")
    visited(split, date(2026, 5, 1), date(2026, 6, 1), 11, occupation="环卫工")
    # A year that goes on has no rate yet.
    visited(quiet, date(2026, 1, 1), date(2027, 1, 1), 40)
    found = use(registry, now=NOON)[["visits", "days", "until", "at_least"]].T.to_dict()
    assert found == {
        busy.code: {"visits": 590, "days": 59, "until": "2026-02-28", "at_least": True},
        split.code: {"visits": 81, "days": 61, "until": "2026-05-31", "at_least": False},
    }


def test_little_use_is_told_beside_one_s_like_and_too_much_beside_one_s_seats(
    registry: Session, stand: Stand, visited: Visit
) -> None:
    march = (date(2026, 3, 1), date(2026, 4, 1))
    full, usual, empty = (
        stand(at, capacity=seats) for at, seats in ((101.5, 4), (101.51, None), (101.52, 4))
    )
    rough = stand(101.53)
    for station, visits in ((full, 31 * 25), (usual, 31 * 20), (empty, 31 * 2)):
        visited(station, *march, visits)
    visited(rough, *march, 31, at_least=True)
    found = use(registry, now=NOON).T.to_dict()
    marks = {
        station.code: judged(
            row["visits"] / row["days"], usual=row["usual"], seats=row["seats"], at_least=row["at_least"]
        )
        for station in (full, usual, empty, rough)
        for row in [found[station.code]]
    }
    # The median of its like is 11 a day; of whom more came than were counted nobody can say that few came.
    assert found[empty.code]["usual"] == 11
    assert marks == {full.code: "over", usual.code: None, empty.code: "little", rough.code: None}
    assert judged(None, usual=10, seats=4, at_least=False) is None
    assert judged(0.5, usual=None, seats=None, at_least=False) is None


def test_a_station_without_visits_is_unknown_and_not_unused(
    registry: Session, stand: Stand, visited: Visit
) -> None:
    counted, unknown, empty = stand(101.5), stand(101.7), stand(102.1)
    visited(counted, date(2026, 6, 1), date(2026, 7, 1), 300)
    visited(empty, date(2026, 6, 1), date(2026, 7, 1), 0)
    found = ask(registry)
    table = found.stations.set_index("code")
    assert table["visits"].to_dict() == {counted.code: 300, unknown.code: None, empty.code: 0}
    assert found.summary["stations_used"] == 2


def test_an_hour_has_its_own_areas_gaps_and_cells(registry: Session, stand: Stand) -> None:
    stand(101.5, hours=Hours("Mo-Su 08:00-20:00"), amenities={"microwave": YES})
    stand(101.7, hours=Hours("24/7"))
    found = ask(registry, at=NOON, around_the_clock=True)
    day, night = found.clock.found[8], found.clock.found[0]
    assert set(found.clock.found) == {0, 8}
    for level in ("province", "prefecture", "county"):
        assert day.areas[level]["people_900"].sum() == pytest.approx(2_000)
        assert night.areas[level]["people_900"].sum() == pytest.approx(1_000)
    assert night.areas["county"]["with_microwave"].sum() == 0
    assert day.areas["county"]["with_microwave"]["630102"] == pytest.approx(1_000)
    assert night.gaps["region"].tolist() == ["630102", "630222"]
    assert day.gaps["region"].tolist() == ["630222"]
    assert (night.within >= 3).sum() == 2
    assert (day.within >= 3).sum() == 1
    hours = found.clock.stations.set_index("lon")["hours"]
    assert hours[101.5] == sum(1 << hour for hour in range(8, 20))
    assert hours[101.7] == (1 << 24) - 1


def test_without_any_station_everybody_is_beyond_and_nothing_fails(registry: Session) -> None:
    found = ask(registry, at=NOON, around_the_clock=True)
    assert found.summary["stations"] == 0
    assert found.summary["people_1800"] == 0
    assert found.summary["with_microwave"] == 0
    assert found.gaps["people"].sum() == pytest.approx(3_000)
    assert found.gaps["nearest"].tolist() == [None] * 3
    assert set(found.clock.found) == {0}
    assert len(found.clock.stations) == 0


def test_a_region_in_which_nobody_lives_is_refused_with_what_to_do(registry: Session) -> None:
    with pytest.raises(Invalid, match="choose another region") as refused:
        ask(registry, region="630202")
    assert refused.value.field == "region"


def test_townships_are_counted_where_their_outlines_are_known_by_moment_and_hour(
    registry: Session, stand: Stand, operator: int
) -> None:
    with acting(registry, operator, reason="a township"):
        registry.add(
            Region(
                code="630222100", parent_code="630222", level="township", names={"zh": "川口镇"},
                geom=from_shape(MultiPolygon([box(102.05, 36.55, 102.15, 36.65)]), srid=4326),
            )
        )  # fmt: skip
        registry.flush()
    stand(102.1, hours=Hours("Mo-Su 08:00-20:00"))
    found = ask(registry, at=NOON, around_the_clock=True)
    township = found.areas["township"]
    assert township.loc["630222100"]["people_900"] == pytest.approx(1_000)
    # Whoever lives in no known township is counted under none, so that the table adds up to all.
    assert township["people"].sum() == pytest.approx(3_000)
    assert found.areas["county"].loc["630222"]["people_900"] == pytest.approx(1_000)
    assert found.clock.found[0].areas["township"].loc["630222100"]["people_900"] == 0
    assert found.clock.found[8].areas["township"].loc["630222100"]["people_900"] == pytest.approx(1_000)
