"""What the regions are called in Latin letters: in Qinghai as officially spelled, elsewhere by the sound of Chinese.

Short, as maps write them: without the word for the rank (Minhe and not Minhe Hui and Tu Autonomous County). Names that
come from Tibetan or Mongolian are not spelled by the sound of their Chinese characters: 果洛 is Golog and not Guoluo.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from stations.registry.place_names import written
from stations.registry.reading import read_aloud

__all__ = ["SPELLED", "in_letters"]

#: Spellings that the sound of the characters does not give, by code. Source: GB/T 2260 and the gazetteer of SBSM,
#: 中国地名录, which spell Tibetan and Mongolian names by those languages.
SPELLED: Final = MappingProxyType(
    {
        "150000": "Inner Mongolia",
        "150100": "Hohhot",
        "150600": "Ordos",
        "150700": "Hulunbuir",
        "150800": "Bayannur",
        "150900": "Ulanqab",
        "152200": "Hinggan",
        "152500": "Xilingol",
        "152900": "Alxa",
        "540000": "Tibet",
        "540100": "Lhasa",
        "540200": "Xigazê",
        "540300": "Qamdo",
        "540400": "Nyingchi",
        "540600": "Nagqu",
        "542500": "Ngari",
        "610000": "Shaanxi",
        "810000": "Hong Kong",
        "820000": "Macao",
        "632224": "Gangca",
        "632322": "Jainca",
        "632323": "Zêkog",
        "632600": "Golog",
        "632621": "Maqên",
        "632622": "Baima",
        "632623": "Gadê",
        "632624": "Darlag",
        "632625": "Jigzhi",
        "632626": "Madoi",
        "632722": "Zadoi",
        "632723": "Chindu",
        "632724": "Zhidoi",
        "632725": "Nangqên",
        "632726": "Qumarlêb",
        "632801": "Golmud",
        "632821": "Ulan",
        "632857": "Da Qaidam",
        "650100": "Ürümqi",
        "650200": "Karamay",
        "650400": "Turpan",
        "652700": "Bortala",
        "652800": "Bayingolin",
        "652900": "Aksu",
        "653000": "Kizilsu",
        "653100": "Kashgar",
        "653200": "Hotan",
        "654000": "Ili",
        "654300": "Altay",
    }
)
_OPEN: Final = "aeo"


def in_letters(code: str, name: str) -> str:
    """Return the short name of a region in letters: ``630222``, 民和回族土族自治县 → Minhe.

    A syllable that begins with a vowel is set off by an apostrophe (平安区 → Ping'an). What stands in letters in the
    name stays as it is read.
    """
    if code in SPELLED:
        return SPELLED[code]
    first, *rest = read_aloud(written(name).stem)
    joined = first + "".join(f"'{one}" if one[0] in _OPEN else one for one in rest)
    return joined[:1].upper() + joined[1:]
