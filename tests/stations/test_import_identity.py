"""Which station a row means: by declared id, by name, district and host, across forms that say more or less."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.imports import Mapping
from tests.stations.import_helpers import CHENGDONG, CHENGZHONG, count, kinds, run, station, write

Row = dict[str, object]


def keys(session: Session) -> list[tuple[str | None, str]]:
    rows = session.execute(text("SELECT external_id, identity_key FROM station_sources ORDER BY station_id"))
    return [(row.external_id, row.identity_key.replace("\x1f", "|")) for row in rows]


def test_a_running_number_is_never_identity(qinghai: Session, tmp_path: Path) -> None:
    rows: list[Row] = [{"序号": 1, "名称": "甲站"}, {"序号": 2, "名称": "乙站"}]
    run(qinghai, write(tmp_path / "a.csv", rows))
    turned: list[Row] = [{"序号": 1, "名称": "乙站"}, {"序号": 2, "名称": "甲站"}]
    assert run(qinghai, write(tmp_path / "b.csv", turned)).counts == {"unchanged": 2}
    assert all(external is None for external, _ in keys(qinghai))


def test_a_declared_id_column_is_remembered_for_the_next_file_of_its_source(
    qinghai: Session, tmp_path: Path
) -> None:
    run(qinghai, write(tmp_path / "a.csv", [{"id": 7, "名称": "甲站"}]), id_column="id")
    renamed = write(tmp_path / "b.csv", [{"id": 7, "名称": "甲站（新名）"}])
    assert run(qinghai, renamed).counts == {"changed": 1}
    assert run(qinghai, renamed, source="other").counts == {"new": 1}


def test_an_id_column_is_identity_only_when_declared(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [{"id": 7, "名称": "甲站"}]), id_column="id")
    renamed = write(tmp_path / "b.csv", [{"id": 7, "名称": "甲站（新名）"}])
    assert run(qinghai, renamed, id_column="id").counts == {"changed": 1}
    assert station(qinghai, "甲站（新名）").id
    undeclared = write(tmp_path / "c.csv", [{"id": 7, "名称": "另一站"}])
    assert run(qinghai, undeclared, mapping=Mapping()).counts == {"new": 1}


def test_a_row_without_an_id_matches_a_station_keyed_by_id(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [{"id": 7, "名称": "甲站", "区县": "城东区"}]), id_column="id")
    assert run(qinghai, write(tmp_path / "b.csv", [{"名称": "甲站", "区县": "城东区"}])).counts == {
        "unchanged": 1
    }


def test_a_station_known_without_an_id_is_given_the_declared_one(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [{"名称": "甲站", "区县": "城东区"}]))
    report = run(
        qinghai, write(tmp_path / "b.csv", [{"id": 7, "名称": "甲站", "区县": "城东区"}]), id_column="id"
    )
    assert (report.counts, keys(qinghai)[0][0]) == ({"unchanged": 1}, "7")


def test_another_id_is_another_station_even_under_one_name(qinghai: Session, tmp_path: Path) -> None:
    rows: list[Row] = [{"id": n, "名称": "工会驿站", "区县": "城东区", "地址": f"{n}号"} for n in (1, 2)]
    path = write(tmp_path / "a.csv", rows)
    assert run(qinghai, path, id_column="id").counts == {"new": 2}
    assert run(qinghai, path, id_column="id").counts == {"unchanged": 2}


def test_width_case_spaces_and_punctuation_make_no_other_station(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [{"名称": "工会驿站(ICBC·1号店)", "区县": "城东区"}]))
    spelled = write(tmp_path / "b.csv", [{"名称": "工会驿站（ｉｃｂｃ １号店）", "区县": "城 东 区"}])
    assert run(qinghai, spelled).counts == {"changed": 1}
    assert count(qinghai) == 1


def test_a_former_name_of_the_district_is_the_same_district(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [{"名称": "甲站", "区县": "民和回族土族自治县"}]))
    run(qinghai, write(tmp_path / "b.csv", [{"名称": "甲站", "区县": "民和县"}]))
    assert count(qinghai) == 1
    assert station(qinghai, "甲站").region_code == "630222"


def test_one_name_in_two_districts_is_two_stations(qinghai: Session, tmp_path: Path) -> None:
    rows: list[Row] = [{"名称": "工会驿站", "区县": "城东区"}, {"名称": "工会驿站", "区县": "城中区"}]
    path = write(tmp_path / "a.csv", rows)
    assert run(qinghai, path).counts == {"new": 2}
    assert run(qinghai, path).counts == {"unchanged": 2}


def test_one_name_of_two_hosts_is_two_stations(qinghai: Session, tmp_path: Path) -> None:
    rows: list[Row] = [{"名称": "工会驿站", "区县": "城东区", "依托单位": host} for host in ("银行", "药店")]
    path = write(tmp_path / "a.csv", rows)
    assert run(qinghai, path).counts == {"new": 2}
    assert run(qinghai, path).counts == {"unchanged": 2}


def test_one_name_at_two_addresses_is_two_stations(qinghai: Session, tmp_path: Path) -> None:
    rows: list[Row] = [
        {"名称": "工会驿站", "区县": "城东区", "地址": place} for place in ("东路1号", "西路2号")
    ]
    path = write(tmp_path / "a.csv", rows)
    assert run(qinghai, path).counts == {"new": 2}
    assert run(qinghai, path).counts == {"unchanged": 2}


def test_a_column_that_one_form_lacks_says_nothing_against_a_match(qinghai: Session, tmp_path: Path) -> None:
    full: Row = {
        "名称": "甲站",
        "区县": "城东区",
        "依托单位": "建设银行",
        "地址": "东路1号",
        "电话": "0971-1234567",
    }
    run(qinghai, write(tmp_path / "a.csv", [full]))
    for number, left in enumerate(
        (["依托单位"], ["区县"], ["地址"], ["电话", "依托单位"], ["区县", "依托单位", "地址", "电话"])
    ):
        less = {name: value for name, value in full.items() if name not in left}
        assert run(qinghai, write(tmp_path / f"{number}.csv", [less])).counts == {"unchanged": 1}, left
    assert station(qinghai, "甲站").phone == "0971-1234567"


def test_a_fuller_form_after_a_bare_one_completes_the_station(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [{"名称": "甲站"}]))
    full: Row = {"名称": "甲站", "区县": "城东区", "依托单位": "建设银行", "地址": "东路1号"}
    assert run(qinghai, write(tmp_path / "b.csv", [full])).counts == {"changed": 1}
    assert run(qinghai, write(tmp_path / "c.csv", [{"名称": "甲站"}])).counts == {"unchanged": 1}
    assert keys(qinghai)[0][1].startswith("甲站|630102|建设银行|a")


def test_a_new_address_is_a_change_of_the_station_that_alone_has_the_name(
    qinghai: Session, tmp_path: Path
) -> None:
    run(qinghai, write(tmp_path / "a.csv", [{"名称": "甲站", "区县": "城东区", "地址": "东路1号"}]))
    moved: Row = {"名称": "甲站", "区县": "城东区", "地址": "西路9号"}
    assert run(qinghai, write(tmp_path / "b.csv", [moved])).counts == {"changed": 1}
    assert station(qinghai, "甲站").address == "西路9号"


def test_a_new_address_among_several_of_one_name_is_ambiguous(qinghai: Session, tmp_path: Path) -> None:
    rows: list[Row] = [
        {"名称": "工会驿站", "区县": "城东区", "地址": place} for place in ("东路1号", "西路2号")
    ]
    run(qinghai, write(tmp_path / "a.csv", rows))
    rows[1]["地址"] = "北路3号"
    report = run(qinghai, write(tmp_path / "b.csv", rows))
    assert (report.counts, kinds(report, 3), count(qinghai)) == (
        {"unchanged": 1, "suspect": 1},
        {"ambiguous"},
        2,
    )


def test_a_further_station_of_a_known_name_is_new(qinghai: Session, tmp_path: Path) -> None:
    rows: list[Row] = [{"名称": "工会驿站", "区县": "城东区", "地址": "东路1号"}]
    run(qinghai, write(tmp_path / "a.csv", rows))
    rows.append({"名称": "工会驿站", "区县": "城东区", "地址": "西路2号"})
    assert run(qinghai, write(tmp_path / "b.csv", rows)).counts == {"unchanged": 1, "new": 1}


def test_without_addresses_the_position_tells_stations_of_one_name_apart(
    qinghai: Session, tmp_path: Path
) -> None:
    rows: list[Row] = [
        {"名称": "工会驿站", "经度": x, "纬度": y}
        for x, y in (CHENGDONG, (CHENGDONG[0] + 0.01, 36.61), CHENGZHONG)
    ]
    path = write(tmp_path / "a.csv", rows)
    assert run(qinghai, path).counts == {"new": 3}
    assert run(qinghai, path).counts == {"unchanged": 3}


def test_another_source_knows_its_own_stations(qinghai: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [{"名称": "甲站", "区县": "城东区"}])
    run(qinghai, path)
    assert run(qinghai, path, source="other").counts == {"new": 1}


def test_what_contradicting_rows_speak_of_is_nobody_elses_station(qinghai: Session, tmp_path: Path) -> None:
    known: Row = {"名称": "工会驿站", "区县": "城东区", "地址": "东路1号", "电话": "0971-1111111"}
    run(qinghai, write(tmp_path / "a.csv", [known]))
    rows = [known, known | {"电话": "0971-2222222"}, known | {"地址": "西路2号"}]
    report = run(qinghai, write(tmp_path / "b.csv", rows))
    assert report.counts == {"suspect": 2, "new": 1}
    assert count(qinghai, "stations WHERE address = '东路1号' AND phone = '0971-1111111'") == 1


def test_an_empty_cell_clears_nothing(qinghai: Session, tmp_path: Path) -> None:
    full: Row = {
        "名称": "甲站",
        "电话": "0971-1234567",
        "服务设施": "饮水",
        "开放时间": "24小时",
        "状态": "运营中",
        "面积": "30",
    }
    run(qinghai, write(tmp_path / "a.csv", [full]))
    for blank in ("", "/", "无", "暂无"):
        empty = dict.fromkeys(full, blank) | {"名称": "甲站"}
        assert run(qinghai, write(tmp_path / "b.csv", [empty])).counts == {"unchanged": 1}
    found = station(qinghai, "甲站")
    assert (found.phone, found.hours_expression, float(found.area_m2)) == ("0971-1234567", "24/7", 30.0)


def test_thousands_of_rows_of_one_name_are_told_apart(qinghai: Session, tmp_path: Path) -> None:
    rows: list[Row] = [{"名称": "工会驿站", "区县": "城东区", "地址": f"东路{n}号"} for n in range(3000)]
    run(qinghai, write(tmp_path / "a.csv", rows))
    assert run(qinghai, write(tmp_path / "b.csv", rows[::-1])).counts == {"unchanged": 3000}
