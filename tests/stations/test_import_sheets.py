"""Workbooks of counties through the whole import: sheets, merges, totals, and rows that keep their place in the report."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import Workbook
from sqlalchemy.orm import Session

from stations.imports import accept
from tests.geo.xls_writer import Sheet, write_xls
from tests.stations.import_helpers import CHENGDONG, CHENGZHONG, LEDU, amenities, count, kinds, run, station
from web.cli.importing import import_

HEADER = ["序号", "站点名称", "地址", "经纬度", "饮水"]


def line(number: int, name: str, place: tuple[float, float] | str) -> list[str | float | None]:
    where = place if isinstance(place, str) else f"{place[1]}, {place[0]}"
    return [float(number), name, f"{name}路", where, "有"]


def counties(path: Path) -> Path:
    """城东区 and 城中区 on sheets of their own, a cover before them and a total below each."""
    return write_xls(
        path,
        Sheet("说明", [["填表说明"], ["一县一表"]]),
        Sheet(
            "城东区",
            [["城东区台账"], [*HEADER], line(1, "甲站", CHENGDONG), line(2, "乙站", LEDU), ["合计", 2.0]],
        ),
        Sheet(
            "城中区",
            [[*HEADER], line(1, "丙站", CHENGZHONG), line(2, "丁站", "见地图"), ["填表人：", "张三"]],
        ),
    )


def test_the_sheet_is_the_county_and_rows_are_told_by_sheet_and_row(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    rejects = tmp_path / "退回.csv"
    report = run(qinghai, counties(tmp_path / "西宁.xls"), keep_going=True, rejects=rejects)
    assert report.counts == {"new": 2, "suspect": 1, "rejected": 1}
    assert report.columns[0] == "工作表区县 → district (by its header)"
    assert station(qinghai, "甲站").region_code == "630102"
    assert station(qinghai, "丙站").region_code == "630103"
    assert report.skipped == (
        "sheet with another header: 说明",
        "城东区台账",
        "row 2:5, a total: 合计 2",
        "row 3:4, a signature: 填表人： 张三",
    )
    assert report.notes[0] == "2 sheets are read as one list, rows as sheet:row: 2 城东区, 3 城中区"
    # 乙站 lies in 乐都区, and its sheet says 城东区.
    assert kinds(report, 20_000_004) == {"outside_county"}
    assert report.batch_id is not None
    assert accept(qinghai, report.batch_id, [20_000_004], actor=operator) == [20_000_004]
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        (rejected,) = csv.DictReader(file)
    assert (rejected["工作表区县"], rejected["站点名称"], rejected["行号"]) == ("城中区", "丁站", "3:3")
    rejects.write_text(rejects.read_text("utf-8-sig").replace("见地图", "36.65 101.75"), encoding="utf-8")
    assert run(qinghai, rejects, partial=True).counts == {"new": 1}
    assert station(qinghai, "丁站").region_code == "630103"


def test_the_same_list_as_another_kind_of_workbook_changes_nothing(qinghai: Session, tmp_path: Path) -> None:
    lines = [[*HEADER], line(1, "甲站", CHENGDONG), line(2, "丙站", CHENGZHONG), ["总计", 2.0]]
    write_xls(tmp_path / "a.xls", Sheet("台账", lines))
    assert run(qinghai, tmp_path / "a.xls").counts == {"new": 2}
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in lines:
        sheet.append(cells)
    book.save(tmp_path / "a.xlsx")
    assert run(qinghai, tmp_path / "a.xlsx").counts == {"unchanged": 2}
    page = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in lines)
    (tmp_path / "b.xls").write_text(f"<html><table>{page}</table></html>", encoding="gbk")
    assert run(qinghai, tmp_path / "b.xls").counts == {"unchanged": 2}
    assert count(qinghai) == 2


def test_sheets_named_after_nothing_are_no_county(qinghai: Session, tmp_path: Path) -> None:
    sheets = [Sheet(name, [["名称", "经纬度"], [f"{name}站", "101.5,36.6"]]) for name in ("Sheet1", "Sheet2")]
    report = run(qinghai, write_xls(tmp_path / "a.xls", *sheets))
    assert "工作表 → remarks (by its header), kept as received" in report.columns
    assert station(qinghai, "Sheet1站").district_received is None


def test_a_county_merged_over_its_rows_is_the_county_of_each(qinghai: Session, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["所属区县", "站点名称", "位置", None, "服务设施", None])
    sheet.append([None, None, "经度", "纬度", "饮水", "微波炉"])
    sheet.append(["城东区", "甲站", 101.5, 36.6, "有", "无"])
    sheet.append([None, "乙站", None, None, "√", None])
    sheet.append([None, "丙站", None, None, None, None])
    for merge in ("A1:A2", "B1:B2", "C1:D1", "E1:F1", "A3:A4"):
        sheet.merge_cells(merge)
    book.save(tmp_path / "a.xlsx")
    assert run(qinghai, tmp_path / "a.xlsx").counts == {"new": 3}
    assert [station(qinghai, name).region_code for name in ("甲站", "乙站", "丙站")] == [
        "630102",
        "630102",
        None,
    ]
    assert amenities(qinghai, "甲站") == {"drinking_water": ("yes", "listed"), "microwave": ("no", "listed")}
    assert amenities(qinghai, "乙站") == {"drinking_water": ("yes", "listed")}


def test_rows_of_two_sheets_that_disagree_are_named_by_sheet_and_row(
    qinghai: Session, tmp_path: Path
) -> None:
    lines = [["名称", "区县", "地址", "电话"], ["甲站", "城东区", "东路", "0971-1234567"]]
    other = [lines[0], ["甲站", "城东区", "东路", "0971-7654321"]]
    report = run(qinghai, write_xls(tmp_path / "a.xls", Sheet("一", lines), Sheet("二", other)))
    reasons = [
        problem.reason for one in report.rows for problem in one.problems if problem.kind == "contradicted"
    ]
    assert reasons
    assert all("rows 1:2, 2:2 name one station" in reason for reason in reasons)


@pytest.mark.parametrize("rows", ["3,", "二:3", "2:3:4", "--1"])
def test_rows_to_accept_that_are_no_rows_are_a_wrong_option(rows: str) -> None:
    told = CliRunner().invoke(import_, ["accept", "1", "--rows", rows])
    assert told.exit_code == 2
    assert "of several sheets 2:15" in told.output


def test_hostile_words_of_a_workbook_reach_the_rejects_as_text(qinghai: Session, tmp_path: Path) -> None:
    formula = '=HYPERLINK("http://x","y")'
    path = write_xls(
        tmp_path / "a.xls", Sheet("台账", [["名称", "经纬度"], [formula, "+1"], ["@乙", "-1+1"]])
    )
    rejects = tmp_path / "退回.csv"
    assert run(qinghai, path, rejects=rejects).counts == {"rejected": 2}
    text = rejects.read_text("utf-8-sig")
    assert "\"'=HYPERLINK(" in text
    assert "'@乙,'-1+1" in text


def test_a_control_character_rejects_its_row_and_marks_of_direction_go(
    qinghai: Session, tmp_path: Path
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (["名称", "地址"], ["甲\u202e站", "甲\u2066路\u2069"], ["乙_x0007_站", "乙路"]):
        sheet.append(cells)
    book.save(tmp_path / "a.xlsx")
    report = run(qinghai, tmp_path / "a.xlsx", keep_going=True)
    assert report.counts == {"new": 1, "rejected": 1}
    assert kinds(report, 3) == {"bad_text"}
    assert station(qinghai, "甲站").address == "甲路"
