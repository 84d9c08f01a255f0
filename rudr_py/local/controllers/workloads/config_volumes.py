"""The ConfigMaps that the volumes of a pod name: without them the kubelet creates no container. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rudr_py.local.storage.store import Object

RETRY = 1.0
"""The seconds after which the kubelet tries to mount the volumes again."""


def problem(pod: Object, config_map: Callable[[str], Object | None]) -> str:
    """Return why a volume cannot be mounted, in the words of the kubelet; empty if all can be."""
    return next(_problems(pod["spec"], config_map), "")


def _problems(spec: Object, config_map: Callable[[str], Object | None]) -> Iterator[str]:
    for volume in spec.get("volumes") or ():
        source = volume.get("configMap")
        if not source or source.get("optional"):
            continue
        live = config_map(source["name"])
        prefix = f'MountVolume.SetUp failed for volume "{volume["name"]}" : '
        if live is None:
            yield f'{prefix}configmap "{source["name"]}" not found'
            continue
        keys = {*(live.get("data") or ()), *(live.get("binaryData") or ())}
        for item in source.get("items") or ():
            if item["key"] not in keys:
                yield f"{prefix}references non-existent config key: {item['key']}"
        if not source.get("items"):
            yield from _missing_paths(spec, volume["name"], keys)


def _missing_paths(spec: Object, volume: str, keys: set[str]) -> Iterator[str]:
    """A container that mounts a single file which the ConfigMap does not have."""
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        for mount in container.get("volumeMounts") or ():
            file = (mount.get("subPath") or "").partition("/")[0]
            if mount["name"] == volume and file and file not in keys:
                yield f'failed to prepare subPath for volumeMount "{volume}" of container "{container["name"]}"'
