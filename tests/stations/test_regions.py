"""Regions load from the package and from an operator's file; what changed is updated, what vanished is followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import MultiPolygon, box
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from geo.errors import VectorError
from stations.errors import Conflict, Invalid, NotFound
from stations.models import Change, Commit, Place, Region, RegistryInfo
from stations.registry import regions
from stations.registry.areas import Areas
from stations.registry.outlines import of_file, of_province
from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id

#: Counties and areas without one, per province: municipalities, counties right below a province, special regions.
PROVINCES = {
    "11": (16, {"110101": ("110000", "110101")}),
    "41": (157, {"419001": ("410000", "419001"), "410106": ("410000", "410100", "410106")}),
    "42": (103, {"429004": ("420000", "429004"), "420102": ("420000", "420100", "420102")}),
    "46": (25, {"469001": ("460000", "469001"), "460400": ("460000", "460400")}),
    "63": (45, {"632857": ("630000", "632800", "632857"), "630222": ("630000", "630200", "630222")}),
    "82": (0, {"820000": ("820000",)}),
}


@pytest.mark.parametrize("province", PROVINCES)
def test_every_kind_of_province_loads_with_one_row_a_code(session: Session, province: str) -> None:
    counties, lineages = PROVINCES[province]
    loaded = regions.load(session, province=province, actor=actor_id(session, OPERATOR))
    assert loaded.read == len(loaded.added) == session.scalar(select(func.count()).select_from(Region))
    levels = Counter(session.scalars(select(Region.level)))
    assert levels["county"] == counties
    assert levels["province"] == 1
    areas = Areas.load(session)
    assert {code: areas.lineage(code) for code in lineages} == lineages
    assert all(area.lineage[0] == f"{province}0000" for area in areas.areas.values())


@pytest.fixture(scope="module")
def real(new_database: Callable[[], str]) -> Iterator[Session]:
    """Qinghai from the package, loaded once; tests that write roll back."""
    engine = create_engine(new_database())
    with Session(engine) as opened:
        regions.load(opened, province="63", actor=actor_id(opened, OPERATOR))
        opened.commit()
        yield opened
    engine.dispose()


@pytest.fixture(autouse=True)
def _rolled_back(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "real" in request.fixturenames:
        request.getfixturevalue("real").rollback()


def test_loaded_regions_carry_their_credit_and_are_not_for_download(real: Session) -> None:
    minhe = real.get_one(Region, "630222")
    assert (minhe.credit, minhe.publishable) == ("天地图", False)
    assert (minhe.names, minhe.population, minhe.population_year) == (
        {"zh": "民和回族土族自治县", "en": "Minhe"},
        326_964,
        2020,
    )
    assert real.get_one(Region, "632722").population is None
    assert real.get_one(Region, "632722").names == {"zh": "杂多县", "en": "Zadoi"}


def test_every_point_of_the_province_lies_in_a_county_and_the_exclave_in_haixi(real: Session) -> None:
    areas = Areas.load(real)
    assert areas.at([101.80, 102.83, 92.4], [36.61, 36.33, 33.9]).tolist() == ["630102", "630222", "632801"]
    assert areas.named("湟中县") == "630106"


def test_the_mainland_mask_is_kept_for_the_conversion_of_datums(real: Session) -> None:
    assert regions.mainland_of(real).contains([101.78, 113.6, 114.17, 106.9], [36.62, 34.7, 22.3, 47.9]).tolist() == [
        True,
        True,
        False,
        False,
    ]  # fmt: skip


def test_a_second_load_changes_nothing(real: Session) -> None:
    before = real.scalar(select(func.count()).select_from(Commit))
    loaded = regions.load(real, province="63", actor=actor_id(real, OPERATOR))
    assert not loaded.changed
    assert (loaded.read, loaded.gone) == (54, [])
    assert real.scalar(select(func.count()).select_from(Commit)) == before
    assert real.scalar(select(func.count()).select_from(Change)) == 0


def test_a_registry_holds_one_province(real: Session) -> None:
    with pytest.raises(Conflict, match="province 630000; 410000 河南省 needs a registry of its own"):
        regions.load(real, province="41", actor=actor_id(real, OPERATOR))


def test_a_province_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(VectorError, match="'99'"):
        of_province("99")


def test_an_empty_registry_has_no_mask_and_takes_no_file(session: Session, tmp_path: Path) -> None:
    assert regions.loaded_province(session) is None
    with pytest.raises(NotFound, match="yizhan regions load"):
        regions.mainland_of(session)
    with pytest.raises(NotFound, match="load its province first"):
        regions.load_file(session, tmp_path / "x.gpkg", actor=actor_id(session, OPERATOR))


# An operator's file over the small registry: counties 630102, 630103 (Xining), 630202, 630222 (Haidong).

KEPT = {
    "630102": ("城东区", box(101.4, 36.4, 101.6, 36.8)),
    "630103": ("城中区", box(101.6, 36.4, 101.8, 36.8)),
    "630202": ("乐都区", box(101.8, 36.4, 102.0, 36.8)),
    "630222": ("民和回族土族自治县", box(102.0, 36.4, 102.2, 36.8)),
}


@pytest.fixture
def load_layer(qinghai: Session, operator: int, tmp_path: Path) -> Callable[..., regions.Loaded]:
    """Write a layer of counties and load it over the small registry."""

    def load(
        counties: dict[str, tuple[str, object]], name: str = "counties.gpkg", **options: object
    ) -> regions.Loaded:
        path = tmp_path / name
        frame = gpd.GeoDataFrame(
            {"区划代码": list(counties), "名称": [name for name, _ in counties.values()]},
            geometry=[shape for _, shape in counties.values()],
            crs="EPSG:4490",
        )
        frame.to_file(path)
        return regions.load_file(qinghai, path, actor=operator, **options)  # type: ignore[arg-type]

    return load


def names_of(session: Session, code: str) -> dict[str, str]:
    return session.get_one(Region, code).names


def test_a_renamed_county_keeps_its_code_and_answers_to_its_former_name(
    qinghai: Session, load_layer: Callable[..., regions.Loaded]
) -> None:
    loaded = load_layer(KEPT | {"630222": ("民和市", KEPT["630222"][1])})
    assert loaded.renamed == [("630222", "民和回族土族自治县", "民和市")]
    assert names_of(qinghai, "630222") == {
        "zh": "民和市",
        "en": "Minhe",
        "zh-x-old": "民和回族土族自治县",
    }
    assert Areas.load(qinghai).named("民和回族土族自治县") == "630222"
    load_layer(KEPT | {"630222": ("民和区", KEPT["630222"][1])})
    assert names_of(qinghai, "630222")["zh-x-old"] == "民和回族土族自治县、民和市"
    load_layer(KEPT)
    assert names_of(qinghai, "630222")["zh-x-old"] == "民和市、民和区"


def test_the_same_file_again_changes_nothing(
    qinghai: Session, load_layer: Callable[..., regions.Loaded]
) -> None:
    load_layer(KEPT, credit="某省测绘院")
    changes = qinghai.scalar(select(func.count()).select_from(Change))
    loaded = load_layer(KEPT, credit="某省测绘院")
    assert not loaded.changed
    assert qinghai.scalar(select(func.count()).select_from(Change)) == changes


def test_a_county_under_a_new_code_takes_over_what_pointed_at_the_old_one(
    qinghai: Session, operator: int, load_layer: Callable[..., regions.Loaded]
) -> None:
    with acting(qinghai, operator, reason="stations"):
        station = add(qinghai, names={"zh": "湟水驿站"}, kind="union_station", region_code="630222")
        place = Place(
            source="test",
            source_id="1",
            names={"zh": "川口"},
            location="SRID=4326;POINT(102.1 36.5)",
            region_code="630222",
        )
        qinghai.add(place)
    counties = {code: county for code, county in KEPT.items() if code != "630222"}
    loaded = load_layer(counties | {"630206": ("民和区", KEPT["630222"][1])})
    assert loaded.merged == [regions.Merged("630222", "民和回族土族自治县", "630206", stations=1, grants=0)]
    assert (station.region_code, place.region_code) == ("630206", "630206")
    areas = Areas.load(qinghai)
    assert areas.at([102.1], [36.5]).tolist() == ["630206"]
    assert areas.named("民和县") == "630206"
    assert areas.current("630222") == "630206"


def test_a_merged_county_gives_its_stations_to_the_region_at_their_position(
    qinghai: Session, operator: int, load_layer: Callable[..., regions.Loaded]
) -> None:
    with acting(qinghai, operator, reason="stations"):
        east = add(qinghai, names={"zh": "东"}, kind="union_station", region_code="630202")
        east.location = "SRID=4326;POINT(101.99 36.5)"
        nowhere = add(qinghai, names={"zh": "未定位"}, kind="union_station", region_code="630202")
    counties = {
        "630102": KEPT["630102"],
        "630103": ("城中区", box(101.6, 36.4, 101.97, 36.8)),
        "630222": ("民和回族土族自治县", box(101.97, 36.4, 102.2, 36.8)),
    }
    loaded = load_layer(counties)
    assert [(each.code, each.into, each.stations) for each in loaded.merged] == [("630202", "630103", 2)]
    assert (east.region_code, nowhere.region_code) == ("630222", "630103")


def test_a_county_that_vanished_without_a_heir_is_reported_and_stays(
    qinghai: Session, load_layer: Callable[..., regions.Loaded]
) -> None:
    loaded = load_layer({"630102": KEPT["630102"]})
    assert [each.code for each in loaded.gone] == ["630103", "630202", "630222"]
    assert not loaded.merged
    assert Areas.load(qinghai).at([101.7], [36.6]).tolist() == ["630103"]


def test_the_operator_says_what_a_vanished_county_became(
    qinghai: Session, load_layer: Callable[..., regions.Loaded]
) -> None:
    counties = {code: county for code, county in KEPT.items() if code != "630222"}
    loaded = load_layer(counties, merged={"630222": "630202"})
    assert [(each.code, each.into) for each in loaded.merged] == [("630222", "630202")]
    again = load_layer(counties, merged={"630222": "630202"})
    assert not again.changed
    with pytest.raises(Invalid, match="630102=630202"):
        load_layer(counties, merged={"630102": "630202"})


def test_parts_of_one_code_make_one_region_with_an_exclave(
    qinghai: Session, operator: int, tmp_path: Path
) -> None:
    path = tmp_path / "parts.shp"
    gpd.GeoDataFrame(
        {"XZQDM": ["156630222", "156630222"], "XZQMC": ["民和回族土族自治县"] * 2},
        geometry=[box(102.0, 36.4, 102.2, 36.8), box(103.0, 36.4, 103.2, 36.8)],
        crs="EPSG:4326",
    ).to_file(path, encoding="UTF-8")
    regions.load_file(qinghai, path, actor=operator, publishable=True, credit="自有")
    assert Areas.load(qinghai).at([102.1, 103.1], [36.6, 36.6]).tolist() == ["630222", "630222"]
    county = qinghai.get_one(Region, "630222")
    assert (county.publishable, county.credit) == (True, "自有")


def test_a_township_hangs_below_its_county(
    qinghai: Session, load_layer: Callable[..., regions.Loaded]
) -> None:
    load_layer({"630222100": ("川口镇", box(102.0, 36.4, 102.1, 36.5))})
    areas = Areas.load(qinghai)
    assert areas.lineage("630222100") == ("630000", "630200", "630222", "630222100")
    assert areas.at([102.05], [36.45], townships=True).tolist() == ["630222100"]


def test_regions_of_other_provinces_in_a_file_are_counted_and_left_out(
    qinghai: Session, load_layer: Callable[..., regions.Loaded]
) -> None:
    loaded = load_layer(KEPT | {"620102": ("城关区", box(103, 36, 104, 37))})
    assert (loaded.read, loaded.elsewhere) == (4, 1)
    assert qinghai.get(Region, "620102") is None
    with pytest.raises(Invalid, match="none of the 1 regions in other"):
        load_layer({"620102": ("城关区", box(103, 36, 104, 37))}, "other.gpkg")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"code": ["6302", "63022"], "name": ["甲", "乙"]}, "'63022'"),
        ({"code": ["630222", "630222"], "name": ["甲", "乙"]}, "'甲' and '乙'"),
        ({"code": ["630222", "630202"], "name": ["甲", " "]}, "630202 has no name"),
        ({"name": ["甲", "乙"]}, "looks like a code: name"),
        ({"code": ["630222", "630202"]}, "looks like a name: code"),
    ],
)
def test_a_file_that_names_its_regions_badly_is_refused(
    tmp_path: Path, columns: dict[str, list[str]], message: str
) -> None:
    path = tmp_path / "bad.gpkg"
    gpd.GeoDataFrame(columns, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs="EPSG:4326").to_file(path)
    with pytest.raises(Invalid, match=message):
        of_file(path)


def test_the_columns_of_a_file_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "odd.gpkg"
    gpd.GeoDataFrame(
        {"甲": ["630222"], "乙": ["民和县"]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:4326"
    ).to_file(path)
    (found,) = of_file(path, code_column="甲", name_column="乙", known=("630000",))
    assert (found.code, found.level, found.parent, found.name) == ("630222", "county", "630000", "民和县")
    assert found.shape == MultiPolygon([box(0, 0, 1, 1)])
    with pytest.raises(Invalid, match="no column '丙'; it has 甲, 乙"):
        of_file(path, code_column="丙")


def test_a_new_registry_takes_the_name_that_it_is_given(session: Session, operator: int) -> None:
    regions.load(session, province="820000", actor=operator, name="澳门", demonstration=True)
    info = session.get_one(RegistryInfo, 1)
    assert (info.name, info.demonstration, info.province_code) == ("澳门", True, "820000")
    assert regions.loaded_province(session) == "820000"
