"""Completes manifests: namespace, name and the labels by which our objects are known.

The labels stand on the objects only, never in a pod template or a selector, which are immutable or restart pods.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from rudr_py.api import Manifest, Ref, naming
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import COMPONENT_INSTANCE

MANAGED_BY: Final = metadata_keys.MANAGED_BY_LABEL
MANAGER: Final = metadata_keys.MANAGER
APPLICATION: Final = metadata_keys.APPLICATION_LABEL
INSTANCE: Final = metadata_keys.INSTANCE_LABEL


def component_instance(component: str, instance: str) -> Ref:
    """The ComponentInstance of an instance: `<componentName>-<instanceName>`, as Rudr named it."""
    return Ref(COMPONENT_INSTANCE, naming.join(component, instance))


def labels(application: str, instance: str) -> dict[str, str]:
    """What every object of ours carries, beside the labels of its type."""
    found = {MANAGED_BY: MANAGER, APPLICATION: naming.join(application)}
    return {**found, INSTANCE: naming.join(instance)} if instance else found


def ours(labels_of_object: Mapping[str, str]) -> bool:
    """Whether an object with these labels is one of ours."""
    return labels_of_object.get(MANAGED_BY) == MANAGER


def object_name(text: str) -> str:
    """A name that Kubernetes takes, for an object that publishes a type of this name: `manual-scaler`.

    Different types may get one name only if they differ in case or in what is no letter, digit, dot or dash.
    """
    return naming.join(re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-."))


def body(manifest: Manifest, *, namespace: str, application: str, instance: str) -> dict[str, Any]:
    """The whole object. Our own labels win: an object without them would be lost to the watch."""
    metadata: dict[str, Any] = {
        "name": manifest.name,
        "namespace": namespace,
        "labels": {**manifest.labels, **labels(application, instance)},
    }
    if manifest.annotations:
        metadata["annotations"] = dict(manifest.annotations)
    head = {"apiVersion": manifest.kind.api_version, "kind": manifest.kind.kind, "metadata": metadata}
    return {**head, **manifest.body}
