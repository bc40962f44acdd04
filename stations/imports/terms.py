"""The words of a cell read as words of the vocabulary: kinds, amenities, states, ways in, fees, premises."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from stations import vocabulary as words
from stations.imports.cells import Cell, cached, folded, is_blank
from stations.imports.problems import Kind

__all__ = [
    "access",
    "amenities",
    "amenity",
    "cards",
    "fee",
    "kind",
    "lifecycle",
    "position_quality",
    "premises",
]

_SEPARATORS: Final = re.compile(r"[、,，;；/|\n\r+＋·•。\s]+|和(?=[^和]{2})|及")
_NEGATION: Final = re.compile(r"(?:无|没有|暂无|不提供|未配备|缺)(.+)")
_BROKEN: Final = re.compile(r"(.+?)[(（]?(?:已?损坏|已?坏|故障|待修|维修中|停用)[)）]?")
_AND_SO_ON: Final = re.compile(r"等(?:设施|服务|设备)?$")
_REMARK: Final = re.compile(r"[(（][^()（）]*[)）]")
_COUNTED: Final = re.compile(r"(.+?)[x×*]?\d+[个台套把张部组处间]?")
_YES: Final = frozenset(
    (
        "有",
        "是",
        "√",
        "✓",
        "✔",
        "☑",
        "1",
        "y",
        "yes",
        "true",
        "t",
        "具备",
        "配备",
        "提供",
        "已配备",
        "已配置",
        "齐全",
    )
)
_NO: Final = frozenset(
    ("无", "否", "没有", "×", "✗", "✘", "x", "0", "n", "no", "false", "f", "不具备", "未配备", "不提供")
)


def _terms(terms: Mapping[str, words.Term]) -> dict[str, str]:
    known: dict[str, str] = {}
    for code, term in terms.items():
        for word in (term.zh, *term.aliases, code, term.en):
            known.setdefault(folded(word).casefold(), code)
    return known


def _term(text: str, known: Mapping[str, str], what: str, *, contained: bool = False) -> Cell:
    plain = folded(text).casefold().replace(" ", "")
    if (code := known.get(plain) or known.get(folded(text).casefold())) is not None:
        return Cell(code)
    if contained:
        within = [word for word in known if len(word) >= 2 and word in plain]
        # Of equally long words the first of the vocabulary, so that the answer does not depend on chance.
        if within:
            return Cell(known[max(within, key=len)])
    return Cell(None, Kind.UNKNOWN_WORD, f"no {what} is known by this word; left unknown")


_LIFECYCLE: Final = _terms(words.LIFECYCLE)
_ACCESS: Final = _terms(words.ACCESS)
_FEE: Final = _terms(words.FEE) | {
    "免费开放": "free",
    "全部免费": "free",
    "否": "free",
    "不收费": "free",
    "是": "fee",
}
_PREMISES: Final = _terms(words.PREMISES)
_QUALITY: Final = _terms(words.POSITION_QUALITY)
_AMENITIES: Final = _terms(words.AMENITIES)


def _kinds(*, rest: bool) -> tuple[tuple[str, str], ...]:
    known = (
        (alias, code) for alias, code in words.KIND_ALIASES.items() if (code in words.REST_KINDS) is rest
    )
    return tuple(sorted(known, key=lambda entry: -len(entry[0])))


#: Words and what kind they mean, the longest first.
_REST_WORDS: Final = _kinds(rest=True)
_SERVICE_WORDS: Final = _kinds(rest=False)

premises: Callable[[str], Cell] = cached(
    partial(_term, known=_PREMISES, what="kind of premises", contained=True)
)
access: Callable[[str], Cell] = cached(partial(_term, known=_ACCESS, what="way in", contained=True))
position_quality: Callable[[str], Cell] = cached(partial(_term, known=_QUALITY, what="position quality"))


@cached
def fee(text: str, header: str = "") -> Cell:
    """Read whether use costs money; 是 and 否 answer the question that the header asks (是否收费, 是否免费)."""
    plain = folded(text)
    if plain in {"是", "否"} and "免费" in header:
        return Cell("free" if plain == "是" else "fee")
    return _term(text, _FEE, "fee")


@cached
def lifecycle(text: str) -> Cell:
    """Read the state of life. An unknown word is no small thing: the station may be gone."""
    found = _term(text, _LIFECYCLE, "state")
    if found.value is None:
        return Cell(
            None, Kind.BAD_LIFECYCLE, "no known state; write 运营中, 暂停服务, 已关闭, 建设中 or 规划中"
        )
    return found


@cached
def cards(text: str) -> Cell:
    """Read a list of accepted cards."""
    return Cell(
        [card for card in dict.fromkeys(re.split(r"[、,，;；/|\n]", text)) if card.strip()][:20] or None
    )


def kind(text: str, *, of_name: bool = False) -> str | None:
    """Return the kind that a word or a name speaks of: its longest known word, one of a place to rest before others.

    A union station in a workers' centre, 工会驿站(职工服务中心), is a station.
    """
    plain = folded(text)
    if not of_name and plain in words.KINDS:
        return plain
    for known in (_REST_WORDS, _SERVICE_WORDS):
        for word, code in known:
            if word in plain:
                return code
    return "outdoor_workers_station" if of_name and "户外劳动者" in plain else None


@cached
def amenity(text: str) -> Cell:
    """Read the cell of an amenity's own column: ((value, out of order)); 有, 无, √, 2台, 损坏."""
    plain = folded(text).casefold()
    if plain in _NO:
        return Cell(("no", False))
    if plain in _YES or re.fullmatch(r"[1-9]\d{0,3}[个台套把张部组处间]?", plain):
        return Cell(("yes", False))
    if _BROKEN.fullmatch(f"有{plain}"):
        return Cell(("yes", True))
    return Cell(None, Kind.UNKNOWN_WORD, "neither 有 nor 无; left unknown")


@cached
def amenities(text: str) -> tuple[tuple[tuple[str, str, bool], ...], tuple[str, ...]]:
    """Read a list of amenities.

    Returns (code, yes or no, out of order) each once, by code, and the words that nobody knows. 无空调 is no;
    空调（损坏） is there and out of order. A word said both ways is not known.
    """
    found: dict[str, set[tuple[str, bool]]] = {}
    unknown: list[str] = []
    if (whole := _AMENITIES.get(folded(text).casefold())) is not None:
        return ((whole, "yes", False),), ()
    for part in _SEPARATORS.split(_without_lists(folded(text))):
        word = _AND_SO_ON.sub("", part.strip(" .:：()（）[]【】\"'“”"))
        if not word or is_blank(word):
            continue
        code, value, broken = _amenity(word)
        if code is None:
            unknown.append(word)
        else:
            found.setdefault(code, set()).add((value, broken))
    facts = tuple((code, *next(iter(said))) for code, said in sorted(found.items()) if len(said) == 1)
    unknown += [words.AMENITIES[code].zh for code, said in sorted(found.items()) if len(said) > 1]
    return facts, tuple(dict.fromkeys(unknown))


def _without_lists(text: str) -> str:
    # "空调(2台)" says nothing that "空调" does not; "空调(损坏)" does.
    return _REMARK.sub(lambda found: found[0] if _BROKEN.fullmatch(f"有{found[0]}") else " ", text)


@cached
def _amenity(word: str) -> tuple[str | None, str, bool]:
    plain = word.casefold()
    if (code := _AMENITIES.get(plain)) is not None:
        return code, "yes", False
    if (counted := _COUNTED.fullmatch(plain)) and (code := _AMENITIES.get(counted[1])) is not None:
        return code, "yes", False
    if (broken := _BROKEN.fullmatch(plain)) and (code := _AMENITIES.get(broken[1])) is not None:
        return code, "yes", True
    if (negated := _NEGATION.fullmatch(plain)) and (code := _AMENITIES.get(negated[1])) is not None:
        return code, "no", False
    for prefix in ("免费", "提供", "可", "有", "配备", "设有"):
        if plain.startswith(prefix) and (code := _AMENITIES.get(plain.removeprefix(prefix))) is not None:
            return code, "yes", False
    return None, "", False
