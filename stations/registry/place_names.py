"""How the names of administrative regions are shortened, and which rank a written name claims.

Lists write 民和县 for 民和回族土族自治县 and go on writing 湟中县 years after it became 湟中区. A region rises
from county to city to district, never back, so an older, lower rank still names it and a higher one does not.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

__all__ = ["Written", "cleaned", "written"]

# The names of the nationalities as they stand in names of autonomous regions; a short one needs its 族.
_LONG: Final = (
    "蒙古|维吾尔|布依|朝鲜|土家|哈尼|哈萨克|傈僳|拉祜|东乡|纳西|景颇|柯尔克孜|达斡尔|仫佬|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|"
    "乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|高山"
)
_SHORT: Final = "各|回|藏|苗|彝|壮|满|侗|瑶|白|傣|黎|佤|畲|水|土|羌|怒|京"
_AUTONOMOUS: Final = re.compile(rf"(.{{2,}}?)(?:(?:{_LONG})族?|(?:{_SHORT})族)+(自治(?:区|州|县|旗))")
_PLAIN: Final = re.compile(
    r"(.{2,}?)(特别行政区|行政委员会|行委|自治区|自治州|自治县|自治旗|地区|林区|特区|省|州|盟|市|县|旗|区)"
)
_SEPARATORS: Final = re.compile(r"[\s/\\|>,，、·—-]+")

#: Suffix: (levels it can stand for, rank among them).
_CLAIMS: Final[dict[str, tuple[frozenset[str], int]]] = {
    suffix: (frozenset(levels.split()), rank)
    for suffixes, levels, rank in (
        ("省 自治区 特别行政区", "province", 1),
        ("地区 盟 州 自治州", "prefecture", 1),
        ("县 自治县 旗 自治旗 行委 行政委员会 特区 林区", "county", 1),
        ("市", "province prefecture county", 2),
        ("区", "county", 3),
    )
    for suffix in suffixes.split()
}
_ANYTHING: Final = (frozenset(("province", "prefecture", "county")), 0)


@dataclass(frozen=True, slots=True)
class Written:
    """A name as somebody wrote it: without its suffix, and what the suffix says."""

    stem: str
    levels: frozenset[str]
    rank: int

    def may_mean(self, other: Written, level: str) -> bool:
        """Tell whether these words may stand for a region of ``level`` whose own name is ``other``."""
        return self.stem == other.stem and level in self.levels and other.rank >= self.rank


def cleaned(text: str) -> str:
    """Return a name in plain full characters, without spaces and separators."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))


def written(name: str) -> Written:
    """Take a cleaned name apart; a name too short to be shortened is its own stem."""
    match = _AUTONOMOUS.fullmatch(name) or _PLAIN.fullmatch(name)
    if match is None or name.endswith("新区"):
        return Written(name, *_ANYTHING)
    stem, suffix = match.groups()
    if suffix.startswith("自治") and len(stem) > 2:
        stem = stem.removesuffix("族")
    return Written(stem, *_CLAIMS[suffix])
