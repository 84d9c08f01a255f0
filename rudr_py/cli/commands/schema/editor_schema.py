"""The schema by which editors check documents: all kinds of OAM, and the properties of all installed types. Pure.

It uses draft-07, because yaml-language-server supports no later draft. Kinds and types are distinguished by if/then
and not by oneOf, so that an editor reports an error at its line and not as "matches no alternative".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.commands.schema import editor_types, json_schema
from rudr_py.cli.commands.schema.json_schema import Schema
from rudr_py.cli.types import facts
from rudr_py.cli.types import names as type_names
from rudr_py.model import names
from rudr_py.model.crd_schemas import crds, nodes
from rudr_py.model.crd_schemas.crds import CrdKind
from rudr_py.model.identity import API_VERSION, CORE_GROUP
from rudr_py.model.parameter_types import PARAMETER_TYPES

_OWN_KINDS: Final = ["ApplicationConfiguration", "ComponentSchematic"]
"""Kinds that exist only in OAM: such a document is checked whatever its apiVersion is."""

_GROUP: Final = CORE_GROUP.replace(".", "[.]")

_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_AMOUNT: Final = {"type": ["string", "number"]}
_FLAG: Final = {"type": ["boolean", "string"]}


def schema(catalog: Catalog) -> Schema:
    """The schema. Documents of other groups, which may be in the same file, are accepted unchecked."""
    kinds = {kind.kind: _kind(kind, catalog) for kind in crds.KINDS}
    types = {editor_types.key_of(offer): editor_types.definition(offer) for offer in catalog.offers()}
    packages = sorted({offer.package for offer in catalog.offers()})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": f"Printed by rudr schema; types of {', '.join(packages)}.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "if": {
            "required": ["apiVersion", "kind"],
            "properties": {
                "apiVersion": {"type": "string", "not": {"pattern": f"^{_GROUP}"}},
                "kind": {"type": "string", "not": {"enum": _OWN_KINDS}},
            },
        },
        "else": {
            "properties": {
                "apiVersion": {"description": "The version of the API.", "const": API_VERSION},
                "kind": {"description": "The kind of the document.", "enum": list(kinds)},
            },
            "allOf": [{"if": editor_types.is_one_of("kind", [name]), "then": _reference(name)} for name in kinds],
        },
        "definitions": {"variable": json_schema.VARIABLE, "metadata": _metadata(), **kinds, **types},
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _metadata() -> Schema:
    texts = {"type": ["object", "null"], "additionalProperties": {"type": "string"}}
    annotations = {
        "version": {"type": "string", "description": "The version of this document's content, such as 1.0.0."},
        "description": {"type": "string", "description": "A description for people."},
    }
    return {
        "type": "object",
        "description": "Name, labels and annotations.",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": "Unique among the objects of its kind in the namespace."},
            "namespace": {"type": "string", "description": "The namespace; default: that of kubectl."},
            "labels": {**texts, "description": "Labels of the object."},
            "annotations": {**texts, "description": "Annotations of the object.", "properties": annotations},
        },
    }


def _kind(kind: CrdKind, catalog: Catalog) -> Schema:
    spec = json_schema.of_structural(nodes.lenient(kind.spec()))
    if kind.kind == "ApplicationConfiguration":
        _refine_application(spec, catalog)
    elif kind.kind == "ComponentSchematic":
        _refine_component(spec, catalog)
    return {
        "description": kind.description,
        "required": ["metadata", "spec"],
        "properties": {
            "apiVersion": {},
            "kind": {"description": kind.description},
            "metadata": _reference("metadata"),
            "spec": spec,
            "status": {"description": "Written by the controller.", "doNotSuggest": True},
        },
        "additionalProperties": False,
    }


def _inside(node: Schema, *path: str) -> Schema:
    """The node at a path of properties and items of lists."""
    for name in path:
        node = node.get("items", node)["properties"][name]
    inside: Schema = node.get("items", node)
    return inside


def _refine_application(spec: Schema, catalog: Catalog) -> None:
    """Add the checks that the CRD leaves to the controller, because they depend on types."""
    _inside(spec, "variables")["properties"]["value"].update(_SCALAR)
    binding = _inside(spec, "components")
    binding["properties"]["instanceName"] |= {
        "pattern": f"^{names.OBJECT_FORM}$",
        "maxLength": names.LONGEST,
        "patternErrorMessage": "Use lower-case letters, digits, - and .; start and end with a letter or digit",
    }
    name = {"type": "string", "description": "Name of the parameter."}
    value = {"name": name, "value": {"description": "Its value."}}
    binding["properties"]["parameterValues"] |= {
        "type": ["array", "object", "null"],
        "items": {"type": "object", "required": ["name", "value"], "properties": value, "additionalProperties": False},
    }
    trait = _inside(spec, "components", "traits")
    trait["properties"]["parameterValues"]["deprecationMessage"] = "use properties, a map"
    trait["defaultSnippets"] = [_snippet(offer, catalog) for offer in type_names.of_category(catalog, "trait")]
    _choose(trait, "name", type_names.of_category(catalog, "trait"), closed=True)
    _choose(_inside(spec, "scopes"), "type", type_names.of_category(catalog, "scope"), closed=True)


def _snippet(offer: Offer[Any], catalog: Catalog) -> Schema:
    """A complete binding of the trait that editors can insert."""
    type_facts = facts.explain(offer, catalog)
    (binding,) = type_facts.example["traits"] if type_facts.example else ({"name": offer.name},)
    return {"label": offer.name, "description": " ".join(type_facts.about), "body": binding}


def _refine_component(spec: Schema, catalog: Catalog) -> None:
    """Add the checks that the CRD has in CEL, or leaves to the controller because Rudr accepted many forms."""
    workloads = type_names.of_category(catalog, "workload")
    properties = spec["properties"]
    properties["osType"]["enum"] = properties["os"]["enum"] = ["linux", "windows"]
    properties["os"]["deprecationMessage"] = "use osType"
    for name in ("parameters", "workloadSettings"):
        _inside(spec, name)["properties"]["required"].update(_FLAG)
    _inside(spec, "parameters")["properties"]["type"]["enum"] = list(PARAMETER_TYPES)
    resources = _inside(spec, "containers", "resources")
    for amount in (resources["properties"][name] for name in ("cpu", "memory", "gpu")):
        amount["properties"]["required"].update(_AMOUNT)
    disk = _inside(resources, "volumes", "disk")
    disk["properties"]["required"].update(_AMOUNT)
    disk["properties"]["ephemeral"].update(_FLAG)
    container = _inside(spec, "containers")
    content: Schema = {"if": {"not": {"required": ["fromParam"]}}, "then": {"required": ["value"]}}
    _inside(container, "config").update(content)
    for probe in ("livenessProbe", "readinessProbe"):
        handlers = ("exec", "httpGet", "tcpSocket")
        _inside(container, probe)["oneOf"] = [{"required": [name]} for name in handlers]
    _choose(spec, "workloadType", workloads, closed=False)
    spec["allOf"] += _core_rules()


def _core_rules() -> list[Schema]:
    """A core type has containers, and the containers of workers have no ports."""
    has_containers = {"required": ["containers"], "properties": {"containers": {"minItems": 1}}}
    has_no_ports = {"properties": {"containers": {"items": {"properties": {"ports": {"maxItems": 0}}}}}}
    core = {"properties": {"workloadType": {"pattern": f"^{_GROUP}/"}}}
    workers = [f"{API_VERSION}.{kind}" for kind in ("Worker", "SingletonWorker")]
    return [
        {"if": {**core, "required": ["workloadType"]}, "then": has_containers},
        {"if": editor_types.is_one_of("workloadType", workers), "then": has_no_ports},
    ]


def _choose(node: Schema, key: str, offers: Iterable[Offer[Any]], *, closed: bool) -> None:
    """Restrict the value of `key` to the names of the types, and apply the definition of the named type.

    Unless `closed`, types of other groups than OAM's are accepted, because a WorkloadType object can allow them.
    """
    types = list(offers)
    type_enum = {"enum": sorted(offer.name for offer in types)}
    # a pattern, because editors offer the values of an enum
    aliases = [alias for offer in types for alias in offer.type.aliases]
    alias_patterns = [editor_types.pattern_of(aliases)] if aliases else []
    other_groups = {"pattern": f"^(?!{_GROUP}/)[^/]+/v[0-9a-z]+[.][A-Z][A-Za-z0-9]*$"}
    node["properties"][key]["anyOf"] = [type_enum, *alias_patterns, *([] if closed else [other_groups])]
    node["allOf"] = [
        {
            "if": editor_types.is_named(key, (offer.name, *offer.type.aliases)),
            "then": _reference(editor_types.key_of(offer)),
        }
        for offer in types
    ]
