"""Hours typed in words, as an edit takes them: the weekly hours, the dated exceptions they speak of, what is in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from stations.editing.draft import Opening, Value, period_key
from stations.errors import Invalid
from stations.hours import Calendar, DatedException, Hours, parse_words

__all__ = ["Understood", "hours_of", "span_expression", "understood"]


@dataclass(frozen=True, slots=True)
class Understood:
    """What words mean. ``exceptions``: keys of the draft with their values.

    ``meant``: False where nothing of them was understood; then the hours are unknown and only the words are kept.
    ``notes``: what was assumed, in Chinese.
    """

    opening: Opening
    exceptions: Mapping[str, Value]
    meant: bool
    sure: bool
    notes: tuple[str, ...]


def understood(words: str, *, today: date) -> Understood:
    """Read hours in words. today: the day on which they are typed, for dates without a year.

    Raises Invalid (field ``hours``) for words that are too long.
    """
    text = words.strip()
    try:
        parsed = parse_words(text, today=today)
    except Invalid as error:
        raise Invalid(str(error), field="hours", value=error.value, reason="too_long") from error
    hours = parsed.hours
    exceptions: dict[str, Value] = {}
    for one in hours.exceptions:
        key = period_key("exception", one.starts, one.ends)
        exceptions.setdefault(key, []).append([one.expression, one.reason])
    meant = hours.expression is not None or bool(exceptions)
    calendar = str(hours.calendar) if hours.expression is not None else "plain"
    return Understood(
        Opening(text or None, hours.expression, calendar), exceptions, meant, parsed.understood, parsed.notes
    )


def hours_of(opening: Opening, exceptions: Mapping[str, Value]) -> Hours:
    """Return the hours that a week can be laid out from. exceptions: keys of the draft with their values."""
    dated = []
    for key in sorted(exceptions):
        first, _, last = key.partition(".")[2].partition("/")
        for expression, reason in exceptions[key] or ():
            dated.append(
                DatedException(date.fromisoformat(first), date.fromisoformat(last), expression, reason)
            )
    dated.sort(key=lambda one: one.starts)
    return Hours(opening.expression, Calendar(opening.calendar), tuple(dated), opening.words or "")


def span_expression(text: str, *, today: date) -> str | None:
    """Return the expression of the hours of a day in words (10点到16点) or as an expression; None where they say nothing."""
    plain = text.strip()
    found = parse_words(plain, today=today).hours
    if found.expression is not None and not found.exceptions:
        return found.expression
    try:
        Hours(plain).validate()
    except Invalid:
        return None
    return plain or None
