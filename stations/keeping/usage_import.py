"""A list of visits, CSV or a workbook, read into figures: which column says what, which station is meant, which rows fail.

A list may be long (station, period, visits) or wide: a column for each month or for each occupation. A station is named
by its code or its whole name; a name that two stations bear names neither.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.io.rows import Row, Source, row_label
from geo.io.tables import open_table
from stations import vocabulary as words
from stations.errors import Invalid
from stations.keeping.usage import Entry
from stations.keeping.usage_words import Counted, Period, counted, occupation, period
from stations.models import Region, Station

__all__ = ["Failed", "Meaning", "Read", "find", "read"]

#: Rows of one list: a province of ten thousand stations tells of each month of a year.
MOST: Final = 200_000
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "code": ("站点编号", "站点编码", "驿站编号", "编号", "编码", "代码", "code", "stationcode"),
    "name": ("站点名称", "驿站名称", "站点", "驿站", "名称", "name", "station"),
    "period": ("统计时间", "统计月份", "统计时段", "时间", "月份", "时段", "期间", "日期", "周期", "period", "month", "date"),
    "year": ("年份", "年度", "年", "year"),
    "visits": (
        "服务人次", "使用人次", "到访人次", "接待人次", "人次", "人数", "服务人数", "接待人数", "使用次数", "合计", "总计", "visits", "count",
    ),
    "occupation": ("职业", "人群", "服务对象", "群体", "类别", "occupation"),
}  # fmt: skip
_BRACKETS: Final = re.compile(r"[(（\[【].*?[)）\]】]")
_OF_A_YEAR: Final = re.compile(r"(\d{1,2})月份?|(?:第)?([一二三四1-4])季度")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column is taken for: ``code``, ``name``, ``period``, ``year``, ``visits``, ``occupation``, or None.

    period, occupation: what all its visits are of, where its header says so.
    """

    header: str
    means: str | None
    period: str | None = None
    occupation: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A row that cannot be taken: its number as people count, and why."""

    row: str
    why: str
    reason: str


@dataclass(frozen=True, slots=True)
class Read:
    """What a list says: its columns, the figures that can be taken, and the rows that cannot. rows: how many it has."""

    columns: tuple[Meaning, ...]
    entries: tuple[Entry, ...]
    failed: tuple[Failed, ...]
    rows: int


def read(session: Session, path: Path, *, today: date, within: Sequence[str] | None = None) -> Read:
    """Read a list. within: codes of regions whose stations may be meant, with all below them; None for all.

    Raises Invalid where no column names the station or the visits; FileError, in words, where it is no table.
    """
    source = open_table(path)
    columns = _columns(source)
    known = _Stations(session, within)
    entries: dict[tuple[int, Period, str | None], tuple[Counted, str]] = {}
    failed: list[Failed] = []
    rows = 0
    for chunk in source.chunks():
        for row in chunk:
            rows += 1
            if rows > MOST:
                raise Invalid(
                    f"files: more than {MOST:,} rows; split the list", field="files", reason="too_many_rows"
                )
            number = row_label(row.number)
            try:
                found = _row(row, columns, known, today)
                for entry in found:
                    key = (entry.station_id, entry.period, entry.occupation)
                    before = entries.get(key)
                    if before is not None and before[0] != entry.counted:
                        raise Invalid(
                            f"visits: {entry.period} was {before[0]} in row {before[1]}, and is {entry.counted} here; keep one",
                            reason="told_twice",
                        )
                entries |= {(e.station_id, e.period, e.occupation): (e.counted, number) for e in found}
            except Invalid as error:
                failed.append(Failed(number, str(error), error.reason or ""))
    told = tuple(Entry(station, of, count, who) for (station, of, who), (count, _) in entries.items())
    return Read(columns, told, tuple(failed), rows)


def find(session: Session, text: str, *, within: Sequence[str] | None = None) -> int:
    """Return the id of the station that a code or a whole name means. Raises Invalid for none, or for several."""
    return _Stations(session, within).find(text, text)


class _Stations:
    """The stations that may be meant, by code and by name."""

    def __init__(self, session: Session, within: Sequence[str] | None) -> None:
        wanted = select(Station.id, Station.code, Station.names["zh"].astext).where(
            Station.withdrawn_reason.is_(None)
        )
        if within is not None:
            below = select(Region.code).where(Region.lineage.overlap(list(within)))
            wanted = wanted.where(Station.region_code.in_(below))
        self._codes: dict[str, int] = {}
        self._names: dict[str, list[int]] = {}
        for number, code, name in session.execute(wanted):
            self._codes[code.lower()] = number
            self._names.setdefault(_key(name), []).append(number)

    def find(self, code: str, name: str) -> int:
        """Return the id of a station by its code where that is given, else by its name."""
        if code and (found := self._codes.get(_key(code))) is not None:
            return found
        if code and code != name:
            raise Invalid(
                f"code: no station here has the code {code[:60]!r}",
                field="code",
                value=code,
                reason="no_station",
            )
        if not name:
            raise Invalid(
                "name: the row names no station; write its code or its name", field="name", reason="nameless"
            )
        named = self._names.get(_key(name), [])
        if len(named) == 1:
            return named[0]
        if named:
            raise Invalid(
                f"name: {len(named)} stations are called {name[:60]!r}; write the code",
                field="name",
                value=name,
                reason="several",
            )
        raise Invalid(
            f"name: no station here is called {name[:60]!r}", field="name", value=name, reason="no_station"
        )


def _columns(source: Source) -> tuple[Meaning, ...]:
    found: list[Meaning] = []
    taken: set[str] = set()
    for header in source.columns:
        meaning = _meaning(header)
        if meaning.means in taken and not (meaning.period or meaning.occupation):
            meaning = Meaning(header, None)
        elif meaning.means is not None and not (meaning.period or meaning.occupation):
            taken.add(meaning.means)
        found.append(meaning)
    means = {each.means for each in found}
    shown = "、".join(source.columns)[:200]
    if not means & {"code", "name"}:
        raise Invalid(
            f"files: no column names the station (站点编号 or 站点名称); there are {shown}",
            field="files",
            reason="no_station_column",
        )
    if "visits" not in means:
        raise Invalid(
            f"files: no column has the visits (人次); there are {shown}",
            field="files",
            reason="no_visits_column",
        )
    if "period" not in means and not all(each.period for each in found if each.means == "visits"):
        if "year" not in means:
            raise Invalid(
                f"files: no column says when (月份, 2026-03); there are {shown}",
                field="files",
                reason="no_period_column",
            )
        # A list with a year and no month tells of whole years.
        found = [Meaning(each.header, "period") if each.means == "year" else each for each in found]
    return tuple(found)


def _meaning(header: str) -> Meaning:
    key = _key(_BRACKETS.sub("", header))
    for means, names in _NAMES.items():
        if key in names:
            return Meaning(header, means)
    who = words.OCCUPATION_ALIASES.get(key.removesuffix("人次").removesuffix("人数"))
    if who is not None or key in words.OCCUPATIONS:
        return Meaning(header, "visits", occupation=who or key)
    if _OF_A_YEAR.fullmatch(key.removesuffix("人次")):
        return Meaning(header, "visits", period=key.removesuffix("人次"))
    with suppress(Invalid):
        return Meaning(
            header, "visits", period=str(_month_of(period(key.removesuffix("人次"), today=date.max)))
        )
    for means, names in _NAMES.items():
        if any(len(name) > 2 and key.endswith(name) for name in names):
            return Meaning(header, means)
    return Meaning(header, None)


def _row(row: Row, columns: Sequence[Meaning], known: _Stations, today: date) -> list[Entry]:
    if row.problem is not None:
        raise Invalid(row.problem, reason="row")
    cells = {
        each.means: row.values.get(each.header, "") for each in columns if each.means not in {None, "visits"}
    }
    station = known.find(cells.get("code", ""), cells.get("name", ""))
    by_month = any(each.means == "period" and re.search("月|month", _key(each.header)) for each in columns)
    found = []
    for each in columns:
        text = row.values.get(each.header, "") if each.means == "visits" else ""
        if text in {"", "-", "—", "/", "–"}:
            continue
        when = period(_when(each.period, cells.get("period", ""), cells.get("year", "")), today=today)
        if by_month and each.period is None:
            when = _month_of(when)
            period(str(when), today=today)
        who = each.occupation or occupation(cells.get("occupation", ""))
        found.append(Entry(station, when, counted(text), who))
    if not found:
        raise Invalid(
            "visits: the row has no count; leave it out, or write 0 where nobody came", reason="no_count"
        )
    return found


def _month_of(one: Period) -> Period:
    """Return the month that a workbook made its first day of: it keeps 2026-03 as the date 2026-03-01."""
    if one.kind != "day" or one.begin.day != 1:
        return one
    return Period(one.begin, (one.begin + timedelta(days=32)).replace(day=1))


def _when(of_column: str | None, of_row: str, year: str) -> str:
    """Put together what header, row and year say of the period: 3月 is of a year that another column names."""
    text = of_column or of_row
    if of_column and of_row and not year:
        year = of_row
    if year and _OF_A_YEAR.fullmatch(_key(text)):
        return f"{year.removesuffix('度').removesuffix('年')}年{text}"
    if year and text.isdigit() and len(text) <= 2:
        return f"{year.removesuffix('度').removesuffix('年')}-{text}"
    return text or year


def _key(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()
