"""Translates a ComponentSchematic into a pod template, with the field mapping of Rudr.

Every field is part of the template's hash: an added or removed field restarts the pods of every application at the
next release.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from rudr_py.api import Problem, WorkloadContext, pod_annotations
from rudr_py.builtin.workloads import config_files, container, volumes
from rudr_py.builtin.workloads.config_files import ConfigFiles

_ARCHITECTURES = {"i386": "386"}


def template(
    ctx: WorkloadContext[Any], labels: dict[str, str], restart: Literal["Always", "Never"], files: ConfigFiles
) -> dict[str, Any]:
    """The pod template, with these labels, restart policy and config files."""
    component = ctx.component
    annotations = {**pod_annotations.copied(component.metadata.annotations), **files.pod_annotations()}
    secrets = dict.fromkeys(each.image_pull_secret for each in component.containers if each.image_pull_secret)
    arch = _ARCHITECTURES.get(component.arch, component.arch)
    selector = {"kubernetes.io/os": component.os_type, "kubernetes.io/arch": arch}
    read_only, file_mounts = volumes.read_only_names(component), files.mounts()
    spec = {
        "restartPolicy": restart,
        "containers": [
            container.render(each, [*volumes.mounts(each, read_only), *file_mounts.get(each.name, ())])
            for each in component.containers
        ],
    }
    optional: dict[str, Any] = {
        "volumes": [*volumes.render(ctx), *files.volumes()],
        "imagePullSecrets": [{"name": name} for name in secrets],
        "nodeSelector": {key: value for key, value in selector.items() if value},
    }
    return {
        "metadata": {"labels": labels, **({"annotations": annotations} if annotations else {})},
        "spec": {**spec, **{key: value for key, value in optional.items() if value}},
    }


def problems(ctx: WorkloadContext[Any]) -> Iterator[Problem]:
    """Everything in the component that a pod does not support, by JSON path in the ComponentSchematic."""
    for path, schematic in container.with_paths(ctx.component):
        yield from container.problems(schematic, path)
    yield from volumes.problems(ctx)
    yield from config_files.problems(ctx)
    number = len(pod_annotations.patterns(ctx.component.metadata.annotations))
    if number > pod_annotations.MAX_PATTERNS:
        message = f"lists {number} annotations; at most {pod_annotations.MAX_PATTERNS} are allowed; use * for several"
        yield Problem(message, path=f'$.metadata.annotations["{pod_annotations.POD_ANNOTATIONS_ANNOTATION}"]')
