"""Fifty thousand stations in one go: public rows alone, as deriving would write them, for tests of plans and order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import log, pi, radians, tan
from random import Random

import psycopg

from stations.registry.reading import search_pairs, search_text

_TOWNS = [
    "川口",
    "桥头",
    "长宁",
    "多巴",
    "威远",
    "浩门",
    "河阴",
    "热水",
    "冷湖",
    "东沟",
    "建设",
    "恰卜恰",
    "鲁沙尔",
    "八宝",
    "西海",
    "泉口",
    "默勒",
    "阿柔",
    "香日德",
    "花土沟",
]
_ROADS = [
    "人民",
    "解放",
    "长江",
    "黄河",
    "昆仑",
    "祁连",
    "文化",
    "青年",
    "建国",
    "和平",
    "团结",
    "胜利",
    "滨河",
    "迎宾",
    "朝阳",
    "互助",
    "七一",
    "八一",
    "花园",
    "站前",
]
_HOSTS = ["社区", "建设银行", "加油站", "大药房", "邮政", "便民中心", "客运站", "工人文化宫"]
_KINDS = ("工会驿站", "骑手驿站", "爱心驿站", "劳动者港湾", "户外劳动者服务站点")
_COLUMNS = (
    "station_id, code, listed, commit_id, name, kind, station_class, lifecycle, region_code, lineage, access, fee, has, "
    "inferred, lacks, schedule_key, location, location_3857, search_text, search_bigrams, feature"
)


_RADIUS = 6_378_137.0


def _northing(lat: float) -> float:
    return _RADIUS * log(tan(pi / 4 + radians(lat) / 2))


def fill_many(connection: psycopg.Connection, count: int, *, schedule_key: str = "none") -> None:
    """Copy ``count`` stations around Xining into the public view, over the triggers; a superuser's work."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        with cursor.copy(f"COPY public_stations ({_COLUMNS}) FROM STDIN") as copy:
            for row in _rows(count, schedule_key):
                copy.write_row(row)
        cursor.execute("ANALYZE public_stations")
        cursor.execute("RESET session_replication_role")


def _rows(count: int, schedule_key: str) -> Iterator[tuple[object, ...]]:
    chance = Random(count)  # noqa: S311
    for number in range(1, count + 1):
        road = f"{chance.choice(_ROADS)}路{number % 300}号"
        name = (
            f"{chance.choice(_TOWNS)}{chance.choice(_ROADS)}路{chance.choice(_HOSTS)}{chance.choice(_KINDS)}"
        )
        lon, lat = chance.gauss(101.7, 0.6), chance.gauss(36.6, 0.4)
        feature = {
            "type": "Feature",
            "id": str(number),
            "properties": {"code": str(number), "names": {"zh": name}, "address": road},
        }
        yield (
            number, f"{number:08d}", True, 1, name, "union_station", "rest", "open", "630102",
            ["630000", "630100", "630102"], "open_door", "free", [], [], [], schedule_key,
            f"SRID=4326;POINT({lon:.6f} {lat:.6f})", f"SRID=3857;POINT({_RADIUS * radians(lon)} {_northing(lat)})",
            search_text(name), search_pairs(name, address=road).split(), json.dumps(feature),
        )  # fmt: skip
