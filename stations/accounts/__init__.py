"""Accounts of staff: who they are, what they may do where, how they prove who they are, and their sessions.

Roles and regions are facts of the ledger, with who gave them and why. What one logs in with is none: it stands in tables
of its own that leave no history, and only the system's actor ``door`` reads them (``stations.accounts.door``).
"""

from __future__ import annotations

from stations.accounts.members import (
    Person,
    add,
    by_login,
    disable,
    enable,
    grant,
    may,
    people,
    person,
    rename,
    revoke,
)
from stations.models.people import ROLES

__all__ = [
    "ROLES",
    "Person",
    "add",
    "by_login",
    "disable",
    "enable",
    "grant",
    "may",
    "people",
    "person",
    "rename",
    "revoke",
]
