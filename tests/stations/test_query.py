"""The query string: equal questions are equal values, written and read back the same, and bad ones speak."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.bbox import BBox
from stations import vocabulary as words
from stations.query import NAMES, BadQuery, By, Open, StationQuery, Unknown

SHANGHAI = ZoneInfo("Asia/Shanghai")


def subset(codes: object) -> st.SearchStrategy[tuple[str, ...]]:
    order = tuple(codes)  # type: ignore[call-overload]
    return st.sets(st.sampled_from(order)).map(lambda found: tuple(c for c in order if c in found))


degrees = st.floats(-85, 85, allow_nan=False).map(lambda value: round(value, 6) + 0.0)
boxes = st.tuples(degrees, degrees, degrees, degrees).map(
    lambda n: BBox(n[0], min(n[1], n[3]), n[2], max(n[1], n[3]))
)
moments = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)).map(
    lambda naive: naive.replace(second=0, microsecond=0, tzinfo=SHANGHAI)
)
queries = st.builds(
    StationQuery,
    kinds=subset(words.KINDS),
    classes=subset(words.StationClass),
    amenities=subset(words.AMENITIES),
    open=st.none() | st.sampled_from(Open),
    at=st.none() | moments,
    access=subset(code for code in words.ACCESS if code != "unknown"),
    fee=subset(("free", "fee")),
    lifecycle=subset(words.LIFECYCLE).filter(bool),
    regions=st.sets(st.from_regex(r"[1-9][0-9]{5}", fullmatch=True), max_size=3).map(
        lambda codes: tuple(sorted(codes))
    ),
    bbox=st.none() | boxes,
    near=st.none() | st.tuples(degrees, degrees),
    by=st.sampled_from(By),
    stay=st.none() | st.integers(1, 240),
    q=st.text(st.characters(codec="utf-8"), max_size=30).map(
        lambda text: " ".join("".join(c if c.isprintable() else " " for c in text).split())
    ),
    unknown=st.sampled_from(Unknown),
    lang=st.sampled_from(("zh", "en")),
    limit=st.none() | st.integers(1, 1000),
    cursor=st.none() | st.integers(0, 10**17).map(str),
)


@given(queries)
def test_a_query_is_written_and_read_back_as_the_same_value(query: StationQuery) -> None:
    assert StationQuery.parse(query.items()) == query


@given(st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=8), st.text(max_size=40)), max_size=6))
def test_a_page_reads_whatever_it_is_given(items: list[tuple[str, str]]) -> None:
    query, problems, strangers = StationQuery.read(items)
    assert StationQuery.parse(query.items()) == query
    assert {problem.name for problem in problems} <= set(NAMES)
    assert not set(strangers) & set(NAMES)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("kind", "teahouse", "'teahouse' not known"),
        ("amenities", "microwave,gold", "'gold' not known"),
        ("open", "maybe", "'maybe' is not known"),
        ("at", "soon", "'soon' is no moment"),
        ("at", "0001-01-01T00:00", "outside the years"),
        ("region", "63x", "'63x' is no region code"),
        ("bbox", "1,2,3", "not 3"),
        ("bbox", "nan,nan,nan,nan", "'nan' is no number"),
        ("near", "nan,1", "is no point"),
        ("near", "36.6,101.7", "latitude first"),
        ("near", "200,10", "not on Earth"),
        ("within_m", "-5", "is no distance"),
        ("within_m", "500", "needs near"),
        ("by", "horse", "'horse' is not known"),
        ("stay", "0", "minutes from 1 to 240"),
        ("q", "长" * 101, "101 characters"),
        ("unknown", "perhaps", "'perhaps' is not known"),
        ("lang", "fr", "'fr' is not known"),
        ("limit", "0", "from 1 to 1000"),
        ("limit", "1000000000", "from 1 to 1000"),
        ("cursor", "x", "is not from a 'next' link"),
        ("utm_source", "wechat", "'utm_source' is not a parameter"),
    ],
)
def test_what_is_wrong_is_named_with_its_value(name: str, value: str, said: str) -> None:
    with pytest.raises(BadQuery, match=said) as caught:
        StationQuery.parse([(name, value)])
    assert caught.value.problems[0].name == name


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(BadQuery) as caught:
        StationQuery.parse([("limit", "0"), ("kind", "x"), ("from", "wechat")])
    assert [problem.name for problem in caught.value.problems] == ["limit", "kind", "from"]


def test_repeated_names_and_commas_are_the_same_question() -> None:
    repeated = StationQuery.parse([("amenities", "toilet"), ("amenities", "microwave")])
    assert repeated == StationQuery.parse([("amenities", "microwave,toilet")])


def test_a_moment_without_an_offset_is_beijing_time_and_an_offset_survives_a_plus_read_as_a_space() -> None:
    plain = StationQuery.parse([("at", "2026-01-31T23:00")]).at
    offset = StationQuery.parse([("at", "2026-01-31T15:00 00:00")]).at
    assert plain == offset
    assert plain is not None
    assert plain.utcoffset() == timedelta(hours=8)


def test_regions_may_be_written_without_their_zeros() -> None:
    assert StationQuery.parse([("region", "63,6301")]).regions == ("630000", "630100")


def test_no_scan_means_every_way_in_but_scanning() -> None:
    assert StationQuery.parse([("access", "no_scan")]).access == ("open_door", "card", "ask_staff")
