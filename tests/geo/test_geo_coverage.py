"""Distances to the nearest station and the gaps they leave, against hand work and brute force."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.coverage import distance_to_nearest, gaps
from geo.errors import CoordinateError

GEOD = Geod(ellps="WGS84")
NOWHERE: tuple[list[float], list[float]] = ([], [])

somewhere = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
qinghai = st.tuples(st.floats(89, 104), st.floats(31, 40))


def split(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def brute(points: list[tuple[float, float]], stations: list[tuple[float, float]]) -> list[float]:
    return [
        min((GEOD.inv(*point, *station)[2] for station in stations), default=math.inf) for point in points
    ]


@settings(deadline=None)
@given(
    st.lists(qinghai, max_size=8) | st.lists(somewhere, max_size=8),
    st.lists(qinghai, max_size=30) | st.lists(somewhere, max_size=30),
)
def test_the_nearest_by_the_tree_is_the_nearest_of_all(
    points: list[tuple[float, float]], stations: list[tuple[float, float]]
) -> None:
    got = distance_to_nearest(split(points), split(stations))
    np.testing.assert_allclose(got, brute(points, stations), rtol=1e-12, atol=1e-6)


@settings(deadline=None)
@given(qinghai, st.floats(10, 200_000), st.lists(st.floats(-179, 179), min_size=9, max_size=20, unique=True))
def test_a_ring_of_stations_equally_far_stays_within_the_stated_error(
    centre: tuple[float, float], radius: float, bearings: list[float]
) -> None:
    count = len(bearings)
    lon, lat, _ = GEOD.fwd([centre[0]] * count, [centre[1]] * count, bearings, [radius] * count)
    got = distance_to_nearest(([centre[0]], [centre[1]]), (lon, lat))[0]
    assert abs(got - radius) <= radius * (radius / 6_371_000) ** 2 / 100 + 1e-6


def test_a_degree_on_the_equator_is_the_length_that_wgs84_defines() -> None:
    got = distance_to_nearest(([101.0], [0.0]), ([100.0], [0.0]))
    assert got[0] == pytest.approx(6_378_137 * math.pi / 180, abs=1e-6)


def test_the_way_over_the_antimeridian_counts() -> None:
    assert distance_to_nearest(([179.9], [0.0]), ([-179.9, 0.0], [0.0, 0.0]))[0] < 23_000


def test_a_thousand_stations_at_one_address_hide_no_other() -> None:
    crowd = [(102.0, 36.0)] * 1000 + [(102.0001, 36.0)]
    point = (102.00006, 36.0)
    assert distance_to_nearest(split([point]), split(crowd))[0] == pytest.approx(
        brute([point], crowd)[0], abs=1e-6
    )


def test_without_stations_every_distance_is_infinite_and_without_points_there_is_none() -> None:
    assert distance_to_nearest(([102.0], [36.0]), NOWHERE).tolist() == [math.inf]
    assert distance_to_nearest(NOWHERE, ([102.0], [36.0])).shape == (0,)


@pytest.mark.parametrize(
    ("points", "stations", "says"),
    [
        (([math.nan], [36.0]), NOWHERE, r"points\[0\]"),
        (([102.0], [36.0]), ([102.0, 102.0], [36.0, math.nan]), r"stations\[1\]"),
        (([36.0], [102.0]), NOWHERE, r"\(36.0, 102.0\)"),
        (([math.inf], [36.0]), NOWHERE, "inf"),
        (([1.0, 2.0], [1.0]), NOWHERE, "as many"),
        ((1.0, 2.0), NOWHERE, "as many"),
    ],
)
def test_coordinates_that_cannot_be_measured_are_refused(points: Any, stations: Any, says: str) -> None:
    with pytest.raises(CoordinateError, match=says):
        distance_to_nearest(points, stations)


def demand() -> pd.DataFrame:
    # On the equator a hundredth of a degree of longitude is 1,113.19 m.
    return pd.DataFrame(
        {
            "name": list("abcdef"),
            "lon": [0.00, 0.01, 0.02, 0.03, 1.00, 2.00],
            "lat": 0.0,
            "population": [100.0, 50.0, math.nan, 7.0, math.nan, 3.0],
            "area": ["甲", "甲", "甲", "甲", "乙", None],
        },
        index=[10, 11, 12, 13, 14, 15],
    )


def test_gaps_count_places_and_people_apart_by_hand() -> None:
    areas, places = gaps(demand(), ([0.0], [0.0]), radius_m=1_200)
    assert places["covered"].tolist() == [True, True, False, False, False, False]
    assert places.index.tolist() == [10, 11, 12, 13, 14, 15]
    assert places["nearest_m"].tolist() == pytest.approx(
        [x * 111_319.4908 for x in demand()["lon"]], abs=0.01
    )
    assert areas.index.tolist()[:2] == ["乙", "甲"]
    assert areas.loc["甲"].to_dict() == {
        "places": 4,
        "places_uncovered": 2,
        "people_known": 157,
        "people_uncovered": 7,
        "places_population_unknown": 1,
        "places_uncovered_population_unknown": 1,
        "farthest_m": pytest.approx(3_339.58, abs=0.01),
    }


def test_where_no_population_is_known_people_are_unknown_and_not_zero() -> None:
    areas, _ = gaps(demand(), ([0.0], [0.0]), radius_m=1_200)
    assert math.isnan(areas.loc["乙", "people_known"])
    assert math.isnan(areas.loc["乙", "people_uncovered"])
    assert areas.loc["乙", "places_population_unknown"] == areas.loc["乙", "places"] == 1


def test_places_without_an_area_are_counted_in_a_row_of_their_own() -> None:
    areas, _ = gaps(demand(), ([0.0], [0.0]), radius_m=1_200)
    nameless = areas[areas.index.isna()]
    assert nameless["people_uncovered"].tolist() == [3]
    assert areas["places"].sum() == 6


def test_a_known_population_of_zero_is_known() -> None:
    frame = demand().assign(population=0.0)
    areas, _ = gaps(frame, NOWHERE, radius_m=1_200)
    assert areas["people_known"].tolist() == [0, 0, 0]
    assert areas["places_population_unknown"].sum() == 0


def test_the_radius_includes_its_boundary() -> None:
    edge = distance_to_nearest(([0.01], [0.0]), ([0.0], [0.0]))[0]
    frame = demand().iloc[[1]]
    assert gaps(frame, ([0.0], [0.0]), radius_m=edge).places["covered"].tolist() == [True]
    assert gaps(frame, ([0.0], [0.0]), radius_m=np.nextafter(edge, 0)).places["covered"].tolist() == [False]


def test_without_stations_everything_is_uncovered_and_infinitely_far() -> None:
    areas, places = gaps(demand(), NOWHERE, radius_m=1e9)
    assert not places["covered"].any()
    assert (areas["places_uncovered"] == areas["places"]).all()
    assert np.isinf(areas["farthest_m"]).all()


def test_no_demand_gives_empty_tables_of_the_same_columns() -> None:
    areas, places = gaps(demand().iloc[:0], ([0.0], [0.0]), radius_m=1)
    full = gaps(demand(), ([0.0], [0.0]), radius_m=1)
    assert areas.empty
    assert places.empty
    assert list(areas.columns) == list(full.areas.columns)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            qinghai, st.none() | st.integers(0, 10**6), st.sampled_from(["630102", "630222", "632801"])
        ),
        min_size=1,
        max_size=20,
    ),
    st.lists(qinghai, max_size=6),
    st.floats(0, 300_000),
)
def test_gaps_are_what_counting_row_by_row_gives(
    rows: list[tuple[tuple[float, float], int | None, str]],
    stations: list[tuple[float, float]],
    radius: float,
) -> None:
    points = [point for point, _, _ in rows]
    lon, lat = split(points)
    frame = pd.DataFrame(
        {
            "lon": lon,
            "lat": lat,
            "population": [math.nan if people is None else people for _, people, _ in rows],
            "area": [area for _, _, area in rows],
        }
    )
    areas, places = gaps(frame, split(stations), radius_m=radius)
    nearest = brute(points, stations)
    if any(abs(metres - radius) < 1e-5 for metres in nearest):
        return
    for code in sorted({area for _, _, area in rows}):
        mine = [
            (people, far > radius)
            for (_, people, area), far in zip(rows, nearest, strict=True)
            if area == code
        ]
        known = [people for people, _ in mine if people is not None]
        got = areas.loc[code]
        assert got["places"] == len(mine)
        assert got["places_uncovered"] == sum(far for _, far in mine)
        assert got["places_population_unknown"] == len(mine) - len(known)
        if known:
            assert got["people_known"] == sum(known)
            assert got["people_uncovered"] == sum(people or 0 for people, far in mine if far)
        else:
            assert math.isnan(got["people_known"])
            assert math.isnan(got["people_uncovered"])
    assert places["covered"].tolist() == [metres <= radius for metres in nearest]


@pytest.mark.parametrize("radius", [-1.0, math.nan, math.inf])
def test_a_radius_that_is_none_is_refused(radius: float) -> None:
    with pytest.raises(CoordinateError, match="radius"):
        gaps(demand(), NOWHERE, radius_m=radius)


def test_a_negative_population_and_a_missing_column_are_refused() -> None:
    with pytest.raises(CoordinateError, match="row 13 has -7"):
        gaps(demand().assign(population=[1, 1, 1, -7, 1, 1]), NOWHERE, radius_m=1)
    with pytest.raises(CoordinateError, match=r"\['area'\]"):
        gaps(demand().drop(columns="area"), NOWHERE, radius_m=1)
