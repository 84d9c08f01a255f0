"""Renders one prepared instance: its workload, its traits, its size, and everybody's edits.

The order in which traits are listed changes nothing: their answers are put together in the order of their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from rudr_py.api import (
    Attached,
    Context,
    DropField,
    InvalidProperties,
    Kind,
    Manifest,
    Member,
    Ref,
    Rendered,
    TraitContext,
    WorkloadContext,
)
from rudr_py.catalog import Offer
from rudr_py.errors import PluginCallError, Problem
from rudr_py.model import paths
from rudr_py.model.kinds import SERVICE
from rudr_py.render import edits, scaling
from rudr_py.render.edits import Change, EditClash
from rudr_py.render.prepare import PreparedInstance, PreparedTrait
from rudr_py.render.scaling import MergedScale, ScaleClash, ScaleRequest
from rudr_py.render.scopes import membership
from rudr_py.render.types import applicability, plugin_call
from rudr_py.render.types import properties as check
from rudr_py.render.types.plugin_call import Told
from rudr_py.render.values import digests, labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import InstancePlan, PlannedObject, RenderedInstance, TypeCall

C_co = TypeVar("C_co", bound=Context[Any], covariant=True)
C = TypeVar("C", bound=Context[Any])


class _Answer(msgspec.Struct, Generic[C_co], frozen=True, kw_only=True):
    """What a type said; `path` is where its user attached it, `given` the properties of a trait."""

    offer: Offer[Any]
    context: C_co
    path: str
    rendered: Rendered
    given: dict[str, Any] = {}


_AnyAnswer = _Answer[Context[Any]]
_WorkloadAnswer = _Answer[WorkloadContext[Any]]
_TraitAnswer = _Answer[TraitContext[Any]]


def render(prepared: PreparedInstance, inputs: Inputs) -> RenderedInstance:
    """Call the types of one instance and put their answers together. Raises nothing."""
    return _Assembly(prepared, inputs).result()


class _Assembly:
    """The working memory of one rendering: every mistake is noted, and the work goes on as far as it can."""

    def __init__(self, prepared: PreparedInstance, inputs: Inputs) -> None:
        self._prepared = prepared
        self._inputs = inputs
        self._problems: list[Problem] = []
        self._faults: list[Problem] = []

    def result(self) -> RenderedInstance:
        workload = self._workload()
        if workload is None:
            # what traits make of it is not to be known
            return self._refused()
        asked = [self._trait(trait, workload) for trait in self._prepared.traits]
        traits = tuple(answer for answer in asked if answer is not None)
        size = self._size(traits)
        sized = None if self._wrong else self._scale(workload, size)
        if sized is None:
            return self._refused()
        answers = (workload, *sorted(traits, key=_rank), sized)
        final, changes = self._final(answers)
        member = self._member(workload) if self._prepared.scopes else None
        if self._wrong:
            return self._refused()
        plan = self._plan(workload, traits, sized, final)
        return RenderedInstance(
            plan=msgspec.structs.replace(plan, scopes=self._prepared.scopes, member=member),
            manifests=self._planned(answers, final, changes),
            warnings=tuple(Problem(text, answer.path) for answer in answers for text in answer.rendered.warnings),
            wake_at=min((a.rendered.wake_at for a in answers if a.rendered.wake_at), default=None),
        )

    @property
    def _wrong(self) -> bool:
        return bool(self._problems or self._faults)

    def _refused(self) -> RenderedInstance:
        return RenderedInstance(problems=tuple(self._problems), faults=tuple(self._faults))

    def _shared(self, properties: Any) -> dict[str, Any]:
        """The fields that the contexts of the workload type and of traits have in common."""
        prepared, inputs = self._prepared, self._inputs
        instance = prepared.binding.instance_name

        def observe(kind: Kind) -> tuple[dict[str, Any], ...]:
            return inputs.observed.documents(instance, kind)

        return {
            "application": inputs.application.metadata.name,
            "namespace": inputs.application.metadata.namespace,
            "instance": instance,
            "component": prepared.component,
            "properties": properties,
            "now": inputs.now,
            "traits": tuple(Attached(trait.offer.name, trait.given) for trait in prepared.traits),
            "parameters": prepared.parameters,
            "_observe": observe,
        }

    def _trait_context(self, offer: Offer[Any], properties: Any, manifests: tuple[Manifest, ...]) -> TraitContext[Any]:
        inputs, key = self._inputs, (self._prepared.binding.instance_name, offer.name)
        return TraitContext(
            workload=self._prepared.workload.name,
            # whole seconds, as in status: what a trait derives from it must not change at the next reconcile
            attached_at=inputs.attached.get(key, inputs.now.replace(microsecond=0)),
            manifests=manifests,
            **self._shared(properties),
        )

    def _workload(self) -> _WorkloadAnswer | None:
        prepared = self._prepared
        offer, path = prepared.workload, prepared.path
        try:
            loaded = offer.load(prepared.settings)
        except ValueError as error:
            told = check.unloadable(offer, error, prepared.setting_at, "WS-3")
            self._problems += (msgspec.structs.replace(one, document=prepared.document) for one in told)
            return None
        except PluginCallError as error:
            self._faults.append(Problem(str(error), path))
            return None
        context = WorkloadContext(**self._shared(loaded))
        return self._ask(offer, offer.type.render, context, path=path, told=self._of_component)

    def _trait(self, trait: PreparedTrait, workload: _WorkloadAnswer) -> _TraitAnswer | None:
        offer = trait.offer
        try:
            loaded = offer.load(trait.given)
        except ValueError as error:
            self._problems += check.unloadable(offer, error, trait.where, "TR-17")
            return None
        except PluginCallError as error:
            self._faults.append(Problem(str(error), trait.path))
            return None

        def told(message: str, at: str) -> Problem:
            return Problem(message, check.inside(trait.where, at), rule="TR-8")

        context = self._trait_context(offer, loaded, workload.rendered.add)
        answer = self._ask(offer, offer.type.render, context, path=trait.path, told=told)
        return msgspec.structs.replace(answer, given=trait.given) if answer else None

    def _scale(self, workload: _WorkloadAnswer, size: MergedScale | None) -> _WorkloadAnswer | None:
        offer = workload.offer
        context = msgspec.structs.replace(workload.context, manifests=workload.rendered.add)

        def function(ctx: WorkloadContext[Any]) -> Rendered:
            sized: Rendered = offer.type.scale(ctx, size.scale if size else None)
            return sized

        def told(message: str, at: str) -> Problem:
            if size and at == paths.ROOT:
                return Problem(message, size.by.path, rule="TR-14")
            return self._of_component(message, at)

        return self._ask(offer, function, context, path=workload.path, told=told)

    def _ask(
        self,
        offer: Offer[Any],
        function: Callable[..., Rendered],
        context: C,
        *,
        path: str,
        told: Told,
    ) -> _Answer[C] | None:
        try:
            rendered = plugin_call.render(offer, function, context)
        except InvalidProperties as refusal:
            self._problems += plugin_call.refusals(offer, refusal, told)
        except PluginCallError as error:
            self._faults.append(Problem(str(error), path))
        else:
            return _Answer(offer=offer, context=context, path=path, rendered=rendered)
        return None

    def _of_component(self, message: str, at: str) -> Problem:
        """A problem that a workload type sees: in the component, in its settings, or with the instance's name."""
        prepared = self._prepared
        if at == paths.ROOT:
            return Problem(message, paths.child(prepared.path, "instanceName"))
        if any(paths.below(at, part) for part in ("$.spec", "$.metadata")):
            return Problem(message, at, document=prepared.document)
        return Problem(message, check.inside(prepared.setting_at, at), document=prepared.document)

    def _size(self, traits: Sequence[_TraitAnswer]) -> MergedScale | None:
        wishes = [
            ScaleRequest(answer.rendered.scale, answer.offer.name, answer.path)
            for answer in traits
            if answer.rendered.scale is not None
        ]
        merged = scaling.merge(wishes)
        if isinstance(merged, ScaleClash):
            self._problems.append(Problem(merged.message, merged.path, rule="TR-4"))
            return None
        if merged is None:
            return None
        refused = applicability.misfit_of_size(merged.scale.form, merged.by.trait, self._prepared.workload)
        if not refused:
            return merged
        self._problems.append(Problem(refused, merged.by.path, rule="TR-14"))
        return None

    def _final(self, answers: Sequence[_AnyAnswer]) -> tuple[dict[Ref, Manifest], list[Change]]:
        """Every manifest with all edits made, and the edits."""
        manifests: dict[Ref, Manifest] = {}
        for answer in answers:
            for manifest in answer.rendered.add:
                if manifest.ref in manifests:
                    message = f'"{answer.offer.name}" adds {manifest.ref}, which this instance has already'
                    self._problems.append(Problem(message, answer.path, rule="TR-4"))
                manifests.setdefault(manifest.ref, manifest)
        changes = [Change(edit, answer.offer.name, answer.path) for answer in answers for edit in answer.rendered.edit]
        self._problems += (_clash(clash) for clash in edits.clashes(changes, manifests))
        if self._wrong:
            return manifests, changes
        final: dict[Ref, Manifest] = {}
        for ref, manifest in manifests.items():
            final[ref], misfits = edits.edited(manifest, changes)
            self._faults += (_clash(misfit) for misfit in misfits)
        return final, changes

    def _plan(
        self,
        workload: _WorkloadAnswer,
        traits: Sequence[_TraitAnswer],
        sized: _WorkloadAnswer,
        final: dict[Ref, Manifest],
    ) -> InstancePlan:
        binding = self._prepared.binding
        return InstancePlan(
            name=binding.instance_name,
            component=binding.component_name,
            owner=labels.component_instance(binding.component_name, binding.instance_name),
            workload=_part(workload, (*workload.rendered.add, *sized.rendered.add), final),
            traits=tuple(_part(trait, trait.rendered.add, final) for trait in traits),
        )

    def _member(self, workload: _WorkloadAnswer) -> Member | None:
        """What the instance's scopes are told of it; None when its workload type fails at that."""
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
        )

    def _planned(
        self, answers: Sequence[_AnyAnswer], final: dict[Ref, Manifest], changes: Sequence[Change]
    ) -> tuple[PlannedObject, ...]:
        handed = [change.edit for change in changes if isinstance(change.edit, DropField) and change.edit.handover]
        planned = []
        for answer in answers:
            for rendered in answer.rendered.add:
                manifest = final[rendered.ref]
                planned.append(
                    PlannedObject(
                        ref=manifest.ref,
                        body=self._body(manifest),
                        instance=self._prepared.binding.instance_name,
                        made_by=answer.offer.name,
                        owner="none" if manifest.retain or manifest.delete_with_application else "instance",
                        handover=tuple(drop.path for drop in handed if drop.ref == manifest.ref),
                        retain=manifest.retain,
                        reclaim=manifest.delete_with_application,
                        once=self._inputs_digest(answers) if manifest.run_once else "",
                    )
                )
        # pods wait for the claims that they mount
        return tuple(sorted(planned, key=lambda one: one.owner != "none"))

    def _body(self, manifest: Manifest) -> dict[str, Any]:
        metadata, policy = self._inputs.application.metadata, self._inputs.image_pull_policy
        if policy and membership.core(self._prepared.workload.name):
            manifest = _pulling(manifest, policy)
        return labels.body(
            manifest,
            namespace=metadata.namespace,
            application=metadata.name,
            instance=self._prepared.binding.instance_name,
        )

    def _inputs_digest(self, answers: Iterable[_AnyAnswer]) -> str:
        """What an object that runs once depends on: the component, values of parameters, and traits.

        Not what the documents are called and described by, nor a trait that only says a size or does nothing: those
        must not run a migration again.
        """
        prepared = self._prepared
        acting = (answer for answer in answers if answer.rendered.add or answer.rendered.edit)
        traits = [[answer.offer.name, answer.given] for answer in acting if answer.path != prepared.path]
        component = prepared.component
        runs = [prepared.workload.name, component.os_type, component.arch, digests.plain(component.containers)]
        return digests.of([runs, prepared.settings, prepared.parameters, traits])


def _pulling(manifest: Manifest, policy: str) -> Manifest:
    """The manifest with this imagePullPolicy for every container of its pod template, if it has one."""
    body = msgspec.json.decode(msgspec.json.encode(manifest.body))
    spec = body
    for step in ("spec", "template", "spec"):
        inner = spec.get(step)
        if not isinstance(inner, dict):
            return manifest
        spec = inner
    for containers in (spec.get("containers"), spec.get("initContainers")):
        for container in containers if isinstance(containers, list) else ():
            if isinstance(container, dict):
                container["imagePullPolicy"] = policy
    return msgspec.structs.replace(manifest, body=body)


def _rank(answer: _AnyAnswer) -> tuple[str, bytes]:
    """By name; several listings of one trait by their properties."""
    return answer.offer.name, msgspec.json.encode(answer.given, order="deterministic")


def _clash(clash: EditClash) -> Problem:
    return Problem(clash.message, clash.path, rule="TR-4")


def _part(answer: _Answer[C], own: Sequence[Manifest], final: dict[Ref, Manifest]) -> TypeCall[C]:
    manifests = tuple(final[manifest.ref] for manifest in own)
    return TypeCall(
        offer=answer.offer,
        context=msgspec.structs.replace(answer.context, manifests=manifests),
        refs=tuple(manifest.ref for manifest in manifests),
    )
