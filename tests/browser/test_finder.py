"""The finder in a real Chromium: a place, a list, and what a rider with one thumb, a keyboard or no JavaScript gets."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from finder_street import HERE, HOSTILE, NOON, fill, names, row
from PIL import Image
from playwright.sync_api import Page, Route, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from windows import PHONE, READY, Window, serving, violations

from web import create_app
from web.settings import Settings

pytest_plugins = ["window_fixtures"]


@pytest.fixture(scope="module")
def database(new_database: Callable[[], str]) -> str:
    """A registry of its own, filled."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        fill(session)
    engine.dispose()
    return url


@pytest.fixture(scope="module")
def site(database: str) -> Iterator[str]:
    """The application, its clock stopped at noon on a Thursday in January."""
    engine = create_engine(database)
    app = create_app(Settings(secret_key="x" * 40, database_url=database, clock=NOON), engine=engine)
    with serving(app) as address:
        yield address
    engine.dispose()


def settle(page: Page) -> None:
    page.wait_for_selector(READY, state="attached")


# Where from ----------------------------------------------------------------------------------------------------------


def test_one_tap_on_my_position_lists_what_is_near_and_writes_it_to_four_decimals(window: Window) -> None:
    reader = window(
        PHONE, permissions=["geolocation"], geolocation={"latitude": 36.6000449, "longitude": 101.5000449}
    )
    page = reader.open("/")
    page.get_by_role("button", name="用我的位置").click()
    expect(page.locator("#heading")).to_contain_text("附近最合适的")
    assert reader.query()["near"] == ["101.5000,36.6000"]
    assert "place" not in reader.query()  # who gets this link is somewhere else
    expect(page.locator("#status")).to_be_empty()
    assert names(page)[0] == "白天驿站"


def test_who_stops_the_positioning_is_told_the_other_ways_and_a_late_answer_is_not_used(
    window: Window,
) -> None:
    reader = window(PHONE, permissions=["geolocation"])
    page = reader.open("/")
    page.evaluate(
        """() => { navigator.geolocation.getCurrentPosition = found => {
            window.late = () => found({ coords: { latitude: 36.6, longitude: 101.5, accuracy: 10 } });
        }; }"""
    )
    page.get_by_role("button", name="用我的位置").click()
    page.get_by_role("button", name="不定位了").click()
    expect(page.locator("#status")).to_contain_text("好的，不定位")
    page.evaluate("window.late()")
    assert "near" not in reader.query()
    page.locator("#status").get_by_role("button", name="输入地方").click()
    expect(page.get_by_role("combobox")).to_be_focused()


def test_a_position_that_is_allowed_but_not_to_be_had_says_so(window: Window) -> None:
    page = window(PHONE, permissions=["geolocation"]).open("/")
    page.evaluate(
        "() => { navigator.geolocation.getCurrentPosition = (found, failed) => failed({ code: 2 }); }"
    )
    page.get_by_role("button", name="用我的位置").click()
    expect(page.locator("#status")).to_contain_text("已允许定位，但手机现在测不出位置")
    expect(page.locator("#status").get_by_role("button", name="在地图上点")).to_be_visible()


def test_a_position_that_the_browser_denies_says_so(window: Window) -> None:
    page = window(PHONE, permissions=[]).open("/")
    page.get_by_role("button", name="用我的位置").click()
    expect(page.locator("#status")).to_contain_text("浏览器没有允许定位")
    expect(page.locator("#locate-cancel")).to_be_hidden()


def test_a_second_tap_while_positioning_asks_the_device_once(window: Window) -> None:
    page = window(PHONE, permissions=["geolocation"]).open("/")
    page.evaluate(
        "() => { window.asked = 0; navigator.geolocation.getCurrentPosition = () => { window.asked += 1; }; }"
    )
    for _ in range(3):
        page.get_by_role("button", name="用我的位置").click()
    assert page.evaluate("window.asked") == 1


def test_a_name_is_suggested_and_taken_by_keyboard(window: Window) -> None:
    reader = window()
    page = reader.open("/")
    box = page.get_by_role("combobox")
    box.fill("chuankou")
    expect(page.locator("#suggestions li").first).to_contain_text("川口镇")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(page.locator("#suggestions li").first).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(page.locator("#heading")).to_contain_text("川口镇附近")
    assert reader.query()["near"] == ["101.5200,36.6000"]


def test_escape_closes_the_suggestions_and_keeps_what_was_typed(window: Window) -> None:
    page = window().open("/")
    box = page.get_by_role("combobox")
    box.fill("川口")
    expect(page.locator("#suggestions")).to_be_visible()
    box.press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()
    expect(box).to_have_value("川口")


def test_a_name_that_nothing_has_is_told_and_leaves_the_other_ways(window: Window) -> None:
    page = window().open("/")
    page.get_by_role("combobox").fill("没有这个地方")
    page.get_by_role("combobox").press("Enter")
    expect(page.locator("#status")).to_contain_text("没有找到“没有这个地方”")


def test_the_middle_of_the_map_is_a_place_to_look_from(window: Window) -> None:
    reader = window()
    page = reader.open(HERE)
    page.wait_for_selector(".find-map .leaflet-marker-icon")
    page.locator(".yz-map").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="从地图中心找").click()
    page.wait_for_function("() => !location.search.includes('101.5000,36.6000')")
    settle(page)
    assert reader.query()["near"] != ["101.5000,36.6000"]


def test_a_point_tapped_on_the_full_screen_map_is_a_place_to_look_from(window: Window) -> None:
    reader = window(PHONE)
    page = reader.open(HERE)
    page.get_by_role("button", name="地图", exact=True).click()
    page.wait_for_selector(".find-map .leaflet-marker-icon")
    page.mouse.click(60, 500)
    page.get_by_role("button", name="从这里找").click()
    page.wait_for_function("() => !location.search.includes('101.5000,36.6000')")
    expect(page.locator(".find-map")).to_be_hidden()


def test_a_saved_place_is_one_tap_away_after_a_reload_and_can_be_removed(window: Window) -> None:
    reader = window(PHONE)
    page = reader.open(HERE)
    page.get_by_role("button", name="存下这个地方").click()
    page.get_by_role("button", name="家", exact=True).click()
    page.goto(reader.site + "/")
    settle(page)
    page.get_by_role("button", name="家", exact=True).click()
    expect(page.locator("#heading")).to_contain_text("家附近")
    assert reader.query()["near"] == ["101.5000,36.6000"]
    page.get_by_role("button", name="移除“家”").click()
    expect(page.locator(".saved")).to_have_count(0)


# The list -------------------------------------------------------------------------------------------------------------


def test_what_closes_before_one_arrives_stands_behind_what_is_open_then(window: Window) -> None:
    page = window(PHONE).open(HERE)
    assert names(page)[0] == "白天驿站"
    closing = row(page, "快关门驿站")
    expect(closing.locator(".find-state")).to_have_text("营业中 · 3分钟后关门")
    expect(closing.locator(".find-warning")).to_have_text("到达前关门")
    by_bike = window(PHONE).open(f"{HERE}&by=ebike")
    expect(row(by_bike, "快关门驿站").locator(".find-warning")).to_have_text("到达后只开 1 分钟")
    assert names(by_bike).index("快关门驿站") < names(page).index("快关门驿站")


def test_a_row_tells_minutes_metres_state_access_and_age(window: Window) -> None:
    told = row(window(PHONE).open(HERE), "白天驿站")
    expect(told.locator(".far")).to_have_text("10 分钟600 米")
    expect(told.locator(".find-state")).to_have_text("营业中 · 23:00 关门")
    expect(told.locator(".find-facts")).to_have_text("直接进入 · 未核实")
    expect(told.locator("[lang=bo]")).to_have_text("ཟི་ལིང་།")


def test_out_of_order_inferred_and_unknown_are_told_apart(window: Window) -> None:
    told = row(window(PHONE).open(f"{HERE}&amenities=heating"), "白天驿站")
    standings = {
        item.inner_text(): (item.get_attribute("class") or "").split("is-")[-1]
        for item in told.locator(".has").all()
    }
    assert standings == {
        "饮水": "yes",
        "座椅 推断": "inferred",
        "热饭 故障": "broken",
        "暖气 未知": "unknown",
    }
    expect(told.locator(".has-rest")).to_have_text("另 5 项未知")


@pytest.mark.parametrize(
    ("at", "name", "state"),
    [
        ("2026-01-15T23:59", "夜班驿站", "营业中 · 明天 02:00 关门"),
        ("2026-01-16T00:01", "夜班驿站", "营业中 · 02:00 关门"),
        ("2026-01-16T02:00", "夜班驿站", "22:00 开门"),
        ("2026-01-15T12:30", "分段驿站", "14:00 开门"),
        ("2026-01-15T11:30", "分段驿站", "营业中 · 30分钟后关门"),
        ("2026-10-05T10:00", "工作日驿站", "周四 08:30 开门"),
        ("2026-10-10T10:00", "工作日驿站", "营业中 · 17:00 关门"),
    ],
    ids=[
        "before midnight",
        "after midnight",
        "at closing",
        "between spans",
        "first span",
        "holiday",
        "make-up day",
    ],
)
def test_hours_that_break_other_finders(window: Window, at: str, name: str, state: str) -> None:
    page = window(PHONE).open(f"{HERE}&at={at}")
    expect(row(page, name).locator(".find-state")).to_have_text(state)


def test_with_nothing_open_at_three_what_opens_soonest_comes_first_then_who_can_be_called(
    window: Window,
) -> None:
    page = window(PHONE).open(f"{HERE}&at=2026-01-16T03:00")
    expect(page.locator("#notice")).to_contain_text("附近现在没有开着的")
    assert names(page) == [
        "白天驿站", "快关门驿站", "分段驿站", HOSTILE, "工作日驿站", "夜班驿站", "电话驿站", "无电话驿站",
    ]  # fmt: skip
    assert all(re.fullmatch(r"\d+ 分钟", text) for text in page.locator(".far b").all_inner_texts())


def test_farther_than_an_hour_nothing_is_called_near_but_the_nearest_are_shown(window: Window) -> None:
    page = window(PHONE).open("/?near=101.9000,36.6000")
    expect(page.locator("#notice")).to_contain_text("附近没有")
    assert len(names(page)) == 8


def test_a_station_named_as_markup_shows_as_text(window: Window) -> None:
    page = window(PHONE).open(HERE)
    told = row(page, HOSTILE)
    told.locator(".find-more").click()
    assert HOSTILE in told.locator(".find-extra").inner_text()
    assert page.locator("li.find img").count() == 0


@pytest.mark.parametrize(
    "address",
    [f"{HERE}&amenities=heating", f"{HERE}&lang=en", "/?near=101.9000,36.6000", "/?near=116.3900,39.9000"],
)
def test_the_server_and_the_browser_write_the_same_rows(window: Window, address: str) -> None:
    page = window(PHONE).open(address)

    def told() -> list[list[tuple[str, str | None]]]:
        return [
            [
                (part.text_content() or "", part.get_attribute("lang"))
                for part in found.locator(".find-main > *:not(.pin), .far *, .has, .has-rest").all()
            ]
            for found in page.locator("li.find").all()
        ]

    def above() -> tuple[str | None, list[str]]:
        return page.locator("#heading").text_content(), page.locator("#notice").inner_text().split()

    rows, head = told(), above()
    page.evaluate("document.querySelector('#rows').firstElementChild.id = 'by-the-server'")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#by-the-server")).to_have_count(0)
    assert above() == head
    for drawn, written in zip(told(), rows, strict=True):
        assert drawn == written
    assert len(rows) == 8


def test_who_leaves_for_the_camera_finds_the_report_as_it_was_left(window: Window) -> None:
    page = window(PHONE).open(HERE)
    day = row(page, "白天驿站")
    day.locator(".find-more").click()
    day.locator("[data-act=problem]").click()
    day.get_by_label("现在关着门").check()
    day.locator("textarea").fill("卷帘门锁着")
    for event in ("visibilitychange", "online"):
        page.evaluate(
            "event => (event === 'online' ? window : document).dispatchEvent(new Event(event))", event
        )
    page.wait_for_timeout(500)
    assert day.locator("textarea").input_value() == "卷帘门锁着"
    expect(day.get_by_label("现在关着门")).to_be_checked()
    page.locator(".chip", has_text="不用扫码").locator("input").check()
    expect(row(page, "分段驿站")).to_have_count(0)


def test_a_photo_of_megabytes_goes_out_small_upright_and_without_what_the_camera_wrote(
    window: Window,
) -> None:
    noise = Image.effect_noise((2400, 1600), 90).convert("RGB")
    exif = noise.getexif()
    exif[0x0112], exif[0x010F] = 6, "a camera"  # to be turned by a quarter; its maker
    taken = io.BytesIO()
    noise.save(taken, "JPEG", quality=95, exif=exif)
    sent: list[bytes] = []

    def take(route: Route) -> None:
        body = route.request.post_data_buffer or b""
        sent.append(body)
        known = re.search(rb'"id":"([0-9a-f-]{36})"', body)
        assert known is not None
        route.fulfill(status=201, json={"id": known[1].decode()})

    page = window(PHONE).open(HERE)
    page.route("**/reports", take)
    day = row(page, "白天驿站")
    day.locator(".find-more").click()
    day.locator("[data-act=problem]").click()
    day.get_by_label("现在关着门").check()
    photo = {"name": "door.jpg", "mimeType": "image/jpeg", "buffer": taken.getvalue()}
    day.locator("input[type=file]").set_input_files(photo)
    day.get_by_role("button", name="提交").click()
    expect(day.locator(".said-line")).to_have_text("谢谢，收到了。", timeout=15_000)
    start = sent[0].index(b"\xff\xd8\xff")
    with Image.open(io.BytesIO(sent[0][start:])) as picture:
        assert picture.size == (1067, 1600)
        assert dict(picture.getexif()) == {}
    assert len(sent[0]) < len(taken.getvalue()) / 2


def test_a_row_that_is_unfolded_stays_so_when_the_list_is_read_anew(window: Window) -> None:
    page = window(PHONE).open(HERE)
    day = row(page, "白天驿站")
    day.locator(".find-more").click()
    page.evaluate("document.querySelector('#rows').firstElementChild.id = 'before'")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#before")).to_have_count(0)
    expect(day.locator(".find-extra")).to_be_visible()
    page.locator(".chip", has_text="不用扫码").locator("input").check()
    expect(row(page, "分段驿站")).to_have_count(0)
    expect(page.locator(".find-extra:visible")).to_have_count(0)


# Filters and the address ----------------------------------------------------------------------------------------------


def test_filters_survive_reload_and_back(window: Window) -> None:
    reader = window(PHONE)
    page = reader.open(HERE)
    page.locator(".chip", has_text="营业中").locator("input").check()
    settle(page)
    page.locator(".chip", has_text="不用扫码").locator("input").check()
    expect(row(page, "分段驿站")).to_have_count(0)
    assert reader.query() == {"near": ["101.5000,36.6000"], "open": ["now"], "access": ["no_scan"]}
    page.reload()
    settle(page)
    assert page.locator(".chip", has_text="不用扫码").locator("input").is_checked()
    expect(row(page, "分段驿站")).to_have_count(0)
    page.go_back()
    expect(page.locator(".chip", has_text="不用扫码").locator("input")).not_to_be_checked()
    assert reader.query() == {"near": ["101.5000,36.6000"], "open": ["now"]}


def test_what_unknown_means_is_a_switch(window: Window) -> None:
    page = window(PHONE).open(f"{HERE}&amenities=drinking_water")
    assert len(names(page)) == 8
    page.get_by_role("switch", name="只看信息确定的").check()
    expect(page.locator("li.find")).to_have_count(1)


def test_travel_and_stay_stand_in_the_address_and_change_the_minutes(window: Window) -> None:
    reader = window(PHONE)
    page = reader.open(HERE)
    page.locator(".more summary").click()
    page.locator(".chip", has_text="电动车").locator("input").check()
    expect(row(page, "白天驿站").locator(".far b")).to_have_text("4 分钟")
    page.locator("select[name=stay]").select_option("60")
    settle(page)
    assert reader.query() == {"near": ["101.5000,36.6000"], "by": ["ebike"], "stay": ["60"]}
    expect(page.locator("#basis")).to_contain_text("骑电动车的直线估算")


def test_a_list_is_shared_as_a_link_and_a_code_that_keep_the_question(window: Window) -> None:
    reader = window(PHONE)
    page = reader.open(f"{HERE}&amenities=drinking_water")
    page.get_by_role("button", name="分享").click()
    link = page.get_by_label("这份列表的链接").input_value()
    assert (
        link.endswith("/?near=101.5000,36.6000&amenities=drinking_water")
        or "amenities=drinking_water" in link
    )
    page.wait_for_function("() => document.querySelector('img.code').naturalWidth > 100")
    other = window(PHONE)
    other.page.goto(link)
    settle(other.page)
    assert names(other.page) == names(page)


def test_a_bad_value_is_told_and_the_rest_still_answers(window: Window) -> None:
    page = window(PHONE).open(f"{HERE}&amenities=unicorn")
    expect(page.locator("#notice")).to_contain_text("“unicorn”看不懂")
    assert len(names(page)) == 8


# Favourites, keyboard, everyone ---------------------------------------------------------------------------------------


def test_a_favourite_is_kept_listed_by_distance_and_exported(window: Window) -> None:
    reader = window(PHONE)
    page = reader.open(HERE)
    for name in ("工作日驿站", "夜班驿站"):
        row(page, name).locator(".find-more").click()
        row(page, name).get_by_role("button", name="收藏").click()
        expect(page.locator("#status")).to_contain_text(f"已收藏“{name}”")
    page.locator("#show-stars").click()
    expect(page.locator("#heading")).to_have_text("收藏的 2 个站点")
    assert names(page) == ["夜班驿站", "工作日驿站"]
    with page.expect_download() as waited:
        page.get_by_role("button", name="导出 GeoJSON").click()
    text = waited.value.path().read_text(encoding="utf-8")
    assert '"FeatureCollection"' in text
    assert "夜班驿站" in text
    page.locator("#show-stars").click()
    expect(page.locator("li.find")).to_have_count(8)


def test_the_keyboard_alone_finds_a_station_and_opens_it(window: Window) -> None:
    reader = window()
    page = reader.open("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "where-text":
            break
    page.keyboard.type("川口镇")
    page.keyboard.press("Enter")
    expect(page.locator("#heading")).to_contain_text("川口镇附近")
    expect(page.locator("#list")).to_be_focused()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('find-more')"):
            break
    page.keyboard.press("Enter")
    extra = page.locator(".find-extra:not([hidden])")
    expect(extra).to_have_count(1)
    page.keyboard.press("Escape")
    expect(extra).to_have_count(0)
    assert page.evaluate("document.activeElement.classList.contains('find-more')")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/s/*")


def test_escape_closes_the_full_screen_map_and_gives_the_focus_back(window: Window) -> None:
    page = window(PHONE).open(HERE)
    page.get_by_role("button", name="地图", exact=True).click()
    expect(page.get_by_role("button", name="回到列表")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".find-map")).to_be_hidden()
    expect(page.locator("#show-map")).to_be_focused()


def test_a_marker_leads_to_its_row(window: Window) -> None:
    page = window().open(HERE)
    marker = page.locator(".pin[aria-label^='夜班驿站，']")
    marker.wait_for()
    marker.focus()
    page.keyboard.press("Enter")
    expect(row(page, "夜班驿站").locator(".find-extra")).to_be_visible()
    expect(row(page, "夜班驿站").locator(".find-main")).to_be_focused()


def test_without_javascript_a_typed_place_lists_the_nearest(window: Window) -> None:
    reader = window(PHONE, java_script_enabled=False)
    page = reader.page
    page.goto(f"{reader.site}/")
    page.get_by_role("combobox").fill("川口镇")
    page.get_by_role("button", name="查找").click()
    assert "川口镇附近" in page.locator("#heading").inner_text()
    assert len(names(page)) == 8
    page.locator(".chip", has_text="营业中").locator("input").check()
    page.locator(".more summary").click()
    page.get_by_role("button", name="查看结果").click()
    assert reader.query()["near"] == ["101.5200,36.6000"]
    assert reader.query()["open"] == ["now"]
    assert page.locator(".find-name").count() == 5


def test_large_text_and_a_narrow_screen_lose_nothing_sideways(window: Window) -> None:
    page = window({"width": 320, "height": 640}).open(HERE)
    page.evaluate("document.documentElement.style.fontSize = '160%'")
    row(page, "白天驿站").locator(".find-more").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_letters_of_twice_the_size_leave_words_whole_and_the_skip_link_hidden(
    window: Window, lang: str
) -> None:
    page = window(PHONE).open(f"{HERE}&lang={lang}")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for button in page.locator(".thumb button:visible span").all():
        assert button.evaluate("span => span.getClientRects().length") == 1
        assert button.evaluate("span => span.offsetHeight < 2 * parseFloat(getComputedStyle(span).fontSize)")
    assert page.locator(".skip").evaluate("link => link.getBoundingClientRect().bottom") <= 0


def test_in_the_colours_of_the_system_what_is_chosen_can_be_told(window: Window) -> None:
    page = window(PHONE, forced_colors="active").open(f"{HERE}&open=now&unknown=exclude")

    def fill(selector: str) -> str:
        return str(page.locator(selector).evaluate("one => getComputedStyle(one).backgroundColor"))

    assert fill(".chip:has([value=now]) span") != fill(".chip:has([value='24h']) span")
    assert fill("[role=switch]") != fill(".sieve")
    assert page.locator("#locate").evaluate("one => getComputedStyle(one).borderStyle") == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/", HERE, f"{HERE}&at=2026-01-16T03:00&lang=en", "/offline"])
@pytest.mark.parametrize("viewport", [PHONE, None], ids=["phone", "desk"])
def test_axe_finds_nothing_to_complain_about(
    window: Window, viewport: dict[str, int] | None, address: str, scheme: str
) -> None:
    page = window(viewport, color_scheme=scheme).open(address)
    if address == HERE:
        row(page, "白天驿站").locator(".find-more").click()
        row(page, "白天驿站").locator("[data-act=problem]").click()
    if viewport is None:
        page.wait_for_selector(".find-map .leaflet-marker-icon, .find-map .review-mark")
    assert violations(page) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_covers_the_review_mark_of_the_full_screen_map(window: Window, lang: str) -> None:
    page = window({"width": 360, "height": 640}).open(f"{HERE}&lang={lang}")
    page.locator("#show-map").click()
    page.wait_for_selector(".find-map .leaflet-marker-icon")
    mark, button = page.locator(".review-mark").bounding_box(), page.locator("#from-middle").bounding_box()
    assert mark is not None
    assert button is not None
    assert button["y"] + button["height"] <= mark["y"]


def test_the_map_on_the_phone_has_nothing_for_axe_either(window: Window) -> None:
    page = window(PHONE).open(HERE)
    page.get_by_role("button", name="地图", exact=True).click()
    page.wait_for_selector(".find-map .leaflet-marker-icon")
    assert violations(page) == []


# Weight ---------------------------------------------------------------------------------------------------------------


def test_the_list_is_there_within_150_kilobytes_and_the_map_within_350(window: Window) -> None:
    reader = window(PHONE)
    wire = reader.context.new_cdp_session(reader.page)
    wire.send("Network.enable")
    paths: dict[str, str] = {}
    weights: dict[str, int] = {}
    wire.on(
        "Network.responseReceived",
        lambda e: paths.update({e["requestId"]: urlsplit(e["response"]["url"]).path}),
    )
    wire.on(
        "Network.loadingFinished", lambda e: weights.update({e["requestId"]: int(e["encodedDataLength"])})
    )
    page = reader.open(HERE)
    assert not any("leaflet" in path for path in paths.values())
    before = sum(weights.values())
    assert 20_000 < before <= 150_000
    page.get_by_role("button", name="地图", exact=True).click()
    page.wait_for_selector(".find-map .leaflet-marker-icon")
    page.wait_for_load_state("networkidle")
    assert any("leaflet" in path for path in paths.values())
    assert before < sum(weights.values()) <= 350_000
