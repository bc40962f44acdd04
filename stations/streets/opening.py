"""The streets as a process has them open: mapped when first asked for, and again whenever others were loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from geo.errors import StreetsError
from geo.io.networks import read_network
from geo.nearby import Neighbourhood
from geo.passing import Mode
from geo.streets import Network, Snapped
from stations.errors import Unavailable
from stations.streets.keeping import Kept, current, folder_of, manifest

__all__ = ["Open", "Streets"]

#: Doors whose place on the streets is remembered, some 200 bytes each.
_MOST_DOORS: Final = 200_000
_TRIES: Final = 3

LonLat = tuple[float, float]


@dataclass(frozen=True)
class Open:
    """One network that is open: whose it is, what a search about a place needs, and where doors lie on it."""

    kept: Kept
    about: Neighbourhood
    _doors: dict[LonLat, tuple[int, float, float]] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        """The network itself."""
        return self.about.network

    def doors(self, points: list[LonLat]) -> Snapped:
        """Return where doors lie on the streets.

        A door is known by its position: one that moved has another, so what is remembered is never stale.
        """
        fresh = list({point for point in points if point not in self._doors})
        if fresh:
            if len(self._doors) + len(fresh) > _MOST_DOORS:
                self._doors.clear()
                fresh = list(set(points))
            found = self.network.snap([lon for lon, _ in fresh], [lat for _, lat in fresh])
            self._doors.update(
                zip(
                    fresh,
                    zip(found.segment.tolist(), found.along.tolist(), found.leg_s.tolist(), strict=True),
                    strict=True,
                )
            )
        known = [self._doors[point] for point in points]
        return Snapped(
            np.array([each[0] for each in known], dtype=np.int64),
            np.array([each[1] for each in known], dtype=np.float64),
            np.array([each[2] for each in known], dtype=np.float64),
        )


class Streets:
    """The streets of one folder. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._seen: tuple[int, int, int] | None = None
        self._kept: Kept | None = None
        self._open: dict[Mode, Open] = {}

    def kept(self) -> Kept | None:
        """Return what streets are loaded now, or None. One look at one file where nothing changed."""
        with self._lock:
            return self._look()

    def open(self, mode: Mode) -> Open | None:
        """Return the network of a way of travelling, or None. Raises Unavailable where its files are damaged."""
        with self._lock:
            for left in reversed(range(_TRIES)):
                kept = self._look()
                if kept is None or mode in self._open:
                    break
                try:
                    self._open[mode] = Open(
                        kept, Neighbourhood(read_network(folder_of(self.folder, kept, mode)))
                    )
                except StreetsError as error:
                    # Others may have been loaded between the look and the reading.
                    self._seen = None
                    if not left:
                        raise Unavailable(str(error)) from error
            return self._open.get(mode)

    def _look(self) -> Kept | None:
        try:
            status = manifest(self.folder).stat()
        except OSError:
            seen = None
        else:
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen is None or seen != self._seen:
            self._kept = None if seen is None else current(self.folder)
            self._seen = seen
            self._open = {}
        return self._kept
