"""Assigns an address to Services of type LoadBalancer, and to Ingresses of existing classes. Nothing listens on it."""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.local.controllers.endpoints import SERVICE
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

INGRESS = KindInfo("networking.k8s.io/v1", "Ingress")
INGRESS_CLASS = KindInfo("networking.k8s.io/v1", "IngressClass")
_ADDRESS = "172.18.255.1"


def _reconcile(context: ReconcileContext, key: QueueKey) -> None:
    obj = context.get(key)
    if obj is None or "deletionTimestamp" in obj["metadata"]:
        return
    if key.kind == INGRESS and not _has_class(context, obj):
        return
    if key.kind == INGRESS:
        load_balancer = {"ingress": [{"ip": _ADDRESS}]}
    elif obj["spec"].get("type") == "LoadBalancer":
        load_balancer = {"ingress": [{"ip": _ADDRESS, "ipMode": "VIP"}]}
    else:
        load_balancer = {}
    status = obj.get("status", {})
    if (status.get("loadBalancer") or {}) != load_balancer:
        context.write_status(obj, {**status, "loadBalancer": load_balancer})


def _has_class(context: ReconcileContext, ingress: Object) -> bool:
    name = ingress["spec"].get("ingressClassName")
    return bool(name) and context.client.get(INGRESS_CLASS, "", name) is not None


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == INGRESS_CLASS:
        for ingress in context.client.list(INGRESS):
            yield QueueKey(INGRESS, ingress["metadata"]["namespace"], ingress["metadata"]["name"])
    elif change.type != DELETED:
        yield change.key


CONTROLLER = Controller(
    name="addresses", kinds=frozenset({SERVICE, INGRESS, INGRESS_CLASS}), map_change=_map_change, reconcile=_reconcile
)
