"""The documents of the portable application: each part shows one behaviour.

`front` answers on its port with its configuration, `store` has a volume, `once` is a Task; `front` and `inside` are
members of a network scope, `outside` is not.
"""

from __future__ import annotations

from typing import Any

from rudr_py.model.identity import API_VERSION

Document = dict[str, Any]

NAMESPACE = "default"
IMAGE = "localhost/rudr-portable:1"
PORT = 18380
PAGE = "/www/index.html"
GREETING = "Good morning: 100 % $HOME"
DATA = "/data"
RAN = "the task ran"

IDLE = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"]


def documents() -> list[Document]:
    """The components and the application."""
    volume = {"name": "data", "mountPath": DATA, "disk": {"required": "16M"}}
    return [
        _component(
            "front",
            "Server",
            ["httpd", "-f", "-p", str(PORT), "-h", "/www"],
            ports=[{"name": "http", "containerPort": PORT}],
            config=[{"path": PAGE, "value": GREETING}],
        ),
        _component("store", "SingletonServer", IDLE, resources={"volumes": [volume]}),
        _component("idle", "Worker", IDLE),
        _component("once", "Task", ["sh", "-c", f"echo {RAN}"]),
        _application(
            [_scope("members")],
            [
                _instance("front", "front", scope="members", traits=[_trait("ingress", hostname="front.example")]),
                _instance("idle", "inside", scope="members"),
                _instance("idle", "outside"),
                _instance("store", "store", traits=[_trait("volume-mounter", volumeName="data", storageClass="local")]),
                _instance("once", "once"),
            ],
        ),
    ]


def _document(kind: str, name: str, spec: Document) -> Document:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def _component(name: str, workload: str, command: list[str], **container: Any) -> Document:
    resources = {"cpu": {"required": 0.1}, "memory": {"required": "16M"}, **container.pop("resources", {})}
    named = {"name": "main", "image": IMAGE, "cmd": command, "resources": resources, **container}
    return _document("ComponentSchematic", name, {"workloadType": f"{API_VERSION}.{workload}", "containers": [named]})


def _application(scopes: list[Document], components: list[Document]) -> Document:
    return _document("ApplicationConfiguration", "portable", {"scopes": scopes, "components": components})


def _scope(name: str) -> Document:
    return {
        "name": name,
        "type": f"{API_VERSION}.NetworkScope",
        "properties": {"network-id": name, "subnet-id": name},
    }


def _instance(component: str, name: str, *, scope: str = "", traits: list[Document] | None = None) -> Document:
    joined = [scope] if scope else []
    return {"componentName": component, "instanceName": name, "applicationScopes": joined, "traits": traits or []}


def _trait(name: str, **properties: str) -> Document:
    return {"name": name, "properties": properties}
