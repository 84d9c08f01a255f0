"""ApplicationConfiguration (OAM v1alpha1 §6) as frozen values: what an application operator writes.

Values only; `[fromVariable(x)]` is still unreplaced in them (`resolve` does that).
"""

from __future__ import annotations

import msgspec

from rudr_py.model.document import Json
from rudr_py.model.identity import Metadata


class TraitBinding(msgspec.Struct, frozen=True, kw_only=True):
    """A trait attached to an instance. `name` and the keys of `properties` are as written.

    `properties_key` is where the properties stand in the document: `properties`, `parameterValues`, or ""
    when they stand beside `name` itself.
    """

    name: str
    properties: dict[str, Json] = {}
    properties_key: str = "properties"


class ScopeBinding(msgspec.Struct, frozen=True, kw_only=True):
    """A scope that the application creates. `type` is GROUP/VERSION.Kind as written."""

    name: str
    type: str
    properties: dict[str, Json] = {}


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
    parameter_steps: dict[str, tuple[str | int, ...]] = {}


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """An ApplicationConfiguration."""

    metadata: Metadata
    variables: dict[str, Json] = {}
    scopes: tuple[ScopeBinding, ...] = ()
    components: tuple[ComponentBinding, ...] = ()
