"""What can go wrong in the registry.

StationsError
├── NotFound        no such station, region, batch …
├── Invalid         a value that cannot be stored or asked; names the field and the bad value
│   ├── TooLarge    more bytes or pixels than are taken
│   └── Unsupported a kind of file or of content that is not read
├── Conflict        the state of the registry forbids it (closed twice, a demonstration registry …)
├── NotAllowed      the actor may not do this here
├── TooMany         the same caller asks too often; says when to ask again
└── Unavailable     the database, its schema or a file that is needed is not there
    └── Full        the disk has no room left
"""

from __future__ import annotations

__all__ = [
    "Conflict",
    "Full",
    "Invalid",
    "NotAllowed",
    "NotFound",
    "StationsError",
    "TooLarge",
    "TooMany",
    "Unavailable",
    "Unsupported",
]


class StationsError(Exception):
    """Base of every error that this package raises on purpose; the message is for a person."""


class NotFound(StationsError):
    """The thing asked for does not exist."""


class Invalid(StationsError):
    """A value is wrong. ``field`` names it as the asker wrote it, for a form or an API to point at.

    ``reason``: a code for what is wrong, where a page says it in words of its own.
    """

    def __init__(
        self, message: str, *, field: str | None = None, value: object = None, reason: str | None = None
    ) -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.reason = reason


class TooLarge(Invalid):
    """Something has more bytes or pixels than are taken."""


class Unsupported(Invalid):
    """A kind of file or of content is not one that is read here."""


class Conflict(StationsError):
    """The registry's present state forbids the change."""


class NotAllowed(StationsError):
    """The actor has no right to do this, or none in this region."""


class TooMany(StationsError):
    """The same caller asked too often. ``retry_after_s``: whole seconds until it may ask again."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(StationsError):
    """Something that the registry stands on is missing: a database, its schema, a file."""


class Full(Unavailable):
    """There is no room left to store anything."""
