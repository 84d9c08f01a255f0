"""`/openapi/v3`: the schemas of each group and version, and the paths that kubectl reads.

Documents are built on request and cached until the kinds change. Schemas come from the definitions of the release and
from the CRDs in the store; nothing here validates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py.local.backend import Backend
from rudr_py.local.discovery import swagger
from rudr_py.local.registry.kinds import CRD_TABLE
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema.builtin import BuiltinSchemas
from rudr_py.local.storage.store import Object

_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_LIST_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
_MODEL = "io.k8s.api.core.v1.ConfigMap"
_STANDARD = (
    "Standard {}metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_FROM, _TO = "#/$defs/", "#/components/schemas/"
_SWAGGER = "v2"
_IDENTITY = ("apiVersion", "kind")
_PARAMETERS = {
    "list": ("allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "watch"),
    "post": ("dryRun", "fieldManager", "fieldValidation"),
    "put": ("dryRun", "fieldManager", "fieldValidation"),
    "patch": ("dryRun", "fieldManager", "fieldValidation", "force"),
    "delete": ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"),
    "get": (),
}


class Documents:
    """The OpenAPI documents of one cluster, encoded once for each generation of its registry."""

    def __init__(self, backend: Backend, schemas: BuiltinSchemas) -> None:
        self._backend = backend
        self._schemas = schemas
        self._cache: dict[str, tuple[int, bytes]] = {}

    def index(self) -> Object:
        """Return `/openapi/v3`: the paths of the documents, each with a hash of its content."""
        paths = {}
        for prefix in dict.fromkeys(_prefix(resource) for resource in self._backend.registry):
            digest = hashlib.sha512(self.document(prefix) or b"").hexdigest()[:32].upper()
            paths[prefix] = {"serverRelativeURL": f"/openapi/v3/{prefix}?hash={digest}"}
        return {"paths": paths}

    def document(self, prefix: str) -> bytes | None:
        """Return the document of `api/v1` or `apis/apps/v1`, or None."""
        resources = [each for each in self._backend.registry if _prefix(each) == prefix]
        if not resources:
            return None
        generation = self._generation(resources)
        cached = self._cache.get(prefix)
        if cached is None or cached[0] != generation:
            cached = self._cache[prefix] = (generation, self._build(prefix, resources))
        return cached[1]

    def swagger(self) -> bytes:
        """Return `/openapi/v2` of all served kinds."""
        generation = self._backend.registry.generation
        cached = self._cache.get(_SWAGGER)
        if cached is None or cached[0] != generation:
            prefixes = dict.fromkeys(_prefix(resource) for resource in self._backend.registry)
            documents = (msgspec.json.decode(self.document(prefix) or b"") for prefix in prefixes)
            document = swagger.swagger(documents, self._schemas.release)
            cached = self._cache[_SWAGGER] = (generation, msgspec.json.encode(document))
        return cached[1]

    def _generation(self, resources: list[Resource]) -> int:
        return self._backend.registry.generation if any(each.custom for each in resources) else 0

    def _build(self, prefix: str, resources: list[Resource]) -> bytes:
        schemas: Object = {}
        paths: Object = {}
        for resource in resources:
            name = self._publish(resource, schemas)
            paths.update(_paths(prefix, resource, name))
        document = {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": f"v{self._schemas.release}.0"},
            "paths": paths,
            "components": {"schemas": schemas},
        }
        return msgspec.json.encode(document)

    def _publish(self, resource: Resource, schemas: Object) -> str:
        if resource.custom:
            return self._publish_custom(resource, schemas)
        name = self._schemas.definition_name(resource.api_version, resource.kind) or ""
        self._collect(name, schemas)
        listed = self._schemas.definition_name(resource.api_version, f"{resource.kind}List")
        if listed:
            self._collect(listed, schemas)
        return name

    def _collect(self, name: str, schemas: Object) -> None:
        """Add a definition and all definitions that it refers to."""
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each not in schemas:
                raw = self._schemas.definitions[each]
                schemas[each] = _published(raw)
                waiting.extend(_references(raw))

    def _publish_custom(self, resource: Resource, schemas: Object) -> str:
        definition = self._backend.store.get(CRD_TABLE, "", resource.table) or {}
        versions = (definition.get("spec") or {}).get("versions") or ()
        version: Object = next((each for each in versions if each["name"] == resource.version), {})
        schema = dict((version.get("schema") or {}).get("openAPIV3Schema") or {"type": "object"})
        schema["properties"] = {
            **(schema.get("properties") or {}),
            **self._identity(),
            "metadata": {"description": _STANDARD.format("object's "), "allOf": [{"$ref": f"{_TO}{_OBJECT_META}"}]},
        }
        schema["x-kubernetes-group-version-kind"] = [_kind(resource)]
        base = ".".join([*reversed(resource.group.split(".")), resource.version])
        name, list_name = f"{base}.{resource.kind}", f"{base}.{resource.list_kind}"
        schemas[name] = schema
        schemas[list_name] = {
            "type": "object",
            "required": ["items"],
            "properties": {
                **self._identity(),
                "metadata": {"description": _STANDARD.format("list "), "allOf": [{"$ref": f"{_TO}{_LIST_META}"}]},
                "items": {"type": "array", "items": {"allOf": [{"$ref": f"{_TO}{name}"}]}},
            },
            "x-kubernetes-group-version-kind": [_kind(resource, f"{resource.kind}List")],
        }
        self._collect(_OBJECT_META, schemas)
        self._collect(_LIST_META, schemas)
        return name

    def _identity(self) -> Object:
        """The properties apiVersion and kind with the descriptions of a built-in kind."""
        properties = self._schemas.definitions[_MODEL]["properties"]
        return {key: {"type": "string", "description": properties[key]["description"]} for key in _IDENTITY}


def _prefix(resource: Resource) -> str:
    return f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"


def _kind(resource: Resource, kind: str = "") -> Object:
    return {"group": resource.group, "version": resource.version, "kind": kind or resource.kind}


def _published(raw: Any) -> Any:
    """Convert a definition to OpenAPI v3: references moved and in `allOf` beside other keys, one type, no null."""
    if isinstance(raw, list):
        return [_published(each) for each in raw]
    if not isinstance(raw, dict):
        return raw
    result: Object = {}
    for key, value in raw.items():
        if key == "properties":
            result[key] = {name: _published(_open(name, schema)) for name, schema in value.items()}
        elif key == "$ref" and len(raw) > 1:
            result["allOf"] = [{key: value.replace(_FROM, _TO)}]
        elif key == "$ref":
            result[key] = value.replace(_FROM, _TO)
        elif key == "type" and isinstance(value, list):
            kinds = [each for each in value if each != "null"]
            result.update({"type": kinds[0]} if len(kinds) == 1 else {"oneOf": [{"type": each} for each in kinds]})
        else:
            result[key] = _published(value)
    return result


def _open(name: str, schema: Any) -> Any:
    """Remove the enum that only this publication sets on apiVersion and kind."""
    if name in _IDENTITY and isinstance(schema, dict):
        return {key: value for key, value in schema.items() if key != "enum"}
    return schema


def _references(raw: Any) -> Iterator[str]:
    """Yield the names of the definitions that a schema refers to."""
    if isinstance(raw, list):
        for value in raw:
            yield from _references(value)
    if not isinstance(raw, dict):
        return
    for key, value in raw.items():
        if key == "$ref":
            yield value.removeprefix(_FROM)
        elif key == "properties":
            for schema in value.values():
                yield from _references(schema)
        else:
            yield from _references(value)


def _paths(prefix: str, resource: Resource, schema: str) -> Object:
    base = f"/{prefix}/namespaces/{{namespace}}" if resource.namespaced else f"/{prefix}"
    collection = f"{base}/{resource.plural}"
    paths: Object = {}
    if "create" in resource.verbs:
        paths[collection] = {"post": _operation(resource, "post", schema)}
    if "get" in resource.verbs:
        paths.setdefault(collection, {})["get"] = _operation(resource, "list", schema)
        paths[f"{collection}/{{name}}"] = {
            verb: _operation(resource, verb, schema) for verb in ("get", "put", "patch", "delete")
        }
    for part in ("status", "scale"):
        if resource.has(part):
            paths[f"{collection}/{{name}}/{part}"] = {
                verb: _operation(resource, verb, schema) for verb in ("get", "put", "patch")
            }
    return paths


def _operation(resource: Resource, verb: str, schema: str) -> Object:
    content = {"application/json": {"schema": {"$ref": f"{_TO}{schema}"}}}
    operation: Object = {
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
            for name in _PARAMETERS[verb]
        ],
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": verb,
        "x-kubernetes-group-version-kind": _kind(resource),
    }
    if verb in ("post", "put"):
        operation["requestBody"] = {"content": content}
    return operation
