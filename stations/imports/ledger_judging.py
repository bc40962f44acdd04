"""An edited ledger, row by row: which cells somebody edited, what others have changed meanwhile, what each row writes.

An edited cell is a decision of a person: it may take a fact out, and it is not weighed against how the fact was come by.
Only the same field, changed by somebody else since the download, is a conflict. Nothing is written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.mainland import Mainland
from stations.editing.authors import changed_by
from stations.editing.checks import BadFields, cleaned
from stations.editing.draft import Draft, Life, Position, Value, drafts, empty
from stations.editing.place import TWIN_M, namesakes, neighbours, placed
from stations.editing.save import Reach, author_of, reach, settled_life
from stations.errors import Invalid
from stations.imports.ledger import Ledger, LedgerLine, labels_for
from stations.imports.ledger_columns import LedgerColumn, columns_of, field_of, kind_of, text_of
from stations.imports.problems import Kind, Problem, Severity
from stations.models import Region, Station

__all__ = ["LedgerRow", "judge_ledger"]

_PAGE: Final = 500
#: What a new station says with an empty cell is nothing, not a fact taken out.
_NOT_GIVEN: Final = ("", "未知", "unknown")


@dataclass(slots=True)
class LedgerRow:
    """One row, judged. changes: field → value to write, those in conflict left out. clashes: those in conflict."""

    number: int
    name: str
    received: dict[str, str]
    problems: list[Problem] = field(default_factory=list)
    station_id: int | None = None
    code: str = ""
    before: dict[str, Value] = field(default_factory=dict)
    changes: dict[str, Value] = field(default_factory=dict)
    clashes: list[dict[str, Any]] = field(default_factory=list)
    new: bool = False
    absent: bool = False

    @property
    def verdict(self) -> str:
        """What is to be done with the row."""
        if self.absent:
            return "absent"
        if any(problem.severity is Severity.REJECT for problem in self.problems):
            return "rejected"
        if self.clashes:
            return "conflict"
        if self.new:
            return (
                "suspect" if any(problem.severity is Severity.DOUBT for problem in self.problems) else "new"
            )
        return "changed" if self.changes else "unchanged"

    def against(self, kind: Kind, column: str, value: object, reason: str) -> None:
        """Say something against the row."""
        text = "" if value is None else str(value)
        self.problems.append(Problem(kind, column, text[:80], reason))


class _Reader:
    """What all rows of one ledger share."""

    def __init__(self, session: Session, ledger: Ledger, actor: int, mainland: Mainland, today: date) -> None:
        self.session, self.ledger, self.mainland, self.today = session, ledger, mainland, today
        self.reach: Reach = reach(session, actor)
        self.labels = labels_for(session, ledger.region, ledger.lang)
        self.columns: dict[str, LedgerColumn] = {column.code: column for column in columns_of(self.labels)}
        self.parts: dict[str, list[LedgerColumn]] = {}
        for column in self.columns.values():
            if column.code in ledger.present:
                self.parts.setdefault(column.field, []).append(column)
        named = session.execute(select(Region.code, Region.names))
        self.regions: dict[str, str] = {row.code: row.names["zh"] for row in named}

    def edited(self, line: LedgerLine) -> dict[str, dict[str, str]]:
        """Return field → the cells of its columns, for the fields of a row that somebody edited."""
        base = self.ledger.base[line.code]
        found = {}
        for name, columns in self.parts.items():
            if any(line.cells.get(column.code, "") != base.get(column.code, "") for column in columns):
                found[name] = {column.code: line.cells.get(column.code, "") for column in columns}
        found.pop("code", None)
        return found

    def shown(self, name: str, fields: Mapping[str, Value]) -> dict[str, str]:
        """Return what the cells of a field would show now."""
        return {column.code: text_of(column, fields, self.labels).strip() for column in self.parts[name]}


def judge_ledger(
    session: Session, ledger: Ledger, *, actor: int, mainland: Mainland, today: date, accepted: frozenset[int]
) -> list[LedgerRow]:
    """Judge every row, in the order of the file, then the stations whose rows were deleted.

    accepted: numbers of rows whose cells win over what others have changed since.
    """
    reader = _Reader(session, ledger, actor, mainland, today)
    rows = {line.number: _begun(reader, line) for line in ledger.lines}
    known = _known(session, [row.code for row in rows.values() if row.code])
    _codes(reader, rows, known)
    waiting = [line for line in ledger.lines if not rows[line.number].problems]
    for line in waiting:
        if not line.code:
            _new(reader, rows[line.number], line)
    there = [line for line in waiting if line.code]
    for first in range(0, len(there), _PAGE):
        page = there[first : first + _PAGE]
        found = drafts(session, [known[line.code] for line in page])
        for line in page:
            row = rows[line.number]
            row.station_id = known[line.code]
            _changed(reader, row, line, found[known[line.code]], row.number in accepted)
    return [*rows.values(), *_deleted(reader, rows)]


def _begun(reader: _Reader, line: LedgerLine) -> LedgerRow:
    named = {column.code: column.header for column in reader.columns.values()}
    received = {named[code]: text for code, text in line.cells.items() if text}
    row = LedgerRow(line.number, line.cells.get("name.zh", ""), received, code=line.code)
    if line.code:
        row.received = {named["code"]: line.code, **received}
    if line.problem is not None:
        row.against(Kind.BROKEN_ROW, "", "", line.problem)
    return row


def _known(session: Session, codes: Sequence[str]) -> dict[str, int]:
    found = session.execute(select(Station.code, Station.id).where(Station.code.in_(codes)))
    return {row.code: row.id for row in found}


def _codes(reader: _Reader, rows: Mapping[int, LedgerRow], known: Mapping[str, int]) -> None:
    """Reject rows whose code is none of this ledger's, stands twice, or was taken out."""
    base = reader.ledger.base
    times = Counter(row.code for row in rows.values() if row.code)
    missing = {base[code].get("name.zh", "") for code in base if code not in times}
    for row in rows.values():
        if row.code in known and row.code not in base:
            reason = "this station stands in another ledger, not in the one that was downloaded here; edit it there"
            row.against(Kind.OTHER_LEDGER, "code", row.code, reason)
        elif row.code and row.code not in known:
            reason = (
                "no station of this ledger has this code; codes are given by the registry and never changed"
            )
            row.against(Kind.UNKNOWN_CODE, "code", row.code, reason)
        elif times[row.code] > 1:
            row.against(Kind.REPEATED_ID, "code", row.code, "two rows have this code; leave one of them")
        elif not row.code and row.name in missing and row.name:
            reason = "a station of this name stood here with a code, which is gone; put the code back"
            row.against(Kind.UNKNOWN_CODE, "code", "", reason)


def _changed(reader: _Reader, row: LedgerRow, line: LedgerLine, draft: Draft, accepted: bool) -> None:
    edited = reader.edited(line)
    if not edited:
        return
    if not reader.reach.includes(draft.fields.get("region_code")):
        _not_yours(reader, row, draft.fields.get("region_code"))
        return
    base = reader.ledger.base[line.code]
    wanted: dict[str, Value] = {}
    clashing: set[str] = set()
    for name, cells in edited.items():
        now = reader.shown(name, draft.fields)
        if cells == now:
            continue
        stood = {code: base.get(code, "") for code in cells}
        read = _read(reader, row, name, cells, draft.fields)
        if now != stood:
            clashing |= set(read)
        wanted |= read
    clean = _cleaned(reader, row, wanted, draft)
    if any(problem.severity is Severity.REJECT for problem in row.problems):
        return
    authors = changed_by(reader.session, row.station_id or 0, since=reader.ledger.seq) if clashing else {}
    for key in sorted(clashing & set(clean)):
        who = author_of(key, authors)
        reason = (
            f"{who.name if who else 'somebody'} has changed it since the ledger was downloaded; "
            "it stays unless this row is accepted"
        )
        row.against(Kind.CHANGED_SINCE, key, clean[key], reason)
        row.clashes.append(
            {
                "field": key,
                "file": clean[key],
                "staff": draft.fields.get(key),
                "was": {code: base.get(code, "") for code in reader.shown(key, draft.fields)},
                "by": who.name if who else None,
                "at": who.at.isoformat() if who else None,
            }
        )
    row.changes = {key: value for key, value in clean.items() if accepted or key not in clashing}
    row.before = {key: draft.fields.get(key) for key in row.changes}


def _read(
    reader: _Reader, row: LedgerRow, name: str, cells: Mapping[str, str], current: Mapping[str, Value]
) -> dict[str, Value]:
    try:
        return field_of(name, cells, reader.columns, current, today=reader.today)
    except Invalid as error:
        row.against(Kind.BAD_CELL, reader.columns[name].header, error.value, str(error))
        return {}


def _cleaned(reader: _Reader, row: LedgerRow, wanted: Mapping[str, Value], draft: Draft) -> dict[str, Value]:
    """Check the values as the desk does; what differs from the present state is returned."""
    try:
        clean = cleaned(wanted)
    except BadFields as errors:
        for error in errors.problems:
            row.against(Kind.BAD_CELL, _header(reader, error.field or ""), error.value, str(error))
        return {}
    if clean.get("lifecycle") and draft.code:
        try:
            settled_life(draft.life(), Life(*clean["lifecycle"]))
        except Invalid as error:
            row.against(Kind.BAD_CELL, _header(reader, "lifecycle"), error.value, str(error))
    if clean.get("position"):
        _placed(reader, row, clean, draft)
    region = clean.get("region_code", draft.fields.get("region_code"))
    if not reader.reach.includes(region):
        _not_yours(reader, row, region)
    return {key: value for key, value in clean.items() if value != draft.fields.get(key)}


def _placed(reader: _Reader, row: LedgerRow, clean: dict[str, Value], draft: Draft) -> None:
    """A pin lies in the county that the row names; its region follows it there."""
    at = Position(*clean["position"])._replace(held=False)
    clean["position"] = list(at)
    region = clean.get("region_code", draft.fields.get("region_code"))
    # A township is known by its county: where exactly its border runs, no pin is asked.
    expected = [(region or reader.ledger.region)[:6]]
    pin = placed(reader.session, at, mainland=reader.mainland, expected=expected)
    if pin.problem is None:
        if not region and pin.region is not None:
            clean["region_code"] = pin.region
        return
    where = reader.regions.get(pin.region or "", "another province")
    if pin.problem == "at_sea":
        reason = "this position is not on the mainland"
    else:
        reason = f"this position lies in {where}; the row says {reader.regions.get(region or reader.ledger.region)}"
    if pin.offers:
        offer = pin.offers[0]
        turned = " with longitude and latitude the other way round" if offer.swapped else ""
        reason += f" (it would fit as {offer.position.datum}{turned})"
    row.against(Kind.BAD_CELL, _header(reader, "position"), f"{at.lon:.15g}, {at.lat:.15g}", reason)


def _new(reader: _Reader, row: LedgerRow, line: LedgerLine) -> None:
    given = {code: text for code, text in line.cells.items() if text not in _NOT_GIVEN}
    begun = empty()
    wanted: dict[str, Value] = {}
    for name, columns in reader.parts.items():
        cells = {column.code: given[column.code] for column in columns if column.code in given}
        if cells:
            wanted |= _read(
                reader, row, name, cells if len(columns) > 1 else {name: cells[name]}, begun.fields
            )
    if not row.name:
        row.against(Kind.NO_NAME, reader.columns["name.zh"].header, "", "a station needs a name")
        return
    wanted = {**begun.fields, "kind": kind_of(row.name), "region_code": reader.ledger.region, **wanted}
    clean = _cleaned(reader, row, wanted, begun)
    if any(problem.severity is Severity.REJECT for problem in row.problems):
        return
    row.new = True
    row.changes = {**begun.fields, **clean}
    _twins(reader, row)


def _twins(reader: _Reader, row: LedgerRow) -> None:
    like = namesakes(reader.session, row.name, row.changes["region_code"])
    if row.changes.get("position"):
        pin = placed(reader.session, Position(*row.changes["position"]), mainland=reader.mainland)
        near = neighbours(reader.session, pin.lon, pin.lat, name=row.name, within_m=TWIN_M)
        like += [one.code for one in near if one.twin and one.code not in like]
    if like:
        reason = f"a station of a like name is there: {', '.join(like[:3])}; is it the same?"
        row.against(Kind.NEAR_LIKE, reader.columns["name.zh"].header, row.name, reason)


def _deleted(reader: _Reader, rows: Mapping[int, LedgerRow]) -> Iterator[LedgerRow]:
    """Tell of the stations whose rows are gone: nothing happens to them."""
    named = {row.code for row in rows.values()}
    codes = [code for code in reader.ledger.base if code not in named]
    known = _known(reader.session, codes)
    for code in codes:
        if code in known:
            name = reader.ledger.base[code].get("name.zh", "")
            row = LedgerRow(
                -known[code], name, {"code": code, "name": name}, station_id=known[code], absent=True
            )
            row.against(
                Kind.ABSENT, "", name, "its row was taken out of the ledger; the station stays as it is"
            )
            yield row


def _not_yours(reader: _Reader, row: LedgerRow, region: str | None) -> None:
    where = reader.regions.get(region or "", "no region that is known")
    reason = f"the row writes in {where}, where you may change nothing; its own union keeps it"
    row.against(Kind.NOT_YOURS, _header(reader, "region_code"), region, reason)


def _header(reader: _Reader, name: str) -> str:
    column = reader.columns.get(name)
    return column.header if column is not None else name
