"""What a picture is drawn on: PNG by Pillow or SVG, behind the same few strokes.

Lengths are CSS pixels; colours are ``#rrggbb``. A canvas measures words the way it will draw them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal, Protocol

from markupsafe import escape
from PIL import Image, ImageDraw

from web.maps.fonts import Faces, drawable, font

__all__ = ["Canvas", "PngCanvas", "Point", "Ring", "SvgCanvas"]

Point = tuple[float, float]
Ring = Sequence[Point]
Anchor = Literal["left", "middle"]

#: Drawn so many times larger and then made smaller: Pillow's lines and areas have hard edges.
_FINER = 2
_COLOURS = 200
_SVG_FONTS = "PingFang SC, Noto Sans CJK SC, Noto Sans SC, WenQuanYi Micro Hei, Microsoft YaHei, sans-serif"


class Canvas(Protocol):
    """A surface of ``width`` by ``height``; later strokes lie over earlier ones."""

    width: float
    height: float

    def area(
        self, rings: Sequence[Ring], *, fill: str | None, line: str | None = None, wide: float = 0
    ) -> None:
        """Fill an outer ring less its holes, and draw a line along all of them."""

    def path(self, points: Ring, *, line: str, wide: float) -> None:
        """Draw an open line with round ends."""

    def disc(
        self, at: Point, radius: float, *, fill: str | None, line: str | None = None, wide: float = 0
    ) -> None:
        """Draw a circle."""

    def box(self, at: Point, size: Point, *, radius: float, fill: str) -> None:
        """Fill a rectangle with round corners; ``at`` is its upper left."""

    def words(self, at: Point, text: str, *, size: float, colour: str, bold: bool = False, halo: str | None = None,
              anchor: Anchor = "left") -> None:  # fmt: skip
        """Write one line; ``at`` is the middle of its height, and its left end or its middle."""

    def wide(self, text: str, *, size: float, bold: bool = False) -> float:
        """Return how wide a line would be."""

    def finish(self) -> bytes:
        """Return the file."""


class PngCanvas:
    """A PNG of ``scale`` device pixels to a CSS pixel."""

    def __init__(self, width: int, height: int, *, scale: int, ground: str, faces: Faces) -> None:
        self.width, self.height = float(width), float(height)
        self._k = scale * _FINER
        self._faces = faces
        self._image = Image.new("RGB", (width * self._k, height * self._k), ground)
        self._pen = ImageDraw.Draw(self._image)

    def area(
        self, rings: Sequence[Ring], *, fill: str | None, line: str | None = None, wide: float = 0
    ) -> None:
        drawn = [self._at_scale(ring) for ring in rings]
        if fill is not None and len(drawn) == 1:
            self._pen.polygon(drawn[0], fill=fill)
        elif fill is not None:
            mask = Image.new("1", self._image.size)
            pen = ImageDraw.Draw(mask)
            for number, ring in enumerate(drawn):
                pen.polygon(ring, fill=0 if number else 1)
            self._image.paste(fill, mask=mask)
        if line is not None:
            for ring in drawn:
                self._pen.line([*ring, ring[0], ring[1]], fill=line, width=self._thick(wide), joint="curve")

    def path(self, points: Ring, *, line: str, wide: float) -> None:
        self._pen.line(self._at_scale(points), fill=line, width=self._thick(wide), joint="curve")
        for end in (points[0], points[-1]):
            self.disc(end, wide / 2, fill=line)

    def disc(
        self, at: Point, radius: float, *, fill: str | None, line: str | None = None, wide: float = 0
    ) -> None:
        x, y, r = at[0] * self._k, at[1] * self._k, radius * self._k
        self._pen.ellipse(
            (x - r, y - r, x + r, y + r), fill=fill, outline=line, width=self._thick(wide) if line else 0
        )

    def box(self, at: Point, size: Point, *, radius: float, fill: str) -> None:
        x, y = at[0] * self._k, at[1] * self._k
        corners = (x, y, x + size[0] * self._k, y + size[1] * self._k)
        self._pen.rounded_rectangle(corners, radius * self._k, fill=fill)

    def words(self, at: Point, text: str, *, size: float, colour: str, bold: bool = False, halo: str | None = None,
              anchor: Anchor = "left") -> None:  # fmt: skip
        face = self._faces.bold if bold else self._faces.regular
        spot = (at[0] * self._k, at[1] * self._k)
        opened, shown = font(face, round(size * self._k)), drawable(text, face)
        side = "mm" if anchor == "middle" else "lm"
        weight = size * self._k / 40 if face.heavy else 0
        if halo is not None:
            self._pen.text(spot, shown, halo, opened, side, stroke_width=2 * self._k, stroke_fill=halo)
        self._pen.text(spot, shown, colour, opened, side, stroke_width=weight, stroke_fill=colour)

    def wide(self, text: str, *, size: float, bold: bool = False) -> float:
        face = self._faces.bold if bold else self._faces.regular
        return font(face, round(size * self._k)).getlength(drawable(text, face)) / self._k

    def finish(self) -> bytes:
        # A map has few colours: a palette makes the file a third as large and loses nothing that can be seen.
        small = self._image.reduce(_FINER).quantize(_COLOURS, dither=Image.Dither.NONE)
        file = io.BytesIO()
        small.save(file, "PNG", optimize=True)
        return file.getvalue()

    def _at_scale(self, points: Ring) -> list[Point]:
        return [(x * self._k, y * self._k) for x, y in points]

    def _thick(self, wide: float) -> int:
        return max(1, round(wide * self._k))


class SvgCanvas:
    """An SVG document; the reader's own fonts write the words, so widths are taken for what most fonts have."""

    def __init__(self, width: int, height: int, *, scale: int, ground: str, label: str = "") -> None:
        self.width, self.height = float(width), float(height)
        size = f'width="{width * scale}" height="{height * scale}" viewBox="0 0 {width} {height}"'
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(_plain(label))}">',
            f'<rect width="{width}" height="{height}" fill="{ground}"/>',
        ]

    def area(
        self, rings: Sequence[Ring], *, fill: str | None, line: str | None = None, wide: float = 0
    ) -> None:
        outline = "".join(f"M{_points(ring)}Z" for ring in rings)
        self._parts.append(f'<path d="{outline}" fill-rule="evenodd" {_look(fill, line, wide)}/>')

    def path(self, points: Ring, *, line: str, wide: float) -> None:
        self._parts.append(
            f'<path d="M{_points(points)}" stroke-linecap="round" stroke-linejoin="round" {_look(None, line, wide)}/>'
        )

    def disc(
        self, at: Point, radius: float, *, fill: str | None, line: str | None = None, wide: float = 0
    ) -> None:
        self._parts.append(
            f'<circle cx="{_short(at[0])}" cy="{_short(at[1])}" r="{_short(radius)}" {_look(fill, line, wide)}/>'
        )

    def box(self, at: Point, size: Point, *, radius: float, fill: str) -> None:
        x, y, width, height = (_short(value) for value in (*at, *size))
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{_short(radius)}" fill="{fill}"/>'
        )

    def words(self, at: Point, text: str, *, size: float, colour: str, bold: bool = False, halo: str | None = None,
              anchor: Anchor = "left") -> None:  # fmt: skip
        around = (
            f' stroke="{halo}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"' if halo else ""
        )
        place = ' text-anchor="middle"' if anchor == "middle" else ""
        weight = ' font-weight="700"' if bold else ""
        self._parts.append(
            f'<text x="{_short(at[0])}" y="{_short(at[1])}" dominant-baseline="central"{place}{weight} '
            f'font-family="{_SVG_FONTS}" font-size="{_short(size)}" fill="{colour}"{around}>'
            f"{escape(_plain(text))}</text>"
        )

    def wide(self, text: str, *, size: float, bold: bool = False) -> float:
        return sum(0.6 if ord(char) < 0x2000 else 1.0 for char in text) * size

    def finish(self) -> bytes:
        return "\n".join([*self._parts, "</svg>", ""]).encode()


def _plain(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(char for char in text if char.isprintable())


def _look(fill: str | None, line: str | None, wide: float) -> str:
    stroke = f' stroke="{line}" stroke-width="{_short(wide)}"' if line else ""
    return f'fill="{fill or "none"}"{stroke}'


def _points(ring: Ring) -> str:
    return " ".join(f"{_short(x)},{_short(y)}" for x, y in ring)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
