"""Downloads: exactly the stations that a query asks for, in every form, with what the file is said inside it."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pyogrio
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from geo.datum import Datum, from_wgs84
from geo.mainland import Mainland
from stations import vocabulary as words
from stations.cluster import Cluster
from stations.cluster.locks import Lock
from stations.models import RegistryInfo
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.stations.committed import squares
from tests.web.downloads_registry import fill
from web import create_app
from web.downloads import store
from web.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 1, 15, 10, 7, tzinfo=SHANGHAI)
FORMS = ("gpkg", "shp.zip", "geojson", "fgb", "csv", "xlsx", "kml")


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], str]) -> Iterator[Engine]:
    with squares(new_database) as engine:
        with Session(engine) as session:
            fill(session)
        yield engine


@pytest.fixture
def settings(filled: Engine, tmp_path: Path) -> Settings:
    url = filled.url.render_as_string(hide_password=False)
    return Settings(secret_key="x" * 40, database_url=url, clock=NOW, downloads=tmp_path / "downloads")


@pytest.fixture
def client(settings: Settings, filled: Engine) -> FlaskClient:
    return reader(settings, filled)


def reader(settings: Settings, engine: Engine) -> FlaskClient:
    """Read a registry through the whole application."""
    return create_app(settings, engine=engine).test_client()


def got(client: FlaskClient, address: str, **headers: str) -> TestResponse:
    answer = client.get(f"/download/{address}", headers=headers, buffered=True)
    assert answer.status_code == 200, answer.text
    return answer


def table(client: FlaskClient, query: str) -> list[str]:
    """Return the codes of the map's own table, and those that it cannot draw."""
    answer = client.get(f"/api/v1/stations?{query}{'' if 'limit' in query else '&limit=1000'}")
    return [feature["id"] for feature in answer.json["features"]]


def codes(content: bytes, form: str, folder: Path) -> list[str]:
    """Read the codes of a file with a reader of another make."""
    path = folder / f"read.{form}"
    path.write_bytes(content)
    if form == "csv":
        return [row["编号"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
    if form == "geojson":
        return [feature["id"] for feature in json.loads(content)["features"]]
    if form == "xlsx":
        sheet = openpyxl.load_workbook(path).worksheets[0]
        return [str(row[0]) for row in sheet.iter_rows(min_row=2, values_only=True)]
    if form == "kml":
        name = "{http://www.opengis.net/kml/2.2}"
        root = ET.fromstring(content)  # noqa: S314 - our own file
        return [found.findtext(f".//{name}value") or "" for found in root.iter(f"{name}ExtendedData")]
    where = f"/vsizip/{path}/stations.shp" if form == "shp.zip" else path
    return list(pyogrio.read_dataframe(where)["编号" if form == "shp.zip" else "code"])


QUERIES = (
    "",
    "kind=rider_station",
    "amenities=microwave&unknown=exclude",
    "open=now",
    "open=24h&unknown=exclude",
    "region=6302",
    "lifecycle=all",
    "bbox=101.4,36.5,101.6,36.7",
    "q=站点1号",
    "near=101.6,36.6&within_m=10000",
    "limit=3",
    "lifecycle=planned",
)


#: One that leaves rows without a place in, one by distance, one without rows.
FEW = ("lifecycle=all", "near=101.6,36.6&within_m=10000", "lifecycle=planned")


@pytest.mark.parametrize(
    ("form", "query"),
    [("csv", query) for query in QUERIES]
    + [(form, query) for form in FORMS if form != "csv" for query in FEW],
)
def test_a_file_holds_exactly_the_stations_that_the_table_shows_in_its_order(
    client: FlaskClient, tmp_path: Path, form: str, query: str
) -> None:
    asked = table(client, query)
    found = codes(got(client, f"stations.{form}?{query}").data, form, tmp_path)
    # FlatGeobuf orders its rows along a curve, for whoever reads a part of it.
    assert (sorted(found) if form == "fgb" else found) == (sorted(asked) if form == "fgb" else asked)
    assert bool(asked) is (query != "lifecycle=planned")


def test_a_row_tells_what_is_known_and_leaves_the_unknown_empty(client: FlaskClient) -> None:
    rows = list(csv.DictReader(io.StringIO(got(client, "stations.csv").data.decode("utf-8-sig"))))
    first, second, unlocated = rows[0], rows[1], rows[5]
    assert first["名称"] == "'=1+1"
    assert first["藏文名"] == "ས་ཚིགས།"
    assert first["设施"] == first["没有的设施"] == first["容纳人数"] == ""
    assert (second["设施代码"], second["设施"]) == ("microwave", words.AMENITIES["microwave"].zh)
    assert second["推断有的设施"] == words.AMENITIES["seating"].zh
    assert second["故障的设施"] == words.AMENITIES["wifi"].zh
    assert second["没有的设施"] == words.AMENITIES["toilet"].zh
    assert (second["省"], second["市州"], second["县区"]) == ("青海省", "西宁市", "城东区")
    assert (second["来源"], second["来源许可"], second["取得日期"]) == (
        "民和县台账",
        "CC BY 4.0",
        "2026-01-02",
    )
    assert second["地址"] == '一条,"长"\n街'
    assert (second["此刻状态"], rows[9]["此刻状态"]) == ("open", "unknown")
    assert second["数据时间"] == "2026-01-15T10:00+08:00"
    assert (unlocated["经度_WGS84"], unlocated["纬度_WGS84"]) == ("", "")
    assert float(second["经度_WGS84"]) == pytest.approx(101.47, abs=1e-7)


def test_labels_and_heads_come_in_english_too(client: FlaskClient, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(got(client, "stations.csv?lang=en").data.decode("utf-8-sig"))))
    assert rows[1]["kind_label"] == words.KINDS["union_station"].en
    assert rows[1]["lon_wgs84"]
    (tmp_path / "en.shp.zip").write_bytes(got(client, "stations.shp.zip?lang=en").data)
    frame = pyogrio.read_dataframe(f"/vsizip/{tmp_path}/en.shp.zip/stations.shp")
    assert {"code", "kind_label", "amen_label", "lon", "lat"} <= set(frame.columns)


def test_geojson_is_what_the_api_answers(client: FlaskClient) -> None:
    at = NOW.replace(minute=0).isoformat(timespec="minutes")
    wanted = client.get("/api/v1/stations", query_string={"limit": 1000, "at": at}).json["features"]
    assert got(client, "stations.geojson").json["features"] == wanted


ABOUT = ("民和县台账", "CC BY 4.0", "WGS 84", "2026-01-15T10:00+08:00")


def test_every_file_says_source_licence_time_and_datum(client: FlaskClient, tmp_path: Path) -> None:
    def read(form: str) -> Path:
        path = tmp_path / f"about.{form}"
        path.write_bytes(got(client, f"stations.{form}").data)
        return path

    told = {
        "geojson": json.dumps(json.loads(read("geojson").read_text())["about"], ensure_ascii=False),
        "gpkg": str(pyogrio.read_info(read("gpkg"))["dataset_metadata"]),
        "fgb": str(pyogrio.read_info(read("fgb"))["layer_metadata"]),
        "shp.zip": zipfile.ZipFile(read("shp.zip")).read("README.txt").decode("utf-8-sig"),
        "kml": read("kml").read_text(),
        "xlsx": str([[c.value for c in row] for row in openpyxl.load_workbook(read("xlsx"))["README"].rows]),
        # A companion would be lost: a CSV says it in its heads and in every row.
        "csv": read("csv").read_text().replace("_WGS84", " WGS 84"),
    }
    assert set(told) == set(FORMS)
    for form, content in told.items():
        assert [one for one in ABOUT if one not in content] == [], form


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_another_datum_is_named_in_file_and_columns_and_declares_no_crs(
    client: FlaskClient, tmp_path: Path, datum: Datum
) -> None:
    mark = datum.upper()
    answer = got(client, f"stations.csv?datum={datum}")
    assert f"-{datum}-" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert not [head for head in rows[0] if "WGS" in head]
    plain = list(csv.DictReader(io.StringIO(got(client, "stations.csv").data.decode("utf-8-sig"))))
    mask = Mainland.from_wkb(bytes_of_mask(client))
    for row, here in zip(rows, plain, strict=True):
        if not here["经度_WGS84"]:
            assert row[f"经度_{mark}"] == ""
            continue
        lon, lat = from_wgs84(float(here["经度_WGS84"]), float(here["纬度_WGS84"]), datum, mainland=mask)
        assert float(row[f"经度_{mark}"]) == pytest.approx(float(lon), abs=1e-7)
        assert float(row[f"纬度_{mark}"]) == pytest.approx(float(lat), abs=1e-7)
        assert abs(float(row[f"经度_{mark}"]) - float(here["经度_WGS84"])) > 1e-4
    (tmp_path / "x.shp.zip").write_bytes(got(client, f"stations.shp.zip?datum={datum}").data)
    assert not [name for name in zipfile.ZipFile(tmp_path / "x.shp.zip").namelist() if name.endswith("prj")]
    where = f"/vsizip/{tmp_path}/x.shp.zip/stations.shp"
    assert pyogrio.read_info(where)["crs"] is None
    frame = pyogrio.read_dataframe(where)
    assert f"LON_{mark}" in frame.columns
    assert frame.geometry[0].x == pytest.approx(float(rows[0][f"经度_{mark}"]), abs=1e-7)
    (tmp_path / "x.xlsx").write_bytes(got(client, f"stations.xlsx?datum={datum}").data)
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert f"经度_{mark}" in [cell.value for cell in book.worksheets[0][1]]
    assert datum.upper().replace("02", "-02").replace("09", "-09") in str(
        [cell.value for row in book["README"].rows for cell in row]
    )


def bytes_of_mask(client: FlaskClient) -> bytes:
    with client.application.app_context(), Session(client.application.extensions["yizhan.engine"]) as session:
        return bytes(session.get_one(RegistryInfo, 1).mainland or b"")


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        ("stations.gpkg?datum=gcj02", "datum"),
        ("stations.geojson?datum=bd09", "datum"),
        ("stations.kml?datum=gcj02", "datum"),
        ("stations.fgb?datum=gcj02", "datum"),
        ("stations.csv?datum=mars", "datum"),
        ("stations.csv?datum=gcj02&datum=bd09", "datum"),
        ("stations.csv?encoding=gbk", "encoding"),
        ("stations.shp.zip?encoding=klingon", "encoding"),
        ("stations.csv?cursor=5", "cursor"),
        ("stations.csv?colour=red", "colour"),
        ("stations.csv?bbox=nan,nan,nan,nan", "bbox"),
        ("stations.csv?limit=1000000000", "limit"),
        ("changes.ndjson?since=-1", "since"),
        ("changes.ndjson", "since"),
        ("changes.ndjson?since=0&open=now", "open"),
        ("changes.ndjson?since=0&limit=5", "limit"),
        ("changes.csv?since=0&colour=red", "colour"),
    ],
)
def test_a_wrong_question_is_refused_by_name(client: FlaskClient, address: str, parameter: str) -> None:
    answer = client.get(f"/download/{address}", buffered=True)
    assert answer.status_code == 400, answer.text
    assert answer.content_type.startswith("application/problem+json")
    told = answer.json
    assert parameter in ([one["parameter"] for one in told.get("errors", [])] or [told["parameter"]])


@pytest.mark.parametrize("address", ["stations.exe", "changes.xlsx", "daily/2026-01-01/x"])
def test_what_is_not_there_is_404(client: FlaskClient, address: str) -> None:
    assert client.get(f"/download/{address}", buffered=True).status_code == 404


def test_a_broken_download_goes_on_where_it_stopped(client: FlaskClient) -> None:
    whole = got(client, "stations.gpkg")
    tag = whole.headers["ETag"]
    part = client.get(
        "/download/stations.gpkg",
        headers={"Range": "bytes=1000-", "If-Range": tag, "Accept": "*/*"},
        buffered=True,
    )
    assert part.status_code == 206
    assert part.data == whole.data[1000:]
    assert part.headers["Content-Range"] == f"bytes 1000-{len(whole.data) - 1}/{len(whole.data)}"
    assert (
        client.get("/download/stations.gpkg", headers={"If-None-Match": tag}, buffered=True).status_code
        == 304
    )
    head = client.head("/download/stations.gpkg", buffered=True)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(whole.data)))
    assert (
        client.get("/download/stations.gpkg", headers={"Range": "bytes=99999999-"}, buffered=True).status_code
        == 416
    )


def test_a_change_of_the_registry_makes_another_file(
    new_database: Callable[[], str], settings: Settings
) -> None:
    with squares(new_database) as engine:
        with Session(engine) as session:
            fill(session)
        client = reader(settings, engine)
        before = got(client, "stations.csv")
        with Session(engine) as session:
            station = registry.get(session, codes(before.data, "csv", settings.downloads)[0])
            with acting(session, actor_id(session, OPERATOR), reason="withdrawn"):
                registry.withdraw(session, station, reason="entered twice")
            session.commit()
        after = got(client, "stations.csv")
        assert after.headers["ETag"] != before.headers["ETag"]
        assert (
            len(codes(after.data, "csv", settings.downloads))
            == len(codes(before.data, "csv", settings.downloads)) - 1
        )
        changes = [
            json.loads(line) for line in got(client, "changes.ndjson?since=0&lifecycle=all").text.splitlines()
        ]
        gone = [one for one in changes[:-1] if one["feature"] is None]
        assert [one["code"] for one in gone] == [codes(before.data, "csv", settings.downloads)[0]]


def test_changes_are_those_of_the_api_and_end_with_the_number_to_go_on_from(client: FlaskClient) -> None:
    answer = got(client, "changes.ndjson?since=0&lifecycle=all")
    *told, end = [json.loads(line) for line in answer.text.splitlines()]
    api = client.get("/api/v1/changes?since=0").json
    assert told == api["changes"]
    assert end == {"since": 0, "upto": int(answer.headers["X-Yizhan-Upto"])}
    again = got(client, f"changes.ndjson?since={end['upto']}&lifecycle=all").text.splitlines()
    assert [json.loads(line) for line in again] == [{"since": end["upto"], "upto": end["upto"]}]


def test_a_copy_of_a_filtered_set_learns_what_is_not_in_it(client: FlaskClient) -> None:
    *told, _ = [
        json.loads(line) for line in got(client, "changes.ndjson?since=0&region=6302").text.splitlines()
    ]
    assert sorted(one["code"] for one in told if one["feature"]) == sorted(table(client, "region=6302"))
    assert len(told) == len(table(client, "lifecycle=all"))
    rows = list(
        csv.DictReader(io.StringIO(got(client, "changes.csv?since=0&region=6302").data.decode("utf-8-sig")))
    )
    assert [(row["code"], row["change"] == "is") for row in rows] == [
        (one["code"], one["feature"] is not None) for one in told
    ]
    assert not [row["name"] for row in rows if row["name"].startswith("=")]


def test_a_commit_that_comes_late_is_told_late_and_not_lost(
    new_database: Callable[[], str], settings: Settings
) -> None:
    with squares(new_database) as engine:
        client = reader(settings, engine)
        with Session(engine) as slow, Session(engine) as quick:
            actor = actor_id(slow, OPERATOR)
            with acting(slow, actor, reason="begun first"):
                registry.add(slow, names={"zh": "早写晚交"}, kind="union_station", region_code="630102")
            with acting(quick, actor, reason="done first"):
                registry.add(quick, names={"zh": "晚写早交"}, kind="union_station", region_code="630222")
            quick.commit()
            *first, end = [
                json.loads(line) for line in got(client, "changes.ndjson?since=0").text.splitlines()
            ]
            slow.commit()
        address = f"changes.ndjson?since={end['upto']}"
        *late, _ = [json.loads(line) for line in got(client, address).text.splitlines()]
        assert [one["feature"]["properties"]["names"]["zh"] for one in first] == ["晚写早交"]
        assert [one["feature"]["properties"]["names"]["zh"] for one in late] == ["早写晚交"]


def test_only_so_many_files_are_made_at_a_time(client: FlaskClient, settings: Settings) -> None:
    folder = settings.downloads / "made"
    folder.mkdir(parents=True)
    others = [Lock(folder / f"{at}.lock") for at in range(2)]
    assert all(lock.take_over() for lock in others)
    try:
        answer = client.get("/download/stations.csv", buffered=True)
    finally:
        for lock in others:
            lock.release()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/download/stations.csv", buffered=True).status_code == 200


def test_of_a_process_s_threads_only_two_make_files_or_wait_and_the_others_answer_at_once(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(_: float) -> None:
        raise AssertionError("it waited")

    monkeypatch.setattr(store.time, "sleep", wait)
    line = store._IN_LINE
    assert [line.acquire(blocking=False) for _ in range(3)] == [True, True, False]
    try:
        answer = client.get("/download/stations.csv", buffered=True)
    finally:
        line.release(2)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/download/stations.csv", buffered=True).status_code == 200


def test_a_full_disk_is_said_and_leaves_nothing(
    client: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Any, path: Path, *__: Any, **___: Any) -> int:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("web.downloads.routes.write_file", full)
    answer = client.get("/download/stations.csv", buffered=True)
    assert answer.status_code == 507
    assert [path.name for path in (settings.downloads / "made").iterdir() if path.suffix != ".lock"] == []


def test_the_page_links_every_form_with_the_filters_of_the_address(client: FlaskClient) -> None:
    page = client.get(
        "/download?kind=rider_station&region=6301&utm_source=x", headers={"Accept": "text/html"}
    ).text
    for form in FORMS:
        assert f"/download/stations.{form}?kind=rider_station&amp;region=630100" in page, form
    assert "共 3 个站点可下载" in page
    assert "/download/stations.csv?kind=rider_station&amp;region=630100&amp;datum=gcj02" in page
    english = client.get("/download?lang=en", headers={"Accept": "text/html"}).text
    assert "11 stations to download" in english
    assert "/download/stations.xlsx?lang=en" in english


MULTIPLY = """
    INSERT INTO public_stations (station_id, code, listed, commit_id, name, kind, station_class, lifecycle, region_code,
        lineage, access, fee, has, inferred, lacks, schedule_key, location, location_3857, search_text, search_bigrams,
        feature)
    SELECT 1000 + n * 100 + station_id, new, listed, commit_id, name, kind, station_class, lifecycle, region_code,
        lineage, access, fee, has, inferred, lacks, schedule_key, location, location_3857, search_text, search_bigrams,
        replace(feature, code, new)
    FROM public_stations, generate_series(1, %s) AS n, CAST(80000000 + n * 100 + station_id AS text) AS new
"""


def test_fifty_thousand_rows_are_those_of_the_table(
    new_database: Callable[[], str], settings: Settings, cluster: Cluster
) -> None:
    with squares(new_database) as engine:
        with Session(engine) as session:
            fill(session)
        assert engine.url.database is not None
        with cluster.connect(engine.url.database) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(MULTIPLY, [4_600])
        client = reader(settings, engine)
        for query, least in (("open=now&amenities=microwave&bbox=101.4,36,101.9,37", 20_000), ("", 50_000)):
            drawn = client.get(f"/map/stations.json?{query}").json
            assert drawn["counts"]["matched"] >= least
            found = csv.DictReader(io.StringIO(got(client, f"stations.csv?{query}").data.decode("utf-8-sig")))
            rows = [
                (
                    row["编号"],
                    row["经度_WGS84"] and f"{float(row['经度_WGS84']):.6f}",
                    row["名称"].lstrip("'"),
                )
                for row in found
            ]
            located = [row for row in rows if row[1]]
            assert located == [(row[0], f"{row[1]:.6f}", row[3]) for row in drawn["rows"]]
            assert len(rows) - len(located) == drawn["counts"]["unlocated"]
