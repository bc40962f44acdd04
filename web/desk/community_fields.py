"""The fields of a form as values: days, moments, hours, whole numbers, a station by its code or its name.

A field that cannot be read counts as empty, so that the registry refuses it where it is needed; its own sentence is told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.editing.save import Reach
from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.models import PublicStation
from web.desk.community_words import wrong

__all__ = ["Fields", "spell_moment", "station_choices", "station_code"]

_T = TypeVar("_T")
_NEGOTIABLE: Final = re.compile(r"[面商电]议|面谈|详谈|议价|另议")
_MOST_CHOICES: Final = 2_000
_MOST_DIGITS: Final = 9


class Fields:
    """What was typed into a form. ``wrong`` gathers what could not be read: field → sentence."""

    def __init__(self, form: Mapping[str, str], names: tuple[str, ...]) -> None:
        self.values = {name: form.get(name, "").strip() for name in names}
        self.wrong: dict[str, str] = {}

    def text(self, name: str) -> str:
        """Return the words of a field."""
        return self.values[name]

    def day(self, name: str) -> date | None:
        """Return a day; None where it is empty or none."""
        return self._read(name, _day)

    def clock(self, name: str) -> time | None:
        """Return an hour of the day."""
        return self._read(name, _clock)

    def moment(self, name: str) -> datetime | None:
        """Return a moment in Beijing time."""
        return self._read(name, _moment)

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        return self._read(name, lambda text: _whole(text, name))

    def _read(self, name: str, reader: Callable[[str], _T]) -> _T | None:
        text = unicodedata.normalize("NFKC", self.values[name])
        if not text:
            return None
        try:
            return reader(text)
        except Invalid as error:
            self.wrong |= wrong(Invalid(str(error), field=name, value=error.value, reason=error.reason))
            return None


def station_choices(session: Session, allowed: Reach) -> list[tuple[str, str]]:
    """Return the code and name of stations that one may write of, for a form to offer."""
    wanted = (
        select(PublicStation.code, PublicStation.name)
        .where(PublicStation.listed, PublicStation.lifecycle.in_(("open", "suspended")))
        .order_by(PublicStation.code)
        .limit(_MOST_CHOICES)
    )
    if allowed.regions is not None:
        wanted = wanted.where(PublicStation.region_code.in_(allowed.regions))
    return [(code, name or "") for code, name in session.execute(wanted)]


def station_code(session: Session, text: str) -> str:
    """Return the code that a field names: a code, a code and a name as offered, or the whole name of one station."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if (match := re.match(r"[0-9]{6,20}(?=\s|$)", plain, re.ASCII)) is not None:
        return match[0]
    found = session.scalars(
        select(PublicStation.code).where(PublicStation.listed, PublicStation.name == text.strip()).limit(2)
    ).all()
    return found[0] if len(found) == 1 else text


def spell_moment(moment: datetime | None) -> str:
    """Write a moment as the browser's field for one does."""
    return "" if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise Invalid(f"{text[:40]!r} is no day", value=text[:40], reason="not_a_day") from None


def _clock(text: str) -> time:
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::00)?", text, re.ASCII)
    if match is None:
        raise Invalid(f"{text[:40]!r} is no hour", value=text[:40], reason="not_a_moment")
    return time(int(match[1]), int(match[2]))


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise Invalid(f"{text[:40]!r} is no moment", value=text[:40], reason="not_a_moment") from None
    if found.tzinfo is not None or not 2000 <= found.year <= 2200:
        raise Invalid(f"{text[:40]!r} is no moment", value=text[:40], reason="not_a_moment")
    return found.replace(tzinfo=SHANGHAI, second=0, microsecond=0)


def _whole(text: str, name: str) -> int:
    if name.startswith("pay") and _NEGOTIABLE.search(text):
        raise Invalid(
            f"{text[:40]!r} says nothing to who has to live on it", value=text[:40], reason="negotiable"
        )
    plain = re.sub(r"[,\s元人个名]|/?天", "", text)
    if not re.fullmatch(rf"[-−]?[0-9]{{1,{_MOST_DIGITS}}}", plain):
        raise Invalid(f"{text[:40]!r} is no whole number", value=text[:40], reason="not_a_number")
    return int(plain.replace("−", "-"))
