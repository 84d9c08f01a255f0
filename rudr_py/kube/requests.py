"""Requests to the Kubernetes API as plain values, and the functions that build them.

Nothing here sends or decodes. A value can be logged whole, because it never contains credentials.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import msgspec

JSON = "application/json"
APPLY_PATCH = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
METADATA_OF_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

_NOT_IN_YAML = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xef\xbf[\xbe\xbf]")
"""DEL and the C1 controls, the line and paragraph separators, the byte-order mark and the two non-characters; UTF-8."""

_SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:[a-z0-9-]{1,63}:[a-z0-9.-]{1,253}")
"""The user names that are accepted for the header of impersonation."""

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}

_USER_PREFIX = "system:serviceaccount:"

DEFAULT_TIMEOUT = 30.0
"""Seconds for a whole request without a timeout of its own; `settings.request_timeout` has the same default."""


class ServiceAccount(msgspec.Struct, frozen=True):
    """A service account by namespace and name."""

    namespace: str
    name: str

    @property
    def user(self) -> str:
        """The user name of its requests."""
        return f"{_USER_PREFIX}{self.namespace}:{self.name}"

    @classmethod
    def of_user(cls, user: str) -> ServiceAccount:
        """The account with a user name of this form."""
        return cls(*user.removeprefix(_USER_PREFIX).split(":", 1))

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request below the server's URL.

    `timeout` is in seconds: for `Transport.send` the whole request, for `Transport.stream` the longest silence;
    0 leaves it to the client. `max_bytes` is the longest body that `Transport.send` reads, 0 for any. `user` is the
    service account to act as, empty for the account of the credentials; see `impersonate`.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = JSON
    accept: str = JSON
    timeout: float = 0.0
    max_bytes: int = 0
    user: str = ""


_PLAIN_PATH = re.compile(r"[A-Za-z0-9._/-]*")
"""Text that needs no quotation in a path."""


class Resource(msgspec.Struct, frozen=True):
    """A kind as the API server serves it; `group` is empty for the core group."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """The URL path of an object, or of the collection without `name`.

        An empty `namespace` of a namespaced kind means all namespaces; that of a cluster-scoped kind is ignored.
        """
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        path = "/".join(parts)
        is_plain = _PLAIN_PATH.fullmatch(path) and path.count("/") == len(parts) - 1
        return "/" + (path if is_plain else "/".join(quote(part, safe="") for part in parts))

    def object(self, namespace: str, name: str, subresource: str = "") -> Target:
        """The address of one object of this kind, or of one of its subresources."""
        return Target(self, namespace, name, subresource)


class Target(msgspec.Struct, frozen=True):
    """The address of one object. `name` is empty only for `create`; `subresource` is `status`, `scale` or nothing."""

    resource: Resource
    namespace: str
    name: str
    subresource: str = ""

    @property
    def path(self) -> str:
        """The URL path of the object."""
        return self.resource.path(self.namespace, self.name, self.subresource)


class Selection(msgspec.Struct, frozen=True):
    """The objects of one kind in a namespace (empty: in all), narrowed by label and field selectors.

    `parts` are the fields (`status`, `spec.volumes` …) that a watch keeps of each object beside its metadata, to save
    memory; empty keeps all. `owners` are kinds: of a large object without such an owner that rudr has not written, a
    watch keeps only the metadata. They are not sent to the server.
    """

    resource: Resource
    namespace: str = ""
    labels: str = ""
    fields: str = ""
    parts: tuple[str, ...] = ()
    metadata_only: bool = False
    owners: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        """The URL path of the collection."""
        return self.resource.path(self.namespace)


def get(target: Target, *, metadata_only: bool = False, timeout: float = 0.0) -> Request:
    """Read one object, by a quorum read. `metadata_only` omits everything except `metadata`."""
    accept = METADATA_ONLY if metadata_only else JSON
    return Request("GET", target.path, accept=accept, timeout=timeout)


def list_page(
    selection: Selection, *, limit: int = 0, continue_token: str = "", timeout: float = 0.0, max_bytes: int = 0
) -> Request:
    """Read one page of a consistent list (without resourceVersion). `limit` 0 requests all objects at once."""
    query = _selectors(selection)
    if limit:
        query.append(("limit", str(limit)))
    if continue_token:
        query.append(("continue", continue_token))
    accept = METADATA_OF_LIST if selection.metadata_only else JSON
    return Request("GET", selection.path, tuple(query), accept=accept, timeout=timeout, max_bytes=max_bytes)


def watch(
    selection: Selection, *, resource_version: str, timeout_seconds: int, silence: float, initial: bool = False
) -> Request:
    """Watch from `resource_version` on; with `initial` the server sends the current state first (KEP-3157).

    The server ends the watch after `timeout_seconds`; `silence` is the longest time without a byte.
    """
    query = [*_selectors(selection), ("watch", "true"), ("allowWatchBookmarks", "true")]
    query.append(("timeoutSeconds", str(timeout_seconds)))
    if initial:
        query += [("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]
    if resource_version:
        query.append(("resourceVersion", resource_version))
    accept = METADATA_ONLY if selection.metadata_only else JSON
    return Request("GET", selection.path, tuple(query), accept=accept, timeout=silence)


def apply(target: Target, body: bytes, manager: str, *, force: bool = True, dry_run: bool = False) -> Request:
    """Server-side apply. `body` is JSON with apiVersion, kind and metadata.name; the server reads it as YAML."""
    query = [("fieldManager", manager), *_dry_run(dry_run)]
    if force:
        query.append(("force", "true"))
    return Request("PATCH", target.path, tuple(query), _for_yaml(body), APPLY_PATCH)


def merge_patch(target: Target, body: bytes, manager: str, *, dry_run: bool = False) -> Request:
    """JSON merge patch (RFC 7386)."""
    query = (("fieldManager", manager), *_dry_run(dry_run))
    return Request("PATCH", target.path, query, body, MERGE_PATCH)


def json_patch(target: Target, body: bytes, manager: str, *, dry_run: bool = False) -> Request:
    """JSON patch (RFC 6902); it should begin with a `test` of `/metadata/resourceVersion`."""
    query = (("fieldManager", manager), *_dry_run(dry_run))
    return Request("PATCH", target.path, query, body, JSON_PATCH)


def create(target: Target, body: bytes, manager: str, *, dry_run: bool = False) -> Request:
    """POST to the collection of `target`; its name is taken from `body`."""
    query = (("fieldManager", manager), *_dry_run(dry_run))
    return Request("POST", target.resource.path(target.namespace), query, body)


def update(target: Target, body: bytes, manager: str, *, timeout: float = 0.0, dry_run: bool = False) -> Request:
    """PUT the whole object; with `metadata.resourceVersion` in `body` only if it has not changed since."""
    query = (("fieldManager", manager), *_dry_run(dry_run))
    return Request("PUT", target.path, query, body, timeout=timeout)


def delete(
    target: Target,
    *,
    uid: str = "",
    resource_version: str = "",
    propagation: str = "Background",
    dry_run: bool = False,
) -> Request:
    """Delete one object; `uid` and `resource_version` are preconditions (409 when they do not hold)."""
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation,
    }
    preconditions = {"uid": uid, "resourceVersion": resource_version}
    if preconditions := {key: value for key, value in preconditions.items() if value}:
        options["preconditions"] = preconditions
    if dry_run:
        options["dryRun"] = ["All"]
    return Request("DELETE", target.path, body=msgspec.json.encode(options))


def _selectors(selection: Selection) -> list[tuple[str, str]]:
    query = [("labelSelector", selection.labels), ("fieldSelector", selection.fields)]
    return [(key, value) for key, value in query if value]


def write(request: Request) -> tuple[str, str] | None:
    """Verb and resource of a request that writes, as in RBAC: `patch` and `deployments/status`, for instance.

    Server-side apply is `apply`. None for a read, and for a dry run.
    """
    verb = "apply" if request.content_type == APPLY_PATCH else _VERBS.get(request.method)
    if verb is None or ("dryRun", "All") in request.query:
        return None
    return verb, "/".join(_parts(request)[1][::2])


def resource(request: Request) -> tuple[str, str]:
    """Group and plural of the resource of a request, without its subresource."""
    group, parts = _parts(request)
    return group, parts[0] if parts else ""


def namespace(request: Request) -> str:
    """The namespace of the object of a request; empty for a cluster-scoped one, such as a Namespace."""
    parts = request.path.split("/")[3 if request.path.startswith("/api/") else 4 :]
    return parts[1] if len(parts) > 2 and parts[0] == "namespaces" else ""


def impersonate(request: Request, user: str) -> Request:
    """The request in the name of a service account, which the server authorizes instead of the sender.

    The server adds the groups of service accounts, and constrained impersonation (KEP-5284) permits no further header.
    Raises ValueError for a user that is not the name of a service account, before it reaches a header.
    """
    if not _SERVICE_ACCOUNT.fullmatch(user):
        raise ValueError(f"not a service account: {user!r}")
    return msgspec.structs.replace(request, user=user)


def _parts(request: Request) -> tuple[str, list[str]]:
    """The group of a path, and its parts from the resource on."""
    first, *parts = request.path.strip("/").split("/")
    group, parts = ("", parts[1:]) if first == "api" else ("".join(parts[:1]), parts[2:])
    if len(parts) > 2 and parts[0] == "namespaces":
        parts = parts[2:]
    return group, parts


def _dry_run(dry_run: bool) -> list[tuple[str, str]]:
    return [("dryRun", "All")] if dry_run else []


def _for_yaml(body: bytes) -> bytes:
    """JSON that means the same in YAML: characters that YAML forbids or reads as line ends are escaped."""
    return _NOT_IN_YAML.sub(lambda match: b"\\u%04x" % ord(match[0].decode()), body)
