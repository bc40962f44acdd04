"""The sentences of the pages and their translations: found in the code, kept in ``translations``.

Message ids are the Chinese sentences themselves, so a missing translation still reads. ``python -m web.catalogues``
brings the English catalogue up to date with the code; ``web.build`` compiles it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

__all__ = ["catalogue", "catalogue_file", "messages", "untranslated", "update"]

_WEB = Path(__file__).resolve().parent
#: Where readers are spoken to; the command line speaks to operators, in English.
_METHODS = [
    ("pages/**.py", "python"),
    ("finder/**.py", "python"),
    ("desk/**.py", "python"),
    ("embed/**.py", "python"),
    ("ogc/**.py", "python"),
    ("downloads/**.py", "python"),
    ("planner/**.py", "python"),
    ("quality/**.py", "python"),
    ("ground.py", "python"),
    ("streets.py", "python"),
    ("templates/**.html", "jinja2"),
]
_KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "say": None, "mark": None, "plural": (1, 2)}


def messages() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Yield each sentence of the code that is to be translated, after the file that says it."""
    for file, _line, message, _comments, _context in extract_from_dir(_WEB, _METHODS, keywords=_KEYWORDS):
        yield file, message


def catalogue_file(language: str) -> Path:
    """Return the path of the catalogue of ``language``."""
    return _WEB / "translations" / language / "LC_MESSAGES" / "messages.po"


def catalogue(language: str) -> Catalog:
    """Read the catalogue of ``language`` as it is committed; an empty one where there is none."""
    file = catalogue_file(language)
    if not file.exists():
        return Catalog(locale=Locale.parse(language))
    with file.open("rb") as text:
        return read_po(text, locale=language)


def update(language: str) -> Catalog:
    """Bring a catalogue up to date with the code, write it and return it.

    Sentences that the code no longer says are dropped.
    """
    found = Catalog(charset="utf-8")
    for file, message in messages():
        found.add(message, locations=[(file, 0)])
    fresh = catalogue(language)
    fresh.update(found, no_fuzzy_matching=True)
    fresh.obsolete.clear()
    path = catalogue_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as text:
        write_po(text, fresh, width=100, sort_output=True, include_lineno=False)
    return fresh


def untranslated(catalogue: Catalog) -> list[Message]:
    """Return the messages that lack a translation, or one of their plural forms, or wait for a second look."""
    return [
        message
        for message in catalogue
        if message.id and (message.fuzzy or not message.string or not all(message.string))
    ]


if __name__ == "__main__":
    if missing := untranslated(update("en")):
        print("No English yet for:", *(message.id for message in missing), sep="\n  ", file=sys.stderr)
        sys.exit(1)
