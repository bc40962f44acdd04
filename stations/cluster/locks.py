"""Locks between processes of one checkout, which the kernel drops when a process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stations.cluster.place import ClusterError

__all__ = ["Lock"]

_POLL_S = 0.05


class Lock:
    """A lock file: shared by its users, or held by one alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def share(self) -> None:
        """Hold the lock together with others."""
        fcntl.flock(self._open(), fcntl.LOCK_SH)

    def take_over(self) -> bool:
        """Turn a share, or nothing, into holding it alone; False where another process shares it."""
        try:
            fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @contextmanager
    def alone(self, patience_s: float) -> Iterator[None]:
        """Hold the lock alone for the block, waiting up to ``patience_s`` for others to finish."""
        deadline = time.monotonic() + patience_s
        while not self.take_over():
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"Another process of this checkout has been starting or stopping the cluster for "
                    f"{patience_s:.0f} s (lock {self.path}). End it and start again."
                )
            time.sleep(_POLL_S)
        try:
            yield
        finally:
            self.release()

    def _open(self) -> int:
        if self._file is None:
            try:
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise ClusterError(
                    f"The lock file {self.path} cannot be opened: {error.strerror}. "
                    "Start as the user who started before."
                ) from error
        return self._file
