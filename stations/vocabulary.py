"""The words of the field: kinds, amenities and the states a station can be in, with labels by language tag.

Codes are what the database, the query string and files carry; labels are for people, complete in ``zh``
and ``en``.
Aliases are the words that real lists use; the importer maps them and reports words that are not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

__all__ = [
    "ACCESS",
    "AMENITIES",
    "AMENITY_ALIASES",
    "BASIS",
    "EVENT_COUNTS",
    "EVENT_KINDS",
    "FEE",
    "FILTER_AMENITIES",
    "KINDS",
    "KIND_ALIASES",
    "LIFECYCLE",
    "OCCUPATIONS",
    "OCCUPATION_ALIASES",
    "PARTNER_ROLES",
    "POSITION_QUALITY",
    "PREMISES",
    "REPORT_CHOICES",
    "REST_KINDS",
    "TRADES",
    "Access",
    "Amenity",
    "Basis",
    "EventKind",
    "Fee",
    "Kind",
    "Lifecycle",
    "PositionQuality",
    "StationClass",
    "Term",
    "Value",
]


class StationClass(StrEnum):
    """What coverage counts: a place to rest, or a service that is only shown."""

    REST = "rest"
    SERVICE = "service"


class Lifecycle(StrEnum):
    """planned → building → open ⇄ suspended → closed."""

    PLANNED = "planned"
    BUILDING = "building"
    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Value(StrEnum):
    """An amenity is there, is not there, or nobody knows."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """How a fact was come by: seen at the place, written in a list, or guessed by a list's author."""

    OBSERVED = "observed"
    LISTED = "listed"
    INFERRED = "inferred"


class Access(StrEnum):
    """What a worker must do to get in."""

    OPEN_DOOR = "open_door"
    SCAN = "scan"
    APP = "app"
    CARD = "card"
    ASK_STAFF = "ask_staff"
    UNKNOWN = "unknown"


class Fee(StrEnum):
    """Whether use costs money; free only where the list says so."""

    FREE = "free"
    FEE = "fee"
    UNKNOWN = "unknown"


class PositionQuality(StrEnum):
    """How near the pin is to the door."""

    DOOR = "door"
    BUILDING = "building"
    APPROXIMATE = "approximate"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Term:
    """One word: its code, its labels and the other words that lists use for it."""

    code: str
    zh: str
    en: str
    aliases: tuple[str, ...] = ()

    def label(self, lang: str) -> str:
        """Return the label in ``lang`` (a BCP 47 tag); Chinese where there is none."""
        return self.en if lang.split("-", maxsplit=1)[0] == "en" else self.zh


@dataclass(frozen=True, slots=True)
class Kind(Term):
    """A kind of station and the class it counts as."""

    station_class: StationClass = StationClass.REST


@dataclass(frozen=True, slots=True)
class Amenity(Term):
    """Something a station can have; ``filtered`` ones stand in the filter row."""

    filtered: bool = False


@dataclass(frozen=True, slots=True)
class EventKind(Term):
    """What a union does at a station. ``counts_only``: people's own cases, of which nothing but numbers is kept."""

    counts_only: bool = False


_T = TypeVar("_T", bound=Term)


def _by_code(*terms: _T) -> Mapping[str, _T]:
    return MappingProxyType({term.code: term for term in terms})


def _aliases(terms: Mapping[str, _T]) -> Mapping[str, str]:
    words = {term.zh: code for code, term in terms.items()}
    words |= {word: code for code, term in terms.items() for word in term.aliases}
    return MappingProxyType(words)


KINDS: Mapping[str, Kind] = _by_code(
    Kind(
        "union_station",
        "工会驿站",
        "Union station",
        ("职工驿站", "工会户外劳动者驿站", "工会爱心驿站", "暖新驿站"),
    ),
    Kind(
        "rider_station", "骑手驿站", "Rider station", ("小哥驿站", "暖蜂驿站", "快递小哥驿站", "外卖骑手驿站")
    ),
    Kind("workers_harbour", "劳动者港湾", "Workers' harbour", ("港湾驿站",)),
    Kind(
        "care_station", "爱心驿站", "Care station", ("户外职工爱心接力站", "爱心接力站", "户外劳动者爱心驿站")
    ),
    Kind(
        "outdoor_workers_station",
        "户外劳动者服务站点",
        "Outdoor workers' station",
        ("户外劳动者服务站", "户外劳动者驿站", "户外劳动者服务驿站", "司机之家"),
    ),
    Kind(
        "rights_centre",
        "职工维权服务中心",
        "Workers' rights centre",
        ("维权服务中心", "职工服务中心", "困难职工帮扶中心"),
        StationClass.SERVICE,
    ),
    Kind("care_supermarket", "爱心超市", "Care supermarket", (), StationClass.SERVICE),
    Kind("care_pharmacy", "爱心药店", "Care pharmacy", ("爱心药房",), StationClass.SERVICE),
    Kind("care_clinic", "爱心诊所", "Care clinic", (), StationClass.SERVICE),
)
KIND_ALIASES: Mapping[str, str] = _aliases(KINDS)
REST_KINDS: tuple[str, ...] = tuple(
    code for code, kind in KINDS.items() if kind.station_class is StationClass.REST
)

AMENITIES: Mapping[str, Amenity] = _by_code(
    Amenity(
        "drinking_water",
        "饮水",
        "Drinking water",
        ("热水", "开水", "饮水机", "直饮水", "饮用水", "茶水", "热饮水"),
        filtered=True,
    ),
    Amenity(
        "microwave",
        "热饭",
        "Microwave",
        ("微波炉", "热饭设备", "加热饭菜", "热饭菜", "食品加热"),
        filtered=True,
    ),
    Amenity(
        "phone_charging",
        "充电",
        "Phone charging",
        ("手机充电", "插排", "充电器", "充电插座", "充电宝", "充电设备"),
        filtered=True,
    ),
    Amenity(
        "seating",
        "座椅",
        "Seating",
        ("休息", "桌椅", "歇脚", "座位", "休息座椅", "沙发", "休息区"),
        filtered=True,
    ),
    Amenity("toilet", "卫生间", "Toilet", ("厕所", "洗手间", "公厕", "如厕"), filtered=True),
    Amenity("heating", "暖气", "Heating", ("取暖", "供暖", "取暖器", "电暖气"), filtered=True),
    Amenity("air_conditioning", "空调", "Air conditioning", ("冷暖空调", "纳凉"), filtered=True),
    Amenity(
        "first_aid",
        "医药箱",
        "First-aid kit",
        ("急救包", "应急药品", "药箱", "急救箱", "医药包", "常用药品", "应急药箱"),
        filtered=True,
    ),
    Amenity("battery_swap", "换电", "Battery swap", ("换电柜", "电池更换"), filtered=True),
    Amenity(
        "ebike_charging", "车辆充电", "E-bike charging", ("电动车充电", "电瓶车充电", "充电桩"), filtered=True
    ),
    Amenity("fridge", "冰箱", "Fridge", ("冷藏", "冰柜")),
    Amenity("resting_chair", "躺椅", "Reclining chair", ("午休椅", "折叠床")),
    Amenity("shower", "淋浴", "Shower", ("洗澡", "淋浴间")),
    Amenity("laundry", "洗衣", "Laundry", ("洗衣机",)),
    Amenity("wifi", "Wi-Fi", "Wi-Fi", ("wifi", "WIFI", "WiFi", "无线网", "无线网络", "免费网络")),
    Amenity("rain_gear", "雨具", "Rain gear", ("雨伞", "雨衣")),
    Amenity("reading", "书报", "Reading", ("图书", "书籍", "报刊", "阅读", "书报架")),
    Amenity("blood_pressure", "血压仪", "Blood-pressure monitor", ("血压计", "测血压")),
    Amenity("aed", "AED", "Defibrillator (AED)", ("除颤仪", "自动体外除颤器")),
    Amenity("repair_tools", "工具箱", "Repair tools", ("维修工具", "打气筒", "应急工具")),
    Amenity("nursing_room", "母婴室", "Nursing room", ("哺乳室", "母婴关爱室")),
    Amenity("wheelchair", "无障碍", "Wheelchair access", ("轮椅", "无障碍通道")),
    Amenity("womens_room", "女性休息室", "Women's room", ("女职工休息室",)),
    Amenity("haircut", "理发", "Haircut", ("爱心理发",)),
    Amenity("legal_aid", "法律援助", "Legal aid", ("法律咨询", "法律服务")),
    Amenity("discount_meal", "优惠餐", "Discount meal", ("爱心餐", "优惠就餐")),
    Amenity("job_board", "招工信息", "Job board", ("就业信息", "招聘信息", "招工")),
    Amenity("oxygen", "高原氧吧", "Oxygen bar", ("氧吧", "吸氧", "制氧机")),
    Amenity("ebike_parking", "非机动车停放", "E-bike parking", ("电动车停放", "停车", "车辆停放")),
)
AMENITY_ALIASES: Mapping[str, str] = _aliases(AMENITIES)
FILTER_AMENITIES: tuple[str, ...] = tuple(code for code, amenity in AMENITIES.items() if amenity.filtered)

LIFECYCLE: Mapping[str, Term] = _by_code(
    Term("planned", "规划中", "Planned", ("计划建设", "拟建")),
    Term("building", "建设中", "Being built", ("在建", "筹建")),
    Term("open", "运营中", "In service", ("开放", "正常", "正常开放", "正常运营", "已建成", "启用")),
    Term("suspended", "暂停服务", "Suspended", ("暂停", "停用", "装修", "维修")),
    Term("closed", "已关闭", "Closed", ("关闭", "撤销", "已撤销", "取消")),
)
ACCESS: Mapping[str, Term] = _by_code(
    Term("open_door", "直接进入", "Open door", ("开放", "无需", "直接进", "敞开")),
    Term("scan", "需扫码", "Scan a code", ("扫码", "扫码进入", "扫码开门")),
    Term("app", "需手机应用", "App needed", ("APP", "app", "小程序")),
    Term("card", "需刷卡或钥匙", "Card or key", ("刷卡", "门禁", "钥匙", "工会会员卡")),
    Term("ask_staff", "询问工作人员", "Ask staff", ("工作人员", "登记", "值班人员")),
    Term("unknown", "进入方式未知", "Access unknown", ("未知",)),
)
FEE: Mapping[str, Term] = _by_code(
    Term("free", "免费", "Free", ("免费使用", "无偿")),
    Term("fee", "收费", "Fee", ("有偿", "付费")),
    Term("unknown", "收费情况未知", "Fee unknown", ("未知",)),
)
POSITION_QUALITY: Mapping[str, Term] = _by_code(
    Term("door", "门口", "At the door", ("到门",)),
    Term("building", "所在建筑", "The building", ("楼",)),
    Term("approximate", "大致位置", "Approximate", ("大概",)),
    Term("place", "仅到地名", "The place only", ("地名",)),
)
BASIS: Mapping[str, Term] = _by_code(
    Term("observed", "现场核实", "Observed"),
    Term("listed", "名单所列", "Listed"),
    Term("inferred", "推断", "Inferred"),
)
PREMISES: Mapping[str, Term] = _by_code(
    Term(
        "community_hall",
        "社区办事服务大厅",
        "Community service hall",
        ("社区", "党群服务中心", "社区服务中心", "便民服务中心", "村委会"),
    ),
    Term("bank", "银行网点", "Bank branch", ("银行", "建设银行", "农商银行")),
    Term("petrol_station", "加油站", "Petrol station", ("中石化", "中石油")),
    Term("courier_depot", "快递网点", "Courier depot", ("快递", "快递站点", "邮政")),
    Term("pharmacy", "药店", "Pharmacy", ("药房",)),
    Term("bus_station", "汽车站", "Bus station", ("客运站", "公交站")),
    Term("railway_station", "火车站", "Railway station", ("高铁站",)),
    Term("shop", "商铺", "Shop", ("超市", "商场", "餐饮店")),
    Term("hospital", "医疗机构", "Hospital or clinic", ("医院", "诊所", "卫生院")),
    Term("union_building", "工会自有场所", "The union's own", ("工会", "工人文化宫", "职工之家")),
    Term("public_office", "机关单位", "Public office", ("机关", "政务大厅")),
    Term("kiosk", "独立小屋", "Free-standing cabin", ("岗亭", "集装箱", "环卫工休息室")),
    Term("other", "其他", "Other", ("其它",)),
)
PARTNER_ROLES: Mapping[str, Term] = _by_code(
    Term("host", "场地提供", "Host", ("依托单位", "所属单位", "场地单位")),
    Term("co_builder", "共建", "Co-builder", ("共建单位",)),
    Term("funder", "出资", "Funder", ("出资单位",)),
    Term("operator", "运营", "Operator", ("运营单位", "管理单位")),
)
#: Who uses a station, as far as anybody asks.
OCCUPATIONS: Mapping[str, Term] = _by_code(
    Term("courier", "快递员", "Couriers", ("快递", "快递小哥", "快递员工", "投递员")),
    Term(
        "food_delivery",
        "外卖骑手",
        "Food delivery riders",
        ("外卖", "外卖员", "骑手", "外卖小哥", "外卖送餐员", "送餐员", "外卖配送员", "网约配送员"),
    ),
    Term("sanitation", "环卫工人", "Sanitation workers", ("环卫", "环卫工", "保洁员", "清洁工")),
    Term(
        "ride_hailing",
        "网约车和出租车司机",
        "Ride-hailing and taxi drivers",
        ("网约车", "网约车司机", "出租车司机", "出租车", "代驾", "司机", "货车司机"),
    ),
    Term("day_labour", "零工", "Day labourers", ("农民工", "灵活就业", "临时工", "建筑工人", "务工人员")),
    Term("other", "其他", "Others", ("其它", "其他人员", "交警", "辅警", "园林工人")),
)
OCCUPATION_ALIASES: Mapping[str, str] = _aliases(OCCUPATIONS)
#: What the public can say of a station, in the order in which it is offered; ``correct`` is the confirmation.
REPORT_CHOICES: Mapping[str, Term] = _by_code(
    Term("correct", "信息无误，还开着", "Correct, and still open"),
    Term("closed_now", "现在关着门", "Closed just now"),
    Term("moved", "已经搬走", "Moved away"),
    Term("hours_wrong", "开放时间不对", "Opening hours are wrong"),
    Term("amenity_missing", "没有这项设施", "Does not have the amenity"),
    Term("amenity_broken", "设施坏了", "Amenity is out of order"),
    Term("access_differs", "进入方式不一样", "Getting in works differently"),
    Term("service_attitude", "服务态度问题", "Service attitude"),
    Term("safety", "安全问题", "Safety"),
    Term("other", "其他", "Something else"),
)
#: What day labour is hired for at stations and roadside markets, in the order in which it is offered.
TRADES: Mapping[str, Term] = _by_code(
    Term("helper", "工地小工", "Building-site helper", ("小工", "力工", "杂工", "建筑小工")),
    Term("mason", "瓦工砌筑", "Bricklaying and tiling", ("瓦工", "泥瓦工", "砌墙", "贴砖", "抹灰")),
    Term("carpenter", "木工", "Carpentry", ("支模", "模板工")),
    Term("steel_fixer", "钢筋工", "Steel fixing", ("绑钢筋",)),
    Term("painter", "油漆粉刷", "Painting", ("油漆工", "粉刷", "刮腻子", "刷墙")),
    Term("electrician_plumber", "水电工", "Electrics and plumbing", ("电工", "水暖工", "管道工")),
    Term("welder", "焊工", "Welding", ("电焊", "气焊")),
    Term("loader", "搬运装卸", "Loading and moving", ("搬运", "装卸", "搬家", "卸货")),
    Term("sorter", "分拣打包", "Sorting and packing", ("分拣", "打包", "快递分拣")),
    Term("courier", "配送跑腿", "Delivery", ("送货", "跑腿", "外卖", "配送员")),
    Term("cleaner", "保洁家政", "Cleaning", ("保洁", "家政", "清洁", "擦玻璃")),
    Term("kitchen", "餐饮帮工", "Kitchen help", ("洗碗", "帮厨", "服务员")),
    Term("farm", "农活采摘", "Farm work", ("采摘", "农活", "种植", "采枸杞")),
    Term("gardener", "园林绿化", "Gardening and planting", ("绿化", "植树", "修剪")),
    Term("factory", "工厂普工", "Factory work", ("普工", "流水线")),
    Term("driver", "司机", "Driving", ("驾驶员", "货车司机")),
    Term("guard", "值守保安", "Guarding", ("保安", "看守", "值班")),
    Term("carer", "护理陪护", "Care and nursing help", ("陪护", "护工", "月嫂")),
    Term("other", "其他", "Other", ("其它",)),
)
EVENT_KINDS: Mapping[str, EventKind] = _by_code(
    EventKind("health_check", "免费体检义诊", "Free health check", ("体检", "义诊", "健康检查")),
    EventKind("legal_education", "法律宣传", "Legal education", ("普法", "法治宣传", "普法宣讲", "法律讲座")),
    EventKind("condolence", "慰问", "Condolence visit", ("送清凉", "送温暖", "走访慰问")),
    EventKind("training", "技能培训", "Training", ("培训", "技能竞赛")),
    EventKind("job_fair", "招聘会", "Job fair", ("春风行动", "专场招聘", "就业招聘")),
    EventKind("other", "其他活动", "Other event", ("其它活动",)),
    EventKind("mediation", "劳动争议调解", "Mediation", ("调解",), counts_only=True),
    EventKind("interview", "约谈", "Interview", ("约谈企业", "接访"), counts_only=True),
)
#: The columns of a union's yearly table.
EVENT_COUNTS: Mapping[str, Term] = _by_code(
    Term("sessions", "场次", "Sessions", ("场", "次数")),
    Term("firms", "企业数", "Firms", ("家", "企业")),
    Term("people", "人次", "People", ("人", "人数")),
    Term("leaflets", "宣传资料份数", "Leaflets", ("份", "资料")),
)
