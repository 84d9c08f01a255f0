"""One function per verb: from a routed request to an answer. The work is done by `reads`, `writes` and `deletion`.

An answer is a value; `server` turns it into bytes on a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from rudr_py.local.access.user import ADMIN, User
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.http import bodies, duplicate_keys
from rudr_py.local.http.routing import Route, is_true
from rudr_py.local.http.watch_streams import Subscription
from rudr_py.local.merge import patch as patching
from rudr_py.local.registry.resources import ObjectTarget, Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import decoding, deletion, pod_logs, reads, reviews, subresources, views, writes
from rudr_py.local.verbs import scale as scaling
from rudr_py.local.verbs.deletion import DeleteOptions
from rudr_py.local.verbs.views import View
from rudr_py.local.verbs.writes import WriteOptions, WriteResult

_MANAGER_LENGTH = 128
_DELETED_SHOWN = frozenset(
    {
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "resourcequotas",
        "serviceaccounts",
        "services",
    }
)
"""Kinds whose deletion answers with the object."""


class ResourceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a resource, read but not yet understood."""

    route: Route
    resource: Resource
    query: Mapping[str, str]
    view: View = View()
    media: str = bodies.JSON
    user_agent: str = ""
    body: bytes = b""
    user: User = ADMIN

    @property
    def target(self) -> ObjectTarget:
        """The object that the path names."""
        return ObjectTarget(self.resource, self.route.namespace, self.route.name)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: an object, or plain text."""

    object: Any = None
    text: str = ""
    status: int = 200
    warnings: tuple[str, ...] = ()


def get(world: Backend, asked: ResourceRequest) -> Answer:
    """Return one object, its scale, or the log of a pod."""
    found = writes.live(world, asked.target)
    if asked.route.subresource == "log":
        return Answer(text=pod_logs.read(found, asked.query, world.pod_output))
    if asked.route.subresource == "scale":
        return Answer(object=views.scale(asked.view, scaling.to_scale(asked.resource, found), world.clock()))
    return _shown(world, asked, found)


def list_(world: Backend, asked: ResourceRequest) -> Answer:
    """Return a page of objects."""
    query = reads.parse(asked.route.namespace, asked.route.name, asked.query)
    page = reads.list_page(world, asked.resource, query)
    return Answer(object=views.many(asked.view, asked.resource, page, world.clock()), warnings=_deprecation(asked))


def subscription(
    world: Backend, asked: ResourceRequest, *, bookmark_interval: float, default_timeout: float
) -> Subscription:
    """Return what a watch request subscribes to. Raises `ApiError` (400)."""
    query = reads.parse(asked.route.namespace, asked.route.name, asked.query)
    initial = is_true(asked.query.get("sendInitialEvents")) if "sendInitialEvents" in asked.query else False
    if initial and query.match != "NotOlderThan":
        raise api_errors.initial_events_need_match()
    since = reads.revision_of(query.resource_version)
    seconds = asked.query.get("timeoutSeconds", "")
    return Subscription(
        resource=asked.resource,
        namespace=asked.route.namespace,
        selects=reads.selection(asked.resource, query),
        view=asked.view,
        since=0 if initial else min(since, world.store.revision),
        initial=initial,
        bookmarks=is_true(asked.query["allowWatchBookmarks"]) if "allowWatchBookmarks" in asked.query else False,
        bookmark_interval=bookmark_interval,
        timeout=float(seconds) if seconds.isdigit() and seconds != "0" else default_timeout,
    )


def create(world: Backend, asked: ResourceRequest) -> Answer:
    """Create an object, or answer a review."""
    body = bodies.read(asked.body, asked.media, asked.resource.kind)
    if asked.resource.verbs == ("create",):
        return Answer(object=reviews.answer(world, asked.resource, asked.route.namespace, body, asked.user), status=201)
    if asked.route.subresource:
        return Answer(object=subresources.create(world, asked.target, asked.route.subresource, body), status=201)
    return _written(world, asked, writes.create(world, asked.target, body, _options(asked, body)))


def update(world: Backend, asked: ResourceRequest) -> Answer:
    """Replace an object or its subresource."""
    body = bodies.read(asked.body, asked.media, asked.resource.kind)
    return _written(world, asked, writes.update(world, asked.target, body, _options(asked, body)))


def patch(world: Backend, asked: ResourceRequest) -> Answer:
    """Patch an object or its subresource, in one of four ways."""
    resource = asked.resource
    body = bodies.read_patch(asked.body, asked.media, resource)
    options = _options(asked)
    if asked.media == bodies.APPLY_PATCH:
        if not asked.query.get("fieldManager"):
            raise api_errors.missing_manager()
        return _written(world, asked, writes.apply(world, asked.target, body, options))
    if "force" in asked.query:
        raise api_errors.bad_force()
    return _written(world, asked, writes.change(world, asked.target, _change(asked, body), options))


def _change(asked: ResourceRequest, body: Any) -> Callable[[Object], Object]:
    if asked.media == bodies.JSON_PATCH:
        return lambda live: patching.json_patch(live, body)
    if asked.media == bodies.STRATEGIC_PATCH:
        node = None if asked.route.subresource == "scale" else asked.resource.node
        if node is not None:
            return lambda live: patching.strategic_patch(live, body, node)
    return lambda live: patching.merge_patch(live, body)


def delete(world: Backend, asked: ResourceRequest) -> Answer:
    """Delete one object."""
    wish = _wish(asked)
    last, gone = deletion.delete(world, asked.target, wish)
    if gone and asked.resource.table not in _DELETED_SHOWN:
        metadata = last["metadata"]
        return Answer(object=api_errors.success(asked.resource, metadata["name"], metadata["uid"]))
    return _shown(world, asked, last)


def deletecollection(world: Backend, asked: ResourceRequest) -> Answer:
    """Delete all objects that are selected; return them as they were."""
    wish = _wish(asked)
    query = reads.parse(asked.route.namespace, "", asked.query)
    page = reads.list_page(world, asked.resource, query)
    for obj in page.objects:
        metadata = obj["metadata"]
        target = ObjectTarget(asked.resource, metadata.get("namespace", ""), metadata["name"])
        deletion.delete(world, target, wish)
    return Answer(object=views.many(asked.view, asked.resource, page, world.clock()))


def _wish(asked: ResourceRequest) -> DeleteOptions:
    body = bodies.read(asked.body, asked.media, "DeleteOptions") if asked.body.strip() else None
    return deletion.wish(body, asked.query)


def _shown(world: Backend, asked: ResourceRequest, obj: Object) -> Answer:
    shown = views.one(asked.view, asked.resource, obj, world.clock())
    return Answer(object=shown, warnings=_deprecation(asked))


def _written(world: Backend, asked: ResourceRequest, outcome: WriteResult) -> Answer:
    code = 201 if outcome.created else 200
    warnings = (*outcome.warnings, *_deprecation(asked))
    if outcome.object["kind"] == "Scale" and asked.route.subresource == "scale":
        scale = views.scale(asked.view, outcome.object, world.clock())
        return Answer(object=scale, status=code, warnings=warnings)
    shown = views.one(asked.view, asked.resource, outcome.object, world.clock())
    return Answer(object=shown, status=code, warnings=warnings)


def _deprecation(asked: ResourceRequest) -> tuple[str, ...]:
    return (asked.resource.deprecation,) if asked.resource.deprecation else ()


def _options(asked: ResourceRequest, body: Any = None) -> WriteOptions:
    """How to write; `body` is that of a create or update."""
    query = asked.query
    validation = query.get("fieldValidation") or decoding.WARN
    looked_at = body is not None and asked.media == bodies.JSON and validation != decoding.IGNORE
    manager = query.get("fieldManager") or asked.user_agent.partition("/")[0] or "unknown"
    dry_run = query.get("dryRun", "")
    if dry_run not in ("", "All"):
        raise api_errors.bad_request(f'dryRun: Unsupported value: "{dry_run}": supported values: "All"')
    return WriteOptions(
        manager=manager[:_MANAGER_LENGTH],
        field_validation=validation,
        duplicates=tuple(duplicate_keys.duplicate_fields(asked.body, body)) if looked_at else (),
        dry_run=dry_run == "All",
        force=query.get("force", "").lower() in ("true", "1"),
        subresource=asked.route.subresource,
        user=asked.user,
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
