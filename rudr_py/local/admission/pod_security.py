"""Admission by the Pod Security Standards: the labels `pod-security.kubernetes.io/enforce` and `warn` of a namespace.

A pod that violates the enforced level is rejected with 403. Objects with a pod template are stored, with a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rudr_py.errors import Cause
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import pod_security
from rudr_py.local.strategies.pod_security import LEVELS, Pod

_PREFIX: Final = "pod-security.kubernetes.io/"
_PRIVILEGED: Final = LEVELS[0]

_TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch"),
        ("spec", "template"),
    ),
    "replicationcontrollers": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}


def check(backend: Backend, resource: Resource, new: Object, old: Object | None) -> tuple[str, ...]:
    """Raise `ForbiddenError` (403) for a pod that violates the level of its namespace, `InvalidError` (422) for labels.

    Returns warnings. A change of a pod is checked if it changes the spec.
    """
    if resource.table == "namespaces":
        _check_labels(resource, new)
        return ()
    if resource.table != "pods" and resource.table not in _TEMPLATES:
        return ()
    namespace = backend.store.get("namespaces", "", new["metadata"]["namespace"])
    labels = ((namespace or {}).get("metadata") or {}).get("labels") or {}
    enforced = labels.get(f"{_PREFIX}enforce", _PRIVILEGED)
    warned = labels.get(f"{_PREFIX}warn", enforced)
    if {enforced, warned} == {_PRIVILEGED} or (old is not None and old.get("spec") == new.get("spec")):
        return ()
    pod = _pod(resource, new)
    if resource.table == "pods":
        violations = pod_security.violations(enforced, pod)
        if violations:
            policy = f"{enforced}:{labels.get(f'{_PREFIX}enforce-version', 'latest')}"
            reason = f'violates PodSecurity "{policy}": {pod_security.message(violations)}'
            raise api_errors.forbidden(resource, new["metadata"].get("name", ""), reason)
    violations = pod_security.violations(warned, pod)
    version = labels.get(f"{_PREFIX}warn-version", "latest")
    text = f'would violate PodSecurity "{warned}:{version}": {pod_security.message(violations)}'
    return (text,) if violations else ()


def _pod(resource: Resource, document: Object) -> Pod:
    template: Any = document
    for key in _TEMPLATES.get(resource.table, ()):
        template = template.get(key) or {}
    return pod_security.pod_of(template)


def _check_labels(resource: Resource, namespace: Object) -> None:
    causes = [*_label_causes(namespace["metadata"].get("labels") or {})]
    if causes:
        raise api_errors.invalid(resource, namespace["metadata"].get("name", ""), causes)


def _label_causes(labels: Mapping[str, str]) -> Iterator[Cause]:
    for mode in ("enforce", "audit", "warn"):
        level = labels.get(f"{_PREFIX}{mode}")
        if level is not None and level not in LEVELS:
            message = f'Invalid value: "{level}": must be one of {", ".join(LEVELS)}'
            yield Cause(reason="FieldValueInvalid", message=message, field=f"metadata.labels[{_PREFIX}{mode}]")
        version = labels.get(f"{_PREFIX}{mode}-version")
        if version is not None and version != "latest" and not version.startswith("v1."):
            message = f'Invalid value: "{version}": must be "latest" or "v1.x"'
            yield Cause(reason="FieldValueInvalid", message=message, field=f"metadata.labels[{_PREFIX}{mode}-version]")
