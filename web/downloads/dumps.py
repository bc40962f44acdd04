"""The dump of each day: the whole public registry as files, written beside and put in place whole, with checksums.

A dump that could not be finished leaves nothing behind, and the one of the day before stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from stations.cluster.locks import Lock
from stations.hours import SHANGHAI
from stations.models import RegistryInfo
from stations.query import StationQuery
from stations.registry import exports
from web.downloads.asked import Asked
from web.downloads.files import about, write_file
from web.downloads.store import told_full
from web.settings import Settings

__all__ = ["CHECKSUMS", "FORMS", "KEPT", "Dump", "DumpFile", "keep_up", "listed", "write_dump"]

#: The forms of a dump; KML and workbooks are for a few stations.
FORMS: Final = ("gpkg", "fgb", "geojson", "csv", "shp.zip")
KEPT: Final = 7
CHECKSUMS: Final = "SHA256SUMS"
_MANIFEST: Final = "about.json"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NEW: Final = ".new-"


@dataclass(frozen=True, slots=True)
class DumpFile:
    """One file of a dump: its name, bytes and SHA-256 in hexadecimal."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Dump:
    """The dump of one day. ``last_change``: where a copy made of it goes on asking for changes."""

    folder: Path
    date: str
    made_at: str
    stations: int
    last_change: int
    files: tuple[DumpFile, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the dump as JSON tells it."""
        return {
            "date": self.date,
            "made_at": self.made_at,
            "stations": self.stations,
            "last_change": self.last_change,
            "files": [{"name": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in self.files],
        }


def listed(folder: Path) -> list[Dump]:
    """Return the dumps in a folder, the newest first."""
    if not folder.is_dir():
        return []
    days = sorted((path for path in folder.iterdir() if _DAY.fullmatch(path.name)), reverse=True)
    return [dump for path in days if (dump := _read(path)) is not None]


def _read(folder: Path) -> Dump | None:
    try:
        told = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        # Swept while it was listed.
        return None
    files = tuple(DumpFile(**file) for file in told.pop("files"))
    return Dump(folder, files=files, **told)


def keep_up(settings: Settings) -> Dump | None:
    """Write the dump of today where there is none; None where there is, or where another process writes it.

    Raises Full where the disk has no room, Unavailable where the folder cannot be written.
    """
    folder, now = settings.downloads / "daily", settings.now()
    if (folder / _date(now)).is_dir():
        return None
    with told_full():
        folder.mkdir(parents=True, exist_ok=True)
    lock = Lock(folder / "writing.lock")
    if not lock.take_over():
        return None
    engine = create_engine(
        settings.require_database(),
        isolation_level="REPEATABLE READ",
        connect_args={"application_name": "yizhan dump"},
    )
    try:
        with _reading(engine) as session:
            if session.scalar(select(RegistryInfo.one)) is None:
                return None
            return write_dump(session, folder, now)
    finally:
        engine.dispose()
        lock.release()


@contextmanager
def _reading(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        session.connection(execution_options={"postgresql_readonly": True})
        session.execute(text("SET LOCAL jit = off"))
        yield session


def write_dump(session: Session, folder: Path, now: datetime) -> Dump:
    """Write the dump of the day of ``now`` and sweep the oldest beyond ``KEPT``.

    The session's transaction must see one snapshot: every file then holds the same stations.
    """
    new, final = folder / f"{_NEW}{uuid.uuid4().hex}", folder / _date(now)
    query = StationQuery.parse([("lifecycle", "all")])
    try:
        with told_full():
            for left in folder.glob(f"{_NEW}*"):
                shutil.rmtree(left, ignore_errors=True)
            new.mkdir()
            moment = now.astimezone(SHANGHAI).replace(second=0, microsecond=0)
            count = 0
            for form in FORMS:
                asked = Asked(query, form)
                count = write_file(session, new / f"stations.{form}", asked, moment=moment, made_at=now)
            dump = Dump(
                final,
                date=final.name,
                made_at=now.astimezone(SHANGHAI).isoformat(timespec="seconds"),
                stations=count,
                last_change=exports.last_change(session),
                files=tuple(_file(path) for path in sorted(new.iterdir())),
            )
            _write_synced(
                new / "README.txt",
                "".join(f"{name}: {words}\n" for name, words in about(session, asked, moment, now).items()),
            )
            _write_synced(new / CHECKSUMS, "".join(f"{one.sha256}  {one.name}\n" for one in dump.files))
            _write_synced(new / _MANIFEST, json.dumps(dump.as_dict(), indent=1))
            new.rename(final)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    _sweep(folder)
    return dump


def _file(path: Path) -> DumpFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        # A dump that is listed is whole after a power cut too.
        os.fsync(file.fileno())
    return DumpFile(path.name, path.stat().st_size, digest)


def _write_synced(path: Path, content: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sweep(folder: Path) -> None:
    for dump in sorted((path for path in folder.iterdir() if _DAY.fullmatch(path.name)), reverse=True)[KEPT:]:
        shutil.rmtree(dump, ignore_errors=True)


def _date(now: datetime) -> str:
    return f"{now.astimezone(SHANGHAI):%Y-%m-%d}"
