"""Where a new station could stand: points of one source inside the region, by a key that people can write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer
from sqlalchemy import Executable, func, select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.errors import Invalid
from stations.models import Place, PublicStation
from stations.planning import layers
from stations.planning.ground import Ground
from stations.planning.siting import candidate_lists
from stations.planning.siting.asking import SitingQuestion
from stations.planning.siting.wants import Offer, Source
from stations.registry import queries
from stations.registry.areas import Areas

__all__ = ["TOLD", "Offered", "offered"]

_COLUMNS: Final = ("key", "name", "lon", "lat")
#: What a list of candidates says of each beside its name and its place.
TOLD: Final = ("host", "premises", "consent", "address", "note")
#: Only squares of such layers are places that somebody brought; a raster or an area has squares everywhere.
_POINTS: Final = "points"


@dataclass(frozen=True, slots=True)
class Offered:
    """The candidates of a question.

    table: ``key``, ``name`` (or None), ``lon``, ``lat``, ``region`` (the lowest), ``cost``, ``must``, ``must_not``, and of
    a list ``host``, ``premises``, ``consent``, ``address``, ``note`` (None elsewhere, and where nobody said); by key.
    found: how many there were before the number was bounded. refused: of those taken, how many hosts refuse; they are
    barred unless they are must.
    """

    table: pd.DataFrame
    found: int
    refused: int = 0


def offered(session: Session, question: SitingQuestion, areas: Areas, ground: Ground) -> Offered:
    """Return the candidates inside the region of a question; those of its must stay whatever the bound.

    Raises NotFound for a layer that is not there, Invalid where there are no candidates, or must and costs name others.
    """
    reach, offer = question.reach, question.offer
    table = _points(session, offer, ground)
    table["region"] = areas.at(table["lon"], table["lat"], townships=True)
    mine = {code for code in areas.areas if reach.region is None or reach.region in areas.lineage(code)}
    table = table[table["region"].isin(mine)].reset_index(drop=True)
    if table.empty:
        raise Invalid(_none(offer), field="offer", value=offer.source, reason="no_candidates")
    _known(question, set(table["key"]))
    table["must"] = table["key"].isin(question.must)
    for name in TOLD:
        if name not in table:
            table[name] = pd.Series([None] * len(table), dtype=object)
    refused = (table["consent"] == "refused") & ~table["must"]
    table["must_not"] = table["key"].isin(question.must_not) | refused
    table["cost"] = _costs(table, question)
    table = table.drop(columns="list_cost", errors="ignore")
    found = len(table)
    if found > offer.most:
        around = np.where(table["must"], np.inf, _people_about(table, ground))
        table = table.iloc[np.sort(np.argsort(-around, kind="stable")[: offer.most])]
    table = table.sort_values("key", kind="stable").reset_index(drop=True)
    return Offered(table, found, int((table["consent"] == "refused").sum()))


def _costs(table: pd.DataFrame, question: SitingQuestion) -> list[float]:
    """Return what each candidate costs: as the question says of it, else as its list says, else as of any site.

    NaN where nobody says; a budget needs all. Raises Invalid.
    """
    said = dict(question.costs)
    listed = table["list_cost"] if "list_cost" in table else pd.Series(np.nan, index=table.index)
    usual = np.nan if question.cost is None else question.cost
    found = [
        said.get(key, usual if np.isnan(own) else own) for key, own in zip(table["key"], listed, strict=True)
    ]
    without = [key for key, cost in zip(table["key"], found, strict=True) if np.isnan(cost)]
    if question.budget is not None and without:
        raise Invalid(
            f"a budget of {question.budget:g} needs the cost of every candidate, and of {len(without):,} nobody says it, such "
            f"as {without[0]}: say what any other site costs",
            field="cost", reason="no_cost",
        )  # fmt: skip
    return found


def _points(session: Session, offer: Offer, ground: Ground) -> pd.DataFrame:
    if offer.source is Source.PLACES:
        return _table(
            session,
            select(
                func.concat("place-", Place.id),
                func.coalesce(Place.names["zh"].astext, Place.names["en"].astext),
                queries.x(Place.location),
                queries.y(Place.location),
            ).order_by(Place.id),
        )
    if offer.source is Source.PLANNED:
        return _table(
            session,
            select(
                PublicStation.code,
                PublicStation.name,
                queries.x(PublicStation.location),
                queries.y(PublicStation.location),
            )
            .where(
                PublicStation.lifecycle == str(words.Lifecycle.PLANNED), PublicStation.location.is_not(None)
            )
            .order_by(PublicStation.station_id),
        )
    if offer.source is Source.LIST:
        return candidate_lists.table(session, offer.layer or "")
    if offer.source is Source.LAYER:
        layer = layers.find(session, offer.layer or "")
        if layer.form != _POINTS:
            raise Invalid(
                f"the layer {layer.name!r} was made of {layer.form} and has no points to stand at: choose one made of "
                "points, or let cells be candidates",
                field="layer", value=layer.name, reason="no_points",
            )  # fmt: skip
        grid = layers.lattice(session, layer)
        return _numbered(*grid.lonlat(), name=layer.name)
    most = np.argsort(-ground.cells.weight, kind="stable")[: offer.most]
    most = most[ground.cells.weight[most] > 0]
    cells = ground.cells
    return pd.DataFrame(
        {
            "key": [f"cell-{c}-{r}" for c, r in zip(cells.column[most], cells.row[most], strict=True)],
            "name": None,
            "lon": ground.lonlat[0][most],
            "lat": ground.lonlat[1][most],
        }
    )


def _table(session: Session, statement: Executable) -> pd.DataFrame:
    frame = pd.DataFrame(session.execute(statement).all(), columns=[*_COLUMNS])
    return frame.astype({"lon": "float64", "lat": "float64"})


def _numbered(lon: NDArray[np.float64], lat: NDArray[np.float64], *, name: str) -> pd.DataFrame:
    keys = [f"{x:.5f},{y:.5f}" for x, y in zip(lon, lat, strict=True)]
    return pd.DataFrame({"key": keys, "name": name, "lon": lon, "lat": lat}).drop_duplicates("key")


def _people_about(table: pd.DataFrame, ground: Ground) -> NDArray[np.float64]:
    """Return the people of the cell that each candidate lies in."""
    cells = ground.cells
    turn = Transformer.from_crs("EPSG:4326", cells.crs, always_xy=True)
    x, y = turn.transform(table["lon"].to_numpy(), table["lat"].to_numpy())
    column, row = (np.floor(np.asarray(part) / cells.size_m).astype(np.int64) for part in (x, y))
    people = dict(
        zip(zip(cells.column.tolist(), cells.row.tolist(), strict=True), cells.weight.tolist(), strict=True)
    )
    return np.array([people.get(at, 0.0) for at in zip(column.tolist(), row.tolist(), strict=True)])


def _known(question: SitingQuestion, keys: set[str]) -> None:
    for name, asked in (
        ("must", question.must),
        ("must_not", question.must_not),
        ("costs", tuple(key for key, _ in question.costs)),
    ):
        for key in asked:
            if key not in keys:
                raise Invalid(
                    f"{name}: there is no candidate {key!r} among the {len(keys):,} of this question",
                    field=name, value=key, reason="unknown_candidate",
                )  # fmt: skip


def _none(offer: Offer) -> str:
    where = {
        Source.PLACES: "no named place lies there: load a gazetteer (yizhan places load), or let cells be candidates",
        Source.PLANNED: "no planned station with a position lies there: place some, or let places or cells be candidates",
        Source.LAYER: f"the layer {offer.layer!r} has no point there: choose another layer or another region",
        Source.LIST: f"the list {offer.layer!r} has no candidate there: choose another list or another region",
        Source.CELLS: "no cell with people lies there: choose another region or another layer of demand",
    }
    return f"there are no candidates: {where[offer.source]}"
