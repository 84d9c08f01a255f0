"""Rules of `pods/resize`, which changes the CPU and memory of containers in place. Pure.

Source: kubernetes, pkg/registry/core/pod/strategy.go and ValidatePodResize of pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rudr_py.errors import Cause
from rudr_py.local.schema import causes
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import pod_fields

SUBRESOURCE: Final = "resize"
_LISTS: Final = ("containers", "initContainers")
_CHANGEABLE: Final = ("resources", "resizePolicy")
_AMOUNTS: Final = ("limits", "requests")
_RESIZABLE: Final = ("cpu", "memory")


def resized(new: Object, live: Object) -> Object:
    """Return a live pod with the resources of another state of it; containers of other names are kept for `changed`."""
    spec, desired = dict(live["spec"]), new.get("spec") or {}
    for key in _LISTS:
        containers, others = spec.get(key) or [], desired.get(key) or []
        if [each["name"] for each in containers] != [each.get("name") for each in others]:
            spec[key] = others
            continue
        if containers:
            spec[key] = [_with_resources(container, others[index]) for index, container in enumerate(containers)]
    return {**live, "spec": spec}


def _with_resources(container: Object, desired: Object) -> Object:
    kept = {key: value for key, value in container.items() if key not in _CHANGEABLE}
    return kept | {key: desired[key] for key in _CHANGEABLE if key in desired}


def changed(new: Object, old: Object) -> Iterator[Cause]:
    """The errors of a change of a pod through `resize`."""
    spec, live = new["spec"], old["spec"]
    names = [[each.get("name") for each in pod.get("containers") or ()] for pod in (spec, live)]
    if len(names[0]) != len(names[1]):
        yield causes.forbidden("spec.containers", "containers may not be added or removed on resize")
        return
    if names[0] != names[1]:
        yield causes.forbidden("spec.containers", "containers may not be renamed or reordered on resize")
        return
    for index, (container, before) in enumerate(zip(spec["containers"], live["containers"], strict=True)):
        for part in _AMOUNTS:
            if _amounts(before, part).keys() & set(_RESIZABLE) - _amounts(container, part).keys():
                path = f"spec.containers[{index}].resources.{part}"
                yield causes.forbidden(path, f"resource {part} cannot be removed")
    quality = (old.get("status") or {}).get("qosClass", "")
    if pod_fields.quality(spec) != quality:
        yield causes.invalid("spec", quality, "Pod QOS Class may not change as a result of resizing")
    if _fixed(spec) != _fixed(live):
        yield causes.forbidden("spec", "only cpu and memory resources are mutable")


def _amounts(container: Object, part: str) -> dict[str, Any]:
    return (container.get("resources") or {}).get(part) or {}


def _fixed(spec: Object) -> Object:
    """A pod spec without the CPU and memory of its containers."""
    containers = [
        {
            **container,
            "resources": {
                part: {name: each for name, each in _amounts(container, part).items() if name not in _RESIZABLE}
                for part in _AMOUNTS
            },
        }
        for container in spec["containers"]
    ]
    return {**spec, "containers": containers}
