"""metadata: labels and annotations of the pods, and of the object that runs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import msgspec

from rudr_py.api import InvalidProperties, Problem, Rendered, SetField, Trait, TraitContext, get_in

_RESERVED: Final = ("oam.dev/", "rudr.oam.dev/")


class MetadataProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Labels and annotations. Those of pods are part of the pod template: a change replaces the pods."""

    labels: Annotated[
        dict[str, str], msgspec.Meta(description="Labels of the pods.", examples=[{"team": "frontend"}])
    ] = {}
    annotations: Annotated[dict[str, str], msgspec.Meta(description="Annotations of the pods.")] = {}
    workload_labels: Annotated[dict[str, str], msgspec.Meta(description="Labels of the object that runs them.")] = {}
    workload_annotations: Annotated[
        dict[str, str], msgspec.Meta(description="Annotations of the object that runs them.")
    ] = {}


class Metadata(Trait[MetadataProperties]):
    """Adds labels and annotations, which other programs read."""

    name = "metadata"
    properties = MetadataProperties
    requires = frozenset({"pod-template"})

    def render(self, ctx: TraitContext[MetadataProperties]) -> Rendered:
        """An edit for each label and annotation."""
        problems = [*_problems(ctx)]
        if problems:
            raise InvalidProperties(*problems)
        own = ctx.properties
        of_pods = {"labels": own.labels, "annotations": own.annotations}
        of_workload = {"labels": own.workload_labels, "annotations": own.workload_annotations}
        edits = []
        for place in ctx.pod_templates:
            for field, values in of_pods.items():
                edits += [place.edit(("metadata", field, key), value) for key, value in sorted(values.items())]
            for field, values in of_workload.items():
                edits += [SetField(place.ref, ("metadata", field, key), text) for key, text in sorted(values.items())]
        return Rendered(edit=tuple(edits))


def _problems(ctx: TraitContext[MetadataProperties]) -> Iterator[Problem]:
    """Keys of rudr, and labels by which the pods are selected."""
    own = ctx.properties
    listed = {
        "labels": own.labels,
        "annotations": own.annotations,
        "workloadLabels": own.workload_labels,
        "workloadAnnotations": own.workload_annotations,
    }
    for field, values in listed.items():
        for key in values:
            if key.startswith(_RESERVED):
                yield Problem(f'"{key}" is reserved for rudr', path=f'$.{field}["{key}"]')
    for place in ctx.pod_templates:
        selected = get_in(place.template, "metadata", "labels", default={})
        for key, value in ctx.properties.labels.items():
            if selected.get(key, value) != value:
                yield Problem(f'the pods are selected by their label "{key}"', path=f'$.labels["{key}"]')
