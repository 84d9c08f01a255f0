"""Defaults of pods and pod templates that the code of the API server sets.

There is one function for each Go struct, registered under its definition. It sets absent fields in place. Source:
pkg/apis/core/v1/defaults.go of Kubernetes 1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Struct = dict[str, Any]
Filler = Callable[[Struct], None]

_CORE = "io.k8s.api.core.v1."
_SOURCE_KEYS = ("name",)
_IMAGE = re.compile(
    r"(?:[\w.-]+(?::\d+)?/)?(?:[a-z\d]+(?:(?:[._]|__|-+)[a-z\d]+)*/)*[a-z\d]+(?:(?:[._]|__|-+)[a-z\d]+)*"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?",
    re.ASCII,
)
"""An image reference without a digest, of distribution/reference."""


def constants(**values: Any) -> Filler:
    """Return a filler of constant values; dicts and lists are copied."""

    def fill(obj: Struct) -> None:
        for key, value in values.items():
            if key not in obj:
                obj[key] = value.copy() if isinstance(value, dict | list) else value

    return fill


def _pod_spec(spec: Struct) -> None:
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    if spec.get("serviceAccountName"):
        spec["serviceAccount"] = spec["serviceAccountName"]
    elif spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"]


def _pod(pod: Struct) -> None:
    spec = pod.get("spec")
    if not isinstance(spec, dict):
        return
    spec.setdefault("enableServiceLinks", True)
    for container in (*_structs(spec.get("containers")), *_structs(spec.get("initContainers"))):
        for port in _structs(container.get("ports")) if spec.get("hostNetwork") else ():
            port.setdefault("hostPort", port.get("containerPort", 0))
        resources = container.get("resources")
        limits = resources.get("limits") if isinstance(resources, dict) else None
        if isinstance(resources, dict) and isinstance(limits, dict) and limits:
            resources["requests"] = {**limits, **(resources.get("requests") or {})}


def _container(container: Struct) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    if "imagePullPolicy" not in container:
        container["imagePullPolicy"] = "Always" if _is_latest(container.get("image")) else "IfNotPresent"


def _is_latest(image: Any) -> bool:
    """Whether an image reference has no digest and no tag but `latest`; False for a text that is no reference."""
    match = _IMAGE.fullmatch(image) if isinstance(image, str) else None
    return match is not None and match["tag"] in (None, "latest")


def _http_get(action: Struct) -> None:
    action.setdefault("path", "/")
    action.setdefault("scheme", "HTTP")


def _volume(volume: Struct) -> None:
    if all(key in _SOURCE_KEYS for key in volume):
        volume["emptyDir"] = {}


def _structs(value: Any) -> list[Struct]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


FILLERS: dict[str, Filler] = {
    _CORE + "Pod": _pod,
    _CORE + "PodSpec": _pod_spec,
    _CORE + "Container": _container,
    _CORE + "EphemeralContainer": _container,
    _CORE + "ContainerPort": constants(protocol="TCP"),
    _CORE + "Probe": constants(timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3),
    _CORE + "HTTPGetAction": _http_get,
    _CORE + "GRPCAction": constants(service=""),
    _CORE + "Volume": _volume,
    _CORE + "SecretVolumeSource": constants(defaultMode=420),
    _CORE + "ConfigMapVolumeSource": constants(defaultMode=420),
    _CORE + "DownwardAPIVolumeSource": constants(defaultMode=420),
    _CORE + "ProjectedVolumeSource": constants(defaultMode=420),
    _CORE + "ServiceAccountTokenProjection": constants(expirationSeconds=3600),
    _CORE + "HostPathVolumeSource": constants(type=""),
    _CORE + "ObjectFieldSelector": constants(apiVersion="v1"),
    _CORE + "ResourceFieldSelector": constants(divisor="0"),
    _CORE + "ISCSIVolumeSource": constants(iscsiInterface="default"),
    _CORE + "RBDVolumeSource": constants(pool="rbd", user="admin", keyring="/etc/ceph/keyring"),
    _CORE + "AzureDiskVolumeSource": constants(cachingMode="ReadWrite", fsType="ext4", readOnly=False, kind="Shared"),
    _CORE + "ScaleIOVolumeSource": constants(storageMode="ThinProvisioned", fsType="xfs"),
}
