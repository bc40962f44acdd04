"""Writing the fields of a draft into the rows of a station: each key knows its columns or its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.mainland import Mainland
from stations import vocabulary as words
from stations.editing.draft import COLUMNS, Count, Life, Opening, Position, Value
from stations.errors import Invalid
from stations.models import Amenity, HoursException, Organisation, Partner, Source, Station, Visits
from stations.registry.registry import AmenityFact, locate, set_amenities, set_partners

__all__ = ["BY_PHONE", "SEEN", "Writing", "write"]

#: How a fact was verified where somebody stood at the door.
SEEN: Final = "现场核实"
#: How it was verified where somebody only asked.
BY_PHONE: Final = "电话核实"
_DATES: Final = ("opened_on", "expected_on")


@dataclass(frozen=True, slots=True)
class Writing:
    """What a write needs besides its values. verified: how the facts were verified in this very edit, or None."""

    session: Session
    mainland: Mainland
    actor: int
    now: datetime
    verified: str | None = None


def write(writing: Writing, station: Station, changes: Mapping[str, Value]) -> None:
    """Write cleaned values into a station that this transaction has locked or added.

    Raises Invalid where a value names something that is not there (a source, another station).
    """
    names = dict(station.names)
    for key in sorted(changes, key=_order):
        part, _, rest = key.partition(".")
        value = changes[key]
        if part == "name":
            names.pop(rest, None)
            names |= {rest: value} if value else {}
        elif part in COLUMNS:
            setattr(station, part, _column(part, value))
        else:
            _WRITERS[part](writing, station, key, value)
    station.names = names
    if writing.verified is not None:
        station.verified_at, station.verified_by = writing.now, writing.actor
        station.verified_how = writing.verified
    writing.session.flush()


def _order(key: str) -> tuple[bool, str]:
    # A new position resets how good it is; what is said of that comes after.
    return key != "position", key


def _column(name: str, value: Value) -> Any:
    if value is None:
        return None
    if name in _DATES:
        return date.fromisoformat(value)
    return Decimal(value) if name == "area_m2" else value


def _cards(_: Writing, station: Station, __: str, value: Value) -> None:
    station.accepted_cards = value or []


def _life(_: Writing, station: Station, __: str, value: Value) -> None:
    life = Life(*value)
    station.lifecycle, station.lifecycle_reason = life.state, life.reason
    station.lifecycle_since = date.fromisoformat(life.since) if life.since else None


def _position(writing: Writing, station: Station, _: str, value: Value) -> None:
    if value is None:
        station.location = station.position_hold = station.position_quality = station.position_origin = None
        station.original_lon = station.original_lat = station.original_datum = None
        return
    at = Position(*value)
    quality = words.PositionQuality(station.position_quality) if station.position_quality else None
    locate(
        writing.session,
        station,
        at.lon,
        at.lat,
        datum=Datum.parse(at.datum),
        mainland=writing.mainland,
        quality=quality,
        origin=station.position_origin,
    )


def _hours(_: Writing, station: Station, __: str, value: Value) -> None:
    hours = Opening(*(value or ()))
    station.hours_words, station.hours_expression = hours.words, hours.expression
    station.hours_calendar = hours.calendar


def _exception(writing: Writing, station: Station, key: str, value: Value) -> None:
    first, last = _days(key)
    writing.session.execute(
        delete(HoursException).where(
            HoursException.station_id == station.id,
            HoursException.starts == first,
            HoursException.ends == last,
        )
    )
    for expression, reason in value or ():
        writing.session.add(
            HoursException(
                station_id=station.id, starts=first, ends=last, expression=expression, reason=reason
            )
        )


def _amenity(writing: Writing, station: Station, key: str, value: Value) -> None:
    code = key.partition(".")[2]
    held = writing.session.scalar(
        select(Amenity).where(Amenity.station_id == station.id, Amenity.amenity == code)
    )
    if held is None and value is None:
        return
    guessed = value is not None and value.startswith("inferred_")
    standing = (value or "unknown").removeprefix("inferred_")
    seen = writing.verified == SEEN
    basis = words.Basis.INFERRED if guessed else words.Basis.OBSERVED if seen else words.Basis.LISTED
    set_amenities(
        writing.session,
        station,
        {
            code: AmenityFact(
                value=words.Value.YES if standing == "broken" else words.Value(standing),
                basis=basis,
                out_of_order=standing == "broken",
                verified_at=writing.now.date() if writing.verified else None,
                note=held.note if held else None,
            )
        },
    )


def _partner(writing: Writing, station: Station, key: str, value: Value) -> None:
    role = key.partition(".")[2]
    wanted = value or []
    gone = select(Organisation.id).where(Organisation.name.not_in(wanted))
    writing.session.execute(
        delete(Partner).where(
            Partner.station_id == station.id, Partner.role == role, Partner.organisation_id.in_(gone)
        )
    )
    set_partners(writing.session, station, [(role, name) for name in wanted])


def _visits(writing: Writing, station: Station, key: str, value: Value) -> None:
    first, last = _days(key)
    period = Range(first, last + timedelta(days=1), bounds="[)")
    writing.session.execute(delete(Visits).where(Visits.station_id == station.id, Visits.period == period))
    for item in value or ():
        count = Count(*item)
        source = None
        if count.source is not None:
            source = writing.session.scalar(select(Source.id).where(Source.code == count.source))
            if source is None:
                raise Invalid(
                    f"no source has the code {count.source!r}",
                    field=key,
                    value=count.source,
                    reason="not_known",
                )
        writing.session.add(
            Visits(
                station_id=station.id, period=period, visits=count.visits, at_least=count.at_least,
                occupation=count.occupation, source_id=source, how="typed",
            )
        )  # fmt: skip


def _withdrawn(writing: Writing, station: Station, key: str, value: Value) -> None:
    reason, code = value or (None, None)
    same_as = None
    if code is not None:
        same_as = writing.session.scalar(
            select(Station.id).where(Station.code == code, Station.withdrawn_reason.is_(None))
        )
        if same_as is None:
            raise Invalid(
                f"no station has the code {code!r}", field=key, value=code, reason="no_such_station"
            )
        if same_as == station.id:
            raise Invalid(
                f"{code} is this station itself; give the code of the other",
                field=key,
                value=code,
                reason="itself",
            )
    station.withdrawn_reason, station.same_as = reason, same_as


def _days(key: str) -> tuple[date, date]:
    first, _, last = key.partition(".")[2].partition("/")
    return date.fromisoformat(first), date.fromisoformat(last)


_WRITERS: Final[Mapping[str, Callable[[Writing, Station, str, Value], None]]] = {
    "cards": _cards,
    "lifecycle": _life,
    "position": _position,
    "hours": _hours,
    "exception": _exception,
    "amenity": _amenity,
    "partner": _partner,
    "visits": _visits,
    "withdrawn": _withdrawn,
}
