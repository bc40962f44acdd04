"""Honours and ratings: given to a station or to an organisation, with level, year and standard, and taken back with a reason."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import SHANGHAI
from stations.keeping.inspecting import library
from stations.keeping.words import clean_words
from stations.models import Honour, Inspection, Organisation, Region, Station

__all__ = ["LEVELS", "Held", "give", "give_rating", "listed", "of_station", "revoke"]

LEVELS: Final = ("national", "provincial", "prefecture", "county", "other")
_FIRST_YEAR: Final = 1949
_TITLE: Final = 100
_STANDARD: Final = 200


@dataclass(frozen=True, slots=True)
class Held:
    """An honour and who has it. holder: a station's name or an organisation's. due: it should have been looked at again."""

    id: int
    station_code: str | None
    holder: str
    region_code: str | None
    title: str
    level: str
    year: int
    standard: str | None
    review_on: date | None
    revoked_on: date | None
    revoked_reason: str | None
    inspection_id: int | None

    def due(self, today: date) -> bool:
        """Tell whether the standard asks to look again and nobody has."""
        return self.revoked_on is None and self.review_on is not None and self.review_on <= today


def give(
    session: Session,
    *,
    title: str,
    level: str,
    year: int,
    today: date,
    station_code: str | None = None,
    organisation: str | None = None,
    standard: str | None = None,
) -> int:
    """Write down an honour that a station, or an organisation by its name, was given; returns its id.

    The caller writes as somebody. Raises Invalid, NotFound, NotAllowed, and Conflict where the same was given already.
    """
    if (station_code is None) == (organisation is None):
        raise Invalid("holder: name one station or one organisation", field="holder", reason="holder")
    if level not in LEVELS:
        raise Invalid(f"level: {level[:40]!r} is none of {', '.join(LEVELS)}", field="level", value=level)
    if not _FIRST_YEAR <= year <= today.year + 1:
        raise Invalid(
            f"year: {year} is not from {_FIRST_YEAR} to {today.year + 1}",
            field="year",
            value=year,
            reason="year",
        )
    made = Honour(
        title=_words(title, "title", _TITLE),
        level=level,
        year=year,
        standard=_words(standard, "standard", _STANDARD) if standard and standard.strip() else None,
    )
    if station_code is not None:
        made.station_id = _station(session, station_code).id
    else:
        made.organisation_id = _organisation(session, str(organisation))
    return _add(session, made)


def give_rating(session: Session, inspection_id: int, *, level: str, today: date) -> int:
    """Make the rating of an inspection known as an honour of its station, and revoke the one it follows; returns its id.

    Its year is that of the inspection, its standard the checklist's title and version, and it is to be looked at again
    when the checklist says. Raises NotFound, and Conflict where the inspection reached no rating or does not count.
    """
    inspection = session.get(Inspection, inspection_id)
    if inspection is None:
        raise NotFound(f"there is no inspection {inspection_id}")
    if inspection.rating is None or inspection.withdrawn_reason is not None:
        raise Conflict(f"inspection {inspection_id} reached no rating that could be given")
    if level not in LEVELS:
        raise Invalid(f"level: {level[:40]!r} is none of {', '.join(LEVELS)}", field="level", value=level)
    checklist = library.by_id(session, inspection.checklist_id)
    day = inspection.made_at.astimezone(SHANGHAI).date()
    title = checklist.rating(inspection.rating).title["zh"]
    made = Honour(
        station_id=inspection.station_id,
        title=title,
        level=level,
        year=day.year,
        standard=checklist.name,
        inspection_id=inspection.id,
        review_on=None if checklist.review_months is None else _months_on(day, checklist.review_months),
    )
    before = session.scalars(
        select(Honour)
        .join(Inspection, Inspection.id == Honour.inspection_id)
        .where(
            Honour.station_id == inspection.station_id,
            Honour.revoked_on.is_(None),
            Honour.inspection_id != inspection.id,
            Inspection.checklist_id.in_([one.id for one in library.listed(session, code=checklist.code)]),
        )
    ).all()
    added = _add(session, made)
    for old in before:
        old.revoked_on, old.revoked_reason = today, f"{day.year}年重新评定为{title}"
    session.flush()
    return added


def revoke(session: Session, honour_id: int, *, reason: str, on: date) -> None:
    """Take an honour back; it stays and says so. Raises NotFound, Invalid without a reason, Conflict, NotAllowed."""
    honour = session.get(Honour, honour_id)
    if honour is None:
        raise NotFound(f"there is no honour {honour_id}")
    if honour.revoked_on is not None:
        raise Conflict(f"honour {honour_id} was revoked on {honour.revoked_on}: {honour.revoked_reason}")
    if on.year < honour.year:
        raise Invalid(
            f"on: {on} is before {honour.year}, the year it was given", field="on", value=str(on), reason="on"
        )
    said = clean_words(reason, field="reason")
    if said is None:
        raise Invalid(
            "reason: say why it is taken back; everybody will read it", field="reason", reason="needed"
        )
    # Row policies hide from a writer what is not theirs, without an error; a lock asks the policy.
    if session.scalar(select(Honour.id).where(Honour.id == honour_id).with_for_update()) is None:
        raise NotAllowed(f"honour {honour_id} is held outside the regions that you keep")
    honour.revoked_on, honour.revoked_reason = on, said
    session.flush()


def of_station(session: Session, station_id: int) -> list[Held]:
    """Return what a station was given, the newest first, with what was revoked."""
    return _held(session, Honour.station_id == station_id)


def listed(
    session: Session, *, regions: Sequence[str] | None = None, revoked: bool = True, limit: int = 500
) -> list[Held]:
    """Return honours, the newest first. regions: only of stations and organisations in these; None for all."""
    conditions: list[ColumnElement[bool]] = [] if revoked else [Honour.revoked_on.is_(None)]
    if regions is not None:
        inside = select(Region.code).where(Region.lineage.overlap(list(regions)))
        conditions.append(func.coalesce(Station.region_code, Organisation.region_code).in_(inside))
    return _held(session, *conditions, limit=limit)


def _held(session: Session, *conditions: ColumnElement[bool], limit: int = 500) -> list[Held]:
    rows = session.execute(
        select(
            Honour.id,
            Station.code,
            func.coalesce(Station.names["zh"].astext, Organisation.name),
            func.coalesce(Station.region_code, Organisation.region_code),
            Honour.title,
            Honour.level,
            Honour.year,
            Honour.standard,
            Honour.review_on,
            Honour.revoked_on,
            Honour.revoked_reason,
            Honour.inspection_id,
        )
        .select_from(Honour)
        .outerjoin(Station, Station.id == Honour.station_id)
        .outerjoin(Organisation, Organisation.id == Honour.organisation_id)
        .where(*conditions)
        .order_by(Honour.year.desc(), Honour.id.desc())
        .limit(limit)
    )
    return [Held(*row) for row in rows]


def _add(session: Session, honour: Honour) -> int:
    same = session.scalar(
        select(Honour.id).where(
            Honour.station_id.is_not_distinct_from(honour.station_id),
            Honour.organisation_id.is_not_distinct_from(honour.organisation_id),
            Honour.title == honour.title,
            Honour.year == honour.year,
            Honour.standard.is_not_distinct_from(honour.standard),
            Honour.inspection_id.is_not_distinct_from(honour.inspection_id),
            Honour.revoked_on.is_(None),
        )
    )
    if same is not None:
        raise Conflict(f"{honour.title} of {honour.year} is written down already")
    session.add(honour)
    session.flush()
    return honour.id


def _station(session: Session, code: str) -> Station:
    found = session.scalar(select(Station).where(Station.code == code.strip()))
    if found is None or found.withdrawn_reason is not None:
        raise NotFound(f"no station has the code {code[:60]!r}")
    return found


def _organisation(session: Session, name: str) -> int:
    wanted = " ".join(name.split())
    found = session.scalar(select(Organisation.id).where(Organisation.name == wanted))
    if found is None:
        raise NotFound(
            f"no organisation is called {wanted[:60]!r}; it is known once a station names it as a partner"
        )
    return found


def _words(text: str | None, field: str, most: int) -> str:
    said = clean_words(text or "", field=field)
    if said is None or len(said) > most:
        raise Invalid(
            f"{field}: write 1 to {most} characters", field=field, value=(text or "")[:40], reason="words"
        )
    return said


def _months_on(day: date, months: int) -> date:
    """Return the day so many months later; the last one of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
