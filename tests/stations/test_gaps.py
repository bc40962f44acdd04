"""Coverage gaps over the small registry: places and people apart, unknown never zero, stations over the border."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qsl

import pytest
from sqlalchemy.orm import Session

from geo.errors import CoordinateError
from stations.hours import SHANGHAI, Hours
from stations.models import Place, Region, Station
from stations.query import StationQuery
from stations.registry import frames
from stations.registry.gaps import Gaps, Tally, gaps
from stations.registry.registry import AmenityFact, add
from stations.registry.writing import acting
from stations.vocabulary import Basis, Value

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
NIGHT = "open=now&at=2026-07-01T23:30"

#: name: (lon, population, county); all at latitude 36.6.
PLACES = {
    "甲": (101.50, 1_000, "630102"),
    "乙": (101.55, None, "630102"),
    "丙": (101.70, 200, "630103"),
    "丁": (101.81, None, "630202"),
}


@pytest.fixture
def registry(qinghai: Session, operator: int) -> Session:
    """The squares with four places; 630222 has none."""
    with acting(qinghai, operator, reason="places"):
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

    def put(lon: float | None, **facts: object) -> Station:
        with acting(registry, operator, reason="a station"):
            made = add(registry, names={"zh": f"驿站{lon}"}, **({"kind": "union_station"} | facts))  # type: ignore[arg-type]
            made.location = None if lon is None else f"SRID=4326;POINT({lon} 36.6)"  # type: ignore[assignment]
        return made

    return put


def ask(session: Session, words: str = "", radius_m: float = 5_000) -> Gaps:
    return gaps(session, StationQuery.parse(parse_qsl(words)), radius_m=radius_m, now=NOON)


def tally_of(found: Gaps, code: str) -> Tally:
    (area,) = [area for area in found.areas if area.code == code]
    return area.tally


def uncovered(found: Gaps) -> set[str]:
    return {place.names.get("zh", "?") for place in found.places if not place.covered}


def test_people_and_places_are_counted_apart_with_what_nobody_knows(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.50)
    found = ask(registry)
    assert uncovered(found) == {"丙", "丁"}
    assert tally_of(found, "630102") == Tally(2, 0, 1_000, 0, 1, 0, 4474)
    assert tally_of(found, "630103") == Tally(1, 1, 200, 200, 0, 0, 17895)
    assert found.totals == Tally(4, 2, 1_200, 200, 2, 1, 27737)


def test_a_county_where_no_population_is_known_has_unknown_people_and_not_none(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.50)
    tally = tally_of(ask(registry), "630202")
    assert (tally.people_known, tally.people_uncovered, tally.places_population_unknown) == (None, None, 1)


def test_a_county_without_any_place_is_listed(registry: Session) -> None:
    assert tally_of(ask(registry), "630222") == Tally()
    assert [area.code for area in ask(registry).areas] == ["630102", "630103", "630202", "630222"]


def test_without_a_station_every_place_is_uncovered_and_no_way_is_measured(registry: Session) -> None:
    found = ask(registry)
    assert uncovered(found) == set(PLACES)
    assert found.totals == Tally(4, 4, 1_200, 1_200, 2, 2, None)
    assert {place.nearest_m for place in found.places} == {None}
    assert found.basis.stations == 0


def test_a_station_over_the_border_covers_and_the_region_restricts_what_is_shown(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.79)
    found = ask(registry, "region=6302")
    assert [area.code for area in found.areas] == ["630202", "630222"]
    assert [(place.names["zh"], place.covered) for place in found.places] == [("丁", True)]
    assert found.totals.places == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "care_pharmacy"},
        {"lifecycle": "planned"},
        {"lifecycle": "suspended", "lifecycle_since": NOON.date(), "lifecycle_reason": "装修"},
        {"lifecycle": "closed", "lifecycle_since": NOON.date(), "lifecycle_reason": "撤销"},
        {"withdrawn_reason": "录入错误"},
    ],
)
def test_only_a_rest_station_in_service_covers(
    registry: Session, stand: Callable[..., Station], facts: dict[str, object]
) -> None:
    stand(101.50, **facts)
    found = ask(registry)
    assert (found.basis.stations, uncovered(found)) == (0, set(PLACES))


def test_an_unlocated_station_covers_nothing(registry: Session, stand: Callable[..., Station]) -> None:
    stand(None)
    assert ask(registry).basis.stations == 0


def test_at_night_only_stations_open_then_cover_and_unknown_hours_as_the_query_says(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.50, hours=Hours("24/7"))
    stand(101.70, hours=Hours("08:00-20:00"))
    stand(101.81, hours=Hours(None))
    assert uncovered(ask(registry)) == set()
    included = ask(registry, NIGHT)
    assert uncovered(included) == {"丙"}
    assert (included.basis.stations, included.basis.unknown) == (2, "include")
    assert included.basis.moment == datetime(2026, 7, 1, 23, 30, tzinfo=SHANGHAI)
    excluded = ask(registry, f"{NIGHT}&unknown=exclude")
    assert uncovered(excluded) == {"丙", "丁"}
    assert (excluded.basis.stations, excluded.basis.filters) == (1, f"{NIGHT}&unknown=exclude")


def test_what_a_worker_needs_counts_and_where_somebody_looks_does_not(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.50, amenities={"toilet": AmenityFact(Value.YES, Basis.OBSERVED)})
    stand(101.70, amenities={"toilet": AmenityFact(Value.NO, Basis.OBSERVED)})
    assert uncovered(ask(registry, "amenities=toilet")) == {"丙", "丁"}
    assert uncovered(
        ask(registry, "bbox=0,0,1,1&q=nowhere&near=1,1&within_m=5&limit=1&lifecycle=closed")
    ) == {"丁"}


def test_a_place_at_exactly_the_distance_is_covered(registry: Session, stand: Callable[..., Station]) -> None:
    stand(101.50)
    (exact,) = [place.nearest_m for place in ask(registry).places if place.names["zh"] == "乙"]
    assert exact is not None
    assert "乙" not in uncovered(ask(registry, radius_m=exact + 1))
    assert "乙" in uncovered(ask(registry, radius_m=exact - 1))


@pytest.mark.parametrize("radius_m", [-1.0, float("nan"), float("inf")])
def test_a_distance_that_is_none_is_an_error(registry: Session, radius_m: float) -> None:
    with pytest.raises(CoordinateError, match="radius"):
        ask(registry, radius_m=radius_m)


def test_the_answer_for_json_holds_the_uncovered_places_and_its_basis(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.50)
    body = json.loads(json.dumps(ask(registry).as_dict(), ensure_ascii=False, allow_nan=False))
    assert [place["name"] for place in body["places"]] == ["丁", "丙"]
    assert body["places"][0] == {
        "name": "丁",
        "lon": 101.81,
        "lat": 36.6,
        "region": "630202",
        "region_name": "乐都区",
        "population": None,
        "nearest_m": 27737,
        "covered": False,
    }
    assert body["basis"] == {
        "stations": 1,
        "filters": "",
        "unknown": "include",
        "places_source": "GeoNames, CC BY 4.0",
        "moment": "2026-07-01T12:00+08:00",
        "straight_line": True,
    }
    assert body["areas"][0]["places_population_unknown"] == 1
    assert len(ask(registry).as_dict(covered=True)["places"]) == 4


def test_a_place_in_no_region_is_in_the_totals_alone(
    registry: Session, operator: int, stand: Callable[..., Station]
) -> None:
    stand(101.50)
    with acting(registry, operator, reason="a place nowhere"):
        registry.add(
            Place(
                source="test",
                source_id="x",
                names={"en": "Nowhere"},
                location="SRID=4326;POINT(110 36.6)",
                population=7,
            )
        )
    found = ask(registry)
    assert (found.totals.places, found.totals.people_known) == (5, 1_207)
    body = found.as_dict()
    assert sum(area["places"] for area in body["areas"]) == 4
    assert (body["places"][0]["name"], body["places"][0]["region_name"]) == ("Nowhere", None)


def test_a_registry_without_places_has_no_gaps(qinghai: Session) -> None:
    body = ask(qinghai).as_dict()
    assert body["places"] == []
    assert {area["places"] for area in body["areas"]} == {0}
    assert body["totals"]["people_known"] is None


def test_a_prefecture_without_counties_is_an_area(registry: Session, operator: int) -> None:
    with acting(registry, operator, reason="a city without districts"):
        registry.add(Region(code="630300", level="prefecture", parent_code="630000", names={"zh": "无区市"}))
    assert "无区市" in {area.names["zh"] for area in ask(registry).areas}


def test_names_come_in_the_language_asked_where_they_are_known(registry: Session, operator: int) -> None:
    with acting(registry, operator, reason="a translation"):
        registry.get_one(Region, "630222").names = {"zh": "民和回族土族自治县", "en": "Minhe"}
    for body in (ask(registry).as_dict("en"), ask(registry, "lang=en").as_dict()):
        assert [area["name"] for area in body["areas"]][-2:] == ["乐都区", "Minhe"]


def test_two_thousand_stations_are_all_counted(
    registry: Session, operator: int, stand: Callable[..., Station]
) -> None:
    stand(101.50)
    with acting(registry, operator, reason="many"):
        registry.add_all(
            Station(
                names={"zh": f"驿站{n}"},
                kind="union_station",
                location=f"SRID=4326;POINT({101.4 + n * 4e-4} 36.7)",
            )
            for n in range(2_000)
        )
    found = ask(registry)
    assert found.basis.stations == 2_001


def test_frames_carry_stations_places_and_areas_to_the_spatial_science(
    registry: Session, stand: Callable[..., Station]
) -> None:
    stand(101.50)
    stand(None)
    stand(101.70, kind="care_clinic")
    stations = frames.stations(registry, StationQuery.parse([("class", "rest")]))
    assert stations["name"].tolist() == ["驿站101.5"]
    assert stations.geometry.x.tolist() == [101.5]
    places = frames.places(registry, within=["630100"])
    assert places["name"].tolist() == ["甲", "乙", "丙"]
    assert places["population"].isna().tolist() == [False, True, False]
    areas = frames.areas(registry, level="county")
    assert areas["code"].tolist() == ["630102", "630103", "630202", "630222"]
    assert {frame.crs.to_epsg() for frame in (stations, places, areas)} == {4326}
    assert len(frames.stations(registry, StationQuery.parse([("q", "没有这个")]))) == 0
