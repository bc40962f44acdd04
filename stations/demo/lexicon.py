"""The words that invented stations are made of. None names a real site: hosts are called 演示, roads stand everywhere.

Telephone numbers have a real area code and a local part that begins with 0, which no subscriber's number does, so none
of them can be anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = [
    "AMENITY_ODDS",
    "AREA_CODES",
    "CARDS",
    "CLOSED_FOR",
    "COMMUNITIES",
    "DIRECTIONS",
    "FIRST_OPENED",
    "HOST_NAMES",
    "HOURS",
    "KINDS",
    "ROADS",
    "SUSPENDED_FOR",
    "KindOfDemo",
]

FIRST_OPENED: Final = 2016

_ROADS: Final = """
建设路 人民路 文化路 团结路 新华路 和平路 解放路 迎宾路 民主路 黄河路 昆仑路 长江路 祁连路 青年路 东风路 滨河路 幸福路
友谊路 安康路 康宁路 朝阳路 育才路 西大街 东大街 南大街 北大街 广场路 站前路 环城路 园丁路 胜利路 光明路 振兴路 富民路
花园路 学院路
"""
_COMMUNITIES: Final = """
幸福社区 团结社区 阳光社区 和谐社区 花园社区 新城社区 东苑社区 西苑社区 南园社区 北园社区 河滨社区 站前社区 文苑社区
康乐社区 安居社区 富强社区 民主社区 友好社区 平安社区 新村社区
"""
ROADS: Final = tuple(_ROADS.split())
COMMUNITIES: Final = tuple(_COMMUNITIES.split())


@dataclass(frozen=True, slots=True)
class KindOfDemo:
    """How often a kind occurs, how it is called ({place}, {road}, {community}), and in which premises it is."""

    share: float
    names: tuple[str, ...]
    premises: Mapping[str, float]


_HALL: Final = "community_hall"
KINDS: Final[Mapping[str, KindOfDemo]] = MappingProxyType(
    {
        "union_station": KindOfDemo(
            0.34,
            ("{place}{road}工会驿站", "{place}{community}工会驿站", "{place}{community}职工驿站"),
            {
                _HALL: 5,
                "union_building": 3,
                "kiosk": 2,
                "petrol_station": 1,
                "public_office": 2,
                "bus_station": 1,
            },
        ),
        "rider_station": KindOfDemo(
            0.17,
            ("{place}{road}骑手驿站", "{place}{community}小哥驿站", "{place}{road}暖蜂驿站"),
            {"courier_depot": 5, "shop": 3, "kiosk": 2, _HALL: 2},
        ),
        "workers_harbour": KindOfDemo(0.13, ("{place}{road}劳动者港湾",), {"bank": 1}),
        "care_station": KindOfDemo(
            0.10,
            ("{place}{road}爱心驿站", "{place}{community}户外职工爱心接力站"),
            {_HALL: 3, "shop": 2, "pharmacy": 2, "petrol_station": 2, "railway_station": 0.3},
        ),
        "outdoor_workers_station": KindOfDemo(
            0.15,
            (
                "{place}{road}户外劳动者服务站点",
                "{place}{community}户外劳动者服务站",
                "{place}{road}司机之家",
            ),
            {_HALL: 4, "petrol_station": 2, "kiosk": 3, "bus_station": 1, "union_building": 1},
        ),
        "care_supermarket": KindOfDemo(0.035, ("{place}{road}爱心超市",), {"shop": 1}),
        "care_pharmacy": KindOfDemo(0.035, ("{place}{road}爱心药店",), {"pharmacy": 1}),
        "care_clinic": KindOfDemo(0.025, ("{place}{community}爱心诊所",), {"hospital": 1}),
    }
)

#: Who lends the rooms; every one says that it is made up.
HOST_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "community_hall": "{place}{community}便民服务中心（演示）",
        "bank": "演示银行{place}{road}网点",
        "petrol_station": "演示石油{place}{road}加油站",
        "courier_depot": "演示快递{place}{road}网点",
        "pharmacy": "演示大药房{place}{road}店",
        "bus_station": "{place}客运站（演示）",
        "railway_station": "{place}火车站（演示）",
        "shop": "演示超市{place}{road}店",
        "hospital": "{place}{community}卫生服务站（演示）",
        "union_building": "{county}职工之家（演示）",
        "public_office": "{county}政务服务大厅（演示）",
        "kiosk": "{county}环境卫生站（演示）",
    }
)

#: Words as ledgers write them, by premises ("" for any): {month} and {day} stand for a day some weeks ahead.
HOURS: Final[Mapping[str, tuple[tuple[str, float], ...]]] = MappingProxyType(
    {
        "": (
            ("24小时", 4),
            ("全天", 1),
            ("08:00-20:00", 6),
            ("08:00-12:00,14:00-18:00", 4),
            ("每天9点到晚上8点半", 2),
            ("０８：００－２０：００", 1),
            ("夏季8:00-20:00 冬季8:30-18:30", 2),
            ("4月至10月 8:00-20:00，11月至3月 8:30-18:30", 1),
            ("8:00-20:00，春节停业", 1),
            ("8:30-19:30，装修至{month}月{day}日", 0.6),
            ("", 3),
        ),
        "community_hall": (
            ("周一至周五 8:30-17:00", 5),
            ("工作日开放", 3),
            ("工作日 08:30-17:30", 3),
            ("随社区开放", 3),
            ("周一至周五 08:30-12:00,14:00-18:00", 3),
            ("08:00-20:00", 3),
            ("24小时", 1),
            ("", 1.5),
        ),
        "public_office": (("工作日 08:30-17:30", 3), ("周一至周五 8:30-17:00", 3), ("工作日开放", 1)),
        "bank": (
            ("周一至周日 09:00-17:00", 4),
            ("周一至周五 09:00-17:00", 3),
            ("周一至周六9:00-17:00，节假日除外", 2),
            ("周一至周五 08:30-12:00,13:00-17:30；周六 9:00-15:00", 1),
        ),
        "petrol_station": (("24小时", 5), ("全天", 1), ("06:00-22:00", 2)),
        "courier_depot": (
            ("07:30-22:30", 4),
            ("08:00-22:00", 3),
            ("8:00-次日2:00", 2),
            ("22:00-02:00", 1),
            ("24小时", 2),
            ("", 1),
        ),
        "pharmacy": (("08:00-22:00", 4), ("每天9点到晚上8点半", 2), ("24小时", 1)),
        "hospital": (("08:00-12:00,14:30-18:00", 3), ("24小时", 1), ("周一至周六9:00-18:00，节假日除外", 1)),
        "shop": (("08:00-22:00", 4), ("09:00-21:00", 3), ("8:30-20:30，春节停业", 1), ("", 1)),
    }
)

#: Amenity: how likely a rest station has it; the rest is split between no and what nobody knows.
AMENITY_ODDS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "drinking_water": 0.96,
        "seating": 0.94,
        "microwave": 0.80,
        "phone_charging": 0.86,
        "first_aid": 0.70,
        "toilet": 0.52,
        "heating": 0.72,
        "air_conditioning": 0.34,
        "battery_swap": 0.07,
        "ebike_charging": 0.16,
        "fridge": 0.30,
        "wifi": 0.42,
        "reading": 0.45,
        "rain_gear": 0.33,
        "repair_tools": 0.25,
        "blood_pressure": 0.18,
        "resting_chair": 0.12,
        "aed": 0.05,
        "nursing_room": 0.08,
        "wheelchair": 0.15,
        "womens_room": 0.06,
        "shower": 0.03,
        "laundry": 0.02,
        "haircut": 0.03,
        "legal_aid": 0.12,
        "job_board": 0.15,
        "discount_meal": 0.04,
        "oxygen": 0.10,
        "ebike_parking": 0.35,
    }
)

DIRECTIONS: Final = (
    "一楼大厅左侧",
    "一楼大厅右侧第一间",
    "正门进入后右手边",
    "院内北侧平房",
    "临街门面，蓝色门头",
    "二楼楼梯口左转",
    "营业厅等候区旁",
    "加油站便利店内",
    "后院东门进，不走正门",
    "路口岗亭，门朝西",
)
SUSPENDED_FOR: Final = ("室内装修", "供暖管道维修", "所在场所搬迁中", "设备更换")
CLOSED_FOR: Final = ("所在网点撤销", "租约到期", "并入附近站点", "道路改造拆除")
CARDS: Final = ("工会会员卡", "爱心一卡通", "困难职工证")

#: Trunk codes by prefecture; Golmud and its surroundings have their own.
AREA_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "630100": "0971",
        "630200": "0972",
        "632200": "0970",
        "632300": "0973",
        "632500": "0974",
        "632600": "0975",
        "632700": "0976",
        "632800": "0977",
        "632801": "0979",
    }
)
