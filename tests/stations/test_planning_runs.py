"""Runs are kept whole, compared figure by figure, and one of them is the public's; only planners may write them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import SHANGHAI
from stations.models import CoverageRun, Grant, Place, Region, Staff
from stations.planning import CoverageQuestion, measure, runs
from stations.registry.registry import add
from stations.registry.writing import acting as writing

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)


@contextmanager
def acting(session: Session, actor: int, *, reason: str) -> Iterator[None]:
    """Write as one of several within the transaction of a test, each in a commit of their own."""
    session.execute(text("SELECT set_config('yz.commit', '', true)"))
    with writing(session, actor, reason=reason):
        yield


@pytest.fixture
def registry(qinghai: Session, operator: int) -> Session:
    with acting(qinghai, operator, reason="places"):
        for code, lon in (("630102", 101.5), ("630222", 102.1)):
            region = qinghai.get(Region, code)
            assert region is not None
            region.population = 1_000
            qinghai.add(
                Place(
                    source="test", source_id=code, names={"zh": code}, location=f"SRID=4326;POINT({lon} 36.6)",
                    region_code=code, credit="test",
                )
            )  # fmt: skip
    return qinghai


def planner(session: Session, operator: int, role: str = "planner") -> int:
    with acting(session, operator, reason="a planner"):
        made = Staff(login=f"some-{role}", display_name=role)
        session.add(made)
        session.flush()
        session.add(Grant(staff_id=made.id, role=role, region_code="630000"))
    return made.id


def done(session: Session, actor: int, title: str = "十五分钟") -> CoverageRun:
    question = CoverageQuestion(size_m=500.0)
    with acting(session, actor, reason="a run"):
        run = runs.ask(session, question, title=title, actor=actor)
        runs.finish(session, run.id, measure(session, question, now=NOW), now=NOW, seconds=1.5)
    return run


def stand(session: Session, operator: int, lon: float) -> None:
    with acting(session, operator, reason="a station"):
        made = add(session, names={"zh": f"驿站{lon}"}, kind="union_station")
        made.location = f"SRID=4326;POINT({lon} 36.6)"  # type: ignore[assignment]


def test_a_run_is_kept_with_all_it_found_and_stands_on(registry: Session, operator: int) -> None:
    stand(registry, operator, 101.5)
    run = done(registry, planner(registry, operator))
    registry.expire_all()
    kept = runs.get(registry, run.id)
    assert CoverageQuestion.of_dict(kept.question) == CoverageQuestion(size_m=500.0)
    assert kept.areas is not None
    assert kept.areas["county"]["630102"]["people_900"] == pytest.approx(1_000)
    assert kept.areas["county"]["630222"]["median_s"] is None
    assert kept.summary is not None
    assert kept.summary["people"] == pytest.approx(2_000)
    assert kept.summary["worst_tenth_from_s"] is None
    assert kept.basis is not None
    assert kept.basis["estimated_demand"] is True
    assert set(kept.versions) >= {"numpy", "chinesecalendar"}
    cells = runs.cells_of(kept)
    assert cells["weight"].sum() == pytest.approx(2_000)
    assert np.isnan(cells["seconds"]).sum() == 1
    assert [run.title for run in runs.listed(registry)] == ["十五分钟"]


def test_a_run_has_one_answer(registry: Session, operator: int) -> None:
    actor = planner(registry, operator)
    run = done(registry, actor)
    measured = measure(registry, CoverageQuestion(size_m=500.0), now=NOW)
    with acting(registry, actor, reason="again"), pytest.raises(Conflict, match="has its answer already"):
        runs.finish(registry, run.id, measured, now=NOW, seconds=1.0)


def test_half_an_answer_cannot_be_stored(registry: Session, operator: int) -> None:
    actor = planner(registry, operator)
    with acting(registry, actor, reason="a run"):
        run = runs.ask(registry, CoverageQuestion(), title="halb", actor=actor)
    with (
        pytest.raises(IntegrityError, match="ck_coverage_runs_whole"),
        registry.begin_nested(),
        acting(registry, actor, reason="half"),
    ):
        run.finished_at = NOW


def test_one_run_is_the_public_s_and_another_takes_its_place(registry: Session, operator: int) -> None:
    actor = planner(registry, operator)
    first, second = done(registry, actor, "一"), done(registry, actor, "二")
    assert runs.published(registry) is None
    with acting(registry, actor, reason="publish"):
        runs.publish(registry, first.id, actor=actor, now=NOW)
        runs.publish(registry, second.id, actor=actor, now=NOW + timedelta(hours=1))
    registry.expire_all()
    shown = runs.published(registry)
    assert shown is not None
    assert (shown.id, shown.published_by) == (second.id, actor)
    with acting(registry, actor, reason="remove"):
        with pytest.raises(Conflict, match="the public sees"):
            runs.remove(registry, second.id, now=NOW)
        runs.remove(registry, first.id, now=NOW)
        runs.withdraw(registry)
    assert runs.published(registry) is None
    with pytest.raises(NotFound, match=str(first.id)):
        runs.get(registry, first.id)


def test_a_run_without_an_answer_is_not_published_compared_or_drawn(registry: Session, operator: int) -> None:
    actor = planner(registry, operator)
    with acting(registry, actor, reason="a run"):
        waiting = runs.ask(registry, CoverageQuestion(), title="等", actor=actor)
        with pytest.raises(Conflict, match="no answer yet"):
            runs.publish(registry, waiting.id, actor=actor, now=NOW)
    with pytest.raises(Conflict, match="nothing to compare"):
        runs.compare(waiting, done(registry, actor))
    with pytest.raises(Conflict, match="no answer yet"):
        runs.cells_of(waiting)


def test_two_runs_are_compared_figure_by_figure(registry: Session, operator: int) -> None:
    actor = planner(registry, operator)
    before = done(registry, actor, "前")
    stand(registry, operator, 102.1)
    after = done(registry, actor, "后")
    found = runs.compare(before, after)
    assert found["summary"]["people_900"] == pytest.approx([0.0, 1_000.0, 1_000.0])
    assert found["areas"]["county"]["630222"]["people_900"] == pytest.approx([0.0, 1_000.0, 1_000.0])
    assert found["areas"]["county"]["630222"]["median_s"][2] is None
    assert found["asked"] == {}


@pytest.mark.parametrize("title", ["", "  ", "长" * 201])
def test_a_run_needs_a_title(registry: Session, operator: int, title: str) -> None:
    with acting(registry, operator, reason="a run"), pytest.raises(Invalid, match="title"):
        runs.ask(registry, CoverageQuestion(), title=title, actor=operator)


@pytest.mark.parametrize("role", ["viewer", "editor", "inspector"])
def test_who_is_no_planner_keeps_no_run_whatever_the_code_above_does(
    registry: Session, operator: int, role: str
) -> None:
    actor = planner(registry, operator, role)
    with pytest.raises(NotAllowed), registry.begin_nested(), acting(registry, actor, reason="a run"):
        registry.execute(
            text("INSERT INTO coverage_runs (title, question, asked_by) VALUES ('x', '{}', :me)"),
            {"me": actor},
        )
