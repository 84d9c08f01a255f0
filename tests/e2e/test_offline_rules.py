"""The rules that `rudr validate` applies without a cluster are those of API servers: generated documents and objects.

Each is valid, or valid with one change anywhere: a key is renamed, added or removed, or a value is replaced. The server
gets it as a dry run.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.cli.documents.server_rules import ServerRules
from rudr_py.kube.requests import Request
from rudr_py.testing.cluster import Cluster
from tests.conformance import strategies
from tests.e2e.test_rendered import EXPECTED_REFUSAL, rendered

FEW = 60
MANY = 1500

Body = dict[str, Any]
Place = tuple[str | int, ...]

METADATA: tuple[Body, ...] = (
    {},
    {"labels": {"app": "web", "example.com/part": "a"}, "annotations": {"note": "any text"}},
    {"labels": {"app": "not valid"}},
    {"labels": {"-": "a"}, "annotations": {"a/b/c": ""}},
    {"finalizers": ["example.com/keep"], "ownerReferences": []},
    {"resourceVersion": "5", "uid": "7", "generation": 3, "creationTimestamp": None, "managedFields": []},
    {"creationTimestamp": "yesterday"},
    {"generateName": "a-", "lables": {}},
    {"name": "Not-Valid"},
    {"name": "a" * 254},
    {"annotations": {"a": 1}},
    {"annotations": None, "labels": None},
)
VALUES: tuple[Any, ...] = (None, "", "text", "-1", "Not Valid", 0, -1, 5, 70000, 1.5, True, [], {}, ["a"], {"a": "b"})


@st.composite
def changed(draw: Callable[..., Any], body: Body) -> Body:
    """The object with at most one change."""
    result = copy.deepcopy(body)
    places = list(_places(result))
    if not draw(st.booleans()) or not places:
        return result
    *outer, last = draw(st.sampled_from(places))
    parent: Any = result
    for step in outer:
        parent = parent[step]
    action = draw(st.sampled_from(["replace", "replace", "remove", "rename", "add"]))
    if action == "replace" or isinstance(last, int):
        parent[last] = draw(st.sampled_from(VALUES))
    elif action == "add":
        parent["unknown"] = 1
    else:
        value = parent.pop(last)
        if action == "rename":
            parent[f"{last}s"] = value
    return result


def _places(value: Any, path: Place = ()) -> Iterator[Place]:
    """All places but those that identify the object."""
    steps: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        place = (*path, step)
        if place not in (("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), ("metadata", "namespace")):
            yield place
        yield from _places(value[step], place)


@cache
def generated(count: int) -> tuple[Body, ...]:
    """Documents of users with usual and unusual metadata; deterministic."""

    @st.composite
    def document(draw: Callable[..., Any]) -> Body:
        body = draw(st.sampled_from(draw(strategies.documents())))
        metadata = {"name": body["metadata"]["name"], **draw(st.sampled_from(METADATA))}
        result: Body = draw(changed({**body, "metadata": metadata}))
        return result

    return _examples(document(), count)


@cache
def changed_objects(count: int) -> tuple[Body, ...]:
    """Rendered objects, half of them with a change; deterministic."""
    bodies = rendered(count)
    return _examples(st.sampled_from(bodies).flatmap(changed), count)


def _examples(strategy: st.SearchStrategy[Body], count: int) -> tuple[Body, ...]:
    bodies: dict[bytes, Body] = {}

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(body: Body) -> None:
        bodies[msgspec.json.encode(body)] = copy.deepcopy(body)

    collect()
    return tuple(bodies.values())


async def created(cluster: Cluster, body: Body) -> str:
    """The error of the server for a document of a user, without the metadata of a live object; empty if it accepts."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in ("resourceVersion", "uid")}
    target = await cluster.target(Kind(body["apiVersion"], body["kind"]), "")
    query = (("dryRun", "All"), ("fieldValidation", "Strict"), ("fieldManager", "tester"))
    content = msgspec.json.encode({**body, "metadata": metadata})
    try:
        await cluster.client.send(Request("POST", target.path, query, content))
    except errors.ApiError as error:
        return error.message or str(error.status)
    return ""


async def applied(cluster: Cluster, body: Body) -> str:
    """The error of the server for an object that the controller applies; empty if it accepts it."""
    target = await cluster.target(Kind(body["apiVersion"], body["kind"]), body["metadata"]["name"])
    try:
        await cluster.client.apply(target, msgspec.json.encode(body), "rudr", dry_run=True)
    except errors.ApiError as error:
        return error.message or str(error.status)
    return ""


async def document_differences(cluster: Cluster, bodies: tuple[Body, ...]) -> list[tuple[Body, str, str]]:
    """The documents about which the rules and the server disagree, with the messages of both."""
    server_rules = ServerRules()
    differences = []
    for body in bodies:
        offline = "; ".join(map(str, server_rules.created(body, cluster.namespace)))
        online = await created(cluster, body)
        if bool(offline) != bool(online):
            differences.append((body, offline, online))
    return differences


async def object_differences(cluster: Cluster, bodies: tuple[Body, ...]) -> list[tuple[Body, str, str]]:
    """The objects about which the rules and the server disagree, with the messages of both."""
    server_rules = ServerRules()
    differences = []
    for original in bodies:
        body = {**original, "metadata": {**original["metadata"], "namespace": cluster.namespace}}
        offline = "; ".join(map(str, server_rules.applied(body)))
        online = await applied(cluster, body)
        if bool(offline) != bool(online) and EXPECTED_REFUSAL not in offline + online:
            differences.append((body, offline, online))
    return differences


async def test_generated_documents_are_refused_offline_if_and_only_if_a_server_refuses_them(cluster: Cluster) -> None:
    assert await document_differences(cluster, generated(FEW)) == []


async def test_changed_objects_are_refused_offline_if_and_only_if_a_server_refuses_them(cluster: Cluster) -> None:
    assert await object_differences(cluster, changed_objects(FEW)) == []


@pytest.mark.slow
async def test_many_documents_and_objects_are_refused_offline_if_and_only_if_a_server_refuses_them(
    cluster: Cluster,
) -> None:
    assert await document_differences(cluster, generated(MANY)) == []
    assert await object_differences(cluster, changed_objects(MANY)) == []
