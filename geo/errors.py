"""What can go wrong in spatial work, each with the bad value in its message.

GeoError
├── DatumError       a datum that is not known
├── CrsError         a coordinate reference system that is missing, not metric, or not to be trusted
├── BBoxError        a bounding box that is no box
├── CoordinateError  arrays of coordinates or demand that cannot be computed with
├── DemandError      amounts that cannot be laid on cells
├── ReachError       a network or a question of travel that has no sensible answer
├── SitingError      a question of siting that cannot be asked so
└── FileError        a file that cannot be read or written
    ├── TableError   … a CSV file or a workbook
    ├── VectorError  … a Shapefile, a GeoPackage, GeoJSON or an outline
    ├── RasterError  … a GeoTIFF
    └── StreetsError … an OpenStreetMap extract, or lines
"""

from __future__ import annotations

__all__ = [
    "BBoxError",
    "CoordinateError",
    "CrsError",
    "DatumError",
    "DemandError",
    "FileError",
    "GeoError",
    "RasterError",
    "ReachError",
    "SitingError",
    "StreetsError",
    "TableError",
    "VectorError",
]


class GeoError(Exception):
    """Base of every error that this package raises on purpose; the message is for a person."""


class DatumError(GeoError, ValueError):
    """A datum is not one that this package converts."""


class CrsError(GeoError, ValueError):
    """A coordinate reference system is missing, not metric, or cannot be converted safely."""


class BBoxError(GeoError, ValueError):
    """A bounding box is malformed or out of range."""


class CoordinateError(GeoError, ValueError):
    """Coordinates, or what is counted at them, cannot be computed with."""


class FileError(GeoError):
    """A file cannot be read or written; the message says why and what to do."""


class TableError(FileError):
    """A CSV file or a workbook cannot be read as a table."""


class VectorError(FileError):
    """A Shapefile, a GeoPackage, a GeoJSON file or an outline cannot be read."""


class RasterError(FileError):
    """A raster cannot be read as amounts on the ground; ``reason`` is one word for why, where there are few such files."""

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class StreetsError(FileError):
    """A file of streets cannot be read."""


class DemandError(GeoError, ValueError):
    """Demand cannot be laid on cells: a wrong amount, a missing border, or cells beyond number."""


class ReachError(GeoError, ValueError):
    """Travel cannot be computed as asked; the message says what to ask instead."""


class SitingError(GeoError, ValueError):
    """A question of siting cannot be asked so: it contradicts itself, or a number in it is none."""
