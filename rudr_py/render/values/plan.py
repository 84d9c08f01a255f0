"""What rendering says is to exist: values only, whole manifests, no uid, no cluster.

Owners are named, not resolved: the controller fills in uids when it applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec

from rudr_py.api import Context, Member, Path, Probe, Ref, ScopeContext, TraitContext, WorkloadContext
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.render.values.inputs import DeclaredScope

C_co = TypeVar("C_co", bound=Context[Any], covariant=True)

Owner = Literal["application", "instance", "none"]
"""Who controls an object: the ApplicationConfiguration, the instance's ComponentInstance, or nobody."""


class PlannedObject(msgspec.Struct, frozen=True, kw_only=True):
    """One object that is to exist.

    `body` is the whole manifest, with namespace and labels, without owner references and without the annotation that
    records what was applied. `instance` is empty for objects of the application itself. `made_by` is the name
    of the type that rendered it. `handover` are paths that we leave to others without resetting their values.
    `retain` objects outlive the application; `reclaim` objects have no owner either, but are deleted with it.
    `once` is the digest of the inputs for an object that runs once per change of them, else empty.
    """

    ref: Ref
    body: dict[str, Any]
    instance: str
    made_by: str
    owner: Owner = "instance"
    handover: tuple[Path, ...] = ()
    retain: bool = False
    reclaim: bool = False
    once: str = ""


class TypeCall(msgspec.Struct, Generic[C_co], frozen=True, kw_only=True):
    """A type at work: the workload or a trait of an instance, or a scope.

    `refs` are the objects that are its own; `context` is what it was told, and what its health is asked with.
    """

    offer: Offer[Any]
    context: C_co
    refs: tuple[Ref, ...] = ()

    @property
    def name(self) -> str:
        """The name of the type."""
        return self.offer.name


class InstancePlan(msgspec.Struct, frozen=True, kw_only=True):
    """An instance: its ComponentInstance, its workload, and its traits in the listed order.

    `scopes` are those that it belongs to, their types by their canonical names; `member` is what they are told of
    it, but for its health. None when it belongs to none.
    """

    name: str
    component: str
    owner: Ref
    workload: TypeCall[WorkloadContext[Any]]
    traits: tuple[TypeCall[TraitContext[Any]], ...] = ()
    scopes: tuple[DeclaredScope, ...] = ()
    member: Member | None = None


class ScopePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A scope that the application declares, by the name of its binding. Its probes are those of `part.context`'s
    members; answers go into `Inputs.probe_results[name]`.
    """

    name: str
    part: TypeCall[ScopeContext[Any]]
    probes: tuple[Probe, ...] = ()


class RenderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one instance or one scope. With `problems`, or `faults` of plugins, there is no manifest."""

    manifests: tuple[PlannedObject, ...] = ()
    problems: tuple[Problem, ...] = ()
    faults: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    wake_at: datetime | None = None


class RenderedInstance(RenderAnswer, frozen=True, kw_only=True):
    """An instance; without a plan if anything is wrong with it."""

    plan: InstancePlan | None = None


class RenderedScope(RenderAnswer, frozen=True, kw_only=True):
    """A scope; without a plan if anything is wrong with it."""

    plan: ScopePlan | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer for one application.

    With `problems` the documents are wrong and `manifests` is empty: nothing is applied and nothing pruned.
    `reason` is the CamelCase reason of the `Valid` condition. `wake_at` is when the answer changes by itself.
    `packages` maps the types in use that are not our own to the packages that offer them, or did.
    """

    manifests: tuple[PlannedObject, ...] = ()
    instances: tuple[InstancePlan, ...] = ()
    scopes: tuple[ScopePlan, ...] = ()
    warnings: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    reason: str = "Valid"
    wake_at: datetime | None = None
    packages: Mapping[str, str] = msgspec.field(default_factory=dict)
