"""How names are read aloud and written down for the search: pinyin, initials, sounds that are taken for each other.

pypinyin's dictionaries know most words; place names of our provinces that they read wrongly stand in ``_PLACES``.
Its own reader takes 0.2 ms a name, which is a minute for a national list; longest match over the same dictionaries
gives the same readings in some microseconds. A character of a place name that is read in two ways (多音字) is kept
in both, because people ask by what they see.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import chain, islice, product

__all__ = [
    "bigrams",
    "folded",
    "plain",
    "read_aloud",
    "readings",
    "search_pairs",
    "search_text",
    "sound_pairs",
]

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
#: Characters that people read in either way when they meet them in a name (Xinhua dictionary; the neutral tone and
#: readings of the literary language left out).
_EITHER = {
    character: tuple(ways.split())
    for character, ways in {
        "长": "chang zhang", "重": "chong zhong", "乐": "le yue", "行": "xing hang", "朝": "chao zhao",
        "单": "dan shan",
        "厦": "sha xia", "蚌": "beng bang", "六": "liu lu", "查": "cha zha", "解": "jie xie", "盖": "gai ge",
        "尉": "wei yu", "藏": "zang cang", "柏": "bai bo", "堡": "bao pu", "泊": "bo po", "番": "fan pan",
        "莘": "xin shen", "渑": "mian sheng", "洞": "dong tong", "车": "che ju", "觉": "jue jiao", "卡": "ka qia",
        "落": "luo lao", "绿": "lv lu", "牟": "mu mou", "尾": "wei yi", "校": "xiao jiao", "翟": "zhai di",
        "扎": "zha za", "省": "sheng xing", "宿": "su xiu", "巷": "xiang hang", "角": "jiao jue", "传": "chuan zhuan",
        "弹": "dan tan", "谷": "gu yu", "降": "jiang xiang", "塞": "sai se", "盛": "sheng cheng", "拓": "tuo ta",
        "叶": "ye xie", "员": "yuan yun", "曾": "zeng ceng", "什": "shi shen", "石": "shi dan", "大": "da dai",
        "都": "du dou", "系": "xi ji", "圩": "xu wei", "埔": "pu bu", "铺": "pu bu", "缪": "miao mou", "仇": "qiu chou",
        "种": "zhong chong", "参": "can shen", "强": "qiang jiang", "勒": "le lei", "亳": "bo hao", "台": "tai yi",
        "血": "xue xie", "薄": "bo bao", "剥": "bo bao", "差": "cha chai", "便": "bian pian", "会": "hui kuai",
    }.items()
}  # fmt: skip
#: Everyday words in which nobody hesitates; a second reading there would only find what was not meant.
_SURE = re.compile(
    "银行|支行|分行|总行|行政|行委|大厦|大厅|大道|大街|大学|大厂|大药房|大楼|大门|工会|社会|委员|会议|便民|便利|车站|"
    "汽车|停车|火车|石油|石化|石材|青海省|学校|都市|首都|长途|平台|台阶|人员|传媒|角落|村落|血站|参加"
)
_LETTERS = re.compile(r"[0-9A-Za-z]+")
_LONGEST = 6
_MOST_READINGS = 8


@cache
def _dictionaries() -> tuple[dict[str, tuple[str, ...]], dict[str, int], dict[str, str]]:
    """Return readings of phrases, the length of the longest phrase by its first two characters, and single readings."""
    from pypinyin.contrib.tone_convert import to_normal
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    toneless = lru_cache(maxsize=None)(to_normal)
    phrases = {
        phrase: tuple(toneless(reading[0]) for reading in syllables)
        for phrase, syllables in phrases_dict.items()
        if len(phrase) == len(syllables) and 2 <= len(phrase) <= _LONGEST
    }
    phrases.update((name, tuple(reading.split())) for name, reading in _PLACES.items())
    longest: dict[str, int] = {}
    for phrase in phrases:
        longest[phrase[:2]] = max(len(phrase), longest.get(phrase[:2], 0))
    characters = {chr(point): toneless(given.split(",", 1)[0]) for point, given in pinyin_dict.items()}
    return phrases, longest, characters


@lru_cache(maxsize=50_000)
def read_aloud(name: str) -> tuple[str, ...]:
    """Return the syllables of a name without tones, other words in small letters as they are.

    ``川口镇`` gives ``("chuan", "kou", "zhen")``. A character that no dictionary knows is left out.
    """
    return tuple(_spoken(name)[0])


@lru_cache(maxsize=50_000)
def readings(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways in which a name may be read, the right one first, at most eight.

    ``长宁镇`` gives ``chang ning zhen`` and ``zhang ning zhen``: whoever asks may have seen the characters only.
    """
    syllables, places = _spoken(name)
    if not syllables:
        return ()
    first = tuple(syllables)
    doubtful = [index for index, at in enumerate(places) if at >= 0 and name[at] in _EITHER]
    if not doubtful:
        return (first,)
    sure = _sure_positions(name)
    ways: list[tuple[str, ...]] = [(syllable,) for syllable in first]
    for index in doubtful:
        if places[index] not in sure:
            ways[index] = tuple(dict.fromkeys((first[index], *_EITHER[name[places[index]]])))
    # One character read otherwise comes before two, so that the limit cuts what is least likely.
    one_off = (
        (*first[:index], other, *first[index + 1 :]) for index, way in enumerate(ways) for other in way[1:]
    )
    return tuple(islice(dict.fromkeys(chain((first,), one_off, product(*ways))), _MOST_READINGS))


def _sure_positions(name: str) -> set[int]:
    return {at for match in _SURE.finditer(name) for at in range(*match.span())}


def _spoken(name: str) -> tuple[list[str], list[int]]:
    """Return the syllables, and for each the position of its character; -1 for a word in letters."""
    phrases, longest, characters = _dictionaries()
    syllables: list[str] = []
    places: list[int] = []
    at = 0
    while at < len(name):
        character = name[at]
        if character.isascii():
            word = _LETTERS.match(name, at)
            if word is not None:
                syllables.append(word[0].lower())
                places.append(-1)
            at = at + 1 if word is None else word.end()
            continue
        for length in range(min(longest.get(name[at : at + 2], 0), len(name) - at), 1, -1):
            reading = phrases.get(name[at : at + length])
            if reading is not None:
                syllables += reading
                places += range(at, at + length)
                at += length
                break
        else:
            single = characters.get(character)
            if single:
                syllables.append(single)
                places.append(at)
            at += 1
    return syllables, places


def plain(text: str) -> str:
    """Return a text as names are compared: full-width made half, small letters, no spaces, no punctuation."""
    text = unicodedata.normalize("NFKC", text).lower()
    if text.isalnum():
        return text
    return "".join(c for c in text if c.isalnum() or unicodedata.category(c)[0] == "M")


def bigrams(text: str) -> str:
    """Return the pairs of neighbouring characters of a text, each once, with spaces between them.

    White space and punctuation separate; a text of one character gives itself. Full-width is half-width here too.
    """
    kept = "".join(c if c.isalnum() else " " for c in unicodedata.normalize("NFKC", text).lower())
    pairs: dict[str, None] = {}
    for part in kept.split():
        if len(part) == 1:
            pairs[part] = None
        for at in range(len(part) - 1):
            pairs[part[at : at + 2]] = None
    return " ".join(pairs)


@lru_cache(maxsize=4096)
def folded(syllable: str) -> str:
    """Return a syllable without the differences that many people neither hear nor type (模糊音).

    zh, ch, sh are z, c, s; ang, eng, ing are an, en, in; l is n; ü is u. The table that Chinese input methods offer.
    """
    sound = syllable
    if sound[1:2] == "h" and sound[0] in "zcs":
        sound = sound[0] + sound[2:]
    if sound.endswith(("ang", "eng", "ing")):
        sound = sound[:-1]
    if sound.startswith("l"):
        sound = "n" + sound[1:]
    return sound.replace("v", "u")


def sound_pairs(*names: str | None) -> str:
    """Return the neighbouring syllables of names, folded, in every reading, each pair once: ``min'he he'can``."""
    pairs: dict[str, None] = {}
    for name in names:
        for reading in readings(name) if name else ():
            sounds = [folded(syllable) for syllable in reading]
            for at in range(len(sounds) - 1):
                pairs[f"{sounds[at]}'{sounds[at + 1]}"] = None
    return " ".join(pairs)


def search_pairs(*names: str | None, address: str | None = None) -> str:
    """Return what the search looks up: pairs of characters of names and address, pairs of sounds of names.

    Names in Latin letters are left out: they are found by their letters.
    """
    written = [plain(name) for name in names if name and not name.isascii()]
    return f"{bigrams(' '.join([*written, address or '']))} {sound_pairs(*names)}".strip()


def search_text(*names: str | None) -> str:
    """Return what the search looks through: the names, their readings and the readings' initials.

    ``|川口驿站|/|chuan kou yi zhan|/|ckyz|``: the bars tell where a name begins and ends, which is what a prefix and an
    exact match are; a name itself holds neither bar nor stroke nor space.
    """
    given = [name for name in names if name]
    read = [reading for name in given for reading in readings(name)]
    sections = (
        (plain(name) for name in given),
        (" ".join(reading) for reading in read),
        ("".join(syllable[0] for syllable in reading) for reading in read if len(reading) > 1),
    )
    return "/".join(f"|{'|'.join(dict.fromkeys(filter(None, section)))}|" for section in sections)
