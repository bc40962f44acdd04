"""The quality of the registry as it is, counted again once something was written or the day is over.

Where counting takes long (hundreds of thousands of stations) the figures may be a little old, so that a busy registry
is not counted for every reader: at most for twenty times as long as the counting takes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock
from typing import Final

from flask import current_app

from stations.hours import SHANGHAI
from stations.keeping import quality as counting
from stations.keeping.quality_counts import seq
from web.db import now, session, snapshot

__all__ = ["current"]

_KEY: Final = "yizhan.quality"
#: Seconds of counting that nobody need be spared.
_CHEAP_S: Final = 0.5
_REST: Final = 20
#: Seconds that one of its questions may take; a page of its own may take five.
_LONGEST_S: Final = 60


@dataclass(frozen=True, slots=True)
class _Held:
    key: tuple[str, int, object]
    quality: counting.Quality
    until: float


def current() -> counting.Quality:
    """Return the quality of the registry now."""
    moment = now()
    known: _Counted = current_app.extensions.setdefault(_KEY, _Counted())
    database = str(session().get_bind().engine.url.database)
    key = (database, seq(session()), moment.astimezone(SHANGHAI).date())
    held = known.held
    if held is not None and (held.key == key or (held.key[0] == database and time.monotonic() < held.until)):
        return held.quality
    # While somebody counts, the others read what was counted last; the very first reader has them wait.
    known_before = held is not None and held.key[0] == database
    if not known.lock.acquire(blocking=not known_before) and held is not None:
        return held.quality
    try:
        if known.held is not None and known.held.key == key:
            return known.held.quality
        began = time.monotonic()
        with snapshot(statement_s=_LONGEST_S) as counted:
            found = counting.quality(counted, now=moment)
        took = time.monotonic() - began
        rest = _REST * took if took > _CHEAP_S else 0.0
        known.held = _Held(key, found, time.monotonic() + rest)
        return found
    finally:
        known.lock.release()


class _Counted:
    """What was counted last, and who counts: one reader at a time."""

    def __init__(self) -> None:
        self.held: _Held | None = None
        self.lock = Lock()
