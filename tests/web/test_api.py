"""The API: stations as GeoJSON by the one query string, the nearest in metres, errors that speak."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from flask.testing import FlaskClient
from pyproj import Geod
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.mainland import Mainland
from stations import vocabulary as words
from stations.hours import DatedException, Hours
from stations.models import RegistryInfo, Station
from stations.registry import registry
from stations.registry.writing import acting
from web import create_app
from web.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: A Thursday night in January.
NIGHT = datetime(2026, 1, 15, 23, 0, tzinfo=SHANGHAI)
YES = registry.AmenityFact()
NO = registry.AmenityFact(words.Value.NO)
GUESSED = registry.AmenityFact(basis=words.Basis.INFERRED)
BROKEN = registry.AmenityFact(out_of_order=True)


def put(
    session: Session,
    name: str,
    lon: float | None,
    lat: float | None,
    *,
    hours: str | None = None,
    amenities: dict[str, registry.AmenityFact] | None = None,
    exceptions: tuple[DatedException, ...] = (),
    kind: str = "union_station",
    region: str = "630102",
    **facts: Any,
) -> Station:
    station = registry.add(
        session,
        names={"zh": name},
        kind=kind,
        region_code=region,
        amenities=amenities,
        hours=Hours(hours, exceptions=exceptions),
        **facts,
    )
    if lon is not None and lat is not None:
        mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))
        registry.locate(session, station, lon, lat, datum=Datum.WGS84, mainland=mask)
    return station


@pytest.fixture
def filled(qinghai: Session, operator: int) -> Session:
    """Some stations that differ in what the filters ask."""
    with acting(qinghai, operator, reason="test stations"):
        put(
            qinghai,
            "通宵驿站",
            101.50,
            36.60,
            hours="24/7",
            amenities={"microwave": YES, "toilet": YES},
            access="open_door",
        )
        put(
            qinghai,
            "白天驿站",
            101.51,
            36.60,
            hours="08:00-20:00",
            amenities={"microwave": YES},
            access="scan",
        )
        put(qinghai, "时间未知驿站", 101.52, 36.60, amenities={"microwave": GUESSED}, kind="rider_station")
        put(qinghai, "微波炉坏了", 101.53, 36.60, hours="24/7", amenities={"microwave": BROKEN, "toilet": NO})
        put(qinghai, "夜间驿站", 101.70, 36.60, hours="22:00-02:00", region="630103", kind="rider_station")
        put(qinghai, "维权中心", 101.90, 36.60, hours="24/7", region="630202", kind="rights_centre")
        put(qinghai, "未定位驿站", None, None, hours="24/7", region="630222")
        put(
            qinghai, "装修驿站", 102.10, 36.60, hours="24/7", region="630222", lifecycle="suspended",
            lifecycle_since=date(2026, 1, 1), lifecycle_reason="装修",
        )  # fmt: skip
        put(
            qinghai, "关门驿站", 102.11, 36.60, hours="24/7", region="630222", lifecycle="closed",
            lifecycle_since=date(2025, 1, 1), lifecycle_reason="社区搬迁",
        )  # fmt: skip
    return qinghai


@pytest.fixture
def client(filled: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    app = create_app(Settings(secret_key="x" * 40, database_url=str(engine.url), clock=NIGHT), engine=engine)
    # The request reads in the test's own transaction.
    for module in ("web.api.stations", "web.pages.views", "web.db"):
        monkeypatch.setattr(f"{module}.session", lambda: filled)
    return app.test_client()


def names(client: FlaskClient, query: str) -> list[str]:
    answer = client.get(f"/api/v1/stations?{query}")
    assert answer.status_code == 200, answer.text
    return [feature["properties"]["names"]["zh"] for feature in json.loads(answer.data)["features"]]


def test_an_answer_is_geojson_that_says_what_it_is(client: FlaskClient) -> None:
    answer = client.get("/api/v1/stations")
    body = json.loads(answer.data)
    assert answer.mimetype == "application/geo+json"
    assert body["type"] == "FeatureCollection"
    assert body["numberReturned"] == body["numberMatched"] == len(body["features"]) == 8
    assert body["demonstration"] is False
    first = body["features"][0]
    assert first["geometry"] == {"type": "Point", "coordinates": [101.5, 36.6]}
    assert first["properties"]["region_names"] == ["青海省", "西宁市", "城东区"]
    assert first["properties"]["state"]["now"] == "open"
    assert first["properties"]["amenities"][0] == {
        "amenity": "microwave", "value": "yes", "out_of_order": False, "basis": "listed", "verified_at": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=rider_station", ["时间未知驿站", "夜间驿站"]),
        ("class=service", ["维权中心"]),
        ("region=6302", ["维权中心", "未定位驿站", "装修驿站"]),
        ("region=630103", ["夜间驿站"]),
        ("lifecycle=closed", ["关门驿站"]),
        ("q=装修", ["装修驿站"]),
        ("q=tongxiao", ["通宵驿站"]),
        ("q=tong+xiao", ["通宵驿站"]),
        ("q=%25", []),
        ("bbox=101.6,36.5,101.8,36.7", ["夜间驿站"]),
        ("bbox=170,36,-170,37", []),
        ("amenities=microwave&unknown=exclude", ["通宵驿站", "白天驿站"]),
        ("amenities=microwave,toilet&unknown=exclude", ["通宵驿站"]),
        ("amenities=microwave&region=630102", ["通宵驿站", "白天驿站", "时间未知驿站"]),
        ("access=open_door&unknown=exclude", ["通宵驿站"]),
        ("access=no_scan&region=630102", ["通宵驿站", "时间未知驿站", "微波炉坏了"]),
        ("open=now&unknown=exclude", ["通宵驿站", "微波炉坏了", "夜间驿站", "维权中心", "未定位驿站"]),
        ("open=now&region=630102", ["通宵驿站", "时间未知驿站", "微波炉坏了"]),
        ("open=24h&unknown=exclude&class=rest", ["通宵驿站", "微波炉坏了", "未定位驿站"]),
        ("open=now&at=2026-01-16T01:30&unknown=exclude&kind=rider_station", ["夜间驿站"]),
        ("open=now&at=2026-01-16T02:00&unknown=exclude&kind=rider_station", []),
    ],
)
def test_a_filter_gives_exactly_what_it_says(client: FlaskClient, query: str, expected: list[str]) -> None:
    assert names(client, query) == expected


@pytest.mark.parametrize("moment", ["2026-01-16T12:00", "2031-07-01T12:00", "2004-01-01T12:00"])
def test_a_moment_beyond_the_index_is_computed_and_never_just_closed(
    client: FlaskClient, moment: str
) -> None:
    assert names(client, f"open=now&at={moment}&unknown=exclude&region=630102") == [
        "通宵驿站",
        "白天驿站",
        "微波炉坏了",
    ]
    assert "时间未知驿站" in names(client, f"open=now&at={moment}")


def test_a_suspended_station_is_not_open_whatever_its_hours(client: FlaskClient) -> None:
    body = json.loads(client.get("/api/v1/stations?q=装修").data)
    assert body["features"][0]["properties"]["state"]["now"] == "closed"


def test_the_nearest_come_first_with_true_metres(client: FlaskClient) -> None:
    body = json.loads(client.get("/api/v1/stations?near=101.515,36.61&limit=3").data)
    found = [(f["properties"]["names"]["zh"], f["properties"]["distance_m"]) for f in body["features"]]
    lons = np.array([101.51, 101.52, 101.50])
    truth = Geod(ellps="WGS84").inv(np.full(3, 101.515), np.full(3, 36.61), lons, np.full(3, 36.60))[2]
    assert {name for name, _ in found[:2]} == {"白天驿站", "时间未知驿站"}
    assert [metres for _, metres in found] == pytest.approx(list(truth), abs=1)


def test_within_m_cuts_the_nearest_off(client: FlaskClient) -> None:
    assert names(client, "near=101.50,36.60&within_m=1000") == ["通宵驿站", "白天驿站"]


def test_pages_follow_each_other_without_loss_or_repeat(client: FlaskClient) -> None:
    seen: list[str] = []
    url = "/api/v1/stations?limit=3&lifecycle=all"
    while url:
        body = json.loads(client.get(url).data)
        seen += [feature["id"] for feature in body["features"]]
        url = next((link["href"] for link in body["links"] if link["rel"] == "next"), "")
    assert len(seen) == len(set(seen)) == 9


def test_one_station_answers_by_its_code_even_when_closed(client: FlaskClient, filled: Session) -> None:
    code = json.loads(client.get("/api/v1/stations?lifecycle=closed").data)["features"][0]["id"]
    body = json.loads(client.get(f"/api/v1/stations/{code}").data)
    assert body["properties"]["lifecycle_reason"] == "社区搬迁"


def test_a_withdrawn_station_is_not_found_and_says_why(
    client: FlaskClient, filled: Session, operator: int
) -> None:
    with acting(filled, operator, reason="twice"):
        station = put(filled, "重复", 101.5, 36.6)
    with acting(filled, operator, reason="twice"):
        registry.withdraw(filled, station, reason="重复录入")
    answer = client.get(f"/api/v1/stations/{station.code}")
    assert answer.status_code == 404
    assert "withdrawn" in answer.json["detail"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("limit=0", "limit"), ("fbclid=x", "fbclid"), ("bbox=nan,nan,nan,nan", "bbox"), ("near=36.6,101.7", "near"),
     ("near=1,1&cursor=5", "cursor")],
)  # fmt: skip
def test_a_bad_question_is_answered_by_a_problem_that_names_it(
    client: FlaskClient, query: str, parameter: str
) -> None:
    answer = client.get(f"/api/v1/stations?{query}")
    body = json.loads(answer.data)
    assert answer.status_code == body["status"] == 400
    assert answer.mimetype == "application/problem+json"
    named = body.get("parameter") or body["errors"][0]["parameter"]
    assert named == parameter


def test_what_is_not_there_is_a_problem_too(client: FlaskClient) -> None:
    for path in ("/api/v1/stations/99", "/api/v1/nothing"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    answer = client.post("/api/v1/stations")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_an_answer_that_has_not_changed_is_not_sent_again(client: FlaskClient) -> None:
    code = json.loads(client.get("/api/v1/stations?limit=1").data)["features"][0]["id"]
    first = client.get(f"/api/v1/stations/{code}")
    again = client.get(f"/api/v1/stations/{code}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_changes_are_told_in_order_and_begin_where_asked(client: FlaskClient) -> None:
    assert client.get("/api/v1/changes?since=-1").status_code == 400
    assert client.get("/api/v1/changes?from=1").status_code == 400
    assert client.get("/api/v1/changes?since=0").json["changes"] == []  # type: ignore[index]


def test_the_nearest_are_found_by_the_index(filled: Session) -> None:
    from sqlalchemy import text

    from stations.query import StationQuery
    from stations.registry import queries

    query = StationQuery.parse([("near", "101.5,36.6"), ("limit", "3")])
    assert query.near is not None
    from sqlalchemy import select

    from stations.models import PublicStation

    statement = select(PublicStation.code).order_by(queries.nearest_first(query.near)).limit(3)
    filled.execute(text("SET LOCAL enable_seqscan = off"))
    compiled = statement.compile(filled.get_bind(), compile_kwargs={"literal_binds": True})
    plan = "\n".join(filled.scalars(text(f"EXPLAIN {compiled}")))
    assert "ix_public_stations_location_metres" in plan
