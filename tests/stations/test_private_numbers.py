"""Identity cards and bank cards are refused in every free text; numbers that one calls and codes of stations are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stations.errors import Invalid
from stations.keeping.private_numbers import private_number, refuse_private

#: Made up; their check characters are right.
ID_X, CARD = "11010119900307109X", "6222021234567894"


def station_code(serial: int) -> str:
    """Make a station's code as the database does: the province, a serial number, ISO 7064 MOD 11,10."""
    digits, product = f"63{serial:05}", 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return f"{digits}{(11 - product) % 10}"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"雇主证件{ID_X}", "identity_card"),
        ("１１０１０１ １９９００３０７ １０９Ｘ", "identity_card"),
        ("旧证110101900307447", "identity_card"),
        (f"工资打到{CARD}", "bank_card"),
        ("6222 0212 3456 7894", "bank_card"),
        ("622848 0402564890018", "bank_card"),
        (f"电话13812345678，卡{CARD}", "bank_card"),
        (f"13812345678 {ID_X}", "identity_card"),
    ],
)
def test_a_card_is_refused_by_its_kind_and_never_repeated(text: str, kind: str) -> None:
    with pytest.raises(Invalid, match="leave it out, nothing was stored") as refused:
        refuse_private(text, field="note")
    assert (refused.value.field, refused.value.reason) == ("note", kind)
    assert not any(number in str(refused.value) for number in (ID_X, CARD))


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "电话13812345678，+86 138 1234 5678，8613812345678",
        "0971-6123456 0971-6543210",
        "6123456 6543212",  # together they pass the Luhn check
        "2026年11月23日 07:30 集合，每天260元，20人",
    ],
)
def test_telephone_numbers_dates_and_pay_pass(text: str | None) -> None:
    refuse_private(text, field="note")


@settings(max_examples=300)
@given(st.integers(0, 99_998), st.sampled_from([" ", "、", "-"]))
def test_neighbouring_codes_of_stations_are_no_bank_card(serial: int, between: str) -> None:
    assert private_number(f"{station_code(serial)}{between}{station_code(serial + 1)}") is None


@given(st.integers(0, 9), st.text("0123456789", min_size=14, max_size=14))
def test_every_card_of_sixteen_digits_with_a_right_check_digit_is_found(last: int, middle: str) -> None:
    number = f"6{middle}{last}"
    doubled = "".join(str(int(digit) * 2) for digit in number[-2::-2])
    right = sum(map(int, number[::-2] + doubled)) % 10 == 0
    # The same digits may also be the number of an identity card of fifteen.
    assert (private_number(number) == "bank_card") is right
