"""Regions (GB/T 2260) and the named places of a gazetteer."""

from __future__ import annotations

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["Place", "Region"]


class Region(Base):
    """An administrative region. Its code is its identity; names and borders may change under it."""

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    names: Mapped[dict[str, str]]
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False))
    population: Mapped[int | None] = mapped_column(BigInteger)
    population_year: Mapped[int | None]
    publishable: Mapped[bool] = mapped_column(server_default="false")
    credit: Mapped[str | None]
    #: A region that was merged or dissolved stays, so that what pointed at it still resolves.
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    #: Derived by a trigger: this code and those of all its ancestors, the province first.
    lineage: Mapped[list[str]] = mapped_column(server_default="{}")
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{6}([0-9]{3}){0,2}$'", name="code"),
        CheckConstraint(
            one_of("level", "country", "province", "prefecture", "county", "township"), name="level"
        ),
        CheckConstraint("population > 0", name="population"),
        CheckConstraint("names ? 'zh'", name="names"),
        Index("ix_regions_geom", "geom", postgresql_using="gist"),
        Index("ix_regions_lineage", "lineage", postgresql_using="gin"),
        Index("ix_regions_parent_code", "parent_code"),
        Index("ix_regions_added_in", "added_in"),
    )


class Place(Base):
    """A named place of a gazetteer. ``population`` is null where the gazetteer does not know it."""

    __tablename__ = "places"

    id: Mapped[identity]
    source: Mapped[str]
    source_id: Mapped[str]
    names: Mapped[dict[str, str]]
    location: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    population: Mapped[int | None] = mapped_column(BigInteger)
    population_year: Mapped[int | None]
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    credit: Mapped[str | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        UniqueConstraint("source", "source_id"),
        CheckConstraint("population > 0", name="population"),
        Index("ix_places_location", "location", postgresql_using="gist"),
        Index("ix_places_region_code", "region_code"),
    )
