"""The inputs of rendering as values: documents, observed objects, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import msgspec

from rudr_py.api import Kind, Member, Ref
from rudr_py.catalog import OWN_PACKAGE, package_and_version
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.definition import ScopeDefinition, TraitDefinition, WorkloadTypeDefinition
from rudr_py.model.document import Parsed, Positions
from rudr_py.model.kubernetes import Release
from rudr_py.render.values.pins import Pin
from rudr_py.settings import DEFAULT_LIMITS, NO_DEFAULTS, Limits, PlatformDefaults


class Observed(Protocol):
    """The current objects of the application in the cluster."""

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The objects of a kind that belong to an instance, including pods, without managedFields.

        With `instance` "" those that the application itself owns: the objects of its scopes. Of volume claims those of
        all its instances, former ones included, and of applications that do not exist any more.
        Each call returns new documents, which types may modify.
        """
        ...

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """The object of the namespace that `ref` names, whichever owner it has, or None; a new document each time."""
        ...


class NothingObserved:
    """No observed objects, for offline rendering."""

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """Always empty."""
        del instance, kind
        return ()

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """Always None."""
        del ref
        return None


NOTHING = NothingObserved()


class SharedObjects:
    """Observed objects that are read once for all readers, which must not modify them."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._documents: dict[tuple[str, Kind], tuple[dict[str, Any], ...]] = {}

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The objects of a kind that belong to an instance, as of the first call."""
        documents = self._documents.get((instance, kind))
        if documents is None:
            documents = self._documents[instance, kind] = self._observed.documents(instance, kind)
        return documents

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """The object that `ref` names; a new document each time."""
        return self._observed.document(ref)

    def for_type(self, package: str) -> Observed:
        """The objects for a type of a package: those of plugins may modify theirs."""
        return self if package_and_version(package)[0] == OWN_PACKAGE else self._observed


class RecordedKinds:
    """Observed objects, with a record of the kinds that were read."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self.kinds: set[Kind] = set()

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The objects of a kind that belong to an instance."""
        self.kinds.add(kind)
        return self._observed.documents(instance, kind)

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """The object that `ref` names."""
        self.kinds.add(ref.kind)
        return self._observed.document(ref)


class DeclaredScope(msgspec.Struct, frozen=True, order=True):
    """A scope of the namespace: the application that declares it, the name of its binding, its type as written.

    `is_private` is whether only instances of its own application may be members.
    """

    application: str
    name: str
    type: str
    is_private: bool = False


class Run(msgspec.Struct, frozen=True):
    """A run of an object that runs once: its name, the digest of its inputs, and its state.

    `state` is `running`, `complete` or `failed`.
    """

    name: str
    inputs: str
    state: str


class ComponentVersion(msgspec.Struct, frozen=True):
    """The version of a ComponentSchematic as the API server counts it."""

    generation: int
    resource_version: str


Runs = Mapping[str, Mapping[str, Run]]
"""Instance -> name of an object -> its run."""


TypeKey = tuple[str, str]
"""A type in an application: (instance, trait), (instance, "") for the workload type, ("", scope) for a scope."""

Times = Mapping[str, datetime]
"""Digest of a value of a document -> the time at which the value was first seen."""


class Definitions(msgspec.Struct, frozen=True, kw_only=True):
    """The Trait, WorkloadType and ApplicationScope objects of the definitions namespace, by the objects' names.

    Invalid ones are included: their problems are reported to the applications that use them.
    """

    traits: Mapping[str, Parsed[TraitDefinition]] = msgspec.field(default_factory=dict)
    workloads: Mapping[str, Parsed[WorkloadTypeDefinition]] = msgspec.field(default_factory=dict)
    scopes: Mapping[str, Parsed[ScopeDefinition]] = msgspec.field(default_factory=dict)


NO_DEFINITIONS = Definitions()


class Inputs(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One application with all documents and objects that its plan depends on.

    `components` maps the names of the existing ComponentSchematics to their parsed
    form. `attached` is from the previous status: (instance, trait) -> when the trait
    was first applied, and ("", scope) for a scope. `first_seen` is too: the times that `Context.first_seen` returned,
    under the same keys, and (instance, "") for a workload type; a key is absent if the status stores no times for it.
    `positions` are those in files, by component name, `""` for the application. `edited` is the time of the last edit
    of each document, under the same keys; a time is absent if it is unknown.

    `component_versions` are those of the existing components; empty for documents from files. `pins` are the components
    that run as of the current revision instead of as their documents are; they have no version. `has_manual_updates` is
    whether changes of components wait for a promotion.
    `definitions` are the objects of the definitions namespace. `scopes_of` are all scopes of the namespace, as
    `membership.declared` returns them. `root` names the application whose scopes take the instances that are in
    no other, "" for none.
    For the application's own scopes, by the names of their bindings: `members` are those of all applications (of those
    of this application only the health is used), `probe_results` the results by the names of the probes.

    `packages` is from the previous status: type -> the package that provided it, with its version.
    `defaults` are those of the platform for this namespace: their `pod_security` is `none` or `restricted`.
    `unknown_defaults` is why they are not known, "" if they are; nothing may be applied then. `limits` are those of the
    application. `kubernetes` is the release of the cluster, None if it is unknown.
    """

    application: Application
    parsed: Parsed[Application]
    components: Mapping[str, Parsed[Component]]
    now: datetime
    component_versions: Mapping[str, ComponentVersion] = msgspec.field(default_factory=dict)
    pins: Mapping[str, Pin] = msgspec.field(default_factory=dict)
    has_manual_updates: bool = False
    observed: Observed = NOTHING
    attached: Mapping[TypeKey, datetime] = msgspec.field(default_factory=dict)
    first_seen: Mapping[TypeKey, Times] = msgspec.field(default_factory=dict)
    edited: Mapping[str, datetime] = msgspec.field(default_factory=dict)
    positions: Mapping[str, Positions] = msgspec.field(default_factory=dict)
    definitions: Definitions = NO_DEFINITIONS
    scopes_of: Mapping[str, tuple[DeclaredScope, ...]] = msgspec.field(default_factory=dict)
    root: str = ""
    members: Mapping[str, tuple[Member, ...]] = msgspec.field(default_factory=dict)
    probe_results: Mapping[str, Mapping[str, str | None]] = msgspec.field(default_factory=dict)
    packages: Mapping[str, str] = msgspec.field(default_factory=dict)
    defaults: PlatformDefaults = NO_DEFAULTS
    unknown_defaults: str = ""
    kubernetes: Release | None = None
    limits: Limits = DEFAULT_LIMITS

    @cached_property
    def instance_names(self) -> tuple[str, ...]:
        """The names of the instances, as listed."""
        return tuple(binding.instance_name for binding in self.application.components)
