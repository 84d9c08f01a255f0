"""The documents of a simulated user: components of several workload types, and applications that use them."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Hold, Manifest, Rendered, Scope, ScopeContext, Trait, TraitContext
from rudr_py.model.kinds import CONFIG_MAP

Document = dict[str, Any]
API = "core.oam.dev/v1alpha1"

SECRET = "s3cr3t-v4lue"
"""The value of a parameter; no status, event or log record may contain it."""

SERVER, WORKER, TASK = f"{API}.Server", f"{API}.Worker", f"{API}.Task"
SINGLETON_SERVER, SINGLETON_WORKER = f"{API}.SingletonServer", f"{API}.SingletonWorker"

INGRESS: Document = {"name": "ingress", "properties": {"hostname": "shop.example", "path": "/", "servicePort": 8080}}
AUTO: Document = {"name": "auto-scaler", "properties": {"minimum": 2, "maximum": 5, "cpu": 70}}


def manual(replicas: int) -> Document:
    """A manual-scaler."""
    return {"name": "manual-scaler", "properties": {"replicaCount": replicas}}


def gate(*, is_open: bool) -> Document:
    """A gate, which holds its instance while it is closed."""
    return {"name": "gate", "properties": {"open": is_open}}


class Gate(Trait[dict[str, Any]]):
    """Holds an instance until its documents change. An open one has an effect on the pod template."""

    name = "gate"
    requires = frozenset({"pod-template"})

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered | Hold:
        """A Hold, or an annotation."""
        if not ctx.properties.get("open"):
            return Hold("the gate is closed")
        path = ("metadata", "annotations", "gate")
        return Rendered(edit=tuple(place.edit(path, "open") for place in ctx.pod_templates))


class GateScope(Scope[dict[str, Any]]):
    """A scope with a ConfigMap of its members, which stays as it is while the scope is closed."""

    name = "simulation.example/v1.Gate"
    produces = (CONFIG_MAP,)

    def render(self, ctx: ScopeContext[dict[str, Any]]) -> Rendered | Hold:
        """A Hold, or the ConfigMap."""
        if ctx.properties.get("open") != "yes":
            return Hold("the scope is closed")
        members = {
            member.instance: ",".join(str(port.container_port) for port in member.ports) for member in ctx.members
        }
        return Rendered(add=(Manifest(kind=CONFIG_MAP, name=ctx.name("members"), body={"data": members}),))


def gate_scope(*, is_open: bool) -> Document:
    """A scope that an application declares."""
    properties = [{"name": "open", "value": "yes" if is_open else "no"}]
    return {"name": "all", "type": GateScope.name, "properties": properties}


def volume(reclaim: str = "retain") -> Document:
    """A volume-mounter for the volume of `component(..., volume=True)`."""
    properties = {"volumeName": "data", "storageClass": "standard", "reclaim": reclaim}
    return {"name": "volume-mounter", "properties": properties}


def component(
    name: str, workload: str = SERVER, *, image: str = "registry.example/web:1", config: str = "", claim: bool = False
) -> Document:
    """A component with one container and two parameters; with a config file, or a volume, if wanted."""
    container: Document = {
        "name": "main",
        "image": image,
        "env": [{"name": "GREETING", "fromParam": "greeting"}, {"name": "PASSWORD", "fromParam": "password"}],
        "resources": {"cpu": {"required": 0.1}, "memory": {"required": "64"}},
    }
    if workload in (SERVER, SINGLETON_SERVER):
        container["ports"] = [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    if config:
        container["config"] = [{"path": "/etc/settings/main.conf", "value": config}]
    if claim:
        mount = {"name": "data", "mountPath": "/data", "accessMode": "RW", "sharingPolicy": "Exclusive"}
        container["resources"]["volumes"] = [mount]
    return {
        "apiVersion": API,
        "kind": "ComponentSchematic",
        "metadata": {"name": name},
        "spec": {
            "workloadType": workload,
            "parameters": [
                {"name": "greeting", "type": "string", "default": "hello"},
                {"name": "password", "type": "string", "default": "none"},
            ],
            "containers": [container],
        },
    }


def binding(component_name: str, instance: str, *traits: Document, greeting: str = "hi") -> Document:
    """One instance of an application."""
    return {
        "componentName": component_name,
        "instanceName": instance,
        "parameterValues": [{"name": "greeting", "value": greeting}, {"name": "password", "value": SECRET}],
        "traits": list(traits),
    }


def application(name: str, *bindings: Document) -> Document:
    """An ApplicationConfiguration."""
    return {
        "apiVersion": API,
        "kind": "ApplicationConfiguration",
        "metadata": {"name": name},
        "spec": {"components": list(bindings)},
    }
