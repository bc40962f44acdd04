"""What the words of lists are read as."""

from __future__ import annotations

import csv
import re
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stations.errors import Invalid
from stations.hours import SHANGHAI, Calendar, DatedException, State, parse_words, spans, standing
from stations.hours.emit import Week, write_week
from stations.hours.model import Hours
from stations.hours.programme import DAY, Segment, overlay

TODAY = date(2026, 4, 20)
HOST = 'unknown "随场地开放"'
LISTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "stations"

EVERY_DAY = {
    "24小时": "24/7",
    "24h": "24/7",
    "24H营业": "24/7",
    "二十四小时": "24/7",
    "7×24小时开放": "24/7",
    "全天": "24/7",
    "全天24小时开放": "24/7",
    "24小时（无人值守）": "24/7",
    "00:00-24:00": "24/7",
    "00:00-23:59": "24/7",
    "08:00-12:00,14:00-18:00": "08:00-12:00,14:00-18:00",
    "22:00-02:00": "22:00-02:00",
    "22点至次日2点": "22:00-02:00",
    "晚8点-凌晨2点": "20:00-02:00",
    "6:00-次日凌晨1:00": "06:00-01:00",
    "6:00-晚上12点": "06:00-24:00",
    "每天9点到晚上8点半": "09:00-20:30",
    "０８：００－２０：００": "08:00-20:00",
    "8:00—20:00": "08:00-20:00",
    "8:00——20:00": "08:00-20:00",
    "8：00一20：00": "08:00-20:00",
    "8点~18点": "08:00-18:00",
    "8-20点": "08:00-20:00",
    "8时至20时30分": "08:00-20:30",
    "8.30-17.30": "08:30-17:30",
    "9am-5pm": "09:00-17:00",
    "早8:00-晚9:00": "08:00-21:00",
    "早九晚五": "09:00-17:00",
    "上午8:30-12:00 下午2:30-6:00": "08:30-12:00,14:30-18:00",
    "8:30-12:00，2:30-6:00": "08:30-12:00,14:30-18:00",
    "上午九点半-下午五点三十分": "09:30-17:30",
    "八点一刻到十二点": "08:15-12:00",
    "八点三刻到十二点": "08:45-12:00",
    "营业时间：8:00-20:00（中午12:00-14:00休息）": "08:00-12:00,14:00-20:00",
    "9:00-18:00 午休12:00-13:00": "09:00-12:00,13:00-18:00",
    "9:00-18:00 中午不休息": "09:00-18:00",
    "周一至周日 8:00-20:00": "08:00-20:00",
    "全年无休 8:00-20:00": "08:00-20:00",
    "8:00-20:00（节假日正常开放）": "08:00-20:00",
    "8:00-20:00（含节假日）": "08:00-20:00",
    "周末不休9:00-17:00": "09:00-17:00",
    "8:00-20:00 电话：0971-6123456": "08:00-20:00",
}
BY_WEEKDAY = {
    "周一至周五 8:30-17:00": "Mo-Fr 08:30-17:00",
    "星期一至星期五上午8:30-12:00，下午14:30-18:00": "Mo-Fr 08:30-12:00,14:30-18:00",
    "星期1-5 9:00-17:00": "Mo-Fr 09:00-17:00",
    "周日至周四 9:00-17:00": "Mo-Th,Su 09:00-17:00",
    "周一三五 9:00-17:00": "Mo,We,Fr 09:00-17:00",
    "周一、周三、周五 9:00-17:00": "Mo,We,Fr 09:00-17:00",
    "周一，周三，周五 9:00-17:00": "Mo,We,Fr 09:00-17:00",
    "周五,7:00-9:00": "Fr 07:00-09:00",
    "周六二十四小时": "Sa 00:00-24:00",
    "8:00-18:00，周六日休息": "Mo-Fr 08:00-18:00",
    "8:00-22:00（周末9:00-21:00）": "Mo-Fr 08:00-22:00; Sa-Su 09:00-21:00",
    "8:30-17:00（周一至周五）": "Mo-Fr 08:30-17:00",
    "8:30-17:00 周一至周五，周六日休息": "Mo-Fr 08:30-17:00",
    "8:30-17:00（周一至周五），9:00-16:00（周六日）": "Mo-Fr 08:30-17:00; Sa-Su 09:00-16:00",
    "9:00-17:00（周一闭馆）": "Tu-Su 09:00-17:00",
    "除周一外 9:00-17:00": "Tu-Su 09:00-17:00",
    "周一至周五8:30-17:00,其余时间休息": "Mo-Fr 08:30-17:00",
    "每天8:00-20:00，周三14:00-16:00休息": "Mo-Tu,Th-Su 08:00-20:00; We 08:00-14:00,16:00-20:00",
    "9:00-17:00 双休": "Mo-Fr 09:00-17:00",
    "8:00-20:00（7月1日-8月31日 7:00-21:00）": "Jul-Aug 07:00-21:00; Jan-Jun 08:00-20:00; Sep-Dec 08:00-20:00",
    "冬季（11月至次年3月）8:30-18:00 其他季节8:00-20:00": "Nov-Mar 08:30-18:00; Apr-Oct 08:00-20:00",
    "周末随社区开放，8:00-20:00": 'Mo-Fr 08:00-20:00; Sa-Su unknown "随场地开放"',
    "8:00-22:00 冬季8:30-21:00": "Mo-Su 08:00-08:30,21:00-22:00 unknown, Mo-Su 08:30-21:00",
    "5月-9月 8:00-20:00，10月-次年4月 8:30-18:30": "May-Sep 08:00-20:00; Oct-Apr 08:30-18:30",
    "夏季（5-9月）8:00-20:00，冬季（10-4月）8:30-18:30": "May-Sep 08:00-20:00; Oct-Apr 08:30-18:30",
}
WITH_HOLIDAYS = {
    "周一至周五8:30-17:00（节假日除外）": "Mo-Fr 08:30-17:00; PH off",
    "周一至周五，节假日除外，8:30-17:00": "Mo-Fr 08:30-17:00; PH off",
    "8:30-17:00（周一至周五，节假日除外）": "Mo-Fr 08:30-17:00; PH off",
    "8:00-20:00，法定节假日除外": "08:00-20:00; PH off",
    "除周末、法定节假日外，每天8:30-17:00": "Mo-Fr 08:30-17:00; PH off",
    "周末及节假日休息，其余8:30-17:30": "Mo-Fr 08:30-17:30; PH off",
    "8:00-20:00（节假日9:00-17:00）": "08:00-20:00; PH 09:00-17:00",
    "夏季8:00-20:00；冬季8:00-20:00；节假日休息": "08:00-20:00; PH off",
}
WORKING_DAYS = {
    "工作日开放": "Mo-Fr unknown",
    "工作日上班时间": "Mo-Fr unknown",
    "工作日:09:00-17:00": "Mo-Fr 09:00-17:00",
    "工作日（周一至周五）8:30-17:00": "Mo-Fr 08:30-17:00",
    "工作日正常开放8:30-17:00": "Mo-Fr 08:30-17:00",
    "工作日8:30-17:30，周末9:00-17:00": "Mo-Fr 08:30-17:30; Sa-Su 09:00-17:00",
    "工作日8:30-17:30，节假日9:00-17:00": "Mo-Fr 08:30-17:30; Sa-Su unknown; PH 09:00-17:00",
}
PROMISE_NOTHING = {
    "随社区开放": HOST,
    "营业时间同银行": HOST,
    "与社区同步": HOST,
    "8:00-20:00，具体以社区开放时间为准": HOST,
    "上班时间": HOST,
    "全年无休": "unknown",
    "周一至周日": "unknown",
    "节假日除外": "unknown; PH off",
    "周六日休息": "Mo-Fr unknown",
}


def read(words: str) -> str | None:
    return parse_words(words, today=TODAY).hours.expression


@pytest.mark.parametrize(
    ("words", "expression"), (EVERY_DAY | BY_WEEKDAY | WITH_HOLIDAYS | PROMISE_NOTHING).items()
)
def test_words_are_read_as_the_expression_on_plain_weekdays(words: str, expression: str) -> None:
    parsed = parse_words(words, today=TODAY)
    assert parsed.hours == Hours(expression, Calendar.PLAIN, (), words)
    assert parsed.understood


@pytest.mark.parametrize(("words", "expression"), WORKING_DAYS.items())
def test_working_days_follow_the_official_calendar(words: str, expression: str) -> None:
    parsed = parse_words(words, today=TODAY)
    assert (parsed.hours.expression, parsed.hours.calendar) == (expression, Calendar.OFFICIAL)
    assert any("调休" in note for note in parsed.notes)


def test_seasons_without_dates_are_open_where_both_are_and_unknown_where_one_is() -> None:
    hours = parse_words("夏季8:00-20:00 冬季8:30-18:30", today=TODAY).hours
    day = datetime(2026, 4, 20, tzinfo=SHANGHAI)
    answer = spans(hours, day, day + timedelta(days=1))

    def at(hour: int, minute: int) -> datetime:
        return day.replace(hour=hour, minute=minute)

    assert answer.open == ((at(8, 30), at(18, 30)),)
    assert answer.unknown == ((at(8, 0), at(8, 30)), (at(18, 30), at(20, 0)))


def test_a_time_that_can_be_read_in_two_ways_is_open_only_where_both_agree() -> None:
    assert read("9:00-5:00") == "Mo-Su 17:00-05:00 unknown, Mo-Su 09:00-17:00"
    assert read("2:30-6:00") == "02:30-06:00,14:30-18:00 unknown"
    assert read("24小时 8:00-20:00") == "Mo-Su 00:00-08:00,20:00-24:00 unknown, Mo-Su 08:00-20:00"
    assert read("9:00-18:00 中午休息") == "Mo-Su 11:30-15:00 unknown, Mo-Su 09:00-11:30,15:00-18:00"


def test_months_that_the_words_leave_out_are_unknown() -> None:
    assert read("5月1日至9月30日 8:00-20:00") == "May-Sep 08:00-20:00; Jan-Apr unknown; Oct-Dec unknown"


@pytest.mark.parametrize(
    "words",
    [
        "联系工作人员",
        "白天",
        "8:00-20:00左右",
        "约8:00-20:00",
        "8:00以后",
        "9点开门",
        "12:00",
        "25:00-26:00",
        "上午14:00-15:00",
        "8:00-20:00（冬季至19:00）",
        "8:00-20:00（大年三十至初六休息）",
        "暑期8:00-20:00",
        "8:00-20:00、装修中",
        "暂停开放",
        "每周二上午休息 9:00-17:00",
        "9:00-17:00 每月第一个周一休息",
        "隔周周六休 9:00-17:00",
        "8:00-20:00；冬季18:00关门",
        "室外24小时，室内8:00-20:00",
        "2026年5月1日起 8:00-20:00",
        "8:00-20:00(工作日) 9:00-18:00(节假日)",
        "9999年1月1日停业",
        "0000年1月1日停业",
        "2026年2月30日休息",
        "8:00-12:00（周一至周五），14:00-18:00",
        "周一至周五8:30-17:00，其余电话预约",
        "无",
        "",
        "/",
        "\x00\x01\u200b",
    ],
)
def test_words_that_are_not_understood_give_nothing_and_are_kept(words: str) -> None:
    parsed = parse_words(words, today=TODAY)
    assert (parsed.hours.expression, parsed.understood) == (None, False)
    assert parsed.hours.words == words.replace("\x00", "")
    assert parsed.notes


@pytest.mark.parametrize(
    ("words", "expression"),
    [
        ("周一至周五8:30-17:00，周六看情况", "Mo-Fr 08:30-17:00; Sa unknown"),
        ("周二看情况", "unknown"),
        ("8:00-20:00,周六下午休息", "Mo-Fr,Su 08:00-20:00; Sa unknown"),
    ],
)
def test_days_of_which_something_unknown_is_said_are_unknown_and_the_others_stand(
    words: str, expression: str
) -> None:
    parsed = parse_words(words, today=TODAY)
    assert (parsed.hours.expression, parsed.understood) == (expression, False)


@pytest.mark.parametrize(
    ("words", "expression"),
    [
        ("8:00-20:00，周六，周日休息", "Mo-Fr 08:00-20:00; Sa unknown"),
        ("周一至周五8:30-17:00，周末照常开放", "Mo-Fr 08:30-17:00; Sa-Su unknown"),
        ("8:00-20:00 周末开放", "Mo-Fr unknown; Sa-Su 08:00-20:00"),
        ("周一至周五8:30-17:30，节假日开放", "Mo-Fr 08:30-17:30; PH unknown"),
    ],
)
def test_days_whose_hours_can_only_be_guessed_are_unknown(words: str, expression: str) -> None:
    assert read(words) == expression


def test_repair_to_a_date_is_a_closure_from_today_to_that_date() -> None:
    parsed = parse_words("8:00-20:00 装修至5月10日", today=TODAY)
    assert parsed.hours.exceptions == (DatedException(TODAY, date(2026, 5, 10), None, "装修"),)
    assert parsed.hours.expression == "08:00-20:00"
    assert "按2026-05-10为止理解" in parsed.notes


@pytest.mark.parametrize(
    ("today", "year"),
    [(date(2026, 12, 20), 2027), (date(2026, 1, 2), 2026)],
)
def test_a_date_without_a_year_is_the_nearest_one(today: date, year: int) -> None:
    assert parse_words("装修至1月10日", today=today).hours.exceptions[0].ends == date(year, 1, 10)


def test_a_date_just_past_is_past_and_not_a_year_ahead() -> None:
    parsed = parse_words("8:00-20:00，装修至4月10日", today=TODAY)
    assert parsed.hours.exceptions == ()
    assert "该日期已过" in parsed.notes


def test_spring_festival_is_closed_on_its_official_days_and_unknown_where_they_are_not_published() -> None:
    hours = parse_words("8:00-20:00，春节停业", today=date(2025, 1, 10)).hours
    assert hours.exceptions == (
        DatedException(date(2025, 1, 28), date(2025, 2, 4), None, "春节"),
        DatedException(date(2026, 2, 15), date(2026, 2, 23), None, "春节"),
    )
    far = parse_words("8:00-20:00，春节停业", today=date(2090, 1, 10)).hours
    assert {exception.expression for exception in far.exceptions} == {"unknown"}
    assert standing(far, datetime(2090, 2, 1, 12, tzinfo=SHANGHAI)).state is State.UNKNOWN
    assert standing(far, datetime(2090, 4, 1, 12, tzinfo=SHANGHAI)).state is State.OPEN


def test_dated_hours_hold_on_their_dates() -> None:
    hours = parse_words("国庆期间9:00-12:00，平时8:00-20:00", today=date(2025, 9, 1)).hours
    assert hours.exceptions[0] == DatedException(
        date(2025, 10, 1), date(2025, 10, 8), "09:00-12:00", "国庆节"
    )
    assert hours.expression == "08:00-20:00"
    closed = parse_words("8:00-20:00 5月1日-3日休息", today=TODAY).hours.exceptions
    assert closed == (DatedException(date(2026, 5, 1), date(2026, 5, 3), None),)
    over_new_year = parse_words("8:00-20:00，12月30日至1月2日休息", today=date(2026, 12, 1)).hours.exceptions
    assert over_new_year == (DatedException(date(2026, 12, 30), date(2027, 1, 2), None),)


def test_leap_day_without_a_year_is_the_nearest_leap_day() -> None:
    assert parse_words("8:00-20:00，2月29日休息", today=TODAY).hours.exceptions[0].starts == date(2028, 2, 29)


if LISTS.exists():

    def test_every_hours_cell_of_the_real_list_is_understood() -> None:
        with (LISTS / "zhengzhou_gcj02.csv").open(encoding="utf-8-sig") as file:
            cells = {row["open_hours"] for row in csv.DictReader(file)}
        parsed = [parse_words(cell, today=TODAY) for cell in sorted(cells)]
        assert len(parsed) >= 10
        assert all(found.understood and found.hours.expression for found in parsed)


REPEATED = (
    "周一|周一、|周一,|8:00-|8:00-20:00|随|以现场|节假日|（|除|不|十|5月1日-|1|-|:| |每|正常|春|装修至|全天24小时"
    "|同社区|电话1|早晚|𠀀|\u200b|内部升级正在"
)


@pytest.mark.parametrize("piece", REPEATED.split("|"))
def test_long_repetitions_come_to_an_end(piece: str) -> None:
    words = (piece * 1000)[:1000]
    began = time.perf_counter()
    parse_words(words, today=TODAY)
    parse_words(words[:-1] + "x", today=TODAY)
    # No measure of speed: what repeats itself inside a pattern would take years.
    assert time.perf_counter() - began < 60


def test_words_over_the_limit_are_refused() -> None:
    with pytest.raises(Invalid, match="1001 characters") as caught:
        parse_words("8" * 1001, today=TODAY)
    assert caught.value.field == "hours"


LOOSE = (
    "，|（|）|；|、| |除|外|至|5月10日|春节|装修|休息|照常|夏季|冬季|周六|起|2月29日|12月31日-1月1日|午休|其余|不含|含"
    "|节假日|工作日|每天|上班时间|8点|次日|晚"
)
PIECES = st.sampled_from(
    [*EVERY_DAY, *BY_WEEKDAY, *WITH_HOLIDAYS, *WORKING_DAYS, *PROMISE_NOTHING, *LOOSE.split("|")]
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(PIECES | st.text(max_size=4), max_size=6).map("".join),
    st.dates(date(2005, 1, 1), date(2098, 12, 31)),
)
def test_no_words_break_the_reader_and_what_it_gives_can_be_stored(words: str, today: date) -> None:
    hours = parse_words(words[:1000], today=today).hours
    hours.validate()
    standing(hours, datetime(today.year, today.month, today.day, 12, tzinfo=SHANGHAI))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([*EVERY_DAY, *BY_WEEKDAY, *WITH_HOLIDAYS]),
    st.text("甲乙丙丁戊己庚辛壬癸", min_size=1, max_size=5),
)
def test_unknown_words_at_either_end_never_leave_a_promise(words: str, junk: str) -> None:
    for text in (f"{words}，{junk}", f"{junk}，{words}"):
        parsed = parse_words(text, today=TODAY)
        assert not parsed.understood
        assert parsed.hours.expression is None


def test_any_date_from_the_first_to_the_last_can_be_today() -> None:
    for today in (date.min, date.max):
        parse_words("8:00-20:00，春节停业，装修至5月10日", today=today).hours.validate()


segments = st.tuples(
    st.integers(0, DAY - 1), st.integers(1, DAY), st.sampled_from([State.OPEN, State.UNKNOWN])
)


@st.composite
def programmes(draw: st.DrawFn) -> tuple[Segment, ...]:
    programme: tuple[Segment, ...] = ()
    for start, length, state in draw(st.lists(segments, max_size=4)):
        programme = overlay(programme, (Segment(start, start + length, state),))
    return programme


@settings(max_examples=300, deadline=None)
@given(st.lists(programmes(), min_size=7, max_size=7), st.none() | programmes())
def test_a_week_written_down_opens_as_it_did(
    days: list[tuple[Segment, ...]], holidays: tuple[Segment, ...] | None
) -> None:
    from stations.hours.schedule import schedule_of

    schedule = schedule_of(Hours(write_week(Week(tuple(days), holidays))))
    monday = date(2026, 3, 2).toordinal()
    for weekday, programme in enumerate(days):
        _same_promise(schedule.programme(monday + weekday), programme)
    if holidays is not None:
        _same_promise(schedule.programme(date(2026, 10, 5).toordinal()), holidays)


def _same_promise(written: tuple[Segment, ...], meant: tuple[Segment, ...]) -> None:
    def minutes(programme: tuple[Segment, ...], state: State) -> set[int]:
        return {minute for s in programme if s.state is state for minute in range(s.start, s.end)}

    hull = {minute for s in meant if s.start >= DAY for minute in range(DAY - 1, s.end)}
    if hull:
        # What begins after midnight can only be written as unknown, never as a promise.
        assert minutes(written, State.OPEN) <= minutes(meant, State.OPEN)
        assert minutes(meant, State.OPEN) <= minutes(written, State.OPEN) | minutes(written, State.UNKNOWN)
    else:
        assert minutes(written, State.OPEN) == minutes(meant, State.OPEN)
        assert minutes(written, State.UNKNOWN) == minutes(meant, State.UNKNOWN)


def test_the_same_hours_are_written_in_the_same_way() -> None:
    spelled = ["8:00-20:00", "08:00—20:00", "每天8点到20点", "早8点至晚8点", "周一至周日8:00-20:00"]
    keys = {parse_words(words, today=TODAY).hours.key for words in spelled}
    assert len(keys) == 1
    assert re.fullmatch(r"[0-9a-f]{32}", keys.pop())
