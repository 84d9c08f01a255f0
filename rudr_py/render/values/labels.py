"""Completes manifests: namespace, name and the labels of rudr's objects.

The labels are on the objects only, never in a pod template or a selector: a change there restarts pods or is rejected.
"""

from __future__ import annotations

import functools
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
    """The labels of every object of an application, in addition to those of its type."""
    own = {MANAGED_BY: MANAGER, APPLICATION: naming.join(application)}
    return {**own, INSTANCE: naming.join(instance)} if instance else own


def is_managed(object_labels: Mapping[str, str]) -> bool:
    """Whether an object with these labels is managed by rudr."""
    return object_labels.get(MANAGED_BY) == MANAGER


@functools.lru_cache(maxsize=1024)
def object_name(text: str) -> str:
    """A valid name for the definition object of a type: `manual-scaler`.

    Two types get the same name only if they differ in case, or in characters other than letters, digits, dot and dash.
    """
    return naming.join(re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-."))


def body(manifest: Manifest, *, namespace: str, application: str, instance: str) -> dict[str, Any]:
    """The whole object. The core's labels take precedence, because the watch selects by them."""
    metadata: dict[str, Any] = {
        "name": manifest.name,
        "namespace": namespace,
        "labels": {**manifest.labels, **labels(application, instance)},
    }
    if manifest.annotations:
        metadata["annotations"] = dict(manifest.annotations)
    type_fields = {"apiVersion": manifest.kind.api_version, "kind": manifest.kind.kind, "metadata": metadata}
    return {**type_fields, **manifest.body}
