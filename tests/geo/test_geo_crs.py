"""Metric coordinate systems: the pick, the refusal, and the way back to degrees."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer

from geo.bbox import BBox
from geo.crs import lonlat_transformer, pick_metric, require_metric, same_crs, scale_error
from geo.errors import CrsError

QINGHAI = BBox(89.4, 31.6, 103.1, 39.2)
GEOD = Geod(ellps="WGS84")


def test_a_county_gets_its_utm_zone() -> None:
    assert pick_metric(BBox(104.0, 36.0, 104.5, 36.5)).to_epsg() == 32648
    assert pick_metric(BBox(18.0, -34.5, 19.0, -33.5)).to_epsg() == 32734
    assert pick_metric(BBox(180.0, 1.0, 180.0, 1.0)).to_epsg() == 32660


def test_a_wide_province_gets_a_conic_of_its_own_that_is_true_within_two_in_a_thousand() -> None:
    crs = pick_metric(QINGHAI)
    assert "Lambert Conic Conformal" in crs.coordinate_operation.method_name
    assert scale_error(crs, QINGHAI) < 0.002


@settings(max_examples=50, deadline=None)
@given(st.floats(-179, 179), st.floats(-75, 75), st.floats(0.01, 20), st.floats(0.01, 15), st.data())
def test_lengths_in_the_picked_crs_are_geodesic_lengths_within_its_stated_error(
    lon: float, lat: float, width: float, height: float, data: st.DataObject
) -> None:
    east = lon + width
    box = BBox(lon, lat, east - 360 if east > 180 else east, min(lat + height, 80.0))
    crs = require_metric(pick_metric(box))
    stated = scale_error(crs, box)
    assert stated <= 0.05
    x = lon + data.draw(st.floats(0.05, 0.95)) * width
    y = box.south + data.draw(st.floats(0.05, 0.95)) * (box.north - box.south)
    assume(y + 0.001 < 85)
    forward = Transformer.from_crs(4326, crs, always_xy=True)
    # 100 m in a drawn direction: a length small enough for the local scale to be the whole story.
    far_lon, far_lat, _ = GEOD.fwd(x, y, data.draw(st.floats(0, 360)), 100.0)
    (ax, ay), (bx, by) = forward.transform(x, y), forward.transform(far_lon, far_lat)
    assert math.hypot(bx - ax, by - ay) == pytest.approx(100.0, rel=stated * 1.1 + 1e-4)


@pytest.mark.parametrize("box", [BBox(-180, -90, 180, 90), BBox(-120, -60, 120, 60)])
def test_an_extent_that_no_plane_fits_is_refused(box: BBox) -> None:
    with pytest.raises(CrsError, match="No plane fits"):
        pick_metric(box)


@pytest.mark.parametrize("crs", [4526, 4549, 32648, "EPSG:2333", pick_metric(QINGHAI)])
def test_metric_systems_pass(crs: object) -> None:
    assert require_metric(crs) == CRS.from_user_input(crs)


@pytest.mark.parametrize(
    ("crs", "says"),
    [
        (None, "No coordinate reference system"),
        ("", "No coordinate reference system"),
        (4326, "EPSG:4326"),
        (4490, "EPSG:4490"),
        (3857, "Web Mercator"),
        (2263, "US survey foot"),
        ("EPSG:0", "EPSG:0"),
        ("GCJ-02", "'GCJ-02'"),
    ],
)
def test_systems_that_do_not_measure_metres_are_refused_never_warned_about(crs: object, says: str) -> None:
    with pytest.raises(CrsError) as caught:
        require_metric(crs)
    assert says in str(caught.value)


def test_two_systems_must_be_the_same() -> None:
    assert same_crs(4526, "EPSG:4526").to_epsg() == 4526
    with pytest.raises(CrsError, match=r"EPSG:4526.*EPSG:32648"):
        same_crs(4526, 32648)
    with pytest.raises(CrsError, match="No coordinate"):
        same_crs(4526, None)


@pytest.mark.parametrize("crs", [4326, 4490, "OGC:CRS84", 4979, "EPSG:4326+5773"])
def test_degrees_of_wgs84_and_cgcs2000_need_no_transformation(crs: object) -> None:
    assert lonlat_transformer(crs) is None


def test_a_cgcs2000_gauss_kruger_zone_goes_back_to_degrees() -> None:
    transformer = lonlat_transformer(4526)
    assert transformer is not None
    lon, lat = transformer.transform(38_500_000.0, 4_000_000.0)
    assert lon == pytest.approx(114.0)
    # The meridian arc from the equator on GRS 80, by an independent routine.
    assert Geod(ellps="GRS80").inv(114.0, 0.0, lon, lat)[2] == pytest.approx(4_000_000.0, abs=0.01)


@pytest.mark.parametrize("crs", [4610, 2333, 4555, 4479])
def test_a_datum_with_only_a_ballpark_transformation_is_refused(crs: int) -> None:
    with pytest.raises(CrsError, match=str(crs)):
        lonlat_transformer(crs)
