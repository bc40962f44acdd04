"""Which region a point lies in and which one a name means, over the small registry of squares."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, box
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.models import Region
from stations.registry.areas import OLD_NAME, Area, Areas
from stations.registry.writing import acting


@pytest.fixture
def areas(qinghai: Session) -> Areas:
    return Areas.load(qinghai)


def made(*regions: tuple[str, str, str, tuple[str, ...]], **old: str) -> Areas:
    """Areas of (code, level, name, codes above) without shapes; old: former names by r-and-code."""
    return Areas(
        {
            code: Area(
                code,
                level,
                {"zh": name} | ({OLD_NAME: old[f"r{code}"]} if f"r{code}" in old else {}),
                (*above, code),
                None,
                None,
            )
            for code, level, name, above in regions
        },
        {},
    )


HENAN = made(
    ("410000", "province", "河南省", ()),
    ("410100", "prefecture", "郑州市", ("410000",)),
    ("410106", "county", "上街区", ("410000", "410100")),
    ("410122", "county", "中牟县", ("410000", "410100")),
    ("410200", "prefecture", "开封市", ("410000",)),
    ("410212", "county", "祥符区", ("410000", "410200")),
    ("410300", "prefecture", "洛阳市", ("410000",)),
    ("410307", "county", "偃师区", ("410000", "410300")),
    ("410500", "prefecture", "安阳市", ("410000",)),
    ("410522", "county", "安阳县", ("410000", "410500")),
    ("410422", "county", "叶县", ("410000", "410300")),
    r410212="开封县、旧名县",
)
QINGHAI = made(
    ("630000", "province", "青海省", ()),
    ("630200", "prefecture", "海东市", ("630000",)),
    ("630203", "county", "平安区", ("630000", "630200")),
    ("630222", "county", "民和回族土族自治县", ("630000", "630200")),
    ("630225", "county", "循化撒拉族自治县", ("630000", "630200")),
    ("632300", "prefecture", "黄南藏族自治州", ("630000",)),
    ("632324", "county", "河南蒙古族自治县", ("630000", "632300")),
    ("632500", "prefecture", "海南藏族自治州", ("630000",)),
    ("632700", "prefecture", "玉树藏族自治州", ("630000",)),
    ("632701", "county", "玉树市", ("630000", "632700")),
    ("632800", "prefecture", "海西蒙古族藏族自治州", ("630000",)),
    ("632857", "county", "大柴旦行政委员会", ("630000", "632800")),
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("上街区", "410106"),
        ("上街", "410106"),
        ("郑州市上街区", "410106"),
        ("河南省郑州市上街区", "410106"),
        ("河南省 / 郑州市 / 上街区", "410106"),
        ("郑州上街", "410106"),
        ("410106", "410106"),
        ("偃师市", "410307"),
        ("开封县", "410212"),
        ("旧名县", "410212"),
        ("叶县", "410422"),
        ("安阳县", "410522"),
        ("安阳市", "410500"),
    ],
)
def test_a_name_as_lists_write_it_means_its_region(text: str, code: str) -> None:
    assert HENAN.named(text) == code


@pytest.mark.parametrize(
    "text",
    [
        *("高新区", "经开区", "郑州市高新区", "郑东新区", "中牟新区", "中牟区", "安阳", "叶", "郑州市偃师区"),
        *("海南省", "", "　", "县", "x" * 999, "410199", "洛阳市上街区", "郑州市郑州市"),
    ],
)
def test_a_name_that_means_no_region_or_more_than_one_means_none(text: str) -> None:
    assert HENAN.named(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("民和县", "630222"),
        ("民和", "630222"),
        ("民和自治县", "630222"),
        ("海东地区平安县", "630203"),
        ("循化县", "630225"),
        ("河南县", "632324"),
        ("河南", "632324"),
        ("河南省", None),
        ("海南州", "632500"),
        ("海南省", None),
        ("玉树", None),
        ("玉树州", "632700"),
        ("玉树州玉树市", "632701"),
        ("大柴旦行委", "632857"),
        ("大柴旦", "632857"),
    ],
)
def test_names_of_autonomous_regions_are_known_in_short(text: str, code: str | None) -> None:
    assert QINGHAI.named(text) == code


def test_a_name_is_looked_for_below_the_region_given() -> None:
    assert QINGHAI.named("平安区", within="630200") == "630203"
    assert QINGHAI.named("平安区", within="632300") is None


@given(st.text(alphabet="海东市平安区县州省民和 玉树", max_size=60))
def test_any_text_is_answered_with_a_known_code_or_none(text: str) -> None:
    code = QINGHAI.named(text)
    assert code is None or code in QINGHAI


def test_a_point_lies_in_the_lowest_region(areas: Areas) -> None:
    at = areas.at([101.5, 101.7, 102.1, 90.0, np.nan], [36.6, 36.6, 36.6, 36.6, 36.6])
    assert at.tolist() == ["630102", "630103", "630222", None, None]


def test_a_point_on_a_common_border_is_in_one_county_always_the_same(areas: Areas) -> None:
    assert areas.at([101.6, 102.2], [36.6, 36.8]).tolist() == ["630102", "630222"]


def test_a_hole_in_the_county_layer_gives_the_prefecture(qinghai: Session, operator: int) -> None:
    with acting(qinghai, operator, reason="a hole"):
        qinghai.get_one(Region, "630103").geom = None
    areas = Areas.load(qinghai)
    assert areas.at([101.7], [36.6]).tolist() == ["630100"]
    with pytest.raises(NotFound, match="630103 城中区 has no outline"):
        areas.inside("630103", [101.7], [36.6])


def test_inside_takes_a_region_of_any_level_and_its_border(areas: Areas) -> None:
    lon, lat = [101.4, 101.9, 103.0, np.nan], [36.4, 36.6, 36.6, 36.6]
    assert areas.inside("630000", lon, lat).tolist() == [True, True, False, False]
    assert areas.inside("630100", lon, lat).tolist() == [True, False, False, False]
    with pytest.raises(NotFound, match="'999999'"):
        areas.inside("999999", lon, lat)


def test_what_is_above_a_region_is_its_lineage(areas: Areas) -> None:
    assert areas.lineage("630222") == ("630000", "630200", "630222")
    assert areas.name("630222") == "民和回族土族自治县"


def test_a_township_counts_only_where_it_is_asked_for() -> None:
    areas = Areas(
        {
            "630222": Area("630222", "county", {"zh": "民和县"}, ("630222",), None, None),
            "630222100": Area("630222100", "township", {"zh": "川口镇"}, ("630222", "630222100"), None, None),
        },
        {
            "630222": MultiPolygon([box(102, 36, 103, 37)]),
            "630222100": MultiPolygon([box(102, 36, 102.5, 37)]),
        },
    )
    assert areas.at([102.2], [36.5]).tolist() == ["630222"]
    assert areas.at([102.2], [36.5], townships=True).tolist() == ["630222100"]
    assert areas.named("民和县川口镇") == "630222100"


def test_a_merged_region_answers_with_what_it_became(qinghai: Session, operator: int) -> None:
    with acting(qinghai, operator, reason="merged"):
        merged = qinghai.get_one(Region, "630103")
        merged.merged_into = "630102"
    areas = Areas.load(qinghai)
    assert areas.named("城中区") == areas.named("630103") == areas.current("630103") == "630102"
    assert areas.at([101.7], [36.6]).tolist() == ["630100"]


def test_200000_points_are_placed_in_the_county_that_holds_them() -> None:
    ring = shapely.buffer(shapely.points(102, 36), 1.0, quad_segs=1000)
    cells = [shapely.intersection(ring, box(101 + x / 8, 35, 101 + (x + 1) / 8, 37)) for x in range(16)]
    areas = Areas(
        {
            f"6302{n:02}": Area(f"6302{n:02}", "county", {"zh": f"第{n}县"}, (f"6302{n:02}",), None, None)
            for n in range(16)
        },
        {f"6302{n:02}": cell for n, cell in enumerate(cells)},
    )
    random = np.random.default_rng(7)
    lon, lat = random.uniform(101, 103, 200_000), random.uniform(35, 37, 200_000)
    at = areas.at(lon, lat)
    inside = np.hypot(lon - 102, lat - 36) < 0.999
    assert (at[inside] == [f"6302{int(x):02}" for x in (lon[inside] - 101) * 8]).all()
