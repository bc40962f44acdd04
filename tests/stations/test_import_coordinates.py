"""Coordinates as lists have them: in one cell, in degrees, minutes and seconds, under headers of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.errors import Invalid
from stations.imports import Columns, Mapping, cells
from stations.imports.problems import Kind
from tests.stations.import_helpers import CHENGDONG, count, kinds, run, station, verdict, write

LON, LAT = CHENGDONG


def row(**more: str) -> dict[str, str]:
    return {"名称": "甲站", "区县": "城东区"} | more


@pytest.mark.parametrize(
    "text",
    [
        "101.5,36.6",
        "36.6，101.5",
        "36.6 N, 101.5 E",
        "东经101°30′ 北纬36°36′",
        "北纬36度36分0秒，东经101度30分0秒",
        "101°30'00\"E36°36'00\"N",
        "（１０１．５　３６．６）",
        "101:30:00, 36:36:00",
    ],
)
def test_both_coordinates_in_one_cell_are_a_position(qinghai: Session, tmp_path: Path, text: str) -> None:
    report = run(qinghai, write(tmp_path / "a.csv", [row(经纬度=text)]))
    assert report.counts == {"new": 1}
    found = station(qinghai, "甲站")
    assert (found.lon, found.lat) == pytest.approx((LON, LAT), abs=1e-9)
    assert (found.original_lon, found.original_lat) == pytest.approx((LON, LAT), abs=1e-9)
    assert "经纬度 → lonlat (by its header)" in report.columns


def test_two_columns_may_be_in_degrees_minutes_and_seconds(qinghai: Session, tmp_path: Path) -> None:
    rows = [row(经度="东经101度30分", 纬度="36°36′00″"), row(名称="乙站", 经度="101.6", 纬度="36.6N")]
    assert run(qinghai, write(tmp_path / "a.csv", rows)).counts == {"new": 2}
    assert (station(qinghai, "甲站").lon, station(qinghai, "甲站").lat) == pytest.approx((LON, LAT), abs=1e-9)


def test_a_list_says_the_same_in_either_spelling(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [row(经度="101.5", 纬度="36.6")]))
    again = write(tmp_path / "b.csv", [row(经纬度="36.6, 101.5")])
    assert run(qinghai, again).counts == {"unchanged": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("60.5, 61.5", "ambiguous"),
        ("101.5", "one coordinate"),
        ("见地图", "no two coordinates"),
        ("200, 300", "not on Earth"),
        ("东经101.5，东经36.6", "lon twice"),
    ],
)
def test_a_cell_that_is_no_position_rejects_its_row_and_says_why(
    qinghai: Session, tmp_path: Path, text: str, says: str
) -> None:
    report = run(
        qinghai, write(tmp_path / "a.csv", [row(经纬度=text), row(名称="乙站", 经纬度="101.5,36.6")])
    )
    assert (report.status, verdict(report, 2), kinds(report, 2)) == (
        "refused",
        "rejected",
        {"bad_coordinate"},
    )
    (problem,) = (
        p for one in report.rows if one.number == 2 for p in one.problems if p.kind is Kind.BAD_COORDINATE
    )
    assert (problem.field, problem.value) == ("经纬度", text)
    assert says in problem.reason
    assert count(qinghai) == 0


@pytest.mark.parametrize("blank", ["", "无", "/", "—"])
def test_an_empty_cell_of_both_coordinates_is_a_station_without_a_place(
    qinghai: Session, tmp_path: Path, blank: str
) -> None:
    assert run(qinghai, write(tmp_path / "a.csv", [row(经纬度=blank)])).counts == {"new": 1}
    assert station(qinghai, "甲站").location is None


def test_a_latitude_in_the_column_of_longitudes_is_told_and_not_exchanged(
    qinghai: Session, tmp_path: Path
) -> None:
    report = run(qinghai, write(tmp_path / "a.csv", [row(经度="北纬36.6", 纬度="东经101.5")]))
    assert kinds(report, 2) == {"bad_coordinate"}
    assert "swap the two columns" in report.rows[0].problems[0].reason


@pytest.mark.parametrize(
    ("header", "first"),
    [
        ("经纬度", None),
        ("坐标", None),
        ("坐标（经度，纬度）", True),
        ("坐标(纬度,经度)", False),
        ("lnglat", True),
        ("LatLng", False),
        ("GPS坐标", None),
        ("站点经纬度", None),
        ("经纬度坐标（GCJ-02）", None),
    ],
)
def test_headers_of_both_coordinates_are_known_and_some_tell_the_order(
    header: str, first: bool | None
) -> None:
    columns = Columns.guess(["名称", header])
    assert columns.one("lonlat") == header
    assert columns.located
    assert columns.lon_first is first


def test_columns_of_their_own_go_before_one_of_both_and_half_of_them_goes_after() -> None:
    whole = Columns.guess(["名称", "经纬度", "经度", "纬度"])
    assert (whole.one("lonlat"), whole.one("lon")) == (None, "经度")
    assert "经纬度 → not read: 经度 already says it" in whole.describe()
    half = Columns.guess(["名称", "经纬度", "经度"])
    assert (half.one("lonlat"), half.one("lon"), half.lon_first) == ("经纬度", None, None)
    with pytest.raises(Invalid, match="other half is missing"):
        Columns.guess(["名称", "经度"])


@pytest.mark.parametrize(
    ("header", "datum"),
    [
        ("百度坐标", Datum.BD09),
        ("高德经纬度", Datum.GCJ02),
        ("经纬度（WGS84）", Datum.WGS84),
        ("经纬度", None),
    ],
)
def test_a_header_of_both_coordinates_may_name_the_datum(header: str, datum: Datum | None) -> None:
    assert Columns.guess(["名称", header]).header_datum is datum


def test_a_mapping_may_call_any_column_both_coordinates(qinghai: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [row(打卡点="36.6,101.5")])
    run(qinghai, path, mapping=Mapping.parse({"columns": {"打卡点": "lonlat"}}))
    assert station(qinghai, "甲站").lon == LON


def test_coordinates_in_one_cell_need_a_datum_as_others_do(qinghai: Session, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="nothing says their datum"):
        run(qinghai, write(tmp_path / "a.csv", [row(经纬度="101.5,36.6")]), datum=None)


@pytest.mark.parametrize(
    ("text", "place"), [("101.7782,36.6171", (101.7782, 36.6171)), ("36.6171,101.7782", (101.7782, 36.6171))]
)
def test_the_short_way_for_plain_numbers_reads_as_the_long_one_does(
    text: str, place: tuple[float, float]
) -> None:
    assert cells.position(text).value == place
    assert cells.position(f" {text} ").value == place
