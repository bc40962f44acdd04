"""Workbooks of every kind: XLS, ODS, XML and web tables; sheets read as one list; merges; totals and signatures."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import TableError
from geo.io import Row, Skipped, open_table
from geo.io.footers import Footers
from geo.io.rows import row_label, row_number
from tests.geo.xls_writer import Sheet, write_xls

HEADER = ["序号", "站点名称", "所属区县", "联系电话"]
LEDGER: list[list[str | float | None]] = [
    ["民和县户外劳动者服务站点台账"],
    [*HEADER],
    [1, "川口镇工会驿站", "民和县", "09728521234"],
    [2, "古鄯镇爱心驿站", None, "0972-8520000"],
]
#: 民和县 stands merged over both rows.
MERGED = (2, 3, 2, 2)
READ = [
    ["1", "川口镇工会驿站", "民和县", "09728521234"],
    ["2", "古鄯镇爱心驿站", "民和县", "0972-8520000"],
]
Rows = Sequence[Sequence[str | float | None]]


def rows(path: Path, sheet: str | None = None) -> list[Row]:
    return [row for chunk in open_table(path, sheet=sheet).chunks() for row in chunk]


def values(path: Path, sheet: str | None = None) -> list[list[str]]:
    return [list(row.values.values()) for row in rows(path, sheet)]


def skipped(path: Path) -> list[Skipped]:
    table = open_table(path)
    for _ in table.chunks():
        pass
    return table.skipped


def xlsx(path: Path, sheets: dict[str, Rows], merges: Sequence[str] = (), hidden: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(list(line))
        for merge in merges:
            sheet.merge_cells(merge)
        if name in hidden:
            sheet.sheet_state = "hidden"
    book.save(path)
    return path


def as_xlsx(path: Path) -> Path:
    return xlsx(path, {"台账": LEDGER}, ["A1:D1", "C3:C4"])


def as_xls(path: Path) -> Path:
    return write_xls(path, Sheet("台账", LEDGER, [(0, 0, 0, 3), MERGED]))


def as_old_xls(path: Path) -> Path:
    """Some programs call the stream by the name of Excel 5."""
    return write_xls(path, Sheet("台账", LEDGER, [MERGED]), name="Book")


def as_ods(path: Path) -> Path:
    def cell(value: str | float | None, extra: str = "") -> str:
        if value is None:
            return "<table:covered-table-cell/>"
        kind = (
            'office:value-type="string"'
            if isinstance(value, str)
            else f'office:value-type="float" office:value="{value}"'
        )
        return f"<table:table-cell {kind} {extra}><text:p>{value}</text:p></table:table-cell>"

    body = "".join(
        "<table:table-row>"
        + "".join(
            cell(value, 'table:number-rows-spanned="2"' if (y, x) == (2, 2) else "")
            for x, value in enumerate(line)
        )
        + "<table:table-cell table:number-columns-repeated='16000'/></table:table-row>"
        for y, line in enumerate(LEDGER)
    )
    return ods(
        path,
        f"<table:table table:name='台账'>{body}<table:table-row table:number-rows-repeated='1048572'/></table:table>",
    )


def ods(path: Path, tables: str, styles: str = "") -> Path:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    content = (
        f"<?xml version='1.0' encoding='UTF-8'?><office:document-content {spaces}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return path


def as_xml2003(path: Path) -> Path:
    def cell(value: str | float | None, place: tuple[int, int]) -> str:
        if value is None:
            return ""
        kind = "String" if isinstance(value, str) else "Number"
        down = ' ss:MergeDown="1"' if place == (2, 2) else ""
        # What follows a cell left out names its column.
        index = f' ss:Index="{place[1] + 1}"' if place == (3, 3) else ""
        return f'<Cell{index}{down}><Data ss:Type="{kind}">{value}</Data></Cell>'

    body = "".join(
        "<Row>" + "".join(cell(value, (y, x)) for x, value in enumerate(line)) + "</Row>"
        for y, line in enumerate(LEDGER)
    )
    path.write_text(
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="台账"><Table>{body}</Table></Worksheet></Workbook>',
        encoding="utf-8",
    )
    return path


def as_web_page(path: Path) -> Path:
    return web_page(path, "gbk")


def web_page(path: Path, encoding: str) -> Path:
    lines = [
        "<tr><td colspan=4>民和县户外劳动者服务站点台账</td></tr>",
        "<tr>" + "".join(f"<th>{name}</th>" for name in HEADER) + "</tr>",
        "<tr><td>1<td>川口镇<b>工会驿站</b><td rowspan='2'>民和县<td style='mso-number-format:\"\\@\"'>09728521234</tr>",
        "<TR><TD>2</TD><TD>&#21476;鄯镇爱心驿站</TD><TD>0972-8520000</TD></TR>",
    ]
    page = f"<html><head><meta charset={encoding}><style>td {{}}</style></head><table>{''.join(lines)}</table></html>"
    path.write_bytes(page.encode(encoding))
    return path


FORMS: list[Callable[[Path], Path]] = [as_xlsx, as_xls, as_old_xls, as_ods, as_xml2003, as_web_page]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("name", ["台账.xls", "台账.csv"])
def test_every_kind_of_workbook_is_told_by_its_content_and_reads_alike(
    tmp_path: Path, form: Callable[[Path], Path], name: str
) -> None:
    table = open_table(form(tmp_path / name))
    assert table.columns == tuple(HEADER)
    got = [row for chunk in table.chunks() for row in chunk]
    assert [list(row.values.values()) for row in got] == READ
    assert [row.number for row in got] == [3, 4]
    assert table.skipped == [Skipped(1, "民和县户外劳动者服务站点台账")]
    assert table.progress() == 1.0


def test_a_web_page_in_utf_8_with_a_declaration_before_it_is_a_table(tmp_path: Path) -> None:
    path = web_page(tmp_path / "a.xls", "utf-8")
    path.write_bytes(b"\xef\xbb\xbf\r\n<!-- made by a portal -->" + path.read_bytes())
    assert values(path) == READ


def test_numbers_dates_and_truths_of_an_xls_are_what_a_person_sees(tmp_path: Path) -> None:
    lines: Rows = [
        ["名称", "人数", "日期", "启用", "占比", "开放", "电话"],
        ["甲", 12.0, 45413.0, 45413.0, 0.125, True, 9712345678.0],
        ["乙", 0.5, None, None, None, False, "09"],
    ]
    sheet = Sheet("台账", lines, styles={(1, 2): 1, (1, 3): 2, (1, 4): 3, (1, 6): 4})
    assert values(write_xls(tmp_path / "a.xls", sheet)) == [
        ["甲", "12", "2024-05-01", "2024-05-01", "12.5%", "TRUE", "09712345678"],
        ["乙", "0.5", "", "", "", "FALSE", "09"],
    ]


def test_a_spreadsheet_error_in_an_xls_spoils_its_row(tmp_path: Path) -> None:
    sheet = Sheet("台账", [["名称", "电话"], ["甲", None], ["乙", "1"]], errors={(1, 1): 0x2A})
    spoilt, good = rows(write_xls(tmp_path / "a.xls", sheet))
    assert spoilt.problem == "cell B2 holds the spreadsheet error #N/A"
    assert good.problem is None


def test_values_of_an_ods_are_what_a_person_sees(tmp_path: Path) -> None:
    cells = [
        "<table:table-cell office:value-type='float' office:value='12.0'><text:p>12.00</text:p></table:table-cell>",
        "<table:table-cell office:value-type='float' office:value='971'><text:p>0971</text:p></table:table-cell>",
        "<table:table-cell office:value-type='percentage' office:value='0.125'><text:p>12.5%</text:p></table:table-cell>",
        "<table:table-cell office:value-type='date' office:date-value='2024-05-01'><text:p>5月1日</text:p></table:table-cell>",
        "<table:table-cell office:value-type='time' office:time-value='PT08H30M00S'><text:p>8:30</text:p></table:table-cell>",
        "<table:table-cell office:value-type='boolean' office:boolean-value='true'><text:p>是</text:p></table:table-cell>",
        "<table:table-cell office:value-type='string'><office:annotation><text:p>批注</text:p></office:annotation>"
        "<text:p>甲<text:s text:c='2'/>乙</text:p><text:p>丙</text:p></table:table-cell>",
    ]
    head = "".join(
        f"<table:table-cell office:value-type='string'><text:p>列{n}</text:p></table:table-cell>"
        for n in "甲乙丙丁戊己庚"
    )
    body = f"<table:table-row>{head}</table:table-row><table:table-row>{''.join(cells)}</table:table-row>"
    path = ods(tmp_path / "a.ods", f"<table:table table:name='表'>{body}</table:table>")
    assert values(path) == [["12", "0971", "12.5%", "2024-05-01", "08:30", "TRUE", "甲  乙\n丙"]]


def test_a_hidden_sheet_of_an_ods_is_not_read(tmp_path: Path) -> None:
    def table(name: str, style: str, first: str) -> str:
        texts = [["名称", "电话"], [first, "1"]]
        lines = "".join(
            "<table:table-row>"
            + "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in line)
            + "</table:table-row>"
            for line in texts
        )
        return f"<table:table table:name='{name}' table:style-name='{style}'>{lines}</table:table>"

    styles = "<style:style style:name='ta1'><style:table-properties table:display='false'/></style:style>"
    path = ods(tmp_path / "a.ods", table("字典", "ta1", "暗站") + table("台账", "ta2", "明站"), styles)
    assert values(path) == [["明站", "1"]]
    assert open_table(path).skipped == [Skipped(0, "字典", "hidden sheet")]


COUNTIES: dict[str, Rows] = {
    "封面": [["青海省总工会"], ["2024年度"]],
    "城东区": [["城东区台账"], ["站点名称", "联系电话"], ["甲站", "1"], ["乙站", "2"]],
    "民和县": [["站点名称", "联系 电话"], ["丙站", "3"], [None, None], ["丁站", "4"], ["合计", "2"]],
    "汇总": [["区县", "数量", "备注"], ["城东区", 2, "无"]],
    "互助县": [["站点名称", "联系电话"]],
    "Sheet3": [],
    "字典": [["站点名称", "联系电话"], ["暗站", "9"]],
}


def as_counties_xlsx(path: Path) -> Path:
    return xlsx(path, COUNTIES, hidden=["字典"])


def as_counties_xls(path: Path) -> Path:
    return write_xls(path, *(Sheet(name, lines, hidden=name == "字典") for name, lines in COUNTIES.items()))


@pytest.mark.parametrize("form", [as_counties_xlsx, as_counties_xls], ids=["xlsx", "xls"])
def test_sheets_of_one_header_are_one_list_and_the_others_are_told(
    tmp_path: Path, form: Callable[[Path], Path]
) -> None:
    table = open_table(form(tmp_path / "各县.xls"))
    assert table.columns == ("工作表区县", "站点名称", "联系电话")
    got = [row for chunk in table.chunks(3) for row in chunk]
    assert [(row_label(row.number), *row.values.values()) for row in got] == [
        ("2:3", "城东区", "甲站", "1"),
        ("2:4", "城东区", "乙站", "2"),
        ("3:2", "民和县", "丙站", "3"),
        ("3:4", "民和县", "丁站", "4"),
    ]
    assert table.progress() == 1.0
    assert [line.told for line in table.skipped if line.text] == [
        "sheet with another header: 封面",
        "sheet with another header: 汇总",
        "sheet without data: 互助县",
        "empty sheet: Sheet3",
        "hidden sheet: 字典",
        "城东区台账",
        "row 3:5, a total: 合计 2",
    ]
    assert [row_label(line.line) for line in table.skipped if not line.text] == ["3:3"]
    assert table.notes == ["2 sheets are read as one list, rows as sheet:row: 2 城东区, 3 民和县"]


def test_one_sheet_can_still_be_picked_and_keeps_its_plain_row_numbers(tmp_path: Path) -> None:
    path = as_counties_xlsx(tmp_path / "各县.xlsx")
    assert [(row.number, row.values["站点名称"]) for row in rows(path, "民和县")] == [
        (2, "丙站"),
        (4, "丁站"),
    ]
    assert values(path, "字典") == [["暗站", "9"]]
    assert open_table(path, sheet="民和县").columns == ("站点名称", "联系 电话")


def test_sheets_that_are_named_after_nothing_in_particular_say_so(tmp_path: Path) -> None:
    lines = [["站点名称", "工作表"], ["甲站", "x"]]
    path = xlsx(tmp_path / "a.xlsx", {"Sheet1": lines, "民和县": lines})
    assert open_table(path).columns == ("工作表*", "站点名称", "工作表")


def test_a_column_that_only_one_sheet_has_is_empty_for_the_others(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "a.xlsx",
        {"甲县": [["名称", None, "电话"], ["一", "多", "1"]], "乙县": [["电话", "名称"], ["2", "二"]]},
    )
    assert values(path) == [["甲县", "一", "多", "1"], ["乙县", "二", "", "2"]]


def test_a_workbook_of_more_sheets_than_anybody_reads_asks_for_one(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {f"{n}": [["名称", "电话"], ["甲", "1"]] for n in range(201)})
    with pytest.raises(TableError, match="201 sheets"):
        open_table(path)
    assert values(path, "200") == [["甲", "1"]]


@given(st.integers(1, 199), st.integers(1, 1_048_576))
def test_a_row_of_a_sheet_is_written_so_that_it_is_read_back(sheet: int, row: int) -> None:
    assert row_number(row_label(row)) == row
    number = sheet * 10_000_000 + row
    assert row_label(number) == f"{sheet}:{row}"
    assert row_number(row_label(number)) == number


@pytest.mark.parametrize("text", ["", "甲", "3:", ":3", "1:2:3", "-3", "1.5", "99999999", "²"])
def test_what_is_no_row_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="no row"):
        row_number(text)


def test_an_empty_cell_that_is_not_merged_is_never_filled(tmp_path: Path) -> None:
    lines: Rows = [["名称", "区县"], ["甲", "民和县"], ["乙", None], ["丙", None], ["丁", None]]
    path = xlsx(tmp_path / "a.xlsx", {"台账": lines}, ["B2:B3"])
    assert [row["区县"] for row in (row.values for row in rows(path))] == ["民和县", "民和县", "", ""]
    again = open_table(path)
    for _ in range(2):
        assert [row.values["区县"] for chunk in again.chunks(1) for row in chunk] == [
            "民和县",
            "民和县",
            "",
            "",
        ]


def test_a_merge_fills_its_first_column_down_and_neither_blank_rows_nor_totals(tmp_path: Path) -> None:
    lines: Rows = [
        ["区县", "街道", "名称"],
        ["民和县", None, "甲"],
        [None, None, None],
        [None, None, "乙"],
        ["合计", None, 2],
        ["乐都区", "碾伯", "丙"],
    ]
    path = xlsx(tmp_path / "a.xlsx", {"台账": lines}, ["A2:B4"])
    assert values(path) == [["民和县", "", "甲"], ["民和县", "", "乙"], ["乐都区", "碾伯", "丙"]]
    assert skipped(path) == [Skipped(3, ""), Skipped(5, "合计 2", "a total")]


def test_a_header_of_two_rows_merged_both_ways_is_joined_and_fills_nothing_below(tmp_path: Path) -> None:
    lines: Rows = [
        ["序号", "名称", "位置", None, "服务设施", None],
        [None, None, "经度", "纬度", "饮水", "微波炉"],
        [1, "甲站", 101.5, 36.2, "有", "无"],
    ]
    path = xlsx(tmp_path / "a.xlsx", {"台账": lines}, ["A1:A2", "B1:B2", "C1:D1", "E1:F1"])
    table = open_table(path)
    assert table.columns == ("序号", "名称", "经度", "纬度", "饮水", "微波炉")
    assert values(path) == [["1", "甲站", "101.5", "36.2", "有", "无"]]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["合计", "", "", "12"], "a total"),
        (["", "总　计", "", "", "12"], "a total"),
        (["合计：", "12个", "340人"], "a total"),
        (["", "民和县", "小计", "5"], "a total"),
        (["民和县小计", "", "5"], "a total"),
        (["合计：共12个站点，其中民和县5个"], "a total"),
        (["填表人：张三", "", "审核人：李四", "", "联系电话：0971-8123456"], "a signature"),
        (["填表人：", "张三", "审核人：", "李四", "", "2024年5月1日"], "a signature"),
        (["单位负责人（签字）：", "", "", "（盖章）"], "a signature"),
        (["填报日期：2024年5月1日"], "a signature"),
        (["注：1.本表由各县填报。"], "a note"),
        (["", "备注：空白表示未知"], "a note"),
        (["2024年5月1日"], "a date below the table"),
        (["序号", "站点名称", "所属区县", "联系电话"], "the header once more"),
    ],
)
def test_totals_signatures_and_notes_are_left_out(line: list[str], why: str) -> None:
    assert Footers([HEADER]).why(line) == why


@pytest.mark.parametrize(
    "line",
    [
        ["12", "合计坪村驿站", "民和县", "0972-1"],
        ["12", "总计路工会驿站"],
        ["", "小计村驿站", "民和县"],
        ["1", "备注：新建的站", "民和县", "0972-1"],
        ["13", "审核人之家", "民和县"],
        ["14", "注册路驿站", "", ""],
        ["15", "单位：县医院驿站", "民和县", "0972-1"],
        ["16", "联系人驿站", "乐都区"],
        ["甲站", "小计", "民和县", "0972-1"],
        ["共和县驿站"],
        ["2024路驿站"],
        ["合作路驿站"],
    ],
)
def test_a_station_whose_words_only_look_like_a_footer_is_a_row(line: list[str]) -> None:
    assert Footers([HEADER]).why(line) is None


def test_points_below_a_note_belong_to_it_and_a_row_ends_the_note() -> None:
    footers = Footers([HEADER])
    assert footers.why(["1.没有站点的县"]) is None
    lines = [["注：", ""], ["1.没有站点的县填无"], ["（2）一站一行"], ["1", "甲站", "民和县", ""], ["2.乙站"]]
    assert [footers.why(line) for line in lines] == ["a note", "a note", "a note", None, None]


def test_section_titles_are_left_out_where_the_file_merges_them_across_the_table(tmp_path: Path) -> None:
    lines: Rows = [
        HEADER,
        ["一、民和县"],
        [1, "甲站", "民和县", "1"],
        ["二、乐都区"],
        [2, "乙站", "乐都区", "2"],
        [None, "丙站"],
    ]
    path = xlsx(tmp_path / "a.xlsx", {"台账": lines}, ["A2:D2", "A4:D4"])
    assert [row.values["站点名称"] for row in rows(path)] == ["甲站", "乙站", "丙站"]
    assert [line.told for line in skipped(path)] == [
        "row 2, a section title, merged across the table: 一、民和县",
        "row 4, a section title, merged across the table: 二、乐都区",
    ]


def test_footers_of_a_csv_file_are_left_out_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "名称,电话,备注\n甲,1,\n合计,1,\n名称,电话,备注\n乙,2,\n填表人：张三,,日期：2024年5月\n",
        encoding="utf-8",
    )
    assert [row.values["名称"] for row in rows(path)] == ["甲", "乙"]
    assert [(line.line, line.why) for line in skipped(path)] == [
        (3, "a total"),
        (4, "the header once more"),
        (6, "a signature"),
    ]


names = st.text(
    st.sampled_from("合总小计共备注填表人审核制：: 驿站民和县路街12甲乙"), min_size=1, max_size=10
).map(str.strip)


@given(st.lists(st.tuples(names.filter(bool), names.filter(bool)), min_size=1, max_size=6))
def test_every_line_is_a_row_or_told_and_none_is_lost(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.csv"
    body = "".join(f'{n},"{name}","{district}",甲路\n' for n, (name, district) in enumerate(lines, 1))
    path.write_text(f"序号,名称,区县,地址\n{body}", encoding="utf-8")
    # An address is a fact of a station: whatever stands beside it, the line is a row or its own kind of total.
    table = open_table(path)
    got = {row.number for chunk in table.chunks() for row in chunk}
    told = {line.line for line in table.skipped}
    assert got | told == set(range(2, len(lines) + 2))
    assert not got & told
