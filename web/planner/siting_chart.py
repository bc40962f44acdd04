"""The gain curve as numbers to draw: what so many sites newly reach, and what the solver says no plan exceeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

__all__ = ["HIGH", "NOTHING", "WIDE", "Chart", "Point", "chart"]

WIDE: Final = 720
HIGH: Final = 240
#: Less than this of a person, or of a minute, is nothing to draw.
NOTHING: Final = 1e-6
_TICKS: Final = 5
#: Marks of single points stand up to so many; beyond them the line alone is read.
_MOST_DOTS: Final = 60


@dataclass(frozen=True, slots=True)
class Point:
    """So many sites, what a plan of them newly reaches, and the bound where one is known."""

    sites: int
    newly: float
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A box of ``WIDE`` by ``HIGH``. newly, bound: points of a line; band: of the area between them; dots: marks of the
    points, each with its number of sites; across, up: (where, words) of the axes' marks; here: where the plan stands.
    """

    newly: str
    bound: str
    band: str
    dots: tuple[tuple[float, float, int], ...]
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]
    here: tuple[float, float] | None


def chart(points: Sequence[Point], *, at: int | None = None, from_none: bool = True) -> Chart | None:
    """Return the curve of plans by their number of sites. at: the number that the page is about. from_none: no site reaches
    nobody, and the curve begins there.

    None where there is nothing to draw.
    """
    known = sorted(
        {point.sites: point for point in points if point.sites > 0}.values(), key=lambda p: p.sites
    )
    if not known:
        return None
    none = Point(0, 0.0, 0.0 if known[0].bound is not None else None)
    line = [none, *known] if from_none else known
    most = max(max(point.newly, point.bound or 0.0) for point in line)
    if most < NOTHING:
        return None
    up_steps = _steps(most)
    top, long = up_steps[-1], line[-1].sites

    def x(sites: float) -> float:
        return round(WIDE * sites / long, 1)

    def y(value: float) -> float:
        return round(HIGH - HIGH * value / top, 1)

    bounded = [(x(point.sites), y(point.bound)) for point in line if point.bound is not None]
    reached = [(x(point.sites), y(point.newly)) for point in line]
    here = next((point for point in known if point.sites == at), None)
    return Chart(
        newly=_written(reached),
        bound=_written(bounded) if len(bounded) > 1 else "",
        band=_written([*bounded, *reversed([(x(p.sites), y(p.newly)) for p in line if p.bound is not None])])
        if len(bounded) > 1
        else "",
        dots=tuple((x(point.sites), y(point.newly), point.sites) for point in known)
        if len(known) <= _MOST_DOTS
        else (),
        across=tuple((x(step), f"{step:,.0f}") for step in _steps(long, whole=True) if step <= long),
        up=tuple((y(step), f"{step:,.6g}" if top < 10 else f"{step:,.0f}") for step in up_steps),
        here=None if here is None else (x(here.sites), y(here.newly)),
    )


def _steps(most: float, *, whole: bool = False) -> list[float]:
    """Return round numbers from 0 to at least ``most``, about five of them."""
    rough = most / _TICKS
    size = 10.0 ** floor(log10(rough))
    step = next(factor * size for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * size >= rough * (1 - 1e-9))
    if whole:
        step = max(1.0, ceil(step))
    return [step * number for number in range(ceil(most / step - 1e-9) + 1)]


def _written(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
