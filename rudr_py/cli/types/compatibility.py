"""Whether a trait can be put on a workload type: by what both declare, and by the size that the trait asks for. Pure.

Which form a size has is declared nowhere: that the auto-scaler cannot be put on a Task is known once the auto-scaler
has been rendered. It is tried on a workload type that takes every size and only notes which it was given.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from rudr_py import catalog
from rudr_py.api import Rendered, Scale, Trait, WorkloadContext, WorkloadType
from rudr_py.api.types import ScaleForm
from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.types import example
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed
from rudr_py.model.identity import API_VERSION
from rudr_py.model.parse import documents
from rudr_py.render import render as rendering
from rudr_py.render.types import applicability
from rudr_py.render.values.inputs import Inputs

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_CONTAINER: Final = {
    "name": "tried",
    "image": "tried:1",
    "ports": [{"name": "http", "containerPort": 80}],
    "resources": {"volumes": [{"name": "data", "mountPath": "/data"}]},
}


def misfit(trait: Offer[Trait[Any]], workload: Offer[WorkloadType[Any]]) -> str:
    """Why the trait cannot be put on the workload type, or ""; also "" when a try tells nothing."""
    declared = applicability.misfit(trait, workload)
    form = None if declared or "scale" not in trait.type.requires else _form(trait)
    return declared or (applicability.scale_misfit(form, trait.name, workload) if form else "")


class _Noting(WorkloadType[Any]):
    """Takes every size, and notes its form."""

    name = "rudr.oam.dev/v1.Tried"
    scale_forms = frozenset({"exact", "range", "external"})
    provides = frozenset({"pods", "service", "scale"})

    def __init__(self, aliases: tuple[str, ...]) -> None:
        self.aliases = aliases  # type: ignore[misc] # whatever the trait applies to, this is it
        self.noted: list[ScaleForm] = []

    def render(self, ctx: WorkloadContext[Any]) -> Rendered:
        """Nothing."""
        del ctx
        return Rendered()

    def scale(self, ctx: WorkloadContext[Any], size: Scale | None) -> Rendered:
        """Note the form; what is merged is never a hold."""
        del ctx
        self.noted += [size.form] if size is not None and size.form != "hold" else []
        return Rendered()


def _form(trait: Offer[Trait[Any]]) -> ScaleForm | None:
    """The form of the size that the trait asks for with the example of its properties."""
    noting = _Noting(tuple(name for name in trait.type.applies_to if name != "*"))
    workload: Offer[WorkloadType[Any]] = catalog.offer(noting, package="rudr-py")
    names = (noting.name, *noting.aliases)
    types = Catalog(workloads=dict.fromkeys(names, workload), traits={trait.name: trait})
    binding = {"name": trait.name, "properties": example.sample(trait.schema)}
    instance = {"componentName": "tried", "instanceName": "tried", "traits": [binding]}
    application: Parsed[Any] = documents.parse(_document("ApplicationConfiguration", {"components": [instance]}))
    spec = {"workloadType": noting.name, "containers": [_CONTAINER]}
    component: Parsed[Any] = documents.parse(_document("ComponentSchematic", spec))
    if isinstance(application.value, Application) and isinstance(component.value, Component):
        components = {component.value.metadata.name: component}
        rendering.render(
            Inputs(application=application.value, parsed=application, components=components, now=_NOW), types
        )
    return noting.noted[-1] if noting.noted else None


def _document(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": "tried"}, "spec": spec}
