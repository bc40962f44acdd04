"""A small fixed registry for the search: real regions and places of Qinghai, invented stations."""

from __future__ import annotations

from datetime import date

from geoalchemy2.shape import from_shape
from shapely.geometry import MultiPolygon, Point, box
from sqlalchemy.orm import Session

from stations.models import Place, Region, RegistryInfo
from stations.registry import registry
from stations.registry.writing import acting

#: code: (level, names); the parent is the code's beginning.
REGIONS = {
    "630000": ("province", {"zh": "青海省", "en": "Qinghai"}),
    "630100": ("prefecture", {"zh": "西宁市", "en": "Xining"}),
    "630102": ("county", {"zh": "城东区"}),
    "630103": ("county", {"zh": "城中区"}),
    "630106": ("county", {"zh": "湟中区", "zh-x-old": "湟中县"}),
    "630121": ("county", {"zh": "大通回族土族自治县"}),
    "630123": ("county", {"zh": "湟源县"}),
    "630200": ("prefecture", {"zh": "海东市", "en": "Haidong"}),
    "630202": ("county", {"zh": "乐都区"}),
    "630203": ("county", {"zh": "平安区"}),
    "630222": ("county", {"zh": "民和回族土族自治县"}),
    "630223": ("county", {"zh": "互助土族自治县"}),
    "630225": ("county", {"zh": "循化撒拉族自治县"}),
    "632200": ("prefecture", {"zh": "海北藏族自治州"}),
    "632221": ("county", {"zh": "门源回族自治县"}),
    "632222": ("county", {"zh": "祁连县"}),
    "632300": ("prefecture", {"zh": "黄南藏族自治州"}),
    "632301": ("county", {"zh": "同仁市", "zh-x-old": "同仁县"}),
    "632500": ("prefecture", {"zh": "海南藏族自治州"}),
    "632523": ("county", {"zh": "贵德县"}),
    "632700": ("prefecture", {"zh": "玉树藏族自治州", "bo": "ཡུས་ཧྲུའུ་བོད་རིགས་རང་སྐྱོང་ཁུལ།"}),
    "632724": ("county", {"zh": "治多县"}),
    "632726": ("county", {"zh": "曲麻莱县"}),
    "632800": ("prefecture", {"zh": "海西蒙古族藏族自治州"}),
    "632801": ("county", {"zh": "格尔木市", "en": "Golmud"}),
    "632822": ("county", {"zh": "都兰县"}),
    "632857": ("county", {"zh": "大柴旦行政委员会"}),
}
#: (names, county, longitude, latitude, population)
PLACES = (
    ({"zh": "西宁", "en": "Xining"}, "630103", 101.757, 36.626, 1_677_177),
    ({"zh": "格尔木", "en": "Golmud"}, "632801", 94.901, 36.407, None),
    ({"zh": "川口镇", "en": "Chuankou"}, "630222", 102.806, 36.330, 46_000),
    ({"zh": "长宁镇"}, "630121", 101.752, 36.838, None),
    ({"zh": "桥头镇"}, "630121", 101.674, 36.935, 114_712),
    ({"zh": "多巴"}, "630106", 101.534, 36.658, 66_767),
    ({"zh": "威远"}, "630223", 101.992, 36.853, None),
    ({"zh": "浩门镇"}, "632221", 101.622, 37.376, 36_515),
    ({"zh": "河阴镇"}, "632523", 101.434, 36.043, None),
    ({"zh": "热水"}, "632822", 98.169, 36.220, None),
    ({"zh": "冷湖"}, "632857", 93.332, 38.737, None),
    ({"zh": "东沟"}, "632523", 101.509, 35.904, None),
    ({"zh": "东沟乡"}, "630223", 101.95, 36.95, None),
    ({"zh": "建设"}, "632726", 95.0, 34.5, 900),
    ({"zh": "建设乡"}, "632822", 97.8, 36.1, None),
)
#: (names, county, address, longitude, latitude, lifecycle)
STATIONS = (
    ({"zh": "川口工会驿站", "en": "Chuankou Union Station"}, "630222", "川垣新区川垣大道12号", 102.80, 36.33, "open"),
    ({"zh": "川口镇骑手驿站"}, "630222", "迎宾大道5号", 102.81, 36.34, "open"),
    ({"zh": "川口镇爱心驿站"}, "630222", "文化街8号", 102.82, 36.32, "closed"),
    ({"zh": "城东区骑手驿站"}, "630102", "八一路66号", 101.82, 36.61, "open"),
    ({"zh": "朝阳街道工会驿站"}, "630103", "朝阳西路3号", 101.76, 36.65, "open"),
    ({"zh": "长江路劳动者港湾"}, "630103", "长江路40号建设银行", 101.77, 36.62, "open"),
    ({"zh": "建设银行乐都支行劳动者港湾"}, "630202", "滨河路1号", 102.40, 36.48, "open"),
    ({"zh": "青年路小哥驿站"}, "630103", "青年路7号", 101.78, 36.63, "closed"),
    ({"zh": "青年路小哥驿站"}, "632801", "青年路70号", 94.90, 36.41, "open"),
    ({"zh": "昆仑路户外劳动者服务站点"}, "632801", "昆仑路18号", 94.91, 36.40, "open"),
    ({"zh": "昆仑路户外劳动者服务站点"}, "630102", "昆仑中路", 101.80, 36.60, "open"),
    ({"zh": "桥头重工家属院职工驿站"}, "630121", "人民路211号", 101.67, 36.93, "open"),
    ({"zh": "南凉虎台爱心驿站"}, "630103", "虎台中巷", 101.73, 36.64, "open"),
    ({"zh": "玉树格萨尔广场骑手驿站", "bo": "ཡུས་ཧྲུའུ་"}, "632724", "格萨尔大街", 97.01, 33.00, "open"),
    ({"zh": "24小时智慧驿站"}, "630106", "金塔路", 101.57, 36.50, "open"),
    ({"zh": "Wi-Fi 暖心驿站"}, "630106", "团结路", 101.56, 36.49, "open"),
    ({"zh": "省总工会职工维权服务中心"}, "630103", "西大街", None, None, "open"),
    ({"zh": "化隆路暖蜂驿站"}, "630203", "平安大道", 102.10, 36.50, "suspended"),
)  # fmt: skip


def fill(session: Session, actor: int) -> None:
    """Fill the registry. Regions are squares; only their names matter here."""
    with acting(session, actor, reason="search fixture"):
        session.add(RegistryInfo(one=1, name="test", province_code="630000", demonstration=False))
        for code, (level, names) in REGIONS.items():
            parent = {"province": None, "prefecture": "630000", "county": f"{code[:4]}00"}[level]
            number = int(code) % 97
            shape = MultiPolygon([box(90 + number / 10, 33, 90.05 + number / 10, 33.05)])
            session.add(
                Region(
                    code=code, parent_code=parent, level=level, names=names, geom=from_shape(shape, srid=4326)
                )
            )
            session.flush()
        for number, (names, county, lon, lat, population) in enumerate(PLACES):
            session.add(
                Place(
                    source="test",
                    source_id=str(number),
                    names=names,
                    location=from_shape(Point(lon, lat), srid=4326),
                    population=population,
                    region_code=county,
                )
            )
        for names, county, address, lon, lat, lifecycle in STATIONS:
            registry.add(
                session,
                names=names,
                kind="union_station",
                region_code=county,
                address=address,
                location=None if lon is None else from_shape(Point(lon, lat), srid=4326),
                lifecycle=lifecycle,
                lifecycle_since=None if lifecycle == "open" else date(2026, 1, 1),
                lifecycle_reason=None if lifecycle == "open" else "拆迁",
            )
