"""The picture of a month: the counties by their share of stations on the online map (线上地图可查), and the whole in figures.

Drawn once, when the month is kept, and the same figures give the same bytes: no reader, no language and no clock is in it.
An SVG needs no font of the machine, so that every server draws alike.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from geo.bbox import BBox
from stations.hours import SHANGHAI
from stations.keeping.quality import Area as Told
from stations.keeping.quality import Quality
from stations.registry import base_map
from stations.registry.place_names import written
from web.maps.canvas import SvgCanvas
from web.maps.lakes import lakes
from web.maps.outlines import Area
from web.maps.palette import LIGHT
from web.maps.picture import Ground, PictureSpec, render

__all__ = ["COLOURS", "colour_of", "draw"]

_SIZE: Final = (960, 600)
#: How much wider than the registry the picture is, to its west.
_ASIDE: Final = 0.46
_EVERYWHERE: Final = (73.0, 18.0, 135.0, 54.0)
#: From which share on, and its colour: five greens, the lightest of which still stands out from land without stations.
COLOURS: Final = ((0.0, "#f3dcc8"), (0.5, "#d9e8c9"), (0.7, "#a9d3a7"), (0.85, "#62b389"), (0.95, "#0a7a4f"))
_LABELS: Final = ("不到50%", "50–70%", "70–85%", "85–95%", "95%以上")
_CREDITS: Final = ("区划 © 天地图", "湖泊 Natural Earth")


def colour_of(share: float | None) -> str | None:
    """Return the colour of a share; None where there is nothing to count."""
    if share is None:
        return None
    return next(colour for least, colour in reversed(COLOURS) if share >= least)


def draw(session: Session, quality: Quality, month: date, *, review: str) -> bytes:
    """Draw a month as SVG. review: the review number of the map, in words, or that there is none."""
    west, south, east, north = base_map.extent(session) or _EVERYWHERE
    spec = PictureSpec(
        review=review,
        credits=_CREDITS,
        width=_SIZE[0],
        height=_SIZE[1],
        scale=1,
        # Room for the figures on the left.
        bbox=BBox(max(-180.0, west - _ASIDE * (east - west)), south, east, north),
        fills=tuple(
            (area.code, colour)
            for area in quality.of_level("county")
            if (colour := colour_of(area.share("on_map"))) is not None
        ),
        title=f"{month.year}年{month.month}月 各区县线上地图可查的比例",
        form="svg",
    )
    drawn = render(spec, _ground(session, (west, south, east, north))).decode()
    return drawn.replace("</svg>", f"{_beside(quality, month)}\n</svg>").encode()


def _percent(area: Told, measure: str) -> str:
    share = area.share(measure)
    return "–" if share is None else f"{100 * share:.1f}%"


def _ground(session: Session, box: tuple[float, float, float, float]) -> Ground:
    west, south, east, north = box
    return Ground(
        areas=[
            Area(one.code, one.names["zh"], one.level, one.geometry, one.label, written(one.names["zh"]).stem)
            for one in base_map.outlines(session)
        ],
        lakes=lakes((west - 1, south - 1, east + 1, north + 1)),
        names=[],
    )


def _beside(quality: Quality, month: date) -> str:
    """Return what stands beside the map: the whole in figures on the left, the colours with their meaning on the right."""
    canvas = SvgCanvas(*_SIZE, scale=1, ground=LIGHT.ground)
    _figures(canvas, quality, month)
    _legend(canvas)
    # The canvas begins with its own document and ground; what was drawn on it is all that is wanted.
    return "\n".join(canvas.finish().decode().splitlines()[2:-1])


def _figures(canvas: SvgCanvas, quality: Quality, month: date) -> None:
    whole = quality.whole
    invented = quality.demonstration and "演示" not in quality.name
    canvas.box((12, 12), (268, 540), radius=14, fill=LIGHT.paper)
    canvas.box((12, 12), (6, 540), radius=3, fill=LIGHT.accent)
    name = f"{quality.name}{'（演示）' if invented else ''}"
    canvas.words((34, 38), name, size=13, colour=LIGHT.accent, bold=True)
    canvas.words((34, 68), f"服务质量 {month.year}年{month.month}月", size=21, colour=LIGHT.ink, bold=True)
    rows = (
        ("在用的站点", f"{whole.sums.stations:,}"),
        ("线上地图可查", _percent(whole, "on_map")),
        ("按期核实", _percent(whole, "promised")),
        ("有开放时间", _percent(whole, "hours")),
        ("定位到门口", _percent(whole, "door")),
        ("日均人次", "未知" if whole.daily is None else f"{whole.daily:.1f}"),
    )
    for at, (label, value) in enumerate(rows):
        y = 112 + at * 68
        canvas.words((34, y), label, size=14, colour=LIGHT.ink_soft)
        canvas.words((34, y + 26), value, size=26, colour=LIGHT.ink, bold=True)
    counted = quality.at.astimezone(SHANGHAI)
    canvas.words((34, 530), f"{counted:%Y-%m-%d} 统计", size=12, colour=LIGHT.ink_soft)


def _legend(canvas: SvgCanvas) -> None:
    left, top, step = _SIZE[0] - 128.0, 16.0, 22.0
    rows = [*zip((colour for _, colour in COLOURS), _LABELS, strict=True), (LIGHT.land, "没有站点")]
    canvas.box((left - 10, top - 8), (126.0, step * (len(rows) + 1) + 10), radius=8, fill=LIGHT.paper)
    canvas.words((left, top + 8), "线上地图可查", size=13, colour=LIGHT.ink, bold=True)
    for at, (colour, label) in enumerate(rows, 1):
        y = top + at * step
        canvas.box((left, y), (16.0, 16.0), radius=3, fill=LIGHT.line_prefecture)
        canvas.box((left + 1, y + 1), (14.0, 14.0), radius=2, fill=colour)
        canvas.words((left + 24, y + 8), label, size=12, colour=LIGHT.ink)
