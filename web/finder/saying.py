"""What people say of a station on its page, and what the page's scripts need to let a reader say something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import current_app, url_for
from markupsafe import Markup

from stations.finding import named
from stations.keeping import outcomes as told
from stations.keeping import photos
from stations.query import StationQuery
from web.assets import static_url
from web.db import session
from web.finder.voices import voices_of
from web.finder.words import choice_words, finder_words, said_words, vocabulary_words
from web.i18n import lang, plural, say
from web.maps.lean import script_json

__all__ = ["SCRIPTS", "Letter", "Voice", "letters", "outcomes", "setup", "voice"]

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


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody reported, as staff let it out: what it is about, its words, its photo, and the day."""

    about: str
    words: str
    photo: str | None
    on: str


def outcomes(code: str, now: datetime) -> list[str]:
    """Say what became of reports of a station, newest first."""
    done = {
        "closed_today": say("已登记当天不开"),
        "suspended": say("已登记暂停服务"),
        "out_of_order": say("已标为故障"),
        "amenity_absent": say("已标为没有"),
        "edited": say("已修改站点信息"),
        "noted": say("工会已经知道"),
    }
    return [
        say(
            "反映的问题已处理：{what}，{done}（{month}月{day}日）",
            what=said_words(one.choice, one.amenity),
            done=done[one.outcome],
            month=one.on.month,
            day=one.on.day,
        )
        for one in told.outcomes(session(), code, now)
    ]


def letters(code: str) -> list[Letter]:
    """Return what staff let out of the reports of a station; a photo whose file is gone is left out."""
    folder = current_app.config["YIZHAN_SETTINGS"].photos
    return [
        Letter(
            said_words(one.choice, one.amenity),
            one.words or "",
            url_for("reports.photo", digest=one.photo)
            if one.photo and photos.path_of(folder, one.photo).exists()
            else None,
            one.on.isoformat(),
        )
        for one in told.released(session(), code)
    ]


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
