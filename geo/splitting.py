"""How much of an area lies in each cell of a square grid: exact, and in bounded time for outlines of a million vertices.

An outline is halved along the lines of the grid until a piece has few vertices or one cell, so that no cell is ever
compared with all vertices: n vertices over c cells take about n · log c steps and not n · c.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import DemandError

__all__ = ["shares"]

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]

#: Cells that one area may be laid on.
_MOST_CELLS: Final = 80_000_000
#: A piece with so few vertices is compared with all of its cells at once, if they are few.
_FEW_VERTICES: Final = 256
_FEW_CELLS: Final = 256
_ROUNDING: Final = 1e-12


def shares(shape: Any, size: float) -> tuple[_Ints, _Ints, _Floats]:
    """Return the cells that a shape covers and how much of it lies in each.

    shape: a valid polygon or multipolygon in a metric CRS. size: the side of a cell, in its units.
    Returns column, row and area, (k,) each; a cell may stand twice, where parts of the shape meet in it. Raises DemandError
    where the shape spans cells beyond number.
    """
    west, south, east, north = _span(shape, size)
    count = (east - west) * (north - south)
    if count > _MOST_CELLS:
        raise DemandError(f"an area covers about {count:,} cells of {size:g} m; ask larger cells")
    nothing = np.zeros(0, dtype=np.int64)
    found: list[tuple[_Ints, _Ints, _Floats]] = [(nothing, nothing, np.zeros(0))]
    pieces = [(shape, (west, south, east, north))]
    while pieces:
        piece, (west, south, east, north) = pieces.pop()
        wide, high = east - west, north - south
        if wide == 1 and high == 1:
            found.append((np.array([west]), np.array([south]), np.array([shapely.area(piece)])))
        elif shapely.area(piece) >= wide * high * size**2 * (1 - _ROUNDING):
            column, row = _cells((west, south, east, north))
            found.append((column, row, np.full(len(column), size**2)))
        elif shapely.get_num_coordinates(piece) <= _FEW_VERTICES and wide * high <= _FEW_CELLS:
            found.append(_compared(piece, size, (west, south, east, north)))
        else:
            halves = (
                ((west, south, west + wide // 2, north), (west + wide // 2, south, east, north))
                if wide >= high
                else ((west, south, east, south + high // 2), (west, south + high // 2, east, north))
            )
            for half in halves:
                part = shapely.clip_by_rect(piece, *(edge * size for edge in half))
                if shapely.area(part) > 0:
                    pieces.append((part, half))
    columns, rows, areas = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kept = areas > 0
    return columns[kept], rows[kept], areas[kept]


def _span(shape: Any, size: float) -> tuple[int, int, int, int]:
    """Return the first and the last column and row that a shape touches, the last ones not included."""
    west, south, east, north = np.asarray(shapely.bounds(shape)) / size
    return (
        int(np.floor(west)),
        int(np.floor(south)),
        max(int(np.ceil(east)), int(np.floor(west)) + 1),
        max(int(np.ceil(north)), int(np.floor(south)) + 1),
    )


def _compared(piece: Any, size: float, span: tuple[int, int, int, int]) -> tuple[_Ints, _Ints, _Floats]:
    column, row = _cells(span)
    if not shapely.is_valid(piece):
        # Cutting along a line may leave a piece that touches itself; its area is right, its edges are not simple.
        piece = shapely.make_valid(piece)
    shapely.prepare(piece)
    x, y = column * size, row * size
    boxes = shapely.box(x, y, x + size, y + size)
    whole = shapely.contains_properly(piece, boxes)
    edge = ~whole & shapely.intersects(piece, boxes)
    area = np.where(whole, size * size, 0.0)
    area[edge] = shapely.area(shapely.intersection(boxes[edge], piece))
    return column, row, area


def _cells(span: tuple[int, int, int, int]) -> tuple[_Ints, _Ints]:
    west, south, east, north = span
    column, row = np.meshgrid(np.arange(west, east, dtype=np.int64), np.arange(south, north, dtype=np.int64))
    return column.ravel(), row.ravel()
