"""One cell's text read as one value: numbers, dates, phones and the words of the vocabulary.

A reader gives the value and, where the text could not be read or was read with a loss, what is wrong. Readers are
cached, since a column of a long list has few distinct texts.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

from geo.datum import Datum
from geo.degrees import CHINA, Axis, read_angle, read_position
from geo.errors import CoordinateError, DatumError
from stations.imports.problems import Kind

__all__ = [
    "BLANKS",
    "Cell",
    "area_m2",
    "cached",
    "capacity",
    "datum",
    "day",
    "degrees",
    "folded",
    "is_blank",
    "phone",
    "position",
    "tidy",
]

_MARKS: Final = (
    "/", "//", "／", "／／", "\\", "-", "--", "—", "——", "–", "n/a", "na", "n.a.", "null", "none", "nan", "nil",
    "无", "暂无", "没有", "不详", "未知", "待定", "待补充", "待补", "空", "（空）", "(空)",
)  # fmt: skip
#: What says nothing: an empty cell, or one of the marks that people put instead.
BLANKS: Final = frozenset({"", *_MARKS, *map(str.upper, _MARKS), *map(str.capitalize, _MARKS), "N/a", "NaN"})
_PEOPLE: Final = re.compile(r"约?(\d{1,7})(?:\.0+)?(?:余|多)?(?:人|座|位|个|人次)?(?:左右|以上|以内)?")
_SQUARE_METRES: Final = re.compile(
    r"约?(-?\d{1,9}(?:\.\d+)?)(?:余|多)?(?:平方米|平方|平米|平|㎡|m2|m²|m)?(?:左右|以上)?"
)
_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?|(\d{4})(\d{2})(\d{2})")
_PHONE: Final = re.compile(r"(?:\+|00)?\(?\d(?:[\d\- ()]{3,18}\d)(?:\s*(?:转|#|\*|ext\.?)\s*\d{1,6})?")
_DAMAGED: Final = re.compile(r"\d(?:\.\d+)?e\+?\d+", re.IGNORECASE)
_PLAIN_DEGREES: Final = re.compile(r"-?\d{1,3}(?:\.\d+)?", re.ASCII)
_PLAIN_POSITION: Final = re.compile(r"(1[0-7]\d\.\d+), ?(\d{1,2}\.\d+)", re.ASCII)
_PLAIN_PHONE: Final = re.compile(r"0\d{2,3}-?\d{7,8}|1\d{10}", re.ASCII)


class Cell(NamedTuple):
    """What a cell says: a value (None: nothing usable) and, if anything is wrong, what kind of wrong and why."""

    value: Any
    kind: Kind | None = None
    reason: str = ""


cached = lru_cache(maxsize=20_000)


def is_blank(text: str) -> bool:
    """Tell whether a cell says nothing: empty, or one of the marks that people put instead."""
    return text in BLANKS


def tidy(text: str) -> Cell:
    """Return text in one line, without invisible characters that no script needs.

    Line ends and spaces of every width become one space. Zero-width joiners stay, since Tibetan and Mongolian use
    them. A control character or half a surrogate pair is damage.
    """
    kept: list[str] = []
    for letter in text:
        category = unicodedata.category(letter)
        if letter in "\n\r\t\v\f" or category in {"Zs", "Zl", "Zp"}:
            # Mongolian joins suffixes with a narrow no-break space that is part of the spelling.
            kept.append(letter if letter == "\u202f" else " ")
        elif category in {"Cc", "Cs"}:
            return Cell(None, Kind.BAD_TEXT, f"the text holds the character U+{ord(letter):04X}; remove it")
        elif category != "Cf" or letter in "\u180e\u200c\u200d":
            kept.append(letter)
    return Cell(" ".join(filter(None, "".join(kept).split(" "))))


def folded(text: str) -> str:
    """Return text in full plain characters, without spaces at its ends."""
    return unicodedata.normalize("NFKC", text).strip()


def _unread(what: str) -> Cell:
    return Cell(None, Kind.UNREAD, f"not understood as {what}; left unknown")


def degrees(text: str, axis: Axis | None = None) -> Cell:
    """Read one coordinate: 113.62, １１３．６２, 113.62°E, 东经101°46′41″, 101°46.7′.

    axis: what the column is; a cell that says the other (北纬 in a column of longitudes) is not taken.
    """
    # Hardly two stations have the same, so a cache would only be in the way.
    if _PLAIN_DEGREES.fullmatch(text):
        return Cell(float(text))
    try:
        angle = read_angle(text)
    except CoordinateError:
        reason = "no coordinate; write degrees such as 101.7782, or 101°46′41″"
        return Cell(None, Kind.BAD_COORDINATE, reason)
    if axis is not None and angle.axis not in {None, axis}:
        said, column = ("latitude", "longitudes") if axis == "lon" else ("longitude", "latitudes")
        return Cell(None, Kind.BAD_COORDINATE, f"says {said} in the column of {column}; swap the two columns")
    return Cell(angle.degrees)


def position(text: str, *, lon_first: bool | None = None) -> Cell:
    """Read longitude and latitude that stand in one cell, in whichever order, as (lon, lat).

    lon_first: what the header says of the order. Numbers that could be both are told and not guessed.
    """
    if (plain := _PLAIN_POSITION.fullmatch(text)) is not None:
        return Cell((float(plain[1]), float(plain[2])))
    try:
        found = read_position(text, lon_first=lon_first, likely=CHINA)
    except CoordinateError as error:
        return Cell(None, Kind.BAD_COORDINATE, str(error))
    return Cell((found.lon, found.lat))


@cached
def datum(text: str) -> Cell:
    """Read the datum of one row."""
    try:
        return Cell(Datum.parse(text))
    except DatumError as error:
        return Cell(None, Kind.BAD_DATUM, str(error))


@cached
def capacity(text: str) -> Cell:
    """Read a number of people: 12, 约10人, 20座."""
    plain = folded(text).replace(" ", "")
    match = _PEOPLE.fullmatch(plain)
    if match is None:
        if re.fullmatch(r"-\d+(\.\d+)?", plain):
            return Cell(None, Kind.BAD_NUMBER, "a number of people cannot be negative")
        return _unread("a number of people")
    if (people := int(match[1])) > 100_000:
        return Cell(None, Kind.BAD_NUMBER, "more people than any station holds")
    return Cell(people)


@cached
def area_m2(text: str) -> Cell:
    """Read square metres: 30, 约25.5㎡."""
    match = _SQUARE_METRES.fullmatch(folded(text).replace(" ", "").casefold())
    if match is None:
        return _unread("square metres")
    area = Decimal(match[1]).quantize(Decimal("0.1"))
    if area < 0:
        return Cell(None, Kind.BAD_NUMBER, "an area cannot be negative")
    if area > 1_000_000:
        return Cell(None, Kind.BAD_NUMBER, "more square metres than any station has")
    return Cell(area)


@cached
def day(text: str) -> Cell:
    """Read a date; a year or a month alone is no day and stays unknown."""
    match = _DAY.fullmatch(folded(text))
    if match is None:
        return _unread("a day (2024-05-01)")
    try:
        found = date(*(int(part) for part in match.groups() if part is not None))
    except ValueError:
        return _unread("a day of the calendar")
    return Cell(found) if 1900 <= found.year <= 2200 else _unread("a day of our time")


def phone(text: str) -> Cell:
    """Read one or more phone numbers as they are written, zeros and extensions included; names beside them go."""
    if _PLAIN_PHONE.fullmatch(text):
        return Cell(text)
    plain = folded(text)
    if _DAMAGED.fullmatch(plain):
        return Cell(
            None,
            Kind.BAD_PHONE,
            "a spreadsheet has cut this number; format the column as text and type it again",
        )
    numbers = []
    for part in re.split(r"[、,，;；/|\n]|或", plain):
        for found in _PHONE.findall(part):
            digits = sum(letter.isdigit() for letter in found)
            if 5 <= digits <= 22:
                numbers.append(" ".join(found.split()))
    if not numbers:
        return _unread("a phone number")
    return Cell("、".join(dict.fromkeys(numbers)))
