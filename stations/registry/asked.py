"""What somebody typed into the search, and how well a name answers it.

Names are compared as ``reading.search_text`` writes them down. The steps, best first: the name itself, its beginning, a
part of it, words that stand in name, address and region, the same sounds, the initials, and what is one letter or one
character away or sounds alike (模糊音).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

from stations.registry.reading import folded, plain, readings
from stations.registry.spelling import Cut, misspelt, syllables

__all__ = ["Answer", "Asked", "Step"]

_MOST_CHARACTERS = 60
_INITIALS = range(2, 13)


class Step(IntEnum):
    """How a name answers; smaller is better."""

    EXACT = 0
    PREFIX = 1
    CONTAINS = 2
    WORDS = 3
    SOUND = 4
    SOUND_PREFIX = 5
    SOUND_WITHIN = 6
    INITIALS = 7
    INITIALS_PREFIX = 8
    ALIKE = 9
    ALIKE_PREFIX = 10
    ALIKE_WITHIN = 11


class Answer(NamedTuple):
    """A step, and how much longer than the question the name is that answers."""

    step: Step
    longer: int


class _Name(NamedTuple):
    """A search text taken apart."""

    names: tuple[str, ...]
    readings: tuple[Cut, ...]
    initials: tuple[str, ...]

    @classmethod
    def read(cls, search_text: str) -> _Name:
        sections = [tuple(part for part in section.split("|") if part) for section in search_text.split("/")]
        names, spoken, initials = (*sections, (), (), ())[:3]
        return cls(names, tuple(tuple(reading.split(" ")) for reading in spoken), initials)


@dataclass(frozen=True)
class Asked:
    """A question to the search. ``whole``: all of it as names are compared; ``words``: the same, word by word."""

    whole: str
    words: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Asked:
        """Read what was typed; only the first sixty characters count."""
        words = tuple(word for word in map(plain, text.split()) if word)
        return cls("".join(words)[:_MOST_CHARACTERS], words[:8])

    @cached_property
    def letters(self) -> str:
        """The question where it is letters alone, and so perhaps pinyin; else nothing."""
        return self.whole if self.whole.isascii() and self.whole.isalpha() else ""

    @cached_property
    def sounds(self) -> tuple[Cut, ...]:
        """The ways in which the question sounds; the last syllable of typed pinyin may be unfinished."""
        if self.letters:
            return syllables(self.letters, unfinished=True)
        return () if self.whole.isascii() else readings(self.whole)

    @cached_property
    def alike(self) -> frozenset[Cut]:
        """The sounds that one may have meant, folded: those that are taken for each other, and one letter away."""
        exact = syllables(self.letters) if self.letters else self.sounds
        near = misspelt(self.letters) if self.letters else frozenset()
        return frozenset(tuple(map(folded, cut)) for cut in (*exact, *near) if len(cut) > 1)

    def misread(self) -> Iterator[str]:
        """Yield the question with one character left open (``_``); only from three Chinese characters on."""
        if len(self.whole) >= 3 and not self.whole.isascii():
            for at in range(len(self.whole)):
                yield f"{self.whole[:at]}_{self.whole[at + 1 :]}"

    def judge(self, search_text: str, known: Step | None = None) -> Answer | None:
        """Return how well a name answers; None where it does not.

        known: a step at which it was found already, by what does not stand in its search text.
        """
        name = _Name.read(search_text)
        ways = (
            None if known is None else Answer(known, 0),
            self._as_written(name),
            self._as_spoken(name),
            self._by_initials(name),
        )
        return min((way for way in ways if way is not None), default=None) or self._as_meant(name)

    def _as_written(self, name: _Name) -> Answer | None:
        return min(
            (
                Answer(
                    Step.EXACT
                    if own == self.whole
                    else Step.PREFIX
                    if own.startswith(self.whole)
                    else Step.CONTAINS,
                    len(own) - len(self.whole),
                )
                for own in name.names
                if self.whole in own
            ),
            default=None,
        )

    def _as_spoken(self, name: _Name) -> Answer | None:
        found = []
        for reading in name.readings:
            for cut in self.sounds:
                longer, head, last = len(reading) - len(cut), cut[:-1], cut[-1]
                for at in range(longer + 1):
                    end = reading[at + len(head)] if reading[at : at + len(head)] == head else ""
                    if end == last or (self.letters and end.startswith(last)):
                        found.append(Answer(_sound_step(at, longer, finished=end == last), longer))
        return min(found, default=None)

    def _by_initials(self, name: _Name) -> Answer | None:
        if not self.letters or len(self.letters) not in _INITIALS:
            return None
        return min(
            (
                Answer(
                    Step.INITIALS if own == self.letters else Step.INITIALS_PREFIX,
                    len(own) - len(self.letters),
                )
                for own in name.initials
                if own.startswith(self.letters)
            ),
            default=None,
        )

    def _as_meant(self, name: _Name) -> Answer | None:
        """Return the answer of a name that is only like the question."""
        found = [
            _alike(at, len(own) - len(pattern))
            for own in name.names
            for pattern in self.misread()
            for at in range(len(own) - len(pattern) + 1)
            if _differs_once(pattern, own[at : at + len(pattern)])
        ]
        lengths = {len(cut) for cut in self.alike}
        for reading in name.readings:
            sounds = tuple(map(folded, reading))
            found += [
                _alike(at, len(sounds) - length)
                for length in lengths
                for at in range(len(sounds) - length + 1)
                if sounds[at : at + length] in self.alike
            ]
        return min(found, default=None)


def _sound_step(at: int, longer: int, *, finished: bool) -> Step:
    if at:
        return Step.SOUND_WITHIN
    return Step.SOUND if longer == 0 and finished else Step.SOUND_PREFIX


def _alike(at: int, longer: int) -> Answer:
    if at:
        return Answer(Step.ALIKE_WITHIN, longer)
    return Answer(Step.ALIKE if longer == 0 else Step.ALIKE_PREFIX, longer)


def _differs_once(pattern: str, text: str) -> bool:
    return all(a in ("_", b) for a, b in zip(pattern, text, strict=True))
