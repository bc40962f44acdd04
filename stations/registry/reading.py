"""How names are read aloud: pinyin and initials, for a search by ear or by thumb.

pypinyin's dictionaries know most words; place names of our provinces that they read wrongly stand in ``_PLACES``.
Its own reader takes 0.2 ms a name, which is a minute for a national list; longest match over the same dictionaries
gives the same readings in some microseconds.
"""

from __future__ import annotations

from functools import cache, lru_cache

__all__ = ["bigrams", "read_aloud", "search_text"]

#: Readings of names that are not what the characters say elsewhere. Sources: the names' own official romanisation.
_PLACES = {
    "朝阳": "chao yang",
    "朝阳街道": "chao yang jie dao",
    "长宁镇": "chang ning zhen",
    "乐都": "le du",
    "乐都区": "le du qu",
    "曲麻莱": "qu ma lai",
    "重庆": "chong qing",
    "大柴旦": "da chai dan",
    "行委": "xing wei",
    "冷湖": "leng hu",
    "茫崖": "mang ya",
    "曲沟": "qu gou",
    "都兰": "du lan",
    "都兰县": "du lan xian",
    "单采": "dan cai",
    "六安": "lu an",
    "蚌埠": "beng bu",
    "驿站": "yi zhan",
    "银行": "yin hang",
    "支行": "zhi hang",
    "分行": "fen hang",
    "行政": "xing zheng",
    "大厦": "da sha",
    "厦门": "xia men",
    "长途": "chang tu",
    "长江路": "chang jiang lu",
    "重工": "zhong gong",
}
_LONGEST = 6


@cache
def _dictionaries() -> tuple[dict[str, str], dict[int, str]]:
    from pypinyin.contrib.tone_convert import to_normal
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    plain = lru_cache(maxsize=None)(to_normal)
    phrases = {
        phrase: " ".join(plain(reading[0]) for reading in readings)
        for phrase, readings in phrases_dict.items()
        if 2 <= len(phrase) <= _LONGEST
    }
    phrases.update(_PLACES)
    characters = {point: plain(readings.split(",", 1)[0]) for point, readings in pinyin_dict.items()}
    return phrases, characters


@lru_cache(maxsize=50_000)
def read_aloud(name: str) -> tuple[str, ...]:
    """Return the syllables of a name without tones, other words in small letters as they are.

    ``川口镇`` gives ``("chuan", "kou", "zhen")``. A character that no dictionary knows is left out.
    """
    phrases, characters = _dictionaries()
    syllables: list[str] = []
    word = ""
    at = 0
    while at < len(name):
        character = name[at]
        if character.isascii() and character.isalnum():
            word += character.lower()
            at += 1
            continue
        if word:
            syllables.append(word)
            word = ""
        for length in range(min(_LONGEST, len(name) - at), 1, -1):
            reading = phrases.get(name[at : at + length])
            if reading is not None:
                syllables.extend(reading.split())
                at += length
                break
        else:
            single = characters.get(ord(character))
            if single:
                syllables.append(single)
            at += 1
    if word:
        syllables.append(word)
    return tuple(syllables)


def bigrams(text: str) -> str:
    """Return the pairs of neighbouring characters of a text, each once, with spaces between them.

    White space and punctuation separate; a text of one character gives itself.
    """
    kept = "".join(c.lower() if c.isalnum() else " " for c in text)
    pairs: dict[str, None] = {}
    for part in kept.split():
        if len(part) == 1:
            pairs[part] = None
        for at in range(len(part) - 1):
            pairs[part[at : at + 2]] = None
    return " ".join(pairs)


def search_text(*names: str | None) -> str:
    """Return what the search looks through: the names themselves, their syllables and their initials."""
    given = [name for name in names if name]
    read = [read_aloud(name) for name in given]
    return " | ".join(
        [*(name.lower() for name in given)]
        + [" ".join(syllables) for syllables in read if syllables]
        + ["".join(syllable[0] for syllable in syllables) for syllables in read if len(syllables) > 1]
    )
