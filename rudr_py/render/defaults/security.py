"""Security contexts that satisfy the Pod Security Standard `restricted`, where a pod leaves them open. Pure.

A pod, or a container, that a type makes less restricted stays as it is: the API server or the kubelet would reject a
mixture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rudr_py.api import get_in, pod_security
from rudr_py.render.defaults.pod import Pod, PodNode

CONTEXT: Final = "securityContext"
NON_ROOT: Final = "runAsNonRoot"

_LINUX_FIELDS: Final = frozenset(
    {
        *("seLinuxOptions", "seccompProfile", "appArmorProfile", "fsGroup", "fsGroupChangePolicy", "sysctls"),
        *("runAsUser", "runAsGroup", "supplementalGroups", "capabilities", "readOnlyRootFilesystem", "privileged"),
        *("allowPrivilegeEscalation", "procMount"),
    }
)
"""The fields of security contexts that the API server rejects in a pod with `os: {name: windows}`."""


def restrict(pod: Pod) -> None:
    """Set the fields that `restricted` requires."""
    context = pod.inner(CONTEXT)
    if _may_be_root(context.fields) or pod.edits.drops((*context.path, NON_ROOT)):
        return
    if pod.is_windows:
        _restrict_windows(pod, context)
        return
    containers = [(container, container.inner(CONTEXT)) for container in pod.containers()]
    in_pod = pod_security.restricted_pod()
    if not pod.pod_fields:
        in_containers, in_pod = in_pod, {}
    elif any(_may_be_root(own.fields) for _, own in containers):
        # a container that runs as root would not start with the field of the pod
        in_containers = {NON_ROOT: in_pod.pop(NON_ROOT)}
    else:
        in_containers = {}
    context.fill(in_pod)
    pod.put(context)
    for container, own in containers:
        if not _is_privileged(own.fields):
            _restrict_container(own, {} if _may_be_root(own.fields) else in_containers)
            container.put(own)


def _restrict_container(context_node: PodNode, inherited: Mapping[str, Any]) -> None:
    fields = pod_security.restricted_container()
    capabilities = context_node.inner("capabilities")
    capabilities.fill(fields.pop("capabilities"))
    context_node.put(capabilities)
    context_node.fill({**inherited, **fields})


def _restrict_windows(pod: Pod, context_node: PodNode) -> None:
    """On Windows, the standard requires only a user who is no administrator, if the pod names its operating system."""
    if not pod.pod_fields:
        return
    context_node.fill({NON_ROOT: True})
    pod.put(context_node)
    contexts = (context_node.fields, *(container.inner(CONTEXT).fields for container in pod.containers()))
    if not any(_LINUX_FIELDS.intersection(fields) for fields in contexts):
        pod.fill({"os": {"name": "windows"}})


def _may_be_root(context: Mapping[str, Any]) -> bool:
    return context.get(NON_ROOT) is False or (context.get("runAsUser") == 0 and context.get(NON_ROOT) is None)


def _is_privileged(context: Mapping[str, Any]) -> bool:
    """Whether a container has rights that `restricted` never allows."""
    added = get_in(context, "capabilities", "add", default=[])
    return context.get("privileged") is True or not pod_security.ALLOWED_CAPABILITIES.issuperset(map(str, added))
