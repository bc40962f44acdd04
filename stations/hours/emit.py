"""Programmes of a week written down as one ``opening_hours`` expression, the same text for the same week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stations.hours.expression import WEEKDAYS
from stations.hours.programme import DAY, Programme, State, whole_day

__all__ = ["Week", "write_week"]

_ALL = tuple(range(7))


@dataclass(frozen=True, slots=True)
class Week:
    """The programme of each weekday, Monday first, and of public holidays where they differ (else None)."""

    days: tuple[Programme, ...]
    holidays: Programme | None = None

    by_programme: Mapping[Programme, tuple[int, ...]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        groups: dict[Programme, tuple[int, ...]] = {}
        for weekday, programme in enumerate(self.days):
            groups[programme] = (*groups.get(programme, ()), weekday)
        object.__setattr__(self, "by_programme", groups)


def write_week(week: Week, dated: str = "") -> str:
    """Return the expression of a week; ``dated`` is a month or date selector that every rule begins with."""
    rules = [
        _rule(programme, weekdays, dated) for programme, weekdays in week.by_programme.items() if programme
    ]
    if week.holidays is not None and rules:
        rules.append(
            _fragments(week.holidays, f"{dated} PH".strip()) if week.holidays else f"{dated} PH off".strip()
        )
    elif week.holidays:
        rules = [_fragments(week.holidays, f"{dated} PH".strip())]
    return "; ".join(rules) or f"{dated} off".strip()


def _rule(programme: Programme, weekdays: tuple[int, ...], dated: str) -> str:
    days = "" if weekdays == _ALL else _weekdays(weekdays)
    selector = f"{dated} {days}".strip()
    if not selector and programme == whole_day(State.OPEN):
        return "24/7"
    # Without a selector the library would read the second fragment as more times of the first.
    mixed = len({segment.state for segment in programme}) > 1 or programme[-1].start >= DAY
    return _fragments(programme, f"{dated} Mo-Su".strip() if mixed and not days else selector)


def _fragments(programme: Programme, selector: str) -> str:
    """Write unknown time first and open time over it.

    A span that begins after midnight cannot be written: the time up to its end becomes unknown.
    """
    unknown: list[str] = []
    opened: list[str] = []
    comment = ""
    before = 0
    for segment in programme:
        if segment.start >= DAY:
            unknown.append(_span(min(before, DAY - 1), segment.end))
        elif segment.state is State.UNKNOWN:
            unknown.append(_span(segment.start, segment.end))
            comment = comment or segment.comment
        elif segment.state is State.OPEN:
            opened.append(_span(segment.start, segment.end))
        before = segment.start if segment.start < DAY else before
    written = []
    if unknown:
        times = "" if unknown == ["00:00-24:00"] else ",".join(unknown)
        quoted = f'"{comment}"' if comment else ""
        written.append(" ".join(filter(None, (selector, times, "unknown", quoted))))
    if opened:
        written.append(f"{selector} {','.join(opened)}".strip())
    return ", ".join(written)


def _span(start: int, end: int) -> str:
    shown = end - DAY if end > DAY and end - DAY < start else end
    return f"{start // 60:02}:{start % 60:02}-{shown // 60:02}:{shown % 60:02}"


def _weekdays(weekdays: tuple[int, ...]) -> str:
    runs: list[list[int]] = []
    for weekday in weekdays:
        if runs and runs[-1][-1] + 1 == weekday:
            runs[-1].append(weekday)
        else:
            runs.append([weekday])
    return ",".join(WEEKDAYS[r[0]] + (f"-{WEEKDAYS[r[-1]]}" if len(r) > 1 else "") for r in runs)
