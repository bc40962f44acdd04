"""Regions in Latin letters: spelled as the place spells itself, else by its sound."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.models import Region
from stations.registry import regions
from stations.registry.outlines import of_province
from stations.registry.romanised import SPELLED, in_letters
from stations.registry.writing import OPERATOR, acting, actor_id


@pytest.mark.parametrize(
    ("code", "name", "letters"),
    [
        ("630222", "民和回族土族自治县", "Minhe"),
        ("630203", "平安区", "Ping'an"),
        ("630202", "乐都区", "Ledu"),
        ("632600", "果洛藏族自治州", "Golog"),
        ("632801", "格尔木市", "Golmud"),
        ("632857", "大柴旦行政委员会", "Da Qaidam"),
        ("632800", "海西蒙古族藏族自治州", "Haixi"),
        ("630104", "城西区", "Chengxi"),
        ("500000", "重庆市", "Chongqing"),
        ("610000", "陕西省", "Shaanxi"),
        ("140000", "山西省", "Shanxi"),
        ("999999", "A1区", "A1"),
    ],
)
def test_a_region_is_called_in_letters_as_maps_call_it(code: str, name: str, letters: str) -> None:
    assert in_letters(code, name) == letters


@pytest.mark.parametrize("province", ["63", "54", "11"])
def test_every_region_of_a_province_has_letters_and_siblings_have_different_ones(province: str) -> None:
    called: dict[tuple[str | None, str], str] = {}
    for outline in of_province(province):
        letters = in_letters(outline.code, outline.name)
        assert letters.isascii() or outline.code in SPELLED
        assert letters[0].isupper()
        assert called.setdefault((outline.parent, letters), outline.code) == outline.code


def test_a_name_that_somebody_wrote_into_the_registry_stands_when_regions_are_loaded_again(
    session: Session,
) -> None:
    operator = actor_id(session, OPERATOR)
    regions.load(session, province="63", actor=operator)
    with acting(session, operator, reason="the county asked for it"):
        minhe = session.get_one(Region, "630222")
        minhe.names = minhe.names | {"en": "Minhe County"}
    regions.load(session, province="63", actor=operator)
    assert session.scalar(select(Region.names).where(Region.code == "630222")) == {
        "zh": "民和回族土族自治县",
        "en": "Minhe County",
    }
