"""What people say of a station on its page, and what the page's scripts need to let a reader say something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from markupsafe import Markup

from stations.finding import named
from stations.query import StationQuery
from web.assets import static_url
from web.db import session
from web.finder.voices import voices_of
from web.finder.words import choice_words, finder_words, said_words, vocabulary_words
from web.i18n import lang, plural, say
from web.maps.lean import script_json

__all__ = ["SCRIPTS", "Voice", "setup", "voice"]

#: In the order in which they need each other.
SCRIPTS = ("js/core.js", "js/finder/store.js", "js/finder/outbox.js", "js/finder/say.js", "js/station.js")
#: What these files say.
_WORDS = (
    "confirm", "problem", "what_is_wrong", "which_amenity", "in_words", "send", "sending", "thanks", "queued", "refused",
    "cancel", "failed", "offline", "photo", "too_many", "personal_number", "photo_refused",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Voice:
    """Sentences: how many say that the station is open, and what enough of them say is wrong."""

    confirmed: str
    reported: tuple[str, ...]


def voice(code: str, now: datetime) -> Voice:
    """Return what the public says of a station now."""
    said = voices_of(session(), named(session(), (code,), StationQuery(), now=now), now).get(code)
    if said is None:
        return Voice("", ())
    n = said["confirmed"]
    return Voice(
        plural("近日 {n} 人说还开着", "近日 {n} 人说还开着", n).format(n=n) if n else "",
        tuple(say("有人反映：{what}", what=said_words(*one)) for one in said["reported"]),
    )


def setup(code: str) -> Markup:
    """Return words, choices and addresses for the scripts, as JSON that is safe inside a script element."""
    spoken, known = finder_words(), vocabulary_words(lang())
    given = {
        "code": code,
        "words": {key: spoken[key] for key in _WORDS},
        "choices": choice_words(lang()),
        "vocabulary": {name: known[name] for name in ("order", "amenities")},
        "sprite": static_url("icons.svg"),
        "links": {
            "challenge": url_for("reports.make_challenge"),
            "confirmations": url_for("reports.confirm", code="CODE"),
            "reports": url_for("reports.report", code="CODE"),
            "solve": static_url("js/finder/solve.js"),
        },
    }
    return Markup(script_json(given))  # noqa: S704 - every character with a meaning in markup is escaped in it
