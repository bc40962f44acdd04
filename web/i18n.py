"""The reader's language: chosen by the address, else by the browser; Chinese is what the words are written in.

Message ids are the Chinese sentences themselves, so a missing translation still reads. ``python -m web.i18n`` brings
the English catalogue up to date with the sentences in the code; ``web.build`` compiles it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from flask import Flask, Response, current_app, request
from flask_babel import Babel, get_locale

__all__ = ["LANGUAGES", "catalogue", "catalogue_file", "init_app", "lang", "messages", "tag"]

#: Languages of the pages: the code in the query string → the BCP 47 tag of the page.
LANGUAGES = {"zh": "zh-Hans", "en": "en"}
_WEB = Path(__file__).resolve().parent
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}


def init_app(app: Flask, *, default: str) -> None:
    """Let the app speak its languages; ``default`` is for a reader whose browser asks for none that we have."""
    fallback = default.split("-", maxsplit=1)[0]
    app.config["YIZHAN_LANG"] = fallback if fallback in LANGUAGES else "zh"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(_WEB / "translations")
    Babel(app, locale_selector=_locale, default_locale="zh_Hans")
    app.context_processor(lambda: {"lang": lang(), "page_lang": tag()})
    app.after_request(_vary)


def lang() -> str:
    """Return the code of the reader's language: ``lang`` in the address, else what the browser prefers."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    default: str = current_app.config["YIZHAN_LANG"]
    return request.accept_languages.best_match(list(LANGUAGES), default) or default


def tag() -> str:
    """Return the BCP 47 tag of the page."""
    locale = get_locale()
    return LANGUAGES[locale.language] if locale else LANGUAGES["zh"]


def _locale() -> str:
    return "zh_Hans" if lang() == "zh" else lang()


def _vary(response: Response) -> Response:
    if "lang" not in request.args:
        response.vary.add("Accept-Language")
    return response


def messages() -> Iterator[tuple[str, int, str | tuple[str, ...]]]:
    """Yield each sentence of the code that is to be translated, with its file and line."""
    options = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
    found = extract_from_dir(_WEB, _METHODS, options, keywords=_KEYWORDS, strip_comment_tags=True)
    for file, line, message, _comments, _context in found:
        yield file, line, message


def catalogue_file(language: str) -> Path:
    """Return the path of the catalogue of ``language``."""
    return _WEB / "translations" / language / "LC_MESSAGES" / "messages.po"


def catalogue(language: str) -> Catalog:
    """Read the catalogue of ``language`` as it is committed."""
    file = catalogue_file(language)
    if not file.exists():
        return Catalog(locale=Locale.parse(language))
    with file.open("rb") as text:
        return read_po(text, locale=language)


def update(language: str) -> list[str]:
    """Bring a catalogue up to date with the code and return the sentences that still lack a translation.

    Sentences that the code no longer says are dropped.
    """
    template = Catalog(charset="utf-8")
    for file, _line, message in messages():
        template.add(message, locations=[(file, 0)])
    fresh = catalogue(language)
    fresh.update(template, no_fuzzy_matching=True)
    fresh.obsolete.clear()
    path = catalogue_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as text:
        write_po(text, fresh, width=100, omit_header=False, sort_output=True, include_lineno=False)
    return [_text(message.id) for message in fresh if message.id and not _said(message.string)]


def _text(message_id: str | tuple[str, ...]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def _said(string: str | tuple[str, ...] | list[str]) -> bool:
    return bool(string) if isinstance(string, str) else all(string)


if __name__ == "__main__":
    if missing := update("en"):
        print("No English yet for:", *missing, sep="\n  ", file=sys.stderr)
        sys.exit(1)
