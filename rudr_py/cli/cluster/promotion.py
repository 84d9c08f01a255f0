"""The components that wait for a promotion in an application with manual updates. Reads a cluster, writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import get_in, mappings_in
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.kube.requests import Target
from rudr_py.model.kinds import COMPONENT
from rudr_py.model.metadata_keys import COMPONENT_UPDATES_ANNOTATION
from rudr_py.model.parse import component_updates
from rudr_py.model.shapes import rewrite
from rudr_py.render import revisions

Document = dict[str, Any]


class WaitingComponent(msgspec.Struct, frozen=True):
    """A component to promote: its generation, that of the content that runs, 0 if unknown, and its digest."""

    name: str
    generation: int
    running: int
    digest: str


class Promotion(msgspec.Struct, frozen=True):
    """The components that wait, those that were deleted, and the value of the annotation that takes the former."""

    waiting: tuple[WaitingComponent, ...]
    deleted: tuple[str, ...]
    value: str


def is_manual(application: Mapping[str, Any]) -> bool:
    """Whether an application has manual updates: by its annotation, else by the status that the controller wrote."""
    annotations = get_in(application, "metadata", "annotations", default={})
    if annotations.get(COMPONENT_UPDATES_ANNOTATION):
        return component_updates.is_manual(annotations, "automatic")
    return bool(released(application))


def has_unknown_updates(application: Mapping[str, Any]) -> bool:
    """Whether only the setting of the controller decides on the updates: no annotation, and no revision yet."""
    is_annotated = get_in(application, "metadata", "annotations", COMPONENT_UPDATES_ANNOTATION, default="")
    return not is_annotated and not get_in(application, "status", "currentRevision", default={})


def released(application: Mapping[str, Any]) -> dict[str, Any]:
    """The components of the current revision in the status, by name; empty with automatic updates."""
    return dict(get_in(application, "status", "currentRevision", "components", default={}))


def component_names(application: Mapping[str, Any]) -> list[str]:
    """The components that an application uses."""
    names = (rewrite.component_of(binding) for binding in mappings_in(application, "spec", "components"))
    return sorted({name for name in names if name})


async def read(client: ClusterClient, application: Mapping[str, Any], names: Iterable[str]) -> Promotion:
    """The promotion of these components. Raises KubeError."""
    resource = await client.resource(COMPONENT)
    chosen = sorted(names)
    documents = await asyncio.gather(*(_read(client, Target(resource, client.namespace, name)) for name in chosen))
    live = dict(zip(chosen, documents, strict=True))
    return promotion(application, {name: document for name, document in live.items() if document is not None}, chosen)


def promotion(
    application: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]], names: Iterable[str]
) -> Promotion:
    """The promotion of components with these documents."""
    promoted = component_updates.promotions(get_in(application, "metadata", "annotations", default={}))
    running = released(application)
    waiting = []
    for name, document in sorted(components.items()):
        digest = revisions.digest(document)
        # the status may not contain a promoted content yet, so that an earlier promotion is replaced in any case
        runs = digest == get_in(running, name, "digest", default="") and name not in promoted
        if runs or promoted.get(name) == digest or (running and name not in running and name not in promoted):
            continue
        generation = get_in(document, "metadata", "generation", default=0)
        waiting.append(WaitingComponent(name, generation, get_in(running, name, "generation", default=0), digest))
    used = set(component_names(application))
    value = {name: digest for name, digest in promoted.items() if name in used}
    value |= {component.name: component.digest for component in waiting}
    deleted = tuple(name for name in names if name not in components)
    return Promotion(tuple(waiting), deleted, component_updates.promoted_text(value))


async def _read(client: ClusterClient, target: Target) -> Document | None:
    try:
        return await client.client.get(target)
    except errors.NotFoundError:
        return None
