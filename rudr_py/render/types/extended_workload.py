"""Workload types without a plugin: any kind that a WorkloadType object in the definitions namespace admits.

The object consists of the component's workloadSettings only; its health comes from its conditions (kstatus).
Kinds that grant rights, change the API server or contain secrets are never admitted.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from rudr_py import catalog
from rudr_py.api import Kind, Manifest, Rendered, WorkloadContext, WorkloadType
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import parameter_types, suggest
from rudr_py.model.component import Setting
from rudr_py.model.definition import WorkloadTypeDefinition
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.render.types import cluster_schemas
from rudr_py.render.types.properties import Locator
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Definitions

FORBIDDEN_GROUPS = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
        "rbac.authorization.k8s.io",
    }
)
"""Groups whose kinds are never admitted. OAM's own group and the core group (Secret, Node) are not admitted either; the
latter has no name in the form GROUP/VERSION.Kind."""

SPEC = "spec"
"""The setting that is the whole `.spec` of the object, as in Rudr."""

Settings = dict[str, Any]

_ABSENT: Final = object()


class Extended(WorkloadType[Settings]):
    """An object of an admitted kind, with the name of the instance."""

    provides = frozenset({"completion"})  # of some kinds, such as a workflow

    def render(self, ctx: WorkloadContext[Settings]) -> Rendered:
        """The object with the settings as its `spec`; a setting `spec` is merged into it."""
        settings = dict(ctx.properties)
        spec = {**settings.pop(SPEC, {}), **settings}
        unused = f"{self.name} uses only the workloadSettings; the containers have no effect"
        return Rendered(
            add=(Manifest(kind=self.produces[0], name=ctx.name(), body={"spec": spec}),),
            warnings=(unused,) if ctx.component.containers else (),
        )


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """An offer of an extended workload type and the default settings."""

    offer: Offer[WorkloadType[Any]]
    defaults: Mapping[str, Any]


class Parameters(msgspec.Struct, frozen=True):
    """The parameters of a component: the names of all, and the values of those that have one."""

    declared: Collection[str]
    values: Mapping[str, Any]


def admit(definitions: Definitions, name: str) -> Admitted | str:
    """The workload type `name` if a WorkloadType object admits it, or a hint for the user why none does."""
    type_name = TypeName.parse(name)
    if type_name is None or type_name.group == CORE_GROUP:
        return ""
    if type_name.group in FORBIDDEN_GROUPS:
        return f" Kinds of the group {type_name.group} are never admitted."
    hint = ""
    for key in sorted(definitions.workloads):
        parsed = definitions.workloads[key]
        definition = parsed.value
        if definition is None or not defines(definition, type_name) or labels.is_managed(definition.metadata.labels):
            continue
        try:
            if not parsed.problems:
                return _admitted(msgspec.json.encode([definition.settings, str(type_name), key]))
            reason = f"is not valid: {parsed.problems[0]}"
        except Exception as error:  # noqa: BLE001 - settings of the cluster may cause any exception
            reason = f"its settings are not valid: {cluster_schemas.reason(error)}"
        hint = hint or f' The WorkloadType object "{key}" would admit it, but {reason}.'
    return hint or " A WorkloadType object in the definitions namespace could admit it."


def filled(
    settings: Mapping[str, Any], literal: Collection[str], parameters: Parameters, locate: Locator
) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings with every `{fromParam: x}` inside the `literal` ones replaced by the parameter's value.

    `literal` are the names of the settings with a value in the document: values of parameters are not searched for
    references. Without a value of the parameter, the `value` next to `fromParam` is used, or the entry is removed;
    a parameter that the component does not declare is a problem.
    """
    problems: list[Problem] = []
    values = {
        name: _filled(value, parameters, (name,), problems, locate) if name in literal else value
        for name, value in settings.items()
    }
    return {name: value for name, value in values.items() if value is not _ABSENT}, tuple(problems)


def is_forbidden(group: str) -> bool:
    """Whether no kind of a group may be admitted."""
    return group == CORE_GROUP or group in FORBIDDEN_GROUPS


def defines(definition: WorkloadTypeDefinition, type_name: TypeName) -> bool:
    """Whether the definition is that of this type; the specification's form of a definition has no version."""
    same = (definition.group, definition.kind) == (type_name.group, type_name.kind)
    return same and definition.version in ("", type_name.version)


@functools.lru_cache(maxsize=256)
def _admitted(encoded: bytes) -> Admitted:
    """The offer for a definition's settings, the type and the object's name. Raises any exception."""
    settings, name, key = msgspec.json.decode(encoded, type=tuple[tuple[Setting, ...], str, str])
    parsed = TypeName.parse(name)
    assert parsed is not None, name  # noqa: S101 - it is the text of a TypeName
    produces = (Kind(parsed.api_version, parsed.kind),)
    members = {"name": name, "properties": settings_schema(settings), "produces": produces}
    declared: type[Extended] = type("Extended", (Extended,), members)
    return Admitted(
        offer=catalog.offer(declared(), package=f'the WorkloadType object "{key}"'),
        defaults={setting.name: setting.value for setting in settings if setting.value is not None},
    )


def settings_schema(settings: Sequence[Setting]) -> dict[str, Any]:
    """The settings as a JSON Schema (WT-2, WT-3); if none is declared, the only one is `spec`, as in Rudr."""
    if not settings:
        spec = {"type": "object", "description": "The spec of the object."}
        return {"type": "object", "required": [SPEC], "properties": {SPEC: spec}, "additionalProperties": False}
    properties: dict[str, dict[str, Any]] = {
        setting.name: {
            **parameter_types.JSON_SCHEMAS.get("object" if setting.name == SPEC else setting.type, {}),
            **({"description": setting.description} if setting.description else {}),
        }
        for setting in settings
    }
    required = [setting.name for setting in settings if setting.required and setting.value is None]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _filled(
    value: Any, parameters: Parameters, steps: tuple[str | int, ...], problems: list[Problem], locate: Locator
) -> Any:
    if isinstance(value, list):
        items = (_filled(item, parameters, (*steps, index), problems, locate) for index, item in enumerate(value))
        return [item for item in items if item is not _ABSENT]
    if not isinstance(value, dict):
        return value
    name = value.get("fromParam")
    if not isinstance(name, str) or not set(value) <= {"fromParam", "value"}:
        inner = {key: _filled(item, parameters, (*steps, key), problems, locate) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item is not _ABSENT}
    if name not in parameters.declared:
        message = f'the component has no parameter "{name}".{suggest.nearest(name, parameters.declared)}'
        problems.append(Problem(message, locate(*steps, "fromParam"), rule="WS-2"))
    return parameters.values.get(name, value.get("value", _ABSENT))
