"""How often the public may speak, and that a proof of work serves once.

Counted in the database, so that it holds for all processes of a site together, by keyed hashes that are made for one
hour and deleted after it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session

from stations.errors import Invalid, TooMany
from stations.keeping.marks import Occasion, day_of, keys, seal
from stations.models import ReportRequest, SpentChallenge

__all__ = ["OF_SITE_PER_HOUR", "PER_HOUR", "admit", "spend"]

#: What is asked: (requests an hour of one device, of one network). Thousands of phones share a /24 of a mobile carrier.
PER_HOUR: Mapping[str, tuple[int, int]] = MappingProxyType({"report": (20, 400), "photo": (6, 60)})
#: What is asked: requests an hour of all together. Photos fill a disk: at most some 200 MB an hour, whoever sends them.
OF_SITE_PER_HOUR: Mapping[str, int] = MappingProxyType({"photo": 600})


def admit(session: Session, asked: str, occasion: Occasion) -> None:
    """Count one request of the occasion's speaker in this hour. asked: ``report`` or ``photo``.

    The caller writes as the public and commits whatever becomes of the request. Raises TooMany, and then counts
    nothing.
    """
    now, speaker = occasion.now, occasion.speaker
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    until = hour + timedelta(hours=1)
    key = keys(session, now, pepper=occasion.pepper, window=occasion.window)[day_of(now)]
    limits: list[tuple[str, object, int]] = [
        (who, value, most)
        for (who, value), most in zip(
            (("device", speaker.device), ("network", speaker.network)), PER_HOUR[asked], strict=True
        )
    ]
    if asked in OF_SITE_PER_HOUR:
        limits.append(("site", "", OF_SITE_PER_HOUR[asked]))
    callers = [seal(key, "request", asked, hour.isoformat(), who, value) for who, value, _ in limits]
    counted = dict(
        session.execute(
            select(ReportRequest.caller, func.count())
            .where(ReportRequest.caller.in_(callers))
            .group_by(ReportRequest.caller)
        ).all()
    )
    for caller, (who, _, most) in zip(callers, limits, strict=True):
        if counted.get(caller, 0) >= most:
            whence = "in all" if who == "site" else "from here"
            raise TooMany(
                f"more than {most} {asked}s came {whence} in this hour; what you say is welcome again in the next",
                retry_after_s=max(1, math.ceil((until - now).total_seconds())),
            )
    session.execute(insert(ReportRequest), [{"caller": caller, "until": until} for caller in callers])


def spend(session: Session, challenge: bytes, *, until: datetime) -> None:
    """Use up a challenge. until: when it would expire by itself. Raises Invalid where it was used before."""
    spent = session.scalar(
        insert_or(SpentChallenge)
        .values(challenge=challenge, until=until)
        .on_conflict_do_nothing()
        .returning(SpentChallenge.challenge)
    )
    if spent is None:
        raise Invalid(
            "proof: this proof of work was used already; ask for a new challenge",
            field="proof",
            reason="used",
        )
