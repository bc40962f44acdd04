"""The bounding box: what its parser takes, refuses and writes back."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.bbox import BBox
from geo.errors import BBoxError

boxes = st.builds(
    lambda west, east, lats: BBox(west, min(lats), east, max(lats)),
    st.floats(-180, 180),
    st.floats(-180, 180),
    st.tuples(st.floats(-90, 90), st.floats(-90, 90)),
)


@given(boxes)
def test_a_box_is_read_back_as_it_was_written(box: BBox) -> None:
    assert BBox.parse(str(box)) == box
    assert str(BBox.parse(str(box))) == str(box)


@given(boxes, st.floats(-180, 180), st.floats(-90, 90))
def test_the_parts_hold_the_points_that_an_eastward_walk_from_west_to_east_meets(
    box: BBox, lon: float, lat: float
) -> None:
    width = box.east - box.west + (360.0 if box.crosses_antimeridian else 0.0)
    walked = (lon - box.west) % 360.0
    if min(walked, abs(walked - width), 360.0 - walked) < 1e-9:
        return
    assert box.contains(lon, lat) == (walked < width and box.south <= lat <= box.north)
    assert box.contains(lon, lat) == any(part.contains(lon, lat) for part in box.parts())
    assert all(not part.crosses_antimeridian for part in box.parts())
    assert shapely.intersects(box.polygon(), shapely.Point(lon, lat)) == box.contains(lon, lat)


@given(st.text(max_size=40) | st.text("0123456789.,-+e ", max_size=40))
def test_any_text_is_a_box_or_a_bbox_error(text: str) -> None:
    try:
        box = BBox.parse(text)
    except BBoxError:
        return
    assert BBox.parse(str(box)) == box


def test_spaces_signs_exponents_and_six_numbers_are_read() -> None:
    assert BBox.parse(" 101.5, +36 ,1.03e2,37.") == BBox(101.5, 36, 103, 37)
    assert BBox.parse("101,36,-10,103,37,4000") == BBox(101, 36, 103, 37)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "4 numbers"),
        ("1,2,3", "not 3"),
        ("1,2,3,4,5", "not 5"),
        ("1,2,3,nan", "'nan'"),
        ("1,2,inf,4", "'inf'"),
        ("1,2,3,1e999", "north is inf"),
        ("1,2,3,1_0", "'1_0'"),
        ("1,2,３,4", "'３'"),
        ("1,2,3,٤", "'٤'"),
        ("1,2,,4", "''"),
        ("1,2,0x3,4", "'0x3'"),
        ("1;2;3;4", "not 1"),
        ("-181,2,3,4", "west is -181"),
        ("1,2,180.1,4", "east is 180.1"),
        ("1,-91,3,4", "south is -91"),
        ("36,101,37,103", "south is 101"),
        ("1,5,3,4", "south 5 lies north of north 4"),
        ("1,2,9,3,4,8", "height 9"),
    ],
)
def test_a_malformed_box_is_refused_and_the_message_quotes_it(text: str, says: str) -> None:
    with pytest.raises(BBoxError) as caught:
        BBox.parse(text)
    assert says in str(caught.value)


def test_a_box_over_the_antimeridian_has_two_parts_west_to_east() -> None:
    box = BBox(170, -10, -170, 10)
    assert box.parts() == (BBox(170, -10, 180, 10), BBox(-180, -10, -170, 10))
    assert box.polygon().geom_type == "MultiPolygon"
    assert box.contains(180, 0)
    assert box.contains(-175, 0)
    assert not box.contains(0, 0)


def test_negative_zero_is_zero() -> None:
    assert str(BBox(-0.0, -0.0, 0.0, 0.0)) == "0,0,0,0"


def test_a_box_without_area_still_meets_the_point_on_it() -> None:
    assert shapely.intersects(BBox(102, 36, 102, 36).polygon(), shapely.Point(102, 36))
