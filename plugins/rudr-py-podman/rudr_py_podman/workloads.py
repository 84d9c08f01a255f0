"""Workload objects of Kubernetes as pods of `podman kube play`, one pod for each workload.

A pod has the name of its workload, so that other pods of its network reach it by the name of its Service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

import msgspec

from rudr_py.api import get_in, mappings_in

Document = Mapping[str, Any]

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "Job": ("spec", "template"),
    "Pod": (),
    "StatefulSet": ("spec", "template"),
}
"""The kinds of workloads, with the path of the pod template."""


class Workload(msgspec.Struct, frozen=True):
    """A workload object and its pod template."""

    document: Document
    template: Document

    @property
    def kind(self) -> str:
        return str(self.document["kind"])

    @property
    def name(self) -> str:
        return str(self.document["metadata"]["name"])

    @property
    def spec(self) -> Document:
        """The spec of the pods."""
        return get_in(self.template, "spec", default={})

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the pods."""
        return get_in(self.template, "metadata", "labels", default={})

    @property
    def job(self) -> Document:
        """The spec of the Job, empty for a workload that does not run to its end."""
        path = {"Job": ("spec",), "CronJob": ("spec", "jobTemplate", "spec")}.get(self.kind)
        return get_in(self.document, *path, default={}) if path else {}

    @property
    def containers(self) -> list[Document]:
        """The containers without the init containers."""
        return mappings_in(self.spec, "containers")

    def container_port(self, target: object) -> int:
        """The number of a port that a Service names by its number or its name; 0 if no container has the name."""
        if isinstance(target, int):
            return target
        ports = (port for container in self.containers for port in mappings_in(container, "ports"))
        return next((int(port["containerPort"]) for port in ports if port.get("name") == target), 0)

    def pod(self, published: Mapping[int, int]) -> dict[str, Any]:
        """The pod; `published` has the port of this machine for each container port that other machines reach."""
        spec = dict(self.spec)
        spec["containers"] = [_container(container, published) for container in self.containers]
        numbers = {port["containerPort"] for each in spec["containers"] for port in each.get("ports", ())}
        if unnamed := [_port(number, host) for number, host in published.items() if number not in numbers]:
            first = spec["containers"][0]
            first["ports"] = [*first.get("ports", ()), *unnamed]
        if "initContainers" in spec:
            spec["initContainers"] = [_container(container, {}) for container in mappings_in(spec, "initContainers")]
        spec["restartPolicy"] = "Never" if self.kind in ("Job", "CronJob") else "Always"
        if volumes := [*mappings_in(spec, "volumes"), *self._claimed_volumes()]:
            spec["volumes"] = volumes
        metadata: dict[str, Any] = {"name": self.name, "labels": dict(self.labels)}
        if annotations := get_in(self.template, "metadata", "annotations", default={}):
            metadata["annotations"] = dict(annotations)
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    def _claimed_volumes(self) -> Iterator[dict[str, Any]]:
        """The volumes of claim templates, with the claims of the first pod of the StatefulSet."""
        for template in mappings_in(self.document, "spec", "volumeClaimTemplates"):
            name = template["metadata"]["name"]
            yield {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{self.name}-0"}}

    def references(self, kind: str) -> Set[str]:
        """The names of the ConfigMaps, Secrets or PersistentVolumeClaims that the containers use and need."""
        return frozenset(self._references(kind))

    def _references(self, kind: str) -> Iterator[str]:
        field, source, name = {
            "ConfigMap": ("configMapKeyRef", "configMap", "name"),
            "PersistentVolumeClaim": ("", "persistentVolumeClaim", "claimName"),
            "Secret": ("secretKeyRef", "secret", "secretName"),
        }[kind]
        for volume in mappings_in(self.spec, "volumes"):
            if used := get_in(volume, source, default={}):
                yield str(used.get(name))
        for container in [*self.containers, *mappings_in(self.spec, "initContainers")]:
            for variable in mappings_in(container, "env"):
                if used := get_in(variable, "valueFrom", field, default={}):
                    yield str(used.get("name"))
            for group in mappings_in(container, "envFrom"):
                if used := get_in(group, field.replace("Key", ""), default={}):
                    yield str(used.get("name"))


def _port(number: int, host: int) -> dict[str, int]:
    return {"containerPort": number, "hostPort": host}


def _container(container: Document, published: Mapping[int, int]) -> dict[str, Any]:
    """A container; podman 4 publishes each port that a container names, so only published ports are named."""
    copied = {key: value for key, value in container.items() if key != "ports"}
    ports = [
        {**port, "hostPort": published[port["containerPort"]]}
        for port in mappings_in(container, "ports")
        if port.get("containerPort") in published
    ]
    return {**copied, "ports": ports} if ports else copied


def of(document: Document) -> Workload | None:
    """The workload of an object; None if the object runs no pods."""
    path = TEMPLATES.get(str(document.get("kind")))
    if path is None:
        return None
    return Workload(document, get_in(document, *path, default={}) if path else document)
