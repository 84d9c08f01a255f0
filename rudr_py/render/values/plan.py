"""The result of rendering: the desired objects as whole manifests, and the types in use. Values only.

Owners are named, not resolved: the controller adds uids when it applies the objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar, cast

import msgspec

from rudr_py.api import Context, Dependency, Kind, Member, Path, Probe, Ref, ScopeContext, TraitContext, WorkloadContext
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import names
from rudr_py.render.values import volumes
from rudr_py.render.values.inputs import DeclaredScope, Times, TypeKey

C_co = TypeVar("C_co", bound=Context[Any], covariant=True)

Pointer = tuple[str | int | dict[str, str], ...]
"""A place in a manifest: keys, indices, and keys and values that name an item of a list."""

Owner = Literal["application", "instance", "none"]
"""The controller owner of an object: the ApplicationConfiguration, the instance's ComponentInstance, or none."""


class PlannedObject(msgspec.Struct, frozen=True, kw_only=True):
    """One desired object.

    `body` is the whole manifest, with namespace and labels, without owner references and without the annotation that
    records what was applied. `instance` is empty for objects of the application itself. `made_by` is the name
    of the type that rendered it. `handover` are paths whose values are left to other managers.
    Objects with `retain` outlive the application; those with `reclaim` have no owner either, but are deleted with it.
    An object with `adopt` is never created; an existing one of another owner is taken over.
    `inputs_digest` is set for an object that runs once per change of its inputs, and is empty for all others.
    `ignored` are paths whose values are those of `body` only when the object is created; an item of a list is a step by
    its index or by its keys. `uncopied` are the annotations of the component that its pod template does not get and had
    in earlier releases.
    """

    ref: Ref
    body: dict[str, Any]
    instance: str
    made_by: str
    owner: Owner = "instance"
    handover: tuple[Path, ...] = ()
    retain: bool = False
    reclaim: bool = False
    adopt: bool = False
    inputs_digest: str = ""
    uncopied: Mapping[str, str] = {}
    ignored: tuple[Pointer, ...] = ()

    @property
    def released(self) -> tuple[Path, ...]:
        """The paths that rudr gives up to other managers without a change of their values."""
        return (*self.handover, *(cast(Path, path) for path in self.ignored if is_field(path)))

    @property
    def reapplied(self) -> bool:
        """Whether ignored fields inside lists are applied with their live values."""
        return not all(is_field(path) for path in self.ignored)


def is_field(path: Pointer) -> bool:
    """Whether the path leads through maps only, so that its field has an owner of its own."""
    return all(isinstance(step, str) for step in path)


class BoundType(msgspec.Struct, Generic[C_co], frozen=True, kw_only=True):
    """A type with the context of its call: the workload or a trait of an instance, or a scope.

    `refs` are the objects that it added; its health is assessed with the same `context`.
    `first_seen` are the times that it requested; None if the status needs no entry for them.
    """

    offer: Offer[Any]
    context: C_co
    refs: tuple[Ref, ...] = ()
    first_seen: Times | None = None


class Holder(msgspec.Struct, frozen=True):
    """A type that returned a Hold for an instance or a scope, and its reason. `category` is `trait`, for example.

    `failure` is the reason in the status if the type waits for something that has failed, or for too long.
    """

    category: str
    type_name: str
    reason: str
    failure: str = ""


class Wait(msgspec.Struct, frozen=True):
    """A dependency of an instance on another one, the type that returned it, and its place in a document.

    `problem` is that place, without a message.
    """

    dependency: Dependency
    category: str
    type_name: str
    problem: Problem


class Waiting(msgspec.Struct, frozen=True):
    """The time at which an instance began to wait, and the digest of its documents.

    These are its own documents, and those of all instances on which it depends.
    """

    since: datetime
    documents: str


class Elastic(msgspec.Struct, frozen=True):
    """A size that may change without a change of the documents; `minimum` is None if they name none."""

    minimum: int | None = None


class InstancePlan(msgspec.Struct, frozen=True, kw_only=True):
    """An instance: its ComponentInstance, its workload, and its traits in the listed order.

    `scopes` are those that it belongs to, their types with canonical names; `member` is its value for them, without
    health, None when it belongs to none. `reads` are the kinds of the live objects on which the rendered ones depend;
    `elastic` is None if the documents name the exact number of replicas.
    An instance that is `held` has no objects in the plan: the live ones stay as they are. `waits` are its dependencies
    on other instances; one that is held because of them is `waiting`.
    """

    name: str
    component: str
    owner: Ref
    workload: BoundType[WorkloadContext[Any]]
    traits: tuple[BoundType[TraitContext[Any]], ...] = ()
    scopes: tuple[DeclaredScope, ...] = ()
    member: Member | None = None
    reads: frozenset[Kind] = frozenset()
    elastic: Elastic | None = None
    held: tuple[Holder, ...] = ()
    waits: tuple[Wait, ...] = ()
    waiting: Waiting | None = None


class ScopePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A scope that the application declares, by the name of its binding. Its probes are those of the members of
    `bound_type.context`; their results go into `Inputs.probe_results[name]`.
    A scope that is `held` has no objects and no probes in the plan: the live ones stay as they are.
    """

    name: str
    bound_type: BoundType[ScopeContext[Any]]
    probes: tuple[Probe, ...] = ()
    held: tuple[Holder, ...] = ()


class RenderResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one instance or scope. With `problems`, or `faults` of plugins, it has no manifests."""

    manifests: tuple[PlannedObject, ...] = ()
    problems: tuple[Problem, ...] = ()
    faults: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    wake_at: datetime | None = None


class RenderedInstance(RenderResult, frozen=True, kw_only=True):
    """The result for an instance; without a plan if it has problems or faults.

    `mounted` are the volumes of its pods that have a claim, each with the name of the claim. `waits` are the
    dependencies on other instances, also of one with problems.
    """

    plan: InstancePlan | None = None
    mounted: tuple[tuple[str, str], ...] = ()
    waits: tuple[Wait, ...] = ()


class RenderedScope(RenderResult, frozen=True, kw_only=True):
    """The result for a scope; without a plan if it has problems or faults."""

    plan: ScopePlan | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The plan of one application.

    With `problems` the documents are invalid and `manifests` is empty: nothing is applied and nothing pruned.
    `reason` is the CamelCase reason of the `Valid` condition. `wake_at` is the time of the next change by itself.
    `packages` maps the types in use that are not built in to the packages that provide them, or provided them.
    `awaited` are the names of instances in dependencies of invalid documents, existing or not.
    """

    manifests: tuple[PlannedObject, ...] = ()
    instances: tuple[InstancePlan, ...] = ()
    scopes: tuple[ScopePlan, ...] = ()
    warnings: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    reason: str = "Valid"
    wake_at: datetime | None = None
    packages: Mapping[str, str] = msgspec.field(default_factory=dict)
    awaited: frozenset[str] = frozenset()

    @cached_property
    def held_instances(self) -> tuple[InstancePlan, ...]:
        """The instances whose live objects stay as they are."""
        return tuple(instance for instance in self.instances if instance.held)

    @property
    def is_held(self) -> bool:
        """Whether any instance or scope is held."""
        return bool(self.held_instances) or any(scope.held for scope in self.scopes)

    def instance_of(self, planned: PlannedObject) -> InstancePlan | None:
        """The instance of a planned object; None for an object of the application itself."""
        return self._instances_by_name.get(planned.instance)

    def owner_of(self, planned: PlannedObject) -> Ref:
        """The ComponentInstance of a planned object whose owner is `instance`."""
        return self._instances_by_name[planned.instance].owner

    def objects_of(self, instance: str) -> tuple[PlannedObject, ...]:
        """The objects of an instance."""
        return tuple(self._objects_by_instance.get(instance, ()))

    @cached_property
    def _objects_by_instance(self) -> dict[str, list[PlannedObject]]:
        objects: dict[str, list[PlannedObject]] = {}
        for planned in self.manifests:
            objects.setdefault(planned.instance, []).append(planned)
        return objects

    @cached_property
    def identities(self) -> frozenset[tuple[str, str, str]]:
        """API group, kind and name of each object: an object is the same in all versions of its API."""
        return frozenset((one.ref.kind.group, one.ref.kind.kind, one.ref.name) for one in self.manifests)

    def mounted_claims(self, planned: PlannedObject) -> tuple[str, ...]:
        """The names of the claims that the pods of a planned object mount."""
        return self._mounted_claims.get(planned.ref, ())

    @cached_property
    def _mounted_claims(self) -> dict[Ref, tuple[str, ...]]:
        claims = {
            planned.ref: tuple(claim for _, claim in volumes.claim_sources(planned.body.get("spec")))
            for planned in self.manifests
        }
        return {ref: names for ref, names in claims.items() if names}

    @property
    def mounts_claims(self) -> bool:
        """Whether the pods of any planned object mount a claim."""
        return bool(self._mounted_claims)

    @cached_property
    def object_names(self) -> frozenset[str]:
        """The names of the planned objects, and of objects that they refer to."""
        return frozenset(
            name for planned in self.manifests for name in (planned.ref.name, *_referenced(planned.body.get("spec")))
        )

    @cached_property
    def _instances_by_name(self) -> dict[str, InstancePlan]:
        return {instance.name: instance for instance in self.instances}

    def bound_types(self) -> Iterator[tuple[TypeKey, BoundType[Any]]]:
        """All types in use, with their keys in `Inputs`. Traits of one type on one instance have the same key."""
        for scope in self.scopes:
            yield ("", scope.name), scope.bound_type
        for instance in self.instances:
            yield (instance.name, ""), instance.workload
            for trait in instance.traits:
                yield (instance.name, trait.offer.name), trait


def _referenced(spec: Any) -> Iterator[str]:
    """The names of objects inside a spec: valid names in fields such as `storageClassName` and `secretName`."""
    pending = [spec]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending.extend(part.values())
            yield from (
                item
                for key, item in part.items()
                if key.endswith(("name", "Name")) and isinstance(item, str) and not names.wrong_object_name(item)
            )
        elif isinstance(part, list):
            pending.extend(part)
