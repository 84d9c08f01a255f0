"""Gives Services of type LoadBalancer, and Ingresses, an address, as a cloud would. Nothing listens there."""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.local.controllers.controller import Controller
from rudr_py.local.controllers.endpoints import SERVICE
from rudr_py.local.controllers.queue import Key
from rudr_py.local.controllers.world import Change, World
from rudr_py.local.resources import Kind
from rudr_py.local.store import DELETED

INGRESS = Kind("networking.k8s.io/v1", "Ingress")
_ADDRESS = "172.18.255.1"


def _reconcile(world: World, key: Key) -> None:
    obj = world.get(key)
    if obj is None or "deletionTimestamp" in obj["metadata"]:
        return
    if key.kind == INGRESS:
        wanted = {"ingress": [{"ip": _ADDRESS}]}
    elif obj["spec"].get("type") == "LoadBalancer":
        wanted = {"ingress": [{"ip": _ADDRESS, "ipMode": "VIP"}]}
    else:
        wanted = {}
    status = obj.get("status", {})
    if (status.get("loadBalancer") or {}) != wanted:
        world.write_status(obj, {**status, "loadBalancer": wanted})


def _concerns(_: World, change: Change) -> Iterable[Key]:
    if change.type != DELETED:
        yield change.key


CONTROLLER = Controller(name="addresses", kinds=frozenset({SERVICE, INGRESS}), concerns=_concerns, reconcile=_reconcile)
