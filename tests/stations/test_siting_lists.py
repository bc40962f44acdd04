"""Lists of candidates as operators have them: heads, datums, words of consent, money, and files that cannot be taken."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from layer_files import areas, table, workbook
from sqlalchemy.orm import Session

from geo.datum import Datum, from_wgs84
from geo.errors import FileError
from geo.mainland import Mainland
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.planning.siting import candidate_lists
from stations.planning.siting.candidate_files import read
from stations.registry.writing import acting
from tests.stations.programme_helpers import fresh, planner
from tests.stations.test_siting_problems import NOON

CHINA = Mainland.from_geometry(shapely.box(80.0, 20.0, 130.0, 50.0))
HEAD = ("名称", "经度", "纬度", "依托单位", "是否同意", "造价(万元)")


def test_a_list_in_gcj_02_is_converted_and_keeps_its_own_numbers(tmp_path: Path) -> None:
    lon, lat = from_wgs84([101.78], [36.62], Datum.GCJ02, mainland=CHINA)
    path = table(tmp_path / "a.csv", HEAD, [("大厅", lon[0], lat[0], "街道办", "同意", "5.5")])
    (row,) = read(path, datum=Datum.GCJ02, mainland=CHINA).rows
    assert (row.lon, row.lat) == (pytest.approx(101.78, abs=1e-7), pytest.approx(36.62, abs=1e-7))
    assert row.original == (pytest.approx(lon[0]), pytest.approx(lat[0]))
    assert (row.key, row.name, row.host, row.consent, row.cost) == ("r2", "大厅", "街道办", "given", 55_000.0)


@pytest.mark.parametrize(
    ("words", "consent"),
    [("是", "given"), ("已签约", "given"), ("洽谈中", "asked"), ("否", "refused"), ("拒绝", "refused"), ("", None),
     ("待定", None), ("再说吧", None)],
)  # fmt: skip
def test_consent_is_read_in_the_words_that_lists_use_and_others_stay_unknown_and_are_told(
    tmp_path: Path, words: str, consent: str | None
) -> None:
    path = table(tmp_path / "a.csv", HEAD, [("甲", 101.7, 36.6, "", words, "")])
    found = read(path, datum=Datum.WGS84, mainland=CHINA)
    assert found.rows[0].consent == consent
    assert found.unread == ({"再说吧": 1} if words == "再说吧" else {})


@pytest.mark.parametrize(
    ("head", "cell", "yuan"),
    [
        ("造价", "50000", 5e4),
        ("造价", "￥50,000元", 5e4),
        ("造价（元）", "5万元", 5e4),
        ("费用（万元）", "5", 5e4),
        ("造价", "／", None),
    ],
)
def test_money_is_read_in_yuan_and_in_ten_thousand(
    tmp_path: Path, head: str, cell: str, yuan: float | None
) -> None:
    path = table(tmp_path / "a.csv", ("名称", "经纬度", head), [("甲", "101.7,36.6", cell)])
    assert read(path, datum=Datum.WGS84, mainland=CHINA).rows[0].cost == yuan


def test_a_workbook_a_gbk_table_and_a_geopackage_say_the_same(tmp_path: Path) -> None:
    rows = [("甲", 101.7, 36.6, "邮政局", "同意", 5), ("乙", 101.9, 36.7, "", "", "")]
    book = workbook(tmp_path / "a.xlsx", HEAD, rows)
    plain = table(tmp_path / "a.csv", HEAD, rows)
    gbk = tmp_path / "gbk.csv"
    gbk.write_bytes(codecs.encode(plain.read_text(encoding="utf-8"), "gb18030"))
    points = areas(
        tmp_path / "a.gpkg", [shapely.Point(row[1], row[2]) for row in rows], 名称=["甲", "乙"],
        依托单位=["邮政局", None], 是否同意=["同意", None], 造价万元=[5.0, np.nan],
    )  # fmt: skip
    told = [read(each, datum=Datum.WGS84, mainland=CHINA).rows for each in (book, plain, gbk)]
    # A vector file says its own CRS, so nobody is asked for the datum.
    told.append(read(points, datum=None, mainland=CHINA).rows)
    for found in told:
        assert [(row.name, row.host, row.consent, row.cost) for row in found] == [
            ("甲", "邮政局", "given", 50_000.0), ("乙", None, None, None),
        ]  # fmt: skip
        assert [(row.lon, row.lat) for row in found] == [
            (pytest.approx(101.7), pytest.approx(36.6)), (pytest.approx(101.9), pytest.approx(36.7)),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "rows", "reason"),
    [
        (("名称", "地址"), [("甲", "一号")], "no_position"),
        (("名称", "经度", "纬度"), [("甲", "", "")], "nothing"),
        (("编号", "经度", "纬度"), [("A", 101.7, 36.6), ("A", 101.8, 36.6)], "twice"),
        (("名称", "经度", "纬度", "造价"), [("甲", 101.7, 36.6, "面议")], "bad_cost"),
        (("名称", "经度", "纬度", "造价"), [("甲", 101.7, 36.6, "-5")], "bad_cost"),
        (("名称", "经度", "纬度"), [("甲", 36.6, 101.7)], "no_degrees"),
    ],
)
def test_what_cannot_be_taken_is_named(
    tmp_path: Path, head: tuple[str, ...], rows: list[tuple[object, ...]], reason: str
) -> None:
    with pytest.raises(Invalid) as caught:
        read(table(tmp_path / "a.csv", head, rows), datum=Datum.WGS84, mainland=CHINA)
    assert caught.value.reason == reason


def test_a_table_must_say_its_datum_and_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="in which datum"):
        read(table(tmp_path / "a.csv", HEAD, [("甲", 101.7, 36.6, "", "", "")]), datum=None, mainland=CHINA)
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(FileError):
        read(tmp_path / "x.xlsx", datum=Datum.WGS84, mainland=CHINA)


@given(st.lists(st.tuples(*[st.text(max_size=12)] * 4), min_size=1, max_size=4))
def test_hostile_cells_end_in_words_or_in_candidates_and_in_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str, str, str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.csv"
    rows = [(name, "101.7", "36.6", host, said, cost) for name, host, said, cost in cells]
    # Half a surrogate pair is no text that a file could hold.
    safe = [tuple(part.encode("utf-8", "replace").decode() for part in row) for row in rows]
    try:
        found = read(table(path, HEAD, safe), datum=Datum.WGS84, mainland=CHINA)
    except (Invalid, FileError):
        return
    for row in found.rows:
        assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in f"{row.name}{row.host}")
        assert row.cost is None or row.cost >= 0


def test_a_list_is_kept_once_under_its_name_and_by_planners_alone(
    qinghai: Session, operator: int, tmp_path: Path
) -> None:
    path = table(tmp_path / "a.csv", HEAD, [("甲", 101.7, 36.6, "邮政局", "同意", "5")])
    mine, keeper = planner(qinghai, "plans", "630200"), planner(qinghai, "keeps", "630000", role="editor")

    def add(actor: int, name: str) -> None:
        fresh(qinghai)
        with acting(qinghai, actor, reason="a list"):
            candidate_lists.add(qinghai, path, name=name, datum=Datum.WGS84, actor=actor, now=NOON)

    add(mine, " 社区 ")
    frame = candidate_lists.table(qinghai, "社区")
    assert frame[["key", "host", "list_cost"]].values.tolist() == [["r2", "邮政局", 50_000.0]]
    with acting(qinghai, mine, reason="again"):
        assert candidate_lists.kept_as(qinghai, path, name="社区", actor=mine, now=NOON).candidates == 1
    with pytest.raises(Conflict, match="there is a list of candidates '社区' already"):
        add(mine, "社区")
    with pytest.raises(Invalid, match="1 to 80 characters"):
        add(mine, " ")
    with pytest.raises(NotFound, match="no list of candidates '别的'; there are: 社区"):
        candidate_lists.find(qinghai, "别的")
    with pytest.raises(NotAllowed):
        add(keeper, "编辑的")
