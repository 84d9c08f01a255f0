"""The resources of a CustomResourceDefinition, one for each served version. Pure."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from rudr_py.local.registry.resources import Column, Resource, ScalePaths
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.store import Object


def resources(definition: Object, metadata: SchemaNode) -> list[Resource]:
    """Return the resources of a definition: one for each served version, the stored version first."""
    spec = definition["spec"]
    stored = next(each["name"] for each in spec["versions"] if each.get("storage"))
    served = [each for each in spec["versions"] if each.get("served")]
    served.sort(key=lambda each: each["name"] != stored)
    return [_resource(definition, version, stored, metadata) for version in served]


def _resource(definition: Object, version: Any, stored: str, metadata: SchemaNode) -> Resource:
    spec = definition["spec"]
    names = spec["names"]
    parts = version.get("subresources") or {}
    scale = parts.get("scale")
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        list_kind=names.get("listKind") or f"{names['kind']}List",
        namespaced=spec.get("scope") == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        status="status" in parts,
        scale=_scale(scale) if scale else None,
        schema=cache(partial(_node, version, metadata, bool(spec.get("preserveUnknownFields")))),
        columns=tuple(_column(each) for each in version.get("additionalPrinterColumns") or ()),
        selectable=tuple(each["jsonPath"].lstrip(".") for each in version.get("selectableFields") or ()),
        table=definition["metadata"]["name"],
        storage_version=stored,
        custom=True,
        deprecation=version.get("deprecationWarning", "") if version.get("deprecated") else "",
    )


def _node(version: Any, metadata: SchemaNode, preserve: bool) -> SchemaNode:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if not schema:
        return structural.untyped_node(metadata)
    return structural.structural_node(schema, metadata, preserve=preserve)


def _scale(paths: Any) -> ScalePaths:
    return ScalePaths(
        spec_replicas=paths["specReplicasPath"],
        status_replicas=paths["statusReplicasPath"],
        selector=paths.get("labelSelectorPath", ""),
    )


def _column(column: Any) -> Column:
    return Column(
        name=column["name"],
        type=column["type"],
        path=column["jsonPath"],
        format=column.get("format", ""),
        description=column.get("description", ""),
        priority=column.get("priority", 0),
    )
