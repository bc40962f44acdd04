"""The lists that stations come from: finding one, and giving a new one the code that it is known by."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.models import Source
from stations.registry.reading import read_aloud

__all__ = ["code_for", "find", "is_named"]

_LONGEST: Final = 40


def find(session: Session, code: str) -> Source | None:
    """Return the source with this code."""
    return session.scalar(select(Source).where(Source.code == code))


def is_named(session: Session, name: str) -> bool:
    """Tell whether a list is called so already: two of one name could not be told apart."""
    return session.scalar(select(Source.id).where(Source.name == name)) is not None


def code_for(session: Session, name: str) -> str:
    """Return a code for a new list that nobody has: its name as it sounds (``minhe-xian-taizhang``), numbered if need be."""
    sounds = "-".join(re.findall(r"[a-z0-9]+", " ".join(read_aloud(name)).lower()))
    stem = sounds[:_LONGEST].rstrip("-") or "list"
    taken = set(session.scalars(select(Source.code).where(Source.code.like(f"{stem}%"))))
    return next(
        code for n in range(1, len(taken) + 2) if (code := stem if n == 1 else f"{stem}-{n}") not in taken
    )
