"""Everything that rendering may look at, as values: the documents, what was seen, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from rudr_py.api import Kind, Member
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.definition import ScopeDefinition, TraitDefinition, WorkloadTypeDefinition
from rudr_py.model.document import Parsed, Positions


class Observed(Protocol):
    """The application's own objects as the cluster has them now."""

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The objects of a kind that belong to an instance, without managedFields; pods included.

        With `instance` "" those that the application itself controls: the objects of its scopes.
        Each call gives documents of its own: types may do with them what they like.
        """
        ...


class NothingObserved:
    """Nothing was observed: offline rendering."""

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """No objects."""
        del instance, kind
        return ()


NOTHING = NothingObserved()


class DeclaredScope(msgspec.Struct, frozen=True, order=True):
    """A scope of the namespace: the application that declares it, the name of its binding, its type as written."""

    application: str
    name: str
    type: str


class Run(msgspec.Struct, frozen=True):
    """What is known of an object that runs once: its name, the digest of the inputs it ran with, how far it came.

    `state` is `running`, `complete` or `failed`.
    """

    name: str
    inputs: str
    state: str


Runs = Mapping[str, Mapping[str, Run]]
"""Instance -> name of an object -> its run."""


class Definitions(msgspec.Struct, frozen=True, kw_only=True):
    """The Trait, WorkloadType and ApplicationScope objects of the definitions namespace, by the objects' names.

    Those that cannot be read belong here, too: their problems are told to those who use them.
    """

    traits: Mapping[str, Parsed[TraitDefinition]] = msgspec.field(default_factory=dict)
    workloads: Mapping[str, Parsed[WorkloadTypeDefinition]] = msgspec.field(default_factory=dict)
    scopes: Mapping[str, Parsed[ScopeDefinition]] = msgspec.field(default_factory=dict)


NO_DEFINITIONS = Definitions()


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """One application with all that belongs to it.

    `application` has a value. `components` maps the names of the ComponentSchematics that exist to their parsed
    form; a name that is absent does not exist. `attached` is what status kept: (instance, trait) -> when the trait
    was first applied, and ("", scope) for a scope. `positions` are the places in files, by component name, `""` for
    the application.

    `definitions` are the objects of the definitions namespace. `scopes_of` are all scopes of the namespace, as
    `scopes.declared` makes it of its applications. `root` names the application whose scopes take those that are in
    no other, "" for none.
    For the application's own scopes, by the names of their bindings: `members` are those of all applications (those
    of this one are only asked for their health), `probe_results` the answers by the names of the probes.

    `packages` is what status kept: type -> the package that offered it, with its version.
    `image_pull_policy` is for every container of the core workload types; "" leaves it to Kubernetes.
    """

    application: Application
    parsed: Parsed[Application]
    components: Mapping[str, Parsed[Component]]
    now: datetime
    observed: Observed = NOTHING
    attached: Mapping[tuple[str, str], datetime] = msgspec.field(default_factory=dict)
    positions: Mapping[str, Positions] = msgspec.field(default_factory=dict)
    definitions: Definitions = NO_DEFINITIONS
    scopes_of: Mapping[str, tuple[DeclaredScope, ...]] = msgspec.field(default_factory=dict)
    root: str = ""
    members: Mapping[str, tuple[Member, ...]] = msgspec.field(default_factory=dict)
    probe_results: Mapping[str, Mapping[str, str | None]] = msgspec.field(default_factory=dict)
    packages: Mapping[str, str] = msgspec.field(default_factory=dict)
    image_pull_policy: str = ""
