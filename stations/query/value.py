"""The question as a value: equal questions are equal, and are written and read back the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from geo.bbox import BBox
from geo.errors import BBoxError
from stations.errors import Invalid
from stations.hours.model import SHANGHAI
from stations.query.errors import BadQuery, Problem
from stations.query.readers import READERS, By, Open, Unknown

__all__ = ["NAMES", "StationQuery"]

_ATTRIBUTES: Final = {
    "kind": "kinds",
    "class": "classes",
    "amenities": "amenities",
    "open": "open",
    "at": "at",
    "access": "access",
    "fee": "fee",
    "jobs": "jobs",
    "events": "events",
    "lifecycle": "lifecycle",
    "region": "regions",
    "bbox": "bbox",
    "near": "near",
    "within_m": "within_m",
    "by": "by",
    "stay": "stay",
    "q": "q",
    "unknown": "unknown",
    "lang": "lang",
    "limit": "limit",
    "cursor": "cursor",
}
#: Every name of the query string, in its fixed order.
NAMES: Final = tuple(_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class StationQuery:
    """What somebody asks of the registry. Equal questions are equal values and give the same query string."""

    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    amenities: tuple[str, ...] = ()
    open: Open | None = None
    at: datetime | None = None
    access: tuple[str, ...] = ()
    fee: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    lifecycle: tuple[str, ...] = ("open", "suspended")
    regions: tuple[str, ...] = ()
    bbox: BBox | None = None
    near: tuple[float, float] | None = None
    within_m: float | None = None
    by: By = By.WALK
    stay: int | None = None
    q: str = ""
    unknown: Unknown = Unknown.INCLUDE
    lang: str = "zh"
    limit: int | None = None
    cursor: str | None = None

    @classmethod
    def parse(cls, items: Iterable[tuple[str, str]], *, others: frozenset[str] = frozenset()) -> StationQuery:
        """Read a query string strictly.

        items: names and values in the order given; a name may repeat. ``others`` are names that the caller reads
        itself. Raises BadQuery that lists every unknown name and every bad value.
        """
        query, problems, unknown = cls.read(items, others=others)
        problems += tuple(
            Problem(name, "", f"{name!r} is not a parameter here; known are {', '.join(NAMES)}")
            for name in unknown
        )
        if problems:
            raise BadQuery(problems)
        return query

    @classmethod
    def read(
        cls, items: Iterable[tuple[str, str]], *, others: frozenset[str] = frozenset()
    ) -> tuple[StationQuery, tuple[Problem, ...], tuple[str, ...]]:
        """Read what can be read, as a page must.

        Returns the query made of the good values, the problems of the bad ones, and the names that are not ours
        (messengers append their own to every link).
        """
        given: dict[str, list[str]] = {}
        strangers: list[str] = []
        for name, value in items:
            if name in READERS:
                if value.strip():
                    given.setdefault(name, []).append(value.strip())
            elif name not in others and name not in strangers:
                strangers.append(name)
        problems: list[Problem] = []
        query = cls()
        for name, values in given.items():
            try:
                query = replace(query, **READERS[name](values))
            except (Invalid, BBoxError) as error:
                problems.append(Problem(name, ",".join(values)[:200], f"{name}: {error}"))
        if query.within_m is not None and query.near is None:
            if "near" not in given:  # a bad one was told of already
                problems.append(
                    Problem("within_m", str(query.within_m), "within_m: needs near=longitude,latitude")
                )
            query = replace(query, within_m=None)
        return query, tuple(problems), tuple(strangers)

    def items(self) -> list[tuple[str, str]]:
        """Return names and values in one fixed order, defaults left out; ``parse`` reads them back as this value."""
        default = StationQuery()
        found: list[tuple[str, str]] = []
        for name, attribute in _ATTRIBUTES.items():
            value = getattr(self, attribute)
            if value != getattr(default, attribute):
                found.append((name, _written(value)))
        return found

    def encode(self) -> str:
        """Write the query string; empty where everything is at its default."""
        return urlencode(self.items(), safe=",:")


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(_written(part) for part in value)
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).replace(tzinfo=None).isoformat(timespec="minutes")
    if isinstance(value, float):
        # All its digits and no exponent: what people and the reader take for a number.
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    return str(value)
