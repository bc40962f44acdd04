"""One file read and compared with the registry as it is: the part that looking and applying share. Nothing is written."""

from __future__ import annotations

import time
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.io import Source as Rows
from geo.io import open_source
from geo.io.rows import row_label
from stations import vocabulary as words
from stations.errors import Conflict, Invalid, NotFound
from stations.hours import SHANGHAI
from stations.imports.apply import lock_stations
from stations.imports.batches import SourceSpec, file_name, remembered
from stations.imports.columns import Columns
from stations.imports.comparing import judge_together, verdicts
from stations.imports.judge import Judge
from stations.imports.mapping import Mapping
from stations.imports.matching import match
from stations.imports.options import AS_IT_COMES, Options, Progress
from stations.imports.positions import stored_datum
from stations.imports.problems import Kind
from stations.imports.proposing import propose
from stations.imports.recording import find_absent
from stations.imports.staging import Stage
from stations.models import RegistryInfo, Source
from stations.registry.areas import Areas
from stations.registry.regions import mainland_of

__all__ = ["Judgement", "Task", "lock_source"]

_LOCKS: Final = 7_265_221
#: Rows in memory at a time; more is no faster.
_CHUNK: Final = 5_000
#: Each time somebody else wrote a station between comparing and locking; locked ones stay, so it ends soon.
_MOST_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Task:
    """One file, whose copy it is, who brings it and how it is to be taken."""

    path: Path
    actor: int
    source: SourceSpec
    datum: Datum | None = None
    mapping: Mapping | None = None
    options: Options = AS_IT_COMES
    #: What the file is called, where the path is a copy under another name.
    name: str | None = None


class Judgement:
    """A file in the temporary tables of this transaction, every row compared with the registry."""

    def __init__(self, session: Session, task: Task, say: Progress) -> None:
        self._session = session
        self.task = task
        self.options = options = task.options
        self.info = registry_for(session, options)
        self.rows = open_source(
            task.path,
            encoding=options.encoding,
            sheet=options.sheet,
            layer=options.layer,
            crs=options.crs,
        )
        # Long and few statements over whole sets: time and memory of their own, for this transaction alone.
        session.execute(
            text(
                "SELECT set_config('statement_timeout', '0', true), set_config('work_mem', '64MB', true), "
                "set_config('yz.actor', :actor, true)"
            ),
            {"actor": str(task.actor)},
        )
        self.known = session.scalar(select(Source).where(Source.code == task.source.code))
        self.mapping, self.notes = _mapping(task, self.known, self.rows.columns)
        self.columns = Columns.guess(self.rows.columns, self.mapping, id_column=options.id_column)
        self.datum, notes = _datum(task.path, self.rows, self.columns, task.datum)
        self.notes += [*self.rows.notes, *notes]
        if options.kind is not None and options.kind not in words.KINDS:
            raise Invalid(
                f"{options.kind!r} is no kind; one of {', '.join(words.KINDS)}",
                field="kind",
                value=options.kind,
            )
        self.today: date = options.today or datetime.now(SHANGHAI).date()
        self.judge = Judge(
            self.columns,
            areas=Areas.load(session),
            mainland=mainland_of(session),
            province=self.info.province_code,
            datum=self.datum,
            kind=options.kind,
            today=self.today,
        )
        self.stage = Stage(session)
        self.counts: AnyMapping[str, int] = {}
        self._read(say)
        say("compare", 0.0)
        match(self.stage, self.source_id)
        judge_together(self.stage)

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.task.name or file_name(self.task.path)

    @property
    def source_id(self) -> int:
        """The id of the source; 0 while nothing knows it."""
        return self.known.id if self.known is not None else 0

    @property
    def rejected(self) -> int:
        """How many rows cannot be taken."""
        return self.counts.get("rejected", 0)

    def compare(self, accepted: frozenset[int] | None, left_out: frozenset[int] = frozenset()) -> None:
        """Decide every row and propose what it writes. May be asked again with other decisions."""
        counts = verdicts(self.stage, accepted, source_id=self.source_id, left_out=left_out)
        propose(self.stage, source_id=self.source_id, today=self.today)
        absent = find_absent(
            self.stage, self.source_id, partial=self.options.partial, accepted=accepted or frozenset()
        )
        self.counts = counts | ({"absent": absent} if absent else {})

    def settle(self, accepted: frozenset[int] | None, left_out: frozenset[int] = frozenset()) -> None:
        """Lock what the last comparison would change, and compare again until nobody has written there meanwhile.

        Raises Conflict where others keep writing the same stations.
        """
        for _ in range(_MOST_TRIES):
            if lock_stations(self.stage):
                return
            self.compare(accepted, left_out)
        raise Conflict(
            f"others keep changing the stations of {self.task.path.name}; import it again when they are done"
        )

    def suspicions(self, problems: AnyMapping[Kind, int]) -> list[str]:
        """Say what the file as a whole suggests and no row alone can."""
        return _suspicions(problems, self.counts, self.datum)

    def _read(self, say: Progress) -> None:
        wanted = set(self.options.accept or ())
        for chunk in self.rows.chunks(_CHUNK):
            self.stage.add(self.judge.chunk(chunk))
            wanted.difference_update(row.number for row in chunk)
            say("judge", self.rows.progress())
        if wanted:
            raise Invalid(
                f"--accept names {', '.join(map(row_label, sorted(wanted)[:10]))}, and the file has no such row",
                field="accept",
            )
        self.stage.finish()


def lock_source(session: Session, code: str, *, wait_s: float | None = None) -> None:
    """Wait until no other import of this source runs; two at once would each take the other's stations for new ones.

    wait_s: how long at most, None for as long as it takes. Raises Conflict where it takes longer.
    """
    asked = {"space": _LOCKS, "code": code}
    if wait_s is None:
        session.execute(text("SELECT pg_advisory_xact_lock(:space, hashtext(:code))"), asked)
        return
    deadline = time.monotonic() + wait_s
    while not session.scalar(text("SELECT pg_try_advisory_xact_lock(:space, hashtext(:code))"), asked):
        if time.monotonic() >= deadline:
            raise Conflict(f"another import of the source {code!r} is running; wait until it is done")
        time.sleep(0.1)


def registry_for(session: Session, options: Options) -> RegistryInfo:
    info = session.get(RegistryInfo, 1)
    if info is None:
        raise NotFound("this registry is empty: load its regions first (yizhan regions load --province CODE)")
    if info.demonstration and not options.demonstration:
        raise Conflict(
            f"{info.name} is a demonstration registry, where nothing real belongs: import into a registry of your own "
            "(script/server --registry NAME --province CODE), or mark the batch with --demonstration"
        )
    if options.demonstration and not info.demonstration:
        raise Conflict(
            f"{info.name} is a real registry: a batch marked --demonstration does not belong there"
        )
    return info


def _datum(path: Path, rows: Rows, columns: Columns, asked: Datum | None) -> tuple[Datum | None, list[str]]:
    """Find the one datum declared for the file; None where each row says its own or nothing is located."""
    from geo.io.vectors import VectorSource

    constant = columns.constants.get("datum")
    said = {
        "the option": asked,
        "the mapping": Datum.parse(constant) if constant else None,
        "a header": columns.header_datum,
    }
    given = {where: datum for where, datum in said.items() if datum is not None}
    if len({stored_datum(datum) for datum in given.values()}) > 1:
        raise Invalid(
            "the datum is declared twice and differently: "
            + ", ".join(f"{where} says {datum}" for where, datum in given.items()),
            field="datum",
        )
    declared = next(iter(given.values()), None)
    vector = isinstance(rows, VectorSource)
    if vector and declared not in {None, Datum.WGS84, Datum.CGCS2000}:
        return declared, [f"{path.name} gives its CRS as if WGS 84; it was read as {declared}, as declared"]
    if declared is None and columns.located and columns.one("datum") is None:
        if not vector:
            raise Invalid(
                f"{path.name} has coordinates and nothing says their datum: pass --datum wgs84, gcj02 (高德, 腾讯), "
                "bd09 (百度) or cgcs2000 (天地图), or add a column 坐标系",
                field="datum",
            )
        return Datum.WGS84, [
            f"{path.name} was read as WGS 84, as its CRS says; if it came from Amap, pass --datum gcj02"
        ]
    return declared, []


def _mapping(task: Task, known: Source | None, headers: Sequence[str]) -> tuple[Mapping | None, list[str]]:
    """Return the mapping given, else the one remembered of the source without the columns that this file lacks."""
    if task.mapping is not None or known is None:
        return task.mapping, []
    before = remembered(known)
    if before is None:
        return None, []
    missing = [header for header in before.columns if header not in headers]
    rules = {header: rule for header, rule in before.columns.items() if header in headers}
    if task.options.id_column is not None:
        rules = {header: rule for header, rule in rules.items() if rule.field != "id"}
        rules.pop(task.options.id_column, None)
    constants = {
        name: value for name, value in before.constants.items() if name != "datum" or task.datum is None
    }
    notes = []
    if missing:
        notes.append(
            f"the last file of {known.code} had the columns {', '.join(missing)}, which this one has not"
        )
    if constants:
        said = ", ".join(f"{name} = {value}" for name, value in constants.items())
        notes.append(f"for every row, as with the last file of {known.code}: {said}")
    return Mapping(rules, constants), notes


def _suspicions(
    problems: AnyMapping[Kind, int], counts: AnyMapping[str, int], datum: Datum | None
) -> list[str]:
    """Say what the file as a whole suggests and no row alone can."""
    elsewhere = problems.get(Kind.OTHER_DATUM, 0)
    outside = elsewhere + problems.get(Kind.OUTSIDE_COUNTY, 0)
    if elsewhere >= 3 and elsewhere * 2 > outside:
        return [
            f"{elsewhere} of {outside} positions outside the county that their row names fit another datum than "
            f"{datum}: was the right one declared?"
        ]
    if (swapped := problems.get(Kind.SWAPPED, 0)) * 2 > _total(counts):
        return [
            f"{swapped} rows have longitude and latitude swapped: map the two columns the other way round"
        ]
    return []


def _total(counts: AnyMapping[str, int]) -> int:
    return sum(n for verdict, n in counts.items() if verdict != "absent")
