"""Columns: guessed from headers, shown, and overruled by a mapping."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.errors import Invalid
from stations.imports import Columns, Mapping
from stations.imports.fields import FIELDS, HEADERS, header_key
from stations.models import Source
from tests.stations.import_helpers import amenities, run, station, write


def meanings(
    *headers: str, mapping: Mapping | None = None, id_column: str | None = None
) -> dict[str, str | None]:
    return {c.header: c.field for c in Columns.guess(headers, mapping, id_column=id_column)}


def test_the_headers_of_a_ledger_are_understood() -> None:
    ledger = {
        "序号": "number",
        "站点名称": "name",
        "所属区县": "district",
        "详细地址": "address",
        "经度": "lon",
        "纬度": "lat",
        "坐标系": "datum",
        "开放时间": "hours",
        "服务设施": "amenities",
        "容纳人数": "capacity",
        "依托单位": "host",
        "备注": "remarks",
    }
    assert meanings(*ledger) == ledger


def test_english_headers_are_understood() -> None:
    assert meanings("id", "Site Name", "address", "district", "lat", "lng", "open_hours", "coord_src", "Phone") == {
        "id": "number", "Site Name": "name", "address": "address", "district": "district", "lat": "lat", "lng": "lon",
        "open_hours": "hours", "coord_src": "position_origin", "Phone": "phone",
    }  # fmt: skip


@pytest.mark.parametrize(
    "header", ["面积（㎡）", "面 积", "＊面积", "建筑面积(平方米)", "驿站建筑面积", "AREA_M2", "面积/㎡"]
)
def test_units_spaces_width_and_case_do_not_matter(header: str) -> None:
    expected = None if header == "面积/㎡" else "area_m2"
    assert meanings("名称", header)[header] == expected


def test_a_header_that_ends_in_a_known_one_is_guessed_and_says_so() -> None:
    columns = Columns.guess(["户外劳动者站点名称", "站点负责单位联系电话"])
    assert columns.describe() == [
        "户外劳动者站点名称 → name (by how its header ends)",
        "站点负责单位联系电话 → phone (by how its header ends)",
    ]


def test_of_two_columns_with_one_meaning_the_surer_is_taken_in_any_order() -> None:
    for headers in itertools.permutations(["名称", "站点名称", "地址"]):
        found = Columns.guess(headers)
        assert found.one("name") == "站点名称"
        assert "名称 → not read: 站点名称 already says it" in found.describe()


def test_every_alias_means_its_own_field() -> None:
    for field in FIELDS.values():
        for alias in field.aliases:
            assert HEADERS[header_key(alias)][0] == field.code, alias


def test_a_column_of_one_amenity_is_understood(qinghai: Session, tmp_path: Path) -> None:
    rows = [{"名称": "甲站", "饮水机": "有", "空调": "无", "微波炉": "", "卫生间": "√"}]
    run(qinghai, write(tmp_path / "a.csv", rows))
    assert amenities(qinghai, "甲站") == {
        "drinking_water": ("yes", "listed"), "air_conditioning": ("no", "listed"), "toilet": ("yes", "listed"),
    }  # fmt: skip


def test_a_mapping_overrules_ignores_declares_and_sets_constants(qinghai: Session, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        """
        [columns]
        "甲" = "name"
        "乙" = { field = "amenities", inferred = true }
        "编码" = "id"
        "电话" = "ignore"
        "灶台" = "amenity:microwave"
        [constants]
        kind = "rider_station"
        district = "城东区"
        """,
        encoding="utf-8",
    )
    rows = [{"甲": "甲站", "乙": "饮水", "编码": "X-1", "电话": "0971-1234567", "灶台": "有"}]
    report = run(qinghai, write(tmp_path / "a.csv", rows), mapping=Mapping.read(mapping))
    found = station(qinghai, "甲站")
    assert (found.kind, found.phone, found.region_code) == ("rider_station", None, "630102")
    assert amenities(qinghai, "甲站") == {
        "drinking_water": ("yes", "inferred"),
        "microwave": ("yes", "listed"),
    }
    assert report.columns == (
        "甲 → name (as the mapping says)",
        "乙 → amenities (as the mapping says), inferred",
        "编码 → id (as the mapping says)",
        "电话 → ignored, as the mapping says",
        "灶台 → amenity:microwave (as the mapping says)",
    )
    kept = qinghai.query(Source).filter_by(code="list").one().mapping
    assert kept is not None
    assert Mapping.parse(kept).columns["编码"].field == "id"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"columns": {"名称": "nmae"}}, "nmae"),
        ({"columns": {"名称": {"field": "name", "inferrred": True}}}, "inferrred"),
        ({"columns": {"名称": {"field": "name", "inferred": "yes"}}}, "yes"),
        ({"columns": {"名称": "amenity:sauna"}}, "sauna"),
        ({"columns": {"名称": 7}}, "7"),
        ({"colums": {}}, "colums"),
        ({"constants": {"name": "甲"}}, "name"),
        ({"constants": {"kind": ""}}, "kind"),
        ({"columns": []}, "columns"),
    ],
)
def test_a_mapping_that_would_be_left_unread_is_refused(content: dict[str, object], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        Mapping.parse(content)


def test_a_mapping_that_does_not_fit_the_file_is_refused() -> None:
    with pytest.raises(Invalid, match="站名"):
        Columns.guess(["名称"], Mapping.parse({"columns": {"站名": "name"}}))
    with pytest.raises(Invalid, match="both"):
        Columns.guess(["甲", "乙"], Mapping.parse({"columns": {"甲": "name", "乙": "name"}}))
    with pytest.raises(Invalid, match="编码"):
        Columns.guess(["名称"], id_column="编码")
    with pytest.raises(Invalid, match="name"):
        Columns.guess(["地址", "电话"])
    with pytest.raises(Invalid, match="纬度"):
        Columns.guess(["名称", "纬度"])


def test_a_mapping_file_that_is_no_toml_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text("columns = [", encoding="utf-8")
    with pytest.raises(Invalid, match=r"mapping\.toml"):
        Mapping.read(path)
    with pytest.raises(Invalid, match=r"missing\.toml"):
        Mapping.read(tmp_path / "missing.toml")


def test_a_header_declares_the_datum_in_its_brackets() -> None:
    assert Columns.guess(["名称", "经度(WGS-84)", "纬度(WGS-84)"]).header_datum is Datum.WGS84
    assert Columns.guess(["名称", "经度(度)", "纬度(度)"]).header_datum is None
    with pytest.raises(Invalid, match="two datums"):
        Columns.guess(["名称", "经度(WGS84)", "纬度(GCJ02)"])


def test_what_was_found_can_be_said_outright() -> None:
    found = Columns.guess(["序号", "名称", "地址", "饮水", "杂项"])
    again = Columns.guess(
        ["序号", "名称", "地址", "饮水", "杂项"], Mapping.parse(found.to_mapping().to_json())
    )
    assert [(c.field, c.amenity) for c in again] == [(c.field, c.amenity) for c in found]


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=8))
def test_headers_of_any_text_are_guessed_or_left(headers: list[str]) -> None:
    others = [header for header in headers if header_key(header) not in HEADERS]
    try:
        columns = Columns.guess(["站点名称", *others])
    except Invalid as error:
        assert error.field in others  # noqa: PT017
        return
    assert [column.header for column in columns] == ["站点名称", *others]
    assert len(columns.describe()) == len(others) + 1
