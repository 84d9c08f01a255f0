"""`/openapi/v2`: one Swagger 2.0 document of all served kinds in JSON, for older clients.

It is built from the documents of `/openapi/v3`. In protobuf the document is empty: kubectl requests it for a kind that
it does not find, and then reports that kind as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rudr_py.local.storage.store import Object

_FROM, _TO = "#/components/schemas/", "#/definitions/"
_BODIES = {
    "post": ["*/*"],
    "put": ["*/*"],
    "patch": [
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ],
}
_PRODUCES = ["application/json", "application/yaml"]

PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""The media type of the document in protobuf, in Accept headers."""

ANSWER = PROTOBUF.replace("@", ".")
"""The media type in answers; Go's parser does not accept an at sign."""

_SWAGGER, _INFO, _PATHS, _DEFINITIONS, _TITLE, _VERSION = 1, 2, 8, 9, 1, 2
"""Field numbers of gnostic's `openapi.v2.Document` and its `Info`."""


def swagger(documents: Iterable[Object], release: str) -> Object:
    """Return a Swagger document with the content of these OpenAPI v3 documents."""
    definitions: Object = {}
    paths: Object = {}
    for document in documents:
        for name, schema in document["components"]["schemas"].items():
            definitions[name] = _schema(schema)
        for path, operations in document["paths"].items():
            paths[path] = {verb: _operation(verb, operation) for verb, operation in operations.items()}
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": f"v{release}.0"},
        "paths": paths,
        "definitions": definitions,
    }


def protobuf(release: str) -> bytes:
    """Return a document without paths and definitions, with which clients leave validation to the server."""
    info = _field(_TITLE, b"Kubernetes") + _field(_VERSION, f"v{release}.0".encode())
    return _field(_SWAGGER, b"2.0") + _field(_INFO, info) + _field(_PATHS, b"") + _field(_DEFINITIONS, b"")


def _field(number: int, content: bytes) -> bytes:
    """Encode a length-delimited field of fewer than 128 bytes."""
    return bytes((number << 3 | 2, len(content))) + content


def _schema(raw: Any) -> Any:
    """Move references; replace `allOf` of one reference by it, and a choice of two types by `int-or-string`."""
    if isinstance(raw, list):
        return [_schema(each) for each in raw]
    if not isinstance(raw, dict):
        return raw
    schema: Object = {}
    for key, value in raw.items():
        if key == "properties":
            schema[key] = {name: _schema(child) for name, child in value.items()}
        elif key == "$ref":
            schema[key] = str(value).replace(_FROM, _TO)
        elif key == "allOf" and len(value) == 1 and set(value[0]) == {"$ref"}:
            schema["$ref"] = value[0]["$ref"].replace(_FROM, _TO)
        elif key in ("oneOf", "anyOf") and all(set(each) <= {"type"} for each in value):
            schema.update({"type": "string", "format": "int-or-string"} if len(value) > 1 else value[0])
        elif key not in ("default", "nullable"):
            schema[key] = _schema(value)
    return schema


def _operation(verb: str, operation: Object) -> Object:
    parameters = [
        {"name": parameter["name"], "in": parameter["in"], "type": "string", "uniqueItems": True}
        for parameter in operation["parameters"]
    ]
    content = operation["responses"]["200"]["content"]["application/json"]["schema"]
    swagger_operation = {
        "produces": _PRODUCES,
        "parameters": parameters,
        "responses": {"200": {"description": "OK", "schema": _schema(content)}},
        "x-kubernetes-action": operation["x-kubernetes-action"],
        "x-kubernetes-group-version-kind": operation["x-kubernetes-group-version-kind"],
    }
    if verb in _BODIES:
        swagger_operation["consumes"] = _BODIES[verb]
        body = _schema(content) if verb != "patch" else {"type": "object"}
        parameters.insert(0, {"name": "body", "in": "body", "required": True, "schema": body})
    return swagger_operation
