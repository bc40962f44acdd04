"""What is made of streets before anybody travels: heights, islands, and the files that a network is read back from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from geo.errors import RasterError, StreetsError
from geo.io.elevation import sample
from geo.io.networks import read_network, write_network
from geo.io.streets import Ways
from geo.islands import pieces, without_islands
from geo.nearby import in_squares
from geo.passing import Mode, slope_factor
from geo.reach import nearest
from geo.relief import laid_on
from geo.streets import Network, build

#: About a kilometre of longitude at 36° north.
KM = 0.0111


def ways(*lines: list[int], tags: dict[int, dict[str, str]] | None = None) -> Ways:
    """Streets over nodes 0 to 19, each 100 m east of the one before."""
    refs = [ref for line in lines for ref in line]
    return Ways(
        lon=101.0 + KM / 10 * np.arange(20),
        lat=np.full(20, 36.0),
        ele=np.full(20, np.nan),
        refs=np.array(refs),
        starts=np.cumsum([0, *map(len, lines)]),
        tags=tuple({"highway": "residential"} | (tags or {}).get(i, {}) for i in range(len(lines))),
        barriers={},
        source="drawn",
    )


def relief(path: Path, values: np.ndarray, *, crs: str | None = "EPSG:4326", **options: object) -> Path:
    """Write a model whose first pixel begins at 101° E, 36.005° N; a pixel is 0.01° wide."""
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype=values.dtype,
        crs=crs, transform=Affine(0.01, 0.0, 101.0, 0.0, -0.01, 36.005), **options,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return path


def test_heights_are_sampled_between_the_middles_of_pixels(tmp_path: Path) -> None:
    path = relief(tmp_path / "dem.tif", np.array([[2_000, 2_100], [2_000, 2_100]], dtype=np.float32))
    lon = np.array([101.005, 101.010, 101.015, 101.0075, 101.0001])
    assert sample(path, lon, np.full(5, 35.998)) == pytest.approx(
        [2_000, 2_050, 2_100, 2_025, 2_000], abs=1e-3
    )


def test_a_model_in_metres_is_sampled_at_the_same_places(tmp_path: Path) -> None:
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32647", always_xy=True).transform(101.0, 36.0)
    values = np.add.outer(np.zeros(5), 1_000.0 + 100.0 * np.arange(5)).astype(np.float32)
    with rasterio.open(
        tmp_path / "dem.tif", "w", driver="GTiff", height=5, width=5, count=1, dtype="float32", crs="EPSG:32647",
        transform=Affine(100.0, 0.0, x - 250, 0.0, -100.0, y + 250),
    ) as file:  # fmt: skip
        file.write(values, 1)
    assert sample(tmp_path / "dem.tif", np.array([101.0]), np.array([36.0])) == pytest.approx(
        [1_200.0], abs=0.5
    )


def test_what_the_model_does_not_know_stays_unknown(tmp_path: Path) -> None:
    values = np.array([[2_000, -32_768, -9_999, 2_000]], dtype=np.int16)
    path = relief(tmp_path / "dem.tif", values, nodata=-32_768)
    found = sample(path, np.array([101.005, 101.015, 101.025, 101.035, 103.0]), np.full(5, 36.0))
    assert found.tolist()[0] == 2_000
    assert np.isnan(found[[1, 2, 4]]).all()


def test_places_in_many_tiles_get_the_heights_that_each_gets_alone(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    values = random.integers(0, 5_000, (40, 2_100)).astype(np.float32)
    path = relief(tmp_path / "dem.tif", values)
    lon, lat = 101 + random.uniform(0, 21, 200), 36.005 - random.uniform(0, 0.4, 200)
    alone = [sample(path, lon[i : i + 1], lat[i : i + 1])[0] for i in range(0, 200, 10)]
    assert sample(path, lon, lat)[::10] == pytest.approx(alone)


@pytest.mark.parametrize(
    ("crs", "at", "told"),
    [
        (None, 101.005, "no coordinate reference system"),
        ("EPSG:4326", 90.0, "height of none of the 1 places"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused(
    tmp_path: Path, crs: str | None, at: float, told: str
) -> None:
    path = relief(tmp_path / "dem.tif", np.ones((2, 2), dtype=np.float32), crs=crs)
    with pytest.raises(RasterError, match=told):
        sample(path, np.array([at]), np.array([36.0]))


def test_a_file_that_is_no_raster_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "heights.tif").write_text("no raster", encoding="utf-8")
    with pytest.raises(RasterError, match=r"heights\.tif"):
        sample(tmp_path / "heights.tif", np.array([101.0]), np.array([36.0]))


def test_a_hill_is_climbed_more_slowly_than_it_is_descended() -> None:
    flat = ways([0, 1, 2])
    steep = laid_on(flat, np.array([2_000.0, 2_010.0, 2_020.0] + [np.nan] * 17))
    up, down = (build(steep, Mode.WALK).forward_s, build(steep, Mode.WALK).backward_s)
    level = build(flat, Mode.WALK).forward_s
    slope = 10.0 / build(flat, Mode.WALK).length_m[0]
    assert up / level == pytest.approx([1 / slope_factor(slope, Mode.WALK)] * 2)
    assert down / level == pytest.approx([1 / slope_factor(-slope, Mode.WALK)] * 2)


def test_a_bridge_does_not_go_down_into_its_valley() -> None:
    valley = np.array([100.0, 100.0, 20.0, 100.0, 100.0] + [np.nan] * 15)
    road, bridge = ways([0, 1, 2, 3, 4]), ways([0, 1], [1, 2, 3], [3, 4], tags={1: {"bridge": "yes"}})
    down, over = build(laid_on(road, valley), Mode.WALK), build(laid_on(bridge, valley), Mode.WALK)
    assert over.forward_s.sum() == pytest.approx(build(road, Mode.WALK).forward_s.sum())
    assert down.forward_s.sum() > 2 * over.forward_s.sum()


def test_a_height_that_was_mapped_counts_before_the_models() -> None:
    mapped = replace(ways([0, 1]), ele=np.array([7.0] + [np.nan] * 19))
    assert laid_on(mapped, np.full(20, 50.0)).ele[:2].tolist() == [7.0, 50.0]


def test_a_courtyard_without_a_way_out_is_left_out_and_a_town_beyond_the_river_stays() -> None:
    network = build(ways([0, 1, 2, 3, 4, 5], [7, 8], [10, 11, 12, 13, 14, 15, 16]), Mode.WALK)
    assert pieces(network).number == 3
    kept, islands = without_islands(network)
    assert islands == 1
    assert pieces(kept).number == 2
    assert pieces(kept).largest == pytest.approx(6 / 11, rel=1e-3)
    at = kept.snap([101.0 + KM / 10 * 7.5], [36.0])
    assert kept.length_m[at.segment[0]] == pytest.approx(100, rel=0.01)
    assert at.leg_s[0] > 60


def test_the_largest_piece_stays_however_small_it_is() -> None:
    network = build(ways([0, 1], [3, 4, 5]), Mode.WALK)
    kept, islands = without_islands(network)
    assert (len(kept), islands) == (2, 1)


@pytest.fixture
def network() -> Network:
    return in_squares(build(ways([0, 1, 2, 3], [3, 4], [4, 5, 6], tags={1: {"oneway": "yes"}}), Mode.EBIKE))


def test_a_network_is_read_back_with_the_same_numbers_and_nothing_to_make_again(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_network(tmp_path / "kept", network)
    lon, lat = 101.0 + KM / 10 * np.array([0.2, 1.7, 5.5]), np.full(3, 36.0003)
    before = nearest(network, network.snap(lon, lat), network.snap([101.004], [36.0]), limit_s=3_600.0)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("what stands in the files was made again")

    monkeypatch.setattr("geo.streets.directed_graph", never)
    monkeypatch.setattr("geo.streets.squares_of", never)
    monkeypatch.setattr("geo.streets.connected_components", never)
    read = read_network(tmp_path / "kept")
    at = read.snap(lon, lat)
    after = read.component, read.graph.nnz, read.reversed.nnz, read.fastest_ms
    monkeypatch.undo()
    found = nearest(read, at, read.snap([101.004], [36.0]), limit_s=3_600.0)
    assert found.seconds.tolist() == before.seconds.tolist()
    assert after[1:] == (network.graph.nnz, network.reversed.nnz, network.fastest_ms)
    assert after[0].tolist() == network.component.tolist()
    assert (read.mode, read.source, read.crs) == (network.mode, network.source, network.crs)


def test_files_are_mapped_and_not_read_into_memory(network: Network, tmp_path: Path) -> None:
    write_network(tmp_path / "kept", network)
    read = read_network(tmp_path / "kept")
    for array in (read.xy, read.graph.data, read.reversed.indices, read.squares.segment):
        assert not array.flags.owndata
        assert not array.flags.writeable


@pytest.mark.parametrize("broken", ["network.json", "tail.npy", "graph_data.npy"])
def test_a_folder_that_lacks_a_file_is_refused_with_the_way_out(
    network: Network, tmp_path: Path, broken: str
) -> None:
    write_network(tmp_path / "kept", network)
    (tmp_path / "kept" / broken).unlink()
    with pytest.raises(StreetsError, match="load the streets again"):
        read_network(tmp_path / "kept")


def test_a_cut_file_and_arrays_that_do_not_fit_are_refused(network: Network, tmp_path: Path) -> None:
    write_network(tmp_path / "kept", network)
    np.save(tmp_path / "kept" / "head.npy", network.head[:-1])
    with pytest.raises(StreetsError, match="do not fit together"):
        read_network(tmp_path / "kept")
    (tmp_path / "kept" / "head.npy").write_bytes((tmp_path / "kept" / "tail.npy").read_bytes()[:-5])
    with pytest.raises(StreetsError, match="load the streets again"):
        read_network(tmp_path / "kept")


def test_a_network_of_another_format_is_not_guessed_at(network: Network, tmp_path: Path) -> None:
    write_network(tmp_path / "kept", network)
    about = tmp_path / "kept" / "network.json"
    about.write_text(
        about.read_text(encoding="utf-8").replace('"format": 1', '"format": 9'), encoding="utf-8"
    )
    with pytest.raises(StreetsError, match="format 9, and this program reads 1"):
        read_network(tmp_path / "kept")
