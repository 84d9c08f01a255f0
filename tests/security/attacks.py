"""The matrix of attacks: objects that a tenant wants through the controller, and the ways to ask for them. Pure.

The tenant may write applications and components of one namespace, and nothing else. Each attack has own names.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rudr_py.api import Kind
from rudr_py.model.identity import API_VERSION
from rudr_py.model.kinds import APPLICATION, COMPONENT, DEPLOYMENT, JOB
from tests.e2e.rbac_cluster import Namespaces

Document = dict[str, Any]

RBAC = "rbac.authorization.k8s.io/v1"
SECRET = Kind("v1", "Secret")
CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
WEBHOOK = Kind("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")
SYSTEM = "kube-system"
ACCOUNT = "powerful"
"""Another ServiceAccount of the namespace, whose token a tenant wants."""

RULES = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
LABELS = {"app": "attack"}


@dataclass(frozen=True, eq=False)
class Target:
    """An object that the tenant may not create: `manifest` is all of it except its name.

    `namespace` is its namespace, by that of the test; empty for cluster-scoped kinds. For pods it is a Deployment, and
    `is_gained` states whether a pod template has the property in question.
    """

    title: str
    kind: Kind
    plural: str
    manifest: Document
    namespace: Callable[[Namespaces], str] = lambda namespaces: namespaces.shop
    is_gained: Callable[[Document], bool] | None = None

    def document(self, name: str, namespaces: Namespaces) -> Document:
        """The whole object."""
        place = self.namespace(namespaces)
        metadata = {"name": name, **({"namespace": place} if place else {})}
        manifest = copy.deepcopy(self.manifest)
        if self.kind == CRD:
            manifest["spec"]["names"] |= {"plural": name, "singular": name, "kind": name.capitalize()}
            metadata["name"] = f"{name}.{manifest['spec']['group']}"
        return {"apiVersion": self.kind.api_version, "kind": self.kind.kind, "metadata": metadata, **manifest}


def _pods(**spec: Any) -> Document:
    pod = {"containers": [{"name": "main", "image": "registry.example/a:1"}], **spec}
    return {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": pod}}


def _anywhere(_: Namespaces) -> str:
    return ""


HOST_PATH = [{"name": "host", "hostPath": {"path": "/"}}]
BINDING = {
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
}
SCHEMA = {"openAPIV3Schema": {"type": "object"}}

TARGETS = (
    Target("Role", Kind(RBAC, "Role"), "roles", {"rules": RULES}),
    Target("RoleBinding", Kind(RBAC, "RoleBinding"), "rolebindings", BINDING),
    Target("ClusterRole", Kind(RBAC, "ClusterRole"), "clusterroles", {"rules": RULES}, _anywhere),
    Target("Secret of another namespace", SECRET, "secrets", {"stringData": {"a": "b"}}, lambda names: names.other),
    Target(
        "Pod with a hostPath",
        DEPLOYMENT,
        "deployments",
        {"spec": _pods(volumes=HOST_PATH)},
        is_gained=lambda pod: any("hostPath" in volume for volume in pod.get("volumes", ())),
    ),
    Target(
        "token of another ServiceAccount",
        DEPLOYMENT,
        "deployments",
        {"spec": _pods(serviceAccountName=ACCOUNT)},
        is_gained=lambda pod: pod.get("serviceAccountName") == ACCOUNT,
    ),
    Target(
        "Job in kube-system",
        JOB,
        "jobs",
        {"spec": {"template": {"spec": {**_pods()["template"]["spec"], "restartPolicy": "Never"}}}},
        lambda _: SYSTEM,
    ),
    Target("webhook configuration", WEBHOOK, "validatingwebhookconfigurations", {"webhooks": []}, _anywhere),
    Target(
        "CustomResourceDefinition",
        CRD,
        "customresourcedefinitions",
        {
            "spec": {
                "group": "attack.example",
                "scope": "Namespaced",
                "names": {},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": SCHEMA}],
            }
        },
        _anywhere,
    ),
)


@dataclass(frozen=True)
class Attack:
    """The documents of a tenant that ask for the desired object.

    `admitting` are documents of the infrastructure operator. If `exists`, the object exists before the attack, and the
    tenant wants the controller to change or delete it; `delete` are applications that the tenant then deletes.
    """

    desired: Document
    documents: tuple[Document, ...]
    admitting: tuple[Document, ...] = ()
    exists: bool = False
    delete: bool = False


def component(name: str, workload_type: str = f"{API_VERSION}.Worker", **spec: Any) -> Document:
    return {
        "apiVersion": COMPONENT.api_version,
        "kind": COMPONENT.kind,
        "metadata": {"name": name},
        "spec": {
            "workloadType": workload_type,
            "containers": [{"name": "main", "image": "registry.example/a:1"}],
            **spec,
        },
    }


def application(name: str, component_name: str, instance: str = "", **parts: Any) -> Document:
    """An application with one instance; `traits`, `scopes` and `metadata` are added."""
    binding = {"componentName": component_name, "instanceName": instance or name, "traits": parts.get("traits", [])}
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": name, **parts.get("metadata", {})},
        "spec": {"components": [binding], "scopes": parts.get("scopes", [])},
        **parts.get("more", {}),
    }


def _type_name(desired: Document) -> str:
    """The name of a kind as a workload type. The core group has none, so that of a legacy spelling is used."""
    version = desired["apiVersion"]
    return f"{version if '/' in version else f'core/{version}'}.{desired['kind']}"


def _settings(desired: Document) -> list[Document]:
    return [{"name": key, "value": value} for key, value in desired.items()]


def by_component(name: str, desired: Document, _: str) -> Attack:
    """A component whose type is the kind, and one of a standard type that contains the fields of the object."""
    pod = desired.get("spec", {}).get("template", {}).get("spec", {})
    fields = {key: value for key, value in desired.items() if key not in ("apiVersion", "kind", "spec")}
    smuggled = component(f"{name}-b", **fields, **{key: value for key, value in pod.items() if key != "containers"})
    smuggled["spec"]["containers"][0] |= {"volumeMounts": [{"name": "host", "mountPath": "/host"}], **fields}
    smuggled["spec"] |= {"template": desired.get("spec", {}).get("template", {}), "podSpec": pod}
    direct = component(f"{name}-a", _type_name(desired), workloadSettings=_settings(desired))
    return Attack(
        desired,
        (direct, smuggled, application(f"{name}-a", f"{name}-a", name), application(f"{name}-b", f"{name}-b")),
    )


def by_trait(name: str, desired: Document, _: str) -> Attack:
    """A trait that is named like the kind, and the fields of the object in the properties of standard traits."""
    unknown = [{"name": desired["kind"], "properties": desired}]
    ingress = {"name": "ingress", "properties": {"hostname": "a.example", "path": "/", **desired}}
    volume = {"name": "volume-mounter", "properties": {"volumeName": "a", "storageClass": "b", **desired}}
    return Attack(
        desired,
        (
            component(name),
            application(f"{name}-a", name, name, traits=unknown),
            application(f"{name}-b", name, traits=[ingress, volume]),
        ),
    )


def by_extended_workload(name: str, desired: Document, definitions: str) -> Attack:
    """A component of a kind that a WorkloadType object admits, with the whole object in its settings."""
    group, _, version = desired["apiVersion"].rpartition("/")
    kind = desired["kind"]
    metadata = {"name": f"admitted-{name}", "namespace": definitions}
    spec = {"group": group or "core", "version": version, "names": {"kind": kind, "plural": f"{kind.lower()}s"}}
    admitting = {"apiVersion": API_VERSION, "kind": "WorkloadType", "metadata": metadata, "spec": spec}
    everything = component(f"{name}-a", _type_name(desired), workloadSettings=_settings(desired))
    settings = [{"name": "spec", "value": desired.get("spec", {})}]
    only_spec = component(f"{name}-b", _type_name(desired), workloadSettings=settings, containers=[])
    return Attack(
        desired,
        (everything, only_spec, application(f"{name}-a", f"{name}-a"), application(f"{name}-b", f"{name}-b", name)),
        (admitting,),
    )


def by_scope(name: str, desired: Document, _: str) -> Attack:
    """A scope of the kind, and scopes of standard types with the fields of the object."""
    unknown = [{"name": name, "type": _type_name(desired), "properties": desired}]
    network = {"network-id": "a", "subnet-id": "b", **desired}
    known = [
        {"name": f"{name}-net", "type": f"{API_VERSION}.NetworkScope", "properties": network},
        {"name": f"{name}-well", "type": f"{API_VERSION}.HealthScope", "properties": desired},
    ]
    return Attack(
        desired,
        (
            component(name),
            application(f"{name}-a", name, name, scopes=unknown),
            application(f"{name}-b", name, scopes=known),
        ),
    )


def by_adoption(name: str, desired: Document, _: str) -> Attack:
    """An instance with the name of the existing object, and every spelling of a request to adopt it."""
    adopt = {"rudr.oam.dev/adopt": "true", "rudr.oam.dev/applied": "1", "meta.helm.sh/release-name": name}
    metadata = {"annotations": adopt, "labels": {"app.kubernetes.io/managed-by": "rudr"}}
    claim = {"volumeName": "a", "storageClass": "b", "claimName": name, "adopt": True}
    return Attack(
        desired,
        (
            component(f"{name}-a", _type_name(desired), workloadSettings=_settings(desired)),
            component(f"{name}-b"),
            application(f"{name}-a", f"{name}-a", name, metadata=metadata),
            application(
                f"{name}-b",
                f"{name}-b",
                name,
                metadata=metadata,
                traits=[{"name": "volume-mounter", "properties": claim}],
            ),
        ),
        exists=True,
    )


def by_owner(name: str, desired: Document, _: str) -> Attack:
    """Forged owners, inventory and finalizers, so that the controller deletes the object with the application."""
    owner = {"apiVersion": desired["apiVersion"], "kind": desired["kind"], "name": desired["metadata"]["name"]}
    forged = {**owner, "uid": "00000000-0000-0000-0000-000000000000", "controller": True, "blockOwnerDeletion": True}
    metadata = {"ownerReferences": [forged], "finalizers": ["rudr.oam.dev/reclaim"], "labels": LABELS}
    resource = {**owner, "instance": name, "reclaim": "delete"}
    status = {"status": {"resources": [resource], "observedGeneration": 1}}
    return Attack(
        desired,
        (
            component(name),
            application(f"{name}-a", name, metadata=metadata, more=status),
            application(f"{name}-b", name, name, metadata={"labels": LABELS}, more=status),
        ),
        exists=True,
        delete=True,
    )


def by_instance_name(name: str, desired: Document, plural: str) -> Attack:
    """Names that would be another path of the API if they were not checked or not quoted."""
    group = desired["apiVersion"]
    root = f"apis/{group}" if "/" in group else f"api/{group}"
    namespace = desired["metadata"].get("namespace")
    place = f"namespaces/{namespace}/{plural}" if namespace else plural
    path = f"{'../' * 6}{root}/{place}/{desired['metadata']['name']}"
    names = (path, path.replace("/", "%2f"), f"{name}?dryRun=All", f"{name}/status")
    return Attack(
        desired,
        (
            component(name),
            *(application(f"{name}-{number}", name, instance) for number, instance in enumerate(names)),
            application(f"{name}-c", path),
        ),
    )


WAYS: dict[str, Callable[[str, Document, str], Attack]] = {
    "component": by_component,
    "trait": by_trait,
    "extended workload": by_extended_workload,
    "scope": by_scope,
    "adoption": by_adoption,
    "forged owner": by_owner,
    "instance name": by_instance_name,
}


def name_of(target: Target, way: str) -> str:
    """The name of an attack, which its documents and the desired object have."""
    return f"x{TARGETS.index(target)}{list(WAYS).index(way)}"


def attack(target: Target, way: str, namespaces: Namespaces) -> Attack:
    """The attack of a cell of the matrix."""
    name = name_of(target, way)
    desired = target.document(name, namespaces)
    context = namespaces.definitions if way == "extended workload" else target.plural
    return WAYS[way](name, desired, context)
