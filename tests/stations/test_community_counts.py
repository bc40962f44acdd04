"""Counts as unions write them, and words that may stand in a notice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.errors import Invalid
from stations.keeping.community.checks import clean_text
from stations.keeping.community.counts import Count, read_count, spell_count
from stations.models.community import MAX_COUNT


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", None),
        (" 1600 ", Count(1600)),
        ("1,600人次", Count(1600)),
        ("１６００余人", Count(1600, True)),
        ("1600多人", Count(1600, True)),
        ("1600+", Count(1600, True)),
        ("至少1600", Count(1600, True)),
        ("1600以上", Count(1600, True)),
        ("1600人以上", Count(1600, True)),
        ("1.2万余份", Count(12_000, True)),
        ("3千", Count(3_000)),
        ("17场", Count(17)),
        ("28家", Count(28)),
        ("0", Count(0)),
        ("-0", Count(0)),
    ],
)
def test_a_count_is_read_as_it_was_written(text: str, count: Count | None) -> None:
    assert read_count(text, field="people") == count


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-5", "too_small"),
        ("−5人", "too_small"),
        ("1,60", "not_a_number"),
        ("近1600", "not_a_number"),
        ("1.5", "not_a_number"),
        ("十几人", "not_a_number"),
        ("1600人2场", "not_a_number"),
        ("99999999", "too_large"),
        ("1" * 400, "not_a_number"),
    ],
)
def test_what_is_no_count_is_refused_with_what_was_written(text: str, reason: str) -> None:
    with pytest.raises(Invalid, match="people: ") as refused:
        read_count(text, field="people")
    assert (refused.value.field, refused.value.reason) == ("people", reason)


@given(st.integers(0, MAX_COUNT), st.booleans())
def test_a_count_is_spelled_and_read_back_the_same(value: int, at_least: bool) -> None:
    assert read_count(spell_count(value, at_least=at_least), field="x") == Count(value, at_least)


@given(st.text(max_size=80))
def test_any_text_is_a_count_or_is_refused(text: str) -> None:
    try:
        count = read_count(text, field="x")
    except Invalid:
        return
    assert count is None or 0 <= count.value <= MAX_COUNT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<b>急招</b>", "markup"),
        ("< img src=x onerror=alert(1)>", "markup"),
        ("A&nbsp;B", "markup"),
        ("&#60;b", "markup"),
        ("\ud800", "damaged"),
        ("好" * 61, "too_long"),
        ("\u3000\n ", "needed"),
        ("身份证110101199003074477", "identity_card"),
        ("卡6222021234567894", "bank_card"),
    ],
)
def test_words_that_may_not_stand_in_a_title_are_refused(text: str, reason: str) -> None:
    with pytest.raises(Invalid, match=r"^title: ") as refused:
        clean_text(text, field="title", most=60, needed=True)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  砌墙\n 抹灰 ", "砌墙 抹灰"),
        ("3 < 5 > 2，A&B公司，电话 0971-6123456", "3 < 5 > 2，A&B公司，电话 0971-6123456"),
        ("招\u202e工\u2028人", "招 工 人"),
        (None, None),
    ],
)
def test_plain_words_are_kept(text: str | None, kept: str | None) -> None:
    assert clean_text(text, field="note", most=60) == kept
