"""Services and Ingresses: their ports, hosts and paths."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rudr_py.render.limits import metadata, pod_template, syntax
from rudr_py.render.limits.violation import Violation, entries, mapping, text

_INVALID_PARTS: Final = ("//", "/./", "/../", "%2f", "%2F")
_INVALID_ENDS: Final = ("/..", "/.")


def service(spec: Mapping[str, Any]) -> Iterator[Violation]:
    """The violations of the spec of a Service."""
    yield from metadata.labels(mapping(spec, "selector"), "spec.selector")
    ports = [*entries(spec, "ports", "spec")]
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield Violation("spec.ports", "is empty; a Service needs a port")
    for field, port in ports:
        yield from pod_template.port_number(port.get("port"), f"{field}.port")
        yield from _target_port(port.get("targetPort"), f"{field}.targetPort")
        yield from pod_template.protocol(port, field)
        name = text(port, "name")
        if not name and len(ports) > 1:
            yield Violation(f"{field}.name", "is missing; each of several ports needs a name")
        if name and (wrong := syntax.label(name)):
            yield Violation(f"{field}.name", wrong, name)
    yield from pod_template.repeated([(f"{field}.name", text(port, "name")) for field, port in ports], "names of ports")
    numbers = [(field, (port.get("port"), port.get("protocol", "TCP"))) for field, port in ports]
    yield from pod_template.repeated(numbers, "ports of a Service")


def _target_port(target: Any, field: str) -> Iterator[Violation]:
    if isinstance(target, str):
        if target and (wrong := syntax.port_name(target)):
            yield Violation(field, wrong, target)
    else:
        yield from pod_template.port_number(target, field)


def ingress(spec: Mapping[str, Any]) -> Iterator[Violation]:
    """The violations of the spec of an Ingress."""
    yield from _backend(mapping(spec, "defaultBackend"), "spec.defaultBackend")
    for place, rule in entries(spec, "rules", "spec"):
        yield from _host(text(rule, "host"), f"{place}.host")
        for field, path in entries(mapping(rule, "http"), "paths", f"{place}.http"):
            yield from _path(path, f"{field}.path")
            yield from _backend(mapping(path, "backend"), f"{field}.backend")
    for place, tls in entries(spec, "tls", "spec"):
        hosts = tls.get("hosts")
        for index, host in enumerate(hosts if isinstance(hosts, list) else ()):
            yield from _host(str(host), f"{place}.hosts[{index}]")
        yield from _subdomain(text(tls, "secretName"), f"{place}.secretName")
    yield from _subdomain(text(spec, "ingressClassName"), "spec.ingressClassName")


def _host(host: str, field: str) -> Iterator[Violation]:
    if _is_address(host):
        yield Violation(field, "is an IP address; use a host name", host)
    else:
        yield from _subdomain(host.removeprefix("*."), field)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _subdomain(name: str, field: str) -> Iterator[Violation]:
    if name and (wrong := syntax.subdomain(name)):
        yield Violation(field, wrong, name)


def _path(path: dict[str, Any], field: str) -> Iterator[Violation]:
    value, kind = text(path, "path"), text(path, "pathType")
    if not value.startswith("/") and (value or kind in ("Prefix", "Exact")):
        yield Violation(field, "must start with /", value)
    if kind in ("Prefix", "Exact"):
        parts = [part for part in _INVALID_PARTS if part in value]
        parts += [end for end in _INVALID_ENDS if value.endswith(end)]
        for part in parts:
            yield Violation(field, f"must not contain {part}", value)


def _backend(backend: dict[str, Any], field: str) -> Iterator[Violation]:
    target = mapping(backend, "service")
    name, port = text(target, "name"), mapping(target, "port")
    if name and (wrong := syntax.service_name(name)):
        yield Violation(f"{field}.service.name", wrong, name)
    yield from pod_template.port_number(port.get("number") or None, f"{field}.service.port.number")
    if text(port, "name") and (wrong := syntax.port_name(text(port, "name"))):
        yield Violation(f"{field}.service.port.name", wrong, text(port, "name"))
