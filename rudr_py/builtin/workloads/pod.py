"""Translates a ComponentSchematic into a pod template, with the field mapping of Rudr.

Every field is part of the template's hash: an added or removed field restarts the pods of every application at the
next release. The digest of config files is the only field that Rudr did not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from rudr_py.api import Problem, WorkloadContext
from rudr_py.api.component import Component
from rudr_py.builtin import containers
from rudr_py.builtin.workloads import config_files, container, volumes

KUBECTL_COPY: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""kubectl's copy of the ComponentSchematic. Rudr copied it to pods, so that each `kubectl apply` restarted them."""

_ARCHITECTURES = {"i386": "386"}


def template(ctx: WorkloadContext[Any], labels: dict[str, str], restart: Literal["Always", "Never"]) -> dict[str, Any]:
    """The pod template, with these labels and restart policy."""
    metadata: dict[str, Any] = {"labels": labels}
    annotations = _annotations(ctx)
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": _spec(ctx, restart)}


def problems(ctx: WorkloadContext[Any]) -> Iterator[Problem]:
    """Everything in the component that a pod does not support, by JSON path in the ComponentSchematic."""
    for path, schematic in containers.with_paths(ctx.component):
        yield from container.problems(schematic, path)
    yield from volumes.problems(ctx.component)
    yield from config_files.problems(ctx)


def _annotations(ctx: WorkloadContext[Any]) -> dict[str, str]:
    copied = {key: value for key, value in ctx.component.metadata.annotations.items() if key != KUBECTL_COPY}
    return {**copied, **config_files.pod_annotations(ctx)}


def _spec(ctx: WorkloadContext[Any], restart: str) -> dict[str, Any]:
    component = ctx.component
    secrets = dict.fromkeys(each.image_pull_secret for each in component.containers if each.image_pull_secret)
    optional: dict[str, Any] = {
        "volumes": [*volumes.render(component), *config_files.volumes(ctx)],
        "imagePullSecrets": [{"name": name} for name in secrets],
        "nodeSelector": _node_selector(component),
    }
    return {
        "restartPolicy": restart,
        "containers": [
            container.render(each, [*volumes.mounts(component, each), *config_files.mounts(ctx, each)])
            for each in component.containers
        ],
        **{key: value for key, value in optional.items() if value},
    }


def _node_selector(component: Component) -> dict[str, str]:
    arch = _ARCHITECTURES.get(component.arch, component.arch)
    labels = {"kubernetes.io/os": component.os_type, "kubernetes.io/arch": arch}
    return {key: value for key, value in labels.items() if value}
