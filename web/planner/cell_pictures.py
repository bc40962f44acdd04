"""The cells of a run on its map: picture tiles by the moment or the hour, and what is known of the cell below a click."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from flask import Response, request
from numpy.typing import NDArray

from geo.datum import Datum, to_wgs84
from stations.accounts import ROLES
from stations.errors import Invalid, NotFound
from stations.models import CoverageRun
from stations.planning import CoverageQuestion, runs
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.ground import mainland
from web.maps.cell_tiles import SHADES, CellGrid, cell_tile
from web.planner.drawing import shade_of, shade_within

__all__ = ["run_cell", "run_tile"]

_DEEPEST: Final = 20
#: Runs whose cells are held ready. A run never changes, so nothing here grows old.
_HELD: Final = 2
_A_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class _Cells:
    """grid: of a run. arrays: as it kept them. limits: ascending seconds."""

    grid: CellGrid
    arrays: dict[str, NDArray[Any]]
    limits: tuple[float, ...]

    def within(self, hour: int | None) -> NDArray[Any] | None:
        """Return the number of the limit that each cell lies within at an hour; None at the moment of the run."""
        return None if hour is None else self.arrays[f"within_{hour}"]

    def shades(self, hour: int | None) -> NDArray[Any]:
        """Return the shade 0 to 5 of each cell."""
        within = self.within(hour)
        if within is None:
            return shade_of(self.arrays["seconds"], self.limits)
        return shade_within(within, len(self.limits))


class _Held:
    """The cells of the runs that were looked at last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], _Cells] = OrderedDict()

    def of(self, run: CoverageRun) -> _Cells:
        # One process may serve several registries, whose runs have the same numbers.
        name = (str(db.session().get_bind().url), run.id)  # type: ignore[union-attr]
        with self._lock:
            if name not in self._kept:
                arrays = runs.cells_of(run)
                question = CoverageQuestion.of_dict(run.question)
                grid = CellGrid.of_arrays(arrays, crs=(run.basis or {})["crs"], size_m=question.size_m)
                self._kept[name] = _Cells(grid, arrays, question.limits_s)
                while len(self._kept) > _HELD:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(name)
            return self._kept[name]


_held: Final = _Held()


@blueprint.get("/planner/runs/<int:run_id>/cells/<int:zoom>/<int:x>/<int:y>.png")
@desk_page(*ROLES)
def run_tile(run_id: int, zoom: int, x: int, y: int) -> Response:
    """Draw a tile of the cells of a run, at its moment or at an ``hour`` of its day."""
    if zoom > _DEEPEST or max(x, y) >= 2**zoom:
        raise NotFound(f"there is no tile {zoom}/{x}/{y}")
    run = runs.get(db.session(), run_id)
    cells, hour = _held.of(run), _hour(run)
    theme = request.args.get("theme", "light")
    if theme not in SHADES:
        raise Invalid(f"theme={theme[:20]!r}: say {' or '.join(SHADES)}", field="theme", value=theme)
    picture = cell_tile(cells.grid, cells.shades(hour), (zoom, x, y), theme=theme, to_wgs84=_datum())
    answer = Response(picture, mimetype="image/png")
    answer.cache_control.private, answer.cache_control.max_age = True, _A_DAY_S
    return answer


@blueprint.get("/planner/runs/<int:run_id>/cell.json")
@desk_page(*ROLES)
def run_cell(run_id: int) -> dict[str, Any]:
    """Tell of the cell at ``lon`` and ``lat``: people, minutes, stations within the main limit; null where none lies."""
    run = runs.get(db.session(), run_id)
    lon, lat = (_degrees(name) for name in ("lon", "lat"))
    cells, hour = _held.of(run), _hour(run)
    (index,) = cells.grid.at(np.array([lon]), np.array([lat])).tolist()
    if index < 0:
        return {"cell": None}
    arrays, within, limits = cells.arrays, cells.within(hour), run.question["limits_min"]
    told: dict[str, Any] = {
        "lon": round(float(arrays["lon"][index]), 5),
        "lat": round(float(arrays["lat"][index]), 5),
        "people": round(float(arrays["weight"][index]), 1),
    }
    if within is not None:
        number = int(within[index])
        return {"cell": told | {"within": limits[number] if number < len(limits) else None}}
    seconds = float(arrays["seconds"][index])
    told["minutes"] = None if np.isnan(seconds) else round(seconds / 60)
    told["stations"] = int(arrays["counts"][index])
    return {"cell": told}


def _datum() -> Callable[[float, float], tuple[float, float]] | None:
    """Return what positions of the base map are in WGS 84; None where they are that already."""
    if request.args.get("datum") != "gcj02":
        return None
    china = mainland()

    def ours(lon: float, lat: float) -> tuple[float, float]:
        x, y = to_wgs84(lon, lat, Datum.GCJ02, mainland=china)
        return float(x), float(y)

    return ours


def _hour(run: CoverageRun) -> int | None:
    """Return the hour that the address names, as the hour of the day whose cells it shares."""
    text = request.args.get("hour", "")
    if not text:
        return None
    hour = runs.hour_of(run, int(text)) if text.isascii() and text.isdigit() and len(text) < 3 else None
    if hour is None or "like" not in hour:
        raise NotFound(f"run {run.id} keeps no cells of hour={text[:20]!r}")
    return int(hour["like"])


def _degrees(name: str) -> float:
    try:
        value = float(request.args.get(name, ""))
    except ValueError:
        value = float("nan")
    if not abs(value) <= (180.0 if name == "lon" else 90.0):
        raise Invalid(f"{name}={request.args.get(name, '')[:20]!r}: write degrees", field=name)
    return value
