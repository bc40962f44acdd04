"""The finder's answer as values: rows for the scripts to draw, and the same rows for the template to write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import url_for

from stations import vocabulary
from stations.finding import Found, Row, Verdict
from stations.query import StationQuery
from web.finder.facts import BITS, COLUMNS
from web.finder.sheet import is_foreign, mark_of, phones
from web.finder.words import TOO_FAR, minutes_words, said_words, verdict_words
from web.i18n import lang, plural, say
from web.pages.map_view import metres_words
from web.pages.when import ago_words, state_words
from web.streets import basis_words, is_mixed

__all__ = ["ROW_COLUMNS", "Voices", "answer", "as_values", "shown"]

#: What public voices say of each station, by its code.
Voices = Mapping[str, Mapping[str, Any]]

ROW_COLUMNS = (*COLUMNS, "metres", "minutes", "about", "state", "until", "then", "verdict", "left", "voice")
_MARKS = {"yes": None, "inferred": "query", "broken": "warn", "unknown": "query"}
#: Where nobody knows, or one would stand before a closed door, the telephone is at hand.
_CALLED = frozenset((Verdict.UNKNOWN, Verdict.CLOSED))


def answer(found: Found, query: StationQuery, voices: Voices) -> dict[str, Any]:
    """Return the answer that the scripts read, the same with the page and by itself."""
    return {
        "timeStamp": found.moment.isoformat(),
        "at": query.at.isoformat() if query.at else None,
        "columns": ROW_COLUMNS,
        "rows": [as_values(row, voices, about=_is_about(row, found)) for row in found.rows],
        "basis": basis_words((row.minutes for row in found.rows), found.by),
        "nothing_open": found.nothing_open,
        "nothing_near": found.nothing_near,
        "set_aside": found.set_aside,
    }


def as_values(row: Row, voices: Voices, *, about: bool = False) -> list[Any]:
    """Return a row of ``ROW_COLUMNS``; moments are ISO 8601, amenities bit sets."""
    held = _standings(row)
    return [
        row.code, row.lon, row.lat, dict(row.names), row.kind, row.lifecycle, row.address, row.directions,
        row.access or "unknown", row.fee or "unknown", row.phone, row.hours_words,
        row.verified_at.date().isoformat() if row.verified_at else None,
        *(sum(BITS[code] for code in held[name]) for name in ("yes", "inferred", "broken", "no")),
        None if row.distance_m is None else round(row.distance_m),
        None if row.minutes is None else row.minutes.value,
        about,
        row.now.state, _iso(row.now.until), row.now.then, row.verdict, row.minutes_until_close,
        voices.get(row.code),
    ]  # fmt: skip


def shown(found: Found, wanted: tuple[str, ...], voices: Voices) -> list[dict[str, Any]]:
    """Return what the template writes of each row."""
    return [
        _shown(row, found.moment, wanted, voices.get(row.code)) | {"minutes": _minutes(row, found)}
        for row in found.rows
    ]


def _shown(
    row: Row, moment: datetime, wanted: tuple[str, ...], voice: Mapping[str, Any] | None
) -> dict[str, Any]:
    mark = mark_of(row.kind, row.lifecycle, row.now.state)
    amenities, unknown = _amenities(row, wanted)
    phone = next(iter(phones(row.phone)), None) if row.verdict in _CALLED else None
    return {
        "code": row.code,
        "name": (name := _name(row.names, row.code)),
        "name_tag": "zh-Hans" if is_foreign(name) else "",
        "other_names": [(tag, row.names[tag]) for tag in ("bo", "mn-Mong") if row.names.get(tag)],
        "url": url_for("finder.station_page", code=row.code, lang="en" if lang() == "en" else None),
        "mark": mark,
        "distance": "" if row.distance_m is None else metres_words(row.distance_m),
        "state": state_words(
            row.lifecycle, row.now.state, until=row.now.until, then=row.now.then, now=moment
        ),
        "verdict": row.verdict,
        "warning": _warning(row),
        "facts": _facts(row, moment),
        "amenities": amenities,
        "rest": say("另 {n} 项未知", n=unknown) if unknown else "",
        "voices": _voices(voice),
        "phone": phone if phone and phone.number else None,
    }


def _minutes(row: Row, found: Found) -> str:
    return minutes_words(row.minutes.value if row.minutes else None, about=_is_about(row, found))


def _is_about(row: Row, found: Found) -> bool:
    """Tell whether a row's minutes are an estimate among others that are none."""
    return row.minutes is not None and row.minutes.estimated and is_mixed(each.minutes for each in found.rows)


def _warning(row: Row) -> str:
    if row.minutes is not None and row.minutes.value >= TOO_FAR:
        return ""
    return verdict_words().get(row.verdict, "").format(n=row.minutes_until_close)


def _name(names: Mapping[str, str], code: str) -> str:
    return names.get(lang()) or names.get("zh") or next(iter(names.values()), code)


def _facts(row: Row, moment: datetime) -> list[str]:
    found = []
    if row.access and row.access != vocabulary.Access.UNKNOWN:
        found.append(vocabulary.ACCESS[row.access].label(lang()))
    if row.fee == vocabulary.Fee.FEE:
        found.append(vocabulary.FEE[row.fee].label(lang()))
    found.append(
        say("{ago}核实", ago=ago_words(row.verified_at, moment)) if row.verified_at else say("未核实")
    )
    return found


def _standings(row: Row) -> dict[str, tuple[str, ...]]:
    held = row.amenities
    return {
        "yes": held.has,
        "inferred": held.inferred,
        "broken": tuple(code for code in held.lacks if code in held.out_of_order),
        "no": tuple(code for code in held.lacks if code not in held.out_of_order),
    }


def _amenities(row: Row, wanted: tuple[str, ...]) -> tuple[list[dict[str, Any]], int]:
    held = _standings(row)
    known = {code for codes in held.values() for code in codes}
    held["unknown"] = tuple(code for code in vocabulary.AMENITIES if code in wanted and code not in known)
    notes = {"yes": "", "inferred": say("推断"), "broken": say("故障"), "unknown": say("未知")}
    found = []
    for standing, note in notes.items():
        for code in vocabulary.AMENITIES:
            if code in held[standing]:
                label = vocabulary.AMENITIES[code].label(lang())
                found.append(
                    {
                        "code": code,
                        "standing": standing,
                        "mark": _MARKS[standing],
                        "title": f"{label} · {note}" if note else label,
                        "words": f"{label} {note}" if note else label,
                    }
                )
    rest = [code for code in vocabulary.FILTER_AMENITIES if code not in known and code not in wanted]
    return found, len(rest)


def _voices(voice: Mapping[str, Any] | None) -> list[dict[str, str]]:
    if voice is None:
        return []
    found = []
    if n := voice["confirmed"]:
        words = plural("{n} 人说还开着", "{n} 人说还开着", n).format(n=n)
        found.append({"tone": "good", "words": words})
    found += [
        {"tone": "bad", "words": say("有人反映：{what}", what=said_words(*said))}
        for said in voice["reported"]
    ]
    return found


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="minutes")
