"""A Folium map that loads nothing but our own assets and may run under a strict content policy.

Folium's own page names five public networks, jQuery, Bootstrap and two icon fonts, and writes ``<style>`` and
``<script>`` elements that a policy without ``unsafe-inline`` refuses. Here the page is ours: links are given
by the caller, the one inline script carries a nonce, and identifiers count up from one, so that the same
features give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.template import Template
from markupsafe import Markup, escape

__all__ = ["LeanFigure", "LeanMap", "MapParts", "ScriptElement", "script_json", "when_ready"]

# Characters that end a script element, start an HTML comment, break a JavaScript line (U+2028, U+2029), or
# open a template tag: branca compiles what a macro rendered as a *second* Jinja template, so that a station
# named {{ 7 * 7 }} would otherwise be computed.
_UNSAFE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&'\u2028\u2029{}%#"}


def script_json(value: object) -> str:
    """Write a value as JSON that is safe inside a script element and inside a template.

    Braces are structure as well as text in JSON: only those inside strings are escaped.
    """
    out: list[str] = []
    inside = escaped = False
    for char in json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False):
        if inside and ord(char) in _UNSAFE:
            out.append(_UNSAFE[ord(char)])
        elif not inside and char in "{}":
            out.append(char + " ")  # never two braces in a row, which would open a template tag
        else:
            out.append(char)
        if char == '"' and not escaped:
            inside = not inside
        escaped = char == "\\" and not escaped
    return "".join(out)


@dataclass(frozen=True, slots=True)
class MapParts:
    """The four pieces of a rendered map, for a page that has its own frame."""

    styles: tuple[str, ...]
    scripts: tuple[str, ...]
    html: Markup
    script: Markup


class LeanFigure(Figure):
    """The root of a map's tree; renders a whole page, or the parts of one."""

    def __init__(self, *, title: str = "", lang: str = "zh-Hans") -> None:
        super().__init__(title=title)
        self.lang = lang

    def parts(self) -> MapParts:
        """Render the tree and return its pieces: addresses of styles and scripts, markup, script text."""
        self.header, self.html, self.script = Element(), Element(), Element()
        for number, element in enumerate(_walk(self), start=1):
            element._id = str(number)
        for child in self._children.values():
            child.render()
        links = list(self.header._children.values())
        return MapParts(
            styles=tuple(link.url for link in links if isinstance(link, CssLink)),
            scripts=tuple(link.url for link in links if isinstance(link, JavascriptLink)),
            html=Markup(_text(self.html)),  # noqa: S704 - only the markup of our own macros
            script=Markup(_text(self.script)),  # noqa: S704 - values enter it through script_json alone
        )

    def render(self, *, nonce: str = "", **kwargs: Any) -> str:
        """Render a page of its own. ``nonce`` is the value that the response's content policy names."""
        parts = self.parts()
        head = [f'<link rel="stylesheet" href="{escape(url)}">' for url in parts.styles]
        head += [f'<script defer src="{escape(url)}"></script>' for url in parts.scripts]
        return "\n".join(
            [
                "<!doctype html>",
                f'<html lang="{escape(self.lang)}">',
                '<meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f"<title>{escape(self.title or '')}</title>",
                *head,
                f"<body>{parts.html}",
                f'<script nonce="{escape(nonce)}">{when_ready(parts.script)}</script>',
                "</body>",
                "</html>",
                "",
            ]
        )


def when_ready(script: str) -> Markup:
    """Wrap a script so that it runs after the deferred files that it calls."""
    return Markup('document.addEventListener("DOMContentLoaded",function(){"use strict";\n%s\n});') % Markup(  # noqa: S704
        script
    )


class LeanMap(folium.Map):
    """``folium.Map`` without a tile layer, a public network or a fixed viewport.

    bounds: west, south, east, north in degrees, longitude first; Leaflet gets it the other way about.
    label: what the map is called for a screen reader. js, css: addresses of the files that it needs. sheet: selector
    of an element that may lie over the map's lower edge, which the first view keeps clear of. datum: see
    ``web.maps.base.BaseMap.datum``.
    """

    _template = Template(
        """
        {% macro html(this, kwargs) %}<div class="yz-map" id="{{ this.get_name() }}"></div>{% endmacro %}
        {% macro script(this, kwargs) %}
var {{ this.get_name() }} = yizhan.map("{{ this.get_name() }}", {{ this.json(this.leaflet_options) }});
        {% endmacro %}
        """
    )

    def __init__(
        self,
        bounds: Sequence[float],
        *,
        label: str,
        js: Sequence[str],
        css: Sequence[str],
        title: str = "",
        lang: str = "zh-Hans",
        max_zoom: int = 18,
        sheet: str | None = None,
        datum: Mapping[str, object] | None = None,
    ) -> None:
        west, south, east, north = bounds
        super().__init__(location=((south + north) / 2, (west + east) / 2), tiles=None)
        self.leaflet_options: dict[str, object] = {
            "label": label,
            "bounds": [[south, west], [north, east]],
            "maxZoom": max_zoom,
            "sheet": sheet,
        }
        if datum is not None:
            self.leaflet_options["datum"] = dict(datum)
        self.default_js = [(url, url) for url in js]
        self.default_css = [(url, url) for url in css]
        LeanFigure(title=title, lang=lang).add_child(self)

    json = staticmethod(script_json)

    def parts(self) -> MapParts:
        """Return the rendered pieces of this map and everything on it."""
        figure = self.get_root()
        if not isinstance(figure, LeanFigure):
            raise TypeError(
                f"the map's root is a {type(figure).__name__}, not a LeanFigure: add it to one first"
            )
        return figure.parts()


class ScriptElement(MacroElement):
    """Something on a map that one call of our own JavaScript makes: ``yizhan.<factory>(map, options)``."""

    factory = ""
    _template = Template(
        """
        {% macro script(this, kwargs) %}
var {{ this.get_name() }} = yizhan.{{ this.factory }}({{ this._parent.get_name() }}, {{ this.json(this.options) }});
        {% endmacro %}
        """
    )

    def __init__(self, **options: object) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = self.factory
        self.options = {key: value for key, value in options.items() if value is not None}

    json = staticmethod(script_json)


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element._children.values():
        yield from _walk(child)


def _text(element: Element) -> str:
    return "\n".join(str(child.render()).strip() for child in element._children.values())
