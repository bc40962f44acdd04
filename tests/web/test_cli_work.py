"""What ``script/server`` asks of a registry beside serving it; each may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from stations.errors import Conflict, StationsError
from stations.hours import Hours
from stations.models import CoverageRun, Place, Region, RegistryInfo, Schedule, Station
from stations.registry import schedules
from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from web.cli import fill_demo, load_regions, main, upkeep
from web.settings import Settings

CLOCK = datetime(2026, 7, 1, 4, tzinfo=UTC)


def settings_of(url: str) -> Settings:
    return replace(Settings.read({}), database_url=url, clock=CLOCK)


def look(url: str, *statements: object) -> list[object]:
    engine = create_engine(url)
    with Session(engine) as session:
        found = [session.scalar(statement) for statement in statements]  # type: ignore[call-overload]
    engine.dispose()
    return found


def test_a_first_start_fills_the_demonstration_and_a_second_finds_it_filled(
    new_database: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    url = new_database()
    settings = settings_of(url)
    assert fill_demo(settings) is True
    told = capsys.readouterr()
    assert told.out == ""
    assert "The demonstration registry holds 808 stations." in told.err
    runs = select(func.count()).select_from(CoverageRun)
    stations, demonstration, newest, public = look(
        url,
        select(func.count()).select_from(Station),
        select(RegistryInfo.demonstration),
        select(func.max(Station.verified_at)),
        runs.where(
            CoverageRun.published, CoverageRun.finished_at == CLOCK, CoverageRun.title.contains("演示")
        ),
    )
    assert (stations, demonstration, public) == (808, True, 1)
    assert newest < CLOCK  # type: ignore[operator]
    assert fill_demo(settings) is False
    assert capsys.readouterr().err == ""
    assert look(url, runs) == [1]


def test_regions_and_places_are_loaded_once_and_for_one_province(
    new_database: Callable[[], str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database()
    settings = settings_of(url)
    assert load_regions(settings, "82") is True
    assert load_regions(settings, "82") is False
    assert look(url, select(func.count()).select_from(Region)) == [1]
    assert look(url, select(RegistryInfo.name), select(RegistryInfo.demonstration)) == [
        "澳门特别行政区驿站",
        False,
    ]
    with pytest.raises(Conflict, match="of province 820000; 63 needs a registry of its own"):
        load_regions(settings, "63")
    with pytest.raises(Conflict, match="not a demonstration"):
        fill_demo(settings)
    places = look(url, select(func.count()).select_from(Place))
    assert places > [0]
    capsys.readouterr()
    monkeypatch.setenv("YIZHAN_DATABASE_URL", url)
    assert main(["places", "load"]) == 0
    assert "0 new, 0 changed, 0 removed" in capsys.readouterr().out
    assert main(["regions", "load", "--province", "820000"]) == 0
    assert "0 new, 0 renamed, 0 with another outline, 0 merged." in capsys.readouterr().out


def test_upkeep_extends_the_index_of_hours_from_the_clock_of_the_settings(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="a station"):
            add(session, names={"zh": "驿站"}, kind="union_station", hours=Hours("08:00-20:00"))
        schedules.ensure(session, [Hours("24/7")])
        session.commit()
    engine.dispose()
    later = datetime.now(UTC) + timedelta(days=30)
    assert upkeep(replace(settings_of(url), clock=later, downloads=tmp_path)) == (1, 1)
    (until,) = look(url, select(func.upper(Schedule.covers)))
    assert until > later + timedelta(days=40)  # type: ignore[operator]
    assert upkeep(replace(settings_of(url), clock=later, downloads=tmp_path)) == (0, 0)


def test_a_failed_filling_leaves_nothing_half_done(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database()

    def broken(*_: object, **__: object) -> None:
        raise StationsError("the gazetteer is gone")

    monkeypatch.setattr("stations.registry.places.load", broken)
    with pytest.raises(StationsError, match="gazetteer is gone"):
        load_regions(settings_of(url), "82")
    assert look(url, select(func.count()).select_from(Region), select(RegistryInfo.name)) == [0, None]
