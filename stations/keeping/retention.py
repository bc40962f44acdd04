"""What an operator lets be forgotten: the words and photos of reports that were answered long ago.

What was chosen, of which station, and what was done stays, for the yearly count; it says nothing about anybody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from stations.models import Report
from stations.registry.writing import OPERATOR, acting, actor_id

__all__ = ["forget_answered"]


def forget_answered(session: Session, now: datetime, *, days: int) -> int:
    """Take words and photo out of every report that was answered ``days`` or more ago; returns how many reports.

    Nothing is done for 0 days. Files of photos that nobody names any more are deleted by ``files.sweep``.
    """
    if days == 0:
        return 0
    old = (
        Report.status != "waiting",
        Report.decided_at <= now - timedelta(days=days),
        or_(Report.words.is_not(None), Report.photo_sha256.is_not(None)),
    )
    # Asked first: a statement that finds nothing would still begin a commit.
    if not session.scalar(select(exists().where(*old))):
        return 0
    with acting(
        session, actor_id(session, OPERATOR), reason="words and photos of old reports were forgotten"
    ):
        forgotten = session.scalars(
            update(Report).where(*old).values(words=None, photo_sha256=None).returning(Report.id)
        ).all()
    return len(forgotten)
