"""The life of a private cluster: make, start, share, stop, and recover from whatever a killed run left behind."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from stations.cluster import leftovers, roles
from stations.cluster.locks import Lock
from stations.cluster.place import ClusterError, Place
from stations.cluster.process import run
from stations.cluster.server import Server, choose

__all__ = ["Cluster"]

_PORT = 5432
_SUPERUSER = "postgres"
_START_S = 180
_STOP_S = 60
_MIB = 1024 * 1024
_ROOM_TO_MAKE = 400 * _MIB
_ROOM_TO_START = 100 * _MIB

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(_PORT),
    # Compiling a plan takes longer than most map queries run; it is half of a low-zoom tile's time.
    "jit": "off",
    "timezone": "UTC",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "10min",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}
_UNSAFE_AND_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Cluster:
    """One private cluster. ``say`` is told the steps that take long, for a person to read."""

    place: Place
    fsync: bool = True
    say: Callable[[str], None] = _silent
    _users: Lock = field(init=False, repr=False, compare=False)
    _changing: Lock = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_users", Lock(self.place.home / f"{self.place.name}.users"))
        object.__setattr__(self, "_changing", Lock(self.place.home / f"{self.place.name}.lock"))

    @classmethod
    def locate(
        cls, root: Path, *, name: str = "cluster", fsync: bool = True, say: Callable[[str], None] = _silent
    ) -> Cluster:
        """Name the cluster of the checkout at ``root``; nothing is made or started.

        fsync: False for test data only, which a power cut may destroy.
        """
        return cls(Place.of(root, name), fsync, say)

    def url(self, database: str, role: str = roles.APP) -> str:
        """Spell SQLAlchemy's address of a database for a role."""
        sockets = quote(str(self.place.sockets), safe="/")
        return f"postgresql+psycopg://{role}@/{roles.valid_name(database)}?host={sockets}&port={_PORT}"

    @contextmanager
    def running(self) -> Iterator[Cluster]:
        """Have the cluster run for the length of the block; the last of its users to leave stops it."""
        self.join()
        try:
            yield self
        finally:
            self.leave()

    def join(self) -> None:
        """Start the cluster where it is down, and count as one of its users until ``leave`` or the process's end."""
        self.place.prepare()
        with self._changing.alone(_START_S):
            self._users.share()
            try:
                self._start()
            except BaseException:
                self._users.release()
                raise

    def leave(self) -> None:
        """Stop counting as a user; stop the cluster where no other user is left."""
        with self._changing.alone(_START_S):
            if self._users.take_over():
                self._stop()
            self._users.release()

    def start(self) -> None:
        """Start the cluster where it is down and leave it running, whoever uses it."""
        self.place.prepare()
        with self._changing.alone(_START_S):
            self._start()

    def stop(self, *, force: bool = False) -> None:
        """Stop the cluster. Raises ClusterError while someone uses it, unless ``force``."""
        if not self.place.data.exists():
            return
        with self._changing.alone(_START_S):
            alone = self._users.take_over()
            self._users.release()
            if not alone and not force:
                raise ClusterError(
                    "The cluster is in use (script/server or a test run). End that first, or use --force."
                )
            self._stop()

    def is_running(self) -> bool:
        """Tell whether the server runs and answers on its socket."""
        return self._answers()

    def has_database(self, name: str) -> bool:
        """Tell whether the database exists."""
        with self.connect() as connection:
            return roles.has_database(connection, name)

    def create_database(self, name: str, *, template: str | None = None) -> bool:
        """Create a database with PostGIS, owned by ``yizhan_owner``; False where it was there already.

        template: a database to copy, which nobody may be connected to.
        """
        with self.connect() as connection:
            made = roles.create_database(connection, name, template=template)
        with self.connect(name) as connection:
            roles.furnish(connection)
        return made

    def drop_database(self, name: str) -> None:
        """Drop a database with everything in it, ending the sessions that use it."""
        with self.connect() as connection:
            roles.drop_database(connection, name)

    @contextmanager
    def connect(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        """Connect as the superuser, each statement committed at once."""
        with psycopg.connect(
            host=str(self.place.sockets),
            port=_PORT,
            user=_SUPERUSER,
            dbname=database,
            connect_timeout=10,
            options="-c statement_timeout=0 -c client_min_messages=warning",
            autocommit=True,
        ) as connection:
            yield connection

    def _start(self) -> None:
        place = self.place
        leftovers.sweep(place)
        if set_aside := leftovers.set_aside_half_made(place):
            self.say(
                f"A half-made data folder of an earlier run was set aside as {set_aside}; delete it when you like."
            )
        if not place.data.exists():
            self._make()
        server = choose(leftovers.version_of(place.data), data=place.data)
        if leftovers.is_served(place):
            if self._answers():
                return
            # It runs and cannot be reached: a tidied /tmp, or a checkout that was moved while it ran.
            self._stop()
            place.prepare()
        leftovers.clear_stale_locks(place)
        self._require_room(_ROOM_TO_START)
        self._launch(server)
        with self.connect() as connection:
            roles.ensure_roles(connection)

    def _make(self) -> None:
        place = self.place
        self._require_room(_ROOM_TO_MAKE)
        server = choose()
        self.say(f"Making a private PostgreSQL {server.version} cluster in {place.data} …")
        fresh = Path(tempfile.mkdtemp(prefix=f"{place.name}.new-", dir=place.home))
        place.give(fresh)
        self._run(
            [
                *(server.program("initdb"), "-D", fresh, "-U", _SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8"),
                *("--auth-local=trust", "--auth-host=reject"),
                *(["--data-checksums"] if self.fsync else ["--no-sync"]),
            ],
            "The data folder cannot be made",
        )
        # The rename is what makes it a data folder: a run killed before this line leaves nothing that looks like one.
        leftovers.mark_complete(place, fresh)
        fresh.rename(place.data)

    def _launch(self, server: Server) -> None:
        settings = _SETTINGS | {"unix_socket_directories": str(self.place.sockets)}
        if not self.fsync:
            settings |= _UNSAFE_AND_FAST
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        log = self.place.data / "start.log"
        log.unlink(missing_ok=True)
        words = (
            server.program("pg_ctl"),
            "start",
            "-D",
            self.place.data,
            "-w",
            "-t",
            str(_START_S),
            "-l",
            log,
            "-o",
            options,
        )
        self._run(words, "PostgreSQL does not start", logs=True)

    def _stop(self) -> None:
        data = self.place.data
        if leftovers.is_served(self.place):
            server = choose(leftovers.version_of(data), data=data)
            words = (server.program("pg_ctl"), "stop", "-D", data, "-m", "fast", "-w", "-t", str(_STOP_S))
            self._run(words, "PostgreSQL does not stop")
        with suppress(OSError):
            self.place.sockets.rmdir()

    def _answers(self) -> bool:
        try:
            with self.connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, words: Sequence[str | Path], trouble: str, *, logs: bool = False) -> None:
        done = run(self.place.command(*words))
        if done.status:
            raise ClusterError(leftovers.explain(self.place, trouble, done.said, logs=logs))

    def _require_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.place.home).free
        if free < needed:
            raise ClusterError(
                f"The disk of {self.place.home} is nearly full: {free // _MIB} MB are free and {needed // _MIB} MB are "
                "needed. Free some space and start again; nothing was changed."
            )
