"""The APIServices of the served groups, and the conditions that the aggregator writes."""

from __future__ import annotations

import msgspec

from rudr_py.local.backend import Backend
from rudr_py.local.bootstrap import recorded
from rudr_py.local.registry.resources import KindInfo, ObjectTarget, Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import writes
from rudr_py.local.verbs.writes import WriteOptions

API_SERVICE = KindInfo("apiregistration.k8s.io/v1", "APIService")
_MANAGED = "kube-aggregator.kubernetes.io/automanaged"
_PRIORITIES = {
    "": 18000,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "resource.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
}
"""The priority of each built-in group in discovery, as in kube-apiserver 1.36."""

_CUSTOM_PRIORITIES = {"groupPriorityMinimum": 1000, "versionPriority": 100}
_VERSION_PRIORITIES = {"v1.": 1, "v2.autoscaling": 30, "v1.flowcontrol.apiserver.k8s.io": 21, "v1.resource.k8s.io": 21}
_LOCAL = ("True", "Local", "Local APIServices are always available")


def register(backend: Backend) -> None:
    """Bring the APIServices up to date before each read of them."""
    resource = backend.registry.by_kind(API_SERVICE)
    if resource is not None:
        started = backend.clock()
        start = msgspec.structs.replace(backend, clock=lambda: started)
        backend.store.before_reads(resource.table, lambda: _synchronize(backend, start, resource))


def _synchronize(backend: Backend, start: Backend, resource: Resource) -> bool:
    """Create, delete and judge APIServices; those of built-in groups have the time of the start."""
    expected = {f"{each.version}.{each.group}": each for each in backend.registry if each.group != resource.group}
    for name, of_group in expected.items():
        if backend.store.get(resource.table, "", name) is None:
            recorded.create(backend if of_group.custom else start, resource, _api_service(name, of_group))
    for obj in backend.store.list(resource.table):
        name, labels = obj["metadata"]["name"], obj["metadata"].get("labels") or {}
        if labels.get(_MANAGED) == "true" and name not in expected:
            backend.store.remove(resource.table, "", name)
        elif not (obj.get("status") or {}).get("conditions"):
            _write_condition(backend, resource, obj)
    return True


def _api_service(name: str, resource: Resource) -> Object:
    priorities = dict(_CUSTOM_PRIORITIES)
    if not resource.custom:
        priorities = {
            "groupPriorityMinimum": _PRIORITIES.get(resource.group, 16000),
            "versionPriority": _VERSION_PRIORITIES.get(name, 15),
        }
    metadata = {"name": name, "labels": {_MANAGED: "true" if resource.custom else "onstart"}}
    group = {"group": resource.group} if resource.group else {}
    return {"metadata": metadata, "spec": {**group, "version": resource.version, **priorities}}


def _write_condition(backend: Backend, resource: Resource, obj: Object) -> None:
    """Write the condition of a local group, or of one whose Service is absent; no other is served."""
    service, outcome = obj["spec"].get("service"), _LOCAL
    if service:
        if backend.store.get("services", service["namespace"], service["name"]) is not None:
            return
        message = f'service/{service["name"]} in "{service["namespace"]}" is not present'
        outcome = ("False", "ServiceNotFound", message)
    fields = dict(zip(("status", "reason", "message"), outcome, strict=True))
    condition = {"type": "Available", "lastTransitionTime": backend.now(), **fields}
    target = ObjectTarget(resource, "", obj["metadata"]["name"])
    options = WriteOptions(manager=recorded.MANAGER, subresource="status")
    writes.update(backend, target, {**obj, "status": {"conditions": [condition]}}, options)
