"""Documents and kinds of the e2e tests, and functions that read them."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Kind, kstatus

Document = dict[str, Any]

APPLICATION = Kind("core.oam.dev/v1alpha1", "ApplicationConfiguration")
COMPONENT = Kind("core.oam.dev/v1alpha1", "ComponentSchematic")
COMPONENT_INSTANCE = Kind("core.oam.dev/v1alpha1", "ComponentInstance")
CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
CONFIG_MAP = Kind("v1", "ConfigMap")
CLAIM = Kind("v1", "PersistentVolumeClaim")
DEPLOYMENT = Kind("apps/v1", "Deployment")
STATEFUL_SET = Kind("apps/v1", "StatefulSet")
REPLICA_SET = Kind("apps/v1", "ReplicaSet")
JOB = Kind("batch/v1", "Job")
POD = Kind("v1", "Pod")
SERVICE = Kind("v1", "Service")
INGRESS = Kind("networking.k8s.io/v1", "Ingress")
AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler")
EVENT = Kind("events.k8s.io/v1", "Event")
NAMESPACE = Kind("v1", "Namespace")

INGRESS_TRAIT = {"name": "ingress", "properties": {"hostname": "shop.example", "path": "/"}}
FIVE = {"name": "manual-scaler", "properties": {"replicaCount": 5}}
AUTO = {"name": "auto-scaler", "properties": {"minimum": 5, "maximum": 9, "cpu": 70}}


def component(name: str = "web", **spec: Any) -> Document:
    """A Server with one container, one port and the parameter `greeting`."""
    container = {
        "name": "server",
        "image": "registry.example/web:1",
        "env": [{"name": "GREETING", "fromParam": "greeting"}],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"cpu": {"required": 0.1}, "memory": {"required": "64"}},
    }
    return {
        "apiVersion": COMPONENT.api_version,
        "kind": COMPONENT.kind,
        "metadata": {"name": name},
        "spec": {
            "workloadType": "core.oam.dev/v1alpha1.Server",
            "parameters": [{"name": "greeting", "type": "string", "default": "hello"}],
            "containers": [container],
            **spec,
        },
    }


def application(*traits: Document, name: str = "shop", greeting: str = "hi", **metadata: Any) -> Document:
    """An application of one instance, `<name>-web`."""
    binding = {
        "componentName": "web",
        "instanceName": f"{name}-web",
        "parameterValues": [{"name": "greeting", "value": greeting}],
        "traits": list(traits),
    }
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": name, **metadata},
        "spec": {"components": [binding]},
    }


def condition(document: Document, name: str) -> str:
    """True, False or Unknown, or the empty string."""
    return str(kstatus.condition(document, name).get("status", ""))


def message(document: Document, name: str) -> str:
    """The message of a condition."""
    return str(kstatus.condition(document, name).get("message", ""))


def observed(document: Document) -> bool:
    """Whether the status is that of the current generation."""
    return bool(document.get("status", {}).get("observedGeneration") == document["metadata"]["generation"])


def synced(document: Document) -> bool:
    """Whether every object of the current generation is applied."""
    return observed(document) and condition(document, "Synced") == "True"


def ready(document: Document) -> bool:
    """Whether the current generation of an application is Ready."""
    return observed(document) and condition(document, "Ready") == "True"


def invalid(document: Document) -> bool:
    """Whether the current generation is invalid."""
    return observed(document) and condition(document, "Valid") == "False"


def image(document: Document) -> str:
    """The image of the first container of a pod template."""
    return str(document["spec"]["template"]["spec"]["containers"][0]["image"])


def greeting(document: Document) -> str:
    """The value of GREETING in a Deployment of `component()`."""
    return str(document["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"])


def managers(document: Document) -> set[tuple[str, str]]:
    """The managers in managedFields, with their operations."""
    return {(entry["manager"], entry["operation"]) for entry in document["metadata"].get("managedFields", ())}


def owned(document: Document, manager: str, operation: str = "Apply", subresource: str = "") -> Document:
    """The fields of one managedFields entry, empty if there is none."""
    for entry in document["metadata"].get("managedFields", ()):
        if (entry["manager"], entry["operation"], entry.get("subresource", "")) == (manager, operation, subresource):
            return dict(entry["fieldsV1"])
    return {}


def established(crd: Document) -> bool:
    """Whether the server serves the kind of a CustomResourceDefinition."""
    conditions = crd.get("status", {}).get("conditions") or []  # null at first
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)
