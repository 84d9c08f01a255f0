"""Fields of a container or a volume that exclude each other, which the schema allows and the server refuses.

Traits set such fields independently of each other and of the component.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rudr_py.model import quantity
from rudr_py.render.limits.violation import Violation, entries, mapping, text

_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS: Final = ("exec", "grpc", "httpGet", "sleep", "tcpSocket")


def container(body: Mapping[str, Any], place: str) -> Iterator[Violation]:
    """The violations of a container that has both of two fields."""
    yield from _resources(body, place)
    yield from _port_names(body, place)
    for field, entry in entries(body, "env", place):
        if entry.get("value") and entry.get("valueFrom"):
            yield Violation(f"{field}.valueFrom", "excludes value", related=(f"{field}.value",))
    for name, handler in _handlers(body):
        yield from _single(handler, f"{place}.{name}", _HANDLERS, "one handler")
    security = mapping(body, "securityContext")
    if security.get("privileged") is True and security.get("allowPrivilegeEscalation") is False:
        field = f"{place}.securityContext"
        message = "cannot be false for a container that is privileged"
        yield Violation(f"{field}.allowPrivilegeEscalation", message, related=(f"{field}.privileged",))


def init_container(body: Mapping[str, Any], place: str) -> Iterator[Violation]:
    """The violations of an init container: one that ends has no probes and no lifecycle."""
    if body.get("restartPolicy") != "Always":
        for name in (*_PROBES, "lifecycle"):
            if body.get(name):
                yield Violation(f"{place}.{name}", "is not possible for an init container that ends")


def volume(body: Mapping[str, Any], place: str) -> Iterator[Violation]:
    """The violations of a volume with two sources, and of files outside of the volume."""
    sources = [key for key in body if key != "name"]
    yield from _single(body, place, sources, "one source")
    for source in ("configMap", "secret"):
        for field, item in entries(mapping(body, source), "items", f"{place}.{source}"):
            yield from relative(item, "path", field)


def relative(body: Mapping[str, Any], key: str, place: str) -> Iterator[Violation]:
    """The violation of a path that is absolute or leads out of its volume."""
    path = text(body, key)
    if path.startswith("/") or ".." in path.split("/"):
        yield Violation(f"{place}.{key}", "must be a relative path without ..", path)


def pause(body: Mapping[str, Any], place: str, grace_period: Any) -> Iterator[Violation]:
    """The violation of a handler that sleeps for longer than a pod has to end."""
    for name in ("postStart", "preStop") if "lifecycle" in body else ():
        seconds = mapping(body, "lifecycle", name, "sleep").get("seconds")
        if isinstance(seconds, int) and isinstance(grace_period, int) and seconds > grace_period:
            field = f"{place}.lifecycle.{name}.sleep.seconds"
            yield Violation(field, f"{seconds} is above the grace period of the pod, {grace_period} seconds")


def _port_names(body: Mapping[str, Any], place: str) -> Iterator[Violation]:
    """Ports of probes and handlers by a name that no port of the container has."""
    names = [text(port, "name") for _, port in entries(body, "ports", place)]
    for name, handler in _handlers(body):
        for action in ("httpGet", "tcpSocket"):
            port = text(mapping(handler, action), "port")
            if port and port not in names:
                listed = ", ".join(filter(None, names)) or "no port with a name"
                yield Violation(
                    f"{place}.{name}.{action}.port", f"is not a port of the container; it has {listed}", port
                )


def _handlers(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The probes and the handlers of the lifecycle that a container has, each with its path."""
    for name in _PROBES:
        if name in body:
            yield name, mapping(body, name)
    for name in ("postStart", "preStop") if "lifecycle" in body else ():
        yield f"lifecycle.{name}", mapping(body, "lifecycle", name)


def _single(body: Mapping[str, Any], place: str, fields: Any, words: str) -> Iterator[Violation]:
    present = [field for field in fields if body.get(field) is not None]
    if len(present) > 1:
        related = tuple(f"{place}.{field}" for field in present)
        yield Violation(place, f"has {' and '.join(present)}; it has {words} only", related=related)


def _resources(body: Mapping[str, Any], place: str) -> Iterator[Violation]:
    requests, limits = mapping(body, "resources", "requests"), mapping(body, "resources", "limits")
    for name, requested in requests.items():
        field, limit_field = f"{place}.resources.requests.{name}", f"{place}.resources.limits.{name}"
        limit, amount = quantity.amount(limits.get(name)), quantity.amount(requested)
        if amount is None:
            continue
        if limit is not None and (amount > limit or (amount != limit and not _overcommits(name))):
            relation = "is above" if amount > limit else "is not equal to"
            message = f"{requested} {relation} its limit, {limits[name]}"
            yield Violation(field, message, related=(limit_field,))
        elif name not in limits and not _overcommits(name):
            yield Violation(field, "has no limit, which this resource needs", related=(limit_field,))


def _overcommits(resource: str) -> bool:
    """Whether a request may be below its limit: for the resources of Kubernetes, except huge pages."""
    return ("/" not in resource or "kubernetes.io/" in resource) and not resource.startswith("hugepages-")
