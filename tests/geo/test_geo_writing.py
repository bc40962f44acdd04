"""Files that are written: every row as it was, in every format, with what the file says of itself."""

from __future__ import annotations

import csv
import tracemalloc
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import python_calamine
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import VectorError
from geo.io.cells import is_formula
from geo.io.writing import FORMS, Cell, Field, Layer, write
from geo.io.writing_sheets import write_workbook

FIELDS = (
    Field("code", head="编号", short="编号"),
    Field("name", head="名称", short="名称"),
    Field("seats", "integer", head="座位", short="座位"),
    Field("lon", "number", head="经度", short="经度"),
    Field("lat", "number", head="纬度", short="纬度"),
)
ABOUT = {"来源": "测试", "licence": "CC BY 4.0", "datum": "WGS 84 (EPSG:4326)"}
LAYER = Layer("stations", FIELDS, title="站点", about=ABOUT)
ROWS: list[Sequence[Cell]] = [
    ("63000010", "川口镇劳动者港湾", 12, 102.830712345678, 36.329876543210),
    ("63000028", '=HYPERLINK("http://x")', None, 101.5, 36.6),
    ("63000036", "两行\n名称,\"引号\" <&> 'x'", 0, -179.999999, -0.000001),
    ("63000044", "ཁྲི་ཀ་རྫོང་།", 3, None, None),
    ("63000052", None, 9_007_199_254_740_993, 0.0, 0.0),
]
SHAPED = ("gpkg", "shp.zip", "fgb")


def read(path: Path, form: str) -> list[tuple[Any, ...]]:
    """Read a vector file with GDAL: cells in order, then the point or None."""
    where = f"/vsizip/{path}/stations.shp" if form == "shp.zip" else path
    frame = pyogrio.read_dataframe(where)
    points = [None if p is None else (p.x, p.y) for p in frame.geometry]
    columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in frame.columns[:-1]]
    return [*zip(*columns, points, strict=True)]


@pytest.mark.parametrize("form", ["gpkg", "fgb"])
def test_gdal_reads_back_every_cell_and_every_point(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"stations.{form}"
    assert write(path, LAYER, ROWS, form) == len(ROWS)
    found = sorted(read(path, form))
    assert [row[:2] for row in found] == [tuple(row[:2]) for row in ROWS]
    assert [row[3:5] for row in found] == [tuple(row[3:5]) for row in ROWS]
    assert [row[5] for row in found] == [None if row[3] is None else (row[3], row[4]) for row in ROWS]
    # A column with a gap is read as floats, which do not hold the largest whole number.
    write(path, LAYER, ROWS[-1:], form)
    assert pyogrio.read_dataframe(path)["seats"].tolist() == [9_007_199_254_740_993]


def test_a_geopackage_says_what_it_holds_and_in_which_crs(tmp_path: Path) -> None:
    path = tmp_path / "stations.gpkg"
    write(path, LAYER, ROWS, "gpkg")
    about = pyogrio.read_info(path)
    assert about["crs"] == "EPSG:4326"
    assert about["dataset_metadata"] == ABOUT
    assert about["layer_metadata"]["IDENTIFIER"] == "站点"
    assert "licence: CC BY 4.0" in about["layer_metadata"]["DESCRIPTION"]


def test_a_flatgeobuf_has_its_index_where_every_row_has_a_shape(tmp_path: Path) -> None:
    path = tmp_path / "stations.fgb"
    write(path, LAYER, [row for row in ROWS if row[3] is not None], "fgb")
    assert pyogrio.read_info(path)["capabilities"]["fast_spatial_filter"]
    assert len(pyogrio.read_dataframe(path, bbox=(101, 36, 103, 37))) == 2
    write(path, LAYER, ROWS, "fgb")
    assert not pyogrio.read_info(path)["capabilities"]["fast_spatial_filter"]
    assert "CC BY 4.0" in pyogrio.read_info(path)["layer_metadata"]["DESCRIPTION"]


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
def test_a_shapefile_has_chinese_fields_and_says_its_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "stations.shp.zip"
    write(path, LAYER, ROWS[:3], "shp.zip", encoding=encoding)
    with zipfile.ZipFile(path) as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} == {
            "shp", "shx", "dbf", "prj", "cpg", "txt",
        }  # fmt: skip
        assert archive.read("stations.cpg").decode() == encoding
        assert "川口镇".encode(encoding) in archive.read("stations.dbf")
        readme = archive.read("README.txt").decode("utf-8-sig")
    assert "licence: CC BY 4.0" in readme
    assert "texts" not in readme
    frame = pyogrio.read_dataframe(f"/vsizip/{path}/stations.shp")
    assert list(frame.columns) == ["编号", "名称", "座位", "经度", "纬度", "geometry"]
    assert frame["名称"].tolist() == [row[1] for row in ROWS[:3]]
    assert frame["经度"].tolist() == pytest.approx([row[3] for row in ROWS[:3]], abs=1e-12)


def test_what_a_shapefile_cannot_hold_is_counted_in_its_readme(tmp_path: Path) -> None:
    path = tmp_path / "stations.shp.zip"
    long = ("1", "站" * 200, 1, 101.0, 36.0)
    write(path, LAYER, [long, *ROWS], "shp.zip", encoding="GBK")
    with zipfile.ZipFile(path) as archive:
        readme = archive.read("README.txt").decode("utf-8-sig")
    assert "texts cut, because a Shapefile holds 254 bytes of each: 1\n" in readme
    assert "texts with letters that GBK lacks, written as ?: 1\n" in readme
    names = pyogrio.read_dataframe(f"/vsizip/{path}/stations.shp")["名称"].tolist()
    assert names[0] == "站" * 127
    assert set(names[4]) == {"?"}


def test_a_datum_without_a_public_definition_declares_no_crs(tmp_path: Path) -> None:
    path = tmp_path / "stations.shp.zip"
    write(path, Layer("stations", FIELDS, declared=False), ROWS, "shp.zip")
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".prj")]
    assert pyogrio.read_info(f"/vsizip/{path}/stations.shp")["crs"] is None


def test_a_csv_opens_in_a_spreadsheet_and_computes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "stations.csv"
    write(path, LAYER, ROWS, "csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        heads, *rows = csv.reader(file)
    assert heads == ["编号", "名称", "座位", "经度", "纬度"]
    assert rows[1][1] == '\'=HYPERLINK("http://x")'
    assert [row[1] for row in rows if is_formula(row[1])] == []
    assert rows[2][1] == ROWS[2][1]
    assert rows[3] == ["63000044", "ཁྲི་ཀ་རྫོང་།", "3", "", ""]
    assert [float(row[3]) for row in rows if row[3]] == [row[3] for row in ROWS if row[3] is not None]


def test_a_workbook_holds_texts_and_numbers_and_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "stations.xlsx"
    write(path, LAYER, ROWS, "xlsx")
    book = openpyxl.load_workbook(path)
    sheet, readme = book.worksheets
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [list(row) for row in ROWS]
    assert {cell.data_type for row in sheet.rows for cell in row} == {"s", "n"}
    assert sheet["B3"].quotePrefix
    assert {row[0].value: row[1].value for row in readme.rows} == ABOUT
    other = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert [row[1] for row in other[1:]] == [row[1] or "" for row in ROWS]


def test_a_table_longer_than_a_sheet_goes_on_in_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    for count, sheets in ((0, [0]), (2, [2]), (3, [2, 1]), (4, [2, 2])):
        write_workbook(path, ["n"], ([n] for n in range(count)), title="表/格", most_rows=3)
        book = openpyxl.load_workbook(path)
        assert [sheet.max_row - 1 for sheet in book.worksheets] == sheets
        assert [row[0].value for sheet in book for row in sheet.iter_rows(min_row=2)] == list(range(count))
        assert book.sheetnames == ["表 格", "表 格 2"][: len(sheets)]


def test_kml_is_well_formed_and_keeps_what_has_no_place(tmp_path: Path) -> None:
    path = tmp_path / "stations.kml"
    write(path, LAYER, [*ROWS, ("1", "\x00\x0b\ufffe", 1, 1.0, 2.0)], "kml")
    root = ET.fromstring(path.read_bytes())  # noqa: S314 - written above
    name = "{http://www.opengis.net/kml/2.2}"
    marks = root.findall(f".//{name}Placemark")
    assert len(marks) == len(ROWS) + 1
    assert marks[2].findtext(f"{name}name") == ROWS[2][1]
    assert marks[3].find(f"{name}Point") is None
    assert marks[0].findtext(f".//{name}coordinates") == "102.830712345678,36.32987654321"
    assert "CC BY 4.0" in (root.findtext(f".//{name}Document/{name}description") or "")
    assert len(pyogrio.read_dataframe(path, layer="站点")) == len(ROWS) + 1


def test_other_shapes_are_given_as_wkt(tmp_path: Path) -> None:
    layer = Layer(
        "areas", (Field("wkt"), Field("code", short="代码")), wkt="wkt", geometry="MultiPolygon", title="区划"
    )
    shapes = [shapely.MultiPolygon([shapely.box(at, 36, at + 0.5, 36.5)]) for at in range(3)]
    rows = [(shape.wkt, f"63{at}") for at, shape in enumerate(shapes)]
    for form, where in (("gpkg", "{}"), ("shp.zip", "/vsizip/{}/areas.shp"), ("fgb", "{}")):
        path = tmp_path / f"areas.{form}"
        write(path, layer, [*rows, (None, "none")] if form == "gpkg" else rows, form)
        frame = pyogrio.read_dataframe(where.format(path))
        assert shapely.equals(shapely.union_all(frame.geometry), shapely.union_all(shapes))
        assert list(frame.columns) == ["代码" if form == "shp.zip" else "code", "geometry"]
    write(tmp_path / "areas.csv", layer, rows, "csv")
    assert (tmp_path / "areas.csv").read_text(encoding="utf-8-sig").splitlines()[0] == "code"


@pytest.mark.parametrize("form", FORMS)
def test_a_file_without_rows_is_a_whole_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"stations.{form}"
    assert write(path, LAYER, [], form) == 0
    if form in SHAPED:
        assert read(path, form) == []


@pytest.mark.parametrize("form", SHAPED)
def test_nothing_stays_beside_a_file(tmp_path: Path, form: str) -> None:
    write(tmp_path / f"stations.{form}", LAYER, ROWS[:3], form)
    assert [path.name for path in tmp_path.iterdir()] == [f"stations.{form}"]


@pytest.mark.parametrize("form", FORMS)
def test_rows_that_break_off_leave_their_error_and_no_scratch(tmp_path: Path, form: str) -> None:
    def rows() -> Iterator[Sequence[Cell]]:
        yield ROWS[0]
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        write(tmp_path / f"stations.{form}", LAYER, rows(), form)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_gdal_s_refusal_is_told_in_words(tmp_path: Path) -> None:
    twice = Layer("stations", (*FIELDS, Field("code")))
    with pytest.raises(VectorError, match=r"stations\.gpkg could not be written"):
        write(tmp_path / "stations.gpkg", twice, [(*row, "x") for row in ROWS], "gpkg")
    with pytest.raises(VectorError, match="always declares a CRS"):
        write(tmp_path / "stations.gpkg", Layer("stations", FIELDS, declared=False), ROWS, "gpkg")


texts = st.none() | st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1, max_size=60
)
numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.tuples(texts, st.none() | st.integers(-(2**53), 2**53), numbers), min_size=1, max_size=8)
)
def test_any_text_and_number_comes_back_from_a_geopackage(rows: list[tuple[Any, ...]]) -> None:
    layer = Layer(
        "stations", (Field("t"), Field("i", "integer"), Field("lon", "number"), Field("lat", "number"))
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "any.gpkg"
        write(path, layer, [(*row, 1.0) for row in rows], "gpkg")
        _, _, _, (found, whole, number, _) = pyogrio.raw.read(path, read_geometry=False)
    # The scratch table ends a line as its platform does inside quotes too; letters XML lacks are GDAL's to keep.
    assert [None if cell is None else cell for cell in found] == [row[0] for row in rows]
    assert [None if np.isnan(cell) else int(cell) for cell in whole.astype(float)] == [row[1] for row in rows]
    assert number.tolist() == [row[2] for row in rows]


@settings(max_examples=40)
@given(cells=st.lists(st.text(max_size=30), min_size=1, max_size=10))
def test_no_cell_of_a_workbook_breaks_it_or_becomes_a_formula(cells: list[str]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "any.xlsx"
        write_workbook(path, ["text"], ([cell] for cell in cells))
        sheet = openpyxl.load_workbook(path).worksheets[0]
        found = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in found} <= {"s", "n"}
    assert len(found) == len(cells)


@pytest.mark.parametrize("form", FORMS)
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, form: str) -> None:
    def peak(count: int) -> int:
        rows = ((f"{at:08d}", "名称" * 40, at, 100.0, 30.0) for at in range(count))
        tracemalloc.start()
        write(tmp_path / f"many.{form}", LAYER, rows, form)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        (tmp_path / f"many.{form}").unlink()
        return found

    peak(10)
    assert peak(12_000) < peak(4_000) + 1_000_000
