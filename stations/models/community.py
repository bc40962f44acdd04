"""What a station offers beside shelter: a day's work, and the events that the union holds.

No row tells of a worker's own case: mediation and interviews are counts alone, and an employer's telephone number lies
in a table that passes, so that no history keeps it.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Time, text
from sqlalchemy.orm import Mapped, mapped_column

from stations import vocabulary as words
from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["MAX_COUNT", "MAX_HEADCOUNT", "MAX_PAY", "MIN_PAY", "Event", "Notice", "NoticeContact"]

#: Yuan for a day's work that are no slip of the pen.
MIN_PAY: Final = 50
MAX_PAY: Final = 5_000
#: People whom one notice asks for.
MAX_HEADCOUNT: Final = 500
#: The largest number that one event may count.
MAX_COUNT: Final = 10_000_000
_COUNTS_ONLY: Final = tuple(code for code, kind in words.EVENT_KINDS.items() if kind.counts_only)


class Notice(Base):
    """A notice of day labour at a station. It is shown until ``until`` and ends by itself."""

    __tablename__ = "notices"

    id: Mapped[identity]
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    trade: Mapped[str]
    title: Mapped[str]
    #: The days of work, both inclusive, in Beijing's calendar.
    starts: Mapped[date]
    ends: Mapped[date]
    assemble_at: Mapped[time] = mapped_column(Time)
    #: Where one gathers; null for the station itself.
    assemble_where: Mapped[str | None]
    #: Whole yuan for a day; both the same where one amount is promised.
    pay_from: Mapped[int]
    pay_to: Mapped[int]
    headcount: Mapped[int]
    employer: Mapped[str]
    note: Mapped[str | None]
    until: Mapped[datetime]
    #: Grows with every change: who changes names the one that was read.
    version: Mapped[int] = mapped_column(server_default="1")
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint(one_of("trade", *words.TRADES), name="trade"),
        CheckConstraint("char_length(title) BETWEEN 1 AND 60", name="title"),
        CheckConstraint("char_length(employer) BETWEEN 1 AND 80", name="employer"),
        CheckConstraint("char_length(assemble_where) BETWEEN 1 AND 120", name="assemble_where"),
        CheckConstraint("char_length(note) BETWEEN 1 AND 500", name="note"),
        CheckConstraint("ends >= starts", name="days"),
        CheckConstraint(f"pay_from BETWEEN {MIN_PAY} AND pay_to AND pay_to <= {MAX_PAY}", name="pay"),
        CheckConstraint(f"headcount BETWEEN 1 AND {MAX_HEADCOUNT}", name="headcount"),
        Index("ix_notices_station_id", "station_id", "until"),
        Index("ix_notices_until", "until"),
        Index("ix_notices_added_in", "added_in"),
    )


class NoticeContact(Base):
    """The telephone number of a notice's employer, for as long as somebody may have to call; deleted after ``until``."""

    __tablename__ = "notice_contacts"

    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"), primary_key=True, autoincrement=False)
    phone: Mapped[str]
    until: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("char_length(phone) BETWEEN 3 AND 60", name="phone"),
        Index("ix_notice_contacts_until", "until"),
    )


class Event(Base):
    """Something that a union holds, at a station or somewhere in a region; of people's own cases the counts alone.

    A count that nobody gave is null and not 0; those named in ``at_least`` are lower bounds (1600余人).
    """

    __tablename__ = "events"

    id: Mapped[identity]
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    kind: Mapped[str]
    status: Mapped[str]
    title: Mapped[str | None]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    place: Mapped[str | None]
    organiser: Mapped[str | None]
    note: Mapped[str | None]
    sessions: Mapped[int | None]
    firms: Mapped[int | None]
    people: Mapped[int | None]
    leaflets: Mapped[int | None]
    at_least: Mapped[list[str]] = mapped_column(server_default="{}")
    version: Mapped[int] = mapped_column(server_default="1")
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("num_nonnulls(station_id, region_code) = 1", name="somewhere"),
        CheckConstraint(one_of("kind", *words.EVENT_KINDS), name="kind"),
        CheckConstraint(one_of("status", "planned", "held", "cancelled"), name="status"),
        CheckConstraint("char_length(title) BETWEEN 1 AND 60", name="title"),
        CheckConstraint("char_length(place) BETWEEN 1 AND 120", name="place"),
        CheckConstraint("char_length(organiser) BETWEEN 1 AND 80", name="organiser"),
        CheckConstraint("char_length(note) BETWEEN 1 AND 500", name="note"),
        CheckConstraint("ends > starts", name="days"),
        CheckConstraint(
            f"CASE WHEN {one_of('kind', *_COUNTS_ONLY)}"
            " THEN num_nonnulls(title, place, organiser, note) = 0 AND status = 'held'"
            " ELSE title IS NOT NULL END",
            name="cases_are_counts",
        ),
        CheckConstraint(
            " AND ".join(f"{name} BETWEEN 0 AND {MAX_COUNT}" for name in words.EVENT_COUNTS), name="counts"
        ),
        CheckConstraint(
            "status = 'held' OR num_nonnulls(sessions, firms, people, leaflets) = 0", name="counted_is_held"
        ),
        CheckConstraint("at_least <@ ARRAY['sessions', 'firms', 'people', 'leaflets']", name="at_least"),
        Index("ix_events_station_id", "station_id", "ends"),
        Index("ix_events_region_code", "region_code", "ends"),
        Index("ix_events_planned", "ends", postgresql_where=text("status = 'planned'")),
        Index("ix_events_starts", "starts"),
        Index("ix_events_added_in", "added_in"),
    )
