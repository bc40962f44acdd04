"""The words of a report: kept as they were written, refused where a person could be found by a number in them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stations.errors import Invalid
from stations.keeping.words import clean_words, personal_number

#: Made up; their check characters are right.
ID_18, ID_X, ID_15 = "110101199003074477", "11010119900307109X", "110101900307447"
CARD_16, CARD_19 = "6222021234567894", "6228480402564890018"
MOBILE = "13812345678"
SPELLED = str.maketrans("0123456789", "零一二三四五六七八九")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"我的身份证{ID_18}丢在里面了", "identity_card"),
        ("110101 19900307 4477", "identity_card"),
        ("110101-1990-0307-4477", "identity_card"),
        (f"证号{ID_X}。", "identity_card"),
        (f"证号{ID_X.lower()}", "identity_card"),
        ("证号１１０１０１１９９００３０７１０９Ｘ", "identity_card"),
        ("1101 0119 9003 0710 9 X", "identity_card"),
        (f"旧证{ID_15}", "identity_card"),
        ("证110101199003074478", "identity_card"),  # mistyped: the check character is wrong
        ("110101 19900307 4478", "identity_card"),
        ("1101 0119 9003 0744 78", "identity_card"),
        (" ".join("110101199003074478"), "identity_card"),
        ("11010119900307447X", "identity_card"),
        (CARD_16, "bank_card"),
        ("卡号 6222 0212 3456 7894", "bank_card"),
        ("6222-0212-3456-7894", "bank_card"),
        (f"卡{CARD_19}被吞", "bank_card"),
        ("622848 0402564890018", "bank_card"),
        (CARD_16.translate(SPELLED), "bank_card"),
        (" ".join(CARD_16), "bank_card"),
        (f"打我电话{MOBILE}", "phone"),
        ("138 1234 5678", "phone"),
        ("138-1234-5678", "phone"),
        ("138.1234.5678", "phone"),
        ("138 - 1234 - 5678", "phone"),
        ("1 3 8 1 2 3 4 5 6 7 8", "phone"),
        ("+86 138 1234 5678", "phone"),
        ("008613812345678", "phone"),
        ("(+86)13812345678", "phone"),
        ("１３８１２３４５６７８", "phone"),
        ("一三八一二三四五六七八", "phone"),
        ("幺三八幺二三四五六拐八", "phone"),
        ("壹叁捌壹贰叁肆伍陆柒捌", "phone"),
        ("138一二三四5678", "phone"),
        ("①③⑧①②③④⑤⑥⑦⑧", "phone"),
        ("༡༣༨༡༢༣༤༥༦༧༨", "phone"),
        ("1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "phone"),
        ("1\u200b3\u200b8\u200b12345678", "phone"),
        (f"下午3点再打{MOBILE}，8:00-20:00都行", "phone"),
        (f"2026-11-22 {MOBILE}", "phone"),
    ],
)
def test_a_personal_number_is_found_however_it_is_written(text: str, kind: str) -> None:
    assert personal_number(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "门锁着，敲门没人应",
        "8:00-12:00，14:00-18:00",
        "写的是08:00-20:00，其实18:30就关门",
        "2026-11-22 08:00 到 2026-11-23 20:00 关门",
        "2026年11月22日 1500-2000 没人",
        "20261122 0800-2000",
        "打12351没人接，0971-6123456也没人接",
        "搬到长江路139号2单元1801室",
        "二〇二六年十一月二十二日起停业",
        "110101199013074472",  # no such month
        "110101189903074472",  # nobody is so old
        "订单号202611220800123456",  # of 18 digits, and no province has the code 20
        "订单11010119900307447",  # 17, 19 and 20 digits
        "单号1101011990030744781",
        "单号11010119900307447812",
        "11-22-20 2026-11-22 0800 没开",  # a date and hours after something else
        "6222021234567890",  # fails the Luhn check
        "12345678901",
        "1381234567",
        "3x4米，坐10个人",
        "西宁6路、13路、15路",
        "",
    ],
)
def test_hours_dates_addresses_and_offices_are_left_alone(text: str) -> None:
    assert personal_number(text) is None


@pytest.mark.parametrize("number", [ID_18, ID_X, ID_15, CARD_16, CARD_19, MOBILE])
def test_a_refusal_says_what_it_found_and_never_repeats_it(number: str) -> None:
    with pytest.raises(Invalid, match=r"number; leave personal numbers out, nothing was stored") as refused:
        clean_words(f"请联系{number}")
    assert number not in str(refused.value)
    assert number not in repr(refused.value.value)
    assert (refused.value.field, refused.value.reason) == ("words", personal_number(number))


LETTERS = st.characters(
    min_codepoint=0x4E00,
    max_codepoint=0x9FFF,
    exclude_characters="零〇洞一壹幺二贰貳两兩三叁參四肆五伍六陆陸七柒拐八捌九玖勾",
)


@given(
    st.text(LETTERS, max_size=20),
    st.lists(st.sampled_from(["", " ", "-", ".", " - ", "\u3000", "—"]), min_size=10, max_size=10),
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
)
def test_a_mobile_number_is_found_between_any_words_and_with_any_gaps(
    around: str, gaps: list[str], number: str
) -> None:
    written = number[0] + "".join(gap + digit for gap, digit in zip(gaps, number[1:], strict=True))
    assert personal_number(f"{around}{written}{around}") == "phone"


@given(
    st.sampled_from(["11", "31", "44", "54", "63", "71", "82"]),
    st.from_regex(r"[0-9]{4}", fullmatch=True),
    st.dates(date(1900, 1, 1), date(2026, 12, 31)),
    st.from_regex(r"[0-9]{3}[0-9X]", fullmatch=True),
)
def test_an_identity_number_is_found_whatever_its_check_character(
    province: str, place: str, born: date, last: str
) -> None:
    assert personal_number(f"我是{province}{place}{born:%Y%m%d}{last}。") == "identity_card"


@given(st.text(max_size=600))
@example("\ud800")
@example("\x00")
@example("好" * 501)
@example("\u202etxt")
def test_any_text_is_refused_or_can_be_stored(text: str) -> None:
    try:
        kept = clean_words(text)
    except Invalid:
        return
    if kept is not None:
        assert 1 <= len(kept) <= 500
        assert kept == kept.strip()
        kept.encode("utf-8")
        assert not {"\x00", "\n", "\u202e", "\u2066"} & set(kept)
        assert clean_words(kept) == kept


def test_words_are_kept_to_the_letter_and_to_the_last_of_five_hundred() -> None:
    assert clean_words(" 門鎖着\n敲门没人应 ") == "門鎖着 敲门没人应"
    assert clean_words("好" * 500) == "好" * 500
    assert clean_words(" \u3000\n") is None
    with pytest.raises(Invalid, match="501 characters are too many; write 500 at most"):
        clean_words("好" * 501)
