"""Tables as questions of siting: what stands is counted, what is wrong is named with its row, both entries agree."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString

from geo.coverage.estimate import StraightLine
from geo.errors import CrsError, SitingError
from geo.siting import Cover, Limits, MaximalCover, Rules, Status, solve_maximal
from geo.siting.asking import solve
from geo.siting.frames import Asked, of_frames

WALK = StraightLine(1.3, 1.3)
#: A degree of longitude at 36.6 degrees north is about 89.5 km: 0.01 are 895 m.
LON = 101.78


def points(*offsets: float, **columns: Any) -> gpd.GeoDataFrame:
    lon = [LON + offset for offset in offsets]
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(lon, [36.6] * len(lon)), crs="EPSG:4326")


def asked(**changed: Any) -> Asked:
    given: dict[str, Any] = {
        "demand": points(0.0, 0.01, 0.02, 0.03, weight=[10, 20, 30, 40], night=[0, 0, 100, 0]),
        "candidates": points(0.0, 0.01, 0.02, 0.03, cost=[1, 1, 1, 1], area=["a", "a", "b", "b"]),
        "travel": WALK,
        "limit_s": 900.0,
        "count": 1,
    }
    given.update(changed)
    return of_frames(given.pop("demand"), given.pop("candidates"), given.pop("travel"), **given)


def solved(question: Asked) -> list[int]:
    asked = MaximalCover.of(question.cover, question.weight, question.rules, already=question.already > 0)
    found = solve_maximal(asked, Limits(seconds=20))
    assert found.status is Status.OPTIMAL
    return sorted(found.sites.tolist())


def test_a_limit_reaches_the_neighbour_and_not_the_one_beyond() -> None:
    question = asked()
    assert [question.cover.row(site).tolist() for site in range(4)] == [[0, 1], [0, 1, 2], [1, 2, 3], [2, 3]]
    assert question.seconds == pytest.approx([0, 895, 895, 0, 895, 895, 0, 895, 895, 0], abs=2)
    assert solved(question) == [2]


def test_what_stands_already_needs_no_site() -> None:
    question = asked(existing=points(0.03))
    assert question.already.tolist() == [0, 0, 1, 1]
    assert solved(question) in ([0], [1])


def test_layers_add_up_with_their_factors() -> None:
    question = asked(layers={"weight": 0.5, "night": 2.0})
    assert question.weight.tolist() == [5, 10, 215, 20]


def test_floors_and_spacing_come_from_columns_and_metres() -> None:
    question = asked(count=2, floors={"a": 1, "b": 1}, spacing_m=1_000.0)
    assert [(each.name, each.sites.tolist(), each.least) for each in question.rules.floors] == [
        ("a", [0, 1], 1),
        ("b", [2, 3], 1),
    ]
    assert question.rules.apart.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert solved(question) in ([0, 2], [0, 3], [1, 3])


def test_no_site_stands_closer_to_an_existing_station_than_the_spacing() -> None:
    question = asked(existing=points(0.019), spacing_m=500.0)
    assert question.rules.must_not.tolist() == [2]
    # A column of pandas may not be written to: what it bars and what the spacing bars is a column of our own.
    barred = asked(
        existing=points(0.019), spacing_m=500.0,
        candidates=points(0.0, 0.01, 0.02, must_not=[True, False, False]),
    )  # fmt: skip
    assert barred.rules.must_not.tolist() == [0, 2]
    with pytest.raises(SitingError, match="candidate 2 is must and stands closer than 500 m"):
        asked(
            existing=points(0.019), spacing_m=500.0,
            candidates=points(0.0, 0.01, 0.02, must=[False, False, True]),
        )  # fmt: skip


def test_tables_ask_each_of_the_six_questions_as_counted_by_hand() -> None:
    question = asked(existing=points(0.03))
    assert question.standing_s == pytest.approx([np.inf, np.inf, 895, 0], abs=2)
    found = {
        "most": solve(question.maximal()),
        "fewest": solve(question.least()),
        "twice": solve(question.backup()),
        "room": solve(question.capacitated([25, 5, 5, 5], standing_holds=[50])),
        "minutes": solve(question.median(penalty_s=1_000.0)),
        "longest": solve(question.centre(penalty_s=1_000.0)),
    }
    assert {each.status for each in found.values()} == {Status.OPTIMAL}
    assert {name: each.objective for name, each in found.items()} == pytest.approx(
        {"most": 30, "fewest": 1, "twice": 70, "room": 75, "minutes": 27_900, "longest": 895}, rel=0.003
    )
    assert found["room"].sites.tolist() == [0]
    assert found["minutes"].sites.tolist() == [2]


def test_both_entries_give_the_same_answer() -> None:
    question = asked()
    matrix = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    bare = MaximalCover.of(Cover.of_matrix(np.array(matrix)), [10, 20, 30, 40], Rules.of(count=1))
    assert sorted(solve_maximal(bare, Limits(seconds=20)).sites.tolist()) == solved(question)


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"demand": points(0.0).to_crs("EPSG:32647")}, CrsError, "differ"),
        (
            {"candidates": gpd.GeoDataFrame(geometry=list(points(0.0).geometry))},
            CrsError,
            "candidates has no CRS",
        ),
        ({"demand": points(0.0, orders=[1])}, SitingError, "no column 'weight'; it has orders, geometry"),
        ({"demand": points(0.0, 0.1, weight=[1, -2])}, SitingError, "demand 1 weighs"),
        ({"demand": points(0.0, weight=["many"])}, SitingError, "holds what is no number"),
        ({"demand": points(0.0, weight=[None])}, SitingError, "demand 0 weighs"),
        (
            {"candidates": points(0.0, must=["yes"])},
            SitingError,
            "must of candidate 0 is 'yes': write true or false",
        ),
        ({"candidates": points(0.0), "floors": {"a": 1}}, SitingError, "floors need a column 'area'"),
        ({"layers": {"weight": -1.0}}, SitingError, "factor -1.0"),
        (
            {
                "candidates": gpd.GeoDataFrame(
                    geometry=[LineString([(LON, 36.6), (LON, 36.7)])], crs="EPSG:4326"
                )
            },
            SitingError,
            "row 0 of candidates is no point",
        ),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        asked(**changed)


def test_an_area_without_candidates_is_told_with_what_would_help() -> None:
    question = asked(floors={"c": 1})
    with pytest.raises(
        SitingError, match="c shall get 1 and has 0 candidates: lower its floor to 0 or bring"
    ):
        MaximalCover.of(question.cover, question.weight, question.rules)
