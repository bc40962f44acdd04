"""The clauses of a text put together into one week: which statement holds on which weekday.

Days of their own beat days not named, and a narrower list of days beats a wider one. Statements that differ
about the same days and overlap in time leave only what they agree on.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from stations.hours.clause import ALL_DAYS, WEEKEND, Clause
from stations.hours.emit import Week
from stations.hours.programme import NOTHING_SAID, Programme, Segment, State, agree, overlay, whole_day

__all__ = ["FOLLOWS_HOST", "UNKNOWN", "agreed", "clause_programme", "days_last", "has_silent_days", "week_of"]

FOLLOWS_HOST = "随场地开放"
UNKNOWN = whole_day(State.UNKNOWN)
_HOST = whole_day(State.UNKNOWN, FOLLOWS_HOST)
# A noon break without times lies somewhere in here.
_NOON_BREAK = (Segment(11 * 60 + 30, 15 * 60, State.CLOSED),)


def week_of(clauses: list[Clause], *, official: bool) -> Week:
    """Return the week that the clauses describe; ``official`` tells that the text speaks of working days.

    A weekday of which nothing is said is closed, except where the text only says what is closed, says that the
    day is open as usual, or sets working days against holidays without naming the weekend: then it is unknown.
    """
    breaks = [clause for clause in clauses if _is_break(clause)]
    stated = [
        clause for clause in clauses if clause.days is not None and not clause.kept and clause not in breaks
    ]
    default = [clause for clause in clauses if not clause.named and clause not in breaks]
    also_open = [clause for clause in stated if default and clause.opened and not clause.said]
    stated = [clause for clause in stated if clause not in also_open]
    sure = _days_of(also_open) if also_open else ALL_DAYS
    silent = _silent_days(clauses, stated, official=official)

    def on(weekday: int) -> Programme:
        speaking = [clause for clause in stated if clause.days is not None and weekday in clause.days]
        if speaking:
            return _settle(_narrowest(speaking))
        if default:
            usual = _settle(default)
            return usual if weekday in sure else agree(usual, UNKNOWN)
        return UNKNOWN if weekday in silent else NOTHING_SAID

    days = [on(weekday) for weekday in range(7)]
    for clause in breaks:
        days = [
            _without_breaks(programme, clause) if weekday in (clause.days or ALL_DAYS) else programme
            for weekday, programme in enumerate(days)
        ]
    holidays = [clause for clause in clauses if clause.public and not clause.kept]
    return Week(tuple(days), _settle(holidays) if holidays else None)


def has_silent_days(clauses: list[Clause]) -> bool:
    """Tell whether days are named, or left over, without any times."""
    return any(clause.named and not clause.said for clause in clauses) or _only_closed(clauses)


def days_last(clauses: list[Clause]) -> list[Clause]:
    """Give times the days that follow them, where a text puts the days last: 8:30-17:00（周一至周五）."""
    open_ones = [clause for clause in clauses if not (clause.closed or clause.kept)]
    if len(open_ones) < 2:
        return clauses
    first, *middle, last = open_ones
    # 8:00-20:00，周六，周日休息 may mean that both are closed; then Saturday stays unknown.
    closed = _days_of(clause for clause in clauses if clause.closed)
    ends = clauses[-1] is last or (last.days or ALL_DAYS) | closed == ALL_DAYS or not closed
    fits = (
        ends
        and not first.named
        and first.said
        and last.days is not None
        and not (last.said or last.opened)
        and all(clause.named and clause.said for clause in middle)
        and all(clause.season == first.season for clause in open_ones)
    )
    if not fits:
        return clauses
    for clause, following in pairwise(open_ones):
        clause.days, clause.public = following.days, following.public
    return [clause for clause in clauses if clause is not last]


def agreed(weeks: list[Week]) -> Week:
    """Return what all weeks agree on, the rest unknown: the seasons of a text that gives them no dates."""
    days = tuple(_agreed_day(programmes) for programmes in zip(*(week.days for week in weeks), strict=True))
    given = [week.holidays for week in weeks if week.holidays is not None]
    if not given:
        return Week(days)
    return Week(days, _agreed_day(given) if len(given) == len(weeks) else UNKNOWN)


def clause_programme(clause: Clause) -> Programme:
    """Return what one clause says of each of its days; unknown where it gives no times."""
    if clause.unknown:
        return _HOST if clause.host else UNKNOWN
    if clause.closed:
        return NOTHING_SAID
    given = list(clause.ranges)
    if given and _apart(given):
        given = [_joined(given)]
    if clause.all_day:
        given.append(whole_day(State.OPEN))
    return _without_breaks(_agreed_day(given), clause) if given else UNKNOWN


def _is_break(clause: Clause) -> bool:
    return bool(clause.pauses or clause.lunch) and not (clause.ranges or clause.all_day or clause.unknown)


def _only_closed(clauses: Iterable[Clause]) -> bool:
    return all(clause.closed for clause in clauses if not clause.kept)


def _silent_days(clauses: list[Clause], stated: list[Clause], *, official: bool) -> frozenset[int]:
    if all(clause.closed or clause.unknown for clause in stated):
        return ALL_DAYS
    kept = _days_of(clause for clause in clauses if clause.kept)
    holidays_apart = official and any(
        clause.public and clause.days is None and not (clause.closed or clause.kept) for clause in clauses
    )
    return kept | WEEKEND if holidays_apart else kept


def _days_of(clauses: Iterable[Clause]) -> frozenset[int]:
    return frozenset(day for clause in clauses for day in clause.days or ())


def _without_breaks(programme: Programme, clause: Clause) -> Programme:
    for pause in clause.pauses:
        closed = tuple(
            segment._replace(state=State.CLOSED) if segment.state is State.OPEN else segment
            for segment in pause
        )
        programme = overlay(programme, closed)
    if clause.lunch:
        programme = agree(programme, overlay(programme, _NOON_BREAK))
    return _spoken(programme)


def _settle(clauses: list[Clause]) -> Programme:
    """Join what several clauses say of a day: times apart are all meant, times that overlap are doubtful."""
    programmes = sorted({clause_programme(clause) for clause in clauses})
    if all(programmes) and _apart(programmes):
        return _joined(programmes)
    return _agreed_day(programmes) if programmes else NOTHING_SAID


def _narrowest(clauses: list[Clause]) -> list[Clause]:
    return [
        clause
        for clause in clauses
        if not any((other.days or ALL_DAYS) < (clause.days or ALL_DAYS) for other in clauses)
    ]


def _agreed_day(programmes: Iterable[Programme]) -> Programme:
    return _spoken(agree(*programmes))


def _spoken(programme: Programme) -> Programme:
    return tuple(segment for segment in programme if segment.state is not State.CLOSED)


def _apart(programmes: list[Programme]) -> bool:
    return all(first[-1].end <= second[0].start for first, second in pairwise(programmes))


def _joined(programmes: list[Programme]) -> Programme:
    joined = NOTHING_SAID
    for programme in programmes:
        joined = overlay(joined, programme)
    return joined
