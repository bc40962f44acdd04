"""What people write in the form of siting, as values: numbers, regions with a number each, keys of candidates.

Each reader raises ValueError with the sentence that the field shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from typing import Any, Final

from stations.registry.areas import Areas
from web.i18n import say

__all__ = ["MOST_MONEY", "MOST_SITES", "costs", "floor", "keys", "number", "regions", "whole"]

MOST_MONEY: Final = 1e12
MOST_SITES: Final = 20_000
_LINE: Final = re.compile(r"(.+?)[\s:：,，×x*]+(\d+(?:\.\d+)?)\s*个?")


def number(text: str, low: float, high: float, said: str) -> float:
    """Read a number from low to high. said: what is told where it is none."""
    try:
        value = float(text.replace(",", "").removesuffix("元").removesuffix("%"))
    except ValueError:
        raise ValueError(said) from None
    if not (isfinite(value) and low <= value <= high):
        raise ValueError(said)
    return value


def whole(text: str, low: int, high: int, said: str) -> int:
    """Read a whole number from low to high."""
    value = number(text, low, high, said)
    if value != int(value):
        raise ValueError(said)
    return int(value)


def floor(text: str) -> int:
    """Read how many stations a region shall have at least."""
    return whole(text, 1, MOST_SITES, say("每个区域写一次，至少1个。"))


def regions(text: str, areas: Areas, reader: Callable[[str], Any]) -> tuple[tuple[str, Any], ...]:
    """Read regions with a number each, one a line."""
    found: dict[str, Any] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(say("“{line}”看不懂：一行写一个区域和一个数，例如“民和县 2”。", line=line[:60]))
        code = areas.named(match[1].strip(" :："))
        if code is None:
            raise ValueError(say("登记里没有“{name}”这个区域。", name=match[1][:60]))
        if code in found:
            raise ValueError(say("“{name}”写了两次。", name=match[1][:60]))
        found[code] = reader(match[2])
    return tuple(found.items())


def costs(text: str) -> tuple[tuple[str, float], ...]:
    """Read keys of candidates with a cost each, one a line."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        key, _, cost = line.rpartition(" ")
        if not key:
            raise ValueError(say("“{line}”看不懂：一行写一个候选点代号和它的费用。", line=line[:60]))
        found.append((key.strip(), number(cost, 0, MOST_MONEY, say("写0或更大的金额，单位是元。"))))
    return tuple(found)


def keys(text: str) -> tuple[str, ...]:
    """Read keys of candidates, one a line; a key may have a comma in it."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, text.splitlines()))))
