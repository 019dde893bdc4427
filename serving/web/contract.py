"""What does the OpenAPI document say of keys and limits? The same of every route."""

from collections.abc import Mapping
from typing import Any

from serving.web.guard import SCHEMES, scopes_for
from serving.web.limits import EXEMPT
from serving.wire.problems import problem_responses


def with_layers(document: Mapping[str, Any]) -> dict[str, Any]:
    """An OpenAPI document, with what the layers around the routes ask for and answer."""
    paths = {
        path: {method: _with_layers(path, operation) for method, operation in operations.items()}
        for path, operations in document["paths"].items()
    }
    components = {**document["components"], "securitySchemes": SCHEMES}
    return {**document, "paths": paths, "components": components}


def _with_layers(path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    needed = scopes_for(path)
    statuses = [401, 403] if needed else []
    if path not in EXEMPT:
        statuses += [408, 429, 503] if "requestBody" in operation else [429, 503]
    told = {str(status): said for status, said in problem_responses(*statuses).items()}
    responses = dict(sorted({**told, **operation["responses"]}.items()))
    security = [{scheme: [scope]} for scope in needed for scheme in SCHEMES]
    return {**operation, "responses": responses, **({"security": security} if needed else {})}
