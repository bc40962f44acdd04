"""What a member of staff prefers: the language of the desk."""

from __future__ import annotations

from sqlalchemy.orm import Session

from stations.accounts.door import as_door
from stations.accounts.entering import credential

__all__ = ["set_language"]


def set_language(session: Session, staff_id: int, lang: str | None) -> None:
    """Keep the language that somebody chose; None for the browser's."""
    with as_door(session):
        credential(session, staff_id).lang = lang
