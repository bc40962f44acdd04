"""The coverage gaps of the run that a planner has published: what the public's gap layer shows in place of its own."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from sqlalchemy import select

from stations.hours import SHANGHAI
from stations.models import CoverageRun
from stations.planning import runs
from stations.registry import base_map
from web.db import session
from web.ground import name_in

__all__ = ["is_published", "published_gaps"]


def is_published() -> bool:
    """Tell whether a run is public, without reading it."""
    return session().scalar(select(CoverageRun.id).where(CoverageRun.published)) is not None


def published_gaps() -> dict[str, Any] | None:
    """Return the gaps and the counties' shares of the published run; None where no run is public.

    ``run`` says what they are: its date in Beijing time, its minutes and how one travels, whether minutes or people are
    estimates, and the moment whose open stations count, or None.
    """
    run = runs.published(session())
    if run is None or run.finished_at is None:
        return None
    names = {area.code: name_in(area.names) for area in base_map.regions(session())}
    main, summary = f"people_{60 * run.question['main_min']}", run.summary or {}
    return {
        "run": _about(run),
        "areas": [
            _tally(code, names[code], figures["people"], figures[main])
            for code, figures in (run.areas or {}).get("county", {}).items()
            if code in names
        ],
        "places": [_gap(gap, names) for gap in run.gaps or ()],
        "totals": _tally("", "", summary.get("people") or 0.0, summary.get(main) or 0.0),
    }


def _about(run: CoverageRun) -> dict[str, Any]:
    basis = run.basis or {}
    finished = run.finished_at
    return {
        "date": None if finished is None else f"{finished.astimezone(SHANGHAI):%Y-%m-%d}",
        "minutes": run.question["main_min"],
        "mode": run.question["mode"],
        "at": (run.question.get("at") or "")[:16].replace("T", " ") or None,
        "stations": int((run.summary or {}).get("stations") or 0),
        "estimated_ways": bool(basis.get("estimated_ways")),
        "ways": None if basis.get("estimated_ways") else str(basis.get("ways") or ""),
        "estimated_people": bool(basis.get("estimated_demand")),
    }


def _tally(code: str, name: str, people: float, reached: float) -> dict[str, Any]:
    return {
        "code": code,
        "name": name,
        "people": round(people),
        "people_beyond": max(0, round(people - reached)),
    }


def _gap(gap: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    seconds = gap["nearest_s"]
    return {
        # A township is told by its county, whose code its own begins with.
        "name": names.get(gap["region"]) or names.get(gap["region"][:6], ""),
        "lon": round(gap["lon"], 5),
        "lat": round(gap["lat"], 5),
        "people": round(gap["people"]),
        # Rounded up: what lies beyond 15 minutes never reads as 15.
        "minutes": None if seconds is None else ceil(seconds / 60),
    }
