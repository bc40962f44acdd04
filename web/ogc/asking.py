"""What a request for features asks, read once into a value; everything that is wrong with it is said together."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from flask import request
from sqlalchemy import ColumnElement

from geo.bbox import BBox
from geo.errors import GeoError
from stations import vocabulary as words
from stations.errors import Invalid
from stations.query import NAMES, BadQuery, Open, Problem, StationQuery
from stations.registry import cql, public, queries
from stations.registry.crs import CRS84, SERVED, Crs, box_in
from stations.registry.feature_pages import Question
from stations.registry.features import Source
from web.db import now, session
from web.ogc.collections import Collection
from web.ogc.negotiation import known_language
from web.ogc.times import span

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT", "OF_ITEM", "OF_ITEMS", "OF_STATIONS", "asked", "asked_crs"]

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
_MAX_TEXT: Final = 200
#: The parameters of every collection's features.
OF_ITEMS: Final = (
    "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "limit", "cursor", "f", "lang",
)  # fmt: skip
OF_ITEM: Final = ("crs", "f", "lang")
#: The names of the finder's query string that say which stations, as they do everywhere else. ``limit``, ``bbox`` and
#: ``cursor`` are OGC's here; where the two meet they mean the same.
OF_STATIONS: Final = tuple(
    name for name in NAMES if name not in {"bbox", "limit", "cursor", "lang", "jobs", "events"}
)
_T = TypeVar("_T")


class _Reader:
    """Reads parameters one by one and keeps what is wrong."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self.problems: list[Problem] = []
        for name, values in request.args.lists():
            if name not in known:
                self.wrong(
                    name[:_MAX_TEXT],
                    values[0],
                    f"{name[:_MAX_TEXT]!r} is not a parameter here; known are {', '.join(known)}",
                )
            elif len(set(values)) > 1:
                self.wrong(name, ",".join(values), f"{name}: given {len(values)} times with different values")
            elif not values[0].strip():
                self.wrong(name, "", f"{name}: has no value; leave it out or give one")

        self.read("lang", known_language, "")

    def wrong(self, name: str, value: str, reason: str) -> None:
        self.problems.append(Problem(name, value[:_MAX_TEXT], reason))

    def read(self, name: str, reader: Callable[[str], _T], default: _T) -> _T:
        value = request.args.get(name)
        if value is None or any(problem.name == name for problem in self.problems):
            return default
        try:
            return reader(value)
        except (Invalid, GeoError) as error:
            self.wrong(name, value, f"{name}: {error}")
            return default

    def done(self) -> None:
        if self.problems:
            raise BadQuery(tuple(self.problems))


def asked(collection: Collection) -> Question:
    """Read which features of a collection are asked for. Raises BadQuery that names every parameter that is wrong."""
    reader = _Reader(OF_ITEMS + (OF_STATIONS if collection.one_query else ()))
    source = collection.source
    box = reader.read("bbox", _box_reader(reader), None)
    conditions: list[ColumnElement[bool]] = []
    during = reader.read("datetime", span, None)
    if during is not None and source.life is not None:
        conditions.append(source.life(during))
    conditions += reader.read("filter", _filter_reader(reader, source), [])
    for alone in ("bbox-crs", "filter-crs", "filter-lang"):
        if alone in request.args and alone.split("-")[0] not in request.args:
            reader.wrong(alone, request.args[alone], f"{alone}: has no meaning without {alone.split('-')[0]}")
    found = Question(
        limit=reader.read("limit", _limit, DEFAULT_LIMIT),
        after=reader.read("cursor", str, None),
        crs=reader.read("crs", _crs, CRS84),
        box=box,
    )
    stations = _of_one_query(reader) if collection.one_query else None
    reader.done()
    if stations is None:
        return replace(found, conditions=tuple(conditions))
    if (shape := _shape(stations)) is not None:
        return replace(found, conditions=tuple(conditions), stations=shape)
    moment = public.moment_of(stations, now())
    computed: dict[Any, list[str]] = public.computed(session(), stations, moment)
    return replace(found, conditions=(*conditions, *queries.conditions(stations, moment, computed)))


def asked_crs() -> Crs:
    """Read in which reference system one feature is asked for. Raises BadQuery."""
    reader = _Reader(OF_ITEM)
    found = reader.read("crs", _crs, CRS84)
    reader.done()
    return found


def _limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,30}", text, re.ASCII) or int(text) < 1:
        raise Invalid(
            f"{text[:40]!r} is no page size; write a whole number from 1; at most {MAX_LIMIT} are sent"
        )
    return min(int(text), MAX_LIMIT)


def _crs(text: str) -> Crs:
    found = SERVED.get(text)
    if found is None:
        raise Invalid(f"{text[:80]!r} is not served; one of {', '.join(SERVED)}")
    return found


def _box_reader(reader: _Reader) -> Callable[[str], BBox | None]:
    crs = reader.read("bbox-crs", _crs, CRS84)
    return lambda text: box_in(crs, text)


def _filter_reader(reader: _Reader, source: Source) -> Callable[[str], list[ColumnElement[bool]]]:
    crs = reader.read("filter-crs", _crs, CRS84)
    language = reader.read("filter-lang", _language, "cql2-text")

    def read(text: str) -> list[ColumnElement[bool]]:
        return [cql.condition(text, source.queryables, as_json=language == "cql2-json", crs=crs)]

    return read


def _language(text: str) -> str:
    if text not in {"cql2-text", "cql2-json"}:
        raise Invalid(f"{text[:40]!r} is not read; write cql2-text or cql2-json")
    return text


def _shape(query: StationQuery) -> StationQuery | None:
    """Return a query that asks by codes alone: it has few shapes, and the statement of each is written down once."""
    shape = StationQuery(
        kinds=query.kinds, classes=query.classes, amenities=query.amenities, unknown=query.unknown, open=query.open,
        access=query.access, fee=query.fee, lifecycle=query.lifecycle, regions=query.regions,
    )  # fmt: skip
    # What is not named here is asked about a moment, a place or words.
    return shape if shape == replace(query, at=None) and query.open is not Open.NOW else None


def _of_one_query(reader: _Reader) -> StationQuery | None:
    """Read what the finder's query string says of the stations; None where it says nothing."""
    given = [(name, value) for name, value in request.args.items(multi=True) if name in OF_STATIONS]
    if not given:
        return None
    query, problems, _ = StationQuery.read(given)
    known = {problem.name for problem in reader.problems}
    reader.problems += [problem for problem in problems if problem.name not in known]
    # The collection is every station; the finder's "in service or suspended" is asked for by name.
    return query if "lifecycle" in request.args else replace(query, lifecycle=tuple(words.LIFECYCLE))
