"""Every verdict and every kind of suspect, each by a row that earns it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from shapely.geometry import MultiPolygon, box
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from geo.datum import Datum, from_wgs84
from geo.io import open_table
from geo.mainland import Mainland
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.imports import Kind, Mapping, accept
from stations.imports.problems import SEVERITIES, Severity
from stations.models import Batch, BatchRow, Grant, RegistryInfo, Staff
from stations.query import StationQuery
from stations.registry import public
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from tests.stations.import_helpers import (
    CHENGDONG,
    CHENGZHONG,
    LEDU,
    MINHE,
    TODAY,
    amenities,
    count,
    kinds,
    registry,
    run,
    station,
    write,
)

Cells = dict[str, object]


def row(
    name: str = "城东区工会驿站", place: tuple[float, float] | None = CHENGDONG, **cells: object
) -> Cells:
    position = {} if place is None else {"经度": place[0], "纬度": place[1]}
    return {"站点名称": name, "所属区县": "城东区", "详细地址": f"{name}的地址", **position, **cells}


# --- the five verdicts


def test_a_row_is_new_then_unchanged_then_changed(qinghai: Session, tmp_path: Path) -> None:
    first = run(qinghai, write(tmp_path / "a.csv", [row(电话="0971-8123456")]))
    again = run(qinghai, write(tmp_path / "b.csv", [row(电话="0971-8123456")]))
    other = run(qinghai, write(tmp_path / "c.csv", [row(电话="0971-8000000")]))
    assert [report.counts for report in (first, again, other)] == [
        {"new": 1},
        {"unchanged": 1},
        {"changed": 1},
    ]
    assert station(qinghai, "城东区工会驿站").phone == "0971-8000000"
    kept = qinghai.query(BatchRow).filter_by(batch_id=other.batch_id).one()
    assert (kept.before, kept.after) == ({"phone": "0971-8123456"}, {"phone": "0971-8000000"})
    assert kept.received["电话"] == "0971-8000000"


def test_a_second_run_writes_no_history(qinghai: Session, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        [row(服务设施="饮水、空调", 依托单位="建设银行", 开放时间="春节停业，每天8:00-20:00")],
    )
    run(qinghai, path)
    before = registry(qinghai), count(qinghai, "history")
    assert run(qinghai, path, today=None).counts == {"unchanged": 1}
    assert (registry(qinghai), count(qinghai, "history")) == before


def test_a_reject_stops_the_batch_and_says_row_field_value_and_reason(
    qinghai: Session, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(), row("坏行", ("abc", 36.6))])
    report = run(qinghai, path)
    assert (report.status, report.counts) == ("refused", {"new": 1, "rejected": 1})
    assert count(qinghai) == 0
    problem = next(one for one in report.rows if one.verdict == "rejected").problems[0]
    assert (problem.kind, problem.field, problem.value) == (Kind.BAD_COORDINATE, "经度", "abc")
    batch = qinghai.get(Batch, report.batch_id)
    assert batch is not None
    assert (batch.status, count(qinghai, "import_rows")) == ("refused", 1)


def test_the_good_rows_go_in_when_asked_to_keep_going(qinghai: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [row(), row("坏行", ("abc", 36.6))])
    report = run(qinghai, path, keep_going=True)
    assert (report.status, report.counts, count(qinghai)) == ("applied", {"new": 1, "rejected": 1}, 1)


def test_rejects_are_written_out_corrected_and_imported_alone(qinghai: Session, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    path = write(
        tmp_path / "a.csv", [row(), row("坏行", ("abc", 36.6), 电话="0971"), row("第三站", CHENGZHONG)]
    )
    report = run(qinghai, path, keep_going=True, rejects=rejects)
    assert report.rejects_path == rejects
    table = open_table(rejects)
    (bad,) = next(iter(table.chunks()))
    assert bad.values["行号"] == "3"
    assert "经度" in bad.values["原因"]
    corrected = [bad.values | {"经度": "101.9", "所属区县": "乐都区", "电话": "0972-1234567"}]
    assert run(qinghai, write(tmp_path / "b.csv", corrected)).counts == {"new": 1}
    assert station(qinghai, "坏行").phone == "0972-1234567"


def test_no_file_of_rejects_is_written_without_rejects(qinghai: Session, tmp_path: Path) -> None:
    assert run(qinghai, write(tmp_path / "a.csv", [row()]), rejects=tmp_path / "r.csv").rejects_path is None
    assert not (tmp_path / "r.csv").exists()


def test_a_dry_run_shows_the_verdicts_and_writes_nothing(qinghai: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [row(), row("坏行", ("abc", 36.6))])
    before = count(qinghai, "commits"), count(qinghai, "sources"), count(qinghai, "import_batches")
    report = run(qinghai, path, dry_run=True)
    assert (report.status, report.batch_id, report.counts) == ("dry-run", None, {"new": 1, "rejected": 1})
    assert (count(qinghai, "commits"), count(qinghai, "sources"), count(qinghai, "import_batches")) == before
    assert count(qinghai) == 0


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"站点名称": ""}, Kind.NO_NAME),
        ({"站点名称": "/"}, Kind.NO_NAME),
        ({"站点名称": "坏\x01名"}, Kind.BAD_TEXT),
        ({"站点名称": "长" * 201}, Kind.BAD_TEXT),
        ({"纬度": ""}, Kind.HALF_POSITION),
        ({"经度": "东经某处"}, Kind.BAD_COORDINATE),
        ({"经度": "500", "纬度": "600"}, Kind.NOT_ON_EARTH),
        ({"坐标系": "月球"}, Kind.BAD_DATUM),
        ({"坐标系": "GCJ-02"}, Kind.DATUM_CONFLICT),
        ({"容纳人数": "-5"}, Kind.BAD_NUMBER),
        ({"面积": "99999999"}, Kind.BAD_NUMBER),
        ({"状态": "薛定谔"}, Kind.BAD_LIFECYCLE),
        ({"联系电话": "1.38E+10"}, Kind.BAD_PHONE),
        ({"开放时间": "时" * 1001}, Kind.BAD_HOURS),
    ],
)
def test_a_row_that_cannot_be_stored_is_rejected(
    qinghai: Session, tmp_path: Path, cells: dict[str, str], kind: Kind
) -> None:
    report = run(qinghai, write(tmp_path / "a.csv", [row() | cells]))
    assert report.counts == {"rejected": 1}
    assert str(kind) in kinds(report, 2)
    assert SEVERITIES[kind] is Severity.REJECT


def test_a_ragged_row_is_rejected(qinghai: Session, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("名称,地址\n甲站,甲路\n乙站,乙路,多出来\n丙站,丙路\n", encoding="utf-8")
    report = run(qinghai, path)
    assert (report.counts, kinds(report, 3)) == ({"new": 2, "rejected": 1}, {"broken_row"})


def test_one_id_for_two_different_rows_rejects_both(qinghai: Session, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        [row("甲", id=1), row("乙", CHENGZHONG, id=1), row("丙", LEDU, 所属区县="乐都区", id=2)],
    )
    report = run(qinghai, path, id_column="id", keep_going=True)
    assert (report.counts, count(qinghai)) == ({"new": 1, "rejected": 2}, 1)
    assert kinds(report, 2) == {"repeated_id"}


def test_a_row_that_stands_twice_is_stored_once(qinghai: Session, tmp_path: Path) -> None:
    report = run(qinghai, write(tmp_path / "a.csv", [row(序号=1), row(序号=2)]))
    assert (report.counts, count(qinghai)) == ({"new": 1, "unchanged": 1}, 1)
    assert "repeated_row" in kinds(report, 3)


def test_rows_that_name_one_station_and_differ_are_suspects_and_not_stored(
    qinghai: Session, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "a.csv",
        [row(电话="0971-1111111"), row(电话="0971-2222222"), row("别站", CHENGZHONG, 所属区县="城中区")],
    )
    report = run(qinghai, path)
    assert (report.counts, count(qinghai)) == ({"new": 1, "suspect": 2}, 1)
    assert kinds(report, 2) == {"contradicted"}
    assert report.batch_id is not None
    with pytest.raises(Conflict, match="2"):
        accept(qinghai, report.batch_id, [2], actor=1)


# --- suspects of position: stored, held, 未定位


def test_a_point_outside_the_province_is_held(qinghai: Session, tmp_path: Path) -> None:
    report = run(qinghai, write(tmp_path / "a.csv", [row(place=(103.8, 36.0))]))
    assert (report.counts, kinds(report, 2)) == ({"suspect": 1}, {"outside_province"})
    held = station(qinghai, "城东区工会驿站")
    assert (held.location, held.original_lon, held.region_code) == (None, 103.8, "630102")
    assert public.map_rows(qinghai, StationQuery()).unlocated == 1


def test_a_point_outside_the_county_that_the_row_names_is_held(qinghai: Session, tmp_path: Path) -> None:
    report = run(qinghai, write(tmp_path / "a.csv", [row(place=MINHE)]))
    assert kinds(report, 2) == {"outside_county"}
    assert station(qinghai, "城东区工会驿站").location is None


def test_a_point_in_the_prefecture_that_the_row_names_is_believed(qinghai: Session, tmp_path: Path) -> None:
    assert run(qinghai, write(tmp_path / "a.csv", [row(所属区县="西宁市")])).counts == {"new": 1}
    assert station(qinghai, "城东区工会驿站").region_code == "630102"


def test_swapped_coordinates_are_held_and_accepted_the_right_way_round(
    qinghai: Session, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(place=(36.6, 101.5))])
    report = run(qinghai, path)
    assert (report.counts, kinds(report, 2)) == ({"suspect": 1}, {"swapped"})
    assert report.batch_id is not None
    accept(qinghai, report.batch_id, actor=1)
    found = station(qinghai, "城东区工会驿站")
    assert (found.lon, found.lat, found.original_lon) == (101.5, 36.6, 36.6)
    assert run(qinghai, path).counts == {"unchanged": 1}


def test_coordinates_that_fit_another_datum_better_are_held(qinghai: Session, tmp_path: Path) -> None:
    # 100 m inside the county in truth; read as WGS 84 its GCJ-02 image lies across the border.
    mainland = Mainland(MultiPolygon([box(73, 18, 135, 54)]))
    edge = (101.5995, 36.6)
    lon, lat = from_wgs84(*edge, Datum.GCJ02, mainland=mainland)
    assert lon > 101.6
    path = write(tmp_path / "a.csv", [row(place=(float(lon), float(lat)))])
    report = run(qinghai, path, datum=Datum.WGS84)
    assert kinds(report, 2) == {"other_datum"}
    assert "GCJ-02" in report.rows[0].problems[0].reason
    assert run(qinghai, path, datum=Datum.GCJ02, source="right").counts == {"new": 1}


def test_a_wrongly_declared_datum_is_noticed_over_the_whole_file(qinghai: Session, tmp_path: Path) -> None:
    mainland = Mainland(MultiPolygon([box(73, 18, 135, 54)]))
    rows = []
    for number in range(6):
        lon, lat = from_wgs84(101.5995, 36.5 + number / 100, Datum.GCJ02, mainland=mainland)
        rows.append(row(f"第{number}站", (float(lon), float(lat))))
    report = run(qinghai, write(tmp_path / "a.csv", rows), datum=Datum.WGS84)
    assert any("another datum" in note for note in report.notes)


def test_one_position_for_two_addresses_is_held_in_both_rows(qinghai: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [row("甲站"), row("乙站"), row("丙站", CHENGZHONG, 所属区县="城中区")])
    report = run(qinghai, path)
    assert report.counts == {"new": 1, "suspect": 2}
    assert (kinds(report, 2), kinds(report, 3)) == ({"on_top"}, {"on_top"})
    assert run(qinghai, path).counts == {"unchanged": 3}


def test_two_stations_in_one_building_may_share_a_position(qinghai: Session, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        [row("工会驿站(银行)", 详细地址="人民路1号"), row("骑手驿站(快递)", 详细地址="人民路１号")],
    )
    assert run(qinghai, path).counts == {"new": 2}


def test_a_position_that_a_station_of_another_address_holds_is_held(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [row("甲站")]))
    report = run(qinghai, write(tmp_path / "b.csv", [row("完全不同的名字")]), source="other")
    assert kinds(report, 2) == {"on_top"}
    assert station(qinghai, "甲站").location is not None


def test_a_doubted_new_position_never_takes_a_believed_one_off_the_map(
    qinghai: Session, tmp_path: Path
) -> None:
    run(qinghai, write(tmp_path / "a.csv", [row(电话="0971-1111111")]))
    moved = write(tmp_path / "b.csv", [row(place=MINHE, 电话="0971-2222222")])
    report = run(qinghai, moved)
    assert report.counts == {"suspect": 1}
    found = station(qinghai, "城东区工会驿站")
    assert (found.lon, found.position_hold, found.phone) == (101.5, None, "0971-2222222")
    assert run(qinghai, moved).counts == {"unchanged": 1}
    assert report.batch_id is not None
    assert accept(qinghai, report.batch_id, actor=1) == [2]
    assert station(qinghai, "城东区工会驿站").lon == MINHE[0]
    assert run(qinghai, moved).counts == {"unchanged": 1}


def test_a_held_position_is_released_when_the_list_corrects_it(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [row(place=MINHE)]))
    assert run(qinghai, write(tmp_path / "b.csv", [row()])).counts == {"changed": 1}
    found = station(qinghai, "城东区工会驿站")
    assert (found.lon, found.position_hold) == (101.5, None)


def test_a_position_set_since_then_outlives_a_late_acceptance(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    report = run(qinghai, write(tmp_path / "a.csv", [row(place=MINHE)]))
    run(qinghai, write(tmp_path / "b.csv", [row()]))
    assert report.batch_id is not None
    accept(qinghai, report.batch_id, actor=operator)
    assert station(qinghai, "城东区工会驿站").lon == CHENGDONG[0]


def test_accepting_an_unknown_batch_is_refused(qinghai: Session, operator: int) -> None:
    with pytest.raises(NotFound, match="4711"):
        accept(qinghai, 4711, actor=operator)


# --- suspects of fact: stored, shown, queued


def test_an_unknown_district_is_doubted_and_the_region_follows_the_position(
    qinghai: Session, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(所属区县="高新区")])
    report = run(qinghai, path)
    assert (report.counts, kinds(report, 2)) == ({"suspect": 1}, {"unknown_district"})
    shown = station(qinghai, "城东区工会驿站")
    assert (shown.region_code, shown.lon, shown.district_received) == ("630102", 101.5, "高新区")
    assert run(qinghai, path).counts == {"unchanged": 1}


def test_a_cleared_doubt_does_not_come_back_with_the_same_file(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    path = write(tmp_path / "a.csv", [row(所属区县="高新区")])
    report = run(qinghai, path)
    assert report.batch_id is not None
    accept(qinghai, report.batch_id, actor=operator)
    run(qinghai, path)
    assert station(qinghai, "城东区工会驿站").doubts is None


def test_a_like_name_within_30_m_of_a_station_is_doubted(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [row("工会驿站（城东大药房）")]))
    near = (CHENGDONG[0] + 0.0002, CHENGDONG[1])
    rows = [row("城东大药房户外劳动者驿站", near), row("邮政小哥之家", (near[0], near[1] + 0.0001))]
    report = run(qinghai, write(tmp_path / "b.csv", rows), source="other")
    assert report.counts == {"new": 1, "suspect": 1}
    assert kinds(report, 2) == {"near_like"}
    assert station(qinghai, "城东大药房户外劳动者驿站").lon == near[0]
    assert station(qinghai, "城东大药房户外劳动者驿站").doubts[0]["kind"] == "near_like"


def test_a_like_name_beyond_30_m_is_not_doubted(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [row("工会驿站（城东大药房）")]))
    path = write(tmp_path / "b.csv", [row("城东大药房户外劳动者驿站", (CHENGDONG[0] + 0.0004, CHENGDONG[1]))])
    assert run(qinghai, path, source="other").counts == {"new": 1}


# --- the registry and its batches


def test_a_demonstration_registry_takes_marked_batches_only(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    path = write(tmp_path / "a.csv", [row()])
    with pytest.raises(Conflict, match="real registry"):
        run(qinghai, path, demonstration=True)
    with acting(qinghai, operator, reason="test"):
        qinghai.get_one(RegistryInfo, 1).demonstration = True
    with pytest.raises(Conflict, match="demonstration registry"):
        run(qinghai, path)
    report = run(qinghai, path, demonstration=True)
    assert qinghai.get_one(Batch, report.batch_id).demonstration


def test_a_commit_carries_its_batch(new_database: Callable[[], str], tmp_path: Path) -> None:
    engine = create_engine(new_database())
    with Session(engine) as session:
        fill_squares(session, actor_id(session, OPERATOR))
        session.commit()
        report = run(session, write(tmp_path / "a.csv", [row()]))
        session.commit()
        asked = "SELECT batch_id, seq FROM commits WHERE id = (SELECT added_in FROM stations)"
        batch, seq = session.execute(text(asked)).one()
    engine.dispose()
    assert batch == report.batch_id
    assert seq > 1


def test_coordinates_without_a_datum_stop_the_import(qinghai: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [row()])
    with pytest.raises(Invalid, match="--datum"):
        run(qinghai, path, datum=None)
    assert run(qinghai, write(tmp_path / "b.csv", [row(place=None)]), datum=None).counts == {"new": 1}


def test_a_column_declares_the_datum_row_by_row(qinghai: Session, tmp_path: Path) -> None:
    rows = [
        row("甲站", 坐标系="GCJ-02"),
        row("乙站", CHENGZHONG, 所属区县="城中区", 坐标系="WGS84"),
        row("丙站", LEDU, 所属区县="乐都区", 坐标系=""),
    ]
    report = run(qinghai, write(tmp_path / "a.csv", rows), datum=None, keep_going=True)
    assert report.counts == {"new": 2, "rejected": 1}
    assert kinds(report, 4) == {"no_datum"}
    assert station(qinghai, "甲站").lon != CHENGDONG[0]
    assert station(qinghai, "乙站").lon == CHENGZHONG[0]


def test_a_header_may_declare_the_datum_and_must_not_contradict(qinghai: Session, tmp_path: Path) -> None:
    rows = [{"名称": "甲站", "经度（GCJ-02）": 101.5, "纬度（GCJ-02）": 36.6}]
    run(qinghai, write(tmp_path / "a.csv", rows), datum=None)
    assert station(qinghai, "甲站").original_datum == "gcj02"
    with pytest.raises(Invalid, match="differently"):
        run(qinghai, tmp_path / "a.csv", datum=Datum.WGS84)


def test_accept_names_rows_that_exist(qinghai: Session, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="99"):
        run(qinghai, write(tmp_path / "a.csv", [row()]), accept=frozenset({2, 99}))


def test_text_of_a_list_is_data(qinghai: Session, tmp_path: Path) -> None:
    name = "'); DROP TABLE stations; -- %s %(x)s {0} ${jndi} <script>"
    assert run(qinghai, write(tmp_path / "a.csv", [row(name, 备注="\\N\\.\t")])).counts == {"new": 1}
    assert station(qinghai, name).address == f"{name}的地址"


def test_an_inferred_fact_never_overwrites_a_listed_one(qinghai: Session, tmp_path: Path) -> None:
    inferred = Mapping.parse({"columns": {"服务设施": {"field": "amenities", "inferred": True}}})
    run(qinghai, write(tmp_path / "a.csv", [row(服务设施="饮水、无空调")]))
    path = write(tmp_path / "b.csv", [row(服务设施="空调、饮水、雨具")])
    run(qinghai, path, mapping=inferred)
    assert amenities(qinghai, "城东区工会驿站") == {
        "drinking_water": ("yes", "listed"), "air_conditioning": ("no", "listed"), "rain_gear": ("yes", "inferred"),
    }  # fmt: skip
    run(qinghai, path, mapping=Mapping())
    assert amenities(qinghai, "城东区工会驿站")["rain_gear"] == ("yes", "listed")


def test_a_listed_fact_never_overwrites_an_observed_one(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    path = write(tmp_path / "a.csv", [row(服务设施="饮水")])
    run(qinghai, path)
    with acting(qinghai, operator, reason="seen at the door"):
        qinghai.execute(text("UPDATE amenities SET value = 'no', basis = 'observed'"))
    assert run(qinghai, path).counts == {"unchanged": 1}
    assert amenities(qinghai, "城东区工会驿站") == {"drinking_water": ("no", "observed")}


def test_a_withdrawn_station_is_not_made_again(qinghai: Session, tmp_path: Path, operator: int) -> None:
    path = write(tmp_path / "a.csv", [row()])
    run(qinghai, path)
    with acting(qinghai, operator, reason="test"):
        qinghai.execute(text("UPDATE stations SET withdrawn_reason = 'entered by mistake'"))
    assert (run(qinghai, path).counts, count(qinghai)) == ({"unchanged": 1}, 1)


def test_rejected_rows_of_any_shape_are_written_as_they_came(qinghai: Session, tmp_path: Path) -> None:
    rejects = tmp_path / "r.csv"
    path = write(
        tmp_path / "a.csv", [row("", 备注="=1+1"), row("好站", CHENGZHONG, 所属区县="城中区", 备注="")]
    )
    run(qinghai, path, rejects=rejects)
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        (written,) = csv.DictReader(file)
    assert written["备注"] == "'=1+1"


def test_a_closed_station_has_a_date_and_a_reason_and_stays_as_it_was(
    qinghai: Session, tmp_path: Path
) -> None:
    stopped = row("乙站", CHENGZHONG, 所属区县="城中区", 状态="暂停服务", 状态原因="装修")
    path = write(tmp_path / "a.csv", [row(状态="已关闭"), stopped])
    assert run(qinghai, path).counts == {"new": 2}
    closed, suspended = station(qinghai, "城东区工会驿站"), station(qinghai, "乙站")
    assert (closed.lifecycle, closed.lifecycle_since, closed.lifecycle_reason) == (
        "closed",
        TODAY,
        "名单所列",
    )
    assert (suspended.lifecycle, suspended.lifecycle_reason) == ("suspended", "装修")
    assert run(qinghai, path, today=date(2026, 7, 1)).counts == {"unchanged": 2}
    assert run(qinghai, write(tmp_path / "b.csv", [row(状态="运营中")])).counts == {"changed": 1}
    assert station(qinghai, "城东区工会驿站").lifecycle == "open"


def test_hours_are_mapped_and_words_that_are_not_understood_are_kept(
    qinghai: Session, tmp_path: Path
) -> None:
    rows = [
        row("甲站", 开放时间="周一至周五 8:30-17:00"),
        row("乙站", CHENGZHONG, 所属区县="城中区", 开放时间="看门卫心情"),
    ]
    report = run(qinghai, write(tmp_path / "a.csv", rows))
    assert report.counts == {"new": 2}
    assert station(qinghai, "甲站").hours_expression == "Mo-Fr 08:30-17:00"
    assert (station(qinghai, "乙站").hours_expression, station(qinghai, "乙站").hours_words) == (
        None,
        "看门卫心情",
    )
    assert kinds(report, 3) == {"hours_not_understood"}
    assert report.unknown_words == {("开放时间", "看门卫心情"): 1}


def test_partners_are_added_and_others_stay(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", [row(依托单位="建设银行", 共建单位="街道办")]))
    asked = (
        "SELECT string_agg(role || ' ' || o.name, ', ' ORDER BY role) "
        "FROM partners p JOIN organisations o ON o.id = p.organisation_id"
    )
    assert qinghai.scalar(text(asked)) == "co_builder 街道办, host 建设银行"
    report = run(qinghai, write(tmp_path / "b.csv", [row(运营单位="街道办")]))
    assert (report.counts, report.rows[0].changed) == ({"changed": 1}, "partners")
    assert count(qinghai, "partners") == 3
    assert count(qinghai, "organisations") == 2


def test_a_county_editor_imports_into_the_own_county_only(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    engine = create_engine(new_database())
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="test"):
            editor = Staff(login="chengdong", display_name="城东")
            session.add(editor)
            session.flush()
            session.add(Grant(staff_id=editor.id, role="editor", region_code="630102"))
        session.commit()
        number = editor.id
        both = write(tmp_path / "a.csv", [row(), row("乙站", CHENGZHONG, 所属区县="城中区")])
        refused = run(session, both, actor=number)
        session.commit()
        assert (refused.status, refused.counts, kinds(refused, 3)) == (
            "refused", {"new": 1, "rejected": 1}, {"not_yours"},
        )  # fmt: skip
        assert count(session) == 0
        report = run(session, write(tmp_path / "b.csv", [row(), row("丙站", MINHE)]), actor=number)
        session.commit()
        assert report.counts == {"new": 1, "suspect": 1}
        assert report.batch_id is not None
        # The point lies in another county, so to believe it is not theirs to decide.
        with pytest.raises(NotAllowed):
            accept(session, report.batch_id, actor=number)
        session.rollback()
        assert accept(session, report.batch_id, actor=operator) == [3]
    engine.dispose()


def test_an_error_in_the_middle_is_told_as_it_is_and_leaves_nothing(
    qinghai: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stations.imports.run.apply_rows", lambda stage, **_: stage.run("SELECT 1 / 0"))
    with pytest.raises(DBAPIError, match="division by zero"), qinghai.begin_nested():
        run(qinghai, write(tmp_path / "a.csv", [row()]))
    assert (count(qinghai), count(qinghai, "import_batches")) == (0, 0)
    monkeypatch.undo()
    assert run(qinghai, tmp_path / "a.csv").counts == {"new": 1}
