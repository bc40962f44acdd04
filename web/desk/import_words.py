"""What imports say to people: verdicts, kinds of problems, fields, steps of the work and what was wrong with a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stations import vocabulary as words
from stations.imports.problems import Kind, Severity
from web.desk import layer_words
from web.i18n import lang, say

__all__ = [
    "DATUMS",
    "changes",
    "conflict_words",
    "datum_label",
    "field_label",
    "how_words",
    "kind_label",
    "severity_label",
    "state_label",
    "status_label",
    "step_label",
    "trouble",
    "value_words",
    "verdict_label",
    "verdict_meaning",
]


#: Datums to choose from; None where the file says it, or has no coordinates.
DATUMS = (None, "gcj02", "bd09", "wgs84", "cgcs2000")


def verdict_label(verdict: str) -> str:
    """Return what a verdict is called."""
    return {
        "new": say("新增"),
        "changed": say("有改动"),
        "unchanged": say("无变化"),
        "suspect": say("存疑"),
        "conflict": say("有冲突"),
        "absent": say("名单未列"),
        "rejected": say("不能导入"),
    }[verdict]


def verdict_meaning(verdict: str) -> str:
    """Return what follows from a verdict, in a sentence."""
    return {
        "new": say("登记里还没有这些站点，导入后新建。"),
        "changed": say("这些站点的内容与登记不同，导入后按名单更新，原来的内容可以恢复。"),
        "unchanged": say("与登记一致，什么也不写。"),
        "suspect": say("位置或内容可疑：站点照样登记，可疑的位置先不上图，等您采信。"),
        "conflict": say("上次导入之后，工作人员改过这些内容：以工作人员的为准，除非您采信名单。"),
        "absent": say("以前的名单有、这次没有：什么也不做。采信即表示站点暂停服务。"),
        "rejected": say("这些行无法登记，请改好后重新上传，或者略去它们。"),
    }[verdict]


def status_label(status: str) -> str:
    """Return what the state of a batch is called."""
    return {
        "waiting": say("等待判定"),
        "judging": say("正在判定"),
        "judged": say("待审核"),
        "applying": say("正在写入"),
        "applied": say("已导入"),
        "refused": say("未导入：有不能导入的行"),
        "discarded": say("已放弃"),
        "stopped": say("已中断"),
        "undone": say("已撤销"),
    }[status]


def state_label(state: str) -> str:
    """Return what the state of a piece of work is called."""
    return {
        "waiting": say("等待处理"),
        "running": say("正在处理"),
        "interrupted": say("已中断，正等后台恢复"),
        "done": say("已完成"),
        "failed": say("没有完成"),
        "stopped": say("已中断"),
        "cancelled": say("已取消"),
    }[state]


def step_label(step: str | None) -> str:
    """Return what a worker is doing."""
    if (step or "").startswith("search "):
        return _searching(*(step or "").split()[1:])
    known = {
        "read": say("读取文件"),
        "judge": say("逐行判定"),
        "compare": say("与登记比对"),
        "apply": say("写入登记"),
        "undo": say("恢复原来的内容"),
        "derive": say("更新公众地图"),
        "demand": say("把人口铺到格网上"),
        "reach": say("计算到最近站点的路程"),
        "pairs": say("计算谁与谁共用站点"),
        "count": say("计数"),
        "hours": say("逐小时计算"),
        "keep": say("存入登记"),
        "candidates": say("收集候选点"),
        "search": say("搜索"),
        "further": say("再算增益曲线和其他方案"),
        "tell": say("数出每个站点覆盖谁"),
    }
    return known.get(step or "", "")


def _searching(best: str = "-", bound: str = "-", *_: str) -> str:
    """Say how far a search is: the best plan by now, and what the solver says none is better than."""

    def written(text: str) -> str:
        try:
            return f"{float(text):,.0f}" if abs(float(text)) >= 1_000 else f"{float(text):,.6g}"
        except (ValueError, OverflowError):
            return "–"

    return say("搜索：目前最好 {best}，求解器声明的界 {bound}", best=written(best), bound=written(bound))


def severity_label(severity: Severity) -> str:
    """Return how much a problem weighs, in a word."""
    return {
        Severity.REJECT: say("不能导入"),
        Severity.AMBIGUOUS: say("无法确定是哪个站点"),
        Severity.HOLD: say("位置先不上图"),
        Severity.DOUBT: say("请核对"),
        Severity.CONFLICT: say("有冲突"),
        Severity.ABSENT: say("名单未列"),
        Severity.NOTE: say("提示"),
    }[severity]


def kind_label(kind: Kind) -> str:
    """Return what a kind of problem is, and what to do about it."""
    return _kinds()[kind]


def _kinds() -> dict[Kind, str]:
    return {
        Kind.BROKEN_ROW: say("这一行已损坏，读不完整"),
        Kind.NO_NAME: say("没有站点名称"),
        Kind.BAD_TEXT: say("文字已损坏（乱码或过长）"),
        Kind.BAD_NUMBER: say("不是数字"),
        Kind.BAD_COORDINATE: say("不是坐标"),
        Kind.HALF_POSITION: say("只有经度或只有纬度"),
        Kind.NOT_ON_EARTH: say("坐标超出范围"),
        Kind.BAD_DATUM: say("坐标系无法识别"),
        Kind.NO_DATUM: say("有坐标，但没有写明坐标系"),
        Kind.DATUM_CONFLICT: say("这一行的坐标系与文件声明的不一致"),
        Kind.BAD_LIFECYCLE: say("站点状态无法识别"),
        Kind.BAD_HOURS: say("开放时间自相矛盾"),
        Kind.BAD_PHONE: say("电话已被表格截断，请改成文本格式"),
        Kind.REPEATED_ID: say("两行不同的站点用了同一个编号"),
        Kind.NOT_YOURS: say("站点在别的县区，您没有那里的编辑权限"),
        Kind.UNKNOWN_CODE: say("登记里没有这个站点编码"),
        Kind.OTHER_LEDGER: say("这是别的县区的台账，请用本县的台账"),
        Kind.BAD_CELL: say("单元格内容无法识别"),
        Kind.AMBIGUOUS: say("可能是好几个站点中的一个，无法确定"),
        Kind.CONTRADICTED: say("同一个站点出现两次，内容不同"),
        Kind.SWAPPED: say("经度和纬度写反了；采信后按正确的顺序上图"),
        Kind.OUTSIDE_PROVINCE: say("位置不在本省"),
        Kind.OUTSIDE_COUNTY: say("位置不在所写的县区"),
        Kind.OTHER_DATUM: say("像是用了另一种坐标系"),
        Kind.ON_TOP: say("与另一个地址不同的站点重在一处"),
        Kind.UNKNOWN_DISTRICT: say("没有叫这个名字的县区，按位置归属"),
        Kind.NEAR_LIKE: say("30 米内有名称相近的站点，可能是同一个"),
        Kind.STAFF_CHANGED: say("工作人员改过，名单的写法不同"),
        Kind.CHANGED_SINCE: say("下载台账之后，登记已经变了"),
        Kind.ABSENT: say("以前的名单有，这次没有"),
        Kind.UNKNOWN_WORD: say("有不认识的词，已原样留存"),
        Kind.UNREAD: say("内容没有读懂，已原样留存"),
        Kind.GUESSED_KIND: say("类型是按名称推断的"),
        Kind.HOURS_NOT_UNDERSTOOD: say("开放时间没有读懂，已原样留存"),
        Kind.REPEATED_ROW: say("与前面某一行完全相同"),
        Kind.WITHDRAWN: say("这个站点已从登记中撤下"),
        Kind.STAFF_STANDS: say("工作人员改过，名单仍是旧内容，以工作人员的为准"),
        Kind.BACK_AGAIN: say("曾因名单未列而停用，现在又列出了"),
    }


def datum_label(datum: str | None) -> str:
    """Return what a datum is called, with the maps that use it."""
    return {
        "gcj02": say("GCJ-02（高德、腾讯地图）"),
        "bd09": say("BD-09（百度地图）"),
        "wgs84": say("WGS 84（GPS、手持定位仪）"),
        "cgcs2000": say("CGCS2000（天地图、国家 2000）"),
        None: say("文件里已写明，或没有坐标"),
    }[datum]


def field_label(field: str) -> str:
    """Return what a field of a station, or of a list, is called; as it is spelled where nobody knows it."""
    if field.startswith(("amenity:", "amenity.")):
        amenity = words.AMENITIES.get(field[8:])
        return amenity.label(lang()) if amenity else field
    if field.startswith("partner."):
        return words.PARTNER_ROLES[field[8:]].label(lang())
    if field.startswith("name."):
        return say("名称（{tag}）", tag=field[5:])
    return _fields().get(field, field)


def _fields() -> dict[str, str]:
    return {
        "id": say("来源编号（用来识别站点）"),
        "number": say("序号（不作识别）"),
        "name": say("名称"),
        "names": say("名称"),
        "name_en": say("英文名称"),
        "name_bo": say("藏文名称"),
        "name_mn": say("蒙古文名称"),
        "kind": say("类型"),
        "address": say("地址"),
        "province": say("省"),
        "prefecture": say("市州"),
        "district": say("县区"),
        "district_received": say("名单所写的县区"),
        "region_code": say("所属区域"),
        "lon": say("经度"),
        "lat": say("纬度"),
        "lonlat": say("经纬度（同一格）"),
        "datum": say("坐标系"),
        "location": say("位置"),
        "position": say("位置"),
        "position_hold": say("位置暂不上图的原因"),
        "original_lon": say("名单所写的经度"),
        "original_lat": say("名单所写的纬度"),
        "original_datum": say("名单的坐标系"),
        "position_origin": say("坐标来源"),
        "position_quality": say("位置精度"),
        "directions": say("到门指引"),
        "hours": say("开放时间"),
        "hours_words": say("开放时间"),
        "hours_expression": say("开放时间（算式）"),
        "hours_calendar": say("工作日历"),
        "hours_exceptions": say("特殊日期"),
        "amenities": say("服务设施"),
        "partners": say("共建单位"),
        "phone": say("联系电话"),
        "capacity": say("容纳人数"),
        "area_m2": say("面积（平方米）"),
        "premises": say("场所类型"),
        "access": say("进入方式"),
        "fee": say("收费"),
        "cards": say("可用的卡"),
        "accepted_cards": say("可用的卡"),
        "host": say("依托单位"),
        "co_builder": say("合作共建单位"),
        "funder": say("出资单位"),
        "operator": say("运营单位"),
        "opened_on": say("建成时间"),
        "lifecycle": say("状态"),
        "lifecycle_since": say("状态起始日期"),
        "lifecycle_reason": say("状态原因"),
        "expected_on": say("预计开放日期"),
        "remarks": say("备注（只随批次留存）"),
        "doubts": say("待核对"),
        "code": say("站点编码"),
    }


def how_words(column: Mapping[str, Any]) -> str:
    """Say how the meaning of a column was found."""
    return {
        "mapped": say("按上次的对应"),
        "declared": say("已声明"),
        "header": say("按表头识别"),
        "ending": say("按表头的结尾识别"),
        "unknown": say("没有识别，原样留存"),
        "taken": say("与「{other}」重复，未采用", other=column["taken_by"] or ""),
    }[column["how"]]


#: Told with something else: the original numbers with the position, the expression with the words.
_SILENT = frozenset(
    ("original_lon", "original_lat", "original_datum", "hours_expression", "hours_calendar", "proposed",
     "withdrawn_reason", "same_as", "source_id")
)  # fmt: skip


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], *, region: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Yield (field, what it held, what it will hold) in words for what differs. region: names by code."""
    for field in dict.fromkeys((*after, *before)):
        if field in _SILENT:
            continue
        was, now = before.get(field), after.get(field)
        if field in {"amenities"}:
            for code in dict.fromkeys((*(now or {}), *(was or {}))):
                old, new = _amenity((was or {}).get(code)), _amenity((now or {}).get(code))
                if old != new:
                    yield field_label(f"amenity:{code}"), old, new
            continue
        old, new = value_words(field, was, region=region), value_words(field, now, region=region)
        if old != new:
            yield field_label(field), old, new


def value_words(field: str, value: Any, *, region: Mapping[str, str]) -> str:
    """Return what a field holds in words; an empty text for nothing."""
    if value in (None, "", [], {}):
        return ""
    vocabularies = {
        "kind": words.KINDS, "lifecycle": words.LIFECYCLE, "access": words.ACCESS, "fee": words.FEE,
        "premises": words.PREMISES, "position_quality": words.POSITION_QUALITY,
    }  # fmt: skip
    if field in vocabularies and isinstance(value, str):
        term = vocabularies[field].get(value)
        return term.label(lang()) if term else value
    if field == "names":
        return "；".join(str(name) for name in value.values())
    if field == "region_code":
        return region.get(value, str(value))
    if field in {"location", "position"}:
        return _position(value)
    if field in {"position_hold", "doubts"}:
        return "；".join(_kinds()[Kind(problem["kind"])] for problem in value)
    if field == "partners":
        pairs = value.items() if isinstance(value, dict) else value
        return "；".join(f"{words.PARTNER_ROLES[role].label(lang())}：{name}" for role, name in pairs)
    if field in {"hours", "lifecycle"} and isinstance(value, list):
        known = words.LIFECYCLE.get(value[0] or "")
        return known.label(lang()) if known else str(value[0] or "")
    if field == "hours_exceptions":
        return "；".join(
            f"{one['starts']} – {one['ends']} {one.get('reason') or one.get('expression') or ''}"
            for one in value
        )
    if field.startswith("amenity."):
        return _amenity({"value": value, "out_of_order": value == "broken"})
    if isinstance(value, list):
        return "、".join(str(part) for part in value if part is not None)
    return str(value)


def _amenity(fact: Any) -> str:
    if fact is None:
        return ""
    value = fact["value"] if isinstance(fact, dict) else fact
    if value == "broken" or (isinstance(fact, dict) and fact.get("out_of_order")):
        return say("有，损坏")
    return {"yes": say("有"), "no": say("没有")}.get(str(value), say("未知"))


def _position(value: Any) -> str:
    if isinstance(value, dict):
        lon, lat = value["coordinates"][:2]
        return f"{lon:.5f}, {lat:.5f}"
    lon, lat, datum = value[:3]
    return "" if lon is None else f"{lon}, {lat}（{str(datum).upper()}）"


def conflict_words(conflict: Mapping[str, Any], *, region: Mapping[str, str]) -> dict[str, str]:
    """Return a conflict in words: field, what the list says, what stands, who wrote that and when."""
    field = conflict["field"]
    return {
        "field": field_label(field),
        "file": value_words(field, conflict["file"], region=region),
        "staff": value_words(field, conflict["staff"], region=region),
        "by": conflict.get("by") or say("工作人员"),
        "at": str(conflict.get("at") or "")[:10],
    }


def trouble(kind: str, reason: str | None = None) -> str:
    """Say what was wrong with a file or a batch, by the name of the error and the reason that it gives."""
    reasons = {
        "no_file": say("还没有选文件。"),
        "empty_file": say("这个文件是空的。"),
        "too_large": say("文件太大。请分成几个文件，或者请管理员调高上限。"),
        "no_one_shapefile": say(
            "一次只上传一份名单。只有 Shapefile 可以同时上传它的几个文件（.shp .shx .dbf .prj .cpg）。"
        ),
    }
    reasons |= layer_words.reasons()
    if reason in reasons:
        return reasons[reason]
    return {
        "TableError": say("这个表格读不了。"),
        "VectorError": say("这个地理数据文件读不了。"),
        "RasterError": say("这个栅格读不了。"),
        "DemandError": say("这些数量没法铺到地面上。"),
        "CrsError": say("文件的坐标参考系不清楚。"),
        "FileError": say("这个文件读不了。"),
        "DatumError": say("坐标系无法识别。"),
        "Full": say("磁盘满了，什么也没有保存。请稍后再试，或者告诉管理员。"),
        "NotFound": say("原来的文件已经不在了，请重新上传。"),
        "NotAllowed": say("您没有权限这样做。"),
        "Unseen": say("判定之后登记又有变动，有些行的结果与您看到的不同。请重新判定后再看一遍。"),
        "Conflict": say("现在不能这样做。"),
        "Invalid": say("有一处需要改正。"),
    }.get(kind, say("出了问题，什么也没有写入。"))
