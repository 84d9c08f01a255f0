"""The arguments of a call of a type: frozen values, the time included. No client, no clock, no environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from rudr_py.api import naming
from rudr_py.api.fields import get_in
from rudr_py.api.places import PodTemplatePlace
from rudr_py.api.values import Health, Manifest, Ref
from rudr_py.model.component import Component, Port
from rudr_py.model.kinds import DEPLOYMENT, STATEFUL_SET, Kind
from rudr_py.model.kubernetes import Release

P = TypeVar("P")
"""The properties of a type: a dict, or an instance of the type's properties model."""


def _nothing(_: Kind) -> tuple[dict[str, Any], ...]:
    return ()


def _absent(_: Ref) -> dict[str, Any] | None:
    return None


def _nothing_ignored(_: Ref) -> tuple[tuple[str, ...], ...]:
    return ()


class Attached(msgspec.Struct, frozen=True):
    """A trait of the instance, by name, with its properties as the user wrote them (variables replaced).

    `exposes`: whether it routes traffic from outside of the cluster to ports of the instance's Service.

    Guarantees: `name` is the name of the type, also where the document contains an alias.
    Assumptions: no type depends on the properties of another package's trait.
    Errors: none; an invalid trait stops the rendering of the instance before any type is called.
    """

    name: str
    properties: Mapping[str, Any]
    exposes: bool = False


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An instance that belongs to a scope.

    `application`, `instance`, `component`: names; `workload`: the name of its workload type.
    `pod_labels` select its pods; empty when its workload type returns none.
    `service`: the name of its Service, or "" when it has none. `ports`: all ports of its component, in order.
    `traits`: the names of its traits, aliases resolved, in the listed order. `application_instances`: the names of
    all instances of its application, members or not; instances of other applications may have the same names.
    `exposed`: whether one of its traits routes traffic from outside of the cluster to it.
    `health`: the health that its workload type returned last; `unknown` before the first reconcile.

    Guarantees: members are from all applications of the namespace, in a stable order; a change of any field renders
    the scope again.
    Assumptions: `health` has state and reason only, no message.
    Errors: a member whose application cannot be rendered keeps its last values.
    """

    application: str
    instance: str
    component: str
    workload: str
    pod_labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    service: str = ""
    ports: tuple[Port, ...] = ()
    traits: tuple[str, ...] = ()
    exposed: bool = False
    health: Health = Health("unknown", "Unknown")
    application_instances: tuple[str, ...] = ()


class Context(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """The arguments of one call of a type: frozen values, and the objects that the cluster has.

    Methods of a type receive one of the subclasses; annotate helper functions that serve several of them with this
    class.

    `application`, `namespace`: names of the application. `instance`: the name of the instance, or of the scope.
    `properties`: of this trait, scope or workload (workloadSettings), validated, in the form that the type declares.
    `now`: the time of this call, UTC.
    `kubernetes`: the release of the cluster, such as (1, 29); None if it is unknown, as without a cluster.
    `manifests`: see the subclasses; in `health` and `status`, the objects that this type rendered, after all edits.

    Guarantees: all fields are plain immutable values, so a context that a test builds behaves as in production.
    Assumptions: values are not changed (changes are discarded and reported) and not kept after the call.
    Errors: none; objects that do not exist are absent from what `observed` and `live` return.
    """

    application: str
    namespace: str
    instance: str
    properties: P
    now: datetime
    kubernetes: Release | None = None
    manifests: tuple[Manifest, ...] = ()
    _observe: Callable[[Kind], tuple[dict[str, Any], ...]] = _nothing
    _live: Callable[[Ref], dict[str, Any] | None] | None = None
    _read: Callable[[Ref], dict[str, Any] | None] = _absent
    _first_seen: Callable[[tuple[str, ...]], datetime] | None = None
    _ignored: Callable[[Ref], tuple[tuple[str, ...], ...]] = _nothing_ignored

    def observed(self, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The live objects of a kind that belong to the instance, of the kinds that the type produces or observes.

        Objects that another controller creates for one of them are included if they have the labels that
        `pod_templates.watched_labels` returns.
        Other programs write their status, so read it with `get_in`.
        """
        return self._observe(kind)

    def cluster_objects(self, kind: Kind) -> tuple[dict[str, Any], ...] | None:
        """All objects of a kind in `observes_cluster`; None if the controller cannot read them. For `health` only."""
        try:
            return self._observe(kind)
        except LookupError:
            return None

    def live(self, ref: Ref) -> dict[str, Any] | None:
        """The live object of the instance that `ref` names, or None when it does not exist."""
        if self._live is not None:
            return self._live(ref)
        return next((o for o in self.observed(ref.kind) if get_in(o, "metadata", "name", default="") == ref.name), None)

    def existing(self, ref: Ref) -> dict[str, Any] | None:
        """The live object that `ref` names, also one of another owner, or None when it does not exist.

        PersistentVolumeClaims of all owners are available, of other kinds only objects that rudr manages.
        """
        return self._read(ref)

    def ignored(self, ref: Ref) -> tuple[tuple[str, ...], ...]:
        """The fields of an object that the user leaves to other managers: the steps of each JSON pointer.

        They are those of the annotation `rudr.oam.dev/ignore-differences` of the application, for types that have to
        know that another program writes a field. The core applies the rules itself.
        """
        return self._ignored(ref)

    def first_seen(self, *parts: str) -> datetime:
        """The time at which the documents first contained the value that `parts` describe, UTC, in whole seconds.

        For effects that happen once, counted from when the user wrote them. Pass the name of the entry and every value
        whose change makes it a new entry: `ctx.first_seen(job.name, job.schedule)`. Call it in `render`, each time, for
        every such entry: the status of the application stores the times while `render` requests them, so an entry that
        is removed and added again is new. `health` and `status` get the same times.

        The time of a new entry is that of the last edit of its documents, or of the first reconcile with it if the
        server does not report that. If the status has no times of the type, because it was written before the type
        requested any, it is `attached_at`. If the status is lost, every entry is new.
        """
        if self._first_seen is None:
            # a context that a test builds
            moment: datetime = getattr(self, "attached_at", self.now.replace(microsecond=0))
            return moment
        return self._first_seen(parts)

    def name(self, *suffix: str) -> str:
        """A name for an object of this instance: `<instance>-<suffix>`, at most 63 characters.

        With one suffix, a constant of the type such as "trait-ingress", the names of two instances always differ. When
        parts of the name come from users, pass each as its own argument: `ctx.name(container, "0")`. If one of them
        contains a dash, the name ends in a hash of all parts, because `a` with `b-c` and `a-b` with `c` would
        otherwise have the same name. Use the same number of parts for all objects of one kind.
        """
        if len(suffix) > 1:
            return naming.distinct(self.instance, *suffix)
        return naming.join(self.instance, *suffix)


class InstanceContext(Context[P], Generic[P], frozen=True, kw_only=True):
    """The context of a trait or a workload type: the component of the instance, with its parameters and traits.

    `component`: the ComponentSchematic, every parameter already replaced by its value.
    `parameters`: the values of its parameters by name, defaults included; a parameter without a value is absent.
    `traits`: all traits of the instance, in the listed order.
    `application_instances`: the names of all instances of the application, this one included; empty in a context that
    a test builds without them.
    """

    component: Component
    parameters: Mapping[str, Any] = msgspec.field(default_factory=dict)
    traits: tuple[Attached, ...] = ()
    application_instances: tuple[str, ...] = ()

    @property
    def ports(self) -> tuple[Port, ...]:
        """All ports of all containers of the component, in order."""
        return tuple(port for container in self.component.containers for port in container.ports)


class WorkloadContext(InstanceContext[P], Generic[P], frozen=True, kw_only=True):
    """The context of a workload type. In `render`, `manifests` is empty; in `scale`, it is what `render` added.

    `sufficient_replicas`: in `health`, the number of ready replicas with which the instance is ready while replicas of
    the same template are added, by an autoscaler, by time or by a user; None if all are required. See `kstatus.assess`.
    """

    sufficient_replicas: int | None = None


class TraitContext(InstanceContext[P], Generic[P], frozen=True, kw_only=True):
    """The context of a trait. In `render`, `manifests` are the objects of the workload type, before any trait.

    `workload`: the name of the workload type.
    `attached_at`: the time at which this trait was added to this instance, UTC, in whole seconds.
    `pod_templates`: the pod templates in `manifests`, for a trait that requires `pod-template`; otherwise empty.
    `traits` includes this trait.
    """

    workload: str
    attached_at: datetime
    pod_templates: tuple[PodTemplatePlace, ...] = ()

    @property
    def scale_target(self) -> Ref | None:
        """In `render`, the first Deployment or StatefulSet in `manifests`, for objects that refer to what they scale.

        None if the workload type has none. A trait whose object sets the number of replicas returns `Scale.external()`.
        """
        scalable = (DEPLOYMENT, STATEFUL_SET)
        return next((manifest.ref for manifest in self.manifests if manifest.kind in scalable), None)


class ScopeContext(Context[P], Generic[P], frozen=True, kw_only=True):
    """The context of a scope. `instance` is the name of the scope in the application; `manifests` is empty in `render`.

    `attached_at`: the time at which this scope was added to the application, UTC, in whole seconds.
    `members`: the instances of all applications of the namespace that are in the scope, sorted.
    `siblings`: the names of the application's scopes of the same type, this one included, as listed.
    `probe_results`: by name of a probe, None when it passes, else the reason of the failure; a probe without a result
    is absent.
    """

    attached_at: datetime
    members: tuple[Member, ...] = ()
    siblings: tuple[str, ...] = ()
    probe_results: Mapping[str, str | None] = msgspec.field(default_factory=dict)
