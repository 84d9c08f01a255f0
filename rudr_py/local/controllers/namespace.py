"""Namespaces: what each one starts with, and how a deleted one is emptied before it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rudr_py.errors import ForbiddenError
from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo, Resource
from rudr_py.local.storage.store import DELETED, Object

NAMESPACE = KindInfo("v1", "Namespace")
FINALIZER = "kubernetes"
_SERVICE_ACCOUNT, _CONFIG_MAP = KindInfo("v1", "ServiceAccount"), KindInfo("v1", "ConfigMap")
_ROOT_CA = "kube-root-ca.crt"
_NOTE = {
    "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using "
    "internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
}


def _furnish(world: ReconcileContext, name: str) -> None:
    """Create the service account that pods use, and the certificate that they trust the API by."""
    if world.objects.get(_SERVICE_ACCOUNT, name, "default") is None:
        metadata: Object = {"name": "default", "namespace": name}
        world.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    if world.objects.get(_CONFIG_MAP, name, _ROOT_CA) is None:
        metadata = {"name": _ROOT_CA, "namespace": name, "annotations": _NOTE}
        data = {"ca.crt": world.settings.root_ca}
        world.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def _content(world: ReconcileContext, namespace: str) -> Iterator[tuple[Resource, list[Object]]]:
    for resource in world.objects.kinds():
        if resource.namespaced and {"list", "delete"} <= set(resource.verbs):
            found = world.objects.list(resource.id, namespace)
            if found:
                yield resource, found


def _empty(world: ReconcileContext, namespace: Object) -> None:
    name = namespace["metadata"]["name"]
    for _, found in list(_content(world, name)):
        for obj in found:
            if "deletionTimestamp" not in obj["metadata"]:
                world.delete(obj)
    left = list(_content(world, name))
    if left:
        _tell(world, namespace, left)
        return
    finalizers = [each for each in namespace["spec"].get("finalizers") or () if each != FINALIZER]
    world.objects.finalize({**namespace, "spec": {**namespace["spec"], "finalizers": finalizers}})


def _tell(world: ReconcileContext, namespace: Object, left: list[tuple[Resource, list[Object]]]) -> None:
    """Say in the status what keeps the namespace from going."""
    held = Counter(each for _, found in left for obj in found for each in obj["metadata"].get("finalizers") or ())
    kinds = ", ".join(
        f"{resource.plural}.{resource.group} has {len(found)} resource instances" for resource, found in left
    )
    finalizers = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(held.items()))
    conditions = [
        _fine("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
        _fine(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        _fine(
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        times.condition(
            "NamespaceContentRemaining", True, "SomeResourcesRemain", f"Some resources are remaining: {kinds}"
        ),
        times.condition(
            "NamespaceFinalizersRemaining",
            bool(held),
            "SomeFinalizersRemain" if held else "ContentHasNoFinalizers",
            f"Some content in the namespace has finalizers remaining: {finalizers}"
            if held
            else "All content-preserving finalizers finished",
        ),
    ]
    before = namespace.get("status", {})
    known = {each["type"]: each for each in before.get("conditions") or ()}
    dated = [times.transitioned(each, known.get(each["type"]), world.stamp()) for each in conditions]
    world.write_status(namespace, {**before, "phase": "Terminating", "conditions": dated})


def _fine(kind: str, reason: str, message: str) -> Object:
    return times.condition(kind, False, reason, message)


def _reconcile(world: ReconcileContext, key: QueueKey) -> None:
    namespace = world.get(key)
    if namespace is None:
        return
    if "deletionTimestamp" not in namespace["metadata"]:
        try:
            _furnish(world, key.name)
        except ForbiddenError:
            # it began to end in between, which wakes this controller again
            return
    elif FINALIZER in (namespace["spec"].get("finalizers") or ()):
        _empty(world, namespace)


def _concerns(world: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == NAMESPACE:
        if change.type != DELETED:
            yield change.key
    elif change.type == DELETED and change.key.namespace:
        namespace = world.objects.get(NAMESPACE, "", change.key.namespace)
        furniture = change.key.kind in (_SERVICE_ACCOUNT, _CONFIG_MAP)
        if namespace is not None and (furniture or "deletionTimestamp" in namespace["metadata"]):
            yield QueueKey(NAMESPACE, "", change.key.namespace)


CONTROLLER = Controller(name="namespace", kinds=None, concerns=_concerns, reconcile=_reconcile)
