"""A trait that adds the object in its properties, so that a document can contain any change of an object."""

from __future__ import annotations

from typing import Any

from rudr_py import catalog as catalogs
from rudr_py.api import Kind, Manifest, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog, Offer

Document = dict[str, Any]

WIDGET = Kind("example.com/v1", "Widget")


class ObjectTrait(Trait[dict[str, Any]]):
    """Adds an object of any of these kinds."""

    name = "object"
    repeatable = True
    produces = (
        Kind("apps/v1", "Deployment"),
        Kind("apps/v1", "StatefulSet"),
        Kind("batch/v1", "Job"),
        Kind("v1", "Service"),
        Kind("v1", "ConfigMap"),
        WIDGET,
    )

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """The object, with the labels of its metadata."""
        properties = dict(ctx.properties)
        kind = Kind(properties.pop("apiVersion"), properties.pop("kind"))
        metadata = properties.pop("metadata")
        labels = metadata.get("labels", {})
        return Rendered(add=(Manifest(kind=kind, name=metadata["name"], body=properties, labels=labels),))


def with_objects(catalog: Catalog) -> Catalog:
    """The catalog with the trait."""
    offer: Offer[Trait[Any]] = catalogs.offer(ObjectTrait(), package="test 1.0")
    traits = {**catalog.traits, ObjectTrait.name: offer}
    return Catalog(traits=traits, workloads=catalog.workloads, scopes=catalog.scopes)


def trait(body: Document) -> Document:
    """The trait in an application."""
    return {"name": ObjectTrait.name, "properties": body}


def widgets() -> Document:
    """A custom kind whose field `zone` may not change, by a rule of its schema."""
    rule = {"rule": "self == oldSelf", "message": "the zone is fixed"}
    zone = {"type": "string", "x-kubernetes-validations": [rule]}
    spec = {"type": "object", "properties": {"zone": zone, "size": {"type": "integer"}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                }
            ],
        },
    }
