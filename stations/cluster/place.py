"""Where a private cluster lives and as whom it runs.

PostgreSQL refuses to run as root, so for root the server runs as ``postgres`` (or as whoever owns the data already).
Where that user cannot enter the checkout, the data lies under ``/var/lib/yizhan-map``. The socket folder is short,
because a socket's path may not pass about 100 characters.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from stations.cluster.process import run
from stations.errors import Unavailable

__all__ = ["ClusterError", "Place"]

_FALLBACK = Path("/var/lib/yizhan-map")
_SOCKETS = Path("/tmp")  # noqa: S108 - short; the folder below it is 0700 and its owner is checked


class ClusterError(Unavailable):
    """The private cluster cannot be made, started or stopped; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one cluster and the user who runs it. ``home`` holds the data folder and its locks."""

    home: Path
    name: str
    user: str
    uid: int
    gid: int

    @classmethod
    def of(cls, root: Path, name: str, *, fallback: Path = _FALLBACK) -> Place:
        """Settle the place for the checkout at ``root``; makes nothing."""
        root = root.resolve()
        home = root / "var"
        if os.geteuid() != 0:
            who = pwd.getpwuid(os.geteuid())
            return cls(home, name, who.pw_name, who.pw_uid, who.pw_gid)
        if shutil.which("runuser") is None:
            raise ClusterError(
                "PostgreSQL does not run as root, and runuser (util-linux) is missing. Start as another user."
            )
        elsewhere = fallback / hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
        for folder in (home, elsewhere):
            if (owner := _owner_of(folder / name)) is not None and _can_enter(owner.pw_name, folder):
                return cls(folder, name, owner.pw_name, owner.pw_uid, owner.pw_gid)
        who = _unprivileged()
        entered = _can_enter(who.pw_name, home if home.exists() else root)
        return cls(home if entered else elsewhere, name, who.pw_name, who.pw_uid, who.pw_gid)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.home / self.name

    @property
    def sockets(self) -> Path:
        """The folder of the server's socket."""
        return _SOCKETS / f"yz-{self.uid}-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:8]}"

    def command(self, *words: str | Path) -> list[str]:
        """Spell a command so that it runs as the cluster's user."""
        prefix = [] if os.geteuid() == self.uid else ["runuser", "-u", self.user, "--"]
        return [*prefix, *map(str, words)]

    def prepare(self) -> None:
        """Make ``home`` and the socket folder, and refuse a data or socket folder that belongs to someone else."""
        self._make_home()
        if self.data.exists() and self.data.stat().st_uid != self.uid:
            raise ClusterError(
                f"The data folder {self.data} belongs to user {_name(self.data.stat().st_uid)}, and this runs as "
                f"{self.user}. Start as that user, or as root."
            )
        self._make_sockets()

    def give(self, path: Path) -> None:
        """Hand a fresh file or folder to the cluster's user."""
        if os.geteuid() != self.uid:
            os.chown(path, self.uid, self.gid)

    def _make_home(self) -> None:
        try:
            if not self.home.exists():
                self.home.mkdir(parents=True)
                if os.geteuid() != self.uid:
                    self.home.chmod(0o755)
            if not os.access(self.home, os.W_OK | os.X_OK):
                raise PermissionError(f"{self.home} belongs to user {_name(self.home.stat().st_uid)}")
        except OSError as error:
            raise ClusterError(
                f"The folder {self.home} cannot be written by {_name(os.geteuid())} ({error}). "
                "Start as the user who owns the checkout, or give the folder to this user."
            ) from error

    def _make_sockets(self) -> None:
        folder = self.sockets
        try:
            folder.mkdir(mode=0o700)
            self.give(folder)
        except FileExistsError:
            pass
        except OSError as error:
            raise ClusterError(
                f"The socket folder {folder} cannot be made: {error}. Free or mount {_SOCKETS}."
            ) from error
        found = folder.lstat()
        # Anyone may write to /tmp: a folder that someone else put there first could listen in on the socket.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.uid or stat.S_IMODE(found.st_mode) & 0o077:
            raise ClusterError(
                f"The socket folder {folder} is not a private folder of {self.user} (owner {_name(found.st_uid)}, mode "
                f"{stat.filemode(found.st_mode)}). Somebody else may have put it there: remove it and start again."
            )


def _unprivileged() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise ClusterError(
            "PostgreSQL does not run as root, and the user 'postgres' that its packages make is missing. Start as an "
            "ordinary user, or install the packages (script/bootstrap)."
        ) from None


def _owner_of(folder: Path) -> pwd.struct_passwd | None:
    try:
        uid = folder.stat().st_uid
    except OSError:
        return None
    if uid == 0:
        return None
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _can_enter(user: str, folder: Path) -> bool:
    return run(["runuser", "-u", user, "--", "test", "-x", folder]).status == 0


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
