"""A Shapefile in a ZIP archive, which is how people send one: its parts are unpacked flat, under names of our own.

No name of the archive becomes a path, so none can lead out of the folder; the folder goes when nobody reads from it.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from geo.errors import VectorError
from geo.io.archives import opened, part_of

__all__ = ["is_zipped_shapefile", "unpacked"]

_PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_WORKBOOKS: Final = ("xl/workbook.xml", "content.xml", "[Content_Types].xml")
_LONGEST_NAME: Final = 80


def is_zipped_shapefile(path: Path) -> bool:
    """Whether an archive holds a .shp and is no workbook; False for what is no sound archive, which others tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return any(_suffix(name) == ".shp" for name in names) and not any(name in _WORKBOOKS for name in names)


def unpacked(path: Path, layer: str | None = None) -> tuple[Path, Path]:
    """Unpack one Shapefile; return the new folder, which is the caller's to remove, and the .shp in it.

    layer: its name, where the archive holds several. Raises VectorError where that is not there, or not given, and
    for names that lead out of the archive: nothing of such a file is to be trusted. TableError beyond bounds.
    """
    with opened(path, "archive") as archive:
        parts = [part for part in archive.infolist() if not part.is_dir() and not _is_trash(part.filename)]
        for part in parts:
            _require_harmless(part.filename, path)
        stem = _chosen([part.filename for part in parts if _suffix(part.filename) == ".shp"], layer, path)
        folder = Path(tempfile.mkdtemp(prefix="yizhan-"))
        try:
            for part in parts:
                suffix = _suffix(part.filename)
                if suffix in _PARTS and _stem(part.filename).lower() == stem.lower():
                    target = folder / f"{_safe(stem)}{suffix}"
                    with part_of(archive, part.filename, path.name) as packed, target.open("wb") as file:
                        shutil.copyfileobj(packed, file)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return folder, folder / f"{_safe(stem)}.shp"


def _is_trash(name: str) -> bool:
    """Whether an entry is what macOS puts beside each file."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith("._")


def _require_harmless(name: str, path: Path) -> None:
    steps = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in steps or ":" in steps[0] or "\0" in name:
        raise VectorError(
            f"{path.name} holds the entry {name[:60]!r}, whose name leads out of the archive; pack the Shapefile anew"
        )


def _chosen(shapes: Sequence[str], layer: str | None, path: Path) -> str:
    """Return the Shapefile that is meant, as the archive spells its name with its folder."""
    by_name = {_readable(_stem(name)): _stem(name) for name in shapes}
    if layer is not None:
        found = next(
            (stem for shown, stem in by_name.items() if layer in {shown, shown.rpartition("/")[2]}), None
        )
        if found is None:
            raise VectorError(f"{path.name} has no Shapefile {layer!r}; it has {', '.join(by_name)}")
        return found
    if len(by_name) != 1:
        raise VectorError(
            f"{path.name} has {len(by_name)} Shapefiles; name one as the layer: {', '.join(by_name)}"
        )
    return next(iter(by_name.values()))


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _stem(name: str) -> str:
    return name[: len(name) - len(PurePosixPath(name).suffix)]


def _readable(name: str) -> str:
    """Return a name whose archive does not say that it is UTF-8; Chinese systems write such names in GBK."""
    try:
        return name.encode("cp437").decode("gbk")
    except UnicodeError:
        return name


def _safe(stem: str) -> str:
    kept = "".join(
        letter for letter in _readable(stem).rpartition("/")[2] if letter.isalnum() or letter in "-_"
    )
    return kept[:_LONGEST_NAME] or "shapefile"
