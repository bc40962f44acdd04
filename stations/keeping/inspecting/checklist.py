"""A checklist as a value: the items that are looked at, what each needs, and the ratings that their points lead to.

An item is a ``check`` (asked at the door, worth points), a ``sum`` (met where enough of its parts are; never asked) or a
``note`` (words alone). A version that was published never changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

__all__ = ["Checklist", "Item", "ItemKind", "PhotoWish", "Rating", "Words"]

#: Words by language code; ``zh`` is always there.
Words = Mapping[str, str]


class ItemKind(StrEnum):
    """What an item is."""

    CHECK = "check"
    SUM = "sum"
    NOTE = "note"


class PhotoWish(StrEnum):
    """Whether an item should be photographed."""

    NO = "no"
    WANTED = "wanted"
    NEEDED = "needed"


@dataclass(frozen=True, slots=True)
class Item:
    """One item.

    needs: items that must be met before this one can be. parts, least: of a sum, and how many of them must be met. veto:
    without it there is no rating at all. may_skip: it may not apply to a station. mend_days: how long its mending may take.
    """

    code: str
    title: Words
    kind: ItemKind = ItemKind.CHECK
    hint: Words = field(default_factory=dict)
    score: int = 0
    needs: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    least: int = 0
    veto: bool = False
    may_skip: bool = False
    mend_days: int | None = None
    photo: PhotoWish = PhotoWish.NO


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating: so many points of all that there are, and the items that must be met besides."""

    code: str
    title: Words
    least: int
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checklist:
    """One version of a checklist. ratings: the lowest first; from ``passing`` on they meet the standard.

    review_months: after so many a rating is to be looked at again; None for never.
    """

    code: str
    version: int
    title: Words
    items: tuple[Item, ...]
    ratings: tuple[Rating, ...]
    passing: str
    note: Words = field(default_factory=dict)
    source: str = ""
    review_months: int | None = None

    @cached_property
    def by_code(self) -> Mapping[str, Item]:
        """The items by their codes."""
        return {item.code: item for item in self.items}

    @cached_property
    def total(self) -> int:
        """The points of all items together."""
        return sum(item.score for item in self.items)

    @property
    def name(self) -> str:
        """Its title with its version, as programmes and honours cite it."""
        return f"{self.title['zh']} {self.version}"

    def rating(self, code: str) -> Rating:
        """Return a rating by its code, which is one of this version."""
        return next(rating for rating in self.ratings if rating.code == code)
