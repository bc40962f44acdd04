"""Links of the API: whole addresses from the configured origin, never from what a stranger wrote as the host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import request, url_for

from web.origin import absolute

__all__ = ["Link", "address", "here", "heres", "link_header"]


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its relation, a whole address, a media type and words for people; ``templated`` for {names} in it."""

    rel: str
    href: str
    type: str
    title: str = ""
    templated: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the link as the standard's JSON has it."""
        found: dict[str, Any] = {"rel": self.rel, "type": self.type, "href": self.href}
        if self.title:
            found["title"] = self.title
        if self.templated:
            found["templated"] = True
        return found


def address(endpoint: str, query: Iterable[tuple[str, str]] = (), /, **place: Any) -> str:
    """Return the whole address of an endpoint, such as ``ogc.items``, with a query string of these names and values.

    place: what stands in the path.
    """
    asked = urlencode(list(query), safe=",:/")
    return absolute(url_for(endpoint, **place)) + (f"?{asked}" if asked else "")


def here(query: Iterable[tuple[str, str]], form: str) -> str:
    """Return the whole address of what is asked now, with another query string and in a form (``f``)."""
    return heres(query, (form,))[0]


def heres(query: Iterable[tuple[str, str]], forms: Iterable[str]) -> list[str]:
    """Return the whole addresses of what is asked now in several forms, as ``here`` does."""
    rest = urlencode([(name, value) for name, value in query if name != "f"], safe=",:/")
    start = absolute(f"{request.script_root}{quote(request.path)}?{rest}{'&' if rest else ''}f=")
    return [start + form for form in forms]


def link_header(links: Sequence[Link]) -> str:
    """Write the links for the header field, for who reads no further."""
    # Titles stay in the body: a header holds ASCII, and theirs are in the reader's language.
    return ", ".join(
        f'<{quote(link.href, safe=_SAFE)}>; rel="{link.rel}"; type="{link.type}"'
        for link in links
        if not link.templated
    )


_SAFE = "%/:=&?~#+!$,;'@()*[]"
