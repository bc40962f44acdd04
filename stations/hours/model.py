"""What is stored of a station's hours: an expression, a day calendar, dated exceptions, the words received.

``expression`` is OpenStreetMap ``opening_hours`` text. ``PH`` in it means China's official holidays, the
weekend days inside them included. Under the ``official`` calendar Mo-Fr mean working days and Sa, Su days off:
a make-up Saturday takes what Mo to Fr agree on, a holiday Thursday what Sa and Su agree on, and where those
differ the state is unknown.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from stations.errors import Invalid
from stations.hours.expression import compile_expression
from stations.hours.programme import State

__all__ = ["SHANGHAI", "WORDS_LIMIT", "Calendar", "DatedException", "Hours", "State"]

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORDS_LIMIT = 1000
_EXCEPTIONS_LIMIT = 400
_REASON_LIMIT = 200


class Calendar(StrEnum):
    """What a weekday in the expression means."""

    PLAIN = "plain"
    OFFICIAL = "official"


@dataclass(frozen=True, slots=True)
class DatedException:
    """Days, first and last included, on which other hours hold.

    ``expression`` None is closed all day; ``unknown`` or hours such as ``09:00-12:00`` are expressions as any
    other. An exception replaces the spans that begin on its days; a night that began the day before runs out.
    """

    starts: date
    ends: date
    expression: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hours:
    """Everything known of when a station is open. Where exceptions overlap, the later in the tuple holds."""

    expression: str | None
    calendar: Calendar = Calendar.PLAIN
    exceptions: tuple[DatedException, ...] = ()
    words: str = ""

    def validate(self) -> None:
        """Check that the hours can be stored and evaluated.

        Raises `Invalid` (field ``hours``) on a bad expression, an exception that ends before it starts, or
        text that is too long or holds control characters.
        """
        if self.expression is not None:
            compile_expression(self.expression)
        _check_text(self.words, WORDS_LIMIT, "words")
        if len(self.exceptions) > _EXCEPTIONS_LIMIT:
            raise Invalid(
                f"{len(self.exceptions)} exceptions; keep at most {_EXCEPTIONS_LIMIT}.",
                field="hours",
                value=len(self.exceptions),
            )
        for exception in self.exceptions:
            if isinstance(exception.starts, datetime) or isinstance(exception.ends, datetime):
                raise Invalid(
                    f"The exception starts at {exception.starts!r}; give dates, not times.",
                    field="hours",
                    value=exception.starts,
                )
            if exception.ends < exception.starts:
                raise Invalid(
                    f"The exception ends on {exception.ends}, before it starts on {exception.starts}; swap them.",
                    field="hours",
                    value=str(exception.ends),
                )
            if exception.expression is not None:
                compile_expression(exception.expression)
            _check_text(exception.reason, _REASON_LIMIT, "reason")

    @property
    def key(self) -> str:
        """Return 32 hexadecimal digits that are the same for schedules that open alike, whatever their words."""
        content = [
            self.expression,
            str(self.calendar),
            [[e.starts.isoformat(), e.ends.isoformat(), e.expression, e.reason] for e in self.exceptions],
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:32]


def _check_text(text: str, limit: int, name: str) -> None:
    if len(text) > limit:
        raise Invalid(
            f"The {name} have {len(text)} characters; keep at most {limit}.", field="hours", value=text[:40]
        )
    if "\x00" in text:
        raise Invalid(
            f"The {name} {text[:40]!r} hold a NUL character; remove it.", field="hours", value=text[:40]
        )
