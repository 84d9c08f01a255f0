"""The objects that a kube-apiserver 1.36 creates at its start, as recorded from one in `objects.json`.

Those of a kind are created when a client first reads the kind: until then they cost no write. Their times are those of
the start.
"""

from __future__ import annotations

import functools
import random
from importlib import resources
from typing import Any

import msgspec

from rudr_py.local.apimachinery import selectors
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import KindInfo, ObjectTarget, Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import writes
from rudr_py.local.verbs.writes import WriteOptions

MANAGER = "kube-apiserver"
_RBAC = {
    "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
    "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
}
_METADATA: dict[str, Object] = {
    "rbac.authorization.k8s.io": _RBAC,
    "flowcontrol.apiserver.k8s.io": {"annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}},
}
"""Labels and annotations of all recorded objects of a group."""

_AGGREGATED = ("view", "edit", "admin")
"""The aggregated ClusterRoles, each of which is aggregated to the next one."""


def register(backend: Backend, *, aggregates: bool) -> None:
    """Create the recorded objects before the first read of their kind.

    `aggregates`: a controller aggregates ClusterRoles, so the roles have their rules from the start.
    """
    now = backend.clock()
    backend = msgspec.structs.replace(backend, clock=lambda: now)
    for kind in _recorded():
        resource = backend.registry.by_kind(kind)
        if resource is not None:
            prepare = functools.partial(_prepare, backend, kind, resource, aggregates=aggregates)
            backend.store.before_reads(resource.table, prepare)


def create(backend: Backend, resource: Resource, obj: Object) -> None:
    """Create an object with its status unless it exists. It takes nothing from the random source of the cluster."""
    metadata, status = obj["metadata"], obj.get("status")
    target = ObjectTarget(resource, metadata.get("namespace", ""), metadata["name"])
    if backend.store.get(resource.table, target.namespace, target.name) is not None:
        return
    salt = (backend.store.get("namespaces", "", "default") or obj)["metadata"].get("uid", "")
    rng = random.Random(f"{salt}/{resource.table}/{target.namespace}/{target.name}")  # noqa: S311 - uids, no secrets
    backend = msgspec.structs.replace(backend, rng=rng)
    body = {**obj, "apiVersion": resource.api_version, "kind": resource.kind}
    created = writes.create(backend, target, body, WriteOptions(manager=MANAGER)).object
    if status and resource.status:
        conditions = [{**each, "lastTransitionTime": backend.now()} for each in status["conditions"]]
        options = WriteOptions(manager=MANAGER, subresource="status")
        writes.update(backend, target, {**created, "status": {"conditions": conditions}}, options)


def _prepare(backend: Backend, kind: KindInfo, resource: Resource, *, aggregates: bool) -> bool:
    objects = _recorded()[kind]
    if kind.kind == "ClusterRole" and aggregates:
        _aggregate({role["metadata"]["name"]: role for role in objects})
    for obj in objects:
        create(backend, resource, obj)
    return False


def _recorded() -> dict[KindInfo, list[Object]]:
    """The recorded objects by kind, with the metadata that those of a group share."""
    text = resources.files(__package__).joinpath("objects.json").read_bytes()
    recorded: dict[str, list[Object]] = msgspec.json.decode(text)
    for name, objects in recorded.items():
        for obj in objects:
            for field, values in _METADATA.get(name.partition("/")[0], {}).items():
                obj["metadata"][field] = {**values, **obj["metadata"].get(field, {})}
    return {KindInfo(*name.split(" ")): objects for name, objects in recorded.items()}


def _aggregate(roles: dict[str, Any]) -> None:
    for name in _AGGREGATED:
        (selector,) = roles[name]["aggregationRule"]["clusterRoleSelectors"]
        selects = selectors.predicate(selectors.match_labels(selector), [])
        chosen = [roles[each] for each in sorted(roles) if each != name and selects and selects(roles[each])]
        rules: list[Object] = []
        for rule in (rule for role in chosen for rule in role["rules"]):
            if rule not in rules:
                rules.append(rule)
        roles[name]["rules"] = rules
