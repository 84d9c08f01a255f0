"""The public API of rudr_py: everything that a plugin may import is here or in a public module of this package.

A plugin is a pip package with an entry point in the group `rudr_py.plugins` whose module implements one hook:

    from rudr_py.api import Kind, Manifest, Rendered, Trait, TraitContext, hookimpl

    RUDR_API_VERSION = "1.0"

    @hookimpl
    def rudr_register_types():
        return [MyTrait()]

`RUDR_API_VERSION` is optional: the version of this API that the module, or one type of it, is written for. A plugin
that asks for another major number, or for a higher minor number than API_VERSION, is not loaded.

Nothing here does I/O, and nothing else of rudr_py is public. Within one major number of API_VERSION, names are added
and never changed or removed.

types        Trait, PodTrait, WorkloadType, Scope: the base classes of all types
values       the values that a type returns
context      the arguments of a call: TraitContext, WorkloadContext, ScopeContext
component    the classes of the component model, for annotations
fields       get_in, mappings_in: read objects that other programs wrote
properties   one declaration of properties, a JSON Schema and a typed value
autoscaling  metrics and behavior of autoscaling/v2, as properties
forms        forms of values that properties of many types have: names, ports, quantities
kstatus      assess: the health of any Kubernetes object
pods         explain: why the pods of a workload are not ready
pod_annotations  copied: the annotations of a component that its pods get
pod_templates  pod_template: the pod template of a component, as Server and Worker have it
places       PodTemplatePlace: the pod templates that a trait edits
pod_security  restricted_pod, restricted_container: the fields that the Pod Security Standard `restricted` requires
claims       InstanceClaims: the claim that pods mount for a volume
service_ports  problem, only_port: the port of the Service that a property servicePort selects
documents    attached_traits: the instances of a file that have a trait, for a command of a package
targets      ExportTarget, Engine: other platforms than Kubernetes, for rudr export and rudr up
naming       names of at most 63 characters, for code without a context: join, distinct
"""

from __future__ import annotations

import pluggy

from rudr_py.api.context import (
    Attached,
    Context,
    InstanceContext,
    Member,
    ScopeContext,
    TraitContext,
    WorkloadContext,
)
from rudr_py.api.fields import get_in, mappings_in
from rudr_py.api.places import PodTemplatePlace
from rudr_py.api.pod_templates import PodTemplate, pod_template
from rudr_py.api.types import PodTrait, Scope, Trait, Type, WorkloadType
from rudr_py.api.values import (
    Dependency,
    DropField,
    Health,
    Hold,
    InvalidProperties,
    Json,
    Manifest,
    Path,
    Probe,
    Ref,
    Rendered,
    Rule,
    Scale,
    SetField,
    reject,
)
from rudr_py.errors import Problem
from rudr_py.model.kinds import Kind

API_VERSION = "1.1"
"""The version of this API. A plugin states the version it is written for as `RUDR_API_VERSION`."""

hookimpl = pluggy.HookimplMarker("rudr_py")
"""Marks the plugin's function `rudr_register_types`."""

__all__ = [
    "API_VERSION",
    "Attached",
    "Context",
    "Dependency",
    "DropField",
    "Health",
    "Hold",
    "InstanceContext",
    "InvalidProperties",
    "Json",
    "Kind",
    "Manifest",
    "Member",
    "Path",
    "PodTemplate",
    "PodTemplatePlace",
    "PodTrait",
    "Probe",
    "Problem",
    "Ref",
    "Rendered",
    "Rule",
    "Scale",
    "Scope",
    "ScopeContext",
    "SetField",
    "Trait",
    "TraitContext",
    "Type",
    "WorkloadContext",
    "WorkloadType",
    "get_in",
    "hookimpl",
    "mappings_in",
    "pod_template",
    "reject",
]
