"""What answers come to: whether each item is met, the points, and the highest rating that is reached.

Unknown is a value: what nobody saw gives no points and meets nothing, and does not fail like a no. What does not apply
to a station is taken out of the points that it can earn, and the thresholds are held to the share of what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stations.keeping.inspecting.checklist import Checklist, Item, ItemKind, Rating

__all__ = ["Answer", "Outcome", "rate"]


class Answer(StrEnum):
    """What was found of an item: it is so, it is not, it does not apply here, nobody looked."""

    YES = "yes"
    NO = "no"
    NA = "na"
    UNSEEN = "unseen"


_FINE = {Answer.YES, Answer.NA}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an inspection comes to.

    standings: every item but notes. possible: the points of what applies. rating: the highest reached, or None. lacking:
    what keeps it from the rating that meets the standard, in the checklist's order; empty where it passes or only points
    are short.
    """

    standings: Mapping[str, Answer]
    earned: int
    possible: int
    rating: str | None
    passes: bool
    lacking: tuple[str, ...]


def rate(checklist: Checklist, answers: Mapping[str, Answer]) -> Outcome:
    """Rate answers by a checklist's own rules. An item without an answer was not seen."""
    standings: dict[str, Answer] = {}
    for item in checklist.items:
        _settle(checklist, item, answers, standings)
    # In the order of the checklist, which is not the one in which they depend on each other.
    ordered = {item.code: standings[item.code] for item in checklist.items if item.code in standings}
    counted = [item for item in checklist.items if ordered.get(item.code, Answer.NA) is not Answer.NA]
    possible = sum(item.score for item in counted)
    earned = sum(item.score for item in counted if ordered[item.code] is Answer.YES)
    vetoed = tuple(item.code for item in checklist.items if item.veto and ordered[item.code] not in _FINE)
    reached = None
    if counted and not vetoed:
        for rating in checklist.ratings:
            if _reaches(rating, ordered, earned, possible, checklist.total):
                reached = rating.code
    order = [rating.code for rating in checklist.ratings]
    passes = reached is not None and order.index(reached) >= order.index(checklist.passing)
    required = checklist.rating(checklist.passing).requires
    lacking = tuple(
        item.code
        for item in checklist.items
        if item.code in vetoed or (item.code in required and ordered[item.code] not in _FINE)
    )
    return Outcome(ordered, earned, possible, reached, passes, () if passes else lacking)


def _reaches(rating: Rating, standings: Mapping[str, Answer], earned: int, possible: int, total: int) -> bool:
    return earned * total >= rating.least * possible and all(
        standings[code] in _FINE for code in rating.requires
    )


def _settle(
    checklist: Checklist, item: Item, answers: Mapping[str, Answer], standings: dict[str, Answer]
) -> None:
    """Find how an item stands, after everything that it depends on; a checklist has no loops."""
    waiting = [item]
    while waiting:
        one = waiting[-1]
        before = [checklist.by_code[code] for code in (*one.needs, *one.parts) if code not in standings]
        if before:
            waiting += before
            continue
        waiting.pop()
        if one.kind is not ItemKind.NOTE and one.code not in standings:
            standings[one.code] = _standing(one, answers, standings)


def _standing(item: Item, answers: Mapping[str, Answer], standings: Mapping[str, Answer]) -> Answer:
    needed = [standings[code] for code in item.needs]
    for worst in (Answer.NO, Answer.UNSEEN, Answer.NA):
        if worst in needed:
            return worst
    if item.kind is ItemKind.CHECK:
        return answers.get(item.code, Answer.UNSEEN)
    parts = [standings[code] for code in item.parts if standings[code] is not Answer.NA]
    if not parts:
        return Answer.NA
    wanted = min(item.least, len(parts))
    met = parts.count(Answer.YES)
    if met >= wanted:
        return Answer.YES
    return Answer.UNSEEN if met + parts.count(Answer.UNSEEN) >= wanted else Answer.NO
