"""A station's page in a real Chromium: the way there in each app, copying, its map, its plate, and everyone's access."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from windows import DESK, PHONE, Reader, Window, serving, violations

from conftest import fill_squares
from geo.datum import Datum
from geo.mainland import Mainland
from stations.hours import Calendar, DatedException, Hours
from stations.models import Place, RegistryInfo, Station
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import Basis, PositionQuality, Value
from web import create_app
from web.settings import Settings

pytest_plugins = ["window_fixtures"]

#: The eve of the National Day of 2026, a Wednesday; 10 October is worked in its place.
NOON = datetime(2026, 9, 30, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
Fact = registry.AmenityFact
#: Amap, Tencent and Apple (GCJ-02), Baidu (BD-09) and geo: (WGS 84) of 101.5, 36.6, worked out with another program.
NUMBERS = {
    "amap": "101.501", "tencent": "101.501", "apple": "101.501", "baidu": "101.50", "geo": "36.600000,101.500000",
}  # fmt: skip
CODES: dict[str, str] = {}


def fill(session: Session) -> dict[str, str]:
    """Make one station of which everything is known, and some of which something is wrong."""
    actor = actor_id(session, OPERATOR)
    fill_squares(session, actor)
    mask = Mainland.from_wkb(bytes(session.get_one(RegistryInfo, 1).mainland or b""))
    made: dict[str, Station] = {}

    def put(key: str, lon: float | None, hours: Hours | None = None, **facts: Any) -> None:
        given = {"kind": "union_station", "region_code": "630102", "names": {"zh": f"{key}驿站"}} | facts
        made[key] = registry.add(session, hours=hours or Hours("24/7"), **given)
        if lon is not None:
            quality = PositionQuality.PLACE if key == "rough" else PositionQuality.DOOR
            registry.locate(session, made[key], lon, 36.6, datum=Datum.WGS84, mainland=mask, quality=quality)

    with acting(session, actor, reason="browser test"):
        put(
            "full", 101.5,
            Hours("Mo-Fr 08:30-17:00", Calendar.OFFICIAL, words="工作日 8:30-17:00",
                  exceptions=(DatedException(date(2026, 10, 13), date(2026, 10, 13), None, "设备检修"),)),
            names={"zh": "东大街&驿站", "bo": "ཟི་ལིང་།", "mn-Mong": "ᠰᠢᠨᠢᠩ ᠬᠣᠲᠠ"}, address="东大街12号", directions="二楼左侧玻璃门",
            access="scan", fee="free", phone="0971-6123456", capacity=12, partners=[("host", "某某银行")],
            amenities={"drinking_water": Fact(basis=Basis.OBSERVED), "microwave": Fact(out_of_order=True),
                       "seating": Fact(basis=Basis.INFERRED), "toilet": Fact(Value.NO)},
        )  # fmt: skip
        put("always", 101.505)
        put("rough", 101.51)
        put("unlocated", None, address="北大街1号")
        put(
            "closed",
            101.515,
            lifecycle="closed",
            lifecycle_since=date(2026, 6, 1),
            lifecycle_reason="租约到期",
        )
        put("gone", 101.52)
        put(
            "rights",
            101.55,
            kind="rights_centre",
            names={"zh": "城东区职工维权服务中心"},
            phone="0971-7654321",
        )
        session.add(
            Place(source="t", source_id="1", names={"zh": "川口"}, location="SRID=4326;POINT(101.52 36.61)",
                  population=9, region_code="630102", credit="GeoNames, CC BY 4.0")
        )  # fmt: skip
    with acting(session, actor, reason="withdrawn"):
        registry.withdraw(session, made["gone"], reason="误登", same_as=made["full"])
    return {key: station.code for key, station in made.items()}


@pytest.fixture(scope="module")
def site(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application on a filled registry, its clock stopped on the eve of a holiday."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        CODES.update(fill(session))
    store = tmp_path_factory.mktemp("photos")
    settings = Settings(secret_key="x" * 40, database_url=url, clock=NOON, photos=store)
    with serving(create_app(settings, engine=engine)) as address:
        yield address
    engine.dispose()


def visit(reader: Reader, key: str, below: str = "") -> Page:
    reader.page.goto(f"{reader.site}/s/{CODES[key]}{below}")
    return reader.page


def first_app(page: Page) -> str | None:
    return page.locator("[data-app]").first.get_attribute("data-app")


# The way there


def test_each_app_gets_the_numbers_of_its_own_datum_and_the_whole_name(window: Window) -> None:
    page = visit(window(PHONE), "full")
    links = {
        link.get_attribute("data-app"): link.get_attribute("href") or ""
        for link in page.locator("[data-app]").all()
    }
    assert set(links) == set(NUMBERS)
    for app, part in NUMBERS.items():
        assert part in links[app], app
        if app != "baidu":
            assert "东大街&驿站" in unquote(links[app])
    assert links["baidu"].count("101.50") == 1
    assert "101.501" not in links["baidu"]
    assert links["tencent"].split("tocoord=")[1].startswith("36.")
    for link in page.locator("[data-app]").all():
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_the_app_that_was_chosen_stands_first_the_next_time(window: Window) -> None:
    page = visit(window(PHONE), "full")
    assert first_app(page) == "amap"
    page.evaluate("document.addEventListener('click', event => event.preventDefault())")
    page.locator("[data-app=baidu]").click()
    visit(reader_of(page), "always")
    assert first_app(page) == "baidu"
    expect(page.locator("[data-app]")).to_have_count(5)


def reader_of(page: Page) -> Any:
    class Here:
        site = page.url.split("/s/")[0]

    Here.page = page  # type: ignore[attr-defined]
    return Here


def test_a_browser_without_storage_still_leads_there(window: Window) -> None:
    reader = window(PHONE)
    reader.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } })"
    )
    page = visit(reader, "full")
    page.evaluate("document.addEventListener('click', event => event.preventDefault())")
    page.locator("[data-app=tencent]").click()
    expect(page.locator("[data-copy]").first).to_be_visible()


def test_address_and_coordinates_are_copied(window: Window) -> None:
    reader = window(PHONE, permissions=["clipboard-read", "clipboard-write"])
    page = visit(reader, "full")
    for name, copied in (("复制地址", "东大街12号"), ("复制经纬度", "101.500000, 36.600000")):
        page.get_by_role("button", name=name).click()
        expect(page.locator(".copied")).to_have_text("已复制")
        assert page.evaluate("navigator.clipboard.readText()") == copied


def test_where_nothing_can_be_copied_the_words_are_selected(window: Window) -> None:
    reader = window(PHONE)
    reader.page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined }); document.execCommand = () => false;"
    )
    page = visit(reader, "full")
    page.get_by_role("button", name="复制地址").click()
    expect(page.locator(".copied")).to_contain_text("长按复制")
    assert page.evaluate("String(getSelection())") == "东大街12号"


def test_an_unlocated_station_offers_its_address_and_no_way(window: Window) -> None:
    page = visit(window(PHONE), "unlocated")
    expect(page.get_by_text("未定位", exact=True)).to_be_visible()
    expect(page.locator("[data-app], [data-open-map]")).to_have_count(0)
    expect(page.get_by_role("button", name="复制地址")).to_be_visible()


# The map


def test_the_map_comes_when_it_is_asked_for_and_not_before(window: Window) -> None:
    reader = window(PHONE)
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    page = visit(reader, "rough")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "leaflet" in url or "regions.json" in url]
    page.get_by_role("button", name="打开可移动的地图").click()
    page.wait_for_selector(".spot.is-open .leaflet-marker-icon.pin")
    expect(page.locator(".review-mark")).to_contain_text("演示底图，未送审")
    expect(page.locator(".yz-map")).to_have_attribute("aria-label", "rough驿站的位置")
    expect(page.locator(".yz-map")).to_be_focused()
    expect(page.locator(".spot picture")).to_be_hidden()
    assert page.locator(".yz-map path.leaflet-interactive, .yz-map svg path").count() == 1  # the circle
    assert len([url for url in asked if "core.js" in url]) == 1


def test_a_map_that_does_not_load_says_so_and_can_be_asked_again(window: Window) -> None:
    reader = window(PHONE)
    page = visit(reader, "full")
    page.route("**/js/spot.js*", lambda route: route.abort())
    page.locator("[data-open-map]").click()
    expect(page.locator("[data-open-map]")).to_have_text("地图没有载入，站点位置仍然正确。")
    page.unroute("**/js/spot.js*")
    page.locator("[data-open-map]").click()
    page.wait_for_selector(".spot.is-open .leaflet-marker-icon.pin")
    reader.complaints.clear()  # the browser's own, of the request that was cut


def test_the_picture_of_the_map_is_there_before_and_fits_the_theme(window: Window) -> None:
    for scheme, part in (("light", "map.png"), ("dark", "theme=dark")):
        page = visit(window(PHONE, color_scheme=scheme), "full")
        picture = page.locator(".spot img")
        picture.scroll_into_view_if_needed()
        page.wait_for_function(
            "element => element.complete && element.naturalWidth > 0", arg=picture.element_handle()
        )
        assert part in picture.evaluate("element => element.currentSrc")


# Saying


def test_a_tap_says_that_all_is_right_and_the_page_shows_it(window: Window) -> None:
    page = visit(window(PHONE), "always")
    expect(page.locator(".say")).to_contain_text("近日没有人反映")
    page.get_by_role("button", name="信息无误，还开着").click()
    expect(page.locator(".said-line")).to_have_text("谢谢，收到了。", timeout=20_000)
    page.reload()
    expect(page.locator(".say")).to_contain_text("近日 1 人说还开着")


def test_what_is_wrong_is_a_choice_and_esc_or_cancel_leaves_it(window: Window) -> None:
    page = visit(window(PHONE), "full")
    page.get_by_role("button", name="有问题").click()
    expect(page.locator("form.problem input").first).to_be_focused()
    page.get_by_role("button", name="取消").click()
    expect(page.locator("form.problem")).to_have_count(0)
    expect(page.get_by_role("button", name="有问题")).to_be_focused()


# Everyone


def test_names_stand_upright_where_their_script_does(window: Window) -> None:
    page = visit(window(PHONE), "full")
    mongolian = page.locator('[lang="mn-Mong"]')
    assert mongolian.evaluate("element => getComputedStyle(element).writingMode") == "vertical-lr"
    box = mongolian.bounding_box()
    assert box is not None
    assert box["height"] > box["width"]
    assert "Tibetan" in page.locator('[lang="bo"]').evaluate(
        "element => getComputedStyle(element).fontFamily"
    )


def test_without_javascript_the_page_is_whole(window: Window) -> None:
    page = visit(window(PHONE, java_script_enabled=False), "full")
    for words in ("营业中 · 17:00 关门", "二楼左侧玻璃门", "设备检修", "国庆节", "饮水", "12351"):
        expect(page.get_by_text(words).first).to_be_visible()
    expect(page.locator("[data-app]")).to_have_count(5)
    expect(page.locator("button:visible")).to_have_count(0)
    expect(page.locator(".spot img")).to_be_visible()


@pytest.mark.parametrize(("key", "lang"), [("full", "zh"), ("full", "en"), ("closed", "zh")])
def test_nothing_is_cut_off_at_any_width_or_size_of_text(window: Window, key: str, lang: str) -> None:
    page = visit(window(PHONE), key, f"?lang={lang}")
    for width in (320, 390, 700, 960, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for size in ("100%", "200%"):
            page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, size)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("key", "below"),
    [("full", ""), ("full", "?lang=en"), ("closed", ""), ("unlocated", ""), ("full", "/plate"), ("gone", "")],
)
def test_axe_finds_nothing(window: Window, key: str, below: str, scheme: str) -> None:
    reader = window(PHONE, color_scheme=scheme)
    page = visit(reader, key, below)
    assert violations(page) == []
    if key == "gone":
        reader.complaints.clear()  # the browser's own, of a page that is 404


def test_axe_finds_nothing_with_all_of_it_open(window: Window) -> None:
    page = visit(window(DESK), "full")
    page.get_by_role("button", name="有问题").click()
    page.locator(".numbers summary").click()
    page.locator("[data-open-map]").click()
    page.wait_for_selector(".spot.is-open .leaflet-marker-icon.pin")
    assert violations(page) == []


def test_a_keyboard_reaches_everything_in_the_order_in_which_it_stands(window: Window) -> None:
    page = visit(window(PHONE), "full")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    reached = [""]
    while reached[-1] != "打印门牌" and len(reached) < 60:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("(document.activeElement.textContent || '').trim()"))
    wanted = ["0971-6123456", "高德地图", "百度地图", "复制地址", "经纬度", "信息无误，还开着", "有问题", "12351",
              "城东区职工维权服务中心", "打开可移动的地图", "打印门牌"]  # fmt: skip
    assert [name for name in reached if name in wanted] == wanted


def test_the_first_view_on_a_cold_phone_is_light(window: Window) -> None:
    reader = window(PHONE)
    page = reader.page
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    received: list[int] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    visit(reader, "full")
    page.wait_for_load_state("networkidle")
    assert 0 < sum(received) < 80_000


# The plate


@pytest.mark.parametrize(("size", "points"), [("a5", (420, 595)), ("a6", (298, 420))])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_plate_is_one_sheet_of_its_size(
    window: Window, size: str, points: tuple[int, int], lang: str
) -> None:
    page = visit(window(DESK, color_scheme="dark"), "full", f"/plate?size={size}&lang={lang}")
    document = page.pdf(prefer_css_page_size=True)
    sheets = [tuple(map(float, box)) for box in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", document)]
    assert len(sheets) == 1
    assert sheets[0] == pytest.approx(points, abs=1.5)
    clipped = page.evaluate(
        "() => { const plate = document.querySelector('.plate'); return plate.scrollHeight - plate.clientHeight; }"
    )
    assert clipped <= 1
    assert (
        page.locator(".plate").evaluate("element => getComputedStyle(element).backgroundColor")
        == "rgb(255, 255, 255)"
    )
