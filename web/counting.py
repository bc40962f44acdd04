"""Numbers that the processes of one server count together: each into a file of its own, which all can read.

A process maps its file into memory, so that counting costs a store and what it counted outlives it. Reading adds all files
up. A file is locked by its process for as long as it lives: what comes and goes (a gauge) counts only then, what was counted
once (a counter) stays counted. With no folder there is one process, and its memory does.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

__all__ = ["Counts", "folder_of"]

_HEAD: Final = struct.Struct("<Q")
_ENTRY: Final = struct.Struct("<II")
_VALUE: Final = struct.Struct("<d")
_GROW: Final = 1 << 16
_ENDING: Final = ".counts"


def folder_of(parent: Path, server: int) -> Path:
    """Return the folder for the processes of one server, without those of servers that have ended.

    server: the number of the process that started them all.
    """
    for old in parent.glob("[0-9]*"):
        if not Path(f"/proc/{old.name}").exists():
            shutil.rmtree(old, ignore_errors=True)
    return parent / str(server)


class Counts:
    """Numbers by name. Names are samples as Prometheus spells them, and end up in the answer as they are."""

    def __init__(self, folder: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[str, float] = {}
        self._places: dict[str, int] = {}
        self._folder = folder
        self._map: mmap.mmap | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._own = folder / f"{os.getpid()}-{uuid4().hex[:8]}{_ENDING}"
            # Open and locked until the process ends, however it ends.
            opened = os.open(self._own, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(opened, fcntl.LOCK_EX)
            os.ftruncate(opened, _GROW)
            self._map = mmap.mmap(opened, _GROW)
            self._used = _HEAD.size
            _HEAD.pack_into(self._map, 0, self._used)

    def add(self, name: str, amount: float = 1.0) -> None:
        """Add to a number, which begins at nought."""
        with self._lock:
            number = self._numbers.get(name, 0.0) + amount
            self._numbers[name] = number
            if self._map is not None:
                place = self._places.get(name)
                if place is None:
                    place = self._make_place(self._map, name)
                _VALUE.pack_into(self._map, place, number)

    def read(self) -> dict[str, float]:
        """Add up the numbers of all processes. One that ended counts with what only grows."""
        with self._lock:
            total = dict(self._numbers)
        if self._folder is not None:
            for path in self._folder.glob(f"*{_ENDING}"):
                if path != self._own:
                    with suppress(OSError):
                        for name, number in _numbers_in(path):
                            total[name] = total.get(name, 0.0) + number
        return total

    def _make_place(self, held: mmap.mmap, name: str) -> int:
        encoded = name.encode()
        padded = -(-len(encoded) // 8) * 8
        needed = _ENTRY.size + padded + _VALUE.size
        if self._used + needed > len(held):
            held.resize(len(held) + max(_GROW, needed))
        _ENTRY.pack_into(held, self._used, len(encoded), padded)
        start = self._used + _ENTRY.size
        held[start : start + len(encoded)] = encoded
        place = start + padded
        _VALUE.pack_into(held, place, 0.0)
        self._places[name] = place
        self._used += needed
        # Last, so that nobody reads an entry that is not there yet.
        _HEAD.pack_into(held, 0, self._used)
        return place


def _numbers_in(path: Path) -> Iterator[tuple[str, float]]:
    with path.open("rb") as file:
        content = file.read()
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            lives = False
        except BlockingIOError:
            lives = True
    (used,) = _HEAD.unpack_from(content, 0)
    at = _HEAD.size
    while at < min(used, len(content)):
        length, padded = _ENTRY.unpack_from(content, at)
        start = at + _ENTRY.size
        name = content[start : start + length].decode()
        (number,) = _VALUE.unpack_from(content, start + padded)
        at = start + padded + _VALUE.size
        if lives or _only_grows(name):
            yield name, number


def _only_grows(name: str) -> bool:
    return name.partition("{")[0].endswith(("_total", "_bucket", "_sum", "_count"))
