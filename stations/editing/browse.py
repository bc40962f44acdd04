"""The stations as staff look through them: the readers' own question, and what only staff ask.

The readers' part is the one query of the site (``stations.query``). ``Asked`` adds what is missing or old: stations that
are not located, not verified in time, without a photo, hours or known amenities, or withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Interval, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.models import Amenity, FreshnessPromise, HoursException, Photo, Region, Station
from stations.models import PublicStation as P
from stations.query import StationQuery
from stations.registry import public, queries

__all__ = ["NAMES", "WITHOUT", "Asked", "Listed", "Row", "codes", "listed"]

#: What a station can be without.
WITHOUT: Final = ("photo", "hours", "amenities", "phone", "verification")
#: The names that staff may put into the query string beside the readers'.
NAMES: Final = frozenset({"place", "stale", "without", "withdrawn", "doubted", "after"})
PAGE: Final = 50
#: More than a province has; a filter that finds more is no selection that anybody meant.
MOST_CODES: Final = 5000


@dataclass(frozen=True, slots=True)
class Asked:
    """What staff ask beside the readers' question. place: ``unlocated``, ``held``, ``located`` or nothing."""

    place: str = ""
    stale: bool = False
    doubted: bool = False
    without: tuple[str, ...] = ()
    withdrawn: bool = False

    @classmethod
    def read(cls, items: Iterable[tuple[str, str]]) -> Asked:
        """Read the staff's own names of a query string; what is not known counts as not asked."""
        given: dict[str, list[str]] = {}
        for name, value in items:
            given.setdefault(name, []).extend(part.strip() for part in value.split(","))
        place = given.get("place", [""])[0]
        return cls(
            place if place in {"unlocated", "held", "located"} else "",
            given.get("stale") == ["1"],
            given.get("doubted") == ["1"],
            tuple(part for part in WITHOUT if part in given.get("without", ())),
            given.get("withdrawn") == ["1"],
        )

    def items(self) -> list[tuple[str, str]]:
        """Return names and values that ``read`` reads back as this value."""
        found = [("place", self.place), ("without", ",".join(self.without))]
        found += [(name, "1") for name in ("stale", "doubted", "withdrawn") if getattr(self, name)]
        return [(name, value) for name, value in found if value]


@dataclass(frozen=True, slots=True)
class Row:
    """A station as the list shows it."""

    id: int
    code: str
    name: str
    kind: str
    lifecycle: str
    region: str | None
    address: str | None
    located: bool
    held: bool
    verified_at: datetime | None
    photos: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, how many there are in all, and the id to go on after."""

    rows: tuple[Row, ...]
    matched: int
    next_after: int | None


def listed(
    session: Session, query: StationQuery, asked: Asked, *, now: datetime, after: int = 0, limit: int = PAGE
) -> Listed:
    """Return one page in the order of ids; the cursor is the key of the last row, so nothing is lost while others write."""
    where = _conditions(session, query, asked, now)
    photos = select(func.count()).where(Photo.station_id == Station.id).scalar_subquery()
    rows = session.execute(
        select(
            Station.id, Station.code, Station.names["zh"].astext, Station.kind, Station.lifecycle,
            Station.region_code, Station.address, Station.location.is_not(None), Station.position_hold.is_not(None),
            Station.verified_at, photos,
        )
        .join(P, P.station_id == Station.id)
        .where(*where, Station.id > after)
        .order_by(Station.id)
        .limit(limit + 1)
    ).all()  # fmt: skip
    matched = session.scalar(
        select(func.count()).select_from(Station).join(P, P.station_id == Station.id).where(*where)
    )
    page = tuple(Row(*row) for row in rows[:limit])
    return Listed(page, matched or 0, page[-1].id if len(rows) > limit else None)


def codes(session: Session, query: StationQuery, asked: Asked, *, now: datetime) -> list[str]:
    """Return the codes of all stations of a list, in its order, ``MOST_CODES`` and one more at most."""
    return list(
        session.scalars(
            select(Station.code)
            .join(P, P.station_id == Station.id)
            .where(*_conditions(session, query, asked, now))
            .order_by(Station.id)
            .limit(MOST_CODES + 1)
        )
    )


def _conditions(
    session: Session, query: StationQuery, asked: Asked, now: datetime
) -> list[ColumnElement[bool]]:
    if asked.withdrawn:
        # Its public row is a tombstone, so nothing of the readers' question can be asked of it but where it is.
        found: list[ColumnElement[bool]] = [Station.withdrawn_reason.is_not(None)]
        if query.regions:
            found.append(_below(query.regions))
        return found
    moment = public.moment_of(query, now)
    found = queries.conditions(query, moment, public.computed(session, query, moment))
    if asked.place:
        found.append(_PLACES[asked.place])
    if asked.doubted:
        found.append(Station.doubts.is_not(None))
    if asked.stale:
        found += [Station.lifecycle == words.Lifecycle.OPEN, _stale(now)]
    return found + [_MISSING[part] for part in asked.without]


def _below(regions: Iterable[str]) -> ColumnElement[bool]:
    inside = select(Region.code).where(Region.lineage.overlap(list(regions)))
    return Station.region_code.in_(inside)


def _stale(now: datetime) -> ColumnElement[bool]:
    promise = (
        select(cast(func.concat(FreshnessPromise.days, " days"), Interval))
        .where(FreshnessPromise.kind == Station.kind)
        .scalar_subquery()
    )
    return or_(Station.verified_at.is_(None), Station.verified_at < literal(now) - promise)


_PLACES: Final[Mapping[str, Any]] = {
    "unlocated": Station.location.is_(None),
    "held": Station.position_hold.is_not(None),
    "located": Station.location.is_not(None),
}
_MISSING: Final[Mapping[str, Any]] = {
    "photo": ~exists().where(Photo.station_id == Station.id),
    "hours": Station.hours_expression.is_(None) & ~exists().where(HoursException.station_id == Station.id),
    "amenities": ~exists().where(
        Amenity.station_id == Station.id,
        Amenity.value != words.Value.UNKNOWN,
        Amenity.basis != words.Basis.INFERRED,
    ),
    "phone": Station.phone.is_(None),
    "verification": Station.verified_at.is_(None),
}
