"""What the public says of stations, and the keyed hashes that tell for three days whether it is many who say so.

``reports`` is kept. The other tables pass: each row says until when it is needed and is deleted then. None of them
holds an address, a device's own name or anything else from which a person could be found; see docs/privacy.md.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from stations import vocabulary
from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["MAX_WORDS", "OUTCOMES", "Report", "ReportKey", "ReportMark", "ReportRequest", "SpentChallenge"]

#: Characters in the words of one report.
MAX_WORDS = 500
#: What comes of an accepted report; the last two are an edit by hand, and nothing that the registry holds.
OUTCOMES = ("closed_today", "suspended", "out_of_order", "amenity_absent", "edited", "noted")


class Report(Base):
    """What somebody said of a station, by choice; ``correct`` is the one-tap confirmation.

    ``words`` and the photo are for staff alone until they are released. A report never changes its station.
    """

    __tablename__ = "reports"

    id: Mapped[identity]
    #: Made on the phone, so that sending again stores nothing twice; forgotten once no phone sends it any more.
    client_id: Mapped[UUID | None] = mapped_column(unique=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    choice: Mapped[str]
    amenity: Mapped[str | None]
    words: Mapped[str | None]
    photo_sha256: Mapped[str | None]
    #: When it was said, which on a phone without a network is earlier than when it was received.
    made_at: Mapped[datetime]
    received_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default="waiting")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_note: Mapped[str | None]
    #: What came of an accepted one, and the commit that did it.
    outcome: Mapped[str | None]
    decided_in: Mapped[int | None] = mapped_column(BigInteger)
    #: Words and photo are let out one by one.
    words_shown: Mapped[bool] = mapped_column(server_default="false")
    photo_shown: Mapped[bool] = mapped_column(server_default="false")
    released_at: Mapped[datetime | None]
    released_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint(one_of("choice", *vocabulary.REPORT_CHOICES), name="choice"),
        CheckConstraint(one_of("amenity", *vocabulary.AMENITIES), name="amenity"),
        CheckConstraint(
            f"(amenity IS NOT NULL) = ({one_of('choice', 'amenity_missing', 'amenity_broken')})",
            name="amenity_is_named",
        ),
        CheckConstraint(f"char_length(words) BETWEEN 1 AND {MAX_WORDS}", name="words"),
        CheckConstraint("photo_sha256 ~ '^[0-9a-f]{64}$'", name="photo"),
        CheckConstraint(
            "choice <> 'correct' OR num_nonnulls(words, photo_sha256) = 0", name="confirmation_is_bare"
        ),
        CheckConstraint("made_at <= received_at", name="order"),
        CheckConstraint(one_of("status", "waiting", "accepted", "rejected"), name="status"),
        CheckConstraint(
            "num_nonnulls(decided_at, decided_by) = CASE status WHEN 'waiting' THEN 0 ELSE 2 END",
            name="decided_by_somebody",
        ),
        CheckConstraint("num_nonnulls(released_at, released_by) <> 1", name="released_by_somebody"),
        CheckConstraint("status <> 'rejected' OR released_at IS NULL", name="rejected_stays_hidden"),
        CheckConstraint(one_of("outcome", *OUTCOMES), name="outcome"),
        CheckConstraint("(outcome IS NOT NULL) = (status = 'accepted')", name="accepted_has_outcome"),
        CheckConstraint("(words_shown OR photo_shown) = (released_at IS NOT NULL)", name="shown_is_released"),
        CheckConstraint(
            "(words IS NOT NULL OR NOT words_shown) AND (photo_sha256 IS NOT NULL OR NOT photo_shown)",
            name="shown_is_there",
        ),
        Index("ix_reports_station_id", "station_id", "choice", "made_at"),
        Index(
            "ix_reports_waiting",
            "received_at",
            postgresql_where=text("status = 'waiting' AND choice <> 'correct'"),
        ),
        Index("ix_reports_decided", "decided_at", postgresql_where=text("status <> 'waiting'")),
        Index("ix_reports_photo", "photo_sha256", postgresql_where=text("photo_sha256 IS NOT NULL")),
        Index("ix_reports_added_in", "added_in"),
    )


class ReportMark(Base):
    """Who made a report, under the key of one day: enough to count once, of no use at another station or later."""

    __tablename__ = "report_marks"

    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"))
    key_day: Mapped[date]
    device: Mapped[bytes]
    network: Mapped[bytes]
    until: Mapped[datetime]

    __table_args__ = (PrimaryKeyConstraint("report_id", "key_day"), Index("ix_report_marks_until", "until"))


class ReportKey(Base):
    """The random key of one day, deleted together with the last hash that was made with it."""

    __tablename__ = "report_keys"

    day: Mapped[date] = mapped_column(primary_key=True)
    key: Mapped[bytes]
    until: Mapped[datetime]


class ReportRequest(Base):
    """One request of one caller within an hour, under the key of the day: what the rate limits count."""

    __tablename__ = "report_requests"

    id: Mapped[identity]
    caller: Mapped[bytes]
    until: Mapped[datetime]

    __table_args__ = (
        Index("ix_report_requests_caller", "caller"),
        Index("ix_report_requests_until", "until"),
    )


class SpentChallenge(Base):
    """A proof of work that was used, until it would have expired anyway."""

    __tablename__ = "spent_challenges"

    challenge: Mapped[bytes] = mapped_column(primary_key=True)
    until: Mapped[datetime]

    __table_args__ = (Index("ix_spent_challenges_until", "until"),)
