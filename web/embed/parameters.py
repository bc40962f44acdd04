"""The parameters of an embed: one value, read once and written back, for the page, the builder, oEmbed and pictures.

Everything of the one query string (``stations.query``) means here what it means in the finder. The names below are added.
This is version 1 (``v=1``); what it promises stands in ``docs/embedding.md``, and a test holds the two together.

============  =======================================================================================================
name          meaning
============  =======================================================================================================
v             the version that the address was written for: ``1``
station       the code of one station: it alone is shown
place         what the point of ``near`` is called
center        ``longitude,latitude`` of the first view; with ``zoom``
zoom          4 to 18, halves allowed
fit           what the first view shows, where there is no ``center``: ``stations`` (default), ``region``, ``all``
theme         ``auto`` (default), ``light``, ``dark``
controls      which of ``zoom,legend,filters,open``; ``none``; the default is ``zoom,legend,open``
list          ``none`` (default), ``beside``, ``below``
wheel         ``ctrl`` (default: zooms with Ctrl or ⌘ held), ``zoom``, ``off``
touch         ``two`` (default: two fingers move the map, one scrolls the page), ``one``
locate        ``1``: a button for the reader's own position
gap           ``1``: the coverage gaps
distance_m    how far is too far in the coverage gaps, where no run is published
title         a line above the map
offers        some of ``jobs,events``: notices of work and events of the stations shown, below the map; ``none``
============  =======================================================================================================
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from stations.errors import Invalid
from stations.query import NAMES as QUERY_NAMES
from stations.query import Problem, StationQuery
from web.pages.map_view import DISTANCES_M, GapSwitch

__all__ = [
    "CONTROLS",
    "FITS",
    "LISTS",
    "LONGEST_TITLE",
    "NAMES",
    "OFFERS",
    "THEMES",
    "TOUCHES",
    "VERSION",
    "WHEELS",
    "Embed",
    "Reading",
]

VERSION: Final = "1"
FITS: Final = ("stations", "region", "all")
THEMES: Final = ("auto", "light", "dark")
CONTROLS: Final = ("zoom", "legend", "filters", "open")
LISTS: Final = ("none", "beside", "below")
WHEELS: Final = ("ctrl", "zoom", "off")
TOUCHES: Final = ("two", "one")
OFFERS: Final = ("jobs", "events")
LONGEST_TITLE: Final = 80
_LONGEST_PLACE: Final = 40
_ZOOMS: Final = (4.0, 18.0)
#: Of the one query string, what only pages of an answer need: an embed has none.
_NOT_HERE: Final = frozenset({"limit", "cursor"})
_CODE: Final = re.compile(r"[0-9A-Za-z-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Embed:
    """What an embedded map shows and how. Equal wishes are equal values and give the same address.

    lang: None for the language of the reader's browser. center: longitude, latitude of the first view, always with
    ``zoom``.
    """

    query: StationQuery = field(default_factory=StationQuery)
    lang: str | None = None
    station: str | None = None
    place: str = ""
    center: tuple[float, float] | None = None
    zoom: float | None = None
    fit: str = "stations"
    theme: str = "auto"
    controls: tuple[str, ...] = ("zoom", "legend", "open")
    list_at: str = "none"
    wheel: str = "ctrl"
    touch: str = "two"
    locate: bool = False
    gap: bool = False
    distance_m: int = 5000
    title: str = ""
    offers: tuple[str, ...] = ()

    @classmethod
    def read(cls, items: Iterable[tuple[str, str]]) -> Reading:
        """Read what can be read: a page on somebody else's site is never broken by its address."""
        given = list(items)
        query, problems, unknown = StationQuery.read(
            [item for item in given if item[0] not in _NOT_HERE], others=frozenset(_READERS)
        )
        unknown += tuple(dict.fromkeys(name for name, _ in given if name in _NOT_HERE))
        # That no language was asked for is a wish of its own here.
        lang = (
            query.lang
            if any(name == "lang" and value.strip() == query.lang for name, value in given)
            else None
        )
        found = cls(query=replace(query, lang="zh"), lang=lang)
        for name, reader in _READERS.items():
            values = [value.strip() for key, value in given if key == name and value.strip()]
            if not values:
                continue
            try:
                if name in {"controls", "offers"}:  # a form without scripts sends each by itself
                    values = [",".join(values)]
                if len(set(values)) > 1:
                    raise Invalid(f"given {len(values)} times with different values; give it once")
                found = replace(found, **reader(values[0]))
            except Invalid as error:
                problems += (Problem(name, values[0][:200], f"{name}: {error}"),)
        if (found.center is None) != (found.zoom is None):
            name = "zoom" if found.center is None else "center"
            if not any(problem.name in {"center", "zoom"} for problem in problems):
                problems += (Problem(name, "", f"{name}: center and zoom go together; give both"),)
            found = replace(found, center=None, zoom=None)
        return Reading(found, problems, unknown)

    @property
    def gap_switch(self) -> GapSwitch:
        """The coverage layer as the map page spells it."""
        return GapSwitch(self.gap, self.distance_m)

    def items(self) -> list[tuple[str, str]]:
        """Return names and values in one fixed order, the version first and defaults left out; ``read`` reads them back."""
        own = [(name, write(self)) for name, write in _WRITERS.items()]
        return [("v", VERSION), *self.query.items(), *(item for item in own if item[1])]

    def encode(self) -> str:
        """Write the query string."""
        return urlencode(self.items(), safe=",:")


@dataclass(frozen=True, slots=True)
class Reading:
    """What an address says: the wish made of the good values, what is wrong with the others, and names nobody knows."""

    embed: Embed
    problems: tuple[Problem, ...]
    unknown: tuple[str, ...]


def _one_of(attribute: str, allowed: tuple[str, ...]) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if text not in allowed:
            raise Invalid(f"{text!r} is not known; one of {', '.join(allowed)}")
        return {attribute: text}

    return read


def _switch(attribute: str) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if text not in {"0", "1"}:
            raise Invalid(f"{text!r} is not known; 0 or 1")
        return {attribute: text == "1"}

    return read


def _read_version(text: str) -> dict[str, Any]:
    if text != VERSION:
        raise Invalid(f"{text!r} is no version that is known here; {VERSION} is, and was read instead")
    return {}


def _read_station(text: str) -> dict[str, Any]:
    if not _CODE.fullmatch(text):
        raise Invalid(f"{text[:60]!r} is no station's code; take it from the station's page")
    return {"station": text}


def _read_center(text: str) -> dict[str, Any]:
    # The same words and the same checks as for ``near``.
    query, problems, _ = StationQuery.read([("near", text)])
    if problems:
        raise Invalid(problems[0].reason.removeprefix("near: "))
    return {"center": query.near}


def _read_zoom(text: str) -> dict[str, Any]:
    if not re.fullmatch(r"[0-9]{1,2}(\.[05])?", text, re.ASCII) or not _ZOOMS[0] <= float(text) <= _ZOOMS[1]:
        raise Invalid(f"{text!r} is no zoom; write {_ZOOMS[0]:.0f} to {_ZOOMS[1]:.0f}, halves allowed")
    return {"zoom": float(text)}


def _some_of(attribute: str, allowed: tuple[str, ...]) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        wanted = {part.strip() for part in text.split(",") if part.strip()} - {"none"}
        if strange := sorted(wanted.difference(allowed)):
            raise Invalid(
                f"{', '.join(map(repr, strange))} not known; known are {', '.join(allowed)}, or none"
            )
        return {attribute: tuple(name for name in allowed if name in wanted)}

    return read


def _read_distance(text: str) -> dict[str, Any]:
    if text not in {str(metres) for metres in DISTANCES_M}:
        raise Invalid(f"{text!r} is not offered; one of {', '.join(map(str, DISTANCES_M))}")
    return {"distance_m": int(text)}


def _words(attribute: str, longest: int) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        # Controls and marks that turn the direction of writing could make a line read as another.
        kept = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
        words = " ".join(kept.split())
        if len(words) > longest:
            raise Invalid(f"{len(words)} characters are too many; at most {longest}")
        return {attribute: words}

    return read


_READERS: Final[dict[str, Callable[[str], dict[str, Any]]]] = {
    "v": _read_version,
    "station": _read_station,
    "place": _words("place", _LONGEST_PLACE),
    "center": _read_center,
    "zoom": _read_zoom,
    "fit": _one_of("fit", FITS),
    "theme": _one_of("theme", THEMES),
    "controls": _some_of("controls", CONTROLS),
    "list": _one_of("list_at", LISTS),
    "wheel": _one_of("wheel", WHEELS),
    "touch": _one_of("touch", TOUCHES),
    "locate": _switch("locate"),
    "gap": _switch("gap"),
    "distance_m": _read_distance,
    "title": _words("title", LONGEST_TITLE),
    "offers": _some_of("offers", OFFERS),
}
#: Every name that an embed's address may have.
NAMES: Final = (*_READERS, *(name for name in QUERY_NAMES if name not in _NOT_HERE))


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _unless(attribute: str) -> Callable[[Embed], str]:
    """Write an attribute that is a text, or nothing where it is at its default."""
    default = getattr(Embed(), attribute)

    def write(embed: Embed) -> str:
        value: str | None = getattr(embed, attribute)
        return "" if value is None or value == default else value

    return write


def _write_controls(embed: Embed) -> str:
    return "" if embed.controls == Embed().controls else ",".join(embed.controls) or "none"


_WRITERS: Final[dict[str, Callable[[Embed], str]]] = {
    "lang": _unless("lang"),
    "station": _unless("station"),
    "place": _unless("place"),
    "center": lambda embed: "" if embed.center is None else ",".join(map(_number, embed.center)),
    "zoom": lambda embed: "" if embed.zoom is None else _number(embed.zoom),
    "fit": _unless("fit"),
    "theme": _unless("theme"),
    "controls": _write_controls,
    "list": _unless("list_at"),
    "wheel": _unless("wheel"),
    "touch": _unless("touch"),
    "locate": lambda embed: "1" if embed.locate else "",
    "gap": lambda embed: "1" if embed.gap else "",
    "distance_m": lambda embed: "" if embed.distance_m == Embed().distance_m else str(embed.distance_m),
    "title": _unless("title"),
    "offers": lambda embed: ",".join(embed.offers),
}
