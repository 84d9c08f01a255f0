"""ApplicationConfiguration (OAM v1alpha1 §6) as frozen values: the document of an application operator.

Values only; `[fromVariable(x)]` is not replaced in them yet (`resolve` does that).
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from rudr_py.errors import Problem
from rudr_py.model import names, paths
from rudr_py.model.document import Json
from rudr_py.model.identity import Metadata
from rudr_py.settings import RemovalPolicy

Steps: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead from one place of a document to another."""


SIMPLE: Final = ""
"""The name of a property that is the whole of `properties`: a simple value instead of a map (TR-19)."""


class PropertiesBinding(msgspec.Struct, frozen=True, kw_only=True):
    """A trait or scope with its properties. `name` and the keys of `properties` are as written.

    `properties_key` is where the properties stand in the document: `properties`, `parameterValues`, or ""
    when they stand beside `name` itself. `property_steps` leads from the binding to each single one, and to the entries
    without a value, which are not in `properties`.
    """

    name: str
    properties: dict[str, Json] = {}
    properties_key: str = "properties"
    property_steps: dict[str, Steps] = {}

    def steps_to(self, *inner: str | int) -> Steps:
        """The steps from the binding to a place in its properties; for `paths.child`."""
        if inner and isinstance(inner[0], str) and inner[0] in self.property_steps:
            return (*self.property_steps[inner[0]], *inner[1:])
        return (self.properties_key, *inner) if self.properties_key else inner


class TraitBinding(PropertiesBinding, frozen=True, kw_only=True):
    """A trait attached to an instance."""


class ScopeBinding(PropertiesBinding, frozen=True, kw_only=True):
    """A scope that the application creates. `type` is GROUP/VERSION.Kind as written."""

    type: str


class ComponentBinding(msgspec.Struct, frozen=True, kw_only=True):
    """A component that the application instantiates.

    `application_scopes` are names of scopes, or, as in Rudr, of the applications that create them.
    `parameter_steps` leads from the binding to each value: `("parameterValues", 0, "value")`.
    """

    component_name: str
    instance_name: str
    parameter_values: dict[str, Json] = {}
    traits: tuple[TraitBinding, ...] = ()
    application_scopes: tuple[str, ...] = ()
    parameter_steps: dict[str, Steps] = {}


class IgnoreRule(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of the application's objects that are left to other managers, from an annotation of the application.

    An object matches by `kind`, and by `group` and `name` unless they are empty. `pointers` are JSON pointers as steps;
    those with an error are empty. `path` is the JSON path of the rule.
    """

    kind: str
    group: str = ""
    name: str = ""
    pointers: tuple[tuple[str, ...], ...] = ()
    path: str = ""

    def matches(self, group: str, kind: str, name: str) -> bool:
        """Whether the rule is for this object."""
        return kind == self.kind and self.group in ("", group) and self.name in ("", name)


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """An ApplicationConfiguration. `removal` is None where the setting of the controller applies."""

    metadata: Metadata
    variables: dict[str, Json] = {}
    scopes: tuple[ScopeBinding, ...] = ()
    components: tuple[ComponentBinding, ...] = ()
    ignore_rules: tuple[IgnoreRule, ...] = ()
    removal: RemovalPolicy | None = None

    def with_instance(self, problem: Problem) -> Problem:
        """The problem of this document with the name of the instance that its path leads to, if any."""
        index = paths.component_index(problem.path)
        if problem.document or index is None or index >= len(self.components):
            return problem
        name = self.components[index].instance_name
        return problem if names.wrong_object_name(name) else msgspec.structs.replace(problem, instance=name)
