"""The search numbers its candidates; people know them by key. What it says of numbers is told of keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from geo.errors import SitingError

__all__ = ["by_key", "said"]

#: ``candidate 3``, ``site 3``, ``sites 3 and 5``, ``site 3, 4, 7 and 2 more``; never ``3 sites``.
_NUMBERED: Final = re.compile(r"\b(candidate|sites?) (\d+(?:, \d+)*)((?: and \d+(?! more))?)")


@contextmanager
def by_key(keys: Sequence[str]) -> Iterator[None]:
    """Name candidates by key in a SitingError that the block raises."""
    try:
        yield
    except SitingError as error:
        raise SitingError(said(str(error), keys)) from error


def said(text: str, keys: Sequence[str]) -> str:
    """Return a sentence of the search with keys in place of numbers. keys: of the candidates, in their order."""
    known = list(keys)

    def named(found: re.Match[str]) -> str:
        return found[1] + " " + re.sub(r"\d+", _key, found[2] + found[3])

    def _key(found: re.Match[str]) -> str:
        number = int(found[0])
        return known[number] if number < len(known) else found[0]

    return _NUMBERED.sub(named, text)
