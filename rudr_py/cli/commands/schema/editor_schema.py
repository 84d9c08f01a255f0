"""The schema that an editor checks documents by: all kinds of OAM, and the properties of every installed type. Pure.

Draft-07, because yaml-language-server reads no later one. Kinds and types are told apart by if/then, never by oneOf:
so that a mistake is told at its own line, not as "matches no alternative".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.commands.schema import editor_types, json_schema
from rudr_py.cli.commands.schema.json_schema import Schema
from rudr_py.cli.types import facts
from rudr_py.cli.types import names as typenames
from rudr_py.model import names
from rudr_py.model.crd_schemas import crds, nodes
from rudr_py.model.crd_schemas.crds import CrdKind
from rudr_py.model.identity import API_VERSION, CORE_GROUP
from rudr_py.model.parameter_types import PARAMETER_TYPES

_OWN_KINDS: Final = ["ApplicationConfiguration", "ComponentSchematic"]
"""Kinds that nobody else has: such a document is OAM's, whatever its apiVersion says."""

_GROUP: Final = CORE_GROUP.replace(".", "[.]")

_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_AMOUNT: Final = {"type": ["string", "number"]}
_FLAG: Final = {"type": ["boolean", "string"]}


def schema(catalog: Catalog) -> Schema:
    """The schema. Documents of other groups, which may stand in the same file, are taken as they are."""
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
                "kind": {"description": "What the document is.", "enum": list(kinds)},
            },
            "allOf": [{"if": editor_types.is_one_of("kind", [name]), "then": _reference(name)} for name in kinds],
        },
        "definitions": {"variable": json_schema.VARIABLE, "metadata": _metadata(), **kinds, **types},
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _metadata() -> Schema:
    texts = {"type": ["object", "null"], "additionalProperties": {"type": "string"}}
    known = {
        "version": {"type": "string", "description": "The version of this document's content, such as 1.0.0."},
        "description": {"type": "string", "description": "What it is, for people."},
    }
    return {
        "type": "object",
        "description": "Name, labels and annotations.",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": "Unique among the objects of its kind in the namespace."},
            "namespace": {"type": "string", "description": "The namespace; that of kubectl when it is left out."},
            "labels": {**texts, "description": "Labels of the object."},
            "annotations": {**texts, "description": "Annotations of the object.", "properties": known},
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
    """The node at a path of properties; through lists, too."""
    for name in path:
        node = node.get("items", node)["properties"][name]
    found: Schema = node.get("items", node)
    return found


def _refine_application(spec: Schema, catalog: Catalog) -> None:
    """Say what the CRD leaves to the controller, because it depends on types."""
    _inside(spec, "variables")["properties"]["value"].update(_SCALAR)
    binding = _inside(spec, "components")
    binding["properties"]["instanceName"] |= {
        "pattern": f"^{names.OBJECT_FORM}$",
        "maxLength": names.LONGEST,
        "patternErrorMessage": "Lower-case letters and digits, and inside also - and .",
    }
    name = {"type": "string", "description": "Name of the parameter."}
    value = {"name": name, "value": {"description": "Its value."}}
    binding["properties"]["parameterValues"] |= {
        "type": ["array", "object", "null"],
        "items": {"type": "object", "required": ["name", "value"], "properties": value, "additionalProperties": False},
    }
    trait = _inside(spec, "components", "traits")
    trait["properties"]["parameterValues"]["deprecationMessage"] = "write properties, with a map"
    trait["defaultSnippets"] = [_snippet(offer, catalog) for offer in typenames.of_sort(catalog, "trait")]
    _choose(trait, "name", typenames.of_sort(catalog, "trait"), closed=True)
    _choose(_inside(spec, "scopes"), "type", typenames.of_sort(catalog, "scope"), closed=True)


def _snippet(offer: Offer[Any], catalog: Catalog) -> Schema:
    """A whole binding of the trait, for editors to insert."""
    explained = facts.explain(offer, catalog)
    (binding,) = explained.example["traits"] if explained.example else ({"name": offer.name},)
    return {"label": offer.name, "description": " ".join(explained.about), "body": binding}


def _refine_component(spec: Schema, catalog: Catalog) -> None:
    """Say what the CRD says in CEL, or leaves to the controller because Rudr took many shapes."""
    workloads = typenames.of_sort(catalog, "workload")
    properties = spec["properties"]
    properties["osType"]["enum"] = properties["os"]["enum"] = ["linux", "windows"]
    properties["os"]["deprecationMessage"] = "write osType"
    for listed in ("parameters", "workloadSettings"):
        _inside(spec, listed)["properties"]["required"].update(_FLAG)
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
    """A core type has containers, and those that do not listen have no ports."""
    some = {"required": ["containers"], "properties": {"containers": {"minItems": 1}}}
    silent = {"properties": {"containers": {"items": {"properties": {"ports": {"maxItems": 0}}}}}}
    core = {"properties": {"workloadType": {"pattern": f"^{_GROUP}/"}}}
    quiet = [f"{API_VERSION}.{kind}" for kind in ("Worker", "SingletonWorker")]
    return [
        {"if": {**core, "required": ["workloadType"]}, "then": some},
        {"if": editor_types.is_one_of("workloadType", quiet), "then": silent},
    ]


def _choose(node: Schema, key: str, offers: Iterable[Offer[Any]], *, closed: bool) -> None:
    """Let `key` name one of the types, and the type say what else there is to say.

    Unless `closed`, types of groups other than OAM's own are taken, too: a WorkloadType object may admit them.
    """
    known = list(offers)
    names_ = {"enum": sorted(offer.name for offer in known)}
    # a pattern, because other spellings are not to be offered
    aliases = [alias for offer in known for alias in offer.type.aliases]
    others = [editor_types.pattern_of(aliases)] if aliases else []
    foreign = {"pattern": f"^(?!{_GROUP}/)[^/]+/v[0-9a-z]+[.][A-Z][A-Za-z0-9]*$"}
    node["properties"][key]["anyOf"] = [names_, *others, *([] if closed else [foreign])]
    node["allOf"] = [
        {
            "if": editor_types.is_named(key, (offer.name, *offer.type.aliases)),
            "then": _reference(editor_types.key_of(offer)),
        }
        for offer in known
    ]
