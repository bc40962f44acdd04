"""Every verdict and every kind of problem is earned by a row: one that nothing earns is a word without a meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from shapely.geometry import MultiPolygon, box
from sqlalchemy.orm import Session

from geo.datum import Datum, from_wgs84
from geo.mainland import Mainland
from stations.imports import Kind, Report
from stations.imports.ledger import write_ledger
from stations.imports.ledger_steps import prepare_ledger
from stations.imports.problems import SEVERITIES, Severity
from stations.models.imports import VERDICTS
from stations.registry.registry import get, set_lifecycle, withdraw
from stations.registry.writing import OPERATOR, actor_id
from tests.stations.committed import as_somebody, member, squares
from tests.stations.import_helpers import CHENGDONG, CHENGZHONG, LEDU, MINHE, run, station, write

Cells = dict[str, object]
#: What earns something: it imports, and returns the report and the number of the row (None: any row).
Earns = Callable[["Desk"], tuple[Report, int | None]]
EARNED_BY: dict[Kind | str, Earns] = {}


#: Those whose rows need commits of their own: who wrote something is known by its commit.
COMMITS: set[Earns] = set()


def earns(*what: Kind | str, commits: bool = False) -> Callable[[Earns], Earns]:
    def register(case: Earns) -> Earns:
        for one in what:
            assert one not in EARNED_BY, f"{one} is earned twice"
            EARNED_BY[one] = case
        if commits:
            COMMITS.add(case)
        return case

    return register


class Desk:
    """A registry of four counties, committed, and a folder for lists."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session, self.folder = session, folder
        self.operator = actor_id(session, OPERATOR)

    def take(self, *rows: Cells, source: str = "list", **options: Any) -> Report:
        report = run(self.session, write(self.folder / "list.csv", rows), source=source, **options)
        self.session.commit()
        return report

    def text(self, content: str) -> Report:
        path = self.folder / "list.csv"
        path.write_text(content, encoding="utf-8")
        report = run(self.session, path)
        self.session.commit()
        return report

    def ledger(
        self, edit: Callable[[Any], None], *, actor: int | None = None, region: str = "630100"
    ) -> Report:
        path = self.folder / "ledger.xlsx"
        write_ledger(self.session, region, path)
        book = load_workbook(path)
        edit(book["台账"])
        book.save(path)
        report = prepare_ledger(self.session, path, actor=actor or self.operator)
        self.session.commit()
        return report


@contextmanager
def desk_for(case: Earns, request: pytest.FixtureRequest, folder: Path) -> Iterator[Desk]:
    if case in COMMITS:
        with squares(request.getfixturevalue("new_database")) as engine, Session(engine) as session:
            yield Desk(session, folder)
    else:
        yield Desk(request.getfixturevalue("qinghai"), folder)


def row(
    name: str = "城东区工会驿站", place: tuple[float, float] | None = CHENGDONG, **cells: object
) -> Cells:
    position = {} if place is None else {"经度": place[0], "纬度": place[1]}
    return {"站点名称": name, "所属区县": "城东区", "详细地址": f"{name}的地址", **position, **cells}


def header(sheet: Any, name: str) -> int:
    return next(cell.column for cell in sheet[1] if cell.value == name)


# --- verdicts


@earns("the verdict new")
def _new(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row()), None


@earns("the verdict unchanged")
def _unchanged(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row())
    return desk.take(row()), None


@earns("the verdict changed")
def _changed(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row())
    return desk.take(row(电话="0971-8123456")), 2


@earns("the verdict rejected", Kind.BAD_NUMBER)
def _bad_number(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(容纳人数="-5")), 2


@earns("the verdict suspect", Kind.OUTSIDE_PROVINCE)
def _outside_province(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(place=(103.8, 36.0))), 2


@earns("the verdict conflict", Kind.STAFF_CHANGED, commits=True)
def _staff_changed(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row(电话="0971-1111111"))
    with as_somebody(desk.session, desk.operator):
        get(desk.session, station(desk.session, "城东区工会驿站").code).phone = "0971-9999999"
    return desk.take(row(电话="0971-2222222")), 2


@earns("the verdict absent", Kind.ABSENT)
def _absent(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row(), row("第二站", (101.55, 36.6)))
    report = desk.take(row())
    return report, -station(desk.session, "第二站").id


# --- rejected


@earns(Kind.BROKEN_ROW)
def _broken_row(desk: Desk) -> tuple[Report, int | None]:
    return desk.text("名称,地址\n甲站,甲路\n乙站,乙路,多出来\n丙站,丙路\n"), 3


@earns(Kind.NO_NAME)
def _no_name(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(""), row("别站", CHENGZHONG)), 2


@earns(Kind.BAD_TEXT)
def _bad_text(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row("长" * 201)), 2


@earns(Kind.BAD_COORDINATE)
def _bad_coordinate(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(经度="东经某处")), 2


@earns(Kind.HALF_POSITION)
def _half_position(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(纬度="")), 2


@earns(Kind.NOT_ON_EARTH)
def _not_on_earth(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(经度="500", 纬度="600")), 2


@earns(Kind.BAD_DATUM)
def _bad_datum(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(坐标系="月球")), 2


@earns(Kind.NO_DATUM)
def _no_datum(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(坐标系=""), row("别站", LEDU, 所属区县="乐都区", 坐标系="WGS84"), datum=None), 2


@earns(Kind.DATUM_CONFLICT)
def _datum_conflict(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(坐标系="GCJ-02")), 2


@earns(Kind.BAD_LIFECYCLE)
def _bad_lifecycle(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(状态="薛定谔")), 2


@earns(Kind.BAD_HOURS)
def _bad_hours(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(开放时间="时" * 1001)), 2


@earns(Kind.BAD_PHONE)
def _bad_phone(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(联系电话="1.38E+10")), 2


@earns(Kind.REPEATED_ID)
def _repeated_id(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row("甲", id=1), row("乙", CHENGZHONG, id=1), id_column="id"), 2


@earns(Kind.NOT_YOURS, commits=True)
def _not_yours(desk: Desk) -> tuple[Report, int | None]:
    east = member(desk.session, "dong", "630102")
    return desk.take(row(), row("乙站", CHENGZHONG, 所属区县="城中区"), actor=east), 3


@earns(Kind.UNKNOWN_CODE)
def _unknown_code(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row())

    def edit(sheet: Any) -> None:
        sheet.cell(2, header(sheet, "编码")).value = "63-NOPE"

    return desk.ledger(edit), 2


@earns(Kind.OTHER_LEDGER)
def _other_ledger(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row(), row("民和站", MINHE, 所属区县="民和"))
    code = station(desk.session, "民和站").code

    def edit(sheet: Any) -> None:
        sheet.cell(2, header(sheet, "编码")).value = code

    return desk.ledger(edit), 2


@earns(Kind.BAD_CELL)
def _bad_cell(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row())

    def edit(sheet: Any) -> None:
        sheet.cell(2, header(sheet, "建成时间")).value = "去年"

    return desk.ledger(edit), 2


# --- suspects that are not stored


@earns(Kind.AMBIGUOUS)
def _ambiguous(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row("甲站", 详细地址="一路1号"), row("甲站", (101.55, 36.6), 详细地址="二路2号"))
    return desk.take(row("甲站", (101.45, 36.6), 详细地址="三路3号")), 2


@earns(Kind.CONTRADICTED)
def _contradicted(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(电话="0971-1111111"), row(电话="0971-2222222")), 2


# --- suspects of position


@earns(Kind.SWAPPED)
def _swapped(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(place=(36.6, 101.5))), 2


@earns(Kind.OUTSIDE_COUNTY)
def _outside_county(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(place=MINHE)), 2


@earns(Kind.OTHER_DATUM)
def _other_datum(desk: Desk) -> tuple[Report, int | None]:
    mainland = Mainland(MultiPolygon([box(73, 18, 135, 54)]))
    lon, lat = from_wgs84(101.5995, 36.6, Datum.GCJ02, mainland=mainland)
    return desk.take(row(place=(float(lon), float(lat)))), 2


@earns(Kind.ON_TOP)
def _on_top(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row("甲站"), row("乙站")), 2


# --- suspects of fact


@earns(Kind.UNKNOWN_DISTRICT)
def _unknown_district(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(所属区县="高新区")), 2


@earns(Kind.NEAR_LIKE)
def _near_like(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row("工会驿站（城东大药房）"))
    return desk.take(
        row("城东大药房户外劳动者驿站", (CHENGDONG[0] + 0.0002, CHENGDONG[1])), source="other"
    ), 2


# --- conflicts


@earns(Kind.CHANGED_SINCE, commits=True)
def _changed_since(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row(电话="0971-1111111"))

    def edit(sheet: Any) -> None:
        sheet.cell(2, header(sheet, "联系电话")).value = "0971-2222222"
        with as_somebody(desk.session, desk.operator):
            get(desk.session, station(desk.session, "城东区工会驿站").code).phone = "0971-9999999"

    return desk.ledger(edit), 2


# --- notes


@earns(Kind.UNKNOWN_WORD)
def _unknown_word(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(服务设施="饮水、瑜伽垫")), 2


@earns(Kind.UNREAD)
def _unread(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(建成时间="去年")), 2


@earns(Kind.GUESSED_KIND)
def _guessed_kind(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row("门口那间")), 2


@earns(Kind.HOURS_NOT_UNDERSTOOD)
def _hours_not_understood(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(开放时间="看心情")), 2


@earns(Kind.REPEATED_ROW)
def _repeated_row(desk: Desk) -> tuple[Report, int | None]:
    return desk.take(row(序号=1), row(序号=2)), 3


@earns(Kind.WITHDRAWN)
def _withdrawn(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row())
    with as_somebody(desk.session, desk.operator):
        withdraw(
            desk.session, get(desk.session, station(desk.session, "城东区工会驿站").code), reason="录错了"
        )
    return desk.take(row()), 2


@earns(Kind.STAFF_STANDS, commits=True)
def _staff_stands(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row(电话="0971-1111111"))
    with as_somebody(desk.session, desk.operator):
        get(desk.session, station(desk.session, "城东区工会驿站").code).phone = "0971-9999999"
    return desk.take(row(电话="0971-1111111")), 2


@earns(Kind.BACK_AGAIN)
def _back_again(desk: Desk) -> tuple[Report, int | None]:
    desk.take(row())
    with as_somebody(desk.session, desk.operator):
        one = get(desk.session, station(desk.session, "城东区工会驿站").code)
        set_lifecycle(desk.session, one, "suspended", on=date(2026, 1, 5), reason="名单不再列出")
    return desk.take(row()), 2


VERDICTS_OF = {
    Severity.REJECT: {"rejected"},
    Severity.AMBIGUOUS: {"suspect"},
    Severity.HOLD: {"suspect"},
    Severity.DOUBT: {"suspect"},
    Severity.CONFLICT: {"conflict"},
    Severity.ABSENT: {"absent"},
    Severity.NOTE: {"new", "changed", "unchanged"},
}


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_of_problem_is_earned_by_a_row_and_weighs_what_it_should(
    request: pytest.FixtureRequest, tmp_path: Path, kind: Kind
) -> None:
    assert kind in EARNED_BY, f"no row earns {kind}: add one"
    with desk_for(EARNED_BY[kind], request, tmp_path) as desk:
        report, number = EARNED_BY[kind](desk)
    (earner,) = (one for one in report.rows if one.number == number)
    assert kind in {problem.kind for problem in earner.problems}
    assert report.problems[kind] >= 1
    assert earner.verdict in VERDICTS_OF[SEVERITIES[kind]]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_is_earned_by_a_row(
    request: pytest.FixtureRequest, tmp_path: Path, verdict: str
) -> None:
    case = EARNED_BY.get(f"the verdict {verdict}")
    assert case is not None, f"no row earns {verdict}: add one"
    with desk_for(case, request, tmp_path) as desk:
        report, number = case(desk)
    assert report.counts[verdict] >= 1
    assert number is None or verdict in {one.verdict for one in report.rows if one.number == number}
