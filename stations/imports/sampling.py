"""A file before it is judged: what its columns are taken for, what stands in them, and what is missing to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from geo.io import Source as Rows
from geo.io import open_source
from geo.io.formats import HEAD
from geo.io.workbooks import is_workbook, open_book
from stations.errors import Invalid
from stations.imports.columns import Column, Columns
from stations.imports.fields import IGNORED
from stations.imports.ledger import BASE
from stations.imports.mapping import Mapping, Rule

__all__ = ["AT_ONCE", "Look", "Sample", "is_ledger", "look"]

#: Rows that are judged while somebody waits; more is for a worker.
AT_ONCE: Final = 2_000
_SAMPLES: Final = 4
_LONGEST: Final = 80
#: A header that nobody has, known as a name, so that the other columns of a list without one can be shown.
_NAME: Final = "名称\u2063"


@dataclass(frozen=True, slots=True)
class Sample:
    """A column as it is taken: its meaning, how that was found, and some of what stands in it."""

    column: Column
    cells: tuple[str, ...]
    filled: int

    @property
    def code(self) -> str:
        """The meaning as a mapping spells it; empty where there is none."""
        if self.column.field is None:
            return ""
        return f"amenity:{self.column.amenity}" if self.column.amenity else self.column.field


@dataclass(frozen=True, slots=True)
class Look:
    """What a file shows before it is judged.

    rows: how many, as far as was read; more: there are more than ``AT_ONCE``. problems: why the columns cannot be
    judged as they are, each with the header that it is about, or ``name``, or ``datum``. needs_datum: the file has
    coordinates and nothing in it says in which datum.
    """

    samples: tuple[Sample, ...]
    rows: int
    more: bool
    skipped: tuple[str, ...]
    notes: tuple[str, ...]
    problems: tuple[Invalid, ...]
    needs_datum: bool
    vector: bool
    constants: dict[str, str]

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers of the columns, in their order."""
        return tuple(sample.column.header for sample in self.samples)


def look(
    path: Path,
    mapping: Mapping | None = None,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    loose: bool = False,
) -> Look:
    """Open a file and tell what its columns are taken for. loose: rules for columns that it lacks are passed over.

    Raises FileError where it cannot be read. Problems of the columns are told and not raised.
    """
    rows = open_source(path, encoding=encoding, sheet=sheet)
    if loose and mapping is not None:
        mapping = Mapping(
            {header: rule for header, rule in mapping.columns.items() if header in rows.columns},
            mapping.constants,
        )
    columns, problems = _guessed(rows.columns, mapping)
    first = _first(rows)
    cells = {header: [row[header] for row in first if row.get(header)] for header in rows.columns}
    datum_known = (
        columns.header_datum is not None
        or columns.one("datum") is not None
        or "datum" in columns.constants
        or any(problem.field == "datum" for problem in problems)
    )
    vector = _is_vector(rows)
    return Look(
        samples=tuple(
            Sample(
                column,
                tuple(dict.fromkeys(cell[:_LONGEST] for cell in cells[column.header]))[:_SAMPLES],
                len(cells[column.header]),
            )
            for column in columns
            if column.header in cells
        ),
        rows=min(len(first), AT_ONCE),
        more=len(first) > AT_ONCE,
        skipped=tuple(line.told for line in rows.skipped if line.text),
        notes=tuple(getattr(rows, "notes", ())),
        problems=tuple(problems),
        needs_datum=columns.located and not datum_known and not vector,
        vector=vector,
        constants=dict(columns.constants),
    )


def is_ledger(path: Path) -> bool:
    """Tell whether a file is a workbook that was downloaded here as a ledger, whatever was done to it since."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not is_workbook(head):
        return False
    return any(name == BASE for name, _ in open_book(path, head).sheets)


def _first(rows: Rows) -> list[dict[str, str]]:
    for chunk in rows.chunks(AT_ONCE + 1):
        return [row.values for row in chunk]
    return []


def _guessed(headers: Sequence[str], mapping: Mapping | None) -> tuple[Columns, list[Invalid]]:
    """Guess what can be guessed, and tell what stands in the way; each turn takes one thing out of it."""
    problems: list[Invalid] = []
    given, rules = list(headers), dict(mapping.columns if mapping else {})
    constants = mapping.constants if mapping else {}
    for _ in range(len(headers) + 3):
        try:
            return Columns.guess(given, Mapping(rules, constants)), problems
        except Invalid as error:
            problems.append(error)
            if error.field == "name" and _NAME not in given:
                given.append(_NAME)
            elif error.field in given and rules.get(error.field, Rule("")).field != IGNORED:
                rules[error.field] = Rule(IGNORED)
            else:
                rules |= {header: Rule(IGNORED) for header in headers}
    raise problems[-1]


def _is_vector(rows: Rows) -> bool:
    from geo.io.vectors import VectorSource

    return isinstance(rows, VectorSource)
