"""A commit's rows as values for a template: what each is called, what was done to it, its fields before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stations.registry.commit_counts import COUNTED
from stations.registry.differences import Sort, differences
from stations.registry.history import Elsewhere, Entry
from stations.registry.kept import KEPT
from stations.registry.meant import POINTING, names_of
from stations.registry.past import Changed
from web import db
from web.desk.history_values import Names, Row
from web.desk.history_words import OWN_NAMES, Line, lines, op_word, row_title, table_name
from web.i18n import say

__all__ = ["Told", "doing_words", "meant_by", "telling", "telling_elsewhere"]


_NOTHING = (Sort.TEXT, None)


@dataclass(frozen=True, slots=True)
class Told:
    """One row that was changed. ``photo``: the digest of a picture; ``change``: its one id in the history."""

    table: str
    table_name: str
    op: str
    op_word: str
    title: str
    lines: tuple[Line, ...]
    photo: str | None
    change: int | None


def doing_words(entry: Entry) -> list[str]:
    """Say in numbers what a commit did."""
    return [
        say(
            "{table} {what} {n}",
            table=table_name(one.table),
            what=op_word(one.op),
            n=f"{one.rows}+" if one.rows >= COUNTED else one.rows,
        )
        for one in entry.doings
    ]


def meant_by(changed: Iterable[Changed], elsewhere: Iterable[Elsewhere] = ()) -> Names:
    """Ask once for the names of all that these rows point at."""
    meant: set[tuple[Sort, Any]] = set()
    rows: list[tuple[str, Row | None, Row | None]] = [
        (one.key.table, one.before, one.after) for one in changed
    ]
    rows += [(one.table, one.before, one.after) for one in elsewhere]
    for table, before, after in rows:
        for state in (before, after):
            # As a row that was added, so that what did not change is named as well.
            for one in differences(table, None, state):
                meant.add((one.sort, one.new) if one.sort in POINTING else _NOTHING)
            if table in OWN_NAMES and state is not None:
                sort, key = OWN_NAMES[table]
                meant.add((sort, state.get(key)))
    return names_of(db.session(), meant)


def telling(rows: Sequence[Changed], names: Names) -> list[Told]:
    """Return the rows of one station in the order in which a person would tell of them."""
    order = list(KEPT)
    return [
        _told(one.key.table, one.before, one.after, names, one.history)
        for one in sorted(rows, key=lambda one: (order.index(one.key.table), str(one.key.values)))
    ]


def telling_elsewhere(rows: Iterable[Elsewhere], names: Names) -> list[Told]:
    """Return the rows of no station."""
    return [_told(one.table, one.before, one.after, names, ()) for one in rows]


def _told(
    table: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    names: Names,
    known: tuple[int, ...],
) -> Told:
    op = "add" if before is None else "delete" if after is None else "update"
    row = after if after is not None else before or {}
    return Told(
        table=table,
        table_name=table_name(table),
        op=op,
        op_word=op_word(op),
        title=row_title(table, row, names),
        lines=tuple(lines(table, before, after, names)),
        photo=row["sha256"] if table == "photos" else None,
        change=known[0] if len(known) == 1 else None,
    )
