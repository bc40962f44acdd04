"""What is wrong with a checklist: every fault at once, each as a code with its values, and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stations.errors import Invalid

__all__ = ["BadChecklist", "Problem"]

#: The words of each fault; a page says them in its reader's language by the code.
_SAID: Mapping[str, str] = {
    "no_document": "it is no table of names and values",
    "unknown_key": "{key!r} is no name that a checklist knows here; known are {known}",
    "missing": "{key} is missing",
    "wrong_type": "{key}: {value!r} is no {wanted}",
    "out_of_range": "{key}: {value} is not from {low} to {high}",
    "too_long": "{key}: {length} characters are too many; write {most} at most",
    "bad_code": "{value!r} is no code; use 1 to 60 letters a–z, digits and hyphens",
    "no_chinese": "{key} has no Chinese words (zh)",
    "too_many": "{count} are too many; {most} at most",
    "duplicate": "the code {code!r} stands {count} times",
    "unknown_kind": "{value!r} is no kind of item; known are {known}",
    "unknown_photo": "{value!r} says not whether a photo is wanted; known are {known}",
    "missing_score": "a check needs a score; write score = 0 where it gives no points",
    "score_not_here": "a {kind} has no score of its own; give points to what is asked",
    "no_parts": "a sum needs parts",
    "parts_not_here": "only a sum has parts and least",
    "unknown_item": "{key} names {code!r}, which is no item",
    "names_note": "{key} names {code!r}, which is a note and is never met",
    "loop": "it depends on itself: {path}",
    "least_of_parts": "least {least} of {count} parts can never be met; write 1 to {count}",
    "no_ratings": "there is no rating",
    "unreachable": "it asks for {least} points, and all items together give {total}",
    "never_given": "it is never given: {other!r} asks for no more and stands above it",
    "unknown_passing": "passing names {code!r}, which is no rating",
    "nothing_asked": "there is no check; nothing would be asked at the door",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. reason: its code. where: the item, rating or key that it is in; empty for the checklist itself."""

    reason: str
    where: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = _SAID[self.reason].format(**self.values)
        return f"{self.where}: {told}" if self.where else told


class BadChecklist(Invalid):
    """A checklist with faults; ``problems`` are all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "the checklist cannot be taken: " + "; ".join(map(str, self.problems[:20])),
            field="checklist",
            reason=self.problems[0].reason,
        )
