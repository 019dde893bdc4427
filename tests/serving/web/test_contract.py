"""What the OpenAPI document says of keys and limits."""

import pytest

from leadml.service import Serving
from serving.models.source import Fixed
from serving.web.app import build_openapi, create_app
from serving.web.guard import scopes_for
from serving.web.limits import EXEMPT


@pytest.fixture(scope="module")
def document(scorer):
    return build_openapi(create_app(Serving(), Fixed(scorer)), Serving())


def operations(document):
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def test_every_closed_path_asks_for_a_key_in_either_way(document):
    schemes = document["components"]["securitySchemes"]
    assert (schemes["bearer"]["scheme"], schemes["header"]["name"]) == ("bearer", "X-API-Key")
    for path, operation in operations(document):
        scopes = [scope for scope in scopes_for(path) for _ in schemes]
        asked = operation.get("security", [])
        assert [name for one in asked for names in one.values() for name in names] == scopes
        assert {name for one in asked for name in one} == (set(schemes) if scopes else set())
        assert ({"401", "403"} <= set(operation["responses"])) == bool(scopes)


def test_the_limits_are_told_where_they_hold(document):
    for path, operation in operations(document):
        statuses = set(operation["responses"])
        assert ("429" in statuses) == (path not in EXEMPT), path
        assert ("408" in statuses) == ("requestBody" in operation), path
        assert list(operation["responses"]) == sorted(statuses)
