"""Renders one prepared instance: its workload, its traits, its scale, and the edits of all types.

Traits are called, and their objects are applied, in the listed order (TR-3). No object depends on that order: edits are
combined in the order of the names of traits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import (
    Attached,
    DropField,
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
from rudr_py.render import claims, edits, former_annotations, ignored, pod_places, pull_policy, scaling
from rudr_py.render.call_result import AnyResult, C, CallResult, bound, combination_of, name_and_properties
from rudr_py.render.edits import Change
from rudr_py.render.limits import check
from rudr_py.render.prepare import PreparedInstance, PreparedTrait
from rudr_py.render.scaling import MergedScale, ScaleClash, ScaleRequest
from rudr_py.render.scopes import membership
from rudr_py.render.types import first_seen, plugin_call
from rudr_py.render.types.first_seen import FirstSeenTimes
from rudr_py.render.types.plugin_call import ToProblem
from rudr_py.render.types.properties import document_path, model_problems
from rudr_py.render.values import digests, labels
from rudr_py.render.values.inputs import Inputs, RecordedKinds
from rudr_py.render.values.plan import Elastic, InstancePlan, PlannedObject, RenderedInstance

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

    def steps(self, values: int) -> Stepwise[RenderedInstance]:
        yield values
        workload = self._workload()
        if workload is None:
            # traits cannot be called without a workload
            return self._failed_result()
        self._places = self._pod_templates(workload)
        traits: list[_TraitResult] = []
        for trait in self._prepared.traits:
            yield values
            traits += filter(None, [self._trait(trait, workload)])
        yield values
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
        final, changes = combination.manifests, combination.changes
        yield values
        self._check_limits(results, final)
        member = self._member(workload) if self._prepared.scopes else None
        if self._has_problems:
            return self._failed_result()
        yield values
        manifests = self._planned_objects(_in_listed_order(workload, traits, sized, merged_scale), final, changes)
        return RenderedInstance(
            plan=self._plan(workload, traits, sized, final, member, scaling.elastic(merged_scale, workload.offer)),
            manifests=manifests,
            mounted=claims.mounted(manifests),
            warnings=(
                *(Problem(text, result.path) for result in results for text in result.rendered.warnings),
                *(
                    self._component_problem(text, "$.spec.containers")
                    for text in pod_places.unmounted(self._prepared.component, self._places)
                ),
            ),
            wake_at=min((a.rendered.wake_at for a in results if a.rendered.wake_at), default=None),
        )

    @property
    def _has_problems(self) -> bool:
        return bool(self._problems or self._faults)

    def _failed_result(self) -> RenderedInstance:
        return RenderedInstance(problems=tuple(self._problems), faults=tuple(self._faults))

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
        offer = trait.offer
        places = self._places if pod_places.edits_pods(offer) else ()
        if pod_places.edits_pods(offer) and not places:
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
        result = self._call(offer, offer.type.render, context, times, path=trait.path, to_problem=to_problem)
        if result is None:
            return None
        self._problems += pod_places.without_effect(offer, (*result.rendered.add, *result.rendered.edit), trait.path)
        return msgspec.structs.replace(result, properties=trait.properties)

    def _pod_templates(self, workload: _WorkloadResult) -> tuple[PodTemplatePlace, ...]:
        """The pod templates of the workload; empty if its type does not provide them."""
        if pod_places.POD_TEMPLATE not in workload.offer.type.provides:
            return ()
        rendered = msgspec.structs.replace(workload.context, manifests=workload.rendered.add)
        try:
            return plugin_call.pod_templates(workload.offer, rendered)
        except (PluginCallError, InvalidProperties) as error:
            self._faults.append(Problem(str(error), self._prepared.path))
            return ()

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
        function: Callable[..., Rendered],
        context: C,
        times: FirstSeenTimes,
        *,
        path: str,
        to_problem: ToProblem,
    ) -> CallResult[C] | None:
        try:
            rendered = plugin_call.render(offer, function, context)
        except InvalidProperties as refusal:
            self._problems += plugin_call.refusals(offer, refusal, to_problem)
        except PluginCallError as error:
            self._faults.append(Problem(str(error), path))
        else:
            return CallResult(offer=offer, context=context, path=path, rendered=rendered, times=times)
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

    def _check_limits(self, results: Sequence[AnyResult], edited: Mapping[Ref, Manifest]) -> None:
        """Report objects that Kubernetes would reject; `edited` are their final forms, if they have any."""
        prepared = self._prepared
        for result in results:
            for rendered in result.rendered.add:
                body = self._body(edited.get(rendered.ref, rendered))
                for violation in check.violations(body):
                    by_name = result.path == prepared.path and prepared.binding.instance_name in violation.text
                    path = paths.child(prepared.path, "instanceName") if by_name else result.path
                    hint = "; choose another instanceName" if by_name else ""
                    self._problems.append(Problem(f"{rendered.ref}: {violation}{hint}", path))

    def _plan(
        self,
        workload: _WorkloadResult,
        traits: Sequence[_TraitResult],
        sized: _WorkloadResult,
        final: Mapping[Ref, Manifest],
        member: Member | None,
        elastic: Elastic | None,
    ) -> InstancePlan:
        binding = self._prepared.binding
        return InstancePlan(
            name=binding.instance_name,
            component=binding.component_name,
            owner=labels.component_instance(binding.component_name, binding.instance_name),
            workload=bound(workload, (*workload.rendered.add, *sized.rendered.add), final),
            traits=tuple(bound(trait, trait.rendered.add, final) for trait in traits),
            scopes=self._prepared.scopes,
            member=member,
            reads=frozenset(self._observed.kinds),
            elastic=elastic,
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
        return Member(
            application=context.application,
            instance=context.instance,
            component=prepared.binding.component_name,
            workload=workload.offer.name,
            pod_labels=pods,
            service=next(services, ""),
            ports=context.ports,
            traits=tuple(trait.offer.name for trait in prepared.traits),
            exposed=any(trait.offer.type.exposes for trait in prepared.traits),
            application_instances=context.application_instances,
        )

    def _planned_objects(
        self, results: Sequence[AnyResult], final: Mapping[Ref, Manifest], changes: Sequence[Change]
    ) -> tuple[PlannedObject, ...]:
        changes_of = edits.by_object(changes)
        planned = []
        for result in results:
            for rendered in result.rendered.add:
                manifest = final[rendered.ref]
                drops = [edit for one in changes_of.get(manifest.ref, ()) if isinstance(edit := one.edit, DropField)]
                planned.append(
                    PlannedObject(
                        ref=manifest.ref,
                        body=self._body(manifest),
                        instance=self._prepared.binding.instance_name,
                        made_by=result.offer.name,
                        owner="none" if manifest.retain or manifest.delete_with_application else "instance",
                        handover=tuple(drop.path for drop in drops if drop.handover and not drop.initial),
                        ignored=tuple(drop.path for drop in drops if drop.initial),
                        retain=manifest.retain,
                        reclaim=manifest.delete_with_application,
                        adopt=manifest.adopt,
                        inputs_digest=self._inputs_digest(results) if manifest.run_once else "",
                        uncopied=former_annotations.uncopied(
                            manifest, self._prepared.component.metadata, self._prepared.workload.name
                        ),
                    )
                )
        # claims first, because pods mount them
        return tuple(sorted(planned, key=lambda planned_object: planned_object.owner != "none"))

    def _body(self, manifest: Manifest) -> dict[str, Any]:
        metadata, policy = self._inputs.application.metadata, self._inputs.image_pull_policy
        if policy and membership.core(self._prepared.workload.name):
            manifest = pull_policy.with_pull_policy(manifest, policy)
        return labels.body(
            manifest,
            namespace=metadata.namespace,
            application=metadata.name,
            instance=self._prepared.binding.instance_name,
        )

    def _inputs_digest(self, results: Iterable[AnyResult]) -> str:
        """The digest of the inputs of an object that runs once: the component, parameters, and traits.

        Names and descriptions of documents, and traits without objects and edits, are not included: a change of them
        must not run a migration again.
        """
        prepared = self._prepared
        effective = (result for result in results if result.rendered.add or result.rendered.edit)
        of_traits = sorted((one for one in effective if one.path != prepared.path), key=name_and_properties)
        traits = [[result.offer.name, result.properties] for result in of_traits]
        component = prepared.component
        workload = [prepared.workload.name, component.os_type, component.arch, digests.plain(component.containers)]
        return digests.of([workload, prepared.settings, prepared.parameters, traits])


def _in_listed_order(
    workload: AnyResult, traits: Sequence[AnyResult], sized: AnyResult, merged_scale: MergedScale | None
) -> Sequence[AnyResult]:
    """The results in the order in which their objects are applied; an autoscaler is in the place of its trait."""
    of_scale = merged_scale.request.path if merged_scale is not None else ""
    position = next((index + 1 for index, trait in enumerate(traits) if trait.path == of_scale), len(traits))
    return (workload, *traits[:position], sized, *traits[position:])
