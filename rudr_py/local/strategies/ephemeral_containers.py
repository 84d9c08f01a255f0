"""Rules of ephemeral containers, which a subresource adds to a pod and nothing removes or changes. Pure.

Source: kubernetes, pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rudr_py.errors import Cause
from rudr_py.local.apimachinery import object_meta
from rudr_py.local.schema import causes
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import pod_fields

SUBRESOURCE: Final = "ephemeralcontainers"
_FIELD: Final = "ephemeralContainers"
_PATH: Final = f"spec.{_FIELD}"
_FORBIDDEN: Final = (
    "ports",
    "resources",
    "restartPolicy",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)
_CHECKED: Final = ("image",)
_FORBIDDEN_MOUNT: Final = ("subPath", "subPathExpr")
_NOT_EPHEMERAL: Final = "cannot be set for an Ephemeral Container"


def created(pod: Object) -> Iterator[Cause]:
    """The error of a new pod that has ephemeral containers."""
    if _listed(pod):
        yield causes.forbidden(_PATH, "cannot be set on create")


def errors(pod: Object) -> Iterator[Cause]:
    """The errors of the ephemeral containers of a pod."""
    spec = pod.get("spec") or {}
    targets = {container.get("name") for container in spec.get("containers") or ()}
    names = targets.union(container.get("name") for container in spec.get("initContainers") or ())
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    for index, container in enumerate(_listed(pod)):
        path = f"{_PATH}[{index}]"
        name, target = container.get("name"), container.get("targetContainerName")
        if not name:
            yield causes.required(f"{path}.name")
        elif not object_meta.is_label(name):
            yield causes.invalid(f"{path}.name", name, object_meta.LABEL_TEXT)
        elif name in names:
            yield causes.duplicate(f"{path}.name", name)
        names.add(name)
        if target and target not in targets:
            yield causes.not_found(f"{path}.targetContainerName", target)
        if not container.get("image"):
            yield causes.required(f"{path}.image")
        yield from pod_fields.container({key: container.get(key) for key in _CHECKED}, path)
        yield from _mount_errors(container, volumes, path)
        for field in _FORBIDDEN:
            if container.get(field):
                yield causes.forbidden(f"{path}.{field}", _NOT_EPHEMERAL)


def changed(new: Object, old: Object) -> Iterator[Cause]:
    """The errors of containers that were changed or removed."""
    containers = {container.get("name"): container for container in _listed(new)}
    for container in _listed(old):
        name = container.get("name")
        if containers.get(name) != container:
            verb = "changed" if name in containers else "removed"
            yield causes.forbidden(_PATH, f'existing ephemeral containers "{name}" may not be {verb}\n')


def added(new: Object, live: Object) -> Object:
    """Return a live pod with the ephemeral containers of another state of it."""
    spec = {key: value for key, value in live["spec"].items() if key != _FIELD}
    containers = (new.get("spec") or {}).get(_FIELD)
    return {**live, "spec": {**spec, _FIELD: containers} if containers else spec}


def _mount_errors(container: Mapping[str, Any], volumes: set[Any], path: str) -> Iterator[Cause]:
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            yield causes.not_found(f"{path}.volumeMounts[{index}].name", str(mount.get("name")))
        for field in _FORBIDDEN_MOUNT:
            if mount.get(field):
                yield causes.forbidden(f"{path}.volumeMounts[{index}].{field}", _NOT_EPHEMERAL)


def _listed(pod: Object) -> list[Mapping[str, Any]]:
    return (pod.get("spec") or {}).get(_FIELD) or []
