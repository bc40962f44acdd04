"""Files made to harm: each is refused in one sentence, or read, within little memory and time, whatever it claims.

What could end the process or fill the machine is opened in a child with resource limits (``tests/geo/hostile.py``).
"""

from __future__ import annotations

import json
import random
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import Point

from geo.errors import FileError
from geo.io import open_source
from tests.geo.hostile import outcome, outcomes
from tests.geo.xls_writer import Sheet, container, record, workbook_stream, write_xls

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ROWS = [["名称", "电话"], ["甲站", "1"], ["乙站", "2"]]
HEAD = "<row r='1'><c r='A1' t='str'><v>名称</v></c><c r='B1' t='str'><v>电话</v></c></row>"


def book(path: Path, rows: str = "", *, after: str = "", parts: dict[str, str | bytes] | None = None) -> Path:
    """Write an .xlsx by hand: rows in the XML of a sheet, what follows them, and parts to add or replace."""
    found: dict[str, str | bytes] = {
        "xl/workbook.xml": f"<workbook xmlns='{MAIN}' xmlns:r='{OFFICE}'><sheets>"
        "<sheet name='台账' sheetId='1' r:id='rId1'/></sheets></workbook>",
        "xl/_rels/workbook.xml.rels": "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
        f"<Relationship Id='rId1' Type='{OFFICE}/worksheet' Target='worksheets/sheet1.xml'/>"
        f"<Relationship Id='rId2' Type='{OFFICE}/sharedStrings' Target='sharedStrings.xml'/></Relationships>",
        "xl/sharedStrings.xml": f"<sst xmlns='{MAIN}'><si><t>甲站</t></si></sst>",
        "xl/worksheets/sheet1.xml": f"<worksheet xmlns='{MAIN}'><sheetData>{rows}</sheetData>{after}</worksheet>",
    } | (parts or {})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return path


def row(number: int, cell: str) -> str:
    return f"<row r='{number}'>{cell}</row>"


def shared(count: int) -> dict[str, str | bytes]:
    return {"xl/sharedStrings.xml": f"<sst xmlns='{MAIN}'>{'<si/>' * count}</sst>"}


LAUGHS = (
    "<!DOCTYPE lolz [<!ENTITY a '哈哈哈哈哈哈哈哈哈哈'>"
    + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
EXTERNAL = "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
GOOD = HEAD + row(2, "<c r='A2' t='s'><v>0</v></c>")

WORKBOOKS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "columns beyond the last": (lambda p: book(p, HEAD + row(2, "<c r='ZZZZZZ2'><v>1</v></c>")), "columns end with XFD"),
    "a column of seven letters": (lambda p: book(p, HEAD + row(2, "<c r='AAAAAAA2'><v>1</v></c>")), "columns end with XFD"),
    "rows beyond the last": (lambda p: book(p, HEAD + row(99_999_999, "<c r='A99'><v>1</v></c>")), "rows must go on"),
    "rows that go back": (lambda p: book(p, HEAD + row(9, "<c><v>1</v></c>") + row(3, "<c><v>1</v></c>")), "after row 9"),
    "a row number that is none": (lambda p: book(p, HEAD + "<row r='zwei'/>"), "no row number"),
    "wide rows without end": (
        lambda p: book(p, HEAD + "".join(row(n, f"<c r='XFD{n}'><v>1</v></c>") for n in range(2, 3_500))),
        "more than 50,000,000 cells",
    ),
    "a million columns in the header": (
        lambda p: book(p, row(1, "".join(f"<c t='str'><v>名{n}</v></c>" for n in range(16_384))) + row(2, "<c><v>1</v></c>" * 16_384)),
        "16,384 columns on line 1",
    ),
    "entities that multiply": (
        lambda p: book(p, GOOD, parts={"xl/sharedStrings.xml": f"{LAUGHS}<sst xmlns='{MAIN}'><si><t>&j;</t></si></sst>"}),
        "document type",
    ),
    "an external entity": (
        lambda p: book(
            p, parts={"xl/worksheets/sheet1.xml": f"{EXTERNAL}<worksheet><sheetData>&e;</sheetData></worksheet>"}
        ),
        "document type",
    ),
    "an external entity in UTF-16": (
        lambda p: book(p, parts={"xl/workbook.xml": f"<?xml version='1.0' encoding='UTF-16'?>{EXTERNAL}<x/>".encode("utf-16")}),
        "document type",
    ),
    "elements nested a million deep": (lambda p: book(p, "<a>" * 1_000_000), "more than 100 deep"),
    "a tag of ten million characters": (lambda p: book(p, f"<row r='1' x='{'x' * 10_000_000}'/>"), "a tag of more than 1 MiB"),
    "a cell of ten million characters": (
        lambda p: book(p, HEAD + row(2, f"<c t='str'><v>{'驿' * 10_000_000}</v></c>")),
        "A2 has more than 131,072 characters",
    ),
    "a shared text of ten million characters": (
        lambda p: book(p, GOOD, parts={"xl/sharedStrings.xml": f"<sst xmlns='{MAIN}'><si><t>{'x' * 10_000_000}</t></si></sst>"}),
        "more than 131,072 characters",
    ),
    "millions of shared texts": (lambda p: book(p, GOOD, parts=shared(3_000_001)), "more than 3,000,000 texts"),
    "merges without end": (
        lambda p: book(p, GOOD, after="<mergeCells>" + "<mergeCell ref='A1:A2'/>" * 200_001 + "</mergeCells>"),
        "more than 200,000 merged cells",
    ),
    "a sheet of blanks": (lambda p: book(p, " " * (80 << 20)), "unpacks to 80 MiB"),
    "ten thousand parts": (lambda p: book(p, GOOD, parts={f"x{n}": b"" for n in range(10_001)}), "in 10005 parts"),
    "a part that is not there": (lambda p: book(p, GOOD, parts={"xl/workbook.xml": "<workbook/>"}), "no worksheet"),
    "a link out of the archive": (
        lambda p: book(
            p,
            GOOD,
            parts={
                "xl/_rels/workbook.xml.rels": f"<Relationships><Relationship Id='rId1' Type='{OFFICE}/worksheet' "
                "Target='../../../../etc/passwd'/></Relationships>"
            },
        ),
        "no worksheet",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What becomes of every file of the tables of this module, all of them opened by one child."""
    folder = tmp_path_factory.mktemp("hostile")
    paths: dict[str, Path] = {}
    for number, (name, (make, _)) in enumerate(WORKBOOKS.items()):
        paths[name] = make(folder / f"台账{number}.xlsx")
    for number, (name, (content, _)) in enumerate(ODS.items()):
        paths[name] = ods(folder / f"{number}.ods", content)
    for number, (name, (content, _)) in enumerate(TEXTS.items()):
        paths[name] = folder / f"t{number}.xls"
        paths[name].write_text(content, encoding="utf-8")
    for number, (name, (data, _)) in enumerate(XLS.items()):
        paths[name] = folder / f"x{number}.xls"
        paths[name].write_bytes(data)
    found = outcomes(list(paths.values()))
    assert all(path.name in said for path, said in zip(paths.values(), found, strict=True))
    return dict(zip(paths, found, strict=True))


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_made_to_harm_is_refused_in_bounded_memory_and_time(
    told: dict[str, str], name: str
) -> None:
    assert told[name].startswith("refused")
    assert WORKBOOKS[name][1] in told[name]


def test_a_million_empty_rows_are_nothing_and_a_claimed_extent_reserves_nothing(tmp_path: Path) -> None:
    empty = (
        "".join(f"<row r='{n}'/>" for n in range(3, 300_000))
        + "<row r='1048576'><c r='XFD1048576' s='1'/></row>"
    )
    claim = {
        "xl/worksheets/sheet1.xml": f"<worksheet><dimension ref='A1:XFD1048576'/><sheetData>{GOOD}{empty}</sheetData></worksheet>"
    }
    assert outcome(book(tmp_path / "a.xlsx", parts=claim)) == "read 1"


def test_an_entry_that_lies_about_its_size_gives_no_more_than_it_declares(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", GOOD + "".join(row(n, "<c><v>1</v></c>") for n in range(3, 50_000)))
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = data.index(
            b"xl/worksheets/sheet1.xml",
            data.index(mark) if mark == b"PK\x03\x04" else info.header_offset + 60,
        )
        start = data.rindex(mark, 0, start)
        assert struct.unpack_from("<I", data, start + at)[0] == info.file_size
        struct.pack_into("<I", data, start + at, 2_000)
    path.write_bytes(data)
    told = outcome(path)
    assert told.startswith("refused")
    assert "damaged" in told


def ods(path: Path, content: str) -> Path:
    names = " ".join(f'xmlns:{name}="urn:{name}"' for name in ("office", "table", "text"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", f"<office:document {names}>{content}</office:document>")
    return path


CELL = "<table:table-cell table:number-columns-repeated='{}'><text:p>驿</text:p></table:table-cell>"
ODS = {
    "a million rows of sixteen thousand columns": (
        f"<table:table><table:table-row table:number-rows-repeated='1048576'>{CELL.format(16384)}</table:table-row></table:table>",
        "more than 3,000,000 cells",
    ),
    "cells beyond the last column": (
        f"<table:table><table:table-row>{CELL.format(9000)}{CELL.format(9000)}</table:table-row></table:table>",
        "beyond the last column",
    ),
    "a repetition that no number holds": (
        f"<table:table><table:table-row>{CELL.format('9' * 5000)}</table:table-row></table:table>",
        "claims number-columns-repeated",
    ),
    "spaces without end": (
        "<table:table><table:table-row><table:table-cell><text:p><text:s text:c='99999999999'/></text:p>"
        "</table:table-cell></table:table-row></table:table>",
        "claims spaces",
    ),
    "paragraphs without end": (
        f"<table:table><table:table-row><table:table-cell>{'<text:p>驿驿驿驿</text:p>' * 50_000}</table:table-cell>"
        "</table:table-row></table:table>",
        "more than 131,072 characters",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ODS)
def test_an_ods_that_repeats_itself_without_end_is_refused(told: dict[str, str], name: str) -> None:
    assert told[name].startswith("refused")
    assert ODS[name][1] in told[name]


XML = "<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet' xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'>{}</Workbook>"
TEXTS = {
    "xml: a row of all columns, again and again": (
        XML.format(
            "<Worksheet><Table>"
            + "<Row><Cell ss:Index='16384'><Data ss:Type='String'>x</Data></Cell></Row>" * 200
            + "</Table></Worksheet>"
        ),
        "more than 3,000,000 cells",
    ),
    "xml: an index that goes back": (
        XML.format("<Worksheet><Table><Row ss:Index='5'/><Row ss:Index='2'/></Table></Worksheet>"),
        "row 2 where 6 follows",
    ),
    "xml: a document type": ("<?xml version='1.0'?><?mso-application progid=\"Excel.Sheet\"?>" + LAUGHS + "<Workbook/>", "document type"),
    "html: a comment that does not end": ("<html><!--" + "<" * (4 << 20), "does not end"),
    "html: a tag that does not end": ("<html><td " + "a " * (2 << 20), "does not end"),
    "html: cells that span everything": (
        "<html><table>" + ("<tr>" + "<td rowspan=65534 colspan=1000>x" * 17) * 100 + "</table>",
        "more than 16,384 columns",
    ),
    "html: tables in tables": ("<html>" + "<table><tr><td>" * 300_000, "no table"),
    "html: tables without end": ("<html>" + "<table><tr><td>x</table>" * 300, "more than 200 tables"),
    "html: a cell of ten million characters": ("<html><table><tr><td>" + "x" * 10_000_000, "more than 131,072 characters"),
    "csv: a line of a hundred million characters": ("名称,电话\n" + "x" * 100_000_000, "longer than"),
    "csv: a million columns": ("," * 1_000_000 + "名称\n" + "," * 1_000_000 + "甲\n", "1,000,001 cells"),
    "csv: two thousand columns": (",".join(f"列{n}" for n in range(2_000)) + "\n1,2\n", "2,000 columns on line 1"),
    "csv: a NUL byte": ("名称,电话\n甲\0站,1\n", "NUL byte on line 2"),
    "csv: a quote over everything": ("名称,电话\n\"" + "甲,1\n" * 1_000_000, "quote opens on line 2"),
    "geojson: arrays a hundred thousand deep": (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":' + "[" * 100_000 + "]" * 100_000
        + '},"geometry":null}]}',
        "cannot be read as GeoJSON",
    ),
    "geojson: objects a hundred thousand deep": ('{"a":' * 100_000 + "1" + "}" * 100_000, "cannot be read as GeoJSON"),
    "geojson: collections of collections": (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
        + '{"type":"GeometryCollection","geometries":[' * 20_000 + "]}" * 20_000 + "}]}",
        "cannot be read as GeoJSON",
    ),
    "geojson: two thousand properties": (
        json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": None, "properties": {f"p{n}": n for n in range(2_000)}}]}),
        "2,000 columns",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_made_to_harm_is_refused_in_bounded_memory_and_time(told: dict[str, str], name: str) -> None:
    assert told[name].startswith("refused")
    assert TEXTS[name][1] in told[name]


def xls(*, rows: list[list[str]] = ROWS, extra: bytes = b"", globals_extra: bytes = b"") -> bytes:
    return container(workbook_stream([Sheet("台账", rows, extra=extra)], globals_extra=globals_extra))


def circle(data: bytes) -> bytes:
    """Let the workbook's chain of sectors lead to its own beginning."""
    broken = bytearray(data)
    struct.pack_into("<I", broken, 512 + 4 * 3, 2)
    return bytes(broken)


XLS = {
    "cells at both ends": (xls(extra=record(0x0203, struct.pack("<HHHd", 65_535, 255, 0, 1.0))), "reaches to the cell IV65536"),
    "an extent of four thousand million rows": (
        xls(extra=record(0x0200, struct.pack("<IIHHH", 0, 0xFFFF_FFFF, 0, 256, 0))), "claims 1,099,511,627,520 cells",
    ),
    "texts that are not there": (xls(globals_extra=record(0x00FC, struct.pack("<II", 0x7FFF_FFFF, 0x7FFF_FFFF))), "claims 2,147,483,647 texts"),
    "merges without end": (
        xls(extra=record(0x00E5, struct.pack("<H", 1000) + struct.pack("<HHHH", 0, 1, 0, 0) * 1000) * 201), "more than 200,000 merged cells",
    ),
    "a password": (xls(globals_extra=record(0x002F, bytes(54))), "a workbook with a password"),
    "sectors in a circle": (circle(xls()), "runs in a circle"),
    "a record cut short": (container(workbook_stream([Sheet("台账", ROWS)])[:-4].ljust(4094, b"\0") + b"\xfd\x00\xff\xff"), "damaged .xls"),
    "sectors of 2^30 bytes": (xls()[:0x1E] + b"\x1e\x00" + xls()[0x20:], "2^30 bytes"),
    "a Word document": (container(bytes(5000), "WordDocument"), "a Word document"),
    "a workbook locked by its owner": (container(bytes(5000), "EncryptedPackage"), "with a password; save it without one"),
    "a message": (container(bytes(5000), "__substg1.0_0E04001F"), "without a workbook"),
    "a header alone": (xls()[:300], "cut short"),
}  # fmt: skip


@pytest.mark.parametrize("name", XLS)
def test_an_xls_made_to_harm_or_locked_is_refused_in_words(told: dict[str, str], name: str) -> None:
    assert told[name].startswith("refused")
    assert XLS[name][1] in told[name]


def test_an_xls_damaged_anywhere_reads_or_is_refused_and_ends_no_process(tmp_path: Path) -> None:
    whole = xls(rows=[["名称", "电话"], *[[f"站{n}", f"0971-{n}"] for n in range(40)]])
    dice = random.Random(11)  # noqa: S311
    paths = []
    for n in range(300):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(8, len(data))] = dice.randrange(256)
        path = tmp_path / f"{n}.xls"
        path.write_bytes(data[: dice.choice([len(data), dice.randrange(8, len(data))])])
        paths.append(path)
    told = outcomes(paths)
    assert sum(line.startswith("refused") for line in told) > 100
    assert sum(line == "read 40" for line in told) > 20


def layer(folder: Path, name: str, count: int = 3) -> Path:
    frame = gpd.GeoDataFrame(
        {"name": [f"站{n}" for n in range(count)]},
        geometry=[Point(101.5, 36.6 + n / 100) for n in range(count)],
        crs=4326,
    )
    path = folder / name
    frame.to_file(path, driver="GPKG" if name.endswith(".gpkg") else None, encoding="UTF-8")
    return path


def altered(path: Path, *statements: str) -> Path:
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return path


ENDLESS = "WITH RECURSIVE c(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM c) SELECT fid, NULL AS geom, 'x' AS name FROM c"
DATABASES = {
    "a view without end": (
        (
            f"CREATE VIEW endless AS {ENDLESS}",
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('endless', 'attributes', 'endless')",
        ),
        "the view 'endless'",
    ),
    "a view in place of a table of its own": (
        ("ALTER TABLE gpkg_contents RENAME TO c", f"CREATE VIEW gpkg_contents AS {ENDLESS}"), "the view 'gpkg_contents'",
    ),
    "a column that computes": (
        ("ALTER TABLE a ADD COLUMN bomb TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000))) VIRTUAL",), "the generated column 'bomb' of 'a'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DATABASES)
def test_a_geopackage_that_computes_is_refused_before_it_runs(tmp_path: Path, name: str) -> None:
    statements, says = DATABASES[name]
    told = outcome(altered(layer(tmp_path, "a.gpkg"), *statements))
    assert told.startswith("refused")
    assert says in told


def test_triggers_of_a_geopackage_never_fire_and_its_file_is_not_touched(tmp_path: Path) -> None:
    path = altered(
        layer(tmp_path, "a.gpkg"),
        "CREATE TRIGGER t AFTER UPDATE ON gpkg_contents BEGIN DELETE FROM a; END",
        "CREATE TRIGGER u AFTER INSERT ON a BEGIN DELETE FROM a; END",
    )
    before = path.read_bytes()
    assert outcome(path) == "read 3"
    assert path.read_bytes() == before
    assert [other.name for other in tmp_path.iterdir()] == ["a.gpkg"]


def test_a_name_that_is_sql_is_only_a_name(tmp_path: Path) -> None:
    odd = "x'); DROP TABLE a; --"
    frame = gpd.GeoDataFrame({"name": [odd], 'q"]; --': ["y"]}, geometry=[Point(101.5, 36.6)], crs=4326)
    path = tmp_path / "a.gpkg"
    frame.to_file(path, driver="GPKG", layer='l"; DROP TABLE a; --')
    (chunk,) = open_source(path).chunks()
    assert list(chunk[0].values.values())[2:] == [odd, "y"]


def patched(path: Path, at: int, data: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[at : at + len(data)] = data
    path.write_bytes(content)


SHAPES: dict[str, tuple[str, int, bytes]] = {
    "an index that points behind the end": (".shx", 100, struct.pack(">ii", 0x7FFF_FFF0, 0x7FFF_FFF0)),
    "a record of two thousand million words": (".shp", 104, struct.pack(">i", 0x7FFF_FFFF)),
    "four thousand million rows": (".dbf", 4, struct.pack("<I", 0xFFFF_FFFF)),
    "rows without width": (".dbf", 10, b"\0\0"),
    "a header longer than the file": (".dbf", 8, b"\xff\xff"),
    "a geometry of no kind": (".shp", 108, struct.pack("<i", 777)),
    "a file longer than it is": (".shp", 24, struct.pack(">i", 0x7FFF_FFFF)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shapefile_whose_parts_lie_reads_all_or_is_refused_and_never_in_part(
    tmp_path: Path, name: str
) -> None:
    suffix, at, data = SHAPES[name]
    path = layer(tmp_path, "a.shp")
    patched(path.with_suffix(suffix), at, data)
    told = outcome(path)
    assert told.startswith("refused") or told == "read 3"


@pytest.mark.parametrize("name", ["a.gpkg", "a.fgb", "a.shp"])
def test_a_vector_file_damaged_anywhere_reads_or_is_refused_and_ends_no_process(
    tmp_path: Path, name: str
) -> None:
    whole = layer(tmp_path, name, 40)
    dice = random.Random(5)  # noqa: S311
    paths = []
    for n in range(60):
        path = tmp_path / f"d{n}{whole.suffix}"
        for part in tmp_path.glob("a.*"):
            path.with_suffix(part.suffix).write_bytes(part.read_bytes())
        data = bytearray(whole.read_bytes())
        for _ in range(dice.randint(1, 40)):
            data[dice.randrange(16, len(data))] = dice.randrange(256)
        path.write_bytes(data[: dice.choice([len(data), dice.randrange(16, len(data))])])
        paths.append(path)
    told = outcomes(paths)
    assert sum(line.startswith("refused") for line in told) > 10


def zipped(folder: Path, names: dict[str, str]) -> Path:
    shape = layer(folder, "a.shp")
    path = folder / "站点.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, suffix in names.items():
            archive.writestr(zipfile.ZipInfo(name), shape.with_suffix(suffix).read_bytes())
    return path


PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@pytest.mark.parametrize("stem", ["a", "folder/工会驿站", "驿站.2024"])
def test_a_shapefile_in_its_archive_is_read_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stem: str
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = zipped(
        tmp_path, {f"{stem}{suffix}": suffix for suffix in PARTS} | {f"__MACOSX/._{stem}.shp": ".shp"}
    )
    source = open_source(path)
    assert len(list(scratch.iterdir())) == 1
    assert [row.values["name"] for chunk in source.chunks() for row in chunk] == ["站0", "站1", "站2"]
    del source
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("name", ["../a", "/srv/a", "x/../../a", "C:\\a", "..\\a"])
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path, {f"{name}{suffix}": suffix for suffix in PARTS})
    with pytest.raises(FileError, match="leads out of the archive"):
        open_source(path)


def test_an_archive_of_several_shapefiles_asks_which_and_of_none_is_no_list(tmp_path: Path) -> None:
    both = {f"{stem}{suffix}": suffix for stem in ("甲", "乙") for suffix in PARTS}
    path = zipped(tmp_path, both)
    with pytest.raises(FileError, match="2 Shapefiles; name one as the layer"):
        open_source(path)
    assert len(next(open_source(path, layer="乙").chunks())) == 3
    with pytest.raises(FileError, match="no Shapefile '丙'; it has 甲, 乙"):
        open_source(path, layer="丙")
    with pytest.raises(FileError, match="ZIP archive, not an"):
        open_source(zipped(tmp_path, {"a.dbf": ".dbf"}))
    with pytest.raises(FileError, match=r"lacks a\.dbf"):
        open_source(zipped(tmp_path, {"a.shp": ".shp", "a.shx": ".shx", "a.prj": ".prj"}))


def test_the_parts_of_a_zipped_bomb_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.shp", "w") as part:
        for _ in range(80):
            part.write(bytes(1 << 20))
    assert "unpacks to 80 MiB" in outcome(path)


def test_a_csv_file_that_grows_or_shrinks_while_it_is_read_is_not_taken_in_part(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    whole = "名称,电话\n" + "甲,1\n" * 20_000
    path.write_text(whole, encoding="utf-8")
    for after in (whole + "乙,2\n" * 50_000, whole[:60_000]):
        path.write_text(whole, encoding="utf-8")
        chunks = open_source(path).chunks(100)
        next(chunks)
        path.write_text(after, encoding="utf-8")
        with pytest.raises(FileError, match=r"a\.csv changed while it was read"):
            list(chunks)


def test_a_workbook_that_is_written_anew_between_two_readings_is_not_mixed(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", GOOD)
    source = open_source(path)
    assert len(list(source.chunks())) == 1
    book(path, GOOD + row(3, "<c r='A3' t='s'><v>0</v></c>"))
    with pytest.raises(FileError, match="changed while it was read"):
        list(source.chunks())


def test_a_device_or_a_folder_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    assert "it is no file" in outcome(Path("/dev/zero"))
    with pytest.raises(FileError, match="cannot be read"):
        open_source(tmp_path)


def test_a_formula_without_a_saved_value_is_told_and_one_with_a_value_is_that_value(tmp_path: Path) -> None:
    cells = {
        2: "<c r='A2' t='str'><f>B9</f><v>甲站</v></c><c r='B2'><f>1+1</f><v>2</v></c>",
        3: "<c r='A3' t='str'><v>乙站</v></c><c r='B3'><f>SUM(A1:A9)</f></c>",
        4: "<c r='A4' t='str'><v>丙站</v></c><c r='B4' t='str'><f>\"\"</f><v></v></c>",
        5: "<c r='A5' t='str'><v>=HYPERLINK(\"x\")</v></c><c r='B5' t='inlineStr'><is><t>+86_x000D_</t></is></c>",
    }
    (chunk,) = open_source(
        book(tmp_path / "a.xlsx", HEAD + "".join(map(row, cells, cells.values())))
    ).chunks()
    assert [list(found.values.values()) for found in chunk] == [
        ["甲站", "2"], ["乙站", ""], ["丙站", ""], ['=HYPERLINK("x")', "+86"],
    ]  # fmt: skip
    problems = [found.problem for found in chunk]
    assert problems[0] is problems[2] is problems[3] is None
    assert problems[1] == (
        "cell B3 holds a formula =SUM(A1:A9) without a saved value; open the file in Excel and save it"
    )


def test_a_running_number_that_was_never_computed_spoils_nothing(tmp_path: Path) -> None:
    rows = row(1, "<c t='str'><v>序号</v></c><c t='str'><v>名称</v></c>") + row(
        2, "<c><f>ROW()-1</f></c><c t='str'><v>甲站</v></c>"
    )
    (chunk,) = open_source(book(tmp_path / "a.xlsx", rows)).chunks()
    assert [(found.values["名称"], found.problem) for found in chunk] == [("甲站", None)]


def test_a_header_keeps_no_character_that_turns_its_text_around(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("名\u202e称,\u2066电\x07话\u2069\n甲,1\n", encoding="utf-8")
    assert open_source(path).columns == ("名称", "电话")


def test_an_xls_of_the_writer_of_these_tests_is_sound(tmp_path: Path) -> None:
    assert outcome(write_xls(tmp_path / "a.xls", Sheet("台账", ROWS))) == "read 2"
