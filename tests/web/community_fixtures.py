"""The fixtures of the tests of notices and events: one registry for a module, its clock at the morning for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from geoalchemy2.shape import from_shape
from shapely.geometry import Point
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from tests.web.community_town import MORNING, Town


@pytest.fixture(scope="module")
def town_once(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One registry for all tests of a module."""
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="stations of the tests"):
            made = []
            for name, region, lon in (
                ("川口工会驿站", "630222", 102.10),
                ("马场垣爱心驿站", "630222", 102.12),
                ("碾伯工会驿站", "630202", 101.90),
            ):
                station = registry.add(session, names={"zh": name}, kind="union_station", region_code=region)
                station.location = from_shape(Point(lon, 36.60), srid=4326)
                made.append(station)
            session.flush()
            registry.set_lifecycle(
                session, made[1], "closed", on=MORNING.date() - timedelta(days=30), reason="搬迁"
            )
        codes = [station.code for station in made]
    yield Town(engine, *codes, folder=tmp_path_factory.mktemp("downloads"))
    engine.dispose()


@pytest.fixture
def town(town_once: Town) -> Town:
    """The registry of the module, with its clock at the morning again."""
    town_once.moment = MORNING
    return town_once
