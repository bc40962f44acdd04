"""What can be put on a map: each class is one call of our own JavaScript with data and options.

Text from outside travels in the options or in a fetched file and is put into the page as text; nothing here
writes HTML. Addresses are given by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from folium.template import Template

from web.maps.lean import ScriptElement

__all__ = [
    "Gaps", "Legend", "Locate", "Page", "Places", "Regions", "ReviewMark", "Stations", "Tiles", "VectorTiles",
]  # fmt: skip


class Regions(ScriptElement):
    """Administrative areas and lakes as the base map; ``url`` answers with ``web.maps.outlines.drawing``.

    look: ``filled``; ``outlines`` where another base map lies below; ``unseen`` where the areas are only known, to be
    shaded or to be gone to.
    """

    factory = "regions"

    def __init__(self, *, url: str, look: str = "filled") -> None:
        super().__init__(url=url, look=look)


class Places(ScriptElement):
    """Names of areas and settlements, thinned by zoom so that none overlap."""

    factory = "places"

    def __init__(self, *, url: str) -> None:
        super().__init__(url=url)


class Tiles(ScriptElement):
    """A layer of raster tiles that the operator has configured and is licensed for; ``names`` stand for ``{s}``."""

    factory = "tiles"

    def __init__(self, *, url: str, names: Sequence[str] = (), max_native_zoom: int = 18) -> None:
        super().__init__(url=url, names=list(names), maxNativeZoom=max_native_zoom)


class VectorTiles(ScriptElement):
    """The operator's PMTiles file, drawn in the browser."""

    factory = "vectorTiles"


class Stations(ScriptElement):
    """Stations, gathered into counted rings where they would overlap.

    ``symbols`` comes from ``web.maps.symbols.symbols``; the data arrive later, from the page's script. Goes before
    every layer that speaks or draws a marker. Without ``symbols`` and ``words`` the page has given them already.
    """

    factory = "stations"

    def __init__(
        self, *, symbols: Mapping[str, object] | None = None, words: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(symbols=symbols and dict(symbols), words=words and dict(words))


class Gaps(ScriptElement):
    """Places without a station near enough, and counties shaded by their share of such places."""

    factory = "gaps"

    def __init__(self, *, url: str) -> None:
        super().__init__(url=url)


class Legend(ScriptElement):
    """What the markers mean, drawn from the definition that the markers are drawn from."""

    factory = "legend"

    def __init__(self, *, words: Mapping[str, str]) -> None:
        super().__init__(words=dict(words))


class Locate(ScriptElement):
    """A button that shows where the reader is, and the zoom buttons; the position never leaves the browser."""

    factory = "locate"


class ReviewMark(ScriptElement):
    """The review number (审图号) and the sources, at the lower left as the rules for public maps ask."""

    factory = "review"

    def __init__(self, *, text: str, credits: Sequence[str | Mapping[str, str]]) -> None:
        """credits: words, or ``text`` and ``url`` of a link."""
        super().__init__(text=text, credits=list(credits))


class Page(ScriptElement):
    """The glue between the layers, the filter form and the list of the map page; goes last."""

    factory = "page"
    _template = Template(
        """
        {% macro script(this, kwargs) %}
yizhan.page({{ this._parent.get_name() }}, Object.assign({{ this.json(this.options) }}, { stations: {{
    this.stations.get_name() }}, gaps: {{ this.gaps.get_name() }}, locate: {{ this.locate.get_name() }} }));
        {% endmacro %}
        """
    )

    def __init__(self, *, stations: Stations, gaps: Gaps, locate: Locate, **options: object) -> None:
        super().__init__(**options)
        self.stations, self.gaps, self.locate = stations, gaps, locate
