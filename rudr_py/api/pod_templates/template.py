"""Translates a ComponentSchematic into a pod template, with the field mapping of Rudr.

Every field is part of the template's hash: an added or removed field restarts the pods of every application at the
next release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from rudr_py.api import pod_annotations
from rudr_py.api.context import Context, WorkloadContext
from rudr_py.api.pod_templates import config_files, container, volumes
from rudr_py.api.values import EMPTY, InvalidProperties, Manifest, Ref
from rudr_py.errors import Problem
from rudr_py.model import metadata_keys

APPLICATION_LABEL: Final = "app.kubernetes.io/name"
INSTANCE_LABEL: Final = "oam.dev/instance-name"

RestartPolicy = Literal["Always", "Never"]

_ARCHITECTURES: Final = {"i386": "386"}


class PodTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A pod template, and the objects that its pods mount.

    `document` has the maps `metadata` and `spec`, as `spec.template` of a Deployment. Add `config_maps`, the config
    files of the component, before the object with the template: starting pods mount them.

    Guarantees: every call returns a document of its own.
    Assumptions: the kind ConfigMap is one of the type's `produces`, and Pod and PersistentVolumeClaim are in
    `observes`.
    Errors: none; `pod_template` rejects what a pod does not support.
    """

    document: dict[str, Any]
    config_maps: tuple[Manifest, ...] = ()


def selector_labels(ctx: Context[Any]) -> dict[str, str]:
    """The two labels that select the pods of an instance, as in the Services of Rudr."""
    return {APPLICATION_LABEL: ctx.application, INSTANCE_LABEL: ctx.instance}


def watched_labels(ctx: Context[Any]) -> dict[str, str]:
    """The labels of objects that another controller creates for an object of the instance, such as Jobs of a CronJob.

    For the metadata of a template of such objects: rudr watches objects with these labels, `ctx.observed` returns those
    of the kinds that the type observes, and their changes enqueue the application. They are never pruned.
    """
    return {metadata_keys.MANAGED_BY_LABEL: metadata_keys.MANAGER, **selector_labels(ctx)}


def pod_template(
    ctx: WorkloadContext[Any],
    *,
    labels: Mapping[str, str] = EMPTY,
    restart: RestartPolicy = "Always",
    config_labels: Mapping[str, str] = EMPTY,
    workload: Ref | None = None,
) -> PodTemplate:
    """Translate the component of an instance into a pod template: all its containers, volumes and config files.

    `labels` are those of the pods, by default `selector_labels`; `config_labels` those of the ConfigMaps, by default
    the same. `workload` is an object whose pods may mount config files with names of earlier releases; these files
    keep their names until they change.

    Raises InvalidProperties with all `problems` of the component.
    """
    wrong = tuple(problems(ctx))
    if wrong:
        raise InvalidProperties(*wrong)
    component, files = ctx.component, config_files.config_files(ctx, workload)
    labels = dict(labels or selector_labels(ctx))
    annotations = {**pod_annotations.copied(component.metadata.annotations), **files.pod_annotations()}
    return PodTemplate(
        document={
            "metadata": {"labels": labels, **({"annotations": annotations} if annotations else {})},
            "spec": _spec(ctx, restart, files),
        },
        config_maps=files.config_maps(config_labels or labels),
    )


def problems(ctx: WorkloadContext[Any]) -> Iterator[Problem]:
    """Everything in the component that a pod does not support, by JSON path in the ComponentSchematic.

    For types that report further problems at the same time.
    """
    for path, schematic in container.with_paths(ctx.component):
        yield from container.problems(schematic, path)
    yield from volumes.problems(ctx)
    yield from config_files.problems(ctx)
    number = len(pod_annotations.patterns(ctx.component.metadata.annotations))
    if number > pod_annotations.MAX_PATTERNS:
        message = f"lists {number} annotations; at most {pod_annotations.MAX_PATTERNS} are allowed; use * for several"
        yield Problem(message, path=f'$.metadata.annotations["{pod_annotations.POD_ANNOTATIONS_ANNOTATION}"]')


def _spec(ctx: WorkloadContext[Any], restart: str, files: config_files.ConfigFiles) -> dict[str, Any]:
    component = ctx.component
    secrets = dict.fromkeys(each.image_pull_secret for each in component.containers if each.image_pull_secret)
    arch = _ARCHITECTURES.get(component.arch, component.arch)
    selector = {"kubernetes.io/os": component.os_type, "kubernetes.io/arch": arch}
    read_only, file_mounts = volumes.read_only_claims(component), files.mounts()
    optional: dict[str, Any] = {
        "volumes": [*volumes.render(ctx), *files.volumes()],
        "imagePullSecrets": [{"name": name} for name in secrets],
        "nodeSelector": {key: value for key, value in selector.items() if value},
    }
    return {
        "restartPolicy": restart,
        "containers": [
            container.render(each, [*volumes.mounts(each, read_only), *file_mounts.get(each.name, ())])
            for each in component.containers
        ],
        **{key: value for key, value in optional.items() if value},
    }
