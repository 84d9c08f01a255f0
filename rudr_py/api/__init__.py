"""What a plugin imports, and all that it may import.

A plugin is a pip package with an entry point in the group `rudr_py.plugins` whose module has one hook:

    from rudr_py.api import Manifest, Kind, Rendered, Trait, hookimpl

    @hookimpl
    def rudr_types():
        return [MyTrait()]

Nothing here does I/O, and nothing else of rudr_py is public. Names are added, not changed, within one major
number of API_VERSION.

types        Trait, WorkloadType, Scope: what an author derives from
values       what a type hands back
context      what a type is told
properties   one declaration of properties, a schema for everyone
kstatus      assess: the health of any Kubernetes object
pods         explain: what the pods of a workload that is not ready say of it
naming       names of at most 63 characters, for those who have no context: join, distinct
"""

from __future__ import annotations

import pluggy

from rudr_py.api.context import Attached, Context, Member
from rudr_py.api.types import Scope, Trait, Type, WorkloadType
from rudr_py.api.values import Drop, Health, Json, Kind, Manifest, Path, Probe, Ref, Refuse, Rendered, Rule, Scale, Set
from rudr_py.model.component import Component, Container, Disk, EnvVar, ExtendedResource, HealthProbe, Port, Volume

API_VERSION = "1.0"
"""The version of this module's promises; a plugin may ask for `1.x` up to this x."""

hookimpl = pluggy.HookimplMarker("rudr_py")
"""Marks the plugin's `rudr_types` function."""

__all__ = [
    "API_VERSION",
    "Attached",
    "Component",
    "Container",
    "Context",
    "Disk",
    "Drop",
    "EnvVar",
    "ExtendedResource",
    "Health",
    "HealthProbe",
    "Json",
    "Kind",
    "Manifest",
    "Member",
    "Path",
    "Port",
    "Probe",
    "Ref",
    "Refuse",
    "Rendered",
    "Rule",
    "Scale",
    "Scope",
    "Set",
    "Trait",
    "Type",
    "Volume",
    "WorkloadType",
    "hookimpl",
]
