"""Whether a checklist can work: what it names is there, nothing depends on itself, every rating can be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stations.keeping.inspecting.checklist import Checklist, Item, ItemKind, Rating
from stations.keeping.inspecting.problems import Problem

__all__ = ["faults"]


def faults(checklist: Checklist) -> list[Problem]:
    """Return what is wrong with a well-formed checklist; empty where nothing is."""
    found = [*_names(checklist), *_sums(checklist), *_ratings(checklist)]
    # A name that is not there leads nowhere.
    if not any(one.reason == "unknown_item" for one in found):
        found += _loops(checklist.by_code)
    return found


def _names(checklist: Checklist) -> Iterator[Problem]:
    named = [
        *((f"item {item.code}", "needs", code) for item in checklist.items for code in item.needs),
        *((f"item {item.code}", "parts", code) for item in checklist.items for code in item.parts),
        *(
            (f"rating {rating.code}", "requires", code)
            for rating in checklist.ratings
            for code in rating.requires
        ),
    ]
    for where, key, code in named:
        item = checklist.by_code.get(code)
        if item is None:
            yield Problem("unknown_item", where, {"key": key, "code": code[:60]})
        elif item.kind is ItemKind.NOTE:
            yield Problem("names_note", where, {"key": key, "code": code})
    if all(rating.code != checklist.passing for rating in checklist.ratings):
        yield Problem("unknown_passing", "", {"code": checklist.passing})
    if all(item.kind is not ItemKind.CHECK for item in checklist.items):
        yield Problem("nothing_asked", "")


def _sums(checklist: Checklist) -> Iterator[Problem]:
    for item in checklist.items:
        if item.kind is ItemKind.SUM and item.least > len(item.parts):
            values = {"least": item.least, "count": len(item.parts)}
            yield Problem("least_of_parts", f"item {item.code}", values)


def _ratings(checklist: Checklist) -> Iterator[Problem]:
    total = checklist.total
    for at, rating in enumerate(checklist.ratings):
        where = f"rating {rating.code}"
        if rating.least > total:
            yield Problem("unreachable", where, {"least": rating.least, "total": total})
        above = next((higher for higher in checklist.ratings[at + 1 :] if _hides(higher, rating)), None)
        if above is not None:
            yield Problem("never_given", where, {"other": above.code})


def _hides(higher: Rating, lower: Rating) -> bool:
    """Tell whether whoever reaches the lower rating has the higher one as well, so that the lower is never given."""
    return higher.least <= lower.least and set(higher.requires) <= set(lower.requires)


def _loops(items: Mapping[str, Item]) -> Iterator[Problem]:
    """Find items that depend on themselves through what they need and consist of; each loop is told once."""
    done: set[str] = set()
    for start in items:
        if start in done:
            continue
        # Depth first with a path of its own, since a checklist may be as deep as it is long.
        path: list[str] = [start]
        onward = [iter((*items[start].needs, *items[start].parts))]
        while path:
            code = next(onward[-1], None)
            if code is None:
                done.add(path.pop())
                onward.pop()
            elif code in path:
                loop = [*path[path.index(code) :], code]
                yield Problem("loop", f"item {code}", {"path": " → ".join(loop)})
                done.update(path)
                break
            elif code not in done:
                path.append(code)
                onward.append(iter((*items[code].needs, *items[code].parts)))
