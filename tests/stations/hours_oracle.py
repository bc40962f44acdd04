"""A slow evaluator of opening hours, minute by minute, to hold the fast one against.

It shares no code with it: schedules are made here as plain values, written out as ``opening_hours`` text for the
evaluator under test, and answered here by asking every rule about every minute. Holidays are typed from the notices
of the State Council for 2025 (国办发明电〔2024〕12号) and 2026 (国办发明电〔2025〕7号).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

DAY_MINUTES = 24 * 60
NAMES = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _run(first: tuple[int, int, int], last: tuple[int, int, int]) -> set[date]:
    start, end = date(*first), date(*last)
    return {start + timedelta(days=step) for step in range((end - start).days + 1)}


HOLIDAYS = (
    _run((2025, 1, 1), (2025, 1, 1))
    | _run((2025, 1, 28), (2025, 2, 4))
    | _run((2025, 4, 4), (2025, 4, 6))
    | _run((2025, 5, 1), (2025, 5, 5))
    | _run((2025, 5, 31), (2025, 6, 2))
    | _run((2025, 10, 1), (2025, 10, 8))
    | _run((2026, 1, 1), (2026, 1, 3))
    | _run((2026, 2, 15), (2026, 2, 23))
    | _run((2026, 4, 4), (2026, 4, 6))
    | _run((2026, 5, 1), (2026, 5, 5))
    | _run((2026, 6, 19), (2026, 6, 21))
    | _run((2026, 9, 25), (2026, 9, 27))
    | _run((2026, 10, 1), (2026, 10, 7))
)
MAKEUP_DAYS = {
    date(2025, 1, 26),
    date(2025, 2, 8),
    date(2025, 4, 27),
    date(2025, 9, 28),
    date(2025, 10, 11),
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
}
KNOWN_YEARS = {2025, 2026}


@dataclass(frozen=True)
class OracleRule:
    """``times`` are (start, end) minutes, end up to 2880; none at all means the whole day."""

    join: str = ";"
    state: str = "open"
    months: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    public: bool = False
    times: tuple[tuple[int, int], ...] = ()

    def text(self) -> str:
        days = [NAMES[day] for day in self.weekdays] + (["PH"] if self.public else [])
        parts = [
            ",".join(MONTHS[month - 1] for month in self.months),
            ",".join(days) or ("Mo-Su" if not self.months else ""),
            ",".join(f"{_clock(start)}-{_clock(end)}" for start, end in self.times),
            {"open": "", "closed": "off", "unknown": "unknown"}[self.state],
        ]
        return " ".join(part for part in parts if part)

    def matches(self, day: date, weekday: int, holiday: bool) -> bool:
        if self.months and day.month not in self.months:
            return False
        if not self.weekdays and not self.public:
            return True
        return weekday in self.weekdays or (self.public and holiday)

    def covers(self, minute: int) -> bool:
        if not self.times:
            return 0 <= minute < DAY_MINUTES
        return any(start <= minute < end for start, end in self.times)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def write(rules: list[OracleRule]) -> str:
    text = rules[0].text()
    for rule in rules[1:]:
        text += {";": "; ", ",": ", ", "||": " || "}[rule.join] + rule.text()
    return text


@dataclass
class OracleSchedule:
    """``exceptions`` are (first, last, rules); rules None is closed. The later one holds."""

    rules: list[OracleRule]
    official: bool = False
    exceptions: list[tuple[date, date, list[OracleRule] | None]] = field(default_factory=list)
    _minutes: dict[date, list[str | None]] = field(default_factory=dict)

    def state(self, day: date, minute: int) -> str:
        said = {
            self._said(day)[minute],
            self._said(day - timedelta(days=1))[minute + DAY_MINUTES],
        }
        if "open" in said:
            return "open"
        return "unknown" if "unknown" in said else "closed"

    def _said(self, day: date) -> list[str | None]:
        if day not in self._minutes:
            self._minutes[day] = [self._said_at(day, minute) for minute in range(2 * DAY_MINUTES)]
        return self._minutes[day]

    def _said_at(self, day: date, minute: int) -> str | None:
        rules: list[OracleRule] | None = self.rules
        for first, last, other in self.exceptions:
            if first <= day <= last:
                rules = other
        if rules is None:
            return None
        said = {self._by_weekday(rules, day, minute, weekday) or "closed" for weekday in self._weekdays(day)}
        return said.pop() if len(said) == 1 else "unknown"

    def _weekdays(self, day: date) -> list[int]:
        if not self.official or day.year not in KNOWN_YEARS:
            return [day.weekday()]
        if day.weekday() >= 5 and day in MAKEUP_DAYS:
            return [0, 1, 2, 3, 4]
        if day.weekday() < 5 and day in HOLIDAYS:
            return [5, 6]
        return [day.weekday()]

    @staticmethod
    def _by_weekday(rules: list[OracleRule], day: date, minute: int, weekday: int) -> str | None:
        value: str | None = None
        for rule in rules:
            if not rule.matches(day, weekday, day in HOLIDAYS):
                continue
            carving = rule.state == "closed" and rule.times
            if rule.join == ";" and not carving:
                value = rule.state if rule.covers(minute) else None
            elif rule.covers(minute) and (rule.join != "||" or value is None):
                value = rule.state
        return value
