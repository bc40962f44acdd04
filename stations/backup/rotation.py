"""The backups of one registry in one folder: their names, which are old, and when the last was made."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["last_made", "name_of", "rotate"]

_NAME = re.compile(r"yizhan-([a-z][a-z0-9_]*)-(\d{8}T\d{6}Z)\.zip")
_MOMENT = "%Y%m%dT%H%M%SZ"


def name_of(registry: str, at: datetime) -> str:
    """Name the backup of a registry that is made at a moment: names in their order are backups in theirs."""
    return f"yizhan-{registry}-{at.astimezone(UTC).strftime(_MOMENT)}.zip"


def rotate(folder: Path, registry: str, *, keep: int) -> list[Path]:
    """Delete all but the newest ``keep`` (1 or more) backups of the registry; returns those that went.

    Whatever has another name is not touched.
    """
    old = [path for _, path in _found(folder, registry)][: -max(keep, 1)]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def last_made(folder: Path, registry: str) -> datetime | None:
    """Tell when the newest whole backup was made; None where there is none."""
    return max((at for at, _ in _found(folder, registry)), default=None)


def _found(folder: Path, registry: str) -> list[tuple[datetime, Path]]:
    matches = [(path, _NAME.fullmatch(path.name)) for path in folder.glob("yizhan-*.zip")]
    return sorted(
        (datetime.strptime(match[2], _MOMENT).replace(tzinfo=UTC), path)
        for path, match in matches
        if match is not None and match[1] == registry
    )
