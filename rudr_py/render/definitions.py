"""The installed types as Trait, WorkloadType and ApplicationScope objects, for `kubectl get traits`.

Pure: the controller applies them in the definitions namespace. Names are Rudr's where it had one. These objects are
never used to check documents.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.api import Scope, Trait, Type, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.model.identity import API_VERSION, CORE_GROUP, TypeName
from rudr_py.model.metadata_keys import PACKAGE_ANNOTATION
from rudr_py.model.parameter_types import SCOPE_PARAMETER_TYPES, has_type
from rudr_py.render import applicability
from rudr_py.render.values import labels

_RUDR_NAMES: Mapping[str, str] = {
    f"{API_VERSION}.HealthScope": "health",
    f"{API_VERSION}.NetworkScope": "network",
}

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def publish(catalog: Catalog, namespace: str) -> tuple[dict[str, Any], ...]:
    """The definitions of all installed types as whole objects, for each kind in the order of the types' names.

    If the names of two types give the same object name, only the first is published.
    """
    documents: dict[tuple[str, str], dict[str, Any]] = {}
    for offer in catalog.offers():
        document = _document(offer, catalog, namespace)
        if document is not None:
            documents.setdefault((document["kind"], document["metadata"]["name"]), document)
    return tuple(documents.values())


def _document(offer: Offer[Any], catalog: Catalog, namespace: str) -> dict[str, Any] | None:
    """None for a type that a definition cannot describe: a workload type without a group."""
    type_ = offer.type
    kind, spec = "", None
    if isinstance(type_, Trait):
        kind, spec = "Trait", _trait(offer, catalog)
    elif isinstance(type_, WorkloadType):
        kind, spec = "WorkloadType", _workload(offer)
    elif isinstance(type_, Scope):
        kind, spec = "ApplicationScope", _scope(offer, type_)
    if spec is None:
        return None
    description = _description(type_)
    annotations = {PACKAGE_ANNOTATION: offer.package, **({"description": description} if description else {})}
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {
            "name": _name(offer.name),
            "namespace": namespace,
            "labels": {labels.MANAGED_BY: labels.MANAGER},
            "annotations": annotations,
        },
        "spec": spec,
    }


def _name(name: str) -> str:
    """The name of the object: `manual-scaler`, `singleton-server`, `function.v1alpha2.openfaas.com`."""
    parsed = TypeName.parse(name)
    if parsed is None:
        return labels.object_name(name)
    kind = _CAPITAL.sub("-", parsed.kind)
    text = kind if parsed.group == CORE_GROUP else f"{kind}.{parsed.version}.{parsed.group}"
    return _RUDR_NAMES.get(name) or labels.object_name(text)


def _description(type_: Type[Any]) -> str:
    text = inspect.getdoc(type(type_)) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _trait(offer: Offer[Any], catalog: Catalog) -> dict[str, Any]:
    """The schema and the workload types that the controller accepts with the types of the catalog."""
    schema = msgspec.json.encode(offer.schema, order="deterministic").decode()
    return {"appliesTo": list(applicability.applies_to(offer, catalog)), "properties": schema}


def _workload(offer: Offer[Any]) -> dict[str, Any] | None:
    parsed = TypeName.parse(offer.name)
    if parsed is None:
        return None
    singular = parsed.kind.lower()
    return {
        "group": parsed.group,
        "version": parsed.version,
        "names": {"kind": parsed.kind, "singular": singular, "plural": f"{singular}s"},
        "settings": list(_parameters(offer.schema)),
    }


def _scope(offer: Offer[Any], scope_type: Scope[Any]) -> dict[str, Any]:
    return {
        "type": offer.name,
        "allowComponentOverlap": scope_type.allow_overlap,
        "parameters": list(_parameters(offer.schema)),
    }


def _parameters(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    required = schema.get("required", ())
    # convert Python's defaults, such as tuples, to JSON
    declared = msgspec.json.decode(msgspec.json.encode(schema.get("properties", {})))
    for name, schema_node in declared.items():
        property_schema = schema_node if isinstance(schema_node, dict) else {}
        text = property_schema.get("description")
        description = {"description": text} if text else {}
        yield {"name": name, "required": name in required, **_type(property_schema), **description}


def _type(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The type and the default in the form of definitions, which have a single type: the first that is not null."""
    branches = [declared, *declared.get("anyOf", ()), *declared.get("oneOf", ())]
    named = (branch.get("type") for branch in branches if isinstance(branch, dict))
    flat = (name for type_name in named for name in (type_name if isinstance(type_name, list) else [type_name]))
    types = [name for name in flat if name in SCOPE_PARAMETER_TYPES and name != "null"] or ["string"]
    default = declared.get("default")
    if default is None:
        return {"type": types[0]}
    fitting = next((name for name in types if has_type(default, name)), None)
    return {"type": types[0]} if fitting is None else {"type": fitting, "default": default}
