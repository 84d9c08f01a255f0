"""The other kinds of the group as frozen values: definitions of types, ComponentInstance and HealthScope.

Trait (OAM v1alpha1 §5), WorkloadType (§7) and ApplicationScope (§4) declare types;
ComponentInstance and HealthScope are the kinds that Rudr wrote. Values only.
"""

from __future__ import annotations

import msgspec

from rudr_py.model.component import Parameter, Setting
from rudr_py.model.document import Json
from rudr_py.model.identity import Metadata


class TraitDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A Trait. `applies_to` holds workload types or "*"; `properties` is a JSON Schema, {} when none."""

    metadata: Metadata
    applies_to: tuple[str, ...] = ("*",)
    properties: dict[str, Json] = {}


class WorkloadTypeDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A WorkloadType. `settings` are those that a component of the type may use (WT-3); their values are defaults."""

    metadata: Metadata
    group: str
    version: str
    kind: str
    singular: str = ""
    plural: str = ""
    settings: tuple[Setting, ...] = ()


class ScopeDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """An ApplicationScope. `type` is GROUP/VERSION.Kind as written."""

    metadata: Metadata
    type: str
    allow_component_overlap: bool = False
    parameters: tuple[Parameter, ...] = ()


class ComponentInstance(msgspec.Struct, frozen=True, kw_only=True):
    """A ComponentInstance. `health` is its whole status, `healthy`, `unhealthy` or "" (none yet)."""

    metadata: Metadata
    traits: tuple[Json, ...] = ()
    health: str = ""


class HealthScope(msgspec.Struct, frozen=True, kw_only=True):
    """A HealthScope with the fields of Rudr's `spec`. Times are seconds; rates and percentages go to 100."""

    metadata: Metadata
    probe_method: str
    probe_endpoint: str
    probe_timeout: int = 30
    probe_interval: int = 30
    failure_rate_threshold: float = 0.0
    healthy_rate_threshold: float = 100.0
    health_threshold_percentage: float = 100.0
    required_healthy_components: tuple[str, ...] = ()
