"""One handler for each verb: from a routed request to an answer. `reads`, `writes` and `deletion` do the work.

An answer is a value; `server` encodes and sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from rudr_py.local.access.user import ADMIN, User
from rudr_py.local.apimachinery import api_errors, decimals
from rudr_py.local.backend import Backend
from rudr_py.local.http import bodies, write_options
from rudr_py.local.http.protobuf import envelope
from rudr_py.local.http.routing import Route, is_true
from rudr_py.local.http.watch_streams import Subscription
from rudr_py.local.merge import patch as patching
from rudr_py.local.registry.resources import KindInfo, ObjectTarget, Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import decoding, deletion, pod_logs, reads, reviews, subresources, views, writes
from rudr_py.local.verbs import scale as scaling
from rudr_py.local.verbs.deletion import DeleteOptions
from rudr_py.local.verbs.views import View
from rudr_py.local.verbs.writes import WriteOptions, WriteResult

_RETURNED_WHEN_DELETED = frozenset(
    {
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "resourcequotas",
        "serviceaccounts",
        "services",
        "resourceclaims.resource.k8s.io",
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "storageclasses.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
        "volumeattributesclasses.storage.k8s.io",
    }
)
"""Kinds whose deletion is answered with the object."""
_ORPHANED = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)


class ResourceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a resource whose body is not decoded yet."""

    route: Route
    resource: Resource
    query: Mapping[str, str]
    view: View = View()
    media: str = bodies.JSON
    user_agent: str = ""
    body: bytes = b""
    user: User = ADMIN
    release: str = ""
    """The release of Kubernetes whose messages protobuf has; it may be empty if there is no protobuf."""

    def content(self, kind: str = "") -> Any:
        """Decode the body, which is of this kind or of the resource. Raises `ApiError` (400, 415)."""
        if self.media == views.PROTOBUF:
            if self.resource.custom and not kind:
                raise api_errors.unsupported_media(f"{bodies.JSON}, {bodies.YAML}")
            expected = KindInfo(self.resource.api_version, kind or self.resource.kind)
            return envelope.decode(self.body, self.release, expected)
        custom = self.resource.custom and not kind
        return bodies.read(self.body, self.media, kind or self.resource.kind, custom=custom)

    @property
    def target(self) -> ObjectTarget:
        """The object of the path."""
        return ObjectTarget(self.resource, self.route.namespace, self.route.name)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a response: an object or plain text."""

    object: Any = None
    text: str = ""
    status: int = 200
    warnings: tuple[str, ...] = ()


def get(backend: Backend, request: ResourceRequest) -> Answer:
    """Return one object, its scale, or the log of a pod."""
    if request.route.subresource == "log":
        return _log(backend, request)
    if not request.route.subresource:
        reads.check_not_older(backend, request.query.get("resourceVersion", ""))
    obj = writes.live(backend, request.target)
    if request.route.subresource == "scale":
        return Answer(object=views.view_scale(request.view, scaling.to_scale(request.resource, obj), backend.clock()))
    return _object_answer(backend, request, obj)


def _log(backend: Backend, request: ResourceRequest) -> Answer:
    options = pod_logs.options(request.query, request.route.name, backend.clock())
    pod = writes.live(backend, request.target)
    lines = pod_logs.lines(pod, options, backend.pod_output)
    is_assigned = bool(lines or pod["spec"].get("nodeName"))
    return Answer(text=pod_logs.text(lines, options), status=200 if is_assigned else 204)


def list_(backend: Backend, request: ResourceRequest) -> Answer:
    """Return a page of objects."""
    query = reads.parse(request.route.namespace, request.route.name, request.query)
    page = reads.list_page(backend, request.resource, query)
    return Answer(
        object=views.view_list(request.view, request.resource, page, backend.clock()), warnings=_deprecation(request)
    )


def subscription(
    backend: Backend, request: ResourceRequest, *, bookmark_interval: float, default_timeout: float
) -> Subscription:
    """Return the subscription of a watch request. Raises `ApiError` (400)."""
    query = reads.parse(request.route.namespace, request.route.name, request.query)
    initial = is_true(request.query.get("sendInitialEvents")) if "sendInitialEvents" in request.query else False
    since = reads.revision_of(query.resource_version)
    seconds = decimals.number(request.query.get("timeoutSeconds", ""))
    return Subscription(
        resource=request.resource,
        namespace=request.route.namespace,
        selects=reads.selection(request.resource, query),
        view=request.view,
        since=0 if initial else min(since, backend.store.revision),
        initial=initial,
        bookmarks=is_true(request.query["allowWatchBookmarks"]) if "allowWatchBookmarks" in request.query else False,
        bookmark_interval=bookmark_interval,
        timeout=float(seconds) if seconds else default_timeout,
        release=request.release,
    )


def create(backend: Backend, request: ResourceRequest) -> Answer:
    """Create an object, or answer a review."""
    write_options.check("CreateOptions", request.query, request.media)
    body = request.content()
    _check_kind(backend, request, body)
    if request.resource.verbs == ("create",):
        return Answer(
            object=reviews.answer(backend, request.resource, request.route.namespace, body, request.user), status=201
        )
    if request.route.subresource:
        created = subresources.create(backend, request.target, request.route.subresource, body, request.query)
        return Answer(object=created, status=201)
    return _write_answer(backend, request, writes.create(backend, request.target, body, _options(request, body)))


def update(backend: Backend, request: ResourceRequest) -> Answer:
    """Replace an object or a subresource of it."""
    write_options.check("UpdateOptions", request.query, request.media)
    body = request.content()
    _check_kind(backend, request, body)
    return _write_answer(backend, request, writes.update(backend, request.target, body, _options(request, body)))


def _check_kind(backend: Backend, request: ResourceRequest, body: Any) -> None:
    """Raise `ApiError` (400) for a body of a kind that cannot be converted to a built-in one."""
    resource = request.resource
    api_version, kind = body.get("apiVersion") or resource.api_version, body.get("kind") or resource.kind
    is_own = resource.custom or request.route.subresource or kind == resource.kind
    if (is_own and (api_version == resource.api_version or "beta" in api_version)) or resource.custom:
        return
    if request.route.subresource or backend.registry.by_kind(KindInfo(api_version, kind)) is not None:
        return
    raise api_errors.unregistered(resource, api_version, kind)


def patch(backend: Backend, request: ResourceRequest) -> Answer:
    """Patch an object or a subresource of it, with one of four patch types."""
    resource = request.resource
    bodies.check_patch_media(request.media, resource)
    write_options.check("PatchOptions", request.query, request.media)
    body = bodies.read_patch(request.body, request.media, resource)
    options = _options(request, body)
    if request.media == bodies.APPLY_PATCH:
        return _write_answer(backend, request, writes.apply(backend, request.target, body, options))
    if request.media == bodies.STRATEGIC_PATCH:
        options = msgspec.structs.replace(options, strategic=body)
    return _write_answer(backend, request, writes.patch(backend, request.target, _change(request, body), options))


def _change(request: ResourceRequest, body: Any) -> Callable[[Object], Object]:
    if request.media == bodies.JSON_PATCH:
        return lambda live: patching.json_patch(live, body)
    if request.media == bodies.STRATEGIC_PATCH:
        node = None if request.route.subresource == "scale" else request.resource.node
        if node is not None:
            return lambda live: patching.strategic_patch(live, body, node)
    return lambda live: patching.merge_patch(live, body)


def delete(backend: Backend, request: ResourceRequest) -> Answer:
    """Delete one object."""
    options = _delete_options(request)
    obj, removed = deletion.delete(backend, request.target, options)
    warnings = _deprecation(request)
    if request.resource.table == "jobs.batch" and not options.propagation:
        warnings += (_ORPHANED,)
    if removed and request.resource.table not in _RETURNED_WHEN_DELETED:
        metadata = obj["metadata"]
        status = api_errors.success(request.resource, metadata["name"], metadata["uid"])
        return Answer(object=status, warnings=warnings)
    return Answer(object=views.view_object(request.view, request.resource, obj, backend.clock()), warnings=warnings)


def deletecollection(backend: Backend, request: ResourceRequest) -> Answer:
    """Delete all selected objects; return their last state."""
    options = _delete_options(request)
    query = reads.parse(request.route.namespace, "", request.query)
    page = reads.list_page(backend, request.resource, query)
    for obj in page.objects:
        metadata = obj["metadata"]
        target = ObjectTarget(request.resource, metadata.get("namespace", ""), metadata["name"])
        deletion.delete(backend, target, options)
    return Answer(object=views.view_list(request.view, request.resource, page, backend.clock()))


def _delete_options(request: ResourceRequest) -> DeleteOptions:
    body = request.content("DeleteOptions") if request.body.strip() else None
    return deletion.parse_options(body, request.query)


def _object_answer(backend: Backend, request: ResourceRequest, obj: Object) -> Answer:
    body = views.view_object(request.view, request.resource, obj, backend.clock())
    return Answer(object=body, warnings=_deprecation(request))


def _write_answer(backend: Backend, request: ResourceRequest, result: WriteResult) -> Answer:
    code = 201 if result.created else 200
    warnings = (*result.warnings, *_deprecation(request))
    if result.object["kind"] == "Scale" and request.route.subresource == "scale":
        scale = views.view_scale(request.view, result.object, backend.clock())
        return Answer(object=scale, status=code, warnings=warnings)
    body = views.view_object(request.view, request.resource, result.object, backend.clock())
    return Answer(object=body, status=code, warnings=warnings)


def _deprecation(request: ResourceRequest) -> tuple[str, ...]:
    return (request.resource.deprecation,) if request.resource.deprecation else ()


def _options(request: ResourceRequest, body: Any) -> WriteOptions:
    """Return the options of a write with a decoded body."""
    query = request.query
    validation = query.get("fieldValidation") or decoding.WARN
    is_checked = validation != decoding.IGNORE
    return WriteOptions(
        manager=write_options.manager(query, request.user_agent),
        field_validation=validation,
        problems=write_options.problems(request.media, request.body, body) if is_checked else (),
        dry_run=query.get("dryRun") == "All",
        force=query.get("force", "false").lower() not in ("false", "0"),
        subresource=request.route.subresource,
        user=request.user,
    )


VERBS: dict[str, Callable[[Backend, ResourceRequest], Answer]] = {
    "get": get,
    "list": list_,
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": deletecollection,
}
