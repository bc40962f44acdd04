"""How streets fit a registry: for how many of its stations they say anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.io.networks import read_network
from geo.passing import Mode
from geo.streets import NOWHERE
from stations.models import PublicStation
from stations.registry import queries
from stations.streets.keeping import Kept, folder_of

__all__ = ["Fit", "fit"]

_WITHIN_M: Final = 1_000.0


@dataclass(frozen=True, slots=True)
class Fit:
    """stations: located and listed. near: those with a street within ``within_m`` metres."""

    stations: int
    near: int
    within_m: float


def fit(session: Session, folder: Path, kept: Kept) -> Fit:
    """Count the stations that the streets for walking reach. Raises StreetsError where their files are damaged."""
    rows = session.execute(
        select(queries.x(PublicStation.location), queries.y(PublicStation.location)).where(
            PublicStation.listed, PublicStation.location.is_not(None)
        )
    ).all()
    lon, lat = np.array(rows, dtype=np.float64).reshape(-1, 2).T
    snapped = read_network(folder_of(folder, kept, Mode.WALK)).snap(lon, lat, within_m=_WITHIN_M)
    return Fit(len(rows), int((snapped.segment != NOWHERE).sum()), _WITHIN_M)
