"""Where notices and events are shown: the riders' pages, the finder's filters, the API, calendars; over when they are over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema_rs import validator_for
from sqlalchemy.orm import Session

from stations.finding import find
from stations.keeping.community import ical
from stations.keeping.community.ical import Entry
from stations.query import StationQuery
from stations.registry import public
from tests.web.community_town import MORNING, Town, event_form, notice_form
from web.api.description import description

pytest_plugins = ["tests.web.community_fixtures"]
#: Half a mile east of the station of Minhe.
NEAR = "102.105,36.600"


@pytest.fixture(scope="module", autouse=True)
def filled(town_once: Town) -> None:
    """Some notices and events of two counties."""
    town_once.moment = MORNING
    desk, other = town_once.desk(), town_once.desk("editor", "630202")
    for form in (
        notice_form(town_once),
        notice_form(town_once, title="明天卸货", trade="loader", starts="2026-11-24", ends="2026-11-24", until="2026-11-24T08:00", phone=""),
    ):  # fmt: skip
        assert desk.post("/desk/notices/new", data=form).status_code == 303
    ledu = notice_form(town_once, title="采摘大棚草莓", trade="farm", station=town_once.ledu)
    assert other.post("/desk/notices/new", data=ledu).status_code == 303
    for form in (
        event_form(town_once),
        event_form(town_once, title="全县普法", kind="legal_education", station="", region="630222", starts="2026-12-20T09:00", ends="2026-12-20T11:00"),
        event_form(
            town_once, title="周末招聘会；百家企业, 千个岗位", kind="job_fair", starts="2026-11-28T09:00",
            ends="2026-11-29T16:00", note="带好简历\\请准时",
        ),
    ):  # fmt: skip
        assert desk.post("/desk/events/new", data=form).status_code == 303


def shown(page: str) -> list[str]:
    return re.findall(r"<h3[^>]*>([^<]*)</h3>", page)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["小区外墙砌砖", "采摘大棚草莓", "明天卸货", "周末招聘会；百家企业, 千个岗位"]),
        ("day=today", ["小区外墙砌砖", "采摘大棚草莓", "周末招聘会；百家企业, 千个岗位"]),
        ("day=tomorrow", ["小区外墙砌砖", "采摘大棚草莓", "明天卸货", "周末招聘会；百家企业, 千个岗位"]),
        ("jobs=loader", ["明天卸货", "周末招聘会；百家企业, 千个岗位"]),
        ("jobs=mason,farm", ["小区外墙砌砖", "采摘大棚草莓", "周末招聘会；百家企业, 千个岗位"]),
        ("region=630202", ["采摘大棚草莓"]),
        (f"near={NEAR}&within_m=3000&jobs=mason", ["小区外墙砌砖", "周末招聘会；百家企业, 千个岗位"]),
        ("jobs=wizard&day=someday", ["小区外墙砌砖", "采摘大棚草莓", "明天卸货", "周末招聘会；百家企业, 千个岗位"]),
    ],
)  # fmt: skip
def test_work_is_found_by_day_trade_region_and_nearness_without_scripts(
    town: Town, query: str, titles: list[str]
) -> None:
    assert shown(town.page(f"/jobs?{query}")) == titles


def test_what_a_page_cannot_read_is_told_as_text(town: Town) -> None:
    page = town.page("/jobs?jobs=%3Cb%3Ex&day=%3Ci%3E")
    assert "“&lt;b&gt;x”看不懂" in page
    assert "<i>" not in page
    assert "As of 2026-11-23 06:00, Beijing time" in town.page("/jobs?lang=en")


def test_pages_lose_what_is_over_with_the_clock(town: Town) -> None:
    town.moment = MORNING + timedelta(hours=14)
    assert shown(town.page("/jobs")) == ["明天卸货", "周末招聘会；百家企业, 千个岗位"]
    town.moment = MORNING + timedelta(days=6)
    assert shown(town.page("/events")) == ["周末招聘会；百家企业, 千个岗位", "全县普法"]
    town.moment = MORNING + timedelta(days=40)
    assert "现在没有符合条件的活动" in town.page("/events")
    assert shown(town.page("/events")) == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("jobs=any", ["川口工会驿站", "碾伯工会驿站"]),
        ("jobs=farm", ["碾伯工会驿站"]),
        ("jobs=loader", []),
        ("jobs=loader&at=2026-11-24T06:00", ["川口工会驿站"]),
        ("events=any", ["川口工会驿站"]),
        ("events=legal_education", []),
        ("events=health_check&at=2026-11-26T13:00", []),
        ("jobs=any&region=630202", ["碾伯工会驿站"]),
    ],
)
def test_the_one_query_string_asks_for_stations_that_offer_something(
    town: Town, query: str, names: list[str]
) -> None:
    answer = town.app.test_client().get(f"/api/v1/stations?{query}").get_json()
    assert [feature["properties"]["names"]["zh"] for feature in answer["features"]] == names
    # The map and the files of downloads ask the same.
    assert len(town.app.test_client().get(f"/map/stations.json?{query}").get_json()["rows"]) == len(names)
    with town.app.test_client().get(f"/download/stations.csv?{query}") as file:
        lines = file.data.decode("utf-8-sig").splitlines()
    assert len(lines) == len(names) + 1


def test_the_finder_asks_the_same_at_every_moment_though_its_statement_is_written_once(town: Town) -> None:
    query = StationQuery.parse([("near", NEAR), ("jobs", "loader")])
    with Session(town.engine) as session:
        today = find(session, query, now=MORNING)
        assert today.set_aside == ("jobs",)
        tomorrow = find(session, query, now=MORNING + timedelta(days=1))
        assert [row.code for row in tomorrow.rows] == [town.minhe]
        assert tomorrow.set_aside == ()
        over = find(session, query, now=MORNING + timedelta(days=1, hours=3))
        assert over.set_aside == ("jobs",)
        events = find(session, replace(query, jobs=(), events=("health_check",)), now=MORNING)
        assert [row.code for row in events.rows] == [town.minhe]
        assert public.info(session).name == "test"
    page = town.page(f"/?near={NEAR}&jobs=farm")
    assert re.search(r'name="jobs" value="farm" checked', page)


def test_an_embed_lists_what_is_offered_where_it_is_asked_to(town: Town) -> None:
    ask = town.app.test_client().get
    assert "砌砖" not in ask("/embed?v=1").text
    page = ask("/embed?v=1&offers=jobs,events&region=630222").text
    for words in ("小区外墙砌砖", "260–300 元/天", "户外劳动者免费体检", "全县普法"):
        assert words in page, words
    assert "采摘大棚草莓" not in page
    assert "8522222" not in page
    # Every link leaves the frame.
    lists = page.partition('class="embed-offers-all"')[2].partition("<footer")[0]
    assert lists.count("<a ") == lists.count('target="_blank" rel="noopener"') >= 6
    assert "现在没有招工" in ask(f"/embed?v=1&offers=jobs&station={town.closed}").text
    town.moment = MORNING + timedelta(days=40)
    assert "砌砖" not in town.app.test_client().get("/embed?v=1&offers=jobs").text


def resolved(schema: Any, document: Any) -> Any:
    """Put what a schema points at in its place, and say null as JSON Schema does."""
    if isinstance(schema, list):
        return [resolved(each, document) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return resolved(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    found = {name: resolved(value, document) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") is True else found


@pytest.mark.parametrize(
    ("path", "query", "titles"),
    [
        ("notices", "", ["小区外墙砌砖", "采摘大棚草莓", "明天卸货"]),
        ("notices", "jobs=mason&day=2026-11-24", ["小区外墙砌砖"]),
        ("notices", f"near={NEAR}&within_m=2000&limit=1", ["小区外墙砌砖"]),
        ("notices", "station=STATION&day=tomorrow", ["小区外墙砌砖", "明天卸货"]),
        ("events", "", ["户外劳动者免费体检", "周末招聘会；百家企业, 千个岗位", "全县普法"]),
        ("events", "day=2026-11-29", ["周末招聘会；百家企业, 千个岗位"]),
        ("events", "region=6302&events=legal_education", ["全县普法"]),
        ("events", "region=630202", []),
    ],
)
def test_programs_read_what_holds_in_the_form_that_is_described(
    town: Town, path: str, query: str, titles: list[str]
) -> None:
    answer = town.app.test_client().get(f"/api/v1/{path}?{query.replace('STATION', town.minhe)}")
    assert answer.status_code == 200
    assert [one["title"] for one in answer.get_json()[path]] == titles
    document = description(town.app.config["YIZHAN_SETTINGS"], "https://example.org")
    about = document["paths"][f"/api/v1/{path}"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    validator_for(resolved(about, document)).validate(answer.get_json())


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/notices?kind=union_station", 400),
        ("/api/v1/notices?day=someday", 400),
        ("/api/v1/notices?jobs=wizard", 400),
        ("/api/v1/notices?station=99999999", 404),
        ("/api/v1/notices?within_m=5", 400),
        ("/api/v1/events?events=mediation", 400),
        ("/api/v1/events?limit=0", 400),
        ("/calendar.ics?kind=union_station", 400),
        ("/calendar.ics?utm_source=x", 400),
        ("/s/99999999/calendar.ics", 404),
        ("/ogc/collections/stations/items?jobs=any", 400),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(
    town: Town, address: str, status: int
) -> None:
    answer = town.app.test_client().get(address, headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert answer.get_json()["detail"]


def test_a_telephone_number_is_told_while_the_notice_holds_and_never_in_a_calendar(town: Town) -> None:
    ask = town.app.test_client().get
    assert "0972-8522222" in ask("/api/v1/notices").text
    assert "8522222" not in ask("/calendar.ics?jobs=any").text
    town.moment = MORNING + timedelta(hours=14)
    assert "8522222" not in town.app.test_client().get("/api/v1/notices").text


def read_calendar(data: bytes) -> list[dict[str, str]]:
    """Read iCalendar by its grammar: lines end in CRLF, go on after a space, and hold NAME;PARAMETERS:VALUE."""
    assert data.endswith(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    lines = data.decode().replace("\r\n ", "").split("\r\n")[:-1]
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    found: list[dict[str, str]] = []

    def values() -> Iterator[tuple[str, str]]:
        for line in lines:
            match = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=[^:;]+)*):(.*)", line)
            assert match is not None, line
            unescaped = re.sub(r"\\(.)", lambda sign: "\n" if sign[1] in "nN" else sign[1], match[3])
            yield match[1], unescaped

    for name, value in values():
        if (name, value) == ("BEGIN", "VEVENT"):
            found.append({})
        elif found and name not in {"BEGIN", "END"}:
            assert name not in found[-1]
            found[-1][name] = value
    return found


def test_calendars_carry_events_and_notices_with_identifiers_that_stay(town: Town) -> None:
    ask = town.app.test_client().get
    answer = ask(f"/s/{town.minhe}/calendar.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    entries = {
        entry["UID"].partition("-")[0] + entry["SUMMARY"]: entry for entry in read_calendar(answer.data)
    }
    fair = entries["event周末招聘会；百家企业, 千个岗位"]
    assert (fair["DTSTART"], fair["DTEND"]) == ("20261128T010000Z", "20261129T080000Z")
    assert fair["DESCRIPTION"] == "民和县总工会\n带好简历\\请准时"
    assert fair["GEO"] == "36.600000;102.100000"
    work = next(entry for name, entry in entries.items() if "砌砖" in name)
    assert (work["DTSTART"], work["RRULE"]) == ("20261122T233000Z", "FREQ=DAILY;COUNT=2")
    assert {entry["DTSTAMP"] for entry in entries.values()} == {"20261122T000000Z"}
    # Asked again an hour later nothing has changed, and the answer says so.
    town.moment = MORNING + timedelta(hours=1)
    again = town.app.test_client().get(
        f"/s/{town.minhe}/calendar.ics", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    region = [entry["SUMMARY"] for entry in read_calendar(ask("/calendar.ics?region=630222").data)]
    assert "全县普法" in region
    assert not any("砌砖" in summary for summary in region)
    assert [
        entry["CATEGORIES"] for entry in read_calendar(ask("/calendar.ics?region=630202&jobs=any").data)
    ] == ["农活采摘"]


def test_an_event_that_was_called_off_is_cancelled_in_calendars(town: Town) -> None:
    desk = town.desk()
    desk.post("/desk/events/new", data=event_form(town, title="要取消的"))
    before = next(
        one
        for one in read_calendar(town.app.test_client().get("/calendar.ics").data)
        if one["SUMMARY"] == "要取消的"
    )
    number = before["UID"].partition("@")[0].rpartition("-")[2]
    desk.post(f"/desk/events/{number}/end")
    after = next(
        one
        for one in read_calendar(town.app.test_client().get("/calendar.ics").data)
        if one["UID"] == before["UID"]
    )
    assert (before["STATUS"], before["SEQUENCE"], after["STATUS"], after["SEQUENCE"]) == (
        "CONFIRMED",
        "0",
        "CANCELLED",
        "1",
    )


def test_long_and_hostile_words_are_folded_and_escaped_and_come_back_whole() -> None:
    words = "驿站" * 60 + "\r\nBEGIN:VEVENT\n;,\\n" + "𠮷" * 30
    entry = Entry(
        "x@y",
        datetime(2026, 11, 23, tzinfo=UTC),
        datetime(2026, 11, 24, tzinfo=UTC),
        words,
        description=words,
    )
    (read,) = read_calendar(ical.calendar("名称;,", [entry], now=datetime(2026, 11, 23, tzinfo=UTC)))
    assert read["SUMMARY"] == read["DESCRIPTION"] == words.replace("\r\n", "\n")
