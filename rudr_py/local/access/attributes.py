"""The attributes of a request that authorization decides on, read from its method, path and query. Pure.

The registry is not consulted, so a user without permission cannot find out which resources exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from rudr_py.errors import ForbiddenError
from rudr_py.local.access.user import User
from rudr_py.local.apimachinery import selectors

_VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_MANY = {"get": "list", "delete": "deletecollection"}
_CONNECTIONS = ("pods/attach", "pods/exec", "pods/portforward")
_NAMESPACE_PARTS = ("status", "finalize")


class Attributes(msgspec.Struct, frozen=True, kw_only=True):
    """The verb of a request and its resource, or, if `resource` is empty, its path."""

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        """The resource with its subresource, such as `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def of_request(user: User, method: str, path: str, query: Mapping[str, str]) -> Attributes:
    """Return the attributes of a request."""
    parts = [unquote(part) for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, rest = "", parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, rest = parts[1], parts[3:]
    else:
        return Attributes(user=user, verb=method.lower(), path=path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_PARTS:
            rest = rest[2:]
    resource, name, subresource = (*rest, "", "")[:3]
    verb = _VERBS.get(method, method.lower())
    if not name and verb in _MANY:
        verb = "watch" if verb == "get" and _is_watch(query) else _MANY[verb]
        name = _selected_name(query.get("fieldSelector", ""))
    elif verb == "get" and _is_watch(query):
        verb = "watch"
    return Attributes(
        user=user, verb=verb, group=group, resource=resource, subresource=subresource, namespace=namespace, name=name
    )


def _is_watch(query: Mapping[str, str]) -> bool:
    return query.get("watch", "false").lower() in ("", "1", "true", "t")


def _selected_name(text: str) -> str:
    """Return the name that a field selector requires, or an empty string."""
    if "metadata.name" not in text:
        return ""
    terms = [value for path, equal, value in selectors.fields(text) if path == "metadata.name" and equal]
    return terms[0] if len(terms) == 1 else ""


def connects(attributes: Attributes) -> bool:
    """Return whether a request opens a connection to a pod by GET, as a WebSocket does."""
    return attributes.verb == "get" and not attributes.group and attributes.full_resource in _CONNECTIONS


def connect_forbidden(attributes: Attributes) -> ForbiddenError:
    """403 of a connection by GET without the right to create it, with the message of the real server."""
    return ForbiddenError(
        f'{attributes.resource} "{attributes.name}" is forbidden: ',
        status=403,
        reason="Forbidden",
        details={"name": attributes.name, "group": attributes.group, "kind": attributes.resource},
    )


def forbidden(attributes: Attributes, reason: str) -> ForbiddenError:
    """403 of a request, with the message of the real server."""
    subject = f'User "{attributes.user.name}" cannot {attributes.verb}'
    suffix = f": {reason}" if reason else ""
    if not attributes.resource:
        message = f'forbidden: {subject} path "{attributes.path}"{suffix}'
        return ForbiddenError(message, status=403, reason="Forbidden", details={"empty": True})
    group_resource = f"{attributes.resource}.{attributes.group}" if attributes.group else attributes.resource
    target = f'{group_resource} "{attributes.name}"' if attributes.name else group_resource
    scope = f'in the namespace "{attributes.namespace}"' if attributes.namespace else "at the cluster scope"
    return ForbiddenError(
        f'{target} is forbidden: {subject} resource "{attributes.full_resource}" '
        f'in API group "{attributes.group}" {scope}{suffix}',
        status=403,
        reason="Forbidden",
        details={"name": attributes.name, "group": attributes.group, "kind": attributes.resource},
    )
