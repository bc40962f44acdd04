"""A station as a flat value: every fact that staff may edit stands under one key, so that edits can be compared.

============================  ==========================================================================================
key                           value (JSON; None is unknown)
============================  ==========================================================================================
``name.TAG``                  a name by BCP 47 tag; ``name.zh`` is never None
``kind`` … ``position_origin``  the columns of a station with the same names
``cards``                     accepted cards, a list
``lifecycle``                 ``Life``
``position``                  ``Position``: the numbers as received, in their own datum
``hours``                     ``Opening``: words, expression and calendar belong together and are one fact
``exception.FIRST/LAST``      a list of [expression or None for closed, reason]
``amenity.CODE``              one of ``STANDINGS``, or ``inferred_yes``/``inferred_no`` while nobody confirmed a guess
``partner.ROLE``              names of organisations, a list in order
``visits.FIRST/LAST``         a list of ``Count``; the days are the first and the last of the period
``withdrawn``                 [reason, code of the station that it is the same as, or None]
============================  ==========================================================================================
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from stations import vocabulary as words
from stations.errors import NotFound
from stations.models import Amenity, Commit, HoursException, Organisation, Partner, Source, Station, Visits
from stations.registry import queries

__all__ = ["COLUMNS", "NAME_TAGS", "STANDINGS", "Count", "Draft", "Life", "Opening", "Position", "Value", "drafts",
           "empty", "load", "period_key"]  # fmt: skip

#: What JSON can hold.
Value: TypeAlias = Any

#: The languages that a form always offers.
NAME_TAGS: Final = ("zh", "bo", "mn-Mong", "en")
#: What somebody can say of an amenity.
STANDINGS: Final = ("yes", "no", "broken", "unknown")
#: Columns that are fields of their own, by the same name, and are text or a plain number.
COLUMNS: Final = (
    "kind", "region_code", "address", "directions", "premises", "access", "fee", "phone", "capacity", "area_m2",
    "opened_on", "expected_on", "position_quality", "position_origin",
)  # fmt: skip


class Position(NamedTuple):
    """Where a station is, as it was said. ``held``: received, doubted and not drawn."""

    lon: float
    lat: float
    datum: str
    held: bool = False


class Life(NamedTuple):
    """Where a station stands in its life; a day is ISO 8601."""

    state: str
    since: str | None = None
    reason: str | None = None


class Opening(NamedTuple):
    """The weekly hours: the words as given, what they were understood as, and what a weekday means."""

    words: str | None = None
    expression: str | None = None
    calendar: str = "plain"


class Count(NamedTuple):
    """How often a station was used in a period: by whom, how often, and who says so (the code of a source)."""

    visits: int
    at_least: bool = False
    source: str | None = None
    occupation: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The state of a station that an edit begins from. ``code`` is empty for a station that is not added yet."""

    code: str
    #: The commits that were visible when it was read.
    seq: int
    fields: Mapping[str, Value]

    def position(self) -> Position | None:
        """Return where the station is said to be."""
        found = self.fields.get("position")
        return Position(*found) if found else None

    def life(self) -> Life:
        """Return where it stands in its life."""
        return Life(*self.fields["lifecycle"])

    def opening(self) -> Opening:
        """Return its weekly hours."""
        return Opening(*(self.fields.get("hours") or ()))


def empty() -> Draft:
    """Return the draft of a station of which nothing is known yet."""
    fields: dict[str, Value] = {"kind": "union_station", "access": "unknown", "fee": "unknown"}
    return Draft("", 0, fields | {"lifecycle": [words.Lifecycle.OPEN.value, None, None]})


def load(session: Session, code: str) -> Draft:
    """Return the present state of a station, withdrawn ones too. Raises NotFound."""
    found = None
    if "\x00" not in code:  # which PostgreSQL does not take even to compare
        found = session.scalar(select(Station.id).where(Station.code == code))
    if found is None:
        raise NotFound(f"no station has the code {code[:60]!r}")
    return drafts(session, [found])[found]


def drafts(session: Session, ids: Sequence[int]) -> dict[int, Draft]:
    """Return the present state of these stations by id, in their order, by five questions whatever their number."""
    # Read before the rows: what is committed in between is told as changed since, never as known.
    seq = session.scalar(select(func.max(Commit.seq))) or 0
    other = aliased(Station)
    rows = session.execute(
        select(
            Station, other.code.label("same_as_code"),
            queries.x(Station.location).label("x"), queries.y(Station.location).label("y"),
        )
        .outerjoin(other, other.id == Station.same_as)
        .where(Station.id.in_(ids))
        .order_by(Station.id)
        .execution_options(populate_existing=True)
    ).all()  # fmt: skip
    parts = _parts(session, ids)
    return {
        row.Station.id: Draft(
            row.Station.code,
            seq,
            _columns(row.Station, row.x, row.y, row.same_as_code) | parts[row.Station.id],
        )
        for row in rows
    }


def _columns(station: Station, x: float | None, y: float | None, same_as: str | None) -> dict[str, Value]:
    fields: dict[str, Value] = {f"name.{tag}": name for tag, name in station.names.items()}
    fields |= {name: _plain(getattr(station, name)) for name in COLUMNS}
    fields["cards"] = list(station.accepted_cards) or None
    since = station.lifecycle_since
    fields["lifecycle"] = list(
        Life(station.lifecycle, since.isoformat() if since else None, station.lifecycle_reason)
    )
    hours = Opening(station.hours_words, station.hours_expression, station.hours_calendar)
    fields["hours"] = None if hours == Opening() else list(hours)
    held = station.position_hold is not None
    if held or x is not None:
        numbers = (station.original_lon, station.original_lat, station.original_datum)
        lon, lat, datum = numbers if None not in numbers else (x, y, "wgs84")
        fields["position"] = list(Position(lon, lat, datum, held)) if lon is not None else None  # type: ignore[arg-type]
    if station.withdrawn_reason is not None:
        fields["withdrawn"] = [station.withdrawn_reason, same_as]
    return {key: value for key, value in fields.items() if value is not None}


def _plain(value: Any) -> Value:
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int) else f"{value.normalize():f}"


def _parts(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Value]]:
    found: dict[int, dict[str, Value]] = defaultdict(dict)
    for row in session.execute(
        select(Amenity.station_id, Amenity.amenity, Amenity.value, Amenity.out_of_order, Amenity.basis).where(
            Amenity.station_id.in_(ids), Amenity.value != words.Value.UNKNOWN
        )
    ):
        standing = "broken" if row.out_of_order else row.value
        guessed = row.basis == words.Basis.INFERRED and not row.out_of_order
        found[row.station_id][f"amenity.{row.amenity}"] = f"inferred_{standing}" if guessed else standing
    for role, name, station in session.execute(
        select(Partner.role, Organisation.name, Partner.station_id)
        .join(Organisation)
        .where(Partner.station_id.in_(ids))
        .order_by(Organisation.name)
    ):
        found[station].setdefault(f"partner.{role}", []).append(name)
    for exception in session.scalars(
        select(HoursException)
        .where(HoursException.station_id.in_(ids))
        .order_by(HoursException.starts, HoursException.id)
    ):
        key = period_key("exception", exception.starts, exception.ends)
        found[exception.station_id].setdefault(key, []).append([exception.expression, exception.reason])
    _put_visits(found, session, ids)
    return found


def _put_visits(found: dict[int, dict[str, Value]], session: Session, ids: Iterable[int]) -> None:
    rows = session.execute(
        select(Visits, Source.code.label("source"))
        .outerjoin(Source, Source.id == Visits.source_id)
        .where(Visits.station_id.in_(ids))
        .order_by(Visits.period, Visits.id)
    )
    for row in rows:
        period = row.Visits.period
        if period.lower is None or period.upper is None:
            continue
        key = period_key("visits", period.lower, period.upper - timedelta(days=1))
        count = Count(row.Visits.visits, row.Visits.at_least, row.source, row.Visits.occupation)
        found[row.Visits.station_id].setdefault(key, []).append(list(count))


def period_key(part: str, first: date, last: date) -> str:
    """Return the key of an exception or of usage figures by its days, both included."""
    return f"{part}.{first.isoformat()}/{last.isoformat()}"
