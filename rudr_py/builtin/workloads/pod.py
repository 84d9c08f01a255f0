"""A ComponentSchematic as a pod template. Pure translation, after Rudr's field mapping.

Whatever is put here is in the template's hash: a field more or less restarts the pods of every application at
the next release. Nothing of rudr_py's own goes in, save the digest of config files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from rudr_py.api import Problem, WorkloadContext
from rudr_py.api.component import Component
from rudr_py.builtin import problem
from rudr_py.builtin.workloads import config_files, container, volumes

KUBECTL_COPY: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""kubectl's copy of the ComponentSchematic, which Rudr put on pods, so that each `kubectl apply` restarted them."""

_ARCHITECTURES = {"i386": "386"}


def template(ctx: WorkloadContext[Any], labels: dict[str, str], restart: Literal["Always", "Never"]) -> dict[str, Any]:
    """The pod template, with these labels and restart policy."""
    metadata: dict[str, Any] = {"labels": labels}
    annotations = _annotations(ctx)
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": _spec(ctx, restart)}


def problems(ctx: WorkloadContext[Any]) -> Iterator[Problem]:
    """Everything in the component that no pod can do, by JSON path in the ComponentSchematic."""
    for base, found in problem.containers(ctx.component):
        yield from container.problems(found, base)
    yield from volumes.problems(ctx.component)
    yield from config_files.problems(ctx)


def _annotations(ctx: WorkloadContext[Any]) -> dict[str, str]:
    copied = {key: value for key, value in ctx.component.metadata.annotations.items() if key != KUBECTL_COPY}
    return {**copied, **config_files.pod_annotations(ctx)}


def _spec(ctx: WorkloadContext[Any], restart: str) -> dict[str, Any]:
    component = ctx.component
    secrets = dict.fromkeys(found.image_pull_secret for found in component.containers if found.image_pull_secret)
    optional: dict[str, Any] = {
        "volumes": [*volumes.render(component), *config_files.volumes(ctx)],
        "imagePullSecrets": [{"name": name} for name in secrets],
        "nodeSelector": _node_selector(component),
    }
    return {
        "restartPolicy": restart,
        "containers": [
            container.render(found, [*volumes.mounts(component, found), *config_files.mounts(ctx, found)])
            for found in component.containers
        ],
        **{key: value for key, value in optional.items() if value},
    }


def _node_selector(component: Component) -> dict[str, str]:
    arch = _ARCHITECTURES.get(component.arch, component.arch)
    wanted = {"kubernetes.io/os": component.os_type, "kubernetes.io/arch": arch}
    return {key: value for key, value in wanted.items() if value}
