"""The finder on streets: exact minutes, and the list that measuring every station on the whole network would give."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from geo.io.networks import read_network
from geo.passing import Mode
from geo.reach import nearest
from geo.streets import NOWHERE
from stations.finding import HOUR, Found, Minutes, OnStreets, StraightLine, alternatives, find, named
from stations.hours import SHANGHAI
from stations.models import PublicStation, Station
from stations.query import By, Open, StationQuery
from stations.registry.writing import acting
from stations.streets import Streets, current, load
from stations.streets.keeping import folder_of
from street_files import HERE, at, town

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
LOADED = datetime(2026, 7, 1, tzinfo=UTC)
HOURS = {
    "always": "24/7",
    "day": "Mo-Su 08:00-20:00",
    "night": "Mo-Su 22:00-02:00",
    "soon": "Mo-Su 12:20-20:00",
}

Point = tuple[float, float]


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The streets of the town whose banks no bridge joins."""
    folder = tmp_path_factory.mktemp("divided")
    load(folder / "streets", town(folder / "town.osm"), now=LOADED)
    return folder / "streets"


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a bridge 600 m north."""
    folder = tmp_path_factory.mktemp("joined")
    load(folder / "streets", town(folder / "town.osm", bridge_north=6), now=LOADED)
    return folder / "streets"


class EveryStation:
    """Minutes to every station on the whole network, with no bound on which anything could be left out."""

    horizons: Sequence[int] = (HOUR,)

    def __init__(self, folder: Path) -> None:
        kept = current(folder)
        assert kept is not None
        self._networks = {
            by: read_network(folder_of(folder, kept, mode))
            for by, mode in ((By.WALK, Mode.WALK), (By.EBIKE, Mode.EBIKE))
        }

    def minutes(
        self, origin: Point, by: By, points: Sequence[Point], metres: Sequence[float], *, within: int
    ) -> Sequence[Minutes]:
        guessed = StraightLine().minutes(origin, by, points, metres)
        network = self._networks[by]
        here = network.snap([origin[0]], [origin[1]])
        if here.segment[0] == NOWHERE or not points:
            return guessed
        doors = network.snap([lon for lon, _ in points], [lat for _, lat in points])
        seconds = nearest(network, doors, here, towards=False).seconds
        return [
            guess
            if doors.segment[i] == NOWHERE
            else Minutes(max(1, math.ceil(seconds[i] / 60)), estimated=False)
            if seconds[i] <= 60 * within
            else Minutes(max(within + 1, guess.value))
            for i, guess in enumerate(guessed)
        ]

    def fewest(self, by: By, metres: float) -> int:
        return 1

    def farthest_m(self, by: By, minutes: int) -> float:
        return 1_000_000.0


def stand(session: Session, operator: int, doors: Sequence[tuple[Point, str]]) -> list[str]:
    """Put stations and return their codes."""
    rows = [
        {
            "names": {"zh": f"驿站{number}"}, "kind": "union_station", "lifecycle": "open", "access": "open_door",
            "location": f"SRID=4326;POINT({lon} {lat})", "hours_expression": HOURS[hours], "hours_calendar": "plain",
        }
        for number, ((lon, lat), hours) in enumerate(doors)
    ]  # fmt: skip
    with acting(session, operator, reason="test"):
        table = Station.__table__
        ids = list(session.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows))
    codes = dict(session.execute(select(Station.id, Station.code).where(Station.id.in_(ids))).all())
    return [codes[id_] for id_ in ids]


@contextmanager
def undone(session: Session) -> Iterator[None]:
    point = session.begin_nested()
    try:
        yield
    finally:
        point.rollback()
        session.expire_all()


def told(found: Found) -> list[tuple[str, int | None, bool | None]]:
    return [
        (row.code, row.minutes and row.minutes.value, row.minutes and row.minutes.estimated)
        for row in found.rows
    ]


def asked(near: Point = HERE, **query: object) -> StationQuery:
    return replace(StationQuery(near=near), **query)  # type: ignore[arg-type]


def test_the_nearest_across_a_river_without_a_bridge_is_not_the_nearest(
    qinghai: Session, operator: int, divided: Path
) -> None:
    across, beside = stand(qinghai, operator, [(at(3, 0), "always"), (at(-8, 0), "always")])
    straight = find(qinghai, asked(), now=NOON)
    streets = find(qinghai, asked(), now=NOON, travel=OnStreets(Streets(divided)))
    assert told(straight) == [(across, 5, True), (beside, 14, True)]
    # 800 m at 4.68 km/h; the other bank is not within the hour.
    assert told(streets) == [(beside, math.ceil(800 / 78), False)]


def test_over_the_bridge_the_way_is_as_long_as_the_streets(
    qinghai: Session, operator: int, joined: Path
) -> None:
    across, beside = stand(qinghai, operator, [(at(3, 0.5), "always"), (at(-8, 0.5), "always")])
    from_here = asked(at(0, 0.5))
    found = find(qinghai, from_here, now=NOON, travel=OnStreets(Streets(joined)))
    # 50 + 800 + 50 m, and 550 + 200 + 100 + 550 m over the bridge.
    assert told(found) == [(beside, math.ceil(900 / 78), False), (across, math.ceil(1_400 / 78), False)]
    riding = find(qinghai, replace(from_here, by=By.EBIKE), now=NOON, travel=OnStreets(Streets(joined)))
    assert told(riding) == [
        (beside, math.ceil(900 / 250), False),
        (across, math.ceil(1_300 / 250 + 100 / 300), False),
    ]


def test_travel_goes_towards_the_station_and_not_from_it(
    qinghai: Session, operator: int, joined: Path
) -> None:
    # Row 0 is one-way eastwards: to the door behind one goes round a block, 50 + 100 + 100 + 100 + 10 m.
    behind, ahead = stand(qinghai, operator, [(at(1.1, 0), "always"), (at(1.9, 0), "always")])
    here = asked(at(1.5, 0), by=By.EBIKE)
    found = find(qinghai, here, now=NOON, travel=OnStreets(Streets(joined)))
    assert told(found) == [(ahead, 1, False), (behind, math.ceil(360 / 250), False)]


def test_a_door_far_from_any_street_is_estimated_and_says_so(
    qinghai: Session, operator: int, joined: Path
) -> None:
    near, off = stand(qinghai, operator, [(at(-3, 0), "always"), (at(-2, -19), "always")])
    found = find(qinghai, asked(), now=NOON, travel=OnStreets(Streets(joined)))
    assert told(found) == [
        (near, 4, False),
        (off, StraightLine().fewest(By.WALK, found.rows[1].distance_m or 0), True),
    ]


def test_a_rider_far_from_any_street_is_answered_by_the_estimate(
    qinghai: Session, operator: int, joined: Path
) -> None:
    stand(qinghai, operator, [(at(-3, 0), "always"), (at(3, 3), "always")])
    far = at(-5, 40)
    assert told(find(qinghai, asked(far), now=NOON, travel=OnStreets(Streets(joined)))) == told(
        find(qinghai, asked(far), now=NOON)
    )


def test_where_nothing_is_within_the_hour_the_nearest_are_told_as_estimates_beyond_it(
    qinghai: Session, operator: int, divided: Path
) -> None:
    (across,) = stand(qinghai, operator, [(at(3, 0), "always")])
    found = find(qinghai, asked(), now=NOON, travel=OnStreets(Streets(divided)))
    assert found.nothing_near
    assert told(found) == [(across, HOUR + 1, True)]


def test_favourites_and_the_doors_to_go_to_instead_are_measured_on_streets_too(
    qinghai: Session, operator: int, joined: Path
) -> None:
    here, across = stand(qinghai, operator, [(at(2, 6), "always"), (at(3, 6), "always")])
    travel = OnStreets(Streets(joined))
    rows = named(qinghai, [across, here], asked(at(2, 6)), now=NOON, travel=travel)
    assert [(row.code, row.minutes) for row in rows] == [
        (here, Minutes(1, False)),
        (across, Minutes(2, False)),
    ]
    instead = alternatives(qinghai, here, now=NOON, travel=OnStreets(Streets(joined)))
    assert told(instead) == [(across, 2, False)]


def test_a_station_that_moved_is_measured_where_it_is_now(
    qinghai: Session, operator: int, joined: Path
) -> None:
    streets = Streets(joined)
    (code,) = stand(qinghai, operator, [(at(-3, 0), "always")])
    assert told(find(qinghai, asked(), now=NOON, travel=OnStreets(streets))) == [(code, 4, False)]
    with acting(qinghai, operator, reason="it moved"):
        station = qinghai.scalars(select(Station).where(Station.code == code)).one()
        lon, lat = at(-9, 0)
        station.location = f"SRID=4326;POINT({lon} {lat})"  # type: ignore[assignment]
        qinghai.flush()
    assert qinghai.scalar(select(PublicStation.code)) == code
    assert told(find(qinghai, asked(), now=NOON, travel=OnStreets(streets))) == [(code, 12, False)]


def test_streets_that_are_loaded_anew_are_taken_up_by_the_next_question(
    qinghai: Session, operator: int, tmp_path: Path
) -> None:
    (across,) = stand(qinghai, operator, [(at(3, 6), "always")])
    folder = tmp_path / "streets"
    streets = Streets(folder)
    assert told(find(qinghai, asked(at(2, 6)), now=NOON, travel=OnStreets(streets))) == [(across, 2, True)]
    load(folder, town(tmp_path / "without.osm"), now=LOADED)
    assert find(qinghai, asked(at(2, 6)), now=NOON, travel=OnStreets(streets)).nothing_near
    load(folder, town(tmp_path / "with.osm", bridge_north=6), now=LOADED)
    assert told(find(qinghai, asked(at(2, 6)), now=NOON, travel=OnStreets(streets))) == [(across, 2, False)]


def places(seed: int, count: int) -> list[Point]:
    """Scatter doors over both banks, the land around them, and beyond every street."""
    chance = Random(seed)  # noqa: S311
    wide = chance.choice([3, 8, 14, 60, 400])
    return [at(chance.uniform(-wide, wide), chance.uniform(-wide, wide)) for _ in range(count)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 90),
    hours=st.sampled_from([("always",), ("always", "day"), ("night",), ("soon", "night"), tuple(HOURS)]),
    near=st.tuples(st.floats(-16, 16), st.floats(-16, 16)),
    query=st.builds(
        StationQuery,
        by=st.sampled_from(By),
        open=st.sampled_from([None, Open.NOW]),
        limit=st.sampled_from([1, 3, 10, 20]),
        at=st.just(NOON),
    ),
    first=st.sampled_from([1, 5, 30, 100]),
    bridge=st.booleans(),
)
def test_the_list_is_that_of_measuring_every_station_on_the_whole_network(  # noqa: PLR0917
    qinghai: Session, operator: int, joined: Path, divided: Path, seed: int, count: int, hours: tuple[str, ...],
    near: Point, query: StationQuery, first: int, bridge: bool,
) -> None:  # fmt: skip
    folder = joined if bridge else divided
    chance = Random(seed)  # noqa: S311
    query = replace(query, near=at(*near))
    with undone(qinghai):
        stand(qinghai, operator, [(place, chance.choice(hours)) for place in places(seed, count)])
        fast = find(qinghai, query, now=NOON, travel=OnStreets(Streets(folder)), first=first)
        slow = find(qinghai, query, now=NOON, travel=EveryStation(folder), first=1_000)
        assert told(fast) == told(slow)
        assert (fast.nothing_open, fast.nothing_near, fast.set_aside) == (
            slow.nothing_open, slow.nothing_near, slow.set_aside,
        )  # fmt: skip
