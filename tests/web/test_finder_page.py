"""The finder's addresses: the page without scripts, the rows, the pack, and what makes it work without a network."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from conftest import fill_squares
from geo.datum import Datum
from geo.mainland import Mainland
from stations.hours import Calendar, DatedException, Hours, standing
from stations.models import Place, RegistryInfo
from stations.registry import pack, registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import AMENITIES, Basis, Value
from web import create_app
from web.finder.facts import BITS, COLUMNS, facts, standings
from web.finder.words import minutes_words
from web.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=SHANGHAI)
HERE = (101.5, 36.6)
SCHEDULES = {
    "通宵驿站": Hours("22:00-02:00"),
    "分段驿站": Hours("08:00-12:00,14:00-18:00"),
    "工作日驿站": Hours("Mo-Fr 08:30-17:00", Calendar.OFFICIAL),
    "全天驿站": Hours("24/7"),
    "未知驿站": Hours(None),
    "半知驿站": Hours("08:00-12:00; Mo unknown"),
    "歇业驿站": Hours("08:00-18:00", exceptions=(DatedException(NOON.date(), NOON.date() + timedelta(days=3), None, "装修"),)),
}  # fmt: skip
Fact = registry.AmenityFact


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], str]) -> Iterator[tuple[str, Engine]]:
    """A registry with one station for each schedule, along a street."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        actor = actor_id(session, OPERATOR)
        fill_squares(session, actor)
        mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))
        with acting(session, actor, reason="test"):
            for number, (name, hours) in enumerate(SCHEDULES.items()):
                made = registry.add(
                    session, hours=hours, kind="union_station", region_code="630102", names={"zh": name},
                    amenities={"microwave": Fact(out_of_order=True), "seating": Fact(basis=Basis.INFERRED)},
                )  # fmt: skip
                registry.locate(
                    session, made, HERE[0] + 0.001 * (number + 1), HERE[1], datum=Datum.WGS84, mainland=mask
                )
            session.add(
                Place(source="t", source_id="1", names={"zh": "川口镇"}, location="SRID=4326;POINT(101.52 36.6)",
                      population=3000, region_code="630102", credit="GeoNames, CC BY 4.0")
            )  # fmt: skip
    yield url, engine
    engine.dispose()


@pytest.fixture(scope="module")
def client(filled: tuple[str, Engine]) -> FlaskClient:
    url, engine = filled
    return create_app(
        Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine
    ).test_client()


def text(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


# The page -------------------------------------------------------------------------------------------------------------


def test_the_first_address_asks_from_where_and_offers_places_to_start(client: FlaskClient) -> None:
    page = text(client, "/")
    assert "从哪里找？" in page
    assert 'href="/?near=' in page
    assert "西宁市" in page


def test_a_typed_name_becomes_the_point_that_the_list_starts_from(client: FlaskClient) -> None:
    page = text(client, "/?q=川口")
    assert "川口镇附近最合适的 7 个" in page
    assert 'name="near" value="101.5200,36.6000"' in page
    assert text(client, "/?place=川口镇").count('class="find look-') == 7


def test_a_name_without_a_point_is_said_back_as_text(client: FlaskClient) -> None:
    page = text(client, "/?q=<script>alert(1)</script>")
    assert "<script>alert(1)" not in page
    assert "没有找到“&lt;script&gt;alert(1)&lt;/script&gt;”" in page


@pytest.mark.parametrize(
    "near", ["nan,nan", "200,95", "36.6,101.5", "1e400,0", "101.5", "101.5,36.6,1", "１０１,３６"]
)
def test_a_point_that_is_none_is_told_on_the_page_and_refused_to_programs(
    client: FlaskClient, near: str
) -> None:
    assert f"“{near}”不是一个位置：要先写经度、后写纬度" in text(client, f"/?near={near}")
    for address in ("/find/pack.json", "/find.json"):
        answer = client.get(f"{address}?near={near}")
        assert answer.status_code == 400
        assert answer.json is not None
        assert near in answer.json["detail"]


def test_a_swapped_pair_is_answered_with_the_pair_in_its_order(client: FlaskClient) -> None:
    answer = client.get("/find.json?near=36.6,101.5")
    assert answer.json is not None
    assert "write longitude,latitude: 101.5,36.6" in answer.json["detail"]


FAR = "/?near=116.3900,39.9000"


def test_a_position_outside_the_region_is_told_and_far_ways_have_no_minutes(client: FlaskClient) -> None:
    page = text(client, f"{FAR}&lang=zh")
    assert "离这里最近的 7 个" in page
    assert "最合适" not in re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    assert "这个位置不在本地图的地区里" in page.partition('id="notice"')[2].partition("</div>")[0]
    assert "到达时已开门" not in page.partition('id="rows"')[2].partition("</ol>")[0]
    assert re.search(r'class="far"><b>[0-9,]+ 公里</b></span>', page)
    answer = client.get(f"/find.json{FAR[1:]}").json
    assert answer is not None
    assert answer["outside"] is True
    inside = client.get("/find.json?near=101.5,36.6").json
    assert inside is not None
    assert inside["outside"] is False


def test_a_list_of_one_is_told_in_the_singular(client: FlaskClient) -> None:
    page = text(client, "/?near=101.5,36.6&open=24h&unknown=exclude&lang=en")
    assert re.search(r'id="heading"[^>]*>1 place nearby<', page)
    assert re.search(r'id="heading"[^>]*>Best 7 nearby<', text(client, "/?near=101.5,36.6&lang=en"))


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (None, ""),
        (0, "0 分钟"),
        (59, "59 分钟"),
        (60, "1 小时"),
        (61, "1 小时 1 分"),
        (599, "9 小时 59 分"),
        (600, ""),
    ],
)
def test_a_long_way_is_told_in_hours_and_one_that_nobody_goes_not_at_all(
    client: FlaskClient, minutes: int | None, words: str
) -> None:
    with client.application.test_request_context("/?lang=zh"):
        assert minutes_words(minutes) == words


def test_chinese_names_on_an_english_page_are_marked_for_the_voice_that_reads_them(
    client: FlaskClient,
) -> None:
    assert '<span class="find-name" lang="zh-Hans">' in text(client, "/?near=101.5,36.6&lang=en")
    assert '<span class="find-name">' in text(client, "/?near=101.5,36.6&lang=zh")


def test_the_page_on_the_data_says_what_becomes_of_a_position(client: FlaskClient) -> None:
    page = text(client, "/about?lang=zh")
    assert "位置只留在您的浏览器里" not in page
    assert "您的位置只随这一次查找发出" in page


def test_what_messengers_append_to_a_link_is_passed_over(client: FlaskClient) -> None:
    page = text(client, "/?near=101.5,36.6&from=singlemessage&isappinstalled=0")
    assert "看不懂" not in page


@pytest.mark.parametrize("address", ["/", "/?near=101.5,36.6", "/?q=川口&open=now", "/offline"])
def test_the_page_is_whole_in_english(client: FlaskClient, address: str) -> None:
    page = text(client, f"{address}{'&' if '?' in address else '?'}lang=en")
    page = re.sub(
        r'<script type="application/json".*?</script>|<script nonce.*?</script>', "", page, flags=re.DOTALL
    )
    words = re.sub(r"<[^>]+>", " ", page)
    own = set(re.findall(r"[\u4e00-\u9fff]+", words)) - {"中文", "川口镇", "川口"}
    assert own <= {*SCHEDULES, "西宁市", "海东市", "城东区", "青海省"}


def test_the_language_of_a_link_stays_in_every_link_of_the_page(client: FlaskClient) -> None:
    page = text(client, "/?near=101.5,36.6&amenities=microwave&lang=en")
    assert 'href="/?amenities=microwave&amp;near=101.5,36.6&amp;lang=zh"' in page
    assert re.search(r'href="/s/\w+\?lang=en"', page)
    assert 'name="amenities" value="microwave"' in page


# Rows -----------------------------------------------------------------------------------------------------------------


def test_rows_come_in_their_order_with_what_the_scripts_need(client: FlaskClient) -> None:
    body: Any = client.get("/find.json?near=101.5,36.6&amenities=seating").json
    rows = [dict(zip(body["columns"], row, strict=True)) for row in body["rows"]]
    assert {row["names"]["zh"] for row in rows} == set(SCHEDULES)
    assert rows[0]["names"] == {"zh": "工作日驿站"}
    first = next(row for row in rows if row["names"] == {"zh": "全天驿站"})
    assert (first["verdict"], first["minutes"], first["state"], first["until"]) == ("open", 6, "open", None)
    assert first["has"] == 0
    assert first["inferred"] == BITS["seating"]
    assert first["broken"] == BITS["microwave"]
    assert body["nothing_open"] is body["nothing_near"] is False


def test_rows_of_codes_are_what_was_asked_for_whatever_the_filters(client: FlaskClient) -> None:
    body: Any = client.get("/find.json?near=101.5,36.6").json
    codes = [row[0] for row in body["rows"]][:2]
    asked: Any = client.get(f"/find.json?codes={','.join(codes)},NOBODY,'%20OR%201=1&open=24h").json
    assert {row[0] for row in asked["rows"]} == set(codes)


def test_rows_without_a_point_are_refused_with_what_is_missing(client: FlaskClient) -> None:
    answer = client.get("/find.json?open=now")
    assert answer.status_code == 400
    assert answer.json is not None
    assert "near" in answer.json["detail"]


def test_places_are_suggested_by_their_sound(client: FlaskClient) -> None:
    body: Any = client.get("/find/places.json?q=chuankou").json
    assert body["hits"][0] == {
        "name": "川口镇",
        "where": "城东区 · 西宁市",
        "near": "101.5200,36.6000",
        "icon": "pin",
    }
    nothing: Any = client.get("/find/places.json?q=").json
    assert nothing == {"hits": []}


def test_the_code_of_a_link_is_drawn_without_script(client: FlaskClient) -> None:
    answer = client.get("/find/code.svg?near=101.5,36.6&amenities=microwave&place=<script>")
    assert answer.mimetype == "image/svg+xml"
    assert b"<script" not in answer.data
    assert answer.data.startswith(b"<svg")


# The pack -------------------------------------------------------------------------------------------------------------


def packed(client: FlaskClient, near: str = "101.5,36.6") -> Any:
    answer = client.get(f"/find/pack.json?near={near}")
    assert answer.status_code == 200
    return answer.json


def state_in(body: Any, name: str, moment: datetime) -> str:
    row = next(dict(zip(body["columns"], row, strict=True)) for row in body["rows"] if row[3]["zh"] == name)
    minute = int((moment - datetime.fromisoformat(body["start"])).total_seconds() // 60)
    for state, flat in zip(("open", "unknown"), body["schedules"][row["schedule"]], strict=True):
        at = 0
        for wait, length in zip(flat[::2], flat[1::2], strict=True):
            if at + wait <= minute < at + wait + length:
                return state
            at += wait + length
    return "closed"


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(SCHEDULES)), minutes=st.integers(0, 42 * 1440 - 1))
def test_the_spans_of_the_pack_say_at_every_minute_what_the_hours_say(
    pack_body: Any, name: str, minutes: int
) -> None:
    moment = NOON.replace(hour=0, minute=0) + timedelta(minutes=minutes)
    assert state_in(pack_body, name, moment) == standing(SCHEDULES[name], moment).state


@pytest.fixture(scope="module")
def pack_body(client: FlaskClient) -> Any:
    return packed(client)


def test_neighbours_share_a_pack_and_its_nearest_come_first(client: FlaskClient) -> None:
    one, other = packed(client, "101.4612,36.5511"), packed(client, "101.5401,36.6411")
    assert one == other
    assert one["near"] == [101.5, 36.6]
    assert [row[3]["zh"] for row in one["rows"]] == list(SCHEDULES)


def test_a_pack_holds_no_more_than_its_limit_and_only_what_is_in_service(filled: tuple[str, Engine]) -> None:
    with Session(filled[1]) as session:
        made = pack.pack(session, HERE, now=NOON, limit=2)
    assert len(made.stations) == 2
    assert len(made.schedules) == 2
    assert made.minutes == 42 * 1440


def test_a_pack_of_800_stations_stays_below_150_kilobytes_on_the_wire(pack_body: Any) -> None:
    def some(number: int, most: int) -> int:
        return int.from_bytes(hashlib.sha256(b"%d" % number).digest()[:6], "big") % most

    stations = [
        [
            f"6300{n:04}", 101 + some(n, 10**6) / 10**6, 36 + some(n + 7, 10**6) / 10**6,
            {"zh": f"城东区{some(n, 997)}号路工会户外劳动者驿站"}, "union_station", "open",
            f"西宁市城东区{some(n, 991)}路{some(n, 613)}号", "进门左转，二楼服务大厅旁", "scan", "free",
            f"0971-{some(n, 10**7):07}", "周一至周五 8:30-17:00", f"2025-{1 + some(n, 12):02}-11",
            some(n, 1 << 29), 0, 0, 0, some(n, 300),
        ]
        for n in range(800)
    ]  # fmt: skip
    spans = [[300 + some(84 * n + day, 600) for day in range(84)] for n in range(300)]
    body = {**pack_body, "rows": stations, "schedules": [[span, []] for span in spans]}
    assert 50_000 < len(gzip.compress(json.dumps(body, ensure_ascii=False).encode(), 6)) < 150_000


# Facts ----------------------------------------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.sampled_from(sorted(AMENITIES)),
        st.tuples(st.sampled_from(list(Value)), st.booleans(), st.sampled_from(list(Basis))),
    )
)
def test_every_amenity_stands_in_one_place_and_unknown_in_none(
    held: dict[str, tuple[Value, bool, Basis]],
) -> None:
    rows = [
        {"amenity": code, "value": value, "out_of_order": broken, "basis": basis}
        for code, (value, broken, basis) in held.items()
    ]
    found = standings(rows)
    listed = [code for codes in found.values() for code in codes]
    assert sorted(listed) == sorted(
        code for code, (value, _, _) in held.items() if value is not Value.UNKNOWN
    )
    assert all(held[code][0] is Value.NO for code in found["no"])
    assert all(held[code][1] for code in found["broken"])
    assert all(held[code][2] is Basis.INFERRED for code in found["inferred"])


def test_facts_of_an_unlocated_station_have_no_coordinates() -> None:
    feature = {
        "geometry": None,
        "properties": {
            "code": "1", "names": {"zh": "甲"}, "kind": "union_station", "lifecycle": "open", "address": None,
            "directions": None, "access": None, "fee": None, "phone": None, "hours": None, "verified_at": None,
            "amenities": [],
        },
    }  # fmt: skip
    row = dict(zip(COLUMNS, facts(feature), strict=True))
    assert row["lon"] is None
    assert row["lat"] is None
    assert (row["access"], row["fee"], row["hours"], row["has"]) == ("unknown", "unknown", None, 0)


# Without a network ----------------------------------------------------------------------------------------------------


def test_the_service_worker_serves_from_the_root_and_lists_files_that_are_there(client: FlaskClient) -> None:
    answer = client.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    setup = json.loads(answer.text.split(";\n", 1)[0].removeprefix("self.yizhan = "))
    assert len(setup["files"]) > 15
    for url in setup["files"] + setup["shells"]:
        with client.get(url) as file:
            assert file.status_code == 200, url
    assert not any(url.startswith("http") for url in setup["files"])


def test_the_manifest_names_icons_that_are_there(client: FlaskClient) -> None:
    body = json.loads(text(client, "/manifest.webmanifest?lang=en"))
    assert (body["start_url"], body["display"], body["lang"]) == ("/?lang=en", "standalone", "en")
    for icon in body["icons"]:
        assert client.get(icon["src"]).mimetype == "image/png"


def test_the_page_kept_for_offline_holds_no_list_and_no_place(client: FlaskClient) -> None:
    page = text(client, "/offline")
    assert "data-for-offline" in page
    assert 'class="find look-' not in page


# Files ----------------------------------------------------------------------------------------------------------------


def test_our_own_files_are_sent_compressed_and_kept_for_ever_under_their_digest(client: FlaskClient) -> None:
    address = re.search(r"/static/js/finder/app\.js\?v=\w+", text(client, "/"))
    assert address is not None
    packed_file = client.get(address[0], headers={"Accept-Encoding": "gzip, br"})
    assert packed_file.headers["Content-Encoding"] == "br"
    assert "immutable" in packed_file.headers["Cache-Control"]
    plain = client.get(address[0])
    assert "Content-Encoding" not in plain.headers
    assert len(packed_file.data) < len(plain.data) / 2
    again = client.get(address[0], headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304
    assert "max-age=0" in client.get("/static/js/finder/app.js?v=other").headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["../settings.py", "..%2fsettings.py", "%2e%2e/settings.py", "js", "nothing.js", "js/../../db.py"]
)
def test_nothing_outside_the_static_folder_is_a_file_of_ours(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404
