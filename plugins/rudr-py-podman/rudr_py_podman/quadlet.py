"""Objects of Kubernetes as files of Quadlet: `.kube` units with the YAML that `podman kube play` takes, and networks.

Equal objects give equal bytes. Each object becomes part of a file, or a finding states why it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import yaml

from rudr_py.api import get_in, mappings_in
from rudr_py_podman import ignored_fields, networks, published_ports, units, workloads
from rudr_py_podman.published_ports import Published
from rudr_py_podman.units import Placement
from rudr_py_podman.workloads import Workload

Document = Mapping[str, Any]

INSTANCE = "oam.dev/instance-name"
"""The label of objects and pods with the name of their instance."""

DEPENDS_ON = "rudr.oam.dev/depends-on"
"""The annotation of a ComponentInstance with the names of instances that it follows."""

WITHOUT_EFFECT = {
    "ComponentInstance": "",
    "ControllerRevision": "",
    "HorizontalPodAutoscaler": "podman has no autoscaler; one pod runs",
    "NetworkPolicy": "",
    "PodDisruptionBudget": "there is one machine, so it has no effect",
    "PodMonitor": "Prometheus is not configured",
    "PrometheusRule": "Prometheus is not configured",
    "ScaledObject": "podman has no autoscaler; one pod runs",
    "ServiceAccount": "there is no Kubernetes API, so it has no effect",
    "ServiceMonitor": "Prometheus is not configured",
    "TriggerAuthentication": "podman has no autoscaler, so it has no effect",
}
"""The kinds that have no file, with the warning; without one where the files have the same effect."""

IN_FILES = frozenset({"ConfigMap", "PersistentVolumeClaim", "Service", "Secret", *workloads.TEMPLATES})
ROUTED = frozenset({"Ingress", *published_ports.ROUTES})


def is_supported(kind: str) -> bool:
    """Whether an object of the kind is part of a file, or has no effect on one machine."""
    return kind in IN_FILES or kind in ROUTED or kind in WITHOUT_EFFECT


class Finding(msgspec.Struct, frozen=True):
    """Something that podman cannot do, and the object that requires it."""

    severity: Literal["error", "warning"]
    document: Document
    message: str


class Exported(msgspec.Struct, frozen=True):
    """The files by name, and the findings. With an error the files are incomplete."""

    files: Mapping[str, str]
    findings: tuple[Finding, ...]


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """The objects of an application in the order in which they are applied."""

    name: str
    objects: tuple[Document, ...]

    def workloads(self) -> list[Workload]:
        """The workloads among the objects."""
        return [each for each in map(workloads.of, self.objects) if each is not None]

    def of_kind(self, kind: str) -> dict[str, Document]:
        """The objects of a kind by their names."""
        return {str(each["metadata"]["name"]): each for each in self.objects if each["kind"] == kind}

    def after(self, workload: Workload) -> list[str]:
        """The workloads that must be complete or started before a workload starts."""
        names = {instance: each.name for each in self.workloads() if (instance := each.labels.get(INSTANCE))}
        for owner in self.of_kind("ComponentInstance").values():
            if get_in(owner, "metadata", "labels", INSTANCE, default="") == workload.labels.get(INSTANCE):
                listed = get_in(owner, "metadata", "annotations", DEPENDS_ON, default="")
                return [names[name] for name in listed.split(",") if name in names]
        return []

    def aliases(self, workload: Workload, all_workloads: Sequence[Workload]) -> list[str]:
        """The names of Services, other than that of the workload itself, at which other pods reach it."""
        services = self.of_kind("Service")
        return [
            name
            for name, service in services.items()
            if name != workload.name and workload in published_ports.selected(service, all_workloads)
        ]


def export(application: Application) -> Exported:
    """The files of an application, to be copied into /etc/containers/systemd or ~/.config/containers/systemd."""
    runnable = application.workloads()
    ports = list(published_ports.published(application.objects, runnable))
    files: dict[str, str] = {}
    findings = [*_of_objects(application), *_of_ports(ports), *_of_services(application, runnable)]
    scopes = networks.scopes(application.objects)
    for workload in runnable:
        findings += _of_workload(application, workload)
        content = _yaml(application, workload, ports)
        aliases = application.aliases(workload, runnable)
        placement = Placement(
            application=application.name,
            networks=dict.fromkeys(networks.of(workload, scopes, application.name), aliases),
            after=application.after(workload),
        )
        for name in placement.networks:
            files[f"{name}.network"] = units.network(application.name, name)
        files[f"{workload.name}.yaml"] = content
        files[f"{workload.name}.kube"] = units.kube(workload, content, placement)
        if workload.kind == "CronJob":
            try:
                files[f"timers/{workload.name}.timer"] = units.timer(workload, application.name)
            except ValueError as error:
                findings.append(Finding("error", workload.document, str(error)))
    return Exported(dict(sorted(files.items())), tuple(findings))


def _yaml(application: Application, workload: Workload, ports: Sequence[Published]) -> str:
    """The YAML of a pod: first the ConfigMaps and claims that it uses."""
    documents = [
        _portable(document)
        for kind in ("ConfigMap", "PersistentVolumeClaim")
        for name, document in application.of_kind(kind).items()
        if name in workload.references(kind)
    ]
    own = {port.container_port: port.host_port for port in ports if port.workload == workload.name}
    documents.append(workload.pod(own))
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=120)


def _portable(document: Document) -> dict[str, Any]:
    """An object without the namespace, which podman does not have."""
    metadata = {key: value for key, value in document["metadata"].items() if key != "namespace"}
    return {"apiVersion": document["apiVersion"], "kind": document["kind"], "metadata": metadata} | {
        key: value for key, value in document.items() if key not in ("apiVersion", "kind", "metadata")
    }


def _of_objects(application: Application) -> Iterator[Finding]:
    """The findings about objects that run no pods."""
    for document in application.objects:
        kind = document["kind"]
        if kind == "NetworkPolicy" and "Egress" in get_in(document, "spec", "policyTypes", default=[]):
            yield Finding("warning", document, "pods can connect to addresses outside of their networks")
        elif kind in ROUTED:
            yield Finding("warning", document, "hosts and paths are not routed; the port of the Service is published")
        elif message := WITHOUT_EFFECT.get(kind):
            yield Finding("warning", document, message)
        elif not is_supported(kind):
            yield Finding("error", document, f"podman has no {kind}; remove the trait or the scope that adds it")


def _of_ports(ports: Sequence[Published]) -> Iterator[Finding]:
    """An error for each port of the machine that two pods would have."""
    owners: dict[int, str] = {}
    for port in ports:
        owner = owners.setdefault(port.host_port, port.workload)
        if owner != port.workload:
            message = f'port {port.host_port} of the machine is published for "{owner}" and "{port.workload}"'
            yield Finding("error", port.document, f"{message}; use another port in one of the Services")


def _of_services(application: Application, runnable: Sequence[Workload]) -> Iterator[Finding]:
    """A warning for each port of a Service that other pods reach by another number."""
    for service in application.of_kind("Service").values():
        for workload in published_ports.selected(service, runnable):
            for port in mappings_in(service, "spec", "ports"):
                target = workload.container_port(port.get("targetPort", port["port"]))
                if target != port["port"]:
                    yield Finding(
                        "warning", service, f"pods reach port {target} of {workload.name}, not port {port['port']}"
                    )


def _of_workload(application: Application, workload: Workload) -> Iterator[Finding]:
    """The findings about a workload and its pods."""
    document = workload.document
    replicas = get_in(document, "spec", "replicas", default=1)
    if replicas != 1:
        yield Finding("warning", document, f"one pod runs instead of {replicas}")
    if get_in(workload.job, "completions", default=1) > 1 or get_in(workload.job, "parallelism", default=1) > 1:
        yield Finding("warning", document, "one pod runs to its end")
    if get_in(document, "spec", "concurrencyPolicy", default="Forbid") not in ("Allow", "Forbid"):
        yield Finding("warning", document, "a run is not replaced: the next one starts after it has ended")
    for message in ignored_fields.warnings(workload.spec):
        yield Finding("warning", document, message)
    for message in ignored_fields.errors(workload.spec):
        yield Finding("error", document, message)
    for name in sorted(workload.references("Secret")):
        yield Finding(
            "warning",
            document,
            f'podman must have the Secret "{name}": podman secret create {name} FILE, with the Secret as JSON',
        )
    for name in sorted(workload.references("ConfigMap") - set(application.of_kind("ConfigMap"))):
        yield Finding("error", document, f'the ConfigMap "{name}" is not part of the application')
