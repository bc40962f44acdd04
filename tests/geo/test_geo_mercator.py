"""Web Mercator for pictures, against PROJ."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from geo.errors import CoordinateError
from geo.mercator import degrees, metres_per_pixel, pixels, zoom_to_fit

HALF_M = math.pi * 6_378_137.0
longitudes, latitudes = st.floats(-180, 180), st.floats(-85, 85)
zooms = st.floats(0, 18)


@given(lon=longitudes, lat=latitudes, zoom=zooms)
def test_pixels_are_those_of_proj(lon: float, lat: float, zoom: float) -> None:
    east, north = Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    size = 256 * 2**zoom
    x, y = pixels(lon, lat, zoom)
    assert float(x) == pytest.approx((east + HALF_M) / (2 * HALF_M) * size, abs=1e-6 * size)
    assert float(y) == pytest.approx((HALF_M - north) / (2 * HALF_M) * size, abs=1e-6 * size)


@given(lon=longitudes, lat=latitudes, zoom=zooms)
def test_degrees_take_pixels_back(lon: float, lat: float, zoom: float) -> None:
    back = degrees(*pixels(lon, lat, zoom), zoom)
    assert (float(back[0]), float(back[1])) == pytest.approx((lon, lat), abs=1e-9)


def test_the_poles_are_drawn_at_the_edge_of_the_square_world() -> None:
    _, y = pixels([0, 0], [90, -90], 0)
    assert np.asarray(y) == pytest.approx([0, 256], abs=1e-6)


@given(lat=latitudes, zoom=zooms)
def test_a_pixel_has_the_metres_that_its_width_is_on_the_ground(lat: float, zoom: float) -> None:
    west, _ = degrees(*pixels(100, lat, zoom), zoom)
    x, y = pixels(100, lat, zoom)
    east, _ = degrees(x + 1, y, zoom)
    ground = math.radians(float(east - west)) * 6_378_137.0 * math.cos(math.radians(lat))
    assert metres_per_pixel(lat, zoom) == pytest.approx(ground, rel=1e-6)


@given(
    west=st.floats(70, 130), south=st.floats(15, 50), width=st.floats(0.01, 5), height=st.floats(0.01, 5),
    size=st.tuples(st.integers(64, 2000), st.integers(64, 2000)),
)  # fmt: skip
def test_bounds_fit_at_their_zoom_and_not_at_a_deeper_one(
    west: float, south: float, width: float, height: float, size: tuple[int, int]
) -> None:
    bounds = (west, south, west + width, south + height)
    zoom = zoom_to_fit(bounds, *size)

    def extent(at: float) -> tuple[float, float]:
        (x0, x1), (y1, y0) = pixels([bounds[0], bounds[2]], [bounds[1], bounds[3]], at)
        return float(x1 - x0), float(y1 - y0)

    inside = extent(zoom)
    assert inside[0] <= size[0] + 1e-6
    assert inside[1] <= size[1] + 1e-6
    deeper = extent(zoom + 0.01)
    assert deeper[0] > size[0] or deeper[1] > size[1]


def test_a_point_fits_at_every_zoom() -> None:
    assert zoom_to_fit((101, 36, 101, 36), 100, 100) == math.inf


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(CoordinateError, match="not west, south, east, north"):
        zoom_to_fit((102, 36, 101, 37), 100, 100)
