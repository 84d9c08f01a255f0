"""Routing: the verb, resource, namespace and name of a request, from its method, path and query. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from rudr_py.local.apimachinery.api_errors import NoSuchPathError, method_not_allowed, no_such_resource
from rudr_py.local.discovery import documents
from rudr_py.local.registry.resources import Registry, Resource

_NAMESPACE_PARTS = ("status", "finalize")
_ONE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_MANY = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The target of a request. `resource` is None for paths such as those of discovery and health."""

    verb: str
    path: str
    resource: Resource | None = None
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def is_true(text: str | None) -> bool:
    """Return whether a query parameter is set to a true value."""
    return text is not None and text.lower() in ("", "1", "true", "t")


def route(registry: Registry, method: str, path: str, query: Mapping[str, str]) -> Route:
    """Return the route of a request. Raises `NoSuchPathError`, or `ApiError` (404, 405)."""
    parts = [unquote(part) for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return Route(verb=method.lower(), path=path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_PARTS:
        namespace, rest = rest[1], rest[2:]
    resource = registry.by_path(group, version, rest[0])
    is_proxied = len(rest) > 2 and rest[2] == "proxy"
    if resource is None or (len(rest) > 3 and not is_proxied) or (bool(namespace) and not resource.namespaced):
        if not registry.serves(group, version):
            raise NoSuchPathError
        raise no_such_resource()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and not resource.has(subresource):
        raise no_such_resource()
    verb = (_ONE if name else _MANY).get("GET" if method == "HEAD" else method)
    if method == "POST" and subresource:
        verb = "create"
    if verb is None or (subresource and verb not in documents.part_verbs(subresource)):
        raise method_not_allowed()
    if verb in ("get", "list") and not is_proxied and "watch" in query and is_true(query["watch"]):
        verb = "watch"
    _check(resource, verb, namespace, name)
    return Route(verb=verb, path=path, resource=resource, namespace=namespace, name=name, subresource=subresource)


def _check(resource: Resource, verb: str, namespace: str, name: str) -> None:
    """Raise `ApiError` for a verb that the resource does not support, or a write without a namespace."""
    if verb not in resource.verbs:
        raise method_not_allowed()
    if resource.namespaced and not namespace and (name or verb in ("create", "deletecollection")):
        raise no_such_resource() if name else method_not_allowed()
