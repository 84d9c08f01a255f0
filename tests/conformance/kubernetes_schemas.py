"""Validates objects with the schemas that Kubernetes publishes and with the CRDs of the project, strictly.

Schemas are read once for each version and kind; `kubernetes_validate` would read them again for every object.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from rudr_py.model.crd_schemas import crds
from rudr_py.model.crd_schemas.nodes import PRESERVE
from rudr_py.model.identity import API_VERSION

VERSIONS = ("1.25", "1.31", "1.37")

PACKAGE = "kubernetes_validate"


def refusals(body: dict[str, Any], version: str) -> list[str]:
    """The schema violations of an object for a server version, including unknown fields."""
    if body["apiVersion"] == API_VERSION:
        errors = own(body["kind"]).iter_errors({**body, "metadata": {}})
    else:
        errors = builtin(body["kind"], body["apiVersion"], version).iter_errors(body)
    name = f"{body['kind']}/{body['metadata']['name']}"
    return [f"{name} {error.json_path}: {error.message}" for error in errors]


@cache
def own(kind: str) -> jsonschema.Draft7Validator:
    """The validator of a kind of the project."""
    (document,) = (crd for crd in crds.documents() if crd["spec"]["names"]["kind"] == kind)
    return jsonschema.Draft7Validator(strict(document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]))


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """A structural schema as JSON Schema that refuses unknown fields where the server's strict validation does."""
    result = copy.deepcopy(schema)
    if result.get("nullable") and "type" in result:
        result["type"] = [result["type"], "null"]
    if "properties" in result:
        result["properties"] = {name: strict(node) for name, node in result["properties"].items()}
        result["additionalProperties"] = bool(result.get(PRESERVE))
    elif isinstance(result.get("additionalProperties"), dict):
        result["additionalProperties"] = strict(result["additionalProperties"])
    if "items" in result:
        result["items"] = strict(result["items"])
    return result


@cache
def builtin(kind: str, api_version: str, version: str) -> jsonschema.Draft202012Validator:
    """The validator of a built-in kind."""
    folder = _folder(version)
    # the file for networking.k8s.io/v1 is named networking-v1
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    schema = json.loads((folder / f"{kind.lower()}-{group}.json").read_bytes())
    registry: Registry[Any] = Resource.from_contents(schema) @ _definitions(folder)
    return jsonschema.Draft202012Validator(schema, registry=registry)


@cache
def _definitions(folder: Path) -> Registry[Any]:
    contents = json.loads((folder / "_definitions.json").read_bytes())
    empty: Registry[Any] = Registry()
    return Resource.from_contents(contents) @ empty


def _folder(version: str) -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        pytest.skip(f"{PACKAGE} is not installed")
    (folder,) = (Path(spec.origin).parent / "kubernetes-json-schema").glob(f"v{version}.*-local-strict")
    return folder
