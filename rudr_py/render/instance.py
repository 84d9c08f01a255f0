"""Renders one prepared instance: its workload, its traits, its size, and everybody's edits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from rudr_py.api import Attached, Context, Drop, Kind, Manifest, Ref, Refuse, Rendered, Scale
from rudr_py.catalog import Offer
from rudr_py.errors import PluginCallError, Problem
from rudr_py.render import check, digest, edits, prepare, scaling, stamp
from rudr_py.render.inputs import Inputs
from rudr_py.render.plan import InstancePlan, Part, Planned
from rudr_py.render.prepare import Prepared, PreparedTrait


class RenderedInstance(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one instance. With problems `plan` is None. `failed` says that a plugin is at fault."""

    plan: InstancePlan | None = None
    manifests: tuple[Planned, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    wake_at: datetime | None = None
    failed: bool = False


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    offer: Offer[Any]
    context: Context[Any]
    path: str
    rendered: Rendered


def render(prepared: Prepared, inputs: Inputs) -> RenderedInstance:
    """Call the types of one instance and put their answers together."""
    try:
        return _Assembly(prepared, inputs).result()
    except _FailedError as failure:
        return RenderedInstance(problems=failure.problems, failed=failure.plugin)


class _FailedError(Exception):
    def __init__(self, problems: tuple[Problem, ...], *, plugin: bool = False) -> None:
        super().__init__()
        self.problems = problems
        self.plugin = plugin


class _Assembly:
    """The working memory of one rendering."""

    def __init__(self, prepared: Prepared, inputs: Inputs) -> None:
        self.prepared = prepared
        self.inputs = inputs

    def result(self) -> RenderedInstance:
        workload = self._ask_workload()
        traits = self._ask_traits(workload)
        size = self._size(traits)
        sized = self._scale(workload, size)
        answers = (workload, *traits, sized)
        manifests, changes = _gather(answers)
        clashes = edits.clashes(changes, {manifest.ref: manifest for manifest in manifests})
        if clashes:
            raise _FailedError(tuple(Problem(clash.message, clash.path, rule="TR-4") for clash in clashes))
        final = {manifest.ref: edits.edited(manifest, changes) for manifest in manifests}
        plan = self._plan(workload, traits, sized, final)
        return RenderedInstance(
            plan=plan,
            manifests=self._planned(answers, final, changes),
            warnings=tuple(Problem(text, a.path) for a in answers for text in a.rendered.warnings),
            wake_at=min((a.rendered.wake_at for a in answers if a.rendered.wake_at), default=None),
        )

    def _context(self, offer: Offer[Any], properties: Any, manifests: tuple[Manifest, ...] = ()) -> Context[Any]:
        prepared, inputs = self.prepared, self.inputs
        instance = prepared.binding.instance_name

        def observe(kind: Kind) -> tuple[dict[str, Any], ...]:
            return inputs.observed.documents(instance, kind)

        return Context(
            application=inputs.application.metadata.name,
            namespace=inputs.application.metadata.namespace,
            instance=instance,
            component=prepared.component,
            properties=properties,
            now=inputs.now,
            attached_at=inputs.attached.get((instance, offer.name), inputs.now),
            traits=tuple(Attached(trait.offer.name, trait.given) for trait in prepared.traits),
            workload=prepared.workload.name,
            manifests=manifests,
            observe=observe,
        )

    def _ask_workload(self) -> _Answer:
        offer = self.prepared.workload
        context = self._context(offer, _load(offer, self.prepared.settings, prepare.setting_path))
        return self._ask(offer, context, self.prepared.path, prepare.setting_path)

    def _ask_traits(self, workload: _Answer) -> tuple[_Answer, ...]:
        return tuple(self._ask_trait(trait, workload) for trait in self.prepared.traits)

    def _ask_trait(self, trait: PreparedTrait, workload: _Answer) -> _Answer:
        properties = _load(trait.offer, trait.given, trait.where)
        context = self._context(trait.offer, properties, workload.rendered.add)
        return self._ask(trait.offer, context, trait.path, trait.where)

    def _ask(self, offer: Offer[Any], context: Context[Any], path: str, where: check.Where) -> _Answer:
        rendered = _call(offer, offer.provides.render, context, where=where)
        _declared(offer, rendered, path)
        return _Answer(offer=offer, context=context, path=path, rendered=rendered)

    def _size(self, traits: Sequence[_Answer]) -> Scale | None:
        wishes = [
            scaling.Wish(answer.rendered.scale, answer.offer.name, answer.path)
            for answer in traits
            if answer.rendered.scale is not None
        ]
        size = scaling.merge(wishes)
        if isinstance(size, scaling.Clash):
            raise _FailedError((Problem(size.message, size.path, rule="TR-4"),))
        offer = self.prepared.workload
        if size is not None and size.form not in offer.provides.takes:
            message = f'{offer.name} cannot be scaled as the trait "{wishes[0].trait}" asks ({size.form})'
            raise _FailedError((Problem(message, wishes[0].path, rule="TR-14"),))
        return size

    def _scale(self, workload: _Answer, size: Scale | None) -> _Answer:
        offer = workload.offer
        context = msgspec.structs.replace(workload.context, manifests=workload.rendered.add)
        rendered = _call(offer, offer.provides.scale, context, size, where=prepare.setting_path)
        _declared(offer, rendered, self.prepared.path)
        return _Answer(offer=offer, context=context, path=self.prepared.path, rendered=rendered)

    def _plan(
        self, workload: _Answer, traits: Sequence[_Answer], sized: _Answer, final: dict[Ref, Manifest]
    ) -> InstancePlan:
        own = (*workload.rendered.add, *sized.rendered.add)
        binding = self.prepared.binding
        return InstancePlan(
            name=binding.instance_name,
            component=binding.component_name,
            owner=stamp.component_instance(binding.component_name, binding.instance_name),
            workload=_part(workload, own, final),
            traits=tuple(_part(trait, trait.rendered.add, final) for trait in traits),
        )

    def _planned(
        self, answers: Sequence[_Answer], final: dict[Ref, Manifest], changes: Sequence[edits.Change]
    ) -> tuple[Planned, ...]:
        application = self.inputs.application.metadata
        instance = self.prepared.binding.instance_name
        handed = [change.edit for change in changes if isinstance(change.edit, Drop) and change.edit.handover]
        planned = []
        for answer in answers:
            for rendered in answer.rendered.add:
                manifest = final[rendered.ref]
                planned.append(
                    Planned(
                        ref=manifest.ref,
                        body=stamp.body(
                            manifest, namespace=application.namespace, application=application.name, instance=instance
                        ),
                        instance=instance,
                        made_by=answer.offer.name,
                        owner="none" if manifest.retain else "instance",
                        handover=tuple(drop.path for drop in handed if drop.ref == manifest.ref),
                        retain=manifest.retain,
                        once=self._inputs_digest(answers) if manifest.once else "",
                    )
                )
        return tuple(sorted(planned, key=lambda one: not one.retain))

    def _inputs_digest(self, answers: Sequence[_Answer]) -> str:
        """What an object that runs once depends on: component, parameters, and the traits that do not only scale."""
        sizing = {answer.offer.name for answer in answers if answer.rendered.scale is not None}
        traits = [[t.offer.name, t.given] for t in self.prepared.traits if t.offer.name not in sizing]
        component = msgspec.structs.replace(
            self.prepared.component, metadata=None
        )  # the document's version is no input
        return digest.of([component, self.prepared.parameters, traits])


def _load(offer: Offer[Any], given: dict[str, Any], where: check.Where) -> Any:
    try:
        return offer.load(given)
    except ValueError as error:
        raise _FailedError((Problem(f"{offer.name}: {error}", where(), rule="TR-17"),)) from error


def _call(offer: Offer[Any], function: Any, *args: Any, where: check.Where) -> Rendered:
    try:
        return offer.call(function, *args, returns=Rendered)
    except Refuse as refusal:
        problems = tuple(Problem(message, check.inside(where, at), rule="TR-8") for message, at in refusal.problems)
        raise _FailedError(problems) from refusal
    except PluginCallError as error:
        raise _FailedError((Problem(str(error), where()),), plugin=True) from error


def _declared(offer: Offer[Any], rendered: Rendered, path: str) -> None:
    """A type may add only kinds that it declares, because only those are watched and permitted."""
    for manifest in rendered.add:
        if manifest.kind not in offer.provides.produces:
            message = (
                f"{offer.name} of {offer.package} added {manifest.ref}, a kind that it does not declare to produce"
            )
            raise _FailedError((Problem(message, path),), plugin=True)


def _gather(answers: Sequence[_Answer]) -> tuple[list[Manifest], list[edits.Change]]:
    manifests: dict[Ref, Manifest] = {}
    for answer in answers:
        for manifest in answer.rendered.add:
            if manifest.ref in manifests:
                message = f'"{answer.offer.name}" adds {manifest.ref}, which this instance has already'
                raise _FailedError((Problem(message, answer.path, rule="TR-4"),))
            manifests[manifest.ref] = manifest
    changes = [
        edits.Change(edit, answer.offer.name, answer.path) for answer in answers for edit in answer.rendered.edit
    ]
    return list(manifests.values()), changes


def _part(answer: _Answer, own: Sequence[Manifest], final: dict[Ref, Manifest]) -> Part:
    manifests = tuple(final[manifest.ref] for manifest in own)
    return Part(
        offer=answer.offer,
        context=msgspec.structs.replace(answer.context, manifests=manifests),
        refs=tuple(manifest.ref for manifest in manifests),
    )
