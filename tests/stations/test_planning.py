"""Coverage runs over the small registry: whose people, which stations, at which hour; and what hangs on one door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from pyproj import CRS, Transformer
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.passing import Mode
from geo.spheroid import metres_between
from geo.streets import Network
from stations.errors import Invalid, NotFound
from stations.hours import SHANGHAI, Hours, parse_words
from stations.models import Place, Region, Station
from stations.planning import CoverageQuestion, Measured, measure
from stations.planning.people import census_cells
from stations.planning.ways import OnStreets
from stations.query import StationQuery
from stations.registry.areas import Areas
from stations.registry.registry import AmenityFact, add
from stations.registry.writing import acting
from stations.vocabulary import Basis, Value

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
NIGHT = NOON.replace(hour=3)
UTM = "EPSG:32647"
#: name: (lon, people, county), all at latitude 36.6. 630103 is of 630100 and has no count of its own.
PLACES = {
    "甲": (101.50, 1_000, "630102"),
    "乙": (101.55, None, "630102"),
    "丙": (101.70, None, "630103"),
    "丁": (101.75, None, "630103"),
    "戊": (101.90, None, "630202"),
    "己": (102.10, None, "630222"),
}
PEOPLE = {"630000": 30_000, "630100": 10_000, "630102": 4_000, "630200": 20_000, "630222": 5_000}


@pytest.fixture
def registry(qinghai: Session, operator: int) -> Session:
    """The squares with places, and people as a census knows them: some counties, all prefectures."""
    with acting(qinghai, operator, reason="places"):
        for code, people in PEOPLE.items():
            region = qinghai.get(Region, code)
            assert region is not None
            region.population = people
        for name, (lon, people, county) in PLACES.items():
            qinghai.add(
                Place(
                    source="test", source_id=name, names={"zh": name}, location=f"SRID=4326;POINT({lon} 36.6)",
                    population=people, region_code=county, credit="GeoNames, CC BY 4.0",
                )
            )  # fmt: skip
    return qinghai


@pytest.fixture
def stand(registry: Session, operator: int) -> Callable[..., Station]:
    """Put a station at a longitude."""

    def put(lon: float, **facts: Any) -> Station:
        with acting(registry, operator, reason="a station"):
            made = add(registry, names={"zh": f"驿站{lon}"}, **({"kind": "union_station"} | facts))
            made.location = f"SRID=4326;POINT({lon} 36.6)"  # type: ignore[assignment]
        return made

    return put


def ask(session: Session, **question: Any) -> Measured:
    return measure(session, CoverageQuestion(**({"size_m": 100.0} | question)), now=NOON)


def people_at(found: Measured, lon: float) -> float:
    return float(found.cells.weight[np.abs(found.lonlat[0] - lon) < 0.002].sum())


def test_the_people_of_a_census_are_spread_so_that_every_known_region_keeps_its_own(
    registry: Session,
) -> None:
    found = ask(registry)
    # 630102 keeps 4,000: 1,000 known, the rest to the other place. What is left of 630100 goes to its other county.
    assert people_at(found, 101.50) == pytest.approx(1_000)
    assert people_at(found, 101.55) == pytest.approx(3_000)
    assert people_at(found, 101.70) == pytest.approx(3_000)
    assert people_at(found, 101.90) == pytest.approx(15_000)
    assert people_at(found, 102.10) == pytest.approx(5_000)
    assert found.cells.weight.sum() == pytest.approx(30_000)
    assert found.basis["estimated_demand"] is True


def test_a_city_covers_the_land_that_its_people_are_planned_for(registry: Session, operator: int) -> None:
    with acting(registry, operator, reason="a city"):
        for region in registry.scalars(select(Region).where(Region.code.in_(["630000", "630200"]))):
            region.population = (region.population or 0) + 1_000_000
    found = ask(registry, size_m=500.0)
    lon, lat = found.lonlat
    inside = np.hypot((lon - 101.90) * 89_300, (lat - 36.6) * 111_000) < 6_300
    # 1,015,000 heads at 100 square metres each: a disc with a radius of 5.7 km, evenly.
    assert found.cells.weight[inside].sum() == pytest.approx(1_015_000)
    assert 380 < inside.sum() < 450
    assert found.cells.weight[inside].max() < 6_000
    assert found.cells.weight.sum() == pytest.approx(1_030_000)


def test_a_region_whose_people_have_no_place_gives_them_to_the_region_above(
    registry: Session, operator: int
) -> None:
    with acting(registry, operator, reason="a county without places"):
        for place in registry.query(Place).filter(Place.region_code == "630222"):
            registry.delete(place)
    cells = census_cells(registry, Areas.load(registry), crs=UTM, size_m=100.0)
    assert cells.weight.sum() == pytest.approx(30_000)


def test_people_within_each_limit_are_counted_by_county_and_prefecture(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.505)
    found = ask(registry)
    (straight,) = metres_between([101.505], [36.6], found.lonlat[0][:1], found.lonlat[1][:1])
    assert found.nearest.seconds[0] == pytest.approx(straight * 1.3 / 1.3, rel=1e-6)
    county = found.areas["county"].loc["630102"]
    assert (county["people"], county["people_300"], county["people_600"]) == (
        pytest.approx(4_000), 0, pytest.approx(1_000),
    )  # fmt: skip
    assert found.areas["prefecture"].loc["630200"]["people_1800"] == 0
    assert found.summary["share_main"] == pytest.approx(1_000 / 30_000)


def test_at_night_only_open_doors_count_and_the_clock_tells_every_hour(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.5, hours=Hours("Mo-Su 08:00-20:00"))
    stand(101.7, hours=Hours("24/7"))
    assert ask(registry, at=NOON).summary["people_900"] == pytest.approx(4_000)
    night = ask(registry, at=NIGHT, around_the_clock=True)
    assert night.summary["people_900"] == pytest.approx(3_000)
    assert night.hours["stations"].tolist() == [1] * 8 + [2] * 12 + [1] * 4
    assert night.hours["people_900"].tolist() == pytest.approx([3_000] * 8 + [4_000] * 12 + [3_000] * 4)
    county = {hour: found.areas["county"]["people_900"] for hour, found in night.clock.found.items()}
    assert county[0].to_dict() == pytest.approx({"630102": 0, "630103": 3_000, "630202": 0, "630222": 0})
    assert county[8]["630102"] == pytest.approx(1_000)
    assert night.hours["like"].tolist() == [0] * 8 + [8] * 12 + [0] * 4


def test_on_a_holiday_only_those_open_then_count(registry: Session, stand: Callable[..., Station]) -> None:
    stand(101.5, hours=parse_words("工作日 8:30-17:30", today=NOON.date()).hours)
    holiday = datetime(2026, 10, 5, 12, tzinfo=SHANGHAI)
    made_up = datetime(2026, 10, 10, 12, tzinfo=SHANGHAI)
    never = StationQuery.parse([("unknown", "exclude")])
    assert ask(registry, at=holiday, serving=never).summary["stations"] == 0
    assert ask(registry, at=made_up, serving=never).summary["stations"] == 1


def test_unknown_hours_count_only_where_the_question_lets_them(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.5)
    assert ask(registry, at=NIGHT).summary["stations"] == 1
    assert (
        ask(registry, at=NIGHT, serving=StationQuery.parse([("unknown", "exclude")])).summary["stations"] == 0
    )


def test_service_points_do_not_count_and_a_question_may_name_its_kinds(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.5, kind="care_pharmacy")
    stand(101.7, kind="rider_station")
    assert ask(registry).stations["lon"].tolist() == [101.7]
    named = StationQuery.parse([("kind", "care_pharmacy")])
    assert ask(registry, serving=named).stations["lon"].tolist() == [101.5]


def test_hot_food_within_reach_asks_for_a_microwave(registry: Session, stand: Callable[..., Station]) -> None:
    stand(101.5, amenities={"microwave": AmenityFact(Value.YES, Basis.LISTED)})
    stand(101.7, amenities={"microwave": AmenityFact(Value.NO, Basis.LISTED)})
    warm = ask(registry, serving=StationQuery.parse([("amenities", "microwave"), ("unknown", "exclude")]))
    assert warm.summary["people_900"] == pytest.approx(1_000)


def test_stations_beyond_the_border_of_the_region_count_too(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.905)
    found = ask(registry, region="630202")
    assert set(found.region) == {"630202"}
    assert found.summary["people_900"] == found.summary["people"] == pytest.approx(15_000)
    assert found.cells.outside == pytest.approx(15_000)
    stand(101.799)
    beyond = ask(registry, region="630202")
    assert beyond.summary["stations"] == 2


def test_what_closes_with_a_station_and_who_has_two_are_told(
    registry: Session, stand: Callable[..., Station]
) -> None:
    one, other = stand(101.5), stand(101.503)
    alone = stand(101.9)
    found = ask(registry)
    table = found.stations.set_index("code")
    assert table["people_only_here"].to_dict() == pytest.approx(
        {one.code: 0, other.code: 0, alone.code: 15_000}
    )
    assert table.loc[one.code]["people_within"] == pytest.approx(1_000)
    assert found.summary["people_twice"] == pytest.approx(1_000)


def test_gaps_are_ranked_by_people_with_their_nearest_station(
    registry: Session, stand: Callable[..., Station]
) -> None:
    near = stand(101.5)
    found = ask(registry)
    assert found.gaps["people"].tolist() == pytest.approx([15_000, 5_000, 3_000, 3_000, 3_000])
    assert found.gaps["region"].tolist()[:2] == ["630202", "630222"]
    assert set(found.gaps["nearest"]) == {near.code}
    assert (found.gaps["nearest_s"] > 900).all()


def test_one_station_more_never_lowers_any_number_of_people(
    registry: Session, stand: Callable[..., Station]
) -> None:
    before = None
    for lon in (101.52, 101.7, 101.55, 102.1):
        stand(lon)
        after = ask(registry).areas["county"]
        if before is not None:
            reached = [
                name for name in after.columns if str(name).startswith("people_") and "cut" not in str(name)
            ]
            assert (after[reached] >= before[reached] - 1e-9).all().all()
        before = after


def test_where_streets_are_loaded_minutes_follow_them(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.5)
    ends = Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform([101.5, 101.55], [36.6, 36.6])
    xy = np.column_stack(ends)
    length = np.hypot(*(xy[1:] - xy[:1]).T)
    one_way = np.array([np.inf])
    street = Network(
        Mode.WALK,
        CRS.from_user_input(UTM),
        xy,
        np.array([0]),
        np.array([1]),
        length,
        one_way,
        length / 10,
        "a street",
    )
    question = CoverageQuestion(size_m=100.0, region="630100")
    found = measure(registry, question, now=NOON, ways=OnStreets(street))
    assert found.basis["estimated_ways"] is False
    assert found.summary["people_600"] == pytest.approx(4_000)
    there = int(np.argmin(np.abs(found.lonlat[0] - 101.55)))
    assert found.nearest.seconds[there] == pytest.approx(length[0] / 10, abs=90)
    assert found.summary["people_cut_off"] == pytest.approx(6_000)


def test_a_region_or_a_layer_that_is_not_there_is_named(registry: Session) -> None:
    with pytest.raises(NotFound, match="'999999'"):
        ask(registry, region="999999")
    with pytest.raises(NotFound, match="'orders'"):
        ask(registry, layers=(("orders", 1.0),))


def test_without_any_people_the_question_is_refused(qinghai: Session) -> None:
    with pytest.raises(NotFound, match="bring a layer of demand"):
        ask(qinghai)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"limits_min": (15, 5)}, "ascending"),
        ({"limits_min": ()}, "ascending"),
        ({"main_min": 20}, "none of"),
        ({"size_m": 1.0}, "not between"),
        ({"layers": ()}, "layers"),
        ({"layers": (("census", float("nan")),)}, "factor"),
        ({"around_the_clock": True}, "which day"),
        ({"detour": 0.5}, "between 1 and 5"),
    ],
)
def test_a_question_without_sense_is_refused_before_anything_is_read(
    question: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        CoverageQuestion(**question)


def test_a_question_is_kept_and_read_back_the_same() -> None:
    asked = CoverageQuestion(
        region="630222", layers=(("census", 0.5),), size_m=250.0, mode=Mode.EBIKE, limits_min=(5, 15), at=NIGHT,
        around_the_clock=True, serving=StationQuery.parse([("kind", "rider_station"), ("unknown", "exclude")]), detour=1.4,
    )  # fmt: skip
    assert CoverageQuestion.of_dict(asked.as_dict()) == asked
    with pytest.raises(Invalid, match="no minutes"):
        CoverageQuestion.of_dict({"minutes": 3})
    with pytest.raises(Invalid, match="cannot be read"):
        CoverageQuestion.of_dict({"mode": "fly"})
