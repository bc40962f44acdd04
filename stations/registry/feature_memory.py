"""Features kept in the memory of a server process, each with the version of the row that it was read from.

A feature is three kilobytes that the database unpacks, hands over in pieces and the driver reads again. So a page asks
for numbers alone, which rows and in which version, and for the texts that are not kept yet. Nothing here is ever out of
date: a row that was changed has another version.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Final

__all__ = ["FeatureMemory"]

#: What an entry costs beside its text.
_OVERHEAD: Final = 300


class FeatureMemory:
    """Feature texts by key and version, those that nobody asked for longest gone first.

    most_bytes: of all together; some thirty thousand stations without being told otherwise.
    """

    def __init__(self, *, most_bytes: int = 96 << 20) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Any, tuple[int, bytes]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, wanted: Iterable[tuple[Any, int]]) -> list[bytes | None]:
        """Return the texts of these keys in these versions; None where they are not kept."""
        found: list[bytes | None] = []
        with self._lock:
            for key, version in wanted:
                kept = self._kept.get(key)
                if kept is None or kept[0] != version:
                    found.append(None)
                else:
                    self._kept.move_to_end(key)
                    found.append(kept[1])
        return found

    def keep(self, read: Sequence[tuple[Any, int, bytes]]) -> None:
        """Keep texts: key, version, text."""
        with self._lock:
            for key, version, text in read:
                before = self._kept.pop(key, None)
                if before is not None:
                    self._bytes -= len(before[1]) + _OVERHEAD
                self._kept[key] = version, text
                self._bytes += len(text) + _OVERHEAD
            while self._bytes > self._most:
                self._bytes -= len(self._kept.popitem(last=False)[1][1]) + _OVERHEAD
