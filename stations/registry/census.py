"""What is known of regions beside their outlines: people of the 2020 census.

Source: the Seventh National Population Census (第七次全国人口普查), 1 November 2020, permanent residents, as published
for Qinghai by province, prefecture and, for some, county. A region that is not here is unknown, never empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["CENSUS_YEAR", "PEOPLE"]

CENSUS_YEAR: Final = 2020

#: GB/T 2260 code: persons.
PEOPLE: Final[Mapping[str, int]] = MappingProxyType(
    {
        "630000": 5_923_957,
        "630100": 2_467_965,
        "630106": 395_043,
        "630121": 403_368,
        "630200": 1_358_471,
        "630222": 326_964,
        "632200": 265_322,
        "632221": 138_335,
        "632300": 276_215,
        "632500": 446_996,
        "632600": 215_573,
        "632700": 425_199,
        "632800": 468_216,
    }
)
