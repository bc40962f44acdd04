"""A spreadsheet's typed values as the text that a person sees, save that dates are ISO dates."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from geo.io.rows import clean, number_text

__all__ = [
    "BUILT_IN",
    "duration_text",
    "format_kind",
    "moment_text",
    "serial_text",
    "text_cell",
    "value_text",
]

Kind = Literal["number", "percent", "date", "clock", "moment", "duration"]

_QUOTED: Final = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED: Final = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"\[[^\]]*\]")
_PADDED: Final = re.compile(r"0+")
_GUARDED: Final = re.compile(r"'+[=+\-@0-9]")
_LAST_DAY: Final = 2_958_466
_EPOCHS: Final = {False: dt.datetime(1899, 12, 30), True: dt.datetime(1904, 1, 1)}  # noqa: DTZ001
_MIDNIGHT: Final = dt.time()
#: Formats that are not written out in a file; 27 to 36 and 50 to 58 are dates and times in Chinese.
BUILT_IN: Final[Mapping[int, str]] = {
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((18, 20, 32, 34, 55), "h:mm"),
    **dict.fromkeys((19, 21, 33, 35, 56), "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss",
}


@lru_cache(maxsize=1_000)
def format_kind(code: str) -> Kind:
    """Tell what a number format shows: a number, a percentage, a date, a time of day, both, or an elapsed time."""
    first = code.split(";", maxsplit=1)[0]
    bare = _QUOTED.sub("", first)
    if _ELAPSED.search(bare):
        return "duration"
    letters = _BRACKETS.sub("", bare).lower().replace("general", "")
    day = "y" in letters or "d" in letters or ("m" in letters and "h" not in letters and "s" not in letters)
    clock = "h" in letters or "s" in letters
    if day or clock:
        return "moment" if day and clock else "date" if day else "clock"
    return "percent" if "%" in letters else "number"


def serial_text(number: float, code: str, *, from_1904: bool = False) -> str:
    """Write a number as its format shows it.

    number: as stored; a date is days since the workbook's epoch. code: the number format.
    Raises ValueError for a date that no calendar has.
    """
    kind = format_kind(code)
    if kind == "percent":
        return f"{number_text(number * 100)}%"
    if kind == "number":
        text = number_text(number)
        # A phone or a code kept as a number under the format 00000000000.
        return text.zfill(len(code)) if _PADDED.fullmatch(code) and "." not in text else text
    if not -1 < number < _LAST_DAY:
        raise ValueError(f"{number_text(number)} is no date of the calendar")
    if kind == "duration":
        return duration_text(dt.timedelta(days=number))
    if 0 < number < 60 and not from_1904 and kind != "clock":
        # The spreadsheet believes in 29 February 1900 and counts from a day later.
        number += 1
    seconds = round(number * 86_400)
    moment = _EPOCHS[from_1904] + dt.timedelta(seconds=seconds)
    return _clock(moment.time()) if kind == "clock" else moment_text(moment)


def moment_text(moment: dt.datetime) -> str:
    """Write a date and, unless it is midnight, a time of day: 2024-05-01, 2024-05-01 08:30."""
    day = moment.date().isoformat()
    return day if moment.time() == _MIDNIGHT else f"{day} {_clock(moment.time())}"


def duration_text(length: dt.timedelta) -> str:
    """Write an elapsed time, past midnight too: 26:05."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{clock}:{seconds:02d}" if seconds else clock


def value_text(value: object) -> str:
    """Write a value of Python's types."""
    if value is None:
        return ""
    if isinstance(value, str):
        return text_cell(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, dt.datetime):
        return moment_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return _clock(value)
    if isinstance(value, dt.timedelta):
        return duration_text(value)
    return clean(str(value))


def text_cell(text: str) -> str:
    """Write a text: one spelling of line ends, no spaces at its ends, without the guard of ``write_rows``."""
    text = clean(text.replace("\r\n", "\n") if "\r" in text else text)
    return text[1:] if text.startswith("'") and _GUARDED.match(text) else text


def _clock(time: dt.time) -> str:
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"
