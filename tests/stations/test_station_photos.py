"""Photos that staff put to a station: what is said of them, who may, and what the public row shows."""

from __future__ import annotations

from datetime import date

import pytest
from editing_helpers import edit, keeper, made
from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.keeping import reports, station_photos
from stations.models import PublicStation
from stations.registry.writing import acting

DIGEST = "ab" * 32


@pytest.fixture
def code(qinghai: Session, operator: int) -> str:
    return made(qinghai, operator, {"name.zh": "驿站", "region_code": "630102"}).code


def test_a_photo_is_public_from_the_moment_it_is_put_there_until_it_is_taken_away(
    qinghai: Session, operator: int, code: str
) -> None:
    with acting(qinghai, operator, reason="照片"):
        photo = station_photos.put(
            qinghai, code, DIGEST, shows="door", caption=" 北门 \n", taken_on="2026-03-01"
        )
    assert station_photos.of(qinghai, code) == [
        station_photos.Shown(photo, DIGEST, "door", "北门", date(2026, 3, 1))
    ]
    feature = qinghai.scalars(select(PublicStation.feature)).one()
    assert DIGEST in (feature or "")
    assert reports.is_shown(qinghai, DIGEST)
    with acting(qinghai, operator, reason="照片"):
        station_photos.change(qinghai, code, photo, shows="inside")
    assert station_photos.of(qinghai, code)[0] == station_photos.Shown(photo, DIGEST, "inside", None, None)
    with acting(qinghai, operator, reason="照片"):
        station_photos.remove(qinghai, code, photo)
    assert station_photos.of(qinghai, code) == []
    assert not reports.is_shown(qinghai, DIGEST)


def test_the_same_picture_twice_is_one_photo(qinghai: Session, operator: int, code: str) -> None:
    with acting(qinghai, operator, reason="照片"):
        first = station_photos.put(qinghai, code, DIGEST, shows="door")
        assert station_photos.put(qinghai, code, DIGEST, shows="inside", caption="大厅") == first
        assert station_photos.put(qinghai, code, DIGEST, shows="inside", caption="大厅") == first
    assert [(p.shows, p.caption) for p in station_photos.of(qinghai, code)] == [("inside", "大厅")]


def test_a_station_has_only_so_many_photos(qinghai: Session, operator: int, code: str) -> None:
    with acting(qinghai, operator, reason="照片"):
        for number in range(station_photos.MOST):
            station_photos.put(qinghai, code, f"{number:064x}", shows="inside")
        with pytest.raises(Conflict, match="take one away"):
            station_photos.put(qinghai, code, DIGEST, shows="inside")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"shows": "sky"}, "shows"),
        ({"shows": "door", "caption": "门" * 201}, "caption"),
        ({"shows": "door", "caption": "门\x00"}, "caption"),
        ({"shows": "door", "taken_on": "yesterday"}, "taken_on"),
    ],
)
def test_what_cannot_be_said_of_a_photo_is_told_at_its_field(
    qinghai: Session, operator: int, code: str, said: dict[str, str], field: str
) -> None:
    with acting(qinghai, operator, reason="照片"), pytest.raises(Invalid) as refused:
        station_photos.put(qinghai, code, DIGEST, **said)
    assert refused.value.field == field


def test_a_photo_of_another_station_or_of_none_is_not_found(
    qinghai: Session, operator: int, code: str
) -> None:
    other = made(qinghai, operator, {"name.zh": "另一驿站", "region_code": "630102"}).code
    with acting(qinghai, operator, reason="照片"):
        photo = station_photos.put(qinghai, code, DIGEST, shows="door")
        for wrong in ((other, photo), (code, photo + 1), ("6399999", photo)):
            with pytest.raises(NotFound):
                station_photos.remove(qinghai, *wrong)
        with pytest.raises(NotFound):
            station_photos.put(qinghai, "6399999", DIGEST, shows="door")


def test_inspectors_put_photos_in_their_own_county_alone(qinghai: Session, operator: int, code: str) -> None:
    with acting(qinghai, operator, reason="照片"):
        photo = station_photos.put(qinghai, code, DIGEST, shows="door")
    here = keeper(qinghai, operator, "here", "630102", role="inspector")
    with acting(qinghai, here, reason="照片"):
        station_photos.put(qinghai, code, "cd" * 32, shows="inside")
    elsewhere = keeper(qinghai, operator, "elsewhere", "630222", role="inspector")
    for write in (
        lambda: station_photos.put(qinghai, code, "ef" * 32, shows="inside"),
        lambda: station_photos.change(qinghai, code, photo, shows="outside"),
        lambda: station_photos.remove(qinghai, code, photo),
    ):
        with pytest.raises(NotAllowed), acting(qinghai, elsewhere, reason="照片"), qinghai.begin_nested():
            write()
    assert [p.shows for p in station_photos.of(qinghai, code)] == ["door", "inside"]


def test_an_edit_leaves_the_photos_alone(qinghai: Session, operator: int, code: str) -> None:
    from stations.editing.draft import load
    from stations.editing.save import save

    with acting(qinghai, operator, reason="照片"):
        station_photos.put(qinghai, code, DIGEST, shows="door")
    save(qinghai, load(qinghai, code), edit(operator, {"phone": "0971-1234567"}))
    assert len(station_photos.of(qinghai, code)) == 1
