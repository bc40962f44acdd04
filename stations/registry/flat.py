"""A station as one flat row: the columns of every file that is downloaded, and what stands in them.

Codes stand beside labels, so that a program and a person read the same file. Unknown stays empty, and lists that say
"there is", "guessed", "out of order" and "there is not" leave out what nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from stations import vocabulary as words

__all__ = ["COLUMNS", "Cell", "Column", "Flattener"]

Cell: TypeAlias = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its Chinese head, its names in a Shapefile (ten bytes), and what its cells are."""

    name: str
    zh: str
    short_zh: str
    short_en: str = ""
    kind: Literal["text", "integer", "number"] = "text"


#: In the order of ``Flattener.row``. ``lon`` and ``lat`` are WGS 84.
COLUMNS: Final = (
    Column("code", "编号", "编号"),
    Column("name", "名称", "名称"),
    Column("name_en", "英文名", "英文名"),
    Column("name_bo", "藏文名", "藏文名"),
    Column("name_mn", "蒙古文名", "蒙文名"),
    Column("kind", "种类代码", "种类码"),
    Column("kind_label", "种类", "种类"),
    Column("class", "大类", "大类"),
    Column("lifecycle", "状态代码", "状态码"),
    Column("lifecycle_label", "状态", "状态", "life_label"),
    Column("lifecycle_since", "状态起始日期", "状态始", "life_since"),
    Column("lifecycle_reason", "状态原因", "状态因", "life_why"),
    Column("opened_on", "开放日期", "开放日"),
    Column("expected_on", "预计开放日期", "预计日", "expected"),
    Column("region", "区划代码", "区划码"),
    Column("province", "省", "省"),
    Column("prefecture", "市州", "市州"),
    Column("county", "县区", "县区"),
    Column("township", "乡镇街道", "乡镇"),
    Column("address", "地址", "地址"),
    Column("directions", "到门口", "到门口"),
    Column("premises", "场所", "场所"),
    Column("lon", "经度", "经度", kind="number"),
    Column("lat", "纬度", "纬度", kind="number"),
    Column("position_quality", "定位精度", "精度", "pos_qual"),
    Column("position_held", "位置存疑", "存疑", "pos_held", "integer"),
    Column("access", "进入方式代码", "进入码"),
    Column("access_label", "进入方式", "进入", "acc_label"),
    Column("fee", "收费代码", "收费码"),
    Column("fee_label", "收费", "收费"),
    Column("accepted_cards", "受理的卡", "受理卡", "cards"),
    Column("phone", "电话", "电话"),
    Column("capacity", "容纳人数", "人数", kind="integer"),
    Column("area_m2", "面积（平方米）", "面积", kind="number"),
    Column("hours", "开放时间", "时间"),
    Column("hours_expression", "开放时间表达式", "表达式", "hours_osm"),
    Column("hours_calendar", "日历", "日历", "hours_cal"),
    Column("hours_exceptions", "特殊日期", "特殊日", "hours_exc"),
    Column("state", "此刻状态", "此刻"),
    Column("amenities", "设施代码", "设施码"),
    Column("amenities_label", "设施", "设施", "amen_label"),
    Column("amenities_inferred", "推断有的设施", "推断", "amen_infer"),
    Column("amenities_out_of_order", "故障的设施", "故障", "amen_down"),
    Column("amenities_missing", "没有的设施", "没有", "amen_no"),
    Column("partners", "合作单位", "合作"),
    Column("honours", "荣誉", "荣誉"),
    Column("verified_at", "核实时间", "核实", "verified"),
    Column("source", "来源", "来源"),
    Column("source_licence", "来源许可", "许可", "licence"),
    Column("source_retrieved_on", "取得日期", "取得日", "retrieved"),
    Column("demonstration", "演示数据", "演示", "demo", "integer"),
    Column("as_of", "数据时间", "截至"),
)

_LEVELS: Final = ("province", "prefecture", "county", "township")


class Flattener:
    """Makes rows of features in one language, for one moment."""

    def __init__(self, lang: str, regions: Mapping[str, tuple[str, str]], as_of: str) -> None:
        """Prepare. regions: code → (level, name); as_of: the moment, as it is written into each row."""
        self._regions = regions
        self._as_of = as_of
        self._join = ", " if lang == "en" else "、"
        self._kinds = _labels(words.KINDS, lang)
        self._lives = _labels(words.LIFECYCLE, lang)
        self._access = _labels(words.ACCESS, lang)
        self._fees = _labels(words.FEE, lang)
        self._premises = _labels(words.PREMISES, lang)
        self._qualities = _labels(words.POSITION_QUALITY, lang)
        self._amenities = _labels(words.AMENITIES, lang)
        self._roles = _labels(words.PARTNER_ROLES, lang)

    def row(self, feature: Mapping[str, Any], lineage: Iterable[str], state: str) -> tuple[Cell, ...]:
        """Return a feature of the API as cells in the order of ``COLUMNS``."""
        told, place = feature["properties"], feature["geometry"]
        names, hours, source = told["names"], told["hours"], told["source"] or {}
        lon, lat = place["coordinates"] if place else (None, None)
        above = dict(self._regions[code] for code in lineage if code in self._regions)
        there, guessed, broken, missing = _sorted_out(told["amenities"])
        return (
            told["code"],
            names.get("zh"),
            names.get("en"),
            names.get("bo"),
            names.get("mn-Mong"),
            told["kind"],
            self._kinds.get(told["kind"]),
            told["class"],
            told["lifecycle"],
            self._lives.get(told["lifecycle"]),
            told["lifecycle_since"],
            told["lifecycle_reason"],
            told["opened_on"],
            told["expected_on"],
            told["region"],
            *(above.get(level) for level in _LEVELS),
            told["address"],
            told["directions"],
            self._premises.get(told["premises"]),
            lon,
            lat,
            self._qualities.get(told["position"]["quality"]),
            int(told["position"]["held"]),
            told["access"],
            self._access.get(told["access"]),
            told["fee"],
            self._fees.get(told["fee"]),
            self._join.join(told["accepted_cards"] or ()) or None,
            told["phone"],
            told["capacity"],
            told["area_m2"],
            hours["words"],
            hours["expression"],
            hours["calendar"],
            "; ".join(map(_exception, hours["exceptions"])) or None,
            state,
            ",".join(there) or None,
            self._told(there),
            self._told(guessed),
            self._told(broken),
            self._told(missing),
            self._join.join(f"{self._roles.get(p['role'], p['role'])}:{p['name']}" for p in told["partners"])
            or None,
            self._join.join(f"{h['year'] or ''} {h['title']}".strip() for h in told["honours"]) or None,
            told["verified_at"],
            source.get("name"),
            source.get("licence"),
            source.get("retrieved_on"),
            int(told["demonstration"]),
            self._as_of,
        )

    def _told(self, codes: Iterable[str]) -> str | None:
        return self._join.join(self._amenities.get(code, code) for code in codes) or None


def _labels(terms: Mapping[str, words.Term], lang: str) -> dict[str | None, str]:
    return {code: term.label(lang) for code, term in terms.items()}


def _sorted_out(amenities: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str], list[str], list[str]]:
    there: list[str] = []
    guessed: list[str] = []
    broken: list[str] = []
    missing: list[str] = []
    for one in amenities:
        if one["out_of_order"]:
            broken.append(one["amenity"])
        elif one["value"] == words.Value.YES:
            (guessed if one["basis"] == words.Basis.INFERRED else there).append(one["amenity"])
        elif one["value"] == words.Value.NO and one["basis"] != words.Basis.INFERRED:
            missing.append(one["amenity"])
    return there, guessed, broken, missing


def _exception(told: Mapping[str, Any]) -> str:
    days = told["starts"] if told["starts"] == told["ends"] else f"{told['starts']}/{told['ends']}"
    return " ".join(filter(None, (days, told["expression"] or "off", told["reason"])))
