"""Programmes: what is to be built where and by when, which stations count, and the townships that wait for one.

Nothing that the registry can tell is kept here: what is planned, building or open is counted when somebody asks.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Numeric,
    PrimaryKeyConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["Programme", "ProgrammeArea", "ProgrammeStation", "ProgrammeTarget", "ProgrammeTownship"]


class Programme(Base):
    """A target for stations: in these regions, of these kinds, until then.

    ``target_is`` total: so many open stations in all. ``target_is`` tagged: so many of the stations that carry the
    programme, whatever else there is.
    """

    __tablename__ = "programmes"

    id: Mapped[identity]
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    note: Mapped[str | None]
    regions: Mapped[list[str]]
    year: Mapped[int]
    #: When it begins; 1 January of its year where nobody says.
    starts: Mapped[date | None]
    #: When it is to be met; 31 December of its year where nobody says.
    due: Mapped[date | None]
    #: The short words that its stations carry.
    tag: Mapped[str | None]
    #: The checklist that its stations are to meet, by name and version, and who says so.
    standard: Mapped[str | None]
    standard_source: Mapped[str | None]
    #: Empty: every kind that is a place to rest.
    kinds: Mapped[list[str]] = mapped_column(server_default="{}")
    target: Mapped[int]
    target_is: Mapped[str]
    #: How many were open when it began, where the plan states it; else that is counted from dates of opening.
    base: Mapped[int | None]
    budget_yuan: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    committed_yuan: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    spent_yuan: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    closed_on: Mapped[date | None]
    closed_reason: Mapped[str | None]
    #: Grows with every change of the programme or of what belongs to it: who changes names the one that was read.
    version: Mapped[int] = mapped_column(server_default="1")
    demonstration: Mapped[bool] = mapped_column(server_default="false")
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("char_length(title) BETWEEN 1 AND 200", name="title"),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year"),
        CheckConstraint("target > 0", name="target"),
        CheckConstraint(one_of("target_is", "total", "tagged"), name="target_is"),
        CheckConstraint("cardinality(regions) > 0", name="regions"),
        CheckConstraint("code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'", name="code"),
        CheckConstraint("due >= starts", name="days"),
        CheckConstraint("base >= 0 AND base < target", name="base"),
        CheckConstraint("budget_yuan >= 0 AND committed_yuan >= 0 AND spent_yuan >= 0", name="money"),
        CheckConstraint("(closed_on IS NULL) = (closed_reason IS NULL)", name="closed"),
        Index("uq_programmes_code_folded", text("lower(code)"), unique=True),
        Index("ix_programmes_owner_id", "owner_id"),
    )


class ProgrammeTarget(Base):
    """The part of a programme's target that falls to one region."""

    __tablename__ = "programme_targets"

    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    target: Mapped[int]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        PrimaryKeyConstraint("programme_id", "region_code"),
        CheckConstraint("target > 0", name="target"),
    )


class ProgrammeArea(Base):
    """A region in which a programme wants stations sooner than elsewhere: how much, and why."""

    __tablename__ = "programme_areas"

    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    #: What a person who lives there counts for, beside 1 elsewhere.
    weight: Mapped[float] = mapped_column(Float)
    reason: Mapped[str]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        PrimaryKeyConstraint("programme_id", "region_code"),
        CheckConstraint("weight > 0 AND weight <= 100", name="weight"),
        CheckConstraint("btrim(reason) <> ''", name="reason"),
    )


class ProgrammeStation(Base):
    """A station that a programme counts."""

    __tablename__ = "programme_stations"

    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        PrimaryKeyConstraint("programme_id", "station_id"),
        Index("ix_programme_stations_station_id", "station_id"),
    )


class ProgrammeTownship(Base):
    """A township that a programme names, or a row of a list that is none of those and waits to be told apart (``stray``).

    ``problem`` is a code of ``stations.planning.townships.PROBLEMS``; ``candidates`` are the ids or codes it may mean.
    """

    __tablename__ = "programme_townships"

    id: Mapped[identity]
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    #: The row of the list that it came in.
    number: Mapped[int]
    code: Mapped[str | None]
    name: Mapped[str]
    county_received: Mapped[str | None]
    #: Its county.
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    location: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    original_lon: Mapped[float | None] = mapped_column(Float)
    original_lat: Mapped[float | None] = mapped_column(Float)
    original_datum: Mapped[str | None]
    #: How its point was found: it came with the list, by code, by name, or somebody chose it.
    point_by: Mapped[str | None]
    problem: Mapped[str | None]
    candidates: Mapped[list[str]] = mapped_column(server_default="{}")
    stray: Mapped[bool] = mapped_column(server_default="false")
    #: Chosen by hand where neither code nor distance tells.
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("btrim(name) <> ''", name="name"),
        CheckConstraint("code ~ '^[0-9]{9}([0-9]{3})?$'", name="code"),
        CheckConstraint(one_of("point_by", "list", "code", "name", "hand"), name="point_by"),
        CheckConstraint("(location IS NULL) = (point_by IS NULL)", name="point"),
        Index(
            "uq_programme_townships_code",
            "programme_id",
            "code",
            unique=True,
            postgresql_where=text("code IS NOT NULL AND NOT stray"),
        ),
        Index("ix_programme_townships_programme_id", "programme_id"),
        Index("ix_programme_townships_station_id", "station_id"),
    )
