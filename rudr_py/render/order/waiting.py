"""The instances of a plan that wait for others: they are held until the workloads of those are as required. Pure.

An instance of which every object is up to date does not wait, so nothing holds it when another instance fails later.
"""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from rudr_py.api import Context, Health, Ref
from rudr_py.model import names
from rudr_py.model.stepwise import Stepwise
from rudr_py.render import holds
from rudr_py.render.status.workloads import Workloads
from rudr_py.render.types.plugin_call import LONGEST_REASON
from rudr_py.render.values import digests
from rudr_py.render.values.plan import BoundType, Holder, InstancePlan, Plan, PlannedObject, Wait, Waiting

DECISION: Final = 20
"""The size of a step that compares an object, in values of documents."""

C = TypeVar("C", bound=Context[Any])


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """The live state that decides.

    `is_current` is whether an object has been applied as it is planned. `unapplied` are the objects that the last
    reconcile could not apply. `before` are the instances that waited, of the previous status.
    """

    workloads: Workloads
    is_current: Callable[[PlannedObject], bool]
    now: datetime
    unapplied: Collection[Ref] = ()
    before: Mapping[str, Waiting] = {}


def steps(plan: Plan, circumstances: Circumstances) -> Stepwise[Plan]:
    """The plan in which the instances that wait are held; the same value if none waits."""
    if plan.problems or not any(instance.waits for instance in plan.instances):
        return plan
    return (yield from _Resolution(plan, circumstances).steps())


class _Resolution:
    """The state of one resolution: each instance is assessed once, after those on which it depends."""

    def __init__(self, plan: Plan, circumstances: Circumstances) -> None:
        self._plan = plan
        self._circumstances = circumstances
        self._instances = {instance.name: instance for instance in plan.instances}
        self._holders = {instance.name: instance.held for instance in plan.instances}
        self._current: dict[str, bool] = {}
        self._digests: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._held: dict[str, InstancePlan] = {}
        self._wake_times: list[datetime] = [plan.wake_at] if plan.wake_at is not None else []

    def steps(self) -> Stepwise[Plan]:
        graph = {
            name: [wait.dependency.instance for wait in instance.waits] for name, instance in self._instances.items()
        }
        for name in graphlib.TopologicalSorter(graph).static_order():
            instance = self._instances[name]
            yield DECISION * (1 + len(self._plan.objects_of(name)))
            self._current[name] = all(map(self._circumstances.is_current, self._plan.objects_of(name)))
            if instance.waits and not instance.held and not self._current[name]:
                self._assess(instance)
        if not self._held:
            return self._plan
        return msgspec.structs.replace(
            self._plan,
            manifests=tuple(planned for planned in self._plan.manifests if planned.instance not in self._held),
            instances=tuple(self._held.get(instance.name, instance) for instance in self._plan.instances),
            wake_at=min(self._wake_times, default=None),
        )

    def _assess(self, instance: InstancePlan) -> None:
        """Hold an instance if a condition is not met."""
        unmet = {wait: reason for wait in instance.waits if (reason := self._reason(wait)) is not None}
        if not unmet:
            return
        documents = self._digest(instance.name)
        before = self._circumstances.before.get(instance.name)
        since = before.since if before is not None and before.documents == documents else self._circumstances.now
        held = tuple(self._holder(wait, since, reason) for wait, reason in unmet.items())
        self._holders[instance.name] = held
        self._held[instance.name] = msgspec.structs.replace(
            instance,
            workload=_without_objects(instance.workload),
            traits=tuple(map(_without_objects, instance.traits)),
            held=held,
            waiting=Waiting(since, documents),
        )

    def _reason(self, wait: Wait) -> tuple[str, str] | None:
        """The reason of a failure, or "", and a clause about the other instance; None if the condition is met."""
        dependency = wait.dependency
        other = self._instances[dependency.instance]
        if holders := self._holders[other.name]:
            failure = next((holder.failure for holder in holders if holder.failure), "")
            return failure, f", which is held: {self._text(other.name)}"
        if not self._current[other.name]:
            refs = (planned.ref for planned in self._plan.objects_of(other.name))
            unapplied = next((ref for ref in refs if ref in self._circumstances.unapplied), None)
            return "", f", of which {unapplied} cannot be applied" if unapplied is not None else ""
        workloads = self._circumstances.workloads
        health = workloads.completion(other) if dependency.condition == "complete" else workloads.assessed(other)[0]
        if health.ok:
            return None
        return (holds.DEPENDENCY_FAILED, _cause(health)) if health.state == "failed" else ("", "")

    def _text(self, name: str) -> str:
        """The reasons why an instance is held, as many as a reason can contain: others may wait for it, too."""
        if name not in self._texts:
            self._texts[name] = holds.text(self._holders[name])[: 4 * LONGEST_REASON]
        return self._texts[name]

    def _holder(self, wait: Wait, since: datetime, reason: tuple[str, str]) -> Holder:
        dependency, (failure, clause) = wait.dependency, reason
        end = "to complete" if dependency.condition == "complete" else "to be ready"
        text = f"waits for instance {dependency.instance} {end}{clause}"
        if failure == holds.DEPENDENCY_FAILED and clause.startswith(":"):
            text = f"instance {dependency.instance} has failed{clause}"
        elif not failure and dependency.timeout is not None:
            try:
                deadline = since + dependency.timeout
            except OverflowError:
                deadline = None
            if deadline is not None and deadline <= self._circumstances.now:
                failure, text = holds.DEPENDENCY_TIMEOUT, f"{text}; its timeout has passed"
            elif deadline is not None:
                self._wake_times.append(deadline)
        return Holder(wait.category, wait.type_name, names.one_line(text, LONGEST_REASON), failure)

    def _digest(self, name: str) -> str:
        """The digest of the documents of an instance and of all that it depends on."""
        if name not in self._digests:
            pending = [name]
            while pending:
                if pending[-1] in self._digests:
                    pending.pop()
                    continue
                targets = {wait.dependency.instance for wait in self._instances[pending[-1]].waits}
                if missing := [target for target in targets if target not in self._digests]:
                    pending += missing
                    continue
                last = pending.pop()
                bodies = [planned.body for planned in self._plan.objects_of(last)]
                self._digests[last] = digests.of([bodies, sorted(self._digests[target] for target in targets)])
        return self._digests[name]


def _cause(health: Health) -> str:
    return f": {health.message or health.reason}"


def _without_objects(bound_type: BoundType[C]) -> BoundType[C]:
    context = msgspec.structs.replace(bound_type.context, manifests=())
    return msgspec.structs.replace(bound_type, context=context, refs=())
