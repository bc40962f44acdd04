"""Organisations, and the honours and ratings that they or their stations were given."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["Honour", "Organisation"]


class Organisation(Base):
    """A union, a host, a funder, an operator."""

    __tablename__ = "organisations"

    id: Mapped[identity]
    name: Mapped[str] = mapped_column(unique=True)
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("btrim(name) <> ''", name="name"),
        Index("ix_organisations_added_in", "added_in"),
    )


class Honour(Base):
    """An honour or a rating under a named standard, given to a station or to an organisation."""

    __tablename__ = "honours"

    id: Mapped[identity]
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    title: Mapped[str]
    level: Mapped[str]
    year: Mapped[int]
    #: The standard and its version for a rating ("福州星级 2023"); null for a plain honour.
    standard: Mapped[str | None]
    revoked_on: Mapped[date | None]
    revoked_reason: Mapped[str | None]
    #: The inspection whose rating it makes known.
    inspection_id: Mapped[int | None] = mapped_column(ForeignKey("inspections.id"))
    #: When the standard asks to look again; None where it asks for no review.
    review_on: Mapped[date | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("num_nonnulls(station_id, organisation_id) = 1", name="holder"),
        CheckConstraint(
            one_of("level", "national", "provincial", "prefecture", "county", "other"), name="level"
        ),
        CheckConstraint("year BETWEEN 1949 AND 2200", name="year"),
        CheckConstraint("(revoked_on IS NULL) = (revoked_reason IS NULL)", name="revoked"),
        Index("ix_honours_station_id", "station_id"),
        Index("ix_honours_organisation_id", "organisation_id"),
        Index("ix_honours_added_in", "added_in"),
    )
