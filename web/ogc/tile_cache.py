"""Tiles kept in the memory of a server process for as long as nothing was written into the registry.

The number of the last commit is looked up once a second at most: a tile may be so much older than the registry, and one
that is kept costs no way to the database.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ["TileCache", "Tiled"]

_STRIPES: Final = 16
#: What an entry costs beside its bytes.
_OVERHEAD: Final = 500
_LEVEL: Final = 6


@dataclass(frozen=True)
class Tiled:
    """A tile as it is sent: its bytes, the same compressed (at the first reader who takes it so), its tag."""

    plain: bytes
    tag: str

    @cached_property
    def packed(self) -> bytes:
        """The bytes compressed."""
        # Without the time that gzip would write, the compressed bytes are always the same.
        return gzip.compress(self.plain, _LEVEL, mtime=0)

    @classmethod
    def of(cls, content: bytes) -> Tiled:
        """Make a tile ready to be sent; the same bytes have the same tag in every process."""
        return cls(content, hashlib.blake2b(content, digest_size=12).hexdigest())


class TileCache:
    """Tiles by what they depend on, the least asked for gone first.

    most_bytes: of all together. fresh_s: seconds for which the number of the last commit is believed.
    """

    def __init__(self, *, most_bytes: int = 32 << 20, fresh_s: float = 1.0) -> None:
        self._most = most_bytes
        self._fresh_s = fresh_s
        self._kept: OrderedDict[Hashable, Tiled] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._making = [threading.Lock() for _ in range(_STRIPES)]
        self._change = -1
        self._looked_at = float("-inf")

    def get(self, key: Hashable, look: Callable[[], int], make: Callable[[], bytes]) -> Tiled:
        """Return a tile, made where it is not kept; one thread makes it while others that ask for it wait.

        look: asks for the number of the last commit. make: makes the tile.
        """
        change = self._last_change(look)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        with self._making[hash(key) % _STRIPES]:
            with self._lock:
                found = self._kept.get(key)
            if found is None:
                found = Tiled.of(make())
                self._keep(key, found, change)
        return found

    def forget(self) -> None:
        """Forget every tile and look for changes at the next question."""
        with self._lock:
            self._kept.clear()
            self._bytes, self._looked_at = 0, float("-inf")

    def _last_change(self, look: Callable[[], int]) -> int:
        now = time.monotonic()
        if now - self._looked_at >= self._fresh_s:
            change = look()
            with self._lock:
                if change != self._change:
                    self._kept.clear()
                    self._bytes, self._change = 0, change
                self._looked_at = now
        return self._change

    def _keep(self, key: Hashable, tile: Tiled, change: int) -> None:
        with self._lock:
            # Made while somebody wrote: it may be of before, and nobody would notice.
            if change != self._change or key in self._kept:
                return
            self._kept[key] = tile
            self._bytes += _size(tile)
            while self._bytes > self._most:
                self._bytes -= _size(self._kept.popitem(last=False)[1])


def _size(tile: Tiled) -> int:
    # As if the compressed bytes, which come later, were no fewer.
    return 2 * len(tile.plain) + _OVERHEAD
