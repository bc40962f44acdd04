"""Backups of a registry: one file that is whole or is not there, and the way back that proves itself equal.

A backup is a ZIP of the database as pg_dump writes it, the files that the database names, and a manifest with the count and
the checksum of every table. Everything is of one moment. Keys, passwords of the environment and the cluster's own settings
are not in it.
"""

from __future__ import annotations

from stations.backup.archive import Manifest, inspect
from stations.backup.contents import Content
from stations.backup.making import back_up
from stations.backup.restoring import fill, put_files_back, require_known
from stations.backup.rotation import last_made, name_of, rotate

__all__ = [
    "Content",
    "Manifest",
    "back_up",
    "fill",
    "inspect",
    "last_made",
    "name_of",
    "put_files_back",
    "require_known",
    "rotate",
]
