"""Definitions of the cluster that are wrong: they are ignored, and reported. Pure.

A definition is wrong if its document has errors, its schema cannot be used, or it names workload types that do not
exist. Definitions that the controller has published itself repeat the installed types and are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.api import Trait
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import Problem
from rudr_py.model import parameter_types, suggest
from rudr_py.model.component import Parameter
from rudr_py.model.definition import ScopeDefinition, TraitDefinition, WorkloadTypeDefinition
from rudr_py.model.document import Parsed
from rudr_py.model.identity import TypeName
from rudr_py.render.types import cluster_schemas, extended_workload
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Definitions

ANY = "*"

SHOWN = 5
"""The most problems of one definition that are reported."""


class DefinitionFault(msgspec.Struct, frozen=True, kw_only=True):
    """The problems of a definition, of which there is at least one. `is_ignored` is whether it has no effect."""

    kind: str
    name: str
    problems: tuple[Problem, ...]
    is_ignored: bool = True

    @property
    def title(self) -> str:
        """The definition as the subject of a message."""
        return title(self.kind, self.name)

    @property
    def _state(self) -> str:
        return "is ignored" if self.is_ignored else "is used in part"

    def warnings(self) -> tuple[Problem, ...]:
        """The problems as warnings of an application that uses the type."""
        return tuple(
            msgspec.structs.replace(
                problem,
                message=f"{self.title} {self._state}: {problem.message}",
                document=f"{self.kind.lower()}/{self.name}",
            )
            for problem in self.problems[:SHOWN]
        )

    def __str__(self) -> str:
        listed = "; ".join(f"{problem.path}: {problem.message}" for problem in self.problems[:SHOWN])
        more = len(self.problems) - SHOWN
        return f"{self.title} {self._state}: {listed}" + (f"; and {more} more" if more > 0 else "")


def title(kind: str, name: str) -> str:
    """A definition as the subject of a message."""
    return f'the {kind} object "{name}" of this cluster'


def object_names(offer: Offer[Trait[Any]]) -> Iterator[str]:
    """The names of the Trait objects that narrow a trait, the first one first; names may repeat."""
    for spelling in (offer.name, *offer.type.aliases):
        yield from (spelling, labels.object_name(spelling))


def is_published(parsed: Parsed[Any]) -> bool:
    """Whether the controller published the definition itself."""
    return parsed.value is not None and labels.is_managed(parsed.value.metadata.labels)


def all_faults(definitions: Definitions, catalog: Catalog) -> tuple[DefinitionFault, ...]:
    """Every definition that is wrong, by kind and name."""
    return tuple(_all(definitions, catalog))


def _all(definitions: Definitions, catalog: Catalog) -> Iterator[DefinitionFault]:
    for name, trait in sorted(definitions.traits.items()):
        if fault := of_trait(definitions, catalog, name, trait):
            yield fault
    for name, workload in sorted(definitions.workloads.items()):
        if (fault := of_workload(name, workload)) and not is_installed(workload, catalog):
            yield fault
    for name, scope in sorted(definitions.scopes.items()):
        if fault := of_scope(name, scope):
            yield fault


def of_trait(
    definitions: Definitions, catalog: Catalog, name: str, parsed: Parsed[TraitDefinition]
) -> DefinitionFault | None:
    """The fault of the Trait object `name`, if it is wrong."""
    if is_published(parsed):
        return None
    problems = list(parsed.problems)
    if parsed.value is not None and not problems:
        problems += _of_schema(parsed.value.properties, "$.spec.properties")
        problems += _unknown_types(definitions, catalog, parsed.value.applies_to)
    return _fault("Trait", name, problems)


def of_scope(name: str, parsed: Parsed[ScopeDefinition]) -> DefinitionFault | None:
    """The fault of the ApplicationScope object `name`, if it is wrong."""
    if is_published(parsed):
        return None
    problems = list(parsed.problems)
    if parsed.value is not None and not problems:
        problems += _of_schema(parameters_schema(parsed.value.parameters), "$.spec.parameters")
    return _fault("ApplicationScope", name, problems)


def of_workload(name: str, parsed: Parsed[WorkloadTypeDefinition]) -> DefinitionFault | None:
    """The fault of the WorkloadType object `name`, if it is wrong."""
    if is_published(parsed):
        return None
    problems = list(parsed.problems)
    if parsed.value is not None and not problems:
        group = parsed.value.group
        if extended_workload.is_forbidden(group):
            problems.append(Problem(f"kinds of the group {group} are never admitted", "$.spec.group", rule="WT-2"))
        problems += _of_schema(extended_workload.settings_schema(parsed.value.settings), "$.spec.settings")
    fault = _fault("WorkloadType", name, problems)
    unknown = tuple(_unknown_settings(parsed.value)) if parsed.value is not None else ()
    if fault is None and unknown:
        return DefinitionFault(kind="WorkloadType", name=name, problems=unknown, is_ignored=False)
    return fault


def parameters_schema(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """The parameters of a scope as a JSON Schema."""
    return {
        "type": "object",
        "properties": {
            parameter.name: parameter_types.JSON_SCHEMAS.get(parameter.type, {}) for parameter in parameters
        },
        "required": [parameter.name for parameter in parameters if parameter.required and parameter.default is None],
    }


def is_installed(parsed: Parsed[WorkloadTypeDefinition], catalog: Catalog) -> bool:
    """Whether a package provides the type of a WorkloadType object, which then has no effect."""
    value = parsed.value
    types = (TypeName.parse(name) for name in catalog.workloads)
    return value is not None and any(
        type_name is not None and extended_workload.defines(value, type_name) for type_name in types
    )


def _fault(kind: str, name: str, problems: list[Problem]) -> DefinitionFault | None:
    return DefinitionFault(kind=kind, name=name, problems=tuple(problems)) if problems else None


def _of_schema(schema: Mapping[str, Any], path: str) -> Iterator[Problem]:
    reason = cluster_schemas.unusable(schema)
    if reason:
        yield Problem(f"the schema cannot be used: {reason}", path, rule="TR-16")


def _unknown_settings(definition: WorkloadTypeDefinition) -> Iterator[Problem]:
    """A problem for each setting with an unknown type. To ignore the object would refuse every use of the kind."""
    for index, setting in enumerate(definition.settings):
        if setting.type not in parameter_types.SCOPE_PARAMETER_TYPES:
            message = f'the type "{setting.type}" is unknown, so values of "{setting.name}" are not checked'
            yield Problem(message, f"$.spec.settings[{index}].type", rule="WT-2")


def _unknown_types(definitions: Definitions, catalog: Catalog, names: tuple[str, ...]) -> Iterator[Problem]:
    """A problem for each workload type that no package provides and no WorkloadType object defines."""
    missing = [(index, name) for index, name in enumerate(names) if name != ANY and name not in catalog.workloads]
    if not missing:
        return
    withheld = {name for plugin in catalog.plugins for name in plugin.types}
    for index, name in missing:
        if name not in withheld and not _is_defined(definitions, name):
            hint = suggest.nearest(name, catalog.workloads) or suggest.nearest_kind(name, catalog.workloads)
            message = f'no package provides the workload type "{name}", and no WorkloadType object admits it.{hint}'
            yield Problem(message.removesuffix("."), f"$.spec.appliesTo[{index}]", rule="TR-16")


def _is_ignored(fault: DefinitionFault | None) -> bool:
    return fault is not None and fault.is_ignored


def _is_defined(definitions: Definitions, name: str) -> bool:
    type_name = TypeName.parse(name)
    return type_name is not None and any(
        parsed.value is not None
        and extended_workload.defines(parsed.value, type_name)
        and not _is_ignored(of_workload(key, parsed))
        for key, parsed in definitions.workloads.items()
    )
