"""Namespaces: creates their default objects, and deletes the content of a terminating one."""

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
_ROOT_CA_ANNOTATIONS = {
    "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using "
    "internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
}


def _create_defaults(context: ReconcileContext, name: str) -> None:
    """Create the default service account and the config map with the CA certificate."""
    if context.client.get(_SERVICE_ACCOUNT, name, "default") is None:
        metadata: Object = {"name": "default", "namespace": name}
        context.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    if context.client.get(_CONFIG_MAP, name, _ROOT_CA) is None:
        metadata = {"name": _ROOT_CA, "namespace": name, "annotations": _ROOT_CA_ANNOTATIONS}
        data = {"ca.crt": context.settings.root_ca}
        context.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def _content(context: ReconcileContext, namespace: str) -> Iterator[tuple[Resource, list[Object]]]:
    for resource in context.client.kinds():
        if resource.namespaced and {"list", "delete"} <= set(resource.verbs):
            objects = context.client.list(resource.id, namespace)
            if objects:
                yield resource, objects


def _delete_content(context: ReconcileContext, namespace: Object) -> None:
    name = namespace["metadata"]["name"]
    for _, objects in list(_content(context, name)):
        for obj in objects:
            if "deletionTimestamp" not in obj["metadata"]:
                context.delete(obj)
    remaining = list(_content(context, name))
    if remaining:
        _report_remaining(context, namespace, remaining)
        return
    finalizers = [each for each in namespace["spec"].get("finalizers") or () if each != FINALIZER]
    context.client.finalize({**namespace, "spec": {**namespace["spec"], "finalizers": finalizers}})


def _report_remaining(
    context: ReconcileContext, namespace: Object, remaining: list[tuple[Resource, list[Object]]]
) -> None:
    """Write conditions that state the remaining content."""
    finalizer_counts = Counter(
        each for _, objects in remaining for obj in objects for each in obj["metadata"].get("finalizers") or ()
    )
    kinds = ", ".join(
        f"{resource.plural}.{resource.group} has {len(objects)} resource instances" for resource, objects in remaining
    )
    finalizers = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(finalizer_counts.items()))
    conditions = [
        _false_condition(
            "NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"
        ),
        _false_condition(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        _false_condition(
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        times.condition(
            "NamespaceContentRemaining", True, "SomeResourcesRemain", f"Some resources are remaining: {kinds}"
        ),
        times.condition(
            "NamespaceFinalizersRemaining",
            bool(finalizer_counts),
            "SomeFinalizersRemain" if finalizer_counts else "ContentHasNoFinalizers",
            f"Some content in the namespace has finalizers remaining: {finalizers}"
            if finalizer_counts
            else "All content-preserving finalizers finished",
        ),
    ]
    status = namespace.get("status", {})
    live_conditions = {each["type"]: each for each in status.get("conditions") or ()}
    dated = [times.transitioned(each, live_conditions.get(each["type"]), context.stamp()) for each in conditions]
    context.write_status(namespace, {**status, "phase": "Terminating", "conditions": dated})


def _false_condition(kind: str, reason: str, message: str) -> Object:
    return times.condition(kind, False, reason, message)


def _reconcile(context: ReconcileContext, key: QueueKey) -> None:
    namespace = context.get(key)
    if namespace is None:
        return
    if "deletionTimestamp" not in namespace["metadata"]:
        try:
            _create_defaults(context, key.name)
        except ForbiddenError:
            # it is terminating now, and its change is reconciled again
            return
    elif FINALIZER in (namespace["spec"].get("finalizers") or ()):
        _delete_content(context, namespace)


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == NAMESPACE:
        if change.type != DELETED:
            yield change.key
    elif change.type == DELETED and change.key.namespace:
        namespace = context.client.get(NAMESPACE, "", change.key.namespace)
        default_object = change.key.kind in (_SERVICE_ACCOUNT, _CONFIG_MAP)
        if namespace is not None and (default_object or "deletionTimestamp" in namespace["metadata"]):
            yield QueueKey(NAMESPACE, "", change.key.namespace)


CONTROLLER = Controller(name="namespace", kinds=None, map_change=_map_change, reconcile=_reconcile)
