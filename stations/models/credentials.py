"""What staff log in with, and the sessions they hold: never in the ledger, read and written by the door alone.

No secret stands here as it is: passwords are hashed (Argon2), the secret of the second factor is sealed with the key of
the site, tokens and codes are hashed. Every row but the credentials says until when it is needed, or is used up.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import Base, identity

__all__ = ["AccountEvent", "Credential", "LogInFailure", "RecoveryCode", "StaffLink", "StaffSession"]


class Credential(Base):
    """How somebody logs in: by a password, by an account elsewhere (OIDC), or both."""

    __tablename__ = "credentials"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    email: Mapped[str | None]
    #: The language chosen for the desk; without one the browser's counts.
    lang: Mapped[str | None]
    password_hash: Mapped[str | None]
    password_set_at: Mapped[datetime | None]
    totp_sealed: Mapped[bytes | None]
    #: Since when the second factor is asked for; a secret without it was shown and never confirmed.
    totp_since: Mapped[datetime | None]
    #: The last time step whose code was taken: a code serves once.
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    logged_in_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("oidc_issuer", "oidc_subject"),
        CheckConstraint("char_length(email) BETWEEN 3 AND 254", name="email"),
        CheckConstraint("(password_hash IS NULL) = (password_set_at IS NULL)", name="password"),
        CheckConstraint("totp_since IS NULL OR totp_sealed IS NOT NULL", name="totp"),
        CheckConstraint("(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name="oidc"),
    )


class RecoveryCode(Base):
    """A code that stands in for the second factor once; deleted by its use."""

    __tablename__ = "recovery_codes"

    staff_id: Mapped[int] = mapped_column(ForeignKey("credentials.staff_id"))
    code_hash: Mapped[bytes]

    __table_args__ = (PrimaryKeyConstraint("staff_id", "code_hash"),)


class StaffSession(Base):
    """Somebody logged in at one browser; deleting the row ends it at once."""

    __tablename__ = "staff_sessions"

    id: Mapped[identity]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    #: Browser and system in two words, for the list of one's own sessions.
    device: Mapped[str]
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    #: When the password, the second factor or the issuer last vouched for the person.
    confirmed_at: Mapped[datetime]
    until: Mapped[datetime]

    __table_args__ = (Index("ix_staff_sessions_staff_id", "staff_id"),)


class StaffLink(Base):
    """A link with which somebody sets a password, once."""

    __tablename__ = "staff_links"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    #: Who made it; None where it was asked for by e-mail.
    made_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime]
    until: Mapped[datetime]

    __table_args__ = (Index("ix_staff_links_staff_id", "staff_id"),)


class LogInFailure(Base):
    """How often a log-in failed, by keyed hashes of the name tried and of the network; empty stands for any."""

    __tablename__ = "log_in_failures"

    who: Mapped[bytes]
    whence: Mapped[bytes]
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    until: Mapped[datetime]

    __table_args__ = (PrimaryKeyConstraint("who", "whence"), Index("ix_log_in_failures_until", "until"))


class AccountEvent(Base):
    """What happened to an account, and who did it where it was somebody else; kept for half a year."""

    __tablename__ = "account_events"

    id: Mapped[identity]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    until: Mapped[datetime]

    __table_args__ = (
        Index("ix_account_events_staff_id", "staff_id", "at"),
        Index("ix_account_events_until", "until"),
    )
