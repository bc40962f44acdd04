"""Inspections on a real registry: stored once, rated by their checklist, followed up, kept and shown as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.errors import Conflict
from stations.hours import Hours
from stations.keeping.inspecting import documents, library, record
from stations.keeping.inspecting.rating import Answer
from stations.keeping.inspecting.record import Draft, ItemFound
from stations.models import Inspection, Station
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.schema import differences
from tests.web.desk_fixtures import staff_member

#: A Wednesday, 12:00 in Beijing.
NOON = datetime(2026, 9, 23, 4, tzinfo=UTC)
TODAY = date(2026, 9, 23)
SIX = "qinghai-six-haves"


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], str]) -> Iterator[Engine]:
    """A registry of its own with all shipped checklists."""
    made = create_engine(new_database())
    with Session(made) as opened, opened.begin():
        operator = actor_id(opened, OPERATOR)
        fill_squares(opened, operator)
        with acting(opened, operator, reason="checklists"):
            for checklist in documents.shipped().values():
                library.publish(opened, checklist)
    yield made
    made.dispose()


@pytest.fixture
def desk(filled: Engine) -> Iterator[Desk]:
    """The registry for one test, undone at its end."""
    with filled.connect() as connection:
        outer = connection.begin()
        with Session(bind=connection, join_transaction_mode="create_savepoint") as opened:
            yield Desk(opened)
        outer.rollback()


class Desk:
    """Who writes what in these tests."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.operator = actor_id(session, OPERATOR)
        self.inspector = staff_member(session, "inspector", "inspector", "630222").id

    def acting_as(self, actor: int, reason: str = "test") -> Any:
        # As after a commit: the next writer begins a commit of its own.
        self.session.execute(text("SELECT set_config('yz.commit', '', true)"))
        return acting(self.session, actor, reason=reason)

    def station(self, region: str = "630222", **facts: Any) -> Station:
        with self.acting_as(self.operator):
            return registry.add(
                self.session,
                kind="union_station",
                region_code=region,
                names={"zh": f"驿站{uuid4()}"},
                hours=Hours("Mo-Fr 08:30-17:00", words="周一至周五 8:30-17:00"),
                **facts,
            )

    def look(self, station: Station, draft: Draft, *, by: int | None = None, now: datetime = NOON) -> int:
        who = by or self.inspector
        with self.acting_as(who):
            return record.record(self.session, station.code, draft, inspector=who, now=now).id


def draft(answers: dict[str, str] | None = None, *, others: str = "yes", **more: Any) -> Draft:
    """An inspection under the six haves in which all others of its checks are answered alike."""
    six = documents.shipped()[SIX]
    given = {item.code: others for item in six.items if item.kind == "check"} | (answers or {})
    found = {code: ItemFound(Answer(value)) for code, value in given.items()}
    return Draft(client_id=uuid4(), checklist=SIX, version=1, found=found, observed="open", **more)


def test_models_and_migration_agree(desk: Desk) -> None:
    named = [str(each) for each in differences(desk.session.connection())]
    assert [each for each in named if "inspection" in each or "finding" in each or "checklist" in each] == []
    assert [each for each in named if "honours" in each] == []


def test_an_inspection_is_rated_by_its_checklist_and_verifies_its_station(desk: Desk) -> None:
    station = desk.station()
    before = draft({"meal": "no"}, confirms=True, position=(102.1, 36.6, 12.0), age=timedelta(hours=3))
    made = desk.session.get_one(Inspection, desk.look(station, before))
    assert (made.earned, made.possible, made.rating, made.passes) == (94, 100, "high", True)
    # Three hours ago it was nine in the morning, within the posted hours.
    assert (made.observed, made.posted, made.posted_hours) == ("open", "open", "周一至周五 8:30-17:00")
    desk.session.refresh(station)
    assert (station.verified_at, station.verified_by) == (NOON - timedelta(hours=3), desk.inspector)


def test_the_same_inspection_sent_again_is_stored_once(desk: Desk) -> None:
    station, sent = desk.station(), draft()
    first = desk.look(station, sent)
    assert desk.look(station, sent, now=NOON + timedelta(days=1)) == first
    assert desk.session.scalar(select(func.count()).where(Inspection.station_id == station.id)) == 1
    with pytest.raises(Conflict, match="another inspection was already sent"):
        desk.look(desk.station(), sent)
