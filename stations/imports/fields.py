"""What a column of a list can mean, and the headers by which lists call it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from stations import vocabulary as words

__all__ = ["FIELDS", "HEADERS", "IGNORED", "Field", "bracketed", "header_key"]

#: A mapping says this of a column that shall not be read.
IGNORED: Final = "ignore"

_BRACKETS: Final = re.compile(r"[(\[{【〔<《].*?[)\]}】〕>》]")


@dataclass(frozen=True, slots=True)
class Field:
    """One meaning of a column.

    aliases: headers, the surest first. many: several columns may carry it. stored: False for what is only kept as
    received.
    """

    code: str
    zh: str
    aliases: tuple[str, ...]
    many: bool = False
    stored: bool = True


def _field(code: str, zh: str, aliases: str, *, many: bool = False, stored: bool = True) -> Field:
    return Field(code, zh, tuple(aliases.split()), many, stored)


def _fields(*fields: Field) -> Mapping[str, Field]:
    return MappingProxyType({field.code: field for field in fields})


FIELDS: Final = _fields(
    _field("id", "来源编号（须声明）", ""),
    _field(
        "number",
        "序号（不作身份）",
        "序号 编号 行号 号 no num number index id fid gid ogc_fid objectid uid 站点编号 驿站编号 "
        "站点编码 驿站编码 编码 代码 code station_id site_id poi_id",
        many=True,
        stored=False,
    ),
    _field(
        "name",
        "名称",
        "站点名称 驿站名称 服务站点名称 服务站名称 户外劳动者服务站点名称 工会驿站名称 名称 站点名 "
        "驿站名 站名 名字 sitename stationname name name_zh name:zh title 驿站 站点",
    ),
    _field("name_en", "英文名称", "英文名称 英文名 englishname name_en name:en"),
    _field("name_bo", "藏文名称", "藏文名称 藏文名 藏语名称 tibetanname name_bo name:bo"),
    _field(
        "name_mn",
        "蒙古文名称",
        "蒙古文名称 蒙文名称 蒙文名 蒙古文名 mongolianname name_mn name:mn name:mn-mong",
    ),
    _field("kind", "类型", "站点类型 驿站类型 站点类别 驿站类别 类型 类别 种类 kind type category"),
    _field(
        "address",
        "地址",
        "详细地址 具体地址 站点地址 驿站地址 地址 所在地址 通讯地址 address addr fulladdress "
        "streetaddress 地点 位置 所在位置",
    ),
    _field("province", "省", "省 省份 所属省 所在省 所属省份 province", stored=False),
    _field(
        "prefecture",
        "市州",
        "市 市州 地市 州市 城市 所属市 所在市 所属市州 所在城市 地级市 city prefecture",
        stored=False,
    ),
    _field(
        "district",
        "区县",
        "所属区县 所在区县 区县 县区 县市区 县(市、区) 县（市、区） 所属县区 所在县区 所属区域 "
        "所属县市区 行政区 行政区划 区 县 区域 所属地区 地区 district county adname area_name 工作表区县",
    ),
    _field("lon", "经度", "经度 东经 经 longitude lng lon long x x坐标 坐标x gcj_lng wgs_lng"),
    _field("lat", "纬度", "纬度 北纬 纬 latitude lat y y坐标 坐标y gcj_lat wgs_lat"),
    _field(
        "lonlat",
        "经纬度（同一格）",
        "经纬度 经纬度坐标 坐标 地理坐标 位置坐标 gps坐标 gps 经纬 定位坐标 地图坐标 坐标点 百度坐标 "
        "高德坐标 lonlat lnglat latlon latlng coordinates coordinate",
    ),
    _field("datum", "坐标系", "坐标系 坐标系统 坐标类型 坐标基准 坐标标准 datum crs coordinatesystem"),
    _field(
        "position_origin",
        "坐标来源",
        "坐标来源 定位方式 坐标获取方式 coord_src coordinatesource geocodesource positionorigin",
    ),
    _field("position_quality", "位置精度", "位置精度 定位精度 坐标精度 positionquality precision"),
    _field("directions", "到门指引", "到门指引 指引 路线指引 具体位置说明 位置说明 楼层 所在楼层 directions"),
    _field(
        "hours",
        "开放时间",
        "开放时间 营业时间 服务时间 开放时段 开门时间 工作时间 开放服务时间 open_hours opening_hours "
        "openinghours hours businesshours opentime",
    ),
    _field(
        "amenities",
        "服务设施",
        "服务设施 设施 配套设施 设施设备 服务项目 服务内容 设备设施 主要设施 配备设施 服务功能 配置 "
        "设备 amenities facilities services",
        many=True,
    ),
    _field(
        "phone",
        "联系电话",
        "联系电话 联系方式 电话 手机 手机号 手机号码 电话号码 服务电话 咨询电话 固定电话 座机 phone "
        "tel telephone mobile contactphone",
        many=True,
    ),
    _field("capacity", "容纳人数", "容纳人数 可容纳人数 接待人数 座位数 容量 capacity seats"),
    _field(
        "area_m2",
        "面积",
        "面积 建筑面积 站点面积 驿站面积 使用面积 场地面积 面积平方米 area area_m2 floorarea",
    ),
    _field("premises", "场所类型", "场所类型 场地类型 依托场所 场所性质 依托类型 场所 premises premisestype"),
    _field("access", "进入方式", "进入方式 进门方式 开门方式 门禁方式 准入方式 access entry"),
    _field("fee", "收费", "收费 是否收费 收费情况 是否免费 费用 fee price"),
    _field("accepted_cards", "可用卡", "可用卡 适用卡种 受理卡种 持卡类型 acceptedcards cards"),
    _field(
        "host",
        "依托单位",
        "依托单位 所属单位 场地单位 场地提供单位 所在单位 承建单位 建站单位 host hostorganisation",
    ),
    _field("co_builder", "共建单位", "共建单位 联建单位 合作单位 co-builder co_builder partner"),
    _field("funder", "出资单位", "出资单位 资助单位 出资方 funder"),
    _field("operator", "运营单位", "运营单位 管理单位 运营方 管理方 operator"),
    _field(
        "opened_on",
        "建成时间",
        "建成时间 启用时间 建站时间 投用时间 建成日期 启用日期 挂牌时间 opened opened_on openingdate",
    ),
    _field(
        "lifecycle", "状态", "状态 运营状态 开放状态 站点状态 驿站状态 使用状态 建设状态 status lifecycle"
    ),
    _field("lifecycle_since", "状态起始日期", "状态日期 停用时间 关闭时间 停用日期 关闭日期 lifecycle_since"),
    _field("lifecycle_reason", "状态原因", "状态原因 停用原因 关闭原因 lifecycle_reason"),
    _field("expected_on", "预计开放日期", "预计开放时间 预计开放日期 预计建成时间 恢复时间 expected_on"),
    _field(
        "remarks",
        "备注（仅随批次留存）",
        "备注 说明 备注说明 原因 负责人 联系人 站长 工作表 remark remarks note notes comment",
        many=True,
        stored=False,
    ),
)


@lru_cache(maxsize=4096)
def header_key(header: str) -> str:
    """Return a header without width, case, spaces, punctuation and what stands in brackets (units, remarks)."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    bare = _BRACKETS.sub("", folded)
    return _letters(bare) or _letters(folded)


def bracketed(header: str) -> list[str]:
    """Return what stands in the brackets of a header: 经度（GCJ-02） gives GCJ-02."""
    folded = unicodedata.normalize("NFKC", header)
    return [found[1:-1].strip() for found in _BRACKETS.findall(folded)]


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _headers() -> dict[str, tuple[str, str | None, int]]:
    known: dict[str, tuple[str, str | None, int]] = {}
    for field in FIELDS.values():
        for rank, alias in enumerate((*field.aliases, field.code)):
            if field.code != "id":
                known.setdefault(header_key(alias), (field.code, None, rank))
    for code, amenity in words.AMENITIES.items():
        for rank, alias in enumerate((amenity.zh, *amenity.aliases, amenity.code)):
            known.setdefault(header_key(alias), ("amenity", code, rank))
    return known


#: Normalised header → (field, amenity of an amenity's own column, how far down the list of aliases).
HEADERS: Final[Mapping[str, tuple[str, str | None, int]]] = MappingProxyType(_headers())
