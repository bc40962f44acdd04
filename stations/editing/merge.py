"""Two people change one station: what each changed is put together field by field, and only the same field asks.

Nothing here knows a database. A field that is missing is unknown, the same as None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stations.editing.draft import Value

__all__ = ["Clash", "Merged", "merge"]


@dataclass(frozen=True, slots=True)
class Clash:
    """One field that both changed, each to something else."""

    key: str
    base: Value
    theirs: Value
    yours: Value


@dataclass(frozen=True, slots=True)
class Merged:
    """What is to be written over the present state, and what somebody has to decide first.

    ``changes``: field → new value, of the fields that only you changed. ``theirs``: fields that only they changed and
    that stay as they are now.
    """

    changes: Mapping[str, Value]
    theirs: tuple[str, ...]
    clashes: tuple[Clash, ...]


def merge(base: Mapping[str, Value], theirs: Mapping[str, Value], yours: Mapping[str, Value]) -> Merged:
    """Put two edits of one state together.

    base: what both began from. theirs: what stands there now. yours: what is to be saved; fields that it leaves out
    are as in ``base``. A field that both changed to the same value is agreed and changes nothing.
    """
    changes: dict[str, Value] = {}
    kept: list[str] = []
    clashes: list[Clash] = []
    for key in sorted({*base, *theirs, *yours}):
        was, now = base.get(key), theirs.get(key)
        wanted = yours.get(key, was)
        if wanted in (was, now):
            if now != was:
                kept.append(key)
        elif now == was:
            changes[key] = wanted
        else:
            clashes.append(Clash(key, was, now, wanted))
    return Merged(changes, tuple(kept), tuple(clashes))
