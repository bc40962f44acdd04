"""The regions that roles are held in: their names, and the choices of a region picker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.models import Region

__all__ = ["Choice", "choices", "names"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A region to choose; ``lineage`` leads from the province down to it."""

    code: str
    level: str
    names: Mapping[str, str]
    lineage: tuple[str, ...]


def names(session: Session, codes: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """Return the names of regions by code; codes that the registry has not are left out."""
    wanted = select(Region.code, Region.names).where(Region.code.in_(set(codes)))
    return dict(session.execute(wanted).all())


def choices(session: Session, within: Sequence[str] | None = None) -> list[Choice]:
    """Return province, prefectures and counties, each prefecture before its counties.

    within: only these regions and those below them; None for all. Townships are no areas of staff.
    """
    wanted = (
        select(Region.code, Region.level, Region.names, Region.lineage)
        .where(Region.level != "township", Region.merged_into.is_(None))
        .order_by(Region.lineage)
    )
    if within is not None:
        wanted = wanted.where(Region.lineage.overlap(list(within)))
    return [Choice(code, level, found, tuple(line)) for code, level, found, line in session.execute(wanted)]
