"""What a GeoPackage may not bring along: it is a database, and a database can be made to compute for ever.

A view runs its query whenever its layer is counted or read, a generated column its expression, a virtual table its
module. Points need none of them, so a file that has one is refused before GDAL opens it; triggers never fire, since the
file is only read.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from geo.errors import VectorError

__all__ = ["require_plain"]

_MOST_OBJECTS: Final = 10_000
#: Steps of SQLite's machine between two looks, and how many looks there are.
_STEPS: Final = 100_000
_MOST_LOOKS: Final = 100
_INDEX: Final = re.compile(r"USING\s+[\"'`\[]?(rtree|rtree_i32|fts[345])\b", re.IGNORECASE)


def require_plain(path: Path) -> None:
    """Check that a GeoPackage holds tables alone; raise VectorError for views and the like, and for a damaged one."""
    looks = 0

    def look() -> int:
        nonlocal looks
        looks += 1
        return int(looks > _MOST_LOOKS)

    address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            database.set_progress_handler(look, _STEPS)
            database.execute("PRAGMA trusted_schema = OFF")
            objects = database.execute(
                "SELECT type, name, coalesce(sql, '') FROM sqlite_master LIMIT ?", (_MOST_OBJECTS,)
            ).fetchall()
            found = next((said for kind, name, sql in objects if (said := _active(kind, name, sql))), None)
            if found is None:
                found = _generated(database, [name for kind, name, sql in objects if _is_table(kind, sql)])
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise VectorError(f"{path.name} is a damaged GeoPackage ({error}); export the layer again") from error
    if len(objects) >= _MOST_OBJECTS:
        raise VectorError(f"{path.name} has {_MOST_OBJECTS:,} tables and more; export the layer alone")
    if found is not None:
        raise VectorError(
            f"{path.name} has {found}, which computes whenever it is read; export the layer alone as a new GeoPackage"
        )


def _is_table(kind: str, sql: str) -> bool:
    return kind == "table" and not sql.upper().startswith("CREATE VIRTUAL")


def _active(kind: str, name: str, sql: str) -> str | None:
    """Name an object that is more than stored rows."""
    if kind == "view":
        return f"the view {name[:60]!r}"
    if kind == "table" and sql.upper().startswith("CREATE VIRTUAL") and not _INDEX.search(sql):
        return f"the virtual table {name[:60]!r}"
    return None


def _generated(database: sqlite3.Connection, tables: list[str]) -> str | None:
    for table in tables:
        columns = database.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (2, 3)", (table,))
        if (column := columns.fetchone()) is not None:
            return f"the generated column {str(column[0])[:60]!r} of {table[:60]!r}"
    return None
