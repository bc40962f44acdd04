"""One cell, one value: what real ledgers write in it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations import vocabulary as words
from stations.imports import cells, terms
from stations.imports.names import alike, identity_text, place_key
from stations.imports.problems import Kind


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0971-8123456", "0971-8123456"),
        ("０９７１－８１２３４５６", "0971-8123456"),
        ("王师傅 13800001234", "13800001234"),
        ("0971-8123456 转 801", "0971-8123456 转 801"),
        ("0971-8123456、13800001234", "0971-8123456、13800001234"),
        ("0971-8123456/13800001234", "0971-8123456、13800001234"),
        ("12351", "12351"),
        ("+86 971 8123456", "+86 971 8123456"),
        ("（0971）8123456", "(0971)8123456"),
    ],
)
def test_phones_keep_their_zeros(text: str, value: str) -> None:
    assert cells.phone(text).value == value


@pytest.mark.parametrize("text", ["138****0000", "联系社区", "13", "1.38E+10"])
def test_what_is_no_phone_is_not_stored(text: str) -> None:
    assert cells.phone(text).value is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("约10人", 10),
        ("２０座", 20),
        ("30余人", 30),
        ("12.0", 12),
        ("十几个", None),
        ("8-10人", None),
    ],
)
def test_people_are_counted(text: str, value: int | None) -> None:
    cell = cells.capacity(text)
    assert cell.value == value
    assert (cell.kind is Kind.UNREAD) == (value is None)


@pytest.mark.parametrize(
    ("text", "value"),
    [("30", "30.0"), ("约25.5㎡", "25.5"), ("18平方米", "18.0"), ("20m2", "20.0"), ("较大", None)],
)
def test_areas_are_square_metres(text: str, value: str | None) -> None:
    assert cells.area_m2(text).value == (Decimal(value) if value else None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-05-01", date(2024, 5, 1)),
        ("2024/5/1", date(2024, 5, 1)),
        ("2024年5月1日", date(2024, 5, 1)),
        ("2024.05.01", date(2024, 5, 1)),
        ("20240501", date(2024, 5, 1)),
        ("2024-05-01 00:00:00", date(2024, 5, 1)),
        ("2024年5月", None),
        ("2024", None),
        ("2024-02-30", None),
    ],
)
def test_only_a_whole_day_is_a_day(text: str, value: date | None) -> None:
    assert cells.day(text).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("113.305132", 113.305132),
        ("１０１．５", 101.5),
        ("101.5°E", 101.5),
        ("东经101.5", 101.5),
        ("36°30′", 36.5),
        ("36°75′", None),
        ("1e999", None),
        ("nan", None),
    ],
)
def test_coordinates_are_degrees(text: str, value: float | None) -> None:
    cell = cells.degrees(text)
    assert cell.value == value
    assert (cell.kind is Kind.BAD_COORDINATE) == (value is None)


@pytest.mark.parametrize(
    ("text", "facts", "unknown"),
    [
        (
            "饮水、空调、座椅、充电、Wi-Fi、急救包",
            "air_conditioning drinking_water first_aid phone_charging seating wifi",
            (),
        ),
        ("饮水机2台，微波炉1个；冰箱", "drinking_water fridge microwave", ()),
        ("无空调 饮水", "-air_conditioning drinking_water", ()),
        ("空调（损坏）", "!air_conditioning", ()),
        ("空调故障", "!air_conditioning", ()),
        ("无线网、无障碍通道", "wheelchair wifi", ()),
        ("免费饮水，提供热饭", "drinking_water microwave", ()),
        ("热水、瑜伽垫等", "drinking_water", ("瑜伽垫",)),
        ("饮水 无饮水", "", ("饮水",)),
        ("饮水/充电/休息", "drinking_water phone_charging seating", ()),
        ("冷暖空调(2台)", "air_conditioning", ()),
        ("无", "", ()),
    ],
)
def test_amenity_words_are_mapped_and_others_reported(
    text: str, facts: str, unknown: tuple[str, ...]
) -> None:
    found, odd = terms.amenities(text)
    signs = {("yes", False): "", ("no", False): "-", ("yes", True): "!"}
    assert (
        " ".join(
            sorted(
                (signs[value, broken] + code for code, value, broken in found), key=lambda c: c.strip("-!")
            )
        )
        == facts
    )
    assert odd == unknown


def test_every_word_of_the_vocabulary_is_read_as_what_it_is() -> None:
    for code, term in words.AMENITIES.items():
        for word in (term.zh, *term.aliases, term.en):
            assert terms.amenities(word)[0] == ((code, "yes", False),), word
    for code, kind in words.KINDS.items():
        for word in (code, kind.zh, *kind.aliases):
            assert terms.kind(word) == code, word
    for code, term in words.ACCESS.items():
        assert terms.access(term.zh).value == code
    for code, term in words.PREMISES.items():
        assert terms.premises(term.zh).value == code
    for code, term in words.LIFECYCLE.items():
        assert {terms.lifecycle(word).value for word in (code, term.zh, *term.aliases)} == {code}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("工会驿站(郑州市职工服务中心)", "union_station"),
        ("上街区新建街东段困难职工帮扶中心户外劳动者爱心驿站", "care_station"),
        ("建设银行劳动者港湾", "workers_harbour"),
        ("小哥驿站·暖蜂", "rider_station"),
        ("爱心药店（人民路店）", "care_pharmacy"),
        ("户外劳动者之家", "outdoor_workers_station"),
        ("二七京广烟酒商贸驿站", None),
    ],
)
def test_the_kind_is_guessed_from_the_name(name: str, kind: str | None) -> None:
    assert terms.kind(name, of_name=True) == kind


@pytest.mark.parametrize(
    ("text", "header", "value"),
    [
        ("免费", "收费", "free"),
        ("是", "是否收费", "fee"),
        ("是", "是否免费", "free"),
        ("否", "是否收费", "free"),
        ("看情况", "收费", None),
    ],
)
def test_free_is_free_only_where_the_list_says_so(text: str, header: str, value: str | None) -> None:
    assert terms.fee(text, header).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("有", ("yes", False)),
        ("√", ("yes", False)),
        ("2台", ("yes", False)),
        ("无", ("no", False)),
        ("损坏", ("yes", True)),
        ("大概", None),
    ],
)
def test_a_column_of_one_amenity_says_yes_no_or_broken(text: str, value: tuple[str, bool] | None) -> None:
    assert terms.amenity(text).value == value


@given(st.text())
def test_no_text_makes_a_reader_crash(text: str) -> None:
    for read in (
        cells.degrees, cells.datum, cells.capacity, cells.area_m2, cells.day, cells.phone, terms.lifecycle,
        terms.premises, terms.access, terms.fee, terms.position_quality, terms.cards, terms.amenity, cells.tidy,
    ):  # fmt: skip
        cell = read(text)
        assert (cell.kind is None) == (not cell.reason)
    facts, _ = terms.amenities(text)
    assert [code for code, _, _ in facts] == sorted({code for code, _, _ in facts})
    terms.kind(text, of_name=True)
    assert identity_text(identity_text(text)) == identity_text(text)


def test_tidy_text_keeps_what_tibetan_and_mongolian_need() -> None:
    assert cells.tidy("ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ\u180e").value == "ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ\u180e"
    assert cells.tidy("甲\u3000 乙\n丙\u200e").value == "甲 乙 丙"
    assert cells.tidy("甲\x00").kind is Kind.BAD_TEXT


@pytest.mark.parametrize(
    ("one", "other", "like"),
    [
        ("工会驿站（城东大药房）", "城东大药房户外劳动者驿站", True),
        ("郑州银行郑州市金水区花园路支行户外劳动者爱心驿站", "郑州银行花园路支行工会驿站", True),
        ("工会驿站", "爱心驿站", True),
        ("郑州移动中原路工会驿站", "大学路街道工心驿站", False),
        ("金水区文雅党群服务中心户外劳动者爱心驿站", "金水区翠花社区户外劳动者爱心驿站", False),
    ],
)
def test_names_are_alike_without_their_set_words(one: str, other: str, like: bool) -> None:
    assert alike(one, other) is like
    assert alike(other, one) is like


def test_a_place_is_its_address_before_its_position() -> None:
    assert place_key("人民路1号", 101.5, 36.6) == place_key("人民路 １号", None, None)
    assert place_key("", 101.5, 36.6) == "p101.50000,36.60000"
    assert place_key("", None, None) == ""
