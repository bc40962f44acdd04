"""The columns of a county's ledger: what each cell shows of a station, and what a person can write into it.

A cell is text both ways. Several columns may be one field (a state with its day and reason, a position with its datum);
fields are called as the desk calls them (``stations.editing.draft``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from stations import vocabulary as words
from stations.editing.draft import Life, Opening, Position, Value, period_key
from stations.errors import Invalid
from stations.hours import parse_words
from stations.imports import terms

__all__ = ["CODE", "Labels", "LedgerColumn", "columns_of", "field_of", "fields_of", "kind_of", "text_of"]

#: The column that names the station; nobody changes it.
CODE: Final = "code"
_DATUMS: Final = {"wgs84": "WGS84", "gcj02": "GCJ-02（高德、腾讯）", "bd09": "BD-09（百度）"}
_DATUM_EN: Final = {"wgs84": "WGS84", "gcj02": "GCJ-02 (Amap, Tencent)", "bd09": "BD-09 (Baidu)"}
_STANDINGS: Final = {
    "yes": ("有", "yes"),
    "no": ("无", "no"),
    "unknown": ("未知", "unknown"),
    "broken": ("损坏", "out of order"),
}
_GUESSES: Final = {
    "inferred_yes": ("有（推断）", "yes (inferred)"),
    "inferred_no": ("无（推断）", "no (inferred)"),
}
_SEPARATOR: Final = "、"


@dataclass(frozen=True, slots=True)
class Labels:
    """The language of a ledger, and the names of the regions that its stations may lie in, by code."""

    lang: str
    regions: Mapping[str, str]

    def of(self, terms_: Mapping[str, words.Term]) -> dict[str, str]:
        """Return code → label."""
        return {code: term.label(self.lang) for code, term in terms_.items()}

    def pick(self, zh: str, en: str) -> str:
        """Return the one of two texts that is in this language."""
        return en if self.lang == "en" else zh


@dataclass(frozen=True, slots=True)
class LedgerColumn:
    """One column. code: its own name, never shown. field: what it is a part of. choices: code → label, or None."""

    code: str
    field: str
    header: str
    note: str = ""
    width: int = 14
    choices: Mapping[str, str] | None = None


def columns_of(labels: Labels) -> tuple[LedgerColumn, ...]:
    """Return the columns of a ledger in a language, in their order."""
    pick = labels.pick
    day = pick("如 2024-05-01", "such as 2024-05-01")
    many = pick("多个用、隔开", "several with 、 between them")

    def column(code: str, zh: str, en: str, note: str = "", width: int = 14, **more: Any) -> LedgerColumn:
        field, choices = more.get("field", code), more.get("choices")
        return LedgerColumn(code, field, pick(zh, en), note, width, choices)

    return (
        column(
            CODE, "编码", "Code",
            pick("系统编码，不可更改；新增站点留空", "given by the registry, never changed; leave it empty for a new station"),
        ),
        column("name.zh", "名称", "Name", width=28),
        column("region_code", "所属区县", "Region", choices=labels.regions),
        column("kind", "类型", "Kind", choices=labels.of(words.KINDS), width=18),
        column("lifecycle", "状态", "State", choices=labels.of(words.LIFECYCLE)),
        column("lifecycle.since", "状态起始日期", "State since", day, field="lifecycle"),
        column(
            "lifecycle.reason", "状态原因", "Reason of the state",
            pick("暂停或关闭时必填，公众可见", "needed for a suspended or closed station; the public reads it"),
            24, field="lifecycle",
        ),
        column("address", "详细地址", "Address", width=32),
        column("directions", "到门指引", "Directions to the door", width=24),
        column("position", "经度", "Longitude", pick("十进制度，经度在前", "decimal degrees"), field="position"),
        column("position.lat", "纬度", "Latitude", field="position"),
        column(
            "position.datum", "坐标系", "Datum", field="position", width=18,
            choices=_DATUM_EN if labels.lang == "en" else _DATUMS,
        ),
        column("position_quality", "位置精度", "Precision", choices=labels.of(words.POSITION_QUALITY)),
        column("position_origin", "坐标来源", "How located"),
        column("hours", "开放时间", "Opening hours", pick("如 每天8:00-20:00", "in words, such as 每天8:00-20:00"), 24),
        column("phone", "联系电话", "Phone", many, 18),
        column("access", "进入方式", "Access", choices=labels.of(words.ACCESS)),
        column("fee", "收费", "Fee", choices=labels.of(words.FEE)),
        column("cards", "可用卡", "Accepted cards", many),
        column("premises", "场所类型", "Premises", choices=labels.of(words.PREMISES), width=18),
        column("capacity", "容纳人数", "Capacity"),
        column("area_m2", "面积", "Area, m²", pick("平方米", "square metres")),
        column("opened_on", "建成时间", "Opened", day),
        column("expected_on", "预计开放日期", "Expected", day),
        *(
            column(f"partner.{role}", f"{term.zh}单位", term.en, many, 20) for role, term in words.PARTNER_ROLES.items()
        ),
        *(
            column(
                f"amenity.{code}", term.zh, term.en,
                choices={standing: pick(*said) for standing, said in _STANDINGS.items()}, width=10,
            )
            for code, term in words.AMENITIES.items()
        ),
        column("name.en", "英文名称", "English name", width=24),
        column("name.bo", "藏文名称", "Tibetan name", width=24),
        column("name.mn-Mong", "蒙古文名称", "Mongolian name", width=24),
    )  # fmt: skip


def text_of(column: LedgerColumn, fields: Mapping[str, Value], labels: Labels) -> str:
    """Return what a cell shows of a station; unknown is an empty cell, and 未知 for an amenity."""
    value = fields.get(column.field)
    part = column.code.removeprefix(column.field).removeprefix(".")
    if column.field == "lifecycle":
        value = getattr(Life(*(value or ("open",))), part or "state")
    elif column.field == "position" and value:
        found = getattr(Position(*value), part or "lon")
        value = found if isinstance(found, str) else f"{found:.15g}"
    elif column.field == "hours" and value:
        hours = Opening(*value)
        value = hours.words or hours.expression
    elif column.field.startswith("amenity."):
        value = value or "unknown"
        if value in _GUESSES:
            return labels.pick(*_GUESSES[value])
    if value is None:
        return ""
    if column.choices is not None:
        return column.choices.get(str(value), str(value))
    return _SEPARATOR.join(value) if isinstance(value, list) else str(value)


def fields_of(columns: Sequence[LedgerColumn]) -> tuple[str, ...]:
    """Return the fields that these columns speak of, in order."""
    return tuple(dict.fromkeys(column.field for column in columns if column.code != CODE))


def field_of(
    field: str,
    cells: Mapping[str, str],
    columns: Mapping[str, LedgerColumn],
    current: Mapping[str, Value],
    *,
    today: date,
) -> dict[str, Value]:
    """Read the cells of one field; returns the field, and dated exceptions where its words of hours name some.

    cells: text by the code of the column; a column of the field that is missing stays as it is in ``current``.
    Raises Invalid, with the field, on a text that means nothing there. An empty cell is a fact taken out.
    """
    if field == "lifecycle":
        was = Life(*current["lifecycle"]) if current.get("lifecycle") else Life("open")
        state = _chosen(columns, "lifecycle", cells, was.state)
        since = cells.get("lifecycle.since", was.since or "") or None
        reason = cells.get("lifecycle.reason", was.reason or "") or None
        if not state:
            raise Invalid("lifecycle: a station is in some state", field=field, value="", reason="needed")
        return {field: [state, since, reason]}
    if field == "position":
        return {field: _position(cells, columns, current)}
    text = cells[field]
    column = columns[field]
    if not text:
        return {field: [] if field.startswith(("partner.", "cards")) else None}
    if field == "hours":
        return _hours(text, today)
    if field.startswith("amenity."):
        guess = next((code for code, said in _GUESSES.items() if text in said), None)
        return {field: guess or _code(column, text)}
    if column.choices is not None:
        return {field: _code(column, text)}
    if field.startswith("partner.") or field == "cards":
        parts = text.replace(",", "、").replace("，", "、").replace(";", "、").replace("；", "、").split("、")
        return {field: [part.strip() for part in parts if part.strip()]}
    return {field: text}


def _chosen(
    columns: Mapping[str, LedgerColumn], code: str, cells: Mapping[str, str], default: str | None
) -> str:
    if code not in cells:
        return default or ""
    return _code(columns[code], cells[code]) if cells[code] else ""


def _code(column: LedgerColumn, text: str) -> str:
    choices = column.choices or {}
    wanted = text.strip()
    for code, label in choices.items():
        if wanted in (label, code, label.partition("（")[0], label.partition(" (")[0]):
            return code
    if (known := _ALIASES.get(column.field, {}).get(wanted)) is not None:
        return known
    raise Invalid(
        f"{column.header}: {text[:40]!r} is none of {_SEPARATOR.join(choices.values())}",
        field=column.field,
        value=text,
        reason="not_known",
    )


def _aliases(terms_: Mapping[str, words.Term]) -> dict[str, str]:
    found = {alias: code for code, term in terms_.items() for alias in term.aliases}
    return found | {label: code for code, term in terms_.items() for label in (term.zh, term.en)}


_ALIASES: Final = {
    "kind": _aliases(words.KINDS),
    "lifecycle": _aliases(words.LIFECYCLE),
    "premises": _aliases(words.PREMISES),
    "access": _aliases(words.ACCESS),
    "fee": _aliases(words.FEE),
    "position_quality": _aliases(words.POSITION_QUALITY),
    **dict.fromkeys(
        (f"amenity.{code}" for code in words.AMENITIES),
        {label: code for code, said in _STANDINGS.items() for label in said}
        | {"√": "yes", "是": "yes", "否": "no"},
    ),
}


def _position(
    cells: Mapping[str, str], columns: Mapping[str, LedgerColumn], current: Mapping[str, Value]
) -> Value:
    was = Position(*current["position"]) if current.get("position") else None
    lon = cells.get("position", f"{was.lon:.15g}" if was else "")
    lat = cells.get("position.lat", f"{was.lat:.15g}" if was else "")
    datum = _chosen(columns, "position.datum", cells, was.datum if was else None)
    if not lon and not lat:
        return None
    if not (lon and lat):
        raise Invalid(
            "position: half of it is missing", field="position", value=(lon, lat), reason="not_a_number"
        )
    if not datum:
        raise Invalid(
            "position: numbers without a datum mean nothing; choose one",
            field="position",
            value="",
            reason="bad_datum",
        )
    try:
        return [float(lon), float(lat), datum, False]
    except ValueError as error:
        raise Invalid(
            f"position: {lon[:40]!r}, {lat[:40]!r} is no pair of decimal degrees",
            field="position",
            value=(lon, lat),
            reason="not_a_number",
        ) from error


def _hours(text: str, today: date) -> dict[str, Value]:
    hours = parse_words(text, today=today).hours
    found: dict[str, Value] = {"hours": [hours.words, hours.expression, str(hours.calendar)]}
    for exception in hours.exceptions:
        key = period_key("exception", exception.starts, exception.ends)
        found.setdefault(key, []).append([exception.expression, exception.reason])
    return found


def kind_of(name: str) -> str:
    """Return the kind that a name tells, for a row that gives none."""
    return terms.kind(name, of_name=True) or "outdoor_workers_station"
