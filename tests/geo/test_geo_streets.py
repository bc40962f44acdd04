"""Streets: what tags allow, where barriers and borders cut, how slope and one-way rules count, which files are refused."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString

from geo.errors import CrsError, ReachError, StreetsError
from geo.io.streets import Ways, read_ways
from geo.passing import Mode, blocks, slope_factor, speeds
from geo.reach import nearest
from geo.streets import NOWHERE, build

WALK, EBIKE = Mode.WALK, Mode.EBIKE


def osm(
    tmp_path: Path,
    nodes: dict[int, tuple[float, float, dict[str, str]]],
    ways: list[tuple[list[int], dict[str, str]]],
) -> Path:
    """Write a small extract as XML."""

    def tags(given: dict[str, str]) -> str:
        return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in given.items())

    text = '<?xml version="1.0"?><osm version="0.6">'
    text += "".join(
        f'<node id="{i}" lon="{lon}" lat="{lat}" version="1">{tags(t)}</node>'
        for i, (lon, lat, t) in nodes.items()
    )
    for i, (refs, given) in enumerate(ways, start=1):
        text += (
            f'<way id="{i}" version="1">'
            + "".join(f'<nd ref="{ref}"/>' for ref in refs)
            + tags(given)
            + "</way>"
        )
    path = tmp_path / "drawn.osm"
    path.write_text(text + "</osm>", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("tags", "mode", "forward", "backward"),
    [
        ({"highway": "residential"}, WALK, True, True),
        ({"highway": "residential", "oneway": "yes"}, WALK, True, True),
        ({"highway": "residential", "oneway": "yes"}, EBIKE, True, False),
        ({"highway": "residential", "oneway": "-1"}, EBIKE, False, True),
        ({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, EBIKE, True, True),
        ({"highway": "residential", "oneway": "yes", "cycleway": "opposite_lane"}, EBIKE, True, True),
        ({"highway": "tertiary", "junction": "roundabout"}, EBIKE, True, False),
        ({"highway": "motorway"}, WALK, False, False),
        ({"highway": "motorway"}, EBIKE, False, False),
        ({"highway": "trunk"}, WALK, True, True),
        ({"highway": "trunk", "motorroad": "yes"}, EBIKE, False, False),
        ({"highway": "steps"}, WALK, True, True),
        ({"highway": "steps"}, EBIKE, False, False),
        ({"highway": "steps", "conveying": "backward"}, WALK, False, True),
        ({"highway": "service", "access": "private"}, WALK, False, False),
        ({"highway": "service", "access": "private", "foot": "yes"}, WALK, True, True),
        ({"highway": "footway", "foot": "no"}, WALK, False, False),
        ({"highway": "construction"}, WALK, False, False),
        ({"route": "ferry"}, WALK, False, False),
        ({"highway": "footway", "oneway": "yes"}, EBIKE, True, True),
    ],
)
def test_tags_say_who_may_pass_and_which_way(
    tags: dict[str, str], mode: Mode, forward: bool, backward: bool
) -> None:
    there, back = speeds(tags, mode)
    assert (there > 0, back > 0) == (forward, backward)


def test_an_e_bike_is_ridden_on_roads_and_pushed_where_riding_is_not_allowed() -> None:
    assert speeds({"highway": "footway"}, EBIKE).forward == pytest.approx(4 / 3.6)
    assert speeds({"highway": "footway", "bicycle": "yes"}, EBIKE).forward == pytest.approx(10 / 3.6)
    assert speeds({"highway": "residential", "bicycle": "dismount"}, EBIKE).forward == pytest.approx(4 / 3.6)
    assert speeds({"highway": "tertiary", "surface": "gravel"}, EBIKE).forward == pytest.approx(
        0.7 * 18 / 3.6
    )


@pytest.mark.parametrize(
    ("tags", "mode", "closed"),
    [
        ({"barrier": "bollard"}, EBIKE, False),
        ({"barrier": "gate"}, WALK, False),
        ({"barrier": "gate", "access": "private"}, WALK, True),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, WALK, False),
        ({"barrier": "gate", "locked": "yes"}, EBIKE, True),
        ({"barrier": "turnstile"}, WALK, False),
        ({"barrier": "turnstile"}, EBIKE, True),
        ({"barrier": "wall"}, WALK, True),
    ],
)
def test_barriers_stop_whom_they_stop(tags: dict[str, str], mode: Mode, closed: bool) -> None:
    assert blocks(tags, mode) is closed


def test_uphill_is_slower_gently_downhill_faster_on_foot_and_never_faster_on_wheels() -> None:
    assert slope_factor(0.0, WALK) == 1.0
    assert slope_factor(0.1, WALK) == pytest.approx(np.exp(-0.35))
    assert slope_factor(-0.05, WALK) > 1.0 > slope_factor(-0.3, WALK)
    assert slope_factor(0.08, EBIKE) == pytest.approx(0.5)
    assert slope_factor(-0.08, EBIKE) == 1.0


def test_ways_meet_at_nodes_and_not_where_a_bridge_crosses(tmp_path: Path) -> None:
    nodes = {1: (101.0, 36.0, {}), 2: (101.01, 36.0, {}), 3: (101.005, 35.995, {}), 4: (101.005, 36.005, {})}
    ways = [([1, 2], {"highway": "primary"}), ([3, 4], {"highway": "primary", "bridge": "yes"})]
    streets = build(read_ways(osm(tmp_path, nodes, ways)), WALK)
    place, station = streets.snap([101.0], [36.0]), streets.snap([101.005], [36.005])
    assert not np.isfinite(nearest(streets, place, station).seconds).any()
    assert len(np.unique(streets.component)) == 2


def test_a_closed_barrier_ends_the_street_on_both_sides(tmp_path: Path) -> None:
    nodes = {
        1: (101.0, 36.0, {}),
        2: (101.005, 36.0, {"barrier": "gate", "access": "no"}),
        3: (101.01, 36.0, {}),
    }
    ways = read_ways(osm(tmp_path, nodes, [([1, 2, 3], {"highway": "service"})]))
    streets = build(ways, WALK)
    place, station = streets.snap([101.0], [36.0]), streets.snap([101.01], [36.0])
    assert not np.isfinite(nearest(streets, place, station).seconds).any()
    before = streets.snap([101.0049], [36.0])
    assert np.isfinite(nearest(streets, place, before).seconds).all()


def test_elevation_makes_the_way_up_longer_than_the_way_down(tmp_path: Path) -> None:
    nodes = {1: (101.0, 36.0, {"ele": "2200"}), 2: (101.01, 36.0, {"ele": "2290 m"})}
    streets = build(read_ways(osm(tmp_path, nodes, [([1, 2], {"highway": "path"})])), WALK)
    (up,), (down,) = streets.forward_s, streets.backward_s
    assert up > 1.3 * down
    slope = 90 / streets.length_m[0]
    assert up == pytest.approx(streets.length_m[0] / 1.3 / np.exp(-3.5 * slope))


def test_an_extract_that_cut_a_way_keeps_what_it_has_of_it(tmp_path: Path) -> None:
    nodes = {1: (101.0, 36.0, {}), 2: (101.01, 36.0, {})}
    ways = read_ways(
        osm(tmp_path, nodes, [([1, 2, 99], {"highway": "primary"}), ([98, 99], {"highway": "primary"})])
    )
    assert len(ways) == 1
    assert len(ways.refs) == 2


def lines(tmp_path: Path, name: str = "roads.shp", crs: str | None = "EPSG:4490") -> Path:
    frame = gpd.GeoDataFrame(
        {
            "fclass": ["residential", "residential", "steps"],
            "oneway": ["F", "B", "T"],
            "bridge": ["F", "F", "F"],
        },
        geometry=[
            LineString([(101.0, 36.0), (101.01, 36.0)]),
            LineString([(101.01, 36.0), (101.01, 36.01)]),
            LineString([(101.0, 36.0), (101.0, 36.01)]),
        ],
        crs=crs,
    )
    path = tmp_path / name
    frame.to_file(path)
    return path


@pytest.mark.parametrize("name", ["roads.shp", "roads.gpkg", "roads.geojson"])
def test_a_file_of_lines_is_a_network_where_lines_share_a_vertex(tmp_path: Path, name: str) -> None:
    ways = read_ways(lines(tmp_path, name, crs="EPSG:4326" if name.endswith("json") else "EPSG:4490"))
    assert [tags["oneway"] for tags in ways.tags] == ["yes", "no", "-1"]
    walk, ebike = build(ways, WALK), build(ways, EBIKE)
    assert (len(walk), len(walk.xy)) == (3, 4)
    assert len(ebike) == 2
    assert not np.isfinite(ebike.backward_s[0])
    assert np.isfinite(ebike.backward_s[1])


def test_a_place_far_from_every_street_has_none(tmp_path: Path) -> None:
    streets = build(read_ways(lines(tmp_path)), WALK)
    snapped = streets.snap([101.005, 101.5], [36.0005, 36.5], within_m=300)
    assert snapped.segment.tolist() == [0, NOWHERE]
    assert snapped.along[0] == pytest.approx(0.5, abs=0.01)
    assert snapped.leg_s[0] == pytest.approx(55.5 / 1.3, rel=0.01)
    assert np.isinf(snapped.leg_s[1])


def test_files_that_are_no_streets_say_what_they_lack(tmp_path: Path) -> None:
    with pytest.raises(StreetsError, match="is no file"):
        read_ways(tmp_path / "nowhere.osm.pbf")
    (tmp_path / "broken.osm.pbf").write_bytes(b"no protocol buffer" * 100)
    with pytest.raises(StreetsError, match="cannot be read as an OpenStreetMap extract"):
        read_ways(tmp_path / "broken.osm.pbf")
    with pytest.raises(StreetsError, match="holds no streets"):
        read_ways(
            osm(tmp_path, {1: (101.0, 36.0, {}), 2: (101.1, 36.0, {})}, [([1, 2], {"waterway": "river"})])
        )
    (tmp_path / "list.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(StreetsError, match="no kind of street file"):
        read_ways(tmp_path / "list.csv")
    bare = gpd.GeoDataFrame({"name": ["x"]}, geometry=[LineString([(101, 36), (101.1, 36)])], crs="EPSG:4326")
    bare.to_file(tmp_path / "bare.gpkg")
    with pytest.raises(StreetsError, match="no column highway or fclass"):
        read_ways(tmp_path / "bare.gpkg")
    path = lines(tmp_path)
    path.with_suffix(".prj").unlink()
    with pytest.raises(StreetsError, match="no coordinate reference system"):
        read_ways(path)


def test_a_network_needs_metres_and_something_open(tmp_path: Path) -> None:
    ways = read_ways(lines(tmp_path))
    with pytest.raises(CrsError, match="not projected"):
        build(ways, WALK, crs="EPSG:4326")
    shut = Ways(
        ways.lon,
        ways.lat,
        ways.ele,
        ways.refs,
        ways.starts,
        tuple({"highway": "motorway"} for _ in ways.tags),
        {},
        "shut",
    )
    with pytest.raises(ReachError, match="no street that is open to ebike"):
        build(shut, EBIKE)


def test_a_position_that_is_none_is_named(tmp_path: Path) -> None:
    streets = build(read_ways(lines(tmp_path)), WALK)
    with pytest.raises(ReachError, match="row 1"):
        streets.snap([101.0, float("nan")], [36.0, 36.0])
