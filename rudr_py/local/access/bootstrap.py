"""The roles and bindings that every cluster starts with, as far as clients need them. Pure.

Verbs and resources are those of Kubernetes 1.36. Roles of control plane components are omitted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.local.storage.store import Object

_GROUP = "rbac.authorization.k8s.io"
_AGGREGATE = f"{_GROUP}/aggregate-to-"
_READ = "get list watch"
_WRITE = "create delete deletecollection patch update"
_ALL = "create delete deletecollection get list patch update watch"
_APPS = "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale"
_APPS_READABLE = (
    "daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale "
    "replicasets/status"
)
_EXTENSIONS = " networkpolicies replicationcontrollers/scale"

# verbs, API groups ("core" is the core group), resources
_RULES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "cluster-admin": (("*", "*", "*"),),
    "system:basic-user": (
        ("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
        ("create", "authentication.k8s.io", "selfsubjectreviews"),
    ),
    "system:auth-delegator": (
        ("create", "authentication.k8s.io", "tokenreviews"),
        ("create", "authorization.k8s.io", "subjectaccessreviews"),
    ),
    "system:aggregate-to-admin": (
        ("create", "authorization.k8s.io", "localsubjectaccessreviews"),
        (_ALL, _GROUP, "rolebindings roles"),
    ),
    "system:aggregate-to-edit": (
        (_READ, "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
        ("impersonate", "core", "serviceaccounts"),
        (_WRITE, "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
        ("create", "core", "pods/eviction"),
        (
            _WRITE,
            "core",
            "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
            "serviceaccounts services services/proxy",
        ),
        ("create", "core", "serviceaccounts/token"),
        (_WRITE, "core events.k8s.io", "events"),
        (_WRITE, "apps", f"{_APPS} statefulsets statefulsets/scale"),
        (_WRITE, "autoscaling", "horizontalpodautoscalers"),
        (_WRITE, "batch", "cronjobs jobs"),
        (_WRITE, "extensions", f"{_APPS} ingresses{_EXTENSIONS}"),
        (_WRITE, "policy", "poddisruptionbudgets"),
        (_WRITE, "networking.k8s.io", "ingresses networkpolicies"),
        (_ALL, "coordination.k8s.io", "leases"),
        (_WRITE, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
    ),
    "system:aggregate-to-view": (
        (
            _READ,
            "core",
            "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
            "replicationcontrollers/scale serviceaccounts services services/status",
        ),
        (
            _READ,
            "core",
            "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas "
            "resourcequotas/status",
        ),
        (_READ, "core", "namespaces"),
        (_READ, "core events.k8s.io", "events"),
        (_READ, "discovery.k8s.io", "endpointslices"),
        (
            _READ,
            "apps",
            f"controllerrevisions {_APPS_READABLE} statefulsets statefulsets/scale statefulsets/status",
        ),
        (_READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
        (_READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
        (_READ, "extensions", f"{_APPS_READABLE} ingresses ingresses/status{_EXTENSIONS}"),
        (_READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
        (_READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
        (_READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
    ),
}
_PATHS = {
    "cluster-admin": ("*", "*"),
    "system:discovery": (
        "get",
        "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/",
    ),
    "system:public-info-viewer": ("get", "/healthz /livez /readyz /version /version/"),
    "system:service-account-issuer-discovery": (
        "get",
        "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
    ),
}
_AGGREGATED = {"admin": "", "edit": "admin", "view": "edit"}
"""Aggregated ClusterRoles, and the role that each of them is aggregated to."""

_BINDINGS = {
    "cluster-admin": ("system:masters",),
    "system:basic-user": ("system:authenticated",),
    "system:discovery": ("system:authenticated",),
    "system:public-info-viewer": ("system:authenticated", "system:unauthenticated"),
    "system:service-account-issuer-discovery": ("system:serviceaccounts",),
}


def objects() -> Iterator[Object]:
    """Yield the ClusterRoles and ClusterRoleBindings to create."""
    for name in dict.fromkeys((*_RULES, *_PATHS)):
        labels = {f"{_AGGREGATE}{name.removeprefix('system:aggregate-to-')}": "true"} if "aggregate-to" in name else {}
        yield {**_object("ClusterRole", name, labels), "rules": _rules(name)}
    for name, part in _AGGREGATED.items():
        labels = {f"{_AGGREGATE}{part}": "true"} if part else {}
        selectors = [{"matchLabels": {f"{_AGGREGATE}{name}": "true"}}]
        rule = {"clusterRoleSelectors": selectors}
        yield {**_object("ClusterRole", name, labels), "aggregationRule": rule, "rules": []}
    for name, groups in _BINDINGS.items():
        subjects = [{"kind": "Group", "apiGroup": _GROUP, "name": group} for group in groups]
        reference = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": name}
        yield {**_object("ClusterRoleBinding", name, {}), "subjects": subjects, "roleRef": reference}


def _rules(name: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [
        {
            "verbs": verbs.split(),
            "apiGroups": ["" if group == "core" else group for group in groups.split()],
            "resources": resources.split(),
        }
        for verbs, groups, resources in _RULES.get(name, ())
    ]
    if name in _PATHS:
        verbs, paths = _PATHS[name]
        rules.append({"verbs": verbs.split(), "nonResourceURLs": paths.split()})
    return rules


def _object(kind: str, name: str, labels: dict[str, str]) -> Object:
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **labels},
            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        },
    }
