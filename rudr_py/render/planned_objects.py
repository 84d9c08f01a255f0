"""The planned objects of one rendered instance, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rudr_py.api import DropField, Manifest, Ref
from rudr_py.render import edits, former_annotations
from rudr_py.render.call_result import AnyResult, name_and_properties
from rudr_py.render.edits import Change
from rudr_py.render.prepare import PreparedInstance
from rudr_py.render.scaling import MergedScale
from rudr_py.render.values import digests, labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import PlannedObject


def planned_objects(
    prepared: PreparedInstance,
    inputs: Inputs,
    results: Sequence[AnyResult],
    final: Mapping[Ref, Manifest],
    changes: Sequence[Change],
) -> tuple[PlannedObject, ...]:
    """The objects that the types added, in the order of `results`, with their `final` forms and the edits."""
    changes_of = edits.by_object(changes)
    planned = []
    for result in results:
        for rendered in result.rendered.add:
            manifest = final[rendered.ref]
            drops = [edit for one in changes_of.get(manifest.ref, ()) if isinstance(edit := one.edit, DropField)]
            planned.append(
                PlannedObject(
                    ref=manifest.ref,
                    body=body(prepared, inputs, manifest),
                    instance=prepared.binding.instance_name,
                    made_by=result.offer.name,
                    owner="none" if manifest.retain or manifest.delete_with_application else "instance",
                    handover=tuple(drop.path for drop in drops if drop.handover and not drop.initial),
                    ignored=tuple(drop.path for drop in drops if drop.initial),
                    retain=manifest.retain,
                    reclaim=manifest.delete_with_application,
                    adopt=manifest.adopt,
                    inputs_digest=_inputs_digest(prepared, results) if manifest.run_once else "",
                    uncopied=former_annotations.uncopied(manifest, prepared.component.metadata, prepared.workload.name),
                )
            )
    # claims first, because pods mount them
    return tuple(sorted(planned, key=lambda planned_object: planned_object.owner != "none"))


def body(prepared: PreparedInstance, inputs: Inputs, manifest: Manifest) -> dict[str, Any]:
    """The whole object of a manifest of the instance."""
    metadata = inputs.application.metadata
    return labels.body(
        manifest,
        namespace=metadata.namespace,
        application=metadata.name,
        instance=prepared.binding.instance_name,
    )


def _inputs_digest(prepared: PreparedInstance, results: Iterable[AnyResult]) -> str:
    """The digest of the inputs of an object that runs once: the component, parameters, and traits.

    Names and descriptions of documents, and traits without objects and edits, are not included: a change of them
    must not run a migration again. Defaults of the platform are not, either.
    """
    effective = (result for result in results if result.rendered.add or result.rendered.edit)
    of_traits = sorted((one for one in effective if one.path != prepared.path), key=name_and_properties)
    traits = [[result.offer.name, result.properties] for result in of_traits]
    component = prepared.component
    workload = [prepared.workload.name, component.os_type, component.arch, digests.containers(component)]
    return digests.of([workload, prepared.settings, prepared.parameters, traits])


def in_listed_order(
    workload: AnyResult, traits: Sequence[AnyResult], sized: AnyResult, merged_scale: MergedScale | None
) -> Sequence[AnyResult]:
    """The results in the order in which their objects are applied; an autoscaler is in the place of its trait."""
    of_scale = merged_scale.request.path if merged_scale is not None else ""
    position = next((index + 1 for index, trait in enumerate(traits) if trait.path == of_scale), len(traits))
    return (workload, *traits[:position], sized, *traits[position:])
