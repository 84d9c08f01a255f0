"""The columns of `kubectl get`: of custom kinds by JSONPath, of built-in kinds by a function per column. Pure.

What a kind without columns of its own shows is its name and age.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from rudr_py.local import selectors
from rudr_py.local.jsonpath import find
from rudr_py.local.resources import Column, Resource
from rudr_py.local.store import Object

Cell = Callable[[Object, datetime], Any]

NAME_TEXT = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a "
    "client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
AGE_TEXT = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented "
    "in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_UNKNOWN = "<unknown>"
_NONE = "<none>"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One column: how it is described, and what it shows of an object at a time."""

    definition: Object
    cell: Cell


def definition(
    name: str,
    kind: str = "string",
    *,
    format: str = "",
    description: str = "",
    priority: int = 0,
) -> Object:
    """Return a column as a Table describes it."""
    return {"name": name, "type": kind, "format": format, "description": description, "priority": priority}


def _name(obj: Object, _now: datetime) -> Any:
    return obj["metadata"]["name"]


def _age(obj: Object, now: datetime) -> Any:
    return age(obj["metadata"].get("creationTimestamp"), now)


NAME = Shown(definition=definition("Name", format="name", description=NAME_TEXT), cell=_name)
AGE = Shown(definition=definition("Age", description=AGE_TEXT), cell=_age)


def age(timestamp: Any, now: datetime) -> str:
    """Return the time since a timestamp as kubectl prints it: `3s`, `5m10s`, `3h`, `12d`, `2y10d`."""
    if not timestamp:
        return _UNKNOWN
    seconds = int((now - datetime.fromisoformat(str(timestamp)).astimezone(UTC)).total_seconds())
    if seconds < 0:
        return "0s" if seconds > -2 else "<invalid>"
    if seconds < 120:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    return _long(hours, days)


def _long(hours: int, days: int) -> str:
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 365 * 2:
        return f"{days}d"
    years = days // 365
    return f"{years}y{days % 365}d" if days < 365 * 8 and days % 365 else f"{years}y"


def shown(resource: Resource) -> tuple[Shown, ...]:
    """Return the columns of a kind."""
    if resource.columns:
        return (NAME, *(_custom(column) for column in resource.columns))
    if resource.custom:
        return (NAME, AGE)
    return _BUILTIN.get(resource.table, (NAME, AGE))


def _custom(column: Column) -> Shown:
    description = column.description or f"Custom resource definition column (in JSONPath format): {column.path}"
    return Shown(
        definition=definition(
            column.name, column.type, format=column.format, description=description, priority=column.priority
        ),
        cell=lambda obj, now: _custom_cell(obj, column, now),
    )


def _custom_cell(obj: Object, column: Column, now: datetime) -> Any:
    found = find(obj, column.path)
    if not found:
        return None
    value = found[0]
    if column.type == "date":
        try:
            return age(value, now)
        except ValueError:
            return "<invalid>"
    if column.type == "integer":
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    if column.type == "number":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if column.type == "boolean":
        return value if isinstance(value, bool) else None
    if len(found) > 1 or isinstance(value, dict | list):
        return ",".join(_text(each) for each in found) if len(found) > 1 else _text(value)
    return _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _at(path: str, otherwise: Any = "") -> Cell:
    def cell(obj: Object, _now: datetime) -> Any:
        found = find(obj, path)
        return found[0] if found and found[0] is not None else otherwise

    return cell


def _column(name: str, cell: Cell, kind: str = "string", *, priority: int = 0) -> Shown:
    return Shown(definition=definition(name, kind, priority=priority), cell=cell)


def _ready(ready: str, wanted: str) -> Cell:
    first, second = _at(ready, 0), _at(wanted, 0)
    return lambda obj, now: f"{first(obj, now)}/{second(obj, now)}"


def _data(obj: Object, _now: datetime) -> int:
    return len(obj.get("data") or ()) + len(obj.get("binaryData") or ())


def _containers(field: str, path: str) -> Cell:
    def cell(obj: Object, _now: datetime) -> str:
        found = find(obj, path)
        return ",".join(str(each.get(field, "")) for each in (found[0] if found else ()) or ())

    return cell


def _selector(obj: Object, _now: datetime) -> str:
    selector = (obj.get("spec") or {}).get("selector") or {}
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        selector = {"matchLabels": selector}
    return selectors.match_labels(selector) or _NONE


def _pod_ready(pod: Object, _now: datetime) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return f"{sum(bool(each.get('ready')) for each in statuses)}/{len(pod['spec'].get('containers') or ())}"


def _pod_status(pod: Object, _now: datetime) -> str:
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for each in status.get("containerStatuses") or ():
        state = each.get("state") or {}
        reason = (state.get("waiting") or state.get("terminated") or {}).get("reason")
        if reason:
            return str(reason)
    return str(status.get("reason") or status.get("phase") or "")


def _restarts(pod: Object, _now: datetime) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return str(sum(each.get("restartCount", 0) for each in statuses))


def _service_ports(service: Object, _now: datetime) -> str:
    parts = []
    for port in service["spec"].get("ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        parts.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(parts) or _NONE


def _hosts(ingress: Object, _now: datetime) -> str:
    hosts = [each.get("host", "") for each in (ingress.get("spec") or {}).get("rules") or ()]
    return ",".join(filter(None, hosts)) or "*"


def _job_status(job: Object, _now: datetime) -> str:
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition.get("status") == "True" and condition.get("type") in ("Complete", "Failed", "Suspended"):
            return str(condition["type"])
    return "Running"


def _event_age(event: Object, now: datetime) -> str:
    metadata = event["metadata"]
    return age(event.get("lastTimestamp") or event.get("eventTime") or metadata.get("creationTimestamp"), now)


def _event_object(event: Object, _now: datetime) -> str:
    about = event.get("involvedObject") or event.get("regarding") or {}
    return f"{about.get('kind', '').lower()}/{about.get('name', '')}"


def _event_text(event: Object, _now: datetime) -> str:
    return str(event.get("message") or event.get("note") or "").strip()


_TEMPLATE = ".spec.template.spec.containers"
_WIDE = (
    _column("Containers", _containers("name", _TEMPLATE), priority=1),
    _column("Images", _containers("image", _TEMPLATE), priority=1),
)
_BUILTIN: dict[str, tuple[Shown, ...]] = {
    "configmaps": (NAME, _column("Data", _data), AGE),
    "secrets": (NAME, _column("Type", _at(".type")), _column("Data", _data, "integer"), AGE),
    "namespaces": (NAME, _column("Status", _at(".status.phase")), AGE),
    "pods": (
        NAME,
        _column("Ready", _pod_ready),
        _column("Status", _pod_status),
        _column("Restarts", _restarts),
        AGE,
        _column("IP", _at(".status.podIP", _NONE), priority=1),
        _column("Node", _at(".spec.nodeName", _NONE), priority=1),
    ),
    "deployments.apps": (
        NAME,
        _column("Ready", _ready(".status.readyReplicas", ".spec.replicas")),
        _column("Up-to-date", _at(".status.updatedReplicas", 0), "integer"),
        _column("Available", _at(".status.availableReplicas", 0), "integer"),
        AGE,
        *_WIDE,
        _column("Selector", _selector, priority=1),
    ),
    "replicasets.apps": (
        NAME,
        _column("Desired", _at(".spec.replicas", 0), "integer"),
        _column("Current", _at(".status.replicas", 0), "integer"),
        _column("Ready", _at(".status.readyReplicas", 0), "integer"),
        AGE,
        *_WIDE,
        _column("Selector", _selector, priority=1),
    ),
    "statefulsets.apps": (NAME, _column("Ready", _ready(".status.readyReplicas", ".spec.replicas")), AGE, *_WIDE),
    "jobs.batch": (
        NAME,
        _column("Status", _job_status),
        _column("Completions", _ready(".status.succeeded", ".spec.completions")),
        AGE,
        *_WIDE,
    ),
    "services": (
        NAME,
        _column("Type", _at(".spec.type")),
        _column("Cluster-IP", _at(".spec.clusterIP", _NONE)),
        _column("External-IP", _at(".spec.externalName", _NONE)),
        _column("Port(s)", _service_ports),
        AGE,
        _column("Selector", _selector, priority=1),
    ),
    "ingresses.networking.k8s.io": (
        NAME,
        _column("Class", _at(".spec.ingressClassName", _NONE)),
        _column("Hosts", _hosts),
        _column("Address", _at(".status.loadBalancer.ingress[0].ip")),
        AGE,
    ),
    "persistentvolumeclaims": (
        NAME,
        _column("Status", _at(".status.phase")),
        _column("Volume", _at(".spec.volumeName")),
        _column("Capacity", _at(".status.capacity.storage")),
        _column("StorageClass", _at(".spec.storageClassName")),
        AGE,
    ),
    "horizontalpodautoscalers.autoscaling": (
        NAME,
        _column("Reference", _at(".spec.scaleTargetRef.name")),
        _column("MinPods", _at(".spec.minReplicas", "<unset>")),
        _column("MaxPods", _at(".spec.maxReplicas", 0), "integer"),
        _column("Replicas", _at(".status.currentReplicas", 0), "integer"),
        AGE,
    ),
    "leases.coordination.k8s.io": (NAME, _column("Holder", _at(".spec.holderIdentity")), AGE),
    "customresourcedefinitions.apiextensions.k8s.io": (NAME, _column("Created At", _at(".metadata.creationTimestamp"))),
    "events": (
        _column("Last Seen", _event_age),
        _column("Type", _at(".type")),
        _column("Reason", _at(".reason")),
        _column("Object", _event_object),
        _column("Message", _event_text),
        Shown(definition=definition("Name", format="name", description=NAME_TEXT, priority=1), cell=_name),
    ),
}
