"""No input makes the local API fail: an invalid one is rejected with an `ApiError`."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.errors import ApiError
from rudr_py.local.apiextensions.definitions import Definitions
from rudr_py.local.backend import Backend
from rudr_py.local.discovery import documents as discovery
from rudr_py.local.discovery.openapi import Documents
from rudr_py.local.http import bodies
from rudr_py.local.merge import patch as patching
from rudr_py.local.registry import kinds
from rudr_py.local.registry.resources import KindInfo, ObjectTarget, Registry
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import Store
from rudr_py.local.verbs import deletion, reads, views, writes
from rudr_py.local.verbs.reads import ListQuery
from rudr_py.local.verbs.views import View
from rudr_py.local.verbs.writes import WriteOptions
from tests.local.harness import config_map, deployment, widget, widget_definition

SCALARS = st.sampled_from([None, True, 0, -1, 1.5, "", "x", "é\0", 10**20])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab:", max_size=2), inner, max_size=2)
)
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "j"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "a"}]}}},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "s"},
    "spec": {"selector": {"a": "b"}, "type": "NodePort", "ports": [{"port": 80, "protocol": "TCP", "name": "http"}]},
}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "p", "finalizers": ["a.b/c"], "labels": {"a": "b"}, "ownerReferences": []},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
BODIES: list[dict[str, Any]] = [
    config_map("a", {"app": "x"}, k="v"),
    deployment("web", replicas=1, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
    {**widget("w", size=2), "status": {"x": 1}},
    widget_definition(additionalPrinterColumns=[{"name": "S", "type": "string", "jsonPath": ".spec"}]),
    JOB,
    SERVICE,
    CLAIM,
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "Yg=="}, "stringData": {"c": "d"}},
    {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "message": "m",
    },
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}, "spec": {"finalizers": ["kubernetes"]}},
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "i"},
        "spec": {"rules": [{"host": "h"}]},
    },
    {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"maxReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "web"}},
    },
]


def new_backend() -> Backend:
    schemas = builtin_schema("1.36")
    rng = random.Random(1)  # noqa: S311 - names and addresses, no secrets
    backend = Backend(Store(), Registry(kinds.builtin(schemas)), lambda: datetime(2026, 1, 1, tzinfo=UTC), rng)
    Definitions(backend, schemas.metadata)
    write(backend, writes.create, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    write(backend, writes.create, widget_definition())
    return backend


def target(backend: Backend, body: dict[str, Any]) -> ObjectTarget:
    resource = backend.registry.by_kind(KindInfo(body["apiVersion"], body["kind"]))
    assert resource is not None
    return ObjectTarget(resource, "default" if resource.namespaced else "", "")


def write(backend: Backend, verb: Callable[..., Any], body: dict[str, Any], **options: Any) -> None:
    verb(backend, target(backend, body), clone(body), WriteOptions(**options))


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path in a value."""
    paths = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        paths += paths_of(each, (*path, key))
    return paths


def damaged(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    copy = clone(body)
    place: Any = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    result: dict[str, Any] = copy
    return result


def read_everything(backend: Backend) -> None:
    """Read everything, in every form."""
    documents = Documents(backend, builtin_schema("1.36"))
    discovery.aggregated(backend.registry, "v2", core=False)
    for resource in backend.registry:
        page = reads.list_page(backend, resource, ListQuery())
        if page.objects or resource.custom:
            for form in (views.OBJECT, views.TABLE, views.PARTIAL):
                msgspec.json.encode(views.view_list(View(form), resource, page, backend.clock()))
            if resource.custom:
                documents.document(f"apis/{resource.api_version}")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_body_is_stored_or_rejected_by_every_verb(data: st.DataObject) -> None:
    backend = new_backend()
    body = data.draw(st.sampled_from(BODIES))
    broken = damaged(body, data.draw(st.sampled_from(paths_of(body))), data.draw(VALUES))
    name = body["metadata"]["name"]
    collection = target(backend, body)
    named = ObjectTarget(collection.resource, collection.namespace, name)
    verbs: list[Callable[[], Any]] = [
        lambda: writes.create(backend, collection, clone(broken), WriteOptions()),
        lambda: writes.update(backend, named, clone(broken), WriteOptions()),
        lambda: writes.apply(backend, named, clone(broken), WriteOptions(manager="m", force=True)),
        lambda: writes.patch(backend, named, lambda live: patching.merge_patch(live, clone(broken)), WriteOptions()),
        lambda: writes.update(backend, named, clone(broken), WriteOptions(subresource="status")),
    ]
    if not collection.resource.custom and collection.resource.node is not None:
        node = collection.resource.node
        verbs.append(
            lambda: writes.patch(
                backend, named, lambda live: patching.strategic_patch(live, clone(broken), node), WriteOptions()
            )
        )
    exists = backend.store.get(collection.resource.table, collection.namespace, name) is not None
    if data.draw(st.booleans()) and not exists:
        writes.create(backend, collection, clone(body), WriteOptions())
    verbs += [lambda: read_everything(backend), lambda: write(backend, writes.create, widget("after", size=1))]
    for verb in verbs:
        try:
            verb()
        except ApiError as error:
            assert 400 <= error.status <= 500  # noqa: PT017 - not raising is as good


@pytest.mark.parametrize("media", [bodies.JSON, bodies.YAML])
def test_a_body_nested_too_deeply_is_a_bad_request(media: str) -> None:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    with pytest.raises(ApiError) as caught:
        bodies.read(deep, media, "Widget")
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "options",
    [
        {"preconditions": "a"},
        {"preconditions": [1]},
        {"dryRun": 1},
        {"propagationPolicy": {}},
        {"orphanDependents": "x"},
    ],
    ids=str,
)
def test_delete_options_of_a_wrong_type_are_a_bad_request(options: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        deletion.parse_options(options, {})
    assert caught.value.status == 400


@pytest.mark.parametrize("scale", ["a", [], {"spec": "a"}, {"spec": {"replicas": True}}, {"metadata": 1}], ids=str)
def test_a_scale_of_a_wrong_type_is_a_bad_request(scale: Any) -> None:
    backend = new_backend()
    write(backend, writes.create, deployment("web", replicas=1))
    place = ObjectTarget(target(backend, deployment("web")).resource, "default", "web")
    with pytest.raises(ApiError) as caught:
        writes.patch(backend, place, lambda _: scale, WriteOptions(subresource="scale"))
    assert caught.value.status == 400
