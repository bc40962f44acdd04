"""The history in words: what tables and columns are called, what a value means, how a change reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from stations import vocabulary as words
from stations.registry.differences import Difference, Move, Sort, differences, move_of
from web.desk.history_values import Names, Row, label, period, shows, standing_word, value_words
from web.desk.words import beijing
from web.finder.words import said_words
from web.ground import name_in
from web.i18n import say

__all__ = ["OWN_NAMES", "Line", "column_name", "lines", "op_word", "row_title", "table_name"]

#: The columns that name a row of a table, so that they are not told once more.
_TITLES: Mapping[str, tuple[str, ...]] = {
    "amenities": ("station_id", "amenity"),
    "hours_exceptions": ("station_id", "starts", "ends"),
    "partners": ("station_id", "organisation_id", "role"),
    "photos": ("station_id", "sha256"),
    "honours": ("station_id", "organisation_id", "title"),
    "inspections": ("station_id", "made_at", "inspector_id"),
    "findings": ("station_id", "item", "what"),
    "visits": ("station_id", "period"),
    "reports": ("station_id", "choice", "amenity"),
    "notices": ("station_id", "title"),
    "events": ("station_id", "kind", "title"),
    "station_sources": ("station_id", "source_id"),
    "stations": ("code",),
    "organisations": ("name",),
    "sources": ("name",),
    "regions": ("code", "names"),
    "freshness_promises": ("kind",),
    "demand_layers": ("name",),
    "staff": ("login",),
    "staff_grants": ("staff_id",),
    "programmes": ("code", "title"),
    "programme_stations": ("programme_id", "station_id"),
    "programme_targets": ("programme_id", "region_code"),
    "programme_areas": ("programme_id", "region_code"),
    "programme_townships": ("programme_id", "name"),
}

#: Rows that others point at: how, and by which column.
OWN_NAMES: Mapping[str, tuple[Sort, str]] = {
    "organisations": (Sort.ORGANISATION, "id"),
    "sources": (Sort.SOURCE, "id"),
    "regions": (Sort.REGION, "code"),
    "staff": (Sort.STAFF, "id"),
    "programmes": (Sort.PROGRAMME, "id"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a change in words. ``old`` or ``new`` is None where there was or is no row to hold it."""

    label: str
    old: str | None
    new: str | None
    sort: Sort
    move: Move | None = None


def table_name(table: str) -> str:
    """Return what the rows of a table are called."""
    return {
        "stations": say("站点"),
        "amenities": say("设施"),
        "hours_exceptions": say("特殊日期"),
        "partners": say("合作单位"),
        "photos": say("照片"),
        "honours": say("荣誉"),
        "inspections": say("现场检查"),
        "findings": say("整改"),
        "visits": say("使用人次"),
        "reports": say("群众反映"),
        "notices": say("招工信息"),
        "events": say("活动"),
        "station_sources": say("来源对应"),
        "organisations": say("单位"),
        "sources": say("来源"),
        "regions": say("区域"),
        "freshness_promises": say("核实承诺"),
        "demand_layers": say("需求图层"),
        "staff": say("人员"),
        "staff_grants": say("授权"),
        "programmes": say("建设方案"),
        "programme_stations": say("建设方案的站点"),
        "programme_targets": say("建设方案分区目标"),
        "programme_areas": say("建设方案优先区域"),
        "programme_townships": say("建设方案的乡镇"),
    }[table]


def op_word(op: str) -> str:
    """Return what was done to a row."""
    return {"add": say("新增"), "update": say("修改"), "delete": say("删除")}[op]


def row_title(table: str, row: Row, names: Names) -> str:
    """Name one row, so that a reader knows which of its kind it is."""
    match table:
        case "amenities":
            return label(words.AMENITIES, row["amenity"])
        case "hours_exceptions":
            return " – ".join(dict.fromkeys((row["starts"], row["ends"])))
        case "partners":
            partner = names.get((Sort.ORGANISATION, row["organisation_id"]), "")
            return " · ".join(filter(None, [label(words.PARTNER_ROLES, row["role"]), str(partner)]))
        case "photos":
            return row["caption"] or shows()[row["shows"]]
        case "honours":
            return f"{row['title']} · {row['year']}"
        case "inspections":
            inspector = names.get((Sort.STAFF, row["inspector_id"]), "")
            return " · ".join(filter(None, [beijing(datetime.fromisoformat(row["made_at"])), str(inspector)]))
        case "findings":
            return str(row["what"])
        case "visits":
            return period(row["period"])
        case "reports":
            return f"#{row['id']} {said_words(row['choice'], row['amenity'])}"
        case "notices":
            return str(row.get("title") or f"#{row.get('id')}")
        case "events":
            return " · ".join(filter(None, [label(words.EVENT_KINDS, row.get("kind")), row.get("title")]))
        case "station_sources":
            return str(names.get((Sort.SOURCE, row["source_id"]), row["source_id"]))
        case "stations":
            return name_in(row["names"])
        case "organisations" | "sources" | "regions" | "staff":
            sort, key = OWN_NAMES[table]
            name = names.get((sort, row.get(key)))
            return name_in(name) if isinstance(name, dict) else str(name or row.get(key))
        case "staff_grants":
            return str(names.get((Sort.STAFF, row.get("staff_id")), ""))
        case "freshness_promises":
            return label(words.KINDS, row["kind"])
        case "demand_layers":
            return str(row.get("name") or "")
        case "programmes":
            return str(names.get((Sort.PROGRAMME, row.get("id"))) or row.get("title") or "")
        case "programme_stations":
            return str(names.get((Sort.PROGRAMME, row["programme_id"]), ""))
        case "programme_targets" | "programme_areas":
            region = names.get((Sort.REGION, row.get("region_code")))
            return name_in(region) if isinstance(region, dict) else str(row.get("region_code") or "")
        case "programme_townships":
            return str(row.get("name") or f"#{row.get('id')}")
        case _:
            return ""


def lines(table: str, before: Row | None, after: Row | None, names: Names) -> list[Line]:
    """Say each field in which two states of a row differ, as a person reads it."""
    found: list[Line] = []
    if table == "amenities" and all("value" in row for row in (before, after) if row is not None):
        before, after, standing = _standing(before, after)
        found += standing
    if table == "hours_exceptions" and (before is None or after is None):
        # No hours on a day are not nothing: the station is shut.
        shut = value_words(Sort.EXPRESSION, ((before or after) or {}).get("expression"), names)
        sides = (None if before is None else shut, None if after is None else shut)
        found.append(Line(column_name(table, "expression"), *sides, Sort.EXPRESSION))
        before, after = _without(before, ("expression",)), _without(after, ("expression",))
    # A row that was changed tells a new name of its own; one that was added or removed is headed by it.
    besides = () if before is not None and after is not None else _TITLES.get(table, ())
    # The history keeps columns in no order that means something to a reader.
    order = {name: place for place, name in enumerate(("names", *_columns()))}
    told = differences(table, _without(before, besides), _without(after, besides))
    for one in sorted(told, key=lambda one: order.get(one.field, len(order))):
        if one.sort is Sort.NAMES:
            found += _name_lines(one, before, after)
            continue
        move = move_of(one) if one.sort is Sort.POSITION else None
        old, new = (value_words(one.sort, value, names) for value in (one.old, one.new))
        found.append(
            Line(
                column_name(table, one.field),
                None if before is None else old,
                None if after is None else new,
                one.sort,
                move,
            )
        )
    return found


def column_name(table: str, column: str) -> str:
    """Return what a column is called; its own name where nobody has to know it."""
    special = {
        ("amenities", "verified_at"): say("核实日期"),
        ("hours_exceptions", "reason"): say("原因"),
        ("hours_exceptions", "expression"): say("当天时间"),
        ("honours", "level"): say("级别"),
        ("staff_grants", "role"): say("角色"),
        ("sources", "name"): say("名称"),
        ("organisations", "name"): say("名称"),
        ("freshness_promises", "days"): say("多少天内核实一次"),
        ("reports", "status"): say("处理结果"),
        ("photos", "sha256"): say("照片"),
        ("programmes", "starts"): say("开始日期"),
        ("notices", "starts"): say("开工日期"),
        ("notices", "ends"): say("最后一天"),
        ("notices", "title"): say("标题"),
        ("events", "title"): say("标题"),
        ("events", "at_least"): say("只写了“至少”的数"),
        ("demand_layers", "counts"): say("数的是"),
        ("demand_layers", "unit"): say("单位"),
        ("demand_layers", "source"): say("来源"),
        ("demand_layers", "file_name"): say("文件"),
        ("demand_layers", "total"): say("合计"),
        ("demand_layers", "outside"): say("登记范围外"),
        ("demand_layers", "removed_at"): say("移走"),
    }
    if column.startswith("names."):
        return say("名称（{language}）", language=_language(column.removeprefix("names.")))
    return special.get((table, column)) or _columns().get(column, column)


def _columns() -> dict[str, str]:
    return {
        "kind": say("种类"),
        "lifecycle": say("运营状态"),
        "lifecycle_since": say("状态起始日期"),
        "lifecycle_reason": say("状态原因"),
        "opened_on": say("启用日期"),
        "expected_on": say("预计开放或恢复日期"),
        "location": say("位置"),
        "directions": say("到门口怎么走"),
        "address": say("地址"),
        "district_received": say("名单所写区县"),
        "region_code": say("区县"),
        "premises": say("场所"),
        "access": say("进入方式"),
        "fee": say("费用"),
        "accepted_cards": say("可用卡"),
        "phone": say("电话"),
        "capacity": say("可容纳人数"),
        "area_m2": say("面积（平方米）"),
        "hours_expression": say("开放时间"),
        "doubts": say("存疑"),
        "verified_at": say("核实时间"),
        "verified_by": say("核实人"),
        "verified_how": say("怎么核实的"),
        "source_id": say("来源"),
        "withdrawn_reason": say("撤下的原因"),
        "same_as": say("与此站点相同"),
        "out_of_order": say("故障"),
        "value": say("有没有"),
        "basis": say("依据"),
        "note": say("备注"),
        "starts": say("开始"),
        "ends": say("结束"),
        "organisation_id": say("单位"),
        "role": say("角色"),
        "shows": say("拍的是什么"),
        "caption": say("说明"),
        "taken_on": say("拍摄日期"),
        "licence": say("许可"),
        "title": say("名称"),
        "year": say("年份"),
        "standard": say("标准"),
        "revoked_on": say("撤销日期"),
        "revoked_reason": say("撤销原因"),
        "review_on": say("复评日期"),
        "passes": say("达标"),
        "mended_on": say("整改日期"),
        "mended_by": say("整改登记人"),
        "mended_note": say("整改说明"),
        "checked_on": say("复查日期"),
        "checked_by": say("复查人"),
        "checked_note": say("复查说明"),
        "period": say("时段"),
        "visits": say("使用人次"),
        "at_least": say("至少"),
        "occupation": say("职业"),
        "how": say("怎么计的"),
        "status": say("状态"),
        "outcome": say("怎么处理的"),
        "decided_at": say("处理时间"),
        "decided_by": say("处理人"),
        "decided_note": say("处理说明"),
        "released_at": say("公开时间"),
        "released_by": say("公开人"),
        "words_shown": say("文字已公开"),
        "photo_shown": say("照片已公开"),
        "made_at": say("反映时间"),
        "received_at": say("收到时间"),
        "external_id": say("来源里的编号"),
        "identity_key": say("来源里的识别字样"),
        "publisher": say("发布单位"),
        "url": say("网址"),
        "datum": say("坐标系"),
        "retrieved_on": say("取得日期"),
        "population": say("人口"),
        "population_year": say("人口年份"),
        "parent_code": say("上级区域"),
        "display_name": say("姓名"),
        "active": say("启用"),
        "code": say("编号"),
        "level": say("级别"),
        "target": say("目标数"),
        "target_is": say("目标怎么算"),
        "due": say("完成期限"),
        "base": say("开始时已开放"),
        "kinds": say("算数的站点种类"),
        "regions": say("区域"),
        "tag": say("标签"),
        "standard_source": say("标准的出处"),
        "budget_yuan": say("预算（元）"),
        "committed_yuan": say("已签约（元）"),
        "spent_yuan": say("已支出（元）"),
        "owner_id": say("牵头单位"),
        "closed_on": say("结束日期"),
        "closed_reason": say("结束的原因"),
        "weight": say("权重"),
        "reason": say("原因"),
        "programme_id": say("建设方案"),
        "trade": say("工种"),
        "assemble_at": say("集合时间"),
        "assemble_where": say("集合地点"),
        "pay_from": say("每天工钱（元）"),
        "pay_to": say("最多（元）"),
        "headcount": say("要几个人"),
        "employer": say("用工单位"),
        "until": say("有效到"),
        "place": say("地点"),
        "organiser": say("主办单位"),
        "sessions": say("场次"),
        "firms": say("企业数"),
        "people": say("人次"),
        "leaflets": say("宣传资料份数"),
    }


def _without(row: Row | None, columns: Sequence[str]) -> Row | None:
    return None if row is None else {name: value for name, value in row.items() if name not in columns}


def _name_lines(one: Difference, before: Row | None, after: Row | None) -> list[Line]:
    was, now = one.old or {}, one.new or {}
    return [
        Line(
            say("名称（{language}）", language=_language(tag)),
            None if before is None else was.get(tag) or say("（空）"),
            None if after is None else now.get(tag) or say("（空）"),
            Sort.TEXT,
        )
        for tag in dict.fromkeys((*was, *now))
        if was.get(tag) != now.get(tag)
    ]


def _language(tag: str) -> str:
    return {
        "zh": say("中文"),
        "bo": say("藏文"),
        "mn-Mong": say("蒙古文"),
        "mn": say("蒙古文"),
        "en": say("英文"),
    }.get(tag, tag)


def _standing(before: Row | None, after: Row | None) -> tuple[Row | None, Row | None, list[Line]]:
    """Say an amenity's value, whether it works and on what ground in one word; the rest of the rows go on."""
    old, new = (None if row is None else standing_word(row) for row in (before, after))
    rest: tuple[str, ...] = ("value", "out_of_order", "basis")
    line = [Line(say("状态"), old, new, Sort.VALUE)] if old != new else []
    if before is not None and after is not None and before["basis"] != after["basis"]:
        rest = ("value", "out_of_order")
    return _without(before, rest), _without(after, rest), line
