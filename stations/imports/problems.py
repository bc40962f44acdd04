"""What can be said against a row, and how much it weighs: a reject, a held position, a doubt, or only a note."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = ["DOUBTS", "HOLDS", "REJECTS", "SEVERITIES", "Kind", "Problem", "Severity"]


class Severity(StrEnum):
    """What follows from a problem."""

    #: The row cannot be stored; it stops its batch.
    REJECT = "reject"
    #: Nobody can tell which station the row means; it is kept with the batch and writes nothing.
    AMBIGUOUS = "ambiguous"
    #: The station is stored, its position is held as 未定位 until somebody accepts it.
    HOLD = "hold"
    #: The station is stored and shown, and waits for a person's eye.
    DOUBT = "doubt"
    #: Somebody changed the field since; it is not overwritten until a person says so.
    CONFLICT = "conflict"
    #: The list does not name the station any more; nothing happens until a person says so.
    ABSENT = "absent"
    #: Told, and nothing more.
    NOTE = "note"


class Kind(StrEnum):
    """What is wrong."""

    BROKEN_ROW = "broken_row"
    NO_NAME = "no_name"
    BAD_TEXT = "bad_text"
    BAD_NUMBER = "bad_number"
    BAD_COORDINATE = "bad_coordinate"
    HALF_POSITION = "half_position"
    NOT_ON_EARTH = "not_on_earth"
    BAD_DATUM = "bad_datum"
    NO_DATUM = "no_datum"
    DATUM_CONFLICT = "datum_conflict"
    BAD_LIFECYCLE = "bad_lifecycle"
    BAD_HOURS = "bad_hours"
    BAD_PHONE = "bad_phone"
    REPEATED_ID = "repeated_id"
    NOT_YOURS = "not_yours"
    UNKNOWN_CODE = "unknown_code"
    OTHER_LEDGER = "other_ledger"
    BAD_CELL = "bad_cell"

    AMBIGUOUS = "ambiguous"
    CONTRADICTED = "contradicted"

    SWAPPED = "swapped"
    OUTSIDE_PROVINCE = "outside_province"
    OUTSIDE_COUNTY = "outside_county"
    OTHER_DATUM = "other_datum"
    ON_TOP = "on_top"

    UNKNOWN_DISTRICT = "unknown_district"
    NEAR_LIKE = "near_like"

    STAFF_CHANGED = "staff_changed"
    CHANGED_SINCE = "changed_since"

    ABSENT = "absent"

    UNKNOWN_WORD = "unknown_word"
    UNREAD = "unread"
    GUESSED_KIND = "guessed_kind"
    HOURS_NOT_UNDERSTOOD = "hours_not_understood"
    REPEATED_ROW = "repeated_row"
    WITHDRAWN = "withdrawn"
    STAFF_STANDS = "staff_stands"
    BACK_AGAIN = "back_again"


def _severities() -> dict[Kind, Severity]:
    table = {
        Severity.AMBIGUOUS: (Kind.AMBIGUOUS, Kind.CONTRADICTED),
        Severity.HOLD: (
            Kind.SWAPPED,
            Kind.OUTSIDE_PROVINCE,
            Kind.OUTSIDE_COUNTY,
            Kind.OTHER_DATUM,
            Kind.ON_TOP,
        ),
        Severity.DOUBT: (Kind.UNKNOWN_DISTRICT, Kind.NEAR_LIKE),
        Severity.CONFLICT: (Kind.STAFF_CHANGED, Kind.CHANGED_SINCE),
        Severity.ABSENT: (Kind.ABSENT,),
        Severity.NOTE: (
            Kind.UNKNOWN_WORD,
            Kind.UNREAD,
            Kind.GUESSED_KIND,
            Kind.HOURS_NOT_UNDERSTOOD,
            Kind.REPEATED_ROW,
            Kind.WITHDRAWN,
            Kind.STAFF_STANDS,
            Kind.BACK_AGAIN,
        ),
    }
    found = dict.fromkeys(Kind, Severity.REJECT)
    return found | {kind: severity for severity, kinds in table.items() for kind in kinds}


SEVERITIES: Mapping[Kind, Severity] = MappingProxyType(_severities())
REJECTS, HOLDS, DOUBTS = (
    tuple(str(kind) for kind, severity in SEVERITIES.items() if severity is wanted)
    for wanted in (Severity.REJECT, Severity.HOLD, Severity.DOUBT)
)


class Problem(NamedTuple):
    """One thing said against a row: which column, which value, and why, in words."""

    kind: Kind
    field: str
    value: str
    reason: str

    @property
    def severity(self) -> Severity:
        """What follows from it."""
        return SEVERITIES[self.kind]

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Problem:
        """Read a problem as ``import_rows`` keeps it."""
        return cls(Kind(stored["kind"]), stored["field"], stored["value"], stored["reason"])
