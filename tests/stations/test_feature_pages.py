"""Features that are kept in memory: never another text than that of the row, whatever was written between two questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from geo.bbox import BBox
from stations.models import PublicStation, Station
from stations.query import StationQuery
from stations.registry import registry
from stations.registry.collections import STATIONS
from stations.registry.crs import SERVED
from stations.registry.feature_memory import FeatureMemory
from stations.registry.feature_pages import FeaturePage, Question, page
from stations.registry.writing import acting
from stations.registry.written import Written

WHOLE = Question(limit=10)
#: Fits one text of a thousand bytes and what is written beside it, and not two.
ROOM = 1_500


@pytest.fixture
def three(qinghai: Session, operator: int) -> Session:
    """A registry of three stations, none with a place."""
    with acting(qinghai, operator, reason="three"):
        for name in ("甲驿站", "乙驿站", "丙驿站"):
            registry.add(qinghai, kind="union_station", names={"zh": name}, region_code="630102")
    return qinghai


def plainly(session: Session, question: Question) -> FeaturePage:
    return page(session, STATIONS, question)


def texts_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the list that will hold how many texts each look for missing ones read."""
    read: list[int] = []
    rows = Written.rows

    def counted(self: Written, reader: Any, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        found = rows(self, reader, given)
        if "keys" in given:
            read.append(len(found))
        return found

    monkeypatch.setattr(Written, "rows", counted)
    return read


def test_what_is_kept_is_not_read_again_and_what_changed_is(
    three: Session, operator: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, read = FeatureMemory(), texts_read(monkeypatch)
    first = page(three, STATIONS, WHOLE, memory=memory)
    assert first == plainly(three, WHOLE)
    assert page(three, STATIONS, WHOLE, memory=memory) == first
    assert read == [3]
    # Another transaction, as far as PostgreSQL counts: what one transaction writes, it alone reads before its end.
    with three.begin_nested(), acting(three, operator, reason="moved"):
        three.scalars(select(Station).where(Station.names["zh"].astext == "乙驿站")).one().address = "新地址"
    changed = page(three, STATIONS, WHOLE, memory=memory)
    assert changed == plainly(three, WHOLE)
    assert [one == other for one, other in zip(first.features, changed.features, strict=True)] == [
        True,
        False,
        True,
    ]
    assert changed.versions != first.versions
    assert read == [3, 1]


def test_a_row_that_changes_between_the_two_questions_is_told_as_it_is_then(
    three: Session, operator: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = FeatureMemory()
    rows, changes = Written.rows, iter(["一次"])

    def meanwhile(self: Written, reader: Any, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        if "keys" in given and (address := next(changes, None)):
            with three.begin_nested(), acting(three, operator, reason="meanwhile"):
                three.scalars(select(Station).limit(1)).one().address = address
        return rows(self, reader, given)

    monkeypatch.setattr(Written, "rows", meanwhile)
    told = page(three, STATIONS, WHOLE, memory=memory)
    assert told == plainly(three, WHOLE)
    assert sum("一次".encode() in feature for feature in told.features) == 1
    assert page(three, STATIONS, WHOLE, memory=memory) == told


def test_the_memory_holds_no_more_than_it_may_and_forgets_what_nobody_asks_for() -> None:
    memory = FeatureMemory(most_bytes=2 * ROOM)
    for key in range(3):
        memory.keep([(key, 1, b"x" * 1_000)])
        memory.find([(0, 1)])
    assert memory.find([(0, 1), (1, 1), (2, 1)]) == [b"x" * 1_000, None, b"x" * 1_000]
    memory.keep([(0, 2, b"y")])
    assert memory.find([(0, 1), (0, 2)]) == [None, b"y"]
    memory.keep([(9, 1, b"z" * 10_000)])
    assert memory.find([(9, 1), (0, 2)]) == [None, None]


@pytest.mark.parametrize("crs", list(SERVED.values()), ids=lambda crs: crs.uri.rpartition("/")[2])
def test_every_shape_of_question_is_answered_alike_with_and_without_memory(three: Session, crs: Any) -> None:
    memory = FeatureMemory()
    first = plainly(three, WHOLE).versions[0][0]
    for question in (
        Question(limit=2, crs=crs),
        Question(limit=2, crs=crs, after=str(first)),
        Question(limit=2, crs=crs, box=BBox(170.0, -10.0, -170.0, 80.0)),
        Question(limit=2, crs=crs, stations=StationQuery(kinds=("union_station",))),
        Question(limit=2, crs=crs, conditions=(PublicStation.code != "x",)),
    ):
        assert page(three, STATIONS, question, memory=memory) == plainly(three, question)


def test_an_error_of_the_database_is_the_one_that_every_other_question_raises(qinghai: Session) -> None:
    with pytest.raises(DBAPIError, match="division by zero"), qinghai.begin_nested():
        Written("SELECT 1 / %(by)s::int", {"by": 1}).rows(qinghai, {"by": 0})


def test_a_connection_that_is_gone_is_not_given_to_anybody_else(qinghai: Session) -> None:
    engine = qinghai.get_bind()
    with engine.engine.connect() as connection:
        own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with pytest.raises(OperationalError) as lost:
            Written("SELECT pg_terminate_backend(%(pid)s)", {"pid": own}).rows(connection, {})
        assert lost.value.connection_invalidated
        connection.rollback()
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() != own
