"""Counts as unions write them: 1600, 1,600人次, 1600余人, 近 is no count, 1.2万份以上; unknown is not 0."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from stations import vocabulary as words
from stations.errors import Invalid
from stations.models.community import MAX_COUNT

__all__ = ["Count", "read_count", "spell_count"]

_COUNT: Final = re.compile(
    r"(?P<least>至少|不少于|超过?|>=|≥)?\s*(?P<sign>[-−]?)(?P<whole>[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3})"
    r"(?P<part>\.[0-9]{1,4})?\s*(?P<scale>[千万]?)\s*(?P<over>余|多|\+|以上|有余)?\s*(?P<scale2>[千万]?)"
    r"\s*(?:人次|人|场次|场|次|家|户|份|册|个|企业)?\s*(?P<over2>以上|余|多|\+)?"
)
_SCALES: Final[Mapping[str, int]] = {"": 1, "千": 1_000, "万": 10_000}


@dataclass(frozen=True, slots=True)
class Count:
    """A number of sessions, firms, people or leaflets; ``at_least`` where it is a lower bound."""

    value: int
    at_least: bool = False


def read_count(text: str, *, field: str) -> Count | None:
    """Read a count as it was typed; None where nothing was. Raises Invalid for what is no count, and for −5."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return None
    match = _COUNT.fullmatch(plain)
    if match is None or (match["scale"] and match["scale2"]):
        raise Invalid(
            f"{field}: {text.strip()[:40]!r} is no count; write a whole number, 1600 or 1600余",
            field=field,
            value=text.strip()[:40],
            reason="not_a_number",
        )
    value = (
        Decimal(match["whole"].replace(",", "") + (match["part"] or ""))
        * _SCALES[match["scale"] or match["scale2"]]
    )
    if value != value.to_integral_value():
        raise Invalid(
            f"{field}: {text.strip()[:40]!r} is no whole number",
            field=field,
            value=text.strip()[:40],
            reason="not_a_number",
        )
    count = Count(int(value), bool(match["least"] or match["over"] or match["over2"]))
    if match["sign"] and value:
        raise Invalid(
            f"{field}: {text.strip()[:40]!r} is below 0; count what there was",
            field=field,
            value=text.strip()[:40],
            reason="too_small",
        )
    check_count(count.value, field=field)
    return count


def check_count(value: int, *, field: str) -> None:
    """Raise Invalid where a number cannot be a count."""
    if not 0 <= value <= MAX_COUNT:
        raise Invalid(
            f"{field}: {value} is no count from 0 to {MAX_COUNT}",
            field=field,
            value=value,
            reason="too_small" if value < 0 else "too_large",
        )


def spell_count(value: int | None, *, at_least: bool) -> str:
    """Write a count so that ``read_count`` reads it back."""
    return "" if value is None else f"{value}{'余' if at_least else ''}"


#: The names of the columns, in the order of a union's table.
COLUMNS: Final = tuple(words.EVENT_COUNTS)
