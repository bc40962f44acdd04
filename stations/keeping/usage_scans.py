"""Scans of the plate at a station's door, counted without knowing who scans.

A process remembers for half an hour that something like this network with something like this browser scanned this
plate: as an eight-byte hash under a key that it made up itself, keeps in memory alone and throws away every day.
Nothing of it is ever written. What is written, in batches, is how often a plate was scanned on a day.

What this cannot tell, and so calls "at least": people who share a network and a make of phone within half an hour are
one; who scans twice by way of two networks, or meets another process of the server, is two; who does not scan is none.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.keeping.marks import network_prefix
from stations.models import Scans, Station
from stations.registry.writing import PUBLIC, acting, actor_id

__all__ = ["WINDOW", "Scanned", "is_person", "write"]

#: For so long the same scan counts once.
WINDOW: Final = timedelta(minutes=30)
#: Scans remembered at most: beyond it the eldest are forgotten, so that a flood costs memory for no more than this.
_MOST: Final = 50_000
#: Plates of one batch at most; a flood of made-up codes waits for no room.
_MOST_WAITING: Final = 20_000
_NO_PERSON: Final = (
    "bot", "spider", "crawl", "slurp", "curl", "wget", "python", "http", "java/", "go-http", "okhttp", "headless",
    "preview", "facebookexternalhit", "whatsapp", "telegram", "monitor", "scan", "fetch", "lighthouse", "axios",
)  # fmt: skip


def is_person(headers: Mapping[str, str]) -> bool:
    """Tell whether a request looks like somebody who opens a scanned code: no robot, no preload, no link on a page.

    What a browser does not tell (older ones) is taken for well.
    """
    agent = headers.get("User-Agent", "").lower()
    # Every browser calls itself Mozilla; the words above name those that do and are none.
    if not agent.startswith("mozilla/") or any(word in agent.replace("https", "") for word in _NO_PERSON):
        return False
    if headers.get("Sec-Purpose", headers.get("Purpose", "")):
        return False
    return (
        headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        and headers.get("Sec-Fetch-Dest", "document") == "document"
        and headers.get("Sec-Fetch-Site", "none") == "none"
    )


class Scanned:
    """The scans of one process: which are fresh, and which wait to be written. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._day: date | None = None
        self._key = b""
        self._seen: dict[bytes, datetime] = {}
        self._waiting: Counter[tuple[str, date]] = Counter()

    def note(self, code: str, *, address: str | None, agent: str, now: datetime) -> bool:
        """Count a scan unless it is the same one again; return whether it counted. Nothing of the caller is kept."""
        day = now.astimezone(SHANGHAI).date()
        with self._lock:
            if day != self._day:
                # A new key: what is remembered of yesterday can be matched by nothing any more.
                self._day, self._key = day, secrets.token_bytes(32)
                self._seen.clear()
            mark = hashlib.blake2b(
                "\x1f".join((code, network_prefix(address), agent)).encode(errors="replace"),
                key=self._key,
                digest_size=8,
            ).digest()
            before = self._seen.pop(mark, None)
            self._seen[mark] = now
            self._forget(now)
            if before is not None and now - before < WINDOW:
                return False
            if (code, day) not in self._waiting and len(self._waiting) >= _MOST_WAITING:
                return False
            self._waiting[code, day] += 1
            return True

    def _forget(self, now: datetime) -> None:
        # Those noted longest ago stand first.
        while self._seen:
            mark, at = next(iter(self._seen.items()))
            if len(self._seen) <= _MOST and now - at < WINDOW:
                return
            del self._seen[mark]

    def take(self) -> dict[tuple[str, date], int]:
        """Return what waits to be written, by code and day, and begin anew."""
        with self._lock:
            taken, self._waiting = dict(self._waiting), Counter()
            return taken

    def give_back(self, taken: Mapping[tuple[str, date], int]) -> None:
        """Let what could not be written wait again."""
        with self._lock:
            self._waiting.update(taken)


def write(session: Session, taken: Mapping[tuple[str, date], int]) -> int:
    """Add scans to those of their days; return how many. Codes that no station has are left out."""
    if not taken:
        return 0
    codes = {code for code, _ in taken}
    ids = dict(
        session.execute(
            select(Station.code, Station.id).where(
                Station.code.in_(codes), Station.withdrawn_reason.is_(None)
            )
        ).all()
    )
    # In one order, so that two processes that write at once never wait for each other in turn.
    rows = sorted((ids[code], day, scans) for (code, day), scans in taken.items() if code in ids)
    if rows:
        added = insert(Scans).values(
            [{"station_id": station, "day": day, "scans": scans} for station, day, scans in rows]
        )
        with acting(session, actor_id(session, PUBLIC), reason="scans of plates"):
            session.execute(
                added.on_conflict_do_update(
                    index_elements=[Scans.station_id, Scans.day],
                    set_={"scans": Scans.scans + added.excluded.scans},
                )
            )
    return sum(scans for _, _, scans in rows)
