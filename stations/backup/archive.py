"""The file of a backup: written beside under a name that nobody takes for one, named when it is whole, read with distrust.

A ZIP whose members are stored as they are (pg_dump compresses by itself) and whose last member, ``manifest.json``, has the
length and the SHA-256 of all others. What was cut off has no directory at its end and is refused at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final
from uuid import uuid4

from stations.backup.contents import Content
from stations.errors import Full, Invalid, NotFound, Unavailable

__all__ = [
    "DATABASE",
    "FILES",
    "FORMAT",
    "RECORD",
    "Manifest",
    "Member",
    "Writer",
    "copy_out",
    "inspect",
    "member",
    "writing",
]

FORMAT: Final = 1
DATABASE: Final = "database.dump"
#: Below it one folder for each kind of files.
FILES: Final = "files"
#: The file that says which others of a folder of streets count.
RECORD: Final = "streets.json"
_MANIFEST: Final = "manifest.json"
_CHUNK: Final = 1 << 20
_NO_ROOM: Final = {ENOSPC, EDQUOT, EFBIG}
_LONGEST_MANIFEST: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside: its length in bytes and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of, and what must come back. made_at: ISO, UTC. migration: the schema's revision.

    postgres: the server's major version. members: every file inside but the manifest.
    """

    registry: str
    made_at: str
    program: str
    migration: str
    postgres: int
    tables: Mapping[str, Content]
    members: Mapping[str, Member] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows there are in all tables."""
        return sum(content.rows for content in self.tables.values())

    def files(self, kind: str) -> dict[str, Member]:
        """Give the files of one kind by their path below its folder."""
        head = f"{FILES}/{kind}/"
        return {name.removeprefix(head): held for name, held in self.members.items() if name.startswith(head)}


class Writer:
    """A backup that is being written. ``members`` is what is in it so far."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self.members: dict[str, Member] = {}

    def add(self, name: str, source: IO[bytes]) -> Member:
        """Store everything that ``source`` gives, as a member."""
        digest, total = hashlib.sha256(), 0
        info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
        info.external_attr = 0o600 << 16
        with self._packed.open(info, "w", force_zip64=True) as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                total += len(chunk)
                target.write(chunk)
        self.members[name] = Member(total, digest.hexdigest())
        return self.members[name]

    def close(self, manifest: Manifest) -> None:
        """Store the manifest, which makes a backup of it."""
        told = {"format": FORMAT, **asdict(manifest)}
        self._packed.writestr(_MANIFEST, json.dumps(told, ensure_ascii=False, indent=1).encode())


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write a backup that takes the name ``path`` at the end of the block, on the disk for good, or not at all.

    Only its owner may read it. Parts that killed runs left in the folder are removed. Raises Full where the disk has no
    room, Unavailable where the folder cannot be written; what stood at ``path`` is then there as it was.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex[:12]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        with open(part, "xb", opener=_private) as file:
            # Held for as long as this process lives, so that nobody takes the part for one that was left.
            fcntl.flock(file, fcntl.LOCK_EX)
            packed = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
            try:
                yield Writer(packed)
            except BaseException:
                # Its directory is written at closing, which a full disk refuses a second time.
                with suppress(OSError, ValueError):
                    packed.close()
                raise
            packed.close()
            file.flush()
            os.fsync(file.fileno())
            part.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        part.unlink(missing_ok=True)


def inspect(path: Path, *, told: Callable[[int, int], None] = lambda done, total: None) -> Manifest:
    """Read a backup to its end and return its manifest; every member has then the length and SHA-256 that it should.

    told: called with the bytes read and those there are. Raises NotFound, Invalid for a file that is damaged, cut off
    or no backup, Unavailable where it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            manifest = _manifest(packed, path)
            names = {name for name in packed.namelist() if name != _MANIFEST}
            if odd := names ^ set(manifest.members):
                raise Invalid(
                    f"{path} is damaged: {_some(odd)} stand in its manifest or in the file, and not in both"
                )
            total = sum(held.bytes for held in manifest.members.values())
            done = 0
            for name, held in manifest.members.items():
                digest = hashlib.sha256()
                with packed.open(name) as source:
                    while chunk := source.read(_CHUNK):
                        digest.update(chunk)
                        done += len(chunk)
                        told(done, total)
                if digest.hexdigest() != held.sha256:
                    raise Invalid(f"{path} is damaged: {name} is not what was saved (its SHA-256 differs)")
            return manifest
    except FileNotFoundError as error:
        raise NotFound(f"There is no backup {path}.") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise Invalid(
            f"{path} is no whole backup ({error}): it was cut off, damaged, or is another kind of file. Take another one."
        ) from error
    except OSError as error:
        raise Unavailable(f"The backup {path} cannot be read: {error.strerror or error}") from error


@contextmanager
def member(path: Path, name: str) -> Iterator[IO[bytes]]:
    """Open one member for reading."""
    with zipfile.ZipFile(path) as packed, packed.open(name) as source:
        yield source


def copy_out(path: Path, names: Mapping[str, Path]) -> None:
    """Write members to the paths given for them, each whole or not there."""
    with zipfile.ZipFile(path) as packed:
        for name, target in names.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.restoring")
            try:
                with packed.open(name) as source, part.open("wb") as file:
                    shutil.copyfileobj(source, file, _CHUNK)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(target)
            except OSError as error:
                raise _explained(error, target) from error
            finally:
                part.unlink(missing_ok=True)


def _manifest(packed: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        info = packed.getinfo(_MANIFEST)
    except KeyError:
        raise Invalid(f"{path} is a ZIP and no backup of a registry: it has no {_MANIFEST}") from None
    if info.file_size > _LONGEST_MANIFEST:
        raise Invalid(f"{path} is damaged: its manifest has {info.file_size:,} bytes")
    try:
        told: dict[str, Any] = json.loads(packed.read(info))
        if told.pop("format") != FORMAT:
            raise Invalid(f"{path} was made by a newer version of this program: upgrade first, then restore")
        manifest = Manifest(
            registry=str(told["registry"]),
            made_at=str(told["made_at"]),
            program=str(told["program"]),
            migration=str(told["migration"]),
            postgres=int(told["postgres"]),
            tables={str(name): Content(**held) for name, held in told["tables"].items()},
            members={str(name): Member(**held) for name, held in told["members"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(f"{path} is damaged: its manifest cannot be read ({error})") from error
    for name in manifest.members:
        if not _is_plain(name):
            raise Invalid(f"{path} is damaged: {name!r} cannot be the name of a file in a backup")
    if DATABASE not in manifest.members:
        raise Invalid(f"{path} is damaged: it holds no database")
    return manifest


def _is_plain(name: str) -> bool:
    """Tell whether a name stays below the folder that it is put in, wherever it came from."""
    parts = PurePosixPath(name).parts
    if name == DATABASE:
        return True
    return (
        len(parts) > 2
        and parts[0] == FILES
        and "/".join(parts) == name
        and not any(part in {"..", "."} or "\\" in part or "\0" in part for part in parts)
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _sweep(folder: Path) -> None:
    """Remove the parts of runs that were killed; one that is being written is locked by its process."""
    for part in folder.glob(".*.part"):
        with suppress(OSError), part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()


def _explained(error: OSError, path: Path) -> Exception:
    if error.errno in _NO_ROOM:
        return Full(
            f"The disk of {path.parent} is full: {path.name} was not written, and nothing that was there is touched. "
            "Free some space, or name another folder."
        )
    return Unavailable(f"{path} cannot be written: {error.strerror or error}")


def _some(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
