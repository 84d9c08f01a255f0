"""The cells of built-in kinds, with one function for each cell. Pure.

Source: pkg/printers/internalversion of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from rudr_py.local.apimachinery import selectors
from rudr_py.local.printing import cells
from rudr_py.local.printing.cells import NONE, UNKNOWN, Cell
from rudr_py.local.printing.jsonpath import find
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import deprecations

UNSET = "<unset>"
_ROLE = "node-role.kubernetes.io/"
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_JOB_ENDS = (("Complete", "Complete"), ("Failed", "Failed"))
_JOB_TURNS = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def _part(obj: Object, path: str) -> Any:
    values = find(obj, path)
    return values[0] if values else None


def _first_few(texts: Iterable[str], limit: int = 3) -> str:
    """Join the first items, and the number of the others."""
    items = list(texts)
    more = f" + {len(items) - limit} more..." if len(items) > limit else ""
    return ",".join(items[:limit]) + more


def ratio(first: str, second: str) -> Cell:
    """Return a cell with two numbers, such as `1/2`."""
    left, right = cells.at(first, 0), cells.at(second, 0)
    return lambda obj, now: f"{left(obj, now)}/{right(obj, now)}"


def text(cell: Cell) -> Cell:
    """Return a cell with a value as text."""
    return lambda obj, now: str(cell(obj, now))


def count(*fields: str) -> Cell:
    """Return a cell with the number of entries in fields."""
    return lambda obj, _now: sum(len(_part(obj, field) or ()) for field in fields)


def each(path: str, field: str) -> Cell:
    """Return a cell with a field of each object in a list."""
    return lambda obj, _now: ",".join(str(item.get(field, "")) for item in _part(obj, path) or ())


def since(path: str) -> Cell:
    """Return a cell with the age of a timestamp; `<none>` without one."""

    def cell(obj: Object, now: datetime) -> str:
        value = _part(obj, path)
        return cells.age(value, now) if value else NONE

    return cell


def label_selector(path: str) -> Cell:
    """Return a cell with a LabelSelector as text."""

    def cell(obj: Object, _now: datetime) -> str:
        selector = _part(obj, path)
        return (selectors.match_labels(selector) if selector else "") or NONE

    return cell


def labels(path: str) -> Cell:
    """Return a cell with labels as text."""
    return lambda obj, _now: selectors.match_labels({"matchLabels": _part(obj, path) or {}}) or NONE


def modes(path: str) -> Cell:
    """Return a cell with the short forms of access modes."""

    def cell(obj: Object, _now: datetime) -> str:
        access_modes = _part(obj, path) or ()
        return ",".join(short for mode, short in _MODES.items() if mode in access_modes)

    return cell


def bound(cell: Cell, *, otherwise: Any = "") -> Cell:
    """Return a cell that is empty until a claim is bound."""
    return lambda obj, now: cell(obj, now) if _part(obj, ".spec.volumeName") else otherwise


def storage_class(obj: Object, _now: datetime) -> str:
    """The storage class of a claim or volume: by the annotation of before Kubernetes 1.6, else by the spec."""
    annotations = obj["metadata"].get("annotations") or {}
    return str(annotations.get(deprecations.CLASS_ANNOTATION) or _part(obj, ".spec.storageClassName") or "")


def phase_or_terminating(obj: Object, _now: datetime) -> str:
    """The phase of a claim or volume, or Terminating."""
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else str(_part(obj, ".status.phase") or "")


# --- Pods and nodes


def pod_ready(pod: Object, _now: datetime) -> str:
    """The number of ready containers, such as `1/2`."""
    statuses = _part(pod, ".status.containerStatuses") or ()
    ready = sum(bool(container_status.get("ready")) for container_status in statuses)
    return f"{ready}/{len(pod['spec'].get('containers') or ())}"


def pod_status(pod: Object, _now: datetime) -> str:
    """The status of a pod: the reason of a waiting or terminated container, else its reason or phase."""
    status = pod.get("status") or {}
    reason = str(status.get("reason") or status.get("phase") or "")
    running = False
    for container_status in reversed(status.get("containerStatuses") or ()):
        state = container_status.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif ended is not None:
            reason = ended.get("reason") or _exit(ended)
        elif container_status.get("ready") and "running" in state:
            running = True
    if reason == "Completed" and running:
        reason = "Running" if _condition(pod, "Ready") else "NotReady"
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return reason


def _exit(ended: Object) -> str:
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def restarts(pod: Object, now: datetime) -> str:
    """The number of restarts, and the time since the last one."""
    statuses = _part(pod, ".status.containerStatuses") or ()
    number = sum(container_status.get("restartCount", 0) for container_status in statuses)
    ends = [_part(container_status, ".lastState.terminated.finishedAt") for container_status in statuses]
    last = max(filter(None, ends), default=None)
    return f"{number} ({cells.age(last, now)} ago)" if number and last else str(number)


def readiness_gates(pod: Object, _now: datetime) -> str:
    """The number of fulfilled readiness gates, such as `1/2`."""
    gates = pod["spec"].get("readinessGates") or ()
    if not gates:
        return NONE
    return f"{sum(_condition(pod, gate.get('conditionType', '')) for gate in gates)}/{len(gates)}"


def condition(obj: Object, kind: str) -> Object | None:
    """A condition of an object, or None."""
    return next((each for each in _part(obj, ".status.conditions") or () if each.get("type") == kind), None)


def _condition(obj: Object, kind: str) -> bool:
    """Whether a condition is True."""
    return (condition(obj, kind) or {}).get("status") == "True"


def node_status(node: Object, _now: datetime) -> str:
    """The readiness of a node, and whether scheduling is disabled."""
    word = "Unknown" if condition(node, "Ready") is None else "Ready" if _condition(node, "Ready") else "NotReady"
    return f"{word},SchedulingDisabled" if _part(node, ".spec.unschedulable") else word


def node_roles(node: Object, _now: datetime) -> str:
    """The roles in the labels of a node."""
    names = [key.removeprefix(_ROLE) for key in node["metadata"].get("labels") or () if key.startswith(_ROLE)]
    return ",".join(sorted(names)) or NONE


def node_address(kind: str) -> Cell:
    """Return a cell with the address of a type."""

    def cell(node: Object, _now: datetime) -> str:
        addresses = _part(node, ".status.addresses") or ()
        return next((str(address.get("address")) for address in addresses if address.get("type") == kind), NONE)

    return cell


def node_info(field: str) -> Cell:
    """Return a cell with a field of nodeInfo."""
    return lambda node, _now: str(_part(node, f".status.nodeInfo.{field}") or UNKNOWN)


# --- Workloads


def job_status(job: Object, _now: datetime) -> str:
    """The status of a Job."""
    for kind, word in _JOB_ENDS:
        if _condition(job, kind):
            return word
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((word for word in _JOB_TURNS if _condition(job, word)), "Running")


def completions(job: Object, _now: datetime) -> str:
    """The number of succeeded pods, such as `1/3`."""
    done = _part(job, ".status.succeeded") or 0
    desired, at_once = _part(job, ".spec.completions"), _part(job, ".spec.parallelism") or 0
    if desired is not None:
        return f"{done}/{desired}"
    return f"{done}/1 of {at_once}" if at_once > 1 else f"{done}/1"


def job_duration(job: Object, now: datetime) -> str:
    """The duration of a Job."""
    return cells.between(_part(job, ".status.startTime"), _part(job, ".status.completionTime"), now)


def metrics(autoscaler: Object, _now: datetime) -> str:
    """The current and target values of an autoscaler."""
    specs = _part(autoscaler, ".spec.metrics") or ()
    current = _part(autoscaler, ".status.currentMetrics") or ()
    metric_texts = [_metric(spec, current[index] if index < len(current) else {}) for index, spec in enumerate(specs)]
    if not metric_texts:
        return NONE
    return ", ".join(metric_texts[:2]) + (f" + {len(metric_texts) - 2} more..." if len(metric_texts) > 2 else "")


def _metric(spec: Object, current: Object) -> str:
    kind = str(spec.get("type") or "")
    source, status = (each.get(kind[:1].lower() + kind[1:]) or {} for each in (spec, current))
    target, current_value = source.get("target") or {}, status.get("current") or {}
    name = f"{source['name']}: " if kind == "Resource" and "name" in source else ""
    if "averageUtilization" in target:
        used = current_value.get("averageUtilization")
        return f"{name}{UNKNOWN if used is None else f'{used}%'}/{target['averageUtilization']}%"
    field = "averageValue" if "averageValue" in target else "value"
    average = " (avg)" if field == "averageValue" and kind in ("Object", "External") else ""
    return f"{name}{current_value.get(field, UNKNOWN)}/{target.get(field, UNSET)}{average}"


# --- Networks


def service_ports(service: Object, _now: datetime) -> str:
    """The ports of a Service, with node ports."""
    parts = []
    for port in service["spec"].get("ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        parts.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(parts) or NONE


def external_ip(service: Object, _now: datetime) -> str:
    """The external addresses of a Service."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    outside = list(spec.get("externalIPs") or ())
    if spec.get("type") == "LoadBalancer":
        outside = [*filter(None, _load_balancer_addresses(service)), *outside]
        return ",".join(outside) or "<pending>"
    return ",".join(outside) or NONE


def _load_balancer_addresses(obj: Object) -> list[str]:
    ingress = _part(obj, ".status.loadBalancer.ingress") or ()
    return [str(entry.get("ip") or entry.get("hostname") or "") for entry in ingress]


def address(ingress: Object, _now: datetime) -> str:
    """The addresses of an Ingress."""
    return ",".join(filter(None, _load_balancer_addresses(ingress)))


def parameters(ingress_class: Object, _now: datetime) -> str:
    """The parameters of an IngressClass: kind, group and name."""
    reference = _part(ingress_class, ".spec.parameters") or {}
    kind = ".".join(filter(None, (reference.get("kind"), reference.get("apiGroup"))))
    return f"{kind}/{reference['name']}" if reference else NONE


def hosts(ingress: Object, _now: datetime) -> str:
    """The hosts of the rules of an Ingress."""
    return _first_few(filter(None, (rule.get("host", "") for rule in _part(ingress, ".spec.rules") or ()))) or "*"


def ingress_ports(ingress: Object, _now: datetime) -> str:
    """The ports of an Ingress."""
    return "80, 443" if _part(ingress, ".spec.tls") else "80"


def endpoints(obj: Object, _now: datetime) -> str:
    """The addresses and ports of Endpoints."""
    addresses: list[str] = []
    for subset in obj.get("subsets") or ():
        ready = [address.get("ip", "") for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        addresses += [f"{ip}:{port.get('port')}" for port in ports for ip in ready] if ports else ready
    return _first_few(addresses) or NONE


def slice_ports(obj: Object, _now: datetime) -> str:
    """The ports of an EndpointSlice."""
    return _first_few(str(port.get("port", "*")) for port in obj.get("ports") or ()) or UNSET


def slice_endpoints(obj: Object, _now: datetime) -> str:
    """The addresses of an EndpointSlice."""
    return _first_few(ip for endpoint in obj.get("endpoints") or () for ip in endpoint.get("addresses") or ()) or UNSET


# --- RBAC and quotas


def role(binding: Object, _now: datetime) -> str:
    """The role of a binding."""
    reference = binding.get("roleRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def subjects(kind: str) -> Cell:
    """Return a cell with the subjects of a kind."""
    return lambda binding, _now: ", ".join(
        _subject_name(subject) for subject in binding.get("subjects") or () if subject.get("kind") == kind
    )


def _subject_name(subject: Object) -> str:
    name = str(subject["name"])
    return f"{subject.get('namespace', '')}/{name}" if subject["kind"] == "ServiceAccount" else name


def quota(*, limits: bool) -> Cell:
    """Return a cell with the used and hard values of a quota."""

    def cell(obj: Object, _now: datetime) -> str:
        hard, used = _part(obj, ".status.hard") or {}, _part(obj, ".status.used") or {}
        names = [name for name in sorted(hard) if name.startswith("limits.") == limits]
        return ", ".join(f"{name}: {used.get(name, 0)}/{hard[name]}" for name in names)

    return cell


# --- Events


def _first_of(*paths: str) -> Callable[[Object], Any]:
    return lambda obj: next((value for path in paths if (value := _part(obj, path))), None)


def event_last_seen(event: Object, now: datetime) -> str:
    """The time since the last occurrence."""
    last = _first_of(".series.lastObservedTime", ".lastTimestamp", ".eventTime", ".metadata.creationTimestamp")
    return cells.age(last(event), now)


def event_first_seen(event: Object, now: datetime) -> str:
    """The time since the first occurrence."""
    return cells.age(_first_of(".firstTimestamp", ".eventTime")(event), now)


def event_object(event: Object, _now: datetime) -> str:
    """The object of an event."""
    about = event.get("involvedObject") or event.get("regarding") or {}
    return f"{about.get('kind', '').lower()}/{about.get('name', '')}"


def event_source(event: Object, _now: datetime) -> str:
    """The component and host that reported an event."""
    source = event.get("source") or {}
    parts = [source.get("component") or event.get("reportingComponent"), source.get("host")]
    return ", ".join(filter(None, parts))


def event_text(event: Object, _now: datetime) -> str:
    """The message of an event."""
    return str(event.get("message") or event.get("note") or "").strip()


def event_count(event: Object, _now: datetime) -> int:
    """The number of occurrences."""
    return int(_first_of(".series.count", ".count")(event) or 1)
