"""What can go wrong in the registry.

StationsError
├── NotFound        no such station, region, batch …
├── Invalid         a value that cannot be stored or asked; names the field and the bad value
├── Conflict        the state of the registry forbids it (closed twice, a demonstration registry …)
├── NotAllowed      the actor may not do this here
└── Unavailable     the database, its schema or a file that is needed is not there
"""

from __future__ import annotations

__all__ = ["Conflict", "Invalid", "NotAllowed", "NotFound", "StationsError", "Unavailable"]


class StationsError(Exception):
    """Base of every error that this package raises on purpose; the message is for a person."""


class NotFound(StationsError):
    """The thing asked for does not exist."""


class Invalid(StationsError):
    """A value is wrong. ``field`` names it as the asker wrote it, for a form or an API to point at."""

    def __init__(self, message: str, *, field: str | None = None, value: object = None) -> None:
        super().__init__(message)
        self.field = field
        self.value = value


class Conflict(StationsError):
    """The registry's present state forbids the change."""


class NotAllowed(StationsError):
    """The actor has no right to do this, or none in this region."""


class Unavailable(StationsError):
    """Something that the registry stands on is missing: a database, its schema, a file."""
