"""A county's ledger goes out as a workbook, is edited, and comes back: only edited cells change anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.errors import FileError
from stations.errors import Conflict, Invalid, NotFound
from stations.hours import parse_words
from stations.imports import Kind, Report, Unseen, apply, decide, undo
from stations.imports.ledger import read_ledger, write_ledger
from stations.imports.ledger_steps import prepare_ledger
from stations.models import Batch, BatchRow
from stations.registry import registry as stations
from stations.registry.regions import mainland_of
from stations.registry.registry import AmenityFact, get, locate
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import AMENITIES, Basis, Value
from tests.stations.committed import as_somebody, member, squares
from tests.stations.import_helpers import (
    CHENGDONG,
    CHENGZHONG,
    TODAY,
    amenities,
    count,
    registry,
    station,
)  # fmt: skip


@pytest.fixture
def ground(new_database: Callable[[], str]) -> Iterator[Session]:
    """Three stations of 城东区 and one of 城中区, committed."""
    with squares(new_database) as engine, Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        mainland = mainland_of(session)
        with acting(session, operator, reason="test"):
            first = stations.add(
                session,
                names={"zh": "甲站", "bo": "བོད", "en": "=First"},
                kind="union_station",
                region_code="630102",
                phone="0971-0123456",
                address="一路1号\n二楼",
                opened_on=date(2024, 5, 1),
                capacity=12,
                amenities={
                    "drinking_water": AmenityFact(Value.YES, Basis.OBSERVED),
                    "heating": AmenityFact(Value.NO),
                    "toilet": AmenityFact(Value.YES, Basis.LISTED, out_of_order=True),
                    "wifi": AmenityFact(Value.YES, Basis.INFERRED),
                },
                hours=parse_words("每天8:00-20:00", today=TODAY).hours,
                partners=[("co_builder", "建设银行"), ("co_builder", "邮政")],
            )
            locate(session, first, *CHENGDONG, datum=Datum.GCJ02, mainland=mainland)
            for name in ("乙站", "丙站"):
                stations.add(session, names={"zh": name}, kind="care_station", region_code="630102")
            other = stations.add(session, names={"zh": "外站"}, kind="care_station", region_code="630103")
            locate(session, other, *CHENGZHONG, datum=Datum.WGS84, mainland=mainland)
        session.commit()
        yield session


class Book:
    """A ledger in hand: cells by the name of the station and the header, as somebody at a desk sees them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = load_workbook(path)
        self.sheet = self.book.worksheets[0]

    @property
    def headers(self) -> list[Any]:
        return [cell.value for cell in self.sheet[1]]

    def row(self, name: str) -> int:
        column = self.headers.index("名称") + 1
        return next(
            at for at in range(2, self.sheet.max_row + 1) if self.sheet.cell(at, column).value == name
        )

    def cell(self, name: str, header: str) -> Any:
        return self.sheet.cell(self.row(name), self.headers.index(header) + 1)

    def put(self, name: str, **cells: object) -> None:
        row = self.row(name)
        for header, value in cells.items():
            self.sheet.cell(row, self.headers.index(header) + 1).value = value

    def add(self, **cells: object) -> int:
        row = self.sheet.max_row + 1
        for header, value in cells.items():
            self.sheet.cell(row, self.headers.index(header) + 1).value = value
        return row

    def save(self) -> Path:
        self.book.save(self.path)
        return self.path


def download(session: Session, tmp_path: Path, region: str = "630102", lang: str = "zh") -> Book:
    path = tmp_path / "ledger.xlsx"
    write_ledger(session, region, path, lang)
    return Book(path)


def judged(session: Session, path: Path, actor: int | None = None, **options: Any) -> Report:
    report = prepare_ledger(session, path, actor=actor or actor_id(session, OPERATOR), **options)
    session.commit()
    return report


def uploaded(session: Session, path: Path, **options: Any) -> Report:
    report = judged(session, path)
    assert report.batch_id is not None
    done = apply(session, report.batch_id, path, actor=actor_id(session, OPERATOR), **options)
    session.commit()
    return done


def problems(report: Report, number: int) -> set[Kind]:
    return {problem.kind for row in report.rows if row.number == number for problem in row.problems}


def test_a_ledger_shows_every_station_of_its_county_as_text_with_drop_downs(
    ground: Session, tmp_path: Path
) -> None:
    book = download(ground, tmp_path)
    assert [book.sheet.cell(at, 2).value for at in range(2, book.sheet.max_row + 1)] == [
        "甲站",
        "乙站",
        "丙站",
    ]
    shown = {
        header: book.cell("甲站", header).value
        for header in ("编码", "类型", "状态", "所属区县", "联系电话", "建成时间", "经度", "坐标系", "开放时间", "共建单位",
                       "饮水", "暖气", "卫生间", "Wi-Fi", "空调", "藏文名称", "英文名称", "容纳人数")
    }  # fmt: skip
    assert shown == {
        "编码": station(ground, "甲站").code, "类型": "工会驿站", "状态": "运营中", "所属区县": "城东区",
        "联系电话": "0971-0123456", "建成时间": "2024-05-01", "经度": "101.5", "坐标系": "GCJ-02（高德、腾讯）",
        "开放时间": "每天8:00-20:00", "共建单位": "建设银行、邮政", "饮水": "有", "暖气": "无", "卫生间": "损坏",
        "Wi-Fi": "有（推断）", "空调": "未知", "藏文名称": "བོད", "英文名称": "=First", "容纳人数": "12",
    }  # fmt: skip
    formats = {cell.number_format for line in book.sheet.iter_rows(min_row=2) for cell in line if cell.value}
    assert formats == {"@"}
    assert book.sheet.column_dimensions["P"].number_format == "@"
    assert book.cell("甲站", "英文名称").data_type == "s"
    assert book.sheet.freeze_panes == "C2"
    assert {sheet.title: sheet.sheet_state for sheet in book.book.worksheets[1:]} == {
        "_base": "veryHidden", "_lists": "veryHidden",
    }  # fmt: skip
    rules = {str(rule.sqref).split(":")[0]: rule for rule in book.sheet.data_validations.dataValidation}
    assert (rules["A2"].type, rules["A2"].formula1) == ("custom", "FALSE")
    lists = book.book["_lists"]
    offered = {
        header: [
            cell.value
            for cell in lists[int(rules[f"{cell.column_letter}2"].formula1.split("$")[2].split(":")[0])]
            if cell.value
        ]
        for cell in book.sheet[1]
        if (header := cell.value) in {"状态", "饮水", "收费"}
    }
    assert offered == {
        "状态": ["规划中", "建设中", "运营中", "暂停服务", "已关闭"], "饮水": ["有", "无", "未知", "损坏"],
        "收费": ["免费", "收费", "收费情况未知"],
    }  # fmt: skip
    assert book.sheet["A1"].comment is not None
    assert set(book.headers) >= {term.zh for term in AMENITIES.values()}


def test_a_saved_ledger_that_nobody_edited_changes_nothing(ground: Session, tmp_path: Path) -> None:
    before = registry(ground), count(ground, "history"), count(ground)
    book = download(ground, tmp_path)
    assert uploaded(ground, book.path).counts == {"unchanged": 3}
    assert uploaded(ground, book.save()).counts == {"unchanged": 3}
    assert (registry(ground), count(ground, "history"), count(ground)) == before
    with BytesIO() as stream:
        assert write_ledger(ground, "630000", stream, "en") == 4
        (tmp_path / "en.xlsx").write_bytes(stream.getvalue())
    english = load_workbook(tmp_path / "en.xlsx").worksheets[0]
    assert [english.cell(1, at).value for at in (1, 2, 3)] == ["Code", "Name", "Region"]
    assert uploaded(ground, tmp_path / "en.xlsx").counts == {"unchanged": 4}


def test_only_edited_cells_change_and_a_cleared_cell_takes_the_fact_out(
    ground: Session, tmp_path: Path
) -> None:
    book = download(ground, tmp_path)
    book.put(
        "甲站", 联系电话="0971-7654321", 详细地址=None, 饮水="损坏", 暖气=None, 共建单位="邮政、农业银行",
        开放时间="每天9:00-18:00", 状态="暂停服务", 状态起始日期="2026-03-01", 状态原因="装修", 建成时间=None,
        类型="骑手驿站", 容纳人数="20", 空调="有",
    )  # fmt: skip
    book.put("乙站", 经度="101.55", 纬度="36.6", 坐标系="WGS84", 英文名称="Second")
    report = uploaded(ground, book.save())
    assert (report.status, report.counts) == ("applied", {"changed": 2, "unchanged": 1})
    one = station(ground, "甲站")
    assert (one.phone, one.address, one.kind, one.capacity, one.opened_on) == (
        "0971-7654321", None, "rider_station", 20, None,
    )  # fmt: skip
    assert (one.lifecycle, one.lifecycle_since, one.lifecycle_reason) == (
        "suspended",
        date(2026, 3, 1),
        "装修",
    )
    assert (one.hours_expression, one.names["en"], one.names["bo"]) == ("09:00-18:00", "=First", "བོད")
    found = amenities(ground, "甲站")
    assert found["drinking_water"][0] == "yes"
    assert found["heating"][0] == "unknown"
    assert (found["toilet"][0], found["wifi"]) == ("yes", ("yes", "inferred"))
    partners = ground.scalars(
        text("SELECT o.name FROM partners JOIN organisations o ON o.id = organisation_id ORDER BY 1")
    )
    assert sorted(partners) == sorted(["邮政", "农业银行"])
    two = station(ground, "乙站")
    assert (round(two.lon, 6), two.original_datum, two.names["en"]) == (101.55, "wgs84", "Second")
    kept = ground.query(BatchRow).filter_by(batch_id=report.batch_id, row_number=2).one()
    assert kept.before is not None
    assert kept.after is not None
    assert (kept.before["phone"], kept.after["phone"]) == ("0971-0123456", "0971-7654321")
    assert uploaded(ground, book.path).counts["unchanged"] == 3


def test_what_somebody_else_changed_meanwhile_is_a_conflict_in_that_cell_alone(
    ground: Session, tmp_path: Path
) -> None:
    book = download(ground, tmp_path)
    editor = member(ground, "mei", None)
    with as_somebody(ground, editor):
        one = get(ground, station(ground, "甲站").code)
        one.phone, one.address = "0971-9999999", "三路3号"
    book.put("甲站", 联系电话="0971-7654321", 容纳人数="20")
    report = uploaded(ground, book.save())
    assert report.counts == {"conflict": 1, "unchanged": 2}
    one = station(ground, "甲站")
    assert (one.phone, one.address, one.capacity) == ("0971-9999999", "三路3号", 20)
    kept = ground.query(BatchRow).filter_by(batch_id=report.batch_id, verdict="conflict").one()
    assert kept.conflicts is not None
    (conflict,) = kept.conflicts
    assert (conflict["field"], conflict["file"], conflict["staff"], conflict["by"]) == (
        "phone", "0971-7654321", "0971-9999999", "mei先生",
    )  # fmt: skip
    decide(ground, kept.batch_id, "accept", actor=actor_id(ground, OPERATOR), rows=[kept.row_number])
    ground.commit()
    assert station(ground, "甲站").phone == "0971-7654321"


def test_an_accepted_row_wins_and_a_rejected_one_writes_nothing(ground: Session, tmp_path: Path) -> None:
    operator = actor_id(ground, OPERATOR)
    book = download(ground, tmp_path)
    with as_somebody(ground, operator):
        get(ground, station(ground, "甲站").code).phone = "0971-9999999"
    book.put("甲站", 联系电话="0971-7654321")
    book.put("乙站", 容纳人数="5")
    path = book.save()
    batch = judged(ground, path).batch_id
    assert batch is not None
    decide(ground, batch, "accept", actor=operator, verdict="conflict")
    decide(ground, batch, "reject", actor=operator, verdict="changed")
    apply(ground, batch, path, actor=operator)
    ground.commit()
    assert (station(ground, "甲站").phone, station(ground, "乙站").capacity) == ("0971-7654321", None)


def test_a_ledger_that_reads_differently_by_now_is_not_applied_unseen(
    ground: Session, tmp_path: Path
) -> None:
    operator = actor_id(ground, OPERATOR)
    book = download(ground, tmp_path)
    book.put("甲站", 联系电话="0971-7654321")
    path = book.save()
    batch = judged(ground, path).batch_id
    assert batch is not None
    with as_somebody(ground, operator):
        get(ground, station(ground, "甲站").code).phone = "0971-9999999"
    with pytest.raises(Unseen) as caught:
        apply(ground, batch, path, actor=operator)
    ground.rollback()
    assert [(row.number, row.seen, row.verdict) for row in caught.value.rows] == [(2, "changed", "conflict")]
    assert station(ground, "甲站").phone == "0971-9999999"


def test_sorted_rows_moved_and_removed_columns_and_further_sheets_are_fine(
    ground: Session, tmp_path: Path
) -> None:
    book = download(ground, tmp_path)
    book.put("丙站", 容纳人数="7")
    lines = [[cell.value for cell in line] for line in book.sheet.iter_rows()]
    keep = [at for at, header in enumerate(lines[0]) if header in {"容纳人数", "名称", "编码", "联系电话"}]
    made = book.book.create_sheet("给领导看的", 0)
    made.append(["说明", "请勿外传"])
    moved = book.book.create_sheet("汇总", 1)
    moved.append([])
    for line in [lines[0], *reversed(lines[1:])]:
        moved.append([line[at] for at in reversed(keep)] + ["自己的一列"])
    book.book.remove(book.book["台账"])
    report = uploaded(ground, book.save())
    assert report.counts == {"changed": 1, "unchanged": 2}
    assert any("自己的一列" in note for note in report.notes)
    assert (station(ground, "丙站").capacity, station(ground, "甲站").phone) == (7, "0971-0123456")


def test_a_row_that_was_added_becomes_a_station_and_one_that_was_deleted_does_nothing(
    ground: Session, tmp_path: Path
) -> None:
    book = download(ground, tmp_path)
    book.sheet.delete_rows(book.row("丙站"))
    book.add(
        名称="新建工会驿站",
        经度="101.45",
        纬度="36.6",
        坐标系="WGS84",
        饮水="有",
        空调="未知",
        联系电话="0971-1112222",
    )
    twin = book.add(名称="乙站", 详细地址="别处")
    path = book.save()
    report = judged(ground, path)
    assert report.counts == {"unchanged": 2, "new": 1, "suspect": 1, "absent": 1}
    assert problems(report, twin) == {Kind.NEAR_LIKE}
    assert report.batch_id is not None
    apply(ground, report.batch_id, path, actor=actor_id(ground, OPERATOR))
    ground.commit()
    made = station(ground, "新建工会驿站")
    assert (made.kind, made.region_code, made.lifecycle, round(made.lon, 6)) == (
        "union_station",
        "630102",
        "open",
        101.45,
    )
    assert amenities(ground, "新建工会驿站") == {"drinking_water": ("yes", "listed")}
    assert (station(ground, "丙站").lifecycle, count(ground)) == ("open", 5)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"编码": "63-NOPE"}, Kind.UNKNOWN_CODE),
        ({"编码": None}, Kind.UNKNOWN_CODE),
        ({"状态": "薛定谔"}, Kind.BAD_CELL),
        ({"状态": None}, Kind.BAD_CELL),
        ({"名称": None}, Kind.BAD_CELL),
        ({"类型": None}, Kind.BAD_CELL),
        ({"状态": "已关闭"}, Kind.BAD_CELL),
        ({"容纳人数": "-5"}, Kind.BAD_CELL),
        ({"联系电话": "没有"}, Kind.BAD_CELL),
        ({"建成时间": "去年"}, Kind.BAD_CELL),
        ({"经度": "101.7"}, Kind.BAD_CELL),
        ({"经度": "东经"}, Kind.BAD_CELL),
        ({"纬度": None}, Kind.BAD_CELL),
        ({"坐标系": None}, Kind.BAD_CELL),
        ({"经度": "36.6", "纬度": "101.5"}, Kind.BAD_CELL),
        ({"饮水": "大概有"}, Kind.BAD_CELL),
        ({"所属区县": "城中区"}, Kind.BAD_CELL),
    ],
)
def test_a_cell_that_means_nothing_is_told_at_the_cell_and_nothing_is_half_saved(
    ground: Session, tmp_path: Path, cells: dict[str, object], kind: Kind
) -> None:
    before = registry(ground)
    book = download(ground, tmp_path)
    number = book.row("甲站")
    book.put("甲站", 详细地址="新地址", **cells)
    path = book.save()
    report = judged(ground, path)
    assert problems(report, number) == {kind}
    assert report.counts["rejected"] == 1
    assert report.batch_id is not None
    with pytest.raises(Conflict, match="rejected"):
        apply(ground, report.batch_id, path, actor=actor_id(ground, OPERATOR))
    ground.rollback()
    assert registry(ground) == before


def test_a_county_s_staff_change_no_row_of_another_county(ground: Session, tmp_path: Path) -> None:
    before = registry(ground)
    east = member(ground, "dong", "630102")
    book = download(ground, tmp_path, "630100")
    book.put("外站", 容纳人数="9")
    book.put("甲站", 容纳人数="9")
    book.put("乙站", 所属区县="城中区")
    numbers = {name: book.row(name) for name in ("外站", "甲站", "乙站")}
    path = book.save()
    report = judged(ground, path, actor=east)
    assert report.counts == {"changed": 1, "rejected": 2, "unchanged": 1}
    assert problems(report, numbers["外站"]) == problems(report, numbers["乙站"]) == {Kind.NOT_YOURS}
    assert report.batch_id is not None
    apply(ground, report.batch_id, path, actor=east, keep_going=True)
    ground.commit()
    assert (station(ground, "甲站").capacity, station(ground, "外站").capacity) == (9, None)
    undo(ground, report.batch_id, actor=east)
    ground.commit()
    assert registry(ground) == before


def test_a_ledger_is_undone_like_any_import(ground: Session, tmp_path: Path) -> None:
    before = registry(ground)
    book = download(ground, tmp_path)
    book.put(
        "甲站",
        联系电话=None,
        饮水="无",
        共建单位=None,
        开放时间="春节停业，每天9:00-18:00",
        经度=None,
        纬度=None,
        坐标系=None,
    )
    report = uploaded(ground, book.save())
    assert station(ground, "甲站").location is None
    assert report.batch_id is not None
    assert ground.get_one(Batch, report.batch_id).ledger
    undone = undo(ground, report.batch_id, actor=actor_id(ground, OPERATOR))
    ground.commit()
    assert (undone.kept, registry(ground)) == ((), before)
    # The cells are still edited, so the same file may be brought again.
    assert uploaded(ground, book.path).counts == {"changed": 1, "unchanged": 2}


def test_what_is_no_ledger_is_told_in_words(ground: Session, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no region '999999'"):
        write_ledger(ground, "999999", tmp_path / "x.xlsx")
    plain = Workbook()
    plain.save(tmp_path / "plain.xlsx")
    with pytest.raises(Invalid, match="lost its hidden sheet"):
        read_ledger(tmp_path / "plain.xlsx")
    (tmp_path / "renamed.xlsx").write_text("名称,地址\n", encoding="utf-8")
    with pytest.raises(Invalid, match="is no workbook"):
        read_ledger(tmp_path / "renamed.xlsx")
    book = download(ground, tmp_path)
    (tmp_path / "cut.xlsx").write_bytes(book.path.read_bytes()[:3_000])
    with pytest.raises(FileError):
        read_ledger(tmp_path / "cut.xlsx")
    book.book["_base"]["D1"].value = "another"
    with pytest.raises(Conflict, match="registry 'another'"):
        judged(ground, book.save())
    ground.rollback()
    book.sheet["A1"].value = "我的编码"
    with pytest.raises(Invalid, match="no sheet with a column"):
        read_ledger(book.save())
