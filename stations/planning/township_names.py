"""How townships are written: 川口, 川口镇 and 川口镇人民政府 are one; 杏儿乡 and 杏儿藏族乡 are one too.

A township that rose from 乡 to 镇 or 街道 keeps its stem, so a stem within a county is what two lists share.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from stations.registry.place_names import cleaned

__all__ = ["TownshipName", "code_of", "named"]

_NATION: Final = (
    "蒙古|维吾尔|布依|朝鲜|土家|哈尼|哈萨克|傈僳|拉祜|东乡|纳西|景颇|柯尔克孜|达斡尔|仫佬|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|"
    "乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|高山|各|回|藏|苗|彝|壮|满|侗|瑶|白|傣|黎|佤|畲|水|土|羌|怒|京"
)
_OFFICE: Final = re.compile(r"(.{2,}?)(?:人民政府|政府|办事处|党委|管理委员会|管委会|(?<=街道)办)")
_NATIONAL: Final = re.compile(rf"(.{{2,}}?)(?:(?:{_NATION})族)+(乡|苏木)")
_PLAIN: Final = re.compile(r"(.{2,}?)(民族乡|街道|地区|苏木|镇|乡)")
_DIGITS: Final = re.compile(r"\d{9}(\d{3})?", re.ASCII)
_NO_CODE: Final = ("", "0", "-", "无")


@dataclass(frozen=True, slots=True)
class TownshipName:
    """A name without its office, and its stem, which is what a rise in rank or a nationality in it leaves alone."""

    full: str
    stem: str


def named(text: str) -> TownshipName:
    """Take a name apart. A name too short to lose anything is its own stem."""
    full = cleaned(text)
    if office := _OFFICE.fullmatch(full):
        full = office[1]
    match = _NATIONAL.fullmatch(full) or _PLAIN.fullmatch(full)
    return TownshipName(full, match[1] if match else full)


def code_of(text: str) -> str | None:
    """Return the nine digits of a township's code; None where nothing is written.

    Twelve digits are those of the statistical code with 000 for the township itself. Raises ValueError, quoting it, for
    anything else: a county's six digits, a village's twelve, a number that a spreadsheet cut short.
    """
    found = unicodedata.normalize("NFKC", text).strip().removesuffix(".0")
    if found in _NO_CODE:
        return None
    if not _DIGITS.fullmatch(found) or (len(found) == 12 and not found.endswith("000")):
        raise ValueError(f"{text[:40]!r} is no code of a township: nine digits, such as 630222100")
    return found[:9]
