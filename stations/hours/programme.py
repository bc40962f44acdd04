"""One day's hours as minutes: which spans begin on a day, and how such programmes are put together.

A programme holds the spans that *begin* on one day. A span may run past midnight: its end is then above
1440 minutes, and it belongs wholly to the day on which it begins.
What a programme does not mention is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

__all__ = [
    "DAY",
    "NOTHING_SAID",
    "Programme",
    "Segment",
    "State",
    "agree",
    "calendar_day",
    "fill",
    "overlay",
    "whole_day",
]

DAY = 1440


class State(StrEnum):
    """Whether the door is open, as far as the posted hours tell."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Segment(NamedTuple):
    """A half-open span of minutes from the day's midnight, and what holds in it."""

    start: int
    end: int
    state: State
    comment: str = ""


Programme = tuple[Segment, ...]
NOTHING_SAID: Programme = ()
_Mark = tuple[State, str]


def whole_day(state: State, comment: str = "") -> Programme:
    """Return a programme with one state from midnight to midnight."""
    return (Segment(0, DAY, state, comment),)


def overlay(below: Programme, above: Programme) -> Programme:
    """Lay ``above`` over ``below``: where ``above`` speaks, it wins."""
    return _weave(lambda marks: marks[1] or marks[0], (below, above))


def fill(first: Programme, spare: Programme) -> Programme:
    """Use ``spare`` only where ``first`` says nothing."""
    return _weave(lambda marks: marks[0] or marks[1], (first, spare))


def agree(*programmes: Programme) -> Programme:
    """Keep what all programmes say; where they differ the state is unknown. Silence counts as closed."""
    return programmes[0] if len(set(programmes)) == 1 else _weave(_common, programmes)


def calendar_day(yesterday: Programme, today: Programme) -> Programme:
    """Return what holds from 0:00 to 24:00 of one day, without gaps, closed time spelled out.

    The tail of yesterday's spans counts as much as today's own: open beats unknown, unknown beats closed. A
    day that is closed by a rule or an exception therefore does not cut short a night that began before it.
    """
    tail = tuple(
        Segment(max(segment.start - DAY, 0), segment.end - DAY, segment.state, segment.comment)
        for segment in yesterday
        if segment.end > DAY
    )
    own = tuple(segment._replace(end=min(segment.end, DAY)) for segment in today if segment.start < DAY)
    return _weave(_strongest, (tail, own, whole_day(State.CLOSED)))


def _weave(
    choose: Callable[[list[_Mark | None]], _Mark | None], programmes: tuple[Programme, ...]
) -> Programme:
    bounds = sorted({bound for programme in programmes for item in programme for bound in item[:2]})
    woven: list[Segment] = []
    for start, end in pairwise(bounds):
        mark = choose([_mark_at(programme, start) for programme in programmes])
        if mark is None:
            continue
        last = woven[-1] if woven else None
        if last is not None and last.end == start and last[2:] == mark:
            woven[-1] = last._replace(end=end)
        else:
            woven.append(Segment(start, end, *mark))
    return tuple(woven)


def _mark_at(programme: Programme, minute: int) -> _Mark | None:
    for start, end, state, comment in programme:
        if start <= minute < end:
            return state, comment
    return None


def _common(marks: list[_Mark | None]) -> _Mark | None:
    states = {State.CLOSED if mark is None else mark[0] for mark in marks}
    if len(states) > 1:
        return State.UNKNOWN, ""
    comments = {mark[1] for mark in marks if mark is not None}
    return (states.pop(), comments.pop() if len(comments) == 1 else "") if comments else None


_STRENGTH = (State.OPEN, State.UNKNOWN, State.CLOSED)


def _strongest(marks: list[_Mark | None]) -> _Mark | None:
    for state in _STRENGTH:
        found = [mark for mark in marks if mark is not None and mark[0] is state]
        if found:
            return state, next((comment for _, comment in found if comment), "")
    return None
