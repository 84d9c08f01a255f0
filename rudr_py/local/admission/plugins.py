"""Built-in admission plugins: namespace lifecycle, permission to create and grant, service accounts of pods."""

from __future__ import annotations

from rudr_py.errors import Cause
from rudr_py.local.access import attributes, escalation
from rudr_py.local.access.attributes import Attributes
from rudr_py.local.access.user import User
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import core
from rudr_py.local.strategies.deprecations import INGRESS_CLASS_ANNOTATION

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_DEFAULT_ACCOUNT = "default"
_NOT_READY_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_NOT_READY_TOLERATION = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
_PRIORITY_CLASSES = "priorityclasses.scheduling.k8s.io"
_UNDELETABLE = frozenset({"default", "kube-system", "kube-public"})


def check_namespace(backend: Backend, resource: Resource, namespace: str, name: str) -> None:
    """Raise `ApiError` for a creation in a namespace that does not exist (404) or is terminating (403)."""
    if not resource.namespaced:
        return
    live = backend.store.get("namespaces", "", namespace)
    if live is None:
        namespaces = backend.registry.storage_resource("namespaces")
        raise api_errors.not_found(namespaces or resource, namespace)
    if live["metadata"].get("deletionTimestamp"):
        cause_message = f"namespace {namespace} is being terminated"
        cause = Cause(reason="NamespaceTerminating", message=cause_message, field="metadata.namespace")
        message = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise api_errors.forbidden(resource, name, message, (cause,))


def check_upsert(backend: Backend, resource: Resource, namespace: str, name: str, user: User | None) -> None:
    """Raise `ForbiddenError` (403) if a write creates an object that the user may not create; None may create all."""
    if user is None or backend.access is None:
        return
    create_attributes = Attributes(
        user=user, verb="create", group=resource.group, resource=resource.plural, namespace=namespace, name=name
    )
    decision = backend.access.decide(create_attributes)
    if not decision.allowed:
        raise attributes.forbidden(create_attributes, decision.reason)


def complete_pod(backend: Backend, resource: Resource, new: Object) -> None:
    """Set the service account, priority and tolerations of a new pod.

    Raises `ApiError` (403) if the service account does not exist. The token volume of a real cluster is not added.
    """
    if resource.table != "pods":
        return
    spec, metadata = new.setdefault("spec", {}), new["metadata"]
    if backend.service_accounts:
        name = spec.get("serviceAccountName") or _DEFAULT_ACCOUNT
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        # a controller may create the default account after the first pod
        if name != _DEFAULT_ACCOUNT and backend.store.get("serviceaccounts", metadata["namespace"], name) is None:
            message = (
                f'error looking up service account {metadata["namespace"]}/{name}: serviceaccount "{name}" not found'
            )
            raise api_errors.forbidden(resource, metadata.get("name", ""), message)
    _set_priority(backend, resource, new)
    tolerated_keys = {each.get("key") for each in spec.get("tolerations") or () if each.get("effect") != "NoSchedule"}
    tolerations = [
        {**_NOT_READY_TOLERATION, "key": key} for key in _NOT_READY_TAINTS if not tolerated_keys & {key, None}
    ]
    if tolerations:
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *tolerations]


def taint_node(resource: Resource, new: Object) -> None:
    """Set the taint of a new node, which nothing has reported as ready."""
    taint = {"key": _NOT_READY_TAINTS[0], "effect": "NoSchedule"}
    if resource.table == "nodes":
        taints = new.setdefault("spec", {}).get("taints") or []
        if not any(taint.items() <= each.items() for each in taints):
            new["spec"]["taints"] = [*taints, taint]


def _set_priority(backend: Backend, resource: Resource, pod: Object) -> None:
    """Set the priority of a pod by its PriorityClass, or by the lowest default one."""
    spec, name, priority_class = pod["spec"], pod["metadata"].get("name", ""), None
    if spec.get("priorityClassName"):
        priority_class = backend.store.get(_PRIORITY_CLASSES, "", spec["priorityClassName"])
        if priority_class is None:
            message = f"no PriorityClass with name {spec['priorityClassName']} was found"
            raise api_errors.forbidden(resource, name, message)
    elif backend.store.count(_PRIORITY_CLASSES):
        defaults = [each for each in backend.store.list(_PRIORITY_CLASSES) if each.get("globalDefault")]
        priority_class = min(defaults, key=lambda each: int(each["value"]), default=None)
    value = priority_class["value"] if priority_class else 0
    if spec.get("priority", value) != value:
        raise api_errors.forbidden(
            resource,
            name,
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; priority admission "
            f"controller computed {value} from the given PriorityClass name",
        )
    if priority_class:
        spec["priorityClassName"] = priority_class["metadata"]["name"]
    spec["priority"] = value
    policy = priority_class.get("preemptionPolicy") if priority_class else None
    spec.setdefault("preemptionPolicy", policy or "PreemptLowerPriority")


def set_ingress_class(backend: Backend, resource: Resource, new: Object) -> None:
    """Set the default class of a new Ingress that names none; of several defaults, the first by name."""
    if resource.table != "ingresses.networking.k8s.io" or "ingressClassName" in new.get("spec", {}):
        return
    if INGRESS_CLASS_ANNOTATION in (new["metadata"].get("annotations") or {}):
        return
    for ingress_class in backend.store.list("ingressclasses.networking.k8s.io"):
        annotations = ingress_class["metadata"].get("annotations") or {}
        if annotations.get(DEFAULT_CLASS_ANNOTATION) == "true":
            new.setdefault("spec", {})["ingressClassName"] = ingress_class["metadata"]["name"]
            return


def check_grants(backend: Backend, resource: Resource, new: Object, old: Object | None, user: User | None) -> None:
    """Raise `ForbiddenError` (403) for a role or binding that grants more than the user has; None may grant all."""
    if user is None or backend.access is None or backend.access.authorizer is None:
        return
    if resource.table in escalation.TABLES:
        escalation.check(backend.access.authorizer, user, resource, new, old)


def check_growth(backend: Backend, resource: Resource, new: Object, old: Object) -> None:
    """Raise `ForbiddenError` (403) for a volume claim that grows although its class does not allow it."""
    if resource.table != "persistentvolumeclaims":
        return
    storage_class = backend.store.get("storageclasses.storage.k8s.io", "", new["spec"].get("storageClassName") or "")
    refusal = core.check_growth(new, old, storage_class)
    if refusal:
        raise api_errors.forbidden(resource, new["metadata"].get("name", ""), refusal)


def check_deletion(resource: Resource, name: str) -> None:
    """Raise `ForbiddenError` (403) for the deletion of a system namespace."""
    if resource.table == "namespaces" and name in _UNDELETABLE:
        raise api_errors.forbidden(resource, name, "this namespace may not be deleted")
