"""Renders one prepared instance: its workload, its traits, its scale, and the edits of all types.

Traits are called, and their objects are applied, in the listed order (TR-3). No object depends on that order: edits are
combined in the order of the names of traits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from rudr_py.api import (
    Attached,
    Hold,
    InvalidProperties,
    Manifest,
    Member,
    PodTemplatePlace,
    Ref,
    Rendered,
    TraitContext,
    WorkloadContext,
)
from rudr_py.catalog import Offer
from rudr_py.errors import PluginCallError, Problem
from rudr_py.model import paths
from rudr_py.model.kinds import SERVICE
from rudr_py.model.stepwise import Stepwise
from rudr_py.render import claims, edits, holds, ignored, planned_objects, pod_places, scaling
from rudr_py.render.call_result import AnyResult, C, CallResult, bound, bound_held, combination_of, name_and_properties
from rudr_py.render.defaults import templates
from rudr_py.render.defaults.templates import PodTemplates
from rudr_py.render.edits import Change
from rudr_py.render.limits import check
from rudr_py.render.limits.violation import Violation
from rudr_py.render.prepare import PreparedInstance, PreparedTrait
from rudr_py.render.scaling import MergedScale, ScaleClash, ScaleRequest
from rudr_py.render.types import first_seen, plugin_call
from rudr_py.render.types.first_seen import FirstSeenTimes
from rudr_py.render.types.plugin_call import ToProblem
from rudr_py.render.types.properties import document_path, model_problems
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs, RecordedKinds
from rudr_py.render.values.plan import BoundType, Elastic, Holder, InstancePlan, RenderedInstance, Wait

_WorkloadResult = CallResult[WorkloadContext[Any]]
_TraitResult = CallResult[TraitContext[Any]]


def steps(prepared: PreparedInstance, inputs: Inputs, values: int = 0) -> Stepwise[RenderedInstance]:
    """Call the types of one instance and combine their results: a step for each type. Raises nothing.

    `values` is the size of the instance.
    """
    return _Assembly(prepared, inputs).steps(values // (1 + len(prepared.traits)))


class _Assembly:
    """The state of one rendering. Errors are collected, and rendering continues as far as possible."""

    def __init__(self, prepared: PreparedInstance, inputs: Inputs) -> None:
        self._prepared = prepared
        self._inputs = inputs
        self._problems: list[Problem] = []
        self._faults: list[Problem] = []
        self._observed = RecordedKinds(inputs.observed)
        self._places: tuple[PodTemplatePlace, ...] = ()
        self._waits: list[Wait] = []

    def steps(self, values: int) -> Stepwise[RenderedInstance]:
        yield values
        workload = self._workload()
        if workload is None:
            # traits cannot be called without a workload
            return self._failed_result()
        self._places = () if workload.held else self._pod_templates(workload)
        traits: list[_TraitResult] = []
        for trait in self._prepared.traits:
            yield values
            traits += filter(None, [self._trait(trait, workload)])
        yield values
        if workload.held:
            return self._failed_result() if self._has_problems else self._held(workload, traits)
        merged_scale = self._merged_scale(traits)
        sized = None if self._has_problems else self._scale(workload, merged_scale)
        if sized is None:
            self._check_limits((workload, *traits), {})
            return self._failed_result()
        # in any listed order the same; a trait that is listed repeatedly is ordered by its properties
        results = (workload, *sorted(traits, key=name_and_properties), sized)
        yield values
        combination = combination_of(results)
        self._problems += combination.problems
        self._faults += combination.faults
        changes = combination.changes
        final = self._with_defaults(workload, combination.manifests, changes)
        yield values
        self._check_limits(results, final, changes)
        member = self._member(workload) if self._prepared.scopes else None
        if self._has_problems:
            return self._failed_result()
        if any(trait.held for trait in traits):
            return self._held(workload, traits, member)
        yield values
        listed = planned_objects.in_listed_order(workload, traits, sized, merged_scale)
        manifests = planned_objects.planned_objects(self._prepared, self._inputs, listed, final, changes)
        return RenderedInstance(
            plan=self._plan(
                bound(workload, (*workload.rendered.add, *sized.rendered.add), final),
                (bound(trait, trait.rendered.add, final) for trait in traits),
                member,
                elastic=scaling.elastic(merged_scale, workload.offer),
            ),
            manifests=manifests,
            mounted=claims.mounted(manifests),
            waits=tuple(self._waits),
            warnings=self._warnings(results),
            wake_at=_wake_at(results),
        )

    def _warnings(self, results: Sequence[AnyResult]) -> tuple[Problem, ...]:
        unmounted = pod_places.unmounted(self._prepared.component, self._places)
        return (
            *(Problem(text, result.path) for result in results for text in result.rendered.warnings),
            *(self._component_problem(text, "$.spec.containers") for text in unmounted),
        )

    def _held(
        self, workload: _WorkloadResult, traits: Sequence[_TraitResult], member: Member | None = None
    ) -> RenderedInstance:
        """The result of an instance that a type holds: no objects, and all types with the times of the status."""
        if member is None and self._prepared.scopes:
            service = self._prepared.binding.instance_name if "service" in workload.offer.type.provides else ""
            member = self._new_member(workload, {}, service)
        holders = tuple(holder for result in (workload, *traits) for holder in result.held)
        plan = self._plan(bound_held(workload), map(bound_held, traits), member, held=holders)
        return RenderedInstance(plan=plan, wake_at=_wake_at((workload, *traits)), waits=tuple(self._waits))

    @property
    def _has_problems(self) -> bool:
        return bool(self._problems or self._faults)

    def _failed_result(self) -> RenderedInstance:
        return RenderedInstance(problems=tuple(self._problems), faults=tuple(self._faults), waits=tuple(self._waits))

    def _shared(self, properties: Any) -> dict[str, Any]:
        """The common fields of the contexts of the workload type and of traits."""
        prepared, inputs = self._prepared, self._inputs
        instance = prepared.binding.instance_name
        return {
            "application": inputs.application.metadata.name,
            "namespace": inputs.application.metadata.namespace,
            "instance": instance,
            "component": prepared.component,
            "properties": properties,
            "now": inputs.now,
            "kubernetes": inputs.kubernetes,
            "traits": tuple(
                Attached(trait.offer.name, trait.properties, trait.offer.type.exposes) for trait in prepared.traits
            ),
            "application_instances": inputs.instance_names,
            "parameters": prepared.parameters,
            "_ignored": functools.partial(ignored.pointers, inputs.application.ignore_rules),
            "_observe": functools.partial(self._observed.documents, instance),
            "_read": self._observed.document,
        }

    def _workload(self) -> _WorkloadResult | None:
        prepared = self._prepared
        offer, path = prepared.workload, prepared.path
        try:
            loaded = offer.load(prepared.settings)
        except ValueError as error:
            problems = model_problems(offer, error, prepared.locate_setting, "WS-3")
            self._problems += (msgspec.structs.replace(problem, document=prepared.document) for problem in problems)
            return None
        except PluginCallError as error:
            self._faults.append(Problem(str(error), path))
            return None
        binding = prepared.binding
        times = first_seen.of(self._inputs, (binding.instance_name, ""), binding.component_name)
        context = WorkloadContext(**self._shared(loaded), _first_seen=times)
        return self._call(offer, offer.type.render, context, times, path=path, to_problem=self._component_problem)

    def _trait(self, trait: PreparedTrait, workload: _WorkloadResult) -> _TraitResult | None:
        """The result of a trait, which is not called if the workload type holds the instance."""
        offer = trait.offer
        places = self._places if pod_places.edits_pods(offer) else ()
        if pod_places.edits_pods(offer) and not (places or workload.held):
            # a fault of the workload type, which is reported
            return None
        try:
            properties = offer.load(trait.properties)
        except ValueError as error:
            self._problems += model_problems(offer, error, trait.locate, "TR-17")
            return None
        except PluginCallError as error:
            self._faults.append(Problem(str(error), trait.path))
            return None

        def to_problem(message: str, at: str) -> Problem:
            return Problem(message, document_path(trait.locate, at), rule="TR-8")

        binding = self._prepared.binding
        key = (binding.instance_name, offer.name)
        times = first_seen.of(self._inputs, key, binding.component_name)
        context = TraitContext(
            workload=self._prepared.workload.name,
            attached_at=first_seen.attached_at(self._inputs, key, binding.component_name),
            pod_templates=places,
            manifests=workload.rendered.add,
            **self._shared(properties),
            _first_seen=times,
        )
        if workload.held:
            return CallResult(offer=offer, context=context, path=trait.path, rendered=Rendered(), times=times)
        result = self._call(offer, offer.type.render, context, times, path=trait.path, to_problem=to_problem)
        if result is None or result.held:
            return result
        self._problems += pod_places.without_effect(offer, (*result.rendered.add, *result.rendered.edit), trait.path)
        return msgspec.structs.replace(result, properties=trait.properties)

    def _pod_templates(self, workload: _WorkloadResult) -> tuple[PodTemplatePlace, ...]:
        """The pod templates of the workload; empty if its type does not provide them."""
        if pod_places.POD_TEMPLATE not in workload.offer.type.provides:
            return ()
        rendered = msgspec.structs.replace(workload.context, manifests=workload.rendered.add)
        try:
            provided = plugin_call.pod_templates(workload.offer, rendered)
        except (PluginCallError, InvalidProperties) as error:
            self._faults.append(Problem(str(error), self._prepared.path))
            return ()
        return templates.without_open_requests(provided, self._prepared.component, self._inputs.defaults)

    def _with_defaults(
        self, workload: _WorkloadResult, manifests: Mapping[Ref, Manifest], changes: Sequence[Change]
    ) -> Mapping[Ref, Manifest]:
        """The manifests with the defaults of the platform; unchanged if a manifest is incomplete."""
        if self._has_problems:
            return manifests
        of_workload = frozenset(manifest.ref for manifest in workload.rendered.add)
        component = self._prepared.component
        pod_templates = PodTemplates(component=component, provided=self._places, of_workload=of_workload)
        return pod_templates.filled(manifests, changes, self._inputs.defaults)

    def _scale(self, workload: _WorkloadResult, merged_scale: MergedScale | None) -> _WorkloadResult | None:
        offer = workload.offer
        context = msgspec.structs.replace(workload.context, manifests=workload.rendered.add)

        def function(ctx: WorkloadContext[Any]) -> Rendered:
            sized: Rendered = offer.type.scale(ctx, merged_scale.scale if merged_scale else None)
            return sized

        def to_problem(message: str, at: str) -> Problem:
            if merged_scale and at == paths.ROOT:
                return Problem(message, merged_scale.request.path, rule="TR-14")
            return self._component_problem(message, at)

        return self._call(offer, function, context, workload.times, path=workload.path, to_problem=to_problem)

    def _call(
        self,
        offer: Offer[Any],
        function: Callable[..., Rendered | Hold],
        context: C,
        times: FirstSeenTimes,
        *,
        path: str,
        to_problem: ToProblem,
    ) -> CallResult[C] | None:
        try:
            rendered = plugin_call.render(offer, function, context, may_hold=function == offer.type.render)
        except InvalidProperties as refusal:
            self._problems += plugin_call.refusals(offer, refusal, to_problem)
        except PluginCallError as error:
            self._faults.append(Problem(str(error), path))
        else:
            result = CallResult(offer=offer, context=context, path=path, rendered=Rendered(), times=times)
            category = "trait" if isinstance(context, TraitContext) else "workload type"
            if isinstance(rendered, Rendered):
                self._waits += (
                    Wait(one, category, offer.name, to_problem("", one.path)) for one in rendered.depends_on
                )
                return msgspec.structs.replace(result, rendered=rendered)
            return msgspec.structs.replace(
                result,
                rendered=Rendered(wake_at=holds.wake_at(rendered, context.now)),
                held=(holds.holder(category, offer, rendered),),
            )
        return None

    def _component_problem(self, message: str, at: str) -> Problem:
        """A problem of a workload type: in the component, in its settings, or with the name of the instance."""
        prepared = self._prepared
        if at == paths.ROOT:
            return Problem(message, paths.child(prepared.path, "instanceName"))
        if any(paths.below(at, part) for part in ("$.spec", "$.metadata")):
            return Problem(message, at, document=prepared.document)
        return Problem(message, document_path(prepared.locate_setting, at), document=prepared.document)

    def _merged_scale(self, traits: Sequence[_TraitResult]) -> MergedScale | None:
        requests = [
            ScaleRequest(result.rendered.scale, result.offer.name, result.path)
            for result in traits
            if result.rendered.scale is not None
        ]
        merged = scaling.merge(requests)
        if isinstance(merged, ScaleClash):
            self._problems.append(Problem(merged.message, merged.path, rule="TR-4"))
            return None
        if merged is None:
            return None
        refused = scaling.misfit(merged.scale.form, merged.request.trait, self._prepared.workload)
        if not refused:
            return merged
        self._problems.append(Problem(refused, merged.request.path, rule="TR-14"))
        return None

    def _check_limits(
        self, results: Sequence[AnyResult], edited: Mapping[Ref, Manifest], changes: Sequence[Change] = ()
    ) -> None:
        """Report objects that Kubernetes would reject; `edited` are their final forms after `changes`, if any."""
        changes_of = edits.by_object([change for change in changes if change.path != self._prepared.path])
        for result in results:
            for rendered in result.rendered.add:
                body = planned_objects.body(self._prepared, self._inputs, edited.get(rendered.ref, rendered))
                for violation in check.violations(body):
                    fields = (violation.field, *violation.related)
                    causes = edits.causes(body, changes_of.get(rendered.ref, ()), fields)
                    self._problems.append(self._violation(rendered.ref, violation, result, causes))

    def _violation(self, ref: Ref, violation: Violation, result: AnyResult, causes: Sequence[Change]) -> Problem:
        """The problem of an object: at the trait whose edit causes it, else at the type that adds the object."""
        prepared = self._prepared
        if causes:
            traits = " and ".join(f'"{name}"' for name in sorted({change.type_name for change in causes}))
            return Problem(f"{ref}: {violation}; set by the trait {traits}", causes[-1].path, rule="TR-4")
        if result.path == prepared.path and prepared.binding.instance_name in violation.text:
            path = paths.child(prepared.path, "instanceName")
            return Problem(f"{ref}: {violation}; choose another instanceName", path)
        return Problem(f"{ref}: {violation}", result.path)

    def _plan(
        self,
        workload: BoundType[WorkloadContext[Any]],
        traits: Iterable[BoundType[TraitContext[Any]]],
        member: Member | None,
        *,
        elastic: Elastic | None = None,
        held: tuple[Holder, ...] = (),
    ) -> InstancePlan:
        binding = self._prepared.binding
        return InstancePlan(
            name=binding.instance_name,
            component=binding.component_name,
            owner=labels.component_instance(binding.component_name, binding.instance_name),
            workload=workload,
            traits=tuple(traits),
            scopes=self._prepared.scopes,
            member=member,
            reads=frozenset(self._observed.kinds),
            elastic=elastic,
            held=held,
            waits=tuple(self._waits),
        )

    def _member(self, workload: _WorkloadResult) -> Member | None:
        """The instance as a member of its scopes; None when its workload type fails."""
        prepared, context = self._prepared, workload.context
        rendered = msgspec.structs.replace(context, manifests=workload.rendered.add)
        try:
            pods = plugin_call.pods(workload.offer, rendered)
        except (PluginCallError, InvalidProperties) as error:
            self._faults.append(Problem(str(error), prepared.path))
            return None
        services = (manifest.name for manifest in workload.rendered.add if manifest.kind == SERVICE)
        return self._new_member(workload, pods, next(services, ""))

    def _new_member(self, workload: _WorkloadResult, pods: Mapping[str, str], service: str) -> Member:
        prepared, context = self._prepared, workload.context
        return Member(
            application=context.application,
            instance=context.instance,
            component=prepared.binding.component_name,
            workload=workload.offer.name,
            pod_labels=pods,
            service=service,
            ports=context.ports,
            traits=tuple(trait.offer.name for trait in prepared.traits),
            exposed=any(trait.offer.type.exposes for trait in prepared.traits),
            application_instances=context.application_instances,
        )


def _wake_at(results: Iterable[AnyResult]) -> datetime | None:
    return min((result.rendered.wake_at for result in results if result.rendered.wake_at), default=None)
