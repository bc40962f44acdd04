"""One cell's text read as one value: numbers, dates, phones and the words of the vocabulary.

A reader gives the value and, where the text could not be read or was read with a loss, what is wrong. Readers are
cached, since a column of a long list has few distinct texts.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

from geo.datum import Datum
from geo.errors import DatumError
from stations import vocabulary as words
from stations.imports.problems import Kind

__all__ = [
    "BLANKS",
    "LONGEST_NAME",
    "Cell",
    "access",
    "amenities",
    "amenity",
    "area_m2",
    "capacity",
    "cards",
    "datum",
    "day",
    "degrees",
    "fee",
    "is_blank",
    "kind",
    "lifecycle",
    "phone",
    "position_quality",
    "premises",
    "tidy",
]

LONGEST_NAME: Final = 200
_MARKS: Final = (
    "/", "//", "／", "／／", "\\", "-", "--", "—", "——", "–", "n/a", "na", "n.a.", "null", "none", "nan", "nil",
    "无", "暂无", "没有", "不详", "未知", "待定", "待补充", "待补", "空", "（空）", "(空)",
)  # fmt: skip
#: What says nothing: an empty cell, or one of the marks that people put instead.
BLANKS: Final = frozenset({"", *_MARKS, *map(str.upper, _MARKS), *map(str.capitalize, _MARKS), "N/a", "NaN"})
_SEPARATORS: Final = re.compile(r"[、,，;；/|\n\r+＋·•。\s]+|和(?=[^和]{2})|及")
_NEGATION: Final = re.compile(r"(?:无|没有|暂无|不提供|未配备|缺)(.+)")
_BROKEN: Final = re.compile(r"(.+?)[(（]?(?:已?损坏|已?坏|故障|待修|维修中|停用)[)）]?")
_AND_SO_ON: Final = re.compile(r"等(?:设施|服务|设备)?$")
_REMARK: Final = re.compile(r"[(（][^()（）]*[)）]")
_COUNTED: Final = re.compile(r"(.+?)[x×*]?\d+[个台套把张部组处间]?")
_PEOPLE: Final = re.compile(r"约?(\d{1,7})(?:\.0+)?(?:余|多)?(?:人|座|位|个|人次)?(?:左右|以上|以内)?")
_SQUARE_METRES: Final = re.compile(
    r"约?(-?\d{1,9}(?:\.\d+)?)(?:余|多)?(?:平方米|平方|平米|平|㎡|m2|m²|m)?(?:左右|以上)?"
)
_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?|(\d{4})(\d{2})(\d{2})")
_PHONE: Final = re.compile(r"(?:\+|00)?\(?\d(?:[\d\- ()]{3,18}\d)(?:\s*(?:转|#|\*|ext\.?)\s*\d{1,6})?")
_DAMAGED: Final = re.compile(r"\d(?:\.\d+)?e\+?\d+", re.IGNORECASE)
_DEGREES: Final = re.compile(
    r"(?:东经|北纬)?([+-]?\d{1,7}(?:\.\d*)?|[+-]?\.\d+)\s*°?\s*([EWNS东西北南])?", re.IGNORECASE
)
_PLAIN_DEGREES: Final = re.compile(r"-?\d{1,3}(?:\.\d+)?", re.ASCII)
_PLAIN_PHONE: Final = re.compile(r"0\d{2,3}-?\d{7,8}|1\d{10}", re.ASCII)
_YES: Final = frozenset(
    (
        "有",
        "是",
        "√",
        "✓",
        "✔",
        "☑",
        "1",
        "y",
        "yes",
        "true",
        "t",
        "具备",
        "配备",
        "提供",
        "已配备",
        "已配置",
        "齐全",
    )
)
_NO: Final = frozenset(
    ("无", "否", "没有", "×", "✗", "✘", "x", "0", "n", "no", "false", "f", "不具备", "未配备", "不提供")
)


class Cell(NamedTuple):
    """What a cell says: a value (None: nothing usable) and, if anything is wrong, what kind of wrong and why."""

    value: Any
    kind: Kind | None = None
    reason: str = ""


_cached = lru_cache(maxsize=20_000)


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


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _unread(what: str) -> Cell:
    return Cell(None, Kind.UNREAD, f"not understood as {what}; left unknown")


def degrees(text: str) -> Cell:
    """Read a coordinate in decimal degrees: 113.62, １１３．６２, 113.62°E."""
    # Hardly two stations have the same, so a cache would only be in the way.
    if _PLAIN_DEGREES.fullmatch(text):
        return Cell(float(text))
    match = _DEGREES.fullmatch(_folded(text))
    if match is None:
        return Cell(None, Kind.BAD_COORDINATE, "no number of decimal degrees")
    value = float(match[1])
    if (match[2] or "").upper() in {"W", "S", "西", "南"}:
        value = -value
    if not math.isfinite(value):
        return Cell(None, Kind.BAD_COORDINATE, "no number of decimal degrees")
    return Cell(value)


@_cached
def datum(text: str) -> Cell:
    """Read the datum of one row."""
    try:
        return Cell(Datum.parse(text))
    except DatumError as error:
        return Cell(None, Kind.BAD_DATUM, str(error))


@_cached
def capacity(text: str) -> Cell:
    """Read a number of people: 12, 约10人, 20座."""
    folded = _folded(text).replace(" ", "")
    match = _PEOPLE.fullmatch(folded)
    if match is None:
        if re.fullmatch(r"-\d+(\.\d+)?", folded):
            return Cell(None, Kind.BAD_NUMBER, "a number of people cannot be negative")
        return _unread("a number of people")
    if (people := int(match[1])) > 100_000:
        return Cell(None, Kind.BAD_NUMBER, "more people than any station holds")
    return Cell(people)


@_cached
def area_m2(text: str) -> Cell:
    """Read square metres: 30, 约25.5㎡."""
    match = _SQUARE_METRES.fullmatch(_folded(text).replace(" ", "").casefold())
    if match is None:
        return _unread("square metres")
    area = Decimal(match[1]).quantize(Decimal("0.1"))
    if area < 0:
        return Cell(None, Kind.BAD_NUMBER, "an area cannot be negative")
    if area > 1_000_000:
        return Cell(None, Kind.BAD_NUMBER, "more square metres than any station has")
    return Cell(area)


@_cached
def day(text: str) -> Cell:
    """Read a date; a year or a month alone is no day and stays unknown."""
    match = _DAY.fullmatch(_folded(text))
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
    folded = _folded(text)
    if _DAMAGED.fullmatch(folded):
        return Cell(
            None,
            Kind.BAD_PHONE,
            "a spreadsheet has cut this number; format the column as text and type it again",
        )
    numbers = []
    for part in re.split(r"[、,，;；/|\n]|或", folded):
        for found in _PHONE.findall(part):
            digits = sum(letter.isdigit() for letter in found)
            if 5 <= digits <= 22:
                numbers.append(" ".join(found.split()))
    if not numbers:
        return _unread("a phone number")
    return Cell("、".join(dict.fromkeys(numbers)))


def _terms(terms: Mapping[str, words.Term]) -> dict[str, str]:
    known: dict[str, str] = {}
    for code, term in terms.items():
        for word in (term.zh, *term.aliases, code, term.en):
            known.setdefault(_folded(word).casefold(), code)
    return known


def _term(text: str, known: Mapping[str, str], what: str, *, contained: bool = False) -> Cell:
    folded = _folded(text).casefold().replace(" ", "")
    if (code := known.get(folded) or known.get(_folded(text).casefold())) is not None:
        return Cell(code)
    if contained:
        within = [word for word in known if len(word) >= 2 and word in folded]
        # Of equally long words the first of the vocabulary, so that the answer does not depend on chance.
        if within:
            return Cell(known[max(within, key=len)])
    return Cell(None, Kind.UNKNOWN_WORD, f"no {what} is known by this word; left unknown")


_LIFECYCLE: Final = _terms(words.LIFECYCLE)
_ACCESS: Final = _terms(words.ACCESS)
_FEE: Final = _terms(words.FEE) | {
    "免费开放": "free",
    "全部免费": "free",
    "否": "free",
    "不收费": "free",
    "是": "fee",
}
_PREMISES: Final = _terms(words.PREMISES)
_QUALITY: Final = _terms(words.POSITION_QUALITY)
_AMENITIES: Final = _terms(words.AMENITIES)


def _kinds(*, rest: bool) -> tuple[tuple[str, str], ...]:
    known = (
        (alias, code) for alias, code in words.KIND_ALIASES.items() if (code in words.REST_KINDS) is rest
    )
    return tuple(sorted(known, key=lambda entry: -len(entry[0])))


#: Words and what kind they mean, the longest first.
_REST_WORDS: Final = _kinds(rest=True)
_SERVICE_WORDS: Final = _kinds(rest=False)

premises: Callable[[str], Cell] = _cached(
    partial(_term, known=_PREMISES, what="kind of premises", contained=True)
)
access: Callable[[str], Cell] = _cached(partial(_term, known=_ACCESS, what="way in", contained=True))
position_quality: Callable[[str], Cell] = _cached(partial(_term, known=_QUALITY, what="position quality"))


@_cached
def fee(text: str, header: str = "") -> Cell:
    """Read whether use costs money; 是 and 否 answer the question that the header asks (是否收费, 是否免费)."""
    folded = _folded(text)
    if folded in {"是", "否"} and "免费" in header:
        return Cell("free" if folded == "是" else "fee")
    return _term(text, _FEE, "fee")


@_cached
def lifecycle(text: str) -> Cell:
    """Read the state of life. An unknown word is no small thing: the station may be gone."""
    found = _term(text, _LIFECYCLE, "state")
    if found.value is None:
        return Cell(
            None, Kind.BAD_LIFECYCLE, "no known state; write 运营中, 暂停服务, 已关闭, 建设中 or 规划中"
        )
    return found


@_cached
def cards(text: str) -> Cell:
    """Read a list of accepted cards."""
    return Cell(
        [card for card in dict.fromkeys(re.split(r"[、,，;；/|\n]", text)) if card.strip()][:20] or None
    )


def kind(text: str, *, of_name: bool = False) -> str | None:
    """Return the kind that a word or a name speaks of: its longest known word, one of a place to rest before others.

    A union station in a workers' centre, 工会驿站(职工服务中心), is a station.
    """
    folded = _folded(text)
    if not of_name and folded in words.KINDS:
        return folded
    for known in (_REST_WORDS, _SERVICE_WORDS):
        for word, code in known:
            if word in folded:
                return code
    return "outdoor_workers_station" if of_name and "户外劳动者" in folded else None


@_cached
def amenity(text: str) -> Cell:
    """Read the cell of an amenity's own column: ((value, out of order)); 有, 无, √, 2台, 损坏."""
    folded = _folded(text).casefold()
    if folded in _NO:
        return Cell(("no", False))
    if folded in _YES or re.fullmatch(r"[1-9]\d{0,3}[个台套把张部组处间]?", folded):
        return Cell(("yes", False))
    if _BROKEN.fullmatch(f"有{folded}"):
        return Cell(("yes", True))
    return Cell(None, Kind.UNKNOWN_WORD, "neither 有 nor 无; left unknown")


@_cached
def amenities(text: str) -> tuple[tuple[tuple[str, str, bool], ...], tuple[str, ...]]:
    """Read a list of amenities.

    Returns (code, yes or no, out of order) each once, by code, and the words that nobody knows. 无空调 is no;
    空调（损坏） is there and out of order. A word said both ways is not known.
    """
    found: dict[str, set[tuple[str, bool]]] = {}
    unknown: list[str] = []
    if (whole := _AMENITIES.get(_folded(text).casefold())) is not None:
        return ((whole, "yes", False),), ()
    for part in _SEPARATORS.split(_without_lists(_folded(text))):
        word = _AND_SO_ON.sub("", part.strip(" .:：()（）[]【】\"'“”"))
        if not word or is_blank(word):
            continue
        code, value, broken = _amenity(word)
        if code is None:
            unknown.append(word)
        else:
            found.setdefault(code, set()).add((value, broken))
    facts = tuple((code, *next(iter(said))) for code, said in sorted(found.items()) if len(said) == 1)
    unknown += [words.AMENITIES[code].zh for code, said in sorted(found.items()) if len(said) > 1]
    return facts, tuple(dict.fromkeys(unknown))


def _without_lists(text: str) -> str:
    # "空调(2台)" says nothing that "空调" does not; "空调(损坏)" does.
    return _REMARK.sub(lambda found: found[0] if _BROKEN.fullmatch(f"有{found[0]}") else " ", text)


@_cached
def _amenity(word: str) -> tuple[str | None, str, bool]:
    folded = word.casefold()
    if (code := _AMENITIES.get(folded)) is not None:
        return code, "yes", False
    if (counted := _COUNTED.fullmatch(folded)) and (code := _AMENITIES.get(counted[1])) is not None:
        return code, "yes", False
    if (broken := _BROKEN.fullmatch(folded)) and (code := _AMENITIES.get(broken[1])) is not None:
        return code, "yes", True
    if (negated := _NEGATION.fullmatch(folded)) and (code := _AMENITIES.get(negated[1])) is not None:
        return code, "no", False
    for prefix in ("免费", "提供", "可", "有", "配备", "设有"):
        if folded.startswith(prefix) and (code := _AMENITIES.get(folded.removeprefix(prefix))) is not None:
            return code, "yes", False
    return None, "", False
