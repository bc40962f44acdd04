"""Who said something, as far as counting needs it: hashes under keys that are thrown away.

A device is a random number that the phone made up; a network is the first 24 bits of an IPv4 or 48 of an IPv6 address.
Neither is stored. What is stored are HMACs of them with the station, so that a hash at one station is of no use at
another, under a random key of one day, so that it is of no use later. The key itself is mixed with the secret key of
the site, which is not in the database: a stolen dump alone cannot even be guessed at.

A device must count once in the window (72 hours: three days and the one that is going on) although keys change each
day. So a report is marked under the key of each day from the one three days before it was received to the one on which
it was made, and on a day D everything is counted by the marks under the key of D - 3:

    received on      marked under the keys of       counted on D = 9 by the marks under key 6
    6                3 4 5 6                        6
    7                  4 5 6 7                      6
    8                    5 6 7 8                    6
    9                      6 7 8 9                  6

Every report in the window of D was received on D - 3 or later, so it has a mark under that key; and the key of a day is
of no use after the third day on, when it is deleted. Each mark is deleted when its report leaves the window.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session

from stations.models import ReportKey, ReportMark

__all__ = ["Occasion", "Speaker", "counting_day", "day_of", "keys", "mark", "network_prefix", "seal"]

_KEY_BYTES = 32
_HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Speaker:
    """One caller while its request lasts. Neither part is stored, and neither is shown in a log or an error."""

    device: UUID = field(repr=False)
    network: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Occasion:
    """One request: who speaks and when; the secret of the site and the window that it is counted in."""

    speaker: Speaker
    now: datetime
    pepper: bytes = field(repr=False)
    window: timedelta


def network_prefix(address: str | None) -> str:
    """Return the network of an address: /24 of IPv4, /48 of IPv6; one and the same for all that are no address."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    bits = 24 if found.version == 4 else 48
    return str(ipaddress.ip_network((found, bits), strict=False))


def day_of(moment: datetime) -> date:
    """Return the day whose key is used at ``moment``: days of UTC, which are all 24 hours long."""
    return moment.astimezone(UTC).date()


def counting_day(now: datetime, window: timedelta) -> date:
    """Return the day whose key everything in the window before ``now`` is marked under."""
    return day_of(now) - _span(window)


def keys(session: Session, now: datetime, *, pepper: bytes, window: timedelta) -> dict[date, bytes]:
    """Return the keys of the days that ``window`` reaches back to, and of today; those not made yet are made.

    pepper: the secret of the site. Written as the public; two processes that make a key at once agree on one.
    """
    today, span = day_of(now), _span(window)
    days = [today - span + timedelta(days=n) for n in range(span.days + 1)]
    wanted = select(ReportKey.day, ReportKey.key).where(ReportKey.day.in_(days))
    found = dict(session.execute(wanted).all())
    if missing := [day for day in days if day not in found]:
        made = [
            {
                "day": day,
                "key": secrets.token_bytes(_KEY_BYTES),
                "until": datetime.combine(day, time(), UTC) + span + timedelta(days=1),
            }
            for day in missing
        ]
        session.execute(insert_or(ReportKey).on_conflict_do_nothing(), made)
        found = dict(session.execute(wanted).all())
    return {day: hmac.digest(pepper, key, "sha256") for day, key in found.items()}


def seal(key: bytes, *parts: object) -> bytes:
    """Return the keyed hash (HMAC-SHA256, 16 bytes) of the parts in their order."""
    return hmac.digest(key, "\x1f".join(map(str, parts)).encode(), "sha256")[:_HASH_BYTES]


def mark(session: Session, occasion: Occasion, *, report_id: int, station_id: int, made_at: datetime) -> None:
    """Mark a report with who made it, for as long as it is in the window; one that is out of it gets no mark."""
    until = made_at + occasion.window
    if until <= occasion.now:
        return
    made = keys(session, occasion.now, pepper=occasion.pepper, window=occasion.window)
    rows = [
        {
            "report_id": report_id,
            "key_day": day,
            "device": seal(key, "device", station_id, occasion.speaker.device),
            "network": seal(key, "network", station_id, occasion.speaker.network),
            "until": until,
        }
        for day, key in made.items()
        if day <= day_of(made_at)
    ]
    session.execute(insert(ReportMark), rows)


def _span(window: timedelta) -> timedelta:
    """Return the window in whole days, the last one begun included."""
    return timedelta(days=-(-window // timedelta(days=1)))
