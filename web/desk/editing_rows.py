"""The parts of a form that are typed as rows: special days and usage figures, shown and read back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from werkzeug.datastructures import MultiDict

from stations.editing.draft import Count, Draft, Value
from stations.editing.opening import span_expression
from stations.errors import Invalid

__all__ = ["ROWS", "Rows", "changed_rows", "rows_of", "sent_rows"]

Rows = Sequence[Mapping[str, str]]
#: The parts that are typed as rows, and the inputs of each row.
ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "exception": ("first", "last", "state", "hours", "reason"),
    "visits": ("first", "last", "count", "exactness", "source", "occupation"),
}
_WHOLE: Final = re.compile(r"约?\s*([0-9]{1,9})\s*(?:人次|次|人)?")


def rows_of(part: str, fields: Mapping[str, Value]) -> list[dict[str, str]]:
    """Return the rows that the form shows of a part that has several."""
    return [
        row
        for key in sorted(fields)
        if key.startswith(f"{part}.")
        for _, _, row in _items(part, key, fields[key])
    ]


def _items(part: str, key: str, value: Value) -> Iterable[tuple[str, Value, dict[str, str]]]:
    """Yield each item of a key, with the row that shows it."""
    first, _, last = key.partition(".")[2].partition("/")
    for item in value or ():
        row = {"first": first, "last": last}
        if part == "exception":
            expression, reason = item
            state = "closed" if expression is None else "unknown" if expression == "unknown" else "open"
            row |= {"state": state, "hours": expression if state == "open" else "", "reason": reason or ""}
        else:
            count = Count(*item)
            row |= {
                "count": str(count.visits),
                "exactness": "at_least" if count.at_least else "exact",
                "source": count.source or "",
                "occupation": count.occupation or "",
            }
        yield key, item, row


def sent_rows(part: str, form: MultiDict[str, str], base: Draft) -> Rows:
    """Return the rows that were sent, without the empty ones; those of the draft where the form has none."""
    if f"rows.{part}" not in form:
        return rows_of(part, base.fields)
    columns = [form.getlist(f"{part}.{name}") for name in ROWS[part]]
    if len({len(column) for column in columns}) != 1:
        return rows_of(part, base.fields)
    return [
        dict(zip(ROWS[part], (text.strip() for text in row), strict=True))
        for row in zip(*columns, strict=True)
        if any(
            text.strip()
            for name, text in zip(ROWS[part], row, strict=True)
            if name not in {"state", "exactness"}
        )
    ]


def changed_rows(
    part: str, rows: Rows, base: Draft, besides: Mapping[str, Value], *, today: date
) -> dict[str, Value]:
    """Return the keys of a part that rows change; rows that came back as they were shown keep their values.

    besides: what the form changes otherwise: a key that it gives is not emptied here. Raises Invalid (field: the part).
    """
    held = {key: value for key, value in base.fields.items() if key.startswith(f"{part}.")}
    shown = {
        _texts(part, row): (key, item) for own in held for key, item, row in _items(part, own, held[own])
    }
    wanted: dict[str, list[Value]] = {}
    for row in rows:
        key, item = shown.get(_texts(part, row)) or _row(part, row, today)
        wanted.setdefault(key, []).append(item)
    return {
        key: wanted.get(key)
        for key in {*held, *wanted}
        if wanted.get(key) != held.get(key) and not (key not in wanted and key in besides)
    }


def _texts(part: str, row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name].strip() for name in ROWS[part])


def _row(part: str, row: Mapping[str, str], today: date) -> tuple[str, Value]:
    first, last = row["first"], row["last"] or row["first"]
    key = f"{part}.{first}/{last}"
    if part == "visits":
        match = _WHOLE.fullmatch(row["count"])
        if match is None:
            raise Invalid(
                f"{row['count']!r} is no number", field="visits", value=row["count"], reason="not_a_number"
            )
        at_least = row["exactness"] == "at_least"
        return key, list(Count(int(match[1]), at_least, row["source"] or None, row["occupation"] or None))
    expression: str | None = None
    if row["state"] == "unknown":
        expression = "unknown"
    elif row["state"] == "open":
        expression = span_expression(row["hours"], today=today)
        if expression is None:
            raise Invalid(
                f"{row['hours']!r} are no hours of a day",
                field="exception",
                value=row["hours"],
                reason="bad_hours",
            )
    return key, [expression, row["reason"]]
