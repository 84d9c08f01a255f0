"""Config files of containers: a ConfigMap and a mount for each file, so that a mount hides no other files.

The name of a ConfigMap contains a hash of its content: `<instance>-<container>-<index>-<hash>`. A changed file is
another ConfigMap and another pod template, so pods of the earlier revision keep the file that they started with.
Kubernetes never refreshes a single mounted file in a running pod, so nothing is lost by the rollout.

Releases before changed a ConfigMap `<instance>-<container>-<index>` in place. Its pods keep using it until their next
change: renamed files would restart them at an upgrade of the controller.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from rudr_py.api.component import Container
from rudr_py.api.context import WorkloadContext
from rudr_py.api.fields import get_in, mappings_in
from rudr_py.api.pod_templates.container import with_paths
from rudr_py.api.values import Manifest, Ref
from rudr_py.errors import Problem
from rudr_py.model.kinds import CONFIG_MAP

DIGEST_ANNOTATION: Final = "rudr.oam.dev/config-digest"
"""The pod annotation that earlier releases changed with the content of a file; only on pods that keep earlier names."""

LIMIT: Final = 1 << 20
"""The maximum number of bytes in a ConfigMap."""

_KEY = re.compile(r"(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}")
_KERNEL = ("/proc/", "/sys/")


class ConfigFile(msgspec.Struct, frozen=True):
    """A file with the name of its ConfigMap, the name of the pod's volume for it, and the key of the file.

    `index` is its place in the list of its container.
    """

    container: str
    index: int
    config_map: str
    volume: str
    key: str
    path: str
    content: str

    @property
    def mount(self) -> tuple[str, str, str]:
        """The container, the volume and the key of the file's mount."""
        return self.container, self.volume, self.key


class ConfigFiles(msgspec.Struct, frozen=True):
    """The config files of an instance. `digest` is the pod annotation of files with earlier names, else empty."""

    files: tuple[ConfigFile, ...] = ()
    digest: str = ""

    def config_maps(self, labels: Mapping[str, str]) -> tuple[Manifest, ...]:
        """One ConfigMap per file."""
        return tuple(
            Manifest(kind=CONFIG_MAP, name=file.config_map, body={"data": {file.key: file.content}}, labels=labels)
            for file in self.files
        )

    def volumes(self) -> list[dict[str, Any]]:
        """The pod's volumes."""
        return [{"name": file.volume, "configMap": {"name": file.config_map}} for file in self.files]

    def mounts(self) -> dict[str, list[dict[str, Any]]]:
        """The mounts by the names of the containers."""
        mounts: dict[str, list[dict[str, Any]]] = {}
        for file in self.files:
            mount = {"name": file.volume, "mountPath": file.path, "subPath": file.key}
            mounts.setdefault(file.container, []).append(mount)
        return mounts

    def pod_annotations(self) -> dict[str, str]:
        """The annotations of the pod."""
        return {DIGEST_ANNOTATION: self.digest} if self.digest else {}


def config_files(ctx: WorkloadContext[Any], workload: Ref | None) -> ConfigFiles:
    """The config files of the component.

    They keep the names of earlier releases while the live `workload` mounts the same files with the same contents.
    """
    files = tuple(file for container in ctx.component.containers for file in _files(ctx, container))
    if not files:
        return ConfigFiles()
    digest = _hash([(file.config_map, file.content) for file in files], size=8)
    template = get_in(ctx.live(workload) if workload else None, "spec", "template", default={})
    annotations = get_in(template, "metadata", "annotations", default={})
    if annotations.get(DIGEST_ANNOTATION) == digest and _mounted(template) >= {file.mount for file in files}:
        return ConfigFiles(files, digest)
    return ConfigFiles(tuple(_named_by_content(ctx, file) for file in files))


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


def _files(ctx: WorkloadContext[Any], container: Container) -> Iterator[ConfigFile]:
    """The files of a container with the earlier names of their ConfigMaps."""
    # a file whose optional parameter is unset is omitted but keeps its index: the names of other files must not change
    for index, file in enumerate(container.config):
        if file.value is not None:
            name = ctx.name(container.name, str(index))
            # names of instances may contain dots, names of volumes may not
            volume = name.replace(".", "-")
            yield ConfigFile(container.name, index, name, volume, key_of(file.path), file.path, file.value)


def _named_by_content(ctx: WorkloadContext[Any], file: ConfigFile) -> ConfigFile:
    name = ctx.name(file.container, str(file.index), _hash([file.key, file.content], size=5))
    return msgspec.structs.replace(file, config_map=name)


def _mounted(template: Mapping[str, Any]) -> frozenset[tuple[str, str, str]]:
    """The container, the volume and the key of each mount of a single file in a live pod template."""
    containers = mappings_in(template, "spec", "containers")
    mounts = (
        (container.get("name"), mount.get("name"), mount.get("subPath"))
        for container in containers
        for mount in mappings_in(container, "volumeMounts")
    )
    return frozenset((str(container), str(volume), str(key)) for container, volume, key in mounts)


def _hash(value: object, *, size: int) -> str:
    """The hash of a JSON value in hexadecimal digits, two for each byte of `size`."""
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=size).hexdigest()
