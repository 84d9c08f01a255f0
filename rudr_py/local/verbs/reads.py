"""Get and list: selection, resourceVersion semantics, and pages of one consistent revision."""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.errors import ApiError, Cause
from rudr_py.local.apimachinery import api_errors, conversion, decimals, go_json, selectors
from rudr_py.local.apimachinery.selectors import Predicate
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema import causes, go_decoding
from rudr_py.local.storage.store import CompactedError, Object, ObjectList

_CORE_EVENT_FIELDS = ("involvedObject", "reason", "reportingComponent", "source", "type")
_MATCH = "resourceVersionMatch"
_VERSION = "meta.k8s.io/v1"
_TRUE = ("", "1", "true", "t")
_COMMON_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
_SELECTABLE: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "jobs.batch": ("status.successful",),
    "replicasets.apps": ("status.replicas",),
    "replicationcontrollers": ("status.replicas",),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
}


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a list request."""

    namespace: str = ""
    labels: str = ""
    fields: str = ""
    limit: int = 0
    token: str = ""
    resource_version: str = ""
    match: str = ""


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of objects at `revision`. `token` continues the list; `remaining` counts the further objects, if known."""

    objects: ObjectList
    revision: int
    token: str = ""
    remaining: int = 0


def parse(namespace: str, name: str, query: Mapping[str, str]) -> ListQuery:
    """Parse the query of a list; `name` selects one object. Raises `ApiError` (400)."""
    problems = tuple(_option_causes(query))
    if problems:
        raise api_errors.invalid_options("ListOptions", problems)
    fields = query.get("fieldSelector", "")
    if name:
        fields = ",".join(filter(None, (fields, f"metadata.name={name}")))
    limit = _integer(query.get("limit") or "0")
    _integer(query.get("timeoutSeconds") or "0")
    return ListQuery(
        namespace=namespace,
        labels=query.get("labelSelector", ""),
        fields=fields,
        limit=max(limit, 0),
        token=query.get("continue", ""),
        resource_version=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
    )


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise api_errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _option_causes(query: Mapping[str, str]) -> Iterator[Cause]:
    """Yield the errors of resourceVersionMatch and sendInitialEvents, which depend on the other parameters."""
    match, has_initial_events = query.get("resourceVersionMatch", ""), "sendInitialEvents" in query
    if query.get("watch", "false").lower() in _TRUE:
        if has_initial_events and match != "NotOlderThan":
            detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            yield causes.forbidden(_MATCH, detail)
        elif match and not has_initial_events:
            yield causes.forbidden(_MATCH, f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided")
        if match not in ("", "NotOlderThan"):
            yield causes.not_supported(_MATCH, match, ("NotOlderThan",))
        if query.get("continue"):
            yield causes.forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")
        return
    if has_initial_events:
        yield causes.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if match:
        version = query.get("resourceVersion", "")
        if not version:
            yield causes.forbidden(_MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided")
        if query.get("continue"):
            yield causes.forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")
        if match not in ("Exact", "NotOlderThan"):
            yield causes.not_supported(_MATCH, match, ("Exact", "NotOlderThan", ""))
        elif match == "Exact" and version == "0":
            yield causes.forbidden(_MATCH, f'{_MATCH} "exact" is forbidden for resourceVersion "0"')


def selection(resource: Resource, query: ListQuery) -> Predicate | None:
    """Return the predicate of a list or watch, for objects in the version of the resource. Raises `ApiError` (400)."""
    terms = selectors.fields(query.fields)
    allowed = {*_COMMON_FIELDS, *_SELECTABLE.get(resource.table, ()), *resource.selectable}
    for path, _, _ in terms:
        if path not in allowed and not _is_event_field(resource, path):
            raise api_errors.bad_request(_unsupported_field(resource, path))
    return selectors.predicate(query.labels, terms)


def _unsupported_field(resource: Resource, path: str) -> str:
    """The message for an unsupported field; kinds with selectable fields have another one."""
    if resource.table == "jobs.batch":
        return f'field label "{path}" not supported for Job'
    if resource.table == "events" or resource.table in _SELECTABLE or resource.selectable:
        return f"field label not supported: {path}"
    return f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _is_event_field(resource: Resource, path: str) -> bool:
    return resource.table == "events" and path.partition(".")[0] in (
        *_CORE_EVENT_FIELDS,
        "regarding",
        "reportingController",
    )


def revision_of(text: str) -> int:
    """Parse a resourceVersion; empty is 0. Raises `ApiError` (500, as a real server does except in lists)."""
    revision = decimals.number(text or "0")
    if revision is None:
        problem = "value out of range" if text.isascii() and text.isdecimal() else "invalid syntax"
        reason = f'strconv.ParseUint: parsing "{text}": {problem}'
        raise ApiError(f'resourceVersion: Invalid value: "{text}": {reason}', status=500)
    return revision


def check_not_older(backend: Backend, text: str) -> None:
    """Raise `ApiError` (500, 504) for a resourceVersion of a read that is no number, or does not exist yet."""
    revision, current = revision_of(text), backend.store.revision
    if revision > current:
        raise api_errors.too_large_version(revision, current)


def list_page(backend: Backend, resource: Resource, query: ListQuery) -> ListPage:
    """Return one page of a list. Raises `ApiError` (400, 410, 504)."""
    selects = selection(resource, query)
    revision, start = _list_position(backend, query)
    objects = _objects(backend, resource, query, revision)
    if start:
        objects = [obj for obj in objects if _key(obj) > start]
    converted = conversion.convert_all(objects, resource)
    if not query.limit:
        chosen = [obj for obj in converted if selects(obj)] if selects else converted
        return ListPage(objects=chosen, revision=revision or backend.store.revision)
    return _page(converted, selects, query.limit, revision or backend.store.revision)


def _page(objects: ObjectList, selects: Predicate | None, limit: int, revision: int) -> ListPage:
    chosen: ObjectList = []
    for index, obj in enumerate(objects):
        if selects is not None and not selects(obj):
            continue
        chosen.append(obj)
        rest = objects[index + 1 :] if len(chosen) == limit else None
        if rest is None:
            continue
        more = rest if selects is None else [each for each in rest if selects(each)]
        if not more:
            break
        remaining = len(more) if selects is None else 0
        return ListPage(objects=chosen, revision=revision, token=_token(revision, _key(obj)), remaining=remaining)
    return ListPage(objects=chosen, revision=revision)


def _list_position(backend: Backend, query: ListQuery) -> tuple[int, tuple[str, str] | None]:
    """Return the revision to list at (0: the current one) and the key after which to start."""
    if query.token:
        position = _read_token(query.token)
        if query.resource_version not in ("", "0"):
            raise api_errors.bad_request("specifying resource version is not allowed when using continue")
        return position
    try:
        requested = revision_of(query.resource_version)
    except ApiError as error:
        raise api_errors.bad_request(f"invalid resource version: {error.message}") from None
    check_not_older(backend, query.resource_version)
    exact = query.match == "Exact" or (not query.match and query.limit and requested)
    return (requested if exact else 0), None


def _objects(backend: Backend, resource: Resource, query: ListQuery, revision: int) -> ObjectList:
    if not revision or revision == backend.store.revision:
        return backend.store.list(resource.table, query.namespace)
    try:
        return backend.store.list_at(resource.table, query.namespace, revision)
    except CompactedError:
        if query.token:
            start = _read_token(query.token)[1]
            raise api_errors.continue_expired(_token(backend.store.revision, start or ("", ""))) from None
        raise api_errors.watch_expired() from None


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _token(revision: int, last: tuple[str, str]) -> str:
    value = _Token(v=_VERSION, rv=revision, start="/".join(filter(None, last)) + "\0")
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        content = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise _bad_token(f": illegal base64 data at input byte {_illegal_byte(token)}") from None
    try:
        decoded = msgspec.json.decode(content)
        value = msgspec.convert({} if decoded is None else decoded, _Token)
    except msgspec.ValidationError:
        raise _bad_token(f": json: cannot unmarshal {_mistyped(decoded)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _bad_token(f": {go_json.syntax_error(content)}") from None
    if value.v != _VERSION:
        raise _bad_token(f": server does not recognize this encoded version {value.v}")
    if not value.rv:
        raise _bad_token(f": incorrect encoded start resourceVersion (version {_VERSION})")
    if not value.start:
        raise _bad_token(f": encoded start key empty (version {_VERSION})")
    if posixpath.normpath("/" + value.start.removeprefix("/")) != "/" + value.start.removeprefix("/"):
        raise _bad_token(f": {value.start}")
    namespace, _, name = value.start.rstrip("\0").rpartition("/")
    return max(value.rv, 0), (namespace, name)


class _Token(msgspec.Struct, frozen=True):
    """The content of a token: its version, the revision of the list, and the key to continue from."""

    v: str = ""
    rv: int = 0
    start: str = ""


def _bad_token(detail: str) -> ApiError:
    return api_errors.bad_request(f"invalid continue token: continue key is not valid{detail}")


def _mistyped(decoded: Any) -> str:
    """The first value of a token that has another type, in the words of Go."""
    if not isinstance(decoded, dict):
        return f"{go_decoding.described(decoded)} into Go value of type storage.continueToken"
    for key, (expected, go_type) in {"v": (str, "string"), "rv": (int, "int64"), "start": (str, "string")}.items():
        if not isinstance(decoded.get(key, expected()), expected):
            return f"{go_decoding.described(decoded[key])} into Go struct field continueToken.{key} of type {go_type}"
    return ""


def _illegal_byte(token: str) -> int:
    """The index that Go reports: the first illegal character, or the end of an incomplete group of four."""
    legal = re.match(r"[A-Za-z0-9_-]*", token)
    length = legal.end() if legal else 0
    return length if length < len(token) else length // 4 * 4
