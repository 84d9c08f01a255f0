"""metadata: labels and annotations of the pods, and of the object that runs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import msgspec

from rudr_py.api import PodTemplatePlace, PodTrait, Problem, SetField, TraitContext, reject

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


class Metadata(PodTrait[MetadataProperties]):
    """Adds labels and annotations, which other programs read."""

    name = "metadata"
    properties = MetadataProperties

    def edits(self, ctx: TraitContext[MetadataProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """An edit for each label and annotation."""
        reject(_problems(ctx.properties, place))
        own = ctx.properties
        for field, of_pods, of_workload in (
            ("labels", own.labels, own.workload_labels),
            ("annotations", own.annotations, own.workload_annotations),
        ):
            for key, value in sorted(of_pods.items()):
                yield place.edit(("metadata", field, key), value)
            for key, value in sorted(of_workload.items()):
                yield SetField(place.ref, ("metadata", field, key), value)


def _problems(properties: MetadataProperties, place: PodTemplatePlace) -> Iterator[Problem]:
    """Keys of rudr, and labels by which the pods are selected."""
    for field, values in msgspec.to_builtins(properties).items():
        for key in values:
            if key.startswith(_RESERVED):
                yield Problem(f'"{key}" is reserved for rudr', path=f'$.{field}["{key}"]')
    for key, value in properties.labels.items():
        if place.labels.get(key, value) != value:
            yield Problem(f'the pods are selected by their label "{key}"', path=f'$.labels["{key}"]')
