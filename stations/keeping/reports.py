"""Reports and confirmations: what somebody says of a station is stored once and changes nothing by itself.

Staff look at what was said: they accept or reject it, and release its words and photo or leave them hidden. What they
then change about the station is an edit like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import BigInteger, CursorResult, exists, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stations import vocabulary
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.keeping.marks import Occasion, mark
from stations.keeping.private_numbers import refuse_private
from stations.keeping.words import clean_words
from stations.models import Photo, PublicStation, Report

__all__ = [
    "CONFIRMATION",
    "MAX_AGE",
    "Saying",
    "accept",
    "hide",
    "is_shown",
    "known",
    "reject",
    "release",
    "reopen",
    "say",
]

CONFIRMATION = "correct"
_CODE = re.compile(r"[0-9]{1,20}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HIDDEN: dict[str, Any] = {
    "words_shown": False,
    "photo_shown": False,
    "released_at": None,
    "released_by": None,
}
_UNDECIDED: dict[str, Any] = dict.fromkeys(
    ("decided_at", "decided_by", "decided_note", "decided_in", "outcome")
)
_OF_AMENITIES = {"amenity_missing", "amenity_broken"}
#: The commit that a statement belongs to, as the trigger before it set it.
_THIS_COMMIT = literal_column("current_setting('yz.commit')::bigint", BigInteger())
#: A phone may have been without a network for so long.
MAX_AGE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody says of a station, checked. ``age``: how long ago it was said, when it is sent."""

    client_id: UUID
    choice: str
    amenity: str | None = None
    words: str | None = None
    age: timedelta = timedelta()

    @classmethod
    def of(
        cls,
        *,
        client_id: UUID,
        choice: str,
        amenity: str | None = None,
        words: str | None = None,
        age_s: int = 0,
    ) -> Saying:
        """Check and clean what came from outside. Raises Invalid, naming the field and what would be right."""
        if choice not in vocabulary.REPORT_CHOICES:
            raise Invalid(
                f"choice: {choice[:60]!r} is none of {', '.join(vocabulary.REPORT_CHOICES)}",
                field="choice",
                value=choice,
            )
        if choice in _OF_AMENITIES and amenity is None:
            raise Invalid(f"amenity: {choice} must say which amenity", field="amenity")
        if choice not in _OF_AMENITIES and amenity is not None:
            raise Invalid(f"amenity: {choice} is not about an amenity", field="amenity", value=amenity)
        if amenity is not None and amenity not in vocabulary.AMENITIES:
            raise Invalid(
                f"amenity: {amenity[:60]!r} is none of {', '.join(vocabulary.AMENITIES)}",
                field="amenity",
                value=amenity,
            )
        if not 0 <= age_s <= MAX_AGE.total_seconds():
            raise Invalid(
                f"age_s: {age_s} is not from 0 to {int(MAX_AGE.total_seconds())}, the seconds of {MAX_AGE.days} days",
                field="age_s",
                value=age_s,
            )
        kept = None if words is None else clean_words(words)
        if choice == CONFIRMATION and kept is not None:
            raise Invalid("words: a confirmation has none; choose what is wrong to add words", field="words")
        if choice == "other" and kept is None:
            raise Invalid("words: say in a few words what is wrong", field="words")
        return cls(client_id, choice, amenity, kept, timedelta(seconds=age_s))


def known(session: Session, code: str, saying: Saying) -> Report | None:
    """Return what was stored when the same was sent before, or None.

    Raises NotFound for a station that is not public, Conflict where the phone used the number for something else.
    """
    station_id = _public_station(session, code)
    report = session.scalar(select(Report).where(Report.client_id == saying.client_id))
    if report is None:
        return None
    if (report.station_id, report.choice, report.amenity) != (station_id, saying.choice, saying.amenity):
        raise Conflict("something else was already sent under this id; make a new one for each report")
    return report


def say(
    session: Session, code: str, saying: Saying, occasion: Occasion, *, photo: str | None = None
) -> Report:
    """Store what somebody says of the station with this code, once, and mark it for counting.

    The caller writes as the public. photo: SHA-256 of a picture that is kept. Sent again it returns what is stored.
    Raises NotFound and Conflict as ``known`` does.
    """
    if (stored := known(session, code, saying)) is not None:
        return stored
    station_id = _public_station(session, code)
    received = occasion.now.replace(microsecond=0)
    made_at = received - saying.age
    report_id = session.scalar(
        insert(Report)
        .values(
            client_id=saying.client_id,
            station_id=station_id,
            choice=saying.choice,
            amenity=saying.amenity,
            words=saying.words,
            photo_sha256=photo,
            made_at=made_at,
            received_at=received,
        )
        .on_conflict_do_nothing(index_elements=[Report.client_id])
        .returning(Report.id)
    )
    if report_id is None:
        # The same was sent twice at once, and the other came first.
        stored = known(session, code, saying)
        if stored is None:
            raise Conflict("this id was taken a moment ago; send the report again")
        return stored
    mark(session, occasion, report_id=report_id, station_id=station_id, made_at=made_at)
    return session.get_one(Report, report_id)


def release(
    session: Session, report_id: int, *, by: int, now: datetime, words: bool = True, photo: bool = True
) -> None:
    """Show the words of a report to the public, its photo, or both; what is not asked for is hidden.

    Raises Conflict where it was rejected, or has nothing of what is asked for.
    """
    report = _reported(session, report_id)
    if report.status == "rejected":
        raise Conflict(f"report {report_id} was rejected; what it says stays hidden")
    shown = {
        "words_shown": words and report.words is not None,
        "photo_shown": photo and report.photo_sha256 is not None,
    }
    if not any(shown.values()):
        raise Conflict(f"report {report_id} has neither words nor a photo to release")
    _write(session, report, released_at=now, released_by=by, **shown)


def hide(session: Session, report_id: int) -> None:
    """Hide the words and the photo of a report again."""
    _write(session, _reported(session, report_id), **_HIDDEN)


def accept(
    session: Session,
    report_id: int,
    *,
    by: int,
    now: datetime,
    outcome: str = "noted",
    note: str | None = None,
) -> None:
    """Keep a report as right. Its words stay hidden unless they are released.

    outcome: what came of it (``models.voices.OUTCOMES``); the caller has changed the station. Raises Conflict where it
    was decided.
    """
    _decide(
        session,
        report_id,
        status="accepted",
        outcome=outcome,
        decided_by=by,
        decided_at=now,
        decided_note=note,
    )


def reject(session: Session, report_id: int, *, by: int, now: datetime, note: str) -> None:
    """Set a report aside, with the reason: it counts no more and what was released of it is hidden again."""
    if not note.strip():
        raise Invalid("a rejection needs a reason", field="note", value=note)
    _decide(
        session,
        report_id,
        status="rejected",
        decided_by=by,
        decided_at=now,
        decided_note=note.strip(),
        **_HIDDEN,
    )


def reopen(session: Session, report_id: int) -> None:
    """Take a decision back: the report waits again, and what was released of it is hidden.

    What the decision changed about the station is not touched. Raises Conflict where nothing was decided.
    """
    report = _reported(session, report_id)
    if report.status == "waiting":
        raise Conflict(f"report {report_id} waits for a decision; there is none to take back")
    _write(session, report, status="waiting", **_UNDECIDED, **_HIDDEN)


def _decide(session: Session, report_id: int, **decision: Any) -> None:
    refuse_private(decision.get("decided_note"), field="note")
    report = _reported(session, report_id)
    if report.choice == CONFIRMATION:
        raise Conflict(f"report {report_id} confirms its station; there is nothing to decide")
    if report.status != "waiting":
        raise Conflict(f"report {report_id} is {report.status} already")
    _write(session, report, decided_in=_THIS_COMMIT, **decision)


def _write(session: Session, report: Report, **columns: Any) -> None:
    done = cast(
        "CursorResult[Any]", session.execute(update(Report).where(Report.id == report.id).values(**columns))
    )
    if done.rowcount == 0:
        raise NotAllowed(f"report {report.id} is about a station outside your regions")
    session.refresh(report)


def _reported(session: Session, report_id: int) -> Report:
    report = session.get(Report, report_id)
    if report is None:
        raise NotFound(f"there is no report {report_id}")
    return report


def is_shown(session: Session, digest: str) -> bool:
    """Tell whether a photo is public: released by staff, or put to a station that is public by staff themselves."""
    if not _DIGEST.fullmatch(digest):
        return False
    released = exists().where(Report.photo_sha256 == digest, Report.photo_shown)
    put = exists().where(
        Photo.sha256 == digest, Photo.station_id == PublicStation.station_id, PublicStation.listed
    )
    return bool(session.scalar(select(released | put)))


def _public_station(session: Session, code: str) -> int:
    if not _CODE.fullmatch(code):
        raise NotFound(f"no station has the code {code[:60]!r}")
    found = session.execute(
        select(PublicStation.station_id, PublicStation.listed).where(PublicStation.code == code)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no station has the code {code[:60]!r}")
    if not found.listed:
        raise NotFound(f"station {code} was withdrawn from the public registry")
    station_id: int = found.station_id
    return station_id
