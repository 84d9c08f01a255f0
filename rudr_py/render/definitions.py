"""The installed types as Trait, WorkloadType and ApplicationScope objects, for `kubectl get traits`.

Pure: the controller applies them in the definitions namespace. Names are Rudr's where it had one. These objects are
never used to check documents.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from rudr_py.api import Scope, Trait, Type, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.model.identity import API_VERSION, CORE_GROUP, TypeName
from rudr_py.model.metadata_keys import PACKAGE_ANNOTATION, SCHEMA_ANNOTATION
from rudr_py.model.parameter_types import has_type
from rudr_py.render import applicability
from rudr_py.render.types import specification_types
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
    annotations = {PACKAGE_ANNOTATION: offer.package}
    if isinstance(type_, Trait):
        kind, spec = "Trait", _trait(offer, catalog)
    elif isinstance(type_, WorkloadType):
        kind, spec = "WorkloadType", _workload(offer)
    elif isinstance(type_, Scope):
        kind, spec = "ApplicationScope", _scope(offer, type_)
    if spec is None:
        return None
    if kind != "Trait" and offer.schema.get("properties"):
        annotations[SCHEMA_ANNOTATION] = _text(offer.schema)
    if description := _description(type_):
        annotations["description"] = description
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
    schema = _text(offer.schema)
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
        **_listed("settings", offer.schema, is_core=parsed.group == CORE_GROUP),
    }


def _scope(offer: Offer[Any], scope_type: Scope[Any]) -> dict[str, Any]:
    parsed = TypeName.parse(offer.name)
    parameters = _listed("parameters", offer.schema, is_core=parsed is not None and parsed.group == CORE_GROUP)
    return {"type": offer.name, "allowComponentOverlap": scope_type.allow_overlap, **parameters}


def _text(schema: Mapping[str, Any]) -> str:
    return msgspec.json.encode(schema, order="deterministic").decode()


def _listed(field: str, schema: Mapping[str, Any], *, is_core: bool) -> dict[str, Any]:
    """The properties of a schema as the list `field`; {} if the types of the specification cannot describe all of them.

    A list without one of them would exclude it, because a component uses only settings that its type lists (WT-3); the
    same applies to properties of any name.
    A property with several types is described by one of them in a core type only: the specification defines the core
    scopes so, and the other types are an extension.
    """
    required = schema.get("required", ())
    # convert Python's defaults, such as tuples, to JSON
    declared = msgspec.json.decode(msgspec.json.encode(schema.get("properties", {})))
    entries: list[dict[str, Any]] = []
    if declared and not specification_types.is_closed(schema):
        return {}
    for name, property_schema in declared.items():
        accepted = specification_types.accepted(property_schema)
        described = [type_name for type_name in accepted if type_name in specification_types.TYPES]
        if not described or not (is_core or len(accepted) == 1):
            return {}
        text, default = property_schema.get("description"), property_schema.get("default")
        fitting = [type_name for type_name in described if default is not None and has_type(default, type_name)]
        entries.append(
            {
                "name": name,
                "required": name in required,
                "type": (fitting or described)[0],
                **({"default": default} if fitting else {}),
                **({"description": text} if text else {}),
            }
        )
    return {field: entries}
