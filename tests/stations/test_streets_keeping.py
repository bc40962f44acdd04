"""Streets are kept whole or not at all: what is loaded, what takes its place, and what is refused with the way out."""

from __future__ import annotations

import fcntl
import json
from datetime import UTC, date, datetime
from errno import ENOSPC
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
import rasterio
from affine import Affine
from shapely.geometry import LineString

from geo.errors import StreetsError
from geo.io.networks import read_network
from geo.passing import Mode
from geo.reach import nearest
from stations.errors import Conflict, Full, Invalid, Unavailable
from stations.streets import Streets, current, load, remove
from stations.streets.keeping import OSM, folder_of
from street_files import HERE, at, town, write_osm

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "streets"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "streets"


def minutes_between(folder: Path, mode: Mode, one: tuple[float, float], other: tuple[float, float]) -> float:
    kept = current(folder)
    assert kept is not None
    network = read_network(folder_of(folder, kept, mode))
    here, there = (network.snap([lon], [lat]) for lon, lat in (one, other))
    return float(nearest(network, here, there).seconds[0] / 60)


def test_a_load_is_told_and_its_networks_measure_by_hand(folder: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    told = load(folder, town(tmp_path / "town.osm", bridge_north=6), now=NOW, told=steps.append)
    kept = current(folder)
    assert kept == told
    assert steps == ["read", "walk", "ebike"]
    assert (kept.source, kept.file, kept.date) == (OSM, "town.osm", None)
    assert kept.modes["walk"].islands == 1
    assert kept.modes["walk"].pieces == 1
    assert kept.modes["walk"].largest == 1.0
    # 2 + 6 + 1 + 6 + 0 hundred metres over the bridge, at 4.68 km/h.
    assert minutes_between(folder, Mode.WALK, at(0, 0), at(3, 0)) == pytest.approx(1_500 / 78, rel=0.002)
    # Residential streets at 15 km/h, the bridge at 18; along row 0 eastwards.
    there = minutes_between(folder, Mode.EBIKE, at(0, 0), at(3, 0))
    assert there == pytest.approx(1_400 / 250 + 100 / 300, rel=0.002)
    # Westwards along row 0 one must go round by another row: 200 m more.
    assert minutes_between(folder, Mode.EBIKE, at(2, 0), at(0, 0)) == pytest.approx(400 / 250, rel=0.002)
    assert minutes_between(folder, Mode.WALK, at(2, 0), at(0, 0)) == pytest.approx(200 / 78, rel=0.002)
    # 283 m of steps at 2.75 km/h; nobody rides there.
    steps_min = np.hypot(200, 200) / (2_750 / 60)
    assert minutes_between(folder, Mode.WALK, at(-12, 8), at(-10, 6)) == pytest.approx(steps_min, rel=0.002)


def test_the_day_of_the_data_is_read_from_an_extract_that_says_it(folder: Path, tmp_path: Path) -> None:
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2026-10-01T20:21:22Z")
    with osmium.SimpleWriter(str(tmp_path / "town.osm.pbf"), header=header) as writer:
        for entity in osmium.FileProcessor(str(town(tmp_path / "town.osm"))):
            writer.add(entity)
    assert load(folder, tmp_path / "town.osm.pbf", now=NOW).date == "2026-10-01"
    assert load(folder, tmp_path / "town.osm.pbf", now=NOW, on=date(2026, 9, 30)).date == "2026-09-30"


def test_a_new_load_takes_the_place_of_the_one_before_and_leaves_nothing_of_it(
    folder: Path, tmp_path: Path
) -> None:
    load(folder, town(tmp_path / "old.osm", bridge_north=6), now=NOW)
    streets = Streets(folder)
    before = streets.open(Mode.WALK)
    load(folder, town(tmp_path / "new.osm"), now=NOW)
    after = streets.open(Mode.WALK)
    assert before is not None
    assert after is not None
    assert (before.kept.file, after.kept.file) == ("old.osm", "new.osm")
    assert before.kept.digest != after.kept.digest
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["lock", "streets.json", after.kept.folder]
    )
    # Whoever has the old ones mapped can finish an answer.
    assert np.isfinite(before.network.graph.data.sum())
    assert streets.open(Mode.WALK) is after


def test_a_full_disk_leaves_the_streets_of_before(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load(folder, town(tmp_path / "old.osm"), now=NOW)

    def full(*_: object, **__: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("geo.io.networks.np.save", full)
        with pytest.raises(Full, match="the streets of before are as they were"):
            load(folder, town(tmp_path / "new.osm"), now=NOW)
    assert current(folder) == before
    assert np.isfinite(minutes_between(folder, Mode.WALK, at(0, 0), at(1, 0)))
    assert {path.name for path in folder.iterdir()} == {"lock", "streets.json", before.folder}


def test_what_a_killed_load_left_is_cleared_by_the_next(folder: Path, tmp_path: Path) -> None:
    load(folder, town(tmp_path / "old.osm"), now=NOW)
    (folder / ".making-dead").mkdir()
    (folder / ".making-dead" / "xy.npy").write_bytes(b"half")
    kept = load(folder, town(tmp_path / "new.osm"), now=NOW)
    assert {path.name for path in folder.iterdir()} == {"lock", "streets.json", kept.folder}


def test_two_loads_at_a_time_are_refused(folder: Path, tmp_path: Path) -> None:
    load(folder, town(tmp_path / "town.osm"), now=NOW)
    with (folder / "lock").open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="another load"):
            load(folder, town(tmp_path / "town.osm"), now=NOW)
        with pytest.raises(Conflict, match="another load"):
            remove(folder)


def test_removed_streets_are_gone(folder: Path, tmp_path: Path) -> None:
    assert remove(folder) is None
    kept = load(folder, town(tmp_path / "town.osm"), now=NOW)
    streets = Streets(folder)
    assert streets.kept() == kept
    assert remove(folder) == kept
    assert current(folder) is None
    assert (streets.kept(), streets.open(Mode.WALK)) == (None, None)
    assert {path.name for path in folder.iterdir()} == {"lock"}


def test_streets_outside_the_registry_are_refused_and_nothing_changes(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"town\.osm lie within 101\.59–101\.61° E.*the registry within 24\.80"):
        load(folder, town(tmp_path / "town.osm"), now=NOW, within=(24.8, 60.1, 25.1, 60.3))
    assert current(folder) is None


def test_lines_that_were_not_split_at_crossings_are_refused_unless_the_land_is_so(
    folder: Path, tmp_path: Path
) -> None:
    lines = [LineString([at(-9, row + 0.3), at(9, row + 0.3)]) for row in range(-5, 6)]
    lines += [LineString([at(x + 0.3, -9), at(x + 0.3, 9)]) for x in range(-5, 6)]
    gpd.GeoDataFrame({"fclass": ["residential"] * len(lines)}, geometry=lines, crs=4326).to_file(
        tmp_path / "lines.shp"
    )
    with pytest.raises(Invalid, match="fall into 22 pieces for walk, and the largest holds only 5%"):
        load(folder, tmp_path / "lines.shp", now=NOW, source="a survey")
    kept = load(folder, tmp_path / "lines.shp", now=NOW, source="a survey", in_pieces=True)
    assert (kept.source, kept.date, kept.modes["walk"].pieces) == ("a survey", None, 22)


def test_lines_need_a_source_because_somebody_has_to_be_credited(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "lines.gpkg"
    gpd.GeoDataFrame(
        {"highway": ["residential"]}, geometry=[LineString([at(0, 0), at(9, 0)])], crs=4326
    ).to_file(path)
    with pytest.raises(Invalid, match=r"whose streets are those of lines\.gpkg"):
        load(folder, path, now=NOW)
    kept = load(folder, path, now=NOW, source="市政测绘 2025", on=date(2025, 6, 1))
    assert (kept.source, kept.date) == ("市政测绘 2025", "2025-06-01")


def test_heights_make_the_way_up_longer_than_the_way_down(folder: Path, tmp_path: Path) -> None:
    values = np.repeat(2_200.0 + 20.0 * np.arange(60)[None, :], 60, axis=0).astype(np.float32)
    low = at(-30, 30)
    with rasterio.open(
        tmp_path / "dem.tif", "w", driver="GTiff", height=60, width=60, count=1, dtype="float32", crs="EPSG:4326",
        transform=Affine(at(1, 0)[0] - HERE[0], 0, low[0], 0, HERE[1] - at(0, 1)[1], low[1]),
    ) as file:  # fmt: skip
        file.write(values, 1)
    kept = load(folder, town(tmp_path / "town.osm"), now=NOW, elevation=tmp_path / "dem.tif")
    assert kept.elevation == "dem.tif"
    up = minutes_between(folder, Mode.WALK, at(-5, 1), at(0, 1))
    down = minutes_between(folder, Mode.WALK, at(0, 1), at(-5, 1))
    # Tobler at 20 %: exp(-3.5 × 0.2) up, exp(-3.5 × 0.1) down.
    assert up == pytest.approx(500 / 78 / np.exp(-0.7), rel=0.01)
    assert down == pytest.approx(500 / 78 / np.exp(-0.35), rel=0.01)


@pytest.mark.parametrize("content", ["", "{", '{"format": 1}', '{"format": 7, "modes": {}}', "[]"])
def test_a_record_that_cannot_be_read_says_to_load_again(folder: Path, content: str) -> None:
    folder.mkdir()
    (folder / "streets.json").write_text(content, encoding="utf-8")
    with pytest.raises(Unavailable, match="again"):
        current(folder)


def test_damaged_files_are_said_to_be_and_a_new_load_mends_them(folder: Path, tmp_path: Path) -> None:
    kept = load(folder, town(tmp_path / "town.osm"), now=NOW)
    (folder_of(folder, kept, Mode.WALK) / "graph_data.npy").unlink()
    streets = Streets(folder)
    with pytest.raises(Unavailable, match="load the streets again"):
        streets.open(Mode.WALK)
    load(folder, town(tmp_path / "town.osm"), now=NOW)
    assert streets.open(Mode.WALK) is not None


def test_a_damaged_extract_changes_nothing(folder: Path, tmp_path: Path) -> None:
    before = load(folder, town(tmp_path / "town.osm"), now=NOW)
    (tmp_path / "bad.osm.pbf").write_bytes(b"\x00" * 200)
    with pytest.raises(StreetsError, match=r"bad\.osm\.pbf"):
        load(folder, tmp_path / "bad.osm.pbf", now=NOW)
    assert current(folder) == before


def test_an_extract_open_to_nobody_is_refused(folder: Path, tmp_path: Path) -> None:
    nodes = {1: (*at(0, 0), {}), 2: (*at(5, 0), {})}
    path = write_osm(tmp_path / "motorway.osm", nodes, [([1, 2], {"highway": "motorway"})])
    with pytest.raises(ValueError, match="no street that is open to walk"):
        load(folder, path, now=NOW)
    assert current(folder) is None


def test_the_record_names_the_file_it_was_made_of_by_its_content(folder: Path, tmp_path: Path) -> None:
    one = load(folder, town(tmp_path / "one.osm"), now=NOW)
    same = load(folder, town(tmp_path / "copy.osm"), now=NOW)
    other = load(folder, town(tmp_path / "other.osm", bridge_north=0), now=NOW)
    assert one.digest == same.digest != other.digest
    told = json.loads((folder / "streets.json").read_text(encoding="utf-8"))
    assert told["file"] == "other.osm"


@pytest.mark.parametrize("extract", sorted(SHARED.glob("*.osm.pbf")), ids=lambda path: path.name)
def test_a_real_extract_is_loaded_for_both_ways_of_travelling(folder: Path, extract: Path) -> None:
    kept = load(folder, extract, now=NOW)
    for name, mode in kept.modes.items():
        network = read_network(folder_of(folder, kept, Mode(name)))
        assert len(network) == mode.segments > 500
        assert mode.largest > 0.5
