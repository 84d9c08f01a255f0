"""Targets that send damaged requests to the local API: no answer but an error of the API."""

from __future__ import annotations

import contextlib
import functools
import random
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec

from rudr_py.errors import ApiError
from rudr_py.local.apiextensions.definitions import Definitions
from rudr_py.local.apimachinery import selectors
from rudr_py.local.apimachinery.api_errors import NoSuchPathError
from rudr_py.local.backend import Backend
from rudr_py.local.http import bodies, handlers, routing
from rudr_py.local.http.handlers import ResourceRequest
from rudr_py.local.registry import kinds
from rudr_py.local.registry.resources import KindInfo, Registry
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.storage.store import Store
from rudr_py.local.verbs import views
from rudr_py.local.verbs.views import View
from tests.fuzz import corpus
from tests.fuzz.mutation import Mutator
from tests.local import test_robustness
from tests.local.harness import deployment, widget, widget_definition

_NAMESPACED = "/api/v1/namespaces/default"
_APPS = "/apis/apps/v1/namespaces/default/deployments"
_WIDGETS = "/apis/example.dev/v1/namespaces/default/widgets"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_DELETE: dict[str, Any] = {
    "kind": "DeleteOptions",
    "apiVersion": "v1",
    "gracePeriodSeconds": 0,
    "propagationPolicy": "Background",
    "preconditions": {"uid": "u", "resourceVersion": "1"},
    "dryRun": ["All"],
    "orphanDependents": False,
}
_JSON_PATCH = [
    {"op": "test", "path": "/metadata/name", "value": "a"},
    {"op": "replace", "path": "/metadata/labels", "value": {"a": "b"}},
    {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "b", "image": "b"}},
    {"op": "move", "from": "/metadata/labels", "path": "/metadata/annotations"},
]
_QUERY = {
    "labelSelector": "a=b,c in (d,e),!f",
    "fieldSelector": "metadata.name=a,status.phase!=Running",
    "limit": "1",
    "continue": "eyJhIjoxfQ",
    "resourceVersion": "1",
    "resourceVersionMatch": "NotOlderThan",
    "fieldManager": "fuzz",
    "fieldValidation": "Strict",
    "dryRun": "All",
    "force": "true",
    "gracePeriodSeconds": "0",
    "propagationPolicy": "Orphan",
    "pretty": "true",
}


SEQUENCE = 10
"""Requests for each seed, because a new backend takes longer than a request."""


def requests(mutator: Mutator) -> None:
    """Any verb with a damaged path, query and body is answered, or refused with an `ApiError`."""
    backend = _backend()
    for _ in range(SEQUENCE):
        _request(mutator, backend)


def request_of(method: str, body: Any) -> None:
    """A request with this body for a Deployment that exists."""
    backend, path = _backend(), f"{_APPS}/web"
    route = routing.route(backend.registry, method, path, {})
    assert route.resource is not None
    request = ResourceRequest(route=route, resource=route.resource, query={}, body=corpus.encoded(body))
    with contextlib.suppress(ApiError, NoSuchPathError, RecursionError):
        msgspec.json.encode(handlers.VERBS[route.verb](backend, request).object)


def _request(mutator: Mutator, backend: Backend) -> None:
    rng = mutator.rng
    method, path, body = rng.choice(_cases())
    media = rng.choice(_PATCHES if method == "PATCH" else _MEDIA)
    if rng.random() < 0.1:
        path = mutator.data(path.encode()).decode(errors="replace")
    query = {name: value for name, value in _QUERY.items() if rng.random() < 0.1}
    if query and rng.random() < 0.5:
        query[rng.choice(list(query))] = mutator.text()
    if media == bodies.APPLY_PATCH and rng.random() < 0.9:
        query["fieldManager"] = "fuzz"
    content = b"" if body is None else _content(mutator, body, media)
    try:
        route = routing.route(backend.registry, method, path, query)
        if route.resource is None or route.verb not in handlers.VERBS:
            return
        request = ResourceRequest(
            route=route,
            resource=route.resource,
            query=query,
            media=media,
            body=content,
            user_agent=rng.choice(("a/1", "", "\ud800")),
            view=View(rng.choice((views.OBJECT, views.TABLE, views.PARTIAL))),
        )
        msgspec.json.encode(handlers.VERBS[route.verb](backend, request).object)
    except (ApiError, NoSuchPathError, RecursionError):
        return


def parsers(mutator: Mutator) -> None:
    """Selectors are parsed or refused."""
    original = mutator.rng.choice((b"a=b,c in (d,e),!f", b"metadata.name=a,spec.x!=b", b"a notin (b),c==d,e"))
    text = mutator.data(original).decode(errors="replace")
    for parse in (selectors.labels, selectors.fields):
        try:
            parse(text)
        except ApiError:
            continue


_OTHER = ("application/vnd.kubernetes.protobuf", "text/plain")
_MEDIA = (*[bodies.JSON] * 8, bodies.YAML, *_OTHER)
_PATCHES = (
    *[bodies.APPLY_PATCH, bodies.MERGE_PATCH, bodies.STRATEGIC_PATCH, bodies.JSON_PATCH] * 3,
    *_OTHER,
)


def _content(mutator: Mutator, body: Any, media: str) -> bytes:
    original = _JSON_PATCH if media == bodies.JSON_PATCH else body
    content = corpus.encoded(mutator.document(original))
    if media.endswith("protobuf"):
        content = b"k8s\0" + content
    return mutator.data(content) if mutator.rng.random() < 0.3 else content


@functools.cache
def _cases() -> tuple[tuple[str, str, Any], ...]:
    """Method, path and body of valid requests."""
    cases: list[tuple[str, str, Any]] = []
    for path, body in _stored():
        name = quote(body["metadata"]["name"])
        whole = {**body, "metadata": {**body["metadata"], **corpus.METADATA, "uid": "", "resourceVersion": ""}}
        cases += [("POST", path, body), ("POST", path, whole), ("GET", path, None), ("DELETE", path, _DELETE)]
        cases += [(method, f"{path}/{name}", body) for method in ("PUT", "PATCH", "PATCH", "PATCH")]
        cases += [("PATCH", f"{path}/{name}", whole), ("GET", f"{path}/{name}", None)]
        cases += [("DELETE", f"{path}/{name}", _DELETE), ("PUT", f"{path}/{name}/status", whole)]
    scale = {"metadata": {"name": "web", "resourceVersion": ""}, "spec": {"replicas": 1}}
    cases += [(method, f"{_APPS}/web/scale", {"kind": "Scale", **scale}) for method in ("PUT", "PATCH", "GET")]
    cases += [("POST", path, body) for path, body in _CREATED]
    return tuple(cases)


@functools.cache
def _stored() -> tuple[tuple[str, dict[str, Any]], ...]:
    registry = _registry()
    pod = {**corpus.POD, "spec": {"containers": [{"name": "main", "image": "a"}]}}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": _RULES}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "4"}}}
    stored = []
    for body in (*test_robustness.BODIES, pod, role, quota):
        resource = registry.by_kind(KindInfo(body["apiVersion"], body["kind"]))
        if resource is None:
            stored.append((_WIDGETS, body))
            continue
        prefix = "/api/v1" if body["apiVersion"] == "v1" else f"/apis/{body['apiVersion']}"
        namespace = "/namespaces/default" if resource.namespaced else ""
        stored.append((f"{prefix}{namespace}/{resource.plural}", body))
    return tuple(stored)


_RULES = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"], "resourceNames": ["a"]}]
_ATTRIBUTES = {"namespace": "default", "verb": "get", "group": "apps", "resource": "deployments", "name": "a"}
_REVIEWS = "/apis/authorization.k8s.io/v1"
_CREATED: tuple[tuple[str, dict[str, Any]], ...] = (
    (f"{_REVIEWS}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": _ATTRIBUTES}}),
    (
        f"{_REVIEWS}/subjectaccessreviews",
        {"spec": {"user": "a", "groups": ["b"], "extra": {"c": ["d"]}, "nonResourceAttributes": {"path": "/"}}},
    ),
    (f"{_REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}}),
    ("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "a", "audiences": ["b"]}}),
    (
        f"{_NAMESPACED}/serviceaccounts/default/token",
        {"spec": {"expirationSeconds": 600, "boundObjectRef": {"kind": "Pod", "name": "web-1", "uid": "u"}}},
    ),
    (f"{_NAMESPACED}/pods/web-1/eviction", {"metadata": {"name": "web-1"}, "deleteOptions": _DELETE}),
    (f"{_NAMESPACED}/pods/web-1/binding", {"metadata": {"name": "web-1"}, "target": {"kind": "Node", "name": "n"}}),
)


def _backend() -> Backend:
    """A backend with some objects."""
    rng = random.Random(0)  # noqa: S311 - names and addresses, no secrets
    backend = Backend(Store(), _registry(), lambda: datetime(2026, 1, 1, tzinfo=UTC), rng)
    Definitions(backend, builtin_schema("1.36").metadata)
    for path, body in (
        ("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}),
        (_DEFINITIONS, widget_definition()),
        (_WIDGETS, widget("w", size=1)),
        (_APPS, deployment("web", replicas=1)),
        (f"{_NAMESPACED}/serviceaccounts", {"metadata": {"name": "default"}}),
        (f"{_NAMESPACED}/pods", {**corpus.POD, "spec": {"containers": [{"name": "main", "image": "a"}]}}),
    ):
        route = routing.route(backend.registry, "POST", path, {})
        assert route.resource is not None
        request = ResourceRequest(route=route, resource=route.resource, query={}, body=msgspec.json.encode(body))
        handlers.create(backend, request)
    return backend


def _registry() -> Registry:
    return Registry(kinds.builtin(builtin_schema("1.36")))
