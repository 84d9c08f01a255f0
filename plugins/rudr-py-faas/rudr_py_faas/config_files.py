"""Config files of a component as ConfigMaps that are named by content, so that a revision keeps its files.

Releases before changed a ConfigMap without a hash in its name in place. A Knative Service keeps such names until its
next change, because a renamed file is a new revision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from rudr_py.api import Kind, Manifest, Ref, WorkloadContext, get_in
from rudr_py.api.component import Container

CONFIG_MAP: Final = Kind("v1", "ConfigMap")
DIGEST: Final = "rudr.oam.dev/config-digest"
"""The annotation that earlier releases changed with the content of a file; only on templates with earlier names."""

_FILE: Final = "file"


class ConfigFile(msgspec.Struct, frozen=True):
    """A file with the name of its ConfigMap and the name of its volume; `index` is its place in its container."""

    container: str
    index: int
    config_map: str
    volume: str
    path: str
    content: str


class ConfigFiles(msgspec.Struct, frozen=True):
    """The config files of an instance. `digest` is the annotation of files with earlier names, else empty."""

    files: tuple[ConfigFile, ...] = ()
    digest: str = ""

    def config_maps(self) -> tuple[Manifest, ...]:
        """One ConfigMap per file."""
        return tuple(_manifest(file) for file in self.files)

    def annotations(self) -> dict[str, str]:
        """The annotations of the template."""
        return {DIGEST: self.digest} if self.digest else {}

    def volumes(self) -> Iterator[dict[str, Any]]:
        """The volumes of the revision."""
        for file in self.files:
            yield {"name": file.volume, "configMap": {"name": file.config_map}}

    def mounts(self, container: Container) -> Iterator[dict[str, Any]]:
        """The mounts of a container; Knative requires that mounts of ConfigMaps are read-only."""
        for file in self.files:
            if file.container == container.name:
                yield {"name": file.volume, "mountPath": file.path, "subPath": _FILE, "readOnly": True}


def config_files(ctx: WorkloadContext[Any], ref: Ref) -> ConfigFiles:
    """The config files of the component. They keep earlier names while the Knative Service `ref` has their digest."""
    files = tuple(file for container in ctx.component.containers for file in _files(ctx, container))
    if not files:
        return ConfigFiles()
    digest = _hash([(file.config_map, _manifest(file).body) for file in files], size=8)
    annotations = get_in(ctx.live(ref), "spec", "template", "metadata", "annotations", default={})
    if annotations.get(DIGEST) == digest:
        return ConfigFiles(files, digest)
    return ConfigFiles(tuple(_named_by_content(ctx, file) for file in files))


def _files(ctx: WorkloadContext[Any], container: Container) -> Iterator[ConfigFile]:
    """The files of a container with the earlier names of their ConfigMaps."""
    for index, file in enumerate(container.config):
        if file.value is not None:
            name = ctx.name(container.name, str(index))
            yield ConfigFile(container.name, index, name, name, file.path, file.value)


def _named_by_content(ctx: WorkloadContext[Any], file: ConfigFile) -> ConfigFile:
    name = ctx.name(file.container, str(file.index), _hash(file.content, size=5))
    return msgspec.structs.replace(file, config_map=name)


def _manifest(file: ConfigFile) -> Manifest:
    return Manifest(kind=CONFIG_MAP, name=file.config_map, body={"data": {_FILE: file.content}})


def _hash(value: object, *, size: int) -> str:
    """The hash of a JSON value in hexadecimal digits, two for each byte of `size`."""
    return hashlib.blake2b(msgspec.json.encode(value), digest_size=size).hexdigest()
