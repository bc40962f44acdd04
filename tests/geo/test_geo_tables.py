"""Ledgers as they come: encodings, delimiters, titles, headers, cells, and what is refused."""

from __future__ import annotations

import datetime as dt
import io
import random
import tracemalloc
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import TableError
from geo.io.encodings import text_encoding
from geo.io.rows import Row, Skipped, clean, column_letters, distinct_names
from geo.io.tables import open_table, write_rows

SHARED = Path(__file__).parents[3] / "shared" / "data" / "stations"
REAL = sorted(SHARED.glob("zhengzhou*")) if SHARED.is_dir() else []
FOLDERS = [SHARED] if REAL else []

HEADER = "序号,站点名称,所属区县,联系电话"
LEDGER = f"{HEADER}\n1,川口镇工会驿站,民和县,0972-8521234\n2,古鄯镇爱心驿站,民和县,09728520000\n"


def put(folder: Path, data: str | bytes, *, name: str = "台账.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
    return path


def rows(path: Path, **options: str) -> list[Row]:
    return [row for chunk in open_table(path, **options).chunks() for row in chunk]


def values(path: Path, **options: str) -> list[list[str]]:
    return [list(row.values.values()) for row in rows(path, **options)]


def book(folder: Path, *lines: list[object], formats: dict[str, str] | None = None) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for line in lines:
        sheet.append(line)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    path = folder / "台账.xlsx"
    workbook.save(path)
    return path


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_a_real_list_of_82_stations_reads_whole_in_every_form(path: Path) -> None:
    table = open_table(path)
    got = [row for chunk in table.chunks(10) for row in chunk]
    assert len(got) == 82
    assert all(row.problem is None for row in got)
    assert table.progress() == 1.0
    lon = "lng" if "lng" in table.columns else "经度"
    assert all(112.7 < float(row.values[lon]) < 114.3 for row in got)
    assert {"zhengzhou_gcj02.csv": "utf-8", "zhengzhou_ledger.gbk.csv": "gbk"}.get(
        path.name
    ) == table.encoding


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_real_gbk_file_and_the_real_workbook_hold_the_same_cells(folder: Path) -> None:
    assert values(folder / "zhengzhou_ledger.gbk.csv") == values(folder / "zhengzhou_ledger.xlsx")
    assert open_table(folder / "zhengzhou_ledger.xlsx").skipped == [
        Skipped(1, "郑州市户外劳动者服务站点台账")
    ]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("gbk", "gbk"),
        ("gb18030", "gbk"),
    ],
)
def test_encodings_are_told_apart(tmp_path: Path, encoding: str, found: str) -> None:
    path = put(tmp_path, LEDGER, encoding=encoding)
    table = open_table(path)
    assert table.encoding == found
    assert table.columns == ("序号", "站点名称", "所属区县", "联系电话")
    assert values(path)[1] == ["2", "古鄯镇爱心驿站", "民和县", "09728520000"]


def test_gb18030_is_told_from_gbk_by_a_character_only_it_has(tmp_path: Path) -> None:
    path = put(tmp_path, "名称,地址\n㐀𠀀驿站,ꀀ\n", encoding="gb18030")
    assert open_table(path).encoding == "gb18030"
    assert values(path) == [["㐀𠀀驿站", "ꀀ"]]


def test_utf16_in_big_endian_is_read_by_its_mark(tmp_path: Path) -> None:
    path = put(tmp_path, b"\xfe\xff" + LEDGER.replace(",", "\t").encode("utf-16-be"))
    assert open_table(path).delimiter == "\t"
    assert values(path)[0][1] == "川口镇工会驿站"


@pytest.mark.parametrize("tail", ["驿", "㐀"])
def test_a_character_split_by_the_block_border_and_far_from_the_start_is_seen(
    tmp_path: Path, tail: str
) -> None:
    ascii_rows = "id,name\n" + "1,a\n" * ((1 << 20) // 4 - 3)
    for shift in range(4):
        text = ascii_rows + "x" * shift + f",{tail}\n"
        for encoding in ("utf-8", "gb18030"):
            path = put(tmp_path, text, encoding=encoding)
            assert path.read_bytes().decode(text_encoding(path)) == text


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        "工会驿站户外劳动者爱心接力民和县川口镇古鄯青海省海东市服务abc123，。 ", min_size=12, max_size=200
    )
)
def test_chinese_prose_in_utf8_or_gbk_is_never_mistaken_for_the_other(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("prose")
    for encoding in ("utf-8", "gbk"):
        path = put(folder, f"名称,{text}\n", encoding=encoding)
        assert text_encoding(path) == encoding


def test_two_hanzi_of_gbk_that_are_valid_utf8_are_read_as_hanzi(tmp_path: Path) -> None:
    path = put(tmp_path, "name,note\na,药学\n", encoding="gbk")
    assert path.read_bytes().decode("utf-8")
    assert values(path) == [["a", "药学"]]


def test_latin_letters_and_degree_signs_in_utf8_stay(tmp_path: Path) -> None:
    assert values(put(tmp_path, "name,note\nCafé,36°\n")) == [["Café", "36°"]]


def test_damaged_utf8_is_refused_with_line_and_byte_not_read_as_gbk(tmp_path: Path) -> None:
    data = LEDGER.encode().replace("古鄯".encode(), "古".encode() + b"\xe9\x84")
    broken = data.index("古".encode()) + 3
    with pytest.raises(TableError, match=rf"utf-8 text from line 3 on: byte {broken} "):
        open_table(put(tmp_path, data))


def test_a_file_cut_in_the_middle_of_a_character_is_refused(tmp_path: Path) -> None:
    cut = LEDGER.encode()[: LEDGER.encode().index("民和县,09728520000".encode()) + 1]
    with pytest.raises(TableError, match="line 3"):
        open_table(put(tmp_path, cut))


def test_bytes_of_no_encoding_are_refused_with_line_and_byte(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"line 2 on: byte \d+ \(0xFF\)"):
        open_table(put(tmp_path, "名称,地址\n驿站,".encode("gbk") + b"\xff\xff\n"))


@pytest.mark.parametrize(
    ("written", "declared", "says"),
    [
        ("gbk", "utf-8", "declared utf-8, and is not text from line 1 on: byte 0"),
        ("utf-8", "gbk", "declared gbk, but it is UTF-8"),
        ("utf-8", "latin-1", "declared iso8859-1, but it is UTF-8"),
        ("utf-8-sig", "gbk", "the mark of utf-8-sig, not gbk"),
        ("utf-16", "utf-8", "the mark of utf-16, not utf-8"),
        ("utf-8", "utf9", "Unknown encoding 'utf9'"),
        ("utf-8", "rot13", "Unknown encoding 'rot13'"),
        ("utf-8", "", "Unknown encoding ''"),
    ],
)
def test_a_wrongly_declared_encoding_is_told(tmp_path: Path, written: str, declared: str, says: str) -> None:
    with pytest.raises(TableError) as caught:
        open_table(put(tmp_path, LEDGER, encoding=written), encoding=declared)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("written", "declared"),
    [("gbk", "GB2312"), ("gbk", "cp936"), ("utf-8", "UTF8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16-le")],
)
def test_a_rightly_declared_encoding_is_taken(tmp_path: Path, written: str, declared: str) -> None:
    assert values(put(tmp_path, LEDGER, encoding=written), encoding=declared)[0][1] == "川口镇工会驿站"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_guessed_though_others_stand_in_the_cells(tmp_path: Path, delimiter: str) -> None:
    lines = [
        ["名称", "经度", "纬度", "设施"],
        ["甲站", "101,5", "36,2", "饮水;充电;座椅"],
        ["乙站", "101,6", "36,3", "饮水"],
    ]
    text = "\n".join(
        delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in line) for line in lines
    )
    path = put(tmp_path, text)
    assert open_table(path).delimiter == delimiter
    assert values(path) == lines[1:]


def test_the_line_with_which_excel_names_its_delimiter_is_obeyed(tmp_path: Path) -> None:
    path = put(tmp_path, "sep=;\n名称;电话\n甲,乙,丙;1\n")
    assert values(path) == [["甲,乙,丙", "1"]]


def test_quotes_commas_and_newlines_within_cells_are_kept_and_lines_counted(tmp_path: Path) -> None:
    path = put(tmp_path, '名称,地址\r\n"甲,""一""站","路口\r\n东侧"\r\n乙,西侧\r\n')
    assert rows(path) == [
        Row(2, {"名称": '甲,"一"站', "地址": "路口\n东侧"}),
        Row(4, {"名称": "乙", "地址": "西侧"}),
    ]


def test_old_mac_line_ends_are_line_ends(tmp_path: Path) -> None:
    assert [row.number for row in rows(put(tmp_path, LEDGER.replace("\n", "\r")))] == [2, 3]


def test_a_quote_that_never_closes_is_located_and_swallows_nothing_in_silence(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="quote opens on line 3"):
        rows(put(tmp_path, '名称,地址\n甲,东\n"乙,西\n丙,南\n'))
    with pytest.raises(TableError, match=r"quote opens on line 3 .* by line 5"):
        rows(put(tmp_path, '名称,地址\n甲,东\n"乙,西\n丙,南\n"丁"x,北\n'))


def test_a_wrong_quote_within_one_line_spoils_that_row_alone(tmp_path: Path) -> None:
    got = rows(put(tmp_path, '名称,地址\n甲,东\n"乙"站,西\n丙,南\n'))
    assert [row.problem is None for row in got] == [True, False, True]
    assert got[1].number == 3
    assert got[1].values == {"名称": "乙站", "地址": "西"}


def test_titles_and_remarks_above_the_header_are_skipped_and_reported(tmp_path: Path) -> None:
    text = f"民和县户外劳动者服务站点台账,,,\n填报单位：民和县总工会,,,填报日期：2024-05-01\n\n{LEDGER}"
    table = open_table(put(tmp_path, text))
    assert table.skipped == [
        Skipped(1, "民和县户外劳动者服务站点台账"),
        Skipped(2, "填报单位：民和县总工会 填报日期：2024-05-01"),
    ]
    assert table.columns[1] == "站点名称"
    assert next(table.chunks())[0].number == 5


def test_blank_lines_between_rows_are_reported_and_those_at_the_end_are_not(tmp_path: Path) -> None:
    table = open_table(put(tmp_path, f"{HEADER}\n1,甲,民和,1\n,,,\n2,乙,民和,2\n,,,\n,,,\n"))
    assert [row.number for chunk in table.chunks() for row in chunk] == [2, 4]
    assert table.skipped == [Skipped(3, "")]
    assert len(list(table.chunks())) == 1
    assert table.skipped == [Skipped(3, "")]


def test_a_header_of_two_lines_is_joined(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        ["站点台账"],
        ["序号", "名称", "坐标", None, "负责人", None, "联系人", None],
        [None, None, "经度", "纬度", "姓名", "电话", "姓名", "电话"],
        [1, "甲站", 101.5, 36.2, "张三", "0971-1", "李四", "0971-2"],
    )
    table = open_table(path)
    assert table.columns == (
        "序号",
        "名称",
        "经度",
        "纬度",
        "负责人 姓名",
        "负责人 电话",
        "联系人 姓名",
        "联系人 电话",
    )
    assert values(path) == [["1", "甲站", "101.5", "36.2", "张三", "0971-1", "李四", "0971-2"]]


def test_a_header_may_carry_an_explanation_in_one_of_its_cells(tmp_path: Path) -> None:
    path = put(tmp_path, "名称,电话,地址,备注：没有可不填\n甲,1,东,\n")
    assert open_table(path).columns == ("名称", "电话", "地址", "备注：没有可不填")


def test_years_may_name_columns(tmp_path: Path) -> None:
    assert open_table(put(tmp_path, "站点,2022,2023年\n甲,1,2\n")).columns == ("站点", "2022", "2023年")


def test_repeated_and_missing_names_are_made_distinct(tmp_path: Path) -> None:
    table = open_table(put(tmp_path, "名称,电话,电话,电话 (2),,备注,,\n甲,1,2,3,四,五,,\n"))
    assert table.columns == ("名称", "电话", "电话 (3)", "电话 (2)", "列 E", "备注")
    assert next(table.chunks())[0].values["列 E"] == "四"


def test_a_row_too_long_keeps_its_text_in_its_problem_and_a_short_one_is_filled(tmp_path: Path) -> None:
    long, short, trailing = rows(put(tmp_path, "名称,电话\n甲,1,多余,再多\n乙\n丙,3,,,\n"))
    assert long.problem is not None
    assert "C '多余'" in long.problem
    assert "D '再多'" in long.problem
    assert long.values == {"名称": "甲", "电话": "1"}
    assert short == Row(3, {"名称": "乙", "电话": ""})
    assert trailing.problem is None


def test_text_in_a_dropped_column_left_of_the_others_is_a_problem_too(tmp_path: Path) -> None:
    blank = "\n".join([",甲,1"] * 250)
    *_, last = rows(put(tmp_path, f",名称,电话\n{blank}\n迟到,乙\n"))
    assert last.problem is not None
    assert "A '迟到'" in last.problem
    assert last.values == {"名称": "乙", "电话": ""}


def test_spaces_of_every_width_are_stripped(tmp_path: Path) -> None:
    assert values(put(tmp_path, "　名称 ,\u200b电话\xa0\n　甲 站　,\ufeff0971 \n")) == [["甲 站", "0971"]]
    assert clean("\u3000\t") == ""


def test_a_table_of_one_column_has_its_first_line_as_header(tmp_path: Path) -> None:
    assert rows(put(tmp_path, "名称\n甲\n乙\n")) == [Row(2, {"名称": "甲"}), Row(3, {"名称": "乙"})]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n \n", "empty"),
        (f"{HEADER}\n".encode(), "no data"),
        (f"{HEADER}\n,,,\n".encode(), "no data"),
        (b"1,2.5,3\n4,5,6\n7,8,9\n", "no header"),
        (b"a,b\n\0\0\n", "NUL byte on line 2"),
        (LEDGER.encode("utf-16-le"), "NUL byte"),
        (b"\xff\xfe\0\0" + LEDGER.encode("utf-32-le"), "UTF-32"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xls workbook"),
        ("<html><p>请先登录</p></html>".encode(), "web page"),
        (b"\xef\xbb\xbf\r\n<?xml version='1.0'?>", "web page or XML"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04" + b"\0" * 100, "damaged workbook"),
        (b"x" * (2 << 20), "longer than"),
    ],
)
@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_what_is_no_table_is_refused_in_words_whatever_its_name(
    tmp_path: Path, data: bytes, says: str, name: str
) -> None:
    with pytest.raises(TableError) as caught:
        rows(put(tmp_path, data, name=name))
    assert says in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_file_and_a_folder_are_table_errors(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"no\.csv cannot be read"):
        open_table(tmp_path / "no.csv")
    with pytest.raises(TableError, match="cannot be read"):
        open_table(tmp_path)


def test_workbook_cells_are_what_a_person_sees(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        ["名称", "值"],
        ["whole", 12.0],
        ["noise", 0.1 + 0.2],
        ["coordinate", 113.305132],
        ["big", 13912345678],
        ["huge", 1.2e17],
        ["small", 0.00001],
        ["negative", -3.50],
        ["padded", 9712345678],
        ["share", 0.125],
        ["text", " 0971-8521234　"],
        ["date", dt.datetime(2024, 5, 1)],
        ["moment", dt.datetime(2024, 5, 1, 8, 30)],
        ["time", dt.time(8, 30)],
        ["seconds", dt.time(8, 30, 15)],
        ["whole day", dt.timedelta(days=1)],
        ["past midnight", dt.timedelta(hours=26, minutes=5)],
        ["yes", True],
        ["lines", "甲\n乙"],
        ["zero", 0],
        formats={"B9": "00000000000", "B10": "0.0%"},
    )
    assert dict(values(path)) == {
        "whole": "12",
        "noise": "0.3",
        "coordinate": "113.305132",
        "big": "13912345678",
        "huge": "120000000000000000",
        "small": "0.00001",
        "negative": "-3.5",
        "padded": "09712345678",
        "share": "12.5%",
        "text": "0971-8521234",
        "date": "2024-05-01",
        "moment": "2024-05-01 08:30",
        "time": "08:30",
        "seconds": "08:30:15",
        "whole day": "24:00",
        "past midnight": "26:05",
        "yes": "TRUE",
        "lines": "甲\n乙",
        "zero": "0",
    }


def edit(path: Path, part: str, old: str, new: str) -> Path:
    """Rewrite one part of a workbook, as other writers than openpyxl would have it.

    openpyxl writes an empty element in three ways, as lxml is installed or not.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(buffer, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == part:
                text = data.decode().replace(" />", "/>").replace("<v></v>", "<v/>")
                assert old in text
                data = text.replace(old, new).encode()
            target.writestr(info, data)
    path.write_bytes(buffer.getvalue())
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_a_formula_gives_its_saved_value_and_a_spreadsheet_error_spoils_its_row(tmp_path: Path) -> None:
    path = book(tmp_path, ["名称", "人数"], ["甲", "=1+1"], ["乙", "#REF!"])
    edit(path, SHEET, "<f>1+1</f><v/>", "<f>1+1</f><v>2</v>")
    good, bad = rows(path)
    assert good == Row(2, {"名称": "甲", "人数": "2"})
    assert bad.problem == "cell B3 holds the spreadsheet error #REF!"


def test_a_wrongly_declared_extent_cuts_off_no_row(tmp_path: Path) -> None:
    path = book(tmp_path, ["名称", "电话"], ["甲", "1"], ["乙", "2"])
    edit(path, SHEET, '<dimension ref="A1:B3"/>', '<dimension ref="A1"/>')
    assert len(rows(path)) == 2


def test_a_date_out_of_range_spoils_its_row_without_a_warning(tmp_path: Path) -> None:
    path = book(tmp_path, ["名称", "日期"], ["甲", 1e12], formats={"B2": "yyyy-mm-dd"})
    (row,) = rows(path)
    assert row.problem is not None
    assert "B2" in row.problem


def test_the_sheet_is_the_first_visible_one_with_text_or_the_named_one(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    assert workbook.active is not None
    workbook.active.title = "空"
    hidden = workbook.create_sheet("字典")
    hidden.sheet_state = "hidden"
    for sheet, name in ((hidden, "暗站"), (workbook.create_sheet("台账"), "明站")):
        sheet.append(["名称", "电话"])
        sheet.append([name, "1"])
    path = tmp_path / "a.xlsx"
    workbook.save(path)
    assert values(path)[0][0] == "明站"
    assert values(path, sheet="字典")[0][0] == "暗站"
    with pytest.raises(TableError, match=r"no sheet '附表'; it has 空, 字典, 台账"):
        open_table(path, sheet="附表")
    with pytest.raises(TableError, match="no encoding to declare"):
        open_table(path, encoding="gbk")
    with pytest.raises(TableError, match="no sheet 'x'"):
        open_table(put(tmp_path, LEDGER), sheet="x")


def test_a_workbook_without_text_is_empty(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="empty"):
        open_table(book(tmp_path))


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.xml", "x")
    with pytest.raises(TableError, match=r"ZIP archive, not an \.xlsx"):
        open_table(path)


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "xl/theme/theme1.xml", "custom/bomb.bin"])
def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path: Path, part: str) -> None:
    path = book(tmp_path, ["名称", "电话"], ["甲", "1"])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(part + "2", "w", force_zip64=True) as bomb,
    ):
        for _ in range(129):
            bomb.write(bytes(1 << 20))
    assert path.stat().st_size < 2 << 20
    tracemalloc.start()
    with pytest.raises(TableError, match=r"unpacks to \d+ MiB"):
        open_table(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20


def test_a_workbook_damaged_anywhere_reads_or_is_refused_and_raises_nothing_else(tmp_path: Path) -> None:
    whole = book(tmp_path, ["名称", "电话"], *[[f"站{n}", f"0971-{n}"] for n in range(50)]).read_bytes()
    dice = random.Random(7)  # noqa: S311
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(4, len(data))] = dice.randrange(256)
        cut = bytes(data[: dice.choice([len(data), dice.randrange(4, len(data))])])
        try:
            rows(put(tmp_path, cut, name="b.xlsx"))
        except TableError as error:
            refused += "b.xlsx" in str(error)
    assert refused > 50


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400) | st.text("名称,;\"\t\n\r'= 驿站09.", max_size=200).map(str.encode))
def test_any_bytes_are_a_table_or_a_table_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = put(tmp_path_factory.mktemp("any"), data)
    try:
        got = rows(path)
    except TableError:
        return
    assert got
    assert [row.number for row in got] == sorted({row.number for row in got})


def test_a_header_that_comes_twice_and_nothing_else_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no rows below it"):
        rows(put(tmp_path, b"\x01\r\x01"))


cells = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\r")
    | st.sampled_from("=+-@'\"09,;\t\n　"),
    max_size=12,
).map(clean)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(cells, cells, cells).filter(any), min_size=1, max_size=8))
def test_what_is_written_is_read_back_cell_for_cell(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("rejects") / "退回.csv"
    assert write_rows(path, ["名称", "电话", "原因"], lines) == len(lines)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert values(path) == [list(line) for line in lines]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'),
        ("+8613912345678", "'+8613912345678"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1+cmd|x", "'-1+cmd|x"),
        ("09712345678", "'09712345678"),
        ("0971-8521234", "'0971-8521234"),
        ("630222199001011234", "'630222199001011234"),
        ("'=1", "''=1"),
        ("-3.5", "-3.5"),
        ("113.305132", "113.305132"),
        ("12351", "12351"),
        ("民和县", "民和县"),
    ],
)
def test_what_a_spreadsheet_would_run_or_shorten_is_guarded_in_the_file(
    tmp_path: Path, cell: str, written: str
) -> None:
    path = tmp_path / "退回.csv"
    write_rows(path, ["名称", "值"], [["甲", cell]])
    assert path.read_text("utf-8-sig").splitlines()[1] == f"甲,{written}"
    assert values(path) == [["甲", cell]]


def test_the_way_exports_protect_zeros_is_understood(tmp_path: Path) -> None:
    assert values(put(tmp_path, '名称,电话\n甲,"=""0971123"""\n乙,="0972"\n')) == [
        ["甲", "0971123"],
        ["乙", "0972"],
    ]


def test_rows_that_no_table_can_hold_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="2 cells for 1 columns"):
        write_rows(tmp_path / "a.csv", ["名称"], [["甲", "乙"]])
    with pytest.raises(TableError, match="NUL"):
        write_rows(tmp_path / "a.csv", ["名称"], [["甲\0"]])


def test_chunks_are_as_long_as_asked_memory_stays_flat_and_progress_grows(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    write_rows(
        path, ["序号", "名称", "地址"], ([str(n), f"工会驿站{n}", "民和县川口镇"] for n in range(40_000))
    )

    def peak(limit: int) -> int:
        table = open_table(path)
        tracemalloc.start()
        seen, last = 0, 0.0
        for chunk in table.chunks(500):
            assert len(chunk) == 500
            assert last <= table.progress() <= 1.0
            last, seen = table.progress(), seen + len(chunk)
            if seen >= limit:
                break
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert last == pytest.approx(seen / 40_000, abs=0.05)
        return high

    assert peak(40_000) < 1.5 * peak(2_000)
    with pytest.raises(ValueError, match="at least 1"):
        next(open_table(path).chunks(0))


def test_columns_are_lettered_as_in_a_spreadsheet() -> None:
    assert [column_letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


@given(st.lists(st.sampled_from(["电话", "电话 (2)", "电话 (3)", "名称"]), max_size=8))
def test_names_become_distinct_and_the_first_of_each_keeps_its_own(names: list[str]) -> None:
    result = distinct_names(names)
    assert len(set(result)) == len(names)
    assert all(result[names.index(name)] == name for name in names)


def test_a_separator_of_records_that_no_line_ends_with_does_not_mislead_the_guess(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("名称;地址\n甲\x1e,乙,丙;一\x0c,二,三\n丁;戊\n", encoding="utf-8")
    table = open_table(path)
    assert table.delimiter == ";"
    assert table.columns == ("名称", "地址")
