"""Reuses the plan of an application while its inputs are the same. Sends nothing and reads no clock.

One change of an application leads to several reconciles: of its own status, of its objects, of its pods. Rendering is
pure, so all of them can use the plan of the first, while the observed objects that the types have read are the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import msgspec

from rudr_py.api import Kind, Ref, ScopeContext, TraitContext, get_in
from rudr_py.catalog import Catalog
from rudr_py.controller.state.applications import Applications, Read, RenderedPlan
from rudr_py.model.identity import ObjectKey
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs, Observed, Times
from rudr_py.render.values.plan import Plan

READ = 5
"""The size of a step that reads observed objects, in values of documents."""


class _RecordedReads:
    """Observed objects, with a record of those that were read and their versions."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self.versions: dict[Read, Hashable] = {}

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        documents = self._observed.documents(instance, kind)
        self.versions[instance, kind] = _versions(documents)
        return documents

    def document(self, ref: Ref) -> dict[str, Any] | None:
        document = self._observed.document(ref)
        self.versions[ref] = _versions([document])
        return document


def _versions(documents: Iterable[dict[str, Any] | None]) -> Hashable:
    return tuple(
        tuple(get_in(document, "metadata", field, default="") for field in ("uid", "resourceVersion"))
        for document in documents
    )


def _read_again(observed: Observed, read: Read) -> Hashable:
    if isinstance(read, Ref):
        return _versions([observed.document(read)])
    return _versions(observed.documents(*read))


class PlanCache:
    """The last plans of applications, kept in their state."""

    def __init__(self, catalog: Catalog, applications: Applications) -> None:
        self._catalog = catalog
        self._applications = applications

    def plan(self, key: ObjectKey, inputs: Inputs) -> Plan:
        """The result of `steps`."""
        return run(self.steps(key, inputs))

    def steps(self, key: ObjectKey, inputs: Inputs) -> Stepwise[Plan]:
        """The plan for these inputs: the last one if it would be the same, else a new one."""
        application_state = self._applications.get(key)
        rendered = application_state.rendered
        if rendered is None or not (yield from _is_same(rendered, inputs)):
            observed = _RecordedReads(inputs.observed)
            plan = yield from render.steps(msgspec.structs.replace(inputs, observed=observed), self._catalog)
            application_state = self._applications.get(key)
            self._applications.reads.set(key, ((key.namespace, r) for r in observed.versions if isinstance(r, Ref)))
            application_state.size = size_of(plan)
            if plan.problems or plan.wake_at is not None:
                application_state.rendered = None
                return plan
            application_state.rendered = rendered = RenderedPlan(
                inputs, plan, dict(observed.versions), application_state.size
            )
        self._applications.keep_rendered(key)
        return rendered.plan


def size_of(plan: Plan) -> int:
    """The size of the planned objects, in bytes of JSON."""
    return sum(len(msgspec.json.encode(planned.body)) for planned in plan.manifests)


def _is_same(rendered: RenderedPlan, inputs: Inputs) -> Stepwise[bool]:
    """Whether types would get the same values. Documents are parsed once for each version, so identity is enough."""
    if not _has_same_documents(rendered, inputs):
        return False
    for read, versions in rendered.reads.items():
        yield READ
        if _read_again(inputs.observed, read) != versions:
            return False
    return True


def _has_same_documents(rendered: RenderedPlan, inputs: Inputs) -> bool:
    old = rendered.inputs
    return (
        old.parsed is inputs.parsed
        and old.definitions is inputs.definitions
        and (old.scopes_of is inputs.scopes_of or old.scopes_of == inputs.scopes_of)
        and old.components.keys() == inputs.components.keys()
        and all(old.components[name] is component for name, component in inputs.components.items())
        and (old.pins, old.has_manual_updates) == (inputs.pins, inputs.has_manual_updates)
        and old.members == inputs.members
        and old.probe_results == inputs.probe_results
        and (old.root, old.defaults, old.kubernetes) == (inputs.root, inputs.defaults, inputs.kubernetes)
        and _has_same_times(rendered, inputs)
    )


def _has_same_times(rendered: RenderedPlan, inputs: Inputs) -> bool:
    """Whether every type got the times that the status has for it now; a time that the status lost begins anew."""
    before = rendered.inputs
    for key, bound_type in rendered.plan.bound_types():
        if key in before.attached and key not in inputs.attached:
            return False
        context = bound_type.context
        is_attached = isinstance(context, TraitContext | ScopeContext)
        if is_attached and inputs.attached.get(key, context.attached_at) != context.attached_at:
            return False
        requested, old, new = bound_type.first_seen or {}, before.first_seen.get(key), inputs.first_seen.get(key)
        if any(not _is_current(requested, digest, old, new) for digest in requested):
            return False
    return True


def _is_current(requested: Times, digest: str, old: Times | None, new: Times | None) -> bool:
    """Whether a type would get the same time of a value again. The status may not contain that of a new value yet."""
    if new is not None and digest in new:
        return new[digest] == requested[digest]
    return (new is None) == (old is None) and digest not in (old or {})
