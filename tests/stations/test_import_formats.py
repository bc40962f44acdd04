"""Every format that lists come in, and what is said of files that are none."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from openpyxl import Workbook
from shapely.geometry import Point
from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.errors import FileError, GeoError
from stations.imports import accept
from tests.stations.import_helpers import CHENGDONG, CHENGZHONG, count, run, station, write

ROWS = [
    {"站点名称": "城东一站", "所属区县": "城东区", "联系电话": "0971-8123456", "服务设施": "饮水、充电"},
    {"站点名称": "城中二站", "所属区县": "城中区", "联系电话": "09718000000", "服务设施": "空调"},
]
PLACES = [CHENGDONG, CHENGZHONG]


def ledger() -> list[dict[str, object]]:
    return [row | {"经度": x, "纬度": y} for row, (x, y) in zip(ROWS, PLACES, strict=True)]


def frame(crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(ROWS, geometry=[Point(*place) for place in PLACES], crs="EPSG:4326").to_crs(crs)


def workbook(path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["西宁市户外劳动者服务站点台账"])
    sheet.merge_cells("A1:F1")
    rows = ledger()
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_csv_in_each_encoding(qinghai: Session, tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.csv", ledger())
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert run(qinghai, path).counts == {"new": 2}
    assert station(qinghai, "城中二站").phone == "09718000000"


def test_all_forms_of_one_list_are_one_list(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", ledger()))
    assert run(qinghai, workbook(tmp_path / "a.xlsx")).counts == {"unchanged": 2}
    for name, driver in (("a.gpkg", "GPKG"), ("a.geojson", "GeoJSON"), ("a.fgb", "FlatGeobuf")):
        frame().to_file(tmp_path / name, driver=driver)
        assert run(qinghai, tmp_path / name, datum=None).counts == {"unchanged": 2}, name
    short = frame().rename(
        columns={"站点名称": "名称", "所属区县": "区县", "联系电话": "电话", "服务设施": "设施"}
    )
    short.to_file(tmp_path / "a.shp", encoding="UTF-8")
    assert run(qinghai, tmp_path / "a.shp", datum=None).counts == {"unchanged": 2}
    assert count(qinghai) == 2


def test_a_vector_file_is_wgs_84_unless_a_datum_is_declared(qinghai: Session, tmp_path: Path) -> None:
    frame().to_file(tmp_path / "a.gpkg", driver="GPKG")
    plain = run(qinghai, tmp_path / "a.gpkg", datum=None)
    assert station(qinghai, "城东一站").lon == CHENGDONG[0]
    assert "WGS 84" in plain.notes[0]
    shifted = run(qinghai, tmp_path / "a.gpkg", datum=Datum.GCJ02)
    assert shifted.counts == {"changed": 2}
    assert station(qinghai, "城东一站").lon != CHENGDONG[0]
    assert "as declared" in shifted.notes[0]


def test_a_list_without_coordinates_is_kept_and_counted(qinghai: Session, tmp_path: Path) -> None:
    assert run(qinghai, write(tmp_path / "a.csv", ROWS), datum=None).counts == {"new": 2}
    found = station(qinghai, "城东一站")
    assert (found.location, found.position_hold, found.region_code) == (None, None, "630102")


def test_a_row_without_coordinates_in_a_list_that_has_them_is_unlocated(
    qinghai: Session, tmp_path: Path
) -> None:
    rows = ledger()
    rows[1] |= {"经度": "", "纬度": "—"}
    assert run(qinghai, write(tmp_path / "a.csv", rows)).counts == {"new": 2}
    assert station(qinghai, "城中二站").location is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("header.csv", "站点名称,地址\n".encode()),
        ("binary.csv", bytes(range(256)) * 8),
        ("mixed.csv", "站点名称,地址\n甲站,甲路\n".encode() + "乙站,乙路\n".encode("gbk")),
        ("broken.xlsx", b"PK\x03\x04 but no workbook"),
        ("broken.gpkg", b"SQLite format 3\0" + b"\0" * 100),
        ("broken.geojson", b'{"type": "FeatureCollection", "features": ['),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    ],
)
def test_a_file_that_is_no_list_gets_a_clear_error_and_changes_nothing(
    qinghai: Session, tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(GeoError, match=name.replace(".", r"\.")):
        run(qinghai, path)
    assert (count(qinghai), count(qinghai, "import_batches"), count(qinghai, "sources")) == (0, 0, 0)


def test_a_missing_file_is_named(qinghai: Session, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nothing\.csv"):
        run(qinghai, tmp_path / "nothing.csv")


def test_progress_is_told_and_ends(qinghai: Session, tmp_path: Path, operator: int) -> None:
    from stations.imports import Options, SourceSpec, judge_and_apply

    told: list[tuple[str, float]] = []
    judge_and_apply(
        qinghai,
        write(tmp_path / "a.csv", ledger()),
        actor=operator,
        source=SourceSpec("list"),
        datum=Datum.WGS84,
        options=Options(),
        progress=lambda step, part: told.append((step, part)),
    )
    assert [step for step, _ in told] == ["judge", "compare", "apply", "derive"]
    assert told[0][1] == pytest.approx(1.0)


def test_accepted_rows_of_a_workbook_are_its_own_row_numbers(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (["台账"], ["名称", "区县", "经度", "纬度"], ["甲站", "城东区", 102.1, 36.6]):
        sheet.append(line)
    book.save(tmp_path / "a.xlsx")
    report = run(qinghai, tmp_path / "a.xlsx")
    assert report.batch_id is not None
    assert accept(qinghai, report.batch_id, [3], actor=operator) == [3]
