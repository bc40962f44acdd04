"""Pinyin as people type it: cut into syllables, the last one perhaps unfinished, one letter perhaps wrong."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice

__all__ = ["misspelt", "syllables", "within_one_letter"]

_SHAPE = re.compile(r"(?:[bpmfdtnlgkhjqxrzcsyw]|[zcs]h)?(?:[aeiouv]+(?:ng|n|r)?)")
_LONGEST = 6
_MOST_CUTS = 8
_MOST_LETTERS = 40
_MOST_MISSPELT = 400

Cut = tuple[str, ...]


@cache
def _inventory() -> frozenset[str]:
    """Return the syllables of standard Chinese, from the readings of the characters in common use."""
    from pypinyin.contrib.tone_convert import to_normal
    from pypinyin.pinyin_dict import pinyin_dict

    given = {
        to_normal(reading)
        for point in range(0x4E00, 0x9FA6)
        for reading in pinyin_dict.get(point, "").split(",")
        if reading
    }
    return frozenset(syllable for syllable in given if _SHAPE.fullmatch(syllable))


@cache
def _beginnings() -> frozenset[str]:
    return frozenset(syllable[:end] for syllable in _inventory() for end in range(1, len(syllable) + 1))


@lru_cache(maxsize=4096)
def syllables(letters: str, *, unfinished: bool = False) -> tuple[Cut, ...]:
    """Return the ways to cut letters into syllables, fewest syllables first, at most eight.

    letters: a to z. unfinished: whether the last syllable may still be being typed. Empty where they are no pinyin.
    """
    letters = letters.replace("ü", "v")
    if not letters or len(letters) > _MOST_LETTERS:
        return ()
    cuts = islice(_cuts(letters, unfinished=unfinished), 200)
    return tuple(sorted(cuts, key=lambda cut: (len(cut), cut))[:_MOST_CUTS])


def _cuts(letters: str, *, unfinished: bool) -> Iterator[Cut]:
    open_at = _open_ends(letters, unfinished=unfinished)

    def go_on(at: int, so_far: Cut) -> Iterator[Cut]:
        if at == len(letters):
            yield so_far
            return
        for end in range(min(at + _LONGEST, len(letters)), at, -1):
            part = letters[at:end]
            if end in open_at and (
                part in _inventory() or (unfinished and end == len(letters) and part in _beginnings())
            ):
                yield from go_on(end, (*so_far, part))

    return go_on(0, ())


def _open_ends(letters: str, *, unfinished: bool) -> set[int]:
    """Return the positions from which the rest can be cut, so that no blind alley is walked twice."""
    length = len(letters)
    good = {length}
    for at in range(length - 1, -1, -1):
        for end in range(at + 1, min(at + _LONGEST, length) + 1):
            part = letters[at:end]
            if end in good and (
                part in _inventory() or (unfinished and end == length and part in _beginnings())
            ):
                good.add(at)
                break
    return good


@lru_cache(maxsize=1024)
def misspelt(letters: str) -> frozenset[Cut]:
    """Return the syllables that may have been meant where one letter is wrong, missing or too many.

    Only whole syllables, and what ``syllables`` finds is not among them unless it is one letter away as well. At most
    some hundred ways; empty for fewer than four letters, which are one letter away from nearly everything.
    """
    if not 4 <= len(letters) <= _MOST_LETTERS:
        return frozenset()
    before = _whole_cuts_before(letters)
    behind = {
        len(letters) - at: [cut[::-1] for cut in cuts]
        for at, cuts in _whole_cuts_before(letters, backwards=True).items()
    }
    found: set[Cut] = set()
    for at, heads in before.items():
        for end in range(at + 1, min(at + _LONGEST + 1, len(letters)) + 1):
            for tail in behind.get(end, ()):
                for meant in _meant(letters[at:end]):
                    found.update((*head, meant, *tail) for head in heads)
                    if len(found) > _MOST_MISSPELT:
                        return frozenset(found)
    return frozenset(found)


def _whole_cuts_before(letters: str, *, backwards: bool = False) -> dict[int, list[Cut]]:
    """Return, for every position that whole syllables can reach, at most two ways to get there."""
    reached: dict[int, list[Cut]] = {0: [()]}
    for at in range(len(letters)):
        for cut in reached.get(at, ()):
            for end in range(at + 1, min(at + _LONGEST, len(letters)) + 1):
                part = letters[len(letters) - end : len(letters) - at] if backwards else letters[at:end]
                if part in _inventory() and len(reached.get(end, ())) < 2:
                    reached.setdefault(end, []).append((*cut, part))
    return reached


@cache
def _by_less_letters() -> dict[str, set[str]]:
    """Return the syllables by themselves and by what is left of them when one letter is taken out."""
    found: dict[str, set[str]] = defaultdict(set)
    for syllable in _inventory():
        for key in _less(syllable):
            found[key].add(syllable)
    return found


def _less(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


@lru_cache(maxsize=4096)
def _meant(part: str) -> tuple[str, ...]:
    known = _by_less_letters()
    near = {syllable for key in _less(part) for syllable in known.get(key, ())}
    return tuple(
        sorted(syllable for syllable in near if syllable != part and within_one_letter(part, syllable))
    )


def within_one_letter(one: str, other: str) -> bool:
    """Tell whether two words differ by at most one letter: wrong, missing or too many."""
    if abs(len(one) - len(other)) > 1:
        return False
    at = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return one[at + 1 :] == other[at + 1 :] or one[at:] == other[at + 1 :] or one[at + 1 :] == other[at:]
