"""Files made for readers: written beside, put in place whole, kept for a while, a few being made at a time.

The folder is shared by all processes of a site. A file that is asked for again while it is kept is sent again, so that
a broken download goes on where it stopped.
"""

from __future__ import annotations

import errno
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from werkzeug.exceptions import ServiceUnavailable

from stations.cluster.locks import Lock
from stations.errors import Full, Unavailable

__all__ = ["Store", "told_full"]

#: What begins so is being made, or was when its process died.
_NEW: Final = ".new-"
_POLL_S: Final = 0.1
#: So many threads of a process make files or wait for their turn; the others go on answering pages.
_IN_LINE: Final = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Store:
    """One folder of made files.

    at_once: files being made at a time, in all processes. patience_s: how long one waits for its turn. kept_s: how long
    a file is kept. most_bytes: of all together; the oldest go first.
    """

    folder: Path
    at_once: int = 2
    patience_s: float = 5.0
    kept_s: float = 1_800.0
    most_bytes: int = 4 << 30

    def get(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return the file of a name, made where it is not there. The name says all that the content depends on.

        make: writes the file to the path given, whose name ends as ``name`` does.
        Raises ServiceUnavailable with Retry-After where others are being made, Full where the disk has no room.
        """
        path = self.folder / name
        if self._is_fresh(path):
            return path
        with told_full():
            self.folder.mkdir(parents=True, exist_ok=True)
        with self._turn():
            # Another process may have made it while this one waited.
            if not self._is_fresh(path):
                self.sweep()
                self._make(path, make)
        return path

    def sweep(self) -> int:
        """Delete what is kept no longer, what no process makes any more, and the oldest of too much."""
        now = time.time()
        aged = []
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):
                about = path.stat()
                if path.suffix != ".lock":
                    aged.append((about.st_mtime, about.st_size, path))
        aged.sort(key=lambda found: found[0])
        total, gone = sum(size for _, size, _ in aged), 0
        for changed, size, path in aged:
            over = total > self.most_bytes and not path.name.startswith(_NEW)
            if over or now - changed > self.kept_s:
                _remove(path)
                total, gone = total - size, gone + 1
        return gone

    def _is_fresh(self, path: Path) -> bool:
        try:
            # A minute is left to open it before it is swept.
            return time.time() - path.stat().st_mtime < self.kept_s - 60
        except FileNotFoundError:
            return False

    def _make(self, path: Path, make: Callable[[Path], object]) -> None:
        # Named by its ending alone: GDAL wants that one.
        making = self.folder / f"{_NEW}{uuid.uuid4().hex}{path.name[path.name.index('.') :]}"
        try:
            with told_full():
                make(making)
                making.replace(path)
        finally:
            _remove(making)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not _IN_LINE.acquire(blocking=False):
            raise _busy()
        locks = [Lock(self.folder / f"{at}.lock") for at in range(self.at_once)]
        deadline = time.monotonic() + self.patience_s
        try:
            while not any(lock.take_over() for lock in locks):
                if time.monotonic() >= deadline:
                    raise _busy()
                time.sleep(_POLL_S)
            yield
        finally:
            for lock in locks:
                lock.release()
            _IN_LINE.release()


@contextmanager
def told_full() -> Iterator[None]:
    """Say in words that the disk is full, or that the folder cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Full("there is no room left to make the file; try again later") from error
        raise Unavailable(f"the file could not be made now ({error.strerror or error})") from error


def _busy() -> ServiceUnavailable:
    return ServiceUnavailable("other downloads are being made now; try again in a moment", retry_after=15)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
