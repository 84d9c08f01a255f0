"""Endpoints and EndpointSlices of Services with a selector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext, reference_to
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads.pods import POD
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object

SERVICE, ENDPOINTS = KindInfo("v1", "Service"), KindInfo("v1", "Endpoints")
SLICE = KindInfo("discovery.k8s.io/v1", "EndpointSlice")
_SERVICE_NAME = "kubernetes.io/service-name"
_LARGEST_SLICE = 1000


def _backends(context: ReconcileContext, service: Object) -> list[Object]:
    """Return the selected pods that have an address, ordered by name."""
    selector: dict[str, str] = service["spec"]["selector"]
    backends = []
    for key in context.index.labelled(POD, service["metadata"]["namespace"], selector):
        pod = context.get(key)
        if pod is None or not selector.items() <= (pod["metadata"].get("labels") or {}).items():
            continue
        status = pod.get("status", {})
        if status.get("podIP") and status.get("phase") == "Running":
            backends.append(pod)
    return sorted(backends, key=lambda pod: str(pod["metadata"]["name"]))


def _ports(service: Object, pods: list[Object]) -> list[Object]:
    """Return the target ports; a named port that no container has is omitted."""
    ports = []
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort", port["port"])
        number = target if isinstance(target, int) else _container_port(pods, target)
        if number is not None:
            ports.append({"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")})
    return ports


def _container_port(pods: list[Object], name: str) -> int | None:
    for pod in pods:
        for container in pod["spec"].get("containers") or ():
            for port in container.get("ports") or ():
                if port.get("name") == name:
                    return int(port["containerPort"])
    return None


def _target(pod: Object) -> Object:
    metadata = pod["metadata"]
    return {"kind": "Pod", "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}


def _address(pod: Object) -> Object:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName", ""), "targetRef": _target(pod)}


def _endpoint(pod: Object) -> Object:
    ending = "deletionTimestamp" in pod["metadata"]
    ready = times.is_true(pod, "Ready")
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready and not ending, "serving": ready, "terminating": ending},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": _target(pod),
    }


def _subsets(pods: list[Object], ports: list[Object]) -> list[Object]:
    """Return the subsets of Endpoints, which do not contain terminating pods."""
    pods = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    ready = [_address(pod) for pod in pods if times.is_true(pod, "Ready")]
    unready = [_address(pod) for pod in pods if not times.is_true(pod, "Ready")]
    subset: Object = {
        "addresses": ready,
        "notReadyAddresses": unready,
        "ports": [_without_empty(port) for port in ports],
    }
    return [{name: value for name, value in subset.items() if value}] if pods else []


def _without_empty(port: Object) -> Object:
    return {name: value for name, value in port.items() if value != ""}


def _write(context: ReconcileContext, live: Object | None, desired: Object, *parts: str) -> None:
    """Create an object, or update these parts of it."""
    if live is None:
        context.create(desired)
    elif any(live.get(part) != desired.get(part) for part in parts):
        context.update({**live, **{part: desired[part] for part in parts}})


def _reconcile(context: ReconcileContext, key: QueueKey) -> None:
    service = context.get(key)
    if service is None:
        live = context.client.get(ENDPOINTS, key.namespace, key.name)
        if live is not None:
            context.delete(live)
        return
    if not service["spec"].get("selector") or "deletionTimestamp" in service["metadata"]:
        return
    pods = _backends(context, service)
    ports = _ports(service, pods)
    labels = service["metadata"].get("labels") or {}
    metadata: Object = {"name": key.name, "namespace": key.namespace}
    metadata["labels"] = {**labels, "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    body: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
    live = context.client.get(ENDPOINTS, key.namespace, key.name)
    subsets = _subsets(pods, ports)
    if live is None or (live.get("subsets") or []) != subsets:
        _write(context, live, {**body, "subsets": subsets}, "subsets")
    _write_slices(context, service, [_endpoint(pod) for pod in pods], ports)


def _write_slices(context: ReconcileContext, service: Object, endpoints: list[Object], ports: list[Object]) -> None:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    labels = {
        **(service["metadata"].get("labels") or {}),
        _SERVICE_NAME: name,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    live: list[Any] = list(context.controlled(service, SLICE))
    chunks = [endpoints[at : at + _LARGEST_SLICE] for at in range(0, len(endpoints) or 1, _LARGEST_SLICE)]
    for chunk, live_slice in zip(chunks, live + [None] * len(chunks), strict=False):
        metadata = {
            "name": context.generated_name(name) if live_slice is None else live_slice["metadata"]["name"],
            "generateName": f"{name}-",
            "namespace": namespace,
            "labels": labels,
            "ownerReferences": [reference_to(service)],
        }
        body: Object = {"apiVersion": SLICE.api_version, "kind": SLICE.kind, "metadata": metadata}
        body |= {"addressType": "IPv4", "endpoints": chunk, "ports": ports}
        _write(context, live_slice, body, "endpoints", "ports")
    for superfluous in live[len(chunks) :]:
        context.delete(superfluous)


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == POD:
        labels = change.object["metadata"].get("labels") or {}
        yield from context.index.selecting(SERVICE, change.key.namespace, labels)
        return
    yield change.key


CONTROLLER = Controller(name="endpoints", kinds=frozenset({SERVICE, POD}), map_change=_map_change, reconcile=_reconcile)
