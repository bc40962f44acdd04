"""OGC API Features Part 3 and CQL2: the assertions of the standards' abstract tests, named by their identifiers.

Every filter is asked in both spellings: written as text by the test, and as JSON made from it.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from ogc_fixtures import COLLECTIONS, SITE, client, conf, features, get, ids, links
from pygeofilter import ast, values
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry
from sqlalchemy import make_url

from stations.registry import cql, cql_text
from stations.registry.cql_times import RELATIONS, Related
from stations.registry.cql_values import Builder
from web.ogc.collections import get as get_collection

__all__ = ["client"]

HERE = Path(__file__).parent
DIALECT = make_url("postgresql+psycopg://").get_dialect()()
each_collection = pytest.mark.parametrize("collection", COLLECTIONS)
SIGNS = {
    ast.Equal: "=", ast.NotEqual: "<>", ast.LessThan: "<", ast.LessEqual: "<=", ast.GreaterThan: ">", ast.GreaterEqual: ">=",
}  # fmt: skip
SPATIAL = (
    "S_INTERSECTS",
    "S_DISJOINT",
    "S_CONTAINS",
    "S_WITHIN",
    "S_TOUCHES",
    "S_CROSSES",
    "S_OVERLAPS",
    "S_EQUALS",
)
LITERALS = {
    ("string", None): "'foo'", ("boolean", None): "true", ("number", None): "3.14", ("integer", None): "1",
    ("string", "date-time"): "TIMESTAMP('2022-04-14T14:48:46Z')", ("string", "date"): "DATE('2022-04-14')",
}  # fmt: skip


def as_json(node: Any) -> Any:
    """Write a tree as CQL2 JSON."""
    match node:
        case ast.And() | ast.Or():
            return {"op": type(node).__name__.lower(), "args": [as_json(node.lhs), as_json(node.rhs)]}
        case ast.Not():
            return {"op": "not", "args": [as_json(node.sub_node)]}
        case Related():
            return {"op": node.relation, "args": [as_json(node.lhs), as_json(node.rhs)]}
        case ast.SpatialComparisonPredicate():
            return {"op": f"s_{node.op.name.lower()}", "args": [as_json(node.lhs), as_json(node.rhs)]}
        case ast.Comparison():
            return {"op": SIGNS[type(node)], "args": [as_json(node.lhs), as_json(node.rhs)]}
        case ast.IsNull():
            return denied(node, {"op": "isNull", "args": [as_json(node.lhs)]})
        case ast.Like():
            return denied(node, {"op": "like", "args": [as_json(node.lhs), as_json(node.pattern)]})
        case ast.Between():
            return denied(
                node, {"op": "between", "args": [as_json(each) for each in (node.lhs, node.low, node.high)]}
            )
        case ast.In():
            return denied(
                node, {"op": "in", "args": [as_json(node.lhs), [as_json(each) for each in node.sub_nodes]]}
            )
        case ast.Attribute():
            return {"property": node.name}
        case ast.Function():
            return {"op": "casei", "args": [as_json(node.arguments[0])]}
        case values.Interval():
            ends = (".." if end is None else as_json(end) for end in (node.start, node.end))
            return {
                "interval": [
                    next(iter(end.values())) if {"date", "timestamp"} & set(end) else end for end in ends
                ]
            }
        case BaseGeometry() if node.geom_type == "Polygon" and node.equals(node.envelope):
            return {"bbox": list(node.bounds)}
        case BaseGeometry():
            return json.loads(shapely.to_geojson(node))
        case datetime():
            return {"timestamp": node.strftime("%Y-%m-%dT%H:%M:%SZ")}
        case date():
            return {"date": node.isoformat()}
    return node


def denied(node: Any, found: dict[str, Any]) -> dict[str, Any]:
    return {"op": "not", "args": [found]} if node.not_ else found


def condition(collection: str, filter_: str, *, as_json: bool) -> tuple[str, dict[str, Any]]:
    """Return the condition that a filter becomes: its text and its values."""
    made = cql.condition(filter_, get_collection(collection).source.queryables, as_json=as_json)
    written = made.compile(dialect=DIALECT)
    return str(written), {name: str(value) for name, value in written.params.items()}


def ask(client: FlaskClient, collection: str, filter_: str) -> set[str]:
    """Ask a filter in both spellings; both must answer the same, and do where they become one condition."""
    by_text = ids(client, collection, {"filter": filter_, "filter-lang": "cql2-text", "limit": "1000"})
    written = json.dumps(as_json(cql_text.read(filter_, Builder())), ensure_ascii=False)
    if condition(collection, written, as_json=True) != condition(collection, filter_, as_json=False):
        query = {"filter": written, "filter-lang": "cql2-json", "limit": "1000"}
        assert ids(client, collection, query) == by_text
    return by_text


def refused(client: FlaskClient, collection: str, query: dict[str, str]) -> str:
    answer = get(client, f"/collections/{collection}/items", query)
    assert answer.status_code == 400, answer.text
    body = json.loads(answer.data)
    assert body["errors"][0]["parameter"].startswith("filter")
    found: str = body["errors"][0]["detail"]
    return found


def queryables(client: FlaskClient, collection: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(get(client, f"/collections/{collection}/queryables").data)[
        "properties"
    ]
    return found


def comparable(client: FlaskClient, collection: str) -> Iterator[tuple[str, str]]:
    """Yield each queryable that compares, with a value of its type; of the amenities, made by one rule, the first two."""
    booleans = itertools.count(1)
    for name, about in queryables(client, collection).items():
        if "$ref" not in about and (about["type"] != "boolean" or next(booleans) <= 2):
            yield name, LITERALS[about["type"], about.get("format")]


def geometries(client: FlaskClient, collection: str) -> dict[str, BaseGeometry | None]:
    return {
        feature["id"]: None
        if feature["geometry"] is None
        else shapely.from_geojson(json.dumps(feature["geometry"]))
        for feature in features(client, collection, {"limit": "1000"})
    }


PART_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"


@pytest.mark.parametrize(
    "conf",
    [
        "/conf/queryables/get-conformance",
        "/conf/filter/get-conformance",
        "/conf/features-filter/get-conformance",
    ],
)
def test_the_filter_classes_are_declared(client: FlaskClient, conf: str) -> None:
    answer = get(client, "/conformance", headers={"Accept": "application/json"})
    assert answer.mimetype == "application/json"
    assert f"{PART_3}{conf.split('/')[2]}" in json.loads(answer.data)["conformsTo"]


@pytest.mark.parametrize("conf", ["/conf/queryables/get-queryables", "/conf/filter/get-queryables"])
@each_collection
def test_every_collection_has_queryables_as_a_json_schema(
    client: FlaskClient, collection: str, conf: str
) -> None:
    path = f"/collections/{collection}/queryables"
    answer = get(client, path, headers={"Accept": "application/schema+json"})
    body = json.loads(answer.data)
    assert (answer.status_code, answer.mimetype) == (200, "application/schema+json")
    assert body["$schema"] == "https://json-schema.org/draft/2019-09/schema"
    assert body["$id"] == f"{SITE}/ogc{path}"
    assert body["type"] == "object"
    assert body["additionalProperties"] is False
    assert body["properties"]["geometry"]["$ref"].startswith("https://geojson.org/schema/")


@pytest.mark.parametrize("conf", ["/conf/queryables/queryables-link", "/conf/filter/get-collection"])
@each_collection
def test_every_collection_links_to_its_queryables(client: FlaskClient, collection: str, conf: str) -> None:
    body = json.loads(get(client, f"/collections/{collection}").data)
    (link,) = links(body, "http://www.opengis.net/def/rel/ogc/1.0/queryables")
    assert link["href"] == f"{SITE}/ogc/collections/{collection}/queryables"


@pytest.mark.parametrize("conf", ["/conf/filter/filter-param", "/conf/features-filter/filter-on-items"])
@each_collection
def test_a_filter_is_evaluated_and_what_is_none_is_refused(
    client: FlaskClient, collection: str, conf: str
) -> None:
    everything = ids(client, collection)
    for name in queryables(client, collection):
        assert (
            ask(client, collection, f"{name} IS NULL") | ask(client, collection, f"{name} IS NOT NULL")
            == everything
        )
    refused(client, collection, {"filter": "THIS IS NOT A FILTER", "filter-lang": "cql2-text"})
    refused(client, collection, {"filter": "THIS IS NOT A FILTER", "filter-lang": "cql2-json"})
    refused(client, collection, {"filter": "code IS NULL", "filter-lang": "cql3"})


@conf("/conf/filter/filter-lang-default")
@each_collection
def test_a_filter_without_a_language_is_text(client: FlaskClient, collection: str, conf: str) -> None:
    assert ids(
        client, collection, {"filter": "region IS NULL OR TRUE" if collection != "regions" else "TRUE"}
    )
    refused(client, collection, {"filter": "THIS IS NOT A FILTER"})
    refused(client, collection, {"filter": '{"op": "isNull", "args": [{"property": "code"}]}'})


@pytest.mark.parametrize(
    "conf", ["/conf/queryables/expression-construction", "/conf/filter/expression-construction"]
)
@each_collection
def test_a_property_that_is_no_queryable_is_refused_by_name(
    client: FlaskClient, collection: str, conf: str
) -> None:
    told = refused(client, collection, {"filter": "this_is_not_a_queryable IS NULL"})
    assert "this_is_not_a_queryable" in told
    assert "geometry" in told


def bounds(client: FlaskClient, collection: str) -> tuple[float, float, float, float]:
    found = json.loads(get(client, f"/collections/{collection}").data)["extent"]["spatial"]["bbox"][0]
    return found[0], found[1], found[2], found[3]


@conf("/conf/filter/filter-crs-wgs84")
@each_collection
def test_coordinates_of_a_filter_are_wgs_84_longitude_first(
    client: FlaskClient, collection: str, conf: str
) -> None:
    located = {name for name, shape in geometries(client, collection).items() if shape is not None}
    west, south, east, north = bounds(client, collection)
    for word in ("BBOX", "ENVELOPE"):
        assert (
            ask(client, collection, f"S_INTERSECTS(geometry,{word}({west},{south},{east},{north}))")
            == located
        )
    told = refused(
        client, collection, {"filter": "S_INTERSECTS(geometry,ENVELOPE(1000000,1000000,2000000,2000000))"}
    )
    assert "1e+06" in told


@conf("/conf/filter/filter-crs-param")
@each_collection
def test_coordinates_of_a_filter_may_be_in_every_system_of_the_collection(
    client: FlaskClient, collection: str, conf: str
) -> None:
    located = {name for name, shape in geometries(client, collection).items() if shape is not None}
    west, south, east, north = bounds(client, collection)
    for crs in json.loads(get(client, f"/collections/{collection}").data)["crs"]:
        transformer = Transformer.from_crs("OGC:CRS84", crs, always_xy=False)
        (x1, y1), (x2, y2) = (
            transformer.transform(west - 1e-6, south - 1e-6),
            transformer.transform(east + 1e-6, north + 1e-6),
        )
        query = {"filter": f"S_INTERSECTS(geometry,BBOX({x1},{y1},{x2},{y2}))", "filter-crs": crs}
        assert ids(client, collection, query) == located
        drawn = f"POLYGON(({x1} {y1},{x2} {y1},{x2} {y2},{x1} {y2},{x1} {y1}))"
        assert ids(client, collection, query | {"filter": f"S_INTERSECTS(geometry,{drawn})"}) == located
    query = {
        "filter": f"S_INTERSECTS(geometry,BBOX({west},{south},{east},{north}))",
        "filter-crs": "http://www.opengis.net/def/crs/OGC/0/does_not_exist",
    }
    assert "does_not_exist" in refused(client, collection, query)


@conf("/conf/filter/mixing-expression")
@each_collection
def test_a_filter_and_a_box_must_both_hold(client: FlaskClient, collection: str, conf: str) -> None:
    west, south, east, north = bounds(client, collection)
    box = f"{west},{south},{east},{north}"
    held = f"S_INTERSECTS(geometry,BBOX({box}))"
    assert ids(client, collection, {"filter": held, "bbox": box}) == ask(client, collection, held)
    assert ids(client, collection, {"filter": held, "bbox": "0,0,1,1"}) == set()


@conf("/conf/basic-cql2/basic-test")
@each_collection
def test_the_type_of_every_queryable_is_told(client: FlaskClient, collection: str, conf: str) -> None:
    assert all("type" in about or "$ref" in about for about in queryables(client, collection).values())
    assert list(comparable(client, collection))


@conf("/conf/basic-cql2/comparison")
@each_collection
def test_comparisons_part_the_features(client: FlaskClient, collection: str, conf: str) -> None:
    for name, value in comparable(client, collection):
        found = {
            sign: ask(client, collection, f"{name} {sign} {value}")
            for sign in ("=", "<>", ">", "<", ">=", "<=")
        }
        known = ask(client, collection, f"{name} IS NOT NULL")
        for one, other in (("=", "<>"), (">", "<="), ("<", ">=")):
            assert found[one] & found[other] == set()
            assert found[one] | found[other] == known


@conf("/conf/basic-cql2/is-null")
@each_collection
def test_null_and_not_null_part_the_features(client: FlaskClient, collection: str, conf: str) -> None:
    for name, _ in comparable(client, collection):
        nothing, something = (
            ask(client, collection, f"{name} IS NULL"),
            ask(client, collection, f"{name} is not null"),
        )
        assert nothing & something == set()
        assert nothing | something == ids(client, collection)


@conf("/conf/basic-cql2/boolean")
@each_collection
def test_true_is_everything_and_false_is_nothing(client: FlaskClient, collection: str, conf: str) -> None:
    assert ask(client, collection, "true") == ids(client, collection)
    assert ask(client, collection, "false") == set()


#: (filter, what a station's feature must be)
DATA: list[tuple[str, Callable[[dict[str, Any]], bool]]] = [
    ("name = '川口驿站'", lambda p: p["names"]["zh"] == "川口驿站"),
    ("name <> '川口驿站'", lambda p: p["names"]["zh"] != "川口驿站"),
    ("name = 'Rider''s House_1'", lambda p: p["names"]["zh"] == "Rider's House_1"),
    ("capacity >= 8", lambda p: (p["capacity"] or 0) >= 8),
    ("capacity < 8.5", lambda p: p["capacity"] is not None and p["capacity"] < 8.5),
    ("\"class\" = 'service'", lambda p: p["class"] == "service"),
    ("opened_on > DATE('2020-05-01')", lambda p: (p["opened_on"] or "") > "2020-05-01"),
    (
        "toilet = FALSE",
        lambda p: any(a["amenity"] == "toilet" and a["value"] == "no" for a in p["amenities"]),
    ),
    (
        "microwave = true",
        lambda p: any(a["amenity"] == "microwave" and a["value"] == "yes" for a in p["amenities"]),
    ),
    ("address IS NULL", lambda p: p["address"] is None),
]
LOGIC = [
    ("{p1} OR {p2} AND {p3}", lambda p1, p2, p3: p1 or (p2 and p3)),
    ("{p1} AND {p2} OR {p3}", lambda p1, p2, p3: (p1 and p2) or p3),
    ("({p1} OR {p2}) AND {p3}", lambda p1, p2, p3: (p1 or p2) and p3),
    ("NOT {p1} AND {p2} OR {p3}", lambda p1, p2, p3: (not p1 and p2) or p3),
    ("NOT ({p1} OR {p2}) OR not {p3}", lambda p1, p2, p3: not (p1 or p2) or not p3),
]


def properties(client: FlaskClient) -> dict[str, dict[str, Any]]:
    return {feature["id"]: feature["properties"] for feature in features(client, "stations")}


@conf("/conf/basic-cql2/test-data")
@pytest.mark.parametrize(("filter_", "meets"), DATA, ids=[filter_ for filter_, _ in DATA])
def test_a_comparison_finds_what_the_features_say(
    client: FlaskClient, filter_: str, meets: Callable[[dict[str, Any]], bool], conf: str
) -> None:
    expected = {name for name, each in properties(client).items() if meets(each)}
    assert 0 < len(expected) < 12
    assert ask(client, "stations", filter_) == expected


@conf("/conf/basic-cql2/logical")
@pytest.mark.parametrize(("form", "rule"), LOGIC, ids=[form for form, _ in LOGIC])
def test_and_binds_closer_than_or_and_not_closer_than_both(
    client: FlaskClient, form: str, rule: Callable[[bool, bool, bool], bool], conf: str
) -> None:
    # Properties that are never null: what NOT makes of an unknown is another question.
    known = {
        "lifecycle = 'open'": lambda p: p["lifecycle"] == "open",
        "region = '630102'": lambda p: p["region"] == "630102",
        "kind = 'union_station'": lambda p: p["kind"] == "union_station",
    }
    for first, second, third in itertools.permutations(known):
        expected = {
            name
            for name, p in properties(client).items()
            if rule(known[first](p), known[second](p), known[third](p))
        }
        assert ask(client, "stations", form.format(p1=first, p2=second, p3=third)) == expected


@conf("/conf/basic-cql2/logical")
def test_not_of_an_unknown_stays_unknown(client: FlaskClient, conf: str) -> None:
    known = ask(client, "stations", "capacity IS NOT NULL")
    assert ask(client, "stations", "NOT capacity = 20") == ask(client, "stations", "capacity <> 20") < known


@conf("/conf/advanced-comparison-operators/like")
@each_collection
def test_like_matches_patterns(client: FlaskClient, collection: str, conf: str) -> None:
    texts = [name for name, value in comparable(client, collection) if value == "'foo'"]
    assert texts
    for name in texts:
        assert (
            ask(client, collection, f"{name} like '_%'") & ask(client, collection, f"{name} like ''") == set()
        )
        assert ask(client, collection, f"{name} LIKE '%'") == ask(client, collection, f"{name} like '%%'")
        assert ask(client, collection, f"{name} like '\\%\\_'") == set()


@conf("/conf/advanced-comparison-operators/between")
@each_collection
def test_between_holds_its_ends_and_nothing_the_wrong_way_round(
    client: FlaskClient, collection: str, conf: str
) -> None:
    for name, value in comparable(client, collection):
        if value in {"1", "3.14"}:
            both = f"{name} >= 0 AND {name} <= 100"
            assert ask(client, collection, f"{name} BETWEEN 0 AND 100") == ask(client, collection, both)
            assert ask(client, collection, f"{name} between 100.0 and 1.0") == set()


@conf("/conf/advanced-comparison-operators/in")
@each_collection
def test_in_is_one_of(client: FlaskClient, collection: str, conf: str) -> None:
    lists = {
        "'foo'": "'foo', 'bar'", "true": "true", "1": "1, 2, 3", "3.14": "1, 2, 3",
        "TIMESTAMP('2022-04-14T14:48:46Z')": "'2022-04-14T14:52:56Z', '2022-04-14T15:52:56Z'",
        "DATE('2022-04-14')": "'2022-04-14', '2022-04-15'",
    }  # fmt: skip
    for name, value in comparable(client, collection):
        listed = lists[value]
        either = " OR ".join(f"{name} = {each}" for each in listed.split(", "))
        assert ask(client, collection, f"{name} IN ({listed})") == ask(client, collection, either)


@conf("/conf/advanced-comparison-operators/test-data")
@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("name LIKE '%驿站%'", 10), ("name NOT LIKE '%驿站%'", 2), ("name LIKE '__驿站'", 2), ("name LIKE '%\\_1'", 1),
        ("name LIKE '%''s%'", 1), ("capacity between 8 and 20", 2), ("capacity not between 9 and 20", 1),
        ("name IN ('川口驿站', '维权中心', 'foo')", 2), ("name NOT IN ('川口驿站', '维权中心', 'foo')", 10),
        ("opened_on in (DATE('2020-05-01'), DATE('2022-04-14'))", 2), ("microwave in (true)", 7), ("microwave not in (false)", 7),
    ],
)  # fmt: skip
def test_the_operators_find_as_many_as_there_are(
    client: FlaskClient, filter_: str, expected: int, conf: str
) -> None:
    assert len(ask(client, "stations", filter_)) == expected


@conf("/conf/case-insensitive-comparison/casei")
@each_collection
def test_casei_compares_without_case(client: FlaskClient, collection: str, conf: str) -> None:
    for name, value in comparable(client, collection):
        if value == "'foo'":
            alike = ask(client, collection, f"CASEI({name}) = casei('foo')")
            assert alike & ask(client, collection, f"CASEI({name}) <> casei('FOO')") == set()


@conf("/conf/case-insensitive-comparison/casei-like")
@pytest.mark.parametrize("pattern", ["rider%", "RIDER%", "RiDeR'S%"])
def test_casei_matches_patterns_without_case(client: FlaskClient, pattern: str, conf: str) -> None:
    written = pattern.replace("'", "''")
    assert len(ask(client, "stations", f"CASEI(name) LIKE casei('{written}')")) == 1
    assert ask(client, "stations", "name LIKE 'rider%'") == set()


@conf("/conf/case-insensitive-comparison/test-data")
@pytest.mark.parametrize("name", ["Rider's House_1", "RIDER'S HOUSE_1", "rider's house_1"])
def test_casei_finds_a_name_however_it_is_written(client: FlaskClient, name: str, conf: str) -> None:
    written = name.replace("'", "\\'")
    assert len(ask(client, "stations", f"casei(name) = CASEI('{written}')")) == 1
    assert len(ask(client, "stations", f"CASEI(name) IN (casei('{written}'), casei('foo'))")) == 1


@conf("/conf/basic-spatial-functions/s_intersects")
@each_collection
def test_s_intersects_takes_points_and_boxes_on_earth(
    client: FlaskClient, collection: str, conf: str
) -> None:
    located = {name for name, shape in geometries(client, collection).items() if shape is not None}
    assert ask(client, collection, "S_INTERSECTS(geometry,BBOX(-180,-90,180,90))") == located
    assert ask(client, collection, "S_INTERSECTS(geometry,POINT(7.02 49.92))") == set()
    refused(client, collection, {"filter": "S_INTERSECTS(geometry,POINT(90 180))"})
    halves = "S_INTERSECTS(geometry,BBOX(-180,-90,-90,90)) AND S_INTERSECTS(geometry,BBOX(90,-90,180,90))"
    assert ask(client, collection, halves) == set()


@conf("/conf/basic-spatial-functions/test-data")
@each_collection
@pytest.mark.parametrize(
    "box", [(101.4, 36.4, 101.5, 36.5), (101.55, 36.59, 101.551, 36.6), (101.0, 36.55, 103.0, 37.0)]
)
def test_a_box_finds_what_meets_it(
    client: FlaskClient, collection: str, box: tuple[float, float, float, float], conf: str
) -> None:
    drawn = shapely.box(*box)
    expected = {
        n
        for n, shape in geometries(client, collection).items()
        if shape is not None and drawn.intersects(shape)
    }
    assert ask(client, collection, f"S_INTERSECTS(geometry, BBOX({','.join(map(str, box))}))") == expected


@conf("/conf/basic-spatial-functions/test-data")
def test_a_box_across_the_antimeridian_finds_both_sides(client: FlaskClient, conf: str) -> None:
    located = {name for name, shape in geometries(client, "stations").items() if shape is not None}
    assert ask(client, "stations", "S_INTERSECTS(geometry,BBOX(100,-90,-150,90))") == located
    assert ask(client, "stations", "S_INTERSECTS(geometry,BBOX(150,-90,-150,90))") == set()


SHAPES = [
    "MULTIPOINT(101.5 36.5, 101.55 36.6)",
    "MULTIPOINT((101.5 36.5), (101.55 36.6))",
    "LINESTRING(101.5 36.5, 101.6 36.7)",
    "MULTILINESTRING((101.5 36.5, 101.6 36.7), (102 36.4, 102.2 36.5))",
    "POLYGON((101 36, 101.6 36, 101.6 37, 101 37, 101 36), (101.5 36.55, 101.58 36.55, 101.58 36.65, 101.5 36.65, 101.5 36.55))",
    "MULTIPOLYGON(((101 36, 101.52 36, 101.52 37, 101 37, 101 36)), ((102 36, 103 36, 103 37, 102 37, 102 36)))",
    "GEOMETRYCOLLECTION(POINT(101.55 36.6), POLYGON((102 36, 103 36, 103 37, 102 37, 102 36)))",
    "POINT Z (101.5 36.5 2300)",
]


@pytest.mark.parametrize(
    "conf",
    ["/conf/basic-spatial-functions-plus/s_intersects", "/conf/basic-spatial-functions-plus/test-data"],
)
@each_collection
@pytest.mark.parametrize("wkt", SHAPES)
def test_s_intersects_takes_every_shape(client: FlaskClient, collection: str, wkt: str, conf: str) -> None:
    drawn = shapely.force_2d(shapely.from_wkt(wkt))
    shapes = geometries(client, collection)
    expected = {name for name, shape in shapes.items() if shape is not None and drawn.intersects(shape)}
    filter_ = f"S_INTERSECTS(geometry, {wkt})"
    assert ids(client, collection, {"filter": filter_}) == expected
    written = {
        "op": "s_intersects",
        "args": [{"property": "geometry"}, json.loads(shapely.to_geojson(drawn))],
    }
    assert ids(client, collection, {"filter": json.dumps(written), "filter-lang": "cql2-json"}) == expected


@conf("/conf/basic-spatial-functions-plus/s_intersects")
def test_a_shape_beyond_the_pole_is_refused(client: FlaskClient, conf: str) -> None:
    assert "180" in refused(
        client, "stations", {"filter": "S_INTERSECTS(geometry,MULTIPOINT(7.02 49.92, 90 180))"}
    )


@pytest.mark.parametrize("relation", SPATIAL)
@pytest.mark.parametrize("wkt", SHAPES[2:6])
def test_the_other_relations_are_those_of_simple_features(
    client: FlaskClient, relation: str, wkt: str
) -> None:
    drawn = shapely.from_wkt(wkt)
    predicate = getattr(shapely, relation.removeprefix("S_").lower())
    for collection in COLLECTIONS:
        shapes = geometries(client, collection)
        expected = {name for name, shape in shapes.items() if shape is not None and predicate(shape, drawn)}
        assert ask(client, collection, f"{relation}(geometry, {wkt})") == expected


@conf("/conf/temporal-functions/temporal-functions-1")
@pytest.mark.parametrize("relation", ["T_AFTER", "T_BEFORE", "T_DISJOINT", "T_EQUALS", "T_INTERSECTS"])
def test_times_relate_to_instants_and_intervals(client: FlaskClient, relation: str, conf: str) -> None:
    days = ("opened_on", "lifecycle_since")
    for name in days:
        for other in (
            "DATE('2022-04-14')",
            "INTERVAL('2020-05-01','2021-12-31')",
            "TIMESTAMP('2022-04-14T07:59:57Z')",
        ):
            assert ask(client, "stations", f"{relation}({name},{other})") <= ask(
                client, "stations", f"{name} IS NOT NULL"
            )
    for other in (
        "TIMESTAMP('2026-01-15T12:00:00Z')",
        "INTERVAL('2025-01-01T00:00:00Z','2026-12-31T23:59:59Z')",
    ):
        met = relation in {"T_INTERSECTS", *(["T_EQUALS"] if other.startswith("TIME") else [])}
        assert len(ask(client, "gaps", f"{relation}(computed_at,{other})")) == (3 if met else 0)


def allen(relation: str, a: tuple[str, str], b: tuple[str, str]) -> bool:
    """Compare two spans of days, written as ISO dates, by the words of the standard."""
    (start, end), (other_start, other_end) = a, b
    return {
        "t_after": start > other_end,
        "t_before": end < other_start,
        "t_contains": start < other_start and end > other_end,
        "t_disjoint": start > other_end or end < other_start,
        "t_during": start > other_start and end < other_end,
        "t_equals": a == b,
        "t_finishedby": start < other_start and end == other_end,
        "t_finishes": start > other_start and end == other_end,
        "t_intersects": start <= other_end and end >= other_start,
        "t_meets": end == other_start and start < other_start,
        "t_metby": start == other_end and end > other_end,
        "t_overlappedby": other_start < start < other_end < end,
        "t_overlaps": start < other_start < end < other_end,
        "t_startedby": start == other_start and end > other_end,
        "t_starts": start == other_start and end < other_end,
    }[relation]


@pytest.mark.parametrize(
    "conf", ["/conf/temporal-functions/temporal-functions-2", "/conf/temporal-functions/test-data"]
)
@pytest.mark.parametrize("relation", sorted(RELATIONS))
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2019-01-01", "2021-06-30"), ("2018-01-01", "2022-01-01"), ("2020-01-01", "2021-01-01"), ("2018-01-01", "2019-01-01"),
        ("2021-06-30", "2022-01-01"), ("2018-01-01", "2020-01-01"), ("2020-01-01", "2022-01-01"), ("2019-01-01", "2020-01-01"),
        ("2019-01-01", "2022-01-01"), ("2020-01-01", "2021-06-30"), ("2018-01-01", "2021-06-30"), ("2022-01-01", "2023-01-01"),
        ("..", "2021-06-30"), ("2019-01-01", ".."), ("..", ".."), ("..", "2018-12-31"),
    ],
)  # fmt: skip
def test_an_interval_of_two_properties_relates_as_the_standard_says(
    client: FlaskClient, relation: str, start: str, end: str, conf: str
) -> None:
    # One station has both days: there from 2019-01-01 to 2021-06-30.
    other = ("0000" if start == ".." else start, "9999" if end == ".." else end)
    found = ask(
        client, "stations", f"{relation}(INTERVAL(opened_on,lifecycle_since),INTERVAL('{start}','{end}'))"
    )
    assert len(found) == int(allen(relation, ("2019-01-01", "2021-06-30"), other))


@conf("/conf/property-property/comparison-value-property")
@each_collection
def test_a_value_may_stand_on_the_left(client: FlaskClient, collection: str, conf: str) -> None:
    mirrored = {"=": "=", "<>": "<>", ">": "<", "<": ">", ">=": "<=", "<=": ">="}
    for name, value in comparable(client, collection):
        for sign, other in mirrored.items():
            turned = ask(client, collection, f"{name} {other} {value}")
            assert ask(client, collection, f"{value} {sign} {name}") == turned


@conf("/conf/property-property/comparison-property-property")
@each_collection
def test_a_property_equals_itself(client: FlaskClient, collection: str, conf: str) -> None:
    for name, _ in comparable(client, collection):
        known = ask(client, collection, f"{name} IS NOT NULL")
        assert all(ask(client, collection, f"{name} {sign} {name}") == known for sign in ("=", ">=", "<="))
        assert all(ask(client, collection, f"{name} {sign} {name}") == set() for sign in ("<>", "<", ">"))


@conf("/conf/property-property/comparison-value-value")
@pytest.mark.parametrize("value", sorted(LITERALS.values()))
def test_a_value_equals_itself(client: FlaskClient, value: str, conf: str) -> None:
    everything = ids(client, "stations")
    assert all(ask(client, "stations", f"{value} {sign} {value}") == everything for sign in ("=", ">=", "<="))
    assert all(ask(client, "stations", f"{value} {sign} {value}") == set() for sign in ("<>", "<", ">"))


@conf("/conf/property-property/test-data")
@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("'川口驿站' = name", 1), ("'川口' LIKE '川_'", 12), ("'川口' NOT LIKE '川_'", 0), ("lifecycle_since > opened_on", 1),
        ("S_INTERSECTS(BBOX(101,36,101.52,37), geometry)", 7), ("S_WITHIN(geometry, BBOX(101.6,36,101.8,37))", 1),
        ("T_BEFORE(DATE('2019-06-01'), opened_on)", 2), ("T_DURING(INTERVAL('2020-01-01','2021-01-01'), INTERVAL(opened_on,'..'))", 1),
        ("8 BETWEEN 8 AND capacity", 2),
    ],
)  # fmt: skip
def test_properties_and_values_may_stand_on_both_sides(
    client: FlaskClient, filter_: str, expected: int, conf: str
) -> None:
    assert len(ask(client, "stations", filter_)) == expected


PREDICATES = [
    "name LIKE '%驿站%'", "capacity BETWEEN 1 AND 10", "CASEI(name) = casei('foo')", "S_INTERSECTS(geometry,BBOX(101,36,102,37))",
    "T_AFTER(opened_on,DATE('2020-01-01'))", "kind IN ('care_station','rider_station')", "microwave = true", "region IS NULL",
    "lifecycle_since > opened_on", "S_INTERSECTS(geometry,LINESTRING(101 36,102 37))",
]  # fmt: skip


@pytest.mark.parametrize(
    "conf",
    [
        f"/conf/{name}/logical"
        for name in (
            "advanced-comparison-operators", "case-insensitive-comparison", "basic-spatial-functions",
            "temporal-functions", "property-property",
        )
    ],
)  # fmt: skip
def test_predicates_combine_in_any_way(client: FlaskClient, conf: str) -> None:
    chance = Random(conf)  # noqa: S311
    for _ in range(10):
        p1, p2, p3, p4 = chance.sample(PREDICATES, 4)
        ask(client, "stations", f"((NOT {p1} AND {p2}) OR ({p3} and NOT {p4}) or not ({p1} AND {p4}))")


@pytest.mark.parametrize("conf", ["/conf/cql2-text/validate", "/conf/cql2-json/validate"])
def test_both_spellings_answer_alike(client: FlaskClient, conf: str) -> None:
    # Every test of this file asks in both; here is what only one of them can write.
    if conf == "/conf/cql2-text/validate":
        quoted = ids(
            client,
            "stations",
            {"filter": 'tImEsTaMp(\'2026-01-01T00:00:00Z\') > "verified_at" Or "code" is Not nUlL'},
        )
        assert quoted == ids(client, "stations")
    else:
        everyone = {"op": "or", "args": [{"op": "isNull", "args": [{"property": "code"}]}, True, False]}
        query = {"filter": json.dumps(everyone), "filter-lang": "cql2-json"}
        assert ids(client, "stations", query) == ids(client, "stations")


def test_every_declared_class_is_tested_by_its_identifiers(client: FlaskClient) -> None:
    declared = json.loads(get(client, "/conformance").data)["conformsTo"]
    ours = [uri.rsplit("/", 1)[-1] for uri in declared if "features-" in uri or "/cql2/" in uri]
    told = {
        name
        for part in ("filter", "features")
        for name in re.findall(
            r"/conf/([\w-]+)/", (HERE / f"test_ogc_conformance_{part}.py").read_text(encoding="utf-8")
        )
    }
    assert sorted(set(ours) - told) == []
