"""Numbers from which a person or an account can be found, in words that people type: identity cards and bank cards.

They never belong into this registry, whoever writes: the public in a report, staff in a note, an employer's request.
Digits are read however they are written (full width, 一三八, 壹, ①, Tibetan …) and across the spaces and dashes that
people put between them. Hours (8:00-20:00), dates, landline numbers and codes of stations are left alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from itertools import accumulate

from stations.errors import Invalid

__all__ = ["NAMES", "personal_numbers", "private_number", "refuse_private"]

#: Digits as they are written and as they are said over the telephone (幺 for 1, 洞 for 0 …).
_SPELLED = {
    spelling: str(value)
    for value, spellings in enumerate(
        ("零〇洞", "一壹幺", "二贰貳两兩", "三叁參", "四肆", "五伍", "六陆陸", "七柒拐", "八捌", "九玖勾")
    )
    for spelling in spellings
}
#: At most so many characters that are no letters stand between two digits of one number.
_MAX_GAP = 3
_LONGEST = 19
#: A colon parts hours from minutes, a slash parts dates: neither stands inside one of these numbers.
_PARTS = frozenset(":/;\n")
_MOBILE = re.compile(r"(?:(?:00)?86|0)?1[3-9][0-9]{9}")
_BANK_CARD = re.compile(r"[2-9][0-9]{12,18}")
_PROVINCE = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_ID_18 = re.compile(_PROVINCE + "[0-9]{15}[0-9X]")
_ID_15 = re.compile(_PROVINCE + "[0-9]{13}")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
#: Nobody who is alive was born before; years to come are not known here.
_FIRST_BIRTH = 1900
#: What each kind of number is called in a refusal.
NAMES = {
    "identity_card": "an identity card number",
    "bank_card": "a bank card number",
    "phone": "a mobile phone number",
}


def refuse_private(text: str | None, *, field: str) -> None:
    """Raise Invalid where the number of an identity card or of a bank card stands in ``text``.

    A telephone number is none of these: staff write whom one may call. The message says which kind of number it is and
    never repeats it; ``reason`` is ``identity_card`` or ``bank_card``.
    """
    if text is not None and (kind := private_number(text)) is not None:
        raise Invalid(
            f"{field}: this looks like {NAMES[kind]}; leave it out, nothing was stored",
            field=field,
            reason=kind,
        )


def private_number(text: str) -> str | None:
    """Tell which kind of private number stands in ``text``: ``identity_card``, ``bank_card``, or None."""
    return next((kind for kind in personal_numbers(text) if kind != "phone"), None)


def personal_numbers(text: str) -> Iterator[str]:
    """Yield the kind of each personal number in ``text``: ``identity_card``, ``phone``, ``bank_card``.

    Identity cards by GB 11643 (18 characters or the older 15, with a possible birth date; a wrong check character makes
    no difference, since a number with a slip in it still tells who somebody is, unless the digits are written like dates
    and hours side by side), bank cards by the Luhn check of ISO/IEC 7812, mobile numbers by their eleven digits, with or without 86.
    """
    for groups in _candidates(text):
        number = "".join(groups)
        if _is_identity_card(number, groups):
            yield "identity_card"
        elif _MOBILE.fullmatch(number):
            yield "phone"
        elif _BANK_CARD.fullmatch(number) and _is_bank_card(number, groups):
            yield "bank_card"


def _candidates(text: str) -> Iterator[list[str]]:
    """Yield every run of neighbouring groups of digits that could be one number."""
    for groups in _runs(text):
        for start in range(len(groups)):
            for end, length in enumerate(accumulate(map(len, groups[start:])), start + 1):
                if length > _LONGEST:
                    break
                yield groups[start:end]


def _runs(text: str) -> Iterator[list[str]]:
    """Yield groups of digits, a list for those with only spaces, dashes and the like between them."""
    groups: list[str] = []
    gap = 0
    for character in unicodedata.normalize("NFKC", text):
        digit = _digit(character)
        if digit is not None:
            if groups and gap == 0:
                groups[-1] += digit
            else:
                groups.append(digit)
            gap = 0
        elif character in "Xx" and groups:
            # The check character of an identity card stands only at its end.
            yield [*groups[:-1], f"{groups[-1]}X"] if gap == 0 else [*groups, "X"]
            yield groups
            groups, gap = [], 0
        else:
            gap += 1
            if gap > _MAX_GAP or character in _PARTS or unicodedata.category(character)[0] == "L":
                yield groups
                groups, gap = [], 0
    yield groups


def _digit(character: str) -> str | None:
    if (spelled := _SPELLED.get(character)) is not None:
        return spelled
    value = unicodedata.digit(character, None)
    return None if value is None else str(value)


def _is_identity_card(number: str, groups: list[str]) -> bool:
    if _ID_18.fullmatch(number):
        total = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
        checked = number[17] == "10X98765432"[total % 11]
        return _is_birth(number[6:14]) and (checked or _is_written_as_card(groups))
    return _ID_15.fullmatch(number) is not None and _is_birth(f"19{number[6:12]}")


def _is_birth(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= _FIRST_BIRTH
    except ValueError:
        return False


def _is_written_as_card(groups: list[str]) -> bool:
    """Tell a card, in groups of three and more or all of one size, from dates and hours that stand side by side."""
    sizes = {len(group) for group in groups[:-1]}
    return len(sizes) <= 1 or min(sizes) >= 3


def _is_bank_card(number: str, groups: list[str]) -> bool:
    """Tell a card from other numbers that stand side by side: it is written in groups of one size, but for the last.

    Two groups of seven are landline numbers, and neighbouring codes of stations carry check digits of their own.
    """
    sizes = [len(group) for group in groups]
    if len({*sizes[:-1]}) > 1 or sizes == [7, 7]:
        return False
    return _passes_luhn(number) and not (len(groups) > 1 and all(map(_is_station_code, groups)))


def _is_station_code(group: str) -> bool:
    """Tell whether a group is a station's code: eight digits or more, ISO 7064 MOD 11,10."""
    product = 10
    for digit in group[:-1]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return len(group) >= 8 and (11 - product) % 10 == int(group[-1])


def _passes_luhn(number: str) -> bool:
    doubled = "".join(str(int(digit) * 2) for digit in number[-2::-2])
    return sum(int(digit) for digit in number[::-2] + doubled) % 10 == 0
