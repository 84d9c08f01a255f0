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
from rudr_py.local.schema.node import Node
from rudr_py.local.store import Object

Cell = Callable[[Object, datetime], Any]

_AGE_TEXT = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented "
    "in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_UNKNOWN = "<unknown>"
_NONE = "<none>"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One column: how it is described, and what it shows of an object at a time.

    `about` is the field whose description in the schema describes the column, too.
    """

    definition: Object
    cell: Cell
    about: tuple[str, ...] = ()


def _described(column: Shown, node: Node | None) -> Shown:
    """The column with the description of the field that it is about."""
    for part in column.about:
        node = node.properties.get(part) if node is not None else None
    if not column.about or node is None or not node.description:
        return column
    return msgspec.structs.replace(column, definition={**column.definition, "description": node.description})


def _name(obj: Object, _now: datetime) -> Any:
    return obj["metadata"]["name"]


def _age(obj: Object, now: datetime) -> Any:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _column(name: str, cell: Cell, kind: str = "string", *, about: str = "", priority: int = 0) -> Shown:
    definition = {"name": name, "type": kind, "format": "", "description": "", "priority": priority}
    return Shown(definition=definition, cell=cell, about=tuple(filter(None, about.split("."))))


def _naming(column: Shown) -> Shown:
    return msgspec.structs.replace(column, definition={**column.definition, "format": "name"})


NAME = _naming(_column("Name", _name, about="metadata.name"))
AGE = msgspec.structs.replace(
    _column("Age", _age), definition={**_column("Age", _age).definition, "description": _AGE_TEXT}
)


def age(timestamp: Any, now: datetime) -> str:
    """Return the time since a timestamp as kubectl prints it: `3s`, `5m10s`, `3h`, `12d`, `2y10d`."""
    if not timestamp:
        return _UNKNOWN
    seconds = int((now - datetime.fromisoformat(str(timestamp)).astimezone(UTC)).total_seconds())
    if seconds < -1:
        return "<invalid>"
    return next(show(max(seconds, 0)) for limit, show in _AGES if seconds < limit)


def _two(seconds: int, unit: int, name: str, smaller: int, smaller_name: str) -> str:
    whole, rest = divmod(seconds, unit)
    return f"{whole}{name}{rest // smaller}{smaller_name}" if rest // smaller else f"{whole}{name}"


_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_YEAR = 365 * _DAY
_AGES: tuple[tuple[float, Callable[[int], str]], ...] = (
    (2 * _MINUTE, lambda s: f"{s}s"),
    (10 * _MINUTE, lambda s: _two(s, _MINUTE, "m", 1, "s")),
    (3 * _HOUR, lambda s: f"{s // _MINUTE}m"),
    (8 * _HOUR, lambda s: _two(s, _HOUR, "h", _MINUTE, "m")),
    (2 * _DAY, lambda s: f"{s // _HOUR}h"),
    (8 * _DAY, lambda s: _two(s, _DAY, "d", _HOUR, "h")),
    (2 * _YEAR, lambda s: f"{s // _DAY}d"),
    (8 * _YEAR, lambda s: _two(s, _YEAR, "y", _DAY, "d")),
    (float("inf"), lambda s: f"{s // _YEAR}y"),
)


def shown(resource: Resource) -> tuple[Shown, ...]:
    """Return the columns of a kind."""
    columns = _BUILTIN.get(resource.table, (NAME, AGE))
    if resource.columns:
        columns = (NAME, *(_custom(column) for column in resource.columns))
    elif resource.custom:
        columns = (NAME, AGE)
    return tuple(_described(column, resource.node) for column in columns)


def _custom(column: Column) -> Shown:
    description = column.description or f"Custom resource definition column (in JSONPath format): {column.path}"
    return Shown(
        definition={
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": description,
            "priority": column.priority,
        },
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
    if column.type in _PLAIN:
        fits = isinstance(value, _PLAIN[column.type]) and isinstance(value, bool) == (column.type == "boolean")
        return value if fits else None
    return ",".join(_text(each) for each in found)


_PLAIN: dict[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "boolean": (bool,)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _at(path: str, otherwise: Any = "") -> Cell:
    def cell(obj: Object, _now: datetime) -> Any:
        found = find(obj, path)
        return found[0] if found and found[0] is not None else otherwise

    return cell


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
    "configmaps": (NAME, _column("Data", _data, about="data"), AGE),
    "secrets": (NAME, _column("Type", _at(".type"), about="type"), _column("Data", _data, about="data"), AGE),
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
        _naming(_column("Name", _name, about="metadata.name", priority=1)),
    ),
}
