"""What a password is made of, as one who guesses would see it: known words, runs on the keyboard, dates, repetition.

A guesser tries combinations of such pieces long before single characters. So a password is cut into as few pieces as
possible, each a known word, a run or one character, and the number of pieces says how much there is to guess. The idea
is that of zxcvbn (Wheeler, USENIX Security 2016), with the habits of Chinese users put in its place (Li, Han and Xu,
USENIX Security 2014): 1314 and 520, woaini, a letter before a run of digits, birthdays, pinyin of one's own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from pypinyin import lazy_pinyin

__all__ = ["explained"]

_WORDS = """
    a123456 aa123456 abc123 abcd1234 admin administrator asdf asdfgh asdfghjkl baobao baobei beijing changeme chengdu
    china chinese client computer county dearbook default demo dragon editor family football forever friend golmud
    gongan gonghui guest haidong hainan happy harbour hello huangnan huangzhong iloveyou internet jesus jiayou killer
    kunlun laoban laogong laopo letmein login love lovely loveyou lucky map master minhe mima money monkey mother mypass
    mypassword nihao nihaoma office panda pass passw passwd password princess qazwsx qinghai qingdao qq qwer qwerty
    qwertyui qwertyuiop root secret service shanghai shabi shenzhen sunshine super superman system taobao temp test
    test123 tianya union user wangyi weixin welcome wechat woaini woaiwo wodemima wohenhao work worker xiaogege xiaoming
    xihuan xining yiersan yizhan yonghu yushu zhan zhanghao zhongguo zhonghua zhanma 1qaz 2wsx 3edc 4rfv 1q2w 3e4r 5t6y
    1314 520 521 5201314 7758521 7758258 584 88 888 666 168 147 258 369 110 119 120 12351 12345 007 5211314 3344
"""
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "`1234567890-=",
    "qwertyuiop[]\\",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "!@#$%^&*()_+",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "qazwsxedcrfvtgbyhnujmikolp",
    "147258369",
    "1q2w3e4r5t6y7u8i9o0p",
    "a1s2d3f4g5h6j7k8l9",
)
_MEANT = str.maketrans("013457@$!", "oieastasi")
_DATE = re.compile(
    r"(?:19|20)\d\d(?:0?[1-9]|1[0-2])(?:0?[1-9]|[12]\d|3[01])|(?:19|20)\d\d(?:0[1-9]|1[0-2])?"
    r"|\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|1[3-9]\d{9}"
)
_SAME = re.compile(r"(.{1,4}?)\1+", re.DOTALL)


def explained(password: str, about: Iterable[str] = ()) -> tuple[str, ...]:
    """Cut a password into the fewest pieces that a guesser knows; a character that belongs to none is its own piece.

    about: what is known of the person, such as the login and the name; Chinese is read in pinyin too.
    """
    text = password.lower()
    meant = text.translate(_MEANT)
    words = _known() | _personal(about)
    # fewest[i]: the pieces of text[:i].
    fewest: list[tuple[str, ...]] = [()]
    for end in range(1, len(text) + 1):
        best = (*fewest[end - 1], text[end - 1])
        for start in range(max(0, end - 20), end - 1):
            if len(fewest[start]) + 1 < len(best) and _is_piece(text[start:end], meant[start:end], words):
                best = (*fewest[start], text[start:end])
        fewest.append(best)
    return fewest[-1]


def _is_piece(piece: str, meant: str, words: frozenset[str]) -> bool:
    if piece in words or meant in words:
        return True
    if len(piece) >= 3 and any(piece in row or piece in row[::-1] for row in _ROWS):
        return True
    return _DATE.fullmatch(piece) is not None or (len(piece) >= 3 and _SAME.fullmatch(piece) is not None)


@cache
def _known() -> frozenset[str]:
    words = _WORDS.split()
    return frozenset(words) | {word.translate(_MEANT) for word in words}


def _personal(about: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for text in about:
        lower = text.lower()
        syllables = [syllable.lower() for syllable in lazy_pinyin(lower)]
        found |= {lower, *re.split(r"[^\w]+", lower), "".join(syllables), "".join(s[:1] for s in syllables)}
        found |= set(syllables)
    return frozenset(word for word in found if len(word) >= 2)
