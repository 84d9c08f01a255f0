"""The ports of this machine: those of Services that clients outside of a cluster reach.

A Service is published if an Ingress or a route names it, or if its type is NodePort or LoadBalancer. The port of the
machine is that of the Service. Other Services are reached in the networks of their application only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import get_in, mappings_in
from rudr_py_podman.workloads import Workload

Document = Mapping[str, Any]

ROUTES = ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute")


class Published(msgspec.Struct, frozen=True):
    """A port of the machine, the pod and the port of its container, and the object that publishes it."""

    host_port: int
    workload: str
    container_port: int
    document: Document


def published(objects: Sequence[Document], workloads: Sequence[Workload]) -> Iterator[Published]:
    """The published ports, in the order of the objects."""
    services = {str(each["metadata"]["name"]): each for each in objects if each["kind"] == "Service"}
    for document in objects:
        for name, number in _backends(document):
            service = services.get(name)
            for port in mappings_in(service, "spec", "ports") if service else ():
                if number not in (None, port.get("port"), port.get("name")):
                    continue
                for workload in selected(service, workloads):
                    target = workload.container_port(port.get("targetPort", port["port"]))
                    yield Published(int(port["port"]), workload.name, target, document)


def selected(service: Document | None, workloads: Sequence[Workload]) -> list[Workload]:
    """The workloads whose pods a Service selects."""
    selector = get_in(service, "spec", "selector", default={})
    return [each for each in workloads if selector and selector.items() <= each.labels.items()]


def _backends(document: Document) -> Iterator[tuple[str, int | str | None]]:
    """The Services that an object publishes, each with the number or the name of a port; None for all ports."""
    kind = document["kind"]
    if kind == "Service" and get_in(document, "spec", "type", default="") in ("LoadBalancer", "NodePort"):
        yield document["metadata"]["name"], None
    elif kind == "Ingress":
        backends = [get_in(document, "spec", "defaultBackend", default={})]
        for rule in mappings_in(document, "spec", "rules"):
            backends += [get_in(path, "backend", default={}) for path in mappings_in(rule, "http", "paths")]
        for service in (get_in(backend, "service", default={}) for backend in backends):
            if service:
                port = get_in(service, "port", default={})
                yield str(service.get("name")), port.get("number") or port.get("name")
    elif kind in ROUTES:
        for rule in mappings_in(document, "spec", "rules"):
            for backend in mappings_in(rule, "backendRefs"):
                if backend.get("kind", "Service") == "Service":
                    yield str(backend.get("name")), backend.get("port")
