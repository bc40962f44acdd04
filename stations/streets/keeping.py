"""The folder that keeps the streets: built from a file into one network for each way of travelling, and what they are.

A load is made beside what is there and takes its place in one step, so that nobody ever reads half of it, and a disk
that runs full leaves the streets of before. Processes that have the old files mapped keep them until they look again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from geo.errors import ReachError, StreetsError
from geo.io.elevation import sample
from geo.io.networks import FORMAT, write_network
from geo.io.streets import VECTORS, Ways, read_ways
from geo.islands import pieces, without_islands
from geo.nearby import in_squares
from geo.passing import Mode
from geo.relief import laid_on
from geo.streets import Network, build
from stations.errors import Conflict, Full, Invalid, Unavailable

__all__ = ["OSM", "Kept", "ModeKept", "current", "folder_of", "load", "manifest", "remove"]

#: What is shown beside minutes on streets of OpenStreetMap, as its licence asks.
OSM: Final = "© OpenStreetMap contributors, ODbL"
_MANIFEST: Final = "streets.json"
_MAKING: Final = ".making-"
_EXTRACTS: Final = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
#: Below this share of all streets in one piece, lines do not meet where streets do.
_WHOLE: Final = 0.5
_CHUNK: Final = 1 << 20

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ModeKept:
    """The network of one way of travelling.

    pieces: that hang together. largest: share of street metres in the largest one. islands: pieces left out because
    they have less street than a block.
    """

    segments: int
    nodes: int
    kilometres: float
    pieces: int
    largest: float
    islands: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What streets are loaded. digest: of the files they were made of. source: whose they are, shown beside minutes.

    date: of the data, None where nobody said. bounds: west, south, east, north in degrees. elevation: name of the model.
    """

    digest: str
    folder: str
    file: str
    source: str
    date: str | None
    elevation: str | None
    loaded_at: str
    bounds: tuple[float, float, float, float]
    modes: Mapping[str, ModeKept]

    def reaches(self, box: tuple[float, float, float, float]) -> bool:
        """Tell whether any of it can lie in a box of degrees."""
        west, south, east, north = self.bounds
        return west <= box[2] and box[0] <= east and south <= box[3] and box[1] <= north


def manifest(folder: Path) -> Path:
    """Return the file whose change tells that other streets are loaded."""
    return folder / _MANIFEST


def folder_of(folder: Path, kept: Kept, mode: Mode) -> Path:
    """Return where the network of one way of travelling lies."""
    return folder / kept.folder / str(mode)


def current(folder: Path) -> Kept | None:
    """Return what streets are loaded; None where none are. Raises Unavailable where the record cannot be read."""
    try:
        told = json.loads(manifest(folder).read_text(encoding="utf-8"))
        if told.pop("format") != FORMAT:
            raise Unavailable(
                f"the streets in {folder} were kept by another version: load them again (yizhan streets load)"
            )
        modes = {name: ModeKept(**each) for name, each in told.pop("modes").items()}
        return Kept(**told | {"bounds": tuple(told["bounds"])}, modes=modes)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Unavailable(
            f"what streets lie in {folder} cannot be read ({error}): load them again"
        ) from error


def load(
    folder: Path,
    file: Path,
    *,
    now: datetime,
    elevation: Path | None = None,
    source: str | None = None,
    on: date | None = None,
    in_pieces: bool = False,
    within: tuple[float, float, float, float] | None = None,
    told: Told = lambda step: None,
) -> Kept:
    """Build the networks of a file of streets and keep them in place of those before.

    file: ``.osm.pbf``, ``.osm`` or lines (``geo.io.streets.read_ways``). elevation: a raster of heights. source: whose the
    streets are; OpenStreetMap's for an extract of it. on: the day of the data; an extract often says itself. in_pieces:
    take streets that do not hang together. within: the box of the registry, degrees; streets that lie wholly outside are
    refused. told: called with what is being done.
    Raises StreetsError, RasterError or CrsError for files that cannot be used, Invalid where a source is missing or the
    streets are of another place or in pieces, Conflict where another load goes on, Full where the disk has no room.
    """
    extract = file.name.lower().endswith(_EXTRACTS)
    if source is None and file.suffix.lower() in VECTORS:
        raise Invalid(
            f"whose streets are those of {file.name}? name the source, which is shown beside minutes (for OpenStreetMap: {OSM})",
            field="source",
        )
    told("read")
    ways = read_ways(file)
    bounds = _bounds(ways)
    if within is not None and not _meet(bounds, within):
        raise Invalid(
            f"the streets of {file.name} lie within {_degrees(bounds)}, the registry within {_degrees(within)}: "
            "they are of another place",
            field="file",
        )
    if elevation is not None:
        told("elevation")
        ways = laid_on(ways, sample(elevation, ways.lon, ways.lat))
    kept = Kept(
        digest=_digest(file, *([elevation] if elevation else [])),
        folder=f"{now:%Y%m%d}-{uuid4().hex[:12]}",
        file=file.name,
        source=source or OSM,
        date=on.isoformat() if on else _date_of(file) if extract else None,
        elevation=elevation.name if elevation else None,
        loaded_at=now.isoformat(timespec="seconds"),
        bounds=bounds,
        modes={},
    )
    with _alone(folder), _room(folder):
        making = folder / f"{_MAKING}{kept.folder}"
        making.mkdir()
        try:
            modes = {}
            for mode in Mode:
                told(str(mode))
                network, about = _built(ways, mode, in_pieces)
                write_network(making / str(mode), network)
                modes[str(mode)] = about
            making.rename(folder / kept.folder)
            _write(folder, replace(kept, modes=modes))
        finally:
            shutil.rmtree(making, ignore_errors=True)
            _clear(folder)
    return replace(kept, modes=modes)


def remove(folder: Path) -> Kept | None:
    """Take the streets away and return what they were; None where there were none. Raises Conflict during a load."""
    if not folder.is_dir():
        return None
    with _alone(folder):
        kept = current(folder)
        manifest(folder).unlink(missing_ok=True)
        _clear(folder)
    return kept


def _built(ways: Ways, mode: Mode, in_pieces: bool) -> tuple[Network, ModeKept]:
    network, islands = without_islands(build(ways, mode))
    network = in_squares(network)
    hangs = pieces(network)
    if hangs.largest < _WHOLE and not in_pieces:
        raise Invalid(
            f"the streets of {ways.source} fall into {hangs.number:,} pieces for {mode}, and the largest holds only "
            f"{hangs.largest:.0%} of them: lines meet where they share a vertex, so these may not have been split at "
            "crossings. Repair the file, or load it with --in-pieces if the land is so",
            field="file",
        )
    kilometres = float(network.length_m.sum() / 1_000.0)
    return network, ModeKept(
        len(network), len(network.xy), round(kilometres, 1), hangs.number, round(hangs.largest, 6), islands
    )


def _write(folder: Path, kept: Kept) -> None:
    """Name the streets that count, in one step."""
    fresh = folder / f"{_MAKING}{uuid4().hex}"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT} | asdict(kept), file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(manifest(folder))


def _clear(folder: Path) -> None:
    """Delete what no record names: streets of before, and what a killed load left. The caller holds the lock."""
    try:
        named = json.loads(manifest(folder).read_text(encoding="utf-8")).get("folder")
    except FileNotFoundError:
        named = None
    except (OSError, ValueError):
        return
    for path in folder.iterdir():
        if path.is_dir() and path.name != named:
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.startswith(_MAKING):
            path.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the kernel lets go where it dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("w", encoding="ascii")
    except OSError as error:
        raise Unavailable(
            f"streets cannot be kept in {folder}: {error.strerror} (YIZHAN_STREETS names the folder)"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another load of streets into {folder} goes on; wait for its end") from None
        yield


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {ENOSPC, EDQUOT}:
            raise Full(f"the disk of {folder} is full; the streets of before are as they were") from error
        raise


def _bounds(ways: Ways) -> tuple[float, float, float, float]:
    lon, lat = ways.lon[ways.refs], ways.lat[ways.refs]
    if not len(lon):
        raise ReachError(f"{ways.source} holds no streets")
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _degrees(box: tuple[float, float, float, float]) -> str:
    return f"{box[0]:.2f}–{box[2]:.2f}° E, {box[1]:.2f}–{box[3]:.2f}° N"


def _digest(*files: Path) -> str:
    found = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    return found.hexdigest()


def _date_of(extract: Path) -> str | None:
    """Return the day that an extract says its data are of."""
    import osmium

    try:
        with osmium.io.Reader(str(extract)) as reader:
            said: Any = reader.header().get("osmosis_replication_timestamp")
    except RuntimeError as error:
        raise StreetsError(f"{extract.name} cannot be read as an OpenStreetMap extract: {error}") from error
    return str(said)[:10] or None
