"""The tables of notices and events: as the models say, held to regions by the database, kept but for telephone numbers."""

from __future__ import annotations

from sqlalchemy.orm import Session

from stations.schema import differences


def test_models_and_migrations_agree_on_notices_and_events(session: Session) -> None:
    told = [
        each
        for each in differences(session.connection())
        if any(n in str(each) for n in ("notice", "events"))
    ]
    assert told == []
