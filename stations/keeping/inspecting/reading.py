"""A checklist read from names and values: everything that is wrong with it is found and told at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from stations.keeping.inspecting.checklist import Checklist, Item, ItemKind, PhotoWish, Rating
from stations.keeping.inspecting.problems import BadChecklist, Problem
from stations.keeping.inspecting.soundness import faults

__all__ = ["MAX_ITEMS", "MAX_RATINGS", "read"]

MAX_ITEMS: Final = 200
MAX_RATINGS: Final = 12
_TITLE: Final = 120
_HINT: Final = 300
_NOTE: Final = 600
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_HEAD: Final = (
    "code", "version", "title", "note", "source", "review_months", "passing", "items", "ratings",
)  # fmt: skip
_ITEM: Final = (
    "code", "kind", "title", "hint", "score", "needs", "parts", "least", "veto", "may_skip", "mend_days", "photo",
)  # fmt: skip
_RATING: Final = ("code", "title", "least", "requires")


def read(document: Any) -> Checklist:
    """Read a checklist from what a TOML or JSON file holds.

    Raises BadChecklist, which tells every fault: unknown names and kinds, missing scores, codes that stand twice, loops,
    thresholds that cannot be reached.
    """
    if not isinstance(document, Mapping):
        raise BadChecklist([Problem("no_document")])
    reader = _Reader()
    found = reader.checklist(document)
    # What depends on well-formed parts is only asked of such.
    problems = reader.problems or faults(found)
    if problems:
        raise BadChecklist(problems)
    return found


class _Reader:
    """Reads parts and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def checklist(self, held: Mapping[str, Any]) -> Checklist:
        self._known(held, "", _HEAD)
        items = [self._item(row, where) for where, row in self._rows(held, "items", "item", MAX_ITEMS)]
        ratings = [
            self._rating(row, where) for where, row in self._rows(held, "ratings", "rating", MAX_RATINGS)
        ]
        self._twice("items", (item.code for item in items))
        self._twice("ratings", (rating.code for rating in ratings))
        if not ratings:
            self._add("no_ratings", "")
        return Checklist(
            code=self._code(held, ""),
            version=self._number(held, "", "version", 1, 9999, needed=True) or 1,
            title=self._words(held, "", "title", _TITLE, needed=True),
            note=self._words(held, "", "note", _NOTE),
            source=self._text(held, "", "source", _HINT),
            review_months=self._number(held, "", "review_months", 1, 120),
            passing=self._text(held, "", "passing", 60, needed=True),
            items=tuple(items),
            ratings=tuple(ratings),
        )

    def _item(self, held: Mapping[str, Any], where: str) -> Item:
        self._known(held, where, _ITEM)
        kind = self._choice(held, where, "kind", tuple(ItemKind), reason="unknown_kind")
        wanted = ItemKind(kind or "check")
        score = self._number(held, where, "score", 0, 1000)
        if kind is not None and wanted is ItemKind.CHECK and "score" not in held:
            self._add("missing_score", where)
        if wanted is not ItemKind.CHECK and "score" in held:
            self._add("score_not_here", where, kind=str(wanted))
        parts = self._codes(held, where, "parts")
        least = self._number(held, where, "least", 1, MAX_ITEMS)
        if wanted is ItemKind.SUM and not parts:
            self._add("no_parts", where)
        if wanted is not ItemKind.SUM and (parts or least):
            self._add("parts_not_here", where)
        photo = self._choice(held, where, "photo", tuple(PhotoWish), reason="unknown_photo", usual="no")
        return Item(
            code=self._code(held, where),
            title=self._words(held, where, "title", _TITLE, needed=True),
            kind=wanted,
            hint=self._words(held, where, "hint", _HINT),
            score=score or 0,
            needs=self._codes(held, where, "needs"),
            parts=parts,
            least=least or len(parts),
            veto=self._flag(held, where, "veto"),
            may_skip=self._flag(held, where, "may_skip"),
            mend_days=self._number(held, where, "mend_days", 1, 365),
            photo=PhotoWish(photo or "no"),
        )

    def _rating(self, held: Mapping[str, Any], where: str) -> Rating:
        self._known(held, where, _RATING)
        return Rating(
            code=self._code(held, where),
            title=self._words(held, where, "title", _TITLE, needed=True),
            least=self._number(held, where, "least", 0, 1_000_000, needed=True) or 0,
            requires=self._codes(held, where, "requires"),
        )

    def _add(self, reason: str, where: str, **values: Any) -> None:
        self.problems.append(Problem(reason, where, values))

    def _known(self, held: Mapping[str, Any], where: str, known: Sequence[str]) -> None:
        for key in held:
            if key not in known:
                self._add("unknown_key", where, key=str(key)[:40], known=", ".join(known))

    def _rows(
        self, held: Mapping[str, Any], key: str, one: str, most: int
    ) -> Iterable[tuple[str, Mapping[str, Any]]]:
        rows = held.get(key, [])
        if not isinstance(rows, list) or any(not isinstance(row, Mapping) for row in rows):
            self._add("wrong_type", "", key=key, value=str(rows)[:40], wanted="list of tables")
            return
        if len(rows) > most:
            self._add("too_many", key, count=len(rows), most=most)
            return
        for number, row in enumerate(rows, 1):
            code = row.get("code")
            yield (f"{one} {code[:60]}" if isinstance(code, str) and code else f"{one} no. {number}"), row

    def _twice(self, where: str, codes: Iterable[str]) -> None:
        for code, count in Counter(codes).items():
            if count > 1 and code:
                self._add("duplicate", where, code=code, count=count)

    def _code(self, held: Mapping[str, Any], where: str) -> str:
        value = self._text(held, where, "code", 60, needed=True)
        if value and not _CODE.fullmatch(value):
            self._add("bad_code", where, value=value)
        return value

    def _codes(self, held: Mapping[str, Any], where: str, key: str) -> tuple[str, ...]:
        value = held.get(key, [])
        if not isinstance(value, list) or any(not isinstance(code, str) for code in value):
            self._add("wrong_type", where, key=key, value=str(value)[:40], wanted="list of codes")
            return ()
        if len(value) > MAX_ITEMS:
            self._add("too_many", where, count=len(value), most=MAX_ITEMS)
            return ()
        return tuple(dict.fromkeys(value))

    def _text(self, held: Mapping[str, Any], where: str, key: str, most: int, *, needed: bool = False) -> str:
        value = held.get(key)
        if value is None:
            if needed:
                self._add("missing", where, key=key)
            return ""
        if not isinstance(value, str):
            self._add("wrong_type", where, key=key, value=str(value)[:40], wanted="text")
            return ""
        tidy = " ".join("".join(c for c in value if c.isprintable() or c.isspace()).split())
        if len(tidy) > most:
            self._add("too_long", where, key=key, length=len(tidy), most=most)
        if needed and not tidy:
            self._add("missing", where, key=key)
        return tidy

    def _words(
        self, held: Mapping[str, Any], where: str, key: str, most: int, *, needed: bool = False
    ) -> dict[str, str]:
        value = held.get(key)
        if value is None and not needed:
            return {}
        if isinstance(value, str) or value is None:
            return {"zh": self._text({key: value}, where, key, most, needed=needed)}
        if not isinstance(value, Mapping):
            self._add(
                "wrong_type", where, key=key, value=str(value)[:40], wanted="text or table of languages"
            )
            return {}
        found = {}
        for language, words in value.items():
            if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
                self._add("wrong_type", where, key=key, value=str(language)[:40], wanted="tag of a language")
                continue
            found[language] = self._text({key: words}, where, key, most)
        if not found.get("zh"):
            self._add("no_chinese", where, key=key)
        return {language: words for language, words in found.items() if words}

    def _number(
        self, held: Mapping[str, Any], where: str, key: str, low: int, high: int, *, needed: bool = False
    ) -> int | None:
        value = held.get(key)
        if value is None:
            if needed:
                self._add("missing", where, key=key)
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self._add("wrong_type", where, key=key, value=str(value)[:40], wanted="whole number")
            return None
        if not low <= value <= high:
            self._add("out_of_range", where, key=key, value=value, low=low, high=high)
            return None
        return value

    def _flag(self, held: Mapping[str, Any], where: str, key: str) -> bool:
        value = held.get(key, False)
        if not isinstance(value, bool):
            self._add("wrong_type", where, key=key, value=str(value)[:40], wanted="true or false")
            return False
        return value

    def _choice(
        self,
        held: Mapping[str, Any],
        where: str,
        key: str,
        known: Sequence[str],
        *,
        reason: str,
        usual: str = "check",
    ) -> str | None:
        value = held.get(key, usual)
        if value not in known:
            self._add(reason, where, value=str(value)[:40], known=", ".join(known))
            return None
        return str(value)
