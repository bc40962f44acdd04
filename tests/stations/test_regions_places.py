"""Places of the gazetteer, named in Chinese, with populations that are known or unknown and never 0."""

from __future__ import annotations

import pytest
from geoalchemy2.shape import to_shape
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.models import Commit, Place
from stations.registry import places
from stations.registry.places import chinese_name
from stations.registry.writing import acting


@pytest.mark.parametrize(
    ("name", "others", "chosen"),
    [
        ("Xuji", ["泽令沟", "蓄集", "蓄集乡", "Tse-ling-Kou"], "蓄集"),
        ("Zhugkyung", ["舟群", "舟群乡"], "舟群"),
        ("Xangda", ["囊谦", "囊谦县", "香达", "香达镇"], "香达"),
        ("Xireg", ["乌兰县", "希里沟"], "希里沟"),
        ("Nianbo", ["海东市"], "海东市"),
        ("Maqin County", ["玛沁县"], "玛沁县"),
        ("Xining", ["西寧", "西寧市", "西宁", "西宁市", "ཟི་ལིང་།"], "西宁"),
        ("Golmud", ["ゴルムド市", "格尔木", "格尔木市"], "格尔木"),
        ("Gongyi", ["紫荆路"], None),
        ("Fuyun", ["Fuyun Zhen"], None),
    ],
)
def test_the_chinese_name_is_the_places_own(name: str, others: list[str], chosen: str | None) -> None:
    assert chinese_name(name, others) == chosen
    assert chinese_name(name, reversed(others)) == chosen


def test_places_inside_the_province_are_loaded_once(qinghai: Session, operator: int) -> None:
    loaded = places.load(qinghai, actor=operator)
    rows = {row.names.get("zh"): row for row in qinghai.scalars(select(Place))}
    assert loaded.added == loaded.read == len(qinghai.scalars(select(Place.id)).all())
    assert loaded.populated == sum(row.population is not None for row in qinghai.scalars(select(Place))) > 0
    xining = rows["西宁"]
    assert xining.names == {"zh": "西宁", "bo": "ཟི་ལིང", "mn-Mong": "ᠰᠢᠨᠢᠩ", "en": "Xining"} | xining.names
    assert (xining.source, xining.region_code, xining.credit) == ("geonames", "630103", "GeoNames, CC BY 4.0")
    assert to_shape(xining.location).distance(to_shape(rows["总寨"].location)) < 0.2
    assert rows["总寨"].population is None

    commits = select(func.count()).select_from(Commit)
    before = qinghai.scalar(commits)
    again = places.load(qinghai, actor=operator)
    assert (again.read, again.added, again.changed, again.removed) == (loaded.read, 0, 0, 0)
    assert qinghai.scalar(commits) == before

    with acting(qinghai, operator, reason="the gazetteer moved on"):
        xining.population = 1
        qinghai.delete(rows["总寨"])
        qinghai.add(
            Place(
                source="geonames", source_id="0", names={"zh": "旧"}, location="SRID=4326;POINT(101.5 36.5)"
            )
        )
    mended = places.load(qinghai, actor=operator)
    assert (mended.added, mended.changed, mended.removed) == (1, 1, 1)


def test_an_empty_registry_gets_no_places(session: Session, operator: int) -> None:
    with pytest.raises(NotFound, match="load its regions first"):
        places.load(session, actor=operator)
