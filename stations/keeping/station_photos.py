"""Photos that staff put to a station: the door, what is inside; shown to everybody from the moment they are put there.

A photo that is taken away leaves its file in the store, since the history may bring it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.imports import cells
from stations.models import Photo, Station

__all__ = ["MOST", "SHOWS", "Shown", "change", "of", "put", "remove"]

#: What a photo can show.
SHOWS: Final = ("door", "inside", "outside", "amenity")
#: Photos of one station.
MOST: Final = 20
_CAPTION: Final = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """One photo of a station; ``sha256`` names the file in the store."""

    id: int
    sha256: str
    shows: str
    caption: str | None
    taken_on: date | None


def of(session: Session, station_code: str) -> list[Shown]:
    """Return the photos of a station in the order in which they were put there."""
    rows = session.execute(
        select(Photo.id, Photo.sha256, Photo.shows, Photo.caption, Photo.taken_on)
        .join(Station)
        .where(Station.code == station_code)
        .order_by(Photo.id)
    )
    return [Shown(*row) for row in rows]


def put(
    session: Session, station_code: str, sha256: str, *, shows: str, caption: str = "", taken_on: str = ""
) -> int:
    """Put a photo that is kept in the store to a station; the caller writes as somebody. Returns its id.

    The same picture a second time changes what is said of it. Raises NotFound, Invalid, and Conflict where the station
    has enough.
    """
    station = session.scalar(select(Station.id).where(Station.code == station_code))
    if station is None:
        raise NotFound(f"no station has the code {station_code[:60]!r}")
    said = _said(shows, caption, taken_on)
    known = session.scalar(select(Photo.id).where(Photo.station_id == station, Photo.sha256 == sha256))
    if known is not None:
        change(session, station_code, known, shows=shows, caption=caption, taken_on=taken_on)
        return known
    count = session.scalar(select(func.count()).where(Photo.station_id == station)) or 0
    if count >= MOST:
        raise Conflict(f"station {station_code} has {count} photos; take one away first")
    photo = Photo(station_id=station, sha256=sha256, **said)
    session.add(photo)
    session.flush()
    return photo.id


def change(
    session: Session, station_code: str, photo_id: int, *, shows: str, caption: str = "", taken_on: str = ""
) -> None:
    """Change what is said of a photo. Raises NotFound, Invalid and NotAllowed."""
    said = _said(shows, caption, taken_on)
    _touch(session, station_code, photo_id, update(Photo).values(**said))


def remove(session: Session, station_code: str, photo_id: int) -> None:
    """Take a photo away from a station. Raises NotFound and NotAllowed."""
    _touch(session, station_code, photo_id, delete(Photo))


def _touch(session: Session, station_code: str, photo_id: int, statement: Any) -> None:
    found = session.scalar(
        select(Photo.id).join(Station).where(Photo.id == photo_id, Station.code == station_code)
    )
    if found is None:
        raise NotFound(f"station {station_code[:60]!r} has no photo {photo_id}")
    done = cast("CursorResult[Any]", session.execute(statement.where(Photo.id == found)))
    # Row policies hide from a writer what is not theirs, without an error.
    if done.rowcount == 0 and session.scalar(select(Photo.id).where(Photo.id == found)) is not None:
        unchanged = statement.is_update and _may_write(session, found)
        if not unchanged:
            raise NotAllowed(f"station {station_code} lies outside the regions that you keep")


def _may_write(session: Session, photo_id: int) -> bool:
    # An update that would change nothing is suppressed by a trigger and counts no rows either; a lock asks the policy.
    return session.scalar(select(Photo.id).where(Photo.id == photo_id).with_for_update()) is not None


def _said(shows: str, caption: str, taken_on: str) -> dict[str, Any]:
    if shows not in SHOWS:
        raise Invalid(
            f"{shows!r} is not known; one of {', '.join(SHOWS)}",
            field="shows",
            value=shows,
            reason="not_known",
        )
    words = cells.tidy(caption[: 4 * _CAPTION])
    if words.kind is not None:
        raise Invalid(words.reason, field="caption", value=caption, reason="damaged")
    if len(words.value) > _CAPTION:
        raise Invalid(
            f"a caption has {_CAPTION} characters at most",
            field="caption",
            value=caption[:40],
            reason="too_long",
        )
    day = cells.day(taken_on) if taken_on.strip() else None
    if day is not None and day.kind is not None:
        raise Invalid(
            f"{taken_on!r} is no day; write it like 2024-05-01",
            field="taken_on",
            value=taken_on,
            reason="not_a_day",
        )
    return {"shows": shows, "caption": words.value or None, "taken_on": day.value if day else None}
