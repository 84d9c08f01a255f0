"""The fields of a pod that `podman kube play` ignores. Each is reported, except those without an effect on one machine.

Source: the tables of the supported fields in the manual page podman-kube-play(1) of podman 4.4 to 5.x.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rudr_py.api import mappings_in

POD = {
    "activeDeadlineSeconds": "the pod has no deadline",
    "affinity": "there is one machine",
    "imagePullSecrets": "log in to the registry with podman login",
    "nodeSelector": "there is one machine",
    "priorityClassName": "there is no scheduler",
    "readinessGates": "podman has no readiness",
    "runtimeClassName": "the runtime is set in containers.conf",
    "serviceAccountName": "there is no Kubernetes API",
    "topologySpreadConstraints": "there is one machine",
}

CONTAINER = {
    "lifecycle": "hooks are not run",
    "readinessProbe": "podman has no readiness; use a liveness probe for a health check",
    "startupProbe": "podman before 5 has no startup probe",
}

LINUX = {"kubernetes.io/os": "linux"}
"""The node selector of a component with the osType linux, which the machine fulfils."""

VOLUMES = frozenset({"configMap", "emptyDir", "hostPath", "persistentVolumeClaim", "secret"})
"""The sources of volumes that podman supports."""


def warnings(spec: Mapping[str, Any]) -> Iterator[str]:
    """A warning for each ignored field of a pod spec, with its path."""
    for field, reason in POD.items():
        if spec.get(field) and spec[field] != LINUX:
            yield f"spec.{field} is ignored: {reason}"
    for group in ("initContainers", "containers"):
        for container in mappings_in(spec, group):
            for field, reason in CONTAINER.items():
                if field in container:
                    yield f"{field} of container {container.get('name')} is ignored: {reason}"
            if "httpGet" in (container.get("livenessProbe") or {}):
                yield (
                    f"livenessProbe of container {container.get('name')}: podman runs curl in the container, which its "
                    "image must contain"
                )


def errors(spec: Mapping[str, Any]) -> Iterator[str]:
    """An error for each volume that podman cannot create."""
    for volume in mappings_in(spec, "volumes"):
        unsupported = sorted(set(volume) - VOLUMES - {"name"})
        if unsupported:
            yield f"volume {volume.get('name')}: podman does not support volumes of the type {unsupported[0]}"
