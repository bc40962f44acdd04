"""A station's page as values: what its public feature says, put into the reader's words; nothing is asked here.

Unknown stays unknown, a guess says that it is one, and every fact that has an age shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from stations import vocabulary as words
from stations.hours import SHANGHAI
from web.finder.facts import standings
from web.i18n import lang, say
from web.maps.symbols import LOOKS, SHAPES, look_of
from web.pages.when import ago_words, state_words

__all__ = ["AmenityRow", "Lifecycle", "Mark", "Phone", "Standing", "amenity_rows", "code_groups", "honours",
           "is_foreign", "lifecycle", "mark", "mark_of", "other_names", "partners", "phones", "standing", "state_line", "title"]  # fmt: skip

_PHONE_BREAKS = re.compile(r"[/,;、，；]")
_NUMBER = re.compile(r"\+?\d[\d\s()（）-]+")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
#: A verification older than this is marked as old.
_OLD_DAYS = 365


@dataclass(frozen=True, slots=True)
class Mark:
    """How the station's pin looks, for the macro ``pin``."""

    shape: str
    icon: str
    look: str
    fill: str
    rim: str
    badge: str | None


@dataclass(frozen=True, slots=True)
class AmenityRow:
    """An amenity and its standing: yes, inferred, broken, no or unknown; ``note`` says what is to be said of it."""

    code: str
    label: str
    standing: str
    note: str
    icon: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A part of a phone cell: its words, and the number to dial where there is one."""

    text: str
    number: str


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Why a station is not in service: its state, since when, why, and when it may be back."""

    label: str
    since: str
    reason: str
    expected: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the data were come by, line by line, and whether a person verified them lately."""

    verified: str
    is_old: bool
    lines: tuple[tuple[str, str], ...]


def title(p: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name that stands largest and its language tag: Chinese, which the door shows, on every page."""
    names: Mapping[str, str] = p["names"]
    return (names["zh"], "zh-Hans") if "zh" in names else (next(iter(names.values()), p["code"]), "und")


def is_foreign(text: str) -> bool:
    """Tell whether words are Chinese on a page that is not: a voice must be told, to read them as they are meant."""
    return lang() != "zh" and _HAN.search(text) is not None


def other_names(p: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names in other languages, as tag and name."""
    return [(tag, name) for tag, name in p["names"].items() if tag != "zh" and name.strip()]


def code_groups(code: str) -> str:
    """Write a code so that it can be read out: province, number, check digit."""
    return (
        f"{code[:2]}-{code[2:-1]}-{code[-1]}" if code.isascii() and code.isdigit() and len(code) > 4 else code
    )


def mark(p: Mapping[str, Any]) -> Mark:
    """Return the look of the pin at the moment that the feature was asked for."""
    return mark_of(p["kind"], p["lifecycle"], p["state"]["now"])


def mark_of(kind: str, lifecycle: str, state: str) -> Mark:
    """Return the look of a pin."""
    shape, look = SHAPES[words.KINDS[kind].station_class], LOOKS[look_of(lifecycle, state)]
    return Mark(shape, f"kind-{kind}", look.state, look.fill, look.rim, look.badge)


def state_line(p: Mapping[str, Any], moment: datetime) -> str:
    """Say what the hours say now and when that changes."""
    state = p["state"]
    until = datetime.fromisoformat(state["until"]) if state["until"] else None
    return state_words(p["lifecycle"], state["now"], until=until, then=state["then"], now=moment)


def lifecycle(p: Mapping[str, Any], today: date) -> Lifecycle | None:
    """Return why the station is not in service; None where it is."""
    if p["lifecycle"] == words.Lifecycle.OPEN:
        return None
    expected = _date(p["expected_on"])
    coming = p["lifecycle"] in {words.Lifecycle.PLANNED, words.Lifecycle.BUILDING}
    back = ""
    if expected is not None and p["lifecycle"] != words.Lifecycle.CLOSED:
        sentence = say("预计 {date} 开放") if coming else say("预计 {date} 恢复")
        back = sentence.format(date=expected.isoformat())
        if expected < today:
            back += say("（已过，尚未更新）")
    since = p["lifecycle_since"]
    return Lifecycle(
        label=words.LIFECYCLE[p["lifecycle"]].label(lang()),
        since=say("自 {date} 起", date=since) if since else "",
        reason=p["lifecycle_reason"] or "",
        expected=back,
    )


def amenity_rows(rows: Sequence[Mapping[str, Any]]) -> list[AmenityRow]:
    """Return the amenities, those that can be used first: all that are recorded, and those that people ask for."""
    held = standings(rows)
    by_code = {row["amenity"]: row for row in rows}
    found = [
        _amenity(code, kind, by_code[code])
        for kind in ("yes", "inferred", "broken", "no")
        for code in held[kind]
    ]
    known = {row.code for row in found}
    for code in words.AMENITIES:
        if code not in known and (code in by_code or code in words.FILTER_AMENITIES):
            found.append(_amenity(code, "unknown", {}))
    return found


_ICONS = {"yes": "check", "inferred": "hollow", "broken": "warn", "no": "cross", "unknown": "query"}


def _amenity(code: str, kind: str, row: Mapping[str, Any]) -> AmenityRow:
    said = {
        "yes": "",
        "inferred": say("推断"),
        "broken": say("故障"),
        "no": say("没有"),
        "unknown": say("未知"),
    }[kind]
    seen = row.get("verified_at")
    notes = [said, say("{date} 核实", date=seen) if seen and kind != "inferred" else ""]
    return AmenityRow(
        code, words.AMENITIES[code].label(lang()), kind, " · ".join(filter(None, notes)), _ICONS[kind]
    )


def phones(text: str | None) -> list[Phone]:
    """Split a cell of a ledger into numbers to dial; words and extensions stay beside theirs."""
    found = []
    for part in _PHONE_BREAKS.split(text or ""):
        if part.strip():
            number = _NUMBER.search(part)
            digits = re.sub(r"[^\d+]", "", number[0]) if number else ""
            found.append(Phone(part.strip(), digits if len(digits) > 2 else ""))
    return found


def partners(p: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return who stands behind the station: the roles of each, and its name; one line an organisation."""
    roles: dict[str, list[str]] = {}
    for row in p["partners"]:
        term = words.PARTNER_ROLES.get(row["role"])
        roles.setdefault(row["name"], []).append(term.label(lang()) if term else row["role"])
    return [(say("、").join(held), name) for name, held in roles.items()]


def honours(p: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return titles, and beside each its level, its year and the standard it was given under."""
    levels = {
        "national": say("国家级"),
        "provincial": say("省级"),
        "prefecture": say("市州级"),
        "county": say("区县级"),
        "other": "",
    }
    return [
        (
            row["title"],
            " · ".join(filter(None, [levels.get(row["level"], ""), str(row["year"]), row["standard"]])),
        )
        for row in p["honours"]
    ]


def standing(p: Mapping[str, Any], now: datetime) -> Standing:
    """Say how the data were obtained and how old they are."""
    verified, is_old = say("还没有人核实过，到达前请留意。"), True
    if p["verified_at"]:
        at = datetime.fromisoformat(p["verified_at"]).astimezone(SHANGHAI)
        is_old = (now - at).days > _OLD_DAYS
        how = _ways().get(p["verified_how"] or "", p["verified_how"] or "")
        verified = say("{ago}核实", ago=ago_words(at, now))
        verified += say("（{details}）", details=say("，").join(filter(None, [at.date().isoformat(), how])))
    lines = []
    if source := p["source"]:
        lines.append((say("来源"), source["name"]))
        lines.append((say("许可"), source["licence"] or say("未知")))
        lines.append((say("取得日期"), source["retrieved_on"] or say("未知")))
    position = p["position"]
    if position["datum_received"]:
        lines.append((say("收到的坐标系"), _datums()[position["datum_received"]]))
    if position["origin"]:
        lines.append((say("坐标怎么来的"), _origins().get(position["origin"], position["origin"])))
    return Standing(verified, is_old, tuple(lines))


def _ways() -> dict[str, str]:
    return {"现场核实": say("现场核实"), "电话核实": say("电话核实"), "名单所列": say("名单所列")}


def _origins() -> dict[str, str]:
    return {
        "poi": say("地图上的兴趣点"),
        "geocoded": say("由地址推算"),
        "surveyed": say("现场测得"),
    }


def _datums() -> dict[str, str]:
    return {"wgs84": "WGS 84", "gcj02": say("GCJ-02（高德、腾讯）"), "bd09": say("BD-09（百度）")}


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
