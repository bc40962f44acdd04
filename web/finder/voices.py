"""What the public says of the stations of a list: how many say that it is open, and what enough agree is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from stations.finding import Row
from stations.keeping.voices import public_voice
from web.reports import agreement

__all__ = ["voices_of"]


def voices_of(session: Session, rows: Sequence[Row], now: datetime) -> dict[str, dict[str, Any]]:
    """Return by code what the public says: ``confirmed`` devices, and ``reported`` as (choice, amenity or None).

    A station of which nothing is said is left out.
    """
    heard = [row for row in rows if row.spoken_of]
    if not heard:
        return {}
    said = public_voice(session, [row.station_id for row in heard], now, agreement=agreement())
    return {
        row.code: {
            "confirmed": said[row.station_id].confirmations,
            "reported": [(one.choice, one.amenity) for one in said[row.station_id].agreeing],
        }
        for row in heard
        if said[row.station_id].confirmations or said[row.station_id].agreeing
    }
