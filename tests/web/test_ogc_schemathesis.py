"""Schemathesis asks every operation of the OpenAPI document with made-up values and finds nothing to complain of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from ogc_fixtures import open_registry, site_of
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: The transport of the tests does not unpack.
PLAIN = {"Accept-Encoding": "identity"}
bounded = settings(
    max_examples=12, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)  # fmt: skip


@pytest.fixture(scope="module")
def described(new_database: Callable[[], str]) -> Iterator[Any]:
    with open_registry(new_database) as engine, site_of(engine, public_url="http://localhost") as app:
        yield schemathesis.openapi.from_wsgi("/ogc/api", app)


def operations(described: Any) -> Iterator[Any]:
    for found in described.get_all_operations():
        yield found.ok()


def test_every_operation_answers_good_values_as_the_document_says(described: Any) -> None:
    asked = set()
    for operation in operations(described):

        @bounded
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        def answers(case: Any) -> None:
            answer = case.call(headers=PLAIN)
            case.validate_response(answer, checks=CHECKS)
            asked.add(case.operation.label)

        answers()
    assert len(asked) >= 12


def test_every_operation_refuses_bad_values_as_the_document_says(described: Any) -> None:
    refused = 0
    for operation in operations(described):

        @bounded
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def answers(case: Any) -> None:
            nonlocal refused
            answer = case.call(headers=PLAIN)
            case.validate_response(answer, checks=CHECKS)
            # A limit beyond the largest is the largest, as Part 1 asks; everything else that is forbidden is refused.
            if "limit" not in (case.query or {}) and "X-" not in str(case.headers):
                assert answer.status_code in {400, 404, 405, 406, 409}, case.as_curl_command()
                refused += 1

        answers()
    assert refused > 20
