"""Words that people type into notices and events: tidied, without markup, without numbers of people's cards.

Every error is an ``Invalid`` whose ``field`` names the field of the form and whose ``reason`` is one of ``REASONS``, for
a page to say in words of its own; all that is wrong is told at once (``Problems``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.editing.checks import BadFields
from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.keeping.private_numbers import refuse_private
from stations.models import Station

__all__ = ["REASONS", "BadFields", "Problems", "clean_text", "day_end", "station_for", "today"]

#: What can be wrong with a field.
REASONS: Final = (
    "needed", "too_long", "damaged", "markup", "identity_card", "bank_card", "not_known", "not_a_number", "too_small",
    "too_large", "range_swapped", "not_a_day", "not_a_moment", "days_swapped", "too_many_days", "in_past", "in_future",
    "too_far", "after_work", "bad_phone", "no_such_station", "station_closed", "outside_region", "no_region",
    "counts_only", "not_held_yet", "nothing_counted", "negotiable",
)  # fmt: skip
#: Stations at which something can still take place.
_IN_SERVICE: Final = frozenset({words.Lifecycle.OPEN, words.Lifecycle.SUSPENDED})
_MARKUP: Final = re.compile(r"<\s*[a-zA-Z/!?]|&(?:[a-zA-Z]{2,8}|#\w{1,8});")
_T = TypeVar("_T")


class Problems:
    """What is wrong with the fields of a form, gathered so that a person is told of everything at once."""

    def __init__(self) -> None:
        self._found: list[Invalid] = []

    def add(self, field: str, reason: str, message: str, *, value: object = None) -> None:
        """Note what is wrong with a field; the first thing that is said of each field is the one that is told."""
        self._found.append(Invalid(f"{field}: {message}", field=field, value=value, reason=reason))

    def taken(self, read: Callable[[], _T], empty: _T) -> _T:
        """Return what ``read`` returns; note an Invalid that it raises, and return ``empty``."""
        try:
            return read()
        except Invalid as error:
            self._found.append(error)
            return empty

    def text(self, text: str | None, *, field: str, most: int, needed: bool = False) -> str | None:
        """Return words as ``clean_text`` does; note what is wrong with them, and return None."""
        return self.taken(lambda: clean_text(text, field=field, most=most, needed=needed), None)

    def tell(self) -> None:
        """Raise BadFields where anything was noted."""
        if self._found:
            by_field = {error.field: error for error in reversed(self._found)}
            raise BadFields(tuple(error for error in self._found if by_field[error.field] is error))


def clean_text(text: str | None, *, field: str, most: int, needed: bool = False) -> str | None:
    """Return one line of words in NFC, or None where nothing is left.

    most: characters. Raises Invalid for markup, for half a character, for the number of an identity or bank card, for
    what is too long, and where ``needed`` words are missing.
    """
    given = text or ""
    if any(unicodedata.category(character) == "Cs" for character in given):
        raise Invalid(
            f"{field}: half a character (a lone surrogate) is no text", field=field, reason="damaged"
        )
    shown = "".join(character if _is_shown(character) else " " for character in given)
    kept = unicodedata.normalize("NFC", " ".join(shown.split()))
    if not kept:
        if needed:
            raise Invalid(f"{field}: is empty; write some words", field=field, value="", reason="needed")
        return None
    if len(kept) > most:
        raise Invalid(
            f"{field}: {len(kept)} characters are too many; write {most} at most",
            field=field,
            value=most,
            reason="too_long",
        )
    if (found := _MARKUP.search(kept)) is not None:
        raise Invalid(
            f"{field}: {found[0]!r} looks like HTML; write plain words",
            field=field,
            value=found[0],
            reason="markup",
        )
    refuse_private(kept, field=field)
    return kept


def _is_shown(character: str) -> bool:
    # Overrides of the writing direction could make hidden words read as others.
    return not (
        unicodedata.category(character) in {"Cc", "Zl", "Zp"}
        or "\u202a" <= character <= "\u202e"
        or "\u2066" <= character <= "\u2069"
    )


def station_for(session: Session, code: str, *, on: date) -> Station:
    """Return the station at which something takes place on a day. Raises Invalid where it cannot.

    A closed station may still be named for a day before it closed.
    """
    station = (
        session.scalar(select(Station).where(Station.code == code.strip()))
        if re.fullmatch(r"[0-9]{1,20}", code.strip(), re.ASCII)
        else None
    )
    if station is None or station.withdrawn_reason is not None:
        raise Invalid(
            f"station: no station has the code {code.strip()[:40]!r}",
            field="station",
            value=code.strip()[:40],
            reason="no_such_station",
        )
    served = station.lifecycle in _IN_SERVICE or (
        station.lifecycle == words.Lifecycle.CLOSED
        and station.lifecycle_since is not None
        and on < station.lifecycle_since
    )
    if not served:
        raise Invalid(
            f"station: {station.code} is {station.lifecycle}; choose one that is in service on {on}",
            field="station",
            value=station.code,
            reason="station_closed",
        )
    return station


def today(now: datetime) -> date:
    """Return the day in Beijing's calendar."""
    return now.astimezone(SHANGHAI).date()


def day_end(day: date) -> datetime:
    """Return the moment at which a day of Beijing's calendar is over."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), SHANGHAI)
