"""The search finds what people mean: by name, place, address, sound and initials, and over a slip of the thumb."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from many_stations import fill_many
from search_registry import STATIONS, fill
from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.orm import Session

from stations.cluster import Cluster
from stations.models import GazetteerEntry, Place, PublicStation, Region
from stations.query import StationQuery
from stations.registry import derived, gazetteer, public, registry
from stations.registry.reading import plain, read_aloud
from stations.registry.search import Hit, search
from stations.registry.writing import OPERATOR, acting, actor_id

TABLE = Path(__file__).with_name("search_queries.csv")
QUERIES = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], str]) -> Iterator[Session]:
    """The fixed registry in a database of its own, for all tests that only read."""
    engine = create_engine(new_database())
    with Session(engine) as opened:
        fill(opened, actor_id(opened, OPERATOR))
        opened.commit()
        yield opened
    engine.dispose()


def spelled(session: Session, hit: Hit) -> set[str]:
    """Return how the table of queries may name a hit."""
    ways = {f"{hit.kind} {hit.code}", f"{hit.kind} {hit.name}"}
    if hit.kind == "station":
        region = session.scalar(select(PublicStation.region_code).where(PublicStation.code == hit.code))
        ways.add(f"station {hit.name} {region}")
    return ways


def point(written: str) -> tuple[float, float] | None:
    return tuple(map(float, written.split(","))) if written else None  # type: ignore[return-value]


def test_the_fixture_is_as_large_as_was_promised() -> None:
    assert len({(row["asked"], row["near"]) for row in QUERIES}) == len(QUERIES) >= 60


@pytest.mark.parametrize("row", QUERIES, ids=[f"{row['asked']}@{row['near']}" for row in QUERIES])
def test_the_first_answer_is_what_was_meant(filled: Session, row: dict[str, str]) -> None:
    found = search(filled, row["asked"], near=point(row["near"]))
    assert found, row["about"]
    assert row["first"] in spelled(filled, found[0]), [(hit.kind, hit.name, hit.why) for hit in found]
    assert found[0].why == row["why"]


@pytest.mark.parametrize("asked", ["", "   ", "()", "'", "·", "\x00", "%", "|", "/", "\\"])
def test_signs_alone_find_nothing(filled: Session, asked: str) -> None:
    assert search(filled, asked) == []


@given(
    asked=st.text(max_size=60) | st.text(alphabet="abcghijmnqxyz' 川口民和驿站12_%|/\\", max_size=60),
    near=st.none() | st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    limit=st.integers(1, 30),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_at_all_is_answered_and_twice_the_same(
    filled: Session, asked: str, near: tuple[float, float] | None, limit: int
) -> None:
    found = search(filled, asked, near=near, limit=limit)
    assert len(found) <= limit
    assert len({(hit.kind, hit.code) for hit in found}) == len(found)
    assert found == search(filled, asked, near=near, limit=limit)


@given(
    at=st.integers(0, len(STATIONS) - 1),
    slip=st.sampled_from(["wrong", "missing", "more"]),
    place=st.floats(0, 0.999),
    letter=st.sampled_from("abcdefghijklmnopqrstuvwxyz"),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_name_is_found_with_any_one_letter_of_its_pinyin_wrong_missing_or_too_many(
    filled: Session, at: int, slip: str, place: float, letter: str
) -> None:
    name = STATIONS[at][0]["zh"]
    assume(not any(c.isascii() for c in name))
    spoken = "".join(read_aloud(name))
    here = int(place * len(spoken))
    typed = spoken[:here] + ("" if slip == "missing" else letter) + spoken[here + (slip != "more") :]
    assume(len(spoken) < 60)
    assert name in {hit.name for hit in search(filled, typed, limit=50)}


def test_a_slip_at_the_end_of_a_long_name_is_forgiven_like_one_at_its_beginning(filled: Session) -> None:
    for typed in ("qiaotouzhonggongjiashuyuanzhigongyazhan", "qaotouzhonggongjiashuyuanzhigongyizhan"):
        assert "桥头重工家属院职工驿站" in {hit.name for hit in search(filled, typed)}


@given(at=st.integers(0, len(STATIONS) - 1), place=st.floats(0, 0.999), wrong=st.sampled_from("囗日未土干"))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_name_is_found_with_any_one_character_wrong(
    filled: Session, at: int, place: float, wrong: str
) -> None:
    name = plain(STATIONS[at][0]["zh"])
    here = int(place * len(name))
    typed = name[:here] + wrong + name[here + 1 :]
    assert name in {plain(hit.name) for hit in search(filled, typed, limit=50)}


def test_a_hit_says_where_it_is_in_the_language_asked_for(filled: Session) -> None:
    (xining, *_) = search(filled, "西宁", lang="en")
    assert (xining.kind, xining.name, xining.detail, xining.lifecycle) == (
        "region",
        "Xining",
        "Qinghai",
        None,
    )
    assert (xining.lon, xining.lat) == (101.757, 36.626), "a region is where most of its people are"
    (town, *_) = search(filled, "川口镇")
    assert town.detail == "民和回族土族自治县 · 海东市"
    (station, *_) = search(filled, "川口工会驿站", near=(102.80, 36.32))
    assert (station.detail, station.lifecycle) == ("川垣新区川垣大道12号", "open")
    assert station.distance_m == pytest.approx(1109.7, abs=1)


def test_a_station_without_a_position_is_found(filled: Session) -> None:
    (hit, *_) = search(filled, "维权服务中心", near=(101.7, 36.6))
    assert (hit.name, hit.lon, hit.distance_m) == ("省总工会职工维权服务中心", None, None)


def test_a_station_is_found_by_the_code_on_its_plate(filled: Session) -> None:
    code = filled.scalar(select(PublicStation.code).where(PublicStation.name == "川口工会驿站"))
    assert [hit.name for hit in search(filled, str(code))][:1] == ["川口工会驿站"]


def test_the_filter_q_finds_what_the_search_finds_by_name_address_and_sound(filled: Session) -> None:
    for asked in ("川口工会", "川垣大道", "chuankou gonghui", "川口 工会", "川口公会"):
        found = public.page(filled, StationQuery(q=asked, lifecycle=("open", "closed"))).features
        assert any("川口工会驿站" in feature for feature in found), asked


def test_what_was_renamed_is_found_by_both_names_and_what_was_removed_no_more(
    session: Session, operator: int
) -> None:
    fill(session, operator)
    with acting(session, operator, reason="renamed"):
        region = session.get_one(Region, "630222")
        region.names = {"zh": "民和市", "zh-x-old": "民和回族土族自治县"}
        place = session.scalars(select(Place).where(Place.source_id == "0")).one()
        session.delete(place)
    assert [search(session, name)[0].code for name in ("民和市", "民和回族土族自治县")] == ["630222"] * 2
    assert {hit.kind for hit in search(session, "西宁") if hit.why == "exact"} == {"region"}


def test_a_merged_region_is_found_no_more(session: Session, operator: int) -> None:
    fill(session, operator)
    with acting(session, operator, reason="merged"):
        session.get_one(Region, "630103").merged_into = "630102"
    assert "630103" not in {hit.code for hit in search(session, "城中区")}


def test_a_withdrawn_station_is_found_no_more(session: Session, operator: int) -> None:
    fill(session, operator)
    with acting(session, operator, reason="twice in the list"):
        registry.withdraw(
            session, registry.get(session, search(session, "川口工会驿站")[0].code), reason="重复"
        )
    assert all(hit.name != "川口工会驿站" for hit in search(session, "川口工会驿站"))


def test_a_rebuild_makes_the_gazetteer_again_and_the_same(session: Session, operator: int) -> None:
    fill(session, operator)
    entries = select(GazetteerEntry.kind, GazetteerEntry.code, GazetteerEntry.search_text).order_by(
        GazetteerEntry.kind, GazetteerEntry.code
    )
    before = session.execute(entries).all()
    session.execute(text("DELETE FROM gazetteer"))
    with acting(session, operator, reason="rebuild"):
        assert derived.rebuild(session) == (len(STATIONS), 0)
    assert session.execute(entries).all() == before
    assert not gazetteer.derive_stale(session)


def test_an_upgrade_that_left_stations_behind_is_noticed_and_made_good(
    session: Session, operator: int
) -> None:
    fill(session, operator)
    with acting(session, operator, reason="as an upgrade does"):
        session.execute(text("UPDATE stations SET address = '新地址1号' WHERE names->>'zh' = '川口工会驿站'"))
        assert derived.is_behind(session)
    assert not derived.is_behind(session)
    assert search(session, "新地址1号")[0].name == "川口工会驿站"


@pytest.mark.parametrize(
    "asked",
    [
        "川口人民路邮政爱心驿站",
        "川口人民路",
        "人民路7号",
        "chuankourenminlu",
        "ckrmlyzaxyz",
        "chuankourenmnlu",
        "川日人民路邮政爱心驿站",
        "川口 邮政",
        "00012345",
    ],
)
def test_fifty_thousand_stations_are_never_read_through(many: Engine, asked: str) -> None:
    plans: list[str] = []

    def explain(
        connection: Connection, _: object, statement: str, values: dict[str, object], *__: object
    ) -> None:
        if "public_stations" in statement and not statement.startswith("EXPLAIN"):
            plans.extend(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())

    with Session(many) as session:
        event.listen(many, "before_cursor_execute", explain)
        try:
            found = search(session, asked, near=(101.7, 36.6))
        finally:
            event.remove(many, "before_cursor_execute", explain)
    assert found
    assert plans
    assert [line for line in plans if "Seq Scan on public_stations" in line] == []


@pytest.fixture(scope="module")
def many(cluster: Cluster, new_database: Callable[[], str]) -> Iterator[Engine]:
    """A registry of fifty thousand public stations."""
    address = make_url(new_database())
    with cluster.connect(address.database or "") as connection:
        fill_many(connection, 50_000)
    engine = create_engine(address)
    yield engine
    engine.dispose()
