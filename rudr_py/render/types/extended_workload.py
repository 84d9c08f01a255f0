"""Workload types that no plugin offers: any kind that a WorkloadType object in the definitions namespace admits.

The object is the component's workloadSettings, nothing else; its health is read off its conditions (kstatus).
Kinds that give rights, change the API server or hold secrets are never admitted, whoever asks.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import jsonschema
import msgspec

from rudr_py import catalog
from rudr_py.api import Kind, Manifest, Rendered, WorkloadContext, WorkloadType
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import parameter_types, suggest
from rudr_py.model.component import Setting
from rudr_py.model.definition import WorkloadTypeDefinition
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.render.types.properties import Where
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
"""Groups of which nothing is ever admitted, beside that of OAM itself and the core group (Secret, Node), which has no
name that a document could give."""

SPEC = "spec"
"""The setting that is the whole `.spec` of the object, as in Rudr."""

Settings = dict[str, Any]

_NOTHING: Final = object()


class Extended(WorkloadType[Settings]):
    """An object of an admitted kind, named like the instance."""

    def render(self, ctx: WorkloadContext[Settings]) -> Rendered:
        """The object with the settings as its `spec`; a setting called `spec` is all or a part of that."""
        settings = dict(ctx.properties)
        spec = {**settings.pop(SPEC, {}), **settings}
        unused = f"{self.name} is made of its workloadSettings only; the containers have no effect"
        return Rendered(
            add=(Manifest(kind=self.produces[0], name=ctx.name(), body={"spec": spec}),),
            warnings=(unused,) if ctx.component.containers else (),
        )


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """An offer of an extended workload type and the settings that a component may leave out."""

    offer: Offer[WorkloadType[Any]]
    defaults: Mapping[str, Any]


class Parameters(msgspec.Struct, frozen=True):
    """The parameters of a component: the names of all, and the values of those that have one."""

    declared: Collection[str]
    values: Mapping[str, Any]


def admit(definitions: Definitions, name: str) -> Admitted | str:
    """The workload type `name` as a WorkloadType object admits it, or what to tell the user of why none does."""
    wanted = TypeName.parse(name)
    if wanted is None or wanted.group == CORE_GROUP:
        return ""
    if wanted.group in FORBIDDEN_GROUPS:
        return f" Kinds of the group {wanted.group} are never admitted."
    for key in sorted(definitions.workloads):
        parsed = definitions.workloads[key]
        found = parsed.value
        if found is None or not _means(found, wanted) or labels.ours(found.metadata.labels):
            continue
        if parsed.problems:
            return f' The WorkloadType object "{key}" would admit it, but is wrong: {parsed.problems[0]}.'
        try:
            return _admitted(msgspec.json.encode([found.settings, str(wanted), key]))
        except jsonschema.SchemaError as error:
            return f' The WorkloadType object "{key}" would admit it, but its settings are wrong: {error.message}.'
    return " A WorkloadType object in the definitions namespace could admit it."


def filled(
    settings: Mapping[str, Any], literal: Collection[str], parameters: Parameters, where: Where
) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings with every `{fromParam: x}` inside the `literal` ones replaced by the parameter's value.

    `literal` are the names of those that stand in the document themselves: what came from a parameter is not looked
    through again. A parameter without a value leaves a `value` that stands beside `fromParam`, else nothing at all;
    one that the component does not declare is a problem.
    """
    problems: list[Problem] = []
    found = {
        name: _filled(value, parameters, (name,), problems, where) if name in literal else value
        for name, value in settings.items()
    }
    return {name: value for name, value in found.items() if value is not _NOTHING}, tuple(problems)


def _means(definition: WorkloadTypeDefinition, wanted: TypeName) -> bool:
    """Whether the definition is about this type; the specification's form of it has no version."""
    same = (definition.group, definition.kind) == (wanted.group, wanted.kind)
    return same and definition.version in ("", wanted.version)


@functools.lru_cache(maxsize=256)
def _admitted(encoded: bytes) -> Admitted:
    """The offer for a definition's settings, the type and the object's name. Raises jsonschema.SchemaError."""
    settings, name, key = msgspec.json.decode(encoded, type=tuple[tuple[Setting, ...], str, str])
    parsed = TypeName.parse(name)
    assert parsed is not None, name  # noqa: S101 - it is made of a TypeName
    members = {"name": name, "properties": _schema(settings), "produces": (Kind(parsed.api_version, parsed.kind),)}
    declared: type[Extended] = type("Extended", (Extended,), members)
    return Admitted(
        offer=catalog.offer(declared(), package=f'the WorkloadType object "{key}"'),
        defaults={setting.name: setting.value for setting in settings if setting.value is not None},
    )


def _schema(settings: Sequence[Setting]) -> dict[str, Any]:
    """The settings as a JSON Schema (WT-2, WT-3); without any declared, `spec` is the one, as in Rudr."""
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
    value: Any, parameters: Parameters, steps: tuple[str | int, ...], problems: list[Problem], where: Where
) -> Any:
    if isinstance(value, list):
        items = (_filled(item, parameters, (*steps, index), problems, where) for index, item in enumerate(value))
        return [item for item in items if item is not _NOTHING]
    if not isinstance(value, dict):
        return value
    name = value.get("fromParam")
    if not isinstance(name, str) or not set(value) <= {"fromParam", "value"}:
        inner = {key: _filled(item, parameters, (*steps, key), problems, where) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item is not _NOTHING}
    if name not in parameters.declared:
        message = f'the component has no parameter "{name}".{suggest.nearest(name, parameters.declared)}'
        problems.append(Problem(message, where(*steps, "fromParam"), rule="WS-2"))
    return parameters.values.get(name, value.get("value", _NOTHING))
