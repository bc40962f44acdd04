"""A map as a picture, drawn by us from our own base map: share cards, pages without JavaScript, embeds.

One value says what is wanted (``PictureSpec``), another what there is to draw (``Ground``); the same two give the same
bytes. Every picture carries its scale, its review mark at the lower left and the credits of what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shapely.geometry.base import BaseGeometry

from geo.bbox import BBox
from geo.mercator import metres_per_pixel, pixels, zoom_to_fit
from web.maps.canvas import Canvas, PngCanvas, Point, SvgCanvas
from web.maps.fonts import faces
from web.maps.marks import draw_dots, draw_mark, draw_number, draw_panel, draw_pin, draw_scale
from web.maps.outlines import Area
from web.maps.palette import DARK, LIGHT, Palette
from web.maps.view import View

__all__ = ["Dot", "Ground", "Name", "Numbered", "Panel", "PictureSpec", "Pin", "Square", "render"]

_LARGEST_PX = 12_000_000
_SIDES = (64, 2048)
_SCALES = (1, 2, 3)
_DEEPEST = 16.0
_MARGIN_PX = 24.0
#: A pin on the upper edge of a box is seen whole.
_PIN_PX = 40.0


@dataclass(frozen=True, slots=True)
class Pin:
    """A station on the picture, WGS 84. shape: round or square. look: one of ``web.maps.symbols.LOOKS``, or None where
    the picture is kept longer than a state lasts. reach_m: radius of a circle within which the place lies."""

    lon: float
    lat: float
    shape: Literal["round", "square"] = "round"
    look: str | None = None
    reach_m: float | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A station on a picture of many, WGS 84: where pins would hide each other."""

    lon: float
    lat: float
    shape: Literal["round", "square"] = "round"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A place that the words beside a picture speak of by its number, WGS 84."""

    lon: float
    lat: float
    text: str


@dataclass(frozen=True, slots=True)
class Square:
    """A square on the ground around a place, WGS 84, filled with a colour."""

    lon: float
    lat: float
    side_m: float
    colour: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Words beside the map: a small line, a name, lines below it, a mark and a last line. ``bo`` and ``mn`` stay out:
    one font of Chinese letters is all that is counted on."""

    kicker: str
    title: str
    lines: tuple[str, ...] = ()
    tag: str = ""
    foot: str = ""


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """What a picture shows, and of what size.

    width, height: CSS pixels, 64 to 2048. scale: device pixels to one of them, 1 to 3. Either ``center`` (longitude,
    latitude) with ``zoom``, or ``bbox``. unit_words: ``{n} m`` and ``{n} km`` in the reader's language. review: the
    review number, or that there is none.
    """

    review: str
    credits: tuple[str, ...]
    width: int = 600
    height: int = 315
    scale: int = 2
    center: tuple[float, float] | None = None
    zoom: float = 10.0
    bbox: BBox | None = None
    theme: Literal["light", "dark"] = "light"
    pins: tuple[Pin, ...] = ()
    #: Drawn below the pins; of those that would lie on one spot, one.
    dots: tuple[Dot, ...] = ()
    #: Drawn above the pins, the first over all others.
    numbers: tuple[Numbered, ...] = ()
    panel: Panel | None = None
    #: (code of an area, colour): counties that are filled with another colour than that of land.
    fills: tuple[tuple[str, str], ...] = ()
    #: Drawn on the land, below lines and names.
    squares: tuple[Square, ...] = ()
    title: str = ""
    unit_words: tuple[str, str] = ("{n} m", "{n} km")
    form: Literal["png", "svg"] = "png"

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("width", self.width, range(_SIDES[0], _SIDES[1] + 1)),
            ("height", self.height, range(_SIDES[0], _SIDES[1] + 1)),
            ("scale", self.scale, _SCALES),
        ):
            if value not in allowed:
                raise ValueError(f"{name} {value!r} of a picture must be {allowed[0]} to {allowed[-1]}")
        if self.width * self.height * self.scale**2 > _LARGEST_PX:
            raise ValueError(
                f"{self.width}×{self.height} at {self.scale} device pixels is too large; "
                f"keep to {_LARGEST_PX} device pixels"
            )
        if (self.center is None) == (self.bbox is None):
            raise ValueError("a picture is of a center with a zoom, or of a bbox: give one of them")
        if self.bbox is not None and self.bbox.west > self.bbox.east:
            raise ValueError(f"the box {self.bbox} crosses the antimeridian, which a picture cannot show")


@dataclass(frozen=True, slots=True)
class Name:
    """A settlement's name, WGS 84; ``population`` is None where nobody knows it."""

    text: str
    lon: float
    lat: float
    population: int | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What the base map is drawn from. ``version`` names its content; equal versions draw alike."""

    areas: Sequence[Area]
    lakes: Sequence[BaseGeometry]
    names: Sequence[Name]
    version: str = ""


def render(spec: PictureSpec, ground: Ground) -> bytes:
    """Draw a picture. The same arguments give the same bytes, as long as the font is the same.

    Raises Unavailable for a PNG where the machine has no font with Chinese letters; an SVG needs none.
    """
    palette = LIGHT if spec.theme == "light" else DARK
    canvas: Canvas
    if spec.form == "svg":
        canvas = SvgCanvas(spec.width, spec.height, scale=spec.scale, ground=palette.ground, label=spec.title)
    else:
        canvas = PngCanvas(spec.width, spec.height, scale=spec.scale, ground=palette.ground, faces=faces())
    view = _view(spec)
    _draw_ground(canvas, view, ground, palette, spec)
    draw_dots(canvas, palette, [(view.at(dot.lon, dot.lat), dot.shape) for dot in spec.dots])
    pins = [(pin, view.at(pin.lon, pin.lat)) for pin in spec.pins]
    for pin, at in sorted(pins, key=lambda item: item[1][1]):
        if pin.reach_m is not None:
            radius = pin.reach_m / metres_per_pixel(pin.lat, view.zoom)
            canvas.disc(at, radius, fill=None, line=palette.accent, wide=1.5)
        draw_pin(canvas, palette, at, shape=pin.shape, look=pin.look)
    numbers = [(number.text, view.at(number.lon, number.lat)) for number in spec.numbers]
    for text, at in reversed(numbers):
        draw_number(canvas, palette, at, text)
    # Over the stations: the review mark is seen whole however many there are. Names come last and keep clear of all.
    taken = [draw_mark(canvas, palette, spec.review, spec.credits)]
    middle = metres_per_pixel(view.lat_at(canvas.height / 2), view.zoom)
    taken.append(draw_scale(canvas, palette, middle, spec.unit_words, below=taken[0][1]))
    taken += [(x - 16, y - 40, x + 16, y + 4) for _, (x, y) in pins]
    taken += [(x - 12, y - 12, x + 12, y + 12) for _, (x, y) in numbers]
    if spec.panel is not None:
        taken.append((0, 0, _panel_width(spec), canvas.height))
    _draw_names(canvas, view, ground, palette, taken)
    if spec.panel is not None:
        draw_panel(canvas, palette, spec.panel, width=_panel_width(spec), below=taken[1][1])
    return canvas.finish()


def _panel_width(spec: PictureSpec) -> float:
    return round(spec.width * 0.52)


def _view(spec: PictureSpec) -> View:
    aside = _panel_width(spec) if spec.panel is not None else 0.0
    room = spec.width - aside
    if spec.bbox is not None:
        high = spec.height - _PIN_PX / 2
        box = (spec.bbox.west, spec.bbox.south, spec.bbox.east, spec.bbox.north)
        zoom = min(_DEEPEST, zoom_to_fit(box, room - 2 * _MARGIN_PX, high - 2 * _MARGIN_PX))
        (x0, x1), (y1, y0) = pixels([box[0], box[2]], [box[1], box[3]], zoom)
        x, y = (x0 + x1) / 2, (y0 + y1) / 2 - _PIN_PX / 4
    else:
        zoom = min(spec.zoom, _DEEPEST)
        lon, lat = spec.center or (0.0, 0.0)
        x, y = pixels(lon, lat, zoom)
    return View(
        zoom,
        float(x) - aside - room / 2,
        float(y) - spec.height / 2,
        float(spec.width),
        float(spec.height),
    )


def _draw_ground(canvas: Canvas, view: View, ground: Ground, palette: Palette, spec: PictureSpec) -> None:
    fills = dict(spec.fills)
    by_level = {level: [area for area in ground.areas if area.level == level] for level in _LINES}
    for area in by_level["county"]:
        for rings in view.polygons(area.geometry):
            canvas.area(rings, fill=fills.get(area.code, palette.land))
    for square in spec.squares:
        x, y = view.at(square.lon, square.lat)
        half = square.side_m / metres_per_pixel(square.lat, view.zoom) / 2
        corners = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
        canvas.area([corners], fill=square.colour)
    for lake in ground.lakes:
        for rings in view.polygons(lake):
            canvas.area(rings, fill=palette.water, line=palette.shore, wide=0.7)
    for level, wide in _LINES.items():
        for area in by_level[level]:
            for rings in view.polygons(area.geometry):
                canvas.area(rings, fill=None, line=getattr(palette, f"line_{level}"), wide=wide)


_LINES = {"county": 0.8, "prefecture": 1.4, "province": 1.8}

_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Label:
    """A name to be placed: ``dot`` where it stands beside a settlement's dot."""

    text: str
    at: Point
    size: float
    bold: bool
    dot: bool
    weight: float = field(default=0)


def _draw_names(canvas: Canvas, view: View, ground: Ground, palette: Palette, taken: list[_Box]) -> None:
    for label in sorted(_labels(view, ground), key=lambda label: (-label.weight, label.text)):
        x, y = label.at
        if not (0 <= x <= canvas.width and 0 <= y <= canvas.height):
            continue
        wide, half = canvas.wide(label.text, size=label.size, bold=label.bold), label.size * 0.7
        lefts = [6.0, -6.0 - wide] if label.dot else [-wide / 2]
        spots = ((x + left - 3, y - half, x + left + wide + 3, y + half) for left in lefts)
        spot = next((spot for spot in spots if _is_free(spot, taken, canvas)), None)
        if spot is None:
            continue
        taken.append(spot)
        if label.dot:
            canvas.disc((x, y), 2.2, fill=palette.name_place, line=palette.name_halo, wide=0.8)
        colour = palette.name_place if label.dot else palette.name_area
        canvas.words(
            (spot[0] + 3, y),
            label.text,
            size=label.size,
            colour=colour,
            bold=label.bold,
            halo=palette.name_halo,
        )


def _labels(view: View, ground: Ground) -> Iterable[_Label]:
    for area in ground.areas:
        if area.label is None or (area.level == "county" and view.zoom < 7):
            continue
        at, short = view.at(*area.label), area.short or area.name
        if area.level == "prefecture" and view.zoom < 8:
            yield _Label(short if view.zoom < 7 else area.name, at, 14, bold=True, dot=False, weight=3e9)
        elif area.level == "county" and view.zoom < 11.5:
            yield _Label(area.name, at, 12, bold=False, dot=False, weight=2e9)
    for name in ground.names:
        if view.zoom >= (8 if name.population else 9):
            weight = name.population or 0
            yield _Label(name.text, view.at(name.lon, name.lat), 12, bold=False, dot=True, weight=weight)


def _is_free(spot: _Box, taken: Sequence[_Box], canvas: Canvas) -> bool:
    if spot[0] < 2 or spot[1] < 2 or spot[2] > canvas.width - 2 or spot[3] > canvas.height - 2:
        return False
    return not any(
        spot[0] < other[2] and spot[2] > other[0] and spot[1] < other[3] and spot[3] > other[1]
        for other in taken
    )
