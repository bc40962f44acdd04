"""Files that staff send to be imported: kept under the SHA-256 of their content, whole or not at all, and not for ever.

A name that somebody gave a file is words to show and never a path. The parts of a Shapefile are kept as one archive.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from stations.errors import Full, Invalid, NotFound, TooLarge, Unavailable

__all__ = ["Kept", "Sent", "keep", "lent", "path_of", "shown_name"]

_CHUNK: Final = 1 << 20
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT}
_FIELD: Final = "files"
_PARTS: Final = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg"})
_LONGEST_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it came: what its sender calls it, and its bytes."""

    name: str
    stream: IO[bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that lies in the folder."""

    sha256: str
    name: str
    bytes: int


def shown_name(name: str) -> str:
    """Return what a file is called as words: no folders, no control characters, 120 characters at most."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(letter for letter in last if unicodedata.category(letter)[0] not in "C")
    plain = plain.strip().strip(".") or "file"
    if len(plain) <= _LONGEST_NAME:
        return plain
    stem, dot, suffix = plain.rpartition(".")
    keep = _LONGEST_NAME - len(suffix) - 1
    return f"{stem[:keep]}.{suffix}" if dot and 0 < keep < _LONGEST_NAME else plain[:_LONGEST_NAME]


def path_of(folder: Path, sha256: str) -> Path:
    """Return where the file of this SHA-256 lies, whether or not it is there."""
    return folder / sha256[:2] / sha256


def keep(folder: Path, files: Sequence[Sent], *, most: int) -> Kept:
    """Keep a list that was sent: one file, or the parts of one Shapefile. most: bytes that are taken in all.

    Nothing is held in memory. The file is there whole or not at all, and sending it again keeps it once. Raises Invalid
    where no file or no one list came, TooLarge, Full where the disk is, and Unavailable where the folder cannot be
    written.
    """
    files = [file for file in files if file.name.strip()]
    if not files:
        raise Invalid("files: no file was chosen", field=_FIELD, reason="no_file")
    with _written(folder) as fresh:
        if len(files) == 1:
            name = shown_name(files[0].name)
            with fresh.open("xb") as out:
                _copy(files[0].stream, out, most)
                _settle(out)
        else:
            name = _pack(fresh, files, most)
        size = fresh.stat().st_size
        if size == 0:
            raise Invalid(f"files: {name!r} is empty", field=_FIELD, value=name, reason="empty_file")
        with fresh.open("rb") as again:
            digest = hashlib.file_digest(again, "sha256").hexdigest()
        target = path_of(folder, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(target)
        _settle_folder(target.parent)
    return Kept(digest, name, size)


@contextmanager
def lent(folder: Path, sha256: str, name: str) -> Iterator[Path]:
    """Give a path at which a kept file can be read under its own name, for the length of the block.

    Raises NotFound where the file is gone.
    """
    kept = path_of(folder, sha256)
    if not kept.is_file():
        raise NotFound(f"the file {name!r} is not kept any more; send it again")
    with tempfile.TemporaryDirectory(prefix="yizhan-list-") as place:
        called = Path(place) / _safe(name)
        called.symlink_to(kept.resolve())
        yield called


def _safe(name: str) -> str:
    """Return a name that a file system takes, which 120 Chinese characters are too long for."""
    plain = shown_name(name)
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        stem, suffix = plain, ""
    tail = f"{dot}{suffix}".encode()[:20].decode(errors="ignore")
    return stem.encode()[: 240 - len(tail)].decode(errors="ignore") + tail


def _pack(target: Path, files: Sequence[Sent], most: int) -> str:
    """Write the parts of a Shapefile into one archive, the same bytes for the same parts; return its name."""
    names = [PurePosixPath(shown_name(file.name)) for file in files]
    shapes = [name for name in names if name.suffix.lower() == ".shp"]
    others = [
        name.name
        for name in names
        if name.suffix.lower() not in _PARTS | {".sbn", ".sbx", ".xml", ".qpj", ".qmd"}
    ]
    if len(shapes) != 1 or others or len({name.name.lower() for name in names}) < len(names):
        raise Invalid(
            "files: several files are taken only as the parts of one Shapefile (.shp .shx .dbf .prj .cpg); came "
            + ", ".join(name.name for name in names[:8]),
            field=_FIELD,
            reason="no_one_shapefile",
        )
    left = most
    with target.open("xb") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for name, file in sorted(zip(names, files, strict=True), key=lambda pair: str(pair[0])):
                if name.suffix.lower() in _PARTS:
                    with archive.open(zipfile.ZipInfo(name.name), "w") as part:
                        left -= _copy(file.stream, part, left)
        _settle(out)
    return shapes[0].with_suffix(".shp.zip").name


def _copy(source: IO[bytes], target: IO[bytes], most: int) -> int:
    taken = 0
    while chunk := source.read(_CHUNK):
        taken += len(chunk)
        if taken > most:
            raise TooLarge(
                f"files: more than {most:,} bytes came; that is as much as is taken at once",
                field=_FIELD,
                value=most,
                reason="too_large",
            )
        target.write(chunk)
    return taken


@contextmanager
def _written(folder: Path) -> Iterator[Path]:
    """Give a fresh path in the folder; what still lies there at the end is taken away."""
    fresh = folder / f"{secrets.token_hex(8)}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            yield fresh
        finally:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise Full("there is no room left for files; nothing was stored, try again later") from error
        raise Unavailable(f"files cannot be stored now ({error.strerror}); nothing was stored") from error


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _settle_folder(folder: Path) -> None:
    """Make a rename last through a power cut."""
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
