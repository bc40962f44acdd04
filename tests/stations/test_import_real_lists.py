"""The real lists of Zhengzhou in their three forms, through as one source in a registry of their province."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.imports import Mapping, Report, accept
from stations.query import StationQuery
from stations.registry import public, regions
from stations.registry.writing import OPERATOR, actor_id
from tests.stations.import_helpers import amenities, count, kinds, run, station, verdict

LISTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "stations"
CSV, BOOK, GBK = (
    LISTS / "zhengzhou_gcj02.csv",
    LISTS / "zhengzhou_ledger.xlsx",
    LISTS / "zhengzhou_ledger.gbk.csv",
)
#: Geocoded into another county than the one they name, by lines of the CSV.
WRONG = {
    22: "中牟县青年路街道绿云社区党群服务中心户外劳动者爱心驿站",
    27: "工会驿站(郑州市二七区棉纺路苏宁易购店)",
    54: "新郑市困难职工帮扶中心户外劳动者爱心驿站",
    70: "金水区文雅党群服务中心户外劳动者爱心驿站",
}
#: 高新区, 经开区, 航空港区 and 郑东新区 are development zones, no counties.
ZONES = {61, 62, 63, 67, 76, 77, 78, 79, 80, 81, 82, 83}
INFERRED = Mapping.parse(
    {
        "columns": {
            "服务设施": {"field": "amenities", "inferred": True},
            "容纳人数": {"field": "capacity", "inferred": True},
        }
    }
)


@pytest.fixture(scope="module")
def henan_engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    engine = create_engine(new_database())
    with Session(engine) as session:
        regions.load(session, province="41", actor=actor_id(session, OPERATOR))
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def henan(henan_engine: Engine) -> Iterator[Session]:
    with henan_engine.connect() as connection:
        outer = connection.begin()
        with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


def take(session: Session, path: Path, **options: Any) -> Report:
    return run(session, path, source="zhengzhou", datum=Datum.GCJ02, **options)


class RealLists:
    """Collected as ``TestRealLists`` where the lists are there; ``test_import_forms`` covers the same without them."""

    @pytest.mark.parametrize("order", [(CSV, BOOK, GBK), (GBK, BOOK, CSV), (BOOK, CSV, GBK)])
    @pytest.mark.parametrize("mapping", [None, INFERRED])
    def test_three_forms_in_turn_as_one_source_leave_82_stations(
        self, henan: Session, order: tuple[Path, ...], mapping: Mapping | None
    ) -> None:
        for path in order:
            options = {"id_column": "id"} if path == CSV else {"mapping": mapping}
            assert take(henan, path, **options).status == "applied"
        assert count(henan) == 82
        assert count(henan, "station_sources WHERE external_id IS NOT NULL") == 82
        for path in order:
            options = {"id_column": "id"} if path == CSV else {"mapping": mapping}
            assert take(henan, path, **options).counts == {"unchanged": 82}

    def test_what_the_author_inferred_is_no_fact(self, henan: Session) -> None:
        take(henan, BOOK, mapping=INFERRED)
        found = amenities(henan, "上街区中心路工会驿站(金苑社区党群服务中心旁)")
        assert found["drinking_water"] == ("yes", "inferred")
        assert {basis for _, basis in found.values()} == {"inferred"}
        assert count(henan, "stations WHERE capacity IS NOT NULL") == 0
        assert count(henan, "public_stations WHERE has <> '{}'") == 0

    def test_positions_in_another_county_are_suspects_and_not_drawn(self, henan: Session) -> None:
        report = take(henan, CSV, id_column="id")
        assert {row.number for row in report.rows if "outside_county" in kinds(report, row.number)} == set(
            WRONG
        )
        for row, name in WRONG.items():
            assert verdict(report, row) == "suspect"
            held = station(henan, name)
            assert held.location is None
            assert held.position_hold[0]["kind"] == "outside_county"
            assert (held.original_datum, held.original_lon > 113) == ("gcj02", True)
        drawn = public.map_rows(henan, StationQuery())
        assert (drawn.matched, drawn.unlocated) == (82, 4)

    def test_development_zones_are_doubted_and_shown(self, henan: Session) -> None:
        report = take(henan, CSV, id_column="id")
        assert {row.number for row in report.rows if "unknown_district" in kinds(report, row.number)} == ZONES
        assert {verdict(report, row) for row in ZONES} == {"suspect"}
        shown = station(henan, "工会驿站(郑州高新区枫杨办事处便民服务大厅)")
        assert (shown.region_code, shown.district_received) == ("410102", "高新区")
        assert shown.location is not None
        assert shown.doubts[0]["kind"] == "unknown_district"

    def test_accepted_suspects_are_on_the_map_and_stay_there(self, henan: Session) -> None:
        report = take(henan, CSV, id_column="id")
        operator = actor_id(henan, OPERATOR)
        assert report.batch_id is not None
        assert accept(henan, report.batch_id, [22], actor=operator) == [22]
        assert public.map_rows(henan, StationQuery()).unlocated == 3
        assert set(accept(henan, report.batch_id, actor=operator)) == (set(WRONG) | ZONES) - {22}
        assert public.map_rows(henan, StationQuery()).unlocated == 0
        assert count(henan, "stations WHERE doubts IS NOT NULL") == 0
        assert station(henan, WRONG[54]).region_code == "410102"
        assert take(henan, CSV, id_column="id").counts == {"unchanged": 82}
        assert public.map_rows(henan, StationQuery()).unlocated == 0

    def test_suspects_can_be_accepted_while_importing(self, henan: Session) -> None:
        report = take(henan, CSV, id_column="id", accept=frozenset({22, 54}))
        assert {row.number for row in report.rows if row.accepted} == {22, 54}
        assert public.map_rows(henan, StationQuery()).unlocated == 2
        assert take(henan, CSV, id_column="id", accept=None).counts == {"suspect": 2, "unchanged": 80}
        assert public.map_rows(henan, StationQuery()).unlocated == 0

    def test_the_headers_of_all_forms_are_understood(self, henan: Session) -> None:
        assert not [
            line
            for path in (CSV, BOOK, GBK)
            for line in take(henan, path).columns
            if "not understood" in line
        ]
        assert take(henan, BOOK).skipped == ("郑州市户外劳动者服务站点台账",)
        assert take(henan, GBK).encoding in {"gbk", "gb18030"}

    def test_positions_are_converted_and_the_original_kept(self, henan: Session) -> None:
        take(henan, CSV, id_column="id")
        found = station(henan, "上街区中心路工会驿站(金苑社区党群服务中心旁)")
        assert (found.original_lon, found.original_lat, found.original_datum) == (
            113.305132,
            34.803352,
            "gcj02",
        )
        metres = henan.scalar(
            text(
                "SELECT ST_Distance(location::geography, ST_Point(113.305132, 34.803352, 4326)::geography) "
                "FROM stations WHERE id = :id"
            ),
            {"id": found.id},
        )
        assert 400 < metres < 800


if LISTS.is_dir():
    TestRealLists = RealLists
