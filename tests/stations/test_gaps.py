"""Coverage gaps of a registry: which stations cover, which counties are reported, and what nobody knows."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.mainland import Mainland
from stations.hours import Hours
from stations.models import Place, RegistryInfo
from stations.query import StationQuery
from stations.registry import registry
from stations.registry.gaps import gaps
from stations.registry.writing import acting


def place(name: str, lon: float, lat: float, population: int | None, region: str | None) -> Place:
    return Place(
        source="test",
        source_id=name,
        names={"zh": name, "en": name.upper()},
        location=f"SRID=4326;POINT({lon} {lat})",
        population=population,
        region_code=region,
        credit="GeoNames, CC BY 4.0",
    )


def put(session: Session, name: str, lon: float, *, kind: str = "union_station", **facts: object) -> None:
    made = registry.add(session, names={"zh": name}, kind=kind, region_code="630102", **facts)  # type: ignore[arg-type]
    mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))
    registry.locate(session, made, lon, 36.6, datum=Datum.WGS84, mainland=mask)


@pytest.fixture
def filled(qinghai: Session, operator: int) -> Session:
    """Places 9 km apart along a line; one rest station in service, at the first."""
    with acting(qinghai, operator, reason="test"):
        for entry in (
            place("near", 101.50, 36.6, 1000, "630102"),
            place("far", 101.60, 36.6, 200, "630102"),
            place("uncounted", 101.59, 36.61, None, "630102"),
            place("nobody knows", 101.70, 36.6, None, "630103"),
            place("outside", 103.00, 36.6, 5, None),
        ):
            qinghai.add(entry)
        put(qinghai, "运营站", 101.50, hours=Hours("24/7"), amenities={"toilet": registry.AmenityFact()})
        put(qinghai, "维权中心", 101.60, kind="rights_centre")
        put(
            qinghai, "装修站", 101.70, lifecycle="suspended", lifecycle_since=date(2026, 1, 1),
            lifecycle_reason="装修",
        )  # fmt: skip
    return qinghai


def by_code(session: Session, query: str = "", radius_m: float = 5000) -> dict[str | None, dict[str, object]]:
    items = [tuple(part.split("=")) for part in query.split("&") if part]
    report = gaps(session, StationQuery.parse(items), radius_m=radius_m)  # type: ignore[arg-type]
    return {area["code"]: area for area in report.as_dict()["areas"]}


def test_a_county_tells_places_and_people_and_the_places_whose_people_nobody_knows(filled: Session) -> None:
    assert by_code(filled)["630102"] == {
        "code": "630102",
        "name": "城东区",
        "places": 3,
        "places_uncovered": 2,
        "places_population_unknown": 1,
        "people_known": 1200,
        "people_uncovered": 200,
        "farthest_m": pytest.approx(8950, abs=20),
    }


def test_people_that_nobody_counted_are_unknown_and_never_zero(filled: Session) -> None:
    county = by_code(filled)["630103"]
    assert (county["places"], county["places_uncovered"], county["places_population_unknown"]) == (1, 1, 1)
    assert (county["people_known"], county["people_uncovered"]) == (None, None)


def test_a_county_without_places_is_reported_as_none_of_none(filled: Session) -> None:
    county = by_code(filled)["630222"]
    assert (county["places"], county["places_uncovered"], county["farthest_m"]) == (0, 0, None)
    assert county["people_known"] is None


def test_places_in_no_county_stand_in_a_row_of_their_own(filled: Session) -> None:
    assert by_code(filled)[None]["places_uncovered"] == 1
    assert by_code(filled)[None]["name"] is None


def test_neither_service_points_nor_suspended_stations_cover(filled: Session) -> None:
    report = gaps(filled, StationQuery(lifecycle=("suspended",)), radius_m=5000)
    assert report.stations == 1
    assert [entry["name"] for entry in report.as_dict("en")["places"]] == [
        "OUTSIDE", "NOBODY KNOWS", "FAR", "UNCOUNTED",
    ]  # fmt: skip


def test_the_totals_are_those_of_all_places(filled: Session) -> None:
    assert gaps(filled, StationQuery(), radius_m=5000).as_dict()["totals"] == {
        "places": 5,
        "places_uncovered": 4,
        "places_population_unknown": 2,
        "people_known": 1205,
        "people_uncovered": 205,
        "farthest_m": pytest.approx(134_300, abs=200),
    }


def test_the_query_chooses_which_stations_count_as_cover(filled: Session) -> None:
    assert by_code(filled, "amenities=toilet")["630102"]["places_uncovered"] == 2
    assert by_code(filled, "amenities=microwave&unknown=exclude")["630102"]["places_uncovered"] == 3


def test_a_region_chooses_the_counties_reported_and_not_the_stations_that_cover(filled: Session) -> None:
    assert list(by_code(filled, "region=630103")) == ["630103"]
    assert by_code(filled, "region=630103", radius_m=20_000)["630103"]["places_uncovered"] == 0


def test_without_any_station_every_place_is_uncovered_and_no_distance_is_known(filled: Session) -> None:
    body = gaps(filled, StationQuery(kinds=("workers_harbour",)), radius_m=5000).as_dict()
    assert body["basis"] == {"stations": 0, "places_source": "GeoNames, CC BY 4.0"}
    assert body["totals"]["places_uncovered"] == 5
    assert body["totals"]["farthest_m"] is None
    assert {entry["nearest_m"] for entry in body["places"]} == {None}


def test_a_registry_without_places_has_no_gaps(qinghai: Session) -> None:
    body = gaps(qinghai, StationQuery(), radius_m=5000).as_dict()
    assert body["places"] == []
    assert {area["places"] for area in body["areas"]} == {0}
    assert body["totals"]["people_known"] is None
