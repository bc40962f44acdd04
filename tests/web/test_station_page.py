"""A station's page, its card, its picture and its plate, on a real registry: everything that is known, and its age."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import segno
from flask.testing import FlaskClient
from PIL import Image
from shapely import box
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from conftest import fill_squares
from geo.datum import Datum
from geo.mainland import Mainland
from stations.hours import Calendar, DatedException, Hours
from stations.keeping import photos
from stations.models import Honour, Photo, RegistryInfo, Source, Station
from stations.query import By
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import Basis, PositionQuality, Value
from web import create_app
from web.finder.links import Spot, go_there
from web.finder.sheet import code_groups, phones
from web.maps import fonts
from web.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: A Thursday. The Spring Festival of 2026 is 15 to 23 February; 14 and 28 February are worked in its place.
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=SHANGHAI)
FESTIVAL = datetime(2026, 2, 12, 12, 0, tzinfo=SHANGHAI)
HOSTILE = "\"><script>alert(1)</script>'${7*191}{{7*191}}</title>&amp;"
TIBETAN, MONGOLIAN = "ཟི་ལིང་།", "ᠰᠢᠨᠢᠩ"
Fact = registry.AmenityFact
SHOWN_PHOTO, LOST_PHOTO = "ab" * 32, "cd" * 32


def fill(session: Session) -> dict[str, str]:
    """Make stations that differ in all that a page shows; return their codes by a short name."""
    actor = actor_id(session, OPERATOR)
    fill_squares(session, actor)
    mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))
    made: dict[str, Station] = {}

    def put(key: str, lon: float | None, hours: Hours | None = None, lat: float = 36.6,
            quality: PositionQuality | None = PositionQuality.DOOR, **facts: Any) -> Station:  # fmt: skip
        given = {"kind": "union_station", "region_code": "630102", "names": {"zh": f"{key}驿站"}} | facts
        made[key] = registry.add(session, hours=hours, **given)
        if lon is not None:
            registry.locate(session, made[key], lon, lat, datum=Datum.WGS84, mainland=mask, quality=quality)
        return made[key]

    with acting(session, actor, reason="test"):
        source = Source(code="list", name="市总工会名单", licence="CC BY 4.0", retrieved_on=date(2025, 12, 1))
        session.add(source)
        session.flush()
        full = put(
            "full", 101.5,
            Hours("Mo-Fr 08:30-17:00", Calendar.OFFICIAL, words="工作日 8:30-17:00",
                  exceptions=(DatedException(date(2026, 1, 20), date(2026, 1, 21), None, "设备检修"),
                              DatedException(date(2026, 5, 1), date(2026, 5, 3), "09:00-12:00", "劳动节值班"))),
            names={"zh": "东大街驿站", "bo": TIBETAN, "mn-Mong": MONGOLIAN, "en": "East Street station"},
            address="东大街12号", directions="从左侧玻璃门进，二楼", premises="bank", access="scan", fee="free",
            accepted_cards=["工会会员卡"], phone="0971-6123456转801、12351", capacity=12, area_m2=30,
            partners=[("host", "某某银行"), ("operator", "某某银行"), ("co_builder", "城东区总工会")],
            amenities={
                "drinking_water": Fact(basis=Basis.OBSERVED, verified_at=date(2025, 11, 2)),
                "microwave": Fact(out_of_order=True), "seating": Fact(basis=Basis.INFERRED), "toilet": Fact(Value.NO),
            },
            verified_at=datetime(2025, 12, 16, 9, 0, tzinfo=SHANGHAI), verified_how="现场核实", source_id=source.id,
        )  # fmt: skip
        session.add(
            Honour(station_id=full.id, title="最美驿站", level="provincial", year=2024, standard="2023版")
        )
        for digest in (SHOWN_PHOTO, LOST_PHOTO):
            session.add(Photo(station_id=full.id, sha256=digest, shows="door", caption=None))
        put("bare", 101.503, quality=None)
        put("plain", 101.506, Hours("Mo-Fr 08:30-17:00"))
        put("night", 101.509, Hours("22:00-02:00"))
        put("always", 101.512, Hours("24/7"))
        put("closing", 101.515, Hours("08:00-12:20"))
        put("rough", 101.518, Hours("24/7"), quality=PositionQuality.APPROXIMATE)
        put("nowhere", None, Hours("24/7"), address="北大街1号", phone="12345678")
        put("held", None, Hours("24/7"), position_hold=[{"why": "another county"}], original_lon=103.0,
            original_lat=30.0, original_datum="gcj02")  # fmt: skip
        put("suspended", 101.521, Hours("24/7"), lifecycle="suspended", lifecycle_since=date(2026, 1, 2),
            lifecycle_reason="装修", expected_on=date(2026, 3, 1))  # fmt: skip
        put("overdue", 101.524, Hours("24/7"), lifecycle="suspended", lifecycle_since=date(2025, 1, 2),
            lifecycle_reason="装修", expected_on=date(2025, 3, 1))  # fmt: skip
        put("closed", 101.527, Hours("08:00-20:00"), lifecycle="closed", lifecycle_since=date(2025, 6, 1),
            lifecycle_reason="租约到期")  # fmt: skip
        put("planned", 101.530, lifecycle="planned", expected_on=date(2026, 9, 1))
        put("hostile", 101.533, Hours("24/7", words=HOSTILE), names={"zh": HOSTILE, "en": HOSTILE}, address=HOSTILE,
            directions=HOSTILE, phone=HOSTILE, accepted_cards=[HOSTILE], partners=[("host", HOSTILE)])  # fmt: skip
        put("pharmacy", 101.536, Hours("off"), kind="care_pharmacy")
        put("otherpharmacy", 101.540, Hours("24/7"), kind="care_pharmacy")
        put("county_centre", 101.55, Hours("24/7"), kind="rights_centre", names={"zh": "城东区职工维权服务中心"},
            phone="0971-7654321")  # fmt: skip
        put("prefecture_centre", 101.70, Hours("24/7"), kind="rights_centre", region_code="630103",
            names={"zh": "西宁市职工维权服务中心"}, phone="12351")  # fmt: skip
        put("gone", 101.56)
        put("twin", 101.57)
    with acting(session, actor, reason="withdrawn"):
        registry.withdraw(session, made["gone"], reason="误登")
        registry.withdraw(session, made["twin"], reason="同一处", same_as=made["full"])
    return {key: station.code for key, station in made.items()}


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], str]) -> Iterator[tuple[Engine, dict[str, str]]]:
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        codes = fill(session)
    yield engine, codes
    engine.dispose()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of photos that holds one of the two that are registered."""
    folder = tmp_path_factory.mktemp("photos")
    target = photos.path_of(folder, SHOWN_PHOTO)
    target.parent.mkdir()
    target.write_bytes(b"a picture")
    return folder


Visit = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def visit(filled: tuple[Engine, dict[str, str]], store: Path) -> Visit:
    """Ask for a station by its short name: ``visit("full", "/card.png", at=…, lang=…)``."""
    engine, codes = filled
    clients: dict[Any, FlaskClient] = {}

    def ask(key: str, below: str = "", *, at: datetime = NOON, headers: dict[str, str] | None = None,
            settings: dict[str, Any] | None = None, **query: str) -> TestResponse:  # fmt: skip
        chosen = (at, str(settings))
        if chosen not in clients:
            given = {
                "secret_key": "x" * 40,
                "database_url": "postgresql+psycopg://unused@/unused",
                "clock": at,
                "photos": store,
            }
            clients[chosen] = create_app(Settings(**given | (settings or {})), engine=engine).test_client()
        return clients[chosen].get(
            f"/s/{codes.get(key, key)}{below}",
            query_string=query,
            headers={"Accept-Language": "zh-CN"} | (headers or {}),
        )

    return ask


def html(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    return answer.text


def text(markup: str) -> str:
    """Return the words of markup, without scripts, in one line."""
    body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def section(markup: str, name: str) -> str:
    found = re.search(rf'<section [^>]*aria-labelledby="{name}".*?</section>', markup, re.DOTALL)
    assert found is not None, f"no section {name}"
    return found[0]


def has_section(markup: str, name: str) -> bool:
    return f'aria-labelledby="{name}"' in markup


def meta(markup: str, name: str) -> str | None:
    found = re.search(rf'<meta (?:property|name)="{name}" content="([^"]*)"', markup)
    return unescape(found[1]) if found else None


# Names, state, week


def test_names_stand_in_the_languages_given_each_marked_with_its_own(visit: Visit) -> None:
    page = html(visit("full"))
    assert '<h1 lang="zh-Hans">东大街驿站</h1>' in page
    assert f'<span lang="bo">{TIBETAN}</span>' in page
    assert f'<span lang="mn-Mong" class="vertical">{MONGOLIAN}</span>' in page
    assert '<span lang="en">East Street station</span>' in page
    assert "other-names" not in html(visit("bare"))


@pytest.mark.parametrize(
    ("key", "at", "said"),
    [
        ("full", NOON, "营业中 · 17:00 关门"),
        ("full", datetime(2026, 1, 15, 18, 0, tzinfo=SHANGHAI), "明天 08:30 开门"),
        ("full", datetime(2026, 2, 14, 12, 0, tzinfo=SHANGHAI), "营业中 · 17:00 关门"),  # a worked Saturday
        ("full", datetime(2026, 1, 20, 12, 0, tzinfo=SHANGHAI), "周四 08:30 开门"),  # under an exception
        ("closing", NOON, "营业中 · 20分钟后关门"),
        ("night", datetime(2026, 1, 16, 0, 30, tzinfo=SHANGHAI), "营业中 · 02:00 关门"),
        ("night", NOON, "22:00 开门"),
        ("always", NOON, "营业中"),
        ("bare", NOON, "时间未知"),
        ("suspended", NOON, "暂停服务"),
        ("closed", NOON, "已关闭"),
        ("planned", NOON, "规划或建设中"),
    ],
)
def test_the_state_now_is_said_in_words_with_a_look_of_its_own(
    visit: Visit, key: str, at: datetime, said: str
) -> None:
    found = re.search(r'<p class="now state state-(\w+)">([^<]*)</p>', html(visit(key, at=at)))
    assert found is not None
    assert unescape(found[2]) == said
    look = "open" if said.startswith("营业中") else found[1]
    assert found[1] == look


def week(page: str) -> list[str]:
    return [text(row) for row in re.findall(r"<tr .*?</tr>", section(page, "hours"), re.DOTALL)]


def test_the_week_begins_today_and_marks_it(visit: Visit) -> None:
    page = html(visit("full"))
    rows = week(page)
    assert rows[0] == "今天 1月15日 08:30–17:00"
    assert rows[1:4] == ["周五 1月16日 08:30–17:00", "周六 1月17日 休息", "周日 1月18日 休息"]
    assert rows[5] == "周二 1月20日 休息 设备检修"
    assert page.count('aria-current="date"') == 1


def test_holidays_and_days_worked_in_their_place_are_explained(visit: Visit) -> None:
    page = html(visit("full", at=FESTIVAL))
    assert week(page)[2] == "周六 2月14日 08:30–17:00 春节调休，按工作日开放"
    assert week(page)[3] == "周日 2月15日 休息 春节"
    ahead = [text(item) for item in re.findall(r"<li>.*?</li>", section(page, "hours"), re.DOTALL)]
    assert ahead[0] == "2月19日 – 2月23日 休息 春节"
    assert ahead[1] == "2月28日 08:30–17:00 春节调休，按工作日开放"
    assert ahead[-1] == "2026年5月1日 – 5月3日 09:00–12:00 劳动节值班"
    assert "按国家放假和调休安排计算工作日" in page


def test_a_posted_week_that_says_nothing_of_a_holiday_is_doubted_and_not_believed(visit: Visit) -> None:
    rows = week(html(visit("plain", at=FESTIVAL)))
    assert rows[2] == "周六 2月14日 休息 春节调休上班日，按平常的周六"
    assert rows[4] == "周一 2月16日 08:30–17:00 春节假期，没有另外说明"
    assert not any("没有另外说明" in row for row in week(html(visit("always", at=FESTIVAL))))


def test_a_year_whose_calendar_is_not_published_is_said_to_be_one(visit: Visit) -> None:
    page = html(visit("full", at=datetime(2031, 3, 3, 12, 0, tzinfo=SHANGHAI)))
    assert "2031年的放假安排还没有公布" in text(section(page, "hours"))
    assert "放假安排还没有公布" not in html(visit("full"))


def test_hours_that_nobody_gave_are_unknown_and_not_closed(visit: Visit) -> None:
    hours = section(html(visit("bare")), "hours")
    assert "没有公布开放时间" in hours
    assert "<table" not in hours
    assert "休息" not in hours


# What it has


def test_the_standings_of_amenities_are_told_apart(visit: Visit) -> None:
    part = section(html(visit("full")), "amenities")
    rows = {
        found[1]: text(found[0])
        for found in re.finditer(r'<li class="amenity is-(\w+)">.*?</li>', part, re.DOTALL)
    }
    assert rows["yes"] == "饮水 2025-11-02 核实 有"
    assert rows["broken"] == "热饭 故障"
    assert rows["inferred"] == "座椅 推断"
    rest = {
        found[1]: text(found[0])
        for found in re.finditer(r'<p class="amenity-rest is-(\w+)">.*?</p>', part, re.DOTALL)
    }
    assert rest["no"] == "这里没有 卫生间"
    assert rest["unknown"].startswith("未知 充电、暖气")
    icons = {
        kind: re.search(rf'is-{kind}">.*#(\w+)"', line)[1]
        for kind in rows
        for line in part.splitlines()
        if f"amenity is-{kind}" in line
    }  # type: ignore[index]
    assert len(set(icons.values())) == 3


def test_access_fee_cards_room_and_partners_are_told(visit: Visit) -> None:
    told = text(section(html(visit("full")), "use"))
    for part in ("需扫码", "免费", "工会会员卡", "12 人 · 30 平方米", "某某银行 场地提供、运营", "城东区总工会 共建",
                 "最美驿站 省级 · 2024 · 2023版"):  # fmt: skip
        assert part in told
    assert "进入方式未知" in text(section(html(visit("bare")), "use"))


def test_every_number_of_a_phone_cell_can_be_tapped(visit: Visit) -> None:
    go = section(html(visit("full")), "go")
    assert re.findall(r'href="(tel:[^"]*)"', go) == ["tel:0971-6123456".replace("-", ""), "tel:12351"]
    assert [(phone.text, phone.number) for phone in phones("办公室；0971 123 4567/+86-971-1")] == [
        ("办公室", ""), ("0971 123 4567", "09711234567"), ("+86-971-1", "+869711"),
    ]  # fmt: skip
    assert phones(None) == phones(" 、 ") == []


def test_photos_that_are_in_the_store_are_shown_with_words(visit: Visit) -> None:
    part = section(html(visit("full")), "photos")
    assert re.findall(r'<img src="([^"]*)" alt="([^"]*)"', part) == [(f"/photos/{SHOWN_PHOTO}.jpg", "门口")]
    assert not has_section(html(visit("bare")), "photos")


def test_the_rights_centres_of_county_and_prefecture_and_the_hotline_are_there(visit: Visit) -> None:
    told = section(html(visit("full")), "help")
    assert "tel:12351" in told
    assert "本区县 城东区职工维权服务中心 直线 4.5 公里" in text(told)
    assert "tel:09717654321" in told
    assert "本市州 西宁市职工维权服务中心 直线 18 公里" in text(told)
    own = text(section(html(visit("county_centre")), "help"))
    assert "本区县" not in own
    assert "本市州 西宁市职工维权服务中心" in own


def test_the_age_and_the_origin_of_the_data_are_told(visit: Visit) -> None:
    told = text(section(html(visit("full")), "standing"))
    for part in ("30天前核实（2025-12-16，现场核实）", "来源 市总工会名单", "许可 CC BY 4.0", "取得日期 2025-12-01",
                 "收到的坐标系 WGS 84"):  # fmt: skip
        assert part in told
    bare = section(html(visit("bare")), "standing")
    assert 'class="warned"' in bare
    assert "还没有人核实过" in bare
    old = section(html(visit("full", at=datetime(2027, 6, 1, 12, 0, tzinfo=SHANGHAI))), "standing")
    assert 'class="warned"' in old


# Getting there


def test_the_links_of_the_page_are_those_of_each_app(visit: Visit) -> None:
    mask = Mainland.from_geometry(box(73, 18, 135, 54))
    page = html(visit("full"))
    wanted = go_there(Spot(101.5, 36.6, "东大街驿站", "东大街12号"), mask)
    found = {
        app: unescape(url) for url, app in re.findall(r'<a class="app" href="([^"]*)" data-app="(\w+)"', page)
    }
    assert found == {link.app: link.url for link in wanted}
    riding = go_there(Spot(101.5, 36.6, "东大街驿站", "东大街12号", By.EBIKE), mask)
    assert unescape(html(visit("full", by="ebike"))).count(riding[0].url) == 1


def test_address_and_coordinates_can_be_picked_as_text_in_every_datum(visit: Visit) -> None:
    go = section(html(visit("full")), "go")
    picked = re.findall(r'<span class="pick"[^>]*>([^<]*)</span>', go)
    assert picked[:2] == ["东大街12号", "101.500000, 36.600000"]
    assert len(set(picked)) == 4
    assert "从左侧玻璃门进，二楼" in go


@pytest.mark.parametrize(("key", "why"), [("nowhere", "还没有坐标"), ("held", "坐标有疑问")])
def test_an_unlocated_station_says_so_and_has_no_links_and_no_map(visit: Visit, key: str, why: str) -> None:
    page = html(visit(key))
    assert "未定位" in section(page, "go")
    assert why in section(page, "go")
    assert "data-app=" not in page
    assert not has_section(page, "where")
    assert visit(key, "/map.png").status_code == 404
    assert "30.0" not in page  # the doubted numbers


def test_the_quality_of_a_position_is_said_in_words(visit: Visit) -> None:
    page = html(visit("rough"))
    assert "坐标只是大致位置" in page
    assert "圆圈只表示大致范围" in page
    assert '"reach":500.0' in page
    assert "坐标在门口。" in html(visit("full"))
    assert "圆圈" not in html(visit("full"))
    assert "没有说明坐标有多准" in html(visit("bare"))


# Not in service


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("suspended", "装修 自 2026-01-02 起 · 预计 2026-03-01 恢复"),
        ("overdue", "预计 2025-03-01 恢复（已过，尚未更新）"),
        ("closed", "租约到期 自 2025-06-01 起"),
        ("planned", "规划中 预计 2026-09-01 开放"),
    ],
)
def test_a_station_out_of_service_says_why_since_when_and_when_it_is_back(
    visit: Visit, key: str, said: str
) -> None:
    page = html(visit(key))
    assert said in text(section(page, "why"))
    assert "<table" not in section(page, "hours")
    assert 'data-act="confirm"' not in page
    assert not has_section(html(visit("always")), "why")


def test_where_this_door_is_shut_the_nearest_open_ones_are_offered(visit: Visit) -> None:
    instead = section(html(visit("closed")), "instead")
    names = [unescape(name) for name in re.findall(r'class="other-name">([^<]*)<', instead)]
    assert len(names) == 3
    assert "closed驿站" not in names
    assert names[0] == HOSTILE  # 0.54 km away and always open
    assert "suspended驿站" not in names
    assert not has_section(html(visit("always")), "instead")
    assert has_section(html(visit("bare")), "instead")


def test_a_service_that_is_shut_is_replaced_by_the_same_service(visit: Visit) -> None:
    instead = section(html(visit("pharmacy")), "instead")
    assert re.findall(r'class="other-name">([^<]*)<', instead) == ["otherpharmacy驿站"]


def test_no_way_is_offered_to_a_closed_door(visit: Visit) -> None:
    assert "data-app=" not in html(visit("closed"))
    assert 'class="apps is-quiet"' in html(visit("suspended"))


def test_a_withdrawn_station_says_so_and_names_the_one_that_stands_for_it(
    visit: Visit, filled: tuple[Engine, dict[str, str]]
) -> None:
    gone, twin = visit("gone"), visit("twin")
    assert gone.status_code == twin.status_code == 404
    assert "已从公开登记中撤下" in gone.text
    assert "误登" not in re.sub(r"它是误登的", "", gone.text)  # the reason is the registry's own
    assert f'href="/s/{filled[1]["full"]}"' in twin.text
    assert visit("gone", "/card.png").status_code == visit("gone", "/plate").status_code == 404


@pytest.mark.parametrize("code", ["NOPE", "63000019999", "%00", "..%2F..", "😀"])
def test_a_code_that_nobody_has_is_a_page_that_says_so(visit: Visit, code: str) -> None:
    answer = visit(code)
    assert answer.status_code == 404
    assert "这里没有您要找的内容" in answer.text


# Text from outside


@pytest.mark.parametrize("below", ["", "/plate"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_text_from_outside_stays_text(visit: Visit, below: str, lang: str) -> None:
    page = html(visit("hostile", below, lang=lang))
    assert "<script>alert" not in page
    assert "1337" not in page.replace("{{7*191}}", "")
    assert unescape(re.search(r"<h1[^>]*>(.*?)</h1>", page)[1]) == HOSTILE  # type: ignore[index]
    assert re.findall(r'\son\w+="|\sstyle="|javascript:', page) == []


def test_what_search_engines_get_is_json_with_what_is_known(visit: Visit) -> None:
    def told(key: str) -> dict[str, Any]:
        found = re.search(
            r'<script type="application/ld\+json" nonce="[^"]+">(.*?)</script>', html(visit(key)), re.DOTALL
        )
        assert found is not None
        known: dict[str, Any] = json.loads(found[1])
        return known

    full = told("full")
    assert full["name"] == "东大街驿站"
    assert full["geo"] == {"@type": "GeoCoordinates", "latitude": 36.6, "longitude": 101.5}
    assert {one["name"]: one["value"] for one in full["amenityFeature"]} == {
        "饮水": True,
        "热饭": False,
        "卫生间": False,
    }
    assert [one["validFrom"] for one in full["openingHoursSpecification"]] == [
        "2026-01-15", "2026-01-16", "2026-01-19",
    ]  # fmt: skip
    assert told("hostile")["name"] == HOSTILE
    assert "isAccessibleForFree" not in told("bare")
    assert "openingHoursSpecification" not in told("closed")


# Shared


def test_a_shared_link_has_title_words_and_a_picture_at_the_operator_s_address(
    visit: Visit, filled: tuple[Engine, dict[str, str]]
) -> None:
    code = filled[1]["full"]
    settings = {"public_url": "https://map.example.org"}
    page = html(visit("full", settings=settings, headers={"Host": "evil.example"}))
    assert "evil" not in page
    assert f'<link rel="canonical" href="https://map.example.org/s/{code}">' in page
    assert meta(page, "og:title") == "东大街驿站"
    assert (
        meta(page, "og:description")
        == "工会驿站 · 周一至周五 08:30–17:00；周六、周日 休息 · 饮水 · 东大街12号"
    )
    assert meta(page, "og:image") == f"https://map.example.org/s/{code}/card.png"
    english = meta(html(visit("full", lang="en", settings=settings)), "og:image")
    assert english == f"https://map.example.org/s/{code}/card.png?lang=en"
    assert meta(html(visit("always")), "og:description") == "工会驿站 · 24小时开放"
    assert meta(html(visit("closed")), "og:description") == "工会驿站 · 已关闭"
    assert meta(html(visit("bare")), "og:description") == "工会驿站 · 开放时间未知"


@pytest.mark.parametrize("host", ['evil"><script>', "a b", "x/y", "-", "a@b", "[::1"])
def test_a_host_that_is_no_host_does_not_reach_a_page(visit: Visit, host: str) -> None:
    answer = visit("full", headers={"Host": host})
    assert answer.status_code == 400
    assert "<script>" not in answer.text.replace("<script nonce", "")


def test_without_a_public_address_the_host_of_the_request_counts_where_it_is_a_local_one(
    visit: Visit,
) -> None:
    page = html(visit("full", headers={"Host": "Yizhan.Local:8443"}))
    assert '<link rel="canonical" href="http://yizhan.local:8443/s/' in page
    assert visit("full", headers={"Host": "evil.example"}).status_code == 400


def test_the_card_is_a_picture_of_the_size_that_messengers_want(visit: Visit) -> None:
    for key in ("full", "nowhere", "hostile", "closed"):
        answer = visit(key, "/card.png")
        assert answer.mimetype == "image/png"
        assert Image.open(io.BytesIO(answer.data)).size == (1200, 630)
        assert len(answer.data) < 120_000


def test_pictures_are_kept_by_their_content(visit: Visit) -> None:
    first = visit("full", "/card.png")
    tag = first.headers["ETag"]
    assert visit("full", "/card.png").data == first.data
    again = visit("full", "/card.png", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    others = [visit("always", "/card.png"), visit("full", "/card.png", lang="en"), visit("full", "/map.png"),
              visit("full", "/map.png", theme="dark"), visit("full", "/card.png", settings={"review_number": "青S(2026)1"})]  # fmt: skip
    assert len({tag, *(answer.headers["ETag"] for answer in others)}) == 6
    assert len({first.data, *(answer.data for answer in others)}) == 6


def test_a_card_does_not_say_what_holds_for_an_hour(visit: Visit) -> None:
    later = datetime(2026, 1, 15, 23, 0, tzinfo=SHANGHAI)
    assert (
        visit("closing", "/card.png").headers["ETag"]
        == visit("closing", "/card.png", at=later).headers["ETag"]
    )


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(fonts, "_FOLDERS", (tmp_path,))
    fonts._found.cache_clear()
    yield
    fonts._found.cache_clear()


@pytest.mark.usefixtures("no_fonts")
def test_a_machine_without_chinese_letters_has_pages_without_pictures(visit: Visit) -> None:
    page = html(visit("rough"))
    assert meta(page, "og:image") is None
    assert "<img" not in section(page, "where")
    assert "data-open-map" in page
    answer = visit("rough", "/map.png", settings={"map_credit": "no picture was kept of this"})
    assert answer.status_code == 503


# The plate


def test_the_plate_has_a_code_that_leads_to_the_station(
    visit: Visit, filled: tuple[Engine, dict[str, str]]
) -> None:
    code = filled[1]["full"]
    page = html(visit("full", "/plate", settings={"public_url": "https://map.example.org"}))
    wanted = segno.make(f"https://map.example.org/s/{code}?door", error="m", micro=False)
    drawn = io.BytesIO()
    wanted.save(
        drawn, kind="svg", border=2, xmldecl=False, omitsize=True, nl=False, dark="#000", light="#fff"
    )
    modules = re.search(rb'stroke="#000" d="([^"]*)"', drawn.getvalue())[1].decode()  # type: ignore[index]
    assert modules in page
    for part in ("东大街驿站", TIBETAN, MONGOLIAN, code_groups(code), "周一至周五 08:30–17:00；周六、周日 休息", "12351",
                 "扫码看是否开门、报告问题"):  # fmt: skip
        assert part in page, part


def test_a_code_is_read_in_groups_with_its_check_digit_apart() -> None:
    assert code_groups("63001597") == "63-00159-7"
    assert code_groups("6312345678") == "63-1234567-8"
    assert code_groups("X1") == "X1"


@pytest.mark.parametrize(
    ("asked", "given"),
    [("a6", "105mm 148mm"), ("a5", "148mm 210mm"), ("a0; } *{", "148mm 210mm"), ("", "148mm 210mm")],
)
def test_a_plate_is_printed_in_a_size_that_is_offered(visit: Visit, asked: str, given: str) -> None:
    page = html(visit("full", "/plate", size=asked))
    assert f"@page {{ size: {given}; margin: 0; }}" in page
    assert f'class="plate plate-{"a6" if asked == "a6" else "a5"}"' in page


@pytest.mark.parametrize("key", ["bare", "night", "always", "nowhere", "planned"])
def test_every_station_has_a_plate(visit: Visit, key: str) -> None:
    assert "plate-qr" in html(visit(key, "/plate"))


# Language, demonstration, policy


def test_the_english_page_is_english_but_for_what_was_given_in_chinese(visit: Visit) -> None:
    page = html(visit("always", lang="en"))
    said = text(page).replace("always驿站", "").replace("中文", "")
    said = re.sub(r"(城东区|西宁市)职工维权服务中心|青海省 西宁市 城东区", "", said)
    assert re.findall(r"[\u4e00-\u9fff，。；：（）“”]+", said) == []
    assert 'lang="en"' in page[:60]


def test_who_comes_with_a_wrong_code_is_led_to_the_finder_in_the_language_of_the_link(visit: Visit) -> None:
    for key in ("NOPE", "gone"):
        assert 'class="primary" href="/?lang=en"' in visit(key, lang="en").text


def test_what_was_given_in_chinese_is_marked_as_such_on_the_english_page(visit: Visit) -> None:
    english = html(visit("full", lang="en"))
    for words in (
        "从左侧玻璃门进，二楼",
        "东大街12号",
        "某某银行",
        "最美驿站",
        "市总工会名单",
        "城东区职工维权服务中心",
    ):
        assert re.search(rf'lang="zh-Hans">{words}<', english), words
    assert ' lang="zh-Hans">从左侧' not in html(visit("full"))


def test_an_address_that_nobody_wrote_is_the_region_and_can_be_copied(visit: Visit) -> None:
    page = html(visit("always"))
    assert 'data-copy="青海省 西宁市 城东区"' in page


def test_a_circle_is_spoken_of_where_one_is_drawn(visit: Visit) -> None:
    assert "of-circle" in html(visit("rough"))
    assert "of-circle" not in html(visit("always"))


def test_a_demonstration_says_so_and_stays_out_of_search_engines(
    visit: Visit, new_database: Callable[[], str]
) -> None:
    assert "演示数据" not in html(visit("full"))
    assert meta(html(visit("full")), "robots") is None
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        actor = actor_id(session, OPERATOR)
        fill_squares(session, actor)
        with acting(session, actor, reason="test"):
            session.get_one(RegistryInfo, 1).demonstration = True
            code = registry.add(session, names={"zh": "甲"}, kind="union_station", region_code="630102").code
    settings = Settings(secret_key="x" * 40, database_url="postgresql+psycopg://unused@/unused", clock=NOON)
    page = create_app(settings, engine=engine).test_client().get(f"/s/{code}?lang=zh").text
    engine.dispose()
    assert "演示数据" in page
    assert meta(page, "robots") == "noindex"
    assert "ld+json" not in page


@pytest.mark.parametrize("below", ["", "/plate"])
def test_a_page_asks_nobody_else_and_obeys_its_policy(visit: Visit, below: str) -> None:
    answer = visit("full", below)
    page = html(answer)
    policy = answer.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]  # type: ignore[index]
    for element in re.findall(r"<(?:script|style)(?![^>]*\ssrc=)[^>]*>", page):
        assert f'nonce="{nonce}"' in element
    assert [url for url in re.findall(r'(?:src|srcset)="([^"]*)"', page) if not url.startswith("/")] == []
    for sheet in re.findall(r'rel="stylesheet" href="([^"]*)"', page):
        assert sheet.startswith("/static/")


def test_the_page_is_light(visit: Visit) -> None:
    answer = visit("full", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert len(answer.data) < 12_000
