"""The amenities of a row: from lists of words, and from columns that tell one amenity each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stations import vocabulary as words
from stations.imports import cells, terms
from stations.imports.columns import Columns
from stations.imports.judged import AmenitySet, Judged, short
from stations.imports.problems import Kind, Problem

__all__ = ["AmenityColumns"]

#: What some cells say, what is wrong with them, and (header, word) for each word that nobody knows.
_Set = tuple[AmenitySet, list[Problem], list[tuple[str, str]]]


class AmenityColumns:
    """The columns of a file that speak of amenities. What two of them say differently is not known."""

    def __init__(self, columns: Columns) -> None:
        self._lists, self._own = columns.of("amenities"), columns.of("amenity")

    def read(self, judged: Sequence[Judged]) -> Iterator[tuple[str, str]]:
        """Give rows their amenities; yields (header, word) for each word that nobody knows."""
        headers = [column.header for column in (*self._lists, *self._own)]
        if not headers:
            return
        sets: dict[tuple[str, ...], _Set] = {}
        for one in judged:
            received = tuple(one.received[header] for header in headers)
            if received not in sets:
                sets[received] = self._set(received)
            one.amenities, problems, unknown = sets[received]
            one.problems += problems
            yield from unknown

    def _set(self, received: Sequence[str]) -> _Set:
        said: dict[str, set[tuple[str, bool, str]]] = {}
        problems: list[Problem] = []
        unknown: list[tuple[str, str]] = []
        for column, text in zip(self._lists, received, strict=False):
            if cells.is_blank(text):
                continue
            basis = "inferred" if column.inferred else "listed"
            facts, odd = terms.amenities(text)
            for code, value, broken in facts:
                said.setdefault(code, set()).add((value, broken, basis))
            for word in odd:
                reason = "no amenity is known by this word"
                problems.append(Problem(Kind.UNKNOWN_WORD, column.header, short(word), reason))
                unknown.append((column.header, word))
        for column, text in zip(self._own, received[len(self._lists) :], strict=True):
            # 无 says here that the amenity is not there; only an empty cell says nothing.
            if not text or column.amenity is None:
                continue
            cell = terms.amenity(text)
            if cell.value is None:
                if not cells.is_blank(text):
                    problems.append(Problem(Kind.UNKNOWN_WORD, column.header, short(text), cell.reason))
                    unknown.append((column.header, text))
                continue
            basis = "inferred" if column.inferred else "listed"
            said.setdefault(column.amenity, set()).add((*cell.value, basis))
        facts_of = []
        for code, ways in sorted(said.items()):
            listed = {way for way in ways if way[2] == "listed"} or ways
            if len(listed) == 1:
                facts_of.append((code, *listed.pop()))
            else:
                reason = "the row says it both ways; left unknown"
                problems.append(Problem(Kind.UNKNOWN_WORD, "", words.AMENITIES[code].zh, reason))
        return tuple(facts_of), problems, unknown
