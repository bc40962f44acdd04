"""The API is put together from parts: each says which conformance classes it meets, its links and its paths.

A part is added once, when its module is imported by ``web.ogc``; what describes the whole reads them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from web.ogc.collections import Collection
from web.ogc.links import Link

__all__ = ["Part", "add", "classes", "parts"]


def _nothing(*_: object) -> list[Link]:
    return []


def _no_paths() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the API.

    classes: URIs of the conformance classes. landing: links of the landing page. of_collection: links in the
    description of a collection. paths, components: what it adds to the OpenAPI document, paths from /ogc on
    (``/conformance``), components by their section (``{"parameters": {…}, "schemas": {…}}``).
    """

    name: str
    classes: tuple[str, ...]
    landing: Callable[[], list[Link]] = _nothing
    of_collection: Callable[[Collection], list[Link]] = _nothing
    paths: Callable[[], Mapping[str, Any]] = _no_paths
    components: Callable[[], Mapping[str, Any]] = _no_paths


_PARTS: dict[str, Part] = {}


def add(part: Part) -> None:
    """Add a part; one of the same name takes its place."""
    _PARTS[part.name] = part


def parts() -> Iterator[Part]:
    """Yield the parts in the order in which they were added."""
    yield from _PARTS.values()


def classes() -> list[str]:
    """Return the conformance classes of all parts."""
    return [uri for part in parts() for uri in part.classes]
