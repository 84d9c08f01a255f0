"""Config files of containers: a ConfigMap and a mount for each file, so that a mount hides no other files.

Rudr mounted the directory and named the map `<container><index>`, which hid files and collided between components;
the name is `<instance>-<container>-<index>`, with a hash at the end where dashes would be ambiguous.
Kubernetes never refreshes a single mounted file in a running pod; the digest therefore causes a rollout.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from rudr_py.api import Manifest, Problem, WorkloadContext
from rudr_py.api.component import Container
from rudr_py.builtin import kinds
from rudr_py.builtin.workloads.container import with_paths

DIGEST_ANNOTATION: Final = "rudr.oam.dev/config-digest"
"""The pod annotation that changes with the content of a file; only on pods with config files."""

LIMIT: Final = 1 << 20
"""The maximum number of bytes in a ConfigMap."""

_KEY = re.compile(r"(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}")
_KERNEL = ("/proc/", "/sys/")


class _File(msgspec.Struct, frozen=True):
    """A file with the name of its ConfigMap, the name of the pod's volume for it, and the key of the file."""

    config_map: str
    volume: str
    key: str
    path: str
    content: str


def config_maps(ctx: WorkloadContext[Any], labels: dict[str, str]) -> tuple[Manifest, ...]:
    """One ConfigMap per config file of the component."""
    return tuple(
        Manifest(kind=kinds.CONFIG_MAP, name=file.config_map, body={"data": {file.key: file.content}}, labels=labels)
        for container in ctx.component.containers
        for file in _files(ctx, container)
    )


def volumes(ctx: WorkloadContext[Any]) -> list[dict[str, Any]]:
    """The pod's volumes for its config files."""
    return [
        {"name": file.volume, "configMap": {"name": file.config_map}}
        for container in ctx.component.containers
        for file in _files(ctx, container)
    ]


def mounts(ctx: WorkloadContext[Any], container: Container) -> list[dict[str, Any]]:
    """The container's mounts of its own config files."""
    return [{"name": file.volume, "mountPath": file.path, "subPath": file.key} for file in _files(ctx, container)]


def pod_annotations(ctx: WorkloadContext[Any]) -> dict[str, str]:
    """The digest of all config files as a pod annotation; nothing when there are none."""
    contents = [
        (file.config_map, file.content) for container in ctx.component.containers for file in _files(ctx, container)
    ]
    if not contents:
        return {}
    return {DIGEST_ANNOTATION: hashlib.blake2b(json.dumps(contents).encode(), digest_size=8).hexdigest()}


def problems(ctx: WorkloadContext[Any]) -> Iterator[Problem]:
    """Files that cannot be mounted (EN-6), by JSON path in the ComponentSchematic."""
    taken = {file.volume for container in ctx.component.containers for file in _files(ctx, container)}
    for base, container in with_paths(ctx.component):
        for index, volume in enumerate(container.resources.volumes):
            if volume.name in taken:
                message = f'volume "{volume.name}" has the name of the volume of a config file; choose another name'
                yield Problem(message, path=f"{base}.resources.volumes[{index}].name")
        volumes_at = {posixpath.normpath(volume.mount_path) for volume in container.resources.volumes}
        for index, file in enumerate(container.config):
            where = f"{base}.config[{index}]"
            path = file.path
            if not posixpath.basename(path):
                yield Problem(f"{path} is a directory; a config file needs a file name", path=f"{where}.path")
            if path in volumes_at:
                yield Problem(
                    f"a volume is mounted at {path} already; a config file needs a path of its own",
                    path=f"{where}.path",
                )
            if path.startswith(_KERNEL):
                yield Problem(
                    f"{path} is inside a file system of the kernel, where mounts are not allowed", path=f"{where}.path"
                )
            if file.value is not None and len(file.value.encode()) > LIMIT:
                yield Problem(
                    f"the content of {path} is larger than 1 MiB, the limit of a ConfigMap", path=f"{where}.value"
                )


def key_of(path: str) -> str:
    """The file's name as a key of a ConfigMap, or a fixed key where the name is not a valid key."""
    name = posixpath.basename(path)
    return name if _KEY.fullmatch(name) else "file"


def _files(ctx: WorkloadContext[Any], container: Container) -> Iterator[_File]:
    # a file whose optional parameter is unset is omitted but keeps its index: the names of other files must not change
    for index, file in enumerate(container.config):
        if file.value is not None:
            name = ctx.name(container.name, str(index))
            # names of instances may contain dots, names of volumes may not
            yield _File(name, name.replace(".", "-"), key_of(file.path), file.path, file.value)
