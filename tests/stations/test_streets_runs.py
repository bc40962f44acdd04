"""Runs of coverage along streets: what they measure, what they say of the streets, and what is refused before it begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from shapely import Point
from sqlalchemy.orm import Session

from geo.passing import Mode
from geo.reach import Standing
from stations.errors import Conflict, Invalid
from stations.hours import SHANGHAI
from stations.models import Place, Region
from stations.planning import Along, CoverageQuestion, Measured, measure, runs
from stations.planning.areas import areas_on_streets
from stations.planning.ways import Estimated, OnStreets, for_question, usual
from stations.registry.registry import add
from stations.registry.writing import acting
from stations.streets import load
from stations.streets.keeping import OSM
from street_files import at, town

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
LOADED = datetime(2026, 7, 1, tzinfo=UTC)
#: Both banks, and who lives there.
PLACES = {"西岸": (at(-5, 0), 3_000), "东岸": (at(6, 0), 1_000)}


@pytest.fixture
def town_registry(qinghai: Session, operator: int) -> Session:
    """A county of two places with a river between them, and one station on the west bank."""
    with acting(qinghai, operator, reason="a town"):
        region = qinghai.get(Region, "630102")
        assert region is not None
        region.population = 4_000
        for name, ((lon, lat), people) in PLACES.items():
            qinghai.add(
                Place(
                    source="test", source_id=name, names={"zh": name}, location=f"SRID=4326;POINT({lon} {lat})",
                    population=people, region_code="630102", credit="test",
                )
            )  # fmt: skip
        lon, lat = at(0, 0)
        door = add(qinghai, names={"zh": "驿站"}, kind="union_station")
        door.location = f"SRID=4326;POINT({lon} {lat})"  # type: ignore[assignment]
    return qinghai


@pytest.fixture
def run(town_registry: Session, tmp_path: Path) -> Callable[..., Measured]:
    """Load the town and ask."""

    def ask(*, bridge_north: int | None = None, **asked: object) -> Measured:
        folder = tmp_path / "streets"
        load(folder, town(tmp_path / "town.osm", bridge_north=bridge_north), now=LOADED)
        question = CoverageQuestion(**({"size_m": 100.0, "ways": Along.STREETS} | asked))  # type: ignore[arg-type]
        return measure(town_registry, question, now=NOON, ways=for_question(question, folder))

    return ask


def test_who_lives_across_the_river_is_as_far_as_the_bridge(run: Callable[..., Measured]) -> None:
    straight = run(bridge_north=6, ways=Along.STRAIGHT)
    assert straight.summary["people_900"] == pytest.approx(4_000)
    found = run(bridge_north=6)
    assert found.summary["people_900"] == pytest.approx(3_000)
    assert found.summary["people_1800"] == pytest.approx(4_000)
    east = int(np.argmax(found.lonlat[0]))
    # 600 m north, 600 m east, 600 m south, and at most a cell's half to both sides.
    assert found.nearest.seconds[east] == pytest.approx(1_800 / 1.3, abs=110)


def test_without_a_bridge_the_other_bank_is_cut_off_and_the_run_says_how_much(
    run: Callable[..., Measured],
) -> None:
    found = run()
    east = int(np.argmax(found.lonlat[0]))
    assert found.nearest.standing[east] == Standing.CUT_OFF
    assert found.basis["places_cut_off"] == pytest.approx(0.5)
    assert found.basis["pieces"] == 2
    assert 0.5 < found.basis["largest_piece"] < 0.6


def test_a_run_says_whose_streets_it_stands_on(run: Callable[..., Measured]) -> None:
    basis = run(bridge_north=0).basis
    assert basis["ways"] == OSM
    assert basis["estimated_ways"] is False
    assert (basis["streets_file"], basis["streets_date"], basis["elevation"]) == ("town.osm", None, None)
    assert len(basis["streets_digest"]) == 64
    # 13 rows and 13 columns of the west bank, the same of 11 columns in the east, the bridge, the steps.
    assert basis["segments"] == 13 * 12 + 13 * 12 + 13 * 10 + 11 * 12 + 1 + 1
    assert (basis["places_without_street"], basis["stations_without_street"]) == (0.0, 0.0)


@pytest.mark.parametrize("mode", list(Mode))
def test_both_ways_of_travelling_are_kept_apart(run: Callable[..., Measured], mode: Mode) -> None:
    found = run(bridge_north=6, mode=mode)
    west = int(np.argmin(found.lonlat[0]))
    speed = {Mode.WALK: 1.3, Mode.EBIKE: 15 / 3.6}[mode]
    assert found.nearest.seconds[west] == pytest.approx(500 / speed, abs=130)


def test_streets_of_a_part_of_the_region_are_refused_before_anything_is_searched(
    run: Callable[..., Measured], town_registry: Session, operator: int
) -> None:
    with acting(town_registry, operator, reason="villages far from the town"):
        for number in range(4):
            town_registry.add(
                Place(
                    source="test", source_id=f"村{number}", names={"zh": f"村{number}"}, population=10,
                    location=f"SRID=4326;POINT({101.45 + number / 100} 36.7)", region_code="630102", credit="test",
                )
            )  # fmt: skip
    with pytest.raises(
        Invalid, match=r"67% of the 6 places asked about have no street near in town\.osm"
    ) as told:
        run(bridge_north=6)
    assert told.value.field == "ways"


def test_stations_without_a_street_are_refused_too(
    run: Callable[..., Measured], town_registry: Session, operator: int
) -> None:
    with acting(town_registry, operator, reason="stations far from the town"):
        for number in range(3):
            door = add(town_registry, names={"zh": f"远{number}"}, kind="union_station")
            door.location = "SRID=4326;POINT(101.45 36.7)"  # type: ignore[assignment]
    with pytest.raises(Invalid, match="75% of the 4 stations"):
        run(bridge_north=6)


def test_the_people_of_a_large_cell_are_taken_to_live_along_its_streets(run: Callable[..., Measured]) -> None:
    found = run(bridge_north=6, size_m=5_000.0)
    assert found.basis["places_without_street"] == 0.0


def test_without_streets_a_question_that_asks_for_them_is_refused_and_the_usual_is_the_estimate(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "streets"
    assert usual(folder) is Along.STRAIGHT
    with pytest.raises(Conflict, match="no streets are loaded"):
        for_question(CoverageQuestion(ways=Along.STREETS), folder)
    assert isinstance(for_question(CoverageQuestion(), folder), Estimated)
    load(folder, town(tmp_path / "town.osm"), now=LOADED)
    assert usual(folder) is Along.STREETS
    assert isinstance(for_question(CoverageQuestion(), folder), Estimated)
    assert isinstance(for_question(CoverageQuestion(ways=Along.STREETS), folder), OnStreets)


def test_a_question_says_what_it_is_measured_along_and_older_ones_are_of_the_straight_line() -> None:
    question = CoverageQuestion(ways=Along.STREETS)
    assert CoverageQuestion.of_dict(question.as_dict()) == question
    older = {name: value for name, value in CoverageQuestion().as_dict().items() if name != "ways"}
    assert CoverageQuestion.of_dict(older).ways is Along.STRAIGHT
    with pytest.raises(Invalid, match="by boat"):
        CoverageQuestion.of_dict(older | {"ways": "by boat"})


def test_service_areas_follow_the_streets_of_the_run_and_its_overlaps_are_of_two_doors(
    run: Callable[..., Measured], town_registry: Session, operator: int, tmp_path: Path
) -> None:
    lon, lat = at(-4, 0)
    with acting(town_registry, operator, reason="a second door"):
        door = add(town_registry, names={"zh": "二"}, kind="union_station")
        door.location = f"SRID=4326;POINT({lon} {lat})"  # type: ignore[assignment]
    found = run(main_min=5)
    with acting(town_registry, operator, reason="a run"):
        kept = runs.ask(town_registry, found.question, title="街道", actor=operator)
        runs.finish(town_registry, kept.id, found, now=NOON, seconds=1.0)
    drawn = areas_on_streets(kept, tmp_path / "streets")
    assert drawn is not None
    # 390 m on foot: from the second door as far as -7.9, from the first as far as the river and not beyond it.
    assert drawn.once.contains(Point(at(-7.5, 0)))
    assert drawn.once.contains(Point(at(1.9, 0)))
    assert not drawn.once.contains(Point(at(3, 0)))
    assert drawn.twice.contains(Point(at(-2, 0)))
    assert not drawn.twice.contains(Point(at(-6, 0)))
    assert drawn.once.covers(drawn.twice.buffer(-1e-5))
    load(tmp_path / "streets", town(tmp_path / "other.osm", bridge_north=0), now=LOADED)
    assert areas_on_streets(kept, tmp_path / "streets") is None
