"""A station and the facts that belong to it alone: hours, amenities, partners, photos, use.

A station ends by closing, with a date and a reason, never by deletion. Its position may be missing (未定位), or
held: received but doubted, kept as it came and not drawn until somebody accepts it.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from stations import vocabulary as words
from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["Amenity", "HoursException", "Partner", "Photo", "Station", "StationSource", "Visits"]

STATION_SERIAL = Sequence("station_serial", metadata=Base.metadata)

DATUMS = ("wgs84", "gcj02", "bd09")


class Station(Base):
    """One station as the registry knows it. What can be derived from these facts is in ``public_stations``."""

    __tablename__ = "stations"

    id: Mapped[identity]
    #: On the plate at the door: given once, never changed, never given again.
    code: Mapped[str] = mapped_column(unique=True, server_default=text("yz_station_code(NULL)"))
    names: Mapped[dict[str, str]]
    kind: Mapped[str]
    station_class: Mapped[str] = mapped_column(
        Computed(
            f"CASE WHEN {one_of('kind', *words.REST_KINDS)} THEN 'rest' ELSE 'service' END", persisted=True
        )
    )
    lifecycle: Mapped[str] = mapped_column(server_default="open")
    lifecycle_since: Mapped[date | None]
    lifecycle_reason: Mapped[str | None]
    opened_on: Mapped[date | None]
    #: When a planned station should open, or a suspended one should be back.
    expected_on: Mapped[date | None]

    location: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    position_quality: Mapped[str | None]
    #: Why a received position is not believed yet; null when there is nothing to doubt.
    position_hold: Mapped[list[Any] | None]
    directions: Mapped[str | None]
    original_lon: Mapped[float | None]
    original_lat: Mapped[float | None]
    original_datum: Mapped[str | None]
    #: How the coordinates were obtained, in the list's own word (poi, geocoded, surveyed …).
    position_origin: Mapped[str | None]

    address: Mapped[str | None]
    district_received: Mapped[str | None]
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    premises: Mapped[str | None]
    access: Mapped[str] = mapped_column(server_default="unknown")
    fee: Mapped[str] = mapped_column(server_default="unknown")
    accepted_cards: Mapped[list[str]] = mapped_column(server_default="{}")
    phone: Mapped[str | None]
    capacity: Mapped[int | None]
    area_m2: Mapped[Decimal | None] = mapped_column(Numeric(8, 1))

    hours_expression: Mapped[str | None]
    hours_calendar: Mapped[str] = mapped_column(server_default="plain")
    hours_words: Mapped[str | None]

    #: Facts that wait for a person's eye (unknown district, a like name near by …), shown and queued.
    doubts: Mapped[list[Any] | None]
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    verified_how: Mapped[str | None]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("sources.id"))
    #: Out of the public view: entered by mistake, or the same place as another.
    withdrawn_reason: Mapped[str | None]
    same_as: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("names ? 'zh' AND btrim(names->>'zh') <> ''", name="names"),
        CheckConstraint(one_of("kind", *words.KINDS), name="kind"),
        CheckConstraint(one_of("lifecycle", *words.LIFECYCLE), name="lifecycle"),
        CheckConstraint(
            "lifecycle NOT IN ('suspended', 'closed') OR "
            "(lifecycle_since IS NOT NULL AND btrim(lifecycle_reason) <> '')",
            name="ends_with_date_and_reason",
        ),
        CheckConstraint(
            "location IS NULL OR (ST_X(location) BETWEEN -180 AND 180 AND ST_Y(location) BETWEEN -90 AND 90)",
            name="location",
        ),
        CheckConstraint("position_hold IS NULL OR location IS NULL", name="held_is_not_drawn"),
        CheckConstraint(one_of("position_quality", *words.POSITION_QUALITY), name="position_quality"),
        CheckConstraint(one_of("original_datum", *DATUMS), name="original_datum"),
        CheckConstraint(one_of("premises", *words.PREMISES), name="premises"),
        CheckConstraint(one_of("access", *words.ACCESS), name="access"),
        CheckConstraint(one_of("fee", *words.FEE), name="fee"),
        CheckConstraint(one_of("hours_calendar", "plain", "official"), name="hours_calendar"),
        CheckConstraint("capacity >= 0", name="capacity"),
        CheckConstraint("area_m2 >= 0", name="area"),
        CheckConstraint("same_as IS NULL OR withdrawn_reason IS NOT NULL", name="same_as"),
        Index("ix_stations_location", "location", postgresql_using="gist"),
        Index("ix_stations_location_metres", text("(location::geography)"), postgresql_using="gist"),
        Index("ix_stations_region_code", "region_code"),
        Index("ix_stations_source_id", "source_id"),
        Index("ix_stations_added_in", "added_in"),
        Index(
            "ix_stations_unlocated",
            "id",
            postgresql_where=text("location IS NULL AND withdrawn_reason IS NULL AND lifecycle <> 'closed'"),
        ),
        Index(
            "ix_stations_unverified",
            text("verified_at NULLS FIRST"),
            "id",
            postgresql_where=text("lifecycle = 'open' AND withdrawn_reason IS NULL"),
        ),
        Index(
            "ix_stations_expected_on",
            "expected_on",
            postgresql_where=text(
                "expected_on IS NOT NULL AND lifecycle IN ('planned', 'building', 'suspended')"
            ),
        ),
    )


class StationSource(Base):
    """How one source names a station: its declared id, or else what the row said of name, district and host."""

    __tablename__ = "station_sources"

    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str | None]
    identity_key: Mapped[str]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        PrimaryKeyConstraint("station_id", "source_id"),
        Index(
            "ix_station_sources_external_id",
            "source_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index("ix_station_sources_identity_key", "source_id", "identity_key"),
        Index("ix_station_sources_added_in", "added_in"),
    )


class Amenity(Base):
    """What a station has, has not, or nobody knows; a row that is missing means unknown too."""

    __tablename__ = "amenities"

    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    amenity: Mapped[str]
    value: Mapped[str]
    out_of_order: Mapped[bool] = mapped_column(server_default="false")
    basis: Mapped[str]
    verified_at: Mapped[date | None]
    note: Mapped[str | None]
    #: A source is never removed, and a check for each of a million amenities would cost more than it finds.
    source_id: Mapped[int | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        PrimaryKeyConstraint("station_id", "amenity"),
        CheckConstraint(one_of("amenity", *words.AMENITIES), name="amenity"),
        CheckConstraint(one_of("value", *words.Value), name="value"),
        CheckConstraint(one_of("basis", *words.BASIS), name="basis"),
        CheckConstraint("NOT out_of_order OR value = 'yes'", name="only_what_is_there_breaks"),
        Index("ix_amenities_added_in", "added_in"),
    )


class HoursException(Base):
    """Days that override the weekly hours: closed (no expression), other hours, or unknown."""

    __tablename__ = "hours_exceptions"

    id: Mapped[identity]
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    starts: Mapped[date]
    ends: Mapped[date]
    expression: Mapped[str | None]
    reason: Mapped[str] = mapped_column(server_default="")
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("starts <= ends", name="order"),
        Index("ix_hours_exceptions_station_id", "station_id"),
        Index("ix_hours_exceptions_added_in", "added_in"),
        Index("ix_hours_exceptions_starts", "starts"),
        Index("ix_hours_exceptions_ends", "ends"),
    )


class Partner(Base):
    """An organisation and what it does for a station."""

    __tablename__ = "partners"

    id: Mapped[identity]
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    role: Mapped[str]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint(one_of("role", *words.PARTNER_ROLES), name="role"),
        Index("uq_partners_station_role", "station_id", "organisation_id", "role", unique=True),
        Index("ix_partners_organisation_id", "organisation_id"),
        Index("ix_partners_added_in", "added_in"),
    )


class Photo(Base):
    """A picture of the door or of what is inside, named by the digest of its re-encoded bytes."""

    __tablename__ = "photos"

    id: Mapped[identity]
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    sha256: Mapped[str]
    shows: Mapped[str]
    caption: Mapped[str | None]
    taken_on: Mapped[date | None]
    licence: Mapped[str | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint(one_of("shows", "door", "inside", "outside", "amenity"), name="shows"),
        Index("ix_photos_station_id", "station_id"),
        Index("ix_photos_added_in", "added_in"),
    )


class Visits(Base):
    """How often a station was used in a period; a count may be 'at least' (1600余人)."""

    __tablename__ = "visits"

    id: Mapped[identity]
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    period: Mapped[Range[date]] = mapped_column(DATERANGE)
    visits: Mapped[int]
    at_least: Mapped[bool] = mapped_column(server_default="false")
    occupation: Mapped[str | None]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("sources.id"))
    #: Typed or imported; null where nobody noted it.
    how: Mapped[str | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("visits >= 0", name="visits"),
        CheckConstraint(one_of("how", "typed", "imported"), name="how"),
        CheckConstraint("NOT isempty(period)", name="period"),
        Index("ix_visits_station_id", "station_id"),
        Index("ix_visits_added_in", "added_in"),
    )
