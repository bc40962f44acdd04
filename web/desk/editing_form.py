"""The form of a station: its fields as inputs, and inputs read back into fields.

A field whose inputs come back as they were shown keeps its value untouched: what a form cannot show exactly is never
rewritten by looking at it. An input that is missing altogether, as in a form that was cut off, changes nothing either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final

from werkzeug.datastructures import MultiDict

from stations import vocabulary as words
from stations.editing.draft import COLUMNS, NAME_TAGS, Draft, Life, Opening, Position, Value
from stations.editing.opening import understood
from stations.editing.pasted import Pasted, read_pasted
from stations.errors import Invalid
from stations.models.station import DATUMS
from web.desk.editing_rows import ROWS, Rows, changed_rows, rows_of, sent_rows

__all__ = ["Form", "inputs", "read", "typed_position"]

Texts = Mapping[str, str]
_LISTS: Final = ("cards", *(f"partner.{role}" for role in words.PARTNER_ROLES))
_SEPARATORS: Final = re.compile(r"[、,，;；\n]+")


@dataclass(slots=True)
class Form:
    """A form as it was sent: the fields that it changes, what it asks besides, and all its texts to show again.

    ``wrong``: errors by the key of their field. ``pasted``: the position that was read out of the paste box, if one was.
    """

    texts: dict[str, str]
    rows: dict[str, Rows]
    fields: dict[str, Value] = field(default_factory=dict)
    wrong: dict[str, Invalid] = field(default_factory=dict)
    follow: bool = True
    pasted: Pasted | None = None

    @property
    def verified(self) -> str | None:
        """Return how the facts were verified just now."""
        return self.texts.get("verified") or None

    @property
    def reason(self) -> str:
        """Return why, in the words of who edits."""
        return " ".join(self.texts.get("reason", "").split())[:300]

    def forget(self, key: str, base: Draft) -> None:
        """Give a field up: it shows, and keeps, what stands in ``base``."""
        self.fields.pop(key, None)
        self.wrong.pop(key, None)
        shown = inputs(base.fields)
        own = (key, f"{key}.")
        self.texts |= {
            name: text for name, text in shown.items() if name == own[0] or name.startswith(own[1])
        }
        part = key.partition(".")[0]
        if part in ROWS:
            self.rows[part] = rows_of(part, dict(base.fields) | self.fields)


def inputs(fields: Mapping[str, Value]) -> dict[str, str]:
    """Return what each input of the form shows of a draft."""
    shown = {f"name.{tag}": "" for tag in NAME_TAGS}
    shown |= {key: value for key, value in fields.items() if key.startswith("name.")}
    shown |= {name: str(fields.get(name) or "") for name in COLUMNS}
    shown["capacity"] = "" if fields.get("capacity") is None else str(fields["capacity"])
    shown |= {name: "\n".join(fields.get(name) or ()) for name in _LISTS}
    life = Life(*fields["lifecycle"])
    shown |= {
        "lifecycle.state": life.state,
        "lifecycle.since": life.since or "",
        "lifecycle.reason": life.reason or "",
    }
    at = fields.get("position")
    shown |= {"position.lon": "", "position.lat": "", "position.datum": "wgs84", "position.believe": ""}
    if at:
        place = Position(*at)
        shown |= {
            "position.lon": f"{place.lon:.10g}",
            "position.lat": f"{place.lat:.10g}",
            "position.datum": place.datum,
        }
    opening = Opening(*(fields.get("hours") or ()))
    shown |= {
        "hours.words": opening.words or "",
        "hours.manual": "1" if opening.expression and not opening.words else "",
        "hours.expression": opening.expression or "",
        "hours.calendar": opening.calendar,
    }
    return shown | {f"amenity.{code}": fields.get(f"amenity.{code}") or "unknown" for code in words.AMENITIES}


def read(form: MultiDict[str, str], base: Draft, *, today: date) -> Form:
    """Read what was sent against the draft that the form was made from. Errors stand in ``wrong`` and raise nothing."""
    shown = inputs(base.fields)
    sent = {name: form[name].replace("\r\n", "\n") for name in form}
    texts = shown | {name: text for name, text in sent.items() if name in shown or name in _ASKED}
    # A box that is not ticked is not sent.
    texts |= {name: sent.get(name, "") for name in ("hours.manual", "position.believe")}
    found = Form(texts, {part: sent_rows(part, form, base) for part in ROWS})
    found.follow = "follow" in sent or "region_code" not in sent
    texts["follow"] = "1" if found.follow else ""
    _paste(found, shown)
    for key, names, reader in _fields(shown):
        if all(texts[name].strip() == shown[name].strip() for name in names):
            continue
        try:
            found.fields[key] = reader(texts)
        except Invalid as error:
            found.wrong[key] = error
    if found.follow and "region_code" in found.fields and "position" in found.fields:
        del found.fields["region_code"]
    _other_name(found, sent)
    _hours(found, shown, sent, base, today)
    for part in ROWS:
        try:
            found.fields |= changed_rows(part, found.rows[part], base, found.fields, today=today)
        except Invalid as error:
            found.wrong[part] = error
    return found


_ASKED: Final = frozenset({"verified", "reason", "paste", "hours.keep", "other_tag", "other_name"})


def _fields(shown: Texts) -> Iterable[tuple[str, tuple[str, ...], Callable[[Texts], Value]]]:
    """Yield each field that is made of inputs alone: its key, their names, and how they are read."""
    for name in (*COLUMNS, *(key for key in shown if key.startswith(("name.", "amenity.")))):
        yield name, (name,), partial(_text, name)
    for name in _LISTS:
        yield name, (name,), partial(_list, name)
    yield "lifecycle", _LIFE, _life
    yield "position", ("position.lon", "position.lat", "position.datum", "position.believe"), _position


_LIFE: Final = ("lifecycle.state", "lifecycle.since", "lifecycle.reason")


def _text(name: str, texts: Texts) -> str | None:
    return texts[name].strip() or None


def _list(name: str, texts: Texts) -> list[str] | None:
    return _split(texts[name])


def _life(texts: Texts) -> list[str | None]:
    state, since, reason = (texts[name].strip() or None for name in _LIFE)
    return list(Life(state or "", since, reason))


def _split(text: str) -> list[str] | None:
    return [part.strip() for part in _SEPARATORS.split(text) if part.strip()] or None


def _position(texts: Texts) -> Value:
    if not texts["position.lon"].strip() and not texts["position.lat"].strip():
        return None
    return list(typed_position(texts["position.lon"], texts["position.lat"], texts["position.datum"]))


def typed_position(lon: str, lat: str, datum: str) -> Position:
    """Read the two inputs of a position, each in decimal degrees or in degrees, minutes and seconds.

    Raises Invalid (field ``position``), also for a datum that the form does not offer.
    """
    if not lon.strip() or not lat.strip():
        raise Invalid("position: one of the two numbers is missing", field="position", reason="half")
    try:
        given = read_pasted(f"经度{lon}, 纬度{lat}")
    except Invalid as error:
        reason = "not_on_earth" if error.reason == "not_on_earth" else "not_a_number"
        raise Invalid(str(error), field="position", value=f"{lon}, {lat}", reason=reason) from error
    if datum not in DATUMS:
        raise Invalid(f"position: {datum!r} is no datum", field="position", value=datum, reason="bad_datum")
    return Position(given.lon, given.lat, datum)


def _paste(form: Form, shown: Texts) -> None:
    """Let what stands in the paste box be the position, unless the numbers were typed as well."""
    text = form.texts.get("paste", "")
    typed = any(form.texts[name] != shown[name] for name in ("position.lon", "position.lat"))
    if not text.strip() or typed:
        return
    try:
        form.pasted = read_pasted(text)
    except Invalid as error:
        form.wrong["paste"] = error
        return
    form.texts["position.lon"] = f"{form.pasted.lon:.10g}"
    form.texts["position.lat"] = f"{form.pasted.lat:.10g}"
    if form.pasted.datum is not None:
        form.texts["position.datum"] = str(form.pasted.datum)
    form.texts["paste"] = ""


def _other_name(form: Form, sent: Texts) -> None:
    tag, name = sent.get("other_tag", "").strip(), sent.get("other_name", "").strip()
    if tag and name:
        form.fields[f"name.{tag}"] = name


def _hours(form: Form, shown: Texts, sent: Texts, base: Draft, today: date) -> None:
    names = ("hours.words", "hours.manual", "hours.expression", "hours.calendar")
    texts = form.texts
    manual = texts["hours.manual"] == "1"
    told = names if manual else names[:2]
    if all(texts[name].strip() == shown[name].strip() for name in told):
        return
    said = texts["hours.words"].strip()
    if manual:
        expression = texts["hours.expression"].strip() or None
        form.fields["hours"] = list(Opening(said or None, expression, texts["hours.calendar"]))
        return
    if not said:
        form.fields["hours"] = None
        return
    try:
        meant = understood(said, today=today)
    except Invalid as error:
        form.wrong["hours"] = error
        return
    if not meant.meant and not sent.get("hours.keep"):
        form.wrong["hours"] = Invalid(
            f"hours: {said[:60]!r} means nothing; keep only the words, or write them otherwise",
            field="hours",
            value=said,
            reason="hours_mean_nothing",
        )
        return
    form.fields["hours"] = list(meant.opening)
    # 春节停业 is a dated exception; one that stands there already is not said twice.
    form.fields |= {key: value for key, value in meant.exceptions.items() if key not in base.fields}
