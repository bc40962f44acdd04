"""When two names mean one station: for identity letter by letter, for a doubt by what is left without set words."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

__all__ = ["SEPARATOR", "alike", "identity_key", "identity_text", "place_key"]

#: Between the parts of an identity key: a character that ``identity_text`` never gives.
SEPARATOR: Final = "\x1f"

_SET_WORDS: Final = re.compile(
    "户外劳动者|户外职工|新就业形态|劳动者|环卫工人|环卫工|工会|爱心|驿站|接力站|服务站点|服务站|服务点|服务中心|站点|港湾|"
    "骑手|小哥|快递|外卖|职工|党群|便民|社区|街道|办事处|有限公司|分公司|公司"
)
_REGION: Final = re.compile(r"^(?:[^省]{2,8}省)?(?:[^市州]{2,8}[市州])?(?:[^县区]{1,10}[县区])?")
_ENOUGH: Final = 0.6


def identity_text(text: str) -> str:
    """Return a text without width, case, spaces and punctuation."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(filter(str.isalnum, folded.casefold()))


def place_key(address: str, lon: float | None, lat: float | None) -> str:
    """Return what tells two stations of one name apart: the address, else the position as received, else nothing."""
    if address and (plain := identity_text(address)):
        return "a" + hashlib.blake2b(plain.encode(errors="replace"), digest_size=8).hexdigest()
    if lon is not None and lat is not None:
        return f"p{lon:.5f},{lat:.5f}"
    return ""


def identity_key(name: str, district: str, host: str, place: str) -> str:
    """Return the key under which a source knows a station."""
    return SEPARATOR.join((name, district, host, place))


def alike(one: str, other: str) -> bool:
    """Tell whether two names of near neighbours may mean one station.

    The set words (工会, 驿站 …) and the regions in front are left out; what remains must contain the other or share
    most of its pairs of characters (Dice's coefficient). A name of set words alone is like any other.
    """
    a, b = _core(one), _core(other)
    if not a or not b or a in b or b in a:
        return True
    pairs_a = {a[at : at + 2] for at in range(max(1, len(a) - 1))}
    pairs_b = {b[at : at + 2] for at in range(max(1, len(b) - 1))}
    return 2 * len(pairs_a & pairs_b) / (len(pairs_a) + len(pairs_b)) >= _ENOUGH


def _core(name: str) -> str:
    plain = identity_text(name)
    return _SET_WORDS.sub("", _REGION.sub("", plain))
