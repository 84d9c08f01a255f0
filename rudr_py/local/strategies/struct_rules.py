"""Rules of built-in definitions that compare several fields, by the name of the definition. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rudr_py.errors import Cause
from rudr_py.local.apimachinery import object_meta
from rudr_py.local.schema import causes

Fields = Mapping[str, Any]
HIGHEST_PORT: Final = 65535
_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_VOLUMES: Final = (
    *("emptyDir", "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "cephfs", "rbd"),
    *("persistentVolumeClaim", "configMap", "downwardAPI", "projected", "csi", "ephemeral", "image"),
)
_SOURCES: Final = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_ONE_SOURCE: Final = (
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
)
_ENVIRONMENT_FIELDS: Final = (
    *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"),
    *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
_OTHER_FIELDS: Final = ("metadata.annotations", "metadata.labels", "spec.restartPolicy", "status.phase")
_LONG_RUNNING: Final = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_NO_KEY: Final = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'


def is_address(text: str) -> bool:
    """Return whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _present(fields: Fields, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if fields.get(name) is not None]


def _volume(volume: Fields, path: str) -> Iterator[Cause]:
    for name in _present(volume, _VOLUMES)[1:]:
        yield causes.forbidden(f"{path}.{name}", "may not specify more than 1 volume type")


def _persistent_volume(spec: Fields, path: str) -> Iterator[Cause]:
    capacity = spec.get("capacity") or {}
    if capacity and list(capacity) != ["storage"]:
        yield causes.not_supported(f"{path}.capacity", capacity, ("storage",))
    if not _present(spec, (*_VOLUMES, "local", "fc", "azureDisk", "azureFile", "portworxVolume", "vsphereVolume")):
        yield causes.required(path, "must specify a volume type")


def _handler(handler: Fields, path: str) -> Iterator[Cause]:
    present = _present(handler, _HANDLERS)
    if not present:
        yield causes.required(path, "must specify a handler type")
    for name in present[1:]:
        yield causes.forbidden(f"{path}.{name}", "may not specify more than 1 handler type")


def _variable(variable: Fields, path: str) -> Iterator[Cause]:
    source, field = variable.get("valueFrom"), f"{path}.valueFrom"
    if source is None:
        return
    present = _present(source, _SOURCES)
    if not present:
        yield causes.invalid(field, "", _ONE_SOURCE)
    elif variable.get("value"):
        yield causes.invalid(field, "", "may not be specified when `value` is not empty")
    elif len(present) > 1:
        yield causes.invalid(field, "", "may not have more than one field specified at a time")
    text = (source.get("fieldRef") or {}).get("fieldPath", "")
    name = text.partition("[")[0]
    if text and name not in (*_ENVIRONMENT_FIELDS, *_OTHER_FIELDS):
        detail = f"error converting fieldPath: field label not supported: {text}"
        yield causes.invalid(f"{field}.fieldRef.fieldPath", text, detail)
    elif text in _OTHER_FIELDS:
        yield causes.not_supported(f"{field}.fieldRef.fieldPath", text, _ENVIRONMENT_FIELDS)


def _toleration(toleration: Fields, path: str) -> Iterator[Cause]:
    operator, value = toleration.get("operator") or "", toleration.get("value") or ""
    effect, seconds = toleration.get("effect") or "", toleration.get("tolerationSeconds")
    if not toleration.get("key") and operator != "Exists":
        yield causes.invalid(f"{path}.operator", operator, _NO_KEY)
    if seconds is not None and effect != "NoExecute":
        yield causes.invalid(f"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator == "Exists" and value:
        fields = {"Key": toleration.get("key") or "", "Operator": operator, "Value": value, "Effect": effect}
        detail = "value must be empty when `operator` is 'Exists'"
        yield causes.invalid_struct(f"{path}.operator", {**fields, "TolerationSeconds": seconds}, detail)
    elif operator in ("", "Equal") and object_meta.label_value_problem(value):
        yield causes.invalid(f"{path}.operator", value, object_meta.label_value_problem(value))
    elif operator not in ("", "Equal", "Exists"):
        yield causes.not_supported(f"{path}.operator", operator, ("Equal", "Exists"))


def _pod(spec: Fields, path: str) -> Iterator[Cause]:
    names = {container.get("name") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec.get("initContainers") or ()):
        field = f"{path}.initContainers[{index}]"
        if container.get("name") in names:
            yield causes.duplicate(f"{field}.name", container["name"])
        names.add(container.get("name"))
        for name in _present(container, _LONG_RUNNING) if container.get("restartPolicy") != "Always" else ():
            detail = "may not be set for init containers without restartPolicy=Always"
            yield causes.forbidden(f"{field}.{name}", detail)
    if spec.get("dnsPolicy") == "None" and spec.get("dnsConfig") is None:
        yield causes.required(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")


def _expression(expression: Fields, path: str) -> Iterator[Cause]:
    operator, values = expression.get("operator"), expression.get("values")
    if operator in ("In", "NotIn") and not values:
        yield causes.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist") and values:
        detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        yield causes.forbidden(f"{path}.values", detail)


def _deployment(spec: Fields, path: str) -> Iterator[Cause]:
    deadline, delay = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if deadline is not None and deadline <= delay:
        yield causes.invalid(f"{path}.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _is_zero(amount: Any) -> bool:
    return str(amount or 0).rstrip("%") == "0"


def _rolling_deployment(update: Fields, path: str) -> Iterator[Cause]:
    if _is_zero(update.get("maxUnavailable")) and _is_zero(update.get("maxSurge")):
        detail = "may not be 0 when `maxSurge` is 0"
        yield causes.invalid(f"{path}.maxUnavailable", update.get("maxUnavailable") or 0, detail)


def _rolling_daemons(update: Fields, path: str) -> Iterator[Cause]:
    unavailable, surge = update.get("maxUnavailable"), update.get("maxSurge")
    if not _is_zero(unavailable) and not _is_zero(surge):
        yield causes.invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif _is_zero(unavailable) and _is_zero(surge):
        yield causes.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _budget(spec: Fields, path: str) -> Iterator[Cause]:
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        fields = {"MinAvailable": least, "Selector": spec.get("selector"), "MaxUnavailable": most}
        value = {**fields, "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy")}
        yield causes.invalid_struct(path, value, "minAvailable and maxUnavailable cannot be both set")


def _job(spec: Fields, path: str) -> Iterator[Cause]:
    is_indexed = spec.get("completionMode") == "Indexed"
    limit = spec.get("backoffLimitPerIndex")
    if is_indexed and spec.get("completions") is None:
        yield causes.required(f"{path}.completions", "when completion mode is Indexed")
    if limit is not None and not is_indexed:
        yield causes.invalid(f"{path}.backoffLimitPerIndex", limit, "requires indexed completion mode")
    if spec.get("maxFailedIndexes") is not None and limit is None:
        yield causes.required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy")
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        detail = 'only "Never" is supported when podFailurePolicy is specified'
        yield causes.invalid(f"{path}.template.spec.restartPolicy", policy, detail)
    if spec.get("podFailurePolicy") is not None and spec.get("podReplacementPolicy", "Failed") != "Failed":
        replacement = spec["podReplacementPolicy"]
        yield causes.not_supported(f"{path}.podReplacementPolicy", replacement, ("Failed",))


def _failure_rule(rule: Fields, path: str) -> Iterator[Cause]:
    if rule.get("onExitCodes") is not None and rule.get("onPodConditions"):
        yield causes.invalid_place(path, "specifying both OnExitCodes and OnPodConditions is not supported")
    if rule.get("onExitCodes") is None and not rule.get("onPodConditions"):
        yield causes.invalid_place(path, "specifying one of OnExitCodes and OnPodConditions is required")


def _backend(backend: Fields, path: str) -> Iterator[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield causes.invalid(path, "", "cannot set both resource and service backends")
    elif service is not None:
        if not service.get("name"):
            yield causes.required(f"{path}.service.name")
        port = service.get("port") or {}
        if port.get("name") and port.get("number"):
            yield causes.invalid(path, "", "cannot set both port name & port number")
        elif not port.get("name") and not port.get("number"):
            yield causes.required(path, "port name or number is required")


def _ingress_path(fields: Fields, path: str) -> Iterator[Cause]:
    text, kind = fields.get("path") or "", fields.get("pathType")
    is_optional = kind == "ImplementationSpecific" and not text
    if kind in ("Exact", "Prefix", "ImplementationSpecific") and not is_optional and not text.startswith("/"):
        yield causes.invalid(f"{path}.path", text, "must be an absolute path")


def _peer(peer: Fields, path: str) -> Iterator[Cause]:
    present = _present(peer, ("podSelector", "namespaceSelector", "ipBlock"))
    if not present:
        yield causes.required(path, "must specify a peer")
    elif "ipBlock" in present and len(present) > 1:
        yield causes.forbidden(path, "may not specify both ipBlock and another peer")


RULES: Final[dict[str, Callable[[Fields, str], Iterator[Cause]]]] = {
    "apps.v1.DeploymentSpec": _deployment,
    "apps.v1.RollingUpdateDaemonSet": _rolling_daemons,
    "apps.v1.RollingUpdateDeployment": _rolling_deployment,
    "batch.v1.JobSpec": _job,
    "batch.v1.PodFailurePolicyRule": _failure_rule,
    "core.v1.EnvVar": _variable,
    "core.v1.LifecycleHandler": _handler,
    "core.v1.NodeSelectorRequirement": _expression,
    "core.v1.PersistentVolumeSpec": _persistent_volume,
    "core.v1.PodSpec": _pod,
    "core.v1.Probe": _handler,
    "core.v1.Toleration": _toleration,
    "core.v1.Volume": _volume,
    "networking.v1.HTTPIngressPath": _ingress_path,
    "networking.v1.IngressBackend": _backend,
    "networking.v1.NetworkPolicyPeer": _peer,
    "policy.v1.PodDisruptionBudgetSpec": _budget,
}
