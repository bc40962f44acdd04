"""What is made from the facts and can be thrown away: schedules laid out in time, the public view, the gazetteer.

``yizhan db rebuild`` makes all of it again. Nothing here is written by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Computed, Index, Integer, text
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import Base, one_of

__all__ = ["GazetteerEntry", "PublicStation", "Schedule", "StaleStation"]


class Schedule(Base):
    """One week's hours with their exceptions, shared by all stations that keep them, over the coming weeks.

    Inside ``covers`` a moment is open, unknown, or else closed; outside it these spans say nothing.
    """

    __tablename__ = "schedules"

    key: Mapped[str] = mapped_column(primary_key=True)
    #: The transaction that laid it out. Two that meet the same new hours at once each write their own row, so that
    #: neither waits for the other; ``extend`` drops the twin.
    made_in: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, server_default=text("pg_current_xact_id()::text::bigint")
    )
    expression: Mapped[str | None]
    calendar: Mapped[str]
    exceptions: Mapped[list[Any]]
    open_spans: Mapped[Sequence[Range[datetime]]] = mapped_column(TSTZMULTIRANGE)
    unknown_spans: Mapped[Sequence[Range[datetime]]] = mapped_column(TSTZMULTIRANGE)
    covers: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    #: Open at every moment, as far as the expression says.
    always_open: Mapped[bool]


class PublicStation(Base):
    """The station as the public sees it, one row each, ready to be filtered, drawn and sent.

    A station that left the public view keeps its row with ``listed`` false and no feature: the tombstone that a copy
    asking "since" must see.
    """

    __tablename__ = "public_stations"

    #: No foreign keys: the one function that writes these rows takes them from the facts, and they can be made again.
    station_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(unique=True)
    listed: Mapped[bool]
    commit_id: Mapped[int]
    name: Mapped[str | None]
    kind: Mapped[str | None]
    station_class: Mapped[str | None]
    lifecycle: Mapped[str | None]
    region_code: Mapped[str | None]
    lineage: Mapped[list[str]] = mapped_column(server_default="{}")
    access: Mapped[str | None]
    fee: Mapped[str | None]
    #: Amenities that are there and work; ``inferred`` ones only guessed so; ``lacks``: not there or out of order.
    has: Mapped[list[str]] = mapped_column(server_default="{}")
    inferred: Mapped[list[str]] = mapped_column(server_default="{}")
    lacks: Mapped[list[str]] = mapped_column(server_default="{}")
    schedule_key: Mapped[str | None]
    location: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    location_3857: Mapped[WKBElement | None] = mapped_column(
        Geometry("POINT", srid=3857, spatial_index=False)
    )
    #: Where it lies among the tiles, see ``registry.tiles``; made by the database.
    tile_x: Mapped[int | None] = mapped_column(Integer, Computed("yz_tile_step(st_x(location_3857))"))
    tile_y: Mapped[int | None] = mapped_column(Integer, Computed("yz_tile_step((- st_y(location_3857)))"))
    tile_key: Mapped[int | None] = mapped_column(
        BigInteger,
        Computed("yz_tile_key(yz_tile_step(st_x(location_3857)), yz_tile_step((- st_y(location_3857))))"),
    )
    #: Names and how they are read, see ``reading.search_text``.
    search_text: Mapped[str | None]
    #: Pairs of characters of names and address, and pairs of sounds of names, see ``reading``.
    search_bigrams: Mapped[list[str]] = mapped_column(server_default="{}")
    #: A complete GeoJSON feature as text, with all but the state at a moment.
    feature: Mapped[str | None]

    __table_args__ = (
        Index("ix_public_stations_location", "location", postgresql_using="gist"),
        Index("ix_public_stations_location_3857", "location_3857", postgresql_using="gist"),
        Index("ix_public_stations_location_metres", text("(location::geography)"), postgresql_using="gist"),
        Index("ix_public_stations_lineage", "lineage", postgresql_using="gin"),
        Index("ix_public_stations_has", "has", postgresql_using="gin"),
        Index(
            "ix_public_stations_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index("ix_public_stations_search_bigrams", "search_bigrams", postgresql_using="gin"),
        Index("ix_public_stations_schedule_key", "schedule_key"),
        Index("ix_public_stations_commit_id", "commit_id"),
        Index(
            "ix_public_stations_tile_key",
            "tile_key",
            postgresql_include=["tile_x", "tile_y", "station_id", "lifecycle", "station_class", "kind"],
            postgresql_where=text("listed IS TRUE"),
        ),
    )


class GazetteerEntry(Base):
    """A region or a named place as the search looks through them: a row each, written like a station's."""

    __tablename__ = "gazetteer"

    kind: Mapped[str] = mapped_column(primary_key=True)
    #: The code of the region, or the id of the place.
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    names: Mapped[dict[str, str]]
    #: Of a region; None for a place.
    level: Mapped[str | None]
    population: Mapped[int | None] = mapped_column(BigInteger)
    #: The regions that it lies in, the province first; a region's own code is the last.
    lineage: Mapped[list[str]] = mapped_column(server_default="{}")
    #: Where one stands who asks from there: the place, or the biggest place of a region.
    location: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    search_text: Mapped[str]
    search_bigrams: Mapped[list[str]] = mapped_column(server_default="{}")

    __table_args__ = (
        CheckConstraint(one_of("kind", "region", "place"), name="kind"),
        Index(
            "ix_gazetteer_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index("ix_gazetteer_search_bigrams", "search_bigrams", postgresql_using="gin"),
    )


class StaleStation(Base):
    """A station whose facts changed and whose public row waits to be made again in the same transaction."""

    __tablename__ = "stale_stations"

    station_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
