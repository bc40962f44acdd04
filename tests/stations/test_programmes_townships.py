"""Townships: read from any list, matched by code or by county and name, mended by hand, and asked which has a station."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programme_helpers import fresh, planner, put, station
from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.errors import GeoError
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.models import Region
from stations.planning.programme_townships import Told, add_points, from_registry, listed, replace_list
from stations.planning.programmes import get
from stations.planning.township_lists import TownshipRow, read
from stations.planning.township_matching import Where, judge, match
from stations.planning.township_mending import mend, set_station
from stations.planning.township_names import code_of, named
from stations.planning.township_standing import standing
from stations.registry.writing import acting
from tests.conftest import SHARED


@pytest.mark.parametrize(
    ("written", "stem"),
    [
        ("川口镇", "川口"),
        ("川口镇人民政府", "川口"),
        ("川口", "川口"),
        ("杏儿藏族乡", "杏儿"),
        ("杏儿乡", "杏儿"),
        ("西沟回族土族乡", "西沟"),
        ("中川民族乡", "中川"),
        ("周家泉街道", "周家泉"),
        ("周家泉街道办事处", "周家泉"),
        ("周家泉街道办", "周家泉"),
        ("　前 河 乡 ", "前河"),
        ("东乡", "东乡"),
        ("大镇", "大镇"),
        ("东川工业园", "东川工业园"),
        ("察汗苏木", "察汗"),
    ],
)
def test_a_name_is_known_by_its_stem(written: str, stem: str) -> None:
    assert named(written).stem == stem


@given(st.text(max_size=30))
def test_any_text_has_a_name(text: str) -> None:
    found = named(text)
    assert found.stem == "" or found.stem in found.full or found.full in found.stem


@pytest.mark.parametrize(
    ("text", "code"),
    [("630222100", "630222100"), ("630222100000", "630222100"), ("６３０２２２１００", "630222100"), ("630222100.0", "630222100"),
     ("", None), ("0", None), ("无", None)],
)  # fmt: skip
def test_a_code_has_nine_digits_or_twelve(text: str, code: str | None) -> None:
    assert code_of(text) == code


@pytest.mark.parametrize("text", ["630222", "630222100201", "6.30222E+08", "六三", "-1"])
def test_what_is_no_code_of_a_township_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="nine digits"):
        code_of(text)


def row(
    number: int, name: str = "", code: str = "", county: str = "", at: tuple[float, float] | None = None
) -> TownshipRow:
    return TownshipRow(number, code, name, county, *(at or (None, None)))


COUNTIES = {
    "630222": "630222",
    "民和县": "630222",
    "630202": "630202",
    "乐都区": "630202",
    "630102": "630102",
}
WHERE = Where(COUNTIES.get, lambda at: "630222" if at[0] > 102 else "630202", {"630222", "630202"})


def judged(*rows: TownshipRow) -> list[Any]:
    return judge(
        rows, {one.number: None if one.lon is None else (one.lon, one.lat or 0.0) for one in rows}, WHERE
    )


@pytest.mark.parametrize(
    ("given_row", "problem"),
    [
        (row(1, "川口镇", "630222100"), None),
        (row(1, "川口镇", "", "民和县"), None),
        (row(1, "川口镇", "", "", (102.1, 36.6)), None),
        (row(1, "川口镇", "630222100", "乐都区"), "county_differs"),
        (row(1, "川口镇"), "no_county"),
        (row(1, "川口镇", "", "某某县"), "no_county"),
        (row(1, "东关街道", "630102001"), "outside_programme"),
        (row(1, "", "630222100"), "no_name"),
        (row(1, "川口镇", "630222", "民和县"), "bad_code"),
        (row(1, "川口镇", "630222100", "", (101.9, 36.6)), "point_elsewhere"),
    ],
)
def test_each_row_of_a_list_is_judged(given_row: TownshipRow, problem: str | None) -> None:
    assert judged(given_row)[0].problem == problem


def test_a_point_in_another_county_is_not_believed() -> None:
    assert judged(row(1, "川口镇", "630222100", "", (101.9, 36.6)))[0].point is None


def test_a_township_that_comes_twice_is_told() -> None:
    found = judged(
        row(1, "川口镇", "630222100"),
        row(2, "北山乡", "630222100"),
        row(3, "川口镇", "", "民和县"),
        row(4, "川口镇", "", "乐都区"),
    )
    assert [one.problem for one in found] == [None, "twice", "twice", None]
    assert found[1].candidates == ("1",)


LISTED = (
    row(1, "川口镇", "630222100"),
    row(2, "杏儿乡", "630222211"),
    row(3, "北山乡", "630222201"),
    row(4, "北山镇", "630202101"),
    row(5, "中川乡", "", "民和县"),
    row(6, "中川镇", "", "民和县"),
    row(7, "松树乡", "630222202"),
)


@pytest.mark.parametrize(
    ("point", "at", "told"),
    [
        (row(9, "川口镇", "630222100", "", (102.1, 36.5)), 0, "code"),
        (row(9, "川口", "630222100", "", (102.1, 36.5)), 0, "code"),
        (row(9, "杏儿藏族乡", "", "民和县", (102.1, 36.5)), 1, "name"),
        (row(9, "杏儿", "", "", (102.1, 36.5)), 1, "name"),
        (row(9, "北山乡", "", "民和县", (102.1, 36.5)), 2, "name"),
        (row(9, "北山", "", "乐都区", (101.9, 36.5)), 3, "name"),
        # It rose from 乡 to 镇 after the list was made.
        (row(9, "松树镇", "", "民和县", (102.1, 36.5)), 6, "name"),
        (row(9, "中川乡", "", "民和县", (102.1, 36.5)), 4, "name"),
        (row(9, "中川", "", "民和县", (102.1, 36.5)), None, "ambiguous"),
        (row(9, "北山乡", "630222100", "", (102.1, 36.5)), None, "code_and_name_differ"),
        (row(9, "北山", "", "民和县", (101.9, 36.5)), None, "point_elsewhere"),
        (row(9, "川口镇", "", "乐都区", (101.9, 36.5)), None, "other_county"),
        (row(9, "官亭镇", "", "民和县", (102.1, 36.5)), None, "not_listed"),
        (row(9, "川口镇", "630222100"), None, "no_point"),
        (row(9, "东关", "630102001", "", (102.1, 36.5)), None, "outside_programme"),
    ],
)
def test_a_point_finds_its_township_or_says_why_not(point: TownshipRow, at: int | None, told: str) -> None:
    found = match(judged(point), judged(*LISTED))[0]
    assert (found.at, found.by or found.problem) == (at, told)


def test_a_second_point_is_not_taken() -> None:
    points = judged(
        row(8, "川口镇", "", "民和县", (102.1, 36.5)), row(9, "川口", "", "民和县", (102.15, 36.5))
    )
    assert [(one.at, one.problem) for one in match(points, judged(*LISTED))] == [
        (0, None),
        (None, "has_point"),
    ]


@given(st.permutations(LISTED))
def test_the_order_of_a_list_changes_no_match(order: list[TownshipRow]) -> None:
    points = judged(
        row(8, "川口镇", "", "民和县", (102.1, 36.5)),
        row(9, "北山", "", "乐都区", (101.9, 36.5)),
        row(10, "中川", "", "民和县", (102.1, 36.5)),
    )
    found = match(points, judged(*order))
    assert [None if one.at is None else order[one.at].number for one in found] == [1, 4, None]


def test_a_list_is_read_from_a_table_with_the_heads_that_offices_write(tmp_path: Path) -> None:
    path = tmp_path / "乡镇.csv"
    path.write_text(
        "行政区划代码,乡镇名称,县（市、区）,经度,纬度\n630222100,川口镇,民和县,102.1,36.6\n,北山乡,民和县,,\n",
        "gbk",
    )
    assert read(path) == [
        row(2, "川口镇", "630222100", "民和县", (102.1, 36.6)),
        row(3, "北山乡", "", "民和县"),
    ]


def test_a_list_is_read_from_an_array_of_objects(tmp_path: Path) -> None:
    path = tmp_path / "codes.json"
    path.write_text(json.dumps([{"code": "630222100", "name": "川口镇", "areaCode": "630222"}]), "utf-8")
    assert read(path) == [row(1, "川口镇", "630222100", "630222")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("代号,备注\n1,x\n", "no column is called"),
        ("[1, 2]", "no array of objects"),
        ("[{", "no JSON"),
        ('[{"name": ""}]', "no township"),
    ],
)
def test_what_is_no_list_of_townships_is_refused_in_words(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, "utf-8")
    with pytest.raises((Invalid, GeoError), match=told):
        read(path)


def brought(session: Session, operator: int, *rows: TownshipRow) -> Told:
    fresh(session)
    with acting(session, operator, reason="a list of townships"):
        return replace_list(session, "P1", rows, datum=Datum.WGS84, actor=operator)


def pointed(session: Session, operator: int, *rows: TownshipRow) -> Told:
    fresh(session)
    with acting(session, operator, reason="their points"):
        return add_points(session, "P1", rows, datum=Datum.WGS84, actor=operator)


def test_a_list_is_kept_and_its_points_are_found_in_another(qinghai: Session, operator: int) -> None:
    put(qinghai)
    told = brought(qinghai, operator, *LISTED, row(8, "东关街道", "630102001"), row(9, "何处镇"))
    assert told == Told(9, 8, {"outside_programme": 1, "no_county": 1})
    told = pointed(
        qinghai,
        operator,
        row(1, "川口", "", "", (102.1, 36.6)),
        row(2, "中川", "", "", (102.15, 36.6)),
        row(3, "远方", "", "", (101.5, 36.6)),
    )
    assert told == Told(3, 1, {"ambiguous": 1, "outside_programme": 1})
    first = listed(qinghai, get(qinghai, "P1"))[0]
    assert (first.point_by, first.original_lon) == ("name", 102.1)
    [stray] = listed(qinghai, get(qinghai, "P1"), stray=True)
    names = {str(one.id): one.name for one in listed(qinghai, get(qinghai, "P1"))}
    assert (stray.name, sorted(names[id_] for id_ in stray.candidates)) == ("中川", ["中川乡", "中川镇"])


def test_a_list_that_is_brought_again_keeps_points_and_stations(qinghai: Session, operator: int) -> None:
    put(qinghai)
    there = station(qinghai, "站")
    brought(qinghai, operator, *LISTED)
    pointed(qinghai, operator, row(1, "川口", "", "", (102.1, 36.6)))
    first = listed(qinghai, get(qinghai, "P1"))[0]
    with acting(qinghai, operator, reason="by hand"):
        set_station(qinghai, "P1", first.id, there.code, actor=operator)
    brought(qinghai, operator, row(3, "川口镇", "", "民和县"), row(4, "新民乡", "", "民和县"))
    first, second = listed(qinghai, get(qinghai, "P1"))
    assert (first.name, first.point_by, first.station_id) == ("川口镇", "name", there.id)
    assert (second.point_by, second.station_id) == (None, None)


def test_what_no_rule_can_tell_is_mended_by_hand(qinghai: Session, operator: int) -> None:
    put(qinghai)
    brought(qinghai, operator, *LISTED, row(8, "何处镇"))
    pointed(qinghai, operator, row(2, "中川", "", "", (102.15, 36.6)), row(3, "新村", "", "", (102.12, 36.6)))
    ids = {
        one.name: one.id
        for stray in (False, True)
        for one in listed(qinghai, get(qinghai, "P1"), stray=stray)
    }
    with acting(qinghai, operator, reason="by hand"):
        mend(qinghai, "P1", ids["中川"], "take", actor=operator, township=ids["中川镇"])
        mend(qinghai, "P1", ids["新村"], "keep", actor=operator)
        mend(qinghai, "P1", ids["何处镇"], "county", actor=operator, county="630202")
        mend(qinghai, "P1", ids["川口镇"], "point", actor=operator, point=(102.1, 36.7), datum=Datum.WGS84)
        mend(qinghai, "P1", ids["松树乡"], "drop", actor=operator)
    found = {one.name: one for one in listed(qinghai, get(qinghai, "P1"))}
    assert listed(qinghai, get(qinghai, "P1"), stray=True) == []
    assert (found["中川镇"].point_by, found["川口镇"].point_by) == ("hand", "hand")
    assert (found["新村"].region_code, found["何处镇"].region_code, found["何处镇"].problem) == (
        "630222",
        "630202",
        None,
    )
    assert "松树乡" not in found


@pytest.mark.parametrize(
    ("act", "more", "reason"),
    [
        ("point", {"point": (101.9, 36.6), "datum": Datum.WGS84}, "point_elsewhere"),
        ("point", {"point": (0.0, 0.0), "datum": Datum.WGS84}, "point_elsewhere"),
        ("point", {}, "needed"),
        ("take", {}, "needed"),
        ("county", {"county": "630102"}, "no_county"),
        ("county", {"county": None}, "no_county"),
        ("fly", {}, "not_known"),
    ],
)
def test_a_wrong_hand_is_told(
    qinghai: Session, operator: int, act: str, more: dict[str, Any], reason: str
) -> None:
    put(qinghai)
    brought(qinghai, operator, *LISTED)
    first = listed(qinghai, get(qinghai, "P1"))[0]
    with pytest.raises(Invalid) as refused, acting(qinghai, operator, reason="by hand"):
        mend(qinghai, "P1", first.id, act, actor=operator, **more)
    assert refused.value.reason == reason


def test_points_need_a_list_and_a_datum(qinghai: Session, operator: int) -> None:
    put(qinghai)
    with pytest.raises(Conflict, match="no list of townships"):
        pointed(qinghai, operator, row(1, "川口", "", "", (102.1, 36.6)))
    with pytest.raises(Invalid, match="datum"), acting(qinghai, operator, reason="a list"):
        replace_list(qinghai, "P1", [row(1, "川口", "", "", (102.1, 36.6))], datum=None, actor=operator)


def test_a_planner_of_one_county_changes_no_list_of_two(qinghai: Session) -> None:
    put(qinghai)
    minhe = planner(qinghai, "minhe", "630222")
    with pytest.raises(NotAllowed):
        brought(qinghai, minhe, *LISTED)


def test_the_registry_s_own_townships_are_a_list(qinghai: Session, operator: int) -> None:
    put(qinghai)
    with pytest.raises(NotFound, match="regions load"), acting(qinghai, operator, reason="own"):
        from_registry(qinghai, "P1", actor=operator)
    fresh(qinghai)
    with acting(qinghai, operator, reason="a township"):
        qinghai.add(
            Region(
                code="630222100", parent_code="630222", level="township", names={"zh": "川口镇"},
                geom="SRID=4326;MULTIPOLYGON(((102.05 36.5,102.1 36.5,102.1 36.6,102.05 36.5)))",
            )
        )  # fmt: skip
    fresh(qinghai)
    with acting(qinghai, operator, reason="own"):
        assert from_registry(qinghai, "P1", actor=operator).taken == 1
    station(qinghai, "镇上", "open", "630222100")
    [found] = standing(qinghai, get(qinghai, "P1"))
    assert (found.name, found.best, found.has[0].how) == ("川口镇", "open", "code")


def test_each_township_says_what_it_has_and_how_that_is_known(qinghai: Session, operator: int) -> None:
    put(qinghai)
    brought(
        qinghai,
        operator,
        row(1, "川口镇", "630222100", "", (102.10, 36.60)),
        row(2, "北山乡", "630222201", "", (102.15, 36.60)),
        row(3, "松树乡", "630222202", "", (102.05, 36.45)),
        row(4, "中川乡", "", "民和县"),
        row(5, "北山镇", "630202101", "", (101.99, 36.60)),
        row(6, "巴州镇", "630222104", "", (102.18, 36.75)),
    )
    near = station(qinghai, "路边站", location="SRID=4326;POINT(102.101 36.601)")
    station(qinghai, "二站", "planned", location="SRID=4326;POINT(102.102 36.601)")
    station(qinghai, "驿站", "building", address="民和县松树乡政府旁")
    station(qinghai, "太远站", location="SRID=4326;POINT(102.11 36.70)")
    by_hand = station(qinghai, "远处", "suspended", location="SRID=4326;POINT(102.02 36.78)")
    towns = {one.name: one for one in listed(qinghai, get(qinghai, "P1"))}
    with acting(qinghai, operator, reason="by hand"):
        set_station(qinghai, "P1", towns["巴州镇"].id, by_hand.code, actor=operator)
    found = {one.name: one for one in standing(qinghai, get(qinghai, "P1"))}
    assert {name: one.best for name, one in found.items()} == {
        "川口镇": "open", "北山乡": "none", "松树乡": "building", "中川乡": "unknown", "北山镇": "none", "巴州镇": "suspended",
    }  # fmt: skip
    first, second = found["川口镇"].has
    assert (first.code, first.how, second.lifecycle) == (near.code, "near", "planned")
    # One thousandth of a degree each way: 89.5 m east, 111 m north.
    assert first.metres == pytest.approx(142.6, abs=1)
    assert [one.how for name in ("松树乡", "巴州镇") for one in found[name].has] == ["name", "hand"]
    stations = Counter(one.code for town in found.values() for one in town.has)
    assert set(stations.values()) == {1}


if (SHARED / "places").is_dir():

    def test_the_codes_and_the_places_of_the_province_meet_where_they_can(tmp_path: Path) -> None:
        codes = [
            one for one in read(SHARED / "places" / "qinghai_townships_codes.json") if one.county == "630222"
        ]
        assert len(codes) == 22
        path = tmp_path / "places.csv"
        with (SHARED / "places" / "qinghai_places_geonames.csv").open(encoding="utf-8") as given_file:
            lines = list(csv.DictReader(given_file))
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["name_zh", "lng", "lat"])
            writer.writerows([line["name_zh"], line["lng"], line["lat"]] for line in lines)
        places = read(path)
        # Minhe by its rough box: what matters here is that names of other counties never match.
        where = Where(
            {"630222": "630222"}.get,
            lambda at: "630222" if 102.4 < at[0] < 103.1 and 35.7 < at[1] < 36.5 else None,
            {"630222"},
        )
        points = judge(places, {one.number: (one.lon or 0.0, one.lat or 0.0) for one in places}, where)
        found = match(points, judge(codes, {}, where))
        met = [(one.row.name.full, codes[one.at].name) for one in found if one.at is not None]
        assert met
        assert all(named(code).stem == named(place).stem for place, code in met)
        told = Counter(one.problem for one in found if one.at is None)
        assert sum(told.values()) + len(met) == len(places)
