"""The colours that pictures are drawn in: those of the style sheet, under the same names.

``css/base.css`` has them for the browser; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "Palette"]


@dataclass(frozen=True, slots=True)
class Palette:
    """Opaque colours, ``#rrggbb``; each is the variable of that name in the style sheet."""

    paper: str
    ink: str
    ink_soft: str
    line: str
    accent: str
    on_accent: str
    service: str
    on_service: str
    warn: str
    quiet: str
    ground: str
    land: str
    line_county: str
    line_prefecture: str
    line_province: str
    water: str
    shore: str
    name_area: str
    name_place: str
    pin_rim: str
    #: The style sheet's is a little transparent; a picture has nothing to shine through.
    name_halo: str


LIGHT = Palette(
    paper="#ffffff",
    ink="#16211d",
    ink_soft="#52605a",
    line="#dde3e0",
    accent="#0a7a4f",
    on_accent="#ffffff",
    service="#4a4cae",
    on_service="#ffffff",
    warn="#a83210",
    quiet="#6a766f",
    ground="#e4e9ea",
    land="#f8f6f0",
    line_county="#d3cec2",
    line_prefecture="#b3ad9f",
    line_province="#948e7f",
    water="#b8d8ea",
    shore="#8fbcd6",
    name_area="#6b6658",
    name_place="#2f3b37",
    pin_rim="#ffffff",
    name_halo="#faf9f5",
)
DARK = Palette(
    paper="#17201d",
    ink="#e9efec",
    ink_soft="#a3b1ab",
    line="#2b3733",
    accent="#45c48e",
    on_accent="#06251a",
    service="#a6a8f7",
    on_service="#17184a",
    warn="#ff9d7d",
    quiet="#8b9892",
    ground="#0b110f",
    land="#1b2522",
    line_county="#33403b",
    line_prefecture="#51625b",
    line_province="#74877f",
    water="#173848",
    shore="#28566c",
    name_area="#94a39c",
    name_place="#d3ddd8",
    pin_rim="#0f1614",
    name_halo="#121a17",
)
