"""ZIP archives from strangers: what they unpack to is bounded before anything is unpacked.

A part never yields more than its entry declares, and the entries are added up first, so the bounds hold for
archives that lie.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from geo.errors import TableError

__all__ = ["ZIP_MARK", "opened", "part_of", "unpacked_sizes"]

ZIP_MARK: Final = b"PK\x03\x04"
_MOST_PARTS: Final = 10_000
_MOST_BYTES: Final = 1 << 30
#: Deflate reaches 1 : 1032; a large sheet of alike rows reaches 1 : 60.
_MOST_RATIO: Final = 200
_SMALL: Final = 64 << 20
_DAMAGE: Final = (
    zipfile.BadZipFile,
    OSError,
    ValueError,
    NotImplementedError,
    EOFError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
)


@contextmanager
def opened(path: Path, what: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive and check what it claims to unpack to. what: the kind of file that it should be, for messages."""
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise TableError(f"{path.name} is a damaged {what}: its archive cannot be read ({error})") from error
    with archive:
        _check(archive, path)
        yield archive


@contextmanager
def part_of(archive: zipfile.ZipFile, part: str, name: str) -> Iterator[IO[bytes]]:
    """Open a part; errors of unpacking, while it is read too, are told as damage to the file ``name``."""
    if part not in archive.NameToInfo:
        raise TableError(f"{name} is damaged: its part {part} is missing; save it anew")
    try:
        with archive.open(part) as file:
            yield file
    except _DAMAGE as error:
        raise TableError(
            f"{name} is damaged: its part {part} cannot be read ({error}); save it anew"
        ) from error


def unpacked_sizes(archive: zipfile.ZipFile) -> dict[str, int]:
    """Return how many bytes each part unpacks to, by its name."""
    return {part.filename: part.file_size for part in archive.infolist()}


def _check(archive: zipfile.ZipFile, path: Path) -> None:
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise TableError(f"{path.name} is encrypted; save it without a password")
    total = sum(part.file_size for part in parts)
    packed = max(path.stat().st_size, 1)
    if len(parts) > _MOST_PARTS or total > _MOST_BYTES or (total > _SMALL and total > packed * _MOST_RATIO):
        raise TableError(
            f"{path.name} unpacks to {total >> 20} MiB in {len(parts)} parts from {packed >> 10} KiB: "
            "too much for a ledger; save the sheet as CSV"
        )
