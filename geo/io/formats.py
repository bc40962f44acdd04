"""What a file is, told by its first bytes: light enough to ask before GDAL is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["HEAD", "is_part_of_vectors", "vector_driver"]

HEAD: Final = 4096


def vector_driver(head: bytes) -> str | None:
    """Return GDAL's name of the vector format that a file beginning with ``head`` is in, or None."""
    if head.startswith(b"\x00\x00\x27\x0a"):
        return "ESRI Shapefile"
    if head.startswith(b"SQLite format 3\0"):
        return "GPKG"
    if head.startswith(b"fgb\x03"):
        return "FlatGeobuf"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "GeoJSON"
    return None


def is_part_of_vectors(path: Path) -> bool:
    """Whether a name promises a vector file, so that a damaged one is told as such and not as a bad table."""
    return path.suffix.lower() in {".shp", ".shx", ".dbf", ".prj", ".gpkg", ".geojson", ".fgb"}
