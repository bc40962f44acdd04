"""The streets of the registry served, open once in a process, and what a page says of minutes measured on them."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from flask import current_app

from stations.errors import Unavailable
from stations.finding import Minutes, OnStreets, StraightLine, TravelTimes
from stations.query import By
from stations.streets import Kept, Streets
from web.i18n import say
from web.settings import Settings

__all__ = ["basis_words", "hint_words", "is_mixed", "kept", "straight_words", "travel"]

_log = logging.getLogger(__name__)
_STREETS = "yizhan.streets"


def travel() -> TravelTimes:
    """Return how this request measures ways: on the streets where they are loaded, else along the straight line."""
    return StraightLine() if kept() is None else OnStreets(_streets())


def kept() -> Kept | None:
    """Return what streets are loaded; None where none are, or what is there cannot be read."""
    try:
        return _streets().kept()
    except Unavailable as error:
        # A rider is better served by an estimate that says so than by no answer.
        _log.warning("%s", error)
        return None


def basis_words(minutes: Iterable[Minutes | None], by: By) -> str:
    """Say what the minutes of a list stand on: streets and whose they are, the straight line, or both.

    minutes: those that a page shows.
    """
    shown = [each for each in minutes if each is not None]
    streets = kept()
    if streets is None or all(each.estimated for each in shown):
        return straight_words(by)
    told = [
        say("分钟数是骑电动车沿街道的时间（{source}），距离是直线。", source=streets.source)
        if by is By.EBIKE
        else say("分钟数是步行沿街道的时间（{source}），距离是直线。", source=streets.source)
    ]
    if is_mixed(shown):
        told.append(say("标“约”的是直线估算。"))
    return " ".join([*told, say("先列到达时开着、待得住的。")])


def straight_words(by: By) -> str:
    """Say that the minutes of a list are estimates."""
    if by is By.EBIKE:
        return say("分钟数是骑电动车的直线估算，没有算街道。先列到达时开着、待得住的。")
    return say("分钟数是步行的直线估算，没有算街道。先列到达时开着、待得住的。")


def hint_words(minutes: Iterable[Minutes | None]) -> str:
    """Say in short what distances and minutes beside a station stand on."""
    shown = [each for each in minutes if each is not None]
    streets = kept()
    if streets is None or all(each.estimated for each in shown):
        return say("距离和分钟数按直线估算。")
    told = say("距离按直线，分钟数沿街道（{source}）。", source=streets.source)
    return f"{told} {say('标“约”的是直线估算。')}" if is_mixed(shown) else told


def is_mixed(minutes: Iterable[Minutes | None]) -> bool:
    """Tell whether some minutes are estimates and some are not: only then each estimate is marked as one."""
    return len({each.estimated for each in minutes if each is not None}) > 1


def _streets() -> Streets:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    found: Streets = current_app.extensions.setdefault(_STREETS, Streets(settings.streets))
    return found
