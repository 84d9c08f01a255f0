"""Whether a trait fits a workload type: by their declarations, and by the scale that the trait requests. Pure.

No declaration contains the form of the scale: that the auto-scaler does not fit a Task is visible only when the
auto-scaler has been rendered. So the trait is rendered on a workload type that accepts every scale and records it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from rudr_py import catalog
from rudr_py.api import Manifest, Rendered, Scale, Trait, WorkloadContext, WorkloadType, pod_templates
from rudr_py.api.types import ScaleForm
from rudr_py.catalog import Catalog, Offer
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed
from rudr_py.model.identity import API_VERSION
from rudr_py.model.kinds import DEPLOYMENT
from rudr_py.model.parse import documents
from rudr_py.render import render as rendering
from rudr_py.render import scaling
from rudr_py.render.types import constraints, schema_example
from rudr_py.render.types.definition_faults import ANY
from rudr_py.render.values.inputs import Inputs

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_CONTAINER: Final = {
    "name": "probe",
    "image": "probe:1",
    "ports": [{"name": "http", "containerPort": 80}],
    "resources": {"volumes": [{"name": "data", "mountPath": "/data"}]},
}


def misfit(trait_offer: Offer[Trait[Any]], workload_offer: Offer[WorkloadType[Any]]) -> str:
    """The reason why the trait does not fit the workload type. Empty if it fits, or if rendering shows no scale."""
    return constraints.declared_misfit(trait_offer, workload_offer) or _misfit_of_scale(
        _form(trait_offer), trait_offer, workload_offer
    )


def accepted(trait_offer: Offer[Trait[Any]], catalog: Catalog) -> tuple[str, ...]:
    """The names of the workload types that the trait fits, sorted."""
    workloads = {offer.name: offer for offer in catalog.workloads.values()}
    form = _form(trait_offer)
    return tuple(
        name
        for name, offer in sorted(workloads.items())
        if not constraints.declared_misfit(trait_offer, offer) and not _misfit_of_scale(form, trait_offer, offer)
    )


def applies_to(trait_offer: Offer[Trait[Any]], catalog: Catalog) -> tuple[str, ...]:
    """The names of `accepted`, or "*" for a trait that fits every workload type, also one that is not installed."""
    if ANY in trait_offer.type.applies_to and not trait_offer.type.requires:
        return (ANY,)
    return accepted(trait_offer, catalog)


def _misfit_of_scale(
    form: ScaleForm | None, trait_offer: Offer[Trait[Any]], workload_offer: Offer[WorkloadType[Any]]
) -> str:
    return scaling.misfit(form, trait_offer.name, workload_offer) if form else ""


class _RecordingWorkload(WorkloadType[Any]):
    """Accepts every scale and records its form."""

    name = "rudr.oam.dev/v1.Probe"
    produces = (DEPLOYMENT,)
    scale_forms = frozenset({"exact", "range", "external"})
    provides = frozenset({"pods", "pod-template", "service", "scale"})

    def __init__(self, aliases: tuple[str, ...]) -> None:
        self.aliases = aliases  # type: ignore[misc] # the names in the trait's applies_to, so that the trait applies
        self.forms: list[ScaleForm] = []

    def render(self, ctx: WorkloadContext[Any]) -> Rendered:
        """An object with a pod template, for traits that edit one."""
        body = {"spec": {"template": pod_templates.pod_template(ctx).document}}
        return Rendered(add=(Manifest(kind=DEPLOYMENT, name=ctx.instance, body=body),))

    def scale(self, ctx: WorkloadContext[Any], scale: Scale | None) -> Rendered:
        """Record the form. `hold` is left out: it never results from merging the scales of traits."""
        del ctx
        self.forms += [scale.form] if scale is not None and scale.form != "hold" else []
        return Rendered()


def _form(offer: Offer[Trait[Any]]) -> ScaleForm | None:
    """The form of the scale that the trait requests with an example of its properties; None if it requests none."""
    if "scale" not in offer.type.requires:
        return None
    recording = _RecordingWorkload(tuple(name for name in offer.type.applies_to if name != ANY))
    workload: Offer[WorkloadType[Any]] = catalog.offer(recording, package="rudr-py")
    names = (recording.name, *recording.aliases)
    recording_catalog = Catalog(workloads=dict.fromkeys(names, workload), traits={offer.name: offer})
    binding = {"name": offer.name, "properties": schema_example.sample(offer.schema)}
    instance = {"componentName": "probe", "instanceName": "probe", "traits": [binding]}
    application: Parsed[Any] = documents.parse(_document("ApplicationConfiguration", {"components": [instance]}))
    spec = {"workloadType": recording.name, "containers": [_CONTAINER]}
    component: Parsed[Any] = documents.parse(_document("ComponentSchematic", spec))
    if isinstance(application.value, Application) and isinstance(component.value, Component):
        components = {component.value.metadata.name: component}
        rendering.render(
            Inputs(application=application.value, parsed=application, components=components, now=_NOW),
            recording_catalog,
        )
    return recording.forms[-1] if recording.forms else None


def _document(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": "probe"}, "spec": spec}
