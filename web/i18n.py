"""The reader's language: chosen by the address, at the desk kept, else by the browser; the words are written in Chinese."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, current_app, g, request
from flask_babel import Babel, gettext, ngettext

__all__ = ["LANGUAGES", "init_app", "keep", "lang", "mark", "plural", "say", "tag"]

#: Languages of the pages: the code in the query string → the BCP 47 tag of the page.
LANGUAGES = {"zh": "zh-Hans", "en": "en"}


def init_app(app: Flask, *, default: str) -> None:
    """Let the app speak its languages; ``default`` is for a reader whose browser asks for none that we have."""
    fallback = default.split("-", maxsplit=1)[0]
    app.config["YIZHAN_LANG"] = fallback if fallback in LANGUAGES else "zh"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(Path(__file__).resolve().parent / "translations")
    Babel(app, locale_selector=_locale, default_locale="zh_Hans")
    app.context_processor(lambda: {"lang": lang(), "page_lang": tag()})
    app.after_request(_vary)


def lang() -> str:
    """Return the code of the reader's language: ``lang`` in the address, else the one kept, else the browser's."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    if "kept_lang" in g:
        kept: str = g.kept_lang
        return kept
    default: str = current_app.config["YIZHAN_LANG"]
    return request.accept_languages.best_match(list(LANGUAGES), default) or default


def keep(code: str) -> None:
    """Answer this request in a language that was chosen before; said before anything is translated."""
    if code in LANGUAGES:
        g.kept_lang = code


def tag() -> str:
    """Return the BCP 47 tag of the page."""
    return LANGUAGES[lang()]


def say(sentence: str, **values: object) -> str:
    """Return a Chinese sentence in the reader's language, with its ``{names}`` filled in where values are given."""
    text: str = gettext(sentence)
    return text.format(**values) if values else text


def mark(sentence: str) -> str:
    """Return a sentence as it is, found for the catalogue here and translated where it is shown."""
    return sentence


def plural(one: str, many: str, n: int) -> str:
    """Return the form of a sentence that the reader's language uses for ``n`` things; its ``{names}`` stay."""
    text: str = ngettext(one, many, n)
    return text


def _locale() -> str:
    return "zh_Hans" if lang() == "zh" else lang()


def _vary(response: Response) -> Response:
    if "lang" not in request.args:
        response.vary.add("Accept-Language")
    return response
