"""Workload types that no plugin offers: any kind that a WorkloadType object in the definitions namespace admits.

The object is the component's workloadSettings, nothing else; its health is read off its conditions (kstatus).
Kinds that give rights, change the API server or hold secrets are never admitted, whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rudr_py import catalog
from rudr_py.api import Context, Kind, Manifest, Refuse, Rendered, WorkloadType
from rudr_py.catalog import Offer
from rudr_py.model import suggest
from rudr_py.model.definition import WorkloadTypeDefinition
from rudr_py.model.identity import TypeName

FORBIDDEN_GROUPS = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
        "core.oam.dev",
        "rbac.authorization.k8s.io",
    }
)
FORBIDDEN_KINDS = frozenset({"Secret", "ServiceAccount", "Node", "Namespace", "PersistentVolume"})

SPEC = "spec"
"""The setting that is the whole `.spec` of the object, as in Rudr."""

Settings = dict[str, Any]


class Extended(WorkloadType[Settings]):
    """An object of an admitted kind, named like the instance."""

    def render(self, ctx: Context[Settings]) -> Rendered:
        """The object with the settings as its `spec`."""
        filled, missing = _filled(ctx.properties, ctx.parameters, "$")
        if missing:
            raise Refuse(*missing)
        spec = filled[SPEC] if SPEC in filled else filled
        return Rendered(add=(Manifest(kind=self.produces[0], name=ctx.name(), body={"spec": spec}),))


def offer(definition: WorkloadTypeDefinition) -> Offer[WorkloadType[Any]] | None:
    """An offer of the kind that the definition admits; None when it is one that is never admitted."""
    name = TypeName(definition.group, definition.version, definition.kind)
    if definition.group in FORBIDDEN_GROUPS or (not definition.group and definition.kind in FORBIDDEN_KINDS):
        return None
    declared = type(
        "Extended",
        (Extended,),
        {
            "name": str(name),
            "properties": _schema(definition),
            "produces": (Kind(name.api_version, definition.kind),),
        },
    )
    made: Offer[WorkloadType[Any]] = catalog.offer(declared(), package="the cluster's WorkloadType")
    return made


def _schema(definition: WorkloadTypeDefinition) -> dict[str, Any]:
    """The settings as a JSON Schema (WT-2, WT-3); without any declared, `spec` is the one."""
    if not definition.settings:
        return {"type": "object", "required": [SPEC], "properties": {SPEC: {"type": "object"}}}
    properties = {
        setting.name: {
            **({"type": setting.type} if setting.type and not setting.from_param else {}),
            **({"description": setting.description} if setting.description else {}),
        }
        for setting in definition.settings
    }
    required = [setting.name for setting in definition.settings if setting.required and setting.value is None]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def defaults(definition: WorkloadTypeDefinition) -> Settings:
    """What the settings are that a component leaves out."""
    return {setting.name: setting.value for setting in definition.settings if setting.value is not None}


def _filled(
    value: Any, parameters: Mapping[str, Any], path: str
) -> tuple[Any, tuple[tuple[str, str], ...]]:
    """The value with every `{fromParam: x}` in it replaced, and a problem for each unknown parameter."""
    if isinstance(value, list):
        items = [_filled(item, parameters, f"{path}[{index}]") for index, item in enumerate(value)]
        return [item for item, _ in items], tuple(problem for _, found in items for problem in found)
    if not isinstance(value, dict):
        return value, ()
    name = value.get("fromParam")
    if isinstance(name, str) and set(value) <= {"fromParam", "value"}:
        if name in parameters:
            return parameters[name], ()
        if "value" in value:
            return value["value"], ()
        hint = suggest.nearest(name, parameters)
        return None, ((f'there is no value for the parameter "{name}".{hint}', f"{path}.fromParam"),)
    found = {key: _filled(item, parameters, f"{path}.{key}") for key, item in value.items()}
    return {key: item for key, (item, _) in found.items()}, tuple(p for _, ps in found.values() for p in ps)
