"""What stands on a picture besides the land: pins, the scale, the review mark, and the panel of words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from web.maps.canvas import Canvas, Point
from web.maps.palette import Palette

__all__ = ["Words", "draw_dots", "draw_mark", "draw_number", "draw_panel", "draw_pin", "draw_scale"]

_Box = tuple[float, float, float, float]
#: The pins of ``static/icons.svg``, 32 by 40, their tip at (16, 38.5).
_TIP = (16.0, 38.5)
_HEAD = (16.0, 15.5)
_ROUND = 13.5
_DOT_PX = 4.0
#: Marks that do not begin a line.
_NEVER_FIRST = "、，。；：！？）》”…,.;:!?)"


class Words(Protocol):
    """What a panel says."""

    @property
    def kicker(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def lines(self) -> tuple[str, ...]: ...
    @property
    def tag(self) -> str: ...
    @property
    def foot(self) -> str: ...


def draw_pin(canvas: Canvas, palette: Palette, at: Point, *, shape: str, look: str | None) -> None:
    """Draw a pin whose tip is at ``at``; the sign in its head repeats the state without colour."""
    tone, on_tone = (
        (palette.accent, palette.on_accent) if shape == "round" else (palette.service, palette.on_service)
    )
    hollow = look in {"unknown", "coming"}
    grey = look in {"closed", "suspended", "ended"}
    body = palette.quiet if grey else palette.paper if hollow else tone
    sign = palette.paper if grey else tone if hollow else on_tone
    outline = _teardrop() if shape == "round" else _flag()
    moved = [(at[0] + x - _TIP[0], at[1] + y - _TIP[1]) for x, y in outline]
    canvas.area([moved], fill=body, line=tone if hollow else palette.pin_rim, wide=2)
    x, y = at[0] + _HEAD[0] - _TIP[0], at[1] + _HEAD[1] - _TIP[1]
    match look:
        case "closed":
            canvas.path([(x - 5, y), (x + 5, y)], line=sign, wide=3)
        case "suspended":
            canvas.path([(x - 3, y - 5), (x - 3, y + 5)], line=sign, wide=2.6)
            canvas.path([(x + 3, y - 5), (x + 3, y + 5)], line=sign, wide=2.6)
        case "ended":
            canvas.path([(x - 4, y - 4), (x + 4, y + 4)], line=sign, wide=2.6)
            canvas.path([(x - 4, y + 4), (x + 4, y - 4)], line=sign, wide=2.6)
        case "unknown":
            canvas.words((x, y), "?", size=17, colour=sign, bold=True, anchor="middle")
        case "coming":
            canvas.area([[(x, y - 6), (x + 6, y + 5), (x - 6, y + 5)]], fill=None, line=sign, wide=2)
        case _:
            canvas.disc((x, y), 5, fill=sign)


def draw_dots(canvas: Canvas, palette: Palette, dots: Sequence[tuple[Point, str]]) -> None:
    """Draw stations, each a place and a shape, as dots; of those within a few pixels, one."""
    taken: set[tuple[int, int]] = set()
    for (x, y), shape in dots:
        cell = int(x // _DOT_PX), int(y // _DOT_PX)
        if cell in taken or not (-8 < x < canvas.width + 8 and -8 < y < canvas.height + 8):
            continue
        taken.add(cell)
        tone = palette.accent if shape == "round" else palette.service
        canvas.disc((x, y), 4, fill=tone, line=palette.pin_rim, wide=1)


def draw_number(canvas: Canvas, palette: Palette, at: Point, text: str) -> None:
    """Draw a number in a disc whose middle is at ``at``."""
    size = 12.0
    radius = max(10.0, canvas.wide(text, size=size, bold=True) / 2 + 5)
    canvas.disc(at, radius, fill=palette.service, line=palette.pin_rim, wide=2)
    canvas.words(at, text, size=size, colour=palette.on_service, bold=True, anchor="middle")


def _teardrop() -> list[Point]:
    left = _curve((16, 38.5), (12, 32.5), (2.5, 26), (2.5, 15.5))
    turns = [math.pi + math.pi * step / 24 for step in range(1, 24)]
    head = [(16 + _ROUND * math.cos(turn), 15.5 + _ROUND * math.sin(turn)) for turn in turns]
    right = _curve((29.5, 15.5), (29.5, 26), (20, 32.5), (16, 38.5))
    return [*left, *head, *right[:-1]]


def _flag() -> list[Point]:
    corners = [((2.5, 2.5), 180), ((20.5, 2.5), 270), ((20.5, 19.5), 0), ((2.5, 19.5), 90)]
    outline: list[Point] = []
    for number, ((left, top), start) in enumerate(corners):
        if number == 3:
            outline += [(20.5, 28.5), (16, 38.5), (11.5, 28.5)]
        for step in range(7):
            turn = math.radians(start + 15 * step)
            outline.append((left + 4.5 + 4.5 * math.cos(turn), top + 4.5 + 4.5 * math.sin(turn)))
    return outline


def _curve(start: Point, first: Point, second: Point, end: Point) -> list[Point]:
    points = []
    for step in range(17):
        t = step / 16
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        x, y = (
            sum(w * p[axis] for w, p in zip(weights, (start, first, second, end), strict=True))
            for axis in (0, 1)
        )
        points.append((x, y))
    return points


def draw_mark(canvas: Canvas, palette: Palette, review: str, credits: Sequence[str]) -> _Box:
    """Write the review number, or that there is none, and the credits at the lower left; return the box it fills."""
    size = 10.5
    sources = " · ".join(credits)
    bold = canvas.wide(review, size=size, bold=True)
    wide = bold + 8 + canvas.wide(sources, size=size)
    # Where both do not fit into one line, the sources go below.
    one_line = wide + 20 <= canvas.width
    lines = 1 if one_line else 2
    high = lines * 15 + 4
    top = canvas.height - high - 4
    breadth = wide if one_line else max(bold, canvas.wide(sources, size=size))
    canvas.box((4, top), (min(breadth + 12, canvas.width - 8), high), radius=4, fill=palette.name_halo)
    canvas.words((10, top + 9.5), review, size=size, colour=palette.ink, bold=True)
    rest = (10 + bold + 8, top + 9.5) if one_line else (10.0, top + 24.5)
    canvas.words(rest, sources, size=size, colour=palette.ink_soft)
    return 0, top - 2, breadth + 20, canvas.height


def draw_scale(
    canvas: Canvas, palette: Palette, metres_per_px: float, words: tuple[str, str], *, below: float
) -> _Box:
    """Draw a bar of a round length in the lower right, clear of what begins at ``below``; return the box it fills."""
    metres = _round_length(metres_per_px * 90)
    long = metres / metres_per_px
    label = words[0].format(n=metres) if metres < 1000 else words[1].format(n=metres // 1000)
    right, foot = canvas.width - 12, below - 8
    left = right - long
    for line, wide in ((palette.name_halo, 4.5), (palette.ink, 1.6)):
        canvas.path([(left, foot - 6), (left, foot), (right, foot), (right, foot - 6)], line=line, wide=wide)
    middle = ((left + right) / 2, foot - 10)
    canvas.words(middle, label, size=11, colour=palette.ink, halo=palette.name_halo, anchor="middle")
    return left - 6, foot - 20, canvas.width, foot + 6


def _round_length(metres: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20 … that is not longer."""
    power = 10 ** max(0, math.floor(math.log10(max(metres, 1))))
    return int(max(step * power for step in (1, 2, 5) if step == 1 or step * power <= metres))


def draw_panel(canvas: Canvas, palette: Palette, words: Words, *, width: float, below: float) -> None:
    """Write a panel over the left part of the picture, ending above ``below``."""
    inner = 22.0
    room = width - 2 * inner - 6
    top, bottom = 12.0, below - 8
    canvas.box((12, top), (width - 12, bottom - top), radius=14, fill=palette.paper)
    canvas.box((12, top), (6, bottom - top), radius=3, fill=palette.accent)
    x, y = 12 + inner, top + 30
    canvas.words((x, y), words.kicker, size=13.5, colour=palette.accent, bold=True)
    if words.tag:
        long = canvas.wide(words.tag, size=11, bold=True)
        canvas.words((width - inner - long, y), words.tag, size=11, colour=palette.warn, bold=True)
    size = 25.0
    title = _wrapped(canvas, words.title, size, room, lines=2, bold=True)
    if title and title[-1].endswith("…"):
        size = 20.0
        title = _wrapped(canvas, words.title, size, room, lines=3, bold=True)
    y += 14
    for line in title:
        y += size * 1.28
        canvas.words((x, y - size * 0.32), line, size=size, colour=palette.ink, bold=True)
    y += 8
    for text in words.lines:
        left = int((bottom - 38 - y) // 21)
        for line in _wrapped(canvas, text, 14, room, lines=min(2, left)):
            y += 21
            canvas.words((x, y - 4), line, size=14, colour=palette.ink_soft)
    canvas.words((x, bottom - 20), words.foot, size=13, colour=palette.ink_soft)


def _wrapped(
    canvas: Canvas, text: str, size: float, room: float, *, lines: int, bold: bool = False
) -> list[str]:
    """Break words into at most so many lines; what does not fit ends in an ellipsis. Latin words stay whole."""
    found: list[str] = []
    rest = " ".join(text.split())
    while rest and len(found) < lines:
        end = len(rest)
        while end > 1 and canvas.wide(rest[:end], size=size, bold=bold) > room:
            end -= 1
        if end < len(rest) and len(found) + 1 == lines:
            found.append(rest[: max(1, end - 1)].rstrip() + "…")
            return found
        while 1 < end < len(rest) and rest[end] in _NEVER_FIRST:
            end -= 1
        if end < len(rest) and rest[end - 1 : end + 1].isascii() and " " in rest[:end].strip():
            end = rest[:end].rstrip().rfind(" ") + 1
        found.append(rest[:end].strip())
        rest = rest[end:].strip()
    return found
