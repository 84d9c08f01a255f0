"""Keep annotations in a live pod template that an earlier release copied from the component.

Removing them alone would restart the pods, so they stay until the template changes for another reason. Reads and
compares values only; the dry run is an argument.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rudr_py.api import get_in, pod_annotations
from rudr_py.controller.apply import managed_fields
from rudr_py.kube.live_object import LiveObject
from rudr_py.settings import FIELD_MANAGER

TEMPLATE = ("spec", "template")
ANNOTATIONS = (*TEMPLATE, "metadata", "annotations")

Document = dict[str, Any]

DryRun = Callable[[Mapping[str, str]], Awaitable[Document]]
"""Returns the object as it would be after the apply of the desired body with these annotations in its pod template."""


def suspected(live: LiveObject, desired: Document) -> bool:
    """Whether the live pod template may have such annotations; their owner is recorded in the whole object only."""
    if not get_in(desired, *TEMPLATE, default={}):
        return False
    return bool(_surplus({"spec": live.part("spec")}, desired))


def left(live: Document, desired: Document) -> dict[str, str]:
    """The annotations of the live pod template that rudr owns, that are not desired, and that are not for pods.

    `live` is the whole object with its managedFields.
    """
    owned = managed_fields.entry(live, FIELD_MANAGER)
    return {
        key: value for key, value in _surplus(live, desired).items() if managed_fields.owns(owned, (*ANNOTATIONS, key))
    }


async def kept(live: Document, desired: Document, dry_run: DryRun) -> dict[str, str]:
    """Those of `left` with which the pod template is as before; none where it changes for another reason."""
    annotations = left(live, desired)
    if not annotations:
        return {}
    merged = await dry_run(annotations)
    return annotations if managed_fields.value(merged, TEMPLATE) == managed_fields.value(live, TEMPLATE) else {}


def add(document: Document, annotations: Mapping[str, str]) -> Document:
    """The document with these annotations in its pod template, besides those that it has."""
    if not annotations:
        return document
    template = document["spec"]["template"]
    metadata = template.get("metadata") or {}
    metadata = {**metadata, "annotations": {**annotations, **(metadata.get("annotations") or {})}}
    return {**document, "spec": {**document["spec"], "template": {**template, "metadata": metadata}}}


def _surplus(live: Document, desired: Document) -> dict[str, str]:
    present = get_in(live, *ANNOTATIONS, default={})
    planned = get_in(desired, *ANNOTATIONS, default={})
    return {key: value for key, value in present.items() if key not in planned and not pod_annotations.is_for_pods(key)}
