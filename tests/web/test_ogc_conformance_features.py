"""OGC API Features Part 1 and Part 2: the assertions of the standards' abstract tests, named by their identifiers."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
import shapely
from flask.testing import FlaskClient
from markupsafe import escape
from ogc_fixtures import COLLECTIONS, SITE, client, conf, features, get, ids, links
from pyproj import Transformer

__all__ = ["client"]

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
LATITUDE_FIRST = [f"{EPSG}4326", f"{EPSG}4490"]
SERVED = [CRS84, *LATITUDE_FIRST, f"{EPSG}3857"]
each_collection = pytest.mark.parametrize("collection", COLLECTIONS)


def read(client: FlaskClient, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
    answer = get(client, path, query, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.data)
    return found


@pytest.fixture(scope="module")
def document(client: FlaskClient) -> dict[str, Any]:
    return read(client, "/api")


def parameters(document: dict[str, Any], collection: str) -> dict[str, dict[str, Any]]:
    operation = document["paths"][f"/collections/{collection}/items"]["get"]
    named = (ref["$ref"].split("/")[-1] for ref in operation["parameters"])
    return {name: document["components"]["parameters"][name] for name in named}


@conf("/conf/core/http")
def test_http_1_1_is_spoken_with_its_statuses(client: FlaskClient, conf: str) -> None:
    assert get(client, "").status_code == 200
    assert get(client, "/nothing").status_code == 404
    assert client.post("/ogc/collections").status_code == 405
    assert client.head("/ogc/collections").data == b""


@conf("/conf/core/root-op")
def test_the_landing_page_answers(client: FlaskClient, conf: str) -> None:
    assert get(client, "").status_code == get(client, "/").status_code == 200


@conf("/conf/core/root-success")
def test_the_landing_page_links_to_the_definition_the_conformance_and_the_data(
    client: FlaskClient, conf: str
) -> None:
    body = read(client, "")
    assert body["title"]
    for rel in ("service-desc", "service-doc", "conformance", "data"):
        for link in links(body, rel):
            assert client.get(link["href"].removeprefix(SITE)).status_code == 200
        assert links(body, rel), rel
    assert links(body, "service-desc")[0]["type"] == "application/vnd.oai.openapi+json;version=3.0"


@conf("/conf/core/api-definition-op")
def test_every_link_to_the_definition_can_be_followed(client: FlaskClient, conf: str) -> None:
    for link in [*links(read(client, ""), "service-desc"), *links(read(client, ""), "service-doc")]:
        answer = client.get(link["href"].removeprefix(SITE))
        assert answer.status_code == 200
        assert answer.mimetype == link["type"].split(";")[0]


@conf("/conf/core/api-definition-success")
def test_the_definition_is_openapi_3_0(document: dict[str, Any], conf: str) -> None:
    assert re.fullmatch(r"3\.0\.\d", document["openapi"])
    schemathesis.openapi.from_dict(document).validate()


@conf("/conf/core/conformance-op")
def test_the_conformance_declaration_answers(client: FlaskClient, conf: str) -> None:
    assert get(client, "/conformance").mimetype == "application/json"


@conf("/conf/core/conformance-success")
def test_the_declared_classes_are_a_list_of_addresses(client: FlaskClient, conf: str) -> None:
    declared = read(client, "/conformance")["conformsTo"]
    assert len(declared) == len(set(declared))
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in declared


@conf("/conf/core/fc-md-op")
def test_the_collections_answer(client: FlaskClient, conf: str) -> None:
    assert get(client, "/collections").status_code == 200


@conf("/conf/core/fc-md-success")
def test_the_collections_are_all_there(client: FlaskClient, conf: str) -> None:
    assert [each["id"] for each in read(client, "/collections")["collections"]] == list(COLLECTIONS)


@conf("/conf/core/fc-md-links")
def test_the_collections_link_to_themselves_in_each_form(client: FlaskClient, conf: str) -> None:
    body = read(client, "/collections")
    assert [link["type"] for link in links(body, "self")] == ["application/json"]
    assert [link["type"] for link in links(body, "alternate")] == ["text/html"]


@conf("/conf/core/fc-md-items")
def test_each_collection_is_told_with_its_id_and_links(client: FlaskClient, conf: str) -> None:
    for each in read(client, "/collections")["collections"]:
        assert each["id"]
        assert each["title"]
        assert each["links"]
        assert each["itemType"] == "feature"


@conf("/conf/core/fc-md-items-links")
def test_each_collection_links_to_its_features_in_each_form(client: FlaskClient, conf: str) -> None:
    for each in read(client, "/collections")["collections"]:
        assert {link["type"] for link in links(each, "items")} == {"application/geo+json", "text/html"}


@conf("/conf/core/fc-md-extent")
def test_the_extent_holds_every_feature(client: FlaskClient, conf: str) -> None:
    for each in read(client, "/collections")["collections"]:
        (west, south, east, north), *_ = each["extent"]["spatial"]["bbox"]
        for feature in features(client, each["id"]):
            if feature["geometry"] is not None:
                held = shapely.from_geojson(json.dumps(feature["geometry"])).bounds
                assert west <= held[0] <= held[2] <= east
                assert south <= held[1] <= held[3] <= north


@conf("/conf/core/sfc-md-op")
@each_collection
def test_a_collection_answers(client: FlaskClient, collection: str, conf: str) -> None:
    assert get(client, f"/collections/{collection}").status_code == 200
    assert get(client, "/collections/nothing").status_code == 404


@conf("/conf/core/sfc-md-success")
@each_collection
def test_a_collection_says_of_itself_what_the_list_says(
    client: FlaskClient, collection: str, conf: str
) -> None:
    alone = read(client, f"/collections/{collection}")
    listed = {each["id"]: each for each in read(client, "/collections")["collections"]}[collection]
    for member in ("id", "title", "description", "extent", "itemType", "storageCrs"):
        assert alone.get(member) == listed.get(member)
    assert [link for link in listed["links"] if link not in alone["links"]] == []


@conf("/conf/core/fc-op")
@each_collection
def test_the_features_of_a_collection_answer(client: FlaskClient, collection: str, conf: str) -> None:
    assert features(client, collection)


@conf("/conf/core/fc-response")
@each_collection
def test_features_come_as_a_feature_collection(client: FlaskClient, collection: str, conf: str) -> None:
    answer = get(client, f"/collections/{collection}/items")
    body = json.loads(answer.data)
    assert answer.mimetype == "application/geo+json"
    assert body["type"] == "FeatureCollection"
    assert all(each["type"] == "Feature" and each["id"] for each in body["features"])


@conf("/conf/core/fc-links")
@each_collection
def test_features_link_to_themselves_and_their_other_form(
    client: FlaskClient, collection: str, conf: str
) -> None:
    body = read(client, f"/collections/{collection}/items", {"limit": "2"})
    assert [link["type"] for link in links(body, "self")] == ["application/geo+json"]
    assert [link["type"] for link in links(body, "alternate")] == ["text/html"]
    assert [link["type"] for link in links(body, "next")] == ["application/geo+json"]
    assert "limit=2" in links(body, "next")[0]["href"]


@conf("/conf/core/fc-numberReturned")
@each_collection
def test_number_returned_is_the_number_of_features(client: FlaskClient, collection: str, conf: str) -> None:
    for limit in ("1", "2", "1000"):
        body = read(client, f"/collections/{collection}/items", {"limit": limit})
        assert body["numberReturned"] == len(body["features"])


@conf("/conf/core/fc-numberMatched")
@each_collection
def test_number_matched_where_it_is_told_is_the_number_of_all(
    client: FlaskClient, collection: str, conf: str
) -> None:
    whole = read(client, f"/collections/{collection}/items")
    assert whole["numberMatched"] == len(whole["features"])
    assert "numberMatched" not in read(client, f"/collections/{collection}/items", {"limit": "1"})


@conf("/conf/core/fc-timeStamp")
@each_collection
def test_a_time_stamp_where_it_is_told_is_the_time_of_the_answer(
    client: FlaskClient, collection: str, conf: str
) -> None:
    body = read(client, f"/collections/{collection}/items")
    stamp = body.get("timeStamp", datetime.now(UTC).isoformat())
    assert abs((datetime.fromisoformat(stamp) - datetime.now(UTC)).total_seconds()) < 60


@conf("/conf/core/fc-limit-definition")
@each_collection
def test_limit_is_defined_as_an_integer_from_one(
    document: dict[str, Any], collection: str, conf: str
) -> None:
    limit = parameters(document, collection)["limit"]
    assert (limit["in"], limit["required"]) == ("query", False)
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}


@conf("/conf/core/fc-limit-response")
@each_collection
def test_no_more_features_come_than_limit_says_and_too_large_a_limit_is_no_error(
    client: FlaskClient, collection: str, conf: str
) -> None:
    assert len(features(client, collection, {"limit": "1"})) == 1
    assert len(features(client, collection, {"limit": "1000000000"})) <= 1000


@conf("/conf/core/fc-bbox-definition")
@each_collection
def test_bbox_is_defined_as_four_or_six_numbers(document: dict[str, Any], collection: str, conf: str) -> None:
    bbox = parameters(document, collection)["bbox"]
    assert (bbox["in"], bbox["required"], bbox["style"], bbox["explode"]) == ("query", False, "form", False)
    assert bbox["schema"] == {
        "type": "array",
        "items": {"type": "number"},
        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
    }


@conf("/conf/core/fc-bbox-response")
@each_collection
@pytest.mark.parametrize("bbox", ["101.4,36.4,101.56,36.58", "101.4,36.4,0,101.56,36.58,9000"])
def test_bbox_returns_exactly_what_meets_the_box(
    client: FlaskClient, collection: str, bbox: str, conf: str
) -> None:
    box = shapely.box(101.4, 36.4, 101.56, 36.58)
    expected = {
        feature["id"]
        for feature in features(client, collection)
        if feature["geometry"]
        and shapely.intersects(box, shapely.from_geojson(json.dumps(feature["geometry"])))
    }
    assert expected
    assert ids(client, collection, {"bbox": bbox}) == expected


@conf("/conf/core/fc-bbox-response")
def test_a_box_across_the_antimeridian_holds_both_sides(client: FlaskClient, conf: str) -> None:
    everything = {f["id"] for f in features(client, "stations") if f["geometry"]}
    assert ids(client, "stations", {"bbox": "100,30,-100,40"}) == everything
    assert ids(client, "stations", {"bbox": "170,30,-170,40"}) == set()


@conf("/conf/core/fc-time-definition")
@each_collection
def test_datetime_is_defined_as_a_text(document: dict[str, Any], collection: str, conf: str) -> None:
    given = parameters(document, collection)["datetime"]
    assert (given["in"], given["required"], given["schema"]["type"]) == ("query", False, "string")


def lived(feature: dict[str, Any], begin: str, end: str) -> bool:
    """Tell whether a station was there in a span of days; one whose days nobody knows has no time and stays."""
    known = feature["properties"]
    ended = known["lifecycle_since"] if known["lifecycle"] == "closed" else None
    return (known["opened_on"] or "0000") <= end and (ended or "9999") >= begin


@conf("/conf/core/fc-time-response")
@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("2020-06-01T00:00:00Z", "2020-06-01", "2020-06-01"),
        ("2020-05-01T00:00:00Z/2022-04-13T00:00:00Z", "2020-05-01", "2022-04-13"),
        ("2021-07-01T00:00:00+08:00/..", "2021-07-01", "9999"),
        ("2021-07-01T00:00:00+08:00/", "2021-07-01", "9999"),
        ("../2019-12-31T00:00:00Z", "0000", "2019-12-31"),
        ("/2019-12-31T00:00:00Z", "0000", "2019-12-31"),
    ],
)
def test_datetime_returns_what_was_there_in_it_and_what_has_no_time(
    client: FlaskClient, asked: str, begin: str, end: str, conf: str
) -> None:
    everything = features(client, "stations")
    expected = {feature["id"] for feature in everything if lived(feature, begin, end)}
    assert 0 < len(expected) < len(everything)
    assert ids(client, "stations", {"datetime": asked}) == expected


@conf("/conf/core/fc-time-response")
def test_datetime_of_gaps_is_when_they_were_computed(client: FlaskClient, conf: str) -> None:
    assert len(ids(client, "gaps", {"datetime": "2026-01-15T12:00:00Z"})) == 3
    assert ids(client, "gaps", {"datetime": "2026-01-15T12:00:01Z/.."}) == set()
    assert len(ids(client, "regions", {"datetime": "1900-01-01T00:00:00Z"})) == 3


@conf("/conf/core/f-op")
@each_collection
def test_every_feature_has_an_address_of_its_own(client: FlaskClient, collection: str, conf: str) -> None:
    for name in ids(client, collection):
        assert get(client, f"/collections/{collection}/items/{name}").status_code == 200
    assert get(client, f"/collections/{collection}/items/nothing").status_code == 404


@conf("/conf/core/f-success")
@each_collection
def test_a_feature_alone_is_the_one_of_the_page(client: FlaskClient, collection: str, conf: str) -> None:
    for feature in features(client, collection):
        alone = read(client, f"/collections/{collection}/items/{feature['id']}")
        assert {name: alone[name] for name in feature} == feature


@conf("/conf/core/f-links")
@each_collection
def test_a_feature_links_to_itself_its_other_form_and_its_collection(
    client: FlaskClient, collection: str, conf: str
) -> None:
    body = read(client, f"/collections/{collection}/items/{ids(client, collection).pop()}")
    assert len(links(body, "self")) == len(links(body, "alternate")) == len(links(body, "collection")) == 1
    for link in body["links"]:
        assert client.get(link["href"].removeprefix(SITE)).mimetype == link["type"]


@conf("/conf/core/query-param-unknown")
@pytest.mark.parametrize(
    "path",
    ["", "/conformance", "/api", "/collections", "/collections/stations", "/collections/stations/queryables",
     "/collections/stations/items", "/collections/gaps/items", "/collections/stations/items/63000016"],
)  # fmt: skip
def test_an_unknown_parameter_is_refused_by_name_everywhere(
    client: FlaskClient, path: str, conf: str
) -> None:
    answer = get(client, path, {"colour": "red"})
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert [error["parameter"] for error in json.loads(answer.data)["errors"]] == ["colour"]


@conf("/conf/core/query-param-invalid")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"), ("limit", "-1"), ("limit", "ten"), ("limit", ""), ("limit", "1e3"),
        ("bbox", "1,2,3"), ("bbox", "a,b,c,d"), ("bbox", "nan,nan,nan,nan"), ("bbox", "0,10,0,-10"), ("bbox", "1,2,3,inf"),
        ("bbox", "0,91,1,92"), ("bbox", "0,0,9,1,1,1"),
        ("datetime", "bad"), ("datetime", "2020-13-01T00:00:00Z"), ("datetime", "2021-01-01T00:00:00Z/2020-01-01T00:00:00Z"),
        ("datetime", "../.."), ("datetime", "a/b/c"), ("datetime", "0001-01-01T00:00:00Z"), ("datetime", "9999-12-31T23:59:59Z"),
        ("f", "xml"), ("cursor", "x"), ("cursor", "1-2"), ("crs", "EPSG:4326"), ("kind", "spaceport"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_the_name_of_its_parameter(
    client: FlaskClient, name: str, value: str, conf: str
) -> None:
    answer = get(client, "/collections/stations/items", {name: value})
    body = json.loads(answer.data)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert name in (error["parameter"] for error in body.get("errors", [])) or body["parameter"] == name


@conf("/conf/core/crs84")
@each_collection
def test_coordinates_are_longitude_first_where_nobody_asks_otherwise(
    client: FlaskClient, collection: str, conf: str
) -> None:
    for feature in features(client, collection):
        if feature["geometry"] is not None:
            west, south, _, _ = shapely.from_geojson(json.dumps(feature["geometry"])).bounds
            assert 101 < west < 103
            assert 36 < south < 37


@conf("/conf/geojson/definition")
@each_collection
def test_features_are_offered_and_sent_as_geojson(client: FlaskClient, collection: str, conf: str) -> None:
    accepted = get(client, f"/collections/{collection}/items", headers={"Accept": "application/geo+json"})
    assert accepted.mimetype == "application/geo+json"


@conf("/conf/geojson/content")
@each_collection
def test_geojson_is_valid_in_every_part(client: FlaskClient, collection: str, conf: str) -> None:
    for feature in features(client, collection):
        assert set(feature) == {"type", "id", "geometry", "properties"}
        if feature["geometry"] is not None:
            assert shapely.is_valid(shapely.from_geojson(json.dumps(feature["geometry"])))
    body = read(client, f"/collections/{collection}/items")
    assert all({"rel", "href", "type"} <= set(link) for link in body["links"])


@conf("/conf/html/definition")
@pytest.mark.parametrize("path", ["", "/conformance", "/api", "/collections", *(
    f"/collections/{name}{rest}" for name in COLLECTIONS for rest in ("", "/items", "/queryables")
)])  # fmt: skip
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_resource_is_a_page_too(client: FlaskClient, path: str, lang: str, conf: str) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    answer = get(client, path, {"lang": lang}, headers={"Accept": browser})
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert f'lang="{"zh-Hans" if lang == "zh" else "en"}"' in answer.text


@conf("/conf/html/content")
def test_the_page_of_the_api_shows_every_address_with_its_parameters(
    client: FlaskClient, document: dict[str, Any], conf: str
) -> None:
    text = get(client, "/api", {"f": "html"}).text
    for path, item in document["paths"].items():
        assert f"<code>{path}</code>" in text
        assert str(escape(item["get"]["summary"])) in text
    for name in ("filter-lang", "bbox-crs", "datetime", "amenities"):
        assert f"<code>{name}</code>" in text


@conf("/conf/html/content")
@each_collection
def test_a_page_shows_the_same_features_and_links(client: FlaskClient, collection: str, conf: str) -> None:
    text = get(client, f"/collections/{collection}/items", {"f": "html"}).text
    for feature in features(client, collection):
        assert f"/items/{feature['id']}" in text
    for link in read(client, f"/collections/{collection}")["links"]:
        shown = get(client, f"/collections/{collection}", {"f": "html"}).text
        assert link["href"].replace("&", "&amp;").split("?f=")[0] in shown


@conf("/conf/oas30/completeness")
def test_every_address_of_the_api_is_in_the_definition_and_no_other(
    client: FlaskClient, document: dict[str, Any], conf: str
) -> None:
    def shape(path: str) -> str:
        """Return an address with all that varies in it as {}."""
        return re.sub(r"<[^>]*>|\{[^}]*\}|(?<=/collections/)(stations|regions|gaps)(?=/)", "{}", path) or "/"

    served = client.application.url_map.iter_rules()
    rules = {shape(rule.rule.removeprefix("/ogc")) for rule in served if re.match(r"/ogc(/|$)", rule.rule)}
    assert {shape(path) for path in document["paths"]} == rules


@conf("/conf/oas30/exception-codes")
def test_every_operation_tells_how_it_refuses(document: dict[str, Any], conf: str) -> None:
    for path, item in document["paths"].items():
        assert {"200", "400", "500", "503"} <= set(item["get"]["responses"]), path


@conf("/conf/oas30/security")
def test_nothing_needs_a_key(document: dict[str, Any], conf: str) -> None:
    assert "security" not in document
    assert all("security" not in item["get"] for item in document["paths"].values())


@conf("/conf/oas30/definition-1")
def test_the_definition_is_json_and_a_page(client: FlaskClient, conf: str) -> None:
    assert get(client, "/api").content_type == "application/vnd.oai.openapi+json;version=3.0"
    assert get(client, "/api", {"f": "html"}).mimetype == "text/html"


@conf("/conf/oas30/definition-2")
def test_the_definition_validates(document: dict[str, Any], conf: str) -> None:
    schemathesis.openapi.from_dict(document).validate()
    operations = [item["get"]["operationId"] for item in document["paths"].values()]
    assert len(operations) == len(set(operations))


@conf("/conf/oas30/oas-impl")
def test_every_path_without_a_variable_answers_as_it_says(
    client: FlaskClient, document: dict[str, Any], conf: str
) -> None:
    for path, item in document["paths"].items():
        if "{" not in path:
            answer = get(client, path)
            declared = [name.split(";")[0] for name in item["get"]["responses"]["200"]["content"]]
            assert answer.status_code == 200
            assert answer.mimetype in declared


@conf("/conf/crs/crs-uri")
def test_every_reference_system_is_named_by_its_ogc_address(client: FlaskClient, conf: str) -> None:
    body = read(client, "/collections")
    assert body["crs"] == [CRS84, f"{EPSG}4326", f"{EPSG}3857", f"{EPSG}4490"]
    assert [each["crs"] for each in body["collections"]] == [["#/crs"]] * 3
    assert read(client, "/collections/stations")["crs"] == body["crs"]


@conf("/conf/crs/default-crs")
def test_crs84_is_the_first_of_every_list(client: FlaskClient, conf: str) -> None:
    assert all(read(client, f"/collections/{name}")["crs"][0] == CRS84 for name in COLLECTIONS)


@conf("/conf/crs/storageCrs")
def test_the_storage_system_is_one_of_the_list(client: FlaskClient, conf: str) -> None:
    for name in COLLECTIONS:
        body = read(client, f"/collections/{name}")
        assert body["storageCrs"] in body["crs"]


@conf("/conf/crs/crs-parameter")
@each_collection
@pytest.mark.parametrize("crs", SERVED)
def test_every_listed_system_is_served_and_named_in_the_header(
    client: FlaskClient, collection: str, crs: str, conf: str
) -> None:
    for path in ("/items", f"/items/{sorted(ids(client, collection))[0]}"):
        answer = get(client, f"/collections/{collection}{path}", {"crs": crs})
        assert answer.status_code == 200
        assert answer.headers["Content-Crs"] == f"<{crs}>"


@conf("/conf/crs/crs-parameter-default")
@each_collection
def test_the_default_system_is_named_in_the_header(client: FlaskClient, collection: str, conf: str) -> None:
    answer = get(client, f"/collections/{collection}/items")
    assert answer.headers["Content-Crs"] == f"<{CRS84}>"
    asked = features(client, collection, {"crs": CRS84})
    assert asked == features(client, collection)


@conf("/conf/crs/crs-parameter-invalid")
@each_collection
def test_a_system_that_is_not_listed_is_refused(client: FlaskClient, collection: str, conf: str) -> None:
    for path in ("/items", f"/items/{ids(client, collection).pop()}"):
        assert get(client, f"/collections/{collection}{path}", {"crs": f"{EPSG}3035"}).status_code == 400


@conf("/conf/crs/crs-parameter-transform")
@each_collection
@pytest.mark.parametrize("crs", SERVED)
def test_coordinates_are_those_that_proj_gives_in_the_authority_s_axis_order(
    client: FlaskClient, collection: str, crs: str, conf: str
) -> None:
    # PROJ's own axis order, not ours: without always_xy it follows the authority.
    transformer = Transformer.from_crs("OGC:CRS84", crs, always_xy=False)
    plain = {f["id"]: f["geometry"] for f in features(client, collection)}
    for feature in features(client, collection, {"crs": crs}):
        if feature["geometry"] is None:
            assert plain[feature["id"]] is None
            continue
        given = shapely.get_coordinates(shapely.from_geojson(json.dumps(plain[feature["id"]])))
        found = shapely.get_coordinates(shapely.from_geojson(json.dumps(feature["geometry"])))
        x, y = transformer.transform(given[:, 0], given[:, 1])
        assert abs(found[:, 0] - x).max() < 0.02
        assert abs(found[:, 1] - y).max() < 0.02


@conf("/conf/crs/bbox-crs-parameter")
@each_collection
@pytest.mark.parametrize(
    ("crs", "bbox"),
    [
        (CRS84, "101.40,36.40,101.56,36.58"),
        (f"{EPSG}4326", "36.40,101.40,36.58,101.56"),
        (f"{EPSG}4490", "36.40,101.40,0,36.58,101.56,9000"),
        (f"{EPSG}3857", "11287796.37,4355801.26,11305607.5,4380728.9"),
    ],
)
def test_a_box_means_the_same_in_every_system(
    client: FlaskClient, collection: str, crs: str, bbox: str, conf: str
) -> None:
    plain = ids(client, collection, {"bbox": "101.40,36.40,101.56,36.58"})
    assert plain
    assert ids(client, collection, {"bbox": bbox, "bbox-crs": crs}) == plain


@conf("/conf/crs/bbox-crs-parameter-default")
@each_collection
def test_a_box_without_a_system_is_in_crs84(client: FlaskClient, collection: str, conf: str) -> None:
    box = "101.4,36.4,101.6,36.6"
    assert ids(client, collection, {"bbox": box}) == ids(client, collection, {"bbox": box, "bbox-crs": CRS84})


@conf("/conf/crs/bbox-crs-parameter-invalid")
@each_collection
def test_a_box_in_a_system_that_is_not_listed_is_refused(
    client: FlaskClient, collection: str, conf: str
) -> None:
    query = {"bbox": "1,2,3,4", "bbox-crs": f"{EPSG}3035"}
    assert get(client, f"/collections/{collection}/items", query).status_code == 400


@conf("/conf/crs/bbox-crs-parameter-invalid")
@pytest.mark.parametrize(
    ("crs", "bbox"),
    [
        (f"{EPSG}4326", "101.4,36.4,101.6,36.6"), (f"{EPSG}3857", "nan,0,1,1"), (f"{EPSG}3857", "1e9,0,2e9,1"),
        (f"{EPSG}3857", "0,0,1"), (f"{EPSG}3857", "0,0,5,1,1,2"), (f"{EPSG}4490", "１,2,3,4"), (f"{EPSG}4490", "1_0,2,3,4"),
    ],
)  # fmt: skip
def test_a_box_that_is_none_in_its_system_is_refused_by_name(
    client: FlaskClient, crs: str, bbox: str, conf: str
) -> None:
    answer = get(client, "/collections/stations/items", {"bbox": bbox, "bbox-crs": crs})
    assert answer.status_code == 400
    assert [error["parameter"] for error in json.loads(answer.data)["errors"]] == ["bbox"]
