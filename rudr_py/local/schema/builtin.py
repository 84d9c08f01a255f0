"""Schemas of the built-in kinds, read from the PyPI package `kubernetes-validate`.

The definitions of a release are decoded once; the nodes of a kind are built on first use. `published` adds facts that
the publication omits (the defaults of list keys, structs that Go holds by value).
"""

from __future__ import annotations

import functools
import importlib.resources
from typing import Any

import kubernetes_validate
import msgspec

from rudr_py.errors import LocalApiError
from rudr_py.local.schema import published
from rudr_py.local.schema.node import DEDUCED, OPAQUE, SchemaNode

_REF = "#/$defs/"
_GVK = "x-kubernetes-group-version-kind"
_SCALARS = ("string", "integer", "number", "boolean")
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_SPECIAL = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": SchemaNode(
        type="string", format="int-or-string", int_or_string=True, builtin=True
    ),
    "io.k8s.apimachinery.pkg.api.resource.Quantity": SchemaNode(type="string", format="quantity", builtin=True),
    "io.k8s.apimachinery.pkg.runtime.RawExtension": OPAQUE,
    # the embedded schema of a CRD is an ordinary object of the CRD, except where any JSON may stand
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": DEDUCED,
}


class BuiltinSchemas:
    """The schemas of one Kubernetes release; see `builtin_schema`."""

    def __init__(self, release: str, definitions: dict[str, dict[str, Any]]) -> None:
        self.release = release
        self.definitions = definitions
        self._nodes: dict[str, SchemaNode] = dict(_SPECIAL)
        self._names = _names_by_kind(definitions)

    @property
    def metadata(self) -> SchemaNode:
        """The node of ObjectMeta, which custom resources share."""
        return self.definition(_META)

    def node(self, api_version: str, kind: str) -> SchemaNode | None:
        """Return the schema of a kind (`apps/v1`, `Deployment`), or None if this release does not have it."""
        name = self._names.get((api_version, kind))
        return self.definition(name) if name else None

    def definition_name(self, api_version: str, kind: str) -> str | None:
        """Return the key of a kind in `definitions`, its name in /openapi, or None."""
        return self._names.get((api_version, kind))

    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Return every (apiVersion, kind) of this release, including options and lists."""
        return tuple(self._names)

    def definition(self, name: str) -> SchemaNode:
        """Return the node of a definition by its published name. Raises LocalApiError if it does not exist."""
        cached = self._nodes.get(name)
        if cached is not None:
            return cached
        raw = self.definitions.get(name)
        if raw is None:
            raise LocalApiError(f"the schemas of Kubernetes {self.release} have no definition {name!r}")
        properties: dict[str, SchemaNode] = {}
        node = msgspec.structs.replace(self._build(raw, properties), name=name)
        self._nodes[name] = node  # before its properties: a definition may contain itself
        for key, value in raw.get("properties", {}).items():
            properties[key] = self._property(name, key, value)
        return node

    def _property(self, owner: str, key: str, raw: dict[str, Any]) -> SchemaNode:
        node = self._resolve(raw)
        definition = self.definitions[owner]
        changes: dict[str, Any] = {}
        if _by_value(owner, key, raw, definition):
            changes["by_value"] = True
        elif node.type in _SCALARS and "$ref" not in raw and not _always_written(owner, key, definition):
            changes["omit_zero"] = not published.is_pointer(owner, key)
        if (owner, key) in published.KEY_DEFAULTS:
            changes["default"] = published.KEY_DEFAULTS[owner, key]
        return msgspec.structs.replace(node, **changes) if changes else node

    def _resolve(self, raw: dict[str, Any]) -> SchemaNode:
        ref = raw.get("$ref")
        if ref is None:
            return self._build(raw, {key: self._resolve(v) for key, v in raw.get("properties", {}).items()})
        node = self.definition(ref.removeprefix(_REF))
        fields = _extensions(raw)
        if "description" in raw:
            fields["description"] = raw["description"]
        return msgspec.structs.replace(node, **fields) if fields else node

    def _build(self, raw: dict[str, Any], properties: dict[str, SchemaNode]) -> SchemaNode:
        kind = raw.get("type", "")
        additional = raw.get("additionalProperties")
        values = self._resolve(additional) if isinstance(additional, dict) else None
        free = _is_free(raw)
        return SchemaNode(
            type=kind if isinstance(kind, str) else next(t for t in kind if t != "null"),
            properties=properties,
            items=self._resolve(raw["items"]) if "items" in raw else None,
            additional_node=values,
            unknown_node=values or (DEDUCED if free else None),
            required=tuple(raw.get("required", ())),
            enum=tuple(raw.get("enum", ())),
            format=raw.get("format", ""),
            description=raw.get("description", ""),
            gvk=_gvk(raw),
            preserve_unknown=free,
            builtin=True,
            **_extensions(raw),
        )


def _by_value(owner: str, key: str, raw: dict[str, Any], definition: dict[str, Any]) -> bool:
    if "$ref" not in raw:
        return False
    if key == "metadata":
        return bool(raw["$ref"] == _REF + _META)
    return (owner, key) in published.BY_VALUE or (key in ("spec", "status") and _GVK in definition)


def _always_written(owner: str, key: str, definition: dict[str, Any]) -> bool:
    is_required = key in definition.get("required", ()) and (owner, key) not in published.OMITTED
    return is_required or (owner, key) in published.ALWAYS


@functools.cache
def builtin_schema(release: str) -> BuiltinSchemas:
    """Return the schemas of a Kubernetes release such as `1.36`, decoded once per process (about 10 ms).

    Raises LocalApiError if the installed `kubernetes-validate` does not have that release.
    """
    folder = importlib.resources.files(kubernetes_validate) / "kubernetes-json-schema"
    minor = ".".join(release.lstrip("v").split(".")[:2])
    file = folder / f"v{minor}.0-local" / "_definitions.json"
    if not file.is_file():
        raise LocalApiError(
            f"kubernetes-validate {kubernetes_validate.__version__} has no schemas of Kubernetes {minor}; "
            "choose another release or install a newer kubernetes-validate"
        )
    return BuiltinSchemas(minor, msgspec.json.decode(file.read_bytes())["$defs"])


def _is_free(raw: dict[str, Any]) -> bool:
    """An object without declared fields accepts any JSON."""
    kinds = raw.get("type", "")
    return not raw.get("properties") and "additionalProperties" not in raw and (not kinds or "object" in kinds)


def _extensions(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the x-kubernetes-* keys as fields of SchemaNode."""
    fields: dict[str, Any] = {}
    strategy = raw.get("x-kubernetes-patch-strategy", "")
    merge_key = raw.get("x-kubernetes-patch-merge-key", "")
    if strategy:
        fields["patch_strategy"] = strategy
    if merge_key:
        fields["patch_merge_key"] = merge_key
    if "x-kubernetes-list-type" in raw:
        fields["list_type"] = raw["x-kubernetes-list-type"]
        fields["list_keys"] = tuple(sorted(raw.get("x-kubernetes-list-map-keys", ())))
    elif strategy.startswith("merge") and "$ref" not in raw:
        fields["list_type"] = "map" if merge_key else "set"
        fields["list_keys"] = (merge_key,) if merge_key else ()
    if "x-kubernetes-map-type" in raw:
        fields["map_type"] = raw["x-kubernetes-map-type"]
    return fields


def _gvk(raw: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    entries = raw.get(_GVK, ())
    return tuple((entry["group"], entry["version"], entry["kind"]) for entry in entries)


def _names_by_kind(definitions: dict[str, dict[str, Any]]) -> dict[tuple[str, str], str]:
    names: dict[tuple[str, str], str] = {}
    for name, raw in definitions.items():
        for group, version, kind in _gvk(raw):
            names[f"{group}/{version}" if group else version, kind] = name
    return names
