"""Layers of demand that planners bring: what each is, and its amounts on a grid."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["COUNTS", "FORMS", "DemandGrid", "DemandLayer"]

#: What a layer may count.
COUNTS = ("residents", "orders_noon", "orders_night", "sanitation", "other")
#: What it was read from.
FORMS = ("raster", "points", "areas")


class DemandLayer(Base):
    """One layer: of what, from whom, how its file was read, and how much of it lies where. It never changes."""

    __tablename__ = "demand_layers"

    id: Mapped[identity]
    name: Mapped[str]
    counts: Mapped[str]
    #: What one of its numbers is: 人, 单 …
    unit: Mapped[str]
    source: Mapped[str]
    licence: Mapped[str | None]
    year: Mapped[int | None]
    form: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str]
    #: How the file was read, and what was left out of it.
    reading: Mapped[dict[str, Any]]
    #: All that came, inside the registry's border and outside.
    total: Mapped[float] = mapped_column(Float)
    outside: Mapped[float] = mapped_column(Float)
    #: [{"where", "amount", "lon", "lat"}, …]: what lies outside the border, most first.
    elsewhere: Mapped[list[Any]]
    #: [{"lon", "lat", "amount", "region"}, …]: the largest squares of a kilometre.
    largest: Mapped[list[Any]]
    squares: Mapped[int]
    side_m: Mapped[float] = mapped_column(Float)
    added_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    added_at: Mapped[datetime]
    #: Since when it is not offered any more.
    removed_at: Mapped[datetime | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 80 AND name <> 'census'", name="name"),
        CheckConstraint(one_of("counts", *COUNTS), name="counts"),
        CheckConstraint(one_of("form", *FORMS), name="form"),
        CheckConstraint("year BETWEEN 1900 AND 2200", name="year"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint(
            "total > 0 AND outside >= 0 AND total < 'Infinity' AND squares > 0 AND side_m > 0", name="amounts"
        ),
        Index("uq_demand_layers_name", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
    )


class DemandGrid(Base):
    """The amounts of a layer, as ``geo.lattice.Lattice`` packs them, and a coarse picture of them."""

    __tablename__ = "demand_grids"

    layer_id: Mapped[int] = mapped_column(ForeignKey("demand_layers.id"), primary_key=True)
    content: Mapped[bytes]
    #: {"side": degrees, "cells": [[lon, lat, amount], …]}
    preview: Mapped[dict[str, Any]]
