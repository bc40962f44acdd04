"""What comes first, worked out for one station at a time.

First what one will find on arrival: open and open long enough; then open but closing soon; then hours nobody knows; then
closed, soonest to open first; then what is not in service at all. Among equals counts the *effort*: the minutes of
travel, and what every doubt is worth in minutes. An amenity that a list only inferred is worth going five minutes
farther to a sure one, one that nobody checked fifteen, the official service circle; a door that needs something, a few.
So a doubtful microwave round the corner still comes before a sure one an hour away.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from stations.hours import Hours, Standing, State, standing

__all__ = [
    "ACCESS_MINUTES",
    "INFERRED_MINUTES",
    "STAY",
    "UNKNOWN_MINUTES",
    "Place",
    "Timeline",
    "Verdict",
    "judge",
]

#: Minutes that a stop must last to be of use, where nobody says: heat a meal, drink, charge a little.
STAY: Final = 10
INFERRED_MINUTES: Final = 5
UNKNOWN_MINUTES: Final = 15
#: What a barrier at the door is worth in minutes. A card is something that many do not have.
ACCESS_MINUTES: Final = {"open_door": 0, "ask_staff": 1, "unknown": 1, "scan": 2, "app": 3, "card": 4}

#: Changes that are looked through for the next opening; a closure for a season is longer than anybody waits.
_CHANGES: Final = 24
#: Minutes up to which the parts are kept; who travels for days is answered each time anew.
_AHEAD: Final = 3 * 24 * 60
_MINUTE: Final = timedelta(minutes=1)


class Verdict(StrEnum):
    """What one will find on arrival."""

    OPEN = "open"
    OPENS_BY_ARRIVAL = "opens_by_arrival"
    CLOSING_SOON = "closing_soon"
    UNKNOWN = "unknown"
    CLOSES_BEFORE_ARRIVAL = "closes_before_arrival"
    CLOSED = "closed"
    NOT_IN_SERVICE = "not_in_service"


_GROUP: Final = {
    Verdict.OPEN: 0,
    Verdict.OPENS_BY_ARRIVAL: 0,
    Verdict.CLOSING_SOON: 1,
    Verdict.UNKNOWN: 2,
    Verdict.CLOSES_BEFORE_ARRIVAL: 3,
    Verdict.CLOSED: 3,
    Verdict.NOT_IN_SERVICE: 4,
}
_SHUT: Final = frozenset((Verdict.CLOSES_BEFORE_ARRIVAL, Verdict.CLOSED))
_NEVER: Final = 10**9
_NO_SERVICE: Final = (Verdict.NOT_IN_SERVICE, _GROUP[Verdict.NOT_IN_SERVICE], None)


class Timeline:
    """The states of one schedule from a moment on, worked out as far as somebody asks."""

    __slots__ = ("_at", "_hours", "_met", "_moment", "_parts")

    def __init__(self, hours: Hours, moment: datetime) -> None:
        self._hours = hours
        self._moment = moment
        #: Each part with the minutes at which it ends.
        self._parts: list[tuple[int, Standing]] = []
        self._at: dict[int, Standing] = {}
        self._met: dict[tuple[int, int], tuple[Verdict, int, int | None]] = {}

    def at(self, minutes: int) -> Standing:
        """Return what holds so many minutes after the moment."""
        found = self._at.get(minutes)
        if found is None:
            found = replace(self._part(minutes)[1], at=self._moment + minutes * _MINUTE)
            self._at[minutes] = found
        return found

    def state(self, minutes: int) -> State:
        """Return the state so many minutes after the moment."""
        return self._part(minutes)[1].state

    def lasts(self, minutes: int, stay: int) -> bool:
        """Tell whether what holds after ``minutes`` goes on for ``stay`` more."""
        return self._part(minutes)[0] - minutes >= stay

    def opens_after(self, minutes: int) -> int | None:
        """Return the minutes from the moment to the first opening after ``minutes``; None where none is known."""
        end, part = self._part(minutes)
        for _ in range(_CHANGES):
            if part.then is State.OPEN:
                return end
            if part.until is None:
                return None
            end, part = self._part(end)
        return None

    def met(self, minutes: int, stay: int) -> tuple[Verdict, int, int | None]:
        """Return what somebody meets who comes after ``minutes`` to stay: the verdict, its group, when it opens.

        Many stations of a list share their hours and a few minutes: each case is worked out once.
        """
        found = self._met.get((minutes, stay))
        if found is None:
            verdict = _verdict(self, minutes, stay)
            opens_in = self.opens_after(minutes) if verdict in _SHUT else None
            found = self._met[minutes, stay] = (verdict, _GROUP[verdict], opens_in)
        return found

    def _part(self, minutes: int) -> tuple[int, Standing]:
        for found in self._parts:
            if minutes < found[0]:
                return found
        if minutes > _AHEAD:
            return self._ended(standing(self._hours, self._moment + minutes * _MINUTE))
        while not self._parts or self._parts[-1][0] <= minutes:
            start = self._parts[-1][1].until if self._parts else self._moment
            # Only the last part has no end, and that lies beyond every minute.
            self._parts.append(self._ended(standing(self._hours, start or self._moment)))
        return self._parts[-1]

    def _ended(self, part: Standing) -> tuple[int, Standing]:
        return (_NEVER if part.until is None else int((part.until - self._moment) / _MINUTE), part)


class Place(NamedTuple):
    """What the rank of a station stands on; smaller ``key`` comes first."""

    verdict: Verdict
    key: tuple[int, int, int, float, int]
    #: Minutes from the moment until it opens, where it is closed on arrival and that is known.
    opens_in: int | None

    def is_ahead_of(self, minutes: float) -> bool:
        """Tell whether no station can come before this one that takes at least so many minutes to reach."""
        return self.key[0] == 0 and self.key[2] < minutes


def judge(
    timeline: Timeline | None,
    *,
    minutes: int,
    stay: int,
    doubt: int,
    metres: float,
    station_id: int,
) -> Place:
    """Return the place of one station.

    timeline: None for a station that is not in service. minutes: of travel. stay: minutes that one wants to stay.
    doubt: minutes that unsure amenities and barriers at the door are worth. metres, station_id: settle what is equal.
    """
    verdict, group, opens_in = _NO_SERVICE if timeline is None else timeline.met(minutes, stay)
    wait = 0 if verdict not in _SHUT else _NEVER if opens_in is None else opens_in
    return Place(verdict, (group, wait, minutes + doubt, metres, station_id), opens_in)


def _verdict(timeline: Timeline, minutes: int, stay: int) -> Verdict:
    now, there = timeline.state(0), timeline.state(minutes)
    if there is State.UNKNOWN:
        return Verdict.UNKNOWN
    if there is State.CLOSED:
        return Verdict.CLOSES_BEFORE_ARRIVAL if now is State.OPEN else Verdict.CLOSED
    if not timeline.lasts(minutes, stay):
        return Verdict.CLOSING_SOON
    return Verdict.OPEN if now is State.OPEN else Verdict.OPENS_BY_ARRIVAL
